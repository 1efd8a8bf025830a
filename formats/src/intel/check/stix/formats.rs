//! The forms of single values.

use serde_json::Value;
use uuid::{Uuid, Variant};

use crate::intel::check::Judgement;

/// An id: a type, two hyphens, and a UUID of RFC 4122 (STIX 2.1, section 2.9).
pub(super) fn id(id: &str, sort: Option<&str>, place: &str, out: &mut Judgement) {
    let Some((found, uuid)) = id.split_once("--") else {
        return out.must("id", place, "an id should be a type, two hyphens, and a UUID");
    };
    if sort.is_some_and(|sort| sort != found) {
        out.must("id", place, "an id should begin with the type of its object");
    }
    if !is_type_name(found) {
        out.must("id", place, "an id should begin with the name of a type");
    }
    let uuid = (uuid.len() == 36).then(|| Uuid::try_parse(uuid).ok()).flatten();
    let is_right =
        uuid.is_some_and(|uuid| uuid.get_variant() == Variant::RFC4122 && (1..=5).contains(&uuid.get_version_num()));
    if !is_right {
        out.must("id", place, "an id should end with a UUID of RFC 4122, version 1 to 5");
    }
}

/// The version of an id's UUID.
pub(super) fn uuid_version(id: &str) -> Option<usize> {
    let (_, uuid) = id.split_once("--")?;
    Uuid::try_parse(uuid).ok().map(|uuid| uuid.get_version_num())
}

/// A timestamp: RFC 3339 in UTC, written with `Z` (section 2.16), of a day that exists.
pub(super) fn time(value: &Value, place: &str, out: &mut Judgement) {
    match value.as_str() {
        None => out.must("type", place, "should be a text with a timestamp"),
        Some(text) if !is_time(text) => {
            out.must("timestamp", place, "should be a timestamp of RFC 3339 that ends with Z")
        }
        Some(_) => {}
    }
}

/// `2016-05-12T08:17:27.000Z`, the fraction being optional.
pub(super) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let fraction = text.get(19..).and_then(|rest| rest.strip_suffix('Z'));
    let is_fraction = fraction.is_some_and(|fraction| {
        let digits = fraction.strip_prefix('.').unwrap_or(fraction);
        let is_numeric = digits.bytes().all(|byte| byte.is_ascii_digit());
        fraction.is_empty() || fraction.starts_with('.') && !digits.is_empty() && is_numeric
    });
    is(4, b'-') && is(10, b'T') && is_fraction && model::Timestamp::parse(text).is_some()
}

/// Digits of a timestamp's fraction.
pub(super) fn fraction_digits(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count())
}

/// Small letters, digits and single hyphens, 3 to 250, beginning with a letter (section 3.1).
pub(super) fn is_type_name(text: &str) -> bool {
    let is_long_enough = (3..=250).contains(&text.len());
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    is_long_enough
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(letters)
        && !text.contains("--")
}

/// Small letters, digits and underscores, 3 to 250, beginning with a letter (section 3.1); `id` is shorter.
pub(super) fn is_property_name(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_right = (3..=250).contains(&text.len()) && text.starts_with(|first: char| first.is_ascii_lowercase());
    text == "id" || is_right && text.bytes().all(letters)
}

/// Letters, digits, hyphens and underscores, at most 250 (section 2.3).
pub(super) fn is_dictionary_key(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !text.is_empty() && text.len() <= 250 && text.bytes().all(letters)
}

/// Section 2.11: small letters, digits and hyphens.
pub(super) fn is_vocabulary_word(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.bytes().all(letters)
}

/// Section 2.8: an even number of digits.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Section 2.1: RFC 4648, with padding.
pub(super) fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let is_padded = text.len().is_multiple_of(4) && text.len() - digits.len() <= 2;
    is_padded && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// RFC 3986: a scheme, a colon, and none of the characters that have no place in an address.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let is_allowed = |letter: char| {
        !letter.is_control() && !matches!(letter, ' ' | '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`')
    };
    is_scheme && !rest.is_empty() && rest.chars().all(is_allowed)
}

