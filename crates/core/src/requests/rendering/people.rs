//! Grants, people, roles, keys and ownership.

use super::{Field, Mark, ObjectRef, Old, Rows, Value, or_nothing, text};
use crate::{
    authz::{ApiAccess, CustomRole, Grant, Node, Origins, Permission, Role, RoleId, Scope},
    ids::{CustomRoleId, GrantId, UserId},
    requests::{GrantChange, NewGrant, NewKey},
    time::Timestamp,
};
use std::collections::BTreeSet;

const fn person(user: UserId) -> Value {
    Value::Object(ObjectRef::Person(user))
}

const fn role(role: RoleId) -> Value {
    Value::Object(ObjectRef::Role(role))
}

fn scope(scope: &Scope) -> Value {
    match scope {
        Scope::All => Value::Everything,
        Scope::Nodes(nodes) => Value::Objects(nodes.iter().map(node).collect()),
    }
}

pub(super) const fn node(node: &Node) -> ObjectRef {
    match node {
        Node::Site(id) => ObjectRef::Site(*id),
        Node::Container(id) => ObjectRef::Container(*id),
        Node::Group(id) => ObjectRef::Group(*id),
        Node::SubAccount(id) => ObjectRef::SubAccount(*id),
    }
}

fn ends(at: Option<Timestamp>) -> Value {
    or_nothing(at, Value::At)
}

fn remark(words: Option<&str>) -> Value {
    or_nothing(words, text)
}

const fn api_access(access: ApiAccess) -> Value {
    match access {
        ApiAccess::None => Value::Nothing,
        ApiAccess::ReadOnly | ApiAccess::ReadWrite => Value::ApiAccess(access),
    }
}

fn origins(from: &Origins) -> Value {
    match from {
        Origins::Anywhere => Value::Anywhere,
        Origins::Networks(networks) => Value::Ranges(networks.iter().map(ToString::to_string).collect()),
    }
}

impl Rows<'_> {
    pub(super) fn new_grant(&mut self, new: &NewGrant) {
        let NewGrant { user, role: given, scope: reach, expires_at, remark: words, api_access: keys } = new;
        self.stated(Field::Person, person(*user));
        self.made(Field::Role, role(*given));
        self.permissions_of(*given);
        self.made(Field::Scope, scope(reach));
        self.made(Field::Ends, ends(*expires_at));
        self.made(Field::Remark, remark(words.as_deref()));
        self.made(Field::ApiAccess, api_access(*keys));
    }

    /// What a role of the account's own lets people do now: its name says nothing of it, as a built-in one's does.
    fn permissions_of(&mut self, given: RoleId) {
        let RoleId::Custom(id) = given else { return };
        if let Some(own) = self.own_role(id) {
            let of = Some(ObjectRef::Role(given));
            self.push(Field::Permissions, of, Old::Found, Value::Permissions(own.permissions));
        }
    }

    fn grant(&mut self, id: GrantId) -> Option<Grant> {
        self.stated(Field::Grant, Value::Object(ObjectRef::Grant(id)));
        let grant = self.state.grant(id).filter(|grant| grant.account == self.account).cloned();
        if let Some(grant) = &grant {
            self.found(Field::Person, person(grant.user));
        }
        grant
    }

    pub(super) fn changed_grant(&mut self, change: &GrantChange) {
        let GrantChange { grant, role: given, scope: reach, expires_at, remark: words, api_access: keys } = change;
        let old = self.grant(*grant);
        let old = old.as_ref();
        self.change(Field::Role, old.map(|old| role(old.role)), role(*given));
        self.permissions_of(*given);
        self.change(Field::Scope, old.map(|old| scope(&old.scope)), scope(reach));
        self.change(Field::Ends, old.map(|old| ends(old.expires_at)), ends(*expires_at));
        self.change(Field::Remark, old.map(|old| remark(old.remark.as_deref())), remark(words.as_deref()));
        self.change(Field::ApiAccess, old.map(|old| api_access(old.api_access)), api_access(*keys));
    }

    pub(super) fn removed_grant(&mut self, id: GrantId) {
        let old = self.grant(id);
        self.gone(Field::Role, old.as_ref().map(|old| role(old.role)));
        self.gone(Field::Scope, old.as_ref().map(|old| scope(&old.scope)));
    }

    pub(super) fn removed_person(&mut self, user: UserId) {
        let roles = self.state.roles_of(self.account, user, self.state.clock).into_iter().map(ObjectRef::Role);
        let of = Some(ObjectRef::Person(user));
        self.change_of(Field::Membership, of, Some(Value::Objects(roles.collect())), Value::Gone);
    }

    pub(super) fn suspended(&mut self, user: UserId, suspended: bool) {
        let old = self.state.is_suspended(self.account, user);
        let of = Some(ObjectRef::Person(user));
        self.change_of(Field::Suspended, of, Some(Value::Flag(old)), Value::Flag(suspended));
    }

    fn own_role(&self, id: CustomRoleId) -> Option<CustomRole> {
        self.state.custom_roles_of(self.account).find(|role| role.id == id).cloned()
    }

    pub(super) fn changed_role(&mut self, id: CustomRoleId, name: &str, permissions: &BTreeSet<Permission>) {
        let old = self.own_role(id);
        self.stated(Field::Role, role(RoleId::Custom(id)));
        self.change(Field::Name, old.as_ref().map(|old| text(&old.name)), text(name));
        let holds = old.map(|old| Value::Permissions(old.permissions));
        self.change(Field::Permissions, holds, Value::Permissions(permissions.clone()));
    }

    pub(super) fn deleted_role(&mut self, id: CustomRoleId) {
        let old = self.own_role(id);
        self.gone(Field::Role, Some(role(RoleId::Custom(id))));
        self.gone(Field::Permissions, old.map(|old| Value::Permissions(old.permissions)));
    }

    pub(super) fn new_key(&mut self, new: &NewKey) {
        let NewKey { grant, name, access, secret_hash, expires_at, from, require_hmac } = new;
        if let Some(held) = self.grant(*grant) {
            self.found(Field::Role, role(held.role));
            self.permissions_of(held.role);
        }
        self.made(Field::Name, text(name));
        self.made(Field::KeyAccess, api_access(*access));
        self.made(Field::Secret, Value::Secret(Mark::of(secret_hash)));
        // By which whoever has the token knows it again.
        self.made(Field::TokenId, Value::Text(secret_hash.chars().take(8).collect()));
        self.made(Field::Ends, ends(*expires_at));
        self.made(Field::Origins, or_nothing(from.as_ref(), origins));
        self.made(Field::Signed, Value::Flag(*require_hmac));
    }

    pub(super) fn transferred(&mut self, to: UserId, then: RoleId) {
        let owner = self.state.account(self.account).map(|account| account.owner);
        self.change(Field::Owner, owner.map(person), person(to));
        let of = owner.map(ObjectRef::Person);
        self.change_of(Field::RoleAfterwards, of, Some(role(Role::Owner.into())), role(then));
        self.permissions_of(then);
    }
}
