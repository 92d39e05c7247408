//! What a decline code means: its class, what to do next, and words for a clerk.
//!
//! A table, not code. Sources, read 2026-11:
//! * Stripe: <https://docs.stripe.com/declines/codes> and, for what is never tried again,
//!   <https://docs.stripe.com/billing/revenue-recovery/smart-retries>; codes of errors that stand
//!   in the place of a decline code: <https://docs.stripe.com/error-codes>; why refunds fail:
//!   <https://docs.stripe.com/api/refunds/object#refund_object-failure_reason>. The names are those
//!   of `error.go` and `refund.go` in <https://github.com/stripe/stripe-go>.
//! * Cards: field 39 of ISO 8583 as the networks use it; what the issuer will never approve is
//!   Visa's decline category 1, listed at <https://developers.tabapay.com/docs/excessive-retry-rules>;
//!   Visa's 5C and 9G of 2025: <https://developers.tabapay.com/changelog/changelog-112724>. What only
//!   a terminal or a file transfer is told (24, 27, 32, 45, 74) is left out.
//! * NACHA returns: <https://docs.stripe.com/ach-deprecated#ach-payments-workflow> and
//!   <https://web-xp2i-pws.ntrs.com/online_support/inforpt/ach_return_codes.htm>; only R01 and R09
//!   may be presented again (NACHA operating rules, reinitiation of returned entries). Names as in
//!   `addenda99.go` of <https://github.com/moov-io/ach>; R63 to R66 are no longer given.
//! * SEPA: EPC173-14, guidance on reason codes for direct debit R-transactions
//!   (<https://www.europeanpaymentscouncil.eu/document-library/guidance-documents>), and what banks
//!   also send of ISO 20022's external status and return reason codes
//!   (<https://www.iso20022.org/catalogue-messages/additional-content-messages/external-code-sets>).

use super::payment::{DeclineClass, NextAction};

text_enum! {
    /// Whose code it is.
    Scheme {
        /// Stripe's own words, also used by the sandbox.
        Stripe = "stripe",
        /// ISO 8583 field 39 of card networks.
        Iso8583 = "iso8583",
        /// Return codes of US bank debits.
        Nacha = "nacha",
        /// Reason codes of SEPA direct debits.
        Sepa = "sepa",
        /// Words of daybook itself: no network said it.
        Daybook = "daybook",
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclineRow {
    /// Whose code.
    pub scheme: Scheme,
    /// The code as sent.
    pub code: &'static str,
    /// What it says about trying again.
    pub class: DeclineClass,
    /// What the clerk does next.
    pub action: NextAction,
    /// What happened, in words.
    pub words: &'static str,
}

/// What is known of any code, also of one that is in no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// What it says about trying again.
    pub class: DeclineClass,
    /// What the clerk does next.
    pub action: NextAction,
    /// What happened, in words.
    pub words: String,
}

/// Looks a code up, in any case. The schemes share no code, so the code alone is enough. A code
/// that is not listed is of class `unknown` and is shown as it came.
pub fn meaning(code: &str) -> Meaning {
    find(code).map_or_else(
        || Meaning {
            class: DeclineClass::Unknown,
            action: NextAction::RetryLater,
            words: format!("declined with a code daybook does not know: {code}"),
        },
        |row| Meaning { class: row.class, action: row.action, words: row.words.to_owned() },
    )
}

/// How often a bank debit that came back with a code may be presented again by rule: only for lack of
/// funds. What came back without authority or with wrong data, over a limit, for a fault of ours or
/// for no reason told waits for a person. NACHA allows two reinitiations (operating rules, subsection
/// 2.12.4); elsewhere the book's own rules end it.
pub fn representments(code: &str) -> u32 {
    match find(code).map(|row| row.code) {
        Some("R01" | "R09") => 2,
        Some("AM04" | "insufficient_funds") => u32::MAX,
        Some(_) | None => 0,
    }
}

/// The row of a code.
pub fn find(code: &str) -> Option<&'static DeclineRow> {
    TABLES.iter().flat_map(|t| t.iter()).find(|row| row.code.eq_ignore_ascii_case(code))
}

/// Every row, for the help page and the tests.
pub fn rows() -> impl Iterator<Item = &'static DeclineRow> {
    TABLES.iter().flat_map(|t| t.iter())
}

const TABLES: [&[DeclineRow]; 5] = [STRIPE, CARD, NACHA, SEPA, DAYBOOK];

