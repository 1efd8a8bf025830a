//! Words to a tree: recursive descent over the grammar of STIX 2.1, section 9.
//!
//! `AND` binds closer than `OR`, `OR` closer than `FOLLOWEDBY`; a qualifier belongs to the one expression in front of it.
//! Only parentheses go deeper, so [`limits::PATTERN_DEPTH_MAX`] bounds the stack of everything that walks the tree.

use model::{Timestamp, limits};

use super::ast::{Comparison, Expression, Literal, ObjectPath, Operation, Qualifier, Relation, Step, Test};
use super::fault::{PatternFault, Place};
use super::lex::{self, Keyword, Kind, Token};
use super::regular;

/// Reads a pattern.
pub(crate) fn parse(text: &str) -> Result<Expression, PatternFault> {
    if text.len() > limits::PATTERN_BYTES_MAX {
        let reason = format!("{} bytes; hint: at most {} are read", text.len(), limits::PATTERN_BYTES_MAX);
        return Err(PatternFault::new(Place { line: 1, column: 1 }, reason));
    }
    let mut parser = Parser { text, tokens: lex::words(text)?, at: 0, depth: 0, expressions: 0 };
    let expression = parser.sequence()?;
    match parser.peek() {
        Kind::End => Ok(expression),
        _ => Err(parser.expected("AND, OR, FOLLOWEDBY, a qualifier or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Ends with `End`, which is never passed.
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// Regular expressions and wildcards so far.
    expressions: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Kind {
        self.tokens.get(self.at).map_or(&Kind::End, |token| &token.kind)
    }

    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len().saturating_sub(1));
    }

    fn take(&mut self, wanted: &Kind) -> bool {
        let found = self.peek() == wanted;
        if found {
            self.advance();
        }
        found
    }

    fn take_word(&mut self, word: Keyword) -> bool {
        self.take(&Kind::Keyword(word))
    }

    fn need(&mut self, wanted: &Kind, name: &str) -> Result<(), PatternFault> {
        if self.take(wanted) { Ok(()) } else { Err(self.expected(name)) }
    }

    /// A fault at the word that comes next.
    fn fault(&self, reason: impl Into<String>) -> PatternFault {
        self.fault_at(self.at, reason)
    }

    fn fault_at(&self, token: usize, reason: impl Into<String>) -> PatternFault {
        let at = self.tokens.get(token).map_or(self.text.len(), |token| token.at);
        PatternFault::new(Place::of(self.text, at), reason)
    }

    fn expected(&self, what: &str) -> PatternFault {
        let end = self.tokens.get(self.at + 1).map_or(self.text.len(), |token| token.at);
        let start = self.tokens.get(self.at).map_or(self.text.len(), |token| token.at);
        let found: String = self.text.get(start..end).unwrap_or_default().trim_end().chars().take(30).collect();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("`{found}`") };
        self.fault(format!("expected {what}, found {found}"))
    }

    fn deeper(&mut self) -> Result<(), PatternFault> {
        self.depth += 1;
        if self.depth <= limits::PATTERN_DEPTH_MAX {
            return Ok(());
        }
        Err(self.fault(format!("nested more than {} deep", limits::PATTERN_DEPTH_MAX)))
    }

    fn sequence(&mut self) -> Result<Expression, PatternFault> {
        let mut children = vec![self.any()?];
        while self.take_word(Keyword::FollowedBy) {
            children.push(self.any()?);
        }
        Ok(alone_or(children, Expression::Sequence))
    }

    fn any(&mut self) -> Result<Expression, PatternFault> {
        let mut children = vec![self.all()?];
        while self.take_word(Keyword::Or) {
            children.push(self.all()?);
        }
        Ok(alone_or(children, Expression::Any))
    }

    fn all(&mut self) -> Result<Expression, PatternFault> {
        let mut children = vec![self.qualified()?];
        while self.take_word(Keyword::And) {
            children.push(self.qualified()?);
        }
        Ok(alone_or(children, Expression::All))
    }

    fn qualified(&mut self) -> Result<Expression, PatternFault> {
        let inner = if self.take(&Kind::Mark('[')) {
            let comparison = self.comparison()?;
            self.need(&Kind::Mark(']'), "AND, OR or `]`")?;
            Expression::Test(comparison)
        } else if self.take(&Kind::Mark('(')) {
            self.deeper()?;
            let inner = self.sequence()?;
            self.need(&Kind::Mark(')'), "AND, OR, FOLLOWEDBY, a qualifier or `)`")?;
            self.depth -= 1;
            inner
        } else {
            return Err(self.expected("`[` or `(`"));
        };
        let mut qualifiers = Vec::new();
        while let Some(qualifier) = self.qualifier()? {
            if qualifiers.len() == limits::PATTERN_DEPTH_MAX {
                return Err(self.fault(format!("more than {} qualifiers", limits::PATTERN_DEPTH_MAX)));
            }
            qualifiers.push(qualifier);
        }
        if qualifiers.is_empty() {
            return Ok(inner);
        }
        Ok(Expression::Qualified(Box::new(inner), qualifiers))
    }

    fn qualifier(&mut self) -> Result<Option<Qualifier>, PatternFault> {
        if self.take_word(Keyword::Within) {
            let digits = self.positive("a number of seconds")?;
            let Some(span) = micros(&digits) else {
                return Err(self.fault_at(self.at.saturating_sub(1), "a span is longer than nothing"));
            };
            self.need(&Kind::Keyword(Keyword::Seconds), "SECONDS")?;
            return Ok(Some(Qualifier::Within(span)));
        }
        if self.take_word(Keyword::Repeats) {
            let digits = self.positive("a count")?;
            let count = match digits.parse::<u64>() {
                Ok(count) if count > 0 => count,
                _ => {
                    return Err(self.fault_at(self.at.saturating_sub(1), "a count is a whole number from 1 to 2⁶⁴ − 1"));
                }
            };
            self.need(&Kind::Keyword(Keyword::Times), "TIMES")?;
            return Ok(Some(Qualifier::Repeats(count)));
        }
        if self.take_word(Keyword::Start) {
            let start = self.moment()?;
            self.need(&Kind::Keyword(Keyword::Stop), "STOP")?;
            return Ok(Some(Qualifier::Between(start, self.moment()?)));
        }
        Ok(None)
    }

    fn moment(&mut self) -> Result<Timestamp, PatternFault> {
        let Kind::Literal(Literal::Timestamp(at)) = *self.peek() else { return Err(self.expected("a time, t'…'")) };
        self.advance();
        Ok(at)
    }

    fn positive(&mut self, what: &str) -> Result<String, PatternFault> {
        let Kind::Positive { digits, .. } = self.peek() else { return Err(self.expected(what)) };
        let digits = digits.clone();
        self.advance();
        Ok(digits)
    }

    fn comparison(&mut self) -> Result<Comparison, PatternFault> {
        let mut children = vec![self.comparisons_all()?];
        while self.take_word(Keyword::Or) {
            children.push(self.comparisons_all()?);
        }
        Ok(alone_or(children, Comparison::Any))
    }

    fn comparisons_all(&mut self) -> Result<Comparison, PatternFault> {
        let mut children = vec![self.proposition()?];
        while self.take_word(Keyword::And) {
            children.push(self.proposition()?);
        }
        Ok(alone_or(children, Comparison::All))
    }

    fn proposition(&mut self) -> Result<Comparison, PatternFault> {
        if self.take(&Kind::Mark('(')) {
            self.deeper()?;
            let inner = self.comparison()?;
            self.need(&Kind::Mark(')'), "AND, OR or `)`")?;
            self.depth -= 1;
            return Ok(inner);
        }
        let negated = self.take_word(Keyword::Not);
        if self.take_word(Keyword::Exists) {
            let path = self.path()?;
            return Ok(Comparison::Test(Test { path, negated, operation: Operation::Exists }));
        }
        if negated {
            return Err(self.expected("EXISTS; hint: NOT stands between property and operator"));
        }
        let path = self.path()?;
        let negated = self.take_word(Keyword::Not);
        let operation = self.operation()?;
        Ok(Comparison::Test(Test { path, negated, operation }))
    }

    fn operation(&mut self) -> Result<Operation, PatternFault> {
        let operator = self.peek().clone();
        match operator {
            Kind::Relation(relation) => {
                self.advance();
                let literal = self.literal()?;
                let has_order = matches!(relation, Relation::Equal | Relation::NotEqual);
                if matches!(literal, Literal::Bool(_)) && !has_order {
                    return Err(self.fault_at(self.at.saturating_sub(1), "true and false have no order"));
                }
                Ok(Operation::Compare(relation, literal))
            }
            Kind::Keyword(Keyword::In) => {
                self.advance();
                self.set().map(Operation::In)
            }
            Kind::Keyword(Keyword::Like) => self.expression_operand().map(Operation::Like),
            Kind::Keyword(Keyword::IsSubset) => self.text_operand().map(Operation::IsSubset),
            Kind::Keyword(Keyword::IsSuperset) => self.text_operand().map(Operation::IsSuperset),
            Kind::Keyword(Keyword::Matches) => {
                let text = self.expression_operand()?;
                if let Err(reason) = regular::check(&text) {
                    return Err(self.fault_at(self.at.saturating_sub(1), reason));
                }
                Ok(Operation::Matches(text))
            }
            _ => Err(self.expected("an operator")),
        }
    }

    /// The text behind an operator that takes nothing else.
    fn text_operand(&mut self) -> Result<String, PatternFault> {
        self.advance();
        let Kind::Literal(Literal::Text(text)) = self.peek() else { return Err(self.expected("a text in quotes")) };
        let text = text.clone();
        self.advance();
        Ok(text)
    }

    /// The same, for what will be compiled.
    fn expression_operand(&mut self) -> Result<String, PatternFault> {
        let text = self.text_operand()?;
        self.expressions += 1;
        let over = if text.len() > limits::PATTERN_EXPRESSION_TEXT_BYTES_MAX {
            format!("longer than {} bytes", limits::PATTERN_EXPRESSION_TEXT_BYTES_MAX)
        } else if self.expressions > limits::PATTERN_EXPRESSIONS_MAX {
            format!("more than {} of LIKE and MATCHES", limits::PATTERN_EXPRESSIONS_MAX)
        } else {
            return Ok(text);
        };
        Err(self.fault_at(self.at.saturating_sub(1), over))
    }

    fn literal(&mut self) -> Result<Literal, PatternFault> {
        let (Kind::Literal(literal) | Kind::Positive { literal, .. }) = self.peek() else {
            return Err(self.expected("a constant"));
        };
        let literal = literal.clone();
        self.advance();
        Ok(literal)
    }

    fn set(&mut self) -> Result<Vec<Literal>, PatternFault> {
        self.need(&Kind::Mark('('), "`(`")?;
        let mut literals: Vec<Literal> = Vec::new();
        if self.take(&Kind::Mark(')')) {
            return Ok(literals);
        }
        loop {
            let literal = self.literal()?;
            if literals.first().is_some_and(|first| sort(first) != sort(&literal)) {
                return Err(self.fault_at(self.at.saturating_sub(1), "the constants of a set are of one kind"));
            }
            literals.push(literal);
            if self.take(&Kind::Mark(')')) {
                return Ok(literals);
            }
            self.need(&Kind::Mark(','), "`,` or `)`")?;
        }
    }

    fn path(&mut self) -> Result<ObjectPath, PatternFault> {
        let Kind::Name(object_type) = self.peek() else { return Err(self.expected("a property, `type:name`")) };
        let object_type = object_type.clone();
        self.advance();
        self.need(&Kind::Mark(':'), "`:`")?;
        let mut steps = vec![self.key()?];
        loop {
            if self.take(&Kind::Mark('.')) {
                steps.push(self.key()?);
            } else if self.take(&Kind::Mark('[')) {
                steps.push(self.index()?);
                self.need(&Kind::Mark(']'), "`]`")?;
            } else {
                return Ok(ObjectPath { object_type, steps });
            }
        }
    }

    fn key(&mut self) -> Result<Step, PatternFault> {
        let name = match self.peek() {
            Kind::Literal(Literal::Text(name)) => name.clone(),
            Kind::Name(name) if !name.contains('-') => name.clone(),
            Kind::Name(_) => return Err(self.expected("a property; hint: one with a hyphen stands in quotes")),
            _ => return Err(self.expected("a property")),
        };
        self.advance();
        Ok(Step::Key(name))
    }

    fn index(&mut self) -> Result<Step, PatternFault> {
        if self.take(&Kind::Mark('*')) {
            return Ok(Step::Each);
        }
        match self.peek() {
            Kind::Literal(Literal::Integer(index)) | Kind::Positive { literal: Literal::Integer(index), .. } => {
                // No list is that long, so that an index at the end of the range is as good.
                let step = Step::Index(i64::try_from(*index).unwrap_or(i64::MAX));
                self.advance();
                Ok(step)
            }
            _ => Err(self.expected("a whole number or `*`")),
        }
    }
}

