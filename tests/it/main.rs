//! Integration tests, one binary: what no single module can show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panic")]

mod book;
mod cases;
mod cases_binary;
mod cdnow;
mod check;
mod collect;
mod crash;
mod day;
mod delivery;
mod demo;
mod desk;
mod document;
mod edit;
mod export;
mod import;
mod mail;
mod memo;
mod memory;
mod money_faults;
mod month;
mod retry;
mod schema;
mod sink;
mod tidy;
mod ui;
