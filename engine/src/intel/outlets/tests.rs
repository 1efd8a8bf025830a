//! What leaves and what does not: against lists of claims with every marking, as if what may not leave had never been said.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::intel::release::Relation;
use formats::release::{Producer, Release, Released};
use model::{AgencyId, Confidence, Credibility, IndicatorKind, Level, Marking, OpContext, Pap, Roles, Timestamp, Tlp};
use store::state::{Database, MergeKind, NewClaim, NewIntelSource, Outlet, State};

use super::made::Making;
use super::spool::SpoolWriter;
use super::*;
use crate::intel::{Judge, JudgeSetting};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn ctx() -> OpContext {
    OpContext::new(AgencyId::home(), "node", Roles::NODE, NOW)
}

fn claim(value: &str, marking: Marking) -> NewClaim {
    NewClaim {
        kind: IndicatorKind::Domain,
        value: value.to_owned(),
        label: "malware/x".to_owned(),
        confidence: Confidence::new(90).unwrap(),
        credibility: Credibility::Unknown,
        level: Level::High,
        marking,
        reference: None,
        seen: Some(NOW.minus(DAY)),
        until: None,
    }
}

fn tlp(tlp: Tlp) -> Marking {
    Marking { tlp, pap: Pap::Clear }
}

/// A state with sources and what each of them claims.
struct City {
    folder: tempfile::TempDir,
    state: State,
}

