//! What can be typed next into a filter: the fields that a list has, and of a field with few values
//! those values, each with how many rows it leaves.

use super::groups::names;
use super::spec::{self, Ask, Spec, bare, is_called};
use super::{Field, Filter, Fit, ReadError, days, totals};
use crate::domain::charge::Model;
use crate::domain::document::FlagCode;
use crate::store::Db;
use std::collections::BTreeMap;

/// Values told at most.
const MOST: usize = 12;

/// The fields of a list, or the values of one of them among the rows of a filter.
pub fn fitting(
    db: &Db<'_>,
    spec: &Spec,
    filter: &Filter,
    of: Option<Field>,
) -> Result<Vec<Fit>, ReadError> {
    let Some(field) = of else {
        return Ok(spec.fields.iter().map(|(field, ask)| begun(*field, *ask)).collect());
    };
    let ask = spec.fields.iter().find(|(known, _)| *known == field).map(|(_, ask)| *ask);
    match ask {
        None => Ok(Vec::new()),
        Some(ask) => values(db, spec, filter, (field, ask)),
    }
}

/// A field with the sign that mostly follows it.
fn begun(field: Field, ask: Ask) -> Fit {
    let sign = if matches!(ask, Ask::Amount(..)) { '>' } else { ':' };
    Fit { term: format!("{field}{sign}"), count: None }
}

fn values(
    db: &Db<'_>,
    spec: &Spec,
    filter: &Filter,
    (field, ask): (Field, Ask),
) -> Result<Vec<Fit>, ReadError> {
    let ready = |words: &mut dyn Iterator<Item = &str>| {
        let fit = |word: &str| Fit { term: format!("{field}:{word}"), count: None };
        Ok(words.map(fit).collect())
    };
    let by = match (field, ask) {
        // As many as there are rows: nobody chooses among them.
        (Field::Account | Field::Subject | Field::Po | Field::Email, _)
        | (_, Ask::Amount(..) | Ask::Charge(_, "name")) => return Ok(Vec::new()),
        (_, Ask::Charge(..)) => {
            return ready(&mut Model::ALL.iter().map(|model| model.as_str()));
        }
        (_, Ask::Claim(_)) => return ready(&mut ["mine", "none", "any"].into_iter()),
        (_, Ask::Sample(_)) => return ready(&mut ["open"].into_iter()),
        (_, Ask::Day(_) | Ask::Moment(_)) => {
            return ready(&mut days::WORDS.iter().copied());
        }
        (_, Ask::Flag(_)) => "coalesce(g.code, 'none')".to_owned(),
        (_, Ask::Id(column, prefix)) => {
            format!("iif({column} IS NULL, NULL, '{prefix}-' || printf('%06d', {column}))")
        }
        (
            _,
            Ask::Tag(column)
            | Ask::Word(column, _)
            | Ask::Same(column)
            | Ask::Part(column)
            | Ask::Known(column, _)
            | Ask::Currency(column),
        ) => column.to_owned(),
    };
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for (name, _, count) in names(db, spec, filter, &by, ask)? {
        // Of several tags each is one that can be asked for.
        let each =
            if matches!(ask, Ask::Tag(_)) { name.split(' ').collect() } else { vec![&*name] };
        for name in each {
            *counts.entry(typed(ask, field, name)).or_default() += count;
        }
    }
    let mut counts: Vec<(String, i64)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.truncate(MOST);
    let in_part = matches!(ask, Ask::Part(_) | Ask::Known(..));
    let counted = |(term, count): (String, i64)| {
        // Part of a text is found in longer ones too: what the term shows is counted.
        let count = if in_part {
            totals(db, spec, &filter.clone().and(&Filter::parse(&term)?))?.count
        } else {
            count
        };
        Ok(Fit { term, count: Some(count) })
    };
    counts.into_iter().map(counted).collect()
}

/// The term for a value; a flag by what screens call it, where that names no other as well.
fn typed(ask: Ask, field: Field, name: &str) -> String {
    if let (Ask::Flag(_), Some(code)) = (ask, FlagCode::parse(name)) {
        let said = bare(code.said());
        let called = FlagCode::ALL.iter().filter(|other| is_called(**other, &said));
        return format!("{field}:{}", if called.count() == 1 { &said } else { name });
    }
    spec::term(ask, field, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_typed_as_it_is_called_and_means_that_one() {
        for code in FlagCode::ALL {
            let term = typed(Ask::Flag("d.id"), Field::Flag, code.as_str());
            let value = term.strip_prefix("flag:").unwrap();
            let called: Vec<_> = FlagCode::ALL.iter().filter(|c| is_called(**c, value)).collect();
            assert!(called.contains(&code), "{term}");
            assert!(!value.contains(' '), "{term}");
        }
    }
}
