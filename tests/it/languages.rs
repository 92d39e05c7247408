//! Documents, mails and reminders in the language of their account: what they say, by pdftotext and by a mail
//! reader; that posting freezes it; the issuer's own texts.

use crate::harness::book::Book;
use crate::harness::document::{invoice, memo, tool};
use daybook::document::{Layout, Press, Printable, Tongue};
use daybook::domain::document::{DocumentKind, TaxKind};
use daybook::domain::speech::{LateTerms, Speech, Tag};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Blanks that do not break are blanks to a reader.
fn seen(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

fn text_of(path: &str) -> Option<String> {
    tool("pdftotext", &["-layout", path, "-"]).map(|text| seen(&text))
}

fn print(document: &Printable, name: &str) -> Option<String> {
    let press = Press::open().unwrap();
    let set = press.set(document).unwrap();
    assert_eq!(set.pages(), 1, "{name}");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("languages");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, set.pdf(press)).unwrap();
    text_of(path.to_str().unwrap())
}

fn tongue(tag: &str, issuer: &str) -> Tongue {
    let late = LateTerms::of(issuer, None, true);
    let tag = Tag::parse(tag).unwrap();
    Tongue::of(Speech { tag, issuer: issuer.to_owned(), late, texts: String::new() }, None)
}

/// Of a language and the issuer's country: what an invoice says, and what a memo says.
const SAID: &[(&str, &str, &[&str], &[&str])] = &[
    (
        "en",
        "DE",
        &["Invoice INV-2026-000123", "30 Nov 2026", "907.45 EUR", "VAT 19 % on 762.56", "Net 30"],
        &["Credit memo CM-2026-000009", "Corrects invoice INV-2026-000123 of 30 Nov 2026"],
    ),
    (
        "de",
        "DE",
        &[
            "Rechnung INV-2026-000123",
            "30.11.2026",
            "1. – 30.11.2026",
            "01.12.2026 – 28.02.2027",
            "907,45 EUR",
            "USt 19 % auf 762,56",
            "1.250,5 GB",
            "30 Tage netto",
            "USt-IdNr. DE 811 234 567",
            "Bitte überweisen Sie 907,45 EUR bis zum 30.12.2026",
        ],
        &[
            "Rechnungskorrektur CM-2026-000009",
            "Korrigiert Rechnung INV-2026-000123 vom 30.11.2026",
            "-74,38 EUR",
            "Ihrem Kundenkonto",
        ],
    ),
    (
        "de-AT",
        "AT",
        &["Rechnung", "EUR 907,45", "USt 19 % auf 762,56", "1 250,5 GB", "UID-Nr. DE 811 234 567"],
        &["Rechnungskorrektur CM-2026-000009", "-EUR 74,38"],
    ),
    (
        "de-CH",
        "CH",
        &["MWST 19 % auf 762.56", "EUR 907.45", "1'250.5 GB"],
        &["Gutschrift CM-", "EUR-74.38"],
    ),
    (
        "fr",
        "FR",
        &[
            "Facture INV-2026-000123",
            "30 nov. 2026",
            "1 – 30 nov. 2026",
            "907,45 EUR",
            "TVA 19 % sur 762,56",
            "1 250,5 GB",
            "30 jours nets",
            "indemnité forfaitaire",
            "40 €",
            "L441-10",
        ],
        &[
            "Avoir CM-2026-000009",
            "Rectifie la facture INV-2026-000123 du 30 nov. 2026",
            "-74,38 EUR",
        ],
    ),
    ("fr-BE", "BE", &["Facture", "907,45 EUR"], &["Note de crédit CM-2026-000009"]),
    (
        "nl",
        "NL",
        &[
            "Factuur INV-2026-000123",
            "30 nov 2026",
            "EUR 907,45",
            "Btw 19 % over 762,56",
            "Te betalen",
        ],
        &[
            "Creditfactuur CM-2026-000009",
            "Corrigeert factuur INV-2026-000123 van 30 nov 2026",
            "EUR -74,38",
        ],
    ),
    (
        "it",
        "IT",
        &[
            "Fattura INV-2026-000123",
            "30 nov 2026",
            "907,45 EUR",
            "IVA 19 % su 762,56",
            "30 giorni netti",
        ],
        &["Nota di credito CM-2026-000009", "Rettifica la fattura INV-2026-000123 del 30 nov 2026"],
    ),
    (
        "es",
        "ES",
        &[
            "Factura INV-2026-000123",
            "30 nov 2026",
            "907,45 EUR",
            "IVA 19 % sobre 762,56",
            "1250,5 GB",
        ],
        &[
            "Factura rectificativa CM-2026-000009",
            "Rectifica la factura INV-2026-000123 de 30 nov 2026",
        ],
    ),
    (
        "pl",
        "PL",
        &[
            "Faktura INV-2026-000123",
            "30 lis 2026",
            "907,45 EUR",
            "VAT 19 % od 762,56",
            "Do zapłaty",
        ],
        &[
            "Faktura korygująca CM-2026-000009",
            "Koryguje fakturę INV-2026-000123 z dnia 30 lis 2026",
        ],
    ),
];

