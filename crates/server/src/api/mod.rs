//! The HTTP interface for browsers and programs, under `/api/v1`.
//!
//! Words: a *caller* is somebody signed in; a *permit* is the proof that they hold a permission, and every read takes one; a *reach*
//! is what the permit covers, and what lies outside does not exist for them; a *problem* is any refusal, always as
//! `application/problem+json`. Reads answer from the engine's state and the live table; whatever changes anything goes
//! through [`Engine::run`], where the core decides.
//!
//! To add an operation: see `routes`.

mod accounts;
mod assets;
mod audit;
pub mod caller;
mod collection;
mod comments;
mod conflicts;
mod devices;
mod drafts;
mod estimate;
mod etag;
mod events;
mod factors;
mod fleet;
mod groups;
mod health;
mod hidden;
mod inbox;
mod invitations;
pub(crate) mod keys;
mod me;
mod money;
mod observers;
mod once;
pub mod openapi;
mod overview;
mod passkeys;
mod people;
mod policies;
mod pools;
mod preview;
pub mod problem;
pub(crate) mod read;
mod recovery;
mod requests;
mod routes;
mod rules;
mod secured;
pub mod session;
mod setup;
mod simulate;
mod sso;
mod structure;
pub(crate) mod views;
mod webhooks;

use crate::{
    Agents, Herald, Live, authzen,
    engine::Engine,
    mail::MailOptions,
    net::Limits,
    notices::webhooks::WebhookOptions,
    sign_in::{SignIn, sso::SsoOptions},
    words::PersonNames,
};
use adit_core::{
    ids::{AccountId, UserId},
    state::State,
    time::Timestamp,
};
use adit_store::{LogReader, People};
use adit_telemetry::LiveTable;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State as Shares},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
};
use problem::{Answer, Problem};
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLockReadGuard},
};

/// Longest body, bytes: a request on 100 000 devices.
const MAX_BODY: usize = 2 << 20;

/// A person of a demo, shown on its sign-in page.
#[derive(Debug, Clone)]
pub struct DemoUser {
    /// E-mail.
    pub email: String,
    /// Name.
    pub name: String,
    /// Title of their role.
    pub role: String,
    /// Their password.
    pub password: String,
}

/// How the interface is served.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only on loopback: a demo may show its passwords.
    pub loopback: bool,
    /// People of the demo; empty otherwise.
    pub demo_users: Vec<DemoUser>,
    /// Where people reach it, without a slash at the end: `https://adit.example.com`. Links in letters begin with it.
    pub public_url: String,
    /// Serve also where what people send could be read on the way.
    pub insecure_http: bool,
    /// How letters are sent; without it none are.
    pub mail: Option<MailOptions>,
    /// Where webhooks may lead, and how they are tried.
    pub webhooks: WebhookOptions,
    /// Companies whose accounts people may sign in with.
    pub sso: Vec<SsoOptions>,
    /// Addresses of proxies that may say whom they speak for.
    pub proxies: Vec<IpAddr>,
    /// What connections may take of the server.
    pub limits: Limits,
    /// Whether whoever is signed in may make an account of their own here.
    pub anyone_may_found: bool,
    /// SHA-256 of the set-up link's token; `None` once there is an account.
    pub set_up: Option<[u8; 32]>,
}

/// Everything that handlers use.
pub struct Api {
    engine: Engine,
    live: Live,
    people: Arc<Mutex<People>>,
    agents: Arc<Agents>,
    herald: Arc<Herald>,
    log: Arc<Mutex<Box<dyn LogReader>>>,
    options: Options,
    streams: events::Streams,
    sign_in: SignIn,
    past: audit::past::Remembered,
    guesses: observers::Guesses,
    keys: keys::Desk,
    lanes: once::Lanes,
    readiness: health::Readiness,
}

/// What handlers are given.
pub type Shared = Arc<Api>;

