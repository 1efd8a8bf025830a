//! Reads of personal data on their way into the ledger: each waits for its commit, and many share one.

use model::{OpContext, limits};
use store::state::{Deed, State};
use tokio::sync::{mpsc, oneshot};

use super::OfficeError;

type Waiting = (OpContext, Deed, oneshot::Sender<Result<(), String>>);

/// The way to the ledger.
#[derive(Clone, Debug)]
pub(super) struct Reads(mpsc::Sender<Waiting>);

impl Reads {
    /// Starts the task that commits; it ends when nobody can send any more.
    pub(super) fn start(state: State) -> Self {
        let (sender, mut waiting) = mpsc::channel::<Waiting>(limits::LEDGER_READS_WAITING_MAX);
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while waiting.recv_many(&mut batch, limits::LEDGER_READS_WAITING_MAX).await > 0 {
                let (deeds, answers): (Vec<_>, Vec<_>) =
                    batch.drain(..).map(|(ctx, deed, answer)| ((ctx, deed), answer)).unzip();
                let done = state.record_all(&deeds).await.map_err(|error| error.to_string());
                for answer in answers {
                    // Whoever has gone does not wait for it.
                    let _ = answer.send(done.clone());
                }
            }
        });
        Reads(sender)
    }

    /// Comes back when the read is in the ledger.
    pub(super) async fn record(&self, ctx: &OpContext, deed: Deed) -> Result<(), OfficeError> {
        let (sender, answer) = oneshot::channel();
        self.0.send((ctx.clone(), deed, sender)).await.map_err(|_| OfficeError::Stopping)?;
        match answer.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => {
                Err(OfficeError::Refused(format!("the read cannot be written into the ledger: {reason}")))
            }
            Err(_) => Err(OfficeError::Stopping),
        }
    }
}
