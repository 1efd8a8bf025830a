//! A page as people see it: title, texts block by block, and the hosts that its parts lead to.
//!
//! Tokens after the WHATWG HTML standard (section 13.2.5), by `html5gum`; no tree is built, so what is hidden by style sheets is
//! taken as seen. What stands in `hidden` elements, templates and comments is not. Deliberately absent: images and what they show.

use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer};
use model::limits::{PROBE_BLOCK_BYTES_MAX, PROBE_HOSTS_MAX, PROBE_PAGE_BLOCKS_MAX, PROBE_TEXT_BYTES_MAX};
use model::probe::{PageFacts, PageHost, PagePart};

/// Elements inside which text stays one block.
const INLINE: &[&[u8]] = &[
    b"a", b"abbr", b"b", b"bdi", b"bdo", b"cite", b"code", b"data", b"dfn", b"em", b"font", b"i", b"kbd", b"mark",
    b"q", b"s", b"samp", b"small", b"span", b"strong", b"sub", b"sup", b"time", b"tt", b"u", b"var", b"wbr",
];
/// Elements whose text nobody sees.
const UNSEEN: &[&[u8]] = &[b"script", b"style", b"template", b"noembed", b"noframes", b"iframe", b"textarea", b"svg"];

/// Reads a page. `host` is the page's own: it is written as empty among the hosts, and so are its relative addresses.
pub fn page(bytes: &[u8], host: &str) -> PageFacts {
    let text = String::from_utf8_lossy(bytes);
    let mut emitter = DefaultEmitter::<()>::default();
    emitter.naively_switch_states(true);
    let mut reading = Reading { host, ..Reading::default() };
    for token in Tokenizer::new_with_emitter(&*text, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => reading.start(&tag),
            Token::EndTag(tag) => reading.end(&tag.name),
            Token::String(text) => reading.text(&text),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    reading.close();
    let mut facts = reading.facts;
    facts.hosts.sort();
    facts.hosts.dedup();
    facts.bytes = bytes.len() as u64;
    facts
}

#[derive(Default)]
struct Reading<'a> {
    host: &'a str,
    facts: PageFacts,
    block: String,
    taken: usize,
    /// The unseen element in which we are, and how deep inside elements of its name.
    unseen: Option<(Vec<u8>, u32)>,
    in_title: bool,
}

impl Reading<'_> {
    fn start(&mut self, tag: &StartTag<()>) {
        let name = tag.name.as_slice();
        self.hosts(tag);
        if let Some((unseen, depth)) = &mut self.unseen {
            *depth += u32::from(unseen.as_slice() == name && !tag.self_closing);
            return;
        }
        if !INLINE.contains(&name) {
            self.close();
        }
        let is_hidden = UNSEEN.contains(&name) || (attribute(tag, b"hidden").is_some() && !is_void(name));
        if is_hidden && !tag.self_closing {
            self.unseen = Some((name.to_vec(), 1));
        }
        self.in_title = name == b"title";
    }

    fn end(&mut self, name: &HtmlString) {
        let name = name.as_slice();
        if let Some((unseen, depth)) = &mut self.unseen {
            if unseen.as_slice() == name {
                *depth = depth.saturating_sub(1);
                if *depth == 0 {
                    self.unseen = None;
                }
            }
            return;
        }
        if !INLINE.contains(&name) {
            self.close();
        }
    }

    fn text(&mut self, text: &[u8]) {
        if self.unseen.is_some() {
            return;
        }
        let text = String::from_utf8_lossy(text);
        for letter in text.chars() {
            let letter = if letter.is_whitespace() || letter.is_control() { ' ' } else { letter };
            let is_double = letter == ' ' && (self.block.is_empty() || self.block.ends_with(' '));
            if !is_double && self.block.len() < PROBE_BLOCK_BYTES_MAX {
                self.block.push(letter);
            }
        }
    }

    /// Ends a block of text.
    fn close(&mut self) {
        let block = std::mem::take(&mut self.block);
        let text = block.trim_end();
        if std::mem::take(&mut self.in_title) {
            if self.facts.title.is_empty() {
                text.clone_into(&mut self.facts.title);
            }
            return;
        }
        let has_room = self.facts.blocks.len() < PROBE_PAGE_BLOCKS_MAX && self.taken < PROBE_TEXT_BYTES_MAX;
        if !text.is_empty() && has_room {
            self.taken += text.len();
            self.facts.blocks.push(text.to_owned());
        }
    }

    fn hosts(&mut self, tag: &StartTag<()>) {
        let found = match tag.name.as_slice() {
            b"script" => attribute(tag, b"src").map(|url| (PagePart::Script, url)),
            b"iframe" | b"frame" | b"embed" => attribute(tag, b"src").map(|url| (PagePart::Frame, url)),
            b"object" => attribute(tag, b"data").map(|url| (PagePart::Frame, url)),
            b"form" => Some((PagePart::Form, attribute(tag, b"action").unwrap_or_default())),
            b"button" | b"input" => attribute(tag, b"formaction").map(|url| (PagePart::Form, url)),
            b"base" => attribute(tag, b"href").map(|url| (PagePart::Base, url)),
            b"meta" => refresh(tag).map(|url| (PagePart::Refresh, url)),
            _ => None,
        };
        let Some((part, url)) = found else { return };
        let host = host_of(&url, self.host);
        let entry = PageHost { part, host };
        if self.facts.hosts.len() < PROBE_HOSTS_MAX && !self.facts.hosts.contains(&entry) {
            self.facts.hosts.push(entry);
        }
    }
}

/// Elements that have no end (WHATWG HTML, section 13.1.2).
fn is_void(name: &[u8]) -> bool {
    const VOID: &[&[u8]] = &[
        b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"source", b"track",
        b"wbr",
    ];
    VOID.contains(&name)
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    tag.attributes.get(name).map(|value| String::from_utf8_lossy(value.value.as_slice()).trim().to_owned())
}

/// Where `<meta http-equiv="refresh" content="0; url=…">` leads.
fn refresh(tag: &StartTag<()>) -> Option<String> {
    let is_refresh = attribute(tag, b"http-equiv").is_some_and(|name| name.eq_ignore_ascii_case("refresh"));
    let content = is_refresh.then(|| attribute(tag, b"content")).flatten()?;
    let (_, url) = content.split_once(['=']).filter(|(before, _)| before.to_ascii_lowercase().contains("url"))?;
    Some(url.trim().trim_matches(['"', '\'']).to_owned())
}

/// The host of an address in a page, in small letters; empty for the page's own. What is no address of the net (`data:`) is told by
/// its scheme, as `data:`.
fn host_of(url: &str, own: &str) -> String {
    // Browsers drop tabs and line ends inside of addresses, and take `\` for `/` (WHATWG URL, section 4.4).
    let url: String =
        url.chars().filter(|letter| !letter.is_control()).map(|c| if c == '\\' { '/' } else { c }).collect();
    let rest = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => rest.trim_start_matches('/'),
            scheme => return format!("{scheme}:"),
        },
        _ => match url.strip_prefix("//") {
            Some(rest) => rest,
            None => return String::new(),
        },
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let host: String = host.trim_end_matches('.').to_lowercase().chars().take(253).collect();
    if host == own.to_lowercase() { String::new() } else { host }
}

fn is_scheme(text: &str) -> bool {
    let mut letters = text.bytes();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}
