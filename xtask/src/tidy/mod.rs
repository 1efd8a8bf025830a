//! `cargo xtask tidy`: what can be checked of the invariants and the style without compiling, in seconds.
//!
//! A check reads the text of the files and says what it finds, with file and line. It knows the habits of this code base
//! (how `use` is written, that tests stand last in a file), not the Rust language: it is a help for honest people.

mod code;
mod crates;
mod docs;
mod tree;

use anyhow::{Result, bail};

use crate::process::say;
use crate::workspace::Workspace;
use tree::Tree;

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    text: String,
}

type Check = fn(&Tree) -> Vec<Finding>;

/// Every check, in the order in which their findings are shown.
const CHECKS: &[Check] = &[
    code::thinking_crates_only_think,
    code::files_are_short,
    code::nothing_is_left_undone,
    code::modules_say_what_they_are_for,
    code::nothing_names_this_machine,
    crates::imports_follow_the_ranks,
    crates::heavy_dependencies_stay_in_their_crate,
    crates::lints_are_inherited,
    docs::links_lead_somewhere,
    docs::the_changelog_is_open,
    docs::asvs_claims_what_is_there,
];

/// Runs every check.
///
/// # Errors
/// When one of them finds something.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(&workspace.root)?;
    let findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&tree)).collect();
    for Finding { path, line, text } in &findings {
        say(&format!("{path}:{line}: {text}"))?;
    }
    if !findings.is_empty() {
        bail!("tidy found {} things", findings.len());
    }
    Ok(())
}
