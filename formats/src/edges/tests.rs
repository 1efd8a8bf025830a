use model::limits::{EDGE_NAME_BYTES_MAX, TABLE_LINE_BYTES_MAX};
use model::{NoteReason, Timestamp, ToldTime};
use proptest::prelude::*;

use super::Edges;

/// Each line that is not passed over: an edge as text, or the reason.
fn read(table: &str) -> Vec<String> {
    let mut edges = Edges::default();
    let mut out = Vec::new();
    for line in table.split_inclusive('\n') {
        match edges.line(line.as_bytes()) {
            None => {}
            Some(Ok(row)) => {
                let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let time = match row.time {
                    ToldTime::Moment(at) => at.to_string(),
                    ToldTime::Number { whole, millionths } => format!("{whole}+{millionths}"),
                };
                out.push(format!("{} > {} @ {time}", name(&row.source), name(&row.destination)));
            }
            Some(Err(trouble)) => out.push(format!("line {}: {}", edges.line_number(), trouble.detail)),
        }
    }
    out
}

#[test]
fn tables_with_a_header_and_without() {
    let expected = ["a > b @ 1+0", "b > c @ 2+0"];
    for table in [
        "a,b,1\nb,c,2\n",
        "source,destination,time\na,b,1\nb,c,2",
        "\u{feff}Source;Destination;Time\r\na;b;1\r\n\r\nb;c;2\r\n",
        "# made by hand\nsrc\tdst\tts\na\tb\t1\nb\tc\t2\n",
        "time,label,dst_ip,src_ip\n1,x,b,a\n2,y,c,b\n",
        "\"source\",\"destination\",\"time\"\n\"a\",\"b\",\"1\"\n\"b\", c ,2\n",
        "src\tdst\tx\tts\na\tb\t\t1\nb\tc\t\"\"\t2\n",
        "a b 1\nb  c 2\n",
        "a,b,1,0,neptune\nb,c,2,1\n",
        "who,whom,when\na,b,1\nb,c,2\n",
    ] {
        assert_eq!(read(table), expected, "{table}");
    }
}

#[test]
fn times_and_names_of_every_kind() {
    assert_eq!(
        read("172.016.112.020,\"a, \"\"b\"\"\",06/01/1998-07:55\n::1,x,2024-01-01T00:00:00Z\n1,2,1700000000.5\n"),
        [
            "172.016.112.020 > a, \"b\" @ 1998-06-01T07:55:00Z",
            "::1 > x @ 2024-01-01T00:00:00Z",
            "1 > 2 @ 1700000000+500000"
        ]
    );
}

#[test]
fn a_bad_line_is_told_and_the_next_is_read() {
    assert_eq!(
        read("a,b,1\na,b\n,b,2\na,,2\na,b,soon\n\"a,b,2\na,b,3\n"),
        [
            "a > b @ 1+0",
            "line 2: 2 columns, 3 are needed",
            "line 3: source: nothing stands there",
            "line 4: destination: nothing stands there",
            "line 5: time: neither a date with a time nor a number",
            "line 6: a quote is not closed, or something stands behind it",
            "a > b @ 3+0",
        ]
    );
}

#[test]
fn limits_hold() {
    let name = |length: usize| format!("{},b,1\n", "x".repeat(length));
    assert_eq!(read(&name(EDGE_NAME_BYTES_MAX)).len(), 1);
    let mut edges = Edges::default();
    assert!(edges.line(b"a,b,1").is_some_and(|row| row.is_ok()));
    for (line, detail) in
        [(name(EDGE_NAME_BYTES_MAX + 1), "source: 1025 bytes"), (name(TABLE_LINE_BYTES_MAX), "16388 bytes")]
    {
        let Some(Err(trouble)) = edges.line(line.as_bytes()) else { panic!("no trouble") };
        assert_eq!(trouble.reason, NoteReason::TooLarge);
        assert!(trouble.detail.starts_with(detail), "{}", trouble.detail);
    }
    let Some(Err(trouble)) = Edges::default().line(b"\xff\xfea\0,\0") else { panic!("no trouble") };
    assert!(trouble.detail.contains("UTF-16"));
}

#[test]
fn a_name_need_not_be_utf_8() {
    let mut edges = Edges::default();
    let row = edges.line(b"\xff\x00,b,1").and_then(Result::ok).expect("an edge");
    assert_eq!(row.source.as_ref(), b"\xff\x00");
    assert_eq!(row.time.moment(), Timestamp::from_micros(1_000_000));
}

proptest! {
    #[test]
    fn never_panics(lines in proptest::collection::vec("[-a1,;\t\" #.:/T]{0,20}|.{0,30}", 0..8)) {
        let mut edges = Edges::default();
        for line in &lines {
            if let Some(Ok(row)) = edges.line(line.as_bytes()) {
                prop_assert!(!row.source.is_empty() && !row.destination.is_empty());
            }
        }
        prop_assert_eq!(edges.line_number(), lines.len() as u64);
    }
}
