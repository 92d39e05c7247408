//! Deeds: who did what to which account. [`enter`] is called by whatever writes the row (a posting,
//! money received, a refund, a method, an address), so that every verb meets the two rules there:
//! four eyes sum what one person did to one account alone, and nobody is on both sides of it.

pub mod ahead;
mod kind;
mod stop;

pub use super::tx::Second;
pub use kind::DeedKind;
pub use stop::Stop;

use super::face::params;
use super::{Db, StoreError, Tx, document, settings};
use crate::config::{Config, Setting, key};
use crate::domain::actor::Role;
use crate::domain::document::DocumentKind;
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::Currency;
use chrono::NaiveDate;
use std::rc::Rc;

/// How far back four eyes sum: 24 hours.
pub const DAY_MS: i64 = 24 * 3_600_000;

/// The two sides that one person must not be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Says that money came.
    Money,
    /// Gives up what is owed, or gives money back.
    Credit,
}

impl Side {
    /// Its kinds, as SQL has them.
    const fn kinds(self) -> &'static str {
        match self {
            Self::Money => "('payment')",
            Self::Credit => {
                "('credit memo','debit memo','write-off','refund','credit draft','credit application','credit asked for')"
            }
        }
    }
}

/// How a deed counts against the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// With everything else of its day.
    Sum,
    /// What is exposed: the most of its day, once.
    Most,
    /// Not.
    None,
}

impl DeedKind {
    /// The side it is on, if it is on one.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::Money => Some(Side::Money),
            Self::Credit
            | Self::Debit
            | Self::WriteOff
            | Self::Refund
            | Self::CreditDraft
            | Self::CreditApplied
            | Self::CreditAsked => Some(Side::Credit),
            Self::Posting | Self::Method | Self::Address | Self::Price => None,
        }
    }

    fn weight(self) -> Weight {
        match self {
            Self::Posting | Self::Credit | Self::Debit | Self::WriteOff | Self::Refund => {
                Weight::Sum
            }
            Self::Method | Self::Address => Weight::Most,
            Self::CreditDraft
            | Self::CreditApplied
            | Self::CreditAsked
            | Self::Money
            | Self::Price => Weight::None,
        }
    }
}

/// What somebody is about to do to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDeed {
    /// Whose account.
    pub account: AccountId,
    /// What.
    pub kind: DeedKind,
    /// How much it is about, minor units; its sign does not count.
    pub minor: i64,
    pub currency: Currency,
    /// The document it is about.
    pub document: Option<DocumentId>,
    /// The payment it is about.
    pub payment: Option<PaymentId>,
    /// The event of a payment it is about.
    pub event: Option<i64>,
}

impl NewDeed {
    /// One that names no document and no payment.
    pub fn new(account: AccountId, kind: DeedKind, minor: i64, currency: Currency) -> Self {
        Self { account, kind, minor, currency, document: None, payment: None, event: None }
    }
}

/// A deed that does not count: its draft was canceled, its refund failed.
const STANDS: &str = "(document_id IS NULL OR (SELECT status FROM document d WHERE d.id = document_id) <> 'Canceled')
    AND (event_id IS NULL OR (SELECT status FROM payment_event e WHERE e.id = event_id) <> 'Failed')";

/// What somebody did alone to an account within a day, minor units: what counts together, and the
/// most that was exposed.
pub fn alone(
    db: &Db<'_>,
    uid: u32,
    account: AccountId,
    currency: Currency,
    now_ms: i64,
) -> Result<(i64, i64), StoreError> {
    db.one(
        &format!(
            "SELECT coalesce(sum(CASE WHEN kind IN
             ('posting','credit memo','debit memo','write-off','refund')
                        THEN amount_minor END), 0),
                    coalesce(max(CASE WHEN kind IN ('payment method','e-mail address')
                      THEN amount_minor END), 0)
             FROM deed WHERE account_id = ?1 AND uid = ?2 AND at > ?3 AND currency = ?4
               AND second_name = '' AND {STANDS}"
        ),
        (account.0, uid, now_ms - DAY_MS, currency.code()),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )
}

