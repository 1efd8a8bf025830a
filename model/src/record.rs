//! A record as it came from outside, and where exactly it came from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{AgencyId, EventId, SourceId, Timestamp};

/// Where in its source a record stands, so that the source can name it again (or cannot, and then the journal does).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cursor {
    /// A file, known by its content and not by its name, so that rotation does not double it.
    File {
        /// What its content says it is, see [`crate::fingerprint::fingerprint`].
        fingerprint: u64,
        /// Where the record starts, in bytes of the unpacked file.
        offset: u64,
    },
    /// A message of a durable stream (NATS JetStream).
    Stream {
        /// The stream's name.
        stream: Box<str>,
        /// The stream's own sequence number.
        sequence: u64,
    },
    /// A line of a request whose client named its batch.
    Batch {
        /// The client's name for the batch.
        id: Box<str>,
        /// Line in the batch, from 0.
        index: u64,
    },
    /// A record that its source cannot name again (syslog, MQTT): the journal's offset names it.
    Journal {
        /// Offset in the local journal.
        offset: u64,
    },
}

impl Cursor {
    /// Gives the parts of the cursor that make up the event's id, unambiguously.
    pub(crate) fn for_each_part(&self, mut part: impl FnMut(&[u8])) {
        match self {
            Cursor::File { fingerprint, offset } => {
                part(b"f");
                part(&fingerprint.to_le_bytes());
                part(&offset.to_le_bytes());
            }
            Cursor::Stream { stream, sequence } => {
                part(b"s");
                part(&(stream.len() as u64).to_le_bytes());
                part(stream.as_bytes());
                part(&sequence.to_le_bytes());
            }
            Cursor::Batch { id, index } => {
                part(b"b");
                part(&(id.len() as u64).to_le_bytes());
                part(id.as_bytes());
                part(&index.to_le_bytes());
            }
            Cursor::Journal { offset } => {
                part(b"j");
                part(&offset.to_le_bytes());
            }
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cursor::File { fingerprint, offset } => write!(f, "file {fingerprint:016x} at byte {offset}"),
            Cursor::Stream { stream, sequence } => write!(f, "stream {stream} message {sequence}"),
            Cursor::Batch { id, index } => write!(f, "batch {id} line {index}"),
            Cursor::Journal { offset } => write!(f, "journal offset {offset}"),
        }
    }
}

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// The shape that a record's bytes have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Format { $($(#[$doc])* #[serde(rename = $name)] $variant,)+ }

        impl Format {
            /// Every format, in the order in which help texts list them.
            pub const ALL: &'static [Format] = &[$(Format::$variant),+];

            /// The name that people use on the command line and in configuration.
            pub fn name(self) -> &'static str {
                match self { $(Format::$variant => $name,)+ }
            }
        }
    };
}

formats! {
    /// A Windows event as one JSON object: flat, or nested as winlogbeat and EVTX tools write it.
    Windows = "windows",
    /// A Windows event out of a binary EVTX file, already turned into JSON by the reader.
    Evtx = "evtx",
    /// A Zeek log record as JSON; `_path` names the log.
    Zeek = "zeek",
    /// A Suricata EVE record.
    Suricata = "suricata",
    /// An AWS CloudTrail record.
    CloudTrail = "cloudtrail",
    /// A Microsoft 365 unified audit, Entra sign-in or Entra audit record.
    M365 = "m365",
    /// A Linux audit daemon line.
    Auditd = "auditd",
    /// A NetFlow v9 or IPFIX packet's flow, already turned into JSON by the collector.
    Netflow = "netflow",
    /// A syslog message, RFC 5424 or RFC 3164; what is inside (sshd, sudo, iptables, firewalls, CEF) is looked for.
    Syslog = "syslog",
    /// ArcSight Common Event Format, bare.
    Cef = "cef",
    /// An event that is OCSF already.
    Ocsf = "ocsf",
    /// Any other JSON object, read by a mapping file that a user writes.
    Json = "json",
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Format::ALL.iter().copied().find(|format| format.name() == text);
        found.ok_or_else(|| {
            let names: Vec<_> = Format::ALL.iter().map(|format| format.name()).collect();
            format!("unknown format {text:?}; known are {}", names.join(", "))
        })
    }
}

/// One record from outside, untouched. Its bytes are the truth that every later view is derived from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    /// Whose record it is.
    pub agency: AgencyId,
    /// Which source brought it.
    pub source: SourceId,
    /// Where in the source it stands.
    pub cursor: Cursor,
    /// When it reached us.
    pub received: Timestamp,
    /// What the source says it is; `None` lets the reader recognise it.
    pub format: Option<Format>,
    /// The bytes, without a line ending.
    pub body: Vec<u8>,
}

impl RawRecord {
    /// The event's id, which follows from where the record stands.
    pub fn event_id(&self) -> EventId {
        EventId::of(&self.agency, &self.source, &self.cursor)
    }
}
