//! Extensions that the standard itself defines.

use super::super::formats::is_time_of_seconds;
use super::super::shape::Kind::{
    Dictionary, DictionaryOf, Flag, Form, Hashes, Hex, Inside, ListOf, OneOf, Open, Ref, Text,
};
use super::super::shape::{Property, opt, req};
use super::super::vocabularies as words;
use super::{ANY_NUMBER, COUNT, TEXTS, WHOLE};

/// The extensions that the standard itself defines: the type, the name, the properties, and whether one of them has to be there.
pub(in super::super) const EXTENSIONS: [(&str, &str, &[Property], bool); 12] = [
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
