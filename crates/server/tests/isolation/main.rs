//! Every operation of the document, tried by people who may see part of a company, or another company: what lies out of their
//! sight is in no answer and no event, its ids are as good as ids that were never given, and nothing they send changes it.
//! An operation that is new fails here until somebody says in `probes` how it is tried.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod estate;
mod probes;
#[path = "../support/mod.rs"]
mod support;

use adit_core::{
    authz::Actor,
    command::Command,
    fleet::{Ending, Operation, TargetResult},
    ids::{DeviceId, RequestId},
    requests::Action,
};
use adit_server::Engine;
use axum::{
    body::Body,
    http::{Request, header},
};
use estate::{Caller, Estate, MINE, RIVAL};
use http_body_util::BodyExt;
use probes::{Probe, probes};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{
    ACCOUNT, bounded,
    house::{Answer, Signed},
    schema::Document,
};

/// Ids that were never given.
const UNKNOWN: [(&str, &str); 15] = [
    ("account", "acc-9999"),
    ("dev", "dev-9999"),
    ("site", "site-9999"),
    ("agent", "agt-9999"),
    ("task", "scan-9999"),
    ("box", "box-9999"),
    ("sub", "sub-9999"),
    ("group", "grp-9999"),
    ("hook", "hook-9999"),
    ("grant", "grt-9999"),
    ("user", "usr-9999"),
    ("key", "key-9999"),
    ("inv", "inv-9999"),
    ("req", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    ("session", "0123456789abcdef"),
];

impl Caller {
    /// A device says where it hangs, also to who sees nothing else there.
    fn hangs_there(&self, id: &str) -> bool {
        let below_a_site = ["box", "group", "sub"].iter().any(|place| self.name.starts_with(place));
        below_a_site && ["agt-1", "site-1"].contains(&id)
    }

    /// What in the text is none of the caller's business. What was sent comes back in some refusals.
    fn faults(&self, what: &str, text: &str, sent: &str) -> Vec<String> {
        let (text, sent) = (text.to_lowercase(), sent.to_lowercase());
        let foreign = self.foreign.values().flatten().filter(|id| !self.hangs_there(id));
        let foreign: Vec<_> = foreign.map(|id| id.to_lowercase()).collect();
        let tokens: BTreeSet<_> = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).collect();
        let ids = foreign.iter().map(String::as_str).filter(|id| tokens.contains(id) && !sent.contains(id));
        let words = self.words.iter().copied().filter(|word| text.contains(word));
        let around = |found: &str| {
            let at = text.find(found).unwrap_or(0);
            let (from, to) = (at.saturating_sub(150), (at + 150).min(text.len()));
            String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()
        };
        ids.chain(words).map(|found| format!("{}: {what}: says {found}: {}", self.name, around(found))).collect()
    }
}

/// Without what differs from moment to moment.
fn lasting(text: &str) -> String {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for moment in ["as_of", "age_ms", "last_seen_at", "last_contact"] {
                    fields.remove(moment);
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    strip(&mut value);
    value.to_string()
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}

struct Walk<'a> {
    estate: &'a Estate,
    caller: &'a Caller,
    who: &'a Signed,
    faults: Vec<String>,
}

