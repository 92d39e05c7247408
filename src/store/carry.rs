//! What is open in a currency that was converted, carried over into the one that took its place.
//!
//! The posted document, or the payment, stays as it is and in its currency: nothing is open on it
//! afterwards. What was open becomes a document (a payment) of the new currency with the date, the due
//! date and the share of tax of the old one, and the table `carried` names both. The ledger keeps a sum
//! by currency: `receivable` or `credit` against `conversion` in each of them.
//!
//! Whatever falls open later (money goes back, a memo is made on an old invoice, a write-off is undone)
//! is carried over in the same transaction: see [`what_fell_open`].

use super::applied::{Side, first_day};
use super::conversion::{self, Conversion};
use super::json::Json;
use super::ledger::{self, Line};
use super::open_item::{self, NewOpenItem};
use super::payment::{self, NewPayment, PaymentRow};
use super::{Db, StoreError, Topic, Tx, credit, debt, dispute, document, instalment, notice};
use crate::domain::conversion::share;
use crate::domain::dispute::DisputeState;
use crate::domain::document::{DocumentKind, DocumentTax};
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::instalment::PlanState;
use crate::domain::money::{Currency, Money, MoneyError};
use crate::domain::payment::PaymentStatus;
use chrono::NaiveDate;

/// At the end of every transaction: what it left open in a currency that was converted is carried
/// over. Nothing is read where no currency ever was.
pub(super) fn what_fell_open(tx: &Tx<'_>) -> Result<(), StoreError> {
    let documents = tx.stirred.documents.take();
    let payments = tx.stirred.payments.take();
    if (documents.is_empty() && payments.is_empty()) || !conversion::any(tx)? {
        return Ok(());
    }
    let mut words = Vec::new();
    for id in documents {
        let Some(of) = of(tx, "document_state s JOIN document d ON d.id = s.document_id", id.0)?
        else {
            continue;
        };
        words.extend(document(tx, &of, id, Then::Apply)?);
    }
    for id in payments {
        if let Some(of) = of(tx, "payment d", id.0)? {
            words.extend(money(tx, &of, id)?);
        }
    }
    if !words.is_empty() {
        tx.quiet_if(false);
        let mut note = tx.note.borrow_mut();
        let said = std::mem::take(&mut note.summary);
        note.summary = format!("{said}; carried over: {}", words.join(", "));
    }
    Ok(())
}

/// The conversion of a row's currency into that of its account, if there was one.
fn of(tx: &Tx<'_>, table: &str, id: i64) -> Result<Option<Conversion>, StoreError> {
    let found: Option<String> = tx.opt(
        &format!(
            "SELECT d.currency FROM {table} JOIN account a ON a.id = d.account_id
             WHERE d.id = ?1 AND d.currency <> a.currency"
        ),
        [id],
        |r| r.get(0),
    )?;
    match found.as_deref().and_then(Currency::parse) {
        Some(currency) => conversion::of(tx, currency),
        None => Ok(None),
    }
}

/// What becomes of a credit once it is carried over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It stays the customer's credit.
    Leave,
    /// It is used on what its invoice became, as far as that is owed and no payment is on its way.
    Apply,
}

/// One way: from here in one currency to there in the other.
struct Way<'a> {
    of: &'a Conversion,
    account: AccountId,
    from: (Option<DocumentId>, Option<PaymentId>),
    to: (Option<DocumentId>, Option<PaymentId>),
    ledger: &'static str,
    /// In each currency; negative: a credit.
    minor: (i64, i64),
    on: NaiveDate,
}

impl Way<'_> {
    /// Books it and notes it.
    fn book(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let line =
            |ledger: &str, at: (Option<DocumentId>, Option<PaymentId>), amount: Money| Line {
                ledger: ledger.to_owned(),
                account: self.account,
                document: at.0,
                payment: at.1,
                amount,
            };
        let left = self.of.rate.from.amount(self.minor.0);
        let came = self.of.rate.to.amount(self.minor.1);
        let lines = [
            line(self.ledger, self.from, left.negated()?),
            line(ledger::CONVERSION, self.from, left),
            line(self.ledger, self.to, came),
            line(ledger::CONVERSION, self.to, came.negated()?),
        ];
        ledger::post(tx, self.on, &lines)?;
        tx.run(
            "INSERT INTO carried (conversion_id, account_id, document_id, payment_id,
             to_document_id, to_payment_id, from_minor, to_minor, carried_on, at)
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
            (
                self.of.id,
                self.account.0,
                self.from.0.map(|d| d.0),
                self.from.1.map(|p| p.0),
                self.to.0.map(|d| d.0),
                self.to.1.map(|p| p.0),
                // Of a payment: how much of it, as its own columns count.
                if self.from.1.is_some() { -self.minor.0 } else { self.minor.0 },
                if self.from.1.is_some() { -self.minor.1 } else { self.minor.1 },
                self.on,
                tx.now().at_ms,
            ),
        )?;
        tx.touch(Topic::Documents);
        tx.touch(Topic::Payments);
        Ok(())
    }
}

