//! Names to 64 bits, by a seed.
//!
//! Folded multiplication (the upper and lower half of a 128-bit product, combined), as in wyhash and foldhash, written here because a kept
//! state must mean the same after an update of a library. Not for secrets.

/// What tells the key of a pair from that of a name.
pub(super) const PAIR: u64 = 0x9e37_79b9_7f4a_7c15;
const FACTOR: u64 = 0xd6e8_feb8_6659_fd93;

/// Both halves of the product, combined.
pub(super) fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The hash of a name.
pub(super) fn name_hash(seed: u64, name: &[u8]) -> u64 {
    let mut state = seed ^ FACTOR;
    let mut chunks = name.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
        state = fold(state ^ word, FACTOR) ^ state.rotate_left(29);
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(chunks.remainder()) {
        *to = *from;
    }
    state = fold(state ^ u64::from_le_bytes(last), FACTOR) ^ state.rotate_left(29);
    // The length tells `a` from `a\0`.
    fold(state ^ name.len() as u64, seed | 1) ^ fold(state, PAIR)
}
