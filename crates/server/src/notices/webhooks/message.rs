//! What a message says: what happened, to what, by whom, all by id. Names of people and their words are left out; a
//! request's title and rows name things, and addresses that money goes to are masked.

use crate::{
    api::views::title,
    words::{Changes, IdsOnly, Words},
};
use adit_core::{
    event::{Entry, Event},
    ids::{AccountId, RequestId},
    requests::rendering::Renderer,
    state::State,
    time::Timestamp,
};
use adit_wire::SignedHead;
use serde_json::{Value, json};

/// The body for an event. `state` is the log up to and with it, and `head` is signed: whoever keeps messages can prove later what the log was.
pub(in super::super) fn of(
    state: &State,
    entry: &Entry,
    account: AccountId,
    kind: &str,
    (public_url, head): (&str, &SignedHead),
) -> String {
    let mut data = match &entry.event {
        Event::GrantAdded { grant, user, role, scope, expires_at, .. } => {
            json!({ "grant": grant, "user": user, "role": role, "scope": scope, "expires_at": expires_at })
        }
        Event::GrantChanged { grant, expires_at, api_access, .. } => {
            json!({ "grant": grant, "expires_at": expires_at, "api_access": api_access })
        }
        Event::GrantRemoved { grant, user, .. } => json!({ "grant": grant, "user": user }),
        Event::UserSuspended { user, .. } | Event::UserUnsuspended { user, .. } => json!({ "user": user }),
        Event::RoleSet { role, permissions, .. } => json!({ "role": role, "permissions": permissions }),
        Event::RoleDeleted { role, .. } => json!({ "role": role }),
        Event::PolicySet { scenario, policy, .. } => {
            json!({ "scenario": scenario, "required": policy.required, "required_other": policy.required_other })
        }
        Event::KeyIssued { key, grant, access, expires_at, .. } => {
            json!({ "key": key, "grant": grant, "access": access, "expires_at": expires_at })
        }
        Event::OwnershipTransferred { from, to, .. } => json!({ "from": from, "to": to }),
        Event::AccountDeletionBegun { at, .. } => json!({ "at": at }),
        Event::KeyChanged { key, expires_at, .. } => json!({ "key": key, "expires_at": expires_at }),
        Event::KeyRotated { key, former_until, .. } => json!({ "key": key, "former_until": former_until }),
        Event::KeyRevoked { key, .. } => json!({ "key": key }),
        Event::GovernanceDegraded { scenarios, .. } => json!({ "scenarios": scenarios }),
        Event::RecoveryUsed { request, .. } | Event::RecoveryReviewed { request, .. } => {
            json!({ "request": request_view(state, *request, public_url) })
        }
        event => event.request().map_or_else(|| json!({}), |request| of_request(state, event, request, public_url)),
    };
    data["account"] = json!(account);
    data["seq"] = json!(state.seq());
    data["actor"] = json!(entry.actor);
    data["head"] = json!(head);
    json!({ "type": kind, "timestamp": iso(entry.at), "data": data }).to_string()
}

fn of_request(state: &State, event: &Event, request: RequestId, public_url: &str) -> Value {
    let mut data = json!({ "request": request_view(state, request, public_url) });
    match event {
        Event::VoteCast { voter, decision, .. } => data["vote"] = json!({ "voter": voter, "decision": decision }),
        Event::VoteWithdrawn { voter, .. } => data["vote"] = json!({ "voter": voter }),
        Event::RequestCommented { by, .. } => data["comment"] = json!({ "by": by }),
        Event::TargetsDropped { by, items, .. } => data["taken"] = json!({ "by": by, "targets": items.len() }),
        _ => {}
    }
    data
}

fn request_view(state: &State, id: RequestId, public_url: &str) -> Value {
    let Some(request) = state.request(id) else { return json!({ "id": id }) };
    let (payload, targets) = (&request.payload, request.effective().count());
    let rows = Renderer::new(state, true).of_request(&request.without_addresses());
    let changes = Changes::of(&Words::of(state, &IdsOnly, request), &rows);
    json!({
        "id": id, "number": request.number, "state": request.state, "scenario": payload.scenario,
        "title": title(request, targets), "initiator": payload.initiator, "targets": targets,
        "changes": changes.into_rows(),
        "approve_deadline": payload.not_after, "url": format!("{public_url}/s/all/requests/{id}"),
    })
}

/// As ISO 8601 has it, in UTC: `2026-07-01T12:00:00.000Z`.
pub(super) fn iso(at: Timestamp) -> String {
    let (days, millis) = (at.0.div_euclid(86_400_000), at.0.rem_euclid(86_400_000));
    // Days since 1 March of the year 0, in eras of 400 years: leap days are at the end of a year then.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_everybody_reads_them() {
        for (at, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_614_265_330_123, "2021-02-25T15:02:10.123Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso(Timestamp(at)), text);
        }
    }
}
