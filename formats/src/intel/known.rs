//! What feeds know beside indicators: who attacks, with what and how, what is weak, what was published.

use model::{Level, Marking, Timestamp};

use super::Standing;

/// Something that helps to understand.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// Somebody or something with a name: an actor, malware, a technique.
    Entity(Entity),
    /// How two things belong together.
    Relation(Relation),
    /// Somebody saw something, or says that it is harmless.
    Sighting(Sighting),
    /// A weakness of products.
    Vulnerability(Vulnerability),
    /// A vendor's advisory.
    Advisory(Advisory),
    /// A victim on a leak site.
    LeakPost(LeakPost),
    /// A password or account that is in a breach, as a part of its hash.
    BreachHash(BreachHash),
    /// What a test found on an own asset.
    Finding(OwnFinding),
    /// A name that is new in the DNS, or in a certificate.
    NewName(NewName),
}

/// A name that somebody registered or had certified lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewName {
    /// The domain, without `*.` in front.
    pub name: String,
    /// Who issued the certificate, where the feed says so.
    pub issuer: Option<String>,
    /// When the feed saw it.
    pub seen: Option<Timestamp>,
}

/// What an [`Entity`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntityKind {
    /// A threat actor or a group (intrusion set).
    Actor,
    /// Malware, or a family of it.
    Malware,
    /// A tool that others use honestly.
    Tool,
    /// A campaign.
    Campaign,
    /// A technique (attack pattern).
    Technique,
    /// A tactic.
    Tactic,
    /// A course of action against something.
    Mitigation,
    /// A person, organisation or sector.
    Identity,
    /// Systems that serve an attack.
    Infrastructure,
    /// A report, note, grouping or event that holds others together.
    Report,
    /// Whatever else has an id; [`Entity::sort`] says what the feed calls it.
    #[default]
    Other,
}

/// Somebody or something with a name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// The feed's own word for what it is, `intrusion-set`.
    pub sort: String,
    /// The feed's own id of it.
    pub id: String,
    /// Its id in ATT&CK: `T1059.001`, `G0007`, `S0002`, `TA0001`.
    pub attack_id: Option<String>,
    /// Its name; empty where it has none.
    pub name: String,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// The beginning of the feed's words about it.
    pub description: String,
    /// Phases of kill chains, `chain/phase`; for ATT&CK these are tactics.
    pub phases: Vec<String>,
    /// Platforms that it concerns.
    pub platforms: Vec<String>,
    /// Sectors of an identity, goals or labels of an actor: words for filtering.
    pub tags: Vec<String>,
    /// Ids of what it holds together or refers to.
    pub refs: Vec<String>,
    /// When it was first seen.
    pub first_seen: Option<Timestamp>,
    /// When it was last seen.
    pub last_seen: Option<Timestamp>,
    /// When the feed last changed it.
    pub modified: Option<Timestamp>,
    /// Revoked and deprecated things are withdrawn.
    pub standing: Standing,
    /// How far it may travel.
    pub marking: Option<Marking>,
    /// Markings that mean nothing here.
    pub unknown_markings: Vec<String>,
}

/// How two things belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Relation {
    /// The feed's own id of it.
    pub id: String,
    /// `uses`, `indicates`, `attributed-to`, …
    pub kind: String,
    /// Id of what it starts from.
    pub source: String,
    /// Id of what it leads to.
    pub target: String,
    /// The beginning of the feed's words about it.
    pub description: String,
    /// From when it holds.
    pub from: Option<Timestamp>,
    /// Until when it holds.
    pub until: Option<Timestamp>,
    /// Revoked and deprecated ones are withdrawn.
    pub standing: Standing,
    /// How far it may travel.
    pub marking: Option<Marking>,
    /// Markings that mean nothing here.
    pub unknown_markings: Vec<String>,
}

/// What a sighting says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SightingNature {
    /// It was seen.
    #[default]
    Seen,
    /// It was seen and is harmless.
    FalsePositive,
    /// It should not be looked for any more.
    Expired,
}

/// Somebody saw something.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sighting {
    /// The feed's own id of it.
    pub id: String,
    /// Id of what was seen.
    pub of: String,
    /// What it says.
    pub nature: SightingNature,
    /// How often.
    pub count: u64,
    /// When first.
    pub first_seen: Option<Timestamp>,
    /// When last.
    pub last_seen: Option<Timestamp>,
    /// Ids or names of who saw it.
    pub by: Vec<String>,
    /// ATT&CK's id of the technique that was seen, where the sighting itself says it.
    pub technique: Option<String>,
    /// It sums up what several have seen, says the feed.
    pub is_summary: bool,
    /// A revoked one is withdrawn.
    pub standing: Standing,
    /// How far it may travel.
    pub marking: Option<Marking>,
    /// Markings that mean nothing here.
    pub unknown_markings: Vec<String>,
}

