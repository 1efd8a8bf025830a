//! What detectors know: rules, routes, indicators, lists of harmless things, mappings; read from disk.
//!
//! Nothing here fails as a whole: what cannot be read is a [`Complaint`] that names the file and the reason, and the rest
//! loads.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use detect::indicators::{Builder, Defaults, Segment, parse_list};
use detect::sigma::{Correlator, Placeholders, Router, RuleFile, RuleSet};
use detect::suppress::{Lists, Suppression};
use formats::Mappings;
use model::{Level, limits};

use crate::known::KnownIndicators;
use crate::unpack;

/// Where to read what.
#[derive(Clone, Debug, Default)]
pub struct ContentPaths {
    /// Sigma rules: files, or folders with everything below them.
    pub rules: Vec<PathBuf>,
    /// Indicator files, plain or compressed.
    pub indicators: Vec<PathBuf>,
    /// How bad a sighting of these indicators is.
    pub indicator_level: Option<Level>,
    /// Lists of harmless things: MISP warning lists (`.json`, or folders of them) and plain lists.
    pub suppress: Vec<PathBuf>,
    /// Mapping files for JSON that no reader knows.
    pub mappings: Vec<PathBuf>,
    /// A user's own routing table.
    pub routing: Option<PathBuf>,
    /// Values of Sigma placeholders: TOML, name = ["value", …].
    pub placeholders: Option<PathBuf>,
}

/// Something that did not load.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Complaint {
    /// The file.
    pub path: String,
    /// The rule or line, where that is known.
    pub place: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// What detectors know.
pub struct Content {
    /// Rules.
    pub rules: Arc<RuleSet>,
    /// Which rules see which records.
    pub router: Arc<Router>,
    /// Indicators; published, so that they can be exchanged while detectors run.
    pub indicators: Arc<KnownIndicators>,
    /// Lists of harmless things.
    pub suppression: Arc<Suppression>,
    /// Mappings for JSON that no reader knows.
    pub mappings: Arc<Mappings>,
    /// What did not load.
    pub complaints: Vec<Complaint>,
    /// How many indicators were read from files.
    pub indicator_count: u64,
    /// How many lists of harmless things were read.
    pub suppress_count: usize,
}

/// Most files below the folders of one kind.
const FILES_MAX: usize = 200_000;

impl Content {
    /// Reads everything; `progress` is told what is being read.
    pub fn read(paths: &ContentPaths, mut progress: impl FnMut(&str)) -> Content {
        let mut reader = ContentReader { complaints: Vec::new() };
        progress("rules");
        let placeholders = reader.placeholders(paths.placeholders.as_deref());
        let rules = reader.rules(&paths.rules, &placeholders);
        let router = reader.router(paths.routing.as_deref());
        let mappings = reader.mappings(&paths.mappings);
        progress("indicators");
        let (listed, indicator_count) = reader.indicators(&paths.indicators, paths.indicator_level);
        progress("lists of harmless things");
        let (suppression, suppress_count) = reader.suppression(&paths.suppress);
        Content {
            rules,
            router: Arc::new(router),
            indicators: Arc::new(KnownIndicators::new(listed)),
            suppression: Arc::new(suppression),
            mappings: Arc::new(mappings),
            complaints: reader.complaints,
            indicator_count,
            suppress_count,
        }
    }
}

pub(crate) struct ContentReader {
    pub(crate) complaints: Vec<Complaint>,
}

impl ContentReader {
    fn complain(&mut self, path: &Path, place: Option<String>, reason: impl ToString) {
        self.complaints.push(Complaint { path: path.display().to_string(), place, reason: reason.to_string() });
    }

    pub(crate) fn text(&mut self, path: &Path, bytes_max: u64) -> Option<String> {
        let read = || -> std::io::Result<String> {
            let mut text = String::new();
            File::open(path)?.take(bytes_max + 1).read_to_string(&mut text)?;
            Ok(text)
        };
        match read() {
            Ok(text) if text.len() as u64 > bytes_max => {
                self.complain(path, None, format!("larger than {bytes_max} bytes"));
                None
            }
            Ok(text) => Some(text),
            Err(error) => {
                self.complain(path, None, error);
                None
            }
        }
    }