impl Walk<'_> {
    async fn send(&self, method: &str, base: &str, probe: &Probe, put: &dyn Fn(&str) -> String) -> Answer {
        let body = probe.body.as_ref().map(|body| serde_json::from_str(&put(&body.to_string())).unwrap());
        self.estate.house.ask(method, &put(&format!("{base}{}", probe.path)), Some(self.who), body.as_ref()).await
    }

    async fn try_out(&mut self, method: &str, base: &str, probe: &Probe) {
        let me = self.estate.house.users[&self.caller.name].to_string();
        let body = probe.body.as_ref().map(ToString::to_string).unwrap_or_default();
        let template = format!("{method} {} {body}", probe.path);
        let named = UNKNOWN.iter().find(|(kind, _)| {
            let placeholder = format!("${kind}");
            template
                .split(placeholder.as_str())
                .skip(1)
                .any(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        });
        let Some((kind, unknown)) = named else {
            let answer = self.send(method, base, probe, &|text| text.replace("$me", &me)).await;
            assert!(!answer.status.is_server_error(), "{template}: {}", answer.text);
            return self.faults.extend(self.caller.faults(&template, &answer.text, &template));
        };
        let placeholder = format!("${kind}");
        let put = |text: &str, id: &str| text.replace("$me", &me).replace(&placeholder, id);
        let foreign = if *kind == "session" { self.sessions() } else { self.caller.foreign[kind].clone() };
        for id in foreign.iter().filter(|id| probe.refused || !self.caller.hangs_there(id)) {
            let before = self.estate.house.engine.state();
            let answer = self.send(method, base, probe, &|text| put(text, id)).await;
            let missing = self.send(method, base, probe, &|text| put(text, unknown)).await;
            self.faults.extend(self.caller.faults(&template, &answer.text, id));
            let alike = answer.status == missing.status
                && lasting(&answer.text).replace(id, unknown) == lasting(&missing.text).replace(id, unknown);
            let refused = [403, 404].contains(&answer.status.as_u16());
            let changed = *before != *self.estate.house.engine.state();
            if !alike || probe.refused && (!refused || changed) || answer.status.is_server_error() {
                let (is, not) = (cut(&answer.text), cut(&missing.text));
                let (of, other) = (answer.status, missing.status);
                let who = &self.caller.name;
                self.faults.push(format!("{who}: {template} of {id}: {of} {is}, of none: {other} {not}, {changed}"));
            }
        }
    }

    /// Ids of other people's sessions.
    fn sessions(&self) -> Vec<String> {
        let people = self.estate.house.people.lock().unwrap();
        let me = self.estate.house.users[&self.caller.name];
        let others = people.sessions().unwrap().into_iter().filter(|session| session.user != me);
        let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        others.map(|session| hex(&session.token_hash[..8])).take(2).collect()
    }
}

