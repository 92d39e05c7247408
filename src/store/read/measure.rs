//! Terms about amounts and days as SQL.

use super::spec::{Where, bad, scaled, sign};
use super::{Cmp, FilterError, Term, amount, days};
use crate::store::face::Value;

impl Where {
    /// An amount, of one currency if it says so (`500EUR`), or from one to another.
    pub(super) fn amount(
        &mut self,
        term: &Term,
        (minor, currency): (&str, &str),
    ) -> Result<(), FilterError> {
        let (text, code) = amount::with_currency(&term.value);
        let units = |text: &str| amount::typed(text).map_err(|what| bad(term, &what));
        let mut sql = Vec::new();
        match text.split_once("..") {
            Some(ends) if ends != ("", "") && term.cmp == Cmp::Is => {
                if let (Ok(from), Ok(to)) = (amount::typed(ends.0), amount::typed(ends.1))
                    && from > to
                {
                    return Err(bad(term, "a range from the smaller to the larger"));
                }
                for (end, sign) in [(ends.0, ">="), (ends.1, "<=")] {
                    if !end.is_empty() {
                        sql.push(format!("{minor} {sign} {}", scaled(currency)));
                        self.values.push(Value::Integer(units(end)?));
                    }
                }
            }
            _ => {
                sql.push(format!("{minor} {} {}", sign(term.cmp), scaled(currency)));
                self.values.push(Value::Integer(units(text)?));
            }
        }
        if let Some(code) = code {
            sql.push(format!("{currency} = '{}'", code.code()));
        }
        self.sql.push(format!("({})", sql.join(" AND ")));
        Ok(())
    }

    /// From one end to the other, or beyond one of them.
    pub(super) fn stretch(
        &mut self,
        term: &Term,
        column: &str,
        [first, last]: [Option<Value>; 2],
        signs: (&'static str, &'static str),
    ) -> Result<(), FilterError> {
        if term.cmp == Cmp::Is && first == last {
            self.sql.push(format!("{column} = ?"));
            self.values.extend(first);
            return Ok(());
        }
        let (from, to) = days::signs(term.cmp, signs);
        let mut sql = Vec::new();
        for (sign, end) in [(from, first), (to, last)] {
            if let (Some(sign), Some(end)) = (sign, end) {
                sql.push(format!("{column} {sign} ?"));
                self.values.push(end);
            }
        }
        if sql.is_empty() {
            return Err(bad(term, "a day that ends on this side"));
        }
        self.sql.push(sql.join(" AND "));
        Ok(())
    }
}
