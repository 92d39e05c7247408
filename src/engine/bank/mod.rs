//! Money in by file. A statement is read twice: once to be judged whole (sums, what is known already), once to
//! be booked line by line in short transactions; a line is entered, matched and booked in one of them, so that
//! a crash leaves it there once or not at all, and the file read again goes on.
//!
//! | file | |
//! |---|---|
//! | `account` | our accounts at banks |
//! | `day` | the day on which a line counts |
//! | `read` | a file, statement by statement |
//! | `judged` | what a statement says, held against itself and what was read before |
//! | `book` | a line and what it is, booked |
//! | `explained` | details of entries, told before or after them |
//! | `hand` | what a person says of a line |
//! | `deed` | the console's door to `hand`, and what a deed would do |
//! | `payout` | what gateways paid out |
//! | `shown` | lists, candidates |

pub mod account;
mod book;
mod day;
pub mod deed;
mod explained;
pub mod hand;
mod judged;
pub mod payout;
pub mod read;
pub mod shown;
