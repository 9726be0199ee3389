//! What the kernel says to a question, in the specification's words.

use super::question::{Entity, Question};
use adit_core::{
    authz::{Actor, Node, Permission, Place, Principal, Verdict},
    ids::{AccountId, DeviceId, UserId},
    state::State,
    time::Timestamp,
};
use serde_json::{Value, json};

/// What decisions are made of.
pub struct Decisions<'a> {
    /// As of now.
    pub state: &'a State,
    /// The account of whoever asks; there is no other for them.
    pub account: AccountId,
    /// Now.
    pub now: Timestamp,
}

/// A no with its reason.
fn no(reason: impl Into<String>) -> Value {
    json!({ "decision": false, "context": { "reason": reason.into() } })
}

fn id_of(node: Node) -> Value {
    match node {
        Node::Site(id) => json!(id),
        Node::Container(id) => json!(id),
        Node::SubAccount(id) => json!(id),
        Node::Group(id) => json!(id),
    }
}

impl Decisions<'_> {
    /// The specification's decision object.
    pub fn on(&self, question: &Question) -> Value {
        let Some(subject) = self.subject(&question.subject) else {
            return no("no such subject on this account");
        };
        let Some(permission) = Permission::named(&question.action) else {
            return no("no permission is called that");
        };
        let Some(place) = self.place(&question.resource) else {
            return no("no such resource on this account");
        };
        match self.state.verdict(&subject, permission, &place, self.now) {
            Verdict::Allow { grant } => json!({ "decision": true, "context": { "grant": grant } }),
            Verdict::NeedsRequest { grant, scenario } => json!({ "decision": false, "context": {
                "reason": "allowed by a request; it, or some of it, waits for others or for its time",
                "grant": grant,
                "access_request": { "scenario": scenario, "endpoint": "/api/v1/requests", "method": "POST" },
            }}),
            Verdict::Deny => {
                let denied = self.state.denied(&subject, permission, Some(&place), self.now);
                json!({ "decision": false, "context": {
                    "reason": denied.to_string(), "missing": permission, "roles": denied.who_can,
                }})
            }
        }
    }

    fn allows(&self, subject: &Actor, permission: Permission, place: &Place) -> bool {
        matches!(self.state.verdict(subject, permission, place, self.now), Verdict::Allow { .. })
    }

    fn subject(&self, entity: &Entity) -> Option<Actor> {
        let user: UserId = (entity.kind == "user").then(|| entity.id.parse().ok())??;
        self.state.people_of(self.account).any(|known| known == user).then(|| self.actor(user))
    }

    fn actor(&self, user: UserId) -> Actor {
        Actor { account: self.account, principal: Principal::User(user), authenticated_at: self.now }
    }

    fn place(&self, entity: &Entity) -> Option<Place> {
        match entity.kind.as_str() {
            "account" => (entity.id.parse::<AccountId>().ok()? == self.account).then_some(Place::ACCOUNT),
            "site" => self.state.place_of(self.account, Node::Site(entity.id.parse().ok()?)),
            "container" => self.state.place_of(self.account, Node::Container(entity.id.parse().ok()?)),
            "sub_account" => self.state.place_of(self.account, Node::SubAccount(entity.id.parse().ok()?)),
            "group" => self.state.place_of(self.account, Node::Group(entity.id.parse().ok()?)),
            "device" => {
                let device = self.state.device(entity.id.parse::<DeviceId>().ok()?)?;
                (device.account == self.account).then(|| device.place())
            }
            _ => None,
        }
    }

    /// Everybody of this kind who may.
    pub fn subjects(&self, kind: &str, action: &str, resource: &Entity) -> Vec<Value> {
        let (Some(permission), Some(place)) = (Permission::named(action), self.place(resource)) else {
            return Vec::new();
        };
        let people = self.state.people_of(self.account).filter(|_| kind == "user");
        let allowed = people.filter(|user| self.allows(&self.actor(*user), permission, &place));
        allowed.map(|user| json!({ "type": "user", "id": user })).collect()
    }

    /// Everything of this kind that the subject may act on.
    pub fn resources(&self, subject: &Entity, action: &str, kind: &str) -> Vec<Value> {
        let (Some(subject), Some(permission)) = (self.subject(subject), Permission::named(action)) else {
            return Vec::new();
        };
        let allowed = |place: &Place| self.allows(&subject, permission, place);
        let result = |id: Value| json!({ "type": kind, "id": id });
        let of_nodes = |nodes: &mut dyn Iterator<Item = Node>| -> Vec<Value> {
            let there = |node: &Node| self.state.place_of(self.account, *node).is_some_and(|place| allowed(&place));
            nodes.filter(there).map(|node| result(id_of(node))).collect()
        };
        match kind {
            "account" => Some(result(json!(self.account))).filter(|_| allowed(&Place::ACCOUNT)).into_iter().collect(),
            "site" => of_nodes(&mut self.state.sites_of(self.account).map(|one| Node::Site(one.id))),
            "container" => of_nodes(&mut self.state.containers_of(self.account).map(|one| Node::Container(one.id))),
            "sub_account" => {
                of_nodes(&mut self.state.sub_accounts_of(self.account).map(|one| Node::SubAccount(one.id)))
            }
            "group" => of_nodes(&mut self.state.groups_of(self.account).map(|one| Node::Group(one.id))),
            "device" => {
                let user = subject.user();
                let held = user.map(|user| self.state.devices_for(self.account, user, permission, self.now));
                let devices = held.iter().flat_map(|held| held.iter()).filter_map(|id| self.state.device(id));
                devices.filter(|device| allowed(&device.place())).map(|device| result(json!(device.id))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Everything that the subject may do with the resource.
    pub fn actions(&self, subject: &Entity, resource: &Entity) -> Vec<Value> {
        let (Some(subject), Some(place)) = (self.subject(subject), self.place(resource)) else {
            return Vec::new();
        };
        let allowed = Permission::all().filter(|permission| self.allows(&subject, *permission, &place));
        allowed.map(|permission| json!({ "name": permission.name() })).collect()
    }
}
