//! `watchbell risk`: what is at stake, and which service may open first.

mod show;

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use engine::office::{After, Policy};
use model::limits;

use crate::cli::{RiskArgs, RiskCommand};
use crate::exit::Exit;
use crate::intel::{Opened, open};
use crate::{node, progress};

pub(crate) fn run(arguments: &RiskArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        match &arguments.command {
            RiskCommand::OpenOrder { top, whose, json } => {
                let opened = open(whose).await?;
                let spinner = progress::spinner(*json);
                spinner.set_message("comparing the openings");
                let openings = opened.office.openings(&opened.ctx).await.context("cannot compare the openings")?;
                spinner.finish_and_clear();
                show::openings(&openings, *top, *json)
            }
            RiskCommand::Posture { top, whose, json } => {
                let opened = open(whose).await?;
                let spinner = progress::spinner(*json);
                spinner.set_message("drawing cities");
                let stake = opened.office.stake(&opened.ctx).await.context("cannot reckon the city")?;
                spinner.finish_and_clear();
                show::posture(&stake, *top, *json)
            }
            RiskCommand::Report { file, whose } => report(&open(whose).await?, file).await,
            RiskCommand::Policy { set: None, whose, .. } => {
                let opened = open(whose).await?;
                let view = opened.office.risk_policy(&opened.ctx).await.context("cannot read the policy")?;
                match &view.version {
                    Some(version) => eprintln!("version {}, since {}", version.number, version.at),
                    None => eprintln!("the built-in policy: nobody has said another one"),
                }
                std::io::stdout().write_all(view.text.as_bytes()).context("cannot write the policy")?;
                Ok(Exit::Ok)
            }
            RiskCommand::Policy { set: Some(file), dry_run, whose } => set_policy(file, *dry_run, whose).await,
        }
    })
}

async fn set_policy(file: &Path, dry_run: bool, whose: &crate::cli::WhoseArgs) -> Result<Exit> {
    let size = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len();
    if size > limits::RISK_POLICY_BYTES_MAX as u64 {
        bail!("{} has {size} bytes, at most {} are read", file.display(), limits::RISK_POLICY_BYTES_MAX);
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Policy::read(&text).with_context(|| format!("{} is no policy", file.display()))?;
    if dry_run {
        eprintln!("{} can be used", file.display());
        return Ok(Exit::Ok);
    }
    let opened = open(whose).await?;
    let version = opened.office.set_risk_policy(&opened.ctx, &text, After::Any).await;
    let version = version.context("cannot keep the policy")?;
    node::sign(&opened.config, &opened.state).await?;
    eprintln!("version {} holds from now on", version.number);
    Ok(Exit::Ok)
}

async fn report(opened: &Opened, file: &Path) -> Result<Exit> {
    let spinner = progress::spinner(false);
    spinner.set_message("drawing cities");
    let stake = opened.office.stake(&opened.ctx).await.context("cannot reckon the city")?;
    spinner.set_message("comparing the openings");
    let openings = opened.office.openings(&opened.ctx).await.context("cannot compare the openings")?;
    spinner.finish_and_clear();
    let text = web::risk_report(opened.ctx.agency.as_str(), &stake, &openings).context("cannot write the report")?;
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    eprintln!("written: {}", file.display());
    Ok(Exit::Ok)
}
