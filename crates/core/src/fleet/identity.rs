//! What does not identify a device although it stands where an identity should: values that makers leave in, that a board
//! shows before it is programmed, or that say in words that there is none. And what a later look adds to an earlier one.

use super::{DeviceIdentity, FoundDevice, ModePower, UNKNOWN_WHATSMINER};

/// MACs that control boards have before somebody gives them one of their own: of Zynq and of Amlogic reference designs, and
/// such as people type in.
const UNPROGRAMMED: [&str; 8] = [
    "00:0a:35:00:01:22",
    "00:0a:35:00:00:01",
    "00:15:18:01:81:31",
    "00:11:22:33:44:55",
    "12:34:56:78:9a:bc",
    "aa:bb:cc:dd:ee:ff",
    "de:ad:be:ef:00:00",
    "02:00:00:00:00:00",
];

/// What stands in place of a serial number that nobody gave.
const NO_SERIAL: [&str; 18] = [
    "none",
    "null",
    "nil",
    "n/a",
    "na",
    "nan",
    "unknown",
    "undefined",
    "default",
    "empty",
    "not available",
    "not specified",
    "to be filled by o.e.m.",
    "serial",
    "serial number",
    "123456789",
    "1234567890",
    "0123456789",
];

impl DeviceIdentity {
    /// The same without values that identify nothing; both may be gone then.
    #[must_use]
    pub fn without_placeholders(self) -> Self {
        Self { mac: self.mac.filter(|mac| is_own_mac(mac)), serial: self.serial.filter(|serial| is_own_serial(serial)) }
    }

    /// Is there nothing to recognise it by?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.mac.is_none() && self.serial.is_none()
    }
}

/// Can it be one device's own MAC (lower case, colons)? Not one of equal bytes, nor of a group of addresses.
fn is_own_mac(mac: &str) -> bool {
    let bytes: Vec<_> = mac.split(':').collect();
    let is_group = bytes.first().and_then(|byte| u8::from_str_radix(byte, 16).ok()).is_some_and(|byte| byte & 1 == 1);
    let all_equal = bytes.windows(2).all(|pair| pair[0] == pair[1]);
    !(is_group || all_equal || UNPROGRAMMED.contains(&mac))
}

fn is_own_serial(serial: &str) -> bool {
    let lower = serial.trim().to_lowercase();
    let mut signs = lower.chars().filter(|c| c.is_alphanumeric());
    let Some(first) = signs.next() else { return false };
    let filler = matches!(first, '0' | 'f' | 'x') && signs.all(|c| c == first);
    !(filler || NO_SERIAL.contains(&lower.as_str()))
}

impl FoundDevice {
    /// What is known once this was said of a device of which `known` was known. A look at which less could be seen, for the
    /// device slept or half of its answers were lost, takes nothing away: not a model, a rating, an identity, nor what it can
    /// be told under the same firmware. Another driver or make is another device's, and nothing of it is kept.
    #[must_use]
    pub fn on_top_of(mut self, known: &Self) -> Self {
        if self.driver != known.driver || self.make != known.make {
            return self;
        }
        self.identity.mac = self.identity.mac.or_else(|| known.identity.mac.clone());
        self.identity.serial = self.identity.serial.or_else(|| known.identity.serial.clone());
        if self.model.is_empty() || self.model == UNKNOWN_WHATSMINER {
            self.model.clone_from(&known.model);
        }
        // Its family without a version.
        if !self.firmware.contains(' ') && known.firmware.starts_with(&self.firmware) {
            self.firmware.clone_from(&known.firmware);
        }
        if self.model == known.model {
            self.expected_hashrate_ghs = self.expected_hashrate_ghs.or(known.expected_hashrate_ghs);
            let (new, old) = (self.mode_power, known.mode_power);
            self.mode_power = ModePower {
                sleep_w: new.sleep_w.or(old.sleep_w),
                low_w: new.low_w.or(old.low_w),
                normal_w: new.normal_w.or(old.normal_w),
                high_w: new.high_w.or(old.high_w),
            };
            if self.firmware == known.firmware {
                keep(&mut self.supports, &known.supports);
                keep(&mut self.modes, &known.modes);
            }
        }
        self
    }
}

