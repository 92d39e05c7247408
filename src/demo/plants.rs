//! Errors planted for the flags and lists to find: one customer each, from A-00011 on.

use crate::demo::goods::{Bundle, Charge, Prices, Since};
use crate::demo::plan::{CsvFile, Plan};
use crate::domain::text_enum;
use chrono::Days;

text_enum! {
    /// What is wrong with a customer, or will be in the month that waits.
    Plant {
        /// Usage twelve times the usual: `total_high`, `usage_changed`.
        UsageHigh = "usage high",
        /// Hardly any usage: `total_low`.
        UsageLow = "usage low",
        /// More seats since the last invoice: `recurring_changed`.
        MoreSeats = "more seats",
        /// A charge ended with the last month: `charge_missing`.
        ChargeEnded = "charge ended",
        /// A charge begins with this month: `charge_new`.
        ChargeAdded = "charge added",
        /// Sold yesterday: `first_invoice`.
        FirstInvoice = "first invoice",
        /// A plan for nothing: `zero_total`.
        Free = "free",
        /// The meter said nothing: `usage_none`.
        NoUsage = "no usage",
        /// A record of a month that is billed already: `usage_late`.
        LateUsage = "late usage",
        /// A charge that began months ago and was never billed: `back_billing`.
        Forgotten = "forgotten charge",
        /// To be e-mailed, without an address: `no_email`.
        NoEmail = "no e-mail",
        /// Auto-pay without a method: `no_method`.
        NoMethod = "no method",
        /// The same contract entered twice: `duplicate`.
        Twice = "entered twice",
        /// A draft of this month whose price changed after it was rated: `stale`.
        Stale = "stale",
        /// Reverse charge without a tax id: the draft cannot be posted.
        NoTaxId = "no tax id",
        /// A tax code that is not in the book: the account fails in the run.
        UnknownTax = "unknown tax code",
        /// Usage of a unit that no charge bills: stays pending.
        StrangeUnit = "unit without a charge",
    }
}

/// The first customer with a planted error.
const FIRST: u64 = 11;

impl Plant {
    /// What is planted with customer `n`.
    pub fn of(n: u64) -> Option<Self> {
        n.checked_sub(FIRST).and_then(|i| Self::ALL.get(i as usize)).copied()
    }

    /// The customer it is planted with.
    pub fn customer(self) -> u64 {
        FIRST + Self::ALL.iter().position(|p| *p == self).unwrap_or_default() as u64
    }

    fn number(self) -> String {
        format!("{:05}", self.customer())
    }

    /// Batch of the account; the drafts that go stale are made by a run of their own.
    pub fn batch(self) -> &'static str {
        if self == Self::Stale { "Pilot" } else { "Batch1" }
    }

    /// Changes the account's row.
    pub fn change(self, email: &mut String) {
        if self == Self::NoEmail {
            email.clear();
        } else if email.is_empty() {
            *email = format!("ap.{}@example.com", self.number());
        }
    }

    /// What the customer has bought.
    pub fn bundle(self, prices: Prices, since: Since) -> Bundle {
        let recurring = |code, name, cents, quantity: &str| Charge {
            code,
            name,
            sort: "recurring",
            model: "per_unit",
            price: prices.cents(cents),
            quantity: quantity.to_owned(),
            period: "month",
            billed_through: since.advance(0),
            ..Charge::default()
        };
        let usage = Charge {
            code: "USE",
            name: "Traffic",
            sort: "usage",
            model: "per_unit",
            price: prices.mills(80),
            uom: "GB",
            period: "month",
            billed_through: since.arrears(),
            ..Charge::default()
        };
        let base = recurring("BASE", "Team, monthly", 4_900, "1");
        let seats = recurring("SEATS", "Seats", 1_200, "5");
        let (charges, level) = match self {
            Self::UsageHigh | Self::UsageLow | Self::NoUsage | Self::LateUsage => {
                (vec![usage], 900)
            }
            Self::Free => (vec![recurring("BASE", "Free plan", 0, "1")], 0),
            Self::Stale => (vec![base], 0),
            Self::FirstInvoice => (vec![Charge { billed_through: None, ..base }], 0),
            Self::MoreSeats
            | Self::ChargeEnded
            | Self::ChargeAdded
            | Self::Forgotten
            | Self::NoEmail
            | Self::NoMethod
            | Self::Twice
            | Self::NoTaxId
            | Self::UnknownTax
            | Self::StrangeUnit => (vec![base, seats], 0),
        };
        Bundle { plan: "Team", charges, usage: (level > 0).then_some(("GB", level)) }
    }

    /// Usage of the month that waits to be billed, from the usual one (hundredths of a unit).
    pub fn last_month(self, usual: u64) -> u64 {
        match self {
            Self::UsageHigh => usual * 12,
            Self::UsageLow => usual / 60,
            Self::NoUsage => 0,
            Self::MoreSeats
            | Self::ChargeEnded
            | Self::ChargeAdded
            | Self::FirstInvoice
            | Self::Free
            | Self::LateUsage
            | Self::Forgotten
            | Self::NoEmail
            | Self::NoMethod
            | Self::Twice
            | Self::Stale
            | Self::NoTaxId
            | Self::UnknownTax
            | Self::StrangeUnit => usual,
        }
    }
}

