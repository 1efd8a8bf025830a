//! What services show to the outside: pages and data.

use formats::probe::{data, page};
use model::limits::{
    PROBE_BLOCK_BYTES_MAX, PROBE_FAULTS_MAX, PROBE_FIELDS_MAX, PROBE_HOSTS_MAX, PROBE_PAGE_BLOCKS_MAX, PROBE_PLACES_MAX,
};

/// Pages: the same bytes give the same, and all of it stays within limits.
pub fn probe_page(bytes: &[u8]) {
    let found = page(bytes, "www.city.example");
    assert_eq!(found, page(bytes, "www.city.example"));
    assert!(found.blocks.len() <= PROBE_PAGE_BLOCKS_MAX && found.hosts.len() <= PROBE_HOSTS_MAX);
    // The last letter of a block may be cut behind its limit.
    assert!(found.blocks.iter().all(|block| block.len() < PROBE_BLOCK_BYTES_MAX + 4 && !block.trim().is_empty()));
}

/// Data: the same.
pub fn probe_data(bytes: &[u8]) {
    let found = data(bytes);
    // As texts: a number that is none is not equal to itself.
    assert_eq!(format!("{found:?}"), format!("{:?}", data(bytes)));
    assert!(found.fields.len() <= PROBE_FIELDS_MAX && found.places.len() <= PROBE_PLACES_MAX);
    assert!(found.faults.len() <= PROBE_FAULTS_MAX && found.faults.len() as u64 <= found.faults_count);
    assert!(found.places.iter().all(|place| place.latitude_e6.abs() <= 90_000_000));
}

pub(super) mod seeds {
    use crate::seeds::texts;

    pub(in super::super) fn probe_page() -> Vec<Vec<u8>> {
        texts(&[
            "<!doctype html><title>Town</title><script src=//cdn.example/a.js></script><p>One <b>two</b><form action=/a>",
            "<div hidden>no<div>no</div></div><svg><title>x</title></svg><meta http-equiv=refresh content='0;url=//b.example'>",
        ])
    }

    pub(in super::super) fn probe_data() -> Vec<Vec<u8>> {
        texts(&[
            "id,latitude,longitude,at\na,48.1,11.5,2026-11-01T10:00:00Z\n",
            "trip_id,arrival_time,departure_time,stop_sequence\nt,08:00:00,08:01:00,1\nt,07:00:00,07:01:00,2\n",
            r#"{"type":"FeatureCollection","features":[{"id":1,"geometry":{"coordinates":[[11.5,48.1]]},"properties":{"a":1}}]}"#,
            r#"{"updated":"2026-11-01T00:00:00Z","rows":[{"id":"a","lat":1e400,"lon":2}]}"#,
        ])
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    pub(in super::super) const probe_page: &[&str] = &[
        "<script src=",
        "</script>",
        "<iframe src=",
        "<form action=",
        "<template>",
        "<base href=",
        "&amp;",
        "<!--",
        "hidden",
        "http-equiv=refresh",
    ];
    pub(in super::super) const probe_data: &[&str] = &[
        "\"features\":[",
        "\"coordinates\":[",
        "\"geometry\":",
        "stop_sequence",
        "latitude",
        "25:61:00",
        "1e999",
        "\"id\":",
    ];
}
