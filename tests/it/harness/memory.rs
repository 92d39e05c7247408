//! A book in memory: the billing rules with nothing around them. Keeps claims between runs, posts,
//! cancels and imports amendments the way the store does, so that rules can be tested by the
//! thousand without a file.

pub use crate::harness::rows::{Row, default_rules, rules_of, text_of};
use crate::harness::rows::{
    account_terms, charge_defaults, charge_terms, date, decimal, subscription_terms, text,
};
use crate::harness::settled::Settled;
use chrono::NaiveDate;
use daybook::domain::account::{AccountStatus, AccountTerms, DeliveryPreference, Version};
use daybook::domain::bill::{BillError, bill_account, first_unbilled_day};
use daybook::domain::billing::{
    AccountBill, AccountInput, BillDates, BillingRules, ChargeInput, Claim, ClaimRole,
    DraftDocument, SubscriptionInput, UsageRecord,
};
use daybook::domain::document::{TaxKind, TaxRate};
use daybook::domain::ids::{
    AccountId, ChargeId, ChargeVersionId, DocumentId, ItemId, SubscriptionId, UsageId,
};
use daybook::domain::money::Currency;
use daybook::domain::subscription::SubscriptionTerms;
use serde_json::Value;
use std::collections::HashMap;

/// The book.
pub struct Memory {
    pub rules: BillingRules,
    pub taxes: Vec<TaxRate>,
    pub accounts: Vec<AccountInput>,
    numbers: HashMap<String, i64>,
    next: i64,
    /// The documents of the last run, by account.
    pub last: HashMap<String, Vec<(DocumentId, DraftDocument)>>,
    /// All documents that stand, by account.
    pub documents: HashMap<String, Vec<(DocumentId, DraftDocument)>>,
    /// The days through which nothing is left to do, by account.
    pub settled: Settled,
}

impl Memory {
    pub fn new(rules: BillingRules) -> Self {
        Self {
            rules,
            taxes: Vec::new(),
            accounts: Vec::new(),
            numbers: HashMap::new(),
            next: 1,
            last: HashMap::new(),
            documents: HashMap::new(),
            settled: Settled::default(),
        }
    }

