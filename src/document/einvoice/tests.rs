use super::model::{Home, TaxGroup};
use super::*;
use crate::document::{Customer, Issuer, Line, Printable};
use crate::domain::document::{DocumentKind, DocumentTax, TaxKind};
use crate::domain::e_invoice::{Category, Form};
use crate::domain::frozen::{AppliedCredit, Corrected, Legal, Paying, Seller};
use crate::domain::fx::{HomeRate, Quoted};
use crate::domain::money::Currency;
use proptest::prelude::*;
use rust_decimal::Decimal;

fn eur() -> Currency {
    Currency::parse("EUR").unwrap()
}

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// An issuer and a customer in Germany of whom everything is known.
fn legal(form: Form) -> Legal {
    let said = str::to_owned;
    Legal {
        form,
        seller: Seller {
            tax_id: said("DE 123 456 789"),
            tax_number: said("12/345/67890"),
            register_id: said("HRB 12345"),
            electronic_address: said("9930:DE123456789"),
            street: said("Werftweg 1"),
            postcode: said("20095"),
            city: said("Hamburg"),
            country: said("DE"),
            contact: said("Anna Example"),
            phone: said("+49 40 123456"),
            email: said("billing@example.org"),
            iban: said("DE89 3704 0044 0532 0130 00"),
            bic: said("COBADEFFXXX"),
            creditor_id: said("DE98ZZZ09999999999"),
        },
        categories: Vec::new(),
        units: Vec::new(),
        rates: Vec::new(),
        paying: Paying::Transfer,
        mandate: String::new(),
        debited: String::new(),
        home: None,
    }
}

fn line(name: &str, quantity: &str, price: &str, minor: i64, uom: &str) -> Line {
    Line {
        description: name.to_owned(),
        detail: String::new(),
        service: Some(("2026-11-01".parse().unwrap(), "2026-11-30".parse().unwrap())),
        quantity: Some(number(quantity)),
        uom: uom.to_owned(),
        unit_price: Some(number(price)),
        amount_minor: minor,
    }
}

fn tax(
    code: &str,
    rate: &str,
    kind: TaxKind,
    (base, minor): (i64, i64),
    reason: &str,
) -> DocumentTax {
    DocumentTax {
        tax_code: code.to_owned(),
        rate_percent: number(rate),
        name: "VAT".to_owned(),
        kind,
        inclusive: false,
        reason: reason.to_owned(),
        base_minor: base,
        tax_minor: minor,
        rounding: None,
    }
}

/// 300.00 for a month, 25 seats at 12.50, 47.3 GB in tiers for 15.06, at 19 %.
fn invoice() -> Printable {
    let mut lines = vec![
        line("Platform & \"fee\" <Business>", "1", "300", 30_000, ""),
        line("Seats", "25", "12.50", 31_250, "seat"),
        line("Traffic", "47.3", "0.3184", 1_505, "GB"),
    ];
    lines[2].detail = "tiered price".to_owned();
    Printable {
        kind: DocumentKind::Invoice,
        number: "INV-2026-000123".to_owned(),
        account_number: "A-1".to_owned(),
        invoice_date: "2026-11-30".parse().unwrap(),
        due_date: Some("2026-12-14".parse().unwrap()),
        term: "Net 14".to_owned(),
        po_number: "PO 7781".to_owned(),
        issuer: Issuer { name: "Hafen Software GmbH".to_owned(), ..Issuer::default() },
        customer: Customer {
            name: "Stadt Ümlaut".to_owned(),
            address1: "Markt 1".to_owned(),
            postcode: "80331".to_owned(),
            city: "München".to_owned(),
            country: "Germany".to_owned(),
            tax_id: "DE999999999".to_owned(),
            electronic_address: "0204:991-12345-67".to_owned(),
            buyer_reference: "991-12345-67".to_owned(),
            ..Customer::default()
        },
        lines,
        taxes: vec![tax("V19", "19", TaxKind::Standard, (62_755, 11_923), "")],
        subtotal_minor: 62_755,
        total_minor: 74_678,
        credits: vec![AppliedCredit { number: "CM-1".to_owned(), amount_minor: 4_678 }],
        note: "thanks".to_owned(),
        ..Printable::blank(eur())
    }
}

fn made(document: &Printable, legal: &Legal) -> Bill {
    let codes = |at: usize| document.taxes.get(at).or_else(|| document.taxes.last());
    let lines: Vec<FactsLine> = (0..document.lines.len())
        .map(|at| FactsLine {
            tax_code: codes(if document.taxes.len() > 1 { at } else { 0 })
                .map(|tax| tax.tax_code.clone())
                .unwrap_or_default(),
            rate: None,
        })
        .collect();
    bill(Facts { document, legal, lines: &lines })
}

