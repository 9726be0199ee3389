//! A gate that holds writes after they have arrived and before they take
//! effect, so that a test can stop a batch in the middle.

use tokio::sync::watch;

#[derive(Debug)]
pub(crate) struct Gate {
    closed: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Gate {
    pub fn open() -> Self {
        Self { closed: watch::Sender::new(false), waiting: watch::Sender::new(0) }
    }

    pub fn hold(&self) {
        self.closed.send_replace(true);
    }

    pub fn release(&self) {
        self.closed.send_replace(false);
    }

    pub fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    pub fn waiting(&self) -> usize {
        *self.waiting.borrow()
    }

    /// Returns when at least `n` writes wait at the gate.
    pub async fn wait_for(&self, n: usize) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.waiting.subscribe().wait_for(|waiting| *waiting >= n).await;
    }

    /// Passes an open gate at once, a closed one when it opens.
    pub async fn pass(&self) {
        if !self.is_closed() {
            return;
        }
        let _present = Present::at(&self.waiting);
        let _ = self.closed.subscribe().wait_for(|closed| !closed).await;
    }
}

/// Counts one waiter for as long as it lives, also when it is cancelled.
struct Present<'a>(&'a watch::Sender<usize>);

impl<'a> Present<'a> {
    fn at(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|n| *n += 1);
        Self(waiting)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn held_writes_pass_when_released() {
        let gate = Arc::new(Gate::open());
        gate.pass().await;
        gate.hold();
        let held = tokio::spawn({
            let gate = gate.clone();
            async move { gate.pass().await }
        });
        gate.wait_for(1).await;
        assert!(!held.is_finished());
        gate.release();
        held.await.unwrap();
        assert_eq!(gate.waiting(), 0);
    }
}
