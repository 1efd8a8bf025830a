//! Who and what there is in Brunnfeld: machines, accounts, services. All of it is invented; addresses on the internet and
//! domains are the ones reserved for examples (RFC 5737, RFC 2606).

/// What a machine is, which decides what it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person's Windows machine.
    Workstation,
    /// A Windows server.
    WindowsServer,
    /// A Linux server.
    LinuxServer,
    /// A programmable controller: it is seen on the network and writes nothing itself.
    Controller,
}

/// A machine of the city.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its host name.
    pub name: &'static str,
    /// Its address.
    pub address: &'static str,
    /// What it is.
    pub kind: Kind,
}

/// When a person works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// Monday to Friday, by day.
    Office,
    /// Every day, by day: the duty desks.
    Duty,
}

/// A person's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name that logs show.
    pub name: &'static str,
    /// The machine that the person sits at.
    pub machine: &'static str,
    /// When the person works.
    pub rhythm: Rhythm,
}

/// A service of the city.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// What people call it.
    pub name: &'static str,
    /// The machines that it runs on.
    pub machines: &'static [&'static str],
    /// Residents who notice when it fails.
    pub residents: u32,
}

const fn machine(name: &'static str, address: &'static str, kind: Kind) -> Machine {
    Machine { name, address, kind }
}

/// The domain of the city.
pub const DOMAIN: &str = "brunnfeld.example";

/// Every machine.
pub const MACHINES: &[Machine] = &[
    // town hall, data centre
    machine("dc01", "10.20.1.10", Kind::WindowsServer),
    machine("dc02", "10.20.1.11", Kind::WindowsServer),
    machine("file01", "10.20.1.20", Kind::WindowsServer),
    machine("mail01", "10.20.1.21", Kind::WindowsServer),
    machine("backup01", "10.20.1.30", Kind::WindowsServer),
    machine("dns01", "10.20.1.53", Kind::LinuxServer),
    machine("fw01", "10.20.0.1", Kind::LinuxServer),
    machine("jump01", "10.20.0.22", Kind::LinuxServer),
    // tax portal, welfare portal
    machine("tax-web01", "10.20.2.10", Kind::LinuxServer),
    machine("tax-app01", "10.20.2.11", Kind::WindowsServer),
    machine("tax-db01", "10.20.2.12", Kind::LinuxServer),
    machine("welfare-web01", "10.20.3.10", Kind::LinuxServer),
    machine("welfare-app01", "10.20.3.11", Kind::WindowsServer),
    machine("welfare-db01", "10.20.3.12", Kind::LinuxServer),
    // sirens, lights, traffic
    machine("siren-ctl01", "10.20.7.10", Kind::LinuxServer),
    machine("siren-ctl02", "10.20.7.11", Kind::LinuxServer),
    machine("siren-ops01", "10.20.7.20", Kind::Workstation),
    machine("light-ctl01", "10.20.8.10", Kind::LinuxServer),
    machine("traffic-ctl01", "10.20.9.10", Kind::LinuxServer),
    // water
    machine("scada-ops01", "10.20.40.10", Kind::Workstation),
    machine("scada-hist01", "10.20.40.11", Kind::WindowsServer),
    machine("plc-water01", "10.20.41.1", Kind::Controller),
    machine("plc-water02", "10.20.41.2", Kind::Controller),
    machine("plc-water03", "10.20.41.3", Kind::Controller),
    machine("plc-pump01", "10.20.41.11", Kind::Controller),
    machine("plc-pump02", "10.20.41.12", Kind::Controller),
    // people
    machine("ws-tax01", "10.20.20.11", Kind::Workstation),
    machine("ws-tax02", "10.20.20.12", Kind::Workstation),
    machine("ws-tax03", "10.20.20.13", Kind::Workstation),
    machine("ws-welfare01", "10.20.21.11", Kind::Workstation),
    machine("ws-welfare02", "10.20.21.12", Kind::Workstation),
    machine("ws-welfare03", "10.20.21.13", Kind::Workstation),
    machine("ws-welfare04", "10.20.21.14", Kind::Workstation),
    machine("ws-hall01", "10.20.22.11", Kind::Workstation),
    machine("ws-hall02", "10.20.22.12", Kind::Workstation),
    machine("ws-hall03", "10.20.22.13", Kind::Workstation),
    machine("ws-hall04", "10.20.22.14", Kind::Workstation),
    machine("ws-it01", "10.20.23.11", Kind::Workstation),
    machine("ws-it02", "10.20.23.12", Kind::Workstation),
    machine("ws-fire01", "10.20.24.11", Kind::Workstation),
];

