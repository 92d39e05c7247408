//! The console: what the clerk sees and presses.
//!
//! [`app`] decides and never acts; [`shell`] acts and never decides. In between go [`msg::Msg`]
//! and [`msg::Effect`]. [`pen`] turns pictures into few bytes, [`terminal`] leaves clean.

pub mod account_page;
pub mod app;
pub mod explain;
pub mod export;
pub mod fault;
pub mod help;
pub mod keymap;
pub mod letters;
pub mod modal;
pub mod msg;
pub mod pen;
mod results;
mod rights;
pub mod screen;
mod shell;
pub mod terminal;
pub mod theme;
pub mod usage;
pub mod widget;

pub use shell::run;
