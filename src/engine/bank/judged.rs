//! What a statement says, held against itself and against what was read before: what is wrong with it refuses
//! it whole, before anything is booked.

use super::explained::with_parts;
use crate::clock::Now;
use crate::domain::bank::Source;
use crate::domain::bank::rules::Facts;
use crate::domain::bank::statement::{Entry, Head, Refusal, Sums};
use crate::domain::bank::tokens;
use crate::domain::ids::PaymentId;
use crate::domain::money::{Currency, total};
use crate::domain::text;
use crate::engine::collect::refund;
use crate::store::bank::facts::InBook;
use crate::store::bank::{self, BankAccount, line, matched, statement};
use crate::store::{Db, StoreError, payment};
use chrono::NaiveDate;
use std::collections::HashMap;

/// What each part of an entry is known by within its bank account: the bank's reference, or else what it says
/// and the how manieth it is that says so.
#[derive(Debug, Default)]
pub(super) struct Keys {
    seen: HashMap<[u8; 16], u32>,
}

impl Keys {
    /// Whether an entry with the reference of this one was met before it.
    fn is_again(&self, entry: &Entry) -> bool {
        !entry.reference.is_empty() && self.seen.get(&short(entry)).is_some_and(|nth| *nth > 1)
    }

    pub(super) fn of(&mut self, entry: &Entry) -> Vec<String> {
        let named = !entry.reference.is_empty();
        let short = short(entry);
        let nth = self.seen.entry(short).or_default();
        *nth += 1;
        let name = if named { text::said(&entry.reference, 100) } else { text::hex(&short) };
        let kind = if named { 'r' } else { 'c' };
        (1..=entry.details.len()).map(|part| format!("{kind}:{name}:{nth}:{part}")).collect()
    }
}

/// A hash of the bank's reference, or else of all that an entry says.
fn short(entry: &Entry) -> [u8; 16] {
    let mut short = [0_u8; 16];
    let named: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(entry.reference.as_bytes()).into();
    let from = if entry.reference.is_empty() { entry.content() } else { named };
    short.iter_mut().zip(from).for_each(|(to, from)| *to = from);
    short
}

/// A statement that was judged.
#[derive(Debug)]
pub(super) struct Judged {
    pub head: Head,
    pub bank: Option<BankAccount>,
    pub sums: Sums,
    pub opening: Option<i64>,
    pub closing: Option<i64>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub refused: Option<Refusal>,
    pub previews: usize,
    /// Parts in it, and those that are known already.
    pub parts: usize,
    pub known: usize,
    keys: Keys,
    waiting: Vec<Entry>,
    /// Of a notification: what it tells.
    pub told: Vec<Entry>,
    /// What the entries that are new come to.
    new_total: i64,
    returned: HashMap<PaymentId, i64>,
}

/// Entries that are looked up in one view of the book.
const AT_ONCE: usize = 500;

impl Judged {
    /// Of a statement that begins: whose it is. `named` is the bank account that a person names.
    pub(super) fn begin(
        db: &Db<'_>,
        head: Head,
        named: Option<&BankAccount>,
        now: Now,
    ) -> Result<Self, StoreError> {
        let (bank, mut refused) = match whose(db, &head, named)? {
            Ok(bank) => (Some(bank), None),
            Err(why) => (None, Some(why)),
        };
        let currency = bank.as_ref().map_or(Currency::PLACEHOLDER, |bank| bank.currency);
        let mut minor = |said: &Option<String>| match said {
            Some(text) if refused.is_none() => match currency.parse_minor(text) {
                Ok(minor) => Some(minor),
                Err(why) => {
                    let words = format!("balance {text:?}: {why}");
                    refused = Some(Refusal::new("bad_input", words));
                    None
                }
            },
            Some(_) | None => None,
        };
        let (opening, closing) = (minor(&head.opening), minor(&head.closing));
        if let (Some(from), Some(to)) = (head.from, head.to)
            && to < from
        {
            let words = format!("it ends on {to}, before it begins on {from}");
            refused.get_or_insert(Refusal::new("goes_backwards", words));
        }
        Ok(Self {
            sums: Sums::of(currency),
            opening,
            closing,
            from: head.from.unwrap_or(now.today),
            to: head.to.unwrap_or(now.today),
            refused,
            previews: 0,
            parts: 0,
            known: 0,
            keys: Keys::default(),
            waiting: Vec::new(),
            told: Vec::new(),
            new_total: 0,
            returned: HashMap::new(),
            head,
            bank,
        })
    }

