//! What was billed and is not earned yet: line by line, and in which months it will be.

use super::base::{Take, ledger, only, tie};
use crate::domain::deferral::Deferred;
use crate::domain::ledger::LedgerAccount;
use crate::domain::money::Currency;
use crate::domain::month::Month;
use crate::domain::period::Span;
use crate::domain::report::{Asked, Detail, Summary};
use crate::store::deferral::IS_OVER;
use crate::store::face::Row;
use crate::store::{Db, StoreError, account, word};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// What moved in one currency, minor units.
#[derive(Default)]
struct Moved {
    opening: i64,
    billed: i64,
    credited: i64,
    released: i64,
    left: i64,
}

/// A line as the report has it.
struct Line {
    currency: Currency,
    revenue_account: String,
    account: String,
    document: String,
    position: i64,
    deferred: Deferred,
    /// What was released of it before the first day asked for.
    before_minor: i64,
}

fn line(r: &Row<'_>) -> Result<Line, StoreError> {
    Ok(Line {
        currency: word(r, 0, Currency::parse)?,
        revenue_account: r.get(1)?,
        account: r.get(2)?,
        document: r.get(3)?,
        position: r.get(4)?,
        deferred: Deferred {
            service: Span { from: r.get(5)?, to: r.get(6)? },
            booked_on: r.get(7)?,
            amount_minor: r.get(8)?,
            released_minor: r.get(9)?,
            is_over: r.get(11)?,
        },
        before_minor: r.get(10)?,
    })
}

/// Reads it; summed it is the waterfall: booked in which month, earned in which.
pub fn read(db: &Db<'_>, asked: &Asked, take: Take<'_>) -> Result<Summary, StoreError> {
    let released = |bound: &str| {
        format!(
            "coalesce((SELECT sum(r.amount_minor) FROM deferred_release r
               WHERE r.item_id = l.item_id AND r.released_on {bound}), 0)"
        )
    };
    let sql = format!(
        "SELECT l.currency, l.revenue_account, a.number, d.number, i.position, l.from_on, l.to_on,
                l.booked_on, l.amount_minor, {}, {}, {IS_OVER}
         FROM deferred_line l JOIN account a ON a.id = l.account_id
         JOIN account_version v ON v.id = {} JOIN document d ON d.id = l.document_id
         JOIN document_item i ON i.id = l.item_id WHERE l.booked_on <= ?1{} ORDER BY l.item_id",
        released("<= ?1"),
        released("< ?2"),
        account::in_force("l.account_id", "?1"),
        only(asked, "l.currency")
    );
    let mut moved = BTreeMap::<Currency, Moved>::new();
    let mut waterfall = BTreeMap::<(Currency, Month, Month), i64>::new();
    db.each(&sql, (asked.to, asked.from), |r| {
        let one = line(r)?;
        let Deferred { amount_minor, released_minor, booked_on, .. } = one.deferred;
        let all = moved.entry(one.currency).or_default();
        if booked_on < asked.from {
            all.opening += amount_minor - one.before_minor;
        } else if amount_minor < 0 {
            all.credited -= amount_minor;
        } else {
            all.billed += amount_minor;
        }
        all.released += released_minor - one.before_minor;
        all.left += amount_minor - released_minor;
        for (month, minor) in one.deferred.ahead(asked.to) {
            *waterfall.entry((one.currency, Month::of(booked_on), month)).or_default() += minor;
        }
        if asked.detail == Detail::Rows && amount_minor != released_minor {
            rows(&one, asked.to, take)?;
        }
        Ok(())
    })?;
    waterfall.retain(|_, minor| *minor != 0);
    if asked.detail == Detail::Sums {
        for ((currency, booked, month), minor) in &waterfall {
            take(vec![
                asked.to.into(),
                currency.code().into(),
                booked.to_string().into(),
                month.to_string().into(),
                currency.amount(*minor).into(),
            ])?;
        }
    }
    summary(db, asked, &moved, &waterfall)
}

fn rows(one: &Line, as_of: NaiveDate, take: Take<'_>) -> Result<(), StoreError> {
    let Deferred { amount_minor, released_minor, service, .. } = one.deferred;
    take(vec![
        as_of.into(),
        one.currency.code().into(),
        LedgerAccount::Revenue(one.revenue_account.clone()).to_string().into(),
        one.account.as_str().into(),
        one.document.as_str().into(),
        one.position.into(),
        service.from.into(),
        service.to.into(),
        one.currency.amount(amount_minor).into(),
        one.currency.amount(released_minor).into(),
        one.currency.amount(amount_minor - released_minor).into(),
    ])
}

fn summary(
    db: &Db<'_>,
    asked: &Asked,
    moved: &BTreeMap<Currency, Moved>,
    waterfall: &BTreeMap<(Currency, Month, Month), i64>,
) -> Result<Summary, StoreError> {
    let mut summary = Summary::default();
    let (mut left, mut came) = (BTreeMap::new(), BTreeMap::new());
    for (currency, all) in moved {
        let mut totals = vec![("deferred".to_owned(), all.left)];
        if asked.from != NaiveDate::MIN {
            let Moved { opening, billed, credited, released, .. } = *all;
            let named = [("opening", opening), ("billed", billed), ("credited", credited)];
            totals.extend(named.map(|(name, minor)| (name.to_owned(), minor)));
            totals.push(("released".to_owned(), released));
        }
        summary.totals.insert(*currency, totals);
        summary.by_month.insert(*currency, BTreeMap::new());
        left.insert(*currency, all.left);
        came.insert(*currency, all.opening + all.billed - all.credited - all.released);
    }
    let mut ahead = BTreeMap::<Currency, i64>::new();
    for ((currency, _, month), minor) in waterfall {
        *ahead.entry(*currency).or_default() += minor;
        *summary.by_month.entry(*currency).or_default().entry(*month).or_default() += minor;
    }
    for months in summary.by_month.values_mut() {
        months.retain(|_, minor| *minor != 0);
    }
    if asked.is_whole() {
        let booked = ledger(db, "deferred%", asked.to)?;
        let booked = booked.into_iter().map(|(currency, minor)| (currency, -minor)).collect();
        summary.ties = tie("T8 deferred = opening + billed - credited - released", &left, &came);
        summary.ties.extend(tie("T8 deferred = ledger deferred", &left, &booked));
        summary.ties.extend(tie("T8 waterfall = ledger deferred", &ahead, &booked));
    }
    Ok(summary)
}
