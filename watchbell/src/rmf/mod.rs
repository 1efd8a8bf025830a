//! `watchbell rmf`: the seven steps of the Risk Management Framework.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use engine::access::Operation;
use engine::office::{Accepted, DocumentVersion, RmfSeam, RmfView, Tailor};
use model::document::{DocumentKind, DocumentPlace};
use model::limits;
use model::register::ItemId;
use risk::rmf::{Action, Done, Evidence, Source};
use serde_json::{Value, json};

use crate::cli::{RmfArgs, RmfAt, RmfCommand};
use crate::exit::Exit;
use crate::intel::{Opened, open, say};
use crate::{node, times};

pub(crate) fn run(arguments: &RmfArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        match &arguments.command {
            RmfCommand::Bring { kind, name, file, whose, json } => {
                bring(&open(whose).await?, (*kind, name), file, *json).await
            }
            RmfCommand::Status { service, whose, json } => status(&open(whose).await?, service.as_ref(), *json).await,
            RmfCommand::Categorize { at, confidentiality, integrity, availability, why, dry_run } => {
                let decided = [*confidentiality, *integrity, *availability];
                let is_asked = *dry_run || decided.iter().all(Option::is_none);
                let opened = open(&at.whose).await?;
                if is_asked { proposed(&opened, at).await } else { categorize(&opened, at, (decided, why)).await }
            }
            RmfCommand::Bound { at, item, add, remove } => {
                let opened = open(&at.whose).await?;
                let (how, why) = tailored(add.as_deref(), remove.as_deref());
                let bound = opened.office.rmf_bound(&opened.ctx, &at.service, (item, how, why)).await;
                bound.context("cannot say what belongs to it")?;
                ended(&opened, at).await
            }
            RmfCommand::Select { at, baseline, privacy } => {
                let opened = open(&at.whose).await?;
                let asked = (*baseline, privacy.then_some(true));
                let notes = opened.office.rmf_select(&opened.ctx, &at.service, asked).await;
                notes.context("cannot choose controls")?.iter().for_each(|note| eprintln!("note: {note}"));
                ended(&opened, at).await
            }
            RmfCommand::Tailor { at, control, add, remove } => {
                let opened = open(&at.whose).await?;
                let (how, why) = tailored(add.as_deref(), remove.as_deref());
                let tailored = opened.office.rmf_tailor(&opened.ctx, &at.service, (control, how, why)).await;
                tailored.context("cannot tailor")?;
                ended(&opened, at).await
            }
            RmfCommand::State { at, control, status, words, by } => {
                let opened = open(&at.whose).await?;
                let by = Source::Item(by.clone().unwrap_or_else(|| at.service.clone()));
                let how = (*status, words.as_str(), by);
                let stated = opened.office.rmf_state(&opened.ctx, (&at.service, control), how).await;
                stated.context("cannot say that")?;
                ended(&opened, at).await
            }
            RmfCommand::Inherit { at, control, from, words } => {
                let opened = open(&at.whose).await?;
                let status = risk::rmf::Implementation::Implemented;
                let how = (status, words.as_str(), Source::InheritedFrom(from.clone()));
                let stated = opened.office.rmf_state(&opened.ctx, (&at.service, control), how).await;
                stated.context("cannot take it over")?;
                ended(&opened, at).await
            }
            RmfCommand::Check { at } => check(&open(&at.whose).await?, at).await,
            other => Box::pin(later(other)).await,
        }
    })
}

/// What is asked by `--add` and `--remove`, with the reason.
fn tailored<'w>(add: Option<&'w str>, remove: Option<&'w str>) -> (Tailor, &'w str) {
    match (add, remove) {
        (Some(why), _) => (Tailor::Add, why),
        (None, Some(why)) => (Tailor::Remove, why),
        (None, None) => (Tailor::Undo, ""),
    }
}

