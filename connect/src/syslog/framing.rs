//! Where one syslog message ends and the next begins on a stream: RFC 6587 section 3.4 and RFC 5425 section 4.3.
//!
//! Both framings of RFC 6587 are taken, told apart frame by frame: `MSG-LEN SP MSG` (octet counting, the only one over
//! TLS by RFC 5425, though senders differ) and a message with a trailer: LF, CR LF or NUL. A frame that starts with a
//! number, a blank and `<` is octet-counted; once a connection has sent such a frame, `<` is no longer asked for.
//!
//! A frame over the limit is cut at the limit and marked; the rest of it is skipped without being kept, so that the
//! frames behind it are read as they are.

use model::limits::SYSLOG_COUNT_DIGITS_MAX;

/// One message out of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The message, without count and trailer.
    pub body: Vec<u8>,
    /// Whether it was cut: at the limit, or because the stream ended inside it.
    pub cut: bool,
}

/// Takes a stream apart, however its bytes are chunked.
#[derive(Debug)]
pub struct Deframer {
    frame_bytes_max: usize,
    held: Vec<u8>,
    /// Bytes of `held` that are dealt with.
    done: usize,
    /// Bytes of `held` behind `done` that are known to hold no trailer.
    searched: usize,
    skip: Skip,
    has_counted: bool,
}

/// What is left of a frame that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skip {
    Nothing,
    Bytes(usize),
    ToTrailer,
}

/// How a frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// More bytes are needed to tell.
    Open,
    Counted {
        prefix_bytes: usize,
        message_bytes: usize,
    },
    Trailed,
}

impl Deframer {
    /// A reader whose frames are cut at `frame_bytes_max`.
    pub fn new(frame_bytes_max: usize) -> Self {
        let frame_bytes_max = frame_bytes_max.max(1);
        Deframer { frame_bytes_max, held: Vec::new(), done: 0, searched: 0, skip: Skip::Nothing, has_counted: false }
    }

    /// Takes what the stream brought next; gives every frame that is whole.
    pub fn feed(&mut self, chunk: &[u8], frames: &mut Vec<Frame>) {
        self.held.extend_from_slice(chunk);
        while self.step(frames) {}
        self.held.drain(..self.done);
        self.done = 0;
    }

    /// The stream has ended: what is left is a frame too, because many senders leave out the last trailer.
    pub fn finish(&mut self, frames: &mut Vec<Frame>) {
        let rest = std::mem::take(&mut self.held);
        self.searched = 0;
        if std::mem::replace(&mut self.skip, Skip::Nothing) != Skip::Nothing {
            return;
        }
        let (body, cut) = match self.start_of(&rest) {
            Start::Counted { prefix_bytes, .. } => (&rest[prefix_bytes..], true),
            _ => (without_trailer(&rest), false),
        };
        let kept = &body[..body.len().min(self.frame_bytes_max)];
        if !kept.is_empty() {
            frames.push(Frame { body: kept.to_vec(), cut: cut || kept.len() < body.len() });
        }
    }

    /// Bytes held for a frame that is not whole yet.
    pub fn held_bytes(&self) -> usize {
        self.held.len()
    }

    /// Deals with the next piece; false when more bytes are needed.
    fn step(&mut self, frames: &mut Vec<Frame>) -> bool {
        match self.skip {
            Skip::Nothing => {}
            Skip::Bytes(left) => return self.skip_bytes(left),
            Skip::ToTrailer => return self.skip_to_trailer(),
        }
        if self.searched == 0 {
            self.skip_stray_trailers();
        }
        let rest = &self.held[self.done..];
        if rest.is_empty() {
            return false;
        }
        match self.start_of(rest) {
            Start::Open => false,
            Start::Counted { prefix_bytes, message_bytes } => self.take_counted(prefix_bytes, message_bytes, frames),
            Start::Trailed => self.take_trailed(frames),
        }
    }

