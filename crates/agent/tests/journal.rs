//! The journal against power cuts, damage and time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use adit_agent::journal::{Damage, Entry, HEADER, Index, Journal, JournalError, Record, encode, scan};
use adit_core::{
    fleet::{Ending, Operation, TargetResult},
    time::Timestamp,
};
use common::{HandClock, bounded, command_id, device_order, tape::Tape};
use proptest::prelude::*;
use std::fs;

fn record() -> impl Strategy<Value = Record> {
    let id = 0..4_u32;
    prop_oneof![
        (id.clone(), 0..3_u32, 0..100_i64, any::<bool>()).prop_map(|(id, device, deadline, reboot)| {
            let operation = if reboot { Operation::Reboot {} } else { Operation::Locate { on: true } };
            Record::Received(device_order(id, device, operation, deadline))
        }),
        id.clone().prop_map(|id| Record::Started(command_id(id))),
        (id.clone(), ".{0,20}")
            .prop_map(|(id, text)| Record::Ended(command_id(id), TargetResult::of(Ending::Verified, text))),
        id.prop_map(|id| Record::Stored(command_id(id))),
        (0..100_i64).prop_map(|floor| Record::Floor(Timestamp(floor))),
    ]
}

fn groups() -> impl Strategy<Value = Vec<Vec<Record>>> {
    prop::collection::vec(prop::collection::vec(record(), 1..4), 1..8)
}

fn bytes(groups: &[Vec<Record>]) -> Vec<u8> {
    let frames = groups.iter().flat_map(|group| encode(group).unwrap());
    HEADER.iter().copied().chain(frames).collect()
}

fn rank(entry: Option<&Entry>) -> u8 {
    match entry {
        None => 0,
        Some(Entry::Received(_)) => 1,
        Some(Entry::Started(_)) => 2,
        Some(Entry::Ended { stored: false, .. }) => 3,
        Some(Entry::Ended { stored: true, .. }) => 4,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_journal_cut_at_any_byte_reopens_as_a_prefix_of_its_groups(groups in groups()) {
        let whole = bytes(&groups);
        prop_assert_eq!(scan(&whole), Ok(groups.concat()));
        let mut ends = vec![HEADER.len()];
        for group in &groups {
            ends.push(ends.last().unwrap() + encode(group).unwrap().len());
        }
        for cut in 0..whole.len() {
            let kept = ends.iter().rposition(|end| *end <= cut);
            match (kept, scan(&whole[..cut])) {
                (None, Err(Damage::NotAJournal)) => {}
                (Some(n), Ok(records)) => {
                    prop_assert_eq!(ends[n], cut);
                    prop_assert_eq!(records, groups[..n].concat());
                }
                (Some(n), Err(Damage::Torn { records, good })) => {
                    prop_assert_eq!((good, records), (ends[n], groups[..n].concat()));
                }
                (kept, other) => prop_assert!(false, "cut at {cut}, {kept:?} whole groups: {other:?}"),
            }
        }
    }

    #[test]
    fn a_changed_byte_never_reads_as_another_history(groups in groups(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut damaged = bytes(&groups);
        let at = at.index(damaged.len());
        damaged[at] ^= flip;
        match scan(&damaged) {
            Err(Damage::NotAJournal) => prop_assert!(at < HEADER.len()),
            Err(Damage::Middle { offset }) => prop_assert!(offset <= at),
            Err(Damage::Torn { records, good }) => {
                prop_assert!(good <= at);
                prop_assert!(groups.concat().starts_with(&records));
                let last = encode(groups.last().unwrap()).unwrap().len();
                prop_assert!(good + last >= damaged.len(), "only the last frame may be given up");
            }
            Ok(_) => prop_assert!(false, "the damage went unnoticed"),
        }
    }

    #[test]
    fn no_command_ever_goes_back(records in prop::collection::vec(record(), 0..40)) {
        let mut index = Index::default();
        for record in records {
            let before: Vec<_> = (0..4).map(|id| rank(index.get(command_id(id)))).collect();
            let floor = index.floor();
            index.apply(record);
            prop_assert!((0..4).all(|id| rank(index.get(command_id(id))) >= before[id as usize]));
            prop_assert!(index.floor() >= floor);
        }
    }
}

fn some_records() -> Vec<Record> {
    let body = device_order(1, 1, Operation::Reboot {}, 1_000);
    vec![Record::Received(body), Record::Started(command_id(1))]
}

#[tokio::test]
async fn a_torn_tail_is_cut_off_and_writing_goes_on_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut contents = HEADER.to_vec();
    contents.extend(encode(&some_records()[..1]).unwrap());
    contents.extend(&encode(&some_records()[1..]).unwrap()[..20]);
    fs::write(&path, &contents).unwrap();
    let journal = Journal::open(&path, HandClock::at(0).clock()).unwrap();
    assert_eq!(rank(journal.entry(command_id(1)).as_ref()), 1);
    journal.append(some_records()[1..].to_vec()).await.unwrap();
    assert_eq!(scan(&fs::read(&path).unwrap()).unwrap(), some_records());
}

#[tokio::test]
async fn a_damaged_middle_keeps_the_agent_from_starting_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut contents = HEADER.to_vec();
    contents.extend(encode(&some_records()[..1]).unwrap());
    contents[30] ^= 1;
    contents.extend(encode(&some_records()[1..]).unwrap());
    fs::write(&path, &contents).unwrap();
    let error = Journal::open(&path, HandClock::at(0).clock()).err().unwrap();
    assert!(matches!(error, JournalError::Damaged { offset: 8, .. }));
    assert!(error.to_string().contains("settle the site's open orders"));
    assert_eq!(fs::read(&path).unwrap(), contents, "nothing may be changed");
    fs::write(&path, "something else").unwrap();
    let clock = HandClock::at(0).clock();
    assert!(matches!(Journal::open(&path, clock), Err(JournalError::NotAJournal { .. })));
}

