//! What agents say is a claim: it moves nothing and changes nobody's rights. Who enrols one, and where its passwords go.

use crate::{
    ask, local, second_site,
    support::{self, AGENT, SITE, World, miner, mode},
    told,
};
use adit_core::{
    authz::{Actor, Node, Permission, Place, Role},
    command::{Command, Reply},
    event::Event,
    fleet::{DeviceIdentity, Ending, FoundDevice, PowerMode, TargetResult},
    ids::{AgentId, DeviceId, ScanTaskId, SiteId, UserId},
    rejection::Rejection,
    requests::{Action, Control, Decision, Passwords, RequestState, Scenario},
    time::Millis,
};
use proptest::{prelude::*, sample::Index};
use std::collections::{BTreeMap, BTreeSet};

const SOUTH: AgentId = AgentId(2);

pub fn report(w: &mut World, agent: AgentId, devices: Vec<FoundDevice>, heard: &[u32]) -> Reply {
    let heard = heard.iter().copied().map(DeviceId).collect();
    w.system(Command::ReportDevices { agent, scan_task: ScanTaskId(agent.0), devices, heard })
}

/// Where the device is and with whom.
fn held(w: &World, device: u32) -> (SiteId, AgentId) {
    let device = w.state.device(DeviceId(device)).unwrap();
    (device.site, device.agent)
}

fn claimants(w: &World, device: u32) -> Vec<AgentId> {
    let mut agents: Vec<_> = w.state.claims_on(DeviceId(device)).iter().map(|claim| claim.agent).collect();
    agents.dedup();
    agents
}

/// Another agent on the first site, with a scan task of its own.
pub fn second_agent(w: &mut World) -> AgentId {
    let (owner, other, token_hash) = (w.owner, AgentId(2), "ef".repeat(32));
    ask(w, owner, Control::CreateAgent { site: SITE, name: "other".into(), token_hash: token_hash.clone() });
    let ranges = vec!["10.0.1.0/24".into()];
    let (name, credentials, passwords_to_unknown) = ("more".into(), None, false);
    let scan =
        Control::CreateScanTask { agent: other, name, ranges, interval_s: 60, credentials, passwords_to_unknown };
    ask(w, owner, scan);
    w.system(Command::EnrolAgent { token_hash, public_key: "ab".repeat(32) });
    other
}

pub fn moves(devices: &[u32], agent: AgentId) -> Action {
    let devices = devices.iter().copied().map(DeviceId).collect();
    Action::Control(Control::MoveDevices { devices, agent })
}

/// The fourth case of the first attack: an agent of an empty site sweeps another site's range, and its site's people then reboot
/// what it has found.
#[test]
fn e110_an_agent_of_another_site_that_reports_devices_gets_none_of_them() {
    let mut w = World::new(3);
    let south = second_site(&mut w, 50, 0);
    let manager = local(&mut w, Role::SiteManager, south);
    report(&mut w, SOUTH, (1..=3).map(miner).collect(), &[]);
    assert_eq!([1, 2, 3].map(|device| held(&w, device)), [(SITE, AGENT); 3]);
    let why = w.try_ask(manager, Action::Device(adit_core::fleet::Operation::Reboot {}), &[1]).unwrap_err();
    assert_eq!(why, Rejection::NotFound { what: "device" });
    assert_eq!([1, 2, 3].map(|device| claimants(&w, device)), [[SOUTH]; 3].map(Vec::from), "it stands as a conflict");
    let known: Vec<_> = w.state.conflicts_of(w.account).map(|(device, _)| device.id.0).collect();
    assert_eq!(known, [1, 2, 3]);

    let owner = w.owner;
    let id = w.ask(owner, mode(PowerMode::Sleep), &[1]);
    let agents: Vec<_> = w.state.open_work(id).iter().map(adit_core::requests::Approved::agent).collect();
    assert_eq!(agents, [AGENT], "orders go where they went");

    let said = w.log.len();
    report(&mut w, SOUTH, (1..=3).map(miner).collect(), &[]);
    assert_eq!(w.log.len(), said, "said once, until somebody settles it");
}

