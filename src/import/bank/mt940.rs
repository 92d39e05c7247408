//! MT940: SWIFT's statement in tagged lines, with or without its envelope (`{4:` … `-}`).
//!
//! Parts of `:86:` (`?20`–`?29`, `?60`–`?63`) are cut anywhere and joined without blanks; the text keeps where
//! they were cut as line breaks, so that it is searched both ways. What is taken back (`RC`, `RD`) counts as
//! the standard has it, unless only the other sign comes to the closing balance.

use super::raw::{Amount, BadFile, RawDetail, RawEntry, Seen, Stopped, Take};
use crate::domain::bank::Source;
use crate::domain::bank::statement::{Head, Refusal};
use crate::domain::money::parse_decimal;
use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use std::io::BufRead;

/// A field: its tag, its text with line breaks, and where it begins.
struct Field {
    tag: String,
    text: String,
    line: u64,
}

/// A statement that is being read.
#[derive(Default)]
struct Open {
    name: String,
    account: String,
    sequence: Option<i64>,
    opening: Option<Balance>,
    closing: Option<Balance>,
    entries: Vec<(RawEntry, bool)>,
    bad: Option<Refusal>,
    previews: usize,
    /// Whether the last entry takes what `:86:` says.
    waits: bool,
    any: bool,
}

/// `C261109EUR100,00`.
struct Balance {
    on: NaiveDate,
    currency: String,
    value: Decimal,
}

pub(super) fn walk<E>(mut input: impl BufRead, take: Take<'_, E>) -> Result<(), Stopped<E>> {
    let mut open = Open::default();
    let mut field: Option<Field> = None;
    let (mut bytes, mut line, mut seen) = (Vec::new(), 0_u64, false);
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes).map_err(|e| super::raw::io(&e))? == 0 {
            break;
        }
        line += 1;
        // Banks send UTF-8 or Latin-1 and do not say which.
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
        };
        let text = text.trim_end_matches(['\r', '\n']).trim_start_matches('\u{feff}');
        let ends = matches!(text.trim(), "-" | "-}") || text.starts_with('{');
        if let Some((tag, rest)) = tagged(text) {
            put(&mut open, field.take(), take)?;
            if tag == "20" {
                close(&mut open, take)?;
            }
            seen = true;
            field = Some(Field { tag, text: rest.to_owned(), line });
        } else if ends {
            put(&mut open, field.take(), take)?;
            close(&mut open, take)?;
        } else if let Some(field) = &mut field {
            field.text.push('\n');
            field.text.push_str(text);
        } else if !text.trim().is_empty() {
            let hint = "a statement in MT940 begins with :20:";
            return Err(BadFile::at(line, "", "no tag stands here", hint).into());
        }
    }
    put(&mut open, field.take(), take)?;
    close(&mut open, take)?;
    if seen {
        return Ok(());
    }
    Err(BadFile::whole("there is no statement in it", "MT940 begins with :20:").into())
}

/// `:61:rest` to its tag and the rest.
fn tagged(line: &str) -> Option<(String, &str)> {
    let (tag, rest) = line.strip_prefix(':')?.split_once(':')?;
    let fine = (2..=3).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric());
    fine.then(|| (tag.to_owned(), rest))
}

fn put<E>(open: &mut Open, field: Option<Field>, _: Take<'_, E>) -> Result<(), Stopped<E>> {
    let Some(field) = field else { return Ok(()) };
    let text = field.text.trim_end();
    open.any = true;
    match field.tag.as_str() {
        "20" => text.clone_into(&mut open.name),
        "25" | "25P" => {
            let first = text.lines().next().unwrap_or_default();
            open.account = first.chars().filter(|c| !c.is_whitespace()).collect();
        }
        "28" | "28C" => {
            let number = text.split('/').next().unwrap_or_default();
            open.sequence = number.trim().parse().ok();
        }
        "60F" | "60M" => {
            let balance = balance(text, field.line)?;
            open.opening.get_or_insert(balance);
        }
        "62F" | "62M" => open.closing = Some(balance(text, field.line)?),
        "61" => {
            open.waits = true;
            match entry(text, field.line) {
                Ok(Some((entry, back))) => open.entries.push((entry, back)),
                Ok(None) => {
                    open.previews += 1;
                    open.waits = false;
                }
                Err(why) => {
                    open.bad.get_or_insert(why);
                    open.waits = false;
                }
            }
        }
        "86" if open.waits => {
            if let Some((entry, _)) = open.entries.last_mut() {
                details(text, entry);
            }
            open.waits = false;
        }
        _ => {}
    }
    Ok(())
}

