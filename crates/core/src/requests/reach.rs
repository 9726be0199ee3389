//! What an action does to what people may do: the one measure of effect.
//!
//! [`State::reach_delta`] says who gains or loses which permission, which vote and which use of keys, and where. From it follow, for
//! every action alike: may the initiator give it (nobody gives what they lack), how many approvals it takes (making an approver
//! takes the highest count in which they could vote; giving anybody anything takes at least what adding a person takes), and who
//! gains by it and therefore has no vote.
//!
//! It is worked out from the grants, roles and places that the action names, without carrying it out. Invariant I15 holds it against
//! what happens: everybody's rights on every object, before and after whatever too few people ask for.

use super::{Action, Control, GrantChange, NewGrant, Scenario, inventory::Move};
use crate::{
    authz::{ApiAccess, Grant, Node, Permission, Place, Role, RoleId, Scope, mask_of},
    ids::{AccountId, DeviceId, UserId},
    state::State,
    time::Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// When a grant without an end expires.
const NEVER: Timestamp = Timestamp(i64::MAX);

/// What one grant gives at one node.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Permissions, one bit each.
    mask: u64,
    /// Scenarios in which its role may vote, one bit each, by place in [`Scenario::ALL`].
    votes: u64,
    /// Where; `None`: everywhere.
    node: Option<Node>,
    until: Timestamp,
    keys: ApiAccess,
}

/// What somebody would have in a place that they do not have now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gain {
    /// Permissions, one bit each.
    pub(crate) mask: u64,
    /// Scenarios in which they could vote, one bit each, by place in [`Scenario::ALL`].
    pub(crate) votes: u64,
    /// Keys that could do more, under permissions that they may hold already.
    pub(crate) keys: bool,
    /// Where.
    pub(crate) at: Spot,
}

/// Where something is gained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// Over this node; `None`: everywhere.
    Node(Option<Node>),
    /// On devices that are at this place now and go elsewhere.
    Devices(Place),
}

/// What becomes of what one person may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// What they would have more.
    pub(crate) gains: Vec<Gain>,
    /// Would they have less of anything?
    pub(crate) loses: bool,
}

/// What an action would do to what people may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReachDelta {
    people: BTreeMap<UserId, Change>,
    /// It lets all Administrators manage people, which none of them gains for themselves.
    pub(crate) by_rule: bool,
}

impl ReachDelta {
    /// Would `user` have anything more?
    pub(crate) fn gives(&self, user: UserId) -> bool {
        self.people.get(&user).is_some_and(|change| !change.gains.is_empty())
    }

    /// Would `user` have less of something, and nothing more?
    pub(crate) fn only_takes(&self, user: UserId) -> bool {
        self.people.get(&user).is_some_and(|change| change.gains.is_empty() && change.loses)
    }

    /// Would anybody have anything more?
    pub(crate) fn gives_anything(&self) -> bool {
        self.by_rule || self.gains().next().is_some()
    }

    /// Everything that anybody would have more.
    pub(crate) fn gains(&self) -> impl Iterator<Item = (UserId, &Gain)> {
        self.people.iter().flat_map(|(user, change)| change.gains.iter().map(move |gain| (*user, gain)))
    }

    /// Scenarios in which somebody could vote who could not before.
    pub(crate) fn new_votes(&self) -> impl Iterator<Item = Scenario> {
        let votes = self.gains().fold(0, |votes, (_, gain)| votes | gain.votes);
        scenarios_of(votes)
    }

    fn record(&mut self, user: UserId, before: &[Row], after: &[Row], at: impl Fn(&Row) -> Spot, contains: Contains) {
        let gains: Vec<_> = after.iter().filter_map(|row| gain(before, row, at(row), contains)).collect();
        let loses = before.iter().any(|row| gain(after, row, at(row), contains).is_some());
        if !gains.is_empty() || loses {
            let change = self.people.entry(user).or_default();
            change.gains.extend(gains);
            change.loses |= loses;
        }
    }
}

/// Does one node reach everywhere that another does?
type Contains<'a> = &'a dyn Fn(Option<Node>, Option<Node>) -> bool;

fn scenarios_of(votes: u64) -> impl Iterator<Item = Scenario> {
    Scenario::ALL.iter().copied().filter(move |scenario| votes & vote_bit(*scenario) != 0)
}

const fn vote_bit(scenario: Scenario) -> u64 {
    1 << scenario as u64
}

