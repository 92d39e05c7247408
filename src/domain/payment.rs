//! Payments: one row per attempt, its status and the words of a decline.

use chrono::{Days, NaiveDate};

text_enum! {
    /// Where a payment attempt stands.
    PaymentStatus {
        /// Written before the gateway is called.
        Processing = "Processing",
        /// The bank has it and has not answered.
        Submitted = "Submitted",
        /// The money was taken.
        Approved = "Approved",
        /// It was refused.
        Declined = "Declined",
        /// Nobody knows; only reconciled, never sent again.
        Unknown = "Unknown",
        /// Given up before the gateway was called.
        Canceled = "Canceled",
    }
}

impl PaymentStatus {
    /// Whether money may still move because of it: at most one such payment per invoice.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Processing | Self::Submitted | Self::Unknown)
    }

    /// Whether the step to `next` exists. A recorded decline may turn out to be a late success.
    pub fn can_become(self, next: Self) -> bool {
        use PaymentStatus::{Approved, Canceled, Declined, Processing, Submitted, Unknown};
        matches!(
            (self, next),
            (Processing, Submitted | Approved | Declined | Unknown | Canceled)
                | (Submitted, Approved | Declined | Unknown)
                | (Unknown, Submitted | Approved | Declined | Canceled)
                | (Declined, Approved)
        )
    }
}

text_enum! {
    /// What a decline says about trying again.
    DeclineClass {
        /// May work later with the same method.
        Soft = "soft",
        /// Never works again with this method.
        Hard = "hard",
        /// The gateway or our set-up failed, not the customer.
        System = "system",
        /// It is not known what happened.
        Unknown = "unknown",
    }
}

text_enum! {
    /// Where a payment run stands.
    PaymentRunStatus {
        /// Made, not begun (or waiting for its bill run).
        Pending = "Pending",
        /// Charging.
        Processing = "Processing",
        /// Halted before the next charge.
        Paused = "Paused",
        /// Everything picked was tried.
        Completed = "Completed",
        /// Ended early by a clerk.
        Stopped = "Stopped",
    }
}

text_enum! {
    /// What a failed payment needs next.
    NextAction {
        /// A soft decline: try again later.
        RetryLater = "retry_later",
        /// A hard decline: another method is needed.
        NewMethod = "new_method",
        /// Unknown: ask the gateway.
        LookUp = "look_up",
        /// The mandate or the bank account must be cleared with the customer.
        AskMandate = "ask_mandate",
        /// The bank wants the customer to confirm this payment: the method itself is good.
        AskCustomer = "ask_customer",
        /// Attempts are used up: a person decides.
        GaveUp = "gave_up",
    }
}

text_enum! {
    /// What a payment method is.
    MethodKind {
        Card = "card",
        /// US bank debit.
        Ach = "ach",
        /// SEPA direct debit.
        Sepa = "sepa",
    }
}

impl MethodKind {
    /// The last day on which the payer has the bank take back what was debited on a day, without
    /// giving a reason: SEPA Core 8 weeks (rulebook 4.3.4), ACH 60 days (Nacha rules, R05, R07, R10).
    /// A card's is a dispute, which is decided.
    pub fn taken_back_until(self, debited_on: NaiveDate) -> Option<NaiveDate> {
        let days = match self {
            Self::Card => return None,
            Self::Sepa => 56,
            Self::Ach => 60,
        };
        debited_on.checked_add_days(Days::new(days))
    }

    /// Banking days within which the payer's bank sends a debit back by itself, for lack of funds and the
    /// like: SEPA Core 5 (rulebook 4.3.2.2), ACH 2 (Nacha rules, R01 to R04). None of a card: it is answered
    /// at once.
    pub fn returned_within(self) -> Option<u32> {
        match self {
            Self::Card => None,
            Self::Sepa => Some(5),
            Self::Ach => Some(2),
        }
    }
}

text_enum! {
    /// Whether a method may be charged.
    MethodStatus {
        /// May be charged.
        Active = "active",
        /// Closed, by a person or by the bank.
        Closed = "closed",
    }
}

text_enum! {
    /// Where a delivery stands.
    DeliveryStatus {
        /// Waits its turn (e-mail: until the hold ends).
        Queued = "Queued",
        /// Kept back: the document was adjusted or reversed since; asks a person.
        Held = "Held",
        /// The connection is open.
        Sending = "Sending",
        /// Accepted by the mail server.
        Sent = "Sent",
        /// Refused for now; tried again later.
        Deferred = "Deferred",
        /// Refused for good.
        Bounced = "Bounced",
        /// Lost after the data went out: a person or policy decides.
        Unconfirmed = "Unconfirmed",
        /// Taken back before it was sent.
        Recalled = "Recalled",
        /// In a print batch.
        Written = "Written",
        /// A person said it was printed.
        Printed = "Printed",
        /// Not wanted: zero total or no preference.
        Suppressed = "Suppressed",
        /// Cannot be made: no address, or a character no font has.
        Impossible = "Impossible",
    }
}

text_enum! {
    /// By which way a copy travels.
    Channel {
        /// By SMTP or into the drop folder.
        Email = "email",
        /// By a print batch.
        Print = "print",
        /// As XML by a network or platform for invoices.
        Network = "network",
    }
}

impl Channel {
    /// Whether a copy leaves by itself once its hold is over; else a person prints it.
    pub fn leaves(self) -> bool {
        match self {
            Self::Email | Self::Network => true,
            Self::Print => false,
        }
    }
}
