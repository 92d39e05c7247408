//! What a refund is to be: how much, of which day, and which credit memo goes with it so that the
//! invoice stays paid.

use crate::domain::ids::{DocumentId, PaymentId};
use crate::domain::money::{Money, total};
use crate::domain::payment::PaymentStatus;
use crate::engine::Error;
use crate::engine::guard::four_eyes::Deed;
use crate::engine::post::adjust;
use crate::store::applied;
use crate::store::four_eyes::Object;
use crate::store::payment::{self, EventKind, EventStatus, PaymentRow};
use crate::store::{Db, StoreError, Tx, credit, document};
use chrono::NaiveDate;

/// What keeps the invoices paid whose money is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// Nothing: they are owed again.
    Nothing,
    /// A credit memo of just that much on each.
    NewMemo,
    /// This credit memo, which the customer has.
    Memo(DocumentId),
}

/// A refund as a person wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// None = all that is left.
    pub amount: Option<Money>,
    /// The day it was paid out; none = today. Of a gateway it is today.
    pub on: Option<NaiveDate>,
    /// What keeps the invoices paid.
    pub correction: Correction,
    pub reason: &'a str,
}

impl<'a> Wanted<'a> {
    /// Today, and the invoices are owed again.
    pub fn of(amount: Option<Money>, reason: &'a str) -> Self {
        Self { amount, on: None, correction: Correction::Nothing, reason }
    }

    /// What four eyes look at; `named` is the payment and [`Self::with`].
    pub(in crate::engine) fn deed<'d>(
        &'d self,
        payment: &PaymentRow,
        amount_minor: i64,
        named: (&'d str, &'d str),
    ) -> Deed<'d> {
        Deed {
            object: Object::Payment(payment.id),
            subject: named.0,
            what: self.what(),
            with: named.1,
            money: payment.currency.amount(self.deed_minor(payment, amount_minor)),
            reason: self.reason,
        }
    }

    /// What four eyes call it.
    fn what(&self) -> &'static str {
        match self.correction {
            Correction::Nothing | Correction::Memo(_) => "refund",
            Correction::NewMemo => "refund and memo",
        }
    }

    /// What a second person must repeat.
    pub(in crate::engine) fn with(&self, amount_minor: i64) -> String {
        match self.correction {
            Correction::Nothing => amount_minor.to_string(),
            Correction::NewMemo => format!("{amount_minor} with memo"),
            Correction::Memo(id) => format!("{amount_minor} of {id}"),
        }
    }

    /// What of the money comes off invoices by a correction, minor units.
    fn corrected_minor(&self, payment: &PaymentRow, amount_minor: i64) -> i64 {
        match self.correction {
            Correction::Nothing => 0,
            Correction::NewMemo => (amount_minor - payment.unapplied_minor).max(0),
            Correction::Memo(_) => amount_minor,
        }
    }

    /// What counts against the limit of four eyes: the refund, and the memo made with it.
    fn deed_minor(&self, payment: &PaymentRow, amount_minor: i64) -> i64 {
        match self.correction {
            Correction::NewMemo => amount_minor + self.corrected_minor(payment, amount_minor),
            Correction::Nothing | Correction::Memo(_) => amount_minor,
        }
    }

    /// How much it is and on which day, or why it cannot be.
    pub(in crate::engine) fn check(
        &self,
        db: &Db<'_>,
        payment: &PaymentRow,
        today: NaiveDate,
    ) -> Result<(i64, NaiveDate), Error> {
        let left = left(db, payment)?;
        let amount = match self.amount {
            Some(amount) => amount.minor_in(payment.currency)?,
            None => left,
        };
        approved(payment)?;
        within(payment, amount, left, "refunded")?;
        if let Correction::Memo(memo) = self.correction {
            let row = document::get(db, memo)?;
            if (row.account, row.currency) != (payment.account, payment.currency) {
                let words = format!("{} is of another account or currency", payment.id);
                return Err(Error::usage("other_account", words, ""));
            }
            let applied = payment.here_minor() - payment.unapplied_minor;
            within(payment, amount, applied.min(-row.balance_minor), "refunded for the memo")?;
        }
        let on = self.on.unwrap_or(today);
        if payment.method.is_some() && on != today {
            return Err(Error::usage(
                "bad_date",
                format!("{} gives the money back today, {today}", payment.gateway),
                "leave --date out",
            ));
        }
        // A memo takes its place on the invoices first.
        let goes = match self.correction {
            Correction::Memo(_) => 0,
            Correction::Nothing | Correction::NewMemo => amount,
        };
        between(payment, "refund", on, earliest(db, payment, goes, today)?, today)?;
        Ok((amount, on))
    }

    /// Puts the memo in the money's place on the invoices, the last one paid first: what is refunded
    /// then is unapplied. Says so in words.
    pub(super) fn correct(
        &self,
        tx: &Tx<'_>,
        payment: &PaymentRow,
        amount_minor: i64,
        on: NaiveDate,
    ) -> Result<String, Error> {
        let (mut left, mut words) = (self.corrected_minor(payment, amount_minor), String::new());
        for allocation in payment::allocations(tx, payment.id)?.into_iter().rev() {
            let (document, most) = (allocation.document, Some(left));
            if left == 0 {
                break;
            }
            let part = applied::unapply(tx, payment, document, most, on)?;
            if part == 0 {
                continue;
            }
            left -= part;
            let number = match self.correction {
                Correction::NewMemo => adjust::credit_part(tx, document, part, self.reason)?,
                Correction::Memo(memo) => {
                    credit::apply(tx, memo, document, part, on)?;
                    document::get(tx, memo)?.number.unwrap_or_default()
                }
                Correction::Nothing => String::new(),
            };
            words.push_str(&format!("; {number} in its place on {}", allocation.number));
        }
        Ok(words)
    }
}

