//! The e-mail that carries a document: a short text and the PDF, the same bytes on every try.

use super::batch::{file_name, stem};
use super::printable::Printable;
use super::words;
use crate::domain::text;
use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};

/// Who the mail is from and to, and the name under which it is known for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Sender address (`smtp.from`).
    pub from: String,
    /// The first recipient.
    pub to: String,
    /// The others, who see each other.
    pub cc: Vec<String>,
    /// Where answers go; empty = to the sender.
    pub reply_to: String,
    /// `Message-ID` without its angle brackets, stable from the first try on.
    pub message_id: String,
    /// `Date`, UTC milliseconds, fixed when the delivery was made.
    pub date_ms: i64,
}

/// Why no mail can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// An address that is none.
    #[error("{address:?} is not an e-mail address ({role})")]
    Address {
        /// The text as given.
        address: String,
        /// `sender` or `recipient`.
        role: &'static str,
    },
    /// The library refused to build it.
    #[error("the e-mail cannot be built: {0}")]
    Build(String),
}

/// Reads an address, refusing anything that is not exactly one.
pub fn address(text: &str, role: &'static str) -> Result<Address, EmailError> {
    let wrong = || EmailError::Address { address: text::clean(text).into_owned(), role };
    if text.chars().any(|c| text::is_unsafe(c) || c.is_whitespace()) {
        return Err(wrong());
    }
    text.parse::<Address>().map_err(|_| wrong())
}

/// A display name without control characters: the header writer must never see a line end.
fn mailbox(name: &str, address: Address) -> Mailbox {
    let name = text::clean(name).replace(['\r', '\n'], " ");
    let name = name.trim();
    Mailbox::new((!name.is_empty()).then(|| name.to_owned()), address)
}

/// The finished message with the document as attachment.
pub fn message(document: &Printable, pdf: Vec<u8>, head: &Heading) -> Result<Vec<u8>, EmailError> {
    with_invoice(document, pdf, None, head)
}

/// The same with an electronic invoice (XML) beside it.
pub fn with_invoice(
    document: &Printable,
    pdf: Vec<u8>,
    xml: Option<Vec<u8>>,
    head: &Heading,
) -> Result<Vec<u8>, EmailError> {
    let build = |e: lettre::error::Error| EmailError::Build(e.to_string());
    let from = address(&head.from, "sender")?;
    let to = address(&head.to, "recipient")?;
    let sent = u64::try_from(head.date_ms).unwrap_or(0) / 1000;
    let mut message = Message::builder()
        .from(mailbox(&document.issuer.name, from))
        .to(mailbox(&document.customer.name, to))
        .subject(text::clean(&subject(document)).into_owned())
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(sent))
        .message_id(Some(format!("<{}>", text::clean(&head.message_id))));
    for other in &head.cc {
        message = message.cc(mailbox("", address(other, "recipient")?));
    }
    if !head.reply_to.is_empty() {
        message =
            message.reply_to(mailbox(&document.issuer.name, address(&head.reply_to, "reply-to")?));
    }
    // Answering machines stay silent (RFC 3834).
    let name = HeaderName::new_from_ascii("Auto-Submitted".into())
        .map_err(|e| EmailError::Build(e.to_string()))?;
    let message = message.raw_header(HeaderValue::new(name, "auto-generated".into()));
    let kind =
        ContentType::parse("application/pdf").map_err(|e| EmailError::Build(e.to_string()))?;
    let mut parts = MultiPart::mixed()
        .boundary(boundary(&head.message_id))
        .singlepart(SinglePart::plain(body(document)))
        .singlepart(Attachment::new(file_name(&document.number)).body(pdf, kind));
    if let Some(xml) = xml {
        let kind =
            ContentType::parse("application/xml").map_err(|e| EmailError::Build(e.to_string()))?;
        let name = format!("{}.xml", stem(&document.number));
        parts = parts.singlepart(Attachment::new(name).body(xml, kind));
    }
    Ok(message.multipart(parts).map_err(build)?.formatted())
}

/// Text as the body of a message.
fn lines(words: &str) -> String {
    words.lines().map(text::clean).collect::<Vec<_>>().join("\r\n")
}

/// A message of words alone: a reminder. `names` are the issuer's and the customer's.
pub fn plain(
    head: &Heading,
    names: (&str, &str),
    subject: &str,
    words: &str,
) -> Result<Vec<u8>, EmailError> {
    let sent = u64::try_from(head.date_ms).unwrap_or(0) / 1000;
    let name = HeaderName::new_from_ascii("Auto-Submitted".into())
        .map_err(|e| EmailError::Build(e.to_string()))?;
    Message::builder()
        .from(mailbox(names.0, address(&head.from, "sender")?))
        .to(mailbox(names.1, address(&head.to, "recipient")?))
        .subject(text::clean(subject).into_owned())
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(sent))
        .message_id(Some(format!("<{}>", text::clean(&head.message_id))))
        .raw_header(HeaderValue::new(name, "auto-generated".into()))
        .singlepart(SinglePart::plain(lines(words)))
        .map(|message| message.formatted())
        .map_err(|e| EmailError::Build(e.to_string()))
}

/// A boundary from the message's own name, so that two makings agree. It cannot occur in the
/// parts: base64 and quoted-printable lines never begin with two dashes and this prefix.
fn boundary(message_id: &str) -> String {
    let digest = Sha256::digest(message_id.as_bytes());
    let head = digest.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    format!("=_daybook_{head:016x}")
}

/// `Invoice INV-2026-000123 from Issuer`.
pub fn subject(document: &Printable) -> String {
    let what = words::title(document.kind);
    if document.issuer.name.is_empty() {
        format!("{what} {}", document.number)
    } else {
        format!("{what} {} from {}", document.number, document.issuer.name)
    }
}

fn body(document: &Printable) -> String {
    let what = words::title(document.kind).to_lowercase();
    let sum = |minor: i64| format!("{} {}", document.currency.grouped(minor), document.currency);
    let mut lines = vec![
        "Good day,".to_owned(),
        String::new(),
        format!(
            "please find attached our {what} {} of {} over {}.",
            document.number,
            words::date(document.invoice_date),
            sum(document.total_minor)
        ),
    ];
    if let Some(corrected) = &document.corrects {
        let of = words::date(corrected.date);
        let does = words::of_other(document.kind).to_lowercase();
        lines.push(format!("It {does} invoice {} of {of}.", corrected.number));
    }
    if document.kind.is_receivable() {
        let due = document.due_minor();
        let by = document.due_date.map_or_else(String::new, |d| format!(" by {}", words::date(d)));
        lines.push(if due <= 0 {
            "Nothing is left to pay.".into()
        } else if document.collected_from.is_empty() {
            let quoting = match &document.pay {
                Some(_) => format!(", quoting {}", document.quoted()),
                None => String::new(),
            };
            format!("Please pay {}{by}{quoting}.", sum(due))
        } else {
            format!("{} will be collected from {}.", sum(due), document.collected_from)
        });
    }
    lines.push(String::new());
    lines.push("With kind regards".into());
    lines.push(document.issuer.name.clone());
    lines.extend(document.issuer.footer.iter().cloned());
    lines.push(String::new());
    lines.iter().map(|line| text::clean(line)).collect::<Vec<_>>().join("\r\n")
}
