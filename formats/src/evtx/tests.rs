//! Logs that are whole, and logs that are not.

use std::io::Cursor;

use model::Format;
use proptest::prelude::*;

use super::sample::{Element, event, file};
use super::*;

fn log(chunks: usize, records: usize) -> Vec<u8> {
    let mut next = 0;
    let mut one = || -> Element {
        next += 1;
        let image = format!("C:\\Windows\\a{next}.exe");
        event(
            1,
            next,
            "Microsoft-Windows-Sysmon/Operational",
            &[("Image", &image), ("User", "CITY\\ada"), ("RuleName", "")],
        )
    };
    let chunks: Vec<Vec<Element>> = (0..chunks).map(|_| (0..records).map(|_| one()).collect()).collect();
    file(&chunks)
}

fn read(bytes: Vec<u8>) -> Vec<Record> {
    records(Cursor::new(bytes)).map(Iterator::collect).unwrap_or_default()
}

#[test]
fn records_become_the_json_that_windows_events_have() {
    let found = read(log(2, 3));
    assert_eq!(found.len(), 6);
    let (id, json) = found[4].as_ref().unwrap();
    assert_eq!(*id, 5);
    assert_eq!(crate::recognise(json.as_bytes()), Some(Format::Windows));
    let fields = crate::fields(Format::Evtx, json.as_bytes()).unwrap();
    assert_eq!(fields.text("Image").as_deref(), Some("C:\\Windows\\a5.exe"));
    assert_eq!(fields.get("EventID").and_then(model::Scalar::to_i64), Some(1));
    assert_eq!(fields.text("Provider_Name").as_deref(), Some("Microsoft-Windows-Sysmon"));
    assert_eq!(fields.text("TimeCreated").as_deref(), Some("2025-11-28T08:30:20.966901Z"));
    assert_eq!(fields.text("Computer").as_deref(), Some("gate.city.example"));
    let (event, troubles) = crate::testing::event(Format::Evtx, json);
    assert_eq!((event.class.uid(), troubles.len()), (1007, 0));
    assert_eq!(crate::testing::violations(&event), Vec::<String>::new());
}

#[test]
fn a_bad_chunk_costs_only_itself() {
    let mut bytes = log(3, 2);
    let second = 4_096 + 65_536;
    bytes[second..second + 8].copy_from_slice(b"garbage!");
    let found = read(bytes);
    assert_eq!(found.iter().filter(|record| record.is_ok()).count(), 4);
    assert_eq!(found.iter().filter(|record| record.is_err()).count(), 1);
}

#[test]
fn a_bad_record_costs_only_itself() {
    let mut bytes = log(1, 3);
    // The token behind the second record's fragment header.
    let first = 4_096 + 512;
    let size = u32::from_le_bytes(bytes[first + 4..first + 8].try_into().unwrap()) as usize;
    bytes[first + size + 24 + 4] = 0x3f;
    let found = read(bytes);
    let ids: Vec<Option<u64>> = found.iter().map(|record| record.as_ref().ok().map(|(id, _)| *id)).collect();
    assert_eq!(ids, [Some(1), None, Some(3)]);
}

#[test]
fn a_log_that_ends_early_is_read_as_far_as_it_goes() {
    let mut bytes = log(2, 2);
    bytes.truncate(4_096 + 65_536 + 700);
    let found = read(bytes);
    assert_eq!(found.iter().filter(|record| record.is_ok()).count(), 2);
    assert!(records(Cursor::new(b"no log".to_vec())).is_err());
    assert!(records(Cursor::new(Vec::new())).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mutations_never_panic(changes in proptest::collection::vec((0usize..6_000, any::<u8>()), 1..12), header in any::<bool>()) {
        let mut bytes = log(1, 3);
        for (at, byte) in changes {
            bytes[if header { at % 200 } else { 4_096 + at }] = byte;
        }
        for (_, json) in read(bytes).into_iter().flatten() {
            let _ = crate::fields(Format::Evtx, json.as_bytes());
        }
    }
}
