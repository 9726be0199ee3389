//! What if somebody left, or counts were others: what is foretold is what the engine then does.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Node, Principal, Role, Scope},
    command::{Command, Reply},
    event::{Entry, Event},
    ids::UserId,
    requests::{
        Action, Control, Decision, Forecast, NewGrant, PolicyChange, Preset, Prospect, RequestState, Scenario, StepUp,
        Supposition, Warning,
    },
    time::Millis,
};
use support::{SITE, World};

fn company<const N: usize>() -> (World, [UserId; N]) {
    let mut w = World::new(1);
    let administrators = [Role::Administrator; N].map(|role| w.person(role));
    (w, administrators)
}

fn forecast(w: &World, supposed: &Supposition) -> Forecast {
    w.state.forecast(&w.actor(w.owner), supposed, w.now).unwrap()
}

fn left(user: UserId) -> Supposition {
    Supposition { leave: [user].into(), ..Supposition::default() }
}

fn of(prospects: &[Prospect], scenario: Scenario) -> &Prospect {
    prospects.iter().find(|prospect| prospect.scenario == scenario).unwrap()
}

fn counts(required: u32) -> Vec<PolicyChange> {
    vec![PolicyChange::counts(Scenario::AccountUnfreeze, required, 0)]
}

#[test]
fn who_counts_and_who_does_not_is_told_with_what_to_know() {
    let (mut w, [one]) = company::<1>();
    let Reply::User(local) = w.operator(Command::AddUser) else { unreachable!() };
    let Reply::User(guest) = w.operator(Command::AddUser) else { unreachable!() };
    let there = NewGrant::new(local, Role::Administrator, Scope::Nodes([Node::Site(SITE)].into()));
    let owner = w.owner;
    w.ask(owner, Action::Control(Control::AddGrant(there)), &[]);
    let soon = Some(w.now.after(Millis::days(1)));
    let visiting = NewGrant { expires_at: soon, ..NewGrant::new(guest, Role::Administrator, Scope::All) };
    w.ask(owner, Action::Control(Control::AddGrant(visiting)), &[]);
    let prospects = w.state.prospects(w.account, w.now);
    let unfreeze = of(&prospects, Scenario::AccountUnfreeze);
    assert_eq!((&unfreeze.approvers, &unfreeze.limited), (&[owner, one].into(), &[local, guest].into()));
    assert_eq!((unfreeze.spare, unfreeze.can_be_met(), unfreeze.warnings.as_slice()), (1, true, [].as_slice()));
    let restart = of(&prospects, Scenario::FleetRestartWorkers);
    assert_eq!(restart.warnings, [Warning::NoSpareApprover], "one of the two asks, the other approves");
}

#[test]
fn whoever_is_needed_would_lock_the_account_out_and_the_bundle_would_not() {
    let (mut w, [one, _]) = company::<2>();
    let owner = w.owner;
    w.ask(owner, Action::Control(Control::SetPolicies { changes: counts(3) }), &[]);
    let before = w.state.clone();
    let told = forecast(&w, &left(one));
    assert_eq!(of(&told.before, Scenario::AccountUnfreeze).warnings, [Warning::NoSpareApprover]);
    let after = of(&told.after, Scenario::AccountUnfreeze);
    assert_eq!(
        (after.can_be_met(), after.spare, after.warnings.as_slice()),
        (false, -1, [Warning::TooFewApprovers].as_slice())
    );
    assert_eq!(told.refusal.unwrap().code(), "would_lock_out");
    let bundle = forecast(&w, &Supposition { changes: counts(2), ..left(one) });
    assert_eq!((bundle.refusal, bundle.takes), (None, Some(3)));
    assert!(of(&bundle.after, Scenario::AccountUnfreeze).can_be_met());
    assert_eq!(w.state, before, "nothing has happened");
}

#[test]
fn e016_what_the_removal_with_its_counts_takes_is_foretold_as_it_will_be() {
    let (mut w, [one, _]) = company::<2>();
    let owner = w.owner;
    w.set_policy(Scenario::AuthorizationRemove, 3, 0);
    let changes = vec![PolicyChange::counts(Scenario::AuthorizationRemove, 2, 0)];
    w.set_policy(Scenario::FleetLed, 2, 0);
    for changes in [changes, vec![PolicyChange::counts(Scenario::FleetLed, 1, 0)]] {
        let takes = forecast(&w, &Supposition { changes: changes.clone(), ..left(one) }).takes;
        let removal = Action::Control(Control::RemoveUser { user: one, changes });
        assert_eq!(takes, Some(w.state.rule_for(&w.actor(owner), &removal, &[], w.now).tally.required));
        assert_eq!(takes, Some(3));
    }
}

