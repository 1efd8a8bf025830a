//! A subscriber of an MQTT 5 broker (OASIS MQTT 5.0).
//!
//! With QoS 1 the broker keeps our session while we are away (`clean_start` off, session expiry), sends at most
//! [`MQTT_IN_FLIGHT_MAX`] messages ahead, and is answered only when a message is durable: at least once. A message that
//! was stored and whose answer was lost comes again, and MQTT gives it no name by which we could tell: it is stored
//! twice. With QoS 0 there is neither answer nor repetition: at most once. What the broker itself drops (its queue is
//! full, the session expired, a packet over [`MQTT_PACKET_BYTES_MAX`]) we never see.
//!
//! Messages that were published with QoS 2 are taken with QoS 1: the exactly-once of QoS 2 ends at the client library,
//! not at our journal, and the library does not carry a QoS 2 hand-over across a broken connection.
//!
//! Every broken connection ends the run; the next one starts with a clean slate on our side, so that an answer can
//! never go to another message that has got the same packet identifier.

mod filter;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::doors::{BoxFuture, Incoming};
use model::limits::{
    BATCH_BYTES_MAX, BATCH_RECORDS_MAX, MQTT_IN_FLIGHT_MAX, MQTT_PACKET_BYTES_MAX, MQTT_SESSION_SECONDS,
    SUBSCRIPTIONS_MAX,
};
use model::{Format, SourceId};
use rumqttc::v5::mqttbytes::v5::{ConnectProperties, Filter, Packet, Publish, RetainForwardRule, SubscribeReasonCode};
use rumqttc::v5::mqttbytes::{QoS, valid_filter};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use filter::{covers, matches, overlaps, without_share};

use crate::config::remote;
use crate::health::{Count, SourceState};
use crate::link::{Link, SourceError};
use crate::nats::{secret, without_line_end};
use crate::runner::Source;
use crate::tls::{ConnectTls, TlsError};

/// An MQTT 5 subscriber.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MqttConfig {
    /// `HOST:PORT`.
    pub server: String,
    /// The name of our session; no other client may use it.
    pub client_id: String,
    /// What to subscribe to.
    pub topics: Vec<Topic>,
    /// 0 or 1.
    #[serde(default = "qos")]
    pub qos: u8,
    /// The agency whose records these are; the installation's own when absent.
    #[serde(default)]
    pub agency: Option<model::AgencyId>,
    /// What the messages are, unless their topic says; recognised when absent.
    #[serde(default)]
    pub format: Option<Format>,
    /// Whom to trust; with it, the connection is TLS.
    #[serde(default)]
    pub tls: Option<ConnectTls>,
    /// User name, with `password_file`.
    #[serde(default)]
    pub user: Option<String>,
    /// File with the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Time for which the broker keeps our session while we are away.
    #[serde(default = "session_seconds")]
    pub session_seconds: u32,
}

/// A topic filter and what its messages are. The first filter that matches a message's topic counts; a filter that
/// another one holds all of is not subscribed to by itself, because a broker would send its messages twice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The filter, with `+` and `#`; a shared subscription begins with `$share/GROUP/`.
    pub filter: String,
    /// Another source that the records belong to.
    #[serde(default)]
    pub source: Option<SourceId>,
    /// What the messages are.
    #[serde(default)]
    pub format: Option<Format>,
}

fn qos() -> u8 {
    1
}

fn session_seconds() -> u32 {
    MQTT_SESSION_SECONDS
}

const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Time for the last answers and the farewell at shutdown.
const FAREWELL: Duration = Duration::from_secs(2);
/// Messages between the connection and the journal: those with QoS 1 always have room, those with QoS 0 the rest.
const WAITING_MAX: usize = 2 * MQTT_IN_FLIGHT_MAX as usize;

impl MqttConfig {
    /// The first setting that cannot work, and why.
    pub(crate) fn wrong_setting(&self) -> Option<(&'static str, String)> {
        if self.address().is_none() {
            return Some(("server", format!("{:?} is no HOST:PORT", self.server)));
        }
        if self.client_id.is_empty() {
            return Some(("client_id", "a session needs a name".to_owned()));
        }
        if self.qos > 1 {
            return Some(("qos", "0 or 1; what is published with QoS 2 is taken with QoS 1".to_owned()));
        }
        match self.topics.len() {
            0 => return Some(("topics", "name at least one".to_owned())),
            1..=SUBSCRIPTIONS_MAX => {}
            many => return Some(("topics", format!("{many} are more than {SUBSCRIPTIONS_MAX}"))),
        }
        if let Some(wrong) = self.topics.iter().find(|topic| !valid_filter(&topic.filter)) {
            return Some(("topics", format!("{:?} is no topic filter", wrong.filter)));
        }
        let (one, other) = self.clash()?;
        let reason = format!("{one:?} and {other:?} overlap: a broker may send what matches both twice");
        Some(("topics", reason))
    }

