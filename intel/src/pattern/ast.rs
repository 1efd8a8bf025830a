//! A pattern as a tree, and back as text.
//!
//! Chains of one operator are one node with many children, so that ten thousand alternatives are no deep tree. What is
//! printed is read again as the same tree.

use std::fmt::{self, Write};

use model::Timestamp;

use super::lex;

/// An observation expression: what has to have been observed.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// `[…]`: one observation with an object that the comparisons hold for.
    Test(Comparison),
    /// `AND`: all of them, by different observations.
    All(Vec<Expression>),
    /// `OR`: one of them.
    Any(Vec<Expression>),
    /// `FOLLOWEDBY`: all of them, each not before the ones in front.
    Sequence(Vec<Expression>),
    /// An expression with qualifiers, the innermost first.
    Qualified(Box<Expression>, Vec<Qualifier>),
}

/// What limits the observations of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    /// `WITHIN`: all of them in that many microseconds; at least one.
    Within(u64),
    /// `START … STOP`: from the first moment on, before the second.
    Between(Timestamp, Timestamp),
    /// `REPEATS`: that often, by different observations; at least once.
    Repeats(u64),
}

/// What has to be true of one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// One property against a constant.
    Test(Test),
    /// `AND`.
    All(Vec<Comparison>),
    /// `OR`.
    Any(Vec<Comparison>),
}

/// One property against a constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The property.
    pub path: ObjectPath,
    /// With `NOT`.
    pub negated: bool,
    /// What is asked of it.
    pub operation: Operation,
}

/// Type of an object and the way to one of its properties.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectPath {
    /// The type, for example `ipv4-addr`.
    pub object_type: String,
    /// The way; never empty.
    pub steps: Vec<Step>,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// To the property of that name; through a reference, when the name says that it is one.
    Key(String),
    /// To that element of a list, from 0. The grammar has negative ones, too, and there are none.
    Index(i64),
    /// `[*]`: to any element of a list.
    Each,
}

/// What is asked of a property.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// `=`, `!=`, `<` and their like.
    Compare(Relation, Literal),
    /// `IN`: equal to one of them. They are all of one kind.
    In(Vec<Literal>),
    /// `LIKE`: `%` is any text, `_` any character.
    Like(String),
    /// `MATCHES`: a regular expression is found in it.
    Matches(String),
    /// `ISSUBSET`: an address or range inside this range.
    IsSubset(String),
    /// `ISSUPERSET`: a range around this address or range.
    IsSuperset(String),
    /// `EXISTS`: there is such a property.
    Exists,
}

/// An order between a property and a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `5`
    Integer(i128),
    /// `.5`, finite.
    Float(f64),
    /// `'text'`
    Text(String),
    /// `true`
    Bool(bool),
    /// `h'00ff'`
    Hex(Vec<u8>),
    /// `b'AP8='`
    Binary(Vec<u8>),
    /// `t'2020-01-01T00:00:00Z'`, to the microsecond.
    Timestamp(Timestamp),
}

impl Relation {
    /// How it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Relation::Equal => "=",
            Relation::NotEqual => "!=",
            Relation::Less => "<",
            Relation::LessOrEqual => "<=",
            Relation::Greater => ">",
            Relation::GreaterOrEqual => ">=",
        }
    }
}

