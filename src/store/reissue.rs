//! Posted invoices that another one takes the place of: what is in the way of it, what moves over, and
//! which is the other.

use super::conversion;
use super::{Db, StoreError, Topic, Tx, agency, debt, dispute, document};
use crate::domain::dispute::DisputeState;
use crate::domain::ids::{DocumentId, PaymentId};

/// What keeps a posted invoice from being issued anew, in words.
pub fn blockers(db: &Db<'_>, row: &document::DocumentRow) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    if row.source == document::Source::OpenItem {
        found.push("another system issued it: it is issued anew there".to_owned());
    }
    if !conversion::successors(db, row.id)?.is_empty() {
        found.push("what was open of it was carried over into another currency".to_owned());
    }
    if let Some(case) = agency::open_of(db, row.account)? {
        found.push(case.said_of(row.id));
    }
    for sql in [
        "SELECT 'payment ' || printf('P-%06d', p.id) || ' of it is ' || p.status
         FROM allocation a JOIN payment p ON p.id = a.payment_id
         WHERE a.document_id = ?1 AND a.state = 'live' ORDER BY p.id",
        "SELECT DISTINCT 'a refund of ' || printf('P-%06d', p.id) || ' is ' || e.status
         FROM allocation a JOIN payment p ON p.id = a.payment_id
         JOIN payment_event e ON e.payment_id = p.id AND e.kind = 'refund'
         WHERE a.document_id = ?1 AND e.status IN ('Processing','Unknown') ORDER BY p.id",
        "SELECT DISTINCT 'it was written off (' || d.number || ')' FROM credit_application x
         JOIN document d ON d.id = x.credit_id
         WHERE x.document_id = ?1 AND x.undone_at IS NULL AND d.kind = 'write_off' ORDER BY d.id",
        "SELECT DISTINCT CASE d.status WHEN 'Draft' THEN 'draft ' || printf('D-%06d', d.id) ELSE d.number END
                || ' gives back days of it' FROM document_item i
         JOIN document_item c ON c.corrects_item_id = i.id JOIN document d ON d.id = c.document_id
         JOIN document_state s ON s.document_id = d.id
         WHERE i.document_id = ?1 AND d.status <> 'Canceled' AND s.reversed_by IS NULL
           AND d.source IN ('run','hand') ORDER BY d.id",
        "SELECT m.number || ' corrects it and is not applied to it whole' FROM document m
         WHERE m.corrects_id = ?1 AND m.kind = 'credit_memo' AND m.status = 'Posted'
           AND -m.total_minor > coalesce((SELECT sum(x.amount_minor) FROM credit_application x
             WHERE x.credit_id = m.id AND x.document_id = ?1 AND x.undone_at IS NULL), 0) ORDER BY m.id",
        "SELECT DISTINCT printf('IP-%06d', i.plan_id) || ' has it in its instalments'
         FROM instalment_document i WHERE i.document_id = ?1 AND i.open = 1 ORDER BY i.plan_id",
    ] {
        found.extend(db.all(sql, [row.id.0], |r| r.get::<String>(0))?);
    }
    Ok(found)
}

/// Money that pays a document, and credits that do and correct another: with how much, minor units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    pub payments: Vec<(PaymentId, i64)>,
    /// Application, memo, its number.
    pub credits: Vec<(i64, DocumentId, String, i64)>,
}

/// What settles a document and would settle the one in its place.
pub fn settled(db: &Db<'_>, document: DocumentId) -> Result<Settled, StoreError> {
    Ok(Settled {
        payments: db.all(
            "SELECT payment_id, sum(amount_minor - reopened_minor) FROM allocation
             WHERE document_id = ?1 AND state = 'applied' GROUP BY payment_id
             HAVING sum(amount_minor - reopened_minor) > 0 ORDER BY payment_id",
            [document.0],
            |r| Ok((PaymentId(r.get(0)?), r.get(1)?)),
        )?,
        credits: db.all(
            "SELECT x.id, x.credit_id, d.number, x.amount_minor FROM credit_application x
             JOIN document d ON d.id = x.credit_id
             WHERE x.document_id = ?1 AND x.undone_at IS NULL AND d.kind = 'credit_memo'
               AND d.corrects_id IS NOT ?1 ORDER BY x.id",
            [document.0],
            |r| Ok((r.get(0)?, DocumentId(r.get(1)?), r.get(2)?, r.get(3)?)),
        )?,
    })
}

/// What a person or the day said of a document holds for the one in its place: dispute, promise, auto-pay,
/// the reminders it had, tags. Its failed payments do not: their tries begin anew.
pub fn keep_state(tx: &Tx<'_>, old: DocumentId, new: DocumentId) -> Result<(), StoreError> {
    let promised = debt::promised(tx, old)?;
    tx.run(
        "UPDATE document_state SET (auto_pay_off, disputed, reminder_level, reminded_at,
         reopened_on, tags) =
         (SELECT auto_pay_off, disputed, reminder_level, reminded_at, reopened_on, tags
          FROM document_state WHERE document_id = ?1) WHERE document_id = ?2",
        (old.0, new.0),
    )?;
    if let Some(open) = dispute::of(tx, old)?.into_iter().find(|d| d.state == DisputeState::Open) {
        let owed = debt::get(tx, new)?.balance_minor;
        dispute::carry(tx, old, new, open.amount.minor.clamp(1, owed.max(1)))?;
    }
    debt::set_retry(tx, old, None, false)?;
    if let Some((minor, on)) = promised {
        debt::withdraw_promise(tx, old)?;
        debt::promise(tx, &debt::get(tx, new)?, minor, on)?;
    }
    tx.touch(Topic::Documents);
    Ok(())
}

/// Of an invoice that took the place of another: that one's number. Of one whose place was taken: the
/// number of the invoice that did. In this order.
pub fn links(
    db: &Db<'_>,
    row: &document::DocumentRow,
) -> Result<(Option<String>, Option<String>), StoreError> {
    use crate::domain::document::DocumentKind;
    let number = "SELECT number FROM document WHERE id = ?1";
    let replaces = match row.corrects.filter(|_| row.kind == DocumentKind::Invoice) {
        Some(of) => db.opt(number, [of.0], |r| r.get(0))?,
        None => None,
    };
    let by = db.opt(
        "SELECT number FROM document WHERE corrects_id = ?1 AND kind = 'invoice'
           AND status = 'Posted'",
        [row.id.0],
        |r| r.get(0),
    )?;
    Ok((replaces, by))
}
