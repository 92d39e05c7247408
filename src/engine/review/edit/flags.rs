//! Flags after an edit: the rules of the run on what the draft says now, so that a typing error is
//! flagged as a wrong price would be.

use crate::document::{Line, Printable};
use crate::domain::account::version_on;
use crate::domain::billing::{DraftDocument, DraftItem, NewClaim};
use crate::domain::document::{Flag, FlagCode};
use crate::domain::flags::risk;
use crate::engine::Error;
use crate::engine::e_invoice::{self, LineTax, Sketch, Whose};
use crate::engine::rate::flagging::{self, Judge, Texts};
use crate::engine::review::edit::totals::derivation;
use crate::store::billing::{self, Span};
use crate::store::document::DocumentRow;
use crate::store::draft::{DraftImage, LineImage};
use crate::store::{Db, account, settings};

/// Computes them anew. A draft made by hand has nothing to be compared with, but has to be printed.
pub fn refresh(db: &Db<'_>, row: &DocumentRow, content: &mut DraftImage) -> Result<(), Error> {
    if row.run.is_some() {
        compared(db, row, content)?;
    }
    content.flags.retain(|f| !judged_whole(f.code));
    content.flags.extend(printing(db, content)?);
    content.flags.extend(of_law(db, row, content)?);
    if row.run.is_some() || !content.flags.is_empty() {
        content.risk = risk(&content.flags, content.total_minor);
    }
    Ok(())
}

/// The flag of what no font has, or no place: every line, also those that no charge gave.
pub fn printing(db: &Db<'_>, content: &DraftImage) -> Result<Option<Flag>, Error> {
    let terms = account::version_terms(db, content.account_version)?;
    let mut units = Vec::new();
    for line in &content.lines {
        units.push(match line.charge {
            Some(_) => flagging::unit(&derivation(line)?).to_owned(),
            None => String::new(),
        });
    }
    let described = content.lines.iter().map(|l| l.description.as_str());
    let texts = Texts {
        terms: &terms,
        lines: described.zip(units.iter().map(String::as_str)).collect(),
        taxes: &content.taxes,
        po_number: &content.po_number,
        note: &content.note,
    };
    Ok(flagging::unprintable(&texts)?)
}

/// Whether a flag is of all lines, also those that no charge gave.
pub fn judged_whole(code: FlagCode) -> bool {
    matches!(code, FlagCode::Unprintable | FlagCode::EInvoice | FlagCode::Law)
}

/// The flags of the law, and of what cannot go as an electronic invoice: every line, also those that no
/// charge gave.
pub fn of_law(db: &Db<'_>, row: &DocumentRow, content: &DraftImage) -> Result<Vec<Flag>, Error> {
    let terms = account::version_terms(db, content.account_version)?;
    let (mut lines, mut taxed) = (Vec::new(), Vec::new());
    for line in &content.lines {
        let kept = derivation(line)?;
        taxed.push(LineTax {
            code: line.tax_code.clone(),
            rate: kept.tax.as_ref().map(|tax| tax.rate_percent),
            service_to: line.service_to,
        });
        lines.push(Line {
            description: line.description.clone(),
            detail: String::new(),
            service: line.service_from.zip(line.service_to),
            quantity: Some(line.quantity),
            uom: match line.charge {
                Some(_) => flagging::unit(&kept).to_owned(),
                None => String::new(),
            },
            unit_price: Some(line.unit_price),
            amount_minor: line.amount_minor,
        });
    }
    let sketch = || Sketch {
        printable: Printable {
            kind: content.kind,
            invoice_date: content.invoice_on,
            due_date: content.kind.is_receivable().then_some(content.due_on),
            po_number: content.po_number.clone(),
            note: content.note.clone(),
            lines,
            taxes: content.taxes.clone(),
            subtotal_minor: content.subtotal_minor,
            total_minor: content.total_minor,
            ..Printable::blank(row.currency)
        },
        taxed,
        corrects: row.corrects,
    };
    let whose = Whose { account: row.account, terms: &terms };
    Ok(e_invoice::flags(db, &settings::load(db)?, whose, sketch)?)
}

/// The rules of the run on what it says now.
fn compared(db: &Db<'_>, row: &DocumentRow, content: &mut DraftImage) -> Result<(), Error> {
    let wanted = [row.account];
    let span = Span { wanted: &wanted, without: Some(row.id), settled_by: None };
    let inputs = billing::load(db, &span)?;
    let Some(input) = inputs.first() else { return Ok(()) };
    let Some(version) = version_on(&input.versions, content.invoice_on) else { return Ok(()) };
    let draft = as_rated(content)?;
    let judge = Judge::read(&settings::load(db)?);
    let (flags, risk) = flagging::flags(db, &judge, (input, Some(row.id)), &version.terms, &draft)?;
    (content.flags, content.risk) = (flags, risk);
    Ok(())
}

/// The draft as rating would have given it: its charges' lines, and its totals with the others.
fn as_rated(content: &DraftImage) -> Result<DraftDocument, Error> {
    let mut items = Vec::new();
    for line in &content.lines {
        items.extend(item(line)?);
    }
    Ok(DraftDocument {
        kind: content.kind,
        invoice_on: content.invoice_on,
        due_on: content.due_on,
        po_number: content.po_number.clone(),
        items,
        taxes: content.taxes.clone(),
        subtotal_minor: content.subtotal_minor,
        tax_minor: content.tax_minor,
        total_minor: content.total_minor,
    })
}

fn item(line: &LineImage) -> Result<Option<DraftItem>, Error> {
    let (Some(charge), Some(version), Some(subscription), Some(claim)) =
        (line.charge, line.version, line.subscription, line.claims.first())
    else {
        return Ok(None);
    };
    Ok(Some(DraftItem {
        charge,
        version,
        subscription,
        target: line.target,
        corrects: line.corrects,
        description: line.description.clone(),
        service_from: line.service_from.unwrap_or(claim.from),
        service_to: line.service_to.unwrap_or(claim.to),
        quantity: line.quantity,
        unit_price: line.unit_price,
        amount_minor: line.amount_minor,
        gross_minor: line.gross_minor,
        revenue_account: line.revenue_account.clone(),
        tax_code: line.tax_code.clone(),
        tax_rate: None,
        derivation: derivation(line)?,
        claim: NewClaim {
            from: claim.from,
            to: claim.to,
            segment: claim.segment,
            role: claim.role,
            rated_minor: claim.rated_minor,
            period: claim.period,
        },
        usage: line.usage.iter().map(|held| held.usage).collect(),
    }))
}