/// Sums and the most exposed with one more deed; none when it does not count.
pub fn with(had: (i64, i64), kind: DeedKind, minor: i64) -> Option<(i64, i64)> {
    match kind.weight() {
        Weight::Sum if minor != 0 => Some((had.0.saturating_add(minor.abs()), had.1)),
        Weight::Most if minor > 0 => Some((had.0, had.1.max(minor))),
        Weight::Sum | Weight::Most | Weight::None => None,
    }
}

/// Whether so much is above the limit in a currency; without a limit nothing is.
pub fn above(config: &Config, currency: Currency, (sum, most): (i64, i64)) -> bool {
    limit_minor(config, currency).is_some_and(|limit| sum.saturating_add(most) > limit)
}

fn limit_minor(config: &Config, currency: Currency) -> Option<i64> {
    config.decimal(key::FOUR_EYES_ABOVE).map(|limit| currency.whole_minor(limit))
}

/// Why somebody must not do this alone, if they must not.
pub fn too_much(
    db: &Db<'_>,
    uid: u32,
    deed: &NewDeed,
    now_ms: i64,
) -> Result<Option<Stop>, StoreError> {
    too_much_by(&rules(db)?, db, uid, deed, now_ms)
}

fn too_much_by(
    config: &Config,
    db: &Db<'_>,
    uid: u32,
    deed: &NewDeed,
    now_ms: i64,
) -> Result<Option<Stop>, StoreError> {
    if deed.kind == DeedKind::Price {
        let limit = config.int(key::FOUR_EYES_PRICE_CHARGES);
        let stop = Stop::Prices { limit };
        return Ok((limit > 0 && prices(db, uid, now_ms)? >= limit).then_some(stop));
    }
    if let Some(own) = own_limit(config, deed) {
        return Ok(own_stop(config, deed, own));
    }
    if limit_minor(config, deed.currency).is_none() {
        return Ok(None);
    }
    let had = alone(db, uid, deed.account, deed.currency, now_ms)?;
    let Some(has) = with(had, deed.kind, deed.minor) else { return Ok(None) };
    Ok(above(config, deed.currency, has).then(|| alone_stop(config, deed.currency, had)))
}

fn alone_stop(config: &Config, currency: Currency, had: (i64, i64)) -> Stop {
    Stop::Alone {
        limit: config.get(key::FOUR_EYES_ABOVE).to_owned(),
        setting: key::FOUR_EYES_ABOVE.key,
        before_minor: had.0.saturating_add(had.1),
        currency,
    }
}

/// The limit that a kind has of its own, if it is set: it goes by that, and not with the rest.
fn own_limit(config: &Config, deed: &NewDeed) -> Option<(&'static Setting, i64)> {
    let setting = match deed.kind {
        DeedKind::Method => key::FOUR_EYES_METHOD_ABOVE,
        DeedKind::Address => key::FOUR_EYES_ADDRESS_ABOVE,
        DeedKind::Posting
        | DeedKind::Credit
        | DeedKind::Debit
        | DeedKind::WriteOff
        | DeedKind::Refund
        | DeedKind::CreditDraft
        | DeedKind::CreditApplied
        | DeedKind::CreditAsked
        | DeedKind::Money
        | DeedKind::Price => return None,
    };
    config.decimal(setting).map(|limit| (setting, deed.currency.whole_minor(limit)))
}

