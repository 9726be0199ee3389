//! Observers' pages: what opens them, what they show, and that everything else is one and the same answer.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::Actor,
    command::Command,
    ids::SubAccountId,
    requests::{Action, Control},
    time::Millis,
};
use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use support::{
    ACCOUNT,
    house::{Answer, House, Signed},
    schema::Document,
};

const ADDRESS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
const SUB: SubAccountId = SubAccountId(1);

/// A sub-account with a miner, a wallet and earnings of yesterday.
async fn house() -> (House, Signed) {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let made = house.ask("POST", "/api/v1/sub-accounts", Some(&owner), Some(&json!({ "name": "hosting" }))).await;
    assert_eq!(made.body["id"], "sub-1");
    let devices = vec![adit_core::ids::DeviceId(1)];
    let assign = Control::AssignDevices { devices, sub_account: Some(SUB) };
    house.request("owner", Action::Control(assign), &[]).await;
    let wallet = Control::SetWallet { sub_account: SUB, address: ADDRESS.into() };
    house.request("owner", Action::Control(wallet), &[]).await;
    house.later(Millis::hours(24)).await;
    let day = house.engine.now().before(Millis::days(1)).day();
    let earned = Command::SettleEarnings { day, earned: [(SUB, 4_321)].into() };
    house.engine.run(Actor::system(ACCOUNT), earned).await.unwrap();
    let owner = house.sign_in("owner").await;
    (house, owner)
}

fn fits(answer: &Answer, schema: &str) {
    let document = Document::read();
    let faults = document.faults(document.schema(schema), &answer.body);
    assert!(faults.is_empty(), "{faults:#?}");
}

fn sections(workers: bool, earnings: bool) -> Value {
    json!({ "workers": workers, "earnings": earnings })
}

