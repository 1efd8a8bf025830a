//! Checks of the documents.

use super::Finding;
use super::tree::{File, Tree};

/// Every link to a file of ours leads to one. Links to the outside are not followed.
pub(super) fn links_lead_somewhere(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".md") {
        let mut in_code = false;
        for (number, line) in file.lines() {
            in_code ^= line.trim_start().starts_with("```");
            if in_code {
                continue;
            }
            for target in links(line) {
                let path = target.split('#').next().unwrap_or_default();
                let is_outside = target.contains("://") || target.starts_with("mailto:");
                if !is_outside && !path.is_empty() && !leads_somewhere(tree, file, path) {
                    findings.push(file.finding(number, format!("the link to {target} leads nowhere")));
                }
            }
        }
    }
    findings
}

/// The targets of `[text](target)` in a line.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        let target = rest.split([')', ' ']).next()?;
        (!target.is_empty()).then_some(target)
    })
}

fn leads_somewhere(tree: &Tree, file: &File, target: &str) -> bool {
    let mut parts: Vec<&str> = file.path.split('/').collect();
    // From the folder that the file stands in.
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." if parts.pop().is_none() => return false,
            ".." => {}
            part => parts.push(part),
        }
    }
    parts.is_empty() || tree.paths.contains(&parts.join("/"))
}

/// The changelog has a place for the next change.
pub(super) fn the_changelog_is_open(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.files.iter().find(|file| file.path == "CHANGELOG.md") else {
        return vec![Finding { path: "CHANGELOG.md".into(), line: 1, text: "there is no changelog".into() }];
    };
    let open = file.text.lines().any(|line| line.trim() == "## [Unreleased]");
    if open { Vec::new() } else { vec![file.finding(1, "no section `## [Unreleased]`")] }
}

/// Whatever the table of ASVS claims has its file and its test. Its columns are cut at commas: only the last one may hold any.
pub(super) fn asvs_claims_what_is_there(tree: &Tree) -> Vec<Finding> {
    let Some(table) = tree.files.iter().find(|file| file.path == "docs/security/asvs.csv") else { return Vec::new() };
    let mut findings = Vec::new();
    for (number, line) in table.lines().filter(|(number, _)| *number > 1) {
        let mut said = |text: String| findings.push(table.finding(number, text));
        let columns: Vec<&str> = line.splitn(6, ',').collect();
        let [_, _, status, evidence, tests, note] = columns[..] else {
            said("a line has six columns".to_owned());
            continue;
        };
        if !["met", "partly", "open", "not-applicable"].contains(&status) {
            said(format!("{status:?} is no status"));
        }
        if note.is_empty() || (status == "met" && tests.is_empty() && evidence.is_empty()) {
            said("what it claims is said nowhere".to_owned());
        }
        for path in evidence.split_whitespace().filter(|path| !tree.paths.contains(*path)) {
            said(format!("there is no file {path}"));
        }
        for test in tests.split_whitespace() {
            let (path, name) = test.split_once("::").unwrap_or((test, ""));
            let file = tree.files.iter().find(|file| file.path == path);
            if !file.is_some_and(|file| name.is_empty() || file.text.contains(&format!("fn {name}("))) {
                said(format!("there is no test {test}"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_checked() {
        let check = |line: &str, expected: usize| {
            let table = format!("id,level,status,evidence,test,note\n{line}\n");
            let tree = Tree::of(&[("docs/security/asvs.csv", &table), ("web/src/a.rs", "fn b() {}")]);
            assert_eq!(asvs_claims_what_is_there(&tree).len(), expected, "{line}");
        };
        check("V1.1.1,1,met,web/src/a.rs,web/src/a.rs::b,\"one, two\"", 0);
        check("V1.1.1,1,open,,,not done", 0);
        check("V1.1.1,1,done,,,not done", 1);
        check("V1.1.1,1,met,web/src/c.rs,web/src/a.rs::c,x", 2);
        check("V1.1.1,1,met,,,", 1);
        check("V1.1.1,1", 1);
    }

    #[test]
    fn links_are_followed_inside() {
        let check = |text: &str, expected: usize| {
            let tree = Tree::of(&[("docs/a.md", text), ("docs/b.md", ""), ("README.md", ""), ("model/src/lib.rs", "")]);
            assert_eq!(links_lead_somewhere(&tree).len(), expected, "{text}");
        };
        check("[b](b.md) and [b](./b.md#part) and [up](../README.md)", 0);
        check("[code](../model/src) and [folder](../model/)", 0);
        check("[gone](c.md) and [gone](../b.md)", 2);
        check("[out](../../x.md)", 1);
        check("[web](https://example.org/x) [mail](mailto:a@b.example) [here](#part)", 0);
        check("```\n[gone](c.md)\n```", 0);
    }

    #[test]
    fn changelogs() {
        let found = |files: &[(&str, &str)]| the_changelog_is_open(&Tree::of(files)).len();
        assert_eq!(found(&[]), 1);
        assert_eq!(found(&[("CHANGELOG.md", "# Changes\n\n## [0.1.0]\n")]), 1);
        assert_eq!(found(&[("CHANGELOG.md", "# Changes\n\n## [Unreleased]\n")]), 0);
    }
}
