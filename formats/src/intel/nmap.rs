//! Results of nmap as XML (`-oX`; nmap.dtd 1.05): open ports, and what scripts found.
//!
//! A document type is only accepted as nmap writes it, a bare name: anything that could define an entity or lead elsewhere is refused before it
//! is read, and only the five entities of XML itself and numbered characters are known. Where the XML breaks, reading goes on at the next host.
//!
//! Deliberately absent: closed and filtered ports, guesses of operating systems, traces.

use model::limits::{INTEL_LIST_MAX, INTEL_NAME_BYTES_MAX, INTEL_TEXT_BYTES_MAX, XML_DEPTH_MAX};
use model::{Level, Timestamp};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::object::{cut, moment};
use super::{Counted, Known, OwnFinding, Sink, Tally};
use crate::Trouble;

/// Reads a run; each open port and each script's result is an [`OwnFinding`].
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Tally {
    let mut out = Counted::new(sink);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        out.refused("document", Trouble::malformed("UTF-16; nmap writes UTF-8"));
        return out.tally;
    }
    let mut from = 0;
    while let Some(rest) = bytes.get(from..).filter(|rest| !rest.is_empty()) {
        let mut run = Run::default();
        let Err((at, trouble)) = run.read(rest, &mut out) else { break };
        out.refused(format!("byte {}", from + at), trouble.clone());
        if trouble.reason == model::NoteReason::TooLarge || run.is_refused {
            break;
        }
        // One byte further at least, so that this ends.
        let behind = from + at.max(1);
        let next = bytes.get(behind..).and_then(|rest| memchr::memmem::find(rest, b"<host "));
        match next {
            Some(found) => from = behind + found,
            None => break,
        }
    }
    if out.tally.records == 0 && out.tally.refused == 0 && memchr::memmem::find(bytes, b"<nmaprun").is_none() {
        out.refused("document", Trouble::malformed("no run of nmap"));
    }
    out.tally
}

/// The state while elements go by.
#[derive(Default)]
struct Run {
    depth: usize,
    host: Option<Host>,
    is_refused: bool,
    is_in_cpe: bool,
}

/// A host while it is read.
#[derive(Default)]
struct Host {
    addresses: Vec<String>,
    names: Vec<String>,
    found: Option<Timestamp>,
    port: Option<Port>,
    findings: Vec<OwnFinding>,
}

#[derive(Clone, Default)]
struct Port {
    number: Option<u16>,
    transport: String,
    is_open: bool,
    service: String,
    product: String,
    version: String,
    cpes: Vec<String>,
    scripts: Vec<(String, String)>,
}

