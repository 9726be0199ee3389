//! Why not: the one form in which somebody is told that they may not, wherever they are told. What is missing, where, where they have
//! it already, who has it, who can give it, and how to ask for it.

use super::{Actor, ApiAccess, Node, Permission, Place, Principal, Rights, Role, RoleId, Scope};
use crate::{
    ids::{AccountId, UserId},
    requests::rendering::ObjectRef,
    state::State,
    time::Timestamp,
};
use serde::Serialize;

/// Most people who are named as giving a right.
const MAX_GIVERS: usize = 5;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}", self.words())]
pub struct Denied {
    /// What is missing.
    pub permission: Permission,
    /// What it lets people do, as a verb: "reboot devices".
    pub what: &'static str,
    /// Where it was to be used, if the asker sees that: "site Norte".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<String>,
    /// Where the asker has it; empty if nowhere.
    pub held: Vec<String>,
    /// Titles of the built-in roles that hold it.
    pub who_can: Vec<&'static str>,
    /// Titles of the built-in roles whose holders can give a role with it.
    pub givers: Vec<&'static str>,
    /// Some of the people who can, for whoever may see people.
    pub people: Vec<UserId>,
    /// If a program was refused: what of its key is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyLimit>,
    /// Where it was to be used; told as far as the asker sees it.
    #[serde(skip)]
    place: Option<Place>,
}

/// What keeps a program from something: its key, whatever the people may who have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyLimit {
    /// It reads, and this is not reading.
    ReadOnly,
    /// It only reads for now, as its holder's sign-in has changed.
    Held,
    /// The grant that it hangs from does not give the permission.
    Grant,
    /// It is for people to ask.
    People,
}

impl Denied {
    /// For want of `permission`, before it is known who asks.
    #[must_use]
    pub(crate) fn lacking(permission: Permission) -> Self {
        Self {
            permission,
            what: permission.words(),
            needed: None,
            held: Vec::new(),
            who_can: Role::holding(permission),
            givers: Vec::new(),
            people: Vec::new(),
            key: None,
            place: None,
        }
    }

    /// The same, on a thing at this place.
    #[must_use]
    pub(crate) fn at(self, place: &Place) -> Self {
        Self { place: Some(*place), ..self }
    }

    /// Where it was to be used.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    fn words(&self) -> String {
        let Self { what, held, who_can, givers, .. } = self;
        let name = self.permission.name();
        match self.key {
            None => {
                let lacks = match (held.is_empty(), &self.needed) {
                    (true, None) => format!("you may not {what} ({name})"),
                    (true, Some(needed)) => format!("you may not {what} ({name}) for {needed}"),
                    (false, None) => format!("you may {what} ({name}) for {} only", held.join(" and ")),
                    (false, Some(needed)) => {
                        format!("you may {what} ({name}) for {}, not for {needed}", held.join(" and "))
                    }
                };
                let asked = if givers.is_empty() { "the Owner".to_owned() } else { either(givers) };
                // Nobody is given the Owner's role.
                let is_the_owners = who_can.as_slice() == [Role::Owner.title()];
                match (is_the_owners, held.is_empty()) {
                    (true, _) => format!("{lacks}: only the Owner may. Ask them to do it"),
                    (false, true) => {
                        format!("{lacks}: {} may. Ask {asked} for such a role (People, Give a role)", either(who_can))
                    }
                    (false, false) => {
                        format!("{lacks}: ask {asked} to let your role reach it as well (People, Give a role)")
                    }
                }
            }
            Some(KeyLimit::ReadOnly) => {
                format!("this API key is read-only, and to {what} ({name}) takes one that writes: make one")
            }
            Some(KeyLimit::Held) => {
                "keys of this person that write are held back for 24 hours, as their sign-in has changed".to_owned()
            }
            Some(KeyLimit::Grant) => format!("the grant of this API key does not let it {what} ({name})"),
            Some(KeyLimit::People) => {
                format!("API keys do not ask for this: somebody who is signed in and may {what} ({name}) does")
            }
        }
    }
}

