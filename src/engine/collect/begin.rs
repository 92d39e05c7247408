//! The first half of the sandwich: what is owed is read again, credits are used up, and the rest
//! is written down as a payment in Processing, with the key it will be asked for under.

use super::pick::{Methods, Mode};
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::Money;
use crate::domain::payment::PaymentStatus;
use crate::domain::payment_run::{Candidate, SkipReason, apply_credits};
use crate::engine::collect::settle;
use crate::engine::collect::till::Till;
use crate::gateway::ChargeRequest;
use crate::store::debt::{self, Debt};
use crate::store::method_state::MethodRow;
use crate::store::payment::{self, Beginning, NewPayment};
use crate::store::payment_run::{self, Item, RunRow};
use crate::store::{StoreError, Tx, applied, credit, notice};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A payment that is written down and may be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    pub payment: PaymentId,
    /// Who pays.
    pub account: AccountId,
    pub gateway: String,
    /// What to ask.
    pub request: ChargeRequest,
}

/// Begins up to `limit` payments of a run, at most one per account and none of an account that is
/// `asked` for just now, so that one method is never asked twice at the same time. None when nothing
/// is open any more.
pub fn batch(
    tx: &Tx<'_>,
    till: &Till,
    run: &RunRow,
    limit: u32,
    asked: &[Begun],
) -> Result<Option<Vec<Begun>>, StoreError> {
    // A filter that cannot be read must not become "every gateway".
    let filter = run.filter.read()?;
    let (mode, gateway) = (filter.mode(), filter.gateway().to_owned());
    let items = payment_run::open_items(tx, run.id, limit)?;
    if items.is_empty() {
        return Ok(None);
    }
    let mut accounts: BTreeSet<_> = asked.iter().map(|one| one.account).collect();
    let mut groups = Vec::new();
    for item in items {
        if !accounts.insert(item.account) {
            continue;
        }
        groups.push(if run.consolidate {
            payment_run::open_items_of(tx, run.id, item.account)?
        } else {
            vec![item]
        });
    }
    let known = Known::read(tx, mode, &groups)?;
    let mut batch = Batch { tx, till, run, mode, gateway, known, taken: Vec::new() };
    let mut bills = Vec::new();
    for group in groups {
        bills.extend(batch.bills(&group)?);
    }
    payment_run::take_items(tx, run.id, &batch.taken)?;
    Ok(Some(write_down(tx, till, run, &bills)?))
}

/// What is known of the invoices of a batch, read together.
struct Known {
    debts: BTreeMap<DocumentId, (Candidate, Debt)>,
    methods: Methods,
    /// Accounts that may have credits.
    rich: HashSet<AccountId>,
}

impl Known {
    fn read(tx: &Tx<'_>, mode: Mode, groups: &[Vec<Item>]) -> Result<Self, StoreError> {
        let accounts = || groups.iter().flatten().map(|item| item.account);
        let documents = groups.iter().flatten().map(|item| item.document);
        Ok(Self {
            debts: payment_run::debts(tx, documents, tx.now().today)?,
            methods: Methods::of(tx, mode, accounts(), tx.now())?,
            rich: debt::in_credit(tx, accounts())?,
        })
    }
}

/// What one payment is to ask for: debts of one account and currency, and by which method.
struct Bill {
    method: MethodRow,
    debts: Vec<Debt>,
}

/// A batch in the making.
struct Batch<'a> {
    tx: &'a Tx<'a>,
    till: &'a Till,
    run: &'a RunRow,
    mode: Mode,
    gateway: String,
    known: Known,
    /// Places in the run for which a payment is made.
    taken: Vec<i64>,
}

impl Batch<'_> {
    /// The payments of one account's items: one each, or one per currency when consolidated.
    fn bills(&mut self, items: &[Item]) -> Result<Vec<Bill>, StoreError> {
        let mut bills: Vec<Bill> = Vec::new();
        for item in items {
            match self.ready(item)? {
                Err(reason) => {
                    payment_run::skip_item(self.tx, self.run.id, item.position, reason)?;
                }
                Ok((method, debt)) => {
                    self.taken.push(item.position);
                    match bills.iter_mut().find(|b| b.debts[0].currency == debt.currency) {
                        Some(bill) => bill.debts.push(debt),
                        None => bills.push(Bill { method, debts: vec![debt] }),
                    }
                }
            }
        }
        Ok(bills)
    }

    /// Judges an item again and uses its credits; an invoice they settle needs no payment.
    fn ready(&self, item: &Item) -> Result<Result<(MethodRow, Debt), SkipReason>, StoreError> {
        let document = item.document;
        let Some((candidate, debt)) = self.known.debts.get(&document) else {
            return Err(StoreError::NotFound(format!("posted document {document}")));
        };
        let (rules, now) = (&self.till.rules, self.tx.now());
        let method = self.known.methods.judge(rules, self.mode, candidate, &self.gateway, now);
        // What nobody could have asked is not written down as asked for.
        let method = method.and_then(|method| match self.till.shut(&method.gateway) {
            Some(_) => Err(SkipReason::Unreachable),
            None => Ok(method),
        });
        // Credits first: what they settle needs no method.
        if let Err(reason) = &method
            && !reason.takes_credit()
        {
            return Ok(Err(*reason));
        }
        let mut debt = debt.clone();
        if self.known.rich.contains(&debt.account) {
            let used = use_credits(self.tx, document)?;
            debt = debt::get(self.tx, document)?;
            if used > 0 {
                payment_run::add_credits(self.tx, self.run.id, debt.currency, used)?;
            }
        }
        if debt.balance_minor <= 0 {
            return Ok(Err(SkipReason::Settled));
        }
        Ok(method.map(|method| (method, debt)))
    }
}

