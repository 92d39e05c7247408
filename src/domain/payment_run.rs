//! One pass over what is due: who is charged, who is left out and why, which credits come first,
//! and when an unanswered payment is asked about.

use super::ids::{AccountId, DocumentId, MethodId};
use super::payment::PaymentStatus;
use super::payment_method::{MethodState, Unusable, first_usable};
use super::stop::StopKind;
use super::text::grouped;
use chrono::NaiveDate;

text_enum! {
    /// Why a payment run leaves an invoice out. The words are the keys of its summary.
    SkipReason {
        /// Money may still move: another payment of it is on its way.
        Live = "live_payment",
        /// An outcome nobody knows: looked up, never charged again.
        Unknown = "unknown_outcome",
        /// Its next try is later.
        RetryLater = "retry_later",
        /// The retry rules have given it up.
        GaveUp = "gave_up",
        /// The bank said never again, and no other method is charged by itself.
        HardDecline = "hard_decline",
        /// No method that may be charged.
        NoMethod = "no_method",
        /// Auto-pay is off for the account.
        AccountNotAuto = "auto_pay_off",
        /// Auto-pay is off for this invoice.
        InvoiceNotAuto = "auto_pay_off_invoice",
        /// The customer promised to pay.
        Promised = "promised",
        /// It is paid in instalments.
        Instalments = "instalments",
        /// The customer disputes it.
        Disputed = "disputed",
        /// A collection agency has the account.
        WithAgency = "with_agency",
        /// The account is insolvent.
        Insolvent = "insolvent",
        /// The customer has died.
        Deceased = "deceased",
        /// The bank took an earlier payment of it back.
        Returned = "returned_or_charged_back",
        /// Credits or somebody else's payment settled it in the meantime.
        Settled = "settled_meanwhile",
        /// Its bill run did not finish in time.
        BillRunOpen = "bill_run_open",
        /// The run was stopped before it came to it.
        Stopped = "stopped",
        /// The gateway could not be reached, several times; nothing was sent.
        Unreachable = "gateway_unreachable",
        /// Its debit was announced to the customer for its due day.
        Announced = "announced_for_later",
        /// One more try would go over the network's limit of 30 days.
        Budget = "network_limit",
    }
}

impl SkipReason {
    /// Whether it is only the method that may not be asked: credits of the account are used on the
    /// invoice all the same.
    pub fn takes_credit(self) -> bool {
        match self {
            Self::RetryLater
            | Self::GaveUp
            | Self::HardDecline
            | Self::NoMethod
            | Self::Returned
            | Self::Unreachable
            | Self::Announced
            | Self::Budget => true,
            Self::Live
            | Self::Unknown
            | Self::AccountNotAuto
            | Self::InvoiceNotAuto
            | Self::Promised
            | Self::Instalments
            | Self::Disputed
            | Self::WithAgency
            | Self::Insolvent
            | Self::Deceased
            | Self::Settled
            | Self::BillRunOpen
            | Self::Stopped => false,
        }
    }

    /// Why, in words for a count of many: what is about the method is said so, since it keeps back
    /// invoices of which no payment ever failed.
    pub fn told(self) -> String {
        match self {
            Self::GaveUp => "given up, or their method failed too often".to_owned(),
            Self::HardDecline => "whose method was declined for good".to_owned(),
            Self::Instalments => "paid in instalments".to_owned(),
            other => other.as_str().replace('_', " "),
        }
    }