/// What an XML can say of a bill.
fn as_read(mut of: Bill) -> Bill {
    of.lines.iter_mut().for_each(|row| row.uom.clone_from(&row.unit));
    of.taxes.iter_mut().for_each(|tax| tax.inclusive = false);
    if of.form.is_cii() {
        of.form = Form::Cii;
        if let Some(Means::Card { network, .. }) = &mut of.means {
            network.clear();
        }
    }
    of
}

fn every_form() -> [Form; 5] {
    [Form::Xrechnung, Form::Peppol, Form::FacturX, Form::Ubl, Form::Cii]
}

#[test]
fn what_is_written_reads_back_the_same_in_every_form() {
    for form in every_form() {
        for paying in [Paying::Transfer, Paying::Debit, Paying::Card, Paying::Unsaid] {
            let mut facts = legal(form);
            facts.paying = paying;
            (facts.mandate, facts.debited) = match paying {
                Paying::Debit => ("M-1".to_owned(), "DE89370400440532013000".to_owned()),
                Paying::Card => (String::new(), "visa ··4242".to_owned()),
                Paying::Transfer | Paying::Unsaid => (String::new(), String::new()),
            };
            let bill = made(&invoice(), &facts);
            let back = read(&write(&bill)).unwrap();
            assert_eq!(back, as_read(bill.clone()), "{form} {paying:?}");
            let wants = form == Form::Xrechnung && paying == Paying::Unsaid;
            assert_eq!(problems(&bill).is_empty(), !wants, "{form}: {:?}", problems(&bill));
            assert_eq!(problems(&back).is_empty(), !wants || form.is_cii());
        }
    }
}

#[test]
fn the_tax_is_told_in_the_issuers_own_currency_too() {
    let rate = |text: &str| HomeRate {
        currency: eur(),
        rate: number(text),
        quoted: Quoted::Other,
        on: "2026-11-30".parse().unwrap(),
        source: "ECB".to_owned(),
    };
    for form in every_form() {
        let mut facts = legal(form);
        facts.home = Some(rate("1.2500"));
        let mut document = invoice();
        document.currency = Currency::parse("USD").unwrap();
        let bill = made(&document, &facts);
        assert_eq!(bill.home, Some(Home { currency: eur(), tax_minor: 9_538 }), "{form}");
        let back = read(&write(&bill)).unwrap();
        assert_eq!(back, as_read(bill), "{form}");
        // What is given back is positive there as well.
        document.kind = DocumentKind::CreditMemo;
        document.lines.iter_mut().for_each(|line| line.amount_minor = -line.amount_minor);
        document.taxes[0].base_minor = -62_755;
        document.taxes[0].tax_minor = -11_923;
        let memo = made(&document, &facts);
        assert_eq!(memo.home, Some(Home { currency: eur(), tax_minor: 9_538 }), "{form}");
    }
}

#[test]
fn a_credit_note_is_positive_and_says_what_it_corrects() {
    let mut memo = invoice();
    memo.kind = DocumentKind::CreditMemo;
    memo.lines.iter_mut().for_each(|line| line.amount_minor = -line.amount_minor);
    memo.taxes[0].base_minor = -62_755;
    memo.taxes[0].tax_minor = -11_923;
    (memo.subtotal_minor, memo.total_minor) = (-62_755, -74_678);
    memo.due_date = None;
    memo.credits.clear();
    memo.corrects =
        Some(Corrected { number: "INV-1".to_owned(), date: "2026-10-31".parse().unwrap() });
    for form in [Form::Ubl, Form::Cii] {
        let bill = made(&memo, &legal(form));
        assert_eq!((bill.total_minor, bill.due_minor()), (74_678, 74_678));
        assert_eq!(problems(&bill), [], "{form}");
        let xml = write(&bill);
        assert!(!String::from_utf8_lossy(&xml).contains(">-"), "nothing of it is negative");
        assert_eq!(read(&xml).unwrap(), as_read(bill), "{form}");
    }
}

#[test]
fn the_price_makes_the_amount_and_the_sign_stands_on_the_quantity() {
    // (quantity, printed price, net in cents, quantity, price, for so many)
    for (quantity, price, net, q, p, per) in [
        ("25", "12.50", 31_250, "25", "12.5", None),
        ("47.3", "0.3184", 1_505, "47.3", "15.05", Some("47.3")),
        ("3", "33.33", 10_000, "3", "100", Some("3")),
        ("2", "-5", -1_000, "-2", "5", None),
        ("0", "5", 0, "0", "5", None),
        ("0", "5", 700, "1", "7", None),
        ("1", "0.005", 1, "1", "0.005", None),
    ] {
        let mut document = invoice();
        document.lines = vec![line("X", quantity, price, net, "")];
        let row = &made(&document, &legal(Form::Ubl)).lines[0];
        let is = (row.quantity, row.price, row.per);
        assert_eq!(is, (number(q), number(p), per.map(number)), "{quantity} × {price} = {net}");
    }
}