    /// Two filters that overlap, unless one holds all of the other: then only the wider one is subscribed to.
    fn clash(&self) -> Option<(&str, &str)> {
        let filters: Vec<&str> = self.topics.iter().map(|topic| topic.filter.as_str()).collect();
        let pairs =
            filters.iter().enumerate().flat_map(|(at, one)| filters[at + 1..].iter().map(move |other| (*one, *other)));
        let mut clashes = pairs.filter(|(one, other)| {
            let (one, other) = (without_share(one), without_share(other));
            one == other || (overlaps(one, other) && !covers(one, other) && !covers(other, one))
        });
        clashes.next()
    }

    /// The filters that no other filter holds all of.
    fn widest(&self) -> impl Iterator<Item = &str> {
        let filters = self.topics.iter().map(|topic| topic.filter.as_str());
        filters.filter(|narrow| {
            let is_wider =
                |wide: &&Topic| wide.filter != *narrow && covers(without_share(&wide.filter), without_share(narrow));
            self.topics.iter().find(is_wider).is_none()
        })
    }

    fn address(&self) -> Option<(&str, u16)> {
        let (host, port) = self.server.rsplit_once(':')?;
        let port = port.parse().ok()?;
        (!host.is_empty()).then_some((host, port))
    }
}

/// The source.
pub struct Mqtt {
    config: MqttConfig,
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl Mqtt {
    /// A source from its configuration; reads its keys.
    ///
    /// # Errors
    /// When keys or certificates cannot be used.
    pub fn new(config: MqttConfig) -> Result<Self, TlsError> {
        let tls = config.tls.as_ref().map(crate::tls::connect).transpose()?.map(Arc::new);
        Ok(Mqtt { config, tls })
    }

    async fn options(&self) -> Result<MqttOptions, SourceError> {
        let (host, port) = self.config.address().unwrap_or(("localhost", 1883));
        let mut options = MqttOptions::new(&self.config.client_id, host, port);
        options.set_keep_alive(KEEP_ALIVE).set_clean_start(false).set_manual_acks(true);
        // We publish nothing; the library would keep room for 65,535 messages.
        options.set_outgoing_inflight_upper_limit(1);
        let mut properties = ConnectProperties::new();
        properties.session_expiry_interval = Some(self.config.session_seconds);
        properties.receive_maximum = Some(MQTT_IN_FLIGHT_MAX);
        properties.max_packet_size = Some(MQTT_PACKET_BYTES_MAX);
        options.set_connect_properties(properties);
        if let Some(tls) = &self.tls {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::clone(tls))));
        }
        if let (Some(user), Some(path)) = (&self.config.user, &self.config.password_file) {
            let unreadable = |cause| SourceError::Io { what: "read the MQTT password", cause };
            options.set_credentials(user, secret(path).await.map_err(unreadable)?);
        }
        Ok(options)
    }

    async fn subscribe(&self, link: &Link) -> Result<(), SourceError> {
        let (client, mut events) = AsyncClient::new(self.options().await?, WAITING_MAX);
        let (inlet, waiting) = mpsc::channel(WAITING_MAX);
        let lost = CancellationToken::new();
        let keeping = self.keep_all(waiting, &client, link, &lost);
        tokio::pin!(keeping);
        let mut inlet = Some(inlet);
        let error = loop {
            tokio::select! {
                event = events.poll() => {
                    let taken = match event {
                        Ok(event) => self.take(event, inlet.as_ref(), &client, link),
                        Err(error) => Err(self.failed(&error)),
                    };
                    if let Err(error) = taken {
                        break error;
                    }
                }
                kept = &mut keeping => {
                    if kept.is_ok() {
                        farewell(&client, &mut events).await;
                    }
                    return kept;
                }
                // From here on nothing is taken, and what waits is kept and answered.
                () = link.shutdown.cancelled(), if inlet.is_some() => inlet = None,
            }
        };
        drop(inlet);
        lost.cancel();
        keeping.await?;
        Err(error)
    }

    /// Deals with what the connection brings; never waits, because the connection must be kept alive.
    fn take(
        &self,
        event: Event,
        inlet: Option<&mpsc::Sender<Publish>>,
        client: &AsyncClient,
        link: &Link,
    ) -> Result<(), SourceError> {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                link.health.add(Count::Connections, 1);
                // Also when the session was kept: the configuration may have changed since.
                client.try_subscribe_many(self.filters()).map_err(|error| self.failed(&error))
            }
            Event::Incoming(Packet::SubAck(answer)) => {
                let is_granted = |code: &&SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(_));
                match answer.return_codes.iter().find(|code| !is_granted(code)) {
                    Some(code) => Err(self.over(format!("subscription refused: {code:?}"))),
                    None => {
                        link.health.set_state(SourceState::Running);
                        Ok(())
                    }
                }
            }
            Event::Incoming(Packet::Publish(message)) => {
                let Some(inlet) = inlet else { return Ok(()) };
                if message.qos == QoS::AtMostOnce && inlet.capacity() <= usize::from(MQTT_IN_FLIGHT_MAX) {
                    link.health.add(Count::Dropped, 1);
                    return Ok(());
                }
                // With QoS 1 there is room, unless the broker sends more ahead than it may.
                inlet.try_send(message).map_err(|_| self.over("more messages ahead than allowed".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn filters(&self) -> Vec<Filter> {
        let qos = if self.config.qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let filter = |text: &str| {
            let mut filter = Filter::new(text, qos);
            // Retained messages come once a session, not at each reconnect.
            filter.retain_forward_rule = RetainForwardRule::OnNewSubscribe;
            filter
        };
        self.config.widest().map(filter).collect()
    }

    /// Hands in what arrives and answers it, until nothing more can come. Once the connection is lost, messages that
    /// the broker will send again are left to it.
    async fn keep_all(
        &self,
        mut waiting: mpsc::Receiver<Publish>,
        client: &AsyncClient,
        link: &Link,
        lost: &CancellationToken,
    ) -> Result<(), SourceError> {
        while let Some(first) = waiting.recv().await {
            let mut bytes = first.payload.len();
            let mut batch = vec![first];
            while batch.len() < BATCH_RECORDS_MAX && bytes < BATCH_BYTES_MAX / 2 {
                let Ok(message) = waiting.try_recv() else { break };
                bytes += message.payload.len();
                batch.push(message);
            }
            if lost.is_cancelled() {
                batch.retain(|message| message.qos == QoS::AtMostOnce);
            }
            let records = batch.iter().filter(|message| !message.payload.is_empty());
            let records: Vec<Incoming> = records.map(|message| self.record(message, link)).collect();
            link.insist(records).await?;
            for message in batch.iter().filter(|_| !lost.is_cancelled()) {
                client.ack(message).await.map_err(|error| self.failed(&error))?;
            }
        }
        Ok(())
    }

    fn record(&self, message: &Publish, link: &Link) -> Incoming {
        let topic = String::from_utf8_lossy(&message.topic);
        let route = self.config.topics.iter().find(|route| matches(&topic, without_share(&route.filter)));
        let format = route.and_then(|route| route.format).or(self.config.format);
        let mut record = link.record(None, format, without_line_end(&message.payload).to_vec());
        if let Some(source) = route.and_then(|route| route.source.clone()) {
            record.source = source;
        }
        record
    }

    fn failed(&self, error: &dyn std::error::Error) -> SourceError {
        remote(&self.config.server, error)
    }

    fn over(&self, reason: String) -> SourceError {
        SourceError::Remote { server: self.config.server.clone(), reason }
    }
}

/// Lets the last answers out and says good-bye, so that the broker need not find out by itself.
async fn farewell(client: &AsyncClient, events: &mut EventLoop) {
    if client.try_disconnect().is_err() {
        return;
    }
    // Until the broker has closed the connection: closing it here, with something of the broker's unread, would reset it,
    // and the broker would lose the answers that it has not read yet.
    let said = async { while events.poll().await.is_ok() {} };
    // Late or never, the session is the broker's to keep.
    let _ = tokio::time::timeout(FAREWELL, said).await;
}

impl Source for Mqtt {
    fn run<'a>(&'a self, link: &'a Link) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(self.subscribe(link))
    }
}
