//! AWS CloudTrail records.
//!
//! "CloudTrail record contents", event versions 1.00 to 1.11. Every call is API Activity (class 6003) under the cloud profile;
//! signing in and taking a role (`ConsoleLogin`, `AssumeRole*`, `GetSessionToken`, `GetFederationToken`, `SwitchRole`) is
//! Authentication. Whether a call creates, reads, changes or deletes follows from the first word of its name. Deliberately
//! absent: request parameters and response elements, which stay in the untouched record and in the Sigma view; they may hold
//! secrets.

use model::ocsf::{
    Account, Actor, Api, Class, Cloud, Endpoint, Event, HttpRequest, Request, Resource, Response, Service, Session,
    User, activity,
};
use model::{Fields, Scalar};

use crate::parts::{self, Maker};
use crate::row::{Row, slots, some_of, told};
use crate::{Head, Trouble};

slots! {
    /// A field of a CloudTrail record.
    C {
        EventTime = "eventTime", EventSource = "eventSource", EventName = "eventName", Region = "awsRegion",
        SourceIp = "sourceIPAddress", UserAgent = "userAgent", ErrorCode = "errorCode", ErrorMessage = "errorMessage",
        RequestId = "requestID", EventId = "eventID", EventType = "eventType", ReadOnly = "readOnly",
        Recipient = "recipientAccountId", ApiVersion = "apiVersion", EventVersion = "eventVersion",
        IdentityType = "userIdentity.type", Principal = "userIdentity.principalId", Arn = "userIdentity.arn",
        AccountId = "userIdentity.accountId", AccessKey = "userIdentity.accessKeyId", UserName = "userIdentity.userName",
        InvokedBy = "userIdentity.invokedBy", IssuerName = "userIdentity.sessionContext.sessionIssuer.userName",
        IssuerArn = "userIdentity.sessionContext.sessionIssuer.arn",
        SessionCreated = "userIdentity.sessionContext.attributes.creationDate",
        SessionMfa = "userIdentity.sessionContext.attributes.mfaAuthenticated", MfaUsed = "additionalEventData.MFAUsed",
        LoginResult = "responseElements.ConsoleLogin", RoleArn = "requestParameters.roleArn",
        RoleSession = "requestParameters.roleSessionName",
        VpcEndpoint = "vpcEndpointId",
    }
}

/// Turns the fields of a CloudTrail record into an OCSF event.
pub(crate) fn event(fields: &Fields<'_>, head: &Head<'_>) -> (Event, Vec<Trouble>) {
    let row = Row::<C>::new(fields);
    let mut troubles = Vec::new();
    let (time, is_arrival) = parts::time_or_arrival(row.time(C::EventTime), head);
    if is_arrival {
        troubles.push(Trouble::no_time("no eventTime"));
    }
    let name = row.text(C::EventName).unwrap_or_default();
    let mut event = Event::new(head.id, head.agency.clone(), time, Class::API, activity_of(&name));
    parts::begin(&mut event, head, Maker { vendor: "AWS", product: "CloudTrail" });
    let metadata = parts::metadata(&mut event);
    metadata.event_code = row.text(C::EventType);
    metadata.log_name = Some("CloudTrail".into());
    metadata.original_event_uid = row.text(C::EventId);
    if let Some(product) = &mut metadata.product {
        product.version = row.text(C::EventVersion);
    }
    common(&row, fields, &mut event);
    if is_sign_in(&name) {
        sign_in(&row, &name, &mut event);
    } else {
        call(&row, name, &mut event);
    }
    troubles.extend(parts::finish(&mut event));
    (event, troubles)
}

fn is_sign_in(name: &str) -> bool {
    matches!(
        name,
        "ConsoleLogin"
            | "AssumeRole"
            | "AssumeRoleWithSAML"
            | "AssumeRoleWithWebIdentity"
            | "AssumeRoot"
            | "GetSessionToken"
            | "GetFederationToken"
            | "SwitchRole"
            | "ExitRole"
            | "CheckMfa"
            | "UserAuthentication"
            | "CredentialVerification"
    )
}

