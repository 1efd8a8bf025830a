//! Files as they lie on disk: plain, gzip or Zstandard, told apart by their first bytes and not by their names.
//!
//! A compressed file may hold little more than itself and unpack to the whole disk: past a size below which nobody is hurt,
//! it may grow by [`limits::UNPACK_RATIO_MAX`] and no further.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use model::limits;

/// Opens a file and unpacks it while it is read.
///
/// # Errors
/// When it cannot be opened; reading fails with `InvalidData` when it is damaged or grows beyond its limit.
pub fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let mut file = File::open(path)?;
    let mut magic = [0; 4];
    let known = read_up_to(&mut file, &mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    let packed = file.metadata()?.len();
    let file = BufReader::with_capacity(256 * 1024, file);
    Ok(match magic.get(..known) {
        Some([0x1f, 0x8b, ..]) => Box::new(Bounded::new(flate2::bufread::MultiGzDecoder::new(file), packed)),
        Some([0x28, 0xb5, 0x2f, 0xfd]) => Box::new(Bounded::new(zstd::Decoder::with_buffer(file)?, packed)),
        _ => Box::new(file),
    })
}

/// Fills the buffer as far as there is something to read; says how far.
pub(crate) fn read_up_to(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Refuses to unpack beyond the limit.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R> Bounded<R> {
    fn new(inner: R, packed: u64) -> Self {
        let limit = packed.saturating_mul(limits::UNPACK_RATIO_MAX).max(limits::UNPACK_RATIO_FREE_BYTES);
        Bounded { inner, left: limit }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let text = format!("unpacks to more than {} times its size", limits::UNPACK_RATIO_MAX);
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_all(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(bytes)?;
        let mut out = Vec::new();
        open(file.path())?.read_to_end(&mut out)?;
        Ok(out)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn shapes_are_told_by_their_first_bytes() {
        let text = b"a line\n".repeat(100);
        assert_eq!(read_all(&text).unwrap(), text);
        assert_eq!(read_all(&zstd::encode_all(&text[..], 3).unwrap()).unwrap(), text);
        assert_eq!(read_all(&gzip(&text)).unwrap(), text);
        assert_eq!(read_all(b"").unwrap(), b"");
        assert_eq!(read_all(b"x").unwrap(), b"x");
    }

    #[test]
    fn a_bomb_is_refused() {
        let zeros = vec![0; usize::try_from(limits::UNPACK_RATIO_FREE_BYTES).unwrap() + 1];
        for bomb in [zstd::encode_all(&zeros[..], 3).unwrap(), gzip(&zeros)] {
            let error = read_all(&bomb).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(error.to_string().contains("100 times"), "{error}");
        }
    }

    #[test]
    fn a_torn_archive_is_an_error() {
        let packed = zstd::encode_all(&b"a line\n".repeat(1000)[..], 3).unwrap();
        assert!(read_all(&packed[..packed.len() - 3]).is_err());
    }
}
