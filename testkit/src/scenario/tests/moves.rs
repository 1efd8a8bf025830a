//! Each move of the vocabulary, and what it writes.

use std::collections::BTreeSet;

use super::super::Scenario;
use super::super::moves::Move;
use super::{played, step, text_of};
use crate::city::Log;

/// A move with its parameters; how many of the scene's lines in a file have all of the texts.
struct Case {
    step: &'static str,
    log: Log,
    texts: &'static [&'static str],
    least: usize,
    most: usize,
}

const fn case(step: &'static str, log: Log, texts: &'static [&'static str], (least, most): (usize, usize)) -> Case {
    Case { step, log, texts, least, most }
}

const CASES: &[Case] = &[
    case(
        r#"move = "guess-passwords"; via = "vpn"; from = "203.0.113.7"; accounts = ["a.lindner", "b.oyelaran"]; count = 10; every = "20s"; succeeds = "a.lindner""#,
        Log::Syslog,
        &["ssl-login-fail", "remip=203.0.113.7"],
        (10, 10),
    ),
    case(
        r#"move = "guess-passwords"; via = "smb"; from = "ws-hall01"; accounts = ["a.lindner"]; count = 7; every = "1h""#,
        Log::Windows,
        &["\"EventID\":4625", "\"IpAddress\":\"10.20.22.11\"", "dc01.brunnfeld.example"],
        (7, 7),
    ),
    case(
        r#"move = "guess-passwords"; via = "ssh-password"; machine = "jump01"; from = "2001:db8:2::9"; accounts = ["root"]; count = 4; every = "9s"; succeeds = "root""#,
        Log::Syslog,
        &["Failed password for root from 2001:db8:2::9"],
        (4, 4),
    ),
    case(
        r#"move = "guess-passwords"; via = "cloud"; from = "203.0.113.7"; accounts = ["n.weiss"]; count = 3; every = "9s""#,
        Log::CloudTrail,
        &["\"ConsoleLogin\":\"Failure\"", "203.0.113.7"],
        (3, 3),
    ),
    case(
        r#"move = "log-in"; account = "h.brandt"; from = "203.0.113.9"; via = "vpn""#,
        Log::Syslog,
        &["action=\"tunnel-up\"", "user=\"h.brandt\""],
        (1, 1),
    ),
    case(
        r#"move = "log-in"; account = "h.brandt"; machine = "siren-ops01"; from = "ws-it01"; via = "rdp"; count = 5; hours = "22-05""#,
        Log::Windows,
        &["\"EventID\":4624", "\"LogonType\":\"10\"", "\"TargetUserName\":\"h.brandt\""],
        (5, 5),
    ),
    case(
        r#"move = "log-in"; account = "n.weiss"; from = "203.0.113.9"; via = "cloud-password""#,
        Log::CloudTrail,
        &["ConsoleLogin", "\"MFAUsed\":\"No\""],
        (1, 1),
    ),
    case(
        r#"move = "move-laterally"; account = "adm.weiss"; from = "ws-it02"; to = ["tax-web01", "tax-db01"]; via = "ssh"; command = "/usr/bin/id""#,
        Log::Syslog,
        &["sudo", "COMMAND=/usr/bin/id"],
        (2, 2),
    ),
    case(
        r#"move = "move-laterally"; account = "adm.weiss"; from = "ws-it02"; to = ["tax-app01"]; via = "winrm"; command = "whoami""#,
        Log::Zeek,
        &["\"id.resp_p\":5985", "\"id.orig_h\":\"10.20.23.12\""],
        (1, 1),
    ),
    case(
        r#"move = "make-account"; by = "h.brandt"; account = "helpdesk2""#,
        Log::Windows,
        &["\"EventID\":4720", "helpdesk2"],
        (1, 1),
    ),
    case(
        r#"move = "join-group"; by = "h.brandt"; account = "helpdesk2"; group = "Domain Admins""#,
        Log::Windows,
        &["\"EventID\":4728", "Domain Admins", "CN=helpdesk2"],
        (1, 1),
    ),
    case(
        r#"move = "ask-tickets"; account = "k.larsen"; from = "ws-hall03"; count = 12; every = "3s"; encryption = "rc4""#,
        Log::Windows,
        &["\"EventID\":4769", "\"TicketEncryptionType\":\"0x17\"", "::ffff:10.20.22.13"],
        (12, 12),
    ),
    case(
        r#"move = "run-program"; machine = "ws-hall01"; account = "i.nowak"; image = 'C:\Temp\a.exe'; arguments = "-x"; count = 3; every = "2h""#,
        Log::Windows,
        &["\"EventID\":1,", "\"CommandLine\":\"\\\"C:\\\\Temp\\\\a.exe\\\" -x\""],
        (3, 3),
    ),
    case(
        r#"move = "run-program"; machine = "tax-db01"; account = "root"; image = "/usr/bin/tar"; arguments = "czf a b""#,
        Log::Auditd,
        &["type=EXECVE", "a0=\"/usr/bin/tar\""],
        (1, 1),
    ),
    case(
        r#"move = "run-powershell"; machine = "ws-hall01"; account = "i.nowak"; script = "whoami"; style = "encoded""#,
        Log::Windows,
        &["-Enc dwBoAG8AYQBtAGkA"],
        (1, 1),
    ),
    case(
        r#"move = "run-as-root"; machine = "siren-ctl01"; account = "h.brandt"; command = "/usr/bin/id""#,
        Log::Auditd,
        &["type=SYSCALL", "node=siren-ctl01"],
        (1, 1),
    ),
    case(
        r#"move = "make-service"; machine = "file01"; name = "Upd"; image = 'C:\Temp\u.exe'"#,
        Log::Windows,
        &["\"EventID\":7045", "\"Channel\":\"System\"", "\"ServiceName\":\"Upd\""],
        (1, 1),
    ),
    case(
        r#"move = "make-task"; machine = "ws-hall01"; account = "i.nowak"; name = "Upd"; command = 'C:\a&b.exe'"#,
        Log::Windows,
        &["\"EventID\":4698", "a&amp;b.exe"],
        (1, 1),
    ),
    case(
        r#"move = "drop-file"; machine = "ws-hall01"; image = 'C:\a.exe'; file = 'C:\b.exe'"#,
        Log::Windows,
        &["\"EventID\":11,", "\"TargetFilename\":\"C:\\\\b.exe\""],
        (1, 1),
    ),
    case(
        r#"move = "load-library"; machine = "ws-hall01"; image = 'C:\a.exe'; library = 'C:\b.dll'"#,
        Log::Windows,
        &["\"EventID\":7,", "\"ImageLoaded\":\"C:\\\\b.dll\""],
        (1, 1),
    ),
    case(
        r#"move = "set-registry"; machine = "ws-hall01"; image = 'C:\a.exe'; key = 'HKU\Run\a'; value = "b""#,
        Log::Windows,
        &["\"EventID\":13,", "HKU\\\\Run\\\\a"],
        (1, 1),
    ),
    case(
        r#"move = "change-files"; machine = "ws-hall01"; image = 'C:\a.exe'; folder = 'C:\d'; ending = ".x"; count = 60; every = "1s""#,
        Log::Windows,
        &["\"EventID\":11,", ".docx.x\""],
        (60, 60),
    ),
    case(
        r#"move = "read-files"; account = "e.haddad"; from = "ws-welfare02"; share = "personnel"; count = 30; hours = "18-20""#,
        Log::Windows,
        &["\"EventID\":5145", "\\\\*\\\\personnel", "@timestamp\":\"2026-03-02T1"],
        (30, 30),
    ),
    case(
        r#"move = "clear-log"; machine = "ws-hall01"; account = "i.nowak""#,
        Log::Windows,
        &["\"EventID\":1102"],
        (1, 1),
    ),
    case(
        r#"move = "beacon"; machine = "ws-hall01"; image = 'C:\a.exe'; host = "a.example"; address = "203.0.113.2"; over = "https"; every = "1h"; jitter = 10"#,
        Log::Zeek,
        &["\"_path\":\"conn\"", "\"id.resp_h\":\"203.0.113.2\""],
        (23, 24),
    ),
    case(
        r#"move = "beacon"; machine = "tax-web01"; host = "a.example"; address = "203.0.113.2"; over = "dns"; every = "2h""#,
        Log::Zeek,
        &["\"_path\":\"dns\"", "a.example"],
        (12, 12),
    ),
    case(
        r#"move = "beacon"; machine = "tax-web01"; host = "a.example"; address = "203.0.113.2"; over = "http"; every = "6h"; sent = 1000; stray = 0"#,
        Log::Zeek,
        &["\"_path\":\"http\"", "\"request_body_len\":1000,"],
        (4, 4),
    ),
    case(
        r#"move = "tunnel-dns"; machine = "ws-hall01"; domain = "t.example"; every = "10m"; digits = 130; hours = "10-12""#,
        Log::Zeek,
        &["\"qtype_name\":\"TXT\"", ".t.example\""],
        (12, 12),
    ),
    case(
        r#"move = "send-out"; machine = "tax-db01"; host = "s.example"; address = "203.0.113.3"; over = "ssh"; bytes = 5000000000; stray = 0"#,
        Log::Zeek,
        &["\"orig_bytes\":5000000000,", "\"id.resp_p\":22"],
        (1, 1),
    ),
    case(
        r#"move = "send-out"; machine = "ws-it02"; host = "s.example"; address = "203.0.113.3"; over = "https"; bytes = 9000; every = "3h""#,
        Log::Zeek,
        &["\"_path\":\"ssl\"", "s.example"],
        (8, 8),
    ),
    case(
        r#"move = "scan"; from = "ws-hall01"; targets = ["dc01", "file01", "tax-db01"]; ports = [22, 445, 9999]; every = "5m""#,
        Log::Zeek,
        &["\"_path\":\"conn\"", "\"id.orig_h\":\"10.20.22.11\""],
        (9, 9),
    ),
    case(
        r#"move = "visit"; to = "tax-web01"; who = "flood"; count = 300; sources = 4; lasts = "10m""#,
        Log::Zeek,
        &["\"conn_state\":\"S0\"", "2001:db8:2::"],
        (100, 200),
    ),
    case(
        r#"move = "visit"; to = "tax-web01"; who = "crowd"; count = 300; sources = 250; lasts = "2h""#,
        Log::Zeek,
        &["\"conn_state\":\"SF\"", "2001:db8:1:"],
        (300, 300),
    ),
    case(
        r#"move = "cloud-call"; identity = "portal-monitor"; from = "203.0.113.5"; service = "ec2"; call = "RunInstances"; region = "eu-north-1"; error = "AccessDenied"; count = 4"#,
        Log::CloudTrail,
        &["\"awsRegion\":\"eu-north-1\"", "\"errorCode\":\"AccessDenied\"", "\"readOnly\":false"],
        (4, 4),
    ),
    case(
        r#"move = "command-controller"; from = "ws-hall04"; controller = "plc-water02"; function = "WRITE_SINGLE_REGISTER"; register = 41; values = [390]"#,
        Log::Zeek,
        &["modbus_detailed", "\"address\":41,", "\"request_values\":\"390\""],
        (1, 1),
    ),
    case(
        r#"move = "falsify-sensor"; controller = "plc-water02"; sensor = "chlorine"; how = "offset"; amount = 5000; lasts = "1h""#,
        Log::Zeek,
        &["modbus_detailed", "\"response_values\":"],
        (11, 13),
    ),
    case(
        r#"move = "shift-hours"; accounts = ["all"]; minutes = 300"#,
        Log::Windows,
        &["\"EventID\":4624", "\"LogonType\":\"2\""],
        (5, 13),
    ),
    case(
        r#"move = "new-employee"; account = "r.keller"; machine = "ws-spare01""#,
        Log::Windows,
        &["r.keller"],
        (2, 900),
    ),
    case(
        r#"move = "night-work"; account = "adm.weiss"; from = "192.0.2.150"; machines = ["dns01", "dc01"]; after = "13h""#,
        Log::Windows,
        &["\"LogonType\":\"10\"", "adm.weiss"],
        (1, 1),
    ),
    case(
        r#"move = "patch-night"; machines = ["dc01", "tax-db01"]"#,
        Log::Windows,
        &["wusa.exe", "\"EventID\":1,"],
        (1, 1),
    ),
    case(
        r#"move = "roll-out"; machines = ["ws-hall01", "ws-hall02"]; image = 'C:\New\new.exe'; service = "New""#,
        Log::Windows,
        &["\"EventID\":7045", "New"],
        (2, 2),
    ),
    case(
        r#"move = "move-backup"; hour = 3; percent = 200"#,
        Log::Zeek,
        &["\"id.resp_p\":9102", "\"id.resp_h\":\"10.20.1.30\"", "2026-03-02T03:"],
        (4, 5),
    ),
    case(
        r#"move = "new-printer"; address = "10.20.22.90"; machines = ["ws-hall01"]; jobs = 5"#,
        Log::Zeek,
        &["\"id.resp_h\":\"10.20.22.90\"", "\"id.resp_p\":9100"],
        (1, 10),
    ),
];

#[test]
fn each_move_writes_what_it_says() {
    for case in CASES {
        let scenario =
            Scenario::parse(&text_of(&step(case.step))).unwrap_or_else(|error| panic!("{}: {error}", case.step));
        let lines = played(&scenario);
        let own: Vec<_> = lines.iter().filter(|line| line.scene == Some(0) && line.log == case.log).collect();
        let found = own.iter().filter(|line| case.texts.iter().all(|text| line.text.contains(text))).count();
        assert!((case.least..=case.most).contains(&found), "{}: {found} of {} lines", case.step, own.len());
    }
}

#[test]
fn the_table_has_every_move() {
    let named: BTreeSet<&str> = CASES.iter().filter_map(|case| case.step.split('"').nth(1)).collect();
    // A holiday writes nothing; a test of its own shows that.
    let known: BTreeSet<&str> = Move::NAMES.iter().copied().filter(|name| *name != "holiday").collect();
    assert_eq!(named, known);
}

#[test]
fn the_guide_has_every_move() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/simulate.md");
    let guide = std::fs::read_to_string(path).unwrap();
    for name in Move::NAMES {
        assert!(guide.contains(&format!("| `{name}` |")), "{name} is not in the guide");
    }
}

