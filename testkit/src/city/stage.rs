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
pub(crate) struct Line {
    pub(crate) at: Timestamp,
    /// Which attack, or which scene of a scenario, it belongs to: a number that whoever plays gives a meaning.
    pub(crate) label: Option<usize>,
    pub(crate) text: String,
}

/// The lines so far, and what numbers them.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) random: Random,
    label: Option<usize>,
    lines: BTreeMap<Log, Vec<Line>>,
    record_numbers: BTreeMap<&'static str, u64>,
    serial: u64,
    numbering: Numbering,
}

/// When lines get the numbers that machines count up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbering {
    /// As they are written: an attack has the numbers after its day's.
    Written,
    /// When all lines are in order of time; until then a mark stands there ([`RECORD_MARK`], [`SERIAL_MARK`]).
    Later,
}

/// Stands on both sides of a machine's name where a record number is to be.
pub(crate) const RECORD_MARK: char = '\u{1}';
/// Stands on both sides of a serial number that is to be replaced by one in order of time.
pub(crate) const SERIAL_MARK: char = '\u{2}';

impl Stage {
    pub(crate) fn new(seed: u64) -> Self {
        Stage {
            random: Random::new(seed),
            label: None,
            lines: BTreeMap::new(),
            record_numbers: BTreeMap::new(),
            serial: 100_000,
            numbering: Numbering::Written,
        }
    }

    /// A stage whose lines are numbered when they are in order, so that numbers tell nobody what was written apart.
    pub(crate) fn numbered_later(seed: u64) -> Self {
        Stage { numbering: Numbering::Later, ..Stage::new(seed) }
    }

    /// All lines so far; there are none afterwards.
    pub(crate) fn take(&mut self) -> BTreeMap<Log, Vec<Line>> {
        std::mem::take(&mut self.lines)
    }

    /// Plays `scene`; every line that it writes belongs to `label`.
    pub(crate) fn belongs(&mut self, label: Option<usize>, scene: impl FnOnce(&mut Stage)) {
        let before = std::mem::replace(&mut self.label, label);
        scene(self);
        self.label = before;
    }

    pub(crate) fn write(&mut self, log: Log, at: Timestamp, text: String) {
        self.lines.entry(log).or_default().push(Line { at, label: self.label, text });
    }

    /// The next number in the event log of `machine`.
    pub(crate) fn record_number(&mut self, machine: &Machine) -> String {
        if self.numbering == Numbering::Later {
            return format!("{RECORD_MARK}{}{RECORD_MARK}", machine.name);
        }
        let number = self.record_numbers.entry(machine.name).or_insert(10_000);
        *number += 1;
        number.to_string()
    }

    /// A number that nothing else in the city has.
    pub(crate) fn serial(&mut self) -> String {
        self.serial += 1;
        match self.numbering {
            Numbering::Written => self.serial.to_string(),
            Numbering::Later => format!("{SERIAL_MARK}{}{SERIAL_MARK}", self.serial),
        }
    }

    /// A little later than `at`: up to `millis_max` milliseconds.
    pub(crate) fn soon(&mut self, at: Timestamp, millis_max: u64) -> Timestamp {
        let micros = self.random.between(1_000, millis_max.max(2) * 1_000);
        at.plus(Duration::from_micros(micros))
    }

    /// A port that a client would take.
    pub(crate) fn port(&mut self) -> u64 {
        self.random.between(49_152, 65_536)
    }

    /// The lines of one log in order of time.
    pub(crate) fn sorted(mut self) -> BTreeMap<Log, Vec<Line>> {
        for lines in self.lines.values_mut() {
            // Stable: what was written first at one moment stays first.
            lines.sort_by_key(|line| line.at);
        }
        self.lines
    }
}

/// The moment `hour:minute:second` after the midnight `day`.
pub(crate) fn at(day: Timestamp, hour: u64, minute: u64, second: u64) -> Timestamp {
    day.plus(Duration::from_secs(hour * 3_600 + minute * 60 + second))
}
