//! The same company in Cedar: one policy a role, a permission in the group of every role that holds it, a person's grants as
//! sets of nodes by role, and every device below its nodes. Policies, entities and requests are made ready beforehand.

use super::{
    Engine,
    fleet::{CONTAINERS_A_SITE, Fleet, Granted, PEOPLE, Question, SITES, SUB_ACCOUNTS, name, nodes},
};
use adit_core::{
    authz::{Node, Role, Scope, catalogue::CATALOGUE},
    ids::{ContainerId, SiteId, SubAccountId, UserId},
};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use std::collections::{BTreeMap, HashMap, HashSet};

pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    requests: Vec<Request>,
}

impl Cedar {
    pub fn new(fleet: &Fleet, questions: &[Question]) -> Self {
        let policies: String = Role::ALL
            .iter()
            .map(|role| {
                let role = role.name();
                format!(
                    "permit(principal, action in Action::\"{role}\", resource) \
                     when {{ principal has {role} && resource in principal.{role} }};\n"
                )
            })
            .collect();
        Self {
            authorizer: Authorizer::new(),
            policies: policies.parse().expect("the policies are Cedar"),
            entities: Entities::from_entities(entities(fleet), None).expect("the entities form a tree"),
            requests: questions.iter().map(request).collect(),
        }
    }
}

impl Engine for Cedar {
    fn allow(&mut self, question: usize) -> bool {
        let answer = self.authorizer.is_authorized(&self.requests[question], &self.policies, &self.entities);
        answer.decision() == Decision::Allow
    }
}

fn uid(kind: &str, id: &str) -> EntityUid {
    let kind: EntityTypeName = kind.parse().expect("a name of a type");
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}

fn node_uid(node: &Node) -> EntityUid {
    uid("Node", &name(node))
}

fn everything() -> EntityUid {
    uid("Node", "account")
}

fn device_uid(device: u32) -> EntityUid {
    uid("Device", &format!("dev-{}", device + 1))
}

fn request(question: &Question) -> Request {
    let (user, action) = (uid("User", &question.user.to_string()), uid("Action", question.permission.name()));
    Request::new(user, action, device_uid(question.device), Context::empty(), None).expect("a request")
}

fn entities(fleet: &Fleet) -> Vec<Entity> {
    let below = |uid: EntityUid, parents: HashSet<EntityUid>| Entity::new_no_attrs(uid, parents);
    let mut all = vec![below(everything(), HashSet::new())];
    for site in 1..=SITES {
        all.push(below(node_uid(&Node::Site(SiteId(site))), [everything()].into()));
    }
    for container in 1..=SITES * CONTAINERS_A_SITE {
        let site = Node::Site(SiteId((container - 1) / CONTAINERS_A_SITE + 1));
        all.push(below(node_uid(&Node::Container(ContainerId(container))), [node_uid(&site)].into()));
    }
    for client in 1..=SUB_ACCOUNTS {
        all.push(below(node_uid(&Node::SubAccount(SubAccountId(client))), [everything()].into()));
    }
    for (device, place) in (0..).zip(&fleet.places) {
        let parents = nodes(place).filter(|node| !matches!(node, Node::Site(_)));
        all.push(below(device_uid(device), parents.map(|node| node_uid(&node)).collect()));
    }
    for role in Role::ALL {
        all.push(below(uid("Action", role.name()), HashSet::new()));
    }
    for row in &CATALOGUE {
        let holders = Role::ALL.into_iter().filter(|role| row.held_by(*role));
        all.push(below(uid("Action", row.name), holders.map(|role| uid("Action", role.name())).collect()));
    }
    all.extend((1..=PEOPLE).map(|user| person(fleet, UserId(user))));
    all
}

fn person(fleet: &Fleet, user: UserId) -> Entity {
    let mut by_role: BTreeMap<&str, Vec<EntityUid>> = BTreeMap::new();
    for Granted { role, scope, .. } in fleet.grants.iter().filter(|grant| grant.user == user) {
        let nodes = by_role.entry(role.name()).or_default();
        match scope {
            Scope::All => nodes.push(everything()),
            Scope::Nodes(scope) => nodes.extend(scope.iter().map(node_uid)),
        }
    }
    let set = |nodes: Vec<EntityUid>| {
        RestrictedExpression::new_set(nodes.into_iter().map(RestrictedExpression::new_entity_uid))
    };
    let attributes: HashMap<_, _> = by_role.into_iter().map(|(role, nodes)| (role.to_owned(), set(nodes))).collect();
    Entity::new(uid("User", &user.to_string()), attributes, HashSet::new()).expect("sets of names")
}
