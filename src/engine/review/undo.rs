//! Undo and redo: a clerk's own last deed, one step whatever its size, until posting. What cannot be
//! taken back is told with its counter-action, and never jumped over without a word: whoever wants
//! the deed before it says so.

use crate::domain::actor::{Actor, Verb};
use crate::domain::document::{DocumentStatus, Review};
use crate::domain::text::grouped;
use crate::engine::command::words::{
    ACCOUNT_STOP, AGENCY_END, INSTALMENTS_END, PAYMENT_AUTO_PAY, PAYMENT_DISPUTE, PAYMENT_PROMISE,
    RUN_PAUSE, RUN_RESUME,
};
use crate::engine::command::{EMAIL_OF, Receipt, Refused};
use crate::engine::review::{claim, picked};
use crate::engine::{Error, Session, Slices};
use crate::store::document::{self, DocumentRow};
use crate::store::draft::{self, Image, ReviewImage};
use crate::store::job::MAIL;
use crate::store::undo::{self as steps, Kind, State, Step};
use crate::store::{Db, StoreError, Tx, book_period, check, notice, role, stale};

/// My last deed, or the one before another of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Its place in the trail.
    pub seq: i64,
    /// UTC milliseconds.
    pub at_ms: i64,
    /// What was done.
    pub verb: Verb,
    /// The same in words.
    pub words: String,
    /// What to do instead of taking it back; empty where it can be taken back.
    pub counter: String,
    /// Deeds of mine after it that stay, newest first, of those told of by [`Passed`] the first: what
    /// each was about.
    pub over: Vec<String>,
}

impl Deed {
    /// That there is none before what was passed over.
    fn none(over: Vec<String>) -> Self {
        let (words, counter) = (String::new(), String::new());
        Self { seq: 0, at_ms: 0, verb: Verb::Undo, words, counter, over }
    }

    /// Whether nothing of mine can be taken back.
    pub fn is_none(&self) -> bool {
        self.seq == 0
    }

    fn of(step: Step) -> Self {
        let counter = match step.kind {
            Kind::Imaged => String::new(),
            Kind::Final => counter_action(&step),
        };
        let over = Vec::new();
        Self {
            seq: step.seq,
            at_ms: step.at_ms,
            verb: step.verb,
            words: words(&step),
            counter,
            over,
        }
    }
}

/// Whether the subject names no one thing but the verb, or what it works on.
fn is_none(step: &Step) -> bool {
    step.subject == step.verb.as_str() || step.subject == "deliveries"
}

fn words(step: &Step) -> String {
    match (step.subject.as_str(), step.summary.as_str()) {
        // Its summary says what was done; that it is housekeeping is the trail's own word.
        (on, what) if step.verb == Verb::Housekeeping => format!("{on}: {what}"),
        ("", "") => step.verb.to_string(),
        ("", what) => format!("{}: {what}", step.verb),
        (on, what) if is_none(step) && !what.is_empty() => format!("{on}: {what}"),
        (on, "") => format!("{} {on}", step.verb),
        (on, what) => format!("{} {on}: {what}", step.verb),
    }
}

/// A deed that cannot be taken back, and was told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// What was before this deed is wanted.
    pub before: i64,
    /// My newest deed then: one that came since is not passed.
    pub newest: i64,
}

/// What undo would be about: my last deed, or the last before another that can be taken back.
pub fn last(
    db: &Db<'_>,
    actor: &Actor,
    passed: Option<Passed>,
) -> Result<Option<Deed>, StoreError> {
    let newest = steps::newest(db, actor.uid, i64::MAX)?;
    let Some(passed) = passed.filter(|p| newest.as_ref().is_none_or(|n| n.seq <= p.newest)) else {
        return Ok(newest.map(Deed::of));
    };
    let Some(step) = steps::newest_imaged(db, actor.uid, passed.before)? else {
        return Ok(Some(Deed::none(newest_few(db, actor)?)));
    };
    let over = passed_over(db, actor, &step)?;
    Ok(Some(Deed { over, ..Deed::of(step) }))
}

