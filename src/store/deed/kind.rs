//! The kinds of deeds, as the book has them.

use crate::domain::text_enum;

text_enum! {
    /// What was done.
    DeedKind {
        /// A draft was posted, or a document of another system loaded, that gives nothing up.
        Posting = "posting",
        /// A credit came to exist: a memo, a reversal, a credit on an invoice.
        Credit = "credit memo",
        /// A debit memo.
        Debit = "debit memo",
        /// A balance was given up.
        WriteOff = "write-off",
        /// Money was given back.
        Refund = "refund",
        /// A draft was made or changed that gives something up.
        CreditDraft = "credit draft",
        /// A credit was put to a use by hand.
        CreditApplied = "credit application",
        /// What somebody else confirmed and did was asked for.
        CreditAsked = "credit asked for",
        /// Money was said to have come.
        Money = "payment",
        /// A payment method came or changed, or is charged again.
        Method = "payment method",
        /// Documents go to another domain or postal address.
        Address = "e-mail address",
        /// A price changed.
        Price = "price",
    }
}
