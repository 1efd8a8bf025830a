//! Edges, each with its score.

use std::io;

use detect::behaviour::edges::{Edge, Scorer, Settings};
use formats::edges::Edges;
use serde::Serialize;

use super::output::Output;
use super::{Line, Table};

/// From here on a reason is told.
const TOLD_SCORE_MIN: f64 = 0.5;

pub(super) struct EdgesTable {
    reader: Edges,
    scorer: Scorer,
}

impl Default for EdgesTable {
    fn default() -> Self {
        EdgesTable { reader: Edges::default(), scorer: Scorer::new(Settings::default()) }
    }
}

#[derive(Serialize)]
struct Row {
    source: String,
    destination: String,
    time: String,
    anomaly_score: f64,
    why: Option<String>,
}

impl Table for EdgesTable {
    fn header(&self) -> &'static str {
        "source,destination,time,anomaly_score"
    }

    fn line(&mut self, line: &[u8], output: &mut Output) -> io::Result<Line> {
        let row = match self.reader.line(line) {
            None => return Ok(Line::PassedOver),
            Some(Err(trouble)) => return Ok(Line::Bad(trouble)),
            Some(Ok(row)) => row,
        };
        let scored = self.scorer.score(&Edge { source: &row.source, destination: &row.destination, time: row.time });
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let object = || {
            let (source, destination) = (text(&row.source), text(&row.destination));
            let why = (scored.score >= TOLD_SCORE_MIN).then(|| scored.cause.words(&source, &destination));
            Row { source, destination, time: text(&row.time_text), anomaly_score: scored.score, why }
        };
        output.row(&[&row.source, &row.destination, &row.time_text], scored.score, object)?;
        Ok(Line::Row)
    }
}
