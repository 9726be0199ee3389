//! How much one agent may say, so that none of them, and nobody who has its key, fills the log or the server's time. What it may
//! say comes back with time; it does not come back by connecting anew.

use std::time::Instant;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spent {
    /// A connection that was greeted.
    Connection,
    /// A frame.
    Frame,
    /// A row of readings, results or finds.
    Row,
    /// A device that is new or not as it was: it goes into the log.
    News,
}

impl Spent {
    /// How much at once, and how much a second after that.
    const fn allowance(self) -> (f64, f64) {
        match self {
            Self::Connection => (30.0, 0.5),
            Self::Frame => (1_000.0, 200.0),
            Self::Row => (400_000.0, 40_000.0),
            Self::News => (25_000.0, 50.0),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Account {
    left: f64,
    at: Option<Instant>,
}

/// What one agent may still say.
#[derive(Debug)]
pub(super) struct Rates([Account; 4]);

impl Default for Rates {
    fn default() -> Self {
        let full = |what: Spent| Account { left: what.allowance().0, at: None };
        Self([Spent::Connection, Spent::Frame, Spent::Row, Spent::News].map(full))
    }
}

impl Rates {
    /// Takes `amount` away, if that much is left.
    pub fn spend(&mut self, what: Spent, amount: usize, now: Instant) -> bool {
        let (most, a_second) = what.allowance();
        let account = &mut self.0[what as usize];
        let passed = account.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        account.at = Some(now);
        account.left = (account.left + passed * a_second).min(most);
        let amount = u32::try_from(amount).map_or(f64::INFINITY, f64::from);
        let fits = amount <= account.left;
        if fits {
            account.left -= amount;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_was_said_comes_back_with_time_up_to_the_most() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        assert!(rates.spend(Spent::News, 25_000, start));
        assert!(!rates.spend(Spent::News, 1, start), "it is used up");
        assert!(rates.spend(Spent::Row, 25_000, start), "each is counted by itself");
        let later = start + Duration::from_secs(2);
        assert!(!rates.spend(Spent::News, 101, later) && rates.spend(Spent::News, 100, later));
        assert!(!rates.spend(Spent::News, 1, start), "a clock that goes back gives nothing");
        let days = start + Duration::from_secs(200_000);
        assert!(!rates.spend(Spent::News, 25_001, days) && rates.spend(Spent::News, 25_000, days));
    }
}
