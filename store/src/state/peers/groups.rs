//! Sharing groups: the newest signed document of each. What a document means and whether it is signed is for whoever keeps it.

use model::{OpContext, Timestamp, limits};

use super::super::agency;
use super::super::database::{State, StateError, check_size, get};
use super::super::ledger::Deed;

/// A version never goes back, and a group never changes hands.
const KEEP: &str = "INSERT INTO sharing_groups (agency, name, owner, version, body, problem, changed_us) \
    VALUES ($1, $2, $3, $4, $5, '', $6) ON CONFLICT (agency, name) DO UPDATE SET version = excluded.version, body = excluded.body, \
    problem = '', changed_us = excluded.changed_us \
    WHERE sharing_groups.version < excluded.version AND sharing_groups.owner = excluded.owner";
const SET_PROBLEM: &str = "UPDATE sharing_groups SET problem = $3 WHERE agency = $1 AND name = $2";
const SELECT: &str = "SELECT name, owner, version, body, problem, changed_us FROM sharing_groups WHERE agency = $1 ORDER BY name LIMIT $2";
const COUNT: &str = "SELECT COUNT(*) FROM sharing_groups WHERE agency = $1";

pub(super) const STATEMENTS: &[&str] = &[KEEP, SET_PROBLEM, SELECT, COUNT];

/// A group as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharingGroup {
    /// Its name.
    pub name: String,
    /// Whose signature counts.
    pub owner: String,
    /// The version of its document.
    pub version: u64,
    /// The document with its signature, as JSON.
    pub body: String,
    /// What was offered since and refused, in words; empty when nothing was.
    pub problem: String,
    /// When it changed here.
    pub changed: Timestamp,
}

impl State {
    /// Keeps a newer document of a group. Says whether it took the place of what was kept.
    ///
    /// # Errors
    /// When it is too large, there are too many, or the database refuses.
    pub async fn keep_sharing_group(&self, ctx: &OpContext, group: &SharingGroup) -> Result<bool, StateError> {
        check_size("bytes of a group's document", group.body.len(), limits::GROUP_BYTES_MAX)?;
        let count = self.count(ctx, "counting groups", sqlx::query(COUNT).bind(agency(ctx))).await?;
        check_size("sharing groups", count as usize, limits::GROUPS_MAX)?;
        let query = sqlx::query(KEEP)
            .bind(agency(ctx))
            .bind(group.name.clone())
            .bind(group.owner.clone())
            .bind(i64::try_from(group.version).unwrap_or(i64::MAX))
            .bind(group.body.clone())
            .bind(ctx.now.as_micros());
        let words = serde_json::json!({ "group": group.name, "owner": group.owner, "version": group.version });
        let deed = Deed::done_to_named("share.group", "group", &group.name).saying(words.to_string());
        Ok(self.write(ctx, "keeping a group", query, deed).await? > 0)
    }

    /// Keeps why what was offered for a group was refused.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_group_problem(&self, ctx: &OpContext, name: &str, problem: &str) -> Result<(), StateError> {
        let query = sqlx::query(SET_PROBLEM).bind(agency(ctx)).bind(name.to_owned()).bind(problem.to_owned());
        self.execute(ctx, "keeping what is wrong with a group", query).await.map(|_| ())
    }

    /// All groups that the agency knows, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sharing_groups(&self, ctx: &OpContext) -> Result<Vec<SharingGroup>, StateError> {
        let query = sqlx::query(SELECT).bind(agency(ctx)).bind(limits::GROUPS_MAX as i64);
        let rows = self.fetch_all(ctx, "reading groups", query).await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(SharingGroup {
                name: get(row, 0)?,
                owner: get(row, 1)?,
                version: get::<i64>(row, 2)?.max(0) as u64,
                body: get(row, 3)?,
                problem: get(row, 4)?,
                changed: Timestamp::from_micros(get(row, 5)?),
            })
        };
        rows.iter().map(read).collect()
    }
}
