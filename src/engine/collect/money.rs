//! The console's deeds with money that came: one door to the verbs of the command line, and what a deed
//! would do, foretold in words before a person confirms it.

use crate::clock::Now;
use crate::domain::actor::{Actor, Role, Verb};
use crate::domain::ids::{AccountId, DocumentId, PaymentId};
use crate::domain::money::{Currency, Money};
use crate::domain::text::counted;
use crate::engine::collect::refund::{self, Correction, Wanted};
use crate::engine::collect::settle::{self, Finding};
use crate::engine::collect::till::Till;
use crate::engine::collect::window;
use crate::engine::collect::{credits, memo_refund, reallocate, reconcile};
use crate::engine::command::words::PAYMENT_APPLY_ACCOUNT;
use crate::engine::command::{MoneyDeed, PaidBy, Receipt, Refunded};
use crate::engine::guard::four_eyes::{self, Deed};
use crate::engine::on_its_way::Sure;
use crate::engine::review::picked::reason as short;
use crate::engine::{Error, Session};
use crate::store::deed::{self, Side};
use crate::store::four_eyes::Object;
use crate::store::payment::{self, Allocation, AllocationState, PaymentRow};
use crate::store::{Db, StoreError, account, credit, debt, method_state, role};
use chrono::NaiveDate;

/// Does one.
pub fn perform(session: &mut Session, deed: MoneyDeed, sure: Sure) -> Result<Receipt, Error> {
    match deed {
        MoneyDeed::Refund { payment, amount, on, then, reason } => {
            let wanted = Wanted { amount, on, correction: correction(then), reason: &reason };
            give(session, payment, &wanted)
        }
        MoneyDeed::PayOut { memo, amount, by: PaidBy::Transfer, on, reason } => {
            memo_refund::by_transfer(session, memo, amount, on, &reason)
        }
        MoneyDeed::PayOut { memo, amount, by: PaidBy::Payment(id), on, reason } => {
            let left = session.store.read(|db| Ok::<_, Error>(of_memo(db, memo)?.0))?;
            let amount = Some(amount.unwrap_or(left));
            let correction = Correction::Memo(memo);
            give(session, id, &Wanted { amount, on, correction, reason: &reason })
        }
        MoneyDeed::Unapply { payment, from, amount, reason } => {
            reallocate::unapply(session, payment, from, amount, &reason)
        }
        MoneyDeed::Move { payment, to, amount, reason } => {
            let to = session.store.read(|db| known(db, &to))?;
            Ok(reallocate::move_to(session, payment, to, amount, &reason)?.1)
        }
        MoneyDeed::Apply { payment, to, amount } => {
            reallocate::apply(session, payment, to, amount, sure)
        }
        MoneyDeed::Found { payment, charged, on, evidence } => {
            let settled = reconcile::by_hand(session, payment, &finding(charged, on), &evidence)?;
            let summary = format!("{payment}: {}", settle::words(settled));
            Ok(Receipt { summary, done: 1, ..Receipt::default() })
        }
    }
}

fn finding(charged: Option<String>, on: Option<NaiveDate>) -> Finding {
    charged.map_or(Finding::NotCharged, |reference| Finding::Approved { reference, on })
}

fn correction(then: Refunded) -> Correction {
    match then {
        Refunded::OwedAgain => Correction::Nothing,
        Refunded::WithMemo => Correction::NewMemo,
    }
}

