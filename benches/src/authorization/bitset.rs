//! The limit: a mask of permissions and intervals of numbers. Devices are numbered along the tree (site, container) and
//! along the sub-accounts, so that whatever a node covers lies between two numbers. No names, no clock, no reasons, and
//! nothing can be changed.

use super::fleet::{CONTAINERS_A_SITE, DEVICES, Fleet, Granted, PEOPLE, Question};
use adit_core::{
    authz::{Node, Permission, Place, Scope},
    ids::UserId,
};

struct Right {
    mask: u64,
    /// Which numbering: 0 along the tree, 1 along the sub-accounts.
    along: usize,
    from: u32,
    to: u32,
}

pub struct Bitset {
    /// Where each person's rights begin.
    begin: Vec<u32>,
    rights: Vec<Right>,
    /// Each device's number in either numbering.
    numbers: Vec<[u32; 2]>,
    /// Whose rights have which mask, and the devices of each as a bitmap.
    maps: Vec<(UserId, u64, Vec<u64>)>,
}

impl Bitset {
    pub fn new(fleet: &Fleet) -> Self {
        let keys: [fn(&Place) -> u32; 2] =
            [|place| place.container.map_or(0, |id| id.0), |place| place.sub_account.map_or(0, |id| id.0)];
        let mut numbers = vec![[0; 2]; DEVICES as usize];
        let orders = keys.map(|key| {
            let mut order: Vec<_> = (0..DEVICES).collect();
            order.sort_by_key(|device| key(&fleet.places[*device as usize]));
            order
        });
        for (along, order) in orders.iter().enumerate() {
            for (number, device) in (0..).zip(order) {
                numbers[*device as usize][along] = number;
            }
        }
        let between = |along: usize, low: u32, high: u32| {
            let at = |key: u32| {
                orders[along].partition_point(|device| keys[along](&fleet.places[*device as usize]) < key) as u32
            };
            (along, at(low), at(high + 1))
        };
        let interval = |node: &Node| match node {
            Node::Site(id) => between(0, (id.0 - 1) * CONTAINERS_A_SITE + 1, id.0 * CONTAINERS_A_SITE),
            Node::Container(id) => between(0, id.0, id.0),
            Node::SubAccount(id) => between(1, id.0, id.0),
            Node::Group(_) => (0, 0, 0),
        };
        let (mut begin, mut rights) = (vec![0; 2], Vec::new());
        for user in (1..=PEOPLE).map(UserId) {
            for Granted { role, scope, .. } in fleet.grants.iter().filter(|grant| grant.user == user) {
                let mask = role.permissions();
                match scope {
                    Scope::All => rights.push(Right { mask, along: 0, from: 0, to: DEVICES }),
                    Scope::Nodes(nodes) => rights.extend(nodes.iter().map(interval).map(|(along, from, to)| Right {
                        mask,
                        along,
                        from,
                        to,
                    })),
                }
            }
            begin.push(rights.len() as u32);
        }
        let mut limit = Self { begin, rights, numbers, maps: Vec::new() };
        limit.maps = (1..=PEOPLE).map(UserId).flat_map(|user| limit.maps_of(user)).collect();
        limit
    }

    fn maps_of(&self, user: UserId) -> Vec<(UserId, u64, Vec<u64>)> {
        let map = |right: &Right| {
            let mut map = vec![0_u64; DEVICES as usize / 64 + 1];
            for (number, numbers) in self.numbers.iter().enumerate() {
                if (right.from..right.to).contains(&numbers[right.along]) {
                    // As the product counts devices: from one.
                    map[(number + 1) / 64] |= 1 << ((number + 1) % 64);
                }
            }
            (user, right.mask, map)
        };
        self.rights_of(user).iter().map(map).collect()
    }

    /// Every device they may, by bitmaps that were drawn before: one for each node of a grant.
    pub fn all(&self, user: UserId, permission: Permission) -> Vec<u64> {
        let mut all = vec![0_u64; DEVICES as usize / 64 + 1];
        let first = self.maps.partition_point(|(of, ..)| *of < user);
        let own = self.maps[first..].iter().take_while(|(of, ..)| *of == user);
        for (_, _, map) in own.filter(|(_, mask, _)| mask & permission.bit() != 0) {
            all.iter_mut().zip(map).for_each(|(word, other)| *word |= other);
        }
        all
    }

    fn rights_of(&self, user: UserId) -> &[Right] {
        &self.rights[self.begin[user.index()] as usize..self.begin[user.index() + 1] as usize]
    }

    pub fn allow(&self, question: &Question) -> bool {
        let numbers = self.numbers[question.device as usize];
        covers(self.rights_of(question.user), question.permission.bit(), numbers)
    }

    pub fn count(&self, user: UserId, permission: Permission) -> usize {
        let (rights, bit) = (self.rights_of(user), permission.bit());
        self.numbers.iter().filter(|numbers| covers(rights, bit, **numbers)).count()
    }
}

fn covers(rights: &[Right], bit: u64, numbers: [u32; 2]) -> bool {
    rights.iter().any(|right| right.mask & bit != 0 && (right.from..right.to).contains(&numbers[right.along]))
}
