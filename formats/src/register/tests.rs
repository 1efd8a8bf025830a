use super::testing::register;
use super::*;
use model::limits::{LIST_RECORD_BYTES_MAX, REGISTER_FILE_BYTES_MAX};
use model::register::{Address, DataCategory, Exposure};
use proptest::prelude::*;

fn notes(found: &Brought) -> Vec<String> {
    found.refused.iter().map(ToString::to_string).collect()
}

#[test]
fn a_table_of_items() {
    let table = "id,kind,title,exposure,data,software,addresses,is_life_safety,residents,integrity,integrity_proposed,integrity_why\n\
        portal,Service,Welfare portal,public,health:12'000;contact,nginx|1.18.0|F5;pkg:npm/a@1,192.0.2.7; portal.city.example,no,9000,low,high,\"read, only\"\n\
        archive,data store,,,none,,,,,,,\n\
        siren,device,Siren,everywhere,,,,,,,,\n\
        lamp,device,Lamp,,health:many,,,,,,,\n\
        portal,service,Again,,,,,,,,,\n\
        x,service,X,,,,,maybe,,,,\n\
        y,service,Y,,health;health,,,,,,,\n\
        z,service,Z,,,,,,,low,high,\n";
    let found = csv::read(table.as_bytes());
    let [portal, archive] = found.items.as_slice() else { panic!("{found:#?}") };
    assert_eq!(
        (portal.exposure, portal.residents, portal.is_life_safety),
        (Some(Exposure::Public), Some(9_000), Some(false))
    );
    assert_eq!(portal.data.as_ref().unwrap()[0].residents, Some(12_000));
    assert_eq!((portal.software[0].vendor.as_str(), portal.software[1].product.as_str()), ("F5", "a"));
    assert_eq!(portal.addresses[1], Address::Name("portal.city.example".into()));
    assert_eq!((archive.title.as_str(), archive.data.as_deref()), ("archive", Some(&[][..])));
    assert_eq!((archive.exposure, &archive.categorization), (None, &None));
    assert_eq!(
        notes(&found),
        [
            "line 4: exposure: \"everywhere\" is no exposure; known are isolated, internal, partners, public",
            "line 5: data: \"many\" is no number of residents",
            "line 6: portal is there twice",
            "line 7: is_life_safety: neither yes nor no",
            "line 8: y: data: health is said twice",
            "line 9: z: integrity: decided lower than proposed, and nobody says why",
        ]
    );
}

#[test]
fn a_table_of_links() {
    let table = "\u{feff}from;to;kind;protocol;port;is_encrypted;data;note\nportal;db;depends-on;HTTPS;8443;yes;health;x\nportal;db;runs_on;;;;none;\na;a;depends-on;;;;;\n\
        portal;db;depends-on;https;8443;;;\nportal;;runs-on;;;;;\na;b;depends-on;x;99999;;;\na;b;depends-on;;;;;;;\n";
    let found = csv::read(table.as_bytes());
    let [first, second] = found.links.as_slice() else { panic!("{found:#?}") };
    let interface = first.interface.as_ref().unwrap();
    assert_eq!(
        (interface.protocol.as_str(), interface.port, interface.is_encrypted),
        ("https", Some(8443), Some(true))
    );
    assert_eq!(first.data.as_deref(), Some(&[DataCategory::Health][..]));
    assert_eq!((&second.interface, second.data.as_deref()), (&None, Some(&[][..])));
    assert_eq!(
        notes(&found),
        [
            "line 1: column \"note\" is none of the register's, and left out",
            "line 4: a depends-on a: it leads to itself",
            "line 5: portal depends-on db is there twice",
            "line 6: to: it is missing",
            "line 7: port: number too large to fit in target type",
            "line 8: more cells than columns",
        ]
    );
}

