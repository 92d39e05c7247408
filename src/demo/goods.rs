//! What the demo's customers have bought, as rows of charges.csv.

use crate::demo::calendar::{boundary, months_on};
use crate::demo::dice::Dice;
use chrono::{Days, NaiveDate};

/// Columns of the demo's charges.csv.
pub const CHARGE_COLUMNS: &[&str] = &[
    "charge_number",
    "subscription_number",
    "name",
    "type",
    "model",
    "price",
    "plan",
    "quantity",
    "uom",
    "billing_period",
    "timing",
    "start_date",
    "end_date",
    "billed_through",
    "tiers",
    "package_size",
    "included_units",
    "overage_price",
    "discount_level",
];

/// One row of charges.csv; what is empty is left to its default.
#[derive(Debug, Clone, Default)]
pub struct Charge {
    /// Last part of the charge's number.
    pub code: &'static str,
    /// As printed.
    pub name: &'static str,
    /// `one_time`, `recurring`, `usage`.
    pub sort: &'static str,
    /// Charge model.
    pub model: &'static str,
    /// Price in currency units.
    pub price: String,
    /// Quantity; empty = 1.
    pub quantity: String,
    /// Unit of usage.
    pub uom: &'static str,
    /// Billing period; empty for one-time charges.
    pub period: &'static str,
    /// First day, when not the subscription's.
    pub start: Option<NaiveDate>,
    /// Last day served.
    pub end: Option<NaiveDate>,
    /// Last day that the system before this one has billed.
    pub billed_through: Option<NaiveDate>,
    pub tiers: String,
    /// Units in a package.
    pub package: &'static str,
    /// Units included.
    pub included: &'static str,
    /// Price beyond the included units.
    pub overage: String,
    /// Reach of a discount.
    pub level: &'static str,
}

impl Charge {
    /// The row, of subscription `number`.
    pub fn row(&self, number: &str, plan: &str) -> Vec<String> {
        let day = |d: Option<NaiveDate>| d.map(|d| d.to_string()).unwrap_or_default();
        let timing = if self.sort == "usage" { "arrears" } else { "advance" };
        vec![
            format!("{number}-{}", self.code),
            number.to_owned(),
            self.name.to_owned(),
            self.sort.to_owned(),
            self.model.to_owned(),
            self.price.clone(),
            plan.to_owned(),
            self.quantity.clone(),
            self.uom.to_owned(),
            self.period.to_owned(),
            timing.to_owned(),
            day(self.start),
            day(self.end),
            day(self.billed_through),
            self.tiers.clone(),
            self.package.to_owned(),
            self.included.to_owned(),
            self.overage.clone(),
            self.level.to_owned(),
        ]
    }
}

/// Prices of one currency from those in euros.
#[derive(Debug, Clone, Copy)]
pub struct Prices {
    yen: bool,
}

impl Prices {
    /// For a currency.
    pub fn of(currency: &str) -> Self {
        Self { yen: currency == "JPY" }
    }

    /// A price given in cents of a euro.
    pub fn cents(self, cents: u64) -> String {
        if self.yen {
            let yen = cents * 3 / 2;
            if yen == 0 && cents > 0 { "0.5".to_owned() } else { yen.to_string() }
        } else {
            format!("{}.{:02}", cents / 100, cents % 100)
        }
    }

    /// A price given in thousandths of a euro, for units of usage.
    pub fn mills(self, mills: u64) -> String {
        let scaled = if self.yen { mills * 150 } else { mills };
        format!("{}.{:03}", scaled / 1000, scaled % 1000)
    }
}

/// When a customer's charges began and what was billed before the book took over.
#[derive(Debug, Clone, Copy)]
pub struct Since {
    /// Bill cycle day.
    pub cycle_day: u32,
    /// First run of the book.
    pub first_run: NaiveDate,
    /// Whether the customer is new and nobody has billed anything yet.
    pub new: bool,
}

impl Since {
    /// Last day billed ahead, after so many more months.
    pub fn advance(self, months_ahead: i64) -> Option<NaiveDate> {
        let begin = boundary(self.first_run, self.cycle_day);
        let upto = months_on(begin, months_ahead, self.cycle_day);
        if self.new { None } else { upto.checked_sub_days(Days::new(1)) }
    }

    /// Last day billed of what is billed afterwards.
    pub fn arrears(self) -> Option<NaiveDate> {
        self.advance(-1)
    }
}

