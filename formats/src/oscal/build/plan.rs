//! The security plan.

use std::collections::BTreeMap;

use model::register::{Impact as Level, Item, ItemKind, Lifecycle, Objective};

use super::super::{
    ByComponent, Categorization, Component, ControlImplementation, Described, Document, Export, Impact,
    ImplementedComponent, ImplementedRequirement, ImportProfile, InformationType, Inherited, InventoryItem,
    LeveragedAuthorization, Property, Provided, ResponsibleRole, SecurityImpactLevel, State, SystemCharacteristics,
    SystemId, SystemImplementation, SystemInformation, SystemSecurityPlan, SystemUser,
};
use super::{About, By, Controlled, System, document_uuid, line, metadata, resource, uuid_of, words};

/// The catalogue of types of information.
const TYPES: &str = "http://doi.org/10.6028/NIST.SP.800-60v2r1";

/// How a system meets its controls.
pub fn security_plan(system: &System, about: &About) -> Document {
    let (href, back_matter) = resource(system, &system.profile);
    Document::SystemSecurityPlan(SystemSecurityPlan {
        uuid: document_uuid(system, "security-plan", about),
        metadata: metadata(system, "Security plan", about),
        import_profile: ImportProfile { href, ..ImportProfile::default() },
        system_characteristics: characteristics(system),
        system_implementation: implementation(system, about),
        control_implementation: ControlImplementation {
            description: "How the system meets its controls, control by control.".into(),
            implemented_requirements: system.controls.iter().map(|control| requirement(system, control)).collect(),
            ..ControlImplementation::default()
        },
        back_matter: Some(back_matter),
        ..SystemSecurityPlan::default()
    })
}

fn fips(level: Level) -> String {
    format!("fips-199-{level}")
}

fn state(word: &str) -> State {
    State { state: word.into(), ..State::default() }
}

fn running(item: &Item) -> State {
    state(match item.state {
        Lifecycle::Planned => "under-development",
        Lifecycle::Running => "operational",
        Lifecycle::Retired => "disposition",
    })
}

fn characteristics(system: &System) -> SystemCharacteristics {
    let service = &system.service;
    let level = system.categorization.as_ref().and_then(|said| {
        Some(SecurityImpactLevel {
            security_objective_confidentiality: fips(said.confidentiality.counts()?),
            security_objective_integrity: fips(said.integrity.counts()?),
            security_objective_availability: fips(said.availability.counts()?),
            ..SecurityImpactLevel::default()
        })
    });
    let names: Vec<&str> = system.items.iter().map(|item| item.id.as_str()).collect();
    let boundary = match names.is_empty() {
        true => "Nothing is named but the service itself.".to_owned(),
        false => format!("The service and what it needs, runs on or stores in: {}.", names.join(", ")),
    };
    let high_water = system.categorization.as_ref().and_then(model::register::Categorization::high_water);
    SystemCharacteristics {
        system_ids: vec![SystemId {
            id: system.uuid("system", service.id.as_str()),
            identifier_type: Some("http://ietf.org/rfc/rfc4122".into()),
            ..SystemId::default()
        }],
        system_name: line(&service.title),
        system_name_short: Some(service.id.to_string()),
        description: words(&service.about),
        security_sensitivity_level: high_water.map(fips),
        system_information: SystemInformation {
            information_types: information(system),
            ..SystemInformation::default()
        },
        security_impact_level: level,
        status: running(service),
        authorization_boundary: Described { description: boundary, ..Described::default() },
        data_flow: Some(Described { description: words(&system.flows), ..Described::default() }),
        ..SystemCharacteristics::default()
    }
}

fn information(system: &System) -> Vec<InformationType> {
    let decided = system.categorization.as_ref();
    let impact = |base: Option<Level>, objective: Option<&Objective>| {
        let base = base?;
        let selected = objective.and_then(|objective| objective.decided).filter(|selected| *selected != base);
        let why = objective.map(|objective| objective.why.trim()).filter(|why| !why.is_empty());
        Some(Impact {
            base: fips(base),
            selected: selected.map(fips),
            adjustment_justification: selected.and(why).map(str::to_owned),
            ..Impact::default()
        })
    };
    let one = |told: &model::register::InformationType| InformationType {
        uuid: Some(system.uuid("information", &told.id)),
        title: line(&told.title),
        description: words(&told.category),
        categorizations: vec![Categorization {
            system: TYPES.into(),
            information_type_ids: vec![line(&told.id)].into(),
            ..Categorization::default()
        }]
        .into(),
        confidentiality_impact: impact(told.confidentiality, decided.map(|said| &said.confidentiality)),
        integrity_impact: impact(told.integrity, decided.map(|said| &said.integrity)),
        availability_impact: impact(told.availability, decided.map(|said| &said.availability)),
        ..InformationType::default()
    };
    let mut list: Vec<_> = system.information.iter().map(one).collect();
    if list.is_empty() {
        // The schema wants one.
        list.push(InformationType {
            uuid: Some(system.uuid("information", "")),
            title: "Not said".into(),
            description: "Nobody has said which types of information the system has.".into(),
            ..InformationType::default()
        });
    }
    list
}