#[test]
fn tables_that_are_none() {
    for (text, expected) in [
        ("", "document: the line with the columns' names is missing"),
        (
            "name,owner\nx,y\n",
            "line 1: columns `id` and `kind` make items, `from`, `kind` and `to` make links; neither are there",
        ),
        ("id,kind,id\n", "line 1: two columns are called \"id\""),
        ("id,kind\n\"x,service\n", "line 2: a quote that is not closed"),
    ] {
        assert_eq!(notes(&csv::read(text.as_bytes())), [expected]);
    }
    assert_eq!(notes(&csv::read(b"id,kind\n\xff,service\n")), ["line 2: a cell is not UTF-8"]);
    assert!(notes(&csv::read(b"\xff\xfei\0d\0"))[0].contains("UTF-16"));
}

#[test]
fn formulas_are_guarded() {
    let mut item = Item::new(ItemId::parse("x").unwrap(), ItemKind::Service, "=HYPERLINK(\"x\")");
    item.owner = "@office".to_owned();
    let written = csv::items(std::slice::from_ref(&item));
    assert!(written.text.contains("\"'=HYPERLINK(\"\"x\"\")\""), "{}", written.text);
    assert_eq!(csv::read(written.text.as_bytes()).items, [item]);
}

#[test]
fn documents_of_both() {
    let text = r#"{"items": [{"id": "a", "kind": "service"}, {"id": "b", "kind": "vendor", "exposre": "public"}, {"id": "c", "kind": "thing"}, 7,
        {"id": "v", "kind": "vendor"}], "links": [{"from": "a", "to": "v", "kind": "delivered-by"}, {"from": "v", "to": "a", "kind": "delivered-by"},
        {"from": "a", "to": "elsewhere", "kind": "runs-on"}]}"#;
    let found = json::read(text.as_bytes());
    assert_eq!((found.items.len(), found.links.len()), (2, 2));
    let notes = notes(&found);
    assert!(notes[0].starts_with("item 2: no field of an item: exposre"), "{notes:?}");
    assert!(notes[1].starts_with("item 3: kind: unknown variant"), "{notes:?}");
    assert_eq!(notes[2], "item 4: an object should stand here");
    assert_eq!(notes[3], "link 2: v delivered-by a: a vendor cannot be connected with a service like that");
    let lines =
        "{\"id\": \"a\", \"kind\": \"service\"}\n\n{\"from\": \"a\", \"to\": \"b\", \"kind\": \"depends-on\"}\n{\n";
    let found = json::read(lines.as_bytes());
    assert_eq!((found.items.len(), found.links.len(), found.refused_count), (1, 1, 1));
    let list = "[{\"id\": \"a\", \"kind\": \"service\"}, {\"from\": \"a\", \"to\": \"b\", \"kind\": \"depends-on\"}]";
    assert_eq!(json::read(list.as_bytes()).links.len(), 1);
    assert_eq!(json::read(b"{\"items\": 7}").refused_count, 1);
    assert_eq!(json::read(b"").refused_count, 1);
}

#[test]
fn every_field_is_known_by_name() {
    let item = serde_json::to_value(full_item()).unwrap();
    let names: Vec<&String> = item.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 17);
    let text = json::write(&[full_item()], &[]);
    assert_eq!(json::read(text.as_bytes()).items, [full_item()]);
    assert_eq!(csv::read(csv::items(&[full_item()]).text.as_bytes()).items, [full_item()]);
}

fn full_item() -> Item {
    use model::register::{Categorization, DataHeld, Impact, Objective, Software};
    let objective = || Objective { proposed: Some(Impact::Low), decided: Some(Impact::High), why: "x".into() };
    Item {
        about: "x".into(),
        owner: "x".into(),
        exposure: Some(Exposure::Public),
        data: Some(vec![DataHeld { category: DataCategory::Health, residents: Some(1) }]),
        information_types: vec!["x".into()],
        categorization: Some(Categorization {
            confidentiality: objective(),
            integrity: objective(),
            availability: objective(),
        }),
        is_life_safety: Some(true),
        residents: Some(1),
        day_costs: Some(1),
        is_mobile: true,
        addresses: vec![Address::parse("::1").unwrap()],
        software: vec![Software { product: "pkg:x".into(), ..Software::default() }],
        labels: vec!["x".into()],
        ..Item::new(ItemId::parse("x").unwrap(), ItemKind::Service, "X")
    }
}

