//! Where the journal's bytes live.

use super::HEADER;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Durable bytes. An implementation other than the disk's lets a test pull the plug at any byte.
pub trait Storage: Send + 'static {
    /// Adds `bytes` at the end; durable when it returns.
    ///
    /// # Errors
    /// Then either nothing was added, or every later call fails too.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Puts `bytes` in place of everything, all or nothing; durable when it returns.
    ///
    /// # Errors
    /// Then nothing has changed.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// A file.
pub struct DiskStorage {
    path: PathBuf,
    file: File,
    length: u64,
    /// Set when nobody can say any more what is on disk.
    broken: Option<String>,
    /// Locked for as long as this is open.
    _lock: File,
}

impl DiskStorage {
    /// Opens the file, or makes an empty journal; returns its contents too.
    ///
    /// # Errors
    /// The file system's; [`io::ErrorKind::WouldBlock`] if another agent has it open.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<u8>)> {
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.with_extension("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            TryLockError::Error(error) => error,
        })?;
        if !path.exists() {
            write_whole(path, HEADER)?;
        }
        let mut contents = Vec::new();
        File::open(path)?.read_to_end(&mut contents)?;
        let file = OpenOptions::new().append(true).open(path)?;
        Ok((Self { path: path.to_owned(), file, length: contents.len() as u64, broken: None, _lock: lock }, contents))
    }

    /// Cuts off everything after `length` bytes.
    ///
    /// # Errors
    /// The file system's.
    pub fn truncate(&mut self, length: u64) -> io::Result<()> {
        if length < self.length {
            self.file.set_len(length)?;
            self.file.sync_all()?;
            self.length = length;
        }
        Ok(())
    }

    fn give_up(&mut self, error: io::Error) -> io::Error {
        self.broken = Some(format!("{error}; restart the agent once the disk is sound"));
        error
    }
}

impl Storage for DiskStorage {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(reason) = &self.broken {
            return Err(io::Error::other(reason.clone()));
        }
        if let Err(error) = self.file.write_all(bytes) {
            return match self.file.set_len(self.length) {
                Ok(()) => Err(error),
                Err(_) => Err(self.give_up(error)),
            };
        }
        // After a failed sync the kernel may drop the pages and call them clean: nothing later can be trusted.
        if let Err(error) = self.file.sync_data() {
            return Err(self.give_up(error));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(reason) = &self.broken {
            return Err(io::Error::other(reason.clone()));
        }
        write_whole(&self.path, bytes)?;
        // The name leads to the new file from here on; appending to the old one would lose everything.
        match OpenOptions::new().append(true).open(&self.path) {
            Ok(file) => (self.file, self.length) = (file, bytes.len() as u64),
            Err(error) => return Err(self.give_up(error)),
        }
        Ok(())
    }
}

/// Writes a file of mode 0600 so that it is either there whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
