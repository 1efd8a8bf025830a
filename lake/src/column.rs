//! How an optional value of a record becomes a cell of a column.
//!
//! A [`Column`] takes what it stores *out of* the event, so that what is left afterwards is exactly "the rest", which the
//! lake keeps as JSON. Strings are moved, never copied twice. OCSF objects become structs with a validity of their own, so
//! an absent object and an object without attributes stay distinct.

use std::sync::Arc;

use deltalake::arrow::array::{
    ArrayRef, BooleanBuilder, Int32Builder, Int64Builder, ListArray, NullBufferBuilder, StringBuilder,
};
use deltalake::arrow::buffer::OffsetBuffer;
use deltalake::arrow::datatypes::{DataType, Field};

/// A column under construction.
pub(crate) trait Column: Default {
    /// What a record holds of it.
    type Value;

    /// Its type in Arrow.
    fn data_type() -> DataType;

    /// Appends a value and takes what it stored out of `slot`; what it does not store stays there.
    fn push(&mut self, slot: &mut Option<Self::Value>);

    /// The finished column; the builder is empty afterwards.
    fn finish(&mut self) -> ArrayRef;
}

macro_rules! leaves {
    ($($(#[$doc:meta])* $name:ident: $value:ty => $builder:ty, $data_type:expr, |$v:ident| $convert:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $name($builder);

        impl Column for $name {
            type Value = $value;

            fn data_type() -> DataType {
                $data_type
            }

            fn push(&mut self, slot: &mut Option<$value>) {
                match slot.take() {
                    Some($v) => self.0.append_value($convert),
                    None => self.0.append_null(),
                }
            }

            fn finish(&mut self) -> ArrayRef {
                Arc::new(self.0.finish())
            }
        }
    )+};
}

leaves! {
    /// Text.
    Text: String => StringBuilder, DataType::Utf8, |text| text;
    /// Numbers of enumerations. Delta Lake has no unsigned types.
    Enumerated: u32 => Int32Builder, DataType::Int32, |number| i32::try_from(number).unwrap_or(i32::MAX);
    /// Small signed numbers.
    Int: i32 => Int32Builder, DataType::Int32, |number| number;
    /// Ports.
    Port: u16 => Int32Builder, DataType::Int32, |number| i32::from(number);
    /// Large numbers, and OCSF's milliseconds.
    Long: i64 => Int64Builder, DataType::Int64, |number| number;
    /// Yes or no.
    Flag: bool => BooleanBuilder, DataType::Boolean, |flag| flag;
}

/// A list of whatever `C` is a column of.
pub(crate) struct List<C> {
    items: C,
    lengths: Vec<usize>,
    validity: NullBufferBuilder,
}

impl<C: Default> Default for List<C> {
    fn default() -> Self {
        List { items: C::default(), lengths: Vec::new(), validity: NullBufferBuilder::new(0) }
    }
}

impl<C: Column> Column for List<C> {
    type Value = Vec<C::Value>;

    fn data_type() -> DataType {
        DataType::List(Arc::new(Field::new("element", C::data_type(), true)))
    }

    fn push(&mut self, slot: &mut Option<Vec<C::Value>>) {
        self.validity.append(slot.is_some());
        let values = slot.take().unwrap_or_default();
        self.lengths.push(values.len());
        // An element that is not stored whole leaves the list's rest behind, in order.
        let rest: Vec<_> = values
            .into_iter()
            .filter_map(|value| {
                let mut value = Some(value);
                self.items.push(&mut value);
                value
            })
            .collect();
        if !rest.is_empty() {
            *slot = Some(rest);
        }
    }

    fn finish(&mut self) -> ArrayRef {
        let field = Arc::new(Field::new("element", C::data_type(), true));
        let offsets = OffsetBuffer::from_lengths(self.lengths.drain(..));
        Arc::new(ListArray::new(field, offsets, self.items.finish(), self.validity.finish()))
    }
}

/// An object that stands in a box, as the large ones do.
#[derive(Default)]
pub(crate) struct Boxed<C>(C);

impl<C: Column> Column for Boxed<C> {
    type Value = Box<C::Value>;

    fn data_type() -> DataType {
        C::data_type()
    }

    fn push(&mut self, slot: &mut Option<Box<C::Value>>) {
        let mut value = slot.take().map(|boxed| *boxed);
        self.0.push(&mut value);
        *slot = value.map(Box::new);
    }

    fn finish(&mut self) -> ArrayRef {
        self.0.finish()
    }
}

/// OCSF's name of a field: `type` is a word of Rust's, so the model calls it `type_name`.
pub(crate) fn ocsf_name(field: &'static str) -> &'static str {
    if field == "type_name" { "type" } else { field }
}

/// Makes struct columns out of objects of the model; a field that is not listed stays in the rest.
macro_rules! object_columns {
    ($($(#[$doc:meta])* $name:ident of $object:ty { $($field:ident: $column:ty,)+ })+) => {$(
        $(#[$doc])*
        pub(crate) struct $name {
            validity: NullBufferBuilder,
            $($field: $column,)+
        }

        impl Default for $name {
            fn default() -> Self {
                $name { validity: NullBufferBuilder::new(0), $($field: Default::default(),)+ }
            }
        }

        impl $name {
            fn fields() -> Fields {
                vec![$(Field::new(ocsf_name(stringify!($field)), <$column as Column>::data_type(), true),)+].into()
            }
        }

        impl Column for $name {
            type Value = $object;

            fn data_type() -> DataType {
                DataType::Struct(Self::fields())
            }

            fn push(&mut self, slot: &mut Option<$object>) {
                self.validity.append(slot.is_some());
                match slot {
                    Some(object) => {
                        $(self.$field.push(&mut object.$field);)+
                        // Nothing left: its presence is in the column's validity.
                        if *object == <$object>::default() {
                            *slot = None;
                        }
                    }
                    None => {
                        $(self.$field.push(&mut None);)+
                    }
                }
            }

            fn finish(&mut self) -> ArrayRef {
                let columns = vec![$(self.$field.finish(),)+];
                Arc::new(StructArray::new(Self::fields(), columns, self.validity.finish()))
            }
        }
    )+};
}
pub(crate) use object_columns;
