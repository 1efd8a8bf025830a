//! Shapes to look for, in the order in which they take their part of the text.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

/// What a shape may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// With a scheme.
    Url,
    /// With an `@`.
    Email,
    /// CVE number.
    Vulnerability,
    /// ATT&CK number.
    Technique,
    /// Hexadecimal digits of the length of a hash.
    Hash,
    /// Colons and hexadecimal digits.
    Ipv6,
    /// Labels and dots: a domain, an IPv4 address, with port or path or without.
    Host,
}

/// A dot, or how people write one that nobody clicks. Blanks may stand around brackets only.
const DOT: &str = r"(?:[ \t]?[\[({][ \t]?(?:\.|dot)[ \t]?[\])}][ \t]?|\[\.|\.\]|\\\.|\.|。)";
/// An `@`, or how people write it.
const AT: &str = r"(?:@|[ \t]?[\[({][ \t]?(?:@|at)[ \t]?[\])}][ \t]?)";
/// A colon, or how people write it.
const COLON: &str = r"(?:\[:\]|:)";
/// `://`, or how people write it.
const SLASHES: &str = r"(?:\[:\]//|\[://\]|:\[//\]|:\[/\]\[/\]|:\\?/\\?/|\[:/\]/)";
/// A scheme, or how people write it.
const SCHEME: &str = r"(?:h(?:tt|xx|\*\*|__)ps?|sf[tx]p|f[tx]ps?|wss?|tcp|udp)";
/// A label of a name.
const LABEL: &str = r"[\w](?:[\w-]*\w)?";
/// What a path may be made of in prose.
const PATH: &str = r#"[^\s<>"'`|^]"#;

/// Every sort with its shape. Reading decides later what a shape really is.
pub(super) static PATTERNS: LazyLock<Vec<(Sort, Regex)>> = LazyLock::new(|| {
    let host = format!(r"{LABEL}(?:{DOT}{LABEL})+");
    let sources = [
        (Sort::Url, format!(r"\b{SCHEME}{SLASHES}(?:[ \t]?[\[({{][ \t]?(?:\.|dot)[ \t]?[\])}}][ \t]?|{PATH})+")),
        (Sort::Email, format!(r"[\w.+%-]*[\w+%-]{AT}{host}")),
        (Sort::Vulnerability, r"\bCVE[-\u2010\u2011\u2013_ ]?[0-9]{4}[-\u2010\u2011\u2013_ ][0-9]{4,19}\b".to_owned()),
        (Sort::Technique, r"\bT[0-9]{4}(?:[./][0-9]{3})?\b".to_owned()),
        (Sort::Hash, r"\b(?:[0-9a-f]{128}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b".to_owned()),
        (
            Sort::Ipv6,
            format!(
                r"\[?(?:[0-9a-f]{{1,4}})?(?:{COLON}[0-9a-f]{{0,4}}){{2,8}}(?:\.[0-9]{{1,3}}){{0,3}}(?:\]:[0-9]{{1,5}}|/[0-9]{{1,3}}|\])?"
            ),
        ),
        (Sort::Host, format!(r"{host}(?:{COLON}[0-9]{{1,5}}\b)?(?:\[?/\]?{PATH}*)?")),
    ];
    let built = sources.into_iter().map(|(sort, source)| {
        let pattern = RegexBuilder::new(&source).case_insensitive(true).size_limit(64 << 20).build();
        match pattern {
            Ok(pattern) => (sort, pattern),
            // The shapes are part of the program and every test reads them.
            Err(error) => unreachable!("{sort:?}: {error}"),
        }
    });
    built.collect()
});

/// Fanged dots, ats and colons, for putting them right.
pub(super) static FANGS: LazyLock<[(Regex, &str); 5]> = LazyLock::new(|| {
    let sources = [
        (SLASHES.to_owned(), "://"),
        (r"[ \t]?[\[({][ \t]?(?:\.|dot)[ \t]?[\])}][ \t]?|\[\.|\.\]|\\\.".to_owned(), "."),
        (r"[ \t]?[\[({][ \t]?(?:@|at)[ \t]?[\])}][ \t]?".to_owned(), "@"),
        (r"\[:\]".to_owned(), ":"),
        (r"\[/\]?".to_owned(), "/"),
    ];
    sources.map(|(source, meant)| match RegexBuilder::new(&source).case_insensitive(true).build() {
        Ok(pattern) => (pattern, meant),
        Err(error) => unreachable!("{source}: {error}"),
    })
});
