//! What a request changes, field by field, as its reader may see it.

use super::Viewer;
use crate::{
    api::estimate::settings,
    words::{Change, Changes, Words},
};
use adit_core::requests::{
    Action, Request, Target,
    rendering::{Renderer, Settings},
};
use adit_telemetry::LiveTable;

impl Viewer<'_> {
    /// Of a request as its reader sees it; from what devices say now, where that is known.
    pub fn changes(&self, seen: &Request, live: Option<&LiveTable>) -> Changes {
        let action = &seen.payload.action;
        let renderer = Renderer::new(self.state, self.state.hides_addresses(self.actor, action, self.now));
        let rows = match live {
            Some(live) => renderer.with_settings(&settings(live, action)).of_request(seen),
            None => renderer.of_request(seen),
        };
        Changes::of(&Words::of(self.state, self.names, seen), &rows)
    }

    /// Of a request as it was asked for.
    pub fn changes_asked(&self, seen: &Request) -> Changes {
        let hides = self.state.hides_addresses(self.actor, &seen.payload.action, self.now);
        let rows = Renderer::new(self.state, hides).as_asked().of_request(seen);
        Changes::of(&Words { state: self.state, names: self.names, called: &seen.shown.names }, &rows)
    }

    /// Of what its reader is about to ask for.
    pub fn foretold(&self, action: &Action, targets: &[Target], settings: Settings<'_>) -> Vec<Change> {
        let renderer = Renderer::new(self.state, self.state.hides_addresses(self.actor, action, self.now));
        let rows = renderer.with_settings(settings).of_action(self.actor.account, action, targets);
        Changes::of(&Words { state: self.state, names: self.names, called: &[] }, &rows).into_rows()
    }
}
