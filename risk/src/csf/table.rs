//! Answers as a table: CSV (RFC 4180) with a header and the columns `question`, `current`, `target`, `note`. Other columns are read over.
//! In `current`, `n/a` stands for what does not apply; the note then says why.

use model::limits;

use super::answers::Notes;
use super::{Answer, Assessment, AssessmentError, CsfNote, QuestionSet};

const COLUMNS: [&str; 4] = ["question", "current", "target", "note"];
const NOT_APPLICABLE: &str = "n/a";

/// Writes each question with its answer. A cell that a spreadsheet would take for a formula gets an apostrophe in front, which reading takes
/// off again.
pub fn write_table(assessment: &Assessment, questions: &QuestionSet) -> String {
    let mut text = format!("{}\r\n", COLUMNS.join(","));
    let nothing = Answer::default();
    for question in questions.questions() {
        let answer = assessment.answers.get(&question.id).unwrap_or(&nothing);
        let level = |level: Option<u8>| level.map(|level| level.to_string()).unwrap_or_default();
        let (current, note) = match &answer.not_applicable {
            Some(reason) => (NOT_APPLICABLE.to_owned(), reason),
            None => (level(answer.current), &answer.note),
        };
        let cells = [question.id.clone(), current, level(answer.target), cell(note)];
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']);
    let guarded = if is_formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\r', '\n']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

/// Reads a table of answers into those of a year: what it does not mention stays, and so does the evidence of what it does. What does not fit
/// is left out and named by its line.
///
/// # Errors
/// When it is too large, no text, or lacks a column.
pub fn read_table(
    bytes: &[u8],
    into: &mut Assessment,
    questions: &QuestionSet,
) -> Result<Vec<CsfNote>, AssessmentError> {
    if bytes.len() > limits::CSF_BYTES_MAX {
        return Err(AssessmentError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| AssessmentError::Form("it is no text".to_owned()))?;
    let mut rows = rows(text.trim_start_matches('\u{feff}'))?.into_iter();
    let header = rows.next().map(|(_, header)| header).unwrap_or_default();
    let place = |name: &str| header.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
    let missing = |name: &str| AssessmentError::Form(format!("the column {name} is missing"));
    let mut places = Vec::new();
    for name in COLUMNS {
        places.push(place(name).ok_or_else(|| missing(name))?);
    }
    let mut notes = Notes::default();
    let mut seen = std::collections::BTreeSet::new();
    for (line, row) in rows {
        let mut cells = places.iter().map(|place| row.get(*place).map_or("", String::as_str));
        let mut next = || cells.next().unwrap_or_default();
        let (question, current, target, note) = (next().trim(), next().trim(), next().trim(), next());
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let old = into.answers.get(question).cloned().unwrap_or_default();
        let read = answer(old, [question, current, target, note]).and_then(|answer| {
            answer.check(questions)?;
            if seen.insert(question.to_owned()) { Ok(answer) } else { Err("is answered twice".to_owned()) }
        });
        match read {
            Ok(answer) if answer.is_empty() => drop(into.answers.remove(question)),
            Ok(answer) => drop(into.answers.insert(question.to_owned(), answer)),
            Err(reason) => notes.add(&format!("line {line}"), format!("{}: {reason}", short(question))),
        }
    }
    Ok(notes.0)
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn answer(old: Answer, [question, current, target, note]: [&str; 4]) -> Result<Answer, String> {
    let level = |name: &str, text: &str| match text {
        "" => Ok(None),
        text => text.parse::<u8>().map(Some).map_err(|_| format!("{name} is a number, or empty")),
    };
    let note = note.strip_prefix('\'').unwrap_or(note).to_owned();
    let question = question.to_owned();
    if current.eq_ignore_ascii_case(NOT_APPLICABLE) {
        let target = level("target", target)?;
        return Ok(Answer { question, current: None, target, not_applicable: Some(note), ..old });
    }
    let (current, target) = (level("current", current)?, level("target", target)?);
    Ok(Answer { question, current, target, not_applicable: None, note, ..old })
}

/// Rows with the line on which each begins.
fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, AssessmentError> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begun, mut is_quoted) = (1, 1, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' if is_quoted || cell.is_empty() => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted && letters.peek() == Some(&'\n') => {}
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push((begun, std::mem::take(&mut row)));
                begun = line;
            }
            letter => cell.push(letter),
        }
    }
    if is_quoted {
        return Err(AssessmentError::Form(format!("a quotation that begins on line {begun} or later never ends")));
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push((begun, row));
    }
    Ok(rows)
}