#[test]
fn an_invoice_and_a_memo_speak_each_language_by_the_law_of_the_issuer() {
    for (tag, issuer, of_invoice, of_memo) in SAID {
        for (document, said) in [(invoice(), of_invoice), (memo(), of_memo)] {
            let document = Printable { tongue: tongue(tag, issuer), ..document };
            let name = format!("{tag}-{}.pdf", document.kind);
            let Some(text) = print(&document, &name) else { return };
            for one in *said {
                assert!(text.contains(one), "{tag} {issuer}: {one:?} is missing in\n{text}");
            }
            let late = text.contains("L441-10");
            let owes = document.kind.is_receivable();
            assert_eq!(late, *issuer == "FR" && owes, "{tag} {issuer}");
        }
    }
}

#[test]
fn an_invoice_in_place_of_another_says_so() {
    let other = memo().corrects.unwrap();
    for (tag, said) in [
        ("en", "Replaces invoice INV-2026-000123 of 30 Nov 2026"),
        ("de", "Ersetzt Rechnung INV-2026-000123 vom 30.11.2026"),
        ("fr", "Remplace la facture INV-2026-000123 du 30 nov. 2026"),
        ("nl", "Vervangt factuur INV-2026-000123 van 30 nov 2026"),
        ("it", "Sostituisce la fattura INV-2026-000123 del 30 nov 2026"),
        ("es", "Sustituye a la factura INV-2026-000123 de 30 nov 2026"),
        ("pl", "Zastępuje fakturę INV-2026-000123 z dnia 30 lis 2026"),
    ] {
        assert_eq!(tongue(tag, "").of_other(DocumentKind::Invoice, &other), said);
    }
}

#[test]
fn reverse_charge_is_named_as_the_law_of_the_language_wants_it() {
    for (tag, row, reason) in [
        ("en", "VAT reverse charge, on 762.56", "Reverse charge"),
        ("de", "USt: Reverse-Charge, auf 762,56", "Steuerschuldnerschaft des Leistungsempfängers"),
        ("fr", "TVA : autoliquidation, sur 762,56", "Autoliquidation"),
        ("nl", "Btw verlegd, over 762,56", "Btw verlegd"),
        ("it", "IVA: inversione contabile, su 762,56", "Inversione contabile"),
        ("es", "IVA: inversión del sujeto pasivo, sobre 762,56", "Inversión del sujeto pasivo"),
        ("pl", "VAT: odwrotne obciążenie, od 762,56", "Odwrotne obciążenie"),
    ] {
        let mut tax = invoice().taxes[0].clone();
        (tax.kind, tax.tax_minor, tax.reason) =
            (TaxKind::ReverseCharge, 0, "reverse charge".into());
        let tongue = tongue(tag, "");
        assert_eq!(seen(&tongue.tax_row(&tax, invoice().currency, Layout::NEWEST)), row);
        let reasons = tongue.reasons(&tax);
        assert_eq!(reasons.len(), 1);
        assert!(reasons[0].eq_ignore_ascii_case(reason), "{reasons:?}");
        if tag == "en" {
            continue;
        }
        // A reason of the issuer's own stays, and the law's words are added where they are not in it.
        tax.reason = "Art. 196 Directive 2006/112/EC".into();
        assert_eq!(tongue.reasons(&tax), [tax.reason.as_str(), reason]);
        tax.reason = format!("§ 13b: {reason}.");
        assert_eq!(tongue.reasons(&tax), [tax.reason.as_str()]);
        tax.reason = String::new();
        assert_eq!(tongue.reasons(&tax), [reason]);
    }
}

