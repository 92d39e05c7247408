//! A line and what it is, booked: money of a customer, a return, a payout, a receipt that was recorded, or
//! nobody's.

use super::day;
use crate::config::{Config, key};
use crate::domain::bank::rules::{Found, OnTheWay, Ours, Receipt, Verdict, spread};
use crate::domain::bank::statement::Detail;
use crate::domain::bank::{LineState, MatchKind, PayoutState, Rule, tokens};
use crate::domain::ids::{AccountId, DocumentId, LineId, PaymentId};
use crate::domain::money::total;
use crate::domain::payment::PaymentStatus;
use crate::engine::Error;
use crate::engine::collect::{outside_payment, refund, settle};
use crate::store::applied::{self, Difference};
use crate::store::bank::line::{self, Standing};
use crate::store::bank::matched::{self, NewMatch};
use crate::store::bank::{BankAccount, payout};
use crate::store::ledger;
use crate::store::payment::{self, EventKind, EventRow, NewPayment};
use crate::store::{Tx, debt};
use chrono::NaiveDate;

/// Whose word it is that a line is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Rule,
    Person,
}

/// A line, or a part of it, that becomes something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'l> {
    pub line: LineId,
    pub bank: &'l BankAccount,
    /// What the line says; its amount is that of the piece.
    pub detail: &'l Detail,
    /// The day on which it counts.
    pub on: NaiveDate,
    /// The day that the bank says.
    pub value_on: NaiveDate,
    /// The ledger account that it comes from: the bank's cash, or what was nobody's.
    pub from: &'l str,
    pub by: By,
    /// Short by no more than this is let off, minor units.
    pub tolerance: i64,
}

/// What became of it; minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub line: LineId,
    pub rule: Rule,
    pub account: Option<AccountId>,
    pub payment: Option<PaymentId>,
    /// What each document was paid.
    pub applied: Vec<(DocumentId, i64)>,
    pub unapplied: i64,
    pub difference: i64,
    pub unidentified: i64,
    /// What a person should know of it; empty = nothing.
    pub why: String,
}

impl Outcome {
    pub(super) fn nothing(line: LineId, rule: Rule) -> Self {
        Self {
            line,
            rule,
            account: None,
            payment: None,
            applied: Vec::new(),
            unapplied: 0,
            difference: 0,
            unidentified: 0,
            why: String::new(),
        }
    }

    /// Where the line stands by it.
    pub(super) fn state(&self, kind: LineState) -> LineState {
        if self.unidentified != 0 {
            LineState::Unidentified
        } else if self.unapplied != 0 {
            LineState::Unapplied
        } else {
            kind
        }
    }
}

/// A line that was just entered: what the bank took beside it, and what it is.
pub(super) fn first(tx: &Tx<'_>, piece: &Piece<'_>, verdict: Verdict) -> Result<Outcome, Error> {
    let (cash, currency) = (piece.bank.cash(), piece.bank.currency);
    let is_return = matches!(verdict.found, Found::Return(_));
    let charges = currency.amount(piece.detail.charges);
    let outcome = tx.attempt(|| become_what(tx, piece, verdict));
    let outcome = match outcome {
        Ok(outcome) => outcome,
        // What cannot be booked as what it looks like is nobody's, and a person is told.
        Err(Error::Usage { message, .. }) => {
            let why = message;
            Outcome { why, ..nobodys(tx, piece, Rule::None)? }
        }
        Err(error) => return Err(error),
    };
    if !(is_return && outcome.rule == Rule::OwnReturn) && charges.minor != 0 {
        ledger::between(tx, piece.on, ledger::BANK_FEE, &cash, charges)?;
    }
    let now = Standing {
        state: outcome.state(LineState::Matched),
        rule: outcome.rule,
        account: outcome.account,
        unidentified_minor: outcome.unidentified,
        why: outcome.why.clone(),
    };
    line::stand(tx, piece.line, &now)?;
    Ok(outcome)
}

/// Books what a piece is.
pub(super) fn become_what(
    tx: &Tx<'_>,
    piece: &Piece<'_>,
    verdict: Verdict,
) -> Result<Outcome, Error> {
    let rule = verdict.rule;
    match verdict.found {
        Found::Money { account, documents } => money(tx, piece, rule, (account, &documents)),
        Found::Return(ours) => came_back(tx, piece, rule, ours),
        Found::Payout(one) => paid_out(tx, piece, rule, &one),
        Found::Recorded(receipt) => recorded(tx, piece, rule, &receipt),
        Found::Nobody => nobodys(tx, piece, rule),
    }
}

