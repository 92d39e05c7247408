//! The few rows that a filter can show, where an index knows them: a list of a million is not read from
//! end to end for a name. What is found may be too much and never too little; the filter itself is asked
//! of each of them as of any row.

use super::spec::{Ask, NONE, Rows, Spec, Where, scaled};
use super::{Cmp, Field, Filter, amount};
use crate::domain::money::Currency;
use crate::domain::text::{folded, spellings};
use crate::store::face::{Value, params_from_iter};
use crate::store::{Db, StoreError, many};
use std::collections::BTreeSet;

/// Found more than so often, a text is soon seen by reading on.
const MOST_TEXTS: i64 = 2_000;
/// More documents than these are not gathered.
const MOST: usize = 20_000;

/// As many letters in a row as the index knows.
const LETTERS: usize = 3;

/// Reads only what the index gives for the rarest text of a filter that it knows.
pub(super) fn narrow(
    db: &Db<'_>,
    spec: &Spec,
    filter: &Filter,
    into: &mut Where,
) -> Result<(), StoreError> {
    let Some((rows, by)) = spec.found else { return Ok(()) };
    let mut few: Option<BTreeSet<i64>> = None;
    for (text, is_word) in texts(spec, filter) {
        let looked = Looked { db, spec, rows, text, is_word };
        let found = looked.rows()?;
        let fewer = |found: &BTreeSet<i64>| few.as_ref().is_none_or(|f| found.len() < f.len());
        if let Some(found) = found.filter(fewer) {
            few = Some(found);
        }
    }
    if let Some(few) = few {
        into.only(by, many::keys(few.into_iter()));
    }
    Ok(())
}

impl Where {
    /// Only rows with one of these keys (a JSON list); `by` is the column.
    fn only(&mut self, by: &str, keys: String) {
        self.sql.push(format!("few.value = {by}"));
        self.values.insert(0, Value::Text(keys));
        self.few = true;
    }

    /// Tables, read by the few keys where there are such.
    pub(super) fn from(&self, tables: &str) -> String {
        if self.few { format!("json_each(?) few CROSS JOIN {tables}") } else { tables.to_owned() }
    }
}

/// What every row must contain: words, and the account, e-mail address or order number that is asked for.
fn texts<'f>(spec: &Spec, filter: &'f Filter) -> Vec<(&'f str, bool)> {
    let parts = filter.terms.iter().filter(|term| {
        let ask = spec.fields.iter().find(|(field, _)| *field == term.field);
        let known = match term.field {
            Field::Email | Field::Po => matches!(ask, Some((_, Ask::Part(_)))),
            Field::Account => matches!(ask, Some((_, Ask::Same(_)))),
            _ => false,
        };
        known && term.cmp == Cmp::Is && term.value != NONE
    });
    let words = filter.words.iter().map(|word| (word.as_str(), true));
    words.chain(parts.map(|term| (term.value.as_str(), false))).collect()
}

/// One text that is looked for.
struct Looked<'a, 'd> {
    db: &'a Db<'d>,
    spec: &'a Spec,
    rows: Rows,
    text: &'a str,
    /// Looked for in numbers and amounts as well.
    is_word: bool,
}

