//! The doors that sources need, opened onto the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connect::http::{TokenCheck, TokenDenied};
use connect::netflow::{Packet, PacketDecoder};
use connect::tail::{Position, PositionError, Positions};
use connect::{Doors, SourceConfig};
use formats::text::netflow::Decoder;
use model::doors::{BoxFuture, Clock, Intake};
use model::{AgencyId, OpContext, Roles, SourceId};
use store::state::{FilePosition, Scope, State};

use crate::config::Config;

/// What every token begins with, so that one that leaks is found by searching.
pub(crate) const TOKEN_PREFIX: &str = "wbt_";

/// Whose records each source brings.
pub(super) fn agencies(config: &Config) -> BTreeMap<SourceId, AgencyId> {
    let mut agencies = BTreeMap::new();
    for (name, source) in &config.sources {
        let agency = source.agency().unwrap_or(&config.agency);
        agencies.extend(source.sources(name).into_iter().map(|source| (source, agency.clone())));
    }
    agencies
}

/// What a source does, for whoever starts the watch.
pub(super) fn describe(name: &SourceId, source: &SourceConfig) -> String {
    match source {
        SourceConfig::SyslogUdp(config) => format!("syslog over UDP at {}", config.listen),
        SourceConfig::SyslogTcp(config) => {
            let over = if config.tls.is_some() { "TLS" } else { "TCP" };
            format!("syslog over {over} at {}", config.listen)
        }
        SourceConfig::Netflow(config) => format!("NetFlow and IPFIX at {}", config.listen),
        SourceConfig::Http(_) => format!("POST /ingest/{name}"),
        SourceConfig::Tail(config) => format!("files {}", config.paths.join(", ")),
        SourceConfig::Nats(config) => format!("NATS stream {} at {}", config.stream, config.server),
        SourceConfig::Mqtt(config) => format!("MQTT at {}", config.server),
        _ => "of another kind".to_owned(),
    }
}

/// All doors.
pub(super) fn doors(config: &Config, intake: Arc<dyn Intake>, state: &State, clock: Arc<dyn Clock>) -> Doors {
    let keeper = Arc::new(Keeper {
        state: state.clone(),
        clock: Arc::clone(&clock),
        agencies: agencies(config),
        home: config.agency.clone(),
    });
    Doors {
        intake,
        clock,
        positions: Arc::clone(&keeper) as Arc<dyn Positions>,
        tokens: keeper,
        netflow: Arc::new(|_| Box::new(Flows(Decoder::new()))),
    }
}

/// Tokens and positions, as the state has them.
struct Keeper {
    state: State,
    clock: Arc<dyn Clock>,
    agencies: BTreeMap<SourceId, AgencyId>,
    home: AgencyId,
}

impl Keeper {
    fn context(&self, source: &SourceId) -> OpContext {
        let agency = self.agencies.get(source).unwrap_or(&self.home).clone();
        OpContext::new(agency, format!("source:{source}"), Roles::NODE, self.clock.now())
    }
}

/// The secret in a token's text.
pub(crate) fn secret_of(token: &str) -> Option<[u8; 32]> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(TOKEN_PREFIX)?).ok()?;
    bytes.try_into().ok()
}

impl TokenCheck for Keeper {
    fn check<'a>(&'a self, token: &'a str, source: &'a SourceId) -> BoxFuture<'a, Result<(), TokenDenied>> {
        Box::pin(async move {
            let secret = secret_of(token).ok_or(TokenDenied::Unknown)?;
            let found = self.state.token(&secret, self.clock.now()).await.map_err(|error| {
                tracing::error!(%error, "tokens cannot be checked");
                TokenDenied::Unavailable
            })?;
            let token = found.ok_or(TokenDenied::Unknown)?;
            // Another agency's source is told like one that is not there.
            if self.agencies.get(source) != Some(&token.agency) {
                return Err(TokenDenied::UnknownSource);
            }
            if token.scopes.contains(&Scope::Ingest) { Ok(()) } else { Err(TokenDenied::OtherSource) }
        })
    }
}

impl Positions for Keeper {
    fn load<'a>(
        &'a self,
        source: &'a SourceId,
        fingerprint: u64,
    ) -> BoxFuture<'a, Result<Option<Position>, PositionError>> {
        Box::pin(async move {
            let found = self.state.file_position(&self.context(source), source, fingerprint).await;
            let found = found.map_err(|error| PositionError { reason: error.to_string() })?;
            Ok(found.map(|FilePosition { offset, check, .. }| Position { offset, check }))
        })
    }

    fn store<'a>(
        &'a self,
        source: &'a SourceId,
        fingerprint: u64,
        position: Position,
    ) -> BoxFuture<'a, Result<(), PositionError>> {
        Box::pin(async move {
            let position = FilePosition { fingerprint, offset: position.offset, check: position.check };
            let kept = self.state.keep_file_positions(&self.context(source), source, &[position]).await;
            kept.map_err(|error| PositionError { reason: error.to_string() })
        })
    }
}

/// NetFlow's packets as flows.
struct Flows(Decoder);

impl PacketDecoder for Flows {
    fn decode(&mut self, packet: Packet<'_>, bodies: &mut Vec<Vec<u8>>) -> Result<(), String> {
        let decoded = self.0.packet(packet.exporter.ip(), packet.bytes);
        bodies.extend(decoded.records.into_iter().map(String::into_bytes));
        match decoded.troubles.first() {
            None => Ok(()),
            Some(trouble) => Err(trouble.detail.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_secret_behind_a_prefix() {
        let secret = [7; 32];
        let text = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
        assert_eq!(secret_of(&text), Some(secret));
        assert_eq!(secret_of(&text[1..]), None);
        assert_eq!(secret_of(&text[..text.len() - 2]), None);
        assert_eq!(secret_of(""), None);
    }
}
