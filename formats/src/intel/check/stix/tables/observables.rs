//! Section 6: observables.

use super::super::formats::{
    is_charset, is_cpe, is_domain, is_email, is_ipv4, is_ipv6, is_language, is_mac, is_media_type, is_registry_key,
};
use super::super::shape::Kind::{
    Binary, Dictionary, DictionaryOf, Flag, Form, Hashes, Hex, Inside, ListOf, OneOf, Open, Ref, Text, Time, Url, Whole,
};
use super::super::shape::{Kind, Property, opt, req};
use super::super::vocabularies as words;
use super::{ANYS, COUNT, TEXTS, WHOLE};

const PORT: Kind = Whole(0, 65_535);
const ADDRESSES: &[&str] = &["email-addr"];
const MEDIA: Kind = Form(is_media_type, "a media type");
const CHARSET: Kind = Form(is_charset, "the name of a character set");

pub(super) const TABLES: [(&str, &[Property]); 18] = [
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
