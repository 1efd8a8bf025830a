//! Questions of a resolver, signed with keys that are right, wrong, over or absent, and what comes back.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use domain::base::iana::{Class, Opcode, Rcode, TsigRcode};
use domain::base::message_builder::AdditionalBuilder;
use domain::base::{Message, MessageBuilder, Name, Rtype, Serial, Ttl};
use domain::rdata::tsig::Tsig;
use domain::rdata::{AllRecordData, Soa};
use domain::tsig::ClientSequence;
use model::Timestamp;
use proptest::prelude::*;

use super::answer::{Reply, Way, buffer, judge, seconds};
use super::key::Held;
use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

#[derive(Default)]
struct City {
    keys: HashMap<String, Arc<TransferKey>>,
    zones: HashMap<(String, String), Arc<Zone>>,
}

impl Zones for City {
    fn key(&self, name: &str) -> Option<Arc<TransferKey>> {
        self.keys.get(name).cloned()
    }

    fn zone(&self, name: &str, key: &str) -> Option<Arc<Zone>> {
        self.zones.get(&(name.to_owned(), key.to_owned())).cloned()
    }
}

fn key(name: &str, algorithm: KeyAlgorithm, secret: &[u8], expires: Option<Timestamp>) -> Arc<TransferKey> {
    Arc::new(TransferKey::new(name, algorithm, secret, expires).unwrap())
}

fn zone(list: &[&str]) -> Zone {
    let settings = ZoneSettings::new("rpz.example", ".", 60).unwrap();
    let mut names = settings.names();
    for name in list {
        names.add(name).unwrap();
    }
    let names = names.finish();
    Zone::new(settings, 7, names)
}

fn renamed(zone: &Zone, list: &[&str]) -> Zone {
    let mut names = zone.settings().names();
    for name in list {
        names.add(name).unwrap();
    }
    zone.next(names.finish()).unwrap()
}

/// Keys `good` (SHA-256), `long` (SHA-512) and `over`; the zone `rpz.example` for the first two.
fn city(zone: Zone) -> City {
    let mut city = City::default();
    let zone = Arc::new(zone);
    let keys = [
        key("good", KeyAlgorithm::Sha256, SECRET, Some(NOW.plus(std::time::Duration::from_secs(1)))),
        key("long", KeyAlgorithm::Sha512, SECRET, None),
        key("over", KeyAlgorithm::Sha256, SECRET, Some(NOW)),
        key("other", KeyAlgorithm::Sha256, SECRET, None),
    ];
    for key in keys {
        if key.name() != "other" {
            city.zones.insert(("rpz.example".into(), key.name().into()), Arc::clone(&zone));
        }
        city.keys.insert(key.name().into(), key);
    }
    city
}

/// What is asked.
#[derive(Clone, Copy)]
struct Question<'a> {
    zone: &'a str,
    rtype: Rtype,
    since: Option<u32>,
    opcode: Opcode,
    class: Class,
}

const AXFR: Question<'static> =
    Question { zone: "rpz.example", rtype: Rtype::AXFR, since: None, opcode: Opcode::QUERY, class: Class::IN };

fn unsigned(question: Question<'_>) -> AdditionalBuilder<answer::Buffer> {
    let name = Name::<Vec<u8>>::from_str(question.zone).unwrap();
    let mut message = MessageBuilder::from_target(buffer()).unwrap();
    message.header_mut().set_id(0x1234);
    message.header_mut().set_opcode(question.opcode);
    let mut section = message.question();
    section.push((&name, question.rtype, question.class)).unwrap();
    let mut authority = section.authority();
    if let Some(serial) = question.since {
        let second = Ttl::from_secs(1);
        let soa = Soa::new(name.clone(), name.clone(), Serial(serial), second, second, second, second);
        authority.push((&name, 60, soa)).unwrap();
    }
    let mut additional = authority.additional();
    additional
        .opt(|opt| {
            opt.set_udp_payload_size(1232);
            Ok(())
        })
        .unwrap();
    additional
}

fn signed(question: Question<'_>, key: &Arc<TransferKey>, now: Timestamp) -> (Vec<u8>, ClientSequence<Held>) {
    let mut message = unsigned(question);
    let sequence = ClientSequence::request(Held(Arc::clone(key)), &mut message, seconds(now)).unwrap();
    (message.finish().as_dgram_slice().to_vec(), sequence)
}

