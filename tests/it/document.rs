//! Printed documents, judged from outside: text by pdftotext, structure by qpdf, fonts by pdffonts.

use crate::harness::document::{day, invoice, long_invoice, memo, tool};
use daybook::document::batch::{Batch, Piece, Sides};
use daybook::document::{Logo, Paper, Press, PrintError, Printable, email};
use std::path::PathBuf;

/// Writes a sample where a person can look at it, and returns the path.
pub fn keep(name: &str, bytes: &[u8]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("document");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

pub fn text_of(path: &std::path::Path) -> Option<String> {
    tool("pdftotext", &["-layout", path.to_str().unwrap(), "-"])
}

pub fn print(document: &Printable, name: &str) -> (usize, PathBuf) {
    let press = Press::open().unwrap();
    let set = press.set(document).unwrap();
    let bytes = set.pdf(press);
    let again = press.set(document).unwrap().pdf(press);
    assert_eq!(bytes, again, "the same document is the same file");
    let path = keep(name, &bytes);
    tool("qpdf", &["--check", path.to_str().unwrap()]);
    (set.pages(), path)
}

#[test]
fn an_invoice_says_what_was_posted() {
    let (pages, path) = print(&invoice(), "invoice.pdf");
    assert_eq!(pages, 1);
    let Some(text) = text_of(&path) else { return };
    for said in [
        "Northwind Telemetry GmbH",
        "Müller & Søn Łódź GmbH",
        "Αθηνάς 17",
        "Завод № 4",
        "Invoice INV-2026-000123",
        "30 Nov 2026",
        "30 Dec 2026",
        "PO 7781",
        "1 – 30 Nov 2026",
        "1,250.5 GB",
        "17 of 30 days, 100 included",
        "VAT 19 % on 762.56",
        "144.89",
        "907.45",
        "Net 30",
        "IBAN DE02 1203 0000 0000 2020 51",
        "1/1",
    ] {
        assert!(text.contains(said), "{said:?} is missing in\n{text}");
    }
    let fonts = tool("pdffonts", &[path.to_str().unwrap()]).unwrap();
    for row in fonts.lines().skip(2) {
        assert!(row.contains("yes yes yes"), "embedded, subset, with Unicode: {row}");
    }
}

#[test]
fn a_long_invoice_repeats_its_head_and_numbers_its_pages() {
    let (pages, path) = print(&long_invoice(), "long.pdf");
    assert!(pages >= 4);
    let Some(text) = text_of(&path) else { return };
    let sheets: Vec<&str> = text.split('\u{c}').filter(|p| !p.trim().is_empty()).collect();
    assert_eq!(sheets.len(), pages);
    for (i, sheet) in sheets.iter().enumerate() {
        assert!(sheet.contains(&format!("{}/{pages}", i + 1)), "{sheet}");
        assert!(sheet.contains("INV-2026-000777"));
        if sheet.contains("Sensor group") {
            assert!(sheet.contains("Service period"), "the head is repeated:\n{sheet}");
        }
    }
    for i in 1..=120 {
        assert!(text.contains(&format!("Sensor group {i}:")), "line {i}");
    }
    for said in ["1,390.00", "CM-2026-000004", "1,000.00", "Art. 196 Directive"] {
        assert!(text.contains(said), "{said:?}");
    }
}

#[test]
fn a_memo_names_the_invoice_it_corrects_and_japanese_prints() {
    let (_, path) = print(&memo(), "memo.pdf");
    let Some(text) = text_of(&path) else { return };
    for said in
        ["Credit memo CM-2026-000009", "Corrects invoice INV-2026-000123 of 30 Nov 2026", "-74.38"]
    {
        assert!(text.contains(said), "{said:?} in\n{text}");
    }
    assert!(text.contains("東京商事株式会社"), "{text}");
}

#[test]
fn a_logo_stands_in_the_letterhead_and_letter_paper_fits() {
    let mut document = long_invoice();
    document.paper = Paper::Letter;
    document.logo = Some(std::sync::Arc::new(Logo::decode(include_bytes!("logo.png")).unwrap()));
    document.customer.country = "US".into();
    document.customer.region = "CA".into();
    let (pages, path) = print(&document, "letter.pdf");
    let Some(text) = text_of(&path) else { return };
    assert!(text.contains("UNITED STATES") && text.contains("Hamburg CA 20095"), "{text}");
    assert!(text.contains(&format!("{pages}/{pages}")));
    let images = tool("pdfimages", &["-list", path.to_str().unwrap()]).unwrap_or_default();
    assert_eq!(images.lines().count(), 3, "one picture, on the first page: {images}");
}

#[test]
fn a_character_without_a_font_is_refused_by_name() {
    let press = Press::open().unwrap();
    let mut document = invoice();
    document.lines[1].description = "Sensor 𐎀".into();
    let refused = press.set(&document).unwrap_err();
    let PrintError::NoGlyph { code, place, .. } = &refused else { panic!("{refused}") };
    assert_eq!((*code, place.as_str()), (0x10380, "the description of line 2"));
    assert!(refused.to_string().contains("U+10380"), "{refused}");
    let mut document = invoice();
    document.customer.name = "𐎀𐎁".into();
    assert!(press.check(&document).unwrap_err().to_string().contains("customer name"));
    // Decomposed letters are composed, escapes never reach the paper.
    let mut document = invoice();
    document.customer.name = "Mu\u{308}ller\u{1b}[2J\u{202e}".into();
    let (_, path) = print(&document, "composed.pdf");
    if let Some(text) = text_of(&path) {
        assert!(text.contains("Müller[2J"), "{text}");
    }
}

#[test]
fn one_line_longer_than_a_page_and_figures_wider_than_a_column_still_print() {
    let mut document = invoice();
    document.lines[0].description = "word ".repeat(900);
    document.lines[1].description = "x".repeat(3000);
    document.lines[1].amount_minor = i64::MAX;
    document.lines[2].unit_price = Some("0.000000000000000123".parse().unwrap());
    document.subtotal_minor = i64::MAX;
    document.total_minor = i64::MAX;
    let (pages, path) = print(&document, "monster.pdf");
    assert!(pages > 2);
    let Some(text) = text_of(&path) else { return };
    assert!(text.contains("92,233,720,368,547,758.07"));
    assert_eq!(text.matches("word").count(), 900);
    assert!(text.contains("0.000000000000000123"));
}

pub fn batch(sides: Sides) -> Batch {
    let press = Press::open().unwrap();
    let mut pieces = Vec::new();
    for (i, (account, country, postcode)) in [
        ("A-3", "Germany", "80331"),
        ("A-1", "Austria", "1010"),
        ("A-2", "Germany", "10115"),
        ("A-2", "Germany", "10115"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut document = if i == 0 { long_invoice() } else { invoice() };
        document.number = format!("INV-2026-{:06}", i + 1);
        document.account_number = account.into();
        document.customer.name = format!("=cmd|{account}");
        document.customer.country = country.into();
        document.customer.postcode = postcode.into();
        pieces.push(Piece {
            number: document.number.clone(),
            account_number: document.account_number.clone(),
            customer: document.customer.clone(),
            total: document.currency.amount(document.total_minor),
            set: press.set(&document).unwrap(),
        });
    }
    Batch::new(pieces, sides, "Print batch 1".into(), "Northwind".into(), day("2026-11-30"))
}

#[test]
fn a_print_batch_is_in_postal_order_and_says_what_it_holds() {
    let press = Press::open().unwrap();
    let batch = batch(Sides::One);
    assert_eq!(
        batch.numbers(),
        ["INV-2026-000002", "INV-2026-000003", "INV-2026-000004", "INV-2026-000001"]
    );
    let counts = batch.counts();
    assert_eq!((counts.documents, counts.envelopes), (4, 3));
    let merged = batch.merged(press);
    assert_eq!(merged, batch.merged(press));
    let path = keep("batch.pdf", &merged);
    tool("qpdf", &["--check", path.to_str().unwrap()]);
    if let Some(pages) = tool("qpdf", &["--show-npages", path.to_str().unwrap()]) {
        assert_eq!(pages.trim(), counts.sheets.to_string());
    }
    let index = String::from_utf8(batch.index_csv().unwrap()).unwrap();
    let rows: Vec<&str> = index.lines().collect();
    assert_eq!(rows.len(), 5);
    assert!(rows[1].starts_with("1,1,1,1,INV-2026-000002,A-1,'=cmd|A-1"), "{}", rows[1]);
    assert!(rows[3].starts_with("3,2,3,1,"), "{}", rows[3]);
    assert!(rows[4].starts_with("4,3,4,"), "{}", rows[4]);
    let zip = || {
        let mut out = std::io::Cursor::new(Vec::new());
        batch.zip(press, &mut out).unwrap();
        out.into_inner()
    };
    let zipped = zip();
    assert_eq!(zipped, zip());
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zipped)).unwrap();
    let names: Vec<String> = (0..archive.len())
        .map(|i| archive.by_index(i).unwrap().name().unwrap().into_owned())
        .collect();
    assert_eq!(names[0], "index.csv");
    assert_eq!(names[4], "INV-2026-000001.pdf");
}

