//! Sources as people configure them: one table for each, its `kind` says which.
//!
//! ```toml
//! [sources.firewall-east]
//! kind = "syslog-udp"
//! listen = "0.0.0.0:514"
//! ```
//! Each kind and its settings are described in `docs/guide/sources.md`. A setting that nobody knows is an error: a
//! misspelt limit must not silently be the default.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::limits::{SOURCES_MAX, SUBSCRIPTIONS_MAX};
use model::{AgencyId, Format, SourceId};
use serde::Deserialize;

use crate::http::HttpConfig;
use crate::link::SourceError;
use crate::mqtt::{Mqtt, MqttConfig};
use crate::nats::{Nats, NatsConfig};
use crate::netflow::{Netflow, NetflowConfig};
use crate::runner::{Doors, Source};
use crate::syslog::{SyslogTcp, SyslogTcpConfig, SyslogUdp, SyslogUdpConfig};
use crate::tail::{Tail, TailConfig};
use crate::tls::TlsError;

/// One source's settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SourceConfig {
    /// Syslog over UDP.
    SyslogUdp(SyslogUdpConfig),
    /// Syslog over TCP, or TLS when `tls` is given.
    SyslogTcp(SyslogTcpConfig),
    /// NetFlow v9 or IPFIX over UDP.
    Netflow(NetflowConfig),
    /// NDJSON over HTTP.
    Http(HttpConfig),
    /// Tailed files and folders.
    Tail(TailConfig),
    /// A NATS JetStream consumer.
    Nats(NatsConfig),
    /// An MQTT 5 subscriber.
    Mqtt(MqttConfig),
}

/// Why a source cannot work as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting makes no sense.
    #[error("source {source_id}: {setting}: {reason}")]
    Setting {
        /// The source.
        source_id: SourceId,
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Keys or certificates cannot be used.
    #[error("source {source_id}")]
    Tls {
        /// The source.
        source_id: SourceId,
        /// Why not.
        #[source]
        cause: TlsError,
    },
    /// More sources than Watchbell runs.
    #[error("{0} sources are more than {SOURCES_MAX}")]
    TooMany(usize),
}

impl SourceConfig {
    /// The agency whose records the source brings; `None` is the installation's own.
    pub fn agency(&self) -> Option<&AgencyId> {
        match self {
            SourceConfig::SyslogUdp(config) => config.agency.as_ref(),
            SourceConfig::SyslogTcp(config) => config.agency.as_ref(),
            SourceConfig::Netflow(config) => config.agency.as_ref(),
            SourceConfig::Http(config) => config.agency.as_ref(),
            SourceConfig::Tail(config) => config.agency.as_ref(),
            SourceConfig::Nats(config) => config.agency.as_ref(),
            SourceConfig::Mqtt(config) => config.agency.as_ref(),
        }
    }

    /// What the source says its records are.
    pub fn format(&self) -> Option<Format> {
        match self {
            SourceConfig::SyslogUdp(config) => config.format.or(Some(Format::Syslog)),
            SourceConfig::SyslogTcp(config) => config.format.or(Some(Format::Syslog)),
            SourceConfig::Netflow(_) => Some(Format::Netflow),
            SourceConfig::Http(config) => config.format,
            SourceConfig::Tail(config) => config.format,
            SourceConfig::Nats(config) => config.format,
            SourceConfig::Mqtt(config) => config.format,
        }
    }

    /// Every source whose records this one brings: its own, and those that its topics name.
    pub fn sources(&self, source_id: &SourceId) -> Vec<SourceId> {
        let mut sources = vec![source_id.clone()];
        if let SourceConfig::Mqtt(config) = self {
            sources.extend(config.topics.iter().filter_map(|topic| topic.source.clone()));
            sources.sort();
            sources.dedup();
        }
        sources
    }

