//! Changing what a posted invoice means: credit and debit memos by whole, line or amount, with the
//! invoice's own tax. A credit is applied to its invoice up to what is owed, the rest is unapplied.

use crate::document::Tongue;
use crate::domain::actor::Verb;
use crate::domain::document::{DocumentKind, DocumentStatus, DocumentTax, TaxKind};
use crate::domain::explain::{Derivation, LineTax};
use crate::domain::ids::{DocumentId, ItemId};
use crate::domain::memo::{self as rule, InvoiceLine, MemoDraft, MemoError, MemoPart, MemoSide};
use crate::domain::memo_tax::Position;
use crate::domain::money::{Rounding, total};
use crate::domain::period::Span;
use crate::engine::command::{AdjustKind, AdjustPart, Receipt};
use crate::engine::guard::four_eyes::{self, Deed};
use crate::engine::guard::separation::refuse_both_hands;
use crate::engine::on_its_way::{self, Sure};
use crate::engine::post::loss;
use crate::engine::post::{memo_print, posting};
use crate::engine::rate::rules;
use crate::engine::review::picked::reason;
use crate::engine::{Error, Session, speech};
use crate::store::Json;
use crate::store::document::{self, DocumentRow, ItemRow, Origin, Source};
use crate::store::draft::{self, LineImage};
use crate::store::four_eyes::Object;
use crate::store::new_draft::NewDraft;
use crate::store::{Db, Tx, conversion, credit, delivery, memo, settings};
use chrono::NaiveDate;
use rust_decimal::Decimal;

/// A memo that was made and posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The memo.
    pub id: DocumentId,
    pub number: String,
    /// Its total, minor units; negative on a credit.
    pub total_minor: i64,
    /// How much of it was applied to its invoice, minor units.
    pub applied_minor: i64,
}

/// What a memo is made as.
pub(super) struct Memo<'a> {
    pub(super) kind: DocumentKind,
    pub(super) source: Source,
    pub(super) reason: &'a str,
    pub(super) draft: &'a MemoDraft,
    /// The account version it is printed with.
    pub(super) version: i64,
    pub(super) then: Then,
    /// Its date; none = today, or that of what it corrects where that is later.
    pub(super) on: Option<NaiveDate>,
    /// What its lines say of themselves, where they do.
    pub(super) own: &'a [Own],
}

/// What a line of a memo says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Own {
    /// The line it corrects.
    pub(super) of: ItemId,
    pub(super) description: String,
    /// Its service days; none = those of what it corrects.
    pub(super) days: Option<Span>,
}

/// What becomes of a credit memo once it is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is applied to what it corrects.
    Apply,
    /// It stays the customer's credit.
    Leave,
}

/// Makes a memo on a posted invoice or debit memo; a credit asks where a payment of it is on its way.
pub fn adjust(
    session: &mut Session,
    document: DocumentId,
    part: AdjustPart,
    kind: AdjustKind,
    why: &str,
    sure: Sure,
) -> Result<Receipt, Error> {
    adjust_and(session, document, part, kind, why, (Then::Apply, sure))
}

/// The same, and what becomes of a credit.
pub fn adjust_and(
    session: &mut Session,
    document: DocumentId,
    part: AdjustPart,
    kind: AdjustKind,
    why: &str,
    (then, sure): (Then, Sure),
) -> Result<Receipt, Error> {
    let why = reason(why)?;
    four_eyes::write(session, Verb::Adjust, |tx, eyes| {
        let row = correctable(tx, document)?;
        refuse_both_hands(tx, row.account)?;
        if (part, kind) == (AdjustPart::Whole, AdjustKind::Debit) {
            return Err(Error::usage(
                "debit_whole",
                "a debit memo says what more is asked for",
                "name a line or an amount",
            ));
        }
        let items = document::items(tx, row.id)?;
        let (side, memo_kind, what) = match kind {
            AdjustKind::Credit => (MemoSide::Credit, DocumentKind::CreditMemo, "credit memo"),
            AdjustKind::Debit => (MemoSide::Debit, DocumentKind::DebitMemo, "debit memo"),
        };
        let draft = draft_of(tx, &row, &items, &memo_part(part, &items)?, side)?;
        if kind == AdjustKind::Credit {
            on_its_way::ask(tx, &with_successors(tx, document)?, on_its_way::EXCESS, sure)?;
        }
        let version = memo_print::version(tx, &row, &items, memo_kind, &draft)?;
        let second = eyes.on(
            tx,
            &Deed {
                object: Object::Document(row.id),
                subject: row.number.as_deref().unwrap_or_default(),
                what,
                with: &format!("{} {}", kind.key(), part.key()),
                money: row.currency.amount(draft.total_minor),
                reason: why,
            },
        )?;
        let source = Source::Adjust;
        let (kind, on) = (memo_kind, None);
        let wanted = Memo { kind, source, reason: why, draft: &draft, version, then, on, own: &[] };
        let made = make(tx, &row, &items, &wanted)?;
        let receipt = receipt(tx, &row, &made, "credited")?;
        tx.note(&made.number, format!("{} ({why}){second}", receipt.summary));
        Ok(receipt)
    })
}

