//! Which OCSF attributes are columns. Paths are OCSF's own: whoever knows the schema can write the query.
//!
//! A column costs a few bytes a file even where it is always empty; an attribute that is not here is found in the `ocsf`
//! column, as JSON. Deliberately absent: objects that hunts rarely ask for (certificates, permissions, resources).

use std::borrow::BorrowMut;
use std::sync::{Arc, LazyLock};

use deltalake::arrow::array::{Array, ArrayRef, StructArray};
use deltalake::arrow::datatypes::{DataType, Field, Fields};
use model::ocsf::{
    Account, Actor, AnalyticObject, Api, Attributes, Cloud, ConnectionInfo, Device, DnsAnswer, DnsQuery, Email,
    Endpoint, File, FindingInfo, Fingerprint, FirewallRule, HttpRequest, HttpResponse, Job, LongString, Metadata,
    Module, Os, Process, Product, RegKey, RegValue, Script, Service, Session, Tls, Traffic, Url, User, WinService,
};

use crate::column::{
    Blank, Column, Enumerated, Flag, Int, List, Long, Port, Presence, Text, object_columns, ocsf_name,
};

object_columns! {
    /// `product`.
    ProductColumn of Product { name: Text, vendor_name: Text, }
    /// `metadata`.
    MetadataColumn of Metadata {
        product: ProductColumn, event_code: Text, log_name: Text, log_provider: Text, log_format: Text, uid: Text,
    }
    /// `os`.
    OsColumn of Os { name: Text, type_id: Enumerated, }
    /// `device`.
    DeviceColumn of Device {
        hostname: Text, name: Text, domain: Text, ip: Text, mac: Text, uid: Text, type_id: Enumerated, os: OsColumn,
    }
    /// `user`.
    UserColumn of User {
        name: Text, uid: Text, domain: Text, full_name: Text, email_addr: Text, type_id: Enumerated,
    }
    /// `session`.
    SessionColumn of Session { uid: Text, is_remote: Flag, }
    /// `fingerprint`.
    FingerprintColumn of Fingerprint { algorithm_id: Enumerated, algorithm: Text, value: Text, }
    /// `file`.
    FileColumn of File {
        name: Text, path: Text, parent_folder: Text, type_id: Enumerated, ext: Text, size: Long,
        hashes: List<FingerprintColumn>,
    }
    /// The process that started another, one step up.
    ParentColumn of Process { name: Text, pid: Long, uid: Text, path: Text, cmd_line: Text, file: FileColumn, user: UserColumn, }
    /// `process`.
    ProcessColumn of Process {
        name: Text, pid: Long, uid: Text, path: Text, cmd_line: Text, file: FileColumn, user: UserColumn,
        parent_process: ParentColumn, integrity: Text, working_directory: Text,
    }
    /// `actor`.
    ActorColumn of Actor { user: UserColumn, process: ParentColumn, session: SessionColumn, app_name: Text, }
    /// `network_endpoint`.
    EndpointColumn of Endpoint {
        ip: Text, port: Port, hostname: Text, name: Text, domain: Text, mac: Text, svc_name: Text, interface_name: Text, zone: Text,
    }
    /// `network_connection_info`.
    ConnectionColumn of ConnectionInfo {
        uid: Text, direction_id: Enumerated, protocol_name: Text, protocol_num: Int,
    }
    /// `network_traffic`.
    TrafficColumn of Traffic {
        bytes: Long, bytes_in: Long, bytes_out: Long, packets: Long, packets_in: Long, packets_out: Long,
    }
    /// `url`.
    UrlColumn of Url {
        url_string: Text, scheme: Text, hostname: Text, port: Port, path: Text, query_string: Text,
    }
    /// `http_request`.
    HttpRequestColumn of HttpRequest { http_method: Text, url: UrlColumn, user_agent: Text, referrer: Text, }
    /// `http_response`.
    HttpResponseColumn of HttpResponse { code: Long, content_type: Text, body_length: Long, }
    /// `dns_query`.
    QueryColumn of DnsQuery { hostname: Text, type_name: Text, }
    /// `dns_answer`.
    AnswerColumn of DnsAnswer { rdata: Text, type_name: Text, class: Text, ttl: Long, }
    /// `tls`.
    TlsColumn of Tls { version: Text, cipher: Text, sni: Text, ja3_hash: FingerprintColumn, }
    /// `module`.
    ModuleColumn of Module { file: FileColumn, function_name: Text, }
    /// `win/reg_key`.
    RegKeyColumn of RegKey { path: Text, }
    /// `win/reg_value`.
    RegValueColumn of RegValue { name: Text, path: Text, reg_string_data: Text, }
    /// `win/win_service`.
    WinServiceColumn of WinService { name: Text, cmd_line: Text, }
    /// `job`.
    JobColumn of Job { name: Text, cmd_line: Text, }
    /// `long_string`.
    LongStringColumn of LongString { value: Text, }
    /// `script`.
    ScriptColumn of Script { script_content: LongStringColumn, type_id: Enumerated, uid: Text, }
    /// `service`.
    ServiceColumn of Service { name: Text, uid: Text, }
    /// `api`.
    ApiColumn of Api { operation: Text, service: ServiceColumn, }
    /// `account`.
    AccountColumn of Account { name: Text, uid: Text, }
    /// `cloud`.
    CloudColumn of Cloud { provider: Text, region: Text, account: AccountColumn, }
    /// `email`.
    EmailColumn of Email { from: Text, to: List<Text>, subject: Text, }
    /// `firewall_rule`.
    FirewallRuleColumn of FirewallRule { name: Text, uid: Text, }
    /// `analytic`.
    AnalyticColumn of AnalyticObject { uid: Text, name: Text, type_id: Enumerated, category: Text, }
    /// `finding_info`.
    FindingColumn of FindingInfo { uid: Text, title: Text, desc: Text, analytic: AnalyticColumn, }
    /// The attributes themselves; its fields become the table's columns.
    AttributeColumns of Attributes {
        status_id: Enumerated, status: Text, status_code: Text, status_detail: Text, message: Text,
        metadata: MetadataColumn, device: DeviceColumn, actor: ActorColumn, user: UserColumn, process: ProcessColumn,
        file: FileColumn, module: ModuleColumn, reg_key: RegKeyColumn, reg_value: RegValueColumn,
        win_service: WinServiceColumn, job: JobColumn, script: ScriptColumn,
        src_endpoint: EndpointColumn, dst_endpoint: EndpointColumn, connection_info: ConnectionColumn,
        traffic: TrafficColumn, app_name: Text, url: UrlColumn, http_request: HttpRequestColumn,
        http_response: HttpResponseColumn, query: QueryColumn, answers: List<AnswerColumn>, rcode_id: Enumerated,
        tls: TlsColumn, api: ApiColumn, cloud: CloudColumn, service: ServiceColumn, email: EmailColumn,
        logon_type_id: Enumerated, auth_protocol: Text, is_remote: Flag, is_mfa: Flag, action_id: Enumerated,
        disposition_id: Enumerated, firewall_rule: FirewallRuleColumn, finding_info: FindingColumn, count: Long,
        duration: Long,
    }
}

impl AttributeColumns {
    /// The columns, by name.
    pub(crate) fn columns() -> Fields {
        Self::fields()
    }

    /// The finished columns, in the order of [`Self::columns`].
    pub(crate) fn finish_columns(&mut self, blank: &mut Blank) -> Vec<ArrayRef> {
        let whole = self.finish(blank);
        let columns = whole.as_any().downcast_ref::<StructArray>().map(|columns| columns.columns().to_vec());
        columns.unwrap_or_default()
    }
}
