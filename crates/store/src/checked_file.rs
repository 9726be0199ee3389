//! A small piece of what a server knows, as one file that is there in full or not at all, and is believed only as it was written.
//!
//! The file is `header, body`; the header is magic (8), form (4), SHA-256 over both and the body (32); numbers big-endian.

use crate::{Result, StoreError, files::write_durably};
use sha2::{Digest, Sha256};
use std::{fs, io, path::PathBuf};

const MAGIC: &[u8; 8] = b"ADITCHK1";
const HEADER: usize = 8 + 4 + 32;

/// The file.
#[derive(Debug, Clone)]
pub struct CheckedFile {
    path: PathBuf,
}

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// No file.
    Missing,
    /// A file that is not as it was written, or of another form.
    Unsound {
        /// What is wrong.
        problem: &'static str,
    },
    /// What was written.
    Body(Vec<u8>),
}

impl CheckedFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub const fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Puts `body`, which is written in `form`, in place of what was there.
    ///
    /// # Errors
    /// What the operating system says; what was there is there still.
    pub fn write(&self, form: u32, body: &[u8]) -> Result<()> {
        let header = [MAGIC.as_slice(), &form.to_be_bytes(), &sum(form, body)].concat();
        let written = write_durably(&self.path.with_extension("unfinished"), &self.path, &[&header, body]);
        written.map_err(|error| StoreError::io(&self.path, error))
    }

    /// What was written last, if that is in `form`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read(&self, form: u32) -> Result<Checked> {
        let mut file = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Checked::Missing),
            file => file.map_err(|error| StoreError::io(&self.path, error))?,
        };
        let unsound = |problem| Ok(Checked::Unsound { problem });
        if file.len() < HEADER || !file.starts_with(MAGIC) {
            return unsound("it is no such file");
        }
        let body = file.split_off(HEADER);
        if file[8..12] != form.to_be_bytes() {
            return unsound("it was written by another version");
        }
        if file[12..] != sum(form, &body) {
            return unsound("it is damaged");
        }
        Ok(Checked::Body(body))
    }
}

fn sum(form: u32, body: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(MAGIC).chain_update(form.to_be_bytes()).chain_update(body).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = CheckedFile::new(folder.path().join("live"));
        assert_eq!(file.read(1).unwrap(), Checked::Missing);
        file.write(1, b"first").unwrap();
        file.write(1, b"second").unwrap();
        assert_eq!(file.read(1).unwrap(), Checked::Body(b"second".to_vec()));
        assert_eq!(file.read(2).unwrap(), Checked::Unsound { problem: "it was written by another version" });
        let whole = fs::read(file.path()).unwrap();
        for place in 0..whole.len() {
            let mut altered = whole.clone();
            altered[place] ^= 1;
            fs::write(file.path(), altered).unwrap();
            assert!(matches!(file.read(1).unwrap(), Checked::Unsound { .. }), "byte {place}");
            fs::write(file.path(), &whole[..place]).unwrap();
            assert!(matches!(file.read(1).unwrap(), Checked::Unsound { .. }), "cut off at {place}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
