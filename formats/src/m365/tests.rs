//! Records of every sort, and with anything in them.

use model::Format;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{always_valid, any_record, check, mutated};

const SIGN_IN: &str = r#"{"id":"i","createdDateTime":"2023-01-01T00:00:00Z","userDisplayName":"Ada","userPrincipalName":"ada@city.example",
    "userId":"u","appDisplayName":"Portal","appId":"p","ipAddress":"192.0.2.7","clientAppUsed":"Browser","isInteractive":true,
    "authenticationRequirement":"multiFactorAuthentication","status":{"errorCode":50126,"failureReason":"Invalid password"},
    "deviceDetail":{"displayName":"PC"},"location":{"city":"Town","countryOrRegion":"DE"}}"#;

#[test]
fn sign_ins() {
    let expected = [
        ("/type_uid", json!(300_201)),
        ("/user/email_addr", json!("ada@city.example")),
        ("/src_endpoint/ip", json!("192.0.2.7")),
        ("/src_endpoint/location/country", json!("DE")),
        ("/status_id", json!(2)),
        ("/status_code", json!("50126")),
        ("/is_mfa", json!(true)),
        ("/service/name", json!("Portal")),
        ("/cloud/provider", json!("Azure")),
    ];
    check(Format::M365, SIGN_IN, &expected);
    let wrapped = format!(
        r#"{{"time":"2023-01-01T00:00:00Z","resourceId":"/t","operationName":"Sign-in activity","category":"SignInLogs","tenantId":"T","properties":{SIGN_IN}}}"#
    );
    check(Format::M365, &wrapped, &expected);
}

#[test]
fn the_unified_audit_log() {
    let body = |operation: &str, rest: &str| {
        format!(
            r#"{{"CreationTime":"2023-01-01T00:00:00","Id":"i","Operation":"{operation}","RecordType":15,"ResultStatus":"Succeeded","UserId":"ada@city.example",
            "UserKey":"k","Workload":"AzureActiveDirectory","ClientIP":"[2001:db8::1]:443","OrganizationId":"o"{rest}}}"#
        )
    };
    check(
        Format::M365,
        &body("UserLoggedIn", ""),
        &[
            ("/type_uid", json!(300_201)),
            ("/status_id", json!(1)),
            ("/src_endpoint/ip", json!("2001:db8::1")),
            ("/src_endpoint/port", json!(443)),
        ],
    );
    check(
        Format::M365,
        &body("New-InboxRule", r#","ObjectId":"rule""#),
        &[
            ("/type_uid", json!(600_301)),
            ("/api/operation", json!("New-InboxRule")),
            ("/resources/0/name", json!("rule")),
        ],
    );
    check(
        Format::M365,
        &body("FileDownloaded", r#","ObjectId":"https://s.example/a/b.docx","SourceFileName":"b.docx""#),
        &[("/class_uid", json!(6006)), ("/activity_id", json!(2)), ("/file/name", json!("b.docx"))],
    );
    check(
        Format::M365,
        &body(
            "Add member to group.",
            r#","ObjectId":"eve@city.example","ModifiedProperties":[{"Name":"Group.ObjectID","NewValue":"g"},{"Name":"Group.DisplayName","NewValue":"\"Admins\""}]"#,
        ),
        &[
            ("/type_uid", json!(300_603)),
            ("/group/name", json!("Admins")),
            ("/group/uid", json!("g")),
            ("/user/name", json!("eve@city.example")),
        ],
    );
    check(
        Format::M365,
        &body(
            "Add member to role.",
            r#","ObjectId":"eve@city.example","ModifiedProperties":[{"Name":"Role.DisplayName","NewValue":"Global Administrator"}]"#,
        ),
        &[("/type_uid", json!(300_501)), ("/privileges", json!(["Global Administrator"]))],
    );
}

#[test]
fn entra_and_azure_audits() {
    check(
        Format::M365,
        r#"{"activityDateTime":"2023-01-01T00:00:00Z","activityDisplayName":"Disable account","category":"UserManagement","result":"success",
        "initiatedBy":{"user":{"id":"1","userPrincipalName":"ada@city.example","ipAddress":"192.0.2.7"},"app":null},
        "targetResources":[{"id":"2","displayName":"Eve","type":"User","userPrincipalName":"eve@city.example"}]}"#,
        &[
            ("/type_uid", json!(300_105)),
            ("/user/name", json!("eve@city.example")),
            ("/actor/user/name", json!("ada@city.example")),
        ],
    );
    check(
        Format::M365,
        r#"{"time":"2023-01-01T00:00:00Z","resourceId":"/SUB/X","operationName":"MICROSOFT.COMPUTE/VIRTUALMACHINES/DELETE","category":"Administrative",
        "resultType":"Success","callerIpAddress":"192.0.2.7","identity":{"claims":{"name":"Ada"}}}"#,
        &[
            ("/type_uid", json!(600_304)),
            ("/actor/user/name", json!("Ada")),
            ("/status_id", json!(1)),
            ("/resources/0/uid", json!("/SUB/X")),
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_the_fields_hold_the_event_is_valid(record in any_record(M::ALL)) {
        always_valid(Format::M365, record)?;
    }

    #[test]
    fn mutations_never_panic(changes in proptest::collection::vec((0usize..4_000, any::<u8>()), 0..6)) {
        mutated(Format::M365, SIGN_IN, &changes);
    }
}
