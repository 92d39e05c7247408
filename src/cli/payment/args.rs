//! The words of `daybook payment`.

use crate::domain::dispute::{DisputeCode, DisputeState};
use crate::domain::money::{Currency, Money};
use crate::engine::Error;
use chrono::NaiveDate;

/// List and show payments, ask about them, give money back, record what a person knows.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub(super) action: Action,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Action {
    /// Payments, oldest first
    List(Filter),
    /// One payment with its allocations and events
    Show {
        /// P-000001
        payment: String,
    },
    /// Unanswered payments that a person must clear up
    Exceptions,
    /// Open invoices whose money did not come, by what they need next
    Failed,
    /// How much of what failed at the first try came in later, by days since
    Recovery {
        /// Failures since this day (default: 180 days ago)
        #[arg(long, value_name = "DATE")]
        since: Option<NaiveDate>,
    },
    /// Ask the gateway about unanswered payments (all, or these), or record what a person found
    Reconcile(Reconcile),
    /// Give money of an approved payment back
    Refund(Refund),
    /// Take a payment's money off an invoice; it is unapplied then
    Unapply {
        /// P-000001
        payment: String,
        /// Number or D-000001
        #[arg(long, value_name = "ID")]
        from: String,
        /// How much (default: all of it that pays the invoice)
        #[arg(long, value_name = "A")]
        amount: Option<String>,
        /// Why
        #[arg(long, value_name = "T")]
        reason: String,
    },
    /// Move unapplied money of a payment to the account that it belongs to
    Move {
        /// P-000001
        payment: String,
        /// Account number, of the same currency
        #[arg(long, value_name = "NUMBER")]
        to: String,
        /// How much (default: all that is unapplied)
        #[arg(long, value_name = "A")]
        amount: Option<String>,
        /// Why
        #[arg(long, value_name = "T")]
        reason: String,
    },
    /// Record money that came outside the gateway
    Record(Record),
    /// The bank took a payment back
    Return(MoneyBack),
    /// The cardholder had a payment taken back
    Chargeback(MoneyBack),
    /// A chargeback was decided for us
    ChargebackWon {
        /// P-000001
        payment: String,
    },
    /// The gateway paid a payment out
    PaidOut {
        /// P-000001
        payment: String,
        /// The payout's reference
        #[arg(long, value_name = "T")]
        reference: String,
    },
    /// The customer promised to pay an invoice
    Promise {
        /// Number or D-000001
        invoice: String,
        /// By when
        #[arg(long, value_name = "DATE", required_unless_present = "withdraw")]
        on: Option<NaiveDate>,
        /// How much; the whole balance if not given
        #[arg(long, value_name = "A")]
        amount: Option<String>,
        /// Take the promise back
        #[arg(long)]
        withdraw: bool,
    },
    /// The customer disputes an invoice: no charge, retry or reminder until it ends
    Dispute {
        /// Number or D-000001
        invoice: String,
        #[command(flatten)]
        args: DisputeArgs,
    },
    /// List what is disputed, and who sees to it
    Disputes {
        /// Also what ended
        #[arg(long)]
        all: bool,
    },
    /// Use an account's credits and unapplied payments on what it owes, oldest first; or one payment on
    /// one invoice (--to)
    Apply {
        /// Account number; with --to the payment, P-000001
        #[arg(value_name = "ACCOUNT|PAYMENT")]
        account: String,
        /// In this currency (default: the account's)
        #[arg(long, value_name = "CODE", conflicts_with = "to")]
        currency: Option<String>,
        /// Unapplied money of the payment on this invoice
        #[arg(long, value_name = "ID")]
        to: Option<String>,
        /// How much (default: all that fits)
        #[arg(long, value_name = "A", requires = "to")]
        amount: Option<String>,
        /// Also where a payment of the invoice is on its way
        #[arg(long, requires = "to")]
        yes: bool,
    },
    /// Payment runs leave an invoice alone, or take it again
    AutoPay {
        /// Number or D-000001
        invoice: String,
        /// on or off
        switch: Switch,
    },
    /// Remind customers of what is overdue, by the levels of reminder.levels
    Remind {
        /// Show who would be reminded and send nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Payment methods of an account
    Method {
        #[command(subcommand)]
        action: MethodAction,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

#[derive(Debug, clap::Args)]
pub(super) struct Filter {
    /// Only this payment run's
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Only this account's
    #[arg(long, value_name = "NUMBER")]
    pub(super) account: Option<String>,
    /// Only in this status
    #[arg(long, value_name = "S")]
    pub(super) status: Option<String>,
    /// Only those of this invoice
    #[arg(long, value_name = "ID")]
    pub(super) invoice: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Reconcile {
    /// P-000001 …; none = every unanswered one
    pub(super) payments: Vec<String>,
    /// A person found that the money is here, under this reference
    #[arg(long, value_name = "REF", requires = "evidence", conflicts_with = "not_charged")]
    pub(super) approved: Option<String>,
    /// The day of the charge there (default: today)
    #[arg(long, value_name = "DATE", requires = "approved")]
    pub(super) date: Option<NaiveDate>,
    /// A person found that no money moved
    #[arg(long, requires = "evidence")]
    pub(super) not_charged: bool,
    /// Ask the gateways what went back of approved payments: returns, chargebacks, refunds there
    #[arg(long, conflicts_with_all = ["payments", "approved", "not_charged"])]
    pub(super) events: bool,
    /// Where that was seen
    #[arg(long, value_name = "T")]
    pub(super) evidence: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Refund {
    /// P-000001
    pub(super) payment: String,
    /// How much; all that is left if not given
    #[arg(long, value_name = "A")]
    pub(super) amount: Option<String>,
    /// The day it was paid out, of money received outside (default: today)
    #[arg(long, value_name = "DATE")]
    pub(super) date: Option<NaiveDate>,
    /// Credit the invoices by a memo of just that much, so that they stay paid
    #[arg(long)]
    pub(super) with_memo: bool,
    /// Why
    #[arg(long, value_name = "T")]
    pub(super) reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Record {
    /// Account number
    #[arg(long, value_name = "NUMBER")]
    pub(super) account: String,
    /// How much, in the account's currency
    #[arg(long, value_name = "A")]
    pub(super) amount: String,
    /// What the bank statement says
    #[arg(long, value_name = "T")]
    pub(super) reference: String,
    /// For this invoice (may be given several times); none = all that is owed, oldest due first
    #[arg(long, value_name = "ID")]
    pub(super) invoice: Vec<String>,
    /// The day it came (default: today)
    #[arg(long, value_name = "DATE")]
    pub(super) date: Option<NaiveDate>,
    /// As money of this gateway, which is not asked (on a test book only)
    #[arg(long, value_name = "NAME")]
    pub(super) gateway: Option<String>,
    /// Record it although the same money (account, amount, day, reference) is in the book, or a payment
    /// of its invoices is on its way
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct MoneyBack {
    /// P-000001
    pub(super) payment: String,
    /// Reason code of the bank or network, such as R01 or MD06
    #[arg(long, value_name = "CODE", default_value = "")]
    pub(super) code: String,
    /// How much; all that is left if not given
    #[arg(long, value_name = "A")]
    pub(super) amount: Option<String>,
    /// The day it counts (default: the bank's, else today)
    #[arg(long, value_name = "DATE")]
    pub(super) date: Option<NaiveDate>,
    /// The day that the bank names
    #[arg(long, value_name = "DATE")]
    pub(super) value_on: Option<NaiveDate>,
    /// What the bank took for it
    #[arg(long, value_name = "A")]
    pub(super) fee: Option<String>,
    /// What else is known
    #[arg(long, value_name = "T", default_value = "")]
    pub(super) reason: String,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum MethodAction {
    /// The methods of an account
    List {
        /// Account number
        account: String,
    },
    /// A new method, or new details of one
    Add {
        /// Account number
        account: String,
        /// The gateway's token, never a card number
        #[arg(long)]
        token: String,
        /// card, ach, sepa
        #[arg(long)]
        kind: String,
        /// What is shown, such as "visa 4242"
        #[arg(long)]
        display: String,
        /// Gateway (default: the book's)
        #[arg(long)]
        gateway: Option<String>,
        /// Last day of validity
        #[arg(long, value_name = "DATE")]
        expires: Option<NaiveDate>,
        /// Use it before the others
        #[arg(long)]
        first: bool,
    },
    /// Use this one before the others, at once
    First {
        /// M-000001
        method: String,
    },
    /// Forget its failures
    Reset {
        /// M-000001
        method: String,
    },
    /// Never use it again
    Close {
        /// M-000001
        method: String,
    },
}

/// Reads an amount in the currency's digits.
pub(super) fn amount(currency: Currency, text: &str) -> Result<Money, Error> {
    currency.read(text).map_err(|e| {
        Error::usage("bad_amount", format!("{text:?}: {e}"), "write it plainly, such as 120.50")
    })
}

/// What is said of a dispute.
#[derive(Debug, clap::Args)]
pub(super) struct DisputeArgs {
    /// What the customer says; with --end how it was settled
    #[arg(long, value_name = "T", required_unless_present_any = ["end", "code"])]
    pub reason: Option<String>,
    /// Why, as lists group it
    #[arg(long, conflicts_with = "end")]
    pub code: Option<Code>,
    /// How much of it (default: all that is owed)
    #[arg(long, value_name = "A", conflicts_with = "end")]
    pub amount: Option<String>,
    /// Who sees to it (default: you)
    #[arg(long, value_name = "NAME", conflicts_with = "end")]
    pub owner: Option<String>,
    /// End it: the customer is right, we are, or they took it back
    #[arg(long, value_name = "OUTCOME", num_args = 0..=1, default_missing_value = "withdrawn")]
    pub end: Option<Outcome>,
}

/// [`DisputeCode`] as clap knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Code {
    AmountWrong,
    NotOrdered,
    NotDelivered,
    PaidAlready,
    WrongCustomer,
    Other,
}

impl Code {
    pub fn code(self) -> DisputeCode {
        match self {
            Self::AmountWrong => DisputeCode::AmountWrong,
            Self::NotOrdered => DisputeCode::NotOrdered,
            Self::NotDelivered => DisputeCode::NotDelivered,
            Self::PaidAlready => DisputeCode::PaidAlready,
            Self::WrongCustomer => DisputeCode::WrongCustomer,
            Self::Other => DisputeCode::Other,
        }
    }
}

/// How a dispute ends, as clap knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Outcome {
    Upheld,
    Rejected,
    Withdrawn,
}

impl Outcome {
    pub fn state(self) -> DisputeState {
        match self {
            Self::Upheld => DisputeState::Upheld,
            Self::Rejected => DisputeState::Rejected,
            Self::Withdrawn => DisputeState::Withdrawn,
        }
    }
}
