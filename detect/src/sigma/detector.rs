//! Records in, rules that match them out.

use std::sync::Arc;

use model::{Detection, EventId, Fields, Scalar, Text, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};

use super::explain;
use super::load::RuleSet;
use super::memo::{Memo, MemoLimits};
use super::partition::{self, Partition};
use super::routing::{self, RouteKey, Router};
use super::rule::Expr;
use super::scratch::{Scratch, has_text};
use super::test::{Order, Test};

/// Most different routing values that are remembered as they were spelled.
const SPELLINGS_MAX: usize = 65_536;

/// Matches records against a set of rules. One for each thread; the rules themselves are shared.
pub struct Matcher {
    rules: Arc<RuleSet>,
    router: Arc<Router>,
    /// Partitions, and which one a record's routing values lead to.
    partitions: Vec<Partition>,
    by_key: FxHashMap<RouteKey, u32>,
    by_spelling: FxHashMap<Box<str>, u32>,
    /// Values of routing fields that the rules or the router name, lowered: others need no partition of their own.
    vocabulary: FxHashSet<(Box<str>, Box<str>)>,
    /// Words of the rules' log sources.
    stated: FxHashSet<Box<str>>,
    spelling: String,
    memo: Memo,
    scratch: Scratch,
}

/// What is known about the record in which something was found.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The event's id.
    pub event: EventId,
    /// When it happened.
    pub time: Timestamp,
    /// The machine, account or service that it happened on.
    pub subject: Option<&'a str>,
}

impl Matcher {
    /// A matcher that has compiled nothing yet; partitions are compiled when their first record comes.
    pub fn new(rules: Arc<RuleSet>, router: Arc<Router>) -> Self {
        Matcher::with_memo(rules, router, MemoLimits::default())
    }

    fn with_memo(rules: Arc<RuleSet>, router: Arc<Router>, limits: MemoLimits) -> Self {
        let vocabulary = vocabulary(&rules, &router);
        let stated = stated_sources(&rules);
        Matcher {
            stated,
            rules,
            router,
            partitions: Vec::new(),
            by_key: FxHashMap::default(),
            by_spelling: FxHashMap::default(),
            vocabulary,
            spelling: String::new(),
            memo: Memo::new(limits),
            scratch: Scratch::default(),
        }
    }

    /// The rules.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Which rules see which records.
    pub fn router(&self) -> &Arc<Router> {
        &self.router
    }

    /// Bytes of the values for which it is remembered what was found in them; at most
    /// [`model::limits::MATCH_MEMO_BYTES_MAX`].
    pub fn remembered_bytes(&self) -> usize {
        self.memo.bytes()
    }

    /// Whether any rule applies to records of this kind: when none does, nobody needs to ask.
    pub fn has_rules_for(&mut self, fields: &Fields<'_>) -> bool {
        let number = self.partition(fields);
        !self.partitions[number].rules.is_empty()
    }

    /// The detections of rules that [`Matcher::matches`] found in a record; rules that only feed correlations give none.
    pub fn explain(&self, matched: &[usize], fields: &Fields<'_>, seen: &Seen<'_>, found: &mut Vec<Detection>) {
        let rules = matched.iter().map(|index| &self.rules.rules[*index]);
        found.extend(rules.filter(|rule| !rule.is_silent).map(|rule| explain::detection(rule, fields, seen)));
    }

    /// Gives the index of every rule that matches the record, in a fixed order, behind what `found` already holds.
    pub fn matches(&mut self, fields: &Fields<'_>, found: &mut Vec<usize>) {
        let number = self.partition(fields);
        let partition = &self.partitions[number];
        if partition.rules.is_empty() {
            return;
        }
        let from = found.len();
        self.scratch.run(partition, fields, &mut self.memo, found);
        found[from..].sort_unstable();
    }

    /// The partition for a record, compiled if this is the first record of its kind.
    fn partition(&mut self, fields: &Fields<'_>) -> usize {
        let keys = self.router.keys(fields.format);
        spell(fields, keys, &mut self.spelling);
        if let Some(number) = self.by_spelling.get(self.spelling.as_str()) {
            return *number as usize;
        }
        let key = RouteKey {
            format: fields.format,
            values: keys.iter().map(|name| key_value(fields, name, &self.stated)).collect(),
        };
        let number = self.compile(key);
        if self.by_spelling.len() >= SPELLINGS_MAX {
            self.by_spelling.clear();
        }
        self.by_spelling.insert(self.spelling.as_str().into(), number as u32);
        number
    }

