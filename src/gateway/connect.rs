//! Which gateways there are, and one of them by its name.

use super::{
    Capabilities, ChargeEvent, ChargeRequest, Found, Gateway, LookUp, Outcome, RefundRequest, Shut,
    sandbox, secret, stripe,
};
use crate::config::{Config, key};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The gateway of a name, set up by the book's settings. `directory` is beside the book. A gateway
/// that cannot be set up is one that answers every call with why.
pub fn connect(name: &str, config: &Config, directory: &Path) -> Arc<dyn Gateway> {
    match name {
        "sandbox" => {
            let options = sandbox::Options {
                latency: Duration::from_millis(config.int(key::SANDBOX_LATENCY_MS).unsigned_abs()),
                outage: config.is(key::SANDBOX_OUTAGE),
                clock_off_ms: config.int(key::SANDBOX_CLOCK_MINUTES) * 60_000,
                visible_after_ms: config.int(key::SANDBOX_VISIBLE_AFTER_MINUTES) * 60_000,
                ..sandbox::Options::default()
            };
            match sandbox::Sandbox::open(&directory.join("sandbox.jsonl"), options) {
                Ok(sandbox) => Arc::new(sandbox),
                Err(error) => {
                    Arc::new(NotSetUp(Shut::Here(format!("the sandbox ledger: {error}"))))
                }
            }
        }
        "stripe" => match stripe_key(config, directory) {
            Ok(key) => {
                match stripe::Stripe::new(config.get(key::STRIPE_BASE_URL), key, STRIPE_TIMEOUT) {
                    Ok(stripe) => Arc::new(stripe),
                    Err(error) => Arc::new(NotSetUp(Shut::Everywhere(error.to_string()))),
                }
            }
            Err(error) => Arc::new(NotSetUp(error.into())),
        },
        other => Arc::new(NotSetUp(Shut::Everywhere(format!("there is no gateway {other:?}")))),
    }
}

/// The gateways there are.
pub const NAMES: &[&str] = &["sandbox", "stripe"];

/// Why the gateway of a name cannot be used, if it cannot; cheaper than [`connect`].
pub fn probe(name: &str, config: &Config, directory: &Path) -> Option<Shut> {
    match name {
        // A file beside the book: whoever can write the book can write it.
        "sandbox" => None,
        "stripe" => stripe_key(config, directory).err().map(Shut::from),
        other => Some(Shut::Everywhere(format!("there is no gateway {other:?}"))),
    }
}

fn stripe_key(config: &Config, directory: &Path) -> Result<secret::Secret, secret::SecretError> {
    let kind = secret::Kind::Gateway;
    secret::read(kind, config.get(kind.setting()), directory)
}

/// How long a call to Stripe may take: its own libraries wait 80 seconds.
const STRIPE_TIMEOUT: Duration = Duration::from_secs(80);

/// A gateway whose set-up is wrong.
#[derive(Debug)]
struct NotSetUp(Shut);

impl Gateway for NotSetUp {
    fn charge(&self, _request: &ChargeRequest) -> Outcome {
        Outcome::SetUp { code: "setup".to_owned(), words: self.0.why().to_owned() }
    }

    fn look_up(&self, _query: &LookUp) -> Found {
        Found::Failed { why: self.0.why().to_owned() }
    }

    fn refund(&self, _request: &RefundRequest) -> Outcome {
        Outcome::SetUp { code: "setup".to_owned(), words: self.0.why().to_owned() }
    }

    fn events(&self, _since_ms: i64, _at_ms: i64) -> Result<Vec<ChargeEvent>, String> {
        Err(self.0.why().to_owned())
    }

    fn shut(&self) -> Option<Shut> {
        Some(self.0.clone())
    }

    fn clock(&self, _at_ms: i64) -> Option<i64> {
        None
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { name: "none", key_life_ms: 0, concurrency: 1, submits: false }
    }
}
