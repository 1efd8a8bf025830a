//! What makes a file the same file, whatever its name and place.

use model::fingerprint::first_8_bytes;

pub use model::fingerprint::fingerprint;

/// Bytes in front of an offset that are compared to tell whether a file is still the one that was read.
pub(super) const CHECK_BYTES: usize = 256;

/// The check over the bytes in front of an offset.
pub(super) fn check_of(last: &[u8]) -> u64 {
    first_8_bytes(&last[last.len().saturating_sub(CHECK_BYTES)..])
}
