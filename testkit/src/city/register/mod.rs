//! The register of Brunnfeld: forty services and some six hundred things that they rest on, with suppliers, data and connections.
//!
//! Machines and addresses are those of the city's logs ([`super::MACHINES`]), and more of the same sort. Some things nobody has said yet, as in
//! every register. All names are invented; software is named as it is everywhere, with versions but without what is weak in them.
//!
//! Deliberately absent: people. Identities are groups and technical accounts.

mod services;
mod things;

use std::collections::BTreeMap;

use model::register::{
    Address, DataCategory, DataHeld, Exposure, Interface, Item, ItemId, ItemKind, Lifecycle, Link, LinkKind, Software,
};

use super::City;
use crate::random::Random;
use services::{Place, SERVICES, Sketch, VENDORS};

/// What a city runs, and what is connected how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// Items, services first.
    pub items: Vec<Item>,
    /// Links.
    pub links: Vec<Link>,
}

impl City {
    /// The city's register. The seed decides which versions run where; names and connections are the same for all.
    ///
    /// ```
    /// let register = testkit::city::City::new(7).register();
    /// assert_eq!(register, testkit::city::City::new(7).register());
    /// assert!(register.items.iter().any(|item| item.id.as_str() == "sirens"));
    /// ```
    pub fn register(&self) -> Register {
        let mut draft =
            Draft { register: Register::default(), places: BTreeMap::new(), random: Random::new(self.seed) };
        for sketch in SERVICES {
            draft.service(sketch);
        }
        draft.vendors();
        draft.shared();
        draft.known_machines();
        for (number, sketch) in (1u8..).zip(SERVICES) {
            draft.below(sketch, number);
        }
        draft.networks();
        draft.workplaces();
        draft.field();
        draft.identities();
        draft.connections();
        draft.register
    }
}

/// The register while it is made.
struct Draft {
    register: Register,
    places: BTreeMap<String, usize>,
    random: Random,
}

