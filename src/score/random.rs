//! Numbers that look drawn at random and depend on nothing but what they are asked for.

/// A stream of its own for each seed and text.
pub(super) fn hash(seed: u64, text: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(text.as_bytes());
    let bytes = hasher.finalize();
    let first = bytes.as_bytes().first_chunk().copied();
    u64::from_le_bytes(first.unwrap_or_default())
}

/// A number in 0..1 for each position of a stream, by the finalizer of SplitMix64.
pub(super) fn uniform(stream: u64, position: u64) -> f64 {
    let mut bits = stream.wrapping_add(position.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1u64 << 53) as f64
}
