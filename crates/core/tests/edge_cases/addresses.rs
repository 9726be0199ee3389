//! One identity at two addresses: who answers where a device is known is the device, and everybody else says that they are.

use crate::{
    agents::{moves, report, second_agent},
    approve, ask, company, counts, second_site,
    support::{AGENT, World, miner},
    told,
};
use adit_core::{
    event::Event,
    fleet::{DeviceIdentity, FoundDevice},
    ids::{AgentId, DeviceId},
    requests::{
        Control, RequestState, Scenario,
        rendering::{Field, Renderer, Value},
    },
};
use std::net::IpAddr;

/// The machine of that number, or another with its MAC, at another address than its own.
fn at(number: u32, host: u8) -> FoundDevice {
    FoundDevice { ip: address(host), ..miner(number) }
}

fn address(host: u8) -> IpAddr {
    [10, 0, 9, host].into()
}

fn followed(w: &World, device: u32) -> (AgentId, IpAddr) {
    let device = w.state.device(DeviceId(device)).unwrap();
    (device.agent, device.found.ip)
}

fn claims(w: &World, device: u32) -> Vec<(AgentId, IpAddr)> {
    w.state.claims_on(DeviceId(device)).iter().map(|claim| (claim.agent, claim.ip)).collect()
}

#[test]
fn e133_a_machine_with_a_copied_mac_takes_nobodys_row_over() {
    let mut w = World::new(2);
    let own = miner(1).ip;
    report(&mut w, AGENT, vec![at(1, 1), miner(1)], &[1, 2]);
    assert_eq!((followed(&w, 1), claims(&w, 1)), ((AGENT, own), vec![(AGENT, address(1))]));
    assert_eq!(w.state.conflicts_of(w.account).count(), 1, "and nothing is said of the other");
    let said = w.log.len();
    report(&mut w, AGENT, vec![at(1, 1), miner(1)], &[1, 2]);
    assert_eq!(w.log.len(), said, "said once, until somebody settles it");
    // What is new about the device itself is taken, and settles nothing.
    report(&mut w, AGENT, vec![FoundDevice { firmware: "v3".into(), ..miner(1) }], &[1]);
    assert_eq!(w.state.device(DeviceId(1)).unwrap().found.firmware, "v3");
    assert_eq!((followed(&w, 1), claims(&w, 1)), ((AGENT, own), vec![(AGENT, address(1))]));
}

#[test]
fn e133_a_device_is_followed_once_it_is_silent_where_it_was() {
    let mut w = World::new(1);
    let own = miner(1).ip;
    for host in [1, 2] {
        report(&mut w, AGENT, vec![at(1, host)], &[1]);
    }
    report(&mut w, AGENT, vec![at(1, 2)], &[]);
    assert_eq!(followed(&w, 1), (AGENT, address(2)));
    assert_eq!(claims(&w, 1), [(AGENT, address(1))], "what was said of that address is settled, and no more");
    report(&mut w, AGENT, vec![miner(1)], &[1]);
    assert_eq!(followed(&w, 1), (AGENT, address(2)), "whoever is there now is believed as long as it answers");
    assert_eq!(claims(&w, 1), [(AGENT, address(1)), (AGENT, own)]);
    report(&mut w, AGENT, vec![miner(1)], &[]);
    assert_eq!((followed(&w, 1), claims(&w, 1)), ((AGENT, own), vec![(AGENT, address(1))]));
}

#[test]
fn e133_keeping_a_device_that_its_own_agent_sees_twice_leaves_it_where_it_is() {
    let mut w = World::new(1);
    let owner = w.owner;
    let refused = w.try_ask(owner, moves(&[1], AGENT), &[]).unwrap_err();
    assert_eq!(refused.code(), "invalid", "there is nothing to settle");
    report(&mut w, AGENT, vec![at(1, 1)], &[1]);
    let before = w.state.device(DeviceId(1)).unwrap().clone();
    let id = w.ask(owner, moves(&[1], AGENT), &[]);
    assert_eq!((w.state_of(id), claims(&w, 1)), (RequestState::Executed, vec![]));
    assert_eq!(*w.state.device(DeviceId(1)).unwrap(), before);
    report(&mut w, AGENT, vec![at(1, 1)], &[1]);
    assert_eq!(claims(&w, 1), [(AGENT, address(1))], "whoever is still there is seen again");
}

