//! Every transition that follows by itself, and the guard before anything is carried out.

use super::{Action, Control, ItemState, Request, RequestState, Target, offered_to};
use crate::{
    authz::Principal,
    decide::{Settling, Tx},
    event::Event,
    fleet::{CommandId, Ending, Order, TargetResult},
    ids::{AgentId, RequestId, SiteId},
    requests::ContentHash,
    state::State,
    time::{Millis, Timestamp},
};
use std::sync::Arc;

/// How long after its deadline an agent may still report how a command ended. It begins none after the deadline.
pub const REPORT_GRACE: Millis = Millis::minutes(5);

/// With so many entries a command leaves the other open requests for later, though its own matter always goes through.
const SETTLED_AT_ONCE: usize = 10_000;

/// Leave to carry out one item of one approved request, once. Made only from a request that is being carried out; it cannot be
/// copied, so it is spent by handing it on.
#[derive(Debug, PartialEq, Eq)]
pub struct Approved {
    command: CommandId,
    agent: AgentId,
    order: Order,
    approval: ContentHash,
    deadline: Timestamp,
}

impl Approved {
    /// The item.
    #[must_use]
    pub const fn command(&self) -> CommandId {
        self.command
    }
    /// Who is to carry it out. Never anybody else, however often it is sent.
    #[must_use]
    pub const fn agent(&self) -> AgentId {
        self.agent
    }
    /// Takes out what is to be done, the hash of what was approved, and when it is too late to begin.
    #[must_use]
    pub fn spend(self) -> (Order, ContentHash, Timestamp) {
        (self.order, self.approval, self.deadline)
    }
}

impl State {
    /// Everything of a request that an agent is to carry out and has not reported the end of. Nothing while the account is
    /// frozen: what has not gone out by then stays here, until that ends or its time is up.
    #[must_use]
    pub fn open_work(&self, id: RequestId) -> Vec<Approved> {
        let Some(request) = self.request(id).filter(|r| r.state == RequestState::Executing) else {
            return Vec::new();
        };
        if self.account(request.payload.account).is_none_or(|account| account.frozen) {
            return Vec::new();
        }
        let deadline = request.execute_deadline.unwrap_or(request.created_at);
        (0..)
            .zip(request.items.iter().zip(&request.payload.targets))
            .filter_map(|(item, (state, target))| {
                let ItemState::Open { agent } = state else {
                    return None;
                };
                let order = match (&request.payload.action, target) {
                    (Action::Device(_), Target::Device(device)) => {
                        Order::Device { device: *device, operation: request.payload.operation_for(item)? }
                    }
                    (Action::Control(Control::RestartWorkers { .. }), Target::Agent(_)) => Order::RestartWorkers {},
                    _ => return None,
                };
                let command = CommandId { request: id, item };
                Some(Approved { command, agent: *agent, order, approval: request.content_hash, deadline })
            })
            .collect()
    }
}

/// What the guard says.
enum Guard {
    Go,
    Wait,
    Never(&'static str),
}

impl Tx {
    /// Takes the request as far as it goes by itself.
    pub(crate) fn settle(&mut self, id: RequestId) {
        while let Some(event) = self.state().request(id).and_then(|request| self.what_follows(request)) {
            let begins = matches!(event, Event::RequestExecuting { .. });
            self.emit(event);
            if begins {
                self.have_effect(id);
            }
        }
    }

    /// After rights, policies or a freeze have changed, any open request may move, and one that is carried out may move others
    /// once more. What is too much for one command is left to [`Command::Tick`](crate::command::Command::Tick).
    pub(crate) fn settle_all(&mut self) {
        if *self.settling() != Settling::No {
            *self.settling() = Settling::Again;
            return;
        }
        loop {
            *self.settling() = Settling::Yes;
            let open: Vec<_> = self.state().open_requests().map(|request| request.id).collect();
            let all = open.into_iter().all(|id| {
                let goes_on = self.came_to() < SETTLED_AT_ONCE;
                if goes_on {
                    self.settle(id);
                }
                goes_on
            });
            if !all || *self.settling() == Settling::Yes {
                break;
            }
        }
        *self.settling() = Settling::No;
    }

