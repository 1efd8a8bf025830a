//! `watchbell jobs`: work that waits, or that failed for good.

use std::io::Write;

use anyhow::{Context, Result};
use engine::office::{Job, JobStatus};

use crate::cli::{JobsArgs, JobsCommand};
use crate::exit::Exit;
use crate::node;

pub(crate) fn run(arguments: &JobsArgs) -> Result<Exit> {
    let (JobsCommand::List { whose, .. } | JobsCommand::Retry { whose, .. } | JobsCommand::Drop { whose, .. }) =
        &arguments.command;
    let (config, ctx) = whose.open()?;
    node::runtime()?.block_on(async {
        let state = node::state(&config).await?;
        let office = node::office(&config, &state).await?;
        match &arguments.command {
            JobsCommand::List { json, .. } => {
                let jobs = office.jobs(&ctx).await.context("cannot read jobs")?;
                list(&jobs, *json)?;
                let is_dead = |job: &Job| job.status == JobStatus::Dead;
                return Ok(if jobs.iter().any(is_dead) { Exit::Failed } else { Exit::Ok });
            }
            JobsCommand::Retry { id, .. } => {
                office.retry_job(&ctx, *id).await.context("cannot have it tried again")?;
                eprintln!("{id} is tried again");
            }
            JobsCommand::Drop { id, .. } => {
                office.drop_job(&ctx, *id).await.context("cannot forget it")?;
                eprintln!("{id} is forgotten");
            }
        }
        node::sign(&config, &state).await?;
        Ok(Exit::Ok)
    })
}

fn list(jobs: &[Job], json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for job in jobs {
        let status = job.status.name();
        if json {
            let line = serde_json::json!({
                "id": job.id.to_string(), "kind": job.kind, "subject": job.subject, "status": status,
                "attempts": job.attempts, "attempts_max": job.attempts_max, "due": job.due.to_string(),
                "error": job.error, "created": job.created.to_string(), "changed": job.changed.to_string(),
            });
            writeln!(out, "{line}")?;
            continue;
        }
        let tried = format!("tried {} of {}", job.attempts, job.attempts_max);
        writeln!(out, "{}  {:20} {:20} {status:8} {tried}, due {}", job.id, job.kind, job.subject, job.due)?;
        if let Some(error) = &job.error {
            writeln!(out, "{:34}{error}", "")?;
        }
    }
    Ok(())
}
