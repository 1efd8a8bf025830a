//! `watchbell mobile`: apps for telephones, what they ask for, and whether they may open.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use engine::office::OfficeError;
use engine::office::mobile::{
    BroughtManifest, Flow, FlowEnd, MobileAssessment, MobileManifest, MobileView, SaidFinding, SaidPermission, Tracker,
    read_manifest,
};
use model::limits::MOBILE_FILE_BYTES_MAX;
use model::register::{DataCategory, ItemId};
use serde_json::{Value, json};

use crate::cli::{DataSaid, MobileArgs, MobileCommand, MobileFlowArgs, MobilePermissionArgs, MobileSayArgs, YesNo};
use crate::exit::Exit;
use crate::intel::{Opened, open, say, show::table};
use crate::node;
use crate::words::counted;

pub(crate) fn run(arguments: &MobileArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        match &arguments.command {
            MobileCommand::List { whose, json } => list(&open(whose).await?, *json).await,
            MobileCommand::Gate { item, whose, json } => gate(&open(whose).await?, item, *json).await,
            MobileCommand::Bring { item, files, dry_run: true, json, .. } => plan(item, files, *json),
            MobileCommand::Bring { item, files, whose, json, .. } => {
                bring(&open(whose).await?, (item, files), *json).await
            }
            MobileCommand::Say(arguments) => say_of(&open(&arguments.whose).await?, arguments).await,
            MobileCommand::Permission(arguments) => permission(&open(&arguments.whose).await?, arguments).await,
            MobileCommand::Flow(arguments) => flow(&open(&arguments.whose).await?, arguments).await,
        }
    })
}

async fn done(opened: &Opened, words: &str) -> Result<Exit> {
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("{words}");
    Ok(Exit::Ok)
}

/// A view as JSON: the gate with its reasons in words, and everything that was said.
fn view_json(view: &MobileView) -> Value {
    let missing: Vec<String> = view.gate.missing.iter().map(ToString::to_string).collect();
    json!({
        "item": view.item.id, "title": view.item.title, "version": view.number, "passed": view.gate.is_passed,
        "needs": view.gate.needs, "controls_needed": view.gate.controls_needed, "controls_met": view.gate.controls_met,
        "missing": missing, "reasons": view.gate.missing, "assessment": view.assessment,
    })
}

async fn list(opened: &Opened, is_json: bool) -> Result<Exit> {
    let views = opened.office.mobile_list(&opened.ctx).await.context("cannot list apps")?;
    if is_json {
        views.iter().try_for_each(|view| say(&view_json(view)))?;
        return Ok(Exit::Ok);
    }
    if views.is_empty() {
        eprintln!("no app is in the register; hint: watchbell asset set ITEM --mobile yes");
        return Ok(Exit::Ok);
    }
    let mut rows = table(&["app", "title", "version", "may open", "controls", "missing"]);
    for view in &views {
        let version = &view.assessment.version;
        rows.add_row([
            view.item.id.to_string(),
            view.item.title.clone(),
            if version.is_empty() { "unsaid".to_owned() } else { version.clone() },
            if view.gate.is_passed { "yes" } else { "no" }.to_owned(),
            format!("{} of {}", view.gate.controls_met, view.gate.controls_needed),
            view.gate.missing.len().to_string(),
        ]);
    }
    writeln!(std::io::stdout().lock(), "{rows}")?;
    Ok(Exit::Ok)
}

async fn gate(opened: &Opened, id: &ItemId, is_json: bool) -> Result<Exit> {
    let view = opened.office.mobile(&opened.ctx, id).await.context("cannot look at it")?;
    if is_json {
        say(&view_json(&view))?;
    } else {
        let mut out = std::io::stdout().lock();
        for reason in &view.gate.missing {
            writeln!(out, "{reason}")?;
        }
        match view.gate.is_passed {
            true => eprintln!("{id} may open"),
            false => eprintln!("{id} may not open: {} missing", counted(view.gate.missing.len() as u64, "thing")),
        }
    }
    Ok(if view.gate.is_passed { Exit::Ok } else { Exit::Failed })
}

fn manifest(path: &Path) -> Result<MobileManifest> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let most = MOBILE_FILE_BYTES_MAX as u64 + 1;
    file.take(most).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    read_manifest(&bytes).map_err(|trouble| anyhow::anyhow!("{}: {}", path.display(), trouble.detail))
}

fn plan(id: &ItemId, files: &[PathBuf], is_json: bool) -> Result<Exit> {
    for path in files {
        let found = manifest(path)?;
        let told = BroughtManifest {
            new_permissions: found.permissions.iter().map(|one| one.name.clone()).collect(),
            gone_permissions: Vec::new(),
            objections: found.weaknesses.iter().map(|one| format!("{}: {}", one.control, one.what)).collect(),
            notes: found.notes.iter().map(|note| note.detail.clone()).collect(),
            version: found.version.clone(),
        };
        tell((id, path), &told, is_json)?;
    }
    eprintln!("nothing was changed");
    Ok(Exit::Ok)
}

async fn bring(opened: &Opened, (id, files): (&ItemId, &[PathBuf]), is_json: bool) -> Result<Exit> {
    // All are read before the first is taken in.
    let manifests = files.iter().map(|path| Ok((path, manifest(path)?))).collect::<Result<Vec<_>>>()?;
    for (path, found) in &manifests {
        let told = opened.office.bring_mobile_manifest(&opened.ctx, id, found).await;
        tell((id, path), &told.context("cannot take it in")?, is_json)?;
    }
    done(opened, &format!("brought: {} for {id}", counted(manifests.len() as u64, "manifest"))).await
}

