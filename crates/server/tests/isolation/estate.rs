//! Two companies on one server. The first has more than most of its people may see, and everything out of somebody's sight has
//! a name that cannot be mistaken.
//!
//! Norte (`site-1`) has `box-1` and `box-2`; `sub-1` and `sub-2` share its machines. Beside the house's own miners:
//!
//! | device | stands in | belongs to | marked |
//! |---|---|---|---|
//! | `dev-5` | `box-1` | `sub-1` | nobody's secret |
//! | `dev-6` | `box-1` | `sub-2` | zqxguest |
//! | `dev-7` | `box-2` | - | zqxhall |
//! | `dev-8` | - | - | zqxyard |
//! | `dev-9` | `site-3` | - | zqxfar |
//! | `dev-10` | the other company | - | zqxrival |
//!
//! `grp-1` holds `dev-5` and `dev-6`, `grp-2` (zqxgroup) `dev-8`, and `grp-3` is the other company's. Each company has a webhook.

use crate::support::{
    ACCOUNT, approve,
    house::{House, NORTH, PASSWORD, miner},
    introducing, operator,
};
use adit_core::{
    authz::{Actor, ApiAccess, Node, Permission, Principal, Role, RoleId, Scope},
    command::{Command, Reply, Submission},
    fleet::{OpKind, Operation, Pool, PowerMode, Reading},
    ids::{
        AccountId, AgentId, ContainerId, CustomRoleId, DeviceId, GroupId, RequestId, ScanTaskId, SiteId, SubAccountId,
        UserId, WebhookId,
    },
    requests::{Action, Control, NewGrant, PolicyChange, Request, RequestState, Scenario},
};
use adit_server::api::session;
use adit_store::Person;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
};

pub const RIVAL: AccountId = AccountId(2);
pub const MINE: DeviceId = DeviceId(5);
pub const FAR: DeviceId = DeviceId(9);

/// Somebody, what they may never read, and how many devices they have.
pub struct Caller {
    pub name: String,
    pub words: Vec<&'static str>,
    pub foreign: BTreeMap<&'static str, Vec<String>>,
    pub devices: u64,
    pub watts: f64,
}

pub struct Estate {
    pub house: House,
    pub callers: Vec<Caller>,
    pub rival: UserId,
    next: AtomicU64,
}

/// As its own meter says: no two sums of different devices are the same.
fn watts(device: u32) -> u32 {
    1_000 << device
}

fn marked(number: u8, word: &str) -> adit_core::fleet::FoundDevice {
    let mut found = miner(number);
    (found.model, found.firmware) = (format!("{word}-model"), format!("{word}-firmware"));
    found.identity.serial = Some(format!("{word}-serial"));
    found.supports.retain(|operation| *operation != OpKind::Pause);
    found
}

fn ids<T: ToString>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    all.into_iter().map(|id| id.to_string()).collect()
}

impl Estate {
    pub async fn new() -> Self {
        let house = House::new().await;
        let rival =
            match house.engine.run(operator(&house.engine), Command::CreateAccount { name: "zqxrival".into() }).await {
                Ok(Reply::Account(RIVAL, owner)) => owner,
                other => panic!("{other:?}"),
            };
        let mut estate = Self { house, callers: Vec::new(), rival, next: AtomicU64::new(1_000) };
        estate.person("rival", "zqxrival owner", rival);
        estate.ours().await;
        estate.theirs().await;
        let requests = estate.requests().await;
        estate.read_meters();
        estate.cast(requests).await;
        estate
    }

    pub fn actor(&self, account: AccountId, user: UserId) -> Actor {
        Actor { account, principal: Principal::User(user), authenticated_at: self.house.engine.now() }
    }

    fn owner(&self) -> Actor {
        self.actor(ACCOUNT, self.house.users["owner"])
    }

    pub async fn ask(&self, actor: Actor, action: Action, targets: &[DeviceId], reason: &str) -> RequestId {
        let submission = self.submission(action, targets, reason);
        let id = submission.id;
        self.run(actor, introducing(submission)).await;
        id
    }

