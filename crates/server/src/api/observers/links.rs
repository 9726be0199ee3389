//! Issuing links, showing less by them, ending them, and whether pages open without one.

use crate::{
    api::{
        Shared,
        caller::Allowed,
        id,
        problem::{Answer, Body, Problem},
        requests,
    },
    sign_in::tokens::{hash_of, hex},
};
use adit_core::{
    accounts::{ObserverLink, Sections},
    authz::{Permission, Place, Reach},
    ids::{ObserverLinkId, SubAccountId},
    requests::{Control, NewObserverLink},
    state::State,
    time::{Millis, Timestamp},
};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const P: u8 = Permission::ObserverManage as u8;
/// Random bytes of a token.
const SECRET: usize = 20;
/// Life of a link, unless another is asked for, days.
const DAYS: u64 = 90;

fn link_view(link: &ObserverLink, now: Timestamp) -> Value {
    json!({
        "id": link.id, "label": link.label, "sub_accounts": link.sub_accounts, "sections": link.sections,
        "issued_at": link.issued_at, "expires_at": link.expires_at, "revoked_at": link.revoked_at,
        "live": link.is_live(now),
    })
}

fn within(reach: &Reach, link: &ObserverLink) -> bool {
    let place = |id: &SubAccountId| Place::sub_account(*id);
    link.sub_accounts.iter().all(|id| reach.covers(link.account, &place(id)))
}

/// A link whose sub-accounts are all within reach.
fn sought(state: &State, reach: &Reach, text: &str) -> Answer<ObserverLinkId> {
    let link = state.observer_link(id(text, "observer link")?).filter(|link| within(reach, link));
    link.map(|link| link.id).ok_or_else(|| Problem::not_found("observer link"))
}

/// `GET /observer-links`
pub async fn list(Shares(api): Shares<Shared>, allowed: Allowed<P>) -> Json<Value> {
    let (state, now, reach) = (api.engine.state(), api.now(), allowed.permit.reach());
    let mut links: Vec<_> = state.observer_links().filter(|link| within(reach, link)).collect();
    links.reverse();
    let open = state.open_to_observers(reach.account());
    let items: Vec<_> = links.into_iter().map(|link| link_view(link, now)).collect();
    Json(json!({ "items": items, "protected": open.is_none(), "open_sections": open }))
}

/// A link to be issued.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    sub_accounts: BTreeSet<SubAccountId>,
    sections: Sections,
    label: String,
    /// 1 to 365; 90 if nothing is said.
    expires_in_days: Option<u64>,
    /// The link that is reset: it shows nothing any more.
    replaces: Option<ObserverLinkId>,
}

/// `POST /observer-links`: the token is in the answer, once. It opens something as soon as the request for it is carried out.
pub async fn issue(
    Shares(api): Shares<Shared>,
    Allowed { caller, permit }: Allowed<P>,
    Body(asked): Body<Asked>,
) -> Answer<Response> {
    if let Some(old) = asked.replaces {
        sought(&api.engine.state(), permit.reach(), &old.to_string())?;
    }
    let days = asked.expires_in_days.unwrap_or(DAYS);
    if !(1..=365).contains(&days) {
        return Err(Problem::field("/expires_in_days", "must be between 1 and 365"));
    }
    let mut bytes = [0_u8; SECRET];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
    let token = hex(&bytes);
    let token_hash = hex(&hash_of(&token));
    let Asked { sub_accounts, sections, label, replaces, .. } = asked;
    let expires_at = api.now().after(Millis::days(days));
    let hash = token_hash.clone();
    let new = NewObserverLink { sub_accounts, sections, label, token_hash, expires_at, replaces };
    let control = Control::IssueObserverLink(new);
    let request = requests::submit_control(&api, &caller, None, control, None, None).await?;
    let state = api.engine.state();
    let link = state.observer_links().find(|link| link.token_hash == hash).map(|link| link_view(link, api.now()));
    let status = if link.is_some() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    let body = json!({
        "link": link, "token": token, "path": format!("/observe#{token}"),
        "request": requests::shown(&api, &caller, request)?,
    });
    Ok((status, Json(body)).into_response())
}

/// `PUT /observer-links/{link}/sections`: only what is shown already can stay; at once.
pub async fn narrow(
    Shares(api): Shares<Shared>,
    Allowed { caller, permit }: Allowed<P>,
    Path(link): Path<String>,
    Body(sections): Body<Sections>,
) -> Answer<Response> {
    let link = sought(&api.engine.state(), permit.reach(), &link)?;
    let control = Control::NarrowObserverLink { link, sections };
    let request = requests::submit_control(&api, &caller, None, control, None, None).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}

/// `DELETE /observer-links/{link}`: at once.
pub async fn revoke(
    Shares(api): Shares<Shared>,
    Allowed { caller, permit }: Allowed<P>,
    Path(link): Path<String>,
) -> Answer<Response> {
    let link = sought(&api.engine.state(), permit.reach(), &link)?;
    let control = Control::RevokeObserverLink { link };
    let request = requests::submit_control(&api, &caller, None, control, None, None).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}

/// Whether pages open by links only; if not, what they show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protection {
    on: bool,
    #[serde(default)]
    sections: Sections,
}

/// `PUT /observer-protection`: on at once, off by approval.
pub async fn protection(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<P>,
    Body(asked): Body<Protection>,
) -> Answer<Response> {
    let control =
        if asked.on { Control::ProtectObservers {} } else { Control::OpenObservers { sections: asked.sections } };
    let request = requests::submit_control(&api, &caller, None, control, None, None).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}
