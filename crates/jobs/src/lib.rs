//! Timed work: roll-ups and housekeeping.
