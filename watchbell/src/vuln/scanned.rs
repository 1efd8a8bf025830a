//! `watchbell vuln scan`: a scanner's report, held against the register.

use anyhow::{Context, Result, bail, ensure};
use model::limits;
use model::vulnerability::Known;

use super::gather::{self, say_refused};
use super::{bytes_of, check};
use crate::cli::VulnScanArgs;
use crate::exit::Exit;
use crate::intel::open;
use crate::{node, progress, words};

pub(super) async fn run(arguments: &VulnScanArgs) -> Result<Exit> {
    let spinner = progress::spinner(arguments.json);
    let file = &arguments.file;
    let bytes = bytes_of(file, limits::SCANNER_FILE_BYTES_MAX)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let read = formats::scanner::read(&name, &bytes);
    let refused = read.refused.iter().map(|one| (one.place.clone(), one.trouble.detail.clone()));
    say_refused(file, refused, read.refused_count);
    if read.form.is_none() {
        bail!("{} is no scanner's report that is known", file.display());
    }
    ensure!(read.refused_count == 0 || !read.reported.is_empty(), "nothing of {} could be read", file.display());
    let known = match &arguments.from {
        Some(folder) => gather::known(folder, |name| spinner.set_message(format!("reading {name}")))?,
        None => Known::default(),
    };
    spinner.set_message("comparing");
    let opened = open(&arguments.whose).await?;
    let plan = opened.office.plan_scan(&opened.ctx, (&read, arguments.on.as_ref()), &known).await;
    let outcome = plan.context("cannot hold the report against the register")?;
    if !arguments.dry_run && !outcome.result.checked.is_empty() {
        opened.office.record_check(&opened.ctx, &outcome.result).await.context("cannot keep what was found")?;
        node::sign(&opened.config, &opened.state).await?;
    }
    spinner.finish_and_clear();
    if read.left_out > 0 {
        eprintln!("left out, as no vulnerability is named: {}", words::count(read.left_out));
    }
    check::tell(&outcome, (arguments.dry_run, arguments.json))?;
    Ok(if read.refused_count == 0 { Exit::Ok } else { Exit::Failed })
}
