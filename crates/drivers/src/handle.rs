//! What the devices of every family share: whom they are for, which passwords to try, and how a broken exchange is told.

use crate::net::Failure;
use crate::{Credential, DeviceError, Outcome, Probe, Target, models};
use adit_core::fleet::{
    Activity, DeviceIdentity, MAX_POOLS, MissReason, Operation, Pool, PoolPassword, PowerMode, Reading,
};
use serde_json::Value;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// More passwords than this are not tried on one device: some lock up after a few wrong ones.
const MOST_CREDENTIALS: usize = 4;

/// A device as a driver holds it.
#[derive(Debug)]
pub(crate) struct Handle {
    pub target: Target,
    credentials: Vec<Credential>,
    favourite: AtomicUsize,
    /// One bit for each credential that the device has taken an order with.
    confirmed: AtomicU8,
}

impl Handle {
    pub fn new(target: Target, credentials: &[Credential], family: &str) -> Self {
        Self {
            target,
            credentials: of_family(credentials, family),
            favourite: AtomicUsize::new(0),
            confirmed: AtomicU8::new(0),
        }
    }

    /// Credentials to try, the one that last worked first, each with its number.
    pub fn credentials(&self) -> impl Iterator<Item = (usize, &Credential)> {
        let first = self.favourite.load(Ordering::Relaxed);
        let count = self.credentials.len();
        (0..count).map(move |i| (first + i) % count).map(|i| (i, &self.credentials[i]))
    }

    /// The credential of that number worked.
    pub fn prefer(&self, number: usize) {
        self.favourite.store(number, Ordering::Relaxed);
    }

    /// The device has taken an order with the credential of that number.
    pub fn confirm(&self, number: usize) {
        self.prefer(number);
        self.confirmed.fetch_or(bit(number), Ordering::Relaxed);
    }

    /// May the credential of that number go to the device in clear?
    pub fn may_go_in_clear(&self, number: usize) -> bool {
        let allowed = self.credentials.get(number).is_some_and(|credential| credential.to_unknown);
        allowed || self.confirmed.load(Ordering::Relaxed) & bit(number) != 0
    }

    /// Is what answered the device this handle is for? By MAC where both are known, else by serial.
    pub fn check(&self, seen: &DeviceIdentity) -> Result<(), DeviceError> {
        let meant = &self.target.identity;
        for (meant, seen) in [(&meant.mac, &seen.mac), (&meant.serial, &seen.serial)] {
            if let (Some(meant), Some(seen)) = (meant, seen) {
                return match meant == seen {
                    true => Ok(()),
                    false => Err(DeviceError::Changed { seen: seen.clone() }),
                };
            }
        }
        Err(DeviceError::Unreadable("it says neither its MAC nor its serial number".into()))
    }

    /// A reading to fill in.
    pub fn reading(&self) -> Reading {
        Reading::empty(self.target.device)
    }
}

const fn bit(number: usize) -> u8 {
    1 << (number % u8::BITS as usize)
}

/// The credentials of one family, in order, at most [`MOST_CREDENTIALS`].
pub(crate) fn of_family(credentials: &[Credential], family: &str) -> Vec<Credential> {
    credentials.iter().filter(|c| c.family == family).take(MOST_CREDENTIALS).cloned().collect()
}

/// An order that every password known for the device was refused for, in words that say what to look at; `said` is the device's.
pub(crate) fn no_password(said: &str) -> Outcome {
    let said = if said.is_empty() { String::new() } else { format!(", it says {said}") };
    Outcome::Rejected { reason: format!("none of the passwords known for it is right{said}") }
}

/// How a failure after which nobody knows is told: as an outcome of an order.
pub(crate) fn outcome(failure: Failure) -> Outcome {
    match failure {
        Failure::Unconnected(_, reason) | Failure::NotSent(reason) => Outcome::NotSent { reason },
        Failure::Lost(reason) | Failure::Garbled(reason) => Outcome::Unknown { reason },
    }
}

