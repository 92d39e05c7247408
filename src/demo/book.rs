//! The demo's customers and their usage, as the CSV files another system would hand over.

use crate::demo::calendar::months_on;
use crate::demo::dice::Dice;
use crate::demo::goods::{Bundle, CHARGE_COLUMNS, Prices, Since, bundle};
use crate::demo::methods::{Method, methods};
use crate::demo::people::{Person, person, plain};
use crate::demo::plan::{CsvFile, Plan};
use crate::demo::plants::Plant;
use chrono::{Days, NaiveDate};

/// One customer with everything bought.
pub struct Customer {
    /// Account number.
    pub number: String,
    /// Subscription number.
    pub subscription: String,
    /// Name and address.
    pub person: Person,
    /// Bill cycle day.
    pub cycle_day: u32,
    /// First day of the subscription.
    pub start: NaiveDate,
    /// What was bought.
    pub bundle: Bundle,
    /// The error planted with this customer.
    pub plant: Option<Plant>,
    habits: Habits,
    methods: Vec<Method>,
}

/// How a customer is billed and pays.
struct Habits {
    email: String,
    batch: &'static str,
    term: &'static str,
    auto_pay: bool,
    delivery: &'static str,
    tax_code: &'static str,
    tax_id: String,
    po_number: String,
}

impl Plan {
    /// The first run of the book.
    pub fn first_run(&self) -> NaiveDate {
        self.cycles.first().copied().unwrap_or(self.today)
    }

    /// Every customer, in order.
    pub fn customers(&self) -> impl Iterator<Item = Customer> + '_ {
        (1..=self.accounts).map(|n| self.customer(n))
    }

    fn customer(&self, n: u64) -> Customer {
        let mut dice = Dice::of(self.seed, n);
        let plant = Plant::of(n);
        let mut person = person(&mut dice, n);
        let mut cycle_day = match dice.below(100) {
            0..85 => 1,
            85..95 => 15,
            _ => 31,
        };
        let mut new = dice.per_mille(15);
        if plant.is_some() {
            // Planted errors stand out from an ordinary month of an ordinary customer.
            (person, cycle_day, new) = (plain(n), 1, false);
        }
        let since = Since { cycle_day, first_run: self.first_run(), new };
        let prices = Prices::of(person.country.currency);
        let bundle = match plant {
            Some(plant) => plant.bundle(prices, since),
            None => bundle(&mut dice, prices, since),
        };
        let start = match (plant, new) {
            (Some(Plant::FirstInvoice), _) => self.today,
            (Some(_) | None, true) => self.first_run(),
            (Some(_) | None, false) => {
                months_on(self.first_run(), -(dice.between(2, 30) as i64), 1)
            }
        };
        let mut habits = habits(&mut dice, &person);
        if let Some(plant) = plant {
            plant.change(&mut habits.email);
            habits.batch = plant.batch();
            (habits.auto_pay, habits.delivery) = (plant == Plant::NoMethod, "email");
        }
        let methods = match plant {
            None if habits.auto_pay => methods(&mut dice),
            None | Some(_) => Vec::new(),
        };
        Customer {
            number: format!("A-{n:05}"),
            subscription: format!("S-{n:05}"),
            person,
            cycle_day,
            start,
            bundle,
            plant,
            habits,
            methods,
        }
    }

    /// Everything that is loaded before the first run.
    pub fn opening(&self) -> Vec<CsvFile> {
        let mut accounts = Csv::new(ACCOUNT_COLUMNS);
        let mut methods =
            Csv::new(&["account_number", "token", "kind", "display", "priority", "expires_on"]);
        let mut subscriptions =
            Csv::new(&["subscription_number", "account_number", "start_date", "po_number"]);
        let mut charges = Csv::new(CHARGE_COLUMNS);
        for customer in self.customers() {
            accounts.row(&customer.account_row());
            for method in &customer.methods {
                methods.row(&method.row(&customer.number));
            }
            let Customer { number, subscription, start, bundle, habits, .. } = &customer;
            let po = habits.po_number.clone();
            subscriptions.row(&[subscription.clone(), number.clone(), start.to_string(), po]);
            for charge in &bundle.charges {
                charges.row(&charge.row(subscription, bundle.plan));
            }
        }
        vec![
            ("taxes.csv".to_owned(), TAXES.as_bytes().to_vec()),
            ("accounts.csv".to_owned(), accounts.done()),
            ("payment_methods.csv".to_owned(), methods.done()),
            ("subscriptions.csv".to_owned(), subscriptions.done()),
            ("charges.csv".to_owned(), charges.done()),
        ]
    }

    /// What was used in the month that begins on `month`.
    pub fn usage(&self, month: NaiveDate) -> CsvFile {
        let name = month.format("%Y-%m").to_string();
        let mut csv =
            Csv::new(&["ACCOUNT_ID", "UOM", "QTY", "STARTDATE", "DESCRIPTION", "UNIQUE_KEY"]);
        let last_month = months_on(self.today, -1, 1) == month;
        for customer in self.customers().filter(|c| c.start <= month) {
            let Some((uom, level)) = customer.bundle.usage else { continue };
            let stream = month.to_epoch_days() as u64 ^ self.seed;
            let mut dice = Dice::of(stream, Dice::label(&customer.number));
            let mut total = level * dice.between(85, 115);
            if last_month {
                total = customer.plant.map_or(total, |plant| plant.last_month(total));
            }
            let parts = dice.between(1, 4).min(total);
            for part in 0..parts {
                let day = month + Days::new(part * 7 + dice.below(7));
                let hundredths = total / parts;
                csv.row(&[
                    customer.number.clone(),
                    uom.to_owned(),
                    format!("{}.{:02}", hundredths / 100, hundredths % 100),
                    day.to_string(),
                    format!("meter {}", dice.between(1, 9)),
                    format!("{}-{name}-{part}", customer.number),
                ]);
            }
        }
        (format!("usage-{name}.csv"), csv.done())
    }
}

