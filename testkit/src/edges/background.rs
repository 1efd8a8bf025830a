//! What happens every day.

use super::{Pair, Plan, Stage};

/// Machines of the city that begin conversations.
pub(super) const CLIENTS: u32 = 240;
/// Machines that answer; the first are asked most.
pub(super) const SERVERS: u32 = 40;
/// Addresses elsewhere.
pub(super) const OUTSIDE: u32 = 3_000;
/// The number of the first server.
pub(super) const FIRST_SERVER: u32 = 10_000;
/// The number of the first address elsewhere.
pub(super) const FIRST_OUTSIDE: u32 = 20_000;
/// The machine that asks devices how they are, each minute.
const MONITOR: u32 = 9_000;
/// The machine that backups go to.
const VAULT: u32 = FIRST_SERVER + 39;

/// How busy a minute is: from a fifth at night to nearly twice the average at noon, in hundredths.
fn rhythm(minute: u64) -> u64 {
    let minute_of_day = (minute + 480) % 1_440;
    let from_noon = minute_of_day.abs_diff(780).min(720);
    190 - from_noon * 170 / 720
}

pub(super) fn play(plan: &Plan, stage: &mut Stage) {
    for minute in 0..plan.minutes {
        conversations(plan, stage, minute);
        steady(stage, minute, plan.edges_a_minute / 5);
    }
    let mut minute = 200;
    while minute < plan.minutes {
        burst(plan, stage, minute);
        minute += stage.random.between(150, 500);
    }
}

/// People and programs talk: some edges each, over some minutes.
fn conversations(plan: &Plan, stage: &mut Stage, minute: u64) {
    let due = plan.edges_a_minute * 4 / 5 * rhythm(minute) / 100;
    let mut made = 0;
    while made < due {
        let pair = a_pair(stage);
        let edges = stage.about(5);
        let lasts = stage.about(3);
        for _ in 0..edges {
            let at = minute + stage.random.between(0, lasts);
            if at < plan.minutes {
                stage.usual(pair, at);
            }
        }
        made += edges;
    }
}

fn a_pair(stage: &mut Stage) -> Pair {
    let client = stage.popular(CLIENTS);
    let server = FIRST_SERVER + stage.popular(SERVERS);
    let outside = FIRST_OUTSIDE + stage.popular(OUTSIDE);
    match stage.random.between(0, 10) {
        0..5 => (client, server),
        5..8 => (client, outside),
        8 => (outside, server),
        // Servers talk among themselves.
        _ => (FIRST_SERVER + stage.popular(SERVERS), server),
    }
}

/// A machine asks others at an even pace, always the same.
fn steady(stage: &mut Stage, minute: u64, devices: u64) {
    for device in 0..devices {
        stage.usual((MONITOR, 9_100 + device as u32), minute);
    }
}

/// Much at once, and no attack.
fn burst(plan: &Plan, stage: &mut Stage, from: u64) {
    let size = plan.edges_a_minute;
    let until = |lasts: u64| from..(from + lasts).min(plan.minutes);
    match stage.random.between(0, 3) {
        0 => {
            let machine = FIRST_SERVER + stage.popular(SERVERS);
            for minute in until(8) {
                let edges = stage.about(size);
                (0..edges).for_each(|_| stage.usual((machine, VAULT), minute));
            }
        }
        1 => {
            // Many want the same service.
            let server = FIRST_SERVER + stage.popular(SERVERS);
            for minute in until(15) {
                for _ in 0..stage.about(size / 2 + 1) {
                    let visitor = FIRST_OUTSIDE + stage.random.between(0, u64::from(OUTSIDE)) as u32;
                    (0..stage.about(2)).for_each(|_| stage.usual((visitor, server), minute));
                }
            }
        }
        _ => {
            // A machine that nobody knew begins to work.
            let machine = 5_000 + stage.random.between(0, 1_000) as u32;
            for minute in until(120) {
                if stage.random.chance(1, 3) {
                    let server = FIRST_SERVER + stage.popular(SERVERS);
                    (0..stage.about(4)).for_each(|_| stage.usual((machine, server), minute));
                }
            }
        }
    }
}
