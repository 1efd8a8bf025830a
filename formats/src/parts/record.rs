//! What every event has: its metadata, and what its class cannot do without.

use model::ocsf::{self, Actor, Attributes, Class, Event, Metadata, Product};

use super::device;
use crate::{Head, Trouble};

/// Who made the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Maker {
    pub(crate) vendor: &'static str,
    pub(crate) product: &'static str,
}

/// Fills an event's metadata: schema version, product, event id, agency.
pub(crate) fn begin(event: &mut Event, head: &Head<'_>, maker: Maker) {
    event.attributes.metadata = Some(Box::new(Metadata {
        version: Some(ocsf::VERSION.into()),
        product: Some(Product {
            name: Some(maker.product.into()),
            vendor_name: Some(maker.vendor.into()),
            ..Product::default()
        }),
        uid: Some(hex(head)),
        tenant_uid: Some(head.agency.as_str().into()),
        ..Metadata::default()
    }));
}

/// The event's id as [`model::EventId`] prints itself; by hand, because it happens for each event.
fn hex(head: &Head<'_>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    let mut text = String::with_capacity(32);
    text.extend(head.id.as_bytes().iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
    text
}

/// The metadata of an event that [`begin`] has started.
pub(crate) fn metadata(event: &mut Event) -> &mut Metadata {
    event.attributes.metadata.get_or_insert_default()
}

/// Names the profiles whose attributes the event uses, and gives a class that asks for an actor one.
///
/// In the system category the schema asks for both `actor` and `device`; where a record names nobody, the program that
/// logged it stands in for the actor. An event without what its class is about becomes a base event with a note.
pub(crate) fn finish(event: &mut Event) -> Option<Trouble> {
    let trouble = if event.class == Class::BASE {
        strip(event).then(|| Trouble::part_lost("has attributes that a base event cannot have"))
    } else if has_subject(event) {
        None
    } else {
        Some(degrade(event))
    };
    if event.class.category_uid() == 1 {
        let a = &mut event.attributes;
        let is_empty = a.actor.as_deref().is_none_or(is_nobody);
        if is_empty {
            let logger = a.metadata.as_ref().and_then(|m| {
                m.log_provider.clone().or_else(|| m.product.as_ref().and_then(|product| product.name.clone()))
            });
            a.actor = Some(Box::new(Actor { app_name: logger, ..Actor::default() }));
        }
        if a.device.is_none() {
            a.device = Some(device(None));
        }
    }
    let a = &event.attributes;
    let uses_security_control = a.action_id.is_some()
        || a.disposition_id.is_some()
        || a.firewall_rule.is_some()
        || a.attacks.is_some()
        || a.action.is_some()
        || a.disposition.is_some();
    let used = [
        ("cloud", a.cloud.is_some() || a.api.is_some()),
        ("host", a.actor.is_some() || a.device.is_some()),
        ("security_control", uses_security_control),
    ];
    for (name, _) in used.into_iter().filter(|(_, is_used)| *is_used) {
        let profiles = metadata(event).profiles.get_or_insert_default();
        if !profiles.iter().any(|known| known == name) {
            profiles.push(name.to_owned());
        }
    }
    trouble
}

/// Whether an actor names nobody and nothing.
fn is_nobody(actor: &Actor) -> bool {
    let Actor { process, user, session, invoked_by, app_name, app_uid } = actor;
    let names = [invoked_by, app_name, app_uid];
    process.is_none() && user.is_none() && session.is_none() && names.iter().all(|name| name.is_none())
}

/// Whether the attribute is there that the event's class cannot do without.
fn has_subject(event: &Event) -> bool {
    let a = &event.attributes;
    match event.class {
        Class::FILE => a.file.is_some(),
        Class::KERNEL_EXTENSION => a.driver.is_some(),
        Class::KERNEL => a.kernel.is_some(),
        Class::MODULE => a.module.is_some(),
        Class::SCHEDULED_JOB => a.job.is_some(),
        Class::PROCESS => a.process.is_some(),
        Class::EVENT_LOG => a.log_name.is_some() || a.log_provider.is_some(),
        Class::SCRIPT => a.script.is_some(),
        Class::DETECTION_FINDING => a.finding_info.is_some(),
        Class::ACCOUNT_CHANGE | Class::AUTHENTICATION | Class::AUTHORIZE_SESSION => a.user.is_some(),
        Class::ENTITY_MANAGEMENT => {
            a.entity.as_ref().is_some_and(|entity| entity.name.is_some() || entity.uid.is_some())
        }
        Class::USER_ACCESS => a.user.is_some() && a.privileges.is_some(),
        Class::GROUP_MANAGEMENT => a.group.is_some(),
        Class::EMAIL => a.email.is_some() && a.direction_id.is_some(),
        Class::NETWORK_FILE => a.file.is_some() && a.src_endpoint.is_some(),
        Class::NTP => a.version.is_some(),
        Class::API => a.api.is_some() && a.src_endpoint.is_some() && a.actor.is_some(),
        Class::APPLICATION_LIFECYCLE => a.app.is_some(),
        Class::REGISTRY_KEY => a.reg_key.is_some(),
        Class::REGISTRY_VALUE => a.reg_value.is_some(),
        Class::WINDOWS_RESOURCE => a.win_resource.is_some(),
        Class::WINDOWS_SERVICE => a.win_service.is_some(),
        Class::INVENTORY_INFO => a.device.is_some(),
        class if class.category_uid() == 4 => a.src_endpoint.is_some() || a.dst_endpoint.is_some(),
        _ => true,
    }
}

/// Turns an event whose class asks for more than the record has into a base event, and says so.
fn degrade(event: &mut Event) -> Trouble {
    let caption = event.class.caption().unwrap_or("its class");
    event.class = Class::BASE;
    event.activity_id = ocsf::activity::OTHER;
    strip(event);
    Trouble::part_lost(format!("lacks what {caption} is about; kept as a base event"))
}

/// Leaves an event the attributes that a base event may have; true when there were others.
fn strip(event: &mut Event) -> bool {
    let mut a = std::mem::take(&mut event.attributes);
    event.attributes = Attributes {
        metadata: a.metadata.take(),
        message: a.message.take(),
        status_id: a.status_id.take(),
        status: a.status.take(),
        status_code: a.status_code.take(),
        status_detail: a.status_detail.take(),
        device: a.device.take(),
        actor: a.actor.take(),
        cloud: a.cloud.take(),
        action_id: a.action_id.take(),
        action: a.action.take(),
        disposition_id: a.disposition_id.take(),
        disposition: a.disposition.take(),
        firewall_rule: a.firewall_rule.take(),
        attacks: a.attacks.take(),
        count: a.count.take(),
        duration: a.duration.take(),
        start_time: a.start_time.take(),
        end_time: a.end_time.take(),
        unmapped: a.unmapped.take(),
        ..Attributes::default()
    };
    a != Attributes::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    #[test]
    fn ids_are_printed_as_ids_print_themselves() {
        let agency = model::AgencyId::home();
        let id = model::EventId::from_bytes(*b"0123456789\xab\xcd\xef\x01\x00\xff");
        assert_eq!(hex(&Head { id, agency: &agency, received: Timestamp::EPOCH }), id.to_string());
    }
}
