//! Stripe over HTTP: off-session PaymentIntents, looked up by our key, and refunds.
//!
//! <https://docs.stripe.com/api/payment_intents>, <https://docs.stripe.com/api/idempotent_requests>,
//! <https://docs.stripe.com/api/errors>. A token is `cus_…/pm_…`, or `pm_…` alone.

mod events;
mod find;

use super::secret::Secret;
pub use super::stripe_http::API;
use super::stripe_http::{Answer, Http, UrlError};
use super::{
    Capabilities, ChargeEvent, ChargeRequest, Found, Gateway, LookUp, Outcome, RefundRequest, Seen,
};
use crate::domain::money::Currency;
use crate::domain::payment::MethodKind;
use serde_json::Value;
use std::sync::Mutex;
use std::time::Duration;

/// The metadata field that carries our key.
const KEY: &str = "daybook_key";

/// The adapter.
#[derive(Debug)]
pub struct Stripe {
    http: Http,
    /// Payments that the list of events told of lately.
    told: Mutex<Option<find::Told>>,
}

impl Stripe {
    /// An adapter for `base` (see [`API`]) with the account's secret key. Any other host, and
    /// anything but https, is refused; debug builds also accept http on a loopback address.
    pub fn new(base: &str, secret: Secret, timeout: Duration) -> Result<Self, UrlError> {
        Ok(Self { http: Http::new(base, secret, timeout)?, told: Mutex::new(None) })
    }
}

impl Gateway for Stripe {
    fn charge(&self, request: &ChargeRequest) -> Outcome {
        let amount = match stripe_amount(request.amount_minor, request.currency) {
            Ok(amount) => amount,
            Err(words) => return Outcome::SetUp { code: "amount".to_owned(), words },
        };
        let (customer, method) = split_token(&request.token);
        let mut form = vec![
            ("amount", amount.to_string()),
            ("currency", request.currency.code().to_ascii_lowercase()),
            ("payment_method", method.to_owned()),
            ("payment_method_types[]", method_type(request.kind).to_owned()),
            ("confirm", "true".to_owned()),
            ("off_session", "true".to_owned()),
            ("description", request.description.clone()),
            ("metadata[daybook_key]", request.key.clone()),
            ("metadata[account]", request.customer.clone()),
        ];
        if let Some(customer) = customer {
            form.push(("customer", customer.to_owned()));
        }
        charge_outcome(self.http.post("/v1/payment_intents", &form, &request.key))
    }

    fn look_up(&self, query: &LookUp) -> Found {
        match &query.refund_of {
            Some(charge) => find::refund(self, query, charge),
            None => find::charge(self, query),
        }
    }

    fn refund(&self, request: &RefundRequest) -> Outcome {
        let amount = match stripe_amount(request.amount_minor, request.currency) {
            Ok(amount) => amount,
            Err(words) => return Outcome::SetUp { code: "amount".to_owned(), words },
        };
        let form = vec![
            ("payment_intent", request.reference.clone()),
            ("amount", amount.to_string()),
            ("metadata[daybook_key]", request.key.clone()),
        ];
        match self.http.post("/v1/refunds", &form, &request.key) {
            Answer::Body { status: 200, body } => refund_outcome(&body),
            other => charge_outcome(other),
        }
    }

    fn events(&self, since_ms: i64, _at_ms: i64) -> Result<Vec<ChargeEvent>, String> {
        events::since(self, since_ms)
    }

    fn clock(&self, _at_ms: i64) -> Option<i64> {
        // Any answer tells it, a refusal too.
        self.http.date_ms().or_else(|| {
            self.http.get("/v1/balance", &[]);
            self.http.date_ms()
        })
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "stripe", key_life_ms: 24 * 3_600_000, concurrency: 16, submits: true }
    }
}

/// `cus_1/pm_2` → (`cus_1`, `pm_2`).
fn split_token(token: &str) -> (Option<&str>, &str) {
    token.split_once('/').map_or((None, token), |(customer, method)| (Some(customer), method))
}

fn method_type(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Card => "card",
        MethodKind::Ach => "us_bank_account",
        MethodKind::Sepa => "sepa_debit",
    }
}

/// Stripe's units differ from ISO 4217 in a few currencies
/// (<https://docs.stripe.com/currencies#special-cases>): ISK and UGX have two digits there, MGA
/// none, and amounts with three digits must end in 0.
fn stripe_amount(minor: i64, currency: Currency) -> Result<i64, String> {
    let too_fine = || format!("Stripe cannot take {} {}", currency.plain(minor), currency);
    match (currency.code(), currency.digits()) {
        ("ISK" | "UGX", 0) => minor.checked_mul(100).ok_or_else(too_fine),
        ("MGA", 2) if minor % 100 == 0 => Ok(minor / 100),
        ("MGA", 2) => Err(too_fine()),
        (_, 3) if minor % 10 != 0 => Err(too_fine()),
        (_, _) => Ok(minor),
    }
}

fn charge_outcome(answer: Answer) -> Outcome {
    let (status, body) = match answer {
        Answer::NotSent { why } => return Outcome::Unreachable { why },
        Answer::Lost { why } => return Outcome::Unknown { why },
        Answer::Body { status, body } => (status, body),
    };
    let error = &body["error"];
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    let code = || {
        [text("decline_code"), text("code"), text("type")]
            .into_iter()
            .find(|c| !c.is_empty())
            .unwrap_or_else(|| status.to_string())
    };
    match status {
        200..=299 => intent_outcome(&body),
        402 => Outcome::declined(&code()),
        // The customer's own token is unknown there: their method is at fault, not our set-up.
        400 | 404
            if text("code") == "resource_missing"
                && matches!(text("param").as_str(), "payment_method" | "customer") =>
        {
            Outcome::declined("payment_method_not_available")
        }
        // Something was asked for under this key: what became of it nobody has said.
        400 if text("type") == "idempotency_error" => {
            Outcome::Unknown { why: clean(&text("message")) }
        }
        429 => Outcome::Unreachable { why: "the gateway takes no more requests (429)".to_owned() },
        409 | 500..=599 => Outcome::Unknown { why: format!("HTTP {status}") },
        _ => Outcome::SetUp { code: code(), words: clean(&text("message")) },
    }
}

/// What an intent or a refund says it is about; none when it does not say it whole.
fn seen(object: &Value) -> Option<Seen> {
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

fn moved(object: &Value, outcome: fn(Seen) -> Outcome) -> Outcome {
    let why = || "an answer that does not say how much of what".to_owned();
    seen(object).map_or_else(|| Outcome::Unknown { why: why() }, outcome)
}

fn intent_outcome(intent: &Value) -> Outcome {
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

fn refund_outcome(refund: &Value) -> Outcome {
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
fn from_stripe(amount: i64, currency: Currency) -> i64 {
    match (currency.code(), currency.digits()) {
        ("ISK" | "UGX", 0) => amount / 100,
        ("MGA", 2) => amount.saturating_mul(100),
        (_, _) => amount,
    }
}

/// A message of the other side, fit for a screen.
fn clean(text: &str) -> String {
    crate::domain::text::said(text, 200)
}

#[cfg(test)]
mod tests;
