//! What apps for telephones say of themselves: an Android manifest, as XML or in the binary form of packages; `Info.plist` and the privacy manifest of
//! iOS, as XML.
//!
//! Out of these come the permissions that an app asks for, with what each can tell of people; what it says it collects; and settings that speak against
//! a control of the OWASP MASVS 2.1, as proposals: whoever assesses the app answers them.
//!
//! Deliberately absent: packages as a whole (unpack `AndroidManifest.xml` or `Info.plist` first), binary property lists (`plutil -convert xml1`),
//! and judging (`risk::mobile`).

mod android;
mod binary;
mod ios;
mod plist;
mod steps;
pub mod table;
#[cfg(test)]
mod tests;

use model::limits::{
    MOBILE_FILE_BYTES_MAX, MOBILE_PERMISSIONS_MAX, MOBILE_TEXT_BYTES_MAX, MOBILE_WEAKNESSES_MAX, NOTES_KEPT_MAX,
};
use model::mobile::MobilePlatform;
use model::register::DataCategory;

use crate::Trouble;
use crate::intel::object::cut;
use steps::Step;

/// A permission that an app asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its name on the platform.
    pub name: String,
    /// People are asked for it, or it opens data about them.
    pub is_dangerous: bool,
    /// What it can tell of people.
    pub touches: Vec<DataCategory>,
}

/// A kind of data that an app says it collects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectedKind {
    /// The platform's name for it.
    pub name: String,
    /// Which personal data that is; `None` when the name is not known.
    pub data: Option<Vec<DataCategory>>,
}

/// A setting that speaks against a control.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weakness {
    /// Which control, such as `MASVS-NETWORK-1`.
    pub control: &'static str,
    /// What, in plain words.
    pub what: String,
}

/// Which part of what an app says of itself a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestPart {
    /// What it is and asks for: its permissions are all there are.
    Whole,
    /// What it collects, and nothing else.
    Privacy,
}

/// What an app says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MobileManifest {
    /// On which platform.
    pub platform: MobilePlatform,
    /// Which part it is.
    pub part: ManifestPart,
    /// What the package is called; may be empty.
    pub package: String,
    /// Its version; may be empty.
    pub version: String,
    /// Permissions, each once.
    pub permissions: Vec<Asked>,
    /// What it says it collects, each once.
    pub collected: Vec<CollectedKind>,
    /// Domains to which it reports what people do.
    pub tracking_domains: Vec<String>,
    /// Settings that speak against a control.
    pub weaknesses: Vec<Weakness>,
    /// What could not be taken over.
    pub notes: Vec<Trouble>,
}

impl MobileManifest {
    fn new(platform: MobilePlatform) -> Self {
        MobileManifest {
            platform,
            part: ManifestPart::Whole,
            package: String::new(),
            version: String::new(),
            permissions: Vec::new(),
            collected: Vec::new(),
            tracking_domains: Vec::new(),
            weaknesses: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn note(&mut self, trouble: Trouble) {
        if self.notes.len() < NOTES_KEPT_MAX && !self.notes.contains(&trouble) {
            self.notes.push(trouble);
        }
    }

    /// Whether one more has room in a list; a list that is full is noted.
    fn has_room(&mut self, length: usize, what: &str) -> bool {
        if length >= MOBILE_PERMISSIONS_MAX {
            self.note(Trouble::too_large(format!("more than {MOBILE_PERMISSIONS_MAX} {what}")));
        }
        length < MOBILE_PERMISSIONS_MAX
    }

    fn ask(&mut self, asked: Asked) {
        if self.has_room(self.permissions.len(), "permissions") {
            self.permissions.push(Asked { name: tidy(&asked.name), ..asked });
        }
    }

    fn collect(&mut self, kind: CollectedKind) {
        let kind = CollectedKind { name: tidy(&kind.name), ..kind };
        if !self.collected.contains(&kind) && self.has_room(self.collected.len(), "kinds of collected data") {
            self.collected.push(kind);
        }
    }

    fn track(&mut self, domain: &str) {
        let domain = tidy(domain);
        let is_new = !domain.is_empty() && !self.tracking_domains.contains(&domain);
        if is_new && self.has_room(self.tracking_domains.len(), "domains") {
            self.tracking_domains.push(domain);
        }
    }

    fn against(&mut self, control: &'static str, what: String) {
        let weakness = Weakness { control, what: tidy(&what) };
        if self.weaknesses.contains(&weakness) {
            return;
        }
        if self.weaknesses.len() < MOBILE_WEAKNESSES_MAX {
            self.weaknesses.push(weakness);
        } else {
            self.note(Trouble::too_large(format!("more than {MOBILE_WEAKNESSES_MAX} weaknesses")));
        }
    }
}

/// A text as it may be kept: one line, no control characters, not too long.
fn tidy(text: &str) -> String {
    let plain: String = text.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    cut(&plain, MOBILE_TEXT_BYTES_MAX).to_owned()
}

/// Reads a manifest, of whichever sort it is.
///
/// # Errors
/// When it is too large, broken, or none that is known. Nothing of a broken manifest is taken: a permission could stand behind the break.
pub fn read(bytes: &[u8]) -> Result<MobileManifest, Trouble> {
    if bytes.len() > MOBILE_FILE_BYTES_MAX {
        return Err(Trouble::too_large(format!("{} bytes, at most {MOBILE_FILE_BYTES_MAX} are read", bytes.len())));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(Trouble::malformed("a package; hint: unpack AndroidManifest.xml or Info.plist and bring that"));
    }
    if bytes.starts_with(b"bplist") {
        return Err(Trouble::malformed("a binary property list; hint: plutil -convert xml1 FILE"));
    }
    let steps = if bytes.starts_with(binary::MAGIC) { binary::read(bytes)? } else { steps::xml(bytes)? };
    let root = steps.iter().find_map(|step| match step {
        Step::Open(element) => Some(element.name.as_str()),
        _ => None,
    });
    let mut found = match root {
        Some("manifest") => android::read(&steps)?,
        Some("plist") => ios::read(&plist::read(&steps)?)?,
        _ => return Err(Trouble::malformed("neither an Android manifest nor a property list")),
    };
    found.package = tidy(&found.package);
    found.version = tidy(&found.version);
    Ok(found)
}
