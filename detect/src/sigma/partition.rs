//! The rules for one kind of record, compiled together.
//!
//! A partition knows the values of the fields by which its records are routed (channel and event id, say), so everything a
//! rule asks of those is decided here, once, and most rules of a log source vanish. What is left is turned inside out: all
//! texts that rules look for in one field go into one automaton, and a rule is looked at only when a text was seen that
//! every match of it needs.

use std::sync::Arc;

use model::{Fields, Format, Scalar, Text};
use rustc_hash::FxHashMap;

use super::compare;
use super::rule::{Expr, Rule};
use super::test::{Order, Test};
use super::texts::{Place, RUN_BYTES, RawFilter, Texts, unusual_runs};

/// A compiled partition.
#[derive(Default)]
pub(crate) struct Partition {
    /// Tells the partitions of one matcher apart.
    pub(crate) number: u32,
    /// Which of the fields some rule looks at, and where.
    slots: FxHashMap<Box<str>, u16>,
    /// Marks of those names, to turn most others away without a look-up.
    marks: Vec<bool>,
    pub(crate) slot: Vec<Slot>,
    /// The slot that sees every value, when a rule has keywords.
    pub(crate) keywords: Option<u16>,
    /// Says which values keywords may be in, before they are decoded; `None` when some keyword is too short for that.
    pub(crate) keyword_filter: Option<RawFilter>,
    pub(crate) atoms: Vec<Atom>,
    pub(crate) rules: Vec<Compiled>,
    /// Rules that must be looked at for every record.
    pub(crate) always: Vec<u32>,
}

impl Partition {
    /// Where the field is looked at, if some rule looks at it.
    #[inline]
    pub(crate) fn slot_of(&self, name: &str) -> Option<u16> {
        if !self.marks.get(mark(name)).is_some_and(|is_marked| *is_marked) {
            return None;
        }
        self.slots.get(name).copied()
    }

    /// Whether a keyword may be in a value that stands like this in its record.
    #[inline]
    pub(crate) fn may_hold_keyword(&self, raw: &str) -> bool {
        self.keywords.is_some() && self.keyword_filter.as_ref().is_none_or(|filter| filter.may_hold(raw))
    }
}

/// Number of [`mark`]s.
const MARKS: usize = 1 << 10;

/// A cheap hash of a name: its length and three of its bytes.
#[inline]
fn mark(name: &str) -> usize {
    let bytes = name.as_bytes();
    let [.., last] = bytes else { return 0 };
    let (first, middle) = (bytes[0], bytes[bytes.len() / 2]);
    (bytes.len() ^ (usize::from(first) << 2) ^ (usize::from(middle) << 4) ^ (usize::from(*last) << 1)) % MARKS
}

/// What rules look for in one field.
#[derive(Default)]
pub(crate) struct Slot {
    /// Whole values.
    pub(crate) exact: FxHashMap<Box<[u8]>, Vec<u32>>,
    /// Longest of them.
    pub(crate) exact_bytes_max: usize,
    /// Whole numbers.
    pub(crate) numbers: FxHashMap<i64, Vec<u32>>,
    /// Texts inside values, and for each the atoms that it belongs to.
    pub(crate) texts: Texts,
    pub(crate) atoms: Vec<Vec<u32>>,
    /// The numbers that texts have in `atoms`.
    numbered: FxHashMap<(Box<str>, Place), u32>,
    /// Atoms that are decided by looking closer at a value, unless something of theirs must be seen first.
    pub(crate) lazy: Vec<u32>,
    /// Nothing that is looked for can reach over the end of a line, or asks for a whole value of several lines.
    pub(crate) is_by_line: bool,
    /// Rules to look at when the field is there at all, by how its values must be known for its atoms to name the rules instead.
    pub(crate) on_present: [Vec<u32>; 3],
}

/// A test on a slot.
pub(crate) struct Atom {
    pub(crate) slot: u16,
    pub(crate) test: Arc<Test>,
    pub(crate) kind: AtomKind,
    /// How the values of its slot must be known at least for "seen" to be the whole answer.
    pub(crate) decided: Decided,
    /// Rules to look at when its text was seen.
    pub(crate) triggers: Vec<u32>,
}

/// How an atom is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtomKind {
    /// Its text was seen in its place: true.
    Direct,
    /// Its text was seen: look closer.
    Gated,
    /// Look when somebody asks.
    Lazy,
}

