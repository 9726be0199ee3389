//! Passwords: which are taken, and how they are kept (argon2id). After NIST SP 800-63B: length and not composition, any characters,
//! and none of those everybody tries first.

use crate::net::Source;
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Semaphore;

/// Fewest characters.
pub const MIN_CHARS: usize = 12;
/// Most bytes.
pub const MAX_BYTES: usize = 256;
/// How many of one source wait or are being checked; each check takes 19 MiB and a core for some hundredths of a second.
const OF_SOURCE: usize = 4;
/// How many of all sources, but for those from where somebody is known.
const OF_ALL: usize = 64;
/// A word removed from a password must leave this many other letters.
const OTHER_LETTERS: usize = 4;
/// Fewest different characters.
const DIFFERENT: usize = 5;

/// What the passwords that are tried first are made of. Shorter than a whole password: numbers and signs around them, letters
/// written as digits, and repetition are seen through.
const COMMON: &[&str] = &[
    "administrator",
    "password",
    "passwort",
    "motdepasse",
    "contrasena",
    "changeme",
    "whatever",
    "trustnoone",
    "sunshine",
    "football",
    "baseball",
    "princess",
    "superman",
    "iloveyou",
    "starwars",
    "computer",
    "internet",
    "michelle",
    "jennifer",
    "bitcoin",
    "satoshi",
    "welcome",
    "letmein",
    "monkey",
    "dragon",
    "shadow",
    "master",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertz",
    "qwerty",
    "azerty",
    "qazwsx",
    "asdf",
    "zxcv",
    "admin",
    "login",
    "default",
    "secret",
    "access",
    "hello",
    "miner",
    "mining",
    "antminer",
    "whatsminer",
    "hashrate",
    "summer",
    "winter",
    "spring",
    "autumn",
    "monday",
    "friday",
    "test",
    "user",
    "root",
    "guest",
    "pass",
    "adit",
];
/// What people run a finger along.
const RUNS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "012345678901234567890123456789012345678901234567890123456789",
    "qwertyuiopasdfghjklzxcvbnmqwertyuiopasdfghjklzxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "q1w2e3r4t5y6u7i8o9p0",
];

/// Why this password is not taken, as a sentence; `about` is what others know of the person: e-mail, name, company.
#[must_use]
pub fn weakness(password: &str, about: &[&str]) -> Option<String> {
    if password.len() > MAX_BYTES {
        return Some(format!("a password has at most {MAX_BYTES} bytes"));
    }
    if password.chars().count() < MIN_CHARS {
        return Some(format!("a password needs at least {MIN_CHARS} characters"));
    }
    let plain: String = password.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    if password.chars().collect::<BTreeSet<_>>().len() < DIFFERENT {
        return Some(format!("a password needs at least {DIFFERENT} different characters"));
    }
    let backwards: String = plain.chars().rev().collect();
    if RUNS.iter().any(|run| run.contains(&plain) || run.contains(&backwards)) {
        return Some("this is one of the passwords that are tried first".to_owned());
    }
    let known = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let known: Vec<_> = known.map(str::to_lowercase).filter(|word| word.chars().count() >= 4).collect();
    for text in [&plain, &unmasked(password)] {
        if little_but(text, COMMON.iter().copied()) {
            return Some("this is one of the passwords that are tried first".to_owned());
        }
        if little_but(text, COMMON.iter().copied().chain(known.iter().map(String::as_str))) {
            return Some("a password must be more than names that others know".to_owned());
        }
    }
    None
}

/// Digits and signs that stand for letters, as those letters.
fn unmasked(password: &str) -> String {
    let letter = |c: char| match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    };
    password.to_lowercase().chars().map(letter).filter(|c| c.is_alphanumeric()).collect()
}

/// Whether `text` holds one of the words, and hardly a letter besides.
fn little_but<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> bool {
    let mut words: Vec<_> = words.collect();
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = text.to_owned();
    for word in words {
        rest = rest.replace(word, " ");
    }
    rest != text && rest.chars().filter(|c| c.is_alphabetic()).count() < OTHER_LETTERS
}

/// Hash of a password, to be kept.
///
/// # Errors
/// The system gives no randomness or memory.
pub fn hash(password: &str) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

/// Hashes and checks, few at a time. Whoever is known where they ask from has a worker that strangers never keep busy.
pub(crate) struct Passwords {
    known: Semaphore,
    strangers: Semaphore,
    queue: Mutex<HashMap<String, usize>>,
    dummy: String,
}

/// Why a password was not looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unhashed {
    /// Too many wait already.
    #[error("too many passwords are being checked")]
    Busy,
    /// It could not be run.
    #[error("{0}")]
    Failed(String),
}

/// A place among those that wait, and the work itself.
pub(crate) struct Turn<'a> {
    passwords: &'a Passwords,
    source: String,
    known: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = self.passwords.queue();
        if let Some(own) = queue.get_mut(&self.source) {
            *own -= 1;
            if *own == 0 {
                queue.remove(&self.source);
            }
        }
    }
}

