//! A company to ask about, as the kernel holds it: sites with containers, hosting clients' sub-accounts, people with one to
//! three grants each. Made from a fixed seed.

use adit_core::{
    authz::{Actor, ApiAccess, Node, Permission, Place, Principal, Role, Scope, Verdict},
    event::{Entry, Event},
    fleet::Device,
    ids::{AccountId, AgentId, ContainerId, DeviceId, GrantId, ScanTaskId, SiteId, SubAccountId, UserId},
    state::{DeviceSet, State},
    time::Timestamp,
};
use std::{collections::BTreeMap, sync::Arc};

pub const DEVICES: u32 = 100_000;
pub const PEOPLE: u32 = 300;
pub const SITES: u32 = 20;
pub const CONTAINERS_A_SITE: u32 = 10;
pub const SUB_ACCOUNTS: u32 = 50;
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
const ACCOUNT: AccountId = AccountId(1);

/// Which person, which permission, which device (counted from 0).
#[derive(Debug, Clone, Copy)]
pub struct Question {
    pub user: UserId,
    pub permission: Permission,
    pub device: u32,
}

/// One grant, for those who are told of them in their own language.
#[derive(Debug, Clone)]
pub struct Granted {
    pub user: UserId,
    pub role: Role,
    pub scope: Scope,
}

pub struct Fleet {
    pub state: State,
    pub grants: Vec<Granted>,
    pub places: Vec<Place>,
}

/// The xorshift64* generator.
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        ((high * u64::from(end)) >> 32) as u32
    }
}

impl Fleet {
    pub fn new() -> Self {
        let mut random = Random::new(0x00ad_1700_0000_0001);
        let mut fleet = Self { state: State::default(), grants: Vec::new(), places: Vec::new() };
        let account = Event::AccountCreated { account: ACCOUNT, name: "Norte".into(), owner: UserId(1) };
        fleet.apply(account);
        for user in (1..=PEOPLE).map(UserId) {
            fleet.apply(Event::UserAdded { user, verified: true, account: None });
            if user == UserId(1) {
                fleet.grant(user, Role::Owner, Scope::All);
                continue;
            }
            for _ in 0..=random.below(3) {
                let role = Role::ALL[1 + random.below(Role::ALL.len() as u32 - 1) as usize];
                let scope = scope(&mut random);
                fleet.grant(user, role, scope);
            }
        }
        fleet.places = (0..DEVICES).map(|_| place(&mut random)).collect();
        fleet.settle();
        fleet
    }

    /// Puts every device where it is, in the kernel's own state.
    fn settle(&mut self) {
        for site in (1..=SITES).map(SiteId) {
            let (agent, name) = (AgentId(site.0), site.to_string());
            self.apply(Event::SiteCreated { site, account: ACCOUNT, name: name.clone(), capacity_w: None });
            let token_hash = String::new();
            self.apply(Event::AgentCreated { agent, account: ACCOUNT, site, name, token_hash });
        }
        let mut boxes: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut clients: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (number, place) in (0..).zip(self.places.clone()) {
            let (device, agent) = (device(number), AgentId(place.site.map_or(0, |site| site.0)));
            let devices = vec![(device, crate::company::miner(number))];
            self.apply(Event::DevicesFound { agent, scan_task: ScanTaskId(1), devices });
            boxes.entry(place.container).or_default().push(device);
            clients.entry(place.sub_account).or_default().push(device);
        }
        for (container, devices) in boxes {
            self.apply(Event::DevicesPlaced { account: ACCOUNT, devices, container });
        }
        for (sub_account, devices) in clients {
            self.apply(Event::DevicesAssigned { account: ACCOUNT, devices, sub_account });
        }
        for (number, place) in (0..).zip(&self.places) {
            assert_eq!(self.state.device(device(number)).map(Device::place), Some(*place), "it is where it should be");
        }
    }

    fn apply(&mut self, event: Event) {
        self.state.apply(&Entry { at: NOW, actor: Principal::Operator, event });
    }

    fn grant(&mut self, user: UserId, role: Role, scope: Scope) {
        let grant = GrantId(self.grants.len() as u32 + 1);
        self.grants.push(Granted { user, role, scope: scope.clone() });
        // Some end some day: the kernel has to look, the others need not.
        let expires_at = (grant.0.is_multiple_of(4)).then_some(Timestamp(NOW.0 + 1));
        self.apply(Event::GrantAdded {
            grant,
            account: ACCOUNT,
            user,
            role: role.into(),
            scope,
            expires_at,
            remark: None,
            api_access: ApiAccess::None,
        });
    }