const fn account(name: &'static str, machine: &'static str, rhythm: Rhythm) -> Account {
    Account { name, machine, rhythm }
}

/// Every person's account; administrators have a second one (`adm.`) that they use on servers.
pub const ACCOUNTS: &[Account] = &[
    account("a.lindner", "ws-tax01", Rhythm::Office),
    account("b.oyelaran", "ws-tax02", Rhythm::Office),
    account("c.dvorak", "ws-tax03", Rhythm::Office),
    account("d.petrova", "ws-welfare01", Rhythm::Office),
    account("e.haddad", "ws-welfare02", Rhythm::Office),
    account("f.moreau", "ws-welfare03", Rhythm::Office),
    account("g.silva", "ws-welfare04", Rhythm::Office),
    account("h.brandt", "siren-ops01", Rhythm::Duty),
    account("i.nowak", "ws-hall01", Rhythm::Office),
    account("j.ferrari", "ws-hall02", Rhythm::Office),
    account("k.larsen", "ws-hall03", Rhythm::Office),
    account("l.yilmaz", "ws-hall04", Rhythm::Office),
    account("m.okafor", "ws-it01", Rhythm::Office),
    account("n.weiss", "ws-it02", Rhythm::Office),
    account("o.castillo", "ws-fire01", Rhythm::Duty),
    account("p.tanaka", "scada-ops01", Rhythm::Duty),
];

/// The administrators' second accounts.
pub const ADMINISTRATORS: &[&str] = &["adm.okafor", "adm.weiss"];

/// What the city runs.
pub const SERVICES: &[Service] = &[
    Service { name: "sirens", machines: &["siren-ctl01", "siren-ctl02", "siren-ops01"], residents: 310_000 },
    Service { name: "street lights", machines: &["light-ctl01"], residents: 310_000 },
    Service { name: "traffic lights", machines: &["traffic-ctl01"], residents: 180_000 },
    Service { name: "tax portal", machines: &["tax-web01", "tax-app01", "tax-db01"], residents: 140_000 },
    Service { name: "welfare portal", machines: &["welfare-web01", "welfare-app01", "welfare-db01"], residents: 9_000 },
    Service {
        name: "drinking water",
        machines: &[
            "scada-ops01",
            "scada-hist01",
            "plc-water01",
            "plc-water02",
            "plc-water03",
            "plc-pump01",
            "plc-pump02",
        ],
        residents: 310_000,
    },
];

/// Places on the internet that staff visit by day: name and address.
pub const SITES: &[(&str, &str)] = &[
    ("www.weather.example", "192.0.2.10"),
    ("news.region.example", "192.0.2.11"),
    ("maps.region.example", "192.0.2.12"),
    ("mail.office-suite.example", "192.0.2.20"),
    ("files.office-suite.example", "192.0.2.21"),
    ("login.office-suite.example", "192.0.2.22"),
    ("updates.vendor.example", "192.0.2.30"),
    ("telemetry.vendor.example", "192.0.2.31"),
    ("statistics.state.example", "192.0.2.40"),
    ("law.state.example", "192.0.2.41"),
    ("api.cloud.example", "192.0.2.50"),
    ("time.pool.example", "192.0.2.60"),
];

/// The machine of that name.
///
/// # Panics
/// When there is none: a mistake in the script.
pub(crate) fn find(name: &str) -> &'static Machine {
    let found = MACHINES.iter().find(|machine| machine.name == name);
    found.unwrap_or_else(|| panic!("no machine {name} in the city"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_addresses_are_single() {
        let names: BTreeSet<_> = MACHINES.iter().map(|machine| machine.name).collect();
        let addresses: BTreeSet<_> = MACHINES.iter().map(|machine| machine.address).collect();
        assert_eq!((names.len(), addresses.len()), (MACHINES.len(), MACHINES.len()));
    }

    #[test]
    fn everybody_sits_somewhere_and_services_run_somewhere() {
        let known = |name: &&str| MACHINES.iter().any(|machine| machine.name == *name);
        assert!(ACCOUNTS.iter().all(|account| known(&account.machine)));
        assert!(SERVICES.iter().flat_map(|service| service.machines).all(known));
    }
}
