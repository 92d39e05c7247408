//! Letters in the making: which copies go together in one message, and the message.
//!
//! All e-mail of one document that is due goes in one message: the first address in To, the others
//! in Cc. A copy that was tried before goes as the message it was, to its own address alone.

use crate::document::{Press, Printable, email, imprint};
use crate::domain::delivery::Imprint;
use crate::domain::e_invoice::Form;
use crate::domain::ids::DocumentId;
use crate::domain::text::hex;
use crate::engine::deliver::copies::open_press;
use crate::engine::e_invoice;
use crate::engine::job::Ports;
use crate::engine::printed::printable;
use crate::engine::{Error, Session};
use crate::store::delivery::Delivery;
use crate::store::{self, Db, StoreError, letter};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

/// Addresses of one message; servers must take a hundred (RFC 5321, 4.5.3.1.8).
const MOST: usize = 50;

/// Whether the bytes of a message may have been seen by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nobody: who goes together is decided now.
    No,
    /// It was tried: it stays as it is.
    Perhaps,
}

/// A message and whom of its recipients it goes to now.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    /// Copies that go now.
    pub rows: Vec<Delivery>,
    /// Every address that it names, in order.
    pub named: Vec<String>,
    /// `Message-ID` without brackets.
    pub name: String,
    pub sender: String,
    /// Its date, UTC milliseconds.
    pub date_ms: i64,
    pub seen: Seen,
}

/// A message ready to go.
pub(super) struct Ready {
    pub letter: Letter,
    pub message: Vec<u8>,
    /// SHA-256 of it.
    pub hash: String,
    /// The PDF in it.
    pub imprint: Imprint,
    /// Its electronic form, if it has one.
    pub invoice: Option<(Form, Vec<u8>)>,
}

/// What was made of the copies that are due.
#[derive(Default)]
pub(super) struct Made {
    pub ready: Vec<Ready>,
    /// Copies of which no message can be made, and why.
    pub failed: Vec<(Delivery, String)>,
}

impl Made {
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.failed.is_empty()
    }
}

/// Makes the next messages, of at most so many copies and those that go with them.
pub(super) fn make(
    session: &Session,
    ports: &Ports,
    (limit, from): (usize, &str),
) -> Result<Made, Error> {
    let press = open_press()?;
    let now = session.now()?.at_ms;
    let sources = session.store.read(|db| {
        let due = store::delivery::due(db, now, limit)?;
        let mut sources = Vec::with_capacity(due.len());
        for letter in letters(db, &due, now, from)? {
            let document = letter.rows[0].document;
            let printable = printable(db, document)?;
            let invoice = e_invoice::outgoing(db, document, &printable)?;
            sources.push((letter, printable, invoice));
        }
        Ok::<_, Error>(sources)
    })?;
    // It costs processor time alone: no more at once than there are processors.
    let limit = available_parallelism().map_or(1, std::num::NonZero::get);
    let all = in_parallel(ports, limit, sources, move |(letter, document, invoice)| {
        let message = compose(press, &document, invoice.as_ref(), &letter);
        (letter, invoice, message)
    });
    let mut made = Made::default();
    for (letter, invoice, message) in all {
        match message {
            Ok((message, imprint)) => {
                let hash = hex(&Sha256::digest(&message));
                made.ready.push(Ready { letter, message, hash, imprint, invoice });
            }
            Err(why) => {
                made.failed.extend(letter.rows.into_iter().map(|row| (row, why.clone())));
            }
        }
    }
    // In their order, however long each took.
    made.ready.sort_by_key(|one| (one.letter.rows[0].not_before_at, one.letter.rows[0].id));
    Ok(made)
}

/// The letters of copies that are due.
fn letters(
    db: &Db<'_>,
    due: &[Delivery],
    now_ms: i64,
    from: &str,
) -> Result<Vec<Letter>, StoreError> {
    let all = letter::due_of(db, due.iter().map(|row| row.document), now_ms)?;
    let (mut out, mut done) = (Vec::new(), BTreeSet::<DocumentId>::new());
    for first in due {
        if !done.insert(first.document) {
            continue;
        }
        let of = |row: &&Delivery| row.document == first.document;
        let (fresh, tried): (Vec<&Delivery>, Vec<&Delivery>) =
            all.iter().filter(of).partition(|row| row.message_hash.is_empty());
        for rows in by_name(&tried) {
            out.push(as_before(db, rows, from)?);
        }
        out.extend(together(&fresh).into_iter().map(|rows| Letter {
            named: rows.iter().map(|row| row.address.clone()).collect(),
            name: rows[0].message_id.clone().unwrap_or_default(),
            sender: from.to_owned(),
            date_ms: rows[0].queued_at,
            seen: Seen::No,
            rows,
        }));
    }
    Ok(out)
}

/// Copies that were tried, those of one message together.
fn by_name(tried: &[&Delivery]) -> Vec<Vec<Delivery>> {
    let mut all: Vec<Vec<Delivery>> = Vec::new();
    for row in tried {
        match all.iter_mut().find(|rows| rows[0].message_id == row.message_id) {
            Some(rows) => rows.push((*row).clone()),
            None => all.push(vec![(*row).clone()]),
        }
    }
    all
}

