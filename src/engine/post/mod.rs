//! Posting: drafts become documents with numbers, and what corrects a posted one (memo, reversal, write-off).

pub mod adjust;
pub mod autopilot;
pub mod credited;
pub(in crate::engine) mod dates;
pub mod judged;
pub(in crate::engine) mod loss;
mod memo_print;
mod posted;
pub mod posting;
pub mod preview;
pub mod reverse;
mod series;
pub mod void;
pub mod write_off;
