//! charges.csv

use super::field::{Cells, Fault, MAX_LONG, MAX_TEXT, Slot};
use super::header::columns;
use super::row::FromRow;
use crate::domain::charge::{
    Alignment, BillingDay, BillingPeriod, ChargeTerms, ChargeType, DiscountLevel, Model, PriceBase,
    Tier, Timing, parse_tiers, write_tiers,
};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use std::borrow::Cow;

columns! {
    /// Columns of charges.csv.
    ChargeColumns {
        charge_number = "charge_number" Required,
        subscription_number = "subscription_number" New,
        name = "name" New,
        charge_type = "type" New,
        model = "model" New,
        price = "price" New,
        plan = "plan" Optional,
        quantity = "quantity" Optional,
        uom = "uom" Optional,
        billing_period = "billing_period" Optional,
        timing = "timing" Optional,
        billing_day = "billing_day" Optional,
        alignment = "alignment" Optional,
        price_base = "price_base" Optional,
        start_date = "start_date" Optional,
        end_date = "end_date" Optional,
        billed_through = "billed_through" Optional,
        tiers = "tiers" Optional,
        package_size = "package_size" Optional,
        included_units = "included_units" Optional,
        overage_price = "overage_price" Optional,
        discount_level = "discount_level" Optional,
        stacked = "stacked" Optional,
        tax_code = "tax_code" Optional,
        revenue_account = "revenue_account" Optional,
        effective_from = "effective_from" Optional,
    }
}

/// One row of charges.csv; columns left out have their defaults here (see [`overlay`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRow {
    /// The natural key.
    pub charge_number: String,
    /// The subscription it belongs to; may not change. Empty when the file leaves it out.
    pub subscription_number: String,
    /// Everything else.
    pub terms: ChargeTerms,
    /// First day of these terms, when given.
    pub effective_from: Option<NaiveDate>,
}

impl FromRow for ChargeRow {
    type Columns = ChargeColumns;
    const KEY_COLUMN: &'static str = "charge_number";

    fn key_slots(c: &ChargeColumns) -> (Slot, Option<Slot>) {
        (c.charge_number, None)
    }

    fn key(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.charge_number))
    }

    fn read(c: &ChargeColumns, cells: &Cells<'_>) -> Result<Self, Fault> {
        let model = if c.model.given() {
            Some(cells.word(c.model, Model::parse, Model::words, None)?)
        } else {
            None
        };
        let price = match model {
            Some(Model::Tiered | Model::Volume | Model::TieredOverage | Model::Overage) => {
                cells.optional_decimal(c.price)?.unwrap_or_default()
            }
            Some(
                Model::Flat
                | Model::PerUnit
                | Model::Package
                | Model::DiscountPercent
                | Model::DiscountFixed,
            )
            | None => {
                if c.price.given() {
                    cells.decimal(c.price)?
                } else {
                    Decimal::ZERO
                }
            }
        };
        let model = model.unwrap_or(Model::Flat);
        Ok(Self {
            charge_number: cells.key(c.charge_number)?,
            subscription_number: if c.subscription_number.given() {
                cells.key(c.subscription_number)?
            } else {
                String::new()
            },
            terms: terms(c, cells, model, price)?,
            effective_from: cells.optional_date(c.effective_from)?,
        })
    }
}

