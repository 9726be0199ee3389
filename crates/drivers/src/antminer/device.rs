//! One Antminer: reading it, and ordering it by a configuration sent back whole.

use super::config::{asleep, for_writing, mode_number, mode_of, number_of, pools_of, retype_mode, set_mode, set_pools};
use super::dialect::Dialect;
use super::telemetry::{self, Answers};
use super::web::{Web, WebError};
use super::{RPC_PORT, before_pause, identity, modes_of};
use crate::fields::{Sent, flag, text, words};
use crate::handle::{Handle, Says, impossible, no_password, outcome, settle};
use crate::net::{self, Failure, Framing};
use crate::parts::Parts;
use crate::tolerant::Answer;
use crate::{Device, DeviceError, Heard, Outcome, Verdict, verify};
use adit_core::fleet::{OpKind, Operation, PoolPassword, PowerMode, Reading};
use async_trait::async_trait;
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// One miner.
pub(super) struct AntminerDevice {
    pub handle: Handle,
    /// The pages under each password, in the order of the handle's credentials.
    pub webs: Vec<Web>,
}

/// The pages of a miner that is who we mean, and what its system page said.
struct Pages<'a> {
    web: &'a Web,
    info: Value,
}

impl AntminerDevice {
    /// The first pages that open, and the identity page itself, already compared with whom we mean.
    async fn pages(&self, deadline: Instant) -> Result<Pages<'_>, WebOrDevice> {
        for (number, _) in self.handle.credentials() {
            let web = &self.webs[number];
            match web.question("get_system_info", net::part_of(deadline)).await {
                Ok(Answer { value: info, .. }) => {
                    self.handle.check(&identity(&info)).map_err(WebOrDevice::Device)?;
                    self.handle.prefer(number);
                    return Ok(Pages { web, info });
                }
                Err(WebError::Refused) => {}
                Err(other) => return Err(WebOrDevice::Web(other)),
            }
        }
        Err(WebOrDevice::Web(WebError::Refused))
    }

    /// What the miner tells of itself beside its pages of settings. That a miner asleep tells nothing is no failure.
    async fn answers(&self, web: &Web, parts: &mut Parts, asleep: Option<bool>, deadline: Instant) -> Answers {
        let rpc = async |command: &str| {
            let question = json!({ "command": command });
            net::question(self.handle.target.ip, RPC_PORT, Framing::Line, &question, net::part_of(deadline)).await
        };
        let page = async |name: &str| web.question(name, net::part_of(deadline)).await.map_err(WebError::into_failure);
        let mut answers = Answers::default();
        match (rpc("stats").await, asleep) {
            (Ok(stats), _) => answers.stats = parts.take("stats", Ok(stats)),
            (Err(failure), asleep) => match page("stats").await {
                Ok(stats) => answers.stats = parts.take("stats", Ok(stats)),
                Err(_) if asleep == Some(true) => {}
                Err(_) => parts.unread("stats", failure.words()),
            },
        }
        if let Ok(pools) = rpc("pools").await {
            answers.pools = parts.take("pools", Ok(pools));
        }
        match web.question("summary", net::part_of(deadline)).await {
            Ok(summary) => answers.summary = parts.take("faults", Ok(summary)),
            // Firmware without this page.
            Err(WebError::Status(_)) => {}
            Err(_) if asleep == Some(true) => {}
            Err(error) => parts.unread("faults", error.into_failure().words()),
        }
        answers
    }

    /// The configuration, as it was read just now, if this miner takes one as JSON.
    async fn config_to_send(&self, pages: &Pages<'_>, deadline: Instant) -> Result<Map<String, Value>, Outcome> {
        // To be sent back, it must be sound to its last character.
        let config = pages.web.get("get_miner_conf", deadline).await.map_err(|error| not_sent(&error))?;
        if let Some(reason) = Dialect::of(&pages.info, Some(&config)).refusal() {
            return Err(Outcome::NotSent { reason: reason.into() });
        }
        match config {
            // Without its pools it is not the whole of it, and sending it would wipe them.
            Value::Object(config) if config.get("pools").is_some_and(Value::is_array) => Ok(config),
            _ => Err(Outcome::NotSent { reason: "the miner's configuration cannot be read whole".into() }),
        }
    }

    async fn send_config(&self, web: &Web, config: Map<String, Value>, deadline: Instant) -> Outcome {
        let reply = web.post("set_miner_conf", &Value::Object(config), deadline).await;
        match reply.map(|reply| (text(&reply, "/code", 20), reply)) {
            Ok((Some(code), _)) if code == "M000" => Outcome::Accepted,
            // The configuration has the passwords of its pools, whatever is changed in it.
            Ok((Some(code), _)) => {
                Outcome::Rejected { reason: format!("{} ({code})", words(None, None, Sent::Passwords)) }
            }
            Ok((None, _)) => Outcome::Unknown { reason: "an answer without a verdict".into() },
            Err(error) => answerless(error),
        }
    }

    async fn configure(
        &self,
        pages: &Pages<'_>,
        deadline: Instant,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Outcome {
        match self.config_to_send(pages, deadline).await {
            Ok(mut config) => {
                change(&mut config);
                self.send_config(pages.web, config, deadline).await
            }
            Err(unsent) => unsent,
        }
    }

    /// Sends the mode in the type it was read in. A miner that takes that and keeps its old mode is sent it once more in the
    /// other type, for some read one and write the other.
    async fn change_mode(&self, pages: &Pages<'_>, number: u64, deadline: Instant) -> Outcome {
        let mut config = match self.config_to_send(pages, deadline).await {
            Ok(config) => config,
            Err(unsent) => return unsent,
        };
        self.remember(&Value::Object(config.clone()));
        for_writing(&mut config);
        set_mode(&mut config, number);
        let outcome = self.send_config(pages.web, config.clone(), deadline).await;
        if outcome != Outcome::Accepted {
            return outcome;
        }
        let kept = match pages.web.get("get_miner_conf", deadline).await {
            Ok(now) => number_of(&now).is_some_and(|now| now != number),
            // Reading back is the verification's business.
            Err(_) => false,
        };
        if !kept {
            return outcome;
        }
        retype_mode(&mut config);
        self.send_config(pages.web, config, deadline).await
    }

    /// Notes the mode of a configuration, unless it is asleep in it.
    fn remember(&self, config: &Value) {
        if let Some(number) = number_of(config)
            && asleep(config, Dialect::Json) == Some(false)
        {
            before_pause::remember(&self.handle.target.identity, number);
        }
    }

    /// The number of the mode to wake up in: that from before the pause, else the normal one.
    fn waking_mode(&self) -> Option<u64> {
        before_pause::of(&self.handle.target.identity).or(mode_number(PowerMode::Normal))
    }
}

