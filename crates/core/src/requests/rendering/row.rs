//! What a rendering is made of: values with their types, no words.

use super::{
    lists::{DeviceList, Mark, UserList},
    shown::KeptRow,
    weight::weigh,
};
use crate::{
    accounts::{Recipient, address},
    authz::{ApiAccess, Permission, Principal, RoleId},
    fleet::{Activity, AgentMode, PoolUser, PowerMode},
    ids::{
        AccountId, AgentId, ContainerId, GrantId, GroupId, KeyId, ObserverLinkId, ScanTaskId, SiteId, SubAccountId,
        UserId,
    },
    requests::{Approvers, Base, Scenario, StepUp},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named after what they say")]
pub enum Field {
    PoolUrl,
    PoolUser,
    PoolPassword,
    Mining,
    Miner,
    MiningProgram,
    PowerMode,
    LocateLight,
    Targets,
    ApprovedTargets,
    Workers,
    Site,
    Required,
    RequiredOther,
    ApproverRoles,
    InitiatorCounts,
    ProgramsRunAlone,
    ApproveTtl,
    ExecuteTtl,
    Timelock,
    StepUp,
    Ratchet,
    Closure,
    OwnerRecovery,
    CountsLowered,
    AdministratorsManage,
    SecondFactor,
    Person,
    Grant,
    Role,
    Scope,
    Ends,
    Remark,
    ApiAccess,
    Membership,
    Suspended,
    Name,
    NameTyped,
    Permissions,
    Capacity,
    Agent,
    Agents,
    FollowedAt,
    AlsoSeenAt,
    ScanTask,
    ScanTasks,
    Containers,
    Devices,
    Token,
    AgentMode,
    Paused,
    Ranges,
    Interval,
    Enabled,
    Passwords,
    PasswordsToUnknown,
    Container,
    SubAccount,
    SubAccounts,
    Group,
    Members,
    MembersAdded,
    MembersRemoved,
    Address,
    Share,
    Recipients,
    ObserverLink,
    ShowsWorkers,
    ShowsEarnings,
    OpenToNames,
    Replaces,
    Key,
    KeyAccess,
    Secret,
    TokenId,
    Origins,
    Signed,
    Frozen,
    Deletion,
    Owner,
    RoleAfterwards,
    SeenVersion,
    Account,
    Scenario,
    PolicyVersion,
    BaseVersion,
    Initiator,
    Revision,
    NotAfter,
}

/// Something by its id; what it is called is looked up where it is put into words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named after what they are")]
pub enum ObjectRef {
    Account(AccountId),
    Person(UserId),
    Grant(GrantId),
    Role(RoleId),
    Key(KeyId),
    Site(SiteId),
    Container(ContainerId),
    Group(GroupId),
    SubAccount(SubAccountId),
    Agent(AgentId),
    ScanTask(ScanTaskId),
    ObserverLink(ObserverLinkId),
    Scenario(Scenario),
    /// A pool by its place in the order of preference, from 1.
    Pool(u8),
    Recipient(Recipient),
    Initiator(Principal),
    /// What a request was asked against a version of.
    Base(Base),
}

impl ObjectRef {
    /// As somebody sees it who may not see addresses.
    pub(super) fn masked(self) -> Self {
        if let Self::Recipient(recipient) = self { Self::Recipient(masked(recipient)) } else { self }
    }
}

/// One side of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named after what they are")]
pub enum Value {
    /// There is none.
    Nothing,
    /// It is taken away.
    Gone,
    /// It begins anew.
    Restarted,
    /// Whatever it was, it is written over.
    Overwritten,
    Text(String),
    Number(u64),
    Seconds(u64),
    Watts(u64),
    BasisPoints(u32),
    Flag(bool),
    At(Timestamp),
    Address(String),
    /// It is there and never shown.
    Secret(Mark),
    Ranges(Vec<String>),
    Permissions(BTreeSet<Permission>),
    Object(ObjectRef),
    Objects(Vec<ObjectRef>),
    /// The whole account.
    Everything,
    /// From every address.
    Anywhere,
    Devices(DeviceList),
    Activity(Activity),
    PowerMode(PowerMode),
    AgentMode(AgentMode),
    ApiAccess(ApiAccess),
    Approvers(Approvers),
    StepUp(StepUp),
    PoolUser(PoolUser),
    /// One for each device.
    PoolUsers(UserList),
    /// So many values that differ among themselves and from the ones that are listed.
    Others(u32),
}

impl Value {
    fn objects(&self) -> &[ObjectRef] {
        match self {
            Self::Object(object) => std::slice::from_ref(object),
            Self::Objects(objects) => objects,
            Self::Nothing
            | Self::Gone
            | Self::Restarted
            | Self::Overwritten
            | Self::Text(_)
            | Self::Number(_)
            | Self::Seconds(_)
            | Self::Watts(_)
            | Self::BasisPoints(_)
            | Self::Flag(_)
            | Self::At(_)
            | Self::Address(_)
            | Self::Secret(_)
            | Self::Ranges(_)
            | Self::Permissions(_)
            | Self::Everything
            | Self::Anywhere
            | Self::Devices(_)
            | Self::Activity(_)
            | Self::PowerMode(_)
            | Self::AgentMode(_)
            | Self::ApiAccess(_)
            | Self::Approvers(_)
            | Self::StepUp(_)
            | Self::PoolUser(_)
            | Self::PoolUsers(_)
            | Self::Others(_) => &[],
        }
    }

    /// As somebody sees it who may not see addresses.
    #[must_use]
    pub(super) fn masked(self) -> Self {
        match self {
            Self::Address(address) => Self::Address(address::masked(&address)),
            Self::Object(object) => Self::Object(object.masked()),
            Self::Objects(objects) => Self::Objects(objects.into_iter().map(ObjectRef::masked).collect()),
            other => other,
        }
    }
}

/// What a field was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Old {
    /// It says what is asked for; there is no before.
    Stated,
    /// It says what was looked up when it was asked for, as whose grant it is; there is no before.
    Found,
    /// Its object is new.
    New,
    /// This.
    Known(Value),
    /// Nobody has said, or it was not kept. Never the same as what is asked for.
    Unknown,
}