/// Begins a refund; a worker asks the gateway, so that no clerk waits for one.
fn give(session: &mut Session, id: PaymentId, wanted: &Wanted<'_>) -> Result<Receipt, Error> {
    short(wanted.reason)?;
    let mut till = Till::open(session)?;
    let done = refund::by_a_worker(session, &mut till, id, wanted)?;
    let row = session.read(|db| payment::get(db, id))?;
    let today = session.now()?.today;
    let window = session.read(|db| window::window_words(db, &row, today))?;
    let money = done.amount;
    let begun = match (done.job, &wanted.correction) {
        (Some(_), _) => "begun",
        (None, Correction::Nothing) => "recorded: a person pays it back",
        (None, Correction::NewMemo) => "recorded with its memo: a person pays it back",
        (None, Correction::Memo(_)) => "recorded, the memo in its place: a person pays it back",
    };
    Ok(Receipt {
        summary: format!("{id}: refund of {money} {begun}{window}"),
        done: 1,
        totals: money.into(),
        job: done.job,
        made: id.to_string(),
        ..Receipt::default()
    })
}

/// An account by its number.
fn known(db: &Db<'_>, number: &str) -> Result<AccountId, Error> {
    let found = account::find(db, number)?;
    found
        .map(|a| a.id)
        .ok_or_else(|| Error::usage("unknown_account", format!("there is no account {number}"), ""))
}

/// What is left of a credit memo, its number and account.
fn of_memo(db: &Db<'_>, id: DocumentId) -> Result<(Money, String, AccountId), Error> {
    let row = credits::credit_memo(db, id)?;
    let left = row.currency.amount(row.balance_minor).negated()?;
    Ok((left, row.number.unwrap_or_default(), row.account))
}

/// What a deed would do, in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foretold {
    /// What moves, with its amount.
    pub what: String,
    /// What becomes of documents and credit, one a line.
    pub then: Vec<String>,
    /// What to know before: the bank's window, a second person.
    pub beware: Vec<String>,
    /// Whether and how it can be taken back.
    pub undo: &'static str,
    /// What confirming does, in a word or two: `refund`, `ask for it`.
    pub verb: &'static str,
    /// The command line that does the same.
    pub words: String,
}

/// Money that went back is not fetched again.
const GONE: &str = "This cannot be undone.";

/// Who asks, and when.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The person.
    pub actor: &'a Actor,
    /// The moment.
    pub now: Now,
}

/// Foretells a deed, or says why it would be refused.
pub fn foretell(db: &Db<'_>, deed: &MoneyDeed, by: Asked<'_>) -> Result<Foretold, Error> {
    let held = role::authorize(db, by.actor, deed.verb())?;
    match deed {
        MoneyDeed::Refund { payment, amount, on, then, reason } => {
            let (amount, on, correction) = (*amount, *on, correction(*then));
            let wanted = Wanted { amount, on, correction, reason };
            refunds(db, (*payment, &wanted), deed, (by, held))
        }
        MoneyDeed::PayOut { memo, amount, by: PaidBy::Payment(id), on, reason } => {
            let (left, number, _) = of_memo(db, *memo)?;
            let amount = Some(amount.unwrap_or(left));
            let correction = Correction::Memo(*memo);
            let wanted = Wanted { amount, on: *on, correction, reason };
            let mut told = refunds(db, (*id, &wanted), deed, (by, held))?;
            told.then
                .insert(0, format!("{number} goes in the money's place: its invoice stays paid"));
            Ok(told)
        }
        MoneyDeed::PayOut { memo, amount, by: PaidBy::Transfer, on, reason } => {
            let wanted = memo_refund::Wanted { amount: *amount, on: *on, reason };
            transfers(db, (*memo, &wanted), deed, (by, held))
        }
        MoneyDeed::Move { payment, to, amount, .. } => moves(db, *payment, to, *amount, deed),
        MoneyDeed::Unapply { payment, from, amount, reason } => {
            short(reason)?;
            takes_off(db, *payment, *from, *amount, deed)
        }
        MoneyDeed::Apply { payment, to, amount } => applies(db, *payment, *to, *amount, deed),
        MoneyDeed::Found { payment, charged, .. } => found(db, *payment, charged.is_some(), deed),
    }
}

