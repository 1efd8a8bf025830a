//! One comparison expression, made ready, and its answer for one object.
//!
//! Answers are of three kinds: yes, no, and unknown when a value cannot be compared (Kleene's logic: `no AND unknown` is no,
//! `yes OR unknown` is yes). The reference stops at the first such value of the whole file; here it matters only where the
//! answer hangs on it, so that one broken record hides nothing else.

use model::Timestamp;
use serde_json::Value as Json;

use super::ast::{Comparison, Literal, ObjectPath, Operation, Relation};
use super::compare::{self, Known};
use super::fault::Why;
use super::lex;
use super::observed::{Observation, Observed};
use super::range;
use super::regular::Expression;
use super::walk::{Value, walk};

/// Types that are no observables, which nothing in an observation is asked about: STIX 2.1, sections 4, 5 and 7, and the
/// bundle.
const NOT_OBSERVABLE: [&str; 25] = [
    "attack-pattern",
    "bundle",
    "campaign",
    "course-of-action",
    "extension-definition",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "language-content",
    "location",
    "malware",
    "malware-analysis",
    "marking-definition",
    "note",
    "observed-data",
    "opinion",
    "relationship",
    "report",
    "sighting",
    "threat-actor",
    "tool",
    "vulnerability",
];

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth<'p> {
    No,
    Yes,
    /// That property could not be compared.
    Unknown(&'p ObjectPath, Why),
}

/// A comparison expression, ready to be asked.
#[derive(Debug)]
pub(crate) enum Check {
    Test(ReadyTest),
    All(Vec<Check>),
    Any(Vec<Check>),
}

/// One property against a constant, ready to be asked.
#[derive(Debug)]
pub(crate) struct ReadyTest {
    pub(crate) path: ObjectPath,
    /// The type is one that is observed.
    pub(crate) is_observable: bool,
    negated: bool,
    question: Question,
}

#[derive(Debug)]
enum Question {
    Equal(Known),
    Order(Relation, Known),
    In(Vec<Known>),
    Finds(Expression),
    IsSubset(String),
    IsSuperset(String),
    Exists,
}

impl Check {
    pub(crate) fn new(comparison: &Comparison) -> Self {
        match comparison {
            Comparison::All(children) => Check::All(children.iter().map(Check::new).collect()),
            Comparison::Any(children) => Check::Any(children.iter().map(Check::new).collect()),
            Comparison::Test(test) => {
                let (question, inverted) = Question::new(&test.operation);
                Check::Test(ReadyTest {
                    path: test.path.clone(),
                    is_observable: !NOT_OBSERVABLE.contains(&test.path.object_type.as_str()),
                    negated: test.negated != inverted,
                    question,
                })
            }
        }
    }

    /// How many regular expressions and wildcards it has.
    pub(crate) fn expressions(&self) -> usize {
        match self {
            Check::Test(test) => usize::from(matches!(test.question, Question::Finds(_))),
            Check::All(children) | Check::Any(children) => children.iter().map(Check::expressions).sum(),
        }
    }

    /// Whether it holds for that object of that observation.
    pub(crate) fn ask<'p>(&'p self, object: &Json, observation: &Observation, observed: &Observed) -> Truth<'p> {
        match self {
            Check::Test(test) => test.ask(object, observation, observed),
            Check::All(children) => {
                let mut answer = Truth::Yes;
                for child in children {
                    match child.ask(object, observation, observed) {
                        Truth::No => return Truth::No,
                        unknown @ Truth::Unknown(..) if answer == Truth::Yes => answer = unknown,
                        _ => {}
                    }
                }
                answer
            }
            Check::Any(children) => {
                let mut answer = Truth::No;
                for child in children {
                    match child.ask(object, observation, observed) {
                        Truth::Yes => return Truth::Yes,
                        unknown @ Truth::Unknown(..) if answer == Truth::No => answer = unknown,
                        _ => {}
                    }
                }
                answer
            }
        }
    }
}

impl Question {
    /// The question, and whether its answer is turned round.
    fn new(operation: &Operation) -> (Self, bool) {
        match operation {
            Operation::Compare(Relation::Equal, literal) => (Question::Equal(Known::of(literal)), false),
            Operation::Compare(Relation::NotEqual, literal) => (Question::Equal(Known::of(literal)), true),
            Operation::Compare(relation, literal) => (Question::Order(*relation, Known::of(literal)), false),
            Operation::In(literals) => (Question::In(literals.iter().map(Known::of).collect()), false),
            Operation::Like(text) => (Question::Finds(Expression::like(text)), false),
            Operation::Matches(text) => (Question::Finds(Expression::matches(text)), false),
            Operation::IsSubset(text) => (Question::IsSubset(text.clone()), false),
            Operation::IsSuperset(text) => (Question::IsSuperset(text.clone()), false),
            Operation::Exists => (Question::Exists, false),
        }
    }
}

