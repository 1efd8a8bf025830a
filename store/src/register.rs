//! What is kept, of whom, why and for how long: the register of processing (GDPR Art. 30), as far as the program itself knows.
//!
//! Each table and each file of an installation has its line here; a test asks the migrations whether one is missing. What an
//! installation decides (how long events are kept, for which purposes) comes from its configuration and is shown beside.

/// Something that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The table or file.
    pub place: &'static str,
    /// What it holds.
    pub what: &'static str,
    /// Of whom, where it is personal data.
    pub of_whom: Option<&'static str>,
    /// What it is kept for.
    pub why: &'static str,
    /// How long.
    pub how_long: &'static str,
    /// How a person's part of it is erased, where it is personal data.
    pub erased_by: Option<&'static str>,
}

const fn technical(place: &'static str, what: &'static str, why: &'static str, how_long: &'static str) -> Kept {
    Kept { place, what, of_whom: None, why, how_long, erased_by: None }
}

const STAFF: Option<&str> = Some("people who work here");
const WRITTEN: Option<&str> = Some("people who work here, and whom they write about");
const ANYBODY: Option<&str> = Some("whoever is named in the city's logs");

/// Everything that an installation keeps.
pub const REGISTER: &[Kept] = &[
    Kept {
        place: "journal",
        what: "records as they came in, until they are in the lake",
        of_whom: ANYBODY,
        why: "no record is lost when a part of the program is down",
        how_long: "until detectors and lake have dealt with them; the newest 64 MiB longer",
        erased_by: Some("watchbell erase"),
    },
    Kept {
        place: "lake",
        what: "events and the untouched records",
        of_whom: ANYBODY,
        why: "to detect attacks, to find out what happened, and to prove it",
        how_long: "by class and purpose, as the installation says (retention)",
        erased_by: Some("watchbell erase"),
    },
    Kept {
        place: "seen",
        what: "values in events that an indicator could name (addresses, names, URLs, hashes, e-mail addresses), by day, with how often and where first",
        of_whom: ANYBODY,
        why: "to find with today's intelligence what happened before it was known, and to block nothing that is used here",
        how_long: "90 days",
        erased_by: Some("watchbell erase"),
    },
    technical(
        "intel-AGENCY.past.json",
        "how often values that somebody lists were seen here",
        "to block nothing that is used here",
        "until the next look into the past",
    ),
    Kept {
        place: "findings",
        what: "what was detected, with the parts of events that say why",
        of_whom: ANYBODY,
        why: "to respond to attacks",
        how_long: "until they are erased",
        erased_by: Some("watchbell erase"),
    },
    Kept {
        place: "correlations.json",
        what: "what correlations remember of the last hours",
        of_whom: ANYBODY,
        why: "to detect what only several events together show",
        how_long: "the longest time span of a correlation rule",
        erased_by: Some("watchbell erase"),
    },
    Kept {
        place: "notes",
        what: "why records could not be read; no content",
        of_whom: None,
        why: "to see that a source is broken",
        how_long: "the first of each reason and source, for ever",
        erased_by: None,
    },
    technical("note_counts", "how often records could not be read", "to see that a source is broken", "for ever"),
    Kept {
        place: "triage",
        what: "decisions about findings, with sealed notes",
        of_whom: WRITTEN,
        why: "to know what was decided, and why",
        how_long: "as long as the finding",
        erased_by: Some("watchbell erase takes the note; watchbell people forget takes the name of who wrote it"),
    },
    Kept {
        place: "suppressions",
        what: "what is out of sight, why (sealed), and by whom",
        of_whom: WRITTEN,
        why: "to know what is not shown",
        how_long: "for ever",
        erased_by: Some("watchbell erase takes the note; watchbell people forget takes the name of who wrote it"),
    },
    Kept {
        place: "saved_hunts",
        what: "questions in SQL (sealed), and who saved them",
        of_whom: WRITTEN,
        why: "to ask them again",
        how_long: "until they are removed",
        erased_by: Some("watchbell erase, or removing the hunt"),
    },
    Kept {
        place: "people",
        what: "accounts: a sealed name, roles",
        of_whom: STAFF,
        why: "to let people in, and to know who did what",
        how_long: "for ever; the name until its key is destroyed",
        erased_by: Some("watchbell people forget"),
    },
    Kept {
        place: "passkeys",
        what: "public keys, and what their owners call the device",
        of_whom: STAFF,
        why: "to let people in",
        how_long: "until they are removed",
        erased_by: Some("removing the passkey"),
    },
    Kept {
        place: "identities",
        what: "hashes of accounts at the staff's identity provider",
        of_whom: STAFF,
        why: "to let people in",
        how_long: "for ever; without the account the hash says nothing",
        erased_by: None,
    },
    technical("jobs", "work that waits, or that failed for good", "to go on after a restart", "until it is done"),
    Kept {
        place: "sessions",
        what: "who is in, since when",
        of_whom: STAFF,
        why: "to know who asks",
        how_long: "12 hours at most",
        erased_by: Some("signing out"),
    },
    Kept {
        place: "setup_links",
        what: "hashes of links that let somebody in once",
        of_whom: STAFF,
        why: "to let people in the first time",
        how_long: "the link 15 minutes, its hash for ever",
        erased_by: None,
    },
    Kept {
        place: "ledger_entries",
        what: "who did what, by ids; beside it the words, sealed",
        of_whom: WRITTEN,
        why: "to prove who did what, reads of personal data above all",
        how_long: "for ever; the words until they are erased",
        erased_by: Some("watchbell erase takes the words away; the entry says nothing without them"),
    },
    technical("ledger_head", "size and edge of the ledger's tree", "to add to it", "for ever"),
    technical("ledger", "hashes and signed checkpoints", "to prove that nobody changed the ledger", "for ever"),
    Kept {
        place: "vault.db",
        what: "the keys of people's names and of texts",
        of_whom: STAFF,
        why: "so that a name or a text can be made unreadable in every copy",
        how_long: "until the key is destroyed",
        erased_by: Some("watchbell people forget, watchbell erase"),
    },
    Kept {
        place: "legal_holds",
        what: "times whose data must not be deleted, why, and by whom",
        of_whom: STAFF,
        why: "to keep evidence",
        how_long: "for ever",
        erased_by: None,
    },
    technical("service_tokens", "hashes of programs' tokens, and what they may do", "to let programs in", "for ever"),
    technical(
        "intel_sources",
        "feeds and others who bring intelligence: how they are asked, how they do",
        "to collect intelligence, and to know what a source was worth",
        "until they are removed; the name for ever",
    ),
    technical(
        "source_voices",
        "which sources of intelligence repeat which",
        "to count those that copy each other once",
        "until it is found out anew",
    ),
    Kept {
        place: "claims",
        what: "addresses, domains and files that sources call malicious",
        of_whom: Some("whoever uses such an address"),
        why: "to recognise attacks",
        how_long: "as long as the source says so; 400 days longer at most",
        erased_by: Some("removing the source; the source's own correction"),
    },
    Kept {
        place: "intel index",
        what: "what detectors look for, made of the claims",
        of_whom: Some("whoever uses such an address"),
        why: "to recognise attacks",
        how_long: "until it is written anew, once a day at least",
        erased_by: Some("removing the source; the source's own correction"),
    },
    Kept {
        place: "indicator_sightings",
        what: "how often such things were seen here or by others, by day; no account, no machine",
        of_whom: Some("whoever uses such an address"),
        why: "to know which intelligence is of use",
        how_long: "400 days",
        erased_by: None,
    },
    Kept {
        place: "intel_objects",
        what: "groups of attackers, campaigns, malware, techniques, vulnerabilities, as sources describe them",
        of_whom: Some("persons whom sources name as attackers"),
        why: "to recognise who attacks, and how",
        how_long: "until the source is removed",
        erased_by: Some("removing the source"),
    },
    Kept {
        place: "intel_reports",
        what: "what people report of threats, with title and text (sealed), and who brought it",
        of_whom: WRITTEN,
        why: "to recognise who attacks, and how",
        how_long: "for ever; the words until they are erased",
        erased_by: Some("watchbell erase takes the text; watchbell people forget takes the name of who brought it"),
    },
    Kept {
        place: "intel_attachments",
        what: "what is attached to reports, with its name (sealed)",
        of_whom: Some("whoever is named in it"),
        why: "to recognise who attacks, and how",
        how_long: "as long as the report; the bytes until they are erased",
        erased_by: Some("watchbell erase"),
    },
    Kept {
        place: "feeds",
        what: "events of MISP feeds as they were fetched",
        of_whom: Some("whoever is named in shared intelligence"),
        why: "to see what a feed says no more",
        how_long: "as long as the feed has them",
        erased_by: Some("removing the feed; the feed's own correction"),
    },
    technical("taxii_roots", "API roots that others ask", "to share intelligence", "for ever"),
    technical("taxii_collections", "collections of shared objects", "to share intelligence", "for ever"),
    technical("taxii_rights", "which program may read and write which collection", "to share no further", "for ever"),
    Kept {
        place: "taxii_objects",
        what: "objects that are shared, as they were written",
        of_whom: Some("whoever is named in shared intelligence"),
        why: "to share intelligence",
        how_long: "until they are deleted",
        erased_by: Some("deleting the object in its collection"),
    },
    technical(
        "outlets",
        "what leaves for blocklists and detectors, hashes of tokens and sealed keys, and which program asked last",
        "to give intelligence to firewalls, resolvers and sensors, and to know who takes it",
        "until the outlet is removed",
    ),
    Kept {
        place: "outlet files",
        what: "addresses, domains and files that leave by an outlet, made of the claims",
        of_whom: Some("whoever uses such an address"),
        why: "to be fetched by firewalls, resolvers and sensors",
        how_long: "an hour; then they are made anew, or not served",
        erased_by: Some("removing the outlet or the source; the source's own correction"),
    },
    technical("taxii_statuses", "what became of objects that were brought", "to answer whoever brought them", "a day"),
    Kept {
        place: "peers",
        what: "other agencies with whom this one shares, what may go there, and our sealed tokens there",
        of_whom: None,
        why: "to share, and no further than was agreed",
        how_long: "for ever; the token until the peer is removed",
        erased_by: None,
    },
    Kept {
        place: "departures",
        what: "what left for whom, when and why, by the thing that it is about",
        of_whom: Some("whoever uses such an address"),
        why: "to know what others were told",
        how_long: "for ever",
        erased_by: None,
    },
    technical(
        "departures_refused",
        "how often something did not leave, by reason",
        "to see that the gate holds, and where it is too narrow",
        "for ever",
    ),
    Kept {
        place: "tallies_released",
        what: "over how many organisations a count was last released",
        of_whom: Some("whoever uses such an address"),
        why: "to release a count again only when it grew",
        how_long: "for ever",
        erased_by: None,
    },
    Kept {
        place: "learned",
        what: "what people here said was seen or is harmless, with its marking and the number of the finding; no account, no machine",
        of_whom: Some("whoever uses such an address"),
        why: "to tell peers later what they could not be told then",
        how_long: "400 days",
        erased_by: None,
    },
    Kept {
        place: "told",
        what: "of which things each peer was told",
        of_whom: Some("whoever uses such an address"),
        why: "to take back what may be there no more",
        how_long: "until the peer is removed",
        erased_by: Some("removing the peer"),
    },
    technical(
        "technique_reports",
        "which techniques of attackers peers have seen, by month",
        "to know what is used against others, too",
        "400 days; until the peer is removed",
    ),
    technical(
        "techniques_released",
        "over how many organisations a technique was last told",
        "to tell a count again only when it grew",
        "for ever",
    ),
    Kept {
        place: "peer_things",
        what: "which objects of a peer are about which address, domain or file",
        of_whom: Some("whoever uses such an address"),
        why: "to understand a peer's sightings",
        how_long: "until the peer is removed",
        erased_by: Some("removing the peer"),
    },
    technical(
        "peer_sightings",
        "ids of a peer's sightings that were counted",
        "to count none twice",
        "400 days; until the peer is removed",
    ),
    technical("sharing_groups", "signed lists of the agencies in a group", "to share with a group", "for ever"),
    technical("register_heads", "the number of the latest change of the register", "to change it in order", "for ever"),
    Kept {
        place: "register_items",
        what: "services, applications, machines, devices, accounts, suppliers and data stores, as they are and were, and who said so",
        of_whom: Some("people whose accounts or names stand in it; people who work here, by their ids"),
        why: "to know what is at stake, who answers for it, and what depends on what",
        how_long: "for ever; words that name a person until they are erased",
        erased_by: Some("watchbell erase takes the words; watchbell people forget takes the name of who said so"),
    },
    Kept {
        place: "register_links",
        what: "what depends on what, as it is and was, and who said so",
        of_whom: Some("people who work here, by their ids"),
        why: "to know what falls with what, and where data goes",
        how_long: "for ever; words that name a person until they are erased",
        erased_by: Some("watchbell erase takes the words; watchbell people forget takes the name of who said so"),
    },
    Kept {
        place: "register_addresses",
        what: "addresses and host names of what stands in the register",
        of_whom: Some("people whose own machines stand in it"),
        why: "to know what is behind an address",
        how_long: "until the item says something else",
        erased_by: Some("watchbell erase; changing the item"),
    },
    Kept {
        place: "risk_documents",
        what: "catalogs, plans, results, decisions and self-assessments, each version, and who brought it",
        of_whom: Some("people who work here, by their ids; whom they write about"),
        why: "to show how a service was assessed, and by whom it was let run",
        how_long: "for ever: decisions name the hashes of what they rest on",
        erased_by: Some("watchbell people forget takes the name of who brought it"),
    },
    technical(
        "vulnerability_heads",
        "the number of the latest change of vulnerabilities",
        "to change them in order",
        "for ever",
    ),
    technical(
        "vulnerability_instances",
        "which vulnerabilities are on which items, why, and by which checker",
        "to know what has to be mended first",
        "until the checker finds them no more",
    ),
    Kept {
        place: "vulnerability_decisions",
        what: "which risks are carried until when, what was said of vulnerabilities, why, and by whom",
        of_whom: Some("people who work here, by their ids; whom they write about"),
        why: "to know who decided to carry a risk, and for how long",
        how_long: "for ever; words that name a person until they are erased",
        erased_by: Some("watchbell erase takes the words; watchbell people forget takes the name of who said so"),
    },
    technical(
        "vulnerability_checks",
        "which items were looked at for vulnerabilities, when, and what of them was not",
        "to tell no findings from nobody looked",
        "until the item is retired",
    ),
    technical(
        "probes",
        "which services are looked at from outside, how often, and what is expected",
        "to know when a service is down, slow or not itself",
        "until it is removed",
    ),
    technical(
        "probe_results",
        "what looks at services saw: status, times, hashes; no text of a page and nothing of visitors",
        "to show how a service was",
        "30 days, and the newest 2,000 of a probe",
    ),
    technical(
        "probe_episodes",
        "what was wrong with a service, from when to when",
        "to show how a service was",
        "until the probe is removed",
    ),
    technical(
        "probe_memories",
        "what is usual of a service: times, hashes of texts, hosts, certificates",
        "to tell what is unusual",
        "until the probe is removed",
    ),
    technical("consumers", "how far parts of the program have come", "to go on after a restart", "for ever"),
    technical(
        "file_positions",
        "how far files were read",
        "to go on after a restart",
        "400 days after the last change",
    ),
    technical("sequences", "the last number that was given", "to number findings", "for ever"),
    technical("migrations", "which changes of the tables were made", "to bring tables up to date", "for ever"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_table_has_its_line() {
        let known: BTreeSet<&str> = REGISTER.iter().map(|kept| kept.place).collect();
        assert_eq!(known.len(), REGISTER.len(), "each place once");
        let tables = crate::state::tables();
        assert!(tables.len() > 15);
        for table in tables {
            assert!(known.contains(table.as_str()), "{table} is kept, and not in the register");
        }
    }

    #[test]
    fn personal_data_says_how_it_goes() {
        for kept in REGISTER {
            assert!(!kept.what.is_empty() && !kept.why.is_empty() && !kept.how_long.is_empty(), "{}", kept.place);
            assert!(kept.of_whom.is_some() || kept.erased_by.is_none(), "{}", kept.place);
        }
    }
}