/// What it takes that an atom was seen exactly when it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Decided {
    /// Nothing does: it looks at more than one value.
    Never,
    /// Every value was tried with it as a whole.
    #[default]
    ByValue,
    /// Every value was tried with it as a whole or line by line.
    ByLine,
    /// A search for texts.
    BySearch,
}

/// A rule with its condition over atoms.
pub(crate) struct Compiled {
    pub(crate) rule: usize,
    pub(crate) node: Node,
}

/// A boolean expression over atoms.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Known(bool),
    Atom(u32),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
    AtLeast(usize, Box<[Node]>),
}

/// Compiles the rules that apply, with the routing fields' values known (`None` inside: the field is absent; a name that is
/// missing: not known).
pub(crate) fn compile<'r>(
    rules: impl Iterator<Item = (usize, &'r Rule)>,
    known: &[(Box<str>, Option<Box<str>>)],
    format: Format,
) -> Partition {
    let mut facts = Fields::new(format);
    for (name, value) in known {
        if let Some(value) = value {
            facts.push(name.as_ref(), Scalar::Text(Text::plain(value)));
        }
    }
    let mut builder = Builder { partition: Partition::default(), atoms: FxHashMap::default(), known, facts };
    for (index, rule) in rules {
        builder.rule(index, rule);
    }
    builder.finish()
}

struct Builder<'k> {
    partition: Partition,
    /// Atoms by what they ask, so that equal questions are one.
    atoms: FxHashMap<(u16, String), u32>,
    known: &'k [(Box<str>, Option<Box<str>>)],
    facts: Fields<'k>,
}