/// # Panics
/// When a name in the script is none: a mistake in it.
fn id(text: &str) -> ItemId {
    ItemId::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

impl Draft {
    fn add(&mut self, kind: ItemKind, name: &str, title: &str) -> &mut Item {
        let place = self.register.items.len();
        let earlier = self.places.insert(name.to_owned(), place);
        assert!(earlier.is_none(), "{name} is in the script twice");
        self.register.items.push(Item::new(id(name), kind, title));
        &mut self.register.items[place]
    }

    fn link(&mut self, from: &str, kind: LinkKind, to: &str) -> &mut Link {
        let place = self.register.links.len();
        self.register.links.push(Link::new(id(from), kind, id(to)));
        &mut self.register.links[place]
    }

    /// A link over a network.
    fn wire(
        &mut self,
        from: &str,
        kind: LinkKind,
        to: &str,
        protocol: &str,
        port: u16,
        is_safe: Option<bool>,
    ) -> &mut Link {
        let link = self.link(from, kind, to);
        link.interface = Some(Interface {
            protocol: protocol.to_owned(),
            port: Some(port),
            is_authenticated: is_safe,
            is_encrypted: is_safe,
        });
        link
    }

    fn service(&mut self, sketch: &Sketch) {
        let item = self.add(ItemKind::Service, sketch.id, sketch.title);
        item.owner = sketch.owner.to_owned();
        item.exposure = sketch.exposure;
        item.residents = sketch.residents.filter(|residents| *residents > 0);
        item.day_costs = sketch.day_costs;
        item.is_life_safety = sketch.is_life_safety;
        item.is_mobile = sketch.is_mobile;
        item.information_types = sketch.information.iter().map(|text| (*text).to_owned()).collect();
        item.data = sketch.data.map(held);
        if sketch.id == "elections" {
            item.about = "Petitions may be signed by telephone from next spring on.".to_owned();
        }
    }

    fn vendors(&mut self) {
        for (name, title, _) in VENDORS {
            self.add(ItemKind::Vendor, name, title);
        }
        for (name, _, suppliers) in VENDORS {
            for supplier in *suppliers {
                self.link(name, LinkKind::SuppliedBy, supplier);
            }
        }
    }

    /// What stands below a service: its program, its data, its machines.
    fn below(&mut self, sketch: &Sketch, number: u8) {
        let app = format!("app-{}", sketch.id);
        let item = self.add(ItemKind::Application, &app, &format!("{}: program", sketch.title));
        item.owner = sketch.owner.to_owned();
        item.exposure = sketch.exposure;
        item.is_mobile = sketch.is_mobile;
        let version = format!("{}.{}", self.random.between(3, 9), self.random.between(0, 12));
        let software = Software {
            vendor: vendor_title(sketch.vendor).to_owned(),
            product: sketch.title.to_owned(),
            version,
            ..Software::default()
        };
        self.item(&app).software.push(software);
        self.link(sketch.id, LinkKind::DependsOn, &app);
        self.link(&app, LinkKind::DeliveredBy, sketch.vendor);
        let machines = self.machines_of(sketch, number);
        for machine in &machines {
            self.link(&app, LinkKind::RunsOn, machine);
        }
        self.data_of(sketch, &app, &machines);
    }

    fn machines_of(&mut self, sketch: &Sketch, number: u8) -> Vec<String> {
        match sketch.place {
            Place::Known(names) => names.iter().map(|name| (*name).to_owned()).collect(),
            Place::Supplier => Vec::new(),
            Place::Own => {
                let (web, host) = (format!("{}-srv01", sketch.id), format!("vmhost0{}", 1 + number % 4));
                self.server(&web, &format!("10.20.100.{}", 10 + number), Exposure::Internal);
                self.link(&web, LinkKind::RunsOn, &host);
                vec![web]
            }
            Place::Cloud => {
                let name = format!("{}-cloud01", sketch.id);
                self.server(&name, &format!("10.90.1.{}", 10 + number), Exposure::Public);
                let item = self.item(&name);
                item.labels = cloud_labels("AWS::EC2::Instance");
                item.addresses.extend(Address::parse(&format!("198.51.100.{}", 10 + number)));
                self.link(&name, LinkKind::DeliveredBy, "wolkenhafen");
                vec![name]
            }
        }
    }

    /// A Linux server with what runs on such servers.
    fn server(&mut self, name: &str, address: &str, exposure: Exposure) {
        let software = things::linux(&mut self.random);
        let item = self.add(ItemKind::Machine, name, name);
        item.owner = "IT office".to_owned();
        item.exposure = Some(exposure);
        item.addresses = [Address::parse(address), Address::parse(&format!("{name}.{}", super::DOMAIN))]
            .into_iter()
            .flatten()
            .collect();
        item.software = software;
    }

    fn data_of(&mut self, sketch: &Sketch, app: &str, machines: &[String]) {
        let Some(data) = sketch.data.filter(|data| !data.is_empty()) else { return };
        let store = format!("data-{}", sketch.id);
        let item = self.add(ItemKind::DataStore, &store, &format!("{}: data", sketch.title));
        item.owner = sketch.owner.to_owned();
        item.data = Some(held(data));
        item.exposure = Some(Exposure::Isolated);
        let link = self.wire(app, LinkKind::StoresIn, &store, "postgresql", 5432, Some(true));
        link.data = Some(data.iter().map(|(category, _)| *category).collect());
        match (sketch.place, machines.last()) {
            (Place::Own, _) => {
                let host = format!("db0{}", 1 + store.len() % 4);
                self.link(&store, LinkKind::RunsOn, &host);
            }
            (Place::Cloud, _) => {
                self.item(&store).labels = cloud_labels("AWS::RDS::DBInstance");
                self.link(&store, LinkKind::DeliveredBy, "wolkenhafen");
            }
            (Place::Known(_), Some(machine)) => {
                self.link(&store, LinkKind::RunsOn, machine);
            }
            _ => {
                // At the supplier's: who else can reach it, nobody has said.
                self.item(&store).exposure = None;
                self.link(&store, LinkKind::DeliveredBy, sketch.vendor);
            }
        }
        if sketch.place != Place::Supplier {
            self.link(&store, LinkKind::DependsOn, "backup");
        }
    }

    fn item(&mut self, name: &str) -> &mut Item {
        let place = self.places.get(name).copied().unwrap_or_else(|| panic!("no {name} in the script"));
        &mut self.register.items[place]
    }

    /// What goes between services, and who reaches whom.
    fn connections(&mut self) {
        for sketch in SERVICES {
            let app = format!("app-{}", sketch.id);
            let is_public = sketch.exposure == Some(Exposure::Public);
            let has_accounts = is_public && sketch.data.is_some_and(|data| data.len() > 1) && sketch.id != "sign-on";
            if has_accounts {
                self.wire(sketch.id, LinkKind::DependsOn, "sign-on", "https", 443, Some(true));
            }
            if !matches!(sketch.place, Place::Cloud | Place::Supplier) {
                self.link(&app, LinkKind::DependsOn, "core-network");
            }
        }
        for payer in
            ["tax-portal", "fines", "parking-permits", "vehicle-registration", "museums", "library", "id-cards"]
        {
            let link = self.wire(payer, LinkKind::SendsTo, "payments", "https", 443, Some(true));
            link.data = Some(vec![DataCategory::Financial]);
        }
        let population =
            ["id-cards", "civil-registry", "elections", "vehicle-registration", "kindergarten-places", "tax-portal"];
        for reader in population {
            let link = self.wire(reader, LinkKind::DependsOn, "resident-register", "https", 443, None);
            link.data = Some(vec![DataCategory::Identity, DataCategory::Contact]);
        }
        for (from, to, protocol, port) in [
            ("app-cameras", "app-traffic-lights", "rtsp", 554),
            ("app-public-transport", "app-traffic-lights", "mqtt", 1883),
            ("app-fire-dispatch", "app-traffic-lights", "https", 443),
            ("app-air-sensors", "app-city-website", "https", 443),
            ("app-waste-water", "scada-hist01", "modbus", 502),
            ("app-sirens", "app-warning-app", "https", 443),
        ] {
            let is_safe = (protocol == "https").then_some(true).or(Some(false)).filter(|_| protocol != "mqtt");
            self.wire(from, LinkKind::SendsTo, to, protocol, port, is_safe);
        }
    }
}

/// Where the city's cloud account has things, as the readers of inventories label them.
fn cloud_labels(sort: &str) -> Vec<String> {
    let labels =
        ["cloud:aws".to_owned(), "region:eu-central-1".to_owned(), format!("account:{}", super::cloud::ACCOUNT)];
    labels.into_iter().chain([format!("type:{sort}")]).collect()
}

fn vendor_title(name: &str) -> &'static str {
    VENDORS.iter().find(|(own, _, _)| *own == name).map_or("", |(_, title, _)| title)
}

fn held(data: &[(DataCategory, u64)]) -> Vec<DataHeld> {
    data.iter().map(|(category, residents)| DataHeld { category: *category, residents: Some(*residents) }).collect()
}

/// A thing that is gone, so that registers have some.
fn retire(item: &mut Item) {
    item.state = Lifecycle::Retired;
}

#[cfg(test)]
mod tests;
