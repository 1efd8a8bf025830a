//! Looking for one person's data, everywhere that it could be.
//!
//! The search trusts nothing that the erasure trusts: it walks the folder instead of asking the log, decodes every column
//! of every Parquet file (checkpoints of the log included), and reads as plain bytes every other file and the end of every
//! Parquet file, where footer and page index name least and greatest values. Packed pages are not read as plain bytes: a
//! short term turns up by chance in a hundred megabytes of noise.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use aho_corasick::AhoCorasick;
use deltalake::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use deltalake::arrow::datatypes::DataType;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake::parquet::file::metadata::ParquetMetaDataReader;
use model::{AgencyId, limits};

use super::retention::keys;
use super::{LegalHold, list};
use crate::error::LakeError;
use crate::lake::Lake;

/// What names a person in records. Compared without case, and only where it stands by itself: `anna` is neither in
/// `joanna` nor in `anna.smith`, and `10.0.0.1` not in `10.0.0.12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasureTerm {
    /// A log-on name, without its domain.
    Account(String),
    /// An e-mail address.
    Email(String),
    /// An IPv4, IPv6 or MAC address.
    Address(String),
}

impl ErasureTerm {
    fn text(&self) -> &str {
        match self {
            ErasureTerm::Account(text) | ErasureTerm::Email(text) | ErasureTerm::Address(text) => text,
        }
    }

    /// Whether a byte beside the term makes it part of something longer when a letter or digit follows beyond it.
    fn joins(&self, byte: u8) -> bool {
        match self {
            ErasureTerm::Account(_) => matches!(byte, b'.' | b'-'),
            ErasureTerm::Email(_) => matches!(byte, b'.' | b'-' | b'+' | b'%'),
            ErasureTerm::Address(text) if text.contains(':') => byte == b':',
            ErasureTerm::Address(_) => byte == b'.',
        }
    }
}

