//! Bill runs and payment runs in one list, newest first.

use super::{Ask, Field, Fit, Key, ListArgs, ListRow, Order, Page, ReadError, Sort, Spec};
use super::{Filter, KeyValue, Totals};
use crate::domain::ids::{BillRunId, PaymentRunId, RunId};
use crate::domain::money::{Money, Purse};
use crate::domain::payment_run::Parts;
use crate::store::face::Row;
use crate::store::{Db, StoreError, money, payment_run, word};
use chrono::NaiveDate;

/// A run in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Which run.
    pub run: RunId,
    /// Version as shown.
    pub version: i64,
    /// Where it stands.
    pub key: Key,
    /// The word of its status enum.
    pub status: String,
    /// Up to which day.
    pub target_on: NaiveDate,
    /// Who made it.
    pub owner: String,
    /// When, UTC milliseconds.
    pub created_at: i64,
    /// When the work began and ended, UTC milliseconds.
    pub started_at: Option<i64>,
    /// See `started_at`.
    pub ended_at: Option<i64>,
    /// Accounts (bill run) or invoices (payment run).
    pub total: i64,
    /// Done so far, failed ones included.
    pub done: i64,
    /// Failed accounts, or declined payments.
    pub failed: i64,
    /// Payments whose outcome nobody knows.
    pub unknown: i64,
    /// Documents made, or payments approved.
    pub made: i64,
    /// Money by currency: billed, or collected.
    pub money: Purse,
    /// Money of the last comparable run, by currency.
    pub before: Purse,
    /// Why it stopped, what a guard said.
    pub note: String,
    /// Drafts still to be posted.
    pub drafts: i64,
}

impl ListRow for RunRow {
    fn id(&self) -> i64 {
        self.key.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn key(&self) -> &Key {
        &self.key
    }
    fn money(&self) -> Option<Money> {
        self.money.first().copied()
    }
    fn is_exception(&self) -> bool {
        self.failed > 0 || self.unknown > 0 || !self.note.is_empty()
    }
}

impl RunRow {
    /// Done in percent. A run that is over is done: what it left out has its own reasons.
    pub fn percent(&self) -> i64 {
        let (done, all) = self.far();
        match all {
            _ if !self.is_open() => 100,
            // It is still looking for what there is to do.
            0 => 0,
            all => done * 100 / all,
        }
    }

    /// How far it is with what it does now: accounts or invoices; of a posting the documents that are
    /// posted, and those to be.
    pub fn far(&self) -> (i64, i64) {
        if self.status == "Posting" {
            let posted = (self.made - self.drafts).max(0);
            return (posted, self.made);
        }
        (self.done, self.total)
    }

    /// Whether somebody is, or should be, working on it.
    pub fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "Pending" | "Processing" | "Paused" | "Posting")
    }
}

/// A failed account of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRow {
    /// Account number.
    pub account: String,
    /// Customer name.
    pub customer: String,
    /// Why.
    pub reason: String,
}

/// What can be said of a run beyond its row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunDetail {
    /// Failed accounts, at most 200.
    pub failures: Vec<FailureRow>,
    /// Payment run: what became of the invoices it picked.
    pub parts: Option<Parts>,
    /// Payment run: what was skipped, by reason.
    pub skipped: Vec<(String, i64)>,
    /// Totals of the last runs in the run's first currency, oldest first, for a small chart.
    pub past: Vec<i64>,
}