#[test]
fn e111_a_move_takes_the_permission_at_both_places_and_settles_the_conflict() {
    let mut w = World::new(3);
    let south = second_site(&mut w, 50, 1);
    let [here, there] = [SITE, south].map(|site| local(&mut w, Role::SiteManager, site));
    let (owner, actor) = (w.owner, w.actor(w.owner));
    w.run(&actor, Command::CreateContainer { site: SITE, name: "C-1".into() }).unwrap();
    let container = adit_core::ids::ContainerId(1);
    ask(&mut w, owner, Control::PlaceDevices { devices: vec![DeviceId(1)], container: Some(container) });
    let never_seen = w.try_ask(owner, moves(&[1], SOUTH), &[]).unwrap_err();
    assert!(never_seen.to_string().contains("has not been reported by that agent"), "{never_seen}");

    let mut seen = miner(1);
    seen.ip = [10, 1, 0, 77].into();
    report(&mut w, SOUTH, vec![seen], &[]);
    for user in [here, there] {
        let why = w.try_ask(user, moves(&[1], SOUTH), &[]).unwrap_err();
        assert_eq!(why.status(), 404, "neither end alone: {why}");
    }
    let asked = w.ask(owner, mode(PowerMode::Sleep), &[1]);
    assert_eq!(w.try_ask(owner, moves(&[1], SOUTH), &[]).unwrap_err().code(), "device_busy");
    w.finish(asked, Ending::Verified);

    let id = w.ask(owner, moves(&[1], SOUTH), &[]);
    assert_eq!((w.state_of(id), held(&w, 1)), (RequestState::Executed, (south, SOUTH)));
    let device = w.state.device(DeviceId(1)).unwrap();
    assert_eq!((device.container, device.found.ip, device.scan_task), (None, [10, 1, 0, 77].into(), ScanTaskId(2)));
    assert!(claimants(&w, 1).is_empty());
    assert_eq!(w.state.devices_in(w.account, Node::Site(south)).len(), 2);

    // The agent that had it sees it again: now it is that one's word against this one's, and staying settles it, too.
    report(&mut w, AGENT, vec![miner(1)], &[]);
    assert_eq!((held(&w, 1), claimants(&w, 1)), ((south, SOUTH), vec![AGENT]));
    w.ask(there, moves(&[1], SOUTH), &[]);
    assert_eq!((held(&w, 1), claimants(&w, 1)), ((south, SOUTH), vec![]));
}

#[test]
fn e111_approvers_of_a_move_have_a_say_at_both_ends() {
    let mut w = World::new(2);
    let south = second_site(&mut w, 50, 0);
    let [here, there] = [SITE, south].map(|site| local(&mut w, Role::SiteManager, site));
    let administrator = w.person(Role::Administrator);
    let owner = w.owner;
    ask(&mut w, owner, crate::counts(Scenario::FleetInventory, 2));
    report(&mut w, SOUTH, vec![miner(1)], &[]);
    let id = w.ask(owner, moves(&[1], SOUTH), &[]);
    assert_eq!(w.vote(here, id, Decision::Approve).unwrap_err().code(), "not_an_approver");
    assert_eq!(w.vote(there, id, Decision::Approve).unwrap_err().code(), "conflict_of_interest", "it gives them one");
    w.vote(administrator, id, Decision::Approve).unwrap();
    assert_eq!(held(&w, 1), (south, SOUTH));
}

#[test]
fn e112_within_a_site_another_agent_takes_over_only_what_its_own_no_longer_hears() {
    let mut w = World::new(2);
    let (owner, other) = (w.owner, second_agent(&mut w));
    report(&mut w, other, vec![miner(1), miner(2)], &[1]);
    assert_eq!((held(&w, 1), held(&w, 2)), ((SITE, AGENT), (SITE, other)));
    assert_eq!((claimants(&w, 1), claimants(&w, 2)), (vec![other], vec![]));
    report(&mut w, other, vec![miner(1)], &[]);
    assert_eq!((held(&w, 1), claimants(&w, 1)), ((SITE, other), vec![]), "it is not heard any more");
    ask(&mut w, owner, Control::RevokeAgent { agent: AGENT });
    assert!(w.state.conflicts_of(w.account).next().is_none());
}

#[test]
fn e112_a_claim_ends_with_the_sweep_that_made_it_and_with_the_site_of_its_device() {
    let mut w = World::new(2);
    let owner = w.owner;
    let south = second_site(&mut w, 50, 1);
    report(&mut w, SOUTH, vec![miner(1)], &[]);
    report(&mut w, AGENT, vec![miner(50)], &[]);
    assert_eq!((claimants(&w, 1), claimants(&w, 3)), (vec![SOUTH], vec![AGENT]));
    ask(&mut w, owner, Control::RemoveSite { site: south, name: "Sur".into() });
    assert!(w.state.conflicts_of(w.account).next().is_none() && w.state.claims_on(DeviceId(3)).is_empty());
    // What went with its site is found anew, with nothing of what it was.
    report(&mut w, AGENT, vec![miner(50)], &[]);
    assert_eq!((held(&w, 4), w.state.device(DeviceId(3))), ((SITE, AGENT), None));
}

