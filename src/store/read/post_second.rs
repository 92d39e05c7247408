//! Which drafts of a posting would be refused to who posts them: four eyes and separation of
//! duties, foretold in the order in which the drafts are numbered.

use super::ReadError;
use crate::config::{Config, key};
use crate::domain::actor::{Actor, Role, Verb};
use crate::domain::document::Review;
use crate::domain::ids::DocumentId;
use crate::domain::money::Currency;
use crate::store::deed::ahead::Ahead;
use crate::store::deed::{self, Stop};
use crate::store::face::params_from_iter;
use crate::store::{Db, StoreError, document, role, settings, tally, word};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Who would post, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poster<'a> {
    /// The person.
    pub actor: &'a Actor,
    /// UTC ms.
    pub now_ms: i64,
}

/// The day of the posting, the invoice date it would give to all (none: each keeps its own), and
/// who would post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates<'a> {
    /// Today in the book's zone.
    pub today: NaiveDate,
    /// The new invoice date.
    pub invoice_on: Option<NaiveDate>,
    /// Who would post; none = the rules over one person are not asked.
    pub by: Option<Poster<'a>>,
}

/// Drafts that are judged one by one at most; what a posting refuses beyond is told by its receipt.
const JUDGED: usize = 20_000;

/// The drafts that would stay behind, by reason.
pub(super) fn refused(
    db: &Db<'_>,
    which: &str,
    values: &[i64],
    postable: &str,
    dates: Dates<'_>,
) -> Result<BTreeMap<String, Vec<i64>>, ReadError> {
    let mut out: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let Some(by) = dates.by else { return Ok(out) };
    if tally::drafts(db)?.count == 0 {
        return Ok(out);
    }
    let role = match role::authorize(db, by.actor, Verb::Post) {
        Ok(role) => role,
        Err(StoreError::Forbidden { .. }) => return Ok(out),
        Err(error) => return Err(error.into()),
    };
    let config = settings::load(db)?;
    let mut ahead = Ahead::new(by.actor.uid, role != Role::Everything, by.now_ms);
    for id in doubtful(db, (which, values), postable, &config, by.actor.uid)? {
        let row = document::get(db, DocumentId(id))?;
        let Some(deed) = deed::of_posting(db, &row)? else { continue };
        let same = dates.invoice_on.is_none_or(|day| day == row.invoice_on);
        let other = row.reviewed_by.as_ref().is_some_and(|name| *name != by.actor.name);
        let seconded = same && other && row.review == Review::Accepted;
        let stop = match ahead.opposed(db, &deed)? {
            Some(stop) => Some(stop),
            None if seconded => None,
            None => ahead.alone(db, &config, &deed)?,
        };
        if let Some(stop) = stop {
            out.entry(words(&stop)).or_default().push(id);
        }
    }
    Ok(out)
}

fn words(stop: &Stop) -> String {
    match stop {
        Stop::BothSides { did, .. } => format!(
            "after a {did} of yours on the account: somebody else must post them (separation.window)"
        ),
        Stop::Alone { limit, setting, .. } => format!(
            "above {limit} of one person on one account in 24 hours: somebody else must accept them first ({setting})"
        ),
        Stop::Prices { .. } | Stop::Settings | Stop::Period => stop.to_string(),
    }
}

/// Drafts that the rules could refuse: of accounts that come above the limit with them or that the
/// person did something to, and those with a line made by hand.
fn doubtful(
    db: &Db<'_>,
    (which, values): (&str, &[i64]),
    postable: &str,
    config: &Config,
    uid: u32,
) -> Result<Vec<i64>, StoreError> {
    let from = "document d JOIN document_state s ON s.document_id = d.id";
    let values = || params_from_iter(values);
    let heavy = match config.decimal(key::FOUR_EYES_ABOVE) {
        None => "0".to_owned(),
        Some(limit) => {
            let sql =
                format!("SELECT DISTINCT d.currency FROM {from} WHERE {which} AND {postable}");
            let mut limits = String::new();
            for currency in db.all(&sql, values(), |r| word(r, 0, Currency::parse))? {
                let minor = currency.whole_minor(limit);
                limits.push_str(&format!(" WHEN '{}' THEN {minor}", currency.code()));
            }
            format!(
                "d.account_id IN (SELECT d.account_id FROM {from} WHERE {which} AND {postable} \
                 GROUP BY d.account_id, d.currency \
                 HAVING sum(abs(d.total_minor)) > CASE d.currency{limits} ELSE 0 END)"
            )
        }
    };
    let heavy = if heavy.contains("CASE d.currency ELSE") { "0".to_owned() } else { heavy };
    // Found by what makes them doubtful, not draft by draft.
    let sql = format!(
        "SELECT d.id FROM ( \
          SELECT d.id AS document_id FROM document d WHERE {heavy} \
          UNION SELECT x.document_id FROM (SELECT DISTINCT account_id FROM deed WHERE uid = {uid}) e \
            CROSS JOIN document_state x ON x.account_id = e.account_id AND x.status = 'Draft' \
          UNION SELECT i.document_id FROM document_item i WHERE i.origin <> 'run' \
            AND i.document_id >= (SELECT min(id) FROM document WHERE status = 'Draft')) c \
        CROSS JOIN document d ON d.id = c.document_id \
        JOIN document_state s ON s.document_id = d.id WHERE {which} AND {postable} \
        ORDER BY d.account_id, d.id LIMIT {JUDGED}"
    );
    db.all(&sql, values(), |r| r.get(0))
}