    fn submission(&self, action: Action, targets: &[DeviceId], reason: &str) -> Submission {
        let id = RequestId(u128::from(self.next.fetch_add(1, Ordering::Relaxed)).into());
        let (targets, reason) = (targets.to_vec(), Some(reason.to_owned()));
        Submission { id, action, targets, estimates: Vec::new(), reason, idempotency_key: None }
    }

    /// Asks for something that concerns the account.
    async fn control(&self, actor: Actor, control: Control) {
        self.ask(actor, Action::Control(control), &[], "zqxaccount reason").await;
    }

    async fn control_of(&self, actor: Actor, control: Control, word: &str) {
        self.ask(actor, Action::Control(control), &[], &format!("{word} reason")).await;
    }

    async fn run(&self, actor: Actor, command: Command) -> Reply {
        self.house.engine.run(actor, command).await.unwrap()
    }

    fn person(&mut self, name: &str, display_name: &str, user: UserId) {
        let mut people = self.house.people.lock().unwrap();
        let password_hash = Some(session::hash_password(PASSWORD).unwrap());
        let (email, created_at) = (format!("{name}@adit.test"), self.house.engine.now());
        let display_name = display_name.to_owned();
        people.add_person(&Person { user, email, display_name, password_hash, created_at }).unwrap();
        drop(people);
        self.house.users.insert(name.to_owned(), user);
    }

    async fn site(&self, actor: Actor, site: SiteId, agent: AgentId, word: &str, found: u8) {
        let token_hash = format!("{found:064x}");
        let (ranges, credentials) = (vec![format!("10.66.{found}.0/24")], None);
        let name = |what: &str| format!("{word} {what}");
        self.control_of(actor, Control::CreateSite { name: name("site"), capacity_w: Some(666_000_000) }, word).await;
        self.control_of(
            actor,
            Control::CreateAgent { site, name: name("agent"), token_hash: token_hash.clone() },
            word,
        )
        .await;
        let scan = Control::CreateScanTask {
            agent,
            name: name("task"),
            ranges,
            interval_s: 60,
            credentials,
            passwords_to_unknown: false,
        };
        self.control_of(actor, scan, word).await;
        let system = Actor::system(actor.account);
        self.run(system, Command::EnrolAgent { token_hash, public_key: "cd".repeat(32) }).await;
        let devices = vec![marked(found, word)];
        self.run(
            system,
            Command::ReportDevices { agent, scan_task: ScanTaskId(agent.0), devices, heard: Default::default() },
        )
        .await;
    }

    /// Of a key of the first company, under an Auditor's grant.
    pub async fn token(&self) -> String {
        let new = NewGrant {
            api_access: ApiAccess::ReadOnly,
            ..NewGrant::new(self.house.users["viewer"], Role::Auditor, Scope::All)
        };
        self.control(self.owner(), Control::AddGrant(new)).await;
        let state = self.house.engine.state();
        let grant = state.grants_of(ACCOUNT).filter(|grant| !grant.api_access.is_none()).last().unwrap().id;
        let who = self.house.sign_in("owner").await;
        let key = json!({ "grant": grant, "name": "Checks", "access": "read_only" });
        let issued = self.house.ask("POST", "/api/v1/keys", Some(&who), Some(&key)).await;
        assert_eq!(issued.status, 201, "{}", issued.text);
        issued.body["token"].as_str().unwrap().to_owned()
    }

    async fn webhook(&self, actor: Actor, name: &str) {
        let host = format!("{name}.test").replace(' ', "-");
        let types = BTreeSet::new();
        let command = Command::SetWebhook {
            webhook: None,
            name: name.into(),
            host,
            types,
            sealed: format!("{:032x}", name.len()),
        };
        self.run(actor, command).await;
    }

