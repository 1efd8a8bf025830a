//! What applications say to each other: DNS, HTTP, e-mail.

use serde::{Deserialize, Serialize};

use super::objects;

objects! {
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
        url: Box<Url>,
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
        /// Headers that say what answered.
        http_headers: Vec<HttpHeader>,
    }
    /// `http_header`.
    HttpHeader {
        /// Name (required).
        name: String,
        /// Value (required).
        value: String,
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
}
