//! The slice protocol: one way to run what takes long.
//!
//! A verb that takes long implements [`Runner`]: `slice` does a piece of work measured in
//! milliseconds and says whether there is more. Its progress is columns of the job row, written in
//! the slice's own transaction, so a killed process loses at most the slice that was open, and the
//! next worker goes on from the row. `worker::drive` claims a job and loops.

use super::{Error, Session};
use crate::store::job::JobRow;
use std::sync::Arc;

/// What a slice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slice {
    /// Call again.
    More,
    /// Nothing to do before this moment (UTC milliseconds); the job waits.
    Wait {
        /// The moment.
        until_ms: i64,
    },
    /// This process cannot do it, another may: the job is given back as it was. The runner says why
    /// to [`super::reach::Reach::leave`].
    Leave,
    /// Finished.
    Done,
    /// The slice obeyed a wish: the job row is Paused or Canceled already.
    Halted,
}

/// Blocking calls of the outside world, many at a time: implemented by the worker over its pool.
pub trait Pool: Send + Sync {
    /// Runs every task, at most `limit` at once, and returns when all have ended.
    fn run(&self, limit: usize, tasks: Vec<Box<dyn FnOnce() + Send>>);

    /// The same while the caller does something else; both have ended when it returns.
    fn run_beside(
        &self,
        limit: usize,
        tasks: Vec<Box<dyn FnOnce() + Send>>,
        meanwhile: &mut dyn FnMut(),
    ) {
        std::thread::scope(|scope| {
            let calls = scope.spawn(|| self.run(limit, tasks));
            meanwhile();
            if let Err(panic) = calls.join() {
                std::panic::resume_unwind(panic);
            }
        });
    }
}

/// What a runner may use besides the book.
#[derive(Clone)]
pub struct Ports {
    /// For gateway and mail calls.
    pub pool: Arc<dyn Pool>,
}

/// Work in slices. A runner may keep caches between slices; everything that matters is in rows.
pub trait Runner {
    /// Does one piece; each of its transactions calls `store::job::guard` first.
    fn slice(&mut self, session: &mut Session, job: &JobRow, ports: &Ports)
    -> Result<Slice, Error>;
}