fn implementation(system: &System, about: &About) -> SystemImplementation {
    let service = &system.service;
    let reach = match service.exposure {
        Some(exposure) => format!("Who can reach the system: {exposure}."),
        None => "Nobody has said who can reach the system.".to_owned(),
    };
    let user = SystemUser {
        uuid: system.uuid("user", "all"),
        title: Some("Who uses it".into()),
        description: Some(reach),
        role_ids: vec!["system-owner".to_owned()].into(),
        ..SystemUser::default()
    };
    let (leveraged, lent) = leveraged(system, about);
    let own = [(service, "this-system")].into_iter().chain(system.items.iter().map(|item| (item, sort(item))));
    let components = own.map(|(item, sort)| component(system, item, sort)).chain(lent).collect();
    let machines = system.items.iter().filter(|item| matches!(item.kind, ItemKind::Machine | ItemKind::Device));
    SystemImplementation {
        users: vec![user],
        components,
        leveraged_authorizations: leveraged.into(),
        inventory_items: machines.map(|item| inventory(system, item)).collect(),
        ..SystemImplementation::default()
    }
}

const fn sort(item: &Item) -> &'static str {
    match item.kind {
        ItemKind::Service | ItemKind::Identity => "service",
        ItemKind::Application | ItemKind::DataStore => "software",
        ItemKind::Machine | ItemKind::Device => "hardware",
        ItemKind::Vendor => "system",
    }
}

fn component(system: &System, item: &Item, sort: &str) -> Component {
    let role = ResponsibleRole { role_id: "system-owner".into(), ..ResponsibleRole::default() };
    let asset = Property { name: "asset-id".into(), value: item.id.to_string(), ..Property::default() };
    Component {
        uuid: system.uuid("component", item.id.as_str()),
        r#type: sort.into(),
        title: line(&item.title),
        description: words(&item.about),
        status: running(item),
        props: vec![asset].into(),
        responsible_roles: vec![role].into(),
        ..Component::default()
    }
}

fn inventory(system: &System, item: &Item) -> InventoryItem {
    let property = |name: &str, value: String| Property { name: name.into(), value, ..Property::default() };
    let addresses = item.addresses.iter().map(|address| match address {
        model::register::Address::Ip(ip) if ip.is_ipv6() => property("ipv6-address", ip.to_string()),
        model::register::Address::Ip(ip) => property("ipv4-address", ip.to_string()),
        model::register::Address::Range(..) => property("network-id", address.to_string()),
        model::register::Address::Name(name) => property("fqdn", name.clone()),
    });
    InventoryItem {
        uuid: system.uuid("inventory", item.id.as_str()),
        description: line(&item.title),
        props: [property("asset-id", item.id.to_string())].into_iter().chain(addresses).collect(),
        implemented_components: vec![ImplementedComponent {
            component_uuid: system.component(item.id.as_str()),
            ..ImplementedComponent::default()
        }]
        .into(),
        ..InventoryItem::default()
    }
}

/// The systems that controls are taken over from: once each, as an authorization and as a component.
fn leveraged(system: &System, about: &About) -> (Vec<LeveragedAuthorization>, Vec<Component>) {
    let mut lent = BTreeMap::new();
    for met in system.controls.iter().filter_map(|control| control.met.as_ref()) {
        if let By::Inherited { service, title, authorized } = &met.by {
            lent.insert(service, (title, authorized));
        }
    }
    let one = |(service, (title, authorized)): (&String, (&String, &Option<model::Timestamp>))| {
        let uuid = system.uuid("leveraged", service);
        let authorization = LeveragedAuthorization {
            uuid: uuid.clone(),
            title: line(title),
            party_uuid: system.uuid("party", &about.agency),
            // A date without a time, as the model wants it.
            date_authorized: authorized.and_then(|at| at.to_civil()).map(|at| at.date().to_string()),
            ..LeveragedAuthorization::default()
        };
        let property = Property { name: "leveraged-authorization-uuid".into(), value: uuid, ..Property::default() };
        let component = Component {
            uuid: system.uuid("leveraged-component", service),
            r#type: "system".into(),
            title: line(title),
            description: "Another system, from which controls are taken over.".into(),
            status: state("operational"),
            props: vec![property].into(),
            ..Component::default()
        };
        (authorization, component)
    };
    lent.into_iter().map(one).unzip()
}

fn requirement(system: &System, control: &Controlled) -> ImplementedRequirement {
    let id = control.id.as_str();
    let mut by = ByComponent { uuid: system.uuid("by-component", id), ..ByComponent::default() };
    match &control.met {
        None => {
            by.component_uuid = system.component(system.service.id.as_str());
            by.description = "Nobody has said yet how this control is met.".into();
            by.implementation_status = Some(state("planned"));
        }
        Some(met) => {
            by.description = words(&met.words);
            by.implementation_status = Some(state(met.status));
            match &met.by {
                By::Item(item) => {
                    by.component_uuid = system.component(item);
                    // Whoever takes it over names this id, which follows from service and control alone.
                    let provided = Provided {
                        uuid: system.uuid("provided", id),
                        description: words(&met.words),
                        ..Provided::default()
                    };
                    let is_met = matches!(met.status, "implemented" | "alternative");
                    by.export = is_met.then(|| Export { provided: vec![provided].into(), ..Export::default() });
                }
                By::Inherited { service, .. } => {
                    by.component_uuid = system.uuid("leveraged-component", service);
                    by.inherited = vec![Inherited {
                        uuid: system.uuid("inherited", id),
                        provided_uuid: Some(uuid_of(service, "provided", id)),
                        description: words(&met.words),
                        ..Inherited::default()
                    }]
                    .into();
                }
            }
        }
    }
    ImplementedRequirement {
        uuid: system.uuid("requirement", id),
        control_id: id.into(),
        by_components: vec![by].into(),
        ..ImplementedRequirement::default()
    }
}
