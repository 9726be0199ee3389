//! One life: the installation, a step at a time, and what must hold after each.

use crate::{
    chance::Chance,
    disk::{Fate, Log},
    people::{self, ACCOUNT, MINERS, OWNER, operator, person, submission},
    site::{Agent, Luck, Message},
};
use adit_core::{
    authz::{Actor, Role, Scope},
    command::{Command, Reply},
    event::{Entry, Event},
    fleet::{CommandId, DeviceIdentity, Ending, FoundDevice, ModePower, OpKind, Order, PowerMode, TargetResult},
    ids::{AgentId, RequestId, ScanTaskId, SiteId},
    requests::{Action, Control, ItemState, RequestState, Target},
    state::State,
    time::{Millis, Timestamp},
};
use adit_server::{Clock, CommandError, Proposal, Writer};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// What happened, so that a test can tell whether enough did.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    pub requests: u64,
    pub applied: u64,
    pub crashes: u64,
    pub agent_deaths: u64,
    pub doubled: u64,
    pub unclear: u64,
    pub full: u64,
}

impl Seen {
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.applied += other.applied;
        self.crashes += other.crashes;
        self.agent_deaths += other.agent_deaths;
        self.doubled += other.doubled;
        self.unclear += other.unclear;
        self.full += other.full;
    }
}

struct Wall(Arc<AtomicI64>);

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// What is under way between server and agents.
enum Parcel {
    ToAgent(AgentId, Message),
    ToServer(AgentId, Vec<(CommandId, TargetResult)>),
}

pub struct Life {
    chance: Chance,
    wall: Arc<AtomicI64>,
    log: Log,
    server: Option<Writer>,
    /// The log folded a second time, record by record.
    shadow: State,
    agents: Vec<Agent>,
    network: Vec<Parcel>,
    /// Requests whose submission was answered with yes.
    promised: BTreeSet<RequestId>,
    next_id: u128,
    pub seen: Seen,
}

fn miner(site: u32, number: u32) -> FoundDevice {
    FoundDevice {
        identity: DeviceIdentity { mac: Some(format!("02:00:00:00:{site:02x}:{number:02x}")), serial: None },
        ip: [10, 0, site as u8, number as u8].into(),
        make: "MicroBT".into(),
        model: "M30S++".into(),
        firmware: "v2".into(),
        driver: "whatsminer-v2".into(),
        supports: vec![OpKind::Reboot, OpKind::SetPowerMode, OpKind::Locate, OpKind::Pause, OpKind::Resume],
        modes: vec![PowerMode::Sleep, PowerMode::Normal],
        mode_power: ModePower::default(),
        expected_hashrate_ghs: None,
    }
}

impl Life {
    pub fn new(seed: u64) -> Self {
        let mut life = Self {
            chance: Chance(seed),
            wall: Arc::new(AtomicI64::new(1_800_000_000_000)),
            log: Log::default(),
            server: None,
            shadow: State::default(),
            agents: vec![Agent::new(AgentId(1)), Agent::new(AgentId(2))],
            network: Vec::new(),
            promised: BTreeSet::new(),
            next_id: 1,
            seen: Seen::default(),
        };
        life.start();
        life.set_up();
        life
    }

    fn set_up(&mut self) {
        let now = self.now();
        let must =
            |life: &mut Self, actor: Actor, command: Command| life.run(vec![(actor, command)]).remove(0).unwrap();
        must(self, operator(now), Command::CreateAccount { name: "Norte".into() });
        for role in [Role::Administrator, Role::Administrator, Role::SiteManager, Role::OperationsManager] {
            let Reply::User(user) = must(self, operator(now), Command::AddUser) else { unreachable!() };
            must(self, operator(now), Command::SeedGrant { user, role, scope: Scope::All });
        }
        for number in [1, 2] {
            let (site, agent) = (SiteId(number), AgentId(number));
            let token_hash = format!("{number:02x}").repeat(32);
            let controls = [
                Control::CreateSite { name: format!("Site {number}"), capacity_w: None },
                Control::CreateAgent { site, name: "agent".into(), token_hash: token_hash.clone() },
                Control::CreateScanTask {
                    agent,
                    name: "all".into(),
                    ranges: vec![format!("10.0.{}.0/24", agent.0)],
                    interval_s: 60,
                    credentials: None,
                    passwords_to_unknown: false,
                },
            ];
            for control in controls {
                let id = self.id();
                must(self, person(OWNER, now), submission(id, Action::Control(control), Vec::new()));
            }
            let enrol = Command::EnrolAgent { token_hash, public_key: format!("c{number}").repeat(32) };
            must(self, Actor::system(ACCOUNT), enrol);
            let devices = (1..=MINERS).map(|miner_number| miner(number, miner_number)).collect();
            must(
                self,
                Actor::system(ACCOUNT),
                Command::ReportDevices { agent, scan_task: ScanTaskId(number), devices, heard: Default::default() },
            );
        }
    }

