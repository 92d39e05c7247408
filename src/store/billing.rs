//! What a bill run reads of accounts, and the drafts it writes with their claims.

use super::face::{Row, params};
use super::{Db, StoreError, Tx, conversion, decimal, decimal_opt, word, word_opt};
use crate::domain::account::{AccountStatus, AccountTerms, DeliveryPreference, Version};
use crate::domain::billing::{
    AccountInput, ChargeInput, Claim, ClaimRole, DraftDocument, DraftItem, SubscriptionInput,
    UsageRecord,
};
use crate::domain::charge::{
    Alignment, BillingDay, BillingPeriod, ChargeTerms, ChargeType, DiscountLevel, Model, PriceBase,
    Timing, parse_tiers,
};
use crate::domain::conversion::Rate;
use crate::domain::document::{DocumentTax, Flag, TaxKind, TaxRate};
use crate::domain::ids::{
    AccountId, BillRunId, ChargeId, ChargeVersionId, DocumentId, ItemId, SubscriptionId, UsageId,
};
use crate::domain::money::{Currency, MoneyError};
use crate::domain::period::Anchor;
use crate::domain::subscription::SubscriptionTerms;
use chrono::NaiveDate;
use std::collections::HashMap;
use std::sync::Arc;

/// Every tax rate, by code and day.
pub fn taxes(db: &Db<'_>) -> Result<Vec<TaxRate>, StoreError> {
    db.all(
        "SELECT tax_code, rate_percent, name, kind, inclusive, reason, valid_from_on FROM tax_rate
         ORDER BY tax_code, valid_from_on",
        [],
        |r| {
            Ok(TaxRate {
                tax_code: r.get(0)?,
                rate_percent: decimal(r, 1)?,
                name: r.get(2)?,
                kind: word(r, 3, TaxKind::parse)?,
                inclusive: r.get(4)?,
                reason: r.get(5)?,
                valid_from: r.get(6)?,
            })
        },
    )
}

/// Which accounts' ids to load: a closed range, thinned by `wanted`.
pub struct Span<'a> {
    /// The accounts, rising; everything between the first and the last is read in one pass.
    pub wanted: &'a [AccountId],
    /// Claims and usage of this draft count as not there (it is being rated again).
    pub without: Option<DocumentId>,
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
    load_claims(db, range, &place, span.without, &mut accounts)?;
    load_usage(db, range, &place, span.without, &mut accounts)?;
    for account in &mut accounts {
        if needs_billed_usage(account) {
            account.billed_usage = billed_usage(db, account.id, span.without)?;
        }
    }
    Ok(accounts)
}

fn load_accounts(
    db: &Db<'_>,
    range: (i64, i64),
    place: &HashMap<i64, usize>,
) -> Result<Vec<AccountInput>, StoreError> {
    let mut slots: Vec<Option<AccountInput>> = Vec::new();
    slots.resize_with(place.len(), || None);
    db.each(
        "SELECT a.id, a.number, a.currency, v.id, v.seq, v.effective_from_on, v.name, v.emails,
                v.batch, v.bill_cycle_day, v.payment_term, v.auto_pay, v.delivery, v.tax_code,
                v.tax_id, v.address1, v.address2, v.postcode, v.city, v.region, v.country,
                  v.language, v.po_number, v.status
         FROM account a JOIN account_version v ON v.account_id = a.id
         WHERE a.id BETWEEN ?1 AND ?2 ORDER BY a.id, v.seq",
        range,
        |r| {
            let id: i64 = r.get(0)?;
            let Some(slot) = place.get(&id).and_then(|i| slots.get_mut(*i)) else { return Ok(()) };
            let currency = word(r, 2, Currency::parse)?;
            let version = account_version(r, 3, currency)?;
            if let Some(account) = slot {
                account.versions.push(version);
            } else {
                *slot = Some(AccountInput {
                    id: AccountId(id),
                    number: r.get(1)?,
                    currency,
                    versions: vec![version],
                    subscriptions: Vec::new(),
                    usage: Vec::new(),
                    billed_usage: Vec::new(),
                    claims: Vec::new(),
                });
            }
            Ok(())
        },
    )?;
    let found: Option<Vec<_>> = slots.into_iter().collect();
    found.ok_or_else(|| StoreError::NotFound("such account".to_owned()))
}