const ACCOUNTS: &str = "account_number,name,currency,tax_code,tax_id,address1,postcode,city,country,email,\
    language,customer_kind,payment_term\n\
    A1,Werft AG,EUR,V19,DE129273398,Kai 2,20457,Hamburg,DE,a1@example.org,de,business,Net 14\n\
    A2,Gasthof Post,EUR,V19,ATU12345675,Platz 1,6020,Innsbruck,AT,a2@example.org,de_at,business,Net 14\n\
    A3,Dupont SARL,EUR,RC,FR40303265045,Rue 4,75001,Paris,FR,a3@example.org,fr,business,Net 14\n\
    A4,Smith Ltd,EUR,V19,GB123456789,Road 7,SW1A 1AA,London,GB,a4@example.org,,business,Net 14\n\
    A5,Kowalski,EUR,V19,PL5260001246,ul. 5,00-001,Warszawa,PL,a5@example.org,pl,consumer,Due Upon Receipt\n";

/// Five customers of a German issuer, billed in November for December; not posted.
fn book() -> Book {
    let book = Book::new("2026-12-01");
    for (key, value) in [
        ("issuer.name", "Hafen Software GmbH"),
        ("issuer.tax_id", "DE123456788"),
        ("issuer.country", "DE"),
        ("smtp.from", "billing@example.org"),
        ("delivery.hold_minutes", "0"),
    ] {
        book.run(&["settings", "set", key, value]).ends(0);
    }
    let taxes = "tax_code,rate_percent,name,kind,reason\nV19,19,VAT,standard,\n\
        RC,0,VAT,reverse_charge,Reverse charge\n";
    let mut subscriptions = "subscription_number,account_number,start_date\n".to_owned();
    let mut charges =
        "charge_number,subscription_number,name,type,model,price,billing_period\n".to_owned();
    for n in 1..=5 {
        subscriptions += &format!("S{n},A{n},2026-12-01\n");
        charges += &format!("C{n},S{n},Basis {n},recurring,flat,1234.50,month\n");
    }
    for (name, text) in [
        ("taxes.csv", taxes.to_owned()),
        ("accounts.csv", ACCOUNTS.to_owned()),
        ("subs.csv", subscriptions),
        ("charges.csv", charges),
    ] {
        let (code, report) = book.import(name, text, &[]);
        assert_eq!(code, 0, "{report}");
    }
    book.run(&["bill", "--target", "2026-12-01"]).ends(0);
    book
}

fn post(book: &Book) {
    let posted = book.run(&["post", "BR-000001", "--json"]).ends(0).json();
    assert_eq!(posted["posted"], 5, "{posted}");
}