/// Keeps what was there, in its order, before what is new.
fn keep<T: PartialEq + Clone>(now: &mut Vec<T>, before: &[T]) {
    let new: Vec<T> = now.iter().filter(|one| !before.contains(one)).cloned().collect();
    *now = before.iter().cloned().chain(new).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{OpKind, PowerMode};

    fn left(mac: &str, serial: &str) -> (bool, bool) {
        let identity = DeviceIdentity { mac: Some(mac.into()), serial: Some(serial.into()) }.without_placeholders();
        (identity.mac.is_some(), identity.serial.is_some())
    }

    #[test]
    fn what_many_devices_share_identifies_none() {
        for mac in
            ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "11:11:11:11:11:11", "01:00:5e:00:00:01", "00:0a:35:00:01:22"]
        {
            assert_eq!(left(mac, "NGSB1"), (false, true), "{mac}");
        }
        for serial in
            ["", " ", "0", "00000000", "FFFFFFFF", "xxxx", "---", "N/A", "None", "unknown", "0000-0000", "1234567890"]
        {
            assert_eq!(left("02:ad:17:00:00:01", serial), (true, false), "{serial}");
        }
    }

    fn known() -> FoundDevice {
        FoundDevice {
            identity: DeviceIdentity { mac: Some("02:ad:17:00:00:01".into()), serial: Some("S1".into()) },
            ip: [10, 0, 0, 1].into(),
            make: "MicroBT".into(),
            model: "M50".into(),
            firmware: "Whatsminer 20230803".into(),
            driver: "whatsminer-v2".into(),
            supports: vec![OpKind::Reboot, OpKind::Pause],
            modes: vec![PowerMode::Sleep, PowerMode::Normal],
            mode_power: ModePower { normal_w: Some(3306), ..ModePower::default() },
            expected_hashrate_ghs: Some(118_000),
        }
    }

    #[test]
    fn a_look_with_less_in_it_takes_nothing_away() {
        let poorer = FoundDevice {
            identity: DeviceIdentity { mac: None, serial: Some("S1".into()) },
            ip: [10, 0, 0, 2].into(),
            model: UNKNOWN_WHATSMINER.into(),
            firmware: "Whatsminer".into(),
            supports: vec![OpKind::Reboot],
            modes: vec![],
            mode_power: ModePower::default(),
            expected_hashrate_ghs: None,
            ..known()
        };
        assert_eq!(poorer.on_top_of(&known()), FoundDevice { ip: [10, 0, 0, 2].into(), ..known() });
    }

    #[test]
    fn a_look_with_more_or_other_in_it_counts() {
        let richer = FoundDevice { expected_hashrate_ghs: Some(120_000), ..known() };
        assert_eq!(richer.clone().on_top_of(&known()), richer);
        let other_firmware =
            FoundDevice { firmware: "Whatsminer 2026".into(), supports: vec![OpKind::Reboot], ..known() };
        assert_eq!(other_firmware.clone().on_top_of(&known()), other_firmware);
        let other_model = FoundDevice { model: "M60".into(), expected_hashrate_ghs: None, ..known() };
        assert_eq!(other_model.clone().on_top_of(&known()), other_model);
        let other_driver = FoundDevice { driver: "avalon".into(), model: String::new(), ..known() };
        assert_eq!(other_driver.clone().on_top_of(&known()), other_driver);
    }

    #[test]
    fn what_a_device_has_of_its_own_stays() {
        for (mac, serial) in
            [("02:ad:17:00:00:01", "SIM0000000001"), ("c8:00:00:00:00:01", "0001"), ("00:0a:35:12:34:56", "F0")]
        {
            assert_eq!(left(mac, serial), (true, true), "{mac} {serial}");
        }
    }
}
