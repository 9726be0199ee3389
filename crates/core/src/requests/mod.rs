//! The request engine: what was asked, by whom, who must agree, and what follows.
//!
//! Words: a **scenario** is a class of operations with its own approval **policy**; a **request** is one operation that waits for
//! approvals, runs, or has ended; its **initiator** submitted it; an **approver** may vote on it; a **target** is what it acts on; a **claim**
//! is a device's promise to one open request, by conflict group; the **quorum** is reached when enough approvals count.
//!
//! ```text
//! draft > pending > approved > executing > executed | partially_executed | failed
//!            |         |  \ back to pending when an approval stops counting
//!            |         +--> cancelled | expired | invalidated
//!            +--> rejected | cancelled | expired | superseded | invalidated
//! ```
//! `action` and `control` are what can be asked for, `payload` the exact bytes that are approved. `submit` makes requests,
//! `vote` takes decisions, `settle` makes every transition that follows by itself, `effects` carries out what changes the account
//! (`people` what changes who may do what in it), `claims` decides which request holds a device, and `simulate` and `preset` say
//! beforehand what a change would come to. `pinned` is what names in pool users stand for. `rendering` shows a payload field by field.

mod action;
mod authority;
mod available;
mod base;
mod canonical;
mod claims;
mod comment;
mod control;
mod effects;
mod groups;
mod hardening;
mod identity;
mod inventory;
mod items;
mod keys;
mod money;
mod observers;
mod outlook;
mod ownership;
mod payload;
mod people;
mod pinned;
mod policy;
mod preset;
mod quorum;
mod reach;
mod recovery;
pub mod rendering;
mod request;
mod safeguards;
mod scenario;
mod settle;
mod sight;
mod simulate;
mod structure;
mod submit;
mod tally;
mod title;
mod vote;

pub use action::Action;
pub use base::{Base, NotABase, Version};
pub use claims::Award;
pub use comment::COMMENT_AFTER_END;
pub use control::{Control, Passwords};
pub use effects::DELETION_DELAY;
pub(crate) use effects::check_name;
use identity::Alone;
pub use items::Items;
pub(crate) use keys::check_origins;
pub use keys::{KeyTerms, NewKey};
pub use observers::NewObserverLink;
pub use ownership::offered_to;
pub use payload::{ContentHash, MAX_TARGETS, NotAHash, Payload, Target};
pub use people::{GrantChange, NewGrant};
pub use pinned::Pinned;
pub use policy::{APPROVE_TTL, EXECUTE_TTL, PolicyChange, TIMELOCK};
pub use preset::Preset;
pub use quorum::Rule;
pub use recovery::{RECOVERY_TIMELOCK, Recovery};
pub use request::{
    Basis, Comment, Decision, Estimate, ItemState, Outlook, Refusal, Request, RequestState, Step, StepKind, Took, Vote,
    Was,
};
pub use safeguards::Safeguards;
pub use scenario::{Approvers, Policy, STEP_UP_WINDOW, Scenario, StepUp};
pub use settle::{Approved, REPORT_GRACE};
pub use sight::{Eyes, Sight};
pub use simulate::{Forecast, Prospect, Supposition, Warning};
pub use structure::MAX_RANGES;
pub use submit::check_operation;
pub use tally::Tally;
pub use title::mode_name;
pub(crate) use vote::check_step_up;
