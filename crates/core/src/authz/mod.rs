//! Who may do what, where.
//!
//! A **grant** gives a person a **role** (a set of permissions) over a **scope** (the whole account, or some of its nodes). Rights are
//! the union of a person's live grants; nothing ever takes a right away but the end of a grant. Every question has the
//! same form: may this **principal** use this **permission** on a thing at this **place**?
//!
//! # A worked example
//! The Technician of site `site-1` asks to reboot `dev-42`, which stands on `site-1`:
//! 1. `device.reboot` is in the Technician's mask, and `site-1` covers `dev-42`'s place: **allow**, or, if the policy of scenario
//!    `fleet.power` asks for approvals, **needs a request**.
//! 2. For `dev-77` on `site-2` the mask fits and the scope does not: **deny**. To this person `dev-77` does not exist: the API
//!    answers 404, as it does for an id that was never given.
//! 3. For `device.power_mode` on `dev-42` the scope fits and the mask does not: **deny**, saying which roles hold the permission.
//!
//! # Proof
//! A [`Permit`] is made only here, and only after the question was answered with yes. What reads or streams takes one as
//! its argument, so an unchecked handler does not compile. What changes anything goes through [`crate::decide`], which asks by itself.

pub mod catalogue;
mod denied;
mod key;
mod network;
mod role;
mod scope;
mod table;
mod words;

pub use catalogue::Permission;
pub use denied::{Denied, KeyLimit};
pub use key::{ApiKey, FormerSecret, KeyRefused};
pub use network::{Network, NoNetwork, Origins};
pub use role::{CustomRole, Role, RoleId, mask_of};
pub use scope::{Groups, MAX_GROUPS, Node, Place, Scope};
use scope::{Mark, Marks};
pub(crate) use table::RightsTable;

use crate::{
    ids::{AccountId, GrantId, KeyId, UserId},
    state::State,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// When a grant without an end expires.
const NEVER: Timestamp = Timestamp(i64::MAX);

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Principal {
    /// A person.
    User(UserId),
    /// A program with a key of a grant.
    ApiKey(KeyId),
    /// Somebody with a shell on the server. Not reachable over the network.
    Operator,
    /// The server itself, acting on the clock or on agents' reports.
    System,
}

/// Who acts, for which account, and how sure we are that it is they.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The account they act for.
    pub account: AccountId,
    /// Who.
    pub principal: Principal,
    /// When they last showed a password, code or passkey.
    pub authenticated_at: Timestamp,
}

impl Actor {
    /// The server itself.
    #[must_use]
    pub const fn system(account: AccountId) -> Self {
        Self { account, principal: Principal::System, authenticated_at: Timestamp(0) }
    }

    /// The person, if it is one.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self.principal {
            Principal::User(user) => Some(user),
            _ => None,
        }
    }
}

/// A role over a scope, given to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id, never used again: who is granted the same again holds another grant.
    pub id: GrantId,
    /// On which account.
    pub account: AccountId,
    /// To whom.
    pub user: UserId,
    /// What.
    pub role: RoleId,
    /// Where.
    pub scope: Scope,
    /// Ends at this moment.
    pub expires_at: Option<Timestamp>,
    /// What for, in the words of whoever gave it.
    pub remark: Option<String>,
    /// Whether its holder may make keys with it.
    pub api_access: ApiAccess,
}

/// What keys made under a grant may do. A grant with keys always reaches the whole account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiAccess {
    /// No keys.
    #[default]
    None,
    /// Keys that read.
    ReadOnly,
    /// Keys that may also ask for changes.
    ReadWrite,
}

impl ApiAccess {
    /// No keys?
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

impl Grant {
    /// Does it count at `now`?
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// One live grant as the kernel reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Permissions, one bit each.
    pub mask: u64,
    /// Where.
    pub scope: Scope,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// By which grant.
    pub grant: GrantId,
    /// As what.
    pub role: RoleId,
}

/// All of one person's rights on one account. Cheap to clone; a snapshot, so ask for it anew for every question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    rights: Arc<[Right]>,
    rows: Arc<[Row]>,
}

/// A right over one node, flat: every question about a thing is one pass over these.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    mask: u64,
    until: Timestamp,
    reach: Mark,
}

impl Row {
    fn gives(&self, bit: u64, marks: &Marks, now: Timestamp) -> bool {
        (self.mask & bit != 0) & marks.has(self.reach) & (now < self.until)
    }
}

