//! An ordinary day: people come, work and go; machines talk among themselves all the time.
//!
//! It holds what is easily taken for an attack and is none: mistyped passwords, administrators at work, backups that
//! list shadow copies, water operators who open valves, the noise of the internet at the firewall.

use std::time::Duration;

use model::Timestamp;

use super::cloud::Call;
use super::map::{ACCOUNTS, ADMINISTRATORS, Account, Kind, MACHINES, Machine, Rhythm, SITES, find};
use super::network::Ends;
use super::stage::{Stage, at};
use super::windows::{Login, Start};

const EXPLORER: &str = "C:\\Windows\\explorer.exe";
const BROWSER: &str = "C:\\Program Files\\Browser\\browser.exe";
const OFFICE: &str = "C:\\Program Files\\Microsoft Office\\root\\Office16";
const SVCHOST: &str = "C:\\Windows\\System32\\svchost.exe";

/// Plays the day that starts at `day`; `weekday` is 0 on Monday.
pub(crate) fn play(stage: &mut Stage, day: Timestamp, weekday: u32) {
    for account in ACCOUNTS {
        if weekday < 5 || account.rhythm == Rhythm::Duty {
            person(stage, day, account);
        }
    }
    for machine in MACHINES {
        match machine.kind {
            Kind::WindowsServer => windows_server(stage, day, machine),
            Kind::LinuxServer => linux_server(stage, day, machine),
            Kind::Workstation | Kind::Controller => {}
        }
    }
    if weekday < 5 {
        administrators(stage, day, weekday);
    }
    water(stage, day);
    backup(stage, day);
    internet(stage, day);
    cloud(stage, day, weekday);
}

/// A working day at a desk: most happens before and after noon.
fn person(stage: &mut Stage, day: Timestamp, account: &Account) {
    let machine = find(account.machine);
    let begins = stage.soon(at(day, 7, 20, 0), 80 * 60_000);
    if stage.random.chance(1, 6) {
        let typo = begins.minus(Duration::from_secs(9));
        stage.logs_in(typo, machine, account.name, &Login { kind: 2, from: "-", succeeds: false });
    }
    stage.logs_in(begins, machine, account.name, &Login { kind: 2, from: "-", succeeds: true });
    let network = Login { kind: 3, from: machine.address, succeeds: true };
    let later = stage.soon(begins, 4_000);
    stage.logs_in(later, find("dc01"), account.name, &network);
    for _ in 0..stage.random.between(34, 52) {
        let hour = *stage.random.pick(&[8, 8, 9, 9, 9, 10, 10, 10, 11, 11, 12, 13, 13, 14, 14, 14, 15, 15, 16]);
        let minute = stage.random.between(0, 60);
        let when = stage.soon(at(day, hour, minute, 0), 59_000);
        if when >= begins {
            action(stage, when, account, machine);
        }
    }
}

fn action(stage: &mut Stage, when: Timestamp, account: &Account, machine: &Machine) {
    match stage.random.between(0, 10) {
        0..=4 => browse(stage, when, machine),
        5 | 6 => open_program(stage, when, account, machine),
        7 => {
            let number = stage.random.between(1, 400);
            let file = format!("C:\\Users\\{}\\Documents\\case-{number:03}.docx", account.name);
            stage.creates(when, machine, &format!("{OFFICE}\\WINWORD.EXE"), &file);
        }
        8 => {
            let key =
                "HKU\\S-1-5-21-1004\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\RecentDocs\\MRUListEx";
            stage.sets(when, machine, EXPLORER, (key, "Binary Data"));
        }
        _ => {
            let file_server = find("file01");
            let ends = Ends { from: machine.address, to: file_server.address, port: 445 };
            stage.conn(when, &ends, "smb");
            let login = Login { kind: 3, from: machine.address, succeeds: true };
            stage.logs_in(when, file_server, account.name, &login);
        }
    }
}

