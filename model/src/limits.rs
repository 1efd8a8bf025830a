//! Every limit of Watchbell, by name. A queue, batch, body, cache or retry without a line here is a defect.

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

// Sharing (`store::state::taxii`, `web::taxii`).

/// Largest body of a request that brings objects: `max_content_length` of an API root.
pub const TAXII_BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most objects of one such request.
pub const TAXII_OBJECTS_PER_POST_MAX: usize = 10_000;
/// Largest object.
pub const TAXII_OBJECT_BYTES_MAX: usize = 1024 * 1024;
/// Deepest nesting of an object.
pub const TAXII_OBJECT_DEPTH_MAX: usize = 64;
/// Longest id of an object: a type of 250 letters (STIX 2.1, section 3.1), two dashes, and a UUID, rounded up.
pub const TAXII_ID_BYTES_MAX: usize = 300;
/// Objects of a page when nobody says how many.
pub const TAXII_PAGE_DEFAULT: usize = 1_000;
/// Most objects of a page.
pub const TAXII_PAGE_MAX: usize = 10_000;
/// Most bytes of a page; one object is always given.
pub const TAXII_PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most ids that one request may ask for.
pub const TAXII_MATCH_IDS_MAX: usize = 100;
/// Most types that one request may ask for.
pub const TAXII_MATCH_TYPES_MAX: usize = 64;
/// Most versions, named by their times, that one request may ask for.
pub const TAXII_MATCH_VERSIONS_MAX: usize = 8;
/// Most versions of the specification that one request may ask for.
pub const TAXII_MATCH_SPEC_VERSIONS_MAX: usize = 4;
/// API roots that one agency may have.
pub const TAXII_ROOTS_MAX: usize = 100;
/// Collections that one agency may have.
pub const TAXII_COLLECTIONS_MAX: usize = 1_000;
/// Longest title of a root or a collection.
pub const TAXII_TITLE_BYTES_MAX: usize = 1_024;
/// Longest description of a root or a collection.
pub const TAXII_DESCRIPTION_BYTES_MAX: usize = 16 * 1024;
/// Seconds for which it is remembered what became of objects that were brought.
pub const TAXII_STATUS_SECONDS: u64 = 24 * 60 * 60;
/// Such memories that one agency has at most, and some more until the oldest are swept.
pub const TAXII_STATUSES_MAX: usize = 10_000;

/// Rows that a hunt returns unless its caller asks for fewer.
pub const HUNT_ROWS_MAX: usize = 10_000;
/// Memory that a hunt may use.
pub const HUNT_MEMORY_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Seconds that a hunt may take.
pub const HUNT_SECONDS_MAX: u64 = 60;

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

/// Observation domains (an exporter may have several) whose templates are remembered at once; the one that was silent
/// longest is forgotten first.
pub const NETFLOW_DOMAINS_MAX: usize = 512;
/// Templates remembered for one observation domain; the one that was unused longest is forgotten first.
pub const NETFLOW_TEMPLATES_MAX: usize = 128;
/// Fields of one template.
pub const NETFLOW_TEMPLATE_FIELDS_MAX: usize = 128;
/// Flow records taken out of one packet.
pub const NETFLOW_RECORDS_MAX: usize = 4_096;
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

// Intelligence (`store::state`, `engine::intel`).

/// Most sources of intelligence of one agency, those that were removed included.
pub const INTEL_SOURCES_MAX: usize = 10_000;
/// Longest configuration of a source of intelligence, and the longest report about its health.
pub const INTEL_CONFIG_BYTES_MAX: usize = 64 * 1024;
/// Most that a run of a source leaves for the next one: cursors, and a mark for each file of a feed.
pub const INTEL_MEMORY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest reference of a claim: what its source calls it.
pub const INTEL_REFERENCE_BYTES_MAX: usize = 512;
/// Claims that are compared with what is kept in one go, and most that one transaction writes: others write in between.
pub const CLAIMS_PAGE_MAX: usize = 4_096;
/// Largest object of a source (actor, campaign, technique …) as JSON.
pub const KNOWN_OBJECT_BYTES_MAX: usize = 1024 * 1024;
/// Things that concern the city which one run of a source tells of; the rest is counted.
pub const CONCERNS_OF_RUN_MAX: usize = 10_000;
/// Letters of a report's title, and of an attachment's name.
pub const REPORT_TITLE_CHARS_MAX: usize = 200;
/// Bytes of a report's text.
pub const REPORT_BYTES_MAX: usize = 1024 * 1024;
/// Attachments of one report.
pub const REPORT_ATTACHMENTS_MAX: usize = 10;
/// Bytes of one attachment.
pub const REPORT_ATTACHMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a report with all that is attached, as a page sends it.
pub const REPORT_FORM_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Reports of one agency.
pub const REPORTS_MAX: usize = 100_000;
/// Sectors, regions or technologies of a city, each.
pub const CITY_WORDS_MAX: usize = 1_000;
/// Largest file with the mail addresses of a city's staff.
pub const CITY_STAFF_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most claims of one source.
pub const CLAIMS_OF_SOURCE_MAX: usize = 20_000_000;
/// Most objects or indicators that one page of a list has.
pub const INTEL_PAGE_MAX: usize = 1_000;

