//! Invoices and memos: kinds, statuses and the words around them.

use super::e_invoice::Category;
use super::money::Rounding;
use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a document is. A write-off has its own series and is never sent.
    DocumentKind {
        /// Asks for money.
        Invoice = "invoice",
        /// Gives money back; amounts are negative.
        CreditMemo = "credit_memo",
        /// Asks for more money on a posted invoice.
        DebitMemo = "debit_memo",
        /// Gives up money that will not come; amounts are negative.
        WriteOff = "write_off",
    }
}

impl DocumentKind {
    /// What stands before the number by default: `INV`, `CM`, `DM`, `WO`.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Invoice => "INV",
            Self::CreditMemo => "CM",
            Self::DebitMemo => "DM",
            Self::WriteOff => "WO",
        }
    }

    /// Whether a posted document of this kind is owed by the customer.
    pub fn is_receivable(self) -> bool {
        matches!(self, Self::Invoice | Self::DebitMemo)
    }
}

text_enum! {
    /// Where a document stands. Posted and Canceled are final.
    DocumentStatus {
        /// May still change.
        Draft = "Draft",
        /// Numbered and immutable.
        Posted = "Posted",
        /// Thrown away before posting.
        Canceled = "Canceled",
    }
}

impl DocumentStatus {
    /// Whether the step to `next` exists.
    pub fn can_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Draft, Self::Posted | Self::Canceled) => true,
            (Self::Draft, Self::Draft)
            | (Self::Posted | Self::Canceled, Self::Draft | Self::Posted | Self::Canceled) => false,
        }
    }
}

text_enum! {
    /// What became of a posted invoice or debit memo: derived, never stored.
    Settlement {
        /// Nothing came yet.
        Unpaid = "unpaid",
        /// Something came, something is owed.
        PartlyPaid = "partly paid",
        /// Nothing is owed.
        Paid = "paid",
        /// A full memo took it back.
        Reversed = "reversed",
        /// It was given up.
        WrittenOff = "written off",
    }
}

text_enum! {
    /// Where a bill run stands.
    BillRunStatus {
        /// Made, not begun.
        Pending = "Pending",
        /// Rating accounts.
        Processing = "Processing",
        /// Halted by a clerk; goes on at the next account.
        Paused = "Paused",
        /// Every account done; drafts wait to be posted.
        Completed = "Completed",
        /// Drafts are being numbered.
        Posting = "Posting",
        /// Nothing postable is left.
        Posted = "Posted",
        /// Thrown away, drafts released.
        Canceled = "Canceled",
        /// The run itself could not work.
        Error = "Error",
    }
}

impl BillRunStatus {
    /// Whether the step to `next` exists.
    pub fn can_become(self, next: Self) -> bool {
        use BillRunStatus::{
            Canceled, Completed, Error, Paused, Pending, Posted, Posting, Processing,
        };
        matches!(
            (self, next),
            (Pending, Processing | Canceled | Error)
                | (Processing, Paused | Completed | Canceled | Error)
                | (Paused, Processing | Canceled)
                | (Completed, Posting | Canceled)
                | (Posting, Completed | Posted)
                // Held drafts that were released later are posted by posting the run again.
                | (Posted, Posting)
        )
    }

    /// Whether accounts of this run are still taken.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Pending | Self::Processing | Self::Paused)
    }
}

text_enum! {
    /// What a clerk has said of a draft.
    Review {
        /// Nothing yet.
        None = "none",
        /// Looked at and found right, in one version.
        Accepted = "accepted",
        /// Kept back from posting.
        Held = "held",
    }
}

