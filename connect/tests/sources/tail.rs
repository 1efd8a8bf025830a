//! Tailed files: growth, rotation in all its forms, restarts, limits.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use connect::tail::{NoPositions, Position, PositionError, Positions, Tail, fingerprint};
use model::doors::{BoxFuture, IntakeError};
use model::limits::{BATCH_RECORDS_MAX, RECORD_BYTES_MAX, UNPACK_RATIO_FREE_BYTES};
use model::{Cursor, Format, SourceId};
use tempfile::TempDir;

use crate::intake::{FakeIntake, Running, busy, config};

/// Positions that outlive a source.
#[derive(Default)]
struct Memory(Mutex<HashMap<u64, Position>>);

impl Positions for Memory {
    fn load<'a>(&'a self, _: &'a SourceId, file: u64) -> BoxFuture<'a, Result<Option<Position>, PositionError>> {
        let found = self.0.lock().expect("unpoisoned").get(&file).copied();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn store<'a>(&'a self, _: &'a SourceId, file: u64, at: Position) -> BoxFuture<'a, Result<(), PositionError>> {
        self.0.lock().expect("unpoisoned").insert(file, at);
        Box::pin(std::future::ready(Ok(())))
    }
}

struct Logs {
    folder: TempDir,
    intake: Arc<FakeIntake>,
    positions: Arc<dyn Positions>,
}

impl Logs {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Logs { folder, intake: FakeIntake::new(), positions: Arc::new(Memory::default()) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).expect("opened");
        file.write_all(text.as_bytes()).expect("written");
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("renamed");
    }

    fn gzip(&self, name: &str) {
        let target = File::create(self.path(&format!("{name}.gz"))).expect("created");
        let mut packer = flate2::write::GzEncoder::new(target, flate2::Compression::default());
        packer.write_all(&fs::read(self.path(name)).expect("read")).expect("packed");
        packer.finish().expect("packed");
        fs::remove_file(self.path(name)).expect("removed");
    }

    fn start(&self, pattern: &str, settings: &str) -> Running {
        let path = self.path(pattern);
        let settings = format!("paths = ['{}']\npoll_interval_ms = 10\n{settings}", path.display());
        Running::start(Tail::new(config(&settings), Arc::clone(&self.positions)), &self.intake)
    }

    /// As `assert_eq` would, without printing thousands of lines.
    fn assert_each_once(&self, written: u32, seed: u64) {
        let mut times: HashMap<Vec<u8>, Vec<Option<Cursor>>> = HashMap::new();
        for record in self.intake.stored() {
            times.entry(record.body).or_default().push(record.cursor);
        }
        for line in expected(0..written) {
            let found = times.remove(line.as_bytes()).unwrap_or_default();
            assert_eq!(found.len(), 1, "seed {seed}: {line} of {written}: {found:?}");
        }
        assert!(times.is_empty(), "seed {seed}");
    }

    fn all_are_named(&self) -> bool {
        self.intake.submitted().iter().all(|record| record.cursor.is_some())
    }
}

fn lines(range: std::ops::Range<u32>) -> String {
    range.map(|number| format!("line {number:06}\n")).collect()
}

fn expected(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("line {number:06}")).collect()
}

#[tokio::test]
async fn lines_are_named_by_content_and_offset() {
    let logs = Logs::new();
    logs.append("app.log", "first\r\n\nsecond\nhalf");
    let source = logs.start("app.log", "format = 'zeek'");
    logs.intake.until_stored(2).await;
    logs.append("app.log", " and whole\n");
    logs.intake.until_stored(3).await;
    assert_eq!(logs.intake.texts(), ["first", "second", "half and whole"]);
    let fingerprint = fingerprint(b"first\r\n", false).expect("a line");
    let cursors: Vec<_> = logs.intake.submitted().into_iter().map(|record| (record.cursor, record.format)).collect();
    let at = |offset| (Some(Cursor::File { fingerprint, offset }), Some(Format::Zeek));
    assert_eq!(cursors, [at(0), at(8), at(15)]);
    source.stop().await;
}

#[tokio::test]
async fn new_files_in_a_folder_are_found_and_pipes_left_alone() {
    let logs = Logs::new();
    let pipe = std::process::Command::new("mkfifo").arg(logs.path("pipe")).status();
    assert!(pipe.is_ok_and(|status| status.success()));
    let source = logs.start("", "");
    logs.append("a.log", "a\n");
    logs.intake.until_stored(1).await;
    logs.append("b.log", "b\n");
    logs.intake.until_stored(2).await;
    assert_eq!(logs.intake.sorted(), ["a", "b"]);
    source.stop().await;
}

