//! The agent: the program on a site's network that finds miners, polls them and carries out orders. It opens one
//! connection, outwards, to the server; nothing connects to it.
//!
//! ```text
//!            ┌───────────────────────── link ─────────────────────────┐
//!  server ──▶│ commands ─▶ journal ─▶ executor ─▶ device              │
//!         ◀──│ outbox  ◀── results ◀─────┘          ▲                 │
//!            │    ▲                                 │ one at a time   │
//!            │    └── found, readings ◀── workers: sweep and poll     │
//!            └────────────────────────────────────────────────────────┘
//! ```
//! - [`run`] puts the parts together; [`AgentOptions`] says where the server is, where to keep files and which drivers to use.
//! - `identity`: the agent's own key and the server's pinned key; enrolment, once.
//! - `head`: what the server's log was when it was heard of last; a server that is behind that gets no further.
//! - `link`: the WebSocket, its greeting and its reconnecting.
//! - `commands`: is this order the server's, for us, in time, permitted here and new? ([`policy`])
//! - [`journal`]: durable memory of orders. An order that was begun is never begun again unless doing it twice is
//!   the same as doing it once.
//! - [`executor`]: one order per device at a time, bounded in number and in time, read back before it counts.
//! - `workers`: one *collection worker* per scan task; it sweeps the task's ranges and polls its devices. Each start
//!   of one is a *generation*.
//! - `outbox`: what waits to be sent. Results stay until the server says that it has stored them.
//!
//! Words: a *seat* is a known device with the right to speak to it; a *sweep* looks at every address of a task; a *poll*
//! reads one known device, which is *silent* once it has not answered several in a row.
#![deny(missing_docs)]

mod collect;
mod commands;
mod error;
pub mod executor;
mod head;
mod http;
mod identity;
pub mod journal;
mod link;
mod options;
mod outbox;
pub mod policy;
mod run;
mod server_clock;
mod site;
mod transport;
mod workers;

pub use error::AgentError;
pub use options::{AgentOptions, Clock, CollectLimits, Pace, Random};
pub use run::run;

use adit_core::fleet::{Ending, TargetResult};

/// Most characters of a result's message.
const MAX_MESSAGE: usize = 200;

/// A result with nothing measured, its message cut to what the wire allows.
fn outcome(ending: Ending, message: impl AsRef<str>) -> TargetResult {
    TargetResult::of(ending, message.as_ref().chars().take(MAX_MESSAGE).collect::<String>())
}
