//! A day of one person, and what administrators do besides.

use std::time::Duration;

use model::Timestamp;

use super::profile::Profile;
use super::{Day, seat};
use crate::city::{Ends, Kind, Login, MACHINES, Stage, Start, at};
use crate::scenario::lines::{Flow, State};
use crate::scenario::moves::{Contact, Entry, Over, Via, around, case_file};
use crate::scenario::terms::Seat;

const EXPLORER: &str = "C:\\Windows\\explorer.exe";
const BROWSER: &str = "C:\\Program Files\\Browser\\browser.exe";
const WORD: &str = "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE";

/// Plays the day; `shift` is how many minutes later it begins than always.
pub(super) fn play(stage: &mut Stage, day: &Day, profile: &Profile, shift: i64) {
    let weekday = usize::try_from(day.weekday).unwrap_or(0);
    let chance = profile.days.get(weekday).copied().unwrap_or(0);
    if !stage.random.chance(chance, 100) {
        return;
    }
    let stray = stage.random.between(0, 2 * profile.stray_minutes + 1);
    let usual = (profile.starts_minute + stray).saturating_sub(profile.stray_minutes);
    let begins = usual.saturating_add_signed(shift).clamp(10, 1_300);
    let overtime = if stage.random.chance(profile.overtime, 100) { stage.random.between(40, 150) } else { 0 };
    let ends = (begins + profile.length_minutes + overtime).min(1_425);
    let is_weekend = day.weekday >= 5 && profile.days[5] < 50;
    let ends = if is_weekend { (begins + 120).min(ends) } else { ends };
    let start = minute(stage, day, begins);
    arrives(stage, day, profile, start);
    let count = stage.random.between(profile.actions.0, profile.actions.1 + 1);
    let count = if is_weekend { count / 4 } else { count };
    for _ in 0..count {
        let when = working_minute(stage, profile, begins, ends);
        let when = minute(stage, day, when);
        if when > start {
            action(stage, when, profile);
        }
    }
    if let Some(administrator) = administrator_of(profile) {
        administers(stage, day, administrator, (begins, ends));
    }
    if stage.random.chance(profile.evening, 100) {
        evening(stage, day, profile);
    }
}

fn minute(stage: &mut Stage, day: &Day, minute: u64) -> Timestamp {
    stage.soon(at(day.midnight, 0, minute, 0), 59_000)
}

/// A minute of the working day: more before or after lunch as the person is, hardly any at lunch.
fn working_minute(stage: &mut Stage, profile: &Profile, begins: u64, ends: u64) -> u64 {
    let lunch = profile.lunch_minute.clamp(begins + 1, ends.max(begins + 2));
    if stage.random.chance(3, 100) {
        return stage.random.between(lunch, (lunch + 35).min(ends));
    }
    if stage.random.chance(profile.morning, 100) {
        stage.random.between(begins, lunch)
    } else {
        stage.random.between((lunch + 35).min(ends), ends)
    }
}

fn arrives(stage: &mut Stage, day: &Day, profile: &Profile, start: Timestamp) {
    let name = &profile.name;
    let week = u64::from(day.number / 7);
    let desk = Entry { account: name, machine: profile.seat(), from: "127.0.0.1", via: Via::Desk };
    if stage.random.chance(profile.home_day, 100) {
        let from = profile.home_address(week);
        stage.enter(start.minus(Duration::from_secs(70)), &Entry { from: &from, via: Via::Vpn, ..desk });
        stage.enter(start, &Entry { from: &profile.tunnel_address(), via: Via::Rdp, ..desk });
    } else {
        if stage.random.chance(1, profile.typo) {
            stage.refuse(start.minus(Duration::from_secs(9)), &desk);
        }
        stage.enter(start, &desk);
    }
    let then = stage.soon(start, 4_000);
    let address = profile.machine.address;
    stage.logs_in(then, crate::city::find("dc01"), name, &Login { kind: 3, from: address, succeeds: true });
    stage.ticket(then, name, address, ("krbtgt", "0x12"));
    let drives = stage.soon(then, 20_000);
    share(stage, drives, profile);
}

