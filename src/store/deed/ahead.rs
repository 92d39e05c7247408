//! The rules over one person, asked of many rows before any of them is written: a file's, a
//! posting's. Each row that would pass counts for those after it.

use super::{
    NewDeed, Side, Stop, above, alone, alone_stop, limit_minor, opposed, own_limit, own_stop, with,
};
use crate::config::Config;
use crate::domain::ids::AccountId;
use crate::domain::money::Currency;
use crate::store::{Db, StoreError};
use std::collections::HashMap;

/// What somebody did so far to accounts, with what the rows before would add.
pub struct Ahead {
    uid: u32,
    bound: bool,
    now_ms: i64,
    had: HashMap<(AccountId, Currency), (i64, i64)>,
}

impl Ahead {
    /// Of a person at a moment, UTC ms; `bound` = separation of duties holds for them.
    pub fn new(uid: u32, bound: bool, now_ms: i64) -> Self {
        Self { uid, bound, now_ms, had: HashMap::new() }
    }

    /// Why a row must not be this person's, whoever else stands for it.
    pub fn opposed(&self, db: &Db<'_>, deed: &NewDeed) -> Result<Option<Stop>, StoreError> {
        if !self.bound || deed.kind.side() != Some(Side::Credit) {
            return Ok(None);
        }
        opposed(db, self.uid, deed.account, Side::Credit, self.now_ms)
    }

    /// Why a row must not be this person's alone; one that may be counts from here on.
    pub fn alone(
        &mut self,
        db: &Db<'_>,
        config: &Config,
        deed: &NewDeed,
    ) -> Result<Option<Stop>, StoreError> {
        if let Some(own) = own_limit(config, deed) {
            return Ok(own_stop(config, deed, own));
        }
        if limit_minor(config, deed.currency).is_none() {
            return Ok(None);
        }
        let key = (deed.account, deed.currency);
        let had = match self.had.get(&key) {
            Some(had) => *had,
            None => alone(db, self.uid, deed.account, deed.currency, self.now_ms)?,
        };
        let Some(has) = with(had, deed.kind, deed.minor) else { return Ok(None) };
        if above(config, deed.currency, has) {
            return Ok(Some(alone_stop(config, deed.currency, had)));
        }
        self.had.insert(key, has);
        Ok(None)
    }
}
