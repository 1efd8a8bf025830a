//! Windows events as flat JSON, in the shape in which the event collector NXLog (`im_msvistalog`, `to_json`) writes them.
//!
//! Field names and value spellings follow Sysmon 15 and the Security log of Windows Server 2019. The message is shorter
//! than Microsoft's.

use model::Timestamp;

use super::map::{DOMAIN, Machine};
use super::stage::{Log, Stage};
use super::text::{Object, blank_millis, blank_seconds, hash_of, iso_millis};

/// A field of an event's data.
pub(crate) type Data<'a> = (&'a str, String);

/// What is the same for all events of a channel.
#[derive(Debug)]
pub(crate) struct Channel {
    name: &'static str,
    source: &'static str,
    provider: &'static str,
    keywords: i64,
}

const SYSMON: Channel = Channel {
    name: "Microsoft-Windows-Sysmon/Operational",
    source: "Microsoft-Windows-Sysmon",
    provider: "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
    keywords: i64::MIN,
};
pub(crate) const SECURITY: Channel = Channel {
    name: "Security",
    source: "Microsoft-Windows-Security-Auditing",
    provider: "{54849625-5478-4994-A5BA-3E3B0328C30D}",
    keywords: -9_214_364_837_600_034_816,
};
const EVENTLOG: Channel = Channel {
    name: "Security",
    source: "Microsoft-Windows-Eventlog",
    provider: "{FC65DDD8-D6EF-4962-83D5-6E5CFE9CE148}",
    keywords: 4_620_693_217_682_128_896,
};
pub(crate) const SYSTEM: Channel = Channel {
    name: "System",
    source: "Service Control Manager",
    provider: "{555908D1-A6D7-4695-8E1E-26931D2012F4}",
    keywords: -9_187_343_239_835_811_840,
};
const POWERSHELL: Channel = Channel {
    name: "Microsoft-Windows-PowerShell/Operational",
    source: "Microsoft-Windows-PowerShell",
    provider: "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}",
    keywords: 0,
};

/// A program that starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start<'a> {
    pub(crate) user: &'a str,
    pub(crate) image: &'a str,
    pub(crate) command: &'a str,
    pub(crate) parent: &'a str,
}

