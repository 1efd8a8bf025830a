//! The judge's rule, clause by clause.

use std::time::Duration;

use model::Timestamp;

use super::super::{Belongs, Budget, JudgedIncident, Outcome, Part, TrueScene, Truth, Verdict, judge};
use crate::city::{FIRST_DAY, Log};

fn hour(hours: u64) -> Timestamp {
    FIRST_DAY.plus(Duration::from_secs(hours * 3_600))
}

fn scene(part: Part, label: &str, ends: Timestamp) -> TrueScene {
    TrueScene { part, label: label.into(), title: String::new(), subtlety: 1, ends, first: None, count: 0 }
}

/// Attack `a` has lines 1 to 9, an hour apart from 10:00 on; attack `b` lines 11 to 19; disturbance `d` lines 21 to 29.
/// All end at 20:00.
fn truth() -> Truth {
    let scenes = vec![
        scene(Part::Attack, "a", hour(20)),
        scene(Part::Attack, "b", hour(20)),
        scene(Part::Disturbance, "d", hour(20)),
    ];
    let mut truth = Truth { scenes, ..Truth::default() };
    for (number, first) in [(0, 0), (1, 10), (2, 20)] {
        for line in 1..10 {
            truth.add_line((Log::Zeek, first + line), Belongs { scene: number, at: hour(9 + line) });
        }
    }
    truth
}

fn incident(id: &str, opened: u64, score: u32, lines: &[u64]) -> JudgedIncident {
    let lines = lines.iter().map(|line| (Log::Zeek, *line)).collect();
    JudgedIncident { id: id.into(), opened: hour(opened), score, lines, pages: Vec::new() }
}

fn judged(incidents: &[JudgedIncident]) -> Verdict {
    judge(&truth(), incidents, &Budget::default())
}

/// What became of attack `a`, in short.
fn outcome(incidents: &[JudgedIncident]) -> String {
    match &judged(incidents).attacks[0].outcome {
        Outcome::Found(found) => {
            format!("found in {} after {} s, rank {}", found.incident, found.delay_seconds, found.rank)
        }
        Outcome::BeyondBudget(found) => format!("beyond in {}, rank {}", found.incident, found.rank),
        Outcome::Blurred(count) => format!("blurred in {count}"),
        Outcome::Missed => "missed".into(),
    }
}

#[test]
fn the_rule() {
    let noise = |count: u64| {
        (0..count).map(|number| incident(&format!("n{number}"), 9, 90, &[500 + number])).collect::<Vec<_>>()
    };
    let among = |mut others: Vec<JudgedIncident>, own: JudgedIncident| {
        others.push(own);
        others
    };
    for (name, incidents, expected) in [
        ("one line is enough", vec![incident("i", 11, 1, &[2])], "found in i after 3600 s, rank 1"),
        ("nothing", vec![], "missed"),
        ("others' lines", vec![incident("i", 11, 1, &[11, 21, 500])], "missed"),
        ("half is its own", vec![incident("i", 10, 1, &[1, 500])], "found in i after 0 s, rank 1"),
        ("less than half is", vec![incident("i", 10, 1, &[1, 500, 501])], "blurred in 1"),
        ("a disturbance's lines count against it", vec![incident("i", 10, 1, &[1, 21, 22])], "blurred in 1"),
        ("another attack's lines count against it", vec![incident("i", 10, 1, &[1, 11, 12])], "blurred in 1"),
        ("a line twice counts once", vec![incident("i", 10, 1, &[1, 1, 1, 500, 501])], "blurred in 1"),
        (
            "it is seen when its first line there is written",
            vec![incident("i", 3, 1, &[4, 5])],
            "found in i after 10800 s, rank 1",
        ),
        ("a day after its end", vec![incident("i", 44, 1, &[1])], "found in i after 122400 s, rank 1"),
        ("more than a day after its end", vec![incident("i", 45, 1, &[1])], "blurred in 1"),
        ("the eighth of the day", among(noise(7), incident("i", 11, 1, &[1])), "found in i after 3600 s, rank 8"),
        ("the ninth of the day", among(noise(8), incident("i", 11, 1, &[1])), "beyond in i, rank 9"),
        (
            "the ninth that is more urgent",
            among(noise(8), incident("i", 11, 91, &[1])),
            "found in i after 3600 s, rank 1",
        ),
        (
            "of equal scores the earlier one stands first",
            among(noise(8), incident("i", 8, 90, &[1])),
            "found in i after 0 s, rank 1",
        ),
        (
            "another day has a budget of its own",
            among(noise(8), incident("i", 25, 1, &[1])),
            "found in i after 54000 s, rank 1",
        ),
        (
            "the first one counts",
            vec![
                incident("late", 19, 99, &[1]),
                incident("soon", 12, 1, &[1]),
                incident("blurred", 10, 1, &[1, 500, 501]),
            ],
            "found in soon after 7200 s, rank 3",
        ),
        (
            "one that is looked at goes before an earlier one that is not",
            [among(noise(8), incident("behind", 10, 1, &[1])), vec![incident("i", 30, 1, &[2])]].concat(),
            "found in i after 72000 s, rank 1",
        ),
    ] {
        assert_eq!(outcome(&incidents), expected, "{name}");
        let backwards: Vec<_> = incidents.into_iter().rev().collect();
        assert_eq!(outcome(&backwards), expected, "{name}: the order must not matter");
    }
}

