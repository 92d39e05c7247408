//! What Stripe says of charges after their answer, from its lists of refunds and disputes.
//!
//! Lists of the objects, not of events: an event is kept for 30 days and written in the version of
//! the API it arose in, and refunds have events of their own only since 2024-10-28, while the objects
//! come as they are now, in our version. One list each a poll, however many payments there are:
//! <https://docs.stripe.com/api/refunds/list>, <https://docs.stripe.com/api/disputes/list>,
//! <https://docs.stripe.com/api/events/list>,
//! <https://docs.stripe.com/changelog/acacia/2024-10-28/refund-webhook-update>.
//!
//! A bank debit that comes back after it succeeded is a dispute too
//! (<https://docs.stripe.com/payments/ach-direct-debit>, <https://docs.stripe.com/payments/sepa-debit>).

use super::super::stripe_http::Answer;
use super::super::{ChargeEvent, Moved};
use super::client::{KEY, Stripe, clean, from_stripe};
use crate::domain::money::Currency;
use serde_json::Value;

const DAY_MS: i64 = 24 * 3_600_000;
/// A refund may still fail up to 30 days later
/// (<https://docs.stripe.com/refunds#failed-refunds>); then it is seen again.
const REFUND_CHANGES_MS: i64 = 35 * DAY_MS;
/// A dispute is decided within two or three months
/// (<https://docs.stripe.com/disputes/how-disputes-work>); then it is seen again.
const DISPUTE_CHANGES_MS: i64 = 180 * DAY_MS;
/// Pages of a hundred in one list: far beyond what a book refunds in a month.
const PAGES: usize = 500;

/// Everything since a moment, by day of its happening.
pub(super) fn since(stripe: &Stripe, since_ms: i64) -> Result<Vec<ChargeEvent>, String> {
    let mut found = Vec::new();
    for refund in list(stripe, "/v1/refunds", since_ms - REFUND_CHANGES_MS)? {
        found.extend(of_refund(&refund));
    }
    for dispute in list(stripe, "/v1/disputes", since_ms - DISPUTE_CHANGES_MS)? {
        found.extend(of_dispute(&dispute));
    }
    found.sort_by_key(|e| e.at_ms);
    Ok(found)
}

/// A whole list, page by page; half a list is none.
fn list(stripe: &Stripe, path: &str, since_ms: i64) -> Result<Vec<Value>, String> {
    let mut all: Vec<Value> = Vec::new();
    let mut pairs = vec![
        ("created[gte]", (since_ms / 1000).max(0).to_string()),
        ("limit", "100".to_owned()),
        // The intent carries our key.
        ("expand[]", "data.payment_intent".to_owned()),
    ];
    for _ in 0..PAGES {
        let mut body = match stripe.http.get(path, &pairs) {
            Answer::Body { status: 200, body } => body,
            Answer::Body { status, .. } => {
                return Err(format!("{path} was answered with {status}"));
            }
            Answer::NotSent { why } | Answer::Lost { why } => return Err(why),
        };
        let Value::Array(page) = body["data"].take() else {
            return Err(format!("the answer of {path} has no list"));
        };
        all.extend(page);
        let last = all.last().and_then(|o| o["id"].as_str());
        match (body["has_more"].as_bool(), last) {
            (Some(true), Some(last)) => {
                let after = last.to_owned();
                pairs.truncate(3);
                pairs.push(("starting_after", after));
            }
            (Some(_) | None, _) => return Ok(all),
        }
    }
    Err(format!("{path} has more pages than can be right"))
}

/// What is the same of both; none for a charge that no daybook made.
fn event(object: &Value, id: String, kind: Moved) -> Option<ChargeEvent> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let currency = Currency::parse(&text(&object["currency"]).to_ascii_uppercase())?;
    Some(ChargeEvent {
        id,
        charge_key: object["payment_intent"]["metadata"][KEY].as_str()?.to_owned(),
        kind,
        refund_key: object["metadata"][KEY].as_str().map(str::to_owned),
        amount_minor: from_stripe(object["amount"].as_i64()?, currency),
        currency,
        at_ms: object["created"].as_i64()? * 1000,
        code: String::new(),
        words: String::new(),
    })
}

fn of_refund(refund: &Value) -> Option<ChargeEvent> {
    let id = clean(refund["id"].as_str()?);
    let kind = match refund["status"].as_str()? {
        // The money has left our balance; the customer's bank takes days.
        "succeeded" | "pending" | "requires_action" => Moved::Refunded,
        "failed" | "canceled" => Moved::RefundFailed,
        _ => return None,
    };
    let word = if kind == Moved::Refunded { "reason" } else { "failure_reason" };
    let why = refund[word].as_str().unwrap_or("made at the gateway");
    Some(ChargeEvent { words: clean(&why.replace('_', " ")), ..event(refund, id, kind)? })
}

/// A dispute moves money when it withdraws it and when it gives it back: up to two balance
/// transactions (<https://docs.stripe.com/api/disputes/object>). An inquiry has none.
fn of_dispute(dispute: &Value) -> Vec<ChargeEvent> {
    let Some(id) = dispute["id"].as_str().map(clean) else { return Vec::new() };
    let reason = dispute["reason"].as_str().unwrap_or_default();
    let moves = dispute["balance_transactions"].as_array();
    let mut found = Vec::new();
    for (kind, id, sign) in
        [(Moved::TakenBack, id.clone(), -1), (Moved::GivenAgain, format!("{id} given back"), 1)]
    {
        // Their amounts are in the currency of our balance: only which way and when counts.
        let moved = moves
            .into_iter()
            .flatten()
            .find(|m| m["amount"].as_i64().is_some_and(|a| a.signum() == sign));
        if let (Some(moved), Some(event)) = (moved, event(dispute, id, kind)) {
            let at_ms = moved["created"].as_i64().map_or(event.at_ms, |s| s * 1000);
            let words = dispute_words(reason);
            found.push(ChargeEvent {
                at_ms,
                code: clean(reason),
                words,
                refund_key: None,
                ..event
            });
        }
    }
    found
}

/// The reasons of disputes in words, <https://docs.stripe.com/disputes/categories>.
fn dispute_words(reason: &str) -> String {
    match reason {
        "bank_cannot_process" => "the customer's bank could not process it",
        "check_returned" => "the check was returned",
        "credit_not_processed" => "the customer says a credit was promised and not given",
        "customer_initiated" => "the customer had the bank take it back",
        "debit_not_authorized" => "the customer told the bank the debit was not authorised",
        "duplicate" => "the customer says it was charged twice",
        "fraudulent" => "the cardholder says they did not make the payment",
        "general" => "disputed without a reason",
        "incorrect_account_details" => "the account is wrong or not the customer's",
        "insufficient_funds" => "not enough money in the account",
        "noncompliant" => "the bank says it breaks the network's rules",
        "product_not_received" => "the customer says nothing was delivered",
        "product_unacceptable" => "the customer says it was not as described",
        "subscription_canceled" => "the customer says the subscription was canceled",
        "unrecognized" => "the cardholder does not recognise the payment",
        other => return format!("disputed: {}", clean(&other.replace('_', " "))),
    }
    .to_owned()
}
