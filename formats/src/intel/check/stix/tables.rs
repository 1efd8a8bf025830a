//! Which properties each type has: STIX 2.1, sections 4 (domain objects), 5 (relationship objects), 6 (observables), 7 (meta objects).
//!
//! Properties that all types share are judged in [`super::common`].

use super::formats::{
    is_charset, is_cpe, is_domain, is_email, is_ipv4, is_ipv6, is_language, is_mac, is_media_type, is_registry_key,
    is_relationship_type, is_time_of_seconds,
};
use super::shape::Kind::{
    Binary, Dictionary, DictionaryOf, Flag, Form, Hashes, Hex, Inside, ListOf, Number, OneOf, Open, Ref, RefBut, Text,
    Time, Url, Whole,
};
use super::shape::{Kind, Property, opt, req};
use super::vocabularies as words;

const WHOLE: Kind = Whole(i64::MIN, i64::MAX);
const COUNT: Kind = Whole(0, i64::MAX);
const PORT: Kind = Whole(0, 65_535);
const ANY_NUMBER: Kind = Number(f64::MIN, f64::MAX);
const TEXTS: Kind = ListOf(&Text);
const ANY: Kind = Ref(&[]);
const ANYS: Kind = ListOf(&ANY);
const SOFTWARE: Kind = Ref(&["software"]);
const ADDRESSES: &[&str] = &["email-addr"];
const MEDIA: Kind = Form(is_media_type, "a media type");
const CHARSET: Kind = Form(is_charset, "the name of a character set");
const PHASES: Kind = ListOf(&Inside(&[req("kill_chain_name", Text), req("phase_name", Text)]));
const SEEN: [Property; 2] = [opt("first_seen", Time), opt("last_seen", Time)];
const MOTIVATIONS: Kind = ListOf(&Open(words::MOTIVATION));

/// The table of a type; `None` where the standard does not know it.
pub(super) fn of(sort: &str) -> Option<&'static [Property]> {
    TABLES.iter().find(|(known, _)| *known == sort).map(|(_, table)| *table)
}

/// Whether a type is an observable.
pub(super) fn is_observable(sort: &str) -> bool {
    OBSERVABLES.contains(&sort)
}

/// The types of section 6.
pub(super) const OBSERVABLES: [&str; 18] = [
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];

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

