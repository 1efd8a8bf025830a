//! Package URLs: `pkg:npm/%40angular/core@16.2.0?arch=x#path` (ECMA-427, first edition; before that the purl specification).
//!
//! Reading follows the steps of "How to parse a purl string"; what a type says about small letters is applied while reading, so that two
//! names of one package are equal. [`Purl::key`] is what matching goes by.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits;

/// A package URL in its canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purl {
    kind: String,
    namespace: Option<String>,
    name: String,
    version: Option<String>,
    qualifiers: BTreeMap<String, String>,
    subpath: Option<String>,
}

/// Why a text is no package URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no package URL: {0}")]
pub struct NoPurl(&'static str);

impl Purl {
    /// Reads a package URL.
    ///
    /// ```
    /// use model::software::Purl;
    /// let purl = Purl::parse("PKG:PyPI/Django_REST@3.15")?;
    /// assert_eq!(purl.to_string(), "pkg:pypi/django-rest@3.15");
    /// # Ok::<(), model::software::purl::NoPurl>(())
    /// ```
    ///
    /// # Errors
    /// A part that must be there is missing, or has characters that it must not have.
    pub fn parse(text: &str) -> Result<Self, NoPurl> {
        let text = text.trim();
        if text.len() > limits::SOFTWARE_NAME_BYTES_MAX {
            return Err(NoPurl("it is too long"));
        }
        if text.chars().any(char::is_control) {
            return Err(NoPurl("a control character"));
        }
        let (scheme, rest) = text.split_once(':').ok_or(NoPurl("it does not begin with `pkg:`"))?;
        if !scheme.eq_ignore_ascii_case("pkg") {
            return Err(NoPurl("it does not begin with `pkg:`"));
        }
        // From the right, as the specification has it: subpath, qualifiers, version, name.
        let (rest, subpath) = cut_last(rest, '#');
        let (rest, qualifiers) = cut_last(rest, '?');
        let rest = rest.trim_start_matches('/');
        let (kind, rest) = rest.split_once('/').ok_or(NoPurl("it names no package"))?;
        let kind = kind.to_ascii_lowercase();
        let is_kind = kind.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
        if !is_kind {
            return Err(NoPurl("its type has other characters than letters, digits, `.`, `-` and `+`"));
        }
        let rest = rest.trim_matches('/');
        // An `@` in front of the last `/` belongs to a scope that was not encoded.
        let at = rest.rfind('@').filter(|at| *at > 0 && !rest.get(*at..).unwrap_or_default().contains('/'));
        let (path, version) = match at {
            Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at + 1..)),
            None => (rest, None),
        };
        let (namespace, name) = path.rsplit_once('/').map_or((None, path), |(before, name)| (Some(before), name));
        let purl = Purl {
            namespace: segments(namespace.unwrap_or_default())?,
            name: decoded(name)?,
            version: version.map(decoded).transpose()?.filter(|version| !version.is_empty()),
            qualifiers: pairs(qualifiers.unwrap_or_default())?,
            subpath: segments(subpath.unwrap_or_default())?,
            kind,
        };
        let purl = purl.by_its_type()?;
        // What was not encoded gets longer when it is written.
        if purl.to_string().len() > limits::SOFTWARE_NAME_BYTES_MAX {
            return Err(NoPurl("it is too long"));
        }
        Ok(purl)
    }

    /// What its type says about letters.
    fn by_its_type(mut self) -> Result<Self, NoPurl> {
        let lower = |text: &mut String| *text = text.to_lowercase();
        let lower_namespace = |purl: &mut Purl| purl.namespace.iter_mut().for_each(lower);
        match self.kind.as_str() {
            "alpm" | "apk" | "bitbucket" | "composer" | "deb" | "github" | "gitlab" | "hex" | "npm" => {
                lower_namespace(&mut self);
                lower(&mut self.name);
            }
            "rpm" | "qpkg" => lower_namespace(&mut self),
            "oci" | "bitnami" => lower(&mut self.name),
            "pypi" => self.name = self.name.to_lowercase().replace('_', "-"),
            "maven" if self.namespace.is_none() => return Err(NoPurl("a package of Maven needs its group")),
            _ => {}
        }
        if self.name.is_empty() { Err(NoPurl("it names no package")) } else { Ok(self) }
    }

    /// Its type, `npm`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// What stands in front of the name: a scope, a group, a distribution.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The package.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// A qualifier, such as `distro` or `arch`.
    pub fn qualifier(&self, name: &str) -> Option<&str> {
        self.qualifiers.get(name).map(String::as_str)
    }

    /// What names the package without its version: two names of one package have the same key, also where their registry takes more for
    /// the same than the specification says (PyPI: PEP 503; NuGet and Go: letters).
    pub fn key(&self) -> String {
        let name = match self.kind.as_str() {
            "pypi" => pypi_name(&self.name),
            "nuget" | "golang" => self.name.to_lowercase(),
            _ => self.name.clone(),
        };
        match &self.namespace {
            // Older writers made the paths of Go small, newer ones do not.
            Some(namespace) if self.kind == "golang" => format!("golang/{}/{name}", namespace.to_lowercase()),
            Some(namespace) => format!("{}/{namespace}/{name}", self.kind),
            None => format!("{}/{name}", self.kind),
        }
    }
}

