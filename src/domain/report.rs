//! Reports as plain data: what each is called, its rows and totals, and the identities that tie it to the
//! ledger. Nothing is summed over currencies.

use super::money::{Currency, Money};
use super::month::Month;
use chrono::NaiveDate;
use std::collections::BTreeMap;

text_enum! {
    /// What can be reported.
    ReportName {
        /// What is open, by how long it is past due.
        Aging = "aging",
        /// What was owed before, what moved it, what is owed after.
        Rollforward = "rollforward",
        /// What was posted, by series.
        Register = "register",
        /// Tax by code, rate, kind and country.
        Tax = "tax",
        /// Credits and payments that no invoice has.
        Unapplied = "unapplied",
        /// What was given up or given back, by whom and why.
        Adjustments = "adjustments",
        /// Every account of the ledger.
        TrialBalance = "trial-balance",
        /// What was earned, by account.
        Revenue = "revenue",
        /// What was billed and is not earned yet, and when it will be.
        Deferred = "deferred",
        /// What was delivered and is not billed, and why.
        Unbilled = "unbilled",
        /// One customer: what was owed, each event, what is owed.
        Statement = "statement",
        /// Every entry of the ledger, or of one of its accounts.
        Journal = "journal",
        /// Lines of banks that are nobody's.
        Unidentified = "unidentified",
        /// Lines of banks with what they were matched to.
        Bank = "bank",
        /// What gateways have not paid out, and what is under way.
        Gateway = "gateway",
        /// What should be billed and is not.
        Missing = "missing",
        /// What payment runs will debit, by day.
        Debits = "debits",
        /// Accounts that somebody must see to.
        Worklist = "worklist",
    }
}

impl ReportName {
    /// Whether it is of a day; else of a span of days.
    pub fn is_of_a_day(self) -> bool {
        match self {
            Self::Aging
            | Self::Unapplied
            | Self::TrialBalance
            | Self::Deferred
            | Self::Unbilled
            | Self::Unidentified
            | Self::Bank
            | Self::Gateway
            | Self::Missing
            | Self::Debits
            | Self::Worklist => true,
            Self::Rollforward
            | Self::Register
            | Self::Tax
            | Self::Adjustments
            | Self::Revenue
            | Self::Statement
            | Self::Journal => false,
        }
    }