/// A document and what it became in another currency: a credit of it is used there.
pub fn with_successors(db: &Db<'_>, document: DocumentId) -> Result<Vec<DocumentId>, Error> {
    let more = conversion::successors(db, document)?;
    Ok([document].into_iter().chain(more.into_iter().map(|(id, _)| id)).collect())
}

/// The receipt of a memo on a document.
pub fn receipt(db: &Db<'_>, row: &DocumentRow, made: &Made, word: &str) -> Result<Receipt, Error> {
    let money = |minor: i64| format!("{} {}", row.currency.grouped(minor.abs()), row.currency);
    let number = row.number.as_deref().unwrap_or_default();
    let rest = -made.total_minor - made.applied_minor;
    let rest = match conversion::of(db, row.currency)? {
        _ if made.total_minor > 0 || rest <= 0 => String::new(),
        Some(to) => format!(", {} carried over: {}", money(rest), to.rate),
        None => format!(", {} unapplied", money(rest)),
    };
    let word = if made.total_minor > 0 { "charged more on" } else { word };
    Ok(Receipt {
        summary: format!("{}: {} {word} {number}{rest}", made.number, money(made.total_minor)),
        done: 1,
        totals: row.currency.amount(made.total_minor).into(),
        made: made.id.to_string(),
        ..Receipt::default()
    })
}

/// A posted invoice or debit memo that may still be corrected.
pub fn corrected(db: &Db<'_>, document: DocumentId) -> Result<DocumentRow, Error> {
    let row = document::get(db, document)?;
    let refuse = |why: String, hint: &str| Err(Error::usage("not_adjustable", why, hint));
    match row.status {
        DocumentStatus::Posted => {}
        DocumentStatus::Draft => {
            return refuse(format!("{} is a draft", row.id), "edit it instead");
        }
        DocumentStatus::Canceled => return refuse(format!("{} is canceled", row.id), ""),
    }
    if !row.kind.is_receivable() {
        return refuse(
            format!(
                "{} is a {}",
                row.number.as_deref().unwrap_or(""),
                row.kind.as_str().replace('_', " ")
            ),
            "only invoices and debit memos are adjusted",
        );
    }
    if let Some(by) = row.reversed_by {
        return refuse(format!("{} was reversed by {by}", row.number.as_deref().unwrap_or("")), "");
    }
    Ok(row)
}

/// The same, but not what was carried over from a document of another currency: that one is what was
/// billed, and what is credited twice would be given back twice.
pub fn correctable(db: &Db<'_>, document: DocumentId) -> Result<DocumentRow, Error> {
    let row = corrected(db, document)?;
    match conversion::origin(db, document)? {
        None => Ok(row),
        Some(of) => Err(Error::usage(
            "not_adjustable",
            format!("{} carries over what was open on {of}", row.number.unwrap_or_default()),
            "adjust or reverse that one: the credit is carried over and used here",
        )),
    }
}

fn memo_part(part: AdjustPart, items: &[ItemRow]) -> Result<MemoPart, Error> {
    Ok(match part {
        AdjustPart::Whole => MemoPart::Whole,
        AdjustPart::Amount(minor) => MemoPart::Amount(minor),
        AdjustPart::Line(line, minor) => {
            let item = items.iter().find(|i| i.position == line).ok_or_else(|| {
                Error::usage(
                    "no_such_line",
                    format!("there is no line {line}"),
                    format!("lines 1 to {}", items.len()),
                )
            })?;
            MemoPart::Lines(vec![(item.id, minor)])
        }
    })
}