    fn id(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// Imports rows of every kind found in `rows` (the keys of a scenario).
    pub fn import(&mut self, rows: &Row) {
        let list = |key: &str| -> Vec<Row> {
            rows.get(key)
                .and_then(Value::as_array)
                .map(|a| a.iter().map(|r| r.as_object().unwrap().clone()).collect())
                .unwrap_or_default()
        };
        for (kind, take) in [
            ("taxes", Self::tax as fn(&mut Self, &Row)),
            ("accounts", Self::account),
            ("subscriptions", Self::subscription),
            ("charges", Self::charge),
            ("usage", Self::usage),
        ] {
            for row in list(kind) {
                take(self, &row);
            }
        }
    }

    fn tax(&mut self, row: &Row) {
        self.taxes.push(TaxRate {
            tax_code: text(row, "tax_code").unwrap(),
            rate_percent: decimal(row, "rate_percent").unwrap(),
            name: text(row, "name").unwrap_or_default(),
            kind: text(row, "kind").map_or(TaxKind::Standard, |k| TaxKind::parse(&k).unwrap()),
            inclusive: text(row, "inclusive").is_some_and(|v| v == "true"),
            reason: text(row, "reason").unwrap_or_default(),
            valid_from: date(row, "valid_from")
                .flatten()
                .unwrap_or(NaiveDate::from_ymd_opt(1900, 1, 1).unwrap()),
            category: None,
        });
    }

    pub fn account_mut(&mut self, number: &str) -> &mut AccountInput {
        self.accounts.iter_mut().find(|a| a.number == number).unwrap()
    }

    fn account(&mut self, row: &Row) {
        let number = text(row, "account_number").unwrap();
        if let Some(account) = self.accounts.iter().position(|a| a.number == number) {
            let old = self.accounts[account].versions.last().unwrap().terms.clone();
            let new = account_terms(row, old.clone());
            let starts = self.accounts[account].versions[0].effective_from;
            let moved = new.bill_cycle_day != old.bill_cycle_day;
            let unbilled = self.accounts[account]
                .claims
                .iter()
                .filter(|c| c.posted)
                .map(|c| c.to.succ_opt().unwrap())
                .max()
                .unwrap_or(starts);
            let given = date(row, "effective_from").flatten();
            let from = given.unwrap_or(if moved { unbilled } else { starts });
            let id = self.id();
            let versions = &mut self.accounts[account].versions;
            let seq = versions.len() as i64 + 1;
            versions.push(Version { id, seq, effective_from: from, terms: new });
            return;
        }
        let currency = Currency::parse(&text(row, "currency").unwrap()).unwrap();
        let terms = account_terms(
            row,
            AccountTerms {
                name: String::new(),
                currency,
                emails: Vec::new(),
                batch: String::new(),
                bill_cycle_day: 1,
                payment_term: "Due Upon Receipt".into(),
                auto_pay: false,
                delivery: DeliveryPreference::None,
                tax_code: String::new(),
                tax_id: String::new(),
                address1: String::new(),
                address2: String::new(),
                postcode: String::new(),
                city: String::new(),
                region: String::new(),
                country: String::new(),
                language: String::new(),
                po_number: String::new(),
                status: AccountStatus::Active,
                legal: daybook::domain::account::LegalTerms::default(),
            },
        );
        let (id, version) = (self.id(), self.id());
        self.accounts.push(AccountInput {
            id: AccountId(id),
            number,
            currency,
            versions: vec![Version {
                id: version,
                seq: 1,
                effective_from: NaiveDate::from_ymd_opt(1900, 1, 1).unwrap(),
                terms,
            }],
            subscriptions: Vec::new(),
            usage: Vec::new(),
            billed_usage: Vec::new(),
            claims: Vec::new(),
            settled: None,
        });
    }

    fn subscription(&mut self, row: &Row) {
        let number = text(row, "subscription_number").unwrap();
        let (id, version) = (self.id(), self.id());
        for account in &mut self.accounts {
            if let Some(sub) = account.subscriptions.iter_mut().find(|s| s.number == number) {
                let last = sub.versions.last().unwrap();
                let from = date(row, "effective_from").flatten().unwrap_or(last.effective_from);
                let seq = sub.versions.len() as i64 + 1;
                let terms = subscription_terms(row, last.terms.clone());
                sub.versions.push(Version { id: version, seq, effective_from: from, terms });
                return;
            }
        }
        let start_on = date(row, "start_date").flatten().unwrap();
        let terms = subscription_terms(
            row,
            SubscriptionTerms {
                start_on,
                term_months: None,
                auto_renew: false,
                end_on: None,
                suspended_from: None,
                resumed_from: None,
                po_number: String::new(),
            },
        );
        let account = text(row, "account_number").unwrap();
        self.account_mut(&account).subscriptions.push(SubscriptionInput {
            id: SubscriptionId(id),
            number,
            versions: vec![Version {
                id: version,
                seq: 1,
                effective_from: NaiveDate::from_ymd_opt(1900, 1, 1).unwrap(),
                terms,
            }],
            charges: Vec::new(),
        });
    }

    fn charge(&mut self, row: &Row) {
        let number = text(row, "charge_number").unwrap();
        let (id, version) = (self.id(), self.id());
        for account in &mut self.accounts {
            for sub in &mut account.subscriptions {
                let sub_start = sub.versions.last().unwrap().terms.start_on;
                if let Some(charge) = sub.charges.iter_mut().find(|c| c.number == number) {
                    let last = charge.versions.last().unwrap();
                    let posted: Vec<Claim> =
                        account.claims.iter().filter(|c| c.posted).cloned().collect();
                    let start = last.terms.start_on.unwrap_or(sub_start);
                    let from = date(row, "effective_from")
                        .flatten()
                        .unwrap_or_else(|| first_unbilled_day(&posted, charge.id, start));
                    let seq = charge.versions.len() as i64 + 1;
                    let terms = charge_terms(row, last.terms.clone());
                    charge.versions.push(Version { id: version, seq, effective_from: from, terms });
                    return;
                }
            }
        }
        let terms = charge_terms(row, charge_defaults());
        let sub = text(row, "subscription_number").unwrap();
        let sub = self
            .accounts
            .iter_mut()
            .flat_map(|a| &mut a.subscriptions)
            .find(|s| s.number == sub)
            .unwrap();
        sub.charges.push(ChargeInput {
            id: ChargeId(id),
            number: number.clone(),
            versions: vec![Version {
                id: version,
                seq: 1,
                effective_from: NaiveDate::from_ymd_opt(1900, 1, 1).unwrap(),
                terms,
            }],
        });
        self.numbers.insert(number, id);
    }

    fn usage(&mut self, row: &Row) {
        let id = self.id();
        let number = text(row, "ACCOUNT_ID").unwrap();
        let charge = text(row, "CHARGE_ID").filter(|c| !c.is_empty()).map(|c| self.charge_id(&c));
        let account = self.account_mut(&number);
        let subscription = text(row, "SUBSCRIPTION_ID")
            .filter(|s| !s.is_empty())
            .map(|s| account.subscriptions.iter().find(|x| x.number == s).unwrap().id);
        account.usage.push(UsageRecord {
            id: UsageId(id),
            uom: text(row, "UOM").unwrap(),
            quantity: decimal(row, "QTY").unwrap(),
            start_on: date(row, "STARTDATE").flatten().unwrap(),
            subscription,
            charge,
            held_by: None,
        });
    }

    /// Takes over the numbers of another book, to look up its charges.
    pub fn copy_numbers(&mut self, other: &Self) {
        self.numbers.clone_from(&other.numbers);
        self.next = other.next;
        self.taxes.clone_from(&other.taxes);
    }

    pub fn charge_id(&self, number: &str) -> ChargeId {
        ChargeId(self.numbers[number])
    }

    pub fn charge_number(&self, id: ChargeId) -> String {
        self.numbers.iter().find(|(_, v)| **v == id.0).unwrap().0.clone()
    }

    /// Bills every account; the first that fails stops it.
    pub fn bill(&mut self, target: &str, invoice_date: &str) -> Result<(), BillError> {
        self.bill_dates(&BillDates {
            target: target.parse().unwrap(),
            invoice_date: invoice_date.parse().unwrap(),
            exclude: Vec::new(),
            auto_renew: true,
        })
    }

    pub fn bill_dates(&mut self, dates: &BillDates) -> Result<(), BillError> {
        self.last.clear();
        for i in 0..self.accounts.len() {
            let input = &self.accounts[i];
            let bill = bill_account(input, &self.taxes, &self.rules, dates)?;
            self.settled.compare(input, &bill, &self.taxes, &self.rules, dates)?;
            self.keep(i, bill);
        }
        Ok(())
    }

    /// Writes the drafts of one account into its claims.
    fn keep(&mut self, i: usize, bill: AccountBill) {
        for draft in bill.documents {
            let document = DocumentId(self.id());
            for item in &draft.items {
                let item_id = ItemId(self.id());
                let account = &mut self.accounts[i];
                for usage in &item.usage {
                    let at = account.usage.iter().position(|u| u.id == *usage).unwrap();
                    let mut record = account.usage.remove(at);
                    record.held_by = Some((item.charge, item_id));
                    account.billed_usage.push(record);
                }
                let fresh = account.claims.iter().all(|c| {
                    (c.charge, c.target, c.from, c.segment)
                        != (item.charge, item.target, item.claim.from, item.claim.segment)
                });
                assert!(fresh, "claimed twice: {item:?}");
                if let Some(corrects) = item.corrects {
                    let corrected =
                        account.claims.iter_mut().find(|c| c.item == Some(corrects)).unwrap();
                    assert!(corrected.posted, "a draft was corrected");
                    corrected.left_minor += item.amount_minor;
                    assert!(
                        corrected.left_minor.signum() * corrected.amount_minor.signum() >= 0,
                        "credited beyond the item: {corrected:?}"
                    );
                }
                account.claims.push(Claim {
                    charge: item.charge,
                    target: item.target,
                    from: item.claim.from,
                    to: item.claim.to,
                    segment: item.claim.segment,
                    role: item.claim.role,
                    item: Some(item_id),
                    document,
                    posted: false,
                    version: ChargeVersionId(item.version.0),
                    rated_minor: item.claim.rated_minor,
                    period: item.claim.period,
                    amount_minor: item.amount_minor,
                    left_minor: item.amount_minor,
                    gross_minor: item.gross_minor,
                    // A book in memory does not let credits follow the tax of their invoice.
                    gross_left_minor: None,
                    corrects: item.corrects,
                    tax: item.tax_rate.clone(),
                    converted: None,
                });
            }
            let number = self.accounts[i].number.clone();
            self.documents.entry(number.clone()).or_default().push((document, draft.clone()));
            self.last.entry(number).or_default().push((document, draft));
        }
    }

    pub fn post(&mut self) {
        for account in &mut self.accounts {
            account.claims.iter_mut().for_each(|c| c.posted = true);
        }
    }

    /// Throws away every draft.
    pub fn cancel(&mut self) {
        let drafts = self.drafts();
        self.cancel_documents(&drafts);
        self.last.clear();
    }

    /// The documents that are not posted, oldest first.
    pub fn drafts(&self) -> Vec<DocumentId> {
        let claims = self.accounts.iter().flat_map(|a| &a.claims);
        let mut drafts: Vec<DocumentId> =
            claims.filter(|c| !c.posted).map(|c| c.document).collect();
        drafts.sort_unstable();
        drafts.dedup();
        drafts
    }

    /// Throws away some drafts.
    pub fn cancel_documents(&mut self, drafts: &[DocumentId]) {
        for account in &mut self.accounts {
            let gone: Vec<Claim> =
                account.claims.iter().filter(|c| drafts.contains(&c.document)).cloned().collect();
            account.claims.retain(|c| !drafts.contains(&c.document));
            for claim in &gone {
                if let Some(corrected) = account
                    .claims
                    .iter_mut()
                    .find(|c| claim.corrects.is_some() && c.item == claim.corrects)
                {
                    corrected.left_minor -= claim.amount_minor;
                }
            }
            let items: Vec<Option<ItemId>> = gone.iter().map(|c| c.item).collect();
            let (free, held): (Vec<_>, Vec<_>) = account
                .billed_usage
                .drain(..)
                .partition(|u| items.contains(&u.held_by.map(|h| h.1)));
            account.billed_usage = held;
            account.usage.extend(free.into_iter().map(|u| UsageRecord { held_by: None, ..u }));
            if let Some(list) = self.documents.get_mut(&account.number) {
                list.retain(|(id, _)| !drafts.contains(id));
            }
        }
    }

    /// What billing the same accounts for the first time comes to, as they are now.
    pub fn billed_anew(&self, target: &str) -> Self {
        let mut scratch = Self::new(self.rules.clone());
        scratch.accounts.clone_from(&self.accounts);
        for account in &mut scratch.accounts {
            account.claims.clear();
            let held: Vec<_> = account.billed_usage.drain(..).collect();
            account.usage.extend(held.into_iter().map(|u| UsageRecord { held_by: None, ..u }));
        }
        scratch.copy_numbers(self);
        scratch.bill(target, target).unwrap();
        scratch
    }

    /// What stands billed of a charge, minor units.
    pub fn standing(&self, charge: &str) -> i64 {
        let id = self.charge_id(charge);
        self.accounts
            .iter()
            .flat_map(|a| &a.claims)
            .filter(|c| c.charge == id && c.role != ClaimRole::Waived)
            .map(|c| c.amount_minor)
            .sum()
    }
}
