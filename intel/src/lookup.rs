//! Asking whether somebody knows an address without saying which.
//!
//! Two tiers, and what each of them lets out:
//!
//! | tier | whoever is asked learns | whoever asks learns |
//! |---|---|---|
//! | oblivious ([`Asker`], [`Answerer`]) | that somebody asked, when, and how often; nothing about what | for each thing that was asked about, whether it is known, and the note; and how many things are known in all |
//! | prefix ([`prefix`], [`bucket`]) | the first [`PREFIX_DIGITS`] hexadecimal digits of a hash: one of 1,048,576 classes. Of an address out of a list of candidates that is next to knowing it | hashes of all known things of that class, which can be tried against candidates |
//!
//! Plain hashes of addresses are no secret: all of IPv4 is hashed in a minute. So the first tier is a verifiable oblivious
//! pseudorandom function (RFC 9497, mode VOPRF, suite ristretto255-SHA512): the asked side computes with its key on a blinded value, and
//! proves that it used the key which it has published, so that it cannot mark one asker with a key of their own. What it knows goes out as
//! a list of outputs, which say nothing to whoever has not asked about the very thing. Each question costs a request, so that the
//! number of requests bounds how much can be tried: whoever serves this has to bound it.
//!
//! Deliberately absent: the way between both (`web`, `connect`), keeping the key, and counting requests.

use std::fmt;

use model::IndicatorKind;
use rand_core::{CryptoRng, CryptoRngCore, RngCore};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use voprf::{BlindedElement, EvaluationElement, Proof, Ristretto255, VoprfClient, VoprfServer};

/// Hexadecimal digits of the prefix tier: 20 bits.
pub const PREFIX_DIGITS: usize = 5;
/// Bytes of an output that stand in a list: a stranger's output is among a million with a chance of 2⁻¹⁰⁸.
const NAME_BYTES: usize = 16;
/// What our keys are for (RFC 9497, section 3.2.1, `info`).
const INFO: &[u8] = b"watchbell lookup 1";

/// Why a question or an answer is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// The bytes are no element of the group.
    #[error("the {0} is no element of ristretto255")]
    Element(&'static str),
    /// The answer was not made with the key that was published.
    #[error("the answer was not made with the published key")]
    Proof,
    /// A key cannot be made.
    #[error("no key can be made of this seed")]
    Seed,
    /// A digit too many or too few, or none.
    #[error("a prefix has {PREFIX_DIGITS} hexadecimal digits")]
    Prefix,
    /// The note does not belong to the thing, or was changed.
    #[error("the note was changed")]
    Note,
}

/// Random numbers that follow from 32 bytes that the edge has drawn: each asker and each answer needs bytes of its own, and nobody else may know
/// them.
pub struct Draws(blake3::OutputReader);

impl Draws {
    /// From a seed that is used once.
    pub fn new(seed: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("watchbell 2026 draws of a private look-up");
        hasher.update(seed);
        Draws(hasher.finalize_xof())
    }
}

impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draws(…)")
    }
}

impl RngCore for Draws {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(dest);
        Ok(())
    }
}

impl CryptoRng for Draws {}

/// What is known about a thing, as far as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// How many organisations have seen it; nothing where they are too few to be counted.
    pub organisations: Option<u32>,
    /// The day on which it was last seen, counted from 1970-01-01; nothing where that is not told.
    pub last_day: Option<u32>,
}

/// A thing in the list: its name for those who asked about it, and what they may read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listed {
    /// The first bytes of the function's output, in hexadecimal digits.
    pub name: String,
    /// The note, in hexadecimal digits; readable with the rest of the output.
    pub note: String,
}

/// A thing, in the one spelling that both sides give to the function.
fn input(kind: IndicatorKind, value: &str) -> Vec<u8> {
    format!("{}:{value}", kind.name()).into_bytes()
}

/// Whoever is asked.
pub struct Answerer {
    server: VoprfServer<Ristretto255>,
}

impl fmt::Debug for Answerer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answerer").finish_non_exhaustive()
    }
}

