//! Sections 4 (domain objects), 5 (relationship objects) and 7 (meta objects).

use super::super::formats::is_relationship_type;
use super::super::shape::Kind::{
    Dictionary, Flag, Form, Inside, ListOf, Number, OneOf, Open, Ref, RefBut, Text, Time, Whole,
};
use super::super::shape::{Kind, Property, opt, req};
use super::super::vocabularies as words;
use super::{ANY_NUMBER, ANYS, TEXTS};

const SOFTWARE: Kind = Ref(&["software"]);
const PHASES: Kind = ListOf(&Inside(&[req("kill_chain_name", Text), req("phase_name", Text)]));
const SEEN: [Property; 2] = [opt("first_seen", Time), opt("last_seen", Time)];
const MOTIVATIONS: Kind = ListOf(&Open(words::MOTIVATION));

/// What observed data may not refer to: all domain and meta objects of the standard.
const NOT_OBSERVED: &[&str] = &[
    "attack-pattern",
    "bundle",
    "campaign",
    "course-of-action",
    "extension-definition",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "language-content",
    "location",
    "malware",
    "malware-analysis",
    "marking-definition",
    "note",
    "observed-data",
    "opinion",
    "report",
    "threat-actor",
    "tool",
    "vulnerability",
];

/// What relationships may not connect.
const NOT_RELATED: &[&str] = &["relationship", "sighting", "bundle", "marking-definition", "language-content"];

