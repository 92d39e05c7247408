//! Money in by file: what a bank's statement says, the text of a line cut into tokens, and the rules by which
//! a line finds what it pays. Pure: what the book knows is asked through [`rules::Facts`].

pub mod rules;
pub mod statement;
pub mod tokens;

text_enum! {
    /// Where a line of a statement stands.
    LineState {
        /// Nobody looked at it yet.
        New = "New",
        /// All of it is something that is known here, and used.
        Matched = "Matched",
        /// A part of it is, the rest is nobody's.
        Part = "Part",
        /// It is a customer's, and a part of it pays nothing yet.
        Unapplied = "Unapplied",
        /// Nobody's.
        Unidentified = "Unidentified",
        /// Our own: a fee, a transfer between accounts.
        Own = "Own",
    }
}

impl LineState {
    /// Whether somebody has to look at it.
    pub fn is_open(self) -> bool {
        match self {
            Self::New | Self::Part | Self::Unapplied | Self::Unidentified => true,
            Self::Matched | Self::Own => false,
        }
    }
}

text_enum! {
    /// How a line found what it is.
    Rule {
        /// It names a payment of ours that went back.
        OwnReturn = "own_return",
        /// It is a payout of a gateway, by its id and its net.
        Payout = "payout",
        /// A clerk recorded the same money before.
        Recorded = "recorded",
        /// It quotes the structured reference of one document.
        Reference = "reference",
        /// It names documents.
        Number = "number",
        /// The payer is known, and owes just that on one document.
        PayerExact = "payer_exact",
        /// The payer is known, and it is all that he owes.
        PayerTotal = "payer_total",
        /// The payer is known, not what for.
        Payer = "payer",
        /// It names documents of two accounts, or of another currency.
        Conflict = "conflict",
        /// Nothing is known of it.
        None = "none",
        /// A person said what it is.
        Hand = "hand",
        /// A person said that it is our own.
        Own = "own",
    }
}

text_enum! {
    /// What a part of a line was matched to.
    MatchKind {
        /// A payment of a customer that it made.
        Payment = "payment",
        /// A payment that went back.
        Return = "return",
        /// A payout of a gateway.
        Payout = "payout",
        /// A payment that a clerk had recorded.
        Recorded = "recorded",
        /// A fee of the bank.
        Fee = "fee",
        /// Our own money, to or from an account of ours.
        Transfer = "transfer",
    }
}

text_enum! {
    /// What a file of a bank is.
    Source {
        /// The statement of a day's end.
        Camt053 = "camt.053",
        /// What moved within a day: a preview.
        Camt052 = "camt.052",
        /// Details of entries of a statement.
        Camt054 = "camt.054",
        /// SWIFT's statement in lines.
        Mt940 = "mt940",
        /// payments.csv.
        Csv = "csv",
    }
}

text_enum! {
    /// How far a statement is read.
    StatementState {
        /// Not to its end: read it again.
        Reading = "Reading",
        /// To its end.
        Read = "Read",
    }
}

text_enum! {
    /// Where the money of a payout is.
    PayoutState {
        /// On its way to the bank.
        Booked = "Booked",
        /// A line of a statement has it.
        InBank = "In bank",
    }
}
