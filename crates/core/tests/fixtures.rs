//! Logs written once are read for ever. `fixtures/events.jsonl` is a small company's log with every event in every version
//! there ever was; its lines are only ever added to, never changed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use adit_core::{
    event::{Entry, Event},
    requests::RequestState,
    state::State,
};
use serde_json::Value;
use std::collections::BTreeSet;

const LINES: &str = include_str!("fixtures/events.jsonl");

/// An event that is new does not compile here: give it a number, and lines at the end of the file.
const fn number(event: &Event) -> usize {
    match event {
        Event::AccountCreated { .. } => 0,
        Event::UserAdded { .. } => 1,
        Event::UserRemoved { .. } => 2,
        Event::GrantAdded { .. } => 3,
        Event::GrantRemoved { .. } => 4,
        Event::PolicySet { .. } => 5,
        Event::AccountFrozen { .. } => 6,
        Event::AccountUnfrozen { .. } => 7,
        Event::GovernanceDegraded { .. } => 8,
        Event::SiteCreated { .. } => 9,
        Event::AgentCreated { .. } => 10,
        Event::AgentEnrolled { .. } => 11,
        Event::ScanTaskCreated { .. } => 12,
        Event::DevicesFound { .. } => 13,
        Event::DevicesChanged { .. } => 14,
        Event::DraftPut { .. } => 15,
        Event::DraftTaken { .. } => 16,
        Event::DraftClosed { .. } => 17,
        Event::DraftSubmitted { .. } => 18,
        Event::RequestSubmitted { .. } => 19,
        Event::TargetsDropped { .. } => 20,
        Event::VoteCast { .. } => 21,
        Event::VoteWithdrawn { .. } => 22,
        Event::RequestApproved { .. } => 23,
        Event::RequestReturned { .. } => 24,
        Event::RequestExecuting { .. } => 25,
        Event::ItemsEnded { .. } => 26,
        Event::RequestEnded { .. } => 27,
        Event::GrantChanged { .. } => 28,
        Event::UserSuspended { .. } => 29,
        Event::UserUnsuspended { .. } => 30,
        Event::RoleSet { .. } => 31,
        Event::RoleDeleted { .. } => 32,
        Event::AdministratorsManageUsersSet { .. } => 33,
        Event::ContainerCreated { .. } => 34,
        Event::SubAccountCreated { .. } => 35,
        Event::DevicesPlaced { .. } => 36,
        Event::DevicesAssigned { .. } => 37,
        Event::KeyIssued { .. } => 38,
        Event::KeyRevoked { .. } => 39,
        Event::GovernanceRestored { .. } => 40,
        Event::RecoveryUsed { .. } => 41,
        Event::RecoveryReviewed { .. } => 42,
        Event::OwnershipTransferred { .. } => 43,
        Event::OfferAccepted { .. } => 44,
        Event::AccountDeletionBegun { .. } => 45,
        Event::AccountDeletionUndone { .. } => 46,
        Event::AccountDeleted { .. } => 47,
        Event::GroupSet { .. } => 48,
        Event::GroupDeleted { .. } => 49,
        Event::RequestCommented { .. } => 50,
        Event::SafeguardsSet { .. } => 51,
        Event::WebhookSet { .. } => 52,
        Event::WebhookSecretRotated { .. } => 53,
        Event::WebhookDisabled { .. } => 54,
        Event::WebhookRemoved { .. } => 55,
        Event::SiteChanged { .. } => 56,
        Event::SiteRemoved { .. } => 57,
        Event::AgentChanged { .. } => 58,
        Event::AgentRevoked { .. } => 59,
        Event::ScanTaskChanged { .. } => 60,
        Event::ScanTaskRemoved { .. } => 61,
        Event::ContainerRenamed { .. } => 62,
        Event::ContainerRemoved { .. } => 63,
        Event::SubAccountRenamed { .. } => 64,
        Event::SubAccountRemoved { .. } => 65,
        Event::WalletSet { .. } => 66,
        Event::AllocationSet { .. } => 67,
        Event::EarningsSettled { .. } => 68,
        Event::ObserverLinkIssued { .. } => 69,
        Event::ObserverLinkNarrowed { .. } => 70,
        Event::ObserverLinkRevoked { .. } => 71,
        Event::ObserversOpened { .. } => 72,
        Event::ObserversProtected { .. } => 73,
        Event::SitePolicyTold { .. } => 74,
        Event::AccountRenamed { .. } => 75,
        Event::StateHashed { .. } => 76,
        Event::KeyChanged { .. } => 77,
        Event::KeyRotated { .. } => 78,
        Event::EmailVerified { .. } => 79,
        Event::SignInChanged { .. } => 80,
        Event::KeysReleased { .. } => 81,
        Event::AccountOpened { .. } => 82,
        Event::SecondFactorRequired { .. } => 83,
        Event::AgentTokenReissued { .. } => 84,
        Event::DevicesClaimed { .. } => 85,
        Event::DevicesMoved { .. } => 86,
        Event::PowerMeasured { .. } => 87,
    }
}

/// How many numbers there are.
const EVENTS: usize = 88;

fn entries() -> impl Iterator<Item = (usize, &'static str, Entry)> {
    (1..).zip(LINES.lines()).map(|(line, text)| {
        let entry = serde_json::from_str(text);
        (line, text, entry.unwrap_or_else(|error| panic!("line {line} can no longer be read: {error}")))
    })
}

#[test]
fn every_event_has_a_line() {
    let seen: BTreeSet<_> = entries().map(|(_, _, entry)| number(&entry.event)).collect();
    let missing: Vec<_> = (0..EVENTS).filter(|number| !seen.contains(number)).collect();
    assert!(missing.is_empty(), "no line for {missing:?}");
    assert_eq!(seen.len(), EVENTS);
}

#[test]
fn every_line_is_written_again_as_it_was() {
    for (line, text, entry) in entries() {
        let was: Value = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_value(&entry).unwrap(), was, "line {line}");
    }
}

#[test]
fn the_lines_add_up_to_what_they_did() {
    let mut state = State::default();
    for (_, _, entry) in entries() {
        state.apply(&entry);
    }
    assert_eq!(state.seq() as usize, LINES.lines().count());
    assert_eq!((state.accounts().count(), state.devices().count(), state.requests().count()), (2, 3, 36));
    assert!(state.requests().all(|request| request.payload.content_hash() == request.content_hash));
    let count = |wanted| state.requests().filter(|request| request.state == wanted).count();
    let ends = [RequestState::Executed, RequestState::Failed, RequestState::PartiallyExecuted, RequestState::Rejected];
    assert_eq!(ends.map(count), [29, 4, 0, 1]);
    assert!(state.open_requests().next().is_none());
    let replay: State = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
    assert_eq!(replay.restored(), state);
}
