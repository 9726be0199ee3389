//! Whether a device can be reached, and since when: unknown is not unreachable.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::{
    fleet::MissReason,
    time::{Millis, Timestamp},
};
use adit_telemetry::{Connectivity as C, ConnectivityReason as R, Contact, Heard, Level, Polling};
use proptest::prelude::*;

const INTERVAL: Millis = Millis::seconds(30);
/// Three intervals.
const LATE: i64 = 90_000;
const POLLED: Polling = Polling::Polled { interval: INTERVAL };
const MISS: Heard = Heard::Miss(MissReason::Timeout);

fn at(second: i64) -> Timestamp {
    Timestamp(second * 1_000)
}

/// A device of which this was heard at these seconds.
fn after(heard: &[(i64, Heard)]) -> Contact {
    let mut contact = Contact::new(at(0), POLLED);
    for (second, heard) in heard {
        contact.hear(*heard, at(*second));
    }
    contact
}

fn told(contact: &Contact) -> (C, Option<R>, i64) {
    let Level { value, reason, since } = contact.level();
    (value, reason, since.0 / 1_000)
}

/// What is told once the clock says so much.
fn told_at(contact: &mut Contact, second: i64) -> (C, Option<R>, i64) {
    contact.pass(at(second));
    told(contact)
}

#[test]
fn a_device_that_was_never_polled_is_unknown_since_it_was_found() {
    let mut contact = after(&[]);
    assert_eq!(told_at(&mut contact, 1_000), (C::Unknown, Some(R::NeverRead), 0));
    contact.set_polling(Polling::Gone, at(1_001));
    assert_eq!(told(&contact), (C::Unknown, Some(R::NeverRead), 0));
}

#[test]
fn three_misses_in_a_row_make_it_unreachable_since_the_first_and_one_answer_brings_it_back() {
    let mut contact = after(&[(1, Heard::Answer), (20, MISS), (50, MISS)]);
    assert_eq!(told(&contact), (C::Online, None, 1));
    contact.hear(Heard::Answer, at(60));
    assert_eq!(told(&contact), (C::Online, None, 1), "nothing has happened");
    for second in [90, 120, 150, 180] {
        contact.hear(MISS, at(second));
    }
    assert_eq!(told(&contact), (C::Unreachable, Some(R::Timeout), 90));
    contact.hear(Heard::Miss(MissReason::OtherDevice), at(210));
    assert_eq!(told(&contact), (C::Unreachable, Some(R::OtherDevice), 90));
    contact.hear(Heard::Answer, at(240));
    assert_eq!((told(&contact), contact.answered_at()), ((C::Online, None, 240), Some(at(240))));
}

#[test]
fn a_device_that_refuses_the_password_and_then_falls_silent_is_unreachable() {
    let mut contact = after(&[(1, Heard::Refusal), (30, Heard::Refusal), (60, MISS), (90, MISS)]);
    assert_eq!(told(&contact), (C::AuthRequired, Some(R::WrongPassword), 1));
    contact.hear(MISS, at(120));
    assert_eq!(told(&contact), (C::Unreachable, Some(R::Timeout), 60));
}

#[test]
fn what_an_agent_does_not_get_round_to_is_unknown_since_its_last_result_ceased_to_count() {
    let mut contact = after(&[(1, Heard::Answer), (30, MISS), (60, MISS)]);
    assert_eq!(told_at(&mut contact, 149), (C::Online, None, 1));
    assert_eq!(told_at(&mut contact, 150), (C::Unknown, Some(R::AgentLate), 135));
    for second in [160, 190] {
        contact.hear(MISS, at(second));
    }
    assert_eq!(
        told(&contact),
        (C::Unknown, Some(R::AgentLate), 135),
        "two before and two after are not three in a row"
    );
    contact.hear(MISS, at(220));
    assert_eq!(told(&contact), (C::Unreachable, Some(R::Timeout), 160));
}

#[test]
fn an_agent_that_goes_and_comes_back_changes_nothing_but_what_is_known_meanwhile() {
    for (away, reason) in
        [(Polling::Gone, R::AgentGone), (Polling::Paused, R::AgentPaused), (Polling::NotPolled, R::NotPolled)]
    {
        let mut contact = after(&[(1, Heard::Answer), (30, Heard::Answer)]);
        contact.set_polling(away, at(40));
        assert_eq!(told_at(&mut contact, 5_000), (C::Unknown, Some(reason), 40));
        contact.set_polling(POLLED, at(5_000));
        assert_eq!(told_at(&mut contact, 5_001), (C::Unknown, Some(reason), 40), "it has not been looked at yet");
        contact.hear(Heard::Answer, at(5_010));
        assert_eq!(told(&contact), (C::Online, None, 1));
    }
}

