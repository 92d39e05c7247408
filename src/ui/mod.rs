//! The console: what the clerk sees and presses.

pub mod pen;
pub mod terminal;