#[tokio::test]
async fn rotation_by_rename_loses_and_doubles_nothing() {
    for pattern in ["app.log*", "app.log"] {
        let logs = Logs::new();
        logs.append("app.log", &lines(0..100));
        let source = logs.start(pattern, "");
        logs.intake.until_stored(100).await;
        logs.rename("app.log", "app.log.1");
        // Writers keep the file open for a while after its name has changed.
        logs.append("app.log.1", &lines(100..150));
        logs.append("app.log", &lines(150..200));
        logs.intake.until_stored(200).await;
        logs.rename("app.log.1", "app.log.2");
        logs.rename("app.log", "app.log.1");
        logs.append("app.log", &lines(200..250));
        logs.intake.until_stored(250).await;
        source.stop().await;
        assert_eq!(logs.intake.sorted(), expected(0..250), "{pattern}");
        assert_eq!(logs.intake.submitted().len(), 250, "{pattern}");
    }
}

#[tokio::test]
async fn rotation_by_copy_and_truncation_loses_and_doubles_nothing() {
    for size in [20, 2_000] {
        let logs = Logs::new();
        logs.append("app.log", &lines(0..size));
        let source = logs.start("app.log*", "");
        logs.intake.until_stored(size as usize / 2).await;
        // Written between our last look and the copy.
        logs.append("app.log", &lines(size..size + 10));
        fs::copy(logs.path("app.log"), logs.path("app.log.1")).expect("copied");
        File::create(logs.path("app.log")).expect("truncated");
        logs.append("app.log", &lines(size + 10..size + 30));
        logs.intake.until_stored(size as usize + 30).await;
        source.stop().await;
        assert_eq!(logs.intake.sorted(), expected(0..size + 30));
        assert!(logs.all_are_named());
    }
}

#[tokio::test]
async fn a_copy_beside_its_original_is_stored_once() {
    let logs = Logs::new();
    logs.append("app.log", &lines(0..2_000));
    let source = logs.start("app.log*", "");
    logs.intake.until_stored(2_000).await;
    fs::copy(logs.path("app.log"), logs.path("app.log.bak")).expect("copied");
    logs.append("app.log", &lines(2_000..2_010));
    logs.intake.until_stored(2_010).await;
    logs.append("other.log", "");
    logs.append("app.log.2", "another\n");
    logs.intake.until_stored(2_011).await;
    source.stop().await;
    assert_eq!(logs.intake.stored().len(), 2_011);
}

#[tokio::test]
async fn packed_files_go_on_where_their_original_was_left() {
    let logs = Logs::new();
    logs.append("app.log", &lines(0..50));
    let source = logs.start("app.log*", "");
    logs.intake.until_stored(50).await;
    source.stop().await;
    // While nobody looks: more lines, rotation, packing.
    logs.append("app.log", &lines(50..80));
    logs.rename("app.log", "app.log.1");
    logs.gzip("app.log.1");
    logs.append("app.log", &lines(80..90));
    let packed = zstd::encode_all(lines(90..120).as_bytes(), 3).expect("packed");
    fs::write(logs.path("app.log.2.zst"), packed).expect("written");
    let source = logs.start("app.log*", "");
    logs.intake.until_stored(120).await;
    source.stop().await;
    assert_eq!(logs.intake.sorted(), expected(0..120));
    assert_eq!(logs.intake.submitted().len(), 120);
}

#[tokio::test]
async fn packing_what_was_read_brings_nothing_new() {
    let logs = Logs::new();
    logs.append("app.log.1", &lines(0..50));
    let source = logs.start("app.log*", "");
    logs.intake.until_stored(50).await;
    logs.gzip("app.log.1");
    logs.append("app.log", "sentinel\n");
    logs.intake.until_stored(51).await;
    // Packed files are read at the second look that finds them unchanged; a second packed file comes after the first.
    fs::write(logs.path("app.log.9.zst"), zstd::encode_all(&b"last\n"[..], 3).expect("packed")).expect("written");
    logs.intake.until_stored(52).await;
    source.stop().await;
    assert_eq!(logs.intake.submitted().len(), 52);
}

#[tokio::test]
async fn a_broken_archive_gives_what_is_whole_and_a_note() {
    let logs = Logs::new();
    // Hex digits of a hash pack badly, so that the cut is far from the start.
    let text: String = (0..4_000u32).map(|n| format!("{:?}\n", fastrand::Rng::with_seed(n.into()).u128(..))).collect();
    logs.append("old", &text);
    logs.gzip("old");
    let whole = fs::read(logs.path("old.gz")).expect("read");
    fs::write(logs.path("old.gz"), &whole[..whole.len() / 2]).expect("cut");
    fs::write(logs.path("not.gz"), b"this is no archive").expect("written");
    let source = logs.start("*", "");
    source.until("both are noted", |now| now.refused == 2).await;
    logs.intake.until("some lines", |intake| intake.stored().len() > 100).await;
    let kept = logs.intake.texts();
    assert!(text.lines().zip(&kept).all(|(line, kept)| line == kept) && kept.len() < 4_000);
    source.stop().await;
}

