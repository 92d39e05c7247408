//! Documents to be printed, and the tools that read them.

use chrono::NaiveDate;
use daybook::document::{
    AppliedCredit, Corrected, Customer, Fit, Issuer, Layout, Line, Paper, Printable, Tongue,
};
use daybook::domain::document::{DocumentKind, DocumentTax, TaxKind};
use daybook::domain::money::Currency;
use std::process::Command;

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn issuer() -> Issuer {
    Issuer {
        name: "Northwind Telemetry GmbH".into(),
        address: vec![
            "Lindenallee 12".into(),
            "10785 Berlin".into(),
            "Germany".into(),
            "billing@northwind.example".into(),
        ],
        tax_id: "DE 811 234 567".into(),
        bank: vec![
            "Hansabank Berlin".into(),
            "IBAN DE02 1203 0000 0000 2020 51".into(),
            "BIC BYLADEM1001".into(),
        ],
        footer: vec![
            "Northwind Telemetry GmbH · Registered in Berlin, HRB 123456 · Managing director: A. Example"
                .into(),
        ],
    }
}

fn line(description: &str, period: (&str, &str), quantity: &str, price: &str, minor: i64) -> Line {
    Line {
        description: description.into(),
        detail: String::new(),
        service: Some((day(period.0), day(period.1))),
        quantity: Some(quantity.parse().unwrap()),
        uom: String::new(),
        unit_price: Some(price.parse().unwrap()),
        amount_minor: minor,
    }
}

/// An invoice of three lines with tax.
pub fn invoice() -> Printable {
    let month = ("2026-11-01", "2026-11-30");
    let mut traffic = line(
        "Data transfer above the included volume, all regions",
        month,
        "1250.5",
        "0.12",
        15006,
    );
    traffic.uom = "GB".into();
    traffic.detail = "17 of 30 days, 100 included".into();
    let mut printable = Printable {
        kind: DocumentKind::Invoice,
        number: "INV-2026-000123".into(),
        account_number: "A-00139".into(),
        currency: Currency::parse("EUR").unwrap(),
        invoice_date: day("2026-11-30"),
        due_date: Some(day("2026-12-30")),
        term: "Net 30".into(),
        po_number: "PO 7781".into(),
        issuer: issuer(),
        customer: Customer {
            name: "Müller & Søn Łódź GmbH".into(),
            address1: "Αθηνάς 17".into(),
            address2: "2. Hof, Завод № 4".into(),
            postcode: "20095".into(),
            city: "Hamburg".into(),
            region: String::new(),
            country: "Germany".into(),
            tax_id: "DE 999 888 777".into(),
            ..Customer::default()
        },
        corrects: None,
        lines: vec![
            line("Platform fee, Business plan", month, "1", "300", 30000),
            line("Sensor licences", ("2026-12-01", "2027-02-28"), "25", "12.50", 31250),
            traffic,
        ],
        taxes: vec![],
        subtotal_minor: 76256,
        total_minor: 76256,
        credits: vec![],
        collected_from: String::new(),
        pay: None,
        reference: String::new(),
        home: None,
        note: String::new(),
        paper: Paper::A4,
        fit: Fit::Whole,
        layout: Layout::NEWEST,
        logo: None,
        tongue: Tongue::default(),
    };
    printable.taxes = vec![tax("VAT", "19", TaxKind::Standard, "", 76256, 14489)];
    printable.total_minor += 14489;
    printable
}

fn tax(name: &str, rate: &str, kind: TaxKind, reason: &str, base: i64, minor: i64) -> DocumentTax {
    DocumentTax {
        tax_code: name.into(),
        rate_percent: rate.parse().unwrap(),
        name: name.into(),
        kind,
        inclusive: false,
        reason: reason.into(),
        base_minor: base,
        tax_minor: minor,
        rounding: None,
    }
}

/// Two hundred lines, some with long descriptions, credits, two tax codes.
pub fn long_invoice() -> Printable {
    let mut long = invoice();
    long.number = "INV-2026-000777".into();
    long.lines = (1..=120)
        .map(|i| {
            let mut text = format!("Sensor group {i}: temperature and vibration");
            if i % 7 == 0 {
                text.push_str(", with on-site calibration, replacement of worn parts and the quarterly report of the plant");
            }
            line(&text, ("2026-11-01", "2026-11-30"), "4", "2.50", 1000)
        })
        .collect();
    long.subtotal_minor = 120_000;
    long.taxes = vec![
        tax("VAT", "19", TaxKind::Standard, "", 100_000, 19_000),
        tax(
            "VAT0",
            "0",
            TaxKind::ReverseCharge,
            "Tax liability of the recipient, § 13b UStG / Art. 196 Directive 2006/112/EC",
            20_000,
            0,
        ),
    ];
    long.total_minor = 139_000;
    long.credits = vec![AppliedCredit { number: "CM-2026-000004".into(), amount_minor: 39_000 }];
    long.note = "Thank you for testing the new sensors with us.".into();
    long
}

pub fn memo() -> Printable {
    let mut memo = invoice();
    memo.kind = DocumentKind::CreditMemo;
    memo.number = "CM-2026-000009".into();
    memo.due_date = None;
    memo.corrects = Some(Corrected { number: "INV-2026-000123".into(), date: day("2026-11-30") });
    memo.lines =
        vec![line("Sensor licences returned", ("2026-12-01", "2027-02-28"), "-5", "12.50", -6250)];
    memo.subtotal_minor = -6250;
    memo.taxes = vec![tax("VAT", "19", TaxKind::Standard, "", -6250, -1188)];
    memo.total_minor = -7438;
    memo.customer.name = "東京商事株式会社".into();
    memo.customer.address1 = "丸の内一丁目9番1号".into();
    memo.customer.city = "東京都千代田区".into();
    memo.customer.country = "Japan".into();
    memo
}

/// Runs a Debian tool on a file; `None` where it is missing, unless DAYBOOK_OUTSIDE=1 demands it.
pub fn tool(name: &str, args: &[&str]) -> Option<String> {
    let out = match Command::new(name).args(args).output() {
        Ok(out) => out,
        Err(e) => {
            assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none(), "{name} is missing: {e}");
            eprintln!("SKIPPED: {name} is not installed, so this part was not judged");
            return None;
        }
    };
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&out.stderr));
    Some(said)
}
