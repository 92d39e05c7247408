//! What was delivered by the end of a day and is not billed by then: what a run up to that day would bill, what
//! drafts hold or was billed later, as far as its service days are over; and what no run would bill yet, with
//! the reason.

use crate::domain::deferral::earned;
use crate::domain::ids::AccountId;
use crate::domain::money::Currency;
use crate::domain::period::Span;
use crate::engine::Error;
use crate::engine::bill::run::{Basis, rate};
use crate::engine::bill::usage;
use crate::store::bill_run::{self, AccountFilter, BillRunParams};
use crate::store::{Db, settings, unbilled};
use chrono::NaiveDate;
use std::collections::HashMap;

/// Something that is not billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbilled {
    pub account: AccountId,
    pub account_number: String,
    pub currency: Currency,
    /// Number of the charge; empty where none is.
    pub charge: String,
    /// Empty = the default one.
    pub revenue_account: String,
    /// Its service days up to the day.
    pub service: Span,
    /// What of it is delivered, minor units; none where that is not known.
    pub minor: Option<i64>,
    pub why: String,
}

/// Accounts rated in one pass.
const CHUNK: u32 = 500;

/// Hands over everything that is not billed by the end of a day.
pub fn each(
    db: &Db<'_>,
    to: NaiveDate,
    take: &mut dyn FnMut(Unbilled) -> Result<(), Error>,
) -> Result<(), Error> {
    let params = BillRunParams {
        target_on: to,
        invoice_on: to,
        filter: AccountFilter::default(),
        exclude: Vec::new(),
        auto_renew: true,
        auto_post: false,
        auto_email: false,
        skip_zero_email: false,
        schedule: None,
        retry_of: None,
    };
    let basis = Basis::load(db, &settings::load(db)?, &params)?;
    let mut after = 0;
    loop {
        let accounts = bill_run::next_accounts(db, &params.filter, to, after, CHUNK)?;
        let Some(last) = accounts.last() else { break };
        after = last.0;
        for rated in rate(db, &basis, &accounts)? {
            let input = &rated.input;
            let of =
                |charge: String, revenue_account: String, service, minor, why: String| Unbilled {
                    account: input.id,
                    account_number: input.number.clone(),
                    currency: input.currency,
                    charge,
                    revenue_account,
                    service,
                    minor,
                    why,
                };
            let bill = match &rated.bill {
                Ok(bill) => bill,
                Err(why) => {
                    let day = Span { from: to, to };
                    take(of(String::new(), String::new(), day, None, why.clone()))?;
                    continue;
                }
            };
            let charges = input.subscriptions.iter().flat_map(|s| &s.charges);
            let numbers: HashMap<_, &str> = charges.map(|c| (c.id, c.number.as_str())).collect();
            for item in bill.documents.iter().flat_map(|draft| &draft.items) {
                let whole = Span { from: item.service_from, to: item.service_to };
                let Some(service) = Span::new(whole.from, whole.to.min(to)) else { continue };
                let minor = earned(item.amount_minor, whole, to);
                let number = numbers.get(&item.charge).copied().unwrap_or_default().to_owned();
                let name = item.revenue_account.clone();
                if minor != 0 {
                    take(of(number, name, service, Some(minor), "not billed".to_owned()))?;
                }
            }
        }
    }
    for line in unbilled::later(db, to)? {
        let minor = earned(line.amount_minor, line.service, to);
        let service = Span { to: line.service.to.min(to), ..line.service };
        let why = match &line.number {
            Some(number) => format!("billed later: {number}"),
            None => format!("draft {}", line.document),
        };
        if minor != 0 {
            take(Unbilled {
                account: line.account,
                account_number: line.account_number,
                currency: line.currency,
                charge: line.charge,
                revenue_account: line.revenue_account,
                service,
                minor: Some(minor),
                why,
            })?;
        }
    }
    Ok(())
}

/// Hands over usage up to the end of a day that no run would bill yet: account, day, quantity with its unit,
/// reason.
pub fn each_pending(
    db: &Db<'_>,
    to: NaiveDate,
    take: &mut dyn FnMut(usage::PendingUsage) -> Result<(), Error>,
) -> Result<(), Error> {
    let scope = usage::Scope { target: to, account: None };
    usage::each_in(db, scope, &mut |record| {
        if record.start_on > to { Ok(()) } else { take(record) }
    })
}