impl Api {
    /// The interface to these; `log` is a reader of the engine's log.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new(
        engine: Engine,
        live: Live,
        people: Arc<Mutex<People>>,
        agents: Arc<Agents>,
        herald: Arc<Herald>,
        log: Box<dyn LogReader>,
        options: Options,
    ) -> Result<Self, String> {
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|error| error.to_string())?;
        let epoch = format!("{:x}", u64::from_be_bytes(random));
        let keys = keys::Desk::new(&mut herald.secrets(), engine.now())?;
        Ok(Self {
            engine,
            live,
            people,
            agents,
            herald,
            log: Arc::new(Mutex::new(log)),
            sign_in: SignIn::new(&options)?,
            options,
            past: Mutex::default(),
            guesses: observers::Guesses::default(),
            keys,
            lanes: once::Lanes::default(),
            readiness: health::Readiness::default(),
            streams: events::Streams::new(epoch),
        })
    }

    /// Ends the live streams, which would never end by themselves, and writes down what was only counted.
    pub fn close(&self) {
        self.streams.close();
        if let Err(error) = self.keys.rest(self) {
            tracing::error!(%error, "how often API keys were used last is not noted");
        }
    }

    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where people reach this server, without a slash at the end.
    pub(crate) fn public_url(&self) -> &str {
        &self.options.public_url
    }

    /// Whether people reach it by TLS only.
    fn by_tls(&self) -> bool {
        self.options.public_url.starts_with("https://")
    }

    /// What cookies end with.
    fn secure(&self) -> &'static str {
        if self.by_tls() { "; Secure" } else { "" }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine.now()
    }

    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> RwLockReadGuard<'_, LiveTable> {
        self.live.read()
    }

    fn names(&self, account: AccountId) -> Answer<Names> {
        let all = self.people().names().map_err(|error| Problem::internal(&error))?;
        Ok(Names::on(&self.engine.state(), account, all))
    }
}

/// What people are called on one account.
pub(crate) struct Names(HashMap<UserId, String>);

impl PersonNames for Names {
    fn name_of(&self, user: UserId) -> Cow<'_, str> {
        self.of(user)
    }
}

impl Names {
    /// What people are called on an account, of everybody's name and e-mail: by their name once they have opened it, and until then, as
    /// long as they are given something there, by the e-mail that somebody has named.
    pub(crate) fn on(state: &State, account: AccountId, all: Vec<(UserId, String, Option<String>)>) -> Self {
        let named: BTreeSet<UserId> = state.offered_roles(account).collect();
        let called = |(user, name, email): (UserId, String, Option<String>)| {
            let email = email.filter(|_| named.contains(&user));
            let shown = if state.has_opened(account, user) { Some(name) } else { email };
            (user, shown.unwrap_or_else(|| "somebody who is not here".to_owned()))
        };
        Self(all.into_iter().map(called).collect())
    }

    fn of(&self, user: UserId) -> Cow<'_, str> {
        self.0.get(&user).map_or_else(|| user.to_string().into(), |name| name.as_str().into())
    }
}

/// An id in a path; what is no id names nothing.
fn id<T: FromStr>(text: &str, what: &'static str) -> Answer<T> {
    text.parse().map_err(|_| Problem::not_found(what))
}

/// The whole interface.
pub fn router(api: Shared) -> Router {
    routes::routed(&api)
        .merge(authzen::routes())
        .route("/api/{*rest}", axum::routing::any(nothing_here))
        .fallback(assets::serve)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&api), keys::read))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&api), headers))
        .layer(middleware::from_fn(authzen::echo_request_id))
        .with_state(api)
}

async fn nothing_here() -> Problem {
    Problem::not_found("page")
}

async fn wrong_method() -> Problem {
    let detail = "this address does not take this method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

async fn headers(Shares(api): Shares<Shared>, request: Request, next: Next) -> Response {
    let ours = request.uri().path().starts_with("/api/");
    let answered = next.run(request).await;
    let mut response = if ours { problem::of_plain(answered) } else { answered };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if api.by_tls() {
        let a_year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, a_year);
    }
    // Pages bring their own; answers are not pages.
    let none = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(none);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
