//! What a demo is to be made of.

use chrono::NaiveDate;

/// What to make: everything follows from these.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Chance.
    pub seed: u64,
    /// How many customers.
    pub accounts: u64,
    /// Days of the past bill runs, oldest first.
    pub cycles: Vec<NaiveDate>,
    /// The day on which the clerk sits down.
    pub today: NaiveDate,
}

/// One CSV file: its name and content.
pub type CsvFile = (String, Vec<u8>);
