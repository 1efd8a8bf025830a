//! What is known about threats, and what it is worth.

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

// Briefs (`engine::office`).

/// Analytics whose findings are counted.
pub const TALLY_ROWS_MAX: usize = 10_000;
/// Objects of one type that actors are known by.
pub const FIT_OBJECTS_MAX: usize = 500_000;
