//! What machines do by themselves: tasks, clocks, telemetry, backups, services that ask each other, mail, the cloud's
//! watch, and citizens at the portals.

use std::time::Duration;

use model::Timestamp;

use super::{Day, seat, seed_of};
use crate::city::{Call, Ends, Kind, MACHINES, Machine, Stage, Start, at};
use crate::random::Random;
use crate::scenario::lines::{CloudCallLine, Flow, State};
use crate::scenario::moves::{AGENT, Contact, HOME_REGION, Over, around};
use crate::scenario::terms::Seat;

const SVCHOST: &str = "C:\\Windows\\System32\\svchost.exe";

/// Visitors of a portal by hour of the day, in parts.
const VISITS: [u64; 24] = [2, 1, 1, 1, 1, 2, 6, 14, 26, 34, 38, 36, 30, 31, 33, 30, 27, 26, 27, 28, 24, 16, 9, 4];

pub(super) fn play(stage: &mut Stage, day: &Day, seed: u64) {
    for machine in MACHINES {
        let mut own = Random::new(seed_of(seed, machine.name));
        match machine.kind {
            Kind::WindowsServer => windows_server(stage, day, machine, &mut own),
            Kind::LinuxServer => linux_server(stage, day, machine, &mut own),
            Kind::Workstation => workstation(stage, day, machine, &mut own),
            Kind::Controller => {}
        }
    }
    let weekend = day.weekday >= 5;
    portal(stage, day, ("tax-web01", "tax-app01", "tax-db01"), if weekend { 90 } else { 190 });
    portal(stage, day, ("welfare-web01", "welfare-app01", "welfare-db01"), if weekend { 20 } else { 70 });
    mail(stage, day, if weekend { 30 } else { 140 });
    historian(stage, day);
    cloud(stage, day);
}

/// Tasks of a server: some that all have, some of its own, each at its own minute.
fn windows_server(stage: &mut Stage, day: &Day, machine: &Machine, own: &mut Random) {
    let offset = own.between(0, 60);
    let tasks = [
        "C:\\Windows\\System32\\taskhostw.exe",
        "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe",
        "C:\\Windows\\System32\\sppsvc.exe",
        "C:\\Program Files\\Monitoring\\agent-check.exe",
        "C:\\Windows\\System32\\gpupdate.exe",
        "C:\\Program Files\\Reports\\collect.exe",
    ];
    let mine: Vec<&str> = tasks.into_iter().filter(|_| own.chance(2, 3)).collect();
    for hour in 0..24 {
        let when = stage.soon(at(day.midnight, hour, offset, 7), 60_000);
        for (number, image) in (0..).zip(&mine) {
            // Not all of them every hour.
            if (hour + number) % (number + 1) == 0 {
                let then = stage.soon(when.plus(Duration::from_secs(number * 70)), 20_000);
                let command = format!("{image} Regular");
                stage.starts(then, machine, &Start { user: "SYSTEM", image, command: &command, parent: SVCHOST });
            }
        }
        let key = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Diagnostics\\LastRun";
        stage.sets(when, machine, SVCHOST, (key, "QWORD (0x00000000-0x01d6908c)"));
    }
    telemetry(stage, day, machine, own);
    if stage.random.chance(3, 10) {
        download(stage, day, machine);
    }
}

/// The vendor's files come from whichever of its many mirrors is near, at whatever time: new names are nothing new.
fn download(stage: &mut Stage, day: &Day, machine: &Machine) {
    let (hour, minute) = (stage.random.between(0, 24), stage.random.between(0, 60));
    let when = stage.soon(at(day.midnight, hour, minute, 0), 59_000);
    let mirror = stage.random.between(1, 60);
    let received = stage.random.between(90_000, 30_000_000);
    let contact = Contact {
        from: Seat::of(machine.name),
        image: SVCHOST,
        host: &format!("dl{mirror}.vendor-cdn.example"),
        address: &format!("198.51.100.{}", 60 + mirror),
        over: Over::Https,
        sent: received / 70 + 1_200,
        received,
    };
    stage.contact(when, &contact);
}

