//! Dictionary names of NIST: CPE 2.3 as formatted strings and as URIs (NIST IR 7695), and how two of them compare (NIST IR 7696).
//!
//! Deliberately absent: the applicability language (NIST IR 7698), whose `AND` between names is for whoever reads a feed that has it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits;

/// A well-formed name: eleven attributes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cpe {
    attributes: [Value; 11],
}

/// The value of an attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Any value.
    #[default]
    Any,
    /// No value can be.
    Na,
    /// A text, in small letters, perhaps with wildcards at its ends.
    Text(Box<[Glyph]>),
}

/// A letter of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Glyph {
    /// Itself.
    Plain(char),
    /// `*`: any letters, or none.
    Many,
    /// `?`: one letter at most.
    One,
}

/// The attributes, in the order of a formatted string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// `a` application, `o` operating system, `h` hardware.
    Part,
    /// Who makes it.
    Vendor,
    /// What it is called.
    Product,
    /// Its version.
    Version,
    /// Update, service pack.
    Update,
    /// Edition, as CPE 2.2 had it.
    Edition,
    /// Language (RFC 5646).
    Language,
    /// Edition of the software.
    SwEdition,
    /// The computing environment.
    TargetSw,
    /// The machine.
    TargetHw,
    /// Whatever else.
    Other,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Attribute; 11] = [
        Attribute::Part,
        Attribute::Vendor,
        Attribute::Product,
        Attribute::Version,
        Attribute::Update,
        Attribute::Edition,
        Attribute::Language,
        Attribute::SwEdition,
        Attribute::TargetSw,
        Attribute::TargetHw,
        Attribute::Other,
    ];
}

