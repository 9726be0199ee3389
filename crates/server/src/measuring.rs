//! What orders have come to in watts: after each that changes a device's draw, the live table is looked at until the draw has settled.
//!
//! Nothing of it is kept but the result, which goes into the log: which devices are waited for is known from the state.

use crate::{engine::Engine, live::Live};
use adit_core::{
    authz::Actor,
    command::Command,
    event::{Event, device_of},
    fleet::{PowerAfter, SETTLES_WITHIN, Settling},
    ids::{AccountId, DeviceId, RequestId},
    requests::{Action, Request, RequestState},
    state::State,
    time::Timestamp,
};
use adit_telemetry::LiveTable;
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{MissedTickBehavior, interval},
};

/// How often the table is looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Devices that are waited for.
#[derive(Default)]
pub struct Measuring(BTreeMap<RequestId, BTreeMap<u32, (DeviceId, Settling)>>);

/// What has been measured, by request and place among its targets.
pub type Measured = Vec<(RequestId, Vec<(u32, PowerAfter)>)>;

impl Measuring {
    /// Everything that is still to be measured at `now`, for instance after a start.
    pub fn take_all(&mut self, state: &State, now: Timestamp) {
        let from = now.before(SETTLES_WITHIN);
        let recent = state.requests().filter(|request| request.ended_at.is_none_or(|end| end >= from));
        recent.for_each(|request| self.take(request));
    }

    fn take(&mut self, request: &Request) {
        for (item, target) in (0..).zip(request.payload.targets.iter()) {
            if let (Some(since), Some(device)) = (request.settles_since(item), device_of(*target)) {
                let of_request = self.0.entry(request.id).or_default();
                of_request.entry(item).or_insert_with(|| (device, Settling::new(since)));
            }
        }
    }

    /// Takes a sample of each device; gives back what is not waited for any longer.
    pub fn look(&mut self, state: &State, live: &LiveTable, now: Timestamp) -> Measured {
        let mut measured = Vec::new();
        self.0.retain(|id, items| {
            let mut ended = Vec::new();
            items.retain(|item, (device, settling)| {
                if let Some(now) = live.row(*device).and_then(|row| row.now())
                    && let Some(watts) = now.power_w
                {
                    settling.sample(now.as_of, watts);
                }
                let end = settling.end(now).or_else(|| is_disturbed(state, *id, *device).then(|| settling.cut()));
                ended.extend(end.map(|end| (*item, end)));
                end.is_none()
            });
            if !ended.is_empty() {
                measured.push((*id, ended));
            }
            !items.is_empty()
        });
        measured
    }
}

/// Is another order to the device under way, after which it draws something else?
fn is_disturbed(state: &State, measured: RequestId, device: DeviceId) -> bool {
    state.holders_of(device).iter().any(|holder| {
        let restarts_or_changes = match &holder.payload.action {
            Action::Device(operation) => operation.changes_power() || !operation.is_idempotent(),
            Action::Control(_) => false,
        };
        holder.id != measured && holder.state == RequestState::Executing && restarts_or_changes
    })
}

/// Measures for ever.
pub(crate) async fn keep(engine: Engine, live: Live) {
    let mut commits = engine.subscribe();
    let mut measuring = Measuring::default();
    measuring.take_all(&engine.state(), engine.now());
    let mut look = interval(EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            committed = commits.recv() => match committed {
                Ok(batch) => {
                    let state = engine.state();
                    let ended = batch.iter().filter_map(|(_, entry)| match &entry.event {
                        Event::ItemsEnded { request, .. } => state.request(*request),
                        _ => None,
                    });
                    ended.for_each(|request| measuring.take(request));
                }
                Err(RecvError::Lagged(_)) => measuring.take_all(&engine.state(), engine.now()),
                Err(RecvError::Closed) => return,
            },
            _ = look.tick() => {
                let measured = measuring.look(&engine.state(), &live.read(), engine.now());
                for (request, power) in measured {
                    let command = Command::ReportPower { request, power };
                    if let Err(error) = engine.run(Actor::system(AccountId(0)), command).await {
                        tracing::warn!(%error, %request, "what its devices draw could not be written down");
                    }
                }
            }
        }
    }
}