    /// The words of `--by` that it has, and what each gives.
    pub fn by(self) -> &'static [(&'static str, Detail)] {
        match self {
            Self::Aging => &[("account", Detail::Sums), ("document", Detail::Rows)],
            Self::Register => &[("series", Detail::Sums), ("document", Detail::Rows)],
            Self::Tax => &[("code", Detail::Sums), ("document", Detail::Rows)],
            Self::Adjustments => &[("user", Detail::Sums), ("document", Detail::Rows)],
            Self::Statement => &[("event", Detail::Sums), ("document", Detail::Items)],
            Self::Unapplied => &[("document", Detail::Sums)],
            Self::Rollforward => &[("currency", Detail::Sums)],
            Self::Deferred => &[("month", Detail::Sums), ("document", Detail::Rows)],
            Self::Journal => &[("entry", Detail::Sums)],
            Self::Missing | Self::Unbilled => &[("charge", Detail::Sums)],
            Self::Debits => &[("day", Detail::Sums)],
            Self::Unidentified | Self::Bank => &[("line", Detail::Sums)],
            Self::Gateway => &[("payment", Detail::Sums)],
            Self::TrialBalance | Self::Revenue | Self::Worklist => &[("account", Detail::Sums)],
        }
    }

    /// Its columns: in sum, and row by row where that is something else.
    pub fn columns(self, detail: Detail) -> &'static [&'static str] {
        match (self, detail) {
            (Self::Aging, Detail::Sums) => &[
                "as_of",
                "currency",
                "account_number",
                "account_name",
                "not_due",
                "1_30",
                "31_60",
                "61_90",
                "91_120",
                "over_120",
                "receivable",
                "credit",
                "net",
                "oldest_days",
            ],
            (Self::Aging, Detail::Rows | Detail::Items) => &[
                "as_of",
                "currency",
                "account_number",
                "account_name",
                "batch",
                "document",
                "kind",
                "invoice_date",
                "due_date",
                "days_past_due",
                "bucket",
                "total",
                "open",
                "disputed",
                "promised_on",
                "po_number",
            ],
            (Self::Unbilled, _) => &[
                "as_of",
                "currency",
                "account_number",
                "charge",
                "service_from",
                "service_to",
                "amount",
                "why",
            ],
            (Self::Deferred, Detail::Sums) => {
                &["as_of", "currency", "booked_month", "release_month", "amount"]
            }
            (Self::Deferred, Detail::Rows | Detail::Items) => &[
                "as_of",
                "currency",
                "revenue_account",
                "account_number",
                "document",
                "line",
                "service_from",
                "service_to",
                "amount",
                "released",
                "remaining",
            ],
            (Self::Rollforward, _) => {
                &["from", "to", "currency", "view", "line", "count", "amount"]
            }
            (Self::Register, Detail::Sums) => {
                &["series", "currency", "count", "first", "last", "net", "tax", "total", "gaps"]
            }
            (Self::Register, Detail::Rows | Detail::Items) => &[
                "number",
                "kind",
                "series",
                "invoice_date",
                "due_date",
                "posted_at",
                "posted_by",
                "account_number",
                "account_name",
                "country",
                "tax_id",
                "currency",
                "net",
                "tax",
                "total",
                "corrects",
                "run",
            ],
            (Self::Tax, Detail::Sums) => &[
                "from",
                "to",
                "currency",
                "tax_code",
                "rate",
                "kind",
                "country",
                "base",
                "tax",
                "documents",
                "base_home",
                "tax_home",
                "home_currency",
            ],
            (Self::Tax, Detail::Rows | Detail::Items) => &[
                "number",
                "document_kind",
                "invoice_date",
                "account_number",
                "tax_id",
                "currency",
                "tax_code",
                "rate",
                "kind",
                "country",
                "base",
                "tax",
                "base_home",
                "tax_home",
                "home_currency",
            ],
            (Self::Unapplied, _) => &[
                "as_of",
                "currency",
                "account_number",
                "what",
                "number",
                "date",
                "reference",
                "amount",
                "left",
                "days",
                "owed",
            ],
            (Self::Adjustments, Detail::Sums) => &["user", "kind", "currency", "count", "amount"],
            (Self::Adjustments, Detail::Rows | Detail::Items) => &[
                "from",
                "to",
                "user",
                "kind",
                "number",
                "date",
                "corrects",
                "account_number",
                "currency",
                "amount",
                "reason",
                "confirmed_by",
            ],
            (Self::TrialBalance, _) => {
                &["as_of", "currency", "ledger_account", "opening", "debit", "credit", "closing"]
            }
            (Self::Revenue, _) => &["from", "to", "currency", "ledger_account", "amount"],
            (Self::Unidentified, _) => &[
                "as_of",
                "currency",
                "bank_account",
                "line",
                "booked_on",
                "amount",
                "payer",
                "iban_tail",
                "text",
                "days",
                "suggestion",
            ],
            (Self::Bank, _) => &[
                "as_of",
                "currency",
                "bank_account",
                "line",
                "date",
                "amount",
                "matched_to",
                "days",
            ],
            (Self::Gateway, _) => &[
                "as_of",
                "currency",
                "gateway",
                "what",
                "number",
                "date",
                "amount",
                "matched_to",
                "days",
            ],
            (Self::Missing, _) => &["as_of", "account_number", "subscription", "charge", "why"],
            (Self::Debits, _) => &[
                "day",
                "gateway",
                "method",
                "currency",
                "count",
                "amount",
                "expected_soft",
                "expected_hard",
                "expected_system",
                "expected_unknown",
                "cut_off",
            ],
            (Self::Worklist, _) => &[
                "account_number",
                "name",
                "currency",
                "overdue",
                "oldest_days",
                "broken_promises",
                "disputes",
                "last_contact",
                "next_action_on",
                "owner",
            ],
            (Self::Statement, Detail::Items) => {
                &["date", "number", "due_date", "total", "open", "days", "bucket", "currency"]
            }
            (Self::Statement, _) => {
                &["date", "kind", "number", "due_date", "amount", "balance", "currency"]
            }
            (Self::Journal, _) => &[
                "date",
                "ledger_account",
                "debit",
                "credit",
                "currency",
                "account_number",
                "document",
                "payment",
            ],
        }
    }
}

