use super::*;
use proptest::prelude::*;
use serde_json::json;

/// Each item in a line.
fn shown(text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let found = read(text.as_bytes());
    let items = found.items.iter().map(|item| {
        let addresses: Vec<String> = item.addresses.iter().map(ToString::to_string).collect();
        let exposure = item.exposure.map_or("-", Exposure::name);
        let labels = item.labels.join(",");
        format!("{} {} {} {} [{}] {labels}", item.kind, item.title, item.state, exposure, addresses.join(" "))
    });
    let left_out = found.left_out.iter().map(|(sort, count)| format!("{count} {sort}"));
    (items.collect(), left_out.collect(), found.refused.iter().map(ToString::to_string).collect())
}

pub(crate) fn samples() -> [Value; 5] {
    let config = json!({"configurationItems": [
        {"resourceType": "AWS::EC2::Instance", "resourceId": "i-0a1", "arn": "arn:aws:ec2:eu-central-1:111122223333:instance/i-0a1",
         "awsRegion": "eu-central-1", "awsAccountId": "111122223333", "tags": {"Name": "portal", "Owner": "IT office"},
         "configuration": {"privateIpAddress": "10.20.60.5", "publicIpAddress": "192.0.2.5"}},
        {"resourceType": "AWS::RDS::DBInstance", "resourceId": "db-A", "resourceName": "permits", "awsRegion": "eu-central-1",
         "configuration": "{\"publiclyAccessible\": false, \"endpoint\": {\"address\": \"permits.x.rds.example\"}}"},
        {"resourceType": "AWS::EC2::Volume", "resourceId": "vol-1"},
        {"resourceType": 7}]});
    let described = json!({"Reservations": [{"OwnerId": "111122223333", "Instances": [
        {"InstanceId": "i-0a1", "PrivateIpAddress": "10.20.60.5", "Placement": {"AvailabilityZone": "eu-central-1a"}, "State": {"Name": "running"},
         "Tags": [{"Key": "Name", "Value": "portal"}]},
        {"InstanceId": "i-0b2", "State": {"Name": "terminated"}}]}]});
    let explored = json!({"Resources": [{"Arn": "arn:aws:s3:::bell-archive", "ResourceType": "s3:bucket", "Region": "eu-central-1", "OwningAccountId": "111122223333",
        "Service": "s3", "Properties": []}]});
    let azure = json!({"count": 3, "data": [
        {"id": "/subscriptions/0-1/resourceGroups/City/providers/Microsoft.Web/sites/forms", "name": "forms", "type": "Microsoft.Web/sites", "location": "germanywestcentral",
         "properties": {"defaultHostName": "forms.web.example", "publicNetworkAccess": "Enabled"}},
        {"id": "/subscriptions/0-1/resourceGroups/City/providers/Microsoft.Storage/storageAccounts/scans", "name": "scans", "type": "microsoft.storage/storageaccounts",
         "properties": {"primaryEndpoints": {"blob": "https://scans.blob.example/"}, "allowBlobPublicAccess": false}},
        {"id": "/subscriptions/0-1/x", "name": "x", "type": "microsoft.network/networkinterfaces"}]});
    let google = json!([
        {"name": "//compute.googleapis.com/projects/bell/zones/europe-west3-a/instances/maps", "assetType": "compute.googleapis.com/Instance",
         "resource": {"location": "europe-west3-a", "data": {"networkInterfaces": [{"networkIP": "10.1.0.2", "accessConfigs": [{"natIP": "198.51.100.9"}]}]}}},
        {"name": "//storage.googleapis.com/bell-tiles", "assetType": "storage.googleapis.com/Bucket", "displayName": "Tiles", "location": "EU"},
        {"name": "//iam.googleapis.com/projects/bell/roles/x", "assetType": "iam.googleapis.com/Role"}]);
    [config, described, explored, azure, google]
}

