//! `watchbell outlet`: what leaves for blocklists and detectors of others.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use comfy_table::{ContentArrangement, Table, presets};
use engine::content::{Content, ContentPaths};
use engine::intel::{JudgeSetting, LeftOut, OutletMade, OutletSettings, OutletUse};
use engine::office::{AddedOutlet, GiveOutlet, OutletView};
use model::{Pap, Timestamp};
use serde_json::json;

use crate::cli::{OutletAddArgs, OutletArgs, OutletCommand};
use crate::exit::Exit;
use crate::intel::{Opened, open, say};
use crate::node;
use crate::serve::TOKEN_PREFIX;
use crate::words::{self, count, counted};

pub(crate) fn run(arguments: &OutletArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        match &arguments.command {
            OutletCommand::Add(arguments) => add(&open(&arguments.whose).await?, arguments).await,
            OutletCommand::List { whose, json } => list(&open(whose).await?, *json).await,
            OutletCommand::Show { name, whose, json } => show(&open(whose).await?, name, *json).await,
            OutletCommand::Write { name, file, dry_run, whose, json } => {
                let file = file.as_deref().filter(|_| !dry_run);
                write(open(whose).await?, name.clone(), file, *json).await
            }
            OutletCommand::Renew { name, days, whose, json } => renew(&open(whose).await?, name, *days, *json).await,
            OutletCommand::Pause { name, whose } => pause(&open(whose).await?, name, true).await,
            OutletCommand::Resume { name, whose } => pause(&open(whose).await?, name, false).await,
            OutletCommand::Remove { name, whose } => remove(&open(whose).await?, name).await,
        }
    })
}

fn settings(arguments: &OutletAddArgs) -> Result<OutletSettings> {
    let mut settings = OutletSettings::usual(arguments.form);
    settings.use_ = arguments.use_.unwrap_or(settings.use_);
    // Who blocks is noticed; who looks is not.
    let usual = if settings.use_ == OutletUse::Block { Pap::Green } else { Pap::Amber };
    settings.pap = arguments.pap.unwrap_or(usual);
    settings.kinds = arguments.kinds.iter().copied().collect();
    settings.confidence_min = arguments.confidence.unwrap_or(settings.confidence_min);
    settings.level_min = arguments.level.unwrap_or(settings.level_min);
    settings.tlp = arguments.tlp;
    settings.to = arguments.to.into();
    settings.entries_max = arguments.most.unwrap_or(settings.entries_max);
    settings.days = arguments.entry_days;
    if let Some(zone) = &arguments.zone {
        let mut rpz = OutletSettings::usual_zone(zone);
        rpz.action = arguments.action;
        rpz.tell = arguments.tell.clone();
        settings.rpz = Some(rpz);
    }
    settings.check().map_err(anyhow::Error::msg).context("the outlet cannot work like this")?;
    Ok(settings)
}

