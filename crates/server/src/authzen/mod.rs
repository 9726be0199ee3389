//! The OpenID AuthZEN Authorization API 1.0: other programs ask this server who may do what, with an API key, about the key's
//! account alone.
//!
//! A no is an answer like a yes (200, `decision: false`, and in its context why, who could give the right, and the request
//! that would lift it). Only what cannot be read is an error (400), and its body is a sentence. A batch's items stand
//! for themselves: one that cannot be read is a no with an error in its context.

mod decision;
mod page;
mod question;

use crate::api::{
    Shared,
    keys::Program,
    read::{self, Unread},
};
use adit_core::authz::Permission;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use decision::Decisions;
use page::{Page, Search};
use question::{Malformed, Semantic, action, context, entity, object, question, with_defaults};
use serde_json::{Map, Value, json};

/// Most questions in one batch.
const MAX_BATCH: usize = 1_000;
/// Where the endpoints and the metadata lie.
const OURS: [&str; 2] = ["/access/", METADATA];
const METADATA: &str = "/.well-known/authzen-configuration";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A call that got no answer: the body is the sentence.
struct Failed(StatusCode, String);

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (self.0, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], self.1).into_response()
    }
}

impl From<Malformed> for Failed {
    fn from(sentence: Malformed) -> Self {
        Self(StatusCode::BAD_REQUEST, sentence)
    }
}

type Answered = Result<Json<Value>, Failed>;

/// Its endpoints and its metadata.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/access/v1/evaluation", post(evaluation))
        .route("/access/v1/evaluations", post(evaluations))
        .route("/access/v1/search/subject", post(search_subject))
        .route("/access/v1/search/resource", post(search_resource))
        .route("/access/v1/search/action", post(search_action))
        .route(METADATA, get(metadata))
}

/// By which a caller knows the answer to a call again.
pub(crate) struct RequestId(Option<HeaderValue>);

impl RequestId {
    /// Of a call to any address of this interface, also one at which there is nothing.
    pub(crate) fn of(request: &Request) -> Self {
        let is_ours = OURS.iter().any(|path| request.uri().path().starts_with(path));
        Self(request.headers().get(&REQUEST_ID).filter(|_| is_ours).cloned())
    }

    /// The answer with it.
    pub(crate) fn on(self, mut response: Response) -> Response {
        if let Some(id) = self.0 {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

/// Gives the request id back, whatever the answer.
pub(crate) async fn echo_request_id(request: Request, next: Next) -> Response {
    let id = RequestId::of(&request);
    id.on(next.run(request).await)
}

fn body(headers: &HeaderMap, bytes: &Bytes) -> Result<Map<String, Value>, Failed> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err("the content type must be application/json".to_owned().into());
    }
    let value: Value = read::json(bytes).map_err(|unread| match unread {
        Unread::NotJson(sentence) => Malformed::from(sentence),
        Unread::Wrong(fault) => Malformed::from(fault.to_string()),
    })?;
    Ok(object(&value, "the body")?.clone())
}

/// Asks with the state as it is now. Who may do what is for those to know who may see people.
fn with<T>(api: &Shared, program: &Program, ask: impl FnOnce(&Decisions<'_>) -> T) -> Result<T, Failed> {
    const P: u8 = Permission::UserView as u8;
    let (state, now) = (api.engine().state(), api.now());
    let permit = state.permit::<P>(program.actor(), now);
    let refused = |_| Failed(StatusCode::FORBIDDEN, "the key's grant lacks the permission user.view".to_owned());
    permit.map_err(refused)?;
    Ok(ask(&Decisions { state: &state, account: program.account(), now }))
}

async fn evaluation(State(api): State<Shared>, program: Program, headers: HeaderMap, bytes: Bytes) -> Answered {
    let question = question(&body(&headers, &bytes)?)?;
    Ok(Json(with(&api, &program, |decisions| decisions.on(&question))?))
}

async fn evaluations(State(api): State<Shared>, program: Program, headers: HeaderMap, bytes: Bytes) -> Answered {
    let batch = body(&headers, &bytes)?;
    let items = match batch.get("evaluations") {
        None => &Vec::new(),
        Some(items) => items.as_array().ok_or_else(|| Malformed::from("evaluations must be an array"))?,
    };
    // Without items it is a single question.
    if items.is_empty() {
        let question = question(&batch)?;
        return Ok(Json(with(&api, &program, |decisions| decisions.on(&question))?));
    }
    if items.len() > MAX_BATCH {
        return Err(
            Malformed::from(format!("evaluations has more than {MAX_BATCH} items: ask in several batches")).into()
        );
    }
    let semantic = Semantic::of(&batch)?;
    let answers = with(&api, &program, |decisions| {
        let mut answers = Vec::new();
        for item in items {
            let whole = object(item, "an item of evaluations").map(|item| with_defaults(item, &batch));
            let answer = match whole.and_then(|whole| question(&whole)) {
                Ok(question) => decisions.on(&question),
                Err(sentence) => {
                    json!({ "decision": false, "context": { "error": { "status": 400, "message": sentence } } })
                }
            };
            let stops = semantic.stops(answer["decision"] == true);
            answers.push(answer);
            if stops {
                break;
            }
        }
        answers
    })?;
    Ok(Json(json!({ "evaluations": answers })))
}

async fn search_subject(State(api): State<Shared>, program: Program, headers: HeaderMap, bytes: Bytes) -> Answered {
    let search = body(&headers, &bytes)?;
    context(&search)?;
    let (subject, action) = (entity(&search, "subject", true)?, action(&search)?);
    let resource = entity(&search, "resource", false)?;
    let page = Page::of(&search, Search::of("subject", program.actor(), &search))?;
    Ok(Json(page.cut(with(&api, &program, |decisions| decisions.subjects(&subject.kind, &action, &resource))?)))
}

async fn search_resource(State(api): State<Shared>, program: Program, headers: HeaderMap, bytes: Bytes) -> Answered {
    let search = body(&headers, &bytes)?;
    context(&search)?;
    let (subject, action) = (entity(&search, "subject", false)?, action(&search)?);
    let resource = entity(&search, "resource", true)?;
    let page = Page::of(&search, Search::of("resource", program.actor(), &search))?;
    Ok(Json(page.cut(with(&api, &program, |decisions| decisions.resources(&subject, &action, &resource.kind))?)))
}

async fn search_action(State(api): State<Shared>, program: Program, headers: HeaderMap, bytes: Bytes) -> Answered {
    let search = body(&headers, &bytes)?;
    context(&search)?;
    let (subject, resource) = (entity(&search, "subject", false)?, entity(&search, "resource", false)?);
    let page = Page::of(&search, Search::of("action", program.actor(), &search))?;
    Ok(Json(page.cut(with(&api, &program, |decisions| decisions.actions(&subject, &resource))?)))
}

/// Where the endpoints are: below the server's public address, whatever name the caller used.
async fn metadata(State(api): State<Shared>) -> Response {
    let base = api.public_url();
    Json(json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": format!("{base}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{base}/access/v1/evaluations"),
        "search_subject_endpoint": format!("{base}/access/v1/search/subject"),
        "search_resource_endpoint": format!("{base}/access/v1/search/resource"),
        "search_action_endpoint": format!("{base}/access/v1/search/action"),
    }))
    .into_response()
}
