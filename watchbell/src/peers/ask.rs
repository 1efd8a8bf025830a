//! `watchbell intel ask`: whether a peer knows something, without saying what.

use std::io::Write;

use anyhow::{Context, Result, bail, ensure};
use connect::peers::PeerClient;
use engine::office::PeerView;
use intel::lookup::{Answer, Asker, Draws, Listed, Note, prefix, suffix};
use model::IndicatorKind;
use serde_json::json;

use super::pull;
use crate::cli::LookupTier;
use crate::exit::Exit;
use crate::intel::{Opened, say};

/// What a peer said.
enum Said {
    Unknown,
    Known(Option<Note>),
}

/// Asks one peer, or all that may be asked. Exit 0: somebody knows it; 1: nobody does.
pub(crate) async fn run(
    opened: &Opened,
    value: &str,
    peer: Option<&str>,
    tier: LookupTier,
    is_json: bool,
) -> Result<Exit> {
    let inferred = detect::indicators::infer(value);
    let (kind, value) = inferred.with_context(|| format!("{value:?} is nothing that can be looked for"))?;
    let peers = opened.office.peers(&opened.ctx).await?;
    let can_be_asked = |view: &PeerView| view.peer.has_secret() && view.peer.paused.is_none();
    let asked: Vec<PeerView> = match peer {
        Some(name) => vec![opened.office.peer(&opened.ctx, name).await?],
        None => peers.into_iter().filter(can_be_asked).collect(),
    };
    ensure!(!asked.is_empty(), "there is no peer to ask; hint: watchbell peer add");
    let (mut knows, mut failed) = (false, 0);
    let many = asked.len();
    for view in asked {
        let name = &view.peer.name;
        let said = ask(opened, &view, (kind, &value), tier).await;
        match said {
            Ok(said) => {
                knows |= matches!(said, Said::Known(_));
                tell(name, &said, is_json)?;
            }
            Err(error) => {
                failed += 1;
                eprintln!("{name} cannot be asked: {error:#}");
            }
        }
    }
    if failed == many {
        bail!("nobody could be asked");
    }
    Ok(if knows { Exit::Ok } else { Exit::Failed })
}

async fn ask(opened: &Opened, view: &PeerView, thing: (IndicatorKind, &str), tier: LookupTier) -> Result<Said> {
    let client = pull::client(&opened.office, &opened.ctx, &view.peer).await?;
    match tier {
        LookupTier::Oprf => oblivious(&client, thing).await,
        LookupTier::Prefix => {
            let suffixes = client.lookup_bucket(&prefix(thing.0, thing.1)).await?;
            let is_known = suffixes.contains(&suffix(thing.0, thing.1));
            Ok(if is_known { Said::Known(None) } else { Said::Unknown })
        }
    }
}

async fn oblivious(client: &PeerClient, (kind, value): (IndicatorKind, &str)) -> Result<Said> {
    let key = client.lookup_key().await?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
    let asker = Asker::new(kind, value, &mut Draws::new(&seed))?;
    let answers = client.lookup_evaluate(std::slice::from_ref(&asker.blinded)).await?;
    let answer = answers.into_iter().next().context("the peer did not answer")?;
    let answer = Answer { evaluated: answer.evaluated, proof: answer.proof };
    let output = asker.finish(&answer, &key.key)?;
    let list = client.lookup_list().await?;
    let mut list: Vec<Listed> = list.into_iter().map(|thing| Listed { name: thing.name, note: thing.note }).collect();
    // Whoever is asked may have sent it in another order.
    list.sort();
    Ok(output.find(&list)?.map_or(Said::Unknown, |note| Said::Known(Some(note))))
}

fn tell(peer: &str, said: &Said, is_json: bool) -> Result<()> {
    let (is_known, note) = match said {
        Said::Unknown => (false, None),
        Said::Known(note) => (true, note.as_ref()),
    };
    let organisations = note.and_then(|note| note.organisations);
    let last = note.and_then(|note| note.last_day).map(|day| {
        let at = model::Timestamp::from_millis(i64::from(day) * 86_400_000).to_string();
        at.get(..10).unwrap_or_default().to_owned()
    });
    if is_json {
        return say(&json!({ "peer": peer, "known": is_known, "organisations": organisations, "last_seen": last }));
    }
    let mut words = format!("{peer} {}", if is_known { "has seen it" } else { "does not know it" });
    if let Some(organisations) = organisations {
        words.push_str(&format!(", with others: {organisations} organisations"));
    }
    if let Some(last) = last {
        words.push_str(&format!(", last on {last}"));
    }
    writeln!(std::io::stdout().lock(), "{words}")?;
    Ok(())
}
