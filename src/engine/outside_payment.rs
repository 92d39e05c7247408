//! Money that came by another way than the gateway, recorded by a person with its reference.

use super::command::{OutsidePayment, Receipt};
use super::on_its_way::{self, Sure};
use super::picked::short;
use super::{Error, Session, write_off};
use crate::domain::actor::Verb;
use crate::domain::ids::{DocumentId, PaymentId};
use crate::domain::ledger;
use crate::domain::payment::PaymentStatus;
use crate::store::ledger::{Line, post};
use crate::store::payment::{self, AllocationState, NewPayment};
use crate::store::{Db, debt, document};

/// Records it: the documents named are paid in order, the rest stays unapplied. Money for what was
/// written off takes the loss back first. Asks where it is in the book already (same account, amount,
/// day and reference), or a payment of what it pays is on its way.
pub fn record(
    session: &mut Session,
    money: &OutsidePayment,
    sure: Sure,
) -> Result<(PaymentId, Receipt), Error> {
    let reference = money.reference.trim();
    short("the reference", reference, 200)?;
    if reference.is_empty() || money.amount_minor <= 0 {
        return Err(Error::usage(
            "bad_payment",
            "an outside payment needs an amount above zero and a reference",
            "the reference is what the bank statement says",
        ));
    }
    session.write(Verb::OutsidePayment, |tx| {
        if money.received_on > tx.now().today {
            return Err(Error::usage("future", "money cannot have come after today", ""));
        }
        if sure == Sure::Ask
            && let Some(there) = same_receipt(tx, money, reference)?
        {
            return Err(Error::NeedsYes {
                message: format!(
                    "{there} is the same money: same account, amount, day and reference"
                ),
            });
        }
        on_its_way::ask(tx, &paid(tx, money)?, on_its_way::EXCESS, sure)?;
        for document in &money.documents {
            // Money for what was written off: the loss is taken back first.
            write_off::revive(tx, *document, &format!("paid: {reference}"))?;
        }
        let debts = debts(tx, money)?;
        let mut left = money.amount_minor;
        let parts: Vec<i64> = debts
            .iter()
            .map(|debt| {
                let part = debt.balance_minor.clamp(0, left);
                left -= part;
                part
            })
            .collect();
        let key = format!("outside-{}-{}-{}", money.account.0, tx.seq(), money.received_on);
        let id = payment::insert(
            tx,
            &NewPayment {
                account: money.account,
                run: None,
                method: None,
                gateway: "outside".to_owned(),
                amount_minor: money.amount_minor,
                currency: money.currency,
                status: PaymentStatus::Approved,
                key,
                body_hash: String::new(),
                attempt: 1,
                received_on: Some(money.received_on),
                reference: reference.to_owned(),
                unapplied_minor: left,
                gateway_at: None,
            },
        )?;
        let line = |ledger: String, document, amount_minor| Line {
            ledger,
            account: money.account,
            document,
            payment: Some(id),
            currency: money.currency,
            amount_minor,
        };
        let cash = ledger::LedgerAccount::Cash("outside".to_owned()).to_string();
        let mut lines = vec![line(cash, None, money.amount_minor)];
        for (debt, part) in debts.iter().zip(&parts).filter(|(_, part)| **part > 0) {
            let (state, on) = (AllocationState::Applied, Some(money.received_on));
            payment::allocate(tx, id, debt.document, *part, state, on)?;
            document::move_balance(tx, debt.document, -part)?;
            debt::set_retry(tx, debt.document, None, false)?;
            let receivable = ledger::LedgerAccount::Receivable.to_string();
            lines.push(line(receivable, Some(debt.document), -part));
        }
        lines.push(line(ledger::LedgerAccount::Credit.to_string(), None, -left));
        post(tx, money.received_on, &lines)?;
        let words = money.currency.grouped(money.amount_minor);
        let rest = if left > 0 {
            format!(", {} unapplied", money.currency.grouped(left))
        } else {
            String::new()
        };
        let summary = format!("{words} {} received ({reference}){rest}", money.currency);
        tx.note(id, &summary);
        let receipt = Receipt {
            summary,
            done: 1,
            totals: vec![(money.currency, money.amount_minor)],
            made: id.to_string(),
            ..Receipt::default()
        };
        Ok((id, receipt))
    })
}

/// The documents that the money goes to.
fn paid(db: &Db<'_>, money: &OutsidePayment) -> Result<Vec<DocumentId>, Error> {
    let mut left = money.amount_minor;
    let mut paid = debts(db, money)?;
    paid.retain(|debt| {
        let reached = left > 0;
        left -= debt.balance_minor.max(0);
        reached
    });
    Ok(paid.iter().map(|debt| debt.document).collect())
}

/// The payment that records the same receipt already.
fn same_receipt(
    db: &Db<'_>,
    money: &OutsidePayment,
    reference: &str,
) -> Result<Option<PaymentId>, Error> {
    Ok(payment::outside(
        db,
        money.account,
        money.currency,
        money.amount_minor,
        money.received_on,
        reference,
    )?)
}

/// The documents to pay: those named, which must be the account's; none named = all it owes.
fn debts(db: &Db<'_>, money: &OutsidePayment) -> Result<Vec<debt::Debt>, Error> {
    if money.documents.is_empty() {
        return Ok(debt::open_of_account(db, money.account, money.currency)?);
    }
    let mut debts = Vec::new();
    for document in &money.documents {
        let debt = debt::get(db, *document)?;
        if debt.account != money.account || debt.currency != money.currency {
            return Err(Error::usage(
                "other_account",
                format!("{} belongs to another account or currency", debt.number),
                "",
            ));
        }
        debts.push(debt);
    }
    Ok(debts)
}
