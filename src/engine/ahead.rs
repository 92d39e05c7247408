//! The next slice of a job is read on a second connection while this one is written: reading and
//! rating on one core, writing on the other. What was read is used only if nobody else has written
//! since it was asked for; else the slice reads again, as it does where no second connection can be had.

use super::{Error, Session};
use crate::store::Moment;
use std::thread::JoinHandle;

/// Reads ahead for one runner.
pub(super) struct Ahead<T> {
    /// The second connection, while nothing is being read.
    idle: Option<Session>,
    reading: Option<(Moment, Reading<T>)>,
}

/// Gives the connection back, and what was read unless something kept it from being.
type Reading<T> = JoinHandle<(Session, Option<T>)>;

impl<T: Send + 'static> Ahead<T> {
    pub(super) fn new() -> Self {
        Self { idle: None, reading: None }
    }

    /// Begins to read. `by` is the connection that writes, between two of its transactions; what
    /// keeps the reading from being done is no error of the slice that is written meanwhile.
    pub(super) fn begin(
        &mut self,
        by: &Session,
        read: impl FnOnce(&Session) -> Result<T, Error> + Send + 'static,
    ) {
        drop(self.take());
        let Ok(moment) = by.store.moment() else { return };
        let Some(session) = self.idle.take().or_else(|| by.again().ok()) else { return };
        let work = move || {
            let found = read(&session).ok();
            (session, found)
        };
        let thread = std::thread::Builder::new().name("read ahead".to_owned()).spawn(work);
        self.reading = thread.ok().map(|thread| (moment, thread));
    }

    /// What was read if it `fits` and nobody else has written since, else what `read` gives now; with
    /// the moment for which it holds.
    pub(super) fn next(
        &mut self,
        by: &Session,
        fits: impl FnOnce(&T) -> bool,
        read: impl FnOnce(&Session) -> Result<T, Error>,
    ) -> Result<(Moment, T), Error> {
        let moment = by.store.moment()?;
        match self.take() {
            Some((then, found)) if then == moment && fits(&found) => Ok((moment, found)),
            Some(_) | None => Ok((moment, read(by)?)),
        }
    }

    fn take(&mut self) -> Option<(Moment, T)> {
        let (moment, thread) = self.reading.take()?;
        let (session, found) = thread.join().ok()?;
        self.idle = Some(session);
        found.map(|found| (moment, found))
    }
}

impl<T> Drop for Ahead<T> {
    /// A second connection does not outlive its runner: others may be about to replace the book.
    fn drop(&mut self) {
        if let Some((_, thread)) = self.reading.take() {
            let _ = thread.join();
        }
    }
}
