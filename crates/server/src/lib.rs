//! The server: decides what is asked, keeps the log, and speaks to the agents.
//!
//! ```text
//!   people ─▶ api ─┐                       ┌─▶ state, for every reader
//!                  ├─▶ engine ─▶ log ──────┼─▶ live: devices come and go
//!  agents ─▶ agents┘   (decides, one by one)└─▶ agents: approved work goes out
//!            └────────▶ live: readings
//! ```
//! - [`engine`]: the one place where something is decided; what it has answered is in the log. [`decider`] is the same without
//!   threads; `snapshots` makes starts quick.
//! - [`api`]: what people and programs ask over HTTP.
//! - `authzen`: what other programs ask about rights.
//! - [`agents`]: enrolment and connections of agents.
//! - [`dispatch`]: from an approved request to signed orders, and how far each has come.
//! - [`sign_in`]: how people prove who they are.
//! - [`heads`]: how far the log is, told outside, so that it shows if the log is put back.
//! - [`live`]: what every device says now.
//! - [`mail`]: letters on their way.
//! - [`net`]: connections and their bounds.
//! - [`notices`]: who is told of what, in the inbox, by letter and by webhook.
//! - `words`: what a request changes, in words.
//! - [`server`]: all of it together, on a data folder and an address; [`founding`]: the first account on it;
//!   [`operator`]: what may be asked for on the machine alone.
#![deny(missing_docs)]

pub mod agents;
pub mod api;
mod authzen;
pub mod csv;
mod decider;
pub mod dispatch;
pub mod engine;
pub mod founding;
pub mod heads;
pub mod live;
mod live_file;
pub mod mail;
pub mod measuring;
pub mod net;
pub mod notices;
pub mod operator;
mod public_url;
pub mod server;
pub mod sign_in;
mod snapshots;
mod words;

pub use agents::Agents;
pub use decider::{Batch, Clock, CommandError, Decided, EngineError, Proposal, SystemClock, Writer};
pub use dispatch::Stage;
pub use engine::Engine;
pub use live::Live;
pub use notices::{Herald, HeraldOptions};
pub use server::{Opened, Server, ServerError, ServerOptions};