/// Carries what is open on a document over; gives it in words, nothing where nothing is open.
pub(super) fn document(
    tx: &Tx<'_>,
    of: &Conversion,
    id: DocumentId,
    then: Then,
) -> Result<Option<String>, StoreError> {
    let row = document::get(tx, id)?;
    let open = row.balance_minor;
    if open == 0 || row.kind == DocumentKind::WriteOff {
        return Ok(None);
    }
    let worth = of.rate.convert(open).map_err(too_large)?;
    let (side, ledger) = if row.kind.is_receivable() {
        (Side::Owed(id), ledger::RECEIVABLE)
    } else {
        (Side::Memo(id), ledger::CREDIT)
    };
    let on = first_day(tx, side, open.abs(), of.on.max(row.invoice_on))?.max(last_day(tx, id)?);
    debt::enter_balance(tx, id, -open)?;
    let to = if worth == 0 { None } else { Some(successor(tx, of, &row, (open, worth))?) };
    let (from, account) = ((Some(id), None), row.account);
    let minor = (open, worth);
    Way { of, account, from, to: (to, None), ledger, minor, on }.book(tx)?;
    let Some(to) = to else { return Ok(Some(format!("{} worth nothing", number(&row)))) };
    keep_state(tx, of, id, to)?;
    if then == Then::Apply && worth < 0 {
        use_on_invoice(tx, &row, to, on)?;
    }
    Ok(Some(format!("{}-{}", number(&row), of.rate.to)))
}

fn number(row: &document::DocumentRow) -> &str {
    row.number.as_deref().unwrap_or_default()
}

fn too_large(error: MoneyError) -> StoreError {
    StoreError::Conflict(error.to_string())
}

/// The last day on which something was booked on what is open of a document.
fn last_day(db: &Db<'_>, id: DocumentId) -> Result<NaiveDate, StoreError> {
    let last: Option<NaiveDate> = db.one(
        "SELECT max(entry_on) FROM ledger_entry WHERE document_id = ?1
         AND account IN ('receivable', 'credit')",
        [id.0],
        |r| r.get(0),
    )?;
    Ok(last.unwrap_or(NaiveDate::MIN))
}

/// The document of the new currency: dated and due like the old one, with its share of each tax.
fn successor(
    tx: &Tx<'_>,
    of: &Conversion,
    row: &document::DocumentRow,
    (open, worth): (i64, i64),
) -> Result<DocumentId, StoreError> {
    let before: i64 =
        tx.one("SELECT count(*) FROM carried WHERE document_id = ?1", [row.id.0], |r| r.get(0))?;
    let mut its_number = format!("{}-{}", number(row), of.rate.to);
    if before > 0 {
        its_number = format!("{its_number}-{}", before + 1);
    }
    let text =
        format!("{}: {} {} at {}", number(row), of.rate.from.plain(open), of.rate.from, of.rate);
    let (nets, taxes) = shares(row, &document::taxes(tx, row.id)?, worth)?;
    let lines: Vec<open_item::Line<'_>> = nets
        .iter()
        .map(|(code, net)| open_item::Line { text: &text, net_minor: *net, tax_code: code })
        .collect();
    let item = NewOpenItem {
        number: &its_number,
        account: row.account,
        currency: of.rate.to,
        kind: row.kind,
        date: row.invoice_on,
        due_on: row.due_on,
        total_minor: worth,
        tax_minor: worth - nets.iter().map(|(_, net)| net).sum::<i64>(),
        balance_minor: worth,
        tax: None,
    };
    let frozen = row.frozen.as_ref().map_or("{}", Json::text);
    open_item::put(tx, &item, &lines, &taxes, (row.account_version, frozen))
}

/// Net by tax code, and the tax rows.
type Shares = (Vec<(String, i64)>, Vec<DocumentTax>);

