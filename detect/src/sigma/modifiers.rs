//! From a detection item to tests: what the modifiers behind the field's name mean.
//!
//! Sigma 2.0, appendix "Modifiers", with `neq`, `cased`, the regular-expression flags, the parts of times and
//! `fieldref` with `contains`, `startswith`, `endswith` of 2.1. Contradictory modifiers are refused, because a rule that
//! means something else than its author thought is worse than one that does not load.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::limits::REGEX_COMPILED_BYTES_MAX;
use regex::RegexBuilder;
use rsigma_parser::{DetectionItem, Modifier, SigmaString, SigmaValue, SpecialChar};

use super::Placeholders;
use super::necessary;
use super::pattern::{Pattern, Piece};
use super::test::{Cidr, FieldTest, Order, RegexTest, Template, TemplatePart, Test, TimePart};

/// What an item asks of its field.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The comparisons.
    pub(crate) tests: Vec<Test>,
    /// All of them must hold; else one is enough.
    pub(crate) all: bool,
    /// None may hold (but the field must be there).
    pub(crate) negated: bool,
}

/// The modifiers of one item, sorted.
struct Modifiers {
    at_start: bool,
    at_end: bool,
    cased: bool,
    encoding: Vec<Modifier>,
    operator: Option<Modifier>,
    flags: Vec<Modifier>,
    all: bool,
    negated: bool,
    expand: bool,
    windash: bool,
}

/// Applies an item's modifiers.
pub(crate) fn apply(item: &DetectionItem, placeholders: &Placeholders) -> Result<Asked, String> {
    let modifiers = sort(&item.field.modifiers)?;
    if modifiers.all && item.values.len() < 2 {
        return Err("`all` needs more than one value".into());
    }
    if modifiers.operator == Some(Modifier::Exists) {
        return exists(item);
    }
    let mut tests = Vec::with_capacity(item.values.len());
    for value in &item.values {
        add_tests(value, &modifiers, item.field.is_keyword(), placeholders, &mut tests)?;
    }
    Ok(Asked { tests, all: modifiers.all, negated: modifiers.negated })
}

fn exists(item: &DetectionItem) -> Result<Asked, String> {
    let wanted = match item.values.as_slice() {
        [SigmaValue::Bool(wanted)] => *wanted,
        [SigmaValue::String(text)] => match text.original.to_ascii_lowercase().as_str() {
            "true" | "yes" => true,
            "false" | "no" => false,
            _ => return Err("`exists` takes true or false".into()),
        },
        _ => return Err("`exists` takes true or false".into()),
    };
    // "Does not exist" is the opposite of "exists", not "is there and fails": it holds for an absent field.
    let test = if wanted { Test::Exists } else { Test::Null };
    Ok(Asked { tests: vec![test], all: false, negated: false })
}

fn sort(given: &[Modifier]) -> Result<Modifiers, String> {
    use Modifier as M;
    let mut sorted = Modifiers {
        at_start: true,
        at_end: true,
        cased: false,
        encoding: Vec::new(),
        operator: None,
        flags: Vec::new(),
        all: false,
        negated: false,
        expand: false,
        windash: false,
    };
    let mut place = None;
    for modifier in given {
        match modifier {
            M::Contains | M::StartsWith | M::EndsWith => {
                if let Some(other) = place.replace(*modifier)
                    && other != *modifier
                {
                    return Err(format!("`{}` and `{}` contradict each other", name(other), name(*modifier)));
                }
                sorted.at_start = *modifier == M::StartsWith;
                sorted.at_end = *modifier == M::EndsWith;
            }
            M::All => sorted.all = true,
            M::Neq => sorted.negated = true,
            M::Cased => sorted.cased = true,
            M::Expand => sorted.expand = true,
            M::WindAsh => sorted.windash = true,
            M::Base64 | M::Base64Offset | M::Wide | M::Utf16 | M::Utf16be => sorted.encoding.push(*modifier),
            M::IgnoreCase | M::Multiline | M::DotAll => sorted.flags.push(*modifier),
            operator => {
                if let Some(other) = sorted.operator.replace(*operator)
                    && other != *operator
                {
                    return Err(format!("`{}` and `{}` contradict each other", name(other), name(*operator)));
                }
            }
        }
    }
    check_combination(&sorted, place)?;
    Ok(sorted)
}