/// How a source value compares with a target value (NIST IR 7696, table 6-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// They are the same.
    Equal,
    /// The source is a part of the target.
    Subset,
    /// The target is a part of the source.
    Superset,
    /// They have nothing in common.
    Disjoint,
    /// Not defined: a wildcard in the target.
    Undefined,
}

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no CPE name: {0}")]
pub struct NoCpe(&'static str);

impl Cpe {
    /// Reads a formatted string (`cpe:2.3:a:…`) or a URI (`cpe:/a:…`).
    ///
    /// ```
    /// use model::software::Cpe;
    /// let cpe = Cpe::parse("cpe:/a:nginx:nginx:1.18.0")?;
    /// assert_eq!(cpe.to_string(), "cpe:2.3:a:nginx:nginx:1.18.0:*:*:*:*:*:*:*");
    /// # Ok::<(), model::software::cpe::NoCpe>(())
    /// ```
    ///
    /// # Errors
    /// It is neither, or a value is not allowed.
    pub fn parse(text: &str) -> Result<Self, NoCpe> {
        let text = text.trim();
        if text.len() > limits::SOFTWARE_NAME_BYTES_MAX {
            return Err(NoCpe("it is too long"));
        }
        let begins = |prefix: &str| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
        let cpe = if begins("cpe:2.3:") {
            formatted(text.get(8..).unwrap_or_default())?
        } else if begins("cpe:/") {
            uri(text.get(5..).unwrap_or_default())?
        } else {
            return Err(NoCpe("it begins neither with `cpe:2.3:` nor with `cpe:/`"));
        };
        // What was not escaped gets longer when it is written.
        if cpe.to_string().len() > limits::SOFTWARE_NAME_BYTES_MAX {
            return Err(NoCpe("it is too long"));
        }
        Ok(cpe)
    }

    /// The name that words suggest, of whatever part and version: small letters, `_` for blanks.
    pub fn of_words(vendor: &str, product: &str) -> Self {
        let mut attributes: [Value; 11] = Default::default();
        let plain = |text: &str| {
            let letters = text.chars().flat_map(char::to_lowercase);
            Value::Text(letters.map(|c| Glyph::Plain(if c.is_whitespace() { '_' } else { c })).collect())
        };
        for (attribute, text) in attributes.iter_mut().skip(1).zip([vendor.trim(), product.trim()]) {
            *attribute = if text.is_empty() { Value::Any } else { plain(text) };
        }
        Cpe { attributes }
    }

    /// The value of an attribute.
    pub fn value(&self, attribute: Attribute) -> &Value {
        static ANY: Value = Value::Any;
        self.attributes.get(attribute as usize).unwrap_or(&ANY)
    }

    /// The plain text of an attribute; `None` where it is any, none, or has wildcards.
    pub fn text(&self, attribute: Attribute) -> Option<String> {
        self.value(attribute).plain()
    }

    /// The same name with another value.
    #[must_use]
    pub fn with(mut self, attribute: Attribute, value: Value) -> Self {
        if let Some(own) = self.attributes.get_mut(attribute as usize) {
            *own = value;
        }
        self
    }

    /// How each attribute of this name, as the source, compares with that of another, as the target.
    pub fn compare<'c>(&'c self, target: &'c Cpe) -> impl Iterator<Item = (Attribute, Relation)> + 'c {
        let both = self.attributes.iter().zip(&target.attributes);
        Attribute::ALL.into_iter().zip(both).map(|(attribute, (source, target))| (attribute, source.compare(target)))
    }

    /// Whether this name covers the other (`CPE_SUPERSET`, section 6.2): the test of an advisory's name against an inventory's.
    pub fn covers(&self, target: &Cpe) -> bool {
        self.compare(target).all(|(_, relation)| matches!(relation, Relation::Equal | Relation::Superset))
    }

    /// Whether the two have nothing in common (`CPE_DISJOINT`).
    pub fn is_disjoint(&self, target: &Cpe) -> bool {
        self.compare(target).any(|(_, relation)| relation == Relation::Disjoint)
    }
}

impl Value {
    /// Without wildcards, as a text.
    pub fn plain(&self) -> Option<String> {
        let Value::Text(glyphs) = self else { return None };
        glyphs.iter().map(|glyph| if let Glyph::Plain(letter) = glyph { Some(*letter) } else { None }).collect()
    }

    fn has_wildcards(&self) -> bool {
        matches!(self, Value::Text(glyphs) if glyphs.iter().any(|glyph| !matches!(glyph, Glyph::Plain(_))))
    }

    /// Table 6-2 of NIST IR 7696.
    fn compare(&self, target: &Value) -> Relation {
        match (self, target) {
            (_, target) if target.has_wildcards() && self != target => Relation::Undefined,
            (Value::Any, Value::Any) | (Value::Na, Value::Na) => Relation::Equal,
            (Value::Any, _) => Relation::Superset,
            (_, Value::Any) => Relation::Subset,
            (Value::Na, _) | (_, Value::Na) => Relation::Disjoint,
            (Value::Text(source), Value::Text(target)) if source == target => Relation::Equal,
            (Value::Text(source), Value::Text(target)) if self.has_wildcards() && fits(source, target) => {
                Relation::Superset
            }
            _ => Relation::Disjoint,
        }
    }
}

/// Whether a text fits a pattern. Wildcards stand at the ends only, so this is short: each `*` is tried at most once for each letter.
fn fits(pattern: &[Glyph], text: &[Glyph]) -> bool {
    let is_wild = |glyph: &Glyph| !matches!(glyph, Glyph::Plain(_));
    let front = pattern.iter().take_while(|glyph| is_wild(glyph)).count();
    let Some(rest) = pattern.get(front..) else { return false };
    let back = rest.iter().rev().take_while(|glyph| is_wild(glyph)).count();
    let (Some(before), Some(middle), Some(behind)) =
        (pattern.get(..front), rest.get(..rest.len() - back), rest.get(rest.len() - back..))
    else {
        return false;
    };
    let most = |glyphs: &[Glyph]| if glyphs.contains(&Glyph::Many) { usize::MAX } else { glyphs.len() };
    let Some(spare) = text.len().checked_sub(middle.len()) else { return false };
    (0..=spare).any(|start| {
        start <= most(before)
            && spare - start <= most(behind)
            && text.get(start..start + middle.len()).is_some_and(|part| part == middle)
    })
}

/// Section 6.2.2.1 of NIST IR 7695: values between colons, a backslash in front of what would mean something.
fn formatted(text: &str) -> Result<Cpe, NoCpe> {
    let mut attributes: [Value; 11] = Default::default();
    let mut parts = Vec::new();
    let (mut part, mut is_quoted) = (Vec::new(), false);
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            _ if is_quoted => {
                part.push(Glyph::Plain(letter));
                is_quoted = false;
            }
            '\\' => is_quoted = true,
            ':' => parts.push(std::mem::take(&mut part)),
            '*' => part.push(Glyph::Many),
            '?' => part.push(Glyph::One),
            _ => part.push(Glyph::Plain(letter)),
        }
    }
    if is_quoted {
        return Err(NoCpe("a backslash at its end"));
    }
    // A lone hyphen is "none", and a quoted one a text; both are one plain letter by now, so the text is asked.
    parts.push(part);
    if parts.len() != attributes.len() {
        return Err(NoCpe("a formatted string has eleven values behind its version"));
    }
    let is_na = naked_hyphens(text);
    for ((attribute, part), is_na) in attributes.iter_mut().zip(parts).zip(is_na) {
        *attribute = match part.as_slice() {
            [] => return Err(NoCpe("a value that is empty")),
            [Glyph::Many] => Value::Any,
            _ if is_na => Value::Na,
            _ => value(part)?,
        };
    }
    named(attributes)
}

/// For each value of a formatted string, whether it is a lone hyphen.
fn naked_hyphens(text: &str) -> Vec<bool> {
    let mut found = Vec::new();
    let (mut start, mut is_quoted) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        if byte == b':' && !is_quoted {
            found.push(text.get(start..at) == Some("-"));
            start = at + 1;
        }
        is_quoted = byte == b'\\' && !is_quoted;
    }
    found.push(text.get(start..) == Some("-"));
    found
}

