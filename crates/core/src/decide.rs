//! The one door for changes: a command goes in, events come out, or a reason why not.

mod accounts;
mod drafts;
mod identity;
mod inventory;
mod keys;
mod money;
mod people;
mod reports;
mod tick;
mod webhooks;

use crate::{
    audit::Hash,
    authz::{Actor, Permission, Principal},
    command::{Command, Reply},
    event::{Entry, Event},
    ids::UserId,
    rejection::Rejection,
    requests::{ContentHash, Payload},
    state::State,
    time::Timestamp,
};
use std::sync::Arc;

/// The most entries that one command may come to. A log takes this much and a batch before it in one append.
pub const MAX_ENTRIES: usize = 100_000;

/// What a command comes to.
#[derive(Debug)]
pub struct Decided {
    /// To be appended to the log, in this order, all or none.
    pub entries: Vec<Entry>,
    /// The state once they are.
    pub state: State,
    /// For whoever asked.
    pub reply: Reply,
}

/// Decides a command. `now` is the machine's clock; the log's never goes back behind it.
///
/// # Errors
/// A [`Rejection`]; nothing has happened then.
pub fn decide(state: &State, actor: &Actor, command: Command, now: Timestamp) -> Result<Decided, Rejection> {
    decide_on(state.clone(), actor, command, now).map_err(|refused| refused.rejection)
}

/// A command that was refused.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub rejection: Rejection,
    /// The state that was given, if it is still what it was.
    pub unchanged: Option<Box<State>>,
}

/// The same on a state that is given up for it, so that nothing of it has to be copied: for one decision after another.
///
/// # Errors
/// [`Refused`]; nothing has happened then.
pub fn decide_on(state: State, actor: &Actor, command: Command, now: Timestamp) -> Result<Decided, Refused> {
    let before = state.clock;
    let mut tx = Tx::new(state, actor.principal, now);
    let reply = tx.run(actor, command);
    match reply.and_then(|reply| if tx.entries.len() > MAX_ENTRIES { Err(Rejection::TooMuchAtOnce) } else { Ok(reply) })
    {
        Ok(reply) => {
            tx.settle_after_ends(before);
            tx.state.list();
            Ok(Decided { entries: tx.entries, state: tx.state, reply })
        }
        Err(rejection) => {
            let rejection = tx.in_full(actor, rejection);
            let unchanged = tx.entries.is_empty().then(|| Box::new(tx.state));
            Err(Refused { rejection, unchanged })
        }
    }
}

/// A command being decided: a copy of the state, moved on by every event it emits.
pub(crate) struct Tx {
    state: State,
    now: Timestamp,
    actor: Principal,
    entries: Vec<Entry>,
    /// The last payload that was made here. It cannot change while it is held.
    hashed: Option<(Arc<Payload>, ContentHash)>,
    settling: Settling,
    /// Whom the command may speak of though they hold nothing on the account.
    introduced: Option<UserId>,
}

/// Whether all open requests are being gone through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settling {
    No,
    Yes,
    /// And once more after that, as something has changed for those that it had passed.
    Again,
}

impl Tx {
    fn new(state: State, actor: Principal, now: Timestamp) -> Self {
        let (entries, hashed, introduced) = (Vec::new(), None, None);
        Self { now: state.monotonic(now), state, actor, entries, hashed, settling: Settling::No, introduced }
    }

    /// To ask what would be refused; nothing comes of it.
    pub(crate) fn trying(state: &State, now: Timestamp) -> Self {
        Self::new(state.clone(), Principal::System, now)
    }

    /// A refusal for want of a permission with all that there is to say about it to whoever asked.
    fn in_full(&self, actor: &Actor, rejection: Rejection) -> Rejection {
        match rejection {
            Rejection::Denied(denied) => self.state.denied(actor, denied.permission, denied.place(), self.now).into(),
            Rejection::ChangeRefused { change, title, why } => {
                Rejection::ChangeRefused { change, title, why: Box::new(self.in_full(actor, *why)) }
            }
            other => other,
        }
    }

    /// The hash of a payload that is made here.
    pub(crate) fn hash_new(&mut self, payload: &Arc<Payload>) -> ContentHash {
        let hash = payload.content_hash();
        self.hashed = Some((Arc::clone(payload), hash));
        hash
    }