/// Deeds told of one by one where a deed before them is taken back.
const TOLD: usize = 3;

/// A deed in few words: what it was about.
fn named(step: &Step) -> String {
    match step.subject.as_str() {
        _ if step.verb == Verb::Housekeeping => words(step),
        "" => step.verb.to_string(),
        on if is_none(step) => on.to_owned(),
        on => format!("{} {on}", step.verb),
    }
}

/// My newest deeds, newest first, and whether there are earlier ones. They are not counted: of a
/// whole year there are many.
fn newest_few(db: &Db<'_>, actor: &Actor) -> Result<Vec<String>, StoreError> {
    let (mut few, mut before) = (Vec::new(), i64::MAX);
    while let Some(next) = steps::newest(db, actor.uid, before)? {
        before = next.seq;
        if few.len() == TOLD {
            few.push("earlier ones".to_owned());
            break;
        }
        few.push(named(&next));
    }
    Ok(few)
}

/// My deeds after one, newest first: verb and subject of each; how many more there are.
fn passed_over(db: &Db<'_>, actor: &Actor, step: &Step) -> Result<Vec<String>, StoreError> {
    let (mut over, mut more, mut before) = (Vec::new(), 0, i64::MAX);
    while let Some(next) = steps::newest(db, actor.uid, before)?.filter(|next| next.seq > step.seq)
    {
        before = next.seq;
        if over.len() < TOLD {
            over.push(named(&next));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        over.push(format!("{more} more"));
    }
    Ok(over)
}

/// Takes a deed of mine back: the last one if none is named.
pub fn undo(session: &mut Session, deed: Option<i64>) -> Result<Receipt, Error> {
    let uid = session.actor.uid;
    let step = session.read(|db| match deed {
        None => steps::newest(db, uid, i64::MAX),
        Some(seq) => steps::deed(db, uid, seq),
    })?;
    match (step, deed) {
        (Some(step), _) => turn(session, &step, State::Undone),
        (None, Some(seq)) => Err(Error::usage(
            "nothing_to_undo",
            format!("{seq} is no deed of yours that could be taken back"),
            "daybook audit lists what you did; what was undone is not undone twice",
        )),
        (None, None) => {
            Err(Error::usage("nothing_to_undo", "there is nothing of yours to undo", ""))
        }
    }
}

/// Does again what I undid last.
pub fn redo(session: &mut Session) -> Result<Receipt, Error> {
    let uid = session.actor.uid;
    let step = session.read(|db| steps::undone(db, uid))?;
    let Some(step) = step else {
        return Err(Error::usage("nothing_to_redo", "there is nothing of yours to redo", ""));
    };
    turn(session, &step, State::Done)
}

/// What redo would be about.
pub fn undone(db: &Db<'_>, actor: &Actor) -> Result<Option<Deed>, StoreError> {
    Ok(steps::undone(db, actor.uid)?.map(Deed::of))
}

/// What to do instead of undoing a deed that has no images.
fn counter_action(step: &Step) -> String {
    let (on, said) = (step.subject.as_str(), step.summary.as_str());
    match step.verb {
        Verb::Bill | Verb::Collect if said.contains("pause") => {
            format!("let the run go on: p on 2 Runs, daybook {}", RUN_RESUME.of(on))
        }
        Verb::Bill | Verb::Collect
            if said.starts_with("resumed") || said.starts_with("taken up") =>
        {
            format!("pause the run: p on 2 Runs, daybook {}", RUN_PAUSE.of(on))
        }
        Verb::FollowUp if said.contains("auto-pay") => {
            let other = if said.starts_with("auto-pay on") { "off" } else { "on" };
            let line = PAYMENT_AUTO_PAY.of(format!("{on} {other}"));
            format!("switch it back: A on its row of 5 Failed, daybook {line}")
        }
        Verb::FollowUp if said.starts_with("insolvent") || said.starts_with("deceased") => {
            let line = ACCOUNT_STOP.of(format!("{on} none"));
            format!("it is over: P on its row of 8 Accounts, daybook {line}")
        }
        Verb::FollowUp if said.starts_with("no longer ") => {
            "stop it again: P on its row of 8 Accounts".to_owned()
        }
        Verb::FollowUp if said.starts_with("promise withdrawn") => {
            "note the promise again: p on its row of 5 Failed".to_owned()
        }
        Verb::FollowUp if said.contains("promise") => {
            let line = PAYMENT_PROMISE.of(format!("{on} --withdraw"));
            format!("end the promise: p on its row of 5 Failed, daybook {line}")
        }
        Verb::FollowUp if said.starts_with("dispute ended") => {
            "note the dispute again: p on its row of 5 Failed".to_owned()
        }
        Verb::FollowUp if said.contains(" ended: ") && said.starts_with("IP-") => {
            "agree the instalments anew: p on 5 Failed".to_owned()
        }
        Verb::FollowUp if said.contains(" instalments ") => {
            format!("end the instalments: p on 5 Failed, daybook {}", INSTALMENTS_END.short())
        }
        Verb::HandOver => {
            format!(
                "p on 5 Failed takes it back or hands it over again, daybook {}",
                AGENCY_END.short()
            )
        }
        Verb::FollowUp if said.contains("dispute") => {
            let line = PAYMENT_DISPUTE.of(format!("{on} --end withdrawn"));
            format!("end the dispute: p on its row of 5 Failed, daybook {line}")
        }
        _ => counter_words(step).to_owned(),
    }
}

/// The same where it names nothing.
fn counter_words(step: &Step) -> &'static str {
    match step.verb {
        Verb::Post => "a posted document is final: adjust or reverse it instead",
        Verb::Adjust => "a posted memo is final: make the opposite memo (--debit, or a credit)",
        Verb::Reissue => "both documents are posted: adjust the new one, or issue it anew",
        Verb::Reverse => "a reversal is final: its service periods are billable again, bill them",
        Verb::WriteOff if step.summary.contains("taken back") => {
            "write it off again: m w on the invoice in 3 (daybook write-off)"
        }
        Verb::WriteOff => {
            "m u on the invoice in 3 (daybook undo-write-off) takes it back whole; money that comes recovers its amount"
        }
        Verb::CancelDraft => "a canceled draft is gone: bill its account again",
        Verb::Edit => "cancel the draft that was made by hand",
        Verb::Bill => {
            "cancel the run: its drafts are thrown away, what they bill is billable again"
        }
        Verb::CancelRun => "bill again: what the drafts billed is billable",
        Verb::HandOver => "take the account back from the agency",
        Verb::Import if step.subject.starts_with(EMAIL_OF) => {
            "e on 8 Accounts corrects the address again, before the copies have left"
        }
        Verb::Import => "import the rows as they were before",
        Verb::ImportMethods => "import the rows as they were before",
        Verb::ImportOpenItems => "a loaded item is posted: adjust or write it off",
        Verb::Deliver if step.summary.contains("print batch") => {
            "what is written stays, until D on 4 Delivery says that it is on paper"
        }
        Verb::Deliver if step.summary.contains("printed") => {
            "what is said to be on paper stays so: r on 4 Delivery makes one more copy"
        }
        Verb::Deliver if step.summary.contains("recalled") => {
            "send them again: r on 4 Delivery, daybook deliver --resend"
        }
        Verb::Deliver => "recall what has not left: R on 4 Delivery; what was sent is sent",
        Verb::Collect if step.summary.starts_with("credits used") => {
            "take it off the invoice again: $ on 5 Failed, of a credit daybook memo unapply"
        }
        Verb::Collect | Verb::Retry => "stop the run if it goes on; refund what was taken",
        Verb::Refund => "money that was given back is charged or recorded anew",
        Verb::OutsidePayment => {
            "put it right: take it off, move it or apply it ($, daybook payment unapply, move, apply)"
        }
        Verb::FollowUp => "choose the other method: M on its row of 5 Failed",
        Verb::Remind => "a mail that left cannot be called back",
        Verb::Schedule => "steer the schedule the other way",
        Verb::Settings => "set the old value again",
        Verb::Convert => "a conversion is final: restore the copy that was made before it",
        Verb::Period => "a controller reopens the last closed month: daybook period reopen",
        Verb::Roles => "grant or revoke it again",
        Verb::Accept | Verb::Claim | Verb::Hold | Verb::Regenerate => {
            "do the opposite on the draft"
        }
        Verb::Housekeeping if step.summary.starts_with("note") => {
            "a note stays: write another, or strike it (r on its account or document)"
        }
        Verb::Housekeeping if step.summary.starts_with("references") => {
            "set the old references again: r on it"
        }
        Verb::Housekeeping if step.summary.contains(": pause") => "let it go on: p on 6 Jobs",
        Verb::Housekeeping if step.summary.contains(": cancel") && step.subject == MAIL => {
            "mail stands still until S on 4 Delivery starts it"
        }
        Verb::Housekeeping if step.summary.contains(": cancel") => {
            "a canceled job stays so: begin the rest again where it was begun"
        }
        Verb::Housekeeping if step.summary.contains(": goes on") => "pause it: p on 6 Jobs",
        Verb::Reconcile => "what the gateway or a person found out stays",
        Verb::Init | Verb::Undo | Verb::Housekeeping => "it changed nothing of yours",
    }
}

