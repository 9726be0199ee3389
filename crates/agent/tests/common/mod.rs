//! What the tests share: a journal storage that can lose power, scripted miners, and a server.
#![allow(dead_code, reason = "every test program uses a part")]

pub mod miners;
pub mod server;
pub mod tape;

use adit_agent::Clock;
use adit_core::{
    fleet::{CommandId, Operation, Order},
    ids::{AgentId, DeviceId, RequestId},
    time::Timestamp,
};
use adit_wire::CommandBody;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// Nothing here takes a minute; a test that does is stuck.
pub async fn bounded<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("the test is stuck")
}

/// A clock that the test moves.
#[derive(Clone)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub fn at(now: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }

    pub fn set(&self, now: i64) {
        self.0.store(now, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Arc::new(move || Timestamp(now.load(Ordering::SeqCst)))
    }
}

pub fn command_id(n: u32) -> CommandId {
    CommandId { request: RequestId(1_u128.into()), item: n }
}

/// Order number `n`, for agent 1, to one device.
pub fn device_order(n: u32, device: u32, operation: Operation, deadline: i64) -> CommandBody {
    order(n, Order::Device { device: DeviceId(device), operation }, deadline)
}

pub fn order(n: u32, order: Order, deadline: i64) -> CommandBody {
    CommandBody {
        command: command_id(n),
        agent: AgentId(1),
        session: String::new(),
        sequence: 0,
        issued_at: Timestamp(0),
        order,
        subject: None,
        approval: "00".repeat(32),
        deadline: Timestamp(deadline),
    }
}
