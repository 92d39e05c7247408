//! What posting freezes, as column `document.frozen` has it: all of the text, or with a form in
//! `frozen_id` the words of this document alone, as a list. The form is the text with a hole for each of
//! them, kept once for all documents that share it; filled, it is byte for byte what was sealed.

use super::StoreError;
use super::face::Row;
use super::json::{self, Json, Spot};
use super::shared_text::Said;
use crate::domain::frozen::{Customer, Frozen, Legal};

/// What a form has in the place of a word. Text never has this character; should it, its document is
/// not split.
const HOLE: &str = "\u{1}";
/// The same as it stands in the form.
const MARK: &str = r#""\u0001""#;

/// The form of document `d`; NULL where it has none. One that is not there has no holes.
macro_rules! form {
    () => {
        "CASE WHEN d.frozen_id IS NOT NULL
         THEN coalesce((SELECT text FROM shared_text WHERE id = d.frozen_id), '') END"
    };
}
pub(in crate::store) use form;

/// A text that is frozen, as a form and the words in it.
#[derive(Debug)]
pub(in crate::store) struct Split {
    pub(in crate::store) form: Said,
    /// As a list.
    pub(in crate::store) words: String,
}

impl Split {
    /// Of what is frozen, and its text; none where the two do not make that text again.
    pub(in crate::store) fn of(frozen: &Frozen, text: &str) -> Result<Option<Self>, StoreError> {
        let Customer {
            name,
            address1,
            address2,
            postcode,
            city,
            region,
            country,
            tax_id,
            register_id,
            electronic_address,
            buyer_reference,
            billing_contact,
        } = &frozen.customer;
        // In the order of the text; what is left out of it where it is empty has no hole then.
        let mut words = vec![name, address1, address2, postcode, city, region, country, tax_id];
        let told = [register_id, electronic_address, buyer_reference, billing_contact];
        words.extend(told.iter().filter(|text| !text.is_empty()));
        words.push(&frozen.collected_from);
        if let Some(legal) = &frozen.legal {
            words.extend([&legal.mandate, &legal.debited]);
        }
        let hole = || HOLE.to_owned();
        let maybe = |text: &String| if text.is_empty() { String::new() } else { hole() };
        let form = Frozen {
            issuer: frozen.issuer.clone(),
            customer: Customer {
                name: hole(),
                address1: hole(),
                address2: hole(),
                postcode: hole(),
                city: hole(),
                region: hole(),
                country: hole(),
                tax_id: hole(),
                register_id: maybe(register_id),
                electronic_address: maybe(electronic_address),
                buyer_reference: maybe(buyer_reference),
                billing_contact: maybe(billing_contact),
            },
            term: frozen.term.clone(),
            paper: frozen.paper,
            fit: frozen.fit,
            layout: frozen.layout,
            pay: frozen.pay.clone(),
            corrects: frozen.corrects.clone(),
            credits: frozen.credits.clone(),
            collected_from: hole(),
            logo: frozen.logo.clone(),
            legal: frozen.legal.clone().map(|legal| Legal {
                mandate: hole(),
                debited: hole(),
                ..legal
            }),
            speech: frozen.speech.clone(),
            home: frozen.home.clone(),
        };
        let (form, words) = (json::text(&form)?, json::text(&words)?);
        let same = filled(&form, &words).is_some_and(|filled| filled == text);
        Ok(same.then_some(Self { form: Said::Here(form), words }))
    }
}

/// A form with its words; none where they do not fit it.
fn filled(form: &str, words: &str) -> Option<String> {
    let words: Vec<String> = serde_json::from_str(words).ok()?;
    let mut parts = form.split(MARK);
    let mut text = parts.next()?.to_owned();
    for word in words {
        text.push_str(&json::text(&word).ok()?);
        text.push_str(parts.next()?);
    }
    parts.next().is_none().then_some(text)
}

/// What is frozen of document `id`, whose columns `frozen` and form are given. Words that no form fits
/// are no text that can be read.
pub(in crate::store) fn column(
    row: &Row<'_>,
    (frozen, form): (usize, usize),
    id: i64,
) -> Result<Option<Json<Frozen>>, StoreError> {
    let spot = Spot("document", "frozen", id);
    let Some(form) = row.get::<Option<String>>(form)? else {
        return Json::maybe(row, frozen, spot);
    };
    let words: String = row.get(frozen)?;
    Ok(Some(Json::laid(filled(&form, &words).unwrap_or(words), spot)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::frozen::{AppliedCredit, Corrected, Issuer};

    fn frozen(name: &str, issuer: &str) -> Frozen {
        Frozen {
            issuer: Issuer {
                name: issuer.to_owned(),
                address: vec!["Weg 1".to_owned()],
                ..Issuer::default()
            },
            customer: Customer {
                name: name.to_owned(),
                city: "Ö\"x\\\n".to_owned(),
                ..Customer::default()
            },
            collected_from: "visa ··4242".to_owned(),
            ..Frozen::default()
        }
    }

    #[test]
    fn a_form_and_its_words_make_the_text_again() {
        let corrects =
            Some(Corrected { number: "I-1".to_owned(), date: "2026-01-01".parse().unwrap() });
        let credits = vec![AppliedCredit { number: "CM".to_owned(), amount_minor: 5 }];
        let memo = Frozen { corrects, credits, ..frozen("M", "G") };
        let mut forms = Vec::new();
        // A name that looks like a hole, or like a list, is a word like another.
        for frozen in [frozen("A", "G"), frozen("\u{1}", "G"), frozen("[\"\\u0001\"]", "G"), memo] {
            let text = json::text(&frozen).unwrap();
            let split = Split::of(&frozen, &text).unwrap().unwrap();
            let Said::Here(form) = split.form else { panic!("{:?}", split.form) };
            assert_eq!(filled(&form, &split.words).as_deref(), Some(text.as_str()));
            forms.push(form);
        }
        assert!(forms[0] == forms[1] && forms[1] == forms[2] && forms[2] != forms[3]);
        for words in ["[]", "[\"a\"]", "{}", "", "{\"issuer\":{}}"] {
            assert_eq!(filled(&forms[0], words), None, "{words}");
        }
        assert_eq!(filled("", &json::text(&["a"]).unwrap()), None, "the form is gone");
    }

    #[test]
    fn what_would_not_make_the_text_again_is_not_split() {
        let odd = frozen("A", "\u{1}");
        assert!(Split::of(&odd, &json::text(&odd).unwrap()).unwrap().is_none());
        let other = frozen("A", "G");
        assert!(Split::of(&other, "{\"of\":\"an older build\"}").unwrap().is_none());
    }
}
