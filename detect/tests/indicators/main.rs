//! The promises about indicators, through the public operations: everything listed is found, nothing else is, whatever
//! happens to the bytes and whoever reads meanwhile.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail loudly and say what it counted; the lints know only the test functions themselves"
)]

mod observing;
mod oracle;
mod real;
mod support;

use std::sync::atomic::{AtomicBool, Ordering};

use detect::indicators::{Builder, Defaults, Hit, How, IndicatorSet, Indicators, Segment, merge, parse_line};
use model::Indicator;
use model::ocsf::{Observable, ObservableKind};
use support::{find, indicator, segment};

fn names(hits: &[Hit]) -> Vec<(String, How)> {
    hits.iter().map(|hit| (format!("{} {}", hit.kind, hit.value), hit.how)).collect()
}

fn check(set: &IndicatorSet, kind: ObservableKind, value: &str, expected: &[(&str, How)]) {
    let expected: Vec<_> = expected.iter().map(|(name, how)| ((*name).to_owned(), *how)).collect();
    assert_eq!(names(&find(set, kind, value, None)), expected, "{value}");
}

fn city() -> IndicatorSet {
    IndicatorSet::of(segment(&[
        "evil.example\tmalware/x\t80",
        "b.evil.example\tmalware/y\t70",
        "co.uk\tsuspicious",
        ".zip\tsuspicious",
        "bücher.example\tmalware/x",
        "192.0.2.7\tscanner",
        "192.0.2.7:8443\tc2",
        "192.0.2.0/24\tscanner",
        "192.0.0.0/8\tscanner",
        "2001:db8::7\tscanner",
        "2001:db8::/32\tscanner",
        "[2001:db8::9]:443\tc2",
        "hxxp://files.example/a.exe\tdropper",
        "loader.example/gate.php?id=1\tdropper",
        "secure.example:443/x\tdropper",
        "/gate/login.php\tpanel",
        "/q.php?x=1\tpanel",
        "44D88612FEA8A8F36DE82E1278ABB02F\teicar",
        "boss@Evil-Mail.example\tphish",
    ]))
}

#[test]
fn names_are_found_with_their_parents() {
    let set = city();
    let check = |value: &str, expected: &[(&str, How)]| check(&set, ObservableKind::Hostname, value, expected);
    check("evil.example", &[("domain evil.example", How::Exact)]);
    check("EVIL.Example.", &[("domain evil.example", How::Exact)]);
    check("a.b.evil.example", &[("domain b.evil.example", How::Subdomain), ("domain evil.example", How::Subdomain)]);
    check("notevil.example", &[]);
    check("evil.example.org", &[]);
    check("example", &[]);
    check("www.shop.co.uk", &[("domain co.uk", How::Subdomain)]);
    check("shop.org.uk", &[]);
    check("setup.zip", &[("domain zip", How::Subdomain)]);
    check("xn--bcher-kva.example", &[("domain xn--bcher-kva.example", How::Exact)]);
    check("www.BÜCHER.example", &[("domain xn--bcher-kva.example", How::Subdomain)]);
    check("192.0.2.9", &[("cidr 192.0.2.0/24", How::InRange), ("cidr 192.0.0.0/8", How::InRange)]);
    check("2001:db8::8", &[("cidr 2001:db8::/32", How::InRange)]);
    check("", &[]);
    check(".", &[]);
    check("..evil.example", &[("domain evil.example", How::Subdomain)]);
    check(&format!("{}.evil.example", "a".repeat(300)), &[]);
}

#[test]
fn addresses_are_found_alone_with_port_and_in_ranges() {
    let set = city();
    let check = |value: &str, port: Option<u16>, expected: &[(&str, How)]| {
        let expected: Vec<_> = expected.iter().map(|(name, how)| ((*name).to_owned(), *how)).collect();
        assert_eq!(names(&find(&set, ObservableKind::Ip, value, port)), expected, "{value} {port:?}");
    };
    let (narrow, wide) = (("cidr 192.0.2.0/24", How::InRange), ("cidr 192.0.0.0/8", How::InRange));
    let (one, socket) = (("ipv4 192.0.2.7", How::Exact), ("ip-port 192.0.2.7:8443", How::Exact));
    check("192.0.2.7", None, &[one, narrow, wide]);
    check("192.0.2.7", Some(8443), &[one, socket, narrow, wide]);
    check("192.0.2.7", Some(80), &[one, narrow, wide]);
    check("::ffff:192.0.2.7", None, &[one, narrow, wide]);
    check("192.1.0.1", None, &[wide]);
    check("193.0.2.7", None, &[]);
    check(
        "2001:DB8:0::9",
        Some(443),
        &[("ip-port [2001:db8::9]:443", How::Exact), ("cidr 2001:db8::/32", How::InRange)],
    );
    check("2001:db9::7", None, &[]);
    check("not an address", None, &[]);
}

