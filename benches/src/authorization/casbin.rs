//! The same company in Casbin: roles by domain, each node a domain of its own, one line of policy for each permission of each
//! role. The cheap comparison comes first.

use super::{
    Engine,
    fleet::{Fleet, Granted, Question, name, nodes},
};
use adit_core::authz::{Node, Role, Scope, catalogue::CATALOGUE};
use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};

const MODEL: &str = "
[request_definition]
r = sub, act, site, box, client

[policy_definition]
p = sub, act

[role_definition]
g = _, _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.act == p.act && (g(r.sub, p.sub, \"account\") || g(r.sub, p.sub, r.site) || g(r.sub, p.sub, r.box) || g(r.sub, p.sub, r.client))
";

pub struct Casbin {
    enforcer: Enforcer,
    questions: Vec<[String; 5]>,
}

impl Casbin {
    pub fn new(fleet: &Fleet, questions: &[Question]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let enforcer = runtime.block_on(async {
            let model = DefaultModel::from_str(MODEL).await?;
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
            enforcer.add_policies(policies()).await?;
            enforcer.add_grouping_policies(groupings(fleet)).await?;
            casbin::Result::Ok(enforcer)
        });
        let questions = questions.iter().map(|question| words(fleet, question)).collect();
        Self { enforcer: enforcer.expect("the model and its policies are Casbin's"), questions }
    }
}

impl Engine for Casbin {
    fn allow(&mut self, question: usize) -> bool {
        let [who, what, site, container, client] = &self.questions[question];
        let asked = (who.as_str(), what.as_str(), site.as_str(), container.as_str(), client.as_str());
        self.enforcer.enforce(asked).expect("yes or no")
    }
}

fn policies() -> Vec<Vec<String>> {
    let held = |role: Role| {
        let rows = CATALOGUE.iter().filter(move |row| row.held_by(role));
        rows.map(move |row| vec![role.name().to_owned(), row.name.to_owned()])
    };
    Role::ALL.into_iter().flat_map(held).collect()
}

fn groupings(fleet: &Fleet) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for Granted { user, role, scope } in &fleet.grants {
        let domains = match scope {
            Scope::All => vec!["account".to_owned()],
            Scope::Nodes(nodes) => nodes.iter().map(name).collect(),
        };
        all.extend(domains.into_iter().map(|domain| vec![user.to_string(), role.name().to_owned(), domain]));
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn words(fleet: &Fleet, question: &Question) -> [String; 5] {
    let place = &fleet.places[question.device as usize];
    let find =
        |wanted: fn(&Node) -> bool| nodes(place).find(wanted).map_or_else(|| "none".to_owned(), |node| name(&node));
    [
        question.user.to_string(),
        question.permission.name().to_owned(),
        find(|node| matches!(node, Node::Site(_))),
        find(|node| matches!(node, Node::Container(_))),
        find(|node| matches!(node, Node::SubAccount(_))),
    ]
}
