//! A request's body: read and unpacked within limits, before anybody looks into it.
//!
//! All requests together hold at most [`model::limits::INGEST_HELD_BYTES_MAX`]; a request that would go beyond is told
//! to come back, so that many small clients and few large ones share the same memory.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use futures::StreamExt;
use model::limits::{
    INGEST_BODY_BYTES_MAX, INGEST_BODY_SECONDS_MAX, INGEST_RATIO_FREE_BYTES, INGEST_UNPACKED_BYTES_MAX,
    UNPACK_RATIO_MAX,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Refusal;

/// How a body is packed (RFC 9110 section 8.4, RFC 8878 for zstd).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Packing {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(Packing::None) };
        let name = value.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "" | "identity" => Ok(Packing::None),
            "gzip" | "x-gzip" => Ok(Packing::Gzip),
            "zstd" => Ok(Packing::Zstd),
            _ => Err(Refusal::Encoding(name)),
        }
    }
}

/// Memory that requests share, in pieces of [`PIECE_BYTES`].
pub(super) struct Budget(Arc<Semaphore>);

const PIECE_BYTES: usize = 4 * 1024;

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Budget(Arc::new(Semaphore::new(bytes / PIECE_BYTES)))
    }
}

/// A body and its share of the budget.
pub(super) struct Held {
    bytes: Vec<u8>,
    share: OwnedSemaphorePermit,
    budget: Arc<Semaphore>,
}

impl Held {
    fn nothing(budget: Arc<Semaphore>) -> Result<Self, Refusal> {
        let share = Arc::clone(&budget).try_acquire_many_owned(0).map_err(|_| Refusal::Overloaded)?;
        Ok(Held { bytes: Vec::new(), share, budget })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn append(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        let has = self.share.num_permits();
        let needs = (self.bytes.len() + chunk.len()).div_ceil(PIECE_BYTES);
        if needs > has {
            let more = u32::try_from(needs - has).map_err(|_| Refusal::Overloaded)?;
            let more = Arc::clone(&self.budget).try_acquire_many_owned(more).map_err(|_| Refusal::Overloaded)?;
            self.share.merge(more);
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }
}

/// Reads the body, at most [`INGEST_BODY_BYTES_MAX`] within [`INGEST_BODY_SECONDS_MAX`].
pub(super) async fn read(body: Body, headers: &HeaderMap, budget: &Budget) -> Result<Held, Refusal> {
    let too_large = || Refusal::TooLarge(format!("more than {INGEST_BODY_BYTES_MAX} bytes"));
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > INGEST_BODY_BYTES_MAX as u64) {
        return Err(too_large());
    }
    let read_all = async {
        let mut held = Held::nothing(Arc::clone(&budget.0))?;
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Refusal::BrokenOff)?;
            if held.bytes.len() + chunk.len() > INGEST_BODY_BYTES_MAX {
                return Err(too_large());
            }
            held.append(&chunk)?;
        }
        Ok(held)
    };
    let longest = Duration::from_secs(INGEST_BODY_SECONDS_MAX);
    tokio::time::timeout(longest, read_all).await.unwrap_or(Err(Refusal::TooSlow))
}

/// Unpacks the body off the async threads.
pub(super) async fn unpack(held: Held, packing: Packing) -> Result<Held, Refusal> {
    if packing == Packing::None {
        return Ok(held);
    }
    let unpacked = tokio::task::spawn_blocking(move || unpack_now(&held, packing)).await;
    unpacked.unwrap_or_else(|_| Err(Refusal::Unpack("the unpacker failed".to_owned())))
}

fn unpack_now(held: &Held, packing: Packing) -> Result<Held, Refusal> {
    let packed = held.bytes.as_slice();
    let unreadable = |error: std::io::Error| Refusal::Unpack(error.to_string());
    let mut reader: Box<dyn Read + '_> = match packing {
        Packing::None => Box::new(packed),
        Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
        Packing::Zstd => Box::new(zstd_reader(packed).map_err(unreadable)?),
    };
    let mut unpacked = Held::nothing(Arc::clone(&held.budget))?;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let bytes = match reader.read(&mut chunk) {
            Ok(0) => return Ok(unpacked),
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        let total = unpacked.bytes.len() + bytes;
        if total > INGEST_UNPACKED_BYTES_MAX {
            return Err(Refusal::TooLarge(format!("unpacks to more than {INGEST_UNPACKED_BYTES_MAX} bytes")));
        }
        let ratio_max = (packed.len() as u64).saturating_mul(UNPACK_RATIO_MAX);
        if total as u64 > INGEST_RATIO_FREE_BYTES.max(ratio_max) {
            return Err(Refusal::TooLarge(format!("unpacks to more than {UNPACK_RATIO_MAX} times its size")));
        }
        unpacked.append(&chunk[..bytes])?;
    }
}