/// A transfer's records as text, each message verified in its chain.
fn records(reply: Reply, mut sequence: ClientSequence<Held>) -> (usize, Vec<String>) {
    let mut messages = Vec::new();
    match reply {
        Reply::Message(message) => messages.push(message.as_dgram_slice().to_vec()),
        Reply::Transfer(mut transfer) => {
            let mut transfer = transfer.messages();
            while let Some(message) = transfer.next(buffer(), NOW).unwrap() {
                messages.push(message.as_dgram_slice().to_vec());
            }
        }
        Reply::Silence | Reply::Stranger(_) => panic!("no answer"),
    }
    let count = messages.len();
    let mut texts = Vec::new();
    for bytes in messages {
        assert!(bytes.len() <= 65_535);
        let mut message = Message::from_octets(bytes).unwrap();
        sequence.answer(&mut message, seconds(NOW)).unwrap();
        assert_eq!(message.header().rcode(), Rcode::NOERROR);
        assert!(message.header().aa());
        for record in message.answer().unwrap().limit_to::<AllRecordData<_, _>>() {
            let record = record.unwrap();
            texts.push(match record.data() {
                AllRecordData::Soa(soa) => format!("SOA {}", soa.serial()),
                data => format!("{} {} {data}", record.owner(), record.rtype()),
            });
        }
    }
    sequence.done().unwrap();
    (count, texts)
}

fn asked(city: &City, question: Question<'_>, key_name: &str) -> (usize, Vec<String>) {
    let (message, sequence) = signed(question, &city.keys[key_name], NOW);
    records(judge(message, Way::Tcp, city, NOW), sequence)
}

#[test]
fn a_zone_is_transferred_whole() {
    let city = city(zone(&["evil.example", "*.evil.example", "32.1.2.0.192.rpz-ip"]));
    let expected = [
        "SOA 7",
        "rpz.example NS localhost.",
        "*.evil.example.rpz.example CNAME .",
        "32.1.2.0.192.rpz-ip.rpz.example CNAME .",
        "evil.example.rpz.example CNAME .",
        "SOA 7",
    ];
    for key in ["good", "long"] {
        let (messages, mut records) = asked(&city, AXFR, key);
        records[1..5].sort_unstable();
        let mut expected = expected;
        expected[1..5].sort_unstable();
        assert_eq!((messages, records.as_slice()), (1, &expected.map(str::to_owned)[..]));
    }
}

#[test]
fn a_large_zone_takes_many_messages_all_of_them_signed() {
    let list: Vec<String> = (0..20_000).map(|n| format!("name{n}.of.some.length.example")).collect();
    let city = city(zone(&list.iter().map(String::as_str).collect::<Vec<_>>()));
    let (messages, records) = asked(&city, AXFR, "good");
    assert!(messages > 20, "{messages}");
    assert_eq!(records.len(), list.len() + 3);
}

#[test]
fn changes_are_transferred_alone() {
    let first = zone(&["a.example", "b.example", "c.example", "d.example", "e.example", "f.example"]);
    let second = renamed(&first, &["a.example", "c.example", "d.example", "e.example", "f.example", "g.example"]);
    let third = renamed(&second, &["c.example", "d.example", "e.example", "f.example", "g.example"]);
    let city = city(third);
    let ixfr = |since| asked(&city, Question { rtype: Rtype::IXFR, since: Some(since), ..AXFR }, "good").1;
    let cname = |name: &str| format!("{name}.example.rpz.example CNAME .");
    let soa = |serial| format!("SOA {serial}");
    let both = vec![soa(9), soa(7), cname("b"), soa(8), cname("g"), soa(8), cname("a"), soa(9), soa(9)];
    assert_eq!(ixfr(7), both);
    assert_eq!(ixfr(8), [soa(9), soa(8), cname("a"), soa(9), soa(9)]);
    assert_eq!(ixfr(9), [soa(9)], "nothing is missing");
    assert_eq!(ixfr(10), [soa(9)], "newer than ours");
    assert_eq!(ixfr(3).len(), 5 + 3, "too long ago: the whole zone");
}

