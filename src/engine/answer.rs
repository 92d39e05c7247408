//! The one place that answers what a screen asks: what is in the book from one view of it, what a verb
//! would do from the engine.

use super::query::{
    Ahead, Answer, BillPreview, CollectPreview, DeliverAhead, Hit, ListName, Query, Question,
    StatusRow,
};
use crate::clock::Now;
use crate::domain::actor::Actor;
use crate::domain::delivery::Down;
use crate::domain::recovery::usual_since;
use crate::engine::account_page;
use crate::engine::bank::{deed as lines, shown};
use crate::engine::bill::{self, usage};
use crate::engine::care::{copies, rehearsal, report, today};
use crate::engine::clockwork::waits;
use crate::engine::closing;
use crate::engine::collect::{self, agency, bank, instalments, money, payments, remind};
use crate::engine::command::{NewBillRun, NewPaymentRun, Pick};
use crate::engine::deliver::copies::CANCELED;
use crate::engine::deliver::{self, copies_ahead, pause};
use crate::engine::rate::unusual;
use crate::engine::review::{edit, past, regenerate, undo};
use crate::engine::{Error, Session, reach, reissue};
use crate::store::job::{self, JobKind, JobState, Sending};
use crate::store::read::jobs::JobRow;
use crate::store::read::post_second::Poster;
use crate::store::read::{
    self, Field, Filter, FilterError, Fit, Group, ListArgs, Marked, Page, ReadError, Seek, Totals,
    post_preview, settled, thrown,
};
use crate::store::{Db, StoreError, desk, payment_method, role};
use crate::zone::Zone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Samples that a screen shows at most.
const SAMPLES: u32 = 20;

/// Records of usage that a screen shows at most of each reason.
const SHOWN: usize = 40;

/// Rows of a report that a screen shows at most; all of them go into its file.
const REPORTED: usize = 2_000;

/// Invoices of a retry that a screen shows at most of each outcome.
const RESULTS: usize = 200;

/// Answers one question.
pub fn ask(session: &Session, question: &Question) -> Result<Answer, Error> {
    match question {
        Question::Ahead(ahead) => foresee(session, ahead),
        Question::View(query) => see(session, query),
    }
}

/// A list, page by page until `take` has enough: from one view of the book, except for jobs, of which
/// it is asked outside of it for whom they wait.
pub fn pages(
    session: &Session,
    list: ListName,
    mut args: ListArgs,
    take: &mut dyn FnMut(Answer) -> Option<Seek>,
) -> Result<(), Error> {
    let now = session.now()?;
    if list == ListName::Jobs {
        while let Some(seek) = take(see(session, &Query::List(list, args.clone()))?) {
            args.seek = seek;
        }
        return Ok(());
    }
    let read = session.store.read(|db| {
        loop {
            let query = Query::List(list, args.clone());
            match take(view(db, &query, now, &session.actor)?) {
                Some(seek) => args.seek = seek,
                None => return Ok(()),
            }
        }
    });
    read.map_err(unread)
}

fn unread(error: ReadError) -> Error {
    match error {
        ReadError::Store(error) => Error::Store(error),
        ReadError::Filter(error) => Error::usage("bad_filter", error.to_string(), ""),
    }
}

fn foresee(session: &Session, ahead: &Ahead) -> Result<Answer, Error> {
    Ok(match ahead {
        Ahead::Deliver => {
            let made = deliver::make::preview(session, None)?;
            let mut kept: BTreeMap<String, usize> = BTreeMap::new();
            for copy in &made.kept {
                *kept.entry(format!("{}: {}", copy.status, copy.reason)).or_default() += 1;
            }
            let ([email, print, network], kept) = (made.queued, kept.into_iter().collect());
            Answer::Deliver(DeliverAhead { email, print, network, kept, still: made.still })
        }
        Ahead::Print => Answer::Print(deliver::print::ahead(session)?),
        Ahead::Copies(step, marks) => Answer::Copies(copies_ahead::look(session, *step, marks)?),
        Ahead::Reminders => Answer::Reminders(remind::ahead(session)?),
        Ahead::Collect(new) => Answer::Collect(collected(session, new)?),
        Ahead::Bill(new) => Answer::Bill(billed(session, new)?),
        Ahead::Lost(drafts) => Answer::Lost(regenerate::lost(session, drafts)?),
        Ahead::Edit(drafts, changes) => Answer::Edit(edit::many::ahead(session, drafts, changes)?),
        Ahead::Money(deed) => {
            let by = money::Asked { actor: &session.actor, now: session.now()? };
            Answer::Money(session.store.read(|db| money::foretell(db, deed, by))?)
        }
        Ahead::Bank(deed) => Answer::Money(session.store.read(|db| lines::foretell(db, deed))?),
        Ahead::Credits(account, currency) => {
            Answer::Money(session.store.read(|db| money::credits_ahead(db, *account, *currency))?)
        }
        Ahead::Plan(new) => {
            let today = session.now()?.today;
            Answer::Money(session.store.read(|db| instalments::foretell(db, new, today))?)
        }
        Ahead::HandOver(new) => {
            let today = session.now()?.today;
            Answer::Money(session.store.read(|db| agency::foretell(db, new, today))?)
        }
        Ahead::Closing(month) => {
            Answer::Closing(Box::new(closing::ahead::closing(session, *month)?))
        }
        Ahead::Reissue(new) => {
            let by = money::Asked { actor: &session.actor, now: session.now()? };
            Answer::Money(session.store.read(|db| reissue::foretell(db, new, by))?)
        }
        Ahead::Usage(account) => {
            let today = session.now()?.today;
            let scope = usage::Scope { target: today, account: account.as_deref() };
            let kept = usage::Kept::OfEachReason(SHOWN);
            let found = usage::pending(session, scope, kept)?;
            Answer::Usage(today, Box::new(found))
        }
    })
}