/// An hour from home, in the evening.
fn evening(stage: &mut Stage, day: &Day, profile: &Profile) {
    let begin = stage.random.between(19 * 60, 22 * 60);
    let start = minute(stage, day, begin);
    let from = profile.home_address(u64::from(day.number / 7));
    let entry = Entry { account: &profile.name, machine: profile.seat(), from: &from, via: Via::Vpn };
    stage.enter(start, &entry);
    let then = stage.soon(start.plus(Duration::from_secs(40)), 40_000);
    stage.enter(then, &Entry { from: &profile.tunnel_address(), via: Via::Rdp, ..entry });
    for _ in 0..stage.random.between(2, 9) {
        let when = minute(stage, day, begin + 2);
        let when = stage.soon(when, 3_000_000);
        action(stage, when, profile);
    }
}

fn action(stage: &mut Stage, when: Timestamp, profile: &Profile) {
    match stage.random.between(0, 20) {
        0..=8 => browse(stage, when, profile),
        9..=12 => program(stage, when, profile),
        13 | 14 => {
            let number = stage.random.between(1, 400);
            let file = format!("C:\\Users\\{}\\Documents\\case-{number:03}.docx", profile.name);
            stage.creates(when, profile.machine, WORD, &file);
        }
        15 => {
            let key =
                "HKU\\S-1-5-21-1004\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\RecentDocs\\MRUListEx";
            stage.sets(when, profile.machine, EXPLORER, (key, "Binary Data"));
        }
        16 => mail(stage, when, profile),
        _ => share(stage, when, profile),
    }
}

/// A favourite place, the first of them most of all; now and then one where nobody was before.
fn browse(stage: &mut Stage, when: Timestamp, profile: &Profile) {
    let seat = profile.seat();
    if stage.random.chance(profile.curious, 1_000) {
        let number = stage.random.between(1, 4_000);
        let word = *stage.random.pick(&["garden", "hotel", "bikes", "school", "choir", "books", "dentist", "paint"]);
        let host = format!("www.{word}-{number}.example");
        let address = format!("198.51.100.{}", 2 + number % 120);
        return visit(stage, when, seat, (&host, &address), profile.visit_bytes);
    }
    let count = profile.sites.len() as u64;
    let (first, second) = (stage.random.between(0, count), stage.random.between(0, count));
    let at = usize::try_from(first.min(second)).unwrap_or(0);
    if let Some(site) = profile.sites.get(at) {
        visit(stage, when, seat, *site, profile.visit_bytes);
    }
}

fn visit(stage: &mut Stage, when: Timestamp, from: Seat, site: (&str, &str), bytes: u64) {
    let received = around(stage, bytes, 80) + 400;
    // One in sixty sends something along: a form, a picture, an attachment.
    let sent = if stage.random.chance(1, 60) { stage.random.between(200_000, 9_000_000) } else { received / 24 + 500 };
    let over = if site.0.starts_with("updates.") { Over::Http } else { Over::Https };
    let contact = Contact { from, image: BROWSER, host: site.0, address: site.1, over, sent, received };
    stage.contact(when, &contact);
}

fn program(stage: &mut Stage, when: Timestamp, profile: &Profile) {
    let (image, arguments) = *stage.random.pick(&profile.programs);
    let command = format!("\"{image}\" {arguments}");
    let start = Start { user: &profile.name, image, command: command.trim_end(), parent: EXPLORER };
    stage.starts(when, profile.machine, &start);
    let then = stage.soon(when, 200);
    stage.loads(then, profile.machine, image, "C:\\Windows\\System32\\uxtheme.dll");
    stage.loads(then, profile.machine, image, "C:\\Windows\\System32\\winhttp.dll");
}

fn mail(stage: &mut Stage, when: Timestamp, profile: &Profile) {
    let ends = Ends { from: profile.machine.address, to: seat("mail01").0.address, port: 443 };
    let (sent, received) = (stage.random.between(2_000, 400_000), stage.random.between(2_000, 600_000));
    let outlook = "C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE";
    stage.connects(when, profile.machine, outlook, (ends.to, 443));
    stage.flow(when, &ends, &Flow { service: "ssl", sent, received, millis: received / 900, state: State::Whole });
}

