//! The caller's inbox: what they were told of, as far as they may still see it, and which of it they want by letter.

mod standing;

pub use standing::counts;

use super::{
    Shared,
    caller::Caller,
    problem::{Answer, Body, Params, Problem, limit},
    views::Viewer,
};
use crate::notices::{
    inbox::{Tab, wants_vote},
    words,
};
use adit_core::{notices::Topic, time::Timestamp};
use adit_store::{Choices, Item, Mark};
use axum::{Json, extract::State as Shares};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// Most items that are marked at once.
const MAX_MARKS: usize = 200;

/// Which items.
#[derive(Deserialize)]
pub struct Listed {
    tab: Option<String>,
    cursor: Option<i64>,
    limit: Option<usize>,
}

/// `GET /inbox`
pub async fn list(Shares(api): Shares<Shared>, caller: Caller, Params(asked): Params<Listed>) -> Answer<Json<Value>> {
    let wanted = asked.tab.as_deref().unwrap_or("needs_me");
    let no_votes = wanted == "asked";
    let wanted = if no_votes { "needs_me" } else { wanted };
    let wanted = Tab::named(wanted).ok_or_else(|| Problem::parameter("tab", format!("knows no {wanted}")))?;
    let limit = limit(asked.limit, 50, 200)?;
    let (state, names, now) = (api.engine.state(), api.names(caller.actor.account)?, api.now());
    let (me, account) = (caller.session.user, caller.actor.account);
    let items = api.herald.store().items(me, account)?;
    let found = items.iter().filter(|item| Tab::of(item, &state, now) == Some(wanted));
    let found: Vec<_> = found.filter(|item| !(no_votes && wants_vote(item, &state, now))).collect();
    let rest: Vec<_> =
        found.iter().filter(|item| asked.cursor.is_none_or(|cursor| item.id < cursor)).copied().collect();
    let viewer = Viewer { state: &state, names: &names, actor: &caller.actor, now };
    let standing = if wanted == Tab::NeedsMe { standing::of(&api, &state, &caller.actor, now) } else { Vec::new() };
    // They come before everything else, on the first page.
    let first = if asked.cursor.is_none() { standing.as_slice() } else { &[] };
    let told = rest.iter().take(limit).map(|item| view(&viewer, item));
    let page: Vec<_> = first.iter().map(standing::view).chain(told).collect();
    let next = (rest.len() > limit).then(|| rest[limit - 1].id.to_string());
    let counts = counts(&api, &state, (me, &caller.actor), now)?;
    Ok(Json(json!({
        "items": page, "total": found.len() + standing.len(), "next_cursor": next, "needs_me": counts.needs_me, "asked": counts.asked,
        "unread": counts.unread,
    })))
}

fn view(viewer: &Viewer<'_>, item: &Item) -> Value {
    let notice = &item.notice;
    let request = match notice.topic {
        Topic::Request(id) => viewer.state.request(id).and_then(|request| viewer.summary(request)),
        _ => None,
    };
    json!({
        "id": item.id.to_string(), "kind": notice.kind.name(), "class": notice.class, "topic": notice.topic.to_string(),
        "about": words::about(viewer.state, notice, viewer.now), "says": words::says(notice.kind), "path": words::path(notice),
        "at": notice.at, "read_at": item.read_at, "done_at": item.done_at, "snoozed_until": item.snoozed_until,
        "request": request, "standing": false,
    })
}

/// What is noted on which items.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    items: Vec<String>,
    read: Option<bool>,
    done: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    snoozed_until: Option<Option<Timestamp>>,
}

/// `null` is not the same as nothing.
fn given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// `POST /inbox/marks`: what has changed since it was looked at is left as it is.
pub async fn mark(Shares(api): Shares<Shared>, caller: Caller, Body(asked): Body<Marks>) -> Answer<Json<Value>> {
    if asked.items.is_empty() || asked.items.len() > MAX_MARKS {
        return Err(Problem::field("/items", format!("must be 1 to {MAX_MARKS}")));
    }
    let items: Result<Vec<i64>, _> = asked.items.iter().map(|item| item.parse()).collect();
    let items = items.map_err(|_| Problem::not_found("item"))?;
    let (now, me, account) = (api.now(), caller.session.user, caller.actor.account);
    if asked.snoozed_until.flatten().is_some_and(|until| until <= now) {
        return Err(Problem::field("/snoozed_until", "must be a time to come"));
    }
    let mark = Mark { read: asked.read, done: asked.done, snoozed_until: asked.snoozed_until };
    let marked = api.herald.store().mark(me, account, &items, mark, now)?;
    api.herald.changed(me);
    let counts = counts(&api, &api.engine.state(), (me, &caller.actor), now)?;
    Ok(Json(json!({ "marked": marked, "needs_me": counts.needs_me, "asked": counts.asked, "unread": counts.unread })))
}

fn choices_view(api: &Shared, caller: &Caller) -> Answer<Json<Value>> {
    let user = caller.session.user;
    let Choices { needs_me, mine, told, heads } = api.herald.store().choices(user)?;
    let verified = api.engine.state().is_verified(user);
    let sent = api.herald.sends_letters();
    Ok(Json(json!({
        "needs_me": needs_me, "mine": mine, "told": told, "heads": heads, "email_verified": verified, "sent": sent,
    })))
}

/// `GET /me/letters`
pub async fn choices(Shares(api): Shares<Shared>, caller: Caller) -> Answer<Json<Value>> {
    choices_view(&api, &caller)
}

/// Of what letters are wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    needs_me: bool,
    mine: bool,
    told: bool,
    heads: bool,
}

/// `PUT /me/letters`
pub async fn choose(Shares(api): Shares<Shared>, caller: Caller, Body(chosen): Body<Chosen>) -> Answer<Json<Value>> {
    let Chosen { needs_me, mine, told, heads } = chosen;
    api.herald.store().choose(caller.session.user, Choices { needs_me, mine, told, heads })?;
    choices_view(&api, &caller)
}
