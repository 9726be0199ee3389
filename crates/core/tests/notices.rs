//! Who is told of what, derived from the log alone.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, ApiAccess, Node, Principal, Role, Scope},
    command::{Command, Reply, Submission},
    fleet::{Ending, PowerMode},
    ids::{DeviceId, KeyId, RequestId, UserId, WebhookId},
    notices::{self, Class, Kind, Moment, Notice, Topic, Which},
    requests::{Action, Approvers, Control, Decision, NewGrant, NewKey, PolicyChange, RequestState, Scenario, StepUp},
    state::State,
    time::Millis,
};
use support::{SITE, World, mode, restart_workers};

/// What the whole log tells, by folding it anew.
fn all(w: &World) -> Vec<Notice> {
    since(w, 0)
}

fn since(w: &World, seq: usize) -> Vec<Notice> {
    let mut state = State::default();
    let told = w.log.iter().enumerate().flat_map(|(place, entry)| {
        state.apply(entry);
        let told = notices::of(&state, entry);
        if place < seq { Vec::new() } else { told }
    });
    told.collect()
}

fn short(notices: &[Notice]) -> Vec<(UserId, Kind, Class)> {
    notices.iter().map(|notice| (notice.to, notice.kind, notice.class)).collect()
}

fn local(w: &mut World, role: Role) -> UserId {
    let Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
    let (owner, scope) = (w.owner, Scope::Nodes([Node::Site(SITE)].into()));
    w.ask(owner, Action::Control(Control::AddGrant(NewGrant::new(user, role, scope))), &[]);
    user
}

#[test]
fn the_initiator_hears_every_step_that_others_cause_and_approvers_what_waits_for_them() {
    let mut w = World::new(4);
    let (manager, technician) = (w.person(Role::SiteManager), w.person(Role::Technician));
    let administrator = w.person(Role::Administrator);
    let operations = w.person(Role::OperationsManager);
    w.set_policy(Scenario::FleetMode, 2, 0);
    let begun = w.log.len();
    let id = w.ask(operations, mode(PowerMode::High), &[1, 2]);
    let told = since(&w, begun);
    assert_eq!(
        short(&told),
        [w.owner, manager, administrator].map(|user| (user, Kind::VoteWanted, Class::NeedsMe)),
        "a technician holds no such permission, and who asked knows"
    );
    assert!(told.iter().all(|notice| notice.topic == Topic::Request(id) && !notice.always), "{told:?}");
    let voted = w.log.len();
    w.vote(manager, id, Decision::Approve).unwrap();
    assert_eq!(
        short(&since(&w, voted)),
        [(operations, Kind::Approved, Class::Mine), (operations, Kind::Began, Class::Mine)]
    );
    let begun = w.log.len();
    w.finish(id, Ending::Failed);
    assert_eq!(short(&since(&w, begun)), [(operations, Kind::Failed, Class::Mine)]);
    assert!(all(&w).iter().all(|notice| notice.to != technician || notice.kind == Kind::GrantGiven));
}

#[test]
fn what_runs_at_once_asks_nobody() {
    let mut w = World::new(4);
    let technician = w.person(Role::Technician);
    let begun = w.log.len();
    let id = w.ask(technician, mode_on(), &[1]);
    assert_eq!(short(&since(&w, begun)), [], "{:?}", w.state_of(id));
    w.finish(id, Ending::Verified);
    assert_eq!(short(&since(&w, begun)), [(technician, Kind::Executed, Class::Mine)]);
}

fn mode_on() -> Action {
    Action::Device(adit_core::fleet::Operation::Locate { on: true })
}

