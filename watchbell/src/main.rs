//! The binary: configuration and wiring.
fn main() {}
