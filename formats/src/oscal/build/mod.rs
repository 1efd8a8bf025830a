//! Documents of OSCAL 1.2.1 about one system, made of plain values: its security plan, assessment plan, assessment results, and plan of
//! action.
//!
//! The same values give the same bytes: ids follow from what they name (UUID, version 5), times are told. Documents name each other by
//! a resource in the back matter with the SHA-256 of what is meant. What nobody has said is written as such, as `planned`, and never left
//! out: a reader sees what is open.
//!
//! Deliberately absent: texts of controls (the profile that is imported has them), parameters, and diagrams.

mod actions;
mod assess;
mod plan;

use model::Timestamp;
use model::register::{Categorization, InformationType, Item};
use uuid::Uuid;

use super::{BackMatter, Hash, Metadata, Party, Resource, ResourceLink, ResponsibleParty, Role};

pub use actions::plan_of_action;
pub use assess::{assessment_plan, assessment_results};
pub use plan::security_plan;

/// The version of OSCAL that is written.
pub const OSCAL_VERSION: &str = "1.2.1";
/// The name space of ids: chosen at random, once.
const NAMESPACE: Uuid = Uuid::from_u128(0x5f0d_9a1e_6c1b_4e0a_9d57_2f8e_41b7_c3d2);

/// Another document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referred {
    /// Its title.
    pub title: String,
    /// Where it is: a file beside this one.
    pub href: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub hash: String,
}

/// About a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Whose it is.
    pub agency: String,
    /// Its version.
    pub version: String,
    /// When it is made.
    pub at: Timestamp,
}

/// By what a control is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// By an item of the system, by its id.
    Item(String),
    /// By another system.
    Inherited {
        /// Its id.
        service: String,
        /// Its title.
        title: String,
        /// When it was authorized, if it was.
        authorized: Option<Timestamp>,
    },
}

/// How a control is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// `implemented`, `partial`, `planned`, `alternative` or `not-applicable`.
    pub status: &'static str,
    /// In words.
    pub words: String,
    /// By what.
    pub by: By,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// `EXAMINE`, `INTERVIEW` or `TEST`.
    pub method: &'static str,
    /// The program looked by itself.
    pub is_automated: bool,
    /// It is as it should be.
    pub is_satisfied: bool,
    /// In words.
    pub words: String,
    /// When.
    pub at: Timestamp,
    /// What shows it, in words.
    pub evidence: Vec<String>,
}

/// A control of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controlled {
    /// Its id.
    pub id: String,
    /// The id of its statement in the catalog; its own id where the catalog has none.
    pub statement: String,
    /// How it is met; `None` while nobody has said.
    pub met: Option<Met>,
    /// What was looked at.
    pub looked: Vec<Looked>,
}

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToDo {
    /// Its id in its package.
    pub id: String,
    /// For which control.
    pub control: String,
    /// In words.
    pub words: String,
    /// Until when.
    pub due: Timestamp,
    /// `open`, `remediating` or `closed`.
    pub status: &'static str,
}

/// A system, as documents tell of it.
#[derive(Clone, Debug, PartialEq)]
pub struct System {
    /// The service.
    pub service: Item,
    /// The other items of its boundary.
    pub items: Vec<Item>,
    /// Types of information that it has.
    pub information: Vec<InformationType>,
    /// How bad it would be, if somebody has said.
    pub categorization: Option<Categorization>,
    /// Where data goes, in words.
    pub flows: String,
    /// The profile of its controls.
    pub profile: Referred,
    /// Its controls, in order of ids.
    pub controls: Vec<Controlled>,
    /// What is to be done, in order of ids.
    pub to_do: Vec<ToDo>,
}

impl System {
    /// The id of something of this system. The same names give the same id.
    pub(super) fn uuid(&self, what: &str, name: &str) -> String {
        uuid_of(self.service.id.as_str(), what, name)
    }

    /// The id of the component of an item; the system itself for what is none of it.
    pub(super) fn component(&self, item: &str) -> String {
        let is_part = self.items.iter().any(|one| one.id.as_str() == item);
        self.uuid("component", if is_part { item } else { self.service.id.as_str() })
    }
}

/// The id of something of a system.
fn uuid_of(service: &str, what: &str, name: &str) -> String {
    // A line end stands in no id of a service, so that no two names run into each other.
    Uuid::new_v5(&NAMESPACE, format!("{service}\n{what}\n{name}").as_bytes()).to_string()
}

/// A title: one line, and something.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() { "Not said".to_owned() } else { words.join(" ") }
}

/// Words about something, and something in any case.
fn words(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { "Nobody has said anything about it yet.".to_owned() } else { text.to_owned() }
}

fn metadata(system: &System, title: &str, about: &About) -> Metadata {
    let party = Party {
        uuid: system.uuid("party", &about.agency),
        r#type: "organization".into(),
        name: Some(line(&about.agency)),
        ..Party::default()
    };
    let owner = Role { id: "system-owner".into(), title: "Answers for the system".into(), ..Role::default() };
    let responsible = ResponsibleParty {
        role_id: owner.id.clone(),
        party_uuids: vec![party.uuid.clone()],
        ..ResponsibleParty::default()
    };
    Metadata {
        title: format!("{title}: {}", line(&system.service.title)),
        last_modified: about.at.to_string(),
        version: line(&about.version),
        oscal_version: OSCAL_VERSION.into(),
        roles: vec![owner].into(),
        parties: vec![party].into(),
        responsible_parties: vec![responsible].into(),
        ..Metadata::default()
    }
}

/// A resource for another document, and the reference to it.
fn resource(system: &System, referred: &Referred) -> (String, BackMatter) {
    let uuid = system.uuid("resource", &referred.hash);
    let hash = Hash { algorithm: "SHA-256".into(), value: referred.hash.clone(), ..Hash::default() };
    let link = ResourceLink {
        href: referred.href.clone(),
        media_type: Some("application/json".into()),
        hashes: vec![hash].into(),
        ..ResourceLink::default()
    };
    let resource = Resource {
        uuid: uuid.clone(),
        title: Some(line(&referred.title)),
        rlinks: vec![link].into(),
        ..Resource::default()
    };
    (format!("#{uuid}"), BackMatter { resources: vec![resource].into(), ..BackMatter::default() })
}

/// The id of a document: another one for each version.
fn document_uuid(system: &System, what: &str, about: &About) -> String {
    system.uuid(what, &format!("{} {}", about.version, about.at))
}

#[cfg(test)]
mod tests;