/// How much a row has to be looked at; what matters most comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Work or money goes elsewhere, or nobody can say that it does not.
    Money,
    /// A change.
    Change,
    /// It stays as it is.
    Same,
    /// Under which conditions it was asked for.
    Context,
}

/// What has to be said aloud about a row; the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caution {
    /// Devices mine for another account at the pool.
    AnotherAccount,
    /// Money goes to another place.
    MoneyElsewhere,
    /// For whom the devices mine now is not known.
    AccountUnknown,
    /// Devices mine at another pool.
    AnotherPool,
    /// Where the devices mine now is not known.
    PoolUnknown,
    /// Devices mine under another worker name of the same account.
    AnotherWorker,
}

/// One field of what is asked for: from and to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub field: Field,
    /// Of what, where one request is about several.
    pub of: Option<ObjectRef>,
    /// What it was.
    pub old: Old,
    /// What it is to be.
    pub new: Value,
    /// How many devices change so; 0 where it is not about devices.
    pub devices: u32,
    /// How much it matters.
    pub weight: Weight,
    /// What to say aloud about it.
    pub caution: Option<Caution>,
}

impl Row {
    /// From what was said of it, with the weight that follows.
    pub(super) fn new(field: Field, of: Option<ObjectRef>, old: Old, new: Value) -> Self {
        let (weight, caution) = weigh(field, of.as_ref(), &old, &new);
        Self { field, of, old, new, devices: 0, weight, caution }
    }

    /// What is kept of it when the request is made: what the payload does not say by itself.
    pub(super) fn kept(&self) -> Option<KeptRow> {
        match &self.old {
            Old::Stated | Old::New => None,
            Old::Found | Old::Known(_) | Old::Unknown => Some(KeptRow {
                field: self.field,
                of: self.of.clone(),
                old: self.old.clone(),
                new: self.new.clone(),
                devices: self.devices,
            }),
        }
    }

    /// Everything that it names.
    pub(super) fn objects(&self) -> impl Iterator<Item = &ObjectRef> {
        let old = if let Old::Known(value) = &self.old { Some(value) } else { None };
        self.of.iter().chain(old.into_iter().chain([&self.new]).flat_map(Value::objects))
    }
}

/// A recipient as somebody sees it who may not see addresses.
pub(super) fn masked(recipient: Recipient) -> Recipient {
    match recipient {
        Recipient::Address { address } => Recipient::Address { address: address::masked(&address) },
        other @ (Recipient::Wallet {} | Recipient::SubAccount { .. }) => other,
    }
}
