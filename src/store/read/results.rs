//! What became of a retry: each invoice that it was asked for, with its outcome and why, and the sums.

use crate::domain::ids::{DocumentId, PaymentId, PaymentRunId};
use crate::domain::money::{Currency, Money, Purse};
use crate::domain::payment::{PaymentRunStatus, PaymentStatus};
use crate::domain::text_enum;
use crate::store::face::Row;
use crate::store::payment_run::{self, ItemState};
use crate::store::{Db, StoreError, word, word_opt};

text_enum! {
    /// What became of one invoice of a retry; what a person has to look at first.
    Outcome {
        Declined = "declined",
        Unknown = "unknown",
        /// Neither asked for nor to be: left out when it was begun, or when its turn came.
        NotTried = "not tried",
        ToGo = "still to go",
        OnItsWay = "on its way",
        AtTheBank = "at the bank",
        /// Nothing was left to ask for.
        Credits = "paid by credits",
        Approved = "approved",
    }
}

/// One invoice of a retry, or what was named and left out at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultRow {
    pub outcome: Outcome,
    /// None: left out when the retry was begun.
    pub document: Option<DocumentId>,
    /// Its number, or what was named.
    pub number: String,
    /// Account number.
    pub account: String,
    /// Customer name.
    pub customer: String,
    /// What was asked for; of what was not asked for what is open.
    pub amount: Option<Money>,
    pub payment: Option<PaymentId>,
    /// In words; empty where the outcome says all.
    pub why: String,
}

/// A retry and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    pub run: PaymentRunId,
    /// Whether it still goes on.
    pub open: bool,
    /// By outcome, in the order of [`Outcome::ALL`]; of each the first ones.
    pub rows: Vec<ResultRow>,
    /// Count and money of each outcome there is, in the same order.
    pub sums: Vec<(Outcome, i64, Purse)>,
}

/// Reads them, at most so many rows of each outcome; counts and money are of all.
pub fn of(db: &Db<'_>, run: PaymentRunId, most: usize) -> Result<Results, StoreError> {
    let status = payment_run::get(db, run)?.status;
    let over = matches!(status, PaymentRunStatus::Completed | PaymentRunStatus::Stopped);
    let skips = payment_run::skips(db, run)?;
    let skips: Vec<String> = skips.into_iter().map(|(reason, _)| reason.told()).collect();
    let left_out = skips.join(", or ");
    let mut all = db.all(
        "SELECT d.id, r.what, r.reason FROM payment_run_refused r \
         LEFT JOIN document d ON d.number = r.what WHERE r.run_id = ?1 ORDER BY r.position",
        [run.0],
        refused,
    )?;
    all.extend(db.all(
        "SELECT i.state, i.document_id, coalesce(d.number, ''), a.number, v.name, d.currency, \
           s.balance_minor, p.id, p.status, l.amount_minor, p.decline_code, p.reply \
         FROM payment_run_item i JOIN document d ON d.id = i.document_id \
         JOIN document_state s ON s.document_id = d.id JOIN account a ON a.id = i.account_id \
         JOIN account_version v ON v.id = d.account_version_id \
         LEFT JOIN allocation l ON l.id = (SELECT max(x.id) FROM allocation x \
           JOIN payment q ON q.id = x.payment_id \
           WHERE x.document_id = i.document_id AND q.run_id = i.run_id) \
         LEFT JOIN payment p ON p.id = l.payment_id WHERE i.run_id = ?1 ORDER BY i.position",
        [run.0],
        |r| tried(r, over, &left_out),
    )?);
    let (mut rows, mut sums) = (Vec::new(), Vec::new());
    for outcome in Outcome::ALL {
        let of: Vec<&ResultRow> = all.iter().filter(|row| row.outcome == *outcome).collect();
        if !of.is_empty() {
            let money = Purse::of(of.iter().filter_map(|row| row.amount))?;
            sums.push((*outcome, of.len() as i64, money));
            rows.extend(of.into_iter().take(most).cloned());
        }
    }
    Ok(Results { run, open: !over, rows, sums })
}

fn refused(r: &Row<'_>) -> Result<ResultRow, StoreError> {
    Ok(ResultRow {
        outcome: Outcome::NotTried,
        document: r.get::<Option<i64>>(0)?.map(DocumentId),
        number: r.get(1)?,
        account: String::new(),
        customer: String::new(),
        amount: None,
        payment: None,
        why: r.get(2)?,
    })
}

fn tried(r: &Row<'_>, over: bool, left_out: &str) -> Result<ResultRow, StoreError> {
    let currency: Currency = word(r, 5, Currency::parse)?;
    let (open, asked): (i64, Option<i64>) = (r.get(6)?, r.get(9)?);
    let status = word_opt(r, 8, PaymentStatus::parse)?;
    let untried = if over { Outcome::NotTried } else { Outcome::ToGo };
    let outcome = match (status, word(r, 0, ItemState::parse)?) {
        (Some(PaymentStatus::Approved), _) => Outcome::Approved,
        (Some(PaymentStatus::Declined), _) => Outcome::Declined,
        (Some(PaymentStatus::Unknown), _) => Outcome::Unknown,
        (Some(PaymentStatus::Submitted), _) => Outcome::AtTheBank,
        (Some(PaymentStatus::Processing), _) => Outcome::OnItsWay,
        (Some(PaymentStatus::Canceled) | None, ItemState::Skipped) => Outcome::NotTried,
        (None, ItemState::Taken) => Outcome::Credits,
        (Some(PaymentStatus::Canceled), ItemState::Taken)
        | (Some(PaymentStatus::Canceled) | None, ItemState::Open) => untried,
    };
    let why = match outcome {
        Outcome::Declined => {
            let code: String = r.get(10)?;
            let reply: String = r.get(11)?;
            format!("{} {reply}", code.replace('_', " ")).trim().to_owned()
        }
        Outcome::Unknown => "i on 5 Failed asks the gateway".to_owned(),
        Outcome::NotTried if left_out.is_empty() => "the run ended before it".to_owned(),
        Outcome::NotTried => left_out.to_owned(),
        Outcome::ToGo
        | Outcome::OnItsWay
        | Outcome::AtTheBank
        | Outcome::Credits
        | Outcome::Approved => String::new(),
    };
    Ok(ResultRow {
        outcome,
        document: Some(DocumentId(r.get(1)?)),
        number: r.get(2)?,
        account: r.get(3)?,
        customer: r.get(4)?,
        amount: Some(currency.amount(asked.unwrap_or(open))),
        payment: r.get::<Option<i64>>(7)?.map(PaymentId),
        why,
    })
}
