//! `daybook payment failed`: open invoices whose last payment did not bring the money, by what they
//! need next. Which they are is in memory; what is said of each is read page by page.

use super::view::{moment, none_if_empty};
use crate::cli::ctx::Ctx;
use crate::cli::exit::Exit;
use crate::cli::listing::{self, List, Out, PAGE, Page, Stdout};
use crate::cli::output::Align;
use crate::engine::{Error, Session};
use crate::store::debt::{self, Debt};
use crate::store::payment::{self, PaymentRow};
use crate::store::retry::{self, FailedInvoice};
use crate::store::{Db, StoreError};
use crate::zone::Zone;
use serde_json::{Value, json};

/// Failed invoices in the order they are printed.
struct Failed {
    all: Vec<FailedInvoice>,
    zone: Zone,
}

/// One of them, with what is said of it.
struct Seen {
    failed: FailedInvoice,
    debt: Debt,
    payment: PaymentRow,
}

impl List for Failed {
    type Row = Seen;
    type Key = usize;
    const HEADERS: &'static [(&'static str, Align)] = &[
        ("NEXT", Align::Left),
        ("ACCOUNT", Align::Left),
        ("INVOICE", Align::Left),
        ("BALANCE", Align::Right),
        ("", Align::Left),
        ("PAYMENT", Align::Left),
        ("NEXT TRY", Align::Left),
        ("WORDS", Align::Left),
    ];
    const NOTHING: &'static str = "no failed payments";

    fn page(&self, db: &Db<'_>, after: Option<&usize>) -> Result<Page<Seen, usize>, StoreError> {
        let from = after.copied().unwrap_or(0);
        let rest = &self.all[from..];
        let here = &rest[..rest.len().min(PAGE as usize)];
        let seen = here.iter().map(|one| {
            let (debt, payment) = (debt::get(db, one.document)?, payment::get(db, one.payment)?);
            Ok(Seen { failed: one.clone(), debt, payment })
        });
        let next = (here.len() < rest.len()).then_some(from + here.len());
        Ok((seen.collect::<Result<_, StoreError>>()?, next))
    }

    fn json(&self, _: &Db<'_>, row: &Seen) -> Result<Value, Error> {
        let Seen { failed, debt, payment } = row;
        Ok(json!({
            "invoice": debt.number,
            "account_number": debt.account_number,
            "balance": debt.currency.plain(debt.balance_minor),
            "currency": debt.currency.code(),
            "due_date": debt.due_on,
            "payment": payment.id.to_string(),
            "decline_code": none_if_empty(&payment.decline_code),
            "words": payment.reply,
            "attempt": payment.attempt,
            "next_retry_at": failed.next_retry_at.map(|at| moment(self.zone, at)),
        }))
    }

    fn cells(&self, _: &Db<'_>, row: &Seen) -> Result<Vec<String>, Error> {
        let Seen { failed, debt, payment } = row;
        let next = failed.next_retry_at.map(|at| moment(self.zone, at).chars().take(16).collect());
        Ok(vec![
            failed.action.to_string(),
            debt.account_number.clone(),
            debt.number.clone(),
            debt.currency.grouped(debt.balance_minor),
            debt.currency.to_string(),
            payment.id.to_string(),
            next.unwrap_or_default(),
            payment.reply.clone(),
        ])
    }
}

pub(super) fn failed(session: &Session, ctx: &Ctx) -> Result<Exit, Error> {
    let zone = session.config()?.zone();
    let mut all = session.read(retry::failed)?;
    if ctx.json {
        // The oldest due first within each group.
        all.sort_by_key(|one| one.action.as_str());
        listing::quietly(groups(session, Failed { all, zone }))?;
        return Ok(Exit::Done);
    }
    let named = session.read(|db| {
        let named = all.iter().map(|one| {
            let debt = debt::get(db, one.document)?;
            Ok((one.action.as_str(), debt.account_number, debt.number, one.clone()))
        });
        named.collect::<Result<Vec<_>, StoreError>>()
    });
    let mut named = named?;
    named.sort_by(|a, b| (a.0, &a.1, &a.2).cmp(&(b.0, &b.1, &b.2)));
    let all = named.into_iter().map(|(.., one)| one).collect();
    listing::print(session, &Failed { all, zone }, ctx.json)?;
    Ok(Exit::Done)
}

/// An object of arrays: what is needed next, and what needs it.
fn groups(session: &Session, failed: Failed) -> Result<(), Error> {
    let mut paper = Stdout;
    let mut out = Out::new(&mut paper);
    let Failed { all, zone } = failed;
    let mut lead = '{';
    for group in all.chunk_by(|a, b| a.action == b.action) {
        let name = json!(group.first().map(|one| one.action.as_str())).to_string();
        out.push(&format!("{lead}\n  {name}: "));
        lead = ',';
        let list = Failed { all: group.to_vec(), zone };
        listing::elements(session, &list, &mut out, "\n    ")?;
        out.push("\n  ]");
    }
    out.push(if lead == '{' { "{}\n" } else { "\n}\n" });
    out.flush()
}