enum WebOrDevice {
    Web(WebError),
    Device(DeviceError),
}

impl From<WebOrDevice> for DeviceError {
    fn from(error: WebOrDevice) -> Self {
        match error {
            WebOrDevice::Device(error) => error,
            WebOrDevice::Web(error) => error.into(),
        }
    }
}

impl From<WebError> for DeviceError {
    fn from(error: WebError) -> Self {
        match error {
            WebError::Failed(failure) => failure.into(),
            WebError::Refused => Self::AuthRequired,
            WebError::Foreign => Self::Unreadable("it is not an Antminer's web server".into()),
            WebError::Status(status) => Self::Unreadable(format!("HTTP status {status}")),
        }
    }
}

/// An order whose answer did not come as agreed.
fn answerless(error: WebError) -> Outcome {
    match error {
        WebError::Failed(failure) => outcome(failure),
        WebError::Refused => no_password(""),
        WebError::Foreign => Outcome::Rejected { reason: "it is not an Antminer's web server".into() },
        WebError::Status(status) => Outcome::Unknown { reason: format!("HTTP status {status}") },
    }
}

/// A failed question before the order.
fn not_sent(error: &WebError) -> Outcome {
    Outcome::NotSent { reason: DeviceError::from(error.clone()).to_string() }
}

#[async_trait]
impl Device for AntminerDevice {
    fn supports(&self, kind: OpKind) -> bool {
        // What the pages say is known only once they are asked, so here only what the model rules out is left out.
        match Dialect::of_model(&self.handle.target.model) {
            Dialect::Unknown => Dialect::Json.operations().contains(&kind),
            known => known.operations().contains(&kind),
        }
    }

