//! The draft of a report: what is known, and what a person has to fill in.

use std::fmt::Write as _;

use super::{Clock, Fact, Known};

/// What stands where a person has to write.
const BLANK: &str = "[to be filled in]";

/// The draft of the report that a duty asks for, as Markdown. What is not known is left as `[to be filled in]`, never guessed.
///
/// `story` is what the incident says of itself, line by line.
pub fn draft(clock: &Clock<'_>, known: &Known, title: &str, story: &[String]) -> String {
    let mut out = String::new();
    let duty = clock.duty;
    // Writing into a string does not fail.
    let _ = writeln!(out, "# {}\n", duty.title);
    let _ = writeln!(out, "To: {}  \nBy: {}  ", duty.to, duty.law);
    let due = clock.due.map_or_else(|| "without delay".to_owned(), |due| due.to_string());
    let _ = writeln!(out, "Due: {due}  \nAware since: {}\n", known.aware);
    let _ = writeln!(out, "## Incident\n\n{}\n", plain(title));
    if story.is_empty() {
        let _ = writeln!(out, "{BLANK}\n");
    }
    for line in story {
        let _ = writeln!(out, "- {}", plain(line));
    }
    let _ = writeln!(out, "\n## What the law asks\n");
    for fact in Fact::ALL.iter().filter(|fact| duty.facts.contains(fact)) {
        let said = match known.facts.get(fact) {
            Some(true) => "yes",
            Some(false) => "no",
            None => BLANK,
        };
        let _ = writeln!(out, "**{}** {said}\n", fact.question());
    }
    for ask in &duty.asks {
        let _ = writeln!(out, "**{}** {BLANK}\n", plain(ask));
    }
    let _ = writeln!(out, "## Who can be asked\n\n{BLANK}");
    out
}

/// A text on one line, in which nothing is markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' => {
                out.push('\\');
                out.push(letter);
            }
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
