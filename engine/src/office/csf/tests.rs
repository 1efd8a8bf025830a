//! Answers by year, who may give them, and gifts that stay as they were drawn.

use model::register::{Item, ItemId, ItemKind};
use model::{Role, Timestamp};

use super::super::tests::Place;
use super::*;

fn answer(question: &str, current: u8, target: u8) -> Answer {
    Answer { question: question.to_owned(), current: Some(current), target: Some(target), ..Answer::default() }
}

fn said<T: std::fmt::Debug>(refused: Result<T, OfficeError>) -> String {
    refused.unwrap_err().to_string()
}

fn later(ctx: &OpContext) -> OpContext {
    let mut later = ctx.clone();
    later.now = Timestamp::from_micros(ctx.now.as_micros() + 1);
    later
}

#[tokio::test]
async fn a_year_is_answered_step_by_step() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    let empty = office.csf_posture(&lead, None).await.unwrap();
    assert_eq!((empty.assessment.year, empty.version, empty.years.len()), (2023, None, 0), "the year of the clock");
    assert_eq!(empty.posture.unanswered.len(), 106);
    let first = office.answer_csf(&lead, (2023, Some(0)), vec![answer("GV.OC-01", 3, 5)]).await.unwrap();
    assert_eq!(first.number, 1);
    // Whoever looked before that looks again.
    let late = office.answer_csf(&lead, (2023, Some(0)), vec![answer("GV.OC-01", 4, 5)]).await;
    assert!(matches!(late, Err(OfficeError::Conflict(_))), "{late:?}");
    let wrong = office.answer_csf(&lead, (2023, Some(1)), vec![answer("GV.OC-01", 9, 5)]).await;
    assert!(said(wrong).contains("GV.OC-01: current is a step from 1 to 7"));
    assert!(said(office.answer_csf(&lead, (12, None), Vec::new()).await).contains("no year"));
    office.set_csf_tier(&lead, (2023, Some(1)), (Some(2), Some(3))).await.unwrap();
    assert!(said(office.set_csf_tier(&lead, (2023, None), (Some(5), None)).await).contains("1 to 4"));
    office.answer_csf(&lead, (2022, None), vec![answer("GV.OC-01", 2, 5)]).await.unwrap();
    let view = office.csf_posture(&lead, None).await.unwrap();
    assert_eq!((view.years.as_slice(), view.posture.tier), ([2023, 2022].as_slice(), Some(2)));
    let govern = view.trend.last().unwrap().functions[&Function::Govern];
    assert_eq!((govern.rose_alike, govern.alike), (Some(1.0), 1));
    // Taken back, and asked for by year.
    let nothing = Answer { question: "GV.OC-01".to_owned(), ..Answer::default() };
    office.answer_csf(&lead, (2023, None), vec![nothing]).await.unwrap();
    assert!(office.csf_posture(&lead, Some(2023)).await.unwrap().assessment.answers.is_empty());
    assert_eq!(office.csf_posture(&lead, Some(2022)).await.unwrap().assessment.answers.len(), 1);
}

#[tokio::test]
async fn the_trend_goes_back_so_many_years() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    let first = 2023 - i16::try_from(limits::CSF_YEARS_MAX).unwrap();
    for year in first..=2023 {
        office.answer_csf(&lead, (year, None), vec![answer("GV.OC-01", 3, 5)]).await.unwrap();
    }
    let view = office.csf_posture(&lead, None).await.unwrap();
    assert_eq!((view.trend.len(), view.trend[0].year), (limits::CSF_YEARS_MAX, first + 1));
}

#[tokio::test]
async fn who_only_looks_answers_nothing() {
    let place = Place::new().await;
    let (office, analyst, reader) = (&place.office, place.ctx(Role::Analyst), place.ctx(Role::Reader));
    let asked = GiftAsked { year: 2023, epsilon: Epsilon::new(6, 1).unwrap(), size: None };
    let terms = Terms { year: 2023, level_max: 7, epsilon: asked.epsilon };
    let refused = [
        office.answer_csf(&analyst, (2023, None), Vec::new()).await.map(|_| ()),
        office.set_csf_tier(&analyst, (2023, None), (None, None)).await.map(|_| ()),
        office.keep_csf_questions(&analyst, b"").await.map(|_| ()),
        office.import_csf(&analyst, 2023, (AnswersForm::Table, b""), true).await.map(|_| ()),
        office.csf_gift(&analyst, &asked).await.map(|_| ()),
        office.combine_csf(&analyst, &terms, Useful::default(), &[]).await.map(|_| ()),
        office.bring_csf_comparison(&analyst, b"").await.map(|_| ()),
        office.csf_posture(&reader, None).await.map(|_| ()),
        office.csf_questions(&reader).await.map(|_| ()),
        office.csf_given(&reader, 2023).await.map(|_| ()),
        office.csf_comparison(&reader, 2023).await.map(|_| ()),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(OfficeError::Denied(_))), "{refused:?}");
    }
    office.csf_posture(&analyst, None).await.unwrap();
}

