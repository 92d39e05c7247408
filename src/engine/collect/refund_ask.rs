//! The slice by which a worker asks the gateway for a refund, under the rights of the person who
//! decided it.

use crate::domain::actor::Verb;
use crate::engine::collect::refund_job::subject;
use crate::engine::collect::till::Till;
use crate::engine::collect::{reconcile, refund};
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::{Error, Session};
use crate::store::job::{self, JobRow, Progress, Wanted};
use crate::store::notice::{self, NoticeLevel};
use crate::store::payment::{self, EventStatus};

/// What is noted before the gateway is asked: whoever finds it knows that it may have been.
const ASKED: &str = "asked";

/// Drives a refund: one slice.
pub struct RefundRunner {
    /// The event of the payment.
    pub event: i64,
}

impl Runner for RefundRunner {
    fn slice(&mut self, session: &mut Session, job: &JobRow, _: &Ports) -> Result<Slice, Error> {
        if job.wanted != Wanted::Nothing {
            return reconcile::halt(session, job);
        }
        ask(session, job, self.event)
    }
}

/// Where an earlier process got as far as asking, what became of it is
/// found out by asking about it, never by asking again from here.
fn ask(session: &mut Session, row: &JobRow, event: i64) -> Result<Slice, Error> {
    let (event, payment) = session.read(|db| {
        let event = payment::event(db, event)?;
        let payment = payment::get(db, event.payment)?;
        Ok((event, payment))
    })?;
    if event.status != EventStatus::Processing || !row.cursor.is_empty() {
        return Ok(Slice::Done);
    }
    let mut till = Till::open(session)?;
    if let Some(shut) = till.gateway(&payment.gateway).shut() {
        session.reach.leave(row.id, shut.why());
        return Ok(Slice::Leave);
    }
    let gone = session.write(Verb::Refund, |tx| {
        job::guard(tx, row)?;
        if refund::end_if_gone(tx, &event)? {
            job::progress(tx, row.id, &Progress { failed: 1, ..Progress::default() })?;
            return Ok(true);
        }
        tx.quiet();
        job::progress(tx, row.id, &Progress { cursor: Some(ASKED), ..Progress::default() })?;
        Ok(false)
    })?;
    if gone {
        return Ok(Slice::Done);
    }
    let done = refund::ask(session, &mut till, &payment, &event)?;
    session.write(Verb::Refund, |tx| {
        tx.quiet();
        job::guard(tx, row)?;
        let failed = i64::from(done.status != EventStatus::Done);
        if failed > 0 {
            let what = subject(payment.id, done.amount);
            let status = done.status.as_str().to_lowercase();
            let (id, words) = (payment.id.to_string(), format!("{what}: {status}: {}", done.words));
            notice::add(tx, NoticeLevel::Warning, &id, &words, &format!("refund {}", event.id))?;
        }
        let progress = Progress { done: 1 - failed, failed, ..Progress::default() };
        Ok(job::progress(tx, row.id, &progress)?)
    })?;
    Ok(Slice::Done)
}
