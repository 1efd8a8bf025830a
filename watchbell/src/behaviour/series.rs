//! A series, each value with its score.

use std::io;

use detect::behaviour::series::Scorer;
use formats::series::Series;
use serde::Serialize;

use super::output::Output;
use super::{Line, Table};

#[derive(Default)]
pub(super) struct SeriesTable {
    reader: Series,
    scorer: Scorer,
}

#[derive(Serialize)]
struct Row {
    timestamp: String,
    value: f64,
    anomaly_score: f64,
}

impl Table for SeriesTable {
    fn header(&self) -> &'static str {
        "timestamp,value,anomaly_score"
    }

    fn line(&mut self, line: &[u8], output: &mut Output) -> io::Result<Line> {
        let row = match self.reader.line(line) {
            None => return Ok(Line::PassedOver),
            Some(Err(trouble)) => return Ok(Line::Bad(trouble)),
            Some(Ok(row)) => row,
        };
        let score = self.scorer.observe(row.time.moment(), row.value).score;
        let object = || Row { timestamp: row.text.clone().into_owned(), value: row.value, anomaly_score: score };
        // The value as it stood there: nothing is lost by reading it.
        output.row(&[row.text.as_bytes(), row.value_text.as_bytes()], score, object)?;
        Ok(Line::Row)
    }
}
