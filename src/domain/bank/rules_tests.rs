//! The rules, each where it matches and just where it does not.

use super::*;

fn eur() -> Currency {
    Currency::parse("EUR").unwrap()
}

#[derive(Default)]
struct Known {
    documents: Vec<(&'static str, Doc)>,
    accounts: Vec<(&'static str, Party)>,
    ibans: Vec<(&'static str, i64)>,
    receipts: Vec<(i64, Receipt)>,
    payouts: Vec<(i64, OnTheWay)>,
    ours: Vec<(&'static str, Ours)>,
    references: Vec<(&'static str, i64)>,
}

impl Facts for Known {
    type Error = std::convert::Infallible;

    fn numbered(&self, keys: &BTreeSet<&str>) -> Result<Numbered, Self::Error> {
        let key = |number: &str| Some(tokens::key(number)).filter(|k| keys.contains(k.as_str()));
        let documents = self.documents.iter().filter_map(|(n, d)| Some((key(n)?, d.clone())));
        let accounts = self.accounts.iter().filter_map(|(n, p)| Some((key(n)?, *p)));
        Ok((documents.collect(), accounts.collect()))
    }

    fn referred(&self, reference: &str, keys: &[String]) -> Result<Vec<Doc>, Self::Error> {
        let given = |id: i64| self.references.iter().any(|(r, d)| *r == reference && *d == id);
        let all = self.documents.iter();
        Ok(all
            .filter(|(n, d)| keys.contains(&tokens::key(n)) || given(d.id.0))
            .map(|(_, d)| d.clone())
            .collect())
    }

    fn payer(&self, iban: &str) -> Result<Option<Party>, Self::Error> {
        let all: Vec<i64> =
            self.ibans.iter().filter(|(i, _)| *i == iban).map(|(_, a)| *a).collect();
        Ok(match all.as_slice() {
            [one] => Some(Party { id: AccountId(*one), currency: eur() }),
            _ => None,
        })
    }

    fn open(&self, account: AccountId) -> Result<Vec<Doc>, Self::Error> {
        let all = self.documents.iter().map(|(_, d)| d.clone());
        Ok(all.filter(|d| d.account == account && d.open > 0).collect())
    }

    fn ours(&self, name: &str) -> Result<Option<Ours>, Self::Error> {
        Ok(self.ours.iter().find(|(n, _)| *n == name).map(|(_, o)| *o))
    }

    fn recorded(&self, minor: i64, _: NaiveDate) -> Result<Vec<Receipt>, Self::Error> {
        let all = self.receipts.iter().filter(|(m, _)| *m == minor);
        Ok(all.map(|(_, r)| r.clone()).collect())
    }

    fn payouts(&self, minor: i64) -> Result<Vec<OnTheWay>, Self::Error> {
        Ok(self.payouts.iter().filter(|(m, _)| *m == minor).map(|(_, p)| p.clone()).collect())
    }
}

fn doc(id: i64, account: i64, open: i64) -> Doc {
    Doc { id: DocumentId(id), account: AccountId(account), currency: eur(), open }
}

fn party(id: i64) -> Party {
    Party { id: AccountId(id), currency: eur() }
}

fn book() -> Known {
    let usd = Currency::parse("USD").unwrap();
    Known {
        documents: vec![
            ("INV-2026-000001", doc(1, 1, 10_000)),
            ("INV-2026-000002", doc(2, 1, 25_000)),
            ("INV-2026-000003", doc(3, 2, 4_000)),
            ("INV-2026-000004", doc(4, 2, 6_000)),
            ("INV-2026-000005", doc(5, 3, 7_500)),
            ("INV-2026-000006", doc(6, 3, 7_500)),
            ("INV-2026-000007", doc(7, 3, 0)),
            ("4711", doc(8, 4, 4_711)),
            ("4712", doc(9, 4, 100)),
            ("INV-2026-000010", Doc { currency: usd, ..doc(10, 5, 900) }),
            ("R1", doc(11, 6, 50)),
        ],
        accounts: vec![
            ("ACME-1", party(1)),
            ("BOLT-2", party(2)),
            ("CORE-3", party(3)),
            ("1001", party(4)),
            ("A001", party(6)),
        ],
        ibans: vec![("DE1", 1), ("DE2", 2), ("DE3", 3), ("DE4", 4), ("XX", 1), ("XX", 2)],
        receipts: vec![(
            8_200,
            Receipt { id: PaymentId(1), account: AccountId(1), reference: "FT-7781".into() },
        )],
        payouts: vec![(12_690, OnTheWay { id: 1, name: "po_1".into() })],
        ours: vec![("P-000009", Ours { id: PaymentId(9), account: AccountId(1) })],
        references: vec![("RF18539007547034", 1)],
    }
}

fn ask(minor: i64, text: &str, iban: &str) -> Verdict {
    judged(&Detail { minor, text: text.into(), iban: iban.into(), ..Detail::default() })
}

fn judged(detail: &Detail) -> Verdict {
    let on = NaiveDate::from_ymd_opt(2026, 11, 10).unwrap();
    let Ok(verdict) = judge(&book(), &Asked { detail, currency: eur(), on });
    verdict
}

#[test]
fn the_first_rule_with_one_answer_wins() {
    let rules: &[(i64, &str, &str, Rule, &[i64])] = &[
        (25_000, "Rechnung inv-2026 000002 danke", "DE1", Rule::Number, &[2]),
        (6_000, "november", "DE2", Rule::PayerExact, &[4]),
        (10_000, "november", "DE2", Rule::PayerTotal, &[3, 4]),
        (5_000, "november", "DE2", Rule::Payer, &[]),
        (7_500, "", "DE3", Rule::Payer, &[]),
        (9_000, "CORE-3 on account", "", Rule::Payer, &[]),
        (15_000, "INV-2026-000005 INV-2026-000003", "", Rule::Conflict, &[]),
        (900, "INV-2026-000010", "", Rule::Conflict, &[]),
        (10_000, "thanks", "", Rule::None, &[]),
        (10_000, "thanks", "XX", Rule::None, &[]),
        (10_000, "thanks", "DE9", Rule::None, &[]),
        (9_900, "INV-2026-000006, INV-2026-000005", "", Rule::Number, &[6, 5]),
        (7_500, "INV-2026-000007 again", "", Rule::Number, &[7]),
        // The number says more than who sent it.
        (4_000, "INV-2026-000003", "DE1", Rule::Number, &[3]),
        // What has no letter, or is short, counts with its amount or a known payer.
        (4_711, "4711", "", Rule::Number, &[8]),
        (4_000, "4711", "", Rule::None, &[]),
        (4_000, "4711", "DE4", Rule::Number, &[8]),
        (4_811, "4711 and 4712", "", Rule::Number, &[8, 9]),
        (4_000, "1001", "", Rule::None, &[]),
        (4_811, "customer 1001", "", Rule::PayerTotal, &[8, 9]),
        (50, "R1", "", Rule::Number, &[11]),
        (60, "R1", "", Rule::None, &[]),
        (60, "R1 A001", "", Rule::Number, &[11]),
        (30, "A001 rate", "", Rule::Payer, &[]),
        (30, "A001 or BOLT-2", "", Rule::None, &[]),
        (8_200, "ft 7781 INV-2026-000001", "", Rule::Recorded, &[]),
        (8_201, "ft 7781 INV-2026-000001", "", Rule::Number, &[1]),
        (12_690, "STRIPE PO_1", "", Rule::Payout, &[]),
        (12_690, "STRIPE", "", Rule::None, &[]),
        (10_000, "RF18 5390 0754 7034", "DE2", Rule::Reference, &[1]),
        (10_000, "RF19 5390 0754 7034", "", Rule::None, &[]),
        (10_000, "RF94INV2026000001", "", Rule::Reference, &[1]),
        (-5_000, "INV-2026-000001", "DE1", Rule::None, &[]),
    ];
    for (minor, text, iban, rule, wanted) in rules {
        let said = ask(*minor, text, iban);
        assert_eq!(said.rule, *rule, "{minor} {text:?} {iban}: {said:?}");
        let paid: Vec<i64> = match said.found {
            Found::Money { documents, .. } => documents.iter().map(|d| d.0).collect(),
            _ => Vec::new(),
        };
        assert_eq!(paid, *wanted, "{minor} {text:?} {iban}");
    }
}

#[test]
fn money_out_that_names_a_payment_is_its_return() {
    let out = |name: &str| Detail { minor: -5_000, end_to_end: name.into(), ..Detail::default() };
    assert_eq!(judged(&out("P-000009")).rule, Rule::OwnReturn);
    assert_eq!(judged(&out("P-000008")).rule, Rule::None);
    assert_eq!(judged(&Detail { minor: 5_000, ..out("P-000009") }).rule, Rule::None);
}

#[test]
fn references_are_known_by_their_check_digits() {
    for (text, found) in [
        ("RF18 5390 0754 7034", "RF18539007547034"),
        ("+++090/9337/55493+++", "090933755493"),
        ("RF18 5390 0754 7035", ""),
        ("090/9337/55494", ""),
    ] {
        let detail = Detail { text: text.into(), ..Detail::default() };
        let all = references(&detail);
        assert_eq!(all.iter().any(|(r, _)| r == found), !found.is_empty(), "{text}: {all:?}");
    }
}

#[test]
fn money_is_spread_in_order_and_never_lost() {
    let of = |minor, owed: &[i64], tolerance| spread(minor, owed, tolerance);
    assert_eq!(
        of(13_000, &[7_000, 4_500], 0),
        Spread { parts: vec![7_000, 4_500], left: 1_500, difference: 0 }
    );
    assert_eq!(of(9_950, &[10_000], 50).difference, 50);
    assert_eq!(of(9_949, &[10_000], 50).difference, 0);
    assert_eq!(
        of(10_000, &[9_000, 1_010], 50),
        Spread { parts: vec![9_000, 1_000], left: 0, difference: 10 }
    );
    // Only the last document is let off, and only one that was paid at all.
    assert_eq!(of(9_990, &[10_000, 5], 50).difference, 0);
    assert_eq!(of(0, &[10], 50).difference, 0);
    assert_eq!(of(5, &[], 50), Spread { parts: vec![], left: 5, difference: 0 });
}

proptest::proptest! {
    #[test]
    fn parts_and_rest_are_the_money(minor in 1_i64..1_000_000, owed in proptest::collection::vec(0_i64..400_000, 0..6), tolerance in 0_i64..100) {
        let spread = spread(minor, &owed, tolerance);
        assert_eq!(spread.parts.iter().sum::<i64>() + spread.left, minor);
        assert!(spread.difference <= tolerance);
        assert!(owed.iter().zip(&spread.parts).all(|(o, p)| p <= o));
        if spread.difference > 0 {
            assert_eq!(owed.iter().sum::<i64>(), minor + spread.difference);
        }
    }
}
