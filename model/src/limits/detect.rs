//! Records as they are read, rules and indicators as they are held against them, content as it is checked, and what was seen.

/// Longest single record that a reader accepts; a longer one becomes a note.
pub const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Deepest nesting of a JSON record.
pub const JSON_DEPTH_MAX: usize = 64;
/// Longest name of a nested field, joined by dots.
pub const FIELD_NAME_BYTES_MAX: usize = 4_096;
/// Most fields that one record may have once it is flattened.
pub const RECORD_FIELDS_MAX: usize = 4_096;
/// Highest ratio of unpacked to packed bytes of a compressed input before it is taken for a bomb.
pub const UNPACK_RATIO_MAX: u64 = 100;
/// Unpacked bytes below which the ratio is not judged: a short run of equal lines packs better than 100 : 1 honestly.
pub const UNPACK_RATIO_FREE_BYTES: u64 = 64 * 1024 * 1024;
/// Longest value of a field that rules look at; what is beyond is not searched, and the record carries a note.
pub const MATCH_VALUE_BYTES_MAX: usize = 1024 * 1024;
/// Values for which a matcher of rules (there is one for each thread) remembers what was found in them. A power of two.
pub const MATCH_MEMO_ENTRIES_MAX: usize = 64 * 1024;
/// Bytes of those values together, with what was found in them; the tables beside them take 48 bytes for each entry.
pub const MATCH_MEMO_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Longest value, or line of a longer one, for which that is remembered.
pub const MATCH_MEMO_VALUE_BYTES_MAX: usize = 16 * 1024;
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
/// Most `not`s in one condition of a rule; the parser goes a step down its stack for each of them.
pub const CONDITION_NOTS_MAX: usize = 256;
/// Most opening brackets in a rule file; the time that YAML takes grows with the square of how deep they stand.
pub const RULE_FILE_BRACKETS_MAX: usize = 16_384;
/// Largest rule file.
pub const RULE_FILE_BYTES_MAX: u64 = 1024 * 1024;

// Live sources (`connect`).

/// Longest value of an indicator.
pub const INDICATOR_VALUE_BYTES_MAX: usize = 4_096;
/// Longest label of an indicator.
pub const INDICATOR_LABEL_BYTES_MAX: usize = 512;
/// Most claims kept about one indicator; the least sure go first.
pub const INDICATOR_CLAIMS_MAX: usize = 64;
/// Most indicators in one segment.
pub const INDICATOR_SEGMENT_MAX: usize = 50_000_000;
/// Most changes that wait in memory for the next segment.
pub const INDICATOR_DELTA_MAX: usize = 65_536;
/// Most indicators found in one event; the rest is counted.
pub const INDICATOR_HITS_PER_EVENT_MAX: usize = 256;
/// Most entries of all lists of harmless things together.
pub const SUPPRESSION_ENTRIES_MAX: usize = 20_000_000;
/// All regular expressions of one list of harmless things together, compiled.
pub const SUPPRESSION_EXPRESSIONS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most lists of harmless things.
pub const SUPPRESSION_LISTS_MAX: usize = 10_000;
/// Most segments that one set asks.
pub const INDICATOR_SEGMENTS_MAX: usize = 16;

// NetFlow and IPFIX (`formats::text::netflow`).

/// Most mappings for JSON that an installation may have in one file.
pub const MAPPINGS_MAX: usize = 256;
/// Most conditions, constants and fields together that one mapping may have.
pub const MAPPING_KEYS_MAX: usize = 512;
/// Different rules and indicators whose detections a trial on kept events counts one by one.
pub const RETRO_ANALYTICS_MAX: usize = 100_000;
/// Different subjects of one rule or indicator that such a trial tells apart.
pub const RETRO_SUBJECTS_MAX: usize = 10_000;

// Checking content (`engine::validate`).

/// Faults of one file that are kept in full; the rest is only counted.
pub const FAULTS_KEPT_MAX: usize = 100;
/// Documents in one file of rules.
pub const RULE_FILE_DOCUMENTS_MAX: usize = 10_000;
/// Bytes of rules that are looked at together, so that references between them resolve.
pub const RULES_TOGETHER_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Largest file of events that is checked against the schema, unpacked.
pub const VALIDATE_EVENTS_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Largest compiled OCSF schema, unpacked.
pub const SCHEMA_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Largest list of indicators or of harmless things, unpacked.
pub const LIST_FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

// What was seen (`detect::seen`).

/// Machines that are told apart for a value on one day; more are "at least so many".
pub const SEEN_MACHINES_MAX: usize = 16;
/// Days that are kept, and that a new indicator is looked for in.
pub const SEEN_DAYS: u32 = 90;
/// Values that wait until they are written.
pub const SEEN_VALUES_WAITING_MAX: usize = 200_000;
/// Bytes of files that are brought together into one at most.
pub const SEEN_MERGE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of a run, unpacked; what is beyond is damage.
pub const SEEN_RUN_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Indicators that past traffic is told of at once.
pub const SEEN_INDICATORS_MAX: usize = 100_000;
/// Findings that one look into the past makes at most.
pub const SEEN_FINDINGS_MAX: usize = 1_000;

/// Longest name of an entity, in bytes.
pub const ENTITY_NAME_BYTES_MAX: usize = 256;
/// Entities that are kept of one event.
pub const ENTITIES_PER_EVENT_MAX: usize = 16;
