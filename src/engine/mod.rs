//! The verbs of the billing day, one use case a file, synchronous.

pub mod command;