impl Looked<'_, '_> {
    /// Rows that may contain it; none where they are too many, or not known.
    fn rows(&self) -> Result<Option<BTreeSet<i64>>, StoreError> {
        // A currency stands in a column of its own.
        if self.is_word && Currency::parse(&self.text.to_ascii_uppercase()).is_some() {
            return Ok(None);
        }
        let Some(asked) = asked(self.text, self.is_word) else { return Ok(None) };
        let sources: Vec<i64> = self.db.all(
            "SELECT rowid FROM account_text WHERE account_text MATCH ?1 LIMIT ?2",
            (asked, MOST_TEXTS + 1),
            |r| r.get(0),
        )?;
        if sources.len() as i64 > MOST_TEXTS {
            return Ok(None);
        }
        let of = |odd: i64| sources.iter().filter(move |s| *s % 2 == odd).map(|s| s / 2);
        let mut accounts: BTreeSet<i64> = self.db.gather(
            "SELECT account_id FROM account_version WHERE id IN (SELECT value FROM json_each(?1))",
            [many::keys(of(0))],
            |r| r.get(0),
        )?;
        let mut found = BTreeSet::new();
        let more: Vec<(i64, Option<i64>)> = self.db.all(
            "SELECT account_id, document_id FROM text_more \
             WHERE id IN (SELECT value FROM json_each(?1))",
            [many::keys(of(1))],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?;
        for (account, document) in more {
            match document {
                Some(document) => found.insert(document),
                None => accounts.insert(account),
            };
        }
        let known = match self.rows {
            Rows::Accounts => {
                found = accounts;
                true
            }
            Rows::Documents => self.documents(&accounts, &mut found)?,
        };
        if known
            && self.is_word
            && let Ok(units) = amount::pasted(self.text)
        {
            self.of_amount(units, &mut found)?;
        }
        Ok((known && found.len() <= MOST).then_some(found))
    }

    /// The documents of accounts, and those whose own number may contain the text; false where these are
    /// too many.
    fn documents(
        &self,
        accounts: &BTreeSet<i64>,
        found: &mut BTreeSet<i64>,
    ) -> Result<bool, StoreError> {
        let most = MOST as i64 + 1;
        let sql = "SELECT id FROM document \
            WHERE account_id IN (SELECT value FROM json_each(?1)) LIMIT ?2";
        let of_accounts: Vec<i64> =
            self.db.all(sql, (many::keys(accounts.iter().copied()), most), |r| r.get(0))?;
        found.extend(of_accounts);
        if !self.is_word {
            return Ok(true);
        }
        let text = folded(self.text);
        if !text.contains(char::is_alphabetic) {
            // May stand anywhere in a number: an index of all numbers is read.
            let sql = "SELECT id FROM document WHERE holds(?1, number) \
                OR holds(?1, printf('D-%06d', id)) LIMIT ?2";
            let numbered: Vec<i64> = self.db.all(sql, (text, most), |r| r.get(0))?;
            found.extend(numbered);
            return Ok(true);
        }
        let series: Vec<String> = self.db.all("SELECT name FROM series", [], |r| r.get(0))?;
        for name in series {
            // `INV-2026-{seq:6}`: what stands behind the sequence could be what is looked for.
            let before = match name.split_once('{') {
                Some((before, rest)) if rest.ends_with('}') => before,
                _ => return Ok(false),
            };
            let Some(beginnings) = beginnings(before, &text) else { return Ok(false) };
            for begins in beginnings {
                let sql = "SELECT id FROM document WHERE number >= ?1 AND number < ?2 LIMIT ?3";
                let past = format!("{begins}:");
                let numbered: Vec<i64> = self.db.all(sql, (begins, past, most), |r| r.get(0))?;
                found.extend(numbered);
            }
        }
        let Some(drafts) = beginnings("D-", &text) else { return Ok(false) };
        let last: i64 =
            self.db.one("SELECT coalesce(max(id), 0) FROM document", [], |r| r.get(0))?;
        for (from, to) in drafts.iter().flat_map(|begins| ids(&begins[2..], last)) {
            if to - from >= most {
                return Ok(false);
            }
            found.extend(from..=to);
        }
        Ok(true)
    }

    /// Rows of just this money.
    fn of_amount(&self, units: i64, found: &mut BTreeSet<i64>) -> Result<(), StoreError> {
        let Some((currency, minor)) = self.spec.money else { return Ok(()) };
        let (id, from) = match self.rows {
            Rows::Accounts => ("a.id", "account a"),
            Rows::Documents => ("d.id", "document d"),
        };
        let sql = format!("SELECT {id} FROM {from} WHERE {minor} = {} LIMIT ?", scaled(currency));
        let values = [Value::Integer(units), Value::Integer(MOST as i64 + 1)];
        let of_money: Vec<i64> = self.db.all(&sql, params_from_iter(values), |r| r.get(0))?;
        found.extend(of_money);
        Ok(())
    }
}

/// What the index is asked for: every three letters in a row, of one of the spellings. A word is looked for
/// as it is; in a term `_` is any character.
fn asked(text: &str, is_word: bool) -> Option<String> {
    let spelt = |spelling: String| {
        let runs = spelling.split(|c| !is_word && c == '_');
        let mut of = BTreeSet::new();
        for run in runs {
            let letters: Vec<char> = run.chars().collect();
            for three in letters.windows(LETTERS) {
                of.insert(three.iter().collect::<String>().replace('"', "\"\""));
            }
        }
        let quoted = of.iter().map(|three| format!("\"{three}\"")).collect::<Vec<_>>();
        (!quoted.is_empty()).then(|| format!("({})", quoted.join(" AND ")))
    };
    let all: Option<Vec<String>> = spellings(text).into_iter().map(spelt).collect();
    Some(all?.join(" OR "))
}

/// How numbers of a series begin that contain a folded text with a letter in it: the letter is in the name of
/// the series, what follows it are digits. None where every number of it does.
fn beginnings(series: &str, text: &str) -> Option<Vec<String>> {
    let name = folded(series);
    if name.contains(text) {
        return None;
    }
    let split = |at: usize| {
        let (end, digits) = text.split_at(at);
        name.ends_with(end) && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let at = text.char_indices().map(|(at, _)| at).filter(|at| *at > 0 && split(*at));
    Some(at.map(|at| format!("{series}{}", &text[at..])).collect())
}

/// The numbers up to `last` that begin so when they are written with at least six digits.
fn ids(digits: &str, last: i64) -> Vec<(i64, i64)> {
    let Ok(begins) = digits.parse::<i64>() else { return Vec::new() };
    let widths = 6.max(digits.len())..=6.max(last.to_string().len());
    let width = |width: usize| {
        if width > 6 && digits.starts_with('0') {
            return None;
        }
        let rest = 10_i64.checked_pow(u32::try_from(width - digits.len()).ok()?)?;
        let from = begins.checked_mul(rest)?.max(1);
        let to = (begins.checked_add(1)?.checked_mul(rest)? - 1).min(last);
        (from <= to).then_some((from, to))
    };
    widths.filter_map(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_asked_for_by_three_letters_in_each_of_its_spellings() {
        let cases = [
            ("zeph", true, Some("(\"eph\" AND \"zep\")")),
            ("Hüb", true, Some("(\"hub\") OR (\"hue\" AND \"ueb\")")),
            ("ab", true, None),
            ("a_bcd", false, Some("(\"bcd\")")),
            ("a_b", true, Some("(\"a_b\")")),
            ("say\"", true, Some("(\"ay\"\"\" AND \"say\")")),
        ];
        for (text, is_word, wanted) in cases {
            assert_eq!(asked(text, is_word).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn a_number_is_found_by_its_beginning() {
        let at = |series, text| beginnings(series, text);
        let some = |all: &[&str]| Some(all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(at("INV-2026-", "inv-2026-0912"), some(&["INV-2026-0912"]));
        assert_eq!(at("INV-2026-", "v-2026-09"), some(&["INV-2026-09"]));
        assert_eq!(at("INV-2026-", "inv-2027-09"), some(&[]));
        assert_eq!(at("INV-2026-", "inv"), None);
        assert_eq!(at("INV-2026-", "huber"), some(&[]));
        assert_eq!(at("D-", "d-12"), some(&["D-12"]));
    }

    #[test]
    fn drafts_are_found_by_the_digits_they_begin_with() {
        assert_eq!(ids("000012", 5_000), [(12, 12)]);
        assert_eq!(ids("0000", 5_000), [(1, 99)]);
        assert_eq!(ids("12", 2_000_000), [(120_000, 129_999), (1_200_000, 1_299_999)]);
        assert_eq!(ids("9", 5_000), []);
        assert_eq!(ids("12345678", 100), []);
        assert_eq!(ids("", 100), []);
    }
}
