//! What is at stake: risk, the register, documents about both.

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
/// Components of one bill of materials.
pub const SBOM_COMPONENTS_MAX: usize = 200_000;
/// Largest bill of materials.
pub const SBOM_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Dependencies of one bill of materials.
pub const SBOM_DEPENDENCIES_MAX: usize = 2_000_000;
/// Vulnerabilities that one bill of materials speaks of.
pub const SBOM_VULNERABILITIES_MAX: usize = 200_000;
/// Hashes, licences, names and statements of one component or vulnerability.
pub const SBOM_LIST_MAX: usize = 256;

// Software and what is said about it (`model::software`, `risk::matching`).

/// Longest package URL or dictionary name.
pub const SOFTWARE_NAME_BYTES_MAX: usize = 4 * 1024;
/// Longest version that is compared.
pub const VERSION_BYTES_MAX: usize = 512;
/// Largest file of advisories.
pub const ADVISORY_FILE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Products of one advisory.
pub const ADVISORY_STATEMENTS_MAX: usize = 10_000;
/// Versions, ranges or events of one statement.
pub const ADVISORY_VERSIONS_MAX: usize = 20_000;
/// Days after which what a source said is called stale.
pub const ADVISORY_FRESH_DAYS: i32 = 7;
/// Reasons that one answer about a vulnerability gives.
pub const MATCH_REASONS_MAX: usize = 32;

// What is written about risk (`model::document`).

/// Largest document: the catalog of all controls has 10 MiB.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest name of a document.
pub const DOCUMENT_NAME_BYTES_MAX: usize = 120;
/// Versions of documents that an agency keeps.
pub const DOCUMENTS_MAX: usize = 1_000_000;
/// Versions that are read at once.
pub const DOCUMENT_ROWS_MAX: usize = 500;

// The Risk Management Framework (`risk::rmf`).

/// Largest package of one service as it is kept.
pub const PACKAGE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Longest text about one control, result or action.
pub const PACKAGE_TEXT_BYTES_MAX: usize = 16 * 1024;
/// Most controls, actions or pieces of evidence of one package.
pub const PACKAGE_ENTRIES_MAX: usize = 10_000;
/// Days that an authorization holds at most: three years.
pub const AUTHORIZATION_DAYS_MAX: u64 = 3 * 366;
/// Days before its end from which on an authorization is called expiring.
pub const AUTHORIZATION_EXPIRING_DAYS: u64 = 30;
/// Days after which monitoring has to have looked again.
pub const MONITOR_DAYS: u64 = 30;
