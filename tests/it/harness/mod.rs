//! What the tests are helped by; no test is here. Which helper serves what: `tests/README.md`.

pub mod book;
pub mod collect;
pub mod crash;
pub mod day;
pub mod delivery;
pub mod desk;
pub mod document;
pub mod export;
pub mod faults;
pub mod faulty;
pub mod memory;
pub mod pty;
pub mod rows;
pub mod rules;
pub mod settled;
pub mod sink;
pub mod stripe_fake;