/// The file of a document.
fn pdf(book: &Book, id: &str) -> (String, Vec<u8>) {
    let path = book.dir.path().join(format!("{id}.pdf")).to_string_lossy().into_owned();
    book.run(&["invoice", "pdf", id, &path, "--force"]).ends(0);
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

#[track_caller]
fn says(path: &str, all: &[&str]) {
    let Some(text) = text_of(path) else { return };
    for one in all {
        assert!(text.contains(one), "{one:?} is missing in\n{text}");
    }
}

#[test]
fn a_language_is_imported_by_its_name_and_another_refused_with_what_is_allowed() {
    let book = book();
    let language = |account: &str| {
        let sql = format!(
            "SELECT language FROM account_version v JOIN account a ON a.id = v.account_id
             WHERE a.number = '{account}' ORDER BY v.seq DESC LIMIT 1"
        );
        book.run(&["sql", "--read-only", &sql, "--json"]).ends(0).json()[0]["language"].clone()
    };
    assert_eq!((language("A2"), language("A4")), (json!("de-AT"), json!("")));
    let (_, again) = book.import("again.csv", ACCOUNTS, &[]);
    assert_eq!((&again["unchanged"], &again["changed"]), (&json!(5), &json!(0)), "{again}");
    for bad in ["german", "ja", "AT", "de-XX", "de-"] {
        let rows = format!("account_number,language\nA1,{bad}\n");
        let (code, report) = book.import("bad.csv", rows, &[]);
        let row = &report["refused"][0];
        assert_eq!((code, &row["column"]), (2, &json!("language")), "{report}");
        let hint = row["hint"].as_str().unwrap();
        assert!(hint.contains("en, de, fr, nl, it, es, pl") && hint.contains("de-AT"), "{hint}");
    }
    for (value, code) in [("fr-BE", 0), ("pl", 0), ("", 0), ("german", 2)] {
        let ran = book.run(&["settings", "set", "issuer.language", value]);
        assert_eq!(ran.code, code, "{value}");
    }
    book.is_sound();
}

#[test]
fn what_is_posted_speaks_the_language_of_its_day_for_ever() {
    let book = book();
    post(&book);
    let numbers = ["1", "2", "3", "4", "5"].map(|n| format!("INV-2026-00000{n}"));
    let files: Vec<(String, Vec<u8>)> = numbers.iter().map(|n| pdf(&book, n)).collect();
    says(&files[0].0, &["Rechnung INV-2026-000001", "01.12.2026", "1.469,06 EUR", "14 Tage netto"]);
    says(&files[1].0, &["Rechnung", "EUR 1.469,06", "USt 19 % auf 1.234,50"]);
    says(
        &files[2].0,
        &["Facture INV-2026-000003", "1 déc. 2026", "1 234,50 EUR", "Autoliquidation"],
    );
    says(&files[3].0, &["Invoice INV-2026-000004", "1 Dec 2026", "1,469.06 EUR", "Net 14"]);
    says(
        &files[4].0,
        &["Faktura INV-2026-000005", "1 gru 2026", "1469,06 EUR", "płatne przy odbiorze"],
    );
    // English is frozen as it always was.
    let frozen = |n: &str| {
        let sql = format!(
            "SELECT coalesce(s.text, '') || d.frozen AS text FROM document d \
            LEFT JOIN shared_text s ON s.id = d.frozen_id WHERE d.number = '{n}'"
        );
        book.run(&["sql", "--read-only", &sql, "--json"]).ends(0).json()[0]["text"].to_string()
    };
    assert!(!frozen(&numbers[3]).contains("speech") && frozen(&numbers[0]).contains("speech"));

    let changed = "account_number,language\nA1,fr\nA2,\nA3,de\nA4,de\nA5,en\n";
    assert_eq!(book.import("changed.csv", changed, &[]).0, 0);
    book.run(&["settings", "set", "issuer.language", "it"]).ends(0);
    book.run(&["settings", "set", "issuer.country", "FR"]).ends(0);
    let own = book.file("own.toml", "[de]\ninvoice = \"Beleg\"\n[en]\ninvoice = \"Bill\"\n");
    book.run(&["settings", "set", "texts.file", &own]).ends(0);
    for (number, (_, before)) in numbers.iter().zip(&files) {
        assert_eq!(pdf(&book, number).1, *before, "{number}");
    }
    book.is_sound();
}

#[test]
fn a_german_correction_is_no_gutschrift_and_its_lines_speak_too() {
    let book = book();
    post(&book);
    for n in ["1", "2", "4"] {
        let id = format!("INV-2026-00000{n}");
        book.run(&["adjust", &id, "--amount", "119", "--reason", "zu viel"]).ends(0);
    }
    let (path, _) = pdf(&book, "CM-2026-000001");
    says(
        &path,
        &[
            "Rechnungskorrektur CM-2026-000001",
            "Korrigiert Rechnung INV-2026-000001 vom 01.12.2026",
            "-119,00 EUR",
        ],
    );
    if let Some(text) = text_of(&path) {
        assert!(!text.to_lowercase().contains("gutschrift"), "{text}");
    }
    says(&pdf(&book, "CM-2026-000002").0, &["Rechnungskorrektur", "-EUR 119,00"]);
    says(&pdf(&book, "CM-2026-000003").0, &["Credit memo CM-2026-000003", "-119.00 EUR"]);
    let line = |n: &str| {
        book.run(&["memo", "show", n, "--json"]).ends(0).json()["items"][0]["description"].clone()
    };
    let said = [line("CM-2026-000001"), line("CM-2026-000003")];
    assert_eq!(said[0].as_str().unwrap().split(':').next(), Some("Korrektur"), "{said:?}");
    assert_eq!(said[1].as_str().unwrap().split(':').next(), Some("Credit"), "{said:?}");
    book.is_sound();
}

/// Every mail in the drop folder: to, subject, plain text, HTML.
fn mails(book: &Book) -> Vec<[String; 4]> {
    let folder = book.path.with_file_name("book.db.d").join("mail");
    let mut out = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let mail = MessageParser::default().parse(&bytes).unwrap();
        let to = mail.to().unwrap().first().unwrap().address().unwrap().to_owned();
        let text = |part: Option<std::borrow::Cow<'_, str>>| seen(&part.unwrap());
        out.push([
            to,
            mail.subject().unwrap().to_owned(),
            text(mail.body_text(0)),
            text(mail.body_html(0)),
        ]);
    }
    out.sort();
    out
}

