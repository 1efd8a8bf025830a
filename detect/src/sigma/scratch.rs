//! One record against the rules of its partition.

use std::borrow::Cow;
use std::cell::OnceCell;

use model::limits::MATCH_VALUE_BYTES_MAX;
use model::{Fields, Scalar, Text};

use super::compare;
use super::lower;
use super::memo::{Memo, Place};
use super::partition::{Atom, AtomKind, Decided, Node, Partition, Slot};
use super::test::Test;
use super::texts::Part;

/// What one record is worked on with; kept, so that a record costs no allocation.
#[derive(Default)]
pub(super) struct Scratch {
    /// Lowered values, one behind the other; each is UTF-8.
    text: Vec<u8>,
    /// A lowered line of a value that is looked at line by line.
    line: Vec<u8>,
    /// Atoms that were found in one value or line.
    found: Vec<u32>,
    /// Values by slot.
    values: Vec<Value>,
    /// First value of a slot, plus one; 0 for none.
    first: Vec<u32>,
    /// How the values of a slot were looked at.
    known: Vec<Decided>,
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
    /// Where its lowered text is; [`NOWHERE`] until somebody needs it.
    from: u32,
    until: u32,
    /// Next value of the same slot, plus one.
    next: u32,
    /// It is a text, number or boolean: null, objects and arrays have no text, which is not an empty one.
    has_text: bool,
}

/// Where the text of a value is that was not lowered.
const NOWHERE: u32 = u32::MAX;

/// Shortest value, in bytes as it stands in the record, that is looked at line by line.
const BY_LINE_BYTES_MIN: usize = 1_024;

impl Scratch {
    /// Gives the rules of the partition that match the record, in no order.
    pub(super) fn run(
        &mut self,
        partition: &Partition,
        fields: &Fields<'_>,
        memo: &mut Memo,
        matched: &mut Vec<usize>,
    ) {
        self.reset(partition);
        self.collect(partition, fields, memo);
        for at in 0..self.values.len() {
            self.search(partition, fields, memo, at);
        }
        for touched in 0..self.touched.len() {
            let number = self.touched[touched] as usize;
            for (decided, rules) in partition.slot[number].on_present.iter().enumerate() {
                if decided < self.known[number] as usize {
                    self.nominate(rules);
                }
            }
        }
        self.nominate(&partition.always);
        let candidates = std::mem::take(&mut self.candidates);
        for candidate in &candidates {
            let compiled = &partition.rules[*candidate as usize];
            if self.holds(partition, fields, &compiled.node) {
                matched.push(compiled.rule);
            }
        }
        self.candidates = candidates;
    }

