//! Ranges that overlap become ranges that do not, and each address keeps its latest end.

use std::collections::BinaryHeap;

/// Seconds that stand for "no end".
pub(super) const FOREVER: u64 = u64::MAX;

/// Addresses from the first to the last, both inside, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: u128,
    pub(super) last: u128,
    pub(super) seconds: u64,
}

/// The same addresses, ascending, none twice, as few ranges as possible.
///
/// A sweep from the lowest address up, with what is open in a heap, the one that lasts longest on top: n log n, whatever overlaps.
pub(super) fn flatten(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable_by_key(|span| (span.first, span.last, span.seconds));
    let mut flat: Vec<Span> = Vec::new();
    let mut open: BinaryHeap<(u64, u128)> = BinaryHeap::new();
    let mut waiting = spans.into_iter().peekable();
    let mut at = 0;
    loop {
        if open.is_empty() {
            let Some(next) = waiting.peek() else { return flat };
            at = next.first;
        }
        while let Some(next) = waiting.next_if(|next| next.first <= at) {
            open.push((next.seconds, next.last));
        }
        while open.peek().is_some_and(|(_, last)| *last < at) {
            open.pop();
        }
        let Some(&(seconds, last)) = open.peek() else { continue };
        let last = match waiting.peek() {
            Some(next) if next.first <= last => next.first - 1,
            _ => last,
        };
        push(&mut flat, Span { first: at, last, seconds });
        // Behind the last address there is none.
        let Some(next) = last.checked_add(1) else { return flat };
        at = next;
    }
}

fn push(flat: &mut Vec<Span>, span: Span) {
    match flat.last_mut() {
        Some(before) if before.seconds == span.seconds && before.last.checked_add(1) == Some(span.first) => {
            before.last = span.last;
        }
        _ => flat.push(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans(list: &[(u128, u128, u64)]) -> Vec<Span> {
        list.iter().map(|&(first, last, seconds)| Span { first, last, seconds }).collect()
    }

    #[track_caller]
    fn check(given: &[(u128, u128, u64)], expected: &[(u128, u128, u64)]) {
        assert_eq!(flatten(spans(given)), spans(expected));
    }

    #[test]
    fn overlaps_are_resolved() {
        check(&[], &[]);
        check(&[(5, 5, 1), (5, 5, 1)], &[(5, 5, 1)]);
        check(&[(5, 5, FOREVER), (6, 9, FOREVER)], &[(5, 9, FOREVER)]);
        check(&[(0, 9, 10), (3, 4, FOREVER)], &[(0, 2, 10), (3, 4, FOREVER), (5, 9, 10)]);
        check(&[(0, 9, FOREVER), (3, 4, 10)], &[(0, 9, FOREVER)]);
        check(&[(0, 4, 10), (3, 9, 20)], &[(0, 2, 10), (3, 9, 20)]);
        check(&[(u128::MAX, u128::MAX, 1), (0, u128::MAX, 2)], &[(0, u128::MAX, 2)]);
        check(&[(1, 1, 1), (3, 3, 1)], &[(1, 1, 1), (3, 3, 1)]);
    }

    proptest! {
        /// Against the plainest way: a table of all addresses.
        #[test]
        fn each_address_keeps_its_latest_end(list in prop::collection::vec((0u128..60, 0u128..20, 1u64..4), 0..20)) {
            let given: Vec<Span> =
                list.iter().map(|&(first, more, seconds)| Span { first, last: first + more, seconds }).collect();
            let mut table = vec![0u64; 100];
            for span in &given {
                for at in span.first..=span.last {
                    let at = usize::try_from(at).unwrap();
                    table[at] = table[at].max(span.seconds);
                }
            }
            let mut found = vec![0u64; 100];
            let flat = flatten(given);
            for span in &flat {
                for at in span.first..=span.last {
                    let at = usize::try_from(at).unwrap();
                    prop_assert_eq!(found[at], 0, "twice");
                    found[at] = span.seconds;
                }
            }
            prop_assert_eq!(found, table);
            let joins = |pair: &[Span]| pair[0].last + 1 == pair[1].first && pair[0].seconds == pair[1].seconds;
            prop_assert!(!flat.windows(2).any(joins), "neighbours are one range");
        }
    }
}