// Bill runs take even row ids, payment runs odd ones, so that one key orders both.
pub(super) const SPEC: Spec = Spec {
    columns: "u.version, u.kind, u.id, u.status, u.target_on, u.created_name, u.created_at, \
              u.started_at, u.ended_at, u.total, u.done, u.failed, u.made, u.note, u.unknown",
    from: "(SELECT 'bill' AS kind, r.id AS id, r.id * 2 AS row, r.version AS version, r.status AS status, \
             r.target_on AS target_on, r.created_name AS created_name, r.created_at AS created_at, \
             r.started_at AS started_at, r.ended_at AS ended_at, r.accounts_total AS total, \
             r.accounts_done + r.accounts_failed AS done, r.accounts_failed AS failed, \
             r.invoices + r.credit_memos AS made, r.note AS note, 0 AS unknown FROM bill_run r \
            UNION ALL \
            SELECT 'collect', p.id, p.id * 2 + 1, p.version, p.status, p.target_on, p.created_name, \
             p.created_at, p.started_at, p.ended_at, p.picked, \
             CASE WHEN p.consolidate = 0 THEN p.approved + p.submitted + p.declined + p.unknown ELSE p.picked - \
               (SELECT count(*) FROM payment_run_item i INDEXED BY payment_run_item_open \
                 WHERE i.run_id = p.id AND i.state = 'open') END, \
             p.declined, p.approved, p.note, p.unknown \
            FROM payment_run p) u",
    narrow: "(SELECT 'bill' AS kind, id AS id, status AS status FROM bill_run \
              UNION ALL SELECT 'collect', id, status FROM payment_run) u",
    base: "1",
    id: "u.row",
    version: "u.version",
    money: None,
    found: None,
    words: &[
        "CASE u.kind WHEN 'bill' THEN printf('BR-%06d', u.id) ELSE printf('PR-%06d', u.id) END",
        "u.created_name",
        "u.note",
    ],
    fields: &[
        (Field::Kind, Ask::Word("u.kind", &["bill", "collect"])),
        (
            Field::Status,
            Ask::Word(
                "u.status",
                &[
                    "Pending",
                    "Processing",
                    "Paused",
                    "Completed",
                    "Posting",
                    "Posted",
                    "Canceled",
                    "Error",
                    "Stopped",
                ],
            ),
        ),
        (Field::User, Ask::Same("u.created_name")),
    ],
    orders: &[
        Order { sort: Sort::Newest, by: "u.created_at", descending: true },
        Order { sort: Sort::Oldest, by: "u.created_at", descending: false },
    ],
};

fn map(row: &Row<'_>, key: Key) -> Result<RunRow, StoreError> {
    let id: i64 = row.get(4)?;
    let kind: String = row.get(3)?;
    let run =
        if kind == "bill" { RunId::Bill(BillRunId(id)) } else { RunId::Payment(PaymentRunId(id)) };
    Ok(RunRow {
        run,
        version: row.get(2)?,
        key,
        status: row.get(5)?,
        target_on: word(row, 6, |t| t.parse().ok())?,
        owner: row.get(7)?,
        created_at: row.get(8)?,
        started_at: row.get(9)?,
        ended_at: row.get(10)?,
        total: row.get(11)?,
        done: row.get(12)?,
        failed: row.get(13)?,
        made: row.get(14)?,
        note: row.get(15)?,
        unknown: row.get(16)?,
        money: Purse::default(),
        before: Purse::default(),
        drafts: 0,
    })
}

/// One part of the list, with money.
pub fn page(db: &Db<'_>, args: &ListArgs) -> Result<Page<RunRow>, ReadError> {
    let mut page = super::page(db, &SPEC, args, map)?;
    for row in &mut page.rows {
        match row.run {
            RunId::Bill(id) => {
                row.money = bill_money(db, id)?;
                row.before = match bill_before(db, id)? {
                    Some(last) => bill_money(db, last)?,
                    None => Purse::default(),
                };
                let sql = "SELECT count(*) FROM document WHERE run_id = ?1 AND status = 'Draft'";
                row.drafts = db.one(sql, [id.0], |r| r.get(0))?;
            }
            RunId::Payment(id) => row.money = collected(db, id)?,
        }
    }
    Ok(page)
}

/// What can be typed next behind `/`.
pub fn fitting(db: &Db<'_>, filter: &Filter, of: Option<Field>) -> Result<Vec<Fit>, ReadError> {
    super::fitting(db, &SPEC, filter, of)
}

/// How many runs match.
pub fn totals(db: &Db<'_>, filter: &Filter) -> Result<Totals, ReadError> {
    super::totals(db, &SPEC, filter)
}

