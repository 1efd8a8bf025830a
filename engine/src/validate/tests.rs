//! What is taken and what is refused, kind by kind.

use super::*;

fn verdicts(kind: Kind, texts: &[&str]) -> Vec<Option<String>> {
    let named =
        |(number, text): (usize, &&str)| Input::Bytes { name: format!("{number}"), bytes: text.as_bytes().to_vec() };
    let inputs: Vec<Input> = texts.iter().enumerate().map(named).collect();
    let mut reasons = Vec::new();
    validate(&Check::BuiltIn(kind), &inputs, &mut |verdict| reasons.push(verdict.reason()));
    assert_eq!(reasons.len(), texts.len());
    reasons
}

fn taken(kind: Kind, text: &str) {
    assert_eq!(verdicts(kind, &[text]), [None], "{text}");
}

#[track_caller]
fn refused(kind: Kind, text: &str, expected: &str) {
    let reason = verdicts(kind, &[text]).remove(0).unwrap_or_default();
    assert!(reason.contains(expected), "{text}\nfound: {reason}\nwanted: {expected}");
}

const GOOD: &str =
    "title: x\nlogsource:\n    product: windows\ndetection:\n    sel:\n        A: b\n    condition: sel\n";

/// The good rule with a line put in place of another.
fn with(line: &str, other: &str) -> String {
    assert!(GOOD.contains(line), "{line}");
    GOOD.replace(line, other)
}

#[test]
fn rules_that_are_taken() {
    let check = |text: &str| taken(Kind::Sigma, text);
    check(GOOD);
    check(&format!("# comment\n---\n{GOOD}"));
    check(&format!("{GOOD}my-own-key: {{anything: [1, null]}}\nlevel: low\nstatus: test\n"));
    check(&format!(
        "{GOOD}id: 929a690e-bef0-4204-a928-ef5e620d6fcc\nname: n\ntaxonomy: ecs\ndate: 2024-02-29\nmodified: '2024-03-01'\n"
    ));
    check(&format!(
        "{GOOD}references: [a, b]\ntags: [attack.t1059.001, cve.2021-44228]\nfalsepositives:\n    - Unknown\nscope: [server]\n"
    ));
    check(&format!("{GOOD}related:\n    - id: 929a690e-bef0-4204-a928-ef5e620d6fcc\n      type: obsolete\n"));
    check(&with("    product: windows", "    category: firewall\n    definition: d\n    mine: 1"));
    check(&with("        A: b", "        - keyword\n        - 4711\n        - A: b"));
    check(&with("        A: b", "        A: null\n        B: ''\n        C: 1.5\n        D: true"));
    check(&with("condition: sel", "condition:\n        - sel\n        - not sel"));
    check(&with("condition: sel", "condition: 1 of s* or all of them"));
    check(&with("condition: sel", "condition: (sel and not 1 of f*)\n    f1:\n        A: c"));
    check(GOOD.replace('\n', "\r\n").as_str());
}

#[test]
fn every_modifier_is_taken() {
    for item in [
        "A|all: [b, c]",
        "A|startswith: b",
        "A|endswith: b",
        "A|contains: b",
        "A|contains|all: [b, c]",
        "A|exists: true",
        "A|exists: false",
        "A|cased: b",
        "A|contains|cased: b",
        "A|neq: b",
        "A|neq: 5",
        "A|windash: ' -x'",
        "A|contains|windash: ' -x'",
        "A|re: '^a.*b{1,2}$'",
        "A|re|i: a",
        "A|re|m: a",
        "A|re|s: a",
        "A|re|i|m|s: a",
        "A|base64: a",
        "A|base64offset|contains: abc",
        "A|utf16le|base64: a",
        "A|utf16be|base64: a",
        "A|utf16|base64: a",
        "A|wide|base64offset|contains: abc",
        "A|lt: 1",
        "A|lte: 1.5",
        "A|gt: -1",
        "A|gte: 1",
        "A|minute: 59",
        "A|hour: 0",
        "A|day: 31",
        "A|week: 52",
        "A|month: 12",
        "A|year: 2026",
        "A|cidr: 10.0.0.0/8",
        "A|cidr: 'fd00::/8'",
        "A|cidr: [10.0.0.0/8, '::1/128']",
        "A|expand: '%Administrators%'",
        "A|fieldref: B",
        "A|fieldref|startswith: B",
        "A|fieldref|neq: B",
        "'|all': [a, b]",
        "'|contains': [a, b]",
        "'|re': a",
    ] {
        taken(Kind::Sigma, &with("A: b", item));
    }
}

