use model::NoteReason;
use model::limits::TABLE_LINE_BYTES_MAX;
use proptest::prelude::*;

use super::Series;

/// Each line that is not passed over: text, moment and value, or the reason.
fn read(table: &str) -> Vec<String> {
    let mut series = Series::default();
    let mut out = Vec::new();
    for line in table.split_inclusive('\n') {
        match series.line(line.as_bytes()) {
            None => {}
            Some(Ok(row)) => out.push(format!("{} = {} -> {}", row.text, row.time.moment(), row.value)),
            Some(Err(trouble)) => out.push(format!("line {}: {}", series.line_number(), trouble.detail)),
        }
    }
    out
}

#[test]
fn the_text_of_the_time_is_kept() {
    assert_eq!(
        read("timestamp,value\n2014-04-01 00:05:00,19.5\n2014-04-01T00:10:00Z,-2\n1396310000,1e3\n"),
        [
            "2014-04-01 00:05:00 = 2014-04-01T00:05:00Z -> 19.5",
            "2014-04-01T00:10:00Z = 2014-04-01T00:10:00Z -> -2",
            "1396310000 = 2014-03-31T23:53:20Z -> 1000",
        ]
    );
}

#[test]
fn tables_with_a_header_and_without() {
    let expected = ["1 = 1970-01-01T00:00:01Z -> 5", "2 = 1970-01-01T00:00:02Z -> 6"];
    for table in [
        "1,5\n2,6\n",
        "time;value\r\n1;5\r\n2;6",
        "value,timestamp\n5,1\n6,2\n",
        "t\tx\n1\t5\n2\t6\n",
        "\"1\",\"5\"\n2,6,x\n",
    ] {
        assert_eq!(read(table), expected, "{table}");
    }
}

#[test]
fn a_bad_line_is_told_and_the_next_is_read() {
    assert_eq!(
        read("timestamp,value\nx,1\n1,\n2,NaN\n3,inf\n4\n5,7\n"),
        [
            "line 2: timestamp: neither a date with a time nor a number",
            "line 3: value: no finite number",
            "line 4: value: no finite number",
            "line 5: value: no finite number",
            "line 6: 1 columns, 2 are needed",
            "5 = 1970-01-01T00:00:05Z -> 7",
        ]
    );
    // A gap in the first line does not make it a header.
    assert_eq!(read("1,\n2,6\n"), ["line 1: value: no finite number", "2 = 1970-01-01T00:00:02Z -> 6"]);
}

#[test]
fn limits_hold() {
    let mut series = Series::default();
    let line = format!("1,{}", "1".repeat(TABLE_LINE_BYTES_MAX));
    let Some(Err(trouble)) = series.line(line.as_bytes()) else { panic!("no trouble") };
    assert_eq!(trouble.reason, NoteReason::TooLarge);
}

proptest! {
    #[test]
    fn never_panics(lines in proptest::collection::vec("[-a1,;\t\" #.:/T]{0,20}|.{0,30}", 0..8)) {
        let mut series = Series::default();
        for line in &lines {
            if let Some(Ok(row)) = series.line(line.as_bytes()) {
                prop_assert!(row.value.is_finite());
            }
        }
    }
}
