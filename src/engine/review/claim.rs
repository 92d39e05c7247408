//! Drafts that a clerk takes to look at, gives back or hands over to another. A claim keeps nobody from
//! a draft: who acts on one that another has is asked first, and of many it is left out. It binds on the
//! day it was made.

use crate::domain::actor::{Actor, Verb};
use crate::domain::claimed::Claimed;
use crate::domain::ids::DocumentId;
use crate::domain::money::Purse;
use crate::domain::text::{counted, said};
use crate::engine::command::{ClaimDeed, NextDrafts, Pick, Receipt, Refused};
use crate::engine::on_its_way::Sure;
use crate::engine::review::others::left_to;
use crate::engine::review::picked::{look, plain, review_image};
use crate::engine::{Error, Session};
use crate::store::document::{self, DocumentRow};
use crate::store::draft::{ClaimImage, Image};
use crate::store::notice;
use crate::store::read::{self, Filter, ListArgs, ReadError, Seek, invoices};
use crate::store::undo::{self, Change};
use crate::store::{Db, StoreError, Tx, clerk_claim, role};

/// Drafts that are taken at once at most.
pub const MOST: usize = 5_000;

/// What a claim is about, in the trail: not a document, whose content it leaves alone.
const SUBJECT: &str = "claim";

/// Does a deed on claims.
pub fn perform(session: &mut Session, deed: ClaimDeed) -> Result<Receipt, Error> {
    match deed {
        ClaimDeed::Drafts(picks) => take(session, &picks),
        ClaimDeed::Next(next) => take_next(session, &next),
        ClaimDeed::Release(picks) => release(session, &picks),
        ClaimDeed::ReleaseAll => release_all(session),
        ClaimDeed::HandOver { to, note } => hand_over(session, &to, &note),
    }
}

/// What became of some drafts.
#[derive(Default)]
struct Deed {
    receipt: Receipt,
    first: Option<DocumentId>,
}

impl Deed {
    /// Gives a draft to somebody or to nobody, with its images.
    fn give(
        &mut self,
        tx: &Tx<'_>,
        row: &DocumentRow,
        was: Option<Claimed>,
        to: Option<&Claimed>,
    ) -> Result<(), Error> {
        clerk_claim::set(tx, row.id, to)?;
        let image = |by| -> Result<Image, StoreError> {
            Ok(Image { claim: Some(ClaimImage { by }), ..review_image(tx, row)? })
        };
        undo::record(
            tx,
            &Change { document: row.id, before: image(was)?, after: image(to.cloned())? },
        )?;
        let total = row.currency.amount(row.total_minor);
        self.receipt.totals.add(total)?;
        self.receipt.done += 1;
        self.receipt.undoable = true;
        self.first.get_or_insert(row.id);
        if to.is_some_and(|to| to.uid == tx.actor().uid) {
            self.receipt.taken.push((Pick { id: row.id, version: row.version }, total));
        } else {
            self.receipt.given.push(row.id);
        }
        Ok(())
    }

    fn refuse(&mut self, id: DocumentId, reason: impl Into<String>) {
        let (what, reason) = (id.to_string(), reason.into());
        self.receipt.refused.push(Refused { what, reason });
    }

    /// Says in the trail what was done: `claimed 50 drafts, D-000012 first`.
    fn told(mut self, tx: &Tx<'_>, words: &str, behind: &str) -> Receipt {
        let Some(first) = self.first else {
            tx.quiet();
            return self.receipt;
        };
        let n = self.receipt.done;
        let of = match n {
            1 => first.to_string(),
            n => format!("{}, {first} first", counted(n, "draft", "drafts")),
        };
        self.receipt.summary = format!("{words} {of}{behind}");
        tx.note(SUBJECT, &self.receipt.summary);
        self.receipt
    }
}

/// As somebody's, from today's date.
fn of(actor: &Actor, tx: &Tx<'_>) -> Claimed {
    Claimed { uid: actor.uid, name: actor.name.clone(), on: tx.now().today }
}

