//! Names, addresses and descriptions in the scripts of the world, judged from outside: pdftotext gives
//! them back in the order they were written, each font is embedded, and the file is well made.

use crate::harness::document::{invoice, tool};
use daybook::document::{Press, Printable};
use std::path::PathBuf;
use unicode_normalization::UnicodeNormalization;

/// A name, a line of an address and what was sold, by script.
const TEXTS: &[(&str, &str, &str, &str)] = &[
    ("Arabic", "شركة الأمل للتجارة المحدودة", "شارع الملك فهد 12", "خدمة الاتصالات (شهرية)"),
    ("Arabic with marks", "محمّد عبدُ الله", "بيت ١٢٣", "خدمةٌ"),
    ("Persian", "شرکت نرم‌افزار پارس", "خیابان آزادی ۴۵", "گزارش ماهانه"),
    ("Hebrew", "חברת אלון בע״מ", "רחוב הרצל 7", "שירות חודשי"),
    ("Hebrew with points", "בְּרֵאשִׁית", "רחוב 1", "שֵׁרוּת"),
    ("Thai", "บริษัท น้ำใส จำกัด", "ถนนสุขุมวิท 21", "บริการรายเดือน"),
    ("Devanagari", "हिन्दी क्षत्रिय कंपनी", "महात्मा गांधी मार्ग 5", "मासिक सेवा शुल्क"),
    ("Hangul", "한국 주식회사", "서울특별시 강남구 테헤란로 152", "월간 서비스"),
    ("Chinese, rare characters", "喆堃有限公司", "深圳市龍崗區坂田街道", "月度服务费"),
    ("Japanese, outside the plane", "𠮷野商店", "東京都千代田区丸の内", "月額料金"),
    ("Bengali", "ঢাকা কোম্পানি", "রাস্তা 5", "মাসিক সেবা"),
    ("Gurmukhi", "ਪੰਜਾਬ ਕੰਪਨੀ", "ਸੜਕ 5", "ਸੇਵਾ"),
    ("Gujarati", "ગુજરાત કંપની", "રસ્તો 5", "સેવા"),
    ("Oriya", "ଓଡ଼ିଶା କମ୍ପାନୀ", "ରାସ୍ତା 5", "ସେବା"),
    ("Tamil", "தமிழ் நிறுவனம்", "சாலை 5", "சேவை"),
    ("Telugu", "తెలుగు సంస్థ", "రోడ్డు 5", "సేవ"),
    ("Kannada", "ಕನ್ನಡ ಸಂಸ್ಥೆ", "ರಸ್ತೆ 5", "ಸೇವೆ"),
    ("Malayalam", "മലയാളം കമ്പനി", "റോഡ് 5", "സേവനം"),
    ("Sinhala", "ශ්‍රී ලංකා සමාගම", "පාර 5", "සේවය"),
    ("Lao", "ບໍລິສັດ ນ້ຳໃສ", "ຖະໜົນ 5", "ບໍລິການ"),
    ("Khmer", "ក្រុមហ៊ុន ខ្មែរ", "ផ្លូវ 5", "សេវា"),
    ("Myanmar", "ကုမ္ပဏီ မြန်မာ", "လမ်း 5", "ဝန်ဆောင်မှု"),
    ("Ethiopic", "የኢትዮጵያ ኩባንያ", "መንገድ 5", "አገልግሎት"),
    ("Armenian", "Հայաստան ՍՊԸ", "Փողոց 5", "Ծառայություն"),
    ("Georgian", "საქართველო შპს", "ქუჩა 5", "მომსახურება"),
    ("Thaana", "ދިވެހި ކުންފުނި", "މަގު 5", "ޚިދުމަތް"),
    ("Latin with marks", "Ọlá\u{300} Ẹ\u{301}gbẹ\u{301}", "J\u{304}ānis 5", "m\u{301} н\u{300}"),
    ("Latin and Arabic", "ACME شركة الأمل Ltd", "Building 7, شارع الملك", "Modem مودم X200"),
];

fn named(name: &str, address: &str, sold: &str) -> Printable {
    let mut document = invoice();
    document.customer.name = name.into();
    document.customer.address1 = address.into();
    document.lines[0].description = sold.into();
    document
}

/// Prints a document where a person can look at it.
fn print(document: &Printable, name: &str) -> PathBuf {
    let press = Press::open().unwrap();
    let bytes = press.set(document).unwrap().pdf(press);
    assert_eq!(
        bytes,
        press.set(document).unwrap().pdf(press),
        "the same document is the same file"
    );
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scripts");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{}.pdf", name.replace([' ', ','], "_")));
    std::fs::write(&path, bytes).unwrap();
    tool("qpdf", &["--check", path.to_str().unwrap()]);
    path
}

