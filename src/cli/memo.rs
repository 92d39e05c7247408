//! `daybook memo list|show|apply|unapply`: credit and debit memos.

use super::adjust::find;
use super::invoice::{self, ListArgs};
use super::invoice_edit::report;
use super::{Ctx, Exit};
use crate::domain::document::DocumentKind;
use crate::engine::on_its_way::Sure;
use crate::engine::{Error, memo};
use crate::store::document;

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
            let currency = session.read(|db| document::get(db, credit))?.currency;
            let amount = amount
                .as_deref()
                .map(|text| currency.parse_minor(text))
                .transpose()
                .map_err(|e| Error::usage("bad_amount", format!("--amount: {e}"), ""))?;
            let receipt = memo::apply(&mut session, credit, to, amount, Sure::of(*yes))?;
            report(&receipt, ctx)
        }
        Action::Unapply { id, from } => {
            let mut session = ctx.open()?;
            let credit = find(&session, id)?;
            let from = from.as_deref().map(|t| find(&session, t)).transpose()?;
            let receipt = memo::unapply(&mut session, credit, from)?;
            report(&receipt, ctx)
        }
    }
}
