//! Reading back: is the device as the order asked? The same for every family, from [`Device::read`] alone.

use crate::{Device, Heard, Verdict};
use adit_core::fleet::{Activity, Operation, PoolPassword, PowerMode, Reading, same_pools};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// One read may take this long before it counts as an interruption.
const ONE_READ: Duration = Duration::from_secs(10);

/// What one reading says about the order.
#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    AsAsked,
    Otherwise,
    /// It says so, and does not do it yet.
    NotYet,
    CannotTell,
}

/// Most characters of pools that are told as seen.
const MOST_SEEN: usize = 160;

/// Reads until the device is as asked or `limit` has passed.
pub(crate) async fn read_back<D: Device + ?Sized>(
    device: &D,
    operation: &Operation<PoolPassword>,
    before: &Reading,
    limit: Duration,
    heard: Heard<'_>,
) -> Verdict {
    let begun = Instant::now();
    let deadline = begun + limit;
    let mut pause = FIRST_PAUSE;
    let mut interrupted = false;
    let mut last = None;
    // Where it was told before the order it can be told after it; a reading may lack it for a while.
    let tells = judge(operation, before, before, None) != Judgement::CannotTell;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let read = timeout_at(deadline, device.read(left.min(ONE_READ))).await;
        let cut_short = Instant::now() >= deadline;
        match read {
            Ok(Ok(now)) => {
                heard(&now);
                let seen = describe(operation, &now);
                match judge(operation, before, &now, interrupted.then(|| begun.elapsed())) {
                    Judgement::AsAsked => return Verdict::Confirmed { seen },
                    Judgement::CannotTell if tells || last.is_some() => {
                        last.get_or_insert(Verdict::Unverifiable);
                    }
                    Judgement::CannotTell => return Verdict::Unverifiable,
                    Judgement::Otherwise => last = Some(Verdict::Contradicted { seen }),
                    Judgement::NotYet => {
                        let reason = format!("it says so, and is not seen to do it: {seen}");
                        last = Some(Verdict::Unreadable { reason });
                    }
                }
            }
            Ok(Err(error @ (crate::DeviceError::Changed { .. } | crate::DeviceError::AuthRequired))) => {
                return Verdict::Unreadable { reason: error.to_string() };
            }
            // A read that the limit cut short says nothing; the one before it counts.
            Ok(Err(_)) | Err(_) if cut_short && last.is_some() => {}
            Ok(Err(error)) => {
                interrupted = true;
                last = Some(Verdict::Unreadable { reason: error.to_string() });
            }
            Err(_) => {}
        }
        if Instant::now() + pause >= deadline {
            return last.unwrap_or_else(|| Verdict::Unreadable { reason: "no answer in time".into() });
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// `interrupted` is the time since the order, if the device was out of reach in between.
fn judge(
    operation: &Operation<PoolPassword>,
    before: &Reading,
    now: &Reading,
    interrupted: Option<Duration>,
) -> Judgement {
    let asked = match operation {
        Operation::Pause {} | Operation::SetPowerMode { mode: PowerMode::Sleep } => return paused(before, now),
        Operation::Resume {} => return resumed(before, now),
        Operation::SetPowerMode { mode } if now.power_mode == Some(*mode) => return resumed(before, now),
        Operation::SetPowerMode { .. } => now.power_mode.map(|_| false),
        Operation::Reboot {} => restarted(before, now, interrupted),
        Operation::RestartMining {} => restarted(before, now, None),
        Operation::Locate { on } => now.led_on.map(|is| is == *on),
        Operation::SetPools { pools } => now.pools.as_ref().map(|is| same_pools(is, pools)),
    };
    match asked {
        Some(true) => Judgement::AsAsked,
        Some(false) => Judgement::Otherwise,
        None => Judgement::CannotTell,
    }
}

/// Does it sleep, by its own word?
fn says_asleep(now: &Reading) -> Option<bool> {
    match (now.power_mode, now.activity) {
        (Some(PowerMode::Sleep), _) | (_, Some(Activity::Paused | Activity::Stopped)) => Some(true),
        (Some(_), _) | (_, Some(Activity::Mining | Activity::Starting | Activity::NoPool)) => Some(false),
        _ => None,
    }
}

/// Does it work, by what can be seen of it? By its hashrate; where it tells none by its draw, compared with that before.
fn works(before: &Reading, now: &Reading) -> Option<bool> {
    if let Some(rate) = now.hashrate_ths {
        return Some(rate > before.hashrate_ths.unwrap_or(0.0) / 20.0);
    }
    match (before.power_w, now.power_w) {
        (Some(before), Some(now)) if before.abs_diff(now) > before.max(now) / 2 => Some(now > before),
        // As before, whatever that was.
        _ => None,
    }
}

fn paused(before: &Reading, now: &Reading) -> Judgement {
    let draws_on = before.activity == Some(Activity::Mining)
        && now.hashrate_ths.is_none()
        && matches!((before.power_w, now.power_w), (Some(before), Some(now)) if before > 200 && now > before / 2);
    match (says_asleep(now), works(before, now)) {
        (_, Some(true)) => Judgement::Otherwise,
        (Some(true), _) if draws_on => Judgement::Otherwise,
        (Some(true), _) => Judgement::AsAsked,
        (Some(false), _) => Judgement::Otherwise,
        (None, _) => Judgement::CannotTell,
    }
}

fn resumed(before: &Reading, now: &Reading) -> Judgement {
    // One that was at work already may well pause for a moment to change its mode.
    let slept = says_asleep(before) == Some(true);
    match (says_asleep(now), works(before, now)) {
        (Some(true), _) => Judgement::Otherwise,
        (Some(false), Some(false)) if slept => Judgement::NotYet,
        (Some(false), _) => Judgement::AsAsked,
        (None, Some(true)) => Judgement::AsAsked,
        (None, _) => Judgement::CannotTell,
    }
}

fn restarted(before: &Reading, now: &Reading, interrupted: Option<Duration>) -> Option<bool> {
    match (before.uptime_s, now.uptime_s, interrupted) {
        (Some(before), Some(now), _) if now < before => Some(true),
        // A miner restarted soon after a start may already be up for longer than before.
        (Some(before), Some(now), Some(since)) => Some(now < before + since.as_secs() / 2),
        (Some(_), Some(_), None) => Some(false),
        (_, _, Some(_)) => Some(true),
        _ => None,
    }
}

fn describe(operation: &Operation<PoolPassword>, now: &Reading) -> String {
    let mode = || match now.power_mode {
        Some(PowerMode::Sleep) => "asleep",
        Some(PowerMode::Low) => "mode low",
        Some(PowerMode::Normal) => "mode normal",
        Some(PowerMode::High) => "mode high",
        None => "mode unknown",
    };
    match operation {
        Operation::Reboot {} | Operation::RestartMining {} => match now.uptime_s {
            Some(seconds) => format!("up for {seconds} s"),
            None => "uptime unknown".into(),
        },
        Operation::Pause {} | Operation::Resume {} | Operation::SetPowerMode { .. } => {
            let rate = now.hashrate_ths.filter(|rate| *rate > 0.0).map(|rate| format!("{rate:.1} TH/s"));
            let watts = now.power_w.map(|watts| format!("{watts} W"));
            let told = [Some(mode().to_owned()), rate, watts];
            told.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
        Operation::Locate { .. } => match now.led_on {
            Some(true) => "LED lit".into(),
            Some(false) => "LED dark".into(),
            None => "LED unknown".into(),
        },
        Operation::SetPools { .. } => {
            let pools = now.pools.iter().flatten().map(|pool| format!("{} as {}", pool.url, pool.user));
            let all = format!("pools {}", pools.collect::<Vec<_>>().join(", "));
            // What is left out is seen to be.
            all.char_indices().nth(MOST_SEEN).map_or_else(|| all.clone(), |(end, _)| format!("{}...", &all[..end]))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use crate::{DeviceError, Outcome};
    use adit_core::{
        fleet::{OpKind, Pool},
        ids::DeviceId,
    };
    use std::sync::Mutex;

    fn reading() -> Reading {
        Reading::empty(DeviceId(1))
    }

    #[test]
    fn a_restart_shows_in_the_uptime() {
        let before = Reading { uptime_s: Some(500), ..reading() };
        let at = |seconds| Reading { uptime_s: Some(seconds), ..reading() };
        let reboot = Operation::Reboot {};
        assert_eq!(judge(&reboot, &before, &at(12), None), Judgement::AsAsked);
        assert_eq!(judge(&reboot, &before, &at(560), None), Judgement::Otherwise);
        assert_eq!(judge(&reboot, &before, &at(560), Some(Duration::from_secs(60))), Judgement::Otherwise);
        let young = Reading { uptime_s: Some(3), ..reading() };
        assert_eq!(judge(&reboot, &young, &at(9), Some(Duration::from_secs(60))), Judgement::AsAsked);
        assert_eq!(
            judge(&Operation::RestartMining {}, &young, &at(9), Some(Duration::from_secs(60))),
            Judgement::Otherwise
        );
        assert_eq!(judge(&reboot, &reading(), &reading(), None), Judgement::CannotTell);
        assert_eq!(judge(&reboot, &reading(), &reading(), Some(Duration::from_secs(9))), Judgement::AsAsked);
    }

    /// Says the next of these each time, the last one again and again.
    struct Says(Mutex<Vec<Option<u64>>>);

    #[async_trait::async_trait]
    impl Device for Says {
        fn supports(&self, _: OpKind) -> bool {
            true
        }
        fn modes(&self) -> &[PowerMode] {
            &[]
        }
        async fn read(&self, _: Duration) -> Result<Reading, DeviceError> {
            let mut uptimes = self.0.lock().unwrap();
            let uptime_s = if uptimes.len() > 1 { uptimes.remove(0) } else { uptimes[0] };
            Ok(Reading { uptime_s, ..reading() })
        }
        async fn confirm_identity(&self, _: Duration) -> Result<(), DeviceError> {
            Ok(())
        }
        async fn execute(&self, _: &Operation<PoolPassword>, _: Duration) -> Outcome {
            Outcome::Accepted
        }
        async fn verify(
            &self,
            operation: &Operation<PoolPassword>,
            before: &Reading,
            limit: Duration,
            heard: Heard<'_>,
        ) -> Verdict {
            read_back(self, operation, before, limit, heard).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_told_before_an_order_is_waited_for_after_it() {
        let restart = async |before, after: &[Option<u64>]| {
            let before = Reading { uptime_s: before, ..reading() };
            let device = Says(Mutex::new(after.to_vec()));
            device.verify(&Operation::RestartMining {}, &before, Duration::from_secs(60), &|_| {}).await
        };
        assert!(matches!(restart(Some(500), &[None, None, Some(4)]).await, Verdict::Confirmed { .. }));
        assert!(matches!(restart(Some(500), &[None, Some(505), None]).await, Verdict::Contradicted { .. }));
        assert!(matches!(restart(Some(500), &[None]).await, Verdict::Unverifiable));
        assert!(matches!(restart(None, &[None, Some(4)]).await, Verdict::Unverifiable));
    }

    #[test]
    fn sleep_and_wake_are_told_by_mode_or_activity() {
        let asleep = Reading { power_mode: Some(PowerMode::Sleep), ..reading() };
        let paused = Reading { activity: Some(Activity::Paused), ..reading() };
        let starting = Reading { activity: Some(Activity::Starting), ..reading() };
        for (now, pause, resume) in [
            (&asleep, Judgement::AsAsked, Judgement::Otherwise),
            (&paused, Judgement::AsAsked, Judgement::Otherwise),
            (&starting, Judgement::Otherwise, Judgement::AsAsked),
            (&reading(), Judgement::CannotTell, Judgement::CannotTell),
        ] {
            assert_eq!(judge(&Operation::Pause {}, &reading(), now, None), pause);
            assert_eq!(judge(&Operation::Resume {}, &reading(), now, None), resume);
        }
    }

    #[test]
    fn a_pause_is_one_that_can_be_seen() {
        let doing = |power_mode, hashrate_ths, power_w| Reading {
            power_mode: Some(power_mode),
            activity: Some(if power_mode == PowerMode::Sleep { Activity::Paused } else { Activity::Mining }),
            hashrate_ths,
            power_w,
            ..reading()
        };
        let (asleep, awake) = (PowerMode::Sleep, PowerMode::Normal);
        let working = doing(awake, Some(100.0), Some(3300));
        let unrated = doing(awake, None, Some(3300));
        let resting = doing(asleep, Some(0.0), Some(30));
        for (before, now, pause) in [
            (&working, doing(asleep, Some(0.0), Some(30)), Judgement::AsAsked),
            (&working, doing(asleep, Some(2.0), Some(30)), Judgement::AsAsked),
            (&working, doing(asleep, None, None), Judgement::AsAsked),
            (&working, doing(asleep, Some(100.0), Some(3300)), Judgement::Otherwise),
            (&unrated, doing(asleep, None, Some(3200)), Judgement::Otherwise),
            (&unrated, doing(asleep, None, Some(30)), Judgement::AsAsked),
            (&working, doing(awake, Some(0.0), Some(30)), Judgement::Otherwise),
        ] {
            for order in [Operation::Pause {}, Operation::SetPowerMode { mode: asleep }] {
                assert_eq!(judge(&order, before, &now, None), pause, "{now:?}");
            }
        }
        for (before, now, resume) in [
            (&resting, doing(awake, Some(90.0), Some(3000)), Judgement::AsAsked),
            (&resting, doing(awake, Some(0.0), Some(30)), Judgement::NotYet),
            (&resting, doing(awake, None, Some(2000)), Judgement::AsAsked),
            (&resting, doing(awake, None, None), Judgement::AsAsked),
            (&resting, doing(asleep, Some(0.0), Some(30)), Judgement::Otherwise),
            (&working, doing(awake, Some(0.0), Some(30)), Judgement::AsAsked),
        ] {
            for order in [Operation::Resume {}, Operation::SetPowerMode { mode: awake }] {
                assert_eq!(judge(&order, before, &now, None), resume, "{now:?}");
            }
        }
    }

    #[test]
    fn pools_are_as_asked_only_with_the_account_that_was_asked_for() {
        fn with<P>(users: [&str; 2]) -> Vec<Pool<P>> {
            let pool = |(url, user): (&str, &str)| Pool { url: url.into(), user: user.into(), password: None };
            ["a:1", "b:1"].into_iter().zip(users).map(pool).collect()
        }
        let asked = Operation::SetPools { pools: with(["farm.1", "farm.1"]) };
        let says = |users| judge(&asked, &reading(), &Reading { pools: Some(with(users)), ..reading() }, None);
        assert_eq!(says(["farm.1", "farm.1"]), Judgement::AsAsked);
        for other in [["thief.1", "farm.1"], ["farm.1", "thief.1"], ["farm.1", ""], ["farm", "farm.1"]] {
            assert_eq!(says(other), Judgement::Otherwise, "{other:?}");
        }
        assert_eq!(judge(&asked, &reading(), &reading(), None), Judgement::CannotTell);
    }
}
