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

/// Things that were escalated and teach how often compromises happen.
pub const ESCALATED_SUBJECTS_MAX: usize = 2_000;
/// Largest policy of what a city tolerates.
pub const RISK_POLICY_BYTES_MAX: usize = 64 * 1024;

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

// Apps for telephones (`risk::mobile`, `formats::mobile`).

/// Largest manifest of an app.
pub const MOBILE_FILE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Elements, or values of a property list, in one manifest.
pub const MOBILE_ELEMENTS_MAX: usize = 100_000;
/// Attributes of one element.
pub const MOBILE_ATTRIBUTES_MAX: usize = 256;
/// Texts in the pool of a binary manifest.
pub const MOBILE_TEXTS_MAX: usize = 200_000;
/// Permissions of one app, and trackers, and kinds of data that it collects.
pub const MOBILE_PERMISSIONS_MAX: usize = 1_000;
/// Flows of data of one app.
pub const MOBILE_FLOWS_MAX: usize = 1_000;
/// Weaknesses that one manifest shows, told one by one.
pub const MOBILE_WEAKNESSES_MAX: usize = 200;
/// Longest text in an assessment or of a manifest.
pub const MOBILE_TEXT_BYTES_MAX: usize = 4 * 1024;
/// Days after which evidence about an app counts no more.
pub const MOBILE_EVIDENCE_DAYS_MAX: i32 = 365;

// Reports of vulnerability scanners (`formats::scanner`).

/// Largest report: a scan of ten thousand hosts has a few hundred MiB.
pub const SCANNER_FILE_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Findings of one report.
pub const SCANNER_REPORTED_MAX: usize = 1_000_000;
/// Names of vulnerabilities, fixed versions or CVSS vectors of one finding.
pub const SCANNER_LIST_MAX: usize = 1_000;
/// Longest title of a finding.
pub const SCANNER_TITLE_BYTES_MAX: usize = 200;
/// Longest text of one element that is read.
pub const SCANNER_TEXT_BYTES_MAX: usize = 64 * 1024;

// Software that is seen in events (`formats::seen`, `engine::seen`).

/// Longest banner or user agent that is looked at.
pub const BANNER_BYTES_MAX: usize = 1_024;
/// Products that one banner names.
pub const BANNER_PRODUCTS_MAX: usize = 8;
/// Longest vendor, product or version that is taken from what a stranger's program says.
pub const BANNER_WORD_BYTES_MAX: usize = 128;
/// Different pairs of address and software that are kept of one day and agency.
pub const SOFTWARE_SEEN_DAY_MAX: usize = 50_000;
/// Different pairs that wait in memory until they are written.
pub const SOFTWARE_SEEN_WAITING_MAX: usize = 100_000;
/// Largest file of one day.
pub const SOFTWARE_SEEN_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Pairs that are told at once.
pub const SOFTWARE_SEEN_TOLD_MAX: usize = 50_000;
/// Addresses and ranges that count as ours when software is seen.
pub const SOFTWARE_OWN_ADDRESSES_MAX: usize = 1_000_000;

// Vulnerabilities on items (`model::vulnerability`).

/// Longest name of a vulnerability.
pub const VULNERABILITY_ID_BYTES_MAX: usize = 100;
/// Vulnerabilities on items of one agency: a city has tens of thousands.
pub const INSTANCES_MAX: usize = 500_000;
/// Reasons, finders or versions that are kept of one of them.
pub const INSTANCE_REASONS_MAX: usize = 16;
/// Longest text among them.
pub const INSTANCE_TEXT_BYTES_MAX: usize = 500;
/// Longest body of one as it is kept.
pub const INSTANCE_BODY_BYTES_MAX: usize = 128 * 1024;
/// Vulnerabilities, acceptances, words or checks that are read at once.
pub const INSTANCES_PAGE_MAX: usize = 2_000;
/// Acceptances and words that an agency keeps.
pub const ACCEPTANCES_MAX: usize = 200_000;
/// Days ahead until which a risk may be accepted at most.
pub const ACCEPTANCE_DAYS_MAX: i32 = 366;
/// Letters of a justification or of a reason that a person gives.
pub const JUSTIFICATION_CHARS_MAX: usize = 2_000;
/// Longest name of a checker or scanner.
pub const CHECKER_BYTES_MAX: usize = 120;
/// Largest policy of due dates.
pub const DUE_POLICY_BYTES_MAX: usize = 64 * 1024;
/// Clauses of such a policy.
pub const DUE_CLAUSES_MAX: usize = 200;
/// Most days that a clause gives.
pub const DUE_DAYS_MAX: i32 = 3_650;
/// Advisories that one check holds software against.
pub const CHECK_ADVISORIES_MAX: usize = 1_000_000;

// Self-assessment and comparison (`risk::csf`, `risk::benchmark`).

/// Largest file of questions, of a self-assessment or of a table of answers.
pub const CSF_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Questions of one set: the framework has 106 outcomes.
pub const CSF_QUESTIONS_MAX: usize = 2_000;
/// Steps of one scale.
pub const CSF_LEVELS_MAX: usize = 10;
/// Longest text of an answer, of a question or of a piece of evidence.
pub const CSF_TEXT_BYTES_MAX: usize = 4 * 1024;
/// Pieces of evidence of one answer.
pub const CSF_EVIDENCE_MAX: usize = 50;
/// Days after which evidence is called stale.
pub const CSF_FRESH_DAYS: i32 = 365;
/// What a file got wrong, told one by one.
pub const CSF_NOTES_MAX: usize = 1_000;
/// Years that are shown together.
pub const CSF_YEARS_MAX: usize = 20;
/// Largest file of gifts to a comparison.
pub const BENCHMARK_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Gifts that are combined at once.
pub const BENCHMARK_GIFTS_MAX: usize = 100_000;
/// Random numbers that one draw may take: chance alone never comes near.
pub const BENCHMARK_DRAWS_MAX: u32 = 1_000_000;

// The Risk Management Framework (`risk::rmf`).

/// Largest package of one service as it is kept.
pub const PACKAGE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Longest text about one control, result or action.
pub const PACKAGE_TEXT_BYTES_MAX: usize = 16 * 1024;
/// Most controls, actions or pieces of evidence of one package.
pub const PACKAGE_ENTRIES_MAX: usize = 10_000;
/// Pieces of evidence of one result.
pub const PACKAGE_EVIDENCE_MAX: usize = 100;
/// Longest place of a piece of evidence.
pub const PACKAGE_PLACE_BYTES_MAX: usize = 2 * 1024;
/// Days that an authorization holds at most: three years.
pub const AUTHORIZATION_DAYS_MAX: u64 = 3 * 366;
/// Days before its end from which on an authorization is called expiring.
pub const AUTHORIZATION_EXPIRING_DAYS: u64 = 30;
/// Days after which monitoring has to have looked again.
pub const MONITOR_DAYS: u64 = 30;

/// Analytics that are kept of what was found about one entity.
pub const SCORE_FACTORS_MAX: usize = 32;
/// Bytes that are kept of an analytic's title with it.
pub const SCORE_TITLE_BYTES_MAX: usize = 200;
/// Longest policy of scores.
pub const SCORE_POLICY_BYTES_MAX: usize = 64 * 1024;

/// Longest book of duties to report.
pub const DUTY_BOOK_BYTES_MAX: usize = 256 * 1024;
/// Duties in a book.
pub const DUTIES_MAX: usize = 200;
/// Longest text of a duty.
pub const DUTY_TEXT_BYTES_MAX: usize = 300;