    /// Any person, any permission, any device.
    pub fn questions(&self, count: usize) -> Vec<Question> {
        let mut random = Random::new(0x00ad_1700_0000_0002);
        let permissions: Vec<_> = Permission::all().collect();
        (0..count)
            .map(|_| Question {
                user: UserId(1 + random.below(PEOPLE)),
                permission: permissions[random.below(permissions.len() as u32) as usize],
                device: random.below(DEVICES),
            })
            .collect()
    }

    /// May they?
    pub fn allow(&self, question: &Question) -> bool {
        self.state.may(ACCOUNT, question.user, question.permission, &self.places[question.device as usize], NOW)
    }

    /// May they, by which grant, and would a policy hold it back?
    pub fn verdict(&self, question: &Question) -> bool {
        let actor = actor(question.user);
        let place = &self.places[question.device as usize];
        !matches!(self.state.verdict(&actor, question.permission, place, NOW), Verdict::Deny)
    }

    /// Somebody who may reboot some of the fleet's miners and not all, by as many grants as anybody.
    pub fn limited_person(&self) -> (UserId, Permission) {
        let permission = Permission::DeviceReboot;
        let count = |user: &UserId| self.count(*user, permission);
        let rights = |user: &UserId| self.state.rights_of_user(ACCOUNT, *user).with(permission, NOW).count();
        let some = (1..=PEOPLE).map(UserId).filter(|user| (1..DEVICES as usize).contains(&count(user)));
        (some.max_by_key(rights).unwrap_or(UserId(1)), permission)
    }

    /// All devices on which they may.
    pub fn all(&self, user: UserId, permission: Permission) -> Arc<DeviceSet> {
        self.state.devices_for(ACCOUNT, user, permission, NOW)
    }

    /// On how many devices may they?
    pub fn count(&self, user: UserId, permission: Permission) -> usize {
        let rights = self.state.rights_of_user(ACCOUNT, user);
        self.places.iter().filter(|place| rights.allow(permission, place, NOW)).count()
    }
}

/// The device with a number counted from 0.
pub const fn device(number: u32) -> DeviceId {
    DeviceId(number + 1)
}

fn actor(user: UserId) -> Actor {
    Actor { account: ACCOUNT, principal: Principal::User(user), authenticated_at: NOW }
}

/// A third everything, the others one to six sites, containers or sub-accounts.
fn scope(random: &mut Random) -> Scope {
    if random.below(3) == 0 {
        return Scope::All;
    }
    let nodes = 1 + random.below(6);
    let node = |_| match random.below(5) {
        0..=2 => Node::Site(SiteId(1 + random.below(SITES))),
        3 => Node::Container(ContainerId(1 + random.below(SITES * CONTAINERS_A_SITE))),
        _ => Node::SubAccount(SubAccountId(1 + random.below(SUB_ACCOUNTS))),
    };
    Scope::Nodes((0..nodes).map(node).collect())
}

/// In some container of some site; a third belongs to a client.
fn place(random: &mut Random) -> Place {
    let container = random.below(SITES * CONTAINERS_A_SITE);
    let client = random.below(3 * SUB_ACCOUNTS);
    Place {
        site: Some(SiteId(1 + container / CONTAINERS_A_SITE)),
        container: Some(ContainerId(1 + container)),
        sub_account: (client < SUB_ACCOUNTS).then_some(SubAccountId(1 + client)),
        ..Place::ACCOUNT
    }
}

/// A node's name, for those who go by names.
pub fn name(node: &Node) -> String {
    match node {
        Node::Site(id) => id.to_string(),
        Node::Container(id) => id.to_string(),
        Node::Group(id) => id.to_string(),
        Node::SubAccount(id) => id.to_string(),
    }
}

/// The nodes a place is in.
pub fn nodes(place: &Place) -> impl Iterator<Item = Node> {
    let site = place.site.map(Node::Site);
    let container = place.container.map(Node::Container);
    site.into_iter().chain(container).chain(place.sub_account.map(Node::SubAccount))
}
