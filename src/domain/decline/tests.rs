use super::*;
use std::collections::BTreeSet;

#[test]
fn every_row_is_found_by_its_code_and_says_something() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        assert!(seen.insert(row.code.to_ascii_lowercase()), "{} is there twice", row.code);
        let found = meaning(&row.code.to_ascii_lowercase());
        assert_eq!((found.class, found.action), (row.class, row.action), "{}", row.code);
        assert_eq!(found.words, row.words);
        assert!((10..=90).contains(&row.words.len()), "{}: {}", row.code, row.words);
        assert!(!row.words.ends_with('.') && !row.words.contains("  "), "{}", row.code);
        assert!(crate::domain::text::check(row.words, 90).is_ok());
    }
}

#[test]
fn class_and_action_agree_in_every_row() {
    for row in rows() {
        let right = match row.class {
            DeclineClass::Soft | DeclineClass::System => row.action == NextAction::RetryLater,
            DeclineClass::Hard => {
                use NextAction::{AskCustomer, AskMandate, NewMethod};
                matches!(row.action, NewMethod | AskMandate | AskCustomer)
            }
            DeclineClass::Unknown => false,
        };
        assert!(right, "{}", row.code);
    }
}

#[test]
fn codes_have_the_form_of_their_scheme() {
    for row in rows() {
        let code = row.code;
        let right = match row.scheme {
            Scheme::Stripe | Scheme::Daybook => {
                code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            }
            Scheme::Iso8583 => code.len() == 2,
            Scheme::Nacha => {
                code.len() == 3
                    && code.starts_with('R')
                    && code[1..].bytes().all(|b| b.is_ascii_digit())
            }
            Scheme::Sepa => code.len() == 4,
        };
        assert!(right, "{} of {}", code, row.scheme);
    }
    let count = |s: Scheme| rows().filter(|r| r.scheme == s).count();
    assert!(count(Scheme::Nacha) >= 60 && count(Scheme::Sepa) >= 30);
    assert!(count(Scheme::Stripe) >= 55 && count(Scheme::Iso8583) >= 50);
}

#[test]
fn what_the_networks_forbid_to_try_again_is_hard() {
    // Visa's decline category 1, and what Stripe's own retries never touch.
    for code in [
        "04",
        "07",
        "12",
        "14",
        "15",
        "41",
        "43",
        "46",
        "57",
        "R0",
        "R1",
        "R3",
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "stolen_card",
        "highest_risk_level",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "authentication_required",
        "R02",
        "R03",
        "R10",
        "AC04",
        "MD01",
    ] {
        assert_eq!(meaning(code).class, DeclineClass::Hard, "{code}");
    }
    for code in ["R01", "R09", "51", "05", "AM04", "insufficient_funds", "do_not_honor"] {
        assert_eq!(meaning(code).class, DeclineClass::Soft, "{code}");
    }
    let other = meaning("q9");
    assert_eq!(other.class, DeclineClass::Unknown);
    assert!(other.words.contains("q9"));
}

#[test]
fn only_lack_of_funds_is_presented_again() {
    for code in ["AM04", "insufficient_funds"] {
        assert_eq!(representments(code), u32::MAX, "{code}");
    }
    for code in ["R01", "R09"] {
        assert_eq!(representments(code), 2, "{code}");
    }
    for code in [
        "MD01", "MD06", "MS02", "AC04", "AC06", "R02", "R03", "R04", "R05", "R07", "R08", "R10",
        "R29", "AM02", "AM05", "AM07", "MS03", "R17", "83", "51", "", "Q7",
    ] {
        assert_eq!(representments(code), 0, "{code}");
    }
}

/// The customer is to confirm the payment: the card is good, and no mandate is missing.
#[test]
fn what_the_customer_must_confirm_is_a_group_of_its_own() {
    let asked: Vec<&str> =
        rows().filter(|r| r.action == NextAction::AskCustomer).map(|r| r.code).collect();
    assert_eq!(
        asked,
        [
            "authentication_required",
            "authentication_not_handled",
            "mobile_device_authentication_required",
            "payment_intent_authentication_failure",
            "70",
            "1A"
        ]
    );
}

/// What the schemes publish, typed from their lists and not from the table.
const PUBLISHED: [(Scheme, &str); 4] = [
    (
        Scheme::Stripe,
        "approve_with_id authentication_not_handled authentication_required call_issuer card_not_supported
         card_velocity_exceeded currency_not_supported do_not_honor do_not_try_again duplicate_transaction
         expired_card fraudulent generic_decline incorrect_address incorrect_cvc incorrect_number incorrect_pin
         incorrect_zip insufficient_funds invalid_account invalid_amount invalid_cvc invalid_expiry_month
         invalid_expiry_year invalid_number invalid_pin issuer_not_available lost_card merchant_blacklist
         mobile_device_authentication_required new_account_information_available no_action_taken not_permitted
         offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded processing_error
         reenter_transaction restricted_card revocation_of_all_authorizations revocation_of_authorization
         security_violation service_not_allowed stolen_card stop_payment_order testmode_decline
         transaction_not_allowed try_again_later withdrawal_count_limit_exceeded
         account_closed bank_account_declined bank_account_restricted bank_account_unusable
         bank_account_unverified card_declined charge_exceeds_source_limit debit_not_authorized no_account
         payment_intent_authentication_failure payment_intent_mandate_invalid
         payment_intent_payment_attempt_failed payment_method_customer_decline
         payment_method_provider_decline payment_method_provider_timeout refer_to_customer
         charge_for_pending_refund_disputed declined expired_or_canceled_card lost_or_stolen_card
         merchant_request",
    ),
    (
        Scheme::Iso8583,
        "01 02 03 04 05 06 07 12 13 14 15 17 18 19 20 21 22 23 25 26 28 29 30 31 33 34 35 36 37 38 39 40 41 42
         43 44 46 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 70 71 75 76 77 78 79 80 81 82 83 84 86
         87 88 89 90 91 92 93 94 95 96 97 98 99 1A 5C 6P 9G B1 B2 N0 N3 N4 N7 N8 Q1 R0 R1 R3 Z1 Z3",
    ),
    (
        Scheme::Nacha,
        "R01 R02 R03 R04 R05 R06 R07 R08 R09 R10 R11 R12 R13 R14 R15 R16 R17 R18 R19 R20 R21 R22 R23 R24 R25
         R26 R27 R28 R29 R30 R31 R32 R33 R34 R35 R36 R37 R38 R39 R40 R41 R42 R43 R44 R45 R46 R47 R50 R51 R52
         R53 R61 R62 R67 R68 R69 R70 R71 R72 R73 R74 R75 R76 R77 R80 R81 R82 R83 R84 R85",
    ),
    (
        Scheme::Sepa,
        "AC01 AC02 AC03 AC04 AC05 AC06 AC13 AG01 AG02 AG03 AM02 AM03 AM04 AM05 AM07 AM09 BE01 BE04 BE05 BE06
         BE07 CNOR CUST DNOR DT01 DUPL ED05 FF01 FF05 FOCR FRAD MD01 MD02 MD05 MD06 MD07 MS02 MS03 RC01 RF01
         RR01 RR02 RR03 RR04 SL01 SL11 SL12 SL13 SL14 TECH TM01",
    ),
];

#[test]
fn every_published_code_is_in_the_table() {
    for (scheme, codes) in PUBLISHED {
        for code in codes.split_whitespace() {
            assert_eq!(find(code).map(|row| row.scheme), Some(scheme), "{code}");
        }
    }
}
