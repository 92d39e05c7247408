//! Bills accounts a second time without what an earlier run said is settled: nothing may differ.

use chrono::NaiveDate;
use daybook::domain::account::version_on;
use daybook::domain::bill::{BillError, bill_account};
use daybook::domain::billing::{
    AccountBill, AccountInput, BillDates, BillingRules, Claim, TaxTable,
};
use daybook::domain::flags::{Surroundings, Thresholds, of_draft};
use daybook::domain::ids::AccountId;
use std::collections::HashMap;
use std::fmt::Write as _;

/// The day through which accounts are settled, and what that was said of.
#[derive(Default)]
pub struct Settled {
    through: HashMap<AccountId, (NaiveDate, String)>,
    /// How often something was left out and nothing differed.
    pub compared: usize,
    /// The most lines that were read then.
    pub most: usize,
}

impl Settled {
    /// Bills an account once more, as a book reads it once days are settled, and asks for the same.
    pub fn compare(
        &mut self,
        input: &AccountInput,
        bill: &AccountBill,
        taxes: &TaxTable,
        rules: &BillingRules,
        dates: &BillDates,
    ) -> Result<(), BillError> {
        let held = self.through.get(&input.id).filter(|(through, basis)| {
            let known = dates.target > *through && dates.exclude.is_empty();
            known && basis_of(input, rules, *through) == *basis
        });
        let mut settled = bill.settled;
        if let Some(through) = held.map(|(through, _)| *through) {
            let short = without(input, through);
            let again = bill_account(&short, taxes, rules, dates)?;
            assert_eq!(again.documents, bill.documents, "settled through {through}");
            assert_eq!(again.pending, bill.pending, "settled through {through}");
            assert_eq!(again.already_billed, bill.already_billed, "settled through {through}");
            for draft in &bill.documents {
                let flags = |input: &AccountInput| {
                    let terms = &version_on(&input.versions, draft.invoice_on).unwrap().terms;
                    let around = Surroundings { input, terms, has_method: true, of: None };
                    of_draft(draft, &around, &Thresholds::default())
                };
                assert_eq!(flags(&short), flags(input), "settled through {through}");
            }
            self.compared += usize::from(short.claims.len() < input.claims.len());
            self.most = self.most.max(short.claims.len());
            settled = again.settled;
        }
        if let Some(through) = settled {
            let basis = basis_of(input, rules, through);
            self.through.insert(input.id, (through, basis));
        }
        Ok(())
    }
}

/// What the store takes for a reason to read all again: other terms or rules, and a change of claims
/// or usage that lie on settled days.
fn basis_of(input: &AccountInput, rules: &BillingRules, through: NaiveDate) -> String {
    let mut basis = format!("{rules:?} {:?}", input.versions.len());
    for sub in &input.subscriptions {
        let charges: Vec<usize> = sub.charges.iter().map(|c| c.versions.len()).collect();
        write!(basis, " {} {charges:?}", sub.versions.len()).unwrap();
    }
    for claim in input.claims.iter().filter(|c| c.from <= through) {
        let key = (claim.charge, claim.target, claim.from, claim.segment, claim.document);
        write!(basis, " {key:?}").unwrap();
    }
    let usage = input.usage.iter().filter(|u| u.start_on <= through).count();
    write!(basis, " {usage}").unwrap();
    basis
}

/// The account as the store reads it: of each charge what reaches beyond settled days, if only the
/// last of what began on them does, and its last line.
fn without(input: &AccountInput, through: NaiveDate) -> AccountInput {
    let mut short = AccountInput { settled: Some(through), ..input.clone() };
    let last = |of: &Claim, until: NaiveDate| {
        let same = input.claims.iter().filter(|c| c.charge == of.charge && c.target == of.target);
        same.map(|c| c.from).filter(|from| *from <= until).max()
    };
    short.claims.retain(|c| {
        last(c, through).is_none_or(|from| c.from >= from)
            && (c.to > through || last(c, NaiveDate::MAX) == Some(c.from))
    });
    let open: Vec<_> = short.claims.iter().filter(|c| c.to > through).map(|c| c.document).collect();
    let items: Vec<_> =
        input.claims.iter().filter(|c| open.contains(&c.document)).filter_map(|c| c.item).collect();
    short.billed_usage.retain(|u| u.held_by.is_some_and(|(_, item)| items.contains(&item)));
    assert!(short.usage.iter().all(|u| u.start_on > through), "usage of settled days");
    short
}
