//! Promises about look-alikes.

use std::io::Read as _;
use std::time::Instant;

use proptest::prelude::*;

use super::*;

fn brand(name: &str, domains: &[&str], distinctness: Distinctness) -> Brand {
    Brand { name: name.into(), domains: domains.iter().map(|text| (*text).to_owned()).collect(), distinctness }
}

fn city() -> Brands {
    let brands = [
        brand("Musterstadt", &["musterstadt.de", "musterstadt.gov"], Distinctness::Distinct),
        brand("Springfield", &["springfieldil.gov"], Distinctness::Distinct),
        brand("Düsseldorf", &["duesseldorf.de"], Distinctness::Distinct),
        brand("Essen", &["essen.de"], Distinctness::Common),
        brand("Bad Homburg", &["bad-homburg.de"], Distinctness::Distinct),
        brand("Ulm", &["ulm.de"], Distinctness::Distinct),
    ];
    Brands::new(&brands, &["musterstadt-tourism.com".into(), "springfield.com".into()], "").unwrap()
}

fn check(candidate: &str, expected: Option<(&str, Technique)>) {
    let found = city().find(candidate);
    let found = found.as_ref().map(|found| (found.value.brand.as_str(), found.value.technique));
    assert_eq!(found, expected, "{candidate}");
}

fn unicode(name: &str) -> String {
    idna::domain_to_ascii(name).unwrap()
}

#[test]
fn slips() {
    use Technique::*;
    check("musterstdt.de", Some(("Musterstadt", Omission)));
    check("mustersttadt.de", Some(("Musterstadt", Doubling)));
    check("mustersatdt.com", Some(("Musterstadt", Transposition)));
    check("mudterstadt.de", Some(("Musterstadt", KeyboardSlip)));
    check("eusterstadt.de", Some(("Musterstadt", BitFlip)));
    check("mustorstadt.de", Some(("Musterstadt", VowelSwap)));
    check("muster-stadt.de", Some(("Musterstadt", Hyphenation)));
    check("musterstadt.com", Some(("Musterstadt", TldSwap)));
    check("musterstadts.de", Some(("Musterstadt", Addition)));
    check("musterstatds.de", Some(("Musterstadt", TwoSlips)));
    check("badhomburg.de", Some(("Bad Homburg", Hyphenation)));
    check("bad-homburg.com", Some(("Bad Homburg", TldSwap)));
    check("bad-hombrug.de", Some(("Bad Homburg", Transposition)));
    check("dusseldorf.de", Some(("Düsseldorf", Omission)));
    check("dusseldorf.com", Some(("Düsseldorf", Omission)));
    check("musterstadt.github.io", Some(("Musterstadt", TldSwap)));
}

#[test]
fn letters_that_look_alike() {
    use Technique::*;
    check("rnusterstadt.de", Some(("Musterstadt", HomoglyphAscii)));
    check("musterstadt0.de", Some(("Musterstadt", Addition)));
    check("spr1ngfield.com", Some(("Springfield", HomoglyphAscii)));
    check("springfleld.com", Some(("Springfield", HomoglyphAscii)));
    check(&unicode("musterst\u{430}dt.de"), Some(("Musterstadt", Homoglyph)));
    check(&unicode("\u{455}pringfield.com"), Some(("Springfield", Homoglyph)));
    check(&unicode("ess\u{435}n.de"), Some(("Essen", Homoglyph)));
    check(&unicode("düsseldorf.com"), Some(("Düsseldorf", Homoglyph)));
    check("musterst\u{430}dt.de", Some(("Musterstadt", Homoglyph)));
}

#[test]
fn bait_beside_the_name() {
    use Technique::*;
    check("musterstadt-login.com", Some(("Musterstadt", Combosquat)));
    check("login-musterstadt.de.com", Some(("Musterstadt", Combosquat)));
    check("musterstadtsteuer.com", Some(("Musterstadt", Combosquat)));
    check("secure-pay-musterstadt.xyz", Some(("Musterstadt", Combosquat)));
    check("wwwmusterstadt.de", Some(("Musterstadt", Combosquat)));
    check("musterstadt-de.com", Some(("Musterstadt", Combosquat)));
    check("rnusterstadt-login.com", Some(("Musterstadt", LookalikeAndBait)));
    check("mustersatdt-portal.com", Some(("Musterstadt", LookalikeAndBait)));
    check(&unicode("düsseldorf-bußgeld.com"), Some(("Düsseldorf", LookalikeAndBait)));
    check("essen-parkticket.com", Some(("Essen", Combosquat)));
    check("ulm-login.com", Some(("Ulm", Combosquat)));
    check("bad-homburg-rathaus.net", Some(("Bad Homburg", Combosquat)));
    check("musterstadt24.de", Some(("Musterstadt", WithDigits)));
    check("springfieldtoll-pay.top", Some(("Springfield", Combosquat)));
}