impl City {
    async fn new(sources: &[(&str, Vec<NewClaim>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&Database::Sqlite(folder.path().join("state.db"))).await.unwrap();
        for (name, claims) in sources {
            let config = r#"{"grade":"A1"}"#;
            let new = NewIntelSource { name, kind: "list", config };
            let source = state.add_intel_source(&ctx(), &new).await.unwrap();
            let mut claims = claims.clone();
            claims.sort_by(|a, b| (a.kind, &a.value).cmp(&(b.kind, &b.value)));
            state.merge_claims(&ctx(), source, (MergeKind::Whole, &claims), |_| {}).await.unwrap();
        }
        City { folder, state }
    }

    async fn outlet(&self) -> Outlet {
        let secret = [7; 32];
        let new = store::state::NewOutlet {
            id: "a",
            name: "out",
            config: "{}",
            secret: &secret,
            expires: NOW.plus(DAY),
            transfer_key: None,
        };
        // There already, the second time.
        self.state.add_outlet(&ctx(), &new).await.ok();
        self.state.outlet(&ctx(), "out").await.unwrap()
    }

    fn files(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    async fn make(&self, settings: &OutletSettings, old: Option<OutletMade>, now: Timestamp) -> OutletMade {
        let ctx = OpContext { now, ..ctx() };
        std::fs::create_dir_all(self.files()).unwrap();
        let outlet = self.outlet().await;
        let spool = self.files().join("spool");
        let mut sieves = [Sieve::new(&outlet, settings.clone(), spool, now).unwrap()];
        let sources = self.state.intel_sources(&ctx).await.unwrap();
        let judge = Judge::new(&self.state, &ctx, &sources, JudgeSetting::default()).await.unwrap();
        gather(&self.state, &ctx, (&sources, &judge), &mut sieves).await.unwrap();
        let [sieve] = sieves;
        let release = Release { title: "out".into(), producer: Producer::new("home", "test"), made: now };
        let Making { made, .. } = finish(sieve.done().unwrap(), &release, &self.files(), old).unwrap();
        tidy(&self.files(), &made).unwrap();
        made
    }

    fn text(&self, made: &OutletMade) -> String {
        std::fs::read_to_string(self.files().join(&made.version).join(&made.files[0].name)).unwrap()
    }
}

fn settings(form: OutletForm, tlp: Tlp, to: Relation) -> OutletSettings {
    OutletSettings { tlp, to, use_: OutletUse::Detect, ..OutletSettings::usual(form) }
}

/// Every ceiling, every relation: what leaves is the same as if nobody had ever said what may not.
#[tokio::test]
async fn what_may_not_leave_changes_nothing_that_does() {
    let values = ["a.example", "b.example", "c.example", "d.example"];
    let mut all = Vec::new();
    for (at, level) in Tlp::ALL.into_iter().enumerate() {
        for pap in Pap::ALL {
            let claims: Vec<NewClaim> =
                values[at % 2..].iter().map(|value| claim(value, Marking { tlp: level, pap })).collect();
            all.push((format!("source-{}-{}", level.name().replace('+', "-"), pap.name()), claims));
        }
    }
    let named = |list: &[(String, Vec<NewClaim>)]| {
        list.iter().map(|(name, claims)| (name.clone(), claims.clone())).collect::<Vec<_>>()
    };
    let city = async |list: Vec<(String, Vec<NewClaim>)>| {
        let list: Vec<(&str, Vec<NewClaim>)> =
            list.iter().map(|(name, claims)| (name.as_str(), claims.clone())).collect();
        City::new(&list).await
    };
    let whole = city(named(&all)).await;
    let mut seen = BTreeSet::new();
    for (ceiling, pap, to) in [
        (Tlp::Clear, Pap::Clear, Relation::Public),
        (Tlp::Green, Pap::Green, Relation::Community),
        (Tlp::Amber, Pap::Amber, Relation::Community),
        (Tlp::Amber, Pap::Amber, Relation::Client),
        (Tlp::AmberStrict, Pap::Red, Relation::SameOrganisation),
    ] {
        let settings = OutletSettings { pap, ..settings(OutletForm::Csv, ceiling, to) };
        let may = |marking: Marking| {
            // What others gave to us as AMBER stays with us and our clients; RED stays with persons.
            let nearest = match marking.tlp {
                Tlp::Clear => Relation::Public,
                Tlp::Green => Relation::Community,
                Tlp::Amber => Relation::Client,
                Tlp::AmberStrict | Tlp::Red => Relation::SameOrganisation,
            };
            marking.tlp <= ceiling && marking.pap <= pap && to >= nearest && marking.tlp != Tlp::Red
        };
        let mut open = named(&all);
        open.iter_mut().for_each(|(_, claims)| claims.retain(|claim| may(claim.marking)));
        let alone = city(open).await;
        let (of_whole, of_open) = (whole.make(&settings, None, NOW).await, alone.make(&settings, None, NOW).await);
        let (text, expected) = (whole.text(&of_whole), alone.text(&of_open));
        assert_eq!(text, expected, "{ceiling} {to:?}");
        assert!(!text.contains("source-"), "nobody learns who says it: {text}");
        let marking = |line: &str| line.split(',').nth(8).map(str::to_owned);
        assert!(text.lines().all(|line| marking(line).as_deref() != Some("red")), "{text}");
        seen.insert(text);
    }
    assert!(seen.len() >= 4, "what may be known makes a difference");
}

#[tokio::test]
async fn what_is_left_out_is_told() {
    let mut over = claim("over.example", tlp(Tlp::Green));
    over.until = Some(NOW.plus(Duration::from_secs(60)));
    let mut low = claim("low.example", tlp(Tlp::Green));
    low.level = Level::Low;
    let mut weak = claim("weak.example", tlp(Tlp::Green));
    weak.confidence = Confidence::new(40).unwrap();
    let mut other = claim("192.0.2.1", tlp(Tlp::Green));
    other.kind = IndicatorKind::Ipv4;
    let good = claim("good.example", tlp(Tlp::Green));
    let closed = claim("closed.example", tlp(Tlp::Red));
    let city = City::new(&[("list", vec![over, low, weak, other, good, closed])]).await;
    let wanted = OutletSettings {
        kinds: [IndicatorKind::Domain].into(),
        confidence_min: Confidence::new(60).unwrap(),
        level_min: Level::Medium,
        ..settings(OutletForm::Text, Tlp::Green, Relation::Community)
    };
    let made = city.make(&wanted, None, NOW).await;
    assert_eq!(city.text(&made), "good.example\nover.example\n");
    let whys: BTreeSet<&str> = made.left.iter().map(|left| left.why.as_str()).collect();
    let expected = [
        "its marking does not let it go there",
        "not as bad as asked for",
        "not as sure as asked for",
        "of the kind ipv4, which is not asked for",
    ];
    assert_eq!(whys, expected.into());
    // A minute later its source lets it end.
    let later = city.make(&wanted, Some(made.clone()), NOW.plus(Duration::from_secs(61))).await;
    assert_eq!(city.text(&later), "good.example\n");
    assert_ne!(later.version, made.version);
    // For blocking, weighing has the last word: nothing was tried on past traffic here.
    let block = OutletSettings { use_: OutletUse::Block, ..wanted };
    let made = city.make(&block, None, NOW).await;
    assert_eq!(made.entries, 0);
    assert!(made.left.iter().any(|left| left.why.starts_with("may not be blocked")), "{:?}", made.left);
}

#[tokio::test]
async fn a_version_changes_with_its_content_only() {
    let address = |value: &str| NewClaim { kind: IndicatorKind::Ipv4, ..claim(value, tlp(Tlp::Green)) };
    let domain = |value: &str| claim(value, tlp(Tlp::Green));
    let claims = vec![address("192.0.2.1"), address("192.0.2.2"), domain("a.example"), domain("b.example")];
    let city = City::new(&[("list", claims)]).await;
    for form in OutletForm::ALL {
        let mut wanted = settings(form, Tlp::Green, Relation::Community);
        if form == OutletForm::Rpz {
            wanted.rpz = Some(OutletSettings::usual_zone("rpz.city.example"));
        }
        wanted.check().unwrap();
        let first = city.make(&wanted, None, NOW).await;
        let again = city.make(&wanted, Some(first.clone()), NOW.plus(Duration::from_secs(60))).await;
        assert_eq!(
            (&again.version, &again.files, again.serial),
            (&first.version, &first.files, first.serial),
            "{form}"
        );
        assert_eq!((again.changed, again.cleared), (first.changed, Some(NOW.plus(Duration::from_secs(60)))), "{form}");
        // Other settings, other content.
        let less = OutletSettings { entries_max: 1, ..wanted.clone() };
        let changed = city.make(&less, Some(again.clone()), NOW.plus(Duration::from_secs(120))).await;
        assert_ne!(changed.version, again.version, "{form}");
        assert_eq!(changed.serial, again.serial.map(|serial| serial + 1), "{form}");
        let folders = |folder: &Path| {
            std::fs::read_dir(folder).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
        };
        let kept = if form == OutletForm::Rpz { 2 } else { 1 };
        assert_eq!(folders(&city.files()), kept, "{form}");
        // And back: a zone's number goes on, whatever its content was before.
        let back = city.make(&wanted, Some(changed.clone()), NOW.plus(Duration::from_secs(180))).await;
        assert_eq!(back.serial, changed.serial.map(|serial| serial + 1), "{form}");
        std::fs::remove_dir_all(city.files()).unwrap();
    }
}

#[test]
fn of_too_many_the_surest_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let check = |confidences: &[u8], entries_max: u64, expected: &[u8]| {
        let mut writer = SpoolWriter::new(folder.path().join("spool")).unwrap();
        for (at, percent) in confidences.iter().enumerate() {
            let released = Released {
                kind: IndicatorKind::Domain,
                value: format!("n{at}.example"),
                label: String::new(),
                confidence: Confidence::new(*percent).unwrap(),
                level: Level::High,
                first_seen: Some(NOW),
                last_seen: None,
                valid_until: None,
                changed: None,
                marking: tlp(Tlp::Clear),
                sources: Vec::new(),
                techniques: Vec::new(),
            };
            writer.push(&released).unwrap();
        }
        let spool = writer.finish().unwrap();
        let mut entries = spool.entries(entries_max).unwrap();
        let found: Vec<u8> = entries.by_ref().map(|released| released.confidence.percent()).collect();
        entries.done().unwrap();
        assert_eq!(found, expected, "{confidences:?} {entries_max}");
    };
    check(&[], 5, &[]);
    check(&[10, 90, 50], 5, &[10, 90, 50]);
    check(&[10, 90, 50], 3, &[10, 90, 50]);
    check(&[10, 90, 50], 2, &[90, 50]);
    check(&[50, 50, 50, 90], 2, &[50, 90]);
    check(&[0, 0, 100], 2, &[0, 100]);
    check(&[100, 100], 1, &[100]);
}

#[test]
fn what_cannot_work_is_refused() {
    let check = |change: fn(&mut OutletSettings), is_good: bool| {
        let mut settings = OutletSettings::usual(OutletForm::Rpz);
        settings.rpz = Some(OutletSettings::usual_zone("RPZ.City.example."));
        change(&mut settings);
        assert_eq!(settings.check().is_ok(), is_good, "{:?}", settings.check());
    };
    check(|_| {}, true);
    check(|settings| settings.rpz = None, false);
    check(|settings| settings.form = OutletForm::Text, false);
    check(|settings| settings.tlp = Tlp::Red, false);
    check(|settings| settings.entries_max = 0, false);
    check(|settings| settings.entries_max = model::limits::OUTLET_ENTRIES_MAX + 1, false);
    check(|settings| settings.days = Some(0), false);
    for zone in ["", ".", "a b", "a..b", "ü.example", &"a".repeat(64)] {
        let mut settings = OutletSettings::usual(OutletForm::Rpz);
        settings.rpz = Some(OutletSettings::usual_zone(zone));
        assert!(settings.check().is_err(), "{zone}");
    }
    let kept = serde_json::to_string(&OutletSettings::usual(OutletForm::Misp)).unwrap();
    assert_eq!(OutletSettings::read(&kept), Ok(OutletSettings::usual(OutletForm::Misp)));
    assert!(OutletSettings::read("{}").is_err());
}
