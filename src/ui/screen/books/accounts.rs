//! The account of a row: its statement, a note on it, and what it owes, to be seen to; and what each report
//! tells.

use super::{Books, behind};
use crate::domain::report::ReportName;
use crate::engine::query::{ListName, Query};
use crate::store::read::accounts::AccountRow;
use crate::store::read::{Filter, ListArgs, Seek, Sort};
use crate::ui::modal::purpose;
use crate::ui::msg::{Cx, Part, ScreenId};

/// What a report tells, in words.
pub(super) fn words(name: ReportName) -> &'static str {
    match name {
        ReportName::Aging => "what is open, by how long it is past due",
        ReportName::Rollforward => "what was owed, what moved it, what is owed",
        ReportName::Register => "what was posted, by series, and whether a number is missing",
        ReportName::Tax => "tax by code, rate, kind and country",
        ReportName::Unapplied => "credits and payments that no invoice has",
        ReportName::Adjustments => "what was given up or given back, by whom and why",
        ReportName::TrialBalance => "every account of the ledger",
        ReportName::Revenue => "what was earned, by account",
        ReportName::Deferred => "what is billed and not served yet, and when it will be earned",
        ReportName::Unbilled => "what is delivered and not billed: amounts, and usage that waits",
        ReportName::Statement => "one customer: t on a row with an account",
        ReportName::Journal => "every entry of the ledger",
        ReportName::Unidentified => "lines of banks that are nobody's",
        ReportName::Bank => "lines of banks, and what they were matched to",
        ReportName::Gateway => "what gateways have not paid out, and what is under way",
        ReportName::Missing => "what should be billed and is not",
        ReportName::Debits => "what payment runs will debit, by day",
        ReportName::Worklist => "accounts that somebody must see to",
    }
}

/// An account that a note is to be written on was looked up.
pub(super) fn found(row: Option<&AccountRow>, cx: &mut Cx) {
    let Some(row) = row else { return cx.say("there is no such account any more") };
    let form = purpose::note(&row.number, row.id, cx);
    cx.open.push(form);
}

impl Books {
    /// The number of the account that the row under the cursor is about; says where it is about none.
    fn account(&self, cx: &mut Cx) -> Option<String> {
        let account = self.levels.last().and_then(|level| {
            let row = level.sheet.as_ref()?.row(level.at)?;
            let own = level.of.asked.account.clone();
            behind::value(&level.of, row, "account_number").or(own)
        });
        let account = account.filter(|number| !number.is_empty());
        if account.is_none() {
            cx.say("this row has no account: aging, unapplied, worklist and the journal have");
        }
        account
    }

    pub(super) fn statement(&mut self, cx: &mut Cx) {
        let Some(account) = self.account(cx) else { return };
        let mut of = self.whole(ReportName::Statement, cx);
        of.asked.account = Some(account);
        self.open(of, cx);
    }

    /// Looks its account up, for a note.
    pub(super) fn note(&self, cx: &mut Cx) {
        let Some(number) = self.account(cx) else { return };
        let Ok(filter) = Filter::parse(&term(&number)) else { return };
        let args = ListArgs { filter, sort: Sort::Account.into(), seek: Seek::First, limit: 1 };
        cx.load(ScreenId::Books, Part::Extra, Query::List(ListName::Accounts, args));
    }

    /// Goes to what its account owes.
    pub(super) fn see_to(&self, cx: &mut Cx) {
        if let Some(number) = self.account(cx) {
            cx.go = Some((ScreenId::Failed, Some(term(&number))));
        }
    }
}

fn term(number: &str) -> String {
    format!("account:{}", number.replace(' ', "_"))
}
