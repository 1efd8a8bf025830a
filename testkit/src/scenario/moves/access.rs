//! Coming in and going on: passwords tried, log-ins of every kind, from machine to machine, accounts and groups,
//! tickets.

use std::time::Duration;

use model::Timestamp;
use serde::Deserialize;

use super::{Act, Entities, When, series_takes};
use crate::city::{Ends, Login, Stage, Start};
use crate::scenario::lines::{Flow, Outcome, State};
use crate::scenario::terms::{End, List, Name, Percent, Seat, Span, Words};

/// The way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Via {
    /// At the desk.
    Desk,
    /// A share (log-in type 3).
    Smb,
    /// Remote desktop.
    Rdp,
    /// Remote management of Windows.
    Winrm,
    /// SSH with a key.
    Ssh,
    /// SSH with a password.
    SshPassword,
    /// The city's remote access.
    Vpn,
    /// The cloud's console with a second factor.
    Cloud,
    /// The cloud's console without one.
    CloudPassword,
}

impl Via {
    /// Whether one can come to that machine this way.
    fn fits(self, machine: Seat) -> bool {
        match self {
            Via::Desk | Via::Smb | Via::Rdp | Via::Winrm => machine.is_windows(),
            Via::Ssh | Via::SshPassword => machine.is_linux(),
            Via::Vpn | Via::Cloud | Via::CloudPassword => true,
        }
    }

    /// Whether it leads to one machine.
    const fn has_machine(self) -> bool {
        !matches!(self, Via::Vpn | Via::Cloud | Via::CloudPassword)
    }
}

fn check_way(via: Via, machine: Seat) -> Result<(), String> {
    let name = machine.0.name;
    if via.fits(machine) { Ok(()) } else { Err(format!("nobody comes to {name} via {via:?}")) }
}

/// One try to come in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) account: &'a str,
    pub(crate) machine: Seat,
    pub(crate) from: &'a str,
    pub(crate) via: Via,
}

impl Stage {
    /// Somebody comes in.
    pub(crate) fn enter(&mut self, at: Timestamp, entry: &Entry<'_>) {
        let Entry { account, machine, from, via } = *entry;
        let machine = machine.0;
        let ends = |port| Ends { from, to: machine.address, port };
        let login = |kind| Login { kind, from, succeeds: true };
        let second = at.plus(Duration::from_secs(1));
        let long = self.random.between(60_000, 2_400_000);
        let flow = |service, kilobytes: u64| Flow {
            service,
            sent: kilobytes * 180,
            received: kilobytes * 1_000,
            millis: long,
            state: State::Whole,
        };
        let much = self.random.between(40, 4_000);
        match via {
            Via::Desk => self.logs_in(at, machine, account, &login(2)),
            Via::Smb => {
                self.ticket(at, account, from, (&format!("{}$", machine.name.to_uppercase()), "0x12"));
                self.flow(at, &ends(445), &flow("smb", much / 20 + 3));
                self.logs_in(second, machine, account, &login(3));
            }
            Via::Rdp => {
                self.flow(at, &ends(3_389), &flow("rdp", much));
                self.logs_in(second, machine, account, &login(10));
            }
            Via::Winrm => {
                self.flow(at, &ends(5_985), &flow("http", much / 30 + 2));
                self.logs_in(second, machine, account, &login(3));
                let image = "C:\\Windows\\System32\\wsmprovhost.exe";
                let command = "C:\\Windows\\System32\\wsmprovhost.exe -Embedding";
                let parent = "C:\\Windows\\System32\\svchost.exe";
                self.starts(second, machine, &Start { user: account, image, command, parent });
            }
            Via::Ssh | Via::SshPassword => {
                let method = if via == Via::Ssh { "publickey" } else { "password" };
                self.flow(at, &ends(22), &flow("ssh", much / 25 + 4));
                self.ssh(second, machine, account, (from, method, true));
            }
            Via::Vpn => self.tunnel(at, account, from, Outcome::LetIn),
            Via::Cloud => self.cloud_login(at, account, from, true),
            Via::CloudPassword => self.cloud_login(at, account, from, false),
        }
    }

