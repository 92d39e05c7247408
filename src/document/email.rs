//! The e-mail that carries a document: a short text, as plain text and HTML, and the PDF, the same bytes on
//! every try.

use super::batch::{file_name, stem};
use super::letter::Letter;
use super::printable::Printable;
use crate::domain::text;
use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MessageBuilder, MultiPart, SinglePart};
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
    let letter = Letter::of(document);
    let mut message = Message::builder()
        .from(mailbox(&document.issuer.name, from))
        .to(mailbox(&document.customer.name, to))
        .subject(text::clean(&letter.subject).into_owned())
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
        .multipart(both(&letter, &head.message_id))
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

/// A message of words alone, to who works with daybook. `names` are the issuer's and the reader's.
pub fn plain(
    head: &Heading,
    names: (&str, &str),
    subject: &str,
    words: &str,
) -> Result<Vec<u8>, EmailError> {
    Ok(bare(head, names, subject)?
        .singlepart(SinglePart::plain(lines(words)))
        .map_err(|e| EmailError::Build(e.to_string()))?
        .formatted())
}

/// A letter alone: a reminder. `names` are the issuer's and the customer's.
pub fn letter(head: &Heading, names: (&str, &str), letter: &Letter) -> Result<Vec<u8>, EmailError> {
    Ok(bare(head, names, &letter.subject)?
        .multipart(both(letter, &head.message_id))
        .map_err(|e| EmailError::Build(e.to_string()))?
        .formatted())
}

/// A letter that carries a PDF under a name. `names` are the issuer's and the customer's.
pub fn with_pdf(
    head: &Heading,
    names: (&str, &str),
    letter: &Letter,
    (file, pdf): (String, Vec<u8>),
) -> Result<Vec<u8>, EmailError> {
    let build = |why: String| EmailError::Build(why);
    let kind = ContentType::parse("application/pdf").map_err(|e| build(e.to_string()))?;
    let parts = MultiPart::mixed()
        .boundary(boundary(&head.message_id))
        .multipart(both(letter, &head.message_id))
        .singlepart(Attachment::new(file).body(pdf, kind));
    let message = bare(head, names, &letter.subject)?.multipart(parts);
    Ok(message.map_err(|e| build(e.to_string()))?.formatted())
}

/// A letter as plain text and as HTML: the reader's program shows the last that it can (RFC 2046, 5.1.4).
fn both(letter: &Letter, message_id: &str) -> MultiPart {
    MultiPart::alternative()
        .boundary(boundary(&format!("{message_id}/letter")))
        .singlepart(SinglePart::plain(letter.plain()))
        .singlepart(SinglePart::html(letter.html()))
}

/// The head of a message without a document.
fn bare(head: &Heading, names: (&str, &str), subject: &str) -> Result<MessageBuilder, EmailError> {
    let sent = u64::try_from(head.date_ms).unwrap_or(0) / 1000;
    let name = HeaderName::new_from_ascii("Auto-Submitted".into())
        .map_err(|e| EmailError::Build(e.to_string()))?;
    let mut message = Message::builder()
        .from(mailbox(names.0, address(&head.from, "sender")?))
        .to(mailbox(names.1, address(&head.to, "recipient")?));
    for other in &head.cc {
        message = message.cc(mailbox("", address(other, "recipient")?));
    }
    Ok(message
        .subject(text::clean(subject).into_owned())
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(sent))
        .message_id(Some(format!("<{}>", text::clean(&head.message_id))))
        .raw_header(HeaderValue::new(name, "auto-generated".into())))
}

/// A boundary from the message's own name, so that two makings agree. It cannot occur in the
/// parts: base64 and quoted-printable lines never begin with two dashes and this prefix.
fn boundary(message_id: &str) -> String {
    let digest = Sha256::digest(message_id.as_bytes());
    let head = digest.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    format!("=_daybook_{head:016x}")
}
