//! Machines, devices and accounts.

use model::register::{Address, Exposure, Item, ItemKind, LinkKind, Software};

use super::super::{DOMAIN, Kind, MACHINES};
use super::{Draft, retire};
use crate::random::Random;

/// A program with its names.
fn program(vendor: &str, product: &str, version: &str) -> Software {
    let plain = |text: &str| text.to_lowercase().replace(' ', "_");
    Software {
        vendor: vendor.to_owned(),
        product: product.to_owned(),
        version: version.to_owned(),
        cpe: Some(format!("cpe:2.3:a:{}:{}:{version}:*:*:*:*:*:*:*", plain(vendor), plain(product))),
        purl: None,
    }
}

fn package(name: &str, version: &str) -> Software {
    let encoded = version.replace('+', "%2B");
    Software {
        product: name.to_owned(),
        version: version.to_owned(),
        purl: Some(format!("pkg:deb/debian/{name}@{encoded}?distro=debian-12")),
        ..Software::default()
    }
}

fn system(vendor: &str, product: &str, version: &str) -> Software {
    let cpe = Some(format!(
        "cpe:2.3:o:{}:{}:{version}:*:*:*:*:*:*:*",
        vendor.to_lowercase(),
        product.to_lowercase().replace(' ', "_")
    ));
    Software { vendor: vendor.to_owned(), product: product.to_owned(), version: version.to_owned(), cpe, purl: None }
}

/// What runs on Linux servers.
pub(super) fn linux(random: &mut Random) -> Vec<Software> {
    let ssh = *random.pick(&["1:9.2p1-2+deb12u1", "1:9.2p1-2+deb12u2", "1:9.2p1-2+deb12u3"]);
    let ssl = *random.pick(&["3.0.11-1~deb12u2", "3.0.13-1~deb12u1", "3.0.14-1~deb12u2"]);
    let web = *random.pick(&["1.22.1-9", "1.22.1-9+deb12u1"]);
    vec![
        system("Debian", "Debian Linux", "12.0"),
        package("openssh", ssh),
        package("openssl", ssl),
        package("nginx", web),
    ]
}

fn windows_server(random: &mut Random) -> Vec<Software> {
    let build = *random.pick(&["10.0.20348.2113", "10.0.20348.2340", "10.0.20348.2461"]);
    vec![system("Microsoft", "Windows Server 2022", build)]
}

fn workplace(random: &mut Random) -> Vec<Software> {
    let build = *random.pick(&["10.0.22631.2861", "10.0.22631.3296", "10.0.22631.3593"]);
    let reader = format!("23.{}.{}", random.between(1, 9), random.between(20_000, 20_999));
    let browser = format!("{}.0", random.between(115, 128));
    vec![
        system("Microsoft", "Windows 11 23h2", build),
        program("Mozilla", "Firefox ESR", &browser),
        program("Adobe", "Acrobat Reader", &reader),
    ]
}

impl Draft {
    /// What everything rests on, and has no service of its own.
    pub(super) fn shared(&mut self) {
        for (name, title) in [
            ("core-network", "Network of the city"),
            ("directory", "Directory of accounts"),
            ("name-service", "Names (DNS)"),
            ("backup", "Backup"),
            ("virtual-machines", "Virtual machines"),
            ("file-shares", "File shares"),
        ] {
            let item = self.add(ItemKind::Application, name, title);
            item.owner = "IT office".to_owned();
            item.exposure = Some(Exposure::Internal);
        }
        for number in 1..=4u8 {
            let (host, database) = (format!("vmhost0{number}"), format!("db0{number}"));
            self.server(&host, &format!("10.20.1.{}", 100 + number), Exposure::Isolated);
            self.server(&database, &format!("10.20.1.{}", 120 + number), Exposure::Isolated);
            let version = format!("15.{}", self.random.between(2, 9));
            self.item(&database).software.push(program("PostgreSQL", "PostgreSQL", &version));
            self.link(&host, LinkKind::DeliveredBy, "rechenau");
            self.link(&database, LinkKind::RunsOn, &host);
            self.link("virtual-machines", LinkKind::RunsOn, &host);
        }
        self.link("core-network", LinkKind::DeliveredBy, "netzbrueck");
        self.link("directory", LinkKind::DependsOn, "name-service");
    }