const ACCOUNT_COLUMNS: &[&str] = &[
    "account_number",
    "name",
    "currency",
    "email",
    "batch",
    "bill_cycle_day",
    "payment_term",
    "auto_pay",
    "delivery",
    "tax_code",
    "tax_id",
    "address1",
    "postcode",
    "city",
    "country",
];

const TAXES: &str = "tax_code,rate_percent,name,kind,inclusive,reason,valid_from\n\
    DE19,19,USt.,standard,false,,2021-01-01\n\
    DE19,16,USt.,standard,false,,2020-07-01\n\
    USTX,8.25,Sales tax,standard,false,,\n\
    JP10,10,Consumption tax,standard,true,,2019-10-01\n\
    EURC,0,VAT,reverse_charge,false,Reverse charge: VAT is owed by the recipient (Article 196 of Directive 2006/112/EC),\n\
    EXPORT,0,VAT,exempt,false,Service outside the scope of EU VAT (Article 44 of Directive 2006/112/EC),\n";

fn habits(dice: &mut Dice, person: &Person) -> Habits {
    let mut email = person.email.clone();
    if dice.per_mille(12) {
        email.clear();
    } else if dice.per_mille(40) {
        email = format!("{email};copy.{email}");
    }
    let taxed_at_home = person.country.code == "US" && dice.per_mille(350);
    let po_number = if dice.per_mille(120) {
        format!("PO {}", dice.between(1000, 9999))
    } else {
        String::new()
    };
    Habits {
        email,
        batch: dice.pick(&["Batch1", "Batch2", "Batch3"]),
        term: dice.pick(&["Net 14", "Net 30", "Net 30", "Due Upon Receipt", "Prox 20/1/10"]),
        auto_pay: dice.per_mille(620),
        delivery: match dice.below(100) {
            0..75 => "email",
            75..87 => "print",
            87..92 => "both",
            _ => "none",
        },
        tax_code: if taxed_at_home { "USTX" } else { person.country.tax_code },
        tax_id: person.tax_id.clone(),
        po_number,
    }
}

impl Customer {
    /// Whether payment runs collect from it.
    pub fn auto_pay(&self) -> bool {
        self.habits.auto_pay
    }

    fn account_row(&self) -> Vec<String> {
        let Self { person, habits, .. } = self;
        vec![
            self.number.clone(),
            person.name.clone(),
            person.country.currency.to_owned(),
            habits.email.clone(),
            habits.batch.to_owned(),
            self.cycle_day.to_string(),
            habits.term.to_owned(),
            habits.auto_pay.to_string(),
            habits.delivery.to_owned(),
            habits.tax_code.to_owned(),
            habits.tax_id.clone(),
            person.street.clone(),
            person.postcode.to_owned(),
            person.city.to_owned(),
            person.country.code.to_owned(),
        ]
    }
}

/// A CSV file in the making.
struct Csv(csv::Writer<Vec<u8>>);

impl Csv {
    fn new(columns: &[&str]) -> Self {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        let _ = writer.write_record(columns);
        Self(writer)
    }

    fn row(&mut self, cells: &[String]) {
        let _ = self.0.write_record(cells);
    }

    fn done(self) -> Vec<u8> {
        self.0.into_inner().unwrap_or_default()
    }
}
