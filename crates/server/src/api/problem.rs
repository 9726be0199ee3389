//! What goes wrong, said the same way everywhere: `application/problem+json` (RFC 9457) with a stable code.

use super::read::{self, Fault, Unread};
use crate::{decider::CommandError, net, sign_in::passwords::Unhashed};
use adit_core::{authz::Denied, rejection::Rejection, time::Timestamp};
use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, Serializer, de::DeserializeOwned, ser::SerializeStruct};

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
    more: Option<Box<More>>,
}

/// What there is to say about some problems only. Boxed, as problems are handed on much and this is rare.
#[derive(Debug, Clone)]
enum More {
    /// What the server's clock says.
    ServerTime(Timestamp),
    /// Which permission is missing, and all about that.
    WhyNot(Box<Denied>),
}

/// What is wrong with one part of what was sent.
#[derive(Debug, Clone, Serialize)]
struct FieldError {
    #[serde(flatten)]
    at: At,
    detail: String,
}

/// Which part.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
enum At {
    /// A field of the body, as a JSON pointer (RFC 6901); empty for all of it.
    Pointer(String),
    /// A parameter of the query.
    Parameter(String),
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut problem = serializer.serialize_struct("Problem", 9)?;
        problem.serialize_field("type", &format!("https://adit.dev/problems/{}", self.code))?;
        problem.serialize_field("title", &self.code.replace('_', " "))?;
        problem.serialize_field("status", &self.status)?;
        problem.serialize_field("code", self.code)?;
        problem.serialize_field("detail", &self.detail)?;
        match &self.request_id {
            Some(request) => problem.serialize_field("request_id", request)?,
            None => problem.skip_field("request_id")?,
        }
        match self.more.as_deref() {
            Some(More::ServerTime(now)) => problem.serialize_field("server_time", now)?,
            Some(More::WhyNot(denied)) => problem.serialize_field("why_not", denied)?,
            None => {}
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
            more: None,
        }
    }

    /// The same, with what the server's clock says.
    #[must_use]
    pub fn at_server_time(mut self, now: Timestamp) -> Self {
        self.more = Some(Box::new(More::ServerTime(now)));
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

    /// A field of the body cannot be what it is; the words follow its name.
    #[must_use]
    pub fn field(pointer: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let whole = Self::invalid(format!("{pointer} {detail}"));
        Self { errors: vec![FieldError { at: At::Pointer(pointer.to_owned()), detail }], ..whole }
    }

    /// A parameter of the query cannot be what it is, or is none; the words follow its name.
    #[must_use]
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let whole = format!("the parameter {name} {detail}");
        let errors = vec![FieldError { at: At::Parameter(name.to_owned()), detail }];
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_parameter", whole) }
    }

    /// The body is too long (413), or could not be taken in.
    #[must_use]
    pub fn unreadable_body(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "the body is too long: send it in parts",
            _ => "the body could not be read: send it again",
        };
        Self::new(status, "unreadable_body", detail)
    }

    /// What is pointed at are the parameters of an action, unless it stands beside the action.
    #[must_use]
    pub fn of_action(mut self) -> Self {
        for error in &mut self.errors {
            match &mut error.at {
                At::Pointer(pointer) if !["/reason", "/targets"].contains(&pointer.as_str()) => {
                    pointer.insert_str(0, "/action/params");
                }
                At::Pointer(_) | At::Parameter(_) => {}
            }
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

/// Refusals that a library has put into words of its own (a path that is no text, say), as the problems they are.
pub(super) fn of_plain(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !response.status().is_client_error() || !kind.is_some_and(|kind| kind.starts_with(b"text/plain")) {
        return response;
    }
    let detail = "the call cannot be read: its address, its query or a header is not as it has to be";
    Problem::new(response.status(), "malformed", detail).into_response()
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
                vec![at_field(&format!("changes/{change}"), why.to_string())]
            }
            // Headers are no part of what a pointer leads into.
            Rejection::Invalid { field, problem } if is_field(field) => vec![at_field(field, problem.clone())],
            Rejection::OutOfRange { field, min, max } if is_field(field) => {
                vec![at_field(field, format!("must be between {min} and {max}"))]
            }
            Rejection::ReasonRequired { field } => vec![at_field(field, rejection.to_string())],
            _ => Vec::new(),
        };
        let retry_after_s = match &rejection {
            Rejection::QuotaReached { retry_after_s, .. } => *retry_after_s,
            _ => None,
        };
        let problem = Self::new(status, rejection.code(), rejection.to_string());
        let more = why_not(rejection).map(|denied| Box::new(More::WhyNot(denied)));
        Self { request_id, errors, retry_after_s, more, ..problem }
    }
}

fn why_not(rejection: Rejection) -> Option<Box<Denied>> {
    match rejection {
        Rejection::Denied(denied) => Some(denied),
        Rejection::ChangeRefused { why, .. } => why_not(*why),
        _ => None,
    }
}

fn at_field(path: &str, detail: String) -> FieldError {
    FieldError { at: At::Pointer(format!("/{path}")), detail }
}

fn is_field(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::NotJson(sentence) => {
                let errors = vec![FieldError { at: At::Pointer(String::new()), detail: sentence.clone() }];
                Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "malformed_json", sentence) }
            }
            Unread::Wrong(fault) => {
                let errors = vec![FieldError { at: At::Pointer(fault.pointer()), detail: fault.detail().to_owned() }];
                Self { errors, ..Self::invalid(fault.to_string()) }
            }
        }
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

/// How long a page is to be: as asked, from 1 to `most`, or as long as pages are.
pub(super) fn limit(asked: Option<usize>, usual: usize, most: usize) -> Answer<usize> {
    let fits = asked.is_none_or(|limit| (1..=most).contains(&limit));
    let wrong = || Problem::parameter("limit", format!("must be between 1 and {most}"));
    fits.then(|| asked.unwrap_or(usual)).ok_or_else(wrong)
}

/// A JSON body, read strictly; what is wrong is a problem that points at the field.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "send the body as JSON, with the header Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if net::is_late(&rejection) {
                let detail = "the request took too long to arrive: send it again over a faster connection, or in parts";
                return Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail);
            }
            Problem::unreadable_body(rejection.status())
        })?;
        read::json(&bytes).map(Self).map_err(Problem::from)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json")
}

/// Query parameters; what is wrong is a problem that names the parameter.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = read::query(parts.uri.query().unwrap_or_default());
        read.map(Self).map_err(|fault: Fault| Problem::parameter(fault.name(), fault.detail()))
    }
}
