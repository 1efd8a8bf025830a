//! OASIS's own client for Python, `taxii2-client`, against the server.

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
