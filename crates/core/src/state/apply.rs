//! What each event changes. No event is judged here: that was done before it was written.

use super::{Account, Draft, Keyed, State, is_control};
use crate::{
    authz::Principal,
    event::{Entry, Event},
    fleet::{DeviceIdentity, TargetResult},
    ids::{AccountId, RequestId, SiteId, UserId},
    requests::{Comment, ItemState, Request, RequestState, Safeguards, Step, StepKind, Vote},
    time::Timestamp,
};
use std::sync::Arc;

impl State {
    pub(super) fn apply_event(&mut self, entry: &Entry) {
        let at = entry.at;
        match &entry.event {
            Event::AccountCreated { account, name, owner } => {
                let account = Account {
                    id: *account,
                    name: name.clone(),
                    owner: *owner,
                    frozen: false,
                    deletion: None,
                    deleted_at: None,
                    policies: imbl::OrdMap::new(),
                    requests: 0,
                    suspended: imbl::OrdSet::new(),
                    administrators_manage_users: false,
                    safeguards: Safeguards::default(),
                    second_factor_required: false,
                    opened: imbl::OrdSet::unit(*owner),
                    degraded: imbl::OrdSet::new(),
                    reviews: imbl::OrdSet::new(),
                };
                self.accounts.insert(account.id, account.into());
            }
            Event::UserAdded { .. }
            | Event::UserRemoved { .. }
            | Event::EmailVerified { .. }
            | Event::SignInChanged { .. }
            | Event::KeysReleased { .. }
            | Event::AccountOpened { .. }
            | Event::SecondFactorRequired { .. } => self.apply_identity(entry),
            Event::GrantAdded { .. }
            | Event::GrantChanged { .. }
            | Event::GrantRemoved { .. }
            | Event::UserSuspended { .. }
            | Event::UserUnsuspended { .. }
            | Event::OwnershipTransferred { .. }
            | Event::RoleSet { .. }
            | Event::RoleDeleted { .. }
            | Event::AdministratorsManageUsersSet { .. } => self.apply_people(&entry.event),
            Event::KeyIssued { .. }
            | Event::KeyChanged { .. }
            | Event::KeyRotated { .. }
            | Event::KeyRevoked { .. } => self.apply_key(entry),
            Event::WebhookSet { .. }
            | Event::WebhookSecretRotated { .. }
            | Event::WebhookDisabled { .. }
            | Event::WebhookRemoved { .. } => self.apply_webhook(entry),
            Event::PolicySet { account, scenario, policy } => {
                self.change_account(*account, |a| {
                    a.policies.entry(*scenario).or_default().push(policy.clone());
                });
            }
            Event::SafeguardsSet { account, safeguards } => {
                self.change_account(*account, |a| a.safeguards = *safeguards);
            }
            Event::AccountRenamed { account, name } => self.change_account(*account, |a| a.name.clone_from(name)),
            Event::AccountFrozen { account } => self.change_account(*account, |a| a.frozen = true),
            Event::AccountUnfrozen { account } => self.change_account(*account, |a| a.frozen = false),
            Event::AccountDeletionBegun { account, at: when } => {
                self.change_account(*account, |a| a.deletion = Some(*when));
            }
            Event::AccountDeletionUndone { account } => self.change_account(*account, |a| a.deletion = None),
            Event::AccountDeleted { account } => self.delete_account(*account, at),
            Event::GovernanceDegraded { account, scenarios } => {
                self.change_account(*account, |a| a.degraded = scenarios.iter().copied().collect());
            }
            Event::GovernanceRestored { account } => {
                self.change_account(*account, |a| a.degraded = imbl::OrdSet::new());
            }
            Event::RecoveryUsed { account, request } => {
                self.change_account(*account, |a| {
                    a.reviews.insert(*request);
                });
            }
            Event::RecoveryReviewed { account, request, .. } => {
                self.change_account(*account, |a| {
                    a.reviews.remove(request);
                });
            }
            // It tells of the state, and is no part of it.
            Event::StateHashed { .. } => {}
            Event::SiteCreated { .. }
            | Event::SiteChanged { .. }
            | Event::SiteRemoved { .. }
            | Event::AgentChanged { .. }
            | Event::SitePolicyTold { .. }
            | Event::AgentRevoked { .. }
            | Event::ScanTaskChanged { .. }
            | Event::ScanTaskRemoved { .. }
            | Event::ContainerRenamed { .. }
            | Event::ContainerRemoved { .. }
            | Event::SubAccountRenamed { .. }
            | Event::SubAccountRemoved { .. }
            | Event::AgentCreated { .. }
            | Event::AgentTokenReissued { .. }
            | Event::AgentEnrolled { .. }
            | Event::ScanTaskCreated { .. }
            | Event::ContainerCreated { .. }
            | Event::SubAccountCreated { .. }
            | Event::GroupSet { .. }
            | Event::GroupDeleted { .. }
            | Event::DevicesPlaced { .. }
            | Event::DevicesAssigned { .. }
            | Event::DevicesFound { .. }
            | Event::DevicesClaimed { .. }
            | Event::DevicesMoved { .. }
            | Event::DevicesChanged { .. } => self.apply_fleet(&entry.event, at),
            Event::WalletSet { .. } | Event::AllocationSet { .. } | Event::EarningsSettled { .. } => {
                self.apply_money(entry)
            }
            Event::ObserverLinkIssued { .. }
            | Event::ObserverLinkNarrowed { .. }
            | Event::ObserverLinkRevoked { .. }
            | Event::ObserversProtected { .. }
            | Event::ObserversOpened { .. } => self.apply_observers(entry),
            Event::DraftPut { user, site, change, action, targets } => {
                let draft = self.drafts.entry(*user).or_default().entry(*site).or_insert_with(Draft::empty);
                draft.put(*change, action, targets);
                (draft.version, draft.updated_at) = (self.seq, at);
            }
            Event::DraftTaken { user, site, change, targets } => {
                if let Some(draft) = self.drafts.get_mut(user).and_then(|sites| sites.get_mut(site)) {
                    draft.take(*change, targets);
                    (draft.version, draft.updated_at) = (self.seq, at);
                }
            }
            Event::DraftClosed { user, site } => self.close_draft(*user, *site),
            Event::DraftSubmitted { user, site, requests, idempotency } => {
                self.close_draft(*user, *site);
                if let (Some((key, content)), Some(site)) = (idempotency, self.sites.get(site)) {
                    let key = idempotency_key(site.account, Principal::User(*user), key);
                    let keyed = Keyed { content: *content, requests: requests.clone() };
                    self.remember(key, keyed, at);
                }
            }
            Event::RequestSubmitted { .. } => self.apply_submitted(entry),
            _ => self.apply_request(entry),
        }
    }

