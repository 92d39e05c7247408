//! `demo`: a book with data, made by the verbs themselves on the book's own clock: two cycles
//! billed, posted, delivered and collected, and a month that waits to be billed.

mod book;
mod calendar;
mod dice;
mod goods;
mod methods;
mod money;
mod people;
mod plan;
mod plants;

use crate::clock::Now;
use crate::config::{Setting, key};
use crate::domain::ids::BillRunId;
use crate::domain::payment::DeliveryStatus;
use crate::engine::care::settings;
use crate::engine::collect::{self, reconcile, retry};
use crate::engine::command::{AccountFilter, NewBillRun, NewPaymentRun};
use crate::engine::deliver::copies::When;
use crate::engine::deliver::{self, print};
use crate::engine::{Error, Session, bill, import, post};
use crate::store;
use crate::store::delivery::Filter;
use calendar::months_on;
use chrono::{Days, NaiveDate};
use plan::{CsvFile, Plan};

/// How big a book is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Customers.
    pub accounts: u64,
    /// Posted invoices at least; 0 = two cycles.
    pub invoices: u64,
}

/// The seed of every demo book, so that two of one size are the same.
const SEED: u64 = 20_261_201;

/// Past cycles of an ordinary demo book, and the most a big one has.
const CYCLES: (u64, u64) = (2, 12);

/// Past this many invoices only the last cycle goes out by mail: a page takes a millisecond.
const MAIL_ALL_UP_TO: u64 = 20_000;

/// Does all background work there is; what drives jobs lies above the engine.
pub type Drive<'d> = dyn FnMut(&mut Session) -> Result<(), Error> + 'd;

/// Fills an empty demo book; `say` hears what is being done.
pub fn fill(
    session: &mut Session,
    size: Size,
    drive: &mut Drive<'_>,
    say: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    let plan = plan(size);
    let mut maker = Maker { session, drive, plan };
    maker.settings()?;
    say(&format!("{} customers and what they bought", maker.plan.accounts));
    maker.at(maker.plan.first_run(), 7)?;
    maker.load(maker.plan.opening())?;
    let cycles = maker.plan.cycles.clone();
    let mail_all = maker.plan.accounts * cycles.len() as u64 <= MAIL_ALL_UP_TO;
    for (i, day) in cycles.iter().enumerate() {
        let last = i + 1 == cycles.len();
        say(&format!("{}: bill, post, deliver, collect", day.format("%B %Y")));
        maker.cycle(*day, last || mail_all)?;
    }
    say("this month: usage loaded, a pilot run, everything else still to do");
    maker.this_month()
}

fn plan(size: Size) -> Plan {
    let accounts = size.accounts.max(50);
    let today = calendar::today();
    let cycles = size.invoices.div_ceil(accounts).clamp(CYCLES.0, CYCLES.1);
    // Nine in ten customers get an invoice each month or more; a few get none.
    let accounts = accounts.max(size.invoices.div_ceil(cycles) * 102 / 100);
    let months = (1..=cycles).rev().map(|back| months_on(today, -(back as i64), 1));
    Plan { seed: SEED, accounts, cycles: months.collect(), today }
}

const SETTINGS: &[(&Setting, &str)] = &[
    (key::BOOK_TIME_ZONE, "Europe/Berlin"),
    (key::ISSUER_NAME, "Nordlicht Telematik GmbH"),
    (key::ISSUER_ADDRESS, "Am Alten Hafen 7;20457 Hamburg;Germany"),
    (key::ISSUER_TAX_ID, "DE123456788"),
    (key::ISSUER_BANK, "IBAN DE02 1203 0000 0000 2020 51;BIC BYLADEM1001"),
    (
        key::ISSUER_FOOTER,
        "Nordlicht Telematik GmbH · Registered in Hamburg, HRB 000000 · demo data",
    ),
    (key::SMTP_FROM, "billing@nordlicht.example"),
    (key::USAGE_LATE, "next_run"),
];

struct Maker<'m> {
    session: &'m mut Session,
    drive: &'m mut Drive<'m>,
    plan: Plan,
}

