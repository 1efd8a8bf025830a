//! Small readers: points in time, and cursors as they lie in the store.

use model::{Cursor, Timestamp};

/// A point in time: what is printed is read again as the same moment.
pub fn times(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(at) = Timestamp::parse(&text) else { return };
    assert_eq!(Timestamp::parse(&text), Some(at));
    let printed = at.to_string();
    assert_eq!(Timestamp::parse(&printed), Some(at), "{text:?} is printed as {printed}");
    let _ = (at.to_civil(), at.day(), at.as_millis());
}

/// A cursor in JSON: what is read is written so that it is read again.
pub fn cursor(bytes: &[u8]) {
    let Ok(cursor) = serde_json::from_slice::<Cursor>(bytes) else { return };
    let written = serde_json::to_vec(&cursor).unwrap_or_default();
    assert_eq!(serde_json::from_slice::<Cursor>(&written).ok(), Some(cursor));
}

pub(super) mod seeds {
    use crate::seeds::texts;

    pub(in super::super) fn times() -> Vec<Vec<u8>> {
        texts(&[
            "1970-01-01T00:00:00Z",
            "2015-03-29T11:01:38.221126-0600",
            "2020-06-10 14:00:00.000+0200",
            "2016-12-31T23:59:60Z",
            "1969-12-31 23:59:59,999999999",
            "0000-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59.999999Z",
            "2024-02-29t12:00:00z",
            "-000001-01-01T00:00:00Z",
            "2020-01-01T00:00:00+01:00[Europe/Berlin]",
        ])
    }

    pub(in super::super) fn cursor() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"kind":"file","fingerprint":18446744073709551615,"offset":12}"#,
            r#"{"kind":"stream","stream":"s","sequence":1}"#,
            r#"{"kind":"batch","id":"2026-05-01","index":0}"#,
            r#"{"kind":"journal","offset":7}"#,
        ])
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    pub(in super::super) const times: Words =
        &["-", "+", "T", ":", "Z", ".", ",", "+23:59", "-23:59", "60", "[UTC]", "9999", "0000", "-009999"];
    pub(in super::super) const cursor: Words =
        &["\"kind\":", "file", "stream", "batch", "journal", "18446744073709551615", "-1", "1.0"];
}