const TABLES: [(&str, &[Property]); 42] = [
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
    // Section 6.
    (
        "artifact",
        &[
            opt("mime_type", MEDIA),
            opt("payload_bin", Binary),
            opt("url", Url),
            opt("hashes", Hashes),
            opt("encryption_algorithm", OneOf(words::ENCRYPTION)),
            opt("decryption_key", Text),
        ],
    ),
    ("autonomous-system", &[req("number", WHOLE), opt("name", Text), opt("rir", Text)]),
    (
        "directory",
        &[
            req("path", Text),
            opt("path_enc", CHARSET),
            opt("ctime", Time),
            opt("mtime", Time),
            opt("atime", Time),
            opt("contains_refs", ListOf(&Ref(&["file", "directory"]))),
        ],
    ),
    (
        "domain-name",
        &[
            req("value", Form(is_domain, "the name of a domain")),
            opt("resolves_to_refs", ListOf(&Ref(&["ipv4-addr", "ipv6-addr", "domain-name"]))),
        ],
    ),
    (
        "email-addr",
        &[
            req("value", Form(is_email, "an address of RFC 5322")),
            opt("display_name", Text),
            opt("belongs_to_ref", Ref(&["user-account"])),
        ],
    ),
    (
        "email-message",
        &[
            req("is_multipart", Flag),
            opt("date", Time),
            opt("content_type", Text),
            opt("from_ref", Ref(ADDRESSES)),
            opt("sender_ref", Ref(ADDRESSES)),
            opt("to_refs", ListOf(&Ref(ADDRESSES))),
            opt("cc_refs", ListOf(&Ref(ADDRESSES))),
            opt("bcc_refs", ListOf(&Ref(ADDRESSES))),
            opt("message_id", Text),
            opt("subject", Text),
            opt("received_lines", TEXTS),
            opt("additional_header_fields", Dictionary),
            opt("body", Text),
            opt(
                "body_multipart",
                ListOf(&Inside(&[
                    opt("body", Text),
                    opt("body_raw_ref", Ref(&["artifact", "file"])),
                    opt("content_type", Text),
                    opt("content_disposition", Text),
                ])),
            ),
            opt("raw_email_ref", Ref(&["artifact"])),
        ],
    ),
    (
        "file",
        &[
            opt("hashes", Hashes),
            opt("size", COUNT),
            opt("name", Text),
            opt("name_enc", CHARSET),
            opt("magic_number_hex", Hex),
            opt("mime_type", Text),
            opt("ctime", Time),
            opt("mtime", Time),
            opt("atime", Time),
            opt("parent_directory_ref", Ref(&["directory"])),
            opt("contains_refs", ANYS),
            opt("content_ref", Ref(&["artifact"])),
        ],
    ),
    (
        "ipv4-addr",
        &[
            req("value", Form(is_ipv4, "an IPv4 address or a range of them")),
            opt("resolves_to_refs", ListOf(&Ref(&["mac-addr"]))),
            opt("belongs_to_refs", ListOf(&Ref(&["autonomous-system"]))),
        ],
    ),
    (
        "ipv6-addr",
        &[
            req("value", Form(is_ipv6, "an IPv6 address or a range of them")),
            opt("resolves_to_refs", ListOf(&Ref(&["mac-addr"]))),
            opt("belongs_to_refs", ListOf(&Ref(&["autonomous-system"]))),
        ],
    ),
    ("mac-addr", &[req("value", Form(is_mac, "six pairs of small hexadecimal digits behind colons"))]),
    ("mutex", &[req("name", Text)]),
    (
        "network-traffic",
        &[
            opt("start", Time),
            opt("end", Time),
            opt("is_active", Flag),
            opt("src_ref", Ref(&["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"])),
            opt("dst_ref", Ref(&["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"])),
            opt("src_port", PORT),
            opt("dst_port", PORT),
            req("protocols", TEXTS),
            opt("src_byte_count", COUNT),
            opt("dst_byte_count", COUNT),
            opt("src_packets", COUNT),
            opt("dst_packets", COUNT),
            opt("ipfix", Dictionary),
            opt("src_payload_ref", Ref(&["artifact"])),
            opt("dst_payload_ref", Ref(&["artifact"])),
            opt("encapsulates_refs", ListOf(&Ref(&["network-traffic"]))),
            opt("encapsulated_by_ref", Ref(&["network-traffic"])),
        ],
    ),
    (
        "process",
        &[
            opt("is_hidden", Flag),
            opt("pid", WHOLE),
            opt("created_time", Time),
            opt("cwd", Text),
            opt("command_line", Text),
            opt("environment_variables", DictionaryOf(&Text)),
            opt("opened_connection_refs", ListOf(&Ref(&["network-traffic"]))),
            opt("creator_user_ref", Ref(&["user-account"])),
            opt("image_ref", Ref(&["file"])),
            opt("parent_ref", Ref(&["process"])),
            opt("child_refs", ListOf(&Ref(&["process"]))),
        ],
    ),
    (
        "software",
        &[
            req("name", Text),
            opt("cpe", Form(is_cpe, "a name of CPE 2.3")),
            opt("swid", Text),
            opt("languages", ListOf(&Form(is_language, "a language code of RFC 5646"))),
            opt("vendor", Text),
            opt("version", Text),
        ],
    ),
    ("url", &[req("value", Url)]),
    (
        "user-account",
        &[
            opt("user_id", Text),
            opt("credential", Text),
            opt("account_login", Text),
            opt("account_type", Open(words::ACCOUNT_TYPE)),
            opt("display_name", Text),
            opt("is_service_account", Flag),
            opt("is_privileged", Flag),
            opt("can_escalate_privs", Flag),
            opt("is_disabled", Flag),
            opt("account_created", Time),
            opt("account_expires", Time),
            opt("credential_last_changed", Time),
            opt("account_first_login", Time),
            opt("account_last_login", Time),
        ],
    ),
    (
        "windows-registry-key",
        &[
            opt("key", Form(is_registry_key, "a key with its hive written out")),
            opt(
                "values",
                ListOf(&Inside(&[opt("name", Text), opt("data", Text), opt("data_type", OneOf(words::REGISTRY_TYPE))])),
            ),
            opt("modified_time", Time),
            opt("creator_user_ref", Ref(&["user-account"])),
            opt("number_of_subkeys", WHOLE),
        ],
    ),
    (
        "x509-certificate",
        &[
            opt("is_self_signed", Flag),
            opt("hashes", Hashes),
            opt("version", Text),
            opt("serial_number", Text),
            opt("signature_algorithm", Text),
            opt("issuer", Text),
            opt("validity_not_before", Time),
            opt("validity_not_after", Time),
            opt("subject", Text),
            opt("subject_public_key_algorithm", Text),
            opt("subject_public_key_modulus", Text),
            opt("subject_public_key_exponent", WHOLE),
            opt("x509_v3_extensions", Inside(X509)),
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

/// Section 6.18.2.
const X509: &[Property] = &[
    opt("basic_constraints", Text),
    opt("name_constraints", Text),
    opt("policy_constraints", Text),
    opt("key_usage", Text),
    opt("extended_key_usage", Text),
    opt("subject_key_identifier", Text),
    opt("authority_key_identifier", Text),
    opt("subject_alternative_name", Text),
    opt("issuer_alternative_name", Text),
    opt("subject_directory_attributes", Text),
    opt("crl_distribution_points", Text),
    opt("inhibit_any_policy", Text),
    opt("private_key_usage_period_not_before", Time),
    opt("private_key_usage_period_not_after", Time),
    opt("certificate_policies", Text),
    opt("policy_mappings", Text),
];

/// The extensions that the standard itself defines: the type, the name, the properties, and whether one of them has to be there.
pub(super) const EXTENSIONS: [(&str, &str, &[Property], bool); 12] = [
    (
        "file",
        "ntfs-ext",
        &[
            opt("sid", Text),
            opt(
                "alternate_data_streams",
                ListOf(&Inside(&[req("name", Text), opt("hashes", Hashes), opt("size", COUNT)])),
            ),
        ],
        true,
    ),
    (
        "file",
        "raster-image-ext",
        &[
            opt("image_height", WHOLE),
            opt("image_width", WHOLE),
            opt("bits_per_pixel", WHOLE),
            opt("exif_tags", Dictionary),
        ],
        true,
    ),
    (
        "file",
        "pdf-ext",
        &[
            opt("version", Text),
            opt("is_optimized", Flag),
            opt("document_info_dict", DictionaryOf(&Text)),
            opt("pdfid0", Text),
            opt("pdfid1", Text),
        ],
        true,
    ),
    ("file", "archive-ext", &[req("contains_refs", ListOf(&Ref(&["file", "directory"]))), opt("comment", Text)], false),
    ("file", "windows-pebinary-ext", PE, true),
    (
        "network-traffic",
        "http-request-ext",
        &[
            req("request_method", Text),
            req("request_value", Text),
            opt("request_version", Text),
            opt("request_header", DictionaryOf(&ListOf(&Text))),
            opt("message_body_length", WHOLE),
            opt("message_body_data_ref", Ref(&["artifact"])),
        ],
        false,
    ),
    ("network-traffic", "icmp-ext", &[req("icmp_type_hex", Hex), req("icmp_code_hex", Hex)], false),
    (
        "network-traffic",
        "socket-ext",
        &[
            req("address_family", OneOf(words::ADDRESS_FAMILY)),
            opt("is_blocking", Flag),
            opt("is_listening", Flag),
            opt("options", DictionaryOf(&WHOLE)),
            opt("socket_type", OneOf(words::SOCKET_TYPE)),
            opt("socket_descriptor", COUNT),
            opt("socket_handle", WHOLE),
        ],
        false,
    ),
    ("network-traffic", "tcp-ext", &[opt("src_flags_hex", Hex), opt("dst_flags_hex", Hex)], true),
    (
        "process",
        "windows-process-ext",
        &[
            opt("aslr_enabled", Flag),
            opt("dep_enabled", Flag),
            opt("priority", Text),
            opt("owner_sid", Text),
            opt("window_title", Text),
            opt("startup_info", Dictionary),
            opt("integrity_level", OneOf(words::INTEGRITY)),
        ],
        true,
    ),
    (
        "process",
        "windows-service-ext",
        &[
            opt("service_name", Text),
            opt("descriptions", TEXTS),
            opt("display_name", Text),
            opt("group_name", Text),
            opt("start_type", OneOf(words::SERVICE_START)),
            opt("service_dll_refs", ListOf(&Ref(&["file"]))),
            opt("service_type", OneOf(words::SERVICE_TYPE)),
            opt("service_status", OneOf(words::SERVICE_STATUS)),
        ],
        true,
    ),
    (
        "user-account",
        "unix-account-ext",
        &[opt("gid", ANY_NUMBER), opt("groups", TEXTS), opt("home_dir", Text), opt("shell", Text)],
        true,
    ),
];

/// Section 6.7.6.
const PE: &[Property] = &[
    req("pe_type", Open(words::PE_TYPE)),
    opt("imphash", Text),
    opt("machine_hex", Hex),
    opt("number_of_sections", COUNT),
    opt("time_date_stamp", Form(is_time_of_seconds, "a timestamp of whole seconds")),
    opt("pointer_to_symbol_table_hex", Hex),
    opt("number_of_symbols", COUNT),
    opt("size_of_optional_header", COUNT),
    opt("characteristics_hex", Hex),
    opt("file_header_hashes", Hashes),
    opt("optional_header", Inside(PE_HEADER)),
    opt(
        "sections",
        ListOf(&Inside(&[req("name", Text), opt("size", COUNT), opt("entropy", ANY_NUMBER), opt("hashes", Hashes)])),
    ),
];

/// Section 6.7.6.2.
const PE_HEADER: &[Property] = &[
    opt("magic_hex", Hex),
    opt("major_linker_version", WHOLE),
    opt("minor_linker_version", WHOLE),
    opt("size_of_code", COUNT),
    opt("size_of_initialized_data", COUNT),
    opt("size_of_uninitialized_data", COUNT),
    opt("address_of_entry_point", WHOLE),
    opt("base_of_code", WHOLE),
    opt("base_of_data", WHOLE),
    opt("image_base", WHOLE),
    opt("section_alignment", WHOLE),
    opt("file_alignment", WHOLE),
    opt("major_os_version", WHOLE),
    opt("minor_os_version", WHOLE),
    opt("major_image_version", WHOLE),
    opt("minor_image_version", WHOLE),
    opt("major_subsystem_version", WHOLE),
    opt("minor_subsystem_version", WHOLE),
    opt("win32_version_value_hex", Hex),
    opt("size_of_image", COUNT),
    opt("size_of_headers", COUNT),
    opt("checksum_hex", Hex),
    opt("subsystem_hex", Hex),
    opt("dll_characteristics_hex", Hex),
    opt("size_of_stack_reserve", COUNT),
    opt("size_of_stack_commit", COUNT),
    opt("size_of_heap_reserve", COUNT),
    opt("size_of_heap_commit", COUNT),
    opt("loader_flags_hex", Hex),
    opt("number_of_rva_and_sizes", WHOLE),
    opt("hashes", Hashes),
];
