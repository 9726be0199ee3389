//! What is done by letter: showing that an e-mail is one's own, changing it, and setting a password that was forgotten.

use super::{
    Shared,
    caller::Caller,
    me::{person, recent},
    problem::{Answer, Body, Problem},
    secured,
    session::{From, random_token},
    setup::{accept_password, email},
};
use crate::sign_in::{letters, throttle::Trial, tokens::hash_of, totp};
use adit_core::{ids::UserId, state::SignInChange, time::Millis};
use adit_store::{Link, LinkPurpose, StoreError};
use axum::{Json, extract::State as Shares, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// How long a link to a new password works.
const RESET: Millis = Millis::minutes(30);
/// How long a link that confirms an e-mail works.
const VERIFICATION: Millis = Millis::hours(24);

/// Which e-mail is to be confirmed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Another than until now; it becomes the person's once it is confirmed.
    email: Option<String>,
}

/// `POST /me/email-verification`: sends a link to the e-mail, or to another that is to take its place.
pub async fn ask_to_verify(
    Shares(api): Shares<Shared>,
    from: From,
    caller: Caller,
    Body(asked): Body<Verify>,
) -> Answer<(StatusCode, Json<Value>)> {
    if !api.sign_in.mailer.is_there() {
        let detail = "this server has no mail server to hand letters to";
        return Err(Problem::new(StatusCode::CONFLICT, "email_not_configured", detail));
    }
    let person = person(&api.people(), &caller)?;
    let to = match asked.email.as_deref().map(email).transpose()? {
        Some(other) if other != person.email => {
            recent(&api, &caller)?;
            other
        }
        _ => person.email,
    };
    // Never taken back: this bounds how many letters somebody can have sent.
    let trial = Trial::of_all(&from.address, &format!("letters to {to}"), false);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let token = random_token()?;
    let link = Link { user: person.user, email: to.clone() };
    api.people().add_link(&hash_of(&token), LinkPurpose::Email, &link, api.now().after(VERIFICATION))?;
    let letter = letters::verify_email(&to, &person.display_name, &api.options.public_url, &token);
    api.sign_in.mailer.send(letter, |_| ());
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}

/// A link's token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    token: String,
}

/// `POST /email-verifications`
pub async fn verify(Shares(api): Shares<Shared>, from: From, Body(asked): Body<Token>) -> Answer<StatusCode> {
    let trial = Trial::new(&from.address, "links", true);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let verified = match api.people().verify_email(&hash_of(&asked.token), api.now()) {
        Err(StoreError::Taken { what }) => {
            return Err(Problem::new(StatusCode::CONFLICT, "taken", format!("this {what} is somebody else's by now")));
        }
        verified => verified?.ok_or_else(|| Problem::not_found("link"))?,
    };
    api.sign_in.succeeded(&trial);
    secured::verified(&api, verified.user).await?;
    let person = api.people().person(verified.user)?;
    if let (Some(before), Some(person)) = (verified.before, person) {
        let what = format!("the e-mail is {}", person.email);
        let letter = letters::changed(&before, &person.display_name, &api.options.public_url, &what);
        api.sign_in.mailer.send(letter, |_| ());
        let enrolled = secured::is_enrolled(&api, person.user)?;
        secured::allow(&api, person.user, SignInChange::Email, enrolled).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whose password was forgotten.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forgotten {
    email: String,
}

/// `POST /password-resets`: sends a link if there is such a person. The answer is the same, and as quick, if there is not.
pub async fn forgotten(
    Shares(api): Shares<Shared>,
    from: From,
    Body(asked): Body<Forgotten>,
) -> Answer<(StatusCode, Json<Value>)> {
    let to = email(&asked.email)?;
    let trial = Trial::of_all(&from.address, &format!("letters to {to}"), false);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let later = Arc::clone(&api);
    tokio::spawn(async move {
        if let Err(error) = send_reset(&later, &to) {
            tracing::error!(%error, "a link to a new password could not be made");
        }
    });
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}

fn send_reset(api: &Shared, to: &str) -> Result<(), StoreError> {
    let Some(person) = api.people().person_by_email(to)?.filter(|_| api.sign_in.mailer.is_there()) else {
        return Ok(());
    };
    let Ok(token) = random_token() else { return Ok(()) };
    let link = Link { user: person.user, email: person.email.clone() };
    let mut people = api.people();
    people.drop_expired_links(api.now())?;
    people.add_link(&hash_of(&token), LinkPurpose::Password, &link, api.now().after(RESET))?;
    drop(people);
    let letter = letters::reset_password(&person.email, &person.display_name, &api.options.public_url, &token);
    api.sign_in.mailer.send(letter, |_| ());
    Ok(())
}

/// The link's token, and the password from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    token: String,
    password: String,
}

/// `POST /password-resets/use`: every session ends. A second factor is still asked for at the next sign-in.
pub async fn reset(Shares(api): Shares<Shared>, from: From, Body(asked): Body<Reset>) -> Answer<StatusCode> {
    let trial = Trial::new(&from.address, "links", true);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let gone = || Problem::not_found("link");
    let token = hash_of(&asked.token);
    let link = api.people().link(&token, LinkPurpose::Password, api.now())?.ok_or_else(gone)?;
    api.sign_in.succeeded(&trial);
    let person = api.people().person(link.user)?.ok_or_else(gone)?;
    accept_password(&asked.password, &[&person.email, &person.display_name])?;
    let hash = api.sign_in.passwords.hash(&from.address, asked.password).await?;
    api.people().reset_password(&token, &hash, api.now())?.ok_or_else(gone)?;
    if !api.engine.state().is_verified(person.user) {
        forget_factors(&api, person.user)?;
    }
    // Whoever has the link has read their mail.
    secured::verified(&api, person.user).await?;
    secured::changed(&api, person.user, SignInChange::Password, "there is a new password").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever registered under an e-mail that was not shown to be theirs may have left a way in for themselves: the one whose mailbox it
/// is begins with the new password alone.
fn forget_factors(api: &Shared, user: UserId) -> Answer<()> {
    {
        let mut people = api.people();
        people.remove_totp(user, api.now())?;
        for passkey in people.passkeys_of(user)? {
            people.remove_passkey(user, &passkey.id, api.now())?;
        }
    }
    api.agents.secrets().delete(&totp::secret_name(user))?;
    Ok(())
}