/// Wildcards stand at the ends only, and `*` but once at each (section 5.3.2).
fn value(glyphs: Vec<Glyph>) -> Result<Value, NoCpe> {
    let is_wild = |glyph: &Glyph| !matches!(glyph, Glyph::Plain(_));
    let first = glyphs.iter().position(|glyph| !is_wild(glyph)).ok_or(NoCpe("a value of wildcards only"))?;
    let last = glyphs.iter().rposition(|glyph| !is_wild(glyph)).unwrap_or(first);
    let inside = glyphs.get(first..=last).unwrap_or_default();
    if inside.iter().any(is_wild) {
        return Err(NoCpe("a wildcard inside a value"));
    }
    let ends = [glyphs.get(..first).unwrap_or_default(), glyphs.get(last + 1..).unwrap_or_default()];
    if ends.iter().any(|end| end.contains(&Glyph::Many) && end.len() > 1) {
        return Err(NoCpe("a `*` beside another wildcard"));
    }
    if inside.iter().any(|glyph| matches!(glyph, Glyph::Plain(letter) if letter.is_control())) {
        return Err(NoCpe("a control character"));
    }
    Ok(Value::Text(glyphs.into()))
}

/// Section 6.1 of NIST IR 7695: at most seven values between colons, percent-encoded; the sixth may hold five of them between tildes.
fn uri(text: &str) -> Result<Cpe, NoCpe> {
    let mut attributes: [Value; 11] = Default::default();
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 7 {
        return Err(NoCpe("a URI has seven values at most"));
    }
    let mut set = |attribute: Attribute, text: &str| -> Result<(), NoCpe> {
        if let Some(own) = attributes.get_mut(attribute as usize) {
            *own = unbound(text)?;
        }
        Ok(())
    };
    for (attribute, part) in Attribute::ALL.into_iter().zip(&parts) {
        match (attribute, part.strip_prefix('~')) {
            (Attribute::Edition, Some(packed)) => {
                let mut inner = packed.split('~');
                for attribute in [
                    Attribute::Edition,
                    Attribute::SwEdition,
                    Attribute::TargetSw,
                    Attribute::TargetHw,
                    Attribute::Other,
                ] {
                    set(attribute, inner.next().unwrap_or_default())?;
                }
                if inner.next().is_some() {
                    return Err(NoCpe("an edition of more than five parts"));
                }
            }
            _ => set(attribute, part)?,
        }
    }
    named(attributes)
}

/// A value of a URI; `%01` is `?`, `%02` is `*`.
fn unbound(text: &str) -> Result<Value, NoCpe> {
    match text {
        "" => return Ok(Value::Any),
        "-" => return Ok(Value::Na),
        _ => {}
    }
    let mut glyphs = Vec::new();
    let mut letters = text.chars().flat_map(char::to_lowercase);
    while let Some(letter) = letters.next() {
        if letter != '%' {
            glyphs.push(Glyph::Plain(letter));
            continue;
        }
        let digit = |letter: Option<char>| letter.and_then(|letter| letter.to_digit(16));
        let (Some(high), Some(low)) = (digit(letters.next()), digit(letters.next())) else {
            return Err(NoCpe("a percent sign without two hexadecimal digits"));
        };
        glyphs.push(match high * 16 + low {
            1 => Glyph::One,
            2 => Glyph::Many,
            code @ 0x21..=0x7e => Glyph::Plain(char::from(code as u8).to_ascii_lowercase()),
            _ => return Err(NoCpe("an encoded letter that is none of those allowed")),
        });
    }
    value(glyphs)
}

fn named(attributes: [Value; 11]) -> Result<Cpe, NoCpe> {
    let cpe = Cpe { attributes };
    let is_part = match cpe.value(Attribute::Part) {
        Value::Any => true,
        value => value.plain().is_some_and(|part| matches!(part.as_str(), "a" | "o" | "h")),
    };
    if is_part { Ok(cpe) } else { Err(NoCpe("its part is none of a, o and h")) }
}

impl fmt::Display for Cpe {
    /// The formatted string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cpe:2.3")?;
        for value in &self.attributes {
            write!(f, ":{value}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let glyphs = match self {
            Value::Any => return f.write_str("*"),
            Value::Na => return f.write_str("-"),
            Value::Text(glyphs) => glyphs,
        };
        for glyph in glyphs {
            match glyph {
                Glyph::Many => f.write_str("*")?,
                Glyph::One => f.write_str("?")?,
                // A lone hyphen would mean "none"; inside a text hyphens stand plain in formatted strings.
                Glyph::Plain('-') if glyphs.len() == 1 => f.write_str("\\-")?,
                Glyph::Plain(letter) if letter.is_ascii_punctuation() && !matches!(letter, '-' | '.' | '_') => {
                    write!(f, "\\{letter}")?;
                }
                Glyph::Plain(letter) => write!(f, "{letter}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Cpe {
    type Err = NoCpe;

    fn from_str(text: &str) -> Result<Self, NoCpe> {
        Cpe::parse(text)
    }
}

impl TryFrom<String> for Cpe {
    type Error = NoCpe;

    fn try_from(text: String) -> Result<Self, NoCpe> {
        Cpe::parse(&text)
    }
}

impl From<Cpe> for String {
    fn from(cpe: Cpe) -> String {
        cpe.to_string()
    }
}