    fn modes(&self) -> &[PowerMode] {
        let dialect = match Dialect::of_model(&self.handle.target.model) {
            Dialect::Unknown => Dialect::Json,
            known => known,
        };
        modes_of(&self.handle.target.model, dialect)
    }

    async fn read(&self, limit: Duration) -> Result<Reading, DeviceError> {
        let deadline = Instant::now() + limit;
        let mut parts = Parts::default();
        let pages = self.pages(deadline).await?;
        let config = pages.web.question("get_miner_conf", net::part_of(deadline)).await;
        let config = parts.take("get_miner_conf", config.map_err(WebError::into_failure));
        let blink = match pages.web.question("get_blink_status", net::part_of(deadline)).await {
            // Firmware without this page.
            Err(WebError::Status(_)) => Value::Null,
            answer => parts.take("get_blink_status", answer.map_err(WebError::into_failure)),
        };
        let dialect = Dialect::of(&pages.info, Some(&config));
        if dialect == Dialect::Json {
            self.remember(&config);
        }
        let asleep = asleep(&config, dialect);
        let answers = self.answers(pages.web, &mut parts, asleep, deadline).await;
        let model = &self.handle.target.model;
        let mut reading = self.handle.reading();
        reading.led_on = blink.get("blink").and_then(flag);
        reading.pools = pools_of(&config);
        let pool_alive = telemetry::fill(&mut reading, model, &answers, &mut parts);
        settle(&mut reading, Says { asleep, mode: mode_of(&config, dialect), pool_alive }, model);
        parts.into_reading(&mut reading);
        Ok(reading)
    }

    async fn confirm_identity(&self, limit: Duration) -> Result<(), DeviceError> {
        self.pages(Instant::now() + limit).await?;
        Ok(())
    }

    async fn execute(&self, operation: &Operation<PoolPassword>, limit: Duration) -> Outcome {
        if let Some(refused) = impossible(operation) {
            return refused;
        }
        let deadline = Instant::now() + limit;
        let pages = match self.pages(deadline).await {
            Ok(pages) => pages,
            Err(WebOrDevice::Web(WebError::Refused)) => return no_password(""),
            Err(error) => return Outcome::NotSent { reason: DeviceError::from(error).to_string() },
        };
        let web = pages.web;
        let mode = match operation {
            Operation::Pause {} => mode_number(PowerMode::Sleep),
            Operation::Resume {} => self.waking_mode(),
            Operation::SetPowerMode { mode } if self.modes().contains(mode) => mode_number(*mode),
            _ => None,
        };
        match operation {
            Operation::Reboot {} => match web.post("reboot", &json!({}), deadline).await {
                Ok(_) => Outcome::Accepted,
                // The page is empty, or whatever the server still gets out while it goes down.
                Err(WebError::Failed(Failure::Garbled(_))) => Outcome::Accepted,
                Err(error) => answerless(error),
            },
            Operation::RestartMining {} => self.configure(&pages, deadline, for_writing).await,
            Operation::Pause {} | Operation::Resume {} | Operation::SetPowerMode { .. } => match mode {
                Some(number) => self.change_mode(&pages, number, deadline).await,
                None => Outcome::NotSent { reason: "this model does not have this mode".into() },
            },
            Operation::Locate { on } => {
                if let Err(unsent) = self.config_to_send(&pages, deadline).await {
                    return unsent;
                }
                let reply = web.post("blink", &json!({"blink": on.to_string()}), deadline).await;
                match reply.map(|reply| text(&reply, "/code", 20)) {
                    Ok(Some(code)) if matches!(code.as_str(), "B000" | "B100") => Outcome::Accepted,
                    Ok(Some(code)) => {
                        Outcome::Rejected { reason: words(None, None, Sent::Plain) + &format!(" ({code})") }
                    }
                    Ok(None) => Outcome::Unknown { reason: "an answer without a verdict".into() },
                    Err(error) => answerless(error),
                }
            }
            Operation::SetPools { pools } => {
                self.configure(&pages, deadline, |config| {
                    for_writing(config);
                    set_pools(config, pools);
                })
                .await
            }
        }
    }

    async fn verify(
        &self,
        operation: &Operation<PoolPassword>,
        before: &Reading,
        limit: Duration,
        heard: Heard<'_>,
    ) -> Verdict {
        verify::read_back(self, operation, before, limit, heard).await
    }
}