    fn compile(&mut self, mut key: RouteKey) -> usize {
        let sources = self.router.sources(&key);
        let names = self.router.keys(key.format);
        let mut known = Vec::new();
        for (name, value) in names.iter().zip(&mut key.values) {
            if routing::is_readers_own(name) {
                // Rules do not look at these; the log sources that they lead to are all there is to them.
                continue;
            }
            let is_named = match value {
                Some(text) => self.vocabulary.contains(&(name.clone(), text.clone())),
                None => true,
            };
            if is_named {
                known.push((name.clone(), value.clone()));
            } else {
                // Records whose value nobody names share a partition that decides nothing about it in advance.
                *value = Some(OTHER.into());
            }
        }
        if let Some(number) = self.by_key.get(&key) {
            return *number as usize;
        }
        let applies = |rule: &super::rule::Rule| sources.iter().any(|source| source.satisfies(&rule.source));
        let rules = self.rules.rules.iter().enumerate().filter(|(_, rule)| applies(rule));
        let mut partition = partition::compile(rules, &known, key.format);
        let number = self.partitions.len();
        partition.number = number as u32;
        self.partitions.push(partition);
        self.by_key.insert(key, number as u32);
        number
    }
}

/// Stands for every value that neither the router nor a rule names. No routing value holds a line break.
const OTHER: &str = "\n";

/// The routing values as they stand in the record, to look up the partition by. Not lowered: that would cost more than
/// remembering the few spellings that occur.
fn spell(fields: &Fields<'_>, keys: &[Box<str>], out: &mut String) {
    out.clear();
    out.push_str(fields.format.name());
    for key in keys {
        out.push('\n');
        if routing::is_readers_own(key) {
            for field in fields.iter().filter(|field| *field.name == **key) {
                out.push_str(&field.value.to_str().unwrap_or_default());
                out.push(routing::WORD_END);
            }
            continue;
        }
        let first = key.as_bytes().first();
        // Most names differ in their first letter already, which is cheaper to see than that they differ somewhere.
        let named = fields.iter().find(|field| field.name.as_bytes().first() == first && *field.name == **key);
        match named.map(|field| &field.value) {
            Some(Scalar::Text(Text::Plain(text))) => out.push_str(text),
            Some(Scalar::Number(digits)) => out.push_str(digits),
            Some(value) => match value.to_str() {
                Some(text) => out.push_str(&text),
                None => out.push_str("\r-"),
            },
            None => out.push('\r'),
        }
    }
}

fn key_value(fields: &Fields<'_>, name: &str, stated: &FxHashSet<Box<str>>) -> Option<Box<str>> {
    let value = routing::words(fields, name)?;
    if routing::is_readers_own(name) {
        // Words that no rule's log source states lead nowhere, and there is no end of them.
        let mut words: Vec<&str> = value.split(routing::WORD_END).filter(|word| stated.contains(*word)).collect();
        words.sort_unstable();
        words.dedup();
        return Some(words.join("\u{1f}").into());
    }
    let is_text = fields.get(name).is_some_and(has_text);
    // A null, an object or an array is there, but no text that anybody names.
    Some(if is_text { value } else { OTHER.into() })
}

/// The words of all rules' log sources.
fn stated_sources(rules: &RuleSet) -> FxHashSet<Box<str>> {
    let parts = rules.rules.iter().flat_map(|rule| [&rule.source.product, &rule.source.service, &rule.source.category]);
    parts.flatten().map(|word| word.as_str().into()).collect()
}

fn vocabulary(rules: &RuleSet, router: &Router) -> FxHashSet<(Box<str>, Box<str>)> {
    let mut words = FxHashSet::default();
    for format in model::Format::ALL {
        for (at, name) in router.keys(*format).iter().enumerate() {
            router.for_each_value(*format, at, |value| {
                words.insert((name.clone(), value.into()));
            });
        }
    }
    let names: FxHashSet<Box<str>> = words.iter().map(|(name, _): &(Box<str>, Box<str>)| name.clone()).collect();
    for rule in &rules.rules {
        for selection in &rule.selections {
            words_of(&selection.expr, &names, &mut words);
        }
    }
    words
}

