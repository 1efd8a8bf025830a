//! Every form over one list that has every kind and every trouble.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use model::IndicatorKind::{self, *};
use model::{Confidence, Level, Marking, Pap, Timestamp, Tlp};
use proptest::prelude::*;

use super::rpz::Action;
use super::stix::Observables;
use super::suricata::Dataset;
use super::*;

const MADE: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
const DAY_US: i64 = 86_400_000_000;

fn released(kind: IndicatorKind, value: &str) -> Released {
    Released {
        kind,
        value: value.into(),
        label: "malware/emotet".into(),
        confidence: Confidence::new(83).unwrap(),
        level: Level::High,
        first_seen: Some(Timestamp::from_micros(MADE.as_micros() - 30 * DAY_US)),
        last_seen: Some(Timestamp::from_micros(MADE.as_micros() - DAY_US)),
        valid_until: Some(Timestamp::from_micros(MADE.as_micros() + DAY_US)),
        changed: Some(Timestamp::from_micros(MADE.as_micros() - DAY_US)),
        marking: Marking { tlp: Tlp::Green, pap: Pap::Clear },
        sources: vec!["A feed".into()],
        techniques: vec!["T1071.001".into()],
    }
}

/// One of each kind, and what must not get into a list.
fn list() -> Vec<Released> {
    let mut list: Vec<Released> = [
        (Ipv4, "192.0.2.7"),
        (Ipv6, "2001:db8::1"),
        (Cidr, "198.51.100.0/24"),
        (Cidr, "2001:db8:1::/48"),
        (IpPort, "192.0.2.8:443"),
        (Domain, "evil.example"),
        (Url, "https://evil.example/a,b"),
        (UrlPath, "/w00t.php?x=1"),
        (FileHash, "44d88612fea8a8f36de82e1278abb02f"),
        (FileHash, "3395856ce81f2b7382dee72602f798b642f14140"),
        (FileHash, "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"),
        (Email, "=some@evil.example"),
    ]
    .map(|(kind, value)| released(kind, value))
    .into();
    // A second line in a value, one that is over, one that must not be blocked, and all addresses.
    list.push(released(Domain, "good.example\n0.0.0.0 bank.example"));
    list.push(Released { valid_until: Some(MADE), ..released(Domain, "over.example") });
    let quiet = Marking { tlp: Tlp::Red, pap: Pap::Amber };
    list.push(Released { marking: quiet, ..released(Domain, "quiet.example") });
    list.push(released(Cidr, "0.0.0.0/0"));
    list
}

fn release() -> Release {
    Release { title: "City \"list\";\nof today".into(), producer: Producer::new("City", "city.example"), made: MADE }
}

fn written(form: &Form, list: Vec<Released>) -> (String, Written) {
    let mut out = Vec::new();
    let written = write(form, &release(), &mut list.into_iter(), &mut out).unwrap();
    (String::from_utf8(out).unwrap(), written)
}

/// The text, how many it carries, and the reasons with their counts.
#[track_caller]
fn check(form: &Form, lines: &[&str], left: &[(Why, u64)], narrowed: &[(Why, u64)]) {
    let (text, found) = written(form, list());
    let counts = |list: &[Left]| list.iter().map(|left| (left.why, left.count)).collect::<Vec<_>>();
    assert_eq!(counts(&found.left), left, "{text}");
    assert_eq!(counts(&found.narrowed), narrowed, "{text}");
    assert_eq!(found.written + found.left_count(), list().len() as u64, "every one is written or counted");
    assert_eq!(text.lines().collect::<Vec<_>>(), lines, "{text}");
    assert_eq!(written(form, list()).0, text, "the same bytes again");
}

#[test]
fn text() {
    let lines = [
        "192.0.2.7",
        "2001:db8::1",
        "198.51.100.0/24",
        "2001:db8:1::/48",
        "192.0.2.8:443",
        "evil.example",
        "https://evil.example/a,b",
        "/w00t.php?x=1",
        "44d88612fea8a8f36de82e1278abb02f",
        "3395856ce81f2b7382dee72602f798b642f14140",
        "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
        "=some@evil.example",
        "quiet.example",
        "0.0.0.0/0",
    ];
    check(&Form::Text, &lines, &[(Why::Malformed, 1), (Why::Expired, 1)], &[]);
}

