//! What outlives the process: the log, the people who sign in, and secrets.
//!
//! Words: the *log* is the append-only chain of everything that was decided; a *snapshot* is the state folded from the
//! log up to some record, kept only so that a start is quick, never needed; a *person* is who a user is (name, e-mail, how
//! they sign in), kept apart from the log so that they can be forgotten; a *secret* is sealed with a key that lies in a file
//! of its own.
//!
//! A [`DataDir`] holds all of it on one machine:
//! ```text
//! lock             held by the running server
//! key              32 random bytes that open the secrets; back it up apart from the databases
//! log/             the log            log.snapshots/   snapshots of it
//! people.db        persons, sessions  secrets.db       sealed secrets
//! notices.db       who was told of what, and what is still to be sent
//! live             what devices said last; may be lost
//! ```
#![deny(missing_docs)]

mod answers;
mod checked_file;
mod data_dir;
mod error;
mod files;
mod log;
mod notices;
mod people;
mod seal;
mod secrets;
mod snapshots;
mod sqlite;
#[cfg(any(test, feature = "testing"))]
pub mod suite;

pub use answers::{Begun, CallId, Old};
pub use checked_file::{Checked, CheckedFile};
pub use data_dir::{DataDir, backup};
pub use error::{Result, StoreError};
pub use log::{
    Appended, CutOff, FileLog, FileReader, LogReader, LogStore, MAX_BATCH, MAX_BODY_BYTES, MAX_READ, Snapshot,
};
pub use notices::{
    Announcement, Attempt, Choices, Delivery, DeliveryState, Item, Letter, MAX_ITEMS, Mark, Notices, Outcome,
};
pub use people::{
    Identity, Invitation, KeyUse, Link, LinkPurpose, Mail, NewInvitation, Passkey, People, Person, Security, Session,
    TotpState, Verified,
};
pub use seal::Key;
pub use secrets::Secrets;