fn words_of(expr: &Expr, names: &FxHashSet<Box<str>>, words: &mut FxHashSet<(Box<str>, Box<str>)>) {
    match expr {
        Expr::All(exprs) | Expr::Any(exprs) | Expr::AtLeast(_, exprs) => {
            exprs.iter().for_each(|expr| words_of(expr, names, words));
        }
        Expr::Not(expr) => words_of(expr, names, words),
        Expr::Selection(_) => {}
        Expr::Test { field: Some(field), test } if names.contains(field) => match test.as_ref() {
            Test::Text(pattern) if pattern.at_start && pattern.at_end => {
                if let Some(text) = pattern.plain() {
                    words.insert((field.clone(), text.into()));
                }
            }
            Test::Number(Order::Equal, number) => {
                words.insert((field.clone(), number.to_string().into()));
            }
            _ => {}
        },
        Expr::Test { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::Placeholders;
    use crate::sigma::compare;
    use crate::sigma::load::RuleFile;
    use model::Format;
    use proptest::prelude::*;

    /// One detection of each kind that may be decided by remembering, and of each that may not.
    const DETECTIONS: &[&str] = &[
        "a: abcd",
        "a|contains: abcd",
        "a|contains: ab",
        "a|contains|cased: Abcd",
        "a|startswith: abc",
        "a|endswith: [bcd, 'd ']",
        "a: 'ab*cd?ab'",
        "a|re: 'ab.cd'",
        "a|re|s: 'abc.*dab'",
        "a|re: '^[abc]+$'",
        "a|contains: \"d\\nab\"",
        "a: \"abcd\\nab\"",
        "a|contains|all: [cda, dab]",
        "a: null",
        "a|exists: true",
        "b: 12",
        "b|gt: 9",
        "b: true",
        "b|cidr: 10.0.0.0/8",
        "a|fieldref: b",
        "b|fieldref|contains: a",
        "a: ''",
        "b: '*'",
    ];

    fn rules(with_keywords: bool) -> Arc<RuleSet> {
        let rule = |title: &str, detection: &str, condition: &str| {
            let source = "logsource:\n    product: test\n";
            format!("title: {title}\n{source}detection:\n    s:\n        {detection}\n    condition: {condition}\n")
        };
        let mut documents = Vec::new();
        for detection in DETECTIONS {
            documents.push(rule(detection.split(':').next().unwrap(), detection, "s"));
            documents.push(rule("not", detection, "not s"));
        }
        if with_keywords {
            documents.push(rule("keyword", "- dabcdab\n        - cdabcdab", "s"));
        }
        let text = documents.join("---\n");
        let set = RuleSet::load([RuleFile { path: "test.yml", text: &text }], &Placeholders::new());
        assert_eq!(set.errors, []);
        Arc::new(set)
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let pool = [
            "abcd", "ABCD", "Abcd", "abcd\nab", "", "ab", "12", "12\n", "10.1.2.3", "abxcd", "true", "äbcd", "ab\\cdab",
        ];
        prop_oneof![
            4 => prop::sample::select(pool.to_vec()).prop_map(serde_json::Value::from),
            1 => "[abcdABCD .\\\\\u{e4}]{0,9}".prop_map(serde_json::Value::from),
            // Long enough to be looked at line by line.
            3 => prop::collection::vec(prop::sample::select(pool.to_vec()), 1..9).prop_map(|lines| {
                let text = lines.join("\r\n");
                serde_json::Value::from(format!("{text}{}\n{text}", "xyz \n".repeat(300)))
            }),
            1 => prop::sample::select(vec![serde_json::json!(12), serde_json::json!(true), serde_json::Value::Null,
                serde_json::json!(["abcd", "x"]), serde_json::json!({"x": 1})]),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn remembering_changes_nothing(
            records in prop::collection::vec((value(), prop::option::of(value()), value()), 1..30), with_keywords: bool,
        ) {
            let rules = rules(with_keywords);
            let table = "[[route]]\nformat = \"json\"\nproduct = \"test\"\n";
            let router = Arc::new(Router::with_table(table).unwrap());
            let limits = [
                MemoLimits::default(),
                MemoLimits { entries: 2, bytes: 40, value_bytes: 20 },
                MemoLimits { entries: 8, bytes: 4_000, value_bytes: 4_000 },
                MemoLimits { entries: 2, bytes: 0, value_bytes: 0 },
            ];
            let mut matchers: Vec<Matcher> = limits
                .iter()
                .map(|limits| Matcher::with_memo(Arc::clone(&rules), Arc::clone(&router), *limits))
                .collect();
            // Twice, so that all of it comes again.
            for (a, b, other) in records.iter().chain(&records) {
                let mut record = serde_json::json!({"a": a, "other": other});
                if let Some(b) = b {
                    record["b"] = b.clone();
                }
                let text = record.to_string();
                let fields = formats::fields(Format::Json, text.as_bytes()).unwrap();
                let holds = |rule: &super::super::rule::Rule| compare::expr_holds(&fields, rule, &rule.condition);
                let expected: Vec<usize> =
                    rules.rules.iter().enumerate().filter(|(_, rule)| holds(rule)).map(|(at, _)| at).collect();
                for (matcher, limits) in matchers.iter_mut().zip(&limits) {
                    let mut found = Vec::new();
                    matcher.matches(&fields, &mut found);
                    prop_assert_eq!(&found, &expected, "{:?} {}", limits, text);
                    prop_assert!(matcher.remembered_bytes() <= limits.bytes);
                }
            }
        }
    }
}
