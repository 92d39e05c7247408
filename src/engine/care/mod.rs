//! Care of the book: copies, checks, settings, exports, what its place and its clock are like.

pub mod backup;
pub mod bookkeeping;
pub mod check;
pub mod convert;
pub mod copies;
pub mod doctor;
pub mod export;
pub mod offsite;
pub mod rehearsal;
pub mod report;
pub mod settings;
pub mod status;
pub mod timekeeping;
pub mod today;
pub mod zones;
