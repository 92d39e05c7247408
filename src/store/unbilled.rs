//! What is delivered and not billed by the end of a day: lines that drafts hold or that were billed later, and
//! what of it was accrued.

use super::ledger::{self, Line};
use super::{Db, StoreError, Tx, word};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::ledger::LedgerAccount;
use crate::domain::money::Currency;
use crate::domain::period::{Span, after};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// A line with service days that began, of a draft or of what was billed later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaterLine {
    pub document: DocumentId,
    /// Of what was billed later.
    pub number: Option<String>,
    pub account: AccountId,
    pub account_number: String,
    pub currency: Currency,
    /// Number of the charge; empty where none is.
    pub charge: String,
    /// Empty = the default one.
    pub revenue_account: String,
    pub service: Span,
    /// Net, minor units.
    pub amount_minor: i64,
}

/// Lines whose service began by the end of a day: of drafts, and of invoices dated later that are in the place of
/// none. So the day's list stays the same once they are billed.
pub fn later(db: &Db<'_>, to: NaiveDate) -> Result<Vec<LaterLine>, StoreError> {
    db.all(
        "SELECT d.id, d.account_id, a.number, d.currency, coalesce(c.number, ''), i.revenue_account,
                i.service_from_on, i.service_to_on, i.amount_minor, d.number
         FROM (SELECT id FROM document INDEXED BY document_draft WHERE status = 'Draft'
           UNION ALL SELECT id FROM document WHERE status = 'Posted' AND +invoice_on > ?1
             AND kind IN ('invoice','debit_memo') AND corrects_id IS NULL AND source <> 'open_item') x
         JOIN document d ON d.id = x.id JOIN account a ON a.id = d.account_id
         JOIN document_item i ON i.document_id = d.id LEFT JOIN charge c ON c.id = i.charge_id
         WHERE i.service_from_on <= ?1 AND i.service_to_on >= i.service_from_on
           AND (d.status = 'Draft' OR i.corrects_item_id IS NULL) ORDER BY d.id, i.position",
        [to],
        |r| {
            Ok(LaterLine {
                document: DocumentId(r.get(0)?),
                number: r.get(9)?,
                account: AccountId(r.get(1)?),
                account_number: r.get(2)?,
                currency: word(r, 3, Currency::parse)?,
                charge: r.get(4)?,
                revenue_account: r.get(5)?,
                service: Span { from: r.get(6)?, to: r.get(7)? },
                amount_minor: r.get(8)?,
            })
        },
    )
}

/// What is accrued of whom: account, currency, account of revenue (empty = the default one); minor units.
pub type Accrued = BTreeMap<(AccountId, Currency, String), i64>;

/// What was accrued on a day, the last of its month.
pub fn accrued(db: &Db<'_>, on: NaiveDate) -> Result<Accrued, StoreError> {
    let mut found = Accrued::new();
    db.each(
        "SELECT account_id, currency, account, sum(debit_minor - credit_minor) FROM ledger_entry
         INDEXED BY ledger_entry_day WHERE entry_on = ?1
           AND (account = 'unbilled' OR account LIKE 'unbilled:%') GROUP BY 1, 2, 3",
        [on],
        |r| {
            let name: String = r.get(2)?;
            let name = name.split_once(':').map_or("", |(_, name)| name).to_owned();
            found.insert((AccountId(r.get(0)?), word(r, 1, Currency::parse)?, name), r.get(3)?);
            Ok(())
        },
    )?;
    found.retain(|_, minor| *minor != 0);
    Ok(found)
}

/// Accrues on the last day of a month, and takes it back on the first day after it.
pub fn accrue<'a>(
    tx: &Tx<'_>,
    on: NaiveDate,
    more: impl Iterator<Item = (&'a (AccountId, Currency, String), &'a i64)> + Clone,
) -> Result<(), StoreError> {
    let Some(next) = after(on) else { return Ok(()) };
    for (day, sign) in [(on, 1), (next, -1)] {
        let mut lines = Vec::new();
        for ((account, currency, name), minor) in more.clone() {
            let line = |ledger: LedgerAccount, minor| Line {
                ledger: ledger.to_string(),
                account: *account,
                document: None,
                payment: None,
                amount: currency.amount(minor),
            };
            lines.push(line(LedgerAccount::Unbilled(name.clone()), sign * minor));
            lines.push(line(LedgerAccount::Revenue(name.clone()), -sign * minor));
        }
        ledger::post(tx, day, &lines)?;
    }
    Ok(())
}