/// An answer: the evaluated element and the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// 32 bytes, in hexadecimal digits.
    pub evaluated: String,
    /// 64 bytes, in hexadecimal digits.
    pub proof: String,
}

impl Answerer {
    /// With the key that follows from 32 random bytes.
    ///
    /// # Errors
    /// Once in 2²⁵² seeds.
    pub fn new(seed: &[u8; 32]) -> Result<Self, LookupError> {
        let server = VoprfServer::new_from_seed(seed, INFO).map_err(|_| LookupError::Seed)?;
        Ok(Answerer { server })
    }

    /// The public key, in hexadecimal digits: askers keep it, and see when it changes.
    pub fn public_key(&self) -> String {
        hex(&<Ristretto255 as voprf::Group>::serialize_elem(self.server.get_public_key()))
    }

    /// Computes on a blinded value.
    ///
    /// # Errors
    /// When the bytes are no element of the group.
    pub fn answer(&self, blinded: &str, rng: &mut impl CryptoRngCore) -> Result<Answer, LookupError> {
        let bytes = unhex(blinded).ok_or(LookupError::Element("question"))?;
        let blinded = BlindedElement::deserialize(&bytes).map_err(|_| LookupError::Element("question"))?;
        let result = self.server.blind_evaluate(rng, &blinded);
        Ok(Answer { evaluated: hex(&result.message.serialize()), proof: hex(&result.proof.serialize()) })
    }

    /// The list of what is known, in the order of names, so that it does not say in which order things became known.
    ///
    /// # Errors
    /// When a value is too long for the function (65,535 bytes).
    pub fn list<'v>(
        &self,
        known: impl IntoIterator<Item = (IndicatorKind, &'v str, Note)>,
    ) -> Result<Vec<Listed>, LookupError> {
        let mut list = Vec::new();
        for (kind, value, note) in known {
            let output = self.server.evaluate(&input(kind, value)).map_err(|_| LookupError::Element("value"))?;
            list.push(Listed { name: name_of(&output), note: sealed(&output, &note) });
        }
        list.sort();
        list.dedup_by(|a, b| a.name == b.name);
        Ok(list)
    }
}

/// Whoever asks, about one thing.
pub struct Asker {
    client: VoprfClient<Ristretto255>,
    input: Vec<u8>,
    /// What is sent.
    pub blinded: String,
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").field("blinded", &self.blinded).finish_non_exhaustive()
    }
}

/// What whoever asked has of a thing: finds it in a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Output(Vec<u8>);

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output(…)")
    }
}

impl Asker {
    /// Blinds a thing. The random numbers must be good: they hide what is asked about.
    ///
    /// # Errors
    /// When the value is too long for the function.
    pub fn new(kind: IndicatorKind, value: &str, rng: &mut impl CryptoRngCore) -> Result<Self, LookupError> {
        let input = input(kind, value);
        let blinded = VoprfClient::blind(&input, rng).map_err(|_| LookupError::Element("value"))?;
        Ok(Asker { client: blinded.state, input, blinded: hex(&blinded.message.serialize()) })
    }

    /// Takes the answer.
    ///
    /// # Errors
    /// When it is none, or was not made with the key that was published.
    pub fn finish(&self, answer: &Answer, public_key: &str) -> Result<Output, LookupError> {
        let element = |text: &str, what| unhex(text).ok_or(LookupError::Element(what));
        let evaluated = EvaluationElement::deserialize(&element(&answer.evaluated, "answer")?)
            .map_err(|_| LookupError::Element("answer"))?;
        let proof = Proof::deserialize(&element(&answer.proof, "proof")?).map_err(|_| LookupError::Proof)?;
        let key = <Ristretto255 as voprf::Group>::deserialize_elem(&element(public_key, "public key")?)
            .map_err(|_| LookupError::Element("public key"))?;
        let output = self.client.finalize(&self.input, &evaluated, &proof, key).map_err(|_| LookupError::Proof)?;
        Ok(Output(output.to_vec()))
    }
}

