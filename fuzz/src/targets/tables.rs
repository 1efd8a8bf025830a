//! Tables that are scored line by line: edges and series. What is read of edges is scored, too.

use ::formats::edges::Edges;
use ::formats::series::Series;
use detect::behaviour::edges::{Edge, Scorer, Settings};
use model::ToldTime;
use model::limits::{EDGE_NAME_BYTES_MAX, TABLE_LINE_BYTES_MAX};

/// A table of edges: each line gives the same again, whatever its end; names and lines are bounded; every edge gets a score.
pub fn edge_table(bytes: &[u8]) {
    let (mut edges, mut again) = (Edges::default(), Edges::default());
    let mut scorer = Scorer::new(Settings { bits: 6, ..Settings::default() });
    for line in bytes.split(|byte| *byte == b'\n') {
        let with_end = [line, b"\n"].concat();
        let (found, same) = (edges.line(line), again.line(&with_end));
        assert_eq!(found, same, "the end of a line says nothing");
        let Some(Ok(row)) = found else { continue };
        assert!(line.len() <= TABLE_LINE_BYTES_MAX + 4);
        for name in [&row.source, &row.destination] {
            assert!(!name.is_empty() && name.len() <= EDGE_NAME_BYTES_MAX);
        }
        let text = std::str::from_utf8(&row.time_text).ok();
        assert_eq!(text.and_then(ToldTime::parse), Some(row.time));
        let scored = scorer.score(&Edge { source: &row.source, destination: &row.destination, time: row.time });
        assert!(scored.raw.is_finite() && (0.0..1.0).contains(&scored.score), "{scored:?}");
        assert!(!scored.cause.words("a", "b").is_empty());
    }
    assert_eq!(edges.line_number(), again.line_number());
    assert!(Scorer::restore(&scorer.snapshot()).is_ok(), "what was kept is sound");
}

/// A table of a series: each line gives the same again, whatever its end; values are finite, and the time's text is that of the time.
pub fn series_table(bytes: &[u8]) {
    let (mut series, mut again) = (Series::default(), Series::default());
    for line in bytes.split(|byte| *byte == b'\n') {
        let with_end = [line, b"\n"].concat();
        let (found, same) = (series.line(line), again.line(&with_end));
        assert_eq!(found, same, "the end of a line says nothing");
        let Some(Ok(row)) = found else { continue };
        assert!(row.value.is_finite());
        assert_eq!(row.value_text.parse(), Ok(row.value));
        assert_eq!(ToldTime::parse(&row.text), Some(row.time));
        let _ = row.time.moment();
    }
}

pub(super) mod seeds {
    use crate::seeds::texts;

    pub(in super::super) fn edge_table() -> Vec<Vec<u8>> {
        texts(&[
            "source,destination,time\n10.0.0.1,10.0.0.2,1\n10.0.0.1,10.0.0.3,1\n10.0.0.1,10.0.0.2,2\n",
            "172.016.112.020,192.168.001.010,06/01/1998-07:55,-\n172.016.112.020,192.168.001.010,06/01/1998-07:56,neptune\n",
            "\u{feff}Time;Src IP;Dst IP\r\n2024-01-01T00:00:00Z;\"a;\"\"b\"\"\";c\r\n2024-01-01 00:01;d;e\r\n",
            "1 2 1700000000.5\n# a comment\n2 1 1700000001.5\n1 1 18446744073709551616\n1 1 -1e300\n",
            "a\tb\t1700000000000000\n\na\t\t3\nb\ta\t1600000000000000\n",
        ])
    }

    pub(in super::super) fn series_table() -> Vec<Vec<u8>> {
        texts(&[
            "timestamp,value\n2014-04-01 00:00:00,20.0\n2014-04-01 00:05:00,-1e3\n2014-04-01 00:10:00,\n",
            "value;time\n1.5;1396310400\n2;1396310400000\nNaN;3\n",
            "1,2\n2,3\n\"3\",\"4\"\n4\n",
        ])
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    pub(in super::super) const edge_table: Words = &[
        ",",
        ";",
        "\t",
        " ",
        "\"",
        "\"\"",
        "\r\n",
        "\n",
        "#",
        "source",
        "destination",
        "time",
        "src",
        "dst",
        "0",
        "1",
        "60",
        "1700000000",
        "1700000000000000",
        "9223372036854775807",
        "-9223372036854775808",
        "06/01/1998-07:55",
        "9999-12-31T23:59:59Z",
    ];
    pub(in super::super) const series_table: Words = &[
        ",",
        ";",
        "\t",
        "\"",
        "\r\n",
        "\n",
        "#",
        "timestamp",
        "value",
        "NaN",
        "inf",
        "1e308",
        "-0",
        "2014-04-01 00:00:00",
        "1e-400",
    ];
}
