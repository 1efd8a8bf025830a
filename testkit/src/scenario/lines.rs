//! Lines that the city's ordinary days do not have: connections of a known size, tickets, files on shares, services,
//! tasks, groups, tunnels, and what controllers answer.
//!
//! Field names follow Zeek 7 (`conn`), the ICSNPP parser for Modbus (`modbus_detailed`), the Security and System logs
//! of Windows Server 2019, and FortiOS 7 (event log, subtype `vpn`).

use std::time::Duration;

use model::Timestamp;

use crate::city::text::{Object, blank_seconds};
use crate::city::{DOMAIN, Data, Ends, Log, Machine, SECURITY, SYSTEM, Stage};

/// A connection as a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow<'a> {
    /// What Zeek takes it for; empty when it cannot tell.
    pub(crate) service: &'a str,
    /// Bytes from who began it.
    pub(crate) sent: u64,
    /// Bytes back.
    pub(crate) received: u64,
    pub(crate) millis: u64,
    pub(crate) state: State,
}

/// How a connection went, in Zeek's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Set up and ended.
    Whole,
    /// Nobody answered.
    Unanswered,
    /// Refused.
    Refused,
}

/// A command to a controller, with what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Command<'a> {
    pub(crate) function: &'a str,
    pub(crate) address: u64,
    pub(crate) values: &'a [u64],
}

impl Stage {
    /// Zeek's `conn` of a connection that is known whole.
    pub(crate) fn flow(&mut self, at: Timestamp, ends: &Ends<'_>, flow: &Flow<'_>) {
        let (state, history) = match flow.state {
            State::Whole => ("SF", "ShADadfF"),
            State::Unanswered => ("S0", "S"),
            State::Refused => ("REJ", "Sr"),
        };
        let is_datagram = matches!(flow.service, "dns" | "ntp");
        let mut line = self.zeek(at, "conn", ends).text("proto", if is_datagram { "udp" } else { "tcp" });
        if !flow.service.is_empty() {
            line = line.text("service", flow.service);
        }
        let is_ours = |address: &str| address.starts_with("10.");
        let line = line
            .raw("duration", format!("{}.{:03}", flow.millis / 1_000, flow.millis % 1_000))
            .raw("orig_bytes", flow.sent)
            .raw("resp_bytes", flow.received)
            .text("conn_state", state)
            .raw("local_orig", is_ours(ends.from))
            .raw("local_resp", is_ours(ends.to))
            .raw("missed_bytes", 0)
            .text("history", history)
            .raw("orig_pkts", flow.sent / 900 + if flow.state == State::Whole { 4 } else { 1 })
            .raw("resp_pkts", if flow.state == State::Unanswered { 0 } else { flow.received / 1_200 + 1 })
            .finish();
        self.write(Log::Zeek, at, line);
    }

    /// ICSNPP's `modbus_detailed`: a request and the answer to it, with addresses and values.
    pub(crate) fn modbus_values(&mut self, at: Timestamp, ends: &Ends<'_>, command: &Command<'_>) {
        let number = self.random.between(1, 65_536);
        let values: Vec<String> = command.values.iter().map(u64::to_string).collect();
        let is_write = command.function.starts_with("WRITE");
        for (way, later_ms) in [("REQUEST", 0), ("RESPONSE", 12)] {
            let at = at.plus(Duration::from_millis(later_ms));
            let is_request = way == "REQUEST";
            let mut line = self
                .zeek(at, "modbus_detailed", ends)
                .raw("is_orig", is_request)
                .raw("tid", number)
                .raw("unit", 1)
                .text("func", command.function)
                .text("request_response", way)
                .raw("address", command.address)
                .raw("quantity", values.len());
            if is_write == is_request {
                let name = if is_request { "request_values" } else { "response_values" };
                line = line.text(name, &values.join(","));
            }
            self.write(Log::Zeek, at, line.finish());
        }
    }

    /// 4769: a ticket for a service is asked for; `encryption` is 0x12 for AES, 0x17 for RC4.
    pub(crate) fn ticket(&mut self, at: Timestamp, user: &str, from: &str, service: (&str, &str)) {
        let (service, encryption) = service;
        let data = [
            ("TargetUserName", format!("{user}@{}", DOMAIN.to_uppercase())),
            ("TargetDomainName", DOMAIN.to_uppercase()),
            ("ServiceName", service.to_owned()),
            ("ServiceSid", "S-1-5-21-1004".into()),
            ("TicketOptions", "0x40810000".into()),
            ("TicketEncryptionType", encryption.into()),
            ("IpAddress", format!("::ffff:{from}")),
            ("IpPort", self.port().to_string()),
            ("Status", "0x0".into()),
        ];
        let controller = crate::city::find("dc01");
        self.windows(at, controller, &SECURITY, (4769, "A Kerberos service ticket was requested", &data));
    }

    /// 5145: somebody reads a file on a share.
    pub(crate) fn share_file(&mut self, at: Timestamp, machine: &Machine, user: (&str, &str), file: (&str, &str)) {
        let ((user, from), (share, name)) = (user, file);
        let data = [
            ("SubjectUserName", user.to_owned()),
            ("SubjectDomainName", "BRUNNFELD".into()),
            ("ObjectType", "File".into()),
            ("IpAddress", from.into()),
            ("IpPort", self.port().to_string()),
            ("ShareName", format!("\\\\*\\{share}")),
            ("RelativeTargetName", name.into()),
            ("AccessMask", "0x1".into()),
            ("AccessList", "%%4416".into()),
        ];
        let title = "A network share object was checked to see whether client can be granted desired access";
        self.windows(at, machine, &SECURITY, (5145, title, &data));
    }

