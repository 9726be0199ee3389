//! Which entries a reach covers. What concerns the account as a whole is for those who see all of it.

use super::Reader;
use adit_core::{
    accounts::address::masked,
    authz::Place,
    event::{Entry, Event},
    ids::{AccountId, AgentId, ContainerId, DeviceId, RequestId, ScanTaskId, SiteId, SubAccountId, UserId},
    state::State,
};
use serde_json::Value;

/// Does the reach cover everything that the entry tells of?
pub fn reach(state: &State, Reader { actor, now, reach }: Reader<'_>, entry: &Entry) -> bool {
    let whole = |account: AccountId| reach.covers(account, &Place::ACCOUNT);
    let site = |site: SiteId| state.site_ever(site).is_some_and(|s| reach.covers(s.account, &Place::site(site)));
    let agent = |agent: AgentId| state.agent_ever(agent).is_some_and(|agent| site(agent.site));
    let task = |task: ScanTaskId| state.scan_task_ever(task).is_some_and(|task| agent(task.agent));
    let container = |id: ContainerId| {
        state
            .container_ever(id)
            .is_some_and(|c| reach.covers(c.account, &Place { container: Some(id), ..Place::site(c.site) }))
    };
    let sub_account =
        |id: SubAccountId| state.sub_account_ever(id).is_some_and(|s| reach.covers(s.account, &Place::sub_account(id)));
    match &entry.event {
        Event::AccountCreated { account, .. }
        | Event::GrantAdded { account, .. }
        | Event::GrantChanged { account, .. }
        | Event::GrantRemoved { account, .. }
        | Event::UserSuspended { account, .. }
        | Event::UserUnsuspended { account, .. }
        | Event::OwnershipTransferred { account, .. }
        | Event::AccountDeletionBegun { account, .. }
        | Event::AccountDeletionUndone { account }
        | Event::AccountDeleted { account }
        | Event::RoleSet { account, .. }
        | Event::RoleDeleted { account, .. }
        | Event::GroupSet { account, .. }
        | Event::GroupDeleted { account, .. }
        | Event::DevicesPlaced { account, .. }
        | Event::DevicesAssigned { account, .. }
        | Event::DevicesMoved { account, .. }
        | Event::AdministratorsManageUsersSet { account, .. }
        | Event::KeyIssued { account, .. }
        | Event::KeyChanged { account, .. }
        | Event::KeyRotated { account, .. }
        | Event::KeyRevoked { account, .. }
        | Event::PolicySet { account, .. }
        | Event::SafeguardsSet { account, .. }
        | Event::AccountRenamed { account, .. }
        | Event::AccountFrozen { account }
        | Event::AccountUnfrozen { account }
        | Event::GovernanceDegraded { account, .. }
        | Event::GovernanceRestored { account }
        | Event::RecoveryUsed { account, .. }
        | Event::WebhookSet { account, .. }
        | Event::WebhookSecretRotated { account, .. }
        | Event::WebhookDisabled { account, .. }
        | Event::WebhookRemoved { account, .. }
        | Event::EarningsSettled { account, .. }
        | Event::ObserverLinkIssued { account, .. }
        | Event::ObserverLinkNarrowed { account, .. }
        | Event::ObserverLinkRevoked { account, .. }
        | Event::ObserversProtected { account }
        | Event::ObserversOpened { account, .. }
        | Event::AccountOpened { account, .. }
        | Event::SecondFactorRequired { account, .. }
        | Event::RecoveryReviewed { account, .. } => whole(*account),
        // It tells of the whole server.
        Event::StateHashed { .. } => whole(reach.account()),
        // How somebody became known is the business of the account through which they did, and of no other.
        Event::UserAdded { account: Some(account), .. } => whole(*account),
        Event::UserAdded { user, account: None, .. } => {
            let owns = state.account(reach.account()).is_some_and(|account| account.owner == *user);
            whole(reach.account()) && (owns || state.has_one_account())
        }
        Event::UserRemoved { user } => {
            whole(reach.account()) && (is_of(state, *user, reach.account()) || state.has_one_account())
        }
        // How somebody signs in is told where they are one of the people.
        Event::EmailVerified { user } | Event::SignInChanged { user, .. } | Event::KeysReleased { user } => {
            let account = reach.account();
            whole(account) && state.has_opened(account, *user) && is_of(state, *user, account)
        }
        Event::ContainerCreated { container: of, .. }
        | Event::ContainerRenamed { container: of, .. }
        | Event::ContainerRemoved { container: of } => container(*of),
        Event::SubAccountCreated { sub_account: of, .. }
        | Event::SubAccountRenamed { sub_account: of, .. }
        | Event::WalletSet { sub_account: of, .. }
        | Event::AllocationSet { sub_account: of, .. }
        | Event::SubAccountRemoved { sub_account: of } => sub_account(*of),
        Event::ScanTaskChanged { scan_task: of, .. } | Event::ScanTaskRemoved { scan_task: of } => task(*of),
        Event::SiteCreated { site: of, .. }
        | Event::SiteChanged { site: of, .. }
        | Event::SiteRemoved { site: of }
        | Event::AgentCreated { site: of, .. }
        | Event::DraftPut { site: of, .. }
        | Event::DraftTaken { site: of, .. }
        | Event::DraftClosed { site: of, .. }
        | Event::DraftSubmitted { site: of, .. } => site(*of),
        Event::AgentEnrolled { agent: of, .. }
        | Event::AgentTokenReissued { agent: of, .. }
        | Event::AgentChanged { agent: of, .. }
        | Event::SitePolicyTold { agent: of, .. }
        | Event::AgentRevoked { agent: of }
        | Event::ScanTaskCreated { agent: of, .. }
        | Event::DevicesFound { agent: of, .. }
        | Event::DevicesChanged { agent: of, .. } => agent(*of),
        // It tells of devices of other sites.
        Event::DevicesClaimed { agent: of, devices, .. } => {
            let reached = |device| state.device(device).is_some_and(|d| reach.covers(d.account, &d.place()));
            agent(*of) && devices.iter().all(|(device, _)| reached(*device))
        }
        Event::RequestSubmitted { request, .. }
        | Event::TargetsDropped { request, .. }
        | Event::VoteCast { request, .. }
        | Event::OfferAccepted { request, .. }
        | Event::VoteWithdrawn { request, .. }
        | Event::RequestCommented { request, .. }
        | Event::RequestApproved { request, .. }
        | Event::RequestReturned { request }
        | Event::RequestExecuting { request, .. }
        | Event::ItemsEnded { request, .. }
        | Event::PowerMeasured { request, .. }
        | Event::RequestEnded { request, .. } => {
            state.request(*request).is_some_and(|request| state.sight(actor, request, now).is_whole())
        }
    }
}

