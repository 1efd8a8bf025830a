//! Statements for many rows: a row at a time, each one costs a hand-over to the database's thread.

use std::sync::OnceLock;

use sqlx::{Any, Transaction};

use super::database::{Bound, StateError, sql};

/// How many rows one statement takes. SQLite finds each `$N` by going through all names of the statement: with 512 rows of twelve values that
/// was nine tenths of the time of a load.
const SIZES: [usize; 3] = [24, 4, 1];

/// What is bound for a row, in the order of its columns.
pub(super) trait Row {
    /// Binds the row's values behind those that are bound already.
    fn bind(&self, query: Bound) -> Bound;
}

/// A statement `head (…), (…) tail`, with a part for each row: in it, `?` is a value of the row's own, and `$1` to `$shared` are the same for
/// all rows.
pub(super) struct Bulk {
    what: &'static str,
    head: &'static str,
    row: &'static str,
    tail: &'static str,
    between: &'static str,
    shared: usize,
    made: OnceLock<[&'static str; 3]>,
}

impl Bulk {
    /// `what` is being done; `shared` values are the same for all rows.
    pub(super) const fn new(
        what: &'static str,
        (head, row, tail): (&'static str, &'static str, &'static str),
        shared: usize,
    ) -> Self {
        Bulk { what, head, row, tail, between: ", ", shared, made: OnceLock::new() }
    }

    /// The same for a condition that any of the rows meets. SQLite uses its index for each where all that the index needs stands in the row's
    /// own part; of `(a, b) IN (VALUES …)` with several rows it goes through all that the rest of the condition leaves.
    pub(super) const fn any_of(
        what: &'static str,
        (head, row, tail): (&'static str, &'static str, &'static str),
        shared: usize,
    ) -> Self {
        Bulk { what, head, row, tail, between: " OR ", shared, made: OnceLock::new() }
    }

    /// The statements for each number of rows. Made once, of our own constants.
    pub(super) fn statements(&self) -> Vec<&'static str> {
        self.made().to_vec()
    }

    fn made(&self) -> &[&'static str; 3] {
        self.made.get_or_init(|| SIZES.map(|rows| &*self.text(rows).leak()))
    }

    fn text(&self, rows: usize) -> String {
        let mut number = self.shared;
        let mut text = self.head.to_owned();
        for row in 0..rows {
            text.push_str(if row == 0 { " " } else { self.between });
            for (part, piece) in self.row.split('?').enumerate() {
                if part > 0 {
                    number += 1;
                    text.push_str(&format!("${number}"));
                }
                text.push_str(piece);
            }
        }
        text.push(' ');
        text.push_str(self.tail);
        text
    }

    /// Runs it for all rows. `share` binds what they share. Says how many rows of the table it touched.
    pub(super) async fn run<R: Row>(
        &self,
        work: &mut Transaction<'_, Any>,
        share: impl Fn(Bound) -> Bound,
        rows: &[R],
    ) -> Result<u64, StateError> {
        let mut rest = rows;
        let mut touched = 0;
        while !rest.is_empty() {
            let fitting = SIZES.iter().zip(self.made()).find(|(size, _)| **size <= rest.len());
            // One row always fits.
            let Some((size, statement)) = fitting else { break };
            let (now, later) = rest.split_at(*size);
            let query = now.iter().fold(share(sqlx::query(*statement)), |query, row| row.bind(query));
            touched += query.execute(&mut **work).await.map_err(sql(self.what))?.rows_affected();
            rest = later;
        }
        Ok(touched)
    }

    /// The statements for all rows of one that reads, each with what is bound to it.
    pub(super) fn questions<R: Row>(&self, share: impl Fn(Bound) -> Bound, rows: &[R]) -> Vec<Bound> {
        let (mut rest, mut questions) = (rows, Vec::new());
        while !rest.is_empty() {
            let fitting = SIZES.iter().zip(self.made()).find(|(size, _)| **size <= rest.len());
            let Some((size, statement)) = fitting else { break };
            let (now, later) = rest.split_at(*size);
            questions.push(now.iter().fold(share(sqlx::query(*statement)), |query, row| row.bind(query)));
            rest = later;
        }
        questions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_share_the_first_values() {
        let bulk =
            Bulk::new("trying", ("INSERT INTO t (a, b, c, d) VALUES", "($1, ?, ?, $3)", "ON CONFLICT DO NOTHING"), 3);
        let expected = "INSERT INTO t (a, b, c, d) VALUES ($1, $4, $5, $3), ($1, $6, $7, $3) ON CONFLICT DO NOTHING";
        assert_eq!(bulk.text(2), expected);
        assert_eq!(bulk.made()[2], "INSERT INTO t (a, b, c, d) VALUES ($1, $4, $5, $3) ON CONFLICT DO NOTHING");
        let any = Bulk::any_of("trying", ("DELETE FROM t WHERE", "(a = $1 AND b = ?)", ""), 1);
        assert_eq!(any.text(2), "DELETE FROM t WHERE (a = $1 AND b = $2) OR (a = $1 AND b = $3) ");
    }
}
