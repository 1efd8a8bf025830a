//! A lake in a temporary folder, with a clock of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lake::{HuntLimits, HuntPage, Lake, LakeOptions, LakeRecord};
use model::ocsf::{Class, Device, Endpoint, User};
use model::{AgencyId, Cursor, Event, EventId, OpContext, Purpose, Roles, SourceId, Timestamp};
use serde_json::Value;
use testkit::FakeClock;

/// Who appends in these tests.
pub(crate) const CONSUMER: &str = "lake";

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) lake: Lake,
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(crate) fn agency(name: &str) -> AgencyId {
    AgencyId::parse(name).unwrap()
}

pub(crate) fn context(agency_name: &str, purpose: Option<&str>) -> OpContext {
    OpContext {
        purpose: purpose.and_then(Purpose::new),
        ..OpContext::new(agency(agency_name), "test", Roles::OPERATOR, at("2024-05-06T12:00:00Z"))
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(at("2024-05-06T12:00:00Z")));
        let lake = open(folder.path(), &clock).await;
        World { folder, clock, lake }
    }

    /// Closes the lake and opens it again, as a restart does.
    pub(crate) async fn restarted(self) -> Self {
        let World { folder, clock, lake } = self;
        drop(lake);
        let lake = open(folder.path(), &clock).await;
        World { folder, clock, lake }
    }

    pub(crate) async fn keep(&self, records: Vec<LakeRecord>) {
        let upto = records.iter().map(|record| record.journal_offset).max().unwrap_or_default();
        self.lake.append(CONSUMER, records, upto).await.unwrap();
        self.lake.flush().await.unwrap();
    }

    /// A hunt with a purpose.
    pub(crate) async fn hunt(&self, sql: &str) -> HuntPage {
        self.lake.hunt(&context("home", Some("a test of hunting")), sql, HuntLimits::default()).await.unwrap()
    }

    /// The only cell of the answer.
    pub(crate) async fn one(&self, sql: &str) -> Value {
        let page = self.hunt(sql).await;
        assert_eq!((page.rows.len(), page.columns.len()), (1, 1), "{sql}: {page:?}");
        page.rows[0][0].clone()
    }
}

pub(crate) async fn open(folder: &Path, clock: &Arc<FakeClock>) -> Lake {
    Lake::open(folder, LakeOptions::new(clock.clone())).await.unwrap()
}

/// A log-on of `user` at `time` from 10.0.0.1, at `offset` of the journal.
pub(crate) fn log_on(offset: u64, time: &str, user: &str) -> LakeRecord {
    let agency = AgencyId::home();
    let source = SourceId::parse("test").unwrap();
    let id = EventId::of(&agency, &source, &Cursor::Journal { offset });
    let mut event = Event::new(id, agency, at(time), Class::AUTHENTICATION, 1);
    event.attributes.user =
        Some(Box::new(User { name: Some(user.into()), domain: Some("CORP".into()), ..User::default() }));
    event.attributes.device = Some(Box::new(Device { hostname: Some("pc-1".into()), ..Device::default() }));
    event.attributes.src_endpoint =
        Some(Box::new(Endpoint { ip: Some("10.0.0.1".into()), port: Some(50_000), ..Endpoint::default() }));
    event.attributes.message = Some(format!("{user} logged on"));
    let raw = format!(r#"{{"EventID":4624,"TargetUserName":"{user}","n":{offset}}}"#).into_bytes();
    LakeRecord { event, raw, source, received: at(time).plus(Duration::from_secs(1)), journal_offset: offset }
}

/// A record of another class or agency.
pub(crate) fn with(mut record: LakeRecord, change: impl FnOnce(&mut Event)) -> LakeRecord {
    change(&mut record.event);
    record
}

/// Every file below a folder whose name ends so.
pub(crate) fn files(folder: &Path, end: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_str().is_some_and(|path| path.ends_with(end)) {
            found.push(path);
        }
    }
    found.sort();
    found
}
