//! A record's wanted fields by number, found in one pass.
//!
//! A mapper asks for some thirty of the names that it knows. Looking each up among fifty fields would cost more than the
//! scan did; here every field's name is hashed once into the number that the mapper's table gives it, and what nobody
//! wants falls out at once. The first field of a name wins, as in [`model::Fields::get`]. Values that only say "nothing"
//! (empty, `-`, `(empty)`) read as absent. Deliberately absent: names that are not known when we are compiled.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::net::IpAddr;

use model::native::Field;
use model::{Fields, Scalar, Text, Timestamp};

/// Most names that one table may have.
pub(crate) const SLOTS_MAX: usize = 384;

/// The names that a mapper wants; more than one name may share a number.
pub(crate) struct Names {
    /// Open addressing: index into `list` plus one, 0 where nothing is.
    table: Box<[u16]>,
    list: Vec<(&'static str, u16)>,
}

impl Names {
    /// A table over `list`.
    pub(crate) fn new(list: Vec<(&'static str, u16)>) -> Self {
        let size = (list.len() * 4).next_power_of_two().max(16);
        let mut table = vec![0u16; size].into_boxed_slice();
        for (number, (name, _)) in list.iter().enumerate() {
            let mut at = hash(name) & (size - 1);
            while table[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            table[at] = number as u16 + 1;
        }
        Names { table, list }
    }

    /// The number of that name.
    fn find(&self, name: &str) -> Option<usize> {
        let mask = self.table.len() - 1;
        let mut at = hash(name) & mask;
        loop {
            let number = self.table[at];
            if number == 0 {
                return None;
            }
            let (known, slot) = self.list[usize::from(number) - 1];
            if known == name {
                return Some(usize::from(slot));
            }
            at = (at + 1) & mask;
        }
    }
}

/// Length and four letters tell field names apart well enough; the comparison behind it decides.
fn hash(name: &str) -> usize {
    let bytes = name.as_bytes();
    let length = bytes.len();
    let byte = |at: usize| bytes.get(at).copied().map_or(0, usize::from);
    let mixed = length
        ^ byte(0) << 4
        ^ byte(length / 3) << 9
        ^ byte(length / 2) << 13
        ^ byte(length.saturating_sub(2)) << 17
        ^ byte(length.saturating_sub(1)) << 21;
    mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40
}

/// The names of one format as numbers.
pub(crate) trait Slot: Copy {
    /// The table of names.
    fn names() -> &'static Names;
    /// The number.
    fn number(self) -> usize;
}

/// Declares an enum of slots and its table. A slot may have several names.
macro_rules! slots {
    ($(#[$doc:meta])* $name:ident { $($slot:ident = $($text:literal)|+,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[repr(u16)]
        pub(crate) enum $name { $($slot,)+ }

        impl $name {
            /// Every name that the table knows.
            #[cfg(test)]
            pub(crate) const ALL: &'static [&'static str] = &[$($($text,)+)+];
        }

        impl $crate::row::Slot for $name {
            fn names() -> &'static $crate::row::Names {
                static NAMES: std::sync::LazyLock<$crate::row::Names> = std::sync::LazyLock::new(|| {
                    $crate::row::Names::new(vec![$($(($text, $name::$slot as u16),)+)+])
                });
                &NAMES
            }

            fn number(self) -> usize {
                self as usize
            }
        }
    };
}
pub(crate) use slots;

/// One record, indexed.
pub(crate) struct Row<'f, S> {
    fields: &'f [Field<'f>],
    /// Index of the field plus one; 0 where there is none.
    cells: [u16; SLOTS_MAX],
    slots: PhantomData<S>,
}

impl<'f, S: Slot> Row<'f, S> {
    /// Indexes a record.
    pub(crate) fn new(fields: &'f Fields<'f>) -> Self {
        let names = S::names();
        let mut cells = [0u16; SLOTS_MAX];
        let fields = fields.as_slice();
        for (index, field) in fields.iter().enumerate() {
            if let Some(slot) = names.find(&field.name)
                && let Some(cell) = cells.get_mut(slot)
                && *cell == 0
            {
                *cell = index as u16 + 1;
            }
        }
        Row { fields, cells, slots: PhantomData }
    }

