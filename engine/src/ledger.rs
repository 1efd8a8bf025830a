//! The ledger's files behind the database: signing what is new, and verifying everything. See [`store::ledger`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::limits;
use store::ledger::{
    Checkpoint, KeyFileError, LedgerFiles, LedgerFilesError, LedgerKey, NoteError, Verdict, Verifier, VerifierKey,
};
use store::state::{State, StateError};

/// How often somebody who is publishing already is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// How often at most: five seconds.
const ASKS_MAX: usize = 250;

/// Why a ledger cannot be signed or verified. What is wrong with its entries is no error but a [`Verdict`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The key.
    #[error("cannot use the ledger's key")]
    Key(#[from] KeyFileError),
    /// The files.
    #[error("cannot use the ledger's files")]
    Files(#[from] LedgerFilesError),
    /// The database.
    #[error("cannot read the ledger")]
    State(#[from] StateError),
    /// Somebody else is publishing for ever.
    #[error("another program has been signing the ledger for five seconds")]
    Busy,
    /// An entry that is to be signed makes no sense.
    #[error("entry {0} makes no sense and is not signed. hint: `watchbell audit verify`")]
    Nonsense(u64),
    /// A checkpoint that was kept elsewhere is none of this ledger.
    #[error("the checkpoint in {}", path.display())]
    Kept {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: NoteError,
    },
}

/// A ledger's key and files.
#[derive(Debug)]
pub struct Ledger {
    key: LedgerKey,
    files: LedgerFiles,
}

/// Verifies a ledger in these files against the database, without the secret key.
///
/// # Errors
/// When files or database cannot be read at all.
pub async fn verify_with(
    state: &State,
    files: LedgerFiles,
    key: &VerifierKey,
    kept_elsewhere: &[Checkpoint],
    mut progress: impl FnMut(u64),
) -> Result<Verdict, LedgerError> {
    // The head first: what is added while entries are read is left for the next time.
    let head = state.ledger_head().await?;
    let mut verifier = Verifier::new(files, key, kept_elsewhere)?;
    let upto = head.size().max(verifier.covered());
    let mut number = 0;
    while number < upto {
        let page = state.ledger_from(number, limits::LEDGER_PAGE_MAX).await?;
        let Some((last, _)) = page.last() else { break };
        number = last + 1;
        for (number, line) in page.iter().filter(|(number, _)| *number < upto) {
            verifier.push(*number, line.as_ref().map(|line| (&line.entry, line.detail.as_ref())));
        }
        progress(number);
    }
    Ok(verifier.finish(&head))
}

impl Ledger {
    /// The ledger of an installation; its key is made when there is none.
    ///
    /// # Errors
    /// When the key cannot be read or made.
    pub fn open(key_file: &Path, folder: &Path) -> Result<Self, LedgerError> {
        Ok(Ledger { key: LedgerKey::open_or_make(key_file)?, files: LedgerFiles::new(folder) })
    }

    /// The key that others verify checkpoints with.
    pub fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Signs a document by the ledger's key, in base64. Its first bytes have to say what it is: see [`VerifierKey::has_signed`].
    pub fn sign_document(&self, document: &[u8]) -> String {
        self.key.sign_document(document)
    }

    /// The newest checkpoint as it was signed, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn note(&self) -> Result<Option<String>, LedgerError> {
        Ok(self.files.note()?)
    }

    /// Signs what is new, after it was compared with what was signed before. Says how many entries the newest checkpoint covers.
    ///
    /// # Errors
    /// When files and database do not fit to each other: then nothing is signed.
    pub async fn publish(&self, state: &State) -> Result<u64, LedgerError> {
        let mut asks = 0;
        let _lock = loop {
            match self.files.lock()? {
                Some(lock) => break lock,
                None if asks == ASKS_MAX => return Err(LedgerError::Busy),
                None => tokio::time::sleep(ASK_AGAIN).await,
            }
            asks += 1;
        };
        let signed = self.files.checkpoint(self.key.verifier())?.map_or(0, |checkpoint| checkpoint.size);
        let head = state.ledger_head().await?;
        let mut hashes = Vec::new();
        let mut number = signed;
        while number < head.size() {
            let page = state.ledger_from(number, limits::LEDGER_PAGE_MAX).await?;
            let Some((last, _)) = page.last() else { break };
            number = last + 1;
            for (number, line) in page.iter().filter(|(number, _)| *number < head.size()) {
                hashes.push(line.as_ref().ok_or(LedgerError::Nonsense(*number))?.entry.hash());
            }
        }
        self.files.publish(&self.key, &hashes, &head)?;
        Ok(head.size())
    }

    /// Reads every entry and compares it with what was signed, here and elsewhere; `progress` is told how many are done.
    ///
    /// # Errors
    /// When files or database cannot be read at all.
    pub async fn verify(
        &self,
        state: &State,
        kept_elsewhere: &[Checkpoint],
        progress: impl FnMut(u64),
    ) -> Result<Verdict, LedgerError> {
        verify_with(state, self.files.clone(), self.key.verifier(), kept_elsewhere, progress).await
    }

    /// Reads a checkpoint of this ledger that was kept elsewhere.
    ///
    /// # Errors
    /// When the text is none, or was not signed by this ledger's key.
    pub fn kept(&self, path: &Path, text: &str) -> Result<Checkpoint, LedgerError> {
        self.key.verifier().open(text).map_err(|source| LedgerError::Kept { path: path.to_owned(), source })
    }
}
