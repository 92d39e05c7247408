//! Copies of the book on a schedule, in a thread beside the jobs: a copy of a large book takes long,
//! and nobody's mail waits for it.

use crate::engine::care::{copies, offsite};
use crate::engine::{Error, Session, reach};
use std::thread::JoinHandle;

/// The copies of one worker process.
#[derive(Debug, Default)]
pub struct Copies {
    running: Option<JoinHandle<()>>,
}

impl Copies {
    /// Begins a copy if one is due, or sends one off if one waits, and none is being made by this
    /// process or another.
    pub fn look(&mut self, session: &Session) -> Result<(), Error> {
        if self.running.as_ref().is_some_and(|thread| !thread.is_finished())
            || !(copies::is_due(session)? || offsite::is_due(session)?)
        {
            return Ok(());
        }
        let mut session = session.again()?;
        let thread = std::thread::Builder::new().name("backup".to_owned()).spawn(move || {
            let side = session.store.side_directory();
            let Some(_lock) = reach::take(&side.join("locks/backup.lock"), "backup") else {
                return;
            };
            if let Err(error) = make_and_send(&mut session) {
                // People have it as a notice.
                tracing::error!(%error, "backup");
            }
        });
        self.running = Some(thread.map_err(|e| Error::Bug(format!("cannot start a thread: {e}")))?);
        Ok(())
    }

    /// Waits for the copy that is being made.
    pub fn wait(self) {
        if let Some(thread) = self.running {
            let _ = thread.join();
        }
    }
}

/// Asks anew whether they are due: another worker may have made it just now.
fn make_and_send(session: &mut Session) -> Result<(), Error> {
    if copies::is_due(session)? {
        copies::make(session)?;
    }
    if offsite::is_due(session)? {
        offsite::send(session)?;
    }
    Ok(())
}
