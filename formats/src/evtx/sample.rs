//! Writes small EVTX files for tests, so that no log of somebody's has to be kept here.
//!
//! [MS-EVEN6], section 2.2.12 and 2.2.16, in the plainest form: no templates, names in place, every value a text.

/// An element of the event's XML.
pub(super) struct Element {
    pub(super) name: &'static str,
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

pub(super) fn element(name: &'static str, text: &str) -> Element {
    Element { name, attributes: Vec::new(), text: text.into(), children: Vec::new() }
}

/// A Windows event with that data, as Windows itself lays it out.
pub(super) fn event(id: u32, record: u64, channel: &str, data: &[(&str, &str)]) -> Element {
    let with = |name, attributes| Element { attributes, ..element(name, "") };
    let system = vec![
        with("Provider", vec![("Name", "Microsoft-Windows-Sysmon".to_owned())]),
        Element { attributes: vec![("Qualifiers", "0".to_owned())], ..element("EventID", &id.to_string()) },
        element("Level", "4"),
        with("TimeCreated", vec![("SystemTime", "2025-11-28T08:30:20.966901Z".to_owned())]),
        element("EventRecordID", &record.to_string()),
        element("Channel", channel),
        element("Computer", "gate.city.example"),
    ];
    let named = |(name, text): &(&str, &str)| Element {
        attributes: vec![("Name", (*name).to_owned())],
        ..element("Data", text)
    };
    let data = data.iter().map(named).collect();
    let children = vec![
        Element { children: system, ..element("System", "") },
        Element { children: data, ..element("EventData", "") },
    ];
    Element { children, ..element("Event", "") }
}

const CHUNK_BYTES: usize = 65_536;
const FILE_HEADER_BYTES: usize = 4_096;
const CHUNK_HEADER_BYTES: usize = 512;

/// A whole file with one chunk for each list of events.
pub(super) fn file(chunks: &[Vec<Element>]) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend_from_slice(b"ElfFile\0");
    put_u64(&mut header, 0);
    put_u64(&mut header, chunks.len() as u64 - 1);
    put_u64(&mut header, 1 + chunks.iter().map(Vec::len).sum::<usize>() as u64);
    put_u32(&mut header, 128);
    put_u16(&mut header, 1);
    put_u16(&mut header, 3);
    put_u16(&mut header, FILE_HEADER_BYTES as u16);
    put_u16(&mut header, chunks.len() as u16);
    header.resize(120, 0);
    let checksum = crc32fast::hash(&header);
    put_u32(&mut header, 0);
    put_u32(&mut header, checksum);
    header.resize(FILE_HEADER_BYTES, 0);
    let mut next = 1;
    for events in chunks {
        header.extend(chunk(events, &mut next));
    }
    header
}

fn chunk(events: &[Element], next: &mut u64) -> Vec<u8> {
    let first = *next;
    let mut bytes = vec![0; CHUNK_HEADER_BYTES];
    let mut last_offset = CHUNK_HEADER_BYTES;
    for event in events {
        last_offset = bytes.len();
        record(&mut bytes, event, *next);
        *next += 1;
    }
    let free = bytes.len();
    let data = crc32fast::hash(&bytes[CHUNK_HEADER_BYTES..]);
    let mut header = Vec::new();
    header.extend_from_slice(b"ElfChnk\0");
    for number in [first, *next - 1, first, *next - 1] {
        put_u64(&mut header, number);
    }
    put_u32(&mut header, 128);
    put_u32(&mut header, last_offset as u32);
    put_u32(&mut header, free as u32);
    put_u32(&mut header, data);
    header.resize(CHUNK_HEADER_BYTES, 0);
    let mut crc = crc32fast::Hasher::new();
    crc.update(&header[..120]);
    crc.update(&header[128..]);
    header[124..128].copy_from_slice(&crc.finalize().to_le_bytes());
    bytes[..CHUNK_HEADER_BYTES].copy_from_slice(&header);
    assert!(bytes.len() <= CHUNK_BYTES, "too many events for a chunk");
    bytes.resize(CHUNK_BYTES, 0);
    bytes
}

fn record(out: &mut Vec<u8>, event: &Element, id: u64) {
    let start = out.len();
    put_u32(out, 0x0000_2a2a);
    put_u32(out, 0);
    put_u64(out, id);
    // 2020-01-01 in steps of 100 ns since 1601.
    put_u64(out, 132_223_104_000_000_000);
    out.extend_from_slice(&[0x0f, 1, 1, 0]);
    write(out, event);
    out.push(0);
    while !(out.len() - start + 4).is_multiple_of(8) {
        out.push(0);
    }
    let size = (out.len() - start + 4) as u32;
    put_u32(out, size);
    out[start + 4..start + 8].copy_from_slice(&size.to_le_bytes());
}

fn write(out: &mut Vec<u8>, element: &Element) {
    out.push(if element.attributes.is_empty() { 0x01 } else { 0x41 });
    let size_at = out.len();
    put_u32(out, 0);
    name(out, element.name);
    if !element.attributes.is_empty() {
        let list_at = out.len();
        put_u32(out, 0);
        for (number, (key, value)) in element.attributes.iter().enumerate() {
            out.push(if number + 1 < element.attributes.len() { 0x46 } else { 0x06 });
            name(out, key);
            text(out, value);
        }
        set_size(out, list_at);
    }
    out.push(0x02);
    if !element.text.is_empty() {
        text(out, &element.text);
    }
    element.children.iter().for_each(|child| write(out, child));
    out.push(0x04);
    set_size(out, size_at);
}

/// A name in place: the offset of what follows, a link, a hash that nobody checks, the letters, an end mark.
fn name(out: &mut Vec<u8>, name: &str) {
    let at = out.len() as u32 + 4;
    put_u32(out, at);
    put_u32(out, 0);
    put_u16(out, 0);
    letters(out, name);
    put_u16(out, 0);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&[0x05, 0x01]);
    letters(out, text);
}

fn letters(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().collect();
    put_u16(out, units.len() as u16);
    units.iter().for_each(|unit| put_u16(out, *unit));
}

fn set_size(out: &mut [u8], at: usize) {
    let size = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&size.to_le_bytes());
}

fn put_u16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_u32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}
