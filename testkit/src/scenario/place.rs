//! What a scenario may name beyond the city's own map: spare machines for people, printers and things that come during
//! play, more of the internet, and where its networks are.
//!
//! All addresses and names on the internet are reserved for examples (RFC 5737, RFC 2606, RFC 3849).

use crate::city::{Kind, MACHINES, Machine, SITES};

const fn spare(name: &'static str, address: &'static str, kind: Kind) -> Machine {
    Machine { name, address, kind }
}

/// Machines that nobody has used yet when a scenario begins.
const SPARES: &[Machine] = &[
    spare("ws-spare01", "10.20.22.61", Kind::Workstation),
    spare("ws-spare02", "10.20.21.62", Kind::Workstation),
    spare("ws-spare03", "10.20.20.63", Kind::Workstation),
    spare("ws-spare04", "10.20.23.64", Kind::Workstation),
    spare("srv-spare01", "10.20.1.71", Kind::WindowsServer),
    spare("srv-spare02", "10.20.1.72", Kind::LinuxServer),
];

/// The machine of that name, spares included.
pub(crate) fn machine(name: &str) -> Option<&'static Machine> {
    MACHINES.iter().chain(SPARES).find(|machine| machine.name == name)
}

/// The machine at that address, spares included.
pub(crate) fn machine_at(address: &str) -> Option<&'static Machine> {
    MACHINES.iter().chain(SPARES).find(|machine| machine.address == address)
}

/// More places that staff visit; each person has favourites of their own.
const MORE_SITES: &[(&str, &str)] = &[
    ("www.trains.example", "192.0.2.70"),
    ("tickets.trains.example", "192.0.2.71"),
    ("www.bank-north.example", "192.0.2.72"),
    ("www.bank-south.example", "192.0.2.73"),
    ("shop.garden.example", "192.0.2.74"),
    ("www.recipes.example", "192.0.2.75"),
    ("www.football.example", "192.0.2.76"),
    ("radio.region.example", "192.0.2.77"),
    ("video.stream.example", "192.0.2.78"),
    ("images.stream.example", "192.0.2.79"),
    ("forum.tax-people.example", "192.0.2.80"),
    ("journal.law.example", "192.0.2.81"),
    ("standards.state.example", "192.0.2.82"),
    ("tenders.state.example", "192.0.2.83"),
    ("register.state.example", "192.0.2.84"),
    ("health.state.example", "192.0.2.85"),
    ("schools.state.example", "192.0.2.86"),
    ("geo.state.example", "192.0.2.87"),
    ("translate.words.example", "192.0.2.88"),
    ("search.words.example", "192.0.2.89"),
    ("cdn.words.example", "192.0.2.90"),
    ("fonts.words.example", "192.0.2.91"),
    ("meet.office-suite.example", "192.0.2.92"),
    ("cdn.office-suite.example", "192.0.2.93"),
    ("support.vendor.example", "192.0.2.94"),
    ("docs.vendor.example", "192.0.2.95"),
    ("packages.linux.example", "192.0.2.96"),
    ("code.linux.example", "192.0.2.97"),
    ("wiki.linux.example", "192.0.2.98"),
    ("parts.fire-trade.example", "192.0.2.99"),
    ("www.fire-trade.example", "192.0.2.100"),
    ("portal.pumps.example", "192.0.2.101"),
    ("www.water-trade.example", "192.0.2.102"),
    ("jobs.region.example", "192.0.2.103"),
    ("www.travel.example", "192.0.2.104"),
    ("www.weather-radar.example", "192.0.2.105"),
];

/// Every place that staff know: name and address.
pub(crate) fn sites() -> Vec<(&'static str, &'static str)> {
    SITES.iter().chain(MORE_SITES).copied().collect()
}

/// Where the networks of the internet are that a scenario uses, as a table for whoever looks addresses up:
/// `network,place`.
pub(crate) const NETWORKS: &str = "network,place\n\
    198.51.100.0/25,the city's own addresses\n\
    198.51.100.128/25,the region\n\
    192.0.2.0/25,the region\n\
    192.0.2.128/25,homes in the region\n\
    203.0.113.0/25,abroad north\n\
    203.0.113.128/25,abroad south\n\
    2001:db8:1::/48,homes in the region\n\
    2001:db8:2::/48,abroad north\n\
    2001:db8:3::/48,abroad south\n";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn spares_and_sites_are_single() {
        let machines: BTreeSet<_> =
            MACHINES.iter().chain(SPARES).flat_map(|found| [found.name, found.address]).collect();
        assert_eq!(machines.len(), 2 * (MACHINES.len() + SPARES.len()));
        let sites = sites();
        let single: BTreeSet<_> = sites.iter().flat_map(|(host, address)| [*host, *address]).collect();
        assert_eq!(single.len(), 2 * sites.len());
    }
}
