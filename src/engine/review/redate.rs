//! A new invoice date for a draft: the due date follows the term unless a clerk set it, tax follows
//! the rate of the day.

pub use crate::engine::review::edit::redate;
