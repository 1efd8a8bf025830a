//! What was agreed, what a gate lets out, and which document of a group counts. That nothing goes round the gate is tried from outside, in
//! `web/tests/taxii/gate.rs`.

use std::collections::BTreeSet;

use intel::release::{Field, GroupId, Membership, PeerId, Relation};
use model::{Timestamp, Tlp};

use super::groups::{GroupDocument, GroupRefused, Signer};
use super::terms::{PeerTerms, ShareKind};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn signer(seed: u8) -> Signer {
    Signer::new("home", &[seed; 32]).unwrap()
}

fn membership(signer: &Signer, version: u64, members: &[&str]) -> Membership {
    Membership {
        group: GroupId::parse("water").unwrap(),
        owner: PeerId::parse(signer.name()).unwrap(),
        version,
        members: members.iter().map(|name| PeerId::parse(name).unwrap()).collect(),
        tlp: Tlp::Amber,
        until: NOW.plus(std::time::Duration::from_secs(60)),
    }
}

#[test]
fn a_name_follows_from_the_key() {
    let (one, other) = (signer(1), signer(2));
    assert!(one.name().starts_with("home-") && one.name() != other.name(), "{}", one.name());
    assert_eq!(one.name(), signer(1).name());
    let terms = PeerTerms { key: Some(one.verifier().to_string()), ..PeerTerms::default() };
    assert_eq!(terms.node("state").map(|node| node.to_string()).as_deref(), Some(one.name()));
    assert_eq!(PeerTerms::default().node("state").map(|node| node.to_string()).as_deref(), Some("state"));
}

#[test]
fn nothing_goes_where_nothing_was_agreed() {
    let policy = PeerTerms::default().policy(PeerId::parse("state").unwrap(), BTreeSet::new(), [0; 32]);
    assert_eq!(policy, intel::release::PeerPolicy::deny(PeerId::parse("state").unwrap()));
    let check = |terms: PeerTerms, is_good: bool| assert_eq!(terms.check().is_ok(), is_good, "{terms:?}");
    check(PeerTerms::default(), true);
    check(PeerTerms { organisations_min: Some(1), ..PeerTerms::default() }, false);
    check(PeerTerms { noise: Some(0.0), ..PeerTerms::default() }, false);
    check(PeerTerms { key: Some("no key".to_owned()), ..PeerTerms::default() }, false);
}

#[test]
fn terms_come_back_as_they_were_written() {
    let terms = PeerTerms {
        key: Some(signer(1).verifier().to_string()),
        shares: BTreeSet::from(ShareKind::ALL),
        relation: Relation::Client,
        clearance: Some(Tlp::AmberStrict),
        fields: Field::ALL.into(),
        noise: Some(0.5),
        until: Some(NOW),
        ..PeerTerms::default()
    };
    let text = serde_json::to_string(&terms).unwrap();
    assert_eq!(serde_json::from_str::<PeerTerms>(&text).unwrap(), terms);
    for kind in ShareKind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
    }
    assert!("everything".parse::<ShareKind>().is_err());
}

#[test]
fn documents_follow_each_other_only_by_their_owner() {
    let (owner, mallory) = (signer(1), signer(2));
    let key = owner.verifier().clone();
    let held = owner.sign(membership(&owner, 3, &["a", "b"]));
    let follows = |offered: &GroupDocument| offered.follows(Some(&held), Some(&key));
    assert_eq!(follows(&owner.sign(membership(&owner, 4, &["a"]))), Ok(true));
    assert_eq!(follows(&held), Ok(false));
    assert_eq!(
        follows(&owner.sign(membership(&owner, 2, &["a", "b", "c"]))),
        Err(GroupRefused::Older { offered: 2, held: 3 })
    );
    assert_eq!(follows(&owner.sign(membership(&owner, 3, &["a", "b", "c"]))), Err(GroupRefused::Conflict(3)));
    // Signed by somebody else; changed after it was signed; by an owner whom nobody knows.
    let forged = mallory.sign(membership(&owner, 9, &["mallory"]));
    assert_eq!(follows(&forged), Err(GroupRefused::WrongSignature(owner.name().to_owned())));
    let mut changed = owner.sign(membership(&owner, 9, &["a"]));
    changed.membership.members.insert(PeerId::parse("mallory").unwrap());
    assert_eq!(follows(&changed), Err(GroupRefused::WrongSignature(owner.name().to_owned())));
    let taken = mallory.sign(membership(&mallory, 9, &["mallory"]));
    assert_eq!(
        taken.follows(Some(&held), Some(mallory.verifier())),
        Err(GroupRefused::OtherOwner(mallory.name().to_owned()))
    );
    assert_eq!(taken.follows(None, None), Err(GroupRefused::UnknownOwner(mallory.name().to_owned())));
    assert_eq!(held.follows(None, Some(&key)), Ok(true));
}

#[test]
fn a_document_travels_as_an_object() {
    let owner = signer(1);
    let document = owner.sign(membership(&owner, 1, &["a"]));
    let object = document.object(NOW).to_string();
    assert!(store::state::NewObject::read(&object).is_ok(), "{object}");
    assert_eq!(GroupDocument::read(object.as_bytes()), Some(Ok(document)));
    assert_eq!(GroupDocument::read(br#"{"type":"indicator","document":{}}"#), None);
    assert!(matches!(GroupDocument::read(br#"{"type":"x-watchbell-group"}"#), Some(Err(_))));
    assert_eq!(GroupDocument::read(b"[1"), None);
}

/// The crates that a peer's collection could be written from. Whoever adds a way there has to come through the gate, and change this.
#[test]
fn there_is_one_way_into_an_outbox() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut found = Vec::new();
    for folder in ["engine/src", "web/src", "watchbell/src", "connect/src"] {
        look(std::path::Path::new(root).join(folder).as_path(), &mut found);
    }
    found.sort();
    // Departures are made by the gate alone, and written by what has come out of one.
    let expected = ["gate.rs NewDeparture {", "outbound.rs .depart(", "sharing.rs .share_objects("];
    assert_eq!(found, expected);
}

fn look(folder: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, found);
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "tests.rs" || !name.ends_with(".rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for mark in ["NewDeparture {", ".depart(", "state.share_objects("] {
            if text.contains(mark) {
                found.push(format!("{name} {}", mark.trim_start_matches("state")));
            }
        }
    }
}
