//! `cargo xtask assets`: scripts of others that the console brings to browsers. They are locked in `web/package-lock.json`, lie in
//! `web/node_modules`, and are built into the binary; none of them is in the repository.

use std::process::Command;

use anyhow::{Result, bail};

use crate::packages::{Package, install_missing};
use crate::process::{find_program, succeed};
use crate::workspace::Workspace;

const PACKAGES: [Package; 2] = [("nodejs", "node"), ("npm", "npm")];

/// Fetches what the lock file names, unless it is there.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let folder = workspace.root.join("web");
    let modified = |name: &str| folder.join(name).metadata().and_then(|meta| meta.modified()).ok();
    // npm writes this file last.
    let is_there = modified("node_modules/.package-lock.json").zip(modified("package-lock.json"));
    if is_there.is_some_and(|(fetched, locked)| fetched >= locked) {
        return Ok(());
    }
    install_missing(&PACKAGES)?;
    let Some(npm) = find_program("npm") else { bail!("the console's scripts come from npm; install it first") };
    eprintln!("  fetching the console's scripts into {}", folder.join("node_modules").display());
    let mut command = Command::new(npm);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent"]);
    succeed(command.current_dir(&folder))
}