fn tell((id, path): (&ItemId, &Path), told: &BroughtManifest, is_json: bool) -> Result<()> {
    if is_json {
        return say(&json!({
            "item": id, "file": path.display().to_string(), "version": told.version,
            "new_permissions": told.new_permissions, "gone_permissions": told.gone_permissions,
            "objections": told.objections, "notes": told.notes,
        }));
    }
    let mut out = std::io::stdout().lock();
    let sorts =
        [("+", &told.new_permissions), ("-", &told.gone_permissions), ("!", &told.objections), ("?", &told.notes)];
    for (sign, lines) in sorts {
        for line in lines {
            writeln!(out, "{sign} {line}")?;
        }
    }
    Ok(())
}

/// Trackers as people say them: `NAME=PURPOSE`, or `none`.
fn trackers(said: &[String]) -> Result<Option<Vec<Tracker>>> {
    match said {
        [] => Ok(None),
        [one] if one.eq_ignore_ascii_case("none") => Ok(Some(Vec::new())),
        many => {
            let read = |text: &String| {
                let (name, purpose) = text.split_once('=').unwrap_or((text, ""));
                ensure!(!name.trim().is_empty(), "{text:?} names no tracker; hint: --tracker NAME=PURPOSE");
                Ok(Tracker { name: name.trim().to_owned(), purpose: purpose.trim().to_owned() })
            };
            many.iter().map(read).collect::<Result<_>>().map(Some)
        }
    }
}

async fn say_of(opened: &Opened, arguments: &MobileSayArgs) -> Result<Exit> {
    let MobileSayArgs { item: id, control, verdict, evidence, why, on, runs, platform, tracker, .. } = arguments;
    let trackers = trackers(tracker)?;
    let is_about_all = runs.is_some() || !platform.is_empty() || trackers.is_some();
    if is_about_all {
        let change = |assessment: &mut MobileAssessment| -> Result<(), OfficeError> {
            if let Some(runs) = runs {
                runs.trim().clone_into(&mut assessment.version);
            }
            if !platform.is_empty() {
                assessment.platforms.clone_from(platform);
                assessment.platforms.sort_unstable();
                assessment.platforms.dedup();
            }
            if trackers.is_some() {
                assessment.trackers = trackers;
            }
            Ok(())
        };
        opened.office.change_mobile(&opened.ctx, id, None, change).await.context("cannot say that")?;
    }
    match (control, verdict) {
        (Some(control), Some(verdict)) => {
            let said = SaidFinding {
                control: control.clone(),
                verdict: verdict.get(),
                why: why.clone(),
                evidence: evidence.clone(),
                day: *on,
            };
            opened.office.say_mobile_finding(&opened.ctx, id, None, said).await.context("cannot say that")?;
        }
        _ if !is_about_all => bail!("say what: a control with a verdict, --runs, --platform or --tracker"),
        _ => {}
    }
    done(opened, &format!("said of {id}")).await
}

/// Categories as people say them; `None` when they say nothing.
fn categories(said: &[DataSaid]) -> Option<Vec<DataCategory>> {
    let category = |said: &DataSaid| match said {
        DataSaid::Held(held) => Some(held.category),
        DataSaid::None => None,
    };
    (!said.is_empty()).then(|| said.iter().filter_map(category).collect())
}

async fn permission(opened: &Opened, arguments: &MobilePermissionArgs) -> Result<Exit> {
    let said = SaidPermission {
        platform: arguments.platform,
        name: arguments.name.clone(),
        why: arguments.why.clone(),
        data: categories(&arguments.data),
        is_optional: arguments.optional.map(|YesNo(is_so)| is_so),
    };
    let named = opened.office.name_mobile_permission(&opened.ctx, &arguments.item, None, said).await;
    named.context("cannot name it")?;
    done(opened, &format!("named: {}", arguments.name)).await
}

async fn flow(opened: &Opened, arguments: &MobileFlowArgs) -> Result<Exit> {
    let to = match arguments.outside {
        true => FlowEnd::Outside(arguments.to.trim().to_owned()),
        false => FlowEnd::Item(ItemId::parse(&arguments.to).context("hint: --outside for who stands in no register")?),
    };
    let (office, ctx, id) = (&opened.office, &opened.ctx, &arguments.item);
    let words = format!("{}: {to}", if arguments.drop { "taken back" } else { "named" });
    if arguments.drop {
        office.drop_mobile_flow(ctx, id, None, &to).await.context("cannot take it back")?;
    } else {
        let is_so = |said: Option<YesNo>| said.map(|YesNo(is_so)| is_so);
        let flow = Flow {
            to,
            data: categories(&arguments.data),
            is_encrypted: is_so(arguments.encrypted),
            purpose: arguments.purpose.clone(),
            is_third_party: is_so(arguments.third_party),
        };
        office.name_mobile_flow(ctx, id, None, flow).await.context("cannot name it")?;
    }
    done(opened, &words).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trackers_as_people_say_them() {
        let of = |said: &[&str]| trackers(&said.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(of(&["none"]).unwrap(), Some(Vec::new()));
        let two = of(&["crash.example=to see crashes", "ads"]).unwrap().unwrap();
        assert_eq!(
            (two[0].purpose.as_str(), two[1].name.as_str(), two[1].purpose.as_str()),
            ("to see crashes", "ads", "")
        );
        assert!(of(&["=x"]).is_err());
    }
}