/// Uses credit memos, then unapplied payments, oldest first, on one document. Gives what was used.
pub fn use_credits(tx: &Tx<'_>, document: DocumentId) -> Result<i64, StoreError> {
    let debt = debt::get(tx, document)?;
    let today = tx.now().today;
    let memos = debt::credits(tx, debt.account, debt.currency)?;
    let money = payment::unapplied(tx, debt.account, debt.currency)?;
    let mut have: Vec<i64> = memos.iter().map(|m| -m.balance_minor).collect();
    have.extend(money.iter().map(|p| p.unapplied_minor));
    let mut used = 0;
    for (source, _, amount) in apply_credits(&have, &[debt.balance_minor]) {
        used += amount;
        if let Some(memo) = memos.get(source) {
            credit::apply(tx, memo.document, document, amount, today)?;
        } else if let Some(from) = money.get(source - memos.len()) {
            apply_unapplied(tx, from, &debt, amount)?;
        }
    }
    Ok(used)
}

/// Applies money that came earlier.
pub fn apply_unapplied(
    tx: &Tx<'_>,
    from: &payment::PaymentRow,
    debt: &debt::Debt,
    amount_minor: i64,
) -> Result<(), StoreError> {
    if from.unapplied_minor == amount_minor {
        // Nothing is left that could be asked about.
        notice::done(tx, &settle::excess_key(from.id))?;
    }
    applied::use_money(tx, from, debt.document, amount_minor)
}

/// What the customer may see on the statement: the numbers, cut at 200 characters.
pub fn description<'n>(numbers: impl Iterator<Item = &'n str>) -> String {
    numbers.collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

/// Writes the payments of a batch.
fn write_down(
    tx: &Tx<'_>,
    till: &Till,
    run: &RunRow,
    bills: &[Bill],
) -> Result<Vec<Begun>, StoreError> {
    let firsts: Vec<_> = bills.iter().map(|bill| bill.debts[0].document).collect();
    let mut pasts = payment::past_of(tx, &firsts)?;
    let (mut beginnings, mut requests) = (Vec::new(), Vec::new());
    for Bill { method, debts } in bills {
        let first = &debts[0];
        let past = pasts.remove(&first.document).unwrap_or_default();
        // The same invoice and attempt give the same key, however often a run is interrupted.
        let book: String = till.book.chars().take(8).collect();
        let together = if debts.len() > 1 { "c" } else { "" };
        let key = format!("{book}-{}-{}{together}", first.number, past.count() + 1);
        let amounts = debts.iter().map(|d| d.currency.amount(d.balance_minor));
        let request = ChargeRequest {
            key,
            customer: first.account_number.clone(),
            token: method.token.clone(),
            kind: method.kind,
            amount_minor: Money::sum(first.currency, amounts)?.minor,
            currency: first.currency,
            description: description(debts.iter().map(|d| d.number.as_str())),
            at_ms: tx.now().at_ms,
        };
        let in_a_row = past.in_a_row(method.state.id).len();
        beginnings.push(Beginning {
            payment: NewPayment {
                account: first.account,
                run: Some(run.id),
                method: Some(method.state.id),
                gateway: method.gateway.clone(),
                amount_minor: request.amount_minor,
                currency: request.currency,
                status: PaymentStatus::Processing,
                key: request.key.clone(),
                body_hash: request.body_hash(),
                attempt: u32::try_from(in_a_row).unwrap_or(u32::MAX).saturating_add(1),
                received_on: None,
                reference: String::new(),
                unapplied_minor: 0,
                gateway_at: till.clock_of(&method.gateway),
                moved_from: None,
            },
            method: method.state.id,
            documents: debts.iter().map(|d| (d.document, d.balance_minor)).collect(),
        });
        requests.push(request);
    }
    let ids = payment::begin_all(tx, &beginnings)?;
    let begun = ids.into_iter().zip(beginnings).zip(requests);
    Ok(begun
        .map(|((payment, beginning), request)| Begun {
            payment,
            account: beginning.payment.account,
            gateway: beginning.payment.gateway,
            request,
        })
        .collect())
}
