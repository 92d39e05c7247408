//! One HTTP exchange with Stripe: what was heard, and whether anything can have been sent.

use super::secret::Secret;
use chrono::DateTime;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use ureq::Timeout;

/// Where Stripe listens.
pub const API: &str = "https://api.stripe.com";

/// The version of the API this adapter was written against.
const VERSION: &str = "2024-06-20";

/// Why a base address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url:?} is not Stripe: the only address allowed is https://api.stripe.com")]
pub struct UrlError {
    /// The address.
    pub url: String,
}

/// What came of an exchange.
#[derive(Debug)]
pub(super) enum Answer {
    /// A whole answer; the body is null when it is not JSON.
    Body { status: u16, body: Value },
    /// No connection came about: nothing was sent.
    NotSent { why: String },
    /// The line dropped, or the answer was cut: it may have arrived.
    Lost { why: String },
}

/// A client bound to one host.
#[derive(Debug)]
pub(super) struct Http {
    agent: ureq::Agent,
    base: String,
    secret: Secret,
    heard: Mutex<Option<Heard>>,
}

/// What the `Date` of an answer said, UTC ms, and when it came on our clock that never goes back.
#[derive(Debug, Clone, Copy)]
struct Heard {
    date_ms: i64,
    at: Instant,
}

impl Http {
    pub(super) fn new(base: &str, secret: Secret, timeout: Duration) -> Result<Self, UrlError> {
        let base = base.trim_end_matches('/');
        if !allowed(base) {
            return Err(UrlError { url: base.to_owned() });
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .https_only(base.starts_with("https://"))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(timeout.min(Duration::from_secs(10))))
            .timeout_global(Some(timeout))
            // No proxy from the environment may come between us and the pinned host.
            .proxy(None)
            .build();
        let heard = Mutex::new(None);
        Ok(Self { agent: config.new_agent(), base: base.to_owned(), secret, heard })
    }

    /// The other side's clock, UTC ms, by the `Date` of an answer of the last minute; none when there
    /// was none.
    pub(super) fn date_ms(&self) -> Option<i64> {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = heard?;
        let since = heard.at.elapsed();
        let ms = i64::try_from(since.as_millis()).ok()?;
        (since < DATE_COUNTS).then_some(heard.date_ms + ms)
    }

    pub(super) fn post(&self, path: &str, form: &[(&str, String)], key: &str) -> Answer {
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("Authorization", format!("Bearer {}", self.secret.expose()))
            .header("Stripe-Version", VERSION)
            .header("Idempotency-Key", key);
        self.read(request.send_form(form.iter().map(|(k, v)| (*k, v.as_str()))))
    }

    pub(super) fn get(&self, path: &str, pairs: &[(&str, String)]) -> Answer {
        let mut request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("Authorization", format!("Bearer {}", self.secret.expose()))
            .header("Stripe-Version", VERSION);
        for (name, value) in pairs {
            request = request.query(name, value);
        }
        self.read(request.call())
    }

    fn read(&self, result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
        if let Some(date_ms) = result.as_ref().ok().and_then(date) {
            let heard = Heard { date_ms, at: Instant::now() };
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
        }
        read(result)
    }
}

/// How long the `Date` of an answer is good for.
const DATE_COUNTS: Duration = Duration::from_secs(60);

/// The `Date` of an answer (<https://www.rfc-editor.org/rfc/rfc9110#name-date>), UTC ms.
fn date(response: &ureq::http::Response<ureq::Body>) -> Option<i64> {
    let text = response.headers().get("date")?.to_str().ok()?;
    DateTime::parse_from_rfc2822(text).ok().map(|at| at.timestamp_millis())
}

/// The one host; in debug builds (tests) also a loopback address, where a fake may listen.
fn allowed(base: &str) -> bool {
    let loopback = base.strip_prefix("http://").is_some_and(|rest| {
        rest.parse::<std::net::SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
    });
    base == API || (cfg!(debug_assertions) && loopback)
}

fn read(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = match result {
        Ok(response) => response,
        Err(error) => return classify(&error),
    };
    let status = response.status().as_u16();
    match response.body_mut().with_config().limit(4 * 1024 * 1024).read_to_string() {
        Ok(text) => match serde_json::from_str(&text) {
            Ok(body) => Answer::Body { status, body },
            // A cut or foreign body says nothing about what was done, whatever its status.
            Err(_) if status < 300 => {
                Answer::Lost { why: format!("an answer ({status}) that is not JSON") }
            }
            Err(_) => Answer::Body { status, body: Value::Null },
        },
        Err(error) => Answer::Lost { why: format!("the answer was cut: {error}") },
    }
}

/// Only what ends before the first byte of the request leaves is certain not to have arrived.
fn classify(error: &ureq::Error) -> Answer {
    use std::io::ErrorKind;
    let why = error.to_string();
    let not_sent = match error {
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::Tls(_)
        | ureq::Error::Rustls(_)
        | ureq::Error::RequireHttpsOnly(_)
        | ureq::Error::BadUri(_)
        | ureq::Error::Http(_)
        | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => true,
        ureq::Error::Io(io) => matches!(
            io.kind(),
            ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
        ),
        _ => false,
    };
    if not_sent { Answer::NotSent { why } } else { Answer::Lost { why } }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn only_stripe_and_in_debug_builds_loopback() {
        assert!(allowed("https://api.stripe.com"));
        assert_eq!(allowed("http://127.0.0.1:8420"), cfg!(debug_assertions));
        for bad in [
            "http://api.stripe.com",
            "https://api.stripe.com.evil.example",
            "https://api.stripe.com@evil.example",
            "https://evil.example",
            "http://127.0.0.1.evil.example:80",
            "http://192.0.2.1:80",
            "http://localhost:80",
            "",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }
}
