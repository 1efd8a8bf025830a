//! Questions, answers, where that leaves a city, and tables.

use model::register::{Exposure, Item, ItemId, ItemKind};
use model::{Day, limits};
use proptest::prelude::*;

use super::*;

fn built_in() -> QuestionSet {
    QuestionSet::built_in().unwrap()
}

/// Two functions, three questions, steps 1 to 5.
fn small() -> QuestionSet {
    let text = r#"{"version": "small", "levels": ["a", "b", "c", "d", "e"], "tiers": ["x", "y"],
        "category": [{"id": "GV.OC", "title": "One"}, {"id": "ID.AM", "title": "Two"}],
        "question": [{"id": "GV.OC-01", "ask": "?", "weight": 3}, {"id": "GV.OC-02", "ask": "?"}, {"id": "ID.AM-01", "ask": "?"}]}"#;
    QuestionSet::read(text.as_bytes()).unwrap()
}

fn answer(question: &str, current: Option<u8>, target: Option<u8>) -> Answer {
    Answer { question: question.to_owned(), current, target, ..Answer::default() }
}

fn assessment(year: i16, answers: &[Answer]) -> Assessment {
    let answers = answers.iter().map(|answer| (answer.question.clone(), answer.clone())).collect();
    Assessment { answers, ..Assessment::new(year).unwrap() }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn today() -> Freshness {
    Freshness { today: day("2026-11-27"), days: 365 }
}

fn text_of(text: &str, on: &str) -> Evidence {
    Evidence { source: EvidenceSource::Text { text: text.to_owned() }, day: day(on) }
}

#[test]
fn the_framework_has_106_outcomes_in_22_categories() {
    let set = built_in();
    assert_eq!((set.questions().len(), set.categories().len(), set.level_max(), set.tier_max()), (106, 22, 7, 4));
    let of = |function| set.questions().iter().filter(|question| question.function() == Some(function)).count();
    assert_eq!(Function::ALL.map(of), [31, 21, 22, 11, 13, 8]);
    assert!(set.categories().iter().all(|category| set.of(&category.id).count() > 0));
    assert_eq!(QuestionSet::read(&set.written().unwrap()).unwrap(), set);
    assert_eq!((set.tier_name(3), set.tier_name(9)), ("repeatable", ""));
}

#[test]
fn questions_that_make_no_sense_are_refused() {
    let check = |from: &str, to: &str, expected: &str| {
        let text = String::from_utf8(small().written().unwrap()).unwrap();
        assert!(text.contains(from), "{from}");
        let error = QuestionSet::read(text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("GV.OC-02", "GV.OC-01", "GV.OC-01: is there twice");
    check("ID.AM-01", "ID.RA-01", "belongs to no category");
    check("ID.AM-01", "XX.AM-01", "belongs to no category");
    check("\"GV.OC\"", "\"XX.OC\"", "no id of a category");
    check("GV.OC-02", "GV.OC-o2", "no id of a question");
    check("\"ID.AM\"", "\"GV.OC\"", "GV.OC: is there twice");
    check("\"weight\": 3", "\"weight\": 0", "weight");
    check("\"One\"", "\" \"", "no title");
    check("\"version\"", "\"versions\"", "versions");
    let error = QuestionSet::read(b"levels = 7").unwrap_err().to_string();
    assert!(error.contains("hint"), "{error}");
    let few = r#"{"version": "x", "levels": ["a"], "tiers": ["x", "y"], "category": [], "question": []}"#;
    assert!(QuestionSet::read(few.as_bytes()).unwrap_err().to_string().contains("levels"));
    let none = few.replace("[\"a\"]", "[\"a\", \"b\"]");
    assert!(QuestionSet::read(none.as_bytes()).unwrap_err().to_string().contains("there is none"));
    let many = none.replace("[\"a\", \"b\"]", &format!("[{}\"a\"]", "\"a\",".repeat(limits::CSF_LEVELS_MAX)));
    assert!(matches!(QuestionSet::read(many.as_bytes()), Err(QuestionError::TooLarge { what: "levels", .. })));
    let asked = (0..=limits::CSF_QUESTIONS_MAX).map(|n| format!(r#"{{"id": "GV.OC-{n}", "ask": "?"}}"#));
    let many = none.replace("\"question\": []", &format!("\"question\": [{}]", asked.collect::<Vec<_>>().join(",")));
    assert!(matches!(QuestionSet::read(many.as_bytes()), Err(QuestionError::TooLarge { what: "questions", .. })));
    assert!(QuestionSet::read(&vec![b' '; limits::CSF_BYTES_MAX + 1]).is_err());
    assert!(QuestionSet::read(&[0xff]).is_err());
}

#[test]
fn a_bad_answer_leaves_the_others() {
    let text = r#"{"year": 2026, "tier": 2, "tier_target": 3, "answers": [
        {"question": "GV.OC-01", "current": 2, "target": 4, "note": "n",
         "evidence": [{"is": "text", "text": "minutes", "day": "2026-05-01"}, {"is": "item", "id": "portal", "day": "2026-05-01"},
                      {"is": "document", "kind": "risk-policy", "name": "city", "number": 2, "day": "2026-05-01"},
                      {"is": "figure", "name": "x", "value": "1 of 2", "day": "2026-05-01"}]},
        {"question": "GV.OC-01", "current": 3}, {"question": "GV.XX-01", "current": 3}, {"question": "GV.OC-02", "current": 6},
        {"question": "GV.OC-02", "target": 0}, {"question": "GV.OC-02", "levels": 1}, {"question": "GV.OC-02", "not_applicable": " "},
        {"question": "GV.OC-02", "not_applicable": "none here", "current": 1}, 7, {"question": "ID.AM-01", "current": 5}]}"#;
    let set = small();
    let (read, notes) = Assessment::read(text.as_bytes(), &set).unwrap();
    assert_eq!((read.year, read.tier, read.tier_target, read.answers.len()), (2026, Some(2), None, 2));
    assert_eq!(read.answers["GV.OC-01"].evidence.len(), 4);
    let said: Vec<String> = notes.iter().map(ToString::to_string).collect();
    let expected = [
        "tier_target: tiers are 1 to 2",
        "GV.OC-01: is answered twice",
        "GV.XX-01: there is no such question in small",
        "GV.OC-02: current is a step from 1 to 5",
        "GV.OC-02: target is a step from 1 to 5",
        "GV.OC-02: unknown field `levels`",
        "GV.OC-02: say why it does not apply",
        "GV.OC-02: it has steps and does not apply; say one of both",
        "answer 9: ",
    ];
    assert_eq!(said.len(), expected.len(), "{said:?}");
    assert!(said.iter().zip(expected).all(|(said, expected)| said.starts_with(expected)), "{said:?}");
    // What was read is written and read again, here and as it is kept.
    let bytes = read.written().unwrap();
    assert_eq!(Assessment::read(&bytes, &set).unwrap(), (read.clone(), Vec::new()));
    assert_eq!(Assessment::kept(&bytes).unwrap(), read);
}

#[test]
fn files_that_are_no_assessment_are_refused() {
    let set = small();
    let check = |text: &str, expected: &str| {
        let error = Assessment::read(text.as_bytes(), &set).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("[]", "not the form");
    check("{\"year\": 26}", "26 is no year");
    check("{\"year\": 2026, \"answer\": []}", "answer");
    assert_eq!(Assessment::read(&vec![b' '; limits::CSF_BYTES_MAX + 1], &set), Err(AssessmentError::TooLarge));
    let twice = r#"{"year": 2026, "answers": [{"question": "GV.OC-01"}, {"question": "GV.OC-01"}]}"#;
    assert!(Assessment::kept(twice.as_bytes()).is_err());
    let many = format!("{{\"year\": 2026, \"answers\": [{}7]}}", "7,".repeat(limits::CSF_NOTES_MAX + 5));
    let (_, notes) = Assessment::read(many.as_bytes(), &set).unwrap();
    assert_eq!((notes.len(), notes.last().unwrap().record.as_str()), (limits::CSF_NOTES_MAX + 1, "more"));
    let long = Answer { note: "x".repeat(limits::CSF_TEXT_BYTES_MAX + 1), ..answer("GV.OC-01", None, None) };
    assert!(long.check(&set).unwrap_err().contains("bytes"));
    let evidence = vec![text_of("x", "2026-01-01"); limits::CSF_EVIDENCE_MAX + 1];
    assert!(Answer { evidence, ..answer("GV.OC-01", None, None) }.check(&set).unwrap_err().contains("evidence"));
}

#[test]
fn what_is_not_answered_counts_as_the_lowest_step() {
    let set = small();
    let nothing = Posture::of(&assessment(2026, &[]), &set, today());
    let means = nothing.whole.means.unwrap();
    assert_eq!((means.current, means.target, means.gap), (1.0, 5.0, 4.0));
    assert_eq!((nothing.whole.answered, nothing.whole.unanswered, nothing.whole.without_target), (0, 3, 3));
    assert_eq!(nothing.unanswered, ["GV.OC-01", "GV.OC-02", "ID.AM-01"]);
    let none = nothing.functions.iter().find(|one| one.function == Function::Recover).unwrap();
    assert_eq!(none.score, Score::default(), "nothing is asked of it");
    // By weights: (3·2 + 1·1) / 4; the top of the scale stands in for the other's target.
    let said = assessment(2026, &[answer("GV.OC-01", Some(2), Some(4)), answer("ID.AM-01", Some(5), Some(3))]);
    let posture = Posture::of(&said, &set, today());
    let of = |function| posture.functions.iter().find(|one| one.function == function).unwrap().score.means.unwrap();
    assert_eq!(of(Function::Govern), Means { current: 1.75, target: 4.25, gap: 2.5 });
    assert_eq!(of(Function::Identify), Means { current: 5.0, target: 3.0, gap: 0.0 }, "beyond the target is no gap");
    assert_eq!(posture.functions[0].function, Function::Govern, "the lowest first");
    assert_eq!(posture.categories[0].id, "GV.OC");
    let ranks: Vec<_> = posture.gaps.iter().map(|gap| (gap.question.as_str(), gap.rank, gap.is_unanswered)).collect();
    assert_eq!(ranks, [("GV.OC-01", 6, false), ("GV.OC-02", 4, true)]);
    assert_eq!(posture.first().len(), 2);
}

#[test]
fn what_does_not_apply_is_left_out() {
    let set = small();
    let not = |name: &str| Answer { not_applicable: Some("we have none".to_owned()), ..answer(name, None, None) };
    let posture =
        Posture::of(&assessment(2026, &[not("ID.AM-01"), answer("GV.OC-01", Some(3), Some(3))]), &set, today());
    assert_eq!(posture.whole.not_applicable, 1);
    let last = posture.categories.last().unwrap();
    assert_eq!((last.id.as_str(), last.score.means), ("ID.AM", None), "what nothing applies to comes last");
    assert!(!posture.unanswered.contains(&"ID.AM-01".to_owned()));
}

#[test]
fn evidence_ages_and_answers_outlive_questions() {
    let set = small();
    let with = |name: &str, evidence: Vec<Evidence>| Answer { evidence, ..answer(name, Some(3), Some(3)) };
    let said = assessment(
        2026,
        &[
            with("GV.OC-01", vec![text_of("old", "2025-11-26"), text_of("of a day to come", "2026-11-28")]),
            with("GV.OC-02", vec![text_of("old", "2024-01-01"), text_of("of this year", "2025-11-27")]),
            answer("ID.AM-01", Some(9), None),
            answer("RC.RP-01", Some(3), None),
        ],
    );
    let posture = Posture::of(&said, &set, today());
    let stale: Vec<_> = posture.stale.iter().map(|one| (one.question.as_str(), one.age_days)).collect();
    assert_eq!(stale, [("GV.OC-01", 366), ("GV.OC-01", -1), ("GV.OC-02", 1061)]);
    assert_eq!(posture.unproven, ["GV.OC-01"]);
    assert_eq!(posture.unanswered, ["ID.AM-01"], "a step that is none of the scale is no answer");
    let said: Vec<String> = posture.because.iter().map(ToString::to_string).collect();
    let parts =
        ["1 without an answer", "1 without a target", "1 above the lowest step", "3 pieces", "ID.AM-01", "RC.RP-01"];
    assert_eq!(said.len(), parts.len(), "{said:?}");
    assert!(said.iter().zip(parts).all(|(said, part)| said.contains(part)), "{said:?}");
}

#[test]
fn years_are_compared_like_for_like() {
    let set = small();
    let first = assessment(2024, &[answer("GV.OC-01", Some(3), None)]);
    let second = assessment(2026, &[answer("GV.OC-01", Some(2), None), answer("GV.OC-02", Some(5), None)]);
    let years = trend(&[second, first], &set);
    let shown: Vec<_> = years.iter().map(|year| (year.year, year.before)).collect();
    assert_eq!(shown, [(2024, None), (2026, Some(2024))]);
    let govern = years[1].functions[&Function::Govern];
    // (3·2 + 5) / 4 against (3·3 + 1) / 4; of the one that was answered both times, one step less.
    assert_eq!((govern.mean, govern.rose, govern.rose_alike, govern.alike), (Some(2.75), Some(0.25), Some(-1.0), 1));
    let identify = years[1].functions[&Function::Identify];
    assert_eq!((identify.mean, identify.rose, identify.rose_alike, identify.alike), (Some(1.0), Some(0.0), None, 0));
    assert_eq!(years[0].functions[&Function::Govern].rose, None);
}

#[test]
fn tables_go_both_ways() {
    let set = small();
    let not = Answer { not_applicable: Some("no, \"none\"".to_owned()), ..answer("GV.OC-02", None, None) };
    let noted = Answer { note: "=1+1\nand more".to_owned(), ..answer("GV.OC-01", Some(2), Some(4)) };
    let said = assessment(2026, &[noted, not]);
    let text = write_table(&said, &set);
    assert!(
        text.contains("GV.OC-01,2,4,\"'=1+1\nand more\"\r\nGV.OC-02,n/a,,\"no, \"\"none\"\"\"\r\nID.AM-01,,,\r\n"),
        "{text}"
    );
    let mut read = Assessment::new(2026).unwrap();
    assert_eq!(read_table(text.as_bytes(), &mut read, &set).unwrap(), []);
    assert_eq!(read, said);
    // Evidence stays, what is not mentioned stays, an empty row takes back, a bad one is named.
    let mut old = said.clone();
    old.answers.get_mut("GV.OC-01").unwrap().evidence.push(text_of("x", "2026-01-01"));
    let table = "note,Question,current,target,office\n,GV.OC-01,3,,tax\n,GV.OC-02,,,\n,ID.AM-01,9,,\n,ID.AM-02,1,,\n,GV.OC-01,3,,\n,ID.AM-01,x,,\n\n";
    let notes = read_table(table.as_bytes(), &mut old, &set).unwrap();
    let said: Vec<String> = notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "line 4: ID.AM-01: current is a step from 1 to 5",
            "line 5: ID.AM-02: there is no such question in small",
            "line 6: GV.OC-01: is answered twice",
            "line 7: ID.AM-01: current is a number, or empty",
        ]
    );
    assert_eq!(old.answers.len(), 1);
    assert_eq!((old.answers["GV.OC-01"].current, old.answers["GV.OC-01"].evidence.len()), (Some(3), 1));
    for (table, expected) in [("question,current\n", "target"), ("\"a", "never ends"), ("", "question")] {
        let error = read_table(table.as_bytes(), &mut old, &set).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(read_table(&vec![b' '; limits::CSF_BYTES_MAX + 1], &mut old, &set).is_err());
}

#[test]
fn the_register_is_evidence() {
    let item = |name: &str| Item::new(ItemId::parse(name).unwrap(), ItemKind::Machine, name);
    let mut known = item("b");
    known.exposure = Some(Exposure::Internal);
    let mut retired = item("c");
    retired.state = model::register::Lifecycle::Retired;
    let items = [item("a"), known, retired];
    let figures = register_figures(items.iter(), day("2026-11-27"));
    assert_eq!((figures[0].question.as_str(), figures[0].value.as_str()), ("ID.AM-03", "1 of 2 (50 %)"));
    assert!(figures.iter().all(|figure| built_in().question(&figure.question).is_some()));
    assert_eq!(figures[0].evidence().source.to_string(), "items whose exposure nobody has said: 1 of 2 (50 %)");
    let none = register_figures([].iter(), day("2026-11-27"));
    assert!(none.iter().all(|figure| figure.is_bad && figure.value == "nothing is registered"));
}

proptest! {
    /// Saying less never makes it look better: neither the mean rises nor the gap shrinks when an answer or a target is taken away.
    #[test]
    fn silence_is_never_rewarded(
        steps in prop::collection::vec((1..=7u8, 1..=7u8), 106),
        gone in 0..106usize,
        takes_target: bool,
    ) {
        let set = built_in();
        let said = set.questions().iter().zip(&steps).map(|(question, (current, target))| {
            answer(&question.id, Some(*current), Some(*target))
        });
        let whole = assessment(2026, &said.collect::<Vec<_>>());
        let mut less = whole.clone();
        let one = less.answers.values_mut().nth(gone).unwrap();
        if takes_target {
            one.target = None;
        } else {
            one.current = None;
        }
        let [before, after] = [&whole, &less].map(|one| Posture::of(one, &set, today()).whole.means.unwrap());
        prop_assert!(after.current <= before.current + 1e-9);
        prop_assert!(after.gap >= before.gap - 1e-9);
    }

    /// What is written as a table is read again.
    #[test]
    fn tables_keep_everything(steps in prop::collection::vec((0..=5u8, 0..=5u8, "[ -~\n]{0,20}"), 3)) {
        let set = small();
        let said = set.questions().iter().zip(&steps).map(|(question, (current, target, note))| {
            let level = |level: u8| (level > 0).then_some(level);
            Answer { note: note.clone(), ..answer(&question.id, level(*current), level(*target)) }
        });
        let whole = assessment(2026, &said.filter(|answer| !answer.is_empty()).collect::<Vec<_>>());
        let mut read = Assessment::new(2026).unwrap();
        let notes = read_table(write_table(&whole, &set).as_bytes(), &mut read, &set).unwrap();
        prop_assert_eq!(notes, []);
        prop_assert_eq!(read, whole);
    }

    /// No bytes make a reader panic.
    #[test]
    fn anything_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[\",\r\na-z]{0,80}") {
        let set = small();
        let _ = QuestionSet::read(&bytes);
        let _ = Assessment::read(&bytes, &set);
        let _ = Assessment::kept(&bytes);
        let mut into = Assessment::new(2026).unwrap();
        let _ = read_table(&bytes, &mut into, &set);
        let _ = read_table(format!("question,current,target,note\n{text}").as_bytes(), &mut into, &set);
    }
}