    /// What the first company has.
    async fn ours(&mut self) {
        let owner = self.owner();
        for name in ["Hall one", "zqxhall box"] {
            self.run(owner, Command::CreateContainer { site: NORTH, name: name.into() }).await;
        }
        for name in ["hostone", "zqxguestsub"] {
            self.run(owner, Command::CreateSubAccount { name: name.into() }).await;
        }
        let devices = vec![miner(5), marked(6, "zqxguest"), marked(7, "zqxhall"), marked(8, "zqxyard")];
        let system = Actor::system(ACCOUNT);
        self.run(
            system,
            Command::ReportDevices { agent: AgentId(1), scan_task: ScanTaskId(1), devices, heard: Default::default() },
        )
        .await;
        for (device, container) in [(5, 1), (6, 1), (7, 2)] {
            let (devices, container) = (vec![DeviceId(device)], Some(ContainerId(container)));
            self.control_of(owner, Control::PlaceDevices { devices, container }, "usual").await;
        }
        for (device, sub_account) in [(5, 1), (6, 2)] {
            let (devices, sub_account) = (vec![DeviceId(device)], Some(SubAccountId(sub_account)));
            self.control_of(owner, Control::AssignDevices { devices, sub_account }, "usual").await;
        }
        for (name, devices) in [("Row one", vec![MINE, DeviceId(6)]), ("zqxgroup", vec![DeviceId(8)])] {
            self.control(owner, Control::CreateGroup { name: name.into(), devices }).await;
        }
        self.webhook(owner, "zqxhook").await;
        self.site(owner, SiteId(3), AgentId(3), "zqxfar", 9).await;
        let permissions = Permission::all().collect();
        self.control(owner, Control::CreateRole { name: "Everything".into(), permissions }).await;

        let far = self.user(Role::Viewer.into(), Node::Site(SiteId(3))).await;
        self.person("zqxfar", "zqxfar person", far);
        let new = NewGrant {
            api_access: ApiAccess::ReadOnly,
            ..NewGrant::new(self.house.users["auditor"], Role::Engineer, Scope::All)
        };
        self.control(owner, Control::AddGrant(new)).await;
        let state = self.house.engine.state();
        let grant = state.grants_of(ACCOUNT).find(|grant| !grant.api_access.is_none()).unwrap().id;
        let who = self.house.sign_in("owner").await;
        let key = json!({ "grant": grant, "name": "zqxkey", "access": "read_only" });
        let issued = self.house.ask("POST", "/api/v1/keys", Some(&who), Some(&key)).await;
        assert_eq!(issued.status, 201, "{}", issued.text);
        let scope = json!({ "nodes": [{ "node": "site", "id": "site-3" }] });
        let invitation = json!({ "email": "zqxfar-guest@adit.test", "role": "viewer", "scope": scope });
        let invited = self.house.ask("POST", "/api/v1/invitations", Some(&who), Some(&invitation)).await;
        assert_eq!(invited.status, 201, "{}", invited.text);
        let draft = Command::PutDraft { site: NORTH, action: reboot(), targets: vec![DeviceId(7)] };
        self.run(owner, draft).await;
    }

    /// What the other has.
    async fn theirs(&self) {
        let rival = self.actor(RIVAL, self.rival);
        self.site(rival, SiteId(4), AgentId(4), "zqxrival", 10).await;
        self.run(rival, Command::CreateContainer { site: SiteId(4), name: "zqxrival box".into() }).await;
        self.run(rival, Command::CreateSubAccount { name: "zqxrivalsub".into() }).await;
        self.webhook(rival, "zqxrival hook").await;
        let group = Control::CreateGroup { name: "zqxrival group".into(), devices: vec![DeviceId(10)] };
        self.control_of(rival, group, "zqxrival").await;
        let permissions = [Permission::DeviceList].into();
        let role = Control::CreateRole { name: "zqxrival role".into(), permissions };
        self.control_of(rival, role, "zqxrival").await;
    }

