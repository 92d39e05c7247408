//! A credit memo whose lines are said: which line of the invoice each gives back follows from its tax code
//! and what is left, its service days may be its own. And the memo of a whole reversal.

use crate::domain::actor::Verb;
use crate::domain::document::DocumentKind;
use crate::domain::ids::{DocumentId, ItemId};
use crate::domain::memo::{InvoiceLine, MemoDraft, MemoPart, MemoSide};
use crate::domain::period::Span;
use crate::engine::command::{NewLine, Receipt};
use crate::engine::guard::four_eyes::{self, Deed};
use crate::engine::guard::separation::refuse_both_hands;
use crate::engine::on_its_way::{self, Sure};
use crate::engine::post::adjust::{
    Made, Memo, Own, Then, correctable, draft_of, make, receipt, with_successors,
};
use crate::engine::post::memo_print;
use crate::engine::review::picked::{plain, reason};
use crate::engine::{Error, Session};
use crate::store::document::{self, DocumentRow, ItemRow, Source};
use crate::store::four_eyes::Object;
use crate::store::{Tx, memo};
use chrono::NaiveDate;

/// What is credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The posted invoice or debit memo.
    pub of: DocumentId,
    /// The account it must be of, by number.
    pub account: String,
    /// Amounts above zero, net.
    pub lines: Vec<NewLine>,
    /// Its date; none = today, or that of what it corrects where that is later.
    pub on: Option<NaiveDate>,
    pub reason: String,
}

/// Makes and posts it.
pub fn credit(
    session: &mut Session,
    new: &Credit,
    (then, sure): (Then, Sure),
) -> Result<Receipt, Error> {
    let why = reason(&new.reason)?;
    four_eyes::write(session, Verb::Adjust, |tx, eyes| {
        let row = correctable(tx, new.of)?;
        refuse_both_hands(tx, row.account)?;
        fits(&row, new)?;
        let items = document::items(tx, row.id)?;
        let (parts, own) = parts(tx, &row, &items, &new.lines)?;
        let with = format!("credit {parts:?} {own:?}");
        let draft = draft_of(tx, &row, &items, &MemoPart::Lines(parts), MemoSide::Credit)?;
        on_its_way::ask(tx, &with_successors(tx, new.of)?, on_its_way::EXCESS, sure)?;
        let kind = DocumentKind::CreditMemo;
        let version = memo_print::version(tx, &row, &items, kind, &draft)?;
        let second = eyes.on(
            tx,
            &Deed {
                object: Object::Document(row.id),
                subject: row.number.as_deref().unwrap_or_default(),
                what: "credit memo",
                with: &with,
                money: row.currency.amount(draft.total_minor),
                reason: why,
            },
        )?;
        let (source, on) = (Source::Adjust, new.on);
        let wanted =
            Memo { kind, source, reason: why, draft: &draft, version, then, on, own: &own };
        let made = make(tx, &row, &items, &wanted)?;
        let receipt = receipt(tx, &row, &made, "credited")?;
        tx.note(&made.number, format!("{} ({why}){second}", receipt.summary));
        Ok(receipt)
    })
}

/// Refuses another account than the document's, and a day before it.
fn fits(row: &DocumentRow, new: &Credit) -> Result<(), Error> {
    let number = row.number.as_deref().unwrap_or_default();
    if row.account_number != new.account {
        let words = format!("{number} belongs to {}", row.account_number);
        return Err(Error::usage("other_account", words, "name its account"));
    }
    match new.on.filter(|on| *on < row.invoice_on) {
        None => Ok(()),
        Some(on) => {
            let words = format!("{on} is before {number}, which is of {}", row.invoice_on);
            Err(Error::usage("bad_date", words, "a day from then on"))
        }
    }
}

type Parts = (Vec<(ItemId, Option<i64>)>, Vec<Own>);

