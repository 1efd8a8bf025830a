//! A real browser for tests of pages: Debian's Chromium, driven by Playwright in Node.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A browser and what drives it.
#[derive(Clone, Debug)]
pub struct Browser {
    /// Chromium's program.
    pub chromium: PathBuf,
    /// The folder with the npm packages of `testkit/browser`.
    pub modules: PathBuf,
}

impl Browser {
    /// A command that runs a script in Node, where it can require `playwright-core` and `axe-core`, and finds Chromium in `CHROMIUM`.
    pub fn node(&self, script: &Path) -> Command {
        let mut command = Command::new("node");
        command.arg(script).env("NODE_PATH", &self.modules).env("CHROMIUM", &self.chromium);
        command
    }

    /// A command that checks HTML files as the W3C's validator does; `None` where there is no Java.
    ///
    /// # Panics
    /// With `CI=true` and no Java.
    pub fn validator(&self) -> Option<Command> {
        let has_java = Command::new("java").arg("-version").output().is_ok_and(|output| output.status.success());
        let is_required = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(
            has_java || !is_required,
            "CI=true needs Java for the HTML checker; hint: cargo xtask test installs it"
        );
        if !has_java {
            eprintln!("skipped: no Java for the HTML checker");
            return None;
        }
        let mut command = Command::new("java");
        command.args(["-Xss1m", "-jar"]).arg(self.modules.join("vnu-jar/build/dist/vnu.jar"));
        Some(command)
    }
}

/// The browser; its npm packages are brought into the cache folder when they are missing (`WATCHBELL_CACHE`, else
/// `~/.cache/watchbell`). `None` where there is no way to get it.
///
/// # Panics
/// With `CI=true` and no such browser.
pub fn browser() -> Option<Browser> {
    let found = find();
    let is_required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(
        found.is_some() || !is_required,
        "CI=true needs Chromium, Node and npm; hint: cargo xtask test installs them"
    );
    if found.is_none() {
        eprintln!("skipped: no Chromium with Node and npm");
    }
    found
}

fn find() -> Option<Browser> {
    let path = std::env::var_os("PATH")?;
    let program = |name: &str| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    let chromium = program("chromium")?;
    program("node")?;
    let npm = program("npm")?;
    let cache = std::env::var_os("WATCHBELL_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache/watchbell")))?;
    let listed = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let folder = cache.join("browser");
    let copy = |name: &str| std::fs::copy(listed.join(name), folder.join(name)).is_ok();
    // What is there is good when it is of the very list that we have.
    std::fs::create_dir_all(&folder).ok()?;
    let _lock = crate::lock(&cache.join("browser.lock"))?;
    let is_there = same(&listed.join("package-lock.json"), &folder.join("installed.json"));
    if !is_there {
        let copied = copy("package.json") && copy("package-lock.json");
        let install = || {
            let mut command = Command::new(&npm);
            command.current_dir(&folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
            command.output().is_ok_and(|output| output.status.success())
        };
        if !(copied && install()) {
            return None;
        }
        std::fs::copy(listed.join("package-lock.json"), folder.join("installed.json")).ok()?;
    }
    Some(Browser { chromium, modules: folder.join("node_modules") })
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((std::fs::read(one), std::fs::read(other)), (Ok(one), Ok(other)) if one == other)
}
