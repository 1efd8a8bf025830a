//! Every limit of Watchbell, by name. A queue, batch, body, cache or retry without a line here is a defect.

/// Longest single record that a reader accepts; a longer one becomes a note.
pub const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Deepest nesting of a JSON record.
pub const JSON_DEPTH_MAX: usize = 64;
/// Most fields that one record may have once it is flattened.
pub const RECORD_FIELDS_MAX: usize = 4_096;
/// Highest ratio of unpacked to packed bytes of a compressed input before it is taken for a bomb.
pub const UNPACK_RATIO_MAX: u64 = 100;
/// Unpacked bytes below which the ratio is not judged: a short run of equal lines packs better than 100 : 1 honestly.
pub const UNPACK_RATIO_FREE_BYTES: u64 = 64 * 1024 * 1024;
/// Longest value of a field that rules look at; what is beyond is not searched, and the record carries a note.
pub const MATCH_VALUE_BYTES_MAX: usize = 1024 * 1024;
/// Most reasons that one detection carries.
pub const REASONS_MAX: usize = 64;
/// Longest excerpt of a value inside a reason.
pub const REASON_VALUE_BYTES_MAX: usize = 512;
/// Most notes kept in full for one source in one run; the rest is only counted.
pub const NOTES_KEPT_MAX: usize = 10_000;
/// Most groups that one correlation rule tracks at once.
pub const CORRELATION_GROUPS_MAX: usize = 100_000;
/// Most events that one correlation group remembers.
pub const CORRELATION_GROUP_EVENTS_MAX: usize = 100_000;
/// Longest regular expression that a rule may bring, compiled.
pub const REGEX_COMPILED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest rule file.
pub const RULE_FILE_BYTES_MAX: u64 = 1024 * 1024;
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
/// Size at which a journal segment is closed and the next one opened.
pub const JOURNAL_SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// Rows that a hunt returns unless its caller asks for fewer.
pub const HUNT_ROWS_MAX: usize = 10_000;
/// Memory that a hunt may use.
pub const HUNT_MEMORY_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Seconds that a hunt may take.
pub const HUNT_SECONDS_MAX: u64 = 60;