impl Run {
    /// Reads until the end, or until the XML breaks: then where, and why.
    fn read(&mut self, bytes: &[u8], out: &mut Counted<'_, '_>) -> Result<(), (usize, Trouble)> {
        let mut reader = Reader::from_reader(bytes);
        // Reading may begin at a host in the middle.
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        loop {
            let place = |reader: &Reader<&[u8]>| usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event().map_err(|error| {
                let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                (at, Trouble::malformed(format!("broken XML: {}", cut(&error.to_string(), 200))))
            })?;
            match event {
                Event::Start(element) => {
                    self.depth += 1;
                    if self.depth > XML_DEPTH_MAX {
                        self.is_refused = true;
                        return Err((
                            place(&reader),
                            Trouble::too_large(format!("nested deeper than {XML_DEPTH_MAX} levels")),
                        ));
                    }
                    self.start(&element, out);
                }
                Event::Empty(element) => {
                    self.start(&element, out);
                    self.end(element.name().as_ref(), out);
                }
                Event::End(element) => {
                    self.depth = self.depth.saturating_sub(1);
                    self.end(element.name().as_ref(), out);
                }
                Event::Text(text) if self.is_in_cpe => self.cpe(&String::from_utf8_lossy(&text)),
                Event::DocType(name) if name.trim_ascii() != b"nmaprun" => {
                    self.is_refused = true;
                    return Err((
                        place(&reader),
                        Trouble::malformed("a document type that defines something is refused"),
                    ));
                }
                Event::Eof if self.host.is_some() => {
                    return Err((bytes.len(), Trouble::malformed("the document ends inside a host")));
                }
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    fn start(&mut self, element: &BytesStart<'_>, out: &mut Counted<'_, '_>) {
        let name = element.name();
        if name.as_ref() == b"host" {
            let found = attribute(element, "endtime").or_else(|| attribute(element, "starttime"));
            self.host = Some(Host { found: found.and_then(|at| moment(&at)), ..Host::default() });
            out.tally.records += 1;
            return;
        }
        let Some(host) = &mut self.host else { return };
        let text = |name| attribute(element, name).map(|text| cut(&text, INTEL_NAME_BYTES_MAX).to_owned());
        match name.as_ref() {
            b"address" if host.addresses.len() < INTEL_LIST_MAX => host.addresses.extend(text("addr")),
            b"hostname" if host.names.len() < INTEL_LIST_MAX => host.names.extend(text("name")),
            b"port" => {
                let number = text("portid").and_then(|number| number.parse().ok());
                host.port = Some(Port { number, transport: text("protocol").unwrap_or_default(), ..Port::default() });
            }
            b"state" => {
                if let Some(port) = &mut host.port {
                    port.is_open = text("state").is_some_and(|state| state == "open");
                }
            }
            b"service" => {
                if let Some(port) = &mut host.port {
                    let words = ["name", "product", "version"].into_iter().filter_map(text);
                    port.service = words.collect::<Vec<_>>().join(" ");
                    port.product = text("product").unwrap_or_default();
                    port.version = text("version").unwrap_or_default();
                }
            }
            b"hostscript" => host.port = Some(Port { is_open: true, ..Port::default() }),
            b"script" => {
                let (id, output) = (text("id"), attribute(element, "output"));
                if let (Some(port), Some(id)) = (&mut host.port, id)
                    && port.scripts.len() < INTEL_LIST_MAX
                {
                    port.scripts.push((id, output.unwrap_or_default()));
                }
            }
            b"cpe" => self.is_in_cpe = true,
            _ => {}
        }
    }

    fn cpe(&mut self, text: &str) {
        let port = self.host.as_mut().and_then(|host| host.port.as_mut());
        if let Some(port) = port.filter(|port| port.cpes.len() < INTEL_LIST_MAX) {
            port.cpes.push(cut(text.trim(), INTEL_NAME_BYTES_MAX).to_owned());
        }
    }

    fn end(&mut self, name: &[u8], out: &mut Counted<'_, '_>) {
        match name {
            b"cpe" => self.is_in_cpe = false,
            b"port" | b"hostscript" => {
                if let Some(host) = &mut self.host
                    && let Some(port) = host.port.take().filter(|port| port.is_open)
                {
                    host.take_in(&port, name == b"port");
                }
            }
            b"host" => {
                if let Some(host) = self.host.take() {
                    host.finish(out);
                }
            }
            _ => {}
        }
    }
}

impl Host {
    /// The port itself, and each script that ran against it, or against the host.
    fn take_in(&mut self, port: &Port, is_port: bool) {
        let base = OwnFinding {
            tool: "nmap".to_owned(),
            port: port.number,
            transport: port.transport.clone(),
            service: port.service.clone(),
            product: port.product.clone(),
            version: port.version.clone(),
            cpes: port.cpes.clone(),
            found: self.found,
            ..OwnFinding::default()
        };
        if is_port {
            let number = port.number.unwrap_or_default();
            let title = format!("{}/{number} is open", port.transport);
            self.findings.push(OwnFinding { check: "open-port".to_owned(), title, ..base.clone() });
        }
        for (id, output) in &port.scripts {
            // The scripts of nmap's library `vulns` say this word in this place only when they are sure.
            let is_vulnerable = output.contains("State: VULNERABLE");
            self.findings.push(OwnFinding {
                check: id.clone(),
                title: id.clone(),
                description: cut(output.trim(), INTEL_TEXT_BYTES_MAX).to_owned(),
                level: is_vulnerable.then_some(Level::High),
                vulnerabilities: vulnerabilities(output),
                ..base.clone()
            });
        }
    }

    fn finish(self, out: &mut Counted<'_, '_>) {
        let Some((asset, others)) = self.addresses.split_first() else {
            return out.refused("host", Trouble::malformed("a host without an address"));
        };
        let names: Vec<String> = others.iter().chain(&self.names).cloned().collect();
        for finding in self.findings {
            out.known(Known::Finding(OwnFinding { asset: asset.clone(), names: names.clone(), ..finding }));
        }
    }
}

/// An attribute's value with entities resolved; `None` where it is missing or not right.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    let raw = std::str::from_utf8(&attribute.value).ok()?;
    quick_xml::escape::unescape(raw).ok().map(std::borrow::Cow::into_owned)
}

/// The names of vulnerabilities in a text, each once: `CVE-`, four digits, `-`, four digits or more.
fn vulnerabilities(text: &str) -> Vec<String> {
    let mut found = std::collections::BTreeSet::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), b"CVE-").take(INTEL_LIST_MAX) {
        let digits = |from: usize| text.as_bytes().iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
        let number = digits(at + 9);
        if digits(at + 4) == 4 && text.as_bytes().get(at + 8) == Some(&b'-') && (4..=19).contains(&number) {
            found.extend(text.get(at..at + 9 + number).map(str::to_owned));
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intel::Item;
    use crate::intel::testing::notes;
    use proptest::prelude::*;

    const RUN: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/share/nmap/nmap.xsl" type="text/xsl"?>
<nmaprun scanner="nmap" start="1700000000"><host starttime="1700000000" endtime="1700000009"><status state="up"/>
<address addr="192.0.2.10" addrtype="ipv4"/><address addr="00:00:5E:00:53:01" addrtype="mac"/>
<hostnames><hostname name="portal.city.example" type="PTR"/></hostnames>
<ports><extraports state="closed" count="998"/>
<port protocol="tcp" portid="443"><state state="open" reason="syn-ack"/><service name="https" product="nginx" version="1.18.0"><cpe>cpe:/a:nginx:nginx:1.18.0</cpe></service>
<script id="vulners" output="&#xa;  CVE-2021-23017&#x9;7.7&#xa;  CVE-2021-23017 &amp; CVE-20-1"/></port>
<port protocol="tcp" portid="25"><state state="filtered"/></port></ports>
<hostscript><script id="smb-vuln-ms17-010" output="State: VULNERABLE CVE-2017-0143"/></hostscript></host>
<runstats/></nmaprun>"#;

    fn findings(text: &str) -> (Vec<OwnFinding>, Vec<String>) {
        let mut found = Vec::new();
        read(text.as_bytes(), &mut |item| found.push(item));
        let notes = notes(&found);
        let findings = found.into_iter().filter_map(|item| match item {
            Ok(Item::Known(known)) => match *known {
                Known::Finding(finding) => Some(finding),
                _ => None,
            },
            _ => None,
        });
        (findings.collect(), notes)
    }

    #[test]
    fn a_run() {
        let (found, notes) = findings(RUN);
        assert_eq!(notes, Vec::<String>::new());
        let [port, script, host] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!(
            (port.asset.as_str(), port.port, port.service.as_str()),
            ("192.0.2.10", Some(443), "https nginx 1.18.0")
        );
        assert_eq!(port.names, ["00:00:5E:00:53:01", "portal.city.example"]);
        assert_eq!(port.cpes, ["cpe:/a:nginx:nginx:1.18.0"]);
        assert_eq!(port.found, Timestamp::parse("2023-11-14T22:13:29Z"));
        assert_eq!(
            (script.check.as_str(), script.vulnerabilities.as_slice()),
            ("vulners", &["CVE-2021-23017".to_owned()][..])
        );
        assert_eq!((host.port, host.level), (None, Some(Level::High)));
    }

    #[test]
    fn entities_and_document_types_are_refused() {
        for kind in ["nmaprun SYSTEM \"file:///etc/passwd\"", "nmaprun [<!ENTITY a \"aaa\">]", "x"] {
            let (found, notes) = findings(&RUN.replace("<!DOCTYPE nmaprun>", &format!("<!DOCTYPE {kind}>")));
            assert_eq!(found.len(), 0);
            assert!(notes[0].contains("document type"), "{notes:?}");
        }
        let (found, _) = findings(&RUN.replace("State: VULNERABLE", "&lol;State: VULNERABLE"));
        assert_eq!(found[2].description, "", "an unknown entity is not looked up");
    }

    #[test]
    fn a_broken_host_costs_itself() {
        let two = RUN.replace("<runstats/>", &RUN[RUN.find("<host ").unwrap()..RUN.find("<runstats/>").unwrap()]);
        let (found, notes) = findings(&two.replacen("<ports>", "<ports><!bad>", 1));
        assert_eq!((found.len(), notes.len()), (3, 1), "{notes:?}");
        let (found, notes) = findings(&two[..two.rfind("</host>").unwrap()]);
        assert_eq!(found.len(), 3);
        assert!(notes[0].contains("ends inside a host"), "{notes:?}");
        assert!(findings("<html/>").1[0].contains("no run of nmap"));
    }

    #[test]
    fn depth_has_a_limit() {
        let (_, notes) = findings(&format!("<nmaprun>{}", "<a>".repeat(XML_DEPTH_MAX)));
        assert!(notes[0].contains("deeper"), "{notes:?}");
    }

    proptest! {
        #[test]
        fn never_panics(at in 0..RUN.len(), put in "[<>&;/a\"= ]{0,6}", text in "[<>/hostpra=\" ]{0,60}") {
            let (mut good, behind) = (String::from_utf8_lossy(&RUN.as_bytes()[..at]).into_owned(), &RUN.as_bytes()[at..]);
            good.push_str(&put);
            good.push_str(&String::from_utf8_lossy(behind));
            let _ = findings(&good);
            let _ = findings(&text);
        }
    }
}
