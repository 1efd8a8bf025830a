//! The range format of Have I Been Pwned: whoever asks names the first digits of a SHA-1 only, and gets all endings that are known.
//!
//! API version 3: `range/{5 digits}` answers for passwords with lines `ENDING:COUNT`; `breachedaccount/range/{6 digits}` answers for
//! accounts, with lines or with a JSON array of `{"hashSuffix", "websites"}`. The downloadable list has whole hashes: its prefix is
//! empty. Endings with the count 0 are padding that hides how many there are, and are no breach.

use model::limits::LIST_RECORD_BYTES_MAX;
use serde_json::Value;

use super::object::Object;
use super::walk;
use super::{BreachHash, BreachOf, Counted, Known, Sink, Tally};
use crate::Trouble;

/// Digits of a SHA-1.
const SHA1_DIGITS: usize = 40;

/// Reads the answer to the question for `prefix`: 6 digits asked for accounts, 5 or none for passwords.
pub fn read(bytes: &[u8], prefix: &str, sink: &mut Sink<'_>) -> Tally {
    let mut out = Counted::new(sink);
    let of = match prefix.len() {
        0 | 5 => BreachOf::Password,
        6 => BreachOf::Account,
        _ => {
            out.refused("prefix", Trouble::malformed("5 digits ask for passwords, 6 for accounts"));
            return out.tally;
        }
    };
    if !is_hex(prefix) {
        out.refused("prefix", Trouble::malformed("the prefix should be hexadecimal digits"));
        return out.tally;
    }
    if of == BreachOf::Account && bytes.trim_ascii_start().starts_with(b"[") {
        json(bytes, prefix, &mut out);
    } else {
        lines(bytes, prefix, of, &mut out);
    }
    out.tally
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn whole(prefix: &str, ending: &str) -> Option<String> {
    let is_whole = prefix.len() + ending.len() == SHA1_DIGITS && is_hex(ending);
    is_whole.then(|| format!("{prefix}{ending}").to_ascii_uppercase())
}

fn lines(bytes: &[u8], prefix: &str, of: BreachOf, out: &mut Counted<'_, '_>) {
    for (number, line) in (1u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        out.tally.records += 1;
        match of_line(line, prefix) {
            Ok((_, 0)) => {}
            Ok((sha1, count)) => out.known(Known::BreachHash(BreachHash { of, sha1, count, breaches: Vec::new() })),
            Err(trouble) => out.refused(format!("line {number}"), trouble),
        }
    }
}

fn of_line(line: &[u8], prefix: &str) -> Result<(String, u64), Trouble> {
    if line.len() > LIST_RECORD_BYTES_MAX {
        return Err(Trouble::too_large(format!("a line of {} bytes", line.len())));
    }
    let text = std::str::from_utf8(line).map_err(|_| Trouble::malformed("not UTF-8"))?;
    let (ending, count) =
        text.split_once(':').ok_or_else(|| Trouble::malformed("a colon should stand behind the hash"))?;
    let digits = SHA1_DIGITS - prefix.len();
    let sha1 = whole(prefix, ending)
        .ok_or_else(|| Trouble::malformed(format!("{digits} hexadecimal digits should stand here")))?;
    let count = count.trim().parse().map_err(|_| Trouble::malformed("a count should stand behind the colon"))?;
    Ok((sha1, count))
}

fn json(bytes: &[u8], prefix: &str, out: &mut Counted<'_, '_>) {
    for (number, member) in (1u64..).zip(walk::members(bytes)) {
        out.tally.records += 1;
        let place = format!("entry {number}");
        match member.and_then(|(_, bytes)| of_object(bytes, prefix)) {
            Ok((known, lost)) => {
                out.known(Known::BreachHash(known));
                if let Some(trouble) = lost {
                    out.refused(place, trouble);
                }
            }
            Err(trouble) => out.refused(place, trouble),
        }
    }
}

fn of_object(bytes: &[u8], prefix: &str) -> Result<(BreachHash, Option<Trouble>), Trouble> {
    let Value::Object(map) = walk::parsed(bytes)? else { return Err(Trouble::malformed("no JSON object")) };
    let mut object = Object::new(&map);
    let sha1 = whole(prefix, &object.name("hashSuffix"));
    let sha1 = sha1.ok_or_else(|| Trouble::malformed("`hashSuffix` should be 34 hexadecimal digits"))?;
    let breaches = object.texts("websites");
    let count = breaches.len() as u64;
    Ok((BreachHash { of: BreachOf::Account, sha1, count, breaches }, object.trouble()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intel::Item;
    use proptest::prelude::*;

    fn shown(text: &str, prefix: &str) -> Vec<String> {
        let mut found = Vec::new();
        read(text.as_bytes(), prefix, &mut |item| found.push(item));
        let one = |item| match item {
            Ok(Item::Known(known)) => match *known {
                Known::BreachHash(hash) => {
                    format!("{:?} {} {}{}", hash.of, hash.sha1, hash.count, hash.breaches.join(" "))
                }
                other => format!("{other:?}"),
            },
            Ok(other) => format!("{other:?}"),
            Err(refused) => format!("! {refused}"),
        };
        found.into_iter().map(one).collect()
    }

    #[test]
    fn answers() {
        // SHA-1 of "password".
        let ending = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
        assert_eq!(
            shown(&format!("{ending}:3861493\r\n{}:0\r\n", "0".repeat(35)), "5baa6"),
            [format!("Password 5BAA6{ending} 3861493")]
        );
        assert_eq!(shown(&format!("5BAA6{ending}:7"), ""), [format!("Password 5BAA6{ending} 7")]);
        assert_eq!(shown(&format!("{}:2", &ending[1..]), "5BAA61"), [format!("Account 5BAA6{ending} 2")]);
        let json = format!("[{{\"hashSuffix\":\"{}\",\"websites\":[\"A\",\"B\"]}},{{}}]", &ending[1..]);
        assert_eq!(
            shown(&json, "5BAA61"),
            [
                format!("Account 5BAA6{ending} 2A B"),
                "! entry 2: `hashSuffix` should be 34 hexadecimal digits".to_owned()
            ]
        );
    }

    #[test]
    fn what_is_broken() {
        assert_eq!(shown("x", "5baa6"), ["! line 1: a colon should stand behind the hash"]);
        assert_eq!(shown("\nff:1", "5baa6"), ["! line 2: 35 hexadecimal digits should stand here"]);
        assert_eq!(
            shown(&format!("{}:many", "0".repeat(35)), "5baa6"),
            ["! line 1: a count should stand behind the colon"]
        );
        assert_eq!(shown("", "5ba"), ["! prefix: 5 digits ask for passwords, 6 for accounts"]);
        assert_eq!(shown("", "5bäg"), ["! prefix: the prefix should be hexadecimal digits"]);
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9A-F:\n{}\\[\\]\"]{0,60}", prefix in prop_oneof!["[0-9A-F]{5,6}", Just(String::new())]) {
            let _ = shown(&text, &prefix);
        }
    }
}