/// A zstd reader whose window cannot grow beyond what the format recommends to accept (RFC 8878 section 3.1.1.1.2).
fn zstd_reader(packed: &[u8]) -> std::io::Result<zstd::stream::read::Decoder<'_, &[u8]>> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(packed)?;
    reader.window_log_max(23)?;
    Ok(reader)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(bytes: Vec<u8>) -> Held {
        let budget = Budget::new(256 * 1024 * 1024);
        let mut held = Held::nothing(budget.0).expect("room");
        held.append(&bytes).expect("room");
        held
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).expect("packs");
        packer.finish().expect("packs")
    }

    #[test]
    fn unpacks_what_is_honest() {
        let text = b"{\"a\":1}\n".repeat(1_000);
        let unpacked = unpack_now(&held(gzip(&text)), Packing::Gzip).expect("unpacks");
        assert_eq!(unpacked.bytes(), text);
        let packed = zstd::encode_all(text.as_slice(), 3).expect("packs");
        assert_eq!(unpack_now(&held(packed), Packing::Zstd).expect("unpacks").bytes(), text);
        // Two members behind each other are one body (RFC 1952 section 2.2).
        let twice = [gzip(b"a\n"), gzip(b"b\n")].concat();
        assert_eq!(unpack_now(&held(twice), Packing::Gzip).expect("unpacks").bytes(), b"a\nb\n");
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let zeros = vec![b'0'; 2 * INGEST_RATIO_FREE_BYTES as usize];
        for (packed, packing) in
            [(gzip(&zeros), Packing::Gzip), (zstd::encode_all(zeros.as_slice(), 3).expect("packs"), Packing::Zstd)]
        {
            let refusal = unpack_now(&held(packed), packing).err().map(|refusal| refusal.to_string());
            assert_eq!(refusal.as_deref(), Some("body is too large: unpacks to more than 100 times its size"));
        }
    }

    #[test]
    fn the_unpacked_size_has_a_limit_of_its_own() {
        // Lines that pack well, but not too well for the ratio.
        let mut text = Vec::with_capacity(INGEST_UNPACKED_BYTES_MAX + 100);
        let mut number = 0u64;
        while text.len() <= INGEST_UNPACKED_BYTES_MAX {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.extend_from_slice(&number.to_le_bytes());
            text.extend_from_slice(&[b'x'; 120]);
        }
        let packed = zstd::encode_all(text.as_slice(), 1).expect("packs");
        let refusal = unpack_now(&held(packed), Packing::Zstd).err().map(|refusal| refusal.to_string());
        assert_eq!(refusal, Some(format!("body is too large: unpacks to more than {INGEST_UNPACKED_BYTES_MAX} bytes")));
    }

    #[test]
    fn broken_bodies_say_so() {
        let mut cut = gzip(b"{\"a\":1}\n");
        cut.truncate(cut.len() - 4);
        assert!(matches!(unpack_now(&held(cut), Packing::Gzip), Err(Refusal::Unpack(_))));
        assert!(matches!(unpack_now(&held(b"no zstd".to_vec()), Packing::Zstd), Err(Refusal::Unpack(_))));
    }

    #[test]
    fn requests_share_one_budget() {
        let budget = Budget::new(3 * PIECE_BYTES);
        let mut first = Held::nothing(Arc::clone(&budget.0)).expect("room");
        let mut second = Held::nothing(Arc::clone(&budget.0)).expect("room");
        assert!(first.append(&[0; 2 * PIECE_BYTES]).is_ok());
        assert!(matches!(second.append(&[0; PIECE_BYTES + 1]), Err(Refusal::Overloaded)));
        drop(first);
        assert!(second.append(&[0; PIECE_BYTES + 1]).is_ok());
    }
}
