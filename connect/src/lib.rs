//! Everything that opens a socket: sources in.