impl Builder<'_> {
    fn rule(&mut self, index: usize, rule: &Rule) {
        let node = self.node(rule, &rule.condition);
        if node == Node::Known(false) {
            return;
        }
        let number = self.partition.rules.len() as u32;
        match self.trigger(&node) {
            Some(trigger) => {
                for atom in trigger.atoms {
                    let atom = &mut self.partition.atoms[atom as usize];
                    atom.triggers.push(number);
                    if atom.kind == AtomKind::Lazy {
                        self.partition.slot[atom.slot as usize].on_present[atom.decided as usize].push(number);
                    }
                }
            }
            None => self.partition.always.push(number),
        }
        self.partition.rules.push(Compiled { rule: index, node });
    }

    fn node(&mut self, rule: &Rule, expr: &Expr) -> Node {
        match expr {
            Expr::Selection(at) => self.node(rule, &rule.selections[*at].expr),
            Expr::Not(expr) => match self.node(rule, expr) {
                Node::Known(known) => Node::Known(!known),
                Node::Not(inner) => *inner,
                node => Node::Not(Box::new(node)),
            },
            Expr::All(exprs) => self.all(rule, exprs),
            Expr::Any(exprs) => self.any(rule, exprs),
            Expr::AtLeast(count, exprs) => self.at_least(rule, *count, exprs),
            Expr::Test { field, test } => self.test(field.as_deref(), test),
        }
    }

    fn all(&mut self, rule: &Rule, exprs: &[Expr]) -> Node {
        let mut nodes = Vec::new();
        for expr in exprs {
            match self.node(rule, expr) {
                Node::Known(true) => {}
                Node::Known(false) => return Node::Known(false),
                Node::All(inner) => nodes.extend(inner),
                node => nodes.push(node),
            }
        }
        match nodes.len() {
            0 => Node::Known(true),
            1 => nodes.swap_remove(0),
            _ => Node::All(nodes.into()),
        }
    }

    fn any(&mut self, rule: &Rule, exprs: &[Expr]) -> Node {
        let mut nodes = Vec::new();
        for expr in exprs {
            match self.node(rule, expr) {
                Node::Known(false) => {}
                Node::Known(true) => return Node::Known(true),
                Node::Any(inner) => nodes.extend(inner),
                node => nodes.push(node),
            }
        }
        match nodes.len() {
            0 => Node::Known(false),
            1 => nodes.swap_remove(0),
            _ => Node::Any(nodes.into()),
        }
    }

    fn at_least(&mut self, rule: &Rule, count: usize, exprs: &[Expr]) -> Node {
        let mut missing = count;
        let mut nodes = Vec::new();
        for expr in exprs {
            match self.node(rule, expr) {
                Node::Known(true) => missing = missing.saturating_sub(1),
                Node::Known(false) => {}
                node => nodes.push(node),
            }
        }
        match missing {
            0 => Node::Known(true),
            _ if missing > nodes.len() => Node::Known(false),
            _ => Node::AtLeast(missing, nodes.into()),
        }
    }

    fn test(&mut self, field: Option<&str>, test: &Arc<Test>) -> Node {
        if let Some(name) = field
            && self.known.iter().any(|(known, _)| **known == *name)
            && !needs_more(test)
        {
            return Node::Known(compare::holds(&self.facts, Some(name), test));
        }
        let slot = self.slot(field);
        let key = (slot, format!("{test:?}"));
        if let Some(atom) = self.atoms.get(&key) {
            return Node::Atom(*atom);
        }
        let number = self.partition.atoms.len() as u32;
        let kind = self.register(slot, number, test);
        let decided = self.decided(slot, kind, test);
        let is_by_value = matches!(decided, Decided::ByValue | Decided::ByLine);
        if kind == AtomKind::Lazy && is_by_value {
            self.partition.slot[slot as usize].lazy.push(number);
        }
        self.partition.atoms.push(Atom { slot, test: Arc::clone(test), kind, decided, triggers: Vec::new() });
        self.atoms.insert(key, number);
        Node::Atom(number)
    }

    fn slot(&mut self, field: Option<&str>) -> u16 {
        let existing = match field {
            Some(name) => self.partition.slots.get(name).copied(),
            None => self.partition.keywords,
        };
        if let Some(slot) = existing {
            return slot;
        }
        let slot = self.partition.slot.len() as u16;
        self.partition.slot.push(Slot::default());
        match field {
            Some(name) => {
                self.partition.slots.insert(name.into(), slot);
            }
            None => self.partition.keywords = Some(slot),
        }
        slot
    }

    /// Enters what the atom looks for into its slot, and says how the atom will be decided.
    fn register(&mut self, slot: u16, atom: u32, test: &Test) -> AtomKind {
        let slot = &mut self.partition.slot[slot as usize];
        match test {
            Test::Text(pattern) => match pattern.plain() {
                Some(text) if pattern.at_start && pattern.at_end => {
                    slot.exact_bytes_max = slot.exact_bytes_max.max(text.len());
                    slot.exact.entry(text.as_bytes().into()).or_default().push(atom);
                    AtomKind::Direct
                }
                Some(text) if pattern.at_start && !text.is_empty() => slot.text(text, Place::Start, atom),
                Some(text) if pattern.at_end && !text.is_empty() => slot.text(text, Place::End, atom),
                Some(text) if text.len() >= RUN_BYTES => slot.text(text, Place::Anywhere, atom),
                _ => slot.gate(&pattern.necessary(), atom),
            },
            Test::Regex(test) => slot.gate(&test.necessary, atom),
            Test::Number(Order::Equal, number) if number.fract() == 0.0 && number.abs() < 9.0e15 => {
                slot.numbers.entry(*number as i64).or_default().push(atom);
                AtomKind::Direct
            }
            _ => AtomKind::Lazy,
        }
    }

    fn decided(&self, slot: u16, kind: AtomKind, test: &Test) -> Decided {
        match test {
            _ if kind == AtomKind::Direct => Decided::BySearch,
            // Not all values are tried with keywords.
            _ if self.partition.keywords == Some(slot) => Decided::Never,
            Test::Null | Test::Exists | Test::Present | Test::Field(_) | Test::Template(_) => Decided::Never,
            Test::Text(pattern) if pattern.is_within_a_line() => Decided::ByLine,
            Test::Text(_) | Test::Regex(_) | Test::Cidr(_) | Test::Number(..) | Test::Bool(_) | Test::Part(..) => {
                Decided::ByValue
            }
        }
    }

    fn trigger(&self, node: &Node) -> Option<Trigger> {
        match node {
            Node::Known(true) | Node::Not(_) => None,
            Node::Known(false) => Some(Trigger::default()),
            Node::Atom(atom) => self.atom_trigger(*atom),
            Node::All(nodes) => {
                let triggers = nodes.iter().filter_map(|node| self.trigger(node));
                triggers.min_by(|a, b| a.cost.total_cmp(&b.cost))
            }
            Node::Any(nodes) => self.union(nodes, nodes.len()),
            // Of n, when k must hold, at least one of any n − k + 1 holds.
            Node::AtLeast(count, nodes) => self.union(nodes, (nodes.len() + 1).saturating_sub(*count)),
        }
    }

    fn union(&self, nodes: &[Node], wanted: usize) -> Option<Trigger> {
        let mut triggers: Vec<Trigger> = nodes.iter().filter_map(|node| self.trigger(node)).collect();
        if triggers.len() < wanted {
            return None;
        }
        triggers.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        let mut union = Trigger::default();
        for trigger in triggers.into_iter().take(wanted) {
            union.cost += trigger.cost;
            union.atoms.extend(trigger.atoms);
        }
        union.atoms.sort_unstable();
        union.atoms.dedup();
        Some(union)
    }

    fn atom_trigger(&self, number: u32) -> Option<Trigger> {
        let atom = &self.partition.atoms[number as usize];
        if atom.kind == AtomKind::Lazy {
            let sees_absence = matches!(*atom.test, Test::Null);
            let is_keyword = self.partition.keywords == Some(atom.slot);
            // A field that is there is no rare sight.
            return (!sees_absence && !is_keyword).then(|| Trigger { atoms: vec![number], cost: 0.9 });
        }
        Some(Trigger { atoms: vec![number], cost: rarity(&atom.test) })
    }

    fn finish(mut self) -> Partition {
        for slot in &mut self.partition.slot {
            let has_breaks = slot.numbered.keys().any(|(text, _)| text.contains('\n'))
                || slot.exact.keys().any(|value| value.contains(&b'\n'));
            // Around a whole number there may be blanks, line breaks too.
            slot.is_by_line = !has_breaks && slot.numbers.is_empty();
            slot.numbered = FxHashMap::default();
            slot.on_present.iter_mut().for_each(Vec::dedup);
        }
        self.partition.marks = vec![false; MARKS];
        for name in self.partition.slots.keys() {
            self.partition.marks[mark(name)] = true;
        }
        self.partition.keyword_filter = self.partition.keywords.and_then(|slot| self.keyword_filter(slot));
        self.partition
    }
}

