//! What the lists say about an indicator that was seen.

use std::sync::atomic::{AtomicU64, Ordering};

use model::{IndicatorKind, Reason};

use super::entries::{ListNumber, Range, Ranges, Scan, Texts};
use super::lists::{Lists, bit};

/// What a list does to what it names, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Says so, and nothing more.
    Label,
    /// Lowers the level to informational.
    Cap,
    /// Raises no detection at all; only the count remains.
    Silence,
}

impl Effect {
    fn text(self) -> &'static str {
        match self {
            Effect::Label => "labelled, level kept",
            Effect::Cap => "level capped at informational",
            Effect::Silence => "silenced",
        }
    }
}

/// One list.
pub(super) struct List {
    name: String,
    kinds: u16,
    /// What it does to what it names.
    exact: Effect,
    /// What it does to what lies below or inside what it names.
    around: Effect,
    /// What it does to what lies below a public suffix that it names (`blogspot.com`): others rent there, whatever else
    /// is on the list.
    below_suffix: Effect,
    counts: [AtomicU64; 3],
}

impl List {
    /// A list that does what its name lets expect, unless `effect` says what it does.
    pub(super) fn new(name: &str, kinds: u16, effect: Option<Effect>, is_shared_ground: bool) -> Self {
        let around = effect.unwrap_or(if is_shared_ground { Effect::Label } else { Effect::Cap });
        List {
            name: name.to_owned(),
            kinds,
            exact: effect.unwrap_or(Effect::Cap),
            around,
            below_suffix: effect.unwrap_or(Effect::Label),
            counts: Default::default(),
        }
    }

    fn effect(&self, named: Named) -> Effect {
        match named {
            Named::Exactly => self.exact,
            Named::Around => self.around,
            Named::BelowSuffix => self.below_suffix,
        }
    }
}

/// How a list names a thing.
#[derive(Clone, Copy)]
enum Named {
    Exactly,
    Around,
    BelowSuffix,
}

impl Named {
    fn of(is_exact: bool) -> Self {
        if is_exact { Named::Exactly } else { Named::Around }
    }
}

/// How often a list had an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListCount {
    /// The list.
    pub list: String,
    /// Detections that it labelled.
    pub labelled: u64,
    /// Detections that it lowered.
    pub capped: u64,
    /// Detections that it silenced.
    pub silenced: u64,
}

/// All lists, ready to judge. The default has none and suppresses nothing.
#[derive(Default)]
pub struct Suppression {
    lists: Vec<List>,
    texts: Texts,
    hosts: Texts,
    ranges: Ranges,
    scans: Vec<(ListNumber, Scan)>,
}

/// Which lists name a thing, and what they want done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    lists: Vec<(ListNumber, Effect)>,
    effect: Option<Effect>,
}

impl Judgement {
    /// What is done: the strongest of the lists' effects, `None` when no list names the thing.
    pub fn effect(&self) -> Option<Effect> {
        self.effect
    }

    fn say(&mut self, list: ListNumber, effect: Effect) {
        match self.lists.iter_mut().find(|(known, _)| *known == list) {
            Some((_, known)) => *known = effect.max(*known),
            None => self.lists.push((list, effect)),
        }
        self.effect = self.effect.max(Some(effect));
    }

    /// Takes in the judgement of another sighting of the same indicator: all lists are told, the milder effect is done.
    pub(crate) fn and(&mut self, other: Judgement) {
        let milder = self.effect.min(other.effect);
        other.lists.into_iter().for_each(|(list, effect)| self.say(list, effect));
        // A list was met, so at least its label stays.
        self.effect = if self.lists.is_empty() { None } else { milder.max(Some(Effect::Label)) };
    }

    /// What each list did in the end: no more than was done.
    fn done(&self) -> impl Iterator<Item = (ListNumber, Effect)> {
        let most = self.effect.unwrap_or(Effect::Label);
        self.lists.iter().map(move |&(list, effect)| (list, effect.min(most)))
    }
}

