//! The two plainest forms.
//!
//! A text list is nothing but values, one on a line, because that is what firewalls and scripts take; there is no place for
//! a comment that all of them would skip. A hosts file (hosts(5)) leads whole names to `0.0.0.0`, which no connection can be made to.

use std::io::{self, Write};

use super::sieve::{Use, Why, Written, admit};
use super::value::Value;
use super::{Release, Released};

pub(super) fn text(
    release: &Release,
    indicators: &mut dyn Iterator<Item = Released>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let mut written = Written::default();
    for released in indicators {
        if admit(&mut written, Use::Tell, release, &released).is_some() {
            writeln!(out, "{}", released.value)?;
            written.written += 1;
        }
    }
    Ok(written)
}

pub(super) fn hosts(
    release: &Release,
    indicators: &mut dyn Iterator<Item = Released>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let mut written = Written::default();
    writeln!(out, "# {}", release.title_line())?;
    for released in indicators {
        match admit(&mut written, Use::Block, release, &released) {
            Some(Value::Domain(name)) => {
                writeln!(out, "0.0.0.0 {name}")?;
                written.written += 1;
                written.narrow(Why::Subdomains, &released);
            }
            Some(_) => written.leave(Why::Kind(released.kind), &released),
            None => {}
        }
    }
    Ok(written)
}
