//! What a payment run would do, worked out by the rules it picks and charges by.

use super::pick::{self, Methods, Mode, PAGE, Taken};
use crate::clock::Now;
use crate::domain::ids::AccountId;
use crate::domain::money::{MoneyError, Purse};
use crate::domain::payment_run::SkipReason;
use crate::domain::retry::RetryRules;
use crate::engine::collect::till;
use crate::engine::command::NewPaymentRun;
use crate::engine::{Error, Session};
use crate::store::payment_run::{self, Open, PickFilter};
use crate::store::{Db, StoreError, collectible, debt};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a run would do, without doing it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DryRun {
    /// Invoices it would charge.
    pub picked: usize,
    /// Invoices it would leave out, by reason; those that credits settle count as settled.
    pub skipped: BTreeMap<SkipReason, i64>,
    /// What the gateway would be asked for, minor units.
    pub totals: Purse,
    /// Credits it would use first, minor units.
    pub credits: Purse,
}

/// Works a run out and writes nothing.
pub fn dry_run(session: &Session, new: &NewPaymentRun) -> Result<DryRun, Error> {
    let (rules, now) = (till::rules(&session.config()?)?, session.now()?);
    session.store.read(|db| {
        let filter = pick::filter_of(db, new)?;
        Ok(work_out(db, &rules, new, &filter, now)?)
    })
}

/// What a run of all that is due today would charge, and what credits would settle; nothing else is
/// counted as skipped. What is certain is kept ([`collectible`]), the rest is judged as the run would.
pub fn of_today(db: &Db<'_>, rules: &RetryRules, now: Now) -> Result<DryRun, StoreError> {
    let Some((all, judged_below)) = collectible::certain(db, now.today)? else {
        return one_by_one(db, rules, now);
    };
    let new = NewPaymentRun { target_on: now.today, ..NewPaymentRun::default() };
    let certain = usize::try_from(all.count - judged_below.count).unwrap_or(0);
    let mut sum = DryRun { picked: certain, totals: all.money, ..DryRun::default() };
    for money in &judged_below.money {
        sum.totals.add(money.negated()?)?;
    }
    let mut credits = Credits { rich: debt::accounts_in_credit(db)?, left: HashMap::new() };
    collectible::doubtful(db, now, |open| {
        let methods = methods_of(db, std::slice::from_ref(&open), now)?;
        sum.judge(db, (rules, &methods), &new, &open, &mut credits, now)
    })?;
    Ok(sum)
}

/// The same without what is kept: every open document is judged.
pub fn one_by_one(db: &Db<'_>, rules: &RetryRules, now: Now) -> Result<DryRun, StoreError> {
    let new = NewPaymentRun { target_on: now.today, ..NewPaymentRun::default() };
    work_out(db, rules, &new, &PickFilter::default(), now)
}

fn work_out(
    db: &Db<'_>,
    rules: &RetryRules,
    new: &NewPaymentRun,
    filter: &PickFilter,
    now: Now,
) -> Result<DryRun, StoreError> {
    let mut sum = DryRun::default();
    let mut credits = Credits { rich: debt::accounts_in_credit(db)?, left: HashMap::new() };
    let mut after = pick::beginning();
    loop {
        let page = payment_run::candidates(db, filter, new.target_on, now.today, after, PAGE)?;
        if page.not_auto > 0 {
            *sum.skipped.entry(SkipReason::AccountNotAuto).or_default() += page.not_auto;
        }
        let methods = methods_of(db, &page.open, now)?;
        for open in page.open {
            sum.judge(db, (rules, &methods), new, &open, &mut credits, now)?;
        }
        match page.next {
            Some(next) => after = next,
            None => return Ok(sum),
        }
    }
}

fn methods_of(db: &Db<'_>, open: &[Open], now: Now) -> Result<Methods, StoreError> {
    Methods::of(db, Mode::default(), open.iter().map(|one| one.candidate.account), now)
}

/// What accounts have left to use, as the run goes on.
struct Credits {
    rich: HashSet<AccountId>,
    left: HashMap<(AccountId, &'static str), i64>,
}

impl Credits {
    fn of(&mut self, db: &Db<'_>, open: &Open) -> Result<&mut i64, StoreError> {
        let account = open.candidate.account;
        let key = (account, open.currency.code());
        if !self.left.contains_key(&key) {
            let rich = self.rich.contains(&account);
            let left = if rich { debt::credit_left(db, account, open.currency)? } else { 0 };
            self.left.insert(key, left);
        }
        Ok(self.left.entry(key).or_default())
    }
}

impl DryRun {
    fn judge(
        &mut self,
        db: &Db<'_>,
        (rules, methods): (&RetryRules, &Methods),
        new: &NewPaymentRun,
        open: &Open,
        credits: &mut Credits,
        now: Now,
    ) -> Result<(), StoreError> {
        let left = credits.of(db, open)?;
        match pick::taken(methods, rules, new, open, || Ok(*left), now)? {
            Err(reason) => *self.skipped.entry(reason).or_default() += 1,
            Ok(what) => self.take(open, what, left)?,
        }
        Ok(())
    }

    fn take(&mut self, open: &Open, what: Taken, left: &mut i64) -> Result<(), MoneyError> {
        let (currency, owed) = (open.currency, open.candidate.balance_minor);
        let used = owed.min(*left).max(0);
        *left -= used;
        if used > 0 {
            self.credits.add(currency.amount(used))?;
        }
        if used == owed {
            *self.skipped.entry(SkipReason::Settled).or_default() += 1;
            return Ok(());
        }
        match what {
            Taken::Credit(reason) => *self.skipped.entry(reason).or_default() += 1,
            Taken::Charge => {
                self.picked += 1;
                self.totals.add(currency.amount(owed - used))?;
            }
        }
        Ok(())
    }
}