/// One IPv4 address, or a range of them.
pub(super) fn is_ipv4(text: &str) -> bool {
    is_range(text, 32, |address| address.parse::<std::net::Ipv4Addr>().is_ok())
}

/// One IPv6 address, or a range of them.
pub(super) fn is_ipv6(text: &str) -> bool {
    is_range(text, 128, |address| address.parse::<std::net::Ipv6Addr>().is_ok())
}

fn is_range(text: &str, most: u8, is_address: impl Fn(&str) -> bool) -> bool {
    let Some((address, length)) = text.split_once('/') else { return is_address(text) };
    let is_plain = length == "0" || !length.starts_with(['0', '+']);
    is_address(address) && is_plain && length.parse::<u8>().is_ok_and(|length| length <= most)
}

/// Six pairs of small hexadecimal digits behind colons (section 6.10).
pub(super) fn is_mac(text: &str) -> bool {
    let pairs =
        |pair: &str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    text.split(':').count() == 6 && text.split(':').all(pairs)
}

/// RFC 1034 and RFC 5890: labels of 1 to 63 letters, digits, hyphens and, as the real world has them, underscores.
pub(super) fn is_domain(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let letters = |letter: char| {
            letter.is_alphanumeric() || matches!(letter, '-' | '_') || !letter.is_ascii() && !letter.is_whitespace()
        };
        (1..=63).contains(&label.chars().count())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(letters)
    };
    !text.is_empty() && text.len() <= 253 && text.split(['.', '。']).all(is_label)
}

/// RFC 5322, addr-spec, as far as a program can tell.
pub(super) fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        let is_quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
        let is_plain =
            !local.contains(|letter: char| letter.is_whitespace() || matches!(letter, '@' | '"' | ',' | '<' | '>'));
        let is_literal = domain.starts_with('[') && domain.ends_with(']');
        !local.is_empty() && (is_quoted || is_plain) && (is_literal || is_domain(domain))
    })
}

/// RFC 2046: a registered tree and a name.
pub(super) fn is_media_type(text: &str) -> bool {
    const TREES: [&str; 9] =
        ["application", "audio", "font", "image", "message", "model", "multipart", "text", "video"];
    text.split_once('/').is_some_and(|(tree, name)| {
        let name = name.split(';').next().unwrap_or_default().trim_end();
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'_' | b'-');
        TREES.contains(&tree) && !name.is_empty() && name.bytes().all(letters)
    })
}

/// The form of a name of a character set (RFC 2978).
pub(super) fn is_charset(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'+' | b'_' | b':' | b'-');
    (2..=250).contains(&text.len()) && text.bytes().all(letters)
}