/// Builds the rows of one scheme: `kind code words`, where the kind is `soft`, `hard`, `system`,
/// `mandate` (hard, and authority is to be had from the customer) or `confirm` (hard without the
/// customer, who is to confirm this payment).
macro_rules! table {
    ($scheme:ident: $($kind:ident $code:literal $words:literal,)+) => {
        &[$(DeclineRow {
            scheme: Scheme::$scheme,
            code: $code,
            class: table!(@class $kind),
            action: table!(@action $kind),
            words: $words,
        }),+]
    };
    (@class soft) => { DeclineClass::Soft };
    (@class hard) => { DeclineClass::Hard };
    (@class mandate) => { DeclineClass::Hard };
    (@class confirm) => { DeclineClass::Hard };
    (@class system) => { DeclineClass::System };
    (@action soft) => { NextAction::RetryLater };
    (@action hard) => { NextAction::NewMethod };
    (@action mandate) => { NextAction::AskMandate };
    (@action confirm) => { NextAction::AskCustomer };
    (@action system) => { NextAction::RetryLater };
}

const STRIPE: &[DeclineRow] = table! { Stripe:
    soft "approve_with_id" "the bank could not authorise it; trying again may work",
    confirm "authentication_required" "the bank wants the customer to confirm the payment in person",
    confirm "authentication_not_handled" "the customer did not confirm the payment",
    soft "call_issuer" "declined by the bank without a reason; the customer should call it",
    soft "card_declined" "declined by the bank without a reason",
    hard "card_not_supported" "the card does not allow this kind of purchase",
    soft "card_velocity_exceeded" "the card is over its limit of balance, credit or purchases",
    hard "currency_not_supported" "the card does not support this currency",
    mandate "debit_not_authorized" "the customer told the bank the debit was not authorised",
    soft "do_not_honor" "declined by the bank without a reason",
    hard "do_not_try_again" "declined by the bank, which asks not to try again",
    system "duplicate_transaction" "a payment of the same amount was made a moment ago",
    hard "expired_card" "the card has expired",
    hard "fraudulent" "the payment looks fraudulent to the gateway",
    soft "generic_decline" "declined without a reason",
    hard "highest_risk_level" "the gateway blocked it as too risky",
    hard "incorrect_number" "the card number is wrong",
    hard "incorrect_cvc" "the security code is wrong",
    hard "incorrect_pin" "the PIN is wrong",
    hard "incorrect_address" "the address does not match the card",
    hard "incorrect_zip" "the postcode does not match the card",
    soft "insufficient_funds" "not enough money in the account",
    hard "invalid_account" "the card or its account is invalid",
    hard "invalid_amount" "the amount is not allowed for this card",
    hard "invalid_cvc" "the security code is wrong",
    hard "invalid_expiry_month" "the expiry month is wrong",
    hard "invalid_expiry_year" "the expiry year is wrong",
    hard "invalid_number" "the card number is wrong",
    hard "invalid_pin" "the PIN is wrong",
    system "issuer_not_available" "the customer's bank could not be reached",
    hard "lost_card" "the card was reported lost",
    hard "merchant_blacklist" "the payment matches the block list at the gateway",
    confirm "mobile_device_authentication_required" "the customer must confirm on a phone",
    hard "new_account_information_available" "the card or its account is invalid; new details exist",
    soft "no_action_taken" "declined by the bank without a reason",
    soft "not_permitted" "this payment is not permitted",
    hard "offline_pin_required" "the card needs its PIN",
    hard "online_or_offline_pin_required" "the card needs its PIN",
    hard "pickup_card" "the card is blocked: reported lost or stolen",
    hard "pin_try_exceeded" "the PIN was wrong too often",
    system "processing_error" "something failed while the card was processed",
    soft "reenter_transaction" "the bank could not process it; trying again may work",
    hard "restricted_card" "the card is blocked: reported lost or stolen",
    mandate "revocation_of_all_authorizations" "the customer withdrew consent to all charges",
    mandate "revocation_of_authorization" "the customer withdrew consent to this charge",
    soft "security_violation" "declined by the bank without a reason",
    soft "service_not_allowed" "declined by the bank without a reason",
    hard "stolen_card" "the card was reported stolen",
    mandate "stop_payment_order" "the customer had the bank stop this payment",
    hard "testmode_decline" "a test card was used",
    soft "transaction_not_allowed" "declined by the bank: this kind of payment is not allowed",
    system "try_again_later" "declined for now without a reason",
    soft "withdrawal_count_limit_exceeded" "the customer is over the limit of the account",
    system "rate_limit" "the gateway took no more requests at that moment",
    system "lock_timeout" "the gateway was busy with the same object",
    mandate "payment_intent_mandate_invalid" "the mandate is not valid",
    hard "account_closed" "the bank account is closed",
    hard "bank_account_restricted" "the bank account cannot be debited",
    hard "bank_account_unusable" "the bank account cannot be used",
    mandate "bank_ownership_changed" "the bank account moved to another bank",
    hard "no_account" "there is no such bank account",
    mandate "charge_exceeds_source_limit" "the debit is over the limit of the account",
    system "bank_account_unverified" "the bank account is not verified yet",
    hard "payment_method_not_available" "the payment method is not available",
    soft "payment_method_provider_decline" "declined by the provider of the method",
    system "payment_method_provider_timeout" "the provider of the method did not answer",
    mandate "payment_method_customer_decline" "the customer refused the payment",
    confirm "payment_intent_authentication_failure" "the customer did not confirm the payment",
    soft "payment_intent_payment_attempt_failed" "the attempt failed at the bank or provider",
    hard "payment_method_bank_account_blocked" "the bank account is blocked after failed debits",
    hard "bank_account_declined" "the bank account is not verified or not supported",
    hard "account_number_invalid" "the bank account number is not valid",
    hard "routing_number_invalid" "the routing number is not valid",
    hard "sepa_unsupported_account" "the bank account takes no SEPA direct debits",
    hard "invalid_card_type" "this type of card is not supported",
    soft "card_decline_rate_limit_exceeded" "the card was declined too often; it rests for a day",
    soft "refer_to_customer" "declined by the bank without a reason; ask the customer",
    mandate "billing_invalid_mandate" "the mandate is not valid",
    hard "lost_or_stolen_card" "the card was reported lost or stolen",
    hard "expired_or_canceled_card" "the card has expired or was cancelled",
    soft "declined" "declined by the bank without a reason",
    system "charge_for_pending_refund_disputed" "the cardholder disputed the charge meanwhile",
    system "merchant_request" "taken back at our own request",
};

