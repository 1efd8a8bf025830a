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

#[cfg(test)]
mod tests {
    use super::*;

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
