//! `daybook delivery`: the queue, and what a clerk does to single copies.

use super::ctx::Ctx;
use super::exit::Exit;
use super::ids;
use super::listing::{self, List, PAGE, Page};
use super::network;
use super::output::{self, Align, moment};
use super::receipt::copies as told;
use super::{print_batch, progress};
use crate::domain::delivery::Balance;
use crate::domain::ids::DeliveryId;
use crate::domain::payment::{Channel, DeliveryStatus};
use crate::engine::deliver::bounces::{self, Booked, Told};
use crate::engine::deliver::print;
use crate::engine::deliver::{make as maker, steer as engine};
use crate::engine::{Error, Session};
use crate::outside::Standing;
use crate::store::delivery::{self, Delivery, Filter};
use crate::store::{self, Db, StoreError};
use crate::zone::Zone;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// List deliveries, recall, retry and confirm them.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Every copy: document, channel, address, status, last answer
    List {
        /// Of this bill run's documents
        #[arg(long)]
        run: Option<String>,
        /// Of this document
        #[arg(long)]
        invoice: Option<String>,
        /// In this status
        #[arg(long)]
        status: Option<String>,
        /// email, print or network
        #[arg(long)]
        channel: Option<String>,
        /// In this print batch
        #[arg(long)]
        batch: Option<i64>,
    },
    /// What was due, and what became of it
    Balance {
        /// Of this bill run's documents
        #[arg(long)]
        run: Option<String>,
    },
    /// Take back copies that have not left (a document's number takes all of its copies)
    Recall(Which),
    /// Try again, now: deferred, bounced, recalled, held, or (you decide) unconfirmed
    Retry(Which),
    /// Unconfirmed e-mail, or an unconfirmed e-invoice, did arrive
    Confirm(Which),
    /// Read the reports of mail servers in a maildir, a directory, an mbox or one message; each counts once
    Bounces {
        /// Folders or files; nothing in them is changed
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Read receipts of the network for e-invoices (one JSON object a line); each counts once. Without a path:
    /// list those there are
    Receipts {
        /// Files or folders; nothing in them is changed
        paths: Vec<PathBuf>,
        /// List those that do not fit
        #[arg(long, conflicts_with = "paths")]
        odd: bool,
    },
    /// Send what the network refused again, under the same number
    Resend {
        /// Deliveries (DL-000001) or documents (INV-2026-000001, D-000001)
        #[arg(required = true)]
        ids: Vec<String>,
        /// The right electronic address of the account, with its scheme: 0208:0123456789
        #[arg(long, value_name = "SCHEME:ID")]
        address: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Sent e-mail came back, or the network refused an e-invoice, says a person
    Bounced {
        #[command(flatten)]
        which: Which,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Written copies are on paper
    Printed(Which),
    /// Send by another way
    Channel {
        /// email, print or network
        to: String,
        #[command(flatten)]
        which: Which,
    },
    /// Print batches, newest first
    Batches,
    /// Write documents of a batch again
    Reprint {
        /// The batch
        batch: i64,
        /// Where to
        directory: PathBuf,
        /// First position
        #[arg(long, default_value_t = 1)]
        from: i64,
        /// Last position (default: the last)
        #[arg(long)]
        to: Option<i64>,
    },
}

/// Which copies.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Deliveries (DL-000001) or documents (INV-2026-000001, D-000001)
    #[arg(required_unless_present_any = ["run", "batch"])]
    ids: Vec<String>,
    /// All of this bill run that the step fits
    #[arg(long, conflicts_with_all = ["ids", "batch"])]
    run: Option<String>,
    /// All of this print batch
    #[arg(long, conflicts_with = "ids")]
    batch: Option<i64>,
}

impl Which {
    /// The rows, and whether each was named by itself: only then is a misfit refused.
    fn rows(
        &self,
        session: &Session,
        fits: impl Fn(&Delivery) -> bool,
    ) -> Result<Vec<DeliveryId>, Error> {
        let all = |filter: Filter| session.read(|db| delivery::fitting(db, &filter, &fits));
        if let Some(run) = &self.run {
            let run = Some(ids::bill_run(session, run)?);
            return all(Filter { run, ..Filter::default() });
        }
        if let Some(batch) = self.batch {
            session.read(|db| store::print_batch::get(db, batch))?;
            return all(Filter { batch: Some(batch), ..Filter::default() });
        }
        let mut out = Vec::new();
        for text in &self.ids {
            if let Some(id) = DeliveryId::parse(text) {
                session.read(|db| delivery::get(db, id))?;
                out.push(id);
                continue;
            }
            let document = Some(session.read(|db| crate::store::document::find(db, text))?);
            let of = Filter { document, ..Filter::default() };
            let rows = session.read(|db| delivery::list(db, &of))?;
            let fitting: Vec<DeliveryId> = rows.iter().filter(|r| fits(r)).map(|r| r.id).collect();
            // A document with nothing that fits is answered by its copies' states.
            out.extend(if fitting.is_empty() {
                rows.iter().map(|r| r.id).collect()
            } else {
                fitting
            });
        }
        Ok(out)
    }
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let waits = |r: &Delivery| {
        use DeliveryStatus as S;
        matches!(r.status, S::Queued | S::Held | S::Deferred)
    };
    match &args.action {
        Action::List { run, invoice, status, channel, batch } => {
            let filter = Filter {
                run: run.as_deref().map(|r| ids::bill_run(&session, r)).transpose()?,
                document: invoice
                    .as_deref()
                    .map(|i| session.read(|db| crate::store::document::find(db, i)))
                    .transpose()?,
                status: status.as_deref().map(status_of).transpose()?,
                channel: channel.as_deref().map(channel_of).transpose()?,
                batch: *batch,
            };
            let zone = session.config()?.zone();
            listing::print(&session, &Deliveries { filter, zone }, ctx.json)?;
            Ok(Exit::Done)
        }
        Action::Balance { run } => balanced(&session, run.as_deref(), ctx),
        Action::Recall(which) => {
            let ids = which.rows(&session, waits)?;
            let receipt = engine::recall(&mut session, &ids)?;
            told(&receipt, ctx)
        }
        Action::Retry(which) => {
            let again = |r: &Delivery| {
                use DeliveryStatus as S;
                matches!(r.status, S::Deferred | S::Bounced | S::Held | S::Recalled)
            };
            let ids = which.rows(&session, again)?;
            let receipt = engine::retry(&mut session, &ids)?;
            if let Some(job) = receipt.job {
                progress::drive(&mut session, job, ctx)?;
            }
            told(&receipt, ctx)
        }
        Action::Confirm(which) => {
            let ids = which.rows(&session, |r| r.status == DeliveryStatus::Unconfirmed)?;
            let receipt = engine::confirm_sent(&mut session, &ids)?;
            told(&receipt, ctx)
        }
        Action::Bounces { paths } => came_back(&bounces::read(&mut session, paths)?, ctx),
        Action::Receipts { paths, odd } if paths.is_empty() => network::list(&session, *odd, ctx),
        Action::Receipts { paths, .. } => network::read(&mut session, paths, ctx),
        Action::Resend { ids, address, reason } => {
            network::resend(&mut session, ids, (address.as_deref(), reason), ctx)
        }
        Action::Bounced { which, reason } => {
            let out = |r: &Delivery| {
                matches!(r.status, DeliveryStatus::Sent | DeliveryStatus::Unconfirmed)
                    && r.channel.leaves()
            };
            let ids = which.rows(&session, out)?;
            told(&engine::came_back(&mut session, &ids, reason)?, ctx)
        }
        Action::Printed(which) => {
            let ids = which.rows(&session, |r| r.status == DeliveryStatus::Written)?;
            let receipt = engine::confirm_printed(&mut session, &ids)?;
            told(&receipt, ctx)
        }
        Action::Channel { to, which } => {
            let to = channel_of(to)?;
            let ids = which.rows(&session, |r| r.channel != to && waits(r))?;
            let receipt = engine::change_channel(&mut session, &ids, to)?;
            told(&receipt, ctx)
        }
        Action::Batches => print_batch::batches(&session, ctx),
        Action::Reprint { batch, directory, from, to } => {
            let range = (*from, to.unwrap_or(i64::MAX));
            let done = print::reprint(&session, *batch, range, directory)?;
            if ctx.json {
                output::json(&print_batch::batch_json(&done))?;
            } else {
                print_batch::written(&done);
            }
            Ok(Exit::Done)
        }
    }
}

/// What came back.
fn came_back(told: &Told, ctx: &Ctx) -> Result<Exit, Error> {
    if ctx.json {
        output::json(&json!(told))?;
        return Ok(Exit::Done);
    }
    for (what, list) in [("bounced", &told.bounced), ("delayed", &told.delayed)] {
        for one in list {
            let Booked { id, document, account_number, address, reason } = one;
            output::line(&format!("{what} {id} {document} {account_number} {address}: {reason}"));
        }
    }
    output::line(&told.words());
    Ok(Exit::Done)
}

/// Says where the copies of a run, or of everything, stand, and how many documents have none.
fn balanced(session: &Session, run: Option<&str>, ctx: &Ctx) -> Result<Exit, Error> {
    let run = run.map(|r| ids::bill_run(session, r)).transpose()?;
    let (balance, not_made) = maker::balance(session, run)?;
    let states = maker::at_network(session, run)?;
    if ctx.json {
        output::json(&json!({
            "balance": balance, "balances": balance.balances(), "network": states, "not_made": not_made,
        }))?;
    } else {
        output::line(&balance_line(&balance));
        network::states_line(&states).iter().for_each(|line| output::line(line));
        output::line(&format!("posted documents without a delivery: {not_made}"));
    }
    Ok(Exit::Done)
}

fn status_of(word: &str) -> Result<DeliveryStatus, Error> {
    DeliveryStatus::parse(word).ok_or_else(|| {
        let message = format!("{word:?} is no status of a delivery");
        Error::usage("bad_status", message, DeliveryStatus::words())
    })
}

fn channel_of(word: &str) -> Result<Channel, Error> {
    Channel::parse(word).ok_or_else(|| {
        Error::usage("bad_channel", format!("{word:?} is no channel"), Channel::words())
    })
}

/// Copies in the order they were made.
struct Deliveries {
    filter: Filter,
    zone: Zone,
}

impl List for Deliveries {
    type Row = Delivery;
    type Key = DeliveryId;
    const HEADERS: &'static [(&'static str, Align)] = &[
        ("ID", Align::Left),
        ("DOCUMENT", Align::Left),
        ("BY", Align::Left),
        ("TO", Align::Left),
        ("STATUS", Align::Left),
        ("TRIES", Align::Right),
        ("LAST ANSWER", Align::Left),
    ];
    const NOTHING: &'static str = "";

    fn page(
        &self,
        db: &Db<'_>,
        after: Option<&DeliveryId>,
    ) -> Result<Page<Delivery, DeliveryId>, StoreError> {
        let after = after.copied().unwrap_or(DeliveryId(0));
        let rows = delivery::page(db, &self.filter, after, PAGE)?;
        let next = listing::next(&rows, |r| r.id);
        Ok((rows, next))
    }

    fn json(&self, db: &Db<'_>, row: &Delivery) -> Result<Value, Error> {
        let mut json = row_json(row, self.zone);
        if let Some(there) = store::network::get(db, row.id)? {
            json["network"] = network::copy_json(&there, self.zone);
        }
        Ok(json)
    }

    fn cells(&self, _: &Db<'_>, r: &Delivery) -> Result<Vec<String>, Error> {
        Ok(vec![
            r.id.to_string(),
            r.number.clone(),
            r.channel.to_string(),
            r.address.clone(),
            r.status.to_string(),
            r.attempts.to_string(),
            r.last_reply.clone(),
        ])
    }
}