fn terms(
    c: &ChargeColumns,
    cells: &Cells<'_>,
    model: Model,
    price: Decimal,
) -> Result<ChargeTerms, Fault> {
    let any = if c.charge_type.given() { None } else { Some(ChargeType::Recurring) };
    let charge_type = cells.word(c.charge_type, ChargeType::parse, ChargeType::words, any)?;
    let default_timing = match charge_type {
        ChargeType::Usage => Timing::Arrears,
        ChargeType::OneTime | ChargeType::Recurring => Timing::Advance,
    };
    Ok(ChargeTerms {
        name: cells.required_if_given(c.name, MAX_TEXT)?,
        plan: cells.text(c.plan, MAX_TEXT)?,
        charge_type,
        model,
        price,
        quantity: cells.optional_decimal(c.quantity)?.unwrap_or(Decimal::ONE),
        uom: cells.text(c.uom, MAX_TEXT)?,
        billing_period: billing_period(c, cells)?,
        timing: cells.word(c.timing, Timing::parse, Timing::words, Some(default_timing))?,
        billing_day: billing_day(c, cells)?,
        alignment: cells.word(
            c.alignment,
            Alignment::parse,
            Alignment::words,
            Some(Alignment::Charge),
        )?,
        price_base: cells.word(
            c.price_base,
            PriceBase::parse,
            PriceBase::words,
            Some(PriceBase::Period),
        )?,
        start_on: cells.optional_date(c.start_date)?,
        end_on: cells.optional_date(c.end_date)?,
        billed_through: cells.optional_date(c.billed_through)?,
        tiers: tiers(c, cells)?,
        package_size: cells.not_negative(c.package_size)?,
        included_units: cells.not_negative(c.included_units)?,
        overage_price: cells.optional_decimal(c.overage_price)?,
        discount_level: cells.word(
            c.discount_level,
            DiscountLevel::parse,
            DiscountLevel::words,
            Some(DiscountLevel::Plan),
        )?,
        stacked: cells.boolean(c.stacked)?,
        tax_code: cells.optional_key(c.tax_code)?,
        revenue_account: cells.text(c.revenue_account, MAX_TEXT)?,
    })
}

fn billing_period(c: &ChargeColumns, cells: &Cells<'_>) -> Result<Option<BillingPeriod>, Fault> {
    let text = cells.raw(c.billing_period)?;
    if text.is_empty() {
        return Ok(None);
    }
    BillingPeriod::parse(&text).map(Some).ok_or_else(|| {
        let hint = "use week, month, quarter, half-year, year, N months or N weeks";
        Fault::new(c.billing_period.name, &text, "is not a billing period", hint)
    })
}

fn billing_day(c: &ChargeColumns, cells: &Cells<'_>) -> Result<BillingDay, Fault> {
    let text = cells.raw(c.billing_day)?;
    BillingDay::parse(&text).ok_or_else(|| {
        let hint = "use 1 to 31, monday to sunday, charge_start, subscription_start, term_start, \
                    or leave it empty for the account's";
        Fault::new(c.billing_day.name, &text, "is not a billing day", hint)
    })
}

fn tiers(c: &ChargeColumns, cells: &Cells<'_>) -> Result<Vec<Tier>, Fault> {
    let text = cells.text(c.tiers, MAX_LONG)?;
    parse_tiers(&text).map_err(|error| {
        let hint = "write from-to@price+fee, rising, as in 0-10@10+2;11-20@5+3;21-@5+3";
        Fault::new(c.tiers.name, &text, error.to_string(), hint)
    })
}

/// What the charge is after the import: given columns from the row, the others as they were.
pub fn overlay(c: &ChargeColumns, old: &ChargeTerms, row: &ChargeTerms) -> ChargeTerms {
    let row = row.clone();
    /// Takes the new value when the file has the column.
    macro_rules! pick {
        ($($field:ident: $column:ident),+) => {
            ChargeTerms {
                $($field: if c.$column.given() { row.$field } else { old.$field.clone() }),+
            }
        };
    }
    pick!(
        name: name, charge_type: charge_type, model: model, price: price,
        plan: plan, quantity: quantity, uom: uom, billing_period: billing_period, timing: timing,
        billing_day: billing_day, alignment: alignment, price_base: price_base,
        start_on: start_date, end_on: end_date, billed_through: billed_through, tiers: tiers,
        package_size: package_size, included_units: included_units, overage_price: overage_price,
        discount_level: discount_level, stacked: stacked, tax_code: tax_code,
        revenue_account: revenue_account
    )
}

/// Whether the terms of a charge make sense together. `start_on` is the day it starts, its own
/// or the subscription's.
pub fn check(terms: &ChargeTerms, start_on: NaiveDate) -> Result<(), Fault> {
    if let Some(end) = terms.end_on.filter(|end| *end < start_on) {
        let message = format!("the end is before the start ({start_on})");
        let hint = "give a day on or after the start, or leave it empty";
        return Err(Fault::new("end_date", &end.to_string(), message, hint));
    }
    check_model(terms)?;
    check_periods(terms)
}