fn alone_or<T>(mut children: Vec<T>, node: impl Fn(Vec<T>) -> T) -> T {
    match children.pop() {
        Some(only) if children.is_empty() => only,
        Some(last) => {
            children.push(last);
            node(children)
        }
        None => node(children),
    }
}

/// Which constants may stand in one set: numbers with numbers, bytes with bytes.
const fn sort(literal: &Literal) -> u8 {
    match literal {
        Literal::Integer(_) | Literal::Float(_) => 0,
        Literal::Text(_) => 1,
        Literal::Bool(_) => 2,
        Literal::Hex(_) | Literal::Binary(_) => 3,
        Literal::Timestamp(_) => 4,
    }
}

/// Seconds, written with or without a fraction, as microseconds; `None` for nothing. What is less than one microsecond is
/// one, what is longer than can be counted the longest span.
fn micros(digits: &str) -> Option<u64> {
    if digits.bytes().all(|b| matches!(b, b'0' | b'.')) {
        return None;
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let seconds: u64 = if whole.is_empty() { 0 } else { whole.parse().unwrap_or(u64::MAX) };
    let six: String = fraction.chars().chain(std::iter::repeat('0')).take(6).collect();
    let rest: u64 = six.parse().unwrap_or(0);
    // A time is an `i64` of microseconds, and no span needs to be longer than that.
    Some(seconds.saturating_mul(1_000_000).saturating_add(rest).clamp(1, i64::MAX.unsigned_abs()))
}
