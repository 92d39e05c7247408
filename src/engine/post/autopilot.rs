//! The rule *Support bill run auto-post*: what a run does by itself when nobody spot-checks it, and
//! the guards that stop it at Completed and say why.

use crate::config::{self, Config, key};
use crate::domain::document::BillRunStatus;
use crate::domain::ids::{BillRunId, ScheduleId};
use crate::domain::money::Currency;
use crate::engine::Error;
use crate::engine::post::posting::{self, What};
use crate::store::bill_run::{self, BillRunRow, RunTotal};
use crate::store::notice::{self, NoticeLevel};
use crate::store::{Tx, schedule, settings};
use rust_decimal::Decimal;

/// Goes on with a run that has just completed, if it was told to and every guard agrees.
pub fn after_bill(tx: &Tx<'_>, run: BillRunId) -> Result<(), Error> {
    let row = bill_run::get(tx, run)?;
    let owner = match row.params.schedule {
        Some(id) => schedule::get(tx, ScheduleId(id))?.owner_email,
        None => String::new(),
    };
    if row.params.schedule.is_some() && row.invoices + row.credit_memos == 0 {
        let text = format!("{run} made nothing: no account had anything to bill");
        let about = (&*run.to_string(), &*text);
        notice::alarm(tx, NoticeLevel::Warning, about, &format!("nothing {run}"), &owner)?;
    }
    if !row.params.auto_post || row.status != BillRunStatus::Completed {
        return Ok(());
    }
    let config = settings::load(tx)?;
    let stops = guards(tx, &row, &config)?;
    if stops.is_empty() {
        posting::start_in(tx, &What::Run(run), None)?;
        return Ok(());
    }
    let why = format!("did not post by itself: {}", stops.join("; "));
    bill_run::set_note(tx, run, &why)?;
    let text = format!("{run} {why}");
    let about = (&*run.to_string(), &*text);
    notice::alarm(tx, NoticeLevel::Task, about, &format!("guard {run}"), &owner)?;
    Ok(())
}

/// Every reason why a run must not post by itself.
fn guards(tx: &Tx<'_>, row: &BillRunRow, config: &Config) -> Result<Vec<String>, Error> {
    let mut stops = Vec::new();
    if !config.is(key::AUTOMATION_AUTO_POST) {
        stops.push("the rule Support bill run auto-post is off".to_owned());
    }
    let allowed = config.int(key::AUTOMATION_GUARD_FAILED_ACCOUNTS);
    if row.accounts_failed > allowed {
        stops.push(format!("{} accounts failed ({allowed} allowed)", row.accounts_failed));
    }
    let Some(codes) = config::flags(config.get(key::AUTOMATION_STOP_FLAGS)) else {
        stops.push("automation.stop_flags names a flag that there is not".to_owned());
        return Ok(stops);
    };
    for code in codes {
        let count = bill_run::flagged_with(tx, row.id, code)?;
        if count > 0 {
            stops.push(format!("{count} drafts are flagged {code}"));
        }
    }
    let Some(base) = bill_run::last_like(tx, row)? else {
        stops.push("there is no earlier cycle to compare with".to_owned());
        return Ok(stops);
    };
    let percent = config.decimal(key::AUTOMATION_GUARD_PERCENT).unwrap_or_default();
    let (now, then) = (bill_run::totals(tx, row.id)?, bill_run::totals(tx, base)?);
    stops.extend(compare(&now, &then, percent, base));
    let (zero, before) = (bill_run::zero_totals(tx, row.id)?, bill_run::zero_totals(tx, base)?);
    if off_by(zero, before, percent) {
        stops.push(format!("{zero} zero totals, {before} in {base}"));
    }
    Ok(stops)
}

/// Currencies whose count or total is off the last cycle by more than `percent`.
fn compare(
    now: &[(Currency, RunTotal)],
    then: &[(Currency, RunTotal)],
    percent: Decimal,
    base: BillRunId,
) -> Vec<String> {
    let of = |list: &[(Currency, RunTotal)], currency: Currency| {
        list.iter().find(|(c, _)| *c == currency).map(|(_, t)| *t).unwrap_or_default()
    };
    let mut currencies: Vec<Currency> = now.iter().chain(then).map(|(c, _)| *c).collect();
    currencies.sort_unstable_by_key(|c| c.code());
    currencies.dedup();
    let mut stops = Vec::new();
    for currency in currencies {
        let (a, b) = (of(now, currency), of(then, currency));
        if off_by(a.documents, b.documents, percent) {
            stops.push(format!("{} {currency} documents, {} in {base}", a.documents, b.documents));
        }
        if off_by(a.total_minor, b.total_minor, percent) {
            stops.push(format!(
                "{} {currency} in all, {} in {base}",
                currency.grouped(a.total_minor),
                currency.grouped(b.total_minor)
            ));
        }
    }
    stops
}

/// Whether `now` is more than `percent` away from `then`.
fn off_by(now: i64, then: i64, percent: Decimal) -> bool {
    // What is allowed beyond every number is allowed.
    let allowed = Decimal::from(then.abs())
        .checked_mul(percent)
        .map_or(Decimal::MAX, |allowed| allowed / Decimal::ONE_HUNDRED);
    Decimal::from(now - then).abs() > allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_may_be_off_by_the_percent_and_no_more() {
        let thirty = Decimal::from(30);
        for (now, then, off) in [
            (130, 100, false),
            (131, 100, true),
            (70, 100, false),
            (69, 100, true),
            (0, 0, false),
            (1, 0, true),
            (-130, -100, false),
        ] {
            assert_eq!(off_by(now, then, thirty), off, "{now} {then}");
        }
    }
}
