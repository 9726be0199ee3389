//! Whether a device answers where it is known, as far as anybody has looked.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::{
    fleet::{MissReason, PollResult, Reading},
    ids::DeviceId,
    time::{Millis, Timestamp},
};
use adit_telemetry::{Facts, LiveTable, Polling};

const DEVICE: DeviceId = DeviceId(1);
const POLLED: Polling = Polling::Polled { interval: Millis::seconds(30) };

/// What happens to a device.
type Step<'a> = &'a dyn Fn(&mut LiveTable, Timestamp);

/// What happens to a device, and whether it is said to answer afterwards; each at the second that is named.
fn said(steps: &[(i64, Step<'_>)]) -> Vec<Option<bool>> {
    let mut table = LiveTable::default();
    table.set_device(DEVICE, Facts::default(), POLLED, Timestamp(0));
    steps
        .iter()
        .map(|(second, step)| {
            let at = Timestamp(second * 1_000);
            table.pass(at);
            step(&mut table, at);
            table.row(DEVICE).unwrap().answers()
        })
        .collect()
}

fn hear(table: &mut LiveTable, result: PollResult, at: Timestamp) {
    assert_eq!(table.apply(&[result], at), 1);
}

fn answer(table: &mut LiveTable, at: Timestamp) {
    hear(table, Reading::empty(DEVICE).into(), at);
}

fn miss(table: &mut LiveTable, at: Timestamp) {
    hear(table, PollResult::Missed { device: DEVICE, reason: MissReason::OtherDevice }, at);
}

fn refuse(table: &mut LiveTable, at: Timestamp) {
    hear(table, PollResult::AuthRequired { device: DEVICE }, at);
}

fn polling(polling: Polling) -> impl Fn(&mut LiveTable, Timestamp) {
    move |table, at| table.set_polling(vec![(DEVICE, polling)], at)
}

fn nothing(_: &mut LiveTable, _: Timestamp) {}

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

#[test]
fn a_device_answers_until_it_has_been_silent_three_times() {
    let told =
        said(&[(0, &nothing), (1, &answer), (30, &miss), (60, &miss), (90, &miss), (120, &answer), (150, &refuse)]);
    assert_eq!(told, [NO, YES, YES, YES, NO, YES, NO]);
}

#[test]
fn nobody_can_say_it_until_an_agent_that_was_away_has_looked() {
    for away in [Polling::Gone, Polling::Paused] {
        let (away, back) = (polling(away), polling(POLLED));
        let told = said(&[(1, &answer), (9, &away), (99, &back), (100, &miss), (130, &miss), (160, &miss)]);
        assert_eq!(told, [YES, None, None, None, None, NO]);
        let told = said(&[(1, &answer), (9, &away), (99, &back), (100, &answer)]);
        assert_eq!(told, [YES, None, None, YES]);
        // An agent that does not get round to it does not keep it where it was for ever.
        let told = said(&[(1, &answer), (9, &away), (99, &back), (188, &nothing), (190, &nothing)]);
        assert_eq!(told, [YES, None, None, None, NO]);
    }
}

#[test]
fn where_nobody_polls_it_nobody_hears_it() {
    let told = said(&[(1, &answer), (9, &polling(Polling::NotPolled))]);
    assert_eq!(told, [YES, NO]);
}