const CARD: &[DeclineRow] = table! { Iso8583:
    soft "01" "the bank must be asked",
    soft "02" "the bank must be asked (special condition)",
    system "03" "the bank does not know this merchant",
    hard "04" "the card must be picked up",
    soft "05" "declined by the bank without a reason",
    system "06" "an error at the bank",
    hard "07" "the card must be picked up (special condition)",
    hard "12" "the transaction is not valid",
    hard "13" "the amount is not valid",
    hard "14" "no such card number",
    hard "15" "no such bank",
    mandate "17" "the customer cancelled it",
    mandate "18" "the customer disputes it",
    soft "19" "the bank asks to send it again",
    system "20" "the bank's answer was not valid",
    system "21" "the bank took no action",
    system "22" "the network saw a malfunction",
    system "23" "the fee was not accepted",
    hard "25" "the record was not found at the bank",
    system "26" "the network saw it as a duplicate",
    system "28" "the bank's file is not available",
    system "29" "the bank could not update its file",
    system "30" "the bank could not read the message",
    hard "31" "the network does not reach this bank",
    hard "33" "the card has expired and must be picked up",
    hard "34" "suspected fraud; the card must be picked up",
    hard "35" "the card must be picked up (our bank must be asked)",
    hard "36" "the card is restricted",
    hard "37" "the card must be picked up (our bank's security must be asked)",
    hard "38" "the PIN was wrong too often; the card must be picked up",
    hard "39" "there is no credit account",
    system "40" "the bank does not support this",
    hard "41" "the card was reported lost",
    hard "42" "there is no universal account",
    hard "43" "the card was reported stolen",
    hard "44" "there is no investment account",
    hard "46" "the account is closed",
    soft "51" "not enough money in the account",
    hard "52" "there is no checking account",
    hard "53" "there is no savings account",
    hard "54" "the card has expired",
    hard "55" "the PIN is wrong",
    hard "56" "there is no record of the card",
    hard "57" "the card does not allow this kind of payment",
    system "58" "the merchant may not do this",
    soft "59" "suspected fraud",
    system "60" "our bank must be asked",
    soft "61" "over the amount limit of the card",
    hard "62" "the card is restricted",
    soft "63" "a security check failed at the bank",
    soft "64" "the amount differs, or rules against money laundering forbid it",
    soft "65" "over the number of payments allowed; or the customer must confirm",
    hard "66" "our bank's security must be asked",
    hard "67" "the card must be picked up",
    system "68" "the bank answered too late",
    confirm "70" "the PIN is needed: the customer must confirm",
    soft "71" "the PIN was not changed",
    soft "75" "the PIN was wrong too often",
    hard "76" "there is no such account to pay to",
    hard "77" "there is no such account to pay from",
    hard "78" "the card is new or blocked and not usable",
    soft "79" "the card's life cycle does not allow it",
    system "80" "the date is not valid, or the network could not process it",
    soft "81" "the security data could not be read, or domestic debit is not allowed",
    soft "82" "the security data did not match",
    soft "83" "suspected fraud",
    system "84" "the authorisation is no longer valid",
    soft "86" "the PIN could not be checked",
    system "87" "only the purchase is allowed, no cash back",
    system "88" "the cryptography failed",
    soft "89" "the PIN is not acceptable",
    system "90" "the bank was closing its day",
    system "91" "the bank could not be reached",
    system "92" "the bank could not be found by the network",
    hard "93" "the law does not allow this payment",
    system "94" "the network saw it as a duplicate",
    system "95" "the totals did not agree",
    system "96" "a system failed",
    system "97" "the message failed its check at the network",
    system "98" "the network could not pass it on",
    system "99" "the network could not read the security data",
    confirm "1A" "the bank wants the customer to confirm the payment",
    system "N0" "the bank was not asked",
    hard "N3" "cash back is not available",
    soft "N4" "over the cash limit of the bank",
    soft "N7" "the security code did not match",
    mandate "R0" "the customer had the bank stop this payment",
    mandate "R1" "the customer withdrew consent to these charges",
    mandate "R3" "the customer withdrew consent to all charges",
    soft "5C" "the bank does not allow this kind of payment at this time",
    soft "6P" "the customer's data could not be verified",
    mandate "9G" "the customer blocked such payments: ask the customer",
    system "B1" "a surcharge is not allowed",
    system "B2" "a surcharge is not supported",
    system "N8" "over an amount that was agreed before",
    soft "Q1" "the card could not be authenticated",
    hard "Z1" "the payment was declined offline",
    hard "Z3" "the bank could not be reached and the payment was declined offline",
};