fn check_combination(sorted: &Modifiers, place: Option<Modifier>) -> Result<(), String> {
    let changes_value = !sorted.encoding.is_empty() || sorted.windash || sorted.expand;
    match (sorted.operator, place) {
        (Some(Modifier::FieldRef) | None, _) => {}
        (Some(operator), Some(place)) => {
            return Err(format!("`{}` and `{}` contradict each other", name(operator), name(place)));
        }
        (Some(_), None) => {}
    }
    if let Some(operator) = sorted.operator
        && changes_value
    {
        return Err(format!("`{}` cannot be combined with a modifier that changes the text", name(operator)));
    }
    if !sorted.flags.is_empty() && sorted.operator != Some(Modifier::Re) {
        return Err(format!("`{}` means something only after `re`", name(sorted.flags[0])));
    }
    let has = |modifier| sorted.encoding.contains(&modifier);
    if has(Modifier::Base64) && has(Modifier::Base64Offset) {
        return Err("`base64` and `base64offset` contradict each other".into());
    }
    let wide = [Modifier::Wide, Modifier::Utf16, Modifier::Utf16be].into_iter().filter(|modifier| has(*modifier));
    if wide.count() > 1 {
        return Err("more than one UTF-16 encoding".into());
    }
    Ok(())
}

fn name(modifier: Modifier) -> String {
    format!("{modifier:?}").to_lowercase()
}

fn add_tests(
    value: &SigmaValue,
    modifiers: &Modifiers,
    is_keyword: bool,
    placeholders: &Placeholders,
    out: &mut Vec<Test>,
) -> Result<(), String> {
    if let Some(operator) = modifiers.operator {
        out.push(operator_test(operator, value, modifiers)?);
        return Ok(());
    }
    let texts_wanted = !modifiers.at_start || !modifiers.at_end || is_keyword;
    match value {
        SigmaValue::Null => out.push(Test::Null),
        SigmaValue::Bool(wanted) if !texts_wanted => out.push(Test::Bool(*wanted)),
        SigmaValue::Integer(number) if !texts_wanted => out.push(Test::Number(Order::Equal, *number as f64)),
        SigmaValue::Float(number) if !texts_wanted => out.push(Test::Number(Order::Equal, *number)),
        SigmaValue::String(text) => string_tests(text, modifiers, is_keyword, placeholders, out)?,
        other => string_tests(&SigmaString::from_raw(&other.to_string()), modifiers, is_keyword, placeholders, out)?,
    }
    Ok(())
}

fn operator_test(operator: Modifier, value: &SigmaValue, modifiers: &Modifiers) -> Result<Test, String> {
    use Modifier as M;
    let order = |order| Ok(Test::Number(order, numeric(value)?));
    let part = |part| Ok(Test::Part(part, numeric(value)?));
    match operator {
        M::Re => regular_expression(&plain(value)?, &modifiers.flags),
        M::Cidr => {
            let text = plain(value)?;
            Cidr::parse(&text).map(Test::Cidr).ok_or_else(|| format!("{text:?} is no range of addresses"))
        }
        M::FieldRef => Ok(Test::Field(FieldTest {
            other: plain(value)?,
            at_start: modifiers.at_start,
            at_end: modifiers.at_end,
            cased: modifiers.cased,
        })),
        M::Gt => order(Order::Greater),
        M::Gte => order(Order::GreaterOrEqual),
        M::Lt => order(Order::Less),
        M::Lte => order(Order::LessOrEqual),
        M::Minute => part(TimePart::Minute),
        M::Hour => part(TimePart::Hour),
        M::Day => part(TimePart::Day),
        M::Week => part(TimePart::Week),
        M::Month => part(TimePart::Month),
        M::Year => part(TimePart::Year),
        other => Err(format!("`{}` is not supported here", name(other))),
    }
}

/// The value as it was written, wildcards not interpreted.
fn plain(value: &SigmaValue) -> Result<String, String> {
    match value {
        SigmaValue::String(text) => Ok(text.as_plain().unwrap_or_else(|| text.original.clone())),
        SigmaValue::Null => Err("null is no text".into()),
        other => Ok(other.to_string()),
    }
}

