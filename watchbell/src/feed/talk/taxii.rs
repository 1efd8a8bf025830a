//! A TAXII 2.1 server: the collections that were named, or all that can be read, one after another.

use anyhow::{Result, ensure};
use connect::feeds::Feed;
use connect::feeds::taxii::{Offer, Place, TaxiiError};
use engine::intel::IntelFormat;

use super::Talk;

pub(super) async fn lead(talk: &mut Talk<'_>, feed: &Feed) -> Result<()> {
    let client = feed.taxii();
    let offer = client.offer(feed.target()).await?;
    let places = chosen(talk, &offer)?;
    let mut failed = None;
    for place in places {
        // One collection that fails costs itself.
        if let Err(error) = one(talk, feed, &place).await {
            talk.note(format!("collection {}: {error:#}", place.collection.id));
            failed.get_or_insert(error);
        }
        if talk.is_at_limit() {
            break;
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn one(talk: &mut Talk<'_>, feed: &Feed, place: &Place) -> Result<()> {
    let client = feed.taxii();
    let key = key_of(place);
    let cursor = talk.memory.taxii.get(&key).cloned().unwrap_or_default();
    let mut pull = client.pull(&place.root, &place.collection.id, cursor)?.with_limits(talk.limits());
    loop {
        let page = match pull.next_page().await {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(()),
            Err(TaxiiError::RunLimit { .. }) => {
                talk.note("there is more than one run may bring; the next run goes on behind it".to_owned());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        page.notes.iter().for_each(|note| talk.note(note.text().to_owned()));
        page.refused.iter().for_each(|refused| talk.refuse(refused.to_string()));
        let (fresh, cursor) = (page.fresh.len(), page.cursor);
        talk.take(IntelFormat::Stix, page.bytes, fresh).await?;
        talk.memory.taxii.insert(key.clone(), cursor);
        talk.say(&place.collection.title);
        talk.keep_if_large().await?;
    }
}

/// A collection's address.
fn key_of(place: &Place) -> String {
    let root = &place.root;
    format!("{}{}collections/{}/", root.origin(), root.path(), place.collection.id)
}

/// The collections that are to be read.
fn chosen(talk: &mut Talk<'_>, offer: &Offer) -> Result<Vec<Place>> {
    offer.refused.iter().for_each(|refused| talk.refuse(refused.to_string()));
    let wanted = &talk.asked.settings.feed.collections;
    let is =
        |place: &Place, name: &String| place.collection.id == *name || place.collection.alias.as_ref() == Some(name);
    let there = || offer.places.iter().map(|place| place.collection.id.as_str()).collect::<Vec<_>>().join(", ");
    let missing = wanted.iter().find(|name| !offer.places.iter().any(|place| is(place, name)));
    if let Some(name) = missing {
        anyhow::bail!("the server has no collection {name}; it has: {}", there());
    }
    let chosen: Vec<Place> = offer
        .places
        .iter()
        .filter(|place| place.collection.can_read && (wanted.is_empty() || wanted.iter().any(|name| is(place, name))))
        .cloned()
        .collect();
    ensure!(!chosen.is_empty(), "there is no collection that we may read; it has: {}", there());
    Ok(chosen)
}

pub(super) async fn glance(talk: &mut Talk<'_>, feed: &Feed) -> Result<Vec<String>> {
    let client = feed.taxii();
    let offer = client.offer(feed.target()).await?;
    let offered = offer.places.iter().map(|place| {
        let rights = if place.collection.can_read { "" } else { ", not to be read" };
        format!("collection {} ({}{rights})", place.collection.id, place.collection.title)
    });
    let offered = offered.collect();
    if let Some(place) = chosen(talk, &offer)?.first() {
        let mut pull = client.pull(&place.root, &place.collection.id, Default::default())?;
        if let Some(page) = pull.next_page().await? {
            let fresh = page.fresh.len();
            talk.take(IntelFormat::Stix, page.bytes, fresh).await?;
        }
    }
    Ok(offered)
}
