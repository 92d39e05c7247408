//! Issuing a posted invoice anew: what it bills is right, and what it says of the customer is not (a VAT
//! id, a name, an order number). In one transaction a full memo settles it and an invoice of today with
//! the same lines, due when it was due, takes its place: its claims and usage, the money and credits on
//! it, promise and dispute move over. Later months may be billed and paid.

use crate::domain::account::version_on;
use crate::domain::actor::Verb;
use crate::domain::document::{DocumentKind, DocumentTax};
use crate::domain::frozen::AppliedCredit;
use crate::domain::ids::{DocumentId, ItemId};
use crate::domain::money::Money;
use crate::engine::account_edit;
use crate::engine::collect::money::{Asked, Foretold};
use crate::engine::command::{Receipt, Reissue};
use crate::engine::deliver::copies::{Begin, ensure_job};
use crate::engine::deliver::make;
use crate::engine::guard::four_eyes::{self, Deed};
use crate::engine::guard::separation::refuse_both_hands;
use crate::engine::post::adjust::{Made, correctable};
use crate::engine::post::credited::{Reversal, make_reversal, reversal};
use crate::engine::post::{posting, void};
use crate::engine::review::picked::reason;
use crate::engine::{Error, Session};
use crate::store::document::{DocumentRow, Source};
use crate::store::draft::{self, DraftImage};
use crate::store::four_eyes::Object;
use crate::store::hold;
use crate::store::memo::{self, Mark};
use crate::store::new_draft::{self, NewDraft};
use crate::store::reissue::{self as stored, Settled};
use crate::store::{Db, Topic, Tx, account, applied, credit, debt, document, payment};
use std::collections::HashMap;

/// What it makes and moves.
#[derive(Debug, Clone)]
pub struct Reissued {
    pub memo: Made,
    /// The invoice that takes the place.
    pub invoice: DocumentId,
    pub number: String,
}

/// Corrects the account where that is asked for, and issues the invoice anew; the copies of both wait
/// together to be sent.
pub fn reissue(session: &mut Session, new: &Reissue) -> Result<(Reissued, Receipt), Error> {
    let why = reason(&new.reason)?.to_owned();
    new.checked()?;
    let who = (session.actor.uid, session.now()?.at_ms);
    let with = new.with();
    let (row, ahead) = session.store.read(|db| {
        let row = allowed(db, new.document)?;
        let ahead = four_eyes::foretell(db, who, Verb::Reissue, &deed(&row, &with, &why)?)?;
        Ok::<_, Error>((row, ahead))
    })?;
    let Some(_numbers) = session.store.hold(hold::Work::Posting)? else {
        return Err(Error::usage(
            "posting",
            "a posting is giving numbers",
            "again once it is through (7 Jobs)",
        ));
    };
    // What is only asked for changes no account.
    let asks = matches!(ahead, four_eyes::Ahead::Asks(_));
    if !new.account.is_empty() && !asks {
        let done = account_edit::edit(session, &row.account_number, &new.account)?;
        if done.waiting {
            return Err(Error::usage(
                "four_eyes",
                format!("{}: {}", row.account_number, done.receipt.summary),
                "issue the invoice anew once that is confirmed",
            ));
        }
    }
    let press = make::press()?;
    let done = four_eyes::write(session, Verb::Reissue, |tx, eyes| {
        let row = allowed(tx, new.document)?;
        refuse_both_hands(tx, row.account)?;
        let second = eyes.on(tx, &deed(&row, &with, &why)?)?;
        let (done, words) = in_one(tx, &row, new, &why)?;
        make::queue(tx, press, &[done.memo.id, done.invoice])?;
        tx.note(&done.number, format!("{words} ({why}){second}"));
        let receipt = Receipt {
            summary: format!("{}: {words}", done.number),
            done: 1,
            totals: row.currency.amount(-done.memo.total_minor).into(),
            made: done.invoice.to_string(),
            ..Receipt::default()
        };
        Ok((done, receipt))
    })?;
    ensure_job(session, Begin::IfItGoes)?;
    Ok(done)
}

/// A posted invoice that may be issued anew, or everything that is in the way.
fn allowed(db: &Db<'_>, id: DocumentId) -> Result<DocumentRow, Error> {
    let row = correctable(db, id)?;
    let number = row.number.as_deref().unwrap_or_default();
    if row.kind != DocumentKind::Invoice {
        return Err(Error::usage(
            "not_reissuable",
            format!("{number} is no invoice"),
            "credit it whole, and make a new one",
        ));
    }
    let blockers = stored::blockers(db, &row)?;
    if blockers.is_empty() {
        return Ok(row);
    }
    Err(Error::usage(
        "blocked",
        format!("{number} cannot be issued anew: {}", blockers.join("; ")),
        "settle these first (wait for the bank, end the plan or the case, take the write-off back)",
    ))
}

