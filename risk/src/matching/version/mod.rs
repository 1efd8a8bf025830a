//! Which of two versions is later, by the rules of whoever numbers them.
//!
//! | scheme | rules |
//! |---|---|
//! | [`Scheme::Semver`] | Semantic Versioning 2.0.0, section 11; more or fewer numbers than three are read, too |
//! | [`Scheme::Pep440`] | Python, "Version specifiers", summary of permitted suffixes and relative ordering |
//! | [`Scheme::Debian`] | deb-version(7) |
//! | [`Scheme::Rpm`] | rpm-version(7), `rpmvercmp` with `~` and `^` |
//! | [`Scheme::Maven`] | POM reference, "Version order specification" |
//! | [`Scheme::Plain`] | none: numbers as numbers, words as words, `alpha`, `beta`, `rc` and their like before the release |
//!
//! Every comparison has an answer: a text that is no version of its scheme is compared plainly, and [`Compared::by`] says so.

mod debian;
mod maven;
mod pep440;
mod plain;
mod rpm;
mod semver;

use std::cmp::Ordering;

use model::limits::VERSION_BYTES_MAX;

/// Rules by which versions are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Semantic versions.
    Semver,
    /// Python's.
    Pep440,
    /// Debian's and Ubuntu's.
    Debian,
    /// Those of RPM.
    Rpm,
    /// Maven's.
    Maven,
    /// Any other.
    Plain,
}

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// How the first stands to the second.
    pub order: Ordering,
    /// The rules that were used.
    pub by: Scheme,
}

impl Scheme {
    /// That of an ecosystem of OSV (`Debian:12`), a type of package URLs, or a scheme of `vers:`.
    pub fn of(name: &str) -> Self {
        let name = name.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "npm" | "crates.io" | "cargo" | "go" | "golang" | "hex" | "pub" | "swifturl" | "swift" | "semver"
            | "nuget" | "github actions" | "composer" | "packagist" => Scheme::Semver,
            "pypi" => Scheme::Pep440,
            "debian" | "ubuntu" | "deb" | "echo" => Scheme::Debian,
            "maven" => Scheme::Maven,
            "rpm" | "red hat" | "rocky linux" | "almalinux" | "suse" | "opensuse" | "mageia" | "openeuler"
            | "azure linux" => Scheme::Rpm,
            _ => Scheme::Plain,
        }
    }

    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Scheme::Semver => "semantic versioning",
            Scheme::Pep440 => "PEP 440",
            Scheme::Debian => "Debian's order",
            Scheme::Rpm => "RPM's order",
            Scheme::Maven => "Maven's order",
            Scheme::Plain => "plain order of numbers and words",
        }
    }

    /// Compares two versions. Only the first [`VERSION_BYTES_MAX`] bytes count.
    ///
    /// ```
    /// use risk::matching::Scheme;
    /// use std::cmp::Ordering;
    /// assert_eq!(Scheme::Debian.compare("1.0~rc1-1", "1.0-1").order, Ordering::Less);
    /// assert_eq!(Scheme::Pep440.compare("1.0.post1", "1.0").order, Ordering::Greater);
    /// ```
    pub fn compare(self, left: &str, right: &str) -> Compared {
        let (left, right) = (cut(left), cut(right));
        let known = match self {
            Scheme::Semver => semver::compare(left, right),
            Scheme::Pep440 => pep440::compare(left, right),
            Scheme::Debian => Some(debian::compare(left, right)),
            Scheme::Rpm => Some(rpm::compare(left, right)),
            Scheme::Maven => Some(maven::compare(left, right)),
            Scheme::Plain => None,
        };
        match known {
            Some(order) => Compared { order, by: self },
            None => Compared { order: plain::compare(left, right), by: Scheme::Plain },
        }
    }
}

fn cut(text: &str) -> &str {
    let text = text.trim();
    let end = (0..=text.len().min(VERSION_BYTES_MAX)).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Compares digits as numbers, however long.
fn numbers(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The beginning of a text whose letters are all so, and the rest.
fn run(text: &str, is_in: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|letter| !is_in(letter)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests;