/// A MAC of one device with another's serial number says of one of them what is not so.
#[test]
fn e112_a_report_that_mixes_two_devices_takes_nothing_over() {
    let mut w = World::new(0);
    second_site(&mut w, 50, 0);
    let with_serial = |number: u32, serial: &str| {
        let mut found = miner(number);
        found.identity.serial = Some(serial.into());
        found
    };
    report(&mut w, AGENT, vec![with_serial(1, "SN-1"), with_serial(2, "SN-2")], &[]);
    report(&mut w, SOUTH, vec![with_serial(9, "SN-9"), with_serial(9, "SN-1"), with_serial(1, "SN-9")], &[]);
    let identity = |serial: &str| adit_core::fleet::DeviceIdentity { mac: None, serial: Some(serial.into()) };
    let known = |serial: &str| w.state.device_by_identity(w.account, &identity(serial)).map(|device| device.agent);
    assert_eq!(["SN-1", "SN-2", "SN-9"].map(known), [Some(AGENT), Some(AGENT), Some(SOUTH)]);
    assert_eq!(claimants(&w, 1), [SOUTH]);
}

#[test]
fn e113_an_enrolment_token_is_good_for_a_day_and_another_can_be_issued() {
    let mut w = World::new(0);
    let owner = w.owner;
    let system = Actor::system(w.account);
    let enrol = |token: &str| Command::EnrolAgent { token_hash: token.repeat(32), public_key: "ab".repeat(32) };
    ask(&mut w, owner, Control::CreateAgent { site: SITE, name: "second".into(), token_hash: "ef".repeat(32) });
    w.now = w.now.after(Millis::hours(24));
    let why = w.run(&system, enrol("ef")).unwrap_err();
    assert_eq!((why.code(), why.status()), ("enrolment_token_ended", 410));
    assert!(why.to_string().contains("another one issued"), "{why}");
    let other = Control::ReissueAgentToken { agent: AgentId(2), token_hash: "ef".repeat(32) };
    assert_eq!(w.try_ask(owner, Action::Control(other), &[]).unwrap_err().code(), "invalid", "not the same again");
    ask(&mut w, owner, Control::ReissueAgentToken { agent: AgentId(2), token_hash: "fe".repeat(32) });
    assert_eq!(w.run(&system, enrol("ef")).unwrap_err().code(), "not_found");
    w.now = adit_core::time::Timestamp(w.now.after(Millis::hours(24)).0 - 1);
    assert_eq!(w.run(&system, enrol("fe")).unwrap(), Reply::Agent(AgentId(2)));
    let again = Control::ReissueAgentToken { agent: AgentId(2), token_hash: "aa".repeat(32) };
    assert_eq!(w.try_ask(owner, Action::Control(again), &[]).unwrap_err().code(), "invalid", "it has a key");
}

#[test]
fn e113_making_and_revoking_an_agent_takes_a_fresh_proof() {
    let mut w = World::new(0);
    let owner = w.owner;
    let stale = Actor { authenticated_at: adit_core::time::Timestamp(0), ..w.actor(owner) };
    let create = Control::CreateAgent { site: SITE, name: "second".into(), token_hash: "ef".repeat(32) };
    for control in [create, Control::RevokeAgent { agent: AGENT }] {
        let submission = crate::submission(&mut w, Action::Control(control), &[]);
        let why = w.run(&stale, Command::Submit(submission)).unwrap_err();
        assert_eq!(why.code(), "step_up_required");
    }
}

/// The task's passwords after a change of its ranges and of where they may be sent; none if it is refused.
fn kept(from: (&str, bool), to: (&str, bool), passwords: Passwords) -> Option<String> {
    let mut w = World::new(0);
    let owner = w.owner;
    let change = |(range, passwords_to_unknown): (&str, bool), passwords| Control::ChangeScanTask {
        scan_task: ScanTaskId(1),
        name: "all".into(),
        ranges: vec![range.into()],
        interval_s: 60,
        enabled: true,
        passwords_to_unknown,
        passwords,
    };
    ask(&mut w, owner, change(from, Passwords::Sealed("ab".repeat(16))));
    let action = Action::Control(change(to, passwords));
    match w.try_ask(owner, action, &[]) {
        Ok(_) => w.state.scan_task(ScanTaskId(1)).unwrap().credentials.clone(),
        Err(why) => {
            assert!(matches!(why, Rejection::Invalid { field: "passwords", .. }), "{why}");
            None
        }
    }
}