fn browse(stage: &mut Stage, when: Timestamp, machine: &Machine) {
    let (host, address) = *stage.random.pick(SITES);
    stage.asks(when, machine, BROWSER, (host, address));
    stage.dns(when, machine, host, ("A", address));
    let then = stage.soon(when, 400);
    let plain = host.starts_with("updates.");
    let ends = Ends { from: machine.address, to: address, port: if plain { 80 } else { 443 } };
    stage.connects(then, machine, BROWSER, (address, ends.port));
    if plain {
        let build = stage.random.between(100, 999);
        stage.http(then, &ends, host, &format!("/catalog/{build}.txt"));
        stage.conn(then, &ends, "http");
    } else {
        stage.ssl(then, &ends, host);
        stage.conn(then, &ends, "ssl");
    }
}

fn open_program(stage: &mut Stage, when: Timestamp, account: &Account, machine: &Machine) {
    let (folder, program, arguments) = *stage.random.pick(&[
        (OFFICE, "OUTLOOK.EXE", ""),
        (OFFICE, "WINWORD.EXE", " /n \"C:\\Users\\Public\\Documents\\letter.docx\""),
        (OFFICE, "EXCEL.EXE", ""),
        ("C:\\Program Files\\Browser", "browser.exe", " --single-argument"),
        ("C:\\Program Files\\CaseDesk", "casedesk.exe", " /case new"),
        ("C:\\Windows\\System32", "notepad.exe", ""),
    ]);
    let image = format!("{folder}\\{program}");
    let command = format!("\"{image}\"{arguments}");
    let start = Start { user: account.name, image: &image, command: &command, parent: EXPLORER };
    stage.starts(when, machine, &start);
    let then = stage.soon(when, 200);
    stage.loads(then, machine, &image, "C:\\Windows\\System32\\uxtheme.dll");
    stage.loads(then, machine, &image, "C:\\Windows\\System32\\winhttp.dll");
}

fn windows_server(stage: &mut Stage, day: Timestamp, machine: &Machine) {
    for hour in 0..24 {
        let minute = stage.random.between(0, 60);
        let when = at(day, hour, minute, 7);
        let command = "C:\\Windows\\System32\\taskhostw.exe Regular";
        let image = "C:\\Windows\\System32\\taskhostw.exe";
        stage.starts(when, machine, &Start { user: "SYSTEM", image, command, parent: SVCHOST });
        let key = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Diagnostics\\LastRun";
        stage.sets(when, machine, SVCHOST, (key, "QWORD (0x00000000-0x01d6908c)"));
    }
}

fn linux_server(stage: &mut Stage, day: Timestamp, machine: &Machine) {
    for hour in 0..24 {
        stage.syslog(at(day, hour, 17, 1), machine, "CRON", "(root) CMD (cd / && run-parts --report /etc/cron.hourly)");
        let offset = stage.random.between(1, 900);
        let text = format!("Selected source 192.0.2.60, offset 0.000{offset:03} s");
        stage.syslog(at(day, hour, 41, 3), machine, "chronyd", &text);
    }
}

/// Administrators log in with keys, look after machines, and now and then make an account for a new colleague.
fn administrators(stage: &mut Stage, day: Timestamp, weekday: u32) {
    let linux: Vec<_> = MACHINES.iter().filter(|machine| machine.kind == Kind::LinuxServer).collect();
    for (user, seat) in ADMINISTRATORS.iter().zip(["ws-it01", "ws-it02"]) {
        let seat = find(seat);
        for _ in 0..6 {
            let machine = *stage.random.pick(&linux);
            let (hour, minute) = (stage.random.between(8, 17), stage.random.between(0, 60));
            let when = at(day, hour, minute, 12);
            stage.ssh(when, machine, user, (seat.address, "publickey", true));
            let command = *stage.random.pick(&[
                "/usr/bin/systemctl status chronyd",
                "/usr/bin/apt-get update",
                "/usr/bin/journalctl -u sshd --since today",
            ]);
            stage.sudo(when.plus(Duration::from_secs(40)), machine, user, command);
        }
        let when = at(day, 9, 40, 0);
        let controller = find("dc01");
        stage.logs_in(when, controller, user, &Login { kind: 10, from: seat.address, succeeds: true });
        stage.gets_privileges(when, controller, user);
        stage.runs_script(at(day, 10, 5, 0), seat, "Get-ADUser -Filter 'Enabled -eq $true' | Measure-Object");
    }
    if weekday == 1 {
        stage.makes_account(at(day, 10, 30, 0), find("dc01"), "svc-hr-onboarding", "q.abara");
    }
}

