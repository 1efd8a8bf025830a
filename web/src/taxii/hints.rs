//! Hints: a live stream (server-sent events, HTML Living Standard, section 9.2) that says when there is news in a collection, and nothing of
//! what it is. Whoever hears one asks for the objects behind those that it has; whoever misses one is told with the next.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use engine::office::Readable;
use model::limits::{HINT_HEARTBEAT_SECONDS, HINT_STREAMS_MAX, HINT_STREAMS_PER_TOKEN_MAX};
use model::{OpContext, Timestamp};
use tokio::sync::watch;

use super::answer::{Wrong, moment};
use super::peer::{Peer, Segments};
use crate::app::App;

/// How often the state is looked at for what other processes have put there.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often it is asked whether whoever listens still may.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// Who listens, and how often.
static LISTENING: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

/// One open stream.
struct Seat(String);

impl Seat {
    fn take(ctx: &OpContext) -> Result<Self, Wrong> {
        let who = format!("{}/{}", ctx.agency, ctx.actor);
        let mut listening = LISTENING.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = listening.values().sum();
        let own = listening.get(&who).copied().unwrap_or(0);
        if all >= HINT_STREAMS_MAX || own >= HINT_STREAMS_PER_TOKEN_MAX {
            return Err(Wrong::too_many("too many streams are open; end one first"));
        }
        listening.insert(who.clone(), own + 1);
        Ok(Seat(who))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut listening = LISTENING.lock().unwrap_or_else(PoisonError::into_inner);
        match listening.get_mut(&self.0) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(listening.remove(&self.0)),
        }
    }
}

/// A stream, and how far it has told.
struct Listener {
    app: App,
    peer: Peer,
    place: (String, String),
    from: Readable,
    news: watch::Receiver<u64>,
    told: Option<Timestamp>,
    asked: Instant,
    _seat: Seat,
}

impl Listener {
    /// Waits for news; `None` when the stream is to end.
    async fn next(&mut self) -> Option<Timestamp> {
        loop {
            // Before looking: what comes while we look is seen the next time.
            self.news.mark_unchanged();
            let latest = self.app.office.news_of(&self.peer.ctx, &self.from).await.ok()?;
            if self.told != Some(latest) {
                self.told = Some(latest);
                return Some(latest);
            }
            tokio::select! {
                _ = self.news.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.app.closing.cancelled() => return None,
            }
            if self.asked.elapsed() >= ASK_EVERY {
                self.ask().await?;
            }
        }
    }

    /// A token that has ended, or that may read this no more, hears nothing more.
    async fn ask(&mut self) -> Option<()> {
        self.asked = Instant::now();
        let ctx = self.app.entrance.program(&self.peer.secret).await.ok()??;
        self.from = self.app.office.readable(&ctx, &self.place.0, &self.place.1).await.ok()?;
        self.peer.ctx = ctx;
        Some(())
    }
}

/// When there is news in a collection: events called `news`, each with the collection and the moment up to which there are objects. One comes
/// at once.
#[utoipa::path(get, path = "/taxii2/{root}/collections/{id}/hints/", tag = "TAXII 2.1",
    params(("root" = String, Path), ("id" = String, Path)), security(("token" = []), ("token as password" = [])),
    responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(super) async fn hints(
    State(app): State<App>,
    peer: Peer,
    Segments((root, id)): Segments<(String, String)>,
) -> Result<Response, Wrong> {
    let from = app.office.readable(&peer.ctx, &root, &id).await?;
    let seat = Seat::take(&peer.ctx)?;
    let collection = from.collection().id.clone();
    let news = app.office.news();
    let listener =
        Listener { app, peer, place: (root, id), from, news, told: None, asked: Instant::now(), _seat: seat };
    let stream = futures::stream::unfold((listener, collection), async |(mut listener, collection)| {
        let upto = listener.next().await?;
        let data = serde_json::json!({ "collection": collection, "upto": moment(upto) }).to_string();
        Some((Ok::<_, Infallible>(Event::default().event("news").data(data)), (listener, collection)))
    });
    let beat = KeepAlive::new().interval(Duration::from_secs(HINT_HEARTBEAT_SECONDS));
    Ok(Sse::new(stream).keep_alive(beat).into_response())
}