/// How the last deed before one that cannot be taken back is reached, if there is one.
fn before(db: &Db<'_>, actor: &Actor, seq: i64) -> Result<String, StoreError> {
    let words = |deed: Deed| {
        format!("daybook undo --deed {} takes back what can be before it: {}", deed.seq, deed.words)
    };
    Ok(steps::newest_imaged(db, actor.uid, seq)?.map(Deed::of).map(words).unwrap_or_default())
}

fn turn(session: &mut Session, step: &Step, to: State) -> Result<Receipt, Error> {
    let (can, slices) = session.read(|db| {
        // Who may not is told that first, and nothing of the deed.
        role::authorize(db, &session.actor, Verb::Undo)?;
        Ok((steps::is_imaged(db, step.seq)?, steps::slices(db, step.seq)?))
    })?;
    if !can {
        let what = format!("{} cannot be taken back: {}", words(step), counter_action(step));
        return Err(Error::usage("not_undoable", what, before_of(session, step)?));
    }
    let mut receipt = Receipt { undoable: true, ..Receipt::default() };
    let word = match to {
        State::Undone => "undone",
        State::Done => "done again",
    };
    let mut deed = Slices::default();
    // The last slice stands for the deed: it is turned last.
    for seq in slices {
        session.write_on(&mut deed, Verb::Undo, |tx| {
            let done = receipt.done;
            turn_slice(tx, seq, to, &mut receipt)?;
            if receipt.done == done {
                tx.quiet();
            }
            tx.note(&step.subject, format!("{word}: {}", step.summary));
            Ok(())
        })?;
    }
    if receipt.done == 0 {
        let why = receipt.refused.first().map(|r| format!("{}: {}", r.what, r.reason));
        return Err(Error::usage(
            "not_undoable",
            format!("{} cannot be {word}: {}", step.summary, why.unwrap_or_default()),
            before_of(session, step)?,
        ));
    }
    // The notice names what it is about: the cursor may stand elsewhere.
    let on = if step.subject.is_empty() || is_none(step) {
        String::new()
    } else {
        format!("{} ", step.subject)
    };
    let some = if receipt.refused.is_empty() {
        String::new()
    } else {
        format!(", {} of them", grouped(receipt.done as i64))
    };
    receipt.summary = format!("{word}: {on}{}{some}", step.summary);
    Ok(receipt)
}