text_enum! {
    /// Why a draft deserves a look. Thresholds are settings `flags.*`.
    FlagCode {
        /// More than 2.5 times the last invoice.
        TotalHigh = "total_high",
        /// Less than 0.4 times the last invoice.
        TotalLow = "total_low",
        /// Recurring charges moved by more than 2 %.
        RecurringChanged = "recurring_changed",
        /// Usage moved by more than half.
        UsageChanged = "usage_changed",
        /// A charge billed last time is not on this one.
        ChargeMissing = "charge_missing",
        /// A charge not billed before.
        ChargeNew = "charge_new",
        /// The account's first invoice.
        FirstInvoice = "first_invoice",
        /// The total is zero.
        ZeroTotal = "zero_total",
        /// A usage charge had no records.
        UsageNone = "usage_none",
        /// Usage of a period billed earlier.
        UsageLate = "usage_late",
        /// More than two past periods of one charge.
        BackBilling = "back_billing",
        /// To be e-mailed, and no address.
        NoEmail = "no_email",
        /// Auto-pay, and no usable method.
        NoMethod = "no_method",
        /// Another draft or invoice with the same lines.
        Duplicate = "duplicate",
        /// What it was rated from has changed since.
        Stale = "stale",
        /// Reverse charge, and the customer has no tax id: it cannot be posted.
        NoTaxId = "no_tax_id",
        /// A character that no font has, or a text too long for its place: it cannot be posted.
        Unprintable = "unprintable",
        /// It goes as an electronic invoice, and none can be made of it: it cannot be posted.
        EInvoice = "e_invoice",
        /// The law of the issuer's country wants another form, and it can be posted all the same.
        Law = "law",
    }
}

impl FlagCode {
    /// What screens call it.
    pub fn said(self) -> &'static str {
        match self {
            Self::TotalHigh => "▲ high",
            Self::TotalLow => "▼ low",
            Self::RecurringChanged => "recurring",
            Self::UsageChanged => "usage ±",
            Self::ChargeMissing => "missing",
            Self::ChargeNew => "new charge",
            Self::FirstInvoice => "first",
            Self::ZeroTotal => "zero",
            Self::UsageNone => "no usage",
            Self::UsageLate => "late usage",
            Self::BackBilling => "back bill",
            Self::NoEmail => "no e-mail",
            Self::NoMethod => "no method",
            Self::Duplicate => "duplicate",
            Self::Stale => "stale",
            Self::NoTaxId => "no tax id",
            Self::Unprintable => "no print",
            Self::EInvoice => "no e-invoice",
            Self::Law => "law",
        }
    }
}

/// One flag on a draft: the code and why, in words a clerk can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// Which rule fired.
    pub code: FlagCode,
    /// The reason with its figures: `1,204.80 net is 3.1 times the last (388.00)`.
    pub reason: String,
}

text_enum! {
    /// How a tax rate works.
    TaxKind {
        /// Charged.
        Standard = "standard",
        /// Not charged, with a printed reason.
        Exempt = "exempt",
        /// Owed by the customer, with a printed reason; needs the customer's tax id.
        ReverseCharge = "reverse_charge",
    }
}

/// One row of taxes.csv: the rate of a code from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// The code charges and accounts name.
    pub tax_code: String,
    /// Percent.
    pub rate_percent: Decimal,
    /// Name as printed (`VAT`).
    pub name: String,
    /// How it works.
    pub kind: TaxKind,
    /// Whether prices of this code already contain the tax.
    pub inclusive: bool,
    /// Printed reason for exempt and reverse charge.
    pub reason: String,
    /// First day of the rate.
    pub valid_from: NaiveDate,
    /// Its category on electronic invoices; none: by how it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
}

/// The tax of one document and code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentTax {
    /// The code.
    pub tax_code: String,
    /// Percent that was valid on the tax point.
    pub rate_percent: Decimal,
    /// Name as printed.
    pub name: String,
    /// How it works.
    pub kind: TaxKind,
    /// Whether the lines' prices contained it.
    pub inclusive: bool,
    /// Printed reason; empty for standard.
    pub reason: String,
    /// Net amount it was computed on, minor units.
    pub base_minor: i64,
    /// The tax, minor units.
    pub tax_minor: i64,
    /// The rule it was rounded by, once with the document's other rows of its kind and rate. None
    /// where it follows the invoice that is corrected, and in books from before that rule, which
    /// rounded each code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
}