/// A failed question asked before the order: nothing was ordered yet.
pub(crate) fn not_sent(failure: &Failure) -> Outcome {
    Outcome::NotSent { reason: failure.words().to_owned() }
}

impl From<Failure> for DeviceError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unconnected(reason, words) => Self::Unreachable { reason, words },
            Failure::NotSent(words) => Self::NotAsked(words),
            Failure::Lost(words) => Self::Unreachable { reason: MissReason::Timeout, words },
            Failure::Garbled(reason) => Self::Unreadable(reason),
        }
    }
}

/// What a failed look at an address means: silence unless something answered.
pub(crate) fn probe_failed(failure: &Failure) -> Probe {
    match failure {
        Failure::Unconnected(..) | Failure::NotSent(_) => Probe::Silent,
        Failure::Lost(_) | Failure::Garbled(_) => Probe::OpenUnknown,
    }
}

/// Sends the orders of one operation one after the other; a later one only after a yes to the earlier. A refusal of a
/// later one is not a rejection of the whole: something has changed by then.
pub(crate) async fn in_turn<'a, T, F>(orders: &'a [T], mut send: impl FnMut(&'a T) -> F) -> Outcome
where
    F: Future<Output = Result<(), Outcome>>,
{
    for (done, order) in orders.iter().enumerate() {
        match send(order).await {
            Ok(()) => {}
            Err(Outcome::Rejected { reason } | Outcome::NotSent { reason }) if done > 0 => {
                let reason = format!("{done} of {} steps were taken, then: {reason}", orders.len());
                return Outcome::Unknown { reason };
            }
            Err(refusal) => return refusal,
        }
    }
    Outcome::Accepted
}

/// Given where no password is asked for: most pools ask for none, and the interfaces want one.
const NO_POOL_PASSWORD: &str = "x";

/// The password that a device is given for a pool.
pub(crate) fn pool_password(pool: &Pool<PoolPassword>) -> &str {
    pool.password.as_ref().map_or(NO_POOL_PASSWORD, PoolPassword::as_str)
}

/// Parameters no device could take, told before anything is sent.
pub(crate) fn impossible(operation: &Operation<PoolPassword>) -> Option<Outcome> {
    let Operation::SetPools { pools } = operation else { return None };
    if !(1..=MAX_POOLS).contains(&pools.len()) {
        return Some(Outcome::NotSent { reason: "a miner takes one to three pools".into() });
    }
    let bad = pools.iter().find_map(|pool| pool.check().err())?;
    Some(Outcome::NotSent { reason: bad.to_string() })
}

/// What a miner says of whether it works, besides its numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Says {
    /// It sleeps.
    pub asleep: Option<bool>,
    /// The mode kept for when it works.
    pub mode: Option<PowerMode>,
    /// Some pool answers.
    pub pool_alive: Option<bool>,
}

/// Pools may be silent for so long after a start.
const POOLS_AWAKE_S: u64 = 120;

/// Fills in what a miner does, once its numbers are in `reading`. What it does goes before what it says: one that says it
/// sleeps and hashes is mining, and the contradiction is told.
pub(crate) fn settle(reading: &mut Reading, says: Says, model: &str) {
    // Sleep goes before the mode kept for when it wakes.
    reading.power_mode = if says.asleep == Some(true) { Some(PowerMode::Sleep) } else { says.mode };
    let works = works(reading, model);
    let young = reading.uptime_s.is_some_and(|up| up < POOLS_AWAKE_S);
    reading.activity = match (says.asleep, works) {
        (Some(true), Some(true)) => Some(Activity::Mining),
        (Some(true), _) => Some(Activity::Paused),
        _ if says.pool_alive == Some(false) && !young => Some(Activity::NoPool),
        (_, Some(true)) => Some(Activity::Mining),
        (_, Some(false)) if says.pool_alive == Some(false) => Some(Activity::NoPool),
        (Some(false), Some(false)) => Some(Activity::Starting),
        _ => None,
    };
    if says.asleep == Some(true) && works == Some(true) {
        let does = match (reading.hashrate_ths, reading.power_w) {
            (Some(rate), _) => format!("hashes at {rate:.1} TH/s"),
            (None, Some(watts)) => format!("draws {watts} W"),
            (None, None) => "works".into(),
        };
        reading.errors.insert(0, format!("says it sleeps, and {does}"));
    }
}