/// Issues a link and gives its id and token.
async fn link(house: &House, owner: &Signed, sections: Value) -> (String, String) {
    let asked = json!({ "sub_accounts": ["sub-1"], "sections": sections, "label": "Investors" });
    let made = house.ask("POST", "/api/v1/observer-links", Some(owner), Some(&asked)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    fits(&made, "ObserverLinkMade");
    let token = made.body["token"].as_str().unwrap().to_owned();
    assert_eq!((token.len(), &made.body["path"]), (40, &json!(format!("/observe#{token}"))), "160 bits");
    (made.body["link"]["id"].as_str().unwrap().to_owned(), token)
}

async fn enter(house: &House, token: &str) -> Answer {
    house.ask("POST", "/api/v1/observe", None, Some(&json!({ "token": token }))).await
}

fn cookie(entered: &Answer) -> String {
    entered.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn view(house: &House, cookie: &str) -> Answer {
    let request = Request::builder().uri("/api/v1/observe/view").header(header::COOKIE, cookie);
    house.send(request.body(Body::empty()).unwrap()).await
}

async fn by_name(house: &House, name: &str, who: Option<&Signed>) -> Answer {
    house.ask("GET", &format!("/api/v1/observe/btc/{name}"), who, None).await
}

async fn protect(house: &House, owner: &Signed, on: bool) {
    let asked = json!({ "on": on, "sections": sections(false, false) });
    let done = house.ask("PUT", "/api/v1/observer-protection", Some(owner), Some(&asked)).await;
    assert_eq!((done.status.as_u16(), &done.body["state"]), (200, &json!("executed")), "{}", done.text);
}

/// Status, headers and body.
fn all_of(answer: &Answer) -> (u16, String, String) {
    (answer.status.as_u16(), format!("{:?}", answer.headers), answer.text.clone())
}

#[tokio::test]
async fn e082_without_protection_a_page_opens_by_its_name() {
    let (house, owner) = house().await;
    let (_, token) = link(&house, &owner, sections(true, false)).await;
    assert_eq!(by_name(&house, "hosting", None).await.status, 404, "protected at first");
    protect(&house, &owner, false).await;
    let open = by_name(&house, "hosting", None).await;
    assert_eq!(open.status, 200);
    fits(&open, "ObserverPage");
    let shown = &open.body["sub_accounts"][0];
    assert_eq!((&shown["name"], &shown["devices"]["total"]), (&json!("hosting"), &json!(1)));
    assert!(shown.get("workers").is_none() && shown.get("earnings").is_none(), "what the account opened, no more");
    assert_eq!(house.ask("GET", "/api/v1/observe/ltc/hosting", None, None).await.status, 404);
    assert_eq!(enter(&house, &token).await.status, 200, "links issued before go on");
    protect(&house, &owner, true).await;
    assert_eq!(by_name(&house, "hosting", None).await.status, 404, "at once");
    assert_eq!(enter(&house, &token).await.status, 200);
}

#[tokio::test]
async fn e083_with_protection_a_name_opens_nothing_for_anybody() {
    let (house, owner) = house().await;
    let administrator = house.sign_in("administrator").await;
    let nobody = all_of(&by_name(&house, "hosting", None).await);
    for who in [&owner, &administrator] {
        assert_eq!(all_of(&by_name(&house, "hosting", Some(who)).await), nobody);
    }
    for who in [&owner, &administrator] {
        let inside = house.get("sub-accounts/sub-1/observe", who).await;
        assert_eq!(inside.status, 200, "the console shows it");
        fits(&inside, "ObserverPage");
        assert_eq!(inside.body["sub_accounts"][0]["earnings"]["due_sat"], 4_321);
    }
}

#[tokio::test]
async fn e084_a_link_shows_its_sections_and_no_addresses() {
    let (house, _) = house().await;
    for (workers, earnings) in [(false, false), (true, false), (true, true)] {
        let owner = house.sign_in("owner").await;
        let (_, token) = link(&house, &owner, sections(workers, earnings)).await;
        let entered = enter(&house, &token).await;
        assert_eq!(entered.status, 200, "{}", entered.text);
        let set = entered.header("set-cookie").to_owned();
        for word in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/observe", "Max-Age=900"] {
            assert!(set.contains(word), "{set}");
        }
        let seen = view(&house, &cookie(&entered)).await;
        fits(&seen, "ObserverPage");
        let shown = &seen.body["sub_accounts"][0];
        assert_eq!(shown.get("workers").is_some(), workers);
        assert_eq!(shown.get("earnings").is_some(), earnings);
        for hidden in [ADDRESS, "10.0.0.", "02:ad"] {
            assert!(!seen.text.contains(hidden), "{hidden} in {}", seen.text);
        }
        for (name, value) in
            [("referrer-policy", "no-referrer"), ("cache-control", "no-store"), ("x-robots-tag", "noindex")]
        {
            assert_eq!((entered.header(name), seen.header(name)), (value, value), "{name}");
        }
        let other = Request::builder().uri("/api/v1/devices").header(header::COOKIE, cookie(&entered));
        assert_eq!(house.send(other.body(Body::empty()).unwrap()).await.status, 401, "it opens nothing else");
        house.later(Millis::minutes(16)).await;
        assert_eq!(view(&house, &cookie(&entered)).await.status, 404, "a visit ends");
    }
    let owner = house.sign_in("owner").await;
    let (_, token) = link(&house, &owner, sections(false, false)).await;
    let kept = serde_json::to_string(&*house.engine.state()).unwrap();
    assert!(!kept.contains(&token), "only its hash is kept");
}

#[tokio::test]
async fn e085_a_protected_page_answers_as_one_that_does_not_exist() {
    let (house, _) = house().await;
    let there = all_of(&by_name(&house, "hosting", None).await);
    let not_there = all_of(&by_name(&house, "nowhere", None).await);
    assert_eq!(there, not_there);
    assert_eq!(there.0, 404);
    assert!(!there.2.contains("hosting"));
}

#[tokio::test]
async fn e086_revoked_expired_reset_and_unknown_links_answer_alike() {
    let (house, owner) = house().await;
    let unknown = all_of(&enter(&house, &"0".repeat(40)).await);
    assert_eq!(unknown.0, 404);
    assert_eq!(unknown, all_of(&by_name(&house, "hosting", None).await), "as a protected page");
    let (id, token) = link(&house, &owner, sections(true, false)).await;
    let entered = enter(&house, &token).await;
    let revoked = house.ask("DELETE", &format!("/api/v1/observer-links/{id}"), Some(&owner), None).await;
    assert_eq!((revoked.status.as_u16(), &revoked.body["state"]), (200, &json!("executed")));
    assert_eq!(all_of(&enter(&house, &token).await), unknown);
    assert_eq!(all_of(&view(&house, &cookie(&entered)).await), unknown, "an open page as well");

    house.later(Millis::minutes(10)).await;
    let owner = house.sign_in("owner").await;
    let (old, token) = link(&house, &owner, sections(true, false)).await;
    let asked =
        json!({ "sub_accounts": ["sub-1"], "sections": sections(true, false), "label": "Investors", "replaces": old });
    let reset = house.ask("POST", "/api/v1/observer-links", Some(&owner), Some(&asked)).await;
    assert_eq!(reset.status, 201);
    assert_eq!(all_of(&enter(&house, &token).await), unknown);
    let token = reset.body["token"].as_str().unwrap();
    assert_eq!(enter(&house, token).await.status, 200);
    house.later(Millis::days(90)).await;
    assert_eq!(all_of(&enter(&house, token).await), unknown);
}

#[tokio::test]
async fn e087_a_section_that_is_switched_off_is_gone_from_open_pages() {
    let (house, owner) = house().await;
    let (id, token) = link(&house, &owner, sections(true, true)).await;
    let cookie = cookie(&enter(&house, &token).await);
    assert!(view(&house, &cookie).await.body["sub_accounts"][0].get("workers").is_some());
    let path = format!("/api/v1/observer-links/{id}/sections");
    let done = house.ask("PUT", &path, Some(&owner), Some(&sections(false, true))).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let seen = view(&house, &cookie).await.body["sub_accounts"][0].clone();
    assert!(seen.get("workers").is_none() && seen.get("earnings").is_some());
    let wider = house.ask("PUT", &path, Some(&owner), Some(&sections(true, true))).await;
    assert_eq!(wider.status, 200);
    assert!(view(&house, &cookie).await.body["sub_accounts"][0].get("workers").is_none(), "nothing comes back");
}

#[tokio::test]
async fn links_are_for_those_who_may_share_what_they_show_and_guesses_are_slowed() {
    let (house, _) = house().await;
    let engineer = house.sign_in("engineer").await;
    let ask = |sections: Value| json!({ "sub_accounts": ["sub-1"], "sections": sections, "label": "Crew" });
    let plain = house.ask("POST", "/api/v1/observer-links", Some(&engineer), Some(&ask(sections(true, false)))).await;
    assert_eq!(plain.status, 201, "{}", plain.text);
    let money = house.ask("POST", "/api/v1/observer-links", Some(&engineer), Some(&ask(sections(true, true)))).await;
    assert_eq!((money.status.as_u16(), &money.body["code"]), (403, &json!("beyond_own_rights")));
    let off = json!({ "on": false });
    let asked = house.ask("PUT", "/api/v1/observer-protection", Some(&engineer), Some(&off)).await;
    assert_eq!(asked.status, 202, "an Administrator decides");
    let links = house.get("observer-links", &engineer).await;
    fits(&links, "ObserverLinks");
    assert_eq!((&links.body["protected"], links.body["items"].as_array().unwrap().len()), (&json!(true), 1));
    assert!(!links.text.contains(plain.body["token"].as_str().unwrap()));
}

/// Tries until too many were in vain; how many were answered.
async fn exhaust(mut miss: impl AsyncFnMut(usize) -> Answer) -> usize {
    for guess in 0..100 {
        let answer = miss(guess).await;
        if answer.status == 429 {
            assert_eq!(answer.body["code"], "too_many_attempts", "{}", answer.text);
            return guess;
        }
        assert_eq!(answer.status, 404, "{}", answer.text);
    }
    panic!("nothing slows it down")
}

#[tokio::test]
async fn guesses_are_slowed_and_whoever_looks_honestly_from_the_same_address_notices_nothing() {
    let (house, owner) = house().await;
    let (_, token) = link(&house, &owner, sections(true, false)).await;
    protect(&house, &owner, false).await;
    assert_eq!(by_name(&house, "hosting", None).await.status, 200);
    for _ in 0..100 {
        assert_eq!(enter(&house, &token).await.status, 200, "what leads somewhere does not count");
    }
    let open = cookie(&enter(&house, &token).await);
    let links = exhaust(async |guess| enter(&house, &format!("{guess:040x}")).await).await;
    assert!((10..40).contains(&links), "{links}");
    assert_eq!(view(&house, "adit_observer=0").await.status, 429);
    let names = exhaust(async |guess| by_name(&house, &format!("nobody{guess}"), None).await).await;
    assert!((10..40).contains(&names), "{names}");

    assert_eq!(enter(&house, &token).await.status, 200, "a token is not to be guessed, so whoever has one is let in");
    assert_eq!(view(&house, &open).await.status, 200);
    assert_eq!(by_name(&house, "hosting", None).await.status, 200, "it was opened from here before");
    house.sign_in("engineer").await;
    house.later(Millis::minutes(2)).await;
    assert_eq!(enter(&house, &"0".repeat(40)).await.status, 404, "it ends by itself");
    assert_eq!(by_name(&house, "nobody", None).await.status, 404);
}