/// The steps from the fifth on.
async fn later(command: &RmfCommand) -> Result<Exit> {
    match command {
        RmfCommand::Assess { at, control, method, words, not_satisfied, evidence } => {
            let opened = open(&at.whose).await?;
            let evidence = evidence.iter().map(|file| shown(file, &opened)).collect::<Result<_>>()?;
            let result = (*method, !*not_satisfied, words.as_str());
            let kept = opened.office.rmf_assess(&opened.ctx, (&at.service, control), result, evidence).await;
            kept.context("cannot keep the result")?;
            ended(&opened, at).await
        }
        RmfCommand::Plan { at, id, control, words, due, status } => {
            let opened = open(&at.whose).await?;
            let done = Done { by: opened.ctx.actor.clone(), at: opened.ctx.now };
            let due = times::parse(due, opened.ctx.now)?;
            let action = Action { control: control.clone(), words: words.clone(), due, status: *status, done };
            opened.office.rmf_plan(&opened.ctx, (&at.service, id), action).await.context("cannot plan it")?;
            ended(&opened, at).await
        }
        RmfCommand::Documents { at } => {
            let opened = open(&at.whose).await?;
            let made = opened.office.rmf_documents(&opened.ctx, &at.service).await.context("cannot make documents")?;
            node::sign(&opened.config, &opened.state).await?;
            for version in &made {
                eprintln!("made: {} version {}, {} bytes", version.place, version.number, version.body_bytes);
                if at.json {
                    say(&version_json(version))?;
                }
            }
            if at.json { Ok(Exit::Ok) } else { status(&opened, Some(&at.service), false).await }
        }
        RmfCommand::Authorize { at, decision, expires, risk, condition } => {
            let opened = open(&at.whose).await?;
            let expires = times::parse(expires, opened.ctx.now)?;
            let (conditions, risk) = (condition.clone(), risk.clone());
            let accepted = Accepted { decision: *decision, expires, conditions, risk };
            let seam = seam(&opened, at).await?;
            let signed = opened.office.rmf_authorize(&opened.ctx, &at.service, (accepted, &seam)).await;
            say(&signed.context("cannot decide")?)?;
            node::sign(&opened.config, &opened.state).await?;
            Ok(Exit::Ok)
        }
        RmfCommand::Verify { at } => verify(&open(&at.whose).await?, at).await,
        RmfCommand::Monitor { at, dry_run } => monitor(&open(&at.whose).await?, at, *dry_run).await,
        RmfCommand::Export { at, folder } => export(&open(&at.whose).await?, at, folder).await,
        _ => Ok(Exit::Usage),
    }
}

/// What the program itself knows of the service.
async fn seam(opened: &Opened, at: &RmfAt) -> Result<RmfSeam> {
    opened.office.rmf_seam(&opened.ctx, Operation::RiskRead, &at.service).await.context("cannot look")
}

fn version_json(version: &DocumentVersion) -> Value {
    let hash: String = version.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "kind": version.place.kind.name(),
        "name": version.place.name(),
        "version": version.number,
        "bytes": version.body_bytes,
        "sha256": hash,
    })
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let length = std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len();
    let most = limits::DOCUMENT_BYTES_MAX as u64;
    ensure!(length <= most, "{} has {length} bytes; hint: at most {most} are read", file.display());
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

async fn bring(opened: &Opened, (kind, name): (DocumentKind, &str), file: &Path, is_json: bool) -> Result<Exit> {
    let is_known = matches!(kind, DocumentKind::Catalog | DocumentKind::Profile | DocumentKind::InformationTypes);
    ensure!(is_known, "a {kind} is not brought; hint: catalog, profile or information-types");
    let brought = opened.office.rmf_bring(&opened.ctx, (kind, name), read(file)?).await;
    let (version, notes) = brought.context("cannot keep it")?;
    notes.iter().for_each(|note| eprintln!("note: {note}"));
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("kept: {} version {}", version.place, version.number);
    if is_json {
        say(&version_json(&version))?;
    }
    Ok(Exit::Ok)
}

fn view_json(view: &RmfView) -> Value {
    json!({
        "service": view.item.id,
        "version": view.version,
        "baseline": view.baseline.level,
        "privacy": view.baseline.has_privacy,
        "because": view.because,
        "boundary": view.boundary,
        "summary": view.summary,
        "steps": view.steps,
    })
}

fn told(view: &RmfView) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}: {}", view.item.id, view.item.title)?;
    for step in &view.steps {
        writeln!(out, "  {:<11} {}", step.step.name(), step.state.name())?;
        for line in &step.says {
            writeln!(out, "    {line}")?;
        }
        for line in &step.missing {
            writeln!(out, "    missing: {line}")?;
        }
    }
    Ok(())
}

async fn status(opened: &Opened, service: Option<&ItemId>, is_json: bool) -> Result<Exit> {
    if let Some(service) = service {
        let view = opened.office.rmf_package(&opened.ctx, service).await.context("cannot show it")?;
        if is_json {
            say(&view_json(&view))?
        } else {
            told(&view)?
        }
        return Ok(Exit::Ok);
    }
    for view in opened.office.rmf_services(&opened.ctx).await.context("cannot list services")? {
        if is_json {
            say(&view_json(&view))?;
            continue;
        }
        let states: Vec<_> = view.steps.iter().map(|one| format!("{} {}", one.step, one.state.name())).collect();
        writeln!(std::io::stdout().lock(), "{}: {}", view.item.id, states.join(", "))?;
    }
    Ok(Exit::Ok)
}

/// Signs the ledger, and shows where the service stands.
async fn ended(opened: &Opened, at: &RmfAt) -> Result<Exit> {
    node::sign(&opened.config, &opened.state).await?;
    status(opened, Some(&at.service), at.json).await
}