/// A look into the department's share.
fn share(stage: &mut Stage, when: Timestamp, profile: &Profile) {
    let from = profile.machine.address;
    let server = seat("file01");
    stage.enter(when, &Entry { account: &profile.name, machine: server, from, via: Via::Smb });
    let count = stage.random.between(profile.files.0, profile.files.1 + 1);
    let mut then = when.plus(Duration::from_secs(2));
    for _ in 0..count {
        then = stage.soon(then, 40_000);
        let file = case_file(stage);
        stage.share_file(then, server.0, (&profile.name, from), (profile.share, &file));
    }
}

/// The second account of somebody who administers.
fn administrator_of(profile: &Profile) -> Option<&'static str> {
    match profile.name.as_str() {
        "m.okafor" => Some("adm.okafor"),
        "n.weiss" => Some("adm.weiss"),
        _ => None,
    }
}

/// Administrators log in with keys and by remote desktop, look after machines, and each has scripts of their own.
fn administers(stage: &mut Stage, day: &Day, user: &str, (begins, ends): (u64, u64)) {
    let is_first = user == "adm.okafor";
    let own = seat(if is_first { "ws-it01" } else { "ws-it02" });
    let linux: Vec<_> = MACHINES.iter().filter(|machine| machine.kind == Kind::LinuxServer).collect();
    let windows: Vec<_> = MACHINES.iter().filter(|machine| machine.kind == Kind::WindowsServer).collect();
    for _ in 0..stage.random.between(4, 9) {
        let machine = Seat(stage.random.pick::<&crate::city::Machine>(&linux));
        let when = stage.random.between(begins, ends);
        let when = minute(stage, day, when);
        stage.enter(when, &Entry { account: user, machine, from: own.0.address, via: Via::Ssh });
        let command = *stage.random.pick(&[
            "/usr/bin/systemctl status chronyd",
            "/usr/bin/apt-get update",
            "/usr/bin/journalctl -u sshd --since today",
            "/usr/bin/df -h",
            "/usr/bin/tail -n 200 /var/log/nginx/error.log",
        ]);
        stage.sudo(when.plus(Duration::from_secs(40)), machine.0, user, command);
    }
    for _ in 0..stage.random.between(1, 5) {
        let machine = Seat(stage.random.pick::<&crate::city::Machine>(&windows));
        let when = stage.random.between(begins, ends);
        let when = minute(stage, day, when);
        stage.enter(when, &Entry { account: user, machine, from: own.0.address, via: Via::Rdp });
        stage.gets_privileges(when, machine.0, user);
    }
    let scripts: &[&str] = if is_first {
        &["Get-ADUser -Filter 'Enabled -eq $true' | Measure-Object", "Get-EventLog -LogName System -Newest 50"]
    } else {
        &["Get-Service | Where-Object Status -eq Stopped", "Test-Connection file01 -Count 2", "Get-Volume"]
    };
    let when = stage.random.between(begins, ends);
    let when = minute(stage, day, when);
    let script = *stage.random.pick(scripts);
    stage.runs_script(when, own.0, script);
    cloud_work(stage, day, user, (begins, ends));
}

/// The one who looks after the cloud.
fn cloud_work(stage: &mut Stage, day: &Day, user: &str, (begins, ends): (u64, u64)) {
    if user != "adm.okafor" || !stage.random.chance(2, 3) {
        return;
    }
    let when = stage.random.between(begins, ends);
    let when = minute(stage, day, when);
    stage.cloud_login(when, "m.okafor", "198.51.100.1", true);
    for _ in 0..stage.random.between(1, 7) {
        let then = stage.soon(when, 1_500_000);
        let (service, name) = *stage.random.pick(&[
            ("ec2", "DescribeInstances"),
            ("ec2", "CreateSnapshot"),
            ("ec2", "DescribeSnapshots"),
            ("s3", "ListBuckets"),
            ("iam", "ListUsers"),
            ("cloudwatch", "DescribeAlarms"),
            ("rds", "DescribeDBInstances"),
        ]);
        let call = crate::city::Call {
            user: "m.okafor",
            from: "198.51.100.1",
            service,
            name,
            read_only: !name.starts_with("Create"),
        };
        stage.cloud(then, &call, "null");
    }
}