    /// Refuses it, unless it is refused already.
    pub(super) fn refuse(&mut self, why: Refusal) {
        self.refused.get_or_insert(why);
    }

    /// Whether its entries are booked: those of a statement of a day's end.
    pub(super) fn is_booked(&self) -> bool {
        match self.head.source {
            Source::Camt053 | Source::Mt940 | Source::Csv => true,
            Source::Camt052 | Source::Camt054 => false,
        }
    }

    /// Takes an entry; true where it is time to [`Self::look_up`].
    pub(super) fn add(&mut self, entry: Entry, today: NaiveDate) -> bool {
        if self.refused.is_some() {
            return false;
        }
        if entry.on > today {
            let words =
                format!("entry {} is of {}: that day is still to come", entry.said(), entry.on);
            self.refuse(Refusal::new("bad_date", words));
            return false;
        }
        if let Err(why) = self.sums.add(&entry) {
            self.refuse(why);
            return false;
        }
        if self.head.source == Source::Camt054 {
            self.parts += entry.details.len();
            self.told.push(entry);
            return false;
        }
        self.waiting.push(entry);
        self.waiting.len() >= AT_ONCE
    }

    /// Holds entries against what was read before.
    pub(super) fn look_up(&mut self, db: &Db<'_>) -> Result<(), StoreError> {
        let Some(bank) = self.bank.clone() else { return Ok(()) };
        for entry in std::mem::take(&mut self.waiting) {
            let entry = with_parts(db, &bank, entry)?;
            self.parts += entry.details.len();
            let keys = self.keys.of(&entry);
            if self.head.source == Source::Csv && self.keys.is_again(&entry) {
                let words = format!("entry {} stands twice in the file", entry.said());
                self.refuse(Refusal::new("contradicts", words));
            }
            for (detail, key) in entry.details.iter().zip(&keys) {
                let known = line::known(db, bank.id, key)?;
                if known.is_none() && self.head.source == Source::Csv {
                    self.of_one_kind(db, &bank, (entry.on, entry.on))?;
                }
                match known {
                    Some(there) if there == (entry.on, detail.minor, detail.charges) => {
                        self.known += 1;
                    }
                    Some((on, minor, _)) => {
                        let said = format!(
                            "entry {} is {} of {} here, and was read as {} of {on}",
                            entry.said(),
                            bank.currency.plain(detail.minor),
                            entry.on,
                            bank.currency.plain(minor)
                        );
                        self.refuse(Refusal::new("contradicts", said));
                    }
                    None => {
                        self.new_total = total([self.new_total, detail.minor, -detail.charges])?;
                        if detail.minor < 0 && self.is_booked() {
                            self.may_go_back(db, &bank, detail)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// A day is read from statements or from payments.csv: what both have of it cannot be told from what only
    /// one of them has.
    fn of_one_kind(
        &mut self,
        db: &Db<'_>,
        bank: &BankAccount,
        days: (NaiveDate, NaiveDate),
    ) -> Result<(), StoreError> {
        if self.refused.is_none()
            && let Some(on) = statement::of_other_kind(db, bank.id, (self.head.source, days))?
        {
            let other = match self.head.source {
                Source::Csv => "a statement",
                _ => "payments.csv",
            };
            let words = format!("{on} was read from {other}: one of the two is read of each day");
            self.refuse(Refusal::new("contradicts", words));
        }
        Ok(())
    }

    /// Of money out that names our payment: no more of it goes back than came.
    fn may_go_back(
        &mut self,
        db: &Db<'_>,
        bank: &BankAccount,
        detail: &crate::domain::bank::statement::Detail,
    ) -> Result<(), StoreError> {
        let book = InBook { db, bank, prefixes: &[] };
        let mut ours = None;
        for name in [&detail.end_to_end, &detail.reference] {
            if !name.is_empty() && ours.is_none() {
                ours = book.ours(name)?;
            }
        }
        let Some(ours) = ours else { return Ok(()) };
        let row = payment::get(db, ours.id)?;
        let before = self.returned.entry(ours.id).or_default();
        let all = total([*before, -detail.minor])?;
        *before = all;
        let most = refund::takeable(db, &row)?;
        if all > most && !matched::returned_by_hand(db, ours.id, -detail.minor)? {
            let plain = |minor| bank.currency.plain(minor);
            let words =
                format!("{} of {} would come back: {} can", plain(all), ours.id, plain(most));
            self.refuse(Refusal::new("return_above_payment", words));
        }
        Ok(())
    }

    /// At its end: sums, and that it follows what was read before.
    pub(super) fn end(&mut self, db: &Db<'_>) -> Result<(), StoreError> {
        self.look_up(db)?;
        if self.is_booked()
            && let Err(why) = self.sums.meets(self.opening, self.closing)
        {
            self.refuse(why);
        }
        self.from = self.sums.first.map_or(self.from, |day| match self.head.from {
            Some(from) => from.min(day),
            None => day,
        });
        self.to = self.sums.last.map_or(self.to, |day| match self.head.to {
            Some(to) => to.max(day),
            None => day,
        });
        if self.is_booked() && self.head.source != Source::Csv {
            self.beside_csv(db)?;
        }
        if self.refused.is_none() && self.is_booked() {
            self.follows(db)?;
        }
        Ok(())
    }

    /// It has no day that was read from payments.csv; its opening balance may be told as of such a day.
    fn beside_csv(&mut self, db: &Db<'_>) -> Result<(), StoreError> {
        let Some(bank) = self.bank.clone() else { return Ok(()) };
        let first = self.sums.first.unwrap_or(self.from);
        self.of_one_kind(db, &bank, (first, self.to))?;
        let told = (self.head.source, (self.from, first));
        if self.refused.is_none() && statement::of_other_kind(db, bank.id, told)?.is_some() {
            self.from = first;
        }
        Ok(())
    }

    /// A statement that follows one that was read, or begins as one, brings just what leads to its closing
    /// balance: the same days read in another format would be booked twice.
    fn follows(&mut self, db: &Db<'_>) -> Result<(), StoreError> {
        let (Some(bank), Some(opening), Some(closing)) = (&self.bank, self.opening, self.closing)
        else {
            return Ok(());
        };
        let before = statement::of_account(db, bank.id)?;
        if self.known > 0
            && let Some(other) = self.overlaps(db, bank.id, &before, opening)?
        {
            self.refuse(Refusal::new("contradicts", other));
            return Ok(());
        }
        let Some(first) = before.iter().find(|s| s.opening_minor.is_some()) else { return Ok(()) };
        let last = before.iter().map(|s| s.to).max();
        let meets = before.iter().any(|s| {
            s.closing_minor == Some(opening)
                || (s.opening_minor == Some(opening) && s.from == self.from)
        });
        if !meets || last.is_some_and(|last| last > self.to) {
            return Ok(());
        }
        let here = line::total_since(db, bank.id, first.from)?;
        let sum = total([first.opening_minor.unwrap_or(0), here, self.new_total])?;
        if sum != closing && statement::gaps(db, bank.id)?.is_empty() {
            let plain = |minor| bank.currency.plain(minor);
            let words = format!(
                "with what was read before, its new entries come to {}, and its closing balance is {}: \
                 the same days were read with other entries",
                plain(sum),
                plain(closing)
            );
            self.refuse(Refusal::new("contradicts", words));
        }
        Ok(())
    }

    /// A statement with entries that were read before begins at the balance that they lead to.
    fn overlaps(
        &self,
        db: &Db<'_>,
        bank: i64,
        before: &[statement::StatementRow],
        opening: i64,
    ) -> Result<Option<String>, StoreError> {
        let mut other = None;
        for one in before.iter().filter(|s| s.from <= self.to && self.from <= s.to) {
            let Some(began) = one.opening_minor else { continue };
            if one.closing_minor == Some(opening) || one.from > self.from {
                return Ok(None);
            }
            // The day of a balance is that of its entries, or the one before.
            for day in [Some(self.from), self.sums.first].into_iter().flatten() {
                let led = line::total_between(db, bank, one.from, day)?;
                if total([began, led])? == opening {
                    return Ok(None);
                }
            }
            other = Some(one.name.clone());
        }
        let words = "its opening balance is not the one that its entries have in";
        Ok(other.map(|name| format!("{words} {name}")))
    }
}

/// The bank account that a statement is of.
fn whose(
    db: &Db<'_>,
    head: &Head,
    named: Option<&BankAccount>,
) -> Result<Result<BankAccount, Refusal>, StoreError> {
    let found = match (named, head.source) {
        (Some(bank), Source::Csv) => {
            Some(bank.clone()).filter(|bank| head.account.is_empty() || head.account == bank.name)
        }
        (Some(bank), _) => Some(bank.clone()).filter(|bank| {
            head.account.is_empty()
                || bank.number.is_empty()
                || is_same(&head.account, &bank.number)
        }),
        (None, Source::Csv) => bank::named(db, &head.account)?,
        (None, _) => {
            let all = bank::all(db)?;
            let fits = |bank: &&BankAccount| {
                !bank.number.is_empty()
                    && is_same(&head.account, &bank.number)
                    && head.currency.as_deref().is_none_or(|c| c == bank.currency.code())
            };
            let any = |bank: &&BankAccount| {
                !bank.number.is_empty() && is_same(&head.account, &bank.number)
            };
            all.iter().find(fits).or_else(|| all.iter().find(any)).cloned()
        }
    };
    let Some(bank) = found else {
        if head.account.is_empty() && named.is_none() {
            let words =
                "it names no bank account: say which (--account), or add a column bank_account";
            return Ok(Err(Refusal::new("unknown_bank_account", words)));
        }
        let (code, of) = match named {
            Some(bank) => ("other_bank_account", format!(", not of {}", bank.name)),
            None => ("unknown_bank_account", ", which is no bank account of ours".to_owned()),
        };
        let said = if head.account.is_empty() { "no account" } else { &head.account };
        return Ok(Err(Refusal::new(code, format!("it is of {said}{of}"))));
    };
    match &head.currency {
        Some(code) if !code.eq_ignore_ascii_case(bank.currency.code()) => {
            let words = format!("it is in {code}, {} in {}", bank.name, bank.currency);
            Ok(Err(Refusal::new("other_currency", words)))
        }
        Some(_) | None => Ok(Ok(bank)),
    }
}

/// Whether a statement's number of an account is that of ours; MT940 may have the bank's code and the number
/// within it, parted by a slash.
fn is_same(said: &str, ours: &str) -> bool {
    let (said_key, ours_key) = (tokens::key(said), tokens::key(ours));
    if said_key == ours_key {
        return true;
    }
    match said.split_once('/') {
        Some((code, number)) => {
            let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
            let number = digits.trim_start_matches('0');
            let code = tokens::key(code);
            let rest = ours_key.split_once(code.as_str()).map(|(_, rest)| rest);
            !number.is_empty()
                && !code.is_empty()
                && rest.is_some_and(|rest| rest.trim_start_matches('0') == number)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn an_account_is_known_by_its_iban_or_by_code_and_number() {
        for (said, ours, same) in [
            ("DE02120300000000202051", "DE02120300000000202051", true),
            ("12030000/0000202051", "DE02120300000000202051", true),
            ("12030000/202051EUR", "DE02120300000000202051", true),
            ("12030000/202052", "DE02120300000000202051", false),
            ("/202051", "DE02120300000000202051", false),
            ("DE99", "DE02120300000000202051", false),
        ] {
            assert_eq!(is_same(said, ours), same, "{said}");
        }
    }
}
