//! Mail that came back: what a report of a mail server says of our messages (RFC 3464).
//!
//! One rule reads those of the servers there are: a multipart message with a `message/delivery-status` part,
//! whatever its own type; our Message-ID stands in what the report returns of our message, else in
//! `References`.

use crate::domain::text::said;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use std::collections::BTreeMap;

/// What became of a message to one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It was not delivered and will not be.
    Failed,
    /// The server goes on trying.
    Delayed,
}

/// What a report says of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub address: String,
    /// Under which address the server was given it, where it says so; else empty.
    pub first_address: String,
    pub became: Became,
    /// Why, in the server's words.
    pub reason: String,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The name of the report itself, without brackets; empty = none.
    pub id: String,
    /// The names of messages that it may be about, the likeliest first.
    pub of: Vec<String>,
    /// Addresses that failed or wait; of one that only delivered there is none.
    pub recipients: Vec<Recipient>,
}

/// The longest reason that is kept, graphemes.
const LONGEST: usize = 300;

/// Reads a message; none where it is no report of a mail server.
pub fn read(bytes: &[u8]) -> Option<Report> {
    let message = MessageParser::default().parse(bytes)?;
    let status = message.parts.iter().find(|part| is(part, "delivery-status"))?;
    let text = String::from_utf8_lossy(status.contents());
    let mut recipients = Vec::new();
    for block in blocks(&text) {
        let became = match block.get("action").map(|word| word.to_ascii_lowercase()).as_deref() {
            Some("failed") => Became::Failed,
            Some("delayed") => Became::Delayed,
            _ => continue,
        };
        let Some(address) = block.get("final-recipient").or(block.get("original-recipient")) else {
            continue;
        };
        let diagnostic = block.get("diagnostic-code").map(|text| behind(text)).unwrap_or_default();
        let reason =
            if diagnostic.is_empty() { first_text(&message) } else { diagnostic.to_owned() };
        let bare = |text: &str| behind(text).trim_matches(['<', '>']).to_owned();
        let first = block.get("original-recipient").map(|text| bare(text)).unwrap_or_default();
        recipients.push(Recipient {
            address: bare(address),
            first_address: first,
            became,
            reason: said(&reason, LONGEST),
        });
    }
    let id = message.message_id().unwrap_or_default().to_owned();
    Some(Report { id, of: names(&message), recipients })
}

/// What stands behind the kind of a value: `smtp; 550 no such user`, `rfc822; a@example.org`.
fn behind(text: &str) -> &str {
    text.split_once(';').map_or(text, |(_, value)| value).trim()
}

fn is(part: &MessagePart<'_>, subtype: &str) -> bool {
    part.content_type().is_some_and(|kind| {
        let of = kind.subtype().unwrap_or_default();
        kind.ctype().eq_ignore_ascii_case("message") && of.eq_ignore_ascii_case(subtype)
    })
}

/// The fields of each block, names in small letters; a field that goes on is one.
fn blocks(text: &str) -> Vec<BTreeMap<String, String>> {
    let (mut all, mut block, mut last) = (Vec::new(), BTreeMap::new(), String::new());
    for line in text.lines().chain([""]) {
        if line.trim().is_empty() {
            if !block.is_empty() {
                all.push(std::mem::take(&mut block));
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some(value) = block.get_mut(&last) {
                let value: &mut String = value;
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            last = name.trim().to_ascii_lowercase();
            block.insert(last.clone(), value.trim().to_owned());
        }
    }
    all
}

/// The first words for people.
fn first_text(message: &Message<'_>) -> String {
    let text = |part: &MessagePart<'_>| match &part.body {
        PartType::Text(text) if !is(part, "delivery-status") => Some(text.to_string()),
        _ => None,
    };
    message.parts.iter().find_map(text).unwrap_or_default()
}

/// The Message-ID of what is returned, else what the report refers to.
fn names(message: &Message<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for part in message.parts.iter().rev() {
        match &part.body {
            PartType::Message(returned) => {
                all.extend(returned.message_id().map(str::to_owned));
            }
            _ if part.content_type().is_some_and(|kind| {
                kind.subtype().is_some_and(|of| of.eq_ignore_ascii_case("rfc822-headers"))
            }) =>
            {
                let returned = MessageParser::default().parse_headers(part.contents());
                all.extend(returned.and_then(|m| m.message_id().map(str::to_owned)));
            }
            _ => {}
        }
    }
    if let Some(list) = message.references().as_text_list() {
        all.extend(list.iter().rev().map(ToString::to_string));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(kind: &str, action: &str, returned: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example.org\r\nMessage-ID: <r1@mx.example.org>\r\n\
             References: <DL-000009.abc@example.org>\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nThe mailbox is gone.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example.org\r\n\r\n\
             Final-Recipient: rfc822; ap@example.org\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 no such\r\n    user here\r\n\r\n{returned}--b--\r\n"
        )
    }

    const WHOLE: &str = "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <DL-000007.abc@example.org>\r\n\
        Subject: Invoice\r\n\r\nGood day\r\n";
    const HEADERS: &str = "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n\
        Message-ID: <DL-000008.abc@example.org>\r\nSubject: Invoice\r\n\r\n";

    #[test]
    fn a_report_says_of_which_message_to_whom_and_why() {
        for (kind, returned, of) in [
            ("report; report-type=delivery-status", WHOLE, "DL-000007.abc@example.org"),
            ("mixed", HEADERS, "DL-000008.abc@example.org"),
            ("report", "", "DL-000009.abc@example.org"),
        ] {
            let read = read(report(kind, "failed", returned).as_bytes()).unwrap();
            assert_eq!(read.of[0], of, "{kind}");
            assert_eq!(read.id, "r1@mx.example.org");
            let [to] = &read.recipients[..] else { panic!("{read:?}") };
            assert_eq!((to.address.as_str(), to.became), ("ap@example.org", Became::Failed));
            assert_eq!(to.reason, "550 5.1.1 no such user here");
        }
    }

    #[test]
    fn a_delay_is_no_failure_and_other_mail_is_no_report() {
        let delayed = read(report("report", "delayed", WHOLE).as_bytes()).unwrap();
        assert_eq!(delayed.recipients[0].became, Became::Delayed);
        for action in ["delivered", "relayed", "expanded"] {
            let other = read(report("report", action, WHOLE).as_bytes()).unwrap();
            assert_eq!(other.recipients, [], "{action}");
        }
        let bare = report("report", "failed", WHOLE).replace("Diagnostic-Code", "X-Other");
        assert_eq!(read(bare.as_bytes()).unwrap().recipients[0].reason, "The mailbox is gone.");
        for text in ["", "Subject: hello\r\n\r\nplease call me", "\0\u{1}\u{2}"] {
            assert_eq!(read(text.as_bytes()), None, "{text:?}");
        }
    }
}
