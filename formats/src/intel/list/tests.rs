use super::*;
use crate::intel::{Item, Refused};
use proptest::prelude::*;

fn all(bytes: &[u8], mapping: &ListMapping) -> (Tally, Vec<Result<Item, Refused>>) {
    let mut found = Vec::new();
    let tally = read(bytes, mapping, &mut |item| found.push(item));
    (tally, found)
}

/// One line for each item: value, kind, label, confidence; or the note.
fn shown(bytes: &[u8], mapping: &ListMapping) -> Vec<String> {
    let one = |item: Result<Item, Refused>| match item {
        Ok(Item::Claimed(Claimed { what: What::Value { kind, value }, label, confidence, .. })) => {
            let kind = kind.map(|kind| format!(" {kind}")).unwrap_or_default();
            let sure = confidence.map(|sure| format!(" {}%", sure.percent())).unwrap_or_default();
            format!("{value}{kind} {label}{sure}").trim_end().to_owned()
        }
        Ok(other) => format!("{other:?}"),
        Err(refused) => format!("! {refused}"),
    };
    all(bytes, mapping).1.into_iter().map(one).collect()
}

fn csv(text: &str) -> Vec<String> {
    let mapping = ListMapping {
        label: Some(Column::Name("label".into())),
        confidence: Some(Column::Name("score".into())),
        ..ListMapping::csv("ioc")
    };
    shown(text.as_bytes(), &mapping)
}

#[test]
fn csv_by_names() {
    assert_eq!(csv("ioc,label,score\nhxxp://a[.]example/,x,80\n"), ["hxxp://a[.]example/ x 80%"]);
    assert_eq!(csv("Score, Label ,IOC\r\n80,\"a,\"\"b\"\"\",192.0.2.7\r\n"), ["192.0.2.7 a,\"b\" 80%"]);
    assert_eq!(
        csv("ioc,label,score\n\"192.0.2.7\", \"two\nlines\" ,1\nb.example,,\n"),
        ["192.0.2.7 two\nlines 1%", "b.example"]
    );
    assert_eq!(csv("# \"ioc\",\"label\",\"score\"\n\"a.example\",\"x\",\"7\"\n"), ["a.example x 7%"]);
    assert_eq!(csv("\u{feff}ioc,label,score\na.example,x,7"), ["a.example x 7%"]);
    assert_eq!(csv("ioc,label,score\ra.example,x,7\rb.example,y,8\r"), ["a.example x 7%", "b.example y 8%"]);
}

#[test]
fn what_is_hostile_costs_its_line() {
    let head = "ioc,label,score\n";
    let check = |text: &str, expected: &[&str]| assert_eq!(csv(&format!("{head}{text}")), expected, "{text}");
    check("\"a.example,x,7\nb.example,y,8\n", &["! line 2: a quote that is not closed", "b.example y 8%"]);
    check("\"a.example\"z,x,7\nb.example,y,8\n", &["! line 2: more behind a closing quote", "b.example y 8%"]);
    check("a\0.example,x,7\nb.example,y,8\n", &["! line 2: control characters in the value", "b.example y 8%"]);
    check(",x,7\n", &["! line 2: the value is empty"]);
    check(
        "a.example,x,often\n",
        &["a.example x", "! line 2: left out: column 3 should be a number or word of its scale"],
    );
    check(
        &format!("{}\nb.example,y,8", ",".repeat(LIST_COLUMNS)),
        &["! line 2: more than 256 columns", "b.example y 8%"],
    );
    let long = "x".repeat(INDICATOR_VALUE_BYTES_MAX + 1);
    check(
        &format!("{long},x,1\nb.example,y,8"),
        &["! line 2: a value of 4097 bytes, at most 4096 are read", "b.example y 8%"],
    );
    let giant = "x".repeat(RECORD + 1);
    let note = format!("! line 2: a record of {} bytes, at most {RECORD} are read", RECORD + 1);
    check(&format!("{giant}\nb.example,y,8"), &[&note, "b.example y 8%"]);
    assert_eq!(csv("a,b\nx,y\n"), ["! line 1: no column is called \"ioc\""]);
    assert_eq!(csv(""), ["! document: the line with the columns' names is missing"]);
    assert!(shown(b"\xff\xfea\0", &ListMapping::plain())[0].contains("UTF-16"));
    assert_eq!(
        shown(b"\xe9vil.example\nb.example", &ListMapping::plain()),
        ["! line 1: the value is not UTF-8", "b.example"]
    );
}

const LIST_COLUMNS: usize = model::limits::LIST_COLUMNS_MAX;
const RECORD: usize = model::limits::LIST_RECORD_BYTES_MAX;

