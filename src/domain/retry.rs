//! When a declined payment is tried again, with which method, and when to stop.
//!
//! The rules are data (settings `retry.*`). What they may not overrule: a hard decline never goes
//! to the same method again, an unknown outcome is looked up and never retried, and the networks'
//! limits hold: Visa charges for more than 15 tries in 30 days, Mastercard for more than 10 in 24
//! hours and 35 in 30 days (<https://developers.tabapay.com/docs/excessive-retry-rules>,
//! <https://www.payway.com/visa-excessive-reattempts-rule-fees>). The networks count by their own
//! rules and change them, so the settings hold cautious defaults: every try of a method counts.

use super::ids::MethodId;
use super::payment::{DeclineClass, NextAction};
use super::payment_method::{MethodState, Network};
use crate::zone::Zone;
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use std::collections::BTreeMap;

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;
/// The longest time over which the networks count tries, ms.
pub const BUDGET_WINDOW_MS: i64 = 30 * DAY;
/// Milliseconds of 24 hours.
const DAY: i64 = 24 * HOUR;

/// So many tries of a method in so many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub tries: u32,
    /// Counted over this time, ms.
    pub window_ms: i64,
}

/// How long to wait before the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// So many hours.
    Hours(u32),
    /// So many days of 24 hours.
    Days(u32),
    /// So many civil days, then at an hour of that day in the book's zone.
    DaysAt {
        /// Days on.
        days: u32,
        /// Hour 0–23.
        hour: u32,
    },
}

/// A list of waits that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a wait: write Nh, Nd or Nd@HH, separated by commas, such as 24h,3d@09,5d@09")]
pub struct WaitError(pub String);

/// Reads `24h,3d,5d@09`; an empty text is an empty list (no retry at all).
pub fn parse_waits(text: &str) -> Result<Vec<Wait>, WaitError> {
    text.split(',').map(str::trim).filter(|w| !w.is_empty()).map(parse_wait).collect()
}

fn parse_wait(word: &str) -> Result<Wait, WaitError> {
    let bad = || WaitError(word.to_owned());
    let number = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|n| plain && *n <= 1000).ok_or_else(bad)
    };
    if let Some(hours) = word.strip_suffix('h') {
        return Ok(Wait::Hours(number(hours)?));
    }
    match word.split_once("d@") {
        Some((days, hour)) => {
            let (days, hour) = (number(days)?, number(hour)?);
            if hour > 23 { Err(bad()) } else { Ok(Wait::DaysAt { days, hour }) }
        }
        None => number(word.strip_suffix('d').ok_or_else(bad)?).map(Wait::Days),
    }
}

/// The rules of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryRules {
    /// Wait after the first, second, … soft decline in a row; the list's end gives up.
    pub soft: Vec<Wait>,
    /// The same after failures of the gateway.
    pub system: Vec<Wait>,
    /// The same after codes that no table knows.
    pub unknown: Vec<Wait>,
    /// Failures in a row before a method is left alone.
    pub max_failures: u32,
    /// Least hours between two tries of one invoice.
    pub min_gap_hours: u32,
    /// Whether the next method by priority takes over.
    pub fallback: bool,
    /// Tries of one Visa card in 30 days.
    pub visa_30_days: u32,
    /// Tries of one Mastercard in 24 hours.
    pub mastercard_24_hours: u32,
    /// Tries of one Mastercard in 30 days.
    pub mastercard_30_days: u32,
    /// The book's zone, for hours of the day.
    pub zone: Zone,
}

impl RetryRules {
    /// The longest that a rule lets an invoice wait.
    pub fn longest_hours(&self) -> i64 {
        let all = self.soft.iter().chain(&self.system).chain(&self.unknown);
        let hours = all.map(|wait| match wait {
            Wait::Hours(hours) => i64::from(*hours),
            Wait::Days(days) => i64::from(*days) * 24,
            Wait::DaysAt { days, .. } => (i64::from(*days) + 1) * 24,
        });
        hours.max().unwrap_or(0).max(i64::from(self.min_gap_hours))
    }

    /// How often a card of this network may be tried; nothing = no limit.
    fn budgets(&self, network: Network) -> Vec<Budget> {
        let of = |tries, window_ms| Budget { tries, window_ms };
        match network {
            Network::Visa => vec![of(self.visa_30_days, BUDGET_WINDOW_MS)],
            Network::Mastercard => vec![
                of(self.mastercard_24_hours, DAY),
                of(self.mastercard_30_days, BUDGET_WINDOW_MS),
            ],
            Network::Other => Vec::new(),
        }
    }

    /// Tries left for a method at a moment, by the tightest limit; none = no limit.
    pub fn budget_left(&self, method: &MethodState, at_ms: i64) -> Option<u32> {
        let left = |budget: &Budget| {
            let inside = |t: &&i64| **t > at_ms - budget.window_ms;
            budget.tries.saturating_sub(method.tries_at_ms.iter().filter(inside).count() as u32)
        };
        self.budgets(method.network).iter().map(left).min()
    }

