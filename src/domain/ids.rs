//! Row identities, one type each so that they cannot be confused, and how a clerk writes them.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);
    };
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        id!($(#[$doc])* $name);
        impl $name {
            /// What stands before the number in writing.
            pub const PREFIX: &'static str = $prefix;

            /// Reads the written form (`PREFIX-000007`, any case, leading zeros optional).
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text
                    .get(..Self::PREFIX.len())
                    .filter(|p| p.eq_ignore_ascii_case(Self::PREFIX))
                    .and(text.get(Self::PREFIX.len()..))?
                    .strip_prefix('-')?;
                if rest.is_empty() || !rest.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                rest.parse().ok().filter(|n| *n > 0).map(Self)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}-{:06}", Self::PREFIX, self.0)
            }
        }
    };
}

id!(/** A customer account. */ AccountId);
id!(/** A subscription. */ SubscriptionId);
id!(/** A charge of a subscription. */ ChargeId);
id!(/** One version of a charge: what an item was billed from. */ ChargeVersionId);
id!(/** One usage record. */ UsageId, "U");
id!(/** An invoice or memo, from draft on; posted ones also have a number. */ DocumentId, "D");
id!(/** A line of a document. */ ItemId);
id!(/** A bill run. */ BillRunId, "BR");
id!(/** A payment run. */ PaymentRunId, "PR");
id!(/** One payment attempt. */ PaymentId, "P");
id!(/** A payment method of an account. */ MethodId, "M");
id!(/** One copy of one document to one address by one channel. */ DeliveryId, "DL");
id!(/** One copy of a statement of account to one address. */ StatementCopyId, "ST");
id!(/** A background job. */ JobId, "J");
id!(/** A schedule. */ ScheduleId, "S");
id!(/** A note on an account or a document. */ NoteId, "N");
id!(/** An instalment plan. */ PlanId, "IP");
id!(/** What was handed to a collection agency. */ CaseId, "AC");
id!(/** A line of a bank's statement. */ LineId, "BL");
id!(/** A reminder that was sent, or was to be. */ ReminderId, "RM");

/// A bill run or a payment run, as `daybook run …` takes either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunId {
    /// `BR-000001`.
    Bill(BillRunId),
    /// `PR-000001`.
    Payment(PaymentRunId),
}

impl RunId {
    /// Reads `BR-000001` or `PR-000001`.
    pub fn parse(text: &str) -> Option<Self> {
        BillRunId::parse(text)
            .map(Self::Bill)
            .or_else(|| PaymentRunId::parse(text).map(Self::Payment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_what_they_write() {
        assert_eq!(BillRunId(7).to_string(), "BR-000007");
        assert_eq!(BillRunId::parse("br-7"), Some(BillRunId(7)));
        assert_eq!(DocumentId::parse("D-000012"), Some(DocumentId(12)));
        for bad in ["D12", "D-", "D-x", "DL-1", "-1", "D-0", "ü-1"] {
            assert_eq!(DocumentId::parse(bad), None, "{bad}");
        }
    }
}
