//! Drafts by who has taken them: `claim:mine`, `claim:none`, `claim:jon`. Who asks and on which day is
//! put into the term before a list is read, as days that move with today are.

use super::filter::{Field, Filter, Term, What};
use crate::store::face::Value;
use chrono::NaiveDate;

/// What a value should be.
pub(super) const SHOULD: &str = "mine, none, any or a login name";

/// Parts the day of a settled value from whom it asks for.
const DAY: char = '@';

impl Filter {
    /// The same for somebody on a day.
    #[must_use]
    pub fn asked_by(&self, uid: u32, today: NaiveDate) -> Self {
        let mut filter = self.clone();
        let within = filter.any.iter_mut().flatten().filter_map(|part| match &mut part.what {
            What::Term(term) => Some(term),
            What::Word(_) => None,
        });
        for term in filter.terms.iter_mut().chain(within).filter(|t| t.field == Field::Claim) {
            let whose = match term.value.to_lowercase().as_str() {
                "mine" | "me" => format!("#{uid}"),
                word @ ("none" | "any") => word.to_owned(),
                _ => format!("={}", term.value),
            };
            term.value = format!("{today}{DAY}{whose}");
        }
        filter
    }
}

/// The condition of a settled term on a document, and the values that it brings; none if it is not
/// settled.
pub(super) fn condition(term: &Term, document: &str) -> Option<(String, Vec<Value>)> {
    let (day, whose) = term.value.split_once(DAY)?;
    let day = Value::Text(day.parse::<NaiveDate>().ok()?.to_string());
    let of = format!("{document} IN (SELECT document_id FROM clerk_claim WHERE claimed_on = ?");
    Some(match whose {
        "any" => (format!("{of})"), vec![day]),
        "none" => (format!("NOT {of})"), vec![day]),
        _ => match (whose.strip_prefix('#'), whose.strip_prefix('=')) {
            (Some(uid), _) => {
                (format!("{of} AND uid = ?)"), vec![day, Value::Integer(uid.parse().ok()?)])
            }
            (None, Some(name)) => (
                format!("{of} AND user_name = ? COLLATE NOCASE)"),
                vec![day, Value::Text(name.to_owned())],
            ),
            (None, None) => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_and_when_is_put_into_the_term() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
        let settled = |text: &str| {
            let filter = Filter::parse(text).unwrap().asked_by(7, today);
            condition(filter.each_term().next().unwrap(), "d.id")
        };
        let of = "d.id IN (SELECT document_id FROM clerk_claim WHERE claimed_on = ?";
        let day = || Value::Text("2026-11-30".to_owned());
        let mine = (format!("{of} AND uid = ?)"), vec![day(), Value::Integer(7)]);
        for text in ["claim:mine", "claim:Me", "x OR claim:mine"] {
            assert_eq!(settled(text), Some(mine.clone()), "{text}");
        }
        assert_eq!(settled("claim:none"), Some((format!("NOT {of})"), vec![day()])));
        assert_eq!(settled("claim:any"), Some((format!("{of})"), vec![day()])));
        let name = |name: &str| vec![day(), Value::Text(name.to_owned())];
        let by_name = format!("{of} AND user_name = ? COLLATE NOCASE)");
        // What reads like a settled term is only a name.
        for typed in ["jon", "2026-11-29@any", "#7"] {
            assert_eq!(settled(&format!("claim:{typed}")), Some((by_name.clone(), name(typed))));
        }
        assert_eq!(condition(&Filter::parse("claim:mine").unwrap().terms[0], "d.id"), None);
    }
}