#[tokio::test]
async fn only_one_agent_opens_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let clock = HandClock::at(0).clock();
    let _first = Journal::open(&path, clock.clone()).unwrap();
    assert!(matches!(Journal::open(&path, clock), Err(JournalError::InUse { .. })));
}

#[tokio::test]
async fn many_waiting_records_share_few_frames() {
    let tape = Tape::blank();
    let journal = tape.journal(HandClock::at(0).clock());
    let appends = (0..1_000).map(|n| {
        let body = device_order(n, n, Operation::Locate { on: true }, 1_000);
        journal.append(vec![Record::Received(body)])
    });
    let outcomes = bounded(futures_util::future::join_all(appends)).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let frames = tape.bytes().windows(4).filter(|w| *w == [0xff, 0xad, 0x17, 0xff]).count();
    assert!(frames < 500, "{frames} frames for 1000 records");
    assert_eq!(journal.open_commands().len(), 1_000);
}

#[tokio::test]
async fn old_stored_commands_are_forgotten_and_their_deadline_stays_as_a_floor() {
    let (tape, clock) = (Tape::blank(), HandClock::at(0));
    let journal = tape.journal(clock.clock());
    let end = TargetResult::of(Ending::Verified, "x".repeat(200));
    let life = |n: u32, deadline: i64| {
        let body = device_order(n, n, Operation::Reboot {}, deadline);
        let id = body.command;
        vec![Record::Received(body), Record::Started(id), Record::Ended(id, end.clone()), Record::Stored(id)]
    };
    // One command is due much later, one is not stored: both must survive.
    journal.append(life(1_000_000, 1_000_000)).await.unwrap();
    journal.append(life(1_000_001, 500)[..3].to_vec()).await.unwrap();
    clock.set(10_000);
    let mut longest = 0;
    for n in 0..8_000 {
        journal.append(life(n, 5_000)).await.unwrap();
        longest = longest.max(tape.bytes().len());
    }
    assert!(longest < 3 << 20, "{longest} bytes");
    assert_eq!(journal.floor(), Timestamp(5_000));
    assert!(journal.entry(command_id(0)).is_none());
    assert_eq!(rank(journal.entry(command_id(1_000_000)).as_ref()), 4);
    assert_eq!(rank(journal.entry(command_id(1_000_001)).as_ref()), 3);
    let reopened = tape.journal(clock.clock());
    assert_eq!(reopened.floor(), journal.floor());
    assert_eq!(reopened.unstored(), journal.unstored());
    assert_eq!(reopened.entry(command_id(1_000_000)), journal.entry(command_id(1_000_000)));
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    let tape = Tape::blank();
    let journal = tape.journal(HandClock::at(0).clock());
    tape.set_full(true);
    assert!(matches!(journal.append(some_records()).await, Err(JournalError::Disk(_))));
    assert!(journal.entry(command_id(1)).is_none());
    tape.set_full(false);
    journal.append(some_records()).await.unwrap();
    assert_eq!(rank(journal.entry(command_id(1)).as_ref()), 2);
}
