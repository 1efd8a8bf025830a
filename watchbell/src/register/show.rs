//! The register in the terminal.

use std::io::Write;

use anyhow::{Context, Result};
use engine::office::{
    Discovered, ExposureAsked, ItemVersion, ItemView, ItemsAsked, LinkVersion, LinkedItem, Unregistered,
};
use model::register::{Item, ItemId, ItemKind};
use model::{Timestamp, limits};
use serde_json::{Value, json};

use crate::cli::{ItemListArgs, Told};
use crate::exit::Exit;
use crate::intel::{Opened, say, show::table};
use crate::words::{count, counted};

/// What stands where nobody has said anything.
const UNSAID: &str = "unsaid";

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

fn minute(at: Timestamp) -> String {
    at.to_string().get(..16).unwrap_or_default().replace('T', " ")
}

/// A version as JSON: the item itself, and who said so from when until when.
pub(super) fn version_json(version: &ItemVersion) -> Value {
    let mut value = serde_json::to_value(&version.item).unwrap_or_default();
    value["from"] = json!(version.from.to_string());
    value["until"] = json!(text(version.until));
    value["by"] = json!(version.by);
    value
}

fn link_json(version: &LinkVersion) -> Value {
    json!({
        "link": version.link, "from": version.from.to_string(), "until": text(version.until), "by": version.by,
        "ended_by": version.ended_by,
    })
}

pub(super) async fn list(
    opened: &Opened,
    arguments: &ItemListArgs,
    (kind, but): (Option<ItemKind>, Option<ItemKind>),
    at: Option<Timestamp>,
) -> Result<Exit> {
    let exposure = match arguments.exposure {
        None => ExposureAsked::Any,
        Some(Told::Unsaid) => ExposureAsked::Unsaid,
        Some(Told::This(exposure)) => ExposureAsked::Is(exposure),
    };
    let mut asked = ItemsAsked {
        kind,
        but,
        state: arguments.state,
        exposure,
        text: arguments.text.clone(),
        at,
        after: None,
        rows_max: limits::REGISTER_PAGE_MAX,
    };
    let mut found = Vec::new();
    while found.len() < arguments.rows {
        asked.rows_max = (arguments.rows - found.len()).min(limits::REGISTER_PAGE_MAX);
        let page = opened.office.items(&opened.ctx, &asked).await.context("cannot read the register")?;
        found.extend(page.items);
        asked.after = page.next;
        if asked.after.is_none() {
            break;
        }
    }
    if arguments.json {
        found.iter().try_for_each(|version| say(&version_json(version)))?;
        return Ok(Exit::Ok);
    }
    match found.is_empty() {
        true => eprintln!("nothing; hint: watchbell service add, watchbell asset add, watchbell register import FILE"),
        false => print(&found)?,
    }
    if asked.after.is_some() {
        eprintln!("and more (--rows N shows more)");
    }
    Ok(Exit::Ok)
}

/// A table of items.
pub(super) fn print(found: &[ItemVersion]) -> Result<()> {
    let mut rows = table(&["name", "kind", "is", "exposure", "residents", "owner", "title"]);
    for ItemVersion { item, .. } in found {
        rows.add_row([
            item.id.to_string(),
            item.kind.name().to_owned(),
            item.state.name().to_owned(),
            item.exposure.map_or(UNSAID, |exposure| exposure.name()).to_owned(),
            item.residents.map_or_else(|| UNSAID.to_owned(), count),
            if item.owner.is_empty() { UNSAID.to_owned() } else { item.owner.clone() },
            item.title.clone(),
        ]);
    }
    writeln!(std::io::stdout().lock(), "{rows}")?;
    Ok(())
}

pub(super) fn one(view: &ItemView, is_json: bool) -> Result<Exit> {
    if is_json {
        let mut value = version_json(&view.version);
        let linked = |links: &[LinkedItem]| -> Value {
            let one = |one: &LinkedItem| {
                let mut value = link_json(&one.version);
                value["other"] = json!({ "kind": one.kind, "title": one.title, "state": one.state });
                value
            };
            links.iter().map(one).collect()
        };
        value["links_from"] = linked(&view.links_from);
        value["links_to"] = linked(&view.links_to);
        value["links_cut"] = json!(view.is_cut);
        say(&value)?;
        return Ok(Exit::Ok);
    }
    let mut out = std::io::stdout().lock();
    let ItemVersion { item, from, until, by } = &view.version;
    writeln!(out, "{} ({}, {}): {}", item.id, item.kind, item.state, item.title)?;
    if !item.about.is_empty() {
        writeln!(out, "{}", item.about)?;
    }
    for (name, value) in facts(item) {
        writeln!(out, "  {name:18} {value}")?;
    }
    let end = until.map_or_else(String::new, |until| format!(" until {}", minute(until)));
    writeln!(out, "  {:18} {}{end}, by {by}", "since", minute(*from))?;
    for (words, links) in [("needs", &view.links_from), ("is needed by", &view.links_to)] {
        for LinkedItem { version, kind, title, .. } in links {
            let other = if version.link.from == item.id { &version.link.to } else { &version.link.from };
            writeln!(out, "  {words:18} {} {other} ({kind}): {title}", version.link.kind)?;
        }
    }
    if view.is_cut {
        writeln!(out, "  and more links than are shown")?;
    }
    Ok(Exit::Ok)
}