    fn take_counted(&mut self, prefix_bytes: usize, message_bytes: usize, frames: &mut Vec<Frame>) -> bool {
        let kept_bytes = message_bytes.min(self.frame_bytes_max);
        let message = &self.held[self.done + prefix_bytes..];
        let Some(body) = message.get(..kept_bytes) else { return false };
        let cut = message_bytes > kept_bytes;
        // rsyslog and others count a trailing LF in.
        let body = if cut { body } else { without_trailer(body) };
        if !body.is_empty() {
            frames.push(Frame { body: body.to_vec(), cut });
        }
        self.has_counted = true;
        self.done += prefix_bytes + kept_bytes;
        if cut {
            self.skip = Skip::Bytes(message_bytes - kept_bytes);
        }
        true
    }

    fn take_trailed(&mut self, frames: &mut Vec<Frame>) -> bool {
        let rest = &self.held[self.done..];
        // The trailer may stand right behind the longest frame, with a CR in front of it.
        let window = &rest[..rest.len().min(self.frame_bytes_max + 2)];
        if let Some(at) = memchr::memchr2(b'\n', 0, &window[self.searched..]) {
            let message = without_trailer(&window[..self.searched + at]);
            let kept = &message[..message.len().min(self.frame_bytes_max)];
            frames.push(Frame { body: kept.to_vec(), cut: kept.len() < message.len() });
            self.done += self.searched + at + 1;
            self.searched = 0;
            return true;
        }
        if window.len() < self.frame_bytes_max + 2 {
            self.searched = window.len();
            return false;
        }
        frames.push(Frame { body: rest[..self.frame_bytes_max].to_vec(), cut: true });
        self.done += self.frame_bytes_max;
        self.searched = 0;
        self.skip = Skip::ToTrailer;
        true
    }

    fn skip_bytes(&mut self, left: usize) -> bool {
        let here = left.min(self.held.len() - self.done);
        self.done += here;
        self.skip = if here == left { Skip::Nothing } else { Skip::Bytes(left - here) };
        here > 0
    }

    fn skip_to_trailer(&mut self) -> bool {
        let rest = &self.held[self.done..];
        match memchr::memchr2(b'\n', 0, rest) {
            Some(at) => {
                self.done += at + 1;
                self.skip = Skip::Nothing;
                true
            }
            None => {
                self.done = self.held.len();
                false
            }
        }
    }

    fn skip_stray_trailers(&mut self) {
        let is_trailer = |b: &&u8| matches!(**b, b'\n' | b'\r' | 0);
        self.done += self.held[self.done..].iter().take_while(is_trailer).count();
    }

    fn start_of(&self, rest: &[u8]) -> Start {
        let digits = rest.iter().take(SYSLOG_COUNT_DIGITS_MAX + 1).take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 || digits > SYSLOG_COUNT_DIGITS_MAX || rest[0] == b'0' {
            return Start::Trailed;
        }
        let Some(&blank) = rest.get(digits) else { return Start::Open };
        if blank != b' ' {
            return Start::Trailed;
        }
        let Some(&first) = rest.get(digits + 1) else { return Start::Open };
        if first != b'<' && !self.has_counted {
            return Start::Trailed;
        }
        let message_bytes = rest[..digits].iter().fold(0usize, |sum, b| sum * 10 + usize::from(b - b'0'));
        Start::Counted { prefix_bytes: digits + 1, message_bytes }
    }
}

