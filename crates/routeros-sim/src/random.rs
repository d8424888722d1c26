//! Deterministic "random" numbers: a hash of where one looks, so that any moment can be asked for directly.

/// Mixes `seed` and `position` into 64 well spread bits (SplitMix64's finaliser).
pub(crate) fn mix(seed: u64, position: u64) -> u64 {
    let mut z = seed ^ position.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A seed of its own for a named part of something that has a seed.
pub(crate) fn seed_of(seed: u64, name: &[u8]) -> u64 {
    name.iter().fold(mix(seed, name.len() as u64), |acc, byte| mix(acc, u64::from(*byte)))
}

/// A number in `0..=max`; the slight bias of the remainder does not matter to a pretend router.
pub(crate) fn up_to(bits: u64, max: u64) -> u64 {
    if max == u64::MAX { bits } else { bits % (max + 1) }
}
