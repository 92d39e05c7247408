//! Flags for a new draft: gathers what the rules of `domain::flags` compare with.

use crate::config::Config;
use crate::domain::account::AccountTerms;
use crate::domain::billing::{AccountBill, AccountInput, DraftDocument};
use crate::domain::document::Flag;
pub use crate::domain::flags::Thresholds;
use crate::domain::flags::{Surroundings, of_draft};
use crate::store::{Db, StoreError, payment_method};

impl Thresholds {
    /// Reads the settings `flags.*`; what is not set keeps its default.
    pub fn read(config: &Config) -> Self {
        let usual = Self::default();
        let decimal = |key: &str, default| config.decimal(key).unwrap_or(default);
        Self {
            total_high: decimal("flags.total_high", usual.total_high),
            total_low: decimal("flags.total_low", usual.total_low),
            recurring_changed: decimal("flags.recurring_changed", usual.recurring_changed),
            usage_changed: decimal("flags.usage_changed", usual.usage_changed),
            back_billing: usize::try_from(config.int("flags.back_billing"))
                .unwrap_or(usual.back_billing),
        }
    }
}

/// The flags of a draft and its place in the review order, worst highest.
pub fn flags(
    db: &Db<'_>,
    thresholds: &Thresholds,
    input: &AccountInput,
    terms: &AccountTerms,
    draft: &DraftDocument,
    _bill: &AccountBill,
) -> Result<(Vec<Flag>, i64), StoreError> {
    // Only accounts that pay automatically need a method, so only they cost a look.
    let has_method = !terms.auto_pay || payment_method::has_usable(db, input.id, draft.due_on)?;
    Ok(of_draft(draft, &Surroundings { input, terms, has_method }, thresholds))
}