#[tokio::test]
async fn an_archive_that_unpacks_without_end_is_given_up_and_noted() {
    // Packs better than the limit allows, and goes on beyond the size below which that is not judged.
    let line = format!("{}\n", "x".repeat(1024 * 1024));
    let lines = usize::try_from(UNPACK_RATIO_FREE_BYTES).expect("a size") / line.len() + 8;
    let text = line.repeat(lines);
    let logs = Logs::new();
    logs.append("bomb", &text);
    logs.gzip("bomb");
    fs::write(logs.path("bomb.zst"), zstd::encode_all(text.as_bytes(), 3).expect("packed")).expect("written");
    let source = logs.start("*", "");
    source.until("both are noted", |now| now.refused == 2).await;
    assert!(source.health.notes().iter().all(|note| note.detail.contains("more than 100 times its size")));
    logs.append("good.log", "good\n");
    logs.intake.until("the others go on", |intake| intake.texts().contains(&"good".to_owned())).await;
    assert!(logs.intake.stored().len() <= 2 * (lines - 8) + 1);
    source.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let logs = Logs::new();
    logs.append("app.log", &lines(0..30));
    let source = logs.start("app.log", "");
    logs.intake.until_stored(30).await;
    source.stop().await;
    logs.append("app.log", &lines(30..40));
    let source = logs.start("app.log", "");
    logs.intake.until_stored(40).await;
    source.stop().await;
    assert_eq!(logs.intake.submitted().len(), 40);
}

#[tokio::test]
async fn without_positions_a_restart_names_the_same_records_again() {
    let mut logs = Logs::new();
    logs.positions = Arc::new(NoPositions);
    logs.append("app.log", &lines(0..30));
    let source = logs.start("app.log", "");
    logs.intake.until_stored(30).await;
    source.stop().await;
    logs.append("app.log", &lines(30..40));
    let source = logs.start("app.log", "");
    logs.intake.until_stored(40).await;
    source.stop().await;
    assert_eq!(logs.intake.submitted().len(), 70);
    assert_eq!(logs.intake.texts(), expected(0..40));
}

#[tokio::test]
async fn killed_before_its_batch_is_durable_it_brings_it_again() {
    let logs = Logs::new();
    logs.append("app.log", &lines(0..30));
    logs.intake.hold();
    let source = logs.start("app.log", "");
    logs.intake.until("the batch is offered", |intake| intake.offered() == 1).await;
    source.kill().await;
    logs.intake.release();
    let source = logs.start("app.log", "");
    logs.intake.until_stored(30).await;
    source.stop().await;
    assert_eq!(logs.intake.texts(), expected(0..30));
}

#[tokio::test]
async fn a_busy_or_failed_intake_loses_nothing() {
    let logs = Logs::new();
    let many = 3 * BATCH_RECORDS_MAX as u32;
    logs.append("app.log", &lines(0..many));
    logs.intake.refuse([busy(), IntakeError::Failed { reason: "disk".to_owned() }, busy()]);
    logs.intake.refuse_number(5, IntakeError::Failed { reason: "disk".to_owned() });
    let source = logs.start("app.log", "");
    logs.intake.until_stored(many as usize).await;
    let snapshot = source.health.snapshot();
    assert_eq!((snapshot.restarts, snapshot.held_back, snapshot.dropped), (2, 2, 0));
    source.stop().await;
    assert_eq!(logs.intake.texts(), expected(0..many));
}

#[tokio::test]
async fn starting_at_the_end_leaves_out_what_is_there() {
    let logs = Logs::new();
    logs.append("app.log", "old\nhalf");
    logs.append("empty.log", "");
    fs::write(logs.path("old.log.zst"), zstd::encode_all(&b"packed\n"[..], 3).expect("packed")).expect("written");
    let source = logs.start("*.log*", "start = 'end'");
    source.until("it runs", |now| now.state == connect::SourceState::Running).await;
    // It runs when the first look is done; what is found later is new.
    logs.append("new.log", "new\n");
    logs.intake.until_stored(1).await;
    logs.append("app.log", " of a line\nmore\n");
    logs.append("empty.log", "filled\n");
    logs.intake.until_stored(3).await;
    source.stop().await;
    logs.append("app.log", "after\n");
    let source = logs.start("*.log*", "start = 'end'");
    logs.intake.until_stored(4).await;
    source.stop().await;
    assert_eq!(logs.intake.sorted(), ["after", "filled", "more", "new"]);
}

