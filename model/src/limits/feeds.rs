//! Fetching from servers that are not trusted, and feeds.

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
