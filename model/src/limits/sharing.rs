//! What goes to others and comes from them: TAXII, peers, groups, look-ups, outlets.

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
/// What people said was seen that one pass puts through the gate for one peer.
pub const SHARED_SIGHTINGS_PER_PASS_MAX: usize = 500;
/// Things that a peer was told of and that one pass looks at again.
pub const TOLD_PER_PASS_MAX: usize = 500;
/// Things whose counts over organisations one pass looks at for one peer.
pub const TALLIES_PER_PASS_MAX: usize = 500;
/// What people said of one thing that is looked at, the latest.
pub const LEARNED_ON_MAX: usize = 64;
/// Names of the groups that something is for alone, all together.
pub const LEARNED_GROUPS_BYTES_MAX: usize = 16 * 1024;
/// Seconds between two looks at which techniques were seen, for those who share that.
pub const TECHNIQUES_SECONDS: u64 = 3_600;
/// Techniques that one peer is heard on for one month.
pub const TECHNIQUES_OF_PEER_MAX: usize = 2_000;
/// What peers say of techniques that is read for one month.
pub const TECHNIQUE_REPORTS_MAX: usize = 200_000;
/// Months back for which a peer is heard on techniques.
pub const TECHNIQUE_MONTHS_MAX: usize = 13;
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