/// What the limit of its own says of a deed.
fn own_stop(config: &Config, deed: &NewDeed, own: (&'static Setting, i64)) -> Option<Stop> {
    let (setting, most) = own;
    (deed.minor > most).then(|| Stop::Alone {
        limit: config.get(setting).to_owned(),
        setting: setting.key,
        before_minor: 0,
        currency: deed.currency,
    })
}

/// How many prices somebody changed alone within a day.
pub fn prices(db: &Db<'_>, uid: u32, now_ms: i64) -> Result<i64, StoreError> {
    db.one(
        "SELECT count(*) FROM deed WHERE kind = 'price' AND uid = ?1 AND at > ?2
         AND second_name = ''",
        (uid, now_ms - DAY_MS),
        |r| r.get(0),
    )
}

/// What somebody did on the other side of an account, if that still counts. The creator of a book
/// without roles is everything, and not bound.
pub fn other_side(
    tx: &Tx<'_>,
    uid: u32,
    account: AccountId,
    side: Side,
) -> Result<Option<Stop>, StoreError> {
    if tx.role() == Role::Everything {
        return Ok(None);
    }
    opposed(tx, uid, account, side, tx.now().at_ms)
}

/// The same for a person who is bound.
pub fn opposed(
    db: &Db<'_>,
    uid: u32,
    account: AccountId,
    side: Side,
    now_ms: i64,
) -> Result<Option<Stop>, StoreError> {
    let days = rules(db)?.int(key::SEPARATION_WINDOW);
    let other = match side {
        Side::Money => Side::Credit,
        Side::Credit => Side::Money,
    };
    let found = db.opt(
        &format!(
            "SELECT user_name, kind, done_on FROM deed WHERE account_id = ?1 AND uid = ?2
             AND at > ?3
             AND kind IN {} AND {STANDS} ORDER BY id DESC LIMIT 1",
            other.kinds()
        ),
        (account.0, uid, now_ms - window_ms(days)),
        |r| Ok((r.get(0)?, super::word(r, 1, DeedKind::parse)?, r.get(2)?)),
    )?;
    Ok(found.map(|(user, did, on): (String, DeedKind, NaiveDate)| Stop::BothSides {
        user,
        did,
        on,
        until: on.checked_add_days(chrono::Days::new(days.unsigned_abs())).unwrap_or(on),
    }))
}

fn window_ms(days: i64) -> i64 {
    days.saturating_mul(DAY_MS)
}

/// The few settings that the rules ask for.
fn rules(db: &Db<'_>) -> Result<Config, StoreError> {
    settings::group(db, &[key::FOUR_EYES_ABOVE, key::SEPARATION_WINDOW])
}

/// The same in a transaction, read once.
fn rules_of(tx: &Tx<'_>) -> Result<Rc<Config>, StoreError> {
    if let Some(known) = &*tx.rules.borrow() {
        return Ok(Rc::clone(known));
    }
    let read = Rc::new(rules(tx)?);
    tx.rules.replace(Some(Rc::clone(&read)));
    Ok(read)
}

/// Why this transaction must not do a deed, if it must not.
pub fn stop(tx: &Tx<'_>, deed: &NewDeed) -> Result<Option<Stop>, StoreError> {
    let second = tx.second.borrow();
    let asked_by = second.as_ref().and_then(|s| s.asked_by);
    if let Some(side) = deed.kind.side() {
        for uid in std::iter::once(tx.actor().uid).chain(asked_by) {
            if let Some(stop) = other_side(tx, uid, deed.account, side)? {
                return Ok(Some(stop));
            }
        }
    }
    if second.is_some() {
        return Ok(None);
    }
    too_much_by(rules_of(tx)?.as_ref(), tx, tx.actor().uid, deed, tx.now().at_ms)
}

/// Whether anybody is to look at what one person does to methods, addresses and prices: without a
/// limit such deeds are neither stopped nor written.
pub fn heeded(db: &Db<'_>) -> Result<bool, StoreError> {
    let config = rules(db)?;
    let limits = [key::FOUR_EYES_ABOVE, key::FOUR_EYES_METHOD_ABOVE, key::FOUR_EYES_ADDRESS_ABOVE];
    Ok(limits.iter().any(|limit| config.decimal(limit).is_some())
        || config.int(key::FOUR_EYES_PRICE_CHARGES) > 0)
}

/// Writes a deed with the row that it is about, or refuses both.
pub fn enter(tx: &Tx<'_>, deed: &NewDeed) -> Result<(), StoreError> {
    if let Some(stop) = stop(tx, deed)? {
        return Err(StoreError::Rule(Box::new(stop)));
    }
    let rules = rules_of(tx)?;
    let config = rules.as_ref();
    let limit = limit_minor(config, deed.currency);
    let counts = match deed.kind.weight() {
        _ if own_limit(config, deed).is_some() => false,
        // What only four eyes look at is kept where they do.
        Weight::Sum | Weight::Most if deed.kind.side().is_none() => {
            limit.is_some() && deed.minor != 0
        }
        Weight::Sum | Weight::Most => true,
        Weight::None if deed.kind == DeedKind::Price => {
            config.int(key::FOUR_EYES_PRICE_CHARGES) > 0
        }
        Weight::None => true,
    };
    if !counts {
        return Ok(());
    }
    let bound = tx.role() != Role::Everything;
    let window = bound.then(|| window_ms(config.int(key::SEPARATION_WINDOW)));
    let second = tx.second.borrow();
    write(tx, deed, (tx.actor().uid, &tx.actor().name), second.as_ref(), limit, window)?;
    if let Some(Second { asked_by: Some(uid), name }) = &*second
        && deed.kind.side() == Some(Side::Credit)
    {
        let asked = NewDeed { kind: DeedKind::CreditAsked, minor: 0, ..*deed };
        write(tx, &asked, (*uid, name), None, None, window)?;
    }
    Ok(())
}

fn write(
    tx: &Tx<'_>,
    deed: &NewDeed,
    (uid, name): (u32, &str),
    second: Option<&Second>,
    limit: Option<i64>,
    window: Option<i64>,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO deed (op_seq, at, done_on, uid, user_name, account_id, kind, amount_minor,
            currency, document_id, payment_id, event_id, second_name, limit_minor, window_ms)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
        params![
            tx.seq(),
            tx.now().at_ms,
            tx.now().today,
            uid,
            name,
            deed.account.0,
            deed.kind.as_str(),
            deed.minor.saturating_abs(),
            deed.currency.code(),
            deed.document.map(|d| d.0),
            deed.payment.map(|p| p.0),
            deed.event,
            second.map_or("", |s| s.name.as_str()),
            limit,
            window,
        ],
    )?;
    Ok(())
}

