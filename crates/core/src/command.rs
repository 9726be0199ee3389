//! What can be asked of the core. One command is decided as a whole or not at all.

use crate::{
    audit::Hash,
    fleet::{CommandId, FoundDevice, PowerAfter, SitePolicy, TargetResult},
    ids::{AgentId, ContainerId, DeviceId, KeyId, RequestId, ScanTaskId, SiteId, SubAccountId, UserId, WebhookId},
    requests::{Action, ContentHash, Decision, KeyTerms, NewKey, Outlook},
    state::{Seen, SignInChange},
    time::{Millis, Timestamp},
};
use std::collections::{BTreeMap, BTreeSet};

/// A new request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its identity, drawn by the caller.
    pub id: RequestId,
    /// What.
    pub action: Action,
    /// On which devices; in any order, repeats are dropped. Empty unless the action is a device operation.
    pub targets: Vec<DeviceId>,
    /// What each device draws, is expected to draw and is set to, from the live table. Devices that are missing count as
    /// unknown.
    pub estimates: Vec<(DeviceId, Outlook)>,
    /// The initiator's words, up to 1000 characters.
    pub reason: Option<String>,
    /// The same key with the same content gives the same request.
    pub idempotency_key: Option<String>,
}

/// A draft as its author has reviewed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftSubmission {
    /// Of which site.
    pub site: SiteId,
    /// As of which version; if the draft is not at this one any more, nothing is submitted.
    pub version: u64,
    /// What each of its changes needs to become a request.
    pub parts: Vec<DraftPart>,
    /// The initiator's words, up to 1000 characters; they go with every request.
    pub reason: Option<String>,
    /// The same key with the same site, version and reason gives the same requests.
    pub idempotency_key: Option<String>,
}