impl Maker<'_> {
    fn settings(&mut self) -> Result<(), Error> {
        SETTINGS.iter().try_for_each(|(key, value)| settings::set(self.session, key.key, value))
    }

    /// Moves the book's day to an hour of a day.
    fn at(&mut self, day: NaiveDate, hour: u32) -> Result<(), Error> {
        let zone = self.session.config()?.zone();
        let local = day.and_hms_opt(hour, 0, 0).unwrap_or_default();
        self.session.fixed_now = Some(Now::civil(local, zone));
        Ok(())
    }

    fn load(&mut self, files: Vec<CsvFile>) -> Result<(), Error> {
        let options = import::Options { yes: true, ..import::Options::default() };
        let report = import::import_texts(self.session, files, &options)?;
        match report.files.iter().find_map(|f| f.refused.first().map(|r| (f, r))) {
            None => Ok(()),
            Some((file, row)) => Err(Error::Bug(format!("the demo's {}: {row}", file.file))),
        }
    }

    fn run_bills(&mut self, day: NaiveDate, batch: Option<&str>) -> Result<BillRunId, Error> {
        let new = NewBillRun {
            target_on: day,
            invoice_on: Some(day),
            accounts: AccountFilter {
                batches: batch.map(str::to_owned).into_iter().collect(),
                ..AccountFilter::default()
            },
            exclude: Vec::new(),
            auto_renew: true,
            auto_post: false,
            auto_email: false,
            skip_zero_email: false,
            confirmed: true,
        };
        let (run, _) = bill::run::start(self.session, &new)?;
        (self.drive)(self.session)?;
        Ok(run)
    }

    /// A whole month: bills on `day`, money until the day before the next cycle.
    fn cycle(&mut self, day: NaiveDate, mail: bool) -> Result<(), Error> {
        self.at(day, 7)?;
        let usage = self.plan.usage(months_on(day, -1, 1));
        self.load(vec![usage])?;
        let run = self.run_bills(day, None)?;
        post::posting::start(self.session, &post::posting::What::Run(run), None)?;
        (self.drive)(self.session)?;
        if mail {
            self.mail(day, run)?;
        }
        for days in [1, 3, 14, 17, 20, 29] {
            let on = day + Days::new(days);
            if on < self.plan.today {
                self.at(on, 11)?;
                self.money(on, days)?;
            }
        }
        Ok(())
    }

    /// E-mail leaves, print copies are written; those of a month that is over were printed.
    fn mail(&mut self, day: NaiveDate, run: BillRunId) -> Result<(), Error> {
        self.at(day, 9)?;
        deliver::make::make(self.session, Some(run), When::Now)?;
        (self.drive)(self.session)?;
        print::start(self.session, "")?;
        (self.drive)(self.session)?;
        if Some(&day) != self.plan.cycles.last() {
            let of = Filter { status: Some(DeliveryStatus::Written), ..Filter::default() };
            let written = self.session.read(|db| store::delivery::list(db, &of))?;
            let ids: Vec<_> = written.iter().map(|d| d.id).collect();
            deliver::steer::confirm_printed(self.session, &ids)?;
        }
        Ok(())
    }

    /// What comes in on a day of the month: payment runs, bank answers, retries, transfers.
    fn money(&mut self, on: NaiveDate, days: u64) -> Result<(), Error> {
        match days {
            1 | 14 | 29 => self.collect(on),
            20 => self.transfers(on),
            _ => {
                reconcile::queue(self.session)?;
                (self.drive)(self.session)?;
                retry::start(self.session, &retry::Which::Due)?;
                (self.drive)(self.session)
            }
        }
    }

    fn collect(&mut self, day: NaiveDate) -> Result<(), Error> {
        let new = NewPaymentRun {
            target_on: day,
            bill_run: None,
            account: String::new(),
            batches: Vec::new(),
            currency: None,
            bill_cycle_day: None,
            gateway: None,
            consolidate: false,
        };
        collect::start(self.session, &new, None)?;
        (self.drive)(self.session)
    }

    /// The day the clerk sits down on: usage is in, a pilot batch is billed, one draft went stale.
    fn this_month(&mut self) -> Result<(), Error> {
        let today = self.plan.today;
        self.at(today, 7)?;
        let usage = self.plan.usage(months_on(today, -1, 1));
        let mut files = self.plan.this_month();
        files.push(usage);
        self.load(files)?;
        self.talks()?;
        self.run_bills(today, Some("Pilot"))?;
        self.at(today, 8)?;
        let price = Plan::after_pilot();
        self.load(vec![price])?;
        self.session.fixed_now = None;
        settings::set_clock(self.session, &format!("{today}T08:00")).map(|_| ())
    }
}
