//! What long documents and print batches look like on paper, judged by pdftotext: widths, sums that are
//! carried, both sides, the cover.

use crate::document::{batch, keep, print, text_of};
use crate::harness::delivery::posted;
use crate::harness::document::{day, invoice, tool};
use daybook::document::batch::Sides;
use daybook::document::{Layout, Letterhead, Line, Paper, Press, Printable};

/// The pages of a file, each as its text.
fn pages_of(path: &std::path::Path) -> Option<Vec<String>> {
    let text = text_of(path)?;
    let mut pages: Vec<String> = text.split('\u{c}').map(str::to_owned).collect();
    assert_eq!(pages.pop().as_deref(), Some(""), "each page ends with its mark");
    Some(pages)
}

#[test]
fn on_both_sides_each_document_begins_on_a_sheet_of_its_own_behind_the_cover() {
    let press = Press::open().unwrap();
    let head = Letterhead { name: "Northwind".into(), paper: Paper::A4, date: day("2026-11-30") };
    for (sides, cover) in [(Sides::Two, true), (Sides::Two, false), (Sides::One, true)] {
        let mut batch = batch(sides);
        if cover {
            batch = batch.covered(press, &head).unwrap();
        }
        let counts = batch.counts();
        let path = keep("duplex.pdf", &batch.merged(press));
        tool("qpdf", &["--check", path.to_str().unwrap()]);
        let index = batch.index_csv().unwrap();
        let mut rows = csv::Reader::from_reader(index.as_slice());
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        let Some(pages) = pages_of(&path) else { return };
        let (mut sheets, mut seen) = (0, 0);
        for row in &rows {
            let (first, count): (usize, usize) = (row[2].parse().unwrap(), row[3].parse().unwrap());
            assert!(pages[first - 1].contains(&row[4]), "{row:?} begins on page {first}");
            assert!(pages[first - 1].contains(&format!("1/{count}")), "{row:?}");
            assert!(sides == Sides::One || first % 2 == 1, "{row:?} begins on a back");
            sheets += if sides == Sides::Two { count.div_ceil(2) } else { count };
            seen += count;
        }
        assert_eq!((counts.pages, counts.sheets), (seen, sheets), "{sides:?}");
        let empty = pages.iter().filter(|page| page.trim().is_empty()).count();
        assert_eq!(pages.len(), seen + usize::from(cover) + empty);
        assert_eq!(empty > 0, sides == Sides::Two);
        assert!(!pages.last().unwrap().trim().is_empty(), "nothing behind the last document");
        if cover {
            let said = pages[0].split_whitespace().collect::<Vec<_>>().join(" ");
            for words in [
                "Print batch 1".to_owned(),
                "Documents 4".to_owned(),
                format!("Pages {seen}"),
                format!("Sheets without this one {sheets}"),
                "Envelopes 3".to_owned(),
                "First document INV-2026-000002".to_owned(),
                "Totals in EUR 4,112.35".to_owned(),
            ] {
                assert!(said.contains(&words), "{words} in {said}");
            }
        }
    }
}

/// Charges of two periods each, with descriptions that say much.
fn charges(layout: Layout) -> Printable {
    let mut document = invoice();
    document.layout = layout;
    let line = document.lines[0].clone();
    document.lines = (1..=140)
        .map(|n| Line {
            description: format!("Telemetry plant {n}: temperature and vibration"),
            service: Some((day("2026-11-01"), day("2026-11-30"))),
            ..line.clone()
        })
        .collect();
    document
}

#[test]
fn a_long_document_uses_its_width() {
    let pages = |layout| print(&charges(layout), "charges.pdf").0;
    let (was, is) = (pages(Layout::First), pages(Layout::Second));
    assert!(was >= 8 && is <= 5, "{was} pages before, {is} now");
    let short = |layout| {
        let mut document = Printable { layout, ..invoice() };
        document.lines.iter_mut().for_each(|line| line.description = "Service".into());
        let press = Press::open().unwrap();
        press.set(&document).unwrap().pdf(press)
    };
    assert!(short(Layout::First) == short(Layout::Second), "a short one stands as it stood");
}

