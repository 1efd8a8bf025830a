//! Edges of a graph stream as they are read and scored.

/// Longest line of a table of edges or of a series.
pub const TABLE_LINE_BYTES_MAX: usize = 16 * 1024;
/// Longest name of a machine in a table of edges.
pub const EDGE_NAME_BYTES_MAX: usize = 1_024;
/// Most ticks that one scorer tells apart; whatever comes after stays in the last.
pub const EDGE_TICKS_MAX: u32 = 1 << 30;
/// Most cells that one row of a sketch of edges may have, as a power of two.
pub const EDGE_SKETCH_BITS_MAX: u32 = 20;