    fn waits(&self, class: DeclineClass) -> &[Wait] {
        match class {
            DeclineClass::Soft => &self.soft,
            DeclineClass::System => &self.system,
            DeclineClass::Unknown => &self.unknown,
            DeclineClass::Hard => &[],
        }
    }

    /// When the wait after failure `attempt` (from 1) of a class ends; none = the rules stop.
    fn due_at(&self, class: DeclineClass, attempt: u32, failed_at_ms: i64) -> Option<i64> {
        let nth = usize::try_from(attempt.max(1) - 1).ok()?;
        let wait = *self.waits(class).get(nth)?;
        let at = match wait {
            Wait::Hours(hours) => failed_at_ms + i64::from(hours) * HOUR,
            Wait::Days(days) => failed_at_ms + i64::from(days) * 24 * HOUR,
            Wait::DaysAt { days, hour } => {
                let day = local(failed_at_ms, self.zone).date() + Duration::days(i64::from(days));
                let at = moment(day, hour, self.zone);
                // "Today at nine" said at ten means tomorrow.
                if at <= failed_at_ms {
                    moment(day + Duration::days(1), hour, self.zone)
                } else {
                    at
                }
            }
        };
        Some(at.max(failed_at_ms + i64::from(self.min_gap_hours) * HOUR))
    }
}

/// The declined payment that asks for its next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// What the decline said.
    pub class: DeclineClass,
    /// What its code asks for when it is hard.
    pub action: NextAction,
    /// When it came, UTC ms.
    pub at_ms: i64,
    /// The method that was charged.
    pub method: MethodId,
    /// How many failures in a row this invoice has had on that method, from 1.
    pub attempt: u32,
    /// When the (oldest) invoice is due: never tried again before that.
    pub due_on: NaiveDate,
}

/// What happens next by the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// A new payment with a new key.
    Retry {
        /// Not before, UTC ms.
        at_ms: i64,
        /// With this method.
        method: MethodId,
    },
    /// Nothing by itself: a person is needed.
    Stop {
        /// For what.
        action: NextAction,
        /// Why, in words.
        why: &'static str,
    },
}

/// Decides the next step of a declined payment. `methods` are all of the account's.
pub fn next_step(
    rules: &RetryRules,
    failed: &Failed,
    methods: &[MethodState],
    today: NaiveDate,
) -> NextStep {
    let due = moment(failed.due_on, 0, rules.zone);
    let own = methods.iter().find(|m| m.id == failed.method);
    let stopped = match own {
        None => (NextAction::NewMethod, "the method is gone"),
        Some(_) if failed.class == DeclineClass::Hard => {
            let action = match failed.action {
                NextAction::AskMandate => NextAction::AskMandate,
                NextAction::AskCustomer => NextAction::AskCustomer,
                NextAction::NewMethod
                | NextAction::RetryLater
                | NextAction::LookUp
                | NextAction::GaveUp => NextAction::NewMethod,
            };
            (action, "the bank declined for good")
        }
        Some(method) => match method.unusable(today, rules.max_failures) {
            Some(super::payment_method::Unusable::Worn) => {
                (NextAction::GaveUp, "the method failed too often in a row")
            }
            Some(
                super::payment_method::Unusable::Closed
                | super::payment_method::Unusable::Expired
                | super::payment_method::Unusable::Hard,
            ) => (NextAction::NewMethod, "the method can no longer be charged"),
            None => match rules.due_at(failed.class, failed.attempt, failed.at_ms) {
                Some(at) => {
                    let at_ms = within_budget(rules, method, at.max(due));
                    return NextStep::Retry { at_ms, method: method.id };
                }
                None => (NextAction::GaveUp, "the attempts of the rule are used up"),
            },
        },
    };
    if rules.fallback
        && let Some(other) = methods
            .iter()
            .filter(|m| m.id != failed.method)
            .filter(|m| m.unusable(today, rules.max_failures).is_none())
            .min_by_key(|m| (m.priority, m.id))
    {
        let gap = failed.at_ms + i64::from(rules.min_gap_hours) * HOUR;
        let at_ms = within_budget(rules, other, gap.max(due));
        return NextStep::Retry { at_ms, method: other.id };
    }
    NextStep::Stop { action: stopped.0, why: stopped.1 }
}

/// The first moment from `at_ms` on at which the network's limits leave room for one more try.
fn within_budget(rules: &RetryRules, method: &MethodState, at_ms: i64) -> i64 {
    let mut at = at_ms;
    // Room in the longer time may lie where the shorter has none: until none moves it.
    loop {
        let next = rules.budgets(method.network).iter().fold(at, |at, b| room(method, *b, at));
        if next == at {
            return at;
        }
        at = next;
    }
}