const NACHA: &[DeclineRow] = table! { Nacha:
    soft "R01" "not enough money in the account",
    hard "R02" "the account is closed",
    hard "R03" "there is no such account, or it is not this customer's",
    hard "R04" "the account number is not valid",
    mandate "R05" "the customer's bank says the debit was not authorised for a private account",
    system "R06" "returned at our own bank's request",
    mandate "R07" "the customer revoked the authorisation",
    mandate "R08" "the customer stopped this payment",
    soft "R09" "the money in the account is not available yet",
    mandate "R10" "the customer says the debit was not authorised",
    mandate "R11" "the debit was not as the customer had agreed",
    hard "R12" "the account was sold to another bank",
    hard "R13" "the routing number is not valid",
    hard "R14" "the account's representative has died or cannot act",
    hard "R15" "the account holder has died",
    hard "R16" "the account is frozen",
    system "R17" "the bank could not process the entry as sent",
    system "R18" "the date of the entry was not valid",
    system "R19" "the amount of the entry was not valid",
    hard "R20" "the account cannot be debited",
    system "R21" "our company identification was not valid",
    hard "R22" "the customer's identification was not valid",
    mandate "R23" "the customer refused the entry",
    system "R24" "the bank saw it as a duplicate",
    system "R25" "an addendum of the entry was wrong",
    system "R26" "a mandatory field was wrong",
    system "R27" "the trace number was missing",
    hard "R28" "the routing number fails its check digit",
    mandate "R29" "the customer's company says the debit was not authorised",
    system "R30" "the bank takes no truncated checks",
    mandate "R31" "returned late with our bank's consent",
    system "R32" "the bank could not settle",
    system "R33" "the bank returned the destroyed-check entry",
    hard "R34" "the bank takes part only in a limited way",
    hard "R35" "debits are not allowed for this account or entry",
    system "R36" "the credit was not allowed",
    mandate "R37" "the source document was presented as well",
    mandate "R38" "the customer stopped the source document",
    mandate "R39" "the source document was not proper",
    system "R40" "an enrolment was returned by a federal agency",
    system "R41" "the transaction code was not valid",
    hard "R42" "the routing number fails its check digit",
    hard "R43" "the account number is not valid",
    hard "R44" "the identification number is not valid",
    hard "R45" "the name is not valid",
    hard "R46" "the representative payee mark is not valid",
    system "R47" "the enrolment was a duplicate",
    mandate "R50" "state law does not allow the check to be presented again",
    mandate "R51" "the check may not be presented again",
    mandate "R52" "the customer stopped the check that was presented again",
    mandate "R53" "the check was presented as well",
    system "R61" "the return went to the wrong bank",
    system "R62" "an erroneous debit or its reversal was returned",
    system "R63" "the return had a wrong amount",
    system "R64" "the return had a wrong identification",
    system "R65" "the return had a wrong transaction code",
    system "R66" "the return had a wrong company identification",
    system "R67" "the return was a duplicate",
    system "R68" "the return came too late",
    system "R69" "the return had several errors",
    system "R70" "the return was not accepted by our bank",
    system "R71" "the dishonoured return went to the wrong bank",
    system "R72" "the dishonoured return came too late",
    system "R73" "the return was in time after all",
    system "R74" "the return was corrected",
    system "R75" "the return was not a duplicate",
    system "R76" "no errors were found in the return",
    system "R77" "the dishonoured return was not accepted",
    system "R80" "the foreign payment was coded wrongly",
    system "R81" "our bank does not take part in foreign payments",
    hard "R82" "the foreign bank is not identified rightly",
    system "R83" "the foreign bank could not settle",
    system "R84" "the foreign gateway did not process it",
    system "R85" "the foreign payment was coded as a domestic one",
};

