//! What everybody did: the audit trail as a list.

use super::{
    Ask, Field, Filter, Fit, Key, ListArgs, ListRow, Order, Page, ReadError, Sort, Spec, Totals,
};
use crate::domain::actor::Verb;
use crate::domain::money::Money;
use crate::store::face::Row;
use crate::store::operation::{self, LAST_SLICE};
use crate::store::{Db, StoreError};

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Position in the trail.
    pub seq: i64,
    /// Where it stands in the list.
    pub key: Key,
    /// UTC milliseconds.
    pub at: i64,
    /// Real user id.
    pub uid: i64,
    /// Who.
    pub user: String,
    /// With which role.
    pub role: String,
    /// What.
    pub verb: String,
    /// About what.
    pub subject: String,
    /// In words.
    pub summary: String,
    /// Before and after, JSON; empty if none.
    pub detail: String,
    /// Whether it can be taken back.
    pub undoable: bool,
    /// Whether it went on by itself, for this person: a slice of a job, or what came due by the clock.
    pub by_itself: bool,
}

impl ListRow for LogRow {
    fn id(&self) -> i64 {
        self.seq
    }
    fn version(&self) -> i64 {
        0
    }
    fn key(&self) -> &Key {
        &self.key
    }
    fn money(&self) -> Option<Money> {
        None
    }
    fn is_exception(&self) -> bool {
        self.undoable
    }
}

pub(super) const SPEC: Spec = Spec {
    columns: "o.at, o.uid, o.user_name, o.role, o.verb, o.subject, o.summary, o.detail, \
              EXISTS (SELECT 1 FROM undo u WHERE u.op_seq = o.seq AND u.state = 'done'), o.by_itself",
    from: "operation o",
    narrow: "operation o",
    base: LAST_SLICE,
    id: "o.seq",
    version: "0",
    money: None,
    found: None,
    words: &["o.user_name", "o.verb", "o.subject", "o.summary"],
    fields: &[
        (Field::User, Ask::Same("o.user_name")),
        (Field::Verb, Ask::Known("o.verb", Verb::words)),
        (Field::Subject, Ask::Same("o.subject")),
        (Field::Kind, Ask::Word("iif(o.by_itself, 'itself', 'deed')", &["deed", "itself"])),
    ],
    orders: &[
        Order { sort: Sort::Newest, by: "o.seq", descending: true },
        Order { sort: Sort::Oldest, by: "o.seq", descending: false },
    ],
};

fn map(row: &Row<'_>, key: Key) -> Result<LogRow, StoreError> {
    Ok(LogRow {
        seq: key.id,
        key,
        at: row.get(2)?,
        uid: row.get(3)?,
        user: row.get(4)?,
        role: row.get(5)?,
        verb: row.get(6)?,
        subject: row.get(7)?,
        summary: row.get(8)?,
        detail: row.get(9)?,
        undoable: row.get(10)?,
        by_itself: row.get(11)?,
    })
}

/// One part of the list.
pub fn page(db: &Db<'_>, args: &ListArgs) -> Result<Page<LogRow>, ReadError> {
    super::page(db, &SPEC, args, map)
}

/// What can be typed next behind `/`.
pub fn fitting(db: &Db<'_>, filter: &Filter, of: Option<Field>) -> Result<Vec<Fit>, ReadError> {
    super::fitting(db, &SPEC, filter, of)
}

/// How many match; of all each slice that goes on takes another row off the list.
pub fn totals(db: &Db<'_>, filter: &Filter) -> Result<Totals, ReadError> {
    if *filter != Filter::default() {
        return super::totals(db, &SPEC, filter);
    }
    let all: i64 = db.one("SELECT count(*) FROM operation", [], |r| r.get(0))?;
    Ok(Totals { count: all - operation::gone_on(db)?, ..Totals::default() })
}