#[test]
fn file_names_come_from_numbers_and_never_leave_the_folder() {
    use daybook::document::batch::file_name;
    assert_eq!(file_name("INV-2026-000001"), "INV-2026-000001.pdf");
    assert_eq!(file_name("../../etc/passwd"), "_.._etc_passwd.pdf");
    assert_eq!(file_name("R\u{e9}/7 x"), "R__7_x.pdf");
}

fn heading() -> email::Heading {
    email::Heading {
        from: "billing@northwind.example".into(),
        to: "ap@mueller.example".into(),
        cc: Vec::new(),
        reply_to: String::new(),
        message_id: "DL-000001.1@book.daybook".into(),
        date_ms: 1_796_000_000_000,
    }
}

#[test]
fn a_mail_is_the_same_bytes_each_time_and_carries_the_document() {
    let press = Press::open().unwrap();
    let document = invoice();
    let pdf = press.set(&document).unwrap().pdf(press);
    let mail = email::message(&document, pdf.clone(), &heading()).unwrap();
    assert_eq!(mail, email::message(&document, pdf, &heading()).unwrap());
    assert!(mail.is_ascii());
    let text = String::from_utf8(mail).unwrap();
    for said in [
        "Message-ID: <DL-000001.1@book.daybook>\r\n",
        "To: =?utf-8?b?",
        "ap@mueller.example",
        "Subject: Invoice INV-2026-000123 from Northwind Telemetry GmbH\r\n",
        "Content-Type: application/pdf",
        "filename=\"INV-2026-000123.pdf\"",
        "JVBERi0xLjc",
    ] {
        assert!(text.contains(said), "{said:?} in\n{}", &text[..1500]);
    }
    keep("invoice.eml", text.as_bytes());
}

