//! Counts as people read them: whole, with a comma at each thousand, as the console writes them too.

/// `7,303`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 device`, `7,303 devices`.
#[must_use]
pub fn counted(number: usize, one: &str) -> String {
    format!("{} {one}{}", grouped(u64::try_from(number).unwrap_or(u64::MAX)), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (7_303, "7,303"), (100_000, "100,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
        assert_eq!((counted(1, "device"), counted(7_303, "device")), ("1 device".into(), "7,303 devices".into()));
    }
}