/// A plan with its charges.
pub struct Bundle {
    /// Plan name.
    pub plan: &'static str,
    /// What it consists of.
    pub charges: Vec<Charge>,
    /// Unit and usual monthly quantity of its usage, if it has any.
    pub usage: Option<(&'static str, u64)>,
}

/// What a customer bought.
pub fn bundle(dice: &mut Dice, prices: Prices, since: Since) -> Bundle {
    let mut made = match dice.below(100) {
        0..45 => starter(dice, prices, since),
        45..80 => team(dice, prices, since),
        80..95 => business(dice, prices, since),
        _ => enterprise(dice, prices, since),
    };
    if since.new {
        made.charges.push(Charge {
            code: "SETUP",
            name: "Set-up fee",
            sort: "one_time",
            model: "flat",
            price: prices.cents(9_900),
            ..Charge::default()
        });
    }
    if dice.per_mille(60) {
        // Paid by the year, due in one of the cycles the demo shows.
        let ahead = dice.between(0, 2) as i64;
        made.charges.push(Charge {
            code: "SUPPORT",
            name: "Support, yearly",
            sort: "recurring",
            model: "flat",
            price: prices.cents(24_000),
            period: "year",
            start: Some(months_on(
                boundary(since.first_run, since.cycle_day),
                ahead - 12,
                since.cycle_day,
            )),
            billed_through: Since { new: false, ..since }.advance(ahead),
            ..Charge::default()
        });
    }
    if dice.per_mille(40) {
        made.charges.push(Charge {
            code: "LOYAL",
            name: "Loyalty discount 10 %",
            sort: "recurring",
            model: "discount_percent",
            price: "10".to_owned(),
            period: "month",
            level: "subscription",
            billed_through: since.advance(0),
            ..Charge::default()
        });
    }
    made
}

fn flat(name: &'static str, price: String, since: Since) -> Charge {
    Charge {
        code: "BASE",
        name,
        sort: "recurring",
        model: "flat",
        price,
        period: "month",
        billed_through: since.advance(0),
        ..Charge::default()
    }
}

fn seats(price: String, quantity: u64, since: Since) -> Charge {
    Charge {
        code: "SEATS",
        name: "Seats",
        sort: "recurring",
        model: "per_unit",
        price,
        quantity: quantity.to_string(),
        period: "month",
        billed_through: since.advance(0),
        ..Charge::default()
    }
}

fn usage(name: &'static str, uom: &'static str, model: &'static str, since: Since) -> Charge {
    Charge {
        code: "USE",
        name,
        sort: "usage",
        model,
        uom,
        period: "month",
        billed_through: since.arrears(),
        ..Charge::default()
    }
}

fn starter(dice: &mut Dice, prices: Prices, since: Since) -> Bundle {
    let mut charges = vec![flat("Starter, monthly", prices.cents(2_900), since)];
    let uses = dice.per_mille(450);
    if uses {
        let price = prices.mills(100);
        charges.push(Charge { price, ..usage("Traffic", "GB", "per_unit", since) });
    }
    Bundle { plan: "Starter", charges, usage: uses.then(|| ("GB", dice.between(20, 300))) }
}

fn team(dice: &mut Dice, prices: Prices, since: Since) -> Bundle {
    let mut charges = vec![seats(prices.cents(1_200), dice.between(3, 40), since)];
    let traffic = if dice.per_mille(150) {
        let overage = prices.mills(90);
        let price = prices.cents(0);
        Charge {
            price,
            included: "200",
            overage,
            ..usage("Traffic beyond 200 GB", "GB", "overage", since)
        }
    } else {
        Charge { price: prices.mills(80), ..usage("Traffic", "GB", "per_unit", since) }
    };
    charges.push(traffic);
    Bundle { plan: "Team", charges, usage: Some(("GB", dice.between(80, 900))) }
}

fn business(dice: &mut Dice, prices: Prices, since: Since) -> Bundle {
    let mut charges = vec![
        flat("Business platform", prices.cents(34_900), since),
        seats(prices.cents(1_000), dice.between(20, 150), since),
    ];
    if dice.per_mille(200) {
        let price = prices.cents(400);
        charges.push(Charge {
            price,
            package: "100",
            ..usage("Messages", "SMS", "package", since)
        });
        return Bundle {
            plan: "Business",
            charges,
            usage: Some(("SMS", dice.between(300, 6_000))),
        };
    }
    charges.push(Charge { price: prices.mills(60), ..usage("Traffic", "GB", "per_unit", since) });
    Bundle { plan: "Business", charges, usage: Some(("GB", dice.between(500, 4_000))) }
}

fn enterprise(dice: &mut Dice, prices: Prices, since: Since) -> Bundle {
    let tiers = format!(
        "0-10000@{};10001-100000@{};100001-@{}+{}",
        prices.mills(10),
        prices.mills(6),
        prices.mills(3),
        prices.cents(5_000),
    );
    let charges = vec![
        flat("Enterprise platform", prices.cents(120_000), since),
        seats(prices.cents(900), dice.between(100, 600), since),
        Charge { tiers, price: "0".to_owned(), ..usage("API calls", "call", "tiered", since) },
    ];
    Bundle { plan: "Enterprise", charges, usage: Some(("call", dice.between(20_000, 300_000))) }
}
