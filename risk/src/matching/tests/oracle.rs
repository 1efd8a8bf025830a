//! What other people's programs say about names of software.

use std::io::Write;

use model::software::cpe::Attribute;
use model::software::{Cpe, Purl};
use testkit::random::Random;

/// The answers of a program in Python, a line for each line.
fn ask(python: &std::path::Path, program: &str, lines: &[String]) -> Vec<String> {
    let mut child = std::process::Command::new(python)
        .args(["-c", program])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = lines.join("\n");
    // Beside, so that neither waits for the other.
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let answers: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

#[test]
fn package_urls() {
    let Some(python) = testkit::python(&["packageurl-python as packageurl"]) else { return };
    let mut random = Random::new(1);
    let kinds =
        ["npm", "pypi", "deb", "maven", "golang", "cargo", "nuget", "rpm", "gem", "generic", "composer", "apk", "NPM"];
    let spaces: &[&str] = &["", "", "org.Apache/", "%40Scope/", "Debian/", "github.com/A/", "a//b/"];
    let names: &[&str] = &["core", "Django_rest", "lib%2B%2B", "x.y-z", "a%20b", "%C3%BCber"];
    let versions: &[&str] = &["", "@1.0", "@1%3A2.0-1%2Bdeb12u1", "@v1.2.3", "@1.0+build", "@2.0~rc1", "@sha256:ab"];
    let qualifiers: &[&str] =
        &["", "", "?arch=x86_64", "?distro=debian-12&arch=amd64", "?repository_url=https://a.example/b", "?Empty=&a=1"];
    let subpaths: &[&str] = &["", "", "#a/b", "#/a/../b/"];
    let lines: Vec<String> = (0..2_000)
        .map(|_| {
            let kind = random.pick::<&str>(&kinds);
            let parts = [spaces, names, versions, qualifiers, subpaths].map(|parts| *random.pick::<&str>(parts));
            format!("pkg:{kind}/{}", parts.concat())
        })
        .collect();
    let program = r"
import sys
from packageurl import PackageURL
for line in sys.stdin.read().split('\n'):
    try:
        print(PackageURL.from_string(line).to_string())
    except ValueError:
        print('?')
";
    // Which letters are small is said type by type, and that program says it otherwise here and there; a group of Maven it does not ask for.
    let lines: Vec<String> =
        lines.into_iter().filter(|line| !line.starts_with("pkg:maven/") || line.contains("rg/")).collect();
    let mut wrong = Vec::new();
    for (line, answer) in lines.iter().zip(ask(&python, program, &lines)) {
        let ours = Purl::parse(line).map_or_else(|_| "?".to_owned(), |purl| purl.to_string());
        if !ours.eq_ignore_ascii_case(&answer) {
            wrong.push(format!("{line}: {answer}, not {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ: {}", wrong.len(), wrong.join("\n"));
}

#[test]
fn names_of_the_dictionary() {
    let Some(python) = testkit::python(&["cpe"]) else { return };
    let mut random = Random::new(2);
    let values: &[&str] = &["*", "-", "bell", "1.0", r"foo\:bar", r"a\+b", "win_2003", "1.*", "??x", r"c\!d", "x64"];
    let lines: Vec<String> = (0..1_000)
        .map(|_| {
            let parts: Vec<&str> = (0..10).map(|_| *random.pick::<&str>(values)).collect();
            format!("cpe:2.3:{}:{}", random.pick::<&str>(&["a", "o", "h"]), parts.join(":"))
        })
        .collect();
    // The URI says the same in another way; both are read to the same name.
    let program = r"
import sys
from cpe import CPE
for line in sys.stdin.read().split('\n'):
    try:
        print(CPE(line).as_uri_2_3())
    except Exception:
        print('?')
";
    let mut wrong = Vec::new();
    let mut judged = 0;
    for (line, answer) in lines.iter().zip(ask(&python, program, &lines)) {
        let Ok(ours) = Cpe::parse(line) else {
            wrong.push(format!("{line} is refused"));
            continue;
        };
        if answer == "?" {
            continue;
        }
        judged += 1;
        let theirs = Cpe::parse(&answer).map_or_else(|error| error.to_string(), |cpe| cpe.to_string());
        if theirs != ours.to_string() {
            wrong.push(format!("{line}: {answer} is {theirs}, not {ours}"));
        }
        assert!(
            Attribute::ALL
                .iter()
                .all(|attribute| ours.value(*attribute) == Cpe::parse(&ours.to_string()).unwrap().value(*attribute))
        );
    }
    eprintln!("{judged} judged");
    assert!(wrong.is_empty(), "{} differ: {}", wrong.len(), wrong.join("\n"));
}
