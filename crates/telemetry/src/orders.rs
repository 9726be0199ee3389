//! What a device has been asked for here, as far as it explains what the device does: from the moment an order is handed out,
//! for an order takes effect before anybody hears how it ended.
//!
//! Of each kind of order only the last moments are kept, so what is told again, or in another order, comes to the same.

use crate::activity::{ActivityReason, RAMP};
use adit_core::{
    fleet::{Ending, Operation, PowerMode},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// How far an order to a device has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStep {
    /// It is handed out, and may take effect from now on.
    Begun,
    /// It has ended, and it is as asked.
    Done,
    /// It has ended, and nobody can say whether it happened.
    Unclear,
    /// It has ended without what was asked for.
    Undone,
}

impl From<Ending> for OrderStep {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Verified | Ending::Acknowledged => Self::Done,
            Ending::Unknown => Self::Unclear,
            Ending::Failed | Ending::TimedOut | Ending::Skipped => Self::Undone,
        }
    }
}

const NEVER: Timestamp = Timestamp(i64::MIN);

/// The last moments at which orders of one kind came so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Steps {
    begun: Timestamp,
    /// Ended, and happened or may have happened.
    happened: Timestamp,
    undone: Timestamp,
}

impl Steps {
    const NONE: Self = Self { begun: NEVER, happened: NEVER, undone: NEVER };

    fn note(&mut self, step: OrderStep, at: Timestamp) {
        let last = match step {
            OrderStep::Begun => &mut self.begun,
            OrderStep::Done | OrderStep::Unclear => &mut self.happened,
            OrderStep::Undone => &mut self.undone,
        };
        *last = at.max(*last);
    }

    fn is_open(&self) -> bool {
        self.begun > self.happened.max(self.undone)
    }

    /// The last moment from which one of them may explain what the device does.
    fn effective(&self) -> Timestamp {
        if self.is_open() { self.begun } else { self.happened }
    }
}

/// What a device has been asked for here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Orders {
    /// Not to work.
    rest: Steps,
    /// To work, and it is known to have done so.
    work: Timestamp,
    /// Anything after which a miner starts anew.
    restart: Steps,
}

impl Orders {
    /// None.
    pub const NONE: Self = Self { rest: Steps::NONE, work: NEVER, restart: Steps::NONE };

    /// An order to do `operation` came so far at `at`.
    pub fn note(&mut self, operation: &Operation, step: OrderStep, at: Timestamp) {
        match operation {
            Operation::Pause {} | Operation::SetPowerMode { mode: PowerMode::Sleep } => self.rest.note(step, at),
            // Until it is seen to work again, it rests for the reason that it had.
            Operation::Resume {} | Operation::SetPowerMode { .. } if step == OrderStep::Done => {
                self.work = at.max(self.work);
            }
            Operation::Resume {} | Operation::SetPowerMode { .. } => {}
            Operation::Reboot {} | Operation::RestartMining {} | Operation::SetPools { .. } => {}
            Operation::Locate { .. } => return,
        }
        self.restart.note(step, at);
    }

    /// Why it rests.
    pub fn rest_reason(&self) -> ActivityReason {
        if self.rest.effective() > self.work { ActivityReason::User } else { ActivityReason::Unasked }
    }

    /// Whether an order explains that it starts at `at`.
    pub fn explains_start(&self, at: Timestamp) -> bool {
        self.restart.is_open() || self.restart.happened != NEVER && at < self.restart.happened.after(RAMP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp(minute * 60_000)
    }

    const PAUSE: Operation = Operation::Pause {};
    const RESUME: Operation = Operation::Resume {};

    fn noted(steps: &[(&Operation, OrderStep, i64)]) -> Orders {
        let mut orders = Orders::NONE;
        steps.iter().for_each(|(operation, step, minute)| orders.note(operation, *step, at(*minute)));
        orders
    }

    #[test]
    fn a_pause_is_asked_for_from_when_its_order_is_handed_out_until_something_else_has_happened() {
        use OrderStep::{Begun, Done, Unclear, Undone};
        let sleep = Operation::SetPowerMode { mode: PowerMode::Sleep };
        let low = Operation::SetPowerMode { mode: PowerMode::Low };
        for (steps, is_asked) in [
            (&[][..], false),
            (&[(&PAUSE, Begun, 1)], true),
            (&[(&sleep, Begun, 1)], true),
            (&[(&PAUSE, Begun, 1), (&PAUSE, Done, 2)], true),
            (&[(&PAUSE, Begun, 1), (&PAUSE, Unclear, 2)], true),
            (&[(&PAUSE, Begun, 1), (&PAUSE, Undone, 2)], false),
            (&[(&PAUSE, Done, 1), (&RESUME, Begun, 2)], true),
            (&[(&PAUSE, Done, 1), (&RESUME, Begun, 2), (&RESUME, Unclear, 3)], true),
            (&[(&PAUSE, Done, 1), (&RESUME, Begun, 2), (&RESUME, Undone, 3)], true),
            (&[(&PAUSE, Done, 1), (&RESUME, Begun, 2), (&RESUME, Done, 3)], false),
            (&[(&PAUSE, Done, 1), (&low, Done, 3)], false),
            (&[(&RESUME, Done, 1), (&PAUSE, Begun, 2)], true),
            (&[(&PAUSE, Unclear, 1), (&sleep, Begun, 2), (&sleep, Undone, 3)], true),
            (&[(&Operation::Reboot {}, Done, 1), (&Operation::Locate { on: true }, Done, 2)], false),
        ] {
            let reason = if is_asked { ActivityReason::User } else { ActivityReason::Unasked };
            assert_eq!(noted(steps).rest_reason(), reason, "{steps:?}");
        }
    }

    #[test]
    fn a_start_is_asked_for_while_an_order_is_under_way_and_for_ten_minutes_after_it() {
        use OrderStep::{Begun, Done, Undone};
        let reboot = Operation::Reboot {};
        assert!(!Orders::NONE.explains_start(at(1)));
        assert!(noted(&[(&reboot, Begun, 1)]).explains_start(at(30)), "its agent was away");
        let done = noted(&[(&reboot, Begun, 1), (&reboot, Done, 30)]);
        assert!(done.explains_start(at(39)) && !done.explains_start(at(40)));
        assert!(!noted(&[(&reboot, Begun, 1), (&reboot, Undone, 2)]).explains_start(at(3)));
    }

    proptest! {
        /// Orders that follow one another, told in any order and more than once.
        #[test]
        fn it_comes_to_the_same_however_it_is_told(
            life in prop::collection::vec((any::<bool>(), 0..4_u8), 0..12),
            shuffle in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let mut facts = Vec::new();
            for (minute, (rests, end)) in (0_i64..).step_by(2).zip(&life) {
                let operation = if *rests { &PAUSE } else { &RESUME };
                facts.push((operation, OrderStep::Begun, minute));
                let end = [OrderStep::Done, OrderStep::Unclear, OrderStep::Undone].get(usize::from(*end));
                facts.extend(end.map(|end| (operation, *end, minute + 1)));
            }
            let in_order = noted(&facts);
            let mut again = facts.clone();
            again.extend(shuffle.iter().filter(|_| !facts.is_empty()).map(|index| *index.get(&facts)));
            again.reverse();
            prop_assert_eq!(noted(&again), in_order);
        }
    }
}
