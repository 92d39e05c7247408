//! Deliveries: what copy of a document goes where, when a refused one is tried again, and the
//! equation by which the day's deliveries balance.

mod first;
mod follow;
pub mod network;

use super::account::Ways;
use super::payment::{Channel, DeliveryStatus};
pub use first::{FirstCopy, Imprint, Out};
pub use follow::{Place, Places, Standing, places};
use serde::{Deserialize, Serialize};

/// First wait after a refusal for now (4xx), milliseconds; doubles with each.
const FIRST_WAIT_MS: i64 = 5 * 60_000;
/// Longest wait between two tries.
const LONGEST_WAIT_MS: i64 = 4 * 3_600_000;
/// How long a message is tried at all (RFC 5321, 4.5.4.1 asks for 4–5 days).
const GIVE_UP_MS: i64 = 5 * 86_400_000;

/// When a message that was refused for now is tried again; none when its five days are over.
/// `attempts` counts the one just made, from 1.
pub fn next_try(attempts: i64, now_ms: i64, first_try_ms: i64) -> Option<i64> {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    let wait = FIRST_WAIT_MS.saturating_mul(1 << doublings).min(LONGEST_WAIT_MS);
    let next = now_ms.saturating_add(wait);
    (next - first_try_ms <= GIVE_UP_MS).then_some(next)
}

/// First wait after the server refused us, milliseconds; doubles with each refusal in a row.
const FIRST_PAUSE_MS: i64 = 60_000;
/// Longest wait between two looks at a server that refuses us.
const LONGEST_PAUSE_MS: i64 = 3_600_000;

/// That no e-mail leaves: the server refuses us, or is not to be had. No copy is tried meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Down {
    /// What was said.
    pub transport: String,
    /// How often in a row.
    #[serde(default)]
    pub times: u32,
    /// The next look, UTC milliseconds.
    #[serde(default)]
    pub until_ms: i64,
}

impl Down {
    /// The first refusal, or one more after `before`.
    pub fn once_more(before: Option<&Self>, transport: &str, now_ms: i64) -> Self {
        let times = before.map_or(0, |down| down.times).saturating_add(1);
        let wait = FIRST_PAUSE_MS.saturating_mul(1 << (times.min(20) - 1)).min(LONGEST_PAUSE_MS);
        Self { transport: transport.to_owned(), times, until_ms: now_ms.saturating_add(wait) }
    }
}

impl DeliveryStatus {
    /// Whether the step to `next` exists.
    pub fn can_become(self, next: Self) -> bool {
        use DeliveryStatus as S;
        match self {
            S::Queued => matches!(
                next,
                S::Held
                    | S::Sending
                    | S::Recalled
                    | S::Unconfirmed
                    | S::Written
                    | S::Impossible
                    | S::Suppressed
            ),
            S::Held => matches!(next, S::Queued | S::Recalled | S::Unconfirmed),
            S::Sending => matches!(
                next,
                S::Sent | S::Deferred | S::Bounced | S::Unconfirmed | S::Queued | S::Impossible
            ),
            S::Deferred => {
                matches!(
                    next,
                    S::Sending | S::Held | S::Recalled | S::Unconfirmed | S::Queued | S::Impossible
                )
            }
            // Never sent: again, with the same name and bytes; or another copy took its place.
            S::Bounced => matches!(next, S::Queued | S::Recalled),
            S::Impossible => matches!(next, S::Queued | S::Suppressed),
            S::Recalled | S::Suppressed => next == S::Queued,
            // A person or a policy decides: it arrived, or it goes again under the same name.
            // Or a report says that it came back.
            S::Unconfirmed => matches!(next, S::Sent | S::Queued | S::Bounced),
            S::Written => matches!(next, S::Printed | S::Queued),
            // It may come back days later. Another copy is another delivery.
            S::Sent => next == S::Bounced,
            S::Printed => false,
        }
    }

    /// Whether the copy is on its way: neither out nor given up.
    pub fn is_open(self) -> bool {
        use DeliveryStatus as S;
        matches!(self, S::Queued | S::Held | S::Sending | S::Deferred | S::Written)
    }

    /// Whether it certainly never left.
    pub fn never_sent(self) -> bool {
        use DeliveryStatus as S;
        matches!(self, S::Bounced | S::Recalled | S::Impossible)
    }
}

/// What is to become of one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Goes,
    /// It is not wanted, and why.
    Suppressed(&'static str),
    /// It cannot go, and why.
    Impossible(&'static str),
}

/// One copy of a document: channel, address, fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// By which way.
    pub channel: Channel,
    /// To where; empty when there is none.
    pub address: String,
    /// Whether it goes.
    pub fate: Fate,
}

