//! The first account and the people of it, set down by whoever runs the server's machine.
//!
//! Each step may be repeated: what was done before a crash is found and not done again.

use crate::{api::session::hash_password, decider::CommandError, server::Opened};
use adit_core::{
    authz::{Actor, Principal, Role, Scope},
    command::{Command, Reply},
    ids::{AccountId, UserId},
};
use adit_store::{Person, StoreError};

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

fn operator(opened: &Opened, account: AccountId) -> Actor {
    Actor { account, principal: Principal::Operator, authenticated_at: opened.engine().now() }
}

/// The account of this server, if it has one, and its owner.
#[must_use]
pub fn account(opened: &Opened) -> Option<(AccountId, UserId)> {
    let state = opened.engine().state();
    let account = state.accounts().next()?.id;
    let owner =
        state.people_of(account).find(|user| state.roles_of(account, *user).iter().any(|role| *role == Role::Owner))?;
    Some((account, owner))
}

/// Makes the account and its owner, who can sign in from then on.
///
/// # Errors
/// [`FoundingError`].
pub async fn found(opened: &Opened, company: &str, owner: &NewPerson) -> Result<AccountId, FoundingError> {
    let (account, user) = match account(opened) {
        Some(there) => there,
        None => {
            let create = Command::CreateAccount { name: company.to_owned() };
            match opened.engine().run(operator(opened, AccountId(0)), create).await? {
                Reply::Account(account, user) => (account, user),
                _ => return Err(FoundingError::Unexpected("no account")),
            }
        }
    };
    if opened.people().person(user)?.is_none() {
        enter(opened, user, owner)?;
    }
    Ok(account)
}

/// Adds a person with one role everywhere. Possible until the account's first request; later it takes a request.
///
/// # Errors
/// [`FoundingError`].
pub async fn add(opened: &Opened, account: AccountId, role: Role, person: &NewPerson) -> Result<UserId, FoundingError> {
    let known = opened.people().person_by_email(&person.email)?.map(|person| person.user);
    let user = match known {
        Some(user) => user,
        None => {
            let Reply::User(user) = opened.engine().run(operator(opened, account), Command::AddUser).await? else {
                return Err(FoundingError::Unexpected("no user"));
            };
            enter(opened, user, person)?;
            user
        }
    };
    if opened.engine().state().roles_of(account, user).is_empty() {
        let grant = Command::SeedGrant { user, role, scope: Scope::All };
        opened.engine().run(operator(opened, account), grant).await?;
    }
    Ok(user)
}

fn enter(opened: &Opened, user: UserId, person: &NewPerson) -> Result<(), FoundingError> {
    let person = Person {
        user,
        email: person.email.clone(),
        display_name: person.name.clone(),
        password_hash: Some(hash_password(&person.password).map_err(FoundingError::Hash)?),
        created_at: opened.engine().now(),
    };
    Ok(opened.people().add_person(&person)?)
}