impl Rights {
    /// Compiles grants, each with the permissions of its role.
    #[must_use]
    pub fn of<'g>(grants: impl Iterator<Item = (&'g Grant, u64)>) -> Self {
        let rights: Arc<[_]> = grants
            .map(|(grant, mask)| Right {
                mask,
                scope: grant.scope.clone(),
                expires_at: grant.expires_at,
                grant: grant.id,
                role: grant.role,
            })
            .collect();
        let row = |right: &Right, reach| Row { mask: right.mask, until: right.expires_at.unwrap_or(NEVER), reach };
        let rows = rights.iter().flat_map(|right| right.scope.marks().map(move |reach| row(right, reach))).collect();
        Self { rights, rows }
    }

    /// None at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rights.is_empty()
    }

    /// Live rights with `permission`.
    pub fn with(&self, permission: Permission, now: Timestamp) -> impl Iterator<Item = &Right> {
        self.live(now).filter(move |right| right.mask & permission.bit() != 0)
    }

    /// When any of them end by themselves.
    pub(crate) fn ends(&self) -> impl Iterator<Item = Timestamp> + '_ {
        self.rights.iter().filter_map(|right| right.expires_at)
    }

    /// Live rights.
    pub fn live(&self, now: Timestamp) -> impl Iterator<Item = &Right> {
        self.rights.iter().filter(move |right| right.expires_at.is_none_or(|end| now < end))
    }

    /// May they use `permission` on a thing at `place`?
    #[must_use]
    pub fn allow(&self, permission: Permission, place: &Place, now: Timestamp) -> bool {
        let (bit, marks) = (permission.bit(), place.marks());
        // Every row is looked at: which of them fits cannot be foretold, and a wrong guess costs more than a few rows.
        self.rows.iter().fold(false, |any, row| any | row.gives(bit, &marks, now))
    }

    /// Union of the permissions held anywhere.
    #[must_use]
    pub fn mask(&self, now: Timestamp) -> u64 {
        self.live(now).fold(0, |mask, right| mask | right.mask)
    }
}

/// Proof that a principal may use permission `P` (a [`Permission`] as a number), and where.
///
/// There is no way to make one but [`State::permit`].
#[derive(Debug, Clone)]
pub struct Permit<const P: u8> {
    actor: Actor,
    reach: Reach,
}

/// The things a permit reaches.
#[derive(Debug, Clone)]
pub struct Reach {
    account: AccountId,
    everywhere: bool,
    scopes: Arc<[Scope]>,
}

impl Reach {
    /// Is a thing of `account` at `place` within reach?
    #[must_use]
    pub fn covers(&self, account: AccountId, place: &Place) -> bool {
        account == self.account && (self.everywhere || self.scopes.iter().any(|scope| scope.covers(place)))
    }

    /// Everything that is within reach lies in one of these.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.scopes.iter()
    }

    /// Whose things.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The whole account?
    #[must_use]
    pub const fn is_everywhere(&self) -> bool {
        self.everywhere
    }
}

impl<const P: u8> Permit<P> {
    /// Who holds it.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What it reaches.
    #[must_use]
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }
}

/// The answer to "may they?" for something a policy may hold back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, by this grant; whatever they ask for by it runs at once.
    Allow {
        /// Which grant says so.
        grant: GrantId,
    },
    /// Yes, by a request that waits for others or for its time, or may: for what can be asked for by one permission the rules may
    /// differ, and the strictest is told.
    NeedsRequest {
        /// Which grant lets them ask.
        grant: GrantId,
        /// Which scenario's policy makes it wait.
        scenario: crate::requests::Scenario,
    },
    /// No. What there is to say about it, [`State::denied`] finds out.
    Deny,
}

impl State {
    /// Asks whether `actor` may use permission `P` anywhere in their account, and where.
    ///
    /// # Errors
    /// [`Denied`] if no live grant gives it.
    pub fn permit<const P: u8>(&self, actor: &Actor, now: Timestamp) -> Result<Permit<P>, Box<Denied>> {
        let permission = catalogue::CATALOGUE[P as usize].permission;
        let rights = self.rights_of(actor);
        let scopes: Arc<[Scope]> = rights.with(permission, now).map(|right| right.scope.clone()).collect();
        if scopes.is_empty() {
            return Err(self.denied(actor, permission, None, now));
        }
        let everywhere = scopes.iter().any(Scope::is_all);
        Ok(Permit { actor: *actor, reach: Reach { account: actor.account, everywhere, scopes } })
    }

    /// May `user` use `permission` on a thing of `account` at `place`? The quickest form of the question: no reason is given.
    #[must_use]
    pub fn may(&self, account: AccountId, user: UserId, permission: Permission, place: &Place, now: Timestamp) -> bool {
        self.rights.get(account, user).is_some_and(|rights| rights.allow(permission, place, now))
    }

    /// May `actor` use `permission` on a thing of their account at `place`?
    #[must_use]
    pub fn verdict(&self, actor: &Actor, permission: Permission, place: &Place, now: Timestamp) -> Verdict {
        let rights = self.rights_of(actor);
        let Some(right) = rights.with(permission, now).find(|right| right.scope.covers(place)) else {
            return Verdict::Deny;
        };
        let mut scenarios = crate::requests::Scenario::governing(permission);
        let waits = scenarios.find(|scenario| !self.runs_at_once(actor, *scenario, permission, place, now));
        waits.map_or(Verdict::Allow { grant: right.grant }, |scenario| Verdict::NeedsRequest {
            grant: right.grant,
            scenario,
        })
    }
}
