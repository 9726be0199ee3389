//! Money of sub-accounts: where it is paid, how it is shared out, and what is owed to whom.
//!
//! Words: a **wallet** is the address a sub-account's own money is paid to; an **allocation** says who gets which part of what the
//! sub-account earns; **settling** a day shares its earnings out; what is **due** has been settled and not been paid; a **hold** keeps what
//! is due from being paid while a change of where it goes waits out its timelock. Amounts are whole satoshi, shares whole
//! basis points. Nothing here pays anybody: the product holds no key. An **observer link** lets somebody without an
//! account look at sub-accounts, by **sections**.

pub mod address;
mod allocation;
mod ledger;
mod observers;

pub(crate) use allocation::check;
pub use allocation::{Allocation, MAX_RECIPIENTS, Recipient, Share, WHOLE, split};
pub(crate) use ledger::receivers;
pub use ledger::{Due, MAX_SAT, Money, Posting, Wallet, distribute};
pub use observers::{ObserverLink, Sections};
