//! How an installation is configured: flags over `WATCHBELL_*` over a file over defaults.
//!
//! The file is TOML: the one named by `--config` or `WATCHBELL_CONFIG`, else `watchbell.toml` in the data folder, where there
//! is one. A variable names a key in capitals, parts joined by two underscores: `WATCHBELL_CONTENT__RULES`. A key that nobody
//! knows is an error: a misspelt limit must not silently be the default.

mod origins;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use connect::SourceConfig;
use connect::tls::ListenTls;
use engine::content::ContentPaths;
use engine::entrance::ProviderConfig;
use engine::intel::{City, CitySetting};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use lake::Retention;
use model::{AgencyId, Level, SourceId};
use serde::{Deserialize, Serialize};
use store::state::{Database, SourceNumber};
use url::Url;

pub(crate) use origins::show;

/// Names of the environment that begin alike and are not configuration: where the file is, how much is logged, and where
/// tests find reference data.
const NOT_KEYS: &[&str] = &["CONFIG", "LOG", "DATA", "TEST_POSTGRES"];

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Folder of everything that is kept.
    pub(crate) data_dir: PathBuf,
    /// Address and port of the HTTP door.
    pub(crate) listen: String,
    /// Whether something in front of us speaks TLS, so that a plain listener may be reached from elsewhere.
    pub(crate) behind_proxy: bool,
    /// The address that people type, such as `https://watch.example.org`; passkeys are bound to its name, so changing it means
    /// new passkeys for everybody. `http://localhost:PORT` when absent.
    #[serde(default)]
    pub(crate) public_url: Option<Url>,
    /// Address and port of the server of policy zones, over TCP and UDP; there is none when absent.
    #[serde(default)]
    pub(crate) rpz_listen: Option<String>,
    /// Certificate and key of the HTTP door.
    #[serde(default)]
    pub(crate) tls: Option<ListenTls>,
    /// The staff's identity provider (OpenID Connect), if they come in by the accounts that they have.
    #[serde(default)]
    pub(crate) staff: Option<ProviderConfig>,
    /// The installation's own agency.
    pub(crate) agency: AgencyId,
    /// `postgres://…` instead of a file in the data folder. Holds a password; never printed.
    #[serde(default)]
    pub(crate) database: Option<String>,
    /// Threads that look at events; the number of cores when absent.
    #[serde(default)]
    pub(crate) threads: Option<usize>,
    /// What detectors know.
    pub(crate) content: ContentConfig,
    /// How long events are kept.
    pub(crate) retention: Retention,
    /// What the city is: its names, addresses, sector, what it runs.
    #[serde(default)]
    pub(crate) city: CitySetting,
    /// The same of further agencies that this installation serves, by name.
    #[serde(default)]
    pub(crate) cities: BTreeMap<AgencyId, CitySetting>,
    /// Where records come from, by name.
    #[serde(default)]
    pub(crate) sources: BTreeMap<SourceId, SourceConfig>,
}

/// What detectors know.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ContentConfig {
    /// Sigma rules: files and folders.
    pub(crate) rules: Vec<PathBuf>,
    /// Indicator files.
    pub(crate) indicators: Vec<PathBuf>,
    /// How bad a sighting of one of these indicators is.
    pub(crate) indicator_level: Option<Level>,
    /// Lists of harmless things: files and folders.
    pub(crate) suppress: Vec<PathBuf>,
    /// Mapping files.
    pub(crate) mappings: Vec<PathBuf>,
    /// A routing table beyond the built-in one.
    pub(crate) routing: Option<PathBuf>,
    /// Values of placeholders.
    pub(crate) placeholders: Option<PathBuf>,
}

impl From<&ContentConfig> for ContentPaths {
    fn from(config: &ContentConfig) -> Self {
        ContentPaths {
            rules: config.rules.clone(),
            indicators: config.indicators.clone(),
            indicator_level: config.indicator_level,
            suppress: config.suppress.clone(),
            mappings: config.mappings.clone(),
            routing: config.routing.clone(),
            placeholders: config.placeholders.clone(),
        }
    }
}

#[derive(Serialize)]
struct Defaults {
    data_dir: PathBuf,
    listen: &'static str,
    behind_proxy: bool,
    agency: AgencyId,
    content: ContentConfig,
    retention: Retention,
}

impl Default for Defaults {
    fn default() -> Self {
        Defaults {
            data_dir: default_data_dir(),
            listen: "127.0.0.1:8787",
            behind_proxy: false,
            agency: AgencyId::home(),
            content: ContentConfig::default(),
            retention: Retention { default_days: 90, rules: Vec::new() },
        }
    }
}

