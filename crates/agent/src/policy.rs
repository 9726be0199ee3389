//! The local policy: a file on the agent's own host that narrows what any server may do here. It can forbid and never
//! permit, so a stolen server cannot do what the site has ruled out.
//!
//! ```json
//! {"operations": ["locate", "set_power_mode"], "ranges": ["10.20.0.0/16"], "restart_workers": false}
//! ```
//! What is left out is not narrowed. A file that is named and cannot be read stops the agent from starting.

use crate::AgentError;
use adit_core::fleet::{OpKind, Order, Ranges};
use adit_wire::Allowed;
use serde::Deserialize;
use std::{collections::BTreeSet, net::IpAddr, path::Path};

/// The largest policy file that is read, bytes.
const MAX_FILE: u64 = 64 << 10;

/// What the site allows at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalPolicy {
    operations: Option<BTreeSet<OpKind>>,
    ranges: Option<Ranges>,
    forbid_restart: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    operations: Option<BTreeSet<OpKind>>,
    ranges: Option<Vec<String>>,
    restart_workers: Option<bool>,
}

impl LocalPolicy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`AgentError::Policy`] if it is missing, too large, not JSON of the known fields, or names bad ranges.
    pub fn load(path: &Path) -> Result<Self, AgentError> {
        let bad = |reason: String| AgentError::Policy { path: path.to_owned(), reason };
        let size = std::fs::metadata(path).map_err(|e| bad(e.to_string()))?.len();
        if size > MAX_FILE {
            return Err(bad(format!("{size} bytes; at most {MAX_FILE} are read")));
        }
        let text = std::fs::read_to_string(path).map_err(|e| bad(e.to_string()))?;
        Self::parse(&text).map_err(bad)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: PolicyFile = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let ranges = file.ranges.map(|ranges| Ranges::parse(&ranges)).transpose().map_err(|e| e.to_string())?;
        Ok(Self { operations: file.operations, ranges, forbid_restart: file.restart_workers == Some(false) })
    }

    /// Why `order` may not be carried out, if the file forbids it. The address is a separate question: [`Self::forbids_address`].
    #[must_use]
    pub fn forbids(&self, order: &Order) -> Option<String> {
        let forbidden = match order {
            Order::Device { operation, .. } => {
                let kind = operation.kind();
                self.operations.as_ref().is_some_and(|allowed| !allowed.contains(&kind)).then(|| word(kind))
            }
            Order::RestartWorkers {} => self.forbid_restart.then(|| "restart_workers".to_owned()),
        };
        forbidden.map(|word| format!("the site's local policy forbids {word}"))
    }

    /// What the server is told of it, so that nobody asks for what is refused here.
    #[must_use]
    pub fn allowed(&self) -> Allowed {
        let operations = self.operations.as_ref().map(|allowed| allowed.iter().copied().map(word).collect());
        Allowed { operations, restart_workers: !self.forbid_restart }
    }

    /// Whether the agent must leave `ip` alone altogether: no sweep, no poll, no order.
    #[must_use]
    pub fn forbids_address(&self, ip: IpAddr) -> bool {
        match (&self.ranges, ip) {
            (None, _) => false,
            (Some(ranges), IpAddr::V4(ip)) => !ranges.contains(ip),
            (Some(_), IpAddr::V6(_)) => true,
        }
    }

    /// The part of `ranges` that the file leaves.
    #[must_use]
    pub fn narrow(&self, ranges: &Ranges) -> Ranges {
        self.ranges.as_ref().map_or_else(|| ranges.clone(), |allowed| allowed.intersection(ranges))
    }
}

/// The operation's name as the API writes it.
pub(crate) fn word(kind: OpKind) -> String {
    serde_json::to_value(kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_else(|| format!("{kind:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::{fleet::Operation, ids::DeviceId};

    fn order(operation: Operation) -> Order {
        Order::Device { device: DeviceId(1), operation }
    }

    #[test]
    fn what_is_left_out_is_not_narrowed() {
        let policy = LocalPolicy::parse("{}").unwrap();
        assert_eq!(policy, LocalPolicy::default());
        assert_eq!(policy.forbids(&order(Operation::Reboot {})), None);
        assert!(!policy.forbids_address("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn operations_addresses_and_restarts_are_narrowed() {
        let text = r#"{"operations": ["locate"], "ranges": ["10.0.0.0/24"], "restart_workers": false}"#;
        let policy = LocalPolicy::parse(text).unwrap();
        assert_eq!(policy.forbids(&order(Operation::Locate { on: true })), None);
        let refusal = policy.forbids(&order(Operation::Reboot {})).unwrap();
        assert_eq!(refusal, "the site's local policy forbids reboot");
        assert!(policy.forbids(&Order::RestartWorkers {}).is_some());
        assert!(!policy.forbids_address("10.0.0.9".parse().unwrap()));
        assert!(policy.forbids_address("10.0.1.9".parse().unwrap()));
        assert!(policy.forbids_address("::1".parse().unwrap()));
        let asked = Ranges::parse(&["10.0.0.250-10.0.1.5"]).unwrap();
        assert_eq!(policy.narrow(&asked).count(), 6);
    }

    #[test]
    fn a_misspelt_file_is_refused_rather_than_half_read() {
        for text in ["", "[]", r#"{"operation": []}"#, r#"{"operations": ["explode"]}"#, r#"{"ranges": ["x"]}"#] {
            assert!(LocalPolicy::parse(text).is_err(), "{text}");
        }
    }
}
