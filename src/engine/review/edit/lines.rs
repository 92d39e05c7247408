//! Lines of a draft: made by hand, changed, taken out. What a line is discounted by follows it.

use crate::domain::billing::ClaimRole;
use crate::domain::charge::Model;
use crate::domain::explain::{Derivation, How, RecomputeError, rated_minor};
use crate::domain::ids::ItemId;
use crate::engine::Error;
use crate::engine::command::{NewLine, Removed};
use crate::engine::review::edit::totals::{Basis, Told, derivation, derive, said, say};
use crate::engine::review::picked::plain;
use crate::store::Json;
use crate::store::document::Origin;
use crate::store::draft::{DraftImage, LineImage};
use rust_decimal::Decimal;
use std::collections::HashMap;

/// What is changed of a line; none keeps it.
pub struct Set<'a> {
    /// How many.
    pub quantity: Option<Decimal>,
    pub unit_price: Option<Decimal>,
    /// What is printed.
    pub description: Option<&'a str>,
}

fn index(content: &DraftImage, line: u32) -> Result<usize, Error> {
    let at = (line as usize).checked_sub(1).filter(|i| *i < content.lines.len());
    at.ok_or_else(|| {
        Error::usage(
            "no_such_line",
            format!("there is no line {line}"),
            format!("lines 1 to {}", content.lines.len()),
        )
    })
}

fn bad_amount(error: &impl ToString) -> Error {
    Error::usage("bad_amount", error.to_string(), "check quantity and price")
}

/// Adds a line made by hand; on a credit memo its amount is given back.
pub fn add(content: &mut DraftImage, new: &NewLine, basis: &Basis) -> Result<Told, Error> {
    let description = plain("the description", new.description.trim())?;
    if description.is_empty() {
        return Err(Error::usage("no_description", "a line needs a description", ""));
    }
    if let (Some(from), Some(to)) = (new.service_from, new.service_to)
        && to < from
    {
        return Err(Error::usage(
            "bad_date",
            format!("service ends on {to}, before it begins"),
            "",
        ));
    }
    let exact = new
        .quantity
        .checked_mul(new.unit_price)
        .ok_or_else(|| bad_amount(&"the amount is too large"))?;
    let amount =
        basis.rules.rounding.to_minor(exact, basis.currency).map_err(|e| bad_amount(&e))?;
    let how = Derivation {
        mode: basis.rules.rounding.mode,
        increment: basis.rules.rounding.increment,
        ..Derivation::default()
    };
    let code = new.tax_code.trim();
    let line = LineImage {
        id: ItemId(0),
        charge: None,
        version: None,
        subscription: None,
        target: None,
        corrects: None,
        description: description.to_owned(),
        service_from: new.service_from,
        service_to: new.service_to,
        quantity: new.quantity,
        unit_price: new.unit_price,
        amount_minor: amount,
        gross_minor: None,
        tax_code: if code.is_empty() { basis.default_code(content) } else { code.to_owned() },
        revenue_account: String::new(),
        origin: Origin::Hand,
        derivation: Json::of(&how)?,
        claims: Vec::new(),
        usage: Vec::new(),
    };
    content.lines.push(line);
    let shown =
        format!("{description}, {} × {}", new.quantity.normalize(), new.unit_price.normalize());
    Ok(Told::new(format!("line {} added", content.lines.len()), "", shown))
}

/// Changes a line; gives what changed.
pub fn set(
    content: &mut DraftImage,
    line: u32,
    set: &Set<'_>,
    basis: &Basis,
) -> Result<Vec<Told>, Error> {
    let at = index(content, line)?;
    let mut told = Vec::new();
    let old = content.lines[at].clone();
    let edited = &mut content.lines[at];
    if let Some(text) = set.description {
        let text = plain("the description", text.trim())?;
        if text.is_empty() {
            return Err(Error::usage("no_description", "a line needs a description", ""));
        }
        told.push(Told::new(format!("line {line} description"), &old.description, text));
        text.clone_into(&mut edited.description);
    }
    if set.quantity.is_some() || set.unit_price.is_some() {
        if let Some(quantity) = set.quantity {
            told.push(Told::new(
                format!("line {line} quantity"),
                old.quantity.normalize(),
                quantity.normalize(),
            ));
        }
        if let Some(price) = set.unit_price {
            told.push(Told::new(
                format!("line {line} price"),
                old.unit_price.normalize(),
                price.normalize(),
            ));
        }
        reprice(edited, set, basis)?;
        let (was, is) = (said(&old), said(edited));
        let amount = |minor| basis.currency.plain(minor);
        told.push(Told::new(format!("line {line} amount"), amount(was), amount(is)));
        discounts_follow(content, at, was, is, basis)?;
    }
    if told.is_empty() {
        return Err(Error::usage(
            "no_change",
            format!("line {line}: nothing to change"),
            "--set quantity=, unit_price= or description=",
        ));
    }
    if content.lines[at].origin == Origin::Run {
        content.lines[at].origin = Origin::Edited;
    }
    Ok(told)
}