impl Passwords {
    pub(crate) fn new() -> Result<Self, String> {
        let (known, strangers) = (Semaphore::new(1), Semaphore::new(1));
        Ok(Self { known, strangers, queue: Mutex::default(), dummy: hash("nobody's")? })
    }

    fn queue(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place in the queue for somebody at this address; `known` if they have shown before, from there, who they are.
    ///
    /// # Errors
    /// [`Unhashed::Busy`].
    pub(crate) fn turn(&self, address: &str, known: bool) -> Result<Turn<'_>, Unhashed> {
        let source = Source::of_text(address);
        let mut queue = self.queue();
        let full = !known && queue.values().sum::<usize>() >= OF_ALL;
        let own = queue.entry(source.clone()).or_default();
        if full || *own >= OF_SOURCE {
            if *own == 0 {
                queue.remove(&source);
            }
            return Err(Unhashed::Busy);
        }
        *own += 1;
        drop(queue);
        Ok(Turn { passwords: self, source, known })
    }

    /// Hash of a new password, to be kept, for somebody who has shown who they are.
    ///
    /// # Errors
    /// [`Unhashed`].
    pub(crate) async fn hash(&self, address: &str, password: String) -> Result<String, Unhashed> {
        self.turn(address, true)?.run(move || hash(&password)).await?.map_err(Unhashed::Failed)
    }
}

impl Turn<'_> {
    /// Whether it is the password of this hash. Takes as long where there is no hash.
    ///
    /// # Errors
    /// The check could not be run.
    pub(crate) async fn fits(self, kept: Option<String>, password: String) -> Result<bool, Unhashed> {
        if password.len() > MAX_BYTES {
            return Ok(false);
        }
        let known = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.passwords.dummy.clone());
        let check = move || {
            let hash = PasswordHash::new(&kept);
            hash.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        };
        Ok(self.run(check).await? && known)
    }

    async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unhashed> {
        let worker = if self.known { &self.passwords.known } else { &self.passwords.strangers };
        let failed = |error: &dyn std::fmt::Display| Unhashed::Failed(error.to_string());
        let _permit = worker.acquire().await.map_err(|error| failed(&error))?;
        tokio::task::spawn_blocking(work).await.map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_are_tried_first_are_refused() {
        for weak in [
            "short",
            "elevenchars",
            "aaaaaaaaaaaa",
            "abababababab",
            "123456789012",
            "210987654321",
            "abcdefghijkl",
            "qwertyuiop[]asdf",
            "password1234",
            "P@ssw0rd!2026",
            "passwordpassword",
            "Administrator1!",
            "1q2w3e4r5t6y",
            "letmein-letmein",
            "Bitcoin-2026-!!!",
            "adit-admin-1234",
        ] {
            assert!(weakness(weak, &[]).is_some(), "{weak}");
        }
        assert!(weakness(&"long and random ".repeat(17), &[]).is_some());
    }

    #[test]
    fn passwords_made_of_what_others_know_are_refused() {
        let about = ["lena.ortiz@norte.example", "Lena Ortiz", "Norte Mining"];
        for weak in ["lenaortiz2026!", "Norte-Mining-1", "ortiz.ortiz.99"] {
            assert!(weakness(weak, &about).is_some(), "{weak}");
        }
        assert_eq!(weakness("lena rides a green kite", &about), None);
    }

    #[test]
    fn long_ones_of_any_characters_are_taken() {
        for fine in [
            "correct horse battery",
            "839104726151",
            "жёлтый пароход 7",
            "🦀 and 🐢 and 🐙 walk",
            "a long enough password",
        ] {
            assert_eq!(weakness(fine, &[]), None, "{fine}");
        }
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::new().unwrap();
        let kept = passwords.hash("10.0.0.1", "correct horse battery".into()).await.unwrap();
        let turn = || passwords.turn("10.0.0.1", false).unwrap();
        assert!(turn().fits(Some(kept.clone()), "correct horse battery".into()).await.unwrap());
        assert!(!turn().fits(Some(kept), "correct horse batterz".into()).await.unwrap());
        assert!(!turn().fits(None, "nobody's".into()).await.unwrap());
        assert!(passwords.queue().is_empty());
    }

    #[tokio::test]
    async fn the_queue_is_bounded_for_each_source_and_for_all_but_those_who_are_known() {
        let passwords = Passwords::new().unwrap();
        let _own: Vec<_> =
            (0..OF_SOURCE).map(|at| passwords.turn(&format!("2001:db8::{at}"), false).unwrap()).collect();
        assert!(matches!(passwords.turn("2001:db8::ffff", false), Err(Unhashed::Busy)));
        let _others: Vec<_> =
            (OF_SOURCE..OF_ALL).map(|at| passwords.turn(&format!("10.0.0.{at}"), false).unwrap()).collect();
        assert!(matches!(passwords.turn("10.0.1.1", false), Err(Unhashed::Busy)));
        let known = passwords.turn("10.0.1.1", true).unwrap();
        // Strangers keep their own worker busy, and no more than that.
        let _strangers = passwords.strangers.acquire().await.unwrap();
        assert!(!known.fits(None, "nobody's".into()).await.unwrap());
    }
}
