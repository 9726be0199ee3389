//! Everything that is so now: the fold of the log.
//!
//! A state is cheap to clone (its collections share structure), so a command is decided on a copy, and readers keep the
//! state they were given while the next one is made. [`State::apply`] cannot fail: what it is given was decided.

mod apply;
mod conflicts;
mod drafts;
mod fleet;
mod form;
mod holds;
mod identity;
mod keyed;
mod keys;
mod lists;
mod money;
mod observers;
mod people;
mod structure;
mod tags;
mod territory;
mod webhooks;

pub(crate) use apply::{idempotency_key, identity_keys};
pub(crate) use conflicts::{MAX_CLAIMANTS, MAX_CLAIMS_OF_AGENT};
pub(crate) use drafts::DRAFT_TTL;
pub use drafts::{Draft, DraftChange};
pub use form::FormError;
pub use identity::{Identity, KEYS_HELD, SignInChange};
pub use lists::ListCursor;
use lists::Lists;
pub(crate) use tags::tag;
pub use tags::{Seen, Thing};
pub use territory::DeviceSet;
use territory::Territories;
pub use webhooks::Webhook;

use crate::{
    accounts::{Money, ObserverLink, Sections},
    authz::{Actor, ApiKey, CustomRole, Grant, Node, Principal, Rights, RightsTable, RoleId, Scope},
    event::Entry,
    fleet::{Agent, ConflictGroup, Container, Device, DeviceClaim, Group, ScanTask, SecretRef, Site, SubAccount},
    ids::{
        AccountId, AgentId, ContainerId, CustomRoleId, DeviceId, GrantId, GroupId, KeyId, ObserverLinkId, RequestId,
        ScanTaskId, SiteId, SubAccountId, UserId, WebhookId,
    },
    requests::{Action, ContentHash, Policy, Request, RequestState, Safeguards, Scenario},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Company name.
    pub name: String,
    /// The one owner.
    pub owner: UserId,
    /// Nothing is carried out.
    pub frozen: bool,
    /// Is to be gone at this moment.
    pub deletion: Option<Timestamp>,
    /// Is gone since.
    pub deleted_at: Option<Timestamp>,
    /// Policies that came after the shipped ones, in order: version `n` is at `n - 1`.
    pub policies: imbl::OrdMap<Scenario, Vec<Policy>>,
    /// How many requests there have been.
    pub requests: u32,
    /// Whose grants give nothing at present.
    pub suspended: imbl::OrdSet<UserId>,
    /// Whether Administrators manage people below Administrator.
    pub administrators_manage_users: bool,
    /// Which hardening rules hold.
    pub safeguards: Safeguards,
    /// Whether only people with a second factor count as approvers.
    pub second_factor_required: bool,
    /// Who has ever opened it. What others are given on it is an offer to them.
    pub opened: imbl::OrdSet<UserId>,
    /// What it has too few approvers for since somebody left the directory.
    pub degraded: imbl::OrdSet<Scenario>,
    /// Recoveries that nobody has looked at since.
    pub reviews: imbl::OrdSet<RequestId>,
}

/// Which request holds a device, by conflict group: its place in the state's list of requests, plus one; 0 is nobody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims(pub(crate) [u32; ConflictGroup::ALL.len()]);

/// Requests already made under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keyed {
    pub(crate) content: ContentHash,
    pub(crate) requests: Vec<RequestId>,
}

