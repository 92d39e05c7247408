//! What a line of a bank is searched among: documents, accounts, payments, receipts, payouts.

use super::BankAccount;
use crate::domain::bank::rules::{Doc, Facts, Numbered, OnTheWay, Ours, Party, Receipt};
use crate::domain::bank::tokens;
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::Currency;
use crate::domain::payment_reference::Reference;
use crate::store::face::Row;
use crate::store::{Db, StoreError, debt, word};
use chrono::{Days, NaiveDate};
use std::collections::BTreeSet;

/// How far a receipt that a clerk recorded and the bank's day are apart at most, days.
const APART: u64 = 10;

/// The book, as lines of one bank account see it.
pub struct InBook<'d> {
    pub db: &'d Db<'d>,
    pub bank: &'d BankAccount,
    /// What stands before the digits in numbers of invoices and debit memos, as [`tokens::key`] has it.
    pub prefixes: &'d [String],
}

/// SQL of a number without what parts it, as its index has it.
fn key_of(column: &str) -> String {
    format!(
        "upper(replace(replace(replace(replace(replace({column}, '-', ''), '/', ''), '.', ''), '_', ''), ' ', ''))"
    )
}

fn doc(r: &Row<'_>) -> Result<Doc, StoreError> {
    Ok(Doc {
        id: DocumentId(r.get(0)?),
        account: AccountId(r.get(1)?),
        currency: word(r, 2, Currency::parse)?,
        open: r.get::<i64>(3)?.max(0),
    })
}

const DOC: &str = "d.id, s.account_id, d.currency, s.balance_minor";
const THERE: &str =
    "d.status = 'Posted' AND d.kind IN ('invoice','debit_memo') AND d.number IS NOT NULL";

fn list(keys: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::from("[");
    for key in keys {
        if text.len() > 1 {
            text.push(',');
        }
        // Letters and digits alone.
        text.push('"');
        text.push_str(key.as_ref());
        text.push('"');
    }
    text.push(']');
    text
}

