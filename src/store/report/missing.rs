//! What should be billed and is not: subscriptions without a charge, charges that nobody billed in the last
//! cycle, what ended without a last bill, and suspensions that were forgotten.

use super::base::{Take, only};
use crate::domain::charge::BillingPeriod;
use crate::domain::report::{Asked, Summary};
use crate::store::{Db, StoreError, account};
use chrono::{Days, Months, NaiveDate};

/// So long a suspension may stand without a day on which it ends, days.
const SUSPENDED: i64 = 60;

/// The newest version of a thing, of those in force on ?1.
fn newest(table: &str, key: &str) -> String {
    format!(
        "(SELECT w.id FROM {table} w WHERE w.{key} AND (w.seq = 1 OR w.effective_from_on <= ?1)
          ORDER BY CASE WHEN w.seq = 1 THEN '' ELSE w.effective_from_on END DESC, w.seq DESC LIMIT 1)"
    )
}

/// A charge as it is sold and billed.
struct Sold {
    account: String,
    subscription: String,
    charge: String,
    kind: String,
    period: String,
    start: NaiveDate,
    end: Option<NaiveDate>,
    suspended: Option<NaiveDate>,
    resumed: Option<NaiveDate>,
    billed: Option<NaiveDate>,
}

/// Reads it.
pub fn read(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let mut found: Vec<(String, String, String, String)> = Vec::new();
    subscriptions(db, asked, &mut found)?;
    let sql = format!(
        "SELECT a.number, s.number, c.number, cv.type, cv.billing_period,
                max(coalesce(cv.start_on, sv.start_on), sv.start_on),
                nullif(min(coalesce(cv.end_on, '9999-12-31'), coalesce(sv.end_on, '9999-12-31')), '9999-12-31'),
                sv.suspended_from_on, sv.resumed_from_on,
                nullif(max(coalesce((SELECT max(k.to_on) FROM claim k WHERE k.charge_id = c.id), ''),
                  coalesce(cv.billed_through_on, '')), '')
         FROM charge c JOIN subscription s ON s.id = c.subscription_id
         JOIN account a ON a.id = c.account_id
         JOIN account_version v ON v.id = {}
         JOIN subscription_version sv ON sv.id = {}
         JOIN charge_version cv ON cv.id = {}
         WHERE v.status <> 'canceled' AND cv.type <> 'usage'
           AND cv.model NOT IN ('discount_percent','discount_fixed'){}",
        account::in_force("c.account_id", "?1"),
        newest("subscription_version", "subscription_id = s.id"),
        newest("charge_version", "charge_id = c.id"),
        only(asked, "a.currency")
    );
    db.each(&sql, [asked.to], |r| {
        let sold = Sold {
            account: r.get(0)?,
            subscription: r.get(1)?,
            charge: r.get(2)?,
            kind: r.get(3)?,
            period: r.get(4)?,
            start: r.get(5)?,
            end: r.get(6)?,
            suspended: r.get(7)?,
            resumed: r.get(8)?,
            billed: r.get(9)?,
        };
        if let Some(why) = why(&sold, asked.to) {
            found.push((sold.account, sold.subscription, sold.charge, why));
        }
        Ok(())
    })?;
    found.sort();
    for (account, subscription, charge, why) in found {
        take(vec![
            asked.to.into(),
            account.into(),
            subscription.into(),
            charge.into(),
            why.into(),
        ])?;
    }
    Ok(Summary::default())
}

