//! Personal columns under a mask.
//!
//! Without a purpose, accounts become pseudonyms: the same account is the same pseudonym in every hunt of this lake, so
//! counting and grouping still work, and nobody learns who it is. Free text, which can hold anything, is not shown, and
//! cannot be searched either: the mask lies under every filter, so a `WHERE` sees what a `SELECT` shows.
//!
//! Addresses and machine names stay: a hunt for a machine is the daily work of whoever is on duty.

use std::sync::Arc;

use datafusion::functions::core::expr_fn::{get_field, named_struct};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarUDF, Volatility, cast, create_udf, when};
use datafusion::prelude::{col, lit};
use datafusion::scalar::ScalarValue;
use deltalake::arrow::array::{Array, AsArray, StringArray, StringBuilder};
use deltalake::arrow::datatypes::{DataType, Field};

use crate::schema::{partition_fields, view_schema};

/// What stands in place of text that is not shown.
pub(crate) const MASKED: &str = "[masked: no purpose]";

/// Attributes of an account that become pseudonyms, wherever an account stands.
const ACCOUNT: &[&str] = &["name", "uid", "full_name", "email_addr"];

/// Objects that are accounts.
const ACCOUNTS: &[&str] = &["user", "account"];

/// Other attributes that are pseudonyms.
const PSEUDONYMS: &[&str] = &["email.from"];

/// Columns and attributes of free text, wherever they stand: each could name a person.
const FREE_TEXT: &[&str] = &[
    "raw",
    "raw_bytes",
    "ocsf",
    "message",
    "status_detail",
    "cmd_line",
    "path",
    "parent_folder",
    "working_directory",
    "url_string",
    "query_string",
    "referrer",
    "reg_string_data",
    "script_content",
    "subject",
    "to",
    "desc",
];

/// The table's columns, masked, under their own names.
pub(super) fn columns(key: &[u8; 32]) -> Vec<Expr> {
    let pseudonym = Arc::new(pseudonym_function(*key));
    let schema = view_schema();
    let fields = schema.fields().iter().cloned().chain(partition_fields());
    // A qualifier of their own, or the optimiser takes a masked column for the one below it.
    let shown = |field: Arc<Field>| {
        masked(col(field.name()), &field, "", &pseudonym).alias_qualified(Some("masked"), field.name())
    };
    fields.map(shown).collect()
}

fn masked(value: Expr, field: &Field, parent: &str, pseudonym: &Arc<ScalarUDF>) -> Expr {
    let name = field.name().as_str();
    let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
    if FREE_TEXT.contains(&name) {
        return hidden(value, field.data_type());
    }
    let is_account = ACCOUNTS.contains(&parent.rsplit('.').next().unwrap_or_default()) && ACCOUNT.contains(&name);
    if is_account || PSEUDONYMS.contains(&path.as_str()) {
        return Expr::ScalarFunction(datafusion::logical_expr::expr::ScalarFunction::new_udf(
            Arc::clone(pseudonym),
            vec![value],
        ));
    }
    match field.data_type() {
        DataType::Struct(fields) if fields.iter().any(|field| holds_personal(field, &path)) => {
            let parts = fields.iter().flat_map(|field| {
                let part = get_field(value.clone(), field.name().as_str());
                [lit(field.name().as_str()), masked(part, field, &path, pseudonym)]
            });
            absent_stays_absent(value.clone(), named_struct(parts.collect()))
        }
        _ => value,
    }
}

fn holds_personal(field: &Field, parent: &str) -> bool {
    let name = field.name().as_str();
    let path = format!("{parent}.{name}");
    let is_account = ACCOUNTS.contains(&parent.rsplit('.').next().unwrap_or_default()) && ACCOUNT.contains(&name);
    let inside = match field.data_type() {
        DataType::Struct(fields) => fields.iter().any(|field| holds_personal(field, &path)),
        _ => false,
    };
    inside || is_account || FREE_TEXT.contains(&name) || PSEUDONYMS.contains(&path.as_str())
}

/// Text becomes a constant that says why; what is no text becomes null.
fn hidden(value: Expr, data_type: &DataType) -> Expr {
    let constant = match data_type {
        DataType::Utf8View => Some(ScalarValue::Utf8View(Some(MASKED.to_owned()))),
        DataType::Utf8 => Some(ScalarValue::Utf8(Some(MASKED.to_owned()))),
        _ => None,
    };
    if let Some(constant) = constant {
        return absent_stays_absent(value, Expr::Literal(constant, None));
    }
    match ScalarValue::try_from(data_type) {
        Ok(null) => Expr::Literal(null, None),
        Err(_) => cast(lit(ScalarValue::Null), data_type.clone()),
    }
}

fn absent_stays_absent(value: Expr, shown: Expr) -> Expr {
    // The builder cannot fail with one branch of each kind; were it to, nothing is shown.
    when(value.is_not_null(), shown).end().unwrap_or_else(|_| lit(ScalarValue::Null))
}

fn pseudonym_function(key: [u8; 32]) -> ScalarUDF {
    // Accounts stand inside of objects only, where text is no view.
    let text = DataType::Utf8;
    create_udf(
        "pseudonym",
        vec![text.clone()],
        text,
        Volatility::Immutable,
        Arc::new(move |values: &[ColumnarValue]| {
            let arrays = ColumnarValue::values_to_arrays(values)?;
            let shown = arrays[0].as_string_opt().map(|names| pseudonyms(names, &key));
            Ok(ColumnarValue::Array(Arc::new(shown.unwrap_or_else(|| StringArray::new_null(arrays[0].len())))))
        }),
    )
}

fn pseudonyms(names: &StringArray, key: &[u8; 32]) -> StringArray {
    let mut shown = StringBuilder::new();
    for name in names {
        match name {
            Some(name) => shown.append_value(pseudonym(name, key)),
            None => shown.append_null(),
        }
    }
    shown.finish()
}

/// A keyed hash: without the key, which never leaves the lake, a list of all names does not help. Case is folded, as
/// account names are the same in any case.
fn pseudonym(name: &str, key: &[u8; 32]) -> String {
    let hash = blake3::keyed_hash(key, name.to_lowercase().as_bytes());
    format!("p-{}", &hash.to_hex()[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_stable_and_keyed() {
        let key = [7; 32];
        assert_eq!(pseudonym("Anna", &key), pseudonym("anna", &key));
        assert_ne!(pseudonym("anna", &key), pseudonym("bert", &key));
        assert_ne!(pseudonym("anna", &key), pseudonym("anna", &[8; 32]));
        assert_eq!(pseudonym("anna", &key).len(), 14);
    }

    #[test]
    fn every_account_and_free_text_is_personal() {
        let schema = view_schema();
        let check = |column: &str, personal: bool| {
            let field = schema.field_with_name(column).unwrap();
            let is_column = FREE_TEXT.contains(&column);
            let inside = matches!(field.data_type(), DataType::Struct(fields)
                if fields.iter().any(|field| holds_personal(field, column)));
            assert_eq!(is_column || inside, personal, "{column}");
        };
        for column in
            ["user", "actor", "process", "file", "raw", "ocsf", "raw_bytes", "message", "email", "url", "cloud"]
        {
            check(column, true);
        }
        for column in ["src_endpoint", "dst_endpoint", "device", "metadata", "traffic", "query", "time"] {
            check(column, false);
        }
    }
}