/// What a memo would say.
pub fn draft_of(
    db: &Db<'_>,
    row: &DocumentRow,
    items: &[ItemRow],
    part: &MemoPart,
    side: MemoSide,
) -> Result<MemoDraft, Error> {
    let rounding: Rounding = rules::billing(&settings::load(db)?)?.rounding;
    let room = memo::room(db, row)?;
    let unknown = row.source == Source::OpenItem && document::taxes(db, row.id)?.is_empty();
    let (lines, taxes) = if unknown {
        open_item(row, items, room)
    } else {
        let lines = memo::lines(db, row.id, None)?;
        let taxes = memo::positions(db, row, &lines, None, rounding)?;
        (lines, taxes)
    };
    let make = |part: &MemoPart| rule::make(&lines, &taxes, part, side, &rounding, row.currency);
    let made = make(part).and_then(|made| match (side, part) {
        (MemoSide::Credit, MemoPart::Whole) if -made.total_minor > room => {
            make(&MemoPart::Amount(room))
        }
        (MemoSide::Credit, _) if -made.total_minor > room => {
            Err(MemoError::TooMuch { asked_minor: -made.total_minor, left_minor: room })
        }
        _ => Ok(made),
    });
    let made = made.map_err(|error| {
        let money = |minor: i64| format!("{} {}", row.currency.grouped(minor), row.currency);
        let message = match &error {
            MemoError::TooMuch { asked_minor, left_minor } => {
                format!(
                    "{} is more than the {} that is left",
                    money(*asked_minor),
                    money(*left_minor)
                )
            }
            MemoError::Discount => {
                return Error::usage(
                    "bad_memo",
                    error.to_string(),
                    "a debit memo of the line (--debit) takes the discount back",
                );
            }
            MemoError::NoLine(_)
            | MemoError::NothingLeft
            | MemoError::NotPositive
            | MemoError::Money(_) => error.to_string(),
        };
        Error::usage("bad_memo", message, "")
    })?;
    if unknown && row.tax_minor != 0 && made.total_minor != -row.total_minor {
        return Err(Error::usage(
            "tax_unknown",
            format!(
                "{} came from another system without the code of its tax: what a part of it bears is not known",
                row.number.as_deref().unwrap_or_default()
            ),
            "a memo of the whole document gives its tax back; open_items.csv takes tax_code and rate",
        ));
    }
    Ok(made)
}

/// An open item of another system that came without a tax code, as one line: what is left is what
/// is open. Its tax, if it bears any, goes back with the whole under no code.
fn open_item(row: &DocumentRow, items: &[ItemRow], room: i64) -> (Vec<InvoiceLine>, Vec<Position>) {
    let whole = if room == 0 { 0 } else { row.subtotal_minor };
    let line = InvoiceLine {
        item: items.first().map_or(ItemId(0), |i| i.id),
        net_minor: row.subtotal_minor,
        left_minor: if row.tax_minor == 0 { room } else { whole },
        discounts: None,
        tax_code: String::new(),
        rate_percent: None,
    };
    if row.tax_minor == 0 {
        return (vec![line], Vec::new());
    }
    let tax = DocumentTax {
        tax_code: String::new(),
        rate_percent: Decimal::ZERO,
        name: "Tax".to_owned(),
        kind: TaxKind::Standard,
        inclusive: false,
        reason: String::new(),
        base_minor: row.subtotal_minor,
        tax_minor: row.tax_minor,
        rounding: None,
    };
    let credited_minor = if room == 0 { row.tax_minor } else { 0 };
    let base_minor = row.subtotal_minor;
    (vec![line], vec![Position { tax, base_minor, left_minor: whole, credited_minor }])
}

pub(super) fn make(
    tx: &Tx<'_>,
    row: &DocumentRow,
    items: &[ItemRow],
    memo: &Memo<'_>,
) -> Result<Made, Error> {
    let on = memo.on.unwrap_or(row.invoice_on.max(tx.now().today));
    let blank = NewDraft {
        account: row.account,
        account_version: memo.version,
        currency: row.currency,
        run: None,
        target: on,
        flags: &[],
        risk: 0,
    };
    let id = draft::insert_empty(tx, &blank, memo.kind, Some(row.id), memo.source, on)?;
    draft::set_reason(tx, id, memo.reason)?;
    let fresh = document::get(tx, id)?;
    let mut content = draft::load(tx, &fresh)?;
    content.po_number.clone_from(&row.po_number);
    content.due_on = due(row, on);
    let tongue = speech::of_version(tx, memo.version)?;
    content.lines = memo
        .draft
        .lines
        .iter()
        .map(|(item, net)| line(row, items, (*item, *net), memo, &tongue))
        .collect::<Result<_, _>>()?;
    content.taxes.clone_from(&memo.draft.taxes);
    content.subtotal_minor = memo.draft.subtotal_minor;
    content.tax_minor = memo.draft.tax_minor;
    content.total_minor = memo.draft.total_minor;
    draft::save(tx, &fresh, &content)?;
    let number = posting::post_now(tx, id)?;
    let applied_minor = if memo.draft.total_minor < 0 && memo.then == Then::Apply {
        apply(tx, id, row.id, None)?
    } else {
        0
    };
    delivery::hold(tx, row.id, &format!("corrected by {number}"))?;
    Ok(Made { id, number, total_minor: memo.draft.total_minor, applied_minor })
}

