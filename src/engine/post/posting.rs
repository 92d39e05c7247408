//! Posting: a run, or marked drafts, become numbered and immutable. Later changes are memos.
//!
//! A job in slices: each slice checks every draft again inside its transaction, numbers the ones
//! that may be posted, and says of the others why they stay behind. A kernel lock lets one posting
//! number at a time, so that the range shown is the range used.

use super::dates;
pub use super::posted::Posted;
use crate::config::{Config, key};
use crate::document::{Corrected, Frozen};
use crate::domain::actor::Verb;
use crate::domain::document::{BillRunStatus, DocumentStatus, Review};
use crate::domain::ids::{BillRunId, DocumentId, JobId};
use crate::domain::payment::MethodStatus;
use crate::domain::tax::posting_block;
use crate::domain::text::counted;
use crate::engine::command::{JobSpec, Pick, Refused};
use crate::engine::deliver;
use crate::engine::deliver::copies::When;
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::{Error, Session, printed};
use crate::store::document::{self, DocumentRow};
use crate::store::hold::{Hold, Work};
use crate::store::job::{self, JobKind, JobRow, JobState, Progress, Wanted};
use crate::store::json;
use crate::store::notice::{self, NoticeLevel};
use crate::store::{Db, StoreError, Tx, account, bill_run, logo, method_state, posting, settings};
use chrono::NaiveDate;
use std::time::Duration;

/// A write lock is to be held about this long.
const LOCK: Duration = Duration::from_millis(40);
/// Refusals kept with their reasons; beyond it they are only counted.
const LISTED: usize = 1_000;

/// What to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Every postable draft of a run.
    Run(BillRunId),
    /// These drafts, as they were seen.
    Drafts(Vec<Pick>),
}

/// Makes the posting job; the worker or the caller drives it.
pub fn start(
    session: &mut Session,
    what: &What,
    invoice_on: Option<NaiveDate>,
) -> Result<JobId, Error> {
    session.write(Verb::Post, |tx| start_in(tx, what, invoice_on))
}

/// The same within a transaction of the caller's.
pub fn start_in(tx: &Tx<'_>, what: &What, invoice_on: Option<NaiveDate>) -> Result<JobId, Error> {
    let mut placed = Vec::new();
    let (spec, subject, total) = match what {
        What::Run(run) => {
            let row = bill_run::get(tx, *run)?;
            match row.status {
                BillRunStatus::Completed | BillRunStatus::Posted => {
                    bill_run::set_status(tx, *run, BillRunStatus::Posting, "")?;
                }
                // A posting whose worker died: its job goes on.
                BillRunStatus::Posting => {
                    let job = job::newest(tx, JobKind::Post, &run.to_string())?
                        .ok_or_else(|| Error::Bug(format!("{run} has no posting job")))?;
                    if job.state == JobState::Failed {
                        job::set_state(tx, job.id, JobState::Waiting, "")?;
                        tx.note(run, "posting taken up again");
                    } else {
                        // It goes on: whoever asks again did nothing.
                        tx.quiet();
                    }
                    return Ok(job.id);
                }
                BillRunStatus::Pending
                | BillRunStatus::Processing
                | BillRunStatus::Paused
                | BillRunStatus::Canceled
                | BillRunStatus::Error => {
                    return Err(Error::usage(
                        "wrong_state",
                        format!("{run} is {} and cannot be posted", row.status),
                        "a run is posted once it is Completed",
                    ));
                }
            }
            let drafts = bill_run::documents(tx, *run)?.drafts;
            let spec = JobSpec::Post { run: Some(*run), drafts: Vec::new(), invoice_on };
            (spec, run.to_string(), drafts)
        }
        What::Drafts(picks) => {
            for pick in picks {
                placed.push((document::account_of(tx, pick.id)?, *pick));
            }
            placed.sort_unstable_by_key(|(account, pick)| (*account, pick.id));
            placed.dedup_by_key(|(_, pick)| pick.id);
            if invoice_on.is_none() && dates::must_rise(&settings::load(tx)?) {
                let mut days = Vec::with_capacity(placed.len());
                for (account, pick) in placed {
                    days.push((document::get(tx, pick.id)?.invoice_on, account, pick));
                }
                days.sort_by_key(|(day, ..)| *day);
                placed = days.into_iter().map(|(_, account, pick)| (account, pick)).collect();
            }
            let subject = placed.first().map(|(_, p)| p.id.to_string()).unwrap_or_default();
            let spec = JobSpec::Post { run: None, drafts: Vec::new(), invoice_on };
            (spec, subject, placed.len() as i64)
        }
    };
    tx.note(&subject, format!("posting of {total} drafts begun"));
    let id = job::insert(tx, &spec, &subject, total)?;
    job::add_picks(tx, id, placed.into_iter().map(|(_, pick)| (pick.id, pick.version)))?;
    Ok(id)
}

