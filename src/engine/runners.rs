//! Which runner drives which kind of job.

use super::command::JobSpec;
use super::job::{self, Ports, Runner, Slice};
use crate::engine::collect::{self, reconcile, remind};
use crate::engine::deliver::print;
use crate::engine::deliver::send::SendRunner;
use crate::engine::{Error, Session, bill, post};
use crate::store::job::{JobKind, JobRow};

/// The runner of a kind of job.
pub fn runner(kind: JobKind) -> Result<Box<dyn Runner>, Error> {
    match kind {
        JobKind::Bill => Ok(Box::new(bill::run::BillRunner::default())),
        JobKind::Post => Ok(Box::new(post::posting::PostRunner::default())),
        JobKind::Collect | JobKind::Retry => Ok(Box::new(collect::Collect::default())),
        JobKind::Deliver => Ok(Box::new(Mails::default())),
        JobKind::Print => Ok(Box::new(print::PrintRunner)),
        JobKind::Reconcile => Ok(Box::new(reconcile::Reconcile::default())),
    }
}

/// What leaves by e-mail: documents, or reminders.
#[derive(Default)]
struct Mails(SendRunner);

impl Runner for Mails {
    fn slice(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        ports: &Ports,
    ) -> Result<Slice, Error> {
        match job::spec(job)? {
            JobSpec::Remind => remind::slice(session, job),
            _ => self.0.slice(session, job, ports),
        }
    }
}
