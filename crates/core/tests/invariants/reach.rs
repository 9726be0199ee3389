//! I15: people who are fewer than the counts ask for never make anybody's rights grow, and take nobody's vote, whatever they ask
//! for, whoever of them asks, and in whatever order: grants, roles, groups, containers, sub-accounts, keys, suspensions, moves to
//! another site's agent.

use crate::support::{AGENT, SITE, World, miner};
use adit_core::{
    authz::{Actor, ApiAccess, Node, Permission, Place, Principal, Role, RoleId, Scope},
    command::{Command, Reply},
    ids::{AgentId, DeviceId, GrantId, ScanTaskId, SiteId, UserId},
    requests::{Action, Control, Decision, GrantChange, NewGrant, NewKey, PolicyChange, Safeguards, Scenario},
    state::State,
    time::Millis,
};
use proptest::{prelude::*, sample::Index, strategy::ValueTree, test_runner::TestRunner};
use std::collections::BTreeSet;

const MINERS: u32 = 8;
/// The agent of another site.
const SOUTH: AgentId = AgentId(2);
/// What everything about people and rules takes, of four approvers.
const COUNT: u32 = 3;

/// Somebody asks for something; everything is picked from what there is.
#[derive(Debug, Clone)]
struct Try {
    who: Index,
    what: usize,
    one: Index,
    other: Index,
    role: Index,
    devices: Vec<u32>,
    on: bool,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let devices = prop::collection::vec(1..=MINERS, 1..4);
    let one = (any::<Index>(), 0..17_usize, any::<Index>(), any::<Index>(), any::<Index>(), devices, any::<bool>());
    let one =
        one.prop_map(|(who, what, one, other, role, devices, on)| Try { who, what, one, other, role, devices, on });
    prop::collection::vec(one, 1..25)
}

/// A company: four approvers, everybody who may ask for something, and nodes that some of them are limited to.
struct Company {
    w: World,
    approvers: Vec<UserId>,
    others: Vec<UserId>,
    nodes: Vec<Node>,
    roles: Vec<RoleId>,
}

fn company() -> Company {
    let mut w = World::new(MINERS);
    let owner = w.owner;
    let mut approvers = vec![owner];
    approvers.extend([Role::Administrator; 3].map(|role| w.person(role)));
    let actor = w.actor(owner);
    let mut nodes = vec![Node::Site(SITE), Node::Site(south(&mut w))];
    for name in ["C1", "C2"] {
        let made = w.run(&actor, Command::CreateContainer { site: SITE, name: name.into() });
        let Ok(Reply::Container(container)) = made else { panic!("{made:?}") };
        nodes.push(Node::Container(container));
    }
    for name in ["client1", "client2"] {
        let made = w.run(&actor, Command::CreateSubAccount { name: name.into() });
        let Ok(Reply::SubAccount(sub_account)) = made else { panic!("{made:?}") };
        nodes.push(Node::SubAccount(sub_account));
    }
    let control = |w: &mut World, control| w.ask(owner, Action::Control(control), &[]);
    for name in ["G1", "G2"] {
        control(&mut w, Control::CreateGroup { name: name.into(), devices: vec![DeviceId(1)] });
    }
    nodes.extend(w.state.groups_of(w.account).map(|group| Node::Group(group.id)));
    let all = |role: Role| Permission::all().filter(move |p| role.permissions() & p.bit() != 0);
    let wide =
        all(Role::Administrator).chain([Permission::UserManage, Permission::RoleManage, Permission::ApiKeyManage]);
    for (name, permissions) in [("Like a manager", all(Role::SiteManager).collect()), ("Staff", wide.collect())] {
        control(&mut w, Control::CreateRole { name: name.into(), permissions });
    }
    let custom = w.state.custom_roles_of(w.account).map(|role| RoleId::Custom(role.id)).collect::<Vec<_>>();
    let roles = Role::ALL.into_iter().skip(1).map(RoleId::from).chain(custom.iter().copied()).collect();
    let mut others = Vec::new();
    let everywhere = [Role::SiteManager, Role::RepairTechnician, Role::Engineer, Role::Accountant].map(RoleId::from);
    for role in everywhere.into_iter().chain(custom) {
        others.push(given(&mut w, role, Scope::All));
    }
    for (node, role) in
        nodes.clone().into_iter().zip([Role::Viewer, Role::Technician, Role::SiteManager].into_iter().cycle())
    {
        others.push(given(&mut w, role, Scope::Nodes([node].into())));
    }
    let Reply::User(stranger) = w.operator(Command::AddUser) else { unreachable!() };
    others.push(stranger);
    let changes = [
        Scenario::AuthorizationAdd,
        Scenario::AuthorizationUpdate,
        Scenario::AuthorizationRemove,
        Scenario::AuthorizationApiAccess,
        Scenario::AuthorizationUnsuspend,
        Scenario::AuthorizationRole,
        Scenario::ApprovalConfigUpdate,
        Scenario::ApikeyIssueWrite,
    ];
    let changes = changes.map(|scenario| PolicyChange::counts(scenario, COUNT, 0)).to_vec();
    control(&mut w, Control::SetPolicies { changes });
    Company { w, approvers, others, nodes, roles }
}

