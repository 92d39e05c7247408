//! Matching rows by what they have in common, each with the term that shows just them.

use super::spec::{self, Ask, Spec};
use super::{Field, Filter, Group, ReadError, totals};
use crate::domain::money::{Currency, Money, Purse};
use crate::store::face::params_from_iter;
use crate::store::{Db, StoreError};

/// Groups shown at most.
const MOST_GROUPS: usize = 500;

/// Matching rows by what they have in common: `by` is SQL for the name, `field` makes the term. A
/// group counts exactly the rows that its term shows.
pub fn groups(
    db: &Db<'_>,
    spec: &Spec,
    filter: &Filter,
    by: &str,
    field: Field,
) -> Result<Vec<Group>, ReadError> {
    let Some(ask) = spec.fields.iter().find(|(f, _)| *f == field).map(|(_, ask)| *ask) else {
        return Ok(Vec::new());
    };
    let mut out: Vec<Group> = Vec::new();
    for (name, money, count) in names(db, spec, filter, by, ask)? {
        let term = spec::term(ask, field, &name);
        if let Some(group) = out.iter_mut().find(|g| g.term.eq_ignore_ascii_case(&term)) {
            group.count += count;
            if let Some(money) = money {
                group.money.add(money).map_err(StoreError::from)?;
            }
        } else {
            let money = money.map(Purse::from).unwrap_or_default();
            out.push(Group { name, term, count, money });
        }
    }
    out.sort_by_key(|g| std::cmp::Reverse(g.count));
    out.truncate(MOST_GROUPS);
    if matches!(ask, Ask::Part(_) | Ask::Known(..)) {
        // Part of a text is found in longer ones too: what the term shows is counted.
        for group in &mut out {
            let only = filter.clone().and(&Filter::parse(&group.term)?);
            let found = totals(db, spec, &only)?;
            (group.count, group.money) = (found.count, found.money);
        }
        out.sort_by_key(|g| std::cmp::Reverse(g.count));
    }
    Ok(out)
}

/// Name, money and count of what rows have in common, by currency.
pub(super) type Named = (String, Option<Money>, i64);

pub(super) fn names(
    db: &Db<'_>,
    spec: &Spec,
    filter: &Filter,
    by: &str,
    ask: Ask,
) -> Result<Vec<Named>, ReadError> {
    let filter = super::asked(db, spec, filter)?;
    let (currency, minor) = spec.money.unwrap_or(("''", "0"));
    // A draft is in the group of each of its flags.
    let join = match ask {
        Ask::Flag(document) => format!(
            "LEFT JOIN (SELECT document_id, code FROM flag UNION ALL SELECT document_id, 'stale' \
             FROM document_state WHERE status = 'Draft' AND (review = 'held' OR stale <> '') \
             AND stale <> '') g ON g.document_id = {document}"
        ),
        _ => String::new(),
    };
    let sql = format!(
        "SELECT {by}, {currency}, count(*), coalesce(sum({minor}), 0) FROM {} {join} WHERE {} \
         GROUP BY 1, 2",
        filter.from(spec.from),
        filter.sql.join(" AND ")
    );
    let mut out = Vec::new();
    for (name, code, count, minor) in db.all(&sql, params_from_iter(filter.values), |r| {
        Ok((
            r.get::<Option<String>>(0)?.unwrap_or_default(),
            r.get::<Option<String>>(1)?,
            r.get::<i64>(2)?,
            r.get::<i64>(3)?,
        ))
    })? {
        let money = code.as_deref().and_then(Currency::parse).map(|c| c.amount(minor));
        out.push((name, money, count));
    }
    Ok(out)
}
