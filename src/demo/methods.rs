//! How the demo's customers pay: sandbox tokens that script every outcome a gateway knows.

use crate::demo::dice::Dice;

/// One row of payment_methods.csv.
pub struct Method {
    token: &'static str,
    kind: &'static str,
    display: String,
    priority: u32,
    expires: &'static str,
}

impl Method {
    pub fn row(&self, account: &str) -> Vec<String> {
        vec![
            account.to_owned(),
            self.token.to_owned(),
            self.kind.to_owned(),
            self.display.clone(),
            self.priority.to_string(),
            self.expires.to_owned(),
        ]
    }
}

/// What methods do, with so many of a thousand; the rest simply work.
const OUTCOMES: &[(u64, &str)] = &[
    (28, "decline:insufficient_funds,ok"),
    (10, "decline:insufficient_funds"),
    (10, "decline:do_not_honor,decline:do_not_honor,ok"),
    (10, "decline:expired_card"),
    (5, "decline:lost_card"),
    (6, "decline:authentication_required"),
    (3, "decline:processing_error,ok"),
    (5, "timeout_before,ok"),
    (5, "timeout_after"),
    (2, "error,ok"),
];

/// The methods of one customer, in order of use.
pub fn methods(dice: &mut Dice) -> Vec<Method> {
    let debit = dice.per_mille(180);
    let mut at = dice.below(1000);
    let mut token = "ok";
    for (share, outcome) in OUTCOMES {
        if at < *share {
            token = outcome;
            break;
        }
        at -= share;
    }
    let last_four = dice.between(1000, 9999);
    let first = if debit {
        let token = if token == "ok" { "submitted" } else { token };
        let display = format!("SEPA ··{last_four}");
        Method { token, kind: "sepa", display, priority: 1, expires: "" }
    } else {
        let brand = dice.pick(&["visa", "visa", "mastercard", "amex"]);
        let expires = dice.pick(&["2027-03-31", "2027-11-30", "2028-06-30", "2026-12-31"]);
        let display = format!("{brand} ··{last_four}");
        Method { token, kind: "card", display, priority: 1, expires }
    };
    let mut found = vec![first];
    if token.starts_with("decline") && dice.per_mille(500) {
        let display = format!("visa ··{}", dice.between(1000, 9999));
        found.push(Method {
            token: "ok",
            kind: "card",
            display,
            priority: 2,
            expires: "2029-01-31",
        });
    }
    found
}
