//! What the fleet says of itself now: the latest answer of every device in columns, its status on two levels and in one
//! word, sums, and pages of a filtered and sorted device table. Pure: it is told what time it is.
//!
//! Words: *facts* are what the configuration says of a device (nameplate, maintenance); a *level* is one of the two of a status,
//! connectivity and activity, each with its reason and since when it is so; a *status* is the one word made from both; a
//! *version* is a count of changes, so that whoever saw version 7 can be told only what changed since. What a device said last
//! stays when nobody can say how it is now; it is then not *current*, and in no sum.
#![deny(missing_docs)]

mod activity;
mod agent;
mod connectivity;
mod contact;
mod facts;
mod load;
mod orders;
mod query;
mod record;
mod row;
mod saved;
mod sets;
mod status;
mod table;
mod top;
mod totals;

pub use activity::{ActivityReason, DEGRADED_BELOW, RAMP};
pub use agent::{AgentRecord, Health, RETURN_WITHIN};
pub use connectivity::{Connectivity, ConnectivityReason, Level};
pub use contact::{Contact, Heard, MISSES, Polling};
pub use facts::Facts;
pub use load::{AgentCondition, Load, LoadHistory};
pub use orders::OrderStep;
pub use query::{MAX_LIMIT, Order, Page, Query, Range, Sort};
pub use record::Last;
pub use row::LiveRow;
pub use saved::SavedDevice;
pub use sets::{Counts, Doing, Kind, Set, StatusSet};
pub use status::{Condition, DeviceStatus};
pub use table::{Column, LiveTable};
pub use totals::{LeftOut, LeftOutReason, Totals};
