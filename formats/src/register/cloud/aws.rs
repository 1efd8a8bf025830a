//! Amazon Web Services.

use model::register::ItemKind;
use serde_json::{Map, Value};

use super::{Found, at, last_part, list_at, owner_of, text, text_at};
use crate::Trouble;
use crate::intel::walk;

/// What things are, by the words of Config and of Resource Explorer.
const KINDS: &[(&str, &str, ItemKind)] = &[
    ("AWS::EC2::Instance", "ec2:instance", ItemKind::Machine),
    ("AWS::Lightsail::Instance", "lightsail:Instance", ItemKind::Machine),
    ("AWS::WorkSpaces::Workspace", "workspaces:workspace", ItemKind::Machine),
    ("AWS::S3::Bucket", "s3:bucket", ItemKind::DataStore),
    ("AWS::RDS::DBInstance", "rds:db", ItemKind::DataStore),
    ("AWS::RDS::DBCluster", "rds:cluster", ItemKind::DataStore),
    ("AWS::DynamoDB::Table", "dynamodb:table", ItemKind::DataStore),
    ("AWS::EFS::FileSystem", "elasticfilesystem:file-system", ItemKind::DataStore),
    ("AWS::Redshift::Cluster", "redshift:cluster", ItemKind::DataStore),
    ("AWS::OpenSearch::Domain", "es:domain", ItemKind::DataStore),
    ("AWS::Elasticsearch::Domain", "opensearch:domain", ItemKind::DataStore),
    ("AWS::ElastiCache::CacheCluster", "elasticache:cluster", ItemKind::DataStore),
    ("AWS::Backup::BackupVault", "backup:backup-vault", ItemKind::DataStore),
    ("AWS::Lambda::Function", "lambda:function", ItemKind::Application),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing:loadbalancer/app", ItemKind::Application),
    ("AWS::ElasticLoadBalancing::LoadBalancer", "elasticloadbalancing:loadbalancer", ItemKind::Application),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing:loadbalancer/net", ItemKind::Application),
    ("AWS::ApiGateway::RestApi", "apigateway:restapis", ItemKind::Application),
    ("AWS::ApiGatewayV2::Api", "apigateway:apis", ItemKind::Application),
    ("AWS::ECS::Service", "ecs:service", ItemKind::Application),
    ("AWS::EKS::Cluster", "eks:cluster", ItemKind::Application),
    ("AWS::CloudFront::Distribution", "cloudfront:distribution", ItemKind::Application),
    ("AWS::ElasticBeanstalk::Environment", "elasticbeanstalk:environment", ItemKind::Application),
];

fn kind(sort: &str) -> Option<ItemKind> {
    KINDS.iter().find(|(config, explorer, _)| *config == sort || *explorer == sort).map(|(_, _, kind)| *kind)
}

/// One name for one thing, whichever inventory it comes from: machines have names that are single by themselves.
fn whole_name(arn: &str, id: &str) -> String {
    let last = last_part(if arn.is_empty() { id } else { arn }, &['/', ':']);
    let is_machine = last.starts_with("i-") && last.bytes().skip(2).all(|byte| byte.is_ascii_hexdigit());
    if is_machine || arn.is_empty() { last.to_owned() } else { arn.to_owned() }
}

/// A configuration item of Config.
pub(super) fn config(map: &Map<String, Value>) -> Result<Found, Trouble> {
    let (sort, id) = (text(map, "resourceType"), text(map, "resourceId"));
    let arn = if map.contains_key("arn") { text(map, "arn") } else { text(map, "ARN") };
    if sort.is_empty() || (id.is_empty() && arn.is_empty()) {
        return Err(Trouble::malformed("`resourceType`, and `resourceId` or `arn`, should be texts"));
    }
    let account = if map.contains_key("accountId") { text(map, "accountId") } else { text(map, "awsAccountId") };
    let name = text(map, "resourceName");
    let mut found = Found {
        cloud: "aws",
        id: whole_name(arn, id),
        short: last_part(if name.is_empty() { id } else { name }, &['/', ':']).to_owned(),
        title: name.to_owned(),
        sort: sort.to_owned(),
        kind: kind(sort),
        region: text(map, "awsRegion").to_owned(),
        account: account.to_owned(),
        is_gone: text(map, "configurationItemStatus").starts_with("ResourceDeleted"),
        owner: map.get("tags").map(owner_of).unwrap_or_default(),
        ..Found::default()
    };
    if found.kind.is_some() {
        let configuration = unfolded(map.get("configuration"))?;
        details(&mut found, &configuration);
        let more = unfolded(map.get("supplementaryConfiguration"))?;
        let policy = unfolded(Some(at(&more, &["BucketPolicyStatus"])))?;
        found.is_public |= at(&policy, &["isPublic"]).as_bool() == Some(true);
        if let Some(tag) = map.get("tags").map(title_of).filter(|title| !title.is_empty()) {
            found.title = tag;
        }
    }
    Ok(found)
}

