//! CSV files to typed rows, pure: bytes in, rows and named errors out. What is already in the
//! book is not known here; comparing and merging is `engine::import`.
//!
//! The kind of a file is known by its header. A bad header refuses the file, a bad row only
//! itself; each error names line, column, value, why and the remedy. Columns left out keep their
//! value in the book, so every parsed file remembers which columns it gave ([`Slot::given`]).

pub mod account;
pub mod bank;
pub mod charge;
pub mod field;
pub mod fx;
pub mod header;
mod kind;
pub mod network_receipt;
mod once;
pub mod open_item;
pub mod payment_method;
mod reader;
mod repeats;
mod row;
mod rows;
mod runs;
pub mod subscription;
pub mod tax;
pub mod usage;
mod window;

pub use field::{Cells, Fault, Refused, Slot};
pub use kind::Kind;
pub use reader::{Reader, parse};
pub use repeats::Repeats;
pub use row::{Row, Table};
pub use rows::Rows;

#[cfg(test)]
mod tests;