#[test]
fn two_attacks_in_one_incident_are_two_when_each_is_half() {
    let verdict = judged(&[incident("i", 10, 1, &[1, 11])]);
    assert_eq!(verdict.found(), 2);
    assert_eq!(judged(&[incident("i", 10, 1, &[1, 2, 11])]).found(), 1);
}

#[test]
fn what_was_cried_at_is_told() {
    let incidents = [
        incident("d", 10, 5, &[21, 22, 500]),
        incident("mixed", 10, 4, &[23, 500, 501]),
        incident("life", 10, 3, &[502]),
        incident("a", 10, 2, &[1]),
        incident("empty", 10, 1, &[]),
    ];
    let verdict = judged(&incidents);
    assert_eq!(verdict.cried.len(), 1);
    assert_eq!((verdict.cried[0].label.as_str(), verdict.cried[0].incidents), ("d", 1));
    assert_eq!(verdict.in_vain(&truth()), 4);
    let shares: Vec<_> =
        verdict.incidents.iter().map(|found| (found.id.as_str(), found.rank, found.lines, found.mostly)).collect();
    assert_eq!(
        shares,
        [
            ("d", 1, 3, Some((2, 2.0 / 3.0))),
            ("mixed", 2, 3, Some((2, 1.0 / 3.0))),
            ("life", 3, 1, None),
            ("a", 4, 1, Some((0, 1.0))),
            ("empty", 5, 0, None),
        ]
    );
    assert_eq!(verdict.a_day.into_iter().collect::<Vec<_>>(), [(FIRST_DAY.day(), 5)]);
}

#[test]
fn pages_are_counted_by_the_night() {
    let paged = |hours: &[u64]| {
        let mut found = incident("i", 10, 1, &[1]);
        found.pages = hours.iter().map(|at| hour(*at)).collect();
        judged(&[found])
    };
    let first = FIRST_DAY.day();
    for (hours, nights, over) in [
        (&[20][..], vec![(first, 1)], vec![]),
        (&[19], vec![], vec![]),
        (&[5], vec![(first - 1, 1)], vec![]),
        (&[6], vec![], vec![]),
        (&[21, 28], vec![(first, 2)], vec![first]),
        (&[21, 45], vec![(first, 1), (first + 1, 1)], vec![]),
    ] {
        let verdict = paged(hours);
        assert_eq!((verdict.a_night.into_iter().collect::<Vec<_>>(), verdict.nights_over), (nights, over), "{hours:?}");
    }
}