/// Everything that is so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// How many events have been applied.
    pub(crate) seq: u64,
    /// The log's clock: never goes back.
    pub(crate) clock: Timestamp,
    pub(crate) accounts: imbl::OrdMap<AccountId, Arc<Account>>,
    pub(crate) users: imbl::OrdSet<UserId>,
    pub(crate) next_user: u32,
    pub(crate) identities: imbl::OrdMap<UserId, Identity>,
    /// Whose keys that write are held back.
    pub(crate) held: imbl::OrdSet<UserId>,
    pub(crate) grants: imbl::OrdMap<GrantId, Grant>,
    pub(crate) next_grant: u32,
    pub(crate) roles: imbl::OrdMap<CustomRoleId, CustomRole>,
    pub(crate) next_role: u32,
    pub(crate) keys: imbl::OrdMap<KeyId, ApiKey>,
    /// When keys that are not revoked end by themselves; rebuilt, never stored.
    #[serde(skip)]
    key_ends: imbl::OrdSet<(Timestamp, KeyId)>,
    /// Which key a secret opens, by its hash; rebuilt, never stored.
    #[serde(skip)]
    key_secrets: imbl::OrdMap<Arc<str>, KeyId>,
    #[serde(default)]
    pub(crate) webhooks: imbl::OrdMap<WebhookId, Webhook>,
    #[serde(default)]
    pub(crate) next_webhook: u32,
    pub(crate) sites: imbl::OrdMap<SiteId, Site>,
    pub(crate) agents: imbl::OrdMap<AgentId, Agent>,
    pub(crate) containers: imbl::OrdMap<ContainerId, Container>,
    pub(crate) sub_accounts: imbl::OrdMap<SubAccountId, SubAccount>,
    pub(crate) money: imbl::OrdMap<SubAccountId, Arc<Money>>,
    pub(crate) observer_links: imbl::OrdMap<ObserverLinkId, ObserverLink>,
    /// Accounts whose sub-accounts are shown to whoever knows their names, and what of them.
    pub(crate) open_observers: imbl::OrdMap<AccountId, Sections>,
    pub(crate) groups: imbl::OrdMap<GroupId, Group>,
    pub(crate) next_group: u32,
    pub(crate) scan_tasks: imbl::OrdMap<ScanTaskId, ScanTask>,
    /// By id: device `n` is at `n - 1`.
    pub(crate) devices: imbl::Vector<Arc<Device>>,
    /// MAC, or serial number where there is no MAC, within an account.
    pub(crate) by_identity: imbl::OrdMap<String, DeviceId>,
    /// What agents say of devices that others hold, or that answer at another address. No device is listed without a claim.
    pub(crate) device_claims: imbl::OrdMap<DeviceId, Vec<DeviceClaim>>,
    pub(crate) claims: imbl::Vector<Claims>,
    pub(crate) requests: imbl::Vector<Arc<Request>>,
    pub(crate) by_request: imbl::OrdMap<RequestId, u32>,
    /// Places of requests that have not ended.
    pub(crate) open: imbl::OrdSet<u32>,
    /// Of these, those that are not about devices: there are few, and every request has to look at them. Rebuilt, never stored.
    #[serde(skip)]
    pub(crate) open_controls: imbl::OrdSet<u32>,
    #[serde(skip)]
    lists: Lists,
    /// By account, principal and key, as text.
    pub(crate) idempotency: imbl::OrdMap<Arc<str>, Arc<Keyed>>,
    /// Of these, which was looked at last to see whether it still counts.
    pub(crate) idempotency_seen: Arc<str>,
    /// When what was taken of shares that come back with time has come back; by account, principal and share, as text.
    pub(crate) spent: imbl::OrdMap<String, Timestamp>,
    /// How many requests of each wait; rebuilt, never stored.
    #[serde(skip)]
    pub(crate) waiting: imbl::OrdMap<(AccountId, Principal), u32>,
    pub(crate) drafts: imbl::OrdMap<UserId, imbl::OrdMap<SiteId, Draft>>,
    /// Compiled from grants; rebuilt, never stored.
    #[serde(skip)]
    pub(crate) rights: RightsTable,
    /// Which devices are where; rebuilt, never stored.
    #[serde(skip)]
    territories: Territories,
}

impl State {
    /// How many events it is the sum of.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// `now`, or the latest moment in the log if the machine's clock has gone back.
    #[must_use]
    pub fn monotonic(&self, now: Timestamp) -> Timestamp {
        now.max(self.clock)
    }

    /// With everything that is rebuilt and never stored. A snapshot is read by [`read`](Self::read), which also finds out whether
    /// it is what the log says.
    #[must_use]
    pub fn restored(mut self) -> Self {
        let holders: Vec<_> = self.grants.values().map(|grant| (grant.account, grant.user)).collect();
        for (account, user) in holders {
            self.compile_rights(account, user);
        }
        let controls =
            self.open.iter().filter(|place| self.requests.get(**place as usize).is_some_and(|r| is_control(r)));
        self.open_controls = controls.copied().collect();
        let waiting = self.open_requests().filter(|request| request.waits());
        let waiting: Vec<_> = waiting.map(|request| (request.payload.account, request.payload.initiator)).collect();
        waiting.into_iter().for_each(|of| self.count_waiting(of, true));
        self.key_ends = self.keys.values().filter_map(keys::end_of).collect();
        self.key_secrets = self.keys.values().flat_map(keys::secrets_of).collect();
        self.list_all();
        for device in &self.devices {
            self.territories.moved(None, device);
        }
        self
    }

    /// Folds one event in.
    pub fn apply(&mut self, entry: &Entry) {
        self.fold(entry);
        self.list();
    }

