//! Brunnfeld, an invented city: forty machines, their people and services, the logs that they write, and the register in which
//! these and all else that the city runs stand.
//!
//! The logs have the formats of real ones, so that everything that reads real logs reads these. An ordinary life makes
//! the background; on the last working day six attacks happen ([`ATTACKS`]). Which lines belong to which attack stands in
//! `labels.csv` beside the logs. The same seed and number of days give the same bytes.
//!
//! Deliberately absent: sensors of other makes, and anything that really exists. Addresses on the internet and domains
//! are reserved for examples (RFC 5737, RFC 2606).

mod attacks;
mod cloud;
mod day;
mod linux;
mod map;
mod network;
mod register;
mod stage;
pub(crate) mod text;
mod windows;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::Timestamp;

pub(crate) use attacks::base64_utf16;
pub use attacks::{ATTACKS, Attack};
pub(crate) use cloud::Call;
pub(crate) use day::internet;
pub(crate) use map::find;
pub use map::{ACCOUNTS, ADMINISTRATORS, Account, DOMAIN, Kind, MACHINES, Machine, Rhythm, SERVICES, SITES, Service};
pub(crate) use network::Ends;
pub use register::Register;
pub use stage::Log;
pub(crate) use stage::{Line, RECORD_MARK, SERIAL_MARK, Stage, at};
pub(crate) use windows::{Data, Login, SECURITY, SYSTEM, Start};

/// Midnight of the first day: Monday, 2026-03-02, UTC.
pub const FIRST_DAY: Timestamp = Timestamp::from_micros(1_772_409_600_000_000);

/// Longest time that the city can play; its lines are held in memory until they are sorted.
pub const DAYS_MAX: u32 = 90;

/// The city. Small: it holds its seed, and plays anew each time that it is asked.
#[derive(Clone, Copy, Debug)]
pub struct City {
    seed: u64,
}

/// Lines of one attack in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Which attack: a label of [`ATTACKS`].
    pub label: &'static str,
    /// Which file.
    pub log: Log,
    /// The lines, from 1, in order.
    pub lines: Vec<u64>,
}

/// What [`City::write_logs`] wrote.
#[derive(Clone, Debug)]
pub struct Written {
    /// The logs.
    pub logs: Vec<PathBuf>,
    /// The label file: `label,technique,file,first_line,last_line,lines,description`.
    pub labels: PathBuf,
    /// The same labels, with every line.
    pub labelled: Vec<Labelled>,
    /// Lines in all logs together.
    pub lines: u64,
}

impl City {
    /// The city that follows from `seed`.
    pub const fn new(seed: u64) -> Self {
        City { seed }
    }

    /// Writes the logs of `days` days into `folder`, which is made if it is not there, and a label file beside them.
    /// At least one day is played and at most [`DAYS_MAX`].
    ///
    /// # Errors
    /// When the folder or a file cannot be written.
    pub fn write_logs(&self, folder: &Path, days: u32) -> io::Result<Written> {
        std::fs::create_dir_all(folder)?;
        let mut written =
            Written { logs: Vec::new(), labels: folder.join("labels.csv"), labelled: Vec::new(), lines: 0 };
        for (log, lines) in self.play(days) {
            let path = folder.join(log.file_name());
            let mut file = io::BufWriter::new(std::fs::File::create(&path)?);
            let mut labelled = BTreeMap::<_, Vec<u64>>::new();
            for (number, line) in (1..).zip(&lines) {
                writeln!(file, "{}", line.text)?;
                if let Some(attack) = line.label.and_then(|number| ATTACKS.get(number)) {
                    labelled.entry(attack.label).or_default().push(number);
                }
            }
            file.flush()?;
            written.lines += lines.len() as u64;
            written.logs.push(path);
            written.labelled.extend(labelled.into_iter().map(|(label, lines)| Labelled { label, log, lines }));
        }
        std::fs::write(&written.labels, label_file(&written.labelled))?;
        Ok(written)
    }

    fn play(&self, days: u32) -> BTreeMap<Log, Vec<stage::Line>> {
        let mut stage = stage::Stage::new(self.seed);
        let days = days.clamp(1, DAYS_MAX);
        for number in 0..days {
            let midnight = FIRST_DAY.plus(Duration::from_secs(u64::from(number) * 86_400));
            day::play(&mut stage, midnight, number % 7);
            if number == attack_day(days) {
                attacks::play(&mut stage, midnight);
            }
        }
        stage.sorted()
    }
}

/// The folder of the city's own Sigma rules, which find its attacks and nothing else in it.
pub fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

/// The city's own indicator file (`value<TAB>label<TAB>confidence`), which names what its attackers use.
pub fn indicators() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("indicators.tsv")
}

/// The last working day among `days` days, from 0: the attacks need people at their desks.
fn attack_day(days: u32) -> u32 {
    let last = days - 1;
    last - (last % 7).saturating_sub(4)
}

fn label_file(labelled: &[Labelled]) -> String {
    let mut text = String::from("label,technique,file,first_line,last_line,lines,description\n");
    for attack in ATTACKS {
        for found in labelled.iter().filter(|found| found.label == attack.label) {
            let (first, last) = (found.lines.first().unwrap_or(&0), found.lines.last().unwrap_or(&0));
            text.push_str(&format!(
                "{},{},{},{first},{last},{},\"{}\"\n",
                attack.label,
                attack.technique,
                found.log.file_name(),
                found.lines.len(),
                attack.description
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::attack_day;

    #[test]
    fn attacks_come_on_a_working_day() {
        for (days, expected) in [(1, 0), (5, 4), (6, 4), (7, 4), (8, 7), (14, 11)] {
            assert_eq!(attack_day(days), expected, "{days} days");
        }
    }
}
