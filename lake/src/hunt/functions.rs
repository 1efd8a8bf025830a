//! Functions of the engine that are slow on this table's times, mended.
//!
//! All times of the table are in UTC, and say so in their type. For a time with a zone, even this one, `date_trunc` goes
//! through the calendar row by row; for one without a zone, it divides. In UTC both are the same.

use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::functions::datetime::date_trunc;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use deltalake::arrow::array::make_array;
use deltalake::arrow::datatypes::{DataType, FieldRef};

/// The mended functions, which take the place of the engine's.
pub(super) fn mended() -> Vec<ScalarUDF> {
    vec![ScalarUDF::new_from_impl(WithoutZone(date_trunc()))]
}

/// A function of a time that gives a time, where the zone UTC makes no difference.
#[derive(Debug, PartialEq, Eq, Hash)]
struct WithoutZone(Arc<ScalarUDF>);

/// The type without its zone, when that is UTC.
fn without_zone(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Timestamp(unit, Some(zone)) if matches!(&**zone, "UTC" | "Z" | "+00:00") => {
            Some(DataType::Timestamp(*unit, None))
        }
        _ => None,
    }
}

fn retyped(field: &FieldRef, data_type: DataType) -> FieldRef {
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// The same numbers under another type of time. Arrow's own cast would ask the calendar again.
fn recast(value: &ColumnarValue, data_type: &DataType) -> Result<ColumnarValue, DataFusionError> {
    Ok(match value {
        ColumnarValue::Array(array) => {
            let data = array.to_data().into_builder().data_type(data_type.clone()).build()?;
            ColumnarValue::Array(make_array(data))
        }
        ColumnarValue::Scalar(scalar) => ColumnarValue::Scalar(scalar.cast_to(data_type)?),
    })
}

impl ScalarUDFImpl for WithoutZone {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn aliases(&self) -> &[String] {
        self.0.aliases()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType, DataFusionError> {
        self.0.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef, DataFusionError> {
        self.0.return_field_from_args(args)
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let given = args.return_field.data_type().clone();
        let Some(plain) = without_zone(&given) else { return self.0.invoke_with_args(args) };
        for (value, field) in args.args.iter_mut().zip(&mut args.arg_fields) {
            if *field.data_type() == given {
                *value = recast(value, &plain)?;
                *field = retyped(field, plain.clone());
            }
        }
        args.return_field = retyped(&args.return_field, plain);
        recast(&self.0.invoke_with_args(args)?, &given)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties, DataFusionError> {
        self.0.output_ordering(inputs)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.0.documentation()
    }
}
