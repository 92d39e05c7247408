//! Posting: a run, or marked drafts, become numbered and immutable. Later changes are memos.
//!
//! A job in slices: each slice judges every draft, numbers the ones that may be posted, and says of
//! the others why they stay behind. Drafts are judged before the lock is taken (`judged`); inside
//! the transaction they are judged again if anybody else has written anything since. A kernel lock
//! lets one posting number at a time, so that the range shown is the range used.

use super::dates;
use super::judged::{Judged, freeze, judge, moves, under};
pub use super::posted::Posted;
use super::series;
use crate::config::Config;
use crate::domain::account::version_on;
use crate::domain::actor::Verb;
use crate::domain::document::{BillRunStatus, DocumentTax, Review};
use crate::domain::frozen::{AppliedCredit, Frozen};
use crate::domain::ids::{BillRunId, DocumentId, JobId};
use crate::domain::text::counted;
use crate::engine::ahead::Ahead;
use crate::engine::command::{JobSpec, Pick, Refused};
use crate::engine::deliver;
use crate::engine::deliver::copies::When;
use crate::engine::e_invoice;
use crate::engine::job::{Ports, Runner, Slice};
use crate::engine::pace::Pace;
use crate::engine::{Error, Session};
use crate::store::document::DocumentRow;
use crate::store::hold::{self, Hold};
use crate::store::job::{self, JobKind, JobRow, JobState, Progress, Wanted};
use crate::store::json;
use crate::store::notice::{self, NoticeLevel};
use crate::store::posting::{self, Batch, Content};
use crate::store::{
    Db, Moment, Tx, account, bill_run, book_period, clerk_claim, document, draft, settings,
};
use chrono::NaiveDate;
use std::sync::Arc;
use std::time::Duration;

/// A write lock is to be held about this long.
const LOCK: Duration = Duration::from_millis(40);
/// Drafts in the first slice, and at most.
const FIRST: u32 = 50;
const MOST: u32 = 2_000;
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
    invoice_on.map_or(Ok(()), |day| book_period::refuse_in(tx, day))?;
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
    tx.note(&subject, format!("posting begun: {total} drafts, less what is held back"));
    let id = job::insert(tx, &spec, &subject, total)?;
    job::add_picks(tx, id, placed.into_iter().map(|(_, pick)| (pick.id, pick.version)))?;
    Ok(id)
}

/// Posts one document that was just made in this transaction (memos, write-offs).
pub fn post_now(tx: &Tx<'_>, id: DocumentId) -> Result<String, Error> {
    post_settled(tx, id, &[])
}

/// The same of one that this is applied to at once: it is printed as settled by so much.
pub fn post_settled(
    tx: &Tx<'_>,
    id: DocumentId,
    credits: &[AppliedCredit],
) -> Result<String, Error> {
    let config = settings::load(tx)?;
    let row = document::get(tx, id)?;
    let apart = series::is_apart(&row);
    let back = dates::backwards(tx, row.kind, row.invoice_on, &config, &Batch::default())?;
    if let Some(why) = back.filter(|_| !apart) {
        return Err(Error::usage(
            "dates_run_backwards",
            why,
            "a later date, or daybook settings set series.dates warn",
        ));
    }
    let taxes = document::taxes(tx, id)?;
    let (row, frozen) = suited(tx, row, (&taxes, credits), &config)?;
    let content = Content::of(tx, &row, &taxes, &frozen)?;
    Ok(posting::post(tx, &row, series::pattern(&config, &row), content)?)
}

/// A memo with what is frozen of it: of the account as it was when what it corrects was posted, or as it is
/// today where only so the law has its form.
fn suited(
    tx: &Tx<'_>,
    row: DocumentRow,
    settled: (&[DocumentTax], &[AppliedCredit]),
    config: &Config,
) -> Result<(DocumentRow, Frozen), Error> {
    let (frozen, why) = unsuited(tx, &row, settled, config)?;
    let Some(why) = why else { return Ok((row, frozen)) };
    let versions = account::versions(tx, row.account)?;
    if let Some(today) = version_on(&versions, tx.now().today)
        && today.id != row.account_version
    {
        let row = DocumentRow { account_version: today.id, ..row };
        if let (frozen, None) = unsuited(tx, &row, settled, config)? {
            draft::set_version(tx, row.id, today.id)?;
            return Ok((row, frozen));
        }
    }
    Err(Error::usage("no_e_invoice", why, "mend that, then repeat"))
}

/// What would be frozen of a memo, and what of the law or its form is in the way of that.
fn unsuited(
    tx: &Tx<'_>,
    row: &DocumentRow,
    (taxes, credits): (&[DocumentTax], &[AppliedCredit]),
    config: &Config,
) -> Result<(Frozen, Option<String>), Error> {
    let credits = credits.to_vec();
    let frozen = Frozen { credits, ..freeze(tx, row, config)? };
    let problems = e_invoice::problems(tx, row, taxes, &frozen)?;
    let terms = account::version_terms(tx, row.account_version)?;
    let total = row.currency.amount(row.total_minor);
    let law = e_invoice::law(config, &terms, (row.kind, row.invoice_on, total));
    if series::is_no_invoice(tx, row)? {
        return Ok((frozen, None));
    }
    let law = law.filter(|verdict| verdict.stops).map(|verdict| verdict.words);
    Ok((frozen, e_invoice::refused(&problems).or(law)))
}

