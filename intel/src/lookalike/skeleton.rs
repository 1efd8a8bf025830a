//! What a name looks like, whatever letters it is written with.
//!
//! Two steps. [`read`] takes an internationalised label as a person reads it: confusable characters of all scripts become their
//! prototypes (Unicode Technical Standard #39, section 4, `skeleton`), accents go. [`skeleton`] then takes ASCII that looks
//! alike as one: `0` and `o`, `1`, `i` and `l`, `rn` and `m`, `vv` and `w`, `cl` and `d`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A label as a person reads it, in lower case, mostly ASCII. `None` for a label that is ASCII already.
pub(super) fn read(label: &str) -> Option<String> {
    if !label.starts_with("xn--") && label.is_ascii() {
        return None;
    }
    // What is wrong with a label does not make it less readable.
    let (shown, _) = idna::domain_to_unicode(label);
    if shown.is_ascii() || shown.contains(char::REPLACEMENT_CHARACTER) {
        return None;
    }
    let small = shown.to_lowercase().replace('ß', "ss");
    let mut text = String::with_capacity(small.len());
    for c in small.nfd().filter(|c| !is_combining_mark(*c)) {
        if c.is_ascii() {
            // UTS #39 takes `m` for `rn`; that is the next step's matter.
            text.push(c);
        } else {
            let mut buffer = [0; 4];
            let prototype = unicode_security::skeleton(c.encode_utf8(&mut buffer));
            // The prototype of a beta is `ß`, and both look like a `b`.
            let prototype = prototype.filter(|c| !is_combining_mark(*c)).map(|c| if c == 'ß' { 'b' } else { c });
            text.extend(prototype.flat_map(char::to_lowercase));
        }
    }
    Some(text)
}

/// The letter that an ASCII letter or digit looks like.
const fn looks_like(b: u8) -> u8 {
    match b {
        b'0' => b'o',
        b'1' | b'i' => b'l',
        b'2' => b'z',
        b'3' => b'e',
        b'4' => b'a',
        b'5' => b's',
        b'7' => b't',
        b'8' => b'b',
        b'9' => b'g',
        _ => b,
    }
}

/// A label with everything that looks alike taken as one.
pub(super) fn skeleton(label: &str, out: &mut Vec<u8>) {
    out.clear();
    let mut before = 0;
    for &b in label.as_bytes() {
        let is_pair = match (before, b) {
            (b'r', b'n') => Some(b'm'),
            (b'v', b'v') => Some(b'w'),
            // An `i` does not close the bow of a `c`.
            (b'c', b'l' | b'1') => Some(b'd'),
            _ => None,
        };
        match (is_pair, out.last_mut()) {
            (Some(one), Some(last)) => {
                *last = one;
                before = 0;
            }
            _ => {
                out.push(looks_like(b));
                before = b;
            }
        }
    }
}

/// The ASCII labels that a name in words may become: `Düsseldorf` is `duesseldorf` and `dusseldorf`.
pub(super) fn labels_of(name: &str) -> Vec<String> {
    let keep = |c: &char| c.is_ascii_alphanumeric();
    let plain: String = name.to_lowercase().nfkd().filter(|c| !is_combining_mark(*c)).collect();
    let plain = plain.replace('ß', "ss").replace('ø', "o").replace('æ', "ae").replace('ł', "l").replace('đ', "d");
    let german = name.to_lowercase().nfc().collect::<String>();
    let german = german.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('å', "aa").replace('ø', "oe");
    let german: String = german.nfkd().filter(|c| !is_combining_mark(*c)).collect();
    let german = german.replace('ß', "ss").replace('æ', "ae").replace('ł', "l").replace('đ', "d");
    let mut labels: Vec<String> = [plain, german].iter().map(|text| text.chars().filter(keep).collect()).collect();
    labels.sort();
    labels.dedup();
    labels.retain(|label| !label.is_empty());
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_as_people_read_them() {
        let check = |unicode: &str, expected: &str| {
            let label = idna::domain_to_ascii(unicode).unwrap();
            assert!(label.starts_with("xn--"), "{unicode}");
            assert_eq!(read(&label).as_deref(), Some(expected), "{unicode}");
        };
        // Cyrillic а, е, о, р, с; Greek ο; dotless ı; accents; a small capital.
        check("musterst\u{430}dt", "musterstadt");
        check("\u{441}it\u{443}", "city");
        check("springf\u{456}\u{435}ld", "springfield");
        check("b\u{3bf}nn", "bonn");
        check("\u{131}stanbul", "istanbul");
        check("münchen", "munchen");
        check("bußgeld-\u{3b2}onn", "bussgeld-bonn");
        assert_eq!(read("plain"), None);
        assert_eq!(read("xn--"), None);
    }

    #[test]
    fn ascii_that_looks_alike() {
        let check = |a: &str, b: &str, expected| {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            skeleton(a, &mut left);
            skeleton(b, &mut right);
            assert_eq!(left == right, expected, "{a} {b}");
        };
        check("rnusterstadt", "musterstadt", true);
        check("springfie1d", "springfield", true);
        check("vvuppertal", "wuppertal", true);
        check("c1ara", "dara", true);
        check("city", "dty", false);
        check("b0nn", "bonn", true);
        check("iilinois", "illinois", true);
        check("vvv", "wv", true);
        check("essen", "assen", false);
    }

    #[test]
    fn names_in_words() {
        assert_eq!(labels_of("Düsseldorf"), ["duesseldorf", "dusseldorf"]);
        assert_eq!(labels_of("City of São Paulo"), ["cityofsaopaulo"]);
        assert_eq!(labels_of("Großenhain"), ["grossenhain"]);
        assert!(labels_of("東京").is_empty());
    }
}