    /// Requests that wait, by what they are marked with.
    async fn requests(&self) -> BTreeMap<&'static str, Vec<String>> {
        let (owner, rival) = (self.owner(), self.actor(RIVAL, self.rival));
        let mut all: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for (actor, device, word) in [
            (owner, 6, "zqxguest"),
            (owner, 7, "zqxhall"),
            (owner, 8, "zqxyard"),
            (owner, 9, "zqxfar"),
            (rival, 10, "zqxrival"),
        ] {
            let id = self.ask(actor, reboot(), &[DeviceId(device)], &format!("{word} reason")).await;
            all.entry(word).or_default().push(id.to_string());
        }
        // Nothing more runs at once: somebody else must agree.
        let changes = vec![PolicyChange::counts(Scenario::FleetMode, 1, 1)];
        self.control(owner, Control::SetPolicies { changes }).await;
        let normal = || Action::Device(Operation::SetPowerMode { mode: PowerMode::Normal });
        // Those who see one of its devices see that much of it.
        self.ask(owner, normal(), &[MINE], "as agreed").await;
        let wide = self.ask(owner, normal(), &[MINE, FAR], "for both").await;
        self.ask(owner, normal(), &[MINE], "as agreed again").await;
        // What was asked for within sight is asked for elsewhere.
        let with = self.submission(normal(), &[FAR], "zqxfar reason");
        all.entry("zqxfar").or_default().push(with.id.to_string());
        self.run(owner, Command::Amend { request: wide, with }).await;
        // Asked for of both, given to the one that can do it.
        self.ask(owner, Action::Device(Operation::Pause {}), &[MINE, FAR], "as always").await;
        all
    }

    pub fn read_meters(&self) {
        let worker = |number: u32| match number {
            6 => "zqxguest",
            7 => "zqxhall",
            8 => "zqxyard",
            9 => "zqxfar",
            10 => "zqxrival",
            _ => "worker",
        };
        let reading = |number: u32| Reading {
            power_w: Some(watts(number)),
            hashrate_ths: Some(100.0),
            pools: Some(vec![Pool { url: "stratum+tcp://pool:1".into(), user: worker(number).into(), password: None }]),
            errors: vec![format!("{} error", worker(number))],
            ..Reading::empty(DeviceId(number))
        };
        let readings: Vec<_> = (1..=10).map(|number| reading(number).into()).collect();
        let state = self.house.engine.state();
        assert_eq!(state.devices().count(), 10);
        self.house.live.hear(&readings, self.house.engine.now());
    }

    /// Somebody with a role over one node.
    async fn user(&self, role: RoleId, node: Node) -> UserId {
        let Reply::User(user) = self.run(operator(&self.house.engine), Command::AddUser).await else { unreachable!() };
        let grant = Control::AddGrant(NewGrant::new(user, role, Scope::Nodes([node].into())));
        let id = self.ask(self.owner(), Action::Control(grant), &[], "zqxaccount reason").await;
        let waits = |request: &Request| request.state == RequestState::Pending;
        if self.house.engine.state().request(id).is_some_and(waits) {
            approve(&self.house.engine, self.house.users["administrator"], id).await.unwrap();
        }
        self.run(self.actor(ACCOUNT, user), Command::OpenAccount).await;
        user
    }

    /// The people who look, and what is none of their business.
    async fn cast(&mut self, requests: BTreeMap<&'static str, Vec<String>>) {
        let everything = RoleId::Custom(CustomRoleId(1));
        let far = vec!["zqxrival", "zqxfar", "zqxkey", "zqxhook", "zqxgroup", "zqxaccount", "zqxguestsub"];
        let hall = [far.clone(), vec!["zqxhall", "zqxyard"]].concat();
        let row = hall.clone();
        let host = [hall.clone(), vec!["zqxguest", "norte-agent"]].concat();
        let nodes = [
            ("site", Node::Site(NORTH), far, vec![1, 2, 5, 6, 7, 8]),
            ("box", Node::Container(ContainerId(1)), hall, vec![5, 6]),
            ("group", Node::Group(GroupId(1)), row, vec![5, 6]),
            ("sub", Node::SubAccount(SubAccountId(1)), host, vec![5]),
        ];
        for (place, node, words, devices) in nodes {
            for (title, role) in [("viewer", Role::Viewer.into()), ("all", everything)] {
                let name = format!("{place}_{title}");
                let user = self.user(role, node).await;
                self.person(&name, "Somebody", user);
                let foreign = self.foreign(place, &devices, &words, &requests);
                let watts = devices.iter().map(|device| f64::from(watts(*device))).sum();
                self.callers.push(Caller { name, words: words.clone(), foreign, devices: devices.len() as u64, watts });
            }
        }
        let ours: Vec<u32> = (1..=9).collect();
        let foreign = self.foreign("account", &ours, &["zqxrival"], &requests);
        let watts_of = |devices: &[u32]| devices.iter().map(|device| f64::from(watts(*device))).sum();
        let words = vec!["zqxrival"];
        self.callers.push(Caller { name: "owner".into(), words, foreign, devices: 9, watts: watts_of(&ours) });
        let names = ["zqxfar", "zqxhall", "zqxyard", "zqxguest", "zqxkey", "zqxhook", "zqxgroup", "zqxaccount"];
        let words = [names.as_slice(), &["norte", "person owner", "hall one", "row one"]].concat();
        let foreign = self.foreign("rival", &[10], &["zqxfar", "zqxhall", "zqxyard", "zqxguest"], &requests);
        self.callers.push(Caller { name: "rival".into(), words, foreign, devices: 1, watts: watts_of(&[10]) });
    }

    fn foreign(
        &self,
        place: &str,
        own: &[u32],
        words: &[&str],
        requests: &BTreeMap<&'static str, Vec<String>>,
    ) -> BTreeMap<&'static str, Vec<String>> {
        let state = self.house.engine.state();
        let devices = ids((1..=10).filter(|number| !own.contains(number)).map(DeviceId));
        // What is on Norte is in the sight of those who see all of it.
        let (sites, agents) = match place {
            "site" => (vec![2, 3, 4], vec![2, 3, 4]),
            "account" => (vec![4], vec![4]),
            "rival" => (vec![1, 2, 3], vec![1, 2, 3]),
            _ => (vec![1, 2, 3, 4], vec![1, 2, 3, 4]),
        };
        let (boxes, subs) = match place {
            "site" => (vec![3], vec![1, 2, 3]),
            "account" => (vec![3], vec![3]),
            "rival" => (vec![1, 2], vec![1, 2]),
            "box" => (vec![2, 3], vec![1, 2, 3]),
            "group" => (vec![1, 2, 3], vec![1, 2, 3]),
            _ => (vec![1, 2, 3], vec![2, 3]),
        };
        let groups = match place {
            "account" => vec![3],
            "rival" => vec![1, 2],
            "group" => vec![2, 3],
            _ => vec![1, 2, 3],
        };
        let webhooks = match place {
            "account" => vec![2],
            "rival" => vec![1],
            _ => vec![1, 2],
        };
        let rivals = |theirs: bool| state.grants_of(if theirs { RIVAL } else { ACCOUNT }).map(|grant| grant.id);
        let wanted = requests.iter().filter(|(word, _)| words.contains(word)).flat_map(|(_, ids)| ids.clone());
        BTreeMap::from([
            ("account", vec![if place == "rival" { "acc-1" } else { "acc-2" }.to_owned()]),
            ("dev", devices),
            ("site", ids(sites.into_iter().map(SiteId))),
            ("agent", ids(agents.iter().copied().map(AgentId))),
            ("task", ids(agents.into_iter().map(ScanTaskId))),
            ("box", ids(boxes.into_iter().map(ContainerId))),
            ("sub", ids(subs.into_iter().map(SubAccountId))),
            ("group", ids(groups.into_iter().map(GroupId))),
            ("hook", ids(webhooks.into_iter().map(WebhookId))),
            ("grant", ids(rivals(place != "rival"))),
            ("user", vec![if place == "rival" { self.house.users["owner"] } else { self.rival }.to_string()]),
            ("key", if place == "account" { Vec::new() } else { vec!["key-1".into()] }),
            ("inv", if place == "account" { Vec::new() } else { vec!["inv-1".into()] }),
            ("req", wanted.collect()),
        ])
    }
}

pub fn reboot() -> Action {
    Action::Device(Operation::Reboot {})
}
