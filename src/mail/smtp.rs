//! Mail over SMTP: a few connections of our own, kept open between messages.

use super::wire::{Broken, Lost, Wire};
use super::{Envelope, MailOutcome, Mailer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How the connection is secured (`smtp.tls`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for a relay on this machine.
    None,
    /// By STARTTLS, and no mail without it.
    Starttls,
    /// From the first byte (port 465).
    Wrapper,
}

impl Tls {
    /// Reads the setting's word.
    pub fn parse(word: &str) -> Option<Self> {
        [("none", Self::None), ("starttls", Self::Starttls), ("wrapper", Self::Wrapper)]
            .into_iter()
            .find_map(|(name, tls)| name.eq_ignore_ascii_case(word).then_some(tls))
    }
}

/// A login; the password does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// User name.
    pub user: String,
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Where and how to send.
#[derive(Debug, Clone)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    pub port: u16,
    /// Encryption.
    pub tls: Tls,
    /// Login, if the server wants one.
    pub login: Option<Login>,
    /// PEM of certificate authorities to trust besides the public ones; empty = none.
    pub authorities: Vec<u8>,
    /// Longest wait for one answer.
    pub patience: Duration,
}

/// Why no mailer could be made of the settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The authority file is no PEM with certificates.
    #[error("smtp.ca_file holds no certificate that can be read: {0}")]
    Authorities(String),
    /// The encryption library refused.
    #[error("encryption cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// Messages one connection carries before it is renewed; servers limit this, often at 100.
const PER_CONNECTION: u32 = 90;
/// Servers drop an idle connection after five minutes (RFC 5321, 4.5.3.2.7); we go before.
const IDLE: Duration = Duration::from_mins(1);

struct Idle {
    wire: Wire,
    carried: u32,
    since: Instant,
}

/// The mailer. Threads share it; each takes an idle connection or opens its own.
pub struct Smtp {
    server: Server,
    tls: Arc<ClientConfig>,
    idle: Mutex<Vec<Idle>>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Smtp {
    /// A mailer for a server; connects when the first message comes.
    pub fn new(server: Server) -> Result<Self, SetupError> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let public = roots.len();
        for certificate in CertificateDer::pem_slice_iter(&server.authorities) {
            let certificate = certificate.map_err(|e| SetupError::Authorities(format!("{e:?}")))?;
            roots.add(certificate)?;
        }
        if !server.authorities.is_empty() && roots.len() == public {
            return Err(SetupError::Authorities("it is empty".into()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { server, tls: Arc::new(tls), idle: Mutex::new(Vec::new()) })
    }

    fn take_idle(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    fn put_idle(&self, wire: Wire, carried: u32) {
        if carried >= PER_CONNECTION {
            wire.quit();
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(Idle { wire, carried, since: Instant::now() });
    }

    /// A connection ready for a message, and how many it has carried.
    fn ready(&self) -> Result<(Wire, u32), MailOutcome> {
        while let Some(mut idle) = self.take_idle() {
            // A kept connection may have died meanwhile; asking first keeps that out of the message.
            if idle.since.elapsed() < IDLE && idle.wire.reset().is_ok() {
                return Ok((idle.wire, idle.carried));
            }
        }
        self.open().map(|wire| (wire, 0))
    }

    fn open(&self) -> Result<Wire, MailOutcome> {
        let server = &self.server;
        let mut wire =
            Wire::connect(&server.host, server.port, server.patience).map_err(before_login)?;
        match server.tls {
            Tls::None => wire.greet().map_err(before_login)?,
            Tls::Wrapper => {
                wire.encrypt(self.tls.clone(), &server.host).map_err(before_login)?;
                wire.greet().map_err(before_login)?;
            }
            Tls::Starttls => {
                wire.greet().map_err(before_login)?;
                wire.starttls(self.tls.clone(), &server.host).map_err(before_login)?;
            }
        }
        if let Some(login) = &server.login {
            wire.login(&login.user, &login.password).map_err(before_login)?;
        }
        Ok(wire)
    }
}

/// What a failure before the first message means: a refusal concerns the transport, not the mail.
fn before_login(broken: Broken) -> MailOutcome {
    match broken {
        Broken::Line(reply) => MailOutcome::LostBeforeData { reply },
        Broken::Later(reply) => MailOutcome::Deferred { reply },
        Broken::Never(reply) | Broken::Tls(reply) => MailOutcome::TransportDown { reply },
    }
}

impl Mailer for Smtp {
    fn send(&self, envelope: &Envelope, message: &[u8]) -> MailOutcome {
        let (from, to) = match (envelope.from.parse(), envelope.to.parse()) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(_), _) => {
                let reply = format!("smtp.from {:?} is not an e-mail address", envelope.from);
                return MailOutcome::TransportDown { reply };
            }
            (_, Err(_)) => {
                let reply = format!("{:?} is not an e-mail address", envelope.to);
                return MailOutcome::Bounced { reply };
            }
        };
        let (mut wire, carried) = match self.ready() {
            Ok(ready) => ready,
            Err(outcome) => return outcome,
        };
        match wire.message(&from, &to, message) {
            Ok(reply) => {
                self.put_idle(wire, carried + 1);
                MailOutcome::Sent { reply }
            }
            Err(Lost::Before(Broken::Later(reply))) => {
                self.put_idle(wire, carried + 1);
                MailOutcome::Deferred { reply }
            }
            Err(Lost::Before(Broken::Never(reply))) => {
                self.put_idle(wire, carried + 1);
                refusal(reply)
            }
            Err(Lost::Before(broken @ (Broken::Line(_) | Broken::Tls(_)))) => {
                MailOutcome::LostBeforeData { reply: broken.words() }
            }
            Err(Lost::After(why)) => MailOutcome::Unconfirmed {
                reply: format!("{why} after the whole message was handed over"),
            },
        }
    }
}

/// 530, 534, 535 and 538 in the middle of a message ask for a login (RFC 4954, section 6): the
/// transport is at fault, not the recipient.
fn refusal(reply: String) -> MailOutcome {
    if ["530", "534", "535", "538"].iter().any(|code| reply.starts_with(code)) {
        MailOutcome::TransportDown { reply }
    } else {
        MailOutcome::Bounced { reply }
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        for Idle { wire, .. } in idle.drain(..) {
            wire.quit();
        }
    }
}
