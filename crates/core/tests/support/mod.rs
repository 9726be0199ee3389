//! A small company to try rules on: one site, one agent, miners, and people by role.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, reason = "each test file uses its part")]

use adit_core::{
    authz::{Actor, Principal, Role, Scope},
    command::{Command, Reply, Submission},
    decide,
    event::{Entry, Event},
    fleet::{DeviceIdentity, Ending, FoundDevice, ModePower, OpKind, Operation, PowerMode, TargetResult},
    ids::{AccountId, AgentId, DeviceId, RequestId, ScanTaskId, SiteId, UserId},
    rejection::Rejection,
    requests::{Action, Control, Decision, NewGrant, PolicyChange, Request, RequestState, Scenario},
    state::State,
    time::{Millis, Timestamp},
};

pub const SITE: SiteId = SiteId(1);
pub const AGENT: AgentId = AgentId(1);

#[derive(Clone)]
pub struct World {
    pub state: State,
    pub log: Vec<Entry>,
    pub now: Timestamp,
    pub account: AccountId,
    pub owner: UserId,
    /// Whether people open an account as soon as they are given a role on it.
    pub opens: bool,
    next: u128,
}

impl World {
    /// An account whose owner has made a site, an agent that has enrolled, and `miners` miners.
    pub fn new(miners: u32) -> Self {
        let mut world = Self {
            state: State::default(),
            log: Vec::new(),
            now: Timestamp(1_800_000_000_000),
            account: AccountId(1),
            owner: UserId(1),
            opens: true,
            next: 1,
        };
        world.operator(Command::CreateAccount { name: "Norte".into() });
        world.with_setup(|w| {
            let owner = w.owner;
            w.ask(owner, Action::Control(Control::CreateSite { name: "Norte".into(), capacity_w: None }), &[]);
            let token_hash = "ab".repeat(32);
            let agent = Control::CreateAgent { site: SITE, name: "north".into(), token_hash: token_hash.clone() };
            w.ask(owner, Action::Control(agent), &[]);
            let ranges = vec!["10.0.0.0/24".into()];
            let scan = Control::CreateScanTask {
                agent: AGENT,
                name: "all".into(),
                ranges,
                interval_s: 60,
                credentials: None,
                passwords_to_unknown: false,
            };
            w.ask(owner, Action::Control(scan), &[]);
            w.system(Command::EnrolAgent { token_hash, public_key: "cd".repeat(32) });
            let devices = (1..=miners).map(miner).collect();
            w.system(Command::ReportDevices {
                agent: AGENT,
                scan_task: ScanTaskId(1),
                devices,
                heard: Default::default(),
            });
        });
        world
    }

    fn with_setup(&mut self, setup: impl FnOnce(&mut Self)) {
        setup(self);
    }

    pub fn run(&mut self, actor: &Actor, command: Command) -> Result<Reply, Rejection> {
        let decided = decide(&self.state, actor, command, self.now)?;
        self.state = decided.state;
        let given = |entry: &Entry| match entry.event {
            Event::GrantAdded { account, user, .. } if !self.state.has_opened(account, user) => Some((account, user)),
            _ => None,
        };
        let newcomers: Vec<_> = decided.entries.iter().filter(|_| self.opens).filter_map(given).collect();
        self.log.extend(decided.entries);
        for (account, user) in newcomers {
            self.open(account, user);
        }
        Ok(decided.reply)
    }

    /// Somebody looks at an account for the first time.
    pub fn open(&mut self, account: AccountId, user: UserId) {
        let actor = Actor { account, principal: Principal::User(user), authenticated_at: self.now };
        self.run(&actor, Command::OpenAccount).unwrap();
    }

    pub fn operator(&mut self, command: Command) -> Reply {
        let actor = Actor { account: self.account, principal: Principal::Operator, authenticated_at: self.now };
        self.run(&actor, command).unwrap()
    }

    pub fn system(&mut self, command: Command) -> Reply {
        self.run(&Actor::system(self.account), command).unwrap()
    }

    pub fn tick_after(&mut self, length: Millis) {
        self.now = self.now.after(length);
        self.system(Command::Tick);
    }

    pub fn actor(&self, user: UserId) -> Actor {
        Actor { account: self.account, principal: Principal::User(user), authenticated_at: self.now }
    }