#[test]
fn urls_are_found_whole_without_scheme_by_path_and_by_host() {
    let set = city();
    let check = |value: &str, expected: &[(&str, How)]| check(&set, ObservableKind::Url, value, expected);
    let file = ("url http://files.example/a.exe", How::Exact);
    check("http://FILES.example:80/a.exe#top", &[file]);
    check("https://files.example/a.exe", &[]);
    check("http://files.example/a.exe?x", &[]);
    check("http://files.example/b.exe", &[]);
    check("files.example/a.exe", &[("url http://files.example/a.exe", How::WithoutScheme)]);
    let loader = ("url loader.example/gate.php?id=1", How::WithoutScheme);
    check("http://loader.example/gate.php?id=1", &[loader]);
    check("https://loader.example:443/gate.php?id=1", &[loader]);
    check("http://loader.example:8080/gate.php?id=1", &[]);
    check("https://secure.example/x", &[("url secure.example:443/x", How::WithoutScheme)]);
    check("http://secure.example/x", &[]);
    check("http://any.example/gate/login.php?next=1", &[("url-path /gate/login.php", How::Exact)]);
    check("/gate/login.php", &[("url-path /gate/login.php", How::Exact)]);
    check("/q.php?x=1", &[("url-path /q.php?x=1", How::Exact)]);
    check("/q.php?x=2", &[]);
    check("ftp://a.evil.example/x", &[("domain evil.example", How::Subdomain)]);
    check("http://[2001:db8::7]/", &[("ipv6 2001:db8::7", How::Exact), ("cidr 2001:db8::/32", How::InRange)]);
    let at_port = [
        ("ipv4 192.0.2.7", How::Exact),
        ("ip-port 192.0.2.7:8443", How::Exact),
        ("cidr 192.0.2.0/24", How::InRange),
        ("cidr 192.0.0.0/8", How::InRange),
    ];
    check("https://192.0.2.7:8443/", &at_port);
}

#[test]
fn hashes_and_mail_are_found() {
    let set = city();
    let md5 = ("file-hash 44d88612fea8a8f36de82e1278abb02f", How::Exact);
    check(&set, ObservableKind::Hash, "44d88612fea8a8f36de82e1278abb02f", &[md5]);
    check(
        &set,
        ObservableKind::Hash,
        "SHA1=0000000000000000000000000000000000000000,MD5=44D88612FEA8A8F36DE82E1278ABB02F",
        &[md5],
    );
    check(&set, ObservableKind::Hash, "IMPHASH=44D88612FEA8A8F36DE82E1278ABB02F", &[]);
    check(&set, ObservableKind::Email, "Boss@evil-mail.EXAMPLE", &[("email boss@evil-mail.example", How::Exact)]);
    check(&set, ObservableKind::Email, "other@evil-mail.example", &[]);
    check(&set, ObservableKind::Email, "x@a.evil.example", &[("domain evil.example", How::Subdomain)]);
}

#[test]
fn several_sources_are_one_indicator() {
    let mut builder = Builder::new();
    for (source, line) in [("a", "evil.example\tx\t20"), ("b", "EVIL.example\ty\t90"), ("a", "evil.example\tx\t30")] {
        builder.push(&indicator(source, line)).unwrap();
    }
    let mut image = Vec::new();
    assert_eq!(builder.finish(&mut image).unwrap().indicators, 1);
    let hits = find(&IndicatorSet::of(Segment::open(image).unwrap()), ObservableKind::Hostname, "evil.example", None);
    let [hit] = hits.as_slice() else { panic!("{hits:?}") };
    let claims: Vec<_> =
        hit.claims.iter().map(|claim| (&*claim.source, &*claim.label, claim.confidence.percent())).collect();
    assert_eq!(claims, [("b", "y", 90), ("a", "x", 30)]);
    assert_eq!(hit.id(), hit.indicator().unwrap().id());
}

#[test]
fn readers_see_whole_changes_while_a_writer_works() {
    let indicators = Indicators::new(IndicatorSet::of(segment(&["left.example\tx", "always.example\tx"])));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = || {
            let mut rounds = 0u64;
            while !done.load(Ordering::Relaxed) || rounds == 0 {
                let set = indicators.load();
                let sees = |name: &str| !find(&set, ObservableKind::Hostname, name, None).is_empty();
                assert!(sees("sub.always.example"));
                assert!(sees("left.example") != sees("right.example"), "one moves to the other in one step");
                rounds += 1;
            }
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        let (left, right) = (indicator("test", "left.example"), indicator("test", "right.example"));
        for round in 0..200 {
            let (from, to) = if round % 2 == 0 { (&left, &right) } else { (&right, &left) };
            indicators.change(|delta| delta.remove(from.kind, &from.value).and_then(|()| delta.add(to))).unwrap();
            if round % 20 == 0 {
                let set = indicators.load();
                let mut image = Vec::new();
                merge(&set, &mut image).unwrap();
                indicators.install(Segment::open(image).unwrap(), &set);
            }
        }
        done.store(true, Ordering::Relaxed);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}

#[test]
fn segments_are_limited() {
    let indicators = Indicators::default();
    for _ in 0..model::limits::INDICATOR_SEGMENTS_MAX {
        indicators.add_segment(segment(&["evil.example\tx"])).unwrap();
    }
    assert!(indicators.add_segment(segment(&["evil.example\tx"])).is_err());
}

#[test]
fn an_empty_segment_finds_nothing() {
    let set = IndicatorSet::of(segment(&[]));
    assert!(set.is_empty());
    check(&set, ObservableKind::Hostname, "evil.example", &[]);
    check(&set, ObservableKind::Ip, "192.0.2.7", &[]);
    let observable = Observable { kind: ObservableKind::Port, attribute: "x", value: "80", port: None };
    set.find(&observable, &mut Vec::new());
}

#[test]
fn a_segment_gives_back_what_went_in() {
    let lines = ["evil.example\tx\t70", "10.0.0.0/8\ty", "http://a.example/\tz", "2001:db8::/32\ty", "192.0.2.1:80\ty"];
    let parse = |line: &str| parse_line(line, &Defaults::of_source("test")).unwrap().unwrap();
    let mut expected: Vec<_> = lines.iter().map(|line| parse(line)).collect();
    let mut found = Vec::new();
    segment(&lines).for_each(|indicator| found.push(indicator)).unwrap();
    let key = |indicator: &Indicator| (indicator.kind, indicator.value.clone());
    expected.sort_by_key(key);
    found.sort_by_key(key);
    assert_eq!(found, expected);
}
