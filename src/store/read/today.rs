//! The day's steps with their counts and money: what is left, and where it waits.

use super::{Filter, ReadError, Totals, bank_lines, deliveries};
use crate::domain::document::{BillRunStatus, Review};
use crate::domain::ids::BillRunId;
use crate::domain::money::Purse;
use crate::domain::month::Month;
use crate::domain::text::{counted, grouped};
use crate::domain::text_enum;
use crate::store::bank::{self, payout};
use crate::store::bill_run::{self, AccountFilter};
use crate::store::job::{self, Sending};
use crate::store::notice::{self, NoticeRow};
use crate::store::{Db, StoreError, book_period, delivery, money, network, tally};
use chrono::NaiveDate;

/// How far back "since yesterday" reaches, milliseconds.
pub const DAY_MS: i64 = 24 * 3_600_000;

text_enum! {
    /// The steps of the billing day, in order. What each counts: `engine::care::today`.
    Step {
        /// Usage records that no item holds.
        Usage = "usage loaded",
        /// Bill runs in work.
        Run = "bill run",
        /// Drafts nobody has looked at.
        ToCheck = "to check",
        /// Drafts kept back.
        Held = "held",
        /// Drafts that posting would take.
        ToPost = "to post",
        /// Posted documents without a delivery.
        ToDeliver = "to deliver",
        /// What a payment run would charge.
        ToCollect = "payment run",
        /// Failed payments.
        Failed = "failed",
        /// Bounced or impossible copies.
        Bounced = "undelivered",
        /// Overdue invoices.
        Overdue = "overdue",
        /// Lines of banks that somebody must look at.
        Bank = "bank",
        /// Months that are over and not closed.
        Close = "close",
        /// Unread notices.
        Notices = "notices",
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// Which.
    pub step: Step,
    /// How many are left.
    pub count: i64,
    /// Their money by currency.
    pub money: Purse,
    /// How it stands, in words.
    pub state: String,
}

impl StepRow {
    /// Whether it is a step of this book: what it has no use for has nothing to say.
    pub fn is_shown(&self) -> bool {
        match self.step {
            Step::Bank | Step::Close => self.count > 0 || !self.state.is_empty(),
            _ => true,
        }
    }

    /// Whether something is left of it: a draft that was accepted and cannot be posted is told in words.
    pub fn is_open(&self) -> bool {
        self.count > 0 || (self.step == Step::ToPost && !self.state.is_empty())
    }
}

/// Drafts nobody has looked at; in words, how many of them are flagged.
pub fn to_check(db: &Db<'_>) -> Result<(Totals, String), ReadError> {
    let all = tally::drafts_of(db, Review::None)?;
    let words = |n: i64| if n == 0 { String::new() } else { format!("{} flagged", grouped(n)) };
    let words = words(all.flagged);
    Ok((all.into(), words))
}

/// The newest payment run and its state, in words.
pub fn last_payment_run(db: &Db<'_>) -> Result<String, ReadError> {
    newest(
        db,
        "SELECT 'PR-' || printf('%06d', id) || ' ' || status FROM payment_run ORDER BY id DESC LIMIT 1",
    )
}

/// Open notices that somebody may read, and the newest.
pub fn open_notices(db: &Db<'_>, uid: u32) -> Result<(Totals, String), ReadError> {
    let mine = format!("FROM notice INDEXED BY notice_open WHERE {}", notice::unread_by("?1"));
    let count = db.one(&format!("SELECT count(*) {mine}"), [uid], |r| r.get(0))?;
    let last = format!("SELECT text {mine} ORDER BY id DESC LIMIT 1");
    let last: Option<String> = db.opt(&last, [uid], |r| r.get(0))?;
    Ok((Totals { count, ..Totals::default() }, last.unwrap_or_default()))
}

fn sums(db: &Db<'_>, sql: &str) -> Result<Totals, ReadError> {
    let mut totals = Totals::default();
    for (money, count) in db.all(sql, [], |r| {
        let code: Option<String> = r.get(0)?;
        let money = match code.as_deref() {
            None | Some("") => None,
            Some(_) => Some(money(r, 0, 2)?),
        };
        Ok((money, r.get::<i64>(1)?))
    })? {
        totals.count += count;
        if let Some(money) = money {
            totals.money.add(money).map_err(StoreError::from)?;
        }
    }
    Ok(totals)
}

/// Lines of banks that somebody must look at, and in words how far banks are read, and payouts that no statement has
/// yet.
pub fn bank(db: &Db<'_>) -> Result<(Totals, String), ReadError> {
    let lines = bank_lines::totals(db, &Filter::parse(BANK_TO_DO)?)?;
    let mut words = match bank::read_through(db)? {
        Some(NaiveDate::MIN) => "statements are missing".to_owned(),
        Some(day) => format!("read to {day}"),
        None if bank::is_any(db)? => "no statement is read: L on 0".to_owned(),
        None => String::new(),
    };
    // What fits beside each other at 80 columns.
    let payouts = payout::on_the_way(db)?.len();
    if payouts > 0 {
        let and = if words.is_empty() { "" } else { "; " };
        words.push_str(&format!("{and}{} to come", counted(payouts, "payout", "payouts")));
    }
    Ok((lines, words))
}

/// Lines of banks that somebody must look at: their filter on the screen.
pub const BANK_TO_DO: &str = "status:new,part,unidentified,unapplied";

/// Months that are over and not closed, and in words which is the next and since when it can be closed; nothing
/// in a book that never closed one and reads no bank.
pub fn close(db: &Db<'_>, today: NaiveDate) -> Result<(Totals, String), ReadError> {
    let shut = book_period::shut_through(db)?;
    if shut.is_none() && !bank::is_any(db)? {
        return Ok(Default::default());
    }
    let first = match shut {
        Some(shut) => Month::of(shut).later(1),
        None => book_period::booked(db)?.map(|(first, _)| first),
    };
    let this = Month::of(today);
    let Some(first) = first.filter(|first| *first < this) else {
        return Ok((Totals::default(), format!("{this} is open")));
    };
    let mut count = 0;
    let mut month = Some(first);
    while let Some(open) = month.filter(|month| *month < this) {
        (count, month) = (count + 1, open.later(1));
    }
    let since = first.later(1).map(|next| format!(", over since {}", next.span().from));
    let words = format!("{first} is open{}", since.unwrap_or_default());
    Ok((Totals { count, ..Totals::default() }, words))
}

fn newest(db: &Db<'_>, sql: &str) -> Result<String, ReadError> {
    Ok(db.opt(sql, [], |r| r.get(0))?.unwrap_or_default())
}

/// Usage records that no item holds, and the file that came last.
pub fn usage(db: &Db<'_>) -> Result<(Totals, String), ReadError> {
    let sql = "SELECT (SELECT count(*) FROM usage) - (SELECT count(*) FROM usage_claim)";
    let count: i64 = db.one(sql, [], |r| r.get(0))?;
    let last = db.opt(
        "SELECT name, rows FROM import_file WHERE kind = 'usage' ORDER BY id DESC LIMIT 1",
        [],
        |r| Ok(format!("last file {}, {} rows", r.get::<String>(0)?, grouped(r.get::<i64>(1)?))),
    )?;
    let last = last.unwrap_or_default();
    Ok((Totals { count: count.max(0), money: Purse::default() }, last))
}

/// What tells of accounts that no run took up to today: how many are due only rating them all can say.
const DUE: &str = "c: what's due";

/// Runs that are looked through, newest first, for the last one of all accounts.
const LOOKED_AT: i64 = 50;

/// Whether a run took all accounts up to a day.
fn all_billed_to(db: &Db<'_>, newest: i64, day: NaiveDate) -> Result<bool, StoreError> {
    for id in (1.max(newest - LOOKED_AT)..=newest).rev() {
        let run = match bill_run::get(db, BillRunId(id)) {
            Err(StoreError::NotFound(_)) => continue,
            run => run?,
        };
        let gone = matches!(run.status, BillRunStatus::Canceled | BillRunStatus::Error);
        if !gone && run.params.filter == AccountFilter::default() && run.params.exclude.is_empty() {
            return Ok(run.params.target_on >= day);
        }
    }
    Ok(false)
}

/// Bill runs in work, and the newest: one of some accounts says so, since its day is not that of the
/// others. Where none is in work and none took all accounts up to today, a new one may bill more.
pub fn bill_runs(db: &Db<'_>, today: NaiveDate) -> Result<(Totals, String), ReadError> {
    let open = "SELECT '', count(*), 0 FROM bill_run \
                WHERE status IN ('Pending','Processing','Paused','Posting')";
    let open = sums(db, open)?;
    let newest: Option<i64> = db.one("SELECT max(id) FROM bill_run", [], |r| r.get(0))?;
    let Some(newest) = newest else { return Ok((open, format!("none yet; {DUE}"))) };
    let run = bill_run::get(db, BillRunId(newest))?;
    let mut last = format!("{} {}", run.id, run.status);
    let some = run.params.filter != AccountFilter::default();
    if some {
        last.push_str(&format!(" ({})", counted(run.accounts_total, "account", "accounts")));
    }
    if run.accounts_failed > 0 {
        last.push_str(&format!(", {} failed", grouped(run.accounts_failed)));
    }
    let day = run.params.target_on;
    // What fits beside each other at 80 columns.
    last.push_str(&match (open.count == 0 && !all_billed_to(db, newest, today)?, some) {
        (false, _) => format!(", to {day}"),
        (true, true) => format!("; {DUE}"),
        (true, false) => format!(" to {day}; {DUE}"),
    });
    Ok((open, last))
}

/// Posted documents without a copy, and how many copies wait to go out.
pub fn to_deliver(db: &Db<'_>) -> Result<(Totals, String), ReadError> {
    let left = tally::undelivered(db)?;
    let waits = deliveries::totals(db, &Filter::parse("status:queued,deferred,held")?)?.count;
    let written = deliveries::totals(db, &Filter::parse("status:written")?)?.count;
    let one = |n: i64, one: &str, many: &str| match n {
        0 => None,
        1 => Some(one.to_owned()),
        n => Some(format!("{} {many}", grouped(n))),
    };
    // What waits to be printed no mail takes.
    let mail_waits = waits > 0 && delivery::next_due(db)?.is_some();
    let sending = if mail_waits { job::sending(db, job::MAIL)? } else { Sending::Goes };
    let stands = match sending {
        Sending::Canceled(_) | Sending::Nobody => Some("mail stands still: S on 4".to_owned()),
        Sending::Paused => Some("mail paused: p on 6".to_owned()),
        Sending::Goes => None,
    };
    // That nothing leaves is said instead of what may be confirmed: there is no room for both.
    // It stands first: on a narrow screen the end is cut.
    let queued = one(waits, "1 copy queued", "copies queued");
    let state = match stands {
        Some(stands) => [Some(stands), queued],
        None => [queued, one(written, "1 written, D confirms", "written, D confirms")],
    };
    let state: Vec<String> = state.into_iter().flatten().collect();
    Ok((left.into(), state.join(", ")))
}

/// Unread notices for somebody, newest first, at most fifty.
pub fn notices(db: &Db<'_>, uid: u32) -> Result<Vec<NoticeRow>, ReadError> {
    Ok(notice::open(db, uid, 50)?)
}

/// Copies that bounced, could not be made, or were lost on the way: their filter on the screen.
pub const NOT_DELIVERED: &str = "status:bounced,impossible,unconfirmed";

/// Copies that the network refused: their filter on the screen.
pub const REFUSED: &str = "channel:network status:bounced";

/// In words, how many e-invoices the network refused, and what to do; else empty.
pub fn refused(db: &Db<'_>) -> Result<String, ReadError> {
    Ok(match network::refused(db)? {
        0 => String::new(),
        n => format!("{} refused by the network: x on 4 says why, r sends again", grouped(n)),
    })
}

/// How many such copies there are.
pub fn undelivered(db: &Db<'_>) -> Result<i64, ReadError> {
    Ok(deliveries::totals(db, &Filter::parse(NOT_DELIVERED)?)?.count)
}
