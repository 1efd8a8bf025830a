//! What the sensors on the wire write: Zeek's logs and Suricata's alerts.

use model::Timestamp;

use super::map::Machine;
use super::stage::{Log, Stage};
use super::text::{Object, iso_micros, quoted};

/// Two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) port: u64,
}

const RESOLVER: &str = "10.20.1.53";

impl Stage {
    /// The head of a line of Zeek's.
    pub(crate) fn zeek(&mut self, at: Timestamp, path: &str, ends: &Ends<'_>) -> Object {
        let uid = format!("C{}", self.random.hex(17));
        Object::new()
            .text("_path", path)
            .text("_write_ts", &iso_micros(at))
            .text("ts", &iso_micros(at))
            .text("uid", &uid)
            .text("id.orig_h", ends.from)
            .raw("id.orig_p", self.port())
            .text("id.resp_h", ends.to)
            .raw("id.resp_p", ends.port)
    }

    /// Zeek's `conn`: a connection ended.
    pub(crate) fn conn(&mut self, at: Timestamp, ends: &Ends<'_>, service: &str) {
        let (sent, received) = (self.random.between(200, 4_000), self.random.between(300, 90_000));
        let millis = self.random.between(20, 9_000);
        let line = self
            .zeek(at, "conn", ends)
            .text("proto", if service == "dns" { "udp" } else { "tcp" })
            .text("service", service)
            .raw("duration", format!("{}.{:03}", millis / 1_000, millis % 1_000))
            .raw("orig_bytes", sent)
            .raw("resp_bytes", received)
            .text("conn_state", "SF")
            .raw("local_orig", true)
            .raw("local_resp", ends.to.starts_with("10."))
            .raw("missed_bytes", 0)
            .text("history", "ShADadfF")
            .raw("orig_pkts", sent / 400 + 4)
            .raw("resp_pkts", received / 1_000 + 4)
            .finish();
        self.write(Log::Zeek, at, line);
    }

    /// Zeek's `dns`: a name was asked for.
    pub(crate) fn dns(&mut self, at: Timestamp, machine: &Machine, query: &str, answer: (&str, &str)) {
        let (kind, text) = answer;
        let code = if kind == "TXT" { 16 } else { 1 };
        let ends = Ends { from: machine.address, to: RESOLVER, port: 53 };
        let number = self.random.between(1, 65_536);
        let line = self
            .zeek(at, "dns", &ends)
            .text("proto", "udp")
            .raw("trans_id", number)
            .raw("rtt", "0.00087")
            .text("query", query)
            .raw("qclass", 1)
            .text("qclass_name", "C_INTERNET")
            .raw("qtype", code)
            .text("qtype_name", kind)
            .raw("rcode", 0)
            .text("rcode_name", "NOERROR")
            .raw("AA", false)
            .raw("TC", false)
            .raw("RD", true)
            .raw("RA", true)
            .raw("Z", 0)
            .raw("answers", format!("[{}]", quoted(text)))
            .raw("TTLs", "[300.0]")
            .raw("rejected", false)
            .finish();
        self.write(Log::Zeek, at, line);
    }

    /// Zeek's `http`: a page was asked for without encryption.
    pub(crate) fn http(&mut self, at: Timestamp, ends: &Ends<'_>, host: &str, uri: &str) {
        let length = self.random.between(300, 60_000);
        let line = self
            .zeek(at, "http", ends)
            .raw("trans_depth", 1)
            .text("method", "GET")
            .text("host", host)
            .text("uri", uri)
            .text("version", "1.1")
            .text("user_agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")
            .raw("request_body_len", 0)
            .raw("response_body_len", length)
            .raw("status_code", 200)
            .text("status_msg", "OK")
            .raw("tags", "[]")
            .raw("resp_mime_types", "[\"text/plain\"]")
            .finish();
        self.write(Log::Zeek, at, line);
    }

    /// Zeek's `ssl`: an encrypted connection was set up.
    pub(crate) fn ssl(&mut self, at: Timestamp, ends: &Ends<'_>, host: &str) {
        let line = self
            .zeek(at, "ssl", ends)
            .text("version", "TLSv13")
            .text("cipher", "TLS_AES_256_GCM_SHA384")
            .text("curve", "x25519")
            .text("server_name", host)
            .raw("resumed", false)
            .text("next_protocol", "h2")
            .raw("established", true)
            .text("ssl_history", "CsiI")
            .finish();
        self.write(Log::Zeek, at, line);
    }

    /// Zeek's `modbus`: a command to a controller, and its answer.
    pub(crate) fn modbus(&mut self, at: Timestamp, ends: &Ends<'_>, function: &str) {
        let number = self.random.between(1, 65_536);
        for (kind, later_ms) in [("REQ", 0), ("RESP", 12)] {
            let at = at.plus(std::time::Duration::from_millis(later_ms));
            let line = self
                .zeek(at, "modbus", ends)
                .raw("tid", number)
                .raw("unit", 1)
                .text("func", function)
                .text("pdu_type", kind)
                .finish();
            self.write(Log::Zeek, at, line);
        }
    }

    /// Suricata's alert on something seen on the wire; `severity` 1 is the worst, 3 the least.
    pub(crate) fn alert(&mut self, at: Timestamp, ends: &Ends<'_>, signature: (u32, &str, u8)) {
        let (id, text, severity) = signature;
        let alert = Object::new()
            .text("action", "allowed")
            .raw("gid", 1)
            .raw("signature_id", id)
            .raw("rev", 1)
            .text("signature", text)
            .text("category", if severity == 1 { "A Network Trojan was detected" } else { "Misc activity" })
            .raw("severity", severity)
            .finish();
        let time = iso_micros(at).replace('Z', "+0000");
        let flow = self.random.next_u64() >> 12;
        let line = Object::new()
            .text("timestamp", &time)
            .raw("flow_id", flow)
            .text("in_iface", "eth1")
            .text("event_type", "alert")
            .text("src_ip", ends.from)
            .raw("src_port", self.port())
            .text("dest_ip", ends.to)
            .raw("dest_port", ends.port)
            .text("proto", if ends.port == 53 { "UDP" } else { "TCP" })
            .raw("alert", alert)
            .finish();
        self.write(Log::Suricata, at, line);
    }
}