/// The code of an answer, the error inside its signature, and whether anything was told.
fn refused(reply: Reply) -> (Rcode, Option<TsigRcode>, bool) {
    let (Reply::Message(message) | Reply::Stranger(message)) = reply else { panic!("no single answer") };
    let message = Message::from_octets(message.as_dgram_slice().to_vec()).unwrap();
    let tsig = message.get_last_additional::<Tsig<_, _>>().map(|tsig| tsig.data().error());
    (message.header().rcode(), tsig, message.header_counts().ancount() > 0)
}

#[test]
fn without_a_good_key_nothing_is_told() {
    let city = city(zone(&["evil.example"]));
    let check = |message: Vec<u8>, rcode, tsig, why: &str| {
        for way in [Way::Tcp, Way::Udp] {
            assert_eq!(refused(judge(message.clone(), way, &city, NOW)), (rcode, tsig, false), "{why}");
        }
    };
    for rtype in [Rtype::AXFR, Rtype::IXFR, Rtype::SOA] {
        let question = Question { rtype, since: Some(1), ..AXFR };
        check(unsigned(question).finish().as_dgram_slice().to_vec(), Rcode::REFUSED, None, "no key");
        let by = |key: &Arc<TransferKey>| signed(question, key, NOW).0;
        let unknown = key("unknown", KeyAlgorithm::Sha256, SECRET, None);
        check(by(&unknown), Rcode::NOTAUTH, Some(TsigRcode::BADKEY), "unknown key");
        let wrong = key("good", KeyAlgorithm::Sha256, b"another secret, as long as it has to be", None);
        check(by(&wrong), Rcode::NOTAUTH, Some(TsigRcode::BADSIG), "wrong secret");
        let other_algorithm = key("good", KeyAlgorithm::Sha512, SECRET, None);
        check(by(&other_algorithm), Rcode::NOTAUTH, Some(TsigRcode::BADKEY), "another algorithm");
        check(by(&city.keys["over"]), Rcode::NOTAUTH, Some(TsigRcode::BADKEY), "a key that is over");
        check(by(&city.keys["other"]), Rcode::REFUSED, Some(TsigRcode::NOERROR), "another subscriber's zone");
    }
}

#[test]
fn an_old_question_is_not_answered() {
    let city = city(zone(&["evil.example"]));
    let asked_at = |seconds_ago: u64, fudge: u16| {
        let mut message = unsigned(AXFR);
        let then = NOW.minus(std::time::Duration::from_secs(seconds_ago));
        let held = Held(Arc::clone(&city.keys["long"]));
        ClientSequence::request_with_fudge(held, &mut message, seconds(then), fudge).unwrap();
        judge(message.finish().as_dgram_slice().to_vec(), Way::Tcp, &city, NOW)
    };
    assert!(matches!(asked_at(299, 300), Reply::Transfer(_)));
    assert_eq!(refused(asked_at(301, 300)), (Rcode::NOTAUTH, Some(TsigRcode::BADTIME), false));
    // The asker proposes a wider window than we grant.
    assert_eq!(refused(asked_at(301, u16::MAX)), (Rcode::REFUSED, Some(TsigRcode::NOERROR), false));
}

#[test]
fn a_flipped_bit_is_noticed_in_any_message() {
    let list: Vec<String> = (0..3_000).map(|n| format!("name{n}.example")).collect();
    let city = city(zone(&list.iter().map(String::as_str).collect::<Vec<_>>()));
    let (message, mut sequence) = signed(AXFR, &city.keys["good"], NOW);
    let Reply::Transfer(mut transfer) = judge(message, Way::Tcp, &city, NOW) else { panic!("no transfer") };
    let mut transfer = transfer.messages();
    let mut first =
        Message::from_octets(transfer.next(buffer(), NOW).unwrap().unwrap().as_dgram_slice().to_vec()).unwrap();
    sequence.answer(&mut first, seconds(NOW)).unwrap();
    let mut bytes = transfer.next(buffer(), NOW).unwrap().unwrap().as_dgram_slice().to_vec();
    bytes[200] ^= 1;
    let mut second = Message::from_octets(bytes).unwrap();
    assert!(sequence.answer(&mut second, seconds(NOW)).is_err());
}

