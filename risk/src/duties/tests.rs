use model::limits::{DUTIES_MAX, DUTY_BOOK_BYTES_MAX, DUTY_TEXT_BYTES_MAX};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn regions(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn known() -> Known {
    Known { aware: at("2026-01-31T02:14:00Z"), ..Known::default() }
}

/// Name, standing and due time of each clock.
fn told(known: &Known, regions: &BTreeSet<String>, now: &str) -> Vec<String> {
    let book = Book::built_in().unwrap();
    let clocks = clocks(&book, regions, known, at(now));
    let due = |clock: &Clock<'_>| clock.due.map_or_else(String::new, |due| format!(" {due}"));
    clocks.iter().map(|clock| format!("{} {}{}", clock.duty.id, clock.standing.word(), due(clock))).collect()
}

#[test]
fn what_nobody_has_said_starts_its_clock() {
    let found = told(&known(), &regions(&["eu"]), "2026-01-31T03:00:00Z");
    assert_eq!(
        found,
        [
            "nis2-early-warning running 2026-02-01T02:14:00Z",
            "gdpr-authority running 2026-02-03T02:14:00Z",
            "nis2-notification running 2026-02-03T02:14:00Z",
            "gdpr-people without delay",
            "nis2-final-report not begun",
        ]
    );
    let book = Book::built_in().unwrap();
    let clocks = clocks(&book, &regions(&["eu"]), &known(), at("2026-01-31T03:00:00Z"));
    assert_eq!(clocks[0].supposed, [Fact::Significant, Fact::EssentialEntity]);
    // Whoever paid knows it: that clock begins when it is said.
    assert!(!told(&known(), &regions(&["us"]), "2026-01-31T03:00:00Z").iter().any(|line| line.contains("ransom")));
}

#[test]
fn facts_end_and_begin_duties() {
    let mut known = known();
    known.facts = BTreeMap::from([(Fact::PersonalData, false), (Fact::Significant, true), (Fact::RansomPaid, true)]);
    known.ransom_paid = Some(at("2026-02-02T00:00:00Z"));
    let found = told(&known, &regions(&["eu", "us", "own"]), "2026-02-02T01:00:00Z");
    assert_eq!(
        found,
        [
            "own-leadership overdue 2026-01-31T06:14:00Z",
            "nis2-early-warning overdue 2026-02-01T02:14:00Z",
            "us-circia-ransom running 2026-02-03T00:00:00Z",
            "nis2-notification running 2026-02-03T02:14:00Z",
            "us-circia-incident running 2026-02-03T02:14:00Z",
            "nis2-final-report not begun",
        ]
    );
}

#[test]
fn a_report_ends_one_clock_and_begins_the_next() {
    let mut known = known();
    let early = Done::Sent { at: at("2026-01-31T20:00:00Z") };
    let late = Done::Sent { at: at("2026-01-31T00:00:00Z").plus(Duration::from_secs(80 * 3_600)) };
    known.done = BTreeMap::from([("nis2-early-warning".to_owned(), early), ("nis2-notification".to_owned(), late)]);
    let waived = Done::Waived { at: at("2026-01-31T20:00:00Z"), why: "no risk for people".to_owned() };
    known.done.insert("gdpr-authority".to_owned(), waived);
    let found = told(&known, &regions(&["eu"]), "2026-02-20T00:00:00Z");
    assert_eq!(
        found,
        [
            // A month after the notification of February 3rd.
            "nis2-final-report running 2026-03-03T08:00:00Z",
            "gdpr-people without delay",
            "nis2-notification sent late 2026-02-03T02:14:00Z",
            "nis2-early-warning sent 2026-02-01T02:14:00Z",
            "gdpr-authority does not bind 2026-02-03T02:14:00Z",
        ]
    );
    assert!(told(&known, &regions(&["eu"]), "2026-02-25T00:00:00Z")[0].contains("due soon"));
}

#[test]
fn months_end_where_they_end() {
    let check = |from: &str, months, expected: &str| assert_eq!(Span::Months(months).after(at(from)), at(expected));
    check("2026-01-31T12:00:00Z", 1, "2026-02-28T12:00:00Z");
    check("2028-01-31T12:00:00Z", 1, "2028-02-29T12:00:00Z");
    check("2026-12-15T00:00:00Z", 1, "2027-01-15T00:00:00Z");
    check("9999-12-31T00:00:00Z", 60, "9999-12-31T23:59:59.999999Z");
}

#[test]
fn how_long_is_left() {
    let now = at("2026-01-31T02:00:00Z");
    let check = |due: &str, expected: &str| assert_eq!(left(now, at(due)), expected);
    check("2026-01-31T02:20:30Z", "20 min");
    check("2026-01-31T05:20:00Z", "3 h 20 min");
    check("2026-02-01T06:00:00Z", "1 day 4 h");
    check("2026-02-03T02:00:00Z", "3 days 0 h");
    check("2026-01-31T01:00:00Z", "-1 h 0 min");
}

#[test]
fn a_draft_leaves_blank_what_nobody_knows() {
    let book = Book::built_in().unwrap();
    let mut known = known();
    known.facts.insert(Fact::PersonalData, true);
    let clocks = clocks(&book, &regions(&["eu"]), &known, at("2026-01-31T03:00:00Z"));
    let clock = clocks.iter().find(|clock| clock.duty.id == "gdpr-authority").unwrap();
    let text =
        draft(clock, &known, "Password log-in to <siren> *controller*", &["02:14 log-in\n# no heading".to_owned()]);
    assert!(text.contains("Article 33") && text.contains("Due: 2026-02-03T02:14:00Z"), "{text}");
    assert!(text.contains("seen by the wrong people?** yes"), "{text}");
    assert!(text.contains("how many records?** [to be filled in]"), "{text}");
    assert!(text.contains("\\<siren\\> \\*controller\\*") && text.contains("- 02:14 log-in \\# no heading"), "{text}");
}

#[test]
fn books_say_what_is_wrong_with_them() {
    let one = |more: &str| {
        format!(
            "[[duty]]\nid = \"a\"\ntitle = \"t\"\nlaw = \"l\"\nto = \"x\"\nregion = \"eu\"\nfacts = []\nfrom = \"aware\"\n{more}"
        )
    };
    let said = |text: &str| Book::read(text).unwrap_err().to_string();
    assert_eq!(Book::read(&one("hours = 1")).unwrap().duty("a").and_then(|duty| duty.span), Some(Span::Hours(1)));
    assert_eq!(Book::read(&one("days = 2")).unwrap().duties()[0].span, Some(Span::Hours(48)));
    assert!(said(&one("hours = 1\ndays = 1")).contains("duty \"a\": one of hours"));
    assert!(said(&one("hours = 0")).contains("not nothing"));
    assert!(said(&one("hour = 1")).contains("unknown field"));
    assert!(said(&format!("{}\n{}", one(""), one(""))).contains("twice"));
    assert!(said(&one("").replace("\"aware\"", "\"later\"")).contains("stands before it"));
    assert!(said(&one("").replace("id = \"a\"", "id = \"A b\"")).contains("small letters"));
    assert!(said(&one("").replace("\"t\"", "\"\"")).contains("have to say something"));
    let long = "x".repeat(DUTY_TEXT_BYTES_MAX + 1);
    assert!(said(&one("").replace("\"t\"", &format!("{long:?}"))).contains("a few words"));
    assert!(said(&one(&format!("asks = [{long:?}]"))).contains("short questions"));
    assert_eq!(Book::read(&" ".repeat(DUTY_BOOK_BYTES_MAX + 1)), Err(BookError::Size(DUTY_BOOK_BYTES_MAX + 1)));
    let many: String =
        (0..=DUTIES_MAX).map(|number| one("").replace("\"a\"", &format!("\"a{number}\"")) + "\n").collect();
    assert_eq!(Book::read(&many), Err(BookError::Many(DUTIES_MAX + 1)));
}

proptest! {
    #[test]
    fn never_panics(text in ".{0,200}", aware in any::<i64>(), now in any::<i64>()) {
        let _ = Book::read(&text);
        let known = Known { aware: Timestamp::from_micros(aware), ..Known::default() };
        let book = Book::built_in().unwrap();
        for clock in clocks(&book, &regions(&["eu", "us", "own"]), &known, Timestamp::from_micros(now)) {
            if let Some(due) = clock.due {
                let _ = left(Timestamp::from_micros(now), due);
            }
            let _ = draft(&clock, &known, &text, std::slice::from_ref(&text));
        }
    }
}