/// What decides where a document goes.
#[derive(Debug, Clone, Copy)]
pub struct Wishes<'a> {
    /// The ways that the account wants.
    pub ways: Ways,
    /// Its e-mail addresses, in order.
    pub emails: &'a [String],
    /// The postal address in one line; empty = none.
    pub postal: &'a str,
    /// Where electronic invoices go, with its scheme before a colon; empty = none.
    pub electronic: &'a str,
    /// Whether the document has an electronic form.
    pub has_form: bool,
    /// Whether the total is zero.
    pub zero_total: bool,
    /// Whether the run said: no e-mail for zero totals.
    pub skip_zero_email: bool,
}

/// The copies of one document: one by network, one e-mail to each address, one print; each with its fate.
pub fn plan(wishes: &Wishes<'_>) -> Vec<Planned> {
    let mut out = Vec::new();
    let ways = wishes.ways;
    if ways == Ways::default() {
        let fate = Fate::Suppressed("the account wants no delivery");
        return vec![Planned { channel: Channel::Email, address: String::new(), fate }];
    }
    if ways.network {
        out.push(by_network(wishes));
    }
    if ways.email {
        let mut seen: Vec<&str> = Vec::new();
        for address in wishes.emails.iter().map(|a| a.trim()).filter(|a| !a.is_empty()) {
            if seen.contains(&address) {
                continue;
            }
            seen.push(address);
            let fate = if wishes.zero_total && wishes.skip_zero_email {
                Fate::Suppressed("zero total")
            } else {
                Fate::Goes
            };
            out.push(Planned { channel: Channel::Email, address: address.to_owned(), fate });
        }
        if seen.is_empty() {
            let fate = Fate::Impossible("no e-mail address");
            out.push(Planned { channel: Channel::Email, address: String::new(), fate });
        }
    }
    if ways.print {
        let fate = if wishes.postal.is_empty() {
            Fate::Impossible("no postal address")
        } else {
            Fate::Goes
        };
        out.push(Planned { channel: Channel::Print, address: wishes.postal.to_owned(), fate });
    }
    out
}

fn by_network(wishes: &Wishes<'_>) -> Planned {
    let address = wishes.electronic.trim().to_owned();
    let fate = if address.is_empty() {
        Fate::Impossible("no electronic address: electronic_address of the account (accounts.csv)")
    } else if !wishes.has_form {
        Fate::Impossible(
            "posted without an e-invoice form: send it another way, or correct and bill it again in a form",
        )
    } else {
        Fate::Goes
    };
    Planned { channel: Channel::Network, address, fate }
}

/// How the deliveries of a set of documents stand. A copy counts once, by its last state, however
/// often it was sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Balance {
    /// Document × channel × address.
    pub due: i64,
    /// Accepted by a mail server, dropped, or handed to the network.
    pub sent: i64,
    /// A person said it is on paper.
    pub printed: i64,
    /// Not wanted.
    pub suppressed: i64,
    /// Taken back.
    pub recalled: i64,
    /// Bounced, refused, or no way to send it.
    pub failed: i64,
    /// Lost after the data.
    pub unconfirmed: i64,
    /// Still on its way.
    pub open: i64,
}

impl Balance {
    /// Counts copies in a state.
    pub fn add(&mut self, status: DeliveryStatus, copies: i64) {
        use DeliveryStatus as S;
        let place = match status {
            S::Sent => &mut self.sent,
            S::Printed => &mut self.printed,
            S::Suppressed => &mut self.suppressed,
            S::Recalled => &mut self.recalled,
            S::Bounced | S::Impossible => &mut self.failed,
            S::Unconfirmed => &mut self.unconfirmed,
            S::Queued | S::Held | S::Sending | S::Deferred | S::Written => &mut self.open,
        };
        *place += copies;
    }

