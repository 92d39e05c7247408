//! Applying posted credits to what is owed, and taking that back.

use crate::domain::actor::Verb;
use crate::domain::document::{DocumentKind, DocumentStatus};
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::{Currency, Money};
use crate::engine::command::Receipt;
use crate::engine::guard::separation::refuse_both_hands;
use crate::engine::on_its_way::{self, Sure};
use crate::engine::post::adjust::apply as apply_one;
use crate::engine::review::picked;
use crate::engine::{Error, Session, collect};
use crate::store::document::{self, DocumentRow};
use crate::store::{Db, account, credit, debt, payment};

/// A posted credit memo.
pub(in crate::engine) fn credit_memo(db: &Db<'_>, id: DocumentId) -> Result<DocumentRow, Error> {
    let row = document::get(db, id)?;
    if row.status != DocumentStatus::Posted || row.kind != DocumentKind::CreditMemo {
        return Err(Error::usage(
            "no_credit",
            format!("{} is no posted credit memo", row.number.as_deref().unwrap_or("it")),
            "daybook memo list",
        ));
    }
    Ok(row)
}

/// Applies a credit memo to a document, or to the account's oldest debts; all of it or this
/// much. Asks where a payment of what is named is on its way; of the account's debts such are
/// left alone until a person is sure.
pub fn apply(
    session: &mut Session,
    credit_id: DocumentId,
    to: Option<DocumentId>,
    amount: Option<Money>,
    sure: Sure,
) -> Result<Receipt, Error> {
    session.write(Verb::Adjust, |tx| {
        let row = credit_memo(tx, credit_id)?;
        refuse_both_hands(tx, row.account)?;
        if let Some(id) = to {
            on_its_way::ask(tx, &[id], on_its_way::EXCESS, sure)?;
        }
        let mut left_alone = String::new();
        let mut targets = Vec::new();
        for target in targets_of(tx, &row, to)? {
            match on_its_way::told(tx, target.document)?.filter(|_| sure == Sure::Ask) {
                Some(live) => left_alone.push_str(&format!("; left alone: {live}")),
                None => targets.push(target),
            }
        }
        let wanted = amount.map(|amount| amount.minor_in(row.currency)).transpose()?;
        let (mut applied, mut words) = (0, Vec::new());
        for target in &targets {
            let left = wanted.map(|a| a - applied);
            if left.is_some_and(|l| l <= 0) {
                break;
            }
            // One named target takes what was asked or refuses; of several each takes what it can.
            let asked = left.map(|l| if to.is_some() { l } else { l.min(target.balance_minor) });
            let part = apply_one(tx, credit_id, target.document, asked)?;
            if part > 0 {
                applied += part;
                words.push(format!("{} on {}", row.currency.grouped(part), target.number));
            }
        }
        let number = row.number.as_deref().unwrap_or_default();
        if applied == 0 {
            return Err(Error::usage(
                "nothing_applied",
                format!("nothing of {number} can be applied{left_alone}"),
                "is anything owed, and anything left of the memo?",
            ));
        }
        let summary = format!("{number} applied: {}{left_alone}", words.join(", "));
        tx.note(number, &summary);
        Ok(Receipt {
            summary,
            done: words.len(),
            totals: row.currency.amount(applied).into(),
            ..Receipt::default()
        })
    })
}

/// The document named, or what the credit's account owes, oldest first.
fn targets_of(
    db: &Db<'_>,
    credit: &DocumentRow,
    to: Option<DocumentId>,
) -> Result<Vec<debt::Debt>, Error> {
    Ok(match to {
        Some(id) => vec![debt::get(db, id)?],
        None => debt::open_of_account(db, credit.account, credit.currency)?,
    })
}

/// Uses an account's credit memos, then its unapplied payments, oldest first, on what it owes in a
/// currency, oldest due first: what a payment run does before it asks the gateway. An invoice whose
/// money is on its way is left alone.
pub fn use_credits(
    session: &mut Session,
    account: AccountId,
    currency: Currency,
) -> Result<Receipt, Error> {
    session.write(Verb::Collect, |tx| {
        let (mut used, mut words) = (0, Vec::new());
        for debt in debt::open_of_account(tx, account, currency)? {
            if payment::on_its_way(tx, debt.document)? {
                continue;
            }
            let part = collect::use_credits(tx, debt.document)?;
            if part > 0 {
                used += part;
                words.push(format!("{} on {}", currency.grouped(part), debt.number));
            }
        }
        let number = account::number(tx, account)?;
        if used == 0 {
            return Err(Error::usage(
                "nothing_applied",
                format!("nothing of {number} can be applied in {currency}"),
                "is anything owed, and anything unapplied?",
            ));
        }
        let summary = format!("{number}: {currency} {}", words.join(", "));
        tx.note(&number, format!("credits used: {summary}"));
        Ok(Receipt {
            summary,
            done: words.len(),
            totals: currency.amount(used).into(),
            ..Receipt::default()
        })
    })
}

/// Takes the applications of a credit memo back: from one document, or all.
pub fn unapply(
    session: &mut Session,
    credit_id: DocumentId,
    from: Option<DocumentId>,
    reason: &str,
) -> Result<Receipt, Error> {
    let why = picked::reason(reason)?;
    session.write(Verb::Adjust, |tx| {
        let row = credit_memo(tx, credit_id)?;
        refuse_both_hands(tx, row.account)?;
        let mut taken = 0;
        let mut done = 0;
        for application in credit::standing(tx, credit_id)? {
            if application.credit != credit_id || from.is_some_and(|f| f != application.document) {
                continue;
            }
            let of = document::get(tx, application.document)?;
            if of.reversed_by.is_some() {
                let number = of.number.unwrap_or_default();
                return Err(Error::usage(
                    "reversal",
                    format!("{number} was reversed or replaced: what settles it stays applied"),
                    "",
                ));
            }
            credit::unapply(tx, application.id, tx.now().today)?;
            taken += application.amount_minor;
            done += 1;
        }
        let number = row.number.as_deref().unwrap_or_default();
        if done == 0 {
            return Err(Error::usage("not_applied", format!("{number} is not applied there"), ""));
        }
        let summary =
            format!("{number}: {} {} no longer applied", row.currency.grouped(taken), row.currency);
        tx.note(number, format!("{summary}: {why}"));
        Ok(Receipt {
            summary,
            done,
            totals: row.currency.amount(taken).into(),
            ..Receipt::default()
        })
    })
}
