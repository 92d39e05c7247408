use super::*;
use proptest::prelude::*;

#[test]
fn every_category_that_draws_nothing_is_refused_and_stripped() {
    for bad in [
        '\u{1b}',
        '\0',
        '\u{7f}',
        '\u{9b}',
        '\u{85}',
        '\u{ad}',
        '\u{61c}',
        '\u{180e}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{2028}',
        '\u{2029}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{feff}',
        '\u{fff9}',
        '\u{e0041}',
        '\u{e000}',
        '\u{f0000}',
        '\u{378}',
        '\u{fdd0}',
        '\u{ffff}',
        '\u{fe0f}',
        '\u{e0100}',
        '\u{180b}',
        '\u{34f}',
        '\u{115f}',
        '\u{3164}',
        '\u{ffa0}',
        '\u{1d173}',
        '\u{1bca0}',
    ] {
        let text = format!("a{bad}b");
        assert!(check(&text, 10).is_err(), "{:04x}", u32::from(bad));
        assert_eq!(clean(&text), "ab", "{:04x}", u32::from(bad));
    }
    assert_eq!(check("a\u{1b}[2J", 10), Err(TextError::Control(0x1b)));
    assert_eq!(check("a\nb", 10), Err(TextError::Break));
    assert_eq!(check("M\u{fffd}ller", 10), Err(TextError::Lost));
}

#[test]
fn names_of_the_world_pass() {
    for name in [
        "Müller & Søn 東京",
        "Zażółć gęślą jaźń",
        "محمد بن سلمان",
        "می\u{200c}خواهم",
        "क्\u{200d}ष",
        "శ్రీ\u{200c}".trim_end_matches('\u{200c}'),
        "ශ්\u{200d}රී ලංකා",
        "Nguyễn Thị Bích",
        "Ἀλέξανδρος",
        "สมชาย ใจดี",
        "👍 GmbH",
        "Kaşıkçı\u{a0}AŞ",
        "e\u{301}\u{323}",
    ] {
        assert_eq!(accept(name, 40), Ok(()), "{name}");
        assert_eq!(clean(name), name);
    }
    // A joiner that joins nothing is a way to make two names look alike.
    assert_eq!(clean("Ac\u{200d}me"), "Acme");
}

#[test]
fn length_counts_what_a_reader_sees() {
    assert_eq!(check(&"e\u{301}".repeat(200), 200), Ok(()));
    assert_eq!(check(&"e\u{301}".repeat(201), 200), Err(TextError::TooLong(200)));
    assert_eq!(check(&format!("Z{}", "\u{301}".repeat(11)), 200), Err(TextError::Marks));
}

#[test]
fn card_numbers_are_seen_in_any_dress() {
    for dressed in [
        "4242424242424242",
        "visa 4242 4242 4242 4242",
        "visa4242424242424242x",
        "4242-4242-4242-4242",
        "4242.4242.4242.4242",
        "4242/4242/4242/4242",
        "4242_4242_4242_4242",
        "4242 - 4242 - 4242 - 4242",
        "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
        "42424242,42424242",
        "(4242) (4242) (4242) (4242)",
        "card 4242 4242 4242 4242 12/28 123",
        "no 7 4242 4242 4242 4242",
        "４２４２４２４２４２４２４２４２",
        "４２４２\u{3000}４２４２\u{3000}４２４２\u{3000}４２４２",
        "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
        "४२४२४२४२४२४२४२४२",
        "𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐",
        "④②④②④②④②④②④②④②④②",
        "4242\u{200b}4242\u{200b}4242\u{200b}4242",
        "3782 822463 10005",
        "378282246310005",
        "5555-5555-5555-4444",
        "2223003122003222",
        "6011111111111117",
        "3056 930902 5904",
        "30569309025904",
        "3566002020360505",
        "6200000000000005",
        "6759649826438453",
        "4222222222222",
    ] {
        assert_eq!(refuse_card_number(dressed), Err(TextError::CardNumber), "{dressed}");
    }
}

#[test]
fn other_numbers_are_no_cards() {
    for other in [
        "visa ··4242",
        "tok_4242424242424241",
        "INV-2026-000001 INV-2026-000002 INV-2026-000018",
        "1234567890123",
        "9999999999999995",
        "DE89 3704 0044 0532 0130 00",
        "+49 170 1234567 / +49 30 901820",
        "2026-11-30 12:00:00 2026-12-01",
        "1,204.80 + 4,242.42 = 5,447.22",
        "42424242424242424242424242",
        "30.01.2026-28.02.2026",
    ] {
        assert_eq!(refuse_card_number(other), Ok(()), "{other}");
    }
}