/// The text of a file without what says its direction.
fn text_of(path: &std::path::Path) -> Option<String> {
    let text = tool("pdftotext", &[path.to_str().unwrap(), "-"])?;
    Some(text.replace(|c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'), ""))
}

/// Whether a line is a text from right to left behind the number that ends it: a number stands on the
/// left then, and pdftotext reads each run of a line from the left.
fn number_first(said: &str, line: &str) -> bool {
    let Some((words, number)) = said.rsplit_once(' ') else { return false };
    let goes_left = |c: char| ('\u{590}'..='\u{8ff}').contains(&c);
    words.contains(goes_left)
        && number.chars().all(char::is_numeric)
        && line.split_once(' ') == Some((number, words))
}

#[test]
fn every_script_prints_and_is_read_back_as_it_was_written() {
    for (script, name, address, sold) in TEXTS {
        let path = print(&named(name, address, sold), script);
        let Some(text) = text_of(&path) else { return };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for said in [name, address, sold] {
            let said: String = said.nfc().collect();
            let found = lines.iter().any(|line| *line == said || number_first(&said, line));
            assert!(found, "{script}: {said} in\n{text}");
        }
        // The rest of the page stands as ever.
        for said in ["INV-2026-000123", "Northwind Telemetry GmbH", "907.45"] {
            assert!(text.contains(said), "{script}: {said}");
        }
        let fonts = tool("pdffonts", &[path.to_str().unwrap()]).unwrap();
        for row in fonts.lines().skip(2) {
            assert!(row.contains("yes yes yes"), "{script}: {row}");
        }
    }
}

#[test]
fn only_what_is_shown_of_a_font_goes_into_the_file() {
    let press = Press::open().unwrap();
    let size = |document: &Printable| press.set(document).unwrap().pdf(press).len();
    let plain = size(&invoice());
    for (script, name, address, sold) in TEXTS {
        let more = size(&named(name, address, sold)).saturating_sub(plain);
        assert!(more < 24_000, "{script}: {more} bytes more than the plain one");
    }
}

#[test]
fn a_long_text_is_broken_between_its_words_and_keeps_its_order() {
    let words = "خدمة الاتصالات والمراقبة عن بعد لجميع المصانع في المنطقة الشرقية مع التقارير";
    let path = print(&named("شركة", "شارع", words), "wrapped");
    let Some(text) = text_of(&path) else { return };
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains(words), "{joined}");
    // Without blanks: Thai has none between words.
    let long = "บริการตรวจสอบระยะไกลสำหรับโรงงานทั้งหมดในเขตภาคตะวันออกพร้อมรายงานรายเดือนและรายปี";
    let path = print(&named("บริษัท", "ถนน", long), "wrapped thai");
    let Some(text) = text_of(&path) else { return };
    assert!(text.split_whitespace().collect::<String>().contains(long), "{text}");
}

#[test]
fn a_name_keeps_its_place_in_a_sentence_from_left_to_right() {
    let mut document = invoice();
    document.taxes[0].name = "ضريبة".into();
    document.issuer.name = "חברת אלון".into();
    let path = print(&document, "sentence");
    let Some(text) = tool("pdftotext", &["-layout", path.to_str().unwrap(), "-"]) else { return };
    let strip = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
    let text = text.replace(strip, "");
    let row = text.lines().find(|line| line.contains("ضريبة")).unwrap();
    let row = row.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(row, "ضريبة 19 % on 762.56 144.89");
    assert!(text.lines().any(|line| line.contains("חברת אלון · ")), "the sender: {text}");
}

#[test]
fn strange_text_of_any_script_prints_or_is_refused() {
    let press = Press::open().unwrap();
    let mut refused = 0;
    // Every 37th character, by itself and among others, and names of ten thousand.
    for c in (0x20..0x2_ffff).step_by(37).filter_map(char::from_u32) {
        let text = format!("x{c}y ש{c} {c}{c}");
        match press.set(&named(&text, "Road 1", &text)) {
            Ok(set) => assert!(set.pages() > 0),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 1_000, "{refused}");
    for letter in ["ش", "क्ष", "น้ำ", "한", "𠮷", "e\u{301}", "ש "] {
        let mut document = invoice();
        document.lines[0].description = letter.repeat(10_000);
        assert!(press.set(&document).unwrap().pages() > 1, "{letter}");
    }
}
