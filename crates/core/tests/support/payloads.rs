//! Random payloads of every operation and action, and every way to change one field of a payload.

use adit_core::{
    accounts::{Recipient, Sections, Share},
    authz::{ApiAccess, Network, Node, Origins, Permission, Principal, Role, RoleId, Scope},
    fleet::{AgentMode, FieldValues, Operation, Pool, PowerMode, SecretRef, TemplateField},
    ids::{
        AccountId, AgentId, ContainerId, CustomRoleId, DeviceId, GrantId, GroupId, KeyId, ObserverLinkId, ScanTaskId,
        SiteId, SubAccountId, UserId,
    },
    requests::{
        Action, Approvers, Base, Control, GrantChange, ItemState, NewGrant, NewKey, NewObserverLink, Passwords,
        Payload, Pinned, PolicyChange, Recovery, Request, RequestState, Safeguards, Scenario, StepUp, Target,
    },
    time::Timestamp,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

fn word() -> impl Strategy<Value = String> {
    select(vec!["Norte", "Sur", "Este", "farm", "night watch"]).prop_map(str::to_owned)
}

fn digest() -> impl Strategy<Value = String> {
    "[0-9a-f]{64}"
}

fn id() -> std::ops::Range<u32> {
    1..4
}

fn time() -> impl Strategy<Value = Timestamp> {
    (1_800_000_000_000_i64..1_900_000_000_000).prop_map(Timestamp)
}

fn devices() -> impl Strategy<Value = Vec<DeviceId>> {
    prop::collection::btree_set(1_u32..40, 1..20).prop_map(|ids| ids.into_iter().map(DeviceId).collect())
}

fn permissions() -> impl Strategy<Value = BTreeSet<Permission>> {
    prop::collection::btree_set(select(Permission::all().collect::<Vec<_>>()), 1..5)
}

fn role() -> impl Strategy<Value = RoleId> {
    let built_in = [Role::Administrator, Role::SiteManager, Role::Technician, Role::Accountant].map(RoleId::BuiltIn);
    prop_oneof![select(built_in.to_vec()), id().prop_map(|n| RoleId::Custom(CustomRoleId(n)))]
}

fn scope() -> impl Strategy<Value = Scope> {
    let node = prop_oneof![
        id().prop_map(|n| Node::Site(SiteId(n))),
        id().prop_map(|n| Node::Container(ContainerId(n))),
        id().prop_map(|n| Node::Group(GroupId(n))),
        id().prop_map(|n| Node::SubAccount(SubAccountId(n))),
    ];
    prop_oneof![Just(Scope::All), prop::collection::btree_set(node, 1..4).prop_map(Scope::Nodes)]
}

fn access() -> impl Strategy<Value = ApiAccess> {
    select(vec![ApiAccess::None, ApiAccess::ReadOnly, ApiAccess::ReadWrite])
}

fn sections() -> impl Strategy<Value = Sections> {
    any::<(bool, bool)>().prop_map(|(workers, earnings)| Sections { workers, earnings })
}

fn ranges() -> impl Strategy<Value = Vec<String>> {
    vec((0_u8..4).prop_map(|n| format!("10.0.{n}.0/24")), 1..4)
}

fn pools() -> impl Strategy<Value = Vec<Pool>> {
    let url = select(vec!["stratum+tcp://pool.example:3333", "stratum+tcp://other.example:3333"]);
    let user =
        select(vec!["farm.rig", "farm", "thief.rig", "farm.{name}", "{sub_account}.{serial}x{ip4}", "farm.{serial}"]);
    let password = option::of((0_u128..3).prop_map(SecretRef::new));
    let pool = |(url, user, password): (&str, &str, _)| Pool { url: url.into(), user: user.into(), password };
    vec((url, user, password).prop_map(pool), 1..4)
}

fn scenario() -> impl Strategy<Value = Scenario> {
    select(Scenario::ALL.to_vec())
}

fn policy() -> impl Strategy<Value = PolicyChange> {
    let counts = (scenario(), 1_u32..4, 0_u32..3);
    let who = (
        option::of(select(vec![Approvers::Administrators, Approvers::SiteManagement, Approvers::ActionHolders])),
        option::of(any::<bool>()),
        option::of(any::<bool>()),
        option::of(select(vec![StepUp::None, StepUp::Recent, StepUp::Passkey])),
    );
    let times = (option::of(60_u32..9_000), option::of(60_u32..9_000), option::of(0_u32..9_000), option::of(0_u32..4));
    (counts, who, times).prop_map(|(counts, who, times)| PolicyChange {
        scenario: counts.0,
        required: counts.1,
        required_other: counts.2,
        approvers: who.0,
        initiator_counts: who.1,
        programs_run_alone: who.2,
        step_up: who.3,
        approve_ttl_s: times.0,
        execute_ttl_s: times.1,
        timelock_s: times.2,
        version: times.3,
    })
}

/// At most one for each scenario.
fn policies() -> impl Strategy<Value = Vec<PolicyChange>> {
    vec(policy(), 1..4).prop_map(|mut changes| {
        changes.sort_by_key(|change| change.scenario);
        changes.dedup_by_key(|change| change.scenario);
        changes
    })
}

fn shares() -> impl Strategy<Value = Vec<Share>> {
    let address = |n: u32| Recipient::Address { address: format!("bc1q{n:038}") };
    let recipient = prop_oneof![
        Just(Recipient::Wallet {}),
        id().prop_map(address),
        id().prop_map(|n| Recipient::SubAccount { sub_account: SubAccountId(n) }),
    ];
    prop::collection::btree_map(recipient, 1_u32..10_000, 1..4).prop_map(|shares| {
        shares.into_iter().map(|(recipient, basis_points)| Share { recipient, basis_points }).collect()
    })
}

fn new_grant() -> impl Strategy<Value = NewGrant> {
    (id(), role(), scope(), option::of(time()), option::of(word()), access()).prop_map(
        |(user, role, scope, expires_at, remark, api_access)| NewGrant {
            user: UserId(user),
            role,
            scope,
            expires_at,
            remark,
            api_access,
        },
    )
}

fn grant_change() -> impl Strategy<Value = GrantChange> {
    (id(), new_grant()).prop_map(|(grant, new)| {
        let NewGrant { user: _, role, scope, expires_at, remark, api_access } = new;
        GrantChange { grant: GrantId(grant), role, scope, expires_at, remark, api_access }
    })
}

fn new_link() -> impl Strategy<Value = NewObserverLink> {
    let of = prop::collection::btree_set(id().prop_map(SubAccountId), 1..3);
    (of, sections(), word(), digest(), time(), option::of(id().prop_map(ObserverLinkId))).prop_map(
        |(sub_accounts, sections, label, token_hash, expires_at, replaces)| NewObserverLink {
            sub_accounts,
            sections,
            label,
            token_hash,
            expires_at,
            replaces,
        },
    )
}

fn origins() -> impl Strategy<Value = Origins> {
    let network = (1_u8..4).prop_map(|n| format!("203.0.{n}.0/24").parse::<Network>().unwrap());
    prop_oneof![Just(Origins::Anywhere), prop::collection::btree_set(network, 1..3).prop_map(Origins::Networks),]
}

fn new_key() -> impl Strategy<Value = NewKey> {
    (id(), word(), access(), digest(), option::of(time()), option::of(origins()), any::<bool>()).prop_map(
        |(grant, name, access, secret_hash, expires_at, from, require_hmac)| NewKey {
            grant: GrantId(grant),
            name,
            access,
            secret_hash,
            expires_at,
            from,
            require_hmac,
        },
    )
}

fn passwords() -> impl Strategy<Value = Passwords> {
    prop_oneof![Just(Passwords::Keep), Just(Passwords::None), digest().prop_map(Passwords::Sealed)]
}

macro_rules! actions {
    ($($pattern:pat => $strategy:expr;)*) => {
        /// One strategy for each operation and action, and which they make. One that is new does not compile here until it
        /// has a line.
        pub fn actions() -> Vec<(BoxedStrategy<Action>, fn(&Action) -> bool)> {
            fn every_one_has_a_line(action: &Action) {
                match action { $($pattern => (),)* }
            }
            let _ = every_one_has_a_line;
            vec![$(($strategy.boxed(), |action: &Action| matches!(action, $pattern))),*]
        }
    };
}

fn device(operation: Operation) -> Action {
    Action::Device(operation)
}

fn control(control: Control) -> Action {
    Action::Control(control)
}

use Action::{Control as C, Device as D};

actions! {
    D(Operation::Reboot {}) => Just(device(Operation::Reboot {}));
    D(Operation::RestartMining {}) => Just(device(Operation::RestartMining {}));
    D(Operation::Pause {}) => Just(device(Operation::Pause {}));
    D(Operation::Resume {}) => Just(device(Operation::Resume {}));
    D(Operation::SetPowerMode { .. }) => select(vec![PowerMode::Sleep, PowerMode::Low, PowerMode::Normal, PowerMode::High])
        .prop_map(|mode| device(Operation::SetPowerMode { mode }));
    D(Operation::Locate { .. }) => any::<bool>().prop_map(|on| device(Operation::Locate { on }));
    D(Operation::SetPools { .. }) => pools().prop_map(|pools| device(Operation::SetPools { pools }));
    C(Control::RestartWorkers { .. }) => id().prop_map(|n| control(Control::RestartWorkers { site: SiteId(n) }));
    C(Control::SetPolicies { .. }) => policies().prop_map(|changes| control(Control::SetPolicies { changes }));
    C(Control::AddGrant(_)) => new_grant().prop_map(|new| control(Control::AddGrant(new)));
    C(Control::ChangeGrant(_)) => grant_change().prop_map(|change| control(Control::ChangeGrant(change)));
    C(Control::RemoveGrant { .. }) => id().prop_map(|n| control(Control::RemoveGrant { grant: GrantId(n) }));
    C(Control::RemoveUser { .. }) => (id(), policies())
        .prop_map(|(n, changes)| control(Control::RemoveUser { user: UserId(n), changes }));
    C(Control::SuspendUser { .. }) => id().prop_map(|n| control(Control::SuspendUser { user: UserId(n) }));
    C(Control::UnsuspendUser { .. }) => id().prop_map(|n| control(Control::UnsuspendUser { user: UserId(n) }));
    C(Control::CreateRole { .. }) => (word(), permissions())
        .prop_map(|(name, permissions)| control(Control::CreateRole { name, permissions }));
    C(Control::ChangeRole { .. }) => (id(), word(), permissions())
        .prop_map(|(n, name, permissions)| control(Control::ChangeRole { role: CustomRoleId(n), name, permissions }));
    C(Control::DeleteRole { .. }) => id().prop_map(|n| control(Control::DeleteRole { role: CustomRoleId(n) }));
    C(Control::SetAdministratorsManageUsers { .. }) => any::<bool>()
        .prop_map(|on| control(Control::SetAdministratorsManageUsers { on }));
    C(Control::SetSecondFactorRequired { .. }) => any::<bool>()
        .prop_map(|on| control(Control::SetSecondFactorRequired { on }));
    C(Control::SetSafeguards(_)) => any::<(bool, bool, bool)>().prop_map(|(ratchet, closure, owner_recovery)| {
        control(Control::SetSafeguards(Safeguards { ratchet, closure, owner_recovery }))
    });
    C(Control::CreateSite { .. }) => (word(), option::of(1_u64..9_000_000))
        .prop_map(|(name, capacity_w)| control(Control::CreateSite { name, capacity_w }));
    C(Control::ChangeSite { .. }) => (id(), word(), option::of(1_u64..9_000_000))
        .prop_map(|(n, name, capacity_w)| control(Control::ChangeSite { site: SiteId(n), name, capacity_w }));
    C(Control::RemoveSite { .. }) => (id(), word())
        .prop_map(|(n, name)| control(Control::RemoveSite { site: SiteId(n), name }));
    C(Control::CreateAgent { .. }) => (id(), word(), digest())
        .prop_map(|(n, name, token_hash)| control(Control::CreateAgent { site: SiteId(n), name, token_hash }));
    C(Control::ChangeAgent { .. }) => (id(), word(), any::<(bool, bool)>()).prop_map(|(n, name, (full, paused))| {
        let mode = if full { AgentMode::FullControl } else { AgentMode::MonitoringOnly };
        control(Control::ChangeAgent { agent: AgentId(n), name, mode, paused })
    });
    C(Control::RevokeAgent { .. }) => id().prop_map(|n| control(Control::RevokeAgent { agent: AgentId(n) }));
    C(Control::ReissueAgentToken { .. }) => (id(), digest())
        .prop_map(|(n, token_hash)| control(Control::ReissueAgentToken { agent: AgentId(n), token_hash }));
    C(Control::CreateScanTask { .. }) => (id(), word(), ranges(), 30_u32..9_000, option::of(digest()), any::<bool>())
        .prop_map(|(n, name, ranges, interval_s, credentials, passwords_to_unknown)| {
            let agent = AgentId(n);
            control(Control::CreateScanTask { agent, name, ranges, interval_s, credentials, passwords_to_unknown })
        });
    C(Control::ChangeScanTask { .. }) => (
        (id(), word(), ranges(), 30_u32..9_000),
        (any::<bool>(), any::<bool>(), passwords()),
    ).prop_map(|((n, name, ranges, interval_s), (enabled, passwords_to_unknown, passwords))| {
        let scan_task = ScanTaskId(n);
        control(Control::ChangeScanTask {
            scan_task, name, ranges, interval_s, enabled, passwords_to_unknown, passwords,
        })
    });
    C(Control::RemoveScanTask { .. }) => id()
        .prop_map(|n| control(Control::RemoveScanTask { scan_task: ScanTaskId(n) }));
    C(Control::PlaceDevices { .. }) => (devices(), option::of(id())).prop_map(|(devices, n)| {
        control(Control::PlaceDevices { devices, container: n.map(ContainerId) })
    });
    C(Control::MoveDevices { .. }) => (devices(), id())
        .prop_map(|(devices, n)| control(Control::MoveDevices { devices, agent: AgentId(n) }));
    C(Control::AssignDevices { .. }) => (devices(), option::of(id())).prop_map(|(devices, n)| {
        control(Control::AssignDevices { devices, sub_account: n.map(SubAccountId) })
    });
    C(Control::CreateGroup { .. }) => (word(), devices())
        .prop_map(|(name, devices)| control(Control::CreateGroup { name, devices }));
    C(Control::ChangeGroup { .. }) => (id(), word(), devices(), option::of(1_u32..4))
        .prop_map(|(n, name, devices, version)| control(Control::ChangeGroup { group: GroupId(n), name, devices, version }));
    C(Control::DeleteGroup { .. }) => (id(), option::of(1_u32..4))
        .prop_map(|(n, version)| control(Control::DeleteGroup { group: GroupId(n), version }));
    C(Control::RemoveSubAccount { .. }) => id()
        .prop_map(|n| control(Control::RemoveSubAccount { sub_account: SubAccountId(n) }));
    C(Control::SetWallet { .. }) => (id(), id()).prop_map(|(n, address)| {
        control(Control::SetWallet { sub_account: SubAccountId(n), address: format!("bc1q{address:038}") })
    });
    C(Control::SetAllocation { .. }) => (id(), shares())
        .prop_map(|(n, shares)| control(Control::SetAllocation { sub_account: SubAccountId(n), shares }));
    C(Control::IssueObserverLink(_)) => new_link().prop_map(|new| control(Control::IssueObserverLink(new)));
    C(Control::NarrowObserverLink { .. }) => (id(), sections())
        .prop_map(|(n, sections)| control(Control::NarrowObserverLink { link: ObserverLinkId(n), sections }));
    C(Control::RevokeObserverLink { .. }) => id()
        .prop_map(|n| control(Control::RevokeObserverLink { link: ObserverLinkId(n) }));
    C(Control::ProtectObservers {}) => Just(control(Control::ProtectObservers {}));
    C(Control::OpenObservers { .. }) => sections().prop_map(|sections| control(Control::OpenObservers { sections }));
    C(Control::IssueKey(_)) => new_key().prop_map(|new| control(Control::IssueKey(new)));
    C(Control::RevokeKey { .. }) => id().prop_map(|n| control(Control::RevokeKey { key: KeyId(n) }));
    C(Control::FreezeAccount {}) => Just(control(Control::FreezeAccount {}));
    C(Control::UnfreezeAccount {}) => Just(control(Control::UnfreezeAccount {}));
    C(Control::DeleteAccount { .. }) => word().prop_map(|name| control(Control::DeleteAccount { name }));
    C(Control::KeepAccount {}) => Just(control(Control::KeepAccount {}));
    C(Control::TransferOwnership { .. }) => (id(), role())
        .prop_map(|(n, then)| control(Control::TransferOwnership { to: UserId(n), then }));
    C(Control::Recover(_)) => prop::collection::btree_set(id().prop_map(UserId), 0..3)
        .prop_map(|remove| control(Control::Recover(Recovery { remove })));
}

fn bases() -> impl Strategy<Value = BTreeMap<Base, String>> {
    let base = prop_oneof![
        scenario().prop_map(Base::Policy),
        id().prop_map(|n| Base::Wallet(SubAccountId(n))),
        id().prop_map(|n| Base::Allocation(SubAccountId(n))),
        Just(Base::Places),
    ];
    prop::collection::btree_map(base, (0_u32..4).prop_map(|version| version.to_string()), 0..3)
}

/// What the names in an action's users stand for, in one of several worlds.
fn pinned(action: &Action, targets: &[Target], world: u32) -> Pinned {
    let mut pinned = Pinned::default();
    let Action::Device(operation) = action else { return pinned };
    let fields = operation.template_fields().unwrap();
    for target in targets {
        let value = |field: &TemplateField| match field {
            TemplateField::Name => target.to_string(),
            TemplateField::SubAccount => format!("sub{world}"),
            other => format!("{}{world}{target}", other.name()),
        };
        pinned.push(fields.iter().map(|field| (*field, value(field))).collect::<FieldValues>());
    }
    pinned
}

/// A payload of an action of this kind.
pub fn payload(action: BoxedStrategy<Action>) -> impl Strategy<Value = Payload> {
    let numbers = (1_u32..4, 0_u32..4, time(), id(), bases());
    (action, devices(), numbers).prop_map(|(action, devices, numbers)| {
        let (revision, policy_version, not_after, user, base_versions) = numbers;
        let targets = match &action {
            Action::Device(_) => devices.into_iter().map(Target::Device).collect(),
            Action::Control(Control::RestartWorkers { .. }) => {
                vec![Target::Agent(AgentId(1)), Target::Agent(AgentId(2))]
            }
            Action::Control(_) => Vec::new(),
        };
        let pinned = pinned(&action, &targets, policy_version);
        Payload {
            account: AccountId(1),
            scenario: action.scenario(),
            action,
            targets,
            pinned,
            base_versions,
            initiator: Principal::User(UserId(user)),
            revision,
            policy_version,
            not_after,
        }
    })
}

/// A request for it that waits.
pub fn waiting(payload: Payload) -> Request {
    let targets = payload.targets.len();
    Request {
        id: adit_core::ids::RequestId(7.into()),
        number: 7,
        content_hash: payload.content_hash(),
        payload: std::sync::Arc::new(payload),
        required: 1,
        required_other: 0,
        eligible: [].into(),
        estimates: [].into(),
        refused: [].into(),
        was: [].into(),
        shown: std::sync::Arc::default(),
        took: Vec::new(),
        steps: Vec::new(),
        reason: None,
        state: RequestState::Pending,
        state_reason: None,
        supersedes: None,
        superseded_by: None,
        accepted_at: None,
        votes: Vec::new(),
        comments: Vec::new(),
        items: std::iter::repeat_n(ItemState::Waiting, targets).collect(),
        open_items: u32::try_from(targets).unwrap(),
        created_at: Timestamp(0),
        approved_at: None,
        not_before: None,
        execute_deadline: None,
        ended_at: None,
    }
}

/// Every payload that differs from this one in one field, as far as such a payload can be read at all. What fields may be is taken
/// from `other`, a payload of the same action.
pub fn flips(payload: &Payload, other: &Payload) -> Vec<(String, Payload)> {
    let (this, other) = (serde_json::to_value(payload).unwrap(), serde_json::to_value(other).unwrap());
    let changed = flipped("", &this, Some(&other)).into_iter();
    changed
        .filter_map(|(path, value)| Some((path, serde_json::from_value::<Payload>(value).ok()?)))
        .filter(|(_, flip)| flip != payload && !is_refused(flip))
        .collect()
}

/// A recipient or a scenario that is named twice is refused.
fn is_refused(payload: &Payload) -> bool {
    let twice = |names: Vec<String>| names.iter().collect::<BTreeSet<_>>().len() < names.len();
    match &payload.action {
        Action::Control(Control::SetAllocation { shares, .. }) => {
            twice(shares.iter().map(|share| format!("{:?}", share.recipient)).collect())
        }
        Action::Control(Control::SetPolicies { changes } | Control::RemoveUser { changes, .. }) => {
            twice(changes.iter().map(|change| change.scenario.name().to_owned()).collect())
        }
        _ => false,
    }
}

fn flipped(path: &str, this: &Value, other: Option<&Value>) -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = match this {
        Value::Null => Vec::new(),
        Value::Bool(on) => vec![(path.into(), Value::Bool(!on))],
        Value::Number(number) => number.as_i64().map(|n| (path.into(), Value::from(n + 1))).into_iter().collect(),
        Value::String(text) => {
            vec![(path.into(), Value::from(format!("{text}1"))), (path.into(), Value::from(turned(text)))]
        }
        Value::Array(elements) => of_array(path, elements, other),
        Value::Object(members) => of_object(path, members, other.and_then(Value::as_object)),
    };
    all.extend(other.filter(|other| *other != this).map(|other| (path.to_owned(), other.clone())));
    all
}

