//! The chain that holds the log together. Every record carries the hash of the one before it, so nothing that was
//! written can be altered, dropped, swapped or slipped in without every later hash changing.
//!
//! Words: a *record* is one line of the log; its *body* is the canonical JSON of who did what, opaque here; the *head* is
//! the last record's number, time and hash. Whoever has noted a head can prove later that the log still begins with it:
//! the chain alone cannot show that records were cut off its end.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

const DOMAIN: &[u8] = b"adit/audit/v1\n";

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its number: 1, 2, 3 and so on without a gap.
    pub seq: u64,
    /// When it was decided; never earlier than the record before.
    pub at: Timestamp,
    /// Who did what, as canonical JSON.
    pub body: Box<str>,
    /// Hash of the record before; all zero for the first.
    #[serde(with = "hex")]
    pub prev_hash: Hash,
    /// SHA-256 over the domain, number, time, length of the body, body and `prev_hash`, numbers as 8 bytes big-endian.
    #[serde(with = "hex")]
    pub hash: Hash,
}

impl Record {
    /// The hash that belongs to what the record says.
    #[must_use]
    pub fn computed_hash(&self) -> Hash {
        hash(self.seq, self.at, &self.body, &self.prev_hash)
    }

    /// The head of a log that ends with this record.
    #[must_use]
    pub const fn as_head(&self) -> Head {
        Head { seq: self.seq, at: self.at, hash: self.hash }
    }
}

fn hash(seq: u64, at: Timestamp, body: &str, prev_hash: &Hash) -> Hash {
    Sha256::new()
        .chain_update(DOMAIN)
        .chain_update(seq.to_be_bytes())
        .chain_update(at.0.to_be_bytes())
        .chain_update((body.len() as u64).to_be_bytes())
        .chain_update(body)
        .chain_update(prev_hash)
        .finalize()
        .into()
}

/// The end of a log: what a next record is linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Number of the last record; 0 when there is none.
    pub seq: u64,
    /// Its time.
    pub at: Timestamp,
    /// Its hash.
    #[serde(with = "hex")]
    pub hash: Hash,
}

impl Head {
    /// The head of an empty log.
    pub const EMPTY: Self = Self { seq: 0, at: Timestamp(i64::MIN), hash: [0; 32] };
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Another number than the next one stands here: records are missing, doubled or swapped.
    #[error("record {found} stands in its place")]
    Gap {
        /// The number found instead.
        found: u64,
    },
    /// Its hash is not the hash of what it says.
    #[error("its content does not give its hash")]
    Altered,
    /// It is sound in itself, and was not written after the record that stands before it.
    #[error("it does not follow from the record before it")]
    Unlinked,
    /// It is earlier than the record before.
    #[error("it is earlier ({found:?}) than the record before it ({before:?})")]
    TimeWentBack {
        /// Time of the record before.
        before: Timestamp,
        /// Its own time.
        found: Timestamp,
    },
}

/// The first record that breaks the chain, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {seq} breaks the chain: {fault}")]
pub struct ChainError {
    /// The number the record has or should have.
    pub seq: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// Why a log could not be verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError<E> {
    /// The chain is broken.
    #[error(transparent)]
    Broken(#[from] ChainError),
    /// The records could not be read.
    #[error("cannot read record {seq}: {source}")]
    Unreadable {
        /// The record that was to be read.
        seq: u64,
        /// Why not.
        source: E,
    },
}

/// A chain at its growing end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    head: Head,
}

impl Default for Chain {
    fn default() -> Self {
        Self::from(Head::EMPTY)
    }
}

impl From<Head> for Chain {
    fn from(head: Head) -> Self {
        Self { head }
    }
}

impl Chain {
    /// Where it ends now.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Makes the next record.
    ///
    /// # Errors
    /// [`Fault::TimeWentBack`] when `at` is before the head's time; the chain is unchanged.
    pub fn link(&mut self, at: Timestamp, body: impl Into<Box<str>>) -> Result<Record, ChainError> {
        let (body, prev_hash) = (body.into(), self.head.hash);
        let Head { seq, hash, .. } = self.extend(at, &body)?;
        Ok(Record { seq, at, body, prev_hash, hash })
    }

    /// Goes on to the next record, whose body the caller keeps, and gives what is new about it.
    ///
    /// # Errors
    /// [`Fault::TimeWentBack`] when `at` is before the head's time; the chain is unchanged.
    pub fn extend(&mut self, at: Timestamp, body: &str) -> Result<Head, ChainError> {
        let seq = self.head.seq + 1;
        self.check_time(seq, at)?;
        self.head = Head { seq, at, hash: hash(seq, at, body, &self.head.hash) };
        Ok(self.head)
    }

