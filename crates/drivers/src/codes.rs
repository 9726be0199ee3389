//! What makers' fault codes mean, and what to do. Codes that are not in here are shown as they came.

use crate::models::has_fans;

/// Codes `first` to `last`, which stand for the parts numbered from 0: (first, last, meaning with `{n}` for the number, what
/// to do).
type Rows = &'static [(u32, u32, &'static str, &'static str)];

const PSU: &str = "check its supply, else replace it";
const MAINS: &str = "check the mains";
const COOL: &str = "cool it, clean its way of air";
const FAN: &str = "clean the fan and its plug, else replace it";
const BOARD: &str = "reseat, else repair";
const FIRMWARE: &str = "install the maker's firmware";
const POOL: &str = "check the pools and the network";

/// MicroBT Whatsminers, both generations.
const WHATSMINER: Rows = &[
    (110, 111, "fan {n} not found", FAN),
    (120, 121, "fan {n} at the wrong speed", FAN),
    (130, 131, "fan {n} differs from the set speed", FAN),
    (140, 140, "fan speed too high", COOL),
    (200, 200, "power supply not found", PSU),
    (201, 201, "power supply does not match the miner", PSU),
    (202, 202, "power supply output voltage wrong", PSU),
    (203, 204, "power supply protects itself", PSU),
    (205, 205, "power supply current wrong", PSU),
    (206, 206, "input voltage too low", MAINS),
    (207, 207, "input current too high", MAINS),
    (210, 210, "power supply reports an error", PSU),
    (213, 213, "power supply input and output do not match", PSU),
    (216, 216, "power has not changed for long", PSU),
    (217, 217, "power supply cannot be switched on", PSU),
    (218, 218, "input voltage below 230 V in high mode", "lower the mode, check the mains"),
    (233, 235, "power supply output too hot", COOL),
    (236, 238, "power supply output current too high", PSU),
    (239, 239, "power supply output voltage too high", PSU),
    (240, 240, "power supply output voltage too low", PSU),
    (241, 241, "power supply outputs out of balance", PSU),
    (243, 245, "power supply input too hot", COOL),
    (246, 247, "power supply input current too high", MAINS),
    (248, 249, "power supply input voltage too high", MAINS),
    (250, 251, "power supply input voltage too low", MAINS),
    (253, 254, "power supply fan broken", PSU),
    (255, 256, "power supply gives too much power", "lower the mode"),
    (263, 264, "power supply does not answer", PSU),
    (267, 267, "power supply watchdog", PSU),
    (300, 302, "temperature sensor of hash board {n} not found", BOARD),
    (320, 322, "temperature of hash board {n} cannot be read", BOARD),
    (329, 329, "temperature of the control board cannot be read", "replace the control board"),
    (350, 352, "hash board {n} too hot", COOL),
    (410, 412, "EEPROM of hash board {n} not found", BOARD),
    (420, 422, "EEPROM of hash board {n} cannot be read", BOARD),
    (430, 432, "chips of hash board {n} of an unknown kind", FIRMWARE),
    (440, 442, "EEPROM of hash board {n} has a wrong number of chips", BOARD),
    (450, 452, "EEPROM of hash board {n} broken in transfer", BOARD),
    (510, 512, "hash board {n} is of another model", "fit a board of this model"),
    (530, 532, "hash board {n} missing", BOARD),
    (540, 542, "chips of hash board {n} do not answer", BOARD),
    (550, 552, "hash board {n} has bad chips", "repair"),
    (560, 562, "hash board {n} out of balance", "restart, else repair"),
    (600, 600, "surroundings too hot", COOL),
    (610, 610, "surroundings too hot for high mode", "lower the mode, cool it"),
    (701, 701, "control board does not know these chips", FIRMWARE),
    (710, 712, "control board restarted by itself", "watch it, else replace the control board"),
    (800, 802, "a program is not the maker's", FIRMWARE),
    (2010, 2010, "all pools disabled", POOL),
    (2020, 2022, "pool {n} cannot be reached", POOL),
    (2030, 2030, "many shares rejected", POOL),
    (2040, 2040, "pool does not support version rolling", "choose another pool"),
    (2310, 2310, "hashrate too low", "restart, else check the boards"),
    (2320, 2320, "hashrate too low", "restart, else check the boards"),
    (2340, 2340, "hashrate losses too high", "restart, else check the boards"),
    (2350, 2350, "hashrate losses too high", "restart, else check the boards"),
    (5070, 5072, "water flow of hash board {n} abnormal", "check the water loop"),
    (5110, 5112, "hash board {n} does not reach its frequency", "restart, else repair"),
    (8410, 8410, "firmware does not match the miner", FIRMWARE),
    (100_001, 100_003, "the system was tampered with", FIRMWARE),
];

