//! What goes wrong, said the same way everywhere: `application/problem+json` (RFC 9457) with a stable code.

use crate::{decider::CommandError, net, sign_in::passwords::Unhashed};
use adit_core::{rejection::Rejection, time::Timestamp};
use axum::{
    Json,
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Query, Request, rejection::JsonRejection},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, Serializer, de::DeserializeOwned, ser::SerializeStruct};

/// Longest refusal in plain words, bytes.
const MAX_WORDS: usize = 4 << 10;

/// A refusal or a failure, as the caller is told of it.
#[derive(Debug, Clone)]
pub struct Problem {
    status: u16,
    /// Stable word for programs.
    pub code: &'static str,
    detail: String,
    request_id: Option<String>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u64>,
    /// Boxed, as problems are handed on much and this is rare.
    server_time: Option<Box<Timestamp>>,
}

/// What is wrong with one part of what was sent.
#[derive(Debug, Clone, Serialize)]
struct FieldError {
    /// Which part: a JSON pointer.
    pointer: String,
    detail: String,
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut problem = serializer.serialize_struct("Problem", 8)?;
        problem.serialize_field("type", &format!("https://adit.dev/problems/{}", self.code))?;
        problem.serialize_field("title", &self.code.replace('_', " "))?;
        problem.serialize_field("status", &self.status)?;
        problem.serialize_field("code", self.code)?;
        problem.serialize_field("detail", &self.detail)?;
        match &self.request_id {
            Some(request) => problem.serialize_field("request_id", request)?,
            None => problem.skip_field("request_id")?,
        }
        match &self.server_time {
            Some(now) => problem.serialize_field("server_time", now)?,
            None => problem.skip_field("server_time")?,
        }
        if self.errors.is_empty() {
            problem.skip_field("errors")?;
        } else {
            problem.serialize_field("errors", &self.errors)?;
        }
        problem.end()
    }
}

/// What a handler gives back.
pub type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A problem with this HTTP status, code and sentence.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            code,
            detail: detail.into(),
            request_id: None,
            errors: Vec::new(),
            retry_after_s: None,
            server_time: None,
        }
    }

    /// The same, with what the server's clock says.
    #[must_use]
    pub fn at_server_time(mut self, now: Timestamp) -> Self {
        self.server_time = Some(Box::new(now));
        self
    }

    /// The same, in other words.
    #[must_use]
    pub fn because(mut self, detail: &str) -> Self {
        detail.clone_into(&mut self.detail);
        self
    }

    /// The same, about this request.
    #[must_use]
    pub fn about(mut self, request: Option<String>) -> Self {
        self.request_id = request;
        self
    }

    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Its sentence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// There is none, or none that the caller may know of.
    #[must_use]
    pub fn not_found(what: &'static str) -> Self {
        Rejection::NotFound { what }.into()
    }

    /// A field or parameter cannot be what it is.
    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// What is pointed at are the parameters of an action, unless it stands beside the action.
    #[must_use]
    pub fn of_action(mut self) -> Self {
        for error in self.errors.iter_mut().filter(|error| !["/reason", "/targets"].contains(&error.pointer.as_str())) {
            error.pointer.insert_str(0, "/action/params");
        }
        self
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn not_signed_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not_signed_in", "sign in first")
    }

    /// Too many attempts; try again in so many seconds.
    #[must_use]
    pub fn too_many_attempts(retry_after_s: u64) -> Self {
        let detail = format!("too many failed attempts: try again in {retry_after_s} s");
        Self {
            retry_after_s: Some(retry_after_s),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail)
        }
    }

    /// Something of ours failed; the cause is logged, not told.
    #[must_use]
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request could not be answered");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server could not answer; its log says why")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let retry = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Refusals that a library has put into plain words (a path or query that is no text, say), as the problems they are.
pub(super) async fn of_plain(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !response.status().is_client_error() || !kind.is_some_and(|kind| kind.starts_with(b"text/plain")) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let words = to_bytes(body, MAX_WORDS).await.unwrap_or_default();
    Problem::new(parts.status, "malformed", String::from_utf8_lossy(&words)).into_response()
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::CONFLICT);
        let request_id = match &rejection {
            Rejection::PendingExists { request } | Rejection::DuplicateRequest { request } => Some(request.to_string()),
            _ => None,
        };
        let errors = match &rejection {
            Rejection::ChangeRefused { change, why, .. } => {
                vec![FieldError { pointer: format!("/changes/{change}"), detail: why.to_string() }]
            }
            // Headers are no part of what a pointer leads into.
            Rejection::Invalid { field, problem } if field.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
                vec![FieldError { pointer: format!("/{field}"), detail: problem.clone() }]
            }
            _ => Vec::new(),
        };
        let retry_after_s = match &rejection {
            Rejection::QuotaReached { retry_after_s, .. } => *retry_after_s,
            _ => None,
        };
        Self { request_id, errors, retry_after_s, ..Self::new(status, rejection.code(), rejection.to_string()) }
    }
}

impl From<Unhashed> for Problem {
    fn from(error: Unhashed) -> Self {
        match error {
            Unhashed::Busy => {
                let detail = "too many passwords are being checked: try again in 2 s";
                let retry_after_s = Some(2);
                Self { retry_after_s, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail) }
            }
            Unhashed::Failed(cause) => Self::internal(&cause),
        }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Rejected(rejection) => rejection.into(),
            CommandError::Unavailable(cause) => {
                tracing::error!(%cause, "a command was not carried out");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "nothing was changed; try again shortly")
            }
        }
    }
}

/// A JSON body, with problems instead of plain-text refusals.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Json::<T>::from_request(request, state).await.map(|Json(body)| Self(body)).map_err(|rejection| {
            if net::is_late(&rejection) {
                let detail = "the request took too long to arrive: send it again over a faster connection, or in parts";
                return Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail);
            }
            let code = match &rejection {
                JsonRejection::JsonSyntaxError(_) => "malformed_json",
                JsonRejection::JsonDataError(_) => "invalid",
                JsonRejection::MissingJsonContentType(_) => "unsupported_media_type",
                _ => "unreadable_body",
            };
            Problem::new(rejection.status(), code, rejection.body_text())
        })
    }
}

/// Query parameters, with problems instead of plain-text refusals.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::<T>::try_from_uri(&parts.uri)
            .map(|Query(params)| Self(params))
            .map_err(|rejection| Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", rejection.body_text()))
    }
}
