use super::*;

fn berlin() -> Zone {
    "Europe/Berlin".parse().unwrap()
}
use crate::domain::payment::MethodStatus;

fn rules() -> RetryRules {
    RetryRules {
        soft: parse_waits("24h,3d@09,5d").unwrap(),
        system: parse_waits("1h,4h").unwrap(),
        unknown: parse_waits("24h").unwrap(),
        max_failures: 4,
        min_gap_hours: 2,
        fallback: true,
        visa_30_days: 15,
        mastercard_24_hours: 10,
        mastercard_30_days: 35,
        zone: berlin(),
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A Berlin time as UTC ms.
fn at(text: &str) -> i64 {
    let local: NaiveDateTime = text.parse().unwrap();
    local.and_local_timezone(berlin()).earliest().unwrap().timestamp_millis()
}

fn method(id: i64, priority: u32) -> MethodState {
    MethodState {
        id: MethodId(id),
        priority,
        status: MethodStatus::Active,
        expires_on: None,
        network: Network::Visa,
        failures: 1,
        hard_declined: false,
        changed_at_ms: 0,
        tries_at_ms: Vec::new(),
    }
}

fn failed(class: DeclineClass, attempt: u32, when: &str) -> Failed {
    Failed {
        class,
        action: NextAction::RetryLater,
        at_ms: at(when),
        method: MethodId(1),
        attempt,
        due_on: day("2026-01-01"),
    }
}

fn step(rules: &RetryRules, failed: &Failed, methods: &[MethodState]) -> NextStep {
    next_step(rules, failed, methods, day("2026-03-10"))
}

#[test]
fn waits_read_and_bad_ones_are_refused() {
    assert_eq!(
        parse_waits("1h, 2d ,3d@07").unwrap(),
        [Wait::Hours(1), Wait::Days(2), Wait::DaysAt { days: 3, hour: 7 }]
    );
    assert_eq!(parse_waits("").unwrap(), []);
    for bad in ["1", "h", "1w", "-1h", "+1h", "1d@24", "1d@", "1.5h", "1h;2h", "9999h"] {
        assert!(parse_waits(bad).is_err(), "{bad}");
    }
}

#[test]
fn class_and_attempt_choose_the_wait() {
    use DeclineClass::{Soft, System, Unknown};
    for (class, attempt, when, next) in [
        (Soft, 1, "2026-03-10T10:00:00", "2026-03-11T10:00:00"),
        (Soft, 2, "2026-03-11T10:00:00", "2026-03-14T09:00:00"),
        (Soft, 3, "2026-03-14T09:00:00", "2026-03-19T09:00:00"),
        (Unknown, 1, "2026-03-10T10:00:00", "2026-03-11T10:00:00"),
        // The minimum gap is longer than the rule.
        (System, 1, "2026-03-10T10:00:00", "2026-03-10T12:00:00"),
        (System, 2, "2026-03-10T10:00:00", "2026-03-10T14:00:00"),
        // Over the night in which the clock goes forward: 24 hours, and nine o'clock.
        (Soft, 1, "2026-03-28T10:00:00", "2026-03-29T11:00:00"),
        (Soft, 2, "2026-03-28T10:00:00", "2026-03-31T09:00:00"),
    ] {
        let step = step(&rules(), &failed(class, attempt, when), &[method(1, 1)]);
        let right = NextStep::Retry { at_ms: at(next), method: MethodId(1) };
        assert_eq!(step, right, "{class} {attempt} {when}");
    }
    let end = step(&rules(), &failed(Soft, 4, "2026-03-10T10:00:00"), &[method(1, 1)]);
    assert!(matches!(end, NextStep::Stop { action: NextAction::GaveUp, .. }));
}

#[test]
fn an_hour_that_does_not_exist_becomes_the_next_one() {
    let rules = RetryRules { soft: parse_waits("1d@02").unwrap(), ..rules() };
    let next = step(&rules, &failed(DeclineClass::Soft, 1, "2026-03-28T10:00:00"), &[method(1, 1)]);
    assert_eq!(next, NextStep::Retry { at_ms: at("2026-03-29T03:00:00"), method: MethodId(1) });
}

#[test]
fn a_hard_decline_never_goes_to_the_same_method() {
    let hard = failed(DeclineClass::Hard, 1, "2026-03-10T10:00:00");
    let own = MethodState { hard_declined: true, ..method(1, 1) };
    let alone = step(&rules(), &hard, std::slice::from_ref(&own));
    assert!(matches!(alone, NextStep::Stop { action: NextAction::NewMethod, .. }));
    let ask = Failed { action: NextAction::AskMandate, ..hard };
    let asked = step(&rules(), &ask, std::slice::from_ref(&own));
    assert!(matches!(asked, NextStep::Stop { action: NextAction::AskMandate, .. }));
    // The next by priority takes over, after the minimum gap.
    let methods = [own, method(3, 3), method(2, 2)];
    assert_eq!(
        step(&rules(), &hard, &methods),
        NextStep::Retry { at_ms: at("2026-03-10T12:00:00"), method: MethodId(2) }
    );
    let strict = RetryRules { fallback: false, ..rules() };
    assert!(matches!(step(&strict, &hard, &methods), NextStep::Stop { .. }));
}

#[test]
fn a_method_is_left_alone_after_its_cap_and_when_it_is_closed() {
    let soft = failed(DeclineClass::Soft, 1, "2026-03-10T10:00:00");
    let worn = MethodState { failures: 4, ..method(1, 1) };
    assert!(matches!(
        step(&rules(), &soft, std::slice::from_ref(&worn)),
        NextStep::Stop { action: NextAction::GaveUp, .. }
    ));
    assert!(matches!(
        step(&rules(), &soft, &[worn, method(2, 2)]),
        NextStep::Retry { method: MethodId(2), .. }
    ));
    let expired = MethodState { expires_on: Some(day("2026-03-09")), ..method(1, 1) };
    assert!(matches!(
        step(&rules(), &soft, &[expired]),
        NextStep::Stop { action: NextAction::NewMethod, .. }
    ));
    assert!(matches!(step(&rules(), &soft, &[]), NextStep::Stop { .. }));
}

#[test]
fn no_try_before_the_due_date_or_beyond_the_networks_limit() {
    let early = Failed {
        due_on: day("2026-04-01"),
        ..failed(DeclineClass::Soft, 1, "2026-03-10T10:00:00")
    };
    assert_eq!(
        step(&rules(), &early, &[method(1, 1)]),
        NextStep::Retry { at_ms: at("2026-04-01T00:00:00"), method: MethodId(1) }
    );
    let soft = failed(DeclineClass::Soft, 1, "2026-03-10T10:00:00");
    let tries: Vec<i64> = (0..15).map(|n| at("2026-02-20T10:00:00") + n * HOUR).collect();
    let full = MethodState { tries_at_ms: tries.clone(), ..method(1, 1) };
    let frees = at("2026-02-20T10:00:00") + BUDGET_WINDOW_MS;
    assert_eq!(
        step(&rules(), &soft, std::slice::from_ref(&full)),
        NextStep::Retry { at_ms: frees, method: MethodId(1) }
    );
    assert_eq!(rules().budget_left(&full, at("2026-03-10T10:00:00")), Some(0));
    assert_eq!(rules().budget_left(&full, frees), Some(1));
    let other = MethodState { network: Network::Other, ..full };
    assert_eq!(rules().budget_left(&other, frees), None);
}

/// Ten tries within a day: the eleventh waits until 24 hours after the first, though 25 are left of
/// the thirty days.
#[test]
fn a_mastercard_is_tried_ten_times_in_24_hours_at_most() {
    let first = at("2026-03-10T00:30:00");
    let tries_at_ms: Vec<i64> = (0..10).map(|n| first + n * HOUR).collect();
    let card = MethodState { network: Network::Mastercard, tries_at_ms, ..method(1, 1) };
    assert_eq!(rules().budget_left(&card, at("2026-03-10T11:00:00")), Some(0));
    assert_eq!(rules().budget_left(&card, first + DAY), Some(1));
    assert_eq!(within_budget(&rules(), &card, at("2026-03-10T11:00:00")), first + DAY);
    // Where a day has room and the thirty days have none, these decide, and the day after them.
    let many: Vec<i64> = (0..35).map(|n| first - 29 * DAY + n * 20 * HOUR).collect();
    let card = MethodState { tries_at_ms: many, ..card };
    let free = within_budget(&rules(), &card, at("2026-03-10T11:00:00"));
    assert!(rules().budget_left(&card, free) >= Some(1));
    assert_eq!(rules().budget_left(&card, free - 1), Some(0));
}

#[test]
fn what_if_counts_tries_money_and_limits() {
    let t0 = at("2026-01-10T10:00:00");
    let soft = |at_ms| PastTry { at_ms, declined: Some(DeclineClass::Soft) };
    let paid = |at_ms| PastTry { at_ms, declined: None };
    let chain = |method: i64, tries: Vec<PastTry>| PastChain {
        method: MethodId(method),
        network: Network::Visa,
        amount_minor: 100,
        tries,
    };
    let chains = [
        // Paid on the third day by the next try.
        chain(1, vec![soft(t0), paid(t0 + 72 * HOUR)]),
        // Never paid.
        chain(2, vec![soft(t0), soft(t0 + 24 * HOUR)]),
        // Hard.
        chain(3, vec![PastTry { at_ms: t0, declined: Some(DeclineClass::Hard) }]),
        // Did not fail at all.
        chain(4, vec![paid(t0)]),
    ];
    let patient = RetryRules { soft: parse_waits("24h,72h,120h").unwrap(), ..rules() };
    let sum = what_if(&patient, &chains, at("2026-03-01T00:00:00"));
    // 1: t0, +24h, +96h (paid); 2: t0, +24h, +96h, +216h (the cap of four); 3: t0.
    assert_eq!((sum.chains, sum.tries_made, sum.tries_by_rule), (3, 5, 8));
    assert_eq!((sum.recovered, sum.recovered_by_rule, sum.given_up), (1, 1, 2));
    assert_eq!(sum.most_in_30_days.get(&Network::Visa), Some(&4));
    let eager = RetryRules { soft: vec![Wait::Hours(6); 40], max_failures: 100, ..rules() };
    let sum = what_if(&eager, &chains, at("2026-03-01T00:00:00"));
    assert_eq!((sum.recovered_by_rule, sum.over_budget), (1, 1));
    assert!(sum.tries_by_rule > 40);
    let none = RetryRules { soft: Vec::new(), ..rules() };
    let sum = what_if(&none, &chains, at("2026-03-01T00:00:00"));
    assert_eq!((sum.tries_by_rule, sum.recovered_by_rule, sum.given_up), (3, 0, 3));
    let young = what_if(&patient, &chains[1..2], t0 + HOUR);
    assert_eq!((young.tries_by_rule, young.waiting), (1, 1));
}

proptest::proptest! {
    #[test]
    fn a_retry_is_later_and_within_the_budget(
        attempt in 1_u32..6,
        tries in proptest::collection::vec(0_i64..BUDGET_WINDOW_MS, 0..40),
        limit in 1_u32..20,
    ) {
        let now = at("2026-03-10T10:00:00");
        let mut tries_at_ms: Vec<i64> = tries.iter().map(|t| now - t).collect();
        tries_at_ms.sort_unstable();
        let rules = RetryRules { visa_30_days: limit, ..rules() };
        let own = MethodState { tries_at_ms: tries_at_ms.clone(), ..method(1, 1) };
        let failed = Failed { at_ms: now, ..failed(DeclineClass::Soft, attempt, "2026-03-10T10:00:00") };
        if let NextStep::Retry { at_ms, .. } = step(&rules, &failed, std::slice::from_ref(&own)) {
            proptest::prop_assert!(at_ms >= now + 2 * HOUR);
            proptest::prop_assert!(rules.budget_left(&own, at_ms) >= Some(1));
        }
    }
}
