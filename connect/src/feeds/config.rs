//! Feeds as people configure them: one table for each, its `kind` says which.
//!
//! ```toml
//! [feeds.state-cert]
//! kind = "taxii"
//! url = "https://taxii.state.example/taxii2/"
//! interval = "15m"
//! grade = "B2"
//! marking = { tlp = "amber" }
//! credentials = { kind = "bearer", token_file = "/etc/watchbell/state-cert.token" }
//! ```
//! A setting that nobody knows is an error, and so is one that means nothing for the kind. Secrets stand in files of their own and
//! never here.

use std::io::Read;
use std::path::{Path, PathBuf};

use model::limits::{
    FEED_COLLECTIONS_MAX, FEED_RUN_BYTES, FEED_RUN_BYTES_MAX, FEED_RUN_ITEMS, FEED_RUN_ITEMS_MAX, FEED_TEXT_BYTES_MAX,
    FETCH_SECRET_BYTES_MAX,
};
use model::{Grade, Level, Marking};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::schedule::Interval;
use super::taxii::RunLimits;
use crate::fetch::{Access, Credentials, CredentialsError, FetchRules, Origin, Scheme, Secret, Target, TargetError};
use crate::tls::TlsError;

/// What a feed speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FeedKind {
    /// A TAXII 2.1 server.
    Taxii,
    /// A folder of MISP events with a manifest.
    Misp,
    /// A MISP's REST interface.
    MispRest,
    /// A list of values, by a mapping of columns.
    List,
    /// A STIX bundle.
    Stix,
    /// CISA's catalogue of exploited vulnerabilities.
    Kev,
    /// A CSAF advisory.
    Csaf,
    /// Posts of leak sites.
    Leaks,
    /// The range format of Have I Been Pwned.
    Hibp,
    /// Nmap's XML, of our own tests.
    Nmap,
    /// Nuclei's JSON lines, of our own tests.
    Nuclei,
    /// Domains that are new: a list, or names in certificates.
    NewDomains,
}

impl FeedKind {
    /// Whether it is one answer or file, as opposed to a conversation.
    pub const fn is_one_file(self) -> bool {
        !matches!(self, FeedKind::Taxii | FeedKind::Misp | FeedKind::MispRest | FeedKind::Hibp)
    }
}

/// A feed's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedConfig {
    /// What it speaks.
    pub kind: FeedKind,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where it is, on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Time between two runs.
    #[serde(default)]
    pub interval: Interval,
    /// What we show so that we are let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<CredentialsConfig>,
    /// What may be reached, and whom to trust.
    #[serde(default)]
    pub fetch: FetchRules,
    /// Collections of a TAXII server, by id or alias; all that can be read when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<String>,
    /// What is sent along with each search of a MISP.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub filter: Map<String, Value>,
    /// The columns of a list: `formats::intel::list::ListMapping`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Value>,
    /// What one run may bring.
    #[serde(default)]
    pub limits: FeedLimits,
    /// How far it is believed.
    #[serde(default)]
    pub grade: Grade,
    /// What counts for items without a marking of their own.
    #[serde(default)]
    pub marking: Marking,
    /// What its makers allow, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// How bad a sighting is, where the feed does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
}

/// What one run may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedLimits {
    /// Bytes, unpacked.
    pub bytes: u64,
    /// Items.
    pub items: u64,
}

impl Default for FeedLimits {
    fn default() -> Self {
        FeedLimits { bytes: FEED_RUN_BYTES, items: FEED_RUN_ITEMS }
    }
}

impl From<FeedLimits> for RunLimits {
    fn from(limits: FeedLimits) -> Self {
        RunLimits { bytes_max: limits.bytes, items_max: limits.items }
    }
}

