//! Decision tables of SSVC.
//!
//! The CSV has a column for the row's number, one for each decision point, and the outcome last, with the names of values in small
//! letters. The JSON (schema 2.0.0) has keys in its mapping and names in its decision points; what is read has the names, as the
//! CSV has them.

use model::limits::DECISION_ROWS_MAX;
use model::vulnerability::DecisionTable;
use serde_json::{Map, Value};

use crate::Trouble;
use crate::intel::list::comma_records;

/// Reads a table from CSV.
///
/// # Errors
/// When it is no such table: half a table would decide wrongly.
pub fn csv(bytes: &[u8]) -> Result<DecisionTable, Trouble> {
    let mut table = DecisionTable::default();
    let mut columns = 0;
    for record in comma_records(bytes).filter(|record| !record.is_comment) {
        let mut texts = Vec::new();
        for cell in record.cells? {
            let text = std::str::from_utf8(&cell).map_err(|_| Trouble::malformed("no UTF-8"))?;
            texts.push(text.trim().to_owned());
        }
        let is_header = columns == 0;
        if is_header {
            columns = texts.len();
            // Some tables are written without numbers of rows.
            let has_numbers = texts.first().is_some_and(|name| name.eq_ignore_ascii_case("row"));
            let mut names: Vec<String> = texts.into_iter().skip(usize::from(has_numbers)).collect();
            table.outcome = names.pop().unwrap_or_default();
            table.points = names;
            continue;
        }
        if texts.len() != columns {
            return Err(Trouble::malformed(format!("line {} has {} columns, not {columns}", record.line, texts.len())));
        }
        let mut values = texts.split_off(columns - table.points.len() - 1);
        let outcome = values.pop().unwrap_or_default();
        push(&mut table, values, outcome)?;
    }
    checked(table)
}

/// Reads a table from JSON.
///
/// # Errors
/// As [`csv`].
pub fn json(bytes: &[u8]) -> Result<DecisionTable, Trouble> {
    let document: Value = serde_json::from_slice(bytes).map_err(|error| Trouble::malformed(error.to_string()))?;
    let missing = |name: &str| Trouble::malformed(format!("`{name}` is missing"));
    let outcome = document.get("outcome").and_then(Value::as_str).ok_or_else(|| missing("outcome"))?;
    let points =
        document.get("decision_points").and_then(Value::as_object).ok_or_else(|| missing("decision_points"))?;
    let mapping = document.get("mapping").and_then(Value::as_array).ok_or_else(|| missing("mapping"))?;
    let first = mapping.first().and_then(Value::as_object).ok_or_else(|| missing("mapping"))?;
    let keys: Vec<&String> = first.keys().filter(|key| *key != outcome).collect();
    let mut table = DecisionTable { outcome: title(points, outcome)?, ..DecisionTable::default() };
    // The values of a decision point stand in the order of what they lead to.
    let values = points.get(outcome).and_then(|point| point.get("values")).and_then(Value::as_array);
    let names = values.into_iter().flatten().filter_map(|value| value.get("name").and_then(Value::as_str));
    table.outcomes = names.map(str::to_lowercase).collect();
    for key in &keys {
        table.points.push(title(points, key)?);
    }
    for row in mapping {
        let row = row.as_object().ok_or_else(|| Trouble::malformed("a row is no object"))?;
        if row.len() != keys.len() + 1 {
            return Err(Trouble::malformed("rows have different decision points"));
        }
        let mut values = Vec::with_capacity(keys.len());
        for key in &keys {
            values.push(value(points, row, key)?);
        }
        let decided = value(points, row, outcome)?;
        push(&mut table, values, decided)?;
    }
    checked(table)
}

/// The name of a decision point with version and owner, as the CSV's header has it: `In KEV v1.0.0 (cisa)`.
fn title(points: &Map<String, Value>, key: &str) -> Result<String, Trouble> {
    let point = points.get(key).ok_or_else(|| Trouble::malformed(format!("no decision point is called {key:?}")))?;
    let text = |name: &str| point.get(name).and_then(Value::as_str).unwrap_or_default();
    let owner = match text("namespace") {
        "" | "ssvc" => String::new(),
        owner => format!(" ({owner})"),
    };
    Ok(format!("{} v{}{owner}", text("name"), text("version")))
}

/// The name of the value that a row has for a decision point.
fn value(points: &Map<String, Value>, row: &Map<String, Value>, key: &str) -> Result<String, Trouble> {
    let wanted = row.get(key).and_then(Value::as_str);
    let values = points.get(key).and_then(|point| point.get("values")).and_then(Value::as_array);
    let is_wanted = |value: &&Value| value.get("key").and_then(Value::as_str) == wanted;
    let found = values.and_then(|values| values.iter().find(is_wanted)).and_then(|value| value.get("name")?.as_str());
    found.filter(|_| wanted.is_some()).map(str::to_lowercase).ok_or_else(|| {
        Trouble::malformed(format!("a row has a value of {key:?} that the decision point does not have"))
    })
}

fn push(table: &mut DecisionTable, values: Vec<String>, outcome: String) -> Result<(), Trouble> {
    if table.rows.len() >= DECISION_ROWS_MAX {
        return Err(Trouble::too_large(format!("more than {DECISION_ROWS_MAX} rows")));
    }
    table.rows.push((values, outcome));
    Ok(())
}

fn checked(table: DecisionTable) -> Result<DecisionTable, Trouble> {
    let is_empty = table.points.is_empty() || table.rows.is_empty();
    if is_empty { Err(Trouble::malformed("a table without decision points or rows")) } else { Ok(table) }
}
