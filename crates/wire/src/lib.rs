//! What server and agent say to each other, over one WebSocket that the agent opens. TLS may end at a proxy that nobody should have
//! to trust: who says what is proven end to end, and nothing in between can read, alter, reorder, repeat or leave out any of it.
//!
//! 1. **Enrolment**, once: the agent posts an [`Enrolment`], which proves that it holds the one-time token without telling it,
//!    and gets an [`Enrolled`] signed by the key that the token names ([`EnrolmentToken`]).
//! 2. **Greeting**: the server sends a [`Challenge`], the agent answers with a [`Hello`], the server with an [`Answer`]. Both sign
//!    all of it, both public keys and two fresh X25519 shares included ([`session`]).
//! 3. **Session**: every further frame is sealed with a key that only these two have, under a number that it cannot lose.
//!    The first frame out of order ends the session. Either speaks when it has something to say, as [`ToAgent`] and [`ToServer`].
//!    Orders are [`SignedCommand`]s besides: each says which machine it means by MAC or serial number and address, for which agent
//!    and session, as which of that session's orders, when it was given and until when it may begin. Results are repeated until
//!    [`ToAgent::ResultsStored`] names them, so that none is lost.
//!
//! A field that is new may be left out and is passed over by who does not know it; a change that an older peer would misread gets
//! a new [`PROTOCOL`] number.
#![deny(missing_docs)]

mod enrolment;
mod head;
pub mod session;
mod signing;

use adit_core::{
    fleet::{CommandId, DeviceIdentity, FoundDevice, PollResult, PoolPassword, PowerMode, SecretRef, TargetResult},
    ids::{DeviceId, ScanTaskId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

pub use adit_core::fleet::AgentMode;
pub use enrolment::{Enrolled, Enrolment, EnrolmentToken};
pub use head::{HeadError, SignedHead};
pub use session::{Answer, Challenge, Hello};
pub use signing::{AgentKey, CommandBody, ServerKey, SignatureError, SignedCommand, Subject, VerifyingKey};

/// Version of this conversation; the WebSocket's subprotocol, and part of what both sides sign.
pub const PROTOCOL: &str = "adit-agent.v3";

/// Largest frame either side says, bytes.
pub const MAX_FRAME: usize = 4 << 20;

/// The same once it is sealed.
pub const MAX_SEALED: usize = MAX_FRAME + session::OVERHEAD;

/// Most rows (polls, found devices, results, known devices) in one frame; longer lists are split.
pub const MAX_ROWS: usize = 2_000;

/// Server to agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToAgent {
    /// The end of the server's log, before the welcome and again whenever it has gone on. It follows the head that the agent
    /// brought or was told last, if the log still has that in it. An agent that is told of another log refuses the server.
    Head(SignedHead),
    /// You are in; the answer to [`ToServer::Greeting`].
    Welcome {
        /// Everything you are to do.
        config: AgentConfig,
        /// The server's clock, to tell the agent's offset.
        now: Timestamp,
    },
    /// Your configuration has changed.
    Configure {
        /// The whole of it, as in the welcome.
        config: AgentConfig,
    },
    /// Devices of yours that the server knows, in as many frames as it takes. `last` ends the list: what is not in it is not yours.
    Devices {
        /// Known devices.
        devices: Vec<KnownDevice>,
        /// Is this the last frame of the list?
        last: bool,
    },
    /// Do this.
    Command(GivenCommand),
    /// These results are durable; forget them.
    ResultsStored {
        /// Which.
        commands: Vec<CommandId>,
    },
    /// I am here; said every few seconds.
    Alive {
        /// The server's clock.
        now: Timestamp,
    },
}

/// An order with what goes beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenCommand {
    /// The order. It is kept in the agent's journal, and of passwords it has references alone.
    pub command: SignedCommand,
    /// The pool passwords that the order names. They travel in no other place than a sealed frame, and the agent keeps them in
    /// memory for as long as the order is open. One that the server cannot give is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passwords: Vec<(SecretRef, PoolPassword)>,
}

impl From<SignedCommand> for GivenCommand {
    fn from(command: SignedCommand) -> Self {
        Self { command, passwords: Vec::new() }
    }
}

