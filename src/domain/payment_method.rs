//! Payment methods: what may be charged, and in which order.

use super::ids::MethodId;
use super::payment::MethodStatus;
use chrono::NaiveDate;

text_enum! {
    /// The network behind a card, as far as its limits differ.
    Network {
        Visa = "visa",
        Mastercard = "mastercard",
        /// Any other, and bank debits.
        Other = "other",
    }
}

impl Network {
    /// Reads it from what is shown of a method: `visa ··4242`, `MC 5555`.
    pub fn of_display(display: &str) -> Self {
        let brand = display.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        match brand.as_str() {
            "visa" => Self::Visa,
            "mastercard" | "mc" | "maestro" => Self::Mastercard,
            _ => Self::Other,
        }
    }
}

/// A method with what its past says about charging it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodState {
    pub id: MethodId,
    /// Order of use, 1 first.
    pub priority: u32,
    /// Whether it may be charged at all.
    pub status: MethodStatus,
    /// Last day of validity; none = does not expire.
    pub expires_on: Option<NaiveDate>,
    /// Whose limits count.
    pub network: Network,
    /// Failures in a row, over all invoices; reset by success or by hand.
    pub failures: u32,
    /// The bank said never again.
    pub hard_declined: bool,
    /// When it (or its place in the order) was last changed, UTC ms.
    pub changed_at_ms: i64,
    /// When it was tried in the last 30 days, UTC ms, oldest first.
    pub tries_at_ms: Vec<i64>,
}

text_enum! {
    /// Why a method is not charged.
    Unusable {
        /// Closed by a person or the bank.
        Closed = "it is closed",
        /// Past its last day.
        Expired = "it has expired",
        /// A hard decline.
        Hard = "the bank declined it for good",
        /// Too many failures in a row.
        Worn = "it failed too often in a row",
    }
}

impl MethodState {
    /// Why it must not be charged on `today`, or nothing. `max_failures` is `retry.max_failures`.
    pub fn unusable(&self, today: NaiveDate, max_failures: u32) -> Option<Unusable> {
        match self.status {
            MethodStatus::Closed => Some(Unusable::Closed),
            MethodStatus::Active if self.expires_on.is_some_and(|day| day < today) => {
                Some(Unusable::Expired)
            }
            MethodStatus::Active if self.hard_declined => Some(Unusable::Hard),
            MethodStatus::Active if self.failures >= max_failures => Some(Unusable::Worn),
            MethodStatus::Active => None,
        }
    }
}

/// The method that an account is charged by: the first of those not closed, by priority, then by age.
pub fn default_of(methods: &[MethodState]) -> Option<&MethodState> {
    let open = methods.iter().filter(|m| m.status == MethodStatus::Active);
    open.min_by_key(|m| (m.priority, m.id))
}

/// The first usable method by priority, then by age.
pub fn first_usable(
    methods: &[MethodState],
    today: NaiveDate,
    max_failures: u32,
) -> Option<&MethodState> {
    methods
        .iter()
        .filter(|m| m.unusable(today, max_failures).is_none())
        .min_by_key(|m| (m.priority, m.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(id: i64, priority: u32) -> MethodState {
        MethodState {
            id: MethodId(id),
            priority,
            status: MethodStatus::Active,
            expires_on: None,
            network: Network::Visa,
            failures: 0,
            hard_declined: false,
            changed_at_ms: 0,
            tries_at_ms: Vec::new(),
        }
    }

    #[test]
    fn the_first_method_that_may_be_charged_is_taken() {
        let today = NaiveDate::from_ymd_opt(2026, 3, 31).unwrap();
        let chosen = |methods: &[MethodState]| first_usable(methods, today, 4).map(|m| m.id.0);
        let (mut a, mut b) = (method(1, 2), method(2, 1));
        assert_eq!(chosen(&[a.clone(), b.clone()]), Some(2));
        b.hard_declined = true;
        assert_eq!(chosen(&[a.clone(), b.clone()]), Some(1));
        a.expires_on = Some(today);
        assert_eq!(chosen(&[a.clone(), b.clone()]), Some(1), "valid on its last day");
        a.expires_on = today.pred_opt();
        assert_eq!(chosen(&[a.clone(), b.clone()]), None);
        assert_eq!(a.unusable(today, 4), Some(Unusable::Expired));
        a.status = MethodStatus::Closed;
        assert_eq!(a.unusable(today, 4), Some(Unusable::Closed));
        let worn = MethodState { failures: 4, ..method(3, 1) };
        assert_eq!(worn.unusable(today, 4), Some(Unusable::Worn));
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn the_default_is_the_first_that_is_not_closed_however_it_fared() {
        let default = |methods: &[MethodState]| default_of(methods).map(|m| m.id.0);
        let (a, mut b) = (method(1, 2), method(2, 1));
        b.hard_declined = true;
        assert_eq!(default(&[a.clone(), b.clone()]), Some(2));
        b.status = MethodStatus::Closed;
        assert_eq!(default(&[a, b]), Some(1));
        assert_eq!(default(&[]), None);
    }

    #[test]
    fn the_network_is_read_from_what_is_shown() {
        for (shown, network) in [
            ("visa ··4242", Network::Visa),
            ("Mastercard ··5454", Network::Mastercard),
            ("MC 5454", Network::Mastercard),
            ("DE89 ··3000", Network::Other),
            ("", Network::Other),
        ] {
            assert_eq!(Network::of_display(shown), network, "{shown}");
        }
    }
}
