//! Water: the operators' station reads every controller every five minutes, and what is read follows the day.
//!
//! Demand is the same for all basins of one network, so neighbours agree: when one falls, all fall. Integers only; what
//! is so at a moment follows from the seed and the moment alone, so that a sensor that lies can be told what was so
//! before.

use std::time::Duration;

use model::Timestamp;

use super::{Day, seat, seed_of};
use crate::city::{Ends, FIRST_DAY, Kind, MACHINES, Machine, Stage, at};
use crate::random::Random;
use crate::scenario::lines::Command;
use crate::scenario::moves::{FalsifySensor, Sensor, When, seconds_between};

/// Demand by hour of the day, in percent of the mean.
const DEMAND: [i64; 25] =
    [52, 46, 43, 42, 46, 62, 96, 138, 144, 130, 118, 114, 118, 116, 108, 104, 108, 120, 136, 140, 128, 108, 84, 64, 52];

/// Registers from which on a controller keeps what it measures.
const FIRST_REGISTER: u64 = 100;

pub(super) fn play(stage: &mut Stage, day: &Day, seed: u64, lies: &[(usize, &FalsifySensor, When)]) {
    let station = seat("scada-ops01").0;
    for plc in MACHINES.iter().filter(|machine| machine.kind == Kind::Controller) {
        let ends = Ends { from: station.address, to: plc.address, port: 502 };
        for tick in 0..24 * 12 {
            let when = stage.soon(day.midnight.plus(Duration::from_secs(tick * 300)), 2_000);
            stage.modbus(when, &ends, "READ_HOLDING_REGISTERS");
            let (values, label) = readings(seed, plc, when, lies);
            let command = Command { function: "READ_HOLDING_REGISTERS", address: FIRST_REGISTER, values: &values };
            stage.belongs(label, |stage| stage.modbus_values(when, &ends, &command));
            if tick % 12 == 0 {
                stage.conn(when, &ends, "modbus");
            }
        }
    }
    set_points(stage, day, station);
}

/// By day a person sets pumps, twice, a little different each time; on Mondays the chlorine, too.
fn set_points(stage: &mut Stage, day: &Day, station: &Machine) {
    for (name, hour, register, usual) in
        [("plc-pump01", 8, 40, 620), ("plc-pump01", 13, 40, 540), ("plc-water02", 10, 41, 350)]
    {
        if register == 41 && day.weekday != 0 {
            continue;
        }
        let when = stage.soon(at(day.midnight, hour, 2, 30), 900_000);
        let value = usual + stage.random.between(0, 40);
        let ends = Ends { from: station.address, to: seat(name).0.address, port: 502 };
        stage.modbus(when, &ends, "WRITE_SINGLE_REGISTER");
        let command = Command { function: "WRITE_SINGLE_REGISTER", address: register, values: &[value] };
        stage.modbus_values(when, &ends, &command);
    }
}

/// What a controller answers, and whose scene that is when a sensor lies.
fn readings(
    seed: u64,
    plc: &Machine,
    when: Timestamp,
    lies: &[(usize, &FalsifySensor, When)],
) -> (Vec<u64>, Option<usize>) {
    let mut label = None;
    let mut values = Vec::with_capacity(Sensor::ALL.len());
    for sensor in Sensor::ALL {
        let truth = |when| truth(seed, plc, sensor, when);
        let mut value = truth(when);
        for (scene, lie, during) in lies {
            let is_its = lie.controller.0.name == plc.name && lie.sensor == sensor;
            if is_its && during.start <= when && during.allows(when) {
                (value, label) = (lie.says(during, when, truth), Some(*scene));
            }
        }
        // A register holds 16 bits.
        values.push(u64::try_from(value.clamp(0, 65_535)).unwrap_or(0));
    }
    (values, label)
}

/// What is so: the usual, moved by demand, by the day's weather, and by the sensor's own noise.
fn truth(seed: u64, plc: &Machine, sensor: Sensor, when: Timestamp) -> i64 {
    let seconds = seconds_between(FIRST_DAY, when);
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    let mut own = Random::new(seed_of(seed, plc.name));
    let size = i64::try_from(own.between(80, 130)).unwrap_or(100);
    let weather = noise(seed_of(seed, &format!("weather {day}")), 8);
    let weekend = if day % 7 >= 5 { -9 } else { 0 };
    let demand = demand(second) + weather + weekend + noise(seed_of(seed, &format!("demand {}", seconds / 300)), 3);
    let tick = seed_of(seed, &format!("{} {sensor:?} {}", plc.name, seconds / 300));
    let (usual, by_demand, stray) = match sensor {
        Sensor::Level => (4_200, -9, 12),
        Sensor::Pressure => (5_300, -6, 18),
        Sensor::Flow => (900, 8, 14),
        Sensor::Chlorine => (420, -1, 6),
    };
    usual * size / 100 + (demand - 100) * by_demand * size / 100 + noise(tick, stray)
}

/// Demand at a second of the day, between the hours of the table in a straight line.
fn demand(second: u64) -> i64 {
    let hour = usize::try_from(second / 3_600).unwrap_or(0).min(23);
    let rest = i64::try_from(second % 3_600).unwrap_or(0);
    let value = |hour: usize| DEMAND.get(hour).copied().unwrap_or(100);
    value(hour) + (value(hour + 1) - value(hour)) * rest / 3_600
}

/// From `-reach` to `reach`, more often near nothing.
fn noise(seed: u64, reach: u64) -> i64 {
    let mut random = Random::new(seed);
    let sum = random.between(0, reach + 1) + random.between(0, reach + 1);
    i64::try_from(sum).unwrap_or(0) - i64::try_from(reach).unwrap_or(0)
}
