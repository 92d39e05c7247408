//! Payment runs: who is charged, credits first, then the gateway, in slices.
//!
//! One slice is a sandwich: a short transaction writes payments in Processing with their keys, the
//! gateway is called with no transaction open, a second short transaction records the answers. A
//! process that dies in between leaves Processing rows; whoever takes the job over asks the
//! gateway about exactly these before anything else is charged. What is found settles them; nothing
//! found proves nothing.

pub mod again;
pub mod agency;
mod answered;
pub mod bank;
mod begin;
mod call;
pub mod credits;
mod cursor;
pub mod dispute;
mod dry_run;
mod due;
pub mod events;
mod fees;
pub mod follow_up;
pub mod gateway_clock;
pub mod instalments;
mod join;
pub mod memo_refund;
pub mod money;
pub mod outside_payment;
pub mod payments;
mod pick;
mod picking;
pub mod plain;
pub mod reallocate;
pub mod reconcile;
pub mod refund;
pub(in crate::engine) mod refund_ask;
pub(in crate::engine) mod refund_job;
pub mod remind;
pub mod retry;
mod runner;
pub mod settle;
mod steer;
pub mod stop;
mod summary;
pub mod till;
mod which;
pub mod window;

pub use begin::{apply_unapplied, use_credits};
pub use call::{Verdict, look_up, with_token};
pub use dry_run::{DryRun, dry_run, of_today, one_by_one};
pub use due::{RemindersAhead, Waiting};
pub use fees::FeeLine;
pub use join::join;
pub use pick::{Mode, refusals, start, start_in, start_retry};
pub use runner::Collect;
pub use steer::{pause, resume, stop, takes_too};
pub use summary::{Summary, summary};