/// Reads `id, seq, effective_from_on, name … status` of account_version from column `at` on.
pub(in crate::store) fn account_version(
    r: &Row<'_>,
    at: usize,
    currency: Currency,
) -> Result<Version<AccountTerms>, StoreError> {
    let emails: String = r.get(at + 4)?;
    Ok(Version {
        id: r.get(at)?,
        seq: r.get(at + 1)?,
        effective_from: r.get(at + 2)?,
        terms: AccountTerms {
            name: r.get(at + 3)?,
            currency,
            emails: emails.split(';').filter(|e| !e.is_empty()).map(str::to_owned).collect(),
            batch: r.get(at + 5)?,
            bill_cycle_day: r.get(at + 6)?,
            payment_term: r.get(at + 7)?,
            auto_pay: r.get(at + 8)?,
            delivery: word(r, at + 9, DeliveryPreference::parse)?,
            tax_code: r.get(at + 10)?,
            tax_id: r.get(at + 11)?,
            address1: r.get(at + 12)?,
            address2: r.get(at + 13)?,
            postcode: r.get(at + 14)?,
            city: r.get(at + 15)?,
            region: r.get(at + 16)?,
            country: r.get(at + 17)?,
            language: r.get(at + 18)?,
            po_number: r.get(at + 19)?,
            status: word(r, at + 20, AccountStatus::parse)?,
        },
    })
}

fn load_subscriptions(
    db: &Db<'_>,
    range: (i64, i64),
    place: &HashMap<i64, usize>,
    accounts: &mut [AccountInput],
) -> Result<(), StoreError> {
    db.each(
        "SELECT s.account_id, s.id, s.number, v.id, v.seq, v.effective_from_on, v.start_on,
                v.term_months, v.auto_renew, v.end_on, v.suspended_from_on, v.resumed_from_on,
                  v.po_number
         FROM subscription s JOIN subscription_version v ON v.subscription_id = s.id
         WHERE s.account_id BETWEEN ?1 AND ?2 ORDER BY s.account_id, s.id, v.seq",
        range,
        |r| {
            let Some(account) = place.get(&r.get(0)?).and_then(|i| accounts.get_mut(*i)) else {
                return Ok(());
            };
            let id = SubscriptionId(r.get(1)?);
            let version = Version {
                id: r.get(3)?,
                seq: r.get(4)?,
                effective_from: r.get(5)?,
                terms: SubscriptionTerms {
                    start_on: r.get(6)?,
                    term_months: r.get(7)?,
                    auto_renew: r.get(8)?,
                    end_on: r.get(9)?,
                    suspended_from: r.get(10)?,
                    resumed_from: r.get(11)?,
                    po_number: r.get(12)?,
                },
            };
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
        },
    )?;
    Ok(())
}