#[test]
fn limits_hold() {
    let long = vec![b' '; REGISTER_FILE_BYTES_MAX + 1];
    for read in [csv::read, json::read, cloud::read, scan::read] {
        assert!(notes(&read(&long))[0].contains("at most"), "{:?}", notes(&read(&long)));
    }
    let labels = vec!["x".repeat(100); LIST_RECORD_BYTES_MAX / 100];
    let item = Item { labels, ..full_item() };
    let written = csv::items(&[item.clone(), Item::new(ItemId::parse("y").unwrap(), ItemKind::Vendor, "Y")]);
    assert_eq!(written.too_long, std::slice::from_ref(&item.id));
    assert_eq!(csv::read(written.text.as_bytes()).items.len(), 1);
    assert_eq!(json::read(json::write(std::slice::from_ref(&item), &[]).as_bytes()).items, [item]);
}

#[test]
fn a_scan_becomes_machines() {
    let text = r#"<nmaprun><host><address addr="192.0.2.10" addrtype="ipv4"/><address addr="00:00:5E:00:53:01" addrtype="mac"/>
        <hostnames><hostname name="Portal.city.example"/></hostnames><ports>
        <port protocol="tcp" portid="443"><state state="open"/><service name="https" product="nginx" version="1.18.0"><cpe>cpe:/a:igor_sysoev:nginx:1.18.0</cpe><cpe>cpe:/o:linux:linux_kernel</cpe></service></port>
        <port protocol="tcp" portid="22"><state state="open"/><service name="ssh" product="OpenSSH" version="9.2p1"/></port>
        <port protocol="tcp" portid="25"><state state="closed"/></port></ports></host>
        <host><address addr="2001:db8::5" addrtype="ipv6"/><ports><port protocol="udp" portid="161"><state state="open"/></port></ports></host>
        <host><ports><port protocol="udp" portid="161"><state state="open"/></port></ports></host></nmaprun>"#;
    let found = scan::read(text.as_bytes());
    let [portal, other] = found.items.as_slice() else { panic!("{found:#?}") };
    assert_eq!(
        (portal.id.as_str(), portal.title.as_str(), portal.exposure),
        ("host-192.0.2.10", "portal.city.example", None)
    );
    assert_eq!(portal.labels, ["mac:00:00:5e:00:53:01", "port:443/tcp https", "port:22/tcp ssh"]);
    let software: Vec<String> =
        portal.software.iter().map(|s| format!("{}|{}|{:?}", s.product, s.version, s.cpe)).collect();
    assert_eq!(
        software,
        [
            "nginx|1.18.0|Some(\"cpe:2.3:a:igor_sysoev:nginx:1.18.0:*:*:*:*:*:*:*\")",
            "linux_kernel||Some(\"cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*\")",
            "OpenSSH|9.2p1|None",
        ]
    );
    assert_eq!((other.id.as_str(), other.addresses.len()), ("host-2001-db8-0-0-0-0-0-5", 1));
    assert_eq!(notes(&found), ["host: a host without an address"]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again((items, links) in register()) {
        let found = csv::read(csv::items(&items).text.as_bytes());
        prop_assert_eq!((found.items, notes_of(found.refused)), (items.clone(), Vec::new()));
        let found = csv::read(csv::links(&links).text.as_bytes());
        prop_assert_eq!((found.links, notes_of(found.refused)), (links.clone(), Vec::new()));
        let mut found = json::read(json::write(&items, &links).as_bytes());
        let mut fitting = Brought { items, links, ..Brought::default() };
        fitting.fit_own();
        found.refused.clear();
        prop_assert_eq!((found.items, found.links), (fitting.items, fitting.links));
    }

    #[test]
    fn never_panics_and_repeats_itself(text in "(id,kind|from;to;kind)?[a-z,;|\\\\\"'{}\\[\\]:\n#0-9]{0,60}") {
        for read in [csv::read, json::read, cloud::read, scan::read] {
            prop_assert_eq!(read(text.as_bytes()), read(text.as_bytes()));
        }
    }
}

fn notes_of(refused: Vec<Refused>) -> Vec<String> {
    refused.iter().map(ToString::to_string).collect()
}
