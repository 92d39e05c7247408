//! The history of a document: every deed with what it changed, and a draft put back to how it was before
//! one of them.

use super::edit::{restored, review_after, tell_who_accepted};
use crate::domain::actor::Verb;
use crate::domain::document::{DocumentStatus, Review};
use crate::domain::ids::DocumentId;
use crate::domain::money::{Currency, Money};
use crate::engine::command::{Pick, Receipt};
use crate::engine::review::others;
use crate::engine::review::picked::{image, look_at_one};
use crate::engine::{Error, Session};
use crate::store::document::{self, DocumentRow};
use crate::store::draft::{self, DraftImage, Image, LineImage, ReviewImage};
use crate::store::read::{ReadError, past};
use crate::store::undo::{self, Change};
use crate::store::{Db, StoreError, stale};

/// What a deed made of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// `line 2 quantity`.
    pub field: String,
    pub before: String,
    pub after: String,
}

/// One deed on a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Its place in the trail; 0: that it was made or posted, which the document says itself.
    pub seq: i64,
    /// UTC milliseconds.
    pub at_ms: i64,
    /// Who; empty where only the document says it.
    pub user: String,
    pub verb: String,
    /// In words.
    pub summary: String,
    /// What it changed, as far as that is kept.
    pub turned: Vec<Turned>,
    /// Whether it was taken back since.
    pub undone: bool,
    /// What the draft came to before it, where it can be put back to that.
    pub restores: Option<Money>,
}

/// A document with its deeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// As it stands.
    pub pick: Pick,
    /// Its number, or how the draft is called.
    pub label: String,
    /// What it comes to.
    pub total: Money,
    /// Newest first.
    pub deeds: Vec<Past>,
    /// Whether there are older ones.
    pub more: bool,
}

/// Reads the history of a document.
pub fn of(db: &Db<'_>, id: DocumentId) -> Result<History, ReadError> {
    let row = document::get(db, id)?;
    let is_draft = row.status == DocumentStatus::Draft;
    let mut deeds: Vec<Past> = past::deeds(db, id)?
        .into_iter()
        .map(|deed| {
            let images = deed.images.as_deref();
            Past {
                seq: deed.seq,
                at_ms: deed.at,
                user: deed.user,
                verb: deed.verb,
                summary: deed.summary,
                turned: images.map(|(b, a)| turned(b, a, row.currency)).unwrap_or_default(),
                undone: deed.undone,
                restores: images
                    .filter(|_| is_draft)
                    .and_then(|(before, _)| before.draft.as_ref())
                    .map(|draft| row.currency.amount(draft.total_minor)),
            }
        })
        .collect();
    let more = deeds.len() == past::MOST;
    let (made_at, posted_at) = past::moments(db, id)?;
    let own = |at_ms, verb: &str, summary: String| Past {
        seq: 0,
        at_ms,
        user: String::new(),
        verb: verb.to_owned(),
        summary,
        turned: Vec::new(),
        undone: false,
        restores: None,
    };
    let told = deeds.iter().any(|deed| deed.verb == Verb::Post.as_str());
    if let (Some(at), Some(number), false) = (posted_at, &row.number, told) {
        deeds.push(own(at, "posted", format!("as {number}")));
    }
    let by = row.run.map_or_else(|| "by hand".to_owned(), |run| format!("by {run}"));
    deeds.push(own(made_at, "made", by));
    // What the document says itself was before what was done to it at the same moment.
    deeds.sort_by_key(|deed| (std::cmp::Reverse(deed.at_ms), std::cmp::Reverse(deed.seq)));
    let label = row.number.clone().unwrap_or_else(|| id.to_string());
    let total = row.currency.amount(row.total_minor);
    Ok(History { pick: Pick { id, version: row.version }, label, total, deeds, more })
}

fn turned(before: &Image, after: &Image, c: Currency) -> Vec<Turned> {
    let mut out = Vec::new();
    let mut add = |field: &str, before: String, after: String| {
        if before != after {
            out.push(Turned { field: field.to_owned(), before, after });
        }
    };
    add("review", said(&before.review), said(&after.review));
    add("tags", before.review.tags.clone(), after.review.tags.clone());
    let has = |image: &Image| {
        let by = image.claim.as_ref().and_then(|claim| claim.by.as_ref());
        by.map_or_else(|| "nobody".to_owned(), |by| by.name.clone())
    };
    add("claimed by", has(before), has(after));
    if let (Some(before), Some(after)) = (&before.draft, &after.draft) {
        add("invoice date", before.invoice_on.to_string(), after.invoice_on.to_string());
        add("due date", before.due_on.to_string(), after.due_on.to_string());
        add("PO number", before.po_number.clone(), after.po_number.clone());
        add("note", before.note.clone(), after.note.clone());
        lines(before, after, c, &mut add);
        add("tax", c.grouped(before.tax_minor), c.grouped(after.tax_minor));
        add("total", c.grouped(before.total_minor), c.grouped(after.total_minor));
    }
    out
}

