//! Tags of what can change: whoever changes it may say with `If-Match` what they have seen, and is refused if it is not so
//! any more. Answers are not cached, so there is no `If-None-Match`.

use super::problem::{Answer, Problem};
use adit_core::state::{Seen, Thing};
use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::{convert::Infallible, fmt::Display};

/// What the caller has seen.
pub struct IfMatch(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let given = parts.headers.get_all(header::IF_MATCH).iter();
        let given: Vec<_> = given.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        Ok(Self((!given.is_empty()).then(|| given.join(","))))
    }
}

impl IfMatch {
    /// What was seen of a thing, for whoever decides on it; nothing if nothing was said.
    pub fn of(&self, thing: Thing) -> Option<Seen> {
        let tags: Vec<_> = self.0.as_deref()?.split(',').map(|tag| tag.trim().trim_matches('"').to_owned()).collect();
        let any = tags.iter().any(|tag| tag == "*");
        (!any).then_some(Seen { thing, tags })
    }

    /// Refuses unless nothing was said, or this version was among what was.
    pub fn check(&self, version: impl Display) -> Answer<()> {
        let Some(given) = &self.0 else { return Ok(()) };
        let wanted = format!("\"{version}\"");
        if given.split(',').map(str::trim).any(|tag| tag == "*" || tag == wanted) {
            return Ok(());
        }
        let detail = "it has changed since you looked at it: look again";
        Err(Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail))
    }
}

/// An answer with the tag of this version.
pub fn tagged(version: impl Display, body: Value) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// An answer with the tag that it names itself.
pub fn of_view(view: Value) -> Response {
    tagged(view["etag"].as_str().unwrap_or_default().to_owned(), view)
}