/// `$XDG_DATA_HOME/watchbell`, else below the home folder, else the place for services.
fn default_data_dir() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    match (named("XDG_DATA_HOME"), named("HOME")) {
        (Some(folder), _) => folder.join("watchbell"),
        (None, Some(home)) => home.join(".local/share/watchbell"),
        (None, None) => PathBuf::from("/var/lib/watchbell"),
    }
}

/// What the command line says, and where the file is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    /// `--config`.
    pub(crate) file: Option<PathBuf>,
    /// Keys that flags set, by dotted name.
    pub(crate) flags: Vec<(&'static str, figment::value::Value)>,
}

impl Overrides {
    /// Sets a key that a flag names.
    pub(crate) fn set(&mut self, key: &'static str, value: impl Into<figment::value::Value>) {
        self.flags.push((key, value.into()));
    }
}

/// All layers, the strongest last.
fn layers(overrides: &Overrides) -> Result<Figment> {
    let mut environment = Figment::from(Serialized::defaults(Defaults::default()));
    let variables = || Env::prefixed("WATCHBELL_").ignore(NOT_KEYS).split("__");
    let with_flags = |mut figment: Figment| {
        for (key, value) in &overrides.flags {
            figment = figment.merge(Serialized::default(key, value.clone()).key_named_flag(key));
        }
        figment
    };
    let named = overrides.file.clone().or_else(|| std::env::var_os("WATCHBELL_CONFIG").map(PathBuf::from));
    let file = match named {
        Some(file) if !file.is_file() => bail!("there is no configuration file {}", file.display()),
        Some(file) => Some(file),
        None => {
            let data_dir: PathBuf = with_flags(environment.clone().merge(variables())).extract_inner("data_dir")?;
            Some(data_dir.join("watchbell.toml")).filter(|file| file.is_file())
        }
    };
    if let Some(file) = file {
        environment = environment.merge(Toml::file_exact(file));
    }
    Ok(with_flags(environment.merge(variables())))
}

/// Says in the origin which flag it was.
trait KeyNamedFlag {
    fn key_named_flag(self, key: &str) -> Flag;
}

impl KeyNamedFlag for Serialized<figment::value::Value> {
    fn key_named_flag(self, key: &str) -> Flag {
        Flag { value: self, name: key.to_owned() }
    }
}

/// A flag as a layer of its own, so that its origin is shown.
struct Flag {
    value: Serialized<figment::value::Value>,
    name: String,
}

impl figment::Provider for Flag {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named(format!("flag for {}", self.name))
    }

    fn data(&self) -> figment::Result<figment::value::Map<figment::Profile, figment::value::Dict>> {
        self.value.data()
    }
}

impl Config {
    /// Reads all layers and checks what they say together.
    ///
    /// # Errors
    /// When a file cannot be read, a key is unknown or a value makes no sense.
    pub(crate) fn load(overrides: &Overrides) -> Result<Config> {
        let config: Config = layers(overrides)?.extract().context("the configuration cannot be used")?;
        for (name, source) in &config.sources {
            source.check(name)?;
        }
        config.check_address()?;
        config.check_database()?;
        config.rpz_listen()?;
        config.known_cities()?;
        Ok(config)
    }

    /// What the agencies are, as far as somebody said it.
    ///
    /// # Errors
    /// The first setting that makes no sense.
    pub(crate) fn known_cities(&self) -> Result<BTreeMap<AgencyId, Arc<City>>> {
        let own = (&self.agency, &self.city, "city".to_owned());
        let others = self.cities.iter().map(|(agency, setting)| (agency, setting, format!("cities.{agency}")));
        let mut known = BTreeMap::new();
        for (agency, setting, key) in others.chain([own]) {
            let city = City::new(setting).with_context(|| key)?;
            if city.is_known() {
                known.insert(agency.clone(), Arc::new(city));
            }
        }
        Ok(known)
    }

    /// The console's address decides whether cookies are for an encrypted way only.
    fn check_address(&self) -> Result<()> {
        let is_local =
            |url: &Url| matches!(url.host_str(), Some(host) if host == "localhost" || host.ends_with(".localhost"));
        match &self.public_url {
            Some(url) if url.scheme() != "https" && !is_local(url) => {
                bail!("public_url: {url} is not https, and others can read what goes there")
            }
            _ => Ok(()),
        }
    }

