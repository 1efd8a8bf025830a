//! One record against the rules of its partition.

use model::limits::MATCH_VALUE_BYTES_MAX;
use model::{Fields, Scalar, Text};

use super::compare;
use super::lower;
use super::partition::{AtomKind, Node, Partition, Slot};
use super::test::Test;

/// What one record is worked on with; kept, so that a record costs no allocation.
#[derive(Default)]
pub(super) struct Scratch {
    /// Lowered values, one behind the other; each is UTF-8.
    text: Vec<u8>,
    /// Values by slot.
    values: Vec<Value>,
    /// First value of a slot, plus one; 0 for none.
    first: Vec<u32>,
    /// Slots that have a value, to clear `first` by.
    touched: Vec<u16>,
    /// Atoms whose text was seen.
    seen: Vec<u64>,
    seen_words: Vec<u32>,
    /// Answers that were worked out already: 0 not asked, 1 no, 2 yes.
    answers: Vec<u8>,
    answered: Vec<u32>,
    /// Rules to look at.
    candidates: Vec<u32>,
    is_candidate: Vec<bool>,
}

/// A value of a slot.
#[derive(Clone, Copy)]
struct Value {
    slot: u16,
    /// Field of the record.
    field: u32,
    /// Where its lowered text is.
    from: u32,
    until: u32,
    /// Next value of the same slot, plus one.
    next: u32,
    /// It is a text, number or boolean: null, objects and arrays have no text, which is not an empty one.
    has_text: bool,
}

impl Scratch {
    /// Gives the rules of the partition that match the record, in no order.
    pub(super) fn run(&mut self, partition: &Partition, fields: &Fields<'_>, found: &mut Vec<usize>) {
        self.search_all(partition, fields);
        let candidates = std::mem::take(&mut self.candidates);
        for candidate in &candidates {
            let compiled = &partition.rules[*candidate as usize];
            if self.holds(partition, fields, &compiled.node) {
                found.push(compiled.rule);
            }
        }
        self.candidates = candidates;
    }

    /// Looks for everything that the partition's rules look for.
    fn search_all(&mut self, partition: &Partition, fields: &Fields<'_>) {
        self.reset(partition);
        self.collect(partition, fields);
        for at in 0..self.values.len() {
            let value = self.values[at];
            let slot = &partition.slot[value.slot as usize];
            self.search(partition, slot, value);
        }
        for touched in 0..self.touched.len() {
            let slot = &partition.slot[self.touched[touched] as usize];
            self.nominate(&slot.on_present);
        }
        self.nominate(&partition.always);
    }

    fn reset(&mut self, partition: &Partition) {
        for slot in self.touched.drain(..) {
            self.first[slot as usize] = 0;
        }
        for word in self.seen_words.drain(..) {
            self.seen[word as usize] = 0;
        }
        for atom in self.answered.drain(..) {
            self.answers[atom as usize] = 0;
        }
        for rule in self.candidates.drain(..) {
            self.is_candidate[rule as usize] = false;
        }
        self.text.clear();
        self.values.clear();
        // Buffers only grow; they stay clean, so they serve every partition.
        grow(&mut self.first, partition.slot.len());
        grow(&mut self.seen, partition.atoms.len().div_ceil(64));
        grow(&mut self.answers, partition.atoms.len());
        grow(&mut self.is_candidate, partition.rules.len());
    }

    fn collect(&mut self, partition: &Partition, fields: &Fields<'_>) {
        for (at, field) in fields.iter().enumerate() {
            let slot = partition.slot_of(&field.name);
            let keywords = partition.keywords.filter(|_| may_hold_keyword(partition, &field.value));
            if slot.is_none() && keywords.is_none() {
                continue;
            }
            let from = self.text.len();
            lower::scalar(&field.value, &mut self.text);
            if self.text.len() - from > MATCH_VALUE_BYTES_MAX {
                let room = lower::whole_symbols(&self.text[from..], MATCH_VALUE_BYTES_MAX);
                self.text.truncate(from + room);
            }
            let until = self.text.len();
            for slot in [slot, keywords].into_iter().flatten() {
                let first = &mut self.first[slot as usize];
                if *first == 0 {
                    self.touched.push(slot);
                }
                let has_text = is_text(&field.value);
                let (field, from, until) = (at as u32, from as u32, until as u32);
                let value = Value { slot, field, from, until, next: *first, has_text };
                *first = self.values.len() as u32 + 1;
                self.values.push(value);
            }
        }
    }

    fn search(&mut self, partition: &Partition, slot: &Slot, value: Value) {
        if !value.has_text {
            return;
        }
        let (from, until) = (value.from as usize, value.until as usize);
        if !slot.exact.is_empty()
            && until - from <= slot.exact_bytes_max
            && let Some(atoms) = slot.exact.get(&self.text[from..until])
        {
            atoms.iter().for_each(|atom| self.see(partition, *atom));
        }
        if !slot.numbers.is_empty()
            && let Some(number) = whole_number(&self.text[from..until])
            && let Some(atoms) = slot.numbers.get(&number)
        {
            atoms.iter().for_each(|atom| self.see(partition, *atom));
        }
        // The text is taken out while it is walked over, because seeing an atom changes the rest of `self`.
        let text = std::mem::take(&mut self.text);
        slot.texts.find(&text[from..until], |number| {
            slot.atoms[number as usize].iter().for_each(|atom| self.see(partition, *atom));
        });
        self.text = text;
    }

