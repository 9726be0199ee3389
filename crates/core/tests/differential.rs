//! The kernel against a model: a hundred thousand random questions about random worlds that change all the time, answered by the
//! kernel and by code written from the definitions alone, which walks grants, roles and the tree of things and keeps nothing
//! prepared. A failure names its seed; `ADIT_SEED=<seed>` asks that world alone.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, ApiAccess, Node, Permission, Place, Principal, Role, RoleId, Scope, Verdict, catalogue},
    event::{Entry, Event},
    ids::{
        AccountId, AgentId, ContainerId, CustomRoleId, DeviceId, GrantId, GroupId, ScanTaskId, SiteId, SubAccountId,
        UserId,
    },
    state::State,
    time::{Millis, Timestamp},
};
use std::collections::{BTreeMap, BTreeSet};

const WORLDS: u64 = 20;
const CHANGES: usize = 50;
const QUESTIONS: usize = 100;
const PEOPLE: u32 = 9;
const DEVICES: u32 = 24;
const LIST: u8 = Permission::DeviceList as u8;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `n` - 1.
    fn below(&mut self, n: u32) -> u32 {
        u32::try_from(self.next() % u64::from(n)).unwrap()
    }

    /// 1 to `n`.
    fn id(&mut self, n: u32) -> u32 {
        1 + self.below(n)
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }
}

/// Anything that a question can be about, or a grant can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Account(u32),
    Site(u32),
    Container(u32),
    SubAccount(u32),
    Group(u32),
    Device(u32),
}

/// A grant as it is defined: who, what, where, until when.
#[derive(Debug, Clone)]
struct Held {
    id: u32,
    account: u32,
    user: u32,
    role: RoleId,
    /// Nothing: everywhere.
    nodes: Option<Vec<Thing>>,
    until: Option<Timestamp>,
}

/// What is so, in the words of the definitions.
#[derive(Debug, Default)]
struct Model {
    /// What a thing is in.
    inside: BTreeMap<Thing, BTreeSet<Thing>>,
    grants: Vec<Held>,
    suspended: BTreeSet<(u32, u32)>,
    roles: BTreeMap<u32, BTreeSet<String>>,
    built_in: BTreeMap<String, BTreeSet<String>>,
}

impl Model {
    fn new() -> Self {
        let (csv, mut built_in) = (catalogue::to_csv(), BTreeMap::<String, BTreeSet<String>>::new());
        let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let head = lines.next().unwrap();
        for cells in lines {
            for (role, cell) in head.iter().zip(&cells).skip(4).filter(|(_, cell)| **cell == "Y") {
                assert_eq!(*cell, "Y");
                built_in.entry((*role).to_owned()).or_default().insert(cells[0].to_owned());
            }
        }
        Self { built_in, ..Self::default() }
    }

    fn is_in(&self, thing: Thing, node: Thing) -> bool {
        thing == node
            || self.inside.get(&thing).is_some_and(|around| around.iter().any(|outer| self.is_in(*outer, node)))
    }

    fn holds(&self, role: RoleId, permission: &str) -> bool {
        let held = match role {
            RoleId::BuiltIn(role) => self.built_in.get(role.name()),
            RoleId::Custom(CustomRoleId(id)) => self.roles.get(&id),
        };
        held.is_some_and(|held| held.contains(permission))
    }

    fn allows(&self, account: u32, user: u32, permission: &str, thing: Thing, now: Timestamp) -> bool {
        self.is_in(thing, Thing::Account(account))
            && !self.suspended.contains(&(account, user))
            && self.grants.iter().any(|grant| {
                let reaches = match &grant.nodes {
                    None => true,
                    Some(nodes) => nodes.iter().any(|node| self.is_in(thing, *node)),
                };
                (grant.account, grant.user) == (account, user)
                    && grant.until.is_none_or(|end| now < end)
                    && reaches
                    && self.holds(grant.role, permission)
            })
    }
}

/// Both, told the same.
struct Twins {
    chance: Chance,
    state: State,
    model: Model,
    now: Timestamp,
    next_grant: u32,
}

/// Sites 1 and 2 are the first account's, site 3 the second's; so are the containers and the devices on them.
const fn account_of_site(site: u32) -> u32 {
    if site == 3 { 2 } else { 1 }
}

const fn site_of_device(device: u32) -> u32 {
    1 + device % 3
}

