//! The rules about the ledger: transactions balance, accounts, documents and payments have what it says
//! of them, and on no day less than nothing is owed.

use super::found::{Beside, Found, judged_after};
use super::ledger::Ledger;
use crate::store::{Db, StoreError};

/// What the ledger says; read by whichever rule asks first.
fn of<'b>(db: &Db<'_>, beside: &'b Beside) -> Result<&'b Ledger, StoreError> {
    if let Some(ledger) = beside.ledger.get() {
        return Ok(ledger);
    }
    let ledger = Ledger::read(db)?;
    Ok(beside.ledger.get_or_init(|| ledger))
}

/// Debits equal credits by transaction, day and currency.
pub fn balanced(db: &Db<'_>, beside: &Beside, found: &mut Found) -> Result<(), StoreError> {
    for ((txn, _, currency), (debit, credit)) in &of(db, beside)?.unbalanced {
        found.add(format!("transaction {txn}: debits {debit}, credits {credit} {currency}"));
    }
    Ok(())
}

/// What accounts owe and have is what their documents and payments leave.
pub fn ties(db: &Db<'_>, beside: &Beside, found: &mut Found) -> Result<(), StoreError> {
    let ledger = of(db, beside)?;
    let sql = "SELECT a.id, a.number, coalesce(d.owed, 0), coalesce(d.credit, 0) + coalesce(p.credit, 0)
        FROM account a
        LEFT JOIN (SELECT s.account_id,
            sum(CASE WHEN d.kind IN ('invoice', 'debit_memo') THEN s.balance_minor ELSE 0 END) AS owed,
            -sum(CASE WHEN d.kind IN ('credit_memo', 'write_off') THEN s.balance_minor ELSE 0 END) AS credit
          FROM document_state s JOIN document d ON d.id = s.document_id
          WHERE s.status = 'Posted' AND s.balance_minor <> 0 GROUP BY 1) d ON d.account_id = a.id
        LEFT JOIN (SELECT account_id, sum(unapplied_minor) AS credit FROM payment
          WHERE unapplied_minor > 0 GROUP BY 1) p ON p.account_id = a.id";
    db.each(sql, [], |r| {
        let (owed, credit): (i64, i64) = (r.get(2)?, r.get(3)?);
        let said = ledger.accounts.get(&r.get(0)?).copied().unwrap_or_default();
        if said.0 != owed {
            let number = r.text(1)?;
            let said = said.0;
            found.add(format!(
                "account {number}: the ledger has {said} receivable, its documents {owed}"
            ));
        }
        if said.1 != credit {
            let number = r.text(1)?;
            let said = said.1;
            found.add(format!(
                "account {number}: the ledger has {said} to its credit, credits and payments have {credit}"
            ));
        }
        Ok(())
    })
}

/// Entries of a document from before they named it: what they say of it is too little.
fn says_too_little(db: &Db<'_>, document: i64) -> Result<bool, StoreError> {
    db.any(
        "SELECT 1 FROM allocation a JOIN ledger_entry e ON e.payment_id = a.payment_id
         WHERE a.document_id = ?1 AND e.account = 'receivable' AND e.document_id IS NULL",
        [document],
    )
}

/// On no day less than nothing is owed on a document. Documents whose money went back before entries
/// named their document say too little, and are left out.
pub fn below_zero(db: &Db<'_>, beside: &Beside, found: &mut Found) -> Result<(), StoreError> {
    let ledger = of(db, beside)?;
    let judged = judged_after(db, 11, "ledger_entry")?;
    let mut doubtful: Vec<i64> =
        ledger.documents.iter().filter(|(_, owed)| owed.doubtful).map(|(id, _)| *id).collect();
    doubtful.sort_unstable();
    for document in doubtful {
        let sql = "SELECT owed, entry_on, last FROM (
            SELECT entry_on, sum(minor) OVER (ORDER BY entry_on) AS owed, last FROM (
              SELECT entry_on, sum(debit_minor - credit_minor) AS minor, max(id) AS last
              FROM ledger_entry WHERE account = 'receivable' AND document_id = ?1 GROUP BY 1))
            WHERE owed < 0";
        let days: Vec<(i64, String, i64)> =
            db.all(sql, [document], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        if days.is_empty() || says_too_little(db, document)? {
            continue;
        }
        for (owed, day, last) in days {
            found.judge(last > judged, || format!("D-{document:06}: {owed} are owed on {day}"));
        }
    }
    Ok(())
}

/// Every entry names what it is of, and those of a document or a payment come to its balance.
pub fn by_document(db: &Db<'_>, beside: &Beside, found: &mut Found) -> Result<(), StoreError> {
    let ledger = of(db, beside)?;
    let judged = judged_after(db, 11, "ledger_entry")?;
    for (txn, account, id) in &ledger.nameless {
        let of = if *account == "credit" { "no memo and no payment" } else { "no document" };
        found
            .judge(*id > judged, || format!("transaction {txn}: an entry of {account} names {of}"));
    }
    let mut apart: Vec<(i64, i64)> = Vec::new();
    db.each("SELECT document_id, balance_minor FROM document_state", [], |r| {
        let (document, balance): (i64, i64) = (r.get(0)?, r.get(1)?);
        if ledger.documents.get(&document).is_some_and(|owed| owed.minor != balance) {
            apart.push((document, balance));
        }
        Ok(())
    })?;
    for (document, balance) in apart {
        let Some(owed) = ledger.documents.get(&document) else { continue };
        if !says_too_little(db, document)? {
            let minor = owed.minor;
            found.judge(owed.last > judged, || {
                format!("D-{document:06}: the ledger has {minor} owed, its balance is {balance}")
            });
        }
    }
    db.each("SELECT id, unapplied_minor FROM payment", [], |r| {
        let (payment, unapplied): (i64, i64) = (r.get(0)?, r.get(1)?);
        if let Some((credit, last)) = ledger.payments.get(&payment)
            && *credit != unapplied
        {
            found.judge(*last > judged, || {
                format!(
                    "P-{payment:06}: the ledger has {credit} to its credit, {unapplied} are unapplied"
                )
            });
        }
        Ok(())
    })
}
