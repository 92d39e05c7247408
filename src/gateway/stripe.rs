//! Stripe over HTTP: off-session PaymentIntents, looked up by our key, and refunds.
//!
//! <https://docs.stripe.com/api/payment_intents>, <https://docs.stripe.com/api/idempotent_requests>,
//! <https://docs.stripe.com/api/errors>. A token is `cus_…/pm_…`, or `pm_…` alone.

mod client;
mod events;
mod find;

pub use super::stripe_http::API;
use super::stripe_http::Answer;
use super::{
    Capabilities, ChargeEvent, ChargeRequest, Found, Gateway, LookUp, Outcome, RefundRequest,
};
use crate::domain::payment::MethodKind;
pub use client::Stripe;
use client::{clean, intent_outcome, refund_outcome, split_token, stripe_amount};

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

fn method_type(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Card => "card",
        MethodKind::Ach => "us_bank_account",
        MethodKind::Sepa => "sepa_debit",
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

#[cfg(test)]
mod tests;
