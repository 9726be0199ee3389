//! Who is told: the inbox, letters, and that nothing is told twice or left out over a crash.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::Role,
    fleet::Operation,
    ids::{AccountId, AgentId, DeviceId, SubAccountId, UserId},
    notices::Kind,
    requests::{Action, Control, PolicyChange, Scenario},
    time::{Millis, Timestamp},
};
use adit_server::{
    Clock, Engine, Herald, HeraldOptions, SystemClock, api::Options, heads::Heads, mail::MailOptions,
    notices::webhooks::WebhookOptions,
};
use adit_store::{FileLog, FileReader, Item, Key, Notices, People, Secrets};
use adit_testkit::mail::{MailServer, Received};
use adit_wire::{ServerKey, SignedHead, VerifyingKey};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use support::{
    ACCOUNT, OWNER, approve, ask as submit, bounded, company, enrol,
    house::{Answer, House, SOUTH, Signed},
    schema::Document,
    site,
};
use tokio::task::JoinSet;

async fn ask(house: &House, method: &str, path: &str, who: &Signed, body: Value) -> Answer {
    house.ask(method, &format!("/api/v1{path}"), Some(who), (!body.is_null()).then_some(&body)).await
}

fn fits(answer: &Answer, schema: &str) {
    let document = Document::read();
    let faults = document.faults(document.schema(schema), &answer.body);
    assert!(faults.is_empty(), "{schema}: {faults:#?}");
}

