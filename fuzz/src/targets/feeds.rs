//! What servers of feeds answer, and the addresses that they send us to.

use std::collections::{BTreeMap, BTreeSet};

use ::connect::feeds::FeedConfig;
use ::connect::feeds::misp::Manifest;
use ::connect::fetch::address::{Special, special};
use ::connect::fetch::{Host, Target};
use ::formats::intel::misp::heads;
use ::formats::intel::taxii::{collections, envelope, resource, status};
use model::limits::FETCH_URL_BYTES_MAX;

/// A URL, and the same as a redirect: what is read again is the same place, and an address is judged alike in every spelling.
pub fn feed_url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let base = Target::parse("https://feeds.example/a/b?c");
    let joined = base.and_then(|base| base.join(&text));
    for target in [Target::parse(&text), joined].into_iter().flatten() {
        let printed = target.to_string();
        assert!(printed.len() <= FETCH_URL_BYTES_MAX + 16);
        let again = Target::parse(&printed).map(|target| target.origin().clone());
        assert_eq!(again.as_ref(), Ok(target.origin()), "{text:?} is at {printed}");
        if let Host::Address(address) = target.origin().host {
            assert_eq!(address, address.to_canonical());
            let is_loopback = address.is_loopback();
            assert!(!is_loopback || matches!(special(address), Some(Special::Local(_))), "{address}");
        }
        assert!(target.below(&["x"]).origin() == target.origin() && target.above().origin() == target.origin());
    }
}

/// A feed's settings: what is right is written so that it is read again.
pub fn feed_settings(bytes: &[u8]) {
    let Ok(config) = serde_json::from_slice::<FeedConfig>(bytes) else { return };
    let _ = config.check();
    let written = serde_json::to_vec(&config).unwrap_or_default();
    assert_eq!(serde_json::from_slice::<FeedConfig>(&written).ok(), Some(config));
}

/// A page of objects: each lies where it is said to lie, and none lies in another.
pub fn taxii_page(bytes: &[u8]) {
    let Ok(page) = envelope(bytes) else { return };
    let mut at = 0;
    for placed in &page.objects {
        assert!(placed.range.start >= at && placed.range.end <= bytes.len(), "{:?} behind {at}", placed.range);
        at = placed.range.end;
        assert!(placed.key.as_ref().is_none_or(|key| !key.id.is_empty() && placed.range.len() > key.id.len()));
    }
}

/// Everything else that a TAXII server answers: no id leads to another place.
pub fn taxii_resource(bytes: &[u8]) {
    let _ = (resource(bytes), status(bytes));
    for collection in collections(bytes).map(|(found, _)| found).unwrap_or_default() {
        assert!(!collection.id.contains('/') && !collection.id.starts_with('.'), "{:?}", collection.id);
    }
}

/// A manifest: what is fetched and what is gone have nothing in common, and what is known as it is, is neither.
pub fn misp_manifest(bytes: &[u8]) {
    let Ok(manifest) = Manifest::read(bytes) else { return };
    let all = manifest.changes(&BTreeMap::new());
    assert_eq!(all.fetch.len(), manifest.entries.len());
    let known = manifest.entries.iter().filter_map(|(uuid, entry)| Some((uuid.clone(), entry.timestamp?))).collect();
    let again = manifest.changes(&known);
    assert!(again.gone.is_empty() && again.fetch.iter().all(|uuid| !known.contains_key(uuid)));
    let distinct: BTreeSet<_> = all.fetch.iter().collect();
    assert!(distinct.iter().all(|uuid| uuid.len() == 36));
}

/// Which events an answer holds.
pub fn misp_heads(bytes: &[u8]) {
    for head in heads(bytes).unwrap_or_default().into_iter().flatten() {
        assert_eq!(head.uuid.len(), 36);
        assert_eq!(head.uuid, head.uuid.to_ascii_lowercase());
    }
}

pub(super) mod seeds {
    use crate::seeds::texts;