/// Drives a posting.
pub struct PostRunner {
    work: Work,
    pace: Pace,
    lock: Option<Hold>,
    ahead: Ahead<Next>,
}

/// What is posted.
#[derive(Debug, Clone)]
struct Work {
    run: Option<BillRunId>,
    /// As an older build kept them.
    drafts: Arc<[Pick]>,
    invoice_on: Option<NaiveDate>,
}

impl PostRunner {
    /// Of a run, or of picked drafts.
    pub fn new(run: Option<BillRunId>, drafts: Vec<Pick>, invoice_on: Option<NaiveDate>) -> Self {
        let work = Work { run, drafts: drafts.into(), invoice_on };
        Self { work, pace: Pace::new(FIRST, MOST, LOCK), lock: None, ahead: Ahead::new() }
    }

    /// The drafts of the slice that begins where the job is, judged, and the moment for which that
    /// holds; the drafts after them are judged from here on.
    fn next(&mut self, session: &Session, job: &JobRow) -> Result<(Moment, Next), Error> {
        let (work, size) = (self.work.clone(), self.pace.size());
        let fits = |read: &Next| read.from == job.cursor;
        let now = |by: &Session| by.store.read(|db| next(db, &work, job, &job.cursor, size));
        let (moment, judged) = self.ahead.next(session, fits, now)?;
        if let Some(cursor) = judged.upto.clone().filter(|_| !judged.picks.is_empty()) {
            let job = job.clone();
            let read = move |by: &Session| by.store.read(|db| next(db, &work, &job, &cursor, size));
            self.ahead.begin(session, read);
        }
        Ok((moment, judged))
    }
}

impl Runner for PostRunner {
    fn slice(
        &mut self,
        session: &mut Session,
        job: &JobRow,
        _ports: &Ports,
    ) -> Result<Slice, Error> {
        if self.lock.is_none() {
            self.lock = session.store.hold(hold::Work::Posting)?;
            if self.lock.is_none() {
                std::thread::sleep(LOCK);
                return Ok(Slice::More);
            }
        }
        let (moment, judged) = self.next(session, job)?;
        let (work, size) = (&self.work, self.pace.size());
        let drafts = judged.picks.len();
        let slice = session.write(Verb::Post, |tx| {
            let row = job::guard(tx, job)?;
            if row.wanted == Wanted::Cancel {
                job::set_state(tx, job.id, JobState::Canceled, "")?;
                if let Some(run) = work.run {
                    bill_run::set_status(tx, run, BillRunStatus::Completed, "posting stopped")?;
                }
                tx.note(&job.subject, format!("posting stopped after {} documents", row.done));
                return Ok(Slice::Halted);
            }
            let stands = tx.moment()? == moment && row.cursor == judged.from;
            let next = if stands { judged } else { next(tx, work, &row, &row.cursor, size)? };
            write_slice(tx, &row, work, next)
        })?;
        self.pace.held(drafts, session.store.last_held());
        if let (Slice::Done, Some(run)) = (slice, self.work.run) {
            after_post(session, run)?;
        }
        Ok(slice)
    }
}

/// The drafts of a slice, judged.
struct Next {
    /// Where the job is before them.
    from: String,
    /// Where it is after them; none at the end.
    upto: Option<String>,
    picks: Vec<(Pick, Judged)>,
    config: Config,
}

/// The drafts after `cursor`, each judged.
fn next(db: &Db<'_>, work: &Work, job: &JobRow, cursor: &str, size: u32) -> Result<Next, Error> {
    let config = settings::load(db)?;
    let (picks, upto) = match work.run {
        Some(run) => next_of_run(db, job, run, (cursor, size), rising(work, &config))?,
        None => next_marked(db, job, &work.drafts, (cursor, size))?,
    };
    let mut judged = Vec::with_capacity(picks.len());
    for pick in picks {
        judged.push((pick, judge(db, &pick, work.invoice_on, &config)?));
    }
    Ok(Next { from: cursor.to_owned(), upto, picks: judged, config })
}

/// Whether the drafts are posted in the order of their days.
fn rising(work: &Work, config: &Config) -> bool {
    work.invoice_on.is_none() && dates::must_rise(config)
}

type Picked = (Vec<Pick>, Option<String>);

fn next_of_run(
    db: &Db<'_>,
    job: &JobRow,
    run: BillRunId,
    (cursor, size): (&str, u32),
    rising: bool,
) -> Result<Picked, Error> {
    let (mut day, mut after) = match cursor {
        "" if rising => (posting::next_day(db, run, None)?, (0, 0)),
        "" => (None, (0, 0)),
        place => place_of(place).ok_or_else(|| job.lost())?,
    };
    let next = loop {
        let next = posting::next_drafts(db, run, day, after, size)?;
        // Where dates must rise, the drafts of the next day follow those of this one.
        let Some(done) = day.filter(|_| next.is_empty()) else { break next };
        let Some(later) = posting::next_day(db, run, Some(done))? else { break next };
        (day, after) = (Some(later), (0, 0));
    };
    let picks = next.iter().map(|(_, id)| Pick::whichever(*id)).collect();
    let day = day.map(|day| format!("{day}:")).unwrap_or_default();
    let upto = next.last().map(|(account, id)| format!("{day}{account}:{}", id.0));
    Ok((picks, upto))
}

