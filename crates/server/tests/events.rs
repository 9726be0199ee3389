//! The live stream over a real connection: what is told, to whom, and when it ends.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Node, Role, Scope},
    command::Command,
    fleet::Operation,
    ids::{AgentId, DeviceId, ScanTaskId},
    requests::{Action, Control, NewGrant},
};
use adit_server::api::Options;
use axum::http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::net::SocketAddr;
use support::{
    ACCOUNT, bounded,
    house::{House, SOUTH, Signed, miner},
    operator,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

const REBOOT: Action = Action::Device(Operation::Reboot {});

struct Event {
    name: String,
    id: String,
    data: Value,
}

struct Stream {
    status: StatusCode,
    kind: String,
    body: Incoming,
    text: String,
    _connection: JoinSet<()>,
}

impl Stream {
    /// The next event; none if the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.unwrap_or_default().to_owned()
                };
                let (name, id, data) = (field("event"), field("id"), field("data"));
                self.text = rest.to_owned();
                if name.is_empty() {
                    continue;
                }
                return Some(Event { name, id, data: serde_json::from_str(&data).unwrap() });
            }
            let frame = bounded("the next frame", self.body.frame()).await?.unwrap();
            self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }

    /// All events up to the first one that is wanted.
    async fn until(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut seen = Vec::new();
        bounded(what, async {
            loop {
                let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {what}"));
                let found = wanted(&event);
                seen.push(event);
                if found {
                    return seen;
                }
            }
        })
        .await
    }
}

struct Listening {
    house: House,
    address: SocketAddr,
    _server: JoinSet<()>,
}

impl Listening {
    async fn new() -> Self {
        Self::at(House::new().await).await
    }

    async fn at(house: House) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = house.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { house, address, _server: server }
    }

    async fn open(&self, who: &Signed, query: &str, last: Option<&str>) -> Stream {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // It ends with an error when the server is gone before.
            let _ = connection.await;
        });
        let request = Request::get(format!("/api/v1/events{query}"));
        let mut request = request.header(header::HOST, "adit.test").header(header::COOKIE, &who.cookie);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        Stream { status: response.status(), kind, body: response.into_body(), text: String::new(), _connection: driver }
    }

    /// A stream that has told the header.
    async fn opened(&self, who: &Signed) -> Stream {
        let mut stream = self.open(who, "", None).await;
        assert_eq!((stream.status, stream.kind.as_str()), (StatusCode::OK, "text/event-stream"));
        stream.until("the header", |event| event.name == "overview").await;
        stream
    }
}

fn is_request(event: &Event, id: &str) -> bool {
    event.name == "request" && event.data["id"] == id
}

#[tokio::test]
async fn a_request_is_told_with_its_items_and_marks_its_devices() {
    let server = Listening::new().await;
    let owner = server.house.sign_in("owner").await;
    let mut stream = server.opened(&owner).await;
    let id = server.house.request("technician", REBOOT, &[DeviceId(3)]).await.to_string();
    let seen = stream.until("its items", |event| event.name == "items" && event.data["request"] == *id).await;
    let item = &seen.last().unwrap().data["items"][0];
    assert_eq!((&item["target"]["id"], &item["state"]), (&json!("dev-3"), &json!("queued")), "{item}");
    let request = seen.iter().find(|event| is_request(event, &id)).unwrap();
    assert_eq!(request.data["summary"]["state"], "executing");
    let rows = seen.iter().find(|event| event.name == "devices").unwrap();
    assert_eq!(rows.data["rows"][0]["id"], "dev-3");
    assert_eq!(rows.data["rows"][0]["open"][0]["request"], *id);
}