/// What four eyes look at: two documents of its total.
fn deed<'a>(row: &'a DocumentRow, with: &'a str, why: &'a str) -> Result<Deed<'a>, Error> {
    let total = row.currency.amount(row.total_minor);
    Ok(Deed {
        object: Object::Document(row.id),
        subject: row.number.as_deref().unwrap_or_default(),
        what: "full memo and new invoice",
        with,
        money: total.plus(total)?,
        reason: why,
    })
}

/// All of it, in the caller's transaction; gives it in words, too.
fn in_one(
    tx: &Tx<'_>,
    row: &DocumentRow,
    new: &Reissue,
    why: &str,
) -> Result<(Reissued, String), Error> {
    let settled = stored::settled(tx, row.id)?;
    let today = tx.now().today;
    for (id, _) in &settled.payments {
        applied::unapply(tx, &payment::get(tx, *id)?, row.id, None, today)?;
    }
    for (application, ..) in &settled.credits {
        credit::unapply(tx, *application, today)?;
    }
    let image = draft::load(tx, row)?;
    let planned = reversal(tx, row)?;
    let (left, taxes) = rest(&planned);
    // What a network refused and nobody got is canceled internally: no memo goes to anybody.
    let refused = void::nobody_got(tx, row)?;
    let source = if refused.is_some() { Source::Void } else { Source::Reverse };
    let memo = make_reversal(tx, row, &planned, (source, why))?;
    void::end(tx, &refused.unwrap_or_default(), &memo.number)?;
    if debt::get(tx, row.id)?.balance_minor != 0 {
        let number = row.number.as_deref().unwrap_or_default();
        return Err(Error::Bug(format!("{} does not settle {number}", memo.number)));
    }
    memo::mark(tx, row.id, Mark::Reversed(memo.id))?;
    new_draft::release(tx, row.id)?;
    let invoice = take_place(tx, row, content(row, image, (&left, taxes), new))?;
    let number = posting::post_settled(tx, invoice, &printed(&settled))?;
    move_over(tx, &settled, invoice)?;
    stored::keep_state(tx, row.id, invoice)?;
    tx.touch(Topic::Usage);
    let words = format!(
        "takes the place of {}, which {} settles{}",
        row.number.as_deref().unwrap_or_default(),
        memo.number,
        moved(row, &settled)
    );
    Ok((Reissued { memo, invoice, number }, words))
}

/// What a full memo takes, as what is left: net by line, and its tax.
fn rest(memo: &Reversal) -> (HashMap<ItemId, i64>, Vec<DocumentTax>) {
    let left = memo.draft.lines.iter().map(|(item, net)| (*item, -net)).collect();
    let turned = |tax: &DocumentTax| DocumentTax {
        base_minor: -tax.base_minor,
        tax_minor: -tax.tax_minor,
        ..tax.clone()
    };
    (left, memo.draft.taxes.iter().map(turned).collect())
}

/// What settles the new one at once, as it is printed: nobody is asked to pay twice.
fn printed(settled: &Settled) -> Vec<AppliedCredit> {
    let paid = settled.payments.iter().map(|(id, minor)| (id.to_string(), *minor));
    let credits = settled.credits.iter().map(|(_, _, number, minor)| (number.clone(), *minor));
    paid.chain(credits)
        .map(|(number, amount_minor)| AppliedCredit { number, amount_minor })
        .collect()
}

/// `; 100.00 EUR paid moves over`; nothing where nothing was.
fn moved(row: &DocumentRow, settled: &Settled) -> String {
    let paid: i64 = settled.payments.iter().map(|(_, minor)| minor).sum();
    let credited: i64 = settled.credits.iter().map(|(.., minor)| minor).sum();
    let said = |minor: i64, what: &str| {
        (minor > 0).then(|| format!("{} {what}", row.currency.amount(minor)))
    };
    let all: Vec<String> =
        said(paid, "paid").into_iter().chain(said(credited, "credited")).collect();
    if all.is_empty() { String::new() } else { format!("; {} moved over", all.join(" and ")) }
}