/// A message that was tried, as it was.
fn as_before(db: &Db<'_>, rows: Vec<Delivery>, from: &str) -> Result<Letter, StoreError> {
    let name = rows[0].message_id.clone().unwrap_or_default();
    let members = letter::of_message(db, rows[0].document, &name)?;
    let first = members.first().unwrap_or(&rows[0]);
    let sender = if first.sender.is_empty() { from } else { &first.sender };
    Ok(Letter {
        named: members.iter().map(|row| row.address.clone()).collect(),
        name,
        sender: sender.to_owned(),
        // Fixed with the copy, not with the try.
        date_ms: first.queued_at,
        seen: Seen::Perhaps,
        rows,
    })
}

/// Copies of one document that nobody has seen, those together that go in one message: to each
/// address once, and one that not every server takes by itself.
fn together(fresh: &[&Delivery]) -> Vec<Vec<Delivery>> {
    let mut all: Vec<Vec<Delivery>> = Vec::new();
    for row in fresh {
        let joins = |rows: &&mut Vec<Delivery>| {
            let plain = rows.iter().all(|r| r.address.is_ascii()) && row.address.is_ascii();
            let there = rows.iter().any(|r| r.address.eq_ignore_ascii_case(&row.address));
            plain && !there && rows.len() < MOST
        };
        match all.iter_mut().find(joins) {
            Some(rows) => rows.push((*row).clone()),
            None => all.push(vec![(*row).clone()]),
        }
    }
    all
}

fn compose(
    press: Press,
    document: &Printable,
    invoice: Option<&(Form, Vec<u8>)>,
    letter: &Letter,
) -> Result<(Vec<u8>, Imprint), String> {
    let set = press.set(document).map_err(|e| e.to_string())?;
    let (pdf, beside) = match invoice {
        Some((Form::FacturX, xml)) => (set.factur_x(press, xml), None),
        Some((_, xml)) => (set.pdf(press), Some(xml.clone())),
        None => (set.pdf(press), None),
    };
    let imprint = imprint(&pdf, document.layout);
    let mut named = letter.named.iter().cloned();
    let head = email::Heading {
        from: letter.sender.clone(),
        to: named.next().unwrap_or_default(),
        cc: named.collect(),
        reply_to: String::new(),
        message_id: letter.name.clone(),
        date_ms: letter.date_ms,
    };
    let message = email::with_invoice(document, pdf, beside, &head).map_err(|e| e.to_string())?;
    Ok((message, imprint))
}

/// Runs `work` over `items` in the pool; results in any order.
fn in_parallel<T, U>(
    ports: &Ports,
    limit: usize,
    items: Vec<T>,
    work: impl Fn(T) -> U + Send + Sync + 'static,
) -> Vec<U>
where
    T: Send + 'static,
    U: Send + 'static,
{
    let results = Arc::new(Mutex::new(Vec::with_capacity(items.len())));
    let work = Arc::new(work);
    let tasks = items
        .into_iter()
        .map(|item| -> Box<dyn FnOnce() + Send> {
            let (results, work) = (results.clone(), work.clone());
            Box::new(move || {
                let result = work(item);
                results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
            })
        })
        .collect();
    ports.pool.run(limit, tasks);
    std::mem::take(&mut *results.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::ids::{AccountId, DeliveryId};
    use crate::domain::payment::{Channel, DeliveryStatus};

    /// A queued copy of one document.
    pub fn copy(id: i64, address: &str) -> Delivery {
        Delivery {
            id: DeliveryId(id),
            document: DocumentId(1),
            number: String::new(),
            account: AccountId(1),
            account_number: String::new(),
            channel: Channel::Email,
            address: address.to_owned(),
            status: DeliveryStatus::Queued,
            attempts: 0,
            queued_at: 0,
            not_before_at: 0,
            first_try_at: None,
            ended_at: None,
            last_reply: String::new(),
            message_id: Some(format!("DL-{id:06}.b@x.example")),
            message_hash: String::new(),
            sender: String::new(),
            batch: None,
            batch_position: None,
            copy: 1,
            by_hand: false,
            maybe_out: false,
            replaced_by: None,
            imprint: None,
        }
    }

    fn ids(all: &[Vec<Delivery>]) -> Vec<Vec<i64>> {
        all.iter().map(|rows| rows.iter().map(|row| row.id.0).collect()).collect()
    }

    #[test]
    fn each_address_is_in_a_message_once_and_a_strange_one_goes_alone() {
        let rows = [
            copy(1, "a@x.example"),
            copy(2, "ü@x.example"),
            copy(3, "B@x.example"),
            copy(4, "A@x.example"),
            copy(5, "b@x.example"),
        ];
        let all: Vec<&Delivery> = rows.iter().collect();
        assert_eq!(ids(&together(&all)), [vec![1, 3], vec![2], vec![4, 5]]);
        let many: Vec<Delivery> = (0..120).map(|n| copy(n, &format!("c{n}@x.example"))).collect();
        let sizes: Vec<usize> =
            together(&many.iter().collect::<Vec<_>>()).iter().map(Vec::len).collect();
        assert_eq!(sizes, [50, 50, 20]);
    }

    #[test]
    fn what_was_tried_goes_by_the_message_it_was() {
        let mut rows = [copy(1, "a@x.example"), copy(2, "b@x.example"), copy(3, "c@x.example")];
        rows[2].message_id = rows[0].message_id.clone();
        assert_eq!(ids(&by_name(&rows.iter().collect::<Vec<_>>())), [vec![1, 3], vec![2]]);
    }
}
