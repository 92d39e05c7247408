use super::read::read;
use super::*;
use std::collections::BTreeSet;

/// Holes that a text may leave out are marked so.
fn required(key: Key) -> BTreeSet<usize> {
    let holes = key.spec().holes.iter().enumerate();
    holes.filter(|(_, hole)| !hole.ends_with('?')).map(|(at, _)| at).collect()
}

#[test]
fn every_language_has_every_text_once_with_its_holes_and_in_letters_that_print() {
    let fonts = Fonts::get().unwrap();
    for language in Language::ALL {
        let entries = read(source(*language)).unwrap_or_else(|e| panic!("{language}: {e}"));
        let keys: Vec<Key> = entries.iter().filter(|e| e.table.is_empty()).map(|e| e.key).collect();
        let wanted: Vec<Key> = SPECS.iter().map(|spec| spec.key).collect();
        assert_eq!(keys, wanted, "{language}: the keys of en.toml, in their order");
        for entry in &entries {
            let name = entry.key.spec().name;
            let at = format!("{language}.toml:{} {name}", entry.line);
            for hole in required(entry.key) {
                let hole_name = entry.key.spec().holes[hole];
                assert!(entry.template.holds(hole), "{at}: {{{hole_name}}} is missing");
            }
            assert!(
                entry.table.is_empty() || crate::domain::e_invoice::is_country(&entry.table),
                "{at}: [{}] is no country",
                entry.table
            );
            if entry.key.spec().place.prints() {
                let odd: String = entry.template.said().filter(|c| !fonts.has_basic(*c)).collect();
                assert!(odd.is_empty(), "{at}: {odd:?} cannot be printed");
            }
        }
    }
}

#[test]
fn a_german_or_austrian_correction_is_never_called_gutschrift() {
    for entry in read(source(Language::German)).unwrap() {
        let said: String = entry.template.said().collect::<String>().to_lowercase();
        let swiss = matches!(entry.table.as_str(), "CH" | "LI");
        assert!(swiss || !said.contains("gutschrift"), "line {}", entry.line);
    }
}

#[test]
fn texts_of_the_issuer_come_first_then_those_of_its_country() {
    let own =
        OwnTexts::read("[de]\ninvoice = \"Beleg\"\n[fr]\nmail_subject = \"{number} {issuer}\"")
            .unwrap();
    assert_eq!(own.count(), 2);
    let say = |language, issuer: &str, own: Option<&OwnTexts>, key| {
        let speech = Speech {
            tag: crate::domain::speech::Tag { language, country: String::new() },
            issuer: issuer.to_owned(),
            ..Speech::default()
        };
        template(&speech, own, key).unwrap().fill(&[])
    };
    let de = Language::German;
    for (issuer, own, key, said) in [
        ("DE", None, Key::CreditMemo, "Rechnungskorrektur"),
        ("AT", None, Key::CreditMemo, "Rechnungskorrektur"),
        ("", None, Key::CreditMemo, "Rechnungskorrektur"),
        ("CH", None, Key::CreditMemo, "Gutschrift"),
        ("CH", None, Key::Invoice, "Rechnung"),
        ("CH", Some(&own), Key::Invoice, "Beleg"),
        ("DE", Some(&own), Key::CreditMemo, "Rechnungskorrektur"),
    ] {
        assert_eq!(say(de, issuer, own, key), said, "{issuer}");
    }
    for (language, issuer, said) in [
        (Language::French, "FR", "Avoir"),
        (Language::French, "BE", "Note de crédit"),
        (Language::Dutch, "NL", "Creditfactuur"),
        (Language::Dutch, "BE", "Creditnota"),
        (Language::Italian, "IT", "Nota di credito"),
        (Language::Spanish, "ES", "Factura rectificativa"),
        (Language::Spanish, "MX", "Nota de crédito"),
        (Language::Polish, "PL", "Faktura korygująca"),
        (Language::Polish, "DE", "Nota kredytowa"),
        (Language::English, "DE", "Credit memo"),
    ] {
        assert_eq!(say(language, issuer, None, Key::CreditMemo), said);
    }
}

#[test]
fn a_file_of_the_issuer_is_refused_by_line_key_and_remedy() {
    for (source, line, key, why) in [
        ("invoice = \"x\"", 1, "invoice", "stands in no language"),
        ("[de]\n\n[ja]\ninvoice = \"x\"", 4, "invoice", "[ja], which is no language"),
        ("[de]\ninvoice = \"請求書\"", 2, "invoice", "U+8ACB"),
        ("[de]\nmail_pay = \"{betrag}\"", 2, "mail_pay", "{betrag}"),
        ("[de]\nx = 1", 2, "x", "no text"),
    ] {
        let error = OwnTexts::read(source).unwrap_err();
        assert_eq!((error.line, error.key.as_str()), (line, key), "{source}: {error:?}");
        assert!(error.why.contains(why) && !error.remedy.is_empty(), "{source}: {error:?}");
    }
    // What no paper carries may be in any letters.
    OwnTexts::read("[de]\nmail_pay = \"{sum} 請求書\"").unwrap();
}

proptest::proptest! {
    /// Whatever stands in a file, it is read or refused by a line of it.
    #[test]
    fn a_file_of_anything_is_read_or_refused(source in "(\\[(de|fr|xx)\\]\n)?([a-z_]{1,8} = \"[^\"]{0,12}\"\n|pay = \"[{}a-z]{0,9}\"\n|.{0,9}\n){0,5}") {
        if let Err(error) = OwnTexts::read(&source) {
            proptest::prop_assert!(error.line >= 1 && error.line <= source.lines().count() + 1);
            proptest::prop_assert!(!error.remedy.is_empty() && !error.why.is_empty());
        }
    }
}
