//! The key that seals secrets, in a file of its own so that a stolen database or backup does not give them away.

use crate::{Result, StoreError, files::write_durably};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use std::{fs, io, path::Path};
use zeroize::Zeroizing;

const NONCE: usize = 24;
const DOMAIN: &str = "adit/secret/v1\n";

/// What opens the secrets.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// Reads the key file, or makes one where `may_create`.
    ///
    /// # Errors
    /// [`StoreError::KeyFile`] if it is missing, open to others or not 32 bytes long; what the operating system says.
    pub fn load(path: &Path, may_create: bool) -> Result<Self> {
        let io = |error| StoreError::io(path, error);
        let wrong = |problem| StoreError::KeyFile { place: path.display().to_string(), problem };
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !may_create {
                    return Err(wrong("missing, and there are secrets sealed with it; restore it from its backup"));
                }
                return Self::create(path);
            }
            bytes => Zeroizing::new(bytes.map_err(io)?),
        };
        #[cfg(unix)]
        if std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).map_err(io)?.permissions()) & 0o077 != 0 {
            return Err(wrong("others may read or write it; make it private: chmod 600"));
        }
        let key = bytes.as_slice().try_into().map_err(|_| wrong("a key has 32 bytes; restore it from its backup"))?;
        Ok(Self(Zeroizing::new(key)))
    }

    /// One that is kept nowhere: what it seals opens in this life of the program only.
    ///
    /// # Errors
    /// [`StoreError`]: the system gives no randomness.
    pub fn draw() -> Result<Self> {
        Ok(Self(Zeroizing::new(random()?)))
    }

    fn create(path: &Path) -> Result<Self> {
        let io = |error| StoreError::io(path, error);
        let key = Zeroizing::new(random()?);
        write_durably(&path.with_extension("unfinished"), path, &[key.as_slice()]).map_err(io)?;
        Ok(Self(key))
    }

    /// Seals `value` under `name`; it opens under that name only.
    ///
    /// # Errors
    /// [`StoreError`]: the system gives no randomness, or the value is too long.
    pub fn seal(&self, name: &str, value: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload { msg: value, aad: &bound_to(name) };
        let sealed = self.cipher().encrypt(&nonce.into(), payload);
        let sealed = sealed.map_err(|_| StoreError::Invalid { what: "the secret", problem: "is too long to seal" })?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The value, unless it was sealed under another name or key, or altered.
    #[must_use]
    pub fn open(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, msg) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg, aad: &bound_to(name) };
        self.cipher().decrypt(&(*nonce).into(), payload).ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.0).into())
    }
}

fn bound_to(name: &str) -> Vec<u8> {
    [DOMAIN, name].concat().into_bytes()
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Io {
        place: "the system's random numbers".to_owned(),
        source: io::Error::other(error.to_string()),
    })?;
    Ok(bytes)
}