#[test]
fn whose_key_it_is_hears_what_becomes_of_a_programs_request_but_not_of_what_it_did_alone_and_well() {
    let mut w = World::new(4);
    let manager = w.person(Role::SiteManager);
    let (owner, expires_at) = (w.owner, Some(w.now.after(Millis::days(90))));
    let given = NewGrant { api_access: ApiAccess::ReadWrite, ..NewGrant::new(manager, Role::Engineer, Scope::All) };
    w.ask(owner, Action::Control(Control::AddGrant(given)), &[]);
    let grant = w.state.grants_of(w.account).find(|grant| !grant.api_access.is_none()).unwrap().id;
    let new = NewKey::new(grant, "Curtailment", ApiAccess::ReadWrite, "ab".repeat(32));
    w.ask(owner, Action::Control(Control::IssueKey(NewKey { expires_at, ..new })), &[]);
    let program = Actor { account: w.account, principal: Principal::ApiKey(KeyId(1)), authenticated_at: w.now };
    let ask = |w: &mut World, action: Action| {
        let id = w.new_id();
        let targets = vec![DeviceId(1)];
        let asked = Submission { id, action, targets, estimates: Vec::new(), reason: None, idempotency_key: None };
        w.run(&program, Command::Submit(asked)).unwrap();
        id
    };
    let begun = w.log.len();
    let alone = ask(&mut w, mode(PowerMode::Sleep));
    w.finish(alone, Ending::Verified);
    assert_eq!((w.state_of(alone), short(&since(&w, begun))), (RequestState::Executed, vec![]));
    let begun = w.log.len();
    let fails = ask(&mut w, mode(PowerMode::Low));
    w.finish(fails, Ending::Failed);
    assert_eq!(short(&since(&w, begun)), [(manager, Kind::Failed, Class::Mine)]);
    w.person(Role::Administrator);
    w.set_policy(Scenario::FleetMode, 2, 0);
    let begun = w.log.len();
    let waits = ask(&mut w, mode(PowerMode::Sleep));
    w.run(&program, Command::Cancel { request: waits, reason: None }).unwrap();
    let told: Vec<_> = short(&since(&w, begun)).into_iter().filter(|(to, ..)| *to == manager).collect();
    assert_eq!(told, [(manager, Kind::VoteWanted, Class::NeedsMe), (manager, Kind::Cancelled, Class::Mine)]);
}

#[test]
fn people_rules_and_money_concern_every_approver() {
    let mut w = World::new(0);
    let (first, second) = (w.person(Role::Administrator), w.person(Role::Administrator));
    let begun = w.log.len();
    let user = w.person(Role::Viewer);
    let told = since(&w, begun);
    let administrators = [first, second];
    for administrator in administrators {
        let kinds: Vec<_> = told.iter().filter(|n| n.to == administrator).map(|n| (n.kind, n.class)).collect();
        assert_eq!(kinds, [(Kind::Submitted, Class::Told), (Kind::Executed, Class::Told)]);
    }
    let own: Vec<_> = told.iter().filter(|notice| notice.to == user).map(|notice| notice.kind).collect();
    assert_eq!(own, [Kind::GrantGiven]);
    assert!(told.iter().all(|notice| notice.to != w.owner), "whoever does something is not told of it: {told:?}");
}

#[test]
fn nobody_hears_of_what_they_may_not_see() {
    let mut w = World::new(4);
    let here = local(&mut w, Role::Administrator);
    let manager = w.person(Role::SiteManager);
    let begun = w.log.len();
    w.set_policy(Scenario::AuthorizationAdd, 1, 0);
    assert_eq!(short(&since(&w, begun)), [], "the account as a whole is not for a site's Administrator");
    let everywhere = w.person(Role::Administrator);
    w.set_policy(Scenario::FleetMode, 2, 0);
    let begun = w.log.len();
    let owner = w.owner;
    let id = w.ask(owner, mode(PowerMode::Low), &[1]);
    let told: Vec<_> = since(&w, begun).iter().map(|notice| (notice.to, notice.kind)).collect();
    assert_eq!(told, [here, manager, everywhere].map(|user| (user, Kind::VoteWanted)));

    let begun = w.log.len();
    let grant = w.state.grants_of(w.account).find(|grant| grant.user == here).unwrap().id;
    w.ask(owner, Action::Control(Control::RemoveGrant { grant }), &[]);
    let told = since(&w, begun);
    assert!(told.contains(&Notice {
        to: here,
        account: w.account,
        topic: Topic::Grant(grant),
        kind: Kind::GrantEnded,
        class: Class::Mine,
        always: false,
        at: w.now,
    }));
    assert!(told.iter().all(|notice| notice.to != here || notice.topic == Topic::Grant(grant)), "{told:?}");
    assert!(!notices::sees(&w.state, here, w.request(id), w.now));
}

