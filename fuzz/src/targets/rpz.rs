//! Questions to the server of policy zones: bytes without a good signature are told nothing.

use std::sync::{Arc, LazyLock};

use ::connect::rpz::{KeyAlgorithm, TransferKey, Zone, ZoneSettings, Zones, reply};
use model::Timestamp;

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

/// A zone for one key, whose secret no input has.
struct Guarded {
    key: Arc<TransferKey>,
    zone: Arc<Zone>,
}

impl Zones for Guarded {
    fn key(&self, name: &str) -> Option<Arc<TransferKey>> {
        (name == "key").then(|| Arc::clone(&self.key))
    }

    fn zone(&self, name: &str, _: &str) -> Option<Arc<Zone>> {
        (name == "rpz.example").then(|| Arc::clone(&self.zone))
    }
}

static GUARDED: LazyLock<Option<Guarded>> = LazyLock::new(|| {
    let settings = ZoneSettings::new("rpz.example", ".", 60).ok()?;
    let mut names = settings.names();
    names.add("evil.example").ok()?;
    let zone = Arc::new(Zone::new(settings, 7, names.finish()));
    let secret = [0xa5; 32];
    let key = TransferKey::new("key", KeyAlgorithm::Sha256, &secret, None).ok()?;
    Some(Guarded { key: Arc::new(key), zone })
});

/// A datagram from anybody.
pub fn rpz_question(bytes: &[u8]) {
    let Some(guarded) = &*GUARDED else { panic!("the zone cannot be made") };
    let said = reply(bytes.to_vec(), guarded, NOW);
    assert_eq!(said, reply(bytes.to_vec(), guarded, NOW), "the same bytes, the same answer");
    let Some(said) = said else { return };
    let Some((header, _)) = said.split_first_chunk::<12>() else { panic!("an answer without a header") };
    assert_eq!(header.get(..2), bytes.get(..2), "the answer has the question's id");
    assert!(header[2] & 0x80 != 0 && header[3] & 0x0f != 0, "an answer, and a refusal");
    assert_eq!(header[6..10], [0; 4], "no record is told");
    // Three names may be pointers that are written out: of the question, the key and the algorithm.
    assert!(said.len() <= bytes.len() + 3 * 255, "{} bytes for {}", said.len(), bytes.len());
}

pub(super) mod seeds {
    /// Questions with an id, for the zone: SOA, AXFR, and IXFR with a signature that is none.
    pub(in super::super) fn rpz_question() -> Vec<Vec<u8>> {
        let head = |counts: [u8; 4]| {
            let [questions, answers, authority, additional] = counts;
            vec![0x12, 0x34, 0, 0, 0, questions, 0, answers, 0, authority, 0, additional]
        };
        let question = |rtype: u8| [b"\x03rpz\x07example\0\0".as_slice(), &[rtype, 0, 1]].concat();
        let soa = [b"\xc0\x0c\0\x06\0\x01\0\0\0\x3c\0\x16\0\0".as_slice(), &[0; 20]].concat();
        let time = [0, 0, 0x6a, 0xb1, 0x41, 0x80, 1, 0x2c, 0, 32];
        let signature = [
            b"\x03key\0\0\xfa\0\xff\0\0\0\0\0\x3d\x0bhmac-sha256\0".as_slice(),
            &time,
            &[7; 32],
            &[0x12, 0x34, 0, 0, 0, 0],
        ]
        .concat();
        vec![
            [head([1, 0, 0, 0]), question(6)].concat(),
            [head([1, 0, 0, 1]), question(252), signature.clone()].concat(),
            [head([1, 0, 1, 1]), question(251), soa, signature].concat(),
        ]
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    pub(in super::super) const rpz_question: &[&str] =
        &["\u{3}rpz\u{7}example\0", "\u{3}key\0", "\u{b}hmac-sha256\0", "\0\u{6}\0\u{1}", "\0\0\0\0"];
}