impl Suppression {
    pub(super) fn over(lists: Lists) -> Self {
        let Lists { lists, texts, hosts, ranges, scans, .. } = lists;
        Suppression { lists, texts, hosts, ranges, scans }
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// There is no list.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Judges things that only together mean something: what is done is the mildest of what is done to each. `None` for no things.
    pub fn judge_all(&self, things: &[&(IndicatorKind, String)]) -> Option<Judgement> {
        let mut judged = things.iter().map(|(kind, value)| self.judge(*kind, value, value));
        let mut all = judged.next()?;
        judged.for_each(|one| all.and(one));
        Some(all)
    }

    /// Judges an indicator, by its value and by what was observed (for an indicator that is a range or a parent, the
    /// observed thing itself may stand on a list).
    pub fn judge(&self, kind: IndicatorKind, value: &str, observed: &str) -> Judgement {
        let mut judgement = Judgement::default();
        if self.lists.is_empty() {
            return judgement;
        }
        self.ask(kind, value, &mut judgement);
        if observed != value {
            self.ask(kind, observed, &mut judgement);
        }
        judgement.lists.sort_by_key(|&(list, effect)| (std::cmp::Reverse(effect), list));
        judgement
    }

    /// The lists that name a thing, and what each does to it, the strongest first.
    pub fn named(&self, kind: IndicatorKind, value: &str) -> Vec<(String, Effect)> {
        let judgement = self.judge(kind, value, value);
        let lists = judgement.lists.iter();
        lists.filter_map(|(list, effect)| Some((self.lists.get(usize::from(*list))?.name.clone(), *effect))).collect()
    }

    fn ask(&self, kind: IndicatorKind, value: &str, judgement: &mut Judgement) {
        let mut say = |list: ListNumber, named: Named| {
            if let Some(known) = self.lists.get(usize::from(list))
                && known.kinds & bit(kind) != 0
            {
                judgement.say(list, known.effect(named));
            }
        };
        self.texts.each(value, |list| say(list, Named::Exactly));
        for (list, scan) in &self.scans {
            if let Some(exact) = scan.finds(value) {
                say(*list, Named::of(exact));
            }
        }
        let host = match kind {
            IndicatorKind::Url => host_of(value),
            IndicatorKind::IpPort => value.rsplit_once(':').map_or(value, |(address, _)| address),
            IndicatorKind::Email | IndicatorKind::FileHash | IndicatorKind::UrlPath => return,
            _ => value,
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if let Some(range) = Range::parse(host) {
            self.ranges.each(range, |list, exact| say(list, Named::of(exact)));
        } else {
            let mut name = Some(host);
            while let Some(text) = name {
                self.hosts.each(text, |list| {
                    let named = if text.len() == host.len() {
                        Named::Exactly
                    } else if is_public_suffix(text) {
                        Named::BelowSuffix
                    } else {
                        Named::Around
                    };
                    say(list, named);
                });
                name = text.split_once('.').map(|(_, parent)| parent);
            }
        }
        // A list names `evil.example`, the indicator is that site's root or that address with a port: the same thing.
        let is_root = kind == IndicatorKind::Url && value.ends_with('/') && value.matches('/').count() <= 3;
        if is_root || kind == IndicatorKind::IpPort {
            self.texts.each(host, |list| say(list, Named::Exactly));
        }
    }

    /// Adds what was done to the counts.
    pub fn count(&self, judgement: &Judgement) {
        for (list, effect) in judgement.done() {
            if let Some(list) = self.lists.get(usize::from(list)) {
                list.counts[effect as usize].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The reasons that a detection gives for it, the strongest effect first.
    pub fn reasons(&self, judgement: &Judgement) -> Vec<Reason> {
        // A handful of lists say enough; the indicator's own reasons need room too.
        const TOLD: usize = 16;
        let told = judgement.done().take(TOLD);
        let told = told.filter_map(|(list, effect)| Some((self.lists.get(usize::from(list))?, effect)));
        told.map(|(list, effect)| Reason::Suppression { list: list.name.clone(), effect: effect.text().to_owned() })
            .collect()
    }

    /// The list whose effect was done.
    pub fn decisive(&self, judgement: &Judgement) -> Option<&str> {
        let (list, _) = judgement.done().max_by_key(|&(list, effect)| (effect, std::cmp::Reverse(list)))?;
        self.lists.get(usize::from(list)).map(|list| list.name.as_str())
    }

    /// What each list did so far, lists that did nothing left out.
    pub fn counts(&self) -> Vec<ListCount> {
        let of = |list: &List| {
            let [labelled, capped, silenced] =
                [0, 1, 2].map(|effect: usize| list.counts[effect].load(Ordering::Relaxed));
            ListCount { list: list.name.clone(), labelled, capped, silenced }
        };
        let counts = self.lists.iter().map(of);
        counts.filter(|count| count.labelled + count.capped + count.silenced > 0).collect()
    }
}

/// Whether the Public Suffix List has that name.
fn is_public_suffix(name: &str) -> bool {
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == name.as_bytes())
}

/// The host of a URL in normal form.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((before, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !host.ends_with(']') => before,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use IndicatorKind::*;

    fn suppression() -> Suppression {
        let mut lists = Lists::default();
        let misp = [
            r#"{"name": "Sites", "type": "string", "list": ["Good.example", ".below.example", ".blogspot.com"], "matching_attributes": ["domain", "url"]}"#,
            r#"{"name": "Top 10K websites", "type": "hostname", "list": ["rented.example"], "matching_attributes": ["hostname", "url"]}"#,
            r#"{"name": "Resolvers", "type": "cidr", "list": ["9.9.9.9", "192.0.2.0/24"], "matching_attributes": ["ip-dst"]}"#,
            r#"{"name": "Amazon AWS", "type": "cidr", "list": ["198.51.100.0/24", "198.51.100.7/32"], "matching_attributes": ["ip-dst"]}"#,
            r#"{"name": "Mail", "type": "regex", "list": ["/^abuse\\@/i"], "matching_attributes": ["email-src"]}"#,
            r#"{"name": "Throwaway", "type": "substring", "list": ["bin.example"], "matching_attributes": ["email-src"]}"#,
            r#"{"name": "Empty", "type": "string", "list": ["D41D8CD98F00B204E9800998ECF8427E"], "matching_attributes": ["md5"]}"#,
        ];
        for list in misp {
            let added = lists.add_misp(list.as_bytes(), None).unwrap();
            assert_eq!(added.skipped, 0, "{list}");
        }
        lists
            .add_plain(
                "own.txt",
                "# ours\nours.example  # all of it\n203.0.113.0/24\nlocalhost\n",
                Some(Effect::Silence),
            )
            .unwrap();
        lists.build()
    }

    #[test]
    fn lists_judge() {
        let suppression = suppression();
        let check = |kind, value: &str, observed: &str, expected: Option<Effect>| {
            assert_eq!(suppression.judge(kind, value, observed).effect(), expected, "{kind} {value} {observed}");
        };
        let (label, cap, silence) = (Some(Effect::Label), Some(Effect::Cap), Some(Effect::Silence));
        check(Domain, "good.example", "good.example", cap);
        check(Domain, "good.example", "www.good.example", cap);
        check(Domain, "www.good.example", "www.good.example", None);
        check(Domain, "example", "good.example", cap);
        check(Domain, "x.below.example", "x.below.example", cap);
        check(Domain, "evil.blogspot.com", "evil.blogspot.com", label);
        check(Domain, "blogspot.com", "evil.blogspot.com", cap);
        check(Domain, "rented.example", "a.rented.example", cap);
        check(Domain, "evil.rented.example", "evil.rented.example", label);
        check(Url, "http://rented.example/", "http://rented.example/", cap);
        check(Url, "http://evil.rented.example:8080/x", "http://evil.rented.example:8080/x", label);
        check(Url, "http://good.example/", "http://good.example/", cap);
        check(Url, "http://good.example/x", "http://good.example/x", None);
        check(Ipv4, "9.9.9.9", "9.9.9.9", cap);
        check(IpPort, "9.9.9.9:53", "9.9.9.9:53", cap);
        check(Ipv4, "192.0.2.7", "192.0.2.7", cap);
        check(Cidr, "192.0.2.0/25", "192.0.2.7", cap);
        check(Cidr, "192.0.0.0/8", "192.0.2.7", cap);
        check(Cidr, "192.0.0.0/8", "192.0.3.7", None);
        check(Ipv4, "198.51.100.8", "198.51.100.8", label);
        check(Ipv4, "198.51.100.7", "198.51.100.7", cap);
        check(Email, "abuse@x.example", "abuse@x.example", cap);
        check(Email, "a@bin.example", "a@bin.example", cap);
        check(Email, "a@good.example", "a@good.example", None);
        check(FileHash, "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e", cap);
        check(Domain, "www.ours.example", "www.ours.example", silence);
        check(Ipv4, "203.0.113.9", "203.0.113.9", silence);
        check(Domain, "evil.example", "evil.example", None);
    }

    #[test]
    fn the_milder_of_two_sightings_is_done() {
        let suppression = suppression();
        let mut judgement = suppression.judge(Domain, "example", "good.example");
        judgement.and(suppression.judge(Domain, "example", "evil.example"));
        assert_eq!(judgement.effect(), Some(Effect::Label));
        suppression.count(&judgement);
        let count = ListCount { list: "Sites".into(), labelled: 1, capped: 0, silenced: 0 };
        assert_eq!(suppression.counts(), [count]);
    }

    #[test]
    fn hosts_of_urls() {
        let check = |url: &str, expected: &str| assert_eq!(host_of(url), expected, "{url}");
        check("http://a.example/x", "a.example");
        check("a.example:80/x", "a.example");
        check("http://u:p@a.example:80/x", "a.example");
        check("http://[2001:db8::1]:80/", "[2001:db8::1]");
        check("http://[2001:db8::1]/", "[2001:db8::1]");
    }
}
