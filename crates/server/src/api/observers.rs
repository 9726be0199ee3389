//! Pages for people without an account, and the links that lead to them.
//!
//! A link's token is in the part of an address that no server is sent (`/observe#<token>`); the page exchanges it for a cookie that is
//! good for a quarter of an hour and for that link alone. What is shown is looked up with every answer, so that a link that was
//! revoked, or a section that was switched off, is gone at once. Unknown, revoked, expired and protected are one answer,
//! found by one way.

mod guesses;
mod links;
mod shown;

pub use guesses::Guesses;
pub use links::{issue, list, narrow, protection, revoke};
pub use shown::preview;

use super::{
    Api, Shared,
    problem::{Answer, Body, Problem},
    session::From,
};
use crate::sign_in::tokens::{hash_of, hex};
use adit_core::{
    accounts::{ObserverLink, Sections},
    fleet::SubAccount,
    ids::ObserverLinkId,
    state::State,
    time::{Millis, Timestamp},
};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;

/// The cookie that a token is exchanged for. It carries the link, sealed under the same name.
const COOKIE: &str = "adit_observer";
/// How long it is good.
const VISIT: Millis = Millis::minutes(15);
/// The one coin there is.
const COIN: &str = "btc";

/// By what somebody wants to look.
enum By<'a> {
    Token(&'a str),
    Link(Option<ObserverLinkId>),
    Name { coin: &'a str, sub_account: &'a str },
}

/// What they may look at.
enum Found<'a> {
    Link(&'a ObserverLink),
    Open(&'a SubAccount, Sections),
}

/// What is looked at by this, if anything. Whatever it is, every link and every name is gone through to the end, so that how
/// long it takes tells nothing.
fn find<'a>(state: &'a State, by: &By<'_>, now: Timestamp) -> Option<Found<'a>> {
    let (token, link, coin, name) = match by {
        By::Token(token) => (Some(*token), None, "", ""),
        By::Link(link) => (None, *link, "", ""),
        By::Name { coin, sub_account } => (None, None, *coin, *sub_account),
    };
    // Compared as they are: whoever measured how far two hashes agree would learn the beginning of one, from which no token follows.
    let hash = hex(&hash_of(token.unwrap_or_default()));
    let is_sought = |known: &&ObserverLink| token.is_some() && known.token_hash == hash || Some(known.id) == link;
    let is_there = |known: &&ObserverLink| known.is_live(now) && state.account(known.account).is_some();
    let by_link = state.observer_links().filter(is_sought).filter(is_there).last();
    let accounts = state.accounts().flat_map(|account| state.sub_accounts_of(account.id));
    let named: Vec<_> = accounts
        .filter(|of| of.name == name && coin == COIN)
        .filter_map(|of| Some((of, state.open_to_observers(of.account)?)))
        .collect();
    match (by_link, named.as_slice()) {
        (Some(link), _) => Some(Found::Link(link)),
        // A name that two accounts have says nothing.
        (None, [(of, sections)]) => Some(Found::Open(of, *sections)),
        _ => None,
    }
}

/// Nobody is told more than that there is nothing.
fn nothing() -> Problem {
    Problem::not_found("page")
}

fn shown(api: &Api, state: &State, by: &By<'_>) -> Option<Value> {
    Some(match find(state, by, api.now())? {
        Found::Link(link) => shown::of_link(api, state, link),
        Found::Open(of, sections) => shown::of_name(api, state, of, sections),
    })
}

/// What came of looking by a token or cookie; too often in vain is another answer.
fn by_link<T>(api: &Api, from: &From, found: Option<T>) -> Answer<T> {
    if found.is_none() {
        api.guesses.link_in_vain(&from.address, api.now()).map_err(Problem::too_many_attempts)?;
    }
    found.ok_or_else(nothing)
}

/// A link's token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    token: String,
}

/// `POST /observe`
pub async fn enter(Shares(api): Shares<Shared>, from: From, Body(asked): Body<Token>) -> Answer<Response> {
    let state = api.engine.state();
    let found = match find(&state, &By::Token(&asked.token), api.now()) {
        Some(Found::Link(link)) => Some((shown::of_link(&api, &state, link), link.id)),
        _ => None,
    };
    let (view, link) = by_link(&api, &from, found)?;
    let visit = api.sign_in.seals.seal(COOKIE, &link, api.now().after(VISIT));
    let (visit, secure) = (visit.map_err(|error| Problem::internal(&error))?, api.secure());
    let age = VISIT.0 / 1_000;
    let cookie = format!("{COOKIE}={visit}; Path=/api/v1/observe; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    let mut response = Json(view).into_response();
    let cookie = HeaderValue::from_str(&cookie).map_err(|error| Problem::internal(&error))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn visit_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// `GET /observe/view`: what the link of the cookie shows now.
pub async fn view(Shares(api): Shares<Shared>, from: From, headers: HeaderMap) -> Answer<Json<Value>> {
    let state = api.engine.state();
    let visit = api.sign_in.seals.open::<ObserverLinkId>(COOKIE, visit_of(&headers).unwrap_or_default(), api.now());
    let link = visit.map(|visit| visit.holds);
    by_link(&api, &from, shown(&api, &state, &By::Link(link))).map(Json)
}

/// `GET /observe/{coin}/{sub_account}`: only while the account's pages are not protected, whoever asks.
pub async fn by_name(
    Shares(api): Shares<Shared>,
    from: From,
    Path((coin, sub_account)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let state = api.engine.state();
    let (page, now) = (format!("{coin}/{sub_account}"), api.now());
    api.guesses.may_look_up(&from.address, &page, now).map_err(Problem::too_many_attempts)?;
    let found = shown(&api, &state, &By::Name { coin: &coin, sub_account: &sub_account });
    api.guesses.looked_up(&from.address, &page, found.is_some(), now);
    found.map(Json).ok_or_else(nothing)
}
