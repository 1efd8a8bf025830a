use super::*;
use proptest::prelude::*;
use std::io::Write;

/// Versions of each scheme, each later than the one before; those in one row are equal.
const ORDERED: &[(Scheme, &[&[&str]])] = &[
    (
        Scheme::Semver,
        &[
            &["0.9.9"],
            &["1.0.0-alpha", "v1.0.0-alpha+7"],
            &["1.0.0-alpha.1"],
            &["1.0.0-alpha.beta"],
            &["1.0.0-beta"],
            &["1.0.0-beta.2"],
            &["1.0.0-beta.11"],
            &["1.0.0-rc.1"],
            &["1.0.0", "1.0", "1", "1.0.0+build", "1.0.0.0"],
            &["1.0.0.1"],
            &["1.0.1"],
            &["1.10.0"],
            &["18446744073709551616.0.0"],
        ],
    ),
    (
        Scheme::Pep440,
        &[
            &["1.dev0"],
            &["1.0.dev456"],
            &["1.0a1", "1.0.alpha-1", "v1.0-a.1"],
            &["1.0a2.dev456"],
            &["1.0a12.dev456"],
            &["1.0a12"],
            &["1.0b1.dev456"],
            &["1.0b2"],
            &["1.0b2.post345.dev456"],
            &["1.0b2.post345", "1.0b2-345", "1.0b2.rev345"],
            &["1.0rc1.dev456"],
            &["1.0rc1", "1.0c1", "1.0pre1"],
            &["1.0", "1", "1.0.0"],
            &["1.0+abc.5"],
            &["1.0+abc.7"],
            &["1.0+5"],
            &["1.0.post456.dev34"],
            &["1.0.post456"],
            &["1.0.15"],
            &["1.1.dev1"],
            &["1!0.1"],
        ],
    ),
    (
        Scheme::Debian,
        &[
            &["1.0~beta1~svn1245"],
            &["1.0~beta1"],
            &["1.0~rc1-1"],
            &["1.0", "0:1.0", "1.0-0"],
            &["1.0-1"],
            &["1.0-1+deb12u1"],
            &["1.0-1.1"],
            &["1.0a-1"],
            &["1.0+dfsg-1"],
            &["1.0.1-1"],
            &["1.10-1"],
            &["1:0.5-1"],
        ],
    ),
    (
        Scheme::Rpm,
        &[
            &["1.0~rc1-1"],
            &["1.0-1", "1.0_-1", "0:1.0-1"],
            &["1.0-1.el9"],
            &["1.0-2"],
            &["1.0^git1-1"],
            &["1.0.a-1"],
            &["1.0.1-1"],
            &["1.0.10-1"],
            &["1:0.1-1"],
        ],
    ),
    (
        Scheme::Maven,
        &[
            &["1.0-alpha-1", "1.0a1", "1.0-ALPHA1"],
            &["1.0-beta-1"],
            &["1.0-m3", "1.0-milestone-3"],
            &["1.0-rc1", "1.0-cr1"],
            &["1.0-SNAPSHOT"],
            &["1.0", "1", "1.0.0", "1-ga", "1.0-final", "1.0.0-0.0"],
            &["1.0-sp"],
            &["1.0-foo"],
            &["1.0-1"],
            &["1.0.1"],
            &["1.0.10"],
            &["2"],
        ],
    ),
    (
        Scheme::Plain,
        &[
            &["1.0-alpha"],
            &["1.0_beta2"],
            &["1.0rc1"],
            &["1.0", "v1", "1.0.0"],
            &["1.0a"],
            &["1.0p1"],
            &["1.0.1"],
            &["1.10"],
            &["2024-01-31"],
        ],
    ),
];