/// How far a report goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Summed: an account, a series, a person.
    Sums,
    /// A row each document or deed.
    Rows,
    /// What is open; of a statement.
    Items,
}

/// What is asked of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub name: ReportName,
    /// The first day; of a report of a day: the first day of what moved.
    pub from: NaiveDate,
    /// The last day, or the day.
    pub to: NaiveDate,
    pub detail: Detail,
    /// Only this currency.
    pub currency: Option<Currency>,
    /// Only this account, by number.
    pub account: Option<String>,
    /// Only accounts of this batch.
    pub batch: Option<String>,
    /// Of the journal: only this account of the ledger.
    pub ledger: Option<String>,
}

impl Asked {
    /// Whether it is of the whole book, or of one currency of it: only then it ties.
    pub fn is_whole(&self) -> bool {
        self.account.is_none() && self.batch.is_none() && self.ledger.is_none()
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    Count(i64),
    Day(NaiveDate),
    Money(Money),
    Nothing,
}

impl Cell {
    /// As text: days ISO, amounts with a point and the digits of their currency.
    pub fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(n) => n.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Money(money) => money.plain(),
            Self::Nothing => String::new(),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<NaiveDate> for Cell {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<Option<NaiveDate>> for Cell {
    fn from(day: Option<NaiveDate>) -> Self {
        day.map_or(Self::Nothing, Self::Day)
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Count(n)
    }
}

impl From<Money> for Cell {
    fn from(money: Money) -> Self {
        Self::Money(money)
    }
}

/// Two figures of one currency that must be the same, minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// `T1`, with what is compared.
    pub name: &'static str,
    pub currency: Currency,
    pub left: i64,
    pub right: i64,
}

impl Tie {
    /// Whether they are.
    pub fn holds(&self) -> bool {
        self.left == self.right
    }
}

/// What a report comes to beside its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// By currency: names and minor units, in order.
    pub totals: BTreeMap<Currency, Vec<(String, i64)>>,
    /// Of deferred revenue: what will be earned in each month, by currency, minor units.
    pub by_month: BTreeMap<Currency, BTreeMap<Month, i64>>,
    pub ties: Vec<Tie>,
}

/// Buckets of days past due: what they are called, and their last day.
pub const BUCKETS: [(&str, i64); 6] = [
    ("not_due", 0),
    ("1_30", 30),
    ("31_60", 60),
    ("61_90", 90),
    ("91_120", 120),
    ("over_120", i64::MAX),
];

/// The bucket of so many days past due: due on the day itself is not past due.
pub fn bucket(days: i64) -> usize {
    BUCKETS.iter().position(|(_, last)| days <= *last).unwrap_or(BUCKETS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_of_a_bucket_is_in_it() {
        for (days, name) in [
            (-5, "not_due"),
            (0, "not_due"),
            (1, "1_30"),
            (30, "1_30"),
            (31, "31_60"),
            (90, "61_90"),
            (120, "91_120"),
            (121, "over_120"),
        ] {
            assert_eq!(BUCKETS[bucket(days)].0, name, "{days}");
        }
    }
}