/// First words of API names, and what they do: 1 create, 2 read, 3 update, 4 delete.
const WORDS: &[(u32, &[&str])] = &[
    (
        1,
        &[
            "Create", "Run", "Allocate", "Import", "Register", "Copy", "Upload", "Publish", "Generate", "Request",
            "Launch",
        ],
    ),
    (
        2,
        &[
            "Get", "List", "Describe", "Lookup", "Head", "Search", "BatchGet", "Select", "Query", "Scan", "Decrypt",
            "Download", "View", "Check", "Test", "Validate", "Verify", "Filter", "Discover", "Preview", "Read",
        ],
    ),
    (
        3,
        &[
            "Update",
            "Put",
            "Modify",
            "Set",
            "Attach",
            "Detach",
            "Add",
            "Associate",
            "Disassociate",
            "Enable",
            "Disable",
            "Start",
            "Stop",
            "Reboot",
            "Tag",
            "Untag",
            "Change",
            "Replace",
            "Restore",
            "Authorize",
            "Revoke",
            "Encrypt",
            "Accept",
            "Reject",
            "Edit",
            "Move",
            "Rotate",
            "Reset",
            "Assign",
            "Unassign",
            "Send",
            "Grant",
            "Apply",
        ],
    ),
    (4, &["Delete", "Remove", "Terminate", "Deregister", "Release", "Cancel", "Purge", "Destroy", "Schedule"]),
];

fn activity_of(name: &str) -> u32 {
    let found = WORDS.iter().find(|(_, words)| words.iter().any(|word| name.starts_with(word)));
    found.map_or(activity::OTHER, |(activity, _)| *activity)
}

/// Who, from where, in which account: the same for both classes.
fn common(row: &Row<'_, C>, fields: &Fields<'_>, event: &mut Event) {
    let session = row.text(C::AccessKey).map(|key| Session {
        credential_uid: Some(key),
        issuer: row.text(C::IssuerArn),
        created_time: row.millis(C::SessionCreated),
        is_mfa: row.truth(C::SessionMfa),
        ..Session::default()
    });
    let invoked_by = row.text(C::InvokedBy);
    let user = identity(row);
    let a = &mut event.attributes;
    a.actor = Some(Box::new(Actor { user, session: session.map(Box::new), invoked_by, ..Actor::default() }));
    a.src_endpoint = Some(source(row));
    a.cloud = Some(Box::new(Cloud {
        provider: Some("AWS".into()),
        region: row.text(C::Region),
        account: row.text(C::Recipient).or_else(|| row.text(C::AccountId)).map(aws_account),
        ..Cloud::default()
    }));
    a.http_request =
        row.text(C::UserAgent).map(|agent| Box::new(HttpRequest { user_agent: Some(agent), ..HttpRequest::default() }));
    let error = row.text(C::ErrorCode);
    a.status_id = Some(if error.is_some() { 2 } else { 1 });
    a.status_code = error;
    a.status_detail = row.text(C::ErrorMessage);
    if event.class == Class::API {
        a.resources = some_of(resources(fields));
    }
}

fn aws_account(uid: String) -> Box<Account> {
    Box::new(Account { uid: Some(uid), type_id: Some(10), type_name: Some("AWS Account".into()), ..Account::default() })
}

fn source(row: &Row<'_, C>) -> Box<Endpoint> {
    let text = row.str(C::SourceIp).unwrap_or_default();
    match crate::row::address(&text) {
        Some(ip) => Box::new(Endpoint { ip: Some(ip), ..Endpoint::default() }),
        // A service of AWS stands there by name.
        None if text.is_empty() => Box::new(Endpoint { name: Some("unknown".into()), ..Endpoint::default() }),
        None if text.contains('.') => Box::new(Endpoint { hostname: Some(text.into_owned()), ..Endpoint::default() }),
        None => Box::new(Endpoint { name: Some(text.into_owned()), ..Endpoint::default() }),
    }
}

