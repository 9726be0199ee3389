//! The same company in Rego, for regorus: compiled to its virtual machine, the roles and grants as data, and who asks, for
//! what, and where the device is as the input, made ready beforehand.

use super::{
    Engine,
    fleet::{Fleet, Granted, Question, name, nodes},
};
use adit_core::authz::{Permission, Role, Scope, catalogue::CATALOGUE};
use regorus::{Rc, Value, languages::rego::compiler::Compiler, rvm::RegoVM};
use serde_json::json;
use std::collections::BTreeMap;

const RULES: &str = "
package adit

default allow := false

allow if {
    some grant in data.grants[input.user]
    data.roles[grant.role][input.permission]
    grant.everywhere
}

allow if {
    some grant in data.grants[input.user]
    data.roles[grant.role][input.permission]
    some node in input.place
    grant.nodes[node]
}
";
const ENTRY: &str = "data.adit.allow";

pub struct Rego {
    vm: RegoVM,
    inputs: Vec<Value>,
}

impl Rego {
    pub fn new(fleet: &Fleet, questions: &[Question]) -> Self {
        let mut engine = regorus::Engine::new();
        engine.add_policy("adit.rego".into(), RULES.into()).expect("the rules are Rego");
        let policy = engine.compile_with_entrypoint(&Rc::from(ENTRY)).expect("the rules can be compiled");
        let program = Compiler::compile_from_policy(&policy, &[ENTRY]).expect("the rules can be made a program");
        let mut vm = RegoVM::new_with_policy(policy);
        vm.load_program(program);
        vm.set_data(data(fleet)).expect("the data do not stand where rules do");
        let inputs = questions.iter().map(|question| input(fleet, question)).collect();
        Self { vm, inputs }
    }
}

impl Engine for Rego {
    fn allow(&mut self, question: usize) -> bool {
        self.vm.set_input(self.inputs[question].clone());
        let answer = self.vm.execute_entry_point_by_index(0).expect("the rules have an answer for everything");
        *answer.as_bool().expect("yes or no")
    }
}

fn data(fleet: &Fleet) -> Value {
    let held = |role: Role| {
        let rows = CATALOGUE.iter().filter(|row| row.held_by(role));
        rows.map(|row| (row.name, true)).collect::<BTreeMap<_, _>>()
    };
    let roles: BTreeMap<_, _> = Role::ALL.iter().map(|role| (role.name(), held(*role))).collect();
    let mut grants: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for Granted { user, role, scope } in &fleet.grants {
        let (everywhere, nodes) = match scope {
            Scope::All => (true, BTreeMap::new()),
            Scope::Nodes(nodes) => (false, nodes.iter().map(|node| (name(node), true)).collect()),
        };
        let grant = json!({ "role": role.name(), "everywhere": everywhere, "nodes": nodes });
        grants.entry(user.to_string()).or_default().push(grant);
    }
    value(&json!({ "roles": roles, "grants": grants }))
}

fn input(fleet: &Fleet, question: &Question) -> Value {
    let place: Vec<_> = nodes(&fleet.places[question.device as usize]).map(|node| name(&node)).collect();
    let permission = Permission::name(question.permission);
    value(&json!({ "user": question.user.to_string(), "permission": permission, "place": place }))
}

fn value(json: &serde_json::Value) -> Value {
    Value::from_json_str(&json.to_string()).expect("it is JSON")
}