    /// Folds one event in, all but the lists: they are to be brought up to date once the command is decided.
    pub(crate) fn fold(&mut self, entry: &Entry) {
        self.seq += 1;
        self.clock = self.clock.max(entry.at);
        self.apply_event(entry);
        self.meter(entry);
    }

    pub(crate) fn compile_rights(&mut self, account: AccountId, user: UserId) {
        let held = |grant: &&Grant| grant.account == account && grant.user == user;
        let rights = if self.is_suspended(account, user) {
            Rights::default()
        } else {
            Rights::of(self.grants.values().filter(held).map(|grant| (grant, self.mask_of(grant.role))))
        };
        self.rights.set(account, user, rights);
    }

    /// Do a person's grants on an account give nothing at present?
    #[must_use]
    pub fn is_suspended(&self, account: AccountId, user: UserId) -> bool {
        self.accounts.get(&account).is_some_and(|account| account.suspended.contains(&user))
    }

    /// The permissions of a role, one bit each; none if it is gone.
    #[must_use]
    pub fn mask_of(&self, role: RoleId) -> u64 {
        match role {
            RoleId::BuiltIn(role) => role.permissions(),
            RoleId::Custom(id) => self.roles.get(&id).map_or(0, CustomRole::mask),
        }
    }

    /// A role's name for people.
    #[must_use]
    pub fn role_title(&self, role: RoleId) -> String {
        match role {
            RoleId::BuiltIn(role) => role.title().to_owned(),
            RoleId::Custom(id) => self.roles.get(&id).map_or_else(|| id.to_string(), |role| role.name.clone()),
        }
    }

    /// Roles that an account has made.
    pub fn custom_roles_of(&self, account: AccountId) -> impl Iterator<Item = &CustomRole> {
        self.roles.values().filter(move |role| role.account == account)
    }

