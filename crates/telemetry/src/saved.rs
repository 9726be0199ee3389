//! What of the table outlives a server: everything that devices said and since when they are as they are. What the configuration
//! says of them is not among it.

use crate::{record::Kept, table::LiveTable};
use adit_core::{ids::DeviceId, time::Timestamp};
use serde::{Deserialize, Serialize};

/// What is kept of one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedDevice {
    device: DeviceId,
    kept: Kept,
}

impl LiveTable {
    /// What is kept of at most `most` devices, from the id `from` on; also of those that have never been read, which is then known
    /// of them.
    #[must_use]
    pub fn saved(&self, from: DeviceId, most: usize) -> Vec<SavedDevice> {
        let rest = self.rest.iter().enumerate().skip(from.index());
        let known = rest.filter_map(|(index, rest)| Some((index, rest.as_ref()?)));
        let saved = |(index, rest): (usize, &crate::table::Rest)| {
            Some(SavedDevice { device: DeviceId(u32::try_from(index).ok()?), kept: rest.kept.clone() })
        };
        known.take(most).filter_map(saved).collect()
    }

    /// Puts back what was saved at `saved_at` of the devices that are there and have not been heard of since, at the start of a
    /// server. They are as they were until agents have had their time to come back. Gives back how many.
    pub fn restore(&mut self, saved: Vec<SavedDevice>, saved_at: Timestamp, at: Timestamp) -> usize {
        self.version += 1;
        let mut restored = 0;
        for SavedDevice { device, mut kept } in saved {
            let index = device.index();
            let Some(rest) = self.rest.get_mut(index).and_then(Option::as_mut) else { continue };
            if rest.kept.contact.has_result() {
                continue;
            }
            kept.contact = kept.contact.restored(saved_at, at);
            rest.kept = kept;
            self.settle(index, at);
            restored += 1;
        }
        restored
    }
}

impl SavedDevice {
    /// Which.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }
}