    /// Somebody is not let in.
    pub(crate) fn refuse(&mut self, at: Timestamp, entry: &Entry<'_>) {
        let Entry { account, machine, from, via } = *entry;
        let machine = machine.0;
        let kind = match via {
            Via::Desk => 2,
            Via::Rdp => 10,
            Via::Smb | Via::Winrm => 3,
            Via::Ssh | Via::SshPassword => return self.ssh(at, machine, account, (from, "password", false)),
            Via::Vpn => return self.tunnel(at, account, from, Outcome::Refused),
            Via::Cloud | Via::CloudPassword => return self.cloud_refusal(at, account, from),
        };
        self.logs_in(at, machine, account, &Login { kind, from, succeeds: false });
    }
}

fn controller() -> Seat {
    Seat::of("dc01")
}

fn once() -> u64 {
    1
}

/// Passwords are tried: on many accounts in turn (spraying) or on one (guessing), fast or slowly.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuessPasswords {
    from: End,
    accounts: List<Name>,
    #[serde(default = "controller")]
    machine: Seat,
    via: Via,
    /// Tries in all.
    count: u64,
    every: Span,
    #[serde(default)]
    jitter: Percent,
    /// The account whose password is found in the end.
    succeeds: Option<Name>,
}

impl Act for GuessPasswords {
    fn play(&self, stage: &mut Stage, when: &When) {
        let mut at = when.start;
        let entry = |account| Entry { account, machine: self.machine, from: &self.from.0, via: self.via };
        for (_, account) in (0..self.count).zip(self.accounts.0.iter().cycle()) {
            let play = self.every.0.as_millis() as u64 * self.jitter.0 / 100;
            let strayed = at.plus(Duration::from_millis(stage.random.between(0, play + 1)));
            stage.refuse(strayed, &entry(&account.0));
            at = at.plus(self.every.0);
        }
        if let Some(account) = &self.succeeds {
            stage.enter(at, &entry(&account.0));
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        self.count
    }

    fn takes(&self) -> Duration {
        series_takes(self.count + 1, self.every)
    }

    fn entities(&self, into: &mut Entities) {
        self.accounts.0.iter().chain(&self.succeeds).for_each(|account| into.account(account));
        into.end(&self.from);
        if self.via.has_machine() {
            into.machine(self.machine);
        }
    }

    fn check(&self) -> Result<(), String> {
        check_way(self.via, self.machine)
    }
}

/// Somebody comes in with a valid account: at an odd hour, from elsewhere, to a machine where they never were.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogIn {
    account: Name,
    #[serde(default = "controller")]
    machine: Seat,
    from: Option<End>,
    via: Via,
    #[serde(default = "once")]
    count: u64,
    /// With more than one: scattered over the step's time when it is not given.
    every: Option<Span>,
}

impl Act for LogIn {
    fn play(&self, stage: &mut Stage, when: &When) {
        let moments = match (self.every, self.count) {
            (Some(every), count) => when.series(count, every),
            (None, 1) => vec![when.start],
            (None, count) => when.scattered(stage, count),
        };
        let from = self.from.as_ref().map_or("127.0.0.1", |end| &end.0);
        for at in moments {
            stage.enter(at, &Entry { account: &self.account.0, machine: self.machine, from, via: self.via });
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        self.count
    }

    fn takes(&self) -> Duration {
        self.every.map_or(Duration::ZERO, |every| series_takes(self.count, every))
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.account);
        self.from.iter().for_each(|end| into.end(end));
        if self.via.has_machine() {
            into.machine(self.machine);
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.from.is_none() && self.via != Via::Desk {
            return Err("`from` is missing: only who sits at the desk comes from nowhere".into());
        }
        check_way(self.via, self.machine)
    }
}

/// From one machine to others, one after the other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveLaterally {
    account: Name,
    from: Seat,
    to: List<Seat>,
    via: Via,
    /// Between two machines.
    #[serde(default = "five_minutes")]
    every: Span,
    /// A command that is run on arrival.
    command: Option<Words>,
}

fn five_minutes() -> Span {
    Span::seconds(300)
}

