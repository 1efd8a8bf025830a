//! What comes in: live sources, and their batches.

/// Records in one batch from a source to the engine.
pub const BATCH_RECORDS_MAX: usize = 4_096;
/// Bytes in one batch from a source to the engine.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Batches that wait between a source and the journal.
pub const BATCH_QUEUE_MAX: usize = 16;
/// Largest body of an HTTP ingest request.
pub const INGEST_BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Open syslog connections at once.
pub const SYSLOG_CONNECTIONS_MAX: usize = 1_024;
/// Largest syslog frame (RFC 5425 asks for at least 8 KiB).
pub const SYSLOG_FRAME_BYTES_MAX: usize = 256 * 1024;

// Live sources (`connect`).

/// Digits of an octet count in front of a syslog frame; a longer number is text, not a count.
pub const SYSLOG_COUNT_DIGITS_MAX: usize = 8;
/// Silence after which a syslog connection is closed.
pub const SYSLOG_IDLE_SECONDS_MAX: u64 = 1_800;
/// Bytes that one syslog connection holds at most between its socket and the journal.
pub const SYSLOG_CONNECTION_BYTES_MAX: usize = 1024 * 1024;
/// Time for a TLS handshake.
pub const TLS_HANDSHAKE_SECONDS_MAX: u64 = 10;
/// Largest UDP payload.
pub const UDP_DATAGRAM_BYTES_MAX: usize = 65_535;
/// Receive buffer asked of the kernel for a UDP socket; the kernel may give less.
pub const UDP_RECEIVE_BUFFER_BYTES: usize = 8 * 1024 * 1024;
/// Time between two looks at the kernel's count of dropped datagrams.
pub const UDP_DROPS_POLL_MS: u64 = 5_000;
/// Requests to the ingest door that are worked on at once.
pub const INGEST_REQUESTS_MAX: usize = 64;
/// Open connections to the ingest door.
pub const INGEST_CONNECTIONS_MAX: usize = 1_024;
/// Bytes of bodies, packed and unpacked, that all ingest requests together hold.
pub const INGEST_HELD_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Largest unpacked body of an ingest request.
pub const INGEST_UNPACKED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Unpacked bytes of an ingest body below which the ratio is not judged.
pub const INGEST_RATIO_FREE_BYTES: u64 = 1024 * 1024;
/// Time for the body of an ingest request to arrive.
pub const INGEST_BODY_SECONDS_MAX: u64 = 60;
/// Longest name that a client may give its batch.
pub const INGEST_BATCH_NAME_BYTES_MAX: usize = 200;
/// Refused lines that an ingest answer names one by one; the rest is only counted.
pub const INGEST_REFUSED_LISTED_MAX: usize = 1_000;
/// Time between two looks at tailed files.
pub const TAIL_POLL_MS: u64 = 500;
/// Files that one source follows at once.
pub const TAIL_FILES_MAX: usize = 1_024;
/// Bytes read from one tailed file before it is the next one's turn.
pub const TAIL_TURN_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes at the start of a file that name it, and that tell a rewritten file from a grown one.
pub const TAIL_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Time that a file which is gone from its path is still followed after it last grew.
pub const TAIL_GONE_SECONDS: u64 = 60;
/// Messages of a NATS consumer that are delivered and not yet acknowledged.
pub const NATS_IN_FLIGHT_MAX: usize = 4_096;
/// Bytes that one pull from NATS asks for.
pub const NATS_PULL_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Time after which NATS delivers a message again that was not acknowledged.
pub const NATS_ACK_WAIT_SECONDS: u64 = 30;
/// QoS 1 messages of an MQTT broker that are delivered and not yet acknowledged.
pub const MQTT_IN_FLIGHT_MAX: u16 = 256;
/// Largest MQTT packet; the broker is told and sends no larger one.
pub const MQTT_PACKET_BYTES_MAX: u32 = 1024 * 1024;
/// Time for which a broker keeps our MQTT session while we are away.
pub const MQTT_SESSION_SECONDS: u32 = 7 * 24 * 3_600;
/// Topic filters of one MQTT source, and subjects of one NATS source.
pub const SUBSCRIPTIONS_MAX: usize = 256;
/// Shortest and longest wait before a failed source starts again; it doubles in between, with jitter.
pub const SOURCE_RESTART_MS_MIN: u64 = 200;
/// See [`SOURCE_RESTART_MS_MIN`].
pub const SOURCE_RESTART_MS_MAX: u64 = 30_000;
/// Time that a source must run before its next failure counts as the first.
pub const SOURCE_STEADY_SECONDS: u64 = 60;
/// Longest that a source waits before it offers a batch again that ingest was too busy for.
pub const SOURCE_BUSY_WAIT_MS_MAX: u64 = 5_000;
/// Wait before a batch is offered again after the disk was full.
pub const SOURCE_NO_SPACE_WAIT_MS: u64 = 1_000;
/// Time that sources get to hand in what they hold when Watchbell stops.
pub const SOURCE_DRAIN_SECONDS_MAX: u64 = 10;
/// Notes that a source keeps for `doctor`; older ones are only counted.
pub const SOURCE_NOTES_KEPT_MAX: usize = 64;
/// Live sources of one installation.
pub const SOURCES_MAX: usize = 1_024;

// NetFlow and IPFIX (`formats::text::netflow`).

/// Observation domains (an exporter may have several) whose templates are remembered at once; the one that was silent
/// longest is forgotten first.
pub const NETFLOW_DOMAINS_MAX: usize = 512;
/// Templates remembered for one observation domain; the one that was unused longest is forgotten first.
pub const NETFLOW_TEMPLATES_MAX: usize = 128;
/// Fields of one template.
pub const NETFLOW_TEMPLATE_FIELDS_MAX: usize = 128;
/// Flow records taken out of one packet.
pub const NETFLOW_RECORDS_MAX: usize = 4_096;
