//! Services that are looked at from outside, and the streams of their access logs.

// What is learnt of a probe (`detect::behaviour::probe`).

/// Probes that one watcher learns.
pub const PROBES_WATCHED_MAX: usize = 10_000;
/// Vantage points whose last answers are told apart for one probe.
pub const PROBE_VANTAGES_MAX: usize = 16;
/// Observations of one check that a verdict looks back on.
pub const PROBE_WINDOW_MAX: usize = 16;
/// Centroids of one sketch of response times.
pub const PROBE_SKETCH_BINS_MAX: usize = 256;
/// Blocks of text of a page that are remembered; of more, those whose hashes are least.
pub const PROBE_BLOCKS_MAX: usize = 256;
/// Values (hosts, answers, fingerprints) of one sort that are remembered for one probe.
pub const PROBE_VALUES_MAX: usize = 128;
/// Fields of a data feed that are looked at.
pub const PROBE_FIELDS_MAX: usize = 256;
/// Places of a data feed whose coordinates are remembered; of more, those whose ids' hashes are least.
pub const PROBE_PLACES_MAX: usize = 256;
/// Bytes of words about one observation that a detection repeats.
pub const PROBE_WORDS_BYTES_MAX: usize = 400;
/// Bytes of a snapshot of a watcher.
pub const PROBE_SNAPSHOT_BYTES_MAX: usize = 512 * 1024 * 1024;

// What is read of an answer (`formats::probe`).

/// Bytes of an answer that are read.
pub const PROBE_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of a page's visible text that are taken; what is behind is counted.
pub const PROBE_TEXT_BYTES_MAX: usize = 256 * 1024;
/// Bytes of one block of text that are taken.
pub const PROBE_BLOCK_BYTES_MAX: usize = 2_048;
/// Blocks of text that are taken from a page.
pub const PROBE_PAGE_BLOCKS_MAX: usize = 4_096;
/// Hosts that scripts, frames and forms of a page lead to.
pub const PROBE_HOSTS_MAX: usize = 256;
/// Rows of a data feed that are read; what is behind is counted only.
pub const PROBE_ROWS_MAX: usize = 500_000;
/// Faults of a data feed that are told one by one.
pub const PROBE_FAULTS_MAX: usize = 20;

// How probes ask (`connect::probe`).

/// Seconds that one check may take, redirects included.
pub const PROBE_SECONDS_MAX: u64 = 30;
/// Seconds to find an address, and once more to connect.
pub const PROBE_CONNECT_SECONDS_MAX: u64 = 10;
/// Redirects that a check follows.
pub const PROBE_REDIRECTS_MAX: usize = 5;
/// Seconds between two checks of one probe, at least.
pub const PROBE_INTERVAL_SECONDS_MIN: u32 = 30;
/// Seconds between two checks of one probe, at most: a day.
pub const PROBE_INTERVAL_SECONDS_MAX: u32 = 86_400;
/// Part of an interval, in percent, by which a check may come later than planned, so that probes do not march in step.
pub const PROBE_JITTER_PERCENT_MAX: u32 = 10;
/// Checks that run at the same time, over all hosts; never two of one host.
pub const PROBE_CHECKS_AT_ONCE_MAX: usize = 8;
/// Bytes of a DNS answer over UDP (RFC 6891; DNS flag day 2020).
pub const PROBE_DNS_DATAGRAM_BYTES_MAX: usize = 1_232;
/// Seconds to wait for a DNS answer.
pub const PROBE_DNS_SECONDS_MAX: u64 = 5;
/// Times that a DNS question is sent over UDP.
pub const PROBE_DNS_TRIES_MAX: u32 = 3;
/// Records of a DNS answer that are taken.
pub const PROBE_DNS_RECORDS_MAX: usize = 64;
/// Certificates of a chain that are looked at.
pub const PROBE_CHAIN_MAX: usize = 10;
/// Names of a certificate that are taken.
pub const PROBE_NAMES_MAX: usize = 256;

// What is configured and kept (`store::state::probes`).

/// Probes of one agency.
pub const PROBES_MAX: usize = 1_000;
/// Longest name of a probe.
pub const PROBE_NAME_BYTES_MAX: usize = 100;
/// Bytes of the settings of one probe.
pub const PROBE_CONFIG_BYTES_MAX: usize = 32 * 1024;
/// Bytes of what one look saw, as it is kept.
pub const PROBE_RESULT_BYTES_MAX: usize = 4 * 1024;
/// Bytes of what was learnt of one probe.
pub const PROBE_MEMORY_BYTES_MAX: usize = 512 * 1024;
/// Results of one probe that are kept for the page.
pub const PROBE_RESULTS_MAX: usize = 2_000;
/// Days that results are kept.
pub const PROBE_RESULTS_DAYS: u32 = 30;
/// Things that are expected of one probe: answers, hosts, fields, windows of planned work.
pub const PROBE_EXPECTED_MAX: usize = 64;

// Floods and crowds (`detect::behaviour::flood`).

/// Registers of one sketch that counts different things; a power of two.
pub const FLOOD_REGISTERS: usize = 1_024;
/// Cells of one sketch that counts how often each thing came; a power of two.
pub const FLOOD_CELLS: usize = 4_096;
/// Rows of such a sketch.
pub const FLOOD_ROWS: usize = 2;
/// Bits of each filter that remembers which networks and paths came before; a power of two.
pub const FLOOD_FILTER_BITS: usize = 1 << 17;
/// Services that one watcher of access logs tells apart.
pub const FLOOD_SERVICES_MAX: usize = 256;
/// Things outside that may bring a crowd, told for one service, that are remembered.
pub const FLOOD_CAUSES_MAX: usize = 16;
/// Sources whose path through the pages is followed within one minute.
pub const FLOOD_FOLLOWED_MAX: usize = 2_048;
