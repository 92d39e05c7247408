//! Words of the lines that make a bill less: credits and discounts.

use super::super::{Credit, Derivation, Fixed, Percent, proportion, scaled};
use super::Told;
use chrono::NaiveDate;
use rust_decimal::Decimal;

fn days(from: NaiveDate, to: NaiveDate) -> String {
    if from == to { from.to_string() } else { format!("{from} to {to}") }
}

/// `110.00 EUR was billed`, or of a discount `11.00 EUR was taken off`.
fn amount(minor: i64, told: &Told<'_>, billed: &str, off: &str) -> String {
    if minor < 0 {
        format!("{} {off}", told.money(-minor))
    } else {
        format!("{} {billed}", told.money(minor))
    }
}

impl Derivation {
    pub(super) fn credit(&self, credit: &Credit, told: &Told<'_>, out: &mut Vec<String>) {
        let (from, to) = credit.whole;
        let stood = amount(credit.stood_minor, told, "was billed", "was taken off");
        out.push(format!("{stood} for {}.", days(from, to)));
        for (from, to, cost) in &credit.kept {
            let stays = amount(*cost, told, "stays billed", "stays taken off");
            out.push(format!("{stays} for {}.", days(*from, *to)));
        }
        let rated = credit.rated_minor();
        if credit.kept.is_empty() {
            out.push("None of this stays.".into());
        }
        out.push(format!("The difference is {}.", told.money(rated)));
        if let Some((stands, of)) = credit.edited {
            let part = proportion(rated, stands, of, &self.rounding(), told.currency);
            let part = part.map(|minor| format!(": {}", told.money(minor))).unwrap_or_default();
            out.push(format!(
                "That line had been changed by hand from {} to {}, so the difference is taken in the same proportion{part}.",
                told.money(of),
                told.money(stands)
            ));
        }
        if let Some(left) = credit.left_minor {
            out.push(format!(
                "{} of that line is left to be taken back, so this line is {}.",
                told.money(left),
                told.money(-left)
            ));
        }
    }

    pub(super) fn percent(&self, percent: &Percent, told: &Told<'_>, out: &mut Vec<String>) {
        let (base, line) = (told.money(percent.base_minor), told.line());
        let (before, given) = percent.stacked.unwrap_or_default();
        let together = before + percent.percent;
        let rate = percent.percent.normalize();
        out.push(if percent.stacked.is_some() {
            format!(
                "A discount of {rate} % on {base}, the price of {line}; it adds up with the {} % before it to {} %.",
                before.normalize(),
                together.normalize()
            )
        } else {
            format!(
                "A discount of {rate} % on {base}, the price of {line} after any discounts before this one."
            )
        });
        let (earlier, given_earlier) = percent.earlier.unwrap_or_default();
        let whole = percent.base_minor + earlier;
        let base = told.money(whole);
        if percent.earlier.is_some() {
            out.push(format!(
                "The line is the rest of a whole of {base}; {} of it stands on earlier lines.",
                told.money(earlier)
            ));
        }
        let exact = told.currency.to_decimal(whole) * together / Decimal::ONE_HUNDRED;
        let Ok(off) = self.rounding().to_minor(exact, told.currency) else { return };
        out.push(match self.rounded(exact, off, told) {
            Some(rounded) => format!("{} % of {base}: {rounded}", together.normalize()),
            None => format!("{} % of {base} is {}.", together.normalize(), told.money(off)),
        });
        let off = off - given_earlier;
        if percent.earlier.is_some() {
            out.push(format!(
                "{} of this was given on the earlier lines; {} is left for this one.",
                told.money(given_earlier),
                told.money(off)
            ));
        }
        if percent.stacked.is_some() {
            out.push(format!(
                "{} of this was taken by the discounts before; {} is left for this one.",
                told.money(given),
                told.money(off - given)
            ));
        }
        if let Some(left) = percent.left_minor.filter(|left| *left < off - given) {
            out.push(format!(
                "Other discounts left {} of the line, and no more than that is taken.",
                told.money(left)
            ));
        }
    }

    pub(super) fn fixed(&self, fixed: &Fixed, told: &Told<'_>, out: &mut Vec<String>) {
        out.push(format!(
            "A discount of {} a period, taken off one line after the other until it is used up; here off {}.",
            told.exact(fixed.price),
            told.line()
        ));
        let days = match fixed.earlier_minor {
            None => "The days of this line",
            Some(_) => "The days of this line and of the earlier ones that make up a whole",
        };
        let mut sum = 0;
        for (share, left) in &fixed.parts {
            let Ok(exact) = scaled(fixed.price, *share) else { continue };
            let Ok(minor) = self.rounding().to_minor(exact, told.currency) else { continue };
            if !share.is_one() {
                let (num, den) = (share.num, share.den);
                out.push(format!(
                    "{days} are {num}/{den} of the discount's period: {}.",
                    told.exact(exact)
                ));
            }
            out.extend(self.rounded(exact, minor, told));
            if *left < minor {
                out.push(format!("{} of it was not used up yet.", told.money(*left)));
            }
            sum += minor.min(*left);
        }
        if fixed.parts.len() > 1 {
            out.push(format!("Together {}.", told.money(sum)));
        }
        if let Some(earlier) = fixed.earlier_minor {
            sum -= earlier;
            out.push(format!(
                "{} of it was given on the earlier lines; {} is left for this one.",
                told.money(earlier),
                told.money(sum)
            ));
        }
        if fixed.left_minor < sum {
            out.push(format!(
                "The line comes to {}, and no more than that is taken.",
                told.money(fixed.left_minor)
            ));
        }
    }
}
