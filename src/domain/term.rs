//! Payment terms: from an invoice date to a due date.
//! Zuora: "Define payment terms" (net and prox).

use super::period::day_in_month;
use chrono::{Datelike, Days, NaiveDate};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentTerm {
    /// Due on the invoice date.
    OnReceipt,
    /// This many days later.
    Net(u32),
    /// A day of a later month.
    Prox {
        /// Invoices dated after this day count one month more; 31 = month end, so none do.
        cutoff: u32,
        /// Months to go.
        months: u32,
        /// Day of the month; 31 = month end.
        day: u32,
    },
}

/// A payment term that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "payment term {0:?} is none of: Due Upon Receipt, Net N, Prox cutoff/months/day (a day 1-31 or EOM)"
)]
pub struct UnknownTerm(pub String);

impl PaymentTerm {
    /// Reads `Due Upon Receipt`, `Net 30`, `Prox 12/1/20`, `Prox EOM/1/EOM`, in any case.
    pub fn parse(text: &str) -> Result<Self, UnknownTerm> {
        let unknown = || UnknownTerm(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        if lower == "due upon receipt" || lower.is_empty() {
            return Ok(Self::OnReceipt);
        }
        let (kind, rest) = lower.split_once(' ').ok_or_else(unknown)?;
        match kind {
            "net" => number(rest, 3650).map(Self::Net),
            "prox" => prox(rest),
            _ => None,
        }
        .ok_or_else(unknown)
    }

    /// The due date of a document dated `invoice_on`; none beyond the calendar.
    pub fn due_on(self, invoice_on: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::OnReceipt => Some(invoice_on),
            Self::Net(days) => invoice_on.checked_add_days(Days::new(u64::from(days))),
            Self::Prox { cutoff, months, day } => {
                // A cut-off past the month's end falls on its last day, which nothing is after.
                let late = invoice_on.day() > cutoff;
                day_in_month(invoice_on, i64::from(months) + i64::from(late), day)
            }
        }
    }
}

fn number(text: &str, most: u32) -> Option<u32> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|n| *n <= most)
}

fn prox(text: &str) -> Option<PaymentTerm> {
    let day = |text: &str| match text.trim() {
        "eom" => Some(31),
        digits => number(digits, 31).filter(|d| *d >= 1),
    };
    let mut parts = text.split('/');
    let term = PaymentTerm::Prox {
        cutoff: day(parts.next()?)?,
        months: number(parts.next()?, 120)?,
        day: day(parts.next()?)?,
    };
    parts.next().is_none().then_some(term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_give_the_due_dates_of_the_manual() {
        for (term, invoice, due) in [
            ("Due Upon Receipt", "2024-08-05", "2024-08-05"),
            ("Net 30", "2024-08-01", "2024-08-31"),
            ("net 0", "2024-08-01", "2024-08-01"),
            ("Prox 12/1/20", "2024-08-10", "2024-09-20"),
            ("Prox 12/1/20", "2024-08-12", "2024-09-20"),
            ("Prox 12/1/20", "2024-08-15", "2024-10-20"),
            ("Prox EOM/1/EOM", "2024-08-31", "2024-09-30"),
            ("Prox 20/1/12", "2024-08-21", "2024-10-12"),
            ("Prox 15/1/31", "2024-01-10", "2024-02-29"),
            ("Prox 31/0/EOM", "2023-02-28", "2023-02-28"),
            ("Prox 15/1/30", "2024-12-20", "2025-02-28"),
        ] {
            let day: NaiveDate = invoice.parse().unwrap();
            let got = PaymentTerm::parse(term).unwrap().due_on(day).unwrap();
            assert_eq!(got.to_string(), due, "{term} from {invoice}");
        }
    }

    #[test]
    fn what_is_not_a_term_is_refused() {
        for bad in
            ["Net", "Net x", "Net -5", "Prox 1/2", "Prox 0/1/5", "Prox 1/1/32", "2/10 net 30"]
        {
            assert!(PaymentTerm::parse(bad).is_err(), "{bad}");
        }
    }
}