fn numeric(value: &SigmaValue) -> Result<f64, String> {
    match value {
        SigmaValue::Integer(number) => Ok(*number as f64),
        SigmaValue::Float(number) => Ok(*number),
        other => {
            let text = plain(other)?;
            super::test::number(&text).ok_or_else(|| format!("{text:?} is no number"))
        }
    }
}

fn regular_expression(text: &str, flags: &[Modifier]) -> Result<Test, String> {
    let regex = RegexBuilder::new(text)
        .case_insensitive(flags.contains(&Modifier::IgnoreCase))
        .multi_line(flags.contains(&Modifier::Multiline))
        .dot_matches_new_line(flags.contains(&Modifier::DotAll))
        .size_limit(REGEX_COMPILED_BYTES_MAX)
        .build()
        .map_err(|error| format!("regular expression {text:?}: {}", first_line(&error.to_string())))?;
    let necessary = necessary::text_of(text, flags.contains(&Modifier::IgnoreCase));
    Ok(Test::Regex(RegexTest { regex, necessary }))
}

/// The regex crate explains over several lines; the last one says what is wrong.
fn first_line(text: &str) -> &str {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(text).trim()
}

fn string_tests(
    text: &SigmaString,
    modifiers: &Modifiers,
    is_keyword: bool,
    placeholders: &Placeholders,
    out: &mut Vec<Test>,
) -> Result<(), String> {
    if modifiers.expand {
        return expanded_tests(text, modifiers, is_keyword, placeholders, out);
    }
    if !modifiers.encoding.is_empty() {
        encoded_tests(&encoded_bytes(text, modifiers), modifiers, is_keyword, out);
        return Ok(());
    }
    let mut pieces = pieces_of(text);
    if modifiers.windash {
        pieces = pieces.into_iter().flat_map(dashed).collect();
    }
    out.push(Test::Text(pattern(pieces, modifiers, is_keyword)));
    Ok(())
}

/// Keywords may stand anywhere in a value, fields must match as a whole.
fn pattern(pieces: Vec<Piece>, modifiers: &Modifiers, is_keyword: bool) -> Pattern {
    let (at_start, at_end) = (modifiers.at_start && !is_keyword, modifiers.at_end && !is_keyword);
    Pattern::new(pieces, at_start, at_end, modifiers.cased)
}

fn pieces_of(text: &SigmaString) -> Vec<Piece> {
    use rsigma_parser::value::StringPart;
    let piece = |part: &StringPart| match part {
        StringPart::Plain(text) => Piece::Literal(text.clone()),
        StringPart::Special(SpecialChar::WildcardMulti) => Piece::Many,
        StringPart::Special(SpecialChar::WildcardSingle) => Piece::One,
    };
    text.parts.iter().map(piece).collect()
}

/// Every dash, and every slash that begins a word (`/c`, not the one in `a/b`), stands for all five shapes.
fn dashed(piece: Piece) -> Vec<Piece> {
    let Piece::Literal(text) = piece else { return vec![piece] };
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let symbols: Vec<char> = text.chars().collect();
    for (at, symbol) in symbols.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| symbols.get(at).copied());
        let begins_word = !is_word(before) && is_word(symbols.get(at + 1).copied());
        if *symbol == '-' || (*symbol == '/' && begins_word) {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            pieces.push(Piece::Dash);
        } else {
            literal.push(*symbol);
        }
    }
    pieces.push(Piece::Literal(literal));
    pieces.retain(|piece| *piece != Piece::Literal(String::new()));
    pieces
}

fn encoded_bytes(text: &SigmaString, modifiers: &Modifiers) -> Vec<u8> {
    let text = text.as_plain().unwrap_or_else(|| text.original.clone());
    let has = |modifier| modifiers.encoding.contains(&modifier);
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    if has(Modifier::Wide) {
        little(&text)
    } else if has(Modifier::Utf16be) {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    } else if has(Modifier::Utf16) {
        [vec![0xff, 0xfe], little(&text)].concat()
    } else {
        text.into_bytes()
    }
}

