//! Notices in words. What they name, their reader may see at the moment of wording; comments and reasons of people are left
//! out, for letters are read by whoever reads somebody's mail.

use crate::{
    api::{
        Names,
        views::{Viewer, title},
    },
    words::Changes,
};
use adit_core::{
    authz::{Actor, Principal, RoleId},
    notices::{Kind, Notice, Topic},
    state::State,
    time::Timestamp,
};

/// What a notice is about, in few words: "R-12 Reboot on 3 devices".
pub(crate) fn about(state: &State, notice: &Notice, now: Timestamp) -> String {
    let reader = reader_of(notice);
    match notice.topic {
        Topic::Request(id) => state.request(id).and_then(|request| state.as_seen(&reader, request, now)).map_or_else(
            || id.to_string(),
            |request| {
                let title = title(&request, request.effective().count());
                format!("R-{} {title}", request.number)
            },
        ),
        Topic::Grant(grant) => {
            let role = state.grant(grant).map(|grant| state.role_title(grant.role));
            role.map_or_else(|| "A role of yours".to_owned(), |role| format!("Your role {role}"))
        }
        Topic::Role(role) => format!("Your role {}", state.role_title(RoleId::Custom(role))),
        Topic::Webhook(webhook) => {
            let name = state.webhook(webhook).map(|webhook| webhook.name.clone());
            format!("Webhook {}", name.unwrap_or_else(|| webhook.to_string()))
        }
        Topic::Account(account) => state.account(account).map_or_else(|| account.to_string(), |a| a.name.clone()),
    }
}

/// What the request changes that it is about, field by field; nothing if it is about something else, or its reader does not see it.
pub(crate) fn changes(state: &State, names: &Names, notice: &Notice, now: Timestamp) -> Option<Changes> {
    let Topic::Request(id) = notice.topic else { return None };
    let reader = reader_of(notice);
    let request = state.as_seen(&reader, state.request(id)?, now)?;
    Some(Viewer { state, names, actor: &reader, now }.changes(&request, None))
}

const fn reader_of(notice: &Notice) -> Actor {
    Actor { account: notice.account, principal: Principal::User(notice.to), authenticated_at: notice.at }
}

/// What happened to it; follows [`about`].
pub(crate) const fn says(kind: Kind) -> &'static str {
    match kind {
        Kind::VoteWanted => "waits for your vote",
        Kind::VoteReminder => "still waits for your vote, and its time runs out",
        Kind::ReviewWanted => "was used to recover governance and has to be looked at",
        Kind::OwnershipOffered => "would make you the owner, if you accept",
        Kind::OwnershipTransferred => "has another owner",
        Kind::DeletionBegun => "is to be deleted; an Administrator can still undo that",
        Kind::DeletionUndone => "is not deleted after all",
        Kind::Submitted => "was asked for",
        Kind::Approved => "has enough approvals",
        Kind::Returned => "lost an approval and waits again",
        Kind::Began => "is being carried out",
        Kind::TargetsTaken => "lost devices to a later request",
        Kind::NotGivenBack => "does not get back its devices: the request that took them ended",
        Kind::RecoveryHalfTime => "takes effect soon: half of the time to stop it is over",
        Kind::Executed => "was carried out",
        Kind::PartiallyExecuted => "was carried out in part",
        Kind::Failed => "failed",
        Kind::Rejected => "was rejected",
        Kind::Commented => "was commented on",
        Kind::Cancelled => "was called off",
        Kind::Expired => "ran out of time",
        Kind::Superseded => "was replaced by another request",
        Kind::Invalidated => "can no longer be carried out",
        Kind::Altered => "is not what was approved: somebody has altered what the server keeps; it was not carried out",
        Kind::Reviewed => "was looked at after the recovery",
        Kind::GrantGiven => "is yours from now on",
        Kind::GrantChanged => "ends at another time or has other keys",
        Kind::GrantEnded => "has ended",
        Kind::Suspended => "has suspended your roles",
        Kind::Unsuspended => "has ended the suspension of your roles",
        Kind::RoleChanged => "has other permissions or another name",
        Kind::GovernanceDegraded => "has too few approvers left for some requests",
        Kind::GovernanceRestored => "has enough approvers again",
        Kind::HeadOfDay => "has come so far in its log",
        Kind::WebhookDisabled => "failed for so long that nothing is sent there any more",
    }
}

/// Where in the console it is shown, after the server's address.
pub(crate) fn path(notice: &Notice) -> String {
    match notice.topic {
        Topic::Request(id) => format!("/s/all/requests/{id}"),
        Topic::Webhook(_) => "/s/all/webhooks".to_owned(),
        Topic::Grant(_) | Topic::Role(_) | Topic::Account(_) => "/s/all/inbox".to_owned(),
    }
}