/// What `row` has that none of `before` covers for as long.
fn gain(before: &[Row], row: &Row, at: Spot, contains: Contains) -> Option<Gain> {
    let covering = || before.iter().filter(|old| contains(old.node, row.node) && row.until <= old.until);
    let mask = row.mask & !covering().fold(0, |mask, old| mask | old.mask);
    let votes = row.votes & !covering().fold(0, |votes, old| votes | old.votes);
    let by_keys = covering().filter(|old| old.keys >= row.keys).fold(0, |mask, old| mask | old.mask);
    let keys = !row.keys.is_none() && row.mask & !by_keys != 0;
    (mask != 0 || votes != 0 || keys).then_some(Gain { mask, votes, keys, at })
}

impl State {
    /// What `action` would do to what people of `account` may do. Whether they are suspended does not matter: a suspension ends.
    pub(crate) fn reach_delta(&self, account: AccountId, action: &Action) -> ReachDelta {
        match action {
            // What is done to a machine changes nobody's rights.
            Action::Device(_) => ReachDelta::default(),
            Action::Control(control) => self.delta_of(account, control),
        }
    }

    pub(crate) fn delta_of(&self, account: AccountId, control: &Control) -> ReachDelta {
        match control {
            Control::AddGrant(NewGrant { user, role, scope, expires_at, api_access, remark: _ }) => {
                let new = self.rows(account, *role, scope, *expires_at, *api_access);
                self.with_grants(account, [(*user, Vec::new(), new)])
            }
            Control::ChangeGrant(GrantChange { grant, role, scope, expires_at, api_access, remark: _ }) => {
                let new = self.rows(account, *role, scope, *expires_at, *api_access);
                let old = self.grant(*grant).filter(|old| old.account == account);
                self.with_grants(account, old.map(|old| (old.user, vec![old.id], new)))
            }
            Control::RemoveGrant { grant } => {
                let old = self.grant(*grant).filter(|old| old.account == account);
                self.with_grants(account, old.map(|old| (old.user, vec![old.id], Vec::new())))
            }
            Control::RemoveUser { user, changes: _ } => self.without(account, [*user]),
            Control::Recover(recovery) => self.without(account, recovery.remove.iter().copied()),
            Control::SuspendUser { user } => self.without(account, [*user]),
            Control::UnsuspendUser { user } => {
                let mut delta = ReachDelta::default();
                delta.record(*user, &[], &self.rows_of_user(account, *user), at_node, &|own, other| {
                    self.contains_node(own, other)
                });
                delta
            }
            Control::ChangeRole { role, permissions, name: _ } => {
                self.with_role(account, RoleId::Custom(*role), mask_of(permissions))
            }
            Control::TransferOwnership { to, then } => self.with_owner(account, *to, *then),
            Control::SetAdministratorsManageUsers { on } => ReachDelta { by_rule: *on, ..ReachDelta::default() },
            Control::ChangeGroup { group, devices, .. } => {
                let old = self.group(*group).filter(|old| old.account == account).map(|old| &old.devices);
                let old: &[DeviceId] = old.map_or(&[], |devices| devices);
                let kept: BTreeSet<_> = devices.iter().collect();
                let added = devices.iter().filter(|id| old.binary_search(id).is_err());
                let gone = old.iter().filter(|id| !kept.contains(id));
                let into = added.map(|id| (*id, true)).chain(gone.map(|id| (*id, false)));
                let place = |place: Place, into| Place {
                    groups: if into { place.groups.with(*group) } else { place.groups.without(*group) },
                    ..place
                };
                self.with_places(account, into.filter_map(|(id, into)| Some((id, place(self.device(id)?.place(), into)))))
            }
            Control::PlaceDevices { devices, container } => {
                self.with_moved(account, devices, Move::Container(*container))
            }
            Control::AssignDevices { devices, sub_account } => {
                self.with_moved(account, devices, Move::SubAccount(*sub_account))
            }
            Control::MoveDevices { devices, agent } => self.with_moved(account, devices, Move::Agent(*agent)),
            // A key does no more than its grant: whoever asks for it is told its secret, which `may_ask` looks at.
            Control::IssueKey(_)
            | Control::RevokeKey { .. }
            // Nobody holds a role, and no grant names a group, before it is there or when it goes.
            | Control::CreateRole { .. }
            | Control::DeleteRole { .. }
            | Control::CreateGroup { .. }
            | Control::DeleteGroup { .. }
            // Rules have a ratchet of their own.
            | Control::SetPolicies { .. }
            | Control::SetSafeguards(_)
            | Control::SetSecondFactorRequired { .. }
            // What is there, and what goes with it: no person has more by it.
            | Control::RestartWorkers { .. }
            | Control::CreateSite { .. }
            | Control::ChangeSite { .. }
            | Control::RemoveSite { .. }
            | Control::CreateAgent { .. }
            | Control::ReissueAgentToken { .. }
            | Control::ChangeAgent { .. }
            | Control::RevokeAgent { .. }
            | Control::CreateScanTask { .. }
            | Control::ChangeScanTask { .. }
            | Control::RemoveScanTask { .. }
            | Control::RemoveSubAccount { .. }
            | Control::SetWallet { .. }
            | Control::SetAllocation { .. }
            // Shown to strangers, who hold no rights; `may_ask` looks at what is shown.
            | Control::IssueObserverLink(_)
            | Control::NarrowObserverLink { .. }
            | Control::RevokeObserverLink { .. }
            | Control::ProtectObservers {}
            | Control::OpenObservers { .. }
            | Control::FreezeAccount {}
            | Control::UnfreezeAccount {}
            | Control::DeleteAccount { .. }
            | Control::KeepAccount {} => ReachDelta::default(),
        }
    }