#[tokio::test]
async fn nobody_reads_or_changes_what_lies_out_of_their_sight() {
    let estate = Estate::new().await;
    let document = Document::read();
    let operations = document.operations();
    let bare =
        |path: &str| path.strip_prefix("/api/v1").or_else(|| path.strip_prefix("/api")).unwrap_or(path).to_owned();
    let unheard: Vec<_> = operations
        .iter()
        .map(|(method, path, _)| format!("{method} {}", bare(path)))
        .filter(|operation| probes(operation).is_none())
        .collect();
    assert!(unheard.is_empty(), "say in probes.rs how these are tried: {unheard:#?}");
    let mut faults = Vec::new();
    for caller in &estate.callers {
        let who = estate.house.sign_in(&caller.name).await;
        let mut walk = Walk { estate: &estate, caller, who: &who, faults: Vec::new() };
        for (method, path, _) in &operations {
            let bare = bare(path);
            let base = path.strip_suffix(&bare).unwrap();
            for probe in probes(&format!("{method} {bare}")).unwrap() {
                walk.try_out(method, base, &probe).await;
            }
        }
        faults.append(&mut walk.faults);
        let devices = estate.house.get("devices?limit=500", &who).await.body;
        assert_eq!(devices["total"], caller.devices, "{}: {faults:#?}", caller.name);
        let counted: u64 = devices["facets"]["model"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(counted, caller.devices, "{}", caller.name);
        let overview = estate.house.get("overview", &who).await.body;
        assert_eq!(overview["devices"]["total"], caller.devices, "{}", caller.name);
        assert_eq!(overview["power_w"].as_f64(), Some(caller.watts), "{}", caller.name);
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let owner = estate.house.sign_in("owner").await;
    assert_eq!(estate.house.get("invitations", &owner).await.body["items"][0]["state"], "open");
}

/// The agents have done what the request asks for.
async fn finish(engine: &Engine, id: RequestId) {
    let work = engine.state().open_work(id);
    for item in work {
        let agent = item.agent();
        let results = vec![(item.command(), TargetResult::of(Ending::Verified, "seen"))];
        engine.run(Actor::system(ACCOUNT), Command::ReportResults { agent, results }).await.unwrap();
    }
}

/// Everything that the stream says until it has told of a request.
async fn told(body: &mut Body, request: &str) -> String {
    let mut text = String::new();
    bounded("the stream", async {
        while !text.contains(&format!("\"id\":\"{request}\"")) {
            let frame = body.frame().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
        text
    })
    .await
}

#[tokio::test]
async fn nobody_is_told_of_what_lies_out_of_their_sight() {
    let estate = Estate::new().await;
    let engine = &estate.house.engine;
    for caller in &estate.callers {
        let who = estate.house.sign_in(&caller.name).await;
        let request = Request::get("/api/v1/events").header(header::COOKIE, &who.cookie).body(Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(estate.house.router.clone(), request).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut body = response.into_body();

        let owner = estate.actor(ACCOUNT, estate.house.users["owner"]);
        let rival = estate.actor(RIVAL, estate.rival);
        let locate = || Action::Device(Operation::Locate { on: true });
        for (actor, device, word) in
            [(owner, 7, "zqxhall"), (owner, 8, "zqxyard"), (owner, 9, "zqxfar"), (rival, 10, "zqxrival")]
        {
            let id = estate.ask(actor, locate(), &[DeviceId(device)], &format!("{word} again")).await;
            finish(engine, id).await;
            let known = engine.state().device(DeviceId(device)).unwrap().clone();
            let mut found = known.found;
            found.firmware = format!("{word}-{}", caller.name);
            let system = Actor::system(actor.account);
            let report = Command::ReportDevices {
                agent: known.agent,
                scan_task: known.scan_task,
                devices: vec![found],
                heard: Default::default(),
            };
            engine.run(system, report).await.unwrap();
        }
        estate.read_meters();
        let (actor, device) = if caller.name == "rival" { (rival, DeviceId(10)) } else { (owner, MINE) };
        let last = estate.ask(actor, locate(), &[device], "and the last").await;
        let text = told(&mut body, &last.to_string()).await;
        finish(engine, last).await;
        assert!(text.contains("event: devices") && text.contains("event: overview"), "{text}");
        let faults = caller.faults("the stream", &text, "");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[tokio::test]
async fn a_program_learns_nothing_of_another_company() {
    let estate = Estate::new().await;
    let token = estate.token().await;
    let ask = async |path: &str, body: &Value| {
        let request = Request::post(format!("/access/v1/{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        let answer = estate.house.send(request.body(Body::from(body.to_string())).unwrap()).await;
        assert_eq!(answer.status, 200, "{path} {body}: {}", answer.text);
        answer.text
    };
    let thing = |kind: &str, id: &str| json!({ "type": kind, "id": id });
    let owner = estate.house.users["owner"].to_string();
    let rival = estate.rival.to_string();
    let action = json!({ "name": "device.list" });
    for (kind, ours, theirs, none) in [
        ("account", "acc-1", "acc-2", "acc-9999"),
        ("site", "site-3", "site-4", "site-9999"),
        ("container", "box-2", "box-3", "box-9999"),
        ("sub_account", "sub-2", "sub-3", "sub-9999"),
        ("group", "grp-2", "grp-3", "grp-9999"),
        ("device", "dev-9", "dev-10", "dev-9999"),
    ] {
        let question = |user: &str, id: &str| json!({ "subject": thing("user", user), "action": action, "resource": thing(kind, id) });
        let yes = ask("evaluation", &question(&owner, ours)).await;
        assert!(yes.contains("\"decision\":true"), "{kind}: {yes}");
        for subject in [owner.as_str(), &rival, "usr-9999"] {
            for path in ["evaluation", "search/action"] {
                let of = ask(path, &question(subject, theirs)).await;
                assert_eq!(of, ask(path, &question(subject, none)).await, "{path} {kind} {subject}");
                assert!(!of.contains("\"decision\":true"), "{of}");
            }
        }
        let subjects = ask("search/subject", &question(&owner, theirs)).await;
        assert_eq!(subjects, ask("search/subject", &question(&owner, none)).await, "{kind}");
        let found = ask("search/resource", &question(&owner, none)).await;
        assert!(found.contains(ours) && !found.contains(&format!("\"{theirs}\"")), "{kind}: {found}");
        let of_rival = ask("search/resource", &question(&rival, none)).await;
        assert_eq!(of_rival, ask("search/resource", &question("usr-9999", none)).await, "{kind}");
    }
}