#[test]
fn in_front_of_anothers_domain() {
    use Technique::*;
    check("musterstadt.de.evil.com", Some(("Musterstadt", EmbeddedDomain)));
    check("www.musterstadt.de.secure-session.top", Some(("Musterstadt", EmbeddedDomain)));
    check("*.duesseldorf.de.evil.com", Some(("Düsseldorf", EmbeddedDomain)));
    check("musterstadt.login-secure.com", Some(("Musterstadt", Subdomain)));
    check("login.musterstadt.evil.com", Some(("Musterstadt", Subdomain)));
    check("musterstadt-login.evil.com", Some(("Musterstadt", Combosquat)));
}

#[test]
fn what_is_none() {
    for candidate in [
        // Our own, and allowed.
        "musterstadt.de",
        "portal.musterstadt.de",
        "essen.de",
        "musterstadt-tourism.com",
        "shop.musterstadt-tourism.com",
        "springfield.com",
        // Other places and words.
        "musterdorf.de",
        "musterhaus.de",
        "stadt.de",
        "springtime.com",
        "wingfield.com",
        "summerfield.com",
        "homburg.de",
        "hamburg.de",
        "bad-hersfeld.de",
        "muenchen.de",
        // Short or common names with nothing beside them.
        "essen.com",
        "lessen.com",
        "assen.nl",
        "essen-rezepte.de",
        "messen.de",
        "alm.de",
        "ulm.com",
        "ulmer.de",
        "ulm-theater.de",
        "film-login.com",
        // The name inside another, without bait.
        "theater-musterstadt.de",
        "musterstadtwerke.de",
        "musterstadt.craigslist.org",
        "www.musterstadt.craigslist.org",
        // A slip in front of another's domain is no slip.
        "mustersatdt.hosting.com",
        // No domains.
        "",
        "musterstadt",
        "192.0.2.1",
        "de",
        "xn--",
        "xn--a.de",
        "-.de",
    ] {
        check(candidate, None);
    }
}

#[test]
fn reasons_are_sentences() {
    let found = city().find(&format!("www.{}", unicode("musterst\u{430}dt-login.com"))).unwrap();
    let words: Vec<String> = found.because.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "\"musterstadt\" is a look-alike of the name with a word that lures: musterstadt",
            "beside it stands \"login\", which lures",
            "in truth it is \"xn--musterstdt-login-0dn\"",
            "whatever stands there belongs to \"xn--musterstdt-login-0dn.com\"",
        ]
    );
}

#[test]
fn nonsense_is_refused() {
    let check = |brands: &[Brand], allowed: &[&str], table: &str, expected: &str| {
        let allowed: Vec<String> = allowed.iter().map(|text| (*text).to_owned()).collect();
        let error = Brands::new(brands, &allowed, table).err().unwrap();
        assert!(error.to_string().contains(expected), "{error}");
    };
    let good = brand("x", &["x.de"], Distinctness::Distinct);
    check(&[brand("x", &["co.uk"], Distinctness::Distinct)], &[], "", "public suffix");
    check(&[brand("x", &["not a domain"], Distinctness::Distinct)], &[], "", "is no domain");
    check(&[brand("東京", &[], Distinctness::Distinct)], &[], "", "no letters");
    check(std::slice::from_ref(&good), &["com"], "", "is no domain");
    check(std::slice::from_ref(&good), &[], "[scores]\nhomoglyf = 3", "scores and words");
    check(&vec![good; limits::BRAND_NAMES_MAX / 2 + 1], &[], "", "more than");
}

#[test]
fn a_users_words_and_scores_count() {
    let brands = [brand("Musterstadt", &["musterstadt.de"], Distinctness::Distinct)];
    let with = |table: &str| Brands::new(&brands, &[], table).unwrap();
    assert!(with("").find("musterstadt-hundesteuer.com").is_none());
    assert!(with("[bait]\nmore = [\"hundesteuer\"]").find("musterstadt-hundesteuer.com").is_some());
    assert!(with("[scores]\nreport = 90").find("musterstadt-login.com").is_none());
}

