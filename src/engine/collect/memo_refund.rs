//! What is left of a credit memo is paid out: by transfer, or by the payment that paid its invoice.

use crate::domain::actor::Verb;
use crate::domain::ids::DocumentId;
use crate::domain::money::Money;
use crate::engine::collect::credits;
use crate::engine::command::Receipt;
use crate::engine::guard::four_eyes::{self, Deed};
use crate::engine::guard::separation::refuse_both_hands;
use crate::engine::review::picked::reason as short;
use crate::engine::{Error, Session};
use crate::store::Db;
use crate::store::applied::{self, Side};
use crate::store::deed::{self, DeedKind, NewDeed};
use crate::store::four_eyes::Object;
use chrono::NaiveDate;

/// A payment by transfer as a person wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// None = all that is left.
    pub amount: Option<Money>,
    /// The day of the transfer; none = today.
    pub on: Option<NaiveDate>,
    pub reason: &'a str,
}

impl Wanted<'_> {
    /// How much of a memo it is and on which day, or why it cannot be.
    pub fn check(
        &self,
        db: &Db<'_>,
        id: DocumentId,
        today: NaiveDate,
    ) -> Result<(i64, NaiveDate), Error> {
        let row = credits::credit_memo(db, id)?;
        let (number, left) = (row.number.clone().unwrap_or_default(), -row.balance_minor);
        let amount = match self.amount {
            Some(amount) => amount.minor_in(row.currency)?,
            None => left,
        };
        if amount <= 0 || amount > left {
            let words = format!("{} are left of {number}", row.currency.amount(left));
            return Err(Error::usage("too_much", words, "daybook memo show"));
        }
        let on = self.on.unwrap_or(today);
        let first = applied::first_day(db, Side::Memo(id), amount, row.invoice_on)?;
        if on < first || on > today {
            return Err(Error::usage(
                "bad_date",
                format!("{number} has that from {first}, and today is {today}"),
                "a day between",
            ));
        }
        Ok((amount, on))
    }
}

/// What a second person must repeat.
pub(in crate::engine) fn with(amount_minor: i64) -> String {
    format!("refund {amount_minor}")
}

/// Pays it out by transfer on a day (none = today), all that is left or this much: a
/// person makes the transfer, the book records it.
pub fn by_transfer(
    session: &mut Session,
    id: DocumentId,
    amount: Option<Money>,
    on: Option<NaiveDate>,
    reason: &str,
) -> Result<Receipt, Error> {
    let why = short(reason)?;
    let wanted = Wanted { amount, on, reason: why };
    four_eyes::write(session, Verb::Refund, |tx, eyes| {
        let row = credits::credit_memo(tx, id)?;
        refuse_both_hands(tx, row.account)?;
        let number = row.number.clone().unwrap_or_default();
        let (amount, on) = wanted.check(tx, id, tx.now().today)?;
        let money = row.currency.amount(amount);
        let second = eyes.on(
            tx,
            &Deed {
                object: Object::Document(id),
                subject: &number,
                what: "refund",
                with: &with(amount),
                money,
                reason: why,
            },
        )?;
        applied::pay_out(tx, id, amount, on, why)?;
        let deed = NewDeed::new(row.account, DeedKind::Refund, amount, row.currency);
        deed::enter(tx, &NewDeed { document: Some(id), ..deed })?;
        let summary = format!("{number}: {money} paid out on {on}");
        tx.note(&number, format!("{summary}: {why}{second}"));
        Ok(Receipt {
            summary,
            done: 1,
            totals: money.into(),
            made: id.to_string(),
            ..Receipt::default()
        })
    })
}
