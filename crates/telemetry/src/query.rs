//! Pages of the device table: filter, sort, cut out. One pass over the columns, and only the page is sorted.

use crate::{
    connectivity::Connectivity,
    sets::{Counts, Doing, Set, StatusSet},
    status::DeviceStatus,
    table::{ABSENT, Column, LiveTable},
    top::Top,
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
    /// How urgently somebody should look: error, degraded, offline, unknown, maintenance, sleeping, starting, hashing.
    Status,
    /// Since when they are so, to the second.
    Since,
    /// When they last answered, to the second.
    Seen,
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
    /// Only devices that are reached so.
    pub connectivities: Set<Connectivity>,
    /// Only devices that do one of these.
    pub doings: Set<Doing>,
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
            connectivities: Set::ALL,
            doings: Set::ALL,
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
    pub statuses: Counts<DeviceStatus>,
    /// The same of how they are reached.
    pub connectivities: Counts<Connectivity>,
    /// The same of what they do.
    pub doings: Counts<Doing>,
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
        Sort::Seen => scan(table, query, |index| time_key(table.seen[index]).map_or(LAST, turn)),
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
    let limit = query.limit.min(MAX_LIMIT);
    let mut top = Top::new(if limit == 0 { 0 } else { query.offset.saturating_add(limit).min(table.statuses.len()) });
    let (mut statuses, mut connectivities, mut doings) = (Counts::default(), Counts::default(), Counts::default());
    let mut total = 0;
    let mut consider = |index: usize| {
        let (status, connectivity, doing) = (table.statuses[index], table.connectivities[index], table.doings[index]);
        if status == ABSENT
            || !ranges.iter().all(|(numbers, min, max)| numbers[index] >= *min && numbers[index] <= *max)
            || !query.matches.is_none_or(|matches| matches(DeviceId(index as u32)))
        {
            return;
        }
        let is_status = query.statuses.has_number(status);
        let is_reached = query.connectivities.has_number(connectivity);
        let does = query.doings.has_number(doing);
        statuses.0[usize::from(status)] += u32::from(is_reached && does);
        connectivities.0[usize::from(connectivity)] += u32::from(is_status && does);
        doings.0[usize::from(doing)] += u32::from(is_status && is_reached);
        if is_status && is_reached && does {
            total += 1;
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
    Page { devices: top.from(query.offset).map(DeviceId).collect(), total, statuses, connectivities, doings }
}