/// The new amount. A rated line keeps its share of the period and its tiers; where a price cannot
/// stand beside the model (tiers, discounts, credits) the line becomes quantity × price by hand.
fn reprice(line: &mut LineImage, set: &Set<'_>, basis: &Basis) -> Result<(), Error> {
    let quantity = set.quantity.unwrap_or(line.quantity);
    let price = set.unit_price.unwrap_or(line.unit_price);
    let mut how = derivation(line)?;
    let rounding = how.rounding();
    let minor = if rerated(&mut how, set, quantity)
        && let How::Rated(rated) = &how.how
    {
        let groups = rated.groups.as_slice();
        let whole = rated_minor(&rated.price(), groups, &rated.share, &rounding, basis.currency)
            .map_err(|e: RecomputeError| bad_amount(&e))?;
        whole - rated.earlier_minor
    } else {
        how.how = How::ByHand;
        let exact =
            quantity.checked_mul(price).ok_or_else(|| bad_amount(&"the amount is too large"))?;
        rounding.to_minor(exact, basis.currency).map_err(|e| bad_amount(&e))?
    };
    line.quantity = quantity;
    line.unit_price = price;
    derive(line, &how)?;
    say(line, minor);
    Ok(())
}

/// Puts a new quantity or price into the derivation of a rated line; false where its model cannot
/// take it.
fn rerated(how: &mut Derivation, set: &Set<'_>, quantity: Decimal) -> bool {
    let How::Rated(rated) = &mut how.how else { return false };
    match (rated.model, set.unit_price) {
        (Model::Flat | Model::PerUnit, price) => {
            if rated.model == Model::Flat && set.quantity.is_some() {
                // A flat price for a number of them is a price of one.
                rated.model = Model::PerUnit;
            }
            rated.price = price.unwrap_or(rated.price);
        }
        (Model::Package, Some(price)) => rated.price = price,
        (
            Model::Tiered
            | Model::Volume
            | Model::Package
            | Model::Overage
            | Model::TieredOverage
            | Model::DiscountPercent
            | Model::DiscountFixed,
            None,
        ) => {}
        (
            Model::Tiered
            | Model::Volume
            | Model::Overage
            | Model::TieredOverage
            | Model::DiscountPercent
            | Model::DiscountFixed,
            Some(_),
        ) => return false,
    }
    if set.quantity.is_some() {
        rated.groups = vec![(quantity, 1)];
    }
    true
}

/// Discounts of a changed line are taken again, each of what the ones before it left.
fn discounts_follow(
    content: &mut DraftImage,
    at: usize,
    was: i64,
    is: i64,
    basis: &Basis,
) -> Result<(), Error> {
    let (charge, days) = {
        let line = &content.lines[at];
        (line.charge, (line.service_from, line.service_to))
    };
    if charge.is_none() || was == is {
        return Ok(());
    }
    // What was left at each step before, and what is left now.
    let mut left: HashMap<i64, i64> = HashMap::from([(was, is)]);
    let (mut old, mut new) = (was, is);
    for line in content.lines.iter_mut().filter(|l| l.target == charge) {
        let inside = line.service_from >= days.0 && line.service_to <= days.1;
        if line.origin != Origin::Run || !inside {
            continue;
        }
        let mut how = derivation(line)?;
        let rounding = how.rounding();
        let minor = match &mut how.how {
            How::Percent(percent) => {
                let Some(base) = left.get(&percent.base_minor) else { continue };
                percent.base_minor = *base;
                percent.left_minor = percent.left_minor.map(|_| new);
                percent.minor(&rounding, basis.currency).map_err(|e| bad_amount(&e))?
            }
            How::Fixed(fixed) => {
                fixed.left_minor = new;
                fixed.minor(&rounding, basis.currency).map_err(|e| bad_amount(&e))?
            }
            How::ByHand | How::Rated(_) | How::Credit(_) => continue,
        };
        derive(line, &how)?;
        old += said(line);
        new += minor;
        say(line, minor);
        if line.quantity == Decimal::ONE {
            line.unit_price = basis.currency.to_decimal(minor);
        }
        left.insert(old, new);
    }
    Ok(())
}

/// Takes a line out, and the lines that discount it. Later: its days and usage are billable again.
/// Waive: they count as billed at zero.
pub fn remove(
    content: &mut DraftImage,
    line: u32,
    then: Removed,
    basis: &Basis,
) -> Result<Told, Error> {
    let at = index(content, line)?;
    let gone = content.lines.remove(at);
    let mut all = vec![gone];
    if let Some(charge) = all[0].charge {
        let (mut kept, mut discounts) = (Vec::new(), Vec::new());
        let (from, to) = (all[0].service_from, all[0].service_to);
        for other in content.lines.drain(..) {
            let follows = other.target == Some(charge)
                && other.service_from >= from
                && other.service_to <= to;
            if follows { discounts.push(other) } else { kept.push(other) }
        }
        content.lines = kept;
        all.extend(discounts);
    }
    let shown =
        format!("{}, {}", all[0].description, basis.currency.plain(all.iter().map(said).sum()));
    let word = match then {
        Removed::Later => "billed later",
        Removed::Waive => "waived",
    };
    for line in all {
        if then == Removed::Later || line.charge.is_none() {
            continue;
        }
        if line.claims.iter().any(|c| c.role == ClaimRole::Credited) {
            return Err(Error::usage(
                "credit_line",
                "a line that gives back cannot be waived",
                "take it out with --later, or hold the draft",
            ));
        }
        content.waived.extend(
            line.claims
                .into_iter()
                .map(|c| crate::store::draft::HeldClaim { role: waived(c.role), ..c }),
        );
        content.waived_usage.extend(line.usage);
    }
    Ok(Told::new(format!("line {line} ({word})"), shown, ""))
}

/// Late usage adds to days that are billed: waiving it adds nothing, and its records stay held.
fn waived(role: ClaimRole) -> ClaimRole {
    match role {
        ClaimRole::Late => ClaimRole::Late,
        ClaimRole::Billed | ClaimRole::Waived | ClaimRole::Credited => ClaimRole::Waived,
    }
}
