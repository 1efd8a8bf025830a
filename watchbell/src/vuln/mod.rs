//! `watchbell vuln`: which vulnerability first, which is on which item, and who carries which risk.

mod check;
mod gather;
mod scanned;
mod show;

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::office::{AcceptanceAsked, DUE_POLICY, DUE_TABLE, DuePolicy, WordAsked};
use model::{Day, limits};
use risk::vulnerability::rank::{Ranked, rank};
use serde_json::json;

use crate::cli::{VulnArgs, VulnCommand, VulnPolicyArgs};
use crate::exit::Exit;
use crate::intel::{Opened, open};
use crate::{node, progress, words};

pub(crate) fn run(arguments: &VulnArgs) -> Result<Exit> {
    if let VulnCommand::Rank { as_of, from, top, json } = &arguments.command {
        return ranked(*as_of, from, *top, *json);
    }
    node::runtime()?.block_on(kept(&arguments.command))
}

async fn kept(command: &VulnCommand) -> Result<Exit> {
    match command {
        // It needs no data of an installation, and was done above.
        VulnCommand::Rank { as_of, from, top, json } => ranked(*as_of, from, *top, *json),
        VulnCommand::Check(arguments) => check::run(arguments).await,
        VulnCommand::Scan(arguments) => scanned::run(arguments).await,
        VulnCommand::List(arguments) => show::list(&open(&arguments.whose).await?, arguments).await,
        VulnCommand::Accept { id, item, why, until, whose } => {
            let opened = open(whose).await?;
            let (id, item) = (id.clone(), item.clone());
            let asked = AcceptanceAsked { id, item, justification: why.clone(), until: *until };
            let kept = opened.office.accept_risk(&opened.ctx, asked).await.context("cannot accept the risk")?;
            done(&opened, &format!("accepted: number {}, until {}", kept.number, kept.until)).await
        }
        VulnCommand::Lift { number, whose } => {
            let opened = open(whose).await?;
            let kept = opened.office.lift_acceptance(&opened.ctx, *number).await.context("cannot lift it")?;
            done(&opened, &format!("lifted: {}", kept.id)).await
        }
        VulnCommand::Say { id, item, status, why, whose } => {
            let opened = open(whose).await?;
            let asked = WordAsked { id: id.clone(), item: item.clone(), status: status.0, why: why.clone() };
            let kept = opened.office.say_status(&opened.ctx, asked).await.context("cannot say so")?;
            let said = kept.status.map_or("unsaid", model::software::Status::text);
            done(&opened, &format!("{} on {}: {said}", kept.id, kept.item)).await
        }
        VulnCommand::Policy(arguments) => policy(arguments).await,
    }
}

async fn done(opened: &Opened, words: &str) -> Result<Exit> {
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("{words}");
    Ok(Exit::Ok)
}

async fn policy(VulnPolicyArgs { set, table, whose }: &VulnPolicyArgs) -> Result<Exit> {
    let opened = open(whose).await?;
    for (name, file) in [(DUE_POLICY, set), (DUE_TABLE, table)] {
        let Some(file) = file else { continue };
        let bytes = bytes_of(file, limits::DUE_POLICY_BYTES_MAX.max(TABLE_BYTES_MAX))?;
        let kept = opened.office.set_due_policy(&opened.ctx, name, &bytes).await;
        let kept = kept.with_context(|| format!("cannot keep {}", file.display()))?;
        eprintln!("kept: {}, version {}", kept.place, kept.number);
    }
    if set.is_some() || table.is_some() {
        return done(&opened, "flaws are due by it from now on").await;
    }
    say_policy(&opened).await
}

/// Largest decision table that is read.
const TABLE_BYTES_MAX: usize = 1024 * 1024;

async fn say_policy(opened: &Opened) -> Result<Exit> {
    let place = model::document::DocumentPlace::new(model::document::DocumentKind::RiskPolicy, DUE_POLICY)?;
    let kept = opened.office.document(&opened.ctx, &place, None).await.context("cannot read the policy")?;
    let text = match kept {
        Some(kept) => String::from_utf8_lossy(&kept.body).into_owned(),
        None => DuePolicy::built_in_text().to_owned(),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Ok)
}

/// A file as a whole, unpacked, within a limit.
fn bytes_of(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let cannot = || format!("cannot read {}", path.display());
    let reader = engine::unpack::open(path).with_context(cannot)?;
    reader.take(most as u64 + 1).read_to_end(&mut bytes).with_context(cannot)?;
    ensure!(bytes.len() <= most, "{} is larger than {most} bytes", path.display());
    Ok(bytes)
}

fn ranked(as_of: Day, from: &Path, top: usize, is_json: bool) -> Result<Exit> {
    let spinner = progress::spinner(is_json);
    let known = gather::known(from, |name| spinner.set_message(format!("reading {name}")))?;
    spinner.set_message("putting them into order");
    let ranked = rank(&known, as_of).with_context(|| format!("no order for {as_of} from {}", from.display()))?;
    spinner.finish_and_clear();
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if is_json { as_json(&ranked, &mut out) } else { as_words(&ranked, top, &mut out) };
    match written.and_then(|()| out.flush()) {
        // A reader that has seen enough (`head`) is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Exit::Ok),
    }
}

fn as_json(ranked: &[Ranked], out: &mut impl Write) -> io::Result<()> {
    for one in ranked {
        let reasons: Vec<String> = one.score.because.iter().map(ToString::to_string).collect();
        serde_json::to_writer(&mut *out, &json!({ "id": one.cve, "score": one.score.value, "reasons": reasons }))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn as_words(ranked: &[Ranked], top: usize, out: &mut impl Write) -> io::Result<()> {
    for (place, one) in ranked.iter().take(top).enumerate() {
        writeln!(out, "{:>4}  {:<18} {:.3}", place + 1, one.cve.to_string(), one.score.value)?;
        for reason in one.score.because.iter().take(4) {
            writeln!(out, "        {reason}")?;
        }
    }
    let rest = ranked.len().saturating_sub(top);
    if rest > 0 {
        writeln!(out, "and {} more; hint: --top N, or --json for all", words::count(rest as u64))?;
    }
    Ok(())
}