fn collected(session: &Session, new: &NewPaymentRun) -> Result<CollectPreview, Error> {
    let run = collect::dry_run(session, new)?;
    Ok(CollectPreview {
        count: run.picked as i64,
        money: run.totals.without_zeros(),
        credits: run.credits,
        left_out: run.skipped.into_iter().map(|(r, n)| (r.told(), n)).collect(),
        pretended: session.read(|db| payment_method::all_of(db, "sandbox"))?,
        unread: bank::unread(session)?,
    })
}

fn billed(session: &Session, new: &NewBillRun) -> Result<BillPreview, Error> {
    // What it would ask about is asked when it is made.
    let params = bill::asked::params(session, &NewBillRun { confirmed: true, ..new.clone() })?;
    let bill::dry_run::DryRun { progress, failures, unfinished } =
        bill::dry_run::dry_run(session, &params)?;
    let (invoices, credit_memos) = (progress.invoices, progress.credit_memos);
    let money = progress.totals.into_iter().map(|(c, t)| c.amount(t.total_minor));
    let money = money.collect::<Vec<_>>().into();
    let already_billed = progress.already_billed;
    Ok(BillPreview { invoices, credit_memos, money, already_billed, unfinished, failures })
}

fn see(session: &Session, query: &Query) -> Result<Answer, Error> {
    let now = session.now()?;
    let answer = session.store.read(|db| view(db, query, now, &session.actor)).map_err(unread)?;
    Ok(match answer {
        Answer::Status(status) => {
            let jobs = waiting(session, status.jobs, (now, pause::short))?;
            Answer::Status(StatusRow { jobs, ..status })
        }
        Answer::Jobs(page) => {
            let mut rows = waiting(session, page.rows, (now, pause::words))?;
            if let Sending::Canceled(last) = session.read(|db| job::sending(db, job::MAIL))? {
                let last = rows.iter_mut().find(|row| row.id == last);
                last.into_iter().for_each(|row| CANCELED.clone_into(&mut row.waits));
            }
            Answer::Jobs(Page { rows, ..page })
        }
        other => other,
    })
}

/// That mail is paused, in as many words as there is room for.
type Words = fn(&Down, Now, Zone) -> String;

/// Says of due jobs that this process cannot do for whom they wait, and of mail why it is paused.
fn waiting(
    session: &Session,
    mut rows: Vec<JobRow>,
    (now, paused): (Now, Words),
) -> Result<Vec<JobRow>, Error> {
    for row in rows.iter_mut().filter(|row| row.state == JobState::Waiting.as_str()) {
        let job = session.read(|db| job::get(db, row.id))?;
        if job.kind == JobKind::Deliver
            && let Some(down) = job.receipt::<Down>()?
        {
            row.waits = paused(&down, now, session.config()?.zone());
        } else if job.not_before_at <= now.at_ms
            && let Some(waits) = reach::hindered(session, &job)?
        {
            row.waits = waits.short();
        }
    }
    Ok(rows)
}