#[test]
fn metadata_that_is_refused() {
    let check = |more: &str, expected: &str| refused(Kind::Sigma, &format!("{GOOD}{more}\n"), expected);
    check("level: High", "line 8, level: \"High\" is no level (hint: one of informational");
    check("level: 3", "should be a text, not a number");
    check("level: urgent", "is no level");
    check("status: new", "\"new\" is no status (hint: one of stable");
    check("status: [test]", "should be a text, not a list");
    check("id: 4711", "is no UUID");
    check("id: not-a-uuid", "line 8, id: \"not-a-uuid\" is no UUID (hint: like 929a690e");
    check("id:", "is no UUID");
    check("name: ''", "it is empty");
    check("date: 2024/01/31", "line 8, date: \"2024/01/31\" is no date (hint: year, month and day");
    check("date: 2023-02-29", "is no date");
    check("modified: yesterday", "is no date");
    check("author: [a]", "should be a text, not a list");
    check("description: 5", "should be a text, not a number");
    check("references: a", "should be a list, not a text");
    check("references: [a, a]", "\"a\" stands there twice");
    check("references: [1]", "should be a list of texts, not a number");
    check("tags: attack.t1059", "should be a list, not a text");
    check("tags: [attack]", "\"attack\" is no tag");
    check("tags: [attack.T1059]", "is no tag");
    check("falsepositives: unknown", "should be a list, not a text");
    check("falsepositives: [x]", "shorter than 2");
    check("fields:", "should be a list, not nothing");
    check("related: 929a690e-bef0-4204-a928-ef5e620d6fcc", "should be a list");
    check("related: [{id: x, type: derived}]", "\"x\" is no UUID");
    check("related: [{id: 929a690e-bef0-4204-a928-ef5e620d6fcc, type: obsoletes}]", "is no type of relation");
    check("related: [{type: derived}]", "without id");
    check("5: x", "the key 5 is no text");
    let check = |line: &str, other: &str, expected: &str| refused(Kind::Sigma, &with(line, other), expected);
    check("title: x\n", "", "title: required, but absent");
    check("title: x", "title: ''", "line 1, title: it is empty");
    check("title: x", &format!("title: {}", "x".repeat(257)), "at most 256");
    check("logsource:\n    product: windows\n", "", "logsource: required, but absent");
    check("    product: windows", "    product: [windows]", "line 3, logsource.product: should be a text");
    check("    product: windows", "    definition: x", "names neither");
    check("logsource:\n    product: windows", "logsource: windows", "should be a mapping, not a text");
}

