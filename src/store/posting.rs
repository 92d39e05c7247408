//! The one step that makes a draft a legal document: number, lock, freeze, hash, balance, ledger.

use super::debt::NewDebt;
use super::deed::NewDeed;
use super::deferral::{self, Earned, NewDeferred};
use super::document::DocumentRow;
use super::face::{Bound, Cell};
use super::frozen_form::Split;
use super::shared_text::{self, Numbers, said};
use super::{Db, StoreError, Topic, Tx, book_period, debt, deed, json, ledger, many, settings};
use crate::config::SERIES;
use crate::domain::document::{DocumentKind, DocumentTax};
use crate::domain::frozen::Frozen;
use crate::domain::ids::{BillRunId, DocumentId};
use crate::domain::ledger::{self as ledger_rules, LedgerAccount};
use crate::domain::money::{Currency, total};
use crate::domain::period::Span;
use crate::domain::series::{Pattern, continues, number_from, series_from};
use chrono::{Datelike, NaiveDate};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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

/// What goes into the book when a draft is posted, as it was read: in the transaction that writes it,
/// or before, while nobody else wrote.
#[derive(Debug)]
pub struct Content {
    frozen: String,
    split: Option<Split>,
    body: Vec<u8>,
    lines: Vec<ledger::Line>,
    deferred: Vec<NewDeferred>,
    /// What posting it is, see [`deed::of_posting`].
    pub deed: Option<NewDeed>,
}

impl Content {
    /// Of a draft, with its taxes and what is frozen of the world around it.
    pub fn of(
        db: &Db<'_>,
        row: &DocumentRow,
        taxes: &[DocumentTax],
        frozen: &Frozen,
    ) -> Result<Self, StoreError> {
        let read = read(db, row.id, row.id)?.remove(&row.id);
        let Read { body, earned, by_hand } = read.unwrap_or_default();
        let text = json::text(frozen)?;
        let (earned, deferred) = deferral::split(db, row, earned)?;
        Ok(Self {
            split: Split::of(frozen, &text)?,
            frozen: text,
            body,
            lines: lines(row, earned, taxes),
            deferred,
            deed: deed::of_posting_by(row, || Ok(by_hand))?,
        })
    }
}

/// Drafts that get their numbers in one transaction and are written together at its end: rolled back
/// with it, a number is never lost.
#[derive(Debug, Default)]
pub struct Batch {
    series: BTreeMap<String, Given>,
    numbered: Vec<Numbered>,
}

/// The last number of a series: counted, as printed, and the date of its document.
#[derive(Debug)]
struct Given {
    kind: DocumentKind,
    year: i32,
    count: i64,
    last: Option<(String, NaiveDate)>,
}

#[derive(Debug)]
struct Numbered {
    owed: NewDebt,
    on: NaiveDate,
    number: String,
    series: String,
    frozen: String,
    split: Option<Split>,
    hash: Vec<u8>,
    lines: Vec<ledger::Line>,
    currency: Currency,
    deferred: Vec<NewDeferred>,
}

impl Batch {
    /// The last number that a pattern gave in the series of a day, and the date of its document.
    pub fn last_of_series(
        &self,
        db: &Db<'_>,
        pattern: &str,
        day: NaiveDate,
    ) -> Result<Option<(String, NaiveDate)>, StoreError> {
        match self.series.get(&series_from(pattern, day.year())) {
            Some(given) => Ok(given.last.clone()),
            None => last_of_series(db, pattern, day),
        }
    }

    /// Gives a draft the next number of `pattern`. The caller has checked that it may be posted.
    pub fn number(
        &mut self,
        tx: &Tx<'_>,
        row: &DocumentRow,
        pattern: &str,
        content: Content,
    ) -> Result<String, StoreError> {
        // One of zero books nothing, and is in the register of its month all the same.
        book_period::refuse_in(tx, row.invoice_on)?;
        if let Some(deed) = &content.deed {
            deed::enter(tx, deed)?;
        }
        let year = row.invoice_on.year();
        let series = series_from(pattern, year);
        let given = match self.series.entry(series.clone()) {
            Entry::Occupied(given) => given.into_mut(),
            Entry::Vacant(new) => {
                let count = last_number(tx, &series)?;
                new.insert(Given { kind: row.kind, year, count, last: None })
            }
        };
        given.count += 1;
        let number = number_from(pattern, year, given.count);
        given.last = Some((number.clone(), row.invoice_on));
        let hash = seal(&number, &content.frozen, &content.body);
        self.numbered.push(Numbered {
            owed: NewDebt {
                document: row.id,
                account: row.account,
                due_on: row.due_on,
                total_minor: row.total_minor,
            },
            on: row.invoice_on,
            number: number.clone(),
            series,
            frozen: content.frozen,
            split: content.split,
            hash,
            lines: content.lines,
            currency: row.currency,
            deferred: content.deferred,
        });
        Ok(number)
    }

