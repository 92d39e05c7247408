//! The delivery queue: one row a copy, by channel and state.

use super::spec::Rows;
use super::{
    Ask, Cmp, Field, Filter, Fit, Group, Key, ListArgs, ListRow, Marked, Order, Page, ReadError,
};
use super::{Sort, Spec, Totals};
use crate::domain::delivery::network::NetworkState;
use crate::domain::ids::{DeliveryId, DocumentId};
use crate::domain::money::Money;
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::store::face::Row;
use crate::store::{Db, StoreError, money, tally, word};

/// One copy of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    pub id: DeliveryId,
    /// Where it stands in the list.
    pub key: Key,
    pub document: DocumentId,
    pub number: String,
    /// Account number.
    pub account: String,
    /// Customer name.
    pub customer: String,
    /// By which way.
    pub channel: Channel,
    /// To where.
    pub address: String,
    pub status: DeliveryStatus,
    /// Tries so far.
    pub attempts: i64,
    /// When it goes or is tried again, UTC milliseconds.
    pub not_before_at: i64,
    /// How it stands at a network; none of what was handed to none.
    pub network: Option<NetworkState>,
    /// What the other side said last, or why it cannot be made.
    pub last_reply: String,
    /// The addresses its account has, separated by `;`.
    pub emails: String,
    /// Total of the document.
    pub total: Money,
}

impl ListRow for DeliveryRow {
    fn id(&self) -> i64 {
        self.id.0
    }
    fn version(&self) -> i64 {
        0
    }
    fn key(&self) -> &Key {
        &self.key
    }
    fn money(&self) -> Option<Money> {
        Some(self.total)
    }
    fn is_exception(&self) -> bool {
        match self.status {
            DeliveryStatus::Held
            | DeliveryStatus::Deferred
            | DeliveryStatus::Bounced
            | DeliveryStatus::Unconfirmed
            | DeliveryStatus::Impossible => true,
            DeliveryStatus::Queued
            | DeliveryStatus::Sending
            | DeliveryStatus::Sent
            | DeliveryStatus::Recalled
            | DeliveryStatus::Written
            | DeliveryStatus::Printed
            | DeliveryStatus::Suppressed => false,
        }
    }
}

/// Why a copy is not on its way: what the other side says of one that went well is no error.
const ERROR: &str = "(CASE WHEN l.status IN ('Queued','Sending','Sent','Written','Printed') \
    THEN '' ELSE l.last_reply END)";

pub(super) const SPEC: Spec = Spec {
    columns: "l.document_id, d.number, a.number, v.name, l.channel, l.address, l.status, \
              l.attempts, l.not_before_at, l.last_reply, d.currency, d.total_minor, \
              (SELECT w.emails FROM account_version w WHERE w.account_id = l.account_id \
               ORDER BY w.seq DESC LIMIT 1), \
              (SELECT n.state FROM network_copy n WHERE n.delivery_id = l.id)",
    from: "delivery l JOIN document d ON d.id = l.document_id JOIN account a ON a.id = l.account_id \
           JOIN account_version v ON v.id = d.account_version_id",
    narrow: "delivery l JOIN document d ON d.id = l.document_id",
    base: "1",
    id: "l.id",
    version: "0",
    money: Some(("d.currency", "d.total_minor")),
    found: Some((Rows::Documents, "l.document_id")),
    words: &["a.number", "v.name", "d.number", "l.address", "d.po_number", "d.currency"],
    fields: &[
        (Field::Status, Ask::Word("l.status", DeliveryStatus::WORDS)),
        (Field::Channel, Ask::Word("l.channel", Channel::WORDS)),
        (Field::Account, Ask::Same("a.number")),
        (Field::Run, Ask::Id("d.run_id", "BR")),
        (Field::Error, Ask::Part(ERROR)),
        (Field::Total, Ask::Amount("d.total_minor", "d.currency")),
        (Field::Currency, Ask::Currency("d.currency")),
    ],
    orders: &[
        Order { sort: Sort::Newest, by: "l.id", descending: true },
        Order { sort: Sort::Oldest, by: "l.id", descending: false },
        Order { sort: Sort::Due, by: "l.not_before_at", descending: false },
        Order { sort: Sort::Account, by: "a.number", descending: false },
        Order { sort: Sort::Customer, by: "v.name", descending: false },
        Order { sort: Sort::Largest, by: "d.total_minor", descending: true },
        Order { sort: Sort::State, by: "l.status", descending: false },
    ],
};

fn map(row: &Row<'_>, key: Key) -> Result<DeliveryRow, StoreError> {
    Ok(DeliveryRow {
        id: DeliveryId(key.id),
        key,
        document: DocumentId(row.get(2)?),
        number: row.get::<Option<String>>(3)?.unwrap_or_default(),
        account: row.get(4)?,
        customer: row.get(5)?,
        channel: word(row, 6, Channel::parse)?,
        address: row.get(7)?,
        status: word(row, 8, DeliveryStatus::parse)?,
        attempts: row.get(9)?,
        not_before_at: row.get(10)?,
        last_reply: row.get(11)?,
        total: money(row, 12, 13)?,
        emails: row.get(14)?,
        network: match row.get::<Option<String>>(15)? {
            Some(_) => Some(word(row, 15, NetworkState::parse)?),
            None => None,
        },
    })
}

/// One part of the list.
pub fn page(db: &Db<'_>, args: &ListArgs) -> Result<Page<DeliveryRow>, ReadError> {
    super::page(db, &SPEC, args, map)
}

/// What can be typed next behind `/`.
pub fn fitting(db: &Db<'_>, filter: &Filter, of: Option<Field>) -> Result<Vec<Fit>, ReadError> {
    super::fitting(db, &SPEC, filter, of)
}

/// How many match, with the money of their documents. Of states it is kept.
pub fn totals(db: &Db<'_>, filter: &Filter) -> Result<Totals, ReadError> {
    let plain = filter.plain();
    if let Some([]) = plain.as_deref() {
        return Ok(tally::copies(db, DeliveryStatus::ALL)?.into());
    }
    if let Some([(Field::Status, Cmp::Is, words)]) = plain.as_deref() {
        let states = words.split(',').map(|w| {
            DeliveryStatus::ALL.iter().copied().find(|s| s.as_str().eq_ignore_ascii_case(w))
        });
        if let Some(states) = states.collect::<Option<Vec<_>>>() {
            return Ok(tally::copies(db, &states)?.into());
        }
    }
    super::totals(db, &SPEC, filter)
}

/// All that match, for marking.
pub fn marks(db: &Db<'_>, filter: &Filter) -> Result<Vec<Marked>, ReadError> {
    super::marks(db, &SPEC, filter)
}

/// Those of some rows that match.
pub fn within(db: &Db<'_>, filter: &Filter, ids: &[i64]) -> Result<Vec<Marked>, ReadError> {
    super::within(db, &SPEC, filter, ids)
}

/// By error, channel or status.
pub fn groups(db: &Db<'_>, filter: &Filter, by: Field) -> Result<Vec<Group>, ReadError> {
    let name = match by {
        Field::Error => ERROR,
        Field::Channel => "l.channel",
        _ => "l.status",
    };
    super::groups(db, &SPEC, filter, name, by)
}