/// A part of somebody's inbox, once it is as `wanted`.
async fn inbox_until(house: &House, who: &Signed, tab: &str, wanted: impl Fn(&[Value]) -> bool) -> Answer {
    bounded("an inbox", async {
        loop {
            let inbox = ask(house, "GET", &format!("/inbox?tab={tab}"), who, Value::Null).await;
            assert_eq!(inbox.status, 200, "{}", inbox.text);
            fits(&inbox, "InboxPage");
            if wanted(inbox.body["items"].as_array().unwrap()) {
                return inbox;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

const RESTART: Action = Action::Control(Control::RestartWorkers { site: SOUTH });
const REBOOT: Action = Action::Device(Operation::Reboot {});

#[tokio::test]
async fn what_waits_for_me_is_there_until_it_does_not() {
    let house = House::new().await;
    let (owner, manager) = (house.sign_in("owner").await, house.sign_in("site_manager").await);
    let id = house.request("administrator", RESTART, &[]).await.to_string();
    let inbox = inbox_until(&house, &manager, "needs_me", |items| items.len() == 1).await;
    let item = &inbox.body["items"][0];
    assert_eq!((&item["kind"], &item["topic"]), (&json!("vote_wanted"), &json!(id)));
    assert_eq!((&item["says"], &inbox.body["needs_me"]), (&json!("waits for your vote"), &json!(1)));
    assert!(item["about"].as_str().unwrap().ends_with("Restart collection workers"), "{item}");
    assert_eq!(item["request"]["my"]["can_vote"], true);

    inbox_until(&house, &owner, "needs_me", |items| items.len() == 1).await;
    let content_hash = house.get(&format!("requests/{id}"), &owner).await.body["content_hash"].clone();
    let vote = json!({ "decision": "reject", "content_hash": content_hash, "comment": "not now" });
    assert_eq!(ask(&house, "POST", &format!("/requests/{id}/votes"), &owner, vote).await.status, 200);
    inbox_until(&house, &manager, "needs_me", <[Value]>::is_empty).await;
    inbox_until(&house, &manager, "done", |items| items.len() == 1).await;
    let administrator = house.sign_in("administrator").await;
    let mine = inbox_until(&house, &administrator, "mine", |items| items.len() == 1).await;
    assert_eq!((&mine.body["items"][0]["kind"], &mine.body["unread"]), (&json!("rejected"), &json!(1)));
    let whole = inbox_until(&house, &owner, "mine", <[Value]>::is_empty).await;
    assert_eq!(whole.body["needs_me"], 0, "whoever did it is not told");
}

#[tokio::test]
async fn people_put_items_away_and_get_them_back_later() {
    let house = House::new().await;
    let (manager, owner) = (house.sign_in("site_manager").await, house.sign_in("owner").await);
    house.request("administrator", RESTART, &[]).await;
    let item = inbox_until(&house, &manager, "needs_me", |items| items.len() == 1).await.body["items"][0]["id"].clone();
    let mark = async |who: &Signed, what: Value| {
        let mut body = json!({ "items": [item] });
        body.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        ask(&house, "POST", "/inbox/marks", who, body).await
    };
    let tabs = async || {
        let mut tabs = Vec::new();
        for tab in ["needs_me", "mine", "done", "snoozed"] {
            let inbox = ask(&house, "GET", &format!("/inbox?tab={tab}"), &manager, Value::Null).await;
            tabs.push(inbox.body["total"].as_u64().unwrap());
        }
        tabs
    };
    let later = house.engine.now().after(Millis::hours(4)).0;
    let snoozed = mark(&manager, json!({ "snoozed_until": later })).await;
    fits(&snoozed, "InboxMarked");
    assert_eq!((&snoozed.body["marked"], &snoozed.body["needs_me"]), (&json!(1), &json!(0)));
    assert_eq!(tabs().await, [0, 0, 0, 1]);
    mark(&manager, json!({ "snoozed_until": null })).await;
    assert_eq!(tabs().await, [1, 0, 0, 0]);
    mark(&manager, json!({ "done": true, "read": true })).await;
    assert_eq!(tabs().await, [0, 0, 1, 0]);
    mark(&manager, json!({ "done": false })).await;
    assert_eq!(tabs().await, [1, 0, 0, 0]);
    assert_eq!(mark(&owner, json!({ "done": true })).await.body["marked"], 0, "not theirs");
    assert_eq!(tabs().await, [1, 0, 0, 0]);
    assert_eq!(mark(&manager, json!({ "snoozed_until": 5 })).await.status, 422);
    assert_eq!(ask(&house, "POST", "/inbox/marks", &manager, json!({ "items": [] })).await.status, 422);
    assert_eq!(ask(&house, "GET", "/inbox?tab=all", &manager, Value::Null).await.status, 422);
}

#[tokio::test]
async fn an_inbox_goes_on_by_its_cursor() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let changes = vec![PolicyChange::counts(Scenario::FleetPower, 2, 0)];
    house.request("owner", Action::Control(Control::SetPolicies { changes }), &[]).await;
    for device in [2, 3, 4] {
        house.request("operations_manager", REBOOT, &[DeviceId(device)]).await;
    }
    inbox_until(&house, &owner, "needs_me", |items| items.len() == 3).await;
    let first = ask(&house, "GET", "/inbox?tab=needs_me&limit=2", &owner, Value::Null).await;
    let next = first.body["next_cursor"].as_str().unwrap();
    let second = ask(&house, "GET", &format!("/inbox?tab=needs_me&limit=2&cursor={next}"), &owner, Value::Null).await;
    assert_eq!((&second.body["total"], &second.body["next_cursor"]), (&json!(3), &Value::Null));
    let numbers = |page: &Answer| {
        let items = page.body["items"].as_array().unwrap().iter();
        items.map(|item| item["request"]["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let all = [numbers(&first), numbers(&second)].concat();
    assert!(all.len() == 3 && all.is_sorted_by(|a, b| a > b), "{all:?}");
}

#[tokio::test]
async fn what_is_decided_among_the_approvals_is_told_apart_from_what_else_is_asked() {
    let house = House::new().await;
    let manager = house.sign_in("site_manager").await;
    house.request("administrator", RESTART, &[]).await;
    inbox_until(&house, &manager, "needs_me", |items| items.len() == 1).await;
    let empty = ask(&house, "GET", "/inbox?tab=asked", &manager, Value::Null).await.body;
    assert_eq!([&empty["total"], &empty["asked"], &empty["needs_me"]], [&json!(0), &json!(0), &json!(1)]);
    let to = house.users["site_manager"];
    let offer = house
        .request("owner", Action::Control(Control::TransferOwnership { to, then: Role::Administrator.into() }), &[])
        .await
        .to_string();
    let asked = inbox_until(&house, &manager, "asked", |items| !items.is_empty()).await.body;
    assert_eq!((&asked["items"][0]["topic"], &asked["total"], &asked["asked"]), (&json!(offer), &json!(1), &json!(1)));
    assert_eq!(asked["needs_me"], 2);
}

#[tokio::test]
async fn nothing_of_another_site_is_in_an_inbox() {
    let house = House::new().await;
    let (north, owner) = (house.sign_in("north_technician").await, house.sign_in("owner").await);
    let changes = vec![PolicyChange::counts(Scenario::FleetPower, 2, 0)];
    house.request("owner", Action::Control(Control::SetPolicies { changes }), &[]).await;
    house.request("technician", REBOOT, &[DeviceId(3)]).await;
    let here = house.request("technician", REBOOT, &[DeviceId(1)]).await.to_string();
    inbox_until(&house, &owner, "needs_me", |items| items.len() == 2).await;
    let inbox = inbox_until(&house, &north, "needs_me", |items| !items.is_empty()).await;
    assert_eq!((&inbox.body["total"], &inbox.body["items"][0]["topic"]), (&json!(1), &json!(here)));
    for tab in ["needs_me", "mine", "done", "snoozed"] {
        let text = ask(&house, "GET", &format!("/inbox?tab={tab}"), &north, Value::Null).await.text;
        assert!(!text.contains("dev-3") && !text.contains("site-2"), "{text}");
    }
    let grant = house.engine.state().grants_of(ACCOUNT).find(|g| g.user == house.users["north_technician"]).unwrap().id;
    house.request("owner", Action::Control(Control::RemoveGrant { grant }), &[]).await;
    assert_eq!(ask(&house, "GET", "/inbox", &north, Value::Null).await.status, 403, "no role, no inbox");
}

async fn house_with_mail() -> (House, MailServer) {
    let mail = MailServer::start().await.unwrap();
    let options = MailOptions { server: mail.url(), from: "Adit <adit@adit.test>".into() };
    let public_url = "https://adit.test".into();
    let options = Options { loopback: true, public_url, mail: Some(options), ..Options::default() };
    let house = House::with(options).await;
    // Of the others who approve nobody wants letters.
    let administrator = house.sign_in("administrator").await;
    let none = json!({ "needs_me": false, "mine": false, "told": false, "heads": false });
    assert_eq!(ask(&house, "PUT", "/me/letters", &administrator, none).await.status, 200);
    (house, mail)
}

async fn letter(mail: &MailServer) -> Received {
    bounded("a letter", mail.letter()).await.unwrap()
}

#[tokio::test]
async fn letters_say_what_waits_and_lead_there_but_carry_nothing_to_decide_with() {
    let (house, mail) = house_with_mail().await;
    mail.refuse_for_now(1);
    let id = house.request("operations_manager", Action::Control(Control::RestartWorkers { site: SOUTH }), &[]).await;
    let mut letters = [letter(&mail).await, letter(&mail).await];
    letters.sort_by(|one, other| one.to.cmp(&other.to));
    assert_eq!(letters.each_ref().map(|one| one.to.join(" ")), ["owner@adit.test", "site_manager@adit.test"]);
    let number = house.engine.state().request(id).unwrap().number;
    for letter in &letters {
        let subject = format!("R-{number} Restart collection workers waits for your vote");
        assert_eq!(letter.header("subject"), Some(subject.as_str()));
        assert!(letter.text.contains(&format!("https://adit.test/s/all/requests/{id}")), "{}", letter.text);
        assert!(!letter.text.contains("content_hash") && !letter.text.contains('#'), "{}", letter.text);
        let name = letter.header("message-id").unwrap();
        assert!(name.contains("vote_wanted@adit.test"), "{name}");
    }
    assert_eq!(mail.waiting().await, 0, "administrators want none");

    let owner = house.sign_in("owner").await;
    let content_hash = house.get(&format!("requests/{id}"), &owner).await.body["content_hash"].clone();
    let vote = json!({ "decision": "reject", "content_hash": content_hash, "comment": "hush-hush" });
    ask(&house, "POST", &format!("/requests/{id}/votes"), &owner, vote).await;
    let end = letter(&mail).await;
    assert_eq!(end.to, ["operations_manager@adit.test"]);
    assert!(end.text.contains("was rejected") && !end.text.contains("hush-hush"), "{}", end.text);
}

#[tokio::test]
async fn letters_and_inboxes_call_things_by_their_names() {
    let (house, mail) = house_with_mail().await;
    let owner = house.sign_in("owner").await;
    assert_eq!(ask(&house, "POST", "/sub-accounts", &owner, json!({ "name": "hosting" })).await.status, 201);
    let changes = vec![PolicyChange::counts(Scenario::WalletAddressUpdate, 2, 0)];
    house.request("owner", Action::Control(Control::SetPolicies { changes }), &[]).await;
    let address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4".to_owned();
    let wallet = Action::Control(Control::SetWallet { sub_account: SubAccountId(1), address });
    let id = house.request("administrator", wallet, &[]).await;
    let title = format!("R-{} Change the wallet of hosting", house.engine.state().request(id).unwrap().number);
    let told = letter(&mail).await;
    assert_eq!(told.to, ["owner@adit.test"]);
    assert_eq!(told.header("subject"), Some(format!("{title} waits for your vote").as_str()));
    let inbox = inbox_until(&house, &owner, "needs_me", |items| items.len() == 1).await;
    assert_eq!(inbox.body["items"][0]["about"], title);

    let revocation = Action::Control(Control::RevokeAgent { agent: AgentId(2) });
    let id = house.request("administrator", revocation, &[]).await;
    let shown = house.get(&format!("requests/{id}"), &owner).await;
    assert_eq!(shown.body["title"], "Revoke agent Sur-agent");
}

#[tokio::test]
async fn a_comment_reaches_inbox_and_letter_once_and_holds_none_of_its_words() {
    let (house, mail) = house_with_mail().await;
    let (manager, operations) = (house.sign_in("site_manager").await, house.sign_in("operations_manager").await);
    let id = house.request("operations_manager", RESTART, &[]).await;
    letter(&mail).await;
    letter(&mail).await;
    for words in ["hush-hush", "and again"] {
        let said = ask(&house, "POST", &format!("/requests/{id}/comments"), &manager, json!({ "words": words })).await;
        assert!(said.status.is_success(), "{}", said.text);
    }
    let mine = inbox_until(&house, &operations, "mine", |items| items.len() == 1).await;
    assert_eq!((&mine.body["items"][0]["kind"], &mine.body["unread"]), (&json!("commented"), &json!(1)));
    assert!(!mine.text.contains("hush-hush"), "{}", mine.text);
    let first = letter(&mail).await;
    assert_eq!(first.to, ["operations_manager@adit.test"]);
    assert!(first.text.contains("was commented on") && !first.text.contains("hush-hush"), "{}", first.text);
    let answer = json!({ "words": "since when?" });
    ask(&house, "POST", &format!("/requests/{id}/comments"), &operations, answer).await;
    let is_said = |items: &[Value]| items.len() == 1 && items[0]["kind"] == "commented";
    inbox_until(&house, &manager, "needs_me", is_said).await;
    assert_eq!(letter(&mail).await.to, ["site_manager@adit.test"], "of the second comment came no letter");
}

#[tokio::test]
async fn the_head_of_the_log_comes_every_day_to_the_administrators_who_want_it() {
    let (house, mail) = house_with_mail().await;
    let heads_alone = json!({ "needs_me": false, "mine": false, "told": false, "heads": true });
    // One of them is no administrator, whatever they want.
    for name in ["owner", "operations_manager"] {
        let who = house.sign_in(name).await;
        assert_eq!(ask(&house, "PUT", "/me/letters", &who, heads_alone.clone()).await.status, 200);
    }
    let mut days = Vec::new();
    for _ in 0..2 {
        house.later(Millis::days(1)).await;
        let told = letter(&mail).await;
        assert_eq!(told.to, ["owner@adit.test"]);
        let line = told.text.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{}", told.text));
        let signed: SignedHead = serde_json::from_str(line).unwrap();
        let key = told.text.split("--key ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
        VerifyingKey::from_hex(key).unwrap().check_head(&signed).unwrap();
        assert!((1..=house.engine.state().seq()).contains(&signed.head.seq));
        days.push(told.header("message-id").unwrap().to_owned());
    }
    assert_ne!(days[0], days[1]);
    let owner = house.sign_in("owner").await;
    let inbox = ask(&house, "GET", "/inbox?tab=mine", &owner, Value::Null).await;
    assert!(!inbox.text.contains("head_of_day"), "{}", inbox.text);
}

#[tokio::test]
async fn who_wants_no_letters_gets_none() {
    let (mut house, mail) = house_with_mail().await;
    let owner = house.sign_in("owner").await;
    let choices = ask(&house, "GET", "/me/letters", &owner, Value::Null).await;
    fits(&choices, "LetterChoices");
    assert_eq!(
        choices.body,
        json!({ "needs_me": true, "mine": true, "told": false, "heads": false, "email_verified": true, "sent": true })
    );
    let none = json!({ "needs_me": false, "mine": false, "told": false, "heads": false });
    let chosen = ask(&house, "PUT", "/me/letters", &owner, none).await;
    assert_eq!((chosen.status.as_u16(), &chosen.body["needs_me"]), (200, &json!(false)), "{}", chosen.text);
    house.request("operations_manager", RESTART, &[]).await;
    assert_eq!(letter(&mail).await.to, ["site_manager@adit.test"]);
    inbox_until(&house, &owner, "needs_me", |items| items.len() == 1).await;
    assert_eq!(mail.waiting().await, 0);
    house.join_unverified("guest", Role::Technician).await;
    let guest = house.sign_in("guest").await;
    assert_eq!(ask(&house, "GET", "/me/letters", &guest, Value::Null).await.body["email_verified"], false);
}

/// A clock that stands until it is moved.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A herald at work, until it is dropped.
fn herald(engine: &Engine, folder: &Path) -> JoinSet<()> {
    let path = |name: &str| folder.join(name);
    let people = Arc::new(Mutex::new(People::open(path("people")).unwrap()));
    let secrets = Secrets::open(path("secrets"), Key::load(&path("key"), true).unwrap()).unwrap();
    let options = HeraldOptions { public_url: String::new(), mail: None, webhooks: WebhookOptions::default() };
    let store = Notices::open(path("notices")).unwrap();
    let log = Box::new(FileReader::open(path("log")).unwrap());
    let heads = Arc::new(Heads::new(ServerKey::from_secret([7; 32]), log));
    let herald = Herald::new(engine.clone(), store, people, Arc::new(Mutex::new(secrets)), heads, options).unwrap();
    let mut work = JoinSet::new();
    work.spawn(herald.work(Box::new(FileReader::open(path("log")).unwrap())));
    work
}

/// Somebody's items, once everything that was committed has been taken in.
async fn items(engine: &Engine, folder: &Path, user: UserId, wanted: impl Fn(&[Item]) -> bool) -> Vec<Item> {
    let store = Notices::open(folder.join("notices")).unwrap();
    bounded("the items", async {
        loop {
            let items = store.items(user, AccountId(1)).unwrap();
            if store.progress().unwrap() == Some(engine.state().seq()) && wanted(&items) {
                return items;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

#[tokio::test]
async fn over_a_crash_nothing_is_told_twice_and_nothing_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let log = FileLog::open(folder.path().join("log")).unwrap();
    let engine = Engine::start(Box::new(log), Arc::new(SystemClock)).unwrap();
    let people = company(&engine, 2).await;
    let counts = |of, required| {
        let changes = vec![PolicyChange::counts(of, required, 0)];
        Action::Control(Control::SetPolicies { changes })
    };
    let working = herald(&engine, folder.path());
    items(&engine, folder.path(), people[0], <[Item]>::is_empty).await;
    submit(&engine, OWNER, 1, counts(Scenario::ApprovalConfigUpdate, 2), &[]).await.unwrap();
    let id = submit(&engine, OWNER, 2, counts(Scenario::FleetMode, 2), &[]).await.unwrap();
    let before = items(&engine, folder.path(), people[0], |items| items.len() == 2).await;
    assert_eq!(before[0].notice.kind, Kind::VoteWanted);
    drop(working);

    approve(&engine, people[1], id).await.unwrap();
    let other = submit(&engine, OWNER, 3, counts(Scenario::FleetLed, 2), &[]).await.unwrap();
    let working = herald(&engine, folder.path());
    let after = items(&engine, folder.path(), people[0], |items| items.len() == 3).await;
    let kinds: Vec<_> = after.iter().map(|item| item.notice.kind).collect();
    assert_eq!(kinds, [Kind::VoteWanted, Kind::Executed, Kind::Executed], "{other}");
    assert_eq!(after[2], before[1], "what was told is not told again");
    drop(working);
    let _working = herald(&engine, folder.path());
    assert_eq!(items(&engine, folder.path(), people[0], |items| items.len() == 3).await, after);
}

#[tokio::test]
async fn reminders_come_by_the_clock_and_not_again_after_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let log = FileLog::open(folder.path().join("log")).unwrap();
    let clock = Arc::new(Hands(AtomicI64::new(1_800_000_000_000)));
    let engine = Engine::start(Box::new(log), Arc::<Hands>::clone(&clock)).unwrap();
    let people = company(&engine, 1).await;
    site(&engine, vec!["10.0.0.0/24".into()]).await;
    enrol(&engine).await;
    let working = herald(&engine, folder.path());
    items(&engine, folder.path(), people[0], <[Item]>::is_empty).await;
    let restart = Action::Control(Control::RestartWorkers { site: support::SITE });
    let id = submit(&engine, OWNER, 9, restart, &[]).await.unwrap();
    let is = |kind: Kind| move |items: &[Item]| items.len() == 1 && items[0].notice.kind == kind;
    items(&engine, folder.path(), people[0], is(Kind::VoteWanted)).await;
    let length = engine.state().request(id).unwrap().payload.not_after.since(engine.now()).0;
    clock.0.fetch_add(i64::try_from(length / 2).unwrap(), Ordering::SeqCst);
    let half = items(&engine, folder.path(), people[0], is(Kind::VoteReminder)).await;
    drop(working);
    let _working = herald(&engine, folder.path());
    clock.0.fetch_add(i64::try_from(length / 10 * 4).unwrap(), Ordering::SeqCst);
    let later = |items: &[Item]| items[0].id > half[0].id;
    let nine_tenths = items(&engine, folder.path(), people[0], later).await;
    assert_eq!(nine_tenths[0].id, half[0].id + 1, "half was not told again");
    assert_eq!(nine_tenths[0].notice.kind, Kind::VoteReminder);
}