/// What somebody wrote of a document's lines: whether anything, and what of it gives back (minor units,
/// negative or 0).
pub type ByHand = (bool, i64);

/// What posting a document is: none for the undoing of a write-off, which gives nothing up.
pub fn of_posting(db: &Db<'_>, row: &document::DocumentRow) -> Result<Option<NewDeed>, StoreError> {
    of_posting_by(row, || {
        db.one(
            "SELECT count(*) > 0, coalesce(sum(min(amount_minor, 0)), 0) FROM document_item
                 WHERE document_id = ?1 AND origin <> 'run'",
            [row.id.0],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
    })
}

/// The same where the lines were read.
pub fn of_posting_by(
    row: &document::DocumentRow,
    by_hand: impl Fn() -> Result<ByHand, StoreError>,
) -> Result<Option<NewDeed>, StoreError> {
    let (kind, minor) = match row.kind {
        DocumentKind::WriteOff if row.total_minor >= 0 => return Ok(None),
        DocumentKind::WriteOff => (DeedKind::WriteOff, row.total_minor),
        DocumentKind::DebitMemo => (DeedKind::Debit, row.total_minor),
        DocumentKind::CreditMemo if row.source == document::Source::Run && !by_hand()?.0 => {
            (DeedKind::Posting, row.total_minor)
        }
        DocumentKind::CreditMemo => (DeedKind::Credit, row.total_minor),
        DocumentKind::Invoice => match by_hand()?.1 {
            0 => (DeedKind::Posting, row.total_minor),
            given => (DeedKind::Credit, row.total_minor.max(-given)),
        },
    };
    let deed = NewDeed::new(row.account, kind, minor, row.currency);
    Ok(Some(NewDeed { document: Some(row.id), ..deed }))
}