/// Names of fifty cities, each with a domain of its own.
fn fifty() -> Brands {
    let names = "Albuquerque Antwerpen Bielefeld Birmingham Bratislava Braunschweig Bremerhaven Bournemouth Charleroi \
        Chemnitz Chattanooga Cincinnati Coventry Darmstadt Dortmund Duisburg Edinburgh Eindhoven Flensburg Freiburg \
        Gelsenkirchen Groningen Hannover Heidelberg Ingolstadt Jacksonville Karlsruhe Kaiserslautern Klagenfurt \
        Koblenz Leverkusen Liverpool Ljubljana Ludwigshafen Magdeburg Minneapolis Moenchengladbach Nottingham \
        Oberhausen Oldenburg Osnabrueck Paderborn Pforzheim Philadelphia Recklinghausen Regensburg Remscheid \
        Saarbruecken Wolverhampton Wuppertal";
    let brands: Vec<Brand> = names
        .split_whitespace()
        .map(|name| brand(name, &[&format!("{}.example", name.to_lowercase())], Distinctness::Distinct))
        .collect();
    assert_eq!(brands.len(), 50);
    Brands::new(&brands, &[], "").unwrap()
}

/// A million domains of attackers are nearly all about something else. Prints how long it took.
#[test]
fn a_million_domains_raise_few() {
    let Some(data) = testkit::reference_data() else { return };
    let file = std::fs::File::open(data.join("intel/blocklists/maltrail-domain.tsv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let brands = fifty();
    let start = Instant::now();
    let mut found = Vec::new();
    let mut looked_at = 0;
    for candidate in text.lines().filter_map(|line| line.split('\t').next()) {
        looked_at += 1;
        found.extend(brands.find(candidate).map(|found| found.value));
    }
    eprintln!("{looked_at} domains × 50 names in {:?}: {} look-alikes", start.elapsed(), found.len());
    for one in found.iter().step_by(found.len() / 40 + 1) {
        eprintln!("  {} {:?} {} {}", one.brand, one.technique, one.score, one.domain);
    }
    assert!(looked_at > 1_000_000);
    // One of two thousand.
    assert!(found.len() < looked_at / 2_000, "{}", found.len());
}

/// Domains that everybody visits are no look-alikes, but for those that bear the city's very name.
#[test]
fn well_known_domains_raise_few() {
    let Some(data) = testkit::reference_data() else { return };
    let file = std::fs::File::open(data.join("intel/misp-warninglists.tar.zst")).unwrap();
    let mut bytes = Vec::new();
    zstd::stream::read::Decoder::new(file).unwrap().read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let mut names: Vec<&str> =
        text.split('"').filter(|word| word.contains('.') && !word.contains([' ', '/'])).collect();
    names.sort_unstable();
    names.dedup();
    let brands = fifty();
    let found: Vec<_> = names.iter().filter_map(|name| brands.find(name)).map(|found| found.value).collect();
    let (same, other): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| one.technique == Technique::TldSwap);
    eprintln!("{} well-known names: {} bear a city's name, {} others", names.len(), same.len(), other.len());
    other.iter().for_each(|one| eprintln!("  {} {:?} {} {}", one.brand, one.technique, one.score, one.domain));
    assert!(names.len() > 100_000);
    assert!(other.len() < names.len() / 2_000, "{}", other.len());
}

proptest! {
    #[test]
    fn never_panics(text in "([a-z0-9.-]|\\PC){0,40}", prefix in "(xn--)?") {
        let _ = city().find(&text);
        let _ = city().find(&format!("{prefix}{text}.de"));
    }

    #[test]
    fn what_is_ours_is_never_told(below in "[a-z0-9-]{1,20}(\\.[a-z0-9-]{1,20}){0,2}") {
        for own in ["musterstadt.de", "essen.de", "springfieldil.gov", "musterstadt-tourism.com"] {
            let name = format!("{below}.{own}");
            prop_assert!(city().find(&name).is_none(), "{}", name);
        }
    }

    #[test]
    fn one_letter_left_out_is_always_told(at in 0usize..11) {
        let mut name = "musterstadt".to_owned();
        name.remove(at);
        let typed = format!("{name}.de");
        prop_assert!(city().find(&typed).is_some(), "{}", typed);
    }
}
