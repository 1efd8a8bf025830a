mod oracle;
mod together;

use super::*;
use model::software::{Bound, Cpe, Event, Purl, Range, Statement, Voice};
use proptest::prelude::*;

fn package(purl: &str) -> Software {
    Software { product: "x".to_owned(), purl: Some(purl.to_owned()), ..Software::default() }
}

fn named(cpe: &str) -> Software {
    Software { product: "x".to_owned(), cpe: Some(cpe.to_owned()), ..Software::default() }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn osv(id: &str, ecosystem: &str, name: &str, events: &[(&str, &str)]) -> Advisory {
    let event = |(kind, version): &(&str, &str)| match *kind {
        "introduced" => Event::Introduced((*version).to_owned()),
        "fixed" => Event::Fixed((*version).to_owned()),
        "last" => Event::LastAffected((*version).to_owned()),
        _ => Event::Limit((*version).to_owned()),
    };
    let product = Named::Package { ecosystem: ecosystem.to_owned(), name: name.to_owned() };
    let ranges = vec![Range::Ecosystem(events.iter().map(event).collect())];
    said(id, "osv", Voice::Database, product, Status::Affected, ranges)
}

fn said(id: &str, source: &str, voice: Voice, product: Named, status: Status, ranges: Vec<Range>) -> Advisory {
    let statement = Statement { product, status, versions: Vec::new(), ranges, why: String::new() };
    Advisory { id: id.to_owned(), source: source.to_owned(), voice, statements: vec![statement], ..Advisory::default() }
}

/// The answers, shortly.
fn answers(advisories: Vec<Advisory>, software: &Software) -> Vec<String> {
    let knowledge = Knowledge::new(advisories, Vec::new());
    let found = knowledge.check(Installed { software, within: None }, day("2026-11-27"));
    found.answers.iter().map(|answer| format!("{} {}", answer.vulnerability, answer.status.text())).collect()
}

#[test]
fn packages_by_events() {
    let known = || {
        osv(
            "CVE-2026-1001",
            "npm",
            "@bell/core",
            &[("introduced", "1.0.0"), ("fixed", "1.4.2"), ("introduced", "2.0.0"), ("last", "2.3.0")],
        )
    };
    for (version, expected) in [
        ("0.9.0", "not affected"),
        ("1.0.0", "affected"),
        ("1.4.2-rc.1", "affected"),
        ("1.4.2", "fixed"),
        ("2.3.0", "affected"),
        ("2.3.1", "fixed"),
        ("", "under investigation"),
    ] {
        let software = package(&format!("pkg:npm/%40bell/core@{version}"));
        assert_eq!(answers(vec![known()], &software), [format!("CVE-2026-1001 {expected}")], "{version}");
    }
    assert_eq!(answers(vec![known()], &package("pkg:npm/bell-core@1.0.0")), Vec::<String>::new());
    let from_the_start = osv("A", "PyPI", "Bell.Tower", &[("introduced", "0"), ("limit", "3.0")]);
    assert_eq!(answers(vec![from_the_start.clone()], &package("pkg:pypi/bell-tower@1.0.dev1")), ["A affected"]);
    assert_eq!(answers(vec![from_the_start], &package("pkg:pypi/bell-tower@3.1")), ["A not affected"]);
}

#[test]
fn distributions_by_release_and_source_package() {
    let known = |release: &str| {
        osv("DSA-1", &format!("Debian:{release}"), "bellssl", &[("introduced", "0"), ("fixed", "3.0.9-1+deb12u2")])
    };
    let software = |more: &str| package(&format!("pkg:deb/debian/libbell3@3.0.9-1%2Bdeb12u1?{more}"));
    assert_eq!(answers(vec![known("12")], &software("upstream=bellssl&distro=debian-12")), ["DSA-1 affected"]);
    assert_eq!(answers(vec![known("12")], &software("upstream=bellssl&distro=bookworm")), ["DSA-1 affected"]);
    assert_eq!(answers(vec![known("11")], &software("upstream=bellssl&distro=debian-12")), Vec::<String>::new());
    assert_eq!(answers(vec![known("11")], &software("upstream=bellssl")), ["DSA-1 affected"], "nobody says which");
    assert_eq!(
        answers(vec![known("12")], &software("upstream=bellssl%403.0.9-1%2Bdeb12u2&distro=debian-12.5")),
        ["DSA-1 fixed"]
    );
}

#[test]
fn dictionary_by_bounds() {
    let bound = |version: &str, is_included| Some(Bound { version: version.to_owned(), is_included });
    let cpe = |text: &str| Named::Cpe(Cpe::parse(text).unwrap());
    let known = |text: &str, ranges| said("CVE-2026-1002", "nvd", Voice::Database, cpe(text), Status::Affected, ranges);
    let range = || vec![Range::Between { from: bound("1.2", true), to: bound("1.10", false) }];
    for (version, expected) in [
        ("1.1", "not affected"),
        ("1.2", "affected"),
        ("1.9", "affected"),
        ("1.10", "fixed"),
        ("*", "under investigation"),
    ] {
        let software = named(&format!("cpe:2.3:a:bell:tower:{version}:*:*:*:*:*:*:*"));
        let found = answers(vec![known("cpe:/a:bell:tower", range())], &software);
        assert_eq!(found, [format!("CVE-2026-1002 {expected}")], "{version}");
    }
    let exact = |text: &str, version: &str| {
        answers(vec![known(text, Vec::new())], &named(&format!("cpe:/a:bell:tower:{version}")))
    };
    assert_eq!(exact("cpe:/a:bell:tower:1.2", "1.2.0"), ["CVE-2026-1002 affected"]);
    assert_eq!(exact("cpe:/a:bell:tower:1.2", "1.3"), ["CVE-2026-1002 not affected"]);
    assert_eq!(exact("cpe:2.3:a:bell:tower:1.*:*:*:*:*:*:*:*", "1.3"), ["CVE-2026-1002 affected"]);
    assert_eq!(exact("cpe:2.3:a:bell:tower:2.*:*:*:*:*:*:*:*", "1.3"), Vec::<String>::new());
    assert_eq!(exact("cpe:/o:bell:tower", "1.3"), Vec::<String>::new());
    let words =
        Software { vendor: "Bell".into(), product: "Tower".into(), version: "1.3".into(), ..Software::default() };
    let knowledge = Knowledge::new(vec![known("cpe:/a:bell:tower", range())], Vec::new());
    let found = knowledge.check(Installed { software: &words, within: None }, day("2026-11-27"));
    let because: Vec<String> = found.answers[0].because.iter().map(ToString::to_string).collect();
    assert_eq!(
        because,
        [
            "nvd CVE-2026-1002: cpe:2.3:a:bell:tower:*:*:*:*:*:*:*:* 1.3: affected, the version is in a range",
            "it is found by its name in words only"
        ]
    );
    assert_eq!(found.answers[0].fixed_in, ["1.10"]);
}

#[test]
fn who_has_looked_goes_first() {
    let purl = |text: &str| Named::Purl(Purl::parse(text).unwrap());
    let listed = || osv("GHSA-1", "npm", "bell", &[("introduced", "0")]);
    let with_alias = || Advisory { aliases: vec!["CVE-2026-1003".into()], ..listed() };
    let vex =
        |product: &str, status| said("CVE-2026-1003", "bell.example", Voice::Maker, purl(product), status, Vec::new());
    let software = package("pkg:npm/bell@1.0.0");
    let check = |advisories, expected: &str| assert_eq!(answers(advisories, &software), [expected]);
    check(vec![with_alias(), vex("pkg:npm/bell@1.0.0", Status::NotAffected)], "CVE-2026-1003 not affected");
    check(vec![with_alias(), vex("pkg:npm/bell", Status::Fixed)], "CVE-2026-1003 fixed");
    // A word about another version, in another product, or without the alias acquits nobody.
    check(vec![with_alias(), vex("pkg:npm/bell@2.0.0", Status::NotAffected)], "CVE-2026-1003 affected");
    check(vec![with_alias(), vex("pkg:npm/bell@1.0.0?arch=arm64", Status::NotAffected)], "CVE-2026-1003 affected");
    let elsewhere = Advisory { only_in: Some("Other 2".into()), ..vex("pkg:npm/bell@1.0.0", Status::NotAffected) };
    check(vec![with_alias(), elsewhere.clone()], "CVE-2026-1003 affected");
    let withdrawn = Advisory { is_withdrawn: true, ..vex("pkg:npm/bell@1.0.0", Status::NotAffected) };
    check(vec![with_alias(), withdrawn], "CVE-2026-1003 affected");
    let split = answers(vec![listed(), vex("pkg:npm/bell@1.0.0", Status::NotAffected)], &software);
    assert_eq!(split, ["GHSA-1 affected", "CVE-2026-1003 not affected"]);
    // Two makers: the worse word counts.
    let both = vec![vex("pkg:npm/bell@1.0.0", Status::NotAffected), vex("pkg:npm/bell@1.0.0", Status::Affected)];
    check(both, "CVE-2026-1003 affected");
    // A later version is mended, and nobody speaks about this one.
    check(vec![vex("pkg:npm/bell@1.1.0", Status::Fixed)], "CVE-2026-1003 under investigation");
    let knowledge = Knowledge::new(vec![with_alias(), elsewhere], Vec::new());
    let inside = knowledge.check(Installed { software: &software, within: Some("Other 2") }, day("2026-11-27"));
    assert_eq!(inside.answers[0].status, Status::NotAffected);
    assert!(inside.answers[0].because.iter().any(|reason| matches!(reason, MatchReason::Overruled { .. })));
}

#[test]
fn an_alias_cannot_bring_two_vulnerabilities_together() {
    let purl = Named::Purl(Purl::parse("pkg:npm/bell@1.0.0").unwrap());
    let acquits = said("CVE-2026-1009", "bell.example", Voice::Maker, purl, Status::NotAffected, Vec::new());
    let listed = |id: &str, aliases: &[&str]| Advisory {
        aliases: aliases.iter().map(|name| (*name).to_owned()).collect(),
        ..osv(id, "npm", "bell", &[("introduced", "0")])
    };
    let software = package("pkg:npm/bell@1.0.0");
    for mixed in [
        vec![listed("GHSA-1", &["CVE-2026-1008", "CVE-2026-1009"]), acquits.clone()],
        vec![acquits.clone(), listed("GHSA-1", &["CVE-2026-1008", "CVE-2026-1009"])],
        vec![acquits.clone(), listed("CVE-2026-1008", &["GHSA-1"]), listed("X-1", &["GHSA-1", "CVE-2026-1009"])],
    ] {
        let found = answers(mixed, &software);
        assert!(found.contains(&"CVE-2026-1008 affected".to_owned()), "{found:?}");
    }
    let chain: Vec<Advisory> = (0..2_000).map(|at| listed(&format!("A-{at}"), &[&format!("A-{}", at + 1)])).collect();
    assert_eq!(answers(chain, &software), ["A-0 affected"]);
}

#[test]
fn a_distributor_goes_before_the_dictionary() {
    let nvd = said(
        "CVE-2026-1004",
        "nvd",
        Voice::Database,
        Named::Cpe(Cpe::parse("cpe:/a:bell:bellssl").unwrap()),
        Status::Affected,
        vec![Range::Between { from: None, to: Some(Bound { version: "3.1".into(), is_included: false }) }],
    );
    let debian = osv("CVE-2026-1004", "Debian:12", "bellssl", &[("introduced", "0"), ("fixed", "3.0.9-1+deb12u2")]);
    let mut software = package("pkg:deb/debian/bellssl@3.0.9-1%2Bdeb12u2?distro=debian-12");
    software.cpe = Some("cpe:/a:bell:bellssl:3.0.9".to_owned());
    assert_eq!(answers(vec![nvd.clone(), debian.clone()], &software), ["CVE-2026-1004 fixed"]);
    // Not when nobody says that it is of that release.
    software.purl = Some("pkg:deb/debian/bellssl@3.0.9-1%2Bdeb12u2".to_owned());
    assert_eq!(answers(vec![nvd, debian], &software), ["CVE-2026-1004 affected"]);
}

#[test]
fn what_a_distribution_may_have_mended_is_affected_and_said() {
    let nvd = said(
        "CVE-2026-1005",
        "nvd",
        Voice::Database,
        Named::Cpe(Cpe::parse("cpe:/a:bell:bellssh").unwrap()),
        Status::Affected,
        vec![Range::Between { from: None, to: Some(Bound { version: "9.8".into(), is_included: false }) }],
    );
    let check = |cpe: &str, is_said: bool| {
        let software = named(cpe);
        assert_eq!(answers(vec![nvd.clone()], &software), ["CVE-2026-1005 affected"], "{cpe}");
        let knowledge = Knowledge::new(vec![nvd.clone()], Vec::new());
        let found = knowledge.check(Installed { software: &software, within: None }, day("2026-11-27"));
        let reasons = &found.answers[0].because;
        let says_so =
            |reason: &MatchReason| matches!(reason, MatchReason::Doubt { what } if what.contains("ubuntu-3ubuntu0.6"));
        assert_eq!(reasons.iter().any(says_so), is_said, "{reasons:?}");
    };
    check("cpe:2.3:a:bell:bellssh:8.9:p1:*:*:*:*:*:ubuntu-3ubuntu0.6", true);
    check("cpe:2.3:a:bell:bellssh:8.9:p1:*:*:*:*:*:*", false);
}

#[test]
fn a_version_that_is_none_is_not_acquitted() {
    let known = osv("A", "npm", "bell", &[("introduced", "1.0.0"), ("fixed", "1.1.0")]);
    assert_eq!(answers(vec![known.clone()], &package("pkg:npm/bell@latest")), ["A under investigation"]);
    assert_eq!(answers(vec![known], &package("pkg:npm/bell@1.1.0-1")), ["A affected"]);
}

#[test]
fn what_was_not_looked_at_is_said() {
    let source = |name: &str, as_of: Option<&str>, covers: Coverage| Source {
        name: name.to_owned(),
        as_of: as_of.map(day),
        covers: vec![covers],
    };
    let npm = || Coverage::Packages("npm".to_owned());
    let check = |sources: Vec<Source>, software: &Software, expected: &str| {
        let knowledge = Knowledge::new(Vec::new(), sources);
        let found = knowledge.check(Installed { software, within: None }, day("2026-11-27"));
        assert_eq!(found.provenance.to_string(), expected);
    };
    let software = package("pkg:npm/bell@1");
    check(vec![source("osv", Some("2026-11-20"), npm())], &software, "checked: osv");
    check(vec![source("osv", Some("2026-11-19"), npm())], &software, "stale: osv is 8 days old");
    check(vec![source("osv", None, npm())], &software, "stale: nobody knows how old osv is");
    check(
        vec![source("osv", Some("2026-11-27"), Coverage::Dictionary)],
        &software,
        "not checked: no source knows packages of type npm",
    );
    check(Vec::new(), &named("cpe:/a:b:c"), "not checked: no source knows names of the dictionary");
    check(Vec::new(), &Software::default(), "not checked: it has no name that could be looked for");
    let broken = package("pkg:npm");
    check(Vec::new(), &broken, "not checked: no package URL: it names no package");
}

#[test]
fn reasons_have_a_limit() {
    let many =
        (0..=model::limits::MATCH_REASONS_MAX).map(|_| osv("A", "npm", "bell", &[("introduced", "0")])).collect();
    let knowledge = Knowledge::new(many, Vec::new());
    let software = package("pkg:npm/bell@1.0.0");
    let found = knowledge.check(Installed { software: &software, within: None }, day("2026-11-27"));
    assert_eq!(found.answers[0].because.len(), model::limits::MATCH_REASONS_MAX);
}

#[test]
fn ranges_as_vers_has_them() {
    let place = |text: &str, version: &str| standing(&Range::vers(text).unwrap(), Scheme::Plain, version).place;
    // "Checking if a version is contained within a range", and the use case of VEX where the constraints stand in no order.
    for (text, version, expected) in [
        ("vers:semver/<7.0.0|>=1.5.0", "1.4.0", Place::Outside),
        ("vers:semver/<7.0.0|>=1.5.0", "1.5.0", Place::Inside),
        ("vers:semver/<7.0.0|>=1.5.0", "7.0.0", Place::Outside),
        ("vers:semver/<7.0.0|>=1.5.0", "8.0.0", Place::Behind),
        ("vers:semver/<1.5.0|>=7.0.0", "3.0.0", Place::Behind),
        ("vers:semver/<1.5.0|>=7.0.0", "1.0.0", Place::Inside),
        ("vers:semver/<1.5.0|>=7.0.0", "9.0.0", Place::Inside),
        ("vers:npm/1.2.3|>=2.0.0|<5.0.0|!=3.0.0", "1.2.3", Place::Inside),
        ("vers:npm/1.2.3|>=2.0.0|<5.0.0|!=3.0.0", "3.0.0", Place::Outside),
        ("vers:npm/1.2.3|>=2.0.0|<5.0.0|!=3.0.0", "4.0.0", Place::Inside),
        ("vers:npm/1.2.3|>=2.0.0|<5.0.0|!=3.0.0", "1.0.0", Place::Outside),
        ("vers:npm/*", "4.0.0", Place::Inside),
        ("vers:npm/!=4.0.0", "4.0.1", Place::Inside),
        ("vers:npm/>1.0.0", "1.0.0", Place::Outside),
        ("vers:deb/<=1:2.0", "1:2.0~rc1", Place::Inside),
    ] {
        assert_eq!(place(text, version), expected, "{text} {version}");
    }
}

proptest! {
    #[test]
    fn answers_are_the_same_whatever_the_order(
        versions in proptest::collection::vec(("[0-2]\\.[0-3]", "[0-2]\\.[0-3]", 0u8..4, any::<bool>()), 1..6),
        own in "[0-2]\\.[0-3]|",
    ) {
        let status = |number: u8| [Status::Affected, Status::Fixed, Status::NotAffected, Status::UnderInvestigation][usize::from(number % 4)];
        let advisories: Vec<Advisory> = versions.iter().map(|(from, to, number, is_maker)| {
            let purl = Named::Purl(Purl::parse("pkg:npm/bell").unwrap());
            let bound = |version: &str| Some(Bound { version: version.to_owned(), is_included: true });
            let voice = if *is_maker { Voice::Maker } else { Voice::Database };
            said("CVE-2026-1009", "x", voice, purl, status(*number), vec![Range::Between { from: bound(from), to: bound(to) }])
        }).collect();
        let software = package(&format!("pkg:npm/bell@{own}"));
        let mut reversed = advisories.clone();
        reversed.reverse();
        let found = answers(advisories.clone(), &software);
        prop_assert_eq!(&found, &answers(reversed, &software));
        // Who says "affected" as a maker about this version is never overruled.
        let knowledge = Knowledge::new(advisories, Vec::new());
        let checked = knowledge.check(Installed { software: &software, within: None }, day("2026-11-27"));
        for answer in checked.answers {
            prop_assert!(!answer.because.is_empty());
        }
    }
}