/// What the new invoice says: the lines as they are left, each with its claims; a line of which something
/// was credited before is what is left of it.
fn content(
    row: &DocumentRow,
    image: DraftImage,
    (left, taxes): (&HashMap<ItemId, i64>, Vec<DocumentTax>),
    new: &Reissue,
) -> DraftImage {
    let mut content = image;
    for line in &mut content.lines {
        let rest = left.get(&line.id).copied().unwrap_or(0);
        if rest != line.amount_minor {
            line.quantity = 1.into();
            line.unit_price = row.currency.to_decimal(rest);
            (line.amount_minor, line.gross_minor) = (rest, None);
        }
        line.id = ItemId(0);
    }
    content.flags.clear();
    content.subtotal_minor = left.values().sum();
    content.tax_minor = taxes.iter().map(|tax| tax.tax_minor).sum();
    content.total_minor = content.subtotal_minor + content.tax_minor;
    content.taxes = taxes;
    (content.due_on, content.due_by_hand, content.risk) = (row.due_on, true, 0);
    if let Some(po_number) = &new.po_number {
        content.po_number.clone_from(po_number);
    }
    content
}

/// Makes it a draft of today, printed with the account as it is today.
fn take_place(
    tx: &Tx<'_>,
    row: &DocumentRow,
    mut content: DraftImage,
) -> Result<DocumentId, Error> {
    let on = row.invoice_on.max(tx.now().today);
    let versions = account::versions(tx, row.account)?;
    let version = version_on(&versions, on).map_or(row.account_version, |v| v.id);
    (content.account_version, content.invoice_on) = (version, on);
    let blank = NewDraft {
        account: row.account,
        account_version: version,
        currency: row.currency,
        run: None,
        target: row.target_on,
        flags: &[],
        risk: 0,
    };
    let kind = DocumentKind::Invoice;
    let id = draft::insert_empty(tx, &blank, kind, Some(row.id), Source::Adjust, on)?;
    let fresh = document::get(tx, id)?;
    draft::save(tx, &fresh, &content)?;
    Ok(id)
}

/// Applies what was on the old one to the new one.
fn move_over(tx: &Tx<'_>, settled: &Settled, invoice: DocumentId) -> Result<(), Error> {
    for (id, minor) in &settled.payments {
        applied::use_money(tx, &payment::get(tx, *id)?, invoice, *minor)?;
    }
    for (_, memo, _, minor) in &settled.credits {
        credit::apply(tx, *memo, invoice, *minor, tx.now().today)?;
    }
    Ok(())
}

/// What it would make and move, or why it is refused.
pub fn foretell(db: &Db<'_>, new: &Reissue, by: Asked<'_>) -> Result<Foretold, Error> {
    new.checked()?;
    let row = allowed(db, new.document)?;
    let why = reason(&new.reason)?;
    let left = memo::room(db, &row)?;
    let money = |minor: i64| row.currency.amount(minor);
    let number = row.number.clone().unwrap_or_default();
    let versions = account::versions(db, row.account)?;
    let terms = version_on(&versions, by.now.today).map(|v| &v.terms);
    let mut then = new.changes(terms, &row.po_number);
    let settled = stored::settled(db, row.id)?;
    let paid = settled.payments.iter();
    then.extend(paid.map(|(id, minor)| format!("{id}: {} moves to the new one", money(*minor))));
    let credits = settled.credits.iter();
    then.extend(
        credits.map(|(_, _, no, minor)| format!("{no}: {} moves to the new one", money(*minor))),
    );
    if let Some((minor, on)) = debt::promised(db, row.id)? {
        then.push(format!("the promise of {} for {on} holds for it", money(minor)));
    }
    then.push("its periods and usage stay billed; both documents are sent together".to_owned());
    let who = (by.actor.uid, by.now.at_ms);
    let mut beware = Vec::new();
    let mut verb = "issue anew";
    match four_eyes::foretell(db, who, Verb::Reissue, &deed(&row, &new.with(), why)?)? {
        four_eyes::Ahead::Passes => {}
        four_eyes::Ahead::Confirms(words) => {
            beware.push(words.trim_start_matches("; ").to_owned());
        }
        four_eyes::Ahead::Asks(why) => {
            beware.push(format!("It is asked for, and a second person confirms it: {why}."));
            verb = "ask for it";
        }
    }
    Ok(Foretold {
        what: format!(
            "A credit memo of {} settles {number}, and an invoice of {} with the same lines, \
             dated {} and due {}, takes its place.",
            Money { minor: -left, ..money(left) },
            money(left),
            row.invoice_on.max(by.now.today),
            row.due_on
        ),
        then,
        beware,
        undo: "Both are numbered at once and cannot be undone.",
        verb,
        words: new.words(&number),
    })
}
