//! Chores: demo, test, bench, oracle, torture, tidy.
fn main() {}