    /// All fields, for the few values that stand as pairs of name and value.
    pub(crate) fn fields(&self) -> &'f [Field<'f>] {
        self.fields
    }

    fn index(&self, slot: S) -> Option<usize> {
        self.cells[slot.number()].checked_sub(1).map(usize::from)
    }

    /// Whether the record has the field at all.
    pub(crate) fn has(&self, slot: S) -> bool {
        self.index(slot).is_some()
    }

    /// The value as it stands.
    pub(crate) fn get(&self, slot: S) -> Option<&'f Scalar<'f>> {
        self.index(slot).map(|index| &self.fields[index].value)
    }

    /// The value as text; an array gives its first member.
    pub(crate) fn str(&self, slot: S) -> Option<Cow<'f, str>> {
        let index = self.index(slot)?;
        let field = &self.fields[index];
        let value = match &field.value {
            Scalar::Array => &self.fields.get(index + 1).filter(|next| next.name == field.name)?.value,
            value => value,
        };
        told(value)
    }

    /// The value as an owned text.
    pub(crate) fn text(&self, slot: S) -> Option<String> {
        self.str(slot).map(Cow::into_owned)
    }

    /// Whether the value is that text, letter case aside.
    pub(crate) fn is(&self, slot: S, text: &str) -> bool {
        self.str(slot).is_some_and(|value| value.eq_ignore_ascii_case(text))
    }

    /// Every member of an array, or the one value that is none.
    pub(crate) fn list(&self, slot: S) -> impl Iterator<Item = Cow<'f, str>> + use<'f, S> {
        let start = self.index(slot);
        let name = start.map_or("", |at| self.fields[at].name.as_ref());
        let rest = start.map_or(&[][..], |at| &self.fields[at..]);
        rest.iter().take_while(move |field| field.name == name).filter_map(|field| told(&field.value))
    }

    /// The value as a whole number: decimal, or hexadecimal after `0x`.
    pub(crate) fn int(&self, slot: S) -> Option<i64> {
        number(self.get(slot)?)
    }

    /// The value as a port.
    pub(crate) fn port(&self, slot: S) -> Option<u16> {
        self.int(slot).and_then(|port| u16::try_from(port).ok())
    }

    /// The value as a truth.
    pub(crate) fn truth(&self, slot: S) -> Option<bool> {
        match self.get(slot)? {
            Scalar::Bool(truth) => Some(*truth),
            value => match told(value)?.as_ref() {
                "true" | "True" | "TRUE" | "1" | "yes" | "Yes" | "T" => Some(true),
                "false" | "False" | "FALSE" | "0" | "no" | "No" | "F" => Some(false),
                _ => None,
            },
        }
    }

    /// The value as a floating-point number.
    pub(crate) fn float(&self, slot: S) -> Option<f64> {
        told(self.get(slot)?)?.trim().parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// The value as an address in its plain form.
    pub(crate) fn ip(&self, slot: S) -> Option<String> {
        address(&self.str(slot)?)
    }

    /// The value as a MAC address.
    pub(crate) fn mac(&self, slot: S) -> Option<String> {
        self.text(slot).filter(|text| is_mac(text))
    }

    /// The value as a point in time.
    pub(crate) fn time(&self, slot: S) -> Option<Timestamp> {
        let index = self.index(slot)?;
        moment(&self.fields[index].value)
    }

    /// The value as milliseconds since the epoch; a time at the epoch itself stands for "not set".
    pub(crate) fn millis(&self, slot: S) -> Option<i64> {
        self.time(slot).map(Timestamp::as_millis).filter(|millis| *millis != 0)
    }
}

/// The vector, unless it is empty.
pub(crate) fn some_of<T>(list: Vec<T>) -> Option<Vec<T>> {
    if list.is_empty() { None } else { Some(list) }
}

/// The text of a value that says something.
pub(crate) fn told<'f>(value: &'f Scalar<'f>) -> Option<Cow<'f, str>> {
    let text = value.to_str()?;
    if matches!(text.as_ref(), "" | "-" | "(empty)") { None } else { Some(text) }
}