#[test]
fn misses_before_an_agent_went_do_not_count_with_those_after() {
    let mut contact = after(&[(1, Heard::Answer), (30, MISS), (60, MISS)]);
    contact.set_polling(Polling::Gone, at(70));
    contact.set_polling(POLLED, at(80));
    contact.hear(MISS, at(90));
    contact.hear(MISS, at(120));
    assert_eq!(told(&contact), (C::Unknown, Some(R::AgentGone), 70));
}

#[test]
fn an_unreachable_device_that_is_still_so_once_its_agent_is_back_has_been_so_all_along() {
    let mut contact = after(&[(1, Heard::Answer), (30, MISS), (60, MISS), (90, MISS)]);
    contact.set_polling(Polling::Gone, at(100));
    assert_eq!(told(&contact), (C::Unknown, Some(R::AgentGone), 100));
    contact.set_polling(POLLED, at(200));
    for second in [210, 240, 270] {
        contact.hear(MISS, at(second));
    }
    assert_eq!(told(&contact), (C::Unreachable, Some(R::Timeout), 30));
}

#[test]
fn an_agent_that_is_back_and_brings_nothing_is_late() {
    let mut contact = after(&[(1, Heard::Answer)]);
    contact.set_polling(Polling::Paused, at(10));
    contact.set_polling(POLLED, at(100));
    assert_eq!(told_at(&mut contact, 190), (C::Unknown, Some(R::AgentLate), 10));
}

#[test]
fn after_a_start_of_the_server_nothing_changes_for_a_minute() {
    let contact = after(&[(1, Heard::Answer), (30, Heard::Answer)]);
    let mut silent = contact.restored(at(40), at(100));
    assert_eq!((told_at(&mut silent, 159), silent.is_restored()), ((C::Online, None, 1), true));
    assert_eq!(told_at(&mut silent, 160), (C::Unknown, Some(R::AgentGone), 40));
    let mut back = contact.restored(at(40), at(100));
    back.set_polling(POLLED, at(120));
    assert_eq!((told_at(&mut back, 200), back.is_restored()), ((C::Online, None, 1), true), "it has its time");
    back.hear(Heard::Answer, at(201));
    assert_eq!((told(&back), back.is_restored()), ((C::Online, None, 1), false));
}

#[test]
fn a_device_of_which_everything_is_lost_at_a_start_is_not_called_never_read() {
    let lost = Contact::new(at(100), Polling::Awaited { saved_at: at(100) });
    assert!(!lost.is_restored());
    let mut alone = lost;
    assert_eq!(told_at(&mut alone, 159), (C::Unknown, Some(R::NotRestored), 100));
    assert_eq!(told_at(&mut alone, 160), (C::Unknown, Some(R::AgentGone), 100));
    let mut polled = lost;
    polled.set_polling(POLLED, at(110));
    assert_eq!(told_at(&mut polled, 199), (C::Unknown, Some(R::NotRestored), 100));
    assert_eq!(told_at(&mut polled, 200), (C::Unknown, Some(R::AgentLate), 100));
    polled.hear(Heard::Answer, at(201));
    assert_eq!(told(&polled), (C::Online, None, 201));
    let mut held = lost;
    held.set_polling(Polling::Paused, at(110));
    assert_eq!(told(&held), (C::Unknown, Some(R::AgentPaused), 100));
    let never = after(&[]).restored(at(90), at(100));
    assert_eq!(told(&never), (C::Unknown, Some(R::NeverRead), 0), "which was known");
}

#[test]
fn what_a_device_said_is_current_for_two_and_a_half_intervals() {
    let contact = after(&[(10, Heard::Answer), (40, MISS)]);
    assert!(contact.is_current(at(10), at(84)) && !contact.is_current(at(10), at(85)));
    assert_eq!(contact.next_change(Some(at(10)), at(40)), at(85));
    assert_eq!(contact.next_change(Some(at(10)), at(85)), at(130), "then it is late");
    assert!(!after(&[(10, Heard::Answer), (40, Heard::Refusal)]).is_current(at(10), at(41)));
}

