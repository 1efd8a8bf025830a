//! A pattern with its candidates filled in, and made as flat as it goes.

use std::rc::Rc;

use model::limits;

use super::super::ast::{Expression, Qualifier};
use super::Candidate;
use super::search::Stop;

/// What has to be filled.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    /// So many observations out of these.
    Place(Rc<Pool>, u64),
    All(Vec<Tree>),
    /// None of them: nothing fits.
    Any(Vec<Tree>),
    Sequence(Vec<Tree>),
    /// All in so many microseconds.
    Within(Box<Tree>, i64),
    /// So many times, each on its own.
    Copies(Box<Tree>, u64),
}

/// Candidates, by their beginning.
#[derive(Debug, Default)]
pub(super) struct Pool {
    pub(super) candidates: Vec<Candidate>,
    /// The longest of them, in microseconds.
    pub(super) longest: i64,
}

impl Pool {
    fn new(mut candidates: Vec<Candidate>) -> Rc<Self> {
        candidates.sort_unstable_by_key(|candidate| (candidate.first, candidate.last, candidate.observation));
        candidates.dedup();
        let longest = candidates.iter().map(|candidate| candidate.last.saturating_sub(candidate.first)).max();
        Rc::new(Pool { candidates, longest: longest.unwrap_or(0) })
    }
}

/// The tree of an expression. `candidates` are those of its tests, in order.
pub(super) fn grow(expression: &Expression, candidates: &[Vec<Candidate>]) -> Tree {
    let mut grower = Grower { candidates: candidates.iter(), windows: Vec::new() };
    grower.grow(expression)
}

struct Grower<'a> {
    candidates: std::slice::Iter<'a, Vec<Candidate>>,
    /// `START … STOP` around what is grown.
    windows: Vec<(i64, i64)>,
}

impl Grower<'_> {
    fn grow(&mut self, expression: &Expression) -> Tree {
        match expression {
            Expression::Test(_) => {
                let all = self.candidates.next().map(Vec::as_slice).unwrap_or_default();
                // From the start on, before the stop: what only touches the stop is outside.
                let fits = |candidate: &Candidate| {
                    let inside = |(start, stop): &(i64, i64)| {
                        start < stop && candidate.first < *stop && candidate.last >= *start
                    };
                    self.windows.iter().all(inside)
                };
                Tree::Place(Pool::new(all.iter().copied().filter(fits).collect()), 1)
            }
            Expression::All(children) => all(self.children(children)),
            Expression::Sequence(children) => Tree::Sequence(self.children(children)),
            Expression::Any(children) => any(self.children(children)),
            Expression::Qualified(inner, qualifiers) => {
                let outside = self.windows.len();
                for qualifier in qualifiers {
                    if let Qualifier::Between(start, stop) = qualifier {
                        self.windows.push((start.as_micros(), stop.as_micros()));
                    }
                }
                let mut tree = self.grow(inner);
                self.windows.truncate(outside);
                for qualifier in qualifiers {
                    tree = match qualifier {
                        Qualifier::Within(span) => within(tree, i64::try_from(*span).unwrap_or(i64::MAX)),
                        Qualifier::Repeats(count) => times(tree, *count),
                        Qualifier::Between(..) => tree,
                    };
                }
                tree
            }
        }
    }

    fn children(&mut self, children: &[Expression]) -> Vec<Tree> {
        children.iter().map(|child| self.grow(child)).collect()
    }
}

impl Tree {
    /// Nothing can fit, whatever else is bound.
    pub(super) fn is_dead(&self) -> bool {
        match self {
            Tree::Place(pool, count) => *count > 0 && pool.candidates.is_empty(),
            Tree::All(children) | Tree::Sequence(children) => children.iter().any(Tree::is_dead),
            Tree::Any(children) => children.iter().all(Tree::is_dead),
            Tree::Within(inner, _) => inner.is_dead(),
            Tree::Copies(inner, count) => *count > 0 && inner.is_dead(),
        }
    }

