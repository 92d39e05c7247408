//! Long work, as its job keeps it. One list: a new job is a variant here and its runner in
//! `engine::runners`; what has no answer for it does not compile.

use super::ids::{BillRunId, DocumentId, PaymentRunId};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// A row as it was seen: the command acts on this version or reports what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pick {
    /// The document.
    pub id: DocumentId,
    /// Its version when it was shown or marked, or [`Pick::WHICHEVER`].
    pub version: i64,
}

impl Pick {
    /// No version that was seen: the document as it is when the command acts. Stored with jobs.
    pub const WHICHEVER: i64 = 0;

    /// The document as it is when the command acts.
    pub fn whichever(id: DocumentId) -> Self {
        Self { id, version: Self::WHICHEVER }
    }

    /// Whether the document, now in this version, is still what was picked.
    pub fn is_of(self, version: i64) -> bool {
        self.version == Self::WHICHEVER || self.version == version
    }
}

/// What a job is to do: column `job.spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobSpec {
    /// Rates the accounts of a run.
    Bill {
        /// The run.
        run: BillRunId,
    },
    /// Posts a run, or the picked drafts.
    Post {
        /// The run, if a run was posted.
        run: Option<BillRunId>,
        /// Of a job that an older build made: the drafts as seen. Later ones are rows of the job.
        drafts: Vec<Pick>,
        /// A new invoice date for all of them.
        invoice_on: Option<NaiveDate>,
    },
    /// Drives a payment run.
    Collect {
        /// The run.
        run: PaymentRunId,
    },
    /// Drives a run of retries.
    Retry {
        /// The run.
        run: PaymentRunId,
    },
    /// Looks up unanswered payments.
    Reconcile,
    /// Gives money of a payment back that a person decided to give.
    Refund {
        /// The event of the payment.
        event: i64,
    },
    /// Sends queued e-mail.
    Deliver,
    /// Hands copies to the network.
    Network,
    /// Sends the reminders that are due.
    Remind,
    /// Sends queued statements of account.
    Statements,
    /// Writes a print batch.
    Print {
        /// Where to; empty = beside the book.
        directory: String,
    },
}

text_enum! {
    /// The queue a job stands in, by which it is listed and found: column `job.kind`.
    JobKind {
        /// Rates the accounts of a bill run.
        Bill = "bill",
        /// Posts drafts.
        Post = "post",
        /// Charges invoices.
        Collect = "collect",
        /// Retries failed payments.
        Retry = "retry",
        /// Asks the gateway about payments and refunds.
        Reconcile = "reconcile",
        /// Sends e-mail, or hands over to the network.
        Deliver = "deliver",
        /// Writes a print batch.
        Print = "print",
    }
}

impl JobSpec {
    /// The queue it stands in.
    pub fn kind(&self) -> JobKind {
        match self {
            Self::Bill { .. } => JobKind::Bill,
            Self::Post { .. } => JobKind::Post,
            Self::Collect { .. } => JobKind::Collect,
            Self::Retry { .. } => JobKind::Retry,
            Self::Reconcile | Self::Refund { .. } => JobKind::Reconcile,
            Self::Deliver | Self::Network | Self::Remind | Self::Statements => JobKind::Deliver,
            Self::Print { .. } => JobKind::Print,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_older_builds_stored_is_read_and_stored_the_same() {
        for text in [
            r#"{"Bill":{"run":7}}"#,
            r#"{"Post":{"run":7,"drafts":[],"invoice_on":null}}"#,
            r#"{"Post":{"run":null,"drafts":[{"id":1,"version":2}],"invoice_on":"2026-01-31"}}"#,
            r#"{"Collect":{"run":7}}"#,
            r#"{"Retry":{"run":7}}"#,
            r#""Reconcile""#,
            r#"{"Refund":{"event":12}}"#,
            r#""Deliver""#,
            r#""Network""#,
            r#""Remind""#,
            r#""Statements""#,
            r#"{"Print":{"directory":"out"}}"#,
        ] {
            let spec: JobSpec = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&spec).unwrap(), text);
        }
    }
}