async fn proposed(opened: &Opened, at: &RmfAt) -> Result<Exit> {
    let found = opened.office.rmf_propose(&opened.ctx, &at.service).await.context("cannot propose")?;
    let because: Vec<String> = found.because.iter().map(ToString::to_string).collect();
    if at.json {
        say(&json!({"categorization": found.value, "because": because}))?;
    } else {
        because.iter().try_for_each(|line| writeln!(std::io::stdout().lock(), "{line}"))?;
    }
    Ok(Exit::Ok)
}

async fn categorize(
    opened: &Opened,
    at: &RmfAt,
    (decided, why): ([Option<model::register::Impact>; 3], &str),
) -> Result<Exit> {
    let decided = decided.map(|impact| (impact, why.to_owned()));
    let kept = opened.office.rmf_categorize(&opened.ctx, &at.service, decided).await;
    kept.context("cannot decide; hint: --why says why it is less than proposed")?;
    ended(opened, at).await
}

async fn check(opened: &Opened, at: &RmfAt) -> Result<Exit> {
    let seam = seam(opened, at).await?;
    let checked = opened.office.rmf_check(&opened.ctx, &at.service, &seam).await.context("cannot look")?;
    node::sign(&opened.config, &opened.state).await?;
    for one in &checked {
        if at.json {
            say(one)?;
            continue;
        }
        let word = match one.is_satisfied {
            Some(true) => "met",
            Some(false) => "not met",
            None => "cannot say",
        };
        writeln!(std::io::stdout().lock(), "{:<6} {word}: {}", one.control, one.because)?;
    }
    Ok(Exit::Ok)
}

/// A file as evidence: its hash, and where it is.
fn shown(file: &Path, opened: &Opened) -> Result<Evidence> {
    let hash = engine::office::sha256_hex(&read(file)?);
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Evidence { what: name, place: file.display().to_string(), hash, at: opened.ctx.now })
}

async fn verify(opened: &Opened, at: &RmfAt) -> Result<Exit> {
    let verified = opened.office.rmf_verify(&opened.ctx, &at.service).await.context("cannot verify")?;
    let is_good = verified.is_signed && verified.changed.is_empty() && verified.unnamed.is_none();
    if at.json {
        say(&json!({
            "signed": verified.is_signed,
            "changed": verified.changed,
            "unnamed": verified.unnamed,
            "authorization": verified.signed,
        }))?;
    } else {
        let accepted = &verified.signed.record.accepted;
        let signature =
            if verified.is_signed { "signed by this installation" } else { "not signed by this installation" };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{} until {}: {signature}", accepted.decision, accepted.expires)?;
        for name in &verified.changed {
            writeln!(out, "{name}: not what was signed")?;
        }
        if let Some(version) = verified.unnamed {
            writeln!(
                out,
                "version {version} of the decision counts for nothing: what was said changed while it was made"
            )?;
        }
    }
    Ok(if is_good { Exit::Ok } else { Exit::Failed })
}

async fn monitor(opened: &Opened, at: &RmfAt, is_dry: bool) -> Result<Exit> {
    let seam = seam(opened, at).await?;
    let drift = if is_dry {
        opened.office.rmf_drift(&opened.ctx, &at.service, &seam).await
    } else {
        opened.office.rmf_monitor(&opened.ctx, &at.service, &seam).await.map(|(_, drift)| drift)
    };
    let drift = drift.context("cannot look")?;
    for one in &drift {
        if at.json {
            say(one)?;
        } else {
            writeln!(std::io::stdout().lock(), "{}: {one}", one.step)?;
        }
    }
    node::sign(&opened.config, &opened.state).await?;
    Ok(if drift.is_empty() { Exit::Ok } else { Exit::Failed })
}

async fn export(opened: &Opened, at: &RmfAt, folder: &Path) -> Result<Exit> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let kinds = [
        DocumentKind::SecurityPlan,
        DocumentKind::AssessmentPlan,
        DocumentKind::AssessmentResults,
        DocumentKind::ActionPlan,
        DocumentKind::Authorization,
    ];
    let mut written = 0;
    for kind in kinds {
        let place = DocumentPlace::new(kind, at.service.as_str())?;
        let Some(found) = opened.office.document(&opened.ctx, &place, None).await? else { continue };
        let file = folder.join(format!("{kind}.json"));
        std::fs::write(&file, &found.body).with_context(|| format!("cannot write {}", file.display()))?;
        eprintln!("written: {}", file.display());
        if at.json {
            let mut told = version_json(&found.version);
            if let Some(told) = told.as_object_mut() {
                told.insert("file".to_owned(), file.display().to_string().into());
            }
            say(&told)?;
        }
        written += 1;
    }
    ensure!(written > 0, "there are no documents of {0}; hint: watchbell rmf documents {0}", at.service);
    Ok(Exit::Ok)
}
