//! On machines: programs, scripts, services, tasks, files, the registry, and the log itself.

use std::time::Duration;

use model::Timestamp;
use serde::Deserialize;

use super::{Act, Entities, When, series_takes};
use crate::city::{Stage, Start, base64_utf16};
use crate::scenario::terms::{End, Name, Percent, Seat, Span, Words};

const EXPLORER: &str = "C:\\Windows\\explorer.exe";
const CMD: &str = "C:\\Windows\\System32\\cmd.exe";
const POWERSHELL: &str = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";

impl Stage {
    /// Somebody runs a command line on a Windows machine: by its program when it begins with a path, else by the
    /// command processor.
    pub(crate) fn runs_command(&mut self, at: Timestamp, machine: Seat, user: &str, command: &str) {
        let first = command.split(' ').next().unwrap_or(command);
        let image = if first.contains('\\') { first } else { CMD };
        let whole = if first.contains('\\') { command.to_owned() } else { format!("cmd.exe /c {command}") };
        self.starts(at, machine.0, &Start { user, image, command: &whole, parent: EXPLORER });
    }
}

fn is_windows(machine: Seat) -> Result<(), String> {
    if machine.is_windows() { Ok(()) } else { Err(format!("{} is no Windows machine", machine.0.name)) }
}

fn once() -> u64 {
    1
}

fn hour() -> Span {
    Span::seconds(3_600)
}

/// A program starts: one that the machine has not run before, or one that it runs always.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunProgram {
    machine: Seat,
    account: Name,
    /// The program's path.
    image: Words,
    /// What follows the path on the command line.
    arguments: Option<Words>,
    parent: Option<Words>,
    #[serde(default = "once")]
    count: u64,
    #[serde(default = "hour")]
    every: Span,
    #[serde(default)]
    jitter: Percent,
}

impl Act for RunProgram {
    fn play(&self, stage: &mut Stage, when: &When) {
        let image = &self.image.0;
        let arguments = self.arguments.as_ref().map_or("", |words| &words.0);
        let play = self.every.0.as_millis() as u64 * self.jitter.0 / 100;
        for at in when.series(self.count, self.every) {
            let at = stage.soon(at, play.max(400));
            if self.machine.is_linux() {
                stage.runs(at, self.machine.0, format!("{image} {arguments}").trim_end());
                continue;
            }
            let command = format!("\"{image}\" {arguments}");
            let parent = self.parent.as_ref().map_or(EXPLORER, |words| &words.0);
            let start = Start { user: &self.account.0, image, command: command.trim_end(), parent };
            stage.starts(at, self.machine.0, &start);
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
        into.machine(self.machine);
    }
}

/// How a script is handed to PowerShell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Style {
    /// As it is.
    #[default]
    Plain,
    /// `-EncodedCommand`.
    Encoded,
}

/// PowerShell runs a script.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunPowershell {
    machine: Seat,
    account: Name,
    script: Words,
    #[serde(default)]
    style: Style,
    parent: Option<Words>,
}

impl Act for RunPowershell {
    fn play(&self, stage: &mut Stage, when: &When) {
        let script = &self.script.0;
        let command = match self.style {
            Style::Plain => format!("powershell.exe -NoProfile -Command \"{script}\""),
            Style::Encoded => format!("powershell.exe -NoP -W Hidden -Enc {}", base64_utf16(script)),
        };
        let parent = self.parent.as_ref().map_or(CMD, |words| &words.0);
        let start = Start { user: &self.account.0, image: POWERSHELL, command: &command, parent };
        stage.starts(when.start, self.machine.0, &start);
        stage.runs_script(when.start.plus(Duration::from_secs(1)), self.machine.0, script);
    }

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.account);
        into.machine(self.machine);
    }

    fn check(&self) -> Result<(), String> {
        is_windows(self.machine)
    }
}

/// A command as root on a Linux machine, by sudo.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunAsRoot {
    machine: Seat,
    account: Name,
    command: Words,
}

impl Act for RunAsRoot {
    fn play(&self, stage: &mut Stage, when: &When) {
        stage.sudo(when.start, self.machine.0, &self.account.0, &self.command.0);
    }

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.account);
        into.machine(self.machine);
    }

    fn check(&self) -> Result<(), String> {
        if self.machine.is_linux() { Ok(()) } else { Err(format!("{} is no Linux server", self.machine.0.name)) }
    }
}

/// A service is installed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeService {
    machine: Seat,
    name: Words,
    image: Words,
}

impl Act for MakeService {
    fn play(&self, stage: &mut Stage, when: &When) {
        stage.makes_service(when.start, self.machine.0, (&self.name.0, &self.image.0));
    }

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(self.machine);
    }

    fn check(&self) -> Result<(), String> {
        is_windows(self.machine)
    }
}