#[test]
fn whoever_loses_devices_is_told_and_told_again_if_it_was_for_nothing() {
    let mut w = World::new(4);
    let (one, other) = (w.person(Role::SiteManager), w.person(Role::SiteManager));
    w.person(Role::Administrator);
    w.set_policy(Scenario::FleetMode, 2, 0);
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2]);
    let begun = w.log.len();
    let second = w.ask(other, mode(PowerMode::High), &[2, 3]);
    let lost: Vec<_> = since(&w, begun).into_iter().filter(|notice| notice.topic == Topic::Request(first)).collect();
    assert_eq!(short(&lost), [(one, Kind::TargetsTaken, Class::Mine)]);
    let begun = w.log.len();
    let owner = w.owner;
    w.vote(owner, second, Decision::Reject).unwrap();
    let told = since(&w, begun);
    assert_eq!(
        told.iter().map(|notice| (notice.to, notice.topic, notice.kind)).collect::<Vec<_>>(),
        [(other, Topic::Request(second), Kind::Rejected), (one, Topic::Request(first), Kind::NotGivenBack)]
    );
}

#[test]
fn reminders_come_at_half_and_at_nine_tenths_of_the_time_and_once_by_name() {
    let mut w = World::new(4);
    let manager = w.person(Role::SiteManager);
    let owner = w.owner;
    let id = w.ask(owner, restart_workers(), &[]);
    let length = w.request(id).payload.not_after.since(w.now).0;
    let begin = w.now;
    let at = |part: u64| begin.after(Millis(part));
    let due = |w: &World, now| notices::moments(&w.state, now).collect::<Vec<_>>();
    assert_eq!(due(&w, at(length / 2 - 1)), []);
    let half = Moment { request: id, which: Which::Half };
    assert_eq!(due(&w, at(length / 2)), [half]);
    assert_eq!(due(&w, at(length / 10 * 9 - 1)), [half]);
    assert_eq!(due(&w, at(length / 10 * 9)), [Moment { which: Which::NineTenths, ..half }]);
    assert_eq!(due(&w, at(length)), [], "it is over then");
    assert_eq!(half.to_string(), format!("{id}/half"));
    let told = half.notices(&w.state, at(length / 2));
    assert_eq!(short(&told), [(manager, Kind::VoteReminder, Class::NeedsMe)]);
    w.vote(manager, id, Decision::Approve).unwrap();
    assert_eq!(due(&w, at(length / 2)), [], "nobody is asked any more");
}

#[test]
fn a_webhook_is_set_by_who_keeps_the_settings_and_its_end_is_told() {
    let mut w = World::new(0);
    let (administrator, technician) = (w.person(Role::Administrator), w.person(Role::Technician));
    let here = local(&mut w, Role::Administrator);
    let set = |webhook: Option<WebhookId>, name: &str, types: &[&str]| Command::SetWebhook {
        webhook,
        name: name.into(),
        host: "hooks.example.com".into(),
        types: types.iter().map(|name| (*name).to_owned()).collect(),
        sealed: "ab".repeat(16),
    };
    for user in [technician, here] {
        let actor = w.actor(user);
        assert_eq!(w.run(&actor, set(None, "desk", &[])).unwrap_err().code(), "permission_denied");
    }
    let actor = w.actor(administrator);
    let webhook = WebhookId(1);
    assert_eq!(w.run(&actor, set(None, "desk", &["request.failed"])), Ok(Reply::Webhook(webhook)));
    assert_eq!(w.run(&actor, set(None, "desk", &[])).unwrap_err().code(), "already_exists");
    assert_eq!(w.run(&actor, set(None, "other", &["request.lost"])).unwrap_err().code(), "invalid");
    assert_eq!(w.run(&actor, set(Some(WebhookId(2)), "other", &[])).unwrap_err().code(), "not_found");
    let known = w.state.webhook(webhook).unwrap();
    assert!(known.is_told("request.failed") && !known.is_told("request.executed"));
    assert_eq!(w.run(&actor, Command::DisableWebhook { webhook }).unwrap_err().code(), "permission_denied");

    let begun = w.log.len();
    w.system(Command::DisableWebhook { webhook });
    w.system(Command::DisableWebhook { webhook });
    let kind = Kind::WebhookDisabled;
    assert_eq!(short(&since(&w, begun)), [(w.owner, kind, Class::Told), (administrator, kind, Class::Told)]);
    assert!(!w.state.webhook(webhook).unwrap().is_told("request.failed"));
    w.run(&actor, set(Some(webhook), "desk", &[])).unwrap();
    assert!(w.state.webhook(webhook).unwrap().is_told("request.executed"));
    w.run(&actor, Command::RemoveWebhook { webhook }).unwrap();
    assert_eq!(w.run(&actor, set(None, "desk", &[])), Ok(Reply::Webhook(WebhookId(2))), "ids are not used again");
}