    /// Nobody holds anything on it any more, and its agents are not known. Its ids are never used again.
    fn delete_account(&mut self, account: AccountId, at: Timestamp) {
        self.change_account(account, |a| (a.deletion, a.deleted_at) = (None, Some(at)));
        let held: Vec<_> = self.grants_of(account).map(|grant| (grant.id, grant.user)).collect();
        for (grant, user) in held {
            self.grants.remove(&grant);
            self.compile_rights(account, user);
        }
        let agents: Vec<_> = self.agents_of(account).map(|agent| agent.id).collect();
        for agent in agents {
            if let Some(agent) = self.agents.get_mut(&agent) {
                (agent.token_hash, agent.public_key) = (None, None);
            }
        }
        let drafts = self.drafts.iter().flat_map(|(user, sites)| sites.keys().map(move |site| (*user, *site)));
        let of = |site: &SiteId| self.sites.get(site).is_some_and(|site| site.account == account);
        let drafts: Vec<_> = drafts.filter(|(_, site)| of(site)).collect();
        for (user, site) in drafts {
            self.close_draft(user, site);
        }
    }

    pub(super) fn close_draft(&mut self, user: UserId, site: SiteId) {
        if let Some(sites) = self.drafts.get_mut(&user) {
            sites.remove(&site);
        }
    }

