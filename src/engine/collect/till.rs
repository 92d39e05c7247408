//! What collecting needs besides the book: the gateways by name, and the rules from the settings.

use crate::config::{Config, Setting, key};
use crate::domain::retry::{RetryRules, parse_waits};
use crate::engine::{Error, Session};
use crate::gateway::{self, Gateway, Shut};
use crate::store::method_state;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Makes the gateway of a name; tests put their own in its place.
pub type Connect = dyn Fn(&str, &Config, &Path) -> Arc<dyn Gateway> + Send + Sync;

/// Rules and gateways of one call or job.
#[derive(Clone)]
pub struct Till {
    /// The settings, read once.
    pub config: Config,
    /// The retry rules in them.
    pub rules: RetryRules,
    /// The book's own name, part of every idempotency key.
    pub book: String,
    directory: PathBuf,
    connect: Arc<Connect>,
    open: BTreeMap<String, Arc<dyn Gateway>>,
    clocks: Option<BTreeMap<String, Option<i64>>>,
}

impl Till {
    /// Reads the settings of a book.
    pub fn open(session: &Session) -> Result<Self, Error> {
        Self::with(session, Arc::new(gateway::connect))
    }

    /// The same with gateways made by `connect`.
    pub fn with(session: &Session, connect: Arc<Connect>) -> Result<Self, Error> {
        let config = session.config()?;
        let directory = session.store.side_directory();
        crate::inside::directory(&directory)
            .map_err(|source| Error::Io { path: directory.clone(), source })?;
        let book = session.read(crate::store::settings::facts)?.uid;
        let rules = rules(&config)?;
        Ok(Self { config, rules, book, directory, connect, open: BTreeMap::new(), clocks: None })
    }

    /// The gateway of a name, set up on first use.
    pub fn gateway(&mut self, name: &str) -> Arc<dyn Gateway> {
        if let Some(gateway) = self.open.get(name) {
            return Arc::clone(gateway);
        }
        let gateway = (self.connect)(name, &self.config, &self.directory);
        self.open.insert(name.to_owned(), Arc::clone(&gateway));
        gateway
    }

    /// Opens every gateway that knows a method of the book; gives why one of them is not for this
    /// process, if so.
    pub fn look(&mut self, session: &Session) -> Result<Option<String>, Error> {
        let mut here = None;
        for name in session.read(|db| method_state::gateways(db, gateway::NAMES))? {
            if let Some(Shut::Here(why)) = self.gateway(&name).shut() {
                // The next look opens it anew.
                self.open.remove(&name);
                here = Some(why);
            }
        }
        Ok(here)
    }

    /// Why a gateway that was opened cannot be asked, if so: nothing is begun with it.
    pub fn shut(&self, name: &str) -> Option<Shut> {
        self.open.get(name).and_then(|gateway| gateway.shut())
    }

    /// Why gateways that were opened cannot be asked, in words; empty when all can.
    pub fn shut_words(&self) -> String {
        let shut = self.open.iter().filter_map(|(name, gateway)| {
            gateway.shut().map(|shut| format!("{name} is not set up: {}", shut.why()))
        });
        shut.collect::<Vec<_>>().join("; ")
    }

    /// Reads the clocks of the gateways that methods are at, before payments are written down: from
    /// then on a key may be known there. No transaction may be open.
    pub fn read_clocks(&mut self, session: &Session) -> Result<(), Error> {
        let at_ms = session.now()?.at_ms;
        let names: Vec<String> = match &self.clocks {
            Some(clocks) => clocks.keys().cloned().collect(),
            None => session.read(|db| method_state::gateways(db, gateway::NAMES))?,
        };
        let clocks = names
            .into_iter()
            .map(|name| (name.clone(), self.gateway(&name).clock(at_ms)))
            .collect();
        self.clocks = Some(clocks);
        Ok(())
    }

    /// What a gateway's clock said when it was read last, UTC ms.
    pub fn clock_of(&self, name: &str) -> Option<i64> {
        self.clocks.as_ref()?.get(name).copied().flatten()
    }

    /// The gateways used so far, by name.
    pub fn used(&self) -> Vec<(String, Arc<dyn Gateway>)> {
        self.open.iter().map(|(name, g)| (name.clone(), Arc::clone(g))).collect()
    }

    /// Gateway calls at the same time.
    pub fn concurrency(&self) -> usize {
        usize::try_from(self.config.int(key::PAYMENT_CONCURRENCY)).unwrap_or(1).max(1)
    }
}

/// The retry rules in the settings.
pub fn rules(config: &Config) -> Result<RetryRules, Error> {
    let waits = |key: &Setting| {
        parse_waits(config.get(key)).map_err(|error| {
            Error::usage("bad_value", format!("{key}: {error}"), "daybook settings set corrects it")
        })
    };
    let count = |key: &Setting| u32::try_from(config.int(key)).unwrap_or(u32::MAX);
    Ok(RetryRules {
        soft: waits(key::RETRY_SOFT)?,
        system: waits(key::RETRY_SYSTEM)?,
        unknown: waits(key::RETRY_UNKNOWN)?,
        max_failures: count(key::RETRY_MAX_FAILURES),
        min_gap_hours: count(key::RETRY_MIN_GAP_HOURS),
        fallback: config.is(key::RETRY_FALLBACK),
        visa_30_days: count(key::RETRY_VISA_30_DAYS),
        mastercard_24_hours: count(key::RETRY_MASTERCARD_24_HOURS),
        mastercard_30_days: count(key::RETRY_MASTERCARD_30_DAYS),
        zone: config.zone(),
    })
}
