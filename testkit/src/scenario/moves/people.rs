//! What is only odd: people who are away, come anew, or work at night; patches, programs for all, a backup at another
//! time, a printer.

use std::time::Duration;

use model::Timestamp;
use serde::Deserialize;

use super::{Act, Contact, Entities, Entry, Over, Via, When, around, series_takes};
use crate::city::{Ends, Stage, Start, at};
use crate::scenario::lines::{Flow, State};
use crate::scenario::terms::{End, List, Name, Percent, Seat, Span, Words};

/// Accounts; `["all"]` stands for everybody who works in an office.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Who(List<Name>);

impl Who {
    /// Whether that account is meant; the duty desks are never empty, so "all" leaves them out.
    pub(crate) fn means(&self, account: &str, is_office: bool) -> bool {
        self.0.0.iter().any(|name| name.0 == account || (name.0 == "all" && is_office))
    }

    fn entities(&self, into: &mut Entities) {
        self.0.0.iter().filter(|name| name.0 != "all").for_each(|name| into.account(name));
    }
}

/// People are away.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Holiday {
    pub(crate) accounts: Who,
}

impl Act for Holiday {
    // The city's life asks who is away; nothing is written.
    fn play(&self, _: &mut Stage, _: &When) {}

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        self.accounts.entities(into);
    }
}

/// People come earlier or later than always.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShiftHours {
    pub(crate) accounts: Who,
    /// Minutes later; earlier when it is negative. At most six hours.
    pub(crate) minutes: i64,
}

impl Act for ShiftHours {
    // The city's life asks when people come; their lines belong to the scene.
    fn play(&self, _: &mut Stage, _: &When) {}

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        self.accounts.entities(into);
    }

    fn check(&self) -> Result<(), String> {
        if self.minutes.abs() > 360 || self.minutes == 0 {
            return Err("`minutes` are between -360 and 360, and not 0".into());
        }
        Ok(())
    }
}

/// Somebody new: an account is made, and a person lives at a machine from then on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEmployee {
    pub(crate) account: Name,
    pub(crate) machine: Seat,
}

impl Act for NewEmployee {
    fn play(&self, stage: &mut Stage, when: &When) {
        let controller = Seat::of("dc01").0;
        stage.makes_account(when.start, controller, "svc-hr-onboarding", &self.account.0);
        let then = when.start.plus(Duration::from_secs(3));
        stage.joins(then, controller, "svc-hr-onboarding", (&self.account.0, "Staff"));
    }

    fn beats(&self, _: Duration) -> u64 {
        2
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.account);
        into.machine(self.machine);
    }

    fn check(&self) -> Result<(), String> {
        if self.machine.is_windows() { Ok(()) } else { Err("people sit at Windows machines".into()) }
    }
}

/// An administrator works at night, for a good reason: from home, on a few servers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NightWork {
    account: Name,
    from: End,
    machines: List<Seat>,
    #[serde(default = "quarter")]
    every: Span,
}

fn quarter() -> Span {
    Span::seconds(900)
}

impl Act for NightWork {
    fn play(&self, stage: &mut Stage, when: &When) {
        let account = &self.account.0;
        let vpn = Entry { account, machine: Seat::of("dc01"), from: &self.from.0, via: Via::Vpn };
        stage.enter(when.start, &vpn);
        let seat = Seat::of("ws-it01").0.address;
        for (moment, machine) in when.series(self.machines.0.len() as u64, self.every).into_iter().zip(&self.machines.0)
        {
            let moment = stage.soon(moment.plus(Duration::from_secs(120)), 60_000);
            let via = if machine.is_linux() { Via::Ssh } else { Via::Rdp };
            stage.enter(moment, &Entry { account, machine: *machine, from: seat, via });
            let then = moment.plus(Duration::from_secs(90));
            if machine.is_linux() {
                stage.sudo(then, machine.0, account, "/usr/bin/journalctl -u sshd --since today");
                stage.sudo(
                    then.plus(Duration::from_secs(140)),
                    machine.0,
                    account,
                    "/usr/bin/systemctl restart chronyd",
                );
            } else {
                stage.gets_privileges(moment, machine.0, account);
                stage.runs_command(then, *machine, account, "C:\\Windows\\System32\\eventvwr.exe");
            }
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        4 * self.machines.0.len() as u64
    }

    fn takes(&self) -> Duration {
        series_takes(self.machines.0.len() as u64, self.every)
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.account);
        into.end(&self.from);
        self.machines.0.iter().for_each(|machine| into.machine(*machine));
    }
}

/// Patches go onto machines at night: downloads, installers, services that start anew.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchNight {
    machines: List<Seat>,
    #[serde(default = "five_minutes")]
    every: Span,
}

fn five_minutes() -> Span {
    Span::seconds(300)
}

