//! The envelope of a copy that has not left: it goes where the account wants it now, however long it
//! has waited. What was frozen at posting is the document.
//!
//! Never tried, a copy gets the address in place. Tried, it ends Recalled ("address corrected") and
//! another one, with a Message-ID of its own, takes its place. What may have arrived stays.

use crate::config::key;
use crate::document::Press;
use crate::domain::account::Ways;
use crate::domain::actor::Verb;
use crate::domain::delivery::{Fate, Place, Places, Planned, Standing, places};
use crate::domain::ids::{BillRunId, DeliveryId, DocumentId};
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::domain::text::grouped;
use crate::engine::deliver::copies::{Copy, When, copies, domain, open_press, planned};
use crate::engine::{Error, Session, Slices};
use crate::store::delivery::{Delivery, Filter};
use crate::store::envelope::{self, Envelope};
use crate::store::new_delivery::{self, NewDelivery};
use crate::store::undelivered::Undelivered;
use crate::store::{self, Db, StoreError, Tx};
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// Documents looked at in one transaction.
const CHUNK: u32 = 50;

/// What was done to a copy, or is to be.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Deed {
    /// The copy; none = one more is made.
    pub from: Option<Delivery>,
    /// Where it goes and stands then; none = it goes nowhere.
    pub to: Option<Copy>,
    /// Whether another copy takes its place, because it was tried.
    pub anew: bool,
}

/// When e-mail goes that begins anew, and what its Message-IDs end in.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Post {
    /// UTC milliseconds from now.
    pub hold_ms: i64,
    /// Behind the `@`.
    pub domain: String,
}

impl Post {
    /// By the settings.
    pub(in crate::engine) fn of(config: &crate::config::Config, when: When) -> Self {
        Self { hold_ms: when.hold_ms(config), domain: domain(config.get(key::SMTP_FROM)) }
    }

    fn at(&self, tx: &Tx<'_>, channel: Channel) -> i64 {
        tx.now().at_ms + if channel.leaves() { self.hold_ms } else { 0 }
    }
}

/// A document's copies beside what its account wants.
struct Look {
    due: Undelivered,
    /// Those that no other one took the place of.
    copies: Vec<Delivery>,
    /// Every one.
    all: Vec<Delivery>,
    wanted: Vec<Planned>,
    places: Places,
}

fn look(db: &Db<'_>, document: DocumentId, today: NaiveDate) -> Result<Look, Error> {
    let mut due = store::undelivered::of(db, document, today)?;
    let of = Filter { document: Some(document), ..Filter::default() };
    let all = store::delivery::list(db, &of)?;
    let mut copies: Vec<Delivery> =
        all.iter().filter(|c| c.replaced_by.is_none()).cloned().collect();
    if let Some(chosen) = chosen(&copies) {
        due.ways = chosen;
    }
    // Each has the turn of the first whose place it took.
    copies.sort_by_key(|copy| first_of(&all, copy.id));
    let wanted = planned(&due)?;
    let standing: Vec<Standing<'_>> = copies
        .iter()
        .map(|c| Standing { channel: c.channel, address: &c.address, status: c.status })
        .collect();
    let addresses: Vec<(Channel, &str)> =
        wanted.iter().map(|p| (p.channel, p.address.as_str())).collect();
    let mut places = places(&standing, &addresses);
    if all.iter().any(|c| matches!(c.status, DeliveryStatus::Sent | DeliveryStatus::Printed)) {
        places.missing.clear();
    }
    Ok(Look { due, copies, all, wanted, places })
}

/// The first of the copies that took each other's place, up to this one.
fn first_of(all: &[Delivery], copy: DeliveryId) -> DeliveryId {
    let before = all.iter().find(|c| c.replaced_by == Some(copy) && c.id < copy);
    before.map_or(copy, |c| first_of(all, c.id))
}

/// The ways a person chose for the document, if one did.
fn chosen(copies: &[Delivery]) -> Option<Ways> {
    use DeliveryStatus as S;
    let last = copies.iter().rev().find(|c| c.by_hand)?.channel;
    let lives = |channel: Channel| {
        channel == last
            || copies.iter().any(|c| {
                let given_up = matches!(c.status, S::Recalled | S::Suppressed | S::Impossible);
                c.channel == channel && !given_up
            })
    };
    Some(Ways {
        email: lives(Channel::Email),
        print: lives(Channel::Print),
        network: lives(Channel::Network),
    })
}

