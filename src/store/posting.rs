//! The one step that makes a draft a legal document: number, lock, freeze, hash, balance, ledger.

use super::deed::NewDeed;
use super::document::DocumentRow;
use super::face::Cell;
use super::json;
use super::{Db, StoreError, Topic, Tx, debt, deed, document, ledger, settings};
use crate::config::SERIES;
use crate::domain::document::DocumentKind;
use crate::domain::frozen::Frozen;
use crate::domain::ids::{BillRunId, DocumentId};
use crate::domain::ledger as ledger_rules;
use crate::domain::series::{Pattern, continues, number_from, series_from};
use chrono::{Datelike, NaiveDate};
use sha2::{Digest, Sha256};

/// The next drafts of a run in posting order (account, then document), after `after`; of this day, or
/// of any.
pub fn next_drafts(
    db: &Db<'_>,
    run: BillRunId,
    day: Option<NaiveDate>,
    after: (i64, i64),
    limit: u32,
) -> Result<Vec<(i64, DocumentId)>, StoreError> {
    db.all(
        "SELECT account_id, id FROM document INDEXED BY document_draft
         WHERE run_id = ?1 AND status = 'Draft' AND (account_id, id) > (?2, ?3)
           AND (?5 IS NULL OR invoice_on = ?5) ORDER BY account_id, id LIMIT ?4",
        (run.0, after.0, after.1, limit, day),
        |r| Ok((r.get(0)?, DocumentId(r.get(1)?))),
    )
}

/// The first invoice date after `after` (none: of all) among the drafts of a run.
pub fn next_day(
    db: &Db<'_>,
    run: BillRunId,
    after: Option<NaiveDate>,
) -> Result<Option<NaiveDate>, StoreError> {
    db.one(
        "SELECT min(invoice_on) FROM document
             WHERE run_id = ?1 AND status = 'Draft' AND (?2 IS NULL OR invoice_on > ?2)",
        (run.0, after),
        |r| r.get(0),
    )
}

/// The last number that a pattern gave in the series of a day, and the date of its document.
pub fn last_of_series(
    db: &Db<'_>,
    pattern: &str,
    day: NaiveDate,
) -> Result<Option<(String, NaiveDate)>, StoreError> {
    let last = last_number(db, &series_from(pattern, day.year()))?;
    let number = number_from(pattern, day.year(), last);
    let on =
        db.opt("SELECT invoice_on FROM document WHERE number = ?1", [&number], |r| r.get(0))?;
    Ok(on.map(|on| (number, on)))
}

/// The highest number a series has given; 0 before the first.
pub fn last_number(db: &Db<'_>, series: &str) -> Result<i64, StoreError> {
    Ok(db.opt("SELECT last FROM series WHERE name = ?1", [series], |r| r.get(0))?.unwrap_or(0))
}

/// What would give the same number as a pattern some day: a series counted before, or a number
/// that another system gave (an imported open item).
pub fn meeting(db: &Db<'_>, pattern: &str) -> Result<Option<String>, StoreError> {
    let Some(new) = Pattern::parse(pattern) else { return Ok(None) };
    let names: Vec<String> = db.all("SELECT name FROM series ORDER BY name", [], |r| r.get(0))?;
    for name in names.into_iter().filter(|name| !continues(pattern, name)) {
        if Pattern::parse(&name).is_some_and(|old| old.meets(&new)) {
            return Ok(Some(format!("the series {name}, which gave numbers before")));
        }
    }
    let foreign = "SELECT number FROM document WHERE series IS NULL AND number IS NOT NULL";
    db.find(foreign, [], |row| {
        let number: String = row.get(0)?;
        let meets = Pattern::number(&number).meets(&new);
        Ok(meets.then(|| format!("{number}, which another system gave")))
    })
}

/// The patterns that this book's documents have their numbers by, now or before: what another
/// system's numbers must not meet.
pub fn patterns(db: &Db<'_>) -> Result<Vec<Pattern>, StoreError> {
    let config = settings::load(db)?;
    let mut names: Vec<String> = db.all("SELECT name FROM series", [], |r| r.get(0))?;
    names.extend(SERIES.iter().map(|key| config.get(key).to_owned()));
    Ok(names.iter().filter_map(|name| Pattern::parse(name)).collect())
}

/// Gives the next number of a series in this transaction: rolled back with it, so never lost.
fn take_number(
    tx: &Tx<'_>,
    kind: DocumentKind,
    pattern: &str,
    year: i32,
) -> Result<(String, String), StoreError> {
    let series = series_from(pattern, year);
    let seq: i64 = tx.one(
        "INSERT INTO series (name, kind, year, last) VALUES (?1, ?2, ?3, 1)
             ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last",
        (&series, kind.as_str(), year),
        |r| r.get(0),
    )?;
    Ok((number_from(pattern, year, seq), series))
}