#[test]
fn e114_passwords_go_no_further_than_whoever_typed_them_said() {
    let old = Some("ab".repeat(16));
    let keep = |from, to| kept(from, to, Passwords::Keep);
    assert_eq!(keep(("10.0.0.0/24", false), ("10.0.0.0-127", false)), old, "less");
    assert_eq!(keep(("10.0.0.0/24", true), ("10.0.0.0-255", false)), old, "the same in other words");
    assert_eq!(keep(("10.0.0.0/24", false), ("10.0.0.0-10.0.1.0", false)), None, "one address more");
    assert_eq!(keep(("10.0.0.0/24", false), ("10.9.0.1", false)), None, "elsewhere");
    assert_eq!(keep(("10.0.0.0/24", false), ("10.0.0.0/24", true)), None, "to whoever answers");
    assert_eq!(kept(("10.0.0.0/24", false), ("10.9.0.0/24", false), Passwords::None), None, "said to be none");
    let typed = Passwords::Sealed("cd".repeat(16));
    assert_eq!(kept(("10.0.0.0/24", false), ("10.9.0.0/24", true), typed), Some("cd".repeat(16)));
}

/// A result of an agent that does not hold the order changes nothing and is counted.
#[test]
fn e114_a_result_is_taken_only_from_who_holds_the_order() {
    let mut w = World::new(2);
    second_site(&mut w, 50, 0);
    let owner = w.owner;
    let id = w.ask(owner, mode(PowerMode::Sleep), &[1, 2]);
    let results = |w: &World| -> Vec<_> {
        let work = w.state.open_work(id);
        work.iter().map(|item| (item.command(), TargetResult::of(Ending::Verified, "seen"))).collect()
    };
    let told_of = results(&w);
    let said = w.system(Command::ReportResults { agent: SOUTH, results: told_of.clone() });
    assert_eq!(said, Reply::Taken { left_out: 2 });
    assert_eq!((told(&w, |event| matches!(event, Event::ItemsEnded { .. })), w.request(id).open_items), (0, 2));
    assert_eq!(
        w.system(Command::ReportResults { agent: AGENT, results: told_of.clone() }),
        Reply::Taken { left_out: 0 }
    );
    assert_eq!(w.state_of(id), RequestState::Executed);
    let again = w.system(Command::ReportResults { agent: AGENT, results: told_of });
    assert_eq!(again, Reply::Taken { left_out: 0 }, "a repetition is no offence");
}

type Reach = BTreeMap<(UserId, DeviceId), BTreeSet<Permission>>;

fn reach(w: &World) -> Reach {
    let holds = |user, place: &Place| -> BTreeSet<_> {
        let rights = w.state.rights_of_user(w.account, user);
        Permission::all().filter(|permission| rights.allow(*permission, place, w.now)).collect()
    };
    let users: Vec<_> = w.state.people_of(w.account).collect();
    let pairs = w.state.devices().flat_map(|device| users.iter().map(move |user| (*user, device)));
    pairs.map(|(user, device)| ((user, device.id), holds(user, &device.place()))).collect()
}

