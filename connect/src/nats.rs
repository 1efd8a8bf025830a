//! A durable pull consumer of a NATS JetStream stream.
//!
//! Messages are acknowledged one by one and only when they are durable; what was not acknowledged is delivered again
//! with the same stream sequence, and stored once. While ingest is busy, messages are given back with a delay. A stream
//! that was deleted and made anew counts from 1 again, so that its time of creation is part of the name in the record's
//! cursor.
//!
//! Deliberately absent: creating streams, push consumers, and core NATS without JetStream, which cannot deliver again.

use std::path::PathBuf;
use std::time::Duration;

use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{self, AckKind, Message};
use futures::{FutureExt, StreamExt};
use model::doors::{BoxFuture, Incoming};
use model::limits::{
    BATCH_BYTES_MAX, BATCH_RECORDS_MAX, NATS_ACK_WAIT_SECONDS, NATS_IN_FLIGHT_MAX, NATS_PULL_BYTES_MAX,
};
use model::{Cursor, Format};
use serde::Deserialize;

use crate::config::remote;
use crate::health::{Count, SourceState};
use crate::link::{Link, SourceError, Wait, wait_after};
use crate::runner::Source;
use crate::tls::{ConnectTls, TlsError};

/// A JetStream consumer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsConfig {
    /// `nats://HOST:PORT`, several separated by commas.
    pub server: String,
    /// The stream; it must exist.
    pub stream: String,
    /// The name of the durable consumer; `watchbell-` and the source's name when absent.
    #[serde(default)]
    pub durable: Option<String>,
    /// Subjects to take; all of the stream when empty. More than one needs nats-server 2.10.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// The agency whose records these are; the installation's own when absent.
    #[serde(default)]
    pub agency: Option<model::AgencyId>,
    /// What the messages are; recognised when absent.
    #[serde(default)]
    pub format: Option<Format>,
    /// Whom to trust; with it, the connection must be TLS.
    #[serde(default)]
    pub tls: Option<ConnectTls>,
    /// A NATS credentials file.
    #[serde(default)]
    pub credentials_file: Option<PathBuf>,
    /// User name, with `password_file`.
    #[serde(default)]
    pub user: Option<String>,
    /// File with the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// File with a token.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Messages delivered and not acknowledged, at most [`NATS_IN_FLIGHT_MAX`].
    #[serde(default = "in_flight_max")]
    pub in_flight_max: usize,
    /// Time after which a message that was not acknowledged is delivered again.
    #[serde(default = "ack_wait_seconds")]
    pub ack_wait_seconds: u64,
}

fn in_flight_max() -> usize {
    NATS_IN_FLIGHT_MAX
}

fn ack_wait_seconds() -> u64 {
    NATS_ACK_WAIT_SECONDS
}

/// How long one pull stays open, and how often the server says that it is still there.
const PULL_EXPIRES: Duration = Duration::from_secs(30);
const PULL_HEARTBEAT: Duration = Duration::from_secs(5);

/// The source.
pub struct Nats {
    config: NatsConfig,
    tls: Option<rustls::ClientConfig>,
}

impl Nats {
    /// A source from its configuration; reads its keys.
    ///
    /// # Errors
    /// When keys or certificates cannot be used.
    pub fn new(config: NatsConfig) -> Result<Self, TlsError> {
        let tls = config.tls.as_ref().map(crate::tls::connect).transpose()?;
        Ok(Nats { config, tls })
    }

    async fn connect(&self, link: &Link) -> Result<async_nats::Client, SourceError> {
        let unreadable = |cause| SourceError::Io { what: "read the NATS credentials", cause };
        let mut options = ConnectOptions::new().name(format!("watchbell {}", link.source));
        if let Some(path) = &self.config.credentials_file {
            let text = tokio::fs::read_to_string(path).await.map_err(unreadable)?;
            options = options.credentials(&text).map_err(unreadable)?;
        }
        if let Some(path) = &self.config.token_file {
            options = options.token(secret(path).await.map_err(unreadable)?);
        }
        if let (Some(user), Some(path)) = (&self.config.user, &self.config.password_file) {
            options = options.user_and_password(user.clone(), secret(path).await.map_err(unreadable)?);
        }
        if let Some(tls) = &self.tls {
            options = options.require_tls(true).tls_client_config(tls.clone());
        }
        let servers: Vec<&str> = self.config.server.split(',').map(str::trim).collect();
        let client = options.connect(servers).await.map_err(|error| self.failed(&error))?;
        // An older server passes over a list that it does not know, and would send everything.
        if self.config.subjects.len() > 1 && !client.is_server_compatible(2, 10, 0) {
            return Err(self.over("more than one subject needs nats-server 2.10 or later"));
        }
        link.health.add(Count::Connections, 1);
        Ok(client)
    }

