//! What goes wrong while nobody is looking: it is logged beside the book, and where work stands
//! still because of it, a notice stands on Today.

use super::{Error, Session};
use crate::domain::actor::Verb;
use crate::domain::text;
use crate::store::StoreError;
use crate::store::notice::{self, NoticeLevel};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does a piece of work of which there are others: a panic in it is an error of this piece, and the
/// others go on. Its transaction was rolled back on the way out.
pub fn fenced<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Error::Bug(format!("a panic: {}", text::said(words.unwrap_or("no words"), 200))))
    })
}

/// Whether an error is only a matter of waiting for somebody else's write.
pub fn passes(error: &Error) -> bool {
    matches!(error, Error::Store(StoreError::Busy | StoreError::Importing(_)) | Error::Busy(_))
}

/// Tells that `what` stands still: in the log, and once a day for each cause as a notice.
pub fn tell(session: &mut Session, what: &str, error: &Error) {
    if passes(error) {
        return;
    }
    tracing::error!(what, %error, "work stands still");
    let told = session.write(Verb::Housekeeping, |tx| {
        tx.quiet();
        let key = format!("trouble {what} {} {}", tx.now().today, error.code());
        let words = format!("{what}: {}", text::said(&error.to_string(), 300));
        Ok(notice::add(tx, NoticeLevel::Warning, what, &words, &key)?)
    });
    if let Err(second) = told {
        tracing::error!(what, error = %second, "and no notice could be made of it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_its_piece() {
        let told = fenced(|| -> Result<(), Error> { panic!("over{}", "flow") });
        assert!(matches!(told, Err(Error::Bug(words)) if words == "a panic: overflow"));
        assert!(matches!(fenced(|| Ok(3)), Ok(3)));
    }
}
