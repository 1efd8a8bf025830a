//! One question and what is answered to it: who asks, what may be told, and how. No socket is known here.

use std::sync::Arc;

use domain::base::iana::{Class, Opcode, Rcode, TsigRcode};
use domain::base::message_builder::{AdditionalBuilder, AnswerBuilder, PushError, StreamTarget};
use domain::base::name::ToName;
use domain::base::{Message, MessageBuilder, Rtype};
use domain::rdata::Soa;
use domain::rdata::tsig::{Time48, Tsig};
use domain::tsig::{KeyName, ServerError, ServerSequence};
use model::Timestamp;
use model::limits::{RPZ_DATAGRAM_BYTES_MAX, RPZ_MESSAGE_BYTES};

use super::Zones;
use super::key::{Held, Keys};
use super::wire::{self, Record};
use super::zone::{Change, Zone};

/// The buffer of a message, with its length in front as TCP wants it.
pub(super) type Buffer = StreamTarget<Vec<u8>>;

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Udp,
    Tcp,
}

/// What becomes of a question.
pub(super) enum Reply {
    /// Nothing is said: it was no question.
    Silence,
    /// One message that gives nothing away; who asks has shown no key that is good.
    Stranger(Buffer),
    /// One message.
    Message(Buffer),
    /// As many as it takes.
    Transfer(Box<Transfer>),
}

/// Clocks may differ by that many seconds, whatever the asker proposes (RFC 8945, section 10, recommends 300).
const FUDGE_SECONDS_MAX: u64 = 300;
/// Bytes of an answer by UDP when the asker says nothing (RFC 1035, section 4.2.1).
const PLAIN_DATAGRAM_BYTES: usize = 512;

/// The moment as signatures have it.
pub(super) fn seconds(now: Timestamp) -> Time48 {
    Time48::from_u64(u64::try_from(now.as_micros().div_euclid(1_000_000)).unwrap_or(0))
}

pub(super) fn buffer() -> Buffer {
    Buffer::new_vec()
}

/// What is said to one datagram, for who has a socket of its own; `None` where nothing is said. The server itself says just this.
pub fn reply(datagram: Vec<u8>, zones: &dyn Zones, now: Timestamp) -> Option<Vec<u8>> {
    match judge(datagram, Way::Udp, zones, now) {
        Reply::Stranger(message) | Reply::Message(message) => Some(message.as_dgram_slice().to_vec()),
        Reply::Silence | Reply::Transfer(_) => None,
    }
}

/// Judges one message from outside.
pub(super) fn judge(bytes: Vec<u8>, way: Way, zones: &dyn Zones, now: Timestamp) -> Reply {
    let Ok(mut message) = Message::from_octets(bytes) else { return Reply::Silence };
    if message.header().qr() {
        return Reply::Silence;
    }
    // RFC 9619. Repeating many questions, each a pointer, would also make forty bytes of one for somebody who did not ask.
    if message.header_counts().qdcount() != 1 {
        return stranger(without_question(&message));
    }
    let is_in_time = is_in_time(&message, now);
    let keys = Keys { zones, now };
    match ServerSequence::request(&keys, &mut message, seconds(now)) {
        Err(error) => stranger(unverified(error, &message)),
        Ok(None) => stranger(refusal(&message, Rcode::REFUSED).map(AnswerBuilder::additional)),
        Ok(Some(signed)) => {
            let asker = Asker { message, signed, way, now };
            if is_in_time { asker.answer(zones) } else { asker.refuse(Rcode::REFUSED) }
        }
    }
}

fn stranger(built: Result<AdditionalBuilder<Buffer>, PushError>) -> Reply {
    built.map_or(Reply::Silence, |message| Reply::Stranger(message.finish()))
}

fn without_question(message: &Message<Vec<u8>>) -> Result<AdditionalBuilder<Buffer>, PushError> {
    let mut built = MessageBuilder::from_target(buffer())?;
    let header = built.header_mut();
    header.set_id(message.header().id());
    header.set_qr(true);
    header.set_opcode(message.header().opcode());
    header.set_rcode(Rcode::FORMERR);
    Ok(built.additional())
}

/// The library takes the asker's word for how far clocks may differ; this does not.
fn is_in_time(message: &Message<Vec<u8>>, now: Timestamp) -> bool {
    let tsig = message.get_last_additional::<Tsig<_, _>>();
    tsig.is_none_or(|tsig| tsig.data().time_signed().eq_fudged(seconds(now), FUDGE_SECONDS_MAX))
}