    /// The machines that the logs know, by the same names and addresses.
    pub(super) fn known_machines(&mut self) {
        for machine in MACHINES {
            let (kind, software) = match machine.kind {
                Kind::Workstation => (ItemKind::Machine, workplace(&mut self.random)),
                Kind::WindowsServer => (ItemKind::Machine, windows_server(&mut self.random)),
                Kind::LinuxServer => (ItemKind::Machine, linux(&mut self.random)),
                Kind::Controller => {
                    (ItemKind::Device, vec![firmware("Quellmark Leittechnik", "QL 300", &mut self.random)])
                }
            };
            let is_web = machine.name.contains("-web");
            let item = self.add(kind, machine.name, machine.name);
            item.software = software;
            item.exposure = match (machine.kind, is_web, machine.name) {
                (_, true, _) | (_, _, "mail01" | "dns01" | "fw01") => Some(Exposure::Public),
                (Kind::Controller, ..) => Some(Exposure::Isolated),
                (Kind::WindowsServer | Kind::Workstation, ..) => Some(Exposure::Internal),
                // How far the controllers of sirens and lights can be reached was never written down.
                (Kind::LinuxServer, ..) => None,
            };
            place(item, machine.address, machine.name);
            item.owner = "IT office".to_owned();
        }
        for (app, machine) in [
            ("directory", "dc01"),
            ("directory", "dc02"),
            ("name-service", "dns01"),
            ("backup", "backup01"),
            ("file-shares", "file01"),
            ("core-network", "fw01"),
        ] {
            self.link(app, LinkKind::RunsOn, machine);
        }
    }

    pub(super) fn networks(&mut self) {
        for number in 1..=30u8 {
            let name = format!("switch{number:02}");
            let software = firmware("Netzbrück Netze", "NB Switch 24", &mut self.random);
            let item = self.add(ItemKind::Machine, &name, &format!("Switch {number}"));
            item.software = vec![software];
            item.exposure = Some(Exposure::Isolated);
            place(item, &format!("10.20.0.{}", 100 + number), &name);
            self.link("core-network", LinkKind::RunsOn, &name);
            if number % 10 == 1 {
                self.link(&name, LinkKind::DeliveredBy, "netzbrueck");
            }
        }
    }

    /// Desks and printers of offices.
    pub(super) fn workplaces(&mut self) {
        for (office, network, desks, service) in [
            ("treasury", 50, 22, "tax-portal"),
            ("social", 51, 20, "welfare-portal"),
            ("citizens", 52, 26, "resident-register"),
            ("traffic", 53, 16, "vehicle-registration"),
            ("building", 54, 14, "building-permits"),
            ("health", 55, 14, "health-office"),
            ("youth", 56, 14, "youth-welfare"),
            ("works", 57, 12, "report-a-defect"),
            ("library", 58, 12, "library"),
        ] {
            for desk in 1..=desks {
                let name = format!("ws-{office}-{desk:02}");
                let software = workplace(&mut self.random);
                let item = self.add(ItemKind::Machine, &name, &name);
                item.software = software;
                item.exposure = Some(Exposure::Internal);
                place(item, &format!("10.20.{network}.{}", 10 + desk), &name);
                if desk == desks {
                    retire(self.item(&name));
                }
                // One desk of each office stands for the work that stops without them.
                if desk == 1 {
                    self.link(service, LinkKind::DependsOn, &name);
                }
            }
            let printer = format!("printer-{office}");
            let software = firmware("Druckholm Drucker", "DH 40", &mut self.random);
            let item = self.add(ItemKind::Device, &printer, &format!("Printer, {office}"));
            item.software = vec![software];
            item.exposure = Some(Exposure::Internal);
            place(item, &format!("10.20.{network}.200"), &printer);
            self.link(&printer, LinkKind::DeliveredBy, "druckholm");
        }
    }

