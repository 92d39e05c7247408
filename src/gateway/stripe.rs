//! Stripe over HTTP: off-session PaymentIntents, looked up by metadata, and refunds.
//!
//! <https://docs.stripe.com/api/payment_intents>, <https://docs.stripe.com/api/idempotent_requests>,
//! <https://docs.stripe.com/api/errors>. A token is `cus_…/pm_…`, or `pm_…` alone.

mod events;

use super::secret::Secret;
use super::stripe_http::{Answer, Http, UrlError};
use super::{
    Capabilities, ChargeEvent, ChargeRequest, Found, Gateway, LookUp, Outcome, RefundRequest,
};
use crate::domain::money::Currency;
use crate::domain::payment::MethodKind;
use serde_json::Value;
use std::time::Duration;

/// Where Stripe listens.
pub const API: &str = "https://api.stripe.com";

/// The metadata field that carries our key.
const KEY: &str = "daybook_key";

/// The adapter.
#[derive(Debug)]
pub struct Stripe {
    http: Http,
}

impl Stripe {
    /// An adapter for `base` (see [`API`]) with the account's secret key. Any other host, and
    /// anything but https, is refused; debug builds also accept http on a loopback address.
    pub fn new(base: &str, secret: Secret, timeout: Duration) -> Result<Self, UrlError> {
        Ok(Self { http: Http::new(base, secret, timeout)? })
    }

    fn find_refund(&self, query: &LookUp, charge: &str) -> Found {
        let pairs = [("payment_intent", charge.to_owned()), ("limit", "100".to_owned())];
        let answer = self.http.get("/v1/refunds", &pairs);
        self.among(answer, "/v1/refunds", &pairs, query, refund_outcome)
    }

    /// Looks through a list page by page for the object that carries the key.
    fn among(
        &self,
        first: Answer,
        path: &str,
        pairs: &[(&str, String)],
        query: &LookUp,
        read: fn(&Value) -> Outcome,
    ) -> Found {
        let mut answer = first;
        // A customer has a handful of payments within the life of a key; ten pages are a thousand.
        for _ in 0..10 {
            let body = match answer {
                Answer::Body { status: 200, body } => body,
                Answer::Body { status, .. } => {
                    return Found::Failed {
                        why: format!("the look-up was answered with {status}"),
                    };
                }
                Answer::NotSent { why } | Answer::Lost { why } => return Found::Failed { why },
            };
            let Some(list) = body["data"].as_array() else {
                return Found::Failed { why: "the look-up's answer has no list".to_owned() };
            };
            if let Some(hit) = list.iter().find(|o| o["metadata"][KEY] == query.key.as_str()) {
                return match read(hit) {
                    Outcome::Unknown { why } | Outcome::Unreachable { why } => {
                        Found::Failed { why }
                    }
                    outcome => Found::Is(outcome),
                };
            }
            let last = list.last().and_then(|o| o["id"].as_str());
            match (body["has_more"].as_bool(), last) {
                (Some(true), Some(last)) => {
                    let mut next = pairs.to_vec();
                    next.push(("starting_after", last.to_owned()));
                    answer = self.http.get(path, &next);
                }
                (Some(_) | None, _) => return Found::Nothing,
            }
        }
        Found::Failed { why: "too many payments to look through".to_owned() }
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
        if let Some(charge) = &query.refund_of {
            return self.find_refund(query, charge);
        }
        let (customer, _) = split_token(&query.token);
        // A list is up to date at once, a search only after about a minute; it needs a customer.
        if let Some(customer) = customer {
            let since = (query.called_at_ms / 1000 - 3600).max(0);
            let pairs = [
                ("customer", customer.to_owned()),
                ("created[gte]", since.to_string()),
                ("limit", "100".to_owned()),
            ];
            let path = "/v1/payment_intents";
            let first = self.http.get(path, &pairs);
            return self.among(first, path, &pairs, query, intent_outcome);
        }
        let words = format!("metadata['{KEY}']:'{}'", query.key.replace(['\'', '\\'], ""));
        let pairs = [("query", words)];
        let path = "/v1/payment_intents/search";
        let first = self.http.get(path, &pairs);
        self.among(first, path, &pairs, query, intent_outcome)
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

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "stripe",
            visible_after_ms: 2 * 60_000,
            key_life_ms: 24 * 3_600_000,
            concurrency: 16,
            submits: true,
        }
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
        429 => Outcome::Unreachable { why: "the gateway takes no more requests (429)".to_owned() },
        409 | 500..=599 => Outcome::Unknown { why: format!("HTTP {status}") },
        _ => Outcome::SetUp { code: code(), words: clean(&text("message")) },
    }
}

fn intent_outcome(intent: &Value) -> Outcome {
    let reference = clean(intent["id"].as_str().unwrap_or_default());
    match intent["status"].as_str() {
        Some("succeeded") => Outcome::Approved { reference },
        Some("processing") => Outcome::Submitted { reference },
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
    let reference = clean(refund["id"].as_str().unwrap_or_default());
    match refund["status"].as_str() {
        Some("succeeded") => Outcome::Approved { reference },
        Some("pending" | "requires_action") => Outcome::Submitted { reference },
        Some("failed" | "canceled") => {
            Outcome::declined(refund["failure_reason"].as_str().unwrap_or("generic_decline"))
        }
        Some(_) | None => Outcome::Unknown { why: "an answer without a known status".to_owned() },
    }
}

/// A message of the other side, fit for a screen.
fn clean(text: &str) -> String {
    crate::domain::text::said(text, 200)
}

#[cfg(test)]
mod tests;
