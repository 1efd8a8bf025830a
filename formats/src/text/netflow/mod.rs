//! NetFlow v5, v9 (RFC 3954) and IPFIX (RFC 7011, RFC 5103): packets in, one JSON object for each flow out.
//!
//! The object is what is kept as the untouched record, because a packet means nothing without the templates that came
//! before it. Names are IANA's IPFIX information elements; an element that we do not know is `element{number}`, one of an
//! enterprise `enterprise{number}_{number}` with its bytes in hexadecimal digits, a reverse element `reverse{Name}`. The
//! header gives `exporter`, `flowVersion`, `observationDomainId`, `exportTime` (seconds), and for versions 5 and 9
//! `systemInitTimeMilliseconds`, which their relative times count from.
//!
//! Deliberately absent: option records (their templates are remembered only to skip them), structured data (RFC 6313, kept
//! as hexadecimal digits), sampling arithmetic.

mod decoder;
mod element;
mod event;
mod template;
mod v5;

pub use decoder::{Decoded, Decoder};
pub(super) use event::{add_names, event};

#[cfg(test)]
mod tests;
