//! Promises about mined texts.

use model::IndicatorKind;
use proptest::prelude::*;

use super::*;

/// What was found, one a line: kind, value, `!` if defanged, doubts.
fn lines(text: &str) -> Vec<String> {
    let names = TechniqueNames::default();
    mine(text, &names).found.iter().map(line).collect()
}

fn line(found: &Found) -> String {
    let what = match &found.thing {
        Thing::Indicator { kind, value } => format!("{kind} {value}"),
        Thing::Technique { id, name } => format!("technique {id} {}", name.as_deref().unwrap_or("-")),
        Thing::Vulnerability { id } => id.clone(),
    };
    let doubts: Vec<String> = found.doubts.iter().map(ToString::to_string).collect();
    let mark = if found.is_defanged { " !" } else { "" };
    if doubts.is_empty() { format!("{what}{mark}") } else { format!("{what}{mark} ({})", doubts.join(", ")) }
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(lines(text), expected, "{text}");
}

#[test]
fn what_nobody_should_click() {
    check("hxxp://evil[.]com/a.php?x=1", &["url http://evil.com/a.php?x=1 !"]);
    check("see hxxps[:]//evil[.]com.", &["url https://evil.com/ !"]);
    check("HXXP[://]EVIL.com:8080/x", &["url http://evil.com:8080/x !"]);
    check("h**p://evil(.)com/a", &["url http://evil.com/a !"]);
    check("hxxp://evil [.] com/path and more", &["url http://evil.com/path !"]);
    check("talks to evil[.]co[.]uk, then dies", &["domain evil.co.uk !"]);
    check("evil (dot) com", &["domain evil.com !"]);
    check("evil{.}com", &["domain evil.com !"]);
    check("evil\\.com", &["domain evil.com !"]);
    check("evil[.com", &["domain evil.com !"]);
    check("evil[dot]com[/]gate.php", &["url evil.com/gate.php !"]);
    check("198[.]51[.]99[.]7", &["ipv4 198.51.99.7 !"]);
    check("5.188.10[.]7:4444", &["ip-port 5.188.10.7:4444 !"]);
    check("5.188.10[.]7[:]4444", &["ip-port 5.188.10.7:4444 !"]);
    check("tcp://5.188.10.7:4444", &["ip-port 5.188.10.7:4444"]);
    check("boss[at]evil[.]com", &["email boss@evil.com !"]);
    check("boss (at) evil (dot) com", &["email boss@evil.com !"]);
}

#[test]
fn what_is_written_plainly() {
    check("https://evil.com/a(b)c).", &["url https://evil.com/a(b)c"]);
    check("<https://evil.com/>", &["url https://evil.com/"]);
    check("[link](https://evil.com/a)", &["url https://evil.com/a"]);
    check("mail boss@evil.com now", &["email boss@evil.com"]);
    check("5.188.10.0/24", &["cidr 5.188.10.0/24"]);
    check("2a02:4780::1 and [2a02:4780::2]:443", &["ipv6 2a02:4780::1", "ip-port [2a02:4780::2]:443"]);
    check("2a02:4780::/32", &["cidr 2a02:4780::/32"]);
    check("bücher.com", &["domain xn--bcher-kva.com"]);
    check("MD5: 44d88612fea8a8f36de82e1278abb02f", &["file-hash 44d88612fea8a8f36de82e1278abb02f"]);
    check("sha1=3395856CE81F2B7382DEE72602F798B642F14140", &["file-hash 3395856ce81f2b7382dee72602f798b642f14140"]);
    check(
        "cve-2024-3400, CVE\u{2011}2021\u{2011}44228, CVE_2023_0001",
        &["CVE-2024-3400", "CVE-2021-44228", "CVE-2023-0001"],
    );
    check("T1059.001, t1003 and T0816", &["technique T1059.001 -", "technique T1003 -", "technique T0816 -"]);
}

#[test]
fn what_only_looks_so() {
    check("at 12:30:45 on 2024.01.05, e.g. in std::vec, i.e. never", &[]);
    check("00:11:22:33:44:55 and 1:2", &[]);
    check("CVE-1998-0001 T2000 T10590 CVE-2024-12", &[]);
    check("1.2.3 and 300.1.1.1 and 1.2.3.4.5", &[]);
    check("44d88612fea8a8f36de82e1278abb02", &[]);
    check("C:\\Users\\x\\file.exe /usr/lib/libc.so", &[]);
    check("user=admin;and/or", &[]);
    check("", &[]);
}

#[test]
fn what_may_be_something_else_is_said() {
    check(
        "in main.rs, install.sh",
        &["domain main.rs (could be a file: .rs)", "domain install.sh (could be a file: .sh)"],
    );
    check("in main[.]rs", &["domain main.rs !"]);
    check("invoice.zip", &["domain invoice.zip (could be a file: .zip)"]);
    check("10.1.2.3", &["ipv4 10.1.2.3 (private, reserved or for documentation)"]);
    check("http://192.168.1.1/x", &["url http://192.168.1.1/x (private, reserved or for documentation)"]);
    check(
        "version 4.2.1.9 and v5.1.2.3",
        &["ipv4 4.2.1.9 (could be the number of a version)", "ipv4 5.1.2.3 (could be the number of a version)"],
    );
    check("co.uk", &["domain co.uk (a suffix under which anybody may register)"]);
    check("srv01[.]corp-internal", &["domain srv01.corp-internal ! (ends in no known suffix)"]);
    check(
        "evil[.]com, says vendor.com",
        &["domain evil.com !", "domain vendor.com (the text defangs other things and not this one)"],
    );
    check(
        "00000000000000000000000000000000",
        &["file-hash 00000000000000000000000000000000 (the same digit over and over)"],
    );
    check("fe80::1", &["ipv6 fe80::1 (private, reserved or for documentation)"]);
}

