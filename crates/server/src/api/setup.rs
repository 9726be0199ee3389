//! The first account, made by whoever has the link that the server printed when it started.

use super::{
    Shared,
    problem::{Answer, Body, Problem},
    session::{self, From},
};
use crate::{
    founding::{self, FoundingError, NewPerson},
    sign_in::{passwords, throttle::Trial, tokens::hash_of},
};
use adit_store::StoreError;
use axum::{extract::State as Shares, http::StatusCode, response::Response};
use serde::Deserialize;

/// Longest name of a company, characters.
const MAX_COMPANY: usize = 60;
/// Longest name of a person, characters.
const MAX_NAME: usize = 50;

/// The link's token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    token: String,
}

/// The account and its owner.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    token: String,
    company: String,
    name: String,
    email: String,
    password: String,
}

/// `POST /setup/check`: whether the link still opens something.
pub async fn check(Shares(api): Shares<Shared>, from: From, Body(asked): Body<Check>) -> Answer<StatusCode> {
    let trial = Trial::new(&from.address, "set-up", true);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let opens = *api.sign_in.set_up.lock().await == Some(hash_of(&asked.token));
    if !opens {
        return Err(Problem::not_found("set-up link"));
    }
    api.sign_in.succeeded(&trial);
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /setup`: makes the account, and signs its owner in. The link is used up then.
pub async fn found(Shares(api): Shares<Shared>, from: From, Body(asked): Body<Found>) -> Answer<Response> {
    let trial = Trial::new(&from.address, "set-up", true);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let mut set_up = api.sign_in.set_up.lock().await;
    if *set_up != Some(hash_of(&asked.token)) {
        return Err(Problem::not_found("set-up link"));
    }
    api.sign_in.succeeded(&trial);
    let company = text("company", &asked.company, MAX_COMPANY)?;
    let name = text("name", &asked.name, MAX_NAME)?;
    let email = email(&asked.email)?;
    accept_password(&asked.password, &[&email, &name, &company])?;
    let hash = api.sign_in.passwords.hash(&from.address, asked.password.clone()).await?;
    let owner = NewPerson { email, name, password: asked.password };
    let (_, user) = founding::found_with(&api.engine, &api.people, &company, &owner, hash).await?;
    *set_up = None;
    drop(set_up);
    tracing::info!("the first account is set up");
    session::begin(&api, &from, user)
}

/// Words of at least one letter, without spaces around them.
pub(super) fn text(field: &'static str, text: &str, most: usize) -> Answer<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > most || text.len() > 4 * most || text.chars().any(char::is_control) {
        return Err(Problem::field(&format!("/{field}"), format!("has 1 to {most} characters and no line breaks")));
    }
    Ok(text.to_owned())
}

/// An e-mail address as it is kept.
pub(super) fn email(text: &str) -> Answer<String> {
    let email = text.trim().to_lowercase();
    let fine = email.len() <= 254
        && !email.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;:\"()[]\\".contains(c))
        && email.split_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len()) && !domain.is_empty() && !domain.contains('@')
        });
    if fine { Ok(email) } else { Err(Problem::field("/email", "is no e-mail address")) }
}

/// Whether the password may be used by the person of whom this is known.
pub(super) fn accept_password(password: &str, about: &[&str]) -> Answer<()> {
    match passwords::weakness(password, about) {
        None => Ok(()),
        Some(why) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "weak_password", why)),
    }
}

impl std::convert::From<FoundingError> for Problem {
    fn from(error: FoundingError) -> Self {
        match error {
            FoundingError::Command(error) => error.into(),
            FoundingError::Store(StoreError::Taken { what }) => {
                Self::new(StatusCode::CONFLICT, "taken", format!("this {what} is taken"))
            }
            error => Self::internal(&error),
        }
    }
}
