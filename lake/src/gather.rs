//! Rows of several batches in a new order.
//!
//! Arrow's `interleave` copies every column row by row; here a column that is blank in all batches stays blank, and nine of
//! ten are.

use std::sync::Arc;

use deltalake::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StructArray};
use deltalake::arrow::buffer::{BooleanBuffer, NullBuffer};
use deltalake::arrow::compute::interleave;
use deltalake::arrow::datatypes::DataType;
use deltalake::arrow::error::ArrowError;

use crate::column::Blank;

/// The rows at `positions` (pairs of batch and row) of `batches`, which have the same columns and are at least one.
pub(crate) fn gather(batches: &[RecordBatch], positions: &[(usize, usize)]) -> Result<RecordBatch, ArrowError> {
    let Some(first) = batches.first() else {
        return Err(ArrowError::InvalidArgumentError("no batch to take rows from".to_owned()));
    };
    let blank = &mut Blank::new(positions.len());
    let columns = (0..first.num_columns()).map(|at| {
        let columns: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(at)).collect();
        column(&columns, positions, blank)
    });
    RecordBatch::try_new(first.schema(), columns.collect::<Result<_, _>>()?)
}

fn column(columns: &[&ArrayRef], positions: &[(usize, usize)], blank: &mut Blank) -> Result<ArrayRef, ArrowError> {
    let data_type = columns[0].data_type();
    let is_blank = columns.iter().all(|column| column.null_count() == column.len());
    match data_type {
        // Parquet asks whether a struct is absent before it asks about what is inside.
        DataType::Struct(fields) => {
            let parts = (0..fields.len()).map(|at| {
                let parts: Vec<&ArrayRef> = columns.iter().map(|column| column.as_struct().column(at)).collect();
                self::column(&parts, positions, blank)
            });
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            let nulls = columns.iter().any(|column| column.null_count() > 0).then(|| {
                let is_valid = |(batch, row): &(usize, usize)| columns[*batch].is_valid(*row);
                NullBuffer::new(BooleanBuffer::from_iter(positions.iter().map(is_valid)))
            });
            Ok(Arc::new(StructArray::try_new(fields.clone(), parts, nulls)?))
        }
        _ if is_blank => Ok(blank.column(data_type)),
        _ => {
            let columns: Vec<&dyn Array> = columns.iter().map(|column| column.as_ref()).collect();
            interleave(&columns, positions)
        }
    }
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::array::{Int64Array, StringArray};
    use deltalake::arrow::compute::interleave_record_batch;
    use deltalake::arrow::datatypes::{Field, Fields, Schema};
    use proptest::prelude::*;

    use super::*;

    type Row = (Option<(Option<i64>, Option<String>)>, Option<String>, i64);

    fn batch(rows: &[Row]) -> RecordBatch {
        let inner: Fields = vec![Field::new("n", DataType::Int64, true), Field::new("t", DataType::Utf8, true)].into();
        let schema = Schema::new(vec![
            Field::new("object", DataType::Struct(inner.clone()), true),
            Field::new("text", DataType::Utf8, true),
            Field::new("number", DataType::Int64, false),
        ]);
        let objects = || rows.iter().map(|row| row.0.as_ref());
        let n: Int64Array = objects().map(|object| object.and_then(|object| object.0)).collect();
        let t: StringArray = objects().map(|object| object.and_then(|object| object.1.clone())).collect();
        let nulls = NullBuffer::from_iter(objects().map(|object| object.is_some()));
        let object = StructArray::new(inner, vec![Arc::new(n), Arc::new(t)], Some(nulls));
        let text: StringArray = rows.iter().map(|row| row.1.clone()).collect();
        let number: Int64Array = rows.iter().map(|row| Some(row.2)).collect();
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(object), Arc::new(text), Arc::new(number)]).unwrap()
    }

    proptest! {
        #[test]
        fn rows_are_those_that_arrow_takes(
            first in prop::collection::vec(any::<Row>(), 1..8),
            second in prop::collection::vec(any::<Row>(), 1..8),
            order in prop::collection::vec(any::<(bool, prop::sample::Index)>(), 1..20),
        ) {
            let batches = [batch(&first), batch(&second)];
            let position = |(second_one, row): &(bool, prop::sample::Index)| {
                let at = usize::from(*second_one);
                (at, row.index(batches[at].num_rows()))
            };
            let positions: Vec<_> = order.iter().map(position).collect();
            let expected = interleave_record_batch(&batches.each_ref(), &positions).unwrap();
            prop_assert_eq!(gather(&batches, &positions).unwrap(), expected);
        }
    }
}