/// What was said of a draft, in words.
fn said(review: &ReviewImage) -> String {
    let by = review.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
    match review.review {
        Review::None => "not looked at".to_owned(),
        Review::Accepted => format!("accepted{by}"),
        Review::Held => format!("held{by}: {}", review.hold_reason),
    }
}

/// Lines are the same by their rows, whose keys are kept from one version to the next; rated again, by
/// their charge and its days.
fn is_same(a: &LineImage, b: &LineImage) -> bool {
    let of = |l: &LineImage| (l.charge, l.target, l.corrects, l.service_from);
    a.id == b.id || (a.charge.is_some() && of(a) == of(b))
}

fn lines(
    before: &DraftImage,
    after: &DraftImage,
    c: Currency,
    add: &mut impl FnMut(&str, String, String),
) {
    let whole = |line: &LineImage| {
        let (quantity, price) = (line.quantity.normalize(), line.unit_price.normalize());
        format!("{}, {quantity} × {price}", line.description)
    };
    for (place, line) in (1..).zip(&after.lines) {
        let name = |what: &str| format!("line {place}{what}");
        let Some(was) = before.lines.iter().find(|l| is_same(l, line)) else {
            add(&name(""), String::new(), whole(line));
            continue;
        };
        add(&name(" description"), was.description.clone(), line.description.clone());
        let number = |n: rust_decimal::Decimal| n.normalize().to_string();
        add(&name(" quantity"), number(was.quantity), number(line.quantity));
        add(&name(" price"), number(was.unit_price), number(line.unit_price));
        add(&name(" amount"), c.grouped(was.amount_minor), c.grouped(line.amount_minor));
    }
    for (place, line) in (1..).zip(&before.lines) {
        if !after.lines.iter().any(|l| is_same(l, line)) {
            add(&format!("line {place}"), whole(line), String::new());
        }
    }
}

/// Puts a draft back to how it was before a deed of the trail; undo takes that back as well.
pub fn restore(session: &mut Session, pick: &Pick, seq: i64) -> Result<Receipt, Error> {
    let sure = session.sure;
    session.write(Verb::Edit, |tx| {
        let row = look_at_one(tx, pick)?;
        others::ask(tx, &row, sure)?;
        let Earlier { summary, content, stale } = before(tx, &row, seq)?;
        let was = image(tx, &row)?;
        if was.draft.as_ref().is_some_and(|now| now.same(&content)) {
            return Err(Error::usage("no_change", format!("{} is so already", row.id), ""));
        }
        let elsewhere = || {
            Error::usage(
                "billed_elsewhere",
                "what it billed then is billed elsewhere meanwhile",
                "edit what is to be as it was",
            )
        };
        match tx.attempt(|| restored(tx, &row, was.draft.as_ref(), &content)) {
            Err(Error::Store(StoreError::Conflict(_))) => return Err(elsewhere()),
            other => other?,
        }
        draft::set_review(tx, row.id, &review_after(&was.review))?;
        tell_who_accepted(tx, &row, &was.review)?;
        if row.stale.is_empty() && !stale.is_empty() {
            stale::mark(tx, row.id, &stale)?;
        }
        let now = document::get(tx, row.id)?;
        let mut after = image(tx, &now)?;
        after.review = ReviewImage { stale: now.stale.clone(), ..review_after(&was.review) };
        undo::record(tx, &Change { document: row.id, before: was, after })?;
        let words = format!("as it was before #{seq} ({summary})");
        tx.note(row.id, &words);
        Ok(Receipt {
            summary: format!("{}: {words}", row.id),
            done: 1,
            totals: row.currency.amount(now.total_minor).into(),
            undoable: true,
            made: row.id.to_string(),
            ..Receipt::default()
        })
    })
}

/// A draft before a deed.
struct Earlier {
    /// The deed in words.
    summary: String,
    content: DraftImage,
    /// What had changed under it by then or later, until it was rated again; else empty.
    stale: String,
}

fn before(db: &Db<'_>, row: &DocumentRow, seq: i64) -> Result<Earlier, Error> {
    let none = || {
        Error::usage(
            "no_such_deed",
            format!("{} has no earlier version before #{seq}", row.id),
            format!("daybook invoice history {} lists them", row.id),
        )
    };
    let deeds = past::deeds(db, row.id).map_err(|error| match error {
        ReadError::Store(error) => Error::Store(error),
        ReadError::Filter(error) => Error::Bug(error.to_string()),
    })?;
    let since = deeds.iter().filter(|deed| deed.seq >= seq).filter_map(|d| d.images.as_deref());
    let stale = since.map(|(before, _)| &before.review.stale).find(|stale| !stale.is_empty());
    let stale = stale.cloned().unwrap_or_default();
    let deed = deeds.into_iter().find(|deed| deed.seq == seq).ok_or_else(none)?;
    let summary = deed.summary;
    let Some(content) = deed.images.and_then(|images| images.0.draft) else {
        return Err(Error::usage(
            "no_such_deed",
            format!("#{seq} ({}: {summary}) changed nothing of what {} says", deed.verb, row.id),
            format!("name an edit: daybook invoice history {}", row.id),
        ));
    };
    Ok(Earlier { summary, content, stale })
}
