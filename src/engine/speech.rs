//! How documents, mails and reminders of an account speak: its language, the law of the issuer's country, and
//! the issuer's own texts.

use super::Error;
use crate::config::{Config, key};
use crate::document::{OwnTexts, Tongue};
use crate::domain::account::AccountTerms;
use crate::domain::speech::{LateTerms, Speech, Tag};
use crate::store::{Db, StoreError, account, own_texts, settings};

/// What posting would freeze now; none: plain English. A language that an older daybook took and nobody knows
/// counts as none: the book's holds.
pub fn of(
    db: &Db<'_>,
    config: &Config,
    terms: &AccountTerms,
) -> Result<Option<Speech>, StoreError> {
    let of_book = || Tag::parse(config.get(key::ISSUER_LANGUAGE));
    let issuer = config.get(key::ISSUER_COUNTRY).to_owned();
    let has_tax_id = !terms.tax_id.trim().is_empty();
    let speech = Speech {
        tag: Tag::parse(&terms.language).or_else(of_book).unwrap_or_default(),
        late: LateTerms::of(&issuer, terms.legal.kind, has_tax_id),
        issuer,
        texts: own_texts::chosen(db)?,
    };
    Ok((!speech.is_plain()).then_some(speech))
}

/// The words of a document that froze this; none: plain English.
pub fn tongue(db: &Db<'_>, speech: Option<&Speech>) -> Result<Tongue, StoreError> {
    let Some(speech) = speech else { return Ok(Tongue::default()) };
    let own = match speech.texts.as_str() {
        "" => None,
        hash => {
            let broken = |why: String| StoreError::Corrupt(format!("own_texts {hash}: {why}"));
            let read = OwnTexts::cached(hash, || own_texts::file(db, hash))?;
            let read = read.map_err(|why| broken(why.to_string()))?;
            if read.hash != hash {
                return Err(broken("the file is another than it was".to_owned()));
            }
            Some(read)
        }
    };
    Ok(Tongue::of(speech.clone(), own))
}

/// The words of what an account gets now.
pub fn of_account(
    db: &Db<'_>,
    config: &Config,
    terms: &AccountTerms,
) -> Result<Tongue, StoreError> {
    tongue(db, of(db, config, terms)?.as_ref())
}

/// The same of a version of an account.
pub fn of_version(db: &Db<'_>, version: i64) -> Result<Tongue, Error> {
    let terms = account::version_terms(db, version)?;
    Ok(of_account(db, &settings::load(db)?, &terms)?)
}