fn identity(row: &Row<'_, C>) -> Option<Box<User>> {
    let kind = row.text(C::IdentityType);
    let arn = row.text(C::Arn);
    let name = row.text(C::UserName).or_else(|| row.text(C::IssuerName)).or_else(|| match kind.as_deref() {
        Some("Root") => Some("root".into()),
        _ => None,
    });
    let uid = arn.or_else(|| row.text(C::Principal));
    let mut user = parts::user(name, None, uid)?;
    user.type_id = Some(match kind.as_deref() {
        Some("Root") => 2,
        Some("AWSService") => 4,
        Some("IAMUser" | "IdentityCenterUser" | "SAMLUser" | "WebIdentityUser" | "FederatedUser") => 1,
        Some(_) => 99,
        None => 0,
    });
    user.type_name = kind;
    user.credential_uid = row.text(C::AccessKey);
    user.account = row.text(C::AccountId).map(aws_account);
    Some(user)
}

/// Members of `resources`, by name or by ARN.
fn resources(fields: &Fields<'_>) -> Vec<Resource> {
    let mut list: Vec<Resource> = Vec::new();
    for field in fields.iter() {
        if field.name == "resources" && field.value == Scalar::Object {
            list.push(Resource::default());
        } else if let Some(part) = field.name.strip_prefix("resources.")
            && let Some(resource) = list.last_mut()
        {
            let value = || told(&field.value).map(std::borrow::Cow::into_owned);
            match part {
                "ARN" | "arn" => resource.uid = value(),
                "type" => resource.type_name = value(),
                "resourceName" => resource.name = value(),
                _ => {}
            }
        }
    }
    list.retain(|resource| resource.uid.is_some() || resource.name.is_some());
    list
}

fn call(row: &Row<'_, C>, name: String, event: &mut Event) {
    let service = row.text(C::EventSource);
    let a = &mut event.attributes;
    a.message = service.as_deref().map(|service| format!("{name} on {service}"));
    let error = a.status_code.clone();
    a.api = Some(Box::new(Api {
        operation: Some(if name.is_empty() { "unknown".into() } else { name }),
        service: service.map(|name| Service { name: Some(name), ..Service::default() }),
        request: row.text(C::RequestId).map(|uid| Request { uid: Some(uid), ..Request::default() }),
        response: error.map(|error| Response {
            error: Some(error),
            error_message: row.text(C::ErrorMessage),
            ..Response::default()
        }),
        version: row.text(C::ApiVersion),
    }));
}

