//! The engine's session of one hunt: its tables, its limits, and the functions that it may use.

use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use model::ocsf::Class;
use model::{AgencyId, limits};

use super::error::HuntError;
use super::provider::AgencyEvents;
use super::statement::UNBOUNDED_FUNCTIONS;
use super::{HuntEngine, HuntLimits, Masking, functions, mask};
use crate::files::FileSet;
use crate::schema::EVENTS;

impl HuntEngine {
    /// A session whose only tables are the agency's events, and the findings among them.
    pub(super) fn session(
        &self,
        agency: &AgencyId,
        files: &FileSet,
        masking: Masking,
        hunt: HuntLimits,
    ) -> Result<SessionContext, HuntError> {
        let failed = |error: DataFusionError| HuntError::from_engine(error, hunt.memory_bytes);
        let base = self.base();
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![self.spill.clone()]))
            .with_max_temp_directory_size(limits::HUNT_SPILL_BYTES_MAX);
        let runtime = RuntimeEnvBuilder::from_runtime_env(&base)
            .with_memory_pool(Arc::new(FairSpillPool::new(hunt.memory_bytes)))
            .with_disk_manager_builder(disk)
            .build_arc()
            .map_err(failed)?;
        let config = SessionConfig::new()
            .with_information_schema(true)
            .with_default_catalog_and_schema("watchbell", "lake")
            .set_bool("datafusion.sql_parser.enable_ident_normalization", true);
        let session = SessionContext::new_with_config_rt(config, runtime);
        for name in UNBOUNDED_FUNCTIONS {
            session.deregister_udf(name);
            session.deregister_udtf(name);
        }
        for function in functions::mended() {
            session.register_udf(function);
        }
        let table = Arc::new(AgencyEvents::new(files.of(agency).cloned().collect(), self.pushdown));
        let events = match masking {
            Masking::Off => session.register_table(EVENTS, table),
            Masking::Personal => {
                let all = session.read_table(table).map_err(failed)?;
                let masked = all.select(mask::columns(&self.pseudonym_key)).map_err(failed)?;
                session.register_table(EVENTS, masked.into_view())
            }
        };
        events.map_err(failed)?;
        self.add_findings(&session).map_err(failed)?;
        Ok(session)
    }

    fn add_findings(&self, session: &SessionContext) -> Result<(), DataFusionError> {
        let finding = i32::try_from(Class::DETECTION_FINDING.uid()).unwrap_or(i32::MAX);
        // The provider is registered already, so looking it up again cannot wait for anything.
        let provider = futures::FutureExt::now_or_never(session.table_provider(EVENTS));
        let provider = provider.unwrap_or_else(|| Err(DataFusionError::Plan("the table is not ready".to_owned())))?;
        let findings = session.read_table(provider)?.filter(col("class_uid").eq(lit(finding)))?;
        session.register_table("findings", findings.into_view())?;
        Ok(())
    }
}
