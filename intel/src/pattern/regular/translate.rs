//! From PCRE to the words of `regex`, character by character.

use super::class;
use super::escape::{self, Escape};

/// What a text consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    Characters,
    /// Of 256 values; characters beyond do not occur.
    Bytes,
}

/// Flags that change what characters of the expression mean.
#[derive(Clone, Copy, Default)]
struct Flags {
    /// `m`: `$` is the end of any line.
    many_lines: bool,
    /// `x`: blanks and comments mean nothing.
    extended: bool,
}

/// The expression for `regex`, or what it asks for that cannot be done.
pub(super) fn translate(source: &str, alphabet: Alphabet) -> Result<String, String> {
    let mut translator = Translator {
        rest: source,
        out: String::with_capacity(source.len() + 16),
        alphabet,
        flags: Flags::default(),
        open: Vec::new(),
    };
    while let Some(c) = translator.bump() {
        translator.step(c)?;
    }
    Ok(translator.out)
}

struct Translator<'a> {
    rest: &'a str,
    out: String,
    alphabet: Alphabet,
    flags: Flags,
    /// The flags around each open group.
    open: Vec<Flags>,
}

impl Translator<'_> {
    fn bump(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(c)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn step(&mut self, c: char) -> Result<(), String> {
        match c {
            '\\' => return self.escape(),
            '[' => class::translate(&mut self.rest, &mut self.out, self.alphabet)?,
            '(' => return self.group(),
            ')' => {
                self.flags = self.open.pop().unwrap_or_default();
                self.out.push(')');
            }
            '$' if !self.flags.many_lines => self.out.push_str("(?:\\n?\\z)"),
            '*' | '+' | '?' => {
                self.out.push(c);
                return self.after_quantifier();
            }
            '{' => match counted(self.rest) {
                Some(length) => {
                    self.out.push('{');
                    self.out.push_str(self.rest.get(..length).unwrap_or_default());
                    self.skip(length);
                    return self.after_quantifier();
                }
                None => self.out.push_str("\\{"),
            },
            '#' if self.flags.extended => {
                let line = self.rest.find('\n').unwrap_or(self.rest.len());
                self.skip(line);
            }
            '^' | '$' | '.' | '|' => self.out.push(c),
            _ if self.flags.extended && c.is_ascii_whitespace() => {}
            _ => escape::literal(c, self.alphabet, &mut self.out),
        }
        Ok(())
    }

    /// Behind a quantifier only `?` may stand.
    fn after_quantifier(&mut self) -> Result<(), String> {
        if self.rest.starts_with('?') {
            self.skip(1);
            self.out.push('?');
        } else if self.rest.starts_with('+') {
            return Err(refused("a possessive quantifier"));
        }
        let again = self.rest.starts_with(['*', '+', '?']) || self.rest.strip_prefix('{').and_then(counted).is_some();
        if again { Err("the regular expression has nothing to repeat before a quantifier".into()) } else { Ok(()) }
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.bump() else { return Err("the regular expression ends in a backslash".into()) };
        match c {
            'Q' => {
                let (quoted, after) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                quoted.chars().for_each(|c| escape::literal(c, self.alphabet, &mut self.out));
                self.rest = after;
            }
            'E' => {}
            'A' | 'z' | 'b' | 'B' => {
                self.out.push('\\');
                self.out.push(c);
            }
            'Z' => self.out.push_str("(?:\\n?\\z)"),
            'R' => self.out.push_str(match self.alphabet {
                Alphabet::Characters => "(?:\\r\\n|[\\n\\x0b\\f\\r\\x{85}\\x{2028}\\x{2029}])",
                Alphabet::Bytes => "(?:\\r\\n|[\\n\\x0b\\f\\r\\x85])",
            }),
            'N' => self.out.push_str("[^\\n]"),
            '1'..='9' | 'g' => return Err(refused("a reference to a group")),
            _ => match escape::escape(c, &mut self.rest, self.alphabet)? {
                Escape::Character(c) => escape::literal(c, self.alphabet, &mut self.out),
                Escape::Class(class) => self.out.push_str(&class),
            },
        }
        Ok(())
    }

    /// What stands behind `(`.
    fn group(&mut self) -> Result<(), String> {
        let Some(special) = self.rest.strip_prefix('?') else {
            if self.rest.starts_with('*') {
                return Err(refused("a verb"));
            }
            self.begin_group("(?:");
            return Ok(());
        };
        if let Some(comment) = special.strip_prefix('#') {
            let Some((_, after)) = comment.split_once(')') else { return Err("a comment does not end".into()) };
            self.rest = after;
            return Ok(());
        }
        const REFUSED: [(&str, &str); 12] = [
            ("=", "looking ahead"),
            ("!", "looking ahead"),
            ("<=", "looking behind"),
            ("<!", "looking behind"),
            (">", "an atomic group"),
            ("|", "a group with branches reset"),
            ("(", "a condition"),
            ("P=", "a reference to a group"),
            ("P>", "recursion"),
            ("R", "recursion"),
            ("&", "recursion"),
            ("C", "a callout"),
        ];
        if let Some((_, name)) = REFUSED.iter().find(|(start, _)| special.starts_with(start)) {
            return Err(refused(name));
        }
        if special.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(refused("recursion"));
        }
        for (start, end) in [("P<", '>'), ("<", '>'), ("'", '\'')] {
            if let Some((name, after)) = special.strip_prefix(start).and_then(|name| name.split_once(end)) {
                let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
                if !is_name {
                    return Err("a group has no proper name".into());
                }
                self.rest = after;
                self.begin_group("(?:");
                return Ok(());
            }
        }
        self.rest = special;
        self.flags_or_group()
    }

    fn begin_group(&mut self, text: &str) {
        self.open.push(self.flags);
        self.out.push_str(text);
    }

    /// `imsxU-imsxU` and then `)` or `:`.
    fn flags_or_group(&mut self) -> Result<(), String> {
        let Some(end) = self.rest.find([')', ':']) else { return Err("a group is unclosed".into()) };
        let letters = self.rest.get(..end).unwrap_or_default();
        let is_group = self.rest.get(end..).is_some_and(|rest| rest.starts_with(':'));
        self.skip(end + 1);
        let mut flags = self.flags;
        let mut on = true;
        let mut kept = String::new();
        for letter in letters.chars() {
            match letter {
                '-' if on => {
                    on = false;
                    kept.push('-');
                    continue;
                }
                'm' => flags.many_lines = on,
                // Blanks and comments are dropped here, so that the other side needs no such flag.
                'x' => {
                    flags.extended = on;
                    continue;
                }
                'i' | 's' | 'U' => {}
                _ => return Err(format!("cannot evaluate the flag {letter:?} of the regular expression")),
            }
            kept.push(letter);
        }
        let kept = kept.trim_end_matches('-');
        if is_group {
            self.begin_group(&format!("(?{kept}:"));
        } else if !kept.is_empty() {
            self.out.push_str(&format!("(?{kept})"));
        }
        self.flags = flags;
        Ok(())
    }
}

fn refused(what: &str) -> String {
    format!("cannot evaluate the regular expression: it has {what}")
}

/// Bytes up to the closing brace of `n}`, `n,}` or `n,m}`; anything else behind a brace is text.
fn counted(rest: &str) -> Option<usize> {
    let end = rest.find('}')?;
    let (least, most) = rest.get(..end)?.split_once(',').unwrap_or((rest.get(..end)?, ""));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (!least.is_empty() && is_number(least) && is_number(most)).then_some(end + 1)
}
