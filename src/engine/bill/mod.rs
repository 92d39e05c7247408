//! Bill runs: rating of every account in slices, and their pause, resumption and cancelation.

pub mod asked;
pub mod dry_run;
pub mod run;
pub mod steer;
pub mod unbilled;
pub mod usage;