fn any_found() -> impl Strategy<Value = FoundDevice> {
    let host = proptest::option::weighted(0.7, 1..250_u8);
    (proptest::option::weighted(0.8, 1..8_u32), proptest::option::weighted(0.5, 1..8_u32), host, any::<bool>())
        .prop_map(|(mac, serial, host, other_model)| {
            let mut found = support::miner(mac.unwrap_or_default());
            found.identity.mac = found.identity.mac.filter(|_| mac.is_some());
            found.identity.serial = serial.map(|serial| format!("SN-{serial}"));
            found.ip = host.map_or(found.ip, |host| [10, 0, 7, host].into());
            if other_model {
                found.model = "M50".into();
            }
            found
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever agents report, in any order: nothing that is known moves, nobody gains or loses anything on it, who holds it
    /// within its site changes only if it is not heard, and so does its address.
    #[test]
    fn reports_move_nothing_and_change_nobodys_rights(
        reports in proptest::collection::vec(
            (0..2_usize, proptest::collection::vec(any_found(), 1..6), proptest::collection::vec(any::<Index>(), 0..4)),
            1..12,
        ),
    ) {
        let mut w = World::new(4);
        let owner = w.owner;
        let south = second_site(&mut w, 4, 3);
        for (site, role) in [(SITE, Role::SiteManager), (south, Role::SiteManager), (south, Role::RepairTechnician)] {
            local(&mut w, role, site);
        }
        let actor = w.actor(owner);
        w.run(&actor, Command::CreateContainer { site: SITE, name: "C-1".into() }).unwrap();
        w.run(&actor, Command::CreateSubAccount { name: "client".into() }).unwrap();
        let (devices, container) = (vec![DeviceId(1), DeviceId(2)], Some(adit_core::ids::ContainerId(1)));
        ask(&mut w, owner, Control::PlaceDevices { devices: devices.clone(), container });
        ask(&mut w, owner, Control::AssignDevices { devices: devices.clone(), sub_account: Some(adit_core::ids::SubAccountId(1)) });
        ask(&mut w, owner, Control::CreateGroup { name: "Row".into(), devices });
        for (agent, found, heard) in reports {
            let agent = [AGENT, SOUTH][agent];
            let places: Vec<_> = w.state.devices().map(|d| (d.id, d.place(), d.agent, d.found.ip)).collect();
            let before = reach(&w);
            let heard: Vec<_> = heard.iter().map(|at| places[at.index(places.len())].0.0).collect();
            report(&mut w, agent, found, &heard);
            let after = reach(&w);
            for (id, place, holder, ip) in places {
                let device = w.state.device(id).unwrap();
                prop_assert_eq!(device.place(), place, "{} has moved", id);
                prop_assert_eq!(device.agent, holder, "{} is on the site of one agent only", id);
                prop_assert!(device.found.ip == ip || !heard.contains(&id.0), "{} answers at {}", id, ip);
            }
            prop_assert!(before.iter().all(|(at, held)| after.get(at) == Some(held)), "somebody's rights have changed");
            let replayed = w.log.iter().fold(adit_core::state::State::default(), |mut state, entry| {
                state.apply(entry);
                state
            });
            prop_assert_eq!(&replayed, &w.state);
        }
        for (device, claims) in w.state.conflicts_of(w.account) {
            let said: BTreeSet<_> = claims.iter().map(|claim| (claim.agent, claim.ip)).collect();
            prop_assert!(!said.contains(&(device.agent, device.found.ip)), "{} is there: {:?}", device.id, claims);
            prop_assert!(said.len() == claims.len() && (1..=8).contains(&said.len()), "{:?}", claims);
        }
    }
}

/// What the account knows, one line a device.
fn known_identities(w: &World, from: u32) -> Vec<(Option<String>, Option<String>)> {
    let devices = w.state.devices().filter(|device| device.id.0 > from);
    devices.map(|device| (device.found.identity.mac.clone(), device.found.identity.serial.clone())).collect()
}

#[test]
fn e131_devices_that_share_a_value_which_identifies_none_are_two() {
    let mut w = World::new(1);
    let with = |n: u32, mac: &str, serial: &str| {
        let mut found = miner(n);
        found.identity = DeviceIdentity { mac: Some(mac.into()), serial: Some(serial.into()) };
        found
    };
    let zero = "00:00:00:00:00:00";
    for _ in 0..2 {
        report(&mut w, AGENT, vec![with(21, zero, "S21"), with(22, zero, "S22"), with(23, zero, "N/A")], &[]);
    }
    assert_eq!(known_identities(&w, 1), [(None, Some("S21".into())), (None, Some("S22".into()))]);
    // A MAC of their own kind, in two machines: the first keeps it, the second goes by its serial number.
    let shared = "02:ad:99:00:00:01";
    report(&mut w, AGENT, vec![with(31, shared, "S31")], &[]);
    for _ in 0..2 {
        report(&mut w, AGENT, vec![with(32, shared, "S32"), with(31, shared, "S31")], &[4]);
    }
    assert_eq!(known_identities(&w, 3), [(Some(shared.into()), Some("S31".into())), (None, Some("S32".into()))]);
}

#[test]
fn e132_a_report_with_less_in_it_takes_nothing_away() {
    let mut w = World::new(1);
    let known = w.state.device(DeviceId(1)).unwrap().found.clone();
    let poorer = FoundDevice {
        model: String::new(),
        supports: Vec::new(),
        modes: Vec::new(),
        mode_power: Default::default(),
        expected_hashrate_ghs: None,
        ..known.clone()
    };
    report(&mut w, AGENT, vec![poorer], &[]);
    assert_eq!(w.state.device(DeviceId(1)).unwrap().found, known);
}