async fn add(opened: &Opened, arguments: &OutletAddArgs) -> Result<Exit> {
    let (name, settings) = (&arguments.name, settings(arguments)?);
    if arguments.dry_run {
        say(&json!({ "name": name, "settings": settings }))?;
        return Ok(Exit::Ok);
    }
    let added = opened.office.add_outlet(&opened.ctx, name, &settings, arguments.days).await;
    let AddedOutlet { secret, expires, transfer_key } = added.context("cannot make the outlet")?;
    node::sign(&opened.config, &opened.state).await?;
    let token = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
    let key = transfer_key.map(|(name, secret)| (name, STANDARD.encode(secret)));
    if arguments.json {
        let key = key.map(|(name, secret)| json!({ "name": name, "algorithm": "hmac-sha256", "secret": secret }));
        say(&json!({
            "name": name, "address": format!("/outlets/{name}"), "token": token, "expires": expires.to_string(), "transfer_key": key,
        }))?;
        return Ok(Exit::Ok);
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{token}")?;
    if let Some((key_name, secret)) = key {
        writeln!(out, "key \"{key_name}\" {{ algorithm hmac-sha256; secret \"{secret}\"; }};")?;
    }
    drop(out);
    eprintln!(
        "made: {} for {}, at /outlets/{name} of the watch, which makes its list within a minute; the token is good until {expires}, and is not \
         kept and not shown again",
        settings.form, settings.use_
    );
    Ok(Exit::Ok)
}

async fn renew(opened: &Opened, name: &str, days: u32, is_json: bool) -> Result<Exit> {
    let renewed = opened.office.renew_outlet(&opened.ctx, name, days).await;
    let AddedOutlet { secret, expires, .. } = renewed.context("cannot renew the token")?;
    node::sign(&opened.config, &opened.state).await?;
    let token = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
    if is_json {
        say(&json!({ "name": name, "token": token, "expires": expires.to_string() }))?;
    } else {
        writeln!(io::stdout().lock(), "{token}")?;
        eprintln!("{name}: the new token is good until {expires}; the old one opens nothing any more");
    }
    Ok(Exit::Ok)
}

async fn pause(opened: &Opened, name: &str, is_paused: bool) -> Result<Exit> {
    opened.office.pause_outlet(&opened.ctx, name, is_paused).await.context("cannot pause or resume the outlet")?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("{}: {name}", if is_paused { "paused" } else { "gives again" });
    Ok(Exit::Ok)
}

async fn remove(opened: &Opened, name: &str) -> Result<Exit> {
    opened.office.remove_outlet(&opened.ctx, name).await.context("cannot remove the outlet")?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("removed: {name}");
    Ok(Exit::Ok)
}

fn about(view: &OutletView, now: Timestamp) -> serde_json::Value {
    let (outlet, made) = (&view.outlet, view.made.clone().unwrap_or_default());
    json!({
        "name": outlet.name, "address": format!("/outlets/{}", outlet.name), "status": view.status(now), "settings": view.settings,
        "entries": made.entries, "left": made.left, "narrowed": made.narrowed, "bytes": made.bytes(),
        "files": made.files, "serial": made.serial, "millis": made.millis,
        "made": made.cleared.map(|at| at.to_string()), "changed": made.changed.map(|at| at.to_string()),
        "asked": outlet.asked.as_ref().map(|(_, at)| at.to_string()), "asked_by": outlet.asked.as_ref().map(|(by, _)| by),
        "told": outlet.told_at.map(|at| at.to_string()), "expires": outlet.expires.to_string(),
        "transfer_key": view.transfer_key_name(),
    })
}

async fn list(opened: &Opened, is_json: bool) -> Result<Exit> {
    let views = opened.office.outlets(&opened.ctx).await.context("cannot read the outlets")?;
    if is_json {
        views.iter().try_for_each(|view| say(&about(view, opened.ctx.now)))?;
        return Ok(Exit::Ok);
    }
    if views.is_empty() {
        eprintln!("no outlet yet; hint: watchbell outlet add NAME --form text");
        return Ok(Exit::Ok);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if !io::IsTerminal::is_terminal(&io::stdout()) {
        table.force_no_tty();
        table.set_width(160);
    }
    table.set_header([
        "outlet",
        "form",
        "for",
        "is",
        "indicators",
        "content changed",
        "last asked",
        "by",
        "token ends",
    ]);
    let never = || "never".to_owned();
    for view in &views {
        let made = view.made.as_ref();
        table.add_row([
            view.outlet.name.clone(),
            view.settings.form.to_string(),
            view.settings.use_.to_string(),
            view.status(opened.ctx.now).to_owned(),
            made.map_or("-".to_owned(), |made| count(made.entries)),
            made.and_then(|made| made.changed).map_or_else(never, |at| at.to_string()),
            view.outlet.asked.as_ref().map_or_else(never, |(_, at)| at.to_string()),
            view.outlet.asked.as_ref().map_or("-".to_owned(), |(by, _)| by.clone()),
            view.outlet.expires.to_string(),
        ]);
    }
    writeln!(io::stdout().lock(), "{table}")?;
    Ok(Exit::Ok)
}

async fn show(opened: &Opened, name: &str, is_json: bool) -> Result<Exit> {
    let view = opened.office.outlet(&opened.ctx, name).await.context("cannot read the outlet")?;
    if is_json {
        say(&about(&view, opened.ctx.now))?;
        return Ok(Exit::Ok);
    }
    let mut out = io::stdout().lock();
    let (outlet, settings) = (&view.outlet, &view.settings);
    writeln!(out, "{}: {} for {}, {}", outlet.name, settings.form, settings.use_, view.status(opened.ctx.now))?;
    writeln!(out, "  at most {} and {}, at least {} %", settings.tlp, settings.pap, settings.confidence_min.percent())?;
    if let Some(rpz) = &settings.rpz {
        writeln!(out, "  zone {}, key {}", rpz.zone, view.transfer_key_name().unwrap_or_default())?;
    }
    match &outlet.asked {
        Some((by, at)) => writeln!(out, "  asked last at {at} by {by}")?,
        None => writeln!(out, "  nobody has asked yet")?,
    }
    writeln!(out, "  the token ends at {}", outlet.expires)?;
    match &view.made {
        Some(made) => say_made(&mut out, made)?,
        None => writeln!(out, "  nothing is made yet; hint: the watch makes it within a minute")?,
    }
    Ok(Exit::Ok)
}

fn say_made(out: &mut impl Write, made: &OutletMade) -> io::Result<()> {
    let size = words::bytes(made.bytes());
    writeln!(out, "  {}, {size} in {}", counted(made.entries, "indicator"), counted(made.files.len() as u64, "file"))?;
    let say = |out: &mut dyn Write, how: &str, left: &LeftOut| match left.first.as_str() {
        "" => writeln!(out, "  {} {how}: {}", count(left.count), left.why),
        first => writeln!(out, "  {} {how}: {}, for example {first}", count(left.count), left.why),
    };
    for left in &made.left {
        say(out, "left out", left)?;
    }
    for left in &made.narrowed {
        say(out, "in part", left)?;
    }
    Ok(())
}

/// Where an outlet's files go.
enum Target<'a> {
    Nowhere,
    Stdout,
    File(&'a Path),
    Folder(&'a Path),
}

async fn write(opened: Opened, name: String, file: Option<&Path>, is_json: bool) -> Result<Exit> {
    let view = opened.office.outlet(&opened.ctx, &name).await.context("cannot read the outlet")?;
    // What is harmless must not leave, as it does not from the watch.
    let lists = ContentPaths { suppress: opened.config.content.suppress.clone(), ..ContentPaths::default() };
    let lists = Content::read(&lists, |_| {});
    if let Some(complaint) = lists.complaints.first() {
        bail!("{} is not read, and what it names would leave: {}", complaint.path, complaint.reason);
    }
    let suppression = lists.suppression;
    opened.office.judge_anew(|setting| JudgeSetting { suppression: std::sync::Arc::clone(&suppression), ..setting });
    let is_folder = view.settings.form.is_folder();
    let target = match file {
        None => Target::Nowhere,
        Some(file) if file == Path::new("-") && is_folder => {
            bail!("{} is several files; hint: name a new folder instead of -", view.settings.form)
        }
        Some(file) if file == Path::new("-") => Target::Stdout,
        Some(folder) if is_folder => Target::Folder(folder),
        Some(file) => Target::File(file),
    };
    // Weighing, packing and writing take seconds of a processor.
    let made = tokio::task::block_in_place(|| {
        let mut give = |made: &OutletMade, from: &Path| give(&target, made, from);
        let give: Option<&mut GiveOutlet<'_>> = match target {
            Target::Nowhere => None,
            _ => Some(&mut give),
        };
        tokio::runtime::Handle::current().block_on(opened.office.write_outlet(&opened.ctx, &name, give))
    });
    let made = made.context("cannot write what the outlet gives")?;
    node::sign(&opened.config, &opened.state).await?;
    let about = json!({
        "name": name, "entries": made.entries, "left": made.left, "narrowed": made.narrowed, "files": made.files, "bytes": made.bytes(),
    });
    match (is_json, &target) {
        // What is on stdout is the list alone.
        (true, Target::Stdout) => eprintln!("{about}"),
        (true, _) => say(&about)?,
        (false, _) => {
            eprintln!("{name}:");
            say_made(&mut io::stderr().lock(), &made)?;
        }
    }
    Ok(Exit::Ok)
}

fn give(target: &Target<'_>, made: &OutletMade, from: &Path) -> io::Result<()> {
    let Some(main) = made.files.first() else { return Ok(()) };
    match target {
        Target::Nowhere => Ok(()),
        Target::Stdout => {
            let mut out = io::stdout().lock();
            io::copy(&mut std::fs::File::open(from.join(&main.name))?, &mut out)?;
            out.flush()
        }
        Target::File(file) => std::fs::copy(from.join(&main.name), file).map(|_| ()),
        Target::Folder(folder) => {
            std::fs::create_dir(folder)?;
            made.files
                .iter()
                .try_for_each(|file| std::fs::copy(from.join(&file.name), folder.join(&file.name)).map(|_| ()))
        }
    }
}
