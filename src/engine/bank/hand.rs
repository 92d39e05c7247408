//! What a person says of a line: whose it is, what it pays, that it is our own; and that it was not so.

use super::book::{self, By, Outcome, Piece};
use crate::domain::actor::Verb;
use crate::domain::bank::rules::{Found, OnTheWay, Ours, Receipt, Verdict};
use crate::domain::bank::statement::Detail;
use crate::domain::bank::{LineState, MatchKind, PayoutState, Rule};
use crate::domain::ids::{DocumentId, LineId};
use crate::domain::money::{Money, total};
use crate::engine::collect::{reallocate, refund, settle};
pub use crate::engine::command::{Own, Target};
use crate::engine::on_its_way::Sure;
use crate::engine::{Error, Session};
use crate::store::applied;
use crate::store::bank::line::{self, LineRow, Standing};
use crate::store::bank::matched::{self, MatchRow, NewMatch};
use crate::store::bank::{self, payout};
use crate::store::ledger;
use crate::store::payment::{self, EventKind};
use crate::store::{Db, Tx, account, debt, settings};
use chrono::NaiveDate;

/// A line's words as they were kept, with another amount.
pub(super) fn detail(row: &LineRow, minor: i64) -> Detail {
    Detail {
        minor,
        charges: 0,
        text: row.text.clone(),
        reference: row.reference.clone(),
        payer: row.payer.clone(),
        iban: row.iban.clone(),
        end_to_end: row.end_to_end.clone(),
        code: row.code.clone(),
    }
}

/// What of a line is nobody's, or as much of it as is asked for, minor units.
pub(super) fn part(row: &LineRow, amount: Option<Money>) -> Result<i64, Error> {
    let left = row.unidentified_minor;
    if left == 0 {
        return Err(Error::usage(
            "nothing_unidentified",
            format!("nothing of {} is unidentified: it is {}", row.id, row.state),
            format!("daybook bank unmatch {} --reason T", row.id),
        ));
    }
    let asked = amount.map(|amount| amount.minor_in(row.currency)).transpose()?;
    let part = asked.map_or(left, |asked| asked * left.signum());
    if part == 0 || part.signum() != left.signum() || part.abs() > left.abs() {
        let plain = row.currency.plain(left);
        return Err(Error::usage(
            "too_much",
            format!("{plain} of {} are unidentified", row.id),
            "",
        ));
    }
    Ok(part)
}

/// Matches a line, or as much of it as is asked for.
pub fn match_to(
    session: &mut Session,
    id: LineId,
    target: &Target,
    amount: Option<Money>,
) -> Result<Outcome, Error> {
    let row = session.read(|db| line::get(db, id))?;
    if let (LineState::Unapplied, Target::Documents(documents)) = (row.state, target) {
        return use_unapplied(session, &row, documents, amount);
    }
    session.write(Verb::OutsidePayment, |tx| {
        let row = line::get(tx, id)?;
        let minor = part(&row, amount)?;
        let verdict = verdict(tx, &row, target, minor)?;
        let outcome = become_one(tx, &row, (&detail(&row, minor), minor), verdict)?;
        tx.note(id, format!("{id}: {} matched by hand", row.currency.amount(minor)));
        Ok(outcome)
    })
}

/// Books a part of what is nobody's as what it is, today.
pub(super) fn become_one(
    tx: &Tx<'_>,
    row: &LineRow,
    (detail, minor): (&Detail, i64),
    verdict: Verdict,
) -> Result<Outcome, Error> {
    let bank = bank::get(tx, row.bank_account)?;
    let piece = Piece {
        line: row.id,
        bank: &bank,
        detail,
        on: today(tx, row),
        value_on: row.value_on,
        from: ledger::UNIDENTIFIED,
        by: By::Person,
        tolerance: settings::load(tx)?.tolerance(row.currency),
    };
    let outcome = book::become_what(tx, &piece, verdict)?;
    let left = total([row.unidentified_minor, -minor])?;
    let first = row.unidentified_minor == row.amount_minor;
    let unapplied = outcome.unapplied != 0 || row.state == LineState::Unapplied;
    let state = match (left, unapplied) {
        (0, true) => LineState::Unapplied,
        (0, false) => LineState::Matched,
        _ => LineState::Part,
    };
    let now = Standing {
        state,
        rule: outcome.rule,
        account: if first { outcome.account } else { row.account.or(outcome.account) },
        unidentified_minor: left,
        why: String::new(),
    };
    line::stand(tx, row.id, &now)?;
    Ok(Outcome { unidentified: left, ..outcome })
}