// Weight, look-alikes, mining, fit and the gate (`intel`).

/// Largest table of rules or words that a user may put over a built-in one.
pub const INTEL_TABLE_BYTES_MAX: usize = 1024 * 1024;
/// Sightings that are looked at to judge one source or one indicator; whoever asks gives the newest first.
pub const FEEDBACK_MAX: usize = 100_000;
/// Claims that are weighed for one value.
pub const WEIGH_CLAIMS_MAX: usize = 1_024;
/// Values of one source that are compared with another's: those with the smallest hashes.
pub const OVERLAP_SAMPLE_MAX: usize = 65_536;
/// Sources that are compared with each other, pair by pair.
pub const OVERLAP_SOURCES_MAX: usize = 512;
/// Values of one list that a blast check looks at; a longer list does not pass.
pub const BLAST_VALUES_MAX: usize = 4_000_000;
/// Entries of the watch list of own addresses and names.
pub const WATCHED_ASSETS_MAX: usize = 100_000;
/// Names and domains together that look-alikes are looked for.
pub const BRAND_NAMES_MAX: usize = 4_096;
/// Domains that are never look-alikes.
pub const BRAND_ALLOWED_MAX: usize = 100_000;
/// Bytes of a text that is mined; the rest is said to be left out.
pub const MINE_TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Different things taken out of one text; the rest is counted.
pub const MINE_FOUND_MAX: usize = 10_000;
/// Places remembered for one thing in a text; the rest is counted.
pub const MINE_PLACES_MAX: usize = 16;
/// Bytes of text shown on each side of a thing that was found.
pub const MINE_AROUND_BYTES: usize = 80;
/// Names of techniques that a text is searched for.
pub const MINE_NAMES_MAX: usize = 20_000;
/// Actors and campaigns that are compared with what was seen.
pub const FIT_ACTORS_MAX: usize = 50_000;
/// Techniques and pieces of software of one actor, or of what was seen.
pub const FIT_TRAITS_MAX: usize = 5_000;
/// Members of one sharing group.
pub const GROUP_MEMBERS_MAX: usize = 10_000;
/// Longest name of a peer or of a sharing group.
pub const PEER_NAME_BYTES_MAX: usize = 128;
/// Longest free text that leaves an agency.
pub const SHARED_TEXT_BYTES_MAX: usize = 64 * 1024;
/// Names of accounts that one shared thing may mention.
pub const SHARED_ACCOUNTS_MAX: usize = 256;
/// Seconds for which a clearing is good; after that the policy is asked again.
pub const CLEARED_SECONDS_MAX: u64 = 3_600;
/// Rows of a table in a brief.
pub const BRIEF_ROWS_MAX: usize = 100;
// Readers of intelligence (`formats::intel`).
/// Largest single object of a feed: a STIX object, an attribute, a line of JSON.
pub const INTEL_OBJECT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest name, id or word that is taken over from a feed; the rest is cut off.
pub const INTEL_NAME_BYTES_MAX: usize = 512;
/// Longest text that is taken over from a feed; the rest is cut off.
pub const INTEL_TEXT_BYTES_MAX: usize = 4_096;
/// Most members of one list of an object.
pub const INTEL_LIST_MAX: usize = 10_000;
/// Longest pattern or rule of an indicator.
pub const INTEL_PATTERN_BYTES_MAX: usize = 256 * 1024;
/// Most objects of one document whose versions, markings and relationships are known to each other; more are read each for itself.
pub const STIX_OBJECTS_MAX: u64 = 4_000_000;
/// Longest record of a list.
pub const LIST_RECORD_BYTES_MAX: usize = 64 * 1024;
/// Most columns of a list.
pub const LIST_COLUMNS_MAX: usize = 256;
/// Deepest nesting of an XML document.
pub const XML_DEPTH_MAX: usize = 64;
/// Largest CSAF advisory: its product tree refers across the whole document, so it is taken whole.
pub const CSAF_DOCUMENT_BYTES_MAX: usize = 64 * 1024 * 1024;

