//! The door for sources: what comes in is durable in the journal before the source hears "yes" (invariant 8).

use std::collections::BTreeMap;
use std::time::Duration;

use model::doors::{BoxFuture, Incoming, Intake, IntakeError};
use model::{AgencyId, SourceId};
use store::journal::{AppendError, Batch, JournalHandle};
use tokio::sync::oneshot;

/// How long a source waits after the journal's queue was full: about one group of writes and its sync.
const BUSY_RETRY: Duration = Duration::from_millis(50);

/// Puts records into the journal, under the agency that their source belongs to.
pub struct JournalIntake {
    journal: JournalHandle,
    agencies: BTreeMap<SourceId, AgencyId>,
}

impl JournalIntake {
    /// An intake that knows these sources and whose they are.
    pub fn new(journal: JournalHandle, agencies: BTreeMap<SourceId, AgencyId>) -> Self {
        JournalIntake { journal, agencies }
    }

    fn agency_of(&self, source: &SourceId) -> Result<&AgencyId, IntakeError> {
        self.agencies.get(source).ok_or_else(|| IntakeError::UnknownSource(source.clone()))
    }

    /// The records by agency, each agency's in the order in which they came.
    fn by_agency(&self, records: Vec<Incoming>) -> Result<Vec<Batch>, IntakeError> {
        let mut batches: Vec<Batch> = Vec::with_capacity(1);
        for record in records {
            let agency = self.agency_of(&record.source)?;
            match batches.iter_mut().find(|batch| batch.agency == *agency) {
                Some(batch) => batch.records.push(record),
                None => batches.push(Batch { agency: agency.clone(), records: vec![record] }),
            }
        }
        Ok(batches)
    }
}

impl Intake for JournalIntake {
    fn submit(&self, batch: Vec<Incoming>) -> BoxFuture<'_, Result<(), IntakeError>> {
        Box::pin(async move {
            let mut answers = Vec::new();
            for batch in self.by_agency(batch)? {
                let (tell, answer) = oneshot::channel();
                self.journal.submit(batch, move |result| {
                    // A source that no longer waits does not acknowledge either, which is always allowed.
                    let _ = tell.send(result);
                });
                answers.push(answer);
            }
            for answer in answers {
                answer.await.unwrap_or(Err(AppendError::Closed)).map_err(refusal)?;
            }
            Ok(())
        })
    }
}

fn refusal(error: AppendError) -> IntakeError {
    match error {
        AppendError::Busy => IntakeError::Busy { retry_after: BUSY_RETRY },
        AppendError::NoSpace => IntakeError::NoSpace,
        AppendError::Closed => IntakeError::Closed,
        other => IntakeError::Failed { reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;
    use store::journal::{Journal, Options};

    fn incoming(source: &str) -> Incoming {
        let source = SourceId::parse(source).unwrap();
        Incoming { source, cursor: None, received: Timestamp::EPOCH, format: None, body: b"x".to_vec() }
    }

    #[tokio::test]
    async fn records_are_kept_under_the_agency_of_their_source() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(folder.path(), Options { reserve_bytes: 0, ..Options::default() }).unwrap();
        let (handle, thread) = JournalHandle::start(journal).unwrap();
        let agencies = [("a", "home"), ("b", "fire")];
        let agencies = agencies
            .map(|(source, agency)| (SourceId::parse(source).unwrap(), AgencyId::parse(agency).unwrap()))
            .into();
        let intake = JournalIntake::new(handle.clone(), agencies);
        intake.submit(vec![incoming("a"), incoming("b"), incoming("a")]).await.unwrap();
        let unknown = intake.submit(vec![incoming("a"), incoming("c")]).await;
        assert_eq!(unknown, Err(IntakeError::UnknownSource(SourceId::parse("c").unwrap())));
        let mut reader = handle.reader(store::journal::Offset(0));
        let mut seen = Vec::new();
        while let Some(piece) = reader.next_piece().unwrap() {
            let store::journal::Piece::Block(block) = piece else { panic!("{piece:?}") };
            seen.extend(block.records().map(|record| (record.agency.to_string(), record.source.to_string())));
        }
        seen.sort();
        let pair = |agency: &str, source: &str| (agency.to_owned(), source.to_owned());
        assert_eq!(seen, [pair("fire", "b"), pair("home", "a"), pair("home", "a")]);
        thread.close().unwrap();
        assert_eq!(intake.submit(vec![incoming("a")]).await, Err(IntakeError::Closed));
    }
}
