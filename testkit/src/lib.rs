//! A small invented city, a fake clock, and the way to the reference data.
