//! `watchbell validate`: a verdict and a reason for each file.

use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use engine::validate::{Check, Input, Kind, Verdict, files, read_oscal_schemas, read_schema, validate};
use model::limits;

use crate::exit::Exit;
use crate::{progress, words};

/// Check files before they are used. Exit code 0 when all are valid, 1 when one is not, 2 when nothing could be checked.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// What the files are: sigma (rules, correlations, filters), ocsf (events), mapping, routing, placeholders, indicators,
    /// suppress (lists of harmless things), stix, csaf, oscal.
    #[arg(value_name = "KIND", hide_possible_values = true, value_parser = kinds())]
    pub(crate) kind: Kind,
    /// Files, folders with everything of this kind below them, or - for standard input.
    #[arg(required = true, value_name = "FILES", value_hint = ValueHint::AnyPath)]
    pub(crate) files: Vec<PathBuf>,
    /// The compiled OCSF schema that events are checked against (JSON as ocsf-lib writes it; plain, gz or zst). Looked for
    /// in the folder `ocsf` of WATCHBELL_DATA when absent. For documents of OSCAL: the folder of NIST's JSON schemas, or a
    /// tar archive with them; looked for as `risk/oscal.tar.zst` in WATCHBELL_DATA, and where there are none, only what
    /// the program itself knows is checked.
    #[arg(long, value_name = "PLACE", value_hint = ValueHint::FilePath)]
    pub(crate) schema: Option<PathBuf>,
    /// One JSON object a file: `{"file", "valid", "reason"}`.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show valid files, too, however many there are.
    #[arg(long)]
    pub(crate) all: bool,
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| name.parse::<Kind>())
}

/// Valid files are listed one by one when there are no more files than this.
const VALID_SHOWN_MAX: usize = 20;
/// Faults of one file that are shown one by one.
const FAULTS_SHOWN_MAX: usize = 10;
/// The file in which reference data keeps the schema.
const SCHEMA_FILE: &str = "ocsf/ocsf-1.8.0-compiled.json.zst";
/// The archive in which reference data keeps NIST's schemas for OSCAL.
const OSCAL_SCHEMAS: &str = "risk/oscal.tar.zst";

pub(crate) fn run(arguments: &ValidateArgs) -> Result<Exit> {
    let check = match check(arguments) {
        Ok(check) => check,
        Err(error) => return Ok(usage(&error)),
    };
    let (inputs, missing) = match inputs(arguments) {
        Ok(inputs) => inputs,
        Err(error) => return Ok(usage(&error)),
    };
    if inputs.is_empty() && missing.is_empty() {
        let endings = arguments.kind.endings().join(", ");
        return Ok(usage(&anyhow::anyhow!("nothing to check: no file below there ends in {endings}")));
    }
    let spinner = progress::spinner(false);
    spinner.set_message(format!("checking {}", words::counted(inputs.len() as u64, "file")));
    let mut report = Report::new(arguments, inputs.len() + missing.len());
    missing.into_iter().for_each(|verdict| report.give(&verdict));
    validate(&check, &inputs, &mut |verdict| report.give(&verdict));
    spinner.finish_and_clear();
    report.finish()
}

fn usage(error: &anyhow::Error) -> Exit {
    eprintln!("error: {error:#}");
    Exit::Usage
}

fn check(arguments: &ValidateArgs) -> Result<Check> {
    if arguments.kind == Kind::Oscal {
        let known = data_file(OSCAL_SCHEMAS);
        let place = arguments.schema.as_ref().or(Some(&known).filter(|known| known.is_file()));
        let schemas = place.map(|place| read_oscal_schemas(place)).transpose()?;
        return Ok(Check::Oscal(Box::new(schemas.unwrap_or_default())));
    }
    if arguments.kind != Kind::Ocsf {
        anyhow::ensure!(arguments.schema.is_none(), "--schema is for events (kind ocsf) and documents of OSCAL");
        return Ok(Check::BuiltIn(arguments.kind));
    }
    let schema = match &arguments.schema {
        Some(path) => read_schema(path)?,
        None => read_schema(&find_schema()?)?,
    };
    Ok(Check::Ocsf(Box::new(schema)))
}

/// A file among the reference data.
fn data_file(name: &str) -> PathBuf {
    let folder = std::env::var_os("WATCHBELL_DATA").unwrap_or_else(|| "../shared/data".into());
    Path::new(&folder).join(name)
}

