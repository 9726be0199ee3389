//! Whoever reads words reads of every field: whatever field of a payload is changed, the words are others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../../core/tests/support/payloads.rs"]
mod payloads;

use super::{Changes, IdsOnly, Words};
use adit_core::{
    fleet::{Operation, Pool, Setting},
    ids::DeviceId,
    requests::{
        Action, Payload, Target,
        rendering::{Renderer, Row, Weight},
    },
    state::State,
};
use payloads::{actions, flips, payload, waiting};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::json;

fn settings(device: DeviceId) -> Option<Setting> {
    let user = if device.0 == 1 { "farm.rig" } else { "other" };
    let pools: [Pool; 1] = [Pool { url: "stratum+tcp://pool.example:3333".into(), user: user.into(), password: None }];
    (device.0 < 4).then(|| Setting::pools(&pools))
}

fn words(state: &State, rows: &[Row]) -> Changes {
    Changes::of(&Words { state, names: &IdsOnly, called: &[] }, rows)
}

#[test]
fn each_field_of_each_payload_changes_page_letter_audit_text_and_line() {
    let (state, mut runner) = (State::default(), TestRunner::deterministic());
    for (strategy, _) in actions() {
        let strategy = payload(strategy);
        for _ in 0..6 {
            let mut draw = || strategy.new_tree(&mut runner).unwrap().current();
            let (one, other) = (draw(), draw());
            let rows = |payload: &Payload| {
                Renderer::new(&state, false).with_settings(&settings).of_request(&waiting(payload.clone()))
            };
            let (rendered, said) = (rows(&one), words(&state, &rows(&one)));
            for (path, flip) in flips(&one, &other) {
                let (flipped, now) = (rows(&flip), words(&state, &rows(&flip)));
                assert_ne!(said.text(), now.text(), "{path} of {one:?}\nis not read in {flip:?}");
                assert_ne!(json!(said.0), json!(now.0), "{path} of {one:?}");
                let differing = |rows: &[Row]| -> Vec<Row> {
                    rows.iter().filter(|row| row.weight <= Weight::Change).cloned().collect()
                };
                if differing(&rendered) != differing(&flipped) {
                    assert_ne!(said.line(), now.line(), "{path} of {one:?}");
                }
            }
        }
    }
}

fn pools(user: &str, devices: &[u32]) -> Changes {
    let pools = vec![Pool { url: "stratum+tcp://pool.example:3333".into(), user: user.into(), password: None }];
    let action = Action::Device(Operation::SetPools { pools });
    let targets: Vec<_> = devices.iter().map(|device| Target::Device(DeviceId(*device))).collect();
    let state = State::default();
    let rows = Renderer::new(&state, false).with_settings(&settings).of_action(
        adit_core::ids::AccountId(1),
        &action,
        &targets,
    );
    words(&state, &rows)
}

#[test]
fn another_account_at_the_same_pool_is_said_first_and_in_plain_words() {
    let said = pools("thief.rig", &[1, 2, 3, 4]);
    let lines: Vec<_> = said.0.iter().map(|change| change.text.as_str()).collect();
    assert_eq!(
        lines[..4],
        [
            "Pool 1 account: 2 devices mine for another account: other \u{2192} thief.rig",
            "Pool 1 account: 1 device mines for another account: farm.rig \u{2192} thief.rig",
            "Pool 1 account: 1 device mines now for an account that is not known; then for thief.rig",
            "Pool 1 address: 1 device mines now at a pool that is not known; then at stratum+tcp://pool.example:3333",
        ]
    );
    assert!(said.text().starts_with("! Pool 1 account: "));
    assert!(said.line().starts_with(lines[0]));
    assert!(lines.contains(&"Pool 1 address: stratum+tcp://pool.example:3333, as before (3 devices)"));
}

#[test]
fn as_before_is_said_only_where_it_is_known() {
    let said = pools("farm.rig", &[1]);
    assert_eq!(said.0.iter().filter(|change| change.caution.is_some()).count(), 0);
    assert!(said.text().contains("Pool 1 account: farm.rig, as before (1 device)"));
    assert!(said.text().contains("Pool password: written over; what it was cannot be read, so it may change"));
    assert!(!pools("farm.rig", &[9]).text().contains("as before"));
}

#[test]
fn no_text_of_people_passes_for_a_line_of_its_own_or_for_another() {
    let said = pools("farm\n! Pool 1 account: farm, as before\u{202e}", &[1]);
    assert_eq!(said.text().lines().count(), said.0.len());
    assert!(said.text().contains("\\n") && said.text().contains("\\u{202e}"));
}