#[test]
fn who_is_on_holiday_does_nothing() {
    // Who logs in at a desk on the first day.
    let desks = |steps: &str| -> BTreeSet<String> {
        let lines = played(&Scenario::parse(&text_of(steps)).unwrap());
        let is_desk = |text: &str| {
            ["\"EventTime\":\"2026-03-02", "\"EventID\":4624", "\"LogonType\":\"2\""]
                .iter()
                .all(|part| text.contains(part))
        };
        let users = lines.iter().filter(|line| is_desk(&line.text)).filter_map(|line| {
            let (_, rest) = line.text.split_once("\"TargetUserName\":\"")?;
            rest.split_once('"').map(|(name, _)| name.to_owned())
        });
        users.collect()
    };
    let duty = ["h.brandt", "o.castillo", "p.tanaka"];
    let usual = desks(&step(r#"move = "make-account"; by = "x"; account = "y""#));
    let one = usual.iter().find(|name| !duty.contains(&name.as_str())).unwrap().clone();
    let without_one = desks(&step(&format!("move = \"holiday\"; accounts = [\"{one}\"]")));
    assert_eq!(without_one, usual.iter().filter(|name| **name != one).cloned().collect());
    let all = desks(&step(r#"move = "holiday"; accounts = ["all"]"#));
    assert_eq!(all, usual.into_iter().filter(|name| duty.contains(&name.as_str())).collect());
}

#[test]
fn sensors_lie_as_they_are_told() {
    let values = |how: &str| -> Vec<Vec<i64>> {
        let text =
            format!(r#"move = "falsify-sensor"; controller = "plc-water02"; sensor = "level"; lasts = "6h"; {how}"#);
        let lines = played(&Scenario::parse(&text_of(&step(&text))).unwrap());
        let told = lines.iter().filter(|line| line.scene == Some(0)).filter_map(|line| {
            let (_, rest) = line.text.split_once("\"response_values\":\"")?;
            let (numbers, _) = rest.split_once('"')?;
            numbers.split(',').map(|number| number.parse().ok()).collect::<Option<Vec<i64>>>()
        });
        told.collect()
    };
    let level = |how: &str| values(how).iter().map(|told| told[0]).collect::<Vec<_>>();
    let tiny = level(r#"how = "offset"; amount = 1"#);
    let off = level(r#"how = "offset"; amount = 501"#);
    assert!(tiny.len() >= 70);
    assert!(tiny.iter().zip(&off).all(|(truth, told)| told - truth == 500));
    let drift: Vec<i64> =
        level(r#"how = "drift"; amount = 1000"#).iter().zip(&tiny).map(|(told, truth)| told - truth).collect();
    assert!(drift[0] < 20 && drift[drift.len() - 1] > 950, "{drift:?}");
    let frozen = level(r#"how = "freeze""#);
    assert!(frozen.iter().all(|told| *told == frozen[0]));
    assert_ne!(level(r#"how = "replay""#), tiny);
    // The others go on telling the truth.
    let others = |how: &str| values(how).iter().map(|told| told[1..].to_vec()).collect::<Vec<_>>();
    assert_eq!(others(r#"how = "freeze""#), others(r#"how = "offset"; amount = 1"#));
}