/// An event as it stands in the log, without the ids of requests and devices that are out of sight (it may say by what a request
/// was replaced, or what was asked for beside), and with addresses masked for who may not see wallets.
pub fn cleared(state: &State, reader: Reader<'_>, mut detail: Value) -> Value {
    if !reader.sees_addresses(state) {
        mask_addresses(&mut detail);
    }
    if !reader.reach.is_everywhere() {
        clear(state, reader, &mut detail);
    }
    detail
}

fn mask_addresses(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(address) if name == "address" => *address = masked(address),
                    value => mask_addresses(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_addresses),
        _ => {}
    }
}

fn clear(state: &State, reader: Reader<'_>, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| clear(state, reader, item)),
        Value::Object(fields) => fields.values_mut().for_each(|field| clear(state, reader, field)),
        Value::String(text) => {
            let request = text.parse::<RequestId>().ok().and_then(|id| state.request(id));
            let hidden = request.is_some_and(|request| !reader.sees_request(state, request))
                || text.parse::<DeviceId>().is_ok_and(|device| !reader.sees_device(state, device));
            if hidden {
                *value = Value::Null;
            }
        }
        _ => {}
    }
}

fn is_of(state: &State, user: UserId, account: AccountId) -> bool {
    state.accounts_of(user).any(|of| of == account)
}
