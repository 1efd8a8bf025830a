//! nftables takes the file, twice, and has in its sets what is listed: in a network name space of its own.

use std::path::Path;

use formats::release::nftables::{Ends, Sets};
use formats::release::{Form, Released};

use super::{file, list, run, skip};

/// Loads the file in a fresh name space and says what `question` prints there; `None` when that cannot be done here.
fn loaded(path: &Path, question: &str) -> Option<(bool, String)> {
    let path = path.display();
    let script = format!("nft -f {path} && nft -f {path} && nft {question}");
    let found = run("unshare", &["--map-root-user", "--net", "sh", "-c", &script]);
    let could_not = |text: &str| text.contains("unshare:") || text.contains("not found");
    let found = found.filter(|(_, text)| !could_not(text) && !text.contains("Operation not permitted"));
    if found.is_none() {
        skip("nft (Debian package nftables) in a network name space of its own");
    }
    found
}

#[track_caller]
fn check(ends: Ends) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sets.nft");
    let form = Form::Nftables(Sets::default().with_ends(ends));
    let list = list::overlapping(20_000);
    let written = file(&path, &form, &list);
    assert!(written.written > 9_000, "{written:?}");
    let Some((is_content, text)) = loaded(&path, "list sets inet") else { return };
    assert!(is_content, "{text:.2000}");
    // What was in the list can be found in the set.
    let has_pap = |released: &&Released| released.marking.pap.allows_blocking();
    for released in list.iter().filter(has_pap).take(5) {
        let set = if released.value.contains(':') { "listed6" } else { "listed4" };
        let first = released.value.split('/').next().unwrap();
        let question = format!("get element inet watchbell {set} '{{ {first} }}'");
        let Some((is_there, text)) = loaded(&path, &question) else { return };
        assert!(is_there, "{} {text:.500}", released.value);
    }
    let Some((is_there, _)) = loaded(&path, "get element inet watchbell listed4 '{ 203.0.113.1 }'") else { return };
    assert!(!is_there, "what is not listed is not there");
    println!("oracle: 1 passed, 0 failed");
}

#[test]
fn ranges_that_overlap_are_taken() {
    check(Ends::Reload);
}

#[test]
fn ranges_that_end_are_taken() {
    check(Ends::Timeout);
}
