//! Objects sent to a collection, and what became of them (TAXII 2.1 sections 5.5 and 4.3).

use std::time::Duration;

use bytes::Bytes;
use formats::intel::taxii::{self as wire, MEDIA_TYPE, Progress, Status};
use model::limits::{TAXII_PUSH_BYTES_MAX, TAXII_STATUS_ASKED_MAX, TAXII_STATUS_WAIT_MS_MAX};

use super::{Client, TaxiiError, objects_at, unreadable};
use crate::fetch::{Request, Target};

/// The wait before a status is asked for the first time that suits most servers.
pub const FIRST_WAIT: Duration = Duration::from_millis(100);

impl Client {
    /// Sends an envelope. `bytes_max` is the root's `max_content_length`, where it is known.
    ///
    /// # Errors
    /// When it is too large, or not taken. Sending the same objects again does no harm: a server knows them by id and version.
    pub async fn push(
        &self,
        root: &Target,
        collection: &str,
        envelope: Bytes,
        bytes_max: Option<u64>,
    ) -> Result<Status, TaxiiError> {
        let target = objects_at(root, collection)?;
        let bytes_max = usize::try_from(bytes_max.unwrap_or(u64::MAX)).unwrap_or(usize::MAX).min(TAXII_PUSH_BYTES_MAX);
        if envelope.len() > bytes_max {
            let origin = target.origin().clone();
            return Err(TaxiiError::PushTooLarge { origin, bytes: envelope.len(), bytes_max });
        }
        let received = self.send(Request::post(target, MEDIA_TYPE, envelope)).await?;
        wire::status(&received.body).map_err(|trouble| unreadable(received.target.origin(), "status", trouble))
    }

    /// Asks what became of what was sent.
    ///
    /// # Errors
    /// When the server cannot be asked or does not know.
    pub async fn status(&self, root: &Target, status: &str) -> Result<Status, TaxiiError> {
        if !wire::segment_is_plain(status) {
            return Err(TaxiiError::CollectionId(status.chars().take(64).collect()));
        }
        self.read(&root.folder().below(&["status", status]), "status", wire::status).await
    }

    /// Asks until the server has dealt with all of it, waiting twice as long each time, from `first_wait` ([`FIRST_WAIT`]) on.
    ///
    /// # Errors
    /// When it has not after being asked [`TAXII_STATUS_ASKED_MAX`] times, and as [`Client::status`].
    pub async fn settled(&self, root: &Target, mut status: Status, first_wait: Duration) -> Result<Status, TaxiiError> {
        let mut wait = first_wait;
        for _ in 0..TAXII_STATUS_ASKED_MAX {
            if status.status == Progress::Complete {
                return Ok(status);
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_millis(TAXII_STATUS_WAIT_MS_MAX));
            status = self.status(root, &status.id).await?;
        }
        match status.status {
            Progress::Complete => Ok(status),
            Progress::Pending => {
                Err(TaxiiError::StillPending { origin: root.origin().clone(), asked: TAXII_STATUS_ASKED_MAX })
            }
        }
    }
}
