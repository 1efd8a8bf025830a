//! The state on both engines.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use model::detection::AnalyticKind;
use model::{
    AgencyId, Analytic, Detection, EventId, Level, Note, NoteReason, OpContext, Role, Roles, SourceId, Timestamp,
    limits,
};
use store::journal::Offset;
use store::state::{
    Database, FilePosition, FindingsAsked, Harvest, NewFinding, NewToken, Progress, Scope, State, StateError,
    Suppressed, statements,
};

/// The PostgreSQL server that tests may make schemas in.
const POSTGRES: &str = "WATCHBELL_TEST_POSTGRES";

fn postgres_url() -> String {
    std::env::var(POSTGRES).unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/test".to_owned())
}

/// A schema of its own for each test, so that they run side by side.
async fn postgres(test: &str) -> Option<Database> {
    sqlx::any::install_default_drivers();
    let url = postgres_url();
    let Ok(pool) = sqlx::AnyPool::connect(&url).await else {
        let required = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!required, "CI=true needs a PostgreSQL server, see {POSTGRES}");
        eprintln!("skipped: no PostgreSQL server, see {POSTGRES}");
        return None;
    };
    let schema = format!("watchbell_{test}_{}", std::process::id());
    for statement in [format!("DROP SCHEMA IF EXISTS {schema} CASCADE"), format!("CREATE SCHEMA {schema}")] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    }
    pool.close().await;
    let joint = if url.contains('?') { '&' } else { '?' };
    Some(Database::Postgres(format!("{url}{joint}options=-c%20search_path%3D{schema}")))
}

async fn drop_schema(test: &str) {
    let pool = sqlx::AnyPool::connect(&postgres_url()).await.unwrap();
    let statement = format!("DROP SCHEMA IF EXISTS watchbell_{test}_{} CASCADE", std::process::id());
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
}

/// Runs statements as whoever owns the database.
pub(crate) async fn run_as_owner(database: &Database, statements: &[&str]) {
    let url = match database {
        Database::Postgres(url) => url.clone(),
        Database::Sqlite(path) => {
            use sqlx::ConnectOptions;
            sqlx::sqlite::SqliteConnectOptions::new().filename(path).to_url_lossy().to_string()
        }
    };
    let pool = sqlx::AnyPool::connect(&url).await.unwrap();
    for statement in statements {
        sqlx::query(sqlx::AssertSqlSafe((*statement).to_owned())).execute(&pool).await.unwrap();
    }
    pool.close().await;
}

/// How SQLite is going to run the statements in whose text that stands.
pub(crate) async fn plans(database: &Database, within: &str) -> Vec<(&'static str, String)> {
    let Database::Sqlite(path) = database else { return Vec::new() };
    let url = sqlx::ConnectOptions::to_url_lossy(&sqlx::sqlite::SqliteConnectOptions::new().filename(path));
    let pool = sqlx::AnyPool::connect(url.as_str()).await.unwrap();
    let mut plans = Vec::new();
    for statement in statements().into_iter().filter(|statement| statement.contains(within)) {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let mut query = sqlx::query(explain);
        for _ in 0..statement.matches('$').count() {
            query = query.bind(1);
        }
        let rows = query.fetch_all(&pool).await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| sqlx::Row::get(row, 3)).collect();
        plans.push((statement, lines.join("\n")));
    }
    pool.close().await;
    plans
}

/// Runs a test on each engine.
pub(crate) fn on_both<F: Future<Output = ()>>(test: &str, check: impl Fn(Database) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        // A path that a URL could misread.
        check(Database::Sqlite(folder.path().join("state of?play#1.db"))).await;
        if let Some(database) = postgres(test).await {
            check(database).await;
            drop_schema(test).await;
        }
    });
}

pub(crate) fn ctx(agency: &str, now: i64) -> OpContext {
    let now = Timestamp::from_micros(now);
    OpContext::new(AgencyId::parse(agency).unwrap(), "duty", Roles::of(Role::Analyst), now)
}

fn detection(uid: &str, level: Level, time: i64) -> Detection {
    let analytic = Analytic {
        uid: uid.into(),
        title: format!("rule {uid}"),
        kind: AnalyticKind::Rule,
        level,
        techniques: vec!["T1059".into()],
        tactics: Vec::new(),
        path: None,
    };
    Detection {
        analytic: Arc::new(analytic),
        level,
        time: Timestamp::from_micros(time),
        events: vec![EventId::from_bytes([time as u8; 16])],
        subject: Some("controller".into()),
        because: Vec::new(),
        suppressed_by: None,
        involved: Vec::new(),
    }
}

