//! What is seen of a service from outside: one look, and what came of it.
//!
//! Whoever looks (`connect::probe`) makes these, whoever reads bytes (`formats::probe`) fills in facts about pages and data, and
//! `detect::behaviour::probe` judges them. A look is at a service of the city, never at a person. Deliberately absent: what was
//! expected, and what is usual.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One look at one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The probe that looked, by its name. One service may have several.
    pub probe: String,
    /// The service, by its name in the register.
    pub service: String,
    /// What was looked at.
    pub check: Check,
    /// When the look ended.
    pub time: Timestamp,
    /// From where: the name of a node, or of a line out.
    pub vantage: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Does it answer, and how fast?
    Http,
    /// Where does its name lead?
    Dns,
    /// Who does it say that it is?
    Certificate,
    /// What do people see?
    Content,
    /// What do programs get?
    Data,
}

impl Check {
    /// All of them.
    pub const ALL: [Check; 5] = [Check::Http, Check::Dns, Check::Certificate, Check::Content, Check::Data];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Check::Http => "http",
            Check::Dns => "dns",
            Check::Certificate => "certificate",
            Check::Content => "content",
            Check::Data => "data",
        }
    }

    /// The check with that word.
    pub fn named(word: &str) -> Option<Self> {
        Check::ALL.into_iter().find(|check| check.name() == word)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// An answer in HTTP, whatever its status.
    Http(HttpFacts),
    /// An answer, or none, of a name server.
    Dns(DnsFacts),
    /// A certificate, valid or not.
    Certificate(CertificateFacts),
    /// A page.
    Page(PageFacts),
    /// Data for programs.
    Data(DataFacts),
    /// Nothing came.
    Failed(Failure),
}

/// Why nothing came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Where it ended.
    pub at: Stage,
    /// In words, without paths, queries and secrets.
    pub words: String,
}

/// How far a look came before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The name has no address that could be learnt.
    Resolve,
    /// Nobody takes the connection.
    Connect,
    /// TLS fails, the certificate apart.
    Tls,
    /// The certificate is not good, so nothing was asked.
    Certificate,
    /// No answer in time, or none in HTTP.
    Answer,
    /// The answer breaks off, or is more than is taken.
    Body,
    /// We do not go there: an address that is not public, or a rule of ours. Says nothing about the service.
    Ours,
}

/// An answer in HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpFacts {
    /// The status of the last answer.
    pub status: u16,
    /// Microseconds from the first step to the first byte of the answer.
    pub first_byte_us: u64,
    /// Microseconds to its last.
    pub total_us: u64,
    /// Bytes of the body, unpacked.
    pub bytes: u64,
    /// Hosts that it redirected to, in order, the asked one left out.
    pub redirects: Vec<String>,
    /// A redirect led from TLS to none.
    pub is_downgraded: bool,
}

/// What a name server says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsFacts {
    /// Which server was asked.
    pub server: String,
    /// How it answered.
    pub code: DnsCode,
    /// Addresses and names that it gave, sorted.
    pub answers: Vec<String>,
    /// Name servers of the zone, sorted; empty when it did not say.
    pub authority: Vec<String>,
    /// Microseconds to the answer.
    pub took_us: u64,
}

/// How a name server answered (RFC 1035, section 4.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsCode {
    /// It did.
    NoError,
    /// There is no such name.
    NoSuchName,
    /// It could not.
    ServerFailure,
    /// It would not.
    Refused,
    /// It was silent.
    #[default]
    Silent,
    /// Anything else.
    Other,
}

impl DnsCode {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            DnsCode::NoError => "an answer",
            DnsCode::NoSuchName => "no such name",
            DnsCode::ServerFailure => "server failure",
            DnsCode::Refused => "refused",
            DnsCode::Silent => "no answer",
            DnsCode::Other => "another answer",
        }
    }
}

/// Who a server says that it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// SHA-256 of the certificate, hexadecimal.
    pub fingerprint: String,
    /// SHA-256 of its public key (RFC 7469, section 2.4), hexadecimal: it stays when a certificate is renewed for the same key.
    pub key: String,
    /// Who vouches for it.
    pub issuer: String,
    /// From when it holds.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// The names that it is for.
    pub names: Vec<String>,
    /// Whether the asked name is one of them.
    pub is_for_name: bool,
    /// Why its chain leads to no authority that is trusted; `None` when it does.
    pub distrust: Option<String>,
}

/// A page, as people see it. The texts are judged and dropped; what is kept of them are hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFacts {
    /// What stands in the window's title.
    pub title: String,
    /// Texts that are seen, block by block.
    pub blocks: Vec<String>,
    /// Hosts that its parts come from or lead to, sorted, each once.
    pub hosts: Vec<PageHost>,
    /// Bytes of the page.
    pub bytes: u64,
}

/// A host that a page names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PageHost {
    /// In which part.
    pub part: PagePart,
    /// The host; empty for the page's own.
    pub host: String,
}

/// Parts of a page that can do something with whoever looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PagePart {
    /// It runs in the page.
    Script,
    /// It shows another page.
    Frame,
    /// What is typed goes there.
    Form,
    /// It leads the browser away by itself.
    Refresh,
    /// Where relative addresses begin.
    Base,
}

impl PagePart {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            PagePart::Script => "script",
            PagePart::Frame => "frame",
            PagePart::Form => "form",
            PagePart::Refresh => "forwarding",
            PagePart::Base => "base address",
        }
    }
}

/// Data for programs, in outline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataFacts {
    /// How it is written.
    pub form: DataForm,
    /// SHA-256 of the bytes, hexadecimal.
    pub hash: String,
    /// Bytes.
    pub bytes: u64,
    /// Rows, features or members.
    pub rows: u64,
    /// Its fields, by name.
    pub fields: Vec<FieldFacts>,
    /// The newest moment that stands in it.
    pub newest: Option<Timestamp>,
    /// Where its things are, by a hash of their ids, sorted: those with the least hashes.
    pub places: Vec<Placed>,
    /// What contradicts itself, in words.
    pub faults: Vec<String>,
    /// How often something does.
    pub faults_count: u64,
}

/// How data is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataForm {
    /// A table (RFC 4180), those of a timetable (GTFS) among them.
    Csv,
    /// Places (RFC 7946).
    GeoJson,
    /// Any other JSON.
    Json,
    /// Nothing that can be read.
    #[default]
    Unreadable,
}

impl DataForm {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            DataForm::Csv => "CSV",
            DataForm::GeoJson => "GeoJSON",
            DataForm::Json => "JSON",
            DataForm::Unreadable => "nothing readable",
        }
    }
}

/// One field of data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldFacts {
    /// Its name, joined by dots.
    pub name: String,
    /// In how many rows it stands.
    pub filled: u64,
    /// In how many of them as a number.
    pub numbers: u64,
    /// The least number.
    pub least: Option<f64>,
    /// The greatest.
    pub greatest: Option<f64>,
}

/// Where a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Placed {
    /// Of its id.
    pub hash: u64,
    /// Millionths of a degree north.
    pub latitude_e6: i32,
    /// Millionths of a degree east.
    pub longitude_e6: i32,
}