    /// Locks, freezes and seals what has a number. Books receivable, revenue by account and tax by
    /// code, balanced, in the same transaction.
    pub fn write(mut self, tx: &Tx<'_>) -> Result<(), StoreError> {
        if self.numbered.is_empty() {
            return Ok(());
        }
        for (name, given) in &self.series {
            tx.run(
                "INSERT INTO series (name, kind, year, last) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (name) DO UPDATE SET last = excluded.last",
                (name, given.kind.as_str(), given.year, given.count),
            )?;
        }
        let at = tx.now().at_ms;
        let forms = self.numbered.iter_mut().filter_map(|n| n.split.as_mut());
        shared_text::share(tx, forms.map(|split| &mut split.form))?;
        let (mut numbers, mut rows) = (Numbers::default(), Vec::with_capacity(self.numbered.len()));
        for n in &self.numbered {
            let (frozen, form) = n.frozen(tx, &mut numbers)?;
            let row: [Bound<'_>; 7] = [
                n.owed.document.0.into(),
                n.number.as_str().into(),
                n.series.as_str().into(),
                at.into(),
                frozen.into(),
                Bound::Owned(form.into()),
                n.hash.as_slice().into(),
            ];
            rows.push(row);
        }
        let changed = many::change(
            tx,
            "UPDATE document SET status = 'Posted', number = v.column2, series = v.column3,
             posted_at = v.column4, frozen = v.column5, frozen_id = v.column6,
             content_hash = v.column7 FROM (",
            ") v WHERE id = v.column1 AND +status = 'Draft'",
            rows,
        )?;
        if changed != self.numbered.len() {
            return Err(self.no_draft(tx)?);
        }
        debt::enter_posted(tx, self.numbered.iter().map(|n| &n.owed))?;
        ledger::post_all(tx, self.numbered.iter().map(|n| (n.on, n.lines.as_slice())))?;
        for n in self.numbered.iter().filter(|n| !n.deferred.is_empty()) {
            let row = (n.owed.document, n.owed.account, n.currency, n.on);
            deferral::insert(tx, row, &n.deferred)?;
        }
        tx.touch(Topic::Documents);
        tx.touch(Topic::Usage);
        Ok(())
    }

    /// That one of them did not take its number.
    fn no_draft(&self, db: &Db<'_>) -> Result<StoreError, StoreError> {
        for one in &self.numbered {
            let values = (one.owed.document.0, &one.number);
            if !db.any("SELECT 1 FROM document WHERE id = ?1 AND number = ?2", values)? {
                return Ok(StoreError::Conflict(format!("{} is no draft", one.owed.document)));
            }
        }
        Ok(StoreError::Conflict("a draft is posted twice".to_owned()))
    }
}

impl Numbered {
    /// What its row holds of what is frozen: all of it, or its words and the number of the form.
    fn frozen(
        &self,
        tx: &Tx<'_>,
        numbers: &mut Numbers,
    ) -> Result<(&str, Option<i64>), StoreError> {
        if let Some(Split { form, words }) = &self.split
            && let Some(form) = numbers.number(tx, form)?
        {
            return Ok((words, Some(form)));
        }
        Ok((&self.frozen, None))
    }
}

/// Posts a draft under the next number of `pattern`, see [`Batch`]; gives the number.
pub fn post(
    tx: &Tx<'_>,
    row: &DocumentRow,
    pattern: &str,
    content: Content,
) -> Result<String, StoreError> {
    let mut batch = Batch::default();
    let number = batch.number(tx, row, pattern, content)?;
    batch.write(tx)?;
    Ok(number)
}

/// What posting books, by `domain::ledger`.
fn lines(
    row: &DocumentRow,
    earned: Vec<(LedgerAccount, i64)>,
    taxes: &[DocumentTax],
) -> Vec<ledger::Line> {
    let entries = ledger_rules::posting(row.kind, earned, taxes);
    let line = |entry: ledger_rules::Entry| ledger::Line {
        ledger: entry.account.to_string(),
        account: row.account,
        document: Some(row.id),
        payment: None,
        amount: row.currency.amount(entry.minor),
    };
    entries.into_iter().map(line).collect()
}

/// SHA-256 of a document as posted: head, lines and taxes, length-prefixed, in order. `daybook
/// check` computes it again, of many at once: [`Bodies`].
pub fn content_hash(
    db: &Db<'_>,
    id: DocumentId,
    number: &str,
    frozen: &str,
) -> Result<Vec<u8>, StoreError> {
    Ok(Bodies::read(db, id, id)?.content_hash(id, number, frozen))
}

/// Documents as they are sealed, read together.
pub struct Bodies(BTreeMap<DocumentId, Read>);

impl Bodies {
    /// Of all from one to another.
    pub fn read(db: &Db<'_>, first: DocumentId, last: DocumentId) -> Result<Self, StoreError> {
        Ok(Self(read(db, first, last)?))
    }