#[tokio::test]
async fn a_line_over_the_limit_is_left_out_and_noted() {
    let logs = Logs::new();
    logs.append("app.log", "first\n");
    logs.append("app.log", &"x".repeat(RECORD_BYTES_MAX * 3));
    let source = logs.start("app.log", "");
    source.until("it is noted", |now| now.refused == 1).await;
    logs.append("app.log", &"x".repeat(100));
    logs.append("app.log", "\nlast\n");
    logs.intake.until_stored(2).await;
    assert_eq!(logs.intake.texts(), ["first", "last"]);
    assert_eq!(source.health.snapshot().refused, 1);
    source.stop().await;
}

#[tokio::test]
async fn files_with_the_same_first_line_lose_nothing() {
    let logs = Logs::new();
    logs.append("a.log", "START\na one\na two\na three\n");
    logs.append("b.log", "START\nb one\nb two\n");
    let source = logs.start("*.log", "");
    logs.intake.until_stored(7).await;
    logs.append("a.log", "a four\n");
    logs.append("b.log", "b three\n");
    logs.intake.until_stored(9).await;
    source.stop().await;
    let all = ["START", "START", "a four", "a one", "a three", "a two", "b one", "b three", "b two"];
    assert_eq!(logs.intake.sorted(), all);
    assert!(source_notes_say_twice(&logs).await);
}

/// A restart reads the second of them again, and loses nothing either.
async fn source_notes_say_twice(logs: &Logs) -> bool {
    logs.append("b.log", "b four\n");
    let source = logs.start("*.log", "");
    logs.intake.until("the new line is stored", |intake| intake.texts().contains(&"b four".to_owned())).await;
    let notes = source.health.notes();
    source.stop().await;
    notes.iter().any(|note| note.detail.contains("begins like another file"))
}

#[tokio::test]
async fn a_file_that_is_written_anew_with_the_same_first_line_is_read_anew() {
    let logs = Logs::new();
    logs.append("app.log", "START\nfirst run one\nfirst run two\n");
    let source = logs.start("app.log", "");
    logs.intake.until_stored(3).await;
    // In place and longer than before: size alone does not tell.
    fs::write(logs.path("app.log"), "START\nsecond run one\nsecond run two\nsecond run three\n").expect("written");
    logs.intake.until_stored(7).await;
    source.stop().await;
    assert_eq!(logs.intake.texts()[3..], ["START", "second run one", "second run two", "second run three"]);
}

#[tokio::test]
async fn the_last_line_of_a_file_that_is_gone_counts_without_its_end() {
    let logs = Logs::new();
    logs.append("app.log", "one\ntwo\nlast");
    let source = logs.start("app.log", "gone_seconds = 0");
    logs.intake.until_stored(2).await;
    fs::remove_file(logs.path("app.log")).expect("removed");
    logs.intake.until_stored(3).await;
    assert_eq!(logs.intake.texts(), ["one", "two", "last"]);
    source.stop().await;
}

/// Many days of one log: whatever order of growth, rotation, packing, crashes and refusals, each line is stored once.
#[tokio::test(flavor = "multi_thread")]
async fn any_history_of_a_log_is_stored_once() {
    for seed in 0..12 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let logs = Logs::new();
        let mut source = logs.start("app.log*", "");
        let (mut written, mut day) = (0, 0);
        for _ in 0..40 {
            match chance.u8(0..10) {
                0..=4 => {
                    let more = chance.u32(1..400);
                    logs.append("app.log", &lines(written..written + more));
                    written += more;
                }
                5 if logs.path("app.log").exists() => {
                    day += 1;
                    logs.rename("app.log", &format!("app.log.{day}"));
                }
                6 if has_text(&logs.path("app.log")) => {
                    day += 1;
                    fs::copy(logs.path("app.log"), logs.path(&format!("app.log.{day}"))).expect("copied");
                    File::create(logs.path("app.log")).expect("truncated");
                }
                7 if logs.path(&format!("app.log.{day}")).exists() => logs.gzip(&format!("app.log.{day}")),
                8 => {
                    source.kill().await;
                    source = logs.start("app.log*", "");
                }
                9 => logs.intake.refuse([busy()]),
                _ => tokio::time::sleep(std::time::Duration::from_millis(chance.u64(1..30))).await,
            }
        }
        logs.intake.until_stored(written as usize).await;
        source.stop().await;
        logs.assert_each_once(written, seed);
    }
}

fn has_text(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.len() > 0)
}