/// A scheduled task is made; on a Linux server, an entry of cron.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeTask {
    machine: Seat,
    account: Name,
    name: Words,
    command: Words,
}

impl Act for MakeTask {
    fn play(&self, stage: &mut Stage, when: &When) {
        if self.machine.is_linux() {
            let message = format!("({}) REPLACE ({})", self.account.0, self.account.0);
            stage.syslog(when.start, self.machine.0, "crontab", &message);
            return stage.runs(when.start, self.machine.0, &format!("/usr/bin/crontab /tmp/{}", self.name.0));
        }
        stage.makes_task(when.start, self.machine.0, &self.account.0, (&self.name.0, &self.command.0));
    }

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.account);
        into.machine(self.machine);
    }
}

/// A program writes a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DropFile {
    machine: Seat,
    image: Words,
    file: Words,
}

impl Act for DropFile {
    fn play(&self, stage: &mut Stage, when: &When) {
        stage.creates(when.start, self.machine.0, &self.image.0, &self.file.0);
    }

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(self.machine);
    }

    fn check(&self) -> Result<(), String> {
        is_windows(self.machine)
    }
}

/// A program loads a library.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoadLibrary {
    machine: Seat,
    image: Words,
    library: Words,
}

impl Act for LoadLibrary {
    fn play(&self, stage: &mut Stage, when: &When) {
        stage.loads(when.start, self.machine.0, &self.image.0, &self.library.0);
    }

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(self.machine);
    }

    fn check(&self) -> Result<(), String> {
        is_windows(self.machine)
    }
}

/// A program sets a value in the registry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetRegistry {
    machine: Seat,
    image: Words,
    key: Words,
    value: Words,
}

impl Act for SetRegistry {
    fn play(&self, stage: &mut Stage, when: &When) {
        stage.sets(when.start, self.machine.0, &self.image.0, (&self.key.0, &self.value.0));
    }

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(self.machine);
    }

    fn check(&self) -> Result<(), String> {
        is_windows(self.machine)
    }
}

/// Many files are written anew under another ending, as lockers do, and as some conversions do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeFiles {
    machine: Seat,
    image: Words,
    folder: Words,
    ending: Words,
    count: u64,
    every: Span,
}

impl Act for ChangeFiles {
    fn play(&self, stage: &mut Stage, when: &When) {
        for (number, at) in (0..).zip(when.series(self.count, self.every)) {
            let at = stage.soon(at, 400);
            let file = format!("{}\\document-{number:05}.docx{}", self.folder.0, self.ending.0);
            stage.creates(at, self.machine.0, &self.image.0, &file);
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        self.count
    }

    fn takes(&self) -> Duration {
        series_takes(self.count, self.every)
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(self.machine);
    }

    fn check(&self) -> Result<(), String> {
        is_windows(self.machine)
    }
}

/// Somebody reads files on the file server, within their rights: a clerk who reads far more than ever, or others'
/// folders.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadFiles {
    account: Name,
    from: End,
    /// The share's name: `tax`, `welfare`, `hall`, `personnel`, `water`, `fire`, `it`.
    share: Name,
    count: u64,
    /// Scattered over the step's time, and its hours, when it is not given.
    every: Option<Span>,
}

impl Act for ReadFiles {
    fn play(&self, stage: &mut Stage, when: &When) {
        let server = Seat::of("file01").0;
        let moments = match self.every {
            Some(every) => when.series(self.count, every),
            None => when.scattered(stage, self.count),
        };
        for at in moments {
            let at = stage.soon(at, 800);
            let file = case_file(stage);
            stage.share_file(at, server, (&self.account.0, &self.from.0), (&self.share.0, &file));
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
        into.end(&self.from);
        into.machine(Seat::of("file01"));
    }
}

/// The name of a file on a share.
pub(crate) fn case_file(stage: &mut Stage) -> String {
    let (year, number) = (stage.random.between(2019, 2027), stage.random.between(1, 4_000));
    format!("cases\\{year}\\case-{number:04}.docx")
}

/// The Security log is cleared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClearLog {
    machine: Seat,
    account: Name,
}

impl Act for ClearLog {
    fn play(&self, stage: &mut Stage, when: &When) {
        stage.clears_log(when.start, self.machine.0, &self.account.0);
    }

    fn beats(&self, _: Duration) -> u64 {
        1
    }

    fn entities(&self, into: &mut Entities) {
        into.account(&self.account);
        into.machine(self.machine);
    }

    fn check(&self) -> Result<(), String> {
        is_windows(self.machine)
    }
}
