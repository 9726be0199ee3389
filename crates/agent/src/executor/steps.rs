//! The steps of one order: may it begin? → note it durably and read the device → is it the device we mean? → send → read
//! back. Only what was read back counts as done.

use super::{End, Inner, Seat, passwords::hide};
use crate::{journal::Record, outcome, policy::word};
use adit_core::{
    fleet::{Ending, OpKind, Operation, Order, PoolPassword, Reading, TargetResult},
    time::Timestamp,
};
use adit_drivers::{DeviceError, Outcome, Verdict};
use adit_wire::CommandBody;
use std::{future::Future, time::Duration};
use tokio::time::timeout;

/// A driver keeps its limit itself; one that does not is cut off this much later.
const GRACE: Duration = Duration::from_secs(1);
/// How often an order is sent that may be sent again.
const TRIES: u32 = 2;

impl Inner {
    pub(super) async fn begin(&self, command: &CommandBody) -> End {
        if let Some(reason) = self.site.refusal(command) {
            return End::NotBegun(outcome(Ending::Skipped, reason));
        }
        if self.is_late(command.deadline) {
            return too_late();
        }
        match &command.order {
            Order::RestartWorkers {} => match self.note_start(command).await {
                Ok(()) => End::Begun(self.site.restart_workers().await),
                Err(end) => end,
            },
            Order::Device { device, operation } => match self.site.seat(*device) {
                Some(seat) => match self.passwords.put_into(command.command, operation) {
                    Ok(told) => hidden(self.on_device(command, &told, &seat).await, &told),
                    Err(why) => End::NotBegun(outcome(Ending::Failed, why)),
                },
                None => End::NotBegun(outcome(Ending::Skipped, format!("{device} is not known to this agent"))),
            },
        }
    }

    async fn note_start(&self, command: &CommandBody) -> Result<(), End> {
        self.journal
            .append(vec![Record::Started(command.command)])
            .await
            .map_err(|error| End::NotBegun(outcome(Ending::Skipped, format!("not begun, because {error}"))))
    }

    async fn on_device(&self, command: &CommandBody, operation: &Operation<PoolPassword>, seat: &Seat) -> End {
        let kind = operation.kind();
        if !seat.device.supports(kind) {
            return End::NotBegun(outcome(Ending::Skipped, format!("this device does not support {}", word(kind))));
        }
        let _line = seat.line.lock().await;
        if self.is_late(command.deadline) {
            return too_late();
        }
        // Reading changes nothing, so it need not wait until the beginning is durable.
        let read = bounded(self.limits.read, seat.device.read(self.limits.read));
        let (started, before) = tokio::join!(self.note_start(command), read);
        if let Err(end) = started {
            return end;
        }
        End::Begun(match before {
            Some(Ok(before)) => self.send(operation, seat, &before, command.deadline).await,
            Some(Err(error)) => not_sent(&error),
            None => outcome(Ending::Failed, "not sent: the device did not answer in time"),
        })
    }

    async fn send(
        &self,
        operation: &Operation<PoolPassword>,
        seat: &Seat,
        before: &Reading,
        deadline: Timestamp,
    ) -> TargetResult {
        let tries = if operation.is_idempotent() { TRIES } else { 1 };
        let mut result = outcome(Ending::TimedOut, "not sent: its deadline passed");
        for _ in 0..tries {
            match bounded(self.limits.confirm, seat.device.confirm_identity(self.limits.confirm)).await {
                Some(Ok(())) => {}
                // After a first try the order may have arrived all the same.
                _ if result.ending == Ending::Unknown => break,
                Some(Err(error)) => {
                    result = not_sent(&error);
                    break;
                }
                None => {
                    result = outcome(Ending::Failed, "not sent: the device did not say who it is in time");
                    break;
                }
            }
            if self.is_late(deadline) {
                break;
            }
            let limit = self.limits.execute;
            let answer = bounded(limit, seat.device.execute(operation, limit)).await.unwrap_or_else(|| {
                Outcome::Unknown { reason: "the device did not answer in time after the order was sent".to_owned() }
            });
            result = match answer {
                Outcome::Rejected { reason } => outcome(Ending::Failed, format!("the device refused: {reason}")),
                Outcome::NotSent { reason } => outcome(Ending::Failed, format!("not sent: {reason}")),
                Outcome::Accepted => self.read_back(operation, seat, before, None).await,
                Outcome::Unknown { reason } => self.read_back(operation, seat, before, Some(reason)).await,
            };
            if result.ending != Ending::Unknown {
                break;
            }
        }
        TargetResult { power_before_w: before.power_w, ..result }
    }

    /// `doubt` is why the device's answer to the order cannot be trusted, if so.
    async fn read_back(
        &self,
        operation: &Operation<PoolPassword>,
        seat: &Seat,
        before: &Reading,
        doubt: Option<String>,
    ) -> TargetResult {
        let limit = match operation.kind() {
            OpKind::Locate | OpKind::SetPools => self.limits.verify,
            _ => self.limits.verify_slow,
        };
        let heard = |reading: &Reading| {
            if seat.takes_poll() {
                self.site.polled(reading.clone());
            }
        };
        let verdict = bounded(limit, seat.device.verify(operation, before, limit, &heard)).await;
        match (verdict, doubt) {
            (Some(Verdict::Confirmed { seen }), _) => outcome(Ending::Verified, seen),
            (Some(Verdict::Contradicted { seen }), None) => {
                outcome(Ending::Failed, format!("accepted, but reads back otherwise: {seen}"))
            }
            (Some(Verdict::Contradicted { seen }), Some(doubt)) => {
                outcome(Ending::Unknown, format!("{doubt}; reads back: {seen}"))
            }
            (Some(Verdict::Unverifiable), None) => {
                outcome(Ending::Acknowledged, "accepted; this device has nothing to read back")
            }
            (Some(Verdict::Unreadable { reason }), None) => {
                outcome(Ending::Unknown, format!("accepted, but could not be read back: {reason}"))
            }
            (None, None) => outcome(Ending::Unknown, "accepted, but could not be read back in time"),
            (Some(Verdict::Unverifiable | Verdict::Unreadable { .. }) | None, Some(doubt)) => {
                outcome(Ending::Unknown, doubt)
            }
        }
    }
}

/// What is told of an order has none of its passwords in it.
fn hidden(end: End, told: &Operation<PoolPassword>) -> End {
    let hidden = |result: TargetResult| {
        let message = result.message.as_deref().map(|message| hide(message, told));
        TargetResult { message, ..result }
    };
    match end {
        End::Begun(result) => End::Begun(hidden(result)),
        End::NotBegun(result) => End::NotBegun(hidden(result)),
    }
}

fn too_late() -> End {
    End::NotBegun(outcome(Ending::TimedOut, "not begun before its deadline"))
}

fn not_sent(error: &DeviceError) -> TargetResult {
    let ending = if matches!(error, DeviceError::Changed { .. }) { Ending::Skipped } else { Ending::Failed };
    outcome(ending, format!("not sent: {error}"))
}

/// `None` if the driver did not keep its limit.
async fn bounded<T>(limit: Duration, step: impl Future<Output = T>) -> Option<T> {
    timeout(limit + GRACE, step).await.ok()
}
