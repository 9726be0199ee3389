//! Seats for connections: so many for each source, and when all are taken, one of the source that holds most is given away.

use super::{Share, Source};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

#[derive(Default)]
struct Taken {
    /// By number, so that the first is the oldest. The sender tells its holder that the seat was given away.
    by_source: HashMap<Source, BTreeMap<u64, oneshot::Sender<()>>>,
    all: usize,
    next: u64,
}

impl Taken {
    fn free(&mut self, source: Source, number: u64) -> Option<oneshot::Sender<()>> {
        let of_source = self.by_source.get_mut(&source)?;
        let seat = of_source.remove(&number)?;
        if of_source.is_empty() {
            self.by_source.remove(&source);
        }
        self.all -= 1;
        Some(seat)
    }

    /// Takes the oldest seat of the source that holds most.
    fn give_one_away(&mut self) {
        let most = self.by_source.iter().max_by_key(|(source, seats)| (seats.len(), **source));
        let oldest = most.and_then(|(source, seats)| Some((*source, *seats.keys().next()?)));
        if let Some(told) = oldest.and_then(|(source, number)| self.free(source, number)) {
            // Whoever has just gone needs not be told.
            let _ = told.send(());
        }
    }
}

/// All seats of one kind.
pub(crate) struct Seats {
    share: Share,
    taken: Mutex<Taken>,
}

impl Seats {
    pub(crate) fn new(share: Share) -> Arc<Self> {
        Arc::new(Self { share, taken: Mutex::default() })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for one of this source, unless it holds all that it may. Where all are taken, one is given away.
    pub(crate) fn take(self: &Arc<Self>, source: Source) -> Option<Seat> {
        let mut taken = self.taken();
        if self.is_enough(&taken, source) {
            return None;
        }
        if taken.all >= self.share.of_all {
            taken.give_one_away();
        }
        Some(self.seat(&mut taken, source))
    }

    /// A seat that is free, for one of this source.
    fn take_free(self: &Arc<Self>, source: Source) -> Option<Seat> {
        let mut taken = self.taken();
        let free = taken.all < self.share.of_all && !self.is_enough(&taken, source);
        free.then(|| self.seat(&mut taken, source))
    }

    fn is_enough(&self, taken: &Taken, source: Source) -> bool {
        taken.by_source.get(&source).map_or(0, BTreeMap::len) >= self.share.of_source
    }

    fn seat(self: &Arc<Self>, taken: &mut Taken, source: Source) -> Seat {
        taken.next += 1;
        taken.all += 1;
        let (number, (tell, given_away)) = (taken.next, oneshot::channel());
        taken.by_source.entry(source).or_default().insert(number, tell);
        Seat { place: Place { seats: Arc::clone(self), source, number }, given_away: GivenAway(given_away) }
    }
}

/// A seat that was taken.
pub(crate) struct Seat {
    /// Dropped, it is free again.
    pub(crate) place: Place,
    pub(crate) given_away: GivenAway,
}

/// It is held as long as this is.
pub(crate) struct Place {
    seats: Arc<Seats>,
    source: Source,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.seats.taken().free(self.source, self.number);
    }
}

/// Tells that the seat was given to somebody else.
pub(crate) struct GivenAway(oneshot::Receiver<()>);

impl GivenAway {
    /// Never ends if the seat is given back by its holder.
    pub(crate) async fn wait(self) {
        if self.0.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whoever is at the other end of a connection: a stranger at first.
#[derive(Clone)]
pub(crate) struct Visitor(Arc<Inner>);

struct Inner {
    /// `None` where connections are not counted.
    seat: Mutex<Option<Place>>,
    known: Arc<Seats>,
}

impl Visitor {
    pub(super) fn new(seat: Option<Place>, known: Arc<Seats>) -> Self {
        Self(Arc::new(Inner { seat: Mutex::new(seat), known }))
    }

    /// They have shown who they are: the stranger's seat is free again. Where the source has too many known ones, they stay a
    /// stranger.
    pub(crate) fn is_known(&self) {
        let mut seat = self.0.seat.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = seat.as_ref().filter(|place| !Arc::ptr_eq(&place.seats, &self.0.known)) else { return };
        if let Some(better) = self.0.known.take_free(place.source) {
            *seat = Some(better.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> Source {
        Source::of([10, 0, 0, last].into())
    }

    #[tokio::test]
    async fn a_full_house_gives_away_the_oldest_seat_of_whoever_holds_most() {
        let seats = Seats::new(Share { of_source: 3, of_all: 4 });
        let [first, second, third] = [1, 1, 1].map(|last| seats.take(source(last)).unwrap());
        assert!(seats.take(source(1)).is_none(), "it holds all that it may");
        let other = seats.take(source(2)).unwrap();
        let late = seats.take(source(3)).unwrap();
        first.given_away.wait().await;
        for kept in [&second, &third, &other, &late] {
            assert!(seats.taken().by_source[&kept.place.source].contains_key(&kept.place.number));
        }
        drop(first.place);
        assert_eq!(seats.taken().all, 4, "a seat that was given away is not free once more");
        drop((second, third, other, late));
        assert!(seats.taken().by_source.is_empty());
    }

    #[tokio::test]
    async fn whoever_is_known_frees_a_strangers_seat_and_cannot_take_more_than_the_known_have() {
        let (strangers, known) =
            (Seats::new(Share { of_source: 2, of_all: 9 }), Seats::new(Share { of_source: 1, of_all: 9 }));
        let visitors = [1, 1].map(|last| {
            let seat = strangers.take(source(last)).unwrap();
            Visitor::new(Some(seat.place), Arc::clone(&known))
        });
        visitors[0].is_known();
        visitors[0].is_known();
        assert_eq!((strangers.taken().all, known.taken().all), (1, 1));
        visitors[1].is_known();
        assert_eq!((strangers.taken().all, known.taken().all), (1, 1));
        drop(visitors);
        assert_eq!((strangers.taken().all, known.taken().all), (0, 0));
    }
}