    /// Why, in words with the remedy, for somebody who asked for this one invoice.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Live => "a payment of it is on its way: wait for its answer",
            Self::Unknown => "its outcome is unknown: look it up first",
            Self::RetryLater => "its next try is later",
            Self::GaveUp => "its method failed too often in a row: reset it or choose another",
            Self::HardDecline => "the bank declined its method for good: put another method first",
            Self::NoMethod => {
                "the account has no method that may be charged, or another comes first"
            }
            Self::AccountNotAuto => "auto-pay is off for the account",
            Self::InvoiceNotAuto => "auto-pay is off for the invoice",
            Self::Promised => "the customer promised to pay: end the promise first",
            Self::Instalments => "it is paid in instalments: end the plan first",
            Self::Disputed => "the customer disputes it: end the dispute first",
            Self::WithAgency => "a collection agency has the account: take it back first",
            Self::Insolvent => "the account is insolvent: nothing of it is collected",
            Self::Deceased => "the customer has died: nothing of it is collected",
            Self::Returned => "its money went back: a person decides",
            Self::Settled => "nothing is owed on it any more",
            Self::BillRunOpen => "its bill run is not posted",
            Self::Stopped => "the run was stopped",
            Self::Unreachable => "the gateway cannot be reached",
            Self::Announced => "its debit was announced for its due day: not before",
            Self::Budget => "one more try would go over the network's limit of 30 days",
        }
    }
}

/// What became of the invoices that a run picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts {
    /// Their payment was approved.
    pub paid: i64,
    /// The bank has their payment and has not answered.
    pub at_the_bank: i64,
    /// Their payment was declined.
    pub declined: i64,
    /// Nobody knows what became of their payment.
    pub unknown: i64,
    /// Not asked for yet, or the answer is not recorded.
    pub to_go: i64,
}

impl Parts {
    /// In words: `150 paid, 40 at the bank, 3 declined`.
    pub fn words(&self) -> String {
        let all = [
            (self.paid, "paid"),
            (self.at_the_bank, "at the bank"),
            (self.declined, "declined"),
            (self.unknown, "unknown"),
            (self.to_go, "to go"),
        ];
        let said: Vec<String> = all
            .iter()
            .filter(|(n, _)| *n != 0)
            .map(|(n, what)| format!("{} {what}", grouped(*n)))
            .collect();
        if said.is_empty() { "nobody was asked".to_owned() } else { said.join(", ") }
    }
}

/// An invoice that is due, with what a run must know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The invoice or debit memo.
    pub document: DocumentId,
    /// Its account.
    pub account: AccountId,
    /// What is owed, minor units.
    pub balance_minor: i64,
    /// When it is due.
    pub due_on: NaiveDate,
    /// Auto-pay of the account.
    pub account_auto_pay: bool,
    /// Auto-pay switched off for this invoice.
    pub auto_pay_off: bool,
    /// A payment of it that is not over, if any.
    pub live: Option<PaymentStatus>,
    /// Promised for a day that has not gone by.
    pub promised: bool,
    /// Paid in instalments of which the last is not over.
    pub instalments: bool,
    /// Disputed by the customer.
    pub disputed: bool,
    /// A collection agency has the account.
    pub with_agency: bool,
    /// Nothing of the account is collected, for this reason.
    pub stopped: Option<StopKind>,
    /// An earlier payment of it came back, and not for a reason that may pass (lack of funds).
    pub returned: bool,
    /// Earliest next try by the rules, UTC ms.
    pub next_retry_at_ms: Option<i64>,
    /// The rules have given up.
    pub given_up: bool,
    /// When its last payment failed, UTC ms.
    pub failed_at_ms: Option<i64>,
}

