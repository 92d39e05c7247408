//! The kinds of files.

use crate::domain::text_enum;

text_enum! {
    /// What a file holds, in the order in which files depend on each other.
    Kind {
        /// Tax rates by code and day.
        Taxes = "taxes",
        /// Rates between currencies by day.
        FxRates = "fx",
        /// Customers.
        Accounts = "accounts",
        /// Tokens of cards and bank accounts.
        PaymentMethods = "payment_methods",
        /// Contracts.
        Subscriptions = "subscriptions",
        /// What is sold.
        Charges = "charges",
        /// Open invoices and credits of another system.
        OpenItems = "open_items",
        /// What was used.
        Usage = "usage",
    }
}