/// Bitmain Antminers: words from their pages and logs, with what they mean.
const ANTMINER: &[(&str, &str, &str)] = &[
    ("P:1", "too hot", COOL),
    ("P:2", "too cold to start", "warm it up"),
    ("F:1", "fan lost", FAN),
    ("V:1", "power supply lost", PSU),
    ("R:1", "hashrate too low", "restart, else check the boards"),
    ("R1", "hashrate too low", "restart, else check the boards"),
    ("N:1", "hashrate higher than it can be", "lower the mode, check the firmware"),
    ("M:1", "memory error", "restart, else replace the control board"),
    ("J0:8", "too few hash boards", BOARD),
    ("L0:1", "voltage or frequency over the limit", FIRMWARE),
    ("ERROR_TEMP_TOO_HIGH", "too hot", COOL),
    ("ERROR_TEMP_TOO_LOW", "too cold to start", "warm it up"),
    ("ERROR_TEMP_LOST", "temperature sensor lost", BOARD),
    ("ERROR_FAN_LOST", "fan lost", FAN),
    ("ERROR_POWER_LOST", "power supply lost", PSU),
    ("ERROR_SOC_INIT", "hash boards cannot be started", BOARD),
    ("ERROR_EEPROM_INFO", "EEPROM of a hash board cannot be read", BOARD),
];

/// Canaan publishes the names of its error words and not what their bits mean: which part complains is all that is known.
const AVALON: &[(&str, &str, &str)] = &[
    ("ECHU", "hash board {n} reports an error", "restart, else reseat its cables"),
    ("ECMM", "control board reports an error", "restart, else replace it"),
];

/// A fault for people: what it means, its code and what to do, or code and words as they came.
pub(crate) fn in_words(family: &str, code: &str, words: &str) -> String {
    let known = match family {
        "whatsminer" => whatsminer(code),
        "antminer" => by_name(ANTMINER, code),
        _ => None,
    };
    match (known, code.is_empty(), words.is_empty()) {
        (Some((meaning, advice)), ..) => format!("{meaning} ({code}): {advice}"),
        (None, true, _) => words.to_owned(),
        (None, false, true) => format!("fault {code}"),
        (None, false, false) => format!("fault {code}: {words}"),
    }
}

fn whatsminer(code: &str) -> Option<(String, &'static str)> {
    let number: u32 = code.parse().ok()?;
    let (first, _, meaning, advice) = WHATSMINER.iter().find(|(first, last, ..)| (*first..=*last).contains(&number))?;
    Some((meaning.replace("{n}", &(number - first).to_string()), advice))
}

fn by_name(table: &[(&str, &str, &'static str)], code: &str) -> Option<(String, &'static str)> {
    let (_, meaning, advice) = table.iter().find(|(name, ..)| name.eq_ignore_ascii_case(code))?;
    Some(((*meaning).to_owned(), advice))
}

/// An Avalon's error word `name` of the part numbered `part`, with the bits that are set.
pub(crate) fn avalon(name: &str, part: usize, bits: &str) -> String {
    match AVALON.iter().find(|(known, ..)| *known == name) {
        Some((_, meaning, advice)) => {
            format!("{} ({name} {bits}): {advice}", meaning.replace("{n}", &part.to_string()))
        }
        None => format!("fault {name} {bits}"),
    }
}

/// Can a model have this fault? One without fans has none of a fan.
pub(crate) fn concerns(family: &str, model: &str, code: &str) -> bool {
    let of_fan = match family {
        "whatsminer" => code.parse::<u32>().is_ok_and(|code| (110..=140).contains(&code)),
        "antminer" => ["F:1", "ERROR_FAN_LOST"].iter().any(|fan| fan.eq_ignore_ascii_case(code)),
        _ => false,
    };
    !of_fan || has_fans(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_in_words_and_unknown_ones_as_they_came() {
        for (family, code, words, told) in [
            ("whatsminer", "530", "", "hash board 0 missing (530): reseat, else repair"),
            ("whatsminer", "532", "board not found", "hash board 2 missing (532): reseat, else repair"),
            ("whatsminer", "206", "", "input voltage too low (206): check the mains"),
            ("whatsminer", "533", "", "fault 533"),
            ("whatsminer", "5010", "odd", "fault 5010: odd"),
            ("whatsminer", "", "process is down", "process is down"),
            (
                "antminer",
                "error_fan_lost",
                "",
                "fan lost (error_fan_lost): clean the fan and its plug, else replace it",
            ),
            ("antminer", "Q:7", "", "fault Q:7"),
            ("avalon", "512", "", "fault 512"),
        ] {
            assert_eq!(in_words(family, code, words), told);
        }
        assert!(avalon("ECHU", 1, "512").starts_with("hash board 1 reports an error (ECHU 512): "));
        assert_eq!(avalon("ECXX", 0, "7"), "fault ECXX 7");
    }

    #[test]
    fn no_two_rows_are_of_one_code() {
        for pair in WHATSMINER.windows(2) {
            assert!(pair[0].0 <= pair[0].1 && pair[0].1 < pair[1].0, "{pair:?}");
        }
    }

    #[test]
    fn water_cooled_models_have_no_faults_of_fans() {
        assert!(concerns("whatsminer", "M50", "110") && !concerns("whatsminer", "M63S", "110"));
        assert!(concerns("whatsminer", "M63S", "530"));
        assert!(concerns("antminer", "S21", "F:1") && !concerns("antminer", "S21 Hyd.", "F:1"));
    }
}
