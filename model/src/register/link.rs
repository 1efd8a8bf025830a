//! What connects items.

use serde::{Deserialize, Serialize};

use super::item::ItemKind;
use super::privacy::DataCategory;
use super::words::{ItemId, words};
use crate::limits;

words! {
    /// How one item is connected with another: "FROM depends on TO".
    LinkKind, "kind of link" {
        /// Without the other it does not work.
        DependsOn = "depends-on",
        /// A program on a machine or device, a machine on its host.
        RunsOn = "runs-on",
        /// Its data lies there.
        StoresIn = "stores-in",
        /// Data goes there.
        SendsTo = "sends-to",
        /// A supplier delivers or runs it.
        DeliveredBy = "delivered-by",
        /// That identity administers it.
        AdministeredBy = "administered-by",
        /// The suppliers of a supplier.
        SuppliedBy = "supplied-by",
    }
}

impl LinkKind {
    /// Whether a compromise of what it leads to (`to`) reaches what it comes from: a program on a fallen machine has fallen, who sends
    /// data to a fallen machine has not.
    pub const fn passes_compromise(self) -> bool {
        !matches!(self, LinkKind::SendsTo)
    }
}

/// A link between two items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// From which.
    pub from: ItemId,
    /// To which.
    pub to: ItemId,
    /// How.
    pub kind: LinkKind,
    /// The interface, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<Interface>,
    /// Personal data that goes over it; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<DataCategory>>,
    /// Words about it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

/// An interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Such as `https`, `sftp`, `modbus`; small letters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub protocol: String,
    /// The port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whoever uses it has to prove who they are; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_authenticated: Option<bool>,
    /// What goes over it is encrypted; `None` while nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_encrypted: Option<bool>,
}

/// Why a link cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{from} {kind} {to}: {reason}")]
pub struct Misfit {
    /// From which.
    pub from: ItemId,
    /// To which.
    pub to: ItemId,
    /// How.
    pub kind: LinkKind,
    /// What is wrong.
    pub reason: String,
}

impl Link {
    /// A link of which nothing else is said.
    pub const fn new(from: ItemId, kind: LinkKind, to: ItemId) -> Self {
        Link { from, to, kind, interface: None, data: None, about: String::new() }
    }

    /// Says what is wrong with it whatever its ends are.
    ///
    /// # Errors
    /// It leads to itself, or its words are too long.
    pub fn check_itself(&self) -> Result<(), Misfit> {
        if self.from == self.to {
            return Err(self.misfit("it leads to itself".to_owned()));
        }
        if self.about.len() > limits::ITEM_TEXT_BYTES_MAX {
            return Err(self.misfit(format!("its words are longer than {} bytes", limits::ITEM_TEXT_BYTES_MAX)));
        }
        let protocol = self.interface.as_ref().map_or("", |interface| interface.protocol.as_str());
        if protocol.len() > limits::ITEM_ID_BYTES_MAX {
            return Err(self.misfit(format!("its protocol is longer than {} bytes", limits::ITEM_ID_BYTES_MAX)));
        }
        let is_control = |letter: char| letter.is_control() && letter != '\n';
        if self.about.chars().any(is_control) || protocol.chars().any(char::is_control) {
            return Err(self.misfit("a control character".to_owned()));
        }
        Ok(())
    }

    fn misfit(&self, reason: String) -> Misfit {
        Misfit { from: self.from.clone(), to: self.to.clone(), kind: self.kind, reason }
    }

    /// Says what is wrong with it between items of these kinds.
    ///
    /// # Errors
    /// As [`Link::check_itself`], or such items are not connected so.
    pub fn check(&self, from: ItemKind, to: ItemKind) -> Result<(), Misfit> {
        self.check_itself()?;
        let fits = match self.kind {
            LinkKind::DependsOn => from != ItemKind::Vendor,
            LinkKind::RunsOn => matches!(to, ItemKind::Machine | ItemKind::Device | ItemKind::Application),
            LinkKind::StoresIn => to == ItemKind::DataStore,
            LinkKind::SendsTo => from != ItemKind::Identity && to != ItemKind::Identity,
            LinkKind::DeliveredBy => from != ItemKind::Vendor && to == ItemKind::Vendor,
            LinkKind::AdministeredBy => to == ItemKind::Identity,
            LinkKind::SuppliedBy => from == ItemKind::Vendor && to == ItemKind::Vendor,
        };
        let reason = || format!("a {from} cannot be connected with a {to} like that");
        if fits { Ok(()) } else { Err(self.misfit(reason())) }
    }
}