fn load_charges(
    db: &Db<'_>,
    range: (i64, i64),
    place: &HashMap<i64, usize>,
    accounts: &mut [AccountInput],
) -> Result<(), StoreError> {
    let sql = "SELECT c.account_id, c.subscription_id, c.id, c.number, v.id, v.seq,
               v.effective_from_on, v.name, v.plan, v.type, v.model, v.price, v.quantity, v.uom,
               v.billing_period, v.timing, v.billing_day, v.alignment, v.price_base, v.start_on,
               v.end_on, v.billed_through_on, v.tiers, v.package_size, v.included_units,
                 v.overage_price, v.discount_level, v.stacked, v.tax_code, v.revenue_account
        FROM charge c JOIN charge_version v ON v.charge_id = c.id
        WHERE c.account_id BETWEEN ?1 AND ?2 ORDER BY c.account_id, c.id, v.seq";
    let mut last: Option<(usize, usize, usize, ChargeId)> = None;
    db.each(sql, range, |r| {
        let Some(a) = place.get(&r.get(0)?) else { return Ok(()) };
        let id = ChargeId(r.get(2)?);
        let version = charge_version(r, 4)?;
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

/// Reads `id, seq, effective_from_on, name … revenue_account` of charge_version from column `at` on.
pub(in crate::store) fn charge_version(
    r: &Row<'_>,
    at: usize,
) -> Result<Version<ChargeTerms>, StoreError> {
    let period = |text: &str| match text {
        "" => Some(None),
        _ => BillingPeriod::parse(text).map(Some),
    };
    Ok(Version {
        id: r.get(at)?,
        seq: r.get(at + 1)?,
        effective_from: r.get(at + 2)?,
        terms: ChargeTerms {
            name: r.get(at + 3)?,
            plan: r.get(at + 4)?,
            charge_type: word(r, at + 5, ChargeType::parse)?,
            model: word(r, at + 6, Model::parse)?,
            price: decimal(r, at + 7)?,
            quantity: decimal(r, at + 8)?,
            uom: r.get(at + 9)?,
            billing_period: word(r, at + 10, period)?,
            timing: word(r, at + 11, Timing::parse)?,
            billing_day: word(r, at + 12, BillingDay::parse)?,
            alignment: word(r, at + 13, Alignment::parse)?,
            price_base: word(r, at + 14, PriceBase::parse)?,
            start_on: r.get(at + 15)?,
            end_on: r.get(at + 16)?,
            billed_through: r.get(at + 17)?,
            tiers: word(r, at + 18, |t| parse_tiers(t).ok())?,
            package_size: decimal_opt(r, at + 19)?,
            included_units: decimal_opt(r, at + 20)?,
            overage_price: decimal_opt(r, at + 21)?,
            discount_level: word(r, at + 22, DiscountLevel::parse)?,
            stacked: r.get(at + 23)?,
            tax_code: r.get(at + 24)?,
            revenue_account: r.get(at + 25)?,
        },
    })
}

fn load_claims(
    db: &Db<'_>,
    range: (i64, i64),
    place: &HashMap<i64, usize>,
    without: Option<DocumentId>,
    accounts: &mut [AccountInput],
) -> Result<(), StoreError> {
    db.each(
        "SELECT k.account_id, k.charge_id, k.target_charge_id, k.from_on, k.to_on, k.segment,
                k.role, k.item_id, k.document_id, d.status = 'Posted', k.charge_version_id,
                k.rated_minor, coalesce(i.amount_minor, 0), coalesce((SELECT
                  sum(coalesce(x.corrects_minor, x.amount_minor)) FROM document_item x
                  JOIN document dx ON dx.id = x.document_id
                          JOIN document_state sx ON sx.document_id = dx.id
                          WHERE x.corrects_item_id = k.item_id AND dx.status <> 'Canceled'
                            AND sx.reversed_by IS NULL), 0),
                i.gross_minor, i.corrects_item_id, t.tax_code, t.rate_percent, t.name, t.kind,
                t.inclusive, t.reason, d.invoice_on, k.period,
                CASE WHEN i.gross_minor IS NOT NULL THEN
                    (SELECT CASE WHEN count(*) = count(x.gross_minor)
                      THEN i.gross_minor + coalesce(sum(coalesce(x.corrects_gross_minor,
                      x.gross_minor)), 0) END
                     FROM document_item x JOIN document dx ON dx.id = x.document_id
                     JOIN document_state sx ON sx.document_id = dx.id
                     WHERE x.corrects_item_id = k.item_id AND dx.status <> 'Canceled'
                       AND sx.reversed_by IS NULL) END, d.currency
         FROM charge c JOIN claim k ON k.charge_id = c.id JOIN document d ON d.id = k.document_id
              LEFT JOIN document_item i ON i.id = k.item_id
              LEFT JOIN document_tax t ON t.document_id = k.document_id AND t.tax_code = i.tax_code
                   AND t.rate_percent = CASE WHEN i.tax_code = '' THEN NULL
                     ELSE coalesce(i.derivation ->> '$.x.r',
                       (SELECT min(y.rate_percent) FROM document_tax y
                        WHERE y.document_id = k.document_id AND y.tax_code = i.tax_code)) END
         WHERE c.account_id BETWEEN ?1 AND ?2 AND k.document_id <> ?3
         ORDER BY c.account_id, k.charge_id, k.target_charge_id, k.from_on, k.segment",
        (range.0, range.1, without.map_or(0, |d| d.0)),
        |r| {
            let Some(account) = place.get(&r.get(0)?).and_then(|i| accounts.get_mut(*i)) else {
                return Ok(());
            };
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
        },
    )?;
    Ok(())
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
    let Some(tax_code) = r.get::<Option<String>>(16)? else { return Ok(None) };
    Ok(Some(Arc::new(TaxRate {
        tax_code,
        rate_percent: decimal(r, 17)?,
        name: r.get(18)?,
        kind: word(r, 19, TaxKind::parse)?,
        inclusive: r.get(20)?,
        reason: r.get(21)?,
        valid_from: r.get(22)?,
    })))
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

fn load_usage(
    db: &Db<'_>,
    range: (i64, i64),
    place: &HashMap<i64, usize>,
    without: Option<DocumentId>,
    accounts: &mut [AccountInput],
) -> Result<(), StoreError> {
    db.each(
        &format!(
            "SELECT u.account_id, {USAGE} FROM usage u
             WHERE u.account_id BETWEEN ?1 AND ?2
               AND NOT EXISTS (SELECT 1 FROM usage_claim k WHERE k.usage_id = u.id
                 AND k.document_id <> ?3)
             ORDER BY u.account_id, u.start_on, u.id"
        ),
        (range.0, range.1, without.map_or(0, |d| d.0)),
        |r| {
            if let Some(account) = place.get(&r.get(0)?).and_then(|i| accounts.get_mut(*i)) {
                account.usage.push(usage_row(r, 1)?);
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// Held usage is only needed where billed periods may have to be rated again: unclaimed usage
/// reaches into them, or something was amended.
fn needs_billed_usage(account: &AccountInput) -> bool {
    let mut usage_charges = account
        .subscriptions
        .iter()
        .flat_map(|s| &s.charges)
        .filter(|c| c.versions.iter().any(|v| v.terms.charge_type == ChargeType::Usage))
        .peekable();
    if usage_charges.peek().is_none() {
        return false;
    }
    let amended = account.versions.len() > 1
        || account
            .subscriptions
            .iter()
            .any(|s| s.versions.len() > 1 || s.charges.iter().any(|c| c.versions.len() > 1));
    let claimed_to = account.claims.iter().map(|k| k.to).max();
    let earliest = account.usage.iter().map(|u| u.start_on).min();
    !account.claims.is_empty() && (amended || earliest.zip(claimed_to).is_some_and(|(e, c)| e <= c))
}

fn billed_usage(
    db: &Db<'_>,
    account: AccountId,
    without: Option<DocumentId>,
) -> Result<Vec<UsageRecord>, StoreError> {
    db.all(
        &format!(
        "SELECT {USAGE}, k.charge_id, k.item_id FROM usage u JOIN usage_claim k ON k.usage_id = u.id
         WHERE u.account_id = ?1 AND k.document_id <> ?2 ORDER BY u.start_on, u.id"
    ),
        (account.0, without.map_or(0, |d| d.0)),
        |r| {
            let mut record = usage_row(r, 0)?;
            let item: Option<i64> = r.get(7)?;
            record.held_by = Some((ChargeId(r.get(6)?), ItemId(item.unwrap_or(0))));
            Ok(record)
        },
    )
}

/// What a new draft belongs to.
pub struct NewDraft<'a> {
    /// The account.
    pub account: AccountId,
    /// The version of the account it was rated from.
    pub account_version: i64,
    /// Its currency.
    pub currency: Currency,
    /// The run; none for drafts made by hand.
    pub run: Option<BillRunId>,
    /// What was billed up to.
    pub target: NaiveDate,
    /// Why it deserves a look.
    pub flags: &'a [Flag],
    /// For the review order, worst highest.
    pub risk: i64,
}

/// Writes a draft with lines, taxes, claims, flags and state.
pub fn insert_draft(
    tx: &Tx<'_>,
    new: &NewDraft<'_>,
    draft: &DraftDocument,
) -> Result<DocumentId, StoreError> {
    let source = if new.run.is_some() { "run" } else { "hand" };
    let id = DocumentId(tx.insert(
        "INSERT INTO document (kind, status, account_id, account_version_id, currency, run_id,
                source, invoice_on, due_on, target_on, po_number, subtotal_minor, tax_minor,
                  total_minor, created_at)
         VALUES (?1,'Draft',?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
        (
            draft.kind.as_str(),
            new.account.0,
            new.account_version,
            new.currency.code(),
            new.run.map(|r| r.0),
            source,
            draft.invoice_on,
            draft.due_on,
            new.target,
            &draft.po_number,
            draft.subtotal_minor,
            draft.tax_minor,
            draft.total_minor,
            tx.now().at_ms,
        ),
    )?);
    insert_state(tx, id, new, draft.due_on)?;
    insert_lines(tx, id, new.account, draft)?;
    insert_flags(tx, id, new.flags)?;
    Ok(id)
}

fn insert_state(
    tx: &Tx<'_>,
    id: DocumentId,
    new: &NewDraft<'_>,
    due_on: NaiveDate,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO document_state (document_id, status, account_id, due_on, risk)
         VALUES (?1,'Draft',?2,?3,?4)",
        (id.0, new.account.0, due_on, new.risk),
    )?;
    Ok(())
}

/// Writes the flags of a draft.
pub fn insert_flags(tx: &Tx<'_>, id: DocumentId, flags: &[Flag]) -> Result<(), StoreError> {
    for flag in flags {
        tx.run(
            "INSERT OR IGNORE INTO flag (document_id, code, reason) VALUES (?1,?2,?3)",
            (id.0, flag.code.as_str(), &flag.reason),
        )?;
    }
    Ok(())
}

/// Writes the lines, taxes and claims of a draft (also when it is rated again).
pub fn insert_lines(
    tx: &Tx<'_>,
    id: DocumentId,
    account: AccountId,
    draft: &DraftDocument,
) -> Result<(), StoreError> {
    for (position, item) in draft.items.iter().enumerate() {
        let item_id = insert_item(tx, id, position as i64 + 1, item)?;
        insert_claim(tx, id, account, item_id, item)?;
    }
    insert_taxes(tx, id, &draft.taxes)
}

/// Writes the tax of a draft by code.
pub fn insert_taxes(tx: &Tx<'_>, id: DocumentId, taxes: &[DocumentTax]) -> Result<(), StoreError> {
    for tax in taxes {
        tx.run(
            "INSERT INTO document_tax (document_id, tax_code, rate_percent, name, kind, inclusive,
             reason, base_minor, tax_minor, rounding)
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
            (
                id.0,
                &tax.tax_code,
                tax.rate_percent.to_string(),
                &tax.name,
                tax.kind.as_str(),
                tax.inclusive,
                &tax.reason,
                tax.base_minor,
                tax.tax_minor,
                tax.rounding.map(|r| r.to_string()),
            ),
        )?;
    }
    Ok(())
}

fn insert_item(
    tx: &Tx<'_>,
    id: DocumentId,
    position: i64,
    item: &DraftItem,
) -> Result<ItemId, StoreError> {
    let derivation = serde_json::to_string(&item.derivation)
        .map_err(|e| StoreError::Corrupt(format!("a derivation cannot be written: {e}")))?;
    let key = tx.insert(
        "INSERT INTO document_item (document_id, position, charge_id, charge_version_id,
                subscription_id, target_charge_id, corrects_item_id, description, service_from_on,
                service_to_on, quantity, unit_price, amount_minor, gross_minor, tax_code,
                  revenue_account, origin, derivation)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,
                 (SELECT revenue_account FROM charge_version WHERE id = ?4),'run',?16)",
        params![
            id.0,
            position,
            item.charge.0,
            item.version.0,
            item.subscription.0,
            item.target.map(|t| t.0),
            item.corrects.map(|i| i.0),
            item.description,
            item.service_from,
            item.service_to,
            item.quantity.to_string(),
            item.unit_price.to_string(),
            item.amount_minor,
            item.gross_minor,
            item.tax_code,
            derivation,
        ],
    )?;
    Ok(ItemId(key))
}

fn insert_claim(
    tx: &Tx<'_>,
    id: DocumentId,
    account: AccountId,
    item_id: ItemId,
    item: &DraftItem,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO claim (charge_id, target_charge_id, from_on, segment, to_on, role, account_id,
                document_id, item_id, charge_version_id, rated_minor, period)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
        (
            item.charge.0,
            item.target.map_or(0, |t| t.0),
            item.claim.from,
            item.claim.segment,
            item.claim.to,
            item.claim.role.as_str(),
            account.0,
            id.0,
            item_id.0,
            item.version.0,
            item.claim.rated_minor,
            item.claim.period.map(|p| p.to_string()),
        ),
    )?;
    for usage in &item.usage {
        tx.run(
            "INSERT INTO usage_claim (usage_id, item_id, document_id, charge_id)
             VALUES (?1,?2,?3,?4)",
            (usage.0, item_id.0, id.0, item.charge.0),
        )?;
    }
    Ok(())
}

/// Releases everything a draft holds: its claims and its usage.
pub fn release(tx: &Tx<'_>, id: DocumentId) -> Result<(), StoreError> {
    tx.run("DELETE FROM claim WHERE document_id = ?1", [id.0])?;
    tx.run("DELETE FROM usage_claim WHERE document_id = ?1", [id.0])?;
    Ok(())
}
