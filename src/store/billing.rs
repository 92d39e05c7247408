//! What a bill run reads of accounts: their versions, subscriptions, charges, claims and usage.

use super::face::{Cell, Row};
use super::shared_text::said;
use super::{
    Db, StoreError, account, charge, conversion, decimal, many, settled, subscription, tax, word,
    word_opt,
};
use crate::domain::billing::{
    AccountInput, BillingRules, ChargeInput, Claim, ClaimRole, SubscriptionInput, UsageRecord,
};
use crate::domain::charge::ChargeType;
use crate::domain::conversion::Rate;
use crate::domain::document::TaxRate;
use crate::domain::ids::{
    AccountId, ChargeId, ChargeVersionId, DocumentId, ItemId, SubscriptionId, UsageId,
};
use crate::domain::money::{Currency, MoneyError};
use crate::domain::period::Anchor;
use chrono::NaiveDate;
use std::collections::HashMap;
use std::sync::Arc;

/// Which accounts' ids to load: a closed range, thinned by `wanted`.
pub struct Span<'a> {
    /// The accounts, rising; everything between the first and the last is read in one pass.
    pub wanted: &'a [AccountId],
    /// Claims and usage of this draft count as not there (it is being rated again).
    pub without: Option<DocumentId>,
    /// The rules and the target date they are billed by: what earlier runs found settled before the
    /// target is left out. Without, everything is read.
    pub settled_by: Option<(&'a BillingRules, NaiveDate)>,
}

/// Loads accounts with all a bill run has to know of them, in the order asked for.
pub fn load(db: &Db<'_>, span: &Span<'_>) -> Result<Vec<AccountInput>, StoreError> {
    let (Some(first), Some(last)) = (span.wanted.first(), span.wanted.last()) else {
        return Ok(Vec::new());
    };
    let range = (first.0, last.0);
    let place: HashMap<i64, usize> =
        span.wanted.iter().enumerate().map(|(i, a)| (a.0, i)).collect();
    let mut accounts = load_accounts(db, range, &place)?;
    load_subscriptions(db, range, &place, &mut accounts)?;
    load_charges(db, range, &place, &mut accounts)?;
    if let Some((rules, target)) = span.settled_by {
        settled::mark(db, range, &place, (rules, target), &mut accounts)?;
    }
    let reads = Reads { place: &place, without: span.without.map_or(0, |d| d.0) };
    if accounts.iter().all(|a| a.settled.is_none()) {
        reads.claims_and_usage(db, Days::All, range, &mut accounts)?;
    } else {
        reads.claims_and_usage(db, Days::Open, range, &mut accounts)?;
        let whole: Vec<i64> =
            accounts.iter().filter(|a| a.settled.is_none()).map(|a| a.id.0).collect();
        for id in whole {
            reads.claims_and_usage(db, Days::All, (id, id), &mut accounts)?;
        }
    }
    for account in &mut accounts {
        let documents = rated_again(account);
        if !documents.is_empty() {
            account.billed_usage = billed_usage(db, &documents)?;
        }
    }
    Ok(accounts)
}

/// Which days of accounts are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Days {
    All,
    /// Of settled accounts, what reaches beyond their settled days (of what began on them only the
    /// last line of a charge may), and the last line of each charge; nothing of others.
    Open,
}

fn load_accounts(
    db: &Db<'_>,
    range: (i64, i64),
    place: &HashMap<i64, usize>,
) -> Result<Vec<AccountInput>, StoreError> {
    let mut slots: Vec<Option<AccountInput>> = Vec::new();
    slots.resize_with(place.len(), || None);
    let sql = format!(
        "SELECT a.id, a.number, {} FROM account a JOIN account_version v ON v.account_id = a.id
         WHERE a.id BETWEEN ?1 AND ?2 ORDER BY a.id, v.seq",
        account::VERSION_COLUMNS
    );
    db.each(&sql, range, |r| {
        let id: i64 = r.get(0)?;
        let Some(slot) = place.get(&id).and_then(|i| slots.get_mut(*i)) else { return Ok(()) };
        let version = account::version_from(r, 2)?;
        if let Some(account) = slot {
            account.versions.push(version);
        } else {
            *slot = Some(AccountInput {
                id: AccountId(id),
                number: r.get(1)?,
                currency: version.terms.currency,
                versions: vec![version],
                subscriptions: Vec::new(),
                usage: Vec::new(),
                billed_usage: Vec::new(),
                claims: Vec::new(),
                settled: None,
            });
        }
        Ok(())
    })?;
    let found: Option<Vec<_>> = slots.into_iter().collect();
    found.ok_or_else(|| StoreError::NotFound("such account".to_owned()))
}

