//! Money that came by another way than the gateway, recorded by a person with its reference.

use crate::domain::actor::Verb;
use crate::domain::ids::{DocumentId, PaymentId};
use crate::domain::money::Money;
use crate::domain::payment::PaymentStatus;
use crate::engine::command::{OutsidePayment, Receipt};
use crate::engine::on_its_way::{self, Sure};
use crate::engine::post::loss;
use crate::engine::review::picked::short;
use crate::engine::{Error, Session};
use crate::store::applied::{self, Part};
use crate::store::payment::{self, NewPayment};
use crate::store::{BookKind, conversion, settings};
use crate::store::{Db, Tx, debt, document, ledger};
use chrono::{Days, NaiveDate};

/// Records it: the documents named are paid in order, the rest stays unapplied. Money for what was
/// written off takes the loss back first. Asks where it is in the book already (same account, amount,
/// day and reference), or a payment of what it pays is on its way.
pub fn record(
    session: &mut Session,
    money: &OutsidePayment,
    sure: Sure,
) -> Result<(PaymentId, Receipt), Error> {
    record_by(session, money, "outside", sure)
}

/// The same as money of a gateway, which nobody asks: on a test book alone.
pub fn record_by(
    session: &mut Session,
    money: &OutsidePayment,
    gateway: &str,
    sure: Sure,
) -> Result<(PaymentId, Receipt), Error> {
    if gateway != "outside" && session.read(settings::facts)?.kind == BookKind::Real {
        return Err(Error::usage(
            "real_book",
            "what a gateway takes is recorded by asking it",
            "--gateway is for test books (daybook init --test)",
        ));
    }
    let reference = reference_of(money)?;
    session.write(Verb::OutsidePayment, |tx| {
        sensible(tx, money)?;
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
        let (parts, left) = parts(tx, money, reference)?;
        let key = format!("outside-{}-{}-{}", money.account.0, tx.seq(), money.received_on);
        let id = payment::insert(
            tx,
            &NewPayment {
                account: money.account,
                run: None,
                method: None,
                gateway: gateway.to_owned(),
                amount_minor: money.amount.minor,
                currency: money.amount.currency,
                status: PaymentStatus::Approved,
                key,
                body_hash: String::new(),
                attempt: 1,
                received_on: Some(money.received_on),
                reference: reference.to_owned(),
                unapplied_minor: left.minor,
                gateway_at: None,
                moved_from: None,
            },
        )?;
        let receipt = applied::Receipt {
            payment: id,
            account: money.account,
            ledger: &ledger::cash(gateway),
            amount: money.amount,
            on: money.received_on,
        };
        applied::receive(tx, &receipt, &parts)?;
        let rest =
            if left.minor > 0 { format!(", {} unapplied", left.grouped()) } else { String::new() };
        let summary = format!("{} received ({reference}){rest}", money.amount);
        tx.note(id, &summary);
        let receipt = Receipt {
            summary,
            done: 1,
            totals: money.amount.into(),
            made: id.to_string(),
            ..Receipt::default()
        };
        Ok((id, receipt))
    })
}

/// What the bank statement says; refused where it or an amount above zero is missing.
fn reference_of(money: &OutsidePayment) -> Result<&str, Error> {
    let reference = money.reference.trim();
    short("the reference", reference, 200)?;
    if reference.is_empty() || money.amount.minor <= 0 {
        return Err(Error::usage(
            "bad_payment",
            "an outside payment needs an amount above zero and a reference",
            "the reference is what the bank statement says",
        ));
    }
    Ok(reference)
}

/// How long before the first invoice money may have come, days.
const AHEAD: u64 = 366;

/// Refuses a day after today, and one on which no money for this account can have come: before its
/// first document, and more than a year ago. A year mistyped is found so; who pays ahead is not hindered.
fn sensible(tx: &Tx<'_>, money: &OutsidePayment) -> Result<(), Error> {
    let (on, today) = (money.received_on, tx.now().today);
    if on > today {
        return Err(Error::usage("bad_date", "money cannot have come after today", ""));
    }
    let year_ago = today.checked_sub_days(Days::new(AHEAD)).unwrap_or(today);
    let first =
        document::first_of_account(tx, money.account)?.map_or(year_ago, |d| d.min(year_ago));
    if on < first {
        return Err(Error::usage(
            "bad_date",
            format!("money of {on}: this account's first document is not older than {first}"),
            "a day from its first document, or from a year ago, to today",
        ));
    }
    Ok(())
}

/// What of the money pays which document, and what is left. Money for what was written off recovers
/// just that amount of the loss.
fn parts(
    tx: &Tx<'_>,
    money: &OutsidePayment,
    reference: &str,
) -> Result<(Vec<Part>, Money), Error> {
    let paid: Vec<DocumentId> = debts(tx, money)?.iter().map(|debt| debt.document).collect();
    spread(tx, &paid, money.amount, money.received_on, &format!("paid: {reference}"))
}

/// What of money that came on a day pays which of these documents, in their order, and what is left.
pub(in crate::engine) fn spread(
    tx: &Tx<'_>,
    documents: &[DocumentId],
    money: Money,
    on: NaiveDate,
    why: &str,
) -> Result<(Vec<Part>, Money), Error> {
    let (mut left, mut parts) = (money, Vec::new());
    for document in documents {
        let (owed, from) = loss::owed(tx, *document, left, on, why)?;
        let amount = owed.least(left)?;
        if amount.minor > 0 {
            parts.push(Part { document: *document, amount, from, allocation: None });
            left = left.minus(amount)?;
        }
    }
    Ok((parts, left))
}

/// The documents that the money goes to.
fn paid(db: &Db<'_>, money: &OutsidePayment) -> Result<Vec<DocumentId>, Error> {
    let mut left = money.amount.minor;
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
        money.amount.currency,
        money.amount.minor,
        money.received_on,
        reference,
    )?)
}

/// The documents to pay: those named, which must be the account's; none named = all it owes.
fn debts(db: &Db<'_>, money: &OutsidePayment) -> Result<Vec<debt::Debt>, Error> {
    if money.documents.is_empty() {
        return Ok(debt::open_of_account(db, money.account, money.amount.currency)?);
    }
    let mut debts = Vec::new();
    for document in &money.documents {
        let debt = debt::get(db, *document)?;
        if debt.account != money.account || debt.currency != money.amount.currency {
            let became = conversion::successors(db, *document)?;
            return Err(Error::usage(
                "other_account",
                format!("{} belongs to another account or currency", debt.number),
                became
                    .last()
                    .map_or_else(String::new, |(_, n)| format!("it became {n}: name that")),
            ));
        }
        debts.push(debt);
    }
    Ok(debts)
}
