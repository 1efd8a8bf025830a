//! Schemathesis over the document about all routes: nothing fails here, and every answer is as the document says. A short form of
//! `cargo xtask oracle console`.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{AgencyId, OpContext, Role, Roles};
use store::state::{Database, PersonId, State};

use crate::kit::{Node, Place, text};
use crate::tenants::now;

/// What must hold of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,unsupported_method";

/// Routes that end a session, never end, or have the watch ask a server of somebody else's.
const NOT_TRIED: [&str; 4] =
    ["/inbox/events", "/sign-out", "/intel/sources/add", "/taxii2/{root}/collections/{id}/hints/"];

/// A session of somebody who may everything, and of nobody's last administrator.
async fn session(place: &Place) -> String {
    let state = State::open(&Database::Sqlite(place.data().join("state.db"))).await.unwrap();
    let ctx = OpContext::new(AgencyId::home(), "test", Roles::NODE, now());
    let roles: Roles = [Role::Analyst, Role::Lead, Role::Auditor, Role::Administrator].into_iter().collect();
    let person = PersonId::random().unwrap();
    state.add_person(&ctx, person, b"sealed".to_vec(), roles).await.unwrap();
    state.begin_session(&ctx, person, &[7; 32], Some(ctx.now)).await.unwrap();
    state.close().await;
    URL_SAFE_NO_PAD.encode([7; 32])
}

fn run(node: &Node, place: &Place, python: &std::path::Path, way: &str, examples: u32) -> String {
    let origin = format!("http://localhost:{}", node.address.port());
    let config = format!("[auth.openapi.{way}\n[headers]\nOrigin = \"{origin}\"\n");
    let file = place.folder.path().join("schemathesis.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(python.with_file_name("schemathesis"));
    command.arg("--config-file").arg(&file).args(["run", &format!("{origin}/api/openapi.json"), "--checks", CHECKS]);
    command.args(["--max-examples", &examples.to_string(), "--phases", "examples,coverage,fuzzing"]);
    command.args(["--seed", "7", "--warnings", "off"]);
    for path in NOT_TRIED {
        command.args(["--exclude-path", path]);
    }
    let output = command.env("NO_COLOR", "1").current_dir(place.folder.path()).output().unwrap();
    let said = format!("{}\n{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{way}: {said}");
    said
}

#[test]
fn every_answer_is_as_the_document_says() {
    let Some(python) = testkit::python(&["schemathesis==4.32.5"]) else { return };
    let place = Place::new();
    let token = place.say(&["token", "add", "all", "--scope", "ingest,findings,hunt,share"]).trim().to_owned();
    let node = place.start(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let session = runtime.block_on(session(&place));
    let examples = if std::env::var_os("ORACLE").is_some() { 200 } else { 5 };
    let mut tried = 0;
    for way in [format!("session]\napi_key = \"{session}\""), format!("token]\nbearer = \"{token}\"")] {
        let said = run(&node, &place, &python, &way, examples);
        let generated = said.lines().find_map(|line| line.trim().split_once(" generated")?.0.parse::<u64>().ok());
        tried += generated.unwrap_or(0);
    }
    assert!(tried > 500, "{tried}");
    println!("oracle: {tried} passed, 0 failed");
    assert!(!node.log().contains("an operation failed"), "{}", node.log());
    node.stop();
}
