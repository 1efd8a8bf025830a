//! Water: commands to controllers, and sensors that say what is not so.

use std::time::Duration;

use model::Timestamp;
use serde::Deserialize;

use super::{Act, Entities, When, seconds_between, series_takes};
use crate::city::{Ends, Kind, Stage};
use crate::scenario::lines::Command;
use crate::scenario::terms::{End, Host, Percent, Seat, Span};

fn once() -> u64 {
    1
}

/// A controller is read or written: from a machine that never did, or with set points that it never had.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandController {
    from: End,
    controller: Seat,
    /// As Zeek names it: `WRITE_SINGLE_REGISTER`, `READ_HOLDING_REGISTERS`, `WRITE_MULTIPLE_REGISTERS`.
    function: Host,
    /// Which register; set points stand at 40 (pump), 41 (chlorine), 42 (valve).
    #[serde(default)]
    register: u16,
    #[serde(default)]
    values: Vec<u16>,
    #[serde(default = "once")]
    count: u64,
    #[serde(default = "ten_seconds")]
    every: Span,
    #[serde(default)]
    jitter: Percent,
}

fn ten_seconds() -> Span {
    Span::seconds(10)
}

impl Act for CommandController {
    fn play(&self, stage: &mut Stage, when: &When) {
        let ends = Ends { from: &self.from.0, to: self.controller.0.address, port: 502 };
        let values: Vec<u64> = self.values.iter().map(|value| u64::from(*value)).collect();
        let play = self.every.0.as_millis() as u64 * self.jitter.0 / 100;
        for at in when.series(self.count, self.every) {
            let at = stage.soon(at, play.max(900));
            stage.modbus(at, &ends, &self.function.0);
            let command = Command { function: &self.function.0, address: u64::from(self.register), values: &values };
            stage.modbus_values(at, &ends, &command);
        }
    }

    fn beats(&self, _: Duration) -> u64 {
        self.count
    }

    fn takes(&self) -> Duration {
        series_takes(self.count, self.every)
    }

    fn entities(&self, into: &mut Entities) {
        into.end(&self.from);
        into.machine(self.controller);
    }

    fn check(&self) -> Result<(), String> {
        is_controller(self.controller)?;
        match self.values.len() {
            0..=100 => Ok(()),
            _ => Err("more than 100 values in one command".into()),
        }
    }
}

fn is_controller(seat: Seat) -> Result<(), String> {
    if seat.0.kind == Kind::Controller { Ok(()) } else { Err(format!("{} is no controller", seat.0.name)) }
}

/// What a controller measures, in the order of its registers from 100 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sensor {
    /// Level of the basin in millimetres.
    Level,
    /// Pressure behind it in millibars.
    Pressure,
    /// Flow in tenths of a litre a second.
    Flow,
    /// Chlorine in micrograms a litre.
    Chlorine,
}

impl Sensor {
    pub(crate) const ALL: [Sensor; 4] = [Sensor::Level, Sensor::Pressure, Sensor::Flow, Sensor::Chlorine];
}

/// How a sensor lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Lie {
    /// It moves away from the truth, by `amount` at the end.
    Drift,
    /// It stays at what it said first.
    Freeze,
    /// It is off by `amount` from the first moment on.
    Offset,
    /// It says what was so a day before, and agrees with its neighbours no more.
    Replay,
}

/// A sensor drifts, freezes, or disagrees with its neighbours. The controller's answers during that time are the
/// scene's lines.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FalsifySensor {
    pub(crate) controller: Seat,
    pub(crate) sensor: Sensor,
    pub(crate) how: Lie,
    #[serde(default)]
    pub(crate) amount: i32,
}

impl FalsifySensor {
    /// What the sensor says at a moment; `truth` tells what is so at any moment.
    pub(crate) fn says(&self, when: &When, at: Timestamp, truth: impl Fn(Timestamp) -> i64) -> i64 {
        let (passed, whole) = (seconds_between(when.start, at), seconds_between(when.start, when.end).max(1));
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let whole = i64::try_from(whole).unwrap_or(i64::MAX);
        match self.how {
            Lie::Drift => truth(at) + i64::from(self.amount).saturating_mul(passed) / whole,
            Lie::Freeze => truth(when.start),
            Lie::Offset => truth(at) + i64::from(self.amount),
            Lie::Replay => truth(at.minus(Duration::from_secs(86_400))),
        }
    }
}

impl Act for FalsifySensor {
    // The city's readings ask `says` while they are written.
    fn play(&self, _: &mut Stage, _: &When) {}

    fn beats(&self, lasts: Duration) -> u64 {
        lasts.as_secs() / 300 + 1
    }

    fn entities(&self, into: &mut Entities) {
        into.machine(self.controller);
    }

    fn check(&self) -> Result<(), String> {
        is_controller(self.controller)?;
        let needs_amount = matches!(self.how, Lie::Drift | Lie::Offset);
        if needs_amount && self.amount == 0 {
            return Err("`amount` is missing: by how much the sensor is off".into());
        }
        Ok(())
    }
}
