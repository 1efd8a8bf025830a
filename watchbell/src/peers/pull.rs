//! A pull from a peer: its collection page by page, each durable before the next is asked for.

use anyhow::{Context, Result};
use connect::feeds::taxii::{Cursor, RunLimits};
use connect::peers::{PeerClient, PeerWire};
use engine::office::{ArrivedFrom, Office, Peer, Took, wire_of};
use model::OpContext;
use model::doors::Clock;
use model::limits::{PEER_PULL_BYTES_MAX, PEER_PULL_ITEMS_MAX, PEER_PULL_PAGES_MAX};

use crate::node::SystemClock;

/// How a peer is spoken with.
///
/// # Errors
/// When its configuration cannot be read.
pub(crate) fn wire(peer: &Peer) -> Result<PeerWire> {
    serde_json::from_value(wire_of(peer)).context("how the peer is reached")
}

/// A client for a peer.
///
/// # Errors
/// When there is no token, or it cannot be asked.
pub(crate) async fn client(office: &Office, ctx: &OpContext, peer: &Peer) -> Result<PeerClient> {
    let wire = wire(peer)?;
    let secret = office.peer_secret(ctx, peer).await?;
    let secret = secret.context("we have no token there; hint: watchbell peer join")?;
    Ok(tokio::task::spawn_blocking(move || PeerClient::open(&wire, &secret)).await??)
}

/// Pulls what a peer has beyond the cursor, which moves with each page.
///
/// # Errors
/// When the peer cannot be asked, or the state refuses. What came before is kept.
pub(crate) async fn pull(
    office: &Office,
    client: &PeerClient,
    peer: &Peer,
    cursor: &mut Cursor,
    took: &mut Took,
) -> Result<()> {
    let taxii = client.taxii();
    let limits = RunLimits { bytes_max: PEER_PULL_BYTES_MAX, items_max: PEER_PULL_ITEMS_MAX };
    let mut pull = client.pull(&taxii, cursor.clone())?.with_limits(limits);
    for _ in 0..PEER_PULL_PAGES_MAX {
        let Some(page) = pull.next_page().await? else { return Ok(()) };
        let objects: Vec<&[u8]> = page.fresh_objects().collect();
        let from = ArrivedFrom::Pulled(serde_json::to_string(&page.cursor)?);
        let ctx = OpContext { now: SystemClock.now(), ..context(peer) };
        if objects.is_empty() && page.refused.is_empty() && page.cursor == *cursor {
            continue;
        }
        let mut of_page = office.take_from_peer(&ctx, peer, &objects, from).await?;
        of_page.bad += page.refused.len() as u64;
        of_page.notes.extend(page.refused.iter().take(10).map(ToString::to_string));
        took.add(of_page);
        *cursor = page.cursor;
    }
    Ok(())
}

/// In whose name the watch speaks with a peer.
pub(crate) fn context(peer: &Peer) -> OpContext {
    OpContext::new(peer.agency.clone(), "node", model::Roles::NODE, SystemClock.now())
}

/// The cursor that was kept.
pub(crate) fn cursor(peer: &Peer) -> Cursor {
    serde_json::from_str(&peer.pulled).unwrap_or_default()
}

/// One pull, by a command.
///
/// # Errors
/// As [`pull`].
pub(crate) async fn once(office: &Office, ctx: &OpContext, peer: &Peer) -> Result<Took> {
    let client = client(office, ctx, peer).await?;
    let (mut cursor, mut took) = (cursor(peer), Took::default());
    pull(office, &client, peer, &mut cursor, &mut took).await?;
    Ok(took)
}