#[test]
fn hosts() {
    let left = [
        (Why::Kind(Ipv4), 1),
        (Why::Kind(Ipv6), 1),
        (Why::Kind(Cidr), 2),
        (Why::Kind(IpPort), 1),
        (Why::Kind(Url), 1),
        (Why::Kind(UrlPath), 1),
        (Why::Kind(FileHash), 3),
        (Why::Kind(Email), 1),
        (Why::Malformed, 1),
        (Why::Expired, 1),
        (Why::NotForBlocking, 1),
        (Why::Everything, 1),
    ];
    check(&Form::Hosts, &["# City \"list\"; of today", "0.0.0.0 evil.example"], &left, &[(Why::Subdomains, 1)]);
}

#[test]
fn rpz() {
    let zone = rpz::Zone { name: "rpz.city.example.".into(), serial: 7, action: Action::NxDomain, ttl_seconds: 60 };
    let lines = [
        "; City \"list\"; of today",
        "$TTL 60",
        "$ORIGIN rpz.city.example.",
        "@ SOA localhost. hostmaster.localhost. 7 300 60 604800 60",
        "@ NS localhost.",
        "32.7.2.0.192.rpz-ip CNAME .",
        "128.1.zz.db8.2001.rpz-ip CNAME .",
        "24.0.100.51.198.rpz-ip CNAME .",
        "48.zz.1.db8.2001.rpz-ip CNAME .",
        "evil.example CNAME .",
        "*.evil.example CNAME .",
    ];
    let left = [
        (Why::Kind(IpPort), 1),
        (Why::Kind(Url), 1),
        (Why::Kind(UrlPath), 1),
        (Why::Kind(FileHash), 3),
        (Why::Kind(Email), 1),
        (Why::Malformed, 1),
        (Why::Expired, 1),
        (Why::NotForBlocking, 1),
        (Why::Everything, 1),
    ];
    check(&Form::Rpz(zone), &lines, &left, &[]);
    let owners = rpz::owners(&released(Domain, "evil.example"), &release(), "rpz.city.example").unwrap();
    assert_eq!(owners.iter().collect::<Vec<_>>(), ["evil.example", "*.evil.example"]);
    let over = Released { valid_until: Some(MADE), ..released(Domain, "over.example") };
    assert_eq!(rpz::owners(&over, &release(), "rpz.city.example"), Err(Why::Expired));
}

#[test]
fn nftables() {
    let lines = [
        "# City \"list\"; of today",
        "add table inet watchbell",
        "add set inet watchbell listed4 { type ipv4_addr; flags interval; auto-merge; }",
        "flush set inet watchbell listed4",
        "add element inet watchbell listed4 { 192.0.2.7, 198.51.100.0/24 }",
        "add set inet watchbell listed6 { type ipv6_addr; flags interval; auto-merge; }",
        "flush set inet watchbell listed6",
        "add element inet watchbell listed6 { 2001:db8::1, 2001:db8:1::/48 }",
    ];
    let left = [
        (Why::Kind(IpPort), 1),
        (Why::Kind(Domain), 1),
        (Why::Kind(Url), 1),
        (Why::Kind(UrlPath), 1),
        (Why::Kind(FileHash), 3),
        (Why::Kind(Email), 1),
        (Why::Malformed, 1),
        (Why::Expired, 1),
        (Why::NotForBlocking, 1),
        (Why::Everything, 1),
    ];
    check(&Form::Nftables(nftables::Sets::default()), &lines, &left, &[]);
}

#[test]
fn nftables_with_ends() {
    let sets = nftables::Sets::default().with_ends(nftables::Ends::Timeout);
    let forever = Released { valid_until: None, ..released(Ipv4, "192.0.2.1") };
    let ranges = vec![released(Cidr, "192.0.2.0/29"), forever, released(Ipv4, "192.0.2.8")];
    let (text, _) = written(&Form::Nftables(sets), ranges);
    let elements = "{ 192.0.2.0 timeout 86400s, 192.0.2.1, 192.0.2.2-192.0.2.8 timeout 86400s }";
    assert!(text.contains(elements), "{text}");
    assert!(!text.contains("auto-merge"), "{text}");
}