#[test]
fn each_cloud_is_recognised() {
    let [config, described, explored, azure, google] = samples().map(|sample| shown(&sample.to_string()));
    assert_eq!(
        config.0,
        [
            "machine portal running public [10.20.60.5 192.0.2.5] cloud:aws,region:eu-central-1,account:111122223333,type:AWS::EC2::Instance",
            "data-store permits running - [permits.x.rds.example] cloud:aws,region:eu-central-1,type:AWS::RDS::DBInstance",
        ]
    );
    assert_eq!(config.1, ["1 AWS::EC2::Volume"]);
    assert_eq!(config.2, ["configurationItems 4: `resourceType`, and `resourceId` or `arn`, should be texts"]);
    assert_eq!(
        described.0,
        [
            "machine portal running - [10.20.60.5] cloud:aws,region:eu-central-1,account:111122223333,type:AWS::EC2::Instance",
            "machine i-0b2 retired - [] cloud:aws,account:111122223333,type:AWS::EC2::Instance",
        ]
    );
    assert_eq!(
        explored.0,
        ["data-store bell-archive running - [] cloud:aws,region:eu-central-1,account:111122223333,type:s3:bucket"]
    );
    assert_eq!(
        azure.0,
        [
            "application forms running public [forms.web.example] cloud:azure,region:germanywestcentral,account:0-1,type:microsoft.web/sites",
            "data-store scans running - [scans.blob.example] cloud:azure,account:0-1,type:microsoft.storage/storageaccounts",
        ]
    );
    assert_eq!(
        google.0,
        [
            "machine maps running public [10.1.0.2 198.51.100.9] cloud:gcp,region:europe-west3-a,account:bell,type:compute.googleapis.com/Instance",
            "data-store Tiles running - [] cloud:gcp,region:EU,type:storage.googleapis.com/Bucket",
        ]
    );
    assert_eq!((azure.1.len(), google.1.len()), (1, 1));
}

#[test]
fn one_thing_has_one_name_in_all_inventories() {
    let [config, described, ..] = samples().map(|sample| read(sample.to_string().as_bytes()));
    let item = |found: &Brought, place: usize| found.items[place].clone();
    let row = json!([{"Arn": "arn:aws:ec2:eu-central-1:111122223333:instance/i-0a1", "ResourceType": "ec2:instance"}]);
    let explored = read(row.to_string().as_bytes());
    assert_eq!(item(&config, 0).id, item(&described, 0).id);
    assert_eq!(item(&config, 0).id, item(&explored, 0).id);
    assert_eq!(item(&config, 0).owner, "IT office");
}

#[test]
fn rows_of_queries_lines_and_single_records() {
    let one = json!({"resourceType": "AWS::S3::Bucket", "resourceId": "b", "supplementaryConfiguration": {"BucketPolicyStatus": "{\"isPublic\":true}"}});
    let (found, ..) = shown(&json!({"Results": [one.to_string()]}).to_string());
    assert_eq!(found, ["data-store b running public [] cloud:aws,type:AWS::S3::Bucket"]);
    let two = json!({"resourceType": "AWS::S3::Bucket", "resourceId": "c"});
    let (found, _, notes) = shown(&format!("{one}\n{two}\n{{]\n{one}\n"));
    assert_eq!((found.len(), notes.len()), (2, 2), "{notes:?}");
    assert!(notes[1].contains("there twice"), "{notes:?}");
    assert_eq!(shown(&serde_json::to_string_pretty(&one).unwrap()).0.len(), 1);
    assert!(shown("{\"a\":1}").2[0].contains("no record of an inventory"));
    assert!(shown("{\"data\":{\"rows\":[]}}").2[0].contains("rows as objects"));
    assert!(shown("<html>").2[0].contains("document"));
}

#[test]
fn sorts_that_are_left_out_are_bounded() {
    let row = |number: usize| json!({"resourceType": format!("AWS::X::{number}"), "resourceId": "a"});
    let rows: Vec<Value> = (0..LEFT_OUT_SORTS_MAX + 5).map(row).collect();
    let found = read(Value::Array(rows).to_string().as_bytes());
    assert_eq!((found.left_out.len(), found.left_out["others"]), (LEFT_OUT_SORTS_MAX + 1, 5));
}

proptest! {
    #[test]
    fn never_panics_and_repeats_itself(which in 0usize..5, at in any::<prop::sample::Index>(), put in "[{}\\[\\]\":,0a]{0,3}") {
        let mut text = samples()[which].to_string();
        text.insert_str(at.index(text.len()), &put);
        prop_assert_eq!(read(text.as_bytes()), read(text.as_bytes()));
    }
}
