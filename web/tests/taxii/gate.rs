//! What leaves an agency, from outside: whatever is learned and whatever was agreed, nothing above it stands in a peer's collection; and the ways
//! beside the collection: hints and private look-ups.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::office::{Invitation, PeerAsked, Sighted};
use engine::share::PeerTerms;
use model::{Confidence, Credibility, Grade, IndicatorKind, Level, Marking, Pap, Tlp};
use proptest::prelude::*;
use serde_json::{Value, json};
use store::state::{MergeKind, NewClaim, NewIntelSource};

use crate::kit::{Client, Server};

const RELATIONS: [&str; 4] = ["public", "community", "client", "same-organisation"];

pub(crate) async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

pub(crate) async fn add(server: &Server, name: &str, terms: Value) -> Invitation {
    let terms: PeerTerms = serde_json::from_value(terms).unwrap();
    let (grade, marking) = (Grade::default(), Marking::default());
    let asked = PeerAsked { name, terms, wire: json!({}), secret: None, grade, marking };
    server.office.add_peer(&server.operator("home"), &asked).await.unwrap()
}

pub(crate) fn token(invitation: &Invitation) -> String {
    format!("wbt_{}", URL_SAFE_NO_PAD.encode(invitation.secret))
}

fn path(invitation: &Invitation, what: &str) -> String {
    format!("/taxii2/{}/collections/{}/{what}/", invitation.outbox.0, invitation.outbox.1)
}

/// All objects that a peer gets to see, every version of each.
pub(crate) fn objects(client: &mut Client, invitation: &Invitation) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{}?limit=100&match[version]=all{next}", path(invitation, "objects"))).json();
        all.extend(page["objects"].as_array().cloned().unwrap_or_default());
        match page["next"].as_str() {
            Some(key) => next = format!("&next={key}"),
            None => return all,
        }
    }
}

#[derive(Clone, Debug)]
struct Agreed {
    relation: usize,
    clearance: Option<Tlp>,
    heeds: Pap,
    is_told: bool,
}

impl Agreed {
    /// The rules, written down a second time.
    fn allows(&self, marking: Marking) -> bool {
        let needed = match marking.tlp {
            Tlp::Clear => 0,
            Tlp::Green | Tlp::Amber => 1,
            Tlp::AmberStrict => 3,
            Tlp::Red => return false,
        };
        self.is_told
            && self.clearance.is_some_and(|max| marking.tlp <= max)
            && marking.pap <= self.heeds
            && self.relation >= needed
    }
}

fn some_marking() -> impl Strategy<Value = Marking> {
    (0usize..5, 0usize..4).prop_map(|(tlp, pap)| Marking { tlp: Tlp::ALL[tlp], pap: Pap::ALL[pap] })
}

fn some_agreed() -> impl Strategy<Value = Agreed> {
    (0usize..4, 0usize..6, 0usize..4, 0u8..5).prop_map(|(relation, clearance, heeds, told)| Agreed {
        relation,
        clearance: Tlp::ALL.get(clearance).copied(),
        heeds: Pap::ALL[heeds],
        is_told: told > 0,
    })
}

fn claim(number: usize, marking: Marking) -> NewClaim {
    NewClaim {
        kind: IndicatorKind::Domain,
        value: format!("claimed-{number:03}.example"),
        label: "malware/x".to_owned(),
        confidence: Confidence::new(80).unwrap(),
        credibility: Credibility::Unknown,
        level: Level::High,
        marking,
        reference: None,
        seen: None,
        until: None,
    }
}

