//! The objects of OCSF 1.8.0 that our readers fill. Every attribute is optional here; which ones a class requires is the
//! schema's business, and `cargo xtask oracle ocsf` holds every event that we emit against it.

use serde::{Deserialize, Serialize};

macro_rules! objects {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$field_doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)+
        }
    )+};
}

objects! {
    /// `metadata`: about the record itself.
    Metadata {
        /// The product that logged it (required).
        product: Product,
        /// Its own number for this sort of event.
        event_code: String,
        /// Windows channel, Zeek log, syslog facility.
        log_name: String,
        /// Windows provider.
        log_provider: String,
        /// The shape of the record as it came.
        log_format: String,
        /// The event's id.
        uid: String,
        /// Id that the product gave the event.
        original_event_uid: String,
        /// The time as it stood in the record.
        original_time: String,
        /// When the record was logged or forwarded, milliseconds.
        logged_time: i64,
        /// Whose data it is.
        tenant_uid: String,
        /// Ties records together.
        correlation_uid: String,
        /// Number in its log.
        sequence: i64,
        /// Profiles used beside the class's own attributes.
        profiles: Vec<String>,
        /// Schema version (required).
        version: String,
    }
    /// `product`.
    Product {
        /// Name.
        name: String,
        /// Maker.
        vendor_name: String,
        /// Version.
        version: String,
        /// Id.
        uid: String,
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
        account: Account,
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
    /// `process`.
    Process {
        /// File name.
        name: String,
        /// Number.
        pid: i64,
        /// GUID or other name that is not reused.
        uid: String,
        /// Full path.
        path: String,
        /// Command line.
        cmd_line: String,
        /// Image.
        file: File,
        /// Under which account it runs.
        user: User,
        /// Who started it.
        parent_process: Box<Process>,
        /// Integrity level as the system names it.
        integrity: String,
        /// Integrity level: 1 untrusted … 6 protected.
        integrity_id: u32,
        /// Where it runs.
        working_directory: String,
        /// Start, milliseconds.
        created_time: i64,
        /// Thread.
        tid: i64,
        /// Log-on session.
        session: Session,
    }
    /// `file`.
    File {
        /// File name (required).
        name: String,
        /// Full path.
        path: String,
        /// Folder.
        parent_folder: String,
        /// Sort: 0 unknown, 1 regular, 2 folder … (required).
        type_id: u32,
        /// Caption of the sort.
        #[serde(rename = "type")]
        type_name: String,
        /// Extension.
        ext: String,
        /// Bytes.
        size: i64,
        /// Hashes.
        hashes: Vec<Fingerprint>,
        /// MIME type.
        mime_type: String,
        /// Maker.
        company_name: String,
        /// Description.
        desc: String,
        /// Version.
        version: String,
        /// Name that the maker gave it.
        internal_name: String,
        /// Product that it is part of.
        product: Product,
        /// Creation, milliseconds.
        created_time: i64,
        /// Last change, milliseconds.
        modified_time: i64,
        /// Owner.
        owner: User,
        /// Id.
        uid: String,
        /// Signature.
        signature: DigitalSignature,
    }
    /// `digital_signature`.
    DigitalSignature {
        /// 1 DSA, 2 RSA, 3 ECDSA, 4 Authenticode, 99 other (required).
        algorithm_id: u32,
        /// 1 valid … as the schema lists.
        state_id: u32,
        /// Caption.
        state: String,
        /// Who signed.
        certificate: Certificate,
        /// Name of the signer, where that is all that is known.
        developer_uid: String,
    }
    /// `certificate`.
    Certificate {
        /// Issuer (required).
        issuer: String,
        /// Serial number (required).
        serial_number: String,
        /// Subject.
        subject: String,
        /// Version.
        version: String,
        /// Fingerprints.
        fingerprints: Vec<Fingerprint>,
        /// Not after, milliseconds.
        expiration_time: i64,
        /// Not before, milliseconds.
        created_time: i64,
    }
    /// `fingerprint`: a hash.
    Fingerprint {
        /// 1 MD5, 2 SHA-1, 3 SHA-256, 4 SHA-512, 99 other (required).
        algorithm_id: u32,
        /// Its name.
        algorithm: String,
        /// Hexadecimal digits (required).
        value: String,
    }
    /// `device`: the machine on which it happened.
    Device {
        /// Host name.
        hostname: String,
        /// Other name.
        name: String,
        /// Domain.
        domain: String,
        /// Address.
        ip: String,
        /// MAC address.
        mac: String,
        /// Id.
        uid: String,
        /// Sort: 0 unknown, 1 server, 2 desktop … (required).
        type_id: u32,
        /// Caption of the sort.
        #[serde(rename = "type")]
        type_name: String,
        /// Operating system.
        os: Os,
        /// Maker.
        vendor_name: String,
        /// Cloud region.
        region: String,
    }
    /// `os`.
    Os {
        /// Name (required).
        name: String,
        /// 100 Windows, 200 Linux, 300 macOS … (required).
        type_id: u32,
        /// Caption.
        #[serde(rename = "type")]
        type_name: String,
        /// Version.
        version: String,
    }
    /// `network_endpoint`: one end of a connection.
    Endpoint {
        /// Address.
        ip: String,
        /// Port.
        port: u16,
        /// Host name.
        hostname: String,
        /// Other name.
        name: String,
        /// Domain.
        domain: String,
        /// MAC address.
        mac: String,
        /// Id.
        uid: String,
        /// Service.
        svc_name: String,
        /// Interface.
        interface_name: String,
        /// Id of the interface.
        interface_uid: String,
        /// Zone.
        zone: String,
        /// VLAN.
        vlan_uid: String,
        /// Place.
        location: Location,
        /// Owner.
        owner: User,
        /// Autonomous system.
        autonomous_system: AutonomousSystem,
    }
    /// `location`.
    Location {
        /// Two letters.
        country: String,
        /// Subdivision.
        region: String,
        /// Town.
        city: String,
    }
    /// `autonomous_system`.
    AutonomousSystem {
        /// Name.
        name: String,
        /// Number.
        number: u32,
    }
    /// `network_proxy` and `load_balancer` are not filled. `network_connection_info`:
    ConnectionInfo {
        /// Id.
        uid: String,
        /// 0 unknown, 1 inbound, 2 outbound, 3 lateral (required).
        direction_id: u32,
        /// Caption.
        direction: String,
        /// IANA name, lower case.
        protocol_name: String,
        /// IANA number.
        protocol_num: i32,
        /// 4 IPv4, 6 IPv6.
        protocol_ver_id: u32,
        /// TCP flags, or-ed.
        tcp_flags: u32,
        /// Zeek's history.
        flag_history: String,
        /// Community id.
        community_uid: String,
        /// Log-on session.
        session: Session,
    }
    /// `network_traffic`.
    Traffic {
        /// Bytes both ways.
        bytes: i64,
        /// Bytes from destination to source.
        bytes_in: i64,
        /// Bytes from source to destination.
        bytes_out: i64,
        /// Bytes that the sensor missed.
        bytes_missed: i64,
        /// Packets both ways.
        packets: i64,
        /// Packets from destination to source.
        packets_in: i64,
        /// Packets from source to destination.
        packets_out: i64,
    }
    /// `actor`: who did it.
    Actor {
        /// Process.
        process: Process,
        /// Account.
        user: User,
        /// Session.
        session: Session,
        /// Service on whose behalf.
        invoked_by: String,
        /// Application.
        app_name: String,
        /// Id of the application.
        app_uid: String,
    }
    /// `api`.
    Api {
        /// Operation (required).
        operation: String,
        /// Service.
        service: Service,
        /// Request.
        request: Request,
        /// Response.
        response: Response,
        /// Version.
        version: String,
    }
    /// `service`.
    Service {
        /// Name.
        name: String,
        /// Id.
        uid: String,
        /// Version.
        version: String,
    }
    /// `request`.
    Request {
        /// Id.
        uid: String,
        /// Flags.
        flags: Vec<String>,
    }
    /// `response`.
    Response {
        /// Code.
        code: i64,
        /// Error code.
        error: String,
        /// Error text.
        error_message: String,
        /// Text.
        message: String,
    }
    /// `cloud`.
    Cloud {
        /// Provider (required).
        provider: String,
        /// Region.
        region: String,
        /// Account.
        account: Account,
        /// Project or subscription.
        project_uid: String,
    }
    /// `resource_details`.
    Resource {
        /// Name.
        name: String,
        /// Id.
        uid: String,
        /// Sort.
        #[serde(rename = "type")]
        type_name: String,
        /// Owner.
        owner: User,
    }
    /// `dns_query`.
    DnsQuery {
        /// Name asked for (required).
        hostname: String,
        /// `A`, `AAAA`, …
        #[serde(rename = "type")]
        type_name: String,
        /// `IN`, …
        class: String,
        /// 0 query …
        opcode_id: u32,
        /// Id of the packet.
        packet_uid: i64,
    }
    /// `dns_answer`.
    DnsAnswer {
        /// Data (required).
        rdata: String,
        /// `A`, `AAAA`, …
        #[serde(rename = "type")]
        type_name: String,
        /// `IN`, …
        class: String,
        /// Seconds.
        ttl: i64,
    }
    /// `http_request`.
    HttpRequest {
        /// Method.
        http_method: String,
        /// URL.
        url: Url,
        /// User agent.
        user_agent: String,
        /// Referrer.
        referrer: String,
        /// Version.
        version: String,
        /// Bytes of the body.
        body_length: i64,
        /// Id.
        uid: String,
        /// Arguments.
        args: String,
    }
    /// `http_response`.
    HttpResponse {
        /// Status code (required).
        code: i64,
        /// Status text.
        message: String,
        /// Status.
        status: String,
        /// Bytes of the body.
        body_length: i64,
        /// MIME type.
        content_type: String,
    }
    /// `url`.
    Url {
        /// All of it.
        url_string: String,
        /// Scheme.
        scheme: String,
        /// Host.
        hostname: String,
        /// Port.
        port: u16,
        /// Path.
        path: String,
        /// Query.
        query_string: String,
    }
    /// `tls`.
    Tls {
        /// Version (required).
        version: String,
        /// Cipher.
        cipher: String,
        /// Server name.
        sni: String,
        /// JA3.
        ja3_hash: Fingerprint,
        /// JA3S.
        ja3s_hash: Fingerprint,
        /// Certificate.
        certificate: Certificate,
    }
    /// `win/reg_key`.
    RegKey {
        /// Path (required).
        path: String,
    }
    /// `win/reg_value`.
    RegValue {
        /// Name (required).
        name: String,
        /// Path (required).
        path: String,
        /// Data as text.
        reg_string_data: String,
        /// Sort.
        #[serde(rename = "type")]
        type_name: String,
    }
    /// `win/win_service`.
    WinService {
        /// Name (required).
        name: String,
        /// Command line.
        cmd_line: String,
        /// Start type.
        service_start_type: String,
        /// Sort.
        service_type: String,
        /// Account.
        service_start_name: String,
    }
    /// `win/win_resource`.
    WinResource {
        /// Sort: 0 unknown … 99 other (required).
        type_id: u32,
        /// Caption.
        #[serde(rename = "type")]
        type_name: String,
        /// Name.
        name: String,
        /// Id.
        uid: String,
        /// Service that holds it.
        svc_name: String,
    }
    /// `module`.
    Module {
        /// File.
        file: File,
        /// Address.
        base_address: String,
        /// Address.
        start_address: String,
        /// Function.
        function_name: String,
        /// 0 unknown, 1 standard … 99 other.
        load_type_id: u32,
        /// Caption.
        load_type: String,
    }
    /// `job`: a scheduled task.
    Job {
        /// Name (required).
        name: String,
        /// Command line.
        cmd_line: String,
        /// File.
        file: File,
        /// Account.
        user: User,
        /// Description.
        desc: String,
    }
    /// `script`.
    Script {
        /// The text (required).
        script_content: LongString,
        /// 0 unknown, 1 Windows command prompt, 2 PowerShell … (required).
        type_id: u32,
        /// Caption.
        #[serde(rename = "type")]
        type_name: String,
        /// Name.
        name: String,
        /// Id.
        uid: String,
        /// File.
        file: File,
    }
    /// `long_string`.
    LongString {
        /// The text (required).
        value: String,
        /// Cut off.
        is_truncated: bool,
        /// How long it was.
        untruncated_size: i64,
    }
    /// `kernel`: a kernel resource.
    Kernel {
        /// Name (required).
        name: String,
        /// 0 unknown … (required).
        type_id: u32,
        /// Caption.
        #[serde(rename = "type")]
        type_name: String,
        /// Path.
        path: String,
    }
    /// `kernel_driver`.
    KernelDriver {
        /// File (required).
        file: File,
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
    /// `email`.
    Email {
        /// Sender.
        from: String,
        /// Receivers.
        to: Vec<String>,
        /// Subject.
        subject: String,
        /// Message id.
        message_uid: String,
    }
    /// `firewall_rule`.
    FirewallRule {
        /// Name.
        name: String,
        /// Id.
        uid: String,
        /// Text.
        desc: String,
    }
    /// `finding_info` of somebody else's finding (a Suricata alert, say).
    FindingInfo {
        /// Id (required).
        uid: String,
        /// Title.
        title: String,
        /// Words.
        desc: String,
        /// What found it.
        analytic: AnalyticObject,
        /// Sorts of finding.
        types: Vec<String>,
        /// When it was made, milliseconds.
        created_time: i64,
        /// ATT&CK.
        attacks: Vec<Attack>,
    }
    /// `evidences`: what a finding was seen in.
    Evidence {
        /// Where it came from.
        src_endpoint: Endpoint,
        /// Where it went.
        dst_endpoint: Endpoint,
        /// How.
        connection_info: ConnectionInfo,
        /// URL.
        url: Url,
        /// DNS question.
        query: DnsQuery,
        /// File.
        file: File,
        /// Process.
        process: Process,
        /// Account.
        user: User,
        /// HTTP request.
        http_request: HttpRequest,
        /// HTTP response.
        http_response: HttpResponse,
        /// TLS.
        tls: Tls,
        /// E-mail.
        email: Email,
    }
    /// `analytic`.
    AnalyticObject {
        /// Id.
        uid: String,
        /// Name.
        name: String,
        /// 1 rule, 2 behavioural, 3 statistical, 4 learning, 5 fingerprinting … (required).
        type_id: u32,
        /// Caption.
        #[serde(rename = "type")]
        type_name: String,
        /// Category.
        category: String,
        /// Version.
        version: String,
    }
    /// `attack`: where it stands in ATT&CK.
    Attack {
        /// Technique.
        technique: AttackName,
        /// Sub-technique.
        sub_technique: AttackName,
        /// Tactic.
        tactic: AttackName,
        /// Version of ATT&CK.
        version: String,
    }
    /// `technique`, `sub_technique` and `tactic` have the same attributes.
    AttackName {
        /// `T1059`, `TA0002`.
        uid: String,
        /// Name.
        name: String,
    }
}