#[test]
fn what_others_said_fits_a_line() {
    assert_eq!(said("550 no\r\n\tsuch \u{1b}[31muser", 40), "550 no such [31muser");
    assert_eq!(said("abcdef", 3), "abc");
    assert!(!said("declined 4242 4242 4242 4242", 99).contains("4242"));
}

#[test]
fn formulas_are_defused_and_numbers_stay() {
    for (given, leaves) in [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("-1+2", "'-1+2"),
        ("+49 30 1", "'+49 30 1"),
        ("+1", "'+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1+2", "'＝1+2"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠x", "'＠x"),
        ("﹢1", "'﹢1"),
        ("−cmd", "'−cmd"),
        ("\t=1+2", "'=1+2"),
        ("\r=1", "'=1"),
        ("  =1+2", "'  =1+2"),
        ("\u{a0}=1", "'\u{a0}=1"),
        ("'=1", "''=1"),
        ("foo;=1+2", "foo;'=1+2"),
        ("-12.50", "-12.50"),
        ("-1,204.80", "-1,204.80"),
        ("-1,204.80 EUR", "-1,204.80 EUR"),
        ("-", "'-"),
        ("-1,2", "'-1,2"),
        ("--1", "'--1"),
        ("-cmd|x", "'-cmd|x"),
        ("Müller", "Müller"),
        ("a=b", "a=b"),
        ("O'Neill", "O'Neill"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ("", ""),
    ] {
        assert_eq!(cell(given), leaves, "{given:?}");
    }
}

proptest! {
    #[test]
    fn a_cell_comes_back_as_it_was(text in "['=+@＝;a1. -]{0,12}") {
        let there = cell(&text).into_owned();
        prop_assert_eq!(uncell(&there), text);
    }

    #[test]
    fn what_is_clean_stays_and_is_accepted(text in "\\PC{0,40}|.{0,40}") {
        let once = clean(&text).into_owned();
        prop_assert!(unsafe_in(&once).next().is_none(), "{:?}", once);
        prop_assert_eq!(clean(&once), once.as_str());
    }
}

#[test]
fn names_are_found_without_accents() {
    for (name, found) in [
        ("Köhler", "kohler"),
        ("KÖHLER", "kohler"),
        ("Ko\u{308}hler", "kohler"),
        ("Łódź Straße", "lodz strasse"),
        ("İstanbul Ağaoğlu", "istanbul agaoglu"),
        ("Crème Brûlée SÀRL", "creme brulee sarl"),
        ("Søren Ångström", "soren angstrom"),
        ("Нескучный", "нескучныи"),
        ("がす会社", "か\u{3099}す会社"),
        ("ＡＢＣ", "abc"),
    ] {
        assert_eq!(folded(name), found);
    }
}

#[test]
fn umlauts_are_found_written_out_and_the_other_way_round() {
    let finds = |typed: &str, stored: &str| {
        spellings(typed).iter().any(|s| searchable(stored).contains(s.as_str()))
    };
    for (typed, stored) in [
        ("koehler", "Köhler Pflegedienst"),
        ("kohler", "Köhler Pflegedienst"),
        ("köhler", "KOEHLER GMBH"),
        ("Ko\u{308}hler", "Koehler"),
        ("koehler", "KO\u{308}HLER"),
        ("köhler", "Kohler"),
        ("strasse", "Große Straße"),
        ("groß", "GROSS"),
        ("uebermuet", "Übermütig"),
        ("baeckerei", "Bäckerei"),
        ("soerensen", "Sørensen"),
        ("aakerlund", "Åkerlund"),
        ("joel", "Joël"),
    ] {
        assert!(finds(typed, stored), "{typed} in {stored}");
    }
    for (typed, stored) in [("kohler", "Koehler"), ("koehler", "Kohler"), ("michal", "Michael")] {
        assert!(!finds(typed, stored), "{typed} in {stored}");
    }
}

proptest! {
    #[test]
    fn what_is_folded_stays_so(text in "\\PC{0,40}") {
        prop_assert_eq!(folded(&folded(&text)), folded(&text));
    }
}