const SEPA: &[DeclineRow] = table! { Sepa:
    hard "AC01" "the account number (IBAN) is wrong",
    hard "AC02" "the customer's account number is wrong or missing",
    system "AC03" "our own account number is wrong or missing",
    hard "AC04" "the account is closed",
    hard "AC05" "the customer's account is closed",
    hard "AC06" "the account is blocked for direct debits",
    hard "AC13" "the account is a consumer's; this scheme is for companies",
    mandate "AG01" "direct debits are not allowed on this account",
    system "AG02" "the operation code or the sequence of the collection is wrong",
    hard "AG03" "this kind of collection is not supported on this account",
    soft "AM02" "the amount is higher than is allowed",
    hard "AM03" "the currency is not allowed",
    soft "AM04" "not enough money in the account",
    system "AM05" "the bank saw it as a duplicate",
    soft "AM07" "the money in the account is blocked",
    system "AM09" "the amount is not the one agreed on",
    hard "BE01" "the name does not belong to the account",
    hard "BE04" "our own address is missing or wrong",
    mandate "BE05" "the creditor identifier is wrong",
    hard "BE06" "the customer is not known at this bank",
    hard "BE07" "the customer's address is missing or wrong",
    system "CNOR" "our bank is not registered for this scheme",
    system "CUST" "withdrawn at the customer's request",
    hard "DNOR" "the customer's bank is not registered for this scheme",
    system "DT01" "the date is not valid",
    system "DUPL" "the payment was made twice",
    system "ED05" "the banks could not settle",
    system "FF01" "the file format is wrong",
    system "FF05" "the scheme named in the collection is wrong",
    mandate "FOCR" "returned after a request to cancel",
    hard "FRAD" "suspected fraud",
    mandate "MD01" "there is no valid mandate, or the customer says it was not authorised",
    mandate "MD02" "data of the mandate is missing or wrong",
    mandate "MD05" "the collection was not due",
    mandate "MD06" "the customer asked for the money back",
    hard "MD07" "the account holder has died",
    mandate "MS02" "the customer refused, without a reason",
    soft "MS03" "the customer's bank refused, without a reason",
    hard "RC01" "the bank identifier (BIC) is wrong",
    system "RF01" "the reference of the collection is not unique",
    hard "RR01" "the law asks for the customer's account data",
    hard "RR02" "the law asks for the customer's name or address",
    system "RR03" "the law asks for our name or address",
    hard "RR04" "refused for regulatory reasons",
    mandate "SL01" "the customer's bank applies a limit or a block list of the customer",
    mandate "SL11" "the customer allows only listed creditors, and we are not listed",
    mandate "SL12" "the customer blocks us as a creditor",
    mandate "SL13" "over the number of debits that the customer allows",
    mandate "SL14" "over the amount that the customer allows for a debit",
    system "TECH" "a technical problem at our bank",
    system "TM01" "it came after the cut-off time",
};

const DAYBOOK: &[DeclineRow] = table! { Daybook:
    system "gateway_unreachable" "the gateway could not be reached; nothing was sent",
    system "not_found_at_gateway" "the gateway has no trace of it; nothing was charged",
    system "setup" "the gateway refused our own set-up (key, account or request)",
    hard "method_expired" "the payment method has expired",
    hard "method_closed" "the payment method is closed",
};

#[cfg(test)]
mod tests;
