//! What somebody with a shell on the server's machine may do while no server runs on the folder.
//!
//! They may ask for a recovery of an account whose approvers are too few or stand in each other's way: it waits and may be called
//! off like one that the owner asks for. They may say that somebody has left, which nobody can refuse; and answer for it that an
//! e-mail is somebody's, where no mail server is there to find out.

use crate::{decider::CommandError, server::Opened};
use adit_core::{
    authz::{Actor, Principal},
    command::{Command, Reply, Submission},
    ids::{AccountId, RequestId},
    rejection::Rejection,
    requests::{Action, Control, Recovery, Request, Scenario},
    state::Account,
};
use adit_store::StoreError;

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// Several accounts, or none, or another one.
    #[error("{0}")]
    Account(String),
    /// Nobody signs in with this address.
    #[error("nobody here signs in as {0}")]
    Nobody(String),
    /// No such request.
    #[error("there is no request R-{0} on this account")]
    NoRequest(u32),
    /// The core refused.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The directory cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

type Done<T> = Result<T, OperatorError>;

/// The account of this name; the only one, if no name is given.
///
/// # Errors
/// [`OperatorError::Account`], naming those there are.
pub fn account(opened: &Opened, name: Option<&str>) -> Done<Account> {
    let state = opened.engine().state();
    let found: Vec<_> = state.accounts().filter(|account| name.is_none_or(|name| account.name == name)).collect();
    if let [account] = found[..] {
        return Ok(account.clone());
    }
    let names: Vec<_> = state.accounts().map(|account| format!("\"{}\"", account.name)).collect();
    Err(OperatorError::Account(match (names.is_empty(), found.is_empty()) {
        (true, _) => "there is no account in this folder".to_owned(),
        (_, true) => format!("there is no account of this name; there is {}", names.join(", ")),
        _ => format!("say which account by --account: {}", names.join(", ")),
    }))
}

/// Asks for a recovery. Whoever is named by address in `remove` loses every right on the account with it.
///
/// # Errors
/// [`OperatorError`]; nothing has happened then.
pub async fn recover(opened: &Opened, account: AccountId, remove: &[String], reason: String) -> Done<Request> {
    let mut recovery = Recovery::default();
    for address in remove {
        let person = opened.people().person_by_email(address)?;
        recovery.remove.insert(person.ok_or_else(|| OperatorError::Nobody(address.clone()))?.user);
    }
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(OperatorError::Random)?;
    let now = opened.engine().now();
    let id = RequestId(ulid::Ulid::from_parts(now.0.unsigned_abs(), u128::from_be_bytes(random)));
    let asked = Submission {
        id,
        action: Action::Control(Control::Recover(recovery)),
        targets: Vec::new(),
        estimates: Vec::new(),
        reason: Some(reason),
        idempotency_key: None,
    };
    run(opened, account, Command::Submit(asked)).await
}

/// Calls off what was asked for here.
///
/// # Errors
/// [`OperatorError`]; nothing has happened then.
pub async fn call_off(opened: &Opened, account: AccountId, number: u32, reason: Option<String>) -> Done<Request> {
    let state = opened.engine().state();
    let request = state.request_of_number(account, number).ok_or(OperatorError::NoRequest(number))?.id;
    run(opened, account, Command::Cancel { request, reason }).await
}

/// An account that somebody has left, and what nobody can get approved there from now on.
pub struct Left {
    /// Its name.
    pub account: String,
    /// Too few approvers are left for these.
    pub degraded: Vec<Scenario>,
}

/// Somebody has left: they hold nothing on any account, cannot sign in, and their e-mail is free. What they did stays under
/// their name. Gives the accounts they were on.
///
/// # Errors
/// [`OperatorError`]: above all, that they own an account, which has to be given to somebody else first.
pub async fn remove_person(opened: &Opened, address: &str) -> Done<Vec<Left>> {
    let engine = opened.engine();
    let person = opened.people().person_by_email(address)?;
    let person = person.ok_or_else(|| OperatorError::Nobody(address.to_owned()))?;
    let accounts: Vec<_> = engine.state().accounts_of(person.user).collect();
    let actor = Actor { account: AccountId(0), principal: Principal::Operator, authenticated_at: engine.now() };
    match engine.run(actor, Command::RemoveUser { user: person.user }).await {
        // Done before a crash: what is left to do is to forget them.
        Ok(_) | Err(CommandError::Rejected(Rejection::NotFound { .. })) => {}
        Err(error) => return Err(error.into()),
    }
    opened.people().let_go(person.user, engine.now())?;
    let state = engine.state();
    let left = accounts.into_iter().filter_map(|id| {
        let account = state.account(id)?.name.clone();
        Some(Left { account, degraded: state.degraded(id).collect() })
    });
    Ok(left.collect())
}

/// Whoever runs the machine answers for it that an e-mail is somebody's: what they approve counts from then on. Whether it had been
/// shown before.
///
/// # Errors
/// [`OperatorError`].
pub async fn verify_person(opened: &Opened, address: &str) -> Done<bool> {
    let engine = opened.engine();
    let person = opened.people().person_by_email(address)?;
    let user = person.ok_or_else(|| OperatorError::Nobody(address.to_owned()))?.user;
    let before = engine.state().is_verified(user);
    let actor = Actor { account: AccountId(0), principal: Principal::Operator, authenticated_at: engine.now() };
    engine.run(actor, Command::VerifyEmail { user }).await?;
    Ok(before)
}

async fn run(opened: &Opened, account: AccountId, command: Command) -> Done<Request> {
    let engine = opened.engine();
    let actor = Actor { account, principal: Principal::Operator, authenticated_at: engine.now() };
    let reply = engine.run(actor, command).await?;
    let state = engine.state();
    let Reply::Request(id) = reply else {
        return Err(CommandError::Unavailable("the engine answered something else".to_owned()).into());
    };
    let request = state.request(id).ok_or_else(|| CommandError::Unavailable("the request is gone".to_owned()))?;
    Ok(request.clone())
}