pub(crate) fn finding(uid: &str, level: Level, time: i64) -> NewFinding {
    NewFinding { detection: detection(uid, level, time), ocsf: format!("ocsf {uid}") }
}

#[test]
fn every_statement_is_understood() {
    on_both("prepare", |database| async move {
        let state = State::open(&database).await.unwrap();
        for statement in statements() {
            state.prepare(statement).await.unwrap_or_else(|error| panic!("{database:?}: {statement}: {error:?}"));
        }
        assert!(state.prepare("SELECT nothing FROM nowhere").await.is_err(), "preparing can fail");
        state.close().await;
    });
}

#[test]
fn findings_and_offset_are_one() {
    on_both("findings", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 1);
        let found = [finding("a", Level::Low, 10), finding("b", Level::Critical, 5), finding("a", Level::Low, 20)];
        assert_eq!(state.commit_findings(&home, "detect", Offset(7), &found).await.unwrap(), 3);
        // The same again, after a restart before the offset was known.
        assert_eq!(state.commit_findings(&home, "detect", Offset(7), &found).await.unwrap(), 0);
        assert_eq!(state.progress(&home, "detect").await.unwrap(), Offset(7));
        state.commit_findings(&home, "detect", Offset(3), &[]).await.unwrap();
        assert_eq!(state.progress(&home, "detect").await.unwrap(), Offset(7), "an offset never goes back");
        let ranked = state.findings(&home, &FindingsAsked::default()).await.unwrap();
        let order: Vec<_> = ranked.iter().map(|f| (f.detection.level, f.detection.time.as_micros())).collect();
        assert_eq!(order, [(Level::Critical, 5), (Level::Low, 20), (Level::Low, 10)]);
        assert_eq!(ranked[0].detection, found[1].detection);
        assert_eq!(state.finding(&home, ranked[0].id).await.unwrap().unwrap(), ranked[0]);
        // A finding that does not fit takes the offset with it.
        let mut huge = finding("c", Level::High, 30);
        huge.detection.subject = Some("x".repeat(limits::FINDING_BYTES_MAX));
        let refused = state.commit_findings(&home, "detect", Offset(9), &[finding("d", Level::Low, 1), huge]).await;
        assert!(matches!(refused, Err(StateError::TooLarge { .. })), "{refused:?}");
        assert_eq!(state.progress(&home, "detect").await.unwrap(), Offset(7));
        assert_eq!(state.findings_count(&home).await.unwrap(), 3);
        state.close().await;
    });
}

#[test]
fn findings_are_numbered_once_in_the_order_of_their_keeping() {
    on_both("order", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", 1), ctx("fire", 1));
        let [a, b, c] = ["a", "b", "c"].map(|uid| finding(uid, Level::Low, 10));
        state.commit_findings(&home, "detect", Offset(1), &[a.clone(), b.clone()]).await.unwrap();
        state.commit_findings(&fire, "detect", Offset(1), std::slice::from_ref(&a)).await.unwrap();
        // Kept already, and one that is new: numbers have no gap and none is given twice.
        state.commit_findings(&home, "detect", Offset(2), &[a, b, c]).await.unwrap();
        let copies = state.findings_after(0, 10).await.unwrap();
        let seen: Vec<_> = copies.iter().map(|copy| (copy.seq, copy.agency.as_str(), copy.ocsf.as_str())).collect();
        assert_eq!(seen, [(1, "home", "ocsf a"), (2, "home", "ocsf b"), (3, "fire", "ocsf a"), (4, "home", "ocsf c")]);
        assert_eq!(state.findings_after(3, 10).await.unwrap().len(), 1);
        assert_eq!(state.findings_after(0, 2).await.unwrap().len(), 2);
        let naming = state.findings_naming(&home, |text| text == b"ocsf b").await.unwrap();
        assert_eq!(naming, [copies[1].id]);
        state.close().await;
    });
}

