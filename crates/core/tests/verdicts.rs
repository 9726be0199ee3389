//! What is said of somebody's rights is what happens when they use them: a verdict beside what becomes of a submission, under any
//! rules and any grants.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    accounts::Sections,
    authz::{Actor, ApiAccess, Node, Origins, Permission, Place, Principal, Role, Scope, Verdict},
    command::{Command, Reply, Submission},
    decide,
    event::{Entry, Event},
    fleet::{Operation, PowerMode},
    ids::{AgentId, DeviceId, GrantId, KeyId, ScanTaskId, SiteId, SubAccountId, UserId},
    requests::{
        Action, Approvers, Control, NewGrant, Policy, PolicyChange, RequestState, Safeguards, Scenario, StepUp,
    },
    time::Millis,
};
use proptest::prelude::*;
use support::{SITE, World, introducing, miner, mode, restart_workers};

const SOUTH: SiteId = SiteId(2);
const KEY: KeyId = KeyId(1);
const PEOPLE: usize = 4;
const ADDRESS: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

/// Two sites with a miner each, a sub-account, and somebody who holds nothing.
fn world() -> (World, UserId) {
    let mut w = World::new(1);
    let (owner, agent, token_hash) = (w.owner, AgentId(2), "ef".repeat(32));
    w.ask(owner, Action::Control(Control::CreateSite { name: "Sur".into(), capacity_w: None }), &[]);
    let created = Control::CreateAgent { site: SOUTH, name: "south".into(), token_hash: token_hash.clone() };
    w.ask(owner, Action::Control(created), &[]);
    let ranges = vec!["10.1.0.0/24".into()];
    let scan = Control::CreateScanTask {
        agent,
        name: "all".into(),
        ranges,
        interval_s: 60,
        credentials: None,
        passwords_to_unknown: false,
    };
    w.ask(owner, Action::Control(scan), &[]);
    w.system(Command::EnrolAgent { token_hash, public_key: "ab".repeat(32) });
    w.system(Command::ReportDevices {
        agent,
        scan_task: ScanTaskId(2),
        devices: vec![miner(2)],
        heard: Default::default(),
    });
    let actor = w.actor(owner);
    w.run(&actor, Command::CreateSubAccount { name: "hosting".into() }).unwrap();
    let Reply::User(stranger) = w.operator(Command::AddUser) else { unreachable!() };
    (w, stranger)
}

/// A question, and what it comes to where the answer is yes. `exact`: every request by this permission meets the same rule.
struct Question {
    place: Place,
    action: Action,
    targets: Vec<DeviceId>,
    exact: bool,
}

fn questions(w: &World, stranger: UserId) -> Vec<Question> {
    let on = |device: u32, action: Action| {
        let place = w.state.device(DeviceId(device)).unwrap().place();
        Question { place, action, targets: vec![DeviceId(device)], exact: true }
    };
    let at = |place, control, exact| Question { place, action: Action::Control(control), targets: Vec::new(), exact };
    let account = |control, exact| at(Place::ACCOUNT, control, exact);
    let mut all = Vec::new();
    for device in [1, 2] {
        all.push(on(device, mode(PowerMode::Low)));
        all.push(on(device, Action::Device(Operation::Reboot {})));
        all.push(on(device, Action::Device(Operation::Locate { on: true })));
    }
    let Action::Control(restart) = restart_workers() else { unreachable!() };
    let agent = |site| Control::CreateAgent { site, name: "another".into(), token_hash: "cc".repeat(32) };
    all.extend([at(Place::site(SITE), restart, true), at(Place::site(SITE), agent(SITE), true)]);
    all.extend([at(Place::site(SOUTH), agent(SOUTH), true)]);
    all.push(account(Control::CreateSite { name: "Este".into(), capacity_w: None }, true));
    all.push(account(Control::FreezeAccount {}, true));
    let sub_account = SubAccountId(1);
    all.push(at(Place::sub_account(sub_account), Control::SetWallet { sub_account, address: ADDRESS.into() }, true));
    for role in [Role::Viewer, Role::Administrator] {
        all.push(account(Control::AddGrant(NewGrant::new(stranger, role, Scope::All)), false));
    }
    all.push(account(Control::SetAdministratorsManageUsers { on: true }, false));
    let permissions = [Permission::DeviceList].into();
    all.push(account(Control::CreateRole { name: "Night".into(), permissions }, false));
    for (scenario, required) in [(Scenario::FleetMode, 1), (Scenario::FleetLed, 2)] {
        let changes = vec![PolicyChange::counts(scenario, required, 0)];
        all.push(account(Control::SetPolicies { changes }, false));
    }
    for earnings in [false, true] {
        let sections = Sections { workers: true, earnings };
        all.push(account(Control::OpenObservers { sections }, false));
    }
    all
}

