//! Good input to begin with: a day of the invented city, the lines that the text readers' tests read, and samples.

use std::sync::LazyLock;

use testkit::city::{City, Log};

/// Lines taken from each of the city's logs.
const CITY_LINES: usize = 60;

#[path = "../../formats/tests/text_lines/mod.rs"]
#[expect(dead_code, reason = "the tests of the formats look at more of it")]
mod text_lines;

#[path = "../../formats/src/evtx/sample.rs"]
mod event_log_sample;

/// Records of one of the city's logs, evenly over the day.
pub fn city(log: Log) -> Vec<Vec<u8>> {
    static DAY: LazyLock<Vec<(Log, Vec<u8>)>> = LazyLock::new(|| {
        let Ok(folder) = tempfile::tempdir() else { return Vec::new() };
        if City::new(7).write_logs(folder.path(), 1).is_err() {
            return Vec::new();
        }
        let read = |log: Log| std::fs::read(folder.path().join(log.file_name())).unwrap_or_default();
        Log::ALL.into_iter().map(|log| (log, read(log))).collect()
    });
    let day = DAY.iter().find(|(known, _)| *known == log).map(|(_, text)| text.as_slice()).unwrap_or_default();
    let lines: Vec<&[u8]> = day.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let step = (lines.len() / CITY_LINES).max(1);
    lines.into_iter().step_by(step).map(<[u8]>::to_vec).collect()
}

/// One line of every kind that the text readers know.
pub fn lines(format: model::Format) -> Vec<Vec<u8>> {
    let of_format = text_lines::LINES.iter().filter(|line| line.format == format);
    of_format.map(|line| line.line.as_bytes().to_vec()).collect()
}

/// Texts as inputs.
pub fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The city's own Sigma rules.
pub fn rules() -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(testkit::city::rules()) else { return Vec::new() };
    let mut paths: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

/// A binary event log of one chunk with so many records, up to where its zeros begin.
pub fn event_log(records: u64) -> Vec<u8> {
    let data = [("Image", "C:\\Windows\\a.exe"), ("User", "CITY\\ada"), ("RuleName", "")];
    let one = |number| event_log_sample::event(1, number, "Microsoft-Windows-Sysmon/Operational", &data);
    let mut file = event_log_sample::file(&[(1..=records).map(one).collect()]);
    let used = file.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 9);
    file.truncate(used);
    file
}
