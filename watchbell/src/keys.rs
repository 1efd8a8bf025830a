//! `watchbell keys`: the keys that seal names and sign the ledger.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::cli::{KeysArgs, KeysCommand};
use crate::config::Config;
use crate::exit::Exit;
use crate::{node, words};

pub(crate) fn run(arguments: &KeysArgs) -> Result<Exit> {
    node::runtime()?.block_on(async {
        match &arguments.command {
            KeysCommand::Rotate { data } => {
                let config = data.config()?;
                config.must_have_data()?;
                let state = node::state(&config).await?;
                let office = node::office(&config, &state).await?;
                let ctx = node::context(&config.agency, None)?;
                let wrapped = office.rotate_keys(&ctx).await.context("cannot rotate the master key")?;
                node::sign(&config, &state).await?;
                eprintln!("a new master key wraps {}", words::counted(wrapped as u64, "key"));
            }
            KeysCommand::Export { to, data } => {
                let config = data.config()?;
                config.must_have_data()?;
                export(&config, to).await?;
                eprintln!("the keys are in {}; keep them apart from the backups", to.display());
            }
        }
        Ok(Exit::Ok)
    })
}

async fn export(config: &Config, to: &Path) -> Result<()> {
    if to.exists() {
        bail!("{} is there already", to.display());
    }
    fs::DirBuilder::new().mode(0o700).create(to).with_context(|| format!("cannot make {}", to.display()))?;
    node::vault(config).await?.copy_to(&to.join("vault.db")).await?;
    // Made when there was none yet, so that the export is whole.
    node::ledger(config)?;
    for file in [config.master_key_file(), config.ledger_key_file()] {
        let name = file.file_name().context("a key file without a name")?;
        fs::copy(&file, to.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}

/// Puts exported keys into a data folder.
///
/// # Errors
/// When one is missing, or cannot be copied.
pub(crate) fn import(from: &Path, data: &Path) -> Result<()> {
    for name in ["vault.db", "master.key", "ledger.key"] {
        fs::copy(from.join(name), data.join(name)).with_context(|| format!("cannot copy the key file {name}"))?;
    }
    Ok(())
}
