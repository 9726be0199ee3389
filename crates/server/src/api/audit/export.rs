//! The log to take away: as lines of JSON whose chain anybody can check, or as a table for people. Written as it is read, oldest
//! first, so that a long log costs no more memory than a short one.

use super::{Asked, CHUNK, P, Page, Reader, read_all};
use crate::{
    api::{
        Names, Shared,
        caller::Permitted,
        problem::{Answer, Params, Problem},
    },
    csv,
};
use adit_core::{
    audit::Record,
    authz::{Actor, Permit, Reach},
    state::State,
    time::Timestamp,
};
use axum::{
    body::{Body, Bytes},
    extract::State as Shares,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::Value;
use std::{
    io,
    sync::{Arc, PoisonError},
};

/// Records in one piece.
const PIECE: u64 = 10 * CHUNK;
/// What the table has.
const COLUMNS: [&str; 10] =
    ["seq", "at", "actor_kind", "actor_id", "actor", "type", "request", "summary", "changes", "hash"];

/// What is written, and how far.
struct Export {
    api: Shared,
    state: Arc<State>,
    names: Names,
    actor: Actor,
    now: Timestamp,
    reach: Reach,
    asked: Option<Asked>,
    next: u64,
    last: u64,
}

impl Export {
    fn new(api: Shared, permit: &Permit<P>, asked: Option<Asked>) -> Answer<Self> {
        let (actor, now, reach) = (*permit.actor(), api.now(), permit.reach().clone());
        let (state, names) = (api.engine.state(), api.names(actor.account)?);
        let last = state.seq();
        let asked = asked.map(|asked| asked.with_requests(&state, &Reader { actor: &actor, now, reach: &reach }));
        Ok(Self { state, names, actor, now, reach, asked, next: 1, last, api })
    }

    fn records(&mut self) -> Result<Vec<Record>, String> {
        let end = (self.next + PIECE).min(self.last + 1);
        let log = Arc::clone(&self.api.log);
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let records = read_all(log.as_ref(), self.next, end).map_err(|error| error.to_string())?;
        self.next = end;
        Ok(records)
    }

    /// The next lines; nothing at the end.
    fn piece(&mut self) -> Result<Option<String>, String> {
        let mut text = String::new();
        while text.is_empty() {
            if self.next > self.last {
                return Ok(None);
            }
            for record in self.records()? {
                match &self.asked {
                    None => {
                        text.push_str(&serde_json::to_string(&record).map_err(|error| error.to_string())?);
                        text.push('\n');
                    }
                    Some(asked) => text.push_str(&self.row(asked, &record).unwrap_or_default()),
                }
            }
        }
        Ok(Some(text))
    }

    fn row(&self, asked: &Asked, record: &Record) -> Option<String> {
        let Timestamp(at) = record.at;
        if asked.from.is_some_and(|from| at < from) || asked.to.is_some_and(|to| at > to) {
            return None;
        }
        let reader = Reader { actor: &self.actor, now: self.now, reach: &self.reach };
        let page = Page { state: &self.state, names: &self.names, reader, asked };
        let view = page.view(record)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let actor = &view["actor"];
        let request = view["request"]["number"].as_u64().map_or_else(String::new, |number| format!("R-{number}"));
        Some(csv::line(&[
            record.seq.to_string(),
            record.at.to_string(),
            text(&actor["kind"]),
            text(&actor["id"]),
            text(&actor["name"]),
            text(&view["type"]),
            request,
            text(&view["summary"]),
            text(&view["changes"]),
            text(&view["hash"]),
        ]))
    }

    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        let (piece, this) = tokio::task::spawn_blocking(move || (self.piece(), self)).await.ok()?;
        match piece {
            Ok(piece) => piece.map(|text| (Ok(text.into()), this)),
            Err(reason) => {
                tracing::error!(reason, "an export of the log broke off");
                Some((Err(io::Error::other(reason)), Self { next: u64::MAX, ..this }))
            }
        }
    }

    fn answer(self, kind: &'static str, disposition: &'static str, head: String) -> Response {
        let lines = stream::unfold(self, Self::next);
        let begin = stream::iter((!head.is_empty()).then_some(Ok::<_, io::Error>(Bytes::from(head))));
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
            (header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
        ];
        (headers, Body::from_stream(futures_util::StreamExt::chain(begin, lines))).into_response()
    }
}

/// `GET /audit/export.csv`: what the page would list, all of it.
pub async fn table(
    Shares(api): Shares<Shared>,
    allowed: Permitted<P>,
    Params(asked): Params<Asked>,
) -> Answer<Response> {
    let export = Export::new(api, &allowed.permit, Some(asked.tidy()?))?;
    Ok(export.answer("text/csv; charset=utf-8", "attachment; filename=\"adit-audit.csv\"", csv::line(&COLUMNS)))
}

/// `GET /audit/export.jsonl`: the records themselves. A chain with records left out proves nothing, so it is only for those
/// who may see all of them.
pub async fn chain(Shares(api): Shares<Shared>, allowed: Permitted<P>) -> Answer<Response> {
    let reach = allowed.permit.reach();
    let alone = api.engine.state().accounts().all(|account| account.id == reach.account());
    let reader = Reader { actor: allowed.permit.actor(), now: api.now(), reach };
    if !reader.sees_all(&api.engine.state()) || !alone {
        let detail = "the whole log is for those who see the whole account, wallets included, and only where the server has one: take the table, \
                      or have the operator run `adit audit export`";
        return Err(Problem::new(StatusCode::FORBIDDEN, "permission_denied", detail));
    }
    let export = Export::new(api, &allowed.permit, None)?;
    Ok(export.answer("application/x-ndjson", "attachment; filename=\"adit-audit.jsonl\"", String::new()))
}