/// Finds the terms of one person in text, wherever it is kept.
#[derive(Debug)]
pub struct Matcher {
    terms: Vec<ErasureTerm>,
    automaton: AhoCorasick,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Matcher {
    /// Looks for these terms.
    ///
    /// # Errors
    /// When there are none, too many, or one is too short.
    pub fn new(terms: &[ErasureTerm]) -> Result<Self, LakeError> {
        let refuse = |got: String| {
            let (max, min) = (limits::ERASURE_TERMS_MAX, limits::ERASURE_TERM_BYTES_MIN);
            Err(LakeError::Terms { max, min, got })
        };
        if terms.is_empty() || terms.len() > limits::ERASURE_TERMS_MAX {
            return refuse(format!("{} terms", terms.len()));
        }
        if let Some(short) = terms.iter().find(|term| term.text().len() < limits::ERASURE_TERM_BYTES_MIN) {
            return refuse(format!("a term of {} bytes", short.text().len()));
        }
        // JSON may write a letter beyond ASCII as an escape, and letters beyond ASCII have a case too.
        let mut all = Vec::new();
        let mut patterns = Vec::new();
        for term in terms {
            for form in forms(term.text()) {
                patterns.push(form);
                all.push(term.clone());
            }
        }
        match AhoCorasick::builder().ascii_case_insensitive(true).build(&patterns) {
            Ok(automaton) => Ok(Matcher { terms: all, automaton }),
            Err(error) => refuse(error.to_string()),
        }
    }

    /// Whether one of the terms stands in `text`.
    pub fn is_in(&self, text: &[u8]) -> bool {
        let mut found = self.automaton.find_overlapping_iter(text);
        found.any(|hit| self.stands_alone(&self.terms[hit.pattern().as_usize()], text, hit.start(), hit.end()))
    }

    fn stands_alone(&self, term: &ErasureTerm, text: &[u8], start: usize, end: usize) -> bool {
        let (before, after) = (&text[..start], &text[end..]);
        let joined_before = match before {
            // `\n`, `\t` and the like in JSON end in a letter that belongs to no word.
            [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'] => false,
            [.., beyond, byte] if term.joins(*byte) => is_word(*beyond),
            [.., byte] => is_word(*byte),
            [] => false,
        };
        let joined_after = match after {
            [byte, beyond, ..] if term.joins(*byte) => is_word(*beyond),
            [byte, ..] => is_word(*byte),
            [] => false,
        };
        !joined_before && !joined_after
    }

    /// Which rows of a batch hold one of the terms, in whatever column; and the first such column of each.
    pub(crate) fn rows(&self, rows: &RecordBatch) -> Vec<Option<String>> {
        let mut found = vec![None; rows.num_rows()];
        let each: Vec<usize> = (0..rows.num_rows()).collect();
        for (field, column) in rows.schema_ref().fields().iter().zip(rows.columns()) {
            self.mark(column, field.name(), &each, &mut found);
        }
        found
    }

    /// Marks rows by the text of one column; `row_of` says to which row of the batch an element belongs.
    fn mark(&self, column: &ArrayRef, path: &str, row_of: &[usize], found: &mut [Option<String>]) {
        if let Some(texts) = texts(column) {
            for (at, text) in texts.enumerate() {
                if let (Some(text), Some(row)) = (text, row_of.get(at))
                    && found[*row].is_none()
                    && self.is_in(text)
                {
                    found[*row] = Some(path.to_owned());
                }
            }
            return;
        }
        match column.data_type() {
            DataType::Struct(fields) => {
                for (field, child) in fields.iter().zip(column.as_struct().columns()) {
                    self.mark(child, &format!("{path}.{}", field.name()), row_of, found);
                }
            }
            DataType::List(_) => {
                let list = column.as_list::<i32>();
                let owners = owners(list.value_offsets(), row_of);
                self.mark(list.values(), path, &owners, found);
            }
            DataType::Map(..) => {
                let map = column.as_map();
                let owners = owners(map.value_offsets(), row_of);
                self.mark(map.keys(), path, &owners, found);
                self.mark(map.values(), path, &owners, found);
            }
            _ => {}
        }
    }
}

/// The row of each element of a list column.
fn owners(offsets: &[i32], row_of: &[usize]) -> Vec<usize> {
    let at = |offset: i32| usize::try_from(offset).unwrap_or_default();
    let mut owners = vec![0; offsets.last().copied().map_or(0, at)];
    for (pair, row) in offsets.windows(2).zip(row_of) {
        owners[at(pair[0])..at(pair[1])].fill(*row);
    }
    owners
}

fn texts(column: &ArrayRef) -> Option<Box<dyn Iterator<Item = Option<&[u8]>> + '_>> {
    fn bytes(text: Option<&str>) -> Option<&[u8]> {
        text.map(str::as_bytes)
    }
    Some(match column.data_type() {
        DataType::Utf8 => Box::new(column.as_string::<i32>().iter().map(bytes)),
        DataType::LargeUtf8 => Box::new(column.as_string::<i64>().iter().map(bytes)),
        DataType::Utf8View => Box::new(column.as_string_view().iter().map(bytes)),
        DataType::Binary => Box::new(column.as_binary::<i32>().iter()),
        DataType::LargeBinary => Box::new(column.as_binary::<i64>().iter()),
        DataType::BinaryView => Box::new(column.as_binary_view().iter()),
        _ => return None,
    })
}

/// The ways in which a term is written.
fn forms(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned(), text.to_lowercase(), text.to_uppercase()];
    let escaped = |text: &str| -> String {
        let mut out = String::new();
        for unit in text.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
                _ => out.push_str(&format!("\\u{unit:04x}")),
            }
        }
        out
    };
    forms.extend(forms.clone().iter().map(|form| escaped(form)));
    forms.sort();
    forms.dedup();
    forms
}

