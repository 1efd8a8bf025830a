//! `cargo xtask oracle NAME`: somebody else's data or tool judges ours. Ends with the line `N passed, N failed`.

use anyhow::{Context, Result, bail};

use crate::process::{say, watch};
use crate::workspace::Workspace;

/// An oracle: a test of the workspace.
struct Oracle {
    name: &'static str,
    package: &'static str,
    test: &'static str,
    /// Which of its tests; all of them when it is empty.
    filter: &'static str,
    needs_data: bool,
    /// Whose repository it needs a checkout of, if it does: no package registry holds the cases.
    repo: Option<&'static str>,
    judge: &'static str,
}

const ORACLES: &[Oracle] = &[
    Oracle {
        name: "ocsf",
        package: "formats",
        test: "ocsf",
        filter: "",
        needs_data: true,
        repo: None,
        judge: "every event that we emit on all real logs, against the compiled OCSF 1.8.0 schema",
    },
    Oracle {
        name: "sigma",
        package: "detect",
        test: "sigma_oracle",
        filter: "",
        needs_data: true,
        repo: None,
        judge: "SigmaHQ's regression cases, and the same hits as rsigma-eval rule by rule",
    },
    Oracle {
        name: "console",
        package: "watchbell",
        test: "serve",
        filter: "schema",
        needs_data: false,
        repo: None,
        judge: "every route, with what schemathesis makes of the document about it",
    },
    Oracle {
        name: "release",
        package: "formats",
        test: "release",
        filter: "",
        needs_data: false,
        repo: None,
        judge: "nft, named-checkzone, stix2-validator, stix2, misp-stix and pymisp, on what we hand out",
    },
    Oracle {
        name: "rpz",
        package: "connect",
        test: "sources",
        filter: "rpz",
        needs_data: false,
        repo: None,
        judge: "BIND as a secondary, and dig, on policy zones that we serve",
    },
    Oracle {
        name: "rstix",
        package: "web",
        test: "taxii",
        filter: "client",
        needs_data: false,
        repo: None,
        judge: "the TAXII clients of OASIS and of rstix",
    },
    Oracle {
        name: "taxii",
        package: "web",
        test: "taxii",
        filter: "medallion",
        needs_data: false,
        repo: Some("oasis-open/cti-taxii-server"),
        judge: "the cases of OASIS's own TAXII server that speak HTTP, on its own data",
    },
    Oracle {
        name: "nab",
        package: "detect",
        test: "nab",
        filter: "nabs_own_programs",
        needs_data: true,
        repo: Some("numenta/NAB"),
        judge: "NAB's own scorer, on the series of the data folder: ours, contextOSE's and Numenta HTM's results",
    },
];

/// What was asked for on the command line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    name: Option<String>,
    repo: Option<String>,
}

impl Asked {
    fn read(arguments: &[String]) -> Result<Self> {
        let mut asked = Asked::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--repo" => asked.repo = Some(arguments.next().context("--repo needs a folder")?.clone()),
                name if asked.name.is_none() && !name.starts_with('-') => asked.name = Some(name.to_owned()),
                other => bail!("{other:?} is not understood; hint: cargo xtask oracle [NAME] [--repo DIR]"),
            }
        }
        Ok(asked)
    }
}

