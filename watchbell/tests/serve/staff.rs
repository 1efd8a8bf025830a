//! Staff come in by the accounts that they have: against a real, certified identity provider.

use std::path::Path;
use std::process::Stdio;

use crate::kit::{Place, free_port, text};

#[test]
fn staff_come_in_by_their_accounts() {
    let Some(browser) = testkit::browser() else { return };
    let place = Place::new();
    let port = free_port();
    std::fs::create_dir(place.data()).unwrap();
    let config = format!(
        "[staff]\nissuer = 'http://localhost:{port}'\nclient_id = 'watchbell'\nclient_secret = 'between the two'\n\
         label = 'city account'\nscopes = ['groups']\n\
         [staff.roles]\nwatch = ['analyst']\nheads = ['administrator']\n"
    );
    std::fs::write(place.data().join("watchbell.toml"), config).unwrap();
    let node = place.start(&[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/staff.cjs");
    let origin = format!("http://localhost:{}", node.address.port());
    let mut walk = browser.node(&script);
    let output = walk.arg(port.to_string()).arg(origin).stdin(Stdio::null()).output().unwrap();
    let said = format!("{}\n{}\n{}", text(&output.stdout), text(&output.stderr), node.log());
    assert!(output.status.success() && said.contains("everybody came"), "{said}");
    assert!(!node.log().contains("between the two") && !node.log().contains("Ada"), "{}", node.log());
    node.stop();
    let shown = text(&place.run(&["config", "show"]).stdout);
    assert!(!shown.contains("between the two"), "{shown}");
    let ledger = place.say(&["audit", "list", "--operation", "identity.add"]);
    assert!(ledger.contains("identity-provider"), "{ledger}");
    for file in ["state.db", "state.db-wal"] {
        let bytes = std::fs::read(place.data().join(file)).unwrap_or_default();
        assert!(!bytes.windows(10).any(|part| part == b"Ada Brandt"), "{file}");
    }
}