// Fetching from servers that are not trusted (`connect::fetch`).

/// Longest URL that is fetched.
pub const FETCH_URL_BYTES_MAX: usize = 8 * 1024;
/// Redirects that one fetch follows.
pub const FETCH_REDIRECTS_MAX: usize = 5;
/// Addresses that one name may have.
pub const FETCH_ADDRESSES_MAX: usize = 32;
/// Private places that may be reached by exception.
pub const FETCH_EXCEPTIONS_MAX: usize = 256;
/// Time to find an address, and once more to connect, TLS included.
pub const FETCH_CONNECT_SECONDS_MAX: u64 = 10;
/// Time from a request to the end of the answer's head.
pub const FETCH_ANSWER_SECONDS_MAX: u64 = 120;
/// Time between two parts of a body.
pub const FETCH_IDLE_SECONDS_MAX: u64 = 30;
/// Time of one fetch, redirects included.
pub const FETCH_TOTAL_SECONDS_MAX: u64 = 1_800;
/// Bytes of an answer's head.
pub const FETCH_HEADER_BYTES_MAX: usize = 64 * 1024;
/// Headers of an answer.
pub const FETCH_HEADERS_MAX: usize = 100;
/// Longest `ETag` or `Last-Modified` that is kept.
pub const FETCH_VALIDATOR_BYTES_MAX: usize = 1_024;
/// Longest wait that a server may ask for; it is cut to this.
pub const FETCH_RETRY_AFTER_SECONDS_MAX: u64 = 24 * 3_600;
/// Unpacked bytes of an answer that goes into memory.
pub const FETCH_MEMORY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Unpacked bytes of an answer that goes into a file.
pub const FETCH_BODY_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Unpacked bytes of an answer below which its ratio is not judged.
pub const FETCH_RATIO_FREE_BYTES: u64 = 4 * 1024 * 1024;
/// Parts of a body that wait to be unpacked.
pub const FETCH_CHUNKS_AHEAD_MAX: usize = 8;
/// Longest secret that is shown to a server.
pub const FETCH_SECRET_BYTES_MAX: usize = 8 * 1024;
// Patterns over observed data (`intel::pattern`).
/// Longest text of a pattern: ten thousand hashes in one.
pub const PATTERN_BYTES_MAX: usize = 1024 * 1024;
/// Parentheses inside each other, and qualifiers one after the other, in one pattern.
pub const PATTERN_DEPTH_MAX: usize = 64;
/// Memory for one regular expression of a pattern, compiled.
pub const PATTERN_EXPRESSION_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest text of one regular expression or of wildcards.
pub const PATTERN_EXPRESSION_TEXT_BYTES_MAX: usize = 8 * 1024;
/// Most regular expressions and wildcards of one pattern.
pub const PATTERN_EXPRESSIONS_MAX: usize = 256;
/// Places for observations that one pattern has after its repetitions are written out, and choices between alternatives.
pub const PATTERN_PLACES_MAX: usize = 1_024;
/// Looks at observations while one pattern is fitted to them: about a second.
pub const PATTERN_STEPS_MAX: u64 = 50_000_000;
/// Values that were compared with nothing and are named in an answer; the rest is counted.
pub const PATTERN_DOUBTS_KEPT_MAX: usize = 100;
/// Most patterns of one set.
pub const PATTERN_SET_MAX: usize = 5_000_000;
/// Most regular expressions and wildcards of one set. They are compiled when they are first needed, and then kept.
pub const PATTERN_SET_EXPRESSIONS_MAX: usize = 100_000;
/// Largest file of observed data.
pub const OBSERVED_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most observations in one file.
pub const OBSERVED_OBSERVATIONS_MAX: usize = 1_000_000;
/// Most objects that the observations of one file refer to, counted as often as they are referred to.
pub const OBSERVED_REFERENCES_MAX: usize = 8_000_000;
/// Records of observed data that could not be read and are named; the rest is counted.
pub const OBSERVED_NOTES_KEPT_MAX: usize = 100;
// What leaves (`formats::release`, `connect::rpz`).
/// Events that a MISP feed is divided into; as many files are open while it is written.
pub const RELEASE_MISP_EVENTS_MAX: u16 = 256;
/// Most outlets of one agency.
pub const OUTLETS_MAX: usize = 256;
/// Longest name of an outlet: a label of a domain (RFC 1035, section 2.3.4).
pub const OUTLET_NAME_BYTES_MAX: usize = 63;
/// Longest configuration of an outlet.
pub const OUTLET_CONFIG_BYTES_MAX: usize = 16 * 1024;
/// Longest account of what was made for an outlet: a line for each file of a MISP feed.
pub const OUTLET_MADE_BYTES_MAX: usize = 256 * 1024;
/// Most entries of an outlet.
pub const OUTLET_ENTRIES_MAX: u64 = 20_000_000;
/// Longest time that an entry may be said to hold behind its last sighting.
pub const OUTLET_DAYS_MAX: u32 = 3_660;
/// Bytes of a file of an outlet that are in memory for each one who fetches it.
pub const OUTLET_CHUNK_BYTES: usize = 64 * 1024;
/// Earlier versions of a policy zone that are kept on disk, so that resolvers get differences after a restart, too.
pub const OUTLET_VERSIONS_KEPT: usize = 8;
/// Letters that are kept of what calls itself whoever asked.
pub const OUTLET_ASKED_BY_CHARS_MAX: usize = 80;
/// Transfers of zones that wait for their line in the ledger; the next one is refused.
pub const OUTLET_TRANSFERS_WAITING_MAX: usize = 1_024;
/// Connections to the server of policy zones at once.
pub const RPZ_CONNECTIONS_MAX: usize = 64;
/// Seconds that a resolver may be silent between two questions on one connection.
pub const RPZ_IDLE_SECONDS_MAX: u64 = 30;
/// Seconds that one message to a resolver may take until it is in the network's hands.
pub const RPZ_WRITE_SECONDS_MAX: u64 = 30;
/// Seconds that one transfer of a zone may take.
pub const RPZ_TRANSFER_SECONDS_MAX: u64 = 1_800;
/// Questions on one connection.
pub const RPZ_QUESTIONS_MAX: usize = 1_000;
/// Bytes of a question: header, one name, an SOA, EDNS and a signature take a quarter of it.
pub const RPZ_QUESTION_BYTES_MAX: usize = 4_096;
/// Bytes of records in one message of a transfer.
pub const RPZ_MESSAGE_BYTES: usize = 16 * 1024;
/// Bytes of an answer by UDP to a resolver that takes more than 512: what passes every network (DNS flag day 2020).
pub const RPZ_DATAGRAM_BYTES_MAX: usize = 1_232;
/// Names of one zone.
pub const RPZ_NAMES_MAX: usize = 50_000_000;
/// Earlier versions of a zone from which a resolver is brought up to date by what changed.
pub const RPZ_HISTORY_MAX: usize = 64;
/// Resolvers that are told when a zone changes.
pub const RPZ_SECONDARIES_MAX: usize = 1_024;
/// Times that a resolver is told before it counts as silent (RFC 1996, section 3.6, suggests five).
pub const RPZ_NOTIFY_TRIES_MAX: u32 = 5;
/// Seconds after which a resolver is told again, the first time; doubled each time.
pub const RPZ_NOTIFY_SECONDS: u64 = 2;
/// Changes of zones that wait until resolvers are told.
pub const RPZ_CHANGES_WAITING_MAX: usize = 256;