    /// How many ways its first choice goes; `None` when it has none.
    pub(super) fn first_choice(&self) -> Option<u64> {
        match self {
            Tree::Place(..) => None,
            Tree::All(children) | Tree::Sequence(children) => children.iter().find_map(Tree::first_choice),
            Tree::Any(children) => u64::try_from(children.len()).ok(),
            Tree::Copies(inner, count) if matches!(**inner, Tree::Any(_)) => Some(count.saturating_add(1)),
            Tree::Within(inner, _) | Tree::Copies(inner, _) => inner.first_choice(),
        }
    }

    /// The tree in which the first choice goes that way. Copies of a choice choose how many go the first way; the others
    /// are a choice of their own.
    pub(super) fn choose(&self, way: u64) -> Result<Tree, Stop> {
        match self {
            Tree::Place(..) => Ok(self.clone()),
            Tree::All(children) => Ok(all(choose_in(children, way)?)),
            Tree::Sequence(children) => Ok(Tree::Sequence(choose_in(children, way)?)),
            Tree::Any(children) => {
                let chosen = usize::try_from(way).ok().and_then(|way| children.get(way));
                Ok(chosen.cloned().unwrap_or(Tree::Any(Vec::new())))
            }
            Tree::Within(inner, span) => Ok(within(inner.choose(way)?, *span)),
            Tree::Copies(inner, count) => {
                let Tree::Any(ways) = &**inner else {
                    // Each copy chooses on its own.
                    let copies = usize::try_from(*count).ok().filter(|count| *count <= limits::PATTERN_PLACES_MAX);
                    let copies = vec![(**inner).clone(); copies.ok_or(Stop::Places)?];
                    return Ok(all(choose_in(&copies, way)?));
                };
                let (first, rest) = match ways.split_first() {
                    Some((first, rest)) => (first.clone(), any(rest.to_vec())),
                    None => (Tree::Any(Vec::new()), Tree::Any(Vec::new())),
                };
                // Most of them the first way, to begin with.
                let of_first = count.saturating_sub(way);
                let mut parts = Vec::new();
                if of_first > 0 {
                    parts.push(times(first, of_first));
                }
                if of_first < *count {
                    parts.push(times(rest, count - of_first));
                }
                Ok(all(parts))
            }
        }
    }
}

fn choose_in(children: &[Tree], way: u64) -> Result<Vec<Tree>, Stop> {
    let first = children.iter().position(|child| child.first_choice().is_some());
    let choose = |(at, child): (usize, &Tree)| if Some(at) == first { child.choose(way) } else { Ok(child.clone()) };
    children.iter().enumerate().map(choose).collect()
}

/// Nested `AND` is one.
fn all(children: Vec<Tree>) -> Tree {
    let mut flat = Vec::with_capacity(children.len());
    for child in children {
        match child {
            Tree::All(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    Tree::All(flat)
}

/// Single tests become one place; what cannot fit falls out.
fn any(children: Vec<Tree>) -> Tree {
    let mut single = Vec::new();
    let mut others = Vec::new();
    for child in children {
        match child {
            Tree::Place(pool, 1) => single.extend_from_slice(&pool.candidates),
            Tree::Any(inner) => others.extend(inner),
            other if other.is_dead() => {}
            other => others.push(other),
        }
    }
    if !single.is_empty() {
        others.insert(0, Tree::Place(Pool::new(single), 1));
    }
    match others.pop() {
        Some(only) if others.is_empty() => only,
        Some(last) => {
            others.push(last);
            Tree::Any(others)
        }
        None => Tree::Any(others),
    }
}

/// One observation is in any span.
fn within(tree: Tree, span: i64) -> Tree {
    match tree {
        Tree::Place(pool, 1) => Tree::Place(pool, 1),
        other => Tree::Within(Box::new(other), span),
    }
}

fn times(tree: Tree, count: u64) -> Tree {
    match tree {
        _ if count == 1 => tree,
        Tree::Place(pool, needed) => Tree::Place(pool, needed.saturating_mul(count)),
        // So many of all are so many of each, since nothing but their number ties them.
        Tree::All(children) => Tree::All(children.into_iter().map(|child| times(child, count)).collect()),
        Tree::Copies(inner, inner_count) => Tree::Copies(inner, inner_count.saturating_mul(count)),
        Tree::Any(_) | Tree::Sequence(_) | Tree::Within(..) => Tree::Copies(Box::new(tree), count),
    }
}