/// The operators' station reads every controller every five minutes; by day a person writes a set point.
fn water(stage: &mut Stage, day: Timestamp) {
    let station = find("scada-ops01");
    for plc in MACHINES.iter().filter(|machine| machine.kind == Kind::Controller) {
        let ends = Ends { from: station.address, to: plc.address, port: 502 };
        for tick in 0..24 * 12 {
            let when = stage.soon(day.plus(Duration::from_secs(tick * 300)), 2_000);
            stage.modbus(when, &ends, "READ_HOLDING_REGISTERS");
            if tick % 12 == 0 {
                stage.conn(when, &ends, "modbus");
            }
        }
    }
    for hour in [8, 13] {
        let ends = Ends { from: station.address, to: find("plc-pump01").address, port: 502 };
        stage.modbus(at(day, hour, 2, 30), &ends, "WRITE_SINGLE_REGISTER");
    }
}

fn backup(stage: &mut Stage, day: Timestamp) {
    let machine = find("backup01");
    let when = at(day, 23, 0, 5);
    let service = "C:\\Program Files\\Backup\\agent.exe";
    for (image, command) in [
        ("C:\\Windows\\System32\\vssadmin.exe", "vssadmin.exe list shadows"),
        ("C:\\Windows\\System32\\wbadmin.exe", "wbadmin.exe start backup -backupTarget:\\\\file01\\backup -quiet"),
    ] {
        stage.starts(when, machine, &Start { user: "svc-backup", image, command, parent: service });
    }
}

/// The noise of the internet: packets that the firewall drops, and strangers who try names on the jump host.
pub(crate) fn internet(stage: &mut Stage, day: Timestamp) {
    let (firewall, jump) = (find("fw01"), find("jump01"));
    for minute in 0..24 * 60 {
        let when = stage.soon(day.plus(Duration::from_secs(minute * 60)), 59_000);
        let from = format!("198.51.100.{}", stage.random.between(128, 254));
        let port = *stage.random.pick(&[22, 23, 80, 443, 445, 1433, 3389, 5900, 8080]);
        stage.drops(when, firewall, &from, port);
        if stage.random.chance(1, 40) {
            let name = *stage.random.pick(&["root", "admin", "test", "oracle"]);
            stage.ssh(when, jump, name, (&from, "password", false));
        }
        if stage.random.chance(1, 60) {
            let ends = Ends { from: &from, to: "198.51.100.1", port };
            stage.alert(when, &ends, (9_000_010, "BRUNNFELD INFO inbound connection to closed port", 3));
        }
    }
}

fn cloud(stage: &mut Stage, day: Timestamp, weekday: u32) {
    for hour in 0..24 {
        for (service, name) in [("ec2", "DescribeInstances"), ("s3", "ListBuckets"), ("cloudwatch", "DescribeAlarms")] {
            let minute = stage.random.between(0, 60);
            let call = Call { user: "portal-monitor", from: "192.0.2.50", service, name, read_only: true };
            stage.cloud(at(day, hour, minute, 20), &call, "null");
        }
    }
    if weekday < 5 {
        stage.cloud_login(at(day, 8, 50, 0), "m.okafor", "198.51.100.1", true);
        let call =
            Call { user: "m.okafor", from: "198.51.100.1", service: "ec2", name: "CreateSnapshot", read_only: false };
        stage.cloud(at(day, 8, 57, 0), &call, "{\"description\":\"before update\"}");
    }
}
