//! A company with a site, an agent and miners, made in the product's own way: command by command.

use adit_core::{
    Decided,
    authz::{Actor, Principal, Role, Scope},
    command::{Command, Reply, Submission},
    decide,
    event::Entry,
    fleet::{DeviceIdentity, FoundDevice, ModePower, OpKind, Operation, PowerMode},
    ids::{AccountId, AgentId, DeviceId, RequestId, ScanTaskId, SiteId, UserId},
    requests::{Action, Approvers, Control, NewGrant, PolicyChange, Scenario},
    state::State,
    time::Timestamp,
};
use adit_server::{Clock, SystemClock};
use adit_store::LogStore;

pub const ACCOUNT: AccountId = AccountId(1);
pub const OWNER: UserId = UserId(1);
/// An administrator, the second approver.
pub const SECOND: UserId = UserId(2);
pub const AGENT: AgentId = AgentId(1);
/// Found in one report.
const REPORT: usize = 2_000;

pub struct Company {
    pub state: State,
    pub log: Vec<Entry>,
    pub now: Timestamp,
    requests: u128,
}

impl Company {
    /// With an agent of this public key and so many miners. Changing a power mode takes two Administrators; finding a miner by its
    /// light takes one.
    pub fn new(public_key: String, miners: u32) -> Self {
        let mut company =
            Self { state: State::default(), log: Vec::new(), now: SystemClock.now(), requests: 1_000_000_000 };
        company.operator(Command::CreateAccount { name: "Norte".into() });
        company.operator(Command::AddUser);
        company.operator(Command::SeedGrant { user: SECOND, role: Role::Administrator, scope: Scope::All });
        let by = Some(Approvers::Administrators);
        let changes = vec![PolicyChange { approvers: by, ..PolicyChange::counts(Scenario::FleetMode, 2, 1) }];
        for control in
            [Control::CreateSite { name: "Norte".into(), capacity_w: None }, Control::SetPolicies { changes }]
        {
            company.ask(Action::Control(control), Vec::new());
        }
        company.install("north", AGENT, "ab".repeat(32), public_key);
        let miners: Vec<_> = (1..=miners).collect();
        miners.chunks(REPORT).for_each(|numbers| company.find(numbers));
        company
    }

    /// The agent reports these miners.
    fn find(&mut self, numbers: &[u32]) {
        let devices = numbers.iter().copied().map(miner).collect();
        self.report(AGENT, ScanTaskId(1), devices);
    }

    fn report(&mut self, agent: AgentId, scan_task: ScanTaskId, devices: Vec<FoundDevice>) {
        let report = Command::ReportDevices { agent, scan_task, devices, heard: Default::default() };
        self.run(Actor::system(ACCOUNT), report);
    }

    /// One more miner, of a second agent: the first may hold no more than there are.
    pub fn find_elsewhere(&mut self, number: u32) -> DeviceId {
        self.install("south", AgentId(2), "34".repeat(32), "ef".repeat(32));
        self.report(AgentId(2), ScanTaskId(2), vec![miner(number)]);
        self.state.devices().last().expect("a device").id
    }

    fn install(&mut self, name: &str, agent: AgentId, token_hash: String, public_key: String) {
        for control in [
            Control::CreateAgent { site: SiteId(1), name: name.into(), token_hash: token_hash.clone() },
            Control::CreateScanTask {
                agent,
                name: "all".into(),
                ranges: vec![format!("10.{}.0.0/16", agent.0)],
                interval_s: 60,
                credentials: None,
                passwords_to_unknown: false,
            },
        ] {
            self.ask(Action::Control(control), Vec::new());
        }
        self.run(Actor::system(ACCOUNT), Command::EnrolAgent { token_hash, public_key });
    }

    pub fn run(&mut self, actor: Actor, command: Command) -> Reply {
        let decided = decide(&self.state, &actor, command, self.now).expect("the company may do this");
        self.log.extend(decided.entries);
        self.state = decided.state;
        decided.reply
    }

    fn operator(&mut self, command: Command) -> Reply {
        self.run(Actor { account: ACCOUNT, principal: Principal::Operator, authenticated_at: self.now }, command)
    }

    /// The owner asks.
    pub fn ask(&mut self, action: Action, targets: Vec<DeviceId>) -> Reply {
        self.ask_as(OWNER, action, targets)
    }

    /// Somebody asks.
    pub fn ask_as(&mut self, by: UserId, action: Action, targets: Vec<DeviceId>) -> Reply {
        self.requests += 1;
        let named = match &action {
            Action::Control(Control::AddGrant(new)) => Some(new.user),
            _ => None,
        };
        let then = Command::Submit(submission(self.requests, action, targets));
        let command = named.map_or(then.clone(), |user| Command::Introduce { user, then: Box::new(then) });
        self.run(user(by, self.now), command)
    }

    /// Somebody new with a role over everything, which approves nothing.
    pub fn hire(&mut self, role: Role) -> UserId {
        let Reply::User(newcomer) = self.operator(Command::AddUser) else { panic!("somebody") };
        let grant = NewGrant::new(newcomer, role, Scope::All);
        self.ask(Action::Control(Control::AddGrant(grant)), Vec::new());
        self.run(user(newcomer, self.now), Command::OpenAccount);
        newcomer
    }

    /// What would come of the owner's asking; nothing is changed.
    pub fn decide(&self, action: Action, targets: Vec<DeviceId>) -> Decided {
        let command = Command::Submit(submission(self.requests + 1, action, targets));
        decide(&self.state, &user(OWNER, self.now), command, self.now).expect("the owner may do this")
    }

    /// Writes all that has happened.
    pub fn write(&self, log: &mut dyn LogStore) {
        let mut expected = 0;
        for entries in self.log.chunks(1_000) {
            let bodies: Vec<_> = entries.iter().map(json).collect();
            let rows: Vec<_> = entries.iter().zip(&bodies).map(|(entry, body)| (entry.at, body.as_str())).collect();
            expected = log.append(expected, &rows).expect("the disk takes it").last_seq;
        }
    }
}

pub fn json(entry: &Entry) -> String {
    serde_json::to_string(entry).expect("an entry can be written")
}

pub const fn user(user: UserId, now: Timestamp) -> Actor {
    Actor { account: ACCOUNT, principal: Principal::User(user), authenticated_at: now }
}

pub fn submission(number: u128, action: Action, targets: Vec<DeviceId>) -> Submission {
    let id = RequestId(number.into());
    Submission { id, action, targets, estimates: Vec::new(), reason: None, idempotency_key: None }
}

pub const fn locate() -> Action {
    Action::Device(Operation::Locate { on: true })
}

pub const fn mode(mode: PowerMode) -> Action {
    Action::Device(Operation::SetPowerMode { mode })
}

/// One of many miners.
pub fn miner(number: u32) -> FoundDevice {
    let [_, a, b, c] = number.to_be_bytes();
    FoundDevice {
        identity: DeviceIdentity { mac: Some(format!("02:00:00:{a:02x}:{b:02x}:{c:02x}")), serial: None },
        ip: [10, a, b, c].into(),
        make: "MicroBT".into(),
        model: "M30S++".into(),
        firmware: "v2".into(),
        driver: "whatsminer-v2".into(),
        supports: vec![OpKind::Reboot, OpKind::SetPowerMode, OpKind::Locate, OpKind::Pause, OpKind::Resume],
        modes: vec![PowerMode::Sleep, PowerMode::Low, PowerMode::Normal, PowerMode::High],
        mode_power: ModePower { sleep_w: Some(20), normal_w: Some(3_400), ..ModePower::default() },
        expected_hashrate_ghs: Some(112_000),
    }
}
