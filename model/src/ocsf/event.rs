//! One event of whatever class.

use serde::{Deserialize, Serialize};

use super::objects::*;
use super::{Class, VERSION};
use crate::{AgencyId, EventId, Timestamp};

/// An event. `Serialize` writes OCSF JSON; what is absent is left out, never null.
///
/// Its objects are held in boxes: an event goes from hand to hand by value, and most have few of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name for ever.
    pub id: EventId,
    /// Whose it is.
    pub agency: AgencyId,
    /// When it happened.
    pub time: Timestamp,
    /// Which class.
    pub class: Class,
    /// Which activity of the class.
    pub activity_id: u32,
    /// 0 unknown, 1 informational … 5 critical, 6 fatal, 99 other.
    pub severity_id: u32,
    /// The attributes.
    pub attributes: Attributes,
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $field:ident: $type:ty,)+) => {
        /// The attributes that an event may have, by their OCSF names.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Attributes {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)+
        }
    };
}

attributes! {
    /// About the record.
    metadata: Box<Metadata>,
    /// One line for people.
    message: String,
    /// 0 unknown, 1 success, 2 failure, 99 other.
    status_id: u32,
    /// Status in the record's own words.
    status: String,
    /// Status in the record's own code.
    status_code: String,
    /// More about the status.
    status_detail: String,
    /// Where it happened.
    device: Box<Device>,
    /// Who did it.
    actor: Box<Actor>,
    /// The account that it was done to, or that logged on.
    user: Box<User>,
    /// Where it came from.
    src_endpoint: Box<Endpoint>,
    /// Where it went.
    dst_endpoint: Box<Endpoint>,
    /// How.
    connection_info: Box<ConnectionInfo>,
    /// How much.
    traffic: Box<Traffic>,
    /// Application protocol, lower case.
    app_name: String,
    /// URL, outside a request.
    url: Box<Url>,
    /// TLS.
    tls: Box<Tls>,
    /// Process that it was done to.
    process: Box<Process>,
    /// File that it was done to.
    file: Box<File>,
    /// File after the change.
    file_result: Box<File>,
    /// Library.
    module: Box<Module>,
    /// Registry key.
    reg_key: RegKey,
    /// Registry value.
    reg_value: Box<RegValue>,
    /// Windows service.
    win_service: Box<WinService>,
    /// Windows resource.
    win_resource: Box<WinResource>,
    /// Scheduled job.
    job: Box<Job>,
    /// Script.
    script: Box<Script>,
    /// Kernel resource.
    kernel: Box<Kernel>,
    /// Driver.
    driver: Box<KernelDriver>,
    /// Service that was asked.
    service: Box<Service>,
    /// Group.
    group: Box<Group>,
    /// Privileges.
    privileges: Vec<String>,
    /// Managed entity.
    entity: Box<ManagedEntity>,
    /// Resources.
    resources: Vec<Resource>,
    /// Log-on session.
    session: Box<Session>,
    /// Log-on type: 2 interactive, 3 network, 10 remote interactive … 99 other.
    logon_type_id: u32,
    /// Caption.
    logon_type: String,
    /// Authentication protocol: 1 NTLM, 2 Kerberos … 99 other.
    auth_protocol_id: u32,
    /// Caption.
    auth_protocol: String,
    /// From another machine.
    is_remote: bool,
    /// With a second factor.
    is_mfa: bool,
    /// Process that handled the log-on.
    logon_process: Box<Process>,
    /// API call.
    api: Box<Api>,
    /// Cloud.
    cloud: Box<Cloud>,
    /// Question.
    query: Box<DnsQuery>,
    /// When it was asked, milliseconds.
    query_time: i64,
    /// Answers.
    answers: Vec<DnsAnswer>,
    /// 0 no error, 3 no such name … 99 other.
    rcode_id: u32,
    /// Caption.
    rcode: String,
    /// Request.
    http_request: Box<HttpRequest>,
    /// Response.
    http_response: Box<HttpResponse>,
    /// E-mail.
    email: Box<Email>,
    /// 1 inbound, 2 outbound, 3 internal (e-mail).
    direction_id: u32,
    /// Version of the protocol (NTP, SMB, SSH).
    version: String,
    /// Port of the client's own (RDP), version and the like are in the record.
    protocol_ver: String,
    /// Log that was cleared.
    log_name: String,
    /// Its provider.
    log_provider: String,
    /// Somebody else's finding.
    finding_info: Box<FindingInfo>,
    /// What that finding was seen in.
    evidences: Vec<Evidence>,
    /// Application that was installed, started, stopped.
    app: Box<Product>,
    /// Product that was seen (software inventory).
    product: Box<Product>,
    /// Name of a network share.
    share: String,
    /// Sort of share.
    share_type: String,
    /// Command of the protocol (SMB, FTP, SMTP).
    command: String,
    /// DHCP transaction.
    transaction_uid: String,
    /// Seconds that a DHCP lease lasts.
    lease_dur: i64,
    /// NTP stratum.
    stratum_id: u32,
    /// 0 unknown, 1 allowed, 2 denied, 99 other (profile security control).
    action_id: u32,
    /// Caption.
    action: String,
    /// 1 allowed, 2 blocked … 99 other (profile security control).
    disposition_id: u32,
    /// Caption.
    disposition: String,
    /// Rule of the firewall.
    firewall_rule: Box<FirewallRule>,
    /// ATT&CK.
    attacks: Vec<Attack>,
    /// Exit code.
    exit_code: i64,
    /// 0 unknown, 1 remote thread … 99 other.
    injection_type_id: u32,
    /// Access asked for, as the system's own bits.
    requested_permissions: i64,
    /// Access given.
    actual_permissions: i64,
    /// Duration, milliseconds.
    duration: i64,
    /// Start, milliseconds.
    start_time: i64,
    /// End, milliseconds.
    end_time: i64,
    /// How often, when one record stands for several.
    count: i64,
    /// What is in no attribute, by the record's own names.
    unmapped: serde_json::Map<String, serde_json::Value>,
}

