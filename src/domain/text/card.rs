//! Card numbers in any dress (ISO/IEC 7812-1).

use super::TextError;
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization;

/// Refuses a text that holds a card number: 13 to 19 digits of any script with a brand's beginning
/// and length and a right Luhn sum, whole or in groups. Anything that is no letter may stand
/// between the groups. Longer unbroken numbers (bank references) and numbers of no brand pass.
pub fn refuse_card_number(text: &str) -> Result<(), TextError> {
    // Most texts of a file: too few digits, and none in another dress.
    let digits = || text.bytes().filter(u8::is_ascii_digit).count();
    if text.len() < 13 || (text.is_ascii() && digits() < 13) {
        return Ok(());
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut between = String::new();
    for c in text.nfkc() {
        if let Some(digit) = digit(c) {
            match groups.last_mut() {
                Some(last) if between.is_empty() => last.digits.push(digit),
                Some(_) | None => {
                    let before = std::mem::take(&mut between);
                    groups.push(Group { digits: vec![digit], before });
                }
            }
        } else if c.is_alphabetic() {
            look(&groups)?;
            groups.clear();
            between.clear();
        } else if !super::is_unsafe(c) && !groups.is_empty() {
            // What draws nothing separates nothing.
            between.push(c);
        }
    }
    look(&groups)
}

/// Digits in a row, and what stood between them and the ones before.
struct Group {
    digits: Vec<u8>,
    before: String,
}

/// The value of a decimal digit of any script: each script's ten follow one another from zero.
fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.to_digit(10).map(|d| d as u8);
    }
    let decimal = |n: u32| {
        char::from_u32(n).is_some_and(|c| get_general_category(c) == GeneralCategory::DecimalNumber)
    };
    let at = u32::from(c);
    if !decimal(at) {
        return None;
    }
    let before = (1..64).take_while(|n| decimal(at.saturating_sub(*n))).count();
    Some((before % 10) as u8)
}

fn look(groups: &[Group]) -> Result<(), TextError> {
    for from in 0..groups.len() {
        let mut digits: Vec<u8> = Vec::new();
        for (upto, group) in groups.iter().enumerate().skip(from) {
            // A card's groups stand close together; a country code begins a telephone number.
            let calls = group.before.ends_with('+') && group.digits.len() <= 3;
            if upto > from && (calls || group.before.chars().count() > 5) {
                break;
            }
            digits.extend(&group.digits);
            if digits.len() > 19 {
                break;
            }
            let parts = groups.get(from..=upto).unwrap_or_default();
            if digits.len() >= 13 && of_a_brand(&digits, parts) && luhn(&digits) {
                return Err(TextError::CardNumber);
            }
        }
    }
    Ok(())
}

/// Beginning and length as the brands give them out. Two short forms that a list of dates or
/// amounts meets by chance (the old Visa of 13, Diners Club 300–305) count only in even dress.
fn of_a_brand(digits: &[u8], parts: &[Group]) -> bool {
    let first = |n: usize| digits.iter().take(n).fold(0_u32, |sum, d| sum * 10 + u32::from(*d));
    let even = || {
        let rest = parts.get(1..).unwrap_or_default();
        let sizes: Vec<usize> = parts.iter().map(|p| p.digits.len()).collect();
        rest.windows(2).all(|two| two[0].before == two[1].before)
            && (sizes.len() == 1 || sizes.iter().all(|n| *n == 1) || matches!(sizes[..], [4, 6, 4]))
    };
    match (digits.len(), first(1), first(2), first(3), first(4)) {
        // Visa
        (16 | 19, 4, ..) => true,
        (13, 4, ..) => even(),
        // Mastercard
        (16, _, 51..=55, ..) | (16, _, _, _, 2221..=2720) => true,
        // American Express
        (15, _, 34 | 37, ..) => true,
        // Diners Club
        (14, _, 36 | 38 | 39, ..) => true,
        (14, _, _, 300..=305, _) => even(),
        // Discover, RuPay
        (16..=19, _, 65, ..) | (16..=19, _, _, 644..=649, _) | (16..=19, _, _, _, 6011) => true,
        (16, _, 60 | 81 | 82, ..) | (16, _, _, 508 | 353 | 356, _) => true,
        // JCB
        (16..=19, _, _, _, 3528..=3589) => true,
        // UnionPay
        (16..=19, _, 62, ..) => true,
        // Maestro
        (13..=19, _, 67, ..) | (13..=19, _, _, _, 5018 | 5020 | 5038 | 5893 | 6304) => true,
        // Mir
        (16..=19, _, _, _, 2200..=2204) => true,
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .map(|d| u32::from(*d))
        .enumerate()
        .map(|(i, d)| match (i % 2, d * 2) {
            (0, _) => d,
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}
