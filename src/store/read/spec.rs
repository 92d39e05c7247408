//! The SQL of a list as data: columns, fields that a filter may ask about, orders.

use super::filter::What;
use super::{
    Cmp, Field, Filter, FilterError, Key, KeyValue, Sort, Sorted, Term, amount, claimed, days,
};
use crate::domain::charge::Model;
use crate::domain::document::FlagCode;
use crate::domain::money::Currency;
use crate::domain::text::{folded, spellings};
use crate::store::WORD;
use crate::store::face::Value;

/// The value of a term that asks for rows with nothing there.
pub(super) const NONE: &str = "none";

/// What a list has a row for.
#[derive(Clone, Copy)]
pub(in crate::store) enum Rows {
    Accounts,
    Documents,
}

/// How a field is asked for in SQL.
#[derive(Clone, Copy)]
pub(in crate::store) enum Ask {
    /// Equal to one of these words, any case.
    Word(&'static str, &'static [&'static str]),
    /// Equal, any case; `none` where nothing is there.
    Same(&'static str),
    /// Contained, without accents; `none` where nothing is there.
    Part(&'static str),
    /// Contained, of a column that holds only words of this kind.
    Known(&'static str, fn() -> String),
    /// Three letters of ISO 4217.
    Currency(&'static str),
    /// Minor units beside a currency.
    Amount(&'static str, &'static str),
    /// A civil date.
    Day(&'static str),
    /// A moment, UTC ms, asked for by civil dates.
    Moment(&'static str),
    /// A number behind a prefix (`BR-000007`).
    Id(&'static str, &'static str),
    /// An EXISTS over flags: `any`, `none` or a code.
    Flag(&'static str),
    /// One of the words in a column, any case; `none` where there is none.
    Tag(&'static str),
    /// An EXISTS over the sample of a run: `open` or a run.
    Sample(&'static str),
    /// Who has taken a draft.
    Claim(&'static str),
    /// An EXISTS over the charges of the items of a document, by a column of their version.
    Charge(&'static str, &'static str),
}

/// One way to order a list.
#[derive(Clone, Copy)]
pub(in crate::store) struct Order {
    pub sort: Sort,
    pub by: &'static str,
    pub descending: bool,
}

impl Order {
    /// Among equal values rows go by id upwards, except that what is newest goes downwards, unless it is
    /// the other way round.
    pub fn id_down(self, spec: &Spec) -> bool {
        self.descending && (spec.id == self.by || self.sort == Sort::Newest)
    }
}

/// The SQL of a list.
pub(in crate::store) struct Spec {
    /// Columns of a row, from column 2 on (0 and 1 are the key).
    pub columns: &'static str,
    /// Tables and joins.
    pub from: &'static str,
    /// Tables enough for counting when no term needs the rest; the same aliases.
    pub narrow: &'static str,
    /// Always holds.
    pub base: &'static str,
    pub id: &'static str,
    pub version: &'static str,
    /// Currency and minor units.
    pub money: Option<(&'static str, &'static str)>,
    /// What the index of texts knows rows by, see `narrowed`.
    pub found: Option<(Rows, &'static str)>,
    /// What a word is looked for in, without accents.
    pub words: &'static [&'static str],
    pub fields: &'static [(Field, Ask)],
    pub orders: &'static [Order],
}

/// The e-mail addresses that the account of version `v` has had in versions after it.
pub(super) const EMAILS_SINCE: &str = "(SELECT group_concat(w.emails, ';') FROM account_version w \
    WHERE w.account_id = v.account_id AND w.seq > v.seq)";

/// What is written on document `d`: what is printed, and the notes that nothing struck.
pub(super) const NOTES_OF: &str = "trim(d.note || ' ' || coalesce((SELECT group_concat(n.text, ' ') \
    FROM note n WHERE n.document_id = d.id AND NOT EXISTS (SELECT 1 FROM note x \
    WHERE x.strikes_id = n.id)), ''))";

/// By what document `d` is called beside its number.
pub(super) const REFERENCES_OF: &str = "(SELECT trim(r.ours || ' ' || r.theirs) FROM document_reference r \
    WHERE r.document_id = d.id)";

pub(in crate::store) struct Where {
    pub sql: Vec<String>,
    pub values: Vec<Value>,
    /// Whether it needs more than the narrow tables.
    pub wide: bool,
    /// Only rows of a list of keys, which is the first of the values.
    pub few: bool,
}

impl Where {
    fn empty() -> Self {
        Self { sql: Vec::new(), values: Vec::new(), wide: false, few: false }
    }
}

impl Spec {
    /// The sorts of the list; the first is the default.
    #[cfg(test)]
    pub fn sorts(&self) -> Vec<Sort> {
        self.orders.iter().map(|o| o.sort).collect()
    }

    /// What this list has of an order; without it its first.
    pub fn sorted(&self, sorted: Sorted) -> Order {
        let order = self.orders.iter().copied().find(|o| o.sort == sorted.by);
        let order = order.unwrap_or(self.orders[0]);
        Order { descending: order.descending != sorted.reversed, ..order }
    }

    pub fn filter(&self, filter: &Filter) -> Result<Where, FilterError> {
        let mut out = Where { sql: vec![self.base.to_owned()], ..Where::empty() };
        for text in &filter.words {
            self.word(text, &mut out);
        }
        for term in &filter.terms {
            self.term(term, &mut out)?;
        }
        for clause in &filter.any {
            let mut any = Vec::new();
            for part in clause {
                let mut one = Where::empty();
                match &part.what {
                    What::Word(text) => self.word(text, &mut one),
                    What::Term(term) => self.term(term, &mut one)?,
                }
                let sql = one.sql.join(" AND ");
                let sql = if sql.is_empty() { "1".to_owned() } else { sql };
                // What is not there does not hold.
                any.push(if part.not { format!("NOT coalesce(({sql}), 0)") } else { sql });
                out.values.extend(one.values);
                out.wide |= one.wide;
            }
            out.sql.push(format!("({})", any.join(" OR ")));
        }
        Ok(out)
    }

    /// Adds that a row has a word somewhere.
    fn word(&self, text: &str, out: &mut Where) {
        if self.words.is_empty() {
            return;
        }
        out.wide = true;
        let mut any = Vec::new();
        let words = spellings(text).join(&WORD.to_string());
        // What has to be read from elsewhere is looked at last.
        let (here, elsewhere): (Vec<&str>, Vec<&str>) =
            self.words.iter().partition(|column| !column.starts_with('('));
        for columns in [here, elsewhere].iter().filter(|columns| !columns.is_empty()) {
            any.push(format!("holds(?, {})", columns.join(", ")));
            out.values.push(Value::Text(words.clone()));
        }
        let any = out.or_amount(self.money, text, any);
        out.sql.push(format!("({})", any.join(" OR ")));
    }

    fn term(&self, term: &Term, out: &mut Where) -> Result<(), FilterError> {
        let ask = self.fields.iter().find(|(f, _)| *f == term.field).map(|(_, a)| *a);
        let ask = ask.ok_or_else(|| {
            let known: Vec<&str> = self.fields.iter().map(|(f, _)| f.as_str()).collect();
            FilterError::NotHere(term.field, known.join(", "))
        })?;
        if term.cmp != Cmp::Not {
            return out.term(term, ask);
        }
        // Not so is also what is not there: no date, no run.
        let mut so = Where::empty();
        so.term(&Term { cmp: Cmp::Is, ..term.clone() }, ask)?;
        out.sql.push(format!("NOT coalesce(({}), 0)", so.sql.join(" AND ")));
        out.values.extend(so.values);
        out.wide |= so.wide;
        Ok(())
    }
}

impl Where {
    /// A column that contains a text in one of its spellings.
    fn parts(&mut self, column: &str, text: &str) -> String {
        let patterns = spellings(text).into_iter().map(|s| Value::Text(part(&s)));
        let before = self.values.len();
        self.values.extend(patterns);
        let any = vec![format!("folded({column}) LIKE ? ESCAPE '\\'"); self.values.len() - before];
        any.join(" OR ")
    }

    /// A word that is an amount (`1,204.80`) also finds the rows of just this money.
    fn or_amount(
        &mut self,
        money: Option<(&'static str, &'static str)>,
        text: &str,
        mut any: Vec<String>,
    ) -> Vec<String> {
        if let (Some((currency, minor)), Ok(units)) = (money, amount::pasted(text)) {
            any.push(format!("{minor} = {}", scaled(currency)));
            self.values.push(Value::Integer(units));
        }
        any
    }

    fn term(&mut self, term: &Term, ask: Ask) -> Result<(), FilterError> {
        let bad = |what: &str| bad(term, what);
        match ask {
            Ask::Word(column, words) => self.word(term, column, words)?,
            Ask::Same(column) if term.value == NONE => {
                self.wide = true;
                self.sql.push(format!("({column} = '' OR {column} = '{NONE}')"));
            }
            Ask::Same(column) => {
                self.wide = true;
                // Names with blanks are named with `_`, as groups name them.
                self.sql.push(format!(
                    "replace({column}, ' ', '_') = replace(?, ' ', '_') COLLATE NOCASE"
                ));
                self.values.push(Value::Text(term.value.clone()));
            }
            Ask::Part(column) if term.value == NONE => {
                self.wide = true;
                self.sql.push(format!("coalesce({column}, '') = ''"));
            }
            Ask::Part(column) => {
                self.wide = true;
                let sql = self.parts(&format!("coalesce({column}, '')"), &term.value);
                self.sql.push(format!("({sql})"));
            }
            Ask::Known(column, words) => self.known(term, column, &words())?,
            Ask::Currency(column) => {
                let code = Currency::parse(&term.value.to_ascii_uppercase());
                let code = code.ok_or_else(|| bad("a currency such as EUR"))?;
                self.wide = true;
                self.sql.push(format!("{column} = ?"));
                self.values.push(Value::Text(code.code().to_owned()));
            }
            Ask::Amount(minor, currency) => self.amount(term, (minor, currency))?,
            Ask::Day(column) => {
                let days = days::between(&term.value, None).ok_or_else(|| bad(days::SHOULD))?;
                let ends = [days.0, days.1].map(|day| day.map(|day| Value::Text(day.to_string())));
                self.stretch(term, column, ends, (">", "<="))?;
            }
            Ask::Moment(column) => {
                let (from, to) = days::moments(&term.value).ok_or_else(|| bad(days::SHOULD))?;
                self.wide = true;
                let ends = [from, to].map(|ms| ms.map(Value::Integer));
                self.stretch(term, column, ends, (">=", "<"))?;
            }
            Ask::Tag(column) if term.value == NONE => self.sql.push(format!("{column} = ''")),
            Ask::Tag(column) => {
                self.sql.push(format!("instr(' ' || {column} || ' ', ' ' || ? || ' ') > 0"));
                self.values.push(Value::Text(term.value.to_lowercase()));
            }
            Ask::Sample(document) => self.sample(term, document)?,
            Ask::Claim(document) => {
                let asked = claimed::condition(term, document);
                let (sql, values) = asked.ok_or_else(|| bad(claimed::SHOULD))?;
                self.sql.push(sql);
                self.values.extend(values);
            }
            Ask::Charge(document, column) => self.charge(term, (document, column))?,
            Ask::Id(column, _) if term.value == NONE => {
                self.sql.push(format!("{column} IS NULL"));
            }
            Ask::Id(column, prefix) => {
                let id = numbered(&term.value, prefix).map_err(bad)?;
                self.sql.push(format!("{column} = ?"));
                self.values.push(Value::Integer(id));
            }
            Ask::Flag(document) => self.flag(term, document)?,
        }
        Ok(())
    }

    /// One of a few words, or the first that begins so.
    fn word(&mut self, term: &Term, column: &str, words: &[&str]) -> Result<(), FilterError> {
        let plain = |w: &str| folded(w).replace('_', " ");
        let of = |given: &str| {
            let typed = plain(given);
            let exact = words.iter().find(|w| plain(w) == typed);
            // Still being typed: the first word that begins so.
            exact.or_else(|| words.iter().find(|w| plain(w).starts_with(&typed)))
        };
        let given = term.value.split(',').filter(|v| !v.is_empty());
        let found: Option<Vec<_>> = given.map(of).collect();
        let found = found.filter(|f| !f.is_empty());
        let found = found.ok_or_else(|| bad(term, &one_of(&words.join(", "))))?;
        // Literals, so that partial indexes on them can be used; they are ours.
        let any: Vec<String> = found.iter().map(|w| format!("{column} = '{w}'")).collect();
        self.sql.push(format!("({})", any.join(" OR ")));
        Ok(())
    }

    /// A part of a word that there is.
    fn known(&mut self, term: &Term, column: &str, words: &str) -> Result<(), FilterError> {
        let typed = folded(&term.value).replace('_', " ");
        let known = |w: &str| folded(w).replace('_', " ").contains(&typed);
        if !words.split(", ").any(known) {
            return Err(bad(term, &one_of(words)));
        }
        self.wide = true;
        self.sql.push(format!("{column} LIKE ? ESCAPE '\\'"));
        let exact = words.split(", ").any(|w| folded(w).replace('_', " ") == typed);
        self.values.push(Value::Text(if exact { typed } else { part(&folded(&term.value)) }));
        Ok(())
    }

    /// In the sample of a run, or of any run that is open.
    fn sample(&mut self, term: &Term, document: &str) -> Result<(), FilterError> {
        let drawn = "SELECT m.document_id FROM run_sample m";
        if term.value.eq_ignore_ascii_case("open") {
            self.sql.push(format!(
                "{document} IN ({drawn} JOIN bill_run r ON r.id = m.run_id \
                 WHERE r.status IN ('Processing','Paused','Completed','Posting'))"
            ));
        } else {
            self.sql.push(format!("{document} IN ({drawn} WHERE m.run_id = ?)"));
            self.values
                .push(Value::Integer(numbered(&term.value, "BR").map_err(|what| bad(term, what))?));
        }
        Ok(())
    }

    /// A line of a charge.
    fn charge(&mut self, term: &Term, (document, column): (&str, &str)) -> Result<(), FilterError> {
        let begins = |m: &Model| m.as_str().contains(&folded(&term.value));
        if column == "model" && !Model::ALL.iter().any(begins) {
            return Err(bad(term, &one_of(&Model::words())));
        }
        let sql = self.parts(&format!("cv.{column}"), &term.value);
        self.sql.push(format!(
            "EXISTS (SELECT 1 FROM document_item ci JOIN charge_version cv \
             ON cv.id = ci.charge_version_id WHERE ci.document_id = {document} \
             AND ({sql}))"
        ));
        Ok(())
    }

    /// Flagged so, or at all.
    fn flag(&mut self, term: &Term, document: &str) -> Result<(), FilterError> {
        let any = format!("EXISTS (SELECT 1 FROM flag fl WHERE fl.document_id = {document}");
        // What made a draft stale is kept with its state.
        let stale = format!(
            "EXISTS (SELECT 1 FROM document_state fs \
             WHERE fs.document_id = {document} AND fs.stale <> '')"
        );
        match folded(&term.value).as_str() {
            "any" => self.sql.push(format!("({any}) OR {stale})")),
            "none" => self.sql.push(format!("(NOT {any}) AND NOT {stale})")),
            typed => {
                let mut codes = Vec::new();
                for one in typed.split(',').filter(|one| !one.is_empty()) {
                    let found = FlagCode::ALL.iter().filter(|code| is_called(**code, one));
                    let before = codes.len();
                    codes.extend(found);
                    if codes.len() == before {
                        let said = FlagCode::ALL.iter().map(|f| bare(f.said()));
                        let said = said.collect::<Vec<_>>().join(", ");
                        return Err(bad(term, &one_of(&format!("any, none, {said}"))));
                    }
                }
                let stale = if codes.contains(&&FlagCode::Stale) {
                    format!(" OR {stale}")
                } else {
                    String::new()
                };
                let list: Vec<String> = codes.iter().map(|code| format!("'{code}'")).collect();
                self.sql.push(format!("({any} AND fl.code IN ({})){stale})", list.join(",")));
            }
        }
        Ok(())
    }
}

/// The name of a flag as it is typed: without signs, `_` for blanks.
pub(super) fn bare(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric() || *c == '_' || *c == ' ');
    kept.collect::<String>().trim().replace(' ', "_")
}

/// Whether a flag is meant: by the beginning of its code, or of what screens call it.
pub(super) fn is_called(code: FlagCode, typed: &str) -> bool {
    let typed = bare(typed);
    !typed.is_empty()
        && [code.as_str(), &bare(code.said())].iter().any(|name| name.starts_with(&typed))
}

pub(super) fn bad(term: &Term, what: &str) -> FilterError {
    FilterError::BadValue(term.field, term.value.clone(), what.to_owned())
}

/// The longest part of a text that a term names.
const LONGEST_PART: usize = 40;

/// The term that shows the rows of a name, as a clerk would type it.
pub(super) fn term(ask: Ask, field: Field, name: &str) -> String {
    let most = if matches!(ask, Ask::Part(_)) { LONGEST_PART } else { usize::MAX };
    let short: String = name.chars().take(most).collect();
    let short = if name.is_empty() { NONE } else { short.trim() };
    format!("{field}:{}", short.replace(' ', "_"))
}

pub(super) fn sign(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Is => "=",
        Cmp::Not => "<>",
        Cmp::AtLeast => ">=",
        Cmp::AtMost => "<=",
        Cmp::More => ">",
        Cmp::Less => "<",
    }
}

/// Currencies whose minor unit is not a hundredth (ISO 4217 list one, exponents 0, 3 and 4).
pub(super) const DIGITS_0: &str = "'BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF','XOF','XPF'";
pub(super) const DIGITS_3: &str = "'BHD','IQD','JOD','KWD','LYD','OMR','TND'";
pub(super) const DIGITS_4: &str = "'CLF','UYW'";

/// A bound value in ten-thousandths of a currency unit, in the row's minor units.
pub(super) fn scaled(currency: &str) -> String {
    format!(
        "(? / CASE WHEN {currency} IN ({DIGITS_0}) THEN 10000.0 WHEN {currency} IN ({DIGITS_3}) \
         THEN 10.0 WHEN {currency} IN ({DIGITS_4}) THEN 1.0 ELSE 100.0 END)"
    )
}

/// The number of a run as typed (`BR-000007`, `7`), or what it should be.
pub(super) fn numbered(text: &str, prefix: &str) -> Result<i64, &'static str> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let given = text.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    if !given.is_empty() && !given.eq_ignore_ascii_case(prefix) {
        return Err("such a number");
    }
    digits.parse().map_err(|_| "a run")
}

/// A pattern for a part of a folded text. `_` stands for any one character, so that a term without blanks
/// can name a text with them.
fn part(folded: &str) -> String {
    format!("%{}%", folded.replace('\\', "\\\\").replace('%', "\\%"))
}

fn one_of(words: &str) -> String {
    format!("one of {words}")
}

impl Where {
    /// Adds the condition of the key: beyond it in reading direction, `or_at` with it.
    pub fn beyond(&mut self, spec: &Spec, order: Order, key: &Key, backwards: bool, or_at: &str) {
        let by_sign = if order.descending == backwards { ">" } else { "<" };
        let id_down = order.id_down(spec);
        let id_sign = if id_down == backwards { ">" } else { "<" };
        let (by, id) = (order.by, spec.id);
        if by == id {
            self.sql.push(format!("{id} {id_sign}{or_at} ?"));
            self.values.push(Value::Integer(key.id));
            return;
        }
        // One range of an index of the order; as one condition with OR, all beyond it would be sorted.
        self.sql.push(format!("{by} {by_sign}= ? AND ({by} <> ? OR {id} {id_sign}{or_at} ?)"));
        let value = match &key.value {
            KeyValue::Int(n) => Value::Integer(*n),
            KeyValue::Text(t) => Value::Text(t.clone()),
        };
        self.values.extend([value.clone(), value, Value::Integer(key.id)]);
    }
}