/// Config writes some objects as texts.
fn unfolded(value: Option<&Value>) -> Result<Value, Trouble> {
    match value {
        Some(Value::String(text)) if text.trim_start().starts_with('{') => walk::large(text.as_bytes()),
        Some(value) => Ok(value.clone()),
        None => Ok(Value::Null),
    }
}

/// A row of Resource Explorer: it says what there is, and nothing about it.
pub(super) fn explored(map: &Map<String, Value>) -> Result<Found, Trouble> {
    let (arn, sort) = (text(map, "Arn"), text(map, "ResourceType"));
    if arn.is_empty() || sort.is_empty() {
        return Err(Trouble::malformed("`Arn` and `ResourceType` should be texts"));
    }
    let tags = map.get("Properties").and_then(Value::as_array).into_iter().flatten();
    let tags = tags.filter(|property| text_at(property, &["Name"]) == "tags").map(|property| at(property, &["Data"]));
    let tags = tags.into_iter().next().cloned().unwrap_or_default();
    Ok(Found {
        cloud: "aws",
        id: whole_name(arn, ""),
        short: last_part(arn, &['/', ':']).to_owned(),
        title: title_of(&tags),
        sort: sort.to_owned(),
        kind: kind(sort),
        region: text(map, "Region").to_owned(),
        account: text(map, "OwningAccountId").to_owned(),
        owner: owner_of(&tags),
        ..Found::default()
    })
}

/// An instance as `describe-instances` gives it.
pub(super) fn instance(map: &Map<String, Value>, account: &str) -> Result<Found, Trouble> {
    let id = text(map, "InstanceId");
    if id.is_empty() {
        return Err(Trouble::malformed("`InstanceId` should be a text"));
    }
    let value = Value::Object(map.clone());
    let zone = text_at(&value, &["Placement", "AvailabilityZone"]);
    let tags = at(&value, &["Tags"]);
    let mut found = Found {
        cloud: "aws",
        id: whole_name("", id),
        short: id.to_owned(),
        title: title_of(tags),
        sort: "AWS::EC2::Instance".to_owned(),
        kind: Some(ItemKind::Machine),
        // `eu-central-1a` is a part of `eu-central-1`.
        region: zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase()).to_owned(),
        account: account.to_owned(),
        owner: owner_of(tags),
        ..Found::default()
    };
    details(&mut found, &value);
    Ok(found)
}

/// What a configuration says about addresses and about who can reach it.
fn details(found: &mut Found, value: &Value) {
    for name in ["PrivateIpAddress", "PrivateDnsName"] {
        found.address(text_at(value, &[name]));
    }
    found.public_address(text_at(value, &["PublicIpAddress"]));
    found.address(text_at(value, &["PublicDnsName"]));
    for card in list_at(value, &["NetworkInterfaces"]) {
        for address in list_at(card, &["PrivateIpAddresses"]) {
            found.address(text_at(address, &["PrivateIpAddress"]));
            found.public_address(text_at(address, &["Association", "PublicIp"]));
        }
        for address in list_at(card, &["Ipv6Addresses"]) {
            found.address(text_at(address, &["Ipv6Address"]));
        }
    }
    // Databases, load balancers, distributions.
    found.address(text_at(value, &["Endpoint", "Address"]));
    found.address(text_at(value, &["DNSName"]));
    found.address(text_at(value, &["DomainName"]));
    found.is_public |= at(value, &["PubliclyAccessible"]).as_bool() == Some(true)
        || text_at(value, &["Scheme"]) == "internet-facing"
        || found.sort == "AWS::CloudFront::Distribution";
    found.is_gone |= matches!(text_at(value, &["State", "Name"]), "terminated" | "shutting-down");
}

/// The tag `Name` is what people call it.
fn title_of(tags: &Value) -> String {
    let named = tags.as_object().map(|tags| text(tags, "Name")).filter(|name| !name.is_empty());
    let list = tags.as_array().into_iter().flatten();
    let listed = list.filter(|tag| text_at(tag, &["Key"]) == "Name").map(|tag| text_at(tag, &["Value"])).next();
    named.or(listed).unwrap_or_default().to_owned()
}