/// Credits this much of an invoice (minor units, tax included) by a memo that is applied to it; gives
/// its number.
pub fn credit_part(
    tx: &Tx<'_>,
    document: DocumentId,
    minor: i64,
    why: &str,
) -> Result<String, Error> {
    let row = correctable(tx, document)?;
    let items = document::items(tx, row.id)?;
    let draft = draft_of(tx, &row, &items, &MemoPart::Amount(minor), MemoSide::Credit)?;
    let kind = DocumentKind::CreditMemo;
    let (source, then) = (Source::Adjust, Then::Apply);
    let version = memo_print::version(tx, &row, &items, kind, &draft)?;
    let wanted =
        Memo { kind, source, reason: why, draft: &draft, version, then, on: None, own: &[] };
    Ok(make(tx, &row, &items, &wanted)?.number)
}

/// A debit memo is due like its invoice was, counted from its own day.
fn due(row: &DocumentRow, on: NaiveDate) -> NaiveDate {
    let days = (row.due_on - row.invoice_on).max(chrono::TimeDelta::zero());
    on.checked_add_signed(days).unwrap_or(on)
}

fn line(
    row: &DocumentRow,
    items: &[ItemRow],
    (item, net): (ItemId, i64),
    memo: &Memo<'_>,
    tongue: &Tongue,
) -> Result<LineImage, Error> {
    let of = items.iter().find(|i| i.id == item);
    let tax = of.and_then(|i| {
        memo.draft.taxes.iter().find(|t| t.tax_code == i.tax_code && !i.tax_code.is_empty())
    });
    // An open item without a code is not counted by its line: what is open is less than that.
    let counted = |i: &&ItemRow| row.source != Source::OpenItem || !i.tax_code.is_empty();
    let how = Derivation {
        tax: tax.map(|t| LineTax {
            tax_code: t.tax_code.clone(),
            rate_percent: t.rate_percent,
            name: t.name.clone(),
            kind: t.kind,
            inside_minor: None,
        }),
        ..Derivation::default()
    };
    let credit = memo.kind == DocumentKind::CreditMemo;
    let own = memo.own.iter().find(|own| own.of == item);
    let days = own.and_then(|own| own.days);
    let said = own.map(|own| own.description.clone()).filter(|text| !text.is_empty());
    Ok(LineImage {
        id: ItemId(0),
        charge: of.and_then(|i| i.charge),
        version: of.and_then(|i| i.charge_version),
        subscription: of.and_then(|i| i.subscription),
        target: of.and_then(|i| i.target),
        corrects: of.filter(|_| credit).filter(counted).map(|i| i.id),
        description: said.unwrap_or_else(|| memo_print::text(tongue, row, of, net)),
        service_from: days.map_or(of.and_then(|i| i.service_from), |days| Some(days.from)),
        service_to: days.map_or(of.and_then(|i| i.service_to), |days| Some(days.to)),
        quantity: Decimal::ONE,
        unit_price: row.currency.to_decimal(net),
        amount_minor: net,
        gross_minor: None,
        tax_code: tax.map(|t| t.tax_code.clone()).unwrap_or_default(),
        revenue_account: of.map(|i| i.revenue_account.clone()).unwrap_or_default(),
        origin: Origin::Hand,
        derivation: Json::of(&how)?,
        claims: Vec::new(),
        usage: Vec::new(),
    })
}

/// Applies a credit to what is owed on a document, as far as both go (or this much), a payment on its
/// way or not: that was asked. What was written off of it is recovered by as much. Gives how much.
pub fn apply(
    tx: &Tx<'_>,
    credit_id: DocumentId,
    document: DocumentId,
    amount_minor: Option<i64>,
) -> Result<i64, Error> {
    let (from, to) = (document::get(tx, credit_id)?, document::get(tx, document)?);
    let lost = total(credit::write_offs(tx, document)?.iter().map(|w| w.amount_minor))?;
    let most = (-from.balance_minor).min(to.balance_minor + lost);
    let amount = match amount_minor {
        None => most,
        Some(asked) if asked <= most => asked,
        Some(asked) => {
            return Err(Error::usage(
                "too_much",
                format!(
                    "{} is more than the {} that can be applied",
                    to.currency.plain(asked),
                    to.currency.plain(most.max(0))
                ),
                "",
            ));
        }
    };
    if amount <= 0 {
        return Ok(0);
    }
    let on = tx.now().today.max(to.invoice_on);
    let why = format!("credited: {}", from.number.as_deref().unwrap_or_default());
    let (_, on) = loss::owed(tx, document, to.currency.amount(amount), on, &why)?;
    credit::apply(tx, credit_id, document, amount, on)?;
    Ok(amount)
}
