//! How far something may travel: the Traffic Light Protocol 2.0 (FIRST, August 2022) and the Permissible Actions Protocol (MISP
//! taxonomy `PAP`).
//!
//! Both are ordered from open to closed, so that the stricter of two is the greater. What has no marking is not open: see
//! [`Tlp::UNSTATED`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// To whom something may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tlp {
    /// To everybody.
    #[serde(rename = "clear", alias = "white")]
    Clear,
    /// To the community, not to the public.
    #[serde(rename = "green")]
    Green,
    /// To the organisation and its clients, who need to know.
    #[serde(rename = "amber")]
    Amber,
    /// To the organisation only.
    #[serde(rename = "amber+strict")]
    AmberStrict,
    /// To the persons who were told.
    #[serde(rename = "red")]
    Red,
}

impl Tlp {
    /// All of them, the most open first.
    pub const ALL: [Tlp; 5] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];

    /// What is taken for things without a marking.
    pub const UNSTATED: Tlp = Tlp::Amber;

    /// Its name without `TLP:`, in small letters.
    pub const fn name(self) -> &'static str {
        match self {
            Tlp::Clear => "clear",
            Tlp::Green => "green",
            Tlp::Amber => "amber",
            Tlp::AmberStrict => "amber+strict",
            Tlp::Red => "red",
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLP:{}", self.name().to_uppercase())
    }
}

/// A text that is no marking.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no marking; hint: {known}")]
pub struct UnknownMarking {
    text: String,
    known: &'static str,
}

fn stripped(text: &str, prefix: &str) -> String {
    let small = text.trim().trim_matches('"').to_ascii_lowercase();
    small.strip_prefix(prefix).unwrap_or(&small).trim_matches(['"', '=', ':', ' ']).replace(['_', ' '], "+")
}

impl FromStr for Tlp {
    type Err = UnknownMarking;

    /// Takes `TLP:AMBER+STRICT`, `tlp:amber+strict`, `amber-strict`, and `white` of TLP 1.
    fn from_str(text: &str) -> Result<Self, UnknownMarking> {
        match stripped(text, "tlp:").replace('-', "+").as_str() {
            "clear" | "white" => Ok(Tlp::Clear),
            "green" => Ok(Tlp::Green),
            "amber" => Ok(Tlp::Amber),
            "amber+strict" => Ok(Tlp::AmberStrict),
            "red" => Ok(Tlp::Red),
            _ => Err(UnknownMarking {
                text: text.chars().take(40).collect(),
                known: "clear, green, amber, amber+strict or red",
            }),
        }
    }
}

/// What may be done with something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pap {
    /// Everything that the law allows.
    #[default]
    Clear,
    /// What the attacker may notice, but does not point to the source: blocking.
    Green,
    /// What the attacker cannot notice: looking it up in one's own and others' data.
    Amber,
    /// What leaves no trace outside: looking into what one has.
    Red,
}

impl Pap {
    /// All of them, the most permissive first.
    pub const ALL: [Pap; 4] = [Pap::Clear, Pap::Green, Pap::Amber, Pap::Red];

    /// Its name without `PAP:`, in small letters.
    pub const fn name(self) -> &'static str {
        match self {
            Pap::Clear => "clear",
            Pap::Green => "green",
            Pap::Amber => "amber",
            Pap::Red => "red",
        }
    }

    /// Something may be blocked by it: the attacker notices that.
    pub const fn allows_blocking(self) -> bool {
        matches!(self, Pap::Clear | Pap::Green)
    }
}

impl fmt::Display for Pap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PAP:{}", self.name().to_uppercase())
    }
}

impl FromStr for Pap {
    type Err = UnknownMarking;

    fn from_str(text: &str) -> Result<Self, UnknownMarking> {
        match stripped(text, "pap:").as_str() {
            "clear" | "white" => Ok(Pap::Clear),
            "green" => Ok(Pap::Green),
            "amber" => Ok(Pap::Amber),
            "red" => Ok(Pap::Red),
            _ => Err(UnknownMarking { text: text.chars().take(40).collect(), known: "clear, green, amber or red" }),
        }
    }
}

/// Both together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Marking {
    /// To whom it may go.
    pub tlp: Tlp,
    /// What may be done with it.
    #[serde(default)]
    pub pap: Pap,
}

impl Default for Marking {
    fn default() -> Self {
        Marking { tlp: Tlp::UNSTATED, pap: Pap::default() }
    }
}

impl Marking {
    /// The stricter of both in each respect.
    #[must_use]
    pub fn and(self, other: Marking) -> Marking {
        Marking { tlp: self.tlp.max(other.tlp), pap: self.pap.max(other.pap) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_they_are_written() {
        for tlp in Tlp::ALL {
            assert_eq!(tlp.name().parse(), Ok(tlp));
            assert_eq!(tlp.to_string().parse(), Ok(tlp));
            assert_eq!(serde_json::to_value(tlp).unwrap(), tlp.name());
        }
        for pap in Pap::ALL {
            assert_eq!(pap.name().parse(), Ok(pap));
            assert_eq!(pap.to_string().parse(), Ok(pap));
        }
        let check = |text: &str, expected| assert_eq!(text.parse(), Ok(expected), "{text}");
        check("tlp:white", Tlp::Clear);
        check("TLP:AMBER-STRICT", Tlp::AmberStrict);
        check("amber strict", Tlp::AmberStrict);
        check("tlp=\"green\"".trim_start_matches("tlp="), Tlp::Green);
        assert!("TLP:EX:CHR".parse::<Tlp>().is_err());
        assert!("".parse::<Tlp>().is_err());
    }

    #[test]
    fn the_stricter_counts() {
        let open = Marking { tlp: Tlp::Clear, pap: Pap::Red };
        let closed = Marking { tlp: Tlp::Red, pap: Pap::Clear };
        assert_eq!(open.and(closed), Marking { tlp: Tlp::Red, pap: Pap::Red });
        assert_eq!(Marking::default().tlp, Tlp::Amber, "what has no marking is not open");
        assert!(!Pap::Amber.allows_blocking());
    }
}