/// What calls home and means no harm: every machine at its own beat.
fn telemetry(stage: &mut Stage, day: &Day, machine: &Machine, own: &mut Random) {
    let every = own.between(50, 70) * 60;
    let first = own.between(0, every);
    let bytes = own.between(900, 9_000);
    let from = Seat::of(machine.name);
    let mut passed = first;
    while passed < 86_400 {
        let when = stage.soon(day.midnight.plus(Duration::from_secs(passed)), 25_000);
        let contact = Contact {
            from,
            image: SVCHOST,
            host: "telemetry.vendor.example",
            address: "192.0.2.31",
            over: Over::Https,
            sent: around(stage, bytes, 6),
            received: around(stage, 700, 5),
        };
        stage.contact(when, &contact);
        passed += every;
    }
}

/// Workplaces call home only while they are switched on, and most are by day.
fn workstation(stage: &mut Stage, day: &Day, machine: &Machine, own: &mut Random) {
    let stays_on = own.chance(1, 4);
    if day.weekday < 5 && stage.random.chance(1, 7) {
        download(stage, day, machine);
    }
    if stays_on {
        telemetry(stage, day, machine, own);
    } else if day.weekday < 5 {
        let when = stage.soon(at(day.midnight, 9, own.between(0, 60), 0), 900_000);
        stage.asks_clock(when, machine.address);
    }
}

/// Cron, the clock, and entries of its own.
fn linux_server(stage: &mut Stage, day: &Day, machine: &Machine, own: &mut Random) {
    let entries = [
        "/usr/local/bin/rotate-reports",
        "/usr/lib/sysstat/sa1 1 1",
        "/usr/bin/certbot renew --quiet",
        "/usr/local/bin/check-queue",
        "/usr/bin/find /var/tmp -mtime +7 -delete",
    ];
    let mine: Vec<&str> = entries.into_iter().filter(|_| own.chance(1, 2)).collect();
    let minute = own.between(5, 55);
    for hour in 0..24 {
        let hourly = at(day.midnight, hour, 17, 1);
        stage.syslog(hourly, machine, "CRON", "(root) CMD (cd / && run-parts --report /etc/cron.hourly)");
        let when = at(day.midnight, hour, minute, 1);
        if let Some(entry) = mine.get(hour as usize % (mine.len() + 1)) {
            stage.syslog(when, machine, "CRON", &format!("(root) CMD ({entry})"));
        }
        let offset = stage.random.between(1, 900);
        let text = format!("Selected source 192.0.2.60, offset 0.000{offset:03} s");
        stage.syslog(at(day.midnight, hour, 41, 3), machine, "chronyd", &text);
        stage.asks_clock(at(day.midnight, hour, 41, 3), machine.address);
    }
    if own.chance(1, 2) {
        let when = stage.soon(at(day.midnight, 6, minute, 0), 600_000);
        let received = stage.random.between(30_000, 4_000_000);
        let contact = Contact {
            from: Seat::of(machine.name),
            image: "",
            host: "packages.linux.example",
            address: "192.0.2.96",
            over: Over::Https,
            sent: received / 60 + 700,
            received,
        };
        stage.contact(when, &contact);
    }
}

/// Citizens at a portal, and what each of their visits sets going behind it.
fn portal(stage: &mut Stage, day: &Day, names: (&str, &str, &str), visits: u64) {
    let (web, app, base) = (seat(names.0).0, seat(names.1).0, seat(names.2).0);
    let whole: u64 = VISITS.iter().sum();
    for (hour, part) in (0..).zip(VISITS) {
        let expected = visits * part;
        let count = expected / whole + u64::from(stage.random.chance(expected % whole, whole));
        for _ in 0..around(stage, count, 30) {
            let minute = stage.random.between(0, 60);
            let when = stage.soon(at(day.midnight, hour, minute, 0), 59_000);
            let from = format!("2001:db8:1:{:x}::1", stage.random.between(1, 60_000));
            visit(stage, when, (&from, web), (app, base));
        }
    }
}

fn visit(stage: &mut Stage, when: Timestamp, (from, web): (&str, &Machine), (app, base): (&Machine, &Machine)) {
    let received = stage.random.between(8_000, 900_000);
    let sent = stage.random.between(900, 9_000);
    let ends = Ends { from, to: web.address, port: 443 };
    let whole = |service, sent, received, millis| Flow { service, sent, received, millis, state: State::Whole };
    stage.ssl(when, &ends, "www.brunnfeld.example");
    stage.flow(when, &ends, &whole("ssl", sent, received, received / 300));
    let ends = Ends { from: web.address, to: app.address, port: 8_080 };
    stage.flow(when, &ends, &whole("http", sent / 2 + 300, received / 6 + 200, 35));
    let ends = Ends { from: app.address, to: base.address, port: 5_432 };
    stage.flow(when, &ends, &whole("", 700, received / 20 + 100, 9));
}