    pub(super) fn change_account(&mut self, id: AccountId, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.accounts.get_mut(&id) {
            change(Arc::make_mut(account));
        }
    }

    fn apply_submitted(&mut self, entry: &Entry) {
        let Event::RequestSubmitted { request, number, payload, idempotency, .. } = &entry.event else {
            return;
        };
        let Some(mut made) = Request::of(&entry.event, entry.at) else {
            return;
        };
        made.steps.push(self.step(entry, StepKind::Submitted));
        let place = u32::try_from(self.requests.len()).unwrap_or(u32::MAX);
        self.claim(&made, place + 1);
        if let Some((key, content)) = idempotency {
            let key = idempotency_key(payload.account, payload.initiator, key);
            self.remember(key, Keyed { content: *content, requests: vec![*request] }, entry.at);
        }
        self.change_account(payload.account, |account| account.requests = account.requests.max(*number));
        self.by_request.insert(*request, place);
        self.open.insert(place);
        if is_control(&made) {
            self.open_controls.insert(place);
        }
        self.lists.changed(place, None);
        self.count_waiting((payload.account, payload.initiator), true);
        self.requests.push_back(Arc::new(made));
    }

    pub(super) fn change_request(&mut self, id: RequestId, change: impl FnOnce(&mut Request)) {
        let Some(place) = self.by_request.get(&id) else {
            return;
        };
        if let Some(request) = self.requests.get_mut(*place as usize) {
            let request = Arc::make_mut(request);
            let (from, waited) = (request.state, request.waits());
            change(request);
            if request.state != from {
                self.lists.changed(*place, Some(from));
            }
            let (of, waits) = ((request.payload.account, request.payload.initiator), request.waits());
            if waits != waited {
                self.count_waiting(of, waits);
            }
        }
    }

    /// The event being folded in, as a step of a request.
    pub(super) const fn step(&self, entry: &Entry, what: StepKind) -> Step {
        Step { seq: self.seq, at: entry.at, by: entry.actor, what }
    }

    fn step_of(&self, entry: &Entry) -> Option<Step> {
        let what = match &entry.event {
            Event::VoteCast { decision, .. } => StepKind::Voted { decision: *decision },
            Event::VoteWithdrawn { .. } => StepKind::Withdrew,
            Event::OfferAccepted { .. } => StepKind::Accepted,
            Event::RequestCommented { .. } => StepKind::Commented,
            Event::RequestApproved { .. } => StepKind::Approved,
            Event::RequestReturned { .. } => StepKind::Returned,
            Event::RequestExecuting { .. } => StepKind::Began,
            Event::RequestEnded { state, .. } => StepKind::Ended { state: *state },
            _ => return None,
        };
        Some(self.step(entry, what))
    }

    fn apply_request(&mut self, entry: &Entry) {
        match &entry.event {
            Event::TargetsDropped { request, by, items } => return self.drop_targets(entry, *request, *by, items),
            Event::RequestEnded { request, .. } => self.let_go(*request),
            // A device that is done is free for others, however long the rest of the request takes.
            Event::ItemsEnded { request, results } => {
                self.free(*request, results.iter().map(|(item, _)| *item));
            }
            Event::RequestExecuting { request, skipped, .. } => {
                self.free(*request, skipped.iter().map(|(item, _)| *item));
            }
            _ => {}
        }
        let step = self.step_of(entry);
        if let Some(request) = entry.event.request() {
            self.change_request(request, |request| {
                request.steps.extend(step);
                change(request, &entry.event, entry.at);
            });
        }
    }