fn next_marked(
    db: &Db<'_>,
    job: &JobRow,
    drafts: &[Pick],
    (cursor, size): (&str, u32),
) -> Result<Picked, Error> {
    let from: usize = match cursor {
        "" => 0,
        place => place.parse().map_err(|_| job.lost())?,
    };
    // An older build kept the drafts in the job's own row.
    let picks: Vec<Pick> = if drafts.is_empty() {
        let next = job::next_picks(db, job.id, from as i64, size)?;
        next.into_iter().map(|(id, version)| Pick { id, version }).collect()
    } else {
        drafts.iter().skip(from).take(size as usize).copied().collect()
    };
    let upto = (from + picks.len()).to_string();
    Ok((picks, Some(upto)))
}

fn write_slice(tx: &Tx<'_>, job: &JobRow, work: &Work, next: Next) -> Result<Slice, Error> {
    let slice = post_some(tx, job, next, work.invoice_on)?;
    if let (Slice::Done, Some(run)) = (slice, work.run) {
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

/// Posts the drafts that may be posted; a version of 0 means "as it is now".
fn post_some(
    tx: &Tx<'_>,
    job: &JobRow,
    next: Next,
    invoice_on: Option<NaiveDate>,
) -> Result<Slice, Error> {
    if next.picks.is_empty() {
        tx.quiet();
        return Ok(Slice::Done);
    }
    let mut all: Posted = job.receipt()?.unwrap_or_default();
    let (mut done, mut failed) = (0, 0);
    let mut numbers: Vec<String> = Vec::new();
    let mut batch = Batch::default();
    tell_who_claimed(tx, job, &next.picks)?;
    for (pick, judged) in next.picks {
        match post_one(tx, &mut batch, judged, (invoice_on, &next.config))? {
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
    batch.write(tx)?;
    all.posted += done;
    all.refused_count += failed;
    let detail = json::text(&all)?;
    let cursor = next.upto.as_deref();
    job::progress(tx, job.id, &Progress { done, failed, cursor, detail: Some(&detail) })?;
    let range = match (numbers.first(), numbers.last()) {
        (Some(a), Some(b)) if a != b => format!(": {a} to {b}"),
        (Some(a), _) => format!(": {a}"),
        (None, _) => String::new(),
    };
    tx.note(&job.subject, format!("posted {}{range}", counted(done, "document", "documents")));
    Ok(Slice::More)
}

/// Tells others that drafts they have claimed are being posted: one notice each for a posting.
fn tell_who_claimed(tx: &Tx<'_>, job: &JobRow, picks: &[(Pick, Judged)]) -> Result<(), Error> {
    let drafts = picks.iter().filter(|(_, judged)| judged.is_ok()).map(|(pick, _)| pick.id);
    let me = (tx.actor().uid, tx.now().today);
    for (uid, name, first) in clerk_claim::others_among(tx, drafts, me)? {
        let who = &tx.actor().name;
        let text = format!("{name}: {who} posts what you had claimed, {first} first");
        let key = format!("claimed and posted {} {uid}", job.id);
        notice::add_for(tx, uid, &first.to_string(), &text, &key)?;
    }
    Ok(())
}

/// A draft with the number it gets in a batch, or why it gets none.
type One = Result<(DocumentRow, String), String>;

fn post_one(
    tx: &Tx<'_>,
    batch: &mut Batch,
    judged: Judged,
    (invoice_on, config): (Option<NaiveDate>, &Config),
) -> Result<One, Error> {
    let (mut row, mut content) = match judged {
        Ok(judged) => *judged,
        Err(reason) => return Ok(Err(reason)),
    };
    let moved = invoice_on.filter(|_| moves(&row, invoice_on));
    let accepted = moved.is_some() && row.review == Review::Accepted;
    if accepted {
        row.review = Review::None;
    }
    if let Some(reason) = dates::refused(tx, &row, moved.unwrap_or(row.invoice_on), config, batch)?
    {
        return Ok(Err(reason));
    }
    let deed = content.deed.as_ref();
    let second = match crate::engine::guard::four_eyes::seen(tx, &row, deed)? {
        Ok(second) => second,
        Err(reason) => return Ok(Err(under(reason, accepted, &row))),
    };
    if let Some(day) = moved {
        crate::engine::review::edit::redate(tx, row.id, day)?;
        row = document::get(tx, row.id)?;
        let taxes = document::taxes(tx, row.id)?;
        content = Content::of(tx, &row, &taxes, &freeze(tx, &row, config)?)?;
    }
    tx.seconded_by(second);
    let number = batch.number(tx, &row, config.pattern(row.kind), content)?;
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