fn load_subscriptions(
    db: &Db<'_>,
    range: (i64, i64),
    place: &HashMap<i64, usize>,
    accounts: &mut [AccountInput],
) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT s.account_id, s.id, s.number, {} FROM subscription s
         JOIN subscription_version v ON v.subscription_id = s.id
         WHERE s.account_id BETWEEN ?1 AND ?2 ORDER BY s.account_id, s.id, v.seq",
        subscription::VERSION_COLUMNS
    );
    db.each(&sql, range, |r| {
        let Some(account) = place.get(&r.get(0)?).and_then(|i| accounts.get_mut(*i)) else {
            return Ok(());
        };
        let id = SubscriptionId(r.get(1)?);
        let version = subscription::version_from(r, 3)?;
        match account.subscriptions.last_mut().filter(|s| s.id == id) {
            Some(subscription) => subscription.versions.push(version),
            None => account.subscriptions.push(SubscriptionInput {
                id,
                number: r.get(2)?,
                versions: vec![version],
                charges: Vec::new(),
            }),
        }
        Ok(())
    })
}

fn load_charges(
    db: &Db<'_>,
    range: (i64, i64),
    place: &HashMap<i64, usize>,
    accounts: &mut [AccountInput],
) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT c.account_id, c.subscription_id, c.id, c.number, {}
         FROM charge c JOIN charge_version v ON v.charge_id = c.id
         WHERE c.account_id BETWEEN ?1 AND ?2 ORDER BY c.account_id, c.id, v.seq",
        charge::VERSION_COLUMNS
    );
    let mut last: Option<(usize, usize, usize, ChargeId)> = None;
    db.each(&sql, range, |r| {
        let Some(a) = place.get(&r.get(0)?) else { return Ok(()) };
        let id = ChargeId(r.get(2)?);
        let version = charge::version_from(r, 4)?;
        if let Some((a, s, c, same)) = last
            && same == id
        {
            accounts[a].subscriptions[s].charges[c].versions.push(version);
            return Ok(());
        }
        let subscription = SubscriptionId(r.get(1)?);
        let Ok(s) = accounts[*a].subscriptions.binary_search_by_key(&subscription, |s| s.id) else {
            return Err(StoreError::Corrupt(format!("charge {} has no subscription", id.0)));
        };
        let charges = &mut accounts[*a].subscriptions[s].charges;
        charges.push(ChargeInput { id, number: r.get(3)?, versions: vec![version] });
        last = Some((*a, s, charges.len() - 1, id));
        Ok(())
    })
}

/// What charges of accounts from one id to another have claimed, but for one document: what it billed, what later
/// documents took back of it, gross and tax.
fn claims_of(days: Days) -> String {
    let held = match days {
        Days::All => "JOIN claim k ON k.charge_id = c.id",
        Days::Open => {
            "JOIN settled s ON s.account_id = c.account_id
             JOIN claim k ON k.charge_id = c.id AND k.target_charge_id = 0
                  AND k.from_on >= coalesce((SELECT max(q.from_on) FROM claim q
                       WHERE q.charge_id = c.id AND q.target_charge_id = 0
                         AND q.from_on <= s.through_on), '')
                  AND (k.to_on > s.through_on OR k.from_on = (SELECT max(q.from_on) FROM claim q
                       WHERE q.charge_id = c.id AND q.target_charge_id = 0))"
        }
    };
    format!(
        "SELECT k.account_id, k.charge_id, k.target_charge_id, k.from_on, k.to_on, k.segment,
                k.role, k.item_id, k.document_id, d.status = 'Posted', k.charge_version_id,
                k.rated_minor, coalesce(i.amount_minor, 0), coalesce((SELECT
                  sum(coalesce(x.corrects_minor, x.amount_minor)) FROM document_item x
                  JOIN document dx ON dx.id = x.document_id
                          JOIN document_state sx ON sx.document_id = dx.id
                          WHERE x.corrects_item_id = k.item_id AND dx.id <> ?3 AND dx.status <> 'Canceled'
                            AND sx.reversed_by IS NULL), 0),
                i.gross_minor, i.corrects_item_id, {}, d.invoice_on, k.period,
                CASE WHEN i.gross_minor IS NOT NULL THEN
                    (SELECT CASE WHEN count(*) = count(x.gross_minor)
                      THEN i.gross_minor + coalesce(sum(coalesce(x.corrects_gross_minor,
                      x.gross_minor)), 0) END
                     FROM document_item x JOIN document dx ON dx.id = x.document_id
                     JOIN document_state sx ON sx.document_id = dx.id
                     WHERE x.corrects_item_id = k.item_id AND dx.id <> ?3 AND dx.status <> 'Canceled'
                       AND sx.reversed_by IS NULL) END, d.currency
         FROM charge c {held} JOIN document d ON d.id = k.document_id
              LEFT JOIN document_item i ON i.id = k.item_id
              LEFT JOIN document_tax t ON t.document_id = k.document_id AND t.tax_code = i.tax_code
                   AND t.rate_percent = CASE WHEN i.tax_code = '' THEN NULL
                     ELSE (SELECT CASE WHEN min(y.rate_percent) = max(y.rate_percent)
                         THEN min(y.rate_percent)
                         ELSE coalesce(({}) ->> '$.x.r', min(y.rate_percent)) END
                       FROM document_tax y
                       WHERE y.document_id = k.document_id AND y.tax_code = i.tax_code) END
         WHERE c.account_id BETWEEN ?1 AND ?2 AND k.document_id <> ?3
         ORDER BY c.account_id, k.charge_id, k.target_charge_id, k.from_on, k.segment",
        tax::COLUMNS,
        said!("i", "derivation")
    )
}

