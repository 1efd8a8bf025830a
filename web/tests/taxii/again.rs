//! What a peer could not hear follows when it may; what it was told and may not know any more is taken back; a group's document goes from hand to
//! hand; and what is counted over organisations is told only of enough of them.

use std::collections::BTreeMap;

use engine::intel::SharedAs;
use engine::office::{ArrivedFrom, Invitation, Sighted, Took};
use engine::share::{GroupDocument, PeerTerms, Signer};
use model::{Confidence, Credibility, IndicatorKind, Level, Marking, Month, OpContext, Tlp};
use serde_json::{Value, json};
use store::state::{MergeKind, NewClaim, NewIntelSource, SourceNumber};

use crate::gate::{add, beside, objects, token};
use crate::kit::Server;

impl Server {
    fn ctx(&self) -> OpContext {
        self.operator("home")
    }

    async fn say(&self, value: &str, is_false: bool, (tlp, groups): (Tlp, &[String])) {
        let ctx = self.ctx();
        let sighted = Sighted { at: ctx.now, marking: marked(tlp), groups };
        self.office.sight_marked(&ctx, value, is_false, &sighted).await.unwrap();
    }

    async fn seen(&self, value: &str, tlp: Tlp) {
        self.say(value, false, (tlp, &[])).await;
    }

    /// Until there is no more to be told.
    async fn share(&self) {
        while self.office.share_onward(&self.ctx()).await.unwrap().1 {}
        assert_eq!(self.office.share_onward(&self.ctx()).await.unwrap(), (0, false), "what was told is not told again");
    }

    async fn agree(&self, name: &str, terms: Value) {
        let terms: PeerTerms = serde_json::from_value(terms).unwrap();
        self.office.change_peer(&self.ctx(), name, Some(&terms), (None, None)).await.unwrap();
    }

    async fn source(&self, name: &str, values: &[&str]) -> SourceNumber {
        let new = NewIntelSource { name, kind: "list", config: r#"{"shared":"own"}"# };
        let source = self.state.add_intel_source(&self.ctx(), &new).await.unwrap();
        self.list(source, values, "malware/x").await;
        source
    }

    /// What a source lists now.
    async fn list(&self, source: SourceNumber, values: &[&str], label: &str) {
        let claims: Vec<NewClaim> = values.iter().map(|value| claim(value, label)).collect();
        self.state.merge_claims(&self.ctx(), source, (MergeKind::Whole, &claims), |_| {}).await.unwrap();
    }

    /// What a peer believes of each thing: how many sightings it has heard of, and whether the thing stands.
    async fn believed(&self, invitation: &Invitation) -> BTreeMap<String, (usize, bool)> {
        let found = self.heard(invitation).await;
        let mut believed = BTreeMap::new();
        for indicator in found.iter().filter(|object| object["type"] == "indicator") {
            let id = &indicator["id"];
            let versions = found.iter().filter(|object| object["id"] == *id);
            let newest = versions.max_by_key(|object| object["modified"].as_str().unwrap().to_owned()).unwrap();
            let sightings = found.iter().filter(|object| object["sighting_of_ref"] == *id).count();
            let value = newest["pattern"].as_str().unwrap().split('\'').nth(1).unwrap().to_owned();
            believed.insert(value, (sightings, newest["revoked"] != true));
        }
        believed
    }

    async fn heard(&self, invitation: &Invitation) -> Vec<Value> {
        let (mut client, asked) = (self.client(&token(invitation)), invitation.clone());
        beside(move || objects(&mut client, &asked)).await
    }

    /// How much left for a peer, by what it is.
    async fn left(&self, name: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, departed) in self.office.departures(&self.ctx(), Some(name), None, 1_000).await.unwrap() {
            *counts.entry(departed.what).or_insert(0) += 1;
        }
        counts
    }

    async fn refused(&self, name: &str) -> String {
        let refused = self.office.peer(&self.ctx(), name).await.unwrap().refused;
        refused.iter().map(|one| format!("{} {}: {}\n", one.times, one.what, one.reason)).collect()
    }
}

