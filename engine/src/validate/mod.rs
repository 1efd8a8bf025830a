//! Content checked before it is used: a verdict and a reason for each file.
//!
//! Each kind of content has one reader in this program, and a file is valid when that reader takes all of it and nothing in
//! it is against the kind's specification. Reasons name the place and, where a person can mend it, say how. One bad file never
//! stops the others, and every input is bounded before it is parsed. Deliberately absent: opinions; style and doubtful
//! constructs are what the lint of [`crate::rule_tests`] speaks about.

mod documents;
mod events;
mod lists;
mod sigma;
mod tables;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use formats::oscal::Schemas;
use formats::schema::{Schema, SchemaError};
use model::limits;

use crate::content::ContentReader;
use crate::unpack;

/// The kinds of content that can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sigma rules, correlations and filters.
    Sigma,
    /// OCSF events: one as JSON, a list of them, or one a line.
    Ocsf,
    /// How to read JSON that no reader knows.
    Mapping,
    /// Which rules see which records.
    Routing,
    /// Values for placeholders in rules.
    Placeholders,
    /// Indicators, one a line.
    Indicators,
    /// Lists of harmless things.
    Suppress,
    /// STIX 2.1 and 2.0: bundles, lists of objects, single objects.
    Stix,
    /// CSAF 2.0 advisories.
    Csaf,
    /// Documents of OSCAL.
    Oscal,
}

/// No kind goes by that name.
#[derive(Debug, thiserror::Error)]
#[error("unknown kind {0:?}; known are {known}", known = Kind::ALL.map(Kind::name).join(", "))]
pub struct UnknownKind(String);

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 10] = [
        Kind::Sigma,
        Kind::Ocsf,
        Kind::Mapping,
        Kind::Routing,
        Kind::Placeholders,
        Kind::Indicators,
        Kind::Suppress,
        Kind::Stix,
        Kind::Csaf,
        Kind::Oscal,
    ];

    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Sigma => "sigma",
            Kind::Ocsf => "ocsf",
            Kind::Mapping => "mapping",
            Kind::Routing => "routing",
            Kind::Placeholders => "placeholders",
            Kind::Indicators => "indicators",
            Kind::Suppress => "suppress",
            Kind::Stix => "stix",
            Kind::Csaf => "csaf",
            Kind::Oscal => "oscal",
        }
    }

    /// Which files below a folder are of this kind.
    pub const fn endings(self) -> &'static [&'static str] {
        match self {
            Kind::Sigma => &[".yml", ".yaml"],
            Kind::Ocsf => &[
                ".json",
                ".jsonl",
                ".ndjson",
                ".json.gz",
                ".jsonl.gz",
                ".ndjson.gz",
                ".json.zst",
                ".jsonl.zst",
                ".ndjson.zst",
            ],
            Kind::Mapping | Kind::Routing | Kind::Placeholders => &[".toml"],
            Kind::Indicators => &[".tsv", ".txt", ".tsv.gz", ".txt.gz", ".tsv.zst", ".txt.zst"],
            Kind::Suppress => &["list.json", ".txt", ".lst"],
            Kind::Stix | Kind::Csaf | Kind::Oscal => &[".json", ".json.gz", ".json.zst"],
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Kind::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: line, document, path in it.
    pub place: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What a person can do about it.
    pub hint: Option<String>,
}

impl Fault {
    fn new(problem: impl Into<String>) -> Self {
        Fault { place: None, problem: problem.into(), hint: None }
    }

    fn at(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Fault { place: Some(place.into()), ..Fault::new(problem) }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.problem)?;
        match &self.hint {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

/// What is wrong with a file, the first of it in full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first [`limits::FAULTS_KEPT_MAX`].
    pub kept: Vec<Fault>,
    /// How many there are.
    pub total: u64,
}

impl Faults {
    fn push(&mut self, fault: Fault) {
        self.total += 1;
        if self.kept.len() < limits::FAULTS_KEPT_MAX {
            self.kept.push(fault);
        }
    }

    fn of(fault: Fault) -> Self {
        Faults { kept: vec![fault], total: 1 }
    }
}

impl Extend<Fault> for Faults {
    fn extend<T: IntoIterator<Item = Fault>>(&mut self, faults: T) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }
}

/// What is to be said about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The file, as it was named.
    pub file: String,
    /// What is wrong with it.
    pub faults: Faults,
    /// What could not be checked, where nothing is wrong.
    pub remark: Option<String>,
}