    /// A database elsewhere is asked over an encrypted way, and has to say who it is.
    fn check_database(&self) -> Result<()> {
        let Some(text) = &self.database else { return Ok(()) };
        let url = Url::parse(text).map_err(|error| anyhow::anyhow!("database: this is no address: {error}"))?;
        let of = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let host = of("host").or_else(|| url.host_str().map(str::to_owned)).unwrap_or_default();
        let is_here = host.is_empty() || host.starts_with('/') || ["localhost", "127.0.0.1", "[::1]"].contains(&&*host);
        let is_verified = of("sslmode").is_some_and(|mode| mode == "verify-full");
        if !is_here && !is_verified {
            bail!(
                "database: {host} is another machine, and names and findings would cross the network in plain text\n\
                 hint: add ?sslmode=verify-full&sslrootcert=/path/of/ca.pem to the address"
            );
        }
        Ok(())
    }

    /// Where the HTTP door listens.
    ///
    /// # Errors
    /// When it is no address, or one that others can reach without TLS.
    pub(crate) fn listen(&self) -> Result<SocketAddr> {
        use std::net::ToSocketAddrs;
        let mut found = self
            .listen
            .to_socket_addrs()
            .with_context(|| format!("listen: {:?} is no address with a port, such as 127.0.0.1:8787", self.listen))?;
        let address = found.next().with_context(|| format!("listen: {:?} has no address", self.listen))?;
        let is_loopback = match address.ip() {
            IpAddr::V4(ip) => ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_loopback(),
        };
        if !is_loopback && self.tls.is_none() && !self.behind_proxy {
            bail!(
                "listen: {address} can be reached from elsewhere, and tokens would cross the network in plain text\n\
                 hint: set tls (cert, key), or --behind-proxy where something in front of it speaks TLS"
            );
        }
        Ok(address)
    }

    /// The address that people type, without a slash at its end.
    ///
    /// # Errors
    /// As [`Config::listen`].
    pub(crate) fn console_url(&self) -> Result<String> {
        Ok(match &self.public_url {
            Some(url) => url.origin().ascii_serialization(),
            None => format!("http://localhost:{}", self.listen()?.port()),
        })
    }

    /// Where the state is.
    pub(crate) fn database(&self) -> Database {
        match &self.database {
            Some(url) => Database::Postgres(url.clone()),
            None => Database::Sqlite(self.state_file()),
        }
    }

    /// The state's file, where it is one.
    pub(crate) fn state_file(&self) -> PathBuf {
        self.data_dir.join("state.db")
    }

    /// The journal's folder.
    pub(crate) fn journal_dir(&self) -> PathBuf {
        self.data_dir.join("journal")
    }

    /// The lake's folder.
    pub(crate) fn lake_dir(&self) -> PathBuf {
        self.data_dir.join("lake")
    }

    /// The file of people's keys.
    pub(crate) fn vault_file(&self) -> PathBuf {
        self.data_dir.join("vault.db")
    }

    /// The file of the keys that people's keys are wrapped with.
    pub(crate) fn master_key_file(&self) -> PathBuf {
        self.data_dir.join("master.key")
    }

    /// The ledger's folder: tiles and checkpoints.
    pub(crate) fn ledger_dir(&self) -> PathBuf {
        self.data_dir.join("ledger")
    }

    /// The file of the key that signs the ledger.
    pub(crate) fn ledger_key_file(&self) -> PathBuf {
        self.data_dir.join("ledger.key")
    }

    /// Where resolvers ask for policy zones.
    ///
    /// # Errors
    /// When it is no address.
    pub(crate) fn rpz_listen(&self) -> Result<Option<SocketAddr>> {
        use std::net::ToSocketAddrs;
        let Some(text) = &self.rpz_listen else { return Ok(None) };
        let found = text.to_socket_addrs();
        let mut found =
            found.with_context(|| format!("rpz_listen: {text:?} is no address with a port, such as 127.0.0.1:5353"))?;
        found.next().map(Some).with_context(|| format!("rpz_listen: {text:?} has no address"))
    }

    /// The folder of what outlets give.
    pub(crate) fn outlets_dir(&self) -> PathBuf {
        self.data_dir.join("outlets")
    }

    /// The index of an agency's intelligence, for detectors.
    pub(crate) fn intel_index_file(&self, agency: &AgencyId) -> PathBuf {
        self.data_dir.join(format!("intel-{agency}.index"))
    }

    /// The folder of what was seen, for new indicators.
    pub(crate) fn seen_dir(&self) -> PathBuf {
        self.data_dir.join("seen")
    }

    /// What past traffic says of an agency's indicators.
    pub(crate) fn look_back_file(&self, agency: &AgencyId) -> PathBuf {
        self.data_dir.join(format!("intel-{agency}.past.json"))
    }

