//! Which of an account's open documents an agreement is about.

use super::stop;
use crate::domain::ids::AccountId;
use crate::domain::instalment::Which;
use crate::domain::money::Currency;
use crate::engine::Error;
use crate::engine::command::Refused;
use crate::store::debt::{self, Debt};
use crate::store::{Db, account, agency, payment};
use chrono::NaiveDate;

/// What was chosen.
pub(super) struct Chosen {
    /// The account's number.
    pub account: String,
    /// At least one, oldest due first.
    pub debts: Vec<Debt>,
    /// What else is overdue (or was asked for), and why it is not among them.
    pub left_out: Vec<Refused>,
    /// What is not due yet, where what is overdue was asked for: the number and its day.
    pub later: Vec<(String, NaiveDate)>,
}

impl Chosen {
    /// What is not among them, a line each.
    pub fn beware(&self) -> Vec<String> {
        let out = self.left_out.iter().map(|r| format!("not {}: {}", r.what, r.reason));
        let later =
            self.later.iter().map(|(number, on)| format!("not {number}: it is due on {on} only"));
        out.chain(later).collect()
    }

    /// Its documents, the first by number: `INV-1, INV-2, INV-3 and 2 more`.
    pub fn documents(&self) -> String {
        let numbers: Vec<&str> = self.debts.iter().take(3).map(|d| d.number.as_str()).collect();
        match self.debts.len().saturating_sub(numbers.len()) {
            0 => numbers.join(", "),
            more => format!("{} and {more} more", numbers.join(", ")),
        }
    }
}

/// Chooses; `not` says why one is left out. One that was named is not left out but refused.
pub(super) fn choose(
    db: &Db<'_>,
    (id, currency): (AccountId, Option<Currency>),
    of: &Which,
    today: NaiveDate,
    not: impl Fn(&Debt) -> Result<Option<String>, Error>,
) -> Result<Chosen, Error> {
    let account = account::number(db, id)?;
    let mut debts = debt::open_of(db, id)?;
    debts.retain(|debt| currency.is_none_or(|c| c == debt.currency));
    if let Which::These(wanted) = of {
        for document in wanted {
            if !debts.iter().any(|debt| debt.document == *document) {
                let number = debt::get(db, *document)?.number;
                let message = format!("{number} is nothing that {account} owes in that currency");
                let hint = format!("daybook invoice list --account {account}");
                return Err(Error::usage("not_owed", message, hint));
            }
        }
        debts.retain(|debt| wanted.contains(&debt.document));
    }
    let (debts_of, left_out, later) = (Vec::new(), Vec::new(), Vec::new());
    let mut chosen = Chosen { account, debts: debts_of, left_out, later };
    for debt in debts {
        if *of == Which::Overdue && debt.due_on >= today {
            chosen.later.push((debt.number, debt.due_on));
            continue;
        }
        let why = if payment::on_its_way(db, debt.document)? {
            Some("a payment of it is on its way: wait for its answer".to_owned())
        } else {
            not(&debt)?
        };
        match why {
            None => chosen.debts.push(debt),
            Some(reason) if matches!(of, Which::These(_)) => {
                return Err(Error::usage("left_out", format!("{}: {reason}", debt.number), ""));
            }
            Some(reason) => chosen.left_out.push(Refused { what: debt.number, reason }),
        }
    }
    if chosen.debts.is_empty() {
        let what = if *of == Which::Overdue { "nothing is overdue" } else { "nothing is open" };
        let message = match chosen.left_out.first() {
            Some(first) => {
                format!(
                    "nothing of {} can be taken: {}: {}",
                    chosen.account, first.what, first.reason
                )
            }
            None => format!("of {} {what}", chosen.account),
        };
        return Err(Error::usage(
            "nothing_owed",
            message,
            "name the invoices, or all that are open",
        ));
    }
    Ok(chosen)
}

/// Refuses an account that an agency has, or of which nothing is collected.
pub(super) fn not_with_agency(db: &Db<'_>, id: AccountId) -> Result<(), Error> {
    stop::not_stopped(db, id, &account::number(db, id)?)?;
    let Some(case) = agency::open_of(db, id)? else { return Ok(()) };
    let message = format!("{} has {} since {}", case.agency, case.account_number, case.handed_on);
    Err(Error::usage("with_agency", message, format!("daybook agency end {} first", case.id)))
}
