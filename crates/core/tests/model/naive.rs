//! The rules about counts and approvers as plainly as they can be said: how many people, not who; one number each for what
//! the engine works out from grants, roles and a log.

/// What one scenario's policy asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    pub required: u32,
    pub other: u32,
    pub initiator_counts: bool,
}

impl Count {
    pub const ONE: Self = Self { required: 1, other: 0, initiator_counts: true };

    pub const fn of(required: u32) -> Self {
        Self { required, ..Self::ONE }
    }

    /// Every count that this many approvers can meet.
    pub fn all(approvers: u32) -> Vec<Self> {
        let mut all = Vec::new();
        for required in 1..=approvers {
            for other in 0..approvers {
                for initiator_counts in [true, false] {
                    let count = Self { required, other, initiator_counts };
                    all.extend(count.can_be_met_by(approvers).then_some(count));
                }
            }
        }
        all
    }

    /// Approvals by others that an approver who asks has to find.
    pub fn others(self) -> u32 {
        self.other.max(if self.initiator_counts { self.required - 1 } else { self.required })
    }

    /// People it takes, whoever asks included.
    pub fn people(self) -> u32 {
        self.others() + 1
    }

    pub fn can_be_met_by(self, approvers: u32) -> bool {
        self.required >= 1 && self.people() <= approvers
    }

    pub fn is_weaker_than(self, old: Self) -> bool {
        self.required < old.required || self.other < old.other || self.initiator_counts && !old.initiator_counts
    }
}

/// Which of the hardening rules hold.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// H1: lowering a count takes as many people as it asked for.
    pub ratchet: bool,
    /// H2: making an approver takes as many people as the highest count.
    pub closure: bool,
    /// R6: nobody goes whom a count needs.
    pub no_lock_out: bool,
}

impl Rules {
    pub const ALL: Self = Self { ratchet: true, closure: true, no_lock_out: true };
}

/// The scenarios of the model: three that change what the fourth takes.
pub const CONFIG: usize = 0;
pub const GRANT: usize = 1;
pub const REMOVE: usize = 2;
pub const PRIZE: usize = 3;

/// An account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    pub counts: [Count; 4],
    pub approvers: u32,
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Set(usize, Count),
    Add,
    Remove,
    Win,
}

impl Account {
    /// People it takes, whoever asks included; `None` if it is refused whoever agrees.
    pub fn people_for(&self, rules: Rules, what: Move) -> Option<u32> {
        let (scenario, hardened) = match what {
            Move::Set(scenario, new) => {
                let old = self.counts[scenario];
                let ratchet = if rules.ratchet && new.is_weaker_than(old) { old.people() } else { 0 };
                (CONFIG, new.can_be_met_by(self.approvers).then_some(ratchet)?)
            }
            Move::Add => {
                let highest = self.counts.iter().map(|count| count.people()).max();
                (GRANT, if rules.closure { highest? } else { 0 })
            }
            Move::Remove => {
                let stays = self.counts.iter().all(|count| count.can_be_met_by(self.approvers - 1));
                (REMOVE, (stays || !rules.no_lock_out).then_some(0)?)
            }
            Move::Win => (PRIZE, 0),
        };
        let people = self.counts[scenario].people().max(hardened);
        (people <= self.approvers).then_some(people)
    }

    /// The account once it is done.
    pub fn after(mut self, what: Move) -> Self {
        match what {
            Move::Set(scenario, count) => self.counts[scenario] = count,
            Move::Add => self.approvers += 1,
            Move::Remove => self.approvers -= 1,
            Move::Win => {}
        }
        self
    }

    /// Is there a count that nobody can meet?
    pub fn is_locked_out(&self) -> bool {
        !self.counts.iter().all(|count| count.can_be_met_by(self.approvers))
    }
}