    /// People whose grants of these ids go, and who hold these rows instead.
    fn with_grants(
        &self,
        account: AccountId,
        changes: impl IntoIterator<Item = (UserId, Vec<crate::ids::GrantId>, Vec<Row>)>,
    ) -> ReachDelta {
        let mut delta = ReachDelta::default();
        for (user, gone, new) in changes {
            let held = || self.grants_of(account).filter(|grant| grant.user == user);
            let before: Vec<_> = held().flat_map(|grant| self.rows_of_grant(grant)).collect();
            let kept = held().filter(|grant| !gone.contains(&grant.id)).flat_map(|grant| self.rows_of_grant(grant));
            let after: Vec<_> = kept.chain(new).collect();
            delta.record(user, &before, &after, at_node, &|own, other| self.contains_node(own, other));
        }
        delta
    }

    fn without(&self, account: AccountId, users: impl IntoIterator<Item = UserId>) -> ReachDelta {
        let all =
            |user| self.grants_of(account).filter(move |grant| grant.user == user).map(|grant| grant.id).collect();
        self.with_grants(account, users.into_iter().map(|user| (user, all(user), Vec::new())))
    }

    fn with_owner(&self, account: AccountId, to: UserId, then: RoleId) -> ReachDelta {
        let all = |user| self.grants_of(account).filter(|grant| grant.user == user).map(|grant| grant.id).collect();
        let whole = |role| self.rows(account, role, &Scope::All, None, ApiAccess::None);
        let from = self.account(account).map(|account| account.owner);
        let old = from.map(|from| (from, all(from), whole(then)));
        self.with_grants(account, [(to, all(to), whole(Role::Owner.into()))].into_iter().chain(old))
    }

    fn with_role(&self, account: AccountId, role: RoleId, mask: u64) -> ReachDelta {
        let mut delta = ReachDelta::default();
        let holders: BTreeSet<_> = self.grants_of(account).filter(|g| g.role == role).map(|g| g.user).collect();
        let votes = self.votes_of(account, role, mask);
        for user in holders {
            let held = || self.grants_of(account).filter(|grant| grant.user == user);
            let before: Vec<_> = held().flat_map(|grant| self.rows_of_grant(grant)).collect();
            let changed = |grant: &Grant| {
                let is_it = grant.role == role;
                self.rows_of_grant(grant)
                    .into_iter()
                    .map(move |row| if is_it { Row { mask, votes, ..row } } else { row })
            };
            let after: Vec<_> = held().flat_map(changed).collect();
            delta.record(user, &before, &after, at_node, &|own, other| self.contains_node(own, other));
        }
        delta
    }

    fn with_moved(&self, account: AccountId, devices: &[DeviceId], to: Move) -> ReachDelta {
        let after = devices.iter().filter_map(|id| Some((*id, self.place_after(to, self.device(*id)?.place()))));
        self.with_places(account, after)
    }

