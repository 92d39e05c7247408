//! What a bill run was asked for: checked, and its defaults filled in.

use crate::config::key;
use crate::engine::command::{self, BcdFilter, NewBillRun};
use crate::engine::rate::rules;
use crate::engine::{Error, Session};
use crate::store::bill_run::{self, AccountFilter, BillRunParams};
use chrono::{Datelike, Days, Months, NaiveDate};

/// Checks what was asked for and fills in the defaults.
pub fn params(session: &Session, new: &NewBillRun) -> Result<BillRunParams, Error> {
    let today = session.now()?.today;
    let config = session.config()?;
    rules::billing(&config)?;
    let mut exclude = new.exclude.clone();
    exclude.sort_unstable();
    exclude.dedup();
    if exclude.len() > 2 {
        return Err(Error::usage(
            "nothing_to_bill",
            "all three charge types are left out",
            "leave out at most two",
        ));
    }
    let year_ahead = today.checked_add_months(Months::new(12)).unwrap_or(NaiveDate::MAX);
    if new.target_on > year_ahead && !new.confirmed {
        return Err(Error::NeedsYes {
            message: format!("target date {} is more than a year ahead of {today}", new.target_on),
        });
    }
    if new.auto_post && !config.is(key::AUTOMATION_AUTO_POST) {
        return Err(Error::usage(
            "auto_post_off",
            "the rule Support bill run auto-post is off",
            "daybook settings set automation.auto_post true",
        ));
    }
    if new.auto_email && !new.auto_post {
        return Err(Error::usage(
            "auto_email_alone",
            "--auto-email needs --auto-post",
            "add --auto-post",
        ));
    }
    let filter = filter(session, &new.accounts, today)?;
    Ok(BillRunParams {
        target_on: new.target_on,
        invoice_on: new.invoice_on.unwrap_or(today),
        filter,
        exclude,
        auto_renew: new.auto_renew,
        auto_post: new.auto_post,
        auto_email: new.auto_email,
        skip_zero_email: new.skip_zero_email,
        schedule: None,
        retry_of: None,
    })
}

fn filter(
    session: &Session,
    asked: &command::AccountFilter,
    today: NaiveDate,
) -> Result<AccountFilter, Error> {
    let filter = filter_on(asked, today)?;
    // A filter that can match nothing is a typing error more often than a wish.
    let whole = AccountFilter { bcd: None, ..filter.clone() };
    if whole != AccountFilter::default()
        && session.read(|db| bill_run::count_accounts(db, &whole, today))? == 0
    {
        let what = asked.account.as_str();
        let message = if what.is_empty() {
            format!("no account is in batch {}", asked.batches.join(", "))
        } else {
            format!("no account {what} (in the batches asked for)")
        };
        return Err(Error::usage("no_accounts", message, "check the spelling"));
    }
    Ok(filter)
}

/// What was asked for, on the day of the run.
pub fn filter_on(asked: &command::AccountFilter, today: NaiveDate) -> Result<AccountFilter, Error> {
    let last_of_month = today.checked_add_days(Days::new(1)).is_some_and(|d| d.day() == 1);
    let bcd = match asked.bcd {
        BcdFilter::All => None,
        BcdFilter::Day(day) if (1..=31).contains(&day) => Some((day, day)),
        BcdFilter::Day(day) => {
            return Err(Error::usage(
                "bad_bcd",
                format!("{day} is no bill cycle day"),
                "1 to 31, or run-day",
            ));
        }
        BcdFilter::RunDay if last_of_month => Some((today.day(), 31)),
        BcdFilter::RunDay => Some((today.day(), today.day())),
    };
    let account = (!asked.account.is_empty()).then(|| asked.account.clone());
    Ok(AccountFilter { batches: asked.batches.clone(), account, bcd, failed_of: None })
}
