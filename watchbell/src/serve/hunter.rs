//! The lake as the place where the console's questions are answered.

use engine::office::{HuntAnswer, HuntRefused, Hunter};
use lake::{HuntError, HuntLimits};
use model::OpContext;
use model::doors::BoxFuture;

use super::shelf::LakeShelf;

impl Hunter for LakeShelf {
    fn hunt<'a>(
        &'a self,
        ctx: &'a OpContext,
        sql: &'a str,
        rows_max: usize,
    ) -> BoxFuture<'a, Result<HuntAnswer, HuntRefused>> {
        Box::pin(async move {
            let lake = self.lake().await.map_err(|error| HuntRefused::Lake(error.to_string()))?;
            let limits = HuntLimits { rows: rows_max, ..HuntLimits::default() };
            let page = lake.hunt(ctx, sql, limits).await.map_err(|error| match error {
                HuntError::Lake(error) => HuntRefused::Lake(error.to_string()),
                error => HuntRefused::Question(error.to_string()),
            })?;
            Ok(HuntAnswer {
                columns: page.columns.into_iter().map(|column| column.name).collect(),
                rows: page.rows,
                cut: page.cut,
                elapsed: page.elapsed,
                events_read: page.scanned.rows,
                bytes_read: page.scanned.bytes,
            })
        })
    }

    fn columns(&self) -> Vec<String> {
        lake::column_paths()
    }
}