#[tokio::test]
async fn drafts_and_devices_are_told_as_they_change() {
    let server = Listening::new().await;
    let (house, owner) = (&server.house, server.house.sign_in("owner").await);
    let mut stream = server.opened(&owner).await;
    let change = json!({ "action": { "action": "reboot", "params": {} }, "targets": ["dev-4"] });
    let answer = house.ask("POST", "/api/v1/draft/changes?site=site-2", Some(&owner), Some(&change)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let seen = stream.until("the draft", |event| event.name == "draft").await;
    let version = &house.get("draft?site=site-2", &owner).await.body["version"];
    assert_eq!(seen.last().unwrap().data, json!({ "site": "site-2", "version": version }));
    let rows = stream.until("its mark", |event| event.name == "devices").await.pop().unwrap();
    assert_eq!(rows.data["rows"], json!([{ "id": "dev-4", "open": [], "in_draft": true }]));

    let mut renewed = miner(1);
    renewed.firmware = "2.0".into();
    let found = Command::ReportDevices {
        agent: AgentId(1),
        scan_task: ScanTaskId(1),
        devices: vec![renewed],
        heard: Default::default(),
    };
    house.engine.run(adit_core::authz::Actor::system(ACCOUNT), found).await.unwrap();
    let is_renewed = |event: &Event| event.name == "devices" && event.data["rows"][0]["firmware"] == "2.0";
    stream.until("the new firmware", is_renewed).await;
}

#[tokio::test]
async fn nothing_of_another_site_is_told() {
    let server = Listening::new().await;
    let (house, viewer) = (&server.house, server.house.sign_in("north_viewer").await);
    let mut stream = server.open(&viewer, "", None).await;
    let first = stream.next().await.unwrap();
    assert_eq!((first.name.as_str(), &first.data["devices"]["total"]), ("overview", &json!(2)));
    house.request("owner", REBOOT, &[DeviceId(3)]).await;
    house.request("owner", Action::Device(Operation::Locate { on: true }), &[DeviceId(1), DeviceId(3)]).await;
    let found = Command::ReportDevices {
        agent: AgentId(2),
        scan_task: ScanTaskId(2),
        devices: vec![miner(9)],
        heard: Default::default(),
    };
    house.engine.run(adit_core::authz::Actor::system(ACCOUNT), found).await.unwrap();
    let id = house.request("owner", REBOOT, &[DeviceId(2)]).await.to_string();
    let seen = stream.until("the request on Norte", |event| is_request(event, &id)).await;
    for event in &seen {
        let text = event.data.to_string();
        for foreign in ["dev-3", "dev-4", "dev-5", "site-2", "agt-2", "Sur"] {
            assert!(!text.contains(foreign), "{foreign} in {}: {text}", event.name);
        }
        assert!(event.name != "overview" || event.data["devices"]["total"] == 2);
    }
    assert_eq!(server.open(&viewer, "?site=site-2", None).await.status, 404);

    let user = house.users["north_viewer"];
    let grant = house.engine.state().grants_of(ACCOUNT).find(|grant| grant.user == user).unwrap().id;
    house.request("owner", Action::Control(Control::RemoveGrant { grant }), &[]).await;
    stream.until("the end of every right", |event| event.name == "signed_out").await;
    assert!(stream.next().await.is_none());
    let scope = Scope::Nodes([Node::Site(SOUTH)].into());
    house.request("owner", Action::Control(Control::AddGrant(NewGrant::new(user, Role::Viewer, scope))), &[]).await;
    let mut south = server.open(&viewer, "?site=site-2", None).await;
    assert_eq!(south.next().await.unwrap().data["devices"]["total"], 3);
    assert_eq!(server.open(&viewer, "?site=site-1", None).await.status, 404);
}

#[tokio::test]
async fn it_ends_with_the_session_and_with_the_person() {
    let server = Listening::new().await;
    let (house, technician) = (&server.house, server.house.sign_in("technician").await);
    let mut stream = server.opened(&technician).await;
    assert_eq!(house.ask("DELETE", "/api/v1/session", Some(&technician), None).await.status, 204);
    stream.until("the end of the session", |event| event.name == "signed_out").await;
    assert!(stream.next().await.is_none());
    assert_eq!(server.open(&technician, "", None).await.status, 401);

    let technician = house.sign_in("technician").await;
    let mut stream = server.opened(&technician).await;
    let removal = Command::RemoveUser { user: house.users["technician"] };
    house.engine.run(operator(&house.engine), removal).await.unwrap();
    stream.until("the end of the person", |event| event.name == "signed_out").await;
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn it_says_so_when_its_session_goes_over_to_another_account() {
    let options = Options { loopback: true, anyone_may_found: true, ..Options::default() };
    let server = Listening::at(House::with(options).await).await;
    let (house, viewer) = (&server.house, server.house.sign_in("viewer").await);
    let mut stream = server.opened(&viewer).await;
    let name = json!({ "name": "Mine too" });
    assert_eq!(house.ask("POST", "/api/v1/accounts", Some(&viewer), Some(&name)).await.status, 201);
    stream.until("the change of account", |event| event.name == "account").await;
    assert!(stream.next().await.is_none(), "nothing of either account follows");

    // Whoever loses their last role is told the same, as there is another account to go to.
    let back = json!({ "account": "acc-1" });
    assert_eq!(house.ask("POST", "/api/v1/session/account", Some(&viewer), Some(&back)).await.status, 200);
    let mut stream = server.opened(&viewer).await;
    let removal = json!({ "action": { "action": "remove_user", "params": { "user": house.users["viewer"] } } });
    let owner = house.sign_in("owner").await;
    assert_eq!(house.ask("POST", "/api/v1/requests", Some(&owner), Some(&removal)).await.status, 201);
    stream.until("the loss of the role", |event| event.name == "account").await;
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn whom_ownership_is_offered_to_hears_of_it() {
    let server = Listening::new().await;
    let (house, heir) = (&server.house, server.house.sign_in("north_viewer").await);
    let mut stream = server.opened(&heir).await;
    let offer = Action::Control(Control::TransferOwnership {
        to: house.users["north_viewer"],
        then: Role::Administrator.into(),
    });
    let id = house.request("owner", offer, &[]).await.to_string();
    stream.until("the offer", |event| is_request(event, &id)).await;
}

#[tokio::test]
async fn whoever_comes_back_goes_on_or_starts_anew() {
    let server = Listening::new().await;
    let (house, owner) = (&server.house, server.house.sign_in("owner").await);
    let mut stream = server.open(&owner, "", Some("of-another-life.1.1")).await;
    assert_eq!(stream.next().await.unwrap().name, "reset");
    let id = stream.until("the header", |event| event.name == "overview").await.pop().unwrap().id;
    assert!(!id.is_empty());

    let mut stream = server.open(&owner, "", Some(&id)).await;
    assert_eq!(stream.next().await.unwrap().name, "overview", "nothing was missed");
    house.request("owner", REBOOT, &[DeviceId(1)]).await;
    let mut stream = server.open(&owner, "", Some(&id)).await;
    assert_eq!(stream.next().await.unwrap().name, "reset", "a request was missed");
}

#[tokio::test]
async fn a_session_has_a_bounded_number_of_streams() {
    let server = Listening::new().await;
    let owner = server.house.sign_in("owner").await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(server.opened(&owner).await);
    }
    let refused = server.open(&owner, "", None).await;
    assert_eq!((refused.status, refused.kind.as_str()), (StatusCode::TOO_MANY_REQUESTS, "application/problem+json"));
    let other = server.house.sign_in("viewer").await;
    server.opened(&other).await;
    streams.pop();
    bounded("a place is free again", async {
        while server.open(&owner, "", None).await.status != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_person_has_a_bounded_number_of_streams_and_takes_nobody_elses() {
    let server = Listening::new().await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        let owner = server.house.sign_in("owner").await;
        for _ in 0..8 {
            streams.push(server.opened(&owner).await);
        }
    }
    let owner = server.house.sign_in("owner").await;
    assert_eq!(server.open(&owner, "", None).await.status, StatusCode::TOO_MANY_REQUESTS);
    let viewer = server.house.sign_in("viewer").await;
    server.opened(&viewer).await;
}

#[tokio::test]
async fn what_waits_for_me_is_counted_live() {
    let server = Listening::new().await;
    let (house, manager) = (&server.house, server.house.sign_in("site_manager").await);
    let mut stream = server.opened(&manager).await;
    let restart = Action::Control(Control::RestartWorkers { site: SOUTH });
    house.request("administrator", restart, &[]).await;
    let counted = |n: u64| move |event: &Event| event.name == "inbox" && event.data["needs_me"] == n;
    stream.until("the inbox", counted(1)).await;
    let item = house.get("inbox", &manager).await.body["items"][0]["id"].clone();
    let done = json!({ "items": [item], "done": true });
    house.ask("POST", "/api/v1/inbox/marks", Some(&manager), Some(&done)).await;
    stream.until("the item put away", counted(0)).await;
}