    fn what_follows(&self, request: &Request) -> Option<Event> {
        match request.state {
            RequestState::Pending => self.after_pending(request),
            RequestState::Approved => self.after_approved(request),
            RequestState::Executing => self.after_executing(request),
            _ => None,
        }
    }

    fn after_pending(&self, request: &Request) -> Option<Event> {
        if self.now() >= request.payload.not_after {
            return Some(ended(request, RequestState::Expired, None));
        }
        if !self.initiator_may(request) {
            return Some(ended(request, RequestState::Invalidated, Some("initiator_unauthorized")));
        }
        if !self.can_be_taken(request) {
            return Some(ended(request, RequestState::Invalidated, Some("target_gone")));
        }
        let tally = self.state().tally(request, self.now());
        if !tally.is_possible() {
            return Some(ended(request, RequestState::Invalidated, Some("unsatisfiable")));
        }
        tally.is_met().then(|| self.approved(request))
    }

    fn approved(&self, request: &Request) -> Event {
        let policy = self.state().policy(request.payload.account, request.payload.scenario);
        let not_before = self.now().after(self.state().timelock_of(request));
        let execute_deadline = not_before.after(policy.execute_ttl);
        Event::RequestApproved { request: request.id, not_before, execute_deadline }
    }

    fn after_approved(&self, request: &Request) -> Option<Event> {
        match self.guard(request) {
            Guard::Go => Some(self.executing(request)),
            Guard::Wait => None,
            Guard::Never("expired") => Some(ended(request, RequestState::Expired, None)),
            Guard::Never("quorum_lost") if self.may_find_quorum_again(request) => {
                Some(Event::RequestReturned { request: request.id })
            }
            Guard::Never(reason) => Some(ended(request, RequestState::Invalidated, Some(reason))),
        }
    }

    fn may_find_quorum_again(&self, request: &Request) -> bool {
        self.now() < request.payload.not_after && self.state().tally(request, self.now()).is_possible()
    }

    /// Everything that must still hold, in this order, right before approvals are spent.
    fn guard(&self, request: &Request) -> Guard {
        let payload = &request.payload;
        if request.execute_deadline.is_none_or(|deadline| self.now() >= deadline) {
            return Guard::Never("expired");
        }
        // Before the waits: what has lost its quorum goes back to those who may decide. What is dear comes after them.
        if !self.state().tally(request, self.now()).is_met() {
            return Guard::Never("quorum_lost");
        }
        if !self.can_be_taken(request) {
            return Guard::Never("target_gone");
        }
        if request.not_before.is_none_or(|moment| self.now() < moment) {
            return Guard::Wait;
        }
        let frozen = self.state().account(payload.account).is_none_or(|account| account.frozen);
        if frozen && !payload.scenario.runs_while_frozen() {
            return Guard::Wait;
        }
        let closing = self.state().account(payload.account).is_some_and(|account| account.deletion.is_some());
        if closing && !payload.scenario.runs_while_closing() {
            return Guard::Wait;
        }
        if self.hash(&request.payload) != request.content_hash {
            return Guard::Never("integrity");
        }
        if !self.initiator_may(request) {
            return Guard::Never("initiator_unauthorized");
        }
        let now = |base| self.state().version_of(payload.account, &payload.action, base);
        if payload.base_versions.iter().any(|(base, version)| now(*base) != *version) {
            return Guard::Never("stale_base");
        }
        if let Err(rejection) = self.check_action(payload.account, &payload.action) {
            return Guard::Never(rejection.code());
        }
        match &payload.action {
            Action::Control(Control::RestartWorkers { site }) if self.site_is_busy(*site) => Guard::Wait,
            Action::Device(_) if self.workers_restart_at_a_site_of(request) => Guard::Wait,
            action if offered_to(action).is_some() && request.accepted_at.is_none() => Guard::Wait,
            _ => Guard::Go,
        }
    }

    fn can_be_taken(&self, request: &Request) -> bool {
        self.state().can_be_taken(request.payload.account, &request.payload.action, self.now())
    }