/// Reads claims and usage into accounts.
struct Reads<'p> {
    /// Where each account is.
    place: &'p HashMap<i64, usize>,
    /// The draft that counts as not there; 0 for none.
    without: i64,
}

impl Reads<'_> {
    fn claims_and_usage(
        &self,
        db: &Db<'_>,
        days: Days,
        range: (i64, i64),
        accounts: &mut [AccountInput],
    ) -> Result<(), StoreError> {
        self.claims(db, days, range, accounts)?;
        self.usage(db, days, range, accounts)
    }

    /// The account of an id, if these days of it are wanted.
    fn taker<'a>(
        &self,
        days: Days,
        id: i64,
        accounts: &'a mut [AccountInput],
    ) -> Option<&'a mut AccountInput> {
        let account = accounts.get_mut(*self.place.get(&id)?)?;
        (days == Days::All || account.settled.is_some()).then_some(account)
    }

    fn claims(
        &self,
        db: &Db<'_>,
        days: Days,
        range: (i64, i64),
        accounts: &mut [AccountInput],
    ) -> Result<(), StoreError> {
        db.each(&claims_of(days), (range.0, range.1, self.without), |r| {
            let Some(account) = self.taker(days, r.get(0)?, accounts) else { return Ok(()) };
            let target: i64 = r.get(2)?;
            let (amount_minor, credits): (i64, i64) = (r.get(12)?, r.get(13)?);
            let billed_in = word(r, 25, Currency::parse)?;
            let mut claim = Claim {
                charge: ChargeId(r.get(1)?),
                target: (target != 0).then_some(ChargeId(target)),
                from: r.get(3)?,
                to: r.get(4)?,
                segment: r.get(5)?,
                role: word(r, 6, ClaimRole::parse)?,
                item: r.get::<Option<i64>>(7)?.map(ItemId),
                document: DocumentId(r.get(8)?),
                posted: r.get(9)?,
                version: ChargeVersionId(r.get(10)?),
                rated_minor: r.get(11)?,
                period: word_opt(r, 23, Anchor::parse)?,
                amount_minor,
                left_minor: amount_minor + credits,
                gross_minor: r.get(14)?,
                gross_left_minor: r.get(24)?,
                corrects: r.get::<Option<i64>>(15)?.map(ItemId),
                tax: claim_tax(r)?,
                converted: None,
            };
            if billed_in != account.currency {
                let rate = conversion::rate(db, billed_in, account.currency)?;
                convert(&mut claim, rate).map_err(|e| StoreError::Corrupt(e.to_string()))?;
            }
            account.claims.push(claim);
            Ok(())
        })
    }

    fn usage(
        &self,
        db: &Db<'_>,
        days: Days,
        range: (i64, i64),
        accounts: &mut [AccountInput],
    ) -> Result<(), StoreError> {
        let (from, by) = match days {
            Days::All => ("usage u", "u"),
            Days::Open => (
                "settled s CROSS JOIN usage u ON u.account_id = s.account_id
                                             AND u.start_on > s.through_on",
                "s",
            ),
        };
        db.each(
            &format!(
                "SELECT u.account_id, {USAGE} FROM {from}
                 WHERE {by}.account_id BETWEEN ?1 AND ?2
                   AND NOT EXISTS (SELECT 1 FROM usage_claim k WHERE k.usage_id = u.id
                     AND k.document_id <> ?3)
                 ORDER BY {by}.account_id, u.start_on, u.id"
            ),
            (range.0, range.1, self.without),
            |r| {
                if let Some(account) = self.taker(days, r.get(0)?, accounts) {
                    account.usage.push(usage_row(r, 1)?);
                }
                Ok(())
            },
        )
    }
}

