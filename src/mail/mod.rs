//! E-mail leaves here: one message to some recipients, and what became of it for each as a value.
//!
//! [`drop::DropFolder`] writes files (the default), [`smtp::Smtp`] talks to a server. Both block;
//! the engine calls them with no transaction open.

pub mod bounce;
pub mod drop;
pub mod folder;
pub mod smtp;
mod talk;
mod wire;

use std::fmt;

/// Who a message is from and to, as the server is told, and its lasting name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Sender address.
    pub from: String,
    /// Whom this try is for; no two are the same.
    pub to: Vec<String>,
    /// How many addresses the message itself names: more than `to` has where only some of them are
    /// tried again.
    pub named: usize,
    /// `Message-ID` without angle brackets; the drop folder keeps one file for each.
    pub message_id: String,
}

impl Envelope {
    /// Of a message to one address.
    pub fn one(from: String, to: String, message_id: String) -> Self {
        Self { from, to: vec![to], named: 1, message_id }
    }
}

/// What became of one try for one recipient. Not an error: a refusal is an answer, and so is "we do not know".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailOutcome {
    /// The server has taken the message.
    Sent {
        /// Its answer.
        reply: String,
    },
    /// Not now (4xx): try again later.
    Deferred {
        /// Its answer.
        reply: String,
    },
    /// Never (5xx for this message or recipient).
    Bounced {
        /// Its answer.
        reply: String,
    },
    /// The server refuses us or is not to be had: no connection, no greeting, login, encryption or
    /// sender refused, settings wrong. Nothing was sent, and the next message would fare the same.
    TransportDown {
        /// What it said.
        reply: String,
    },
    /// The line broke in the middle of the message: certainly not delivered.
    LostBeforeData {
        /// Where it broke.
        reply: String,
    },
    /// The line broke after the final dot: it may or may not have been delivered.
    Unconfirmed {
        /// What is known.
        reply: String,
    },
}

impl MailOutcome {
    /// The words of the answer.
    pub fn reply(&self) -> &str {
        match self {
            Self::Sent { reply }
            | Self::Deferred { reply }
            | Self::Bounced { reply }
            | Self::TransportDown { reply }
            | Self::LostBeforeData { reply }
            | Self::Unconfirmed { reply } => reply,
        }
    }
}

/// A way for mail to leave. Called from several threads at once.
pub trait Mailer: Send + Sync + fmt::Debug {
    /// Tries to deliver one message; blocks until there is an answer or a time-out. Gives one outcome
    /// for each address of the envelope, in its order.
    fn send(&self, envelope: &Envelope, message: &[u8]) -> Vec<MailOutcome>;

    /// The same to one address.
    fn send_one(&self, envelope: Envelope, message: &[u8]) -> MailOutcome {
        let lost = || MailOutcome::LostBeforeData { reply: "nobody was asked".into() };
        self.send(&envelope, message).pop().unwrap_or_else(lost)
    }
}
