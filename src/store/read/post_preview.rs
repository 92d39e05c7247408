//! What posting would do, read at one moment: the figures of the confirmation.

use super::post_second;
pub use super::post_second::Dates;
use super::{ReadError, Totals};
use crate::config::{Config, key};
use crate::domain::document::{DocumentKind, Review, date_doubts};
use crate::domain::money::Money;
use crate::domain::series::number_from;
use crate::domain::withdrawn;
use crate::store::face::{Row, params_from_iter};
use crate::store::{Db, StoreError, money, posting, tally, word};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Drafts listed by name at most.
const LISTED: usize = 5;

/// What posting would do, read at one moment: the figures of the confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostPreview {
    /// Drafts that would be posted.
    pub count: i64,
    /// Their total and tax by currency.
    pub money: Vec<(Money, Money)>,
    /// First and last number by series, as far as it can be foretold.
    pub numbers: Vec<String>,
    /// What stays behind and why.
    pub left_out: Vec<(String, i64)>,
    /// Flagged drafts nobody accepted, by currency: their total, and how many.
    pub unseen: Vec<(Money, i64)>,
    /// The largest drafts: account, customer, total.
    pub largest: Vec<(String, String, Money)>,
    /// Drafts that would be posted and that others have claimed today: who, and how many.
    pub claimed: Vec<(String, i64)>,
    /// Rows that changed since they were marked.
    pub changed: i64,
    /// What is odd about the dates that would be printed, in words.
    pub doubts: Vec<String>,
    /// With a new invoice date: how many due dates stay, since they were set by hand, and the first
    /// of them by account and day.
    pub due_by_hand: (i64, Vec<(String, NaiveDate)>),
}

/// Reads the figures for posting a run.
pub fn of_run(db: &Db<'_>, run: i64, dates: Dates<'_>) -> Result<PostPreview, ReadError> {
    preview(db, "d.run_id = ?1 AND d.status = 'Draft'", &[run], dates)
}

/// Reads the figures for posting marked drafts; each is (id, version as marked).
pub fn of_marked(
    db: &Db<'_>,
    picks: &[(i64, i64)],
    dates: Dates<'_>,
) -> Result<PostPreview, ReadError> {
    let list: Vec<String> = picks.iter().map(|(id, _)| id.to_string()).collect();
    let mut out = preview(db, &format!("d.id IN ({})", list.join(",")), &[], dates)?;
    let sql = "SELECT version FROM document WHERE id = ?1";
    for (id, version) in picks {
        let now: Option<i64> = db.opt(sql, [id], |r| r.get(0))?;
        out.changed += i64::from(now != Some(*version));
    }
    Ok(out)
}

/// How many drafts posting them all would take, and their money.
pub fn all_drafts(db: &Db<'_>, dates: Dates<'_>) -> Result<Totals, ReadError> {
    let which = "d.status = 'Draft'";
    let (postable, reason) = postable(db, dates)?;
    let second = post_second::refused(db, which, &[], &postable, dates)?;
    let ids = second.values().flatten().map(i64::to_string).collect::<Vec<_>>().join(",");
    let (postable, _) = without(postable, reason, &second);
    let sql = match doubtful(db, dates)? {
        // All of them without the few that stay behind.
        Some(doubtful) => format!(
            "SELECT currency, sum(n), sum(m) FROM ( \
             SELECT currency, count AS n, sum_minor AS m FROM tally WHERE name = 'draft' \
             UNION ALL SELECT d.currency, -1, -d.total_minor \
             FROM ({doubtful} UNION SELECT id FROM document WHERE id IN ({ids})) c \
             CROSS JOIN document d ON d.id = c.document_id \
             JOIN document_state s ON s.document_id = d.id WHERE {which} AND NOT ({postable})) \
             GROUP BY 1 HAVING sum(n) <> 0"
        ),
        None => format!(
            "SELECT d.currency, count(*), sum(d.total_minor) FROM document d \
             JOIN document_state s ON s.document_id = d.id WHERE {which} AND {postable} GROUP BY 1"
        ),
    };
    let mut totals = Totals::default();
    db.each(&sql, [], |r| {
        totals.count += r.get::<i64>(1)?;
        totals.money.add(money(r, 0, 2)?)?;
        Ok(())
    })?;
    Ok(totals)
}

