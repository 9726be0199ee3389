//! What the devices of every family share: whom they are for, which passwords to try, and how a broken exchange is told.

use crate::net::Failure;
use crate::{Credential, DeviceError, Outcome, Probe, Target};
use adit_core::fleet::{Activity, Connectivity, DeviceIdentity, Operation, Pool, PowerMode, Reading};
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
        Reading::silent(self.target.device, Connectivity::Online)
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
        Failure::NotSent(reason) => Outcome::NotSent { reason },
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
            Failure::NotSent(reason) | Failure::Lost(reason) => Self::Unreachable(reason),
            Failure::Garbled(reason) => Self::Unreadable(reason),
        }
    }
}

/// What a failed look at an address means: silence unless something answered.
pub(crate) fn probe_failed(failure: &Failure) -> Probe {
    match failure {
        Failure::NotSent(_) => Probe::Silent,
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

/// Parameters no device could take, told before anything is sent.
pub(crate) fn impossible(operation: &Operation) -> Option<Outcome> {
    let Operation::SetPools { pools } = operation else { return None };
    let fits = |pool: &Pool| {
        let plain = |text: &str| !text.chars().any(|c| c.is_control() || c.is_whitespace());
        (1..=255).contains(&pool.url.len())
            && (1..=128).contains(&pool.user.len())
            && plain(&pool.url)
            && plain(&pool.user)
    };
    let reason = match pools.len() {
        1..=3 if pools.iter().all(fits) => return None,
        1..=3 => "a pool's address or worker has the wrong length or a blank in it",
        _ => "a miner takes one to three pools",
    };
    Some(Outcome::NotSent { reason: reason.into() })
}

/// What a miner does, from whether it sleeps, what it hashes and whether it has a pool that answers.
pub(crate) fn activity(asleep: Option<bool>, hashrate_ths: Option<f32>, pool_alive: Option<bool>) -> Option<Activity> {
    match (asleep, hashrate_ths) {
        (Some(true), _) => Some(Activity::Paused),
        (_, Some(rate)) if rate > 0.0 => Some(Activity::Mining),
        (_, Some(_)) if pool_alive == Some(false) => Some(Activity::NoPool),
        (Some(false), Some(_)) => Some(Activity::Starting),
        _ => None,
    }
}

/// Sleep goes before the mode kept for when it wakes.
pub(crate) fn mode(asleep: Option<bool>, kept: Option<PowerMode>) -> Option<PowerMode> {
    if asleep == Some(true) { Some(PowerMode::Sleep) } else { kept }
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
        let pools =
            |n: usize, url: &str| Operation::SetPools { pools: vec![Pool { url: url.into(), user: "w".into() }; n] };
        assert_eq!(impossible(&pools(3, "stratum+tcp://a:1")), None);
        for bad in [pools(0, "x"), pools(4, "x"), pools(1, ""), pools(1, "a b"), pools(1, "a\n")] {
            assert!(matches!(impossible(&bad), Some(Outcome::NotSent { .. })));
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
