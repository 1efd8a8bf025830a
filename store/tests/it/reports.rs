//! What people report, sealed and erased, and what concerns the city itself; on both engines.

use model::detection::AnalyticKind;
use model::{Grade, Level, Marking, Pap, Tlp, limits};
use store::journal::Offset;
use store::state::{InboxAsked, NewFinding, NewReport, ReportStatus, State, Verdict};
use store::vault::Vault;

use crate::state::{ctx, finding, on_both};

fn report(title: &str) -> NewReport {
    NewReport {
        source: "liaison".into(),
        grade: "B2".parse::<Grade>().unwrap(),
        marking: Marking { tlp: Tlp::Red, pap: Pap::Amber },
        title: title.into(),
        body: "h.brandt saw 192.0.2.7".into(),
        attachments: vec![("mail.eml".into(), b"\x00from h.brandt\xff".to_vec()), ("empty".into(), Vec::new())],
    }
}

#[test]
fn reports_are_sealed_decided_once_and_erased() {
    on_both("reports", |database| async move {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("vault.db"), &folder.path().join("master.key")).await.unwrap();
        let state = State::open(&database).await.unwrap().with_vault(vault);
        let (home, fire) = (ctx("home", 10), ctx("fire", 10));
        let id = state.add_report(&home, &report("a note")).await.unwrap();
        let later = state.add_report(&ctx("home", 20), &report("later")).await.unwrap();
        let listed = state.reports(&home, 10).await.unwrap();
        let titles: Vec<_> = listed.iter().map(|report| (report.title.as_str(), report.body.as_str())).collect();
        assert_eq!(titles, [("later", ""), ("a note", "")]);
        let kept = state.report(&home, id).await.unwrap().unwrap();
        assert_eq!(
            (kept.body.as_str(), kept.marking.tlp, kept.grade.to_string().as_str()),
            ("h.brandt saw 192.0.2.7", Tlp::Red, "B2")
        );
        assert_eq!((kept.status, &kept.decided, kept.created_by.as_str()), (ReportStatus::Proposed, &None, "duty"));
        let attached = state.attachments(&home, id).await.unwrap();
        assert_eq!(
            attached.iter().map(|one| (one.number, one.name.as_str(), one.size)).collect::<Vec<_>>(),
            [(1, "mail.eml", 15), (2, "empty", 0)]
        );
        assert_eq!(state.attachment(&home, id, 1).await.unwrap().unwrap().1, b"\x00from h.brandt\xff");
        assert_eq!(state.attachment(&home, id, 2).await.unwrap().unwrap().1, b"");
        // Of another agency's there is nothing.
        assert!(
            state.report(&fire, id).await.unwrap().is_none() && state.attachment(&fire, id, 1).await.unwrap().is_none()
        );
        assert!(state.decide_report(&fire, id, 1).await.is_err());
        // Whoever has the database alone reads nothing.
        let blind = State::open(&database).await.unwrap();
        let unread = blind.report(&home, id).await.unwrap().unwrap();
        assert_eq!((unread.title.as_str(), unread.body.as_str()), ("(words erased)", "(words erased)"));
        assert!(blind.attachment(&home, id, 1).await.unwrap().is_none());
        blind.close().await;
        state.decide_report(&home, id, 3).await.unwrap();
        assert!(state.decide_report(&home, id, 0).await.is_err(), "once");
        let decided = state.report(&home, id).await.unwrap().unwrap();
        assert_eq!(
            (decided.status, decided.taken, decided.decided),
            (ReportStatus::Confirmed, 3, Some(("duty".into(), home.now)))
        );
        state.decide_report(&home, later, 0).await.unwrap();
        assert_eq!(state.report(&home, later).await.unwrap().unwrap().status, ReportStatus::Dismissed);
        // Two texts and two attachments name the person.
        let names = |text: &[u8]| text.windows(8).any(|part| part == b"h.brandt");
        assert_eq!(state.texts_naming(&home, names).await.unwrap(), 4);
        assert_eq!(state.erase_texts_naming(&home, names).await.unwrap(), 4);
        assert_eq!(state.texts_naming(&home, names).await.unwrap(), 0);
        assert_eq!(state.report(&home, id).await.unwrap().unwrap().body, "");
        assert!(state.attachment(&home, id, 1).await.unwrap().is_none());
        assert_eq!(state.attachments(&home, id).await.unwrap()[0].name, "mail.eml", "what names nobody stays");
        state.close().await;
    });
}

#[test]
fn what_is_too_large_is_refused() {
    on_both("large_reports", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 10);
        let check = async |change: &dyn Fn(&mut NewReport), expected: &str| {
            let mut new = report("a");
            change(&mut new);
            let said = state.add_report(&home, &new).await.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(expected), "{said}");
        };
        check(&|new| new.body = "x".repeat(limits::REPORT_BYTES_MAX + 1), "bytes of a report").await;
        check(&|new| new.title = "x".repeat(limits::REPORT_TITLE_CHARS_MAX + 1), "title").await;
        check(&|new| new.attachments = vec![Default::default(); limits::REPORT_ATTACHMENTS_MAX + 1], "attachments")
            .await;
        check(&|new| new.attachments[0].1 = vec![0; limits::REPORT_ATTACHMENT_BYTES_MAX + 1], "bytes of an attachment")
            .await;
        assert_eq!(state.reports(&home, 10).await.unwrap().len(), 0);
        state.close().await;
    });
}

#[test]
fn what_concerns_the_city_is_kept_once_and_found_by_itself() {
    on_both("targeted", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", 10), ctx("fire", 10));
        let targeted = |uid: &str, level, subject: &str| {
            let NewFinding { mut detection, ocsf } = finding(uid, level, 5);
            let mut analytic = detection.analytic.as_ref().clone();
            analytic.kind = AnalyticKind::Targeted;
            detection.analytic = analytic.into();
            detection.events.clear();
            detection.subject = Some(subject.into());
            NewFinding { detection, ocsf }
        };
        state.commit_findings(&home, "detect", Offset(1), &[finding("rule", Level::High, 9)]).await.unwrap();
        let found = [
            targeted("city:a", Level::Low, "x"),
            targeted("city:a", Level::High, "zebra"),
            targeted("city:b", Level::Low, "x"),
        ];
        assert_eq!(state.keep_findings(&home, &found).await.unwrap(), 3);
        assert_eq!(state.keep_findings(&home, &found).await.unwrap(), 0, "known already");
        assert_eq!(state.keep_findings(&fire, &found[..1]).await.unwrap(), 1, "another agency has its own");
        let asked = InboxAsked::default();
        let of = async |asked: &InboxAsked| {
            let rows = state.targeted_findings(&home, asked, 10).await.unwrap();
            rows.into_iter().map(|row| (row.level, row.subject.unwrap())).collect::<Vec<_>>()
        };
        let first = of(&asked).await;
        assert_eq!((first.len(), &first[0]), (3, &(Level::High, "zebra".to_owned())));
        assert_eq!(of(&InboxAsked { level_min: Level::Medium, ..asked.clone() }).await.len(), 1);
        assert_eq!(of(&InboxAsked { text: "ZEB".into(), ..asked.clone() }).await.len(), 1);
        assert_eq!(of(&InboxAsked { verdict: Verdict::Escalated, ..asked.clone() }).await.len(), 0);
        // Numbered with all others, for the lake and for who waits for news.
        let copies = state.findings_after(0, 10).await.unwrap();
        let numbers: Vec<u64> = copies.iter().map(|copy| copy.seq).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        state.close().await;
    });
}
