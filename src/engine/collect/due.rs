//! Who is due a reminder now, and what of it waits for what.

use super::bank;
use super::fees;
use super::pick::{Methods, Mode};
use super::till;
use crate::clock::Now;
use crate::config::{Config, key, rising_days};
use crate::domain::account::{AccountTerms, version_on};
use crate::domain::banking;
use crate::domain::ids::{AccountId, DocumentId};
use crate::domain::money::Purse;
use crate::domain::payment::MethodKind;
use crate::domain::payment_run::SkipReason;
use crate::domain::reminder::{Bank, Levels, Wait};
use crate::engine::{Error, Session};
use crate::store::debt::{self, Debt};
use crate::store::reminder::{self, By, DueRow, Whose};
use crate::store::{Db, StoreError, account, payment_run};
use chrono::{DateTime, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How long a retry that was planned may be late before it is no plan any more: two banking days
/// around a weekend, ms.
const LATE_MS: i64 = 4 * 24 * 3_600_000;

/// What is due a reminder by its days and does not go yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The account's number.
    pub account: String,
    /// The invoice's.
    pub number: String,
    /// The day it waits for: until then the bank is to be read, the debit may come back, or the retry is
    /// planned. None: until something is answered or done.
    pub until: Option<NaiveDate>,
    pub wait: Wait,
    /// In words, with the remedy.
    pub why: String,
}

/// An account with what it is reminded of, each with the level it has and the one it reaches.
pub(super) struct Due {
    pub account: AccountId,
    pub debts: Vec<(Debt, u32, u32)>,
    pub waiting: Vec<Waiting>,
}

/// The levels of the settings.
pub(super) fn levels(config: &Config) -> Result<Levels, Error> {
    let text = config.get(key::REMINDER_LEVELS);
    rising_days(text).map(Levels).ok_or_else(|| {
        Error::usage(
            "bad_value",
            format!("reminder.levels: {text:?} are no rising days"),
            "such as 7,21,45",
        )
    })
}

/// The days and moments that reminders of now count by.
fn by(config: &Config, bank: Bank, now: Now) -> Result<By, Error> {
    let (levels, zone) = (levels(config)?, config.zone());
    let begins = |day: NaiveDate| zone.moment(day.and_time(NaiveTime::MIN)).timestamp_millis();
    let end = |day: &NaiveDate| begins(day.succ_opt().unwrap_or(*day));
    let settled = bank.settled();
    let returned = [MethodKind::Sepa, MethodKind::Ach].map(|kind| {
        let days = kind.returned_within().unwrap_or(0);
        (kind, banking::before(now.today, days))
    });
    Ok(By {
        today: now.today,
        due_by: levels.due_by(now.today),
        sent_before: levels.sent_by(now.today).iter().map(end).collect(),
        late_ms: now.at_ms - LATE_MS,
        settled: (settled, end(&settled)),
        returned,
    })
}

