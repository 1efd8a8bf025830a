//! What every page needs.

use std::sync::Arc;

use engine::entrance::Entrance;
use engine::office::Office;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How the console is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address that people type; passkeys are bound to its host.
    pub public_url: Url,
}

impl Settings {
    /// What browsers say as `Origin` when they come from our own pages.
    pub(crate) fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// Whether the way to us is encrypted.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// An address of ours, whole.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }
}

/// The console's parts.
#[derive(Clone, Debug)]
pub struct App {
    /// What people do.
    pub office: Office,
    /// How they come in.
    pub entrance: Arc<Entrance>,
    /// How the console is reached.
    pub settings: Arc<Settings>,
    /// When it is cancelled, what is live ends: a server that stops waits for its answers.
    pub closing: CancellationToken,
}