/// Hands a whole statement over.
fn close<E>(open: &mut Open, take: Take<'_, E>) -> Result<(), Stopped<E>> {
    let mut done = std::mem::take(open);
    if !done.any {
        return Ok(());
    }
    turn_back(&mut done);
    let plain = |b: &Option<Balance>| b.as_ref().map(|b| b.value.to_string());
    let head = Head {
        source: Source::Mt940,
        name: done.name,
        sequence: done.sequence,
        account: done.account.to_uppercase(),
        currency: done.opening.as_ref().or(done.closing.as_ref()).map(|b| b.currency.clone()),
        from: done.opening.as_ref().map(|b| b.on),
        to: done.closing.as_ref().map(|b| b.on),
        opening: plain(&done.opening),
        closing: plain(&done.closing),
    };
    let none = head.opening.is_none() && head.closing.is_none();
    let mut all = vec![Seen::Head(Box::new(head))];
    if none {
        let words = "it has neither an opening nor a closing balance (:60F:, :62F:)";
        all.push(Seen::Bad(Refusal::new("truncated", words)));
    }
    all.extend(done.bad.map(Seen::Bad));
    all.extend(std::iter::repeat_n(Seen::Preview, done.previews));
    all.extend(done.entries.into_iter().map(|(entry, _)| Seen::Entry(Box::new(entry))));
    all.push(Seen::End { closing: None, to: None });
    all.into_iter().try_for_each(take).map_err(Stopped::Taker)
}

/// Turns the sign of what was taken back where only that comes to the closing balance.
fn turn_back(open: &mut Open) {
    let (Some(from), Some(to)) = (&open.opening, &open.closing) else { return };
    let value = |e: &RawEntry| {
        let value = parse_decimal(&e.amount.value).unwrap_or_default();
        if e.amount.negative { -value } else { value }
    };
    let wanted = to.value - from.value;
    let sum: Decimal = open.entries.iter().map(|(e, _)| value(e)).sum();
    let back: Decimal = open.entries.iter().filter(|(_, b)| *b).map(|(e, _)| value(e)).sum();
    if sum != wanted && sum - back - back == wanted {
        for (entry, _) in open.entries.iter_mut().filter(|(_, back)| *back) {
            entry.amount.negative = !entry.amount.negative;
        }
    }
}

/// `YYMMDD`.
fn date(text: &str) -> Option<NaiveDate> {
    let number = |from: usize| text.get(from..from + 2).and_then(|t| t.parse::<u32>().ok());
    let year = i32::try_from(number(0)?).ok()?;
    let century = if year < 80 { 2000 } else { 1900 };
    NaiveDate::from_ymd_opt(century + year, number(2)?, number(4)?)
}

fn decimal(text: &str) -> Option<Decimal> {
    let point = text.replace(',', ".");
    parse_decimal(point.strip_suffix('.').unwrap_or(&point))
}

fn balance(text: &str, line: u64) -> Result<Balance, BadFile> {
    let read = || {
        let (mark, rest) = text.split_at_checked(1)?;
        let on = date(rest.get(..6)?)?;
        let currency = rest.get(6..9)?.to_owned();
        let value = decimal(rest.get(9..)?.trim())?;
        match mark {
            "C" => Some(Balance { on, currency, value }),
            "D" => Some(Balance { on, currency, value: -value }),
            _ => None,
        }
    };
    read().ok_or_else(|| {
        let hint = "such as C261109EUR100,00";
        BadFile::at(line, "60F", format!("{text:?} is no balance"), hint)
    })
}

