//! What a line costs and which draft deserves a look, by the rules of the book; no draft is written here.

pub(in crate::engine) mod corrected;
pub mod flagging;
pub mod rules;
pub mod unusual;
