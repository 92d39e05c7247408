//! What a network says of an invoice that was handed to it, in whatever order it says it.

text_enum! {
    /// How a copy by network stands there.
    NetworkState {
        /// Being handed over, or a try failed.
        Begun = "begun",
        /// The network has it and has said nothing yet.
        HandedOver = "handed_over",
        Accepted = "accepted",
        /// It is with the customer.
        Delivered = "delivered",
        /// By the network, an authority or the customer.
        Refused = "refused",
        /// The customer says so; no money is booked by it.
        Paid = "paid",
    }
}

text_enum! {
    /// What a receipt says.
    Said {
        Accepted = "accepted",
        Delivered = "delivered",
        Refused = "refused",
        Paid = "paid",
    }
}

text_enum! {
    /// What a receipt did.
    Effect {
        /// The copy stands as it says now.
        Moved = "moved",
        /// Nothing: more was known already.
        Noted = "noted",
        /// Nothing: it contradicts what is known. For a person.
        Odd = "odd",
        /// Nothing: it is about no copy of this book. For a person.
        Unknown = "unknown",
    }
}

impl NetworkState {
    /// In words.
    pub fn said(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::HandedOver => "handed over",
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Paid => "paid",
        }
    }
}

impl Said {
    /// How a copy stands that this is the last word of.
    pub fn state(self) -> NetworkState {
        match self {
            Self::Accepted => NetworkState::Accepted,
            Self::Delivered => NetworkState::Delivered,
            Self::Refused => NetworkState::Refused,
            Self::Paid => NetworkState::Paid,
        }
    }
}

/// What a receipt means for a copy that stands so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    Moves(NetworkState),
    /// It is no news.
    Known,
    /// It contradicts, and why.
    Against(&'static str),
}

/// Judges a receipt. Both moments are the network's, UTC milliseconds: since when the copy stands so, and of
/// the receipt. A refusal is believed also after the customer has it; nothing is believed after a refusal,
/// but what was said before it and comes late.
pub fn judge(is: NetworkState, since_ms: i64, said: Said, at_ms: i64) -> Judged {
    use NetworkState as N;
    match (is, said) {
        (N::Begun, _) => Judged::Against("it was not handed over"),
        (N::HandedOver, _)
        | (N::Accepted, Said::Delivered)
        | (N::Accepted | N::Delivered, Said::Refused | Said::Paid) => Judged::Moves(said.state()),
        (N::Accepted, Said::Accepted)
        | (N::Delivered, Said::Accepted | Said::Delivered)
        | (N::Paid, Said::Accepted | Said::Delivered | Said::Paid)
        | (N::Refused, Said::Refused) => Judged::Known,
        (N::Paid, Said::Refused) => Judged::Against("it was said to be paid"),
        (N::Refused, Said::Accepted | Said::Delivered) if at_ms <= since_ms => Judged::Known,
        (N::Refused, Said::Accepted | Said::Delivered | Said::Paid) => {
            Judged::Against("it was refused before")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// State, since, what is said, when; what it comes to: `=` is no news, `!` contradicts.
    const CASES: &[(&str, i64, &str, i64, &str)] = &[
        ("begun", 0, "accepted", 1, "!"),
        ("begun", 0, "refused", 1, "!"),
        ("handed_over", 5, "accepted", 1, "accepted"),
        ("handed_over", 5, "delivered", 9, "delivered"),
        ("handed_over", 5, "refused", 9, "refused"),
        ("handed_over", 5, "paid", 9, "paid"),
        ("accepted", 5, "accepted", 9, "="),
        ("accepted", 5, "delivered", 9, "delivered"),
        ("accepted", 5, "refused", 9, "refused"),
        ("accepted", 5, "refused", 1, "refused"),
        ("accepted", 5, "paid", 9, "paid"),
        ("delivered", 5, "accepted", 9, "="),
        ("delivered", 5, "delivered", 9, "="),
        ("delivered", 5, "refused", 9, "refused"),
        ("delivered", 5, "paid", 9, "paid"),
        ("paid", 5, "accepted", 9, "="),
        ("paid", 5, "delivered", 9, "="),
        ("paid", 5, "paid", 9, "="),
        ("paid", 5, "refused", 9, "!"),
        ("refused", 5, "refused", 9, "="),
        ("refused", 5, "accepted", 1, "="),
        ("refused", 5, "delivered", 5, "="),
        ("refused", 5, "accepted", 9, "!"),
        ("refused", 5, "delivered", 9, "!"),
        ("refused", 5, "paid", 1, "!"),
    ];

    #[test]
    fn receipts_are_believed_in_any_order() {
        for (is, since, said, at, wanted) in CASES {
            let found =
                judge(NetworkState::parse(is).unwrap(), *since, Said::parse(said).unwrap(), *at);
            let found = match found {
                Judged::Moves(to) => to.as_str(),
                Judged::Known => "=",
                Judged::Against(_) => "!",
            };
            assert_eq!(found, *wanted, "{is} {since}, {said} {at}");
        }
        for is in NetworkState::ALL {
            for said in Said::ALL {
                let told = CASES.iter().any(|c| c.0 == is.as_str() && c.2 == said.as_str());
                assert!(told || *is == NetworkState::Begun, "{is} {said} is in no case");
                // Said twice it is no news, and never takes a refusal back.
                if let Judged::Moves(to) = judge(*is, 5, *said, 9) {
                    assert_eq!(judge(to, 9, *said, 9), Judged::Known, "{is} {said}");
                    assert_ne!(*is, NetworkState::Refused);
                }
            }
        }
    }
}
