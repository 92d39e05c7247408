//! What a clerk says of drafts: accept, hold, release, cancel. One or many; each is one undo step.

use crate::domain::actor::Verb;
use crate::domain::document::Review;
use crate::domain::tag::Tagging;
use crate::engine::command::{Pick, Receipt};
use crate::engine::review::picked::{One, each, plain, reason, review_image};
use crate::engine::{Error, Session};
use crate::store::document::{self, DocumentRow};
use crate::store::draft::{self, Image, ReviewImage};
use crate::store::undo::Change;
use crate::store::{Tx, check, stale};
use chrono::NaiveDate;

/// Nothing said.
fn blank(stale: &str) -> ReviewImage {
    ReviewImage {
        review: Review::None,
        version: None,
        by: None,
        at: None,
        hold_reason: String::new(),
        hold_owner: String::new(),
        hold_until: None,
        stale: stale.to_owned(),
        tags: String::new(),
    }
}

fn said(tx: &Tx<'_>, row: &DocumentRow, after: ReviewImage) -> Result<Box<Change>, Error> {
    let before = review_image(tx, row)?;
    // Tags are not for a verdict to take off.
    let after = ReviewImage { tags: before.review.tags.clone(), ..after };
    draft::set_review(tx, row.id, &after)?;
    let after = Image { review: after, draft: None, claim: None };
    Ok(Box::new(Change { document: row.id, before, after }))
}

/// Looked at and found right, in the version it has. A stale draft needs the reason why it is
/// right nevertheless, and is fresh then.
pub fn accept(session: &mut Session, picks: &[Pick], why: &str) -> Result<Receipt, Error> {
    plain("the reason", why)?;
    each(session, Verb::Accept, "accepted", picks, |tx, row| {
        match row.review {
            Review::Held => {
                return Ok(One::Refused(format!("held: {}; release it first", row.hold_reason)));
            }
            Review::Accepted
                if row.reviewed_version == Some(row.version) && row.stale.is_empty() =>
            {
                return Ok(One::Refused(format!(
                    "accepted already by {}",
                    row.reviewed_by.as_deref().unwrap_or("somebody")
                )));
            }
            Review::Accepted | Review::None => {}
        }
        if !row.stale.is_empty() && why.trim().is_empty() {
            return Ok(One::Refused(format!(
                "stale: {}; regenerate it, or accept it with a reason",
                row.stale
            )));
        }
        let after = ReviewImage {
            review: Review::Accepted,
            version: Some(row.version),
            by: Some(tx.actor().name.clone()),
            at: Some(tx.now().at_ms),
            ..blank("")
        };
        let change = said(tx, row, after)?;
        let mut words = format!("accepted in version {}", row.version);
        if !row.stale.is_empty() {
            stale::clear(tx, row.id)?;
            words = format!("{words}, though {}: {}", row.stale, why.trim());
        }
        Ok(One::Done(words, Some(change)))
    })
}

/// Kept back from posting; keeps its claims, so the next run bills only the next period.
pub fn hold(
    session: &mut Session,
    picks: &[Pick],
    why: &str,
    owner: &str,
    until: Option<NaiveDate>,
) -> Result<Receipt, Error> {
    let why = reason(why)?;
    let owner = plain("the owner", owner.trim())?;
    let today = session.now()?.today;
    if let Some(day) = until.filter(|day| *day < today) {
        return Err(Error::usage("past", format!("{day} has gone by"), "name a day to come"));
    }
    each(session, Verb::Hold, "held", picks, |tx, row| {
        let owner = if owner.is_empty() { tx.actor().name.clone() } else { owner.to_owned() };
        let mut words = format!("held: {why} ({owner}");
        if let Some(day) = until {
            words.push_str(&format!(", look again on {day}"));
        }
        words.push(')');
        let after = ReviewImage {
            review: Review::Held,
            by: Some(tx.actor().name.clone()),
            at: Some(tx.now().at_ms),
            hold_reason: why.to_owned(),
            hold_owner: owner,
            hold_until: until,
            ..blank(&row.stale)
        };
        Ok(One::Done(words, Some(said(tx, row, after)?)))
    })
}

/// No longer held.
pub fn release(session: &mut Session, picks: &[Pick]) -> Result<Receipt, Error> {
    each(session, Verb::Hold, "released", picks, |tx, row| match row.review {
        Review::Held => {
            let change = said(tx, row, blank(&row.stale))?;
            Ok(One::Done(format!("released (was held: {})", row.hold_reason), Some(change)))
        }
        Review::None | Review::Accepted => Ok(One::Refused("it is not held".to_owned())),
    })
}

/// Throws drafts away; what they billed is billable again. It cannot be undone: billing the
/// account again makes them anew.
pub fn cancel(session: &mut Session, picks: &[Pick], why: &str) -> Result<Receipt, Error> {
    let why = reason(why)?;
    each(session, Verb::CancelDraft, "canceled", picks, |tx, row| {
        if let Some(other) = document::billed_on_its_credit(tx, row.id)? {
            return Ok(One::Refused(format!(
                "{other} bills the days that this credit gives back: cancel {other} first"
            )));
        }
        let held = draft::load(tx, row)?;
        document::cancel_draft(tx, row.id)?;
        // A credit that a later draft or invoice relies on must not vanish beneath it.
        for claim in held.lines.iter().flat_map(|l| &l.claims) {
            if let Some(why) = check::double_billing(tx, claim.charge, claim.target)? {
                return Err(Error::usage(
                    "would_bill_twice",
                    format!("without it {why}"),
                    "cancel that one first; or accept this one with a reason and post it",
                ));
            }
        }
        Ok(One::Done(format!("canceled: {why}"), None))
    })
}

/// Puts tags on drafts and takes others off. What was said of a draft stays said: a tag is no part of it.
pub fn tag(session: &mut Session, picks: &[Pick], tagging: &Tagging) -> Result<Receipt, Error> {
    each(session, Verb::Edit, "tagged", picks, |tx, row| {
        let before = review_image(tx, row)?;
        let tags = match tagging.on(&row.tags) {
            Ok(tags) if tags == row.tags => {
                return Ok(One::Refused("it has just these tags already".to_owned()));
            }
            Ok(tags) => tags,
            Err(why) => return Ok(One::Refused(why.to_string())),
        };
        let words = format!("tagged {}", tagging.words());
        let review = ReviewImage { tags, ..before.review.clone() };
        let after = Image { review, draft: None, claim: None };
        draft::set_review(tx, row.id, &after.review)?;
        Ok(One::Done(words, Some(Box::new(Change { document: row.id, before, after }))))
    })
}
