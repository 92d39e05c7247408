//! Why a deed is refused, in words for people and for programs.

use super::kind::DeedKind;
use crate::domain::money::Currency;
use chrono::NaiveDate;

/// Why a deed is refused to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// They are on the other side of the account.
    BothSides {
        /// Who.
        user: String,
        /// What they did there.
        did: DeedKind,
        /// When.
        on: NaiveDate,
        /// The last day on which that counts.
        until: NaiveDate,
    },
    /// Alone they may not do so much.
    Alone {
        /// The limit, as it is set.
        limit: String,
        /// By which setting.
        setting: &'static str,
        /// What they did alone within a day before this, minor units.
        before_minor: i64,
        currency: Currency,
    },
    /// Alone they may not change so many prices.
    Prices {
        /// How many they may.
        limit: i64,
    },
    /// Alone they may not change where money goes for everybody, or the rules themselves.
    Settings,
    /// Alone they may not open a month again, nor close one of so much.
    Period,
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BothSides { user, did: DeedKind::Money, on, .. } => {
                write!(f, "{user} recorded a payment on this account on {on}")
            }
            Self::BothSides { user, did, on, .. } => {
                write!(f, "{user} made a {did} on this account on {on}")
            }
            Self::Alone { limit, before_minor: 0, .. } => {
                write!(f, "above {limit} a second person must confirm")
            }
            Self::Alone { limit, before_minor, currency, .. } => write!(
                f,
                "with {} {currency} of yours on this account in 24 hours it is above {limit}: \
                 a second person must confirm",
                currency.grouped(*before_minor)
            ),
            Self::Prices { limit } => {
                write!(f, "above {limit} prices in 24 hours a second person must confirm")
            }
            Self::Settings | Self::Period => write!(f, "a second person must confirm"),
        }
    }
}

impl Stop {
    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BothSides { .. } => "separation_of_duties",
            Self::Alone { .. } | Self::Prices { .. } | Self::Settings | Self::Period => "four_eyes",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::BothSides { did: DeedKind::Money, until, .. } => format!(
                "somebody else must write off, refund or make memos there until {until} (separation.window)"
            ),
            Self::BothSides { until, .. } => {
                format!("somebody else must record its payments until {until} (separation.window)")
            }
            Self::Alone { setting, .. } => {
                format!("somebody else must accept or confirm it ({setting})")
            }
            Self::Prices { .. } => {
                "somebody else must confirm it (four_eyes.price_charges)".to_owned()
            }
            Self::Settings => "somebody else must confirm it (four_eyes.settings)".to_owned(),
            Self::Period => "somebody else must confirm it".to_owned(),
        }
    }
}
