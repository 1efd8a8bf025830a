//! Taking a person's words out of what was decided about vulnerabilities. That something was decided, by whom and until when, stays.

use model::OpContext;

use super::super::database::{State, StateError, sql};
use super::decide::rewrite;
use super::{Decision, take_head};

/// What stands where words were that named a person.
const ERASED: &str = "(erased)";

impl State {
    /// How many justifications and words about vulnerabilities name a person.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn vulnerabilities_naming(
        &self,
        ctx: &OpContext,
        names: impl Fn(&[u8]) -> bool,
    ) -> Result<u64, StateError> {
        let whole = self.vulnerabilities_whole(ctx).await?;
        let justified = whole.acceptances.iter().filter(|one| names(one.justification.as_bytes())).count();
        let said = whole.words.iter().filter(|one| names(one.why.as_bytes())).count();
        Ok((justified + said) as u64)
    }

    /// Takes what names a person out of justifications and words. Says how many there were.
    ///
    /// # Errors
    /// When the database refuses or holds nonsense.
    pub async fn erase_vulnerabilities_naming(
        &self,
        ctx: &OpContext,
        names: impl Fn(&[u8]) -> bool,
    ) -> Result<u64, StateError> {
        let whole = self.vulnerabilities_whole(ctx).await?;
        let mut named = Vec::new();
        for mut acceptance in whole.acceptances {
            if names(acceptance.justification.as_bytes()) {
                ERASED.clone_into(&mut acceptance.justification);
                named.push((acceptance.number, Decision::Acceptance(acceptance)));
            }
        }
        for mut word in whole.words {
            if names(word.why.as_bytes()) {
                ERASED.clone_into(&mut word.why);
                named.push((word.number, Decision::Word(word)));
            }
        }
        if named.is_empty() {
            return Ok(0);
        }
        let mut work = self.begin(ctx).await?;
        // Whoever keeps what was read looks again.
        take_head(&mut work, ctx).await?;
        for (number, decision) in &named {
            rewrite(&mut work, ctx, *number, decision).await?;
        }
        work.commit().await.map_err(sql("erasing words about vulnerabilities"))?;
        Ok(named.len() as u64)
    }
}