impl Look {
    /// Whether a copy was never tried, with others or alone, and none came after it to its address:
    /// only then it may move.
    fn moves(&self, copy: &Delivery) -> bool {
        let later = |o: &Delivery| {
            (o.channel, &o.address) == (copy.channel, &copy.address) && o.copy > copy.copy
        };
        let untried = copy.attempts == 0 && copy.message_hash.is_empty();
        untried && !copy.maybe_out && !self.all.iter().any(later)
    }

    /// Of each copy that follows its account the place it is to go to, where it is not there; and
    /// the copies to be made.
    fn changes(&self) -> Vec<(Option<&Delivery>, Option<usize>)> {
        let at = |c: &Delivery| {
            self.wanted.iter().position(|p| (p.channel, &p.address) == (c.channel, &c.address))
        };
        let mut out = Vec::new();
        for (copy, place) in self.copies.iter().zip(&self.places.of) {
            if !copy.status.follows() {
                continue;
            }
            match place {
                Place::There(to) => out.push((Some(copy), Some(*to))),
                Place::Nowhere if copy.status != DeliveryStatus::Suppressed => {
                    out.push((Some(copy), None));
                }
                // Nowhere to go, for another reason than before.
                Place::Here if copy.address.is_empty() => {
                    let other = |to: &usize| match self.wanted[*to].fate {
                        Fate::Goes => false,
                        Fate::Suppressed(_) => copy.status != DeliveryStatus::Suppressed,
                        Fate::Impossible(_) => copy.status != DeliveryStatus::Impossible,
                    };
                    out.extend(at(copy).filter(other).map(|to| (Some(copy), Some(to))));
                }
                Place::Nowhere | Place::Here => {}
            }
        }
        out.extend(self.places.missing.iter().map(|to| (None, Some(*to))));
        out
    }

    fn deeds(&self, db: &Db<'_>, press: Press) -> Result<Vec<Deed>, Error> {
        let changes = self.changes();
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let fates = copies(db, press, &self.due)?;
        Ok(changes
            .into_iter()
            .map(|(from, to)| {
                let to = to.and_then(|to| fates.get(to)).map(|fate| stands(from, fate));
                Deed { anew: from.is_some_and(|c| !self.moves(c)), from: from.cloned(), to }
            })
            .collect())
    }
}

/// A copy at its new place: what waits goes on waiting as it did.
fn stands(from: Option<&Delivery>, fate: &Copy) -> Copy {
    use DeliveryStatus as S;
    let mut to = fate.clone();
    let Some(from) = from.filter(|c| c.status.is_open()) else { return to };
    if matches!(fate.status, S::Queued | S::Held) {
        to.status = if from.status == S::Held { S::Held } else { S::Queued };
        to.reason = match from.status {
            S::Held => from.last_reply.clone(),
            _ if from.address.is_empty() => "address found".to_owned(),
            _ => format!("address corrected, it was {}", from.address),
        };
    }
    to
}

/// What [`follow`] would do.
pub(in crate::engine) fn preview(
    session: &Session,
    press: Press,
    run: Option<BillRunId>,
) -> Result<Vec<Deed>, Error> {
    let today = session.now()?.today;
    let (mut out, mut seen) = (Vec::new(), BTreeSet::new());
    for status in envelope::FOLLOWS {
        let mut after = DeliveryId(0);
        loop {
            let chunk = session.store.read(|db| -> Result<_, Error> {
                let chunk = envelope::doubtful(db, run, (status, after), today, CHUNK)?;
                for (_, document) in &chunk {
                    let deeds = look(db, *document, today)?.deeds(db, press)?;
                    // Another copy of the same document says the same.
                    if !deeds.is_empty() && seen.insert(*document) {
                        out.extend(deeds);
                    }
                }
                Ok(chunk)
            })?;
            let Some((last, _)) = chunk.last() else { break };
            after = *last;
        }
    }
    Ok(out)
}

