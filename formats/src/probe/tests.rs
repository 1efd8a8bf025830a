use model::limits::{
    PROBE_BLOCK_BYTES_MAX, PROBE_BODY_BYTES_MAX, PROBE_FAULTS_MAX, PROBE_FIELDS_MAX, PROBE_HOSTS_MAX,
    PROBE_PAGE_BLOCKS_MAX, PROBE_PLACES_MAX, PROBE_ROWS_MAX, PROBE_TEXT_BYTES_MAX,
};
use model::probe::{DataForm, PagePart};
use proptest::prelude::*;

use super::*;

fn blocks(html: &str) -> Vec<String> {
    page(html.as_bytes(), "city.example").blocks
}

#[test]
fn what_people_see_of_a_page() {
    let check = |html: &str, expected: &[&str]| assert_eq!(blocks(html), expected, "{html}");
    check("<p>One <b>bold</b>\n word<p>Two", &["One bold word", "Two"]);
    check("<div>a<script>var x = '<p>no</p>'</script>b</div>", &["a", "b"]);
    check("<style>p{}</style><!-- no --><p>yes", &["yes"]);
    check("<div hidden>no<div>no</div></div><p>yes", &["yes"]);
    check("<input hidden><p>yes", &["yes"]);
    check("<p>Tom &amp; J&eacute;r&ocirc;me", &["Tom & Jérôme"]);
    check("plain words", &["plain words"]);
    check("", &[]);
    let titled = page(b"<title> Town\n hall </title><h1>Hello</h1><svg><title>icon</title></svg>", "city.example");
    assert_eq!((titled.title.as_str(), titled.blocks.len()), ("Town hall", 1));
    let long = page(format!("<p>{}", "x".repeat(PROBE_BLOCK_BYTES_MAX + 9)).as_bytes(), "");
    assert_eq!(long.blocks[0].len(), PROBE_BLOCK_BYTES_MAX);
}

#[test]
fn where_parts_of_a_page_lead() {
    let check = |html: &str, part: PagePart, host: &str| {
        let found = page(html.as_bytes(), "City.example").hosts;
        assert!(found.iter().any(|entry| entry.part == part && entry.host == host), "{html}: {found:?}");
        assert_eq!(found.len(), 1, "{html}: {found:?}");
    };
    check("<script src=/a.js></script>", PagePart::Script, "");
    check("<script src='https://city.example/a.js'></script>", PagePart::Script, "");
    check("<SCRIPT SRC='//CDN.example:8443/a.js'></SCRIPT>", PagePart::Script, "cdn.example");
    check("<script src='ht\ntps:\\\\evil.example\\a'></script>", PagePart::Script, "evil.example");
    check("<script src='https://city.example@evil.example/a'></script>", PagePart::Script, "evil.example");
    check("<script src='data:text/javascript,1'></script>", PagePart::Script, "data:");
    check("<iframe src=https://maps.example/x></iframe>", PagePart::Frame, "maps.example");
    check("<form method=post>", PagePart::Form, "");
    check("<form action=https://pay.example/>", PagePart::Form, "pay.example");
    check("<meta http-equiv=Refresh content='0; URL=https://evil.example/'>", PagePart::Refresh, "evil.example");
    check("<base href=https://evil.example/>", PagePart::Base, "evil.example");
    let many: String = (0..PROBE_HOSTS_MAX + 5).map(|at| format!("<script src=//h{at}.example/>")).collect();
    let many: String = many.replace("/>", "/></script>");
    assert_eq!(page(many.as_bytes(), "").hosts.len(), PROBE_HOSTS_MAX);
}

