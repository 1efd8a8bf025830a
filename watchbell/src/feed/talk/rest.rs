//! A MISP's REST interface: events that were changed since the last run.

use anyhow::Result;
use connect::feeds::Feed;
use connect::feeds::misp::{Cursor, MispError};
use engine::intel::IntelFormat;

use super::Talk;

pub(super) async fn lead(talk: &mut Talk<'_>, feed: &Feed) -> Result<()> {
    let rest = feed.misp_rest();
    let cursor = talk.memory.misp.clone().unwrap_or_default();
    let mut pull = rest.pull(cursor).with_limits(talk.limits());
    loop {
        let page = match pull.next_page().await {
            Ok(Some(page)) => page,
            Ok(None) => break,
            Err(MispError::RunLimit { .. }) => {
                talk.note("there is more than one run may bring; the next run goes on behind it".to_owned());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let (events, cursor) = (page.events.len(), page.cursor);
        talk.take(IntelFormat::Misp, page.bytes, events).await?;
        talk.memory.misp = Some(cursor);
        talk.say("events");
        talk.keep_if_large().await?;
    }
    if let Some(end) = pull.end() {
        talk.memory.misp = Some(end);
    }
    Ok(())
}

pub(super) async fn glance(talk: &mut Talk<'_>, feed: &Feed) -> Result<Vec<String>> {
    let rest = feed.misp_rest();
    let version = rest.version().await?;
    let mut pull = rest.pull(Cursor::default());
    if let Some(page) = pull.next_page().await? {
        let events = page.events.len();
        talk.take(IntelFormat::Misp, page.bytes, events).await?;
    }
    Ok(vec![format!("MISP {version}")])
}