impl Act for MoveLaterally {
    fn play(&self, stage: &mut Stage, when: &When) {
        let account = &self.account.0;
        for (at, machine) in when.series(self.to.0.len() as u64, self.every).into_iter().zip(&self.to.0) {
            let at = stage.soon(at, 20_000);
            if self.from.is_windows() {
                let (image, port) = match self.via {
                    Via::Rdp => ("C:\\Windows\\System32\\mstsc.exe", 3_389),
                    Via::Ssh | Via::SshPassword => ("C:\\Windows\\System32\\OpenSSH\\ssh.exe", 22),
                    Via::Winrm => ("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", 5_985),
                    _ => ("System", 445),
                };
                stage.connects(at, self.from.0, image, (machine.0.address, port));
            }
            stage.enter(at, &Entry { account, machine: *machine, from: self.from.0.address, via: self.via });
            let then = at.plus(Duration::from_secs(35));
            match &self.command {
                Some(command) if machine.is_linux() => stage.sudo(then, machine.0, account, &command.0),
                Some(command) => stage.runs_command(then, *machine, account, &command.0),
                None => {}
            }
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        self.to.0.len() as u64
    }

    fn takes(&self) -> Duration {
        series_takes(self.to.0.len() as u64, self.every)
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.account);
        into.machine(self.from);
        self.to.0.iter().for_each(|machine| into.machine(*machine));
    }

    fn check(&self) -> Result<(), String> {
        if !self.via.has_machine() || self.via == Via::Desk {
            return Err(format!("nobody goes from machine to machine via {:?}", self.via));
        }
        self.to.0.iter().try_for_each(|machine| check_way(self.via, *machine))
    }
}

/// An account is made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeAccount {
    by: Name,
    account: Name,
    #[serde(default = "controller")]
    machine: Seat,
}

impl Act for MakeAccount {
    fn play(&self, stage: &mut Stage, when: &When) {
        if self.machine.is_linux() {
            let command = format!("/usr/sbin/useradd -m {}", self.account.0);
            return stage.sudo(when.start, self.machine.0, &self.by.0, &command);
        }
        stage.makes_account(when.start, self.machine.0, &self.by.0, &self.account.0);
    }

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.by);
        into.account(&self.account);
        into.machine(self.machine);
    }
}

/// An account becomes a member of a group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinGroup {
    by: Name,
    account: Name,
    group: Words,
    #[serde(default = "controller")]
    machine: Seat,
}

impl Act for JoinGroup {
    fn play(&self, stage: &mut Stage, when: &When) {
        stage.joins(when.start, self.machine.0, &self.by.0, (&self.account.0, &self.group.0));
    }

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.by);
        into.account(&self.account);
        into.machine(self.machine);
    }

    fn check(&self) -> Result<(), String> {
        if self.machine.is_windows() { Ok(()) } else { Err("groups are kept on Windows machines".into()) }
    }
}

/// How a ticket is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Encryption {
    /// As usual.
    #[default]
    Aes,
    /// Weak, so that passwords can be guessed from it.
    Rc4,
}

/// Tickets for many services are asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskTickets {
    account: Name,
    from: End,
    count: u64,
    every: Span,
    #[serde(default)]
    jitter: Percent,
    #[serde(default)]
    encryption: Encryption,
}

/// Services that run under accounts of their own.
const SERVICE_ACCOUNTS: [&str; 12] = [
    "svc-backup",
    "svc-tax",
    "svc-welfare",
    "svc-sql",
    "svc-web",
    "svc-print",
    "svc-scada",
    "svc-mail",
    "svc-hist",
    "svc-report",
    "svc-sync",
    "svc-hr-onboarding",
];

impl Act for AskTickets {
    fn play(&self, stage: &mut Stage, when: &When) {
        let kind = if self.encryption == Encryption::Rc4 { "0x17" } else { "0x12" };
        for (at, service) in when.series(self.count, self.every).into_iter().zip(SERVICE_ACCOUNTS.iter().cycle()) {
            let play = self.every.0.as_millis() as u64 * self.jitter.0 / 100;
            let at = stage.soon(at, play.max(40));
            stage.ticket(at, &self.account.0, &self.from.0, (service, kind));
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        self.count
    }

    fn takes(&self) -> Duration {
        series_takes(self.count, self.every)
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.account);
        into.end(&self.from);
    }
}