/// Lets every copy that has not left follow its account, of a run's documents or of all: slices of
/// `deed`.
pub(in crate::engine) fn follow(
    session: &mut Session,
    verb: Verb,
    run: Option<BillRunId>,
    (when, deed): (When, &mut Slices),
) -> Result<Vec<Deed>, Error> {
    let press = open_press()?;
    let post = Post::of(&session.config()?, when);
    let today = session.now()?.today;
    let mut out = Vec::new();
    for status in envelope::FOLLOWS {
        let mut after = DeliveryId(0);
        loop {
            let of = (status, after);
            let chunk = session.read(|db| envelope::doubtful(db, run, of, today, CHUNK))?;
            let Some((last, _)) = chunk.last() else { break };
            after = *last;
            let changed = session.store.read(|db| changed(db, &chunk, today))?;
            if changed.is_empty() {
                continue;
            }
            let before = out.len();
            out.extend(session.write_on(deed, verb, |tx| {
                let mut done = Vec::new();
                for document in &changed {
                    done.extend(of_document(tx, press, *document, &post)?);
                }
                if done.is_empty() {
                    tx.quiet();
                }
                let all = grouped((before + done.len()) as i64);
                tx.note("deliveries", format!("{all} copies follow their account"));
                Ok(done)
            })?);
        }
    }
    Ok(out)
}

/// The documents of copies that do not say what their account wants, each once.
fn changed(
    db: &Db<'_>,
    copies: &[(DeliveryId, DocumentId)],
    today: NaiveDate,
) -> Result<BTreeSet<DocumentId>, Error> {
    let mut changed = BTreeSet::new();
    for (_, document) in copies {
        if !look(db, *document, today)?.changes().is_empty() {
            changed.insert(*document);
        }
    }
    Ok(changed)
}

/// Lets the copies of one document follow its account.
pub(in crate::engine) fn of_document(
    tx: &Tx<'_>,
    press: Press,
    document: DocumentId,
    post: &Post,
) -> Result<Vec<Deed>, Error> {
    let look = look(tx, document, tx.now().today)?;
    let deeds = look.deeds(tx, press)?;
    for deed in &deeds {
        apply(tx, &look.due, deed, post)?;
    }
    Ok(deeds)
}

fn apply(tx: &Tx<'_>, due: &Undelivered, deed: &Deed, post: &Post) -> Result<(), StoreError> {
    match (&deed.from, &deed.to) {
        (None, Some(to)) => {
            new_delivery::insert(tx, &new(due, to, post.at(tx, to.channel), &post.domain))?;
        }
        (Some(from), Some(to)) if deed.anew => {
            let at = post.at(tx, to.channel);
            give_way(tx, from, &new(due, to, at, &post.domain))?;
        }
        (Some(from), Some(to)) => {
            let at = (!from.status.is_open()).then(|| post.at(tx, to.channel));
            let envelope = Envelope {
                channel: to.channel,
                address: &to.address,
                status: to.status,
                reason: &to.reason,
                not_before_at: at,
                domain: &post.domain,
            };
            envelope::readdress(tx, from.id, &envelope)?;
        }
        (Some(from), None) => {
            let end = if from.status == DeliveryStatus::Impossible {
                DeliveryStatus::Suppressed
            } else {
                DeliveryStatus::Recalled
            };
            let why = format!("the account no longer wants it by {}", from.channel);
            let why = if from.address.is_empty() { why } else { format!("{why} there") };
            let _ = store::delivery::step(tx, from.id, end, &why, None)?;
        }
        (None, None) => {}
    }
    Ok(())
}

fn new<'a>(due: &Undelivered, to: &'a Copy, at: i64, domain: &'a str) -> NewDelivery<'a> {
    NewDelivery {
        document: due.document,
        account: due.account,
        channel: to.channel,
        address: &to.address,
        status: to.status,
        reason: &to.reason,
        not_before_at: at,
        domain,
    }
}