    /// Files at or below the given places whose name ends in one of the given ways, sorted.
    pub(crate) fn files(&mut self, places: &[PathBuf], endings: &[&str]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = Vec::new();
        for place in places {
            if place.is_dir() {
                folders.push(place.clone());
            } else if place.exists() {
                found.push(place.clone());
            } else {
                self.complain(place, None, "no such file or folder");
            }
        }
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.complain(&folder, None, error);
                    continue;
                }
            };
            for entry in entries.flatten() {
                let path = entry.path();
                let name = entry.file_name().to_string_lossy().to_lowercase();
                // Links to folders are not followed: they may lead in a circle.
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    Ok(_) if endings.iter().any(|ending| name.ends_with(ending)) => found.push(path),
                    _ => {}
                }
            }
            if found.len() > FILES_MAX {
                self.complain(&folder, None, format!("more than {FILES_MAX} files; the rest is not read"));
                break;
            }
        }
        found.sort();
        found
    }

    pub(crate) fn placeholders(&mut self, path: Option<&Path>) -> Placeholders {
        let Some(path) = path else { return Placeholders::new() };
        let Some(text) = self.text(path, limits::RULE_FILE_BYTES_MAX) else { return Placeholders::new() };
        toml::from_str(&text).unwrap_or_else(|error| {
            self.complain(path, None, error);
            Placeholders::new()
        })
    }

    pub(crate) fn rules(&mut self, places: &[PathBuf], placeholders: &Placeholders) -> Arc<RuleSet> {
        let paths = self.files(places, &[".yml", ".yaml"]);
        let mut texts = Vec::with_capacity(paths.len());
        for path in paths {
            if let Some(text) = self.text(&path, limits::RULE_FILE_BYTES_MAX) {
                texts.push((path.display().to_string(), text));
            }
        }
        let set = RuleSet::load(texts.iter().map(|(path, text)| RuleFile { path, text }), placeholders);
        let set = Arc::new(set);
        // What a correlation refers to shows only when all are put together.
        let correlator = Correlator::new(Arc::clone(&set));
        for error in set.errors.iter().chain(&correlator.errors) {
            self.complain(Path::new(&error.path), error.rule.clone(), &error.reason);
        }
        set
    }

    pub(crate) fn router(&mut self, path: Option<&Path>) -> Router {
        let Some(path) = path else { return Router::default() };
        let Some(text) = self.text(path, limits::RULE_FILE_BYTES_MAX) else { return Router::default() };
        Router::with_table(&text).unwrap_or_else(|error| {
            self.complain(path, None, error);
            Router::default()
        })
    }

    fn mappings(&mut self, paths: &[PathBuf]) -> Mappings {
        let mut mappings = Mappings::default();
        for path in paths {
            let Some(text) = self.text(path, limits::RULE_FILE_BYTES_MAX) else { continue };
            match Mappings::parse(&text) {
                Ok(more) => mappings.extend(more),
                Err(error) => self.complain(path, None, error),
            }
        }
        mappings
    }

    fn bytes(&mut self, path: &Path) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let read =
            unpack::open(path).and_then(|reader| reader.take(limits::LIST_FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) if bytes.len() as u64 > limits::LIST_FILE_BYTES_MAX => {
                self.complain(path, None, format!("larger than {} bytes", limits::LIST_FILE_BYTES_MAX));
                None
            }
            Ok(_) => Some(bytes),
            Err(error) => {
                self.complain(path, None, error);
                None
            }
        }
    }

    fn indicators(&mut self, paths: &[PathBuf], level: Option<Level>) -> (Option<Arc<Segment>>, u64) {
        let mut builder = Builder::new();
        let mut count = 0;
        for path in paths {
            let Some(text) = self.bytes(path) else { continue };
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let mut defaults = Defaults::of_source(&name);
            defaults.level = level.unwrap_or(Level::Medium);
            let mut refused = None;
            let report = parse_list(&text, &defaults, |indicator| {
                if let Err(error) = builder.push(&indicator) {
                    refused = Some(error);
                }
            });
            count += report.loaded;
            for (line, error) in report.errors.iter().take(20) {
                self.complain(path, Some(format!("line {line}")), error);
            }
            if report.bad > 20 {
                self.complain(path, None, format!("{} more lines are no indicators", report.bad - 20));
            }
            if let Some(error) = refused {
                self.complain(path, None, error);
            }
        }
        if builder.is_empty() {
            return (None, 0);
        }
        let mut image = Vec::new();
        let built = builder.finish(&mut image).map_err(|error| error.to_string());
        let opened = built.and_then(|_| Segment::open(image).map_err(|error| error.to_string()));
        match opened {
            Ok(segment) => (Some(Arc::new(segment)), count),
            Err(error) => {
                self.complain(Path::new("indicators"), None, error);
                (None, 0)
            }
        }
    }

    fn suppression(&mut self, places: &[PathBuf]) -> (Suppression, usize) {
        let mut lists = Lists::default();
        let mut count = 0;
        for path in self.files(places, &["list.json", ".txt", ".lst"]) {
            let Some(bytes) = self.bytes(&path) else { continue };
            let is_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
            let added = if is_json {
                lists.add_misp(&bytes, None)
            } else {
                let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                lists.add_plain(&name, &String::from_utf8_lossy(&bytes), None)
            };
            match added {
                Ok(_) => count += 1,
                Err(error) => self.complain(&path, None, error),
            }
        }
        (lists.build(), count)
    }
}
