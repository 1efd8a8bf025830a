//! What only Windows has: registry, services, resources by handle.

use serde::{Deserialize, Serialize};

use super::objects;

objects! {
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
        /// Start type: 0 unknown, 1 boot, 2 system, 3 auto, 4 demand, 5 disabled, 99 other.
        service_start_type_id: u32,
        /// Caption, in the record's own words.
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
}
