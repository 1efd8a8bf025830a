//! Where things stand in a rule file: its documents, and the lines of their keys.
//!
//! YAML readers give values without places, so keys are looked for in the text, by indentation. That finds what people write;
//! where it does not (flow style, odd quoting), a reason names the path alone.

/// One YAML document of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Document<'a> {
    /// Its first line in the file, from 1.
    pub(super) line: usize,
    pub(super) text: &'a str,
}

/// Cuts a file at its `---` and `...` lines. What stands before the first of them counts only when there is something.
pub(super) fn documents(text: &str) -> Vec<Document<'_>> {
    let mut documents = Vec::new();
    let (mut start, mut start_line, mut at) = (0, 1, 0);
    let mut is_begun = false;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let bare = line.trim_end();
        let begins = bare == "---" || bare.starts_with("--- ") || bare.starts_with("---\t");
        if begins || bare == "..." {
            let document = Document { line: start_line, text: &text[start..at] };
            if is_begun || !document.is_blank() {
                documents.push(document);
            }
            // The marker's own line is left out: nothing that rules are made of stands on it.
            (start, start_line) = (at + line.len(), number + 2);
            is_begun = begins;
        }
        at += line.len();
    }
    let document = Document { line: start_line, text: &text[start..] };
    if is_begun || !document.is_blank() || documents.is_empty() {
        documents.push(document);
    }
    documents
}

impl Document<'_> {
    /// Nothing but blanks, comments and directives.
    pub(super) fn is_blank(&self) -> bool {
        self.text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#') || line.starts_with('%'))
    }

    /// The line of the file in which the last key of a path stands, or of as much of the path as is found.
    pub(super) fn line_of<'k>(&self, path: impl IntoIterator<Item = &'k str>) -> Option<usize> {
        let lines: Vec<&str> = self.text.lines().collect();
        let (mut at, mut parent, mut found) = (0, None, None);
        for key in path {
            let Some((hit, indent)) = find(&lines, at, parent, key) else { break };
            found = Some(self.line + hit);
            (at, parent) = (hit + 1, Some(indent));
        }
        found
    }
}

/// The line and indentation of a key below a parent of the given indentation.
fn find(lines: &[&str], from: usize, parent: Option<usize>, key: &str) -> Option<(usize, usize)> {
    for (number, line) in lines.iter().enumerate().skip(from) {
        let body = line.trim_start();
        if body.is_empty() || body.starts_with('#') {
            continue;
        }
        let indent = line.len() - body.len();
        let is_member = body.starts_with("- ");
        let is_inside = match parent {
            None => indent == 0,
            Some(parent) => indent > parent || (indent == parent && is_member),
        };
        if !is_inside {
            match parent {
                None => continue,
                Some(_) => return None,
            }
        }
        if begins_with(body.trim_start_matches("- ").trim_start(), key) {
            return Some((number, indent));
        }
    }
    None
}

fn begins_with(text: &str, key: &str) -> bool {
    let unquoted = text.strip_prefix(['"', '\'']).unwrap_or(text);
    let Some(rest) = unquoted.strip_prefix(key) else { return false };
    // Readers name a field without the modifiers that stand behind it.
    rest.starts_with('|') || rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start().starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_cut() {
        let check = |text: &str, expected: &[(usize, &str)]| {
            let found: Vec<(usize, &str)> = documents(text).iter().map(|cut| (cut.line, cut.text)).collect();
            assert_eq!(found, expected, "{text:?}");
        };
        check("a: 1\n", &[(1, "a: 1\n")]);
        check("---\na: 1\n", &[(2, "a: 1\n")]);
        check("# x\n---\na: 1\n--- # b\nb: 2", &[(3, "a: 1\n"), (5, "b: 2")]);
        check("a: 1\n---\n", &[(1, "a: 1\n"), (3, "")]);
        check("%YAML 1.2\n---\na: 1\n...\n", &[(3, "a: 1\n")]);
        check("", &[(1, "")]);
        check("a: ---\n ---\n", &[(1, "a: ---\n ---\n")]);
    }

    #[test]
    fn keys_are_found() {
        let text = "title: x\ndetection:\n    # condition: no\n    sel:\n        - Image|endswith: a\n          'User': b\n    \
                    condition: sel\nlevel: low\n";
        let document = Document { line: 11, text };
        let check = |path: &[&str], expected| assert_eq!(document.line_of(path.iter().copied()), expected, "{path:?}");
        check(&["title"], Some(11));
        check(&["detection", "condition"], Some(17));
        check(&["detection", "sel", "User"], Some(16));
        check(&["detection", "sel", "Image|endswith"], Some(15));
        check(&["detection", "missing"], Some(12));
        check(&["condition"], None);
        check(&[], None);
    }
}
