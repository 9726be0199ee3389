//! Connections: who may hold how many, for how long, and where a request comes from.
//!
//! Words: a *stranger* is a connection on which nobody has shown yet who they are; a *source* is an address whose connections and
//! failures count together ([`Source`]); a *seat* is a connection's place among those of its source.
//!
//! Strangers have seats of their own, few for each source. Who shows a live session or key, or greets as an agent, gives the
//! stranger's seat back and holds one of another kind, so that strangers can never take the place of somebody known. When all
//! strangers' seats are taken, a newcomer takes one of the source that holds most.

mod accept;
mod address;
mod deadline;
pub(crate) mod host;
mod seats;

pub(crate) use accept::serve;
pub use address::{Origin, Source};
pub(crate) use deadline::is_late;
pub(crate) use seats::{Seat, Seats, Visitor};

use std::time::Duration;

/// How many seats there are.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// For one source.
    pub of_source: usize,
    /// For all together.
    pub of_all: usize,
}

/// What connections may take of the server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For the head of a request to arrive. An idle connection is closed after as long.
    pub head: Duration,
    /// For the body of a request to arrive.
    pub body: Duration,
    /// For the other end to take anything of an answer.
    pub stall: Duration,
    /// For an agent to say who it is.
    pub greeting: Duration,
    /// Connections on which nobody has shown yet who they are.
    pub strangers: Share,
    /// Connections of people and programs that have.
    pub known: Share,
    /// Sockets of agents that have not said yet who they are.
    pub greetings: Share,
    /// Whether connections from this machine are counted like others. Otherwise only their times are bounded.
    pub count_loopback: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            body: Duration::from_secs(60),
            stall: Duration::from_secs(60),
            greeting: Duration::from_secs(20),
            strangers: Share { of_source: 64, of_all: 512 },
            known: Share { of_source: 4_096, of_all: 65_536 },
            greetings: Share { of_source: 16, of_all: 256 },
            count_loopback: false,
        }
    }
}