    /// Checks the settings that can be checked without touching the world.
    ///
    /// # Errors
    /// The first setting that cannot work, and why.
    pub fn check(&self, source_id: &SourceId) -> Result<(), ConfigError> {
        let refuse =
            |setting, reason: String| Err(ConfigError::Setting { source_id: source_id.clone(), setting, reason });
        match self {
            SourceConfig::SyslogUdp(SyslogUdpConfig { listen, .. })
            | SourceConfig::SyslogTcp(SyslogTcpConfig { listen, .. })
            | SourceConfig::Netflow(NetflowConfig { listen, .. }) => match wrong_address(listen) {
                Some(reason) => refuse("listen", reason),
                None => Ok(()),
            },
            SourceConfig::Http(_) => Ok(()),
            SourceConfig::Tail(config) => match wrong_patterns(config) {
                Some((setting, reason)) => refuse(setting, reason),
                None => Ok(()),
            },
            SourceConfig::Nats(config) => match config.subjects.len() {
                0..=SUBSCRIPTIONS_MAX => Ok(()),
                many => refuse("subjects", format!("{many} are more than {SUBSCRIPTIONS_MAX}")),
            },
            SourceConfig::Mqtt(config) => match config.wrong_setting() {
                Some((setting, reason)) => refuse(setting, reason),
                None => Ok(()),
            },
        }
    }

    /// The runnable source, reading keys from disk; `None` for HTTP, whose door is mounted into a server.
    pub(crate) fn build(&self, source_id: &SourceId, doors: &Doors) -> Result<Option<Box<dyn Source>>, ConfigError> {
        let with_tls = |cause| ConfigError::Tls { source_id: source_id.clone(), cause };
        let source: Box<dyn Source> = match self.clone() {
            SourceConfig::SyslogUdp(config) => Box::new(SyslogUdp::new(config)),
            SourceConfig::SyslogTcp(config) => Box::new(SyslogTcp::new(config).map_err(with_tls)?),
            SourceConfig::Netflow(config) => Box::new(Netflow::new(config, (doors.netflow)(source_id))),
            SourceConfig::Http(_) => return Ok(None),
            SourceConfig::Tail(config) => Box::new(Tail::new(config, Arc::clone(&doors.positions))),
            SourceConfig::Nats(config) => Box::new(Nats::new(config).map_err(with_tls)?),
            SourceConfig::Mqtt(config) => Box::new(Mqtt::new(config).map_err(with_tls)?),
        };
        Ok(Some(source))
    }
}

/// Checks every source.
pub(crate) fn check_all(configs: &BTreeMap<SourceId, SourceConfig>) -> Result<(), ConfigError> {
    if configs.len() > SOURCES_MAX {
        return Err(ConfigError::TooMany(configs.len()));
    }
    for (source_id, config) in configs {
        config.check(source_id)?;
    }
    Ok(())
}

/// `HOST:PORT`, where a host name is looked up only when the source starts.
fn wrong_address(listen: &str) -> Option<String> {
    let (host, port) = listen.rsplit_once(':').unwrap_or_default();
    let is_address = !host.is_empty() && port.parse::<u16>().is_ok();
    (!is_address).then(|| format!("{listen:?} is no address with a port, such as 0.0.0.0:514 or [::]:514"))
}

fn wrong_patterns(config: &TailConfig) -> Option<(&'static str, String)> {
    if config.paths.is_empty() {
        return Some(("paths", "name at least one file, folder or pattern".to_owned()));
    }
    let wrong = |text: &String| glob::Pattern::new(text).err().map(|error| format!("{text:?}: {error}"));
    let path = config.paths.iter().find_map(wrong).map(|reason| ("paths", reason));
    path.or_else(|| config.exclude.iter().find_map(wrong).map(|reason| ("exclude", reason)))
}

