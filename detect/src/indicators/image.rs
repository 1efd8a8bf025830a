//! The bytes of a segment: sections, each with a checksum, and a table of them at the end.
//!
//! ```text
//! header     64 bytes: magic, version, zeros
//! sections   each begins at a multiple of 64 and is padded with zeros up to the next one
//! table      24 bytes a section: id u32, CRC-32 of section and padding u32, offset u64, length u64
//! trailer    32 bytes: offset of the table u64, number of sections u32, CRC-32 of table and trailer u32,
//!            length of the image u64, magic
//! ```
//! The table stands at the end so that an image can be written in one go to whatever takes bytes. Numbers are
//! little-endian. Every byte is under a checksum or compared with what it must be: an image with a flipped bit does not open.

use std::io::{self, Write};
use std::ops::Range;

use super::key::Table;
use super::wire::{Damaged, Reader};

const MAGIC: &[u8; 8] = b"WBINDIC\n";
const VERSION: u32 = 1;
const ALIGN: usize = 64;
const ENTRY: usize = 24;
const TRAILER: usize = 32;
/// More sections than there are parts of tables make no sense.
const SECTIONS_MAX: u32 = 256;

/// The number of a section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SectionId(u32);

impl SectionId {
    pub(crate) const CLAIMS: SectionId = SectionId(1);
    pub(crate) const TEXTS: SectionId = SectionId(2);
    pub(crate) const COUNTS: SectionId = SectionId(3);

    /// Keys of a table, or its ranges.
    pub(crate) const fn keys(table: Table) -> Self {
        SectionId(table as u32 * 16)
    }

    /// Where the blocks of a table start.
    pub(crate) const fn index(table: Table) -> Self {
        SectionId(table as u32 * 16 + 1)
    }

    /// The filter in front of a table.
    pub(crate) const fn first_filter(table: Table) -> Self {
        SectionId(table as u32 * 16 + 2)
    }

    /// The filter behind that one.
    pub(crate) const fn second_filter(table: Table) -> Self {
        SectionId(table as u32 * 16 + 3)
    }
}

/// Why bytes are no segment.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Something else, or the end is missing.
    #[error("not an indicator segment, or cut off")]
    NotASegment,
    /// From another version of Watchbell.
    #[error(
        "the segment has version {found}, this program reads version {VERSION}; hint: build it again from the lists"
    )]
    Version {
        /// Its version.
        found: u32,
    },
    /// A checksum does not fit, or parts do not fit each other.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// Writes an image from front to back.
pub(crate) struct ImageWriter<W> {
    out: W,
    written: u64,
    crc: crc32fast::Hasher,
    open: Option<(SectionId, u64)>,
    table: Vec<u8>,
    sections: u32,
}

