//! Everything of one server in one directory, and the lock that keeps a second server out.

use crate::{
    CheckedFile, FileLog, FileReader, Key, LogReader, LogStore, Notices, People, Result, Secrets, StoreError,
    files::{create_private_dir, sync_dir_of},
    log::Synced,
    sqlite::Database,
};
use adit_core::audit::{ChainError, Fault, Record};
use std::{
    fs::{self, File, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

const LOG: &str = "log";
/// Records of a log that are copied in one append.
const COPIED_TOGETHER: usize = 500;
/// Where the log was before it had files of its own.
const FORMER_LOG: &str = "log.db";
const PEOPLE: &str = "people.db";
const SECRETS: &str = "secrets.db";
const NOTICES: &str = "notices.db";
const LIVE: &str = "live";

/// A data directory that this process has to itself for as long as the value lives. The lock is the operating system's: it
/// goes with the process, however that ends.
pub struct DataDir {
    root: PathBuf,
    key: Key,
    synced: Synced,
    _lock: File,
}

impl DataDir {
    /// Takes the directory; creates it, open to its owner alone, and its key where there is none.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it; [`StoreError::KeyFile`]; what the operating system says.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        create_private_dir(&root).map_err(|error| StoreError::io(&root, error))?;
        let lock = lock(&root.join("lock"))?;
        let may_create = !root.join(SECRETS).exists();
        let key = Key::load(&root.join("key"), may_create)?;
        Ok(Self { root, key, synced: Synced::default(), _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Where the log is, for readers in other threads.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.root.join(LOG)
    }

    /// The log, for its one writer.
    ///
    /// # Errors
    /// As [`FileLog::open`].
    pub fn log(&self) -> Result<FileLog> {
        if self.root.join(FORMER_LOG).exists() {
            let problem = "was written by a version from before the first release: choose an empty data directory";
            return Err(StoreError::Invalid { what: "log.db in the data directory", problem });
        }
        FileLog::beside_readers(&self.log_path(), self.synced.clone())
    }

    /// The log, for one more reader. Open [`log`](Self::log) first: this sees what that has on the disk.
    ///
    /// # Errors
    /// As [`FileReader::open`].
    pub fn log_reader(&self) -> Result<FileReader> {
        FileReader::bounded(&self.log_path(), Some(self.synced.clone()))
    }

    /// Persons and sessions.
    ///
    /// # Errors
    /// As [`People::open`].
    pub fn people(&self) -> Result<People> {
        People::open(self.root.join(PEOPLE))
    }

    /// What devices said last. It is no part of a backup: it is known again once they have been polled.
    #[must_use]
    pub fn live(&self) -> CheckedFile {
        CheckedFile::new(self.root.join(LIVE))
    }

    /// Who was told of what.
    ///
    /// # Errors
    /// As [`Notices::open`].
    pub fn notices(&self) -> Result<Notices> {
        Notices::open(self.root.join(NOTICES))
    }

    /// Sealed secrets.
    ///
    /// # Errors
    /// As [`Secrets::open`].
    pub fn secrets(&self) -> Result<Secrets> {
        Secrets::open(self.root.join(SECRETS), self.key.clone())
    }
}

/// Copies the log and the databases of the data directory `root` to the new directory `target`, also while a server runs there. The key
/// is left out on purpose: keep its copy elsewhere. To restore, put the files and the key into an empty directory.
///
/// # Errors
/// [`StoreError::Invalid`] if `target` is there already; what the database and the operating system say.
pub fn backup(root: &Path, target: &Path) -> Result<()> {
    let mut unfinished = target.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    if target.exists() || unfinished.exists() {
        let problem = "is there already, or the same with .unfinished left from a backup that was stopped";
        return Err(StoreError::Invalid { what: "the backup's directory", problem });
    }
    let io = |error| StoreError::io(&unfinished, error);
    create_private_dir(&unfinished).map_err(io)?;
    let copy_database = |name: &str| {
        let from = root.join(name);
        if from.exists() { Database::open_for_copy(&from)?.copy_to(&unfinished.join(name)) } else { Ok(()) }
    };
    // The notices first: what their copy does not know of is told again from the log. The log before the people: whoever the
    // log's copy speaks of is in the later copy of the people.
    copy_database(NOTICES)?;
    copy_log(&root.join(LOG), &unfinished.join(LOG))?;
    [PEOPLE, SECRETS].into_iter().try_for_each(copy_database)?;
    File::open(&unfinished).and_then(|dir| dir.sync_all()).map_err(io)?;
    fs::rename(&unfinished, target).and_then(|()| sync_dir_of(target)).map_err(io)
}

/// Every record is checked on the way.
fn copy_log(from: &Path, to: &Path) -> Result<()> {
    if !from.exists() {
        return Ok(());
    }
    let (log, mut copy) = (FileReader::open(from)?, FileLog::open(to)?);
    let end = log.head()?.seq;
    while copy.head()?.seq < end {
        let known = copy.head()?.seq;
        // From the last record on that was copied, so that the next one is checked to follow it.
        let records = log.read(known.max(1), COPIED_TOGETHER)?;
        let bodies = records.iter().filter(|record| record.seq > known).map(|record| (record.at, &*record.body));
        copy.append(known, &bodies.collect::<Vec<_>>())?;
        if records.last().map(Record::as_head) != Some(copy.head()?) {
            return Err(StoreError::Broken(ChainError { seq: known + 1, fault: Fault::Altered }));
        }
    }
    copy.finish()
}

fn lock(path: &Path) -> Result<File> {
    let io = |error| StoreError::io(path, error);
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only for the message: a lock whose holder has not written its number yet is held all the same.
            let known = file.take(20).read_to_string(&mut holder).is_ok() && !holder.is_empty();
            let holder = if known { format!(" (process {holder})") } else { String::new() };
            return Err(StoreError::InUse { place: path.display().to_string(), holder });
        }
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
    written.map_err(io)?;
    Ok(file)
}
