//! `status` closes the day: every step with what is left of it, and whether the steps balance.

use super::today;
use crate::domain::delivery::Balance;
use crate::engine::care::{copies, rehearsal};
use crate::engine::{Error, Session};
use crate::store::read::ReadError;
use crate::store::read::happened::{self, Happened};
use crate::store::read::today::{DAY_MS, Step, StepRow};
use crate::store::{StoreError, delivery, operation};
use chrono::NaiveDate;

/// How the day stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// The book's civil date.
    pub today: NaiveDate,
    /// Every step, in order.
    pub steps: Vec<StepRow>,
    /// What runs did in the last day and night, in their order.
    pub happened: Vec<Happened>,
    /// What was due to go out and what became of it.
    pub deliveries: Balance,
    /// How the copies of the book stand, in words; empty when none are to be made.
    pub backup: String,
    /// What does not reach the world yet, in words; empty when all does.
    pub not_real: String,
    /// How many operations the trail has, and its head for safekeeping.
    pub trail: (i64, String),
}

impl Status {
    /// The steps that still want somebody today.
    pub fn open(&self) -> impl Iterator<Item = &StepRow> {
        self.steps.iter().filter(|s| s.is_open() && wants_somebody(s.step))
    }
}

/// Held drafts, overdue invoices, loaded usage and months to close are positions, not work of the day.
fn wants_somebody(step: Step) -> bool {
    match step {
        Step::Run
        | Step::ToCheck
        | Step::ToPost
        | Step::ToDeliver
        | Step::ToCollect
        | Step::Failed
        | Step::Bounced
        | Step::Bank
        | Step::Notices => true,
        Step::Usage | Step::Held | Step::Overdue | Step::Close => false,
    }
}

/// Reads it in one view.
pub fn status(session: &Session) -> Result<Status, Error> {
    let now = session.now()?;
    let read = |e| match e {
        ReadError::Store(error) => error,
        ReadError::Filter(error) => StoreError::Corrupt(error.to_string()),
    };
    session.read(|db| {
        let steps = today::steps(db, now, &session.actor).map_err(read)?;
        let happened = happened::since(db, now.at_ms - DAY_MS).map_err(read)?;
        let (seq, head) = operation::head(db)?;
        let head = crate::domain::text::hex(&head);
        let deliveries = delivery::balance(db, None)?;
        let backup = copies::standing(db, now)?.words();
        let not_real = rehearsal::words(db)?;
        Ok(Status {
            today: now.today,
            steps,
            happened,
            deliveries,
            backup,
            not_real,
            trail: (seq, head),
        })
    })
}
