//! I16: the state's hash in the log is the fold's at every snapshot, and nothing else passes for it.

use crate::{config, steps::steps, support::World, walk::live};
use adit_core::{
    audit::Hash,
    event::{Entry, Event},
    refold::{Compared, Differs, Refold, told_of},
    state::{FormError, State},
};
use proptest::prelude::*;
use serde_json::Value;

/// What somebody reads who has the log alone.
fn read_again(w: &World) -> Vec<Entry> {
    w.log.iter().map(|entry| serde_json::from_str(&serde_json::to_string(entry).unwrap()).unwrap()).collect()
}

fn refold(entries: &[Entry]) -> Result<Refold, Differs> {
    let mut fold = Refold::new(entries.iter().filter_map(|entry| told_of(&entry.event)).collect());
    entries.iter().try_for_each(|entry| fold.take(entry))?;
    Ok(fold)
}

/// Every hash in the log: of the state after which record, by which record.
fn hashes(entries: &[Entry]) -> Vec<(u64, u64, Hash)> {
    let told = |(by, entry): (u64, &Entry)| match &entry.event {
        Event::StateHashed { seq, hash, .. } => Some((*seq, by, *hash)),
        _ => None,
    };
    (1..).zip(entries).filter_map(told).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn i16_the_states_hash_in_the_log_is_the_folds_at_every_snapshot(steps in steps(80)) {
        let w = live(&steps, |_| {});
        let entries = read_again(&w);
        let fold = refold(&entries).unwrap();
        let agree = hashes(&entries).len() as u64;
        prop_assert_eq!(fold.compared(), Compared { agree, other_form: 0 });
        prop_assert_eq!(fold.state(), &w.state);
        prop_assert_eq!(w.state.written().unwrap().1, w.state.hash().unwrap());
    }

    /// One record is another than the server had when it took the hash, as if somebody had put it there since.
    #[test]
    fn i16_a_record_that_the_server_did_not_have_is_found(steps in steps(80), pick: prop::sample::Index) {
        let w = live(&steps, |_| {});
        let mut entries = read_again(&w);
        let told = hashes(&entries);
        prop_assume!(!told.is_empty());
        let (seq, by, _) = told[pick.index(told.len())];
        let put = Event::AccountRenamed { account: w.account, name: "Somebody else's".into() };
        let place = usize::try_from(seq).unwrap() - 1;
        prop_assume!(!matches!(entries[place].event, Event::StateHashed { .. }));
        entries[place].event = put;
        let first = told.iter().find(|(other, ..)| *other >= seq).unwrap();
        prop_assert_eq!(refold(&entries).unwrap_err(), Differs { seq: first.0, by: first.1.min(by) });
    }

    /// Whatever byte of a snapshot is another one, it is not the state of which the log has the hash.
    #[test]
    fn i16_a_snapshot_that_was_changed_is_refused(steps in steps(40), at: prop::sample::Index, flip in 1..=255_u8) {
        let w = live(&steps, |_| {});
        let (mut bytes, hash) = w.state.written().unwrap();
        let read = State::read(&bytes, &hash).unwrap();
        prop_assert_eq!(&read, &w.state);
        let place = at.index(bytes.len());
        bytes[place] ^= flip;
        prop_assert!(matches!(State::read(&bytes, &hash), Err(FormError::Altered)));
        bytes[place] ^= flip;
        // As somebody would do it who knows what a state looks like.
        let mut forged: Value = serde_json::from_slice(&bytes).unwrap();
        forged["accounts"]["acc-1"]["owner"] = "usr-2".into();
        let forged = serde_json::to_vec(&forged).unwrap();
        prop_assert!(matches!(State::read(&forged, &hash), Err(FormError::Altered)));
    }
}
