//! What a step with copies would do, for the question before it: counted and addressed by the very
//! function that the step asks.

use super::copies::{CANCELED, open_press, still};
use super::steer::{CopyStep, Takes, takes};
use crate::domain::ids::DeliveryId;
use crate::domain::money::Purse;
use crate::domain::payment::Channel;
use crate::engine::{Error, Session};
use crate::store::delivery::Delivery;
use crate::store::read::Marked;
use crate::store::{self, StoreError};
use std::collections::BTreeMap;

/// Copies that are named one by one.
const NAMED: usize = 3;
/// Reasons that are told apart.
const REASONS: usize = 8;

/// What a step would do, as the book is now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopiesAhead {
    /// Copies that take it.
    pub count: i64,
    /// The totals of their documents, minor units.
    pub money: Purse,
    /// The first of them: document, where it goes, by which way.
    pub first: Vec<String>,
    /// How many go to another address than their own.
    pub elsewhere: i64,
    /// How many do not take it, by reason; the most first.
    pub left_out: Vec<(String, i64)>,
    /// That mail stands still, and what this makes of it; else empty.
    pub still: String,
}

/// Looks at each copy that is marked.
pub fn look(session: &Session, step: CopyStep, marks: &[Marked]) -> Result<CopiesAhead, Error> {
    let press = open_press()?;
    let today = session.now()?.today;
    session.store.read(|db| {
        let mut out = CopiesAhead::default();
        let (mut left, mut mail): (BTreeMap<String, i64>, bool) = (BTreeMap::new(), false);
        for mark in marks {
            let row = match store::delivery::get(db, DeliveryId(mark.id)) {
                Err(StoreError::NotFound(_)) => {
                    *left.entry("there is no such delivery".to_owned()).or_default() += 1;
                    continue;
                }
                other => other?,
            };
            let how = match takes(db, press, &row, (step, today))? {
                Ok(how) => how,
                Err(why) => {
                    *left.entry(why).or_default() += 1;
                    continue;
                }
            };
            out.count += 1;
            let channel = match &how {
                Takes::Here => row.channel,
                Takes::Elsewhere(to) => to.copy.channel,
            };
            mail |= channel == Channel::Email;
            if let Some(money) = mark.money {
                out.money.add(money)?;
            }
            out.elsewhere += i64::from(matches!(how, Takes::Elsewhere(_)));
            if out.first.len() < NAMED {
                out.first.push(named(&row, &how));
            }
        }
        out.left_out = by_number(left);
        out.still = match (step, if mail { still(db)? } else { "" }) {
            (CopyStep::SendNow, CANCELED) => {
                "mail stands still: this starts it, and what else is queued goes at its time".into()
            }
            (CopyStep::SendNow | CopyStep::Resend(_), still) => still.to_owned(),
            (CopyStep::Recall | CopyStep::Printed, _) => String::new(),
        };
        Ok(out)
    })
}

fn named(row: &Delivery, how: &Takes) -> String {
    match how {
        Takes::Here => format!("{} to {} by {}", row.number, row.address, row.channel),
        Takes::Elsewhere(to) => {
            let (at, channel) = (&to.copy.address, to.copy.channel);
            format!("{} to {at} by {channel}; it was {}", row.number, row.address)
        }
    }
}

/// The most frequent reasons; the others together.
fn by_number(left: BTreeMap<String, i64>) -> Vec<(String, i64)> {
    let mut left: Vec<(String, i64)> = left.into_iter().collect();
    left.sort_by_key(|(_, n)| -n);
    let more: i64 = left.iter().skip(REASONS).map(|(_, n)| n).sum();
    left.truncate(REASONS);
    if more > 0 {
        left.push(("other reasons".to_owned(), more));
    }
    left
}
