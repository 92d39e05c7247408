//! One binary for all integration tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking
mod document;
mod mail;
mod sink;