/// Credentials, by the files that hold the secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CredentialsConfig {
    /// User and password.
    Basic {
        /// The user.
        user: String,
        /// File with the password.
        password_file: PathBuf,
    },
    /// `Authorization: Bearer …`
    Bearer {
        /// File with the token.
        token_file: PathBuf,
    },
    /// A header of the server's own; for MISP, `Authorization` with a bare key.
    Header {
        /// Its name.
        name: String,
        /// File with its value.
        token_file: PathBuf,
    },
}

/// Why a feed cannot work as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedConfigError {
    /// A setting makes no sense.
    #[error("{setting}: {reason}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The URL cannot be fetched.
    #[error("url")]
    Url(#[from] TargetError),
    /// A secret cannot be read.
    #[error("cannot read the secret in {}", path.display())]
    SecretFile {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
    /// A secret cannot be sent.
    #[error("credentials")]
    Credentials(#[from] CredentialsError),
    /// Certificates or keys cannot be used.
    #[error("fetch")]
    Tls(#[from] TlsError),
}

impl FeedConfig {
    /// The shortest settings of a feed.
    pub fn of_url(kind: FeedKind, url: impl Into<String>) -> Self {
        FeedConfig {
            kind,
            url: Some(url.into()),
            path: None,
            interval: Interval::default(),
            credentials: None,
            fetch: FetchRules::default(),
            collections: Vec::new(),
            filter: Map::new(),
            mapping: None,
            limits: FeedLimits::default(),
            grade: Grade::default(),
            marking: Marking::default(),
            licence: None,
            level: None,
        }
    }

    /// Checks what can be checked without touching the world.
    ///
    /// # Errors
    /// The first setting that cannot work, and why.
    pub fn check(&self) -> Result<(), FeedConfigError> {
        self.check_place()?;
        self.check_kind()?;
        let FeedLimits { bytes, items } = self.limits;
        if !(1..=FEED_RUN_BYTES_MAX).contains(&bytes) {
            return refuse("limits.bytes", format!("{bytes} is not between 1 and {FEED_RUN_BYTES_MAX}"));
        }
        if !(1..=FEED_RUN_ITEMS_MAX).contains(&items) {
            return refuse("limits.items", format!("{items} is not between 1 and {FEED_RUN_ITEMS_MAX}"));
        }
        if self.licence.as_ref().is_some_and(|text| text.len() > FEED_TEXT_BYTES_MAX) {
            return refuse(
                "licence",
                format!("longer than {FEED_TEXT_BYTES_MAX} bytes; hint: a name or an address will do"),
            );
        }
        Ok(())
    }

    fn check_place(&self) -> Result<(), FeedConfigError> {
        match (&self.url, &self.path) {
            (Some(_), Some(_)) => refuse("path", "stands beside url; hint: a feed has one place"),
            (None, None) => refuse("url", "missing; hint: name url, or path for a file on this machine"),
            (None, Some(_)) if self.credentials.is_some() => {
                refuse("credentials", "a file on this machine asks for none")
            }
            (None, Some(_)) if matches!(self.kind, FeedKind::Taxii | FeedKind::MispRest | FeedKind::Hibp) => {
                refuse("path", "this kind is a server; hint: name its url")
            }
            (None, Some(_)) => Ok(()),
            (Some(url), None) => {
                let is_http = Target::parse(url)?.origin().scheme == Scheme::Http;
                if is_http && !self.fetch.allow_http {
                    return refuse("url", "not encrypted; hint: use https, or set fetch.allow_http");
                }
                Ok(())
            }
        }
    }

    fn check_kind(&self) -> Result<(), FeedConfigError> {
        if !self.collections.is_empty() && self.kind != FeedKind::Taxii {
            return refuse("collections", "only TAXII servers have them");
        }
        if self.collections.len() > FEED_COLLECTIONS_MAX {
            return refuse("collections", format!("{} are more than {FEED_COLLECTIONS_MAX}", self.collections.len()));
        }
        if let Some(wrong) = self.collections.iter().find(|id| !formats::intel::taxii::segment_is_plain(id)) {
            return refuse("collections", format!("{:?} is no id of a collection", shortened(wrong)));
        }
        if !self.filter.is_empty() && self.kind != FeedKind::MispRest {
            return refuse("filter", "only searches of a MISP take one");
        }
        let ours = ["returnFormat", "page", "limit", "timestamp"];
        if let Some(name) = ours.iter().find(|name| self.filter.contains_key(**name)) {
            return refuse("filter", format!("{name} is set by Watchbell"));
        }
        if Value::Object(self.filter.clone()).to_string().len() > FEED_TEXT_BYTES_MAX {
            return refuse("filter", format!("longer than {FEED_TEXT_BYTES_MAX} bytes"));
        }
        if self.mapping.is_some() && self.kind != FeedKind::List {
            return refuse("mapping", "only lists have columns");
        }
        Ok(())
    }
}

impl CredentialsConfig {
    /// Reads the secret, for that origin only. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read, or what it holds cannot be sent.
    pub fn read(&self, origin: &Origin) -> Result<Access, FeedConfigError> {
        let credentials = match self {
            CredentialsConfig::Basic { user, password_file } => {
                Credentials::Basic { user: user.clone(), password: secret(password_file)? }
            }
            CredentialsConfig::Bearer { token_file } => Credentials::Bearer(secret(token_file)?),
            CredentialsConfig::Header { name, token_file } => {
                Credentials::Header { name: name.clone(), value: secret(token_file)? }
            }
        };
        Ok(Access::new(origin.clone(), &credentials)?)
    }
}

/// A secret from a file, without the line end that editors leave. One byte too many is read, so that the limit shows.
fn secret(path: &Path) -> Result<Secret, FeedConfigError> {
    let failed = |cause| FeedConfigError::SecretFile { path: path.to_owned(), cause };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(FETCH_SECRET_BYTES_MAX as u64 + 3).read_to_string(&mut text).map_err(failed)?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(Secret::new(text))
}

fn refuse<T>(setting: &'static str, reason: impl Into<String>) -> Result<T, FeedConfigError> {
    Err(FeedConfigError::Setting { setting, reason: reason.into() })
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The first line of what is wrong with a feed's table, empty when nothing is.
    fn check(table: &str, expected: &str) {
        let wrong = match toml::from_str::<FeedConfig>(table) {
            Err(error) => error.message().to_owned(),
            Ok(config) => {
                let again: FeedConfig = serde_json::from_value(serde_json::to_value(&config).unwrap()).unwrap();
                assert_eq!(again, config);
                config.check().err().map(|error| crate::runner::with_causes(&error)).unwrap_or_default()
            }
        };
        assert!(wrong.starts_with(expected) && wrong.is_empty() == expected.is_empty(), "{table:?}: {wrong}");
    }

    #[test]
    fn every_kind_in_its_shortest_form() {
        for kind in [
            "taxii",
            "misp",
            "misp-rest",
            "list",
            "stix",
            "kev",
            "csaf",
            "leaks",
            "hibp",
            "nmap",
            "nuclei",
            "new-domains",
        ] {
            check(&format!("kind = '{kind}'\nurl = 'https://feeds.example/'"), "");
        }
        for kind in ["misp", "list", "stix", "kev", "csaf", "leaks", "nmap", "nuclei", "new-domains"] {
            check(&format!("kind = '{kind}'\npath = '/srv/feed'"), "");
        }
    }

    #[test]
    fn every_setting() {
        check(
            "kind = 'taxii'\nurl = 'http://10.0.0.7:5000/taxii2/'\ninterval = '15m'\ncollections = ['a-b']\ngrade = 'B2'\n\
             marking = { tlp = 'green', pap = 'amber' }\nlicence = 'CC0'\nlevel = 'high'\nlimits = { bytes = 5, items = 6 }\n\
             credentials = { kind = 'basic', user = 'u', password_file = '/p' }\n\
             fetch = { allow_http = true, allow_private = ['10.0.0.7:5000'], ca = '/ca.pem' }",
            "",
        );
        check("kind = 'list'\nurl = 'https://a.example/'\nmapping = { columns = [{ value = 0 }] }", "");
        check(
            "kind = 'misp-rest'\nurl = 'https://a.example/'\nfilter = { tags = ['x'], published = true }\n\
               credentials = { kind = 'header', name = 'Authorization', token_file = '/k' }",
            "",
        );
    }

    #[test]
    fn mistakes_are_named() {
        let feed = "kind = 'kev'\nurl = 'https://a.example/'\n";
        check("kind = 'carrier-pigeon'", "unknown variant `carrier-pigeon`");
        check("kind = 'kev'", "url: missing");
        check("kind = 'kev'\nurl = 'ftp://a.example/'", "url: neither https nor http");
        check("kind = 'kev'\nurl = 'https://u:p@a.example/'", "url: a user or password");
        check("kind = 'kev'\nurl = 'http://a.example/'", "url: not encrypted; hint:");
        check(&format!("{feed}path = '/x'"), "path: stands beside url");
        check("kind = 'taxii'\npath = '/x'", "path: this kind is a server");
        check("kind = 'kev'\npath = '/x'\ncredentials = { kind = 'bearer', token_file = '/k' }", "credentials: ");
        check(&format!("{feed}intervall = '5m'"), "unknown field `intervall`");
        check(&format!("{feed}interval = '5s'"), "\"5s\" is no interval");
        check(&format!("{feed}collections = ['a']"), "collections: only TAXII");
        check("kind = 'taxii'\nurl = 'https://a.example/'\ncollections = ['../x']", "collections: \"../x\" is no id");
        check(&format!("{feed}filter = {{ a = 1 }}"), "filter: only searches");
        check("kind = 'misp-rest'\nurl = 'https://a.example/'\nfilter = { page = 1 }", "filter: page is set");
        check(&format!("{feed}mapping = 1"), "mapping: only lists");
        check(&format!("{feed}limits = {{ bytes = 0 }}"), "limits.bytes: 0 is not between");
        check(&format!("{feed}limits = {{ items = 999999999999 }}"), "limits.items: ");
        check(&format!("{feed}grade = 'Z9'"), "\"Z9\" is no grade");
        check(&format!("{feed}licence = '{}'", "x".repeat(FEED_TEXT_BYTES_MAX + 1)), "licence: longer");
        check(&format!("{feed}credentials = {{ kind = 'bearer', token = 'secret' }}"), "unknown field `token`");
        check(&format!("{feed}fetch = {{ allow_private = ['x'] }}"), "not HOST:PORT");
    }

    #[test]
    fn secrets_come_from_files() {
        let folder = tempfile::tempdir().unwrap();
        let origin = Target::parse("https://a.example/").unwrap().origin().clone();
        let read = |content: &[u8]| {
            let path = folder.path().join("token");
            std::fs::write(&path, content).unwrap();
            CredentialsConfig::Bearer { token_file: path }
                .read(&origin)
                .map(|_| ())
                .map_err(|error| crate::runner::with_causes(&error))
        };
        assert_eq!(read(b"token\r\n"), Ok(()));
        assert_eq!(read(&[b'x'; FETCH_SECRET_BYTES_MAX]), Ok(()));
        assert!(read(&[b'x'; FETCH_SECRET_BYTES_MAX + 1]).unwrap_err().contains("longer than"));
        assert!(read(b"two\nlines").unwrap_err().contains("no header may carry"));
        assert!(read(b"\n").unwrap_err().contains("empty"));
        assert!(read(b"\xff").unwrap_err().contains("cannot read the secret"));
        let missing = CredentialsConfig::Bearer { token_file: folder.path().join("none") };
        assert!(matches!(missing.read(&origin), Err(FeedConfigError::SecretFile { .. })));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}", url in "(https?://)?\\PC{0,30}") {
            let _ = toml::from_str::<FeedConfig>(&text).map(|config| config.check());
            let _ = FeedConfig::of_url(FeedKind::Taxii, url).check();
        }
    }
}
