//! What an agent may say: sizes and counts, so that no agent can fill the server.

use adit_core::fleet::{FoundDevice, SitePolicy, TargetResult};
use adit_wire::Allowed;

const MAX_TEXT: usize = 128;
const MAX_SERIAL: usize = 64;
const MAX_MESSAGE: usize = 200;
/// Length of `02:ad:17:00:00:01`.
const MAC: usize = 17;

/// Whether a device can be taken in.
pub(super) fn is_sound(found: &FoundDevice) -> bool {
    let identity = &found.identity;
    let texts = [&found.make, &found.model, &found.firmware, &found.driver];
    let mac_ok = identity.mac.as_ref().is_none_or(|mac| {
        mac.len() == MAC && mac.bytes().all(|b| b == b':' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    let serial_ok = identity.serial.as_ref().is_none_or(|serial| (1..=MAX_SERIAL).contains(&serial.chars().count()));
    (identity.mac.is_some() || identity.serial.is_some())
        && mac_ok
        && serial_ok
        && texts.iter().all(|text| text.len() <= MAX_TEXT)
        && found.supports.len() <= 16
        && found.modes.len() <= 4
}

/// The result with its words cut to what is kept.
pub(super) fn cut(mut result: TargetResult) -> TargetResult {
    result.message = result.message.map(|words| words.chars().take(MAX_MESSAGE).collect());
    result
}

/// What a site's own policy leaves of what is known here.
pub(super) fn policy(told: Allowed) -> SitePolicy {
    let known = |name: String| serde_json::from_value(name.into()).ok();
    let operations = told.operations.map(|names| names.into_iter().filter_map(known).collect());
    SitePolicy { operations, restart_workers: told.restart_workers }
}

/// Words about an agent, for people.
pub(super) fn words(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}