#[test]
fn a_mail_speaks_the_language_of_its_document_as_text_and_as_html() {
    let book = book();
    post(&book);
    book.run(&["adjust", "INV-2026-000001", "--amount", "1", "--reason", "x"]).ends(0);
    book.run(&["deliver", "--send-now", "--resend", "all"]).ends(0);
    let mails = mails(&book);
    for (to, subject, said) in [
        (
            "a1@example.org",
            "Rechnungskorrektur CM-2026-000001 von Hafen Software GmbH",
            "Sie korrigiert die Rechnung INV-2026-000001 vom 01.12.2026.",
        ),
        (
            "a2@example.org",
            "Rechnung INV-2026-000002 von Hafen Software GmbH",
            "Bitte überweisen Sie EUR 1.469,06 bis zum 15.12.2026.",
        ),
        (
            "a3@example.org",
            "Facture INV-2026-000003 de Hafen Software GmbH",
            "Merci de régler 1 234,50 EUR au plus tard le 15 déc. 2026.",
        ),
        (
            "a4@example.org",
            "Invoice INV-2026-000004 from Hafen Software GmbH",
            "Please pay 1,469.06 EUR by 15 Dec 2026.",
        ),
        (
            "a5@example.org",
            "Faktura INV-2026-000005 – Hafen Software GmbH",
            "Prosimy o zapłatę 1469,06 EUR do dnia 1 gru 2026.",
        ),
    ] {
        let found = mails.iter().find(|mail| mail[0] == to && mail[1] == subject);
        let [_, _, text, html] = found.unwrap_or_else(|| panic!("{to} {subject}: {mails:#?}"));
        assert!(text.contains(said) && html.contains(said), "{to}: {text}\n{html}");
        assert!(!text.contains(['{', '}']) && !text.contains('<'), "{text}");
        assert!(html.starts_with("<!DOCTYPE html>") && html.contains("<p>"), "{html}");
    }
    let english = mails.iter().find(|mail| mail[0] == "a4@example.org").unwrap();
    let lines: Vec<&str> = english[2].lines().map(str::trim_end).collect();
    assert_eq!(
        lines,
        [
            "Good day,",
            "",
            "please find attached our invoice INV-2026-000004 of 1 Dec 2026 over 1,469.06 EUR.",
            "Please pay 1,469.06 EUR by 15 Dec 2026.",
            "",
            "With kind regards",
            "Hafen Software GmbH",
        ]
    );
    book.is_sound();
}

#[test]
fn a_reminder_speaks_the_language_of_its_account_today() {
    let book = book();
    post(&book);
    book.run(&["settings", "set", "issuer.bank", "Hafenbank; IBAN DE00"]).ends(0);
    book.import("later.csv", "account_number,language\nA4,nl\n", &[]);
    book.run(&["clock", "set", "2026-12-23"]).ends(0);
    book.run(&["payment", "remind"]).ends(0);
    let mails = mails(&book);
    for (to, subject, said) in [
        (
            "a1@example.org",
            "Zahlungserinnerung: 1 Rechnung überfällig",
            "INV-2026-000001  fällig am 15.12.2026  offen 1.469,06 EUR",
        ),
        ("a3@example.org", "Relance : 1 facture échue", "au 23 déc. 2026"),
        ("a4@example.org", "Betalingsherinnering: 1 factuur vervallen", "open EUR 1.469,06"),
        ("a5@example.org", "Przypomnienie o płatności: 1 faktura po terminie", "termin 1 gru 2026"),
    ] {
        let [_, _, text, html] = mails
            .iter()
            .find(|m| m[0] == to && m[1] == subject)
            .unwrap_or_else(|| panic!("{to}: {mails:#?}"));
        assert!(text.contains(said), "{to}: {text}");
        assert!(text.contains("Hafenbank") && html.contains("Hafenbank"), "{text}");
    }
    book.is_sound();
}