/// A whole number: decimal, or hexadecimal after `0x`.
pub(crate) fn number(value: &Scalar<'_>) -> Option<i64> {
    if let Scalar::Text(Text::Plain(text)) = value
        && let Some(hex) = text.trim().strip_prefix("0x").or_else(|| text.trim().strip_prefix("0X"))
    {
        // Handles and keys fill all 64 bits; as OCSF's signed long they wrap, as they do in the API.
        return u64::from_str_radix(hex, 16).ok().map(|number| number as i64);
    }
    value.to_i64()
}

/// An address in its plain form: without zone, port or brackets, IPv4 out of its mapping into IPv6.
pub(crate) fn address(text: &str) -> Option<String> {
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    match bare.parse::<IpAddr>().ok()? {
        IpAddr::V4(_) => Some(bare.to_owned()),
        IpAddr::V6(v6) => Some(v6.to_canonical().to_string()),
    }
}

/// Six pairs of hexadecimal digits with colons or hyphens between them.
pub(crate) fn is_mac(text: &str) -> bool {
    let at = |(index, byte): (usize, u8)| match index % 3 {
        2 => matches!(byte, b':' | b'-'),
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 17 && text.bytes().enumerate().all(at)
}

/// A point in time, as text in the forms of [`Timestamp::parse`] or as a number of seconds, milliseconds, microseconds or
/// nanoseconds since the epoch; which one follows from its size, as no log is from before 1973 or after 5138.
pub(crate) fn moment(value: &Scalar<'_>) -> Option<Timestamp> {
    let text = told(value)?;
    match Timestamp::parse(&text) {
        Some(at) => Some(at),
        None if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E')) => {
            since_epoch(text.parse().ok()?)
        }
        None => None,
    }
}

fn since_epoch(number: f64) -> Option<Timestamp> {
    let size = number.abs();
    if size < 1e11 {
        Timestamp::from_seconds_f64(number)
    } else if size < 1e14 {
        Timestamp::from_seconds_f64(number / 1e3)
    } else if size < 1e17 {
        Timestamp::from_seconds_f64(number / 1e6)
    } else {
        Timestamp::from_seconds_f64(number / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use model::Format;
    use proptest::prelude::*;

    slots! {
        /// Some names.
        Some3 { Image = "Image" | "image", List = "List", Number = "Number", }
    }

    #[test]
    fn finds_what_is_wanted() {
        let body = br#"{"x":1,"image":"a","List":["b","c"],"Number":"0x1F","Image":"z"}"#;
        let fields = json::scan(body, Format::Json, json::no_lift).unwrap();
        assert_eq!(Some3::ALL.len(), 4);
        let row = Row::<Some3>::new(&fields);
        assert_eq!(row.text(Some3::Image).as_deref(), Some("a"));
        assert_eq!(row.list(Some3::List).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(row.text(Some3::List).as_deref(), Some("b"));
        assert_eq!(row.int(Some3::Number), Some(31));
    }

    #[test]
    fn addresses_become_plain() {
        let check = |text: &str, plain: Option<&str>| assert_eq!(address(text).as_deref(), plain, "{text}");
        check("10.0.0.1", Some("10.0.0.1"));
        check("::ffff:10.0.0.1", Some("10.0.0.1"));
        check("fe80::1%12", Some("fe80::1"));
        check("[2001:DB8::1]", Some("2001:db8::1"));
        check("LOCAL", None);
        check("10.0.0.1:80", None);
    }

    #[test]
    fn times_in_any_unit() {
        let check = |text: &'static str, seconds: Option<i64>| {
            let value = Scalar::Text(Text::plain(text));
            assert_eq!(moment(&value).map(|at| at.as_micros() / 1_000_000), seconds, "{text}");
        };
        check("2020-01-01T00:00:00Z", Some(1_577_836_800));
        check("1577836800.25", Some(1_577_836_800));
        check("1577836800000", Some(1_577_836_800));
        check("1577836800000000", Some(1_577_836_800));
        check("1577836800000000000", Some(1_577_836_800));
        check("soon", None);
        check("-", None);
    }

    proptest! {
        #[test]
        fn numbers_and_times_never_panic(text in "[0-9a-fxXeE.+:TZ -]{0,24}") {
            let value = Scalar::Text(Text::Plain(text.into()));
            let _ = (number(&value), moment(&value));
        }
    }
}