fn row_json(r: &Delivery, zone: Zone) -> Value {
    let waits = matches!(r.status, DeliveryStatus::Queued | DeliveryStatus::Deferred);
    json!({
        "id": r.id.to_string(),
        "document": r.number,
        "document_id": r.document.to_string(),
        "account_number": r.account_number,
        "channel": r.channel,
        "to": r.address,
        "status": r.status,
        "attempts": r.attempts,
        "last_reply": r.last_reply,
        "queued_at": moment(r.queued_at, zone),
        "next_at": waits.then(|| moment(r.not_before_at, zone)),
        "ended_at": r.ended_at.map(|ms| moment(ms, zone)),
        "message_id": r.message_id,
        "copy": r.copy,
        "batch": r.batch,
        "batch_position": r.batch_position,
        "layout": r.imprint.as_ref().map(|i| i.layout),
        "sha256": r.imprint.as_ref().map(|i| &i.pdf_hash),
    })
}

/// The equation of the step on one line.
pub fn balance_line(b: &Balance) -> String {
    format!(
        "due {} = sent {} + printed {} + suppressed {} + recalled {} + failed {} + unconfirmed {} + open {}{}",
        b.due,
        b.sent,
        b.printed,
        b.suppressed,
        b.recalled,
        b.failed,
        b.unconfirmed,
        b.open,
        if b.balances() { "" } else { "  DOES NOT BALANCE" }
    )
}

/// Writes the PDF of a posted document.
pub fn pdf(
    session: &Session,
    id: &str,
    (file, standing): (&Path, Standing),
    ctx: &Ctx,
) -> Result<Exit, Error> {
    let made = maker::pdf(session, id)?;
    let Some(path) = output::file(file, &made.name, &made.bytes, standing)? else {
        if let Some(words) = &made.beside {
            output::aside(words);
        }
        return Ok(Exit::Done);
    };
    if ctx.json {
        output::json(&json!({
            "file": path.display().to_string(),
            "bytes": made.bytes.len(),
            "layout": made.imprint.layout,
            "sha256": made.imprint.pdf_hash,
            "beside_first": made.beside,
        }))?;
    } else {
        output::line(&path.display().to_string());
        if let Some(words) = &made.beside {
            output::line(words);
        }
    }
    Ok(Exit::Done)
}