    fn id(&mut self) -> u128 {
        self.next_id += 1;
        self.next_id
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.wall.load(Ordering::Relaxed))
    }

    fn start(&mut self) {
        let server = Writer::start(Box::new(self.log.clone())).unwrap();
        self.follow();
        assert!(**server.state() == self.shadow, "a start from the log gives another state");
        for id in &self.promised {
            assert!(self.shadow.request(*id).is_some(), "{id} was promised and is gone");
        }
        self.server = Some(server);
    }

    /// Takes in what the disk has beyond what was seen of it.
    fn follow(&mut self) {
        let disk = self.log.0.lock().unwrap();
        let from = usize::try_from(self.shadow.seq()).unwrap();
        for record in &disk.records[from..] {
            let entry: Entry = serde_json::from_str(&record.body).unwrap();
            self.seen.requests += u64::from(matches!(entry.event, Event::RequestSubmitted { .. }));
            self.shadow.apply(&entry);
        }
    }

    /// Decides what is asked in two batches, the second before the first is written. An answer that nobody can give stops the
    /// server, which is then started anew.
    fn run(&mut self, commands: Vec<(Actor, Command)>) -> Vec<Result<Reply, CommandError>> {
        let wall = Wall(Arc::clone(&self.wall));
        let fate = self.log.0.lock().unwrap().fate;
        let Some(server) = &mut self.server else { return Vec::new() };
        let before = server.state().seq();
        let (first, second) = commands.split_at(self.chance.below(commands.len() + 1));
        let first = Proposal::of(server.state(), first.iter().cloned(), &wall);
        let second = Proposal::of(first.after(), second.iter().cloned(), &wall);
        // Of what changes nothing, nothing has to be on the disk.
        let changes = !Arc::ptr_eq(first.after(), server.state());
        let mut answers = server.write(first).answers;
        let sure = if changes { 0 } else { answers.len() };
        answers.extend(server.write(second).answers);
        let (after, spent) =
            (server.state().seq(), self.log.0.lock().unwrap().fate == Fate::Well && fate != Fate::Well);
        self.follow();
        for reply in answers.iter().flatten() {
            match reply {
                Reply::Request(id) => drop(self.promised.insert(*id)),
                Reply::Requests(ids) => self.promised.extend(ids),
                _ => {}
            }
        }
        if spent {
            assert_eq!(before, after, "what the disk did not confirm is shown");
            assert!(answers[sure..].iter().all(Result::is_err), "what the disk did not confirm is promised");
            match fate {
                Fate::Full => self.seen.full += 1,
                _ => {
                    self.seen.unclear += 1;
                    self.crash();
                }
            }
        } else {
            assert_eq!(after, self.shadow.seq(), "the server shows something else than its log");
        }
        answers
    }

    /// kill -9: everything that is not on the disk is gone, and so are the connections.
    fn crash(&mut self) {
        self.server = None;
        self.network.clear();
        self.seen.crashes += 1;
        self.start();
    }

    pub fn step(&mut self) {
        match self.chance.below(100) {
            0..=29 => self.people_ask(),
            30..=34 => self.wait(),
            35..=54 => self.dispatch(),
            55..=74 => self.carry(),
            75..=89 => self.agent_works(),
            90..=95 => self.agents_report(),
            96 => self.disturb_agent(),
            97 => self.disturb_disk(),
            98 => self.jump(),
            _ => self.crash(),
        }
        self.check();
    }

    /// One to four of them at once: they are decided and written together.
    fn people_ask(&mut self) {
        let now = self.now();
        let many = 1 + self.chance.below(4);
        let mut commands = Vec::new();
        for _ in 0..many {
            let id = self.id();
            let state = Arc::clone(self.server.as_ref().unwrap().state());
            commands.push(people::ask(&mut self.chance, &state, id, now));
        }
        self.run(commands);
    }

    fn wait(&mut self) {
        let minutes = self.chance.below(10);
        self.wall.fetch_add(minutes as i64 * 60_000 + 1_000, Ordering::Relaxed);
        self.run(vec![(Actor::system(ACCOUNT), Command::Tick)]);
    }

    fn jump(&mut self) {
        let hours = self.chance.below(6) as i64 - 3;
        self.wall.fetch_add(hours * 3_600_000, Ordering::Relaxed);
    }

    fn disturb_disk(&mut self) {
        let fate = [Fate::Full, Fate::Lost, Fate::Kept][self.chance.below(3)];
        self.log.0.lock().unwrap().fate = fate;
    }

    fn disturb_agent(&mut self) {
        let at = self.chance.below(2);
        if self.chance.once_in(2) {
            self.agents[at].restart();
            self.seen.agent_deaths += 1;
        } else {
            self.agents[at].connected = !self.agents[at].connected;
        }
    }

    /// Sends everything that is open to whoever is connected, also what was sent before.
    fn dispatch(&mut self) {
        let state = Arc::clone(self.server.as_ref().unwrap().state());
        for work in state.executing().flat_map(|request| state.open_work(request.id)) {
            let (command, agent) = (work.command(), work.agent());
            let connected = self.agents.iter().any(|a| a.id == agent && a.connected);
            let (order, approval, deadline) = work.spend();
            if connected && self.network.len() < 200 {
                self.network.push(Parcel::ToAgent(agent, Message { command, order, approval, deadline }));
            }
        }
    }

    /// The network delivers something, in any order; it loses some and doubles some.
    fn carry(&mut self) {
        if self.network.is_empty() {
            return;
        }
        let at = self.chance.below(self.network.len());
        let parcel = self.network.swap_remove(at);
        if self.chance.once_in(10) {
            return;
        }
        if self.chance.once_in(10) {
            self.seen.doubled += 1;
            self.arrive(&parcel);
        }
        self.arrive(&parcel);
    }

    fn arrive(&mut self, parcel: &Parcel) {
        match parcel {
            Parcel::ToAgent(to, message) => {
                if let Some(agent) = self.agents.iter_mut().find(|agent| agent.id == *to && agent.connected) {
                    agent.remind(message.command);
                    agent.take(message.clone());
                }
            }
            Parcel::ToServer(from, results) => {
                let report = Command::ReportResults { agent: *from, results: results.clone() };
                let stored = self.run(vec![(Actor::system(ACCOUNT), report)]).iter().all(Result::is_ok);
                let commands: Vec<_> = results.iter().map(|(command, _)| *command).collect();
                if let Some(agent) = self.agents.iter_mut().find(|agent| agent.id == *from && stored) {
                    agent.confirmed(&commands);
                }
            }
        }
    }

    fn agents_report(&mut self) {
        for agent in self.agents.iter().filter(|agent| agent.connected) {
            let results = agent.results();
            if !results.is_empty() {
                self.network.push(Parcel::ToServer(agent.id, results));
            }
        }
    }

    fn agent_works(&mut self) {
        let luck = match self.chance.below(12) {
            0 => Luck::DiesBefore,
            1 => Luck::DiesAfter,
            2 => Luck::Refused,
            3 => Luck::Unseen,
            _ => Luck::Well,
        };
        let (at, which, now) = (self.chance.below(2), self.chance.below(8), self.now());
        let begun = self.agents[at].work(which, luck, now);
        self.seen.agent_deaths += u64::from(begun.is_some() && matches!(luck, Luck::DiesBefore | Luck::DiesAfter));
        if let Some(message) = begun {
            self.may_begin(at, &message);
        }
    }

    /// What an agent begins was approved, is being or was carried out, is its own, and is what everybody voted on.
    fn may_begin(&mut self, at: usize, message: &Message) {
        self.seen.applied += 1;
        let request = self.shadow.request(message.command.request).expect("an order comes from a request");
        assert!(has_begun(request.state), "{:?} was not approved", request.id);
        assert_eq!(request.content_hash, message.approval);
        assert_eq!(request.payload.content_hash(), request.content_hash);
        let item = &request.items[message.command.item as usize];
        let own = self.agents[at].id;
        assert!(
            matches!(item, ItemState::Open { agent } if *agent == own) || matches!(item, ItemState::Ended { .. }),
            "{item:?} is not this agent's"
        );
        if let Order::Device { device, .. } = &message.order {
            assert_eq!(request.payload.targets[message.command.item as usize], Target::Device(*device));
        }
    }

    fn check(&self) {
        let mut held: BTreeMap<(u32, u8), RequestId> = BTreeMap::new();
        for request in self.shadow.open_requests() {
            let Action::Device(operation) = &request.payload.action else { continue };
            for (item, target) in request.effective() {
                let Target::Device(device) = target else { continue };
                // What is done is free for others.
                if matches!(request.items[item as usize], ItemState::Ended { .. }) {
                    continue;
                }
                for group in operation.conflict_groups() {
                    let other = held.insert((device.0, *group as u8), request.id);
                    assert!(other.is_none_or(|other| other == request.id), "{device} is held twice");
                }
            }
        }
        for agent in &self.agents {
            for (command, times) in &agent.applied {
                let request = self.shadow.request(command.request).unwrap();
                let once = match &request.payload.action {
                    Action::Device(operation) => !operation.is_idempotent(),
                    Action::Control(_) => true,
                };
                assert!(!once || *times <= 1, "{command:?} was done {times} times");
            }
        }
    }

    /// Everything works again, and nothing new is asked: what is open must reach its end, and say the truth.
    pub fn heal(&mut self) {
        self.log.0.lock().unwrap().fate = Fate::Well;
        for agent in &mut self.agents {
            agent.connected = true;
        }
        for _ in 0..1_000 {
            self.dispatch();
            while let Some(parcel) = self.network.pop() {
                self.arrive(&parcel);
            }
            let now = self.now();
            for at in 0..self.agents.len() {
                while self.agents[at].work(0, Luck::Well, now).is_some() {}
            }
            self.agents_report();
            if self.has_nothing_to_send() && self.agents.iter().all(Agent::is_idle) {
                break;
            }
        }
        assert!(self.has_nothing_to_send(), "a request does not reach its end");
        self.wall.fetch_add(Millis::days(30).0 as i64, Ordering::Relaxed);
        self.run(vec![(Actor::system(ACCOUNT), Command::Tick)]);
        assert!(self.shadow.open_requests().next().is_none(), "a request outlives its deadlines");
        self.tells_the_truth();
        self.crash();
    }

    /// Whatever is still being carried out waits for the end of a freeze, or for its time to be up.
    fn has_nothing_to_send(&self) -> bool {
        self.shadow.executing().all(|request| self.shadow.open_work(request.id).is_empty())
    }

    /// What is said of each order against what happened at the miner.
    fn tells_the_truth(&self) {
        let applied =
            |command: CommandId| self.agents.iter().filter_map(|agent| agent.applied.get(&command)).sum::<u32>();
        for request in self.shadow.requests() {
            for (item, state) in (0..).zip(&request.items) {
                let times = applied(CommandId { request: request.id, item });
                let said = match state {
                    ItemState::Ended { result, .. } => Some(result.ending),
                    _ => None,
                };
                match said {
                    Some(Ending::Verified | Ending::Acknowledged)
                        if !matches!(request.payload.action, Action::Control(_)) =>
                    {
                        assert!(times >= 1, "said to be done and was not");
                    }
                    // Nobody knows, or the device refused after an attempt whose end was not noted.
                    Some(_) => {}
                    None => assert_eq!(times, 0, "done, and nothing is said of it: {state:?}"),
                }
            }
        }
    }
}

const fn has_begun(state: RequestState) -> bool {
    matches!(
        state,
        RequestState::Executing | RequestState::Executed | RequestState::PartiallyExecuted | RequestState::Failed
    )
}
