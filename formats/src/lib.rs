//! Outside bytes to model and back, without I/O.
