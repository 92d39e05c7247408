//! `daybook memo list|show|apply|unapply|refund`: credit and debit memos.

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids;
use super::ids::find;
use super::invoice::{self, ListArgs};
use super::payment;
use super::receipt::report;
use crate::domain::document::DocumentKind;
use crate::domain::ids::DocumentId;
use crate::domain::money::Money;
use crate::engine::collect::refund::{Correction, Wanted};
use crate::engine::collect::{self, memo_refund};
use crate::engine::on_its_way::Sure;
use crate::engine::{Error, Session};
use crate::store::document;
use chrono::NaiveDate;

/// List, show and apply memos.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Credit and debit memos (with --write-offs: these too)
    List {
        #[command(flatten)]
        which: ListArgs,
        /// Also what was given up
        #[arg(long)]
        write_offs: bool,
    },
    /// One memo with its lines and tax
    Show {
        /// CM-2026-000001 or D-000012
        id: String,
    },
    /// Use a posted credit memo on an invoice, or on the account's oldest debts
    Apply {
        /// The credit memo
        id: String,
        /// The invoice or debit memo (default: oldest first)
        #[arg(long)]
        to: Option<String>,
        /// This much (default: all that fits)
        #[arg(long)]
        amount: Option<String>,
        /// Also to what a payment is on its way for
        #[arg(long)]
        yes: bool,
    },
    /// Take the use of a credit memo back
    Unapply {
        /// The credit memo
        id: String,
        /// Only from this document
        #[arg(long)]
        from: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Pay out what is left of a credit memo
    Refund {
        /// The credit memo
        id: String,
        /// This much (default: all that is left)
        #[arg(long)]
        amount: Option<String>,
        /// `transfer`, which a person makes, or the payment (P-000001) whose money goes back
        #[arg(long, default_value = "transfer")]
        method: String,
        /// The day of the transfer (default: today)
        #[arg(long, value_name = "DATE")]
        date: Option<NaiveDate>,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    match &args.action {
        Action::List { which, write_offs } => {
            let mut kinds = vec![DocumentKind::CreditMemo, DocumentKind::DebitMemo];
            if *write_offs {
                kinds.push(DocumentKind::WriteOff);
            }
            invoice::documents(which, &kinds, ctx)
        }
        Action::Show { id } => invoice::show(&ctx.open()?, id, ctx),
        Action::Apply { id, to, amount, yes } => {
            let mut session = ctx.open()?;
            let credit = find(&session, id)?;
            let to = to.as_deref().map(|t| find(&session, t)).transpose()?;
            let amount = typed(&session, credit, amount.as_deref())?;
            let receipt =
                collect::credits::apply(&mut session, credit, to, amount, Sure::of(*yes))?;
            report(&receipt, ctx)
        }
        Action::Refund { id, amount, method, date, reason } => {
            let mut session = ctx.open()?;
            let memo = find(&session, id)?;
            let amount = typed(&session, memo, amount.as_deref())?;
            if method != "transfer" {
                let correction = Correction::Memo(memo);
                let row = session.read(|db| document::get(db, memo))?;
                let left = row.currency.amount(row.balance_minor).negated()?;
                let amount = Some(amount.unwrap_or(left));
                let wanted = Wanted { amount, on: *date, correction, reason };
                return payment::refund_as(&mut session, ids::payment(method)?, &wanted, ctx);
            }
            let receipt = memo_refund::by_transfer(&mut session, memo, amount, *date, reason)?;
            report(&receipt, ctx)
        }
        Action::Unapply { id, from, reason } => {
            let mut session = ctx.open()?;
            let credit = find(&session, id)?;
            let from = from.as_deref().map(|t| find(&session, t)).transpose()?;
            let receipt = collect::credits::unapply(&mut session, credit, from, reason)?;
            report(&receipt, ctx)
        }
    }
}

/// An amount in the memo's currency.
fn typed(session: &Session, memo: DocumentId, text: Option<&str>) -> Result<Option<Money>, Error> {
    let currency = session.read(|db| document::get(db, memo))?.currency;
    text.map(|text| currency.read(text))
        .transpose()
        .map_err(|e| Error::usage("bad_amount", format!("--amount: {e}"), "such as 12.50"))
}