/// Drafts that somebody accepted and that posting would leave behind, whoever posts: how many by reason.
pub fn accepted_behind(db: &Db<'_>, dates: Dates<'_>) -> Result<Vec<(String, i64)>, ReadError> {
    let accepted = tally::drafts_of(db, Review::Accepted)?;
    if accepted.count == 0 {
        return Ok(Vec::new());
    }
    let (postable, reason) = postable(db, dates)?;
    let among = doubtful(db, dates)?.unwrap_or_else(|| {
        "SELECT document_id FROM document_state WHERE status = 'Draft' AND review = 'accepted'"
            .to_owned()
    });
    let sql = format!(
        "SELECT {reason}, count(*) FROM ({among}) c CROSS JOIN document d ON d.id = c.document_id \
         JOIN document_state s ON s.document_id = d.id \
         WHERE d.status = 'Draft' AND s.review = 'accepted' AND NOT ({postable}) GROUP BY 1"
    );
    Ok(db.all(&sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?)
}

/// The documents among which are all drafts that stay behind, as SQL; none = any draft may.
fn doubtful(db: &Db<'_>, dates: Dates<'_>) -> Result<Option<String>, ReadError> {
    let config = crate::store::settings::load(db)?;
    let gone = |m: &Money| withdrawn::of_code(m.currency.code()).is_some();
    if config.get(key::POST_REQUIRE_REVIEW) != "none"
        || config.get(key::SERIES_DATES) == "refuse"
        || dates.invoice_on.is_some()
        || tally::drafts(db)?.money.iter().any(gone)
    {
        return Ok(None);
    }
    // What was posted long ago is passed over.
    let first = "(SELECT min(id) FROM document WHERE status = 'Draft')";
    Ok(Some(format!(
        "SELECT document_id FROM document_state \
         WHERE status = 'Draft' AND (review = 'held' OR stale <> '') \
         UNION SELECT document_id FROM document_tax \
         WHERE kind = 'reverse_charge' AND document_id >= {first} \
         UNION SELECT document_id FROM flag \
         WHERE code = 'unprintable' AND document_id >= {first} \
         UNION SELECT document_id FROM flag \
         WHERE code = 'e_invoice' AND document_id >= {first}"
    )))
}

/// Total, tax, count.
type Sums = (Money, Money, i64);

/// What `engine::post::blocked` would let through, as SQL, so that the figures of a run of any size
/// are there at once. A test holds the two together.
fn postable(db: &Db<'_>, dates: Dates<'_>) -> Result<(String, String), ReadError> {
    let config = crate::store::settings::load(db)?;
    let none = not_accepted(dates);
    let unseen = match config.get(key::POST_REQUIRE_REVIEW) {
        "all" => none,
        "flagged" => {
            format!("({none} AND EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id))")
        }
        _ => "0".to_owned(),
    };
    let no_tax_id = "EXISTS (SELECT 1 FROM document_tax x JOIN account_version w \
        ON w.id = d.account_version_id WHERE x.document_id = d.id \
        AND x.kind = 'reverse_charge' AND trim(w.tax_id) = '')";
    let reason = format!(
        "CASE WHEN d.status <> 'Draft' THEN 'no longer drafts' WHEN s.review = 'held' THEN 'held' \
         WHEN s.stale <> '' THEN 'stale: regenerate them, or accept them with a reason' \
         WHEN {unseen} THEN 'not accepted yet (post.require_review)' \
         WHEN {no_tax_id} THEN 'reverse charge without a tax id of the customer' \
         WHEN EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id AND f.code = 'unprintable') \
         THEN 'cannot be printed: correct the text, then regenerate them' \
         WHEN EXISTS (SELECT 1 FROM flag f WHERE f.document_id = d.id AND f.code = 'e_invoice') \
         THEN 'of which no e-invoice can be made: their flags say why' \
         WHEN {} THEN 'in a currency that is withdrawn' \
         WHEN {} THEN 'dated before the last number of their series (series.dates)' ELSE '' END",
        gone(dates),
        backwards(db, &config, dates)?
    );
    Ok((format!("({reason}) = ''"), reason))
}

/// That a draft charges something in a currency that is withdrawn on its date.
fn gone(dates: Dates<'_>) -> String {
    let day = day_of(dates);
    let mut any = vec!["0".to_owned()];
    for gone in withdrawn::all() {
        if let Some(since) = gone.since() {
            any.push(format!("d.currency = '{}' AND {day} >= '{since}'", gone.code));
        }
    }
    format!("(d.kind = 'invoice' AND d.total_minor > 0 AND ({}))", any.join(" OR "))
}

/// Where dates must rise: that a draft is dated before the last number of its series.
fn backwards(db: &Db<'_>, config: &Config, dates: Dates<'_>) -> Result<String, ReadError> {
    let mut any = vec!["0".to_owned()];
    if config.get(key::SERIES_DATES) != "refuse" {
        return Ok(any.remove(0));
    }
    let day = day_of(dates);
    let sql = "SELECT kind, year FROM series";
    let series = |r: &Row<'_>| Ok((word(r, 0, DocumentKind::parse)?, r.get::<i32>(1)?));
    for (kind, year) in db.all(sql, [], series)? {
        let pattern = config.pattern(kind);
        let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1) else { continue };
        if let Some((_, on)) = posting::last_of_series(db, pattern, first)? {
            let of_year = if pattern.contains("{year}") {
                format!("substr({day}, 1, 4) = '{year:04}' AND ")
            } else {
                String::new()
            };
            any.push(format!("d.kind = '{kind}' AND {of_year}{day} < '{on}'"));
        }
    }
    Ok(format!("({})", any.join(" OR ")))
}