    async fn consume(&self, link: &Link) -> Result<(), SourceError> {
        let client = self.connect(link).await?;
        let stream = jetstream::new(client.clone());
        let stream = stream.get_stream(&self.config.stream).await.map_err(|error| self.failed(&error))?;
        let created_us = stream.cached_info().created.unix_timestamp_nanos() / 1_000;
        let name: Box<str> = format!("{}@{created_us}", self.config.stream).into();
        let consumer = stream.create_consumer(self.consumer(link)).await.map_err(|error| self.failed(&error))?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(self.in_flight())
            .max_bytes_per_batch(NATS_PULL_BYTES_MAX)
            .expires(PULL_EXPIRES)
            .heartbeat(PULL_HEARTBEAT)
            .messages();
        let mut messages = messages.await.map_err(|error| self.failed(&error))?;
        link.health.set_state(SourceState::Running);
        loop {
            let first = tokio::select! {
                message = messages.next() => message,
                () = link.shutdown.cancelled() => break,
            };
            let Some(first) = first else { return Err(self.over("the consumer has ended")) };
            let first = first.map_err(|error| self.failed(&error))?;
            let mut bytes = first.payload.len();
            let mut batch = vec![first];
            // An error that is met here is met again by the next wait.
            while batch.len() < BATCH_RECORDS_MAX && bytes < BATCH_BYTES_MAX / 2 {
                let Some(Some(Ok(message))) = messages.next().now_or_never() else { break };
                bytes += message.payload.len();
                batch.push(message);
            }
            self.keep(batch, &name, link).await?;
        }
        // Given back at once, or else they would wait for the acknowledgement that never comes.
        while let Some(Some(Ok(message))) = messages.next().now_or_never() {
            self.answer(&message, AckKind::Nak(None)).await?;
        }
        let _ = client.drain().await;
        Ok(())
    }

    fn consumer(&self, link: &Link) -> pull::Config {
        let (filter_subject, filter_subjects) = match self.config.subjects.as_slice() {
            [only] => (only.clone(), Vec::new()),
            several => (String::new(), several.to_vec()),
        };
        let durable = self.config.durable.clone().unwrap_or_else(|| format!("watchbell-{}", link.source));
        pull::Config {
            durable_name: Some(durable),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.ack_wait(),
            max_deliver: -1,
            max_ack_pending: self.in_flight() as i64,
            filter_subject,
            filter_subjects,
            ..pull::Config::default()
        }
    }

    fn in_flight(&self) -> usize {
        self.config.in_flight_max.clamp(1, NATS_IN_FLIGHT_MAX)
    }

    fn ack_wait(&self) -> Duration {
        Duration::from_secs(self.config.ack_wait_seconds.clamp(1, 3_600))
    }

    /// Hands a batch in and answers each of its messages.
    async fn keep(&self, batch: Vec<Message>, stream: &str, link: &Link) -> Result<(), SourceError> {
        let records = batch.iter().filter(|message| !message.payload.is_empty());
        let records: Vec<Incoming> = records
            .map(|message| {
                let sequence = message.info().ok().map(|info| info.stream_sequence);
                let cursor = sequence.map(|sequence| Cursor::Stream { stream: stream.into(), sequence });
                link.record(cursor, self.config.format, without_line_end(&message.payload).to_vec())
            })
            .collect();
        match self.offer(records, &batch, link).await? {
            None => {
                for message in &batch {
                    self.answer(message, AckKind::Ack).await?;
                }
            }
            Some(wait) => {
                for message in &batch {
                    self.answer(message, AckKind::Nak(Some(wait))).await?;
                }
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = link.shutdown.cancelled() => {}
                }
            }
        }
        Ok(())
    }

    /// Offers records, telling the server meanwhile that they are worked on. `Some` is how long to wait before the next.
    async fn offer(
        &self,
        records: Vec<Incoming>,
        batch: &[Message],
        link: &Link,
    ) -> Result<Option<Duration>, SourceError> {
        let offer = link.offer(records);
        tokio::pin!(offer);
        let mut progress = tokio::time::interval(self.ack_wait() / 2);
        progress.tick().await;
        let outcome = loop {
            tokio::select! {
                outcome = &mut offer => break outcome,
                _ = progress.tick() => {
                    for message in batch {
                        self.answer(message, AckKind::Progress).await?;
                    }
                }
            }
        };
        match outcome {
            Ok(()) => Ok(None),
            Err(error) => match wait_after(&error) {
                Wait::For(wait) => Ok(Some(wait)),
                Wait::Never => Err(error.into()),
            },
        }
    }

    async fn answer(&self, message: &Message, answer: AckKind) -> Result<(), SourceError> {
        message.ack_with(answer).await.map_err(|error| self.over(&error.to_string()))
    }

    fn failed(&self, error: &dyn std::error::Error) -> SourceError {
        remote(&self.config.server, error)
    }

    fn over(&self, reason: &str) -> SourceError {
        SourceError::Remote { server: self.config.server.clone(), reason: reason.to_owned() }
    }
}

impl Source for Nats {
    fn run<'a>(&'a self, link: &'a Link) -> BoxFuture<'a, Result<(), SourceError>> {
        Box::pin(async move {
            tokio::select! {
                // Connecting can take long; the loop inside ends by itself in good order.
                biased;
                outcome = self.consume(link) => outcome,
                () = stopped_for(link, Duration::from_secs(5)) => Ok(()),
            }
        })
    }
}

/// Resolves when the source had to stop so long ago.
async fn stopped_for(link: &Link, span: Duration) {
    link.shutdown.cancelled().await;
    tokio::time::sleep(span).await;
}

/// A secret from a file, without the line end that editors leave.
pub(crate) async fn secret(path: &std::path::Path) -> std::io::Result<String> {
    Ok(tokio::fs::read_to_string(path).await?.trim_end_matches(['\r', '\n']).to_owned())
}

/// A message often is a line that kept its end.
pub(crate) fn without_line_end(body: &[u8]) -> &[u8] {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    body.strip_suffix(b"\r").unwrap_or(body)
}