/// What is worth `worth` as net by tax code and as tax rows, in the shares of the old document. Where
/// its parts have different signs only the tax as a whole is known.
fn shares(
    row: &document::DocumentRow,
    taxes: &[DocumentTax],
    worth: i64,
) -> Result<Shares, StoreError> {
    let untaxed = row.subtotal_minor - taxes.iter().map(|t| t.base_minor).sum::<i64>();
    let parts = || {
        let of_rows = taxes.iter().flat_map(|t| [t.base_minor, t.tax_minor]);
        [untaxed].into_iter().chain(of_rows)
    };
    if row.total_minor == 0 || parts().any(|p| p.signum() * row.total_minor.signum() < 0) {
        let shares = in_shares(worth, &[row.subtotal_minor, row.tax_minor], row.total_minor)?;
        let net = shares.first().copied().unwrap_or(worth);
        return Ok((vec![(String::new(), net)], Vec::new()));
    }
    let given = in_shares(worth, &parts().collect::<Vec<_>>(), row.total_minor)?;
    let mut nets = vec![(String::new(), given.first().copied().unwrap_or(0))];
    let mut rows = Vec::with_capacity(taxes.len());
    for (tax, pair) in taxes.iter().zip(given.get(1..).unwrap_or_default().chunks(2)) {
        let [base_minor, tax_minor] = *pair else { continue };
        nets.push((tax.tax_code.clone(), base_minor));
        rows.push(DocumentTax {
            base_minor,
            tax_minor,
            inclusive: false,
            rounding: None,
            ..tax.clone()
        });
    }
    nets.retain(|(code, net)| *net != 0 || !code.is_empty());
    Ok((nets, rows))
}

/// `worth` in the shares that `parts` have of `total`, each rounded half up; what is missing then is the
/// largest one's.
fn in_shares(worth: i64, parts: &[i64], total: i64) -> Result<Vec<i64>, StoreError> {
    let one = |part: &i64| -> Result<i64, StoreError> {
        let (over, under) = (part.unsigned_abs() as i64, total.unsigned_abs() as i64);
        let given = share(worth, over, under).map_err(too_large)?;
        Ok(if part.signum() * total.signum() < 0 { -given } else { given })
    };
    let mut given: Vec<i64> = if total == 0 {
        vec![0; parts.len()]
    } else {
        parts.iter().map(one).collect::<Result<_, _>>()?
    };
    let missing = worth - given.iter().sum::<i64>();
    if let Some(most) = given.iter_mut().max_by_key(|g| g.abs()) {
        *most += missing;
    }
    Ok(given)
}

/// What a person or the day said of the old document holds for the new one: dispute, promise, auto-pay,
/// the reminders it had. Its failed payments do not: they were of another amount.
fn keep_state(
    tx: &Tx<'_>,
    of: &Conversion,
    old: DocumentId,
    new: DocumentId,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE document_state SET (auto_pay_off, disputed, reminder_level, reminded_at,
         reopened_on) =
         (SELECT auto_pay_off, disputed, reminder_level, reminded_at, reopened_on
         FROM document_state
          WHERE document_id = ?1) WHERE document_id = ?2",
        (old.0, new.0),
    )?;
    let owed = debt::get(tx, new)?.balance_minor;
    if let Some(open) = dispute::of(tx, old)?.into_iter().find(|d| d.state == DisputeState::Open) {
        let minor = of.rate.convert(open.amount.minor).map_err(too_large)?;
        dispute::carry(tx, old, new, minor.clamp(1, owed.max(1)))?;
    }
    if let Some(plan) = instalment::open_of(tx, old)? {
        let text =
            "its invoices were carried over into another currency: agree the instalments anew";
        let last = plan.instalments.last().map(|one| one.due_on);
        instalment::end(tx, plan.id, PlanState::Ended, text)?;
        let (key, number) = (format!("plan {}", plan.id), &plan.account_number);
        notice::task(tx, &key, number, &format!("{number}: {} ended, {text}", plan.id))?;
        // Until then nobody is charged earlier than it was agreed.
        for (document, .., open) in plan.documents.iter().filter(|(.., open)| *open > 0) {
            if let (Some(on), true) = (last, *document != old) {
                debt::promise(tx, &debt::get(tx, *document)?, *open, on)?;
            }
        }
        if let Some(on) = last {
            debt::promise(tx, &debt::get(tx, new)?, owed, on)?;
        }
    }
    debt::set_retry(tx, old, None, false)?;
    if let Some((minor, on)) = debt::promised(tx, old)? {
        debt::withdraw_promise(tx, old)?;
        let minor = of.rate.convert(minor).map_err(too_large)?;
        debt::promise(tx, &debt::get(tx, new)?, minor, on)?;
    }
    Ok(())
}