fn take(session: &mut Session, picks: &[Pick]) -> Result<Receipt, Error> {
    few(picks.len())?;
    let sure = session.sure;
    session.write(Verb::Claim, |tx| {
        let (me, mut deed) = (of(tx.actor(), tx), Deed::default());
        for pick in picks {
            let row = match look(tx, pick) {
                Ok(Ok(row)) => row,
                Ok(Err(reason)) => {
                    deed.refuse(pick.id, reason);
                    continue;
                }
                Err(StoreError::NotFound(what)) => {
                    deed.refuse(pick.id, format!("there is no {what} in this book"));
                    continue;
                }
                Err(other) => return Err(other.into()),
            };
            let was = clerk_claim::of(tx, row.id)?;
            let today = me.on;
            match was.as_ref().filter(|was| was.binds(today)) {
                Some(was) if was.uid == me.uid => deed.refuse(row.id, "it is yours already"),
                Some(was) if picks.len() > 1 => deed.refuse(row.id, left_to(&was.name)),
                Some(was) if sure == Sure::Ask => {
                    let message = format!("{} has claimed {}: take it over?", was.name, row.id);
                    return Err(Error::NeedsYes { message });
                }
                Some(was) => {
                    let text = format!("{}: {} took over {}", was.name, me.name, named(tx, &row)?);
                    let key = format!("claim taken over {} {}", tx.seq(), row.id);
                    notice::add_for(tx, was.uid, &row.id.to_string(), &text, &key)?;
                    let behind = format!(", from {}", was.name);
                    deed.give(tx, &row, Some(was.clone()), Some(&me))?;
                    return Ok(deed.told(tx, "claimed", &behind));
                }
                None => deed.give(tx, &row, was, Some(&me))?,
            }
        }
        Ok(deed.told(tx, "claimed", ""))
    })
}

/// A document as a notice names it.
fn named(db: &Db<'_>, row: &DocumentRow) -> Result<String, StoreError> {
    let row = document::get(db, row.id)?;
    Ok(format!("{} ({})", row.id, row.account_name))
}

fn few(n: usize) -> Result<(), Error> {
    if n == 0 || n > MOST {
        return Err(Error::usage(
            "bad_count",
            format!("{n} drafts cannot be claimed at once"),
            format!("a number from 1 to {MOST}"),
        ));
    }
    Ok(())
}

/// The next drafts of a list that nobody has: read and taken in one transaction, so that two clerks who
/// ask at once get different ones.
fn take_next(session: &mut Session, next: &NextDrafts) -> Result<Receipt, Error> {
    few(next.count)?;
    let mut filter = filter("status:draft claim:none")?;
    for part in &next.filter {
        filter = filter.and(&self::filter(part)?);
    }
    session.write(Verb::Claim, |tx| {
        let me = of(tx.actor(), tx);
        let filter = read::settled(tx, &filter, tx.now(), me.uid)?;
        let key = match next.from {
            Some(id) => invoices::key_of(tx, next.sort.by, id)?,
            None => None,
        };
        let seek = key.map_or(Seek::First, Seek::From);
        let args = ListArgs { filter, sort: next.sort, seek, limit: next.count };
        let mut deed = Deed::default();
        for found in invoices::page(tx, &args).map_err(unread)?.rows {
            let row = document::get(tx, found.id)?;
            deed.give(tx, &row, found.claim, Some(&me))?;
        }
        if deed.first.is_none() {
            let whence = if next.from.is_some() { " from here on" } else { "" };
            return Err(Error::usage(
                "nothing_to_claim",
                format!("no draft of this list{whence} is nobody's"),
                "claim:none shows what nobody has",
            ));
        }
        Ok(deed.told(tx, "claimed", ""))
    })
}

fn filter(text: &str) -> Result<Filter, Error> {
    Filter::parse(text).map_err(|error| unread(error.into()))
}

fn unread(error: ReadError) -> Error {
    match error {
        ReadError::Store(error) => Error::Store(error),
        ReadError::Filter(error) => Error::usage("bad_filter", error.to_string(), ""),
    }
}

fn release(session: &mut Session, picks: &[Pick]) -> Result<Receipt, Error> {
    few(picks.len())?;
    session.write(Verb::Claim, |tx| {
        let (me, mut deed) = (of(tx.actor(), tx), Deed::default());
        for pick in picks {
            match clerk_claim::of(tx, pick.id)?.filter(|was| was.binds(me.on)) {
                Some(was) if was.uid == me.uid => {
                    let row = document::get(tx, pick.id)?;
                    deed.give(tx, &row, Some(was), None)?;
                }
                Some(was) => deed.refuse(pick.id, format!("{} has it, not you", was.name)),
                None => deed.refuse(pick.id, "nobody has claimed it"),
            }
        }
        Ok(deed.told(tx, "released", ""))
    })
}