    /// It holds nothing any more and is not open.
    fn let_go(&mut self, id: RequestId) {
        let Some(place) = self.by_request.get(&id).copied() else {
            return;
        };
        let Some(request) = self.requests.get(place as usize).cloned() else { return };
        let targets = u32::try_from(request.payload.targets.len()).unwrap_or(u32::MAX);
        self.free(id, 0..targets);
        self.open.remove(&place);
        if is_control(&request) {
            self.open_controls.remove(&place);
        }
    }
}

fn change(request: &mut Request, event: &Event, at: Timestamp) {
    match event {
        Event::VoteCast { voter, decision, content_hash, comment, .. } => {
            withdraw(request, *voter, at);
            request.votes.push(Vote {
                voter: *voter,
                decision: *decision,
                content_hash: *content_hash,
                at,
                comment: comment.clone(),
                withdrawn_at: None,
            });
        }
        Event::OfferAccepted { .. } => request.accepted_at = Some(at),
        Event::VoteWithdrawn { voter, .. } => withdraw(request, *voter, at),
        Event::RequestCommented { by, words, .. } => {
            request.comments.push(Comment { by: *by, at, words: words.clone() });
        }
        Event::RequestApproved { not_before, execute_deadline, .. } => {
            request.state = RequestState::Approved;
            request.approved_at = Some(at);
            request.not_before = Some(*not_before);
            request.execute_deadline = Some(*execute_deadline);
        }
        Event::RequestReturned { .. } => {
            request.state = RequestState::Pending;
            request.approved_at = None;
            request.not_before = None;
            request.execute_deadline = None;
        }
        Event::RequestExecuting { agents, skipped, .. } => {
            request.state = RequestState::Executing;
            for (item, agent) in agents {
                if let Some(slot) = request.items.get_mut(*item as usize) {
                    *slot = ItemState::Open { agent: *agent };
                }
            }
            end_items(request, skipped, at);
        }
        Event::ItemsEnded { results, .. } => end_items(request, results, at),
        Event::PowerMeasured { power: measured, .. } => {
            for (item, after) in measured {
                if let Some(ItemState::Ended { power, .. }) = request.items.get_mut(*item as usize) {
                    *power = Some(*after);
                }
            }
        }
        Event::RequestEnded { state, reason, superseded_by, .. } => {
            request.state = *state;
            request.state_reason.clone_from(reason);
            request.superseded_by = *superseded_by;
            request.ended_at = Some(at);
        }
        _ => {}
    }
}

fn withdraw(request: &mut Request, voter: UserId, at: Timestamp) {
    for vote in request.votes.iter_mut().filter(|v| v.voter == voter && v.withdrawn_at.is_none()) {
        vote.withdrawn_at = Some(at);
    }
}

fn end_items(request: &mut Request, results: &[(u32, TargetResult)], at: Timestamp) {
    for (item, result) in results {
        if let Some(slot) = request.items.get_mut(*item as usize) {
            *slot = ItemState::Ended { result: result.clone(), at, power: None };
            request.open_items -= 1;
        }
    }
}

/// By what a device is found again within an account: its MAC first.
pub(crate) fn identity_keys(account: AccountId, identity: &DeviceIdentity) -> impl Iterator<Item = String> {
    let mac = identity.mac.as_ref().map(|mac| format!("{account}/mac/{mac}"));
    let serial = identity.serial.as_ref().map(|serial| format!("{account}/serial/{serial}"));
    mac.into_iter().chain(serial)
}

/// Where a request made under an idempotency key is remembered.
pub(crate) fn idempotency_key(account: AccountId, initiator: Principal, key: &str) -> String {
    let initiator = match initiator {
        Principal::User(user) => user.to_string(),
        Principal::ApiKey(api_key) => api_key.to_string(),
        Principal::Operator => "operator".into(),
        Principal::System => "system".into(),
    };
    format!("{account}/{initiator}/{key}")
}