impl Act for PatchNight {
    fn play(&self, stage: &mut Stage, when: &When) {
        for (moment, machine) in when.series(self.machines.0.len() as u64, self.every).into_iter().zip(&self.machines.0)
        {
            let moment = stage.soon(moment, 60_000);
            let image = if machine.is_windows() { "C:\\Windows\\System32\\svchost.exe" } else { "" };
            let received = around(stage, 240_000_000, 40);
            let contact = Contact {
                from: *machine,
                image,
                host: "updates.vendor.example",
                address: "192.0.2.30",
                over: Over::Https,
                sent: received / 80,
                received,
            };
            stage.contact(moment, &contact);
            let then = moment.plus(Duration::from_secs(150));
            if machine.is_linux() {
                stage.sudo(then, machine.0, "root", "/usr/bin/apt-get -y upgrade");
                stage.syslog(
                    then.plus(Duration::from_secs(80)),
                    machine.0,
                    "systemd",
                    "Started Daily apt upgrade and clean activities.",
                );
                continue;
            }
            for (later, image, command) in [
                (
                    0,
                    "C:\\Windows\\System32\\wusa.exe",
                    "wusa.exe C:\\Windows\\SoftwareDistribution\\update.msu /quiet /norestart",
                ),
                (40, "C:\\Windows\\servicing\\TrustedInstaller.exe", "C:\\Windows\\servicing\\TrustedInstaller.exe"),
                (300, "C:\\Windows\\System32\\shutdown.exe", "shutdown.exe /r /t 60"),
            ] {
                let parent = "C:\\Windows\\System32\\svchost.exe";
                let start = Start { user: "SYSTEM", image, command, parent };
                stage.starts(then.plus(Duration::from_secs(later)), machine.0, &start);
            }
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        6 * self.machines.0.len() as u64
    }

    fn takes(&self) -> Duration {
        series_takes(self.machines.0.len() as u64, self.every)
    }

    fn entities(&self, into: &mut Entities) {
        self.machines.0.iter().for_each(|machine| into.machine(*machine));
    }
}

/// A program that nobody had is brought to many machines, and runs there from then on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollOut {
    machines: List<Seat>,
    image: Words,
    service: Words,
    /// How often it looks for work at each machine during the step.
    #[serde(default = "six_hours")]
    every: Span,
}

fn six_hours() -> Span {
    Span::seconds(6 * 3_600)
}

impl Act for RollOut {
    fn play(&self, stage: &mut Stage, when: &When) {
        let image = &self.image.0;
        for machine in &self.machines.0 {
            let installed = stage.soon(when.start, 1_200_000);
            stage.creates(installed, machine.0, "C:\\Windows\\System32\\msiexec.exe", image);
            stage.makes_service(installed.plus(Duration::from_secs(4)), machine.0, (&self.service.0, image));
            let later = When { start: installed.plus(Duration::from_secs(9)), ..*when };
            for moment in later.beats(stage, self.every, Percent(5)) {
                let parent = "C:\\Windows\\System32\\services.exe";
                let command = format!("\"{image}\" --work");
                stage.starts(moment, machine.0, &Start { user: "SYSTEM", image, command: &command, parent });
            }
        }
    }

    fn beats(&self, lasts: Duration) -> u64 {
        self.machines.0.len() as u64 * (super::repeats(lasts, self.every) + 2)
    }

    fn entities(&self, into: &mut Entities) {
        self.machines.0.iter().for_each(|machine| into.machine(*machine));
    }

    fn check(&self) -> Result<(), String> {
        if self.machines.0.iter().all(|machine| machine.is_windows()) {
            Ok(())
        } else {
            Err("only to Windows machines".into())
        }
    }
}

/// The nightly backup runs at another time, and takes another amount.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveBackup {
    /// The hour at which it begins now, 0 to 23.
    pub(crate) hour: u8,
    /// Percent of what it took before.
    #[serde(default = "hundred")]
    pub(crate) percent: u16,
}

fn hundred() -> u16 {
    100
}

impl Act for MoveBackup {
    // The city's backup asks when it is to run; its lines belong to the scene.
    fn play(&self, _: &mut Stage, _: &When) {}

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(Seat::of("backup01"));
    }

    fn check(&self) -> Result<(), String> {
        if self.hour < 24 { Ok(()) } else { Err("`hour` is 0 to 23".into()) }
    }
}

/// A printer that was not there: machines talk to it on working days.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPrinter {
    address: End,
    machines: List<Seat>,
    /// Pages that each machine prints a day.
    #[serde(default = "four")]
    jobs: u8,
}

fn four() -> u8 {
    4
}

impl Act for NewPrinter {
    fn play(&self, stage: &mut Stage, when: &When) {
        for day in when.days() {
            for machine in &self.machines.0 {
                for _ in 0..self.jobs {
                    let (hour, minute) = (stage.random.between(8, 16), stage.random.between(0, 60));
                    let moment = stage.soon(at(day, hour, minute, 0), 50_000);
                    if when.allows(moment) && moment >= when.start {
                        self.prints(stage, moment, *machine);
                    }
                }
            }
        }
    }

    fn beats(&self, lasts: Duration) -> u64 {
        u64::from(self.jobs) * self.machines.0.len() as u64 * (lasts.as_secs() / 86_400 + 2)
    }

    fn entities(&self, into: &mut Entities) {
        into.end(&self.address);
        self.machines.0.iter().for_each(|machine| into.machine(*machine));
    }
}

impl NewPrinter {
    fn prints(&self, stage: &mut Stage, moment: Timestamp, machine: Seat) {
        let ends = Ends { from: machine.0.address, to: &self.address.0, port: 9_100 };
        let sent = stage.random.between(40_000, 2_400_000);
        stage.connects(moment, machine.0, "C:\\Windows\\System32\\spoolsv.exe", (&self.address.0, 9_100));
        stage.flow(moment, &ends, &Flow { service: "", sent, received: 480, millis: sent / 900, state: State::Whole });
    }
}