/// Mail that comes and goes.
fn mail(stage: &mut Stage, day: &Day, count: u64) {
    let server = seat("mail01").0;
    for _ in 0..around(stage, count, 20) {
        let hour = stage.random.between(6, 20);
        let minute = stage.random.between(0, 60);
        let when = stage.soon(at(day.midnight, hour, minute, 0), 59_000);
        let other = format!("192.0.2.{}", stage.random.between(106, 126));
        let size = stage.random.between(2_000, 60_000) * if stage.random.chance(1, 12) { 40 } else { 1 };
        let (from, to) = if stage.random.chance(1, 3) { (server.address, &*other) } else { (&*other, server.address) };
        let flow = Flow { service: "smtp", sent: size, received: 900, millis: size / 400 + 200, state: State::Whole };
        stage.flow(when, &Ends { from, to, port: 25 }, &flow);
    }
}

/// The historian fetches what the operators' station has read, every ten minutes.
fn historian(stage: &mut Stage, day: &Day) {
    let ends = Ends { from: seat("scada-hist01").0.address, to: seat("scada-ops01").0.address, port: 4_840 };
    for tick in 0..144 {
        let when = stage.soon(day.midnight.plus(Duration::from_secs(tick * 600)), 1_500);
        let received = around(stage, 26_000, 4);
        let flow = Flow { service: "", sent: 1_900, received, millis: 210, state: State::Whole };
        stage.flow(when, &ends, &flow);
    }
}

/// Copies of servers go to the backup server at night, each machine with an amount of its own.
pub(super) fn backup(stage: &mut Stage, day: &Day, hour: u64, percent: u64) {
    let server = seat("backup01").0;
    let when = at(day.midnight, hour, 0, 5);
    let service = "C:\\Program Files\\Backup\\agent.exe";
    for (image, command) in [
        ("C:\\Windows\\System32\\vssadmin.exe", "vssadmin.exe list shadows"),
        ("C:\\Windows\\System32\\wbadmin.exe", "wbadmin.exe start backup -backupTarget:\\\\file01\\backup -quiet"),
    ] {
        stage.starts(when, server, &Start { user: "svc-backup", image, command, parent: service });
    }
    for (number, (name, megabytes)) in (1..).zip([
        ("file01", 9_000),
        ("mail01", 5_200),
        ("tax-db01", 3_100),
        ("welfare-db01", 900),
        ("scada-hist01", 1_400),
    ]) {
        let then = stage.soon(when.plus(Duration::from_secs(number * 240)), 30_000);
        let machine = seat(name).0;
        let sent = around(stage, megabytes * 1_000_000 / 100 * percent, 7);
        let ends = Ends { from: machine.address, to: server.address, port: 9_102 };
        stage.flow(
            then,
            &ends,
            &Flow { service: "", sent, received: sent / 3_000, millis: sent / 60_000, state: State::Whole },
        );
    }
}

/// Who, from where, every so many seconds, and which calls.
type Beat = (&'static str, &'static str, u64, &'static [(&'static str, &'static str)]);

/// What programs of the city ask of the cloud, each its own calls at its own beat.
fn cloud(stage: &mut Stage, day: &Day) {
    let calls: [Beat; 3] = [
        (
            "portal-monitor",
            "192.0.2.50",
            3_600,
            &[("ec2", "DescribeInstances"), ("s3", "ListBuckets"), ("cloudwatch", "DescribeAlarms")],
        ),
        ("tax-portal-app", "198.51.100.1", 2_400, &[("s3", "GetObject"), ("kms", "Decrypt")]),
        ("nightly-export", "198.51.100.1", 86_400, &[("s3", "PutObject"), ("s3", "ListObjectsV2")]),
    ];
    for (user, from, every, calls) in calls {
        let mut passed = if every == 86_400 { 4 * 3_600 } else { 0 };
        while passed < 86_400 {
            for (service, name) in calls {
                let when = stage.soon(day.midnight.plus(Duration::from_secs(passed)), 900_000);
                let read_only = !name.starts_with("Put");
                let call = Call { user, from, service, name, read_only };
                let line = CloudCallLine { call, region: HOME_REGION, agent: AGENT, request: "null", error: "" };
                stage.cloud_call(when, &line);
            }
            passed += every;
        }
    }
}