#[test]
fn tables() {
    let found =
        data(b"id,latitude,longitude,free,at\na,48.1,11.5,3,2026-11-01T10:00:00Z\nb,48.2,11.6,,2026-11-01 11:00:00\n");
    assert_eq!((found.form, found.rows, found.faults_count), (DataForm::Csv, 2, 0));
    let free = found.fields.iter().find(|field| field.name == "free").unwrap();
    assert_eq!((free.filled, free.numbers, free.least), (1, 1, Some(3.0)));
    assert_eq!(found.newest.unwrap().to_string(), "2026-11-01T11:00:00Z");
    assert_eq!(found.places.len(), 2);
    assert_eq!(data(b"a;b\n1;2\n").fields.len(), 2);
    let check = |table: &str, fault: &str| {
        let found = data(table.as_bytes());
        assert!(found.faults.iter().any(|words| words.contains(fault)), "{table}: {:?}", found.faults);
    };
    check("stop_id,stop_lat,stop_lon\nx,480.1,11.0\n", "no place on earth");
    check("id,n\na,1\na,2\n", "\"a\" stands twice");
    check("id,n\na,1,7\n", "3 cells under 2 names");
    let head = "trip_id,arrival_time,departure_time,stop_sequence\n";
    check(&format!("{head}t,08:00:00,08:01:00,1\nt,07:59:00,08:02:00,2\n"), "goes back in time");
    check(&format!("{head}t,08:00:00,08:61:00,1\n"), "no time of day");
    assert_eq!(data(format!("{head}t,23:59:00,24:01:00,1\nu,06:00:00,06:00:00,1\n").as_bytes()).faults_count, 0);
}

#[test]
fn json_and_places() {
    let found = data(br#"{"updated":"2026-11-01T00:00:00Z","rows":[{"id":1,"n":{"m":2.5}},{"id":2,"n":{"m":9}}]}"#);
    assert_eq!((found.form, found.rows), (DataForm::Json, 2));
    assert!(found.newest.is_some());
    let inner = found.fields.iter().find(|field| field.name == "n.m").unwrap();
    assert_eq!((inner.least, inner.greatest), (Some(2.5), Some(9.0)));
    let feature = |at: usize, x: f64| {
        format!(
            r#"{{"type":"Feature","id":"c{at}","properties":{{"state":"open"}},"geometry":{{"type":"LineString","coordinates":[[{x},48.0],[11,48]]}}}}"#
        )
    };
    let features: Vec<String> = (0..PROBE_PLACES_MAX + 3).map(|at| feature(at, 11.5)).collect();
    let found = data(format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(",")).as_bytes());
    assert_eq!((found.form, found.places.len()), (DataForm::GeoJson, PROBE_PLACES_MAX));
    assert!(found.places.iter().all(|place| place.longitude_e6 == 11_500_000 && place.latitude_e6 == 48_000_000));
    let wrong = data(format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, feature(1, 999.0)).as_bytes());
    assert_eq!(wrong.faults_count, 1);
}

#[test]
fn all_of_it_stays_within_limits() {
    let many = page("<p>x".repeat(PROBE_PAGE_BLOCKS_MAX + 5).as_bytes(), "");
    assert_eq!(many.blocks.len(), PROBE_PAGE_BLOCKS_MAX);
    let block = format!("<p>{}", "x".repeat(1_000));
    let long = page(block.repeat(PROBE_TEXT_BYTES_MAX / 1_000 + 50).as_bytes(), "");
    let taken: usize = long.blocks.iter().map(String::len).sum();
    assert!((PROBE_TEXT_BYTES_MAX..PROBE_TEXT_BYTES_MAX + 1_000).contains(&taken), "{taken}");
    let rows = data(format!("id,n\n{}", "a,1\n".repeat(PROBE_ROWS_MAX + 7)).as_bytes());
    assert_eq!((rows.rows, rows.fields[1].filled), (PROBE_ROWS_MAX as u64 + 7, PROBE_ROWS_MAX as u64));
    assert_eq!((rows.faults.len(), rows.faults_count), (PROBE_FAULTS_MAX, PROBE_ROWS_MAX as u64 - 1));
    let wide: Vec<String> = (0..PROBE_FIELDS_MAX + 5).map(|at| format!("\"f{at}\":1")).collect();
    assert_eq!(data(format!("{{{}}}", wide.join(",")).as_bytes()).fields.len(), PROBE_FIELDS_MAX);
    assert_eq!(data(&vec![b'['; PROBE_BODY_BYTES_MAX + 1]).form, DataForm::Unreadable);
}

#[test]
fn what_is_no_data() {
    let check = |bytes: &[u8]| assert_eq!(data(bytes).form, DataForm::Unreadable, "{bytes:?}");
    check(b"");
    check(b"<html><body>Sorry, down, again</body></html>");
    check(b"{\"rows\":[");
    check(b"Sorry");
    assert_eq!(data(b"x").hash, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
}

proptest! {
    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[<>/a-z=\"' &;,\\[\\]{}0-9:.\n-]{0,120}") {
        let _ = (page(&bytes, "a"), data(&bytes), page(text.as_bytes(), "a"), data(text.as_bytes()));
    }
}