#[test]
fn detections_that_are_refused() {
    let check = |line: &str, other: &str, expected: &str| refused(Kind::Sigma, &with(line, other), expected);
    check("detection:\n    sel:\n        A: b\n    condition: sel\n", "", "detection: required, but absent");
    check("detection:\n    sel:\n        A: b\n    condition: sel", "detection: []", "should be a mapping, not a list");
    check("    sel:\n        A: b\n    condition: sel\n", "    condition: sel\n", "it has no selection");
    check("    condition: sel\n", "", "detection.condition: required, but absent");
    check("condition: sel", "condition: ''", "it is empty");
    check("condition: sel", "condition: 5", "should be a text, not a number");
    check("condition: sel", "condition: []", "should be a text, not a list");
    check("condition: sel", "condition: selection", "line 7, detection.condition: the condition names \"selection\"");
    check(
        "condition: sel",
        "condition: sel and",
        "line 7, detection.condition: it cannot be read at symbol 8: expected ",
    );
    check("condition: sel", "condition: (sel", "detection.condition: ");
    check("condition: sel", "condition: sel sel", "detection.condition: ");
    check("condition: sel", "condition: 1 of filter*", "no selection has such a name");
    check("condition: sel", "condition: sel | count() by A > 5", "aggregations behind a pipe are gone");
    check("condition: sel", "condition: sel | near other", "gone from Sigma 2");
    check("condition: sel", "timeframe: 5m\n    condition: sel", "line 7, detection.timeframe: `timeframe` is gone");
    check("        A: b\n", "", "should be a mapping of fields or a list, not nothing");
    check("    sel:\n        A: b", "    sel: {}", "line 5, detection.sel: it is empty");
    check("    sel:\n        A: b", "    sel: []", "it is empty");
    check("    sel:\n        A: b", "    sel: keyword", "a keyword is a list with one member");
    check("        A: b", "        - [a]", "not of a list");
    check("        A: b", "        - null", "not of nothing");
    check("A: b", "A: []", "line 6, detection.sel.A: it has no value");
    check("A: b", "A: {b: c}", "not a mapping");
    check("A: b", "A: [['b']]", "not a list");
    check("A: b", "A: [b, null]", "null cannot be part of a list");
    check("A: b", "A: b\n        A: c", "line 6, column 9: not YAML: detection.sel: duplicate entry with key");
    check("A: b", "A: b\n        A: c", "a key may stand only once");
    check(
        "A: b",
        "A|containss: b",
        "line 6, detection.sel.A|containss: Unknown modifier 'containss' (hint: known are all, ",
    );
    check("A: b", "A|: b", "detection");
    check("A: b", "A|re: '('", "line 6, detection.sel.A: regular expression");
    check("A: b", "A|cidr: 10.0.0.0/33", "no range of addresses");
    check("A: b", "A|cidr: 10", "`cidr` is for texts, not for a number");
    check("A: b", "A|gt: '5'", "`gt` is for numbers, not for a text");
    check("A: b", "A|hour: 24", "`hour` is 0 to 23, not 24");
    check("A: b", "A|exists: 'yes'", "`exists` takes true or false, not a text");
    check("A: b", "A|all: b", "more than one value");
    check("A: b", "A|contains|all: [b]", "more than one value");
    check("A: b", "A|base64: 5", "`base64` is for texts");
    check("A: b", "A|contains|endswith: b", "contradict");
    check("A: b", "A|i: b", "only after `re`");
    refused(Kind::Sigma, "", "the document is empty");
    refused(Kind::Sigma, "- a\n", "a rule is a mapping");
    refused(Kind::Sigma, "title: [\n", "not YAML");
    refused(Kind::Sigma, "title: x\n\tlevel: low\n", "line 2");
    refused(Kind::Sigma, "\u{1}", "");
}

const LOGIN: &str = "title: login\nid: 929a690e-bef0-4204-a928-ef5e620d6fcc\nname: login\nlogsource:\n    service: sshd\n\
                     detection:\n    sel:\n        A: b\n    condition: sel\n";
const MANY: &str = "title: many\ncorrelation:\n    type: event_count\n    rules:\n        - login\n    group-by:\n        - user\n    \
                    timespan: 5m\n    condition:\n        gte: 10\n";