impl Operation {
    /// How it is written.
    pub const fn sign(&self) -> &'static str {
        match self {
            Operation::Compare(relation, _) => relation.sign(),
            Operation::In(_) => "IN",
            Operation::Like(_) => "LIKE",
            Operation::Matches(_) => "MATCHES",
            Operation::IsSubset(_) => "ISSUBSET",
            Operation::IsSuperset(_) => "ISSUPERSET",
            Operation::Exists => "EXISTS",
        }
    }

    /// What it compares with, as it is written; empty where there is nothing.
    pub fn constant(&self) -> String {
        match self {
            Operation::Compare(_, literal) => literal.to_string(),
            Operation::In(literals) => {
                let literals: Vec<String> = literals.iter().map(Literal::to_string).collect();
                format!("({})", literals.join(", "))
            }
            Operation::Like(text)
            | Operation::Matches(text)
            | Operation::IsSubset(text)
            | Operation::IsSuperset(text) => Quoted(text).to_string(),
            Operation::Exists => String::new(),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expression::Test(comparison) => write!(f, "[{comparison}]"),
            Expression::All(children) => chain(f, children, " AND ", |child| child.looseness() >= 1),
            Expression::Any(children) => chain(f, children, " OR ", |child| child.looseness() >= 2),
            Expression::Sequence(children) => chain(f, children, " FOLLOWEDBY ", |child| child.looseness() >= 3),
            Expression::Qualified(inner, qualifiers) => {
                if matches!(**inner, Expression::Test(_)) {
                    write!(f, "{inner}")?
                } else {
                    write!(f, "({inner})")?
                }
                qualifiers.iter().try_for_each(|qualifier| write!(f, " {qualifier}"))
            }
        }
    }
}

impl Expression {
    /// How loosely its operator binds.
    const fn looseness(&self) -> u8 {
        match self {
            Expression::Test(_) | Expression::Qualified(..) => 0,
            Expression::All(_) => 1,
            Expression::Any(_) => 2,
            Expression::Sequence(_) => 3,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Comparison::Test(test) => write!(f, "{test}"),
            Comparison::All(children) => chain(f, children, " AND ", |child| !matches!(child, Comparison::Test(_))),
            Comparison::Any(children) => chain(f, children, " OR ", |child| matches!(child, Comparison::Any(_))),
        }
    }
}

fn chain<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    children: &[T],
    operator: &str,
    is_bracketed: impl Fn(&T) -> bool,
) -> fmt::Result {
    for (at, child) in children.iter().enumerate() {
        if at > 0 {
            f.write_str(operator)?;
        }
        if is_bracketed(child) { write!(f, "({child})")? } else { write!(f, "{child}")? }
    }
    Ok(())
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Qualifier::Within(micros) if micros % 1_000_000 == 0 => write!(f, "WITHIN {} SECONDS", micros / 1_000_000),
            Qualifier::Within(micros) => {
                let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
                let fraction = format!("{rest:06}");
                write!(f, "WITHIN {seconds}.{} SECONDS", fraction.trim_end_matches('0'))
            }
            Qualifier::Between(start, stop) => write!(f, "START t'{start}' STOP t'{stop}'"),
            Qualifier::Repeats(count) => write!(f, "REPEATS {count} TIMES"),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.negated { "NOT " } else { "" };
        let path = &self.path;
        match &self.operation {
            Operation::Exists => write!(f, "{not}EXISTS {path}"),
            operation => write!(f, "{path} {not}{} {}", operation.sign(), operation.constant()),
        }
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.object_type)?;
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(name) => {
                    f.write_char(if at == 0 { ':' } else { '.' })?;
                    if lex::is_plain_name(name) { f.write_str(name)? } else { write!(f, "{}", Quoted(name))? }
                }
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Each => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Integer(number) => write!(f, "{number}"),
            // The grammar has no exponents, and a float needs its point.
            Literal::Float(number) if number.fract() == 0.0 => write!(f, "{number}.0"),
            Literal::Float(number) => write!(f, "{number}"),
            Literal::Text(text) => write!(f, "{}", Quoted(text)),
            Literal::Bool(truth) => write!(f, "{truth}"),
            Literal::Hex(bytes) => {
                f.write_str("h'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_char('\'')
            }
            Literal::Binary(bytes) => {
                let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
                write!(f, "b'{text}'")
            }
            Literal::Timestamp(at) => write!(f, "t'{at}'"),
        }
    }
}

/// A text as a constant.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('\'')?;
        for c in self.0.chars() {
            if matches!(c, '\'' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('\'')
    }
}
