//! Scores a folder of series as NAB's own tools want to read it, and says how fast that went.
//!
//! ```text
//! cargo run --release -p detect --example series_scores -- DATA RESULTS
//! ```
//!
//! DATA has `DOMAIN/NAME.csv` with the columns timestamp and value, as numenta/NAB does. RESULTS becomes a folder of results for a detector
//! called `watchbell`, one file for each series, with the columns timestamp, value, anomaly_score and label. Labels are nought: NAB's
//! optimizer and scorer read windows, not labels.
#![expect(clippy::print_stdout, reason = "a program prints")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use detect::behaviour::series::Scorer;
use model::Timestamp;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let (Some(data), Some(results)) = (arguments.next(), arguments.next()) else {
        return Err("usage: series_scores DATA RESULTS".into());
    };
    let mut domains = entries(&data)?;
    domains.retain(|path| path.is_dir());
    let (mut readings, mut spent, mut bytes, mut files) = (0, Duration::ZERO, 0, 0);
    for domain in domains {
        let name = domain.file_name().ok_or("a domain without a name")?;
        let folder = results.join("watchbell").join(name);
        let series = entries(&domain)?.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "csv"));
        for file in series {
            let (text, scored) =
                score(&std::fs::read_to_string(&file)?).map_err(|reason| format!("{}: {reason}", file.display()))?;
            readings += scored.readings;
            spent += scored.spent;
            bytes = bytes.max(scored.bytes);
            files += 1;
            std::fs::create_dir_all(&folder)?;
            let name = file.file_name().map(|name| name.to_string_lossy()).ok_or("a file without a name")?;
            std::fs::write(folder.join(format!("watchbell_{name}")), text)?;
        }
    }
    let rate = readings as f64 / spent.as_secs_f64();
    println!("{readings} readings of {files} series, {rate:.0} a second by one scorer, at most {bytes} bytes a scorer");
    Ok(())
}

/// What is in a folder, in order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut entries =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    entries.sort();
    Ok(entries)
}

/// What scoring one series took.
struct Taken {
    readings: usize,
    spent: Duration,
    bytes: usize,
}

fn score(csv: &str) -> Result<(String, Taken), Failure> {
    let mut rows = Vec::new();
    for line in csv.lines().skip(1) {
        let (at, value) = line.split_once(',').ok_or_else(|| format!("two columns are needed: {line:?}"))?;
        let time = Timestamp::parse(at).ok_or_else(|| format!("not a time: {at:?}"))?;
        rows.push((at, value.trim(), time, value.trim().parse::<f64>()?));
    }
    let mut scorer = Scorer::default();
    let started = Instant::now();
    let scores: Vec<f64> = rows.iter().map(|(_, _, at, value)| scorer.observe(*at, *value).score).collect();
    let spent = started.elapsed();
    let mut text = String::from("timestamp,value,anomaly_score,label\n");
    for ((at, value, ..), score) in rows.iter().zip(scores) {
        writeln!(text, "{at},{value},{score},0")?;
    }
    Ok((text, Taken { readings: rows.len(), spent, bytes: scorer.bytes() }))
}