/// A site whose agent searches what the other one's does.
fn south(w: &mut World) -> SiteId {
    let (owner, token_hash, site) = (w.owner, "ef".repeat(32), SiteId(2));
    let (ranges, passwords_to_unknown) = (vec!["10.0.0.0/24".into()], false);
    for control in [
        Control::CreateSite { name: "Sur".into(), capacity_w: None },
        Control::CreateAgent { site, name: "south".into(), token_hash: token_hash.clone() },
        Control::CreateScanTask {
            agent: SOUTH,
            name: "all".into(),
            ranges,
            interval_s: 60,
            credentials: None,
            passwords_to_unknown,
        },
    ] {
        w.ask(owner, Action::Control(control), &[]);
    }
    w.system(Command::EnrolAgent { token_hash, public_key: "ab".repeat(32) });
    site
}

fn given(w: &mut World, role: impl Into<RoleId>, scope: Scope) -> UserId {
    let Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
    let owner = w.owner;
    w.ask(owner, Action::Control(Control::AddGrant(NewGrant::new(user, role, scope))), &[]);
    user
}

impl Company {
    fn people(&self) -> Vec<UserId> {
        self.approvers.iter().chain(&self.others).copied().collect()
    }

    fn grants(&self) -> Vec<GrantId> {
        self.w.state.grants_of(self.w.account).map(|grant| grant.id).collect()
    }

    fn control(&self, of: &Try) -> Control {
        let people = self.people();
        let (one, other) = (*of.one.get(&people), *of.other.get(&self.nodes));
        let (role, grant) = (*of.role.get(&self.roles), *of.one.get(&self.grants()));
        let scope = if of.on { Scope::All } else { Scope::Nodes([other].into()) };
        let devices: Vec<_> = of.devices.iter().copied().map(DeviceId).collect();
        let api_access = if of.on && of.devices.len() > 1 { ApiAccess::ReadWrite } else { ApiAccess::None };
        let (expires_at, remark) = (None, None);
        match of.what {
            0 => Control::AddGrant(NewGrant { api_access, ..NewGrant::new(one, role, scope) }),
            1 => Control::ChangeGrant(GrantChange { grant, role, scope, expires_at, remark, api_access }),
            2 => Control::RemoveGrant { grant },
            3 => {
                Control::RemoveUser { user: one, changes: vec![PolicyChange::counts(Scenario::AuthorizationAdd, 1, 0)] }
            }
            4 => Control::SuspendUser { user: one },
            5 => Control::UnsuspendUser { user: one },
            6 | 7 => match role {
                RoleId::Custom(role) => {
                    let count = of.devices.iter().sum::<u32>() as usize;
                    let permissions = Permission::all().skip(count).step_by(of.devices.len()).collect();
                    Control::ChangeRole { role, name: "Changed".into(), permissions }
                }
                RoleId::BuiltIn(_) => Control::SetAdministratorsManageUsers { on: of.on },
            },
            8 => match other {
                Node::Group(group) => Control::ChangeGroup { group, name: format!("{group}"), devices, version: None },
                _ => Control::CreateGroup { name: "New".into(), devices },
            },
            9 | 10 => match other {
                Node::Container(container) => Control::PlaceDevices { devices, container: Some(container) },
                _ => Control::PlaceDevices { devices, container: None },
            },
            11 | 12 => match other {
                Node::SubAccount(id) => Control::AssignDevices { devices, sub_account: Some(id) },
                _ => Control::AssignDevices { devices, sub_account: None },
            },
            13 | 14 => Control::MoveDevices { devices, agent: if of.on { SOUTH } else { AGENT } },
            15 => {
                let access = if of.on { ApiAccess::ReadWrite } else { ApiAccess::ReadOnly };
                let expires_at = Some(self.w.now.after(Millis::days(30)));
                let new = NewKey::new(grant, "Key", access, "ab".repeat(32));
                Control::IssueKey(NewKey { expires_at, ..new })
            }
            _ => {
                let safeguards = Safeguards { ratchet: of.on, closure: !of.on, ..Safeguards::default() };
                let scenario = Scenario::ALL[of.devices.iter().sum::<u32>() as usize % Scenario::ALL.len()];
                let lower = Control::SetPolicies { changes: vec![PolicyChange::counts(scenario, 1, 0)] };
                if of.devices.len() > 1 { lower } else { Control::SetSafeguards(safeguards) }
            }
        }
    }
}