impl Stage {
    /// An event of any channel: its number, its title, its data.
    pub(crate) fn windows(
        &mut self,
        at: Timestamp,
        machine: &Machine,
        channel: &Channel,
        event: (u32, &str, &[Data<'_>]),
    ) {
        let (id, title, data) = event;
        let own_type = data.iter().any(|(name, _)| *name == "EventType");
        let audit = match id {
            4625 => "AUDIT_FAILURE",
            _ if channel.name == "Security" => "AUDIT_SUCCESS",
            _ => "INFO",
        };
        let message = data.iter().fold(format!("{title}:"), |text, (name, value)| format!("{text}\r\n{name}: {value}"));
        let mut line = Object::new()
            .text("EventTime", &blank_seconds(at))
            .text("Hostname", &host(machine))
            .raw("Keywords", channel.keywords)
            // NXLog keeps its own type under this misspelt name when the event brings one.
            .text(if own_type { "EventTypeOrignal" } else { "EventType" }, audit)
            .raw("SeverityValue", 2)
            .text("Severity", "INFO")
            .raw("EventID", id)
            .text("SourceName", channel.source)
            .text("ProviderGuid", channel.provider)
            .raw("Task", if channel.name == SYSMON.name { u64::from(id) } else { 12_544 })
            .raw("RecordNumber", self.record_number(machine))
            .raw("ExecutionProcessID", 704)
            .raw("ThreadID", self.random.between(400, 9_000))
            .text("Channel", channel.name)
            .text("Message", &message);
        for (name, value) in data {
            line = line.text(name, value);
        }
        let received = self.soon(at, 900);
        let line = line
            .text("EventReceivedTime", &blank_seconds(received))
            .text("SourceModuleName", "eventlog")
            .text("SourceModuleType", "im_msvistalog")
            .text("@timestamp", &iso_millis(at))
            .finish();
        self.write(Log::Windows, at, line);
    }

    fn sysmon(&mut self, at: Timestamp, machine: &Machine, event: (u32, &str, Vec<Data<'_>>)) {
        let (id, title, mut data) = event;
        data.insert(0, ("UtcTime", blank_millis(at)));
        data.insert(0, ("RuleName", "-".into()));
        self.windows(at, machine, &SYSMON, (id, title, &data));
    }

    /// A process id and the identifier that Sysmon gives the process.
    fn process(&mut self) -> [Data<'static>; 2] {
        let guid = format!("{{{}}}", self.random.uuid());
        [("ProcessGuid", guid), ("ProcessId", self.random.between(1_000, 9_999).to_string())]
    }

    /// Sysmon 1, and 4688 on servers: a program starts.
    pub(crate) fn starts(&mut self, at: Timestamp, machine: &Machine, start: &Start<'_>) {
        let name = file_name(start.image);
        let hashes = format!(
            "MD5={},SHA256={},IMPHASH={}",
            hash_of(name, 32),
            hash_of(start.image, 64),
            hash_of(&format!("imports of {name}"), 32)
        );
        let mut data = self.process().to_vec();
        data.extend([
            ("Image", start.image.into()),
            ("OriginalFileName", name.into()),
            ("CommandLine", start.command.into()),
            ("CurrentDirectory", "C:\\Windows\\system32\\".into()),
            ("User", format!("BRUNNFELD\\{}", start.user)),
            ("IntegrityLevel", "Medium".into()),
            ("Hashes", hashes),
            ("ParentProcessId", self.random.between(1_000, 9_999).to_string()),
            ("ParentImage", start.parent.into()),
            ("ParentCommandLine", format!("\"{}\"", start.parent)),
        ]);
        self.sysmon(at, machine, (1, "Process Create", data));
        if machine.kind == super::map::Kind::WindowsServer {
            let data = [
                ("SubjectUserName", start.user.into()),
                ("SubjectDomainName", "BRUNNFELD".into()),
                ("NewProcessId", format!("0x{:x}", self.random.between(1_000, 9_999))),
                ("NewProcessName", start.image.into()),
                ("CommandLine", start.command.into()),
                ("ParentProcessName", start.parent.into()),
                ("TokenElevationType", "%%1936".into()),
            ];
            self.windows(at, machine, &SECURITY, (4688, "A new process has been created", &data));
        }
    }

    /// Sysmon 3: a program opens a connection.
    pub(crate) fn connects(&mut self, at: Timestamp, machine: &Machine, image: &str, to: (&str, u64)) {
        let mut data = self.process().to_vec();
        data.extend([
            ("Image", image.into()),
            ("Protocol", "tcp".into()),
            ("Initiated", "true".into()),
            ("SourceIsIpv6", "false".into()),
            ("SourceIp", machine.address.into()),
            ("SourcePort", self.port().to_string()),
            ("DestinationIsIpv6", "false".into()),
            ("DestinationIp", to.0.into()),
            ("DestinationHostname", "-".into()),
            ("DestinationPort", to.1.to_string()),
        ]);
        self.sysmon(at, machine, (3, "Network connection detected", data));
    }

    /// Sysmon 7: a program loads a library.
    pub(crate) fn loads(&mut self, at: Timestamp, machine: &Machine, image: &str, library: &str) {
        let mut data = self.process().to_vec();
        data.extend([
            ("Image", image.into()),
            ("ImageLoaded", library.into()),
            ("Hashes", format!("MD5={},SHA256={}", hash_of(file_name(library), 32), hash_of(library, 64))),
            ("Signed", "true".into()),
            ("Signature", "Vendor of Windows".into()),
            ("SignatureStatus", "Valid".into()),
        ]);
        self.sysmon(at, machine, (7, "Image loaded", data));
    }

    /// Sysmon 11: a program creates a file.
    pub(crate) fn creates(&mut self, at: Timestamp, machine: &Machine, image: &str, file: &str) {
        let mut data = self.process().to_vec();
        data.extend([("Image", image.into()), ("TargetFilename", file.into()), ("CreationUtcTime", blank_millis(at))]);
        self.sysmon(at, machine, (11, "File created", data));
    }

    /// Sysmon 13: a program sets a value in the registry.
    pub(crate) fn sets(&mut self, at: Timestamp, machine: &Machine, image: &str, value: (&str, &str)) {
        let mut data = vec![("EventType", "SetValue".to_owned())];
        data.extend(self.process());
        data.extend([("Image", image.into()), ("TargetObject", value.0.into()), ("Details", value.1.into())]);
        self.sysmon(at, machine, (13, "Registry value set", data));
    }

    /// Sysmon 22: a program asks for a name.
    pub(crate) fn asks(&mut self, at: Timestamp, machine: &Machine, image: &str, query: (&str, &str)) {
        let mut data = self.process().to_vec();
        data.extend([
            ("QueryName", query.0.into()),
            ("QueryStatus", "0".into()),
            ("QueryResults", format!("::ffff:{};", query.1)),
            ("Image", image.into()),
        ]);
        self.sysmon(at, machine, (22, "Dns query", data));
    }

    /// 4624 or 4625: a log-in succeeds or fails. `kind` is the log-in type: 2 at the desk, 3 network, 10 remote desktop.
    pub(crate) fn logs_in(&mut self, at: Timestamp, machine: &Machine, user: &str, login: &Login<'_>) {
        let from = if login.kind == 2 { "127.0.0.1" } else { login.from };
        let mut data = vec![
            ("SubjectUserSid", "S-1-5-18".to_owned()),
            ("SubjectUserName", format!("{}$", machine.name.to_uppercase())),
            ("TargetUserName", user.into()),
            ("TargetDomainName", "BRUNNFELD".into()),
            ("LogonType", login.kind.to_string()),
            ("LogonProcessName", if login.kind == 3 { "NtLmSsp " } else { "User32 " }.into()),
            ("AuthenticationPackageName", if login.kind == 3 { "NTLM" } else { "Negotiate" }.into()),
            ("WorkstationName", machine.name.to_uppercase()),
            ("IpAddress", from.into()),
            ("IpPort", self.port().to_string()),
        ];
        if login.succeeds {
            data.push(("TargetLogonId", format!("0x{:x}", self.random.between(0x10_0000, 0xff_ffff))));
            self.windows(at, machine, &SECURITY, (4624, "An account was successfully logged on", &data));
        } else {
            data.push(("Status", "0xc000006d".into()));
            data.push(("SubStatus", "0xc000006a".into()));
            data.push(("FailureReason", "%%2313".into()));
            self.windows(at, machine, &SECURITY, (4625, "An account failed to log on", &data));
        }
    }

    /// 4672: a log-in gets an administrator's rights.
    pub(crate) fn gets_privileges(&mut self, at: Timestamp, machine: &Machine, user: &str) {
        let data = [
            ("SubjectUserName", user.to_owned()),
            ("SubjectDomainName", "BRUNNFELD".into()),
            ("PrivilegeList", "SeSecurityPrivilege\r\n\t\t\tSeBackupPrivilege\r\n\t\t\tSeDebugPrivilege".into()),
        ];
        self.windows(at, machine, &SECURITY, (4672, "Special privileges assigned to new logon", &data));
    }

    /// 4720: somebody makes an account.
    pub(crate) fn makes_account(&mut self, at: Timestamp, machine: &Machine, by: &str, account: &str) {
        let data = [
            ("TargetUserName", account.to_owned()),
            ("TargetDomainName", "BRUNNFELD".into()),
            ("SubjectUserName", by.into()),
            ("SubjectDomainName", "BRUNNFELD".into()),
            ("SamAccountName", account.into()),
        ];
        self.windows(at, machine, &SECURITY, (4720, "A user account was created", &data));
    }

    /// 1102: somebody clears the Security log.
    pub(crate) fn clears_log(&mut self, at: Timestamp, machine: &Machine, by: &str) {
        let data = [("SubjectUserName", by.to_owned()), ("SubjectDomainName", "BRUNNFELD".into())];
        self.windows(at, machine, &EVENTLOG, (1102, "The audit log was cleared", &data));
    }

    /// 4104: PowerShell runs a block of script.
    pub(crate) fn runs_script(&mut self, at: Timestamp, machine: &Machine, script: &str) {
        let data = [
            ("MessageNumber", "1".to_owned()),
            ("MessageTotal", "1".into()),
            ("ScriptBlockText", script.into()),
            ("ScriptBlockId", self.random.uuid()),
            ("Path", String::new()),
        ];
        self.windows(at, machine, &POWERSHELL, (4104, "Creating Scriptblock text (1 of 1)", &data));
    }
}

/// How somebody logs in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login<'a> {
    pub(crate) kind: u8,
    pub(crate) from: &'a str,
    pub(crate) succeeds: bool,
}

fn host(machine: &Machine) -> String {
    format!("{}.{DOMAIN}", machine.name)
}

fn file_name(path: &str) -> &str {
    path.rsplit('\\').next().unwrap_or(path)
}