/// Why a draft stays behind, if it does. Asked again in the transaction that posts.
pub fn blocked(db: &Db<'_>, row: &DocumentRow, config: &Config) -> Result<Option<String>, Error> {
    if row.status != DocumentStatus::Draft {
        return Ok(Some(format!("it is {}", row.status)));
    }
    if row.review == Review::Held {
        let owner = if row.hold_owner.is_empty() {
            String::new()
        } else {
            format!(" ({})", row.hold_owner)
        };
        return Ok(Some(format!("held: {}{owner}", row.hold_reason)));
    }
    if !row.stale.is_empty() {
        return Ok(Some(format!(
            "stale: {}; regenerate it, or accept it with a reason",
            row.stale
        )));
    }
    let accepted = row.review == Review::Accepted;
    let unseen = match config.get(key::POST_REQUIRE_REVIEW) {
        "all" => !accepted,
        "flagged" => !accepted && !document::flags(db, row.id)?.is_empty(),
        _ => false,
    };
    if unseen {
        return Ok(Some("not accepted yet (post.require_review)".to_owned()));
    }
    let taxes = document::taxes(db, row.id)?;
    if !taxes.is_empty() {
        let terms = account::version_terms(db, row.account_version)?;
        if let Some(why) = posting_block(&taxes, &terms.tax_id) {
            return Ok(Some(why));
        }
    }
    // Numbered and charged, it would have to be delivered.
    printed::unfit(db, row.clone(), freeze(db, row, config)?)
}

/// What is printed for ever: issuer and customer as they are now, [`Frozen`].
pub fn freeze(db: &Db<'_>, row: &DocumentRow, config: &Config) -> Result<Frozen, StoreError> {
    let terms = account::version_terms(db, row.account_version)?;
    let mut frozen = Frozen::of(config, &terms);
    frozen.logo = logo::chosen(db)?;
    if let Some(id) = row.corrects {
        let other = document::get(db, id)?;
        frozen.corrects = other.number.map(|number| Corrected { number, date: other.invoice_on });
    }
    if row.kind.is_receivable() && terms.auto_pay {
        // Of open methods the first by priority is charged.
        let methods = method_state::plain_of_account(db, row.account)?;
        let first = methods.into_iter().find(|m| m.state.status == MethodStatus::Active);
        frozen.collected_from = first.map(|m| m.display).unwrap_or_default();
    }
    Ok(frozen)
}

/// Posts one document that was just made in this transaction (memos, write-offs).
pub fn post_now(tx: &Tx<'_>, id: DocumentId) -> Result<String, Error> {
    let config = settings::load(tx)?;
    let row = document::get(tx, id)?;
    if let Some(why) = dates::backwards(tx, row.kind, row.invoice_on, &config)? {
        return Err(Error::usage(
            "dates_run_backwards",
            why,
            "a later date, or daybook settings set series.dates warn",
        ));
    }
    let frozen = freeze(tx, &row, &config)?;
    Ok(posting::post(tx, &row, config.pattern(row.kind), &frozen)?)
}

/// Drives a posting.
pub struct PostRunner {
    run: Option<BillRunId>,
    /// As an older build kept them.
    drafts: Vec<Pick>,
    invoice_on: Option<NaiveDate>,
    size: u32,
    lock: Option<Hold>,
}

impl PostRunner {
    /// Of a run, or of picked drafts.
    pub fn new(run: Option<BillRunId>, drafts: Vec<Pick>, invoice_on: Option<NaiveDate>) -> Self {
        Self { run, drafts, invoice_on, size: 50, lock: None }
    }
}