/// Decides whether an invoice is charged, and with which method.
pub fn judge(
    candidate: &Candidate,
    methods: &[MethodState],
    max_failures: u32,
    now_ms: i64,
    today: NaiveDate,
) -> Result<MethodId, SkipReason> {
    match candidate.live {
        Some(PaymentStatus::Unknown) => return Err(SkipReason::Unknown),
        Some(
            PaymentStatus::Processing
            | PaymentStatus::Submitted
            | PaymentStatus::Approved
            | PaymentStatus::Declined
            | PaymentStatus::Canceled,
        ) => return Err(SkipReason::Live),
        None => {}
    }
    let rules = [
        (candidate.balance_minor <= 0, SkipReason::Settled),
        (!candidate.account_auto_pay, SkipReason::AccountNotAuto),
        (candidate.auto_pay_off, SkipReason::InvoiceNotAuto),
        (candidate.stopped == Some(StopKind::Insolvent), SkipReason::Insolvent),
        (candidate.stopped == Some(StopKind::Deceased), SkipReason::Deceased),
        (candidate.with_agency, SkipReason::WithAgency),
        (candidate.disputed, SkipReason::Disputed),
        (candidate.instalments, SkipReason::Instalments),
        (candidate.promised, SkipReason::Promised),
    ];
    if let Some((_, reason)) = rules.iter().find(|(hit, _)| *hit) {
        return Err(*reason);
    }
    let Some(method) = first_usable(methods, today, max_failures) else {
        return Err(no_usable(methods, today, max_failures));
    };
    // A method that was changed (or put first) after the last failure starts anew at once.
    let renewed = candidate.failed_at_ms.is_some_and(|at| method.changed_at_ms > at);
    if candidate.returned && !renewed {
        return Err(SkipReason::Returned);
    }
    if candidate.given_up && !renewed {
        return Err(SkipReason::GaveUp);
    }
    if candidate.next_retry_at_ms.is_some_and(|at| at > now_ms) && !renewed {
        return Err(SkipReason::RetryLater);
    }
    Ok(method.id)
}

/// Whether an invoice may be charged by a request that is sent again, or why not in words. It is the
/// payment on its way itself, so that it being there is no reason; the rules of time are not asked.
pub fn judge_again(
    candidate: &Candidate,
    amount_minor: i64,
    ended: bool,
) -> Result<(), &'static str> {
    let rules = [
        (ended, "it was reversed or written off"),
        (candidate.balance_minor < amount_minor, "less is owed than was asked for"),
        (!candidate.account_auto_pay, "auto-pay is off for the account"),
        (candidate.auto_pay_off, "auto-pay is off for it"),
        (candidate.stopped == Some(StopKind::Insolvent), "the account is insolvent"),
        (candidate.stopped == Some(StopKind::Deceased), "the customer has died"),
        (candidate.with_agency, "a collection agency has the account"),
        (candidate.disputed, "the customer disputes it"),
        (candidate.promised, "the customer promised to pay"),
    ];
    match rules.iter().find(|(hit, _)| *hit) {
        Some((_, why)) => Err(why),
        None => Ok(()),
    }
}

fn no_usable(methods: &[MethodState], today: NaiveDate, max_failures: u32) -> SkipReason {
    let has = |why| methods.iter().any(|m| m.unusable(today, max_failures) == Some(why));
    if has(Unusable::Hard) {
        SkipReason::HardDecline
    } else if has(Unusable::Worn) {
        SkipReason::GaveUp
    } else {
        SkipReason::NoMethod
    }
}

/// Uses credits up on what is owed, both in the order given (oldest first): gives
/// (index of the credit, index of the debt, amount), amounts above zero.
pub fn apply_credits(credits: &[i64], owed: &[i64]) -> Vec<(usize, usize, i64)> {
    let mut left: Vec<i64> = credits.iter().map(|c| (*c).max(0)).collect();
    let mut plan = Vec::new();
    for (debt, owed) in owed.iter().enumerate() {
        let mut open = (*owed).max(0);
        for (credit, available) in left.iter_mut().enumerate() {
            let amount = open.min(*available);
            if amount > 0 {
                plan.push((credit, debt, amount));
                *available -= amount;
                open -= amount;
            }
        }
    }
    plan
}

/// When an unanswered payment is looked up next: 30 s, 2, 10, 60 minutes after the call, then
/// hourly; none once [`LOOK_UPS_BEFORE_A_PERSON`] have found nothing out, when it is a person's.
pub fn next_look_up(called_at_ms: i64, look_ups: u32, now_ms: i64) -> Option<i64> {
    const MINUTE: i64 = 60_000;
    let after = match look_ups {
        0 => MINUTE / 2,
        1 => 2 * MINUTE,
        2 => 10 * MINUTE,
        3 => 60 * MINUTE,
        n if n < LOOK_UPS_BEFORE_A_PERSON => return Some(now_ms + 60 * MINUTE),
        _ => return None,
    };
    // One that is overdue is asked about now, and then not again at once.
    let soonest = if look_ups == 0 { now_ms } else { now_ms + MINUTE / 2 };
    Some((called_at_ms + after).max(soonest))
}

