//! Where the copies of one document belong, once its account wants them elsewhere than they go.
//!
//! What was frozen at posting is the document, not the envelope: a copy that has not left goes by
//! what the account wants now. One that left, or that a person took back, stays what it is and
//! stands for the address that took its place, so that nothing is sent twice.

use crate::domain::payment::{Channel, DeliveryStatus};

/// One copy as it stands; copies that another took the place of are left out.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// By which way.
    pub channel: Channel,
    /// To where; empty = nowhere yet.
    pub address: &'a str,
    pub status: DeliveryStatus,
}

impl<'a> Standing<'a> {
    fn at(&self) -> (Channel, &'a str) {
        (self.channel, self.address)
    }
}

/// Where a copy belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Its address is one of those wanted.
    Here,
    /// To the wanted address at this place in the list.
    There(usize),
    /// The account wants fewer copies, and not this one.
    Nowhere,
}

/// Of each copy where it belongs, and the wanted addresses for which a copy is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// In the order of the copies.
    pub of: Vec<Place>,
    /// Places in the list of those wanted.
    pub missing: Vec<usize>,
}

impl DeliveryStatus {
    /// Whether a copy follows its account by itself: not out, and no person's decision.
    pub fn follows(self) -> bool {
        use DeliveryStatus as S;
        match self {
            S::Queued | S::Held | S::Deferred | S::Suppressed | S::Impossible => true,
            S::Sending
            | S::Sent
            | S::Bounced
            | S::Unconfirmed
            | S::Recalled
            | S::Written
            | S::Printed => false,
        }
    }
}

/// Finds the place of each copy (in the order they were made) among the addresses wanted now, all
/// different. Copies at one address share a place. An address is made up for only while nothing of
/// the document went out or was taken back: it is on its way as a whole.
pub fn places(copies: &[Standing<'_>], wanted: &[(Channel, &str)]) -> Places {
    let mut free: Vec<usize> =
        (0..wanted.len()).filter(|i| !copies.iter().any(|c| c.at() == wanted[*i])).collect();
    let mut given: Vec<((Channel, &str), usize)> = Vec::new();
    // What was taken back comes last; before it another channel is no way.
    for (recalled, across) in [(false, false), (true, false), (false, true), (true, true)] {
        for (n, copy) in copies.iter().enumerate() {
            let placed = |c: &Standing<'_>| {
                wanted.contains(&c.at()) || given.iter().any(|(from, _)| *from == c.at())
            };
            if (copy.status == DeliveryStatus::Recalled) != recalled || placed(copy) {
                continue;
            }
            let fits = |i: &&usize| across || wanted[**i].0 == copy.channel;
            // Where places are few, who can still go takes one before who only stands for one.
            let goes = |at| copies.iter().any(|c| c.at() == at && c.status.follows());
            let mut going: Vec<_> = copies[n..].iter().filter(|c| !placed(c)).collect();
            going.retain(|c| c.status.follows() && (across || c.channel == copy.channel));
            going.dedup_by_key(|c| c.at());
            if !goes(copy.at()) && free.iter().filter(fits).count() <= going.len() {
                continue;
            }
            if let Some(to) = free.iter().find(fits).copied() {
                free.retain(|i| *i != to);
                given.push((copy.at(), to));
            }
        }
    }
    let of = copies
        .iter()
        .map(|copy| match given.iter().find(|(from, _)| *from == copy.at()) {
            Some((_, to)) => Place::There(*to),
            None if wanted.contains(&copy.at()) => Place::Here,
            None => Place::Nowhere,
        })
        .collect();
    let whole = copies.iter().all(|c| c.status.follows());
    Places { of, missing: if whole { free } else { Vec::new() } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryStatus as S;
    use Place::{Here, Nowhere, There};

    /// Copies, wanted addresses; places, missing.
    type Case<'a> = (&'a [(&'a str, S)], &'a [&'a str], &'a [Place], &'a [usize]);

    fn copy(address: &str, status: DeliveryStatus) -> Standing<'_> {
        match address.strip_prefix("post ") {
            Some(address) => Standing { channel: Channel::Print, address, status },
            None => Standing { channel: Channel::Email, address, status },
        }
    }

    #[test]
    fn each_copy_goes_where_the_account_wants_it_and_nothing_twice() {
        let cases: &[Case] = &[
            (&[("a", S::Queued)], &["a"], &[Here], &[]),
            (&[("a", S::Queued)], &["b"], &[There(0)], &[]),
            // What is out, or taken back, stands for the new address: nobody gets it again.
            (&[("a", S::Sent)], &["b"], &[There(0)], &[]),
            (&[("a", S::Recalled)], &["b"], &[There(0)], &[]),
            (&[("a", S::Sent)], &["a", "b"], &[Here], &[]),
            (&[("a", S::Sent), ("b", S::Deferred)], &["c", "d"], &[There(0), There(1)], &[]),
            (&[("a", S::Sent), ("b", S::Queued)], &["c", "b"], &[There(0), Here], &[]),
            // Who was taken back does not push out who is on the way.
            (&[("b", S::Recalled), ("a", S::Queued)], &["c"], &[Nowhere, There(0)], &[]),
            // Fewer and more addresses.
            (&[("a", S::Queued), ("b", S::Queued)], &["b"], &[Nowhere, Here], &[]),
            (&[("a", S::Queued)], &["a", "b"], &[Here], &[1]),
            // Another way.
            (&[("a", S::Queued)], &["post x"], &[There(0)], &[]),
            (&[("a", S::Queued)], &["post x", "b"], &[There(1)], &[0]),
            (&[("", S::Suppressed)], &["post x", "b"], &[There(1)], &[0]),
            (&[("a", S::Queued)], &[""], &[There(0)], &[]),
            (&[("a", S::Sent), ("post x", S::Queued)], &["a"], &[Here, Nowhere], &[]),
            // Fewer places than copies: who can still go is not lost.
            (&[("a", S::Sent), ("b", S::Queued)], &["c"], &[Nowhere, There(0)], &[]),
            (&[("a", S::Sent), ("b", S::Held)], &["c", "d"], &[There(0), There(1)], &[]),
            (
                &[("a", S::Sent), ("b", S::Sent), ("e", S::Deferred)],
                &["c", "d"],
                &[There(0), Nowhere, There(1)],
                &[],
            ),
            (&[("a", S::Sent), ("post x", S::Queued)], &["c"], &[There(0), Nowhere], &[]),
            // Another copy to the same address goes with it.
            (&[("a", S::Sent), ("a", S::Queued)], &["b"], &[There(0), There(0)], &[]),
        ];
        for (copies, wanted, of, missing) in cases {
            let copies: Vec<_> = copies.iter().map(|(a, s)| copy(a, *s)).collect();
            let wanted: Vec<_> =
                wanted.iter().map(|a| copy(a, S::Queued)).map(|c| (c.channel, c.address)).collect();
            let found = places(&copies, &wanted);
            assert_eq!(found.of, *of, "{copies:?} {wanted:?}");
            assert_eq!(found.missing, *missing, "{copies:?} {wanted:?}");
        }
    }
}
