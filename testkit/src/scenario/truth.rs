//! What was played: which lines belong to which scene. It is written beside the logs, and incidents are judged by it.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use model::Timestamp;

use super::file::{Part, Scenario, Scene};
use super::place::NETWORKS;
use super::play::PlayedLine;
use crate::city::Log;

/// A line, by its file and its number from 1.
pub type LineKey = (Log, u64);

/// Which lines belong to which scene.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// The scenes, in the scenario's order.
    pub scenes: Vec<TrueScene>,
    pub(super) lines: BTreeMap<LineKey, Belongs>,
}

/// A scene as it was played.
#[derive(Clone, Debug)]
pub struct TrueScene {
    /// Attack or disturbance.
    pub part: Part,
    /// Its label.
    pub label: String,
    /// What happens.
    pub title: String,
    /// From 1, noisy, to 12, nearly invisible; 0 for disturbances.
    pub subtlety: u8,
    /// When it is over: as the scenario says, or its last line when that is later.
    pub ends: Timestamp,
    /// Its first line's time; `None` when it wrote none.
    pub first: Option<Timestamp>,
    /// Lines that it wrote.
    pub count: u64,
}

/// Whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belongs {
    /// The scene's place in [`Truth::scenes`].
    pub scene: usize,
    /// When the line was written.
    pub at: Timestamp,
}

impl Truth {
    /// Of a scenario that has played no line yet.
    pub fn new(scenario: &Scenario) -> Self {
        let scene = |scene: &Scene| TrueScene {
            part: scene.part,
            label: scene.label.clone(),
            title: scene.title.clone(),
            subtlety: scene.subtlety,
            ends: scene.ends,
            first: None,
            count: 0,
        };
        Truth { scenes: scenario.scenes.iter().map(scene).collect(), lines: BTreeMap::new() }
    }

    /// Takes a line that was played.
    pub fn add(&mut self, line: &PlayedLine) {
        if let Some(number) = line.scene {
            self.add_line((line.log, line.line), Belongs { scene: number, at: line.at });
        }
    }

    /// Says whose a line is.
    pub fn add_line(&mut self, key: LineKey, belongs: Belongs) {
        let Some(scene) = self.scenes.get_mut(belongs.scene) else { return };
        scene.first = Some(scene.first.map_or(belongs.at, |first| first.min(belongs.at)));
        scene.ends = scene.ends.max(belongs.at);
        scene.count += 1;
        self.lines.insert(key, belongs);
    }

    /// Whose a line is; `None` when it is ordinary life's.
    pub fn belongs(&self, key: LineKey) -> Option<Belongs> {
        self.lines.get(&key).copied()
    }

    /// The numbers of a scene's lines in each file, in order.
    fn lines_of(&self, scene: usize) -> BTreeMap<Log, Vec<u64>> {
        let mut found = BTreeMap::<Log, Vec<u64>>::new();
        for ((log, line), belongs) in &self.lines {
            if belongs.scene == scene {
                found.entry(*log).or_default().push(*line);
            }
        }
        found
    }
}

/// What [`Scenario::write`] wrote.
#[derive(Clone, Debug)]
pub struct Played {
    /// The logs.
    pub logs: Vec<PathBuf>,
    /// What is known about them: `labels.csv`, `lines.csv`, `attacks.csv`, `disturbances.csv`, `networks.csv`.
    pub tables: Vec<PathBuf>,
    /// Lines in all logs together.
    pub lines: u64,
    /// Whose lines they are.
    pub truth: Truth,
}