fn needs(column: &str, what: &str) -> Fault {
    Fault::new(column, "", format!("is empty and {what} needs it"), "fill it in")
}

fn check_model(terms: &ChargeTerms) -> Result<(), Fault> {
    let overage = terms.overage_price.is_none().then_some("overage_price");
    let tiers = terms.tiers.is_empty().then_some("tiers");
    let empty = match terms.model {
        Model::Flat | Model::PerUnit | Model::DiscountPercent | Model::DiscountFixed => None,
        Model::Tiered | Model::Volume => tiers,
        Model::TieredOverage => tiers.or(overage),
        Model::Overage => overage,
        Model::Package => terms.package_size.is_none().then_some("package_size"),
    };
    if let Some(column) = empty {
        return Err(needs(column, &format!("the model {}", terms.model)));
    }
    let price = terms.price;
    let refuse =
        |message: &str, hint: &str| Err(Fault::new("price", &price.to_string(), message, hint));
    if terms.model.is_discount() && price < Decimal::ZERO {
        return refuse("is negative", "give what is taken off as a positive number");
    }
    if terms.model == Model::DiscountPercent && price > Decimal::ONE_HUNDRED {
        return refuse("is not a percentage", "give 0 to 100");
    }
    if terms.model == Model::Package && terms.package_size.is_some_and(|size| size.is_zero()) {
        let hint = "give the units in one package";
        return Err(Fault::new("package_size", "0", "a package holds no units", hint));
    }
    Ok(())
}

fn check_periods(terms: &ChargeTerms) -> Result<(), Fault> {
    let what = format!("a {} charge", terms.charge_type);
    match terms.charge_type {
        ChargeType::OneTime => return Ok(()),
        ChargeType::Usage if terms.uom.is_empty() && !terms.model.is_discount() => {
            return Err(needs("uom", &what));
        }
        ChargeType::Usage | ChargeType::Recurring => {}
    }
    let day = terms.billing_day;
    match (terms.billing_period, day) {
        (None, _) => Err(needs("billing_period", &what)),
        (Some(BillingPeriod::Months(_)), BillingDay::OfWeek(_)) => Err(Fault::new(
            "billing_day",
            &day.to_string(),
            "is a weekday and the period is of months",
            "give 1 to 31, or a period of weeks",
        )),
        (Some(BillingPeriod::Weeks(_)), BillingDay::OfMonth(_)) => Err(Fault::new(
            "billing_day",
            &day.to_string(),
            "is a day of the month and the period is of weeks",
            "give monday to sunday, or a period of months",
        )),
        (Some(_), _) => Ok(()),
    }
}

/// Every column with its text, for saying what an import changes.
pub fn fields(terms: &ChargeTerms) -> Vec<(&'static str, String)> {
    let day = |d: Option<NaiveDate>| d.map(|d| d.to_string()).unwrap_or_default();
    let number = |d: Option<Decimal>| d.map(|d| d.normalize().to_string()).unwrap_or_default();
    vec![
        ("name", terms.name.clone()),
        ("plan", terms.plan.clone()),
        ("type", terms.charge_type.to_string()),
        ("model", terms.model.to_string()),
        ("price", number(Some(terms.price))),
        ("quantity", number(Some(terms.quantity))),
        ("uom", terms.uom.clone()),
        ("billing_period", terms.billing_period.map(|p| p.to_string()).unwrap_or_default()),
        ("timing", terms.timing.to_string()),
        ("billing_day", terms.billing_day.to_string()),
        ("alignment", terms.alignment.to_string()),
        ("price_base", terms.price_base.to_string()),
        ("start_date", day(terms.start_on)),
        ("end_date", day(terms.end_on)),
        ("billed_through", day(terms.billed_through)),
        ("tiers", write_tiers(&terms.tiers)),
        ("package_size", number(terms.package_size)),
        ("included_units", number(terms.included_units)),
        ("overage_price", number(terms.overage_price)),
        ("discount_level", terms.discount_level.to_string()),
        ("stacked", terms.stacked.to_string()),
        ("tax_code", terms.tax_code.clone()),
        ("revenue_account", terms.revenue_account.clone()),
    ]
}
