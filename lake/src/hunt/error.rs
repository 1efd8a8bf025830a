//! What can be wrong with a hunt, in words that whoever wrote it can act on.

use std::time::Duration;

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use crate::error::LakeError;
use crate::schema::column_paths;

/// Why a hunt gave no answer, or only a part of one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HuntError {
    /// The text is no SQL.
    #[error("no valid SQL: {0}")]
    Syntax(String),
    /// The statement is not one that reads.
    #[error(
        "a hunt only reads: {what} is not allowed; hint: use one SELECT, WITH, EXPLAIN, DESCRIBE or SHOW statement"
    )]
    NotReading {
        /// What it is instead.
        what: String,
    },
    /// A column that is not there.
    #[error("there is no column {name:?}{}", hint(nearest))]
    UnknownColumn {
        /// As it was written.
        name: String,
        /// Columns with a similar name.
        nearest: Vec<String>,
    },
    /// A table that is not there.
    #[error("there is no table {name:?}; hint: hunt in events, or in findings")]
    UnknownTable {
        /// As it was written.
        name: String,
    },
    /// The statement makes no sense to the planner: types that do not fit, a function that is not there.
    #[error("cannot plan the hunt: {0}")]
    Plan(String),
    /// It took too long.
    #[error("the hunt took longer than {} s; hint: narrow it with `day` and `class_uid`", .0.as_secs())]
    TooLong(Duration),
    /// It needed too much memory.
    #[error("the hunt needs more than {} MiB of memory; hint: narrow it, or group by fewer values", bytes >> 20)]
    TooMuchMemory {
        /// What it may use.
        bytes: usize,
    },
    /// It failed while it ran, a division by zero for example.
    #[error("the hunt failed: {0}")]
    Failed(String),
    /// Another process replaced files of this agency while the hunt was reading them.
    #[error("the lake was changed under the hunt; hint: try again")]
    Changed,
    /// The lake could not be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

fn hint(nearest: &[String]) -> String {
    match nearest {
        [] => "; hint: `DESCRIBE events` lists the columns".to_owned(),
        names => format!("; hint: did you mean {}?", names.join(", ")),
    }
}

impl HuntError {
    /// What an error of the engine means for whoever hunts.
    pub(crate) fn from_engine(error: DataFusionError, memory_bytes: usize) -> Self {
        let text = error.strip_backtrace();
        let root = error.find_root();
        match root {
            DataFusionError::SQL(parser, _) => HuntError::Syntax(plain(&parser.to_string())),
            DataFusionError::ResourcesExhausted(_) => HuntError::TooMuchMemory { bytes: memory_bytes },
            DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
                SchemaError::FieldNotFound { field, .. } => unknown_column(&field.flat_name()),
                other => HuntError::Plan(other.to_string()),
            },
            DataFusionError::Plan(message) => plan(message),
            DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) if text.contains("not found") => {
                HuntError::Changed
            }
            DataFusionError::NotImplemented(_) => HuntError::Plan(plain(&text)),
            _ if text.contains("No such file") || text.contains("NotFound") => HuntError::Changed,
            _ => HuntError::Failed(plain(&text)),
        }
    }
}

fn plan(message: &str) -> HuntError {
    if let Some(name) = between(message, "table '", "' not found") {
        return HuntError::UnknownTable { name: name.rsplit('.').next().unwrap_or(name).to_owned() };
    }
    // `get_field` and the planner both name the attribute that an object does not have.
    let field = between(message, "Field ", " not found in struct").or_else(|| between(message, "No field named ", "."));
    match field {
        Some(name) => unknown_column(name.trim_matches(['\'', '"'])),
        None => HuntError::Plan(plain(message)),
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}

/// One line, without what only developers of the engine need.
fn plain(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    first.trim_start_matches("Error during planning: ").trim_start_matches("sql parser error: ").to_owned()
}

/// Names that are offered.
const NEAREST_MAX: usize = 5;

fn unknown_column(name: &str) -> HuntError {
    let name = name.trim_start_matches("events.").trim_start_matches("findings.").replace('"', "");
    let ranked = |path: String| Some((distance(&name, &path)?, path.matches('.').count(), path));
    let mut near: Vec<_> = column_paths().into_iter().filter_map(ranked).collect();
    near.sort();
    let nearest = near.into_iter().take(NEAREST_MAX).map(|(_, _, path)| path).collect();
    HuntError::UnknownColumn { name, nearest }
}

/// How far a path is from a path, or a bare name from a path's last part; `None` when it is too far to be meant.
fn distance(name: &str, path: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let last = path.rsplit('.').next().unwrap_or(path);
    // The engine names an attribute of an object without its object.
    let far = if name.contains('.') { edits(&name, path) } else { edits(&name, last) };
    (far <= 1 + name.len() / 3).then_some(far)
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_offered() {
        let check = |name: &str, expected: &str| match unknown_column(name) {
            HuntError::UnknownColumn { nearest, .. } => {
                assert!(nearest.iter().any(|path| path == expected), "{name}: {nearest:?}");
            }
            other => panic!("{other}"),
        };
        check("src_endpont", "src_endpoint");
        check("events.clas_uid", "class_uid");
        check("src_endpoint.ipp", "src_endpoint.ip");
        check("cmdline", "process.cmd_line");
        check("hostnam", "device.hostname");
    }

    #[test]
    fn a_name_like_nothing_gets_the_list() {
        assert_eq!(
            unknown_column("zzzzzzzzzz").to_string(),
            "there is no column \"zzzzzzzzzz\"; hint: `DESCRIBE events` lists the columns"
        );
    }

    #[test]
    fn edits_are_counted() {
        let check = |a: &str, b: &str, expected| assert_eq!(edits(a, b), expected, "{a} {b}");
        check("", "abc", 3);
        check("kitten", "sitting", 3);
        check("same", "same", 0);
    }
}
