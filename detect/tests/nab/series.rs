//! The data folder's series with their windows, and what our scorer says of them.

use std::collections::BTreeMap;
use std::path::Path;

use detect::behaviour::series::Scorer;
use model::Timestamp;

/// One labelled series of NAB.
pub(crate) struct Series {
    /// Domain and file, as NAB names it.
    pub(crate) name: String,
    pub(crate) csv: String,
    pub(crate) times: Vec<Timestamp>,
    pub(crate) values: Vec<f64>,
    /// First and last row of each.
    pub(crate) windows: Vec<(usize, usize)>,
}

/// The series, and their windows as NAB writes them.
pub(crate) fn load(data: &Path) -> (Vec<Series>, String) {
    let packed = std::fs::read(data.join("behaviour/nab-part.tar.zst")).expect("series");
    let unpacked = zstd::decode_all(&packed[..]).expect("zstd");
    let files: BTreeMap<String, String> = testkit::untar(&unpacked)
        .into_iter()
        .filter_map(|(name, bytes)| {
            let (_, name) = name.split_once("nab/")?;
            Some((name.to_owned(), String::from_utf8(bytes).expect("text")))
        })
        .collect();
    let labels = files["labels/combined_windows.json"].clone();
    let windows: BTreeMap<String, Vec<(String, String)>> = serde_json::from_str(&labels).expect("windows");
    let series = windows.iter().map(|(name, windows)| read(name, &files[name], windows)).collect();
    (series, labels)
}

fn read(name: &str, csv: &str, windows: &[(String, String)]) -> Series {
    let time = |text: &str| Timestamp::parse(text).expect("a time");
    let rows = csv.lines().skip(1).map(|line| line.split_once(',').expect("two columns"));
    let (times, values): (Vec<_>, Vec<_>) =
        rows.map(|(at, value)| (time(at), value.trim().parse::<f64>().expect("a number"))).unzip();
    let row = |text: &str| times.iter().position(|at| *at == time(text)).expect("a row");
    let windows = windows.iter().map(|(from, to)| (row(from), row(to))).collect();
    Series { name: name.to_owned(), csv: csv.to_owned(), windows, times, values }
}

/// Our score of each row.
pub(crate) fn scores(series: &Series) -> Vec<f64> {
    let mut scorer = Scorer::default();
    series.times.iter().zip(&series.values).map(|(at, value)| scorer.observe(*at, *value).score).collect()
}
