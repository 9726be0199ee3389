//! Whether the document knows of a status: every test that asks the interface holds it to that.

use super::schema::Document;
use serde_json::Value;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Document> = LazyLock::new(Document::read);

/// Fails if a call was refused with a status that its operation's description does not list.
pub fn check(method: &str, path: &str, status: u16) {
    if !(400..500).contains(&status) {
        return;
    }
    let address = path.split(['?', '#']).next().unwrap_or_default();
    let Some(operations) = operations_at(address) else { return };
    let method = if method == "HEAD" { "GET" } else { method };
    let known = |operation: &Value| operation["responses"].get(status.to_string()).is_some();
    let own = operations.iter().find(|(of, _)| of == method);
    // Of another method, what all operations at the address say.
    let fine = own.map_or_else(|| operations.iter().all(|(_, one)| known(one)), |(_, one)| known(one));
    assert!(fine, "{method} {address} answers {status}, which its description does not list");
}

type Operations = Vec<(String, &'static Value)>;

/// The operations at an address; of several templates that fit, the one with the fewest parameters.
fn operations_at(address: &str) -> Option<Operations> {
    let mut best: Option<(usize, String)> = None;
    let all = DOCUMENT.operations();
    for (_, template, _) in &all {
        let parameters = template.matches('{').count();
        if fits(template, address) && best.as_ref().is_none_or(|(least, _)| parameters < *least) {
            best = Some((parameters, template.clone()));
        }
    }
    let (_, template) = best?;
    Some(all.into_iter().filter(|(_, of, _)| *of == template).map(|(method, _, one)| (method, one)).collect())
}

fn fits(template: &str, address: &str) -> bool {
    let (wanted, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), address.split('/').collect());
    let same = |(wanted, given): (&&str, &&str)| wanted.starts_with('{') && !given.is_empty() || wanted == given;
    wanted.len() == given.len() && wanted.iter().zip(&given).all(same)
}
