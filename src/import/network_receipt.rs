//! Receipts of a network for invoices: one JSON object a line.
//!
//! | field | |
//! |---|---|
//! | `state` | `accepted`, `delivered`, `refused` or `paid` |
//! | `document` | the document's number; may be left out where `transmission` is given |
//! | `transmission` | the delivery (`DL-000001`), as in the name of the file that was handed over |
//! | `code` | why it was refused, as the network has it |
//! | `text` | the same in words; of `refused` one of both is needed |
//! | `time` | RFC 3339; left out: when it is read |
//! | `receipt` | its own name; the same one with other content is a contradiction |

use crate::domain::delivery::network::Said;
use crate::domain::ids::DeliveryId;
use crate::domain::text;
use chrono::DateTime;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The longest line, bytes.
const LONGEST: usize = 64 << 10;
/// The longest name, number or code, characters.
const WORD: usize = 200;
/// The longest text, graphemes.
const TEXT: usize = 300;
const FIELDS: [&str; 7] = ["receipt", "document", "transmission", "state", "code", "text", "time"];

/// One receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkReceipt {
    /// Its own name; empty = none.
    pub name: String,
    /// The document's number; empty = not said.
    pub document: String,
    pub transmission: Option<DeliveryId>,
    pub said: Said,
    pub code: String,
    pub words: String,
    /// UTC milliseconds; none = not said.
    pub at_ms: Option<i64>,
}

impl NetworkReceipt {
    /// SHA-256 of all that it says: it is the same receipt wherever it is read.
    pub fn hash(&self) -> Vec<u8> {
        let transmission = self.transmission.map(|id| id.to_string()).unwrap_or_default();
        let at = self.at_ms.map(|ms| ms.to_string()).unwrap_or_default();
        let mut hash = Sha256::new();
        for part in [
            &self.name,
            &self.document,
            &transmission,
            self.said.as_str(),
            &self.code,
            &self.words,
            &at,
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize().to_vec()
    }

    /// Why it was refused, on one line.
    pub fn reason(&self) -> String {
        [self.code.as_str(), self.words.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    }
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub line: usize,
    /// Empty: the whole line.
    pub field: &'static str,
    pub message: String,
    pub hint: &'static str,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipts {
    /// With the line of each, from 1.
    pub good: Vec<(usize, NetworkReceipt)>,
    pub bad: Vec<BadLine>,
    /// Whether the last line has no end and cannot be read: it is being written.
    pub cut: bool,
}

/// Reads a file of receipts: what is wrong with a line keeps no other from being read.
pub fn read(bytes: &[u8]) -> Receipts {
    let mut all = Receipts::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = bytes.split(|b| *b == b'\n').enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        match one(line) {
            Ok(receipt) => all.good.push((at + 1, receipt)),
            Err(_) if lines.peek().is_none() && !line.ends_with(b"}") => all.cut = true,
            Err(Wrong { field, message, hint }) => {
                all.bad.push(BadLine { line: at + 1, field, message, hint });
            }
        }
    }
    all
}

struct Wrong {
    field: &'static str,
    message: String,
    hint: &'static str,
}

fn wrong<T>(
    field: &'static str,
    message: impl Into<String>,
    hint: &'static str,
) -> Result<T, Wrong> {
    Err(Wrong { field, message: message.into(), hint })
}

const FORM: &str = "one JSON object a line: {\"document\":\"INV-1\",\"state\":\"accepted\"}";

fn one(line: &[u8]) -> Result<NetworkReceipt, Wrong> {
    if line.len() > LONGEST {
        return wrong("", format!("is longer than {LONGEST} bytes"), FORM);
    }
    let fields: Map<String, Value> = match serde_json::from_slice(line) {
        Ok(fields) => fields,
        Err(e) => return wrong("", format!("cannot be read: {e}"), FORM),
    };
    if let Some(other) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let message = format!("has a field {:?} that is not known", text::said(other, 40));
        return wrong("", message, "receipt, document, transmission, state, code, text, time");
    }
    let state = word(&fields, "state")?;
    let Some(said) = Said::parse(&state) else {
        let message = format!("{state:?} is none of {}", Said::words());
        return wrong("state", message, "write one of them");
    };
    let document = word(&fields, "document")?;
    let transmission = match word(&fields, "transmission")?.as_str() {
        "" => None,
        text => match DeliveryId::parse(text) {
            Some(id) => Some(id),
            None => {
                let message = format!("{text:?} is no delivery");
                return wrong("transmission", message, "as in the file's name: DL-000001");
            }
        },
    };
    if document.is_empty() && transmission.is_none() {
        return wrong("document", "is missing", "give the document's number, or the transmission");
    }
    let code = word(&fields, "code")?;
    let words = text::said(&string(&fields, "text")?, TEXT);
    if said == Said::Refused && code.is_empty() && words.is_empty() {
        return wrong("code", "is missing", "say why it was refused, by code or text");
    }
    let at_ms = match word(&fields, "time")?.as_str() {
        "" => None,
        text => match DateTime::parse_from_rfc3339(text) {
            Ok(at) => Some(at.timestamp_millis()),
            Err(_) => {
                let message = format!("{text:?} is no time");
                return wrong("time", message, "such as 2027-01-04T09:30:00Z");
            }
        },
    };
    let name = word(&fields, "receipt")?;
    Ok(NetworkReceipt { name, document, transmission, said, code, words, at_ms })
}