/// The schema among the reference data, as tests and the demo find those.
fn find_schema() -> Result<PathBuf> {
    let path = data_file(SCHEMA_FILE);
    anyhow::ensure!(
        path.is_file(),
        "events are checked against the compiled OCSF schema, and {} does not exist\n  hint: give it with --schema FILE; \
         `pip install ocsf-lib` brings a compiler for https://github.com/ocsf/ocsf-schema",
        path.display()
    );
    Ok(path)
}

/// What to check, and a verdict on what is not there.
fn inputs(arguments: &ValidateArgs) -> Result<(Vec<Input>, Vec<Verdict>)> {
    let mut inputs = Vec::new();
    let mut missing = Vec::new();
    for place in &arguments.files {
        if place.as_os_str() == "-" {
            anyhow::ensure!(
                !inputs.iter().any(|input| matches!(input, Input::Bytes { .. })),
                "standard input can be read only once"
            );
            inputs.push(standard_input()?);
            continue;
        }
        let (found, not_found) = files(arguments.kind, std::slice::from_ref(place));
        inputs.extend(found.into_iter().map(Input::File));
        missing.extend(not_found);
    }
    Ok((inputs, missing))
}

fn standard_input() -> Result<Input> {
    let mut bytes = Vec::new();
    // One more than any kind takes, so that the checker sees that it is too much.
    io::stdin().lock().take(limits::LIST_FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(Input::Bytes { name: "-".to_owned(), bytes })
}

struct Report {
    out: BufWriter<io::Stdout>,
    is_json: bool,
    shows_valid: bool,
    with_colour: bool,
    valid: u64,
    invalid: u64,
    failed: Option<io::Error>,
}

impl Report {
    fn new(arguments: &ValidateArgs, files: usize) -> Self {
        Report {
            out: BufWriter::new(io::stdout()),
            is_json: arguments.json,
            shows_valid: arguments.all || files <= VALID_SHOWN_MAX,
            with_colour: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            valid: 0,
            invalid: 0,
            failed: None,
        }
    }

    fn give(&mut self, verdict: &Verdict) {
        *(if verdict.is_valid() { &mut self.valid } else { &mut self.invalid }) += 1;
        if self.failed.is_some() {
            return;
        }
        let written = if self.is_json { self.json(verdict) } else { self.words(verdict) };
        self.failed = written.err();
    }

    fn json(&mut self, verdict: &Verdict) -> io::Result<()> {
        let line = Line { file: &verdict.file, valid: verdict.is_valid(), reason: verdict.reason() };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    fn words(&mut self, verdict: &Verdict) -> io::Result<()> {
        if verdict.is_valid() {
            if self.shows_valid {
                writeln!(self.out, "{}  {}", self.painted("valid  ", "32"), verdict.file)?;
            }
            return Ok(());
        }
        writeln!(self.out, "{}  {}", self.painted("invalid", "31"), verdict.file)?;
        for fault in verdict.faults.kept.iter().take(FAULTS_SHOWN_MAX) {
            let place = fault.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
            writeln!(self.out, "         {place}{}", fault.problem)?;
            if let Some(hint) = &fault.hint {
                writeln!(self.out, "           hint: {hint}")?;
            }
        }
        let more = verdict.faults.total.saturating_sub(FAULTS_SHOWN_MAX as u64);
        if more > 0 {
            writeln!(self.out, "         and {} more", words::count(more))?;
        }
        Ok(())
    }

    fn painted(&self, word: &str, colour: &str) -> String {
        if self.with_colour { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() }
    }

    fn finish(mut self) -> Result<Exit> {
        if !self.is_json && self.failed.is_none() {
            let files = words::counted(self.valid + self.invalid, "file");
            let (valid, invalid) = (words::count(self.valid), words::count(self.invalid));
            self.failed = writeln!(self.out, "{files}: {valid} valid, {invalid} invalid").err();
        }
        match self.failed.or_else(|| self.out.flush().err()) {
            // A reader that has seen enough (`head`) is no failure.
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(if self.invalid == 0 { Exit::Ok } else { Exit::Failed }),
        }
    }
}

#[derive(serde::Serialize)]
struct Line<'v> {
    file: &'v str,
    valid: bool,
    reason: Option<String>,
}