/// The same with another first character.
fn turned(text: &str) -> String {
    let other = if text.starts_with('a') { 'b' } else { 'a' };
    std::iter::once(other).chain(text.chars().skip(1)).collect()
}

fn of_array(path: &str, elements: &[Value], other: Option<&Value>) -> Vec<(String, Value)> {
    let others = other.and_then(Value::as_array);
    let mut all = Vec::new();
    for (at, element) in elements.iter().enumerate() {
        let with = |value: Option<Value>| {
            let mut elements = elements.to_vec();
            elements.splice(at..=at, value);
            Value::Array(elements)
        };
        let path = format!("{path}/{at}");
        let other = others.and_then(|others| others.get(at));
        all.extend(flipped(&path, element, other).into_iter().map(|(path, value)| (path, with(Some(value)))));
        all.push((format!("{path} taken out"), with(None)));
        // The order of rules that are changed means nothing.
        if at > 0 && !path.contains("/changes/") {
            let mut elements = elements.to_vec();
            elements.swap(at - 1, at);
            all.push((format!("{path} moved up"), Value::Array(elements)));
        }
    }
    for extra in others.into_iter().flatten().filter(|other| !elements.contains(other)) {
        let longer = elements.iter().chain([extra]).cloned().collect();
        all.push((format!("{path} longer"), Value::Array(longer)));
    }
    all
}

fn of_object(path: &str, members: &Map<String, Value>, others: Option<&Map<String, Value>>) -> Vec<(String, Value)> {
    let with = |name: &str, value: Option<Value>| {
        let mut members = members.clone();
        match value {
            Some(value) => drop(members.insert(name.to_owned(), value)),
            None => drop(members.remove(name)),
        }
        Value::Object(members)
    };
    let mut all = Vec::new();
    for (name, member) in members {
        let path = format!("{path}/{name}");
        let other = others.and_then(|others| others.get(name));
        all.extend(flipped(&path, member, other).into_iter().map(|(path, value)| (path, with(name, Some(value)))));
        all.push((format!("{path} left out"), with(name, None)));
    }
    for (name, member) in others.into_iter().flatten().filter(|(name, _)| !members.contains_key(*name)) {
        all.push((format!("{path}/{name} given"), with(name, Some(member.clone()))));
    }
    all
}