/// A thing that is wrong with it, and the word that names it.
type Wrong = (&'static str, fn(&mut Bill));

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    let wrong: &[Wrong] = &[
        ("no code", |b| b.lines[1].unit = String::new()),
        ("do not add up", |b| b.net_minor += 1),
        ("not its amount", |b| b.lines[0].price = Decimal::ONE),
        ("are not its base", |b| b.lines[0].rate = Decimal::from(7)),
        ("and it says", |b| {
            b.taxes[0].tax_minor += 100;
            b.tax_minor += 100;
            b.total_minor += 100;
        }),
        ("no tax id", |b| (b.seller.tax_id, b.seller.tax_number) = (String::new(), String::new())),
        ("no country's letters", |b| b.seller.tax_id = "EU123456789".to_owned()),
        ("is no ISO code", |b| b.buyer.country = "GERMANY".to_owned()),
        ("is none", |b| {
            b.means = Some(Means::Transfer {
                iban: "DE88370400440532013000".to_owned(),
                bic: String::new(),
                holder: String::new(),
            });
        }),
        ("no mandate", |b| {
            b.means = Some(Means::Debit { mandate: String::new(), iban: String::new() });
        }),
        ("no known scheme", |b| b.buyer.address.scheme = "9999".to_owned()),
        ("wants the customer's buyer reference", |b| b.buyer_reference = String::new()),
        ("wants the issuer's contact", |b| b.seller.contact.name = String::new()),
        ("customer has no tax id", |b| {
            b.buyer.tax_id = String::new();
            let group = &mut b.taxes[0];
            *group = TaxGroup {
                category: Category::ReverseCharge,
                rate: Decimal::ZERO,
                tax_minor: 0,
                reason: "Reverse charge".to_owned(),
                ..group.clone()
            };
        }),
        ("says no reason", |b| {
            (b.taxes[0].category, b.taxes[0].rate) = (Category::Exempt, Decimal::ZERO);
        }),
        ("is no rate of category S", |b| b.taxes[0].rate = Decimal::ZERO),
        ("no day on which it is due", |b| (b.due_on, b.terms) = (None, String::new())),
        ("says nothing", |b| b.lines[0].name = " ".to_owned()),
    ];
    for (words, spoil) in wrong {
        let mut bill = made(&invoice(), &legal(Form::Xrechnung));
        assert_eq!(problems(&bill), []);
        spoil(&mut bill);
        let found = problems(&bill);
        let named = found.iter().find(|problem| problem.what.contains(words));
        assert!(named.is_some_and(|problem| !problem.remedy.is_empty()), "{words}: {found:?}");
    }
}

#[test]
fn a_currency_of_three_decimals_has_no_form() {
    let document = Printable { currency: Currency::parse("KWD").unwrap(), ..invoice() };
    let found = problems(&made(&document, &legal(Form::Ubl)));
    assert!(found[0].what.contains("3 decimals"), "{found:?}");
}

#[test]
fn codes_of_one_rate_are_one_group_and_lines_without_tax_stand_alone() {
    let mut document = invoice();
    document.lines = vec![
        line("A", "1", "100", 10_000, ""),
        line("B", "1", "200", 20_000, ""),
        line("C", "1", "300", 30_000, ""),
    ];
    document.taxes = vec![
        tax("V19", "19", TaxKind::Standard, (10_000, 1_900), ""),
        tax("V19B", "19.00", TaxKind::Standard, (20_000, 3_800), ""),
        tax("V7", "7", TaxKind::Standard, (30_000, 2_100), ""),
    ];
    (document.subtotal_minor, document.total_minor) = (60_000, 67_800);
    document.credits.clear();
    let bill = made(&document, &legal(Form::Ubl));
    let groups: Vec<(i64, i64)> = bill.taxes.iter().map(|t| (t.base_minor, t.tax_minor)).collect();
    assert_eq!(groups, [(30_000, 5_700), (30_000, 2_100)]);
    assert_eq!(problems(&bill), []);
    document.taxes.clear();
    document.total_minor = 60_000;
    let found = problems(&made(&document, &legal(Form::Ubl)));
    assert!(found.iter().any(|p| p.what.contains("no line has a tax code")), "{found:?}");
}