#[test]
fn a_device_under_a_long_order_is_busy_and_its_agent_is_not_late() {
    let mut contact = after(&[(1, Heard::Answer), (30, Heard::Busy), (60, Heard::Busy), (90, Heard::Busy)]);
    assert_eq!(told_at(&mut contact, 90), (C::Online, None, 1));
    assert_eq!(contact.next_change(None, at(90)), at(91));
    assert_eq!(told_at(&mut contact, 91), (C::Unknown, Some(R::Busy), 76), "since its last answer ceased to count");
    contact.hear(Heard::Busy, at(120));
    assert_eq!(contact.next_change(None, at(120)), at(210));
    assert_eq!(told_at(&mut contact, 209), (C::Unknown, Some(R::Busy), 76));
    assert_eq!(told_at(&mut contact, 210), (C::Unknown, Some(R::AgentLate), 76), "nobody says so any more");
    contact.hear(Heard::Busy, at(220));
    assert_eq!(told(&contact), (C::Unknown, Some(R::Busy), 76));
    contact.set_polling(Polling::Gone, at(230));
    assert_eq!(told(&contact), (C::Unknown, Some(R::AgentGone), 76));
    contact.set_polling(POLLED, at(240));
    contact.hear(Heard::Busy, at(245));
    assert_eq!(told(&contact), (C::Unknown, Some(R::Busy), 76), "its agent is there");
    contact.hear(Heard::Answer, at(250));
    assert_eq!(told(&contact), (C::Online, None, 1), "nothing has happened to it");
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Hear(Heard),
    Poll(Polling),
    Pass,
}

fn step() -> impl Strategy<Value = (i64, Step)> {
    let reasons = vec![MissReason::Timeout, MissReason::Refused, MissReason::NoRoute, MissReason::OtherDevice];
    let step = prop_oneof![
        8 => prop::sample::select(reasons).prop_map(|reason| Step::Hear(Heard::Miss(reason))),
        2 => Just(Step::Hear(Heard::Answer)),
        1 => Just(Step::Hear(Heard::Refusal)),
        2 => Just(Step::Hear(Heard::Busy)),
        2 => Just(Step::Poll(POLLED)),
        1 => prop::sample::select(vec![Polling::Gone, Polling::Paused, Polling::NotPolled]).prop_map(Step::Poll),
        2 => Just(Step::Pass),
    ];
    (prop_oneof![4 => 0..40_000_i64, 1 => 0..200_000_i64], step)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever is late, absent or cut off by an agent that went: no device is unreachable that was not polled in time and
    /// missed three times in a row, while its agent was there.
    #[test]
    fn only_timely_misses_make_a_device_unreachable(steps in prop::collection::vec(step(), 1..60)) {
        let mut contact = Contact::new(at(0), POLLED);
        let mut now = 0;
        let mut results: Vec<(i64, Heard)> = Vec::new();
        // When somebody was last not looking.
        let mut blind_until = i64::MIN;
        let mut polling = POLLED;
        let mut before: Option<Level<C, R>> = None;
        let mut busy_at = i64::MIN;
        for (wait, step) in steps {
            now += wait;
            match step {
                Step::Hear(heard) => {
                    contact.hear(heard, Timestamp(now));
                    match heard {
                        Heard::Busy => busy_at = now,
                        Heard::Answer | Heard::Refusal | Heard::Miss(_) => results.push((now, heard)),
                    }
                    if polling == Polling::Gone {
                        (polling, blind_until) = (POLLED, now);
                    }
                }
                Step::Poll(next) => {
                    contact.set_polling(next, Timestamp(now));
                    polling = next;
                }
                Step::Pass => contact.pass(Timestamp(now)),
            }
            if polling != POLLED {
                blind_until = i64::MAX;
            } else if blind_until == i64::MAX {
                blind_until = now;
            }
            let level = contact.level();
            if level.value == C::Unreachable {
                let run: Vec<_> = results.iter().rev().take(3).collect();
                prop_assert_eq!(run.len(), 3);
                prop_assert!(run.iter().all(|(_, heard)| matches!(heard, Heard::Miss(_))), "{:?}", run);
                prop_assert!(run[2].0 >= blind_until && polling == POLLED);
                prop_assert!(run.windows(2).all(|pair| pair[0].0 - pair[1].0 < LATE));
            }
            if matches!(level.value, C::Unreachable | C::Online | C::AuthRequired) {
                prop_assert!(polling == POLLED);
            }
            if level.reason == Some(R::AgentLate) {
                prop_assert!(busy_at == i64::MIN || now >= busy_at + LATE, "an order explains it");
            }
            if level.reason == Some(R::Busy) {
                prop_assert!(busy_at != i64::MIN && polling == POLLED);
            }
            if level.value == C::Online {
                let answered = results.iter().rev().find(|(_, heard)| !matches!(heard, Heard::Miss(_)));
                prop_assert!(matches!(answered, Some((_, Heard::Answer))));
            }
            prop_assert!(level.since.0 <= now);
            if let Some(before) = before.filter(|before| before.value == level.value) {
                prop_assert_eq!(before.since, level.since, "an unchanged value keeps its since");
            }
            let answers = results.iter().rev().find(|(_, heard)| !matches!(heard, Heard::Miss(_)));
            prop_assert_eq!(contact.answered_at().map(|at| at.0), answers.map(|(at, _)| *at), "seen is the last answer");
            before = Some(level);
        }
    }
}
