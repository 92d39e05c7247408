//! The connection to Stripe, and what its objects say.

use crate::domain::money::Currency;
use crate::gateway::secret::Secret;
use crate::gateway::stripe_http::{Http, UrlError};
use crate::gateway::{Outcome, Seen};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The metadata field that carries our key.
pub(super) const KEY: &str = "daybook_key";

/// The adapter.
#[derive(Debug)]
pub struct Stripe {
    pub(super) http: Http,
    /// Payments that the list of events told of lately.
    pub(super) told: Mutex<Option<Told>>,
}

/// Payments that events tell of: ids by key, and when they were read.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) ids: HashMap<String, String>,
    pub(super) at: Instant,
}

impl Stripe {
    /// An adapter for `base` (see [`API`]) with the account's secret key. Any other host, and
    /// anything but https, is refused; debug builds also accept http on a loopback address.
    pub fn new(base: &str, secret: Secret, timeout: Duration) -> Result<Self, UrlError> {
        Ok(Self { http: Http::new(base, secret, timeout)?, told: Mutex::new(None) })
    }
}

/// `cus_1/pm_2` → (`cus_1`, `pm_2`).
pub(super) fn split_token(token: &str) -> (Option<&str>, &str) {
    token.split_once('/').map_or((None, token), |(customer, method)| (Some(customer), method))
}

/// Stripe's units differ from ISO 4217 in a few currencies
/// (<https://docs.stripe.com/currencies#special-cases>): ISK and UGX have two digits there, MGA
/// none, and amounts with three digits must end in 0.
pub(super) fn stripe_amount(minor: i64, currency: Currency) -> Result<i64, String> {
    let too_fine = || format!("Stripe cannot take {} {}", currency.plain(minor), currency);
    match (currency.code(), currency.digits()) {
        ("ISK" | "UGX", 0) => minor.checked_mul(100).ok_or_else(too_fine),
        ("MGA", 2) if minor % 100 == 0 => Ok(minor / 100),
        ("MGA", 2) => Err(too_fine()),
        (_, 3) if minor % 10 != 0 => Err(too_fine()),
        (_, _) => Ok(minor),
    }
}

/// What an intent or a refund says it is about; none when it does not say it whole.
pub(super) fn seen(object: &Value) -> Option<Seen> {
    let currency = Currency::parse(&object["currency"].as_str()?.to_ascii_uppercase())?;
    // What came in may be less than what was asked for.
    let came = object["amount_received"].as_i64().filter(|_| object["status"] == "succeeded");
    let amount = came.or_else(|| object["amount"].as_i64())?;
    // Not below our smallest unit.
    let amount_minor = Some(from_stripe(amount, currency))
        .filter(|minor| stripe_amount(*minor, currency) == Ok(amount))?;
    Some(Seen {
        reference: clean(object["id"].as_str().unwrap_or_default()),
        key: object["metadata"][KEY].as_str().unwrap_or_default().to_owned(),
        amount_minor,
        currency,
        made_at: object["created"].as_i64().and_then(|s| s.checked_mul(1000)),
    })
}

pub(super) fn moved(object: &Value, outcome: fn(Seen) -> Outcome) -> Outcome {
    let why = || "an answer that does not say how much of what".to_owned();
    seen(object).map_or_else(|| Outcome::Unknown { why: why() }, outcome)
}

pub(super) fn intent_outcome(intent: &Value) -> Outcome {
    match intent["status"].as_str() {
        Some("succeeded") => moved(intent, |seen| Outcome::Approved { seen }),
        Some("processing") => moved(intent, |seen| Outcome::Submitted { seen }),
        Some("requires_action" | "requires_confirmation") => {
            Outcome::declined("authentication_required")
        }
        Some("requires_payment_method" | "canceled") => {
            let error = &intent["last_payment_error"];
            let code = error["decline_code"].as_str().or_else(|| error["code"].as_str());
            Outcome::declined(code.unwrap_or("generic_decline"))
        }
        Some(_) | None => Outcome::Unknown { why: "an answer without a known status".to_owned() },
    }
}

pub(super) fn refund_outcome(refund: &Value) -> Outcome {
    match refund["status"].as_str() {
        Some("succeeded") => moved(refund, |seen| Outcome::Approved { seen }),
        Some("pending" | "requires_action") => moved(refund, |seen| Outcome::Submitted { seen }),
        Some("failed" | "canceled") => {
            Outcome::declined(refund["failure_reason"].as_str().unwrap_or("generic_decline"))
        }
        Some(_) | None => Outcome::Unknown { why: "an answer without a known status".to_owned() },
    }
}

/// The other way round than [`stripe_amount`].
pub(super) fn from_stripe(amount: i64, currency: Currency) -> i64 {
    match (currency.code(), currency.digits()) {
        ("ISK" | "UGX", 0) => amount / 100,
        ("MGA", 2) => amount.saturating_mul(100),
        (_, _) => amount,
    }
}

/// A message of the other side, fit for a screen.
pub(super) fn clean(text: &str) -> String {
    crate::domain::text::said(text, 200)
}
