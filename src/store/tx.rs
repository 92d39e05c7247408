//! Writing inside one transaction: who writes, what it tells the audit trail and which screens it moves.

use super::face::Params;
use super::{Db, StoreError};
use crate::clock::Now;
use crate::config::Config;
use crate::domain::actor::{Actor, Role, Verb};
use crate::domain::ids::{DocumentId, PaymentId};
use crate::domain::text_enum;
use chrono::NaiveDate;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

text_enum! {
    /// What a screen shows and a write may change: a screen reloads only when its topics moved.
    Topic {
        /// Accounts, subscriptions, charges, methods, notes.
        Accounts = "accounts",
        /// Usage records.
        Usage = "usage",
        /// Bill and payment runs and their failures.
        Runs = "runs",
        /// Documents and their state.
        Documents = "documents",
        /// Payments, allocations, promises.
        Payments = "payments",
        /// Deliveries and print batches.
        Deliveries = "deliveries",
        /// Jobs and schedules.
        Jobs = "jobs",
        /// Settings, roles, saved filters.
        Settings = "settings",
        Notices = "notices",
    }
}

/// A second person who stands for what a transaction does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Second {
    /// Who asked for it; none = only looked at it and accepted it.
    pub asked_by: Option<u32>,
    /// Their name.
    pub name: String,
}

/// What an operation says of itself.
#[derive(Debug, Default)]
pub(super) struct Note {
    pub subject: String,
    pub summary: String,
    pub detail: String,
}

/// Documents and payments of which a transaction moved what is open.
#[derive(Debug, Default)]
pub(super) struct Stirred {
    pub documents: RefCell<BTreeSet<DocumentId>>,
    pub payments: RefCell<BTreeSet<PaymentId>>,
}

/// What a transaction knows of the day through which nothing is booked any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Shut {
    /// It was not read.
    #[default]
    Unread,
    /// No month is closed.
    Nothing,
    Through(NaiveDate),
}

/// Write access inside one transaction.
pub struct Tx<'c> {
    pub(super) db: Db<'c>,
    pub(super) now: Now,
    pub(super) actor: &'c Actor,
    pub(super) role: Role,
    pub(super) verb: Verb,
    pub(super) second: RefCell<Option<Second>>,
    pub(super) note: RefCell<Note>,
    pub(super) topics: RefCell<BTreeSet<Topic>>,
    pub(super) quiet: Cell<bool>,
    /// Something written is by the number of this operation.
    pub(super) named: Cell<bool>,
    pub(super) stirred: Stirred,
    /// What deeds are judged by, once it was read; a setting that is set here forgets it.
    pub(super) rules: RefCell<Option<Rc<Config>>>,
    /// The last day on which nothing is booked any more, once it was read.
    pub(super) shut: Cell<Shut>,
    pub(super) seq: i64,
}

impl<'c> std::ops::Deref for Tx<'c> {
    type Target = Db<'c>;
    fn deref(&self) -> &Db<'c> {
        &self.db
    }
}

impl Tx<'_> {
    /// Changes rows; gives how many.
    pub(in crate::store) fn run(
        &self,
        sql: &str,
        values: impl Params,
    ) -> Result<usize, StoreError> {
        self.db.change(sql, values)
    }

    /// Inserts one row; gives its key.
    pub(in crate::store) fn insert(
        &self,
        sql: &str,
        values: impl Params,
    ) -> Result<i64, StoreError> {
        self.run(sql, values)?;
        Ok(self.last_key())
    }

    /// The moment of this operation.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        self.actor
    }

    /// The role the actor was let in with.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What is done, as the audit trail names it.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Says who else stands for what is done from here on; none = nobody.
    pub fn seconded_by(&self, second: Option<Second>) {
        self.second.replace(second);
    }

    /// The sequence number this operation gets in the audit trail; also the ledger's `txn`. What names it
    /// is in the trail, however quiet.
    pub fn seq(&self) -> i64 {
        self.named.set(true);
        self.seq
    }

    /// Says for the audit trail what this is about: the subject as a clerk writes it
    /// (`D-000012`, `BR-000007`) and one line in words. The last call counts.
    pub fn note(&self, subject: impl ToString, summary: impl Into<String>) {
        let mut note = self.note.borrow_mut();
        note.subject = subject.to_string();
        note.summary = summary.into();
    }

    /// Adds detail to the audit row: JSON, with before and after for a clerk's edit.
    pub fn detail(&self, detail: &serde_json::Value) {
        self.note.borrow_mut().detail = detail.to_string();
    }

    /// Says that screens showing this topic are out of date.
    pub fn touch(&self, topic: Topic) {
        self.topics.borrow_mut().insert(topic);
    }

    /// Writes no audit row if so, see [`Tx::quiet`].
    pub fn quiet_if(&self, quiet: bool) {
        self.quiet.set(quiet);
    }

    /// Writes no audit row: nothing happened, or only bookkeeping of jobs.
    pub fn quiet(&self) {
        self.quiet.set(true);
    }

    /// Whether it writes no audit row.
    pub fn is_quiet(&self) -> bool {
        self.quiet.get() && !self.named.get()
    }
}

impl Tx<'_> {
    /// Tries one item of a batch: its error takes back what it wrote, and only that.
    pub fn attempt<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.batch("SAVEPOINT attempt")?;
        match work() {
            Ok(value) => {
                self.batch("RELEASE attempt")?;
                Ok(value)
            }
            // A full or failing disk takes the whole transaction back, the savepoint with it.
            Err(error) if self.is_over() => Err(error),
            Err(error) => {
                self.batch("ROLLBACK TO attempt; RELEASE attempt")?;
                Err(error)
            }
        }
    }
}

impl Tx<'_> {
    /// Says that the balance of a document moved.
    pub(in crate::store) fn stir_document(&self, id: DocumentId) {
        self.stirred.documents.borrow_mut().insert(id);
    }

    /// Says that what is unapplied of a payment moved.
    pub(in crate::store) fn stir_payment(&self, id: PaymentId) {
        self.stirred.payments.borrow_mut().insert(id);
    }
}
