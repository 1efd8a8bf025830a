//! The cases of OASIS's own server, medallion (`cti-taxii-server`), from a checkout that `WATCHBELL_ORACLE_REPO` names: those that speak
//! HTTP, on its own data. What they ask of that server's insides is left out, by name, in `medallion.py`.

use std::path::Path;
use std::process::Command;

use engine::office::{ApiRoot, CollectionRights, NewCollection, NewObject, Scope};
use model::{OpContext, Timestamp};
use serde_json::Value;
use store::state::{PostStatus, object_named};

use crate::kit::Server;

const TOKEN: &str = "medallion";

#[tokio::test(flavor = "multi_thread")]
async fn medallions_cases_pass() {
    let Some(repo) = std::env::var_os("WATCHBELL_ORACLE_REPO") else {
        eprintln!("skipped: no checkout of cti-taxii-server (hint: cargo xtask oracle taxii --repo DIR)");
        return;
    };
    let repo = Path::new(&repo);
    let Some(python) = testkit::python(&["pytest==8.4.2"]) else { return };
    let server = Server::start(Some("http://localhost:5000")).await;
    let token = server.token("home", TOKEN, &[Scope::Share]).await;
    let data = std::fs::read_to_string(repo.join("medallion/test/data/default_data.json")).unwrap();
    let roots = load(&server, &serde_json::from_str(&data).unwrap()).await;
    let mut command = Command::new(python);
    command.args(["-m", "pytest", "-q", "-p", "medallion_shim", "-p", "no:cacheprovider", "--backends", "memory"]);
    command.arg(repo.join("medallion/test/test_backends.py"));
    command.current_dir(repo).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/taxii"));
    command.env("TAXII_ADDRESS", server.address.to_string()).env("TAXII_TOKEN", token);
    command.env("TAXII_ROOTS", roots.join(" "));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "some of medallion's cases failed");
}

/// Makes what medallion's file says; gives the roots' names.
async fn load(server: &Server, data: &Value) -> Vec<String> {
    let operator = server.operator("home");
    let listed = data["/discovery"]["api_roots"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<String> =
        listed.filter_map(|url| Some(url.trim_end_matches('/').rsplit('/').next()?.to_owned())).collect();
    for name in &names {
        let said = &data[name];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (title, description) = (&said["information"]["title"], &said["information"]["description"]);
        let root = ApiRoot { name: name.clone(), title: text(title).unwrap(), description: text(description) };
        server.office.add_api_root(&operator, &root).await.unwrap();
        for collection in said["collections"].as_array().into_iter().flatten() {
            add_collection(server, &operator, name, collection).await;
        }
        let peer = OpContext { actor: object_named("token", TOKEN), ..operator.clone() };
        for status in said["status"].as_array().into_iter().flatten() {
            let kept = (status["id"].as_str().unwrap(), status.to_string());
            server.state.keep_share_status(&peer, name, (kept.0, &kept.1)).await.unwrap();
        }
    }
    names
}

async fn add_collection(server: &Server, operator: &OpContext, root: &str, said: &Value) {
    let text = |name: &str| said[name].as_str().map(str::to_owned);
    let id = text("id").unwrap();
    let media_types = said["media_types"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let new = NewCollection {
        id: id.clone(),
        alias: text("alias"),
        title: text("title").unwrap(),
        description: text("description"),
        spec_versions: media_types
            .filter_map(|media_type| Some(media_type.split_once("version=")?.1.to_owned()))
            .collect(),
        everybody: CollectionRights::default(),
    };
    server.office.add_collection(operator, root, &new).await.unwrap();
    let right = |name: &str| said[name].as_bool().unwrap_or_default();
    let rights = CollectionRights { can_read: right("can_read"), can_write: right("can_write") };
    server.office.set_collection_rights(operator, (root, &id), TOKEN, Some(rights)).await.unwrap();
    let collection = server.office.collection(operator, root, &id).await.unwrap();
    let objects = objects(said);
    if !objects.is_empty() {
        let status = PostStatus { id: &format!("f-{id}"), body: &|_| "{}".to_owned() };
        server.state.share_objects(operator, &collection, &objects, &status).await.unwrap();
    }
}

/// Objects as the manifest says when they were added. Two that were added at one moment here get two; the one that is shown
/// to whoever asks for no version of STIX keeps it.
fn objects(said: &Value) -> Vec<NewObject> {
    let read = |object: &Value| NewObject::read(&object.to_string()).unwrap();
    let objects: Vec<NewObject> = said["objects"].as_array().into_iter().flatten().map(read).collect();
    let manifest = said["manifest"].as_array().cloned().unwrap_or_default();
    let added = |object: &NewObject| {
        let is_it = |entry: &&Value| {
            let time = |text: Option<&str>| text.and_then(Timestamp::parse);
            entry["id"] == object.id() && time(entry["version"].as_str()) == time(object.version())
        };
        manifest.iter().find(is_it).and_then(|entry| Timestamp::parse(entry["date_added"].as_str()?)).unwrap()
    };
    let mut objects: Vec<(Timestamp, NewObject)> = objects.into_iter().map(|object| (added(&object), object)).collect();
    objects.sort_by(|(one, a), (other, b)| one.cmp(other).then(b.spec_version().cmp(a.spec_version())));
    objects.into_iter().map(|(at, object)| object.added(at)).collect()
}