    /// A person with a role over everything, given by the owner in the product's own way.
    pub fn person(&mut self, role: Role) -> UserId {
        let Reply::User(user) = self.operator(Command::AddUser) else { unreachable!() };
        let owner = self.owner;
        self.ask(owner, Action::Control(Control::AddGrant(NewGrant::new(user, role, Scope::All))), &[]);
        user
    }

    /// An identity for a request.
    pub fn new_id(&mut self) -> RequestId {
        self.next += 1;
        RequestId(self.next.into())
    }

    pub fn try_ask(&mut self, user: UserId, action: Action, targets: &[u32]) -> Result<RequestId, Rejection> {
        let submission = Submission {
            id: self.new_id(),
            action,
            targets: targets.iter().copied().map(DeviceId).collect(),
            estimates: Vec::new(),
            reason: None,
            idempotency_key: None,
        };
        let actor = self.actor(user);
        match self.run(&actor, introducing(submission))? {
            Reply::Request(id) => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    pub fn ask(&mut self, user: UserId, action: Action, targets: &[u32]) -> RequestId {
        self.try_ask(user, action, targets).unwrap()
    }

    pub fn request(&self, id: RequestId) -> &Request {
        self.state.request(id).unwrap()
    }

    pub fn state_of(&self, id: RequestId) -> RequestState {
        self.request(id).state
    }

    pub fn vote(&mut self, user: UserId, id: RequestId, decision: Decision) -> Result<Reply, Rejection> {
        let content_hash = self.request(id).content_hash;
        let comment = (decision == Decision::Reject).then(|| "not now".to_owned());
        let actor = self.actor(user);
        self.run(&actor, Command::Vote { request: id, decision, content_hash, comment, passkey: None })
    }

    /// Whom the request offers something takes it or not.
    pub fn answer(&mut self, user: UserId, id: RequestId, accept: bool) -> Result<Reply, Rejection> {
        let content_hash = self.request(id).content_hash;
        let decision = if accept { Decision::Approve } else { Decision::Reject };
        let comment = (!accept).then(|| "not me".to_owned());
        let actor = self.actor(user);
        self.run(&actor, Command::AnswerOffer { request: id, decision, content_hash, comment })
    }

    /// Whoever owns the account now.
    pub fn owner(&self) -> UserId {
        self.state.account(self.account).unwrap().owner
    }

    pub fn set_policy(&mut self, scenario: Scenario, required: u32, required_other: u32) -> RequestId {
        let changes = vec![PolicyChange::counts(scenario, required, required_other)];
        let owner = self.owner;
        self.ask(owner, Action::Control(Control::SetPolicies { changes }), &[])
    }

    /// The agent reports every open item of the request with the same end.
    pub fn finish(&mut self, id: RequestId, ending: Ending) {
        let work = self.state.open_work(id);
        let results = work.iter().map(|item| (item.command(), TargetResult::of(ending, "seen"))).collect();
        self.system(Command::ReportResults { agent: AGENT, results });
    }

    /// Numbers of the devices the request still has.
    pub fn devices_of(&self, id: RequestId) -> Vec<u32> {
        let device = |target| match target {
            adit_core::requests::Target::Device(device) => device.0,
            adit_core::requests::Target::Agent(agent) => agent.0,
        };
        self.request(id).effective().map(|(_, target)| device(target)).collect()
    }
}

/// A submission; whom it gives a role was found by their e-mail.
pub fn introducing(submission: Submission) -> Command {
    let named = match &submission.action {
        Action::Control(Control::AddGrant(new)) => Some(new.user),
        _ => None,
    };
    let then = Command::Submit(submission);
    named.map_or(then.clone(), |user| Command::Introduce { user, then: Box::new(then) })
}

pub fn miner(number: u32) -> FoundDevice {
    FoundDevice {
        identity: DeviceIdentity {
            mac: Some(format!("02:00:00:00:{:02x}:{:02x}", number >> 8, number & 255)),
            serial: None,
        },
        ip: [10, 0, (number >> 8) as u8, (number & 255) as u8].into(),
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

pub fn mode(mode: PowerMode) -> Action {
    Action::Device(Operation::SetPowerMode { mode })
}

pub fn restart_workers() -> Action {
    Action::Control(Control::RestartWorkers { site: SITE })
}
