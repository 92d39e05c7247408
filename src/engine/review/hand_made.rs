//! Drafts made by hand: an account, lines, and the review and posting of every other draft.

use crate::domain::account::version_on;
use crate::domain::actor::Verb;
use crate::domain::bank::rules::references;
use crate::domain::bank::statement::Detail;
use crate::domain::bank::tokens;
use crate::domain::document::DocumentKind;
use crate::domain::withdrawn;
use crate::engine::command::{DraftChange, HandMade, NewLine, Receipt};
use crate::engine::review::edit::{Basis, change_all, refresh, sound};
use crate::engine::review::picked::{plain, reason};
use crate::engine::{Error, Session};
use crate::store::document::{self, Source};
use crate::store::draft;
use crate::store::new_draft::NewDraft;
use crate::store::{StoreError, account, payment_reference};

/// Makes a draft; its due date follows the account's term.
pub fn make(session: &mut Session, new: &HandMade) -> Result<Receipt, Error> {
    let why = reason(&new.reason)?;
    plain("the account", &new.account)?;
    if !matches!(
        new.kind,
        DocumentKind::Invoice | DocumentKind::CreditMemo | DocumentKind::DebitMemo
    ) {
        return Err(Error::usage(
            "bad_kind",
            format!("a {} is made from the document it corrects", new.kind),
            "write off that document",
        ));
    }
    session.write(Verb::Edit, |tx| {
        let Some(found) = account::find(tx, &new.account)? else {
            return Err(StoreError::NotFound(format!("account {}", new.account)).into());
        };
        let on = new.invoice_on.unwrap_or(tx.now().today);
        let charges = new.kind == DocumentKind::Invoice;
        if let Some(gone) = withdrawn::on(found.currency, on).filter(|_| charges) {
            return Err(Error::usage(
                "withdrawn_currency",
                format!("{gone}: nothing new is charged in it"),
                "a document that was billed before is corrected with daybook adjust",
            ));
        }
        let versions = account::versions(tx, found.id)?;
        let Some(version) = version_on(&versions, on) else {
            return Err(Error::Bug(format!("account {} has no terms", new.account)));
        };
        let blank = NewDraft {
            account: found.id,
            account_version: version.id,
            currency: found.currency,
            run: None,
            target: on,
            flags: &[],
            risk: 0,
        };
        let id = draft::insert_empty(tx, &blank, new.kind, None, Source::Hand, on)?;
        draft::set_reason(tx, id, why)?;
        let row = document::get(tx, id)?;
        let mut content = draft::load(tx, &row)?;
        content.po_number.clone_from(&version.terms.po_number);
        let basis = Basis::load(tx, &row, &content)?;
        let sign = if new.kind.is_receivable() { 1 } else { -1 };
        let mut changes = vec![DraftChange::InvoiceDate(on)];
        changes.extend(new.due_on.map(DraftChange::DueDate));
        changes.extend(new.lines.iter().map(|line| {
            let unit_price = line.unit_price * rust_decimal::Decimal::from(sign);
            DraftChange::AddLine(NewLine { unit_price, ..line.clone() })
        }));
        change_all(&mut content, &changes, &basis)?;
        sound(&row, &content)?;
        refresh(tx, &row, &mut content)?;
        draft::save(tx, &row, &content)?;
        if !new.payment_reference.trim().is_empty() {
            payment_reference::give(tx, id, &structured(&new.payment_reference)?)?;
        }
        let made = document::get(tx, id)?;
        let total = format!("{} {}", made.currency.plain(made.total_minor), made.currency);
        tx.note(id, format!("{} made by hand, {total} ({why})", made.kind));
        Ok(Receipt {
            summary: format!("{id}: {} for {}, {total}", made.kind, made.account_number),
            done: 1,
            totals: made.currency.amount(made.total_minor).into(),
            made: id.to_string(),
            ..Receipt::default()
        })
    })
}

/// A structured reference as it is kept: its letters and digits, if the check digits are right.
fn structured(text: &str) -> Result<String, Error> {
    let key = tokens::key(text);
    let detail = Detail { reference: key.clone(), ..Detail::default() };
    if references(&detail).iter().any(|(reference, _)| *reference == key) {
        return Ok(key);
    }
    Err(Error::usage(
        "bad_reference",
        format!("{text:?} is no reference whose check digits are right"),
        "such as RF18 5390 0754 7034, or +++090/9337/55493+++",
    ))
}