impl Runner for PostRunner {
    fn slice(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        _ports: &Ports,
    ) -> Result<Slice, Error> {
        let (run, invoice_on) = (self.run, self.invoice_on);
        if self.lock.is_none() {
            self.lock = session.store.hold(Work::Posting)?;
            if self.lock.is_none() {
                std::thread::sleep(LOCK);
                return Ok(Slice::More);
            }
        }
        let slice = session.write(Verb::Post, |tx| {
            let row = job::guard(tx, job)?;
            if row.wanted == Wanted::Cancel {
                job::set_state(tx, job.id, JobState::Canceled, "")?;
                if let Some(run) = run {
                    bill_run::set_status(tx, run, BillRunStatus::Completed, "posting stopped")?;
                }
                tx.note(&job.subject, format!("posting stopped after {} documents", row.done));
                return Ok(Slice::Halted);
            }
            match run {
                Some(run) => run_slice(tx, &row, run, invoice_on, self.size),
                None => marked_slice(tx, &row, &self.drafts, invoice_on, self.size),
            }
        })?;
        // What it waited for others is no reason to do less.
        let ratio = LOCK.as_secs_f64() / session.store.last_held().as_secs_f64().max(0.001);
        self.size = ((f64::from(self.size) * ratio.clamp(0.3, 2.0)) as u32).clamp(5, 2_000);
        if let (Slice::Done, Some(run)) = (slice, run) {
            after_post(session, run)?;
        }
        Ok(slice)
    }
}

fn run_slice(
    tx: &Tx<'_>,
    job: &JobRow,
    run: BillRunId,
    invoice_on: Option<NaiveDate>,
    size: u32,
) -> Result<Slice, Error> {
    let (mut day, mut after) = match job.cursor.as_str() {
        "" if invoice_on.is_none() && dates::must_rise(&settings::load(tx)?) => {
            (posting::next_day(tx, run, None)?, (0, 0))
        }
        "" => (None, (0, 0)),
        place => place_of(place).ok_or_else(|| job.lost())?,
    };
    let next = loop {
        let next = posting::next_drafts(tx, run, day, after, size)?;
        // Where dates must rise, the drafts of the next day follow those of this one.
        let Some(done) = day.filter(|_| next.is_empty()) else { break next };
        let Some(later) = posting::next_day(tx, run, Some(done))? else { break next };
        (day, after) = (Some(later), (0, 0));
    };
    let picks: Vec<Pick> = next.iter().map(|(_, id)| Pick::whichever(*id)).collect();
    let day = day.map(|day| format!("{day}:")).unwrap_or_default();
    let cursor = next.last().map(|(account, id)| format!("{day}{account}:{}", id.0));
    let slice = post_some(tx, job, &picks, invoice_on, cursor.as_deref())?;
    if slice == Slice::Done {
        bill_run::set_status(tx, run, BillRunStatus::Posted, "")?;
        let done: Posted = job.receipt()?.unwrap_or_default();
        let documents = counted(done.posted, "document", "documents");
        let text = format!("{run} posted {documents}, {} left behind", done.refused_count);
        let why = done.refused.first().map(|r| format!(" ({}: {})", r.what, r.reason));
        let level = if done.refused_count > 0 { NoticeLevel::Warning } else { NoticeLevel::Info };
        let text = text + &why.unwrap_or_default() + &done.kept_words();
        notice::add(tx, level, &run.to_string(), &text, &format!("posted {run} {}", job.id))?;
        tx.note(run, format!("posted: {documents}, {} left behind", done.refused_count));
    }
    Ok(slice)
}

/// Reads where a posting stands: its account and draft, and the day where it goes by days.
fn place_of(text: &str) -> Option<(Option<NaiveDate>, (i64, i64))> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        [account, draft] => Some((None, (account.parse().ok()?, draft.parse().ok()?))),
        [day, account, draft] => {
            Some((Some(day.parse().ok()?), (account.parse().ok()?, draft.parse().ok()?)))
        }
        _ => None,
    }
}

fn marked_slice(
    tx: &Tx<'_>,
    job: &JobRow,
    drafts: &[Pick],
    invoice_on: Option<NaiveDate>,
    size: u32,
) -> Result<Slice, Error> {
    let from: usize = match job.cursor.as_str() {
        "" => 0,
        place => place.parse().map_err(|_| job.lost())?,
    };
    // An older build kept the drafts in the job's own row.
    let picks: Vec<Pick> = if drafts.is_empty() {
        let next = job::next_picks(tx, job.id, from as i64, size)?;
        next.into_iter().map(|(id, version)| Pick { id, version }).collect()
    } else {
        drafts.iter().skip(from).take(size as usize).copied().collect()
    };
    let upto = from + picks.len();
    post_some(tx, job, &picks, invoice_on, Some(&upto.to_string()))
}

