//! Where records are put while the city plays, before they are sorted and written.

use std::collections::BTreeMap;
use std::time::Duration;

use model::Timestamp;

use super::map::Machine;
use crate::random::Random;

/// The files that the city writes, one a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Log {
    /// Windows events of all machines as flat JSON, as an event collector writes them.
    Windows,
    /// Zeek's logs as JSON.
    Zeek,
    /// Suricata's EVE log.
    Suricata,
    /// AWS CloudTrail records, one a line.
    CloudTrail,
    /// Syslog of the Linux machines (RFC 5424) and of the firewall (RFC 3164).
    Syslog,
    /// The audit daemon's log of the Linux machines.
    Auditd,
}

impl Log {
    /// Every file.
    pub const ALL: [Log; 6] = [Log::Windows, Log::Zeek, Log::Suricata, Log::CloudTrail, Log::Syslog, Log::Auditd];

    /// The file's name.
    pub const fn file_name(self) -> &'static str {
        match self {
            Log::Windows => "windows.jsonl",
            Log::Zeek => "zeek.jsonl",
            Log::Suricata => "suricata-eve.jsonl",
            Log::CloudTrail => "cloudtrail.jsonl",
            Log::Syslog => "syslog.log",
            Log::Auditd => "audit.log",
        }
    }
}

/// One line of a log.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    pub(super) label: Option<&'static str>,
    pub(super) text: String,
}

/// The lines so far, and what numbers them.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) random: Random,
    label: Option<&'static str>,
    lines: BTreeMap<Log, Vec<Line>>,
    record_numbers: BTreeMap<&'static str, u64>,
    serial: u64,
}

impl Stage {
    pub(super) fn new(seed: u64) -> Self {
        Stage {
            random: Random::new(seed),
            label: None,
            lines: BTreeMap::new(),
            record_numbers: BTreeMap::new(),
            serial: 100_000,
        }
    }

    /// Plays `scene`; every line that it writes belongs to the attack `label`.
    pub(super) fn attack(&mut self, label: &'static str, scene: impl FnOnce(&mut Stage)) {
        self.label = Some(label);
        scene(self);
        self.label = None;
    }

    pub(super) fn write(&mut self, log: Log, at: Timestamp, text: String) {
        self.lines.entry(log).or_default().push(Line { at, label: self.label, text });
    }

    /// The next number in the event log of `machine`.
    pub(super) fn record_number(&mut self, machine: &Machine) -> u64 {
        let number = self.record_numbers.entry(machine.name).or_insert(10_000);
        *number += 1;
        *number
    }

    /// A number that nothing else in the city has.
    pub(super) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// A little later than `at`: up to `millis_max` milliseconds.
    pub(super) fn soon(&mut self, at: Timestamp, millis_max: u64) -> Timestamp {
        let micros = self.random.between(1_000, millis_max.max(2) * 1_000);
        at.plus(Duration::from_micros(micros))
    }

    /// A port that a client would take.
    pub(super) fn port(&mut self) -> u64 {
        self.random.between(49_152, 65_536)
    }

    /// The lines of one log in order of time.
    pub(super) fn sorted(mut self) -> BTreeMap<Log, Vec<Line>> {
        for lines in self.lines.values_mut() {
            // Stable: what was written first at one moment stays first.
            lines.sort_by_key(|line| line.at);
        }
        self.lines
    }
}

/// The moment `hour:minute:second` after the midnight `day`.
pub(super) fn at(day: Timestamp, hour: u64, minute: u64, second: u64) -> Timestamp {
    day.plus(Duration::from_secs(hour * 3_600 + minute * 60 + second))
}
