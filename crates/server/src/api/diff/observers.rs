//! What a request changes about what observers see.

use super::row;
use crate::api::views::Viewer;
use adit_core::{
    accounts::Sections,
    ids::ObserverLinkId,
    requests::{Control, NewObserverLink},
};
use serde_json::Value;

impl Viewer<'_> {
    fn link(&self, id: ObserverLinkId) -> String {
        let label = self.state.observer_link(id).map_or_else(|| id.to_string(), |link| link.label.clone());
        format!("Observer link {label}")
    }

    pub(super) fn of_new_link(&self, new: &NewObserverLink) -> Vec<Value> {
        let names: Vec<_> = new.sub_accounts.iter().map(|id| self.sub_account(*id)).collect();
        let mut rows = vec![
            row(&format!("Observer link {}", new.label), "none", &names.join(", ")),
            row("Shows", "nothing", &in_words(new.sections)),
            row("Until", "none", &new.expires_at.to_string()[..10]),
        ];
        rows.extend(new.replaces.map(|old| row(&self.link(old), "in use", "revoked")));
        rows
    }

    pub(super) fn of_observers(&self, control: &Control) -> Vec<Value> {
        let (links, names) = ("links only", "whoever knows a name");
        match control {
            Control::NarrowObserverLink { link, sections } => {
                vec![row(&self.link(*link), "as it was", &in_words(*sections))]
            }
            Control::RevokeObserverLink { link } => vec![row(&self.link(*link), "in use", "revoked")],
            Control::ProtectObservers {} => vec![row("Observer pages open for", names, links)],
            Control::OpenObservers { sections } => {
                vec![row("Observer pages open for", links, names), row("They show", "nothing", &in_words(*sections))]
            }
            _ => Vec::new(),
        }
    }
}

fn in_words(sections: Sections) -> String {
    let mut words = vec!["hashrate"];
    words.extend(sections.workers.then_some("workers"));
    words.extend(sections.earnings.then_some("earnings"));
    words.join(", ")
}
