//! Integration tests, one binary: what no single module can show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panic")]

mod book;
mod cases;
mod cdnow;
mod crash;
mod delivery;
mod demo;
mod document;
mod import;
mod mail;
mod memory;
mod schema;
mod sink;
mod tidy;
