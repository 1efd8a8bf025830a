//! Names of items, and closed lists of words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits;

/// The name of an item: `welfare-portal`, `srv-042.city.example`. Small letters, digits, and `-`, `.`, `_` inside; it stays when the title
/// changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ItemId(Box<str>);

/// Why a text names no item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name of an item; hint: 1 to 100 small letters, digits, and `-`, `.` or `_` inside")]
pub struct NoItemId(String);

impl ItemId {
    /// Reads a name.
    ///
    /// # Errors
    /// It has other characters, or is too long.
    pub fn parse(text: &str) -> Result<Self, NoItemId> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_inner = |byte: u8| is_plain(byte) || matches!(byte, b'-' | b'.' | b'_');
        let bytes = text.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        let is_name = bytes.len() <= limits::ITEM_ID_BYTES_MAX
            && bytes.iter().copied().all(is_inner)
            && ends.iter().all(|end| end.is_some_and(|byte| is_plain(*byte)));
        if is_name { Ok(ItemId(text.into())) } else { Err(NoItemId(text.chars().take(80).collect())) }
    }

    /// The name that a title suggests: `Welfare portal (new)` is `welfare-portal-new`. `None` when nothing is left of it.
    pub fn suggest(title: &str) -> Option<Self> {
        let mut name = String::new();
        for letter in title.chars().flat_map(char::to_lowercase) {
            let plain = match letter {
                'ä' => "ae",
                'ö' => "oe",
                'ü' => "ue",
                'ß' => "ss",
                'é' | 'è' | 'ê' => "e",
                'á' | 'à' | 'â' => "a",
                'ó' | 'ò' | 'ô' => "o",
                'ç' => "c",
                'ñ' => "n",
                '.' | '_' => {
                    name.push(letter);
                    continue;
                }
                _ if letter.is_ascii_alphanumeric() => {
                    name.push(letter);
                    continue;
                }
                _ => "-",
            };
            if plain != "-" || !name.ends_with('-') {
                name.push_str(plain);
            }
            if name.len() >= limits::ITEM_ID_BYTES_MAX {
                break;
            }
        }
        let end = name
            .char_indices()
            .map(|(at, c)| at + c.len_utf8())
            .take_while(|end| *end <= limits::ITEM_ID_BYTES_MAX)
            .last();
        let name = name.get(..end.unwrap_or(0)).unwrap_or_default();
        ItemId::parse(name.trim_matches(['-', '.', '_'])).ok()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ItemId {
    type Err = NoItemId;

    fn from_str(text: &str) -> Result<Self, NoItemId> {
        ItemId::parse(text)
    }
}

impl TryFrom<String> for ItemId {
    type Error = NoItemId;

    fn try_from(text: String) -> Result<Self, NoItemId> {
        ItemId::parse(&text)
    }
}

impl From<ItemId> for String {
    fn from(id: ItemId) -> String {
        id.0.into()
    }
}

/// A word that is none of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}; known are {known}")]
pub struct UnknownWord {
    /// What it should have been.
    pub what: &'static str,
    /// The text, shortened.
    pub text: String,
    /// The list.
    pub known: String,
}

/// A closed list of words, as a type: `name` as it is written, `ALL` of them, and reading.
macro_rules! words {
    ($(#[$doc:meta])* $type:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $type {
            $($(#[$variant_doc])* #[serde(rename = $name)] $variant,)+
        }

        impl $type {
            /// All of them, in their order.
            pub const ALL: &[$type] = &[$($type::$variant,)+];

            /// As it is written.
            pub const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::register::UnknownWord;

            /// Without regard to case, and with blanks and underscores for hyphens.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let plain = text.trim().to_ascii_lowercase().replace([' ', '_'], "-");
                $type::ALL.iter().copied().find(|word| word.name() == plain).ok_or_else(|| $crate::register::UnknownWord {
                    what: $what,
                    text: text.chars().take(80).collect(),
                    known: $type::ALL.iter().map(|word| word.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

pub(crate) use words;
