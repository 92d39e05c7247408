//! Delivering: which copies of posted documents go where, and what a clerk may do to them.
//!
//! Copies are made here and wait; [`crate::engine::deliver::send`] mails them, [`crate::engine::deliver::print`] prints them.

use crate::config::key;
use crate::document::{Press, batch};
use crate::domain::actor::Verb;
use crate::domain::delivery::Balance;
use crate::domain::delivery::network::NetworkState;
use crate::domain::e_invoice::Form;
use crate::domain::ids::{AccountId, BillRunId, DocumentId, JobId};
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::domain::text::{counted, grouped};
use crate::engine::ahead::Ahead;
use crate::engine::command::{Receipt, Refused};
use crate::engine::deliver::copies::{
    Begin, Copy, When, copies_of_all, domain, ensure_job, open_press, still,
};
use crate::engine::deliver::envelope::{self, Deed};
use crate::engine::deliver::first::{self, Pdf};
use crate::engine::e_invoice;
use crate::engine::printed::printable;
use crate::engine::{Error, Session, Slices};
use crate::store::new_delivery::{self, NewDelivery};
use crate::store::undelivered::Undelivered;
use crate::store::{self, Tx};
use std::collections::BTreeMap;

/// Documents looked at in one transaction.
const CHUNK: u32 = 200;

/// What a call of `deliver` made, or would make.
#[derive(Debug, Clone, Default)]
pub struct Made {
    /// Copies that go, by channel: e-mail, print, network.
    pub queued: [usize; 3],
    /// Copies that do not, with the reason: Held, Suppressed, Impossible.
    pub kept: Vec<Copy>,
    /// Copies on their way whose address or way changed with the account's.
    pub corrected: usize,
    /// The job that sends, when e-mail waits.
    pub job: Option<JobId>,
    /// The job that hands over, when copies by network wait.
    pub network: Option<JobId>,
    /// That mail stands still and what starts it; else empty.
    pub still: &'static str,
}

impl Made {
    fn count(&mut self, copy: Copy) {
        match (copy.status, copy.channel) {
            (DeliveryStatus::Queued, Channel::Email) => self.queued[0] += 1,
            (DeliveryStatus::Queued, Channel::Print) => self.queued[1] += 1,
            (DeliveryStatus::Queued, Channel::Network) => self.queued[2] += 1,
            _ => self.kept.push(copy),
        }
    }

    /// Counts what followed its account.
    fn followed(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed.to {
                Some(to) if deed.from.is_some_and(|c| c.status.is_open()) => {
                    self.corrected += 1;
                    if !to.status.is_open() {
                        self.kept.push(to);
                    }
                }
                Some(to) => self.count(to),
                None => self.corrected += 1,
            }
        }
    }

    /// How many copies were kept back in a state.
    pub fn kept_in(&self, status: DeliveryStatus) -> usize {
        self.kept.iter().filter(|c| c.status == status).count()
    }

    /// As a receipt: what cannot go is refused, what is not wanted is not.
    pub fn receipt(&self) -> Receipt {
        let [email, print, network] = self.queued;
        let words = [
            (network, "by network"),
            (email, "by e-mail"),
            (print, "to print"),
            (self.corrected, "to another address than before"),
            (self.kept_in(DeliveryStatus::Suppressed), "suppressed"),
            (self.kept_in(DeliveryStatus::Held), "held"),
            (self.kept_in(DeliveryStatus::Impossible), "impossible"),
        ];
        let said: Vec<String> = words
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, w)| format!("{} {w}", grouped(*n as i64)))
            .collect();
        let mut summary =
            if said.is_empty() { "nothing to deliver".into() } else { said.join(", ") };
        if email + network > 0 && !self.still.is_empty() {
            summary = format!("{summary}; {}", self.still);
        }
        let refused = self
            .kept
            .iter()
            .filter(|c| c.status != DeliveryStatus::Suppressed)
            .map(|c| Refused { what: c.number.clone(), reason: c.reason.clone() })
            .collect();
        let (done, job) = (email + print + network, self.job.or(self.network));
        Receipt { summary, done, refused, job, ..Receipt::default() }
    }
}

/// How many copies a deed has made so far, for the trail.
#[derive(Debug, Clone, Copy)]
struct Count {
    queued: usize,
    /// Held, suppressed or impossible.
    kept: usize,
    corrected: usize,
}

impl Count {
    fn of(made: &Made) -> Self {
        let queued = made.queued.iter().sum();
        Self { queued, kept: made.kept.len(), corrected: made.corrected }
    }

    fn and(self, more: &[Copy]) -> Self {
        let queued = more.iter().filter(|c| c.status == DeliveryStatus::Queued).count();
        let kept = self.kept + more.len() - queued;
        Self { queued: self.queued + queued, kept, ..self }
    }

    fn words(self) -> String {
        let mut words = format!("{} queued", counted(self.queued, "copy", "copies"));
        for (n, what) in [(self.kept, "kept back"), (self.corrected, "to another address")] {
            if n > 0 {
                words.push_str(&format!(", {} {what}", grouped(n as i64)));
            }
        }
        words
    }
}

/// The PDF of one posted document.
pub fn pdf(session: &Session, written: &str) -> Result<Pdf, Error> {
    let (id, document, invoice) = session.store.read(|db| {
        let id = store::document::find(db, written)?;
        let document = printable(db, id)?;
        let invoice = e_invoice::outgoing(db, id, &document)?;
        Ok::<_, Error>((id, document, invoice))
    })?;
    let press = open_press()?;
    let set = press
        .set(&document)
        .map_err(|e| Error::usage("cannot_print", e.to_string(), "mend the text, then repeat"))?;
    let bytes = match invoice {
        Some((Form::FacturX, xml)) => set.factur_x(press, &xml),
        Some(_) | None => set.pdf(press),
    };
    first::pdf(session, id, (batch::file_name(&document.number), bytes, document.layout))
}