#[test]
fn e134_what_was_asked_of_a_disputed_device_ends_once_another_address_is_followed() {
    let (mut w, [one]) = company::<1>();
    let (owner, own) = (w.owner, miner(1).ip);
    ask(&mut w, owner, counts(Scenario::FleetInventory, 2));
    report(&mut w, AGENT, vec![at(1, 1)], &[1]);
    let kept = w.ask(owner, moves(&[1], AGENT), &[]);
    let shown = |field| {
        let rows = Renderer::new(&w.state, false).of_request(w.request(kept));
        rows.into_iter().find(|row| row.field == field).map(|row| row.new)
    };
    assert_eq!(shown(Field::FollowedAt), Some(Value::Ranges(vec![own.to_string()])));
    assert_eq!(shown(Field::AlsoSeenAt), Some(Value::Ranges(vec![address(1).to_string()])));
    report(&mut w, AGENT, vec![at(1, 1)], &[]);
    report(&mut w, AGENT, vec![miner(1)], &[1]);
    assert_eq!((followed(&w, 1), claims(&w, 1)), ((AGENT, address(1)), vec![(AGENT, own)]));
    approve(&mut w, one, kept);
    assert_eq!(w.state_of(kept), RequestState::Invalidated);
    assert_eq!(w.request(kept).state_reason.as_deref(), Some("stale_base"));
    assert_eq!(followed(&w, 1), (AGENT, address(1)));
}

#[test]
fn e133_what_one_agent_says_hides_nothing_that_another_says() {
    let mut w = World::new(1);
    let other = second_agent(&mut w);
    let many = |hosts: std::ops::Range<u8>| hosts.map(|host| at(1, host)).collect::<Vec<_>>();
    report(&mut w, AGENT, many(1..200), &[1]);
    assert_eq!(claims(&w, 1), (1..5).map(|host| (AGENT, address(host))).collect::<Vec<_>>());
    report(&mut w, other, vec![at(1, 100), at(1, 101)], &[1]);
    assert_eq!(claims(&w, 1)[4..], [(other, address(100)), (other, address(101))]);
    assert_eq!(told(&w, |event| matches!(event, Event::DevicesClaimed { .. })), 2);

    // The other takes it over where it sees it; what both say of other addresses stands.
    report(&mut w, other, vec![at(1, 100)], &[]);
    assert_eq!((followed(&w, 1), claims(&w, 1).len()), ((other, address(100)), 5));
    assert!(!claims(&w, 1).contains(&(other, address(100))));
    report(&mut w, AGENT, vec![at(1, 100)], &[1]);
    assert_eq!(claims(&w, 1).len(), 5, "it has said as much as it may");
    let owner = w.owner;
    w.ask(owner, moves(&[1], AGENT), &[]);
    assert_eq!((followed(&w, 1), claims(&w, 1)), ((AGENT, address(4)), vec![]), "where it was claimed last");
}

#[test]
fn e133_another_sites_agent_claims_every_address_at_which_it_sees_the_device() {
    let mut w = World::new(1);
    second_site(&mut w, 50, 0);
    let south = AgentId(2);
    report(&mut w, AGENT, vec![at(1, 1)], &[1]);
    report(&mut w, south, vec![miner(1), at(1, 7)], &[]);
    let own = miner(1).ip;
    assert_eq!(claims(&w, 1), [(AGENT, address(1)), (south, own), (south, address(7))]);
    let owner = w.owner;
    ask(&mut w, owner, Control::RevokeAgent { agent: south });
    assert_eq!(claims(&w, 1), [(AGENT, address(1))]);
}

/// It has a row of its own, so it needs nobody else's when the one with that MAC falls silent.
#[test]
fn e133_a_machine_with_a_copied_mac_that_goes_by_its_serial_number_stays_what_it_is() {
    let mut w = World::new(1);
    let with = |host: u8, serial: &str| {
        let identity = DeviceIdentity { serial: Some(serial.into()), ..miner(7).identity };
        FoundDevice { identity, ..at(7, host) }
    };
    report(&mut w, AGENT, vec![with(1, "S1")], &[]);
    report(&mut w, AGENT, vec![with(2, "S2")], &[2]);
    assert_eq!([2, 3].map(|device| followed(&w, device).1), [1, 2].map(address));
    let said = w.log.len();
    report(&mut w, AGENT, vec![with(2, "S2")], &[]);
    assert_eq!((w.log.len(), followed(&w, 2).1), (said, address(1)));
    report(&mut w, AGENT, vec![with(3, "S2")], &[]);
    assert_eq!([2, 3].map(|device| followed(&w, device).1), [1, 3].map(address));
    assert!(w.state.conflicts_of(w.account).next().is_none());
}