    /// The hash of a payload. The very object that was made and hashed a moment ago is not hashed again; one that was stored
    /// is.
    pub(crate) fn hash(&self, payload: &Arc<Payload>) -> ContentHash {
        match &self.hashed {
            Some((hashed, hash)) if Arc::ptr_eq(hashed, payload) => *hash,
            _ => payload.content_hash(),
        }
    }

    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) const fn introduced(&self) -> Option<UserId> {
        self.introduced
    }

    /// How many entries it has come to so far.
    pub(crate) const fn came_to(&self) -> usize {
        self.entries.len()
    }

    pub(crate) const fn settling(&mut self) -> &mut Settling {
        &mut self.settling
    }

    pub(crate) fn emit(&mut self, event: Event) {
        let entry = Entry { at: self.now, actor: self.actor, event };
        self.state.fold(&entry);
        self.entries.push(entry);
    }

    fn run(&mut self, actor: &Actor, command: Command) -> Result<Reply, Rejection> {
        match command {
            Command::CreateAccount { name } => {
                operator_only(actor)?;
                self.create_account(name)
            }
            Command::FoundAccount { name } => self.found_account(actor, name),
            Command::IfSeen { seen, then } => {
                // Whoever may not do it anyway learns nothing of what it is like.
                let as_seen = self.state.is_as_seen(&seen);
                let reply = self.run(actor, *then)?;
                if as_seen { Ok(reply) } else { Err(Rejection::Changed) }
            }
            Command::Introduce { user, then } => {
                self.introduced = Some(user);
                self.run(actor, *then)
            }
            Command::VerifyEmail { user } => self.verify_email(actor, user),
            Command::ChangeSignIn { user, change, enrolled } => self.change_sign_in(actor, user, change, enrolled),
            Command::OpenAccount => self.open_account(actor),
            Command::DeclineAccount => self.decline_account(actor),
            Command::RenameAccount { name } => self.rename_account(actor, name),
            Command::AddUser => self.add_user(actor),
            Command::SeedGrant { user, role, scope } => {
                operator_only(actor)?;
                self.seed_grant(actor.account, user, role, scope)
            }
            Command::RemoveUser { user } => {
                operator_only(actor)?;
                self.remove_user(user)
            }
            Command::CreateContainer { site, name } => self.create_container(actor, site, name),
            Command::CreateSubAccount { name } => self.create_sub_account(actor, name),
            Command::RenameContainer { container, name } => self.rename_container(actor, container, name),
            Command::RemoveContainer { container } => self.remove_container(actor, container),
            Command::RenameSubAccount { sub_account, name } => self.rename_sub_account(actor, sub_account, name),
            Command::LeaveAccount => self.leave_account(actor),
            Command::IssueOwnKey(new) => self.issue_own_key(actor, new),
            Command::ChangeOwnKey { key, to } => self.change_own_key(actor, key, to),
            Command::RotateOwnKey { key, secret_hash, overlap } => {
                self.rotate_own_key(actor, key, secret_hash, overlap)
            }
            Command::RevokeOwnKey { key } => self.revoke_own_key(actor, key),
            Command::Submit(asked) => self.submit(actor, asked).map(Reply::Request),
            Command::Vote { request, decision, content_hash, comment, passkey } => {
                self.vote(actor, request, decision, content_hash, comment, passkey).map(|()| Reply::Request(request))
            }
            Command::AnswerOffer { request, decision, content_hash, comment } => {
                self.answer_offer(actor, request, decision, content_hash, comment)
            }
            Command::WithdrawVote { request } => self.withdraw_vote(actor, request).map(|()| Reply::Request(request)),
            Command::Comment { request, words } => self.comment(actor, request, words).map(Reply::Request),
            Command::Amend { request, with } => self.amend(actor, request, with).map(Reply::Request),
            Command::CloseReview { request, words } => self.close_review(actor, request, words),
            Command::Cancel { request, reason } => {
                self.cancel(actor, request, reason).map(|()| Reply::Request(request))
            }
            Command::PutDraft { site, action, targets } => self.put_draft(actor, site, action, targets),
            Command::TakeFromDraft { site, change, targets } => self.take_from_draft(actor, site, change, targets),
            Command::DiscardDraft { site } => self.discard_draft(actor, site),
            Command::SubmitDraft(asked) => self.submit_draft(actor, asked).map(Reply::Requests),
            Command::SetWebhook { webhook, name, host, types, sealed } => {
                self.set_webhook(actor, webhook, webhooks::Webhook { name, host, types, sealed })
            }
            Command::RotateWebhookSecret { webhook } => self.rotate_webhook_secret(actor, webhook),
            Command::RemoveWebhook { webhook } => self.remove_webhook(actor, webhook),
            Command::DisableWebhook { webhook } => {
                system_only(actor)?;
                self.disable_webhook(webhook)
            }
            Command::SettleEarnings { day, earned } => {
                system_only(actor)?;
                self.settle_earnings(actor.account, day, earned)
            }
            Command::EnrolAgent { token_hash, public_key } => self.enrol_agent(&token_hash, public_key),
            Command::ReportSitePolicy { agent, policy } => {
                system_only(actor)?;
                self.report_site_policy(agent, policy)
            }
            Command::ReportDevices { agent, scan_task, devices, heard } => {
                system_only(actor)?;
                self.report_devices(agent, scan_task, devices, &heard)
            }
            Command::ReportResults { agent, results } => {
                system_only(actor)?;
                Ok(self.report_results(agent, results))
            }
            Command::ReportPower { request, power } => {
                system_only(actor)?;
                self.report_power(request, power)
            }
            Command::NoteState { seq, hash } => {
                system_only(actor)?;
                self.note_state(seq, hash)
            }
            Command::Tick => {
                system_only(actor)?;
                Ok(self.tick())
            }
        }
    }

    fn note_state(&mut self, seq: u64, hash: Hash) -> Result<Reply, Rejection> {
        if !(1..=self.state.seq()).contains(&seq) {
            return Err(Rejection::Invalid { field: "seq", problem: "the number of a record that there is".into() });
        }
        self.emit(Event::StateHashed { seq, form: State::FORM, hash });
        Ok(Reply::Done)
    }
}

fn operator_only(actor: &Actor) -> Result<(), Rejection> {
    match actor.principal {
        Principal::Operator | Principal::System => Ok(()),
        _ => Err(crate::authz::Denied::lacking(Permission::AccountDelete).into()),
    }
}

fn system_only(actor: &Actor) -> Result<(), Rejection> {
    match actor.principal {
        Principal::System => Ok(()),
        _ => Err(crate::authz::Denied::lacking(Permission::AgentManage).into()),
    }
}
