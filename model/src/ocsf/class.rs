//! Class numbers, and the names behind them.

use serde::{Deserialize, Serialize};

/// An OCSF `class_uid`. Unknown numbers are kept as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Class(u32);

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident = $uid:literal, $caption:literal;)+) => {
        impl Class {
            $($(#[$doc])* pub const $name: Class = Class($uid);)+

            /// The caption of the class, `None` for one that we do not know.
            pub fn caption(self) -> Option<&'static str> {
                match self.0 {
                    $($uid => Some($caption),)+
                    _ => None,
                }
            }

            /// The class of that caption, letter case aside.
            pub fn from_caption(caption: &str) -> Option<Class> {
                [$(($uid, $caption)),+].into_iter().find(|(_, known)| known.eq_ignore_ascii_case(caption)).map(|(uid, _)| Class(uid))
            }
        }
    };
}

classes! {
    /// Anything that no class fits.
    BASE = 0, "Base Event";
    /// Files created, read, changed, deleted.
    FILE = 1001, "File System Activity";
    /// Kernel extensions and drivers.
    KERNEL_EXTENSION = 1002, "Kernel Extension Activity";
    /// Kernel resources.
    KERNEL = 1003, "Kernel Activity";
    /// Memory of processes.
    MEMORY = 1004, "Memory Activity";
    /// Libraries loaded.
    MODULE = 1005, "Module Activity";
    /// Scheduled jobs.
    SCHEDULED_JOB = 1006, "Scheduled Job Activity";
    /// Processes started, ended, opened, injected.
    PROCESS = 1007, "Process Activity";
    /// The log itself: cleared, started, stopped.
    EVENT_LOG = 1008, "Event Log Activity";
    /// Scripts.
    SCRIPT = 1009, "Script Activity";
    /// Detection findings: what Watchbell itself writes.
    DETECTION_FINDING = 2004, "Detection Finding";
    /// Accounts created, changed, locked.
    ACCOUNT_CHANGE = 3001, "Account Change";
    /// Log-on and log-off.
    AUTHENTICATION = 3002, "Authentication";
    /// Privileges given to a new session.
    AUTHORIZE_SESSION = 3003, "Authorize Session";
    /// Managed entities created, read, changed.
    ENTITY_MANAGEMENT = 3004, "Entity Management";
    /// Privileges given to a user.
    USER_ACCESS = 3005, "User Access Management";
    /// Groups and their members.
    GROUP_MANAGEMENT = 3006, "Group Management";
    /// Connections.
    NETWORK = 4001, "Network Activity";
    /// HTTP.
    HTTP = 4002, "HTTP Activity";
    /// DNS.
    DNS = 4003, "DNS Activity";
    /// DHCP.
    DHCP = 4004, "DHCP Activity";
    /// Remote desktop.
    RDP = 4005, "RDP Activity";
    /// Windows file sharing.
    SMB = 4006, "SMB Activity";
    /// Secure shell.
    SSH = 4007, "SSH Activity";
    /// File transfer.
    FTP = 4008, "FTP Activity";
    /// E-mail.
    EMAIL = 4009, "Email Activity";
    /// Files on network shares and in cloud storage.
    NETWORK_FILE = 4010, "Network File Activity";
    /// Network time.
    NTP = 4013, "NTP Activity";
    /// Tunnels and VPNs.
    TUNNEL = 4014, "Tunnel Activity";
    /// Machines seen.
    INVENTORY_INFO = 5001, "Device Inventory Info";
    /// Software seen on a machine.
    SOFTWARE_INFO = 5020, "Software Inventory Info";
    /// Web resources.
    WEB_RESOURCE = 6001, "Web Resources Activity";
    /// Applications installed, started, stopped.
    APPLICATION_LIFECYCLE = 6002, "Application Lifecycle";
    /// Calls of an API.
    API = 6003, "API Activity";
    /// Databases and buckets.
    DATASTORE = 6005, "Datastore Activity";
    /// Application errors.
    APPLICATION_ERROR = 6008, "Application Error";
    /// Windows registry keys.
    REGISTRY_KEY = 201_001, "Registry Key Activity";
    /// Windows registry values.
    REGISTRY_VALUE = 201_002, "Registry Value Activity";
    /// Windows resources by handle.
    WINDOWS_RESOURCE = 201_003, "Windows Resource Activity";
    /// Windows services.
    WINDOWS_SERVICE = 201_004, "Windows Service Activity";
}

impl Class {
    /// From a `class_uid`, known or not.
    pub const fn from_uid(uid: u32) -> Self {
        Class(uid)
    }

    /// The `class_uid`.
    pub const fn uid(self) -> u32 {
        self.0
    }

    /// The `category_uid`: the thousands of the class, below what an extension adds (201001 is in category 1).
    pub const fn category_uid(self) -> u32 {
        (self.0 / 1_000) % 100
    }

    /// The `type_uid` of an activity of this class: `class_uid * 100 + activity_id`.
    pub const fn type_uid(self, activity_id: u32) -> u64 {
        self.0 as u64 * 100 + activity_id as u64
    }
}

/// Activity numbers that classes share or that we use often. 0 is unknown and 99 other, in every class.
pub mod activity {
    /// Not known.
    pub const UNKNOWN: u32 = 0;
    /// Known, but not in the list.
    pub const OTHER: u32 = 99;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_from_the_class() {
        assert_eq!(Class::PROCESS.category_uid(), 1);
        assert_eq!(Class::REGISTRY_VALUE.category_uid(), 1);
        assert_eq!(Class::DETECTION_FINDING.type_uid(1), 200_401);
        assert_eq!(Class::BASE.category_uid(), 0);
        assert_eq!(Class::from_uid(987_654).uid(), 987_654);
    }
}