#[test]
fn every_announcement_is_of_a_listed_type_and_every_kind_has_a_name() {
    let mut w = World::new(2);
    let user = w.person(Role::SiteManager);
    w.person(Role::Administrator);
    w.set_policy(Scenario::FleetMode, 2, 0);
    let id: RequestId = w.ask(user, mode(PowerMode::High), &[1]);
    let owner = w.owner;
    w.vote(owner, id, Decision::Approve).unwrap();
    w.finish(id, Ending::Verified);
    let mut state = State::default();
    let mut types = Vec::new();
    for entry in &w.log {
        state.apply(entry);
        types.extend(notices::announced(&state, entry).map(|(_, of)| of));
    }
    assert!(types.iter().all(|of| notices::TYPES.contains(of)), "{types:?}");
    assert!(types.ends_with(&[
        "request.submitted",
        "request.voted",
        "request.approved",
        "request.began",
        "request.executed"
    ]));
    for kind in Kind::ALL {
        assert_eq!(Kind::named(kind.name()), Some(*kind));
    }
    let topics = [Topic::Request(id), Topic::Webhook(WebhookId(3)), Topic::Account(w.account)];
    for topic in topics {
        assert_eq!(topic.to_string().parse::<Topic>(), Ok(topic));
    }
}

#[test]
fn whom_the_account_is_offered_to_is_asked_and_its_end_is_told_to_everybody() {
    let mut w = World::new(0);
    let (administrator, technician) = (w.person(Role::Administrator), local(&mut w, Role::Technician));
    let owner = w.owner;
    let begun = w.log.len();
    let transfer = Control::TransferOwnership { to: technician, then: Role::Administrator.into() };
    let id = w.ask(owner, Action::Control(transfer), &[]);
    let told = since(&w, begun);
    assert_eq!(
        short(&told),
        [(technician, Kind::OwnershipOffered, Class::NeedsMe), (administrator, Kind::VoteWanted, Class::NeedsMe)]
    );
    assert!(told[0].always && told[0].is_visible(&w.state, w.now) && told[0].is_open(&w.state, w.now));
    w.vote(administrator, id, Decision::Reject).unwrap();
    assert!(!told[0].is_open(&w.state, w.now));

    let begun = w.log.len();
    w.ask(owner, Action::Control(Control::DeleteAccount { name: "Norte".into() }), &[]);
    let told: Vec<_> = since(&w, begun).into_iter().filter(|notice| notice.kind == Kind::DeletionBegun).collect();
    assert_eq!(told.iter().map(|notice| notice.to).collect::<Vec<_>>(), [administrator, technician]);
    assert!(told.iter().all(|notice| notice.always));
}

fn say(w: &mut World, user: UserId, request: RequestId) -> Vec<Notice> {
    let (actor, begun) = (w.actor(user), w.log.len());
    w.run(&actor, Command::Comment { request, words: "why now?".into() }).unwrap();
    since(w, begun)
}

