//! Forms with files (`multipart/form-data`, RFC 7578), read as a whole: they are small enough, and a part that is not whole is none.
//!
//! Deliberately absent: transfer encodings and character sets, which browsers do not send, and parts inside of parts.

use crate::problem::Problem;

/// Most parts of one form.
const PARTS_MAX: usize = 128;
/// Bytes of a part's head.
const HEAD_BYTES_MAX: usize = 4_096;
/// Longest boundary (RFC 2046, section 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// A field of a form, or a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'b> {
    /// The field's name.
    pub(crate) name: String,
    /// What the file is called, if it is one.
    pub(crate) file: Option<String>,
    /// What it holds.
    pub(crate) bytes: &'b [u8],
}

impl Part<'_> {
    /// As a text of a field.
    pub(crate) fn text(&self) -> Result<String, Problem> {
        let text = std::str::from_utf8(self.bytes).map_err(|_| Problem::bad(format!("{} is no text", self.name)))?;
        if text.contains('\0') {
            return Err(Problem::bad("a text holds the letter zero"));
        }
        // Browsers end lines like e-mail does.
        Ok(text.replace("\r\n", "\n"))
    }
}

/// Reads a form. `kind` is what its `Content-Type` says.
///
/// # Errors
/// When it is none, or ends too early.
pub(crate) fn read<'b>(kind: &str, body: &'b [u8]) -> Result<Vec<Part<'b>>, Problem> {
    let wrong = || Problem::bad("the form is not whole, or not written as multipart/form-data");
    let boundary = parameter(kind, "boundary").filter(|text| (1..=BOUNDARY_BYTES_MAX).contains(&text.len()));
    let mark = format!("--{}", boundary.ok_or_else(wrong)?);
    let mut rest = body.strip_prefix(mark.as_bytes()).ok_or_else(wrong)?;
    let between = format!("\r\n{mark}");
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        rest = rest.strip_prefix(b"\r\n").ok_or_else(wrong)?;
        let head_end =
            find(rest.get(..HEAD_BYTES_MAX.min(rest.len())).unwrap_or_default(), b"\r\n\r\n").ok_or_else(wrong)?;
        let (head, behind) = rest.split_at(head_end);
        let behind = behind.get(4..).ok_or_else(wrong)?;
        let end = find(behind, between.as_bytes()).ok_or_else(wrong)?;
        let (bytes, next) = behind.split_at(end);
        rest = next.get(between.len()..).ok_or_else(wrong)?;
        if parts.len() >= PARTS_MAX {
            return Err(Problem::bad(format!("a form has at most {PARTS_MAX} parts")));
        }
        parts.push(part(head, bytes).ok_or_else(wrong)?);
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = haystack.get(from..)?.iter().position(|byte| *byte == first) {
        if haystack.get(from + at..)?.starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

fn part<'b>(head: &[u8], bytes: &'b [u8]) -> Option<Part<'b>> {
    let head = std::str::from_utf8(head).ok()?;
    let is_it = |line: &&str| line.to_ascii_lowercase().starts_with("content-disposition:");
    let disposition = head.split("\r\n").find(is_it)?;
    let name = parameter(disposition, "name")?;
    Some(Part { name, file: parameter(disposition, "filename"), bytes })
}

/// A parameter of a header: `name="value"` or `name=value`. Browsers write a quote inside as `%22` (WHATWG), others as `\"`.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (key, after) = rest.split_once('=')?;
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.char_indices().scan(false, |is_escaped, (at, letter)| {
                    let was = std::mem::replace(is_escaped, letter == '\\' && !*is_escaped);
                    Some((at, letter == '"' && !was))
                });
                let end = end.filter(|(_, is_end)| *is_end).map(|(at, _)| at).next()?;
                let (value, next) = quoted.split_at(end);
                (value.replace("\\\"", "\"").replace("%22", "\""), next.get(1..).unwrap_or_default())
            }
            None => {
                let end = after.find(';').unwrap_or(after.len());
                let (value, next) = after.split_at(end);
                (value.trim().to_owned(), next)
            }
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next.trim_start().strip_prefix(';')?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KIND: &str = "multipart/form-data; boundary=XyZ";

    #[test]
    fn fields_and_files() {
        let body = b"--XyZ\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na\r\nb\r\n--XyZ\r\n\
            Content-Disposition: form-data; name=\"attachment\"; filename=\"a;%22b.bin\"\r\nContent-Type: x/y\r\n\r\n\
            \x00--Xy\r\n\r\n--XyZ--\r\n";
        let parts = read(KIND, body).unwrap();
        assert_eq!((parts[0].name.as_str(), parts[0].file.as_deref()), ("title", None));
        assert_eq!(parts[0].text().unwrap(), "a\nb");
        assert_eq!((parts[1].file.as_deref(), parts[1].bytes), (Some("a;\"b.bin"), &b"\x00--Xy\r\n"[..]));
        assert!(parts[1].text().is_err());
        assert_eq!(read("multipart/form-data; charset=x; boundary=\"XyZ\"", b"--XyZ--").unwrap(), []);
    }

    #[test]
    fn what_is_not_whole_is_none() {
        let whole = b"--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--XyZ--";
        assert!(read(KIND, whole).is_ok());
        for end in 0..whole.len() {
            assert!(read(KIND, &whole[..end]).is_err(), "{end}");
        }
        assert!(read("multipart/form-data", whole).is_err());
        assert!(read("multipart/form-data; boundary=", whole).is_err());
        assert!(read(KIND, b"--XyZ\r\nContent-Type: x\r\n\r\nb\r\n--XyZ--").is_err(), "a part without a name");
        let many = b"--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n".repeat(PARTS_MAX + 1);
        assert!(read(KIND, &[&many[..], b"--XyZ--"].concat()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(kind in "[a-z/; =\"]{0,30}", body in "(--XyZ|\r\n|Content-Disposition: form-data; name=\"a|\"|\\\\|b|--){0,12}") {
            let _ = (read(&kind, body.as_bytes()), read(KIND, body.as_bytes()));
        }
    }
}
