//! Forecasts of EPSS: a line of comment with model and date (since 2022), then `cve,epss,percentile`.

use model::Day;
use model::vulnerability::Forecast;

use super::{Read, table};
use crate::Trouble;

/// The forecasts of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Epss {
    /// The day that the file itself names, where it does.
    pub day: Option<Day>,
    /// The forecasts.
    pub read: Read<Forecast>,
}

/// Reads the forecasts of a day. Percentiles are left out: they follow from the rest.
pub fn read(bytes: &[u8]) -> Epss {
    let mut day = None;
    let comment = |text: &str| {
        let found = text.trim().strip_prefix("score_date:").and_then(|date| date.get(..10)?.parse().ok());
        day = day.or(found);
    };
    let read = table(bytes, &["cve", "epss"], comment, |row| {
        let probability: f64 = row.text("epss").parse().map_err(|_| Trouble::malformed("`epss` is no number"))?;
        if !(0.0..=1.0).contains(&probability) {
            return Err(Trouble::malformed("`epss` is not from 0 to 1"));
        }
        Ok(Some(Forecast { cve: row.cve()?, probability }))
    });
    Epss { day, read }
}