/// The answer to a signature that is not good. RFC 8945, section 5.2.2, calls a wrong one BADSIG; the library says FORMERR there.
fn unverified(error: ServerError<Held>, message: &Message<Vec<u8>>) -> Result<AdditionalBuilder<Buffer>, PushError> {
    let kind = error.error();
    let mut built = error.build_message(message, MessageBuilder::from_target(buffer())?)?;
    let is_bad_signature = kind == TsigRcode::FORMERR && built.header().rcode() == Rcode::NOTAUTH;
    if is_bad_signature {
        built = bad_signature(message)?;
    }
    Ok(built)
}

fn bad_signature(message: &Message<Vec<u8>>) -> Result<AdditionalBuilder<Buffer>, PushError> {
    let mut built = refusal(message, Rcode::NOTAUTH)?.additional();
    let Some(given) = message.get_last_additional::<Tsig<_, _>>() else { return Ok(built) };
    let data = given.data();
    let id = message.header().id();
    let tsig = Tsig::new(data.algorithm(), data.time_signed(), data.fudge(), b"", id, TsigRcode::BADSIG, b"");
    // It is as long as the one that came, less its signature.
    if let Ok(tsig) = tsig {
        built.push((given.owner(), given.class(), given.ttl(), tsig))?;
    }
    Ok(built)
}

fn refusal(message: &Message<Vec<u8>>, rcode: Rcode) -> Result<AnswerBuilder<Buffer>, PushError> {
    Ok(MessageBuilder::from_target(buffer())?.start_error(message, rcode))
}

/// Somebody with a good key, and the question.
struct Asker {
    message: Message<Vec<u8>>,
    signed: ServerSequence<Held>,
    way: Way,
    now: Timestamp,
}

impl Asker {
    fn answer(self, zones: &dyn Zones) -> Reply {
        if self.message.header().opcode() != Opcode::QUERY {
            return self.refuse(Rcode::REFUSED);
        }
        let Ok(question) = self.message.sole_question() else { return self.refuse(Rcode::FORMERR) };
        let name: Option<KeyName> = question.qname().try_to_name().ok();
        let Some(name) = name.filter(|_| question.qclass() == Class::IN) else { return self.refuse(Rcode::REFUSED) };
        let name = name.to_string().to_ascii_lowercase();
        let key = self.signed.wrapped_key().0.name();
        let found = zones.zone(&name, key).filter(|zone| zone.settings().name() == name);
        let Some(zone) = found else { return self.refuse(Rcode::REFUSED) };
        match (question.qtype(), self.way) {
            (Rtype::SOA, _) => self.short(&[Record::soa(&zone)]),
            (Rtype::NS, _) => self.short(&[Record::ns(&zone)]),
            (Rtype::AXFR, Way::Tcp) => self.transfer(zone, Plan::Whole),
            (Rtype::IXFR, _) => self.since(zone),
            _ => self.refuse(Rcode::REFUSED),
        }
    }

    /// An incremental transfer, from the version that the question names in its authority section (RFC 1995, section 3).
    fn since(self, zone: Arc<Zone>) -> Reply {
        let Some(serial) = serial_of(&self.message) else { return self.refuse(Rcode::FORMERR) };
        // Section 2: an answer that does not fit into a datagram is the version alone, and the resolver comes again by TCP.
        if zone.is_known_to(serial) || self.way == Way::Udp {
            return self.short(&[Record::soa(&zone)]);
        }
        let plan = zone.changes_since(serial).map_or(Plan::Whole, Plan::Changes);
        self.transfer(zone, plan)
    }

    fn transfer(self, zone: Arc<Zone>, plan: Plan) -> Reply {
        Reply::Transfer(Box::new(Transfer { question: self.message, signed: self.signed, zone, plan }))
    }

