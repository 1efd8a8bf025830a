//! Flood or crowd.