/// The date that would be printed, as SQL.
fn day_of(dates: Dates<'_>) -> String {
    dates.invoice_on.map_or_else(|| "d.invoice_on".to_owned(), |day| format!("'{day}'"))
}

/// Nobody accepted it as it would be posted: another invoice date is a change.
fn not_accepted(dates: Dates<'_>) -> String {
    let none = "s.review = 'none'";
    match dates.invoice_on {
        None => none.to_owned(),
        Some(day) => format!("({none} OR (s.review = 'accepted' AND d.invoice_on <> '{day}'))"),
    }
}

/// The same without what the rules over one person refuse.
fn without(
    postable: String,
    reason: String,
    refused: &BTreeMap<String, Vec<i64>>,
) -> (String, String) {
    refused.iter().fold((postable, reason), |(postable, reason), (why, ids)| {
        let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
        let ids = ids.join(",");
        (
            format!("({postable} AND d.id NOT IN ({ids}))"),
            format!(
                "CASE WHEN d.id IN ({ids}) THEN '{}' ELSE {reason} END",
                why.replace('\'', "''")
            ),
        )
    })
}

fn preview(
    db: &Db<'_>,
    which: &str,
    values: &[i64],
    dates: Dates<'_>,
) -> Result<PostPreview, ReadError> {
    let from = "document d JOIN document_state s ON s.document_id = d.id";
    let (postable, reason) = postable(db, dates)?;
    let second = post_second::refused(db, which, values, &postable, dates)?;
    let (postable, reason) = without(postable, reason, &second);
    let sums = |extra: &str| -> Result<Vec<Sums>, StoreError> {
        let sql = format!(
            "SELECT d.currency, sum(d.total_minor), sum(d.tax_minor), count(*) FROM {from} \
             WHERE {which} AND {postable} {extra} GROUP BY 1"
        );
        db.all(&sql, params_from_iter(values), |r| {
            Ok((money(r, 0, 1)?, money(r, 0, 2)?, r.get(3)?))
        })
    };
    let all = sums("")?;
    let mut out = PostPreview {
        count: all.iter().map(|(_, _, n)| n).sum(),
        money: all.iter().map(|(total, tax, _)| (*total, *tax)).collect(),
        ..PostPreview::default()
    };
    let unseen = format!("AND {} AND s.risk > 0", not_accepted(dates));
    out.unseen = sums(&unseen)?.into_iter().map(|(total, _, n)| (total, n)).collect();
    let sql = format!(
        "SELECT {reason}, count(*) FROM {from} WHERE {which} AND NOT ({postable}) GROUP BY 1"
    );
    out.left_out = db.all(&sql, params_from_iter(values), |r| Ok((r.get(0)?, r.get(1)?)))?;
    // The largest of each currency: amounts of different currencies are not compared.
    let sql = format!(
        "SELECT a.number, v.name, d.currency, max(d.total_minor) FROM {from} \
        JOIN account a ON a.id = d.account_id JOIN account_version v ON v.id = \
        d.account_version_id \
        WHERE {which} AND {postable} GROUP BY d.currency ORDER BY count(*) DESC LIMIT 3"
    );
    out.largest =
        db.all(&sql, params_from_iter(values), |r| Ok((r.get(0)?, r.get(1)?, money(r, 2, 3)?)))?;
    if let Some(by) = dates.by {
        let sql = format!(
            "SELECT k.user_name, count(*) FROM clerk_claim k CROSS JOIN {from} \
             WHERE d.id = k.document_id AND k.claimed_on = '{}' AND k.uid <> {} \
             AND {which} AND {postable} GROUP BY k.uid",
            dates.today, by.actor.uid
        );
        out.claimed = db.all(&sql, params_from_iter(values), |r| Ok((r.get(0)?, r.get(1)?)))?;
    }
    series(db, which, values, &postable, dates, &mut out)?;
    if dates.invoice_on.is_some() {
        out.due_by_hand = due_by_hand(db, which, values, &postable)?;
    }
    Ok(out)
}