/// Posts the picked drafts that may be posted; a version of 0 means "as it is now".
fn post_some(
    tx: &Tx<'_>,
    job: &JobRow,
    picks: &[Pick],
    invoice_on: Option<NaiveDate>,
    cursor: Option<&str>,
) -> Result<Slice, Error> {
    if picks.is_empty() {
        tx.quiet();
        return Ok(Slice::Done);
    }
    let config = settings::load(tx)?;
    let mut all: Posted = job.receipt()?.unwrap_or_default();
    let (mut done, mut failed) = (0, 0);
    let mut numbers: Vec<String> = Vec::new();
    for pick in picks {
        match post_one(tx, pick, invoice_on, &config)? {
            Ok((row, number)) => {
                done += 1;
                if row.due_by_hand && invoice_on.is_some() {
                    all.due_kept_count += 1;
                    if all.due_kept.len() < LISTED {
                        all.due_kept.push((number.clone(), row.due_on));
                    }
                }
                all.totals.add(row.currency.amount(row.total_minor))?;
                all.number(row.kind, &number);
                numbers.push(number);
            }
            Err(reason) => {
                failed += 1;
                if all.refused.len() < LISTED {
                    all.refused.push(Refused { what: pick.id.to_string(), reason });
                }
            }
        }
    }
    all.posted += done;
    all.refused_count += failed;
    let detail = json::text(&all)?;
    job::progress(tx, job.id, &Progress { done, failed, cursor, detail: Some(&detail) })?;
    let range = match (numbers.first(), numbers.last()) {
        (Some(a), Some(b)) if a != b => format!(": {a} to {b}"),
        (Some(a), _) => format!(": {a}"),
        (None, _) => String::new(),
    };
    let documents = counted(done, "document", "documents");
    tx.note(&job.subject, format!("posted {documents}{range}"));
    Ok(Slice::More)
}

type One = Result<(DocumentRow, String), String>;

fn post_one(
    tx: &Tx<'_>,
    pick: &Pick,
    invoice_on: Option<NaiveDate>,
    config: &Config,
) -> Result<One, Error> {
    let mut row = document::get(tx, pick.id)?;
    let moved = invoice_on.filter(|d| *d != row.invoice_on);
    if !pick.is_of(row.version) {
        return Ok(Err("it was changed since it was marked; look at it again".to_owned()));
    }
    // Another invoice date is a change: what was accepted was something else.
    let accepted = moved.is_some() && row.review == Review::Accepted;
    if accepted {
        row.review = Review::None;
    }
    let again = |reason: String| {
        let day = row.invoice_on;
        let words = format!("it was accepted under {day}, and another invoice date is a change");
        if accepted { format!("{reason}; {words}: set it, then accept it again") } else { reason }
    };
    if let Some(reason) = blocked(tx, &row, config)? {
        return Ok(Err(again(reason)));
    }
    let day = moved.unwrap_or(row.invoice_on);
    if let Some(reason) = dates::refused(tx, &row, day, config)? {
        return Ok(Err(reason));
    }
    let second = match crate::engine::guard::four_eyes::seen(tx, &row)? {
        Ok(second) => second,
        Err(reason) => return Ok(Err(again(reason))),
    };
    if let Some(day) = moved {
        crate::engine::review::edit::redate(tx, row.id, day)?;
        row = document::get(tx, pick.id)?;
    }
    let frozen = freeze(tx, &row, config)?;
    tx.seconded_by(second);
    let number = posting::post(tx, &row, config.pattern(row.kind), &frozen)?;
    tx.seconded_by(None);
    Ok(Ok((row, number)))
}

/// Queues the e-mail of a run that posted by itself; safe to repeat.
fn after_post(session: &mut Session, run: BillRunId) -> Result<(), Error> {
    let row = session.read(|db| bill_run::get(db, run))?;
    if row.params.auto_post && row.params.auto_email {
        deliver::make::make(session, Some(run), When::AfterHold)?;
    }
    Ok(())
}
