//! The day's steps with their counts and money: what is left, and where it waits.

use super::{Filter, ReadError, Totals, currency, invoices};
use crate::domain::money::Currency;
use crate::domain::text_enum;
use crate::store::Db;

/// How far back "since yesterday" reaches, milliseconds.
pub const DAY_MS: i64 = 24 * 3_600_000;

text_enum! {
    /// The steps of the billing day, in order.
    Step {
        /// Usage records that no item holds.
        Usage = "usage loaded",
        /// Bill runs in work.
        Run = "bill run",
        /// Drafts nobody has looked at.
        ToCheck = "to check",
        /// Drafts kept back.
        Held = "held",
        /// Drafts that may be posted.
        ToPost = "to post",
        /// Posted documents without a delivery, and copies not out.
        ToDeliver = "to deliver",
        /// Due, on auto-pay, not in a live payment.
        ToCollect = "payment run",
        /// Failed payments.
        Failed = "failed",
        /// Bounced or impossible copies.
        Bounced = "undelivered",
        /// Overdue invoices.
        Overdue = "overdue",
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
    pub money: Vec<(Currency, i64)>,
    /// How it stands, in words.
    pub state: String,
}

/// Every step, in order. `today` is the book's civil date.
pub fn steps(db: &Db<'_>, today: chrono::NaiveDate) -> Result<Vec<StepRow>, ReadError> {
    Step::ALL.iter().map(|step| self::step(db, *step, today)).collect()
}

/// One step. Each is a question of its own, so that a slow one holds up nothing else.
pub fn step(db: &Db<'_>, step: Step, today: chrono::NaiveDate) -> Result<StepRow, ReadError> {
    let (totals, state) = match step {
        Step::Usage => usage(db)?,
        Step::Run => run(db)?,
        Step::ToCheck => {
            let all = filtered(db, "status:draft review:none")?;
            let flagged = filtered(db, "status:draft review:none flag:any")?.count;
            (all, if flagged == 0 { String::new() } else { format!("{flagged} flagged") })
        }
        Step::Held => (filtered(db, "status:draft review:held")?, String::new()),
        Step::ToPost => {
            let sql = "SELECT d.currency, count(*), sum(d.total_minor) FROM document_state s \
                       JOIN document d ON d.id = s.document_id WHERE s.status = 'Draft' \
                       AND s.review <> 'held' AND s.stale = '' GROUP BY 1";
            (sums(db, sql, &[])?, String::new())
        }
        Step::ToDeliver => deliver(db)?,
        Step::ToCollect => {
            let sql = "SELECT d.currency, count(*), sum(s.balance_minor) FROM document_state s \
                       JOIN document d ON d.id = s.document_id \
                       JOIN account_version v ON v.id = d.account_version_id \
                       WHERE s.status = 'Posted' AND s.balance_minor > 0 AND s.due_on <= ?1 \
                       AND s.auto_pay_off = 0 AND v.auto_pay = 1 AND s.next_retry_at IS NULL \
                       AND s.retries_given_up = 0 GROUP BY 1";
            let last = "SELECT 'PR-' || printf('%06d', id) || ' ' || status \
                        FROM payment_run ORDER BY id DESC LIMIT 1";
            let run = newest(db, last)?;
            (sums(db, sql, &[&today.to_string()])?, run)
        }
        // What its list shows, which leaves out what is promised or disputed.
        Step::Failed => {
            (super::failed::totals(db, &Filter::parse("status:failed")?)?, String::new())
        }
        Step::Bounced => {
            let sql = "SELECT '', count(*), 0 FROM delivery \
                       WHERE status IN ('Bounced','Impossible','Unconfirmed')";
            (sums(db, sql, &[])?, String::new())
        }
        Step::Overdue => {
            let sql = "SELECT d.currency, count(*), sum(s.balance_minor) FROM document_state s \
                       JOIN document d ON d.id = s.document_id WHERE s.status = 'Posted' \
                       AND s.balance_minor > 0 AND s.due_on < ?1 GROUP BY 1";
            (sums(db, sql, &[&today.to_string()])?, String::new())
        }
        Step::Notices => {
            let sql =
                "SELECT '', count(*), 0 FROM notice INDEXED BY notice_open WHERE done_at IS NULL";
            let last = "SELECT text FROM notice INDEXED BY notice_open WHERE done_at IS NULL ORDER BY id DESC LIMIT 1";
            (sums(db, sql, &[])?, newest(db, last)?)
        }
    };
    Ok(StepRow { step, count: totals.count, money: totals.money, state })
}

fn filtered(db: &Db<'_>, text: &str) -> Result<Totals, ReadError> {
    invoices::totals(db, &Filter::parse(text)?)
}

fn sums(db: &Db<'_>, sql: &str, values: &[&str]) -> Result<Totals, ReadError> {
    let mut statement = db.conn().prepare_cached(sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), |r| {
        let code: Option<String> = r.get(0)?;
        let money = match code.as_deref() {
            None | Some("") => None,
            Some(_) => Some(currency(r, 0)?),
        };
        Ok((money, r.get::<_, i64>(1)?, r.get::<_, Option<i64>>(2)?.unwrap_or(0)))
    })?;
    let mut totals = Totals::default();
    for row in rows {
        let (money, count, minor) = row?;
        totals.count += count;
        totals.money.extend(money.map(|m| (m, minor)));
    }
    Ok(totals)
}

