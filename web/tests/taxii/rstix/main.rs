//! Does with the TAXII client of `rstix` what its users do: address, token and collection are the arguments.

use std::collections::BTreeSet;

use futures::StreamExt;
use rstix::core::StixId;
use rstix::parse_object;
use rstix::taxii::{
    BasicAuth, BearerAuth, DeleteObjectFilter, ObjectByIdFilter, StatusState, TaxiiClient, TaxiiClientConfig,
    TaxiiEnvelope, TaxiiError, TaxiiFilter, VersionFilter, VersionsQueryFilter,
};
use serde_json::json;

fn tool(number: u32, version: u32) -> serde_json::Value {
    json!({
        "type": "tool", "spec_version": "2.1", "id": format!("tool--{number:08}-0000-4000-8000-000000000000"),
        "created": "2020-01-01T00:00:00.000Z", "modified": format!("2020-01-{version:02}T00:00:00.000Z"),
        "name": format!("tool {number}"),
    })
}

fn envelope(objects: Vec<serde_json::Value>) -> TaxiiEnvelope {
    TaxiiEnvelope::new(objects.iter().map(|one| parse_object(&one.to_string()).expect("a tool")).collect())
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, token, name] = &arguments[..] else { panic!("address, token and collection") };
    let config = || TaxiiClientConfig::new(address.as_str()).allow_insecure_http(true);
    let client = TaxiiClient::new(config().auth(BearerAuth::new(token.as_str()))).expect("a client");

    let found = client.discover().await.expect("discovery");
    assert_eq!(found.title, "Watchbell");
    let root = format!("{address}/taxii2/shared/");
    assert_eq!((found.default_api_root(), &found.api_roots[..]), (Some(root.as_str()), std::slice::from_ref(&root)));
    let about = client.api_root(&root).await.expect("the root");
    assert_eq!(about.versions, ["application/taxii+json;version=2.1"]);
    let collections = client.collections(&root).await.expect("collections");
    assert!(collections.iter().any(|one| one.id == *name && one.can_read && one.can_write));
    assert_eq!(
        client.collection(&root, name).await.expect("the collection").media_types,
        ["application/stix+json;version=2.1"]
    );

    let status = client
        .add_objects(&root, name, &envelope((0..250).map(|number| tool(number, 1)).collect()))
        .await
        .expect("250 objects");
    assert!(matches!(status.status, StatusState::Complete));
    assert_eq!((status.total_count, status.success_count, status.failure_count), (250, 250, 0));
    assert_eq!(client.get_status(&root, &status.id).await.expect("the status").successes.len(), 250);
    client.add_objects(&root, name, &envelope(vec![tool(7, 2), tool(7, 3)])).await.expect("two versions more");

    // All pages by their cursors, in both directions of what a page may be.
    for limit in [100, 7] {
        let objects: Vec<_> =
            client.objects_stream(root.as_str(), name.as_str(), TaxiiFilter::new().limit(limit)).collect().await;
        assert_eq!(objects.iter().filter(|object| object.is_ok()).count(), 250, "{limit} a page: {:?}", objects.last());
        assert_eq!(objects.len(), 250);
    }
    let mut everything = TaxiiFilter::new().limit(90);
    everything.version = VersionFilter::All;
    let manifest: Vec<_> = client.manifest_stream(root.as_str(), name.as_str(), everything.clone()).collect().await;
    let manifest: Vec<_> = manifest.into_iter().map(|record| record.expect("a record")).collect();
    let dates: BTreeSet<String> = manifest.iter().map(|record| format!("{:?}", record.date_added)).collect();
    assert_eq!((manifest.len(), dates.len()), (252, 252));
    let rest = client
        .objects(&root, name, everything.clone().added_after(manifest[249].date_added.clone()))
        .await
        .expect("what came later");
    assert_eq!(rest.value.objects.len(), 2);
    let none =
        client.objects(&root, name, everything.added_after(manifest[251].date_added.clone())).await.expect("nothing");
    assert!(none.value.objects.is_empty() && !none.value.more);

    let seventh = StixId::parse(tool(7, 1)["id"].as_str().expect("an id")).expect("an id");
    let eighth = StixId::parse(tool(8, 1)["id"].as_str().expect("an id")).expect("an id");
    let both = TaxiiFilter::new().object_id(seventh.clone()).object_id(eighth).object_type("tool");
    assert_eq!(client.objects(&root, name, both).await.expect("two of them").value.objects.len(), 2);
    let all = ObjectByIdFilter::new().version(VersionFilter::All);
    assert_eq!(client.get_object(&root, name, &seventh, all).await.expect("the seventh").value.objects.len(), 3);
    let versions = || client.object_versions(&root, name, &seventh, VersionsQueryFilter::new());
    assert_eq!(versions().await.expect("its versions").value.versions.len(), 3);
    let first = DeleteObjectFilter::new().version(VersionFilter::First);
    client.delete_object(&root, name, &seventh, first).await.expect("its first version goes");
    assert_eq!(versions().await.expect("its versions").value.versions.len(), 2);
    client
        .delete_object(&root, name, &seventh, DeleteObjectFilter::new().version(VersionFilter::All))
        .await
        .expect("all go");
    let gone = client.get_object(&root, name, &seventh, ObjectByIdFilter::new()).await;
    assert!(matches!(gone, Err(TaxiiError::NotFound { .. })), "{gone:?}");

    let stranger = TaxiiClient::new(config().auth(BasicAuth::new("anybody", "wbt_wrong"))).expect("a client");
    let refused = stranger.discover().await;
    assert!(matches!(refused, Err(TaxiiError::Unauthorized { .. })), "{refused:?}");
    let guest = TaxiiClient::new(config().auth(BasicAuth::new("anybody", token.as_str()))).expect("a client");
    assert_eq!(guest.discover().await.expect("by the password of Basic").title, "Watchbell");
    println!("all is well");
}
