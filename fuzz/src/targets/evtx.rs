//! Binary Windows event logs.

use std::io::Cursor;

use ::formats::Mappings;
use ::formats::evtx::records;
use model::Format;
use model::limits::RECORD_BYTES_MAX;

use crate::event::check_record;

const HEADER_BYTES: usize = 4_096;

/// A log of one chunk: the header and the used part of the chunk, what is missing of 64 KiB is zeros.
pub fn evtx(bytes: &[u8]) {
    let whole = [bytes, vec![0; (HEADER_BYTES + 65_536).saturating_sub(bytes.len())].as_slice()].concat();
    let read = || match records(Cursor::new(whole.clone())) {
        Ok(records) => records.collect::<Vec<_>>(),
        Err(trouble) => vec![Err(trouble)],
    };
    let found = read();
    assert_eq!(found, read(), "the same log gives the same records");
    // A record has a header of 28 bytes: there are never more than fit.
    assert!(found.len() <= whole.len() / 28 + 1, "{} records", found.len());
    for (_, json) in found.iter().flatten() {
        assert!(json.len() <= RECORD_BYTES_MAX);
        check_record(Format::Evtx, json.as_bytes(), &Mappings::default());
    }
}

pub(super) mod seeds {
    pub(in super::super) fn evtx() -> Vec<Vec<u8>> {
        [1, 3, 10].map(crate::seeds::event_log).into()
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    pub(in super::super) const evtx: &[&str] =
        &["**\0\0", "ElfChnk\0", "\u{f}\u{1}\u{1}\0", "\u{c}\u{1}", "\u{1}", "A", "\u{6}", "\u{d}", "\u{e}", "\u{21}"];
}