/// A place where a person's data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalHit {
    /// File below the table's folder.
    pub file: String,
    /// Column, or `bytes` where the file has none.
    pub column: String,
    /// Row in the file.
    pub row: Option<u64>,
    /// The legal hold that keeps the row.
    pub held_by: Option<String>,
}

/// What a search saw and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchReport {
    /// Parquet files that were decoded, all columns of all pages.
    pub files_decoded: u64,
    /// Rows in them.
    pub rows: u64,
    /// Files that were read as plain bytes, entries of the log among them.
    pub files_read: u64,
    /// Places found.
    pub hits_total: u64,
    /// How many of them a legal hold keeps, by the hold's id.
    pub hits_held: BTreeMap<String, u64>,
    /// The first [`limits::ERASURE_HITS_MAX`] places found.
    pub hits: Vec<PersonalHit>,
}

impl SearchReport {
    fn hit(&mut self, hit: PersonalHit) {
        self.hits_total += 1;
        if let Some(hold) = &hit.held_by {
            *self.hits_held.entry(hold.clone()).or_default() += 1;
        }
        if self.hits.len() < limits::ERASURE_HITS_MAX {
            self.hits.push(hit);
        }
    }

    /// Places that no legal hold keeps.
    pub fn hits_free(&self) -> u64 {
        self.hits_total - self.hits_held.values().sum::<u64>()
    }
}

impl Lake {
    /// Searches everything that the lake keeps of `agency`, and the log, for the terms.
    ///
    /// # Errors
    /// When the terms are out of bounds, or a file cannot be read: a search that did not see everything proves nothing.
    pub async fn search_personal(
        &self,
        agency: &AgencyId,
        terms: &[ErasureTerm],
        holds: &[LegalHold],
    ) -> Result<SearchReport, LakeError> {
        let matcher = Matcher::new(terms)?;
        let (folder, agency, holds) = (self.shared.folder.clone(), agency.clone(), holds.to_vec());
        tokio::task::spawn_blocking(move || search(&folder, &agency, &matcher, &holds)).await?
    }
}

fn search(folder: &Path, agency: &AgencyId, matcher: &Matcher, holds: &[LegalHold]) -> Result<SearchReport, LakeError> {
    let mut paths = Vec::new();
    list(folder, folder, &mut paths)?;
    paths.sort();
    let own = format!("agency={agency}/");
    let mut report = SearchReport::default();
    for path in paths.iter().filter(|path| !path.starts_with("agency=") || path.starts_with(&own)) {
        let full_path = folder.join(path);
        report.files_read += 1;
        if matcher.is_in(&plain_bytes(&full_path)?) {
            report.hit(PersonalHit { file: path.clone(), column: "bytes".into(), row: None, held_by: None });
        }
        if path.ends_with(".parquet") {
            report.files_decoded += 1;
            search_rows(&full_path, path, (agency, holds), matcher, &mut report)?;
        }
    }
    Ok(report)
}