pub(super) const TABLES: [(&str, &[Property]); 24] = [
    // Section 4.
    (
        "attack-pattern",
        &[req("name", Text), opt("description", Text), opt("aliases", TEXTS), opt("kill_chain_phases", PHASES)],
    ),
    (
        "campaign",
        &[req("name", Text), opt("description", Text), opt("aliases", TEXTS), SEEN[0], SEEN[1], opt("objective", Text)],
    ),
    ("course-of-action", &[req("name", Text), opt("description", Text)]),
    (
        "grouping",
        &[
            opt("name", Text),
            opt("description", Text),
            req("context", Open(words::GROUPING_CONTEXT)),
            req("object_refs", ANYS),
        ],
    ),
    (
        "identity",
        &[
            req("name", Text),
            opt("description", Text),
            opt("roles", TEXTS),
            opt("identity_class", Open(words::IDENTITY_CLASS)),
            opt("sectors", ListOf(&Open(words::SECTOR))),
            opt("contact_information", Text),
        ],
    ),
    ("incident", &[req("name", Text), opt("description", Text)]),
    (
        "indicator",
        &[
            opt("name", Text),
            opt("description", Text),
            opt("indicator_types", ListOf(&Open(words::INDICATOR_TYPE))),
            req("pattern", Text),
            req("pattern_type", Open(words::PATTERN_TYPE)),
            opt("pattern_version", Text),
            req("valid_from", Time),
            opt("valid_until", Time),
            opt("kill_chain_phases", PHASES),
        ],
    ),
    (
        "infrastructure",
        &[
            req("name", Text),
            opt("description", Text),
            opt("infrastructure_types", ListOf(&Open(words::INFRASTRUCTURE_TYPE))),
            opt("aliases", TEXTS),
            opt("kill_chain_phases", PHASES),
            SEEN[0],
            SEEN[1],
        ],
    ),
    (
        "intrusion-set",
        &[
            req("name", Text),
            opt("description", Text),
            opt("aliases", TEXTS),
            SEEN[0],
            SEEN[1],
            opt("goals", TEXTS),
            opt("resource_level", Open(words::RESOURCE_LEVEL)),
            opt("primary_motivation", Open(words::MOTIVATION)),
            opt("secondary_motivations", MOTIVATIONS),
        ],
    ),
    (
        "location",
        &[
            opt("name", Text),
            opt("description", Text),
            opt("latitude", Number(-90.0, 90.0)),
            opt("longitude", Number(-180.0, 180.0)),
            opt("precision", ANY_NUMBER),
            opt("region", Open(words::REGION)),
            opt("country", Text),
            opt("administrative_area", Text),
            opt("city", Text),
            opt("street_address", Text),
            opt("postal_code", Text),
        ],
    ),
    (
        "malware",
        &[
            opt("name", Text),
            opt("description", Text),
            opt("malware_types", ListOf(&Open(words::MALWARE_TYPE))),
            req("is_family", Flag),
            opt("aliases", TEXTS),
            opt("kill_chain_phases", PHASES),
            SEEN[0],
            SEEN[1],
            opt("operating_system_refs", ListOf(&SOFTWARE)),
            opt("architecture_execution_envs", ListOf(&Open(words::ARCHITECTURE))),
            opt("implementation_languages", ListOf(&Open(words::LANGUAGE_OF_CODE))),
            opt("capabilities", ListOf(&Open(words::CAPABILITY))),
            opt("sample_refs", ListOf(&Ref(&["file", "artifact"]))),
        ],
    ),
    (
        "malware-analysis",
        &[
            req("product", Text),
            opt("version", Text),
            opt("host_vm_ref", SOFTWARE),
            opt("operating_system_ref", SOFTWARE),
            opt("installed_software_refs", ListOf(&SOFTWARE)),
            opt("configuration_version", Text),
            opt("modules", TEXTS),
            opt("analysis_engine_version", Text),
            opt("analysis_definition_version", Text),
            opt("submitted", Time),
            opt("analysis_started", Time),
            opt("analysis_ended", Time),
            opt("result_name", Text),
            opt("result", Open(words::ANALYSIS_RESULT)),
            opt("analysis_sco_refs", ANYS),
            opt("sample_ref", Ref(&["file", "artifact", "network-traffic"])),
        ],
    ),
    ("note", &[opt("abstract", Text), req("content", Text), opt("authors", TEXTS), req("object_refs", ANYS)]),
    (
        "observed-data",
        &[
            req("first_observed", Time),
            req("last_observed", Time),
            req("number_observed", Whole(1, 999_999_999)),
            opt("object_refs", ListOf(&RefBut(NOT_OBSERVED))),
        ],
    ),
    (
        "opinion",
        &[
            opt("explanation", Text),
            opt("authors", TEXTS),
            req("opinion", OneOf(words::OPINION)),
            req("object_refs", ANYS),
        ],
    ),
    (
        "report",
        &[
            req("name", Text),
            opt("description", Text),
            opt("report_types", ListOf(&Open(words::REPORT_TYPE))),
            req("published", Time),
            req("object_refs", ANYS),
        ],
    ),
    (
        "threat-actor",
        &[
            req("name", Text),
            opt("description", Text),
            opt("threat_actor_types", ListOf(&Open(words::ACTOR_TYPE))),
            opt("aliases", TEXTS),
            SEEN[0],
            SEEN[1],
            opt("roles", ListOf(&Open(words::ACTOR_ROLE))),
            opt("goals", TEXTS),
            opt("sophistication", Open(words::SOPHISTICATION)),
            opt("resource_level", Open(words::RESOURCE_LEVEL)),
            opt("primary_motivation", Open(words::MOTIVATION)),
            opt("secondary_motivations", MOTIVATIONS),
            opt("personal_motivations", MOTIVATIONS),
        ],
    ),
    (
        "tool",
        &[
            req("name", Text),
            opt("description", Text),
            opt("tool_types", ListOf(&Open(words::TOOL_TYPE))),
            opt("aliases", TEXTS),
            opt("kill_chain_phases", PHASES),
            opt("tool_version", Text),
        ],
    ),
    ("vulnerability", &[req("name", Text), opt("description", Text)]),
    // Section 5.
    (
        "relationship",
        &[
            req("relationship_type", Form(is_relationship_type, "small letters, digits and hyphens")),
            opt("description", Text),
            req("source_ref", RefBut(NOT_RELATED)),
            req("target_ref", RefBut(NOT_RELATED)),
            opt("start_time", Time),
            opt("stop_time", Time),
        ],
    ),
    (
        "sighting",
        &[
            opt("description", Text),
            SEEN[0],
            SEEN[1],
            opt("count", Whole(0, 999_999_999)),
            req("sighting_of_ref", RefBut(NOT_RELATED)),
            opt("observed_data_refs", ListOf(&Ref(&["observed-data"]))),
            opt("where_sighted_refs", ListOf(&Ref(&["identity", "location"]))),
            opt("summary", Flag),
        ],
    ),
    // Section 7.
    (
        "extension-definition",
        &[
            req("name", Text),
            opt("description", Text),
            req("schema", Text),
            req("version", Text),
            req("extension_types", ListOf(&OneOf(words::EXTENSION_TYPE))),
            opt("extension_properties", TEXTS),
        ],
    ),
    (
        "language-content",
        &[
            req("object_ref", RefBut(&["bundle", "language-content"])),
            opt("object_modified", Time),
            req("contents", Dictionary),
        ],
    ),
    ("marking-definition", &[opt("name", Text), opt("definition_type", Text)]),
];