#[test]
fn correlations() {
    let check = |correlation: &str| taken(Kind::Sigma, &format!("{LOGIN}---\n{correlation}"));
    check(MANY);
    check(&MANY.replace("- login", "- 929a690e-bef0-4204-a928-ef5e620d6fcc"));
    for kind in ["value_count", "value_sum", "value_avg", "value_percentile", "value_median"] {
        check(&MANY.replace("event_count", kind).replace("gte: 10", "field: ip\n        gte: 10"));
    }
    check(&MANY.replace("event_count", "temporal").replace("    condition:\n        gte: 10\n", ""));
    check(&MANY.replace("event_count", "temporal_ordered").replace("    condition:\n        gte: 10\n", ""));
    check(&MANY.replace("event_count", "temporal").replace("condition:\n        gte: 10", "condition: login"));
    check(&MANY.replace("gte: 10", "gt: 10\n        lte: 20"));
    check(&MANY.replace("    timespan", "    aliases:\n        user:\n            login: uid\n    timespan"));
    check(&format!("{MANY}generate: true\nfalsepositives: unknown\nlevel: high\n"));
    // Alone it is right as far as anybody can say, and what could not be looked at is told.
    let mut alone = Vec::new();
    let input = Input::Bytes { name: "m".into(), bytes: MANY.as_bytes().to_vec() };
    validate(&Check::BuiltIn(Kind::Sigma), &[input], &mut |verdict| alone.push(verdict));
    assert!(alone[0].is_valid() && alone[0].reason().is_some_and(|text| text.contains("\"login\"")), "{alone:?}");
    refused(Kind::Sigma, &MANY.replace("gte: 10", "gte: many"), "should be a whole number");
    let check = |line: &str, other: &str, expected: &str| {
        assert!(MANY.contains(line), "{line}");
        refused(Kind::Sigma, &format!("{LOGIN}---\n{}", MANY.replace(line, other)), expected);
    };
    check("    type: event_count\n", "", "document 2, line 12, correlation.type: required, but absent");
    check("event_count", "event_sum", "line 13, correlation.type: \"event_sum\" is no type");
    check("    rules:\n        - login\n", "", "rules: required, but absent");
    check("        - login\n    group", "        []\n    group", "it is empty");
    check("- login", "- logout", "document 2, line 14, correlation.rules: it refers to \"logout\"");
    check("- login", "- many", "correlation");
    check("    group-by:\n        - user\n", "", "group-by: required, but absent");
    check("    timespan: 5m\n", "", "timespan: required, but absent");
    check("timespan: 5m", "timeframe: 5m", "`timeframe` is called `timespan`");
    for span in ["5", "5M", "1w", "m", "0m", "5 m", "-5m", "five"] {
        check("timespan: 5m", &format!("timespan: {span}"), "is no timespan");
    }
    check("    condition:\n        gte: 10\n", "", "`event_count` needs one");
    check("gte: 10", "gte: many", "should be a whole number");
    check("gte: 10", "least: 10", "\"least\" is no comparison");
    check("gte: 10", "field: a", "it compares nothing");
    check("condition:\n        gte: 10", "condition: login", "should be a mapping");
    check("event_count", "value_count", "`value_count` needs one");
    check(
        "    timespan",
        "    aliases:\n        user:\n            logout: uid\n    timespan",
        "is not among its rules",
    );
    check("    timespan", "    generate: maybe\n    timespan", "should be true or false");
}

#[test]
fn references_are_looked_for_in_all_files() {
    assert_eq!(verdicts(Kind::Sigma, &[MANY, LOGIN]), [None, None]);
    assert!(verdicts(Kind::Sigma, &[MANY])[0].as_ref().unwrap().contains("no file of this call holds: \"login\""));
    let more = MANY.replace("title: many", "title: more").replace("- login", "- many");
    assert_eq!(verdicts(Kind::Sigma, &[&more, MANY, LOGIN]), [None, None, None]);
    let broken = LOGIN.replace("condition: sel", "condition: cell");
    let reasons = verdicts(Kind::Sigma, &[MANY, &broken]);
    assert!(reasons.iter().all(Option::is_some), "{reasons:?}");
    // A verdict is about one file: the same rule twice is no fault of either.
    assert_eq!(verdicts(Kind::Sigma, &[LOGIN, LOGIN]), [None, None]);
    refused(Kind::Sigma, &format!("{LOGIN}---\n{LOGIN}"), "document 2, line 12, id: the id of document 1 once more");
}