    /// An answer of a record or two.
    fn short(self, records: &[Record<'_>]) -> Reply {
        let room = match (self.way, self.message.opt()) {
            (Way::Tcp, _) => RPZ_MESSAGE_BYTES,
            (Way::Udp, None) => PLAIN_DATAGRAM_BYTES,
            (Way::Udp, Some(opt)) => {
                usize::from(opt.udp_payload_size()).clamp(PLAIN_DATAGRAM_BYTES, RPZ_DATAGRAM_BYTES_MAX)
            }
        };
        let whole = self.signed_message(Rcode::NOERROR, records, self.signed.clone());
        match whole {
            Ok(message) if message.as_dgram_slice().len() <= room => Reply::Message(message),
            Ok(_) => self.truncated(),
            Err(_) => Reply::Silence,
        }
    }

    /// "Come again by TCP."
    fn truncated(self) -> Reply {
        let mut message = match refusal(&self.message, Rcode::NOERROR) {
            Ok(message) => message.additional(),
            Err(_) => return Reply::Silence,
        };
        message.header_mut().set_tc(true);
        finished(message, self.signed, self.now)
    }

    fn refuse(self, rcode: Rcode) -> Reply {
        match self.signed_message(rcode, &[], self.signed.clone()) {
            Ok(message) => Reply::Message(message),
            Err(_) => Reply::Silence,
        }
    }

    fn signed_message(
        &self,
        rcode: Rcode,
        records: &[Record<'_>],
        mut signed: ServerSequence<Held>,
    ) -> Result<Buffer, PushError> {
        let mut answer = refusal(&self.message, rcode)?;
        answer.header_mut().set_aa(rcode == Rcode::NOERROR);
        for record in records {
            answer.push_ref(record)?;
        }
        let mut message = answer.additional();
        options(&self.message, &mut message)?;
        signed.answer(&mut message, seconds(self.now))?;
        Ok(message.finish())
    }
}

fn finished(mut message: AdditionalBuilder<Buffer>, mut signed: ServerSequence<Held>, now: Timestamp) -> Reply {
    match signed.answer(&mut message, seconds(now)) {
        Ok(()) => Reply::Message(message.finish()),
        Err(_) => Reply::Silence,
    }
}

/// Who says EDNS hears EDNS (RFC 6891, section 7).
fn options(question: &Message<Vec<u8>>, message: &mut AdditionalBuilder<Buffer>) -> Result<(), PushError> {
    if question.opt().is_none() {
        return Ok(());
    }
    message.opt(|opt| {
        opt.set_udp_payload_size(u16::try_from(RPZ_DATAGRAM_BYTES_MAX).unwrap_or(u16::MAX));
        Ok(())
    })
}

fn serial_of(message: &Message<Vec<u8>>) -> Option<u32> {
    let mut records = message.authority().ok()?.limit_to_in::<Soa<_>>();
    records.next()?.ok().map(|record| record.data().serial().into_int())
}

/// What a transfer sends.
enum Plan {
    Whole,
    Changes(Vec<Arc<Change>>),
}

/// A transfer in progress: one message at a time.
pub(super) struct Transfer {
    question: Message<Vec<u8>>,
    signed: ServerSequence<Held>,
    zone: Arc<Zone>,
    plan: Plan,
}

impl Transfer {
    /// Whether only changes are sent.
    pub(super) fn is_of_changes(&self) -> bool {
        matches!(self.plan, Plan::Changes(_))
    }

    /// The zone that is sent, as far as the plan goes.
    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// To the holder of which key.
    pub(super) fn key_name(&self) -> &str {
        self.signed.wrapped_key().0.name()
    }

    /// The way through its messages.
    pub(super) fn messages(&mut self) -> Messages<'_> {
        let zone = &*self.zone;
        let records: Box<dyn Iterator<Item = Record<'_>> + Send> = match &self.plan {
            Plan::Whole => Box::new(wire::whole(zone)),
            Plan::Changes(steps) => Box::new(wire::changes(zone, steps)),
        };
        let mut messages = Messages { question: &self.question, signed: &mut self.signed, records, next: None };
        messages.next = messages.records.next();
        messages
    }
}

/// See [`Transfer::messages`].
pub(super) struct Messages<'t> {
    question: &'t Message<Vec<u8>>,
    signed: &'t mut ServerSequence<Held>,
    records: Box<dyn Iterator<Item = Record<'t>> + Send + 't>,
    next: Option<Record<'t>>,
}

impl Messages<'_> {
    /// The next message, in the memory of an earlier one; `None` behind the last.
    ///
    /// # Errors
    /// When a record fits into no message, which a name of 255 bytes cannot bring about.
    pub(super) fn next(&mut self, memory: Buffer, now: Timestamp) -> Result<Option<Buffer>, PushError> {
        let Some(mut record) = self.next.take() else { return Ok(None) };
        let Ok(fresh) = MessageBuilder::from_target(memory) else { return Err(PushError::ShortBuf) };
        let mut answer = fresh.start_answer(self.question, Rcode::NOERROR)?;
        answer.header_mut().set_aa(true);
        answer.set_push_limit(RPZ_MESSAGE_BYTES);
        let mut pushed = 0;
        while answer.push_ref(&record).is_ok() {
            pushed += 1;
            match self.records.next() {
                Some(next) => record = next,
                None => return self.sign(answer, now).map(Some),
            }
        }
        if pushed == 0 {
            return Err(PushError::LimitExceeded);
        }
        self.next = Some(record);
        self.sign(answer, now).map(Some)
    }

    fn sign(&mut self, answer: AnswerBuilder<Buffer>, now: Timestamp) -> Result<Buffer, PushError> {
        let mut message = answer.additional();
        message.clear_push_limit();
        options(self.question, &mut message)?;
        self.signed.answer(&mut message, seconds(now))?;
        Ok(message.finish())
    }
}