/// Nobody's: a liability of its own until a person says whose it is.
fn nobodys(tx: &Tx<'_>, piece: &Piece<'_>, rule: Rule) -> Result<Outcome, Error> {
    let minor = piece.detail.minor;
    if piece.from != ledger::UNIDENTIFIED {
        let amount = piece.bank.currency.amount(minor);
        ledger::between(tx, piece.on, piece.from, ledger::UNIDENTIFIED, amount)?;
    }
    Ok(Outcome { unidentified: minor, ..Outcome::nothing(piece.line, rule) })
}

fn entered(
    tx: &Tx<'_>,
    piece: &Piece<'_>,
    kind: MatchKind,
    (payment, payout): (Option<PaymentId>, Option<i64>),
) -> Result<(), Error> {
    let new = NewMatch {
        line: piece.line,
        kind,
        amount_minor: piece.detail.minor,
        on: piece.on,
        payment,
        payout,
    };
    Ok(matched::insert(tx, &new)?)
}

/// Money of a customer: what it pays, in their order; what they leave is unapplied, never income.
fn money(
    tx: &Tx<'_>,
    piece: &Piece<'_>,
    rule: Rule,
    (account, documents): (AccountId, &[DocumentId]),
) -> Result<Outcome, Error> {
    let amount = piece.bank.currency.amount(piece.detail.minor);
    let reference = reference(piece);
    let why = format!("paid: {reference}");
    let (parts, left) = outside_payment::spread(tx, documents, amount, piece.on, &why)?;
    let new = NewPayment {
        account,
        run: None,
        method: None,
        gateway: ledger::BANK.to_owned(),
        amount_minor: amount.minor,
        currency: amount.currency,
        status: PaymentStatus::Approved,
        key: format!("bank-{}-{}", piece.line, matched::count(tx, piece.line)? + 1),
        body_hash: String::new(),
        attempt: 1,
        received_on: Some(piece.on),
        reference,
        unapplied_minor: left.minor,
        gateway_at: None,
        moved_from: None,
    };
    let id = match piece.by {
        By::Rule => matched::payment(tx, &new)?,
        By::Person => payment::insert(tx, &new)?,
    };
    let receipt =
        applied::Receipt { payment: id, account, ledger: piece.from, amount, on: piece.on };
    applied::receive(tx, &receipt, &parts)?;
    entered(tx, piece, MatchKind::Payment, (Some(id), None))?;
    if rule != Rule::Payer || piece.by == By::Person {
        matched::learn(tx, &piece.detail.iban, account)?;
    }
    let short = match left.minor {
        0 => short_by(tx, documents, amount.minor, piece.tolerance)?,
        _ => 0,
    };
    if let Some(document) = documents.last().filter(|_| short > 0) {
        let taxes = applied::tax_shares(tx, *document, short)?;
        let (document, on) = (*document, piece.on);
        let what = Difference { payment: id, document, amount_minor: short, on, taxes };
        applied::let_off(tx, &payment::get(tx, id)?, &what)?;
    }
    Ok(Outcome {
        account: Some(account),
        payment: Some(id),
        applied: parts.iter().map(|part| (part.document, part.amount.minor)).collect(),
        unapplied: left.minor,
        difference: short,
        ..Outcome::nothing(piece.line, rule)
    })
}

/// By how much the last of the documents is short still, if no more than the tolerance and all before it are
/// paid, minor units.
fn short_by(
    tx: &Tx<'_>,
    documents: &[DocumentId],
    paid: i64,
    tolerance: i64,
) -> Result<i64, Error> {
    let mut rest = Vec::with_capacity(documents.len());
    for document in documents {
        rest.push(debt::get(tx, *document)?.balance_minor.max(0));
    }
    let all = total(rest.iter().copied())?;
    let last = rest.last().copied().unwrap_or(0);
    if tolerance <= 0 || all == 0 || all != last {
        return Ok(0);
    }
    Ok(spread(paid, &[total([paid, all])?], tolerance).difference)
}

/// What the payment is called by: what the bank says of it.
fn reference(piece: &Piece<'_>) -> String {
    let d = piece.detail;
    let all = [&d.reference, &d.text, &d.end_to_end];
    let said = all.into_iter().find(|text| !text.is_empty());
    let said = said.map(|text| crate::domain::text::said(text, 140)).unwrap_or_default();
    if said.is_empty() { piece.line.to_string() } else { said }
}

