//! Breaches, by the first six digits of the hashes of the staff's mail addresses: no address leaves the city.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use connect::feeds::Feed;
use engine::intel::StaffAccount;
use formats::intel::breach;
use model::limits::HIBP_PREFIXES_MAX;

use super::Talk;

/// Digits that are told: of accounts, not of passwords.
const DIGITS: usize = 6;

pub(super) async fn lead(talk: &mut Talk<'_>, feed: &Feed) -> Result<()> {
    let (staff, prefixes) = prefixes(talk)?;
    let ranges = feed.hibp();
    let last = talk.memory.prefix.clone().unwrap_or_default();
    let asked = prefixes.iter().filter(|prefix| **prefix > last);
    for (number, prefix) in asked.enumerate() {
        if number >= HIBP_PREFIXES_MAX || talk.is_at_limit() {
            return Ok(());
        }
        let bytes = ranges.range(prefix).await?;
        take(talk, &staff, prefix, &bytes);
        talk.memory.prefix = Some(prefix.clone());
        talk.say("hashes");
        talk.keep_if_large().await?;
    }
    talk.memory.prefix = None;
    Ok(())
}

fn take(talk: &mut Talk<'_>, staff: &[StaffAccount], prefix: &str, bytes: &[u8]) {
    let mut gatherer =
        talk.gatherer.take().unwrap_or_else(|| talk.asked.gatherer(super::WHOLE_PAGES).looking_for(staff.to_vec()));
    let tally = breach::read(bytes, prefix, &mut |found| gatherer.take(found));
    talk.gatherer = Some(gatherer);
    talk.count(bytes.len() as u64, tally.records);
}

/// The staff's accounts, and the prefixes of their hashes, in order.
fn prefixes(talk: &mut Talk<'_>) -> Result<(Vec<StaffAccount>, BTreeSet<String>)> {
    let (staff, strangers) = talk.asked.office.city(talk.asked.ctx).staff()?;
    if strangers > 0 {
        talk.note(format!(
            "{strangers} lines of the staff's accounts are no addresses at the city's domains, and are not asked for"
        ));
    }
    ensure!(!staff.is_empty(), "no account of the staff to ask for; hint: [city] staff_accounts and domains");
    let prefixes = staff.iter().filter_map(|account| Some(account.sha1.get(..DIGITS)?.to_owned())).collect();
    Ok((staff, prefixes))
}

pub(super) async fn glance(talk: &mut Talk<'_>, feed: &Feed) -> Result<Vec<String>> {
    let (staff, prefixes) = prefixes(talk)?;
    let offered = vec![format!("{} accounts of the staff, {} prefixes of their hashes", staff.len(), prefixes.len())];
    if let Some(prefix) = prefixes.first() {
        let bytes = feed.hibp().range(prefix).await?;
        take(talk, &staff, prefix, &bytes);
    }
    Ok(offered)
}