/// A chunk of undelivered documents with the copies they need, read outside any write.
fn look(
    session: &Session,
    press: Press,
    run: Option<BillRunId>,
    after: DocumentId,
) -> Result<Vec<(Undelivered, Vec<Copy>)>, Error> {
    let today = session.now()?.today;
    session.store.read(|db| {
        let due = store::undelivered::list(db, run, after, today, CHUNK)?;
        let copies = copies_of_all(db, press, &due)?;
        Ok(due.into_iter().zip(copies).collect())
    })
}

/// What [`make`] would do; changes nothing.
pub fn preview(session: &Session, run: Option<BillRunId>) -> Result<Made, Error> {
    let press = open_press()?;
    let still = session.read(still)?;
    let (mut made, mut after) = (Made { still, ..Made::default() }, DocumentId(0));
    made.followed(envelope::preview(session, press, run)?);
    loop {
        let chunk = look(session, press, run, after)?;
        let Some((last, _)) = chunk.last() else { return Ok(made) };
        after = last.document;
        chunk.into_iter().flat_map(|(_, copies)| copies).for_each(|copy| made.count(copy));
    }
}

/// Makes the deliveries of posted documents that have none, of a run or of all, and lets those that
/// have not left follow their accounts. Safe to repeat.
pub fn make(session: &mut Session, run: Option<BillRunId>, when: When) -> Result<Made, Error> {
    let press = open_press()?;
    let config = session.config()?;
    let hold_ms = when.hold_ms(&config);
    let domain = domain(config.get(key::SMTP_FROM));
    let (mut made, mut after) = (Made::default(), DocumentId(0));
    let mut deed = Slices::default();
    made.followed(envelope::follow(session, Verb::Deliver, run, (when, &mut deed))?);
    // The next chunk is read and set while this one is written.
    let mut ahead = Ahead::new();
    loop {
        let fits = |(from, _): &(DocumentId, _)| *from == after;
        let (_, (_, chunk)) =
            ahead.next(session, fits, |by| Ok((after, look(by, press, run, after)?)))?;
        let Some((last, _)) = chunk.last() else { break };
        after = last.document;
        ahead.begin(session, move |by| Ok((after, look(by, press, run, after)?)));
        let before = Count::of(&made);
        let done = session.write_on(&mut deed, Verb::Deliver, |tx| {
            let mut done = Vec::new();
            // Somebody else may have made them since we looked.
            let looked_at = chunk.iter().map(|(due, _)| due.document);
            let there = store::undelivered::with_copies(tx, looked_at)?;
            for (due, copies) in chunk {
                if !there.contains(&due.document) {
                    done.extend(copies.into_iter().map(|copy| (due.account, copy)));
                }
            }
            let mut rows = Vec::with_capacity(done.len());
            for (account, copy) in &done {
                rows.push(new(tx, *account, copy, hold_ms, &domain));
            }
            new_delivery::insert_all(tx, &rows)?;
            let done: Vec<Copy> = done.into_iter().map(|(_, copy)| copy).collect();
            if done.is_empty() {
                tx.quiet();
            }
            let subject = run.map_or_else(|| "deliveries".to_owned(), |r| r.to_string());
            tx.note(subject, before.and(&done).words());
            Ok(done)
        })?;
        for copy in done {
            made.count(copy);
        }
    }
    let begin = if when == When::Now { Begin::Anew } else { Begin::IfItGoes };
    let sends = ensure_job(session, begin)?;
    (made.job, made.network, made.still) = (sends.job, sends.network, sends.still);
    Ok(made)
}

fn new<'a>(
    tx: &Tx<'_>,
    account: AccountId,
    copy: &'a Copy,
    hold_ms: i64,
    domain: &'a str,
) -> NewDelivery<'a> {
    let wait = if copy.channel.leaves() { hold_ms } else { 0 };
    NewDelivery {
        document: copy.document,
        account,
        channel: copy.channel,
        address: &copy.address,
        status: copy.status,
        reason: &copy.reason,
        not_before_at: tx.now().at_ms + wait,
        domain,
    }
}

/// What draws the copies that [`queue`] makes.
pub fn press() -> Result<Press, Error> {
    open_press()
}

/// Makes the copies of documents that were just posted in this transaction: they wait together.
pub fn queue(tx: &Tx<'_>, press: Press, documents: &[DocumentId]) -> Result<(), Error> {
    let config = store::settings::load(tx)?;
    let today = tx.now().today;
    let due: Vec<Undelivered> = documents
        .iter()
        .map(|id| store::undelivered::of(tx, *id, today))
        .collect::<Result<_, _>>()?;
    let copies = copies_of_all(tx, press, &due)?;
    let hold_ms = When::AfterHold.hold_ms(&config);
    let domain = domain(config.get(key::SMTP_FROM));
    let all = due.iter().zip(&copies);
    let rows = all.flat_map(|(due, copies)| {
        copies.iter().map(|copy| new(tx, due.account, copy, hold_ms, &domain))
    });
    new_delivery::insert_all(tx, &rows.collect::<Vec<_>>())?;
    Ok(())
}

/// How what was handed to networks stands there.
pub fn at_network(
    session: &Session,
    run: Option<BillRunId>,
) -> Result<BTreeMap<NetworkState, i64>, Error> {
    session.read(|db| store::network::states(db, run))
}

/// How the deliveries stand, and how many posted documents have none yet.
pub fn balance(session: &Session, run: Option<BillRunId>) -> Result<(Balance, i64), Error> {
    session.read(|db| Ok((store::delivery::balance(db, run)?, store::undelivered::count(db, run)?)))
}