    /// Whether what was due equals what became of it.
    pub fn balances(&self) -> bool {
        self.due
            == self.sent
                + self.printed
                + self.suppressed
                + self.recalled
                + self.failed
                + self.unconfirmed
                + self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::DeliveryPreference;

    #[test]
    fn waits_double_from_five_minutes_to_four_hours_for_five_days() {
        let minutes = |attempts| next_try(attempts, 0, 0).map(|ms| ms / 60_000);
        assert_eq!(
            (1..=8).map(minutes).collect::<Vec<_>>(),
            [5, 10, 20, 40, 80, 160, 240, 240].map(Some)
        );
        assert_eq!(minutes(i64::MAX), Some(240));
        let day = 86_400_000;
        assert!(next_try(30, 5 * day - LONGEST_WAIT_MS, 0).is_some());
        assert_eq!(next_try(30, 5 * day - LONGEST_WAIT_MS + 1, 0), None);
    }

    #[test]
    fn a_server_that_refuses_us_is_asked_after_a_minute_and_then_ever_less_often() {
        let (mut down, mut waits) = (None, Vec::new());
        for _ in 0..9 {
            let next = Down::once_more(down.as_ref(), "421 busy", 0);
            waits.push(next.until_ms / 60_000);
            down = Some(next);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let many = Down { times: u32::MAX, ..Down::once_more(None, "x", 0) };
        assert_eq!(Down::once_more(Some(&many), "x", 0).until_ms, LONGEST_PAUSE_MS);
    }

    fn wishes(preference: DeliveryPreference, emails: &[String]) -> Wishes<'_> {
        Wishes {
            ways: preference.ways(),
            emails,
            postal: "Road 1",
            electronic: "0208:0123456789",
            has_form: true,
            zero_total: false,
            skip_zero_email: false,
        }
    }

    #[test]
    fn by_network_goes_what_has_an_address_and_a_form_and_e_mail_beside_it_only_where_wanted() {
        let emails = ["a@x.example".to_owned()];
        let alone = wishes(DeliveryPreference::Network, &emails);
        let [one] = &plan(&alone)[..] else { panic!("one copy") };
        assert_eq!((one.channel, one.address.as_str()), (Channel::Network, "0208:0123456789"));
        assert_eq!(one.fate, Fate::Goes);
        let both = plan(&wishes(DeliveryPreference::NetworkEmail, &emails));
        let by: Vec<Channel> = both.iter().map(|p| p.channel).collect();
        assert_eq!(by, [Channel::Network, Channel::Email]);
        for (wishes, why) in [
            (Wishes { electronic: " ", ..alone }, "no electronic address"),
            (Wishes { has_form: false, ..alone }, "without an e-invoice form"),
        ] {
            let fate = plan(&wishes)[0].fate.clone();
            assert!(matches!(&fate, Fate::Impossible(said) if said.contains(why)), "{fate:?}");
        }
        // What the law wants to see is sent though nothing is owed.
        let zero = Wishes { zero_total: true, skip_zero_email: true, ..alone };
        assert_eq!(plan(&zero)[0].fate, Fate::Goes);
    }

    #[test]
    fn each_address_gets_its_copy_and_each_gap_its_reason() {
        let emails =
            ["a@x.example".to_owned(), " b@x.example".to_owned(), "a@x.example".to_owned()];
        let both = plan(&wishes(DeliveryPreference::Both, &emails));
        let to: Vec<&str> = both.iter().map(|p| p.address.as_str()).collect();
        assert_eq!(to, ["a@x.example", "b@x.example", "Road 1"]);
        assert!(both.iter().all(|p| p.fate == Fate::Goes));
        let none = plan(&wishes(DeliveryPreference::None, &emails));
        assert!(matches!(none[..], [Planned { fate: Fate::Suppressed(_), .. }]));
        let nobody = plan(&wishes(DeliveryPreference::Email, &[]));
        assert_eq!(nobody[0].fate, Fate::Impossible("no e-mail address"));
        let mut zero = wishes(DeliveryPreference::Email, &emails);
        zero.zero_total = true;
        assert!(plan(&zero).iter().all(|p| p.fate == Fate::Goes));
        zero.skip_zero_email = true;
        assert!(plan(&zero).iter().all(|p| p.fate == Fate::Suppressed("zero total")));
        let nowhere = Wishes { postal: "", ..wishes(DeliveryPreference::Print, &emails) };
        assert_eq!(plan(&nowhere)[0].fate, Fate::Impossible("no postal address"));
    }

    #[test]
    fn every_state_is_counted_once() {
        let mut balance = Balance::default();
        for status in DeliveryStatus::ALL {
            balance.add(*status, 1);
            balance.due += 1;
            assert!(balance.balances(), "{status}");
        }
        assert_eq!(balance.open, 5);
    }

    #[test]
    fn what_left_the_house_never_goes_back_into_the_queue() {
        for out in [DeliveryStatus::Sent, DeliveryStatus::Printed] {
            for next in DeliveryStatus::ALL {
                // It may come back, and nothing else.
                let back = (out, *next) == (DeliveryStatus::Sent, DeliveryStatus::Bounced);
                assert_eq!(out.can_become(*next), back, "{out} {next}");
            }
        }
        for status in DeliveryStatus::ALL.iter().filter(|s| s.never_sent()) {
            assert!(status.can_become(DeliveryStatus::Queued), "{status}");
        }
    }
}
