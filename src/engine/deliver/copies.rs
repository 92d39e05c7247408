//! The copies a document is to go out in: by which way, to where, when, and the job that sends them.

use crate::config::{Config, key};
use crate::document::{Press, email, issuer};
use crate::domain::actor::Verb;
use crate::domain::delivery::{Fate, Planned, Wishes, plan};
use crate::domain::ids::{DocumentId, JobId};
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::engine::printed::printable;
use crate::engine::{Error, Session};
use crate::store::Json;
use crate::store::job::{self, JobKind, JobSpec, MAIL, NETWORK, Sending};
use crate::store::undelivered::{Kept, Undelivered};
use crate::store::{self, Db, StoreError, Tx, letter, notice};
use std::collections::HashSet;

/// A copy as it will be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Number of the document.
    pub number: String,
    pub document: DocumentId,
    /// By which way.
    pub channel: Channel,
    /// To where; empty = nowhere.
    pub address: String,
    /// Queued, Held, Suppressed or Impossible.
    pub status: DeliveryStatus,
    /// Why it does not simply go.
    pub reason: String,
}

/// Why an invoice that was canceled internally, and what cancels it, go nowhere.
const INTERNAL: &str = "canceled internally: nobody gets it";
/// Why damages for late payment do not.
const CLAIMED: &str = "a reminder says it";

/// Why a document goes nowhere by itself.
pub(in crate::engine) fn kept(due: &Undelivered) -> Option<&'static str> {
    match due.kept {
        Kept::Goes => None,
        Kept::Internal => Some(INTERNAL),
        Kept::Claimed => Some(CLAIMED),
    }
}

pub(in crate::engine) fn open_press() -> Result<Press, Error> {
    Press::open().map_err(|e| Error::Bug(e.to_string()))
}

/// The copies that the account wants of a document, before it is known whether they can be made.
pub(in crate::engine) fn planned(due: &Undelivered) -> Result<Vec<Planned>, Error> {
    if let Some(why) = kept(due) {
        let (channel, fate) = (Channel::Email, Fate::Suppressed(why));
        return Ok(vec![Planned { channel, address: String::new(), fate }]);
    }
    let frozen = due.frozen.as_ref().map(Json::read).transpose()?.unwrap_or_default();
    let has_form = frozen.legal.is_some();
    let customer = frozen.customer;
    let postal = if customer.has_address() { customer.window().join(", ") } else { String::new() };
    Ok(plan(&Wishes {
        ways: due.ways,
        emails: &due.emails,
        postal: &postal,
        electronic: &due.electronic,
        has_form,
        zero_total: due.total_minor == 0,
        skip_zero_email: due.skip_zero_email,
    }))
}

/// The copies of one document, each with its fate, in the order of [`planned`].
pub(in crate::engine) fn copies(
    db: &Db<'_>,
    press: Press,
    due: &Undelivered,
) -> Result<Vec<Copy>, Error> {
    let document = printable(db, due.document)?;
    fated(due, press.check(&document).err().map(|e| e.to_string()))
}

/// The same of many: read and set is only what has a text beyond plain letters.
pub(in crate::engine) fn copies_of_all(
    db: &Db<'_>,
    press: Press,
    all: &[Undelivered],
) -> Result<Vec<Vec<Copy>>, Error> {
    let mut odd: HashSet<DocumentId> = HashSet::new();
    for due in all {
        // Another system's document prints what its account says.
        if !due.frozen.as_ref().is_some_and(|frozen| Press::always_prints(frozen.text())) {
            odd.insert(due.document);
        }
    }
    let others = all.iter().map(|due| due.document).filter(|id| !odd.contains(id));
    let others: Vec<DocumentId> = others.collect();
    store::undelivered::texts(db, others.into_iter(), |id, text| {
        if !Press::always_prints(text) {
            odd.insert(id);
        }
    })?;
    let one = |due: &Undelivered| {
        if odd.contains(&due.document) { copies(db, press, due) } else { fated(due, None) }
    };
    all.iter().map(one).collect()
}

/// Each copy that is planned with what becomes of it; `unprintable` says why none can be made.
fn fated(due: &Undelivered, unprintable: Option<String>) -> Result<Vec<Copy>, Error> {
    Ok(planned(due)?
        .into_iter()
        .map(|planned| {
            let (mut status, mut reason) = match planned.fate {
                Fate::Goes => (DeliveryStatus::Queued, String::new()),
                Fate::Suppressed(why) => (DeliveryStatus::Suppressed, why.to_owned()),
                Fate::Impossible(why) => (DeliveryStatus::Impossible, why.to_owned()),
            };
            if status == DeliveryStatus::Queued {
                let bad_address = (planned.channel == Channel::Email)
                    .then(|| email::address(&planned.address, "recipient").err())
                    .flatten();
                if let Some(why) =
                    unprintable.as_ref().filter(|_| planned.channel != Channel::Network)
                {
                    (status, reason) = (DeliveryStatus::Impossible, why.clone());
                } else if let Some(why) = bad_address {
                    (status, reason) = (DeliveryStatus::Impossible, why.to_string());
                } else if !due.reversed_by.is_empty() {
                    let why = format!("reversed by {}", due.reversed_by);
                    (status, reason) = (DeliveryStatus::Held, why);
                }
            }
            Copy {
                number: due.number.clone(),
                document: due.document,
                channel: planned.channel,
                address: planned.address,
                status,
                reason,
            }
        })
        .collect())
}