    /// 7045: a service is installed.
    pub(crate) fn makes_service(&mut self, at: Timestamp, machine: &Machine, service: (&str, &str)) {
        let data = [
            ("ServiceName", service.0.to_owned()),
            ("ImagePath", service.1.into()),
            ("ServiceType", "user mode service".into()),
            ("StartType", "auto start".into()),
            ("AccountName", "LocalSystem".into()),
        ];
        self.windows(at, machine, &SYSTEM, (7045, "A service was installed in the system", &data));
    }

    /// 4698: a scheduled task is made.
    pub(crate) fn makes_task(&mut self, at: Timestamp, machine: &Machine, user: &str, task: (&str, &str)) {
        let content = format!(
            "<Task version=\"1.2\"><Actions Context=\"Author\"><Exec><Command>{}</Command></Exec></Actions></Task>",
            task.1.replace('&', "&amp;").replace('<', "&lt;")
        );
        let data: [Data<'_>; 4] = [
            ("SubjectUserName", user.to_owned()),
            ("SubjectDomainName", "BRUNNFELD".into()),
            ("TaskName", format!("\\{}", task.0)),
            ("TaskContent", content),
        ];
        self.windows(at, machine, &SECURITY, (4698, "A scheduled task was created", &data));
    }

    /// 4728: an account becomes a member of a group.
    pub(crate) fn joins(&mut self, at: Timestamp, machine: &Machine, by: &str, member: (&str, &str)) {
        let (account, group) = member;
        let data = [
            ("MemberName", format!("CN={account},OU=People,DC=brunnfeld,DC=example")),
            ("MemberSid", "S-1-5-21-1004".into()),
            ("TargetUserName", group.to_owned()),
            ("TargetDomainName", "BRUNNFELD".into()),
            ("SubjectUserName", by.into()),
            ("SubjectDomainName", "BRUNNFELD".into()),
        ];
        self.windows(at, machine, &SECURITY, (4728, "A member was added to a security-enabled global group", &data));
    }

    /// The remote access's tunnel of a person goes up, or the password was refused.
    pub(crate) fn tunnel(&mut self, at: Timestamp, user: &str, from: &str, outcome: Outcome) {
        let (id, level, action, reason, words) = match outcome {
            Outcome::LetIn => {
                ("0101039424", "information", "tunnel-up", "login successfully", "SSL tunnel established")
            }
            Outcome::Refused => (
                "0101039426",
                "alert",
                "ssl-login-fail",
                "sslvpn_login_permission_denied",
                "SSL user failed to logged in",
            ),
        };
        let number = self.random.between(100_000_000, 2_000_000_000);
        let stamp = blank_seconds(at);
        let (day, time) = stamp.split_once(' ').unwrap_or((&stamp, ""));
        let line = format!(
            "<189>date={day} time={time} devname=\"vpn01\" devid=\"FGVM01TM00000001\" eventtime={}000 tz=\"+0000\" \
             logid=\"{id}\" type=\"event\" subtype=\"vpn\" level=\"{level}\" vd=\"root\" logdesc=\"SSL VPN {action}\" \
             action=\"{action}\" tunneltype=\"ssl-tunnel\" tunnelid={number} remip={from} user=\"{user}\" \
             group=\"staff\" dst_host=\"N/A\" reason=\"{reason}\" msg=\"{words}\"",
            at.as_micros(),
        );
        self.write(Log::Syslog, at, line);
    }

    /// Sends a request of one page over plain HTTP.
    pub(crate) fn http_post(&mut self, at: Timestamp, ends: &Ends<'_>, host: &str, lengths: (u64, u64)) {
        let line = self
            .zeek(at, "http", ends)
            .raw("trans_depth", 1)
            .text("method", "POST")
            .text("host", host)
            .text("uri", "/api/v1/status")
            .text("version", "1.1")
            .text("user_agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")
            .raw("request_body_len", lengths.0)
            .raw("response_body_len", lengths.1)
            .raw("status_code", 200)
            .text("status_msg", "OK")
            .raw("tags", "[]")
            .finish();
        self.write(Log::Zeek, at, line);
    }
}

/// How a try to come in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Let in.
    LetIn,
    /// The password was wrong.
    Refused,
}

/// A call to the cloud, with where it goes to and how it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CloudCallLine<'a> {
    pub(crate) call: crate::city::Call<'a>,
    pub(crate) region: &'a str,
    pub(crate) agent: &'a str,
    /// A JSON object or `null`.
    pub(crate) request: &'a str,
    /// The error's code; empty when it was done.
    pub(crate) error: &'a str,
}

impl Stage {
    /// A call to the cloud's API in any region.
    pub(crate) fn cloud_call(&mut self, at: Timestamp, line: &CloudCallLine<'_>) {
        let mut record: Object = self.cloud_record(at, &line.call, (line.region, line.agent));
        if !line.error.is_empty() {
            record = record
                .text("errorCode", line.error)
                .text("errorMessage", "User is not authorized to perform this operation");
        }
        let record = record.raw("requestParameters", line.request).raw("responseElements", "null");
        self.cloud_end(at, record, "AwsApiCall", line.call.read_only);
    }

    /// A machine asks the clock; only the connection is written, as where Zeek's `ntp` log is switched off.
    pub(crate) fn asks_clock(&mut self, at: Timestamp, from: &str) {
        let ends = Ends { from, to: "192.0.2.60", port: 123 };
        self.flow(at, &ends, &Flow { service: "ntp", sent: 48, received: 48, millis: 18, state: State::Whole });
    }
}