#[test]
fn file_names_are_refused_with_a_reason() {
    let mined = mine("open report.docx or setup.exe from /opt/a/run.py", &TechniqueNames::default());
    assert_eq!(mined.found, []);
    let refused: Vec<String> = mined
        .refused
        .iter()
        .map(|one| format!("{} at {}: {}", one.place.written, one.place.offset, one.because))
        .collect();
    assert_eq!(
        refused,
        [
            "report.docx at 5: could be a file: .docx",
            "setup.exe at 20: could be a file: .exe",
            "run.py at 42: could be a file: .py",
        ]
    );
}

#[test]
fn places_and_names() {
    let names =
        TechniqueNames::new([("T1003", "OS Credential Dumping"), ("T1566", "Phishing"), ("T1059.001", "PowerShell")]);
    let text = "Phishing, then os credential\u{20}dumping.\nT1003 again, T1999 too";
    let mined = mine(text, &names);
    assert_eq!(
        mined.found.iter().map(line).collect::<Vec<_>>(),
        ["technique T1003 OS Credential Dumping", "technique T1999 - (no such technique is known)",]
    );
    let first = &mined.found[0];
    assert_eq!((first.times, first.places.len()), (2, 2));
    assert_eq!(first.places[0].written, "os credential dumping");
    assert_eq!(text.get(first.places[0].offset..).unwrap().get(..2), Some("os"));
    assert!(first.places[1].around.contains("dumping. T1003 again"), "{:?}", first.places[1].around);
}

#[test]
fn limits_are_reached() {
    let many: String = (0..limits::MINE_FOUND_MAX + 7).map(|n| format!("h{n}.com ")).collect();
    let mined = mine(&many, &TechniqueNames::default());
    assert_eq!((mined.found.len(), mined.left_out), (limits::MINE_FOUND_MAX, 7));
    let often = "evil.com ".repeat(100);
    let found = &mine(&often, &TechniqueNames::default()).found[0];
    assert_eq!((found.times, found.places.len()), (100, limits::MINE_PLACES_MAX));
    let long = format!("{}ü evil.com", " ".repeat(limits::MINE_TEXT_BYTES_MAX - 1));
    let mined = mine(&long, &TechniqueNames::default());
    assert_eq!((mined.found.len(), mined.bytes_left_out), (0, "ü evil.com".len()));
}

#[test]
fn hostile_texts_cost_their_length() {
    // Each of these took minutes where something looked back over the whole text, and ends in a moment where nothing does.
    let size = limits::MINE_TEXT_BYTES_MAX / 4;
    for piece in
        [")", "http://a.com/)", "5.6.7.8,", "a.", "[.]", "a:", "a@", "[", "http://", "1:", "CVE-", "hxxp://[.]"]
    {
        let text = piece.repeat(size / piece.len());
        let mined = mine(&text, &TechniqueNames::default());
        assert!(mined.found.len() <= 1, "{piece}: {}", mined.found.len());
    }
}

/// How people write an indicator, from its plain form.
fn defanged(value: &str, style: usize) -> String {
    let (dot, at) =
        [("[.]", "[@]"), ("(.)", "(at)"), ("[dot]", "[at]"), (" [.] ", " [at] "), ("{.}", "{@}"), ("\\.", "@")]
            [style % 6];
    value.replace('.', dot).replace('@', at).replace("http://", "hxxp://").replace("https://", "hxxps[:]//")
}

proptest! {
    #[test]
    fn whatever_the_style_the_value_comes_out(
        label in "[a-z]{2,10}",
        kind in 0usize..4,
        style in 0usize..6,
        (a, b) in (1u8..9, 0u8..=255),
    ) {
        let (value, expected) = match kind {
            0 => (format!("{label}.com"), (IndicatorKind::Domain, format!("{label}.com"))),
            1 => (format!("{a}.{b}.7.9"), (IndicatorKind::Ipv4, format!("{a}.{b}.7.9"))),
            2 => (format!("https://{label}.com/x"), (IndicatorKind::Url, format!("https://{label}.com/x"))),
            _ => (format!("q7@{label}.com"), (IndicatorKind::Email, format!("q7@{label}.com"))),
        };
        let text = format!("It talks to {}, we think.", defanged(&value, style));
        let mined = mine(&text, &TechniqueNames::default());
        let found: Vec<_> = mined.found.iter().filter_map(|found| match &found.thing {
            Thing::Indicator { kind, value } => Some((*kind, value.clone())),
            _ => None,
        }).collect();
        prop_assert_eq!(found, vec![expected], "{}", text);
    }

    #[test]
    fn never_panics(text in "(\\PC|[hxtp:/.\\[\\]()@ T0-9a-f]|\n){0,200}") {
        let names = TechniqueNames::new([("T1003", "OS Credential Dumping"), ("T1", "a b"), ("", "")]);
        let mined = mine(&text, &names);
        for found in &mined.found {
            for place in &found.places {
                prop_assert!(text.is_char_boundary(place.offset));
            }
        }
    }
}