fn newest(db: &Db<'_>, sql: &str) -> Result<String, ReadError> {
    use rusqlite::OptionalExtension;
    Ok(db.conn().prepare_cached(sql)?.query_row([], |r| r.get(0)).optional()?.unwrap_or_default())
}

fn usage(db: &Db<'_>) -> Result<(Totals, String), ReadError> {
    let sql = "SELECT (SELECT count(*) FROM usage) - (SELECT count(*) FROM usage_claim)";
    let count: i64 = db.conn().prepare_cached(sql)?.query_row([], |r| r.get(0))?;
    let last = newest(
        db,
        "SELECT 'last file ' || name || ', ' || rows || ' rows' FROM import_file \
         WHERE kind = 'usage' ORDER BY id DESC LIMIT 1",
    )?;
    Ok((Totals { count: count.max(0), money: Vec::new() }, last))
}

fn run(db: &Db<'_>) -> Result<(Totals, String), ReadError> {
    let open = "SELECT '', count(*), 0 FROM bill_run \
                WHERE status IN ('Pending','Processing','Paused','Posting')";
    let last = newest(
        db,
        "SELECT 'BR-' || printf('%06d', id) || ' ' || status || \
         CASE WHEN accounts_failed > 0 THEN ', ' || accounts_failed || ' failed' ELSE '' END \
         FROM bill_run ORDER BY id DESC LIMIT 1",
    )?;
    Ok((sums(db, open, &[])?, last))
}

fn deliver(db: &Db<'_>) -> Result<(Totals, String), ReadError> {
    let none = "SELECT d.currency, count(*), sum(d.total_minor) FROM document d \
                WHERE d.status = 'Posted' AND d.kind <> 'write_off' AND d.source <> 'open_item' \
                AND NOT EXISTS (SELECT 1 FROM delivery l WHERE l.document_id = d.id) GROUP BY 1";
    let queued: i64 = db
        .conn()
        .prepare_cached(
            "SELECT count(*) FROM delivery WHERE status IN ('Queued','Deferred','Held')",
        )?
        .query_row([], |r| r.get(0))?;
    let state = if queued == 0 { String::new() } else { format!("{queued} copies queued") };
    Ok((sums(db, none, &[])?, state))
}

/// Unread notices, newest first, at most fifty: when (UTC milliseconds) and what.
pub fn notices(db: &Db<'_>) -> Result<Vec<(i64, String)>, ReadError> {
    let mut statement = db.conn().prepare_cached(
        "SELECT at, text FROM notice INDEXED BY notice_open WHERE done_at IS NULL ORDER BY id DESC LIMIT 50",
    )?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Copies that bounced, could not be made, or were lost on the way.
pub fn undelivered(db: &Db<'_>) -> Result<i64, ReadError> {
    let sql =
        "SELECT count(*) FROM delivery WHERE status IN ('Bounced','Impossible','Unconfirmed')";
    Ok(db.conn().prepare_cached(sql)?.query_row([], |r| r.get(0))?)
}