    /// What stands in streets and basins.
    pub(super) fn field(&mut self) {
        for (name, title, count, network, vendor, model, app) in [
            ("siren", "Siren", 24, 71, "tonfeld", "TF Siren 9", "app-sirens"),
            ("light-cabinet", "Cabinet of street lights", 40, 81, "lichtholm", "LH Cabinet", "app-street-lights"),
            ("signal", "Traffic signals, crossing", 45, 91, "ampelstein", "AS Controller 4", "app-traffic-lights"),
            ("well", "Well", 8, 42, "quellmark", "QL 300", "app-drinking-water"),
            ("tank", "Tank, level", 6, 43, "quellmark", "QL 120", "app-drinking-water"),
            ("sewer-pump", "Pump of waste water", 14, 44, "quellmark", "QL 120", "app-waste-water"),
            ("camera", "Camera", 18, 95, "kameraland", "KL Dome 2", "app-cameras"),
            ("air-sensor", "Air and noise sensor", 16, 96, "bussard", "BV Sense", "app-air-sensors"),
            ("stop-display", "Display at a stop", 20, 97, "bussard", "BV Display", "app-public-transport"),
        ] {
            for number in 1..=count {
                let thing = format!("{name}-{number:02}");
                let software = firmware(super::vendor_title(vendor), model, &mut self.random);
                let item = self.add(ItemKind::Device, &thing, &format!("{title} {number}"));
                item.software = vec![software];
                // Sensors talk over the networks of others; who can reach them, nobody has said.
                item.exposure = (vendor != "bussard").then_some(Exposure::Isolated);
                item.addresses = Address::parse(&format!("10.20.{network}.{}", 10 + number)).into_iter().collect();
                let link = self.link(app, LinkKind::DependsOn, &thing);
                link.about = "one of many: the service goes on without it".to_owned();
                self.link(&thing, LinkKind::DeliveredBy, vendor);
            }
        }
    }

    /// Groups and technical accounts.
    pub(super) fn identities(&mut self) {
        for (name, title, machines) in [
            ("domain-admins", "Administrators of the domain", &["dc01", "dc02", "file01", "mail01"][..]),
            (
                "linux-admins",
                "Administrators of Linux servers",
                &["jump01", "tax-web01", "tax-db01", "welfare-web01", "welfare-db01"],
            ),
            ("siren-operators", "Duty desk of the sirens", &["siren-ctl01", "siren-ctl02"]),
            ("water-operators", "Duty desk of the water works", &["scada-ops01", "scada-hist01"]),
            ("light-operators", "Desk of the street lights", &["light-ctl01"]),
            ("traffic-operators", "Desk of the traffic lights", &["traffic-ctl01"]),
            ("svc-backup", "Account of the backup", &["backup01", "file01", "tax-db01", "welfare-db01"]),
            ("svc-tax", "Account of the tax portal", &["tax-app01", "tax-db01"]),
            ("svc-welfare", "Account of the welfare portal", &["welfare-app01", "welfare-db01"]),
            (
                "cloud-admins",
                "Administrators of the cloud",
                &["city-app-cloud01", "city-website-cloud01", "appointments-cloud01"],
            ),
            ("remote-quellmark", "Remote service of a supplier", &["scada-ops01", "plc-water01"]),
            ("remote-tonfeld", "Remote service of a supplier", &["siren-ctl01"]),
        ] {
            let item = self.add(ItemKind::Identity, name, title);
            item.owner = "IT office".to_owned();
            for machine in machines {
                self.link(machine, LinkKind::AdministeredBy, name);
            }
        }
    }
}

fn firmware(vendor: &str, model: &str, random: &mut Random) -> Software {
    let version = format!("{}.{}.{}", random.between(1, 5), random.between(0, 10), random.between(0, 30));
    Software { vendor: vendor.to_owned(), product: format!("{model} firmware"), version, ..Software::default() }
}

fn place(item: &mut Item, address: &str, name: &str) {
    item.addresses.extend(Address::parse(address));
    item.addresses.extend(Address::parse(&format!("{name}.{DOMAIN}")));
}
