//! What reading reports of mail servers came to.

use crate::domain::text::counted;
use serde::Serialize;

/// What a report did to a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Booked {
    /// `DL-000001`, or of a reminder `RM-000001`.
    pub id: String,
    /// The document's number; of a reminder those of its invoices.
    pub document: String,
    pub account_number: String,
    /// To whom it was sent.
    pub address: String,
    /// Why, in the server's words.
    pub reason: String,
}

/// What was found in folders of mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Told {
    pub messages: usize,
    /// Copies that came back.
    pub bounced: Vec<Booked>,
    /// Copies that their server still tries to deliver.
    pub delayed: Vec<Booked>,
    /// Copies of a message to several addresses one of which came back, and it is not said which.
    pub unclear: Vec<Booked>,
    /// Reports that were booked before.
    pub seen: usize,
    /// Reports of a copy that is being sent at this moment: to be read again.
    pub later: usize,
    /// Reports of a copy whose state they do not change: it was queued again, or ended otherwise.
    pub too_late: usize,
    /// Reports of messages that are none of this book's.
    pub unknown: usize,
    /// Messages that are no report.
    pub other: usize,
}

impl Told {
    /// On one line.
    pub fn words(&self) -> String {
        let mut words = vec![
            counted(self.messages, "message", "messages"),
            format!("bounced {}", self.bounced.len()),
            format!("delayed {}", self.delayed.len()),
        ];
        for (count, what) in [
            (self.unclear.len(), "where one of several addresses came back, not known which"),
            (self.seen, "booked before"),
            (self.later, "of copies that are being sent: read them again"),
            (self.too_late, "of copies that are no longer out"),
            (self.unknown, "of no message of this book"),
            (self.other, "no report"),
        ] {
            if count > 0 {
                words.push(format!("{count} {what}"));
            }
        }
        words.join(", ")
    }
}
