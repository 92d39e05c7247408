//! A book opened by somebody, and one moment of it.

use super::error::Error;
use super::on_its_way::Sure;
use crate::clock::Now;
use crate::config::Config;
use crate::domain::actor::{Actor, Verb};
use crate::domain::ids::JobId;
use crate::store::operation::Hand;
use crate::store::{self, Db, Op, Store, StoreError, Tx};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

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
    pub reach: Reach,
    /// Whether who acts was told what it meets, and said to go on.
    pub sure: Sure,
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
        let (reach, hand) = (Reach::default(), Hand::Person);
        Self { store, actor, fixed_now: None, next_op: None, reach, sure: Sure::Ask, hand }
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

    /// Whether what it writes now goes on by itself.
    pub fn is_by_itself(&self) -> bool {
        self.hand == Hand::ByItself
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

    /// One transaction of a deed that takes several; what each notes is what came of all so far.
    pub fn write_on<T>(
        &mut self,
        deed: &mut Slices,
        verb: Verb,
        work: impl FnOnce(&Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some(seq) = deed.last {
            self.next_op = Some(store::operation::going_on(seq));
        }
        let (done, row) = self.write(verb, |tx| {
            let done = work(tx)?;
            Ok((done, (!tx.is_quiet()).then(|| tx.seq())))
        })?;
        deed.last = row.or(deed.last);
        Ok(done)
    }
}

/// A deed of a person that takes several transactions: the trail has a row of each, and shows the last.
#[derive(Debug, Default)]
pub struct Slices {
    /// The row of the last one.
    last: Option<i64>,
}

/// What a session knows of what its process can do.
#[derive(Debug, Default)]
pub struct Reach {
    /// The locks of the means that it can use.
    pub(super) held: BTreeMap<&'static str, File>,
    /// When it last said so.
    pub(super) said: Option<Instant>,
    /// Jobs it took up and gave back, and why.
    pub(super) left: BTreeMap<JobId, String>,
    /// Since when nobody lives who could use a means.
    pub(super) alone: BTreeMap<String, Instant>,
}

impl Reach {
    /// A job was taken up and is given back: another process lives that may have better luck.
    pub fn leave(&mut self, job: JobId, why: &str) {
        self.left.insert(job, why.to_owned());
    }
}