#[test]
fn no_name_can_add_a_header() {
    let mut document = invoice();
    document.customer.name = "Evil\r\nBcc: all@example.com".into();
    document.issuer.name = "Iss\nuer\r\n\r\n<script>".into();
    document.number = "INV\r\nX-Bad: 1".into();
    let mail = email::message(&document, b"%PDF".to_vec(), &heading()).unwrap();
    let text = String::from_utf8(mail).unwrap();
    let (headers, _) = text.split_once("\r\n\r\n").unwrap();
    assert!(!headers.lines().any(|l| l.starts_with("Bcc:") || l.starts_with("X-Bad")), "{headers}");
    for bad in [
        "a@b\r\nBcc: c@d.example",
        "a b@example.com",
        "plain",
        "a@b@c.example",
        "",
        "x@y.example, z@y.example",
    ] {
        let mut head = heading();
        head.to = bad.into();
        assert!(email::message(&document, b"%PDF".to_vec(), &head).is_err(), "{bad:?}");
    }
}

/// What redraws a terminal, turns a line around, ends a header or a PDF string, or runs in a sheet.
const PAYLOADS: &[&str] = &[
    "\u{1b}[2J",
    "\u{1b}]0;title\u{7}",
    "\u{9b}31m",
    "\u{90}q",
    "\u{0}",
    "\u{7f}",
    "\u{85}",
    "\r\nBcc: x@y.example",
    "\n.\r\n",
    "\t",
    "\u{202e}gnp.exe",
    "\u{2066}x\u{2069}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{ad}",
    "\u{2028}",
    "\u{fe0f}",
    "\u{e0041}",
    "a\u{301}",
    ")\\(",
    "(((",
    "\\)Tj ET",
    "<script>",
    "%PDF-1.7",
    "endstream",
    "/JavaScript",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "../../etc/passwd",
    "\"quoted\"",
    "'",
    ";",
    ",",
    "=?utf-8?q?x?=",
    "<a@b.example>",
    "--boundary",
    "\u{3000}",
    "𝒳",
    "👩\u{200d}👩",
    "ﬁ",
    "ǅ",
    "İ",
    "ß",
    "Ω",
    "К",
    "\u{1160}",
    "\u{3164}",
    "\u{ffa0}",
    "\u{180e}",
    "\u{61c}",
    "a\u{200f}b",
    "\u{fff9}x\u{fffb}",
    "𠀋",
    "\u{d7ff}",
    "\u{e000}",
    "\u{fffd}",
    "\u{10ffff}",
];