#[test]
fn positions_of_files_last() {
    on_both("positions", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire, source) = (ctx("home", 5), ctx("fire", 5), SourceId::parse("gateway").unwrap());
        let at = |offset| FilePosition { fingerprint: u64::MAX, offset, check: u64::MAX - 1 };
        state.keep_file_positions(&home, &source, &[at(3)]).await.unwrap();
        state.keep_file_positions(&home, &source, &[at(9)]).await.unwrap();
        assert_eq!(state.file_position(&home, &source, u64::MAX).await.unwrap(), Some(at(9)));
        assert_eq!(state.file_position(&fire, &source, u64::MAX).await.unwrap(), None);
        assert_eq!(state.file_position(&home, &source, 1).await.unwrap(), None);
        assert_eq!(state.forget_file_positions(Timestamp::from_micros(5)).await.unwrap(), 0);
        assert_eq!(state.forget_file_positions(Timestamp::from_micros(6)).await.unwrap(), 1);
        assert_eq!(state.file_position(&home, &source, u64::MAX).await.unwrap(), None);
        state.close().await;
    });
}

#[test]
fn findings_are_asked_for_by_time_level_and_suppression() {
    on_both("asked", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 1);
        let mut silenced = finding("s", Level::High, 15);
        silenced.detection.suppressed_by = Some("known resolvers".into());
        let found = [finding("a", Level::Low, 10), finding("b", Level::High, 20), silenced];
        state.commit_findings(&home, "detect", Offset(1), &found).await.unwrap();
        let check = async |asked: FindingsAsked, uids: &[&str]| {
            let got = state.findings(&home, &asked).await.unwrap();
            let got: Vec<_> = got.iter().map(|finding| finding.detection.analytic.uid.as_str()).collect();
            assert_eq!(got, uids, "{asked:?}");
        };
        let all = FindingsAsked::default;
        check(all(), &["b", "a"]).await;
        check(FindingsAsked { suppressed: Suppressed::Shown, ..all() }, &["b", "s", "a"]).await;
        check(FindingsAsked { level_min: Level::Medium, ..all() }, &["b"]).await;
        check(FindingsAsked { since: Timestamp::from_micros(11), ..all() }, &["b"]).await;
        check(FindingsAsked { before: Timestamp::from_micros(20), ..all() }, &["a"]).await;
        check(FindingsAsked { rows_max: 1, ..all() }, &["b"]).await;
        let first = state.findings(&home, &all()).await.unwrap().remove(0);
        assert!(!state.remove_finding(&ctx("fire", 1), first.id).await.unwrap());
        assert!(state.remove_finding(&home, first.id).await.unwrap());
        check(all(), &["a"]).await;
        state.close().await;
    });
}

#[test]
fn agencies_see_their_own() {
    on_both("agencies", |database| async move {
        let state = State::open(&database).await.unwrap();
        let (home, fire) = (ctx("home", 1), ctx("fire", 1));
        let harvest = |agency: &OpContext, uid: &str| Harvest {
            agency: agency.agency.clone(),
            findings: vec![finding(uid, Level::High, 1)],
            notes: vec![note("a.log")],
        };
        let progress = Progress { consumer: "detect".into(), upto: Offset(5) };
        let both = [harvest(&home, "same"), harvest(&fire, "same")];
        assert_eq!(state.commit_harvest(&home, &progress, &both).await.unwrap(), 2);
        // A replay counts no note twice.
        assert_eq!(state.commit_harvest(&home, &progress, &both).await.unwrap(), 0);
        state.save_hunt(&home, "logins", "SELECT 1").await.unwrap();
        add_token(&state, &home, "collector", 1).await;
        state.place_hold(&home, ("case-7", "court order 12"), times(0, 10)).await.unwrap();
        for (ctx, hunts) in [(&home, 1), (&fire, 0)] {
            assert_eq!(state.findings_count(ctx).await.unwrap(), 1);
            assert_eq!(state.note_counts(ctx).await.unwrap()[0].seen, 1);
            assert_eq!(state.saved_hunts(ctx).await.unwrap().len(), hunts);
            assert_eq!(state.tokens(ctx).await.unwrap().len(), hunts);
            assert_eq!(state.holds(ctx).await.unwrap().len(), hunts);
            assert_eq!(state.progress_of_all(ctx).await.unwrap().len(), hunts);
        }
        assert!(matches!(state.saved_hunt(&fire, "logins").await, Err(StateError::NotFound { .. })));
        assert!(matches!(state.remove_hunt(&fire, "logins").await, Err(StateError::NotFound { .. })));
        assert!(matches!(state.revoke_token(&fire, "collector").await, Err(StateError::NotFound { .. })));
        assert!(matches!(state.lift_hold(&fire, "case-7").await, Err(StateError::NotFound { .. })));
        assert!(!state.is_held(&fire, times(0, 10).0, times(0, 10).1).await.unwrap());
        state.close().await;
    });
}