/// What is in the book, from one consistent view of it.
fn view(db: &Db<'_>, query: &Query, now: Now, actor: &Actor) -> Result<Answer, ReadError> {
    let by = Some(Poster { actor, now_ms: now.at_ms });
    Ok(match query {
        Query::List(name, args) => {
            let filter = settled(db, &args.filter, now, actor.uid)?;
            (reads(*name).page)(db, &ListArgs { filter, ..args.clone() })?
        }
        Query::Totals(name, filter) => {
            Answer::Totals((reads(*name).totals)(db, &settled(db, filter, now, actor.uid)?)?)
        }
        Query::Marks(name, filter) => {
            Answer::Marks(marks(db, *name, &settled(db, filter, now, actor.uid)?)?)
        }
        Query::Within(name, filter, ids) => Answer::Marks(match reads(*name).within {
            Some(within) => within(db, &settled(db, filter, now, actor.uid)?, ids)?,
            None => Vec::new(),
        }),
        Query::Groups(name, filter, by) => {
            Answer::Groups(groups(db, *name, &settled(db, filter, now, actor.uid)?, *by)?)
        }
        Query::Tabs(filters) => {
            let of = |(name, filter): &(ListName, Filter)| match (reads(*name).totals)(
                db,
                &settled(db, filter, now, actor.uid)?,
            ) {
                Err(ReadError::Filter(_)) => Ok(None),
                totals => totals.map(Some),
            };
            Answer::Tabs(filters.iter().map(of).collect::<Result<_, _>>()?)
        }
        Query::Fitting(name, filter, field) => {
            let filter = settled(db, filter, now, actor.uid)?;
            match (reads(*name).fitting)(db, &filter, *field) {
                // The list itself says what is wrong.
                Err(ReadError::Filter(_)) => Answer::Fitting(*field, Vec::new()),
                fits => Answer::Fitting(*field, fits?),
            }
        }
        Query::Step(step) => Answer::Step(today::step(db, *step, now, actor)?),
        Query::Happened => {
            let words = [rehearsal::words(db)?, copies::standing(db, now)?.words()];
            Answer::Happened(read::happened::since(db, now.at_ms - read::today::DAY_MS)?, words)
        }
        Query::Invoice(id) => {
            Answer::Invoice(read::invoice::detail(db, *id, now.today)?.map(Box::new))
        }
        Query::Past(id) => Answer::Past(Box::new(past::of(db, *id)?)),
        Query::Run(run) => Answer::Run(read::runs::detail(db, *run)?),
        Query::Charts => Answer::Charts(Box::new(read::charts::charts(db, now.today)?)),
        Query::Waits => Answer::Waits(waits::lines(db, now)?),
        Query::Unusual(run) => Answer::Unusual(*run, unusual::of_run(db, *run)?),
        Query::Account(id) => Answer::Account(Box::new(read::accounts::detail(db, *id)?)),
        Query::AccountPage(id, month) => {
            let page = read::account_page::read(db, *id, *month, now.today)?;
            Answer::AccountPage(*id, *month, Box::new(account_page::leaf(&page)))
        }
        Query::PostRun(run, invoice_on) => {
            let dates = post_preview::Dates { today: now.today, invoice_on: *invoice_on, by };
            Answer::Post(post_preview::of_run(db, run.0, dates)?)
        }
        Query::PostMarked(picks, invoice_on) => {
            let dates = post_preview::Dates { today: now.today, invoice_on: *invoice_on, by };
            Answer::Post(post_preview::of_marked(db, &pairs(picks), dates)?)
        }
        Query::CancelRun(run) => Answer::Cancel(thrown::of_run(db, *run)?),
        Query::CancelMarked(picks) => Answer::Cancel(thrown::of_marked(db, &pairs(picks))?),
        Query::Tries(documents, by) => Answer::Tries(read::failed::tries(db, documents, *by)?),
        Query::Recovery => {
            let since = usual_since(now.today);
            Answer::Recovery(since, read::recovery::sums(db, since)?)
        }
        Query::Results(run) => Answer::Results(Box::new(read::results::of(db, *run, RESULTS)?)),
        Query::Payments(whose) => Answer::Payments(Arc::new(payments::read(db, *whose)?)),
        Query::Report(of) => {
            Answer::Report(Box::new(report::sheet(db, of, REPORTED).map_err(unforeseen)?))
        }
        Query::BankLine(id) => {
            Answer::BankLine(Box::new(shown::told(db, *id).map_err(unforeseen)?))
        }
        Query::Banks => Answer::Banks(shown::banks(db)?),
        Query::Samples => Answer::Samples(read::sample::open(db, SAMPLES)?),
        Query::History(subject) => Answer::History(read::invoice::history(db, subject)?),
        Query::Status => Answer::Status(StatusRow {
            jobs: read::jobs::open(db)?,
            ended: read::jobs::ended(db)?,
            notices: read::today::notices(db, actor.uid)?,
            undelivered: read::today::undelivered(db)?,
            rights: Some(role::standing(db, actor.uid)?),
        }),
        Query::Filters => Answer::Filters(desk::filters(db)?),
        Query::Schedules => Answer::Schedules(read::jobs::schedules(db)?),
        Query::LastUndone => Answer::LastUndone(undo::undone(db, actor)?),
        Query::LastDeed(passed) => Answer::LastDeed(undo::last(db, actor, *passed)?),
        Query::Find(text) => Answer::Find(find(db, text)?),
    })
}