fn either(names: &[&str]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

impl State {
    /// Why `actor`, who lacks `permission` (on a thing at `place`, if it is about one), is refused: all that there is to say about it
    /// and that they may know. A program is told of its key.
    #[must_use]
    pub fn denied(&self, actor: &Actor, permission: Permission, place: Option<&Place>, now: Timestamp) -> Box<Denied> {
        let rights = self.rights_of(actor);
        // What is not there lies in the account itself; neither that nor what they do not see is told apart.
        let seen = place.filter(|place| **place != Place::ACCOUNT && rights.allow(Permission::DeviceList, place, now));
        let held: Vec<Node> = rights.with(permission, now).flat_map(|right| nodes_of(&right.scope)).collect();
        let sees_people = rights.with(Permission::UserView, now).any(|right| right.scope.is_all());
        let people = if sees_people { self.givers_of(actor.account, permission, seen, now) } else { Vec::new() };
        Box::new(Denied {
            needed: seen.map(|place| self.place_words(place, &held)),
            held: held.iter().map(|node| self.node_words(*node)).collect(),
            givers: self.giving_roles(actor.account, permission),
            people,
            key: self.key_limit(actor, permission),
            place: place.copied(),
            ..Denied::lacking(permission)
        })
    }

    fn key_limit(&self, actor: &Actor, permission: Permission) -> Option<KeyLimit> {
        let key = match actor.principal {
            Principal::ApiKey(key) => self.key(key)?,
            Principal::User(_) | Principal::Operator | Principal::System => return None,
        };
        let role = self.grant(key.grant).map_or(0, |grant| self.mask_of(grant.role));
        Some(match (key.access.leaves_of(role) & permission.bit() != 0, role & permission.bit() != 0) {
            (true, _) if self.are_keys_held(key.grant) && key.access == ApiAccess::ReadWrite => KeyLimit::Held,
            (true, _) => KeyLimit::People,
            (false, true) => KeyLimit::ReadOnly,
            (false, false) => KeyLimit::Grant,
        })
    }

    /// Built-in roles whose holders can give somebody a role with this: who manages people and holds it themselves, and by the account's
    /// setting Administrators, as far as a role below theirs holds it.
    fn giving_roles(&self, account: AccountId, permission: Permission) -> Vec<&'static str> {
        let by_setting = self.account(account).is_some_and(|account| account.administrators_manage_users)
            && Role::ALL.into_iter().any(|role| !RoleId::from(role).is_administration() && role.holds(permission));
        let gives = |role: &Role| {
            role.holds(permission) && (role.holds(Permission::UserManage) || by_setting && *role == Role::Administrator)
        };
        Role::ALL.into_iter().filter(gives).map(Role::title).collect()
    }

    fn givers_of(
        &self,
        account: AccountId,
        permission: Permission,
        place: Option<&Place>,
        now: Timestamp,
    ) -> Vec<UserId> {
        let place = place.unwrap_or(&Place::ACCOUNT);
        let manages = |rights: &Rights| {
            rights.with(Permission::UserManage, now).any(|right| right.scope.is_all())
                && rights.allow(permission, place, now)
        };
        let here = |user: &UserId| self.has_opened(account, *user) && manages(&self.rights_of_user(account, *user));
        self.people_of(account).filter(here).take(MAX_GIVERS).collect()
    }

    /// What a place is called, by the kind of node by which the asker is limited.
    fn place_words(&self, place: &Place, held: &[Node]) -> String {
        let by_container = held.iter().any(|node| matches!(node, Node::Container(_)));
        let by_sub_account = held.iter().any(|node| matches!(node, Node::SubAccount(_)));
        let node = match (place.site, place.container, place.sub_account) {
            (_, Some(container), _) if by_container => Some(Node::Container(container)),
            (_, _, Some(sub_account)) if by_sub_account => Some(Node::SubAccount(sub_account)),
            (Some(site), _, _) => Some(Node::Site(site)),
            (None, Some(container), _) => Some(Node::Container(container)),
            (None, None, Some(sub_account)) => Some(Node::SubAccount(sub_account)),
            (None, None, None) => None,
        };
        node.map_or_else(|| "the whole account".to_owned(), |node| self.node_words(node))
    }

    fn node_words(&self, node: Node) -> String {
        let (kind, object, id) = match node {
            Node::Site(id) => ("site", ObjectRef::Site(id), id.to_string()),
            Node::Container(id) => ("container", ObjectRef::Container(id), id.to_string()),
            Node::Group(id) => ("group", ObjectRef::Group(id), id.to_string()),
            Node::SubAccount(id) => ("sub-account", ObjectRef::SubAccount(id), id.to_string()),
        };
        format!("{kind} {}", self.name_of(&object).unwrap_or(id))
    }
}

fn nodes_of(scope: &Scope) -> Vec<Node> {
    match scope {
        Scope::All => Vec::new(),
        Scope::Nodes(nodes) => nodes.iter().copied().collect(),
    }
}
