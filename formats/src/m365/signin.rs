//! Sign-ins: Entra's own log, and `UserLoggedIn` and its like in the unified audit log.

use model::ocsf::{Class, Event, HttpRequest, Location, Service, Session, User};

use super::names::M;
use crate::parts;
use crate::row::Row;

/// An Entra sign-in.
pub(super) fn entra(row: &Row<'_, M>, event: &mut Event) {
    (event.class, event.activity_id) = (Class::AUTHENTICATION, 1);
    let name = row.text(M::Upn).or_else(|| row.text(M::ServicePrincipal)).or_else(|| row.text(M::Identity));
    let uid = row.text(M::EntraUserId).or_else(|| row.text(M::ServicePrincipalId));
    let is_service = !row.has(M::Upn) && row.has(M::ServicePrincipalId);
    let a = &mut event.attributes;
    a.user = parts::user(name, None, uid).map(|user| {
        Box::new(User { full_name: row.text(M::DisplayName), type_id: Some(if is_service { 4 } else { 1 }), ..*user })
    });
    let mut source = super::source(row.text(M::Ip).or_else(|| row.text(M::CallerIp)));
    source.hostname = row.text(M::DeviceName);
    let location = Location { country: row.text(M::Country), region: row.text(M::State), city: row.text(M::City) };
    source.location = if location == Location::default() { None } else { Some(Box::new(location)) };
    a.src_endpoint = Some(source);
    let service = row.text(M::Resource).or_else(|| row.text(M::App)).unwrap_or_else(|| "Microsoft Entra ID".into());
    a.service = Some(Box::new(Service { name: Some(service), uid: row.text(M::AppId), ..Service::default() }));
    a.is_mfa = row.str(M::Requirement).map(|text| text == "multiFactorAuthentication");
    a.logon_type_id = row.truth(M::Interactive).filter(|is_interactive| *is_interactive).map(|_| 2);
    a.is_remote = Some(true);
    a.session = row.text(M::SessionId).map(|uid| Box::new(Session { uid: Some(uid), ..Session::default() }));
    a.http_request =
        row.text(M::Agent).map(|agent| Box::new(HttpRequest { user_agent: Some(agent), ..HttpRequest::default() }));
    let code = row.int(M::ErrorCode).or_else(|| row.int(M::ResultType));
    a.status_id = code.map(|code| if code == 0 { 1 } else { 2 });
    a.status_code = code.map(|code| code.to_string());
    a.status_detail = row.text(M::FailureReason).or_else(|| row.text(M::Description)).filter(|text| text != "Other.");
    a.message = row.text(M::ClientApp).map(|app| format!("sign-in by {app}"));
}

/// A log-on in the unified audit log.
pub(super) fn unified(row: &Row<'_, M>, operation: &str, event: &mut Event) {
    event.class = Class::AUTHENTICATION;
    event.activity_id = match operation {
        "UserLoggedOff" | "UserSignedOut" => 2,
        _ => 1,
    };
    let a = &mut event.attributes;
    a.resources = None;
    a.user = parts::user(row.text(M::UserId), None, row.text(M::UserKey));
    let service = row.text(M::Workload).unwrap_or_else(|| "Microsoft 365".into());
    a.service = Some(Box::new(Service { name: Some(service), uid: row.text(M::ApplicationId), ..Service::default() }));
    a.is_remote = Some(true);
    if operation == "UserLoginFailed" {
        a.status_id = Some(2);
    }
    if let Some(error) = row.text(M::LogonError).filter(|error| error != "0") {
        a.status_code = Some(error);
    }
}