#[test]
fn another_role_and_other_counts_are_foretold_as_they_would_be() {
    let (w, [one, two]) = company::<2>();
    let roles = [(one, Role::Viewer), (two, Role::SiteManager)].into();
    let told = forecast(&w, &Supposition { roles, ..Supposition::default() });
    assert_eq!(of(&told.after, Scenario::AccountUnfreeze).warnings, [Warning::OnlyOneApprover]);
    assert_eq!(of(&told.after, Scenario::FleetPoolChange).approvers, [w.owner, two].into());
    let told = forecast(&w, &Supposition { changes: counts(4), ..Supposition::default() });
    assert_eq!(told.refusal.unwrap().code(), "out_of_range");
    let actor = w.actor(w.owner);
    let refused = |supposed: &Supposition| w.state.forecast(&actor, supposed, w.now).unwrap_err().code();
    assert_eq!(refused(&left(w.owner)), "owner_protected");
    assert_eq!(refused(&left(UserId(99))), "not_found");
}

#[test]
fn a_degraded_account_says_so() {
    let (mut w, [one]) = company::<1>();
    let owner = w.owner;
    w.ask(owner, Action::Control(Control::SetPolicies { changes: counts(2) }), &[]);
    w.operator(Command::RemoveUser { user: one });
    let prospects = w.state.prospects(w.account, w.now);
    let warnings = &of(&prospects, Scenario::AccountUnfreeze).warnings;
    assert_eq!(warnings, &[Warning::Degraded, Warning::TooFewApprovers]);
}

/// The owner asks for a preset and everybody approves; `false` if there is nothing to change.
fn apply(w: &mut World, preset: Preset) -> bool {
    let changes = preset.changes(&w.state, w.account);
    if changes.is_empty() {
        return false;
    }
    let owner = w.owner;
    let id = w.ask(owner, Action::Control(Control::SetPolicies { changes }), &[]);
    let people: Vec<_> = w.state.people_of(w.account).collect();
    for user in people {
        if w.state_of(id) == RequestState::Pending {
            let _ = w.vote(user, id, Decision::Approve);
        }
    }
    assert_eq!(w.state_of(id), RequestState::Executed, "{preset:?}");
    true
}

#[test]
fn every_preset_can_be_asked_for_whoever_there_is_and_then_has_nothing_left_to_change() {
    for administrators in 0..4 {
        for (first, second) in Preset::ALL.into_iter().flat_map(|first| Preset::ALL.map(|second| (first, second))) {
            let mut w = World::new(1);
            for _ in 0..administrators {
                w.person(Role::Administrator);
            }
            apply(&mut w, first);
            assert!(!apply(&mut w, first), "{first:?} of {administrators}");
            apply(&mut w, second);
            assert!(!apply(&mut w, second), "{second:?} after {first:?}");
            assert_eq!(w.state.degraded(w.account).count(), 0);
        }
    }
}

#[test]
fn the_presets_are_what_they_say() {
    let (mut w, _) = company::<2>();
    apply(&mut w, Preset::Strict);
    let policy = |w: &World, scenario| w.state.policy(w.account, scenario);
    let [grant, pools, reboot] = [Scenario::AuthorizationAdd, Scenario::FleetPoolChange, Scenario::FleetPower]
        .map(|scenario| policy(&w, scenario));
    assert_eq!((grant.required, pools.required, reboot.version), (2, 2, 0));
    assert_eq!((pools.step_up, pools.programs_run_alone), (StepUp::Recent, false));
    apply(&mut w, Preset::SpiderPool);
    assert_eq!(
        (policy(&w, Scenario::AuthorizationAdd).required, policy(&w, Scenario::FleetPoolChange).required),
        (1, 2)
    );
    apply(&mut w, Preset::MiningOs);
    let restart = policy(&w, Scenario::FleetRestartWorkers);
    assert_eq!((policy(&w, Scenario::FleetPoolChange).required, restart.required, restart.required_other), (1, 1, 1));
}

#[test]
fn strict_weakens_nothing() {
    let (mut w, _) = company::<3>();
    let mut policy = w.state.policy(w.account, Scenario::AuthorizationAdd);
    (policy.version, policy.required, policy.initiator_counts) = (1, 3, false);
    let event = Event::PolicySet { account: w.account, scenario: Scenario::AuthorizationAdd, policy };
    w.state.apply(&Entry { at: w.now, actor: Principal::Operator, event });
    for change in Preset::Strict.changes(&w.state, w.account) {
        let old = w.state.policy(w.account, change.scenario);
        assert!(!change.of(&old).is_weaker_than(&old), "{change:?}");
    }
}
