//! The one thread that writes: takes what waits, writes it as one frame, answers all.

use super::{HEADER, Index, JournalError, Record, Storage, encode};
use crate::Clock;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use tokio::sync::oneshot;

/// Most records in one frame (one job's records are never parted).
const MAX_GROUP: usize = 4_096;
/// The journal is rewritten when it is at least this long, bytes, and twice as long as after the last rewriting.
const REWRITE_FROM: u64 = 1 << 20;

pub(super) enum Job {
    Append(Vec<Record>, oneshot::Sender<Result<(), JournalError>>),
    /// Nothing more is written, and the storage is let go of.
    Close(oneshot::Sender<()>),
}

pub(super) struct Writer {
    storage: Box<dyn Storage>,
    index: Arc<Mutex<Index>>,
    clock: Clock,
    length: u64,
    rewrite_at: u64,
}

impl Writer {
    pub fn new(storage: Box<dyn Storage>, index: Arc<Mutex<Index>>, length: u64, clock: Clock) -> Self {
        Self { storage, index, clock, length, rewrite_at: REWRITE_FROM.max(length.saturating_mul(2)) }
    }

    /// Until it is closed or every handle is gone.
    pub fn run(mut self, queue: &mpsc::Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let (mut records, mut waiting, mut close) = (Vec::new(), Vec::new(), None);
            let mut next = Some(first);
            while let Some(job) = next.take() {
                match job {
                    Job::Append(mut more, done) => {
                        records.append(&mut more);
                        waiting.push(done);
                    }
                    Job::Close(done) => close = Some(done),
                }
                if close.is_none() && records.len() < MAX_GROUP {
                    next = queue.try_recv().ok();
                }
            }
            let outcome = self.write(records);
            for done in waiting {
                // Who no longer waits does not need the answer.
                let _ = done.send(outcome.clone());
            }
            if let Some(done) = close {
                drop(self);
                let _ = done.send(());
                return;
            }
            self.rewrite_if_due();
        }
    }

    fn write(&mut self, records: Vec<Record>) -> Result<(), JournalError> {
        if records.is_empty() {
            return Ok(());
        }
        let frame = encode(&records).map_err(JournalError::Disk)?;
        self.storage.append(&frame).map_err(|e| JournalError::Disk(e.to_string()))?;
        self.length += frame.len() as u64;
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        records.into_iter().for_each(|record| index.apply(record));
        Ok(())
    }

    fn rewrite_if_due(&mut self) {
        if self.length < self.rewrite_at {
            return;
        }
        let mut kept = self.index.lock().unwrap_or_else(PoisonError::into_inner).clone();
        kept.forget((self.clock)());
        // Tried again only after as much growth: a full disk must not be asked at every frame.
        self.rewrite_at = self.length.saturating_mul(2);
        let mut bytes = HEADER.to_vec();
        for part in kept.records().chunks(MAX_GROUP) {
            match encode(part) {
                Ok(mut frame) => bytes.append(&mut frame),
                Err(error) => return tracing::error!(error, "the journal cannot be rewritten"),
            }
        }
        match self.storage.replace(&bytes) {
            Ok(()) => {
                self.length = bytes.len() as u64;
                self.rewrite_at = REWRITE_FROM.max(self.length.saturating_mul(2));
                *self.index.lock().unwrap_or_else(PoisonError::into_inner) = kept;
            }
            Err(error) => tracing::warn!(%error, "the journal could not be shortened; it stays as it is"),
        }
    }
}
