//! Which flows of data the register knows of an app: its own, and those of what depends on it, the service above all.

use std::collections::BTreeMap;

use model::register::{ItemId, Link, LinkKind};

/// The register's links as an app's gate needs them, sorted once for all apps.
#[derive(Clone, Debug, Default)]
pub struct Wiring<'a> {
    sends: BTreeMap<&'a ItemId, Vec<&'a Link>>,
    needed_by: BTreeMap<&'a ItemId, Vec<&'a ItemId>>,
}

impl<'a> Wiring<'a> {
    /// Of the links of a register.
    pub fn of(links: &'a [Link]) -> Self {
        let mut wiring = Wiring::default();
        for link in links {
            match link.kind {
                LinkKind::SendsTo => wiring.sends.entry(&link.from).or_default().push(link),
                LinkKind::DependsOn => wiring.needed_by.entry(&link.to).or_default().push(&link.from),
                _ => {}
            }
        }
        wiring
    }

    /// The flows of an app and of what depends on it; what goes between those is no flow of its own.
    pub fn flows(&self, app: &ItemId) -> Vec<&'a Link> {
        let above = self.needed_by.get(app).into_iter().flatten().copied();
        let own = self.sends.get_key_value(app).map(|(id, _)| *id);
        let senders: std::collections::BTreeSet<&ItemId> = own.into_iter().chain(above).collect();
        let links = senders.iter().filter_map(|sender| self.sends.get(*sender)).flatten().copied();
        let is_inner = |link: &&Link| link.to == *app;
        links.filter(|link| !is_inner(link)).collect()
    }
}
