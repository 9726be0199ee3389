//! Sharing out what was earned.

use super::Tx;
use crate::{
    accounts::{MAX_SAT, distribute},
    command::Reply,
    event::Event,
    ids::{AccountId, SubAccountId},
    rejection::Rejection,
    time::Timestamp,
};
use std::collections::BTreeMap;

impl Tx {
    /// Each sub-account's day once, and none before one that is settled already: what was shared out is never changed.
    pub(super) fn settle_earnings(
        &mut self,
        account: AccountId,
        day: Timestamp,
        earned: BTreeMap<SubAccountId, u64>,
    ) -> Result<Reply, Rejection> {
        let invalid = |field, problem: &str| Err(Rejection::Invalid { field, problem: problem.into() });
        if day != day.day() || day.next_midnight() > self.now {
            return invalid("day", "the first moment of a day (UTC) that is over");
        }
        let total = earned.values().try_fold(0_u64, |total, sat| total.checked_add(*sat));
        if earned.is_empty() || total.is_none_or(|total| total > MAX_SAT) {
            return invalid("earned", "at least one sub-account, and no more satoshi than there are");
        }
        for sub_account in earned.keys() {
            self.own_sub_account(account, *sub_account)?;
            if self.state.money(*sub_account).settled.is_some_and(|settled| settled >= day) {
                return Err(Rejection::AlreadyExists { what: format!("settled this day for {sub_account}") });
            }
        }
        let postings = distribute(&earned, |sub_account| self.state.money(sub_account).allocation_at(day));
        self.emit(Event::EarningsSettled { account, day, earned, postings });
        Ok(Reply::Done)
    }
}
