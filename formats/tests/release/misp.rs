//! PyMISP loads the feed: types and categories that MISP pairs, the manifest that it would write, and the same hashes.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use formats::release::misp::{Folder, feed};

use super::{list, run};

struct Files(PathBuf);

impl Folder for Files {
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write>> {
        Ok(Box::new(BufWriter::new(std::fs::File::create_new(self.0.join(name))?)))
    }
}

const LOAD: &str = r#"
import json, pathlib, sys
from pymisp import MISPEvent
folder = pathlib.Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text())
hashes = sorted((folder / "hashes.csv").read_text().split())
expected, attributes = [], 0
for uuid, entry in manifest.items():
    event = MISPEvent()
    event.load_file(folder / f"{uuid}.json", metadata_only=False)
    assert event.uuid == uuid
    types = event.describe_types
    for attribute in event.attributes:
        assert attribute.type in types["category_type_mappings"][attribute.category], attribute
        attributes += 1
    ours = {k: entry[k] for k in ("info", "date", "timestamp")}
    theirs = event.manifest[uuid]
    assert ours["info"] == theirs["info"] and ours["date"] == theirs["date"]
    assert int(ours["timestamp"]) == int(theirs["timestamp"])
    assert {t["name"] for t in entry["Tag"]} == {t["name"] for t in theirs["Tag"]}
    assert entry["Orgc"]["uuid"] == theirs["Orgc"]["uuid"]
    expected += [f"{h},{uuid}" for h in event.attributes_hashes("md5")]
    event.to_feed(with_meta=True)
assert hashes == sorted(expected)
print(f"oracle: {attributes} passed, 0 failed")
"#;

#[test]
fn pymisp_loads_the_feed() {
    let Some(python) = testkit::python(&["pymisp"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let list = list::all(50);
    let mut files = Files(folder.path().to_owned());
    let written = feed(&list::release(), 8, &mut list.iter().cloned(), &mut files).unwrap();
    assert_eq!(written.left_count(), 0);
    let path = folder.path().display().to_string();
    let (is_content, said) = run(&python.display().to_string(), &["-c", LOAD, &path]).unwrap();
    println!("{said}");
    assert!(is_content, "{said:.4000}");
    assert!(said.contains(&format!("oracle: {} passed", written.written)), "{said:.4000}");
}
