//! Values in words. Texts of people are quoted and written without characters that could pass for something else.

use super::Words;
use adit_core::{
    accounts::Recipient,
    authz::{ApiAccess, Principal, RoleId},
    counted::{counted, grouped},
    fleet::{Activity, AgentMode, PoolUser, Worker},
    ids::UserId,
    requests::{
        Approvers, StepUp, mode_name,
        rendering::{DeviceList, Field, NamedUser, ObjectRef, UserList, Value},
    },
    time::{Millis, Timestamp},
};

impl Words<'_> {
    /// One side of a change.
    pub(super) fn value(&self, field: Field, value: &Value) -> String {
        match value {
            Value::Nothing => nothing(field).into(),
            Value::Gone => "removed".into(),
            Value::Restarted => "restarted".into(),
            Value::Overwritten => "written over".into(),
            Value::Text(text) if field == Field::PoolUrl => plain(text),
            Value::Text(text) => format!("\u{201c}{}\u{201d}", plain(text)),
            Value::Number(number) => grouped(*number),
            Value::Seconds(seconds) => length(Millis::seconds(*seconds)),
            Value::Watts(watts) => format!("{} W", grouped(*watts)),
            Value::BasisPoints(points) => format!("{}.{:02} %", points / 100, points % 100),
            Value::Flag(on) if field == Field::LocateLight => if *on { "on" } else { "off" }.into(),
            Value::Flag(yes) => if *yes { "yes" } else { "no" }.into(),
            Value::At(at) => moment(*at),
            Value::Address(address) => plain(address),
            Value::Secret(mark) => format!("set (not shown; mark {})", mark.as_str()),
            Value::Ranges(ranges) => ranges.iter().map(|range| plain(range)).collect::<Vec<_>>().join(", "),
            Value::Permissions(held) => held.iter().map(|permission| permission.name()).collect::<Vec<_>>().join(", "),
            Value::Object(object) => self.object(object),
            Value::Objects(objects) if objects.is_empty() => "none".into(),
            Value::Objects(objects) => objects.iter().map(|object| self.object(object)).collect::<Vec<_>>().join(", "),
            Value::Everything => "the whole account".into(),
            Value::Anywhere => "everywhere".into(),
            Value::Devices(list) => devices(list),
            Value::Activity(activity) => activity_name(*activity).into(),
            Value::PowerMode(mode) => mode_name(*mode).into(),
            Value::AgentMode(AgentMode::FullControl) => "carries out orders".into(),
            Value::AgentMode(AgentMode::MonitoringOnly) => "only watches".into(),
            Value::ApiAccess(ApiAccess::None) => "none".into(),
            Value::ApiAccess(ApiAccess::ReadOnly) => "read only".into(),
            Value::ApiAccess(ApiAccess::ReadWrite) => "read and write".into(),
            Value::Approvers(approvers) => approvers_name(*approvers).into(),
            Value::StepUp(StepUp::None) => "any session".into(),
            Value::StepUp(StepUp::Recent) => "a fresh sign-in".into(),
            Value::StepUp(StepUp::Passkey) => "a passkey for the vote".into(),
            Value::PoolUser(user) => pool_user(user),
            Value::PoolUsers(users) => pool_users(users),
            Value::Others(count) => format!("{count} other settings"),
        }
    }

    /// By name and id, for names are given twice and changed.
    pub(super) fn object(&self, object: &ObjectRef) -> String {
        let called = self.called.iter().find(|(known, _)| known == object).map(|(_, name)| name.clone());
        let name = called.or_else(|| self.state.name_of(object));
        let named = |id: &dyn std::fmt::Display| match &name {
            Some(name) => format!("{} ({id})", plain(name)),
            None => id.to_string(),
        };
        match object {
            ObjectRef::Account(id) => named(id),
            ObjectRef::Person(user) | ObjectRef::Initiator(Principal::User(user)) => self.person(*user),
            ObjectRef::Grant(id) => id.to_string(),
            ObjectRef::Role(RoleId::BuiltIn(role)) => role.title().into(),
            ObjectRef::Role(RoleId::Custom(id)) => named(id),
            ObjectRef::Key(id) | ObjectRef::Initiator(Principal::ApiKey(id)) => named(id),
            ObjectRef::Site(id) => named(id),
            ObjectRef::Container(id) => named(id),
            ObjectRef::Group(id) => named(id),
            ObjectRef::SubAccount(id) | ObjectRef::Recipient(Recipient::SubAccount { sub_account: id }) => named(id),
            ObjectRef::Agent(id) => named(id),
            ObjectRef::ScanTask(id) => named(id),
            ObjectRef::ObserverLink(id) => named(id),
            ObjectRef::Scenario(scenario) => scenario.name().into(),
            ObjectRef::Pool(place) => format!("pool {place}"),
            ObjectRef::Recipient(Recipient::Wallet {}) => "its own wallet".into(),
            ObjectRef::Recipient(Recipient::Address { address }) => plain(address),
            ObjectRef::Initiator(Principal::Operator) => "the operator of the server".into(),
            ObjectRef::Initiator(Principal::System) => "the server".into(),
            ObjectRef::Base(base) => base.to_string(),
        }
    }

    fn person(&self, user: UserId) -> String {
        let (name, id) = (self.names.name_of(user), user.to_string());
        if name == id { id } else { format!("{} ({id})", plain(&name)) }
    }
}