impl Twins {
    fn new(seed: u64) -> Self {
        let now = Timestamp(1_800_000_000_000);
        let (state, model) = (State::default(), Model::new());
        let mut twins = Self { chance: Chance(seed), state, model, now, next_grant: 0 };
        for user in 1..=PEOPLE {
            twins.tell(Event::UserAdded { user: UserId(user), verified: true, account: None });
        }
        for account in 1..=2 {
            let owner = UserId(account);
            twins.tell(Event::AccountCreated { account: AccountId(account), name: format!("A{account}"), owner });
            twins.grant(account, account, Role::Owner.into(), None, None);
        }
        for site in 1..=3 {
            let (id, account) = (SiteId(site), AccountId(account_of_site(site)));
            twins.tell(Event::SiteCreated { site: id, account, name: format!("S{site}"), capacity_w: None });
            twins.put(Thing::Site(site), Thing::Account(account.0));
            let agent = AgentId(site);
            let (name, token_hash) = (format!("G{site}"), "ab".repeat(32));
            twins.tell(Event::AgentCreated { agent, account, site: id, name, token_hash });
            let (scan_task, ranges) = (ScanTaskId(site), vec!["10.0.0.0/24".to_owned()]);
            let name = "all".to_owned();
            twins.tell(Event::ScanTaskCreated {
                scan_task,
                agent,
                name,
                ranges,
                interval_s: 60,
                credentials: None,
                passwords_to_unknown: false,
            });
            for container in [site * 2 - 1, site * 2] {
                let name = format!("C{container}");
                twins.tell(Event::ContainerCreated { container: ContainerId(container), account, site: id, name });
                twins.put(Thing::Container(container), Thing::Site(site));
            }
        }
        for device in 1..=DEVICES {
            let site = site_of_device(device);
            let devices = vec![(DeviceId(device), support::miner(device))];
            twins.tell(Event::DevicesFound { agent: AgentId(site), scan_task: ScanTaskId(site), devices });
            twins.put(Thing::Device(device), Thing::Site(site));
        }
        for sub_account in 1..=4 {
            let account = 1 + sub_account % 2;
            let (id, name) = (SubAccountId(sub_account), format!("P{sub_account}"));
            twins.tell(Event::SubAccountCreated { sub_account: id, account: AccountId(account), name });
            twins.put(Thing::SubAccount(sub_account), Thing::Account(account));
        }
        for _ in 0..25 {
            twins.change();
        }
        twins
    }

    fn tell(&mut self, event: Event) {
        self.state.apply(&Entry { at: self.now, actor: Principal::System, event });
    }

    fn put(&mut self, thing: Thing, into: Thing) {
        self.model.inside.entry(thing).or_default().insert(into);
    }

    fn grant(&mut self, account: u32, user: u32, role: RoleId, nodes: Option<Vec<Thing>>, until: Option<Timestamp>) {
        self.next_grant += 1;
        let scope =
            nodes.as_ref().map_or(Scope::All, |nodes| Scope::Nodes(nodes.iter().map(|node| named(*node)).collect()));
        let held = Held { id: self.next_grant, account, user, role, nodes, until };
        self.tell(Event::GrantAdded {
            grant: GrantId(held.id),
            account: AccountId(account),
            user: UserId(user),
            role,
            scope,
            expires_at: until,
            remark: None,
            api_access: ApiAccess::None,
        });
        self.model.grants.push(held);
    }

    /// Roles 2 and 4 are the first account's own, 1 and 3 the second's.
    fn role(&mut self, account: u32) -> RoleId {
        if self.chance.one_in(4) {
            RoleId::Custom(CustomRoleId(3 - account + 2 * self.chance.below(2)))
        } else {
            RoleId::BuiltIn(Role::ALL[1 + self.chance.below(11) as usize])
        }
    }

    /// Anything, of whichever account: a scope that names another account's things gives nothing there.
    fn node(&mut self) -> Thing {
        match self.chance.below(4) {
            0 => Thing::Site(self.chance.id(3)),
            1 => Thing::Container(self.chance.id(6)),
            2 => Thing::SubAccount(self.chance.id(4)),
            _ => Thing::Group(self.chance.id(6)),
        }
    }

    fn moment(&mut self) -> Timestamp {
        let away = Millis(u64::from(self.chance.below(2_000)));
        if self.chance.one_in(2) { self.now.after(away) } else { self.now.before(away) }
    }

