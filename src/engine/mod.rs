//! The verbs, one use case a file, synchronous. Each opens short transactions through
//! [`Session::write`]; what takes long is a [`job`] in slices.

pub mod adjust;
pub mod alarm;
pub mod autopilot;
pub mod backup;
pub mod bill;
pub mod check;
pub mod collect;
pub mod command;
pub mod convert;
pub mod copies;
pub mod deliver;
pub mod delivery;
pub mod demo;
pub mod desk;
pub mod doctor;
pub mod edit;
mod envelope;
mod error;
pub mod events;
pub mod export;
pub mod flagging;
pub mod follow_up;
pub mod four_eyes;
pub mod gateway_clock;
pub mod hand_made;
pub mod import;
pub mod job;
pub mod memo;
mod memo_print;
pub mod memo_refund;
pub mod money;
pub mod offsite;
pub mod on_its_way;
pub mod outside_payment;
pub mod payments;
pub mod perform;
mod picked;
pub mod place;
pub mod post;
pub mod print;
pub mod printed;
pub mod query;
pub mod query_by_hand;
pub mod reach;
pub mod reallocate;
pub mod reconcile;
pub mod redate;
pub mod refund;
mod refund_job;
pub mod regenerate;
pub mod rehearsal;
pub mod remind;
pub mod retry;
pub mod reverse;
pub mod review;
pub mod roles;
pub mod rules;
pub mod run;
mod run_credit;
pub mod schedule;
pub mod send;
pub mod separation;
pub mod settings;
pub mod settle;
pub mod status;
pub mod tick;
pub mod till;
pub mod timekeeping;
pub mod today;
pub mod trouble;
pub mod undo;
pub mod usage;
pub mod write_off;
pub mod zones;

pub use error::Error;

use crate::clock::Now;
use crate::config::Config;
use crate::domain::actor::{Actor, Verb};
use crate::store::operation::Hand;
use crate::store::{self, Db, Op, Store, StoreError, Tx};
use std::path::Path;

/// A book opened by somebody: what every verb works on.
pub struct Session {
    /// The book.
    pub store: Store,
    /// Who acts.
    pub actor: Actor,
    /// `--now` on a test or demo book: the moment for this call only.
    pub fixed_now: Option<Now>,
    /// The operation id of the next write: how a repeated command is recognised. None = a new one.
    pub next_op: Option<String>,
    /// What this process can do of what needs a secret or a line to the outside.
    pub reach: reach::Reach,
    /// Whose doing the next writes are.
    hand: Hand,
}

impl Session {
    /// Opens a book for `actor`.
    pub fn open(path: &Path, actor: Actor) -> Result<Self, Error> {
        Self::open_saying(path, actor, &mut |_| {})
    }

    /// The same; `say` hears what is done to an older book while it is brought up.
    pub fn open_saying(
        path: &Path,
        actor: Actor,
        say: &mut dyn FnMut(&str),
    ) -> Result<Self, Error> {
        Ok(Self::on(Store::open_saying(path, say)?, actor))
    }

    /// A session on a book that is open.
    pub fn on(store: Store, actor: Actor) -> Self {
        let (reach, hand) = (reach::Reach::default(), Hand::Person);
        Self { store, actor, fixed_now: None, next_op: None, reach, hand }
    }

    /// Where the audit trail stands, to be printed and kept outside the book.
    pub fn head(&self) -> Result<String, Error> {
        Ok(self.read(store::heads::Head::of)?.to_string())
    }

    /// Another connection to the same book for the same person, for another thread.
    pub fn again(&self) -> Result<Self, Error> {
        let other = Self::on(self.store.again()?, self.actor.clone());
        Ok(Self { fixed_now: self.fixed_now, ..other })
    }

    /// Work that goes on by itself: what it writes is nobody's last deed.
    pub fn by_itself<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.hand, Hand::ByItself);
        let result = work(self);
        self.hand = before;
        result
    }

    /// The moment as this session sees it.
    pub fn now(&self) -> Result<Now, Error> {
        match self.fixed_now {
            Some(now) => Ok(now),
            None => Ok(self.store.now()?),
        }
    }

    /// The settings.
    pub fn config(&self) -> Result<Config, Error> {
        Ok(self.store.read(store::settings::load)?)
    }

    /// One view of the book.
    pub fn read<T>(&self, work: impl FnOnce(&Db<'_>) -> Result<T, StoreError>) -> Result<T, Error> {
        Ok(self.store.read(work)?)
    }

    /// One transaction under `verb`, with an operation id of its own.
    pub fn write<T>(
        &mut self,
        verb: Verb,
        work: impl FnOnce(&Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut op = Op::new(&self.actor, verb, self.now()?);
        if let Some(id) = self.next_op.take() {
            op.id = id;
        }
        op.hand = self.hand;
        self.store.write(&op, work)
    }
}