/// Ends a copy that was tried and makes the one that goes to the right address.
fn give_way(tx: &Tx<'_>, from: &Delivery, new: &NewDelivery<'_>) -> Result<(), StoreError> {
    use DeliveryStatus as S;
    let ends = match from.status {
        S::Unconfirmed => S::Unconfirmed,
        _ => from.ends(S::Recalled),
    };
    let why = match from.status {
        S::Bounced if from.channel == Channel::Network => format!("corrected; {}", from.last_reply),
        S::Bounced => format!("address corrected; it bounced: {}", from.last_reply),
        _ if ends == S::Unconfirmed => "address corrected; a try may have arrived".to_owned(),
        _ => "address corrected".to_owned(),
    };
    envelope::replace(tx, from.id, (ends, &why), new)?;
    Ok(())
}

/// Where a copy goes that a person sends again.
pub(in crate::engine) enum Again {
    /// To its own address.
    Here,
    /// To another one.
    Elsewhere(Box<Elsewhere>),
    /// Why it does not go.
    Not(String),
}

/// Another place than a copy has.
pub(in crate::engine) struct Elsewhere {
    look: Look,
    /// How it stands there.
    pub copy: Copy,
}

/// Where a copy goes that a person sends again: to the present address.
pub(in crate::engine) fn again(
    db: &Db<'_>,
    press: Press,
    row: &Delivery,
    today: NaiveDate,
) -> Result<Again, Error> {
    use DeliveryStatus as S;
    if let Some(other) = row.replaced_by {
        return Ok(Again::Not(match row.status {
            S::Sent | S::Printed => format!("{other} was made after it: send that one again"),
            _ => format!("the address was corrected: {other} goes in its place"),
        }));
    }
    if matches!(row.status, S::Written | S::Sending) {
        return Ok(Again::Here);
    }
    let look = look(db, row.document, today)?;
    let place = look.copies.iter().zip(&look.places.of).find(|(c, _)| c.id == row.id);
    let to = match place.map(|(_, place)| *place) {
        Some(Place::There(to)) => to,
        Some(Place::Nowhere) if !row.status.follows() => {
            return Ok(Again::Not(not_there(&look, row)));
        }
        Some(Place::Here | Place::Nowhere) | None => return Ok(Again::Here),
    };
    let mut fates = copies(db, press, &look.due)?;
    if to >= fates.len() {
        return Ok(Again::Here);
    }
    let fate = fates.swap_remove(to);
    if !matches!(fate.status, S::Queued | S::Held) {
        return Ok(Again::Not(fate.reason));
    }
    // A person says that it goes: nothing more is asked.
    let copy = Copy { status: S::Queued, reason: String::new(), ..fate };
    Ok(Again::Elsewhere(Box::new(Elsewhere { look, copy })))
}

/// Sends a copy again to another address than its own.
pub(super) fn send_elsewhere(
    tx: &Tx<'_>,
    row: &Delivery,
    to: &Elsewhere,
    post: &Post,
) -> Result<(), Error> {
    use DeliveryStatus as S;
    let (look, copy) = (&to.look, &to.copy);
    let at = post.at(tx, copy.channel);
    let new = new(&look.due, copy, at, &post.domain);
    if matches!(row.status, S::Sent | S::Printed) {
        envelope::once_more(tx, row.id, &new)?;
    } else if look.moves(row) && row.status != S::Unconfirmed {
        let envelope = Envelope {
            channel: copy.channel,
            address: &copy.address,
            status: copy.status,
            reason: "address corrected",
            not_before_at: Some(at),
            domain: &post.domain,
        };
        envelope::readdress(tx, row.id, &envelope)?;
    } else {
        give_way(tx, row, &new)?;
    }
    Ok(())
}

/// Why a copy goes to none of the present addresses.
fn not_there(look: &Look, row: &Delivery) -> String {
    let reason = look.wanted.iter().find_map(|p| match p.fate {
        Fate::Suppressed(why) | Fate::Impossible(why) if p.address.is_empty() => Some(why),
        Fate::Suppressed(_) | Fate::Impossible(_) | Fate::Goes => None,
    });
    let held = look.wanted.iter().map(|p| p.address.as_str()).collect::<Vec<_>>().join("; ");
    match reason {
        Some(why) => why.to_owned(),
        None => format!("the account no longer wants it at {}: it has {held}", row.address),
    }
}
