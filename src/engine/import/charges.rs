//! charges.csv against the book.

use super::accounts::first_unbilled;
use super::again;
use super::facts::RowDeed;
use super::names::{CHARGES, Memory, Names, SUBSCRIPTIONS};
use super::plan::{ALWAYS, Change, Findings, Merge, differences, mark_stale, of_line};
use super::second::Judged;
use crate::domain::account::{Version, newest, version_on};
use crate::domain::charge::{BillingPeriod, ChargeTerms, ChargeType, Model};
use crate::domain::money::Currency;
use crate::domain::withdrawn;
use crate::import::charge::{ChargeColumns, ChargeRow, check, fields, overlay};
use crate::import::header::Columns as _;
use crate::import::{Fault, Row, Table};
use crate::store::charge::{ChargeRef, NewCharge};
use crate::store::deed::{DeedKind, NewDeed};
use crate::store::subscription::SubscriptionRef;
use crate::store::{Db, StoreError, Tx, account, charge, conversion, stale, subscription};
use chrono::NaiveDate;
use std::borrow::Cow;

/// New charges, and new versions of known ones.
pub struct Plan<'r> {
    new: Vec<(&'r ChargeRow, Cow<'r, ChargeTerms>, SubscriptionRef)>,
    amended: Vec<Amended>,
    findings: Findings,
}

struct Amended {
    line: u64,
    charge: ChargeRef,
    terms: ChargeTerms,
    from: NaiveDate,
    /// Whether dates changed, which hold for the whole time line and not from `from`.
    dates: bool,
    changes: Vec<Change>,
}

impl<'r> Plan<'r> {
    fn take(
        &mut self,
        row: &'r Row<ChargeRow>,
        terms: Cow<'r, ChargeTerms>,
        owner: SubscriptionRef,
    ) {
        self.findings.comes();
        self.new.push((&row.value, terms, owner));
    }
}

/// Compares each row with the book.
pub fn plan<'r>(
    db: &Db<'_>,
    table: &'r Table<ChargeColumns, ChargeRow>,
    memory: &mut Memory<'_>,
) -> Result<Plan<'r>, StoreError> {
    let (mut subscriptions, mut known) = (Names::of(&SUBSCRIPTIONS), Names::of(&CHARGES));
    let (complete, mut last) = (table.columns.complete(), None);
    let mut plan = Plan { new: Vec::new(), amended: Vec::new(), findings: Findings::default() };
    let same = if memory.new.is_some() { Vec::new() } else { again::charges(db, table)? };
    for (at, row) in table.rows.iter().enumerate() {
        plan.findings.begin();
        if same.get(at).is_some_and(Option::is_some) {
            plan.findings.counts.same += 1;
            continue;
        }
        let (number, own) = (&row.value.subscription_number, &row.value.charge_number);
        let found = if memory.is_new(at) { None } else { known.get(db, own)? };
        let owner = match found {
            Some(found) if !table.columns.subscription_number.given() => {
                subscription::get(db, found.subscription)?
            }
            Some(_) | None => subscriptions.get(db, number)?,
        };
        let Some(owner) = owner else {
            let fault = match complete.clone() {
                Err(fault) => fault,
                Ok(()) => {
                    let named = ("subscription_number", number.as_str());
                    memory.named.unknown(db, &SUBSCRIPTIONS, named)?
                }
            };
            plan.findings.refused.push(row.refuse(fault));
            continue;
        };
        let taken = match found {
            None if memory.is_new(at) => {
                plan.take(row, completed(&row.value.terms), owner);
                Ok(())
            }
            None => {
                let currency = match last {
                    Some((account, currency)) if account == owner.account => currency,
                    _ => account::owes(db, owner.account)?.1,
                };
                last = Some((owner.account, currency));
                memory
                    .claim(db, &CHARGES, "charge_number", own)?
                    .and_then(|()| complete.clone())
                    .and_then(|()| take_new(&mut plan, row, owner, currency))
            }
            Some(found) => {
                let about = (owner, found, memory.quiet);
                take_known(db, &mut plan, &table.columns, row, about)?
            }
        };
        if let Err(fault) = taken {
            plan.findings.refused.push(row.refuse(fault));
        }
    }
    Ok(plan)
}

fn take_new<'r>(
    plan: &mut Plan<'r>,
    row: &'r Row<ChargeRow>,
    owner: SubscriptionRef,
    currency: Currency,
) -> Result<(), Fault> {
    let terms = completed(&row.value.terms);
    let start_on = terms.start_on.unwrap_or(owner.start_on);
    check(&terms, start_on)?;
    if let Some(gone) = withdrawn::on(currency, start_on) {
        let hint = format!(
            "daybook currency convert {} {} moves accounts and prices",
            gone.code, gone.successor
        );
        let message = format!("{gone}: the account's currency takes no new charge");
        return Err(Fault::new("start_date", &start_on.to_string(), message, hint));
    }
    plan.take(row, terms, owner);
    Ok(())
}

/// A percentage is of the lines it meets and needs no period of its own; it gets the usual one.
fn completed(terms: &ChargeTerms) -> Cow<'_, ChargeTerms> {
    if terms.model == Model::DiscountPercent
        && terms.charge_type != ChargeType::OneTime
        && terms.billing_period.is_none()
    {
        let billing_period = Some(BillingPeriod::Months(1));
        return Cow::Owned(ChargeTerms { billing_period, ..terms.clone() });
    }
    Cow::Borrowed(terms)
}

