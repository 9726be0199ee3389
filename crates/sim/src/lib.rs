//! Virtual miners that speak their vendors' protocols over real sockets.
//!
//! A [`Simulator`] binds one listener for each address and port of a fleet,
//! all inside 127.0.0.0/8, so that software which manages miners can be run
//! and tested against them as it is: it cannot tell them from devices. This
//! crate shares no code with such software.
//!
//! ```no_run
//! # async fn demo() -> Result<(), adit_sim::SimError> {
//! let mut config = adit_sim::demo_fleet(50, [127, 20, 0, 1].into(), false);
//! config.control = Some(([127, 0, 0, 1], 7900).into());
//! let fleet = adit_sim::Simulator::start(config).await?;
//! println!("{} W", fleet.totals().power_w);
//! fleet.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What is simulated
//!
//! | [`Personality`] | ports | protocol |
//! |---|---|---|
//! | `WhatsminerV2` | 4028 | JSON; writes with token and AES, 32 tokens of 30 minutes, write API switch, reboots before replying |
//! | `WhatsminerV3` | 4433 | length-prefixed JSON; signed `set.` commands, encrypted pools, 10 clients |
//! | `AvalonA` | 4028 | cgminer JSON and text; one connection at a time, `reboot` and `softon` without reply |
//! | `AntminerStock` | 80, 4028 | CGI behind digest authentication, whole-object configuration; cgminer reads |
//!
//! Each miner boots (its ports refuse), ramps, mines and sleeps; power,
//! hashrate, temperatures, fans and shares follow from that, with seeded
//! noise, on a [`Clock`] that tests may drive by hand. Configuration (mode,
//! pools, password) survives a reboot, light and counters do not; mining that
//! was switched off stays off over a reboot only on an Antminer.
//!
//! [`Fault`]s make a miner misbehave: silent after a write, lying about it,
//! hanging, offline, cut-off answers, latency, another password, another
//! device at the address, a dead board. [`Simulator::hold_writes`] stops
//! writes between arrival and effect. A [`MinerHandle`] shows the [`Truth`]
//! and every write that arrived; the control API offers the same over HTTP
//! (`/miners`, `/miners/{ip}`, `/miners/{ip}/writes`, `/miners/{ip}/fault`,
//! `/faults`, `/totals`, `/hold`, `/release`).
//!
//! # What is not
//!
//! Firmware installation, logs, network configuration, factory reset, the
//! vendors' web pages and their address broadcasts, real mining, and chips
//! one by one. Nothing here was compared with hardware: payloads follow the
//! vendors' documents and public descriptions, and where those leave room the
//! modules say what was chosen.
//!
//! # Adding a personality
//!
//! Add a variant to [`Personality`] with its ports, password and models, and
//! a module in `proto` that reads a request, decides whether it writes, and
//! calls `Miner::exchange` with a function from request to intent. Faults,
//! gates, log and delivery come with `exchange` and `net::deliver`; the
//! physics with `Miner::view`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod clock;
mod config;
mod control;
mod crypto;
mod fault;
mod gate;
mod kept;
mod miner;
mod model;
mod net;
mod noise;
mod proto;
mod sim;
mod state;
mod view;
mod writes;

pub use clock::Clock;
pub use config::{Mac, MacError, MinerSpec, Mode, Personality, Pool, SimConfig, Timing, demo_fleet};
pub use fault::{Fault, FaultError, FaultRule, Scope};
pub use kept::{Kept, KeptMiner};
pub use model::Model;
pub use sim::{MinerHandle, SimError, Simulator, Totals, Truth};
pub use state::Activity;
pub use writes::{WriteOutcome, WriteRecord};