/// The message without LF, CR LF or NUL behind it.
pub(super) fn without_trailer(message: &[u8]) -> &[u8] {
    let message = message.strip_suffix(b"\n").or_else(|| message.strip_suffix(&[0])).unwrap_or(message);
    message.strip_suffix(b"\r").unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames_of(stream: &[u8], frame_bytes_max: usize, chunk_bytes: usize) -> Vec<Frame> {
        let mut deframer = Deframer::new(frame_bytes_max);
        let mut frames = Vec::new();
        for chunk in stream.chunks(chunk_bytes.max(1)) {
            deframer.feed(chunk, &mut frames);
        }
        deframer.finish(&mut frames);
        frames
    }

    fn check(stream: &str, expected: &[&str]) {
        for chunk_bytes in [1, 2, 3, 7, stream.len()] {
            let found = frames_of(stream.as_bytes(), 30, chunk_bytes);
            let shown: Vec<String> = found
                .iter()
                .map(|f| format!("{}{}", String::from_utf8_lossy(&f.body), if f.cut { "…" } else { "" }))
                .collect();
            assert_eq!(shown, expected, "{stream:?} in chunks of {chunk_bytes}");
        }
    }

    #[test]
    fn tells_the_framings_apart() {
        check("<1>a\n<2>b\r\n<3>c\0<4>d", &["<1>a", "<2>b", "<3>c", "<4>d"]);
        check("4 <1>a5 <2>bc4 <3>d", &["<1>a", "<2>bc", "<3>d"]);
        check("5 <1>a\n4 <2>b", &["<1>a", "<2>b"]);
        check("4 <1>a\n4 <2>b\n", &["<1>a", "<2>b"]);
        check("4 <1>a<2>b\n4 <3>c", &["<1>a", "<2>b", "<3>c"]);
        check("6 <1>\na\n<2>b\n", &["<1>\na", "<2>b"]);
    }

    #[test]
    fn a_number_is_not_always_a_count() {
        check("2024 was a year\n2025 too\n", &["2024 was a year", "2025 too"]);
        check("12:00 noon\n", &["12:00 noon"]);
        check("123456789 <1>a\n", &["123456789 <1>a"]);
        check("07 <1>a\n", &["07 <1>a"]);
        check("4 <1>a4 text4 more", &["<1>a", "text", "more"]);
    }

    #[test]
    fn nothing_between_trailers_is_nothing() {
        check("\n\n\r\n\0", &[]);
        check("", &[]);
        check("\n<1>a\n\n<2>b\n\n", &["<1>a", "<2>b"]);
    }

    #[test]
    fn a_long_frame_is_cut_and_the_next_is_whole() {
        let fits = "x".repeat(30);
        let long = "x".repeat(75);
        check(&format!("{fits}\r\n<2>b\n"), &[&fits, "<2>b"]);
        check(&format!("{fits}y\n<2>b\n"), &[&format!("{fits}…"), "<2>b"]);
        check(&format!("{long}\n<2>b\n"), &[&format!("{fits}…"), "<2>b"]);
        check(&format!("78 <1>{long}4 <2>b"), &[&format!("<1>{}…", &long[..27]), "<2>b"]);
        check(&format!("99999999 <1>{long}"), &[&format!("<1>{}…", &long[..27])]);
    }

    #[test]
    fn a_stream_that_ends_inside_a_counted_frame_says_so() {
        check("50 <1>half", &["<1>half…"]);
        check("12", &["12"]);
    }

    proptest! {
        #[test]
        fn chunks_change_nothing(stream in "(<1>[a-z]{0,40}|[0-9]{1,9}| |\r|\n|\u{0}){0,30}", sizes in prop::collection::vec(1usize..20, 1..20)) {
            let stream = stream.as_bytes();
            let whole = frames_of(stream, 16, stream.len());
            let mut deframer = Deframer::new(16);
            let mut frames = Vec::new();
            let (mut rest, mut turn) = (stream, 0);
            while !rest.is_empty() {
                let (chunk, behind) = rest.split_at(sizes[turn % sizes.len()].min(rest.len()));
                deframer.feed(chunk, &mut frames);
                prop_assert!(deframer.held_bytes() <= 16 + SYSLOG_COUNT_DIGITS_MAX + 2);
                (rest, turn) = (behind, turn + 1);
            }
            deframer.finish(&mut frames);
            prop_assert_eq!(&frames, &whole);
            prop_assert!(frames.iter().all(|f| !f.body.is_empty() && f.body.len() <= 16));
        }

        #[test]
        fn what_was_framed_comes_back(messages in prop::collection::vec(("<[0-9]{1,3}>[ -~]{1,60}", 0usize..4), 1..20)) {
            let mut stream = Vec::new();
            for (message, way) in &messages {
                match way {
                    0 => stream.extend(format!("{} {message}", message.len()).bytes()),
                    1 => stream.extend(format!("{message}\n").bytes()),
                    2 => stream.extend(format!("{message}\r\n").bytes()),
                    _ => stream.extend(format!("{message}\0").bytes()),
                }
            }
            let found = frames_of(&stream, 1_000, 13);
            let expected: Vec<_> = messages.iter().map(|(m, _)| Frame { body: m.clone().into_bytes(), cut: false }).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
