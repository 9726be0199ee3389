//! The last head of the server's log that this agent was told, in the file `head.json`. A server whose log is behind it, or is another
//! one, was put back to an earlier day: the agent takes no orders from it until somebody has looked.

use crate::journal;
use adit_core::audit::Head;
use adit_wire::{SignedHead, VerifyingKey};
use std::{fs, io, path::PathBuf};

pub(crate) struct KnownHead {
    path: PathBuf,
    server: VerifyingKey,
}

impl KnownHead {
    pub fn new(folder: &std::path::Path, server: VerifyingKey) -> Self {
        Self { path: folder.join("head.json"), server }
    }

    /// What was told last; read each time, so that whoever takes the file away need not start the agent anew.
    pub fn read(&self) -> Result<Option<SignedHead>, String> {
        match fs::read_to_string(&self.path) {
            Ok(text) => {
                let known = serde_json::from_str(&text);
                known
                    .map(Some)
                    .map_err(|error| format!("{} cannot be read: {error}. {}", self.path.display(), self.way_out()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", self.path.display())),
        }
    }

    /// Takes what the server tells, if it is the same log gone on. It is on the disk once this returns.
    pub fn take(&self, told: &SignedHead) -> Result<(), String> {
        let known: Option<Head> = self.read()?.map(|known| known.head);
        told.check(&self.server, known.as_ref()).map_err(|error| format!("{error}. {}", self.way_out()))?;
        if known == Some(told.head) {
            return Ok(());
        }
        let mut line = serde_json::to_vec(told).map_err(|error| error.to_string())?;
        line.push(b'\n');
        journal::write_whole(&self.path, &line).map_err(|error| format!("{}: {error}", self.path.display()))
    }

    fn way_out(&self) -> String {
        format!(
            "No order is taken from this server. If a backup was restored there on purpose, take {} away",
            self.path.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::time::Timestamp;
    use adit_wire::ServerKey;

    const fn head(seq: u64) -> Head {
        Head { seq, at: Timestamp(7), hash: [3; 32] }
    }

    #[test]
    fn what_is_behind_is_refused_also_after_a_new_start_until_the_file_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let key = ServerKey::from_secret([1; 32]);
        let open = || KnownHead::new(folder.path(), key.verifying_key());
        open().take(&key.sign_head(head(9), None)).unwrap();
        open().take(&key.sign_head(head(12), Some(head(9)))).unwrap();
        let behind = key.sign_head(head(11), None);
        for _ in 0..2 {
            let refused = open().take(&behind).unwrap_err();
            assert!(refused.contains("put back") && refused.contains("head.json"), "{refused}");
        }
        assert_eq!(open().read().unwrap().unwrap().head, head(12));
        let stranger = ServerKey::from_secret([2; 32]);
        assert!(open().take(&stranger.sign_head(head(13), Some(head(12)))).is_err());
        fs::write(folder.path().join("head.json"), "half a li").unwrap();
        assert!(open().take(&behind).is_err(), "what cannot be read is not taken for nothing");
        fs::remove_file(folder.path().join("head.json")).unwrap();
        open().take(&behind).unwrap();
    }
}