fn release_all(session: &mut Session) -> Result<Receipt, Error> {
    session.write(Verb::Claim, |tx| {
        let (me, mut deed) = (of(tx.actor(), tx), Deed::default());
        for id in mine(tx, &me)? {
            let row = document::get(tx, id)?;
            deed.give(tx, &row, Some(me.clone()), None)?;
        }
        Ok(deed.told(tx, "released", ""))
    })
}

/// What somebody has today; nothing is refused.
fn mine(db: &Db<'_>, me: &Claimed) -> Result<Vec<DocumentId>, Error> {
    let all = clerk_claim::all_of(db, me.uid, me.on)?;
    if all.is_empty() {
        return Err(Error::usage(
            "nothing_claimed",
            "you have claimed no draft today",
            "C takes the next ones, daybook invoice claim --next 50",
        ));
    }
    Ok(all)
}

/// How the notice of a hand-over is found again.
pub fn notice_key(seq: i64) -> String {
    format!("hand-over {seq}")
}

fn hand_over(session: &mut Session, to: &str, note: &str) -> Result<Receipt, Error> {
    let note = plain("the note", note.trim())?;
    session.write(Verb::Claim, |tx| {
        let (me, mut deed) = (of(tx.actor(), tx), Deed::default());
        let her = of(&person(tx, to.trim())?, tx);
        if her.uid == me.uid {
            return Err(Error::usage("yourself", "they are yours already", "name another clerk"));
        }
        for id in mine(tx, &me)? {
            let row = document::get(tx, id)?;
            deed.give(tx, &row, Some(me.clone()), Some(&her))?;
        }
        let said = if note.is_empty() { String::new() } else { format!(": {note}") };
        let (n, money) = (deed.receipt.done, sum(&deed.receipt.totals));
        let drafts = counted(n, "draft", "drafts");
        let text = format!("{} handed {drafts} over to you ({money}){said}", me.name);
        notice::add_for(tx, her.uid, "claim:mine", &text, &notice_key(tx.seq()))?;
        Ok(deed.told(tx, &format!("handed over to {}", her.name), &said))
    })
}

fn sum(totals: &Purse) -> String {
    match totals.to_string() {
        none if none.is_empty() => "no money".to_owned(),
        sum => sum,
    }
}

/// A clerk by login name or uid: who has a part in the book, or whom this machine knows. They must be allowed to
/// look at drafts.
fn person(db: &Db<'_>, name: &str) -> Result<Actor, Error> {
    let people = clerk_claim::people(db)?;
    let known =
        people.iter().find(|(_, known)| known.as_deref() == Some(name)).map(|(uid, _)| *uid);
    let uid = known.or_else(|| name.parse().ok()).or_else(|| {
        let found = nix::unistd::User::from_name(name).ok().flatten();
        found.map(|user| user.uid.as_raw())
    });
    // By a number as by a name, they are called what they call themselves.
    let signs = people.iter().find(|(known, _)| Some(*known) == uid);
    let signs = signs.and_then(|(_, name)| name.clone());
    let mut may = Vec::new();
    for (uid, known) in people {
        if let (true, Some(known)) = (role::standing(db, uid)?.may(Verb::Claim).is_some(), known) {
            may.push(known);
        }
    }
    let hint = match may.as_slice() {
        [] => "daybook role list shows who is known".to_owned(),
        some => format!("here may: {}", some.join(", ")),
    };
    let Some(uid) = uid else {
        return Err(Error::usage("no_such_user", format!("there is no user {name:?}"), hint));
    };
    if role::standing(db, uid)?.may(Verb::Claim).is_none() {
        let message = format!("{name} may not look at drafts in this book");
        return Err(Error::usage("not_theirs", message, hint));
    }
    Ok(Actor { uid, name: signs.unwrap_or_else(|| here(uid)) })
}

/// What this machine calls somebody, as their own console will.
fn here(uid: u32) -> String {
    let found = nix::unistd::User::from_uid(uid.into()).ok().flatten();
    let name = found.map(|user| said(&user.name, 64)).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| format!("uid {uid}"))
}

/// Gives a draft back to whom an operation took it from, if it still stands as that left it.
pub fn restore(
    tx: &Tx<'_>,
    row: &DocumentRow,
    from: &ClaimImage,
    wanted: &ClaimImage,
) -> Result<(), Error> {
    let now = clerk_claim::of(tx, row.id)?;
    if now != from.by {
        let why = match now {
            Some(now) => format!("{} has it meanwhile", now.name),
            None => "nobody has it any more".to_owned(),
        };
        return Err(Error::usage("not_undoable", why, ""));
    }
    Ok(clerk_claim::set(tx, row.id, wanted.by.as_ref())?)
}
