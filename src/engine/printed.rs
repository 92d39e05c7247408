//! A document read from the book as it is printed, or would be.

use super::{Error, speech};
use crate::document::{Fit, Frozen, Key, Layout, Line, Logo, Press, PrintError, Printable, Tongue};
use crate::domain::charge::Model;
use crate::domain::document::{DocumentStatus, DocumentTax};
use crate::domain::explain::{How, Rated};
use crate::domain::ids::DocumentId;
use crate::store::document::{DocumentRow, ItemRow, Origin};
use crate::store::{self, Db, StoreError};

/// A posted document as it is printed: what was frozen at posting, its lines and its tax.
pub fn printable(db: &Db<'_>, id: DocumentId) -> Result<Printable, Error> {
    let row = store::document::get(db, id)?;
    if row.status != DocumentStatus::Posted {
        let message = format!("{id} is {}; only posted documents are printed", row.status);
        let hint = "post it first; of a draft daybook invoice preview shows it";
        return Err(Error::usage("not_posted", message, hint));
    }
    let frozen: Frozen = if let Some(frozen) = &row.frozen {
        frozen.read()?
    } else {
        // Another system's document: its account is as good as frozen.
        let terms = store::account::version_terms(db, row.account_version)?;
        let mut frozen = Frozen::of(&store::settings::load(db)?, &terms);
        frozen.fit = Fit::Cut;
        frozen.layout = Layout::First;
        frozen
    };
    let taxes = store::document::taxes(db, id)?;
    with(db, row, taxes, frozen)
}

/// What stands for the number of a draft.
const NO_NUMBER: &str = "(no number yet)";

/// A draft as it would be printed with what was frozen now.
pub fn unposted(
    db: &Db<'_>,
    row: DocumentRow,
    taxes: Vec<DocumentTax>,
    frozen: Frozen,
) -> Result<Printable, Error> {
    Ok(Printable { number: NO_NUMBER.to_owned(), ..with(db, row, taxes, frozen)? })
}

/// Why a draft cannot be printed whole as it would be posted; asked before it is.
pub fn unfit(
    db: &Db<'_>,
    row: DocumentRow,
    taxes: Vec<DocumentTax>,
    frozen: Frozen,
) -> Result<Option<String>, Error> {
    let press = Press::open().map_err(|e| Error::Bug(e.to_string()))?;
    Ok(press.fits(&with(db, row, taxes, frozen)?).err().map(|why| unprintable(&why)))
}

/// In words what keeps a draft from being printed, and what to do.
pub fn unprintable(why: &PrintError) -> String {
    format!("it cannot be printed: {why}; correct it, then regenerate the draft")
}

fn with(
    db: &Db<'_>,
    row: DocumentRow,
    taxes: Vec<DocumentTax>,
    frozen: Frozen,
) -> Result<Printable, Error> {
    let id = row.id;
    let tongue = speech::tongue(db, frozen.speech.as_ref())?;
    let items = store::document::items(db, id)?.into_iter();
    let lines = items.map(|item| line(item, &tongue)).collect::<Result<_, _>>()?;
    Ok(Printable {
        kind: row.kind,
        number: row.number.unwrap_or_default(),
        account_number: row.account_number,
        currency: row.currency,
        invoice_date: row.invoice_on,
        due_date: row.kind.is_receivable().then_some(row.due_on),
        term: frozen.term,
        po_number: row.po_number,
        issuer: frozen.issuer,
        customer: frozen.customer,
        corrects: frozen.corrects,
        lines,
        taxes,
        subtotal_minor: row.subtotal_minor,
        total_minor: row.total_minor,
        credits: frozen.credits,
        collected_from: frozen.collected_from,
        pay: frozen.pay,
        reference: store::payment_reference::of(db, id)?.unwrap_or_default(),
        home: frozen.home,
        note: row.note,
        paper: frozen.paper,
        fit: frozen.fit,
        layout: frozen.layout,
        logo: match frozen.logo.as_str() {
            "" => None,
            hash => Logo::cached(hash, || store::logo::png(db, hash))?,
        },
        tongue,
    })
}

/// A line as printed: with its unit, and in a few words why quantity times price is not the amount.
pub fn line(item: ItemRow, tongue: &Tongue) -> Result<Line, StoreError> {
    let how = match item.origin {
        // Another system's document says nothing of how its lines came about.
        Origin::Run => item.derivation.kept()?.unwrap_or_default().how,
        // A clerk's line says what the clerk wrote.
        Origin::Edited | Origin::Hand => How::ByHand,
    };
    let (uom, detail) = match how {
        How::Rated(rated) => (rated.uom.clone(), detail(&rated, tongue)),
        How::Percent(percent) => (String::new(), format!("{} %", tongue.number(percent.percent))),
        How::ByHand | How::Credit(_) | How::Fixed(_) => (String::new(), String::new()),
    };
    Ok(Line {
        description: item.description,
        detail,
        service: item.service_from.zip(item.service_to),
        quantity: Some(item.quantity),
        uom,
        unit_price: Some(item.unit_price),
        amount_minor: item.amount_minor,
    })
}

/// `17 of 31 days`, `tiered price, 100 included`.
fn detail(rated: &Rated, tongue: &Tongue) -> String {
    let mut words: Vec<String> = Vec::new();
    match rated.model {
        Model::Tiered | Model::TieredOverage => words.push(tongue.say(Key::DetailTiered)),
        Model::Volume => words.push(tongue.say(Key::DetailVolume)),
        Model::Package => {
            let size = tongue.number(rated.package_size.unwrap_or_default());
            words.push(tongue.fill(Key::DetailPackages, &[&size]));
        }
        Model::Flat
        | Model::PerUnit
        | Model::Overage
        | Model::DiscountPercent
        | Model::DiscountFixed => {}
    }
    if let Some(included) = rated.included_units.filter(|u| !u.is_zero()) {
        words.push(tongue.fill(Key::DetailIncluded, &[&tongue.number(included)]));
    }
    let share = &rated.share;
    if share.bases.den == 1 && share.bases.num > 1 {
        words.push(tongue.fill(Key::DetailTimes, &[&share.bases.num.to_string()]));
    }
    match share.count.days {
        Some((part, whole)) if part < whole => {
            let values = [part.to_string(), whole.to_string()];
            words.push(tongue.fill(Key::DetailDays, &[&values[0], &values[1]]));
        }
        None if share.of_period.num < share.of_period.den => {
            let share = format!("{}/{}", share.of_period.num, share.of_period.den);
            words.push(tongue.fill(Key::DetailShare, &[&share]));
        }
        Some(_) | None => {}
    }
    if rated.earlier_minor != 0 {
        words.push(tongue.say(Key::DetailEarlier));
    }
    words.join(", ")
}
