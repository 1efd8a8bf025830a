//! The console, and the link that lets the first person in.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::entrance::Entrance;
use engine::office::{Gauges, Hunter};
use model::doors::Clock;
use model::{OpContext, Roles};
use store::state::State;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::Config;
use crate::feed::door::Door;
use crate::node::{self, SystemClock};

/// The console, ready to be mounted.
pub(super) struct Console {
    pub(super) app: web::App,
    /// Where the first person comes in, when nobody has been here yet.
    pub(super) setup_url: Option<String>,
}

/// Opens the console of an installation that listens there.
///
/// # Errors
/// When its address cannot be used, or vault or state refuse.
pub(super) async fn open(
    config: &Config,
    state: &State,
    listening: SocketAddr,
    behind: (Arc<dyn Hunter>, Arc<dyn Gauges>),
    closing: CancellationToken,
) -> Result<Console> {
    let public_url = match &config.public_url {
        Some(url) => url.clone(),
        None => {
            let scheme = if config.tls.is_some() { "https" } else { "http" };
            Url::parse(&format!("{scheme}://localhost:{}", listening.port())).context("the console's address")?
        }
    };
    let office = node::office(config, state).await?.with(behind.0, behind.1).with_feeds(Arc::new(Door));
    let ctx = OpContext::new(config.agency.clone(), "node", Roles::NODE, SystemClock.now());
    let admitted = office.admit_first(&ctx).await.context("cannot make the link for the first person")?;
    let origin = public_url.origin().ascii_serialization();
    let setup_url = admitted.map(|admitted| format!("{origin}/setup#{}", URL_SAFE_NO_PAD.encode(admitted.secret)));
    let entrance = Entrance::new(office.clone(), config.agency.clone(), &public_url, config.staff.clone())?;
    let settings = Arc::new(web::Settings { public_url });
    Ok(Console { app: web::App { office, entrance, settings, closing }, setup_url })
}