    /// Something happens to people, roles or things.
    fn change(&mut self) {
        self.now = self.now.after(Millis(u64::from(self.chance.below(300))));
        let (account, user) = (self.chance.id(2), self.chance.id(PEOPLE));
        match self.chance.below(10) {
            0..=2 => {
                let count = self.chance.below(3);
                let nodes = (count > 0).then(|| (0..count).map(|_| self.node()).collect());
                let until = self.chance.one_in(3).then(|| self.moment());
                let role = self.role(account);
                self.grant(account, user, role, nodes, until);
            }
            3 if self.model.grants.len() > 30 => self.remove_grant(),
            3 | 4 => self.change_grant(),
            5 => self.suspend(account, user),
            6 => self.set_role(),
            7 => self.set_group(),
            8 => self.place(),
            _ => self.assign(),
        }
    }

    fn remove_grant(&mut self) {
        let at = self.chance.below(u32::try_from(self.model.grants.len()).unwrap()) as usize;
        let Held { id, account, user, .. } = self.model.grants.remove(at);
        self.tell(Event::GrantRemoved { grant: GrantId(id), account: AccountId(account), user: UserId(user) });
    }

    fn change_grant(&mut self) {
        let at = self.chance.below(u32::try_from(self.model.grants.len()).unwrap()) as usize;
        let until = self.chance.one_in(2).then(|| self.moment());
        self.model.grants[at].until = until;
        let (grant, account) = (GrantId(self.model.grants[at].id), AccountId(self.model.grants[at].account));
        let (remark, api_access) = (None, ApiAccess::None);
        self.tell(Event::GrantChanged { grant, account, expires_at: until, remark, api_access });
    }

    fn suspend(&mut self, account: u32, user: u32) {
        let (of, whom) = (AccountId(account), UserId(user));
        if self.model.suspended.remove(&(account, user)) {
            self.tell(Event::UserUnsuspended { account: of, user: whom });
        } else {
            self.model.suspended.insert((account, user));
            self.tell(Event::UserSuspended { account: of, user: whom });
        }
    }

    fn set_role(&mut self) {
        let role = self.chance.id(4);
        let account = 1 + role % 2;
        let permissions: BTreeSet<_> = Permission::all().filter(|_| self.chance.one_in(4)).collect();
        self.model.roles.insert(role, permissions.iter().map(|permission| permission.name().to_owned()).collect());
        let name = format!("R{role}");
        self.tell(Event::RoleSet { role: CustomRoleId(role), account: AccountId(account), name, permissions });
    }

    /// Groups 1 to 3 are the first account's, the others the second's.
    fn set_group(&mut self) {
        let group = self.chance.id(6);
        let account = if group <= 3 { 1 } else { 2 };
        let is_own = |device: &u32| account_of_site(site_of_device(*device)) == account;
        let devices: Vec<_> = (1..=DEVICES).filter(is_own).filter(|_| self.chance.one_in(3)).collect();
        for device in 1..=DEVICES {
            self.model.inside.entry(Thing::Device(device)).or_default().remove(&Thing::Group(group));
        }
        devices.iter().for_each(|device| self.put(Thing::Device(*device), Thing::Group(group)));
        let (id, name) = (GroupId(group), format!("L{group}"));
        let devices = devices.into_iter().map(DeviceId).collect();
        self.tell(Event::GroupSet { group: id, account: AccountId(account), name, devices });
    }

    fn place(&mut self) {
        let device = self.chance.id(DEVICES);
        let site = site_of_device(device);
        let container = (!self.chance.one_in(3)).then(|| site * 2 - self.chance.below(2));
        self.model
            .inside
            .entry(Thing::Device(device))
            .or_default()
            .retain(|in_it| !matches!(in_it, Thing::Container(_)));
        if let Some(container) = container {
            self.put(Thing::Device(device), Thing::Container(container));
        }
        let (account, devices) = (AccountId(account_of_site(site)), vec![DeviceId(device)]);
        self.tell(Event::DevicesPlaced { account, devices, container: container.map(ContainerId) });
    }