impl ReadyTest {
    /// The constants of which one has to stand there, if that is all that is asked; times are not among them, since they can
    /// be written in many ways.
    pub(crate) fn wanted(&self) -> Option<&[Known]> {
        let wanted = match &self.question {
            Question::Equal(known) if !self.negated => std::slice::from_ref(known),
            Question::In(known) if !self.negated && !known.is_empty() => known,
            _ => return None,
        };
        wanted.iter().all(|known| !matches!(known, Known::Moment(_))).then_some(wanted)
    }

    fn ask<'p>(&'p self, object: &Json, observation: &Observation, observed: &Observed) -> Truth<'p> {
        let is_type = object.get("type").and_then(Json::as_str).is_some_and(|name| name == self.path.object_type);
        if !is_type || !self.is_observable {
            return Truth::No;
        }
        let found = walk(object, &self.path.steps, observation, observed);
        let mut doubt = found.doubt;
        if matches!(self.question, Question::Exists) {
            // A reference that cannot be followed exists all the same.
            let exists = !found.values.is_empty() || doubt.is_some();
            return if exists != self.negated { Truth::Yes } else { Truth::No };
        }
        for value in &found.values {
            match self.holds(value) {
                Ok(true) => return Truth::Yes,
                Ok(false) => {}
                Err(why) => doubt = doubt.or(Some(why)),
            }
        }
        doubt.map_or(Truth::No, |why| Truth::Unknown(&self.path, why))
    }

    /// The answer for one value, `NOT` included.
    fn holds(&self, value: &Value<'_>) -> Result<bool, Why> {
        let answer = match &self.question {
            Question::Equal(known) => is_equal(value, known)?,
            Question::In(known) => {
                let mut found = false;
                for known in known {
                    found |= is_equal(value, known)?;
                }
                found
            }
            Question::Order(relation, known) => {
                return order(value, *relation, known).map(|order| order.is_some_and(|order| order != self.negated));
            }
            Question::Finds(expression) => match value {
                Value::Json(Json::String(text)) => expression.finds_in(text)?,
                Value::Bytes(bytes) => expression.finds_in_bytes(bytes)?,
                _ => false,
            },
            Question::IsSubset(range) => match value {
                Value::Json(Json::String(text)) => range::contains(range, text)?,
                _ => false,
            },
            Question::IsSuperset(inner) => match value {
                Value::Json(Json::String(text)) => range::contains(text, inner)?,
                _ => false,
            },
            Question::Exists => true,
        };
        Ok(answer != self.negated)
    }
}

/// The moment that a text is, when the constant is one.
fn moment(value: &Value<'_>, known: &Known) -> Result<Option<(Timestamp, Timestamp)>, Why> {
    match (value, known) {
        (Value::Json(Json::String(text)), Known::Moment(wanted)) => {
            lex::timestamp(text).map(|at| Some((at, *wanted))).ok_or(Why::NotATime)
        }
        _ => Ok(None),
    }
}

fn is_equal(value: &Value<'_>, known: &Known) -> Result<bool, Why> {
    if let Some((at, wanted)) = moment(value, known)? {
        return Ok(at == wanted);
    }
    Ok(Known::of_value(value).is_some_and(|value| compare::is_equal(value, known.borrow())))
}

/// Whether the order holds. `None` between things without an order, for which `NOT` holds neither, as in the reference.
fn order(value: &Value<'_>, relation: Relation, known: &Known) -> Result<Option<bool>, Why> {
    let holds = |order: std::cmp::Ordering| match relation {
        Relation::Less => order.is_lt(),
        Relation::LessOrEqual => order.is_le(),
        Relation::Greater => order.is_gt(),
        Relation::GreaterOrEqual => order.is_ge(),
        Relation::Equal => order.is_eq(),
        Relation::NotEqual => order.is_ne(),
    };
    if let Some((at, wanted)) = moment(value, known)? {
        return Ok(Some(holds(at.cmp(&wanted))));
    }
    Ok(Known::of_value(value)
        .and_then(|value| compare::order(value, known.borrow()))
        .map(|order| order.is_some_and(holds)))
}

impl Known {
    fn of(literal: &Literal) -> Self {
        match literal {
            Literal::Integer(number) => Known::Integer(*number),
            Literal::Float(number) => Known::Float(*number),
            Literal::Text(text) => Known::Text(text.clone()),
            Literal::Bool(truth) => Known::Bool(*truth),
            Literal::Hex(bytes) | Literal::Binary(bytes) => Known::Bytes(bytes.clone()),
            Literal::Timestamp(at) => Known::Moment(*at),
        }
    }
}