/// The first moment from `at_ms` on at which one limit leaves room.
fn room(method: &MethodState, budget: Budget, at_ms: i64) -> i64 {
    let limit = usize::try_from(budget.tries).unwrap_or(usize::MAX);
    let mut inside: Vec<i64> =
        method.tries_at_ms.iter().copied().filter(|t| *t > at_ms - budget.window_ms).collect();
    inside.sort_unstable();
    if inside.len() < limit || limit == 0 {
        return at_ms;
    }
    // Room comes when the oldest of the last `limit` tries leaves the window.
    inside.get(inside.len() - limit).map_or(at_ms, |oldest| at_ms.max(oldest + budget.window_ms))
}

fn local(at_ms: i64, zone: Zone) -> NaiveDateTime {
    DateTime::<Utc>::from_timestamp_millis(at_ms)
        .unwrap_or_default()
        .with_timezone(&zone)
        .naive_local()
}

/// A civil hour as UTC ms; one that daylight saving skips is the first moment after it.
fn moment(day: NaiveDate, hour: u32, zone: Zone) -> i64 {
    let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    zone.moment(day.and_time(time)).timestamp_millis()
}

/// One try of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastTry {
    /// When, UTC ms.
    pub at_ms: i64,
    /// How it was declined; none = it went through.
    pub declined: Option<DeclineClass>,
}

/// All tries of one invoice on one method, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastChain {
    pub method: MethodId,
    /// Whose limits count.
    pub network: Network,
    /// What was to be collected, minor units.
    pub amount_minor: i64,
    pub tries: Vec<PastTry>,
}

/// What other rules would have done with the failures of the past.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WhatIf {
    /// Chains that began with a failure.
    pub chains: usize,
    /// Tries that were really made in them.
    pub tries_made: usize,
    /// Tries that the rules would have made.
    pub tries_by_rule: usize,
    /// Chains that really ended in money.
    pub recovered: usize,
    /// Chains in which the rules would have tried at or after the moment money came.
    pub recovered_by_rule: usize,
    /// Chains that the rules give up.
    pub given_up: usize,
    /// Chains still waiting for a try.
    pub waiting: usize,
    /// Most tries of one method in 30 days, by network.
    pub most_in_30_days: BTreeMap<Network, usize>,
    /// Methods that would go over their network's limit.
    pub over_budget: usize,
}

/// Replays chains against rules. A try at a moment at which the customer had already been able to
/// pay (a success of the past) goes through; any other fails as the last one before it did. What
/// it says is only as good as that guess, and it never says that a rule would have done better
/// than the customer's own money.
pub fn what_if(rules: &RetryRules, chains: &[PastChain], now_ms: i64) -> WhatIf {
    let mut sum = WhatIf::default();
    let mut by_method: BTreeMap<(Network, MethodId), Vec<i64>> = BTreeMap::new();
    for chain in chains {
        let Some(first) = chain.tries.first().filter(|t| t.declined.is_some()) else { continue };
        sum.chains += 1;
        sum.tries_made += chain.tries.len();
        let paid_at = chain.tries.iter().find(|t| t.declined.is_none()).map(|t| t.at_ms);
        sum.recovered += usize::from(paid_at.is_some());
        let tries = by_method.entry((chain.network, chain.method)).or_default();
        let (mut at, mut attempt) = (first.at_ms, 0);
        loop {
            tries.push(at);
            sum.tries_by_rule += 1;
            if paid_at.is_some_and(|paid| paid <= at) {
                sum.recovered_by_rule += 1;
                break;
            }
            attempt += 1;
            let class = chain
                .tries
                .iter()
                .take_while(|t| t.at_ms <= at)
                .filter_map(|t| t.declined)
                .last()
                .unwrap_or(DeclineClass::Unknown);
            let next = rules.due_at(class, attempt, at).filter(|_| attempt < rules.max_failures);
            match next {
                None => {
                    sum.given_up += 1;
                    break;
                }
                Some(next) if next > now_ms => {
                    sum.waiting += 1;
                    break;
                }
                Some(next) => at = next.max(at + 1),
            }
        }
    }
    for ((network, _), mut tries) in by_method {
        tries.sort_unstable();
        let most = most_in_window(&tries, BUDGET_WINDOW_MS);
        let entry = sum.most_in_30_days.entry(network).or_default();
        *entry = (*entry).max(most);
        let beyond = |b: &Budget| most_in_window(&tries, b.window_ms) > b.tries as usize;
        let over = rules.budgets(network).iter().any(beyond);
        sum.over_budget += usize::from(over);
    }
    sum
}

fn most_in_window(sorted: &[i64], window_ms: i64) -> usize {
    let mut from = 0;
    let mut most = 0;
    for (upto, at) in sorted.iter().enumerate() {
        while sorted.get(from).is_some_and(|t| *t <= at - window_ms) {
            from += 1;
        }
        most = most.max(upto + 1 - from);
    }
    most
}

#[cfg(test)]
mod tests;