fn sums(db: &Db<'_>, sql: &str, id: i64) -> Result<Purse, StoreError> {
    Ok(db.all(sql, [id], |r| money(r, 0, 1))?.into())
}

fn bill_money(db: &Db<'_>, run: BillRunId) -> Result<Purse, StoreError> {
    let sql = "SELECT currency, total_minor FROM bill_run_total WHERE run_id = ?1 ORDER BY 2 DESC";
    sums(db, sql, run.0)
}

fn collected(db: &Db<'_>, run: PaymentRunId) -> Result<Purse, StoreError> {
    let sql = "SELECT currency, collected_minor FROM payment_run_total WHERE run_id = ?1 \
               ORDER BY 2 DESC";
    sums(db, sql, run.0)
}

/// The run of the last cycle: the largest with an earlier target.
fn bill_before(db: &Db<'_>, run: BillRunId) -> Result<Option<BillRunId>, ReadError> {
    let sql = "SELECT p.id FROM bill_run r JOIN bill_run p ON p.target_on < r.target_on \
               AND p.status IN ('Completed','Posting','Posted') \
               WHERE r.id = ?1 ORDER BY p.target_on DESC, p.invoices DESC LIMIT 1";
    let id = db.opt(sql, [run.0], |r| r.get(0))?;
    Ok(id.map(BillRunId))
}

/// Failures, skips and the small chart of a run.
pub fn detail(db: &Db<'_>, run: RunId) -> Result<RunDetail, ReadError> {
    let mut out = RunDetail::default();
    match run {
        RunId::Bill(id) => {
            out.failures = db.all(
                "SELECT a.number, (SELECT v.name FROM account_version v WHERE v.account_id = a.id \
                   ORDER BY v.seq DESC LIMIT 1), f.reason \
                 FROM bill_run_failure f JOIN account a ON a.id = f.account_id \
                 WHERE f.run_id = ?1 ORDER BY f.reason, a.number LIMIT 200",
                [id.0],
                |r| Ok(FailureRow { account: r.get(0)?, customer: r.get(1)?, reason: r.get(2)? }),
            )?;
            let sql = "SELECT t.total_minor FROM bill_run_total t \
                JOIN bill_run r ON r.id = t.run_id \
                WHERE t.run_id <= ?1 AND r.status <> 'Canceled' AND t.currency = \
                  (SELECT currency FROM bill_run_total WHERE run_id = ?1 \
                   ORDER BY total_minor DESC LIMIT 1) ORDER BY t.run_id DESC LIMIT 24";
            out.past = db.all(sql, [id.0], |r| r.get(0))?;
            out.past.reverse();
        }
        RunId::Payment(id) => {
            out.skipped = db.all(
                "SELECT reason, count FROM payment_run_skip WHERE run_id = ?1 ORDER BY 2 DESC",
                [id.0],
                |r| Ok((r.get(0)?, r.get(1)?)),
            )?;
            out.parts = match payment_run::get(db, id) {
                Ok(row) => Some(payment_run::parts(db, &row)?),
                Err(StoreError::NotFound(_)) => None,
                Err(error) => return Err(error.into()),
            };
        }
    }
    Ok(out)
}

/// One run, wherever it stands in the list.
pub fn row(db: &Db<'_>, run: RunId) -> Result<Option<RunRow>, ReadError> {
    let id = match run {
        RunId::Bill(id) => id.0 * 2,
        RunId::Payment(id) => id.0 * 2 + 1,
    };
    let created: Option<i64> = {
        let sql = format!("SELECT created_at FROM {} WHERE u.row = ?1", SPEC.from);
        db.opt(&sql, [id], |r| r.get(0))?
    };
    let Some(created) = created else { return Ok(None) };
    let key = Key { value: KeyValue::Int(created), id };
    let args = ListArgs {
        filter: Filter::default(),
        sort: Sort::Newest.into(),
        seek: super::Seek::From(key),
        limit: 1,
    };
    Ok(page(db, &args)?.rows.into_iter().find(|r| r.run == run))
}
