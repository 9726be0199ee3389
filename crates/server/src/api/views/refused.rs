//! Devices that were asked for and not given to a request, and why.

use super::Viewer;
use crate::api::preview::warning;
use adit_core::{
    ids::{DeviceId, RequestId},
    requests::{Refusal, Request},
};
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeMap};

type Why = (&'static str, Cow<'static, str>, Option<RequestId>);

/// A code as in previews, words that follow a device's name, and the request that had it.
fn why(refusal: &Refusal) -> Why {
    let (code, words, by) = match refusal {
        Refusal::DeviceBusy { by } => ("busy", "another request was being carried out on it", Some(*by)),
        Refusal::DeviceHeldByHigherAssurance { by } => {
            ("busy", "a request that needs more approvals holds it", Some(*by))
        }
        Refusal::Unsupported => ("unsupported", "it cannot do what was asked", None),
        Refusal::NoValue { name } => {
            let words = format!("it has no {} for {{{}}}, or none that whoever asked sees", name.means(), name.name());
            return ("no_worker_name", words.into(), None);
        }
        Refusal::UnfitUser => {
            ("no_worker_name", "its user would be too long, or have characters that pools and miners do not take", None)
        }
        Refusal::NotControlled { .. } => ("not_controlled", "its agent only watches or was revoked", None),
        Refusal::ForbiddenOnSite { .. } => ("not_controlled", "the policy of its site forbids that to its agent", None),
    };
    (code, words.into(), by)
}

impl Viewer<'_> {
    /// The contract's `Warning`s: one for each reason. A request that the reader may not see is not named.
    pub(super) fn refused(&self, request: &Request) -> Vec<Value> {
        let mut groups: BTreeMap<Why, Vec<DeviceId>> = BTreeMap::new();
        for (device, refusal) in request.refused.iter() {
            groups.entry(why(refusal)).or_default().push(*device);
        }
        let group = |((code, words, by), devices): (Why, Vec<DeviceId>)| {
            warning(code, &devices, &words, by.and_then(|by| self.other(by)))
        };
        groups.into_iter().map(group).collect()
    }
}