#[test]
fn what_is_not_served_is_refused() {
    let city = city(zone(&["evil.example"]));
    let check = |question: Question<'_>, way, expected: Rcode| {
        let (message, _) = signed(question, &city.keys["good"], NOW);
        let (rcode, _, told) = refused(judge(message, way, &city, NOW));
        assert_eq!((rcode, told), (expected, false), "{} {}", question.zone, question.rtype);
    };
    check(AXFR, Way::Udp, Rcode::REFUSED);
    check(Question { zone: "evil.example.rpz.example", rtype: Rtype::CNAME, ..AXFR }, Way::Tcp, Rcode::REFUSED);
    check(Question { zone: "other.example", ..AXFR }, Way::Tcp, Rcode::REFUSED);
    check(Question { rtype: Rtype::A, ..AXFR }, Way::Tcp, Rcode::REFUSED);
    check(Question { rtype: Rtype::ANY, ..AXFR }, Way::Tcp, Rcode::REFUSED);
    check(Question { opcode: Opcode::UPDATE, ..AXFR }, Way::Tcp, Rcode::REFUSED);
    check(Question { opcode: Opcode::NOTIFY, rtype: Rtype::SOA, ..AXFR }, Way::Tcp, Rcode::REFUSED);
    check(Question { class: Class::CH, ..AXFR }, Way::Tcp, Rcode::REFUSED);
    check(Question { rtype: Rtype::IXFR, ..AXFR }, Way::Tcp, Rcode::FORMERR);
}

#[test]
fn short_answers_are_short() {
    let city = city(zone(&["evil.example"]));
    let ask = |rtype, since, way| {
        let (message, sequence) = signed(Question { rtype, since, ..AXFR }, &city.keys["long"], NOW);
        records(judge(message, way, &city, NOW), sequence)
    };
    assert_eq!(ask(Rtype::SOA, None, Way::Udp), (1, vec!["SOA 7".to_owned()]));
    assert_eq!(ask(Rtype::NS, None, Way::Tcp), (1, vec!["rpz.example NS localhost.".to_owned()]));
    assert_eq!(ask(Rtype::IXFR, Some(1), Way::Udp), (1, vec!["SOA 7".to_owned()]), "come again by TCP");
}

#[test]
fn many_questions_are_not_repeated() {
    let city = city(zone(&["evil.example"]));
    let mut message = vec![0x12, 0x34, 0, 0, 0, 200, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(b"\x3faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0\0\x06\0\x01");
    message.extend(b"\xc0\x0c\0\x06\0\x01".repeat(199));
    let said = reply(message, &city, NOW).unwrap();
    assert_eq!(said, [0x12, 0x34, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0], "a format error and nothing else");
}

#[test]
fn an_answer_is_no_question() {
    let city = city(zone(&["evil.example"]));
    let (mut message, _) = signed(AXFR, &city.keys["good"], NOW);
    message[2] |= 0x80;
    assert!(matches!(judge(message, Way::Udp, &city, NOW), Reply::Silence));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_talk(bytes in prop::collection::vec(any::<u8>(), 0..200), tcp in any::<bool>()) {
        let city = city(zone(&["evil.example"]));
        let way = if tcp { Way::Tcp } else { Way::Udp };
        prop_assert!(matches!(judge(bytes, way, &city, NOW), Reply::Silence | Reply::Stranger(_)));
    }

    #[test]
    fn nor_does_any_change_to_a_good_question(at in 0usize..186, byte in any::<u8>(), cut in 0usize..200) {
        let city = city(zone(&["evil.example"]));
        let (good, _) = signed(Question { rtype: Rtype::IXFR, since: Some(1), ..AXFR }, &city.keys["good"], NOW);
        // The id is not signed (RFC 8945, section 4.2, Original ID), and of the signature's own record names are signed in lower case, class and
        // TTL as what they have to be: those places may change. The record has 77 bytes, 29 of them in front of the time.
        let record = good.len() - 77;
        let is_signed = at >= 2 && !(record..record + 29).contains(&at);
        let mut bytes = good.clone();
        if let Some(place) = bytes.get_mut(at).filter(|_| is_signed) {
            *place = byte;
        }
        bytes.truncate(cut.max(1));
        let is_same = bytes == good;
        let reply = judge(bytes, Way::Udp, &city, NOW);
        prop_assert!(is_same || matches!(reply, Reply::Silence | Reply::Stranger(_)));
    }
}
