//! Sites, agents, scan tasks and devices: what exists, and what can be asked of it.
//!
//! Words: an *operation* is what a device is told to do; a *reading* is what a device said of itself at one moment;
//! an *identity* is how a device is recognised again when its address has changed.

pub mod identity;
mod model;
pub mod operation;
pub mod outcome;
pub mod ranges;
pub mod reading;
mod secret;
pub mod setting;
mod settling;
pub mod template;

pub use model::{Agent, AgentMode, Container, Device, DeviceClaim, Group, ScanTask, Site, SitePolicy, SubAccount};
pub use operation::{BadPool, ConflictGroup, MAX_POOLS, OpKind, Operation, Pool, PowerMode, check_pool_password};
pub use outcome::{CommandId, Ending, Order, TargetResult};
pub use ranges::{RangeError, Ranges};
pub use reading::{
    Activity, DeviceIdentity, FoundDevice, MISSES, MissReason, ModePower, PollResult, Reading, UNKNOWN_WHATSMINER,
    UNREAD, UNREAD_FAULTS, is_fault,
};
pub use secret::{PoolPassword, SecretRef};
pub use setting::{PoolSetting, PoolUser, Setting, Worker, plain_url, same_pools};
pub use settling::{PowerAfter, SETTLES_WITHIN, Settling};
pub use template::{FieldValues, NoUser, NotATemplate, Template, TemplateField, template_of};
