//! Spot-check: drafts are accepted, held, changed, rated again, canceled, made by hand, and deeds taken back.

pub mod claim;
pub mod edit;
pub mod hand_made;
pub(in crate::engine) mod others;
pub mod past;
pub(in crate::engine) mod picked;
pub mod regenerate;
pub mod undo;
pub mod verdict;
