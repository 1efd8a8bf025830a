//! Software that is seen in events: what programs say of themselves in banners, Server headers and user agents, and what inventories say.
//!
//! Two steps, so that what is of no interest costs little: [`words`] takes the texts out of an event, each with the address it is about; [`software`]
//! reads one. Names come from a table of our own (`data/banners.toml`), with the names of the dictionary of NIST (CPE 2.3).
//!
//! A distribution mends old versions without giving them a new number. Where a text names one, that is kept in the CPE's attribute `other`, which
//! advisories leave open, so that whoever matches can say so: [`maybe_mended_by`].
//!
//! Deliberately absent: fingerprints of TLS, which name no version; what a text says of the person at a machine; guesses. A text that the table does
//! not know gives nothing, and that is no word that nothing runs there.

mod event;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;

use model::register::Software;
use model::software::Cpe;
use model::software::cpe::Attribute;

pub use event::words;
pub use table::{software, table_size};

/// Which end of a connection a program is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// It answers.
    Server,
    /// It asks. Somebody may sit at it.
    Client,
}

/// How somebody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// A program greeted so: SSH, FTP, mail.
    Banner,
    /// A web server's headers.
    ServerHeader,
    /// A user agent.
    UserAgent,
    /// Zeek told software from traffic.
    ZeekSoftware,
    /// An inventory of the machine itself.
    Inventory,
}

impl How {
    /// All of them.
    pub const ALL: [How; 5] = [How::Banner, How::ServerHeader, How::UserAgent, How::ZeekSoftware, How::Inventory];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            How::Banner => "banner",
            How::ServerHeader => "server-header",
            How::UserAgent => "user-agent",
            How::ZeekSoftware => "zeek-software",
            How::Inventory => "inventory",
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a text may stand, as the table says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// The greeting of SSH.
    Ssh,
    /// A header of a web server.
    Web,
    /// The greeting of a mail server.
    Mail,
    /// The greeting of FTP.
    File,
    /// A user agent.
    Agent,
    /// A name in an inventory.
    Name,
}

/// A text of an event that may name software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words<'e> {
    /// The address it is about.
    pub address: IpAddr,
    /// Which end that is.
    pub side: Side,
    /// How somebody knows.
    pub how: How,
    /// Where it stood.
    pub said: Said,
    /// The text, [`model::limits::BANNER_BYTES_MAX`] of it at most.
    pub text: &'e str,
    /// Name and version, where an inventory has them apart.
    pub named: Option<(&'e str, &'e str)>,
    /// Who makes it, where an inventory says so.
    pub vendor: &'e str,
}

/// Software that was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SoftwareSeen {
    /// On which address.
    pub address: IpAddr,
    /// Which end of the connection it was.
    pub side: Side,
    /// What.
    pub software: Software,
    /// How somebody knows.
    pub how: How,
}

/// All software that an event names.
pub fn in_event(event: &model::Event) -> Vec<SoftwareSeen> {
    let mut found = Vec::new();
    for words in words(event) {
        let seen = |software| SoftwareSeen { address: words.address, side: words.side, software, how: words.how };
        found.extend(software(&words).into_iter().map(seen));
    }
    found.sort();
    found.dedup();
    found
}

/// The distribution that may have mended a version without giving it a new number, as it was seen: `Ubuntu-3ubuntu0.6`.
pub fn maybe_mended_by(software: &Software) -> Option<String> {
    Cpe::parse(software.cpe.as_deref()?).ok()?.text(Attribute::Other).filter(|text| !text.is_empty())
}