    fn assign(&mut self) {
        let device = self.chance.id(DEVICES);
        let account = account_of_site(site_of_device(device));
        let own = if account == 1 { [2, 4] } else { [1, 3] };
        let sub_account = (!self.chance.one_in(3)).then(|| own[self.chance.below(2) as usize]);
        self.model
            .inside
            .entry(Thing::Device(device))
            .or_default()
            .retain(|in_it| !matches!(in_it, Thing::SubAccount(_)));
        if let Some(sub_account) = sub_account {
            self.put(Thing::Device(device), Thing::SubAccount(sub_account));
        }
        let (account, devices) = (AccountId(account), vec![DeviceId(device)]);
        self.tell(Event::DevicesAssigned { account, devices, sub_account: sub_account.map(SubAccountId) });
    }

    /// One question, put to everything of the kernel that answers it. Says what the model says.
    fn ask(&mut self, seed: u64) -> bool {
        let (account, user) = (self.chance.id(2), self.chance.id(PEOPLE));
        let permissions: Vec<_> = Permission::all().collect();
        let permission = if self.chance.one_in(5) {
            Permission::DeviceList
        } else {
            permissions[self.chance.below(u32::try_from(permissions.len()).unwrap()) as usize]
        };
        let thing = match self.chance.below(8) {
            0 => Thing::Account(self.chance.id(2)),
            1 => Thing::Site(self.chance.id(3)),
            _ => Thing::Device(self.chance.id(DEVICES)),
        };
        let (owner, place) = match thing {
            Thing::Site(site) => (account_of_site(site), Place::site(SiteId(site))),
            Thing::Device(device) => {
                let device = self.state.device(DeviceId(device)).unwrap();
                (device.account.0, device.place())
            }
            Thing::Account(of) => (of, Place::ACCOUNT),
            _ => unreachable!("nothing else is asked about"),
        };
        let now = self.moment();
        let expected = self.model.allows(account, user, permission.name(), thing, now);
        let at =
            || format!("ADIT_SEED={seed}: may usr-{user} use {} on {thing:?} of acc-{account}?", permission.name());
        let (of, who) = (AccountId(account), UserId(user));
        let actor = Actor { account: of, principal: Principal::User(who), authenticated_at: now };
        if owner == account {
            assert_eq!(self.state.may(of, who, permission, &place, now), expected, "{}", at());
            assert_eq!(self.state.rights_of(&actor).allow(permission, &place, now), expected, "{}", at());
            let verdict = self.state.verdict(&actor, permission, &place, now);
            assert_eq!(!matches!(verdict, Verdict::Deny), expected, "{}", at());
            if let Thing::Device(device) = thing {
                let all = self.state.devices_for(of, who, permission, now);
                assert_eq!(all.contains(DeviceId(device)), expected, "{}", at());
            }
        }
        if permission == Permission::DeviceList {
            let permit = self.state.permit::<LIST>(&actor, now);
            let covers = permit.is_ok_and(|permit| permit.reach().covers(AccountId(owner), &place));
            assert_eq!(covers, expected, "{}", at());
        }
        expected
    }
}

const fn named(thing: Thing) -> Node {
    match thing {
        Thing::Container(id) => Node::Container(ContainerId(id)),
        Thing::SubAccount(id) => Node::SubAccount(SubAccountId(id)),
        Thing::Group(id) => Node::Group(GroupId(id)),
        Thing::Site(id) | Thing::Account(id) | Thing::Device(id) => Node::Site(SiteId(id)),
    }
}

#[test]
fn the_kernel_says_what_the_definitions_say() {
    let seeds: Vec<u64> = match std::env::var("ADIT_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..WORLDS).map(|world| 0xad17_0000 + world).collect(),
    };
    let (mut yes, mut asked) = (0_usize, 0);
    for seed in &seeds {
        let mut twins = Twins::new(*seed);
        for _ in 0..CHANGES {
            twins.change();
            yes += (0..QUESTIONS).filter(|_| twins.ask(*seed)).count();
            asked += QUESTIONS;
        }
        let again: State = serde_json::from_str(&serde_json::to_string(&twins.state).unwrap()).unwrap();
        twins.state = again.restored();
        yes += (0..QUESTIONS).filter(|_| twins.ask(*seed)).count();
        asked += QUESTIONS;
    }
    assert!(asked >= 100_000 || seeds.len() == 1, "{asked}");
    // A model that always says the same would agree with a kernel that does.
    assert!((asked / 20..asked * 19 / 20).contains(&yes), "{yes} of {asked}");
}
