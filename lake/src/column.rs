//! How an optional value of a record becomes a cell of a column.
//!
//! A [`Column`] takes what it stores *out of* the event, so that what is left afterwards is exactly "the rest", which the
//! lake keeps as JSON. OCSF objects become structs with a validity of their own, so an absent object and an object without
//! attributes stay distinct.
//!
//! An event fills a tenth of the columns. So what is absent is only counted, for an absent object not even attribute by
//! attribute, and written when a value comes after it; a column without any value is [`Blank`] and costs no memory.

use std::sync::Arc;

use deltalake::arrow::array::{
    Array, ArrayBuilder, ArrayRef, BooleanBuilder, Int32Builder, Int64Builder, ListArray, NullBufferBuilder,
    StringBuilder, new_null_array,
};
use deltalake::arrow::buffer::{NullBuffer, OffsetBuffer};
use deltalake::arrow::datatypes::{DataType, Field};

/// A column under construction.
pub(crate) trait Column: Default {
    /// What a record holds of it.
    type Value;

    /// Its type in Arrow.
    fn data_type() -> DataType;

    /// Appends a value and takes what it stores out of it; `true` when nothing is left.
    fn push(&mut self, value: &mut Self::Value) -> bool;

    /// Appends rows without a value.
    fn push_absent(&mut self, rows: usize);

    /// The finished column; the builder is empty afterwards.
    fn finish(&mut self, blank: &mut Blank) -> ArrayRef;
}

/// Columns of `rows` rows without any value, each type made once and shared.
pub(crate) struct Blank {
    rows: usize,
    columns: Vec<ArrayRef>,
}

impl Blank {
    pub(crate) fn new(rows: usize) -> Self {
        Blank { rows, columns: Vec::new() }
    }

    /// The column of a type.
    pub(crate) fn column(&mut self, data_type: &DataType) -> ArrayRef {
        if let Some(known) = self.columns.iter().find(|column| column.data_type() == data_type) {
            return Arc::clone(known);
        }
        let column = new_null_array(data_type, self.rows);
        self.columns.push(Arc::clone(&column));
        column
    }
}

/// Which rows have a value.
#[derive(Debug)]
pub(crate) struct Presence {
    nulls: NullBufferBuilder,
    /// Rows without a value since the last one with a value.
    absent: usize,
}

impl Default for Presence {
    fn default() -> Self {
        Presence { nulls: NullBufferBuilder::new(0), absent: 0 }
    }
}

impl Presence {
    /// Notes a row with a value; gives how many rows without one were not written yet.
    pub(crate) fn push(&mut self) -> usize {
        let absent = std::mem::take(&mut self.absent);
        self.nulls.append_n_nulls(absent);
        self.nulls.append_non_null();
        absent
    }

    pub(crate) fn push_absent(&mut self, rows: usize) {
        self.absent += rows;
    }

    /// Ends the column; gives which rows have a value, and how many at the end are not written yet. `None` when no row has
    /// a value, or all have.
    pub(crate) fn finish(&mut self) -> (Option<NullBuffer>, usize) {
        let absent = std::mem::take(&mut self.absent);
        self.nulls.append_n_nulls(absent);
        (self.nulls.finish(), absent)
    }
}

macro_rules! leaves {
    ($($(#[$doc:meta])* $name:ident: $value:ty => $builder:ident($($capacity:expr),+), $data_type:expr, |$v:ident| $convert:expr;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name {
            values: $builder,
            absent: usize,
        }

        impl Default for $name {
            fn default() -> Self {
                $name { values: $builder::with_capacity($($capacity),+), absent: 0 }
            }
        }

        impl Column for $name {
            type Value = $value;

            fn data_type() -> DataType {
                $data_type
            }

            fn push(&mut self, $v: &mut $value) -> bool {
                if self.absent > 0 {
                    self.values.append_nulls(std::mem::take(&mut self.absent));
                }
                self.values.append_value($convert);
                true
            }

            fn push_absent(&mut self, rows: usize) {
                self.absent += rows;
            }

            fn finish(&mut self, blank: &mut Blank) -> ArrayRef {
                let absent = std::mem::take(&mut self.absent);
                if self.values.is_empty() {
                    return blank.column(&Self::data_type());
                }
                self.values.append_nulls(absent);
                Arc::new(std::mem::take(self).values.finish())
            }
        }
    )+};
}

leaves! {
    /// Text.
    Text: String => StringBuilder(0, 0), DataType::Utf8, |text| text;
    /// Numbers of enumerations. Delta Lake has no unsigned types.
    Enumerated: u32 => Int32Builder(0), DataType::Int32, |number| i32::try_from(*number).unwrap_or(i32::MAX);
    /// Small signed numbers.
    Int: i32 => Int32Builder(0), DataType::Int32, |number| *number;
    /// Ports.
    Port: u16 => Int32Builder(0), DataType::Int32, |number| i32::from(*number);
    /// Large numbers, and OCSF's milliseconds.
    Long: i64 => Int64Builder(0), DataType::Int64, |number| *number;
    /// Yes or no.
    Flag: bool => BooleanBuilder(0), DataType::Boolean, |flag| *flag;
}