/// Agent to server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToServer {
    /// The first words of a session.
    Greeting {
        /// Program version.
        version: String,
        /// Host name, for people.
        host: String,
        /// My clock.
        now: Timestamp,
        /// The last head of the server's log that I was told; none before the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<Box<SignedHead>>,
        /// What the site's own policy lets me do at most. Agents that leave it out refuse by themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        allowed: Option<Allowed>,
    },
    /// Devices identified by a sweep. Answered by `Devices` frames (not `last`) that carry the ids given to them.
    Found {
        /// Which sweep.
        scan_task: ScanTaskId,
        /// What answered and was identified.
        devices: Vec<FoundDevice>,
    },
    /// How polls ended.
    Polled {
        /// One row a poll.
        results: Vec<PollResult>,
    },
    /// A command was taken into the journal.
    Received {
        /// Which.
        commands: Vec<CommandId>,
    },
    /// Commands ended. Repeated after each reconnect until stored.
    Results {
        /// Which, and how.
        results: Vec<CommandResult>,
    },
    /// What the agent itself is doing; sent on change and every few seconds.
    Status(AgentStatus),
    /// Whether the agent keeps up with its polls; sent every few seconds.
    Load(PollLoad),
}

/// What a site's own policy lets its agent do at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// Operations by name; all if left out. A server passes over names that it does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<Vec<String>>,
    /// Restarting its workers.
    pub restart_workers: bool,
}

/// One command's end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommandResult {
    /// Which command.
    pub command: CommandId,
    /// How it ended.
    pub result: TargetResult,
}

/// What an agent is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentConfig {
    /// Carry out orders, or only watch.
    pub mode: AgentMode,
    /// No sweeps, no polls.
    pub paused: bool,
    /// Seconds between two polls of one device, 1 to 3600.
    pub poll_interval_s: u32,
    /// Ranges to sweep.
    pub scan_tasks: Vec<ScanTaskConfig>,
}

/// One scan task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanTaskConfig {
    /// Its id.
    pub id: ScanTaskId,
    /// For people.
    pub name: String,
    /// CIDR (`10.0.0.0/24`), `a-b`, last-octet spans (`10.0.0.1-254`) or single addresses; IPv4.
    pub ranges: Vec<String>,
    /// Seconds between two sweeps.
    pub interval_s: u32,
    /// Off means no sweeps.
    pub enabled: bool,
    /// Its passwords may be sent to devices that have not been confirmed with them.
    pub passwords_to_unknown: bool,
    /// Passwords to try, in order. Never logged.
    pub credentials: Vec<Credential>,
}

/// A user name and password for one make. Its `Debug` form hides the password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Driver family it is for: `whatsminer`, `avalon`, `antminer`.
    pub family: String,
    /// User name where the make has one.
    pub user: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({} {})", self.family, self.user)
    }
}

/// A device the server knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDevice {
    /// Its id.
    pub device: DeviceId,
    /// How to recognise it.
    pub identity: DeviceIdentity,
    /// Where it was last.
    pub ip: IpAddr,
    /// Which driver speaks to it.
    pub driver: String,
    /// Model, as identified.
    pub model: String,
    /// Modes it has.
    pub modes: Vec<PowerMode>,
    /// Whose passwords to use.
    pub scan_task: ScanTaskId,
}

/// What an agent is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// Collection workers: one sweeps and polls for each scan task.
    pub workers: Vec<WorkerStatus>,
    /// Commands taken and not ended.
    pub open_commands: u32,
    /// Devices being polled.
    pub devices: u32,
}

/// How an agent keeps up with its polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollLoad {
    /// Age of the oldest poll that is due and has not begun, milliseconds.
    pub lag_ms: u64,
    /// Polls that have become due since the agent program started.
    pub due: u64,
    /// Polls that have been made since then, whatever came of them. One that the agent was too busy for is not among them.
    pub done: u64,
    /// Between two polls of one device at present, milliseconds: what is asked for, or more where the agent cannot keep that up.
    pub interval_ms: u64,
}

/// One collection worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerStatus {
    /// Which scan task it serves.
    pub scan_task: ScanTaskId,
    /// Counts its starts since the agent program started, from 1; a restart raises it.
    pub generation: u32,
    /// When this generation started, by the agent's clock.
    pub started_at: Timestamp,
    /// Running or stopped.
    pub running: bool,
    /// Addresses in its ranges.
    pub addresses: u32,
    /// Addresses looked at in the sweep under way (or the last one).
    pub swept: u32,
    /// Devices identified in the last full sweep.
    pub identified: u32,
    /// Addresses that answered but could not be identified.
    pub unidentified: u32,
    /// When the last full sweep ended.
    pub last_sweep_at: Option<Timestamp>,
}