impl Builder<'_> {
    /// A filter in front of the keywords. Keywords that no text decides are looked for when a rule asks, filter or not.
    fn keyword_filter(&self, slot: u16) -> Option<RawFilter> {
        let mut filter = RawFilter::default();
        let atoms = self.partition.atoms.iter().filter(|atom| atom.slot == slot && atom.kind != AtomKind::Lazy);
        let mut all_added = true;
        for atom in atoms {
            all_added &= match atom.test.as_ref() {
                Test::Text(pattern) => filter.add(&pattern.necessary()),
                Test::Regex(test) => filter.add(&test.necessary),
                _ => false,
            };
        }
        filter.finish();
        all_added.then_some(filter)
    }
}

/// What must be seen before a rule is looked at; of a lazy atom, that its field is there.
#[derive(Default)]
struct Trigger {
    atoms: Vec<u32>,
    /// A guess at how often that is, 0 never to 1 always.
    cost: f32,
}

/// A guess at how often a text is seen, from what in it is not in ordinary logs anyway: enough to prefer `mimikatz` to
/// `c:\windows\system32\`.
fn rarity(test: &Test) -> f32 {
    let unusual = match test {
        Test::Text(pattern) => unusual_runs(&pattern.necessary()) + 4 * usize::from(pattern.at_start && pattern.at_end),
        Test::Regex(test) => unusual_runs(&test.necessary),
        _ => 5,
    };
    0.8f32.powi(1 + unusual.min(40) as i32)
}

/// Tests that look at more than the lowered value of the one field.
fn needs_more(test: &Test) -> bool {
    match test {
        Test::Field(_) | Test::Template(_) | Test::Regex(_) => true,
        Test::Text(pattern) => pattern.cased,
        _ => false,
    }
}

impl Slot {
    /// Enters a text that decides its atom.
    fn text(&mut self, text: &str, place: Place, atom: u32) -> AtomKind {
        let next = self.atoms.len() as u32;
        let number = *self.numbered.entry((text.into(), place)).or_insert(next);
        if number == next {
            self.texts.add(text, place, number);
            self.atoms.push(Vec::new());
        }
        self.atoms[number as usize].push(atom);
        AtomKind::Direct
    }

    /// Enters a text without which the atom cannot hold. Shorter ones are in almost every value: not worth looking for.
    fn gate(&mut self, necessary: &str, atom: u32) -> AtomKind {
        if necessary.len() < RUN_BYTES {
            return AtomKind::Lazy;
        }
        self.text(necessary, Place::Anywhere, atom);
        AtomKind::Gated
    }
}