/// Does it work, by its numbers? A rate of less than a twentieth of the rating is what is left of an average. Where no rate is
/// told the draw says it, if the rated one is known.
fn works(reading: &Reading, model: &str) -> Option<bool> {
    let rated_ths = models::hashrate_ghs(model).map(|ghs| ghs as f32 / 1000.0);
    let rated_w = models::mode_power(model).normal_w;
    match (reading.hashrate_ths, reading.power_w, rated_w) {
        // Who sleeps says so; a low rate of one that does not is a low rate.
        (Some(rate), ..) if reading.power_mode != Some(PowerMode::Sleep) => Some(rate > 0.0),
        (Some(rate), ..) => Some(rate > rated_ths.map_or(0.0, |rated| rated / 20.0)),
        (None, Some(watts), Some(rated)) if reading.power_mode == Some(PowerMode::Sleep) => Some(watts > rated / 2),
        _ => None,
    }
}

/// Does any of these pools answer? `None` where nobody says so in a known word; a list without a pool in it has none.
pub(crate) fn pool_alive(pools: &[Value], status: &str) -> Option<bool> {
    let word = |pool: &Value| pool[status].as_str().map(str::to_ascii_lowercase);
    let words: Vec<_> = pools.iter().map(word).collect();
    let is = |word: &Option<String>, known: &[&str]| word.as_deref().is_some_and(|word| known.contains(&word));
    if words.iter().any(|word| is(word, &["alive", "active", "working"])) {
        return Some(true);
    }
    words.iter().all(|word| is(word, &["dead", "disabled", "offline", "rejecting", ""])).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::ids::DeviceId;

    fn identity(mac: Option<&str>, serial: Option<&str>) -> DeviceIdentity {
        DeviceIdentity { mac: mac.map(Into::into), serial: serial.map(Into::into) }
    }

    fn handle(identity: DeviceIdentity) -> Handle {
        let target = Target { device: DeviceId(1), ip: [127, 0, 0, 1].into(), identity, model: "M50".into() };
        let credential = |family: &str, password: &str| Credential {
            family: family.into(),
            user: String::new(),
            password: password.into(),
            to_unknown: false,
        };
        let all = [credential("whatsminer", "a"), credential("avalon", "b"), credential("whatsminer", "c")];
        Handle::new(target, &all, "whatsminer")
    }

    #[test]
    fn what_a_miner_does_goes_before_what_it_says() {
        let done = |hashrate_ths, power_w, says: Says| {
            let mut reading = Reading { hashrate_ths, power_w, uptime_s: Some(9_000), ..Reading::empty(DeviceId(1)) };
            settle(&mut reading, says, "M50");
            (reading.activity, reading.errors.len())
        };
        let asleep = Says { asleep: Some(true), ..Says::default() };
        let awake = Says { asleep: Some(false), ..Says::default() };
        for (rate, power, says, activity, contradictions) in [
            (Some(100.0), Some(3300), asleep, Some(Activity::Mining), 1),
            (None, Some(3300), asleep, Some(Activity::Mining), 1),
            (Some(1.0), Some(3300), asleep, Some(Activity::Paused), 0),
            (Some(0.0), Some(20), asleep, Some(Activity::Paused), 0),
            (None, None, asleep, Some(Activity::Paused), 0),
            (Some(1.0), None, awake, Some(Activity::Mining), 0),
            (Some(0.0), None, awake, Some(Activity::Starting), 0),
            (None, Some(3300), awake, None, 0),
            (Some(100.0), None, Says { pool_alive: Some(false), ..awake }, Some(Activity::NoPool), 0),
            (None, None, Says { pool_alive: Some(false), ..awake }, Some(Activity::NoPool), 0),
            (Some(100.0), None, Says { pool_alive: Some(false), ..Says::default() }, Some(Activity::NoPool), 0),
            (Some(100.0), None, Says::default(), Some(Activity::Mining), 0),
            (Some(0.0), None, Says::default(), None, 0),
        ] {
            assert_eq!(done(rate, power, says), (activity, contradictions), "{rate:?} {power:?} {says:?}");
        }
    }

    #[test]
    fn pools_are_dead_only_by_a_word_that_says_so() {
        let alive = |words: &[&str]| {
            let pools: Vec<_> = words.iter().map(|word| serde_json::json!({"Status": word})).collect();
            pool_alive(&pools, "Status")
        };
        for (words, is) in [
            (&["Dead", "ALIVE"][..], Some(true)),
            (&["Dead", "dead", ""], Some(false)),
            (&["Dead", "Sulking"], None),
            (&[], Some(false)),
        ] {
            assert_eq!(alive(words), is, "{words:?}");
        }
        assert_eq!(pool_alive(&[serde_json::json!({})], "Status"), None);
    }

    #[test]
    fn the_mac_decides_and_the_serial_only_without_it() {
        let by_mac = handle(identity(Some("m"), Some("s")));
        assert_eq!(by_mac.check(&identity(Some("m"), Some("other board"))), Ok(()));
        assert!(matches!(by_mac.check(&identity(Some("x"), Some("s"))), Err(DeviceError::Changed { .. })));
        assert_eq!(by_mac.check(&identity(None, Some("s"))), Ok(()));
        assert!(matches!(by_mac.check(&identity(None, None)), Err(DeviceError::Unreadable(_))));
    }

    #[test]
    fn the_password_that_worked_is_tried_first() {
        let handle = handle(identity(Some("m"), None));
        let tried = |handle: &Handle| handle.credentials().map(|(_, c)| c.password.clone()).collect::<Vec<_>>();
        assert_eq!(tried(&handle), ["a", "c"]);
        handle.prefer(1);
        assert_eq!(tried(&handle), ["c", "a"]);
    }

    #[test]
    fn pools_a_miner_cannot_take_are_not_sent() {
        let pools = |n: usize, url: &str| Operation::SetPools {
            pools: vec![Pool { url: url.into(), user: "w".into(), password: None }; n],
        };
        assert_eq!(impossible(&pools(3, "stratum+tcp://a:1")), None);
        for bad in [pools(0, "x://a"), pools(4, "x://a"), pools(1, ""), pools(1, "x://a b"), pools(1, "x://a\n")] {
            assert!(matches!(impossible(&bad), Some(Outcome::NotSent { .. })), "{bad:?}");
        }
        // A template that nobody has expanded is no miner's user.
        for user in ["farm.{name}", "farm,1", "farm|1", "farm 1", ""] {
            let pools = vec![Pool { url: "stratum+tcp://a:1".into(), user: user.into(), password: None }];
            assert!(matches!(impossible(&Operation::SetPools { pools }), Some(Outcome::NotSent { .. })), "{user}");
        }
    }

    #[test]
    fn a_refusal_half_way_is_not_a_rejection() {
        let said = |answers: Vec<Result<(), Outcome>>| {
            let steps: Vec<_> = answers.into_iter().map(|answer| std::sync::Mutex::new(Some(answer))).collect();
            let asked = in_turn(&steps, |step| std::future::ready(step.lock().unwrap().take().unwrap()));
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(asked)
        };
        let no = || Err(Outcome::Rejected { reason: "no".into() });
        assert_eq!(said(vec![Ok(()), Ok(())]), Outcome::Accepted);
        assert_eq!(said(vec![no(), Ok(())]), Outcome::Rejected { reason: "no".into() });
        let reason = "1 of 2 steps were taken, then: no".to_owned();
        assert_eq!(said(vec![Ok(()), no()]), Outcome::Unknown { reason });
    }
}
