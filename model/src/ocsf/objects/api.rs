//! Calls of an API, and what they were about.

use serde::{Deserialize, Serialize};

use super::User;
use super::objects;

objects! {
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
        owner: Box<User>,
    }
}