/// When e-mail that is queued now may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// After `delivery.hold_minutes`; until then it can be recalled.
    AfterHold,
    /// At once.
    Now,
}

impl When {
    /// How long e-mail waits from now, milliseconds.
    pub(in crate::engine) fn hold_ms(self, config: &Config) -> i64 {
        match self {
            Self::AfterHold => config.int(key::DELIVERY_HOLD_MINUTES) * 60_000,
            Self::Now => 0,
        }
    }
}

/// What stands behind the `@` of a Message-ID: the sender's domain.
pub(in crate::engine) fn domain(sender: &str) -> String {
    match email::address(sender, "sender") {
        Ok(address) => address.domain().to_owned(),
        Err(_) => "daybook.invalid".to_owned(),
    }
}

/// Whether mail that a person canceled begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Begin {
    /// No: what is queued waits with the rest.
    IfItGoes,
    /// Yes: it was asked for.
    Anew,
}

/// What will send what is queued.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::engine) struct Sends {
    /// The job; none where nothing is due, or mail stands still.
    pub job: Option<JobId>,
    /// The one that hands copies to the network.
    pub network: Option<JobId>,
    /// That mail stands still, for the receipt of what was queued; else empty.
    pub still: &'static str,
}

/// Of mail that stands still, and what starts it.
pub const CANCELED: &str = "mail stands still: S on 4 Delivery starts it";
/// The same of mail that is paused.
pub const PAUSED: &str = "mail is paused: p on 6 Jobs lets it go on";

/// That queued e-mail does not go by itself, and what starts it; empty where it goes.
pub(in crate::engine) fn still(db: &Db<'_>) -> Result<&'static str, StoreError> {
    Ok(match job::sending(db, MAIL)? {
        Sending::Goes | Sending::Nobody => "",
        Sending::Paused => PAUSED,
        Sending::Canceled(_) => CANCELED,
    })
}

/// The notice that mail stands still, of what was queued with nobody there to be told.
const STILL: &str = "mail stands still";

/// Mail goes again: who was told otherwise need not look.
pub(in crate::engine) fn goes_again(tx: &Tx<'_>) -> Result<(), StoreError> {
    if notice::is_open(tx, STILL)? { notice::done(tx, STILL) } else { Ok(()) }
}

/// Sees to it that a job will send what is queued: wakes the one that waits, or makes one. What a
/// person paused or canceled stays so, and a server that refuses us is asked at its time, or anew.
pub(in crate::engine) fn ensure_job(session: &mut Session, begin: Begin) -> Result<Sends, Error> {
    let (network, stands) = ensure_network(session, begin)?;
    let mail = ensure_mail(session, begin)?;
    let still = if mail.still.is_empty() { stands } else { mail.still };
    Ok(Sends { network, still, ..mail })
}

/// The same of copies by network, and that it stands still. What a person paused goes on when they say so.
fn ensure_network(
    session: &mut Session,
    begin: Begin,
) -> Result<(Option<JobId>, &'static str), Error> {
    const STANDS: &str = "the network job stands still: S on 4 Delivery starts it";
    const RESTS: &str = "the network job is paused: p on 6 Jobs lets it go on";
    let Some(due) = session.read(store::network::next_due)? else { return Ok((None, "")) };
    session.write(Verb::Deliver, |tx| {
        tx.quiet();
        match job::sending(tx, NETWORK)? {
            Sending::Paused => return Ok((None, RESTS)),
            Sending::Canceled(_) if begin == Begin::IfItGoes => return Ok((None, STANDS)),
            Sending::Canceled(_) | Sending::Goes | Sending::Nobody => {}
        }
        let id = match job::wake(tx, JobKind::Deliver, NETWORK, due)? {
            Some(id) => id,
            None => {
                let id = job::insert(tx, &JobSpec::Network, NETWORK, 0)?;
                job::set_not_before(tx, id, due)?;
                id
            }
        };
        Ok((Some(id), ""))
    })
}

fn ensure_mail(session: &mut Session, begin: Begin) -> Result<Sends, Error> {
    let Some(due) = session.read(store::delivery::next_due)? else { return Ok(Sends::default()) };
    let nobody_is_told = session.is_by_itself();
    session.write(Verb::Deliver, |tx| {
        tx.quiet();
        let still = still(tx)?;
        if !(still.is_empty() || still == CANCELED && begin == Begin::Anew) {
            if nobody_is_told && !notice::is_open(tx, STILL)? {
                notice::again(tx, STILL, MAIL, &format!("e-mail is queued, and {still}"))?;
            }
            return Ok(Sends { still, ..Sends::default() });
        }
        goes_again(tx)?;
        let due = match letter::down(tx)?.filter(|_| begin == Begin::IfItGoes) {
            Some(down) => due.max(down.until_ms),
            None => due,
        };
        let id = match job::wake(tx, JobKind::Deliver, MAIL, due)? {
            Some(id) => id,
            None => {
                let id = job::insert(tx, &JobSpec::Deliver, MAIL, 0)?;
                job::set_not_before(tx, id, due)?;
                id
            }
        };
        Ok(Sends { job: Some(id), ..Sends::default() })
    })
}

/// The issuer as the settings say now, for files that are about many documents.
pub(in crate::engine) fn issuer_name(session: &Session) -> Result<String, Error> {
    Ok(issuer(&session.config()?).name)
}
