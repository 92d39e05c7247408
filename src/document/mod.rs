//! Posted data → bytes: the invoice as PDF, the print batch and the e-mail message. Pure: no file,
//! clock or network, so the same document gives the same bytes on every try.
//!
//! A [`Printable`] is set into pages by the [`Press`]; [`Typeset::pdf`] is one document,
//! [`batch::Batch`] many in postal order, [`email::message`] the mail that carries one.

mod archive;
pub mod batch;
mod closing;
mod columns;
mod cut;
pub mod einvoice;
pub mod email;
mod error;
mod face;
mod fit;
mod fonts;
mod formats;
mod frozen;
mod invoice;
mod lay;
mod layout;
mod leaf;
mod letter;
mod logo;
mod outline;
mod own;
mod pdf;
mod printable;
mod rows;
mod scripts;
mod sheet;
mod stamp;
pub mod statement;
mod texts;
mod tongue;
mod words;

pub use crate::domain::frozen::{
    AppliedCredit, Corrected, Customer, Fit, Frozen, Issuer, Layout, Paper,
};
pub use error::PrintError;
pub use frozen::{Letterhead, issuer};
pub use invoice::{Press, Typeset};
pub use layout::{LAYOUT, imprint};
pub use letter::{FeeWords, Letter, Overdue, OverdueLine};
pub use logo::Logo;
pub use printable::{Line, Printable, country_code};
pub use stamp::Stamp;
pub use texts::{Key, OwnTexts, SPECS, TextsError, sample};
pub use tongue::Tongue;
