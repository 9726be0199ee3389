//! The limits of durability: SQLite with one thread that commits for everybody who waits, and one write with one fdatasync.

use rusqlite::Connection;
use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
    thread,
};
use tokio::sync::{mpsc, oneshot};

/// As in the product's engine.
const QUEUE: usize = 4_096;
const MAX_JOBS: usize = 256;
/// Length of the file that is written over and over.
const FILE: usize = 4 << 20;

struct Job {
    rows: Arc<[String]>,
    answer: oneshot::Sender<()>,
}

/// Group commit and nothing else: rows in, an answer once they are on the disk. The same journal and the same `synchronous`
/// as the product's log, a row of the same shape; nothing is decided, hashed or read.
#[derive(Clone)]
pub struct GroupCommit(mpsc::Sender<Job>);

impl GroupCommit {
    pub fn open(path: &Path) -> Self {
        let connection = Connection::open(path).expect("a database");
        connection
            .execute_batch(
                "PRAGMA journal_mode = wal; PRAGMA synchronous = full;
                 CREATE TABLE log (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL) STRICT;",
            )
            .expect("a table");
        let (queue, jobs) = mpsc::channel(QUEUE);
        thread::spawn(move || commit(connection, jobs));
        Self(queue)
    }

    pub async fn append(&self, rows: &Arc<[String]>) {
        let (answer, answered) = oneshot::channel();
        let job = Job { rows: Arc::clone(rows), answer };
        self.0.send(job).await.expect("the thread takes jobs");
        answered.await.expect("the thread answers");
    }
}

fn commit(mut connection: Connection, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.blocking_recv() {
        let tx = connection.transaction().expect("a transaction");
        let mut waiting = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            let mut insert =
                tx.prepare_cached("INSERT INTO log (at, body, hash) VALUES (?1, ?2, ?3)").expect("a statement");
            for row in job.rows.iter() {
                insert.execute((1_800_000_000_000_i64, row, [7_u8; 32])).expect("a row");
            }
            waiting.push(job.answer);
            next = if waiting.len() < MAX_JOBS { jobs.try_recv().ok() } else { None };
        }
        tx.commit().expect("a commit");
        for answer in waiting {
            let _ = answer.send(());
        }
    }
}

/// A file of full length in which some bytes are written over others.
pub struct OneSync {
    file: File,
    at: usize,
}

impl OneSync {
    pub fn open(path: &Path) -> Self {
        let mut file = File::create(path).expect("a file");
        file.write_all(&vec![0; FILE]).expect("its length");
        file.sync_all().expect("on the disk");
        Self { file, at: 0 }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.at = if self.at + bytes.len() > FILE { 0 } else { self.at };
        self.file.seek(SeekFrom::Start(self.at as u64)).expect("a place");
        self.file.write_all(bytes).expect("the bytes");
        self.file.sync_data().expect("on the disk");
        self.at += bytes.len();
    }
}