    #[inline]
    fn see(&mut self, partition: &Partition, atom: u32) {
        let (word, bit) = ((atom / 64) as usize, 1u64 << (atom % 64));
        let seen = self.seen[word];
        if seen & bit != 0 {
            return;
        }
        if seen == 0 {
            self.seen_words.push(word as u32);
        }
        self.seen[word] = seen | bit;
        self.nominate(&partition.atoms[atom as usize].triggers);
    }

    fn nominate(&mut self, rules: &[u32]) {
        for rule in rules {
            if !std::mem::replace(&mut self.is_candidate[*rule as usize], true) {
                self.candidates.push(*rule);
            }
        }
    }

    /// Whether an expression holds, with what was seen.
    fn holds(&mut self, partition: &Partition, fields: &Fields<'_>, node: &Node) -> bool {
        match node {
            Node::Known(known) => *known,
            Node::Atom(atom) => self.atom(partition, fields, *atom),
            Node::All(nodes) => nodes.iter().all(|node| self.holds(partition, fields, node)),
            Node::Any(nodes) => nodes.iter().any(|node| self.holds(partition, fields, node)),
            Node::Not(node) => !self.holds(partition, fields, node),
            Node::AtLeast(count, nodes) => {
                let mut missing = *count;
                for node in nodes {
                    missing -= usize::from(missing > 0 && self.holds(partition, fields, node));
                }
                missing == 0
            }
        }
    }

    fn atom(&mut self, partition: &Partition, fields: &Fields<'_>, number: u32) -> bool {
        let atom = &partition.atoms[number as usize];
        let was_seen = self.seen[(number / 64) as usize] & (1 << (number % 64)) != 0;
        match atom.kind {
            AtomKind::Direct => return was_seen,
            AtomKind::Gated if !was_seen => return false,
            AtomKind::Gated | AtomKind::Lazy => {}
        }
        match self.answers[number as usize] {
            0 => {}
            answer => return answer == 2,
        }
        let holds = self.look(partition, fields, atom.slot, &atom.test);
        self.answers[number as usize] = if holds { 2 } else { 1 };
        self.answered.push(number);
        holds
    }

    /// Decides a test that no automaton decides.
    fn look(&self, partition: &Partition, fields: &Fields<'_>, slot: u16, test: &Test) -> bool {
        if partition.keywords == Some(slot) {
            // The filter may have kept values from being collected.
            return compare::holds(fields, None, test);
        }
        let mut values = self.values_of(slot).map(|value| (value, fields.at(value.field as usize)));
        match test {
            Test::Null => values.all(|(_, value)| *value == Scalar::Null),
            Test::Exists => values.any(|(_, value)| *value != Scalar::Null),
            Test::Present => values.next().is_some(),
            Test::Text(pattern) if !pattern.cased => {
                let lowered = |at: Value| std::str::from_utf8(&self.text[at.from as usize..at.until as usize]);
                values.any(|(at, _)| at.has_text && lowered(at).is_ok_and(|text| pattern.matches(text)))
            }
            test => values.any(|(_, value)| compare::value_holds(fields, value, test)),
        }
    }

    fn values_of(&self, slot: u16) -> impl Iterator<Item = Value> + '_ {
        let mut next = self.first[slot as usize];
        std::iter::from_fn(move || {
            let value = *self.values.get((next as usize).checked_sub(1)?)?;
            next = value.next;
            Some(value)
        })
    }
}

fn grow<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, T::default());
    }
}

/// Whether a keyword of the partition can be in the value.
fn may_hold_keyword(partition: &Partition, value: &Scalar<'_>) -> bool {
    let Some(filter) = &partition.keyword_filter else { return true };
    match value {
        Scalar::Text(Text::Plain(text)) => !text.is_ascii() || filter.may_hold(text),
        Scalar::Text(Text::Escaped(raw)) => !raw.is_ascii() || lower::has_unicode_escape(raw) || filter.may_hold(raw),
        // Texts that the filter takes are longer than `true` and `false`.
        Scalar::Number(digits) => filter.may_hold(digits),
        Scalar::Bool(_) | Scalar::Null | Scalar::Object | Scalar::Array => false,
    }
}

pub(super) fn is_text(value: &Scalar<'_>) -> bool {
    matches!(value, Scalar::Text(_) | Scalar::Number(_) | Scalar::Bool(_))
}

/// The whole number that a text is; fast for plain digits, complete for the rest.
fn whole_number(text: &[u8]) -> Option<i64> {
    let first = *text.first()?;
    let is_plain = first.is_ascii_digit() || first == b'-' || first == b'+' || first == b'.' || first == b' ';
    if !is_plain {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number = super::test::number(text)?;
    (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
}
