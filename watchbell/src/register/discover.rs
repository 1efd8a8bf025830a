//! `watchbell register discover`: what talks or runs, and does not stand in the register; and writing down what runs.

use std::io::Write;

use anyhow::{Context, Result};
use engine::office::{Office, Registered, SoftwareAt, SoftwareFound, SoftwareTaken};
use engine::seen::SeenFiles;
use model::Day;
use model::register::Software;
use serde_json::{Value, json};

use super::show;
use crate::cli::DiscoverArgs;
use crate::exit::Exit;
use crate::intel::{open, say, show::table};
use crate::node;
use crate::words::{count, counted};

pub(super) async fn run(arguments: &DiscoverArgs) -> Result<Exit> {
    let opened = open(&arguments.whose).await?;
    let (office, ctx) = (&opened.office, &opened.ctx);
    let files = SeenFiles::at(opened.config.seen_dir());
    let talks = office.discover(ctx, &files, arguments.days).await.context("cannot look through what was seen")?;
    let runs =
        office.software_seen(ctx, &files, arguments.days).await.context("cannot look through the software seen")?;
    let taken = Office::software_to_take(&runs);
    if arguments.take && !arguments.dry_run {
        office.take_software(ctx, &taken).await.context("cannot write it into the register")?;
    }
    node::sign(&opened.config, &opened.state).await?;
    show::discovered(&talks, arguments.rows, arguments.json)?;
    software(&runs, arguments)?;
    if arguments.take {
        tell(&taken, arguments)?;
    }
    Ok(Exit::Ok)
}

fn named(software: &Software) -> String {
    let version = if software.version.is_empty() { String::new() } else { format!(" {}", software.version) };
    format!("{}{version}", software.product)
}

fn day(number: i32) -> String {
    Day::numbered(number).map_or_else(String::new, |day| day.to_string())
}

fn as_json(one: &SoftwareAt) -> Value {
    let other = match &one.registered {
        Registered::Otherwise(version) => Some(version),
        _ => None,
    };
    json!({
        "kind": "software", "value": one.address.to_string(), "item": one.item, "by_range": one.is_by_range,
        "client": one.is_client, "software": one.software, "maybe_mended_by": one.maybe_mended_by,
        "registered": one.registered.name(), "registered_version": other, "first_day": day(one.first_day),
        "last_day": day(one.last_day), "times": one.times, "how": one.how,
    })
}

/// Software that does not stand in the register as it was seen.
fn software(found: &SoftwareFound, arguments: &DiscoverArgs) -> Result<()> {
    let unregistered: Vec<&SoftwareAt> =
        found.found.iter().filter(|one| one.registered != Registered::AsSeen).collect();
    if arguments.json {
        unregistered.iter().try_for_each(|one| say(&as_json(one)))?;
    } else if !unregistered.is_empty() {
        let mut rows = table(&["runs", "on", "item", "the register says", "last day", "times", "seen by"]);
        for one in unregistered.iter().take(arguments.rows) {
            rows.add_row([
                one.maybe_mended_by.as_ref().map_or_else(
                    || named(&one.software),
                    |by| format!("{} (maybe mended: {by})", named(&one.software)),
                ),
                one.address.to_string(),
                one.item.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string),
                words(one),
                day(one.last_day),
                count(one.times),
                one.how.iter().cloned().collect::<Vec<_>>().join(" "),
            ]);
        }
        writeln!(std::io::stdout().lock(), "{rows}")?;
    }
    let total = unregistered.len() as u64 + found.left_out;
    if total > 0 {
        eprintln!("{} of software that the register does not have so", counted(total, "sighting"));
    }
    if found.damaged > 0 {
        eprintln!("{} of the software seen could not be read", counted(found.damaged, "part"));
    }
    Ok(())
}

fn words(one: &SoftwareAt) -> String {
    let said = match &one.registered {
        Registered::AsSeen => "the same".to_owned(),
        Registered::Unversioned => "no version".to_owned(),
        Registered::Otherwise(version) => format!("version {version}"),
        Registered::Missing => "nothing".to_owned(),
        Registered::NoItem => "no item has the address".to_owned(),
    };
    if one.is_by_range { format!("{said}; the item has the range") } else { said }
}

/// What was written, or would be.
fn tell(taken: &[SoftwareTaken], arguments: &DiscoverArgs) -> Result<()> {
    if arguments.json {
        let is_done = !arguments.dry_run;
        for one in taken {
            say(&json!({ "kind": "taken", "item": one.item, "software": one.software, "done": is_done }))?;
        }
    } else {
        let mut out = std::io::stdout().lock();
        for one in taken.iter().take(arguments.rows) {
            let names: Vec<String> = one.software.iter().map(named).collect();
            writeln!(out, "+ {}: {}", one.item, names.join(", "))?;
        }
    }
    let total: usize = taken.iter().map(|one| one.software.len()).sum();
    let mood = if arguments.dry_run { "would be written" } else { "written" };
    let (total, items) = (counted(total as u64, "program"), counted(taken.len() as u64, "item"));
    eprintln!("{mood} into the register: {total} on {items}");
    Ok(())
}