/// What of which accounts is due now, by account, and how far the bank is read.
pub(super) fn due(
    db: &Db<'_>,
    config: &Config,
    now: Now,
    of: Whose,
) -> Result<(Vec<Due>, Bank), Error> {
    let bank = bank::state(db, config)?;
    let mut rows = reminder::due(db, &by(config, bank, now)?, of)?;
    let charged = charged_next(db, config, &rows, now)?;
    for row in &mut rows {
        if charged.contains(&row.debt.document) {
            row.wait = Some(Wait::Run);
        }
    }
    let mut all: Vec<Due> = Vec::new();
    let mut owed: HashMap<(AccountId, &'static str), HashMap<DocumentId, i64>> = HashMap::new();
    for row in rows {
        let (account, currency) = (row.debt.account, row.debt.currency);
        let left = match owed.entry((account, currency.code())) {
            std::collections::hash_map::Entry::Occupied(there) => there.into_mut(),
            std::collections::hash_map::Entry::Vacant(none) => {
                none.insert(debt::owed_after_credits(db, account, currency)?.into_iter().collect())
            }
        };
        let left = left.get(&row.debt.document).copied();
        if left.is_none() && row.wait != Some(Wait::Payment) {
            continue;
        }
        if all.last().is_none_or(|last| last.account != account) {
            all.push(Due { account, debts: Vec::new(), waiting: Vec::new() });
        }
        let Some(last) = all.last_mut() else { continue };
        match (row.wait, left) {
            (None, Some(minor)) => {
                let level = row.level + 1;
                last.debts.push((Debt { balance_minor: minor, ..row.debt }, row.level, level));
            }
            (Some(wait), _) => last.waiting.push(told(db, config, bank, (&row, wait), now)?),
            (None, None) => {}
        }
    }
    Ok((all, bank))
}

/// Which of them the next payment run charges, of those where that has to be judged: never tried, or by
/// another method than the one that failed. What failed is a retry, and waits as one.
fn charged_next(
    db: &Db<'_>,
    config: &Config,
    rows: &[DueRow],
    now: Now,
) -> Result<HashSet<DocumentId>, Error> {
    let asked = |row: &&DueRow| row.ask && matches!(row.wait, None | Some(Wait::Bank));
    let asked: Vec<DocumentId> = rows.iter().filter(asked).map(|row| row.debt.document).collect();
    let mut charged = HashSet::new();
    if asked.is_empty() {
        return Ok(charged);
    }
    let rules = till::rules(config)?;
    for some in asked.chunks(100) {
        let debts = payment_run::debts(db, some.iter().copied(), now.today)?;
        let accounts = debts.values().map(|(candidate, _)| candidate.account);
        let methods = Methods::of(db, Mode::default(), accounts, now)?;
        for (document, (candidate, _)) in &debts {
            let next = match methods.judge(&rules, Mode::default(), candidate, "", now) {
                Ok(method) => {
                    candidate.failed_at_ms.is_none_or(|at| method.state.changed_at_ms > at)
                }
                Err(reason) => reason == SkipReason::Announced,
            };
            if next {
                charged.insert(*document);
            }
        }
    }
    Ok(charged)
}

/// What one waits for, in words.
fn told(
    db: &Db<'_>,
    config: &Config,
    bank: Bank,
    (row, wait): (&DueRow, Wait),
    now: Now,
) -> Result<Waiting, StoreError> {
    let zone = config.zone();
    let day = |ms: i64| {
        DateTime::from_timestamp_millis(ms).map(|at| at.with_timezone(&zone).date_naive())
    };
    let account = &row.debt.account_number;
    let (until, why) = match wait {
        Wait::Payment => {
            let why = "a payment of it is on its way: its answer comes first".to_owned();
            (None, why)
        }
        Wait::Retry => {
            let on = row.debt.next_retry_at.and_then(day);
            (on, "its payment is tried again: daybook retry --due".to_owned())
        }
        Wait::Window => {
            let until = reminder::window(db, row.debt.document)?
                .and_then(|(on, kind)| Some(banking::after(on, kind.returned_within()?)));
            (until, "the bank may still send a debit of it back".to_owned())
        }
        Wait::Run => {
            let why = format!(
                "the next payment run charges it: daybook collect --target {} --account {account}, \
                 or daybook payment auto-pay {} off",
                now.today, row.debt.number
            );
            (None, why)
        }
        Wait::Bank => {
            let sent = row.sent_at.filter(|_| row.level > 0).and_then(day);
            let due = [sent, row.debt.promised_on].into_iter().flatten();
            let needed = Bank::needed(due.fold(row.since, NaiveDate::max));
            let read = match bank {
                Bank::Through(on) => format!("the bank is read until {on} only"),
                Bank::Nobody | Bank::Unread => "the bank is not read yet".to_owned(),
            };
            (Some(needed), format!("{read}: daybook bank read-until {needed}"))
        }
    };
    Ok(Waiting { account: account.clone(), number: row.debt.number.clone(), until, wait, why })
}

/// That nobody said how far the bank is read, in words; empty where the book reads it.
pub(super) fn nobody_said(bank: Bank) -> &'static str {
    match bank {
        Bank::Nobody => {
            "nobody said until when the bank is read: what came since is asked for again \
             (daybook bank read-until DATE)"
        }
        Bank::Unread | Bank::Through(_) => "",
    }
}

/// The terms of an account that hold.
pub(super) fn terms(
    db: &Db<'_>,
    id: AccountId,
    today: NaiveDate,
) -> Result<AccountTerms, StoreError> {
    let versions = account::versions(db, id)?;
    version_on(&versions, today)
        .map(|v| v.terms.clone())
        .ok_or_else(|| StoreError::Corrupt(format!("account {} has no version", id.0)))
}