#[test]
fn lists_without_names() {
    let check =
        |mapping: ListMapping, text: &str, expected: &[&str]| assert_eq!(shown(text.as_bytes(), &mapping), expected);
    check(
        ListMapping::plain(),
        "; drop\n192.0.2.0/24 ; SBL1\n\n//x\na.example/#b\n",
        &["192.0.2.0/24", "a.example/#b"],
    );
    check(ListMapping::maltrail(), "/w00t:)\tstatic/scanner\n#x\ty\n", &["/w00t:) static/scanner", "#x y"]);
    check(ListMapping::ipsum(), "# IP\n192.0.2.7\t10\n", &["192.0.2.7 blocklists 97%"]);
    check(
        ListMapping::hosts(),
        "127.0.0.1 localhost\n0.0.0.0 a.example b.example # x\n::1 ip6-localhost\na.example\n",
        &["a.example domain", "b.example domain", "! line 4: an address and names should stand here"],
    );
    let ports = ListMapping { port: Some(Column::Number(2)), layout: Layout::Blanks, ..ListMapping::default() };
    check(
        ports,
        "192.0.2.7  443\n2001:db8::1 80\n192.0.2.8 none",
        &["192.0.2.7:443", "[2001:db8::1]:80", "192.0.2.8", "! line 3: left out: column 2 should be a port"],
    );
    let kinds = ListMapping {
        layout: Layout::Delimited { delimiter: ';', quote: None },
        header: Header::Skipped,
        kind: KindFrom::Column(Column::Number(2)),
        ..ListMapping::default()
    };
    check(kinds, "x;y\na.example;Hostname\nz;registry\n", &["a.example domain", "z"]);
    check(
        ListMapping { value: Column::Number(0), ..ListMapping::plain() },
        "a",
        &["! mapping: columns are counted from 1"],
    );
}

#[test]
fn times_and_markings_of_a_row() {
    let mapping = ListMapping {
        layout: Layout::Delimited { delimiter: ',', quote: Some('"') },
        last_seen: Some(Column::Number(2)),
        valid_until: Some(Column::Number(3)),
        marking: Some(Column::Number(4)),
        ..ListMapping::default()
    };
    let (_, found) = all(b"a.example,2026-01-02 03:04:05 UTC,2026-02-01,TLP:RED\nb.example,,,secret\n", &mapping);
    let Ok(Item::Claimed(first)) = &found[0] else { panic!("{found:?}") };
    assert_eq!(first.last_seen, Timestamp::parse("2026-01-02T03:04:05Z"));
    assert_eq!(first.valid_until, Timestamp::parse("2026-02-01T00:00:00Z"));
    assert_eq!(first.marking.map(|marking| marking.tlp), Some(model::Tlp::Red));
    let Ok(Item::Claimed(second)) = &found[1] else { panic!("{found:?}") };
    assert_eq!((second.marking, second.unknown_markings.as_slice()), (None, &["secret".to_owned()][..]));
    assert!(found[2].is_err(), "a marking that nobody understands is said");
}

#[test]
fn a_real_list_loads_completely() {
    let Some(data) = testkit::reference_data() else { return };
    let ipsum = std::fs::read(data.join("intel/blocklists/ipsum.txt")).unwrap();
    let tally = read(&ipsum, &ListMapping::ipsum(), &mut |item| assert!(item.is_ok(), "{item:?}"));
    assert_eq!((tally.records, tally.items, tally.refused), (120_430, 120_430, 0));
}

fn layouts() -> impl Strategy<Value = ListMapping> {
    prop_oneof![
        Just(ListMapping::plain()),
        Just(ListMapping::hosts()),
        Just(ListMapping::maltrail()),
        Just(ListMapping { header: Header::None, value: Column::Number(2), ..ListMapping::csv("x") }),
        Just(ListMapping { has_comments_behind: true, ..ListMapping::csv("a") }),
    ]
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), Just(b'a')], 0..120), mapping in layouts()) {
        let (tally, found) = all(&bytes, &mapping);
        prop_assert_eq!(tally.items + tally.refused, found.len() as u64);
    }

    #[test]
    fn cells_come_back(rows in proptest::collection::vec(("[a-z,\"]{1,8}", "[a-z,\" \n\r]{0,8}"), 1..6)) {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let text: String = rows.iter().map(|(a, b)| format!("{},{}\r\n", quoted(a), quoted(b))).collect();
        let mapping = ListMapping { header: Header::None, value: Column::Number(1), label: Some(Column::Number(2)), comment: Vec::new(), ..ListMapping::csv("") };
        let (_, found) = all(text.as_bytes(), &mapping);
        let found: Vec<_> = found.into_iter().map(|item| match item {
            Ok(Item::Claimed(Claimed { what: What::Value { value, .. }, label, .. })) => (value, label),
            other => panic!("{other:?}"),
        }).collect();
        let expected: Vec<_> = rows.iter().map(|(a, b)| (a.clone(), b.trim_ascii().to_owned())).collect();
        prop_assert_eq!(found, expected);
    }
}
