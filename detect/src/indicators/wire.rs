//! Numbers in an image: little-endian and LEB128, always read with a check.

/// An image that does not hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the segment is damaged: {0}")]
pub struct Damaged(pub &'static str);

/// Reads on from a place in a slice.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// From `at` on.
    pub(crate) fn at(bytes: &'a [u8], at: u64) -> Result<Self, Damaged> {
        let at = usize::try_from(at).map_err(|_| Damaged("offset out of range"))?;
        bytes.get(at..).map(Reader::new).ok_or(Damaged("offset out of range"))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.rest.split_first().ok_or(Damaged("ends early"))?;
        self.rest = rest;
        Ok(*first)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Damaged("ends early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Damaged> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Damaged("number too long"))
    }

    pub(crate) fn length(&mut self) -> Result<usize, Damaged> {
        usize::try_from(self.varint()?).map_err(|_| Damaged("length out of range"))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Damaged> {
        let bytes = self.take(4)?;
        bytes.try_into().map(u32::from_le_bytes).map_err(|_| Damaged("ends early"))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Damaged> {
        let bytes = self.take(8)?;
        bytes.try_into().map(u64::from_le_bytes).map_err(|_| Damaged("ends early"))
    }
}

/// Writes a LEB128 number.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The `index`-th 32-bit number of an array.
pub(crate) fn u32_at(array: &[u8], index: usize) -> Result<u32, Damaged> {
    let at = index.checked_mul(4).ok_or(Damaged("index out of range"))?;
    let bytes = array.get(at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Damaged("index out of range"))?;
    Ok(u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(value in any::<u64>()) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            prop_assert_eq!(Reader::new(&out).varint(), Ok(value));
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..24), at in any::<u64>()) {
            let _ = Reader::new(&bytes).varint();
            let _ = Reader::at(&bytes, at).map(|mut reader| reader.length());
            let _ = u32_at(&bytes, at as usize);
        }
    }
}