fn policy() -> impl Strategy<Value = (Scenario, Policy)> {
    let approvers = [Approvers::Administrators, Approvers::SiteManagement, Approvers::ActionHolders];
    let step_ups = [StepUp::None, StepUp::Recent, StepUp::Passkey];
    let counts = (1..=3_u32, 0..=1_u32, any::<bool>(), any::<bool>(), prop::bool::weighted(0.2));
    let scenario = prop::sample::select(Scenario::ALL.to_vec());
    (scenario, counts, prop::sample::select(approvers.to_vec()), prop::sample::select(step_ups.to_vec())).prop_map(
        |(scenario, (required, required_other, initiator_counts, programs_run_alone, waits), approvers, step_up)| {
            let shipped = scenario.default_policy();
            let timelock = if waits { Millis::hours(1) } else { Millis(0) };
            let set = Policy {
                version: 1,
                required,
                required_other,
                approvers,
                initiator_counts,
                programs_run_alone,
                timelock,
                step_up,
                ..shipped
            };
            (scenario, set)
        },
    )
}

fn grant() -> impl Strategy<Value = (usize, Role, Scope)> {
    let roles = [Role::Administrator, Role::SiteManager, Role::OperationsManager, Role::Technician, Role::Engineer];
    let sites = |site| Scope::Nodes([Node::Site(site)].into());
    let scopes = [Scope::All, sites(SITE), sites(SOUTH)];
    (0..PEOPLE, prop::sample::select(roles.to_vec()), prop::sample::select(scopes.to_vec()))
}

fn tell(w: &mut World, event: Event) {
    w.state.apply(&Entry { at: w.now, actor: Principal::Operator, event });
}

/// What becomes of it: whether it runs, or waits; `None` if it is refused.
fn outcome(w: &World, actor: &Actor, question: &Question) -> Result<bool, String> {
    let asked = Submission {
        id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
        action: question.action.clone(),
        targets: question.targets.clone(),
        estimates: Vec::new(),
        reason: None,
        idempotency_key: None,
    };
    let id = asked.id;
    let decided = decide(&w.state, actor, introducing(asked), w.now).map_err(|why| why.code().to_owned())?;
    let state = decided.state.request(id).unwrap().state;
    Ok(!matches!(state, RequestState::Pending | RequestState::Approved))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_verdict_says_at_once_exactly_where_a_submission_runs_at_once(
        policies in prop::collection::vec(policy(), 0..4),
        grants in prop::collection::vec(grant(), 1..8),
        opened in prop::collection::vec(any::<bool>(), PEOPLE),
        ratchet in any::<bool>(),
        closure in any::<bool>(),
        key_role in prop::sample::select(vec![Role::SiteManager, Role::Engineer]),
    ) {
        let (mut w, stranger) = world();
        let account = w.account;
        let mut actors = vec![w.actor(w.owner)];
        for _ in 0..PEOPLE {
            let Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
            actors.push(w.actor(user));
        }
        for (user, _) in actors[1..].iter().map(|actor| actor.user().unwrap()).zip(opened).filter(|(_, opened)| *opened) {
            tell(&mut w, Event::AccountOpened { account, user });
        }
        for (number, (person, role, scope)) in (100..).zip(grants) {
            let (user, grant) = (actors[1 + person].user().unwrap(), GrantId(number));
            let (role, api_access) = (role.into(), ApiAccess::None);
            tell(&mut w, Event::GrantAdded { grant, account, user, role, scope, expires_at: None, remark: None, api_access });
        }
        let (user, grant, access) = (actors[1].user().unwrap(), GrantId(200), ApiAccess::ReadWrite);
        let (role, scope) = (key_role.into(), Scope::All);
        tell(&mut w, Event::GrantAdded { grant, account, user, role, scope, expires_at: None, remark: None, api_access: access });
        let (name, secret_hash) = ("Program".into(), "ab".repeat(32));
        let (from, require_hmac, expires_at) = (Origins::Anywhere, false, None);
        tell(&mut w, Event::KeyIssued { key: KEY, account, grant, name, access, secret_hash, expires_at, from, require_hmac });
        let safeguards = Safeguards { ratchet, closure, owner_recovery: true };
        tell(&mut w, Event::SafeguardsSet { account, safeguards });
        for (scenario, policy) in policies {
            if !scenario.has_fixed_counts() {
                let version = w.state.policy(account, scenario).version + 1;
                tell(&mut w, Event::PolicySet { account, scenario, policy: Policy { version, ..policy } });
            }
        }
        let program = Actor { principal: Principal::ApiKey(KEY), ..actors[0] };
        for actor in actors.iter().chain([&program]) {
            for question in questions(&w, stranger) {
                if actor.user().is_none() && !question.action.is_for_programs() {
                    continue;
                }
                let verdict = w.state.verdict(actor, question.action.permission(), &question.place, w.now);
                let outcome = outcome(&w, actor, &question);
                let agree = match (&verdict, &outcome) {
                    (Verdict::Deny, outcome) => outcome.is_err(),
                    (Verdict::Allow { .. }, Ok(runs)) => *runs,
                    // A count that there are too few people for.
                    (Verdict::Allow { .. }, Err(code)) => matches!(code.as_str(), "out_of_range" | "would_lock_out"),
                    (Verdict::NeedsRequest { .. }, Ok(runs)) => !runs || !question.exact,
                    (Verdict::NeedsRequest { .. }, Err(_)) => true,
                };
                prop_assert!(agree, "{actor:?} {:?}: {verdict:?}, and then {outcome:?}", question.action);
            }
        }
    }
}