/// Today, never before the line counts.
fn today(tx: &Tx<'_>, row: &LineRow) -> NaiveDate {
    tx.now().today.max(row.booked_on)
}

/// What a person says that a part of a line is, where it can be that.
pub(super) fn verdict(
    db: &Db<'_>,
    row: &LineRow,
    target: &Target,
    minor: i64,
) -> Result<Verdict, Error> {
    let found = match target {
        Target::Account(account, documents) => {
            money_in(row, minor)?;
            let (number, currency, _) = account::owes(db, *account)?;
            if currency != row.currency {
                let words = format!("{number} is in {currency}, {} in {}", row.id, row.currency);
                return Err(Error::usage("other_currency", words, "its bank gives it back"));
            }
            for document in documents {
                let debt = debt::get(db, *document)?;
                if debt.account != *account || debt.currency != row.currency {
                    let words = format!("{} belongs to another account or currency", debt.number);
                    return Err(Error::usage("other_account", words, ""));
                }
            }
            Found::Money { account: *account, documents: documents.clone() }
        }
        Target::Documents(documents) => {
            let Some(first) = documents.first() else {
                return Err(Error::usage("no_document", "name what it pays", "--to INVOICE"));
            };
            let account = debt::get(db, *first)?.account;
            return verdict(db, row, &Target::Account(account, documents.clone()), minor);
        }
        Target::Payment(id) if minor < 0 => {
            let payment = payment::get(db, *id)?;
            same_currency(row, payment.currency.code())?;
            Found::Return(Ours { id: *id, account: payment.account })
        }
        Target::Payment(id) => {
            let payment = payment::get(db, *id)?;
            let there = matched::of_payment(db, *id)?;
            if there.is_some() || payment.amount_minor != minor || payment.currency != row.currency
            {
                let plain = row.currency.amount(minor);
                let words = format!("{id} is not {plain} that no line of a bank has");
                return Err(Error::usage("other_money", words, "daybook bank propose LINE"));
            }
            let reference = payment.reference.clone();
            Found::Recorded(Receipt { id: *id, account: payment.account, reference })
        }
        Target::Payout(name) => {
            let all = payout::named(db, name)?;
            let fits = all.iter().find(|one| {
                one.state == PayoutState::Booked
                    && one.net_minor == minor
                    && one.currency == row.currency
            });
            let Some(one) = fits else {
                let words = format!("there is no payout {name} of just this on its way");
                return Err(Error::usage("unknown_payout", words, "daybook report gateway"));
            };
            Found::Payout(OnTheWay { id: one.id, name: one.name.clone() })
        }
    };
    Ok(Verdict { rule: Rule::Hand, found })
}

fn money_in(row: &LineRow, minor: i64) -> Result<(), Error> {
    if minor > 0 {
        return Ok(());
    }
    let hint = format!("daybook bank match {} --payment P, or daybook bank own {}", row.id, row.id);
    Err(Error::usage("money_out", format!("{} is money out: it pays nothing", row.id), hint))
}

fn same_currency(row: &LineRow, code: &str) -> Result<(), Error> {
    if row.currency.code() == code {
        return Ok(());
    }
    let words = format!("{} is in {}, not in {code}", row.id, row.currency);
    Err(Error::usage("other_currency", words, ""))
}

/// Uses what a line left unapplied on documents.
fn use_unapplied(
    session: &mut Session,
    row: &LineRow,
    documents: &[DocumentId],
    amount: Option<Money>,
) -> Result<Outcome, Error> {
    let id = session.read(|db| {
        let mut payments = Vec::new();
        for one in matched::of_line(db, row.id)?.iter().filter(|m| m.kind == MatchKind::Payment) {
            payments.extend(one.payment.map(|id| payment::get(db, id)).transpose()?);
        }
        Ok(payments.iter().find(|p| p.unapplied_minor > 0).map(|p| p.id))
    })?;
    let Some(id) = id else {
        return Err(Error::Bug(format!("{} is unapplied without a payment", row.id)));
    };
    let mut applied = Vec::new();
    for document in documents {
        let before = session.read(|db| payment::get(db, id))?.unapplied_minor;
        reallocate::apply(session, id, *document, amount, Sure::Yes)?;
        let after = session.read(|db| payment::get(db, id))?.unapplied_minor;
        applied.push((*document, before - after));
    }
    let left = session.read(|db| payment::get(db, id))?.unapplied_minor;
    Ok(Outcome {
        account: row.account,
        payment: Some(id),
        applied,
        unapplied: left,
        ..Outcome::nothing(row.id, row.rule)
    })
}