#[test]
fn sums_are_carried_from_page_to_page() {
    let mut document = invoice();
    let line = document.lines[0].clone();
    document.lines = (1..=2_000)
        .map(|n| Line {
            description: format!("Item number {n}."),
            amount_minor: (n * 7_919) % 100_003 - 20_000,
            ..line.clone()
        })
        .collect();
    document.subtotal_minor = document.lines.iter().map(|line| line.amount_minor).sum();
    let (pages, path) = print(&document, "carried.pdf");
    let Some(text) = text_of(&path) else { return };
    let sheets: Vec<&str> = text.split('\u{c}').take(pages).collect();
    let figure = |line: &str| -> i64 {
        line.split_whitespace().last().unwrap().replace([',', '.'], "").parse().unwrap()
    };
    let row =
        |sheet: &str, words: &str| sheet.lines().find(|line| line.contains(words)).map(&figure);
    let (mut sum, mut turns) = (0, 0);
    for pair in sheets.windows(2) {
        sum += pair[0].lines().filter(|l| l.contains("Item number")).map(figure).sum::<i64>();
        if !pair[1].contains("Item number") {
            continue;
        }
        assert_eq!(row(pair[0], "Carried forward"), Some(sum), "{}", pair[0]);
        assert_eq!(row(pair[1], "Brought forward"), Some(sum), "{}", pair[1]);
        turns += 1;
    }
    assert!(turns > 40, "{turns} of {pages}");
    assert_eq!(row(text.as_str(), "Subtotal"), Some(document.subtotal_minor));
    let (one, path) = print(&invoice(), "one.pdf");
    let Some(text) = text_of(&path) else { return };
    assert!(one == 1 && !text.contains("forward"), "{text}");
}

#[test]
fn a_tax_whose_name_says_its_rate_is_not_followed_by_it() {
    for (name, rate, said) in [
        ("VAT 7 %", "7", "VAT 7 % on 762.56"),
        ("MwSt. 7,0%", "7", "MwSt. 7,0% on 762.56"),
        ("VAT", "7", "VAT 7 % on 762.56"),
        ("VAT 17 %", "7", "VAT 17 % 7 % on 762.56"),
        ("100 % organic", "7", "100 % organic 7 % on 762.56"),
    ] {
        let mut document = invoice();
        document.taxes[0].name = name.into();
        document.taxes[0].rate_percent = rate.parse().unwrap();
        let (_, path) = print(&document, "tax.pdf");
        let Some(text) = text_of(&path) else { return };
        assert!(text.contains(said), "{said} in\n{text}");
        document.layout = Layout::First;
        let (_, path) = print(&document, "tax.pdf");
        let Some(text) = text_of(&path) else { return };
        assert!(text.contains(&format!("{name} 7 % on 762.56")), "as it was posted:\n{text}");
    }
}

#[test]
fn the_settings_say_how_a_batch_and_its_reprint_are_printed() {
    let book = posted(&["--skip-zero-email"]);
    let folder = book.dir.path().join("out");
    let dir = folder.to_str().unwrap();
    book.run(&["settings", "set", "print.duplex", "true"]).ends(0);
    book.run(&["settings", "set", "print.cover", "true"]).ends(0);
    let written = book.run(&["deliver", "--print", dir, "--json"]).json();
    assert_eq!(written["batch"]["documents"], 2, "{written}");
    assert_eq!(written["batch"]["sheets"], 2, "the cover is no sheet of a document: {written}");
    let index = std::fs::read_to_string(folder.join("batch-000001.csv")).unwrap();
    let places: Vec<&str> =
        index.lines().skip(1).map(|row| row.split(',').nth(2).unwrap()).collect();
    assert_eq!(places, ["3", "5"], "{index}");
    let again = book.run(&["delivery", "reprint", "1", dir, "--from", "2", "--to", "2", "--json"]);
    let again = again.ends(0).json();
    assert_eq!((&again["documents"], &again["sheets"]), (&1.into(), &1.into()), "{again}");
    for (file, title, pages) in [
        ("batch-000001.pdf", "Print batch 1", 5),
        ("batch-000001-reprint-2-2.pdf", "Print batch 1, reprint of 2 to 2", 3),
    ] {
        let path = folder.join(file);
        let Some(all) = pages_of(&path) else { return };
        assert_eq!(all.len(), pages, "{file}");
        assert!(all[0].contains(title) && all[0].contains("Totals in EUR"), "{}", all[0]);
        assert!(all[1].trim().is_empty(), "the back of the cover: {}", all[1]);
        assert!(tool("qpdf", &["--check", path.to_str().unwrap()]).is_some());
    }
    book.run(&["check"]).ends(0);
}