/// What a finding makes of a payment that nobody answered for.
fn found(db: &Db<'_>, id: PaymentId, charged: bool, deed: &MoneyDeed) -> Result<Foretold, Error> {
    let row = payment::get(db, id)?;
    let money = row.currency.amount(row.amount_minor);
    let numbers = payment::allocations(db, id)?.into_iter().map(|one| one.number);
    let numbers = numbers.collect::<Vec<_>>().join(", ");
    let (what, then, verb) = if charged {
        (format!("{money} of {id} came."), format!("{numbers}: paid"), "it came")
    } else {
        let then = format!("{numbers}: owed; a payment run or a retry may charge it");
        (format!("{id} was not charged: {money} never came."), then, "not charged")
    };
    Ok(Foretold {
        what,
        then: vec![then],
        beware: vec![
            "Only what was seen at the gateway or bank: a wrong word charges twice, or never."
                .to_owned(),
        ],
        undo: GONE,
        verb,
        words: deed.words(),
    })
}

/// Refuses who is on the other side of the account.
fn refuse_both_hands(
    db: &Db<'_>,
    of: AccountId,
    (by, held): (Asked<'_>, Role),
) -> Result<(), Error> {
    if held == Role::Everything {
        return Ok(());
    }
    match deed::opposed(db, by.actor.uid, of, Side::Credit, by.now.at_ms)? {
        Some(stop) => Err(StoreError::Rule(Box::new(stop)).into()),
        None => Ok(()),
    }
}

/// What a second person has to do with it, and the word on the button.
fn second(db: &Db<'_>, deed: &Deed<'_>, by: Asked<'_>) -> Result<(Vec<String>, bool), Error> {
    let who = (by.actor.uid, by.now.at_ms);
    Ok(match four_eyes::foretell(db, who, Verb::Refund, deed)? {
        four_eyes::Ahead::Passes => (Vec::new(), true),
        four_eyes::Ahead::Confirms(asked) => (vec![format!("this confirms it{asked}")], true),
        four_eyes::Ahead::Asks(why) => (
            vec![format!(
                "{why}: y only asks for it, and another {} does the same to confirm",
                four_eyes::roles(Verb::Refund)
            )],
            false,
        ),
    })
}

fn refunds(
    db: &Db<'_>,
    (id, wanted): (PaymentId, &Wanted<'_>),
    deed: &MoneyDeed,
    (by, held): (Asked<'_>, Role),
) -> Result<Foretold, Error> {
    short(wanted.reason)?;
    let row = payment::get(db, id)?;
    refuse_both_hands(db, row.account, (by, held))?;
    let (amount, _) = wanted.check(db, &row, by.now.today)?;
    let (subject, with) = (id.to_string(), wanted.with(amount));
    let (mut beware, does) = second(db, &wanted.deed(&row, amount, (&subject, &with)), by)?;
    if let Some(day) = window::bank_may_take_back(db, &row, by.now.today)? {
        beware.insert(
            0,
            format!(
                "The bank can still take {id} back until {day}: refunded before, the money may go \
                 back twice."
            ),
        );
    }
    let (number, ..) = account::owes(db, row.account)?;
    let money = row.currency.amount(amount);
    let how = match row.method {
        Some(method) => format!(" ({} by {})", method_state::get(db, method)?.display, row.gateway),
        None => ", by hand: a person pays it, the book records it".to_owned(),
    };
    Ok(Foretold {
        what: format!("{money} of {id} go back to {number}{how}."),
        then: follows(db, &row, wanted, amount)?,
        beware,
        undo: GONE,
        verb: if does { "refund" } else { "ask for it" },
        words: deed.words(),
    })
}

/// What becomes of what the money paid: the unapplied part first, then documents, the last one first.
fn follows(
    db: &Db<'_>,
    row: &PaymentRow,
    wanted: &Wanted<'_>,
    amount_minor: i64,
) -> Result<Vec<String>, StoreError> {
    let money = |minor: i64| row.currency.amount(minor);
    let unapplied = match wanted.correction {
        Correction::Nothing | Correction::NewMemo => amount_minor.min(row.unapplied_minor),
        Correction::Memo(_) => 0,
    };
    let mut lines = Vec::new();
    if unapplied > 0 {
        lines.push(format!("{} of it are unapplied: no invoice changes", money(unapplied)));
    }
    let (mut left, mut owed_again) = (amount_minor - unapplied, 0);
    for one in payment::allocations(db, row.id)?.into_iter().rev() {
        let part = left.min(standing(&one));
        if part <= 0 {
            continue;
        }
        left -= part;
        let (minor, part, number) = (part, money(part), &one.number);
        lines.push(match wanted.correction {
            Correction::Nothing => {
                owed_again += minor;
                format!("{number}: {part} are owed again")
            }
            Correction::NewMemo => format!("{number}: a credit memo of {part} keeps it paid"),
            Correction::Memo(_) => format!("{number}: the memo pays {part} instead"),
        });
    }
    let credit = debt::credit_left(db, row.account, row.currency)? - unapplied;
    if owed_again > 0 && credit > 0 {
        let used = money(credit.min(owed_again));
        lines.push(format!("{used} of the account's credits and unapplied money pay it at once"));
    }
    Ok(lines)
}

fn transfers(
    db: &Db<'_>,
    (id, wanted): (DocumentId, &memo_refund::Wanted<'_>),
    deed: &MoneyDeed,
    (by, held): (Asked<'_>, Role),
) -> Result<Foretold, Error> {
    short(wanted.reason)?;
    let (left, number, of) = of_memo(db, id)?;
    refuse_both_hands(db, of, (by, held))?;
    let currency = left.currency;
    let (amount, on) = wanted.check(db, id, by.now.today)?;
    let with = memo_refund::with(amount);
    let seen = Deed {
        object: Object::Document(id),
        subject: &number,
        what: "refund",
        with: &with,
        money: currency.amount(amount),
        reason: wanted.reason,
    };
    let (beware, does) = second(db, &seen, by)?;
    let money = |minor: i64| currency.amount(minor);
    let (account, ..) = account::owes(db, of)?;
    Ok(Foretold {
        what: format!(
            "{} of {number} are paid out to {account} on {on}, by hand: a person makes the transfer, \
             the book records it.",
            money(amount)
        ),
        then: vec![format!("{} are left of {number} then", money(left.minor - amount))],
        beware,
        undo: GONE,
        verb: if does { "pay out" } else { "ask for it" },
        words: deed.words(),
    })
}

fn moves(
    db: &Db<'_>,
    id: PaymentId,
    to: &str,
    amount: Option<Money>,
    deed: &MoneyDeed,
) -> Result<Foretold, Error> {
    let row = payment::get(db, id)?;
    let target = known(db, to)?;
    let amount = reallocate::movable(db, &row, target, amount)?;
    let name = |of| -> Result<String, StoreError> {
        let (number, ..) = account::owes(db, of)?;
        let last = account::versions(db, of)?.pop();
        Ok(format!("{number} {}", last.map(|v| v.terms.name).unwrap_or_default()))
    };
    let money = row.currency.amount(amount);
    Ok(Foretold {
        what: format!("{money} of {id} move from {} to {}.", name(row.account)?, name(target)?),
        then: vec![
            "they are a payment of their own there, unapplied; nothing moves at the bank"
                .to_owned(),
        ],
        beware: Vec::new(),
        undo: "u does not take it back; moving it back does.",
        verb: "move",
        words: deed.words(),
    })
}

/// What of an allocation still pays its document, minor units.
fn standing(one: &Allocation) -> i64 {
    match one.state {
        AllocationState::Applied => one.amount_minor - one.reopened_minor,
        AllocationState::Live | AllocationState::Void => 0,
    }
}

fn takes_off(
    db: &Db<'_>,
    id: PaymentId,
    from: DocumentId,
    amount: Option<Money>,
    deed: &MoneyDeed,
) -> Result<Foretold, Error> {
    let row = payment::get(db, id)?;
    let number = debt::get(db, from)?.number;
    let all = payment::allocations(db, id)?;
    let most = all.iter().filter(|one| one.document == from).map(standing).sum::<i64>();
    let part = amount.map_or(Ok(most), |amount| amount.minor_in(row.currency))?;
    let money = row.currency.amount(part);
    if part <= 0 || part > most {
        let most = row.currency.amount(most);
        let message = format!("{most} of {id} are applied to {number}");
        return Err(Error::usage("not_applied", message, format!("daybook payment show {id}")));
    }
    Ok(Foretold {
        what: format!("{money} of {id} are taken off {number}."),
        then: vec![
            format!("{number}: {money} are owed again"),
            format!("{id}: {money} more are unapplied; nothing moves at the bank"),
        ],
        beware: Vec::new(),
        undo: "u does not take it back; applying it again does.",
        verb: "take off",
        words: deed.words(),
    })
}

fn applies(
    db: &Db<'_>,
    id: PaymentId,
    to: DocumentId,
    amount: Option<Money>,
    deed: &MoneyDeed,
) -> Result<Foretold, Error> {
    let row = payment::get(db, id)?;
    let free = reallocate::unapplied(db, &row)?;
    let target = debt::get(db, to)?;
    let (owed, number) = (target.balance_minor.max(0), &target.number);
    // What was written off is owed again as far as money comes.
    let lost = credit::write_offs(db, to)?.iter().map(|off| off.amount_minor).sum::<i64>();
    let part = amount.map_or(Ok(free), |amount| amount.minor_in(row.currency))?;
    let part = if amount.is_none() { part.min(owed + lost) } else { part };
    let money = |minor| row.currency.amount(minor);
    if part <= 0 || part > free.min(owed + lost) {
        let message = format!(
            "{} of {id} are unapplied, and {} are owed on {number}",
            money(free),
            money(owed + lost)
        );
        return Err(Error::usage("too_much", message, ""));
    }
    let mut then = vec![
        format!("{number}: {} stay open", money((owed - part).max(0))),
        format!("{id}: {} stay unapplied; nothing moves at the bank", money(free - part)),
    ];
    if part > owed {
        then.insert(0, format!("{} of what was written off are recovered", money(part - owed)));
    }
    Ok(Foretold {
        what: format!("{} of {id} pay {number}.", money(part)),
        then,
        beware: Vec::new(),
        undo: "u does not take it back; taking it off does.",
        verb: "apply",
        words: deed.words(),
    })
}

/// Foretells what using an account's credits and unapplied money on what it owes would do.
pub fn credits_ahead(
    db: &Db<'_>,
    account: AccountId,
    currency: Currency,
) -> Result<Foretold, Error> {
    let number = account::number(db, account)?;
    let (mut owed, mut invoices) = (0, 0);
    for debt in debt::open_of_account(db, account, currency)? {
        if !payment::on_its_way(db, debt.document)? {
            (owed, invoices) = (owed + debt.balance_minor, invoices + 1);
        }
    }
    let credit = debt::credit_left(db, account, currency)?;
    let (used, money) = (credit.min(owed), |minor| currency.amount(minor));
    if used <= 0 {
        let message = format!("nothing of {number} can be applied in {currency}");
        return Err(Error::usage("nothing_applied", message, ""));
    }
    let of = counted(invoices, "open invoice", "open invoices");
    Ok(Foretold {
        what: format!("{} pay {of} of {number} over {}, oldest first.", money(used), money(owed)),
        then: vec![if credit > owed {
            format!("{} stay unapplied", money(credit - owed))
        } else {
            format!("{} stay open", money(owed - credit))
        }],
        beware: Vec::new(),
        undo: "u does not take it back; $ takes money off an invoice, memo unapply a credit.",
        verb: "use it",
        words: PAYMENT_APPLY_ACCOUNT.of(number),
    })
}