    pub(in super::super) fn feed_url() -> Vec<Vec<u8>> {
        texts(&[
            "https://feeds.example/list.csv?key=secret#x",
            "http://0x7f.1:8080/",
            "http://[::ffff:127.0.0.1]/",
            "//user:word@2130706433/a/../b",
            "../c?d",
            "https://b\u{fc}cher.example.:443",
        ])
    }

    pub(in super::super) fn feed_settings() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"kind":"taxii","url":"https://a.example/taxii2/","interval":"15m","collections":["c-1"],"grade":"B2"}"#,
            r#"{"kind":"list","path":"/srv/x","mapping":{"a":[1]},"marking":{"tlp":"green"},"limits":{"bytes":5}}"#,
            r#"{"kind":"misp-rest","url":"https://a/","filter":{"tags":["x"]},"fetch":{"allow_private":["a:1"]},"credentials":{"kind":"bearer","token_file":"/k"}}"#,
        ])
    }

    pub(in super::super) fn taxii_page() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"more":true,"next":"n","objects":[{"id":"x--1","modified":"2020-01-01T00:00:00Z"},{"id":"x--2","created":"c"},7]}"#,
            r#"{"objects":[{"id":"a","deep":[[[[{"b":"}]"}]]]]}],"next":7}"#,
            "{}",
        ])
    }

    pub(in super::super) fn taxii_resource() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"title":"t","default":"/a/","api_roots":["/a/","https://b.example/"]}"#,
            r#"{"title":"t","versions":["application/taxii+json;version=2.1"],"max_content_length":9}"#,
            r#"{"collections":[{"id":"c-1","title":"t","can_read":true,"can_write":false,"alias":"a"}]}"#,
            r#"{"id":"s","status":"pending","total_count":1,"failures":[{"id":"x","version":"v","message":"m"}]}"#,
        ])
    }

    pub(in super::super) fn misp_manifest() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f":{"timestamp":"1502459000","info":"x"},"1A1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f":{"timestamp":7}}"#,
            r#"{"../x":{},"0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f":{}}"#,
        ])
    }

    pub(in super::super) fn misp_heads() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"response":[{"Event":{"uuid":"0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f","timestamp":"17","Attribute":[{}]}},{}]}"#,
            r#"[{"Event":{"uuid":"0A1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f","timestamp":-17}}]"#,
        ])
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    pub(in super::super) const feed_url: Words = &[
        "http://",
        "https://",
        "[::",
        "]",
        "127.0.0.1",
        "0x7f",
        "0177",
        "::ffff:",
        "@",
        "\\",
        "%2e",
        "..",
        ":0",
        "\u{ff11}",
        "\u{3002}",
        "\t",
        "#",
        "?",
    ];
    pub(in super::super) const feed_settings: Words = &[
        "\"kind\":",
        "\"url\":",
        "\"path\":",
        "\"interval\":\"1d\"",
        "\"fetch\":{}",
        "null",
        "\"limits\":{\"items\":0}",
    ];
    pub(in super::super) const taxii_page: Words = &[
        "\"objects\":[",
        "\"next\":",
        "\"more\":true",
        "\"id\":\"x\"",
        "[[[[[[[[",
        "]]]]",
        "{\"",
        "null",
        "\\\"",
        "\u{feff}",
    ];
    pub(in super::super) const taxii_resource: Words = &[
        "\"api_roots\":[",
        "\"id\":\"..\"",
        "\"can_read\":true",
        "\"collections\":",
        "\"status\":\"complete\"",
        "null",
    ];
    pub(in super::super) const misp_manifest: Words =
        &["0a1e5d1c-7c3c-4e1c-9a6f-0a1b2c3d4e5f", "\"timestamp\":", "{", "}", "\"\":", "null", "-1"];
    pub(in super::super) const misp_heads: Words =
        &["\"response\":[", "\"Event\":", "\"uuid\":", "{", "]", "\"timestamp\":\"\""];
}