    /// See [`content_hash`].
    pub fn content_hash(&self, id: DocumentId, number: &str, frozen: &str) -> Vec<u8> {
        seal(number, frozen, self.0.get(&id).map_or(&[], |read| &read.body))
    }
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

/// A document as it is sealed, and what else its lines say, as they are read anyway.
#[derive(Default)]
struct Read {
    /// Head, lines and taxes: each value with its length before it.
    body: Vec<u8>,
    earned: Vec<Earned>,
    by_hand: deed::ByHand,
}

/// Columns of a line that are sealed, behind the document's key; what follows them is not.
const SEALED: usize = 15;

impl Read {
    fn add(&mut self, text: &[u8]) {
        self.body.extend((text.len() as u64).to_be_bytes());
        self.body.extend(text);
    }
}

/// Documents from one to another.
fn read(
    db: &Db<'_>,
    first: DocumentId,
    last: DocumentId,
) -> Result<BTreeMap<DocumentId, Read>, StoreError> {
    let mut all = BTreeMap::<DocumentId, Read>::new();
    let parts = [
        "SELECT id, kind, account_id, account_version_id, currency, corrects_id, invoice_on, due_on, po_number,
                note, subtotal_minor, tax_minor, total_minor FROM document WHERE id BETWEEN ?1 AND ?2",
        concat!("SELECT document_id, position, charge_id, charge_version_id, target_charge_id, corrects_item_id,
                description, service_from_on, service_to_on, quantity, unit_price, amount_minor, gross_minor,
                tax_code, revenue_account, ", said!("i", "derivation"), ", origin <> 'run', i.id
         FROM document_item i WHERE document_id BETWEEN ?1 AND ?2 ORDER BY document_id, position, id"),
        "SELECT document_id, tax_code, rate_percent, name, kind, inclusive, reason, base_minor, tax_minor
         FROM document_tax WHERE document_id BETWEEN ?1 AND ?2 ORDER BY document_id, tax_code, rate_percent",
    ];
    for (part, sql) in parts.into_iter().enumerate() {
        db.each(sql, (first.0, last.0), |row| {
            let id = DocumentId(row.get(0)?);
            let read = all.entry(id).or_default();
            if part == 1 {
                let minor: i64 = row.get(11)?;
                let days: (Option<NaiveDate>, Option<NaiveDate>) = (row.get(7)?, row.get(8)?);
                read.earned.push(Earned {
                    item: row.get(SEALED + 2)?,
                    revenue_account: row.get(14)?,
                    minor,
                    service: days.0.zip(days.1).and_then(|(from, to)| Span::new(from, to)),
                    corrects: row.get(5)?,
                });
                if row.get(SEALED + 1)? {
                    read.by_hand = (true, total([read.by_hand.1, minor.min(0)])?);
                }
            }
            for column in 1..row.width().min(SEALED + 1) {
                match row.cell(column)? {
                    Cell::Null => read.add(b"\0"),
                    Cell::Integer(n) => read.add(n.to_string().as_bytes()),
                    Cell::Text(text) => read.add(String::from_utf8_lossy(text).as_bytes()),
                    Cell::Real(_) | Cell::Blob(_) => {
                        return Err(StoreError::Corrupt(format!("{id} holds an odd value")));
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(all)
}