impl Scenario {
    /// Writes the logs into `folder`, which is made if it is not there, and beside them what is known: `labels.csv` as
    /// the city has it, `lines.csv` with every line, `attacks.csv` and `disturbances.csv` with times and entities,
    /// `networks.csv` with where addresses are. After each day `day` is told how many days are done.
    ///
    /// # Errors
    /// When the folder or a file cannot be written.
    pub fn write(&self, folder: &Path, mut day: impl FnMut(u32)) -> io::Result<Played> {
        std::fs::create_dir_all(folder)?;
        let mut files = BTreeMap::new();
        let mut played = Played { logs: Vec::new(), tables: Vec::new(), lines: 0, truth: Truth::new(self) };
        for log in Log::ALL {
            let path = folder.join(log.file_name());
            files.insert(log, BufWriter::new(std::fs::File::create(&path)?));
            played.logs.push(path);
        }
        for (number, lines) in (1..).zip(self.play()) {
            for line in lines {
                if let Some(file) = files.get_mut(&line.log) {
                    writeln!(file, "{}", line.text)?;
                }
                played.truth.add(&line);
                played.lines += 1;
            }
            day(number);
        }
        files.into_values().try_for_each(|mut file| file.flush())?;
        for (name, text) in self.tables(&played.truth) {
            let path = folder.join(name);
            std::fs::write(&path, text)?;
            played.tables.push(path);
        }
        Ok(played)
    }

    /// What is known about the lines, as tables: file name and text.
    fn tables(&self, truth: &Truth) -> [(&'static str, String); 5] {
        [
            ("labels.csv", labels(self, truth)),
            ("lines.csv", lines(truth)),
            ("attacks.csv", scenes(self, truth, Part::Attack)),
            ("disturbances.csv", scenes(self, truth, Part::Disturbance)),
            ("networks.csv", NETWORKS.to_owned()),
        ]
    }
}

/// As the city's label file: `label,technique,file,first_line,last_line,lines,description`, attacks only.
fn labels(scenario: &Scenario, truth: &Truth) -> String {
    let mut text = String::from("label,technique,file,first_line,last_line,lines,description\n");
    for (number, scene) in scenario.scenes.iter().enumerate().filter(|(_, scene)| scene.part == Part::Attack) {
        for (log, lines) in truth.lines_of(number) {
            let (first, last) = (lines.first().unwrap_or(&0), lines.last().unwrap_or(&0));
            text.push_str(&format!(
                "{},{},{},{first},{last},{},{}\n",
                scene.label,
                scene.techniques.first().map_or("", String::as_str),
                log.file_name(),
                lines.len(),
                quoted(&scene.title),
            ));
        }
    }
    text
}

/// Every line: `part,label,file,lines`, with lines as `12-15 18 20-44`.
fn lines(truth: &Truth) -> String {
    let mut text = String::from("part,label,file,lines\n");
    for (number, scene) in truth.scenes.iter().enumerate() {
        for (log, lines) in truth.lines_of(number) {
            text.push_str(&format!("{},{},{},{}\n", scene.part.name(), scene.label, log.file_name(), ranges(&lines)));
        }
    }
    text
}

/// Numbers in order, as `12-15 18 20-44`.
fn ranges(numbers: &[u64]) -> String {
    let mut found: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match found.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => found.push((*number, *number)),
        }
    }
    let texts = found
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") });
    texts.collect::<Vec<_>>().join(" ")
}

/// Scenes with their times and entities.
fn scenes(scenario: &Scenario, truth: &Truth, part: Part) -> String {
    let mut text =
        String::from("label,title,techniques,subtlety,starts,ends,first_line_at,lines,accounts,machines,addresses\n");
    for (scene, played) in scenario.scenes.iter().zip(&truth.scenes).filter(|(scene, _)| scene.part == part) {
        let joined =
            |names: &std::collections::BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        text.push_str(&format!(
            "{},{},{},{},{},{},{},{},{},{},{}\n",
            scene.label,
            quoted(&scene.title),
            scene.techniques.join(" "),
            if part == Part::Attack { scene.subtlety.to_string() } else { String::new() },
            scene.starts,
            played.ends,
            played.first.map(|first| first.to_string()).unwrap_or_default(),
            played.count,
            joined(&scene.entities.accounts),
            joined(&scene.entities.machines),
            joined(&scene.entities.addresses),
        ));
    }
    text
}

/// A field of CSV between quotes (RFC 4180).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::{quoted, ranges};

    #[test]
    fn numbers_are_written_as_ranges() {
        assert_eq!(ranges(&[12, 13, 14, 15, 18, 20, 21]), "12-15 18 20-21");
        assert_eq!(ranges(&[7]), "7");
        assert_eq!(ranges(&[]), "");
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}
