//! What is remembered of one series of numbers (`detect::behaviour::series`).

/// Different values that a view of a series tells apart; the two closest become one when there are more.
pub const SERIES_VALUES_MAX: usize = 256;
/// Different values that are told apart in one half-hour of the day.
pub const SERIES_HOUR_VALUES_MAX: usize = 16;
/// Different values of one half-hour that wait until the day is over.
pub const SERIES_HOUR_WAITING_MAX: usize = 8;
/// Steps of distance that are counted apart; what is nearer than the nearest is counted with it.
pub const SERIES_TAIL_STEPS_MAX: usize = 512;
/// Distances that count; at more, all counts are halved, so that the oldest fade.
pub const SERIES_TAIL_READINGS_MAX: u32 = 1 << 20;
/// Peaks that count; at more, all counts are halved.
pub const SERIES_PEAKS_MAX: u32 = 128;
/// Bytes that the scorer of one series takes at most.
pub const SERIES_SCORER_BYTES_MAX: usize = 40 * 1024;