fn sign_in(row: &Row<'_, C>, name: &str, event: &mut Event) {
    event.class = Class::AUTHENTICATION;
    // Taking a role is a change of account; the rest is a log-on or the end of one.
    event.activity_id = match name {
        "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity" | "AssumeRoot" | "SwitchRole" => 7,
        "ConsoleLogin" | "UserAuthentication" | "CredentialVerification" => 1,
        _ => 99,
    };
    let a = &mut event.attributes;
    a.message = Some(name.to_owned());
    a.resources = None;
    a.service = row.text(C::EventSource).map(|name| Box::new(Service { name: Some(name), ..Service::default() }));
    a.is_mfa = row.truth(C::MfaUsed).or_else(|| row.truth(C::SessionMfa));
    if row.is(C::LoginResult, "Failure") {
        a.status_id = Some(2);
    }
    let role = row.text(C::RoleArn).map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or(&arn).to_owned();
        Box::new(User { name: Some(name), uid: Some(arn), ..User::default() })
    });
    let actor = a.actor.as_ref().and_then(|actor| actor.user.clone());
    let nobody = || {
        let name = row.text(C::InvokedBy).or_else(|| row.text(C::IdentityType));
        Box::new(User { name, ..User::default() })
    };
    a.user = Some(role.or(actor).unwrap_or_else(nobody));
    a.session = row.text(C::RoleSession).map(|uid| Box::new(Session { uid: Some(uid), ..Session::default() }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{always_valid, any_record, check, mutated};
    use model::Format;
    use proptest::prelude::*;
    use serde_json::json;

    const CALL: &str = r#"{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"P","arn":"arn:aws:sts::1:assumed-role/r/s",
        "accountId":"1","accessKeyId":"ASIA","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:r","userName":"r"},
        "attributes":{"creationDate":"2023-07-10T11:54:47Z","mfaAuthenticated":"false"}}},"eventTime":"2023-07-10T11:54:48Z",
        "eventSource":"ec2.amazonaws.com","eventName":"GetPasswordData","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7",
        "userAgent":"ua","errorCode":"Client.UnauthorizedOperation","errorMessage":"no","requestID":"q","eventID":"e",
        "resources":[{"ARN":"arn:x","type":"AWS::S3::Bucket"}],"recipientAccountId":"1"}"#;

    #[test]
    fn calls() {
        check(
            Format::CloudTrail,
            CALL,
            &[
                ("/type_uid", json!(600_302)),
                ("/api/operation", json!("GetPasswordData")),
                ("/api/response/error", json!("Client.UnauthorizedOperation")),
                ("/status_id", json!(2)),
                ("/actor/user/name", json!("r")),
                ("/actor/session/is_mfa", json!(false)),
                ("/src_endpoint/ip", json!("192.0.2.7")),
                ("/cloud/region", json!("us-east-1")),
                ("/resources/0/uid", json!("arn:x")),
                ("/metadata/profiles", json!(["cloud", "host"])),
            ],
        );
    }

    #[test]
    fn sign_ins() {
        check(
            Format::CloudTrail,
            r#"{"eventVersion":"1.08","userIdentity":{"type":"Root","accountId":"1"},"eventTime":"2023-07-10T11:54:48Z",
            "eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7",
            "responseElements":{"ConsoleLogin":"Failure"},"additionalEventData":{"MFAUsed":"No"}}"#,
            &[
                ("/type_uid", json!(300_201)),
                ("/status_id", json!(2)),
                ("/user/name", json!("root")),
                ("/user/type_id", json!(2)),
                ("/is_mfa", json!(false)),
            ],
        );
        check(
            Format::CloudTrail,
            r#"{"eventTime":"2023-07-10T11:54:48Z","userIdentity":{"type":"AWSService","invokedBy":"inspector2.amazonaws.com"},
            "eventSource":"sts.amazonaws.com","eventName":"AssumeRole","sourceIPAddress":"inspector2.amazonaws.com",
            "requestParameters":{"roleArn":"arn:aws:iam::1:role/x/Inspector","roleSessionName":"s"}}"#,
            &[
                ("/type_uid", json!(300_207)),
                ("/user/name", json!("Inspector")),
                ("/actor/invoked_by", json!("inspector2.amazonaws.com")),
                ("/src_endpoint/hostname", json!("inspector2.amazonaws.com")),
            ],
        );
    }

    #[test]
    fn names_say_what_is_done() {
        let check = |name: &str, activity: u32| assert_eq!(activity_of(name), activity, "{name}");
        check("CreateUser", 1);
        check("DescribeInstances", 2);
        check("PutBucketPolicy", 3);
        check("DeleteTrail", 4);
        check("Frobnicate", 99);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn whatever_the_fields_hold_the_event_is_valid(mut record in any_record(C::ALL), name in "ConsoleLogin|AssumeRole|GetX|") {
            record.insert("eventName".into(), name.into());
            always_valid(Format::CloudTrail, record)?;
        }

        #[test]
        fn mutations_never_panic(changes in proptest::collection::vec((0usize..4_000, any::<u8>()), 0..6)) {
            mutated(Format::CloudTrail, CALL, &changes);
        }
    }
}
