//! A small company on a real engine: an owner, a site, an agent that may enrol, and a scan task.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod documented;
pub mod house;
pub mod schema;

use adit_core::{
    authz::{Actor, Principal, Role, Scope},
    command::{Command, Reply, Submission},
    ids::{AccountId, AgentId, DeviceId, RequestId, SiteId, UserId},
    requests::{Action, Control, Decision, Request, RequestState},
};
use adit_server::{CommandError, Engine};
use adit_wire::EnrolmentToken;
use std::{future::Future, time::Duration};

pub const ACCOUNT: AccountId = AccountId(1);
pub const OWNER: UserId = UserId(1);
pub const SITE: SiteId = SiteId(1);
pub const AGENT: AgentId = AgentId(1);
pub const TOKEN: &str = "one-time-token";
/// The reference to the scan task's passwords.
pub const PASSWORDS: &str = "00112233445566778899aabbccddeeff";

/// Nothing here takes two minutes; a test that does is stuck.
pub async fn bounded<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(Duration::from_secs(120), work).await;
    done.unwrap_or_else(|_| panic!("stuck: {what}"))
}

pub fn user(engine: &Engine, user: UserId) -> Actor {
    Actor { account: ACCOUNT, principal: Principal::User(user), authenticated_at: engine.now() }
}

pub fn operator(engine: &Engine) -> Actor {
    Actor { account: ACCOUNT, principal: Principal::Operator, authenticated_at: engine.now() }
}

pub fn submission(number: u128, action: Action, targets: &[DeviceId]) -> Submission {
    Submission {
        id: RequestId(number.into()),
        action,
        targets: targets.to_vec(),
        estimates: Vec::new(),
        reason: None,
        idempotency_key: None,
    }
}

/// A submission; whom it gives a role was found by their e-mail.
pub fn introducing(submission: Submission) -> Command {
    let named = match &submission.action {
        Action::Control(Control::AddGrant(new)) => Some(new.user),
        _ => None,
    };
    let then = Command::Submit(submission);
    named.map_or(then.clone(), |user| Command::Introduce { user, then: Box::new(then) })
}

pub async fn ask(
    engine: &Engine,
    by: UserId,
    number: u128,
    action: Action,
    targets: &[DeviceId],
) -> Result<RequestId, CommandError> {
    let command = introducing(submission(number, action, targets));
    match engine.run(user(engine, by), command).await? {
        Reply::Request(id) => Ok(id),
        other => panic!("{other:?}"),
    }
}

pub async fn approve(engine: &Engine, by: UserId, id: RequestId) -> Result<Reply, CommandError> {
    let content_hash = engine.state().request(id).unwrap().content_hash;
    let vote = Command::Vote { request: id, decision: Decision::Approve, content_hash, comment: None, passkey: None };
    engine.run(user(engine, by), vote).await
}

/// An account with one more administrator for each of `people`.
pub async fn company(engine: &Engine, people: u32) -> Vec<UserId> {
    engine.run(operator(engine), Command::CreateAccount { name: "Norte".into() }).await.unwrap();
    let mut users = Vec::new();
    for _ in 0..people {
        let Reply::User(user) = engine.run(operator(engine), Command::AddUser).await.unwrap() else { unreachable!() };
        let grant = Command::SeedGrant { user, role: Role::Administrator, scope: Scope::All };
        engine.run(operator(engine), grant).await.unwrap();
        users.push(user);
    }
    users
}

/// The company's site with an agent that has not enrolled, and what it is to search.
pub async fn site(engine: &Engine, ranges: Vec<String>) {
    let token_hash = token_hash();
    let controls = [
        Control::CreateSite { name: "Norte".into(), capacity_w: None },
        Control::CreateAgent { site: SITE, name: "north".into(), token_hash },
        Control::CreateScanTask {
            agent: AGENT,
            name: "all".into(),
            ranges,
            interval_s: 30,
            credentials: Some(PASSWORDS.into()),
            passwords_to_unknown: false,
        },
    ];
    for (number, control) in (1..).zip(controls) {
        let id = ask(engine, OWNER, number, Action::Control(control), &[]).await.unwrap();
        assert_eq!(engine.state().request(id).unwrap().state, RequestState::Executed);
    }
}

/// The agent enrols with a key that nobody holds.
pub async fn enrol(engine: &Engine) {
    let enrolment = Command::EnrolAgent { token_hash: token_hash(), public_key: "cd".repeat(32) };
    engine.run(Actor::system(ACCOUNT), enrolment).await.unwrap();
}

fn token_hash() -> String {
    EnrolmentToken::hash_of(TOKEN)
}

/// Waits until the request is as `wanted`.
pub async fn until(engine: &Engine, id: RequestId, wanted: impl Fn(&Request) -> bool) -> Request {
    let mut commits = engine.subscribe();
    bounded("a request's state", async {
        loop {
            if let Some(request) = engine.state().request(id).filter(|request| wanted(request)) {
                return request.clone();
            }
            commits.recv().await.unwrap();
        }
    })
    .await
}
