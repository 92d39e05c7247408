//! daybook: a terminal console for the billing day.
//!
//! A five-minute tour, in reading order:
//!
//! * [`domain`]: the nouns and the rules, pure. An account has subscriptions, these have charges;
//!   a bill run turns what is due into draft documents.
//! * [`store`]: the book, one SQLite file; the only room with SQL.
//! * [`import`]: CSV files to typed rows, each bad row a named error.
//! * [`document`]: posted data to bytes: the PDF, the print batch, the e-mail.
//! * [`mail`]: how e-mail leaves: a drop folder or SMTP, and what became of it.
//! * [`gateway`]: who takes the money: a built-in sandbox with its own ledger, and Stripe.
//! * [`engine`]: the verbs (bill, post, deliver, collect …), one file each, over the store, in wings by
//!   the steps of the day.
//! * [`demo`]: a book of any size with past cycles and planted errors, made by these verbs.
//! * [`inside`]: the files of the book's directory, each made here with its mode.
//! * [`outside`]: a setgid start, and files outside the book's directory.
//! * [`worker`]: drives long verbs in slices; a job outlives the process that began it.
//! * [`cli`]: every verb without a terminal, with `--json` and exit codes.

pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod document;
pub mod domain;
pub mod engine;
pub mod gateway;
pub mod import;
pub mod inside;
pub mod mail;
pub mod outside;
pub mod store;
pub mod ui;
pub mod worker;
pub mod zone;
