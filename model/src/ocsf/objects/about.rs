//! What a record says about itself, and where it was made.

use serde::{Deserialize, Serialize};

use super::Account;
use super::objects;

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
    /// `cloud`.
    Cloud {
        /// Provider (required).
        provider: String,
        /// Region.
        region: String,
        /// Account.
        account: Box<Account>,
        /// Project or subscription.
        project_uid: String,
    }
}