fn times(from: i64, upto: i64) -> (Timestamp, Timestamp) {
    (Timestamp::from_micros(from), Timestamp::from_micros(upto))
}

fn note(source: &str) -> Note {
    let (source, detail) = (source.to_owned(), "not JSON".to_owned());
    Note { source, cursor: None, line: Some(3), reason: NoteReason::Malformed, detail }
}

#[test]
fn notes_are_counted_and_the_first_kept() {
    on_both("notes", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 4);
        let many = vec![note("a.log"); limits::NOTES_KEPT_MAX - 1];
        state.add_notes(&home, &many).await.unwrap();
        let late = Note { reason: NoteReason::NoTime, ..note("a.log") };
        state.add_notes(&home, &[note("a.log"), note("a.log"), late, note("b.log")]).await.unwrap();
        let counts = state.note_counts(&home).await.unwrap();
        let counts: Vec<_> = counts.iter().map(|c| (c.source.as_str(), c.reason, c.seen)).collect();
        let most = limits::NOTES_KEPT_MAX as u64 + 1;
        let expected = [
            ("a.log", NoteReason::Malformed, most),
            ("a.log", NoteReason::NoTime, 1),
            ("b.log", NoteReason::Malformed, 1),
        ];
        assert_eq!(counts, expected);
        let kept = state.notes(&home, "a.log", usize::MAX).await.unwrap();
        assert_eq!((kept.len(), &kept[0]), (limits::NOTES_KEPT_MAX, &note("a.log")));
        state.close().await;
    });
}

#[test]
fn hunts_are_saved_by_name() {
    on_both("hunts", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 9);
        state.save_hunt(&home, "b", "SELECT 1").await.unwrap();
        state.save_hunt(&home, "a", "SELECT 'ü; DROP TABLE saved_hunts'").await.unwrap();
        state.save_hunt(&home, "b", "SELECT 2").await.unwrap();
        let hunts = state.saved_hunts(&home).await.unwrap();
        let hunts: Vec<_> = hunts.iter().map(|hunt| (hunt.name.as_str(), hunt.query.as_str())).collect();
        assert_eq!(hunts, [("a", "SELECT 'ü; DROP TABLE saved_hunts'"), ("b", "SELECT 2")]);
        state.remove_hunt(&home, "a").await.unwrap();
        assert!(matches!(state.saved_hunt(&home, "a").await, Err(StateError::NotFound { .. })));
        assert!(matches!(state.save_hunt(&home, "", "x").await, Err(StateError::BadName { .. })));
        let long = "x".repeat(limits::SAVED_HUNT_BYTES_MAX + 1);
        assert!(matches!(state.save_hunt(&home, "c", &long).await, Err(StateError::TooLarge { .. })));
        for number in 1..limits::SAVED_HUNTS_MAX {
            state.save_hunt(&home, &format!("n{number}"), "x").await.unwrap();
        }
        assert!(matches!(state.save_hunt(&home, "one more", "x").await, Err(StateError::TooLarge { .. })));
        state.save_hunt(&home, "b", "changing one of them is no more").await.unwrap();
        state.close().await;
    });
}

async fn add_token(state: &State, ctx: &OpContext, name: &str, secret: u8) {
    let scopes = BTreeSet::from([Scope::Ingest, Scope::Hunt]);
    let token = NewToken { name, secret: &[secret; 32], scopes, expires: Timestamp::from_micros(1_000) };
    state.add_token(ctx, &token).await.unwrap();
}

