//! Checks of the crates' manifests: who may import whom, and which dependency may stand where.

use super::Finding;
use super::tree::{File, Tree};

/// Our crates and what each may import (the table in `ARCHITECTURE.md`). `watchbell` wires everything together.
const RANKS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("formats", &["model"]),
    ("detect", &["model"]),
    ("intel", &["model", "detect"]),
    ("risk", &["model"]),
    ("store", &["model"]),
    ("lake", &["model"]),
    ("connect", &["model", "formats"]),
    ("engine", &["model", "formats", "detect", "intel", "risk", "store"]),
    ("web", &["model", "formats", "engine"]),
    (
        "watchbell",
        &["model", "formats", "detect", "intel", "risk", "store", "lake", "connect", "engine", "web", "testkit"],
    ),
    ("testkit", &["model"]),
    ("fuzz", &["model", "formats", "detect", "intel", "store", "connect", "testkit"]),
    ("xtask", &[]),
];

/// Dependencies that cost much to build, and the only crates that may have them.
const HEAVY: &[(&str, &[&str])] = &[
    ("datafusion", &["lake"]),
    ("deltalake", &["lake"]),
    ("arrow", &["lake"]),
    ("parquet", &["lake"]),
    ("sqlx", &["store"]),
    ("cedar-policy", &["engine"]),
    ("webauthn-rs", &["engine"]),
    ("askama", &["web"]),
    ("axum", &["connect", "web", "watchbell"]),
    ("async-nats", &["connect"]),
    ("rumqttc", &["connect"]),
    ("clap", &["watchbell"]),
    ("tokio", &["store", "lake", "connect", "engine", "web", "watchbell"]),
];

/// The crates' own manifests: `name/Cargo.toml`, with the name.
fn manifests(tree: &Tree) -> impl Iterator<Item = (&str, &File)> {
    tree.ending("/Cargo.toml").filter_map(|file| {
        let name = file.path.strip_suffix("/Cargo.toml")?;
        (!name.contains('/')).then_some((name, file))
    })
}

/// Names in the tables of that kind (`dependencies`, and those of targets), with their lines.
fn dependencies<'a>(file: &'a File, kind: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let mut inside = false;
    file.lines().filter_map(move |(number, line)| {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let table = header.trim_end_matches(']');
            inside = table == kind || table.ends_with(&format!(".{kind}"));
            // `[dependencies.name]` names one dependency in its header.
            let single = table.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.'));
            return single.map(|name| (number, name));
        }
        let name = line.split(['=', '.', ' ']).next().unwrap_or_default().trim_matches('"');
        (inside && !name.is_empty() && !name.starts_with('#')).then_some((number, name))
    })
}

/// Data flows one way: a crate imports only what stands before it. Tests may import more.
pub(super) fn imports_follow_the_ranks(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, file) in manifests(tree) {
        let Some((_, allowed)) = RANKS.iter().find(|(known, _)| *known == name) else {
            findings.push(file.finding(1, format!("crate `{name}` has no rank: a new crate needs a decision record")));
            continue;
        };
        for (line, dependency) in dependencies(file, "dependencies") {
            let is_ours = RANKS.iter().any(|(known, _)| *known == dependency);
            if is_ours && !allowed.contains(&dependency) {
                findings.push(file.finding(line, format!("`{name}` must not import `{dependency}`")));
            }
        }
    }
    findings
}

/// What builds long stays in one crate, so that the others build fast.
pub(super) fn heavy_dependencies_stay_in_their_crate(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, file) in manifests(tree) {
        for (line, dependency) in dependencies(file, "dependencies") {
            // `arrow-array` counts as `arrow`.
            let family = |heavy: &str| dependency == heavy || dependency.starts_with(&format!("{heavy}-"));
            for (heavy, homes) in HEAVY.iter().filter(|(heavy, _)| family(heavy)) {
                // tokio's relatives are small; clap's completions and manual go with clap.
                let is_exempt = *heavy == "tokio" && dependency != "tokio";
                if !is_exempt && !homes.contains(&name) {
                    let text = format!("`{dependency}` belongs into {} only", homes.join(", "));
                    findings.push(file.finding(line, text));
                }
            }
        }
    }
    findings
}

/// One table of lints for all.
pub(super) fn lints_are_inherited(tree: &Tree) -> Vec<Finding> {
    let inherits = |file: &File| {
        let mut lines = file.text.lines().map(str::trim).skip_while(|line| *line != "[lints]");
        lines.next().is_some() && lines.next() == Some("workspace = true")
    };
    let bare = manifests(tree).filter(|(_, file)| !inherits(file));
    bare.map(|(name, file)| file.finding(1, format!("`{name}` does not inherit the workspace's lints"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(check: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn ranks() {
        let check = |name: &str, text: &str, expected: usize| {
            let found = texts(imports_follow_the_ranks, &format!("{name}/Cargo.toml"), text);
            assert_eq!(found.len(), expected, "{name}: {text}: {found:?}");
        };
        check("formats", "[dependencies]\nmodel.workspace = true\n", 0);
        check("formats", "[dependencies]\ndetect.workspace = true\n", 1);
        check("formats", "[dependencies]\ndetect = { path = \"../detect\" }\n", 1);
        check("formats", "[dependencies.detect]\nworkspace = true\n", 1);
        check("formats", "[target.'cfg(unix)'.dependencies]\nstore.workspace = true\n", 1);
        check("formats", "[dev-dependencies]\ntestkit.workspace = true\n", 0);
        check("engine", "[dependencies]\nlake.workspace = true\n", 1);
        check("fuzz", "[dependencies]\ntestkit.workspace = true\n", 0);
        check("fuzz", "[dependencies]\nlake.workspace = true\n", 1);
        check("shop", "[dependencies]\n", 1);
    }

    #[test]
    fn heavy() {
        let found = |name: &str, text: &str| {
            texts(heavy_dependencies_stay_in_their_crate, &format!("{name}/Cargo.toml"), text).len()
        };
        assert_eq!(found("lake", "[dependencies]\ndatafusion.workspace = true\n"), 0);
        assert_eq!(found("store", "[dependencies]\ndatafusion.workspace = true\n"), 1);
        assert_eq!(found("engine", "[dependencies]\narrow-array = \"59\"\n"), 1);
        assert_eq!(found("connect", "[dependencies]\ntokio-rustls.workspace = true\n"), 0);
        assert_eq!(found("watchbell", "[dependencies]\nclap_complete.workspace = true\n"), 0);
        assert_eq!(found("model", "[dependencies]\ntokio.workspace = true\n"), 1);
    }

    #[test]
    fn lints() {
        let found = |text: &str| texts(lints_are_inherited, "model/Cargo.toml", text).len();
        assert_eq!(found("[package]\n[lints]\nworkspace = true\n"), 0);
        assert_eq!(found("[package]\n"), 1);
        assert_eq!(found("[lints]\n[dependencies]\nworkspace = true\n"), 1);
    }
}
