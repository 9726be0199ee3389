//! Notices by letter. What waits is in the store until the mail server has it; what has become pointless is not sent.

use super::{Herald, SECOND, words};
use crate::{api::Names, mail};
use adit_core::{
    notices::{Class, Kind},
    time::Millis,
};
use adit_store::{Letter, Person, StoreError};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Most letters handed in and not yet taken.
const AT_ONCE: usize = 50;
/// Between the tries; after the last one a letter is given up.
const PAUSES: [Millis; 4] = [Millis::minutes(1), Millis::minutes(10), Millis::hours(1), Millis::hours(6)];

/// Letters that are with the mailer.
type Flying = Arc<Mutex<BTreeSet<i64>>>;

impl Herald {
    /// For ever.
    pub(super) async fn send_letters(self: Arc<Self>) {
        let flying = Flying::default();
        loop {
            if let Err(error) = self.send_due(&flying) {
                tracing::error!(%error, "letters wait");
            }
            // In vain if nothing is due; a try that has waited is due without a call.
            let _ = tokio::time::timeout(SECOND, self.letters_due.notified()).await;
        }
    }

    fn send_due(self: &Arc<Self>, flying: &Flying) -> Result<(), StoreError> {
        let due = self.store().due_letters(self.engine.now(), AT_ONCE)?;
        for letter in due {
            let mut up = flying.lock().unwrap_or_else(PoisonError::into_inner);
            if up.len() >= AT_ONCE || !up.insert(letter.id) {
                continue;
            }
            drop(up);
            let written = self.write(&letter)?.filter(|_| self.mailer.is_there());
            let (herald, flying) = (Arc::clone(self), Arc::clone(flying));
            let end = move |sent: bool| {
                if let Err(error) = herald.sent(&letter, sent) {
                    tracing::error!(%error, "a letter may be sent twice");
                }
                flying.lock().unwrap_or_else(PoisonError::into_inner).remove(&letter.id);
            };
            match written {
                Some(written) => self.mailer.send(written, end),
                None => end(true),
            }
        }
        Ok(())
    }

    fn sent(&self, letter: &Letter, sent: bool) -> Result<(), StoreError> {
        let mut store = self.store();
        if sent {
            return store.drop_letter(letter.id);
        }
        let pause = PAUSES.get(letter.tries as usize);
        store.retry_letter(letter.id, pause.map(|pause| self.engine.now().after(*pause)))
    }

    /// Nothing if it has become pointless, or there is no address that is known to be theirs.
    fn write(&self, letter: &Letter) -> Result<Option<mail::Letter>, StoreError> {
        let (state, now, notice) = (self.engine.state(), self.engine.now(), &letter.notice);
        let pointless = notice.class == Class::NeedsMe && !notice.is_open(&state, now);
        if pointless || !notice.is_visible(&state, now) {
            return Ok(None);
        }
        let people = self.people();
        let verified = state.is_verified(notice.to);
        let Some(person) = people.person(notice.to)?.filter(|_| verified) else { return Ok(None) };
        let names = Names::on(&state, notice.account, people.names()?);
        drop(people);
        let company = state.account(notice.account).map(|account| account.name.clone()).unwrap_or_default();
        if notice.kind == Kind::HeadOfDay {
            return self.head_of_day(letter, &person, &company).map(Some);
        }
        let (about, says) = (words::about(&state, notice, now), words::says(notice.kind));
        let (name, site, path) = (&person.display_name, &self.public_url, words::path(notice));
        let changes = words::changes(&state, &names, notice, now);
        let changes = changes.map_or_else(String::new, |changes| format!("What it changes:\n{}\n", changes.text()));
        let text = format!(
            "Hello {name},\n\n\
             at {company}: {about} {says}.\n\n\
             {changes}\
             {site}{path}\n\n\
             You decide there, signed in; nobody is ever asked to answer a letter. Which letters you get is set in your\n\
             inbox: {site}/s/all/inbox\n"
        );
        let subject: String = format!("{about} {says}").chars().filter(|c| !c.is_control()).take(200).collect();
        Ok(Some(mail::Letter { to: person.email, subject, text, name: Some(letter.name.clone()) }))
    }

    /// How far the log is, to be kept where whoever could change the log cannot.
    fn head_of_day(&self, letter: &Letter, person: &Person, company: &str) -> Result<mail::Letter, StoreError> {
        let (name, site, head, key) =
            (&person.display_name, &self.public_url, self.heads.end(None)?, self.heads.public_key());
        let line = serde_json::json!(head);
        let text = format!(
            "Hello {name},\n\n\
             at {company}: the audit log has come to record {}. Keep this letter: the line below proves later that nothing up to there\n\
             was taken out or changed. Put the line into a file and run, where the log or an export of it is,\n\n\
             adit audit verify LOG --head FILE --key {key}\n\n\
             {line}\n\n\
             Which letters you get is set in your inbox: {site}/s/all/inbox\n",
            head.head.seq
        );
        let subject = format!("{company}: the log's head, record {}", head.head.seq);
        let subject: String = subject.chars().filter(|c| !c.is_control()).take(200).collect();
        Ok(mail::Letter { to: person.email.clone(), subject, text, name: Some(letter.name.clone()) })
    }
}