// Feeds (`connect::feeds`).

/// API roots of a TAXII server, collections of an API root, failures of one status.
pub const TAXII_LIST_MAX: usize = 10_000;
/// Longest `next` that a TAXII server may give.
pub const TAXII_NEXT_BYTES_MAX: usize = 4_096;
/// Objects that a page is asked for.
pub const TAXII_PAGE_OBJECTS: u32 = 1_000;
/// Objects that a page is asked for at most, where more than a page have the same date.
pub const TAXII_PAGE_OBJECTS_MAX: u32 = 64_000;
/// Pages of one run; the next run goes on behind them.
pub const TAXII_PAGES_MAX: u32 = 100_000;
/// Pages in a row that may bring nothing that this run has not seen.
pub const TAXII_BARREN_PAGES_MAX: u32 = 4;
/// Objects that one run remembers to know them again, twice as many at most.
pub const TAXII_SEEN_MAX: usize = 500_000;
/// Largest envelope that is sent, where the server names no smaller limit.
pub const TAXII_PUSH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Times that a server is asked what became of what it was sent.
pub const TAXII_STATUS_ASKED_MAX: u32 = 10;
/// Longest wait between two of them.
pub const TAXII_STATUS_WAIT_MS_MAX: u64 = 10_000;
/// Events of one MISP feed.
pub const MISP_EVENTS_MAX: usize = 1_000_000;
/// Events that a page is asked for. A power of two, so that it can be halved.
pub const MISP_PAGE_EVENTS: u32 = 64;
/// Bytes of the answer for one prefix of hashes.
pub const HIBP_ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Prefixes that one run asks for; the next run goes on behind them.
pub const HIBP_PREFIXES_MAX: usize = 100_000;
/// Items that a run takes together before they are kept, with the place to go on from.
pub const FEED_BATCH_ITEMS: usize = 20_000;
/// Bytes that a run takes together before they are kept.
pub const FEED_BATCH_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of the events of one MISP feed that are held to see what is gone.
pub const MISP_FOLDER_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;
/// Pages of one run; the next run goes on behind them.
pub const MISP_PAGES_MAX: u32 = 100_000;
/// Shortest time between two runs of a feed.
pub const FEED_INTERVAL_SECONDS_MIN: u32 = 60;
/// Longest time between two runs of a feed.
pub const FEED_INTERVAL_SECONDS_MAX: u32 = 30 * 24 * 3_600;
/// Percent of its interval that a feed's run may be late, so that feeds and fleets do not come in step.
pub const FEED_JITTER_PERCENT: u32 = 10;
/// Shortest wait after a run that failed; it doubles with each.
pub const FEED_RETRY_SECONDS_MIN: u32 = 60;
/// Longest wait after a run that failed.
pub const FEED_RETRY_SECONDS_MAX: u32 = 6 * 3_600;
/// Within so many seconds a feed that is late already starts.
pub const FEED_LATE_SECONDS_MAX: u32 = 60;
/// Longest text of a feed's error, licence or setting.
pub const FEED_TEXT_BYTES_MAX: usize = 2_048;
/// Peers of one agency.
pub const PEERS_MAX: usize = 1_000;
/// Sharing groups that one agency knows.
pub const GROUPS_MAX: usize = 1_000;
/// Longest document of a sharing group.
pub const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Live streams of hints that are open at once, of all peers together.
pub const HINT_STREAMS_MAX: usize = 1_024;
/// Live streams of hints of one token: a reconnect may come before the old one is seen to have ended.
pub const HINT_STREAMS_PER_TOKEN_MAX: usize = 4;
/// Seconds between two signs of life on a stream of hints.
pub const HINT_HEARTBEAT_SECONDS: u64 = 15;
/// Seconds without a sign of life after which a stream of hints is opened anew.
pub const HINT_SILENCE_SECONDS_MAX: u64 = 50;
/// Longest line of a stream of hints.
pub const HINT_LINE_BYTES_MAX: usize = 4 * 1024;
/// Shortest time between two pulls from one peer, whatever it hints.
pub const PEER_PULL_MS_MIN: u64 = 20;
/// Pages that one pull takes from a peer before others have their turn.
pub const PEER_PULL_PAGES_MAX: usize = 1_000;
/// Bytes that one pull takes from a peer.
pub const PEER_PULL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Objects that one pull takes from a peer.
pub const PEER_PULL_ITEMS_MAX: u64 = 1_000_000;
/// Claims that one pass puts through the gate for one peer; the next pass goes on behind them.
pub const SHARED_CLAIMS_PER_PASS_MAX: usize = 2_000;
/// Days in which sightings of several organisations count together.
pub const TALLY_DAYS: u64 = 30;
/// Questions of a private look-up that one request may hold.
pub const LOOKUP_BATCH_MAX: usize = 32;
/// Questions of a private look-up that one peer may ask in an hour: each lets it try one thing against the list.
pub const LOOKUPS_PER_HOUR_MAX: u32 = 1_000;
/// Things in the list of a private look-up: the latest.
pub const LOOKUP_SET_MAX: usize = 20_000;
/// Seconds for which such a list is kept.
pub const LOOKUP_SET_SECONDS: u64 = 300;
/// Bytes that one run of a feed brings at most, unless it says otherwise.
pub const FEED_RUN_BYTES: u64 = 1024 * 1024 * 1024;
/// Bytes that one run of a feed may bring, whatever it says.
pub const FEED_RUN_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;
/// Items that one run of a feed brings at most, unless it says otherwise.
pub const FEED_RUN_ITEMS: u64 = 10_000_000;
/// Items that one run of a feed may bring, whatever it says.
pub const FEED_RUN_ITEMS_MAX: u64 = 100_000_000;
/// Collections that one TAXII feed names.
pub const FEED_COLLECTIONS_MAX: usize = 256;
/// Time that a date of an object may be ahead of its server's clock.
pub const TAXII_CLOCK_SECONDS_MAX: u64 = 3_600;

