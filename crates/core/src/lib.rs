//! The rules of Adit, and nothing else: who may do what to which machine and which money, what must be approved by
//! whom, and what follows. Pure: no input or output, no clock, no randomness.
//!
//! ```text
//! decide(&State, Actor, Command, now) -> Decided { entries, state, reply } | Rejection
//! State::apply(&Entry)                                  the fold of the log
//! ```
//! Read [`authz`] first (may they?), then [`requests`] (who must agree?), then [`mod@decide`] (what follows). A person who can
//! read these three knows what the product promises.
//!
//! To add something that can be asked for: a variant of [`requests::Control`] (or [`fleet::Operation`]) with its permission and
//! scenario in `requests/action.rs`, its check and its effect in `requests/effects.rs`, an event for the effect in
//! [`event`], and what the event changes in `state/apply.rs`.
#![deny(missing_docs)]

pub mod accounts;
pub mod audit;
pub mod authz;
pub mod command;
pub mod counted;
pub mod decide;
pub mod event;
pub mod fleet;
pub mod ids;
pub mod notices;
pub mod quotas;
pub mod refold;
pub mod rejection;
pub mod requests;
pub mod state;
pub mod time;
mod variants;

pub use decide::{Decided, MAX_ENTRIES, Refused, decide, decide_on};