impl Facts for InBook<'_> {
    type Error = StoreError;

    fn numbered(&self, keys: &BTreeSet<&str>) -> Result<Numbered, StoreError> {
        let keys = list(keys.iter());
        let documents = self.db.all(
            &format!(
                "SELECT {DOC}, k.value FROM json_each(?1) k CROSS JOIN document d ON {} = k.value
                 JOIN document_state s ON s.document_id = d.id WHERE {THERE}",
                key_of("d.number")
            ),
            [&keys],
            |r| Ok((r.get(4)?, doc(r)?)),
        )?;
        let accounts = self.db.all(
            &format!(
                "SELECT k.value, a.id, a.currency FROM json_each(?1) k CROSS JOIN account a ON {} = k.value",
                key_of("a.number")
            ),
            [&keys],
            |r| Ok((r.get(0)?, party(r, 1)?)),
        )?;
        Ok((documents, accounts))
    }

    fn referred(&self, reference: &str, keys: &[String]) -> Result<Vec<Doc>, StoreError> {
        let mut all = self.db.all(
            &format!(
                "SELECT {DOC} FROM payment_reference p JOIN document d ON d.id = p.document_id
                 JOIN document_state s ON s.document_id = d.id WHERE p.reference = ?1 AND {THERE}"
            ),
            [reference],
            doc,
        )?;
        let mut wanted: Vec<String> = keys.to_vec();
        for key in keys.iter().filter(|key| key.bytes().all(|b| b.is_ascii_digit())) {
            for digits in [key.as_str(), key.trim_start_matches('0')] {
                wanted.extend(self.prefixes.iter().map(|prefix| format!("{prefix}{digits}")));
            }
        }
        let made = self.db.all(
            &format!(
                "SELECT {DOC}, d.number FROM json_each(?1) k CROSS JOIN document d ON {} = k.value
                 JOIN document_state s ON s.document_id = d.id WHERE {THERE}
                 AND NOT EXISTS (SELECT 1 FROM payment_reference p WHERE p.document_id = d.id)",
                key_of("d.number")
            ),
            [list(wanted.iter())],
            |r| Ok((doc(r)?, r.get::<String>(4)?)),
        )?;
        let prints = |number: &str| {
            [Reference::Rf, Reference::Belgian]
                .iter()
                .any(|form| tokens::key(&form.of(number)) == reference)
        };
        all.extend(made.into_iter().filter(|(_, number)| prints(number)).map(|(doc, _)| doc));
        Ok(all)
    }

    fn payer(&self, iban: &str) -> Result<Option<Party>, StoreError> {
        let all = self.db.all(
            "SELECT a.id, a.currency FROM bank_payer p JOIN account a ON a.id = p.account_id
             WHERE p.iban = ?1 LIMIT 2",
            [iban],
            |r| party(r, 0),
        )?;
        Ok(match all.as_slice() {
            [one] => Some(*one),
            [] | [_, ..] => None,
        })
    }

    fn open(&self, account: AccountId) -> Result<Vec<Doc>, StoreError> {
        let open = debt::open_of_account(self.db, account, self.bank.currency)?;
        Ok(open
            .into_iter()
            .map(|debt| Doc {
                id: debt.document,
                account: debt.account,
                currency: debt.currency,
                open: debt.balance_minor.max(0),
            })
            .collect())
    }

    fn ours(&self, name: &str) -> Result<Option<Ours>, StoreError> {
        let ours =
            |r: &Row<'_>| Ok(Ours { id: PaymentId(r.get(0)?), account: AccountId(r.get(1)?) });
        let by = |what: &str, value: &str| {
            let sql = format!(
                "SELECT id, account_id FROM payment WHERE {what} AND status = 'Approved' AND currency = ?2
                 ORDER BY id LIMIT 1"
            );
            self.db.opt(&sql, (value, self.bank.currency.code()), ours)
        };
        if let Some(id) = PaymentId::parse(name.trim())
            && let Some(found) = by("id = ?1", &id.0.to_string())?
        {
            return Ok(Some(found));
        }
        match by("gateway_ref = ?1 AND gateway_ref <> ''", name)? {
            Some(found) => Ok(Some(found)),
            None => by("idempotency_key = ?1", name),
        }
    }

    fn recorded(&self, minor: i64, on: NaiveDate) -> Result<Vec<Receipt>, StoreError> {
        let (from, to) = (on - Days::new(APART), on + Days::new(APART));
        self.db.all(
            "SELECT id, account_id, reference FROM payment p
             WHERE currency = ?1 AND amount_minor = ?2 AND received_on BETWEEN ?3 AND ?4
               AND gateway = 'outside' AND status = 'Approved' AND moved_from IS NULL
               AND NOT EXISTS (SELECT 1 FROM bank_match m WHERE m.payment_id = p.id
                 AND m.kind = 'recorded' AND m.amount_minor > 0 AND m.undone_on IS NULL)",
            (self.bank.currency.code(), minor, from, to),
            |r| {
                Ok(Receipt {
                    id: PaymentId(r.get(0)?),
                    account: AccountId(r.get(1)?),
                    reference: r.get(2)?,
                })
            },
        )
    }

    fn payouts(&self, minor: i64) -> Result<Vec<OnTheWay>, StoreError> {
        self.db.all(
            "SELECT id, name FROM payout WHERE state = 'Booked' AND currency = ?1 AND net_minor = ?2",
            (self.bank.currency.code(), minor),
            |r| Ok(OnTheWay { id: r.get(0)?, name: r.get(1)? }),
        )
    }
}

fn party(r: &Row<'_>, at: usize) -> Result<Party, StoreError> {
    Ok(Party { id: AccountId(r.get(at)?), currency: word(r, at + 1, Currency::parse)? })
}

/// How many of those that look alike are shown.
const ALIKE: u32 = 10;

/// Open documents that look like it, never by rule: those of a customer whose name is the payer's (true), and
/// those of just this amount.
pub fn alike(
    db: &Db<'_>,
    bank: &BankAccount,
    minor: i64,
    payer: &str,
) -> Result<Vec<(Doc, bool)>, StoreError> {
    if minor <= 0 {
        return Ok(Vec::new());
    }
    let code = bank.currency.code();
    let mut all = Vec::new();
    if !payer.is_empty() {
        all = db.all(
            &format!(
                "SELECT {DOC} FROM account_version v JOIN document d ON d.account_id = v.account_id
                 JOIN document_state s ON s.document_id = d.id
                 WHERE v.name = ?1 COLLATE NOCASE AND {THERE} AND s.balance_minor > 0 AND d.currency = ?2
                 GROUP BY d.id ORDER BY d.due_on, d.id LIMIT ?3"
            ),
            (payer, code, ALIKE),
            |r| Ok((doc(r)?, true)),
        )?;
    }
    let same = db.all(
        &format!(
            "SELECT {DOC} FROM document_state s JOIN document d ON d.id = s.document_id
             WHERE s.status = 'Posted' AND s.balance_minor = ?1 AND s.balance_minor > 0 AND {THERE}
               AND d.currency = ?2 LIMIT ?3"
        ),
        (minor, code, ALIKE),
        |r| Ok((doc(r)?, false)),
    )?;
    all.extend(same);
    Ok(all)
}
