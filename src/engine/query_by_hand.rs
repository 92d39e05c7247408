//! How far a query by hand (`sql --read-only`) may go: the settings are both the default and the most.

use super::{Error, Session};
use crate::config::{Setting, key};
use crate::store::Bounds;
use std::time::Duration;

/// The bounds of one query; more than the book allows is refused.
pub fn bounds(session: &Session, rows: Option<u32>, seconds: Option<u32>) -> Result<Bounds, Error> {
    let config = session.config()?;
    let within = |key: &Setting, flag: &str, asked: Option<u32>| {
        let most = config.int(key);
        match asked.map(i64::from) {
            Some(asked) if asked > most => Err(Error::usage(
                "over_the_bound",
                format!("{flag} {asked}: this book allows {most}"),
                format!("ask for less, or daybook settings set {key} {asked}"),
            )),
            asked => Ok(asked.unwrap_or(most).max(1)),
        }
    };
    let rows = within(key::SQL_ROWS, "--limit", rows)?;
    let seconds = within(key::SQL_SECONDS, "--seconds", seconds)?;
    Ok(Bounds {
        rows: usize::try_from(rows).unwrap_or(usize::MAX),
        time: Duration::from_secs(seconds.unsigned_abs()),
    })
}
