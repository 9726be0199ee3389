//! Tags of what is made and changed: whoever changes something can say what they have seen, and is refused if it is not so any more.

use super::State;
use crate::ids::{AgentId, ContainerId, CustomRoleId, GrantId, GroupId, KeyId, ScanTaskId, SiteId, SubAccountId};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Bytes of a tag.
const LENGTH: usize = 8;

/// Something that has a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A site.
    Site(SiteId),
    /// A container.
    Container(ContainerId),
    /// A sub-account.
    SubAccount(SubAccountId),
    /// An agent.
    Agent(AgentId),
    /// A scan task.
    ScanTask(ScanTaskId),
    /// A role of an account's own.
    Role(CustomRoleId),
    /// A group of devices.
    Group(GroupId),
    /// A grant.
    Grant(GrantId),
    /// An API key.
    Key(KeyId),
}

/// What somebody has seen of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Of which.
    pub thing: Thing,
    /// Its tag, or one of these.
    pub tags: Vec<String>,
}

impl State {
    /// A thing's tag, 16 hex digits: another one whenever what people may change of it is another. `None` if there is no such thing.
    #[must_use]
    pub fn tag_of(&self, thing: Thing) -> Option<String> {
        match thing {
            Thing::Site(id) => self.site(id).and_then(|site| tag(&(&site.name, site.capacity_w))),
            Thing::Container(id) => self.container(id).and_then(|container| tag(&container.name)),
            Thing::SubAccount(id) => self.sub_account(id).and_then(|sub_account| tag(&sub_account.name)),
            Thing::Agent(id) => self.agent(id).and_then(|agent| tag(&(&agent.name, agent.mode, agent.paused))),
            Thing::Key(id) => {
                self.key(id).and_then(|key| tag(&(&key.name, &key.from, key.expires_at, key.require_hmac)))
            }
            Thing::ScanTask(id) => self
                .scan_task(id)
                .and_then(|task| tag(&(&task.name, &task.ranges, task.interval_s, task.enabled, &task.credentials))),
            Thing::Role(id) => self.roles.get(&id).and_then(|role| tag(&(&role.name, &role.permissions))),
            Thing::Group(id) => self.group(id).and_then(|group| tag(&(&group.name, group.version))),
            Thing::Grant(id) => self.grant(id).and_then(tag),
        }
    }

    /// Is it as somebody has seen it?
    #[must_use]
    pub fn is_as_seen(&self, seen: &Seen) -> bool {
        self.tag_of(seen.thing).is_some_and(|now| seen.tags.contains(&now))
    }
}

pub(crate) fn tag(parts: &impl Serialize) -> Option<String> {
    let hash = Sha256::digest(serde_json::to_vec(parts).ok()?);
    Some(hash.iter().take(LENGTH).map(|byte| format!("{byte:02x}")).collect())
}