/// An entry, and whether it takes another one back; none where it is only expected (`EC`, `ED`).
fn entry(text: &str, line: u64) -> Result<Option<(RawEntry, bool)>, Refusal> {
    let wrong = || Refusal::new("bad_input", format!("line {line}: {text:?} is no entry of MT940"));
    let (first, more) = text.split_once('\n').unwrap_or((text, ""));
    let value_on = date(first.get(..6).ok_or_else(wrong)?).ok_or_else(wrong)?;
    let mut rest = first.get(6..).ok_or_else(wrong)?;
    let mut on = value_on;
    if rest.len() >= 4 && rest.is_char_boundary(4) && rest[..4].bytes().all(|b| b.is_ascii_digit())
    {
        on = entry_day(&rest[..4], value_on).ok_or_else(wrong)?;
        rest = &rest[4..];
    }
    let marks = [
        ("RC", true, true),
        ("RD", false, true),
        ("EC", false, false),
        ("ED", true, false),
        ("C", false, false),
        ("D", true, false),
    ];
    let (mark, negative, back) =
        *marks.iter().find(|(mark, ..)| rest.starts_with(mark)).ok_or_else(wrong)?;
    rest = &rest[mark.len()..];
    // The third letter of the currency may stand here.
    rest = rest.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let end =
        rest.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(rest.len());
    let value = decimal(&rest[..end]).ok_or_else(wrong)?;
    if mark.starts_with('E') {
        return Ok(None);
    }
    let names = rest[end..].get(4..).unwrap_or_default();
    let (ours, bank) = names.split_once("//").unwrap_or((names, ""));
    let amount = Amount { value: value.to_string(), currency: String::new(), negative };
    let mut one = RawEntry {
        reference: real(bank),
        on: on.to_string(),
        amount,
        details: vec![RawDetail { end_to_end: real(ours), ..RawDetail::default() }],
        at: line,
        ..RawEntry::default()
    };
    let (sent, kept) = (coded(more, "/OCMT/"), coded(more, "/CHGS/"));
    if let (Some(sent), Some(kept)) = (sent, kept)
        && sent - kept == value
    {
        let value = kept.to_string();
        one.charges.push(Amount { value, currency: String::new(), negative: false });
    }
    Ok(Some((one, back)))
}

/// `MMDD` in the year that is nearest to another day.
fn entry_day(text: &str, near: NaiveDate) -> Option<NaiveDate> {
    let (month, day) = (text.get(..2)?.parse().ok()?, text.get(2..)?.parse().ok()?);
    let years = [near.year() - 1, near.year(), near.year() + 1];
    let days = years.iter().filter_map(|year| NaiveDate::from_ymd_opt(*year, month, day));
    days.min_by_key(|on| (*on - near).num_days().abs())
}

fn real(name: &str) -> String {
    let name = name.trim();
    if name.eq_ignore_ascii_case("NONREF") { String::new() } else { name.to_owned() }
}

/// `/CHGS/EUR1,50`.
fn coded(text: &str, code: &str) -> Option<Decimal> {
    let rest = text.split_once(code)?.1;
    let digits: String =
        rest.get(3..)?.chars().take_while(|c| c.is_ascii_digit() || *c == ',').collect();
    decimal(&digits)
}

/// What `:86:` says of an entry.
fn details(text: &str, entry: &mut RawEntry) {
    let Some(detail) = entry.details.first_mut() else { return };
    let mut begin = text.chars();
    let digits = begin.by_ref().take(3).filter(char::is_ascii_digit).count() == 3;
    let parts = begin.next().filter(|c| digits && !c.is_alphanumeric() && !c.is_whitespace());
    let Some(mark) = parts else {
        text.clone_into(&mut detail.text);
        return;
    };
    let whole: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let mut words: Vec<&str> = Vec::new();
    for part in whole.split(mark).skip(1) {
        let Some((code, said)) = part.split_at_checked(2) else { continue };
        match code {
            _ if matches!(code.parse(), Ok(20..=29 | 60..=63)) => words.push(said),
            "31" => said.trim().clone_into(&mut detail.iban),
            "32" | "33" => detail.payer.push_str(said),
            "34" => said.trim().clone_into(&mut detail.code),
            "00" if detail.text.is_empty() => said.clone_into(&mut detail.text),
            _ => {}
        }
    }
    if !words.is_empty() {
        detail.text = words.join("\n");
    }
    let joined = words.concat();
    if let Some(name) = keyword(&joined, "EREF+") {
        detail.end_to_end = real(&name);
    }
    if let Some(iban) = keyword(&joined, "IBAN+").filter(|_| detail.iban.is_empty()) {
        detail.iban = iban;
    }
}

/// What stands behind `EREF+`, up to the next such word.
fn keyword(text: &str, word: &str) -> Option<String> {
    let rest = text.split_once(word)?.1;
    let all = [
        "EREF+", "KREF+", "MREF+", "CRED+", "DEBT+", "COAM+", "OAMT+", "SVWZ+", "ABWA+", "ABWE+",
        "IBAN+", "BIC+", "PURP+",
    ];
    let end = all.iter().filter_map(|next| rest.find(next)).min().unwrap_or(rest.len());
    Some(rest[..end].trim().to_owned())
}