/// Refuses what is not approved.
pub(super) fn approved(payment: &PaymentRow) -> Result<(), Error> {
    if payment.status == PaymentStatus::Approved {
        return Ok(());
    }
    Err(Error::usage(
        "wrong_state",
        format!("{} is {}: only approved payments can be refunded", payment.id, payment.status),
        "",
    ))
}

/// Refuses what is nothing, or more than there is.
pub(super) fn within(
    payment: &PaymentRow,
    amount_minor: i64,
    left_minor: i64,
    done: &str,
) -> Result<(), Error> {
    if amount_minor > 0 && amount_minor <= left_minor {
        return Ok(());
    }
    let moved = if payment.moved_minor > 0 {
        "a part of it was moved to another account: it goes back from there"
    } else {
        ""
    };
    Err(Error::usage(
        "too_much",
        format!(
            "{} cannot be {done}: {} {} of {} are left",
            payment.currency.plain(amount_minor),
            payment.currency.plain(left_minor.max(0)),
            payment.currency,
            payment.id
        ),
        moved,
    ))
}

/// Refuses a day before the money was there, or after today.
pub(super) fn between(
    payment: &PaymentRow,
    what: &str,
    on: NaiveDate,
    first: NaiveDate,
    today: NaiveDate,
) -> Result<(), Error> {
    if first <= on && on <= today {
        return Ok(());
    }
    Err(Error::usage(
        "bad_date",
        format!("{what} on {on}: {} is there from {first}, and today is {today}", payment.id),
        "a day from the payment's to today",
    ))
}

/// The first day on which so much (minor units) of a payment can go back.
pub(in crate::engine) fn earliest(
    db: &Db<'_>,
    payment: &PaymentRow,
    amount_minor: i64,
    today: NaiveDate,
) -> Result<NaiveDate, StoreError> {
    let came = payment.received_on.unwrap_or(today);
    // What had gone and came again was not there in between.
    let came = applied::last_came(db, payment.id)?.map_or(came, |again| again.max(came));
    applied::goes_back_from(db, payment, amount_minor, came)
}

/// What of a payment is neither back nor moved away nor on its way back.
pub(in crate::engine) fn left(db: &Db<'_>, payment: &PaymentRow) -> Result<i64, StoreError> {
    Ok(payment.here_minor() - pending(db, payment.id)?)
}

/// What of a payment is on its way back: refunds that nobody has answered for, minor units.
pub(super) fn pending(db: &Db<'_>, id: PaymentId) -> Result<i64, StoreError> {
    let events = payment::events(db, id)?;
    let open = events
        .iter()
        .filter(|e| e.kind == EventKind::Refund)
        .filter(|e| matches!(e.status, EventStatus::Processing | EventStatus::Unknown));
    Ok(total(open.map(|e| e.amount_minor))?)
}