#[test]
fn what_no_invoice_may_be_is_not_read() {
    let xml = String::from_utf8(write(&made(&invoice(), &legal(Form::Ubl)))).unwrap();
    for (from, to) in [
        ("<Invoice ", "<!DOCTYPE a [<!ENTITY b \"c\">]><Invoice "),
        ("<cbc:ID>INV", "<cbc:Strange>1</cbc:Strange><cbc:ID>INV"),
        (">746.78<", ">746.79<"),
        (">746.78<", ">746.780<"),
        ("currencyID=\"EUR\"", "currencyID=\"USD\""),
        (">380<", ">381<"),
        ("</Invoice>", ""),
    ] {
        let changed = xml.replacen(from, to, 1);
        assert_ne!(changed, xml, "{from}");
        let back = read(changed.as_bytes());
        let fine = back.as_ref().is_ok_and(|bill| problems(bill).is_empty());
        assert!(!fine, "{from} → {to}: {back:?}");
    }
}

proptest! {
    #[test]
    fn any_lines_add_up_and_read_back(
        lines in prop::collection::vec((0_i64..100_000, 0_i64..10_000, -1_000_000_i64..1_000_000), 1..12),
    ) {
        let mut document = invoice();
        document.credits.clear();
        document.lines = lines
            .iter()
            .map(|(q, p, net)| Line {
                quantity: Some(Decimal::new(*q, 2)),
                unit_price: Some(Decimal::new(*p, 3)),
                ..line("X", "1", "1", *net, "GB")
            })
            .collect();
        let net: i64 = lines.iter().map(|(.., net)| net).sum();
        let tax_minor = (Decimal::new(net, 2) * number("0.19")).round_dp(2);
        let tax_minor = eur().exact_minor(tax_minor).unwrap();
        document.taxes = vec![tax("V19", "19", TaxKind::Standard, (net, tax_minor), "")];
        (document.subtotal_minor, document.total_minor) = (net, net + tax_minor);
        for form in [Form::Ubl, Form::Cii] {
            let bill = made(&document, &legal(form));
            prop_assert_eq!(problems(&bill), []);
            prop_assert_eq!(read(&write(&bill)).unwrap(), as_read(bill));
        }
    }
}

/// What the published rules want of sellers, buyers and taxes, and what a currency without cents rounds to.
#[test]
fn what_a_kind_of_tax_asks_of_both_sides_is_named() {
    let wrong = |change: &dyn Fn(&mut Printable, &mut Legal)| -> Vec<String> {
        let (mut document, mut legal) = (invoice(), legal(Form::Ubl));
        change(&mut document, &mut legal);
        problems(&made(&document, &legal)).into_iter().map(|p| p.what).collect()
    };
    assert_eq!(wrong(&|_, _| ()), Vec::<String>::new());
    let of_kind = |category: Category| {
        move |document: &mut Printable, legal: &mut Legal| {
            legal.seller.tax_id = String::new();
            for tax in &mut document.taxes {
                tax.rate_percent = Decimal::ZERO;
                tax.tax_minor = 0;
                tax.reason = "said".to_owned();
                legal.categories.push((tax.tax_code.clone(), category));
            }
            document.total_minor = document.subtotal_minor;
        }
    };
    let says = |found: &[String], words: &str| found.iter().any(|what| what.contains(words));
    assert!(says(&wrong(&of_kind(Category::Export)), "no VAT id, and there is an export"));
    assert!(says(&wrong(&of_kind(Category::IntraCommunity)), "there is an intra-community supply"));
    assert!(says(&wrong(&of_kind(Category::Igic)), "is no rate of category L"));
    assert!(says(&wrong(&of_kind(Category::Outside)), "the customer has a VAT id"));
    let nameless = wrong(&|_, legal| {
        legal.seller.tax_id = String::new();
        legal.seller.register_id = String::new();
    });
    assert!(says(&nameless, "nothing identifies the issuer"), "{nameless:?}");
}

#[test]
fn a_tax_id_and_a_card_are_read_from_what_is_printed_of_them() {
    let mut of = legal(Form::Ubl);
    of.paying = Paying::Card;
    for (display, digits) in [
        ("visa ··4242 (12/27)", "4242"),
        ("amex 371449…0005", "0005"),
        ("MC 5555", "5555"),
        ("card", ""),
    ] {
        of.debited = display.to_owned();
        let bill = made(&invoice(), &of);
        assert!(
            matches!(&bill.means, Some(Means::Card { digits: d, .. }) if d == digits),
            "{bill:?}"
        );
    }
    for (printed, id) in [
        ("USt-IdNr. DE129273398", "DE129273398"),
        ("DE 129 273 398", "DE129273398"),
        ("VAT: FR40 303 265 045", "FR40303265045"),
    ] {
        of.seller.tax_id = printed.to_owned();
        assert_eq!(made(&invoice(), &of).seller.tax_id, id, "{printed}");
    }
}
