//! Mail over SMTP: a few connections of our own, kept open between messages.

use super::talk::{self, After, Heard, Lost, Talk, Wear};
use super::wire::{Broken, Wire};
use super::{Envelope, MailOutcome, Mailer};
use lettre::Address;
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

    /// A connection that has waited for a message, and how many it has carried.
    fn kept(&self) -> Option<(Wire, u32)> {
        while let Some(idle) = self.take_idle() {
            if idle.since.elapsed() < IDLE {
                return Some((idle.wire, idle.carried));
            }
        }
        None
    }

    /// Sends to addresses that are some; what each was answered, in their order.
    fn talk(&self, from: &Address, to: &[Address], message: &[u8]) -> Vec<MailOutcome> {
        let mut next = self.kept();
        // A kept connection may have died meanwhile, or be ended by the server: then a new one.
        loop {
            let (mut wire, carried, wear) = match next.take() {
                Some((wire, carried)) => (wire, carried, Wear::Used),
                None => match self.open() {
                    Ok(wire) => (wire, 0, Wear::New),
                    Err(outcome) => return vec![outcome; to.len()],
                },
            };
            match talk::message(&mut wire, wear, from, to, message) {
                Talk::Worn => {}
                Talk::Heard(heard, after) => {
                    if after == After::Goes {
                        self.put_idle(wire, carried + 1);
                    }
                    return heard.into_iter().map(outcome).collect();
                }
            }
        }
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

/// What a failure before the first message means: the server refuses us, or is not to be had.
fn before_login(broken: Broken) -> MailOutcome {
    MailOutcome::TransportDown {
        reply: match broken {
            Broken::Later(said) | Broken::Never(said) => refused(&said),
            Broken::Line(said) | Broken::Tls(said) => said,
        },
    }
}

fn refused(said: &str) -> String {
    format!("the server refused us: {said}")
}

/// What an answer means for its recipient.
fn outcome(heard: Heard) -> MailOutcome {
    match heard {
        Ok(reply) => MailOutcome::Sent { reply },
        Err(Lost::Us(broken)) => MailOutcome::TransportDown { reply: refused(&broken.words()) },
        Err(Lost::Before(Broken::Later(reply))) => MailOutcome::Deferred { reply },
        Err(Lost::Before(Broken::Never(reply))) => MailOutcome::Bounced { reply },
        Err(Lost::Before(Broken::Line(reply) | Broken::Tls(reply))) => {
            MailOutcome::LostBeforeData { reply }
        }
        Err(Lost::After(why)) => MailOutcome::Unconfirmed {
            reply: format!("{why} after the whole message was handed over"),
        },
    }
}

impl Mailer for Smtp {
    fn send(&self, envelope: &Envelope, message: &[u8]) -> Vec<MailOutcome> {
        let Ok(from) = envelope.from.parse::<Address>() else {
            let reply = format!("smtp.from {:?} is not an e-mail address", envelope.from);
            return vec![MailOutcome::TransportDown { reply }; envelope.to.len()];
        };
        let read: Vec<Option<Address>> = envelope.to.iter().map(|to| to.parse().ok()).collect();
        let to: Vec<Address> = read.iter().flatten().cloned().collect();
        let heard = if to.is_empty() { Vec::new() } else { self.talk(&from, &to, message) };
        let mut heard = heard.into_iter();
        let lost = || MailOutcome::LostBeforeData { reply: "nothing was asked".into() };
        let each = read.iter().zip(&envelope.to).map(|(read, text)| match read {
            Some(_) => heard.next().unwrap_or_else(lost),
            None => MailOutcome::Bounced { reply: format!("{text:?} is not an e-mail address") },
        });
        each.collect()
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
