//! Others' clients against the server: OASIS's own for Python, `taxii2-client`, and that of `rstix` for Rust.

use std::process::Command;

use crate::kit::{COLLECTION, Server};

#[tokio::test(flavor = "multi_thread")]
async fn the_client_of_oasis_is_served() {
    let Some(python) = testkit::python(&["taxii2-client==2.3.0 as taxii2client"]) else { return };
    let (server, token) = Server::with_collection().await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/taxii/client.py");
    let mut command = Command::new(python);
    let address = format!("http://localhost:{}", server.address.port());
    command.arg(script).arg(address).arg(&token).arg(COLLECTION).env("NO_PROXY", "localhost");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("all is well"), "{said}");
}

/// Built by the oracle only: it takes minutes.
#[tokio::test(flavor = "multi_thread")]
async fn the_client_of_rstix_is_served() {
    if std::env::var_os("ORACLE").is_none() {
        eprintln!("skipped: the long form is cargo xtask oracle rstix");
        return;
    }
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/taxii/rstix/Cargo.toml");
    let (server, token) = Server::with_collection().await;
    let address = format!("http://localhost:{}", server.address.port());
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["run", "--quiet", "--locked", "--manifest-path", manifest, "--", &address, &token, COLLECTION]);
    command.env("NO_PROXY", "localhost").env("CARGO_TARGET_DIR", env!("CARGO_TARGET_TMPDIR"));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("all is well"), "{said}");
}
