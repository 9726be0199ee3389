//! What server and agent say to each other: JSON text frames over one WebSocket that the agent opens.
//!
//! 1. **Enrolment**, once: the agent posts an [`Enrolment`] (one-time token, its new Ed25519 public key) and gets an
//!    [`Enrolled`] (its id, the server's public key, which it pins).
//! 2. **Greeting**: the server sends [`ToAgent::Challenge`], the agent answers [`ToServer::Hello`] with the nonce signed, the server
//!    [`ToAgent::Welcome`] with the agent's whole configuration and known devices.
//! 3. Then either speaks when it has something to say. Orders are [`SignedCommand`]s: the agent refuses one that is not
//!    signed by the pinned key, not for it, expired, or already in its journal. Results are repeated until
//!    [`ToAgent::ResultsStored`] names them, so that none is lost.
//!
//! A field that is new may be left out and is passed over by who does not know it; a change that an older peer would misread gets
//! a new [`PROTOCOL`] number.
#![deny(missing_docs)]

mod head;
mod signing;

use adit_core::{
    fleet::{CommandId, DeviceIdentity, FoundDevice, PowerMode, Reading, TargetResult},
    ids::{AgentId, DeviceId, ScanTaskId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

pub use adit_core::fleet::AgentMode;
pub use head::{HeadError, SignedHead};
pub use signing::{AgentKey, CommandBody, ServerKey, SignatureError, SignedCommand, VerifyingKey};

/// Version of this conversation; part of the WebSocket's path and subprotocol.
pub const PROTOCOL: &str = "adit-agent.v1";

/// Largest frame either side accepts, bytes.
pub const MAX_FRAME: usize = 4 << 20;

/// Most rows (readings, found devices, results, known devices) in one frame; longer lists are split.
pub const MAX_ROWS: usize = 2_000;

/// An agent's first words, posted to `/agent/v1/enroll`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The one-time token an operator was shown.
    pub token: String,
    /// The agent's Ed25519 public key, 64 hex digits.
    pub public_key: String,
    /// Host name, for people.
    pub host: String,
    /// Program version.
    pub version: String,
}

/// The answer to an [`Enrolment`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Enrolled {
    /// Who the agent is from now on.
    pub agent: AgentId,
    /// The server's Ed25519 public key, 64 hex digits, to be pinned.
    pub server_key: String,
}

/// Server to agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToAgent {
    /// Prove that you are who you say.
    Challenge {
        /// 32 random bytes in hex.
        nonce: String,
    },
    /// The end of the server's log, before the welcome and again whenever it has gone on. It follows the head that the agent
    /// brought or was told last, if the log still has that in it. An agent that is told of another log refuses the server.
    Head(SignedHead),
    /// You are in.
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
    Command(SignedCommand),
    /// These results are durable; forget them.
    ResultsStored {
        /// Which.
        commands: Vec<CommandId>,
    },
    /// You are refused; reconnecting will not help until somebody acts.
    Refused {
        /// For the log.
        reason: String,
    },
}

/// Agent to server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToServer {
    /// The answer to a challenge.
    Hello {
        /// Who I am.
        agent: AgentId,
        /// The nonce, signed with my key; hex.
        signature: String,
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
    /// The polls' answers.
    Readings {
        /// One row a device.
        readings: Vec<Reading>,
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
