//! How much a source and what it says are to be believed: the Admiralty code (NATO AJP-2.1, STANAG 2022), A1 to F6.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How reliable a source is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reliability {
    /// Completely reliable.
    A,
    /// Usually reliable.
    B,
    /// Fairly reliable.
    C,
    /// Not usually reliable.
    D,
    /// Unreliable.
    E,
    /// Cannot be judged.
    #[default]
    F,
}

impl Reliability {
    /// All of them.
    pub const ALL: [Reliability; 6] =
        [Reliability::A, Reliability::B, Reliability::C, Reliability::D, Reliability::E, Reliability::F];

    /// What it comes to in percent: MISP's taxonomy `admiralty-scale`, `source-reliability`. Who cannot be judged is given the middle.
    pub const fn percent(self) -> u8 {
        match self {
            Reliability::A => 100,
            Reliability::B => 75,
            Reliability::C | Reliability::F => 50,
            Reliability::D => 25,
            Reliability::E => 0,
        }
    }

    const fn letter(self) -> char {
        match self {
            Reliability::A => 'A',
            Reliability::B => 'B',
            Reliability::C => 'C',
            Reliability::D => 'D',
            Reliability::E => 'E',
            Reliability::F => 'F',
        }
    }
}

/// How credible what it says is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Credibility {
    /// 1: confirmed by other sources.
    Confirmed,
    /// 2: probably true.
    ProbablyTrue,
    /// 3: possibly true.
    PossiblyTrue,
    /// 4: doubtful.
    Doubtful,
    /// 5: improbable.
    Improbable,
    /// 6: cannot be judged.
    #[default]
    Unknown,
}

impl Credibility {
    /// All of them.
    pub const ALL: [Credibility; 6] = [
        Credibility::Confirmed,
        Credibility::ProbablyTrue,
        Credibility::PossiblyTrue,
        Credibility::Doubtful,
        Credibility::Improbable,
        Credibility::Unknown,
    ];

    /// What it comes to in percent: MISP's taxonomy `admiralty-scale`, `information-credibility`. What cannot be judged is given the middle.
    pub const fn percent(self) -> u8 {
        match self {
            Credibility::Confirmed => 100,
            Credibility::ProbablyTrue => 75,
            Credibility::PossiblyTrue | Credibility::Unknown => 50,
            Credibility::Doubtful => 25,
            Credibility::Improbable => 0,
        }
    }

    /// 1 to 6.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }
}

impl From<Credibility> for u8 {
    fn from(credibility: Credibility) -> u8 {
        credibility.number()
    }
}

impl TryFrom<u8> for Credibility {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        let found = Credibility::ALL.into_iter().find(|credibility| credibility.number() == number);
        found.ok_or_else(|| format!("a credibility is 1 to 6, not {number}"))
    }
}

/// Both together, as in `B2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grade {
    /// Of the source.
    pub reliability: Reliability,
    /// Of what it says.
    pub credibility: Credibility,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.reliability.letter(), self.credibility.number())
    }
}

/// A text that is no grade.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no grade; hint: a letter A to F and a digit 1 to 6, as in B2")]
pub struct NotAGrade(String);

impl FromStr for Grade {
    type Err = NotAGrade;

    fn from_str(text: &str) -> Result<Self, NotAGrade> {
        let wrong = || NotAGrade(text.chars().take(20).collect());
        let mut letters = text.trim().chars();
        let (Some(letter), Some(digit), None) = (letters.next(), letters.next(), letters.next()) else {
            return Err(wrong());
        };
        let reliability = Reliability::ALL.into_iter().find(|known| known.letter() == letter.to_ascii_uppercase());
        let credibility = digit.to_digit(10).and_then(|digit| Credibility::try_from(digit as u8).ok());
        match (reliability, credibility) {
            (Some(reliability), Some(credibility)) => Ok(Grade { reliability, credibility }),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Grade {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grade {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_as_they_are_written() {
        for reliability in Reliability::ALL {
            for credibility in Credibility::ALL {
                let grade = Grade { reliability, credibility };
                assert_eq!(grade.to_string().parse(), Ok(grade));
            }
        }
        assert_eq!("b2".parse::<Grade>().unwrap().to_string(), "B2");
        assert_eq!(serde_json::from_str::<Grade>("\"F6\"").unwrap(), Grade::default());
        for wrong in ["", "B", "B0", "B7", "G1", "B22", "2B"] {
            assert!(wrong.parse::<Grade>().is_err(), "{wrong}");
        }
    }
}
