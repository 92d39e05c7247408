//! The verbs, one use case a file, in wings by the steps of the day, synchronous. Each opens short
//! transactions through [`Session::write`]; what takes long is a [`job`] in slices. Which wing may
//! name which: `FLOORS` in `tests/it/floors.rs`.

pub mod account_edit;
pub mod account_page;
mod ahead;
pub mod answer;
pub mod bank;
pub mod bill;
pub mod care;
pub mod clockwork;
pub mod closing;
pub mod collect;
pub mod command;
pub mod deliver;
pub mod desk;
pub mod e_invoice;
mod error;
pub mod fx;
pub mod guard;
pub mod import;
pub mod job;
pub mod look;
mod mailer;
pub mod noting;
pub mod on_its_way;
mod outbox;
mod pace;
pub mod perform;
pub mod place;
pub mod post;
pub mod printed;
pub mod query;
pub mod query_by_hand;
pub mod rate;
pub mod reach;
pub mod reissue;
pub mod review;
pub mod runners;
mod session;
mod site_command;
pub mod speech;
mod tray;
pub mod trouble;

pub use error::Error;
pub use session::{Session, Slices};