/// A line is our own: all of it that is nobody's, which is refused where it is not what was seen.
pub fn own(
    session: &mut Session,
    id: LineId,
    kind: Own,
    seen: Option<Money>,
) -> Result<Outcome, Error> {
    session.write(Verb::OutsidePayment, |tx| {
        let row = line::get(tx, id)?;
        let minor = part(&row, seen)?;
        if minor != row.unidentified_minor {
            let left = row.currency.amount(row.unidentified_minor);
            let words = format!("{left} of {id} are nobody's by now: look at it again");
            return Err(Error::usage("changed", words, ""));
        }
        let (to, kind) = match kind {
            Own::Fee => (ledger::BANK_FEE, MatchKind::Fee),
            Own::Transfer => (ledger::TRANSIT, MatchKind::Transfer),
        };
        let on = today(tx, &row);
        ledger::between(tx, on, ledger::UNIDENTIFIED, to, row.currency.amount(minor))?;
        let new = NewMatch { line: id, kind, amount_minor: minor, on, payment: None, payout: None };
        matched::insert(tx, &new)?;
        let whole = minor == row.amount_minor;
        let now = Standing {
            state: if whole { LineState::Own } else { LineState::Matched },
            rule: if whole { Rule::Own } else { row.rule },
            account: row.account,
            unidentified_minor: 0,
            why: String::new(),
        };
        line::stand(tx, id, &now)?;
        tx.note(id, format!("{id}: {} are our own: {kind}", row.currency.amount(minor)));
        Ok(Outcome::nothing(id, now.rule))
    })
}

/// Takes back what a line was matched to: it is nobody's again, from today.
pub fn unmatch(session: &mut Session, id: LineId, reason: &str) -> Result<Outcome, Error> {
    let why = crate::engine::review::picked::reason(reason)?;
    session.write(Verb::OutsidePayment, |tx| {
        let row = line::get(tx, id)?;
        let all = matched::of_line(tx, id)?;
        if all.is_empty() {
            let words = format!("{id} is matched to nothing");
            return Err(Error::usage("nothing_matched", words, "daybook bank list"));
        }
        let on = today(tx, &row);
        for one in all.iter().rev() {
            let day = take_back(tx, &row, one, on)?;
            matched::undo(tx, one.id, day)?;
        }
        let now = Standing {
            state: LineState::Unidentified,
            rule: Rule::None,
            account: None,
            unidentified_minor: row.amount_minor,
            why: String::new(),
        };
        line::stand(tx, id, &now)?;
        tx.note(
            id,
            format!("{id}: {} nobody's again: {why}", row.currency.amount(row.amount_minor)),
        );
        Ok(Outcome { unidentified: row.amount_minor, ..Outcome::nothing(id, Rule::None) })
    })
}

/// Takes one match back, on a day or the first after it on which that can be: gives that day.
fn take_back(
    tx: &Tx<'_>,
    row: &LineRow,
    one: &MatchRow,
    on: NaiveDate,
) -> Result<NaiveDate, Error> {
    let amount = row.currency.amount(one.amount_minor);
    let back = |from: &str| -> Result<(), Error> {
        Ok(ledger::between(tx, on, from, ledger::UNIDENTIFIED, amount)?)
    };
    match (one.kind, one.payment, one.payout) {
        (MatchKind::Payment, Some(payment), _) => {
            let there = payment::get(tx, payment)?;
            if there.here_minor() != there.amount_minor {
                return Err(Error::usage(
                    "wrong_state",
                    format!("{payment} was given back or moved, in part or whole"),
                    format!("daybook payment show {payment}"),
                ));
            }
            matched::unlearn(tx, &row.iban, there.account)?;
            return Ok(applied::unmatch(tx, payment, on)?);
        }
        (MatchKind::Return, Some(payment), _) => {
            let there = payment::get(tx, payment)?;
            let event = settle::event(&there, EventKind::ChargebackWon, -one.amount_minor, tx);
            refund::win_by(tx, &there, &event, ledger::UNIDENTIFIED)?;
        }
        (MatchKind::Recorded, Some(payment), _) => {
            back(&ledger::cash(&payment::get(tx, payment)?.gateway))?;
        }
        (MatchKind::Payout, _, Some(id)) => {
            back(ledger::TRANSIT)?;
            payout::stand(tx, id, PayoutState::Booked)?;
        }
        (MatchKind::Fee, _, _) => back(ledger::BANK_FEE)?,
        (MatchKind::Transfer, _, _) => back(ledger::TRANSIT)?,
        (MatchKind::Payment | MatchKind::Return | MatchKind::Recorded, None, _)
        | (MatchKind::Payout, _, None) => {
            return Err(Error::Bug(format!("{}: a match of nothing", row.id)));
        }
    }
    Ok(on)
}
