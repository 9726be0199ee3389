//! A log that outlives the server, on a disk that fails in every way a disk can.

use adit_core::{
    audit::{Chain, Head, Record},
    time::Timestamp,
};
use adit_store::{Appended, LogReader, LogStore, Result, Snapshot, StoreError};
use std::sync::{Arc, Mutex};

/// What becomes of the next append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fate {
    #[default]
    Well,
    /// Said to be full; nothing is written.
    Full,
    /// An error that says nothing; nothing is written.
    Lost,
    /// An error that says nothing; all is written.
    Kept,
}

#[derive(Default)]
pub struct Disk {
    pub records: Vec<Record>,
    pub fate: Fate,
    snapshot: Option<(u64, u32, Vec<u8>)>,
}

#[derive(Clone, Default)]
pub struct Log(pub Arc<Mutex<Disk>>);

fn unclear() -> StoreError {
    StoreError::Corrupt { place: "the disk".into(), detail: "no answer".into() }
}

impl LogReader for Log {
    fn read(&self, from_seq: u64, limit: usize) -> Result<Vec<Record>> {
        let disk = self.0.lock().unwrap();
        let from = usize::try_from(from_seq.max(1) - 1).unwrap();
        Ok(disk.records.iter().skip(from).take(limit).cloned().collect())
    }
    fn head(&self) -> Result<Head> {
        Ok(self.0.lock().unwrap().records.last().map_or(Head::EMPTY, Record::as_head))
    }
    fn put_snapshot(&self, seq: u64, schema: u32, bytes: &[u8]) -> Result<()> {
        self.0.lock().unwrap().snapshot = Some((seq, schema, bytes.to_vec()));
        Ok(())
    }
    fn latest_snapshot(&self, schema: u32, upto: u64) -> Result<Option<Snapshot>> {
        let disk = self.0.lock().unwrap();
        let kept = disk.snapshot.as_ref().filter(|(seq, kept, _)| *kept == schema && *seq <= upto);
        Ok(kept.map(|(seq, _, bytes)| Snapshot { seq: *seq, bytes: bytes.clone() }))
    }
    fn verify(&self) -> Result<Head> {
        self.head()
    }
}

impl LogStore for Log {
    fn append(&mut self, expected_seq: u64, bodies: &[(Timestamp, &str)]) -> Result<Appended> {
        let head = self.head()?;
        let mut disk = self.0.lock().unwrap();
        if head.seq != expected_seq {
            return Err(StoreError::Conflict { expected: expected_seq, found: head.seq });
        }
        let fate = std::mem::take(&mut disk.fate);
        match fate {
            Fate::Full => return Err(StoreError::DiskFull { place: "the disk".into() }),
            Fate::Lost => return Err(unclear()),
            Fate::Well | Fate::Kept => {}
        }
        let mut chain = Chain::from(head);
        for (at, body) in bodies {
            disk.records.push(chain.link(*at, *body)?);
        }
        if fate == Fate::Kept {
            return Err(unclear());
        }
        Ok(Appended { first_seq: head.seq + 1, last_seq: chain.head().seq, head: chain.head() })
    }
}