/// Why nobody can be written to.
pub(super) enum Unreachable {
    NoAddress,
    /// The last reminder came back, and nobody has looked after it.
    CameBack,
}

pub(super) fn unreachable(
    db: &Db<'_>,
    account: AccountId,
    terms: &AccountTerms,
    today: NaiveDate,
) -> Result<Option<Unreachable>, StoreError> {
    Ok(if terms.emails.is_empty() {
        Some(Unreachable::NoAddress)
    } else if reminder::came_back(db, account, today)? {
        Some(Unreachable::CameBack)
    } else {
        None
    })
}

/// How many reminders would go out now, and what is to be said beside it.
pub fn count(db: &Db<'_>, config: &Config, now: Now) -> Result<(usize, String), Error> {
    let bank = bank::state(db, config)?;
    let by = by(config, bank, now)?;
    let mut count = usize::try_from(reminder::count(db, &by)?).unwrap_or(0);
    for one in due(db, config, now, Whose::Doubtful)?.0 {
        let terms = terms(db, one.account, now.today)?;
        let goes =
            !one.debts.is_empty() && unreachable(db, one.account, &terms, now.today)?.is_none();
        count += usize::from(goes);
    }
    let said = match bank {
        Bank::Nobody if count > 0 => "bank unread?".to_owned(),
        Bank::Nobody => String::new(),
        Bank::Unread | Bank::Through(_) => match reminder::waiting_for_bank(db, &by)? {
            0 => String::new(),
            waiting => format!("the bank is to be read for {waiting} more"),
        },
    };
    Ok((count, said))
}

/// What sending the reminders that are due would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemindersAhead {
    /// By level, rising; a reminder counts by the highest level in it.
    pub levels: Vec<(u32, Owing)>,
    /// Accounts that are due one and have no address.
    pub no_address: i64,
    /// Accounts whose last one came back.
    pub came_back: i64,
    /// Invoices that wait, by why, each with the latest day that one waits for.
    pub waiting: Vec<(Wait, i64, Option<NaiveDate>)>,
    /// That nobody said how far the bank is read.
    pub bank: &'static str,
    /// Damages for late payment that they claim.
    pub fees: Purse,
    /// What is not claimed, and why.
    pub doubts: Vec<String>,
}

/// Reminders of one level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owing {
    /// How many go out.
    pub reminders: i64,
    /// Invoices in them.
    pub invoices: i64,
    /// What these leave owing, minor units.
    pub money: Purse,
}

/// Counts what reminding would send.
pub fn ahead(session: &Session) -> Result<RemindersAhead, Error> {
    let (config, now) = (session.config()?, session.now()?);
    session.store.read(|db| {
        let (all, bank) = due(db, &config, now, Whose::All)?;
        let mut ahead = RemindersAhead { bank: nobody_said(bank), ..RemindersAhead::default() };
        let mut by: BTreeMap<u32, Owing> = BTreeMap::new();
        let mut waiting: BTreeMap<Wait, (i64, Option<NaiveDate>)> = BTreeMap::new();
        for one in all {
            for wait in &one.waiting {
                let sum = waiting.entry(wait.wait).or_default();
                *sum = (sum.0 + 1, sum.1.max(wait.until));
            }
            if one.debts.is_empty() {
                continue;
            }
            let terms = terms(db, one.account, now.today)?;
            match unreachable(db, one.account, &terms, now.today)? {
                Some(Unreachable::NoAddress) => ahead.no_address += 1,
                Some(Unreachable::CameBack) => ahead.came_back += 1,
                None => {
                    let level = one.debts.iter().map(|(_, _, level)| *level).max().unwrap_or(0);
                    let owing = by.entry(level).or_default();
                    owing.reminders += 1;
                    let fees = fees::of(db, &config, now, (&terms, &one.debts))?;
                    for money in fees.money() {
                        ahead.fees.add(money)?;
                    }
                    ahead.doubts.extend(fees.doubts);
                    for (debt, _, _) in &one.debts {
                        owing.invoices += 1;
                        owing.money.add(debt.currency.amount(debt.balance_minor))?;
                    }
                }
            }
        }
        ahead.levels = by.into_iter().collect();
        ahead.waiting = waiting.into_iter().map(|(why, (n, until))| (why, n, until)).collect();
        Ok(ahead)
    })
}