/// Subscriptions that have no charge, or were suspended and forgotten.
fn subscriptions(
    db: &Db<'_>,
    asked: &Asked,
    found: &mut Vec<(String, String, String, String)>,
) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT a.number, s.number, sv.suspended_from_on, sv.resumed_from_on,
                EXISTS (SELECT 1 FROM charge c WHERE c.subscription_id = s.id)
         FROM subscription s JOIN account a ON a.id = s.account_id
         JOIN account_version v ON v.id = {}
         JOIN subscription_version sv ON sv.id = {}
         WHERE v.status <> 'canceled' AND sv.start_on <= ?1 AND coalesce(sv.end_on, '9999-12-31') >= ?1{}",
        account::in_force("s.account_id", "?1"),
        newest("subscription_version", "subscription_id = s.id"),
        only(asked, "a.currency")
    );
    db.each(&sql, [asked.to], |r| {
        let mut add = |why: String| -> Result<(), StoreError> {
            found.push((r.get(0)?, r.get(1)?, String::new(), why));
            Ok(())
        };
        let since: Option<NaiveDate> = r.get(2)?;
        let resumed: Option<NaiveDate> = r.get(3)?;
        if !r.get::<bool>(4)? {
            add("it has no charge".to_owned())?;
        }
        if let Some(since) = since.filter(|since| resumed.is_none() && *since <= asked.to) {
            let days = (asked.to - since).num_days();
            if days > SUSPENDED {
                add(format!("suspended since {since}, {days} days, and no day to resume"))?;
            }
        }
        Ok(())
    })
}

/// Why a charge should have been billed by a day and was not.
fn why(sold: &Sold, on: NaiveDate) -> Option<String> {
    let suspended = sold
        .suspended
        .is_some_and(|from| from <= on && sold.resumed.is_none_or(|resumed| resumed > on));
    if suspended || sold.start > on {
        return None;
    }
    if sold.kind == "one_time" {
        return sold
            .billed
            .is_none()
            .then(|| format!("to be billed on {}, and never was", sold.start));
    }
    if let Some(end) = sold.end.filter(|end| *end < on) {
        return match sold.billed {
            Some(billed) if billed >= end => None,
            Some(billed) => Some(format!("ended on {end}, billed to {billed}")),
            None if end < sold.start => None,
            None => Some(format!("ended on {end}, and never was billed")),
        };
    }
    let begins = cycle_before(&sold.period, on)?;
    match sold.billed {
        Some(billed) if billed > begins => None,
        Some(billed) => Some(format!("no bill in the last cycle: billed to {billed}")),
        None if sold.start <= begins => Some("never billed".to_owned()),
        None => None,
    }
}

/// The day one billing period before another; none of a period that nobody knows.
fn cycle_before(period: &str, on: NaiveDate) -> Option<NaiveDate> {
    match BillingPeriod::parse(period)? {
        BillingPeriod::Months(months) => on.checked_sub_months(Months::new(months)),
        BillingPeriod::Weeks(weeks) => on.checked_sub_days(Days::new(u64::from(weeks) * 7)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_charge_is_missing_once_a_whole_cycle_passed_it_by() {
        let sold = |billed: Option<&str>, end: Option<&str>| Sold {
            account: String::new(),
            subscription: String::new(),
            charge: String::new(),
            kind: "recurring".to_owned(),
            period: "month".to_owned(),
            start: day("2026-01-01"),
            end: end.map(day),
            suspended: None,
            resumed: None,
            billed: billed.map(day),
        };
        for (billed, end, on, missing) in [
            (Some("2026-10-31"), None, "2026-11-30", false),
            (Some("2026-10-31"), None, "2026-12-01", true),
            (Some("2026-11-30"), None, "2026-11-30", false),
            (None, None, "2026-01-20", false),
            (None, None, "2026-02-01", true),
            (Some("2026-06-30"), Some("2026-07-15"), "2026-08-01", true),
            (Some("2026-07-15"), Some("2026-07-15"), "2026-08-01", false),
        ] {
            let said = why(&sold(billed, end), day(on));
            assert_eq!(said.is_some(), missing, "{billed:?} {end:?} {on}: {said:?}");
        }
        let suspended = Sold { suspended: Some(day("2026-02-01")), ..sold(None, None) };
        assert_eq!(why(&suspended, day("2026-06-01")), None);
    }
}