/// A language of RFC 5646: a code of ISO 639-1, or one of three letters, and subtags.
pub(in crate::intel::check) fn is_language(text: &str) -> bool {
    let mut tags = text.split('-');
    let first = tags.next().unwrap_or_default();
    let is_known = match first.len() {
        2 => super::vocabularies::LANGUAGES
            .as_bytes()
            .chunks(3)
            .any(|code| code.get(..2) == Some(first.to_ascii_lowercase().as_bytes())),
        3 => first.bytes().all(|byte| byte.is_ascii_alphabetic()),
        _ => false,
    };
    is_known && tags.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Common Platform Enumeration 2.3, formatted string: a part and ten more (NISTIR 7695, section 6.2).
pub(super) fn is_cpe(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:") else { return false };
    let (mut parts, mut is_escaped, mut length) = (1, false, 0usize);
    for letter in rest.chars() {
        let is_plain = letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_' | '*' | '?' | '~' | '%');
        match (is_escaped, letter) {
            (true, _) => is_escaped = false,
            (false, '\\') => is_escaped = true,
            (false, ':') if length > 0 => {
                parts += 1;
                length = 0;
                continue;
            }
            (false, _) if !is_plain => return false,
            _ => {}
        }
        length += 1;
    }
    let is_part = matches!(rest.split(':').next(), Some("a" | "o" | "h" | "*" | "-"));
    parts == 11 && length > 0 && is_part && !is_escaped
}

/// A registry key with its hive written out (section 6.17).
pub(super) fn is_registry_key(text: &str) -> bool {
    let hive = text.split('\\').next().unwrap_or_default();
    !["HKLM", "HKCC", "HKCR", "HKCU", "HKU"].iter().any(|short| hive.eq_ignore_ascii_case(short))
}

/// The name of a relationship: small letters, digits and hyphens (section 5.1).
pub(super) fn is_relationship_type(text: &str) -> bool {
    !text.is_empty() && is_vocabulary_word(text)
}

/// A timestamp of whole seconds, as the header of a Windows executable has it (section 6.7.6).
pub(super) fn is_time_of_seconds(text: &str) -> bool {
    is_time(text) && !text.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is_right: fn(&str) -> bool, right: &[&str], wrong: &[&str]) {
        right.iter().for_each(|text| assert!(is_right(text), "{text} is right"));
        wrong.iter().for_each(|text| assert!(!is_right(text), "{text} is wrong"));
    }

    #[test]
    fn forms() {
        check(
            is_time,
            &[
                "2016-05-12T08:17:27.000Z",
                "2016-05-12T08:17:27Z",
                "2016-05-12T08:17:27.123456Z",
                "2016-02-29T00:00:00Z",
            ],
            &[
                "2016-05-12T08:17:27.000+00:00",
                "2016-05-12 08:17:27Z",
                "2016-05-12T08:17:27",
                "2016-05-12T08:17:27.Z",
                "2015-02-29T00:00:00Z",
                "2016-13-01T00:00:00Z",
                "2016-05-12T25:00:00Z",
                "2016-05-12t08:17:27z",
                "2016-05-12",
            ],
        );
        check(is_type_name, &["tool", "x-a-b", "x1-a"], &["ab", "Tool", "x_a", "x--a", "1ab", ""]);
        check(is_property_name, &["id", "name", "x_a1"], &["ab", "Name", "x-a", "1ab", "_ab"]);
        check(is_hex, &["00ff", "AB"], &["", "0", "0g"]);
        check(is_base64, &["", "AAAA", "AAA=", "AA=="], &["A", "A===", "AA=A", "AA A"]);
        check(
            is_url,
            &["https://a.example/", "mailto:a@b", "urn:x"],
            &["a.example", "://x", "http:// a", "1http:x", "http:"],
        );
        check(
            is_ipv4,
            &["192.0.2.7", "192.0.2.0/24", "0.0.0.0/0"],
            &["192.0.2", "192.0.2.300", "192.0.2.0/33", "192.0.2.0/024", "::1"],
        );
        check(is_ipv6, &["::1", "2001:db8::/32"], &["192.0.2.7", "::1/129", "g::"]);
        check(is_mac, &["00:00:5e:00:53:01"], &["00:00:5E:00:53:01", "00-00-5e-00-53-01", "00:00:5e:00:53"]);
        check(
            is_domain,
            &["a.example", "bücher.example", "_dmarc.a.example"],
            &["", "a..b", "a b.example", "-a.example"],
        );
        check(is_email, &["a@b.example", "a.b+c@d.example"], &["a", "@b", "a b@c.example", "a@b c"]);
        check(is_media_type, &["text/plain", "application/x-a.b+c"], &["text", "foo/bar", "text/", "text/a b"]);
        check(is_language, &["en", "de-CH", "sr-Latn-RS", "gsw"], &["xx", "english", "e", "", "en_US", "en-"]);
        check(
            is_cpe,
            &["cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*", "cpe:2.3:o:x\\:y:z:-:*:*:*:*:*:*:*"],
            &[
                "cpe:/a:x:y",
                "cpe:2.3:a:x:y",
                "cpe:2.3:x:microsoft:word:2000:*:*:*:*:*:*:*",
                "cpe:2.3:a:a b:word:2000:*:*:*:*:*:*:*",
            ],
        );
        check(is_registry_key, &["HKEY_LOCAL_MACHINE\\x"], &["HKLM\\x", "hkcu\\y"]);
        check(is_time_of_seconds, &["2016-05-12T08:17:27Z"], &["2016-05-12T08:17:27.1Z"]);
    }
}