impl Output {
    /// What the list says about the thing; `None` when it is not in it.
    ///
    /// # Errors
    /// When the note was changed.
    pub fn find(&self, list: &[Listed]) -> Result<Option<Note>, LookupError> {
        let name = name_of(&self.0);
        match list.binary_search_by(|listed| listed.name.as_str().cmp(&name)) {
            Ok(at) => list.get(at).map(|listed| opened(&self.0, &listed.note)).transpose(),
            Err(_) => Ok(None),
        }
    }
}

/// The class of a thing in the prefix tier.
pub fn prefix(kind: IndicatorKind, value: &str) -> String {
    whole(kind, value)[..PREFIX_DIGITS].to_owned()
}

/// The rest of a thing's hash, by which it is found in a [`bucket`].
pub fn suffix(kind: IndicatorKind, value: &str) -> String {
    whole(kind, value)[PREFIX_DIGITS..].to_owned()
}

/// The rests of the hashes of all known things of a class, sorted.
///
/// # Errors
/// When the prefix is none.
pub fn bucket<'v>(
    known: impl IntoIterator<Item = (IndicatorKind, &'v str)>,
    wanted: &str,
) -> Result<Vec<String>, LookupError> {
    let is_prefix = wanted.len() == PREFIX_DIGITS && wanted.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_prefix {
        return Err(LookupError::Prefix);
    }
    let wanted = wanted.to_ascii_lowercase();
    let hashes = known.into_iter().map(|(kind, value)| whole(kind, value));
    let mut found: Vec<String> = hashes.filter_map(|hash| hash.strip_prefix(&wanted).map(str::to_owned)).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

fn whole(kind: IndicatorKind, value: &str) -> String {
    hex(&Sha256::digest(input(kind, value)))
}

/// A hash of the output, so that a name says nothing about what opens the note.
fn name_of(output: &[u8]) -> String {
    let name = Sha256::new().chain_update(b"name").chain_update(output).finalize();
    hex(name.get(..NAME_BYTES).unwrap_or_default())
}

/// Bytes of a note: organisations, day, and what shows that neither was changed.
const NOTE_BYTES: usize = 8;
const CHECK_BYTES: usize = 16;

fn pad(output: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(b"note").chain_update(output).finalize().into()
}

fn check_of(output: &[u8], note: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(b"check").chain_update(output).chain_update(note).finalize().into()
}

/// Each output is used for one note in one list; a list that is made anew shows at most that a note changed.
fn sealed(output: &[u8], note: &Note) -> String {
    let numbers = [note.organisations, note.last_day].map(|number| number.map_or(u32::MAX, |n| n.min(u32::MAX - 1)));
    let plain: Vec<u8> = numbers.into_iter().flat_map(u32::to_be_bytes).collect();
    let check = check_of(output, &plain);
    let mut bytes: Vec<u8> = plain.iter().zip(pad(output)).map(|(byte, pad)| byte ^ pad).collect();
    bytes.extend_from_slice(check.get(..CHECK_BYTES).unwrap_or_default());
    hex(&bytes)
}

fn opened(output: &[u8], note: &str) -> Result<Note, LookupError> {
    let bytes = unhex(note).filter(|bytes| bytes.len() == NOTE_BYTES + CHECK_BYTES).ok_or(LookupError::Note)?;
    let (hidden, check) = bytes.split_at(NOTE_BYTES);
    let plain: Vec<u8> = hidden.iter().zip(pad(output)).map(|(byte, pad)| byte ^ pad).collect();
    if check_of(output, &plain).get(..CHECK_BYTES) != Some(check) {
        return Err(LookupError::Note);
    }
    let number = |at: usize| {
        let bytes: [u8; 4] = plain.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes)).filter(|number| *number != u32::MAX)
    };
    Ok(Note { organisations: number(0), last_day: number(4) })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || text.len() > 256 || !text.is_ascii() {
        return None;
    }
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(number: u8) -> Draws {
        Draws::new(&[number; 32])
    }

    const IPV4: IndicatorKind = IndicatorKind::Ipv4;

    fn note(organisations: u32) -> Note {
        Note { organisations: Some(organisations), last_day: None }
    }

    #[test]
    fn what_is_known_is_found_and_nothing_else() {
        let answerer = Answerer::new(&[7; 32]).unwrap();
        let known = [("192.0.2.7", 3), ("192.0.2.8", 4)].map(|(value, count)| (IPV4, value, note(count)));
        let list = answerer.list(known).unwrap();
        let mut rng = numbered(1);
        let mut ask = |value: &str| {
            let asker = Asker::new(IPV4, value, &mut rng).unwrap();
            let answer = answerer.answer(&asker.blinded, &mut rng).unwrap();
            asker.finish(&answer, &answerer.public_key()).unwrap().find(&list)
        };
        assert_eq!(ask("192.0.2.7"), Ok(Some(note(3))));
        assert_eq!(ask("192.0.2.8"), Ok(Some(note(4))));
        assert_eq!(ask("192.0.2.9"), Ok(None));
        let text = serde_json::to_string(&list).unwrap();
        assert!(!text.contains("192.0.2"), "{text}");
    }

    #[test]
    fn questions_about_one_thing_differ() {
        let mut rng = numbered(2);
        let [first, second] = [(); 2].map(|()| Asker::new(IPV4, "192.0.2.7", &mut rng).unwrap().blinded);
        assert_ne!(first, second, "whoever is asked cannot see that it is the same thing");
    }

    #[test]
    fn another_key_is_noticed() {
        let (one, other) = (Answerer::new(&[1; 32]).unwrap(), Answerer::new(&[2; 32]).unwrap());
        let mut rng = numbered(3);
        let asker = Asker::new(IPV4, "192.0.2.7", &mut rng).unwrap();
        let answer = other.answer(&asker.blinded, &mut rng).unwrap();
        assert_eq!(asker.finish(&answer, &one.public_key()), Err(LookupError::Proof));
        assert!(asker.finish(&answer, &other.public_key()).is_ok());
    }

    #[test]
    fn changed_notes_are_noticed() {
        let answerer = Answerer::new(&[7; 32]).unwrap();
        let mut list = answerer.list([(IPV4, "192.0.2.7", note(3))]).unwrap();
        let output = Output(answerer.server.evaluate(&input(IPV4, "192.0.2.7")).unwrap().to_vec());
        assert_eq!(output.find(&list), Ok(Some(note(3))));
        list[0].note.replace_range(0..2, "ff");
        assert_eq!(output.find(&list), Err(LookupError::Note));
    }

    #[test]
    fn nonsense_is_refused() {
        let answerer = Answerer::new(&[7; 32]).unwrap();
        let mut rng = numbered(4);
        for wrong in ["", "00", "zz", &"ff".repeat(32), &"00".repeat(32), &"0".repeat(1_000), "ä"] {
            assert!(answerer.answer(wrong, &mut rng).is_err(), "{wrong}");
        }
    }

    #[test]
    fn prefixes_find_their_class() {
        let known = [(IPV4, "192.0.2.7"), (IPV4, "192.0.2.8"), (IndicatorKind::Domain, "evil.example")];
        let found = bucket(known, &prefix(IPV4, "192.0.2.7").to_uppercase()).unwrap();
        assert_eq!(found, [suffix(IPV4, "192.0.2.7")]);
        assert!(bucket(known, &prefix(IPV4, "192.0.2.9")).unwrap().is_empty());
        for wrong in ["", "1234", "123456", "1234g"] {
            assert_eq!(bucket(known, wrong), Err(LookupError::Prefix), "{wrong}");
        }
    }

    /// RFC 9497, appendix A.1.2, vector 1 of mode VOPRF: the key that follows from the seed is the published one.
    #[test]
    fn keys_follow_from_seeds_as_the_standard_says() {
        let server = VoprfServer::<Ristretto255>::new_from_seed(&[0xa3; 32], b"test key").unwrap();
        let public = hex(&<Ristretto255 as voprf::Group>::serialize_elem(server.get_public_key()));
        assert_eq!(public, "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e");
    }
}
