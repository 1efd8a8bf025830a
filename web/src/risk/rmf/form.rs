//! What forms of the framework have in common: how their fields are read.

use model::Timestamp;

use crate::problem::Problem;
use crate::register::word;

/// Letters of a text of a form.
const TEXT_CHARS_MAX: usize = 4_000;

/// The version that was looked at.
pub(super) fn seen(text: &str) -> Result<u64, Problem> {
    let number = text.parse::<u64>().ok().filter(|number| text.len() <= 18 && number.to_string() == text);
    number.ok_or_else(|| Problem::bad("version says which one was looked at"))
}

/// A text of a form, with line ends as we have them.
pub(super) fn long(name: &str, text: &str) -> Result<String, Problem> {
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Problem::bad(format!("{name} has at most {TEXT_CHARS_MAX} letters")));
    }
    Ok(text.replace("\r\n", "\n").trim().to_owned())
}

/// The end of a day, in UTC.
pub(super) fn day_end(name: &str, text: &str) -> Result<Timestamp, Problem> {
    let is_shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let found = Some(format!("{text}T23:59:59Z")).filter(|_| is_shaped).and_then(|text| Timestamp::parse(&text));
    found.ok_or_else(|| Problem::bad(format!("{name} is a day as 2027-05-01")))
}

/// A word of a list that has to be said.
pub(super) fn must<T: Copy>(what: &str, text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, Problem> {
    word(what, text, all, name)?.ok_or_else(|| Problem::bad(format!("say {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forms_say() {
        assert_eq!(seen("7").unwrap(), 7);
        assert!(seen("07").is_err() && seen("").is_err() && seen("-1").is_err());
        assert_eq!(day_end("due", "2027-05-01").unwrap().to_string(), "2027-05-01T23:59:59Z");
        assert!(day_end("due", "2027-13-01").is_err() && day_end("due", "soon").is_err());
        assert_eq!(long("why", " a\r\nb ").unwrap(), "a\nb");
        assert!(long("why", &"x".repeat(TEXT_CHARS_MAX + 1)).is_err());
        let yes_no = |text| must("it", text, &[true, false], |is| if is { "yes" } else { "no" });
        assert!(yes_no("yes").unwrap() && yes_no("").is_err() && yes_no("perhaps").is_err());
    }
}
