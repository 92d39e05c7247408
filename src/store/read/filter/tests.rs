use super::*;

#[test]
fn words_and_terms_are_told_apart() {
    let filter = Filter::parse("müller total>=500 flag:any status!posted").unwrap();
    assert_eq!(filter.words, ["müller"]);
    let terms: Vec<_> = filter.terms.iter().map(|t| (t.field, t.cmp, t.value.as_str())).collect();
    assert_eq!(
        terms,
        [
            (Field::Total, Cmp::AtLeast, "500"),
            (Field::Flag, Cmp::Is, "any"),
            (Field::Status, Cmp::Not, "posted")
        ]
    );
    assert!(matches!(Filter::parse("size:3"), Err(FilterError::UnknownField(_))));
    for unfinished in [
        "due<",
        "total>=",
        "flag:",
        "status!",
        "kind :",
        "total > ",
        "user: verb:post",
        "due < total >5",
    ] {
        let parsed = Filter::parse(unfinished);
        assert!(matches!(parsed, Err(FilterError::Unfinished(..))), "{unfinished}");
    }
}

#[test]
fn blanks_around_a_sign_do_not_make_words_of_a_term() {
    for typed in
        ["total > 1000", "total >1000", "total> 1000", "total\t>\u{a0}1000", "  total>1000 "]
    {
        assert_eq!(Filter::parse(typed), Filter::parse("total>1000"), "{typed}");
    }
    let filter = Filter::parse("müller kind : invoice due >= 2026-01-31 & söhne").unwrap();
    assert_eq!(filter, Filter::parse("müller & söhne kind:invoice due>=2026-01-31").unwrap());
    for typed in ["> 1000", ">1000", "!held", "totl > 1000", "A > B", "size : 3"] {
        let parsed = Filter::parse(typed);
        assert!(matches!(parsed, Err(FilterError::UnknownField(_))), "{typed}");
    }
}

#[test]
fn what_is_in_quotes_is_one_text() {
    let words = |typed: &str| Filter::parse(typed).unwrap().words;
    assert_eq!(words("\"A > B\" gmbh"), ["A > B", "gmbh"]);
    assert_eq!(words("\"total > 5\""), ["total > 5"]);
    // A quote that is part of a name is one.
    assert_eq!(words("12\" pipe-works the\""), ["12\"", "pipe-works", "the\""]);
    for typed in ["\"A > B gmbh", "gmbh \"A", "charge:\"Base fee", "\""] {
        let parsed = Filter::parse(typed);
        assert!(matches!(parsed, Err(FilterError::Open(_))), "{typed}");
    }
    assert_eq!(words("\"\" x"), ["\"\"", "x"]);
    let term = &Filter::parse("charge: \"Base fee\" gmbh").unwrap().terms[0];
    assert_eq!((term.field, term.value.as_str()), (Field::Charge, "Base fee"));
    assert_eq!(Filter::parse("error:\"no\"_route").unwrap().terms[0].value, "\"no\"_route");
}

#[test]
fn a_minus_turns_a_part_round_and_or_joins_two() {
    let term = |field, cmp, value: &str| Term { field, cmp, value: value.to_owned() };
    let word = |not, word: &str| Part { not, what: What::Word(word.to_owned()) };
    let filter = Filter::parse("gmbh -müller -flag:any -status!posted -5.00 A-1").unwrap();
    assert_eq!(filter.words, ["gmbh", "-5.00", "A-1"], "an amount and a number keep their minus");
    assert_eq!(filter.any, [vec![word(true, "müller")]]);
    assert_eq!(
        filter.terms,
        [term(Field::Flag, Cmp::Not, "any"), term(Field::Status, Cmp::Is, "posted")]
    );
    assert_eq!(filter.plain(), None);
    let filter = Filter::parse("x flag:any OR review:held | \"a b\" OR -total>5 y").unwrap();
    assert_eq!(filter.words, ["x", "y"]);
    let what = |term| Part { not: false, what: What::Term(term) };
    assert_eq!(
        filter.any,
        [vec![
            what(term(Field::Flag, Cmp::Is, "any")),
            what(term(Field::Review, Cmp::Is, "held")),
            word(false, "a b"),
            Part { not: true, what: What::Term(term(Field::Total, Cmp::More, "5")) },
        ]]
    );
    assert_eq!(filter.each_term().count(), 3);
    assert_eq!(
        Filter::parse("gmbh|ag flag:any|flag:none"),
        Filter::parse("gmbh OR ag flag:any OR flag:none")
    );
    for typed in ["-|x", "OR x", "x OR", "x OR OR y", "|", "x | | y"] {
        assert_eq!(Filter::parse(typed), Err(FilterError::Or), "{typed}");
    }
    let words = |typed: &str| Filter::parse(typed).unwrap().words;
    assert_eq!(words("ORION or \"OR\" --"), ["ORION", "or", "OR", "--"]);
}

proptest::proptest! {
    /// Whatever is typed is a filter or is refused; no word of it is empty.
    #[test]
    fn anything_typed_is_read_or_refused(typed in "[-a-c|\"<>=!:. O0-9R]{0,24}|(flag:any|-|OR|\\||\"a b\"|total>5| ){0,8}") {
        if let Ok(filter) = Filter::parse(&typed) {
            let words = filter.words.iter();
            let within = filter.any.iter().flatten().filter_map(|part| match &part.what {
                What::Word(word) => Some(word),
                What::Term(_) => None,
            });
            proptest::prop_assert!(words.chain(within).all(|word| !word.is_empty()));
            proptest::prop_assert!(filter.each_term().all(|term| !term.value.is_empty()));
        }
    }
}
