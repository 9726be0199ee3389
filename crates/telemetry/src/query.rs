//! Pages of the device table: filter, sort, cut out. One pass over the columns, and only the page is sorted.

use crate::{
    status::{DeviceStatus, StatusSet},
    table::{ABSENT, Column, LiveTable},
    top::Top,
    totals::Counts,
};
use adit_core::{ids::DeviceId, time::Timestamp};

/// The longest page.
pub const MAX_LIMIT: usize = 10_000;

/// A number within bounds, both included. A number that is not known is within none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Which number.
    pub column: Column,
    /// At least; NaN means that nothing is.
    pub min: Option<f32>,
    /// At most; NaN means that nothing is.
    pub max: Option<f32>,
}

/// What devices are sorted by. Equals are sorted by id; what is not known comes last in either order.
#[derive(Debug, Clone, Copy, Default)]
pub enum Sort<'a> {
    /// Their ids.
    #[default]
    Id,
    /// A number.
    Column(Column),
    /// How urgently somebody should look: error, degraded, offline, unknown, maintenance, sleeping, hashing.
    Status,
    /// Since when they are so, to the second.
    Since,
    /// When they were last heard of, to the second.
    Received,
    /// A rank of the caller's for each device, by id: for names, addresses and models, which are sorted once and not at every
    /// question. Devices beyond its end come last.
    Rank(&'a [u32]),
}

/// Which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// Least first.
    #[default]
    Ascending,
    /// Greatest first.
    Descending,
}

/// What is asked of the table.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// Only devices with one of these statuses.
    pub statuses: StatusSet,
    /// Only devices within all of these.
    pub ranges: &'a [Range],
    /// Only devices whose bit is set: bit `id % 64` of word `id / 64`. Devices beyond its end are left out. `None` for all.
    pub allowed: Option<&'a [u64]>,
    /// Only devices of which this says yes; asked last.
    pub matches: Option<&'a dyn Fn(DeviceId) -> bool>,
    /// By what.
    pub sort: Sort<'a>,
    /// Which way.
    pub order: Order,
    /// How many to skip.
    pub offset: usize,
    /// How many to give, at most [`MAX_LIMIT`].
    pub limit: usize,
}

impl Default for Query<'_> {
    /// The first 50 devices by id.
    fn default() -> Self {
        Self {
            statuses: StatusSet::ALL,
            ranges: &[],
            allowed: None,
            matches: None,
            sort: Sort::Id,
            order: Order::Ascending,
            offset: 0,
            limit: 50,
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The page's devices.
    pub devices: Vec<DeviceId>,
    /// How many there are on all pages.
    pub total: usize,
    /// How many there would be for each status, if the query did not ask for statuses.
    pub facets: Counts,
}

pub(crate) fn page(table: &LiveTable, query: &Query<'_>) -> Page {
    let descending = query.order == Order::Descending;
    let turn = |key: u32| if descending { LAST - 1 - key.min(LAST - 1) } else { key.min(LAST - 1) };
    match query.sort {
        Sort::Id => scan(table, query, |index| turn(index as u32)),
        Sort::Column(column) => {
            let numbers = table.column(column);
            scan(table, query, |index| {
                let number = numbers[index];
                if number.is_nan() { LAST } else { turn(number_key(number)) }
            })
        }
        Sort::Status => {
            scan(table, query, |index| turn(DeviceStatus::ALL[usize::from(table.statuses[index])].urgency()))
        }
        Sort::Since => scan(table, query, |index| time_key(table.since[index]).map_or(LAST, turn)),
        Sort::Received => scan(table, query, |index| time_key(table.received[index]).map_or(LAST, turn)),
        Sort::Rank(ranks) => scan(table, query, |index| ranks.get(index).map_or(LAST, |rank| turn(*rank))),
    }
}

/// The key of what is not known.
const LAST: u32 = u32::MAX;

/// Sorts as the number does.
fn number_key(number: f32) -> u32 {
    let bits = number.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

fn time_key(at: Timestamp) -> Option<u32> {
    (at.0 >= 0).then(|| u32::try_from(at.0 / 1_000).unwrap_or(LAST - 1))
}

fn scan(table: &LiveTable, query: &Query<'_>, key: impl Fn(usize) -> u32) -> Page {
    let ranges: Vec<(&[f32], f32, f32)> = query
        .ranges
        .iter()
        .map(|range| {
            let (min, max) = (range.min.unwrap_or(f32::NEG_INFINITY), range.max.unwrap_or(f32::INFINITY));
            (table.column(range.column), min, max)
        })
        .collect();
    let wanted = DeviceStatus::ALL.map(|status| query.statuses.has(status));
    let limit = query.limit.min(MAX_LIMIT);
    let mut top = Top::new(if limit == 0 { 0 } else { query.offset.saturating_add(limit).min(table.statuses.len()) });
    let mut facets = Counts::default();
    let mut consider = |index: usize| {
        let status = usize::from(table.statuses[index]);
        if status == usize::from(ABSENT)
            || !ranges.iter().all(|(numbers, min, max)| numbers[index] >= *min && numbers[index] <= *max)
            || !query.matches.is_none_or(|matches| matches(DeviceId(index as u32)))
        {
            return;
        }
        facets.0[status] += 1;
        if wanted[status] {
            top.offer(key(index), index as u32);
        }
    };
    match query.allowed {
        None => (0..table.statuses.len()).for_each(consider),
        Some(words) => {
            for (word, first) in words.iter().zip((0..table.statuses.len()).step_by(64)) {
                let mut bits = *word;
                while bits != 0 {
                    let index = first + bits.trailing_zeros() as usize;
                    if index < table.statuses.len() {
                        consider(index);
                    }
                    bits &= bits - 1;
                }
            }
        }
    }
    let total = facets.iter().filter(|(status, _)| query.statuses.has(*status)).map(|(_, count)| count as usize).sum();
    Page { devices: top.from(query.offset).map(DeviceId).collect(), total, facets }
}