/// Faults that a reason tells; of more, the number.
const REASON_FAULTS_MAX: usize = 5;

impl Verdict {
    /// Nothing is wrong.
    pub fn is_valid(&self) -> bool {
        self.faults.total == 0
    }

    /// The first faults on one line; of a valid file what could not be checked, if anything.
    pub fn reason(&self) -> Option<String> {
        if self.is_valid() {
            return self.remark.clone();
        }
        let told = self.faults.kept.iter().take(REASON_FAULTS_MAX);
        let mut reason = told.map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let more = self.faults.total.saturating_sub(REASON_FAULTS_MAX as u64);
        if more > 0 {
            reason.push_str(&format!("; and {more} more"));
        }
        Some(reason)
    }
}

/// Something to check.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Bytes that the caller has read, from standard input for one.
    Bytes {
        /// What to call them.
        name: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

impl Input {
    fn name(&self) -> String {
        match self {
            Input::File(path) => path.display().to_string(),
            Input::Bytes { name, .. } => name.clone(),
        }
    }

    /// The bytes as they stand in the file.
    fn plain(&self, bytes_max: u64) -> Result<Vec<u8>, Fault> {
        match self {
            Input::Bytes { bytes, .. } => bounded(bytes.as_slice(), bytes_max),
            Input::File(path) => bounded(File::open(path).map_err(unreadable)?, bytes_max),
        }
    }

    /// The bytes, unpacked when they are gzip or Zstandard.
    fn unpacked(&self, bytes_max: u64) -> Result<Vec<u8>, Fault> {
        match self {
            Input::Bytes { bytes, .. } => bounded(bytes.as_slice(), bytes_max),
            Input::File(path) => bounded(unpack::open(path).map_err(unreadable)?, bytes_max),
        }
    }

    fn text(&self, bytes_max: u64) -> Result<String, Fault> {
        String::from_utf8(self.plain(bytes_max)?).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..good].iter().filter(|byte| **byte == b'\n').count() + 1;
            Fault::at(format!("line {line}"), "not UTF-8").hint("save the file in UTF-8")
        })
    }
}

