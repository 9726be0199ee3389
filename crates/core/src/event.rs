//! What has happened. The log is a list of these; [`crate::state::State`] is what they add up to.
//!
//! An event is named and versioned (`request_submitted.v1`). A change to an event's fields is a new version with an upcaster from the old
//! one; fixtures of every version ever shipped are folded by a test. No secret and no personal detail is ever in an event:
//! people appear by id.

use crate::variants::is_variant;
use crate::{
    accounts::{Posting, Sections, Share},
    audit::Hash,
    authz::{ApiAccess, Origins, Permission, Principal, RoleId, Scope},
    fleet::{AgentMode, FoundDevice, PowerAfter, SitePolicy, TargetResult},
    ids::{
        AccountId, AgentId, ContainerId, CustomRoleId, DeviceId, GrantId, GroupId, KeyId, ObserverLinkId, RequestId,
        ScanTaskId, SiteId, SubAccountId, UserId, WebhookId,
    },
    requests::{
        Action, ContentHash, Decision, Estimate, Payload, Policy, Refusal, RequestState, Safeguards, Scenario, Target,
        Was, rendering::Shown,
    },
    state::SignInChange,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::{net::IpAddr, sync::Arc};

/// An event with who caused it and when: the body of one record of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was decided, by the log's clock.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Principal,
    /// What happened.
    pub event: Event,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
#[allow(missing_docs, reason = "fields are named after what they hold")]
pub enum Event {
    /// The server has kept a snapshot of the state after record `seq`, and this is the hash of it in the given form
    /// ([`State::FORM`](crate::state::State::FORM)). A snapshot whose hash is not in the log is not believed.
    #[serde(rename = "state_hashed.v1")]
    StateHashed {
        seq: u64,
        form: u32,
        #[serde(with = "crate::audit::hex")]
        hash: Hash,
    },
    /// A tenant exists, with its owner.
    #[serde(rename = "account_created.v1")]
    AccountCreated { account: AccountId, name: String, owner: UserId },
    /// A person exists.
    #[serde(rename = "user_added.v1")]
    UserAdded {
        user: UserId,
        /// Whoever runs the server's machine answers for their e-mail.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        verified: bool,
        /// Through which account they became known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
    },
    /// A person is gone for good: directory removal or account deletion.
    #[serde(rename = "user_removed.v1")]
    UserRemoved { user: UserId },
    /// A person's e-mail was shown to be theirs.
    #[serde(rename = "email_verified.v1")]
    EmailVerified { user: UserId },
    /// A person signs in differently from now on, with a second factor or without. Their keys that write are held back.
    #[serde(rename = "sign_in_changed.v1")]
    SignInChanged { user: UserId, change: SignInChange, enrolled: bool },
    /// They are not held back any more.
    #[serde(rename = "keys_released.v1")]
    KeysReleased { user: UserId },
    /// A person has opened an account on which they were given a role.
    #[serde(rename = "account_opened.v1")]
    AccountOpened { account: AccountId, user: UserId },
    /// Only people with a second factor count as approvers from now on, or others do as well.
    #[serde(rename = "second_factor_required.v1")]
    SecondFactorRequired { account: AccountId, on: bool },
    /// A person holds a role.
    #[serde(rename = "grant_added.v1")]
    GrantAdded {
        grant: GrantId,
        account: AccountId,
        user: UserId,
        role: RoleId,
        scope: Scope,
        expires_at: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
        #[serde(default, skip_serializing_if = "ApiAccess::is_none")]
        api_access: ApiAccess,
    },
    /// A grant of the same role over the same scope ends at another time, or has another remark or other keys.
    #[serde(rename = "grant_changed.v1")]
    GrantChanged {
        grant: GrantId,
        account: AccountId,
        expires_at: Option<Timestamp>,
        remark: Option<String>,
        api_access: ApiAccess,
    },
    /// A person holds it no more.
    #[serde(rename = "grant_removed.v1")]
    GrantRemoved { grant: GrantId, account: AccountId, user: UserId },
    /// A person's grants give nothing until further notice.
    #[serde(rename = "user_suspended.v1")]
    UserSuspended { account: AccountId, user: UserId },
    /// They give again what they gave.
    #[serde(rename = "user_unsuspended.v1")]
    UserUnsuspended { account: AccountId, user: UserId },
    /// The account has another owner. What both held has ended, and each holds one grant instead.
    #[serde(rename = "ownership_transferred.v1")]
    OwnershipTransferred {
        account: AccountId,
        from: UserId,
        to: UserId,
        grant: GrantId,
        then: RoleId,
        then_grant: GrantId,
    },
    /// The account has made a role, or changed one of its own.
    #[serde(rename = "role_set.v1")]
    RoleSet { role: CustomRoleId, account: AccountId, name: String, permissions: BTreeSet<Permission> },
    /// The role is gone; nobody held it.
    #[serde(rename = "role_deleted.v1")]
    RoleDeleted { role: CustomRoleId, account: AccountId },
    /// Administrators manage people below Administrator from now on, or no longer.
    #[serde(rename = "administrators_manage_users_set.v1")]
    AdministratorsManageUsersSet { account: AccountId, on: bool },
    /// A program may come in with the secret of this hash.
    #[serde(rename = "key_issued.v1")]
    KeyIssued {
        key: KeyId,
        account: AccountId,
        grant: GrantId,
        name: String,
        access: ApiAccess,
        secret_hash: String,
        expires_at: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Origins::is_anywhere")]
        from: Origins,
        #[serde(default, skip_serializing_if = "is_false")]
        require_hmac: bool,
    },
    /// Its name is another, or its terms are narrower.
    #[serde(rename = "key_changed.v1")]
    KeyChanged {
        key: KeyId,
        account: AccountId,
        name: String,
        expires_at: Option<Timestamp>,
        from: Origins,
        require_hmac: bool,
    },
    /// It has another secret; the one until now opens until then.
    #[serde(rename = "key_rotated.v1")]
    KeyRotated { key: KeyId, account: AccountId, secret_hash: String, former_until: Timestamp },
    /// It may not any more.
    #[serde(rename = "key_revoked.v1")]
    KeyRevoked { key: KeyId, account: AccountId },
    /// Which hardening rules hold from now on.
    #[serde(rename = "safeguards_set.v1")]
    SafeguardsSet { account: AccountId, safeguards: Safeguards },
    /// A scenario's policy is this from now on.
    #[serde(rename = "policy_set.v1")]
    PolicySet { account: AccountId, scenario: Scenario, policy: Policy },
    /// The account is called this from now on.
    #[serde(rename = "account_renamed.v1")]
    AccountRenamed { account: AccountId, name: String },
    /// Nothing is carried out until unfrozen.
    #[serde(rename = "account_frozen.v1")]
    AccountFrozen { account: AccountId },
    /// The freeze is over.
    #[serde(rename = "account_unfrozen.v1")]
    AccountUnfrozen { account: AccountId },
    /// The account is gone at this moment, unless that is undone.
    #[serde(rename = "account_deletion_begun.v1")]
    AccountDeletionBegun { account: AccountId, at: Timestamp },
    /// It stays.
    #[serde(rename = "account_deletion_undone.v1")]
    AccountDeletionUndone { account: AccountId },
    /// It is gone for everybody. What happened in it stays written.
    #[serde(rename = "account_deleted.v1")]
    AccountDeleted { account: AccountId },
    /// Somebody no longer in the directory left a scenario with too few approvers.
    #[serde(rename = "governance_degraded.v1")]
    GovernanceDegraded { account: AccountId, scenarios: Vec<Scenario> },
    /// Every scenario has enough approvers again.
    #[serde(rename = "governance_restored.v1")]
    GovernanceRestored { account: AccountId },
    /// A recovery was carried out and must be looked at.
    #[serde(rename = "recovery_used.v1")]
    RecoveryUsed { account: AccountId, request: RequestId },
    /// Somebody has looked at a recovery.
    #[serde(rename = "recovery_reviewed.v1")]
    RecoveryReviewed { account: AccountId, request: RequestId, by: UserId, words: String },

    /// What happens on the account is told to an address outside. The address and its secret are kept outside the log, under
    /// `sealed`; no `types` are all of them.
    #[serde(rename = "webhook_set.v1")]
    WebhookSet {
        webhook: WebhookId,
        account: AccountId,
        name: String,
        host: String,
        types: BTreeSet<String>,
        sealed: String,
    },
    /// It has another secret.
    #[serde(rename = "webhook_secret_rotated.v1")]
    WebhookSecretRotated { webhook: WebhookId, account: AccountId },
    /// It has failed for so long that nothing is sent there until it is set again.
    #[serde(rename = "webhook_disabled.v1")]
    WebhookDisabled { webhook: WebhookId, account: AccountId },
    /// It is gone.
    #[serde(rename = "webhook_removed.v1")]
    WebhookRemoved { webhook: WebhookId, account: AccountId },

    /// A site exists.
    #[serde(rename = "site_created.v1")]
    SiteCreated { site: SiteId, account: AccountId, name: String, capacity_w: Option<u64> },
    /// A site is called this and may draw so much from now on.
    #[serde(rename = "site_changed.v1")]
    SiteChanged { site: SiteId, name: String, capacity_w: Option<u64> },
    /// A site is gone, with its containers, agents, scan tasks and devices.
    #[serde(rename = "site_removed.v1")]
    SiteRemoved { site: SiteId },
    /// An agent may enrol with the token of this hash.
    #[serde(rename = "agent_created.v1")]
    AgentCreated { agent: AgentId, account: AccountId, site: SiteId, name: String, token_hash: String },
    /// It has, and this is its public key. The token is spent.
    #[serde(rename = "agent_enrolled.v1")]
    AgentEnrolled { agent: AgentId, public_key: String },
    /// It has not enrolled in time, and may with the token of this hash.
    #[serde(rename = "agent_token_reissued.v1")]
    AgentTokenReissued { agent: AgentId, token_hash: String },
    /// An agent is called this, and works like this from now on.
    #[serde(rename = "agent_changed.v1")]
    AgentChanged { agent: AgentId, name: String, mode: AgentMode, paused: bool },
    /// An agent has said what its site's own policy leaves of its orders.
    #[serde(rename = "site_policy_told.v1")]
    SitePolicyTold { agent: AgentId, policy: SitePolicy },
    /// An agent's key and token open nothing any more, and its scan tasks are gone. Its devices stay.
    #[serde(rename = "agent_revoked.v1")]
    AgentRevoked { agent: AgentId },
    /// An agent has ranges to search. Its passwords are kept outside the log, under a reference.
    #[serde(rename = "scan_task_created.v1")]
    ScanTaskCreated {
        scan_task: ScanTaskId,
        agent: AgentId,
        name: String,
        ranges: Vec<String>,
        interval_s: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credentials: Option<String>,
        passwords_to_unknown: bool,
    },
    /// It is this from now on.
    #[serde(rename = "scan_task_changed.v1")]
    ScanTaskChanged {
        scan_task: ScanTaskId,
        name: String,
        ranges: Vec<String>,
        interval_s: u32,
        enabled: bool,
        credentials: Option<String>,
        passwords_to_unknown: bool,
    },
    /// Nobody searches these ranges for it any more.
    #[serde(rename = "scan_task_removed.v1")]
    ScanTaskRemoved { scan_task: ScanTaskId },
    /// Devices never seen before.
    #[serde(rename = "devices_found.v1")]
    DevicesFound { agent: AgentId, scan_task: ScanTaskId, devices: Vec<(DeviceId, FoundDevice)> },
    /// Known devices at another address, with another agent of the same site or other firmware.
    #[serde(rename = "devices_changed.v1")]
    DevicesChanged { agent: AgentId, scan_task: ScanTaskId, devices: Vec<(DeviceId, FoundDevice)> },
    /// An agent says that it sees devices at these addresses, which others hold or which are heard at other addresses. They stay
    /// where they are.
    #[serde(rename = "devices_claimed.v1")]
    DevicesClaimed { agent: AgentId, scan_task: ScanTaskId, devices: Vec<(DeviceId, IpAddr)> },
    /// Devices are this agent's and stand on its site from now on; what others said of them is settled.
    #[serde(rename = "devices_moved.v1")]
    DevicesMoved { account: AccountId, agent: AgentId, site: SiteId, devices: Vec<DeviceId> },

    /// A container exists.
    #[serde(rename = "container_created.v1")]
    ContainerCreated { container: ContainerId, account: AccountId, site: SiteId, name: String },
    /// A container is called this from now on.
    #[serde(rename = "container_renamed.v1")]
    ContainerRenamed { container: ContainerId, name: String },
    /// A container is gone; nothing stood in it.
    #[serde(rename = "container_removed.v1")]
    ContainerRemoved { container: ContainerId },
    /// A sub-account exists.
    #[serde(rename = "sub_account_created.v1")]
    SubAccountCreated { sub_account: SubAccountId, account: AccountId, name: String },
    /// A group is these devices from now on.
    #[serde(rename = "group_set.v1")]
    GroupSet { group: GroupId, account: AccountId, name: String, devices: Vec<DeviceId> },
    /// The group is gone; no grant named it.
    #[serde(rename = "group_deleted.v1")]
    GroupDeleted { group: GroupId, account: AccountId },
    /// A sub-account is called this from now on.
    #[serde(rename = "sub_account_renamed.v1")]
    SubAccountRenamed { sub_account: SubAccountId, name: String },
    /// A sub-account is gone; nothing belonged to it.
    #[serde(rename = "sub_account_removed.v1")]
    SubAccountRemoved { sub_account: SubAccountId },
    /// What a sub-account keeps is paid to this address from now on.
    #[serde(rename = "wallet_set.v1")]
    WalletSet { sub_account: SubAccountId, version: u32, address: String },
    /// A sub-account's earnings are shared out like this from a day on.
    #[serde(rename = "allocation_set.v1")]
    AllocationSet { sub_account: SubAccountId, version: u32, shares: Vec<Share>, effective_from: Timestamp },
    /// Whoever has the token of this hash may look at these sub-accounts. `replaces` shows nothing any more.
    #[serde(rename = "observer_link_issued.v1")]
    ObserverLinkIssued {
        link: ObserverLinkId,
        account: AccountId,
        sub_accounts: BTreeSet<SubAccountId>,
        sections: Sections,
        label: String,
        token_hash: String,
        expires_at: Timestamp,
        replaces: Option<ObserverLinkId>,
    },
    /// A link shows no more than this from now on.
    #[serde(rename = "observer_link_narrowed.v1")]
    ObserverLinkNarrowed { link: ObserverLinkId, account: AccountId, sections: Sections },
    /// A link shows nothing any more.
    #[serde(rename = "observer_link_revoked.v1")]
    ObserverLinkRevoked { link: ObserverLinkId, account: AccountId },
    /// Sub-accounts are shown by links only.
    #[serde(rename = "observers_protected.v1")]
    ObserversProtected { account: AccountId },
    /// Sub-accounts are shown to whoever knows their names.
    #[serde(rename = "observers_opened.v1")]
    ObserversOpened { account: AccountId, sections: Sections },
    /// A day's earnings were shared out. The day is named by its first moment; amounts are satoshi.
    #[serde(rename = "earnings_settled.v1")]
    EarningsSettled { account: AccountId, day: Timestamp, earned: BTreeMap<SubAccountId, u64>, postings: Vec<Posting> },
    /// Devices stand in this container from now on, or in none.
    #[serde(rename = "devices_placed.v1")]
    DevicesPlaced { account: AccountId, devices: Vec<DeviceId>, container: Option<ContainerId> },
    /// Devices belong to this sub-account from now on, or to none.
    #[serde(rename = "devices_assigned.v1")]
    DevicesAssigned { account: AccountId, devices: Vec<DeviceId>, sub_account: Option<SubAccountId> },

    /// A change was put into a person's draft; it takes its targets from earlier changes of the same kind.
    #[serde(rename = "draft_put.v1")]
    DraftPut { user: UserId, site: SiteId, change: u32, action: Action, targets: Vec<DeviceId> },
    /// Devices were taken out of a change of a draft.
    #[serde(rename = "draft_taken.v1")]
    DraftTaken { user: UserId, site: SiteId, change: u32, targets: Vec<DeviceId> },
    /// The draft is gone: discarded or out of date.
    #[serde(rename = "draft_closed.v1")]
    DraftClosed { user: UserId, site: SiteId },
    /// The draft is gone: its changes have become these requests, submitted just before.
    #[serde(rename = "draft_submitted.v1")]
    DraftSubmitted {
        user: UserId,
        site: SiteId,
        requests: Vec<RequestId>,
        /// Idempotency key, and hash of what was asked with it.
        idempotency: Option<(String, ContentHash)>,
    },

    /// A request waits for approvals.
    #[serde(rename = "request_submitted.v1")]
    RequestSubmitted {
        request: RequestId,
        number: u32,
        payload: Arc<Payload>,
        content_hash: ContentHash,
        /// The counts in force, with what the ratchet and closure rules add.
        required: u32,
        required_other: u32,
        /// Who may vote, and by which grant.
        eligible: Vec<(UserId, GrantId)>,
        /// One for each target: draw before and expected after.
        estimates: Vec<Estimate>,
        /// Devices asked for and not given.
        refused: Vec<(DeviceId, Refusal)>,
        /// What the targets were set to, grouped.
        #[serde(default)]
        was: Vec<Was>,
        /// What is shown of a change of the account besides what its payload says.
        #[serde(default, skip_serializing_if = "Shown::is_empty")]
        shown: Box<Shown>,
        reason: Option<String>,
        /// Idempotency key, and hash of what was asked with it.
        idempotency: Option<(String, ContentHash)>,
        /// The request whose next revision this is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        supersedes: Option<RequestId>,
    },
    /// A later request took targets from this one. Items are places in its target list.
    #[serde(rename = "targets_dropped.v1")]
    TargetsDropped { request: RequestId, by: RequestId, items: Vec<u32> },
    /// Somebody voted.
    #[serde(rename = "vote_cast.v1")]
    VoteCast {
        request: RequestId,
        revision: u32,
        voter: UserId,
        decision: Decision,
        content_hash: ContentHash,
        comment: Option<String>,
        authenticated_at: Timestamp,
        /// Id of the passkey that was given for this decision.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passkey: Option<String>,
    },
    /// Whom a request offers something has accepted that.
    #[serde(rename = "offer_accepted.v1")]
    OfferAccepted { request: RequestId, user: UserId, content_hash: ContentHash, authenticated_at: Timestamp },
    /// Somebody took their approval back.
    #[serde(rename = "vote_withdrawn.v1")]
    VoteWithdrawn { request: RequestId, voter: UserId },
    /// Somebody said something about it.
    #[serde(rename = "request_commented.v1")]
    RequestCommented { request: RequestId, by: UserId, words: String },
    /// Enough approvals.
    #[serde(rename = "request_approved.v1")]
    RequestApproved { request: RequestId, not_before: Timestamp, execute_deadline: Timestamp },
    /// An approval stopped counting before execution.
    #[serde(rename = "request_returned.v1")]
    RequestReturned { request: RequestId },
    /// It is being carried out; its approvals are spent. Each open item goes to the agent named.
    #[serde(rename = "request_executing.v1")]
    RequestExecuting { request: RequestId, agents: Vec<(u32, AgentId)>, skipped: Vec<(u32, TargetResult)> },
    /// Items have ended.
    #[serde(rename = "items_ended.v1")]
    ItemsEnded { request: RequestId, results: Vec<(u32, TargetResult)> },
    /// What devices draw since their orders have taken effect.
    #[serde(rename = "power_measured.v1")]
    PowerMeasured { request: RequestId, power: Vec<(u32, PowerAfter)> },
    /// It has ended.
    #[serde(rename = "request_ended.v1")]
    RequestEnded { request: RequestId, state: RequestState, reason: Option<String>, superseded_by: Option<RequestId> },
}

impl Event {
    /// Its name without the version, e.g. `vote_cast`.
    #[must_use]
    pub fn name(&self) -> String {
        let value = serde_json::to_value(self).ok();
        let name = value.as_ref().and_then(|v| v.get("type")).and_then(|v| v.as_str()).unwrap_or_default();
        name.split('.').next().unwrap_or_default().to_owned()
    }

    /// Is anything that can happen called this, with its version or without?
    #[must_use]
    pub fn is_type(name: &str) -> bool {
        let known = |name: &str| is_variant::<Self>("type", name);
        known(name) || (1..=9).any(|version| known(&format!("{name}.v{version}")))
    }

    /// The request it is about.
    #[must_use]
    pub const fn request(&self) -> Option<RequestId> {
        match self {
            Self::RequestSubmitted { request, .. }
            | Self::TargetsDropped { request, .. }
            | Self::VoteCast { request, .. }
            | Self::OfferAccepted { request, .. }
            | Self::VoteWithdrawn { request, .. }
            | Self::RequestCommented { request, .. }
            | Self::RequestApproved { request, .. }
            | Self::RequestReturned { request }
            | Self::RequestExecuting { request, .. }
            | Self::ItemsEnded { request, .. }
            | Self::PowerMeasured { request, .. }
            | Self::RequestEnded { request, .. } => Some(*request),
            _ => None,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The thing an event's target stands for; kept so that events need not name both kinds.
#[must_use]
pub const fn device_of(target: Target) -> Option<DeviceId> {
    match target {
        Target::Device(device) => Some(device),
        Target::Agent(_) => None,
    }
}
