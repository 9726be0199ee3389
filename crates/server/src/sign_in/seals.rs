//! What must be known again at the next step of something is not remembered here but sealed and given to whoever takes the step, so
//! that nobody can crowd out what others have begun. The key lives as long as the server does. Remembered is only what
//! was used and must not be used again, which takes a proof of who one is.

use super::tokens::hash_of_bytes;
use adit_core::time::Timestamp;
use adit_store::Key;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Longest sealed text that is opened.
const MAX_SEALED: usize = 4 << 10;

pub(crate) struct Seals {
    key: Key,
    /// Until when it would open otherwise.
    spent: Mutex<HashMap<[u8; 32], Timestamp>>,
}

/// Something that was sealed here, and has not ended.
pub(crate) struct Opened<T> {
    pub(crate) holds: T,
    until: Timestamp,
    hash: [u8; 32],
}

impl Seals {
    /// # Errors
    /// The system gives no randomness.
    pub(crate) fn new() -> Result<Self, String> {
        Ok(Self { key: Key::draw().map_err(|error| error.to_string())?, spent: Mutex::default() })
    }

    /// Opens as `what`, and until then.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub(crate) fn seal(&self, what: &str, holds: &impl Serialize, until: Timestamp) -> Result<String, String> {
        let bytes = serde_json::to_vec(&(until, holds)).map_err(|error| error.to_string())?;
        let sealed = self.key.seal(what, &bytes).map_err(|error| error.to_string())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// `None` if it was not sealed here as this, has ended, or was spent.
    pub(crate) fn open<T: DeserializeOwned>(&self, what: &str, text: &str, now: Timestamp) -> Option<Opened<T>> {
        let sealed = URL_SAFE_NO_PAD.decode(Some(text).filter(|text| text.len() <= MAX_SEALED)?).ok()?;
        let bytes = self.key.open(what, &sealed)?;
        let (until, holds) = serde_json::from_slice::<(Timestamp, T)>(&bytes).ok()?;
        let opened = Opened { holds, until, hash: hash_of_bytes(&sealed) };
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        (now < until && !spent.contains_key(&opened.hash)).then_some(opened)
    }

    /// It opens no more. False if somebody else was first.
    pub(crate) fn spend<T>(&self, opened: &Opened<T>, now: Timestamp) -> bool {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.retain(|_, until| now < *until);
        spent.insert(opened.hash, opened.until).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);
    const END: Timestamp = Timestamp(2_000);

    #[test]
    fn it_opens_as_what_it_is_until_its_end_and_once_if_it_is_spent() {
        let seals = Seals::new().unwrap();
        let text = seals.seal("step", &7_u32, END).unwrap();
        let open = |what: &str, text: &str, now| seals.open::<u32>(what, text, now).map(|opened| opened.holds);
        assert_eq!(open("step", &text, NOW), Some(7));
        assert_eq!((open("other", &text, NOW), open("step", &text, END)), (None, None));
        assert_eq!(
            Seals::new().unwrap().open::<u32>("step", &text, NOW).map(|opened| opened.holds),
            None,
            "another life"
        );
        for hostile in ["", "a", "\u{e9}", &"A".repeat(MAX_SEALED + 1), &text[1..]] {
            assert_eq!(open("step", hostile, NOW), None, "{hostile}");
        }
        let [one, two] = [0; 2].map(|_| seals.open::<u32>("step", &text, NOW).unwrap());
        assert_eq!((seals.spend(&one, NOW), seals.spend(&two, NOW)), (true, false));
        assert_eq!(open("step", &text, NOW), None);
    }

    #[test]
    fn what_is_begun_takes_no_memory_and_what_was_spent_only_until_it_would_have_ended() {
        let seals = Seals::new().unwrap();
        let first = seals.seal("step", &0_u32, END).unwrap();
        for number in 0..20_000_u32 {
            seals.seal("step", &number, END).unwrap();
        }
        let opened = seals.open::<u32>("step", &first, NOW).expect("what others begin takes nothing from it");
        assert!(seals.spend(&opened, NOW));
        let later = seals.seal("step", &1_u32, Timestamp(9_000)).unwrap();
        let later = seals.open::<u32>("step", &later, END).unwrap();
        assert!(seals.spend(&later, END));
        assert_eq!(seals.spent.lock().unwrap().len(), 1);
    }
}
