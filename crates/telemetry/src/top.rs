//! The first so many of a long stream, without sorting all of it.

/// Keeps the least `keep` of the entries it is offered. Entries are a key in the upper and a device in the lower half of a
/// number, so no two are equal.
pub(crate) struct Top {
    keep: usize,
    /// Whatever is not below it cannot be among the least.
    below: u64,
    entries: Vec<u64>,
}

impl Top {
    pub(crate) fn new(keep: usize) -> Self {
        Self { keep, below: if keep == 0 { 0 } else { u64::MAX }, entries: Vec::new() }
    }

    #[inline]
    pub(crate) fn offer(&mut self, key: u32, device: u32) {
        let entry = u64::from(key) << 32 | u64::from(device);
        if entry < self.below {
            self.entries.push(entry);
            // Room for as many again makes the cost of a cut one step for each entry it throws away.
            if self.entries.len() >= 2 * self.keep + 256 {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        if self.entries.len() > self.keep {
            let (_, last, _) = self.entries.select_nth_unstable(self.keep - 1);
            self.below = *last;
            self.entries.truncate(self.keep);
        }
    }

    /// The devices from place `skip` on, in order.
    pub(crate) fn from(mut self, skip: usize) -> impl Iterator<Item = u32> {
        if self.keep > 0 {
            self.cut();
        }
        let skip = skip.min(self.entries.len());
        if 0 < skip && skip < self.entries.len() {
            self.entries.select_nth_unstable(skip);
        }
        let mut page = self.entries.split_off(skip);
        page.sort_unstable();
        page.into_iter().map(|entry| (entry & u64::from(u32::MAX)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_slice_of_the_sorted_whole(keys in prop::collection::vec(0..50_u32, 0..2_000), skip in 0..600_usize, limit in 0..600_usize) {
            let mut top = Top::new(skip + limit);
            let mut all = Vec::new();
            for (device, key) in (0..).zip(keys) {
                top.offer(key, device);
                all.push((key, device));
            }
            all.sort_unstable();
            let expected: Vec<u32> = all.into_iter().map(|(_, device)| device).skip(skip).take(limit).collect();
            prop_assert_eq!(top.from(skip).collect::<Vec<_>>(), expected);
        }
    }
}