#[test]
fn filters() {
    let filter = "title: f\nlogsource:\n    product: windows\nfilter:\n    rules:\n        - login\n    selection:\n        \
                  User|startswith: adm_\n    condition: not selection\n";
    taken(Kind::Sigma, filter);
    taken(Kind::Sigma, &filter.replace("rules:\n        - login", "rules: any"));
    let check = |line: &str, other: &str, expected: &str| {
        assert!(filter.contains(line), "{line}");
        refused(Kind::Sigma, &filter.replace(line, other), expected);
    };
    check("    rules:\n        - login\n", "", "filter.rules: required, but absent");
    check("        - login\n", "        []\n", "it is empty");
    check("    condition: not selection\n", "", "filter.condition: required, but absent");
    check("condition: not selection", "condition: [selection]", "should be a text, not a list");
    check("condition: not selection", "condition: cell", "line 9, filter.condition: the condition names \"cell\"");
    check("startswith", "begins", "begins");
    check("logsource:\n    product: windows\n", "", "logsource: required, but absent");
    check("    selection:\n        User|startswith: adm_\n", "", "it has no selection");
}

#[test]
fn collections_of_sigma_1_are_judged_by_the_reader() {
    let global = "action: global\ntitle: x\nlogsource:\n    product: windows\n---\ndetection:\n    sel:\n        A: b\n    condition: sel\n";
    taken(Kind::Sigma, global);
    refused(Kind::Sigma, &global.replace("condition: sel", "condition: cell"), "names \"cell\"");
}

#[test]
fn tables() {
    taken(Kind::Placeholders, "Administrators = [\"root\", \"adm*\"]\n");
    refused(Kind::Placeholders, "Administrators = \"root\"\n", "line 1, column 18: invalid type");
    refused(Kind::Placeholders, "Administrators = []\n", "Administrators: it has no value");
    refused(Kind::Placeholders, "Admin", "line 1");
    taken(Kind::Mapping, "[[mapping]]\nname = \"door\"\nclass = 3002\nfields = { \"user.name\" = \"holder\" }\n");
    refused(
        Kind::Mapping,
        "[[mapping]]\nname = \"door\"\nclass = 3002\nfields = { \"user.nme\" = \"holder\" }\n",
        "no such attribute",
    );
    refused(Kind::Mapping, "[[mapping]]\nname = \"door\"\nklass = 3002\n", "line 3, column 1: unknown field `klass`");
    refused(Kind::Mapping, "", "it holds no mapping (hint: a mapping begins with [[mapping]])");
    taken(Kind::Routing, "[[route]]\nformat = \"json\"\nproduct = \"door\"\nwhen = { kind = \"door\" }\n");
    refused(
        Kind::Routing,
        "[[route]]\nformat = [\"json\", \"jason\"]\nproduct = \"x\"\n",
        "route 1: format: \"jason\" is no format",
    );
    refused(Kind::Routing, "[[route]]\nformat = \"json\"\n", "route 1: it names neither product");
    refused(Kind::Routing, "[[route]]\nformat = \"json\"\nproduct = \"x\"\nwhat = 1\n", "unknown field");
    refused(Kind::Routing, "[[route]]\nformat = \n", "line 2");
}