    fn reset(&mut self, partition: &Partition) {
        for slot in self.touched.drain(..) {
            self.first[slot as usize] = 0;
            self.known[slot as usize] = Decided::default();
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
        grow(&mut self.known, partition.slot.len());
        grow(&mut self.seen, partition.atoms.len().div_ceil(64));
        grow(&mut self.answers, partition.atoms.len());
        grow(&mut self.is_candidate, partition.rules.len());
    }

    fn collect(&mut self, partition: &Partition, fields: &Fields<'_>, memo: &mut Memo) {
        for (at, field) in fields.iter().enumerate() {
            let Some(slot) = partition.slot_of(&field.name) else {
                self.search_keywords(partition, memo, &field.value);
                continue;
            };
            let first = &mut self.first[slot as usize];
            if *first == 0 {
                self.touched.push(slot);
            }
            let has_text = has_text(&field.value);
            let value = Value { slot, field: at as u32, from: NOWHERE, until: NOWHERE, next: *first, has_text };
            *first = self.values.len() as u32 + 1;
            self.values.push(value);
        }
    }

    /// Looks for keywords in a value, whatever its field.
    fn search_keywords(&mut self, partition: &Partition, memo: &mut Memo, value: &Scalar<'_>) {
        let Some(number) = partition.keywords else { return };
        let Some((shape, raw)) = as_written(value) else { return };
        if !partition.may_hold_keyword(raw) {
            return;
        }
        let place = Place::new(partition.number, number, shape_of_part(shape, WHOLE));
        let miss = match memo.find(place, raw.as_bytes()) {
            Ok(atoms) => return atoms.iter().for_each(|atom| self.see(partition, *atom)),
            Err(miss) => miss,
        };
        self.found.clear();
        self.line.clear();
        lower_at_most(value, &mut self.line, MATCH_VALUE_BYTES_MAX);
        find_all(&partition.slot[number as usize], &self.line, WHOLE, &mut self.found);
        if miss.is_again {
            self.found.sort_unstable();
            self.found.dedup();
            memo.keep(miss, place, raw.as_bytes(), &self.found);
        }
        self.see_found(partition);
    }

    /// Looks for everything in a value that rules look for there, or remembers what was found when it was looked for.
    fn search(&mut self, partition: &Partition, fields: &Fields<'_>, memo: &mut Memo, at: usize) {
        let number = self.values[at].slot;
        let slot = &partition.slot[number as usize];
        let scalar = fields.at(self.values[at].field as usize);
        let Some((shape, raw)) = as_written(scalar) else { return };
        let is_long = raw.len() >= BY_LINE_BYTES_MIN && raw.len() <= MATCH_VALUE_BYTES_MAX / 2;
        if is_long && shape == ESCAPED && slot.is_by_line && lower::line_breaks(raw).next().is_some() {
            let known = &mut self.known[number as usize];
            *known = (*known).max(Decided::ByLine);
            self.search_keywords(partition, memo, scalar);
            for_each_line(raw, |line, part| self.search_line(partition, memo, number, line, part));
            return;
        }
        let place = Place::new(partition.number, number, shape_of_part(shape, WHOLE));
        match memo.find(place, raw.as_bytes()) {
            Ok(atoms) => atoms.iter().for_each(|atom| self.see(partition, *atom)),
            Err(miss) => {
                // What is remembered of a value is all that is found in it: that it has no keywords, too.
                let has_keywords = partition.may_hold_keyword(raw);
                if has_keywords {
                    self.search_keywords(partition, memo, scalar);
                }
                self.search_value(slot, fields, at);
                if miss.is_again && !has_keywords {
                    self.decide_value(partition, slot, fields, at);
                    memo.keep(miss, place, raw.as_bytes(), &self.found);
                } else {
                    self.known[number as usize] = Decided::BySearch;
                }
                self.see_found(partition);
            }
        }
    }

    /// Finds the atoms whose texts stand in a value.
    fn search_value(&mut self, slot: &Slot, fields: &Fields<'_>, at: usize) {
        self.lower(fields, at);
        let Value { from, until, .. } = self.values[at];
        self.found.clear();
        find_all(slot, &self.text[from as usize..until as usize], WHOLE, &mut self.found);
    }

    /// Leaves the atoms that hold for the value among those whose texts were found, and adds the others that hold.
    fn decide_value(&mut self, partition: &Partition, slot: &Slot, fields: &Fields<'_>, at: usize) {
        let mut found = std::mem::take(&mut self.found);
        let scalar = fields.at(self.values[at].field as usize);
        let Value { from, until, .. } = self.values[at];
        let value = Tried::new(scalar, &self.text[from as usize..until as usize]);
        let holds = |atom: &u32| value.holds(fields, &partition.atoms[*atom as usize].test);
        found.sort_unstable();
        found.dedup();
        found.retain(|atom| partition.atoms[*atom as usize].kind == AtomKind::Direct || holds(atom));
        found.extend(slot.lazy.iter().filter(|atom| holds(atom)));
        self.found = found;
    }

    fn search_line(&mut self, partition: &Partition, memo: &mut Memo, number: u16, line: &Scalar<'_>, part: Part) {
        let Some((shape, raw)) = as_written(line) else { return };
        let place = Place::new(partition.number, number, shape_of_part(shape, part));
        let miss = match memo.find(place, raw.as_bytes()) {
            Ok(atoms) => return atoms.iter().for_each(|atom| self.see(partition, *atom)),
            Err(miss) => miss,
        };
        let slot = &partition.slot[number as usize];
        self.line.clear();
        lower::scalar(line, &mut self.line);
        self.found.clear();
        slot.texts.find(&self.line, part, |number| self.found.extend(&slot.atoms[number as usize]));
        self.found.sort_unstable();
        self.found.dedup();
        // What needs more than a line stays among the found: there it is looked at closer, when somebody asks.
        let no_fields = Fields::from_vec(model::Format::Json, Vec::new());
        let value = Tried::new(line, &self.line);
        let holds = |atom: &Atom| value.holds(&no_fields, &atom.test);
        let atoms = |number: &u32| &partition.atoms[*number as usize];
        self.found.retain(|number| atoms(number).decided != Decided::ByLine || holds(atoms(number)));
        let lazy = slot.lazy.iter().filter(|number| atoms(number).decided == Decided::ByLine);
        self.found.extend(lazy.filter(|number| holds(atoms(number))));
        if miss.is_again {
            memo.keep(miss, place, raw.as_bytes(), &self.found);
        }
        self.see_found(partition);
    }

    fn see_found(&mut self, partition: &Partition) {
        let found = std::mem::take(&mut self.found);
        found.iter().for_each(|atom| self.see(partition, *atom));
        self.found = found;
    }

    /// Lowers a value unless that was done.
    fn lower(&mut self, fields: &Fields<'_>, at: usize) {
        let value = &mut self.values[at];
        if value.from != NOWHERE {
            return;
        }
        let from = self.text.len();
        lower_at_most(fields.at(value.field as usize), &mut self.text, MATCH_VALUE_BYTES_MAX);
        (value.from, value.until) = (from as u32, self.text.len() as u32);
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
        if atom.decided >= self.known[atom.slot as usize] {
            return was_seen;
        }
        if atom.kind == AtomKind::Gated && !was_seen {
            return false;
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
    fn look(&mut self, partition: &Partition, fields: &Fields<'_>, slot: u16, test: &Test) -> bool {
        if partition.keywords == Some(slot) {
            // The filter may have kept values from being collected.
            return compare::holds(fields, None, test);
        }
        if needs_lowered(test) {
            let mut next = self.first[slot as usize] as usize;
            while let Some(at) = next.checked_sub(1) {
                self.lower(fields, at);
                next = self.values[at].next as usize;
            }
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

/// A value that several tests are tried on.
struct Tried<'v, 'r> {
    value: &'v Scalar<'r>,
    lowered: Option<&'v str>,
    /// As it is, worked out when the first test asks.
    decoded: OnceCell<Option<Cow<'v, str>>>,
}

impl<'v, 'r> Tried<'v, 'r> {
    fn new(value: &'v Scalar<'r>, lowered: &'v [u8]) -> Self {
        Tried { value, lowered: std::str::from_utf8(lowered).ok(), decoded: OnceCell::new() }
    }

    fn holds(&self, fields: &Fields<'_>, test: &Test) -> bool {
        let decoded = || self.decoded.get_or_init(|| self.value.to_str()).as_deref();
        match test {
            Test::Text(pattern) if pattern.cased => decoded().is_some_and(|text| pattern.matches(text)),
            Test::Text(pattern) => self.lowered.is_some_and(|text| pattern.matches(text)),
            Test::Regex(test) => decoded().is_some_and(|text| test.regex.is_match(text)),
            test => compare::value_holds(fields, self.value, test),
        }
    }
}

/// Finds the atoms of a slot whose texts stand in a part of a value, some more than once.
fn find_all(slot: &Slot, text: &[u8], part: Part, found: &mut Vec<u32>) {
    if part == WHOLE {
        if text.len() <= slot.exact_bytes_max
            && let Some(atoms) = slot.exact.get(text)
        {
            found.extend(atoms);
        }
        if !slot.numbers.is_empty()
            && let Some(number) = whole_number(text)
            && let Some(atoms) = slot.numbers.get(&number)
        {
            found.extend(atoms);
        }
    }
    slot.texts.find(text, part, |number| found.extend(&slot.atoms[number as usize]));
}

/// Lowers a value behind `out` and cuts it off behind so many bytes.
fn lower_at_most(value: &Scalar<'_>, out: &mut Vec<u8>, bytes_max: usize) {
    let from = out.len();
    lower::scalar(value, out);
    if out.len() - from > bytes_max {
        let room = lower::whole_symbols(&out[from..], bytes_max);
        out.truncate(from + room);
    }
}

/// A value that is not divided into lines.
const WHOLE: Part = Part { is_first: true, is_last: true };

/// Gives the lines of a text that stands between quotes; a line break belongs to none.
fn for_each_line(raw: &str, mut give: impl FnMut(&Scalar<'_>, Part)) {
    let mut from = 0;
    for end in lower::line_breaks(raw) {
        give(&Scalar::Text(Text::Escaped(&raw[from..end])), Part { is_first: from == 0, is_last: false });
        from = end + 2;
    }
    give(&Scalar::Text(Text::Escaped(&raw[from..])), Part { is_first: from == 0, is_last: true });
}

fn needs_lowered(test: &Test) -> bool {
    matches!(test, Test::Text(pattern) if !pattern.cased)
}

/// A text as it is.
const PLAIN: u8 = 0;
/// A text with escapes.
const ESCAPED: u8 = 1;
const NUMBER: u8 = 2;
const BOOL: u8 = 3;

/// The shape of a part of a value: another for each way to write it and each place in the value.
fn shape_of_part(shape: u8, part: Part) -> u8 {
    shape << 2 | u8::from(!part.is_first) << 1 | u8::from(!part.is_last)
}

/// The bytes of a value as they stand in the record, and a number for how they are written; values of equal bytes and shape are
/// equal. Null, objects and arrays have no text.
#[inline]
fn as_written<'a>(value: &'a Scalar<'_>) -> Option<(u8, &'a str)> {
    match value {
        Scalar::Text(Text::Plain(text)) => Some((PLAIN, text)),
        Scalar::Text(Text::Escaped(raw)) => Some((ESCAPED, raw)),
        Scalar::Number(digits) => Some((NUMBER, digits)),
        Scalar::Bool(true) => Some((BOOL, "true")),
        Scalar::Bool(false) => Some((BOOL, "false")),
        Scalar::Null | Scalar::Object | Scalar::Array => None,
    }
}

fn grow<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, T::default());
    }
}

/// Null, objects and arrays have no text, which is not an empty one.
pub(super) fn has_text(value: &Scalar<'_>) -> bool {
    as_written(value).is_some()
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