#[test]
fn suricata() {
    let check = |dataset: Dataset, expected: &[&str]| {
        let (text, found) = written(&Form::Suricata(dataset), list());
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
        assert_eq!(found.written + found.left_count(), list().len() as u64);
    };
    check(Dataset::Addresses, &["192.0.2.7", "2001:db8::1"]);
    check(Dataset::Ipv4, &["192.0.2.7"]);
    // `evil.example` and `quiet.example` in base64: what is only watched may be told.
    check(Dataset::Domains, &["ZXZpbC5leGFtcGxl", "cXVpZXQuZXhhbXBsZQ=="]);
    check(Dataset::Paths, &["L3cwMHQucGhwP3g9MQ=="]);
    check(Dataset::Md5, &["44d88612fea8a8f36de82e1278abb02f"]);
    check(Dataset::Sha256, &["275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"]);
}

#[test]
fn suricata_rules() {
    let mut out = Vec::new();
    suricata::rules(&release(), &[Dataset::Domains, Dataset::Sha256], 9_000_000, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let first = "alert dns any any -> any any (msg:\"City list of today, listed name asked for\"; dns.query; to_lowercase; \
                 dataset:isset,watchbell-domains,type string,load watchbell-domains.lst; sid:9000004; rev:1;)";
    assert_eq!(text.lines().next(), Some(first));
    assert_eq!(text.lines().count(), 4);
    let last = "filesha256:watchbell-sha256.lst; sid:9000009; rev:1;)";
    assert!(text.trim_end().ends_with(last), "{text}");
}

#[test]
fn zeek() {
    let (text, found) = written(&Form::Zeek, list());
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc"));
    let rest = "City \"list\";\\x0aof today\tmalware/emotet, high, confidence 83, TLP:GREEN";
    assert_eq!(lines.next(), Some(format!("192.0.2.7\tIntel::ADDR\t{rest}").as_str()));
    let firsts: Vec<&str> = text.lines().skip(2).map(|line| line.split("\tCity").next().unwrap()).collect();
    let expected = [
        "2001:db8::1\tIntel::ADDR",
        "198.51.100.0/24\tIntel::SUBNET",
        "2001:db8:1::/48\tIntel::SUBNET",
        "evil.example\tIntel::DOMAIN",
        "evil.example/a,b\tIntel::URL",
        "44d88612fea8a8f36de82e1278abb02f\tIntel::FILE_HASH",
        "3395856ce81f2b7382dee72602f798b642f14140\tIntel::FILE_HASH",
        "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f\tIntel::FILE_HASH",
        "=some@evil.example\tIntel::EMAIL",
        "quiet.example\tIntel::DOMAIN",
        "0.0.0.0/0\tIntel::SUBNET",
    ];
    assert_eq!(firsts, expected);
    assert!(text.lines().all(|line| line.split('\t').count() == if line.starts_with('#') { 5 } else { 4 }));
    assert_eq!(found.written + found.left_count(), list().len() as u64);
}

#[test]
fn csv() {
    let (text, found) = written(&Form::Csv, list());
    let rows: Vec<&str> = text.split("\r\n").collect();
    let id = released(Ipv4, "192.0.2.7").id();
    let first = format!(
        "ipv4,192.0.2.7,malware/emotet,83,high,2026-08-22T14:13:20.000Z,2026-09-20T14:13:20.000Z,2026-09-22T14:13:20.000Z,green,clear,A feed,T1071.001,{id}"
    );
    assert_eq!(rows[1], first);
    assert!(rows[7].starts_with("url,\"https://evil.example/a,b\",malware/emotet,"), "{}", rows[7]);
    assert!(rows[12].starts_with("email,'=some@evil.example,"), "{}", rows[12]);
    assert_eq!(found.written, rows.len() as u64 - 2);
}

#[test]
fn stix() {
    let (text, found) = written(&Form::Stix(Observables::With), list());
    let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    let of = |kind: &str| objects.iter().filter(|object| object["type"] == kind).collect::<Vec<_>>();
    assert_eq!(of("indicator").len() as u64, found.written);
    assert_eq!(of("marking-definition").len(), 3, "TLP:GREEN, TLP:RED, PAP:AMBER, each once");
    let indicator = of("indicator")[0];
    assert_eq!(indicator["pattern"], "[ipv4-addr:value = '192.0.2.7']");
    assert_eq!(indicator["valid_from"], "2026-08-22T14:13:20.000Z");
    assert_eq!(indicator["valid_until"], "2026-09-22T14:13:20.000Z");
    assert_eq!(indicator["modified"], "2026-09-20T14:13:20.000Z");
    assert_eq!(indicator["confidence"], 83);
    // The observable's id is everybody's: computed with the reference library.
    assert_eq!(of("domain-name")[0]["id"], "domain-name--69228563-c8d2-54ae-aeca-5f4134cb59aa");
    assert_eq!(found.narrowed.len(), 1);
    // Whatever a marking or a relationship names is in the bundle, in front of it.
    let mut known = std::collections::BTreeSet::new();
    for object in objects {
        for name in ["created_by_ref", "source_ref", "target_ref"] {
            if let Some(id) = object[name].as_str() {
                assert!(known.contains(id), "{id}");
            }
        }
        for id in object["object_marking_refs"].as_array().into_iter().flatten() {
            assert!(known.contains(id.as_str().unwrap()), "{id}");
        }
        assert!(known.insert(object["id"].as_str().unwrap()), "{object}");
    }
}

#[test]
fn ids_are_the_producers_and_stay() {
    let other = Release { producer: Producer::new("City", "other.example"), ..release() };
    let later = Release { made: MADE.plus(std::time::Duration::from_secs(60)), ..release() };
    let one = released(Domain, "evil.example");
    assert_ne!(stix::indicator_id(&release().producer, &one), stix::indicator_id(&other.producer, &one));
    assert_eq!(stix::indicator_id(&release().producer, &one), stix::indicator_id(&later.producer, &one));
}

/// Files in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

struct File(String, Memory);

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.0.lock().unwrap().entry(self.0.clone()).or_default().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl misp::Folder for Memory {
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write>> {
        assert!(self.0.lock().unwrap().insert(name.into(), Vec::new()).is_none(), "{name} twice");
        Ok(Box::new(File(name.into(), self.clone())))
    }
}

fn feed(events: u16, list: Vec<Released>) -> (BTreeMap<String, Vec<u8>>, Written) {
    let mut memory = Memory::default();
    let written = misp::feed(&release(), events, &mut list.into_iter(), &mut memory).unwrap();
    let files = memory.0.lock().unwrap().clone();
    (files, written)
}

#[test]
fn misp_feed() {
    let mut given = list();
    given.push(released(Domain, "zip"));
    let (files, found) = feed(1, given.clone());
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let (id, entry) = manifest.as_object().unwrap().iter().next().unwrap();
    assert_eq!(entry["Tag"][0]["name"], "tlp:red", "as closed as its closest attribute");
    assert_eq!(entry["Tag"][1]["name"], "PAP:AMBER");
    let event: serde_json::Value = serde_json::from_slice(&files[&format!("{id}.json")]).unwrap();
    let event = &event["Event"];
    assert_eq!(event["uuid"].as_str(), Some(id.as_str()));
    assert_eq!(event["Attribute"].as_array().unwrap().len() as u64, found.written);
    assert_eq!(found.written + found.left_count(), given.len() as u64);
    let lone = found.left.iter().find(|left| left.why == Why::OneLabel).unwrap();
    assert_eq!((lone.count, lone.first.as_str()), (1, "zip"));
    let hashes = String::from_utf8(files["hashes.csv"].clone()).unwrap();
    // An address and its port are two.
    assert_eq!(hashes.lines().count() as u64, found.written + 1);
    assert!(hashes.lines().all(|line| line.ends_with(id.as_str()) && line.len() == 32 + 1 + 36), "{hashes}");
    let of_the_domain = format!("96119eb3210daa472225fbad69fa9770,{id}");
    assert!(hashes.lines().any(|line| line == of_the_domain), "{hashes}");
}

#[test]
fn a_misp_event_changes_only_with_its_own_indicators() {
    let (before, _) = feed(8, list());
    let mut more = list();
    more.insert(0, released(Domain, "new.example"));
    let (after, _) = feed(8, more);
    let is_event = |name: &&String| name.ends_with(".json") && *name != "manifest.json";
    let changed = after.keys().filter(is_event).filter(|name| before.get(*name) != after.get(*name)).count();
    assert_eq!(changed, 1);
}

#[test]
fn an_empty_release_is_whole() {
    let check = |form: Form, expected: &str| assert_eq!(written(&form, Vec::new()).0, expected);
    check(Form::Text, "");
    let (bundle, _) = written(&Form::Stix(Observables::Without), Vec::new());
    assert!(serde_json::from_str::<serde_json::Value>(&bundle).is_ok());
    let (files, _) = feed(1, Vec::new());
    assert_eq!(files["manifest.json"], b"{}\n");
}

prop_compose! {
    fn any_released()(
        kind in prop::sample::select(IndicatorKind::ALL.to_vec()),
        value in ".{0,40}",
        label in ".{0,20}",
        first in any::<Option<i64>>(),
        last in any::<Option<i64>>(),
        until in any::<Option<i64>>(),
        sources in prop::collection::vec(".{0,10}", 0..3),
        techniques in prop::collection::vec(".{0,10}", 0..3),
    ) -> Released {
        let time = |at: Option<i64>| at.map(Timestamp::from_micros);
        Released {
            kind, value, label, sources, techniques,
            first_seen: time(first), last_seen: time(last), valid_until: time(until),
            ..released(Domain, "x")
        }
    }
}

/// Texts of which many are values.
fn likely_value() -> impl Strategy<Value = (IndicatorKind, String)> {
    prop_oneof![
        any::<u32>().prop_map(|bits| (Ipv4, std::net::Ipv4Addr::from_bits(bits).to_string())),
        any::<u128>().prop_map(|bits| (Ipv6, std::net::Ipv6Addr::from_bits(bits).to_string())),
        "([a-z0-9_-]{1,12}\\.){0,4}[a-z]{1,9}".prop_map(|name| (Domain, name)),
        "https?://[a-z]{1,9}\\.example/[!-~]{0,20}".prop_map(|url| (Url, url)),
        "/[!-~]{0,20}".prop_map(|path| (UrlPath, path)),
        "[!-~]{1,9}@[a-z]{1,9}\\.example".prop_map(|address| (Email, address)),
    ]
}

proptest! {
    #[test]
    fn no_input_makes_a_writer_panic_or_lose_count(
        wild in prop::collection::vec(any_released(), 0..6),
        likely in prop::collection::vec((likely_value(), ".{0,12}"), 0..6),
    ) {
        let mut list = wild;
        list.extend(likely.into_iter().map(|((kind, value), label)| Released { label, ..released(kind, &value) }));
        let zone = rpz::Zone { name: "rpz.example".into(), serial: 1, action: Action::Drop, ttl_seconds: 5 };
        let sets = nftables::Sets::default().with_ends(nftables::Ends::Timeout);
        let forms = [
            Form::Stix(Observables::With), Form::Csv, Form::Text, Form::Zeek, Form::Hosts,
            Form::Nftables(sets), Form::Rpz(zone), Form::Suricata(Dataset::Domains),
        ];
        for form in forms {
            let (text, found) = written(&form, list.clone());
            prop_assert_eq!(found.written + found.left_count(), list.len() as u64);
            match form {
                Form::Text => prop_assert_eq!(text.lines().count() as u64, found.written),
                Form::Zeek => {
                    prop_assert_eq!(text.lines().count() as u64, found.written + 1);
                    prop_assert!(text.lines().skip(1).all(|line| line.split('\t').count() == 4));
                }
                Form::Hosts => prop_assert_eq!(text.lines().count() as u64, found.written + 1),
                Form::Stix(_) => {
                    let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
                    let is_indicator = |object: &&serde_json::Value| object["type"] == "indicator";
                    let count = bundle["objects"].as_array().unwrap().iter().filter(is_indicator).count();
                    prop_assert_eq!(count as u64, found.written);
                }
                _ => {}
            }
        }
        let (files, found) = feed(3, list.clone());
        prop_assert_eq!(found.written + found.left_count(), list.len() as u64);
        for (name, bytes) in &files {
            let is_json = serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
            prop_assert!(is_json || name == "hashes.csv", "{}", name);
        }
    }
}
