//! Months of events, and hunts over them.

// Live sources (`connect`).

/// Rows that the lake holds in memory before it commits them, whatever their age.
pub const LAKE_BUFFER_ROWS_MAX: usize = 262_144;
/// Bytes (as columns) that the lake holds in memory before it commits them, whatever their age.
pub const LAKE_BUFFER_BYTES_MAX: usize = 192 * 1024 * 1024;
/// Seconds that an event may wait in the lake's memory before it is committed and can be hunted.
pub const LAKE_FLUSH_SECONDS: u64 = 4;
/// Days (per agency) in the lake's memory from which it counts as a backfill, which may wait longer so that fewer, larger files come of it.
pub const LAKE_BACKFILL_PARTITIONS: usize = 16;
/// Seconds that an event of a backfill may wait in the lake's memory.
pub const LAKE_BACKFILL_FLUSH_SECONDS: u64 = 8;
/// Rows of one row group of a lake file.
pub const LAKE_ROW_GROUP_ROWS: usize = 131_072;
/// Bytes (as columns) of one row group of a lake file, where rows are wide.
pub const LAKE_ROW_GROUP_BYTES: usize = 256 * 1024 * 1024;
/// Size at which a lake file is closed and the next one opened.
pub const LAKE_FILE_BYTES: u64 = 256 * 1024 * 1024;
/// Small files of one agency and day from which they are merged.
pub const LAKE_MERGE_FILES_MIN: usize = 8;
/// Files that one merge reads at once.
pub const LAKE_MERGE_FILES_MAX: usize = 64;
/// Commits between two checkpoints of the lake's log.
pub const LAKE_CHECKPOINT_COMMITS: u64 = 100;
/// Seconds that a replaced lake file is kept for hunts that still read it.
pub const LAKE_REPLACED_SECONDS: u64 = 600;
/// Terms of one erasure.
pub const ERASURE_TERMS_MAX: usize = 64;
/// Shortest term of an erasure: a shorter one would take half the lake with it.
pub const ERASURE_TERM_BYTES_MIN: usize = 3;
/// Places that a search for a person's data reports; the rest is only counted.
pub const ERASURE_HITS_MAX: usize = 1_000;
/// Bytes that a hunt returns, as its cells are in memory.
pub const HUNT_RESULT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes that a hunt may park on disk when its memory is used up.
pub const HUNT_SPILL_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Longest text of a hunt.
pub const HUNT_SQL_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of a hunt's text.
pub const HUNT_SQL_DEPTH_MAX: usize = 50;
/// Hunts that run at once; the others wait, and their waiting counts as their time.
pub const HUNTS_AT_ONCE_MAX: usize = 2;
/// Batches of rows that a hunt has ready before whoever reads it takes them.
pub const HUNT_BATCHES_AHEAD_MAX: usize = 4;
/// Memory for the footers of lake files that hunts have opened.
pub const HUNT_FOOTERS_BYTES_MAX: usize = 64 * 1024 * 1024;