impl Event {
    /// An event with nothing but what every event has.
    pub fn new(id: EventId, agency: AgencyId, time: Timestamp, class: Class, activity_id: u32) -> Self {
        Event { id, agency, time, class, activity_id, severity_id: 1, attributes: Attributes::default() }
    }

    /// The machine it happened on, as the record names it: host name, else name, else address.
    pub fn machine(&self) -> Option<&str> {
        let device = self.attributes.device.as_ref()?;
        device.hostname.as_deref().or(device.name.as_deref()).or(device.ip.as_deref())
    }

    /// The event as OCSF JSON, on one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What every event has, in OCSF's names.
#[derive(Serialize)]
struct Wire<'a> {
    class_uid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    class_name: Option<&'static str>,
    category_uid: u32,
    activity_id: u32,
    type_uid: u64,
    severity_id: u32,
    time: i64,
    #[serde(flatten)]
    attributes: &'a Attributes,
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = Wire {
            class_uid: self.class.uid(),
            class_name: self.class.caption(),
            category_uid: self.class.category_uid(),
            activity_id: self.activity_id,
            type_uid: self.class.type_uid(self.activity_id),
            severity_id: self.severity_id,
            time: self.time.as_millis(),
            attributes: &self.attributes,
        };
        wire.serialize(serializer)
    }
}

impl Metadata {
    /// The metadata that every event needs: schema version and product.
    pub fn of_product(vendor: &str, product: &str) -> Self {
        Metadata {
            version: Some(VERSION.into()),
            product: Some(Product {
                name: Some(product.into()),
                vendor_name: Some(vendor.into()),
                ..Product::default()
            }),
            ..Metadata::default()
        }
    }
}