/// What the engine says of a question that is asked of one view of the book.
fn unforeseen(error: Error) -> StoreError {
    match error {
        Error::Store(error) => error,
        other => StoreError::Conflict(other.to_string()),
    }
}

/// A filter as it is typed behind `/`, as it is now; refused where a list would refuse it.
pub fn understood(session: &Session, list: ListName, text: &str) -> Result<Filter, Error> {
    let filter = Filter::parse(text).map_err(|error| unread(error.into()))?;
    let now = session.now()?;
    let read = session.store.read(|db| {
        let filter = settled(db, &filter, now, session.actor.uid)?;
        // What the list does not know is refused when it is read.
        (reads(list).totals)(db, &filter)?;
        Ok(filter)
    });
    read.map_err(unread)
}

fn pairs(picks: &[Pick]) -> Vec<(i64, i64)> {
    picks.iter().map(|p| (p.id.0, p.version)).collect()
}

/// The rows that a filter marks.
type Marks = fn(&Db<'_>, &Filter) -> Result<Vec<Marked>, ReadError>;
/// Those of some rows that a filter shows.
type Within = fn(&Db<'_>, &Filter, &[i64]) -> Result<Vec<Marked>, ReadError>;
/// Their groups by a field.
type Groups = fn(&Db<'_>, &Filter, Field) -> Result<Vec<Group>, ReadError>;

/// What can be typed next, of fields or of one of them.
type Fitting = fn(&Db<'_>, &Filter, Option<Field>) -> Result<Vec<Fit>, ReadError>;

/// How a list is read. What cannot be marked or grouped has none of it.
struct Reads {
    page: fn(&Db<'_>, &ListArgs) -> Result<Answer, ReadError>,
    totals: fn(&Db<'_>, &Filter) -> Result<Totals, ReadError>,
    fitting: Fitting,
    marks: Option<Marks>,
    within: Option<Within>,
    groups: Option<Groups>,
}

/// A list by its module and its answer; what else it can be asked is named.
macro_rules! reads {
    ($module:ident, $answer:ident $(, $can:ident)*) => {
        Reads {
            $($can: Some(read::$module::$can),)*
            ..Reads {
                page: |db, args| Ok(Answer::$answer(read::$module::page(db, args)?)),
                totals: read::$module::totals,
                fitting: read::$module::fitting,
                marks: None,
                within: None,
                groups: None,
            }
        }
    };
}

fn reads(list: ListName) -> Reads {
    match list {
        ListName::Runs => reads!(runs, Runs),
        ListName::Invoices => reads!(invoices, Invoices, marks, within, groups),
        ListName::Deliveries => reads!(deliveries, Deliveries, marks, within, groups),
        ListName::Failed => reads!(failed, Failed, marks, within, groups),
        ListName::Unapplied => reads!(unapplied, Unapplied, marks, within, groups),
        ListName::Jobs => reads!(jobs, Jobs),
        ListName::Log => reads!(log, Log),
        ListName::BankLines => reads!(bank_lines, BankLines, marks, within, groups),
        ListName::Accounts => reads!(accounts, Accounts, marks, within),
    }
}

fn marks(db: &Db<'_>, list: ListName, filter: &Filter) -> Result<Vec<Marked>, ReadError> {
    reads(list).marks.map_or_else(|| Ok(Vec::new()), |marks| marks(db, filter))
}

fn groups(
    db: &Db<'_>,
    list: ListName,
    filter: &Filter,
    by: Field,
) -> Result<Vec<Group>, ReadError> {
    match reads(list).groups {
        Some(groups) => groups(db, filter, by),
        None => Err(FilterError::NotHere(by, "no groups".to_owned()).into()),
    }
}

/// Hits of each kind at most.
const HITS: usize = 5;

fn find(db: &Db<'_>, text: &str) -> Result<Vec<Hit>, ReadError> {
    let filter = Filter { words: vec![text.to_owned()], ..Filter::default() };
    let first = |sort: read::Sort| ListArgs {
        filter: filter.clone(),
        sort: sort.into(),
        seek: read::Seek::First,
        limit: HITS,
    };
    let accounts = read::accounts::page(db, &first(read::Sort::Account))?;
    let documents = read::invoices::page(db, &first(read::Sort::Newest))?;
    let mut hits: Vec<Hit> =
        accounts.rows.into_iter().map(|a| Hit::Account(a.number, a.name)).collect();
    hits.extend(documents.rows.into_iter().map(|d| {
        let number = d.number.unwrap_or_else(|| d.id.to_string());
        Hit::Document(d.id, number, d.customer)
    }));
    if hits.is_empty() {
        let paid = read::pasted::by_payment(db, text, HITS)?;
        hits.extend(paid.into_iter().map(|(id, number, name)| Hit::Document(id, number, name)));
    }
    Ok(hits)
}