// Briefs (`engine::office`).

/// Analytics whose findings are counted.
pub const TALLY_ROWS_MAX: usize = 10_000;
/// Objects of one type that actors are known by.
pub const FIT_OBJECTS_MAX: usize = 500_000;

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
// OSCAL (`formats::oscal`).
/// Largest document: the catalog of all controls of SP 800-53 has a tenth of it.
pub const OSCAL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Profiles that import each other, one after the other.
pub const OSCAL_IMPORTS_MAX: usize = 16;

// What is at stake (`risk`, `formats::risk`).

/// Things in one network of dependencies.
pub const RISK_NODES_MAX: usize = 1_000_000;
/// Dependencies in one such network.
pub const RISK_EDGES_MAX: usize = 5_000_000;
/// Rows of one file about vulnerabilities; there are 300,000 CVEs.
pub const RISK_ROWS_MAX: usize = 5_000_000;
/// Rows of one decision table.
pub const DECISION_ROWS_MAX: usize = 100_000;
/// Findings that are reckoned with at once.
pub const RISK_FINDINGS_MAX: usize = 5_000_000;
/// Services whose opening is compared at once.
pub const RISK_SERVICES_MAX: usize = 10_000;
/// Measures that are tried for them.
pub const RISK_MEASURES_MAX: usize = 10_000;