#[test]
fn texts_of_the_issuer_are_kept_in_the_book_and_frozen() {
    let book = book();
    let own = "[de]\ninvoice = \"Beleg\"\n\
        mail_invoice = \"\"\"\nMoin {customer},\n{number} {day} {total} {correction}\n{payment}\n{footer}\n\"\"\"\n\
        mail_subject = \"{issuer}: {number}\"\n";
    let file = book.file("own.toml", own);
    book.run(&["settings", "set", "texts.file", &file]).ends(0);
    post(&book);
    let (path, before) = pdf(&book, "INV-2026-000001");
    says(&path, &["Beleg INV-2026-000001", "01.12.2026"]);
    says(&pdf(&book, "INV-2026-000003").0, &["Facture"]);
    // Neither the file nor another one changes what is posted; a mail of it keeps its words too.
    std::fs::remove_file(&file).unwrap();
    assert_eq!(pdf(&book, "INV-2026-000001").1, before);
    book.run(&["settings", "set", "texts.file", ""]).ends(0);
    assert_eq!(pdf(&book, "INV-2026-000001").1, before);
    book.run(&["deliver", "--send-now"]).ends(0);
    let mails = mails(&book);
    let [_, subject, text, _] = mails.iter().find(|m| m[0] == "a1@example.org").unwrap();
    assert_eq!(subject, "Hafen Software GmbH: INV-2026-000001");
    assert!(text.starts_with("Moin Werft AG,"), "{text}");
    book.run(&["adjust", "INV-2026-000001", "--amount", "1", "--reason", "x"]).ends(0);
    says(&pdf(&book, "CM-2026-000001").0, &["Rechnungskorrektur"]);
    book.is_sound();
}

#[test]
fn a_bad_file_of_texts_is_refused_by_file_line_and_key_and_changes_nothing() {
    let book = book();
    let good = book.file("good.toml", "[de]\ninvoice = \"Beleg\"\n");
    book.run(&["settings", "set", "texts.file", &good]).ends(0);
    let chosen = "SELECT count(*) FROM own_texts WHERE chosen = 1 AND file LIKE '%Beleg%'";
    for (text, line, said, hint) in [
        ("[de]\nrechnung = \"x\"\n", 2, "rechnung is no text", "daybook settings texts en"),
        ("[de]\n\npay = \"{summe}\"\n", 3, "pay has {summe}", "{sum}, {reference}"),
        ("[de]\npay = \"{sum\"\n", 2, "pay has a brace", "no other braces"),
        ("[jp]\npay = \"x\"\n", 2, "[jp], which is no language", "[de]"),
        ("[de\n", 1, "", "TOML"),
        ("[de]\ninvoice = \"Rechnung \u{202e}\"\n", 2, "U+202E", "take it out"),
        ("# nothing\n", 0, "has no text", "daybook settings texts en"),
    ] {
        let file = book.file("bad.toml", text);
        let ran = book.run(&["settings", "set", "texts.file", &file, "--json"]).ends(2);
        let error: Value = serde_json::from_str(&ran.err).unwrap();
        let error = &error["error"];
        assert!(error["file"].as_str().unwrap().ends_with("bad.toml"), "{error}");
        if line > 0 {
            assert_eq!(error["line"], line, "{error}");
        }
        assert!(error["message"].as_str().unwrap().contains(said), "{error}");
        assert!(error["hint"].as_str().unwrap().contains(hint), "{error}");
        assert_eq!(book.count(chosen), 1, "{text}");
    }
    // What daybook shows of a language is a file that it takes.
    for language in ["en", "de", "fr", "nl", "it", "es", "pl"] {
        let text = book.run(&["settings", "texts", language]).ends(0).out;
        let file = book.file("all.toml", text);
        book.run(&["settings", "set", "texts.file", &file]).ends(0);
    }
    book.run(&["settings", "texts", "jp"]).ends(2);
    book.is_sound();
}

#[test]
fn a_french_issuer_tells_businesses_what_late_payment_costs() {
    let book = book();
    book.run(&["settings", "set", "issuer.country", "FR"]).ends(0);
    book.run(&["settings", "set", "regime.enforce", "warn"]).ends(0);
    book.run(&["post", "BR-000001"]);
    let rows = book.run(&["invoice", "list", "--status", "Posted", "--json"]).ends(0).json();
    let mut told = Vec::new();
    for row in rows.as_array().unwrap() {
        let (path, _) = pdf(&book, row["number"].as_str().unwrap());
        let Some(text) = text_of(&path) else { return };
        told.push((row["account_number"].as_str().unwrap().to_owned(), text.contains("L441-10")));
    }
    told.sort();
    let told: Vec<(&str, bool)> = told.iter().map(|(a, late)| (a.as_str(), *late)).collect();
    assert_eq!(told, [("A1", true), ("A2", true), ("A3", true), ("A4", true), ("A5", false)]);
    book.is_sound();
}