/// An error of the other side, told as one line.
pub(crate) fn remote(server: &str, error: &dyn std::error::Error) -> SourceError {
    SourceError::Remote { server: server.to_owned(), reason: crate::runner::with_causes(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first line of what is wrong with a source's table, empty when nothing is.
    fn check(table: &str, expected: &str) {
        let name = SourceId::parse("s").expect("a label");
        let wrong = match toml::from_str::<SourceConfig>(table) {
            Err(error) => error.message().to_owned(),
            Ok(config) => config.check(&name).err().map(|error| error.to_string()).unwrap_or_default(),
        };
        assert!(wrong.starts_with(expected) && wrong.is_empty() == expected.is_empty(), "{table:?}: {wrong}");
    }

    #[test]
    fn every_kind_in_its_shortest_form() {
        check("kind = 'syslog-udp'\nlisten = '0.0.0.0:514'", "");
        check("kind = 'syslog-tcp'\nlisten = '[::]:601'", "");
        check(
            "kind = 'syslog-tcp'\nlisten = '[::]:6514'\ntls = { cert = 'c.pem', key = 'k.pem', client_ca = 'ca.pem' }",
            "",
        );
        check("kind = 'netflow'\nlisten = 'localhost:2055'", "");
        check("kind = 'http'", "");
        check("kind = 'tail'\npaths = ['/var/log/*.log']", "");
        check("kind = 'nats'\nserver = 'nats://localhost:4222'\nstream = 'EVENTS'", "");
        check("kind = 'mqtt'\nserver = 'localhost:1883'\nclient_id = 'w'\ntopics = [{ filter = 'a/#' }]", "");
    }

    #[test]
    fn mistakes_are_named() {
        check("kind = 'carrier-pigeon'", "unknown variant `carrier-pigeon`, expected one of `syslog-udp`");
        check("listen = '0.0.0.0:514'", "missing field `kind`");
        check("kind = 'syslog-udp'\nlisten = '0.0.0.0:514'\nfromat = 'cef'", "unknown field `fromat`, expected one of");
        check("kind = 'syslog-udp'", "missing field `listen`");
        check("kind = 'syslog-udp'\nlisten = '514'", "source s: listen: \"514\" is no address with a port");
        check("kind = 'syslog-udp'\nlisten = ':514'", "source s: listen: \":514\" is no address");
        check("kind = 'syslog-tcp'\nlisten = 'a:99999'", "source s: listen: \"a:99999\" is no address");
        check("kind = 'tail'\npaths = []", "source s: paths: name at least one");
        check("kind = 'tail'\npaths = ['a**b']", "source s: paths: \"a**b\": ");
        check("kind = 'tail'\npaths = ['a']\nformat = 'zeeek'", "unknown variant `zeeek`");
        check(
            "kind = 'mqtt'\nserver = 'localhost:1883'\nclient_id = 'w'\ntopics = []",
            "source s: topics: name at least one",
        );
        check(
            "kind = 'mqtt'\nserver = 'localhost'\nclient_id = 'w'\ntopics = [{ filter = 'a' }]",
            "source s: server: ",
        );
        check("kind = 'mqtt'\nserver = 'h:1'\nclient_id = 'w'\ntopics = [{ filter = 'a/#/b' }]", "source s: topics: ");
        check(
            "kind = 'mqtt'\nserver = 'h:1'\nclient_id = 'w'\ntopics = [{ filter = 'a/+' }, { filter = '+/b' }]",
            "source s: topics: ",
        );
        check(
            "kind = 'mqtt'\nserver = 'h:1'\nclient_id = 'w'\ntopics = [{ filter = 'a' }, { filter = 'a' }]",
            "source s: topics: ",
        );
        check("kind = 'mqtt'\nserver = 'h:1'\nclient_id = 'w'\ntopics = [{ filter = 'a/+' }, { filter = 'a/#' }]", "");
        check("kind = 'mqtt'\nserver = 'h:1'\nclient_id = ''\ntopics = [{ filter = 'a' }]", "source s: client_id: ");
        check(
            "kind = 'mqtt'\nserver = 'h:1'\nclient_id = 'w'\ntopics = [{ filter = 'a' }]\nqos = 2",
            "source s: qos: ",
        );
    }
}