#[test]
fn versions_stand_in_their_order() {
    for (scheme, rows) in ORDERED {
        for (place, row) in rows.iter().enumerate() {
            for (other_place, other) in rows.iter().enumerate() {
                for (left, right) in row.iter().flat_map(|left| other.iter().map(move |right| (left, right))) {
                    let compared = scheme.compare(left, right);
                    assert_eq!(compared.order, place.cmp(&other_place), "{scheme:?}: {left} and {right}");
                    assert_eq!(compared.by, *scheme, "{left} and {right}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_version_is_compared_plainly() {
    for (scheme, left) in
        [(Scheme::Semver, "1.18.0-6ubuntu14.4 x y.z a/b"), (Scheme::Semver, "r12"), (Scheme::Pep440, "2024a-x")]
    {
        let compared = scheme.compare(left, "1.0.x");
        assert_eq!(compared.by, Scheme::Plain, "{left}");
    }
    assert_eq!(Scheme::of("Debian:12"), Scheme::Debian);
    assert_eq!(Scheme::of("crates.io"), Scheme::Semver);
    assert_eq!(Scheme::of("something"), Scheme::Plain);
    let long = "1".repeat(VERSION_BYTES_MAX);
    assert!(Scheme::Semver.compare(&format!("{long}2"), &format!("{long}1")).order.is_eq());
}

/// Versions as people write them, and as they do not.
fn versions() -> impl Strategy<Value = String> {
    let part = "[0-9]{1,2}|[0-9]|a|b|rc|alpha|beta|dev|post|sp|x|~|\\^|\\.|-|\\+|_|:|\\.|-|[0-9]";
    proptest::collection::vec(part, 1..8).prop_map(|parts| format!("1{}", parts.concat()))
}

proptest! {
    #[test]
    fn an_order_is_one(versions in proptest::collection::vec(versions(), 3)) {
        let [a, b, c] = versions.as_slice() else { unreachable!() };
        for scheme in [Scheme::Debian, Scheme::Rpm, Scheme::Plain] {
            let order = |left: &str, right: &str| scheme.compare(left, right).order;
            prop_assert_eq!(order(a, b), order(b, a).reverse(), "{:?}", scheme);
            prop_assert!(order(a, a).is_eq());
            if order(a, b).is_le() && order(b, c).is_le() {
                prop_assert!(order(a, c).is_le(), "{:?} {} {} {}", scheme, a, b, c);
            }
        }
    }

    #[test]
    fn never_panics(left in ".{0,30}", right in ".{0,30}") {
        for scheme in [Scheme::Semver, Scheme::Pep440, Scheme::Debian, Scheme::Rpm, Scheme::Maven, Scheme::Plain] {
            prop_assert_eq!(scheme.compare(&left, &right).order, scheme.compare(&right, &left).order.reverse());
        }
    }
}

/// Compares pairs with other people's programs; lines `scheme<TAB>left<TAB>right`, answers -1, 0, 1, or `?` where they refuse.
const ORACLE: &str = r"
import sys
from packaging.version import Version
from univers.versions import DebianVersion, RpmVersion, MavenVersion
kinds = {'Pep440': Version, 'Debian': DebianVersion, 'Rpm': RpmVersion, 'Maven': MavenVersion}
for line in sys.stdin.read().splitlines():
    scheme, left, right = line.split('\t')
    try:
        left, right = kinds[scheme](left), kinds[scheme](right)
        print((left > right) - (left < right))
    except Exception:
        print('?')
";

#[test]
fn other_peoples_programs_agree() {
    let Some(python) = testkit::python(&["packaging", "univers"]) else { return };
    let mut random = testkit::random::Random::new(440);
    let words: &[&str] = &[
        "0", "1", "2", "10", "a1", "b2", "rc1", ".dev1", ".post2", ".", ".", "-", "-1", "~", "+deb12u1", "^", "-alpha",
        "-sp",
    ];
    // Of qualifiers behind a dot, and of digits right behind a qualifier, Maven's program and its specification say different things.
    let words_of_maven: &[&str] =
        &[".0", ".1", ".10", "-1", "-2", "-alpha", "-rc", "-sp", "-SNAPSHOT", "-x", "-alpha-1", "-beta-2"];
    let mut pairs: Vec<(Scheme, String, String)> = Vec::new();
    for scheme in [Scheme::Pep440, Scheme::Debian, Scheme::Rpm, Scheme::Maven] {
        for _ in 0..500 {
            let mut version = || {
                (0..4).fold("1".to_owned(), |text, _| {
                    text + random.pick::<&str>(if scheme == Scheme::Maven { words_of_maven } else { words })
                })
            };
            let (left, right) = (version(), version());
            pairs.push((scheme, left, right));
        }
        let rows = ORDERED.iter().filter(|(own, _)| *own == scheme).flat_map(|(_, rows)| rows.iter());
        let known: Vec<&str> = rows.flat_map(|row| row.iter().copied()).collect();
        for (left, right) in known.iter().flat_map(|left| known.iter().map(move |right| (*left, *right))) {
            pairs.push((scheme, left.to_owned(), right.to_owned()));
        }
    }
    let lines: String = pairs.iter().map(|(scheme, left, right)| format!("{scheme:?}\t{left}\t{right}\n")).collect();
    let mut child = std::process::Command::new(python)
        .args(["-c", ORACLE])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), pairs.len());
    let mut wrong = Vec::new();
    let mut judged = 0;
    for ((scheme, left, right), answer) in pairs.iter().zip(answers) {
        let ours = scheme.compare(left, right);
        if answer == "?" || ours.by != *scheme {
            continue;
        }
        judged += 1;
        if answer != (ours.order as i8).to_string() {
            wrong.push(format!("{scheme:?}: {left} and {right}: {answer}, not {:?}", ours.order));
        }
    }
    eprintln!("{judged} judged, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