/// What goes into the book when a draft is posted, as it was read: in the transaction that writes it,
/// or before, while nobody else wrote.
#[derive(Debug)]
pub struct Content {
    frozen: String,
    body: Vec<u8>,
    lines: Vec<ledger::Line>,
    /// What posting it is, see [`deed::of_posting`].
    pub deed: Option<NewDeed>,
}

impl Content {
    /// Of a draft, with what is frozen of the world around it.
    pub fn of(db: &Db<'_>, row: &DocumentRow, frozen: &Frozen) -> Result<Self, StoreError> {
        Ok(Self {
            frozen: json::text(frozen)?,
            body: body(db, row.id)?,
            lines: lines(db, row)?,
            deed: deed::of_posting(db, row)?,
        })
    }
}

/// Posts a draft under the next number of `pattern`; gives the number.
///
/// The caller has checked that it may be posted. Books receivable, revenue by account and tax by
/// code, balanced, in the same transaction.
pub fn post(
    tx: &Tx<'_>,
    row: &DocumentRow,
    pattern: &str,
    content: &Content,
) -> Result<String, StoreError> {
    if let Some(deed) = &content.deed {
        deed::enter(tx, deed)?;
    }
    let (number, series) = take_number(tx, row.kind, pattern, row.invoice_on.year())?;
    let hash = seal(&number, &content.frozen, &content.body);
    let changed = tx.run(
        "UPDATE document SET status = 'Posted', number = ?2, series = ?3, posted_at = ?4, frozen =
         ?5, content_hash = ?6
         WHERE id = ?1 AND status = 'Draft'",
        (row.id.0, &number, &series, tx.now().at_ms, &content.frozen, &hash),
    )?;
    if changed != 1 {
        return Err(StoreError::Conflict(format!("{} is no draft", row.id)));
    }
    debt::enter_posted(tx, row)?;
    ledger::post(tx, row.invoice_on, &content.lines)?;
    tx.touch(Topic::Documents);
    tx.touch(Topic::Usage);
    Ok(number)
}

/// What posting books, by `domain::ledger`.
fn lines(db: &Db<'_>, row: &DocumentRow) -> Result<Vec<ledger::Line>, StoreError> {
    let sql = "SELECT revenue_account, sum(amount_minor) FROM document_item
        WHERE document_id = ?1 GROUP BY 1";
    let revenue: Vec<(String, i64)> = db.all(sql, [row.id.0], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let taxes = document::taxes(db, row.id)?;
    let entries = ledger_rules::posting(
        row.kind,
        revenue.iter().map(|(name, minor)| (name.as_str(), *minor)),
        &taxes,
    );
    let line = |entry: ledger_rules::Entry| ledger::Line {
        ledger: entry.account.to_string(),
        account: row.account,
        document: Some(row.id),
        payment: None,
        amount: row.currency.amount(entry.minor),
    };
    Ok(entries.into_iter().map(line).collect())
}

/// SHA-256 of a document as posted: head, lines and taxes, length-prefixed, in order. `daybook
/// check` computes it again.
pub fn content_hash(
    db: &Db<'_>,
    id: DocumentId,
    number: &str,
    frozen: &str,
) -> Result<Vec<u8>, StoreError> {
    Ok(seal(number, frozen, &body(db, id)?))
}

fn seal(number: &str, frozen: &str, body: &[u8]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for text in [number, frozen] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(body);
    hasher.finalize().to_vec()
}

/// Head, lines and taxes of a document as they are sealed: each value with its length before it.
fn body(db: &Db<'_>, id: DocumentId) -> Result<Vec<u8>, StoreError> {
    let mut body = Vec::with_capacity(1_024);
    let mut add = |text: &[u8]| {
        body.extend((text.len() as u64).to_be_bytes());
        body.extend(text);
    };
    for sql in [
        "SELECT kind, account_id, account_version_id, currency, corrects_id, invoice_on, due_on, po_number, note,
                subtotal_minor, tax_minor, total_minor FROM document WHERE id = ?1",
        "SELECT position, charge_id, charge_version_id, target_charge_id, corrects_item_id, description,
                service_from_on, service_to_on, quantity, unit_price, amount_minor, gross_minor, tax_code,
                revenue_account, derivation FROM document_item WHERE document_id = ?1 ORDER BY position, id",
        "SELECT tax_code, rate_percent, name, kind, inclusive, reason, base_minor, tax_minor
         FROM document_tax WHERE document_id = ?1 ORDER BY tax_code, rate_percent",
    ] {
        db.each(sql, [id.0], |row| {
            for column in 0..row.width() {
                match row.cell(column)? {
                    Cell::Null => add(b"\0"),
                    Cell::Integer(n) => add(n.to_string().as_bytes()),
                    Cell::Text(text) => add(String::from_utf8_lossy(text).as_bytes()),
                    Cell::Real(_) | Cell::Blob(_) => {
                        return Err(StoreError::Corrupt(format!("{id} holds an odd value")));
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(body)
}