    /// What is held of a feed's events.
    pub(crate) fn feed_dir(&self, agency: &AgencyId, source: SourceNumber) -> PathBuf {
        self.data_dir.join("feeds").join(format!("{agency}-{source}"))
    }

    /// Forgets what is held of a feed.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn drop_feed_dir(&self, agency: &AgencyId, source: SourceNumber) -> Result<()> {
        let folder = self.feed_dir(agency, source);
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", folder.display()))
            }
            _ => Ok(()),
        }
    }

    /// The file of what correlations remember.
    pub(crate) fn memory_file(&self) -> PathBuf {
        self.data_dir.join("correlations.json")
    }

    /// Every agency that this installation keeps data of.
    pub(crate) fn agencies(&self) -> Vec<AgencyId> {
        let mut agencies = vec![self.agency.clone()];
        agencies.extend(self.sources.values().filter_map(|source| source.agency().cloned()));
        agencies.sort();
        agencies.dedup();
        agencies
    }

    /// Makes the data folder, for nobody but its owner.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn make_data_dir(&self) -> Result<()> {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        let folder = &self.data_dir;
        let make = || -> std::io::Result<()> {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
        };
        make().with_context(|| format!("cannot make the data folder {}", folder.display()))
    }

    /// Fails with a hint when there is no data yet.
    ///
    /// # Errors
    /// When the data folder does not exist.
    pub(crate) fn must_have_data(&self) -> Result<()> {
        if self.data_dir.is_dir() { Ok(()) } else { Err(no_data(&self.data_dir)) }
    }
}

fn no_data(folder: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "there is no data folder {}\nhint: name it with --data DIR, or start `watchbell serve` first",
        folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("w.toml");
        std::fs::write(&file, text).unwrap();
        let mut overrides = Overrides { file: Some(file), ..Overrides::default() };
        overrides.set("data_dir", folder.path().display().to_string());
        let outcome = Config::load(&overrides).and_then(|config| config.listen().map(|_| ()));
        let said = outcome.err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{text:?}: {said}");
    }

    #[test]
    fn mistakes_are_named() {
        check("", "");
        check("listen = '[::1]:0'\n[sources.s]\nkind = 'http'\nformat = 'zeek'\nagency = 'fire'", "");
        check(
            "[retention]\ndefault_days = 30\n[[retention.rules]]\npurpose = 'logins'\nclasses = [3002]\ndays = 400",
            "",
        );
        check("lisen = 'x'", "lisen");
        check("listen = 'nonsense'", "is no address");
        check("listen = '0.0.0.0:1'", "plain text");
        check("listen = '0.0.0.0:1'\nbehind_proxy = true", "");
        check("[sources.s]\nkind = 'pigeon'", "pigeon");
        check("[sources.'Not A Label']\nkind = 'http'", "is no source");
        check("[sources.s]\nkind = 'syslog-udp'\nlisten = '514'", "is no address with a port");
        check("[content]\nrule = ['x']", "rule");
        check("rpz_listen = '[::1]:5353'", "");
        check("rpz_listen = '5353'", "is no address with a port");
        check(
            "[city]\nnames = ['Musterstadt']\ndomains = ['musterstadt.example']\naddresses = ['198.51.100.0/24']",
            "",
        );
        check("[city]\naddresses = ['everywhere']", "city: addresses");
        check("[cities.fire]\ndomains = ['co.uk']", "cities.fire");
        check("[city]\nname = 'x'", "name");
        check("public_url = 'http://watch.example.org'", "is not https");
        check("public_url = 'https://watch.example.org'", "");
        check("public_url = 'http://localhost:8787'", "");
        for here in ["postgres:///w", "postgres://w@127.0.0.1:5432/w", "postgres://w@x/w?host=/run/postgresql"] {
            check(&format!("database = '{here}'"), "");
        }
        check("database = 'postgres://w:secret@db.example.org/w'", "plain text");
        check("database = 'postgres://w@db.example.org/w?sslmode=require'", "plain text");
        check("database = 'postgres://w@db.example.org/w?sslmode=verify-full'", "");
        check("[staff]\nissuer = 'https://id.example.org'\nclient_id = 'w'\nroles = { watch = ['pope'] }", "pope");
    }

    #[test]
    fn flags_win_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("watchbell.toml"), "agency = 'fire'\nlisten = '127.0.0.1:1'").unwrap();
        let mut overrides = Overrides::default();
        overrides.set("data_dir", folder.path().display().to_string());
        overrides.set("listen", "127.0.0.1:2");
        let config = Config::load(&overrides).unwrap();
        assert_eq!((config.agency.as_str(), config.listen.as_str()), ("fire", "127.0.0.1:2"));
    }
}
