//! Money of the demo that does not come by a payment run: transfers, promises, disputes.

use crate::demo::Maker;
use crate::demo::dice::Dice;
use crate::domain::actor::Verb;
use crate::domain::dispute::GivenDispute;
use crate::domain::note::On;
use crate::engine::Error;
use crate::engine::collect::{dispute, follow_up, outside_payment};
use crate::engine::command::OutsidePayment;
use crate::engine::on_its_way::Sure;
use crate::store::debt::{self, Debt};
use crate::store::{account, note};
use chrono::{Days, NaiveDate};

/// Past this many customers transfers are left out: each is a transaction of its own.
const TRANSFERS_UP_TO: u64 = 5_000;

impl Maker<'_> {
    /// Customers without auto-pay transfer what is due, most of them and mostly in full.
    pub(super) fn transfers(&mut self, day: NaiveDate) -> Result<(), Error> {
        if self.plan.accounts > TRANSFERS_UP_TO {
            return Ok(());
        }
        let payers: Vec<String> =
            self.plan.customers().filter(|c| !c.auto_pay()).map(|c| c.number).collect();
        for number in payers {
            let mut dice = Dice::of(day.to_epoch_days() as u64, Dice::label(&number));
            if dice.per_mille(220) {
                continue;
            }
            let due: Vec<Debt> =
                self.debts(&number)?.into_iter().filter(|d| d.due_on <= day).collect();
            let Some(first) = due.first() else { continue };
            let owed: i64 = due.iter().map(|d| d.balance_minor).sum();
            let minor = match dice.below(100) {
                0..4 => owed / 2,
                4..6 => owed + 1_000,
                _ => owed,
            };
            if minor <= 0 {
                continue;
            }
            let money = OutsidePayment {
                account: first.account,
                documents: due.iter().map(|d| d.document).collect(),
                amount: first.currency.amount(minor),
                received_on: day,
                reference: format!("transfer {}", first.number),
            };
            outside_payment::record(self.session, &money, Sure::Yes)?;
        }
        Ok(())
    }

    fn debts(&self, number: &str) -> Result<Vec<Debt>, Error> {
        self.session.read(|db| match account::find(db, number)? {
            Some(found) => debt::open_of_account(db, found.id, found.currency),
            None => Ok(Vec::new()),
        })
    }

    /// What customers said on the telephone about what they still owe.
    pub(super) fn talks(&mut self) -> Result<(), Error> {
        let today = self.plan.today;
        let (mut promised, mut disputed) = (0, 0);
        let numbers: Vec<String> = self.plan.customers().map(|c| c.number).collect();
        for number in numbers {
            let overdue = |d: &Debt| d.due_on + Days::new(10) < today && d.promised_on.is_none();
            let Some(debt) = self.debts(&number)?.into_iter().find(overdue) else { continue };
            if promised < 4 {
                promised += 1;
                let on = today + Days::new(3 * promised);
                follow_up::promise(self.session, debt.document, None, on)?;
                self.session.write(Verb::Housekeeping, |tx| {
                    Ok(note::add(
                        tx,
                        On::Account(debt.account),
                        "rang accounts payable: the invoice was with their auditor",
                        None,
                    )?)
                })?;
            } else if disputed < 3 {
                disputed += 1;
                dispute::open(
                    self.session,
                    debt.document,
                    &GivenDispute::because("says the seats were cancelled in spring"),
                )?;
            } else {
                return Ok(());
            }
        }
        Ok(())
    }
}