fn string(fields: &Map<String, Value>, name: &'static str) -> Result<String, Wrong> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            wrong(name, "is no text", "write it between quotes")
        }
    }
}

/// A short text without anything that a terminal or a file would take amiss.
fn word(fields: &Map<String, Value>, name: &'static str) -> Result<String, Wrong> {
    let text = string(fields, name)?;
    if text.chars().count() > WORD {
        return wrong(name, format!("is longer than {WORD} characters"), "shorten it");
    }
    if text::clean(&text) != text {
        return wrong(name, "holds characters that cannot be shown", "leave them out");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str) -> Receipts {
        read(format!("{text}\n").as_bytes())
    }

    #[test]
    fn a_receipt_says_of_what_it_is_and_what_it_says() {
        let all = read(
            b"\xef\xbb\xbf{\"receipt\":\"R-1\",\"document\":\"INV-1\",\"transmission\":\"DL-000007\",\"state\":\"Refused\",\
              \"code\":\"BR-CO-10\",\"text\":\"sum\\nwrong\",\"time\":\"2027-01-04T10:30:00+01:00\"}\r\n\r\n\
              {\"document\":\"INV-2\",\"state\":\"paid\"}",
        );
        assert_eq!((all.bad, all.cut), (vec![], false));
        let [(1, first), (3, second)] = &all.good[..] else { panic!("{:?}", all.good) };
        assert_eq!((first.said, first.transmission), (Said::Refused, Some(DeliveryId(7))));
        assert_eq!(first.at_ms, Some(1_799_055_000_000));
        assert_eq!(first.reason(), "BR-CO-10: sum wrong");
        assert_eq!((second.said, second.at_ms), (Said::Paid, None));
        assert_ne!(first.hash(), second.hash());
        assert_eq!(first.hash(), first.clone().hash());
    }

    #[test]
    fn what_is_wrong_is_named_by_line_and_field() {
        for (text, field, words) in [
            ("{", "", "cannot be read"),
            ("[]", "", "cannot be read"),
            ("{\"state\":\"okay\",\"document\":\"A\"}", "state", "is none of accepted"),
            ("{\"document\":\"A\"}", "state", "is none of"),
            ("{\"state\":\"paid\"}", "document", "is missing"),
            ("{\"state\":\"paid\",\"transmission\":\"7\"}", "transmission", "is no delivery"),
            ("{\"state\":\"refused\",\"document\":\"A\"}", "code", "is missing"),
            ("{\"state\":\"paid\",\"document\":\"A\",\"time\":\"noon\"}", "time", "is no time"),
            ("{\"state\":\"paid\",\"document\":[1]}", "document", "is no text"),
            ("{\"state\":\"paid\",\"document\":\"A\\u001b[2J\"}", "document", "cannot be shown"),
            ("{\"state\":\"paid\",\"document\":\"A\",\"sum\":1}", "", "\"sum\""),
        ] {
            let all = line(text);
            let [bad] = &all.bad[..] else { panic!("{text}: {all:?}") };
            assert_eq!((bad.line, bad.field), (1, field), "{text}");
            assert!(bad.message.contains(words), "{text}: {}", bad.message);
        }
        let long = format!("{{\"state\":\"paid\",\"document\":\"{}\"}}", "x".repeat(201));
        assert_eq!(line(&long).bad[0].field, "document");
    }

    #[test]
    fn a_line_that_is_being_written_is_read_later() {
        let whole = "{\"state\":\"paid\",\"document\":\"A\"}";
        for cut in 1..whole.len() {
            let all = read(format!("{whole}\n{}", &whole[..cut]).as_bytes());
            assert_eq!((all.good.len(), all.bad.len(), all.cut), (1, 0, true), "{cut}");
        }
        assert_eq!(read(format!("{whole}\n{whole}").as_bytes()).good.len(), 2);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let all = read(&bytes);
            prop_assert!(all.good.len() + all.bad.len() <= bytes.len());
        }
    }
}
