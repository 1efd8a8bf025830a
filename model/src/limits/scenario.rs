//! Scenarios: attacks and disturbances that the invented city plays.

/// Bytes of a scenario file.
pub const SCENARIO_BYTES_MAX: usize = 1024 * 1024;
/// Days that a scenario plays.
pub const SCENARIO_DAYS_MAX: u32 = 90;
/// Attacks and disturbances of a scenario together.
pub const SCENARIO_SCENES_MAX: usize = 200;
/// Steps of one attack or disturbance.
pub const SCENARIO_STEPS_MAX: usize = 100;
/// How often one step of a scenario does its move.
pub const SCENARIO_STEP_BEATS_MAX: u64 = 100_000;
/// How often all steps of a scenario together do their moves. Their lines are held in memory until their day comes.
pub const SCENARIO_BEATS_MAX: u64 = 500_000;
/// Characters of one text in a scenario.
pub const SCENARIO_TEXT_CHARS_MAX: usize = 1_000;
/// Entries of one list in a scenario.
pub const SCENARIO_LIST_MAX: usize = 200;
/// Complaints about one scenario that are named; of more, only the number.
pub const SCENARIO_COMPLAINTS_MAX: usize = 50;