    /// Devices that would be at these places: who reaches a place by a grant on some of its nodes gains or loses them.
    fn with_places(&self, account: AccountId, after: impl Iterator<Item = (DeviceId, Place)>) -> ReachDelta {
        let moves = after.filter_map(|(id, to)| Some((self.device(id)?.place(), to))).filter(|(from, to)| from != to);
        let moves: BTreeSet<_> = moves.collect();
        let mut delta = ReachDelta::default();
        if moves.is_empty() {
            return delta;
        }
        let on_devices = Permission::on_devices();
        let votes_on_devices = Scenario::ALL.iter().filter(|s| s.permissions().any(|p| on_devices & p.bit() != 0));
        let votes_on_devices = votes_on_devices.fold(0, |votes, scenario| votes | vote_bit(*scenario));
        let mut rows: BTreeMap<UserId, Vec<(Row, Scope)>> = BTreeMap::new();
        for grant in self.grants_of(account).filter(|grant| !grant.scope.is_all()) {
            rows.entry(grant.user).or_default();
        }
        for grant in self.grants_of(account) {
            if let Some(rows) = rows.get_mut(&grant.user) {
                let mask = self.mask_of(grant.role);
                let (until, keys) = (grant.expires_at.unwrap_or(NEVER), grant.api_access);
                let votes = self.votes_of(account, grant.role, mask) & votes_on_devices;
                rows.push((Row { mask: mask & on_devices, votes, node: None, until, keys }, grant.scope.clone()));
            }
        }
        for (user, rows) in &rows {
            let covering = |place: &Place| -> Vec<Row> {
                rows.iter().filter(|(_, scope)| scope.covers(place)).map(|(row, _)| *row).collect()
            };
            for (from, to) in &moves {
                let at = |_: &Row| Spot::Devices(*from);
                delta.record(*user, &covering(from), &covering(to), at, &|_, _| true);
            }
        }
        delta
    }

    fn rows_of_user(&self, account: AccountId, user: UserId) -> Vec<Row> {
        self.grants_of(account).filter(|grant| grant.user == user).flat_map(|grant| self.rows_of_grant(grant)).collect()
    }

    fn rows_of_grant(&self, grant: &Grant) -> Vec<Row> {
        self.rows(grant.account, grant.role, &grant.scope, grant.expires_at, grant.api_access)
    }

    fn rows(
        &self,
        account: AccountId,
        role: RoleId,
        scope: &Scope,
        expires_at: Option<Timestamp>,
        keys: ApiAccess,
    ) -> Vec<Row> {
        let mask = self.mask_of(role);
        let (votes, until) = (self.votes_of(account, role, mask), expires_at.unwrap_or(NEVER));
        let row = |node| Row { mask, votes, node, until, keys };
        match scope {
            Scope::All => vec![row(None)],
            Scope::Nodes(nodes) => nodes.iter().map(|node| row(Some(*node))).collect(),
        }
    }

    /// Scenarios in which a role with these permissions may vote under the policies of now.
    fn votes_of(&self, account: AccountId, role: RoleId, mask: u64) -> u64 {
        let may = |scenario: &&Scenario| match self.policy(account, **scenario).approvers.roles() {
            Some(roles) => roles.iter().any(|approver| role == *approver),
            None => scenario.permissions().any(|permission| mask & permission.bit() != 0),
        };
        Scenario::ALL.iter().filter(may).fold(0, |votes, scenario| votes | vote_bit(*scenario))
    }

    fn contains_node(&self, own: Option<Node>, other: Option<Node>) -> bool {
        match (own, other) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(other)) => own == other || self.site_of_node(other).is_some_and(|site| site == own),
        }
    }

    /// The site that has the node in it for good.
    fn site_of_node(&self, node: Node) -> Option<Node> {
        match node {
            Node::Container(id) => self.container_ever(id).map(|container| Node::Site(container.site)),
            Node::Site(_) | Node::Group(_) | Node::SubAccount(_) => None,
        }
    }

    /// Does a scope reach everywhere that another reaches? A site has its containers in it.
    pub(crate) fn contains_scope(&self, own: &Scope, other: &Scope) -> bool {
        match (own, other) {
            (Scope::All, _) => true,
            (Scope::Nodes(_), Scope::All) => false,
            (Scope::Nodes(nodes), Scope::Nodes(others)) => {
                others.iter().all(|other| nodes.iter().any(|own| self.contains_node(Some(*own), Some(*other))))
            }
        }
    }

    /// Does the person hold everything that `gain` gives somebody, where it does?
    pub(crate) fn lacks_of(&self, account: AccountId, user: UserId, gain: &Gain, now: Timestamp) -> Option<Permission> {
        let rights = self.rights_of_user(account, user);
        let covers = |scope: &Scope| match gain.at {
            Spot::Node(None) => scope.is_all(),
            Spot::Node(Some(node)) => self.contains_scope(scope, &Scope::Nodes([node].into())),
            Spot::Devices(place) => scope.covers(&place),
        };
        let live = || rights.live(now).filter(|right| covers(&right.scope));
        let mask = live().fold(0, |mask, right| mask | right.mask);
        let votes = live().fold(0, |votes, right| votes | self.votes_of(account, right.role, right.mask));
        let lacking = Permission::all().find(|permission| gain.mask & !mask & permission.bit() != 0);
        lacking.or_else(|| scenarios_of(gain.votes & !votes).find_map(|scenario| scenario.permissions().next()))
    }
}

fn at_node(row: &Row) -> Spot {
    Spot::Node(row.node)
}