impl<W: Write> ImageWriter<W> {
    pub(crate) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&header())?;
        Ok(ImageWriter {
            out,
            written: ALIGN as u64,
            crc: crc32fast::Hasher::new(),
            open: None,
            table: Vec::new(),
            sections: 0,
        })
    }

    /// Begins a section; what is written from here on is its content.
    pub(crate) fn begin(&mut self, id: SectionId) -> io::Result<()> {
        self.end()?;
        self.open = Some((id, self.written));
        Ok(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// A section of which all bytes are there.
    pub(crate) fn section(&mut self, id: SectionId, bytes: &[u8]) -> io::Result<()> {
        self.begin(id)?;
        self.write(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        let Some((SectionId(id), start)) = self.open.take() else { return Ok(()) };
        let length = self.written - start;
        let padding = self.written.next_multiple_of(ALIGN as u64) - self.written;
        self.write(&[0; ALIGN][..padding as usize])?;
        let crc = std::mem::take(&mut self.crc).finalize();
        self.table.extend_from_slice(&id.to_le_bytes());
        self.table.extend_from_slice(&crc.to_le_bytes());
        self.table.extend_from_slice(&start.to_le_bytes());
        self.table.extend_from_slice(&length.to_le_bytes());
        self.sections += 1;
        Ok(())
    }

    /// Writes the table and the trailer; gives the length of the image.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        self.end()?;
        let total = self.written + (self.table.len() + TRAILER) as u64;
        let crc = table_crc(&self.table, self.written, self.sections, total);
        self.out.write_all(&self.table)?;
        self.out.write_all(&self.written.to_le_bytes())?;
        self.out.write_all(&self.sections.to_le_bytes())?;
        self.out.write_all(&crc.to_le_bytes())?;
        self.out.write_all(&total.to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        self.out.flush()?;
        Ok(total)
    }
}

fn header() -> [u8; ALIGN] {
    let mut header = [0; ALIGN];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header
}

fn table_crc(table: &[u8], at: u64, sections: u32, total: u64) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(table);
    crc.update(&at.to_le_bytes());
    crc.update(&sections.to_le_bytes());
    crc.update(&total.to_le_bytes());
    crc.finalize()
}

/// Where the sections of an image are.
#[derive(Debug)]
pub(crate) struct Sections(Vec<(SectionId, Range<usize>)>);

impl Sections {
    /// Reads the table and checks every byte of the image against it.
    pub(crate) fn read(image: &[u8]) -> Result<Self, OpenError> {
        let (front, trailer) =
            image.split_at_checked(image.len().wrapping_sub(TRAILER)).ok_or(OpenError::NotASegment)?;
        let mut reader = Reader::new(front);
        if reader.take(8)? != MAGIC || trailer.get(24..) != Some(MAGIC) {
            return Err(OpenError::NotASegment);
        }
        let found = reader.u32()?;
        if found != VERSION {
            return Err(OpenError::Version { found });
        }
        if front.get(..ALIGN) != Some(&header()) {
            return Err(Damaged("header").into());
        }
        let mut reader = Reader::new(trailer);
        let (at, count, crc, total) = (reader.u64()?, reader.u32()?, reader.u32()?, reader.u64()?);
        if total != image.len() as u64 || count > SECTIONS_MAX {
            return Err(Damaged("length of the image").into());
        }
        let table = usize::try_from(at).ok().and_then(|at| front.get(at..)).ok_or(Damaged("place of the table"))?;
        if table.len() != count as usize * ENTRY || table_crc(table, at, count, total) != crc {
            return Err(Damaged("checksum of the table").into());
        }
        let body = &front[..front.len() - table.len()];
        Ok(Sections(sections(table, body)?))
    }

    /// Where a section is; a section that is not there is empty.
    pub(crate) fn get(&self, id: SectionId) -> Range<usize> {
        self.0.iter().find(|(other, _)| *other == id).map_or(0..0, |(_, range)| range.clone())
    }
}

fn sections(table: &[u8], body: &[u8]) -> Result<Vec<(SectionId, Range<usize>)>, Damaged> {
    let mut reader = Reader::new(table);
    let mut found = Vec::new();
    let mut end = ALIGN;
    while !reader.is_empty() {
        let (id, crc) = (reader.u32()?, reader.u32()?);
        let number = |value: u64| usize::try_from(value).map_err(|_| Damaged("place of a section"));
        let (start, length) = (number(reader.u64()?)?, number(reader.u64()?)?);
        if start != end {
            return Err(Damaged("sections overlap or leave gaps"));
        }
        let stop = start.checked_add(length).ok_or(Damaged("place of a section"))?;
        end = stop.checked_next_multiple_of(ALIGN).ok_or(Damaged("place of a section"))?;
        let bytes = body.get(start..end).ok_or(Damaged("place of a section"))?;
        if crc32fast::hash(bytes) != crc {
            return Err(Damaged("checksum of a section"));
        }
        found.push((SectionId(id), start..stop));
    }
    if end == body.len() { Ok(found) } else { Err(Damaged("bytes that belong to no section")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn image(contents: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = ImageWriter::new(&mut out).unwrap();
        for (content, table) in contents.iter().zip(Table::ALL) {
            writer.section(SectionId::keys(table), content).unwrap();
        }
        let length = writer.finish().unwrap();
        assert_eq!(length, out.len() as u64);
        out
    }

    fn contents() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..6)
    }

    proptest! {
        #[test]
        fn sections_come_back(contents in contents()) {
            let image = image(&contents);
            let sections = Sections::read(&image).unwrap();
            for (content, table) in contents.iter().zip(Table::ALL) {
                prop_assert_eq!(&image[sections.get(SectionId::keys(table))], &content[..]);
            }
            prop_assert_eq!(sections.get(SectionId::TEXTS), 0..0);
        }

        #[test]
        fn any_flipped_bit_is_seen(contents in contents(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut image = image(&contents);
            let at = at.index(image.len());
            image[at] ^= 1 << bit;
            prop_assert!(Sections::read(&image).is_err());
        }

        #[test]
        fn any_cut_is_seen(contents in contents(), at in any::<prop::sample::Index>()) {
            let image = image(&contents);
            prop_assert!(Sections::read(&image[..at.index(image.len())]).is_err());
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Sections::read(&bytes);
        }
    }

    #[test]
    fn another_version_is_named() {
        let mut image = image(&[]);
        image[8] = 9;
        assert_eq!(Sections::read(&image).unwrap_err(), OpenError::Version { found: 9 });
        assert_eq!(Sections::read(b"PK\x03\x04").unwrap_err(), OpenError::NotASegment);
    }
}
