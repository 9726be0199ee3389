//! Pool passwords of open orders. They are in memory alone: after a restart of the agent the server gives them again, with the
//! orders that are open.

use adit_core::fleet::{CommandId, Operation, Order, PoolPassword, SecretRef};
use adit_wire::CommandBody;
use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Shorter ones are no secret, and taking them out would spoil every sentence.
const HIDDEN_FROM: usize = 4;

const LOST: &str = "not sent: its pool password was lost when the agent stopped, and the server has not given it again; \
                    ask again with the password";
const NOT_GIVEN: &str = "not sent: the server did not give the pool password with it; ask again with the password";

/// What came beside an order.
pub(super) type Given = Vec<(SecretRef, PoolPassword)>;

/// Of each open order that names passwords, what came beside it; nothing before it has come.
#[derive(Default)]
pub(super) struct Passwords {
    open: Mutex<HashMap<CommandId, Option<Given>>>,
}

impl Passwords {
    fn open(&self) -> MutexGuard<'_, HashMap<CommandId, Option<Given>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An order is open. Without `given` it is from before the agent's start.
    pub fn expect(&self, command: &CommandBody, given: Option<Given>) {
        let names_some = match &command.order {
            Order::Device { operation, .. } => operation.passwords().next().is_some(),
            Order::RestartWorkers {} => false,
        };
        if names_some {
            self.open().insert(command.command, given);
        }
    }

    /// An order that is open has come again.
    pub fn supply(&self, command: CommandId, given: Given) {
        if let Some(known) = self.open().get_mut(&command) {
            *known = Some(given);
        }
    }

    /// Does the order name passwords, and has it not come again since the agent's start?
    pub fn lacks(&self, command: CommandId) -> bool {
        self.open().get(&command).is_some_and(Option::is_none)
    }

    /// The order has ended.
    pub fn forget(&self, command: CommandId) {
        self.open().remove(&command);
    }

    /// The operation as a device is told it, or why there is none.
    pub fn put_into(&self, command: CommandId, operation: &Operation) -> Result<Operation<PoolPassword>, &'static str> {
        let open = self.open();
        let given = match open.get(&command) {
            Some(None) => return Err(LOST),
            Some(Some(given)) => given.as_slice(),
            None => &[],
        };
        let one =
            |named: SecretRef| given.iter().find(|(known, _)| *known == named).map(|(_, password)| password.clone());
        operation.clone().with_passwords(|_, named| one(named).ok_or(NOT_GIVEN))
    }
}

/// Drivers leave out a device's words to an order that has passwords in it; what they read back may have them all the same.
pub(super) fn hide(message: &str, operation: &Operation<PoolPassword>) -> String {
    let secret = operation.passwords().map(PoolPassword::as_str).filter(|text| text.len() >= HIDDEN_FROM);
    let mut secret: Vec<_> = secret.collect();
    // One may begin another.
    secret.sort_unstable_by_key(|text| Reverse(text.len()));
    secret.into_iter().fold(message.to_owned(), |message, text| {
        let message = message.replace(text, "***");
        // Words that were cut may end within one.
        let begun = (HIDDEN_FROM..text.len()).rev().find_map(|length| message.strip_suffix(text.get(..length)?));
        begun.map(|before| format!("{before}***")).unwrap_or(message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::fleet::Pool;

    #[test]
    fn a_devices_words_are_told_without_the_password() {
        let password = |text: &str| PoolPassword::try_from(text.to_owned()).ok();
        let pool = |text| Pool { url: "a://b".into(), user: "u".into(), password: password(text) };
        let told = Operation::SetPools { pools: vec![pool("hunter2"), pool("x")] };
        assert_eq!(hide("no setpool,u,hunter2, but x", &told), "no setpool,u,***, but x");
        assert_eq!(hide("no setpool,u,hunte", &told), "no setpool,u,***");
        let longer = Operation::SetPools { pools: vec![pool("hunter"), pool("hunter2")] };
        assert_eq!(hide("hunter2 or hunter", &longer), "*** or ***");
    }
}