/// A list of whatever `C` is a column of.
#[derive(Default)]
pub(crate) struct List<C> {
    items: C,
    /// Of the rows up to the last one with a value.
    lengths: Vec<usize>,
    presence: Presence,
}

impl<C: Column> Column for List<C> {
    type Value = Vec<C::Value>;

    fn data_type() -> DataType {
        DataType::List(Arc::new(Field::new("element", C::data_type(), true)))
    }

    fn push(&mut self, values: &mut Vec<C::Value>) -> bool {
        let absent = self.presence.push();
        self.lengths.extend(std::iter::repeat_n(0, absent));
        self.lengths.push(values.len());
        // An element that is not stored whole leaves the list's rest behind, in order.
        values.retain_mut(|value| !self.items.push(value));
        values.is_empty()
    }

    fn push_absent(&mut self, rows: usize) {
        self.presence.push_absent(rows);
    }

    fn finish(&mut self, blank: &mut Blank) -> ArrayRef {
        let (nulls, absent) = self.presence.finish();
        if self.lengths.is_empty() {
            return blank.column(&Self::data_type());
        }
        self.lengths.extend(std::iter::repeat_n(0, absent));
        let items = self.lengths.iter().sum();
        let offsets = OffsetBuffer::from_lengths(self.lengths.drain(..));
        let field = Arc::new(Field::new("element", C::data_type(), true));
        Arc::new(ListArray::new(field, offsets, self.items.finish(&mut Blank::new(items)), nulls))
    }
}

/// OCSF's name of a field: `type` is a word of Rust's, so the model calls it `type_name`.
pub(crate) fn ocsf_name(field: &'static str) -> &'static str {
    if field == "type_name" { "type" } else { field }
}

/// Makes struct columns out of objects of the model; a field that is not listed stays in the rest. A field of the model may
/// be boxed or not.
macro_rules! object_columns {
    ($($(#[$doc:meta])* $name:ident of $object:ty { $($field:ident: $column:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $name {
            presence: Presence,
            $($field: $column,)+
        }

        impl $name {
            fn fields() -> Fields {
                static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
                    vec![$(Field::new(ocsf_name(stringify!($field)), <$column as Column>::data_type(), true),)+].into()
                });
                Fields::clone(&FIELDS)
            }
        }

        impl Column for $name {
            type Value = $object;

            fn data_type() -> DataType {
                DataType::Struct(Self::fields())
            }

            fn push(&mut self, object: &mut $object) -> bool {
                static EMPTY: LazyLock<$object> = LazyLock::new(Default::default);
                let absent = self.presence.push();
                if absent > 0 {
                    $(self.$field.push_absent(absent);)+
                }
                $(match &mut object.$field {
                    Some(value) => {
                        let value: &mut <$column as Column>::Value = value.borrow_mut();
                        if self.$field.push(value) {
                            object.$field = None;
                        }
                    }
                    None => self.$field.push_absent(1),
                })+
                *object == *EMPTY
            }

            fn push_absent(&mut self, rows: usize) {
                self.presence.push_absent(rows);
            }

            fn finish(&mut self, blank: &mut Blank) -> ArrayRef {
                let (nulls, absent) = self.presence.finish();
                $(self.$field.push_absent(absent);)+
                let columns = vec![$(self.$field.finish(blank),)+];
                Arc::new(StructArray::new(Self::fields(), columns, nulls))
            }
        }
    )+};
}
pub(crate) use object_columns;

#[cfg(test)]
mod tests {
    use deltalake::arrow::array::AsArray;

    use super::*;

    #[test]
    fn values_stand_in_their_rows() {
        let mut column = Text::default();
        column.push_absent(2);
        assert!(column.push(&mut "a".to_owned()));
        assert!(column.push(&mut "b".to_owned()));
        column.push_absent(1);
        let finished = column.finish(&mut Blank::new(5));
        let texts: Vec<_> = finished.as_string::<i32>().iter().collect();
        assert_eq!(texts, [None, None, Some("a"), Some("b"), None]);
        // Empty again.
        column.push_absent(3);
        assert_eq!(column.finish(&mut Blank::new(3)).null_count(), 3);
    }

    #[test]
    fn lists_stand_in_their_rows() {
        let mut column = List::<Long>::default();
        column.push_absent(1);
        assert!(column.push(&mut vec![1, 2]));
        assert!(column.push(&mut Vec::new()));
        column.push_absent(2);
        let finished = column.finish(&mut Blank::new(5));
        let lists = finished.as_list::<i32>();
        assert_eq!(lists.value_offsets(), [0, 0, 2, 2, 2, 2]);
        assert_eq!(lists.iter().map(|list| list.is_some()).collect::<Vec<_>>(), [false, true, true, false, false]);
    }

    #[test]
    fn a_column_without_values_is_shared() {
        let mut blank = Blank::new(4);
        let (mut one, mut other) = (Text::default(), Text::default());
        one.push_absent(4);
        other.push_absent(4);
        let (one, other) = (one.finish(&mut blank), other.finish(&mut blank));
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!((one.len(), one.null_count()), (4, 4));
    }
}