/// What of which line is given back, and what that says of itself.
fn parts(
    tx: &Tx<'_>,
    row: &DocumentRow,
    items: &[ItemRow],
    lines: &[NewLine],
) -> Result<Parts, Error> {
    let left = memo::lines(tx, row.id, None)?;
    let (mut parts, mut said) = (Vec::new(), Vec::new());
    for line in lines {
        let amount = line.quantity.checked_mul(line.unit_price).unwrap_or_default();
        let minor = row.currency.exact_minor(amount)?;
        if minor <= 0 {
            let words = "a credit gives back an amount above zero";
            return Err(Error::usage("bad_amount", words, "give the lines of a memo as positive"));
        }
        let own = match (line.service_from, line.service_to) {
            (Some(from), Some(to)) => Some(Span::new(from, to).ok_or_else(|| {
                Error::usage("bad_date", format!("service ends on {to}, before it begins"), "")
            })?),
            (None, None) => None,
            _ => {
                let words = "a credit has both days of its service, or those of its line";
                return Err(Error::usage("bad_date", words, "service_from and service_to"));
            }
        };
        let taken = |item: ItemId| parts.iter().any(|(other, _)| *other == item);
        let item = chosen(items, &left, (line, minor, own), &taken)?;
        parts.push((item, Some(minor)));
        let description = plain("the description", line.description.trim())?.to_owned();
        said.push(Own { of: item, description, days: own });
    }
    Ok((parts, said))
}

/// The line that is given back: of that tax code, with so much left; of several the one whose service days
/// hold its own, then the first.
fn chosen(
    items: &[ItemRow],
    left: &[InvoiceLine],
    (line, minor, own): (&NewLine, i64, Option<Span>),
    taken: &dyn Fn(ItemId) -> bool,
) -> Result<ItemId, Error> {
    let code = line.tax_code.trim();
    let of = |item: ItemId| items.iter().find(|i| i.id == item);
    let holds = |item: ItemId| {
        let days = of(item).and_then(|i| Span::new(i.service_from?, i.service_to?));
        own.is_none_or(|own| days.is_some_and(|days| days.holds(own)))
    };
    let mut fit: Vec<ItemId> = left
        .iter()
        .filter(|l| (code.is_empty() || l.tax_code == code) && !taken(l.item))
        .filter(|l| l.discounts.is_none() && l.left_minor >= minor)
        .map(|l| l.item)
        .collect();
    let untaxed = |item: ItemId| of(item).is_some_and(|i| i.tax_code == code);
    fit.sort_by_key(|item| (!untaxed(*item), !holds(*item)));
    fit.first().copied().ok_or_else(|| {
        let of = if code.is_empty() { String::new() } else { format!(" of tax code {code}") };
        Error::usage(
            "no_such_line",
            format!("{:?}: no line{of} has so much left to give back", line.description),
            "daybook invoice show lists the lines; each is given back once in a memo",
        )
    })
}

/// The memo of a reversal before it is made.
pub struct Reversal {
    items: Vec<ItemRow>,
    pub(in crate::engine) draft: MemoDraft,
    version: i64,
}

/// Everything of an invoice, with its tax; refused where it cannot be printed.
pub fn reversal(tx: &Tx<'_>, row: &DocumentRow) -> Result<Reversal, Error> {
    let items = document::items(tx, row.id)?;
    let nothing = row.total_minor == 0 && items.iter().all(|i| i.amount_minor == 0);
    let draft = if nothing {
        MemoDraft { lines: items.iter().map(|i| (i.id, 0)).collect(), ..MemoDraft::default() }
    } else {
        draft_of(tx, row, &items, &MemoPart::Whole, MemoSide::Credit)?
    };
    let version = memo_print::version(tx, row, &items, DocumentKind::CreditMemo, &draft)?;
    Ok(Reversal { items, draft, version })
}

/// Makes and posts it; what cancels internally is of another series.
pub fn make_reversal(
    tx: &Tx<'_>,
    row: &DocumentRow,
    planned: &Reversal,
    (source, why): (Source, &str),
) -> Result<Made, Error> {
    let memo = Memo {
        kind: DocumentKind::CreditMemo,
        source,
        reason: why,
        draft: &planned.draft,
        version: planned.version,
        then: Then::Apply,
        on: None,
        own: &[],
    };
    make(tx, row, &planned.items, &memo)
}
