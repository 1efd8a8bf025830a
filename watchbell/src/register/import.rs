//! `watchbell register import`: what files say, planned and done.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use engine::office::{ImportDocument, ImportPlan, ImportScope};
use model::limits;
use model::register::ItemId;
use serde_json::json;

use super::readers;
use crate::cli::ImportArgs;
use crate::exit::Exit;
use crate::intel::{Opened, open, say};
use crate::node;
use crate::words::counted;

/// Names of one sort that are printed.
const NAMES_SHOWN: usize = 20;

pub(super) async fn run(arguments: &ImportArgs) -> Result<Exit> {
    let mut document = ImportDocument::default();
    for path in &arguments.files {
        document.add(readers::read(path, arguments.form)?);
    }
    let scope = if arguments.whole { ImportScope::Whole } else { ImportScope::Part };
    let opened = open(&arguments.whose).await?;
    for bill in &arguments.sbom {
        add_bill(&opened, &mut document, &bill.item, &bill.file).await?;
    }
    let (office, ctx) = (&opened.office, &opened.ctx);
    let plan = match arguments.dry_run {
        true => office.plan_import(ctx, &document, scope).await.context("cannot plan the import")?,
        false => office.import(ctx, &document, scope).await.context("cannot import")?,
    };
    node::sign(&opened.config, &opened.state).await?;
    match arguments.json {
        true => say(&as_json(&plan, !arguments.dry_run))?,
        false => tell(&plan, arguments.dry_run)?,
    }
    Ok(if plan.refused_count() == 0 { Exit::Ok } else { Exit::Failed })
}

/// What is in an item, beside what is said of its software already.
async fn add_bill(opened: &Opened, document: &mut ImportDocument, id: &ItemId, path: &Path) -> Result<()> {
    let bill = readers::bill(path)?;
    let mut item = match document.items.iter().position(|item| item.id == *id) {
        Some(place) => document.items.swap_remove(place),
        None => {
            let found = opened.office.item(&opened.ctx, id, None).await;
            found.with_context(|| format!("cannot add {} to {id}", path.display()))?.version.item
        }
    };
    for refused in readers::refused_of(&bill) {
        document.refuse(format!("{}: {}", path.display(), refused.name), refused.reason);
    }
    let components = bill.components.iter().enumerate().filter(|(place, _)| Some(*place) != bill.subject);
    for (_, component) in components {
        let software = component.software();
        if software.product.is_empty() || item.software.contains(&software) {
            continue;
        }
        if item.software.len() >= limits::ITEM_LIST_MAX {
            let most = limits::ITEM_LIST_MAX;
            document.refuse(
                format!("{}: {}", path.display(), software.product),
                format!("{id} has {most} programs already"),
            );
            continue;
        }
        item.software.push(software);
    }
    document.items.push(item);
    Ok(())
}

fn as_json(plan: &ImportPlan, is_done: bool) -> serde_json::Value {
    let ids = |items: &[model::register::Item]| items.iter().map(|item| item.id.to_string()).collect::<Vec<_>>();
    let places = |links: &[model::register::Link]| {
        links.iter().map(|link| engine::office::LinkPlace::of(link).to_string()).collect::<Vec<_>>()
    };
    let changed = plan.changed_items.iter().map(|(item, fields)| json!({ "id": item.id, "fields": fields }));
    json!({
        "done": is_done,
        "new_items": ids(&plan.new_items), "changed_items": changed.collect::<Vec<_>>(), "gone_items": ids(&plan.gone_items),
        "new_links": places(&plan.new_links), "changed_links": places(&plan.changed_links),
        "gone_links": plan.gone_links.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "unchanged": plan.unchanged, "refused": plan.refused, "refused_untold": plan.refused_untold,
        "gone_held": plan.is_gone_held,
    })
}

fn tell(plan: &ImportPlan, is_dry: bool) -> Result<()> {
    let changed = |(item, fields): &(model::register::Item, Vec<String>)| format!("{}: {}", item.id, fields.join(", "));
    names("+", plan.new_items.iter().map(|item| item.id.to_string()))?;
    names("~", plan.changed_items.iter().map(changed))?;
    names("-", plan.gone_items.iter().map(|item| item.id.to_string()))?;
    names("!", plan.refused.iter().map(|one| format!("{}: {}", one.name, one.reason)))?;
    let mood = if is_dry { "would be " } else { "" };
    let sorts = |[new, changed, gone]: [usize; 3]| {
        format!("{} {mood}new, {} {mood}changed, {} {mood}gone", count(new), count(changed), count(gone))
    };
    eprintln!("items: {}", sorts([plan.new_items.len(), plan.changed_items.len(), plan.gone_items.len()]));
    eprintln!("links: {}", sorts([plan.new_links.len(), plan.changed_links.len(), plan.gone_links.len()]));
    if plan.refused_count() > 0 {
        eprintln!("not taken: {}", counted(plan.refused_count(), "entry"));
    }
    if plan.is_gone_held {
        eprintln!("nothing is taken for gone, since something could not be read; hint: mend it and import again");
    }
    Ok(())
}

/// The first of these, and how many more there are.
fn names(sign: &str, names: impl ExactSizeIterator<Item = String>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let more = names.len().saturating_sub(NAMES_SHOWN);
    for name in names.take(NAMES_SHOWN) {
        writeln!(out, "{sign} {name}")?;
    }
    if more > 0 {
        writeln!(out, "{sign} and {} more", count(more))?;
    }
    Ok(())
}

fn count(number: usize) -> String {
    crate::words::count(number as u64)
}