#[tokio::test]
async fn files_go_in_and_come_out() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    let table = b"question,current,target,note\nGV.OC-01,3,5,words\nXX.YY-01,1,1,\n";
    let planned = office.import_csf(&lead, 2023, (AnswersForm::Table, table), true).await.unwrap();
    assert_eq!((planned.changed, planned.gone, planned.notes.len()), (1, 0, 1));
    assert!(office.csf_assessment(&lead, 2023).await.unwrap().is_none(), "a plan changes nothing");
    assert_eq!(office.import_csf(&lead, 2023, (AnswersForm::Table, table), false).await.unwrap(), planned);
    let (_, kept) = office.csf_assessment(&lead, 2023).await.unwrap().unwrap();
    assert_eq!(kept.answers["GV.OC-01"].note, "words");
    let whole = br#"{"year": 2023, "answers": [{"question": "GV.OC-02", "current": 2}]}"#;
    let done = office.import_csf(&lead, 2023, (AnswersForm::Json, whole), false).await.unwrap();
    assert_eq!((done.changed, done.gone), (1, 1));
    assert!(said(office.import_csf(&lead, 2022, (AnswersForm::Json, whole), false).await).contains("of 2023"));
    // Own questions: answers to others stay, and are named.
    let own = br#"{"version": "own", "levels": ["no", "yes"], "tiers": ["a", "b"],
        "category": [{"id": "GV.OC", "title": "One"}], "question": [{"id": "GV.OC-01", "ask": "?"}]}"#;
    office.keep_csf_questions(&lead, own).await.unwrap();
    let view = office.csf_posture(&lead, Some(2023)).await.unwrap();
    assert_eq!((view.questions.set.version.as_str(), view.assessment.answers.len()), ("own", 1));
    assert!(
        view.posture.because.iter().any(|reason| reason.to_string().contains("GV.OC-02")),
        "{:?}",
        view.posture.because
    );
    assert!(said(office.keep_csf_questions(&lead, b"levels = 7").await).contains("form of questions"));
}

#[tokio::test]
async fn the_program_counts_itself() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    office.add_item(&lead, Item::new(ItemId::parse("srv-1").unwrap(), ItemKind::Machine, "Server")).await.unwrap();
    let view = office.csf_posture(&lead, None).await.unwrap();
    let of = |question: &str| view.figures.iter().find(|figure| figure.question == question).unwrap();
    assert_eq!(of("ID.AM-03").value, "1 of 1 (100 %)");
    assert_eq!((of("GV.RM-02").value.as_str(), of("GV.RM-02").is_bad), ("none is kept", true));
    assert_eq!(of("ID.RA-02").value, "0");
}

#[tokio::test]
async fn a_gift_is_drawn_once() {
    let place = Place::new().await;
    let (office, lead) = (&place.office, place.ctx(Role::Lead));
    let asked = GiftAsked { year: 2023, epsilon: Epsilon::new(6, 1).unwrap(), size: Some(SizeClass::Small) };
    assert!(matches!(office.csf_gift(&lead, &asked).await, Err(OfficeError::NotFound { .. })));
    office.answer_csf(&lead, (2023, None), vec![answer("GV.OC-01", 3, 5)]).await.unwrap();
    let first = office.csf_gift(&lead, &asked).await.unwrap();
    assert!(!first.is_again);
    // On other terms, with other answers, later: the same gift.
    office.answer_csf(&lead, (2023, None), vec![answer("GV.OC-01", 7, 7)]).await.unwrap();
    let other = GiftAsked { epsilon: Epsilon::new(60, 1).unwrap(), size: None, ..asked };
    let again = office.csf_gift(&later(&lead), &other).await.unwrap();
    assert_eq!((again.is_again, &again.gift), (true, &first.gift));
    office.answer_csf(&lead, (2022, None), vec![answer("GV.OC-01", 3, 5)]).await.unwrap();
    let before = office.csf_gift(&lead, &GiftAsked { year: 2022, ..asked }).await.unwrap();
    assert_ne!(before.gift.values, first.gift.values, "six values of a wide noise are not drawn twice");
    let view = office.csf_posture(&lead, None).await.unwrap();
    assert_eq!((view.given.as_ref(), view.epsilon_spent), (Some(&first.gift), 12.0));
    // One alone is too few, and what is of another year does not count.
    let files = [first.gift.written().unwrap(), before.gift.written().unwrap(), b"[7]".to_vec()];
    let comparison = office.combine_csf(&lead, &first.gift.terms(), Useful::default(), &files).await.unwrap();
    assert_eq!((comparison.agencies, comparison.refused.len()), (1, 2));
    assert!(comparison.cells.iter().all(|cell| cell.estimate.is_none() && cell.too_few.is_some()));
    assert_eq!(office.csf_posture(&lead, None).await.unwrap().comparison, Some(comparison.clone()));
    assert!(
        said(office.combine_csf(&lead, &first.gift.terms(), Useful::default(), &[b"x".to_vec()]).await)
            .contains("file 1")
    );
    let alone = Useful { agencies_min: 1, ..Useful::default() };
    assert!(said(office.combine_csf(&lead, &first.gift.terms(), alone, &[]).await).contains("2 agencies at least"));
    // What somebody else put together.
    let brought = serde_json::to_vec(&comparison).unwrap();
    assert_eq!(office.bring_csf_comparison(&lead, &brought).await.unwrap(), comparison);
    assert!(said(office.bring_csf_comparison(&lead, b"{}").await).contains("form of a result"));
}