/// What is said of an item, and that nobody has said it.
fn facts(item: &Item) -> Vec<(&'static str, String)> {
    let yes_no = |said: Option<bool>| match said {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => UNSAID.to_owned(),
    };
    let number = |said: Option<u64>| said.map_or_else(|| UNSAID.to_owned(), count);
    let data = match &item.data {
        None => UNSAID.to_owned(),
        Some(held) if held.is_empty() => "none".to_owned(),
        Some(held) => {
            let one = |held: &model::register::DataHeld| match held.residents {
                Some(residents) => format!("{} of {}", held.category, counted(residents, "resident")),
                None => format!("{} of nobody knows how many", held.category),
            };
            held.iter().map(one).collect::<Vec<_>>().join(", ")
        }
    };
    let water = item.categorization.as_ref().and_then(model::register::Categorization::high_water);
    let mut facts = vec![
        ("exposure", item.exposure.map_or(UNSAID, |exposure| exposure.name()).to_owned()),
        ("owner", if item.owner.is_empty() { UNSAID.to_owned() } else { item.owner.clone() }),
        ("personal data", data),
        ("lives hang on it", yes_no(item.is_life_safety)),
        ("residents", number(item.residents)),
        ("a day without it", number(item.day_costs)),
        ("categorized", water.map_or(UNSAID, |impact| impact.name()).to_owned()),
    ];
    let lists = [
        ("addresses", item.addresses.iter().map(ToString::to_string).collect::<Vec<_>>()),
        ("labels", item.labels.clone()),
        ("information types", item.information_types.clone()),
        ("software", item.software.iter().map(|one| format!("{} {}", one.product, one.version)).collect()),
    ];
    facts.extend(lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name, list.join(", "))));
    if item.is_mobile {
        facts.push(("telephones", "it is or has an app".to_owned()));
    }
    facts
}

pub(super) async fn history(opened: &Opened, id: &ItemId, is_json: bool) -> Result<Exit> {
    let history = opened.office.item_history(&opened.ctx, id, None).await;
    let (versions, links) = history.context("cannot read the history")?;
    if is_json {
        versions.iter().try_for_each(|version| say(&version_json(version)))?;
        links.iter().try_for_each(|version| say(&link_json(version)))?;
        return Ok(Exit::Ok);
    }
    let mut rows = table(&["from (UTC)", "until (UTC)", "by", "what"]);
    let until = |at: Option<Timestamp>| at.map_or_else(|| "now".to_owned(), minute);
    for (at, version) in versions.iter().enumerate() {
        let what = versions.get(at + 1).map_or_else(
            || format!("added: {} {}", version.item.kind, version.item.title),
            |before| changes(&before.item, &version.item),
        );
        rows.add_row([minute(version.from), until(version.until), version.by.clone(), what]);
    }
    for version in &links {
        let place = engine::office::LinkPlace::of(&version.link);
        rows.add_row([minute(version.from), until(version.until), version.by.clone(), format!("link: {place}")]);
    }
    writeln!(std::io::stdout().lock(), "{rows}")?;
    Ok(Exit::Ok)
}

/// What of an item changed, in a line.
fn changes(before: &Item, after: &Item) -> String {
    let fields = |item: &Item| serde_json::to_value(item).ok().and_then(|value| value.as_object().cloned());
    let (before, after) = (fields(before).unwrap_or_default(), fields(after).unwrap_or_default());
    let short = |value: Option<&Value>| match value {
        None => UNSAID.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string().chars().take(60).collect(),
    };
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    changed
        .map(|name| format!("{name}: {} → {}", short(before.get(name)), short(after.get(name))))
        .collect::<Vec<_>>()
        .join("; ")
}

fn words_of(number: u64) -> String {
    if number == 1 { "1 address or name".to_owned() } else { format!("{} addresses and names", count(number)) }
}

pub(super) fn discovered(found: &Discovered, rows_max: usize, is_json: bool) -> Result<()> {
    let as_json = |one: &Unregistered| {
        json!({
            "kind": one.kind.name(), "value": one.value, "because": one.because, "retired": one.retired,
            "ports": one.ports, "events": one.events, "machines": one.machines.count(),
            "machines_more": one.machines.is_full(), "days": one.days.len(), "first": one.first.to_string(),
            "last": one.last.to_string(),
        })
    };
    if is_json {
        found.found.iter().try_for_each(|one| say(&as_json(one)))?;
    } else if !found.found.is_empty() {
        let mut rows = table(&["talks", "events", "days", "last (UTC)", "ports", "why it is ours", "registered as"]);
        for one in found.found.iter().take(rows_max) {
            rows.add_row([
                one.value.clone(),
                count(one.events),
                one.days.len().to_string(),
                minute(one.last),
                one.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                one.because.clone(),
                one.retired.as_ref().map_or_else(|| "nothing".to_owned(), |id| format!("{id}, which is retired")),
            ]);
        }
        writeln!(std::io::stdout().lock(), "{rows}")?;
    }
    if found.days == 0 {
        eprintln!("nothing is known of these days; hint: `watchbell serve` takes records in");
    } else {
        let total = found.found.len() as u64 + found.left_out;
        let days = counted(u64::from(found.days), "day");
        eprintln!("{} in {days} that nobody has registered", words_of(total));
    }
    if found.damaged > 0 {
        eprintln!("{} of what was seen could not be read", counted(found.damaged, "part"));
    }
    Ok(())
}