fn before_of(session: &Session, step: &Step) -> Result<String, Error> {
    session.read(|db| before(db, &session.actor, step.seq))
}

fn turn_slice(tx: &Tx<'_>, seq: i64, to: State, receipt: &mut Receipt) -> Result<(), Error> {
    for change in &steps::changes(tx, seq, to)? {
        let (from, wanted) = match to {
            State::Undone => (&change.after, &change.before),
            State::Done => (&change.before, &change.after),
        };
        let row = document::get(tx, change.document)?;
        match tx.attempt(|| restore(tx, &row, from, wanted)) {
            Ok(()) => {
                steps::set_state(tx, seq, change.document, to)?;
                if wanted.claim.is_some() && to == State::Undone {
                    notice::done(tx, &claim::notice_key(seq))?;
                }
                receipt.done += 1;
                let now = document::get(tx, change.document)?;
                receipt.totals.add(now.currency.amount(now.total_minor))?;
            }
            Err(Error::Store(StoreError::Conflict(_))) => receipt.refused.push(Refused {
                what: change.document.to_string(),
                reason: "what it billed is billed elsewhere meanwhile".to_owned(),
            }),
            Err(Error::Usage { message, .. }) => {
                receipt
                    .refused
                    .push(Refused { what: change.document.to_string(), reason: message });
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// Puts a draft back to `wanted`, if it still stands as the operation (or its undoing) left it.
fn restore(tx: &Tx<'_>, row: &DocumentRow, from: &Image, wanted: &Image) -> Result<(), Error> {
    match row.status {
        DocumentStatus::Draft => {}
        DocumentStatus::Posted => {
            return Err(refused("it is posted meanwhile: adjust it instead"));
        }
        DocumentStatus::Canceled => return Err(refused("it is canceled meanwhile")),
    }
    if let (Some(from), Some(wanted)) = (&from.claim, &wanted.claim) {
        return claim::restore(tx, row, from, wanted);
    }
    let now = draft::review(tx, row)?;
    let mut version = row.version;
    let mut unchanged = same_word(&now, &from.review);
    if let (Some(expected), true) = (&from.draft, unchanged) {
        unchanged = draft::load(tx, row)?.same(expected);
    }
    if !unchanged {
        let by = picked::changed_by(tx, row)?;
        return Err(refused(&format!("it was changed by {by} since")));
    }
    if let Some(content) = &wanted.draft {
        if content.invoice_on != row.invoice_on {
            book_period::refuse_in(tx, content.invoice_on)?;
        }
        version = draft::save(tx, row, content)?;
        for claim in content.lines.iter().flat_map(|l| &l.claims) {
            if check::double_billing(tx, claim.charge, claim.target)?.is_some() {
                return Err(refused("what it billed is billed elsewhere meanwhile"));
            }
        }
    }
    let mut review = wanted.review.clone();
    if from.review.tags == wanted.review.tags {
        // The deed was not about tags: those put on since stay.
        review.tags.clone_from(&now.tags);
    }
    if review.review == Review::Accepted && wanted.draft.is_some() {
        // The same content under a new version: what was accepted is what stands.
        review.version = Some(version);
    }
    draft::set_review(tx, row.id, &review)?;
    restore_staleness(tx, row, &now, &from.review, &wanted.review)?;
    Ok(())
}

/// Whether both say the same of a draft; the version and what changed under it do not count.
fn same_word(a: &ReviewImage, b: &ReviewImage) -> bool {
    a.review == b.review
        && a.by == b.by
        && a.hold_reason == b.hold_reason
        && a.hold_owner == b.hold_owner
        && a.hold_until == b.hold_until
}

/// Staleness goes back only as far as the operation moved it; what changed since stays said.
fn restore_staleness(
    tx: &Tx<'_>,
    row: &DocumentRow,
    now: &ReviewImage,
    from: &ReviewImage,
    wanted: &ReviewImage,
) -> Result<(), Error> {
    if from.stale == wanted.stale {
        return Ok(());
    }
    if now.stale == from.stale {
        stale::clear(tx, row.id)?;
    }
    if !wanted.stale.is_empty() {
        stale::mark(tx, row.id, &wanted.stale)?;
    }
    Ok(())
}

fn refused(why: &str) -> Error {
    Error::usage("not_undoable", why, "")
}