/// The whole of a file, or the end of a Parquet file behind its last page.
fn plain_bytes(path: &Path) -> Result<Vec<u8>, LakeError> {
    let mut file = File::open(path).map_err(LakeError::io("open", path))?;
    if path.extension().is_some_and(|extension| extension == "parquet") {
        let metadata =
            ParquetMetaDataReader::new().parse_and_finish(&file).map_err(LakeError::parquet("open", path))?;
        let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
        let pages_end = chunks.map(|chunk| chunk.byte_range()).map(|(start, bytes)| start + bytes).max();
        file.seek(SeekFrom::Start(pages_end.unwrap_or_default())).map_err(LakeError::io("read", path))?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(LakeError::io("read", path))?;
    Ok(bytes)
}

fn search_rows(
    full_path: &Path,
    path: &str,
    (agency, holds): (&AgencyId, &[LegalHold]),
    matcher: &Matcher,
    report: &mut SearchReport,
) -> Result<(), LakeError> {
    let file = File::open(full_path).map_err(LakeError::io("open", full_path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(256).build())
        .map_err(LakeError::parquet("decode", full_path))?;
    let mut first_row = 0;
    for rows in reader {
        let rows = rows?;
        let keys: Vec<_> = keys(&rows).into_iter().flatten().collect();
        for (at, column) in matcher.rows(&rows).into_iter().enumerate() {
            let Some(column) = column else { continue };
            let holds = keys.get(at).and_then(|(class, time)| {
                let time = model::Timestamp::from_micros(*time);
                holds.iter().find(|hold| hold.keeps(agency, *class, time))
            });
            let row = Some(first_row + at as u64);
            report.hit(PersonalHit { file: path.to_owned(), column, row, held_by: holds.map(|hold| hold.id.clone()) });
        }
        first_row += rows.num_rows() as u64;
    }
    report.rows += first_row;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(term: ErasureTerm, text: &str, is_in: bool) {
        assert_eq!(
            Matcher::new(std::slice::from_ref(&term)).unwrap().is_in(text.as_bytes()),
            is_in,
            "{term:?} in {text:?}"
        );
    }

    #[test]
    fn a_term_stands_by_itself() {
        let anna = || ErasureTerm::Account("Anna".into());
        check(anna(), "user anna logged on", true);
        check(anna(), r#"{"user":"CORP\\anna"}"#, true);
        check(anna(), r"line one\nanna", true);
        check(anna(), "anna", true);
        check(anna(), "said anna.", true);
        check(anna(), "ANNA@corp.example", true);
        check(anna(), r"C:\Users\anna\x", true);
        check(anna(), "joanna", false);
        check(anna(), "anna.smith", false);
        check(anna(), "anna-pc", false);
        check(anna(), "anna_2", false);
        check(anna(), "annabel", false);
        let address = || ErasureTerm::Address("10.0.0.1".into());
        check(address(), "from 10.0.0.1:443", true);
        check(address(), "10.0.0.12", false);
        check(address(), "110.0.0.1", false);
        check(address(), "10.0.0.1.5", false);
        check(address(), "at 10.0.0.1.", true);
        let six = || ErasureTerm::Address("2001:db8::1".into());
        check(six(), "[2001:DB8::1]:53", true);
        check(six(), "2001:db8::1:5", false);
        let mail = || ErasureTerm::Email("anna@corp.example".into());
        check(mail(), "<Anna@corp.example>", true);
        check(mail(), "joanna@corp.example", false);
        check(mail(), "x.anna@corp.example", false);
        check(mail(), "anna@corp.example.org", false);
    }

    #[test]
    fn letters_beyond_ascii_are_found_in_every_form() {
        let term = || ErasureTerm::Account("Jürgen".into());
        check(term(), "user JÜRGEN", true);
        check(term(), r#"{"user":"j\u00fcrgen"}"#, true);
        check(term(), r#"{"user":"J\u00FCRGEN"}"#, true);
        check(term(), "Jurgen", false);
    }

    #[test]
    fn terms_are_bounded() {
        let term = |text: &str| ErasureTerm::Account(text.into());
        assert!(Matcher::new(&[]).is_err());
        assert!(Matcher::new(&[term("ab")]).is_err());
        assert!(Matcher::new(&vec![term("abc"); limits::ERASURE_TERMS_MAX]).is_ok());
        assert!(Matcher::new(&vec![term("abc"); limits::ERASURE_TERMS_MAX + 1]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn a_term_between_blanks_is_always_found(before in ".{0,40}", name in "[a-zA-Zäß.]{3,12}", after in ".{0,40}") {
            let matcher = Matcher::new(&[ErasureTerm::Account(name.clone())]).unwrap();
            let text = format!("{before} {name} {after}");
            proptest::prop_assert!(matcher.is_in(text.as_bytes()));
            let json = serde_json::to_string(&text).unwrap();
            proptest::prop_assert!(matcher.is_in(json.as_bytes()));
        }
    }
}