/// Money out that names our payment: it went back.
fn came_back(tx: &Tx<'_>, piece: &Piece<'_>, rule: Rule, ours: Ours) -> Result<Outcome, Error> {
    let payment = payment::get(tx, ours.id)?;
    let amount = -piece.detail.minor;
    let account = Some(payment.account);
    let done = Outcome { account, payment: Some(ours.id), ..Outcome::nothing(piece.line, rule) };
    if matched::returned_by_hand(tx, ours.id, amount)? {
        // A person said so before: it only leaves by the bank now.
        let cash = ledger::cash(&payment.gateway);
        let money = payment.currency.amount(amount);
        ledger::between(tx, piece.on, &cash, piece.from, money)?;
        entered(tx, piece, MatchKind::Recorded, (Some(ours.id), None))?;
        return Ok(Outcome { rule: Rule::Recorded, ..done });
    }
    let most = refund::takeable(tx, &payment)?;
    if amount > most {
        let (amount, most) = (payment.currency.plain(amount), payment.currency.plain(most));
        return Err(Error::usage(
            "return_above_payment",
            format!("{} came back with {amount}: {most} of it can", ours.id),
            "",
        ));
    }
    let loss_minor = (amount - payment.here_minor()).max(0);
    let earliest = refund::earliest(tx, &payment, amount - loss_minor, tx.now().today)?;
    let meaning = crate::domain::decline::meaning(&piece.detail.code);
    let event_on = piece.on.max(earliest);
    let mut piece = *piece;
    if event_on > piece.on && piece.from != ledger::UNIDENTIFIED {
        // It left the bank before it counts for the customer.
        let (cash, fee) = (piece.from, payment.currency.amount(piece.detail.charges.max(0)));
        let out = payment.currency.amount(amount).plus(fee)?;
        ledger::between(tx, piece.on, ledger::UNIDENTIFIED, cash, out)?;
        piece.from = ledger::UNIDENTIFIED;
    }
    piece.on = event_on;
    let event = EventRow {
        event_on,
        value_on: Some(piece.value_on),
        fee_minor: piece.detail.charges.max(0),
        loss_minor,
        reference: piece.detail.code.clone(),
        reply: meaning.words.clone(),
        ..settle::event(&payment, EventKind::Return, amount, tx)
    };
    refund::take_back_by(tx, &payment, &event, piece.from)?;
    entered(tx, &piece, MatchKind::Return, (Some(ours.id), None))?;
    Ok(done)
}

/// A payout of a gateway is in the bank.
fn paid_out(tx: &Tx<'_>, piece: &Piece<'_>, rule: Rule, one: &OnTheWay) -> Result<Outcome, Error> {
    let amount = piece.bank.currency.amount(piece.detail.minor);
    ledger::between(tx, piece.on, piece.from, ledger::TRANSIT, amount)?;
    payout::stand(tx, one.id, PayoutState::InBank)?;
    entered(tx, piece, MatchKind::Payout, (None, Some(one.id)))?;
    Ok(Outcome::nothing(piece.line, rule))
}

/// What a clerk recorded is this money: it is in the bank now, not outside.
fn recorded(
    tx: &Tx<'_>,
    piece: &Piece<'_>,
    rule: Rule,
    receipt: &Receipt,
) -> Result<Outcome, Error> {
    let payment = payment::get(tx, receipt.id)?;
    let amount = piece.bank.currency.amount(piece.detail.minor);
    ledger::between(tx, piece.on, piece.from, &ledger::cash(&payment.gateway), amount)?;
    entered(tx, piece, MatchKind::Recorded, (Some(receipt.id), None))?;
    Ok(Outcome {
        account: Some(receipt.account),
        payment: Some(receipt.id),
        ..Outcome::nothing(piece.line, rule)
    })
}

/// The day on which a line of this day counts.
pub(super) fn on(tx: &Tx<'_>, value_on: NaiveDate) -> Result<NaiveDate, Error> {
    day::booked(tx, value_on)
}

/// What stands before the digits in numbers of invoices and debit memos.
pub(super) fn prefixes(config: &Config) -> Vec<String> {
    [key::SERIES_INVOICE, key::SERIES_DEBIT_MEMO]
        .iter()
        .map(|of| tokens::key(config.get(of).split('{').next().unwrap_or_default()))
        .filter(|prefix| prefix.chars().all(char::is_alphabetic))
        .collect()
}
