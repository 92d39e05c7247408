//! The only room with SQL: one SQLite file, the book, and short transactions on it.
//!
//! [`Store::read`] gives a consistent view; [`Store::write`] is the one way to change anything: one
//! `BEGIN IMMEDIATE` transaction that authorizes the actor, does the work, writes the audit row and
//! bumps the topics. One file per aggregate holds its SQL as free functions over [`Db`] (reading)
//! and [`Tx`] (writing); what leaves this room are domain types and plain row structs.

pub mod account;
pub mod again;
pub mod applied;
pub mod bill_run;
pub mod billing;
mod book;
mod carry;
pub mod charge;
pub mod check;
pub mod collectible;
pub mod conversion;
pub mod convert;
pub mod copy;
pub mod credit;
pub mod debt;
pub mod deed;
pub mod delivery;
pub mod desk;
pub mod document;
pub mod draft;
pub mod envelope;
mod error;
mod face;
pub mod filesystem;
pub mod first_copy;
pub mod four_eyes;
mod frozen_form;
pub mod gateway_poll;
pub mod heads;
pub mod hold;
mod identity;
pub mod import_request;
mod item;
pub mod job;
pub mod json;
pub mod ledger;
pub mod lock;
pub mod logo;
mod many;
pub mod memo;
pub mod method_state;
mod migrate;
pub mod new_draft;
pub mod notice;
mod open;
pub mod open_item;
pub mod operation;
pub mod payment;
pub mod payment_method;
pub mod payment_run;
pub mod posting;
pub mod presence;
pub mod print_batch;
pub mod read;
pub mod retry;
pub mod role;
mod row;
pub mod sample;
pub mod schedule;
mod schema;
pub mod settings;
mod shared_text;
mod sql;
pub mod stale;
pub mod subscription;
mod tally;
pub mod tax;
pub mod timekeeping;
pub mod trouble;
mod turn;
mod tx;
pub mod undelivered;
pub mod undo;
pub mod usage;
mod view;
mod whole;
pub mod zone_seen;

pub use crate::inside::side_directory;
pub use book::Store;
pub use error::{OfBook, StoreError};
pub use face::{Db, Moment};
pub use json::Json;
pub use open::CreateBook;
pub use operation::{Op, OpRow};
pub use settings::BookKind;
pub use sql::{Answer, Bounds, Cut};
pub use trouble::Trouble;
pub use tx::{Topic, Tx};
pub use whole::rename_new;

use row::{damaged, decimal, decimal_opt, money, word, word_opt, words};