    /// Takes `record` as the next one if it is.
    ///
    /// # Errors
    /// What is wrong with it; the chain is unchanged.
    pub fn follow(&mut self, record: &Record) -> Result<(), ChainError> {
        let seq = self.head.seq + 1;
        let broken = |fault| Err(ChainError { seq, fault });
        if record.seq != seq {
            return broken(Fault::Gap { found: record.seq });
        }
        if record.computed_hash() != record.hash {
            return broken(Fault::Altered);
        }
        if record.prev_hash != self.head.hash {
            return broken(Fault::Unlinked);
        }
        self.check_time(seq, record.at)?;
        self.head = record.as_head();
        Ok(())
    }

    fn check_time(&self, seq: u64, at: Timestamp) -> Result<(), ChainError> {
        if at < self.head.at {
            let fault = Fault::TimeWentBack { before: self.head.at, found: at };
            return Err(ChainError { seq, fault });
        }
        Ok(())
    }
}

/// Walks a whole log from its first record and gives its head, to be compared with a head noted elsewhere.
///
/// # Errors
/// The first record that breaks the chain, or the first that cannot be read.
pub fn verify<E>(records: impl IntoIterator<Item = Result<Record, E>>) -> Result<Head, VerifyError<E>> {
    let mut chain = Chain::default();
    for record in records {
        let record = record.map_err(|source| VerifyError::Unreadable { seq: chain.head.seq + 1, source })?;
        chain.follow(&record)?;
    }
    Ok(chain.head)
}

/// Hashes as 64 lower-case hexadecimal digits in JSON.
pub(crate) mod hex {
    use super::Hash;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::fmt::Write;