#[test]
fn lists() {
    taken(Kind::Indicators, "# list\n10.0.0.1\tbad\t90\nevil.example\n");
    refused(Kind::Indicators, "10.0.0.1\tbad\nnonsense here\tx\n?\tx\n", "line 2: \"nonsense here\" is no address");
    refused(Kind::Indicators, "10.0.0.1\tbad\t101\n", "line 1: confidence \"101\"");
    taken(Kind::Suppress, "# harmless\n10.0.0.0/8\nexample.com\n");
    taken(Kind::Suppress, r#"{"name": "x", "type": "cidr", "list": ["10.0.0.0/8"]}"#);
    refused(
        Kind::Suppress,
        r#"{"name": "x", "type": "cidr", "list": ["ten"]}"#,
        "\"ten\": neither a name nor an address",
    );
    refused(Kind::Suppress, r#"{"name": "x", "type": "colour", "list": []}"#, "unknown type of list");
    refused(Kind::Suppress, r#"{"type": "cidr"}"#, "missing field `name`");
}

fn schema() -> Check {
    let attribute = |kind: &str| serde_json::json!({"type": kind, "requirement": "required"});
    let compiled = serde_json::json!({"version": "0.0.1", "categories": {"iam": {"uid": 3}}, "objects": {},
        "classes": {"authentication": {"caption": "Authentication", "uid": 3002, "category": "iam",
            "attributes": {"class_uid": attribute("integer_t"), "user": attribute("string_t")}}}});
    Check::Ocsf(Box::new(Schema::load(compiled.to_string().as_bytes()).unwrap()))
}

#[test]
fn events() {
    let check = |text: &str, expected: Option<&str>| {
        let input = Input::Bytes { name: "x".into(), bytes: text.into() };
        let mut reason = None;
        validate(&schema(), &[input], &mut |verdict| reason = verdict.reason());
        assert_eq!(reason.as_deref(), expected, "{text}");
    };
    let good = r#"{"class_uid":3002,"user":"u"}"#;
    let bad = r#"{"class_uid":3002}"#;
    check(good, None);
    check(&format!("\u{feff}{good}\n\n{good}\r\n"), None);
    check(&format!("[{good},\n {good}]"), None);
    check("{\n  \"class_uid\": 3002,\n  \"user\": \"u\"\n}\n", None);
    check(bad, Some("user: required, but absent"));
    check(&format!("{good}\n{bad}\n"), Some("line 2, user: required, but absent"));
    check(&format!("[{good},{bad}]"), Some("event 2, user: required, but absent"));
    check(
        &format!("{good}\n{{\"class_uid\": x}}\n{bad}\n"),
        Some("line 2, column 15: not JSON: expected value; line 3, user: required, but absent"),
    );
    check("{\n  \"class_uid\": 3002,\n", Some("line 3, column 0: not JSON: EOF while parsing a value"));
    check("", Some("it holds no event (hint: one event as JSON, a list of events, or one event a line)"));
    check("[]", Some("it holds no event (hint: one event as JSON, a list of events, or one event a line)"));
    check("5", Some("event: an event is an object"));
    let many = [bad; REASON_FAULTS_MAX + 3].join("\n");
    let input = Input::Bytes { name: "x".into(), bytes: many.into_bytes() };
    validate(&schema(), &[input], &mut |verdict| {
        assert_eq!(verdict.faults.total, 8);
        assert!(verdict.reason().unwrap().ends_with("; and 3 more"), "{:?}", verdict.reason());
    });
}

#[test]
fn limits_are_reached() {
    let large = format!("{GOOD}# {}", "x".repeat(limits::RULE_FILE_BYTES_MAX as usize));
    refused(Kind::Sigma, &large, "larger than");
    refused(Kind::Mapping, &large, "larger than");
    let many = "---\n".repeat(limits::RULE_FILE_DOCUMENTS_MAX + 1);
    refused(Kind::Sigma, &many, "more than 10000 documents");
    let mut faults = Faults::default();
    faults.extend((0..limits::FAULTS_KEPT_MAX + 5).map(|_| Fault::new("x")));
    assert_eq!((faults.kept.len(), faults.total), (limits::FAULTS_KEPT_MAX, limits::FAULTS_KEPT_MAX as u64 + 5));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    refused(Kind::Sigma, &format!("title: {deep}"), "not YAML");
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n\
                d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e]\n\
                g: [*f, *f, *f, *f, *f, *f, *f, *f]\n";
    refused(Kind::Sigma, bomb, "not YAML");
}

#[test]
fn bytes_that_are_no_text() {
    let input = Input::Bytes { name: "x".into(), bytes: b"title: x\nlevel: \xff\n".to_vec() };
    validate(&Check::BuiltIn(Kind::Sigma), &[input], &mut |verdict| {
        assert_eq!(verdict.reason().as_deref(), Some("line 2: not UTF-8 (hint: save the file in UTF-8)"));
    });
}

#[test]
fn kinds_go_by_their_names() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse::<Kind>().unwrap(), kind);
    }
    assert!("yaral".parse::<Kind>().unwrap_err().to_string().contains("known are sigma, ocsf"));
}