#[test]
fn tokens_are_known_until_they_end() {
    on_both("tokens", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 10);
        add_token(&state, &home, "collector", 1).await;
        add_token(&state, &ctx("fire", 10), "collector", 2).await;
        let known = async |secret: u8, now: i64| {
            state.token(&[secret; 32], Timestamp::from_micros(now)).await.unwrap().map(|token| token.agency.to_string())
        };
        assert_eq!(known(1, 11).await.as_deref(), Some("home"));
        assert_eq!(known(2, 11).await.as_deref(), Some("fire"));
        assert_eq!(known(3, 11).await, None);
        assert_eq!(known(1, 1_000).await, None, "it ends on time");
        state.revoke_token(&home, "collector").await.unwrap();
        assert_eq!(known(1, 12).await, None);
        assert_eq!(known(2, 12).await.as_deref(), Some("fire"));
        let token = &state.tokens(&home).await.unwrap()[0];
        assert_eq!((token.revoked, token.scopes.len()), (Some(home.now), 2));
        let scopes = BTreeSet::new();
        let again = NewToken { name: "collector", secret: &[9; 32], scopes, expires: home.now };
        assert!(matches!(state.add_token(&home, &again).await, Err(StateError::Exists { .. })));
        state.close().await;
    });
}

#[test]
fn holds_hold_until_they_are_lifted() {
    on_both("holds", |database| async move {
        let state = State::open(&database).await.unwrap();
        let home = ctx("home", 10);
        state.place_hold(&home, ("case-7", "court order 12"), times(100, 200)).await.unwrap();
        let check = async |from: i64, upto: i64, held: bool| {
            assert_eq!(state.is_held(&home, times(from, upto).0, times(from, upto).1).await.unwrap(), held);
        };
        check(0, 100, false).await;
        check(0, 101, true).await;
        check(120, 130, true).await;
        check(200, 300, false).await;
        assert!(state.place_hold(&home, ("case-8", "x"), times(5, 5)).await.is_err());
        let again = state.place_hold(&home, ("case-7", "x"), times(0, 5)).await;
        assert!(matches!(again, Err(StateError::Exists { .. })), "{again:?}");
        state.lift_hold(&home, "case-7").await.unwrap();
        check(120, 130, false).await;
        assert_eq!(state.holds(&home).await.unwrap()[0].lifted, Some(("duty".to_owned(), home.now)));
        state.close().await;
    });
}

#[test]
fn an_older_database_is_brought_up_to_date() {
    on_both("upgrade", |database| async move {
        let home = ctx("home", 1);
        let old = State::open_at(&database, 1).await.unwrap();
        old.commit_findings(&home, "detect", Offset(4), &[]).await.unwrap();
        let saved = "INSERT INTO saved_hunts (agency, name, query, changed_by, changed_us) VALUES ('home', 'logins', 'x', 'y', 1)";
        run_as_owner(&database, &[saved]).await;
        assert!(old.holds(&home).await.is_err(), "version 1 has no holds");
        old.close().await;
        // Two programs start on it at once, and once more later.
        let (left, right) = tokio::join!(State::open(&database), State::open(&database));
        for state in [left.unwrap(), right.unwrap(), State::open(&database).await.unwrap()] {
            assert_eq!(state.saved_hunts(&home).await.unwrap().len(), 1);
            assert_eq!(state.progress(&home, "detect").await.unwrap(), Offset(4));
            assert!(state.holds(&home).await.unwrap().is_empty());
            state.close().await;
        }
    });
}

#[test]
fn a_newer_or_changed_database_is_left_alone() {
    on_both("newer", |database| async move {
        let state = State::open(&database).await.unwrap();
        state.close().await;
        let url = match &database {
            Database::Postgres(url) => url.clone(),
            Database::Sqlite(path) => {
                use sqlx::ConnectOptions;
                sqlx::sqlite::SqliteConnectOptions::new().filename(path).to_url_lossy().to_string()
            }
        };
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        sqlx::query("INSERT INTO migrations (version, hash) VALUES (9999, 'x')").execute(&pool).await.unwrap();
        assert!(matches!(State::open(&database).await, Err(StateError::TooNew { found: 9_999, .. })));
        sqlx::query("DELETE FROM migrations WHERE version = 9999").execute(&pool).await.unwrap();
        sqlx::query("UPDATE migrations SET hash = 'x' WHERE version = 1").execute(&pool).await.unwrap();
        assert!(matches!(State::open(&database).await, Err(StateError::MigrationChanged { version: 1 })));
        pool.close().await;
    });
}

#[test]
fn only_the_owner_reads_the_file_and_no_password_is_printed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&Database::Sqlite(folder.path().join("state.db"))).await.unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.path());
        }
        state.close().await;
    });
    let secret = Database::Postgres("postgres://a:hunter2@host/db".into());
    assert!(!format!("{secret:?}").contains("hunter2"));
}