/// What one change of a draft needs to become a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftPart {
    /// Which change.
    pub change: u32,
    /// The request's identity, drawn by the caller.
    pub id: RequestId,
    /// As in [`Submission`].
    pub estimates: Vec<(DeviceId, Outlook)>,
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The first account, its owner and nothing else. Operator only.
    CreateAccount {
        /// Company name, 1 to 60 characters.
        name: String,
    },
    /// This, if something is as it was seen.
    IfSeen {
        /// What was seen.
        seen: Seen,
        /// What is asked then.
        then: Box<Command>,
    },
    /// Another name for the account. Whoever keeps its settings gives it, at once.
    RenameAccount {
        /// 1 to 60 characters.
        name: String,
    },
    /// One more account, whose owner is whoever asks. Whether this server lets people do that is not decided here.
    FoundAccount {
        /// Company name, 1 to 60 characters.
        name: String,
    },
    /// A person who can be granted roles. By an operator or somebody who manages people; the person's details are kept
    /// outside the log.
    AddUser,
    /// This, about somebody whom the caller need not have on their account: the server has found them by an e-mail that the
    /// caller named, or has registered them by an invitation.
    Introduce {
        /// Whom.
        user: UserId,
        /// What is asked then.
        then: Box<Command>,
    },
    /// A person's e-mail was shown to be theirs. Operator or system only.
    VerifyEmail {
        /// Whose.
        user: UserId,
    },
    /// A person signs in differently from now on. Operator or system only.
    ChangeSignIn {
        /// Who.
        user: UserId,
        /// What has changed.
        change: SignInChange,
        /// Whether they have one-time codes or a passkey now.
        enrolled: bool,
    },
    /// Looks at an account on which one was given a role, for the first time.
    OpenAccount,
    /// Takes nothing of what one was given on an account that one has never opened.
    DeclineAccount,
    /// A grant without a request, to seed an account. Operator only, and only before the account's first request.
    SeedGrant {
        /// Whom.
        user: UserId,
        /// What.
        role: crate::authz::Role,
        /// Where.
        scope: crate::authz::Scope,
    },
    /// A person has left the directory. Cannot be refused. Operator or system only.
    RemoveUser {
        /// Who.
        user: UserId,
    },
    /// One's own grants on the account end. Needs nobody's leave, unless the counts need this person.
    LeaveAccount,
    /// A key that reads, under one's own grant: it gives nothing that the grant's API access was not approved for. One that writes is
    /// asked for by a request.
    IssueOwnKey(NewKey),
    /// Another name and narrower terms for a key under one's own grant.
    ChangeOwnKey {
        /// Which.
        key: KeyId,
        /// What it is to be; wider terms are another key's.
        to: KeyTerms,
    },
    /// Another secret for a key under one's own grant.
    RotateOwnKey {
        /// Which.
        key: KeyId,
        /// SHA-256 of the new one, 64 hex digits.
        secret_hash: String,
        /// How long the one until now still opens, at most seven days.
        overlap: Millis,
    },
    /// Ends a key under one's own grant, at once. Nobody can refuse that.
    RevokeOwnKey {
        /// Which.
        key: KeyId,
    },
    /// A container on a site.
    CreateContainer {
        /// Where.
        site: SiteId,
        /// Name, 1 to 60 characters, unique on the site.
        name: String,
    },
    /// Another name for a container.
    RenameContainer {
        /// Which.
        container: ContainerId,
        /// As when it is made.
        name: String,
    },
    /// Takes an empty container away.
    RemoveContainer {
        /// Which.
        container: ContainerId,
    },
    /// Another name for a sub-account.
    RenameSubAccount {
        /// Which.
        sub_account: SubAccountId,
        /// As when it is made.
        name: String,
    },
    /// A sub-account.
    CreateSubAccount {
        /// Name, 1 to 60 characters, unique in the account.
        name: String,
    },
    /// A new request.
    Submit(Submission),
    /// A vote on a request.
    Vote {
        /// Which.
        request: RequestId,
        /// Yes or no.
        decision: Decision,
        /// On exactly what.
        content_hash: ContentHash,
        /// Words; needed to reject.
        comment: Option<String>,
        /// Id of the passkey that was given for this decision on this content, once the server has checked that.
        passkey: Option<String>,
    },
    /// Whom a request offers something says whether they take it.
    AnswerOffer {
        /// Which.
        request: RequestId,
        /// Yes or no.
        decision: Decision,
        /// On exactly what.
        content_hash: ContentHash,
        /// Words; needed to refuse.
        comment: Option<String>,
    },
    /// Takes an approval back.
    WithdrawVote {
        /// Which request.
        request: RequestId,
    },
    /// Says something about a request, while it is open and for some time after.
    Comment {
        /// Which.
        request: RequestId,
        /// 1 to 1000 characters.
        words: String,
    },
    /// Asks for something else instead: a new revision takes the place of one's own request, which ends; its votes with it.
    Amend {
        /// Which.
        request: RequestId,
        /// What instead, within the same scenario.
        with: Submission,
    },
    /// Calls a request off.
    Cancel {
        /// Which.
        request: RequestId,
        /// Why.
        reason: Option<String>,
    },
    /// Ends the review that follows a recovery.
    CloseReview {
        /// The recovery.
        request: RequestId,
        /// What was found, 1 to 1000 characters.
        words: String,
    },
    /// Puts a change into one's own draft.
    PutDraft {
        /// Where.
        site: SiteId,
        /// What; a device operation.
        action: Action,
        /// On which devices.
        targets: Vec<DeviceId>,
    },
    /// Takes devices (or, if none are named, the whole change) out of one's draft.
    TakeFromDraft {
        /// Where.
        site: SiteId,
        /// Which change.
        change: u32,
        /// Which devices.
        targets: Vec<DeviceId>,
    },
    /// Throws one's draft away.
    DiscardDraft {
        /// Where.
        site: SiteId,
    },
    /// Turns one's draft into requests: all of it, or none.
    SubmitDraft(DraftSubmission),
    /// Tells an address outside what happens on the account, or changes whom and what it tells; a webhook that was disabled
    /// is told again.
    SetWebhook {
        /// Which; none for a new one.
        webhook: Option<WebhookId>,
        /// Name, 1 to 60 characters, unique in the account.
        name: String,
        /// The machine that is told, for people to read: 1 to 253 characters.
        host: String,
        /// Which types of [`crate::notices::TYPES`]; none are all.
        types: BTreeSet<String>,
        /// Where its address and secret are kept: 32 hex digits.
        sealed: String,
    },
    /// Notes that a webhook has another secret.
    RotateWebhookSecret {
        /// Which.
        webhook: WebhookId,
    },
    /// Tells an address no more until it is set again. System only.
    DisableWebhook {
        /// Which.
        webhook: WebhookId,
    },
    /// Forgets a webhook.
    RemoveWebhook {
        /// Which.
        webhook: WebhookId,
    },
    /// Shares out what sub-accounts have earned on a day that is over; once for each of them. System only.
    SettleEarnings {
        /// The day's first moment: 00:00 UTC.
        day: Timestamp,
        /// What each has earned, satoshi.
        earned: BTreeMap<SubAccountId, u64>,
    },
    /// An agent enrols with a one-time token.
    EnrolAgent {
        /// SHA-256 of the token, in hex.
        token_hash: String,
        /// The agent's public key, 64 hex digits.
        public_key: String,
    },
    /// An agent has said what its site's own policy leaves of its orders.
    ReportSitePolicy {
        /// Which agent.
        agent: AgentId,
        /// What it is let do at most.
        policy: SitePolicy,
    },
    /// An agent has identified devices.
    ReportDevices {
        /// Which agent.
        agent: AgentId,
        /// Which sweep.
        scan_task: ScanTaskId,
        /// What it found.
        devices: Vec<FoundDevice>,
        /// Devices that answer now at the address at which they are known, whoever holds them.
        heard: BTreeSet<DeviceId>,
    },
    /// What devices draw since the orders to them have taken effect.
    ReportPower {
        /// Of which request.
        request: RequestId,
        /// Of which targets, by their places in its list.
        power: Vec<(u32, PowerAfter)>,
    },
    /// An agent's commands have ended.
    ReportResults {
        /// Which agent.
        agent: AgentId,
        /// Which, and how.
        results: Vec<(CommandId, TargetResult)>,
    },
    /// The hash of the state as it was after a record, before a snapshot of it is kept. System only.
    NoteState {
        /// After which record.
        seq: u64,
        /// [`State::hash`](crate::state::State::hash) of it.
        hash: Hash,
    },
    /// Time has passed.
    Tick,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing to name.
    Done,
    /// Time has done a part of what is due: let it go on at once.
    MoreIsDue,
    /// An account and its owner.
    Account(crate::ids::AccountId, UserId),
    /// A person.
    User(UserId),
    /// A request, new or found again by its idempotency key.
    Request(RequestId),
    /// The requests that a draft became, in the order of its changes.
    Requests(Vec<RequestId>),
    /// A container.
    Container(ContainerId),
    /// A sub-account.
    SubAccount(SubAccountId),
    /// An API key.
    Key(KeyId),
    /// A webhook.
    Webhook(WebhookId),
    /// An agent.
    Agent(AgentId),
    /// What was reported was taken in, but for this many devices and results.
    Taken {
        /// Devices beyond what one agent may bring, or results that are not its to tell.
        left_out: u32,
    },
    /// A draft's new version, and how many devices were taken over from other changes of it.
    Draft {
        /// Version after the change.
        version: u64,
        /// Devices taken over.
        replaced: u32,
    },
}

impl Command {
    /// The same, only if something is as it was seen.
    #[must_use]
    pub fn if_seen(self, seen: Option<Seen>) -> Self {
        match seen {
            Some(seen) => Self::IfSeen { seen, then: Box::new(self) },
            None => self,
        }
    }
}