fn bounded(reader: impl Read, bytes_max: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    reader.take(bytes_max + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        return Err(Fault::new(format!("larger than {bytes_max} bytes")));
    }
    Ok(bytes)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` asks for")]
fn unreadable(error: std::io::Error) -> Fault {
    Fault::new(format!("cannot be read: {error}"))
}

/// The compiled OCSF schema cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaFileError {
    /// Not there, not readable, or too large.
    #[error("cannot read the compiled schema {path}: {reason}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Something else.
    #[error("{path} is no compiled OCSF schema")]
    Shape {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: SchemaError,
    },
}

/// Reads a compiled OCSF schema, plain or packed.
///
/// # Errors
/// When the file cannot be read or is something else.
pub fn read_schema(path: &Path) -> Result<Schema, SchemaFileError> {
    let named = || path.display().to_string();
    let bytes = Input::File(path.to_owned()).unpacked(limits::SCHEMA_FILE_BYTES_MAX);
    let bytes = bytes.map_err(|fault| SchemaFileError::Read { path: named(), reason: fault.problem })?;
    Schema::load(&bytes).map_err(|source| SchemaFileError::Shape { path: named(), source })
}

/// Reads NIST's schemas for OSCAL: a folder of them, or a tar archive, plain or packed. What is no schema of one model is left out.
///
/// # Errors
/// When the place cannot be read, or holds none.
pub fn read_oscal_schemas(place: &Path) -> Result<Schemas, SchemaFileError> {
    let unreadable = |reason: String| SchemaFileError::Read { path: place.display().to_string(), reason };
    let mut schemas = Schemas::default();
    if place.is_dir() {
        let entries = std::fs::read_dir(place).map_err(|error| unreadable(error.to_string()))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|ending| ending == "json") {
                let bytes = Input::File(path).unpacked(limits::OSCAL_BYTES_MAX as u64);
                // The schema of all models together is among NIST's files, too.
                schemas.add(&bytes.map_err(|fault| unreadable(fault.problem))?).ok();
            }
        }
    } else {
        let packed = unpack::open(place).map_err(|error| unreadable(error.to_string()))?;
        let mut archive = tar::Archive::new(packed.take(limits::SCHEMA_FILE_BYTES_MAX));
        for entry in archive.entries().map_err(|error| unreadable(error.to_string()))? {
            let entry = entry.map_err(|error| unreadable(error.to_string()))?;
            let is_schema = entry.path().is_ok_and(|path| path.to_string_lossy().ends_with("_schema.json"));
            if is_schema {
                let bytes = bounded(entry, limits::OSCAL_BYTES_MAX as u64);
                schemas.add(&bytes.map_err(|fault| unreadable(fault.problem))?).ok();
            }
        }
    }
    if schemas.is_empty() { Err(unreadable("no schema of OSCAL in it".to_owned())) } else { Ok(schemas) }
}

/// How to check.
#[derive(Debug)]
pub enum Check {
    /// Events, against this schema.
    Ocsf(Box<Schema>),
    /// Documents of OSCAL, against these schemas, where there are any, and what the program knows.
    Oscal(Box<Schemas>),
    /// Any other kind: what it is checked against is part of the program.
    BuiltIn(Kind),
}

/// The files at or below the given places that are of this kind, and what could not be listed.
pub fn files(kind: Kind, places: &[PathBuf]) -> (Vec<PathBuf>, Vec<Verdict>) {
    let mut reader = ContentReader { complaints: Vec::new() };
    let mut found = Vec::new();
    for place in places {
        // In the order in which they were named.
        found.extend(reader.files(std::slice::from_ref(place), kind.endings()));
    }
    let missing = reader.complaints.into_iter().map(|complaint| Verdict {
        file: complaint.path,
        faults: Faults::of(Fault::new(complaint.reason)),
        remark: None,
    });
    (found, missing.collect())
}

/// Checks the inputs and gives a verdict on each, in their order.
pub fn validate(check: &Check, inputs: &[Input], give: &mut dyn FnMut(Verdict)) {
    if let Check::BuiltIn(Kind::Sigma) = check {
        // Rules refer to each other: they are looked at together.
        return sigma::validate(inputs, give);
    }
    for input in inputs {
        if let Check::Oscal(schemas) = check {
            give(documents::oscal(schemas, input));
            continue;
        }
        give(Verdict { file: input.name(), faults: faults(check, input).unwrap_or_else(Faults::of), remark: None });
    }
}

fn faults(check: &Check, input: &Input) -> Result<Faults, Fault> {
    match check {
        Check::Ocsf(schema) => events::faults(schema, input),
        Check::BuiltIn(Kind::Mapping) => tables::mapping(input),
        Check::BuiltIn(Kind::Routing) => tables::routing(input),
        Check::BuiltIn(Kind::Placeholders) => tables::placeholders(input),
        Check::BuiltIn(Kind::Indicators) => lists::indicators(input),
        Check::BuiltIn(Kind::Suppress) => lists::suppress(input),
        Check::BuiltIn(Kind::Stix) => documents::stix(input),
        Check::BuiltIn(Kind::Csaf) => documents::csaf(input),
        Check::Oscal(_) | Check::BuiltIn(Kind::Sigma | Kind::Ocsf | Kind::Oscal) => {
            Err(Fault::new("this kind is not checked file by file"))
        }
    }
}

#[cfg(test)]
mod tests;