/// A weakness.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vulnerability {
    /// Its public name, `CVE-2024-37383`; empty where it has none.
    pub id: String,
    /// The feed's own id of it, or of the advisory that it stands in.
    pub within: Option<String>,
    /// Its title.
    pub name: String,
    /// The beginning of the feed's words about it.
    pub description: String,
    /// What it is in.
    pub products: Vec<Product>,
    /// Common weaknesses, `CWE-79`.
    pub weaknesses: Vec<String>,
    /// The highest base score of CVSS, in tenths.
    pub cvss_tenths: Option<u8>,
    /// The vector of that score.
    pub cvss_vector: Option<String>,
    /// How bad it is, where the feed says so.
    pub level: Option<Level>,
    /// It is exploited. KEV names nothing else.
    pub is_exploited: bool,
    /// It is used for extortion.
    pub is_used_for_ransom: bool,
    /// When the feed took it up.
    pub added: Option<Timestamp>,
    /// By when it should be mended.
    pub due: Option<Timestamp>,
    /// What is to be done.
    pub remedies: Vec<String>,
    /// A revoked one is withdrawn.
    pub standing: Standing,
    /// How far it may travel.
    pub marking: Option<Marking>,
    /// Markings that mean nothing here.
    pub unknown_markings: Vec<String>,
}

/// A product, and what a vulnerability means for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Product {
    /// Who makes it.
    pub vendor: String,
    /// Its name, with the version where that is known.
    pub name: String,
    /// Its name alone, where that is said apart.
    pub product: String,
    /// Its version alone, or a range of versions, where that is said apart.
    pub version: String,
    /// Its CPE or package URL.
    pub identifiers: Vec<String>,
    /// Whether it is affected.
    pub state: ProductState,
}

/// Whether a product is affected (CSAF 2.0, section 3.2.3.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProductState {
    /// It is.
    #[default]
    Affected,
    /// It is mended.
    Fixed,
    /// It is not.
    NotAffected,
    /// It is being looked into.
    UnderInvestigation,
    /// A version that the vendor recommends.
    Recommended,
}

/// A vendor's advisory; its vulnerabilities follow one by one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advisory {
    /// The publisher's id of it.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// `csaf_security_advisory`, `csaf_vex`, …
    pub category: String,
    /// When it was first published.
    pub published: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// The publisher's word for how bad it is.
    pub level: Option<Level>,
    /// `draft`, `interim` or `final`.
    pub status: String,
    /// How many vulnerabilities stand in it.
    pub vulnerabilities: u64,
    /// How many products stand in its tree.
    pub products: u64,
    /// How far it may travel.
    pub marking: Option<Marking>,
    /// Markings that mean nothing here.
    pub unknown_markings: Vec<String>,
}

/// A victim that extortionists name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeakPost {
    /// Who is named.
    pub victim: String,
    /// Who names them.
    pub group: String,
    /// The victim's domain, where the feed knows it.
    pub domain: Option<String>,
    /// Its country, as the feed writes it.
    pub country: Option<String>,
    /// Its sector, as the feed writes it.
    pub sector: Option<String>,
    /// When somebody found the post.
    pub discovered: Option<Timestamp>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// Its address, which is the criminals' own: for reading, never for a click.
    pub url: Option<String>,
    /// The beginning of the post.
    pub description: String,
}

/// What a hash in a breach stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreachOf {
    /// A password: the first 5 digits of its SHA-1 were asked for.
    Password,
    /// An account: the first 6 digits of its SHA-1 were asked for.
    Account,
}

/// A hash that is in a breach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreachHash {
    /// What it stands for.
    pub of: BreachOf,
    /// All 40 digits of the SHA-1, upper case.
    pub sha1: String,
    /// How often it was seen, for passwords.
    pub count: u64,
    /// Names of the breaches, for accounts.
    pub breaches: Vec<String>,
}

/// What a test found on an own asset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnFinding {
    /// The tool: `nmap`, `nuclei`.
    pub tool: String,
    /// What was tested: its address or name.
    pub asset: String,
    /// Other names of it.
    pub names: Vec<String>,
    /// The port.
    pub port: Option<u16>,
    /// `tcp`, `udp`, `sctp`.
    pub transport: String,
    /// What listens there: service, product, version.
    pub service: String,
    /// The product alone, where the tool says it.
    pub product: String,
    /// The product's version alone, where the tool says it.
    pub version: String,
    /// The tool's own id of the test.
    pub check: String,
    /// What was found, in the tool's words.
    pub title: String,
    /// The beginning of what it printed.
    pub description: String,
    /// How bad the tool says it is.
    pub level: Option<Level>,
    /// Names of vulnerabilities, `CVE-2021-44228`.
    pub vulnerabilities: Vec<String>,
    /// Names of products by CPE.
    pub cpes: Vec<String>,
    /// Where exactly, as an address.
    pub at: Option<String>,
    /// When it was found.
    pub found: Option<Timestamp>,
}
