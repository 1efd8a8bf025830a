//! Findings, somebody else's or ours.

use serde::{Deserialize, Serialize};

use super::objects;
use super::{ConnectionInfo, DnsQuery, Email, Endpoint, File, HttpRequest, HttpResponse, Process, Tls, Url, User};

objects! {
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
        src_endpoint: Box<Endpoint>,
        /// Where it went.
        dst_endpoint: Box<Endpoint>,
        /// How.
        connection_info: Box<ConnectionInfo>,
        /// URL.
        url: Box<Url>,
        /// DNS question.
        query: Box<DnsQuery>,
        /// File.
        file: Box<File>,
        /// Process.
        process: Box<Process>,
        /// Account.
        user: Box<User>,
        /// HTTP request.
        http_request: Box<HttpRequest>,
        /// HTTP response.
        http_response: Box<HttpResponse>,
        /// TLS.
        tls: Box<Tls>,
        /// E-mail.
        email: Box<Email>,
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