fn encoded_tests(bytes: &[u8], modifiers: &Modifiers, is_keyword: bool, out: &mut Vec<Test>) {
    let literal = |text: String| vec![Piece::Literal(text)];
    if modifiers.encoding.contains(&Modifier::Base64Offset) {
        // Where the text stands inside a longer one is not known, so it is looked for anywhere in the value.
        let anywhere = |text| Test::Text(Pattern::new(literal(text), false, false, modifiers.cased));
        out.extend(base64_offsets(bytes).map(anywhere));
    } else if modifiers.encoding.contains(&Modifier::Base64) {
        out.push(Test::Text(pattern(literal(STANDARD.encode(bytes)), modifiers, is_keyword)));
    } else {
        out.push(Test::Text(pattern(literal(String::from_utf8_lossy(bytes).into_owned()), modifiers, is_keyword)));
    }
}

/// The text in Base64 as it looks behind 0, 1 and 2 other bytes (mod 3), without the symbols at the rims that depend on
/// those and on what follows.
fn base64_offsets(bytes: &[u8]) -> impl Iterator<Item = String> + '_ {
    // A symbol carries 6 bits: behind k foreign bytes the first ⌈8k/6⌉ symbols are not ours alone, and when the length is
    // no multiple of 3, the last symbol is shared with what follows.
    (0..3usize).filter_map(|behind| {
        let shifted = [vec![b' '; behind], bytes.to_vec()].concat();
        let symbols = STANDARD.encode(&shifted);
        let from = [0, 2, 3][behind];
        let until = symbols.len() - [0, 3, 2][shifted.len() % 3];
        symbols.get(from..until).filter(|symbols| !symbols.is_empty()).map(str::to_owned)
    })
}

fn expanded_tests(
    text: &SigmaString,
    modifiers: &Modifiers,
    is_keyword: bool,
    placeholders: &Placeholders,
    out: &mut Vec<Test>,
) -> Result<(), String> {
    let parts = template_parts(&text.original);
    let names: Vec<&String> = parts.iter().filter_map(|part| part.field()).collect();
    let known = names.iter().all(|name| placeholders.contains_key(*name));
    if !names.is_empty() && known {
        for text in resolved(&parts, placeholders)? {
            out.push(Test::Text(pattern(pieces_of(&SigmaString::new(&text)), modifiers, is_keyword)));
        }
        return Ok(());
    }
    if is_keyword {
        return Err("a placeholder in a keyword needs a list of values".into());
    }
    let (at_start, at_end) = (modifiers.at_start, modifiers.at_end);
    out.push(Test::Template(Template { parts, at_start, at_end, cased: modifiers.cased }));
    Ok(())
}

impl TemplatePart {
    fn field(&self) -> Option<&String> {
        match self {
            TemplatePart::Field(name) => Some(name),
            TemplatePart::Text(_) => None,
        }
    }
}

/// Splits `C:\%user%\x` at its placeholders. A lone `%` is a `%`.
fn template_parts(text: &str) -> Vec<TemplatePart> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let Some((name, behind)) = after.split_once('%') else { break };
        if !before.is_empty() {
            parts.push(TemplatePart::Text(before.into()));
        }
        if !name.is_empty() {
            parts.push(TemplatePart::Field(name.into()));
        }
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(TemplatePart::Text(rest.into()));
    }
    parts
}

/// Most texts that the lists behind one value may multiply to.
const EXPANDED_MAX: usize = 10_000;