#[test]
fn a_comment_is_told_to_whoever_has_a_part_in_the_request_and_displaces_no_call_to_vote() {
    let mut w = World::new(4);
    let (manager, other) = (w.person(Role::SiteManager), w.person(Role::SiteManager));
    let (operations, viewer, silent) =
        (w.person(Role::OperationsManager), w.person(Role::Viewer), w.person(Role::Viewer));
    let _ = [Role::Administrator; 2].map(|role| w.person(role));
    w.set_policy(Scenario::FleetMode, 3, 0);
    let id = w.ask(operations, mode(PowerMode::High), &[1, 2]);
    let said = |user, class| (user, Kind::Commented, class);
    assert_eq!(short(&say(&mut w, viewer, id)), [said(operations, Class::Mine)]);
    assert_eq!(short(&say(&mut w, operations, id)), [said(viewer, Class::Mine)], "who asked knows what they said");
    w.vote(manager, id, Decision::Approve).unwrap();
    let told = say(&mut w, other, id);
    assert_eq!(
        short(&told),
        [said(operations, Class::Mine), said(manager, Class::Mine), said(viewer, Class::Mine)],
        "not the owner, who has neither voted nor spoken"
    );
    let told = say(&mut w, manager, id);
    assert_eq!(
        short(&told),
        [said(operations, Class::Mine), said(viewer, Class::Mine), said(other, Class::NeedsMe)],
        "the request still waits for the other manager"
    );
    assert!(told.iter().all(|notice| notice.topic == Topic::Request(id) && notice.is_visible(&w.state, w.now)));
    let call = *told.last().unwrap();
    assert!(call.is_open(&w.state, w.now) && call.is_worth_a_letter());
    w.vote(other, id, Decision::Reject).unwrap();
    assert!(!call.is_open(&w.state, w.now), "there is nothing to decide any more");
    assert_eq!(short(&say(&mut w, viewer, id)), [operations, manager, other].map(|user| said(user, Class::Mine)));
    assert!(all(&w).iter().all(|notice| notice.to != silent || notice.kind == Kind::GrantGiven));
}

#[test]
fn a_comment_is_not_told_to_who_has_lost_sight_of_the_request() {
    let mut w = World::new(4);
    let (here, owner) = (local(&mut w, Role::Technician), w.owner);
    let id = w.ask(owner, mode_on(), &[1]);
    say(&mut w, here, id);
    let grant = w.state.grants_of(w.account).find(|grant| grant.user == here).unwrap().id;
    w.ask(owner, Action::Control(Control::RemoveGrant { grant }), &[]);
    let keeper = w.person(Role::Viewer);
    assert_eq!(short(&say(&mut w, keeper, id)), [(owner, Kind::Commented, Class::Mine)]);
}

#[test]
fn where_asking_is_no_approval_whoever_asks_is_called_to_vote_as_well() {
    let mut w = World::new(2);
    let (first, second) = (w.person(Role::Administrator), w.person(Role::Administrator));
    let mut change = PolicyChange::counts(Scenario::FleetMode, 2, 0);
    (change.step_up, change.approvers) = (Some(StepUp::Passkey), Some(Approvers::Administrators));
    w.ask(first, Action::Control(Control::SetPolicies { changes: vec![change] }), &[]);
    let begun = w.log.len();
    let id = w.ask(first, mode(PowerMode::Low), &[1]);
    let told = since(&w, begun);
    let wanted = |user| (user, Kind::VoteWanted, Class::NeedsMe);
    assert_eq!(short(&told), [w.owner, first, second].map(wanted));
    let own = told[1];
    assert!(own.is_open(&w.state, w.now) && own.is_worth_a_letter());
    let (content_hash, actor, decision) = (w.request(id).content_hash, w.actor(first), Decision::Approve);
    let passkey = Some("a key of theirs".to_owned());
    w.run(&actor, Command::Vote { request: id, decision, content_hash, comment: None, passkey }).unwrap();
    assert!(!own.is_open(&w.state, w.now), "they have given it");
    assert_eq!(w.state_of(id), RequestState::Pending);
}
