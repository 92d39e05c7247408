//! How far this machine's clock is off a gateway's: seen in the gateway's answers, told in a notice and
//! by `doctor`, and never part of a decision about money.

use crate::domain::actor::Verb;
use crate::engine::collect::till::Till;
use crate::engine::{Error, Session};
use crate::store::notice::{self, NoticeLevel};
use crate::store::{gateway_poll, settings};

/// What two clocks may differ by, ms: an answer's `Date` has whole seconds and takes its time.
pub const TOLERANCE_MS: i64 = 60_000;

/// Compares the clocks of the gateways used so far. No transaction may be open.
pub fn watch(session: &mut Session, till: &Till) -> Result<(), Error> {
    let (before, facts) =
        session.read(|db| Ok((gateway_poll::clocks_off(db)?, settings::facts(db)?)))?;
    for (name, gateway) in till.used() {
        let now = session.now()?;
        let by_hand = facts.clock_at.is_some() || session.fixed_now.is_some();
        // A clock set by hand is off on purpose; the sandbox's follows it.
        if by_hand && name != "sandbox" {
            continue;
        }
        let Some((_, before)) = before.iter().find(|(known, _)| *known == name) else { continue };
        let Some(theirs) = gateway.clock(now.at_ms) else { continue };
        let off = now.at_ms - theirs;
        let was = before.unwrap_or(0);
        if is_off(off) == is_off(was) && (off - was).abs() <= TOLERANCE_MS {
            continue;
        }
        session.write(Verb::Housekeeping, |tx| {
            gateway_poll::put_clock_off(tx, &name, off)?;
            let key = format!("clock off {name} {}", tx.now().today);
            if is_off(off) {
                let words = words(&name, off);
                notice::add(tx, NoticeLevel::Warning, "doctor", &words, &key)?;
                tx.note("doctor", words);
            } else {
                notice::done_from(tx, &format!("clock off {name} "))?;
                tx.note("doctor", format!("this machine's clock agrees with {name}'s"));
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Whether a difference is more than two clocks may have.
pub fn is_off(off_ms: i64) -> bool {
    off_ms.abs() > TOLERANCE_MS
}

/// A difference in words; above zero, ours is ahead.
pub fn words(gateway: &str, off_ms: i64) -> String {
    let minutes = off_ms.abs() / 60_000;
    let which = if off_ms > 0 { "ahead of" } else { "behind" };
    let far = match (minutes / 60, minutes % 60) {
        (0, m) => format!("{m} min"),
        (h, 0) => format!("{h} h"),
        (h, m) => format!("{h} h {m} min"),
    };
    format!(
        "this machine's clock is {far} {which} {gateway}'s: set it, days and due times go by it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_let_pass_and_more_is_told() {
        assert!(!is_off(TOLERANCE_MS) && !is_off(-TOLERANCE_MS));
        assert!(is_off(TOLERANCE_MS + 1) && is_off(-7_200_000));
        assert!(
            words("stripe", 7_200_000).starts_with("this machine's clock is 2 h ahead of stripe's")
        );
        assert!(words("stripe", -90_000).contains("1 min behind"));
        assert!(words("stripe", -5_400_000).contains("1 h 30 min behind"));
    }
}