/// Control characters, and those that turn the direction of writing or are not seen, written as what they are.
pub(super) fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut plain, letter| {
        match letter {
            '\'' | '"' | '\\' => plain.push(letter),
            other => plain.extend(other.escape_debug()),
        }
        plain
    })
}

const fn nothing(field: Field) -> &'static str {
    match field {
        Field::Ends => "no end",
        Field::Origins => "not restricted",
        Field::Capacity => "not given",
        Field::Container => "in no container",
        Field::SubAccount => "the account itself",
        _ => "none",
    }
}

fn pool_user(PoolUser { account, worker }: &PoolUser) -> String {
    match worker {
        Worker::None => plain(account),
        Worker::One(worker) => format!("{}.{}", plain(account), plain(worker)),
        Worker::Several => format!("{}.* (several workers)", plain(account)),
    }
}

/// What they are made of, and then device by device, from and to.
fn pool_users(users: &UserList) -> String {
    let UserList { template, account: _, count, first, digest } = users;
    let named = |NamedUser { device, old, new }: &NamedUser| {
        let new = new.as_deref().map_or_else(|| "none that can be made".into(), plain);
        match old.as_deref().map(plain) {
            Some(old) if old == new => format!("{device} {new}"),
            Some(old) => format!("{device} {old} \u{2192} {new}"),
            None => format!("{device} {new}"),
        }
    };
    let names: Vec<_> = first.iter().map(named).collect();
    let (template, names) = (plain(template), names.join(", "));
    match *count as usize - first.len() {
        0 => format!("{template} ({names})"),
        more => {
            let more = grouped(more.try_into().unwrap_or(u64::MAX));
            format!("{template} ({names} and {more} more; list {})", digest.as_str())
        }
    }
}

fn devices(DeviceList { count, first, digest }: &DeviceList) -> String {
    let names = first.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let count = *count as usize;
    match (count, count - first.len()) {
        (0, _) => "no devices".into(),
        (_, 0) => format!("{}: {names}", counted(count, "device")),
        (_, more) => format!(
            "{}: {names} and {} more (list {})",
            counted(count, "device"),
            grouped(more.try_into().unwrap_or(u64::MAX)),
            digest.as_str()
        ),
    }
}

const fn activity_name(activity: Activity) -> &'static str {
    match activity {
        Activity::Mining => "mining",
        Activity::Starting => "starting",
        Activity::Paused => "paused",
        Activity::Stopped => "stopped",
        Activity::Rebooting => "rebooting",
        Activity::Failed => "failed",
        Activity::NoPool => "no pool",
    }
}

const fn approvers_name(approvers: Approvers) -> &'static str {
    match approvers {
        Approvers::Administrators => "Administrators",
        Approvers::SiteManagement => "Administrators and Site Managers",
        Approvers::ActionHolders => "whoever may do it",
    }
}

/// To the minute where it is a whole one.
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let short = if at.0.rem_euclid(60_000) == 0 { text.get(..16) } else { text.get(..23) };
    short.map_or_else(|| text.clone(), |short| format!("{} UTC", short.replace('T', " ")))
}

/// "24 h", "90 s": the largest unit that it is whole in.
pub(crate) fn length(length: Millis) -> String {
    let seconds = length.0 / 1_000;
    match seconds {
        0 => "0 s".into(),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