/// What is known of the drafts that one series would number.
struct Series {
    kind: DocumentKind,
    year: i32,
    count: i64,
    last: i64,
    from: NaiveDate,
    to: NaiveDate,
}

/// The range each series would give, and what is odd about its dates.
fn series(
    db: &Db<'_>,
    which: &str,
    values: &[i64],
    postable: &str,
    dates: Dates<'_>,
    out: &mut PostPreview,
) -> Result<(), ReadError> {
    let day = day_of(dates);
    let sql = format!(
        "SELECT d.kind, substr({day}, 1, 4), count(*), \
         coalesce((SELECT r.last FROM series r WHERE r.kind = d.kind \
           AND r.year = CAST(substr({day}, 1, 4) AS INTEGER)), 0), min({day}), max({day}) \
         FROM document d JOIN document_state s ON s.document_id = d.id \
         WHERE {which} AND {postable} GROUP BY 1, 2"
    );
    let config = crate::store::settings::load(db)?;
    for row in db.all(&sql, params_from_iter(values), |r| {
        Ok(Series {
            kind: word(r, 0, DocumentKind::parse)?,
            year: word(r, 1, |t| t.parse().ok())?,
            count: r.get(2)?,
            last: r.get(3)?,
            from: word(r, 4, |t| t.parse().ok())?,
            to: word(r, 5, |t| t.parse().ok())?,
        })
    })? {
        let pattern = config.pattern(row.kind);
        let number = |n: i64| number_from(pattern, row.year, n);
        out.numbers.push(format!("{} to {}", number(row.last + 1), number(row.last + row.count)));
        let last = number(row.last);
        let before: Option<NaiveDate> =
            db.opt("SELECT invoice_on FROM document WHERE number = ?1", [&last], |r| {
                word(r, 0, |t| t.parse().ok())
            })?;
        for day in [row.from, row.to] {
            for doubt in date_doubts(day, dates.today, before.map(|on| (last.as_str(), on))) {
                if !out.doubts.contains(&doubt) {
                    out.doubts.push(doubt);
                }
            }
        }
    }
    Ok(())
}

fn due_by_hand(
    db: &Db<'_>,
    which: &str,
    values: &[i64],
    postable: &str,
) -> Result<(i64, Vec<(String, NaiveDate)>), ReadError> {
    let sql = format!(
        "SELECT a.number, d.due_on, count(*) OVER () FROM document d \
        JOIN document_state s ON s.document_id = d.id JOIN account a ON a.id = d.account_id \
        WHERE {which} AND {postable} AND d.due_by_hand = 1 \
        ORDER BY d.account_id, d.id LIMIT {LISTED}"
    );
    let mut listed = Vec::new();
    let mut count = 0;
    for (account, due, all) in db.all(&sql, params_from_iter(values), |r| {
        Ok((r.get(0)?, word(r, 1, |t| t.parse().ok())?, r.get(2)?))
    })? {
        listed.push((account, due));
        count = all;
    }
    Ok((count, listed))
}