/// Asks one oracle, or all of them.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let Asked { name, repo } = Asked::read(arguments)?;
    let (name, repo) = (name.as_deref(), repo.map(|repo| workspace.root.join(repo)));
    let chosen: Vec<&Oracle> = ORACLES.iter().filter(|oracle| name.is_none_or(|name| name == oracle.name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = ORACLES.iter().map(|oracle| oracle.name).collect();
        bail!("unknown oracle {:?}; known are {}", name.unwrap_or_default(), names.join(", "));
    }
    if chosen.iter().any(|oracle| oracle.needs_data) {
        workspace.require_data()?;
    }
    let mut total = Verdict::default();
    for oracle in chosen {
        if let (Some(owner), None) = (oracle.repo, &repo) {
            if name.is_some() {
                bail!("the oracle {} needs a checkout of {owner}; hint: --repo DIR", oracle.name);
            }
            eprintln!("oracle {}: left out, for want of a checkout of {owner} (--repo DIR)", oracle.name);
            continue;
        }
        let file = workspace.root.join(oracle.package).join("tests").join(oracle.test);
        if !file.with_extension("rs").is_file() && !file.join("main.rs").is_file() {
            bail!("the oracle {} has no test {}/tests/{}", oracle.name, oracle.package, oracle.test);
        }
        eprintln!("oracle {}: {}", oracle.name, oracle.judge);
        let mut arguments =
            vec!["test", "--package", oracle.package, "--test", oracle.test, "--no-fail-fast", "--", "--nocapture"];
        arguments.extend(Some(oracle.filter).filter(|filter| !filter.is_empty()));
        // With CI=true a test that finds no data fails instead of being skipped; with ORACLE, tests that have one take their long form.
        let mut command = workspace.cargo(&arguments);
        command.env("CI", "true").env("ORACLE", "1");
        command.envs(repo.as_ref().map(|repo| ("WATCHBELL_ORACLE_REPO", repo)));
        let (succeeded, lines) = watch(&mut command)?;
        let verdict = Verdict::read(&lines).with_context(|| format!("the oracle {} gave no verdict", oracle.name))?;
        total.passed += verdict.passed;
        total.failed += verdict.failed;
        if !succeeded && verdict.failed == 0 {
            bail!("the oracle {} ended with a failure that it did not count", oracle.name);
        }
    }
    say(&format!("{} passed, {} failed", total.passed, total.failed))?;
    if total.failed > 0 {
        bail!("{} cases failed", total.failed);
    }
    Ok(())
}

/// How many cases went which way.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    passed: u64,
    failed: u64,
}

impl Verdict {
    /// Reads what a test printed. A line `oracle: N passed, N failed` counts cases; where no test prints one, the tests
    /// themselves are counted. `None` when nothing was judged: that is no success.
    fn read(lines: &[String]) -> Option<Self> {
        let sum = |marker: &str, separator: char| {
            let mut found = false;
            let mut verdict = Verdict::default();
            for line in lines {
                let Some((_, counts)) = line.split_once(marker) else { continue };
                let Some((passed, failed)) = counts_in(counts, separator) else { continue };
                found = true;
                verdict.passed += passed;
                verdict.failed += failed;
            }
            found.then_some(verdict)
        };
        let tests = sum("test result: ", ';');
        let cases = sum("oracle: ", ',');
        let failed_tests = tests.as_ref().map_or(0, |tests| tests.failed);
        let mut verdict = cases.or(tests)?;
        // A test that broke down may have counted nothing.
        verdict.failed = verdict.failed.max(failed_tests);
        (verdict.passed + verdict.failed > 0).then_some(verdict)
    }
}

/// The numbers before `passed` and `failed`.
fn counts_in(text: &str, separator: char) -> Option<(u64, u64)> {
    let count = |word: &str| {
        let part = text.split(separator).find(|part| part.trim().ends_with(word))?;
        part.split_whitespace().rev().nth(1)?.parse().ok()
    };
    Some((count("passed")?, count("failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(u64, u64)>) {
        let lines: Vec<_> = text.lines().map(String::from).collect();
        assert_eq!(Verdict::read(&lines).map(|verdict| (verdict.passed, verdict.failed)), expected, "{text}");
    }

    #[test]
    fn arguments_are_read() {
        let read = |words: &str| Asked::read(&words.split_whitespace().map(String::from).collect::<Vec<_>>());
        let asked =
            |name: Option<&str>, repo: Option<&str>| Asked { name: name.map(Into::into), repo: repo.map(Into::into) };
        assert_eq!(read("").unwrap(), asked(None, None));
        assert_eq!(read("taxii --repo x").unwrap(), asked(Some("taxii"), Some("x")));
        assert_eq!(read("--repo x taxii").unwrap(), asked(Some("taxii"), Some("x")));
        for wrong in ["taxii --repo", "taxii sigma", "--folder x"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn verdicts_are_read() {
        let one = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        check(one, Some((3, 0)));
        check(&format!("oracle: 98 passed, 0 failed\n{one}"), Some((98, 0)));
        check(&format!("test x ... oracle: 97 passed, 1 failed\noracle: 5 passed, 0 failed\n{one}"), Some((102, 1)));
        check("test result: FAILED. 1 passed; 2 failed; 0 ignored", Some((1, 2)));
        check("oracle: 98 passed, 0 failed\ntest result: FAILED. 1 passed; 1 failed; 0 ignored", Some((98, 1)));
        check("test result: ok. 0 passed; 0 failed; 0 ignored", None);
        check("error: could not compile", None);
    }
}