#[test]
fn no_text_from_outside_reaches_paper_or_mail_raw() {
    let press = Press::open().unwrap();
    for payload in PAYLOADS {
        let mut document = invoice();
        let text = format!("x{payload}y");
        document.customer.name.clone_from(&text);
        document.customer.city.clone_from(&text);
        document.lines[0].description.clone_from(&text);
        document.issuer.name.clone_from(&text);
        document.note.clone_from(&text);
        document.number.clone_from(&text);
        let pdf = match press.set(&document) {
            Ok(set) => set.pdf(press),
            Err(PrintError::NoGlyph { shown, place, .. }) => {
                assert!(!place.is_empty() && !shown.chars().any(char::is_control), "{payload:?}");
                continue;
            }
            Err(other) => panic!("{payload:?}: {other}"),
        };
        let file = lopdf::Document::load_mem(&pdf).unwrap();
        assert_eq!(file.get_pages().len(), 1, "{payload:?}");
        // Whatever a text says, the file has no key that acts.
        for dict in file.objects.values().filter_map(|o| o.as_dict().ok()) {
            for (key, _) in dict {
                let key = String::from_utf8_lossy(key);
                assert!(
                    !["JS", "JavaScript", "Launch", "URI", "EmbeddedFiles", "AA", "OpenAction"]
                        .contains(&&*key),
                    "{payload:?}: {key}"
                );
            }
        }
        let mail = email::message(&document, b"%PDF-1.7".to_vec(), &heading()).unwrap();
        let raw = |b: &u8| b.is_ascii_control() && !b"\r\n\t".contains(b);
        assert!(mail.is_ascii() && !mail.iter().any(raw), "{payload:?}");
        let text = String::from_utf8(mail).unwrap();
        let headers = text.split("\r\n\r\n").next().unwrap();
        let names: Vec<&str> = headers
            .split("\r\n")
            .filter(|l| !l.starts_with([' ', '\t']))
            .map(|l| l.split(':').next().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "From",
                "To",
                "Subject",
                "Date",
                "Message-ID",
                "Auto-Submitted",
                "MIME-Version",
                "Content-Type"
            ],
            "{payload:?}"
        );
    }
}
