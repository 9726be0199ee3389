//! Why the agent could not start or had to stop.

use crate::journal::JournalError;
use std::{io, path::PathBuf};

/// Everything that ends [`run`](crate::run). A lost connection is not among them: it is made anew.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The server's address cannot be used.
    #[error("the server address {address:?} cannot be used: {reason}")]
    Server {
        /// As given.
        address: String,
        /// What to write instead.
        reason: String,
    },
    /// There is no key yet and no token to enrol with.
    #[error("{0} holds no enrolled agent: give an enrolment token once (the server shows one when an agent is added)")]
    NotEnrolled(PathBuf),
    /// The server refused the token.
    #[error("the server refused to enrol this agent: {0}")]
    Enrolment(String),
    /// A file of the agent cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of the agent holds something else than it should.
    #[error("{path} cannot be understood: {reason}")]
    Contents {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The local policy cannot be read, and going on without it would permit what it forbids.
    #[error("the local policy {path} cannot be used: {reason}")]
    Policy {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No certificates to check the server against.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}