fn marked(tlp: Tlp) -> Marking {
    Marking { tlp, ..Marking::default() }
}

fn claim(value: &str, label: &str) -> NewClaim {
    NewClaim {
        kind: IndicatorKind::Domain,
        value: value.to_owned(),
        label: label.to_owned(),
        confidence: Confidence::new(80).unwrap(),
        credibility: Credibility::Unknown,
        level: Level::High,
        marking: marked(Tlp::Green),
        reference: None,
        seen: None,
        until: None,
    }
}

fn terms(clearance: &str) -> Value {
    json!({ "shares": ["sightings", "indicators", "tallies"], "relation": "client", "clearance": clearance })
}

fn believes(things: &[(&str, usize, bool)]) -> BTreeMap<String, (usize, bool)> {
    things.iter().map(|(value, sightings, stands)| ((*value).to_owned(), (*sightings, *stands))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missed_while_paused_follows() {
    let server = Server::start(None).await;
    // Said before anybody was there to hear it.
    server.seen("before.example", Tlp::Green).await;
    let state = add(&server, "state", terms("amber")).await;
    let other = add(&server, "other", terms("amber")).await;
    server.share().await;
    assert_eq!(server.believed(&state).await, believes(&[("before.example", 1, true)]));
    server.office.pause_peer(&server.ctx(), "state", true).await.unwrap();
    server.seen("meanwhile.example", Tlp::Green).await;
    server.seen("secret.example", Tlp::Red).await;
    server.seen("mistaken.example", Tlp::Green).await;
    server.say("mistaken.example", true, (Tlp::Green, &[])).await;
    server.source("ours", &["listed.example"]).await;
    server.share().await;
    assert_eq!(server.believed(&state).await.len(), 1, "nothing goes to whoever is paused");
    assert_eq!(server.believed(&other).await.len(), 4, "others hear it at once");
    server.office.pause_peer(&server.ctx(), "state", false).await.unwrap();
    server.share().await;
    let expected = [("before.example", 1, true), ("listed.example", 0, true), ("meanwhile.example", 1, true)];
    assert_eq!(server.believed(&state).await, believes(&expected), "what is known as a mistake by then is not told");
    assert!(server.refused("state").await.contains("1 sighting: TLP:RED"), "{}", server.refused("state").await);
    assert_eq!(server.left("state").await, BTreeMap::from([("indicator".to_owned(), 1), ("sighting".to_owned(), 2)]));
    server.state.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_terms_open_and_close() {
    let server = Server::start(None).await;
    let state = add(&server, "state", terms("green")).await;
    let ours = server.source("ours", &["listed.example"]).await;
    server.seen("open.example", Tlp::Clear).await;
    server.seen("green.example", Tlp::Green).await;
    server.seen("amber.example", Tlp::Amber).await;
    server.share().await;
    let some = [("green.example", 1, true), ("listed.example", 0, true), ("open.example", 1, true)];
    assert_eq!(server.believed(&state).await, believes(&some));
    server.agree("state", terms("amber")).await;
    server.share().await;
    let mut all = believes(&some);
    all.insert("amber.example".to_owned(), (1, true));
    assert_eq!(server.believed(&state).await, all, "what may go now goes, and nothing else twice");
    // What may be there no more is taken back, under the marking under which it was told.
    server.agree("state", terms("clear")).await;
    server.share().await;
    let closed: BTreeMap<_, _> =
        all.iter().map(|(value, (sightings, _))| (value.clone(), (*sightings, value == "open.example"))).collect();
    assert_eq!(server.believed(&state).await, closed);
    assert_eq!(server.left("state").await["revocation"], 3);
    // And told anew, sightings as what they are: once.
    server.agree("state", terms("amber")).await;
    server.share().await;
    assert_eq!(server.believed(&state).await, all);
    // Of nothing but claims.
    server.agree("state", json!({ "shares": ["indicators"], "relation": "client", "clearance": "amber" })).await;
    server.share().await;
    let standing = |believed: BTreeMap<String, (usize, bool)>| -> Vec<String> {
        believed.into_iter().filter(|(_, (_, stands))| *stands).map(|(value, _)| value).collect()
    };
    assert_eq!(standing(server.believed(&state).await), ["listed.example"]);
    // A source that is shared no more, and then again.
    server.office.share_source(&server.ctx(), "ours", None).await.unwrap();
    server.share().await;
    assert!(standing(server.believed(&state).await).is_empty());
    server.office.share_source(&server.ctx(), "ours", Some(SharedAs::Own)).await.unwrap();
    server.list(ours, &["listed.example", "new.example"], "malware/x").await;
    server.share().await;
    assert_eq!(standing(server.believed(&state).await), ["listed.example", "new.example"]);
    // An agreement that has ended binds nobody any more, and nothing goes by it.
    let mut ended = terms("clear");
    ended["until"] = json!(server.ctx().now);
    server.agree("state", ended).await;
    let before = server.left("state").await;
    server.share().await;
    assert_eq!(server.left("state").await, before);
    server.state.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_or_harmless_is_taken_back() {
    let server = Server::start(None).await;
    let state = add(&server, "state", terms("amber")).await;
    let never =
        add(&server, "never", json!({ "shares": ["indicators"], "relation": "public", "clearance": "clear" })).await;
    let ours = server.source("ours", &["a.example", "b.example", "c.example", "d.example", "e.example"]).await;
    server.source("too", &["b.example"]).await;
    server.seen("c.example", Tlp::Green).await;
    server.seen("f.example", Tlp::Green).await;
    server.share().await;
    // `a` and `e` are gone; so are `b`, which another one lists, and `c`, which we have seen. `d` is erased, not only gone.
    server.list(ours, &["d.example"], "malware/x").await;
    server.share().await;
    let erased = [(IndicatorKind::Domain, "d.example".to_owned())];
    server.state.take_back_claims(&server.ctx(), ours, &erased).await.unwrap();
    server.share().await;
    let mut expected = believes(&[
        ("a.example", 0, false),
        ("b.example", 0, true),
        ("c.example", 1, true),
        ("d.example", 0, false),
        ("e.example", 0, false),
        ("f.example", 1, true),
    ]);
    assert_eq!(server.believed(&state).await, expected);
    // Called harmless, it is taken back at once, whoever lists it; and it does not come back when they list it anew.
    for value in ["b.example", "f.example"] {
        server.say(value, true, (Tlp::Amber, &[])).await;
        expected.get_mut(value).unwrap().1 = false;
    }
    assert_eq!(server.believed(&state).await, expected);
    let too = server.state.intel_source(&server.ctx(), "too").await.unwrap().unwrap().number;
    server.list(too, &["b.example"], "malware/y").await;
    server.share().await;
    assert_eq!(server.believed(&state).await, expected);
    // Until somebody has really seen it.
    server.seen("b.example", Tlp::Green).await;
    server.share().await;
    expected.insert("b.example".to_owned(), (1, true));
    assert_eq!(server.believed(&state).await, expected);
    // A revocation says no more than was told; and who was told nothing has nothing taken back.
    let found = server.heard(&state).await;
    let revoked: Vec<&Value> = found.iter().filter(|object| object["revoked"] == true).collect();
    assert_eq!((revoked.len(), server.left("state").await["revocation"]), (5, 5));
    assert!(revoked.iter().all(|object| object["labels"].is_null() && object["confidence"].is_null()), "{revoked:?}");
    assert!(server.heard(&never).await.is_empty() && server.left("never").await.is_empty());
    // Removed with all its claims.
    server.office.remove_intel_source(&server.ctx(), "too").await.unwrap();
    server.share().await;
    assert_eq!(server.believed(&state).await, expected, "we have seen it ourselves");
    server.state.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_member_hears_what_is_for_the_group() {
    let server = Server::start(None).await;
    let (one, other) = (add(&server, "one", terms("amber")).await, add(&server, "other", terms("amber")).await);
    let set = async |member: &str| {
        let members = [member.to_owned()];
        let asked = engine::office::GroupAsked { name: "water", members: &members, tlp: Tlp::Amber, days: 1 };
        server.office.set_sharing_group(&server.ctx(), &asked).await.unwrap();
        server.share().await;
    };
    set("one").await;
    server.say("group.example", false, (Tlp::Green, &["water".to_owned()])).await;
    assert_eq!(server.believed(&one).await, believes(&[("group.example", 1, true)]));
    assert!(server.believed(&other).await.is_empty());
    set("other").await;
    assert_eq!(server.believed(&one).await, believes(&[("group.example", 1, false)]));
    assert_eq!(server.believed(&other).await, believes(&[("group.example", 1, true)]));
    // A document goes once to each who is in it, or was.
    for name in ["one", "other"] {
        server.office.pause_peer(&server.ctx(), name, true).await.unwrap();
        server.office.pause_peer(&server.ctx(), name, false).await.unwrap();
    }
    server.share().await;
    assert_eq!((server.left("one").await["group"], server.left("other").await["group"]), (2, 1));
    server.state.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_a_group_may_come_by_another() {
    let server = Server::start(None).await;
    let (giver, owner, member) = (signer("giver", 1), signer("owner", 2), signer("member", 3));
    let known =
        |signer: &Signer| json!({ "key": signer.verifier().to_string(), "relation": "client", "clearance": "amber" });
    add(&server, "giver", known(&giver)).await;
    let to_member = add(&server, "member", known(&member)).await;
    let members = [owner.name(), member.name(), giver.name()];
    let until = server.ctx().now.plus(std::time::Duration::from_secs(3_600));
    let document = |signer: &Signer, owner: &Signer, version: u64| {
        let membership = json!({
            "group": "water", "owner": owner.name(), "version": version, "members": members, "tlp": "amber", "until": until,
        });
        signer.sign(serde_json::from_value(membership).unwrap())
    };
    let relay = async |document: &GroupDocument| -> Took {
        let peer = server.state.peer(&server.ctx(), "giver").await.unwrap();
        let object = document.object(server.ctx().now).to_string();
        let from = ArrivedFrom::Pulled(String::new());
        server.office.take_from_peer(&server.ctx(), &peer, &[object.as_bytes()], from).await.unwrap()
    };
    let held = async || {
        let groups = server.office.sharing_groups(&server.ctx()).await.unwrap();
        groups.into_iter().next().map(|(group, _)| (group.version, group.problem))
    };
    // The owner's key comes by the owner's own invitation, and by nothing else.
    assert_eq!(relay(&document(&owner, &owner, 1)).await.groups, 0);
    assert_eq!(held().await, None);
    let to_owner = add(&server, "owner", known(&owner)).await;
    assert_eq!(relay(&document(&owner, &owner, 1)).await.groups, 1);
    assert_eq!(relay(&document(&owner, &owner, 3)).await.groups, 1);
    assert_eq!(held().await, Some((3, String::new())));
    let refused = async |document: &GroupDocument, why: &str| {
        assert_eq!(relay(document).await.groups, 0, "{why}");
        let (version, problem) = held().await.unwrap();
        assert!(version == 3 && problem.contains("giver brought") && problem.contains(why), "{problem}");
    };
    refused(&document(&owner, &owner, 2), "version 2 is older than 3").await;
    refused(&document(&giver, &owner, 9), "it is not signed by owner-").await;
    let mut changed = document(&owner, &owner, 9);
    changed.membership.tlp = Tlp::Clear;
    refused(&changed, "it is not signed by owner-").await;
    refused(&document(&giver, &giver, 9), "it is another's").await;
    // What is held already is no news, and no problem of its own.
    assert_eq!(relay(&document(&owner, &owner, 4)).await.groups, 1);
    assert_eq!((relay(&document(&owner, &owner, 4)).await.groups, held().await), (0, Some((4, String::new()))));
    // It goes on to members that are known here, as it was signed; its owner has it.
    let passed = server.heard(&to_member).await;
    let passed: Vec<GroupDocument> = passed
        .iter()
        .filter_map(|object| GroupDocument::read(object.to_string().as_bytes()))
        .collect::<Result<_, _>>()
        .unwrap();
    let versions: Vec<u64> = passed.iter().map(|document| document.membership.version).collect();
    assert_eq!(versions, [1, 3, 4]);
    assert!(passed.iter().all(|document| document.follows(None, Some(owner.verifier())) == Ok(true)));
    assert!(server.heard(&to_owner).await.is_empty());
    server.state.close().await;
}

fn signer(name: &str, seed: u8) -> Signer {
    Signer::new(name, &[seed; 32]).unwrap()
}

/// What a peer says of techniques, as another node writes it.
fn technique(of: &str, month: Month, organisations: Option<u32>) -> String {
    let sighting = format!("sighting--{}", uuid(&format!("{of}{month}{organisations:?}")));
    let mut object = json!({
        "type": "sighting", "spec_version": "2.1", "id": sighting, "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z", "first_seen": month.span().start.to_string(),
        "sighting_of_ref": engine::share::technique_object_id(of), "summary": organisations.is_some(),
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
        "external_references": [{ "source_name": "mitre-attack", "external_id": of }],
    });
    if let Some(organisations) = organisations {
        object["count"] = organisations.into();
    }
    object.to_string()
}

fn uuid(text: &str) -> String {
    let hash = text.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    format!("{:08x}-0000-4000-8000-{:012x}", hash as u32, hash & 0xffff_ffff_ffff)
}

async fn found_here(server: &Server, techniques: &[&str]) {
    let analytic = model::Analytic {
        uid: "rule".to_owned(),
        title: "A rule".to_owned(),
        kind: model::detection::AnalyticKind::Rule,
        level: Level::High,
        techniques: techniques.iter().map(|id| (*id).to_owned()).collect(),
        tactics: Vec::new(),
        path: None,
    };
    let detection = model::Detection {
        analytic: std::sync::Arc::new(analytic),
        level: Level::High,
        time: server.ctx().now,
        events: Vec::new(),
        subject: None,
        because: Vec::new(),
        suppressed_by: None,
        involved: Vec::new(),
    };
    let new = store::state::NewFinding { detection, ocsf: "{}".to_owned() };
    server.state.commit_findings(&server.ctx(), "detect", store::journal::Offset(1), &[new]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn techniques_are_told_once_and_counted_over_enough() {
    let server = Server::start(None).await;
    let month = Month::of(server.ctx().now).unwrap();
    found_here(&server, &["T1059", "T1078.004"]).await;
    let told = json!({ "shares": ["techniques"], "relation": "client", "clearance": "amber", "fields": ["count"] });
    let above = add(&server, "above", told).await;
    let low =
        add(&server, "low", json!({ "shares": ["techniques"], "relation": "client", "clearance": "green" })).await;
    let nation =
        add(&server, "nation", json!({ "shares": ["tallies"], "relation": "client", "clearance": "amber" })).await;
    server.share().await;
    let sightings =
        |found: Vec<Value>| -> Vec<Value> { found.into_iter().filter(|object| object["type"] == "sighting").collect() };
    let heard = sightings(server.heard(&above).await);
    let ids: Vec<&str> =
        heard.iter().map(|one| one["external_references"][0]["external_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["T1059", "T1078.004"]);
    assert!(
        heard.iter().all(|one| one["summary"] == false && one["count"].is_null()),
        "how often is nobody's: {heard:?}"
    );
    assert_eq!(heard[0]["first_seen"].as_str().unwrap()[..7], month.to_string());
    assert!(server.heard(&low).await.is_empty());
    assert!(server.refused("low").await.contains("2 technique: it is TLP:AMBER"), "{}", server.refused("low").await);
    assert!(server.heard(&nation).await.is_empty());
    // Three cities say what they have seen; a fourth says it of a month that nobody looks at, and of nothing.
    for (name, says) in [("a", technique("T1059", month, None)), ("b", technique("T1059", month, None))] {
        add(&server, name, json!({ "shares": ["tallies"], "relation": "client", "clearance": "amber" })).await;
        take(&server, name, &[&says]).await;
    }
    let others = async || server.office.techniques_of_others(&server.ctx(), month).await.unwrap();
    assert!(others().await.is_empty(), "two are too few");
    add(&server, "c", json!({})).await;
    let old: Month = "2020-01".parse().unwrap();
    let nonsense = technique("T1059; DROP TABLE", month, None);
    take(&server, "c", &[&technique("T1059", old, None), &nonsense, &technique("T1190", month, Some(1))]).await;
    assert!(others().await.is_empty());
    take(&server, "c", &[&technique("T1059", month, None), &technique("T1059", month, None)]).await;
    let saw = others().await;
    assert_eq!(saw.iter().map(|(id, saw)| (id.as_str(), saw.organisations())).collect::<Vec<_>>(), [("T1059", 3)]);
    // Here and at two others: three organisations, whoever of them is told of it not counted.
    later(&server).await;
    server.share().await;
    let tallies = sightings(server.heard(&nation).await);
    assert_eq!((tallies.len(), &tallies[0]["summary"], &tallies[0]["count"]), (1, &json!(true), &json!(4)));
    assert!(tallies[0]["where_sighted_refs"].is_null(), "{tallies:?}");
    assert_eq!(server.left("a").await["tally"], 1);
    // A peer that counts others is believed as far as it goes: the larger of both, not both together.
    take(&server, "above", &[&technique("T1059", month, Some(7)), &technique("T1190", month, Some(3))]).await;
    let saw = others().await;
    let counts: Vec<_> = saw.iter().map(|(id, saw)| (id.as_str(), saw.themselves, saw.organisations())).collect();
    assert_eq!(counts, [("T1059", 3, 7), ("T1190", 0, 3)]);
    // The brief says it, with the page that shows it; of what others alone have seen, too.
    let (brief, figures) = server.office.brief(&server.ctx(), month).await.unwrap();
    let words: Vec<String> = brief.sections.iter().flat_map(|one| &one.sentences).map(ToString::to_string).collect();
    for expected in [
        "1 finding; the month before was not counted.",
        "T1059: 1 detection here, seen by 7 other organisations.",
        "T1078.004: 1 detection here; too few peers saw it to say how many.",
        "T1190: 0 detections here, seen by 3 other organisations.",
    ] {
        assert!(words.iter().any(|one| one == expected), "{expected}: {words:?}");
    }
    let number = figures.techniques[0].peers.as_ref().unwrap();
    assert_eq!(number.evidence, format!("/intel/month?month={month}&technique=T1059&by=others"));
    server.state.close().await;
}

async fn take(server: &Server, name: &str, objects: &[&str]) {
    let peer = server.state.peer(&server.ctx(), name).await.unwrap();
    let objects: Vec<&[u8]> = objects.iter().map(|object| object.as_bytes()).collect();
    server.office.take_from_peer(&server.ctx(), &peer, &objects, ArrivedFrom::Pulled(String::new())).await.unwrap();
}

/// Techniques are looked at once in an hour, and when something else is agreed.
async fn later(server: &Server) {
    for name in ["nation", "a", "b"] {
        let view = server.office.peer(&server.ctx(), name).await.unwrap();
        let terms = PeerTerms { may_look_up: true, ..view.terms };
        server.office.change_peer(&server.ctx(), name, Some(&terms), (None, None)).await.unwrap();
    }
}
