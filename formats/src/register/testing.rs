//! Registers for property tests.

use model::register::*;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn id() -> impl Strategy<Value = ItemId> {
    "[a-z0-9]([a-z0-9._-]{0,6}[a-z0-9])?".prop_map(|text| ItemId::parse(&text).unwrap())
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

/// Words with everything that means something in a table.
fn words() -> impl Strategy<Value = String> {
    "[a-zA-Zäß0-9 ,;:|\\\\\"'=+@#\n-]{0,12}"
}

fn entry() -> impl Strategy<Value = String> {
    "[a-zA-Zäß0-9 ,;:|\\\\\"'=+@#-]{1,10}"
}

fn software() -> impl Strategy<Value = Software> {
    let purl = of("pkg:npm/[a-z]{1,5}@[0-9]");
    let cpe = of("cpe:2\\.3:a:[a-z]:[a-z]:[0-9]:\\*:\\*:\\*:\\*:\\*:\\*:\\*");
    (entry(), words(), words(), cpe, purl).prop_map(|(product, version, vendor, cpe, purl)| Software {
        vendor: vendor.replace('\n', " "),
        product,
        version: version.replace('\n', " "),
        cpe,
        purl,
    })
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        any::<std::net::IpAddr>().prop_map(Address::Ip),
        "[a-z]{1,5}(\\.[a-z]{1,4})?".prop_map(Address::Name),
        (any::<std::net::IpAddr>(), 0u8..=32)
            .prop_map(|(address, length)| Address::parse(&format!("{address}/{length}")).unwrap()),
    ]
}

fn objective() -> impl Strategy<Value = Objective> {
    (one_of(Impact::ALL), of(one_of(Impact::ALL)), "[a-z ]{1,5}[a-z]").prop_map(|(proposed, decided, why)| Objective {
        proposed: Some(proposed),
        decided,
        why,
    })
}

fn categorization() -> impl Strategy<Value = Categorization> {
    (objective(), objective(), objective()).prop_map(|(confidentiality, integrity, availability)| Categorization {
        confidentiality,
        integrity,
        availability,
    })
}

fn data() -> impl Strategy<Value = Vec<DataHeld>> {
    let some = prop::sample::subsequence(DataCategory::ALL.to_vec(), 0..4);
    (some, of(any::<u64>()))
        .prop_map(|(some, residents)| some.into_iter().map(|category| DataHeld { category, residents }).collect())
}

fn item() -> impl Strategy<Value = Item> {
    let first = (id(), one_of(ItemKind::ALL), entry(), words(), one_of(Lifecycle::ALL), words());
    let second = (of(one_of(Exposure::ALL)), of(data()), vec(entry(), 0..3), of(categorization()), of(any::<bool>()));
    let third = (of(any::<u64>()), of(any::<u64>()), any::<bool>());
    let lists = (vec(address(), 0..3), vec(software(), 0..3), vec(entry(), 0..3));
    (first, second, third, lists).prop_map(|(first, second, third, (addresses, software, labels))| {
        let (id, kind, title, about, state, owner) = first;
        let (exposure, data, information_types, categorization, is_life_safety) = second;
        let (residents, day_costs, is_mobile) = third;
        Item {
            id,
            kind,
            title,
            about,
            state,
            owner,
            exposure,
            data,
            information_types,
            categorization,
            is_life_safety,
            residents,
            day_costs,
            is_mobile,
            addresses,
            software,
            labels,
        }
    })
}

fn link() -> impl Strategy<Value = Link> {
    let interface = ("[a-z]{1,6}", of(any::<u16>()), of(any::<bool>()), of(any::<bool>()));
    let interface = interface.prop_map(|(protocol, port, is_authenticated, is_encrypted)| Interface {
        protocol,
        port,
        is_authenticated,
        is_encrypted,
    });
    let data = of(prop::sample::subsequence(DataCategory::ALL.to_vec(), 0..4));
    (id(), one_of(LinkKind::ALL), id(), of(interface), data, words()).prop_map(
        |(from, kind, to, interface, data, about)| Link { interface, data, about, ..Link::new(from, kind, to) },
    )
}

/// Items that are tidy, and links between whatever; each but once.
pub(super) fn register() -> impl Strategy<Value = (Vec<Item>, Vec<Link>)> {
    (vec(item(), 0..6), vec(link(), 0..6)).prop_map(|(mut items, mut links)| {
        items.retain(|item| item.check().is_ok());
        items.sort_by(|one, other| one.id.cmp(&other.id));
        items.dedup_by(|one, other| one.id == other.id);
        links.retain(|link| link.from != link.to);
        links.sort_by(|one, other| (&one.from, one.kind, &one.to).cmp(&(&other.from, other.kind, &other.to)));
        links.dedup_by(|one, other| (&one.from, one.kind, &one.to) == (&other.from, other.kind, &other.to));
        (items, links)
    })
}
