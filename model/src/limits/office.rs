//! What must last, and what people do with it: the journal, findings, people, jobs, the ledger.

/// Size at which a journal segment is closed and the next one opened.
pub const JOURNAL_SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of bodies at which a journal block is closed: what one flipped bit can cost, and what a reader unpacks at once.
pub const JOURNAL_BLOCK_BYTES: usize = 1024 * 1024;
/// Bytes of bodies that share one sync of the journal; a single batch may be as large.
pub const JOURNAL_GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Records that share one sync of the journal, and the number of offsets that recovery leaves out after a cut tail.
pub const JOURNAL_GROUP_RECORDS_MAX: usize = 65_536;
/// Longest name of a stream or batch in a cursor.
pub const CURSOR_NAME_BYTES_MAX: usize = 1_024;
/// Disk space that the journal keeps for the rest of the system and gives up when the disk is full.
pub const JOURNAL_RESERVE_BYTES: u64 = 64 * 1024 * 1024;
/// Free bytes beyond the reserve at which a journal that stopped for lack of space goes on.
pub const JOURNAL_RESUME_BYTES: u64 = 32 * 1024 * 1024;
/// Damaged bytes that the journal's quarantine keeps; more is reported but not copied.
pub const JOURNAL_QUARANTINE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Files whose stored positions the journal remembers, so that it stores no record twice; the oldest are forgotten.
pub const JOURNAL_FILE_LANES_MAX: usize = 65_536;
/// Streams whose stored positions the journal remembers.
pub const JOURNAL_STREAM_LANES_MAX: usize = 4_096;
/// Named batches whose stored positions the journal remembers.
pub const JOURNAL_BATCH_LANES_MAX: usize = 131_072;
/// Separate runs of stored positions in one file, stream or batch; past it the lowest two become one.
pub const JOURNAL_LANE_RUNS_MAX: usize = 1_024;
/// Bytes of JSON that one stored finding may have.
pub const FINDING_BYTES_MAX: usize = 1024 * 1024;
/// Findings that one query returns.
pub const FINDINGS_PAGE_MAX: usize = 10_000;
/// Saved hunts that one agency may keep.
pub const SAVED_HUNTS_MAX: usize = 1_000;
/// Reads of personal data that wait for the ledger at once.
pub const LEDGER_READS_WAITING_MAX: usize = 1_024;
/// Challenges that wait for their answers at once.
pub const CEREMONIES_MAX: usize = 10_000;
/// People that one agency may have.
pub const PEOPLE_MAX: usize = 100_000;
/// Passkeys that one person may have.
pub const PASSKEYS_MAX: usize = 10;
/// Seconds for which a link lets a person in the first time.
pub const SETUP_LINK_SECONDS: u64 = 15 * 60;
/// Seconds after which somebody who asks for nothing is out.
pub const SESSION_IDLE_SECONDS: u64 = 30 * 60;
/// Seconds after which everybody is out: a shift and a bit.
pub const SESSION_SECONDS_MAX: u64 = 12 * 60 * 60;
/// Seconds for which a proof of who somebody is lets them act.
pub const STEP_UP_SECONDS: u64 = 5 * 60;
/// Longest note beside a decision about a finding.
pub const TRIAGE_NOTE_CHARS_MAX: usize = 4_000;
/// Findings that one decision may be about.
pub const TRIAGE_AT_ONCE_MAX: usize = 1_000;
/// Suppressions that one agency may have in force.
pub const SUPPRESSIONS_MAX: usize = 10_000;
/// Longest time for which a suppression may be in force.
pub const SUPPRESSION_DAYS_MAX: u64 = 365;
/// Longest time for which a token of a program is good.
pub const TOKEN_DAYS_MAX: u32 = 3_660;
/// Jobs of one agency that wait, run, or were set aside.
pub const JOBS_MAX: usize = 100_000;
/// Jobs that are listed.
pub const JOBS_LISTED_MAX: usize = 1_000;
/// Bytes of what a job has to know.
pub const JOB_BYTES_MAX: usize = 64 * 1024;
/// Letters of what went wrong with a job.
pub const JOB_ERROR_CHARS_MAX: usize = 1_000;
/// Bytes of the list of signed checkpoints, before it is made shorter.
pub const LEDGER_CHECKPOINTS_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Lines of the ledger that are read at a time.
pub const LEDGER_PAGE_MAX: usize = 1_000;
/// Bytes of the words beside an entry of the ledger.
pub const LEDGER_DETAIL_BYTES_MAX: usize = 256 * 1024;
/// Bytes of what an entry of the ledger is about: a kind and an id.
pub const LEDGER_OBJECT_BYTES_MAX: usize = 512;
/// Longest text of a saved hunt.
pub const SAVED_HUNT_BYTES_MAX: usize = 64 * 1024;
/// Longest reason of a legal hold.
pub const HOLD_REASON_BYTES_MAX: usize = 4 * 1024;
/// Open connections to the state database.
pub const STATE_CONNECTIONS_MAX: u32 = 8;