/// What was billed in a currency that is gone, as it stands in the one that took its place.
fn convert(claim: &mut Claim, rate: Rate) -> Result<(), MoneyError> {
    for minor in [&mut claim.rated_minor, &mut claim.amount_minor, &mut claim.left_minor] {
        *minor = rate.convert(*minor)?;
    }
    for minor in [&mut claim.gross_minor, &mut claim.gross_left_minor].into_iter().flatten() {
        *minor = rate.convert(*minor)?;
    }
    claim.converted = Some(rate);
    Ok(())
}

/// The rate a claimed item was taxed by.
fn claim_tax(r: &Row<'_>) -> Result<Option<Arc<TaxRate>>, StoreError> {
    match r.cell(16)? {
        Cell::Null => Ok(None),
        _ => tax::rate_from(r, 16).map(|rate| Some(Arc::new(rate))),
    }
}

const USAGE: &str = "u.id, u.uom, u.quantity, u.start_on, u.subscription_id, u.charge_id";

fn usage_row(r: &Row<'_>, at: usize) -> Result<UsageRecord, StoreError> {
    Ok(UsageRecord {
        id: UsageId(r.get(at)?),
        uom: r.get(at + 1)?,
        quantity: decimal(r, at + 2)?,
        start_on: r.get(at + 3)?,
        subscription: r.get::<Option<i64>>(at + 4)?.map(SubscriptionId),
        charge: r.get::<Option<i64>>(at + 5)?.map(ChargeId),
        held_by: None,
    })
}

/// The documents whose usage is needed: those of the lines that were read, and only where billed
/// periods may have to be rated again, since unclaimed usage reaches into them or something was
/// amended.
fn rated_again(account: &AccountInput) -> Vec<i64> {
    let rated =
        |c: &&ChargeInput| c.versions.iter().any(|v| v.terms.charge_type == ChargeType::Usage);
    let charges = account.subscriptions.iter().flat_map(|s| &s.charges);
    let by_usage: Vec<ChargeId> = charges.filter(rated).map(|c| c.id).collect();
    let amended = account.versions.len() > 1
        || account
            .subscriptions
            .iter()
            .any(|s| s.versions.len() > 1 || s.charges.iter().any(|c| c.versions.len() > 1));
    let claimed_to = account.claims.iter().map(|k| k.to).max();
    let earliest = account.usage.iter().map(|u| u.start_on).min();
    if !amended && earliest.zip(claimed_to).is_none_or(|(e, c)| e > c) {
        return Vec::new();
    }
    let open = |to| account.settled.is_none_or(|through| to > through);
    let lines = account.claims.iter().filter(|k| open(k.to) && by_usage.contains(&k.charge));
    let mut documents: Vec<i64> = lines.map(|k| k.document.0).collect();
    documents.sort_unstable();
    documents.dedup();
    documents
}

fn billed_usage(db: &Db<'_>, documents: &[i64]) -> Result<Vec<UsageRecord>, StoreError> {
    db.all(
        &format!(
            "SELECT {USAGE}, k.charge_id, k.item_id FROM usage_claim k
             JOIN usage u ON u.id = k.usage_id
             WHERE k.document_id IN (SELECT value FROM json_each(?1)) ORDER BY u.start_on, u.id"
        ),
        [many::keys(documents.iter().copied())],
        |r| {
            let mut record = usage_row(r, 0)?;
            let item: Option<i64> = r.get(7)?;
            record.held_by = Some((ChargeId(r.get(6)?), ItemId(item.unwrap_or(0))));
            Ok(record)
        },
    )
}
