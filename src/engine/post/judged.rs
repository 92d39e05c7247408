//! Whether a draft may be posted, and what is posted of it: read before the lock is taken, so that the
//! lock is held for writing alone.

use crate::config::{Config, key};
use crate::document::{Corrected, Frozen};
use crate::domain::account::AccountTerms;
use crate::domain::document::{DocumentStatus, DocumentTax, Review};
use crate::domain::tax::posting_block;
use crate::engine::command::Pick;
use crate::engine::{Error, e_invoice, fx, printed, speech};
use crate::store::document::{self, DocumentRow};
use crate::store::posting::Content;
use crate::store::{Db, StoreError, account, logo};
use chrono::NaiveDate;

/// A draft as it is posted, or why it stays behind.
pub type Judged = Result<Box<(DocumentRow, Content)>, String>;

/// Judges a draft by what anybody may see of it: all but the dates of its series, and who stands for
/// it, which depend on what is posted before it.
pub fn judge(
    db: &Db<'_>,
    pick: &Pick,
    invoice_on: Option<NaiveDate>,
    config: &Config,
) -> Result<Judged, Error> {
    let mut row = document::get(db, pick.id)?;
    if !pick.is_of(row.version) {
        return Ok(Err("it was changed since it was marked; look at it again".to_owned()));
    }
    // Another invoice date is a change: what was accepted was something else.
    let accepted = moves(&row, invoice_on) && row.review == Review::Accepted;
    if accepted {
        row.review = Review::None;
    }
    Ok(match judge_row(db, &row, config, invoice_on.unwrap_or(row.invoice_on))? {
        Ok((frozen, taxes)) => {
            if accepted {
                row.review = Review::Accepted;
            }
            let content = Content::of(db, &row, &taxes, &frozen)?;
            Ok(Box::new((row, content)))
        }
        Err(reason) => Err(under(reason, accepted, &row)),
    })
}

/// Whether a draft is posted under another date than its own.
pub(super) fn moves(row: &DocumentRow, invoice_on: Option<NaiveDate>) -> bool {
    invoice_on.is_some_and(|day| day != row.invoice_on)
}

/// A reason, and that an acceptance did not count because it was of another date.
pub(super) fn under(reason: String, accepted: bool, row: &DocumentRow) -> String {
    if !accepted {
        return reason;
    }
    let day = row.invoice_on;
    format!(
        "{reason}; it was accepted under {day}, and another invoice date is a change: set it, then \
         accept it again"
    )
}

/// Why a draft dated `on` stays behind, if it does; else what is printed of it for ever, and its taxes.
fn judge_row(
    db: &Db<'_>,
    row: &DocumentRow,
    config: &Config,
    on: NaiveDate,
) -> Result<Result<(Frozen, Vec<DocumentTax>), String>, Error> {
    if row.status != DocumentStatus::Draft {
        return Ok(Err(format!("it is {}", row.status)));
    }
    if row.review == Review::Held {
        let owner = if row.hold_owner.is_empty() {
            String::new()
        } else {
            format!(" ({})", row.hold_owner)
        };
        return Ok(Err(format!("held: {}{owner}", row.hold_reason)));
    }
    if !row.stale.is_empty() {
        return Ok(Err(format!("stale: {}; regenerate it, or accept it with a reason", row.stale)));
    }
    let accepted = row.review == Review::Accepted;
    let unseen = match config.get(key::POST_REQUIRE_REVIEW) {
        "all" => !accepted,
        "flagged" => !accepted && !document::flags(db, row.id)?.is_empty(),
        _ => false,
    };
    if unseen {
        return Ok(Err("not accepted yet (post.require_review)".to_owned()));
    }
    let terms = account::version_terms(db, row.account_version)?;
    let taxes = document::taxes(db, row.id)?;
    if let Some(why) = posting_block(&taxes, &terms.tax_id).filter(|_| !taxes.is_empty()) {
        return Ok(Err(why));
    }
    // Numbered and charged, it would have to be delivered.
    let frozen = freeze_with(db, row, config, (&terms, on))?;
    if let Some(why) = printed::unfit(db, row.clone(), taxes.clone(), frozen.clone())? {
        return Ok(Err(why));
    }
    let total = row.currency.amount(row.total_minor);
    if let Some(verdict) = e_invoice::law(config, &terms, (row.kind, on, total))
        && verdict.stops
    {
        return Ok(Err(verdict.words));
    }
    let problems = e_invoice::problems(db, row, &taxes, &frozen)?;
    Ok(match e_invoice::refused(&problems) {
        Some(why) => Err(why),
        None => Ok((frozen, taxes)),
    })
}

/// What is printed for ever: issuer and customer as they are now, [`Frozen`].
pub(super) fn freeze(
    db: &Db<'_>,
    row: &DocumentRow,
    config: &Config,
) -> Result<Frozen, StoreError> {
    let terms = account::version_terms(db, row.account_version)?;
    freeze_with(db, row, config, (&terms, row.invoice_on))
}

fn freeze_with(
    db: &Db<'_>,
    row: &DocumentRow,
    config: &Config,
    (terms, on): (&AccountTerms, NaiveDate),
) -> Result<Frozen, StoreError> {
    let mut frozen = Frozen::of(config, terms);
    frozen.speech = speech::of(db, config, terms)?;
    frozen.logo = logo::chosen(db)?;
    if let Some(id) = document::corrected_by(db, row)? {
        let other = document::get(db, id)?;
        frozen.corrects = other.number.map(|number| Corrected { number, date: other.invoice_on });
    }
    if row.kind.is_receivable() && terms.auto_pay {
        let first = e_invoice::charged(db, config, row.account, row.due_on)?;
        let tongue = speech::tongue(db, frozen.speech.as_ref())?;
        let named = first.map(|method| e_invoice::named(&method, config, &tongue));
        frozen.collected_from = named.unwrap_or_default();
    }
    if row.kind.is_receivable() && frozen.collected_from.is_empty() {
        frozen.pay = e_invoice::pay_to(config);
    }
    frozen.home = fx::home(db, config, row, on)?;
    frozen.legal = e_invoice::legal(db, row, config, terms)?;
    if let Some(legal) = &mut frozen.legal {
        legal.home.clone_from(&frozen.home);
    }
    Ok(frozen)
}
