//! Whether a memo can be printed, asked before a second person is asked and before it has a number:
//! what is posted and cannot be delivered can only be countered by another memo of the same kind.

use crate::document::{Corrected, Frozen, Key, Line, Press, PrintError, Printable, Tongue};
use crate::domain::account::version_on;
use crate::domain::document::{DocumentKind, DocumentTax};
use crate::domain::ids::ItemId;
use crate::domain::memo::MemoDraft;
use crate::engine::{Error, speech};
use crate::store::document::{DocumentRow, ItemRow};
use crate::store::{Db, Tx, account, settings};

/// What a memo will say.
struct Texts<'a> {
    kind: DocumentKind,
    /// Each line's description.
    lines: Vec<String>,
    taxes: &'a [DocumentTax],
}

/// What a line of a memo on `row` says: of an item, or of the document where it has none.
pub fn text(tongue: &Tongue, row: &DocumentRow, of: Option<&ItemRow>, net_minor: i64) -> String {
    let key = if net_minor < 0 { Key::CreditLine } else { Key::ChargeLine };
    let what = of.map_or_else(|| row.number.as_deref().unwrap_or_default(), |i| &i.description);
    tongue.fill(key, &[what])
}

/// The account version a memo on `row` is printed with: that of the document it corrects, or today's
/// where that one cannot be printed and was put right since. Refused with the field and the character
/// where neither can.
pub fn version(
    tx: &Tx<'_>,
    row: &DocumentRow,
    items: &[ItemRow],
    kind: DocumentKind,
    draft: &MemoDraft,
) -> Result<i64, Error> {
    let of = |item: ItemId| items.iter().find(|i| i.id == item);
    let tongue = speech::of_version(tx, row.account_version)?;
    let said = |(item, net): &(ItemId, i64)| text(&tongue, row, of(*item), *net);
    let lines = draft.lines.iter().map(said).collect();
    let texts = Texts { kind, lines, taxes: &draft.taxes };
    let Some(why) = unfit(tx, row, row.account_version, &texts)? else {
        return Ok(row.account_version);
    };
    let versions = account::versions(tx, row.account)?;
    if let Some(today) = version_on(&versions, tx.now().today)
        && today.id != row.account_version
        && unfit(tx, row, today.id, &texts)?.is_none()
    {
        return Ok(today.id);
    }
    let number = row.number.as_deref().unwrap_or_default();
    Err(Error::usage(
        "unprintable",
        format!("a {kind} on {number} cannot be printed: {why}"),
        "correct the account (daybook import accounts.csv) or issuer.*, or write the invoice off: that is not sent",
    ))
}

fn unfit(
    db: &Db<'_>,
    row: &DocumentRow,
    version: i64,
    texts: &Texts<'_>,
) -> Result<Option<PrintError>, Error> {
    let press = Press::open().map_err(|e| Error::Bug(e.to_string()))?;
    let frozen = Frozen::of(&settings::load(db)?, &account::version_terms(db, version)?);
    let tongue = speech::of_version(db, version)?;
    let line = |description: &String| Line {
        description: description.clone(),
        detail: String::new(),
        service: None,
        quantity: None,
        uom: String::new(),
        unit_price: None,
        amount_minor: 0,
    };
    let number = row.number.clone().unwrap_or_default();
    let memo = Printable {
        kind: texts.kind,
        account_number: row.account_number.clone(),
        term: frozen.term,
        po_number: row.po_number.clone(),
        issuer: frozen.issuer,
        customer: frozen.customer,
        corrects: Some(Corrected { number, date: row.invoice_on }),
        lines: texts.lines.iter().map(line).collect(),
        taxes: texts.taxes.to_vec(),
        paper: frozen.paper,
        fit: frozen.fit,
        tongue,
        ..Printable::blank(row.currency)
    };
    Ok(press.fits(&memo).err())
}