    /// One grant.
    #[must_use]
    pub fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(&id)
    }

    /// What `actor` may do.
    #[must_use]
    pub fn rights_of(&self, actor: &Actor) -> Rights {
        match actor.principal {
            Principal::User(user) => self.rights_of_user(actor.account, user),
            Principal::ApiKey(key) => self.rights_of_key(actor.account, key),
            Principal::Operator | Principal::System => Rights::default(),
        }
    }

    /// What a person may do on an account.
    #[must_use]
    pub fn rights_of_user(&self, account: AccountId, user: UserId) -> Rights {
        self.rights.get(account, user).cloned().unwrap_or_default()
    }

    /// Every account that is there.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values().map(AsRef::as_ref).filter(|account| account.deleted_at.is_none())
    }

    /// One account, if it is there.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id).map(AsRef::as_ref).filter(|account| account.deleted_at.is_none())
    }

    /// Has there never been another account?
    #[must_use]
    pub fn has_one_account(&self) -> bool {
        self.accounts.len() == 1
    }

    /// Accounts on which a person holds a grant, also while they are suspended there.
    pub fn accounts_of(&self, user: UserId) -> impl Iterator<Item = AccountId> + '_ {
        let held = self.rights.keys().filter(move |(_, holder)| *holder == user).map(|(account, _)| *account);
        held.chain(
            self.accounts().map(|account| account.id).filter(move |account| self.is_suspended_member(*account, user)),
        )
    }

    /// People with a grant on an account, also those who are suspended.
    pub fn people_of(&self, account: AccountId) -> impl Iterator<Item = UserId> + '_ {
        let held = self.rights.people(account);
        let suspended = self.account(account).into_iter().flat_map(|account| account.suspended.iter().copied());
        held.chain(suspended.filter(move |user| self.is_suspended_member(account, *user)))
    }

    /// Do they hold grants on the account that give nothing at present?
    #[must_use]
    pub fn is_suspended_member(&self, account: AccountId, user: UserId) -> bool {
        self.is_suspended(account, user) && self.grants_of(account).any(|grant| grant.user == user)
    }

    /// What a person's grants on an account give, or would give if they were not suspended.
    #[must_use]
    pub(crate) fn granted_rights(&self, account: AccountId, user: UserId) -> Rights {
        if !self.is_suspended(account, user) {
            return self.rights_of_user(account, user);
        }
        let held = self.grants_of(account).filter(|grant| grant.user == user);
        Rights::of(held.map(|grant| (grant, self.mask_of(grant.role))))
    }

    /// Grants of an account.
    pub fn grants_of(&self, account: AccountId) -> impl Iterator<Item = &Grant> {
        self.grants.values().filter(move |grant| grant.account == account)
    }

    /// Roles a person holds on an account at `now`, built-in ones first and the most powerful of them first, each once. A grant that
    /// has ended gives none; a suspension does not matter.
    #[must_use]
    pub fn roles_of(&self, account: AccountId, user: UserId, now: Timestamp) -> Vec<RoleId> {
        let held = self.grants_of(account).filter(|grant| grant.user == user && grant.is_live(now));
        let mut roles: Vec<_> = held.map(|grant| grant.role).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// The policy in force for a scenario.
    #[must_use]
    pub fn policy(&self, account: AccountId, scenario: Scenario) -> Policy {
        let set = self.accounts.get(&account).and_then(|account| account.policies.get(&scenario)?.last());
        set.cloned().unwrap_or_else(|| scenario.default_policy())
    }

    /// The policy as it was in some version; the shipped one for a version that never was.
    #[must_use]
    pub fn policy_at(&self, account: AccountId, scenario: Scenario, version: u32) -> Policy {
        let set = self.accounts.get(&account).and_then(|account| account.policies.get(&scenario));
        let set = set.and_then(|set| set.iter().find(|policy| policy.version == version));
        set.cloned().unwrap_or_else(|| scenario.default_policy())
    }

    /// Groups of an account.
    pub fn groups_of(&self, account: AccountId) -> impl Iterator<Item = &Group> {
        self.groups.values().filter(move |group| group.account == account)
    }

    /// One group.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    /// Grants that name a node.
    pub fn grants_on(&self, account: AccountId, node: Node) -> impl Iterator<Item = &Grant> {
        self.grants_of(account).filter(move |grant| match &grant.scope {
            Scope::All => false,
            Scope::Nodes(nodes) => nodes.contains(&node),
        })
    }

    /// Every request, oldest first.
    pub fn requests(&self) -> impl DoubleEndedIterator<Item = &Request> {
        self.requests.iter().map(AsRef::as_ref)
    }

    /// Requests that have not ended, oldest first.
    pub fn open_requests(&self) -> impl DoubleEndedIterator<Item = &Request> {
        self.open.iter().filter_map(|place| self.requests.get(*place as usize)).map(AsRef::as_ref)
    }

    /// Requests that have not ended and are about anything but devices, oldest first.
    pub(crate) fn open_controls(&self) -> impl Iterator<Item = &Request> {
        self.open_controls.iter().filter_map(|place| self.requests.get(*place as usize)).map(AsRef::as_ref)
    }

    /// One request.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Option<&Request> {
        let place = self.by_request.get(&id)?;
        self.requests.get(*place as usize).map(AsRef::as_ref)
    }

    /// One request, to be kept while the state goes on.
    pub(crate) fn request_now(&self, id: RequestId) -> Option<Arc<Request>> {
        let place = self.by_request.get(&id)?;
        self.requests.get(*place as usize).map(Arc::clone)
    }

    /// Open requests that hold a device, each once.
    #[must_use]
    pub fn holders_of(&self, device: DeviceId) -> Vec<&Request> {
        let claims = device.index().checked_sub(1).and_then(|at| self.claims.get(at)).copied().unwrap_or_default();
        let mut places: Vec<_> = claims.0.into_iter().filter(|place| *place != 0).collect();
        places.dedup();
        places.iter().filter_map(|place| self.requests.get(*place as usize - 1)).map(AsRef::as_ref).collect()
    }

    /// A person's draft for a site.
    #[must_use]
    pub fn draft(&self, user: UserId, site: SiteId) -> Option<&Draft> {
        self.drafts.get(&user)?.get(&site)
    }

    /// All drafts of a person.
    pub(crate) fn drafts_of(&self, user: UserId) -> impl Iterator<Item = &Draft> {
        self.drafts.get(&user).into_iter().flat_map(imbl::OrdMap::values)
    }

    /// What stands for the passwords of pools that open requests and drafts name: whoever keeps the passwords needs no others.
    pub fn pool_passwords(&self) -> impl Iterator<Item = &SecretRef> {
        let asked = self.open_requests().map(|request| &request.payload.action);
        let drafts = self.drafts.values().flat_map(imbl::OrdMap::values).flat_map(|draft| &draft.changes);
        asked.chain(drafts.map(|change| &change.action)).flat_map(Action::pool_passwords)
    }

    /// Requests that are being carried out.
    pub fn executing(&self) -> impl Iterator<Item = &Request> {
        self.open_requests().filter(|request| request.state == RequestState::Executing)
    }
}

pub(crate) fn is_control(request: &Request) -> bool {
    matches!(request.payload.action, Action::Control(_))
}
