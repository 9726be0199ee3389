//! Bitcoin addresses: checked to the last character, and written in one way only.

use sha2::{Digest, Sha256};

/// Longest text that is looked at, bytes; no address is longer.
const MAX_LENGTH: usize = 90;
/// Characters that stay when an address is masked.
const SHOWN: usize = 4;

/// Why a text is not an address that money can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither form fits.
    #[error("this is not a Bitcoin address: it begins with bc1, 1 or 3")]
    Unknown,
    /// A character is wrong, missing or too many.
    #[error("a character is wrong, missing or too many: the address's checksum does not fit")]
    Mistyped,
    /// Test money.
    #[error("this address belongs to {0}; only addresses of the main network can be paid")]
    OtherNetwork(&'static str),
    /// A kind that is not in use; whatever is sent there anybody can take, or nobody.
    #[error("no wallet makes addresses of this kind")]
    Unused,
}

/// The one way in which the address is written: bech32 in lower case, base58 as it is.
///
/// # Errors
/// Why it is no address of the main network.
pub fn canonical(text: &str) -> Result<String, AddressError> {
    if text.is_empty() || text.len() > MAX_LENGTH || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(AddressError::Unknown);
    }
    let lower = text.to_ascii_lowercase();
    if ["bc1", "tb1", "bcrt1"].iter().any(|prefix| lower.starts_with(prefix)) {
        segwit(text, lower)
    } else {
        base58(text)
    }
}

fn segwit(text: &str, lower: String) -> Result<String, AddressError> {
    let (network, version, program) = bech32::segwit::decode(text).map_err(|_| AddressError::Mistyped)?;
    match network.to_lowercase().as_str() {
        "bc" => {}
        "tb" => return Err(AddressError::OtherNetwork("a test network")),
        _ => return Err(AddressError::OtherNetwork("a regression test network")),
    }
    // Version 0's lengths are part of its checks; of version 1 only those of 32 bytes have an owner.
    let in_use = version == bech32::segwit::VERSION_0 || version == bech32::segwit::VERSION_1 && program.len() == 32;
    if in_use { Ok(lower) } else { Err(AddressError::Unused) }
}

fn base58(text: &str) -> Result<String, AddressError> {
    let mut bytes = [0_u8; 25];
    let length = bs58::decode(text).onto(&mut bytes).map_err(|_| AddressError::Unknown)?;
    let (content, checksum) = bytes.split_at(21);
    if length != bytes.len() || Sha256::digest(Sha256::digest(content))[..4] != *checksum {
        return Err(if text.starts_with(['1', '3']) { AddressError::Mistyped } else { AddressError::Unknown });
    }
    match bytes[0] {
        0x00 | 0x05 => Ok(text.to_owned()),
        0x6f | 0xc4 => Err(AddressError::OtherNetwork("a test network")),
        _ => Err(AddressError::Unknown),
    }
}

/// What somebody sees of an address who may not see it: its last four characters.
#[must_use]
pub fn masked(address: &str) -> String {
    let skipped = address.chars().count().saturating_sub(SHOWN);
    format!("\u{2026}{}", address.chars().skip(skipped).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Examples of BIP 173 and BIP 350, and the address of the first block.
    const GOOD: [&str; 4] = [
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    ];

    #[test]
    fn an_address_is_written_in_one_way() {
        for good in GOOD {
            assert_eq!(canonical(good).as_deref(), Ok(good));
        }
        assert_eq!(canonical(&GOOD[0].to_uppercase()).as_deref(), Ok(GOOD[0]));
        assert_eq!(masked(GOOD[0]), "\u{2026}f3t4");
    }

    #[test]
    fn every_single_wrong_character_is_found() {
        for good in GOOD {
            for at in 0..good.len() {
                let mut wrong = good.as_bytes().to_vec();
                wrong[at] = if wrong[at] == b'2' { b'3' } else { b'2' };
                let wrong = String::from_utf8(wrong).expect("digits and letters");
                assert!(wrong == good || canonical(&wrong).is_err(), "{wrong}");
            }
            assert!(canonical(&good[..good.len() - 1]).is_err());
            assert!(canonical(&format!("{good}2")).is_err() && canonical(&format!(" {good}")).is_err());
        }
    }

    #[test]
    fn test_money_and_kinds_that_nobody_uses_are_refused_with_the_reason() {
        let why = |text: &str| canonical(text).expect_err(text);
        assert_eq!(why("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"), AddressError::OtherNetwork("a test network"));
        let regtest = bech32::segwit::encode_v0(bech32::Hrp::parse_unchecked("bcrt"), &[7; 20]).expect("20 bytes");
        assert_eq!(why(&regtest), AddressError::OtherNetwork("a regression test network"));
        assert_eq!(why("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"), AddressError::OtherNetwork("a test network"));
        assert_eq!(why("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs"), AddressError::Unused, "version 2");
        assert_eq!(why("bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"), AddressError::Mistyped, "two cases");
        for hostile in ["", "bc1", "1", "é", "0x52908400098527886E0F7030069857D2E4169EE7", &"1".repeat(91)] {
            assert!(canonical(hostile).is_err(), "{hostile}");
        }
    }
}
