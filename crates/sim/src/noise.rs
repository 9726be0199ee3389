//! Repeatable randomness: every value is a function of the fleet's seed, so
//! that two runs with one seed show the same miners.

/// One well-mixed number from two (SplitMix64's finaliser).
pub(crate) fn mix(seed: u64, lane: u64) -> u64 {
    let mut z = seed.wrapping_add(lane.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A value in -1.0..1.0.
pub(crate) fn signed(seed: u64, lane: u64) -> f64 {
    (mix(seed, lane) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// `len` characters out of the base-62 alphabet, as salts are made of.
pub(crate) fn text(seed: u64, lane: u64, len: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let base = mix(seed, lane);
    (0..len).map(|i| ALPHABET[(mix(base, i as u64) % 62) as usize] as char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_noise_stays_in_range_and_is_centred() {
        let values: Vec<f64> = (0..10_000).map(|lane| signed(7, lane)).collect();
        assert!(values.iter().all(|v| (-1.0..1.0).contains(v)));
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.05, "{mean}");
    }
}