/// Uses a carried credit on what the invoice became that it corrects.
fn use_on_invoice(
    tx: &Tx<'_>,
    memo: &document::DocumentRow,
    credit: DocumentId,
    on: NaiveDate,
) -> Result<(), StoreError> {
    let Some(invoice) = memo.corrects else { return Ok(()) };
    let owed: Vec<(i64, i64)> = tx.all(
        "SELECT c.to_document_id, s.balance_minor FROM carried c
         JOIN document_state s ON s.document_id = c.to_document_id
         WHERE c.document_id = ?1 AND s.balance_minor > 0
           AND NOT EXISTS (SELECT 1 FROM allocation l WHERE l.document_id = s.document_id
             AND l.state = 'live')
         ORDER BY c.id",
        [invoice.0],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    let mut left = -debt::get(tx, credit)?.balance_minor;
    for (document, balance) in owed {
        let part = left.min(balance);
        if part > 0 {
            credit::apply(tx, credit, DocumentId(document), part, on)?;
            left -= part;
        }
    }
    Ok(())
}

/// Carries what is unapplied of a payment over; gives it in words, nothing where there is none. What it
/// becomes is no gateway's: whatever goes back of it is paid out in its own currency.
pub(super) fn money(
    tx: &Tx<'_>,
    of: &Conversion,
    id: PaymentId,
) -> Result<Option<String>, StoreError> {
    let from = payment::get(tx, id)?;
    // What a refund is about to take is not carried over before it is known whether it goes.
    let on_its_way: i64 = tx.one(
        "SELECT coalesce(sum(amount_minor), 0) FROM payment_event
             WHERE payment_id = ?1 AND kind = 'refund' AND status IN ('Processing','Unknown')",
        [id.0],
        |r| r.get(0),
    )?;
    let left = from.unapplied_minor - on_its_way;
    if left <= 0 {
        return Ok(None);
    }
    let worth = of.rate.convert(left).map_err(too_large)?;
    let on = from.received_on.map_or(of.on, |came| came.max(of.on));
    let on = first_day(tx, Side::Money(id), left, on)?;
    payment::add_moved(tx, id, left)?;
    let to = if worth == 0 { None } else { Some(put_money(tx, &from, of, worth, on)?) };
    let (minor, account) = ((-left, -worth), from.account);
    let ends = ((None, Some(id)), (None, to));
    Way { of, account, from: ends.0, to: ends.1, ledger: ledger::CREDIT, minor, on }.book(tx)?;
    Ok(Some(to.map_or_else(|| format!("{id} worth nothing"), |to| format!("{id} as {to}"))))
}

fn put_money(
    tx: &Tx<'_>,
    from: &PaymentRow,
    of: &Conversion,
    worth: i64,
    on: NaiveDate,
) -> Result<PaymentId, StoreError> {
    let before: i64 =
        tx.one("SELECT count(*) FROM carried WHERE payment_id = ?1", [from.id.0], |r| r.get(0))?;
    payment::put(
        tx,
        &NewPayment {
            account: from.account,
            run: None,
            method: None,
            gateway: "outside".to_owned(),
            amount_minor: worth,
            currency: of.rate.to,
            status: PaymentStatus::Approved,
            key: format!("{}-{}{}", from.key, of.rate.to, before + 1),
            body_hash: String::new(),
            attempt: 1,
            received_on: Some(on),
            reference: format!("{} at {}", from.id, of.rate),
            unapplied_minor: worth,
            gateway_at: None,
            moved_from: Some(from.id),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::in_shares;

    #[test]
    fn a_credit_is_shared_as_the_same_amount_owed_is() {
        for (worth, parts, total, given) in [
            (6084, [0, 10_000, 1900], 11_900, [0, 5113, 971]),
            (1, [0, 10_000, 1900], 11_900, [0, 1, 0]),
            (4346, [2500, 5000, 1000], 8500, [1278, 2557, 511]),
        ] {
            assert_eq!(in_shares(worth, &parts, total).unwrap(), given);
            let credit = in_shares(-worth, &parts.map(|p: i64| -p), -total).unwrap();
            assert_eq!(credit, given.map(|g: i64| -g), "{worth}");
        }
        // Parts of different signs: what is taken off stays taken off.
        assert_eq!(in_shares(100, &[150, -50], 100).unwrap(), [150, -50]);
        assert_eq!(in_shares(-100, &[-150, 50], -100).unwrap(), [-150, 50]);
    }
}