fn resolved(parts: &[TemplatePart], placeholders: &Placeholders) -> Result<Vec<String>, String> {
    let mut texts = vec![String::new()];
    for part in parts {
        let values: &[String] = match part {
            TemplatePart::Text(text) => std::slice::from_ref(text),
            TemplatePart::Field(name) => placeholders.get(name).map_or(&[], Vec::as_slice),
        };
        if texts.len().saturating_mul(values.len()) > EXPANDED_MAX {
            return Err(format!("placeholders multiply to more than {EXPANDED_MAX} values"));
        }
        texts = texts.iter().flat_map(|text| values.iter().map(move |value| format!("{text}{value}"))).collect();
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsigma_parser::parse_field_spec;

    fn tests_of(field: &str, values: &[&str]) -> Result<Vec<Test>, String> {
        let item = DetectionItem {
            field: parse_field_spec(field).unwrap(),
            values: values.iter().map(|value| SigmaValue::String(SigmaString::new(value))).collect(),
        };
        let placeholders = Placeholders::from([("Admins".to_owned(), vec!["root".to_owned(), "adm*".to_owned()])]);
        apply(&item, &placeholders).map(|asked| asked.tests)
    }

    fn matches(field: &str, pattern: &str, value: &str) -> bool {
        tests_of(field, &[pattern]).unwrap().iter().any(|test| match test {
            Test::Text(pattern) if pattern.cased => pattern.matches(value),
            Test::Text(pattern) => pattern.matches(&value.to_lowercase()),
            Test::Regex(test) => test.regex.is_match(value),
            other => panic!("unexpected {other:?}"),
        })
    }

    #[test]
    fn places_and_case() {
        let check =
            |field, pattern, value, expected| assert_eq!(matches(field, pattern, value), expected, "{field} {pattern}");
        check("F", "Abc", "aBC", true);
        check("F|cased", "Abc", "aBC", false);
        check("F|contains", "b", "abc", true);
        check("F|startswith", "ab", "abc", true);
        check("F|startswith", "bc", "abc", false);
        check("F|endswith", "bc", "abc", true);
        check("F|contains|cased", "B", "abc", false);
        check("F|contains", "a*c", "xxabbcxx", true);
        check("F|startswith", "a*c", "abbcx", true);
        check("F|endswith", "a?c", "xabc", true);
        check("F", r"C:\\*\x", r"c:\Users\X", true);
        check("F", r"a\*b", "a*b", true);
        check("F", r"a\*b", "axb", false);
        check("F|re", "^a.c$", "abc", true);
        check("F|re", "^A", "abc", false);
        check("F|re|i", "^A", "abc", true);
        check("F|re|s", "a.c", "a\nc", true);
        check("F|re|m", "^c", "a\nc", true);
    }

    #[test]
    fn encodings() {
        // The same bytes behind 0, 1 and 2 others, as `base64` of coreutils gives them.
        for prefix in ["", "x", "xy", "xyz"] {
            let whole = STANDARD.encode(format!("{prefix}http://ev.il/and-more"));
            assert!(matches("F|base64offset|contains", "http://ev.il/", &whole), "{prefix}");
        }
        assert!(!matches("F|base64offset|contains", "http://ev.il/", &STANDARD.encode("http://good/")));
        assert!(matches("F|base64", "abc", "YWJj"));
        assert!(matches("F|wide|base64", "IEX", "SQBFAFgA"));
        let wide: Vec<u8> = "-- IEX(New".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(matches("F|wide|base64offset|contains", "IEX(", &STANDARD.encode(wide)));
        assert!(matches("F|utf16|base64", "A", "//5BAA=="));
        assert!(matches("F|utf16be|base64", "A", "AEE="));
    }

    #[test]
    fn dashes() {
        for value in ["cmd -c x", "cmd /c x", "cmd \u{2013}c x", "cmd \u{2014}c x", "cmd \u{2015}c x"] {
            assert!(matches("F|contains|windash", " -c ", value), "{value}");
            assert!(matches("F|contains|windash", " /c ", value), "{value}");
        }
        assert!(!matches("F|contains|windash", "a/b", "a-b"));
    }

    #[test]
    fn placeholders() {
        assert!(matches("F|expand", "%Admins%", "root"));
        assert!(matches("F|expand", r"corp\\%Admins%", r"corp\administrator"));
        assert!(!matches("F|expand", "%Admins%", "joe"));
        assert!(matches!(tests_of("F|expand", &["%Other%"]).unwrap()[..], [Test::Template(_)]));
        assert_eq!(template_parts("50% of x"), [TemplatePart::Text("50% of x".into())]);
    }

    #[test]
    fn contradictions_are_refused() {
        let check = |field: &str, expected: &str| {
            let error = tests_of(field, &["1", "2"]).unwrap_err();
            assert!(error.contains(expected), "{field}: {error}");
        };
        check("F|contains|endswith", "contradict");
        check("F|re|contains", "contradict");
        check("F|gt|lt", "contradict");
        check("F|re|base64", "changes the text");
        check("F|i", "only after `re`");
        check("F|base64|base64offset", "contradict");
        check("F|wide|utf16be", "more than one");
        assert!(tests_of("F|contains|all", &["1"]).unwrap_err().contains("more than one value"));
        assert!(tests_of("F|cidr", &["x"]).unwrap_err().contains("no range"));
        assert!(tests_of("F|re", &["("]).unwrap_err().contains("regular expression"));
        assert!(tests_of("F|gt", &["many"]).unwrap_err().contains("no number"));
    }
}
