//! The objects of OCSF 1.8.0 that our readers fill, by subject. Every attribute is optional here; which ones a class
//! requires is the schema's business, and `cargo xtask oracle ocsf` holds every event that we emit against it.
//!
//! What is large, or stands in several places, is held in a [`Box`]: an event is handed on by value at every step, and most
//! events have few of all these objects. Small parts that are nearly always filled stand where they are.

mod about;
mod api;
mod application;
mod finding;
mod host;
mod identity;
mod network;
mod windows;

pub use about::*;
pub use api::*;
pub use application::*;
pub use finding::*;
pub use host::*;
pub use identity::*;
pub use network::*;
pub use windows::*;

/// Declares objects whose attributes are all optional and left out where they are absent.
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
use objects;