    pub fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(64);
        for byte in hash {
            write!(text, "{byte:02x}").map_err(serde::ser::Error::custom)?;
        }
        serializer.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        parse(text.as_bytes()).ok_or_else(|| D::Error::custom("a hash has 64 lower-case hexadecimal digits"))
    }

    fn parse(text: &[u8]) -> Option<Hash> {
        let digits: &[u8; 64] = text.try_into().ok()?;
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(hash)
    }

    const fn digit(c: u8) -> Option<u8> {
        match c {
            b'0'..=b'9' => Some(c - b'0'),
            b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    fn log(lines: &[(u8, String)]) -> Vec<Record> {
        let (mut chain, mut at) = (Chain::default(), Timestamp(1_000));
        lines
            .iter()
            .map(|(later, body)| {
                at.0 += i64::from(*later);
                chain.link(at, body.as_str()).unwrap()
            })
            .collect()
    }

    fn check(records: Vec<Record>) -> Result<Head, VerifyError<Infallible>> {
        verify(records.into_iter().map(Ok))
    }

    fn first_bad(records: Vec<Record>) -> u64 {
        match check(records) {
            Err(VerifyError::Broken(error)) => error.seq,
            other => panic!("the damage was not found: {other:?}"),
        }
    }

    fn lines() -> impl Strategy<Value = Vec<(u8, String)>> {
        prop::collection::vec((0..3_u8, "[a-z{}\":,é]{0,40}"), 2..12)
    }

    /// Pinned: other programs verify exported logs by this recipe.
    #[test]
    fn the_hash_is_what_it_was() {
        let mut chain = Chain::default();
        let one = chain.link(Timestamp(1_700_000_000_000), r#"{"a":1}"#).unwrap();
        let two = chain.link(Timestamp(1_700_000_000_000), r#"{"b":"é"}"#).unwrap();
        let hex = |hash: &Hash| hash.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(&one.hash), "b4f6c997229e86ccd5ed3537e66c21c0982643e7d7f3b1e0d5f5a01fd1554317");
        assert_eq!(hex(&two.hash), "2b43275db5dd0173df5f1a912a5e523ac8578884b89123610e37994e2505d790");
    }

    #[test]
    fn time_may_stand_still_and_never_goes_back() {
        let mut chain = Chain::default();
        chain.link(Timestamp(5), "a").unwrap();
        chain.link(Timestamp(5), "b").unwrap();
        let before = chain.clone();
        let error = chain.link(Timestamp(4), "c").unwrap_err();
        let fault = Fault::TimeWentBack { before: Timestamp(5), found: Timestamp(4) };
        assert_eq!(error, ChainError { seq: 3, fault });
        assert_eq!(chain, before);

        let mut forged =
            Record { seq: 3, at: Timestamp(4), body: "c".into(), prev_hash: chain.head.hash, hash: [0; 32] };
        forged.hash = forged.computed_hash();
        assert_eq!(chain.follow(&forged).unwrap_err(), error);
    }

    #[test]
    fn an_unreadable_record_is_named() {
        let mut chain = Chain::default();
        let good = chain.link(Timestamp(1), "a").unwrap();
        let error = verify([Ok(good), Err("torn")]).unwrap_err();
        assert_eq!(error, VerifyError::Unreadable { seq: 2, source: "torn" });
    }

    #[test]
    fn a_record_survives_json() {
        let mut chain = Chain::default();
        let record = chain.link(Timestamp(1), r#"{"a":"\"é"}"#).unwrap();
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        let upper = text.to_uppercase().replace("SEQ", "seq").replace("BODY", "body").replace("HASH", "hash");
        assert!(serde_json::from_str::<Record>(&upper).is_err());
        assert!(serde_json::from_str::<Record>(&text.replace("\"hash\":\"", "\"hash\":\"0")).is_err());
    }

    proptest! {
        #[test]
        fn a_sound_log_verifies(lines in lines()) {
            let records = log(&lines);
            let last = records.last().unwrap().as_head();
            prop_assert_eq!(check(records), Ok(last));
        }

        #[test]
        fn any_altered_byte_is_found_where_it_is(lines in lines(), pick: prop::sample::Index, field in 0..5, at: prop::sample::Index, flip in 1..=255_u8) {
            let mut records = log(&lines);
            let index = pick.index(records.len());
            let record = &mut records[index];
            match field {
                0 => record.seq ^= u64::from(flip) << (8 * at.index(8)),
                1 => record.at.0 ^= i64::from(flip) << (8 * at.index(8)),
                2 => record.prev_hash[at.index(32)] ^= flip,
                3 => record.hash[at.index(32)] ^= flip,
                _ if record.body.is_empty() => record.body = "x".into(),
                _ => {
                    let mut chars: Vec<char> = record.body.chars().collect();
                    let place = at.index(chars.len());
                    chars[place] = if chars[place] == 'z' { 'y' } else { 'z' };
                    record.body = chars.into_iter().collect::<String>().into();
                }
            }
            prop_assert_eq!(first_bad(records), index as u64 + 1);
        }

        /// Even when the forger gives the altered record the hash that belongs to it.
        #[test]
        fn a_rehashed_alteration_is_found_at_the_next_record(lines in lines(), pick: prop::sample::Index) {
            let mut records = log(&lines);
            let index = pick.index(records.len() - 1);
            records[index].body = format!("{}!", records[index].body).into();
            records[index].hash = records[index].computed_hash();
            prop_assert_eq!(first_bad(records), index as u64 + 2);
        }

        #[test]
        fn a_dropped_record_is_found(lines in lines(), pick: prop::sample::Index) {
            let mut records = log(&lines);
            let index = pick.index(records.len() - 1);
            records.remove(index);
            prop_assert_eq!(first_bad(records), index as u64 + 1);
        }

        #[test]
        fn a_dropped_end_gives_another_head(lines in lines(), left: prop::sample::Index) {
            let mut records = log(&lines);
            let head = records.last().unwrap().as_head();
            records.truncate(left.index(records.len()));
            prop_assert_ne!(check(records), Ok(head));
        }

        #[test]
        fn swapped_records_are_found(lines in lines(), a: prop::sample::Index, b: prop::sample::Index, renumbered: bool) {
            let mut records = log(&lines);
            let (a, b) = (a.index(records.len()), b.index(records.len()));
            prop_assume!(a != b);
            records.swap(a, b);
            if renumbered {
                (1..).zip(&mut records).for_each(|(seq, record)| record.seq = seq);
            }
            prop_assert_eq!(first_bad(records), a.min(b) as u64 + 1);
        }

        #[test]
        fn an_inserted_record_is_found(lines in lines(), pick: prop::sample::Index, forged_link: bool) {
            let mut records = log(&lines);
            let index = pick.index(records.len());
            let mut extra = records[index].clone();
            extra.body = "forged".into();
            if forged_link {
                extra.hash = extra.computed_hash();
                records[index..].iter_mut().for_each(|record| record.seq += 1);
            }
            records.insert(index, extra);
            let bad = first_bad(records);
            prop_assert!(bad == index as u64 + 1 || bad == index as u64 + 2);
        }
    }
}