/// PEP 503: runs of `-`, `_` and `.` are one `-`.
fn pypi_name(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars() {
        let letter = if matches!(letter, '_' | '.') { '-' } else { letter };
        if letter != '-' || !plain.ends_with('-') {
            plain.push(letter);
        }
    }
    plain
}

/// A text and what stands behind its last such letter.
fn cut_last(text: &str, letter: char) -> (&str, Option<&str>) {
    text.rsplit_once(letter).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

fn segments(text: &str) -> Result<Option<String>, NoPurl> {
    let mut parts = Vec::new();
    for part in text.split('/').filter(|part| !part.is_empty()) {
        let part = decoded(part)?;
        if part.contains('/') {
            return Err(NoPurl("an encoded slash inside a part"));
        }
        if !matches!(part.as_str(), "." | ".." | "") {
            parts.push(part);
        }
    }
    Ok((!parts.is_empty()).then(|| parts.join("/")))
}

fn pairs(text: &str) -> Result<BTreeMap<String, String>, NoPurl> {
    let mut found = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(NoPurl("a qualifier without `=`"))?;
        let name = name.to_ascii_lowercase();
        let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        if !is_name {
            return Err(NoPurl("a qualifier whose name has other characters than letters, digits, `.`, `-` and `_`"));
        }
        let value = decoded(value)?;
        if !value.is_empty() && found.insert(name, value).is_some() {
            return Err(NoPurl("a qualifier that is there twice"));
        }
    }
    Ok(found)
}

/// Undoes percent-encoding (RFC 3986, section 2.1).
pub(super) fn decoded(text: &str) -> Result<String, NoPurl> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(NoPurl("a percent sign without two hexadecimal digits"));
        };
        // Two hexadecimal digits are a byte.
        bytes.push((high * 16 + low) as u8);
    }
    let text = String::from_utf8(bytes).map_err(|_| NoPurl("what is encoded is not UTF-8"))?;
    if text.chars().any(char::is_control) { Err(NoPurl("a control character")) } else { Ok(text) }
}

/// Percent-encoding as the specification wants it: letters, digits, `.-_~`, and `:` stay.
struct Encoded<'a>(&'a str, bool);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            let is_plain = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':');
            if is_plain || (byte == b'/' && self.1) {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{}/", Encoded(namespace, true))?;
        }
        write!(f, "{}", Encoded(&self.name, false))?;
        if let Some(version) = &self.version {
            write!(f, "@{}", Encoded(version, false))?;
        }
        for (number, (name, value)) in self.qualifiers.iter().enumerate() {
            let mark = if number == 0 { '?' } else { '&' };
            write!(f, "{mark}{name}={}", Encoded(value, true))?;
        }
        match &self.subpath {
            Some(subpath) => write!(f, "#{}", Encoded(subpath, true)),
            None => Ok(()),
        }
    }
}

impl FromStr for Purl {
    type Err = NoPurl;

    fn from_str(text: &str) -> Result<Self, NoPurl> {
        Purl::parse(text)
    }
}

impl TryFrom<String> for Purl {
    type Error = NoPurl;

    fn try_from(text: String) -> Result<Self, NoPurl> {
        Purl::parse(&text)
    }
}

impl From<Purl> for String {
    fn from(purl: Purl) -> String {
        purl.to_string()
    }
}