    /// The initiator's own authority, on every target, now: an approval never widens it.
    fn initiator_may(&self, request: &Request) -> bool {
        let payload = &request.payload;
        let rights = match (payload.initiator, &payload.action) {
            (Principal::User(user), Action::Control(control)) => {
                let may = self.state().may_ask(payload.account, user, control, self.now());
                return self.state().users.contains(&user) && may.is_ok();
            }
            (Principal::User(user), _) if self.state().users.contains(&user) => {
                self.state().rights_of_user(payload.account, user)
            }
            (Principal::ApiKey(key), action) if action.is_for_programs() => {
                self.state().rights_of_key(payload.account, key)
            }
            (principal, action) => return is_from_the_server(principal, action),
        };
        let targets: Vec<_> = request.effective().map(|(_, target)| target).collect();
        let permission = payload.action.permission();
        let places = self.state().places(&payload.action, &targets);
        places.iter().all(|place| rights.allow(permission, place, self.now()))
    }

    /// Is anything being carried out on the site's devices or agents?
    pub(crate) fn site_is_busy(&self, site: SiteId) -> bool {
        self.state().executing().any(|request| self.touches(request, site))
    }

    fn touches(&self, request: &Request, site: SiteId) -> bool {
        self.state()
            .places(&request.payload.action, &request.payload.targets)
            .iter()
            .any(|place| place.site == Some(site))
    }

    fn workers_restart_at_a_site_of(&self, request: &Request) -> bool {
        self.state().open_controls().any(|other| {
            other.state == RequestState::Executing
                && matches!(&other.payload.action, Action::Control(Control::RestartWorkers { site }) if self.touches(request, *site))
        })
    }

    fn executing(&self, request: &Request) -> Event {
        let mut agents = Vec::new();
        let mut skipped = Vec::new();
        for (item, target) in request.effective() {
            let agent = match target {
                Target::Device(device) => match self.state().device(device) {
                    Some(device) => self.state().stale(&request.payload, item, device).map_or(Ok(device.agent), Err),
                    None => Err("it no longer exists".into()),
                },
                Target::Agent(agent) => Ok(agent),
            };
            match agent {
                Ok(agent) => agents.push((item, agent)),
                Err(why) => skipped.push((item, TargetResult::of(Ending::Skipped, why))),
            }
        }
        Event::RequestExecuting { request: request.id, agents, skipped }
    }

    /// What no agent has to do happens at once.
    fn have_effect(&mut self, id: RequestId) {
        let Some(payload) = self.state().request(id).map(|request| Arc::clone(&request.payload)) else {
            return;
        };
        let Action::Control(control) = &payload.action else {
            return;
        };
        if matches!(control, Control::RestartWorkers { .. }) {
            return;
        }
        self.take_effect(payload.account, control);
        if matches!(control, Control::Recover(_)) {
            self.emit(Event::RecoveryUsed { account: payload.account, request: id });
        }
        self.note_governance(payload.account);
        self.end(id, RequestState::Executed, None, None);
        self.settle_all();
    }

    fn after_executing(&self, request: &Request) -> Option<Event> {
        if request.open_items > 0 {
            let deadline = request.execute_deadline.unwrap_or(request.created_at);
            if self.now() < deadline.after(REPORT_GRACE) {
                return None;
            }
            let silent = (0..).zip(&request.items).filter(|(_, item)| matches!(item, ItemState::Open { .. }));
            let results = silent
                .map(|(item, _)| (item, TargetResult::of(Ending::Unknown, "its agent has not reported how it ended")));
            return Some(Event::ItemsEnded { request: request.id, results: results.collect() });
        }
        let (done, ok) = request.progress();
        let state = match ok {
            _ if ok == done && done > 0 => RequestState::Executed,
            0 => RequestState::Failed,
            _ => RequestState::PartiallyExecuted,
        };
        Some(ended(request, state, None))
    }

    /// Ends a request.
    pub(crate) fn end(
        &mut self,
        request: RequestId,
        state: RequestState,
        reason: Option<String>,
        superseded_by: Option<RequestId>,
    ) {
        self.emit(Event::RequestEnded { request, state, reason, superseded_by });
    }
}

fn ended(request: &Request, state: RequestState, reason: Option<&str>) -> Event {
    Event::RequestEnded { request: request.id, state, reason: reason.map(Into::into), superseded_by: None }
}

/// Is it a recovery that somebody with a shell on the server has asked for? Nobody's approval is needed for that, only time.
pub(crate) fn is_from_the_server(principal: Principal, action: &Action) -> bool {
    principal == Principal::Operator && matches!(action, Action::Control(Control::Recover(_)))
}