/// Look-ups in a row without an answer before the payment goes on the exception list: a day of hours.
pub const LOOK_UPS_BEFORE_A_PERSON: u32 = 28;
/// How long nobody may know what became of a payment, whether anybody looked or not: as long as the
/// look-ups take, ms.
pub const UNKNOWN_BEFORE_A_PERSON_MS: i64 = 28 * 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::payment::MethodStatus;
    use crate::domain::payment_method::Network;

    const NOW: i64 = 1_000_000;

    fn candidate() -> Candidate {
        Candidate {
            document: DocumentId(1),
            account: AccountId(1),
            balance_minor: 100,
            due_on: NaiveDate::default(),
            account_auto_pay: true,
            auto_pay_off: false,
            live: None,
            promised: false,
            instalments: false,
            disputed: false,
            with_agency: false,
            stopped: None,
            returned: false,
            next_retry_at_ms: None,
            given_up: false,
            failed_at_ms: None,
        }
    }

    fn method() -> MethodState {
        MethodState {
            id: MethodId(5),
            priority: 1,
            status: MethodStatus::Active,
            expires_on: None,
            network: Network::Other,
            failures: 0,
            hard_declined: false,
            changed_at_ms: 0,
            tries_at_ms: Vec::new(),
        }
    }

    fn verdict(candidate: &Candidate, methods: &[MethodState]) -> Result<MethodId, SkipReason> {
        judge(candidate, methods, 4, NOW, "2026-03-01".parse().unwrap())
    }

    #[test]
    fn every_reason_to_leave_an_invoice_out() {
        let c = candidate;
        let cases = [
            (Candidate { live: Some(PaymentStatus::Unknown), ..c() }, SkipReason::Unknown),
            (Candidate { live: Some(PaymentStatus::Submitted), ..c() }, SkipReason::Live),
            (Candidate { live: Some(PaymentStatus::Processing), ..c() }, SkipReason::Live),
            (Candidate { balance_minor: 0, ..c() }, SkipReason::Settled),
            (Candidate { account_auto_pay: false, ..c() }, SkipReason::AccountNotAuto),
            (Candidate { auto_pay_off: true, ..c() }, SkipReason::InvoiceNotAuto),
            (Candidate { promised: true, ..c() }, SkipReason::Promised),
            (Candidate { promised: true, instalments: true, ..c() }, SkipReason::Instalments),
            (Candidate { disputed: true, ..c() }, SkipReason::Disputed),
            (Candidate { with_agency: true, disputed: true, ..c() }, SkipReason::WithAgency),
            (
                Candidate { stopped: Some(StopKind::Insolvent), with_agency: true, ..c() },
                SkipReason::Insolvent,
            ),
            (Candidate { stopped: Some(StopKind::Deceased), ..c() }, SkipReason::Deceased),
            (Candidate { returned: true, ..c() }, SkipReason::Returned),
            (Candidate { given_up: true, ..c() }, SkipReason::GaveUp),
            (Candidate { next_retry_at_ms: Some(NOW + 1), ..c() }, SkipReason::RetryLater),
        ];
        for (candidate, reason) in cases {
            assert_eq!(verdict(&candidate, &[method()]), Err(reason));
        }
        assert_eq!(verdict(&c(), &[method()]), Ok(MethodId(5)));
        let due = Candidate { next_retry_at_ms: Some(NOW), ..c() };
        assert_eq!(verdict(&due, &[method()]), Ok(MethodId(5)));
        assert_eq!(verdict(&c(), &[]), Err(SkipReason::NoMethod));
        let hard = MethodState { hard_declined: true, ..method() };
        assert_eq!(verdict(&c(), &[hard]), Err(SkipReason::HardDecline));
        let worn = MethodState { failures: 4, ..method() };
        assert_eq!(verdict(&c(), &[worn]), Err(SkipReason::GaveUp));
    }

    #[test]
    fn every_reason_not_to_send_a_request_again() {
        let live = || Candidate { live: Some(PaymentStatus::Unknown), ..candidate() };
        assert_eq!(judge_again(&live(), 100, false), Ok(()));
        let retries = Candidate { given_up: true, next_retry_at_ms: Some(NOW + 1), ..live() };
        assert_eq!(judge_again(&retries, 100, false), Ok(()));
        let against = [
            (live(), 101, false),
            (live(), 100, true),
            (Candidate { account_auto_pay: false, ..live() }, 100, false),
            (Candidate { auto_pay_off: true, ..live() }, 100, false),
            (Candidate { disputed: true, ..live() }, 100, false),
            (Candidate { with_agency: true, ..live() }, 100, false),
            (Candidate { stopped: Some(StopKind::Insolvent), ..live() }, 100, false),
            (Candidate { promised: true, ..live() }, 100, false),
        ];
        for (candidate, amount, ended) in against {
            assert!(judge_again(&candidate, amount, ended).is_err(), "{candidate:?}");
        }
    }

    #[test]
    fn a_changed_method_makes_an_invoice_eligible_at_once() {
        let failed = Candidate {
            next_retry_at_ms: Some(NOW + 5),
            given_up: true,
            failed_at_ms: Some(NOW - 10),
            ..candidate()
        };
        assert_eq!(verdict(&failed, &[method()]), Err(SkipReason::GaveUp));
        let changed = MethodState { changed_at_ms: NOW - 9, ..method() };
        assert_eq!(verdict(&failed, std::slice::from_ref(&changed)), Ok(MethodId(5)));
        // Not when the unchanged one still comes first.
        let behind = MethodState { id: MethodId(6), priority: 2, ..changed };
        assert_eq!(verdict(&failed, &[method(), behind]), Err(SkipReason::GaveUp));
    }

    #[test]
    fn credits_are_used_oldest_first() {
        assert_eq!(apply_credits(&[30, 0, 100], &[50, 60]), [(0, 0, 30), (2, 0, 20), (2, 1, 60)]);
        assert_eq!(apply_credits(&[], &[5]), []);
        assert_eq!(apply_credits(&[5], &[0, -1]), []);
    }

    #[test]
    fn the_schedule_of_look_ups() {
        let minutes = |n: u32, now: i64| next_look_up(0, n, now).map(|at| at as f64 / 60_000.0);
        assert_eq!(minutes(0, 0), Some(0.5));
        assert_eq!(minutes(1, 30_000), Some(2.0));
        assert_eq!(minutes(2, 120_000), Some(10.0));
        assert_eq!(minutes(3, 600_000), Some(60.0));
        assert_eq!(minutes(4, 3_600_000), Some(120.0));
        assert_eq!(minutes(0, 600_000), Some(10.0), "overdue: now");
        assert_eq!(next_look_up(0, LOOK_UPS_BEFORE_A_PERSON, 0), None);
    }

    proptest::proptest! {
        #[test]
        fn credits_never_exceed_either_side(
            credits in proptest::collection::vec(0_i64..1000, 0..8),
            owed in proptest::collection::vec(0_i64..1000, 0..8),
        ) {
            let plan = apply_credits(&credits, &owed);
            for (i, credit) in credits.iter().enumerate() {
                proptest::prop_assert!(plan.iter().filter(|p| p.0 == i).map(|p| p.2).sum::<i64>() <= *credit);
            }
            for (i, debt) in owed.iter().enumerate() {
                proptest::prop_assert!(plan.iter().filter(|p| p.1 == i).map(|p| p.2).sum::<i64>() <= *debt);
            }
            let total: i64 = plan.iter().map(|p| p.2).sum();
            let (have, need) = (credits.iter().sum::<i64>(), owed.iter().sum::<i64>());
            proptest::prop_assert_eq!(total, have.min(need));
        }
    }
}
