//! Looking for what became of a key: in the customer's payments, in the search, and in the list of
//! what happened. None of them is bounded by a time of ours, and each may lag, filter or forget: what
//! is found counts, what is not found proves nothing.
//!
//! <https://docs.stripe.com/api/payment_intents/list>, <https://docs.stripe.com/search>,
//! <https://docs.stripe.com/api/events/list> (30 days).

use super::super::stripe_http::Answer;
use super::super::{Found, LookUp, Outcome};
use super::client::{KEY, Stripe, Told, intent_outcome, refund_outcome, split_token};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Pages of a hundred in one look: a customer has a handful of payments a month.
const PAGES: usize = 10;
/// How long a read list of events serves other look-ups.
const TOLD_COUNTS: Duration = Duration::from_secs(30);

/// One way to look: the objects it shows of a key, or why it could not be asked.
type Look = fn(&Stripe, &LookUp) -> Result<Vec<Value>, String>;

/// The charge with a key.
pub(super) fn charge(stripe: &Stripe, query: &LookUp) -> Found {
    let (mut asked, mut failed) = (false, String::new());
    let looks: [Look; 3] = [listed, searched, told];
    for look in looks {
        match look(stripe, query).map(|hits| best(&hits, intent_outcome)) {
            Ok(Some(found)) => return found,
            Ok(None) => asked = true,
            Err(why) => failed = why,
        }
    }
    if asked { Found::Nothing } else { Found::Failed { why: failed } }
}

/// The refund with a key.
pub(super) fn refund(stripe: &Stripe, query: &LookUp, charge: &str) -> Found {
    let pairs = [("payment_intent", charge.to_owned()), ("limit", "100".to_owned())];
    match of_key(stripe, "/v1/refunds", &pairs, &query.key) {
        Ok(hits) => best(&hits, refund_outcome).unwrap_or(Found::Nothing),
        Err(why) => Found::Failed { why },
    }
}

/// What several objects of one key come to: money that moved comes before what was refused.
fn best(hits: &[Value], read: fn(&Value) -> Outcome) -> Option<Found> {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Approved { .. } => 0,
        Outcome::Submitted { .. } => 1,
        Outcome::Unknown { .. } | Outcome::Unreachable { .. } | Outcome::SetUp { .. } => 2,
        Outcome::Declined { .. } => 3,
    };
    let outcome = hits.iter().map(read).min_by_key(rank)?;
    Some(match outcome {
        Outcome::Unknown { why } | Outcome::Unreachable { why } => Found::Failed { why },
        other => Found::Is(other),
    })
}

/// Among the customer's payments: up to date at once, but a token may name no customer.
fn listed(stripe: &Stripe, query: &LookUp) -> Result<Vec<Value>, String> {
    let (Some(customer), _) = split_token(&query.token) else {
        return Err("the token names no customer".to_owned());
    };
    let pairs = [("customer", customer.to_owned()), ("limit", "100".to_owned())];
    of_key(stripe, "/v1/payment_intents", &pairs, &query.key)
}

/// In the search, which lags by a minute or more and sees other customers too.
fn searched(stripe: &Stripe, query: &LookUp) -> Result<Vec<Value>, String> {
    let words = format!("metadata['{KEY}']:'{}'", query.key.replace(['\'', '\\'], ""));
    let pairs = [("query", words), ("limit", "100".to_owned())];
    let (page, _) = page(stripe, "/v1/payment_intents/search", &pairs)?;
    Ok(page.into_iter().filter(|o| carries(o, &query.key)).collect())
}

/// By what happened: an event names the payment, which is then asked for itself, as it is now.
fn told(stripe: &Stripe, query: &LookUp) -> Result<Vec<Value>, String> {
    let Some(id) = told_id(stripe, &query.key)? else { return Ok(Vec::new()) };
    match stripe.http.get(&format!("/v1/payment_intents/{id}"), &[]) {
        Answer::Body { status: 200, body } => {
            Ok(Some(body).filter(|o| carries(o, &query.key)).into_iter().collect())
        }
        Answer::Body { status, .. } => Err(format!("{id} was answered with {status}")),
        Answer::NotSent { why } | Answer::Lost { why } => Err(why),
    }
}

fn told_id(stripe: &Stripe, key: &str) -> Result<Option<String>, String> {
    // One reader at a time: the others wait for its list.
    let mut told = stripe.told.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = told.as_ref().filter(|t| t.at.elapsed() < TOLD_COUNTS);
    if let Some(told) = fresh {
        return Ok(told.ids.get(key).cloned());
    }
    let mut pairs = vec![("limit", "100".to_owned())];
    for kind in ["succeeded", "processing", "payment_failed", "canceled", "requires_action"] {
        pairs.push(("types[]", format!("payment_intent.{kind}")));
    }
    let mut ids = HashMap::new();
    walk(stripe, "/v1/events", &pairs, |event| {
        let intent = &event["data"]["object"];
        let id = intent["id"].as_str().filter(|id| is_id(id));
        if let (Some(key), Some(id)) = (intent["metadata"][KEY].as_str(), id) {
            ids.insert(key.to_owned(), id.to_owned());
        }
    })?;
    let id = ids.get(key).cloned();
    *told = Some(Told { ids, at: Instant::now() });
    Ok(id)
}

/// Whether it is a name that may stand in an address.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The objects of a list that carry a key.
fn of_key(
    stripe: &Stripe,
    path: &str,
    pairs: &[(&'static str, String)],
    key: &str,
) -> Result<Vec<Value>, String> {
    let mut hits = Vec::new();
    walk(stripe, path, pairs, |object| {
        if carries(&object, key) {
            hits.push(object);
        }
    })?;
    Ok(hits)
}

fn carries(object: &Value, key: &str) -> bool {
    object["metadata"][KEY] == key
}

/// Goes through a list, newest first, up to [`PAGES`].
fn walk(
    stripe: &Stripe,
    path: &str,
    pairs: &[(&'static str, String)],
    mut each: impl FnMut(Value),
) -> Result<(), String> {
    let mut pairs = pairs.to_vec();
    let fixed = pairs.len();
    for _ in 0..PAGES {
        let (objects, more) = page(stripe, path, &pairs)?;
        let last = objects.last().and_then(|o| o["id"].as_str()).map(str::to_owned);
        objects.into_iter().for_each(&mut each);
        let (true, Some(last)) = (more, last) else { return Ok(()) };
        pairs.truncate(fixed);
        pairs.push(("starting_after", last));
    }
    Ok(())
}

/// One page, and whether there are more.
fn page(
    stripe: &Stripe,
    path: &str,
    pairs: &[(&'static str, String)],
) -> Result<(Vec<Value>, bool), String> {
    match stripe.http.get(path, pairs) {
        Answer::Body { status: 200, mut body } => match body["data"].take() {
            Value::Array(page) => Ok((page, body["has_more"] == true)),
            _ => Err("the look-up's answer has no list".to_owned()),
        },
        Answer::Body { status, .. } => Err(format!("the look-up was answered with {status}")),
        Answer::NotSent { why } | Answer::Lost { why } => Err(why),
    }
}
