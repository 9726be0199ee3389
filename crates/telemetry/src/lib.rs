//! What the fleet says of itself now: the latest reading of every device in columns, the one word for its state, sums,
//! and pages of a filtered and sorted device table. Pure: it is told what time it is.
//!
//! Words: *facts* are what the configuration says of a device (nameplate, maintenance); a *status* is the one word a
//! person sees; a *version* is a count of changes, so that whoever saw version 7 can be told only what changed since.
#![deny(missing_docs)]

mod facts;
mod query;
mod status;
mod table;
mod top;
mod totals;

pub use facts::Facts;
pub use query::{MAX_LIMIT, Order, Page, Query, Range, Sort};
pub use status::{Condition, DEGRADED_BELOW, DeviceStatus, RAMP, StatusSet};
pub use table::{Column, LiveRow, LiveTable};
pub use totals::{Counts, Totals};
