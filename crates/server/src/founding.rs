//! The first account and the people of it, set down by whoever runs the server's machine or has the link that it printed.
//!
//! Each step may be repeated: what was done before a crash is found and not done again.

use crate::{decider::CommandError, engine::Engine, server::Opened, sign_in::passwords};
use adit_core::{
    authz::{Actor, Principal, Role, Scope},
    command::{Command, Reply},
    ids::{AccountId, UserId},
};
use adit_store::{People, Person, StoreError};
use std::sync::{Mutex, PoisonError};

/// Somebody who will sign in.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Their address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Their password.
    pub password: String,
}

/// Why the account could not be set down.
#[derive(Debug, thiserror::Error)]
pub enum FoundingError {
    /// The core refused.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The directory refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The core answered something else.
    #[error("nothing came of it: {0}")]
    Unexpected(&'static str),
}

fn operator(engine: &Engine, account: AccountId) -> Actor {
    Actor { account, principal: Principal::Operator, authenticated_at: engine.now() }
}

/// The account of this server, if it has one, and its owner.
#[must_use]
pub fn account(opened: &Opened) -> Option<(AccountId, UserId)> {
    account_of(opened.engine())
}

fn account_of(engine: &Engine) -> Option<(AccountId, UserId)> {
    let state = engine.state();
    let account = state.accounts().next()?.id;
    let owns = |user: &UserId| state.roles_of(account, *user, engine.now()).iter().any(|role| *role == Role::Owner);
    let owner = state.people_of(account).find(owns)?;
    Some((account, owner))
}

/// Whether there is nobody yet who owns an account here and can sign in.
///
/// # Errors
/// The directory cannot be read.
pub fn is_missing(opened: &Opened) -> Result<bool, StoreError> {
    let Some((_, owner)) = account(opened) else { return Ok(true) };
    Ok(opened.people().person(owner)?.is_none())
}

/// Makes the account and its owner, who can sign in from then on.
///
/// # Errors
/// [`FoundingError`].
pub async fn found(opened: &Opened, company: &str, owner: &NewPerson) -> Result<AccountId, FoundingError> {
    let hash = passwords::hash(&owner.password).map_err(FoundingError::Hash)?;
    found_with(opened.engine(), opened.shared_people(), company, owner, hash).await.map(|(account, _)| account)
}

/// [`found`] with the password's hash, on the parts of a running server. Gives the owner as well.
pub(crate) async fn found_with(
    engine: &Engine,
    people: &Mutex<People>,
    company: &str,
    owner: &NewPerson,
    password_hash: String,
) -> Result<(AccountId, UserId), FoundingError> {
    let (account, user) = match account_of(engine) {
        Some(there) => there,
        None => {
            let create = Command::CreateAccount { name: company.to_owned() };
            match engine.run(operator(engine, AccountId(0)), create).await? {
                Reply::Account(account, user) => (account, user),
                _ => return Err(FoundingError::Unexpected("no account")),
            }
        }
    };
    let mut people = people.lock().unwrap_or_else(PoisonError::into_inner);
    if people.person(user)?.is_none() {
        people.add_person(&entry(engine, user, owner, password_hash))?;
    }
    Ok((account, user))
}

/// Adds a person with one role everywhere. Possible until the account's first request; later it takes a request.
///
/// # Errors
/// [`FoundingError`].
pub async fn add(opened: &Opened, account: AccountId, role: Role, person: &NewPerson) -> Result<UserId, FoundingError> {
    let engine = opened.engine();
    let known = opened.people().person_by_email(&person.email)?.map(|person| person.user);
    let user = match known {
        Some(user) => user,
        None => {
            let hash = passwords::hash(&person.password).map_err(FoundingError::Hash)?;
            let Reply::User(user) = engine.run(operator(engine, account), Command::AddUser).await? else {
                return Err(FoundingError::Unexpected("no user"));
            };
            opened.people().add_person(&entry(engine, user, person, hash))?;
            user
        }
    };
    if engine.state().roles_of(account, user, engine.now()).is_empty() {
        let grant = Command::SeedGrant { user, role, scope: Scope::All };
        engine.run(operator(engine, account), grant).await?;
    }
    Ok(user)
}

fn entry(engine: &Engine, user: UserId, person: &NewPerson, password_hash: String) -> Person {
    Person {
        user,
        email: person.email.clone(),
        display_name: person.name.clone(),
        password_hash: Some(password_hash),
        created_at: engine.now(),
    }
}
