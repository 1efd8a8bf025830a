//! Who: accounts, groups, sessions, and the actor that joins them with a process.

use serde::{Deserialize, Serialize};

use super::Process;
use super::objects;

objects! {
    /// `actor`: who did it.
    Actor {
        /// Process.
        process: Box<Process>,
        /// Account.
        user: Box<User>,
        /// Session.
        session: Box<Session>,
        /// Service on whose behalf.
        invoked_by: String,
        /// Application.
        app_name: String,
        /// Id of the application.
        app_uid: String,
    }
    /// `user`: a staff or service account.
    User {
        /// Log-on name, without the domain.
        name: String,
        /// SID, ARN, numeric id.
        uid: String,
        /// Domain or directory.
        domain: String,
        /// Whole name.
        full_name: String,
        /// Sort of account: 1 user, 2 admin, 3 system, 4 service.
        type_id: u32,
        /// Caption of the sort.
        #[serde(rename = "type")]
        type_name: String,
        /// E-mail address.
        email_addr: String,
        /// Id of the credential that was used.
        credential_uid: String,
        /// The account that it belongs to.
        account: Box<Account>,
        /// Groups that it is in.
        groups: Vec<Group>,
    }
    /// `account`.
    Account {
        /// Name.
        name: String,
        /// Number.
        uid: String,
        /// Sort of account.
        type_id: u32,
        /// Caption of the sort.
        #[serde(rename = "type")]
        type_name: String,
    }
    /// `group`.
    Group {
        /// Name.
        name: String,
        /// SID or number.
        uid: String,
        /// Domain.
        domain: String,
        /// Sort.
        #[serde(rename = "type")]
        type_name: String,
        /// Privileges that it has.
        privileges: Vec<String>,
    }
    /// `session`.
    Session {
        /// Log-on id.
        uid: String,
        /// GUID.
        uuid: String,
        /// Who issued it.
        issuer: String,
        /// Terminal.
        terminal: String,
        /// With a second factor.
        is_mfa: bool,
        /// From another machine.
        is_remote: bool,
        /// Start, milliseconds.
        created_time: i64,
        /// Id of the credential.
        credential_uid: String,
    }
    /// `managed_entity`.
    ManagedEntity {
        /// Name.
        name: String,
        /// Id.
        uid: String,
        /// Sort.
        #[serde(rename = "type")]
        type_name: String,
    }
}