impl DocumentTax {
    /// Whether lines of this rate are summed up in this row.
    pub fn is_of(&self, rate: &TaxRate) -> bool {
        self.tax_code == rate.tax_code
            && self.rate_percent == rate.rate_percent
            && self.kind == rate.kind
            && self.inclusive == rate.inclusive
    }

    /// Whether its name says the rate: `VAT 7 %`, `MwSt. 7,0%`.
    pub fn says_rate(&self) -> bool {
        let is_rate = |before: &str| {
            let before = before.trim_end();
            let digit = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
            let figure = &before[before.trim_end_matches(digit).len()..];
            figure.replace(',', ".").parse::<Decimal>().is_ok_and(|rate| rate == self.rate_percent)
        };
        self.name.match_indices('%').any(|(at, _)| is_rate(&self.name[..at]))
    }

    /// Its name with its rate, said once: `VAT 19 %`.
    pub fn titled(&self) -> String {
        if self.says_rate() {
            return self.name.clone();
        }
        format!("{} {} %", self.name, self.rate_percent.normalize())
    }

    /// Whether both are rounded together on one document: the same kind and rate.
    pub fn rounds_with(&self, other: &Self) -> bool {
        self.kind == other.kind && self.rate_percent == other.rate_percent
    }
}

/// A posting date this far from today is asked about, days.
const FAR_DAYS: i64 = 31;

/// That `day` is before the date of the last number of the series, in words; none if it is not.
pub fn runs_backwards(day: NaiveDate, last: Option<(&str, NaiveDate)>) -> Option<String> {
    let (number, on) = last.filter(|(_, on)| day < *on)?;
    Some(format!("{day} is before {number}, the last one, of {on}"))
}

/// What is odd about printing `day` on documents that are posted `today`. `last` is the last number
/// of the series so far with its date: numbers and dates are expected to rise together (for
/// invoices see Council Directive 2006/112/EC, article 226 (1) and (2): date of issue, and a
/// sequential number).
pub fn date_doubts(
    day: NaiveDate,
    today: NaiveDate,
    last: Option<(&str, NaiveDate)>,
) -> Vec<String> {
    let mut doubts: Vec<String> = runs_backwards(day, last).into_iter().collect();
    if day.year() != today.year() {
        doubts.push(format!("{day} is not in this year: the numbers are those of {}", day.year()));
    }
    let away = (day - today).num_days();
    if away.abs() > FAR_DAYS {
        let side = if away < 0 { "ago" } else { "ahead" };
        doubts.push(format!("{day} is {} days {side}", away.abs()));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posting_date_is_doubted_when_it_stands_out() {
        type Case<'a> = (&'a str, Option<(&'a str, NaiveDate)>, &'a [&'a str]);
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let last = Some(("INV-2026-000012", day("2026-11-20")));
        let table: &[Case] = &[
            ("2026-11-25", last, &[]),
            ("2026-11-20", last, &[]),
            (
                "2026-11-19",
                last,
                &["2026-11-19 is before INV-2026-000012, the last one, of 2026-11-20"],
            ),
            ("2026-11-19", None, &[]),
            ("2026-10-25", None, &[]),
            ("2026-10-24", None, &["2026-10-24 is 32 days ago"]),
            ("2026-12-26", None, &[]),
            ("2026-12-27", None, &["2026-12-27 is 32 days ahead"]),
            (
                "2027-01-01",
                None,
                &[
                    "2027-01-01 is not in this year: the numbers are those of 2027",
                    "2027-01-01 is 37 days ahead",
                ],
            ),
        ];
        for (on, last, doubts) in table {
            assert_eq!(date_doubts(day(on), day("2026-11-25"), *last), *doubts, "{on}");
        }
    }
}