/// Whoever may do what, and on what: people by their grants, and whoever may have a key's secret by the key.
fn reach(state: &State, w: &World, nodes: &[Node]) -> BTreeSet<(UserId, Permission, Option<Node>, Option<DeviceId>)> {
    let places = nodes.iter().filter_map(|node| Some((Some(*node), None, state.place_of(w.account, *node)?)));
    let devices = state.devices().map(|device| (None, Some(device.id), device.place()));
    let places: Vec<_> = [(None, None, Place::ACCOUNT)].into_iter().chain(places).chain(devices).collect();
    let mut all = BTreeSet::new();
    for permission in Permission::all() {
        for (node, device, place) in &places {
            let mut may = |user| {
                all.insert((user, permission, *node, *device));
            };
            for user in state.people_of(w.account).filter(|user| state.may(w.account, *user, permission, place, w.now))
            {
                may(user);
            }
            for key in state.keys_of(w.account) {
                let actor = Actor { account: w.account, principal: Principal::ApiKey(key.id), authenticated_at: w.now };
                if state.rights_of(&actor).allow(permission, place, w.now) {
                    key.holders.iter().for_each(|user| may(*user));
                }
            }
        }
    }
    all
}

/// Who approves what concerns the account as a whole.
fn votes(state: &State, w: &World) -> BTreeSet<(UserId, bool)> {
    let grants = state.grants_of(w.account).filter(|grant| grant.scope.is_all());
    grants
        .filter(|g| g.role.is_administration() || g.role == Role::SiteManager)
        .map(|g| (g.user, g.role.is_administration()))
        .collect()
}

fn all_try(company: &mut Company, coalition: &[UserId], of: &Try) {
    let control = company.control(of);
    let w = &mut company.w;
    let who = *of.who.get(coalition);
    let _ = w.try_ask(who, Action::Control(control), &[]);
    let open: Vec<_> = w.state.open_requests().map(|request| request.id).collect();
    for (id, user) in open.into_iter().flat_map(|id| coalition.iter().map(move |user| (id, *user))) {
        let _ = w.vote(user, id, Decision::Approve);
    }
    // Agents that say they have seen each other's miners.
    for agent in [AGENT, SOUTH] {
        let (devices, heard) = (of.devices.iter().copied().map(miner).collect(), BTreeSet::new());
        w.system(Command::ReportDevices { agent, scan_task: ScanTaskId(agent.0), devices, heard });
    }
}

/// Did anybody's rights grow in this life?
fn grows(company: &mut Company, coalition: &[UserId], tries: &[Try]) -> bool {
    let nodes = company.nodes.clone();
    let before = reach(&company.w.state, &company.w, &nodes);
    tries.iter().for_each(|of| all_try(company, coalition, of));
    !reach(&company.w.state, &company.w, &nodes).is_subset(&before)
}

/// What they try is worth trying: as many as the counts ask for get there.
#[test]
fn i15_enough_of_them_do_make_rights_grow() {
    let mut runner = TestRunner::deterministic();
    let grew = (0..8).any(|_| {
        let mut company = company();
        let mut coalition = company.approvers.clone();
        coalition.extend(&company.others);
        let tries = tries().new_tree(&mut runner).unwrap().current();
        grows(&mut company, &coalition, &tries)
    });
    assert!(grew);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn i15_too_few_make_nobodys_rights_grow_and_take_nobodys_vote(
        with_owner: bool,
        approvers in 0..COUNT as usize,
        tries in tries(),
    ) {
        let mut company = company();
        let first = usize::from(!with_owner);
        let mut coalition = company.approvers[first..first + approvers].to_vec();
        coalition.extend(&company.others);
        let nodes = company.nodes.clone();
        let mut before = reach(&company.w.state, &company.w, &nodes);
        let voted = votes(&company.w.state, &company.w);
        for of in &tries {
            all_try(&mut company, &coalition, of);
            let after = reach(&company.w.state, &company.w, &nodes);
            let grown: Vec<_> = after.difference(&before).collect();
            prop_assert!(grown.is_empty(), "{of:?} gave {grown:?} by {coalition:?}");
            before = after;
        }
        let lost: Vec<_> = voted.difference(&votes(&company.w.state, &company.w)).copied().collect();
        prop_assert!(lost.is_empty(), "{lost:?} have no vote any more, by {coalition:?}");
    }
}
