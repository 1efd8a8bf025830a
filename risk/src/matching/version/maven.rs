//! Maven's versions, by "Version order specification" of the POM reference.

use std::cmp::Ordering;

use super::{is_number, numbers};

#[derive(Clone, Debug)]
struct Token {
    is_hyphen: bool,
    text: String,
}

pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (tokens(left), tokens(right));
    for place in 0..left.len().max(right.len()) {
        // The shorter one is padded with what means nothing behind such a separator.
        let padded = |own: Option<&Token>, other: Option<&Token>| match own {
            Some(token) => token.clone(),
            None => {
                let is_hyphen = other.is_some_and(|token| token.is_hyphen);
                let text = if is_hyphen || other.is_some_and(|token| !is_number(&token.text)) { "" } else { "0" };
                Token { is_hyphen, text: text.to_owned() }
            }
        };
        let (one, other) = (left.get(place), right.get(place));
        let order = token(&padded(one, other), &padded(other, one));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// `.qualifier` = `-qualifier` < `-number` < `.number`.
fn token(left: &Token, right: &Token) -> Ordering {
    let rank = |token: &Token| match (is_number(&token.text), token.is_hyphen) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => 2,
    };
    rank(left).cmp(&rank(right)).then_with(|| {
        if is_number(&left.text) {
            numbers(&left.text, &right.text)
        } else {
            qualifier(&left.text).cmp(&qualifier(&right.text))
        }
    })
}

fn qualifier(text: &str) -> (u8, &str) {
    match text {
        "alpha" => (0, ""),
        "beta" => (1, ""),
        "milestone" => (2, ""),
        "rc" | "cr" => (3, ""),
        "snapshot" => (4, ""),
        "" | "final" | "ga" | "release" => (5, ""),
        "sp" => (6, ""),
        other => (7, other),
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let (mut text_so_far, mut is_hyphen) = (String::new(), false);
    let mut push = |text: &mut String, is_hyphen: bool, is_before_number: bool| {
        let text = std::mem::take(text);
        let text = match text.as_str() {
            "" => "0".to_owned(),
            "a" if is_before_number => "alpha".to_owned(),
            "b" if is_before_number => "beta".to_owned(),
            "m" if is_before_number => "milestone".to_owned(),
            _ => text,
        };
        found.push(Token { is_hyphen, text });
    };
    for letter in text.to_lowercase().chars() {
        if matches!(letter, '.' | '-' | '_') {
            push(&mut text_so_far, is_hyphen, false);
            is_hyphen = letter != '.';
            continue;
        }
        let is_turn = text_so_far.chars().last().is_some_and(|last| last.is_ascii_digit() != letter.is_ascii_digit());
        if is_turn {
            push(&mut text_so_far, is_hyphen, letter.is_ascii_digit());
            is_hyphen = true;
        }
        text_so_far.push(letter);
    }
    push(&mut text_so_far, is_hyphen, false);
    trimmed(found)
}

/// Drops what means nothing at the end, and in front of each hyphen.
fn trimmed(tokens: Vec<Token>) -> Vec<Token> {
    let is_null = |token: &Token| match token.text.as_str() {
        "" | "final" | "ga" | "release" => true,
        text => is_number(text) && text.bytes().all(|byte| byte == b'0'),
    };
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if token.is_hyphen {
            while kept.len() > 1 && kept.last().is_some_and(is_null) {
                kept.pop();
            }
        }
        kept.push(token);
    }
    while kept.len() > 1 && kept.last().is_some_and(is_null) {
        kept.pop();
    }
    kept
}