impl Plan {
    /// What came in since the last run: changes, additions and the records that fit nowhere.
    pub fn this_month(&self) -> Vec<CsvFile> {
        let (today, n) = (self.today, |plant: Plant| plant.number());
        let last = today - Days::new(1);
        let late = self.cycles.last().copied().unwrap_or(today) - Days::new(5);
        let forgotten = crate::demo::calendar::months_from(self.first_run(), -2);
        let (seats, ended, added) =
            (n(Plant::MoreSeats), n(Plant::ChargeEnded), n(Plant::ChargeAdded));
        let (back, twice) = (n(Plant::Forgotten), n(Plant::Twice));
        let amended = format!(
            "charge_number,subscription_number,name,type,model,price,quantity,billing_period,end_date\n\
             S-{seats}-SEATS,S-{seats},Seats,recurring,per_unit,12.00,8,month,\n\
             S-{ended}-SEATS,S-{ended},Seats,recurring,per_unit,12.00,5,month,{last}\n"
        );
        let subscriptions = format!(
            "subscription_number,account_number,start_date\nS-{twice}-B,A-{twice},{today}\n"
        );
        let added = format!(
            "charge_number,subscription_number,name,type,model,price,quantity,billing_period,start_date\n\
             S-{added}-ARCHIVE,S-{added},Archive,recurring,flat,15.00,1,month,{today}\n\
             S-{back}-BACKUP,S-{back},Backup,recurring,flat,9.00,1,month,{forgotten}\n\
             S-{twice}-B-BASE,S-{twice}-B,\"Team, monthly\",recurring,per_unit,49.00,1,month,\n\
             S-{twice}-B-SEATS,S-{twice}-B,Seats,recurring,per_unit,12.00,5,month,\n"
        );
        let accounts = format!(
            "account_number,name,currency,tax_code,tax_id\n\
             A-{},Pâtisserie L'Étoile SARL,EUR,EURC,\n\
             A-{},Weiß Brauerei KG,EUR,OLD7,\n",
            n(Plant::NoTaxId),
            n(Plant::UnknownTax),
        );
        let usage = format!(
            "ACCOUNT_ID,UOM,QTY,STARTDATE,DESCRIPTION,UNIQUE_KEY\n\
             A-{},GB,120,{late},late by a month,late-1\n\
             A-{},fax page,14,{last},no charge has this unit,strange-1\n",
            n(Plant::LateUsage),
            n(Plant::StrangeUnit),
        );
        vec![
            ("accounts-changed.csv".to_owned(), accounts.into_bytes()),
            ("subscriptions-new.csv".to_owned(), subscriptions.into_bytes()),
            ("charges-changed.csv".to_owned(), amended.into_bytes()),
            ("charges-new.csv".to_owned(), added.into_bytes()),
            ("usage-late.csv".to_owned(), usage.into_bytes()),
        ]
    }

    /// A price that changes after the pilot run has made its draft.
    pub fn after_pilot() -> CsvFile {
        let n = Plant::Stale.number();
        let text = format!(
            "charge_number,subscription_number,name,type,model,price\n\
             S-{n}-BASE,S-{n},\"Team, monthly\",recurring,per_unit,52.00\n"
        );
        ("charges-price.csv".to_owned(), text.into_bytes())
    }
}