fn take_known(
    db: &Db<'_>,
    plan: &mut Plan<'_>,
    columns: &ChargeColumns,
    row: &Row<ChargeRow>,
    (owner, found, quiet): (SubscriptionRef, ChargeRef, bool),
) -> Result<Result<(), Fault>, StoreError> {
    let value = &row.value;
    if found.subscription != owner.id {
        let message = "the charge belongs to another subscription";
        let hint = "end it there and make a new charge";
        let number = &value.subscription_number;
        return Ok(Err(Fault::new("subscription_number", number, message, hint)));
    }
    let versions = charge::versions(db, found.id)?;
    let unbilled = match value.effective_from {
        Some(day) => day,
        None => first_unbilled(&versions, charge::billed_through(db, found.id)?),
    };
    let Some((held, held_from)) = held_on(&versions, unbilled) else {
        return Err(StoreError::Corrupt(format!("charge {} has no version", value.charge_number)));
    };
    let terms = completed(&overlay(columns, &held, &value.terms)).into_owned();
    if terms == held {
        plan.findings.counts.same += 1;
        return Ok(Ok(()));
    }
    if let Err(fault) = check(&terms, terms.start_on.unwrap_or(owner.start_on)) {
        return Ok(Err(fault));
    }
    if value.effective_from.is_none()
        && let Some(fault) = former(db, found, &held, &terms)?
    {
        return Ok(Err(fault));
    }
    let billed = charge::is_billed(db, found.id)?;
    if billed && terms.charge_type != held.charge_type {
        let message = format!("the charge was billed as {}", held.charge_type);
        let hint = "end it and make a new charge";
        return Ok(Err(Fault::new("type", terms.charge_type.as_str(), message, hint)));
    }
    let from = if value.effective_from.is_some() { unbilled } else { unbilled.max(held_from) };
    let changes = differences(&value.charge_number, fields(&held), fields(&terms), from);
    let changes = of_line(row.line, changes);
    plan.findings.amends();
    plan.findings.billed_charges += u64::from(billed);
    plan.findings.changes.extend_from_slice(&changes);
    if !quiet && charge::reprices(db, found.id, &terms)? {
        let (number, currency, _) = account::owes(db, found.account)?;
        let deed = NewDeed::new(found.account, DeedKind::Price, 0, currency);
        let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let what = format!("{number} {}", words.join(", "));
        plan.findings.deeds.push(RowDeed {
            line: row.line,
            span: row.span,
            new: false,
            deed,
            what,
        });
    }
    let dates = dates(&terms) != dates(&held);
    plan.amended.push(Amended { line: row.line, charge: found, terms, from, dates, changes });
    Ok(Ok(()))
}

/// A file from before the conversion names prices of the old currency: they are not taken one for one.
fn former(
    db: &Db<'_>,
    charge: ChargeRef,
    held: &ChargeTerms,
    terms: &ChargeTerms,
) -> Result<Option<Fault>, StoreError> {
    let was = conversion::former_prices(db, charge.id)?;
    let old = was.iter().find_map(|f| {
        let price = terms.price != held.price && f.price == terms.price;
        let tiers = terms.tiers != held.tiers && f.tiers == terms.tiers;
        let beyond =
            terms.overage_price != held.overage_price && f.overage_price == terms.overage_price;
        let columns = [(price, "price"), (tiers, "tiers"), (beyond, "overage_price")];
        columns.iter().find(|(same, _)| *same).map(|(_, column)| (*column, f.currency))
    });
    let Some((column, currency)) = old else { return Ok(None) };
    let (_, now, _) = account::owes(db, charge.account)?;
    Ok(Some(Fault::new(
        column,
        &terms.price.to_string(),
        format!("is what it cost in {currency}; the account is in {now} since"),
        format!(
            "leave it out, or write what it costs in {now}; one that is the same by chance takes an effective_from"
        ),
    )))
}

fn dates(terms: &ChargeTerms) -> [Option<NaiveDate>; 3] {
    [terms.start_on, terms.end_on, terms.billed_through]
}

/// What holds on a day: the priced terms of the version in force then, with the dates that were
/// recorded last, since those rule the whole time line.
fn held_on(versions: &[Version<ChargeTerms>], day: NaiveDate) -> Option<(ChargeTerms, NaiveDate)> {
    let priced = version_on(versions, day)?;
    let dated = newest(versions)?;
    let terms = ChargeTerms {
        start_on: dated.terms.start_on,
        end_on: dated.terms.end_on,
        billed_through: dated.terms.billed_through,
        ..priced.terms.clone()
    };
    Some((terms, priced.effective_from))
}

impl Merge for Plan<'_> {
    fn findings(&self) -> &Findings {
        &self.findings
    }

    fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    fn merge(&self, tx: &Tx<'_>, _import_id: i64, judged: &Judged) -> Result<(), StoreError> {
        let new = self.new.iter().map(|(row, terms, owner)| NewCharge {
            number: &row.charge_number,
            subscription: owner.id,
            account: owner.account,
            terms,
            effective_from: row.effective_from.unwrap_or(ALWAYS),
        });
        charge::insert_many(tx, &new.collect::<Vec<_>>())?;
        for amended in &self.amended {
            if !judged.lets(tx, amended.line) {
                continue;
            }
            let ChargeRef { id, account, .. } = amended.charge;
            charge::amend(tx, id, &amended.terms, amended.from)?;
            let since = if amended.dates { ALWAYS } else { amended.from };
            let drafts = stale::drafts_of_charge(tx, account, id, since)?;
            mark_stale(tx, drafts, &amended.changes)?;
        }
        Ok(())
    }
}