async fn nothing_above(sighted: &[Marking], claimed: &[Marking], agreed: &[Agreed]) {
    let server = Server::start(None).await;
    let operator = server.operator("home");
    let mut invited = Vec::new();
    for (number, one) in agreed.iter().enumerate() {
        let shares: &[&str] = if one.is_told { &["sightings", "indicators", "findings", "tallies"] } else { &[] };
        let terms = json!({
            "shares": shares, "relation": RELATIONS[one.relation], "clearance": one.clearance, "pap": one.heeds,
            "fields": ["label", "confidence"],
        });
        invited.push(add(&server, &format!("p{number}"), terms).await);
    }
    for (number, marking) in sighted.iter().enumerate() {
        let sighted = Sighted { at: operator.now, marking: *marking, groups: &[] };
        server.office.sight_marked(&operator, &format!("seen-{number:03}.example"), false, &sighted).await.unwrap();
    }
    let new = NewIntelSource { name: "ours", kind: "list", config: r#"{"shared":"own"}"# };
    let source = server.state.add_intel_source(&operator, &new).await.unwrap();
    let claims: Vec<NewClaim> = claimed.iter().enumerate().map(|(number, marking)| claim(number, *marking)).collect();
    server.state.merge_claims(&operator, source, (MergeKind::Whole, &claims), |_| {}).await.unwrap();
    server.office.share_onward(&operator).await.unwrap();
    // A second pass has nothing to add.
    assert_eq!(server.office.share_onward(&operator).await.unwrap(), (0, false));
    for (number, (one, invitation)) in agreed.iter().zip(&invited).enumerate() {
        let mut client = server.client(&token(invitation));
        let asked = invitation.clone();
        let found = beside(move || objects(&mut client, &asked)).await;
        let names: BTreeMap<&str, &str> = found
            .iter()
            .filter(|object| object["type"] == "marking-definition")
            .map(|object| (object["id"].as_str().unwrap(), object["name"].as_str().unwrap()))
            .collect();
        let mut values = (0, 0);
        for object in
            found.iter().filter(|object| ["indicator", "sighting"].contains(&object["type"].as_str().unwrap()))
        {
            let refs = object["object_marking_refs"].as_array().unwrap();
            let said: Vec<&str> = refs.iter().map(|id| names[id.as_str().unwrap()]).collect();
            let tlp: Tlp = said.iter().find_map(|name| name.strip_prefix("TLP:")).unwrap().parse().unwrap();
            let pap =
                said.iter().find_map(|name| name.strip_prefix("PAP:")).map_or(Pap::Clear, |pap| pap.parse().unwrap());
            assert!(one.allows(Marking { tlp, pap }), "{one:?}: {object}");
            let text = object.to_string();
            assert!(!text.contains("severity") && !text.contains("first_seen\""), "{text}");
            values.0 += usize::from(object["type"] == "sighting");
            values.1 += usize::from(object["type"] == "indicator");
        }
        // And nothing is held back that was agreed.
        let expected = sighted.iter().filter(|marking| one.allows(**marking)).count();
        let claimed = claimed.iter().filter(|marking| one.allows(**marking)).count();
        assert_eq!(values, (expected, expected + claimed), "{one:?}");
        let left = server.office.departures(&operator, Some(&format!("p{number}")), None, 1_000).await.unwrap();
        assert_eq!(left.len(), expected + claimed, "each object has its line, and each line its object");
        assert!(left.iter().all(|(_, departed)| one.allows(departed.marking)));
    }
    server.state.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, ..ProptestConfig::default() })]
    #[test]
    fn nothing_above_what_was_agreed_leaves(
        sighted in proptest::collection::vec(some_marking(), 0..12),
        claimed in proptest::collection::vec(some_marking(), 0..12),
        agreed in proptest::collection::vec(some_agreed(), 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(nothing_above(&sighted, &claimed, &agreed));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_red_sources_know_is_not_told_as_seen() {
    let server = Server::start(None).await;
    let operator = server.operator("home");
    let open = json!({ "shares": ["sightings"], "relation": "community", "clearance": "amber" });
    let invitation = add(&server, "state", open).await;
    let new = NewIntelSource { name: "secret", kind: "list", config: "{}" };
    let source = server.state.add_intel_source(&operator, &new).await.unwrap();
    let red = Marking { tlp: Tlp::Red, pap: Pap::Clear };
    server.state.merge_claims(&operator, source, (MergeKind::Whole, &[claim(0, red)]), |_| {}).await.unwrap();
    server.office.sight(&operator, "claimed-000.example", false, operator.now).await.unwrap();
    server.office.sight(&operator, "other.example", false, operator.now).await.unwrap();
    // What is harmless is nobody else's to know.
    server.office.sight(&operator, "harmless.example", true, operator.now).await.unwrap();
    let mut client = server.client(&token(&invitation));
    let text = beside(move || json!(objects(&mut client, &invitation)).to_string()).await;
    assert!(text.contains("other.example") && !text.contains("claimed-000") && !text.contains("harmless"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_into_an_outbox_and_nobody_else_reads_it() {
    let server = Server::start(None).await;
    let operator = server.operator("home");
    let invitation = add(&server, "state", json!({})).await;
    let other = server.token("home", "other", &[engine::office::Scope::Share]).await;
    let (root, id) = (invitation.outbox.0.as_str(), invitation.outbox.1.as_str());
    let rights = engine::office::CollectionRights { can_read: true, can_write: true };
    let refused = server.office.set_collection_rights(&operator, (root, id), "other", Some(rights)).await;
    assert!(refused.unwrap_err().to_string().contains("not set by hand"));
    let (mut theirs, mut others) = (server.client(&token(&invitation)), server.client(&other));
    beside(move || {
        let tool = r#"{"objects":[{"type":"tool","id":"tool--1"}]}"#;
        assert_eq!(theirs.post(&path(&invitation, "objects"), tool).status, 403);
        assert_eq!(others.get(&path(&invitation, "objects")).status, 404);
        assert_eq!(others.get(&path(&invitation, "hints")).status, 404);
        // Its own place to write is open, and nothing is to be read there.
        let inbox = format!("/taxii2/{}/collections/{}/objects/", invitation.inbox.0, invitation.inbox.1);
        assert_eq!(theirs.post(&inbox, tool).status, 202);
        assert_eq!(theirs.get(&inbox).status, 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_comes_at_once_and_says_nothing_of_what() {
    let server = Server::start(None).await;
    let operator = server.operator("home");
    let open = json!({ "shares": ["sightings"], "relation": "community", "clearance": "amber" });
    let invitation = add(&server, "state", open).await;
    let (address, token, place) = (server.address, token(&invitation), path(&invitation, "hints"));
    let (told, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "GET {place} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n").unwrap();
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.filter(|line| line.starts_with("data:")).for_each(|line| told.send(line).unwrap_or_default());
    });
    let (hear, first) = beside(move || {
        let first = hear.recv_timeout(Duration::from_secs(30)).unwrap();
        (hear, first)
    })
    .await;
    server.office.sight(&operator, "198.51.100.7", false, operator.now).await.unwrap();
    let second = beside(move || hear.recv_timeout(Duration::from_secs(30)).unwrap()).await;
    assert_ne!(first, second);
    assert!(second.contains("\"upto\":\"20") && !second.contains("198.51"), "{second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn look_ups_are_for_whom_they_were_agreed_with_and_bounded() {
    let server = Server::start(None).await;
    let asks = add(&server, "asks", json!({ "may_look_up": true })).await;
    let other = add(&server, "other", json!({})).await;
    let (mut asking, mut others) = (server.client(&token(&asks)), server.client(&token(&other)));
    beside(move || {
        let at = |what: &str| format!("/taxii2/peers/lookups/{what}");
        for path in [at("key/"), at(""), at("00000/")] {
            assert_eq!(others.get(&path).status, 403, "{path}");
            assert_eq!(asking.get(&path).status, 200, "{path}");
        }
        assert_eq!(others.post(&at(""), r#"{"blinded":["00"]}"#).status, 403);
        for (body, status) in [
            ("{}", 422),
            (r#"{"blinded":[]}"#, 400),
            (r#"{"blinded":["zz"]}"#, 400),
            (&format!("{{\"blinded\":[{}\"\"]}}", "\"\",".repeat(40)), 400),
        ] {
            assert_eq!(asking.post(&at(""), body).status, status, "{body}");
        }
        for prefix in ["0000/", "000000/", "ggggg/"] {
            assert_eq!(asking.get(&at(prefix)).status, 400, "{prefix}");
        }
        // An element of the group: the base point of ristretto255 (RFC 9496, appendix A.1).
        let base = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";
        let batch = json!({ "blinded": [base, base] }).to_string();
        let answers = asking.post(&at(""), &batch);
        assert_eq!((answers.status, answers.json()["answers"].as_array().map(Vec::len)), (200, Some(2)), "{answers:?}");
        // Whatever the tier, an hour has so many questions: seven were asked, of which the bad ones count as well.
        let asked = (0..=model::limits::LOOKUPS_PER_HOUR_MAX).find(|_| asking.get(&at("00000/")).status == 429);
        let few = model::limits::LOOKUPS_PER_HOUR_MAX - 10;
        assert!(asked.is_some_and(|asked| asked > few), "{asked:?}");
        assert_eq!(asking.post(&at(""), &batch).status, 429);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_finding_says_goes_without_names() {
    use model::detection::{AnalyticKind, Reason};
    let server = Server::start(None).await;
    let operator = server.operator("home");
    let told = json!({
        "shares": ["sightings", "findings"], "relation": "community", "clearance": "amber",
        "fields": ["level", "text", "accounts", "count", "times"], "has_pseudonyms": true,
    });
    let invitation = add(&server, "state", told).await;
    let indicator = |value: &str| Reason::Indicator {
        id: model::IndicatorId::of(IndicatorKind::Ipv4, value),
        indicator: IndicatorKind::Ipv4,
        value: value.to_owned(),
        observed: value.to_owned(),
        attribute: "src_endpoint.ip".to_owned(),
        label: "scanner".to_owned(),
        source: "ours".to_owned(),
        confidence: Confidence::new(80).unwrap(),
        age_days: None,
    };
    let user = Reason::Field {
        selection: "s".to_owned(),
        field: Some("TargetUserName".to_owned()),
        comparison: "equals".to_owned(),
        pattern: "*".to_owned(),
        value: Some("CITY\\h.brandt".to_owned()),
    };
    let analytic = model::Analytic {
        uid: "rule".to_owned(),
        title: "Log-on of H.Brandt from a scanner".to_owned(),
        kind: AnalyticKind::Rule,
        level: Level::High,
        techniques: vec!["T1078".to_owned()],
        tactics: Vec::new(),
        path: None,
    };
    let detection = model::Detection {
        analytic: std::sync::Arc::new(analytic),
        level: Level::High,
        time: operator.now,
        events: Vec::new(),
        subject: Some("mia@stadt.example".to_owned()),
        because: vec![user, indicator("198.51.100.7"), indicator("198.51.100.7")],
        suppressed_by: None,
        involved: Vec::new(),
    };
    let new = store::state::NewFinding { detection, ocsf: "{}".to_owned() };
    server.state.commit_findings(&operator, "detect", store::journal::Offset(1), &[new]).await.unwrap();
    let rows = server.office.inbox(&operator, &engine::office::InboxAsked::default()).await.unwrap().rows;
    let verdict = engine::office::Verdict::Escalated;
    server.office.decide(&operator, &[rows[0].id], verdict, "it is one").await.unwrap();
    let mut client = server.client(&token(&invitation));
    let found = beside(move || objects(&mut client, &invitation)).await;
    let sighting = found.iter().find(|object| object["type"] == "sighting").unwrap();
    let words = sighting["description"].as_str().unwrap();
    assert!(words.starts_with("Log-on of account-") && words.contains("accounts: account-"), "{words}");
    assert_eq!(sighting["count"], 1);
    let text = json!(found).to_string().to_lowercase();
    for name in ["brandt", "mia", "stadt.example", "operator"] {
        assert!(!text.contains(name), "{name}: {text}");
    }
    assert!(text.contains("severity:high"));
}
