//! A journal's storage in memory, which the test reads, fills up and unplugs.

use adit_agent::{
    Clock,
    journal::{Damage, HEADER, Journal, Storage, scan},
};
use std::{
    io,
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

struct State {
    bytes: Vec<u8>,
    /// The power goes when the tape is this long.
    power_until: usize,
    full: bool,
    dark: bool,
}

/// Clones share the bytes.
#[derive(Clone)]
pub struct Tape {
    state: Arc<Mutex<State>>,
    dark: Arc<watch::Sender<bool>>,
}

impl Tape {
    pub fn new(bytes: Vec<u8>) -> Self {
        let state = State { bytes, power_until: usize::MAX, full: false, dark: false };
        Self { state: Arc::new(Mutex::new(state)), dark: Arc::new(watch::channel(false).0) }
    }

    pub fn blank() -> Self {
        Self::new(HEADER.to_vec())
    }

    /// The power goes once the tape is `length` bytes long: what exceeds it is lost, and no write returns any more.
    pub fn unplug_at(self, length: usize) -> Self {
        self.state.lock().unwrap().power_until = length;
        self
    }

    pub fn set_full(&self, full: bool) {
        self.state.lock().unwrap().full = full;
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.state.lock().unwrap().bytes.clone()
    }

    pub async fn went_dark(&self) {
        self.dark.subscribe().wait_for(|dark| *dark).await.unwrap();
    }

    /// As after a restart: whatever is whole on the tape.
    pub fn journal(&self, clock: Clock) -> Journal {
        let bytes = self.bytes();
        let (records, good) = match scan(&bytes) {
            Ok(records) => (records, bytes.len()),
            Err(Damage::Torn { records, good }) => (records, good),
            Err(other) => panic!("{other:?}"),
        };
        self.state.lock().unwrap().bytes.truncate(good);
        Journal::on(self.clone(), records, good as u64, clock)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if state.dark {
            return Err(io::Error::other("no power"));
        }
        if state.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let room = state.power_until.saturating_sub(state.bytes.len());
        state.bytes.extend(&bytes[..bytes.len().min(room)]);
        if room >= bytes.len() {
            return Ok(());
        }
        state.dark = true;
        drop(state);
        self.dark.send_replace(true);
        // No answer ever comes from a machine without power.
        loop {
            std::thread::park();
        }
    }
}

impl Storage for Tape {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes)
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.state.lock().unwrap().bytes = bytes.to_vec();
        Ok(())
    }
}