// The register (`model::register`).

/// Longest name of an item.
pub const ITEM_ID_BYTES_MAX: usize = 100;
/// Longest text of an item.
pub const ITEM_TEXT_BYTES_MAX: usize = 4 * 1024;
/// Most entries of each list of an item.
pub const ITEM_LIST_MAX: usize = 2_000;
/// Items of one agency: a city has tens of thousands, a state a hundred of those.
pub const REGISTER_ITEMS_MAX: usize = 1_000_000;
/// Links of one agency.
pub const REGISTER_LINKS_MAX: usize = 5_000_000;
/// Largest file that is imported into the register.
pub const REGISTER_FILE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Components of one bill of materials.
pub const SBOM_COMPONENTS_MAX: usize = 200_000;
/// Longest item or link as it is kept.
pub const REGISTER_BODY_BYTES_MAX: usize = 512 * 1024;
/// Items or links that are read at once.
pub const REGISTER_PAGE_MAX: usize = 2_000;
/// Links that are shown of one item, each way.
pub const ITEM_LINKS_SHOWN_MAX: usize = 500;
/// Versions of an item that are shown at once.
pub const REGISTER_HISTORY_MAX: usize = 200;
/// Items that one address leads to.
pub const REGISTER_BEHIND_MAX: usize = 100;
/// What an import refuses, told one by one.
pub const REGISTER_REFUSED_TOLD_MAX: usize = 1_000;
/// Addresses and names that talk and stand in no register, told one by one.
pub const UNREGISTERED_MAX: usize = 10_000;
/// Items in one column of the service map.
pub const MAP_COLUMN_ITEMS_MAX: usize = 24;
/// Links that are drawn on the service map.
pub const MAP_LINKS_MAX: usize = 400;
