//! A body that never ends, line by line: a live stream of events. Lines are short, and silence has an end.

use std::collections::VecDeque;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::error::{FetchError, Phase};
use super::exchange::{Connection, within};
use super::target::Origin;

/// Lines of a stream as they come.
pub struct Lines {
    origin: Origin,
    body: Incoming,
    cutter: Cutter,
    bytes: u64,
    _connection: Connection,
}

impl Lines {
    pub(super) fn new(origin: Origin, body: Incoming, connection: Connection) -> Self {
        Lines { origin, body, cutter: Cutter::default(), bytes: 0, _connection: connection }
    }

    /// Who writes.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The next line without its end; `None` when the stream has ended. Cancel-safe: a line that has begun to come is not lost.
    ///
    /// # Errors
    /// When nothing comes for longer than `silence`, a line is longer than `bytes_max`, or the stream breaks.
    pub async fn next(&mut self, silence: Duration, bytes_max: usize) -> Result<Option<String>, FetchError> {
        loop {
            if let Some(line) = self.cutter.take() {
                return Ok(Some(line));
            }
            let body = &mut self.body;
            let next = async { Ok(body.frame().await) };
            match within(silence, &self.origin, Phase::Body, next).await? {
                None => return Ok(None),
                Some(Err(cause)) => {
                    return Err(FetchError::BrokenOff { origin: self.origin.clone(), bytes: self.bytes, cause });
                }
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    self.bytes += data.len() as u64;
                    let is_short = self.cutter.push(&data, bytes_max);
                    if !is_short {
                        let bytes_max = bytes_max as u64;
                        return Err(FetchError::TooLarge { origin: self.origin.clone(), bytes_max });
                    }
                }
            }
        }
    }
}

/// Cuts bytes into lines.
#[derive(Debug, Default)]
struct Cutter {
    begun: Vec<u8>,
    lines: VecDeque<String>,
}

impl Cutter {
    fn take(&mut self) -> Option<String> {
        self.lines.pop_front()
    }

    /// Takes bytes; false when a line is too long.
    fn push(&mut self, bytes: &[u8], bytes_max: usize) -> bool {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.begun.len() + part.len() > bytes_max {
                return false;
            }
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&self.begun);
                self.lines.push_back(line.trim_end_matches(['\r', '\n']).to_owned());
                self.begun.clear();
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_line_is_refused() {
        let mut cutter = Cutter::default();
        assert!(cutter.push(b"abc\r\nde", 6));
        assert_eq!((cutter.take().as_deref(), cutter.take()), (Some("abc"), None));
        assert!(cutter.push(b"fgh", 6));
        assert!(!cutter.push(b"ij", 6));
    }

    proptest! {
        #[test]
        fn however_it_is_cut(text in "[a-z\\n]{0,60}", step in 1usize..9) {
            let mut cutter = Cutter::default();
            text.as_bytes().chunks(step).for_each(|chunk| assert!(cutter.push(chunk, 100)));
            let lines: Vec<String> = std::iter::from_fn(|| cutter.take()).collect();
            let mut expected: Vec<&str> = text.split('\n').collect();
            expected.pop();
            prop_assert_eq!(lines, expected);
        }
    }
}
