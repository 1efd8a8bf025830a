//! `watchbell vuln check`: the register held against advisories.

use anyhow::{Context, Result};
use engine::office::CheckOutcome;
use model::limits;
use model::vulnerability::Instance;
use serde_json::json;

use super::gather::{self, say_refused};
use super::{bytes_of, show};
use crate::cli::VulnCheckArgs;
use crate::exit::Exit;
use crate::intel::{open, say};
use crate::words::counted;
use crate::{node, progress};

/// Notes that are told one by one.
const NOTES_SHOWN: usize = 20;

pub(super) async fn run(arguments: &VulnCheckArgs) -> Result<Exit> {
    let spinner = progress::spinner(arguments.json);
    let mut evidence = gather::evidence(&arguments.from, |name| spinner.set_message(format!("reading {name}")))?;
    for one in &arguments.sbom {
        let bytes = bytes_of(&one.file, limits::SBOM_BYTES_MAX)?;
        let bill = formats::sbom::read(&bytes).map_err(|trouble| anyhow::anyhow!("{}", trouble.detail));
        let bill = bill.with_context(|| format!("{} is no bill of materials", one.file.display()))?;
        let refused = bill.refused.iter().map(|own| (own.place.clone(), own.trouble.detail.to_string()));
        say_refused(&one.file, refused, bill.refused_count);
        evidence.bills.push((one.item.clone(), bill));
    }
    // What makers say of their products in one bill may be about parts in another.
    let bills: Vec<_> = evidence.bills.iter().map(|(_, bill)| bill).collect();
    let said: Vec<_> = bills.iter().flat_map(|bill| bill.statements(&bills)).collect();
    evidence.advisories.extend(said);
    spinner.set_message("comparing");
    let opened = open(&arguments.whose).await?;
    let outcome = opened.office.plan_check(&opened.ctx, evidence).await.context("cannot check")?;
    if !arguments.dry_run {
        opened.office.record_check(&opened.ctx, &outcome.result).await.context("cannot keep what was found")?;
        node::sign(&opened.config, &opened.state).await?;
    }
    spinner.finish_and_clear();
    tell(&outcome, (arguments.dry_run, arguments.json))?;
    Ok(Exit::Ok)
}

/// Says what was found, or would be kept.
pub(super) fn tell(CheckOutcome { result, notes }: &CheckOutcome, (is_dry, is_json): (bool, bool)) -> Result<()> {
    let open: Vec<&Instance> = result.instances.iter().filter(|one| one.is_open()).collect();
    let not_checked: Vec<_> = result.checked.iter().filter(|one| one.looked_at == 0).collect();
    for note in notes.iter().take(NOTES_SHOWN) {
        eprintln!("{note}");
    }
    if notes.len() > NOTES_SHOWN {
        eprintln!("and {} more", counted((notes.len() - NOTES_SHOWN) as u64, "note"));
    }
    if is_json {
        result.instances.iter().try_for_each(|one| say(&show::instance_json(one)))?;
        return say(&json!({
            "done": !is_dry, "items": result.checked.len(), "open": open.len(),
            "exploited": open.iter().filter(|one| one.is_exploited == Some(true)).count(),
            "items_not_checked": not_checked.iter().map(|one| json!({
                "item": one.item, "why": one.not_looked_at })).collect::<Vec<_>>(),
            "notes": notes,
        }));
    }
    if is_dry {
        show::instances(&open)?;
    }
    let mood = if is_dry { "would be kept" } else { "kept" };
    let exploited = open.iter().filter(|one| one.is_exploited == Some(true)).count();
    eprintln!(
        "{mood}: {} on {}, {exploited} of them exploited",
        counted(open.len() as u64, "vulnerability"),
        counted(result.checked.len() as u64, "item"),
    );
    if !not_checked.is_empty() {
        let named: Vec<String> = not_checked.iter().take(NOTES_SHOWN).map(|one| one.item.to_string()).collect();
        eprintln!("not checked: {} ({})", counted(not_checked.len() as u64, "item"), named.join(", "));
    }
    Ok(())
}
