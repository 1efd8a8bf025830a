//! What must be refused before the parser of rules sees it.
//!
//! `rsigma-parser` bounds the length of a condition and the depth of its brackets, but goes down its stack once for each
//! `not`: sixteen thousand of them end the process. So conditions are looked at first. Most files cannot hold so many, which
//! a count over their text shows; only the others are read as YAML here, because escapes may hide a word from the count.

use model::limits::{CONDITION_NOTS_MAX, RULE_FILE_BRACKETS_MAX};
use serde::Deserialize as _;
use yaml_serde::Value;

/// Why the parser must not see this file; `None` for nearly all.
pub(super) fn refusal(text: &str) -> Option<String> {
    // The YAML reader stops at 128 levels, but its scanner has gone through all of them by then.
    if text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() > RULE_FILE_BRACKETS_MAX {
        return Some(format!("more than {RULE_FILE_BRACKETS_MAX} opening brackets"));
    }
    if nots(text) + text.bytes().filter(|byte| *byte == b'\\').count() <= CONDITION_NOTS_MAX {
        return None;
    }
    for document in yaml_serde::Deserializer::from_str(text) {
        // What is no YAML is for the parser to name, which reads no further either.
        let Ok(value) = Value::deserialize(document) else { return None };
        if has_long_condition(&value) {
            return Some(format!("a condition has more than {CONDITION_NOTS_MAX} `not`s"));
        }
    }
    None
}

/// The letters, wherever they stand: an upper bound for the words.
fn nots(text: &str) -> usize {
    text.matches("not").count()
}

/// Values nest as deep as the YAML reader lets them, which is 128 levels.
fn has_long_condition(value: &Value) -> bool {
    match value {
        Value::Mapping(members) => members.iter().any(|(name, member)| match name.as_str() {
            Some("condition") => is_long(member),
            _ => has_long_condition(member),
        }),
        Value::Sequence(members) => members.iter().any(has_long_condition),
        Value::Tagged(tagged) => has_long_condition(&tagged.value),
        _ => false,
    }
}

fn is_long(condition: &Value) -> bool {
    match condition {
        Value::String(text) => nots(text) > CONDITION_NOTS_MAX,
        Value::Sequence(several) => several.iter().any(is_long),
        Value::Tagged(tagged) => is_long(&tagged.value),
        other => has_long_condition(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::{Placeholders, RuleFile, RuleSet};

    fn rule(condition: &str) -> String {
        format!(
            "title: t\nlogsource: {{ product: windows }}\ndetection:\n    s: {{ A: b }}\n    condition: {condition}\n"
        )
    }

    #[test]
    fn a_condition_of_many_nots_is_refused_and_ends_nothing() {
        let check = |condition: String, loaded: usize| {
            let text = rule(&condition);
            let set = RuleSet::load([RuleFile { path: "r.yml", text: &text }], &Placeholders::new());
            assert_eq!((set.len(), set.errors.len()), (loaded, 1 - loaded), "{:?}", set.errors);
        };
        check(format!("{}s", "not ".repeat(CONDITION_NOTS_MAX)), 1);
        check(format!("{}s", "not ".repeat(CONDITION_NOTS_MAX + 1)), 0);
        check(format!("{}s", "not ".repeat(16_000)), 0);
        check(format!("\"{}s\"", "n\\x6ft ".repeat(16_000 / 2)), 0);
        check(format!("[ s, '{}s' ]", "not ".repeat(15_000)), 0);
        // What the parser bounds itself.
        check(format!("{}s{}", "(".repeat(10_000), ")".repeat(10_000)), 0);
        check("(".repeat(60_000), 0);
    }

    #[test]
    fn regular_expressions_that_blow_up_do_not() {
        let matches = |expression: &str, value: &str| {
            let text = rule("s").replace("A: b", &format!("A|re: '{expression}'"));
            let set = RuleSet::load([RuleFile { path: "r.yml", text: &text }], &Placeholders::new());
            if !set.errors.is_empty() {
                return None;
            }
            let mut fields = model::Fields::new(model::Format::Windows);
            fields.push("Channel", model::Scalar::Text(model::Text::plain("Security")));
            fields.push("A", model::Scalar::Text(model::Text::plain(value)));
            let mut matcher = crate::sigma::Matcher::new(set.into(), crate::sigma::Router::default().into());
            let mut found = Vec::new();
            matcher.matches(&fields, &mut found);
            Some(found.len())
        };
        // Exponential where an engine goes back; linear here.
        let value = format!("{}!", "a".repeat(100_000));
        assert_eq!(matches("^(a+)+$", &value), Some(0));
        assert_eq!(matches("(a|aa)+!$", &value), Some(1));
        // Gigabytes when compiled.
        assert_eq!(matches("(a{1000}){1000}", &value), None);
        assert_eq!(matches("((((\\p{L}{99}){99}){99}){99})", &value), None);
        // Deeper than the expression's own parser goes.
        assert_eq!(matches(&"(".repeat(100_000), &value), None);
    }

    #[test]
    fn yaml_that_multiplies_itself_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let before = level - 1;
            let many = vec![format!("*a{before}"); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{many}]\n"));
        }
        text.push_str(&rule("s"));
        let load = |text: &str| RuleSet::load([RuleFile { path: "r.yml", text }], &Placeholders::new());
        assert_eq!((load(&text).len(), load(&text).errors.len()), (0, 1));
        let deep = |levels: usize| format!("title: {}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(load(&deep(1_000)).errors[0].reason.contains("recursion limit"));
        assert!(load(&deep(100_000)).errors[0].reason.contains("opening brackets"));
    }
}
