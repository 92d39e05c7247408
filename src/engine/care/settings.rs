//! Settings, and the clock of a test or demo book.

use crate::clock::Now;
use crate::config::{self, Config, Setting, key};
use crate::document::{Issuer, Logo, OwnTexts, Press, Printable, issuer, sample};
use crate::domain::actor::Verb;
use crate::domain::e_invoice::is_unit_code;
use crate::domain::money::Currency;
use crate::domain::regime;
use crate::domain::speech::Language;
use crate::engine::guard::four_eyes::{self, Deed, Eyes};
use crate::engine::{Error, Session};
use crate::gateway::secret::{self, Kind, SecretError};
use crate::outside;
use crate::store::four_eyes::Object;
use crate::store::{
    BookKind, StoreError, Tx, logo as logos, own_texts, posting, role, settings, timekeeping,
};
use chrono::{NaiveDate, NaiveDateTime};
use std::path::Path;

/// The settings whether they can be read or not.
pub fn as_stored(session: &Session) -> Result<Config, Error> {
    session.read(settings::as_stored)
}

/// Whether a text is a unit with its code; empty = none.
fn is_unit(text: &str) -> bool {
    let pair = text.split_once('=').map(|(name, code)| (name.trim(), code.trim()));
    text.is_empty() || pair.is_some_and(|(name, code)| !name.is_empty() && is_unit_code(code))
}

/// What the law wants of invoices between businesses of the issuer's country today, in words, and whether it can
/// be made here; none while `issuer.country` is not set.
pub fn law(session: &Session) -> Result<Option<(bool, String)>, Error> {
    let config = as_stored(session)?;
    let country = config.get(key::ISSUER_COUNTRY);
    if country.is_empty() {
        return Ok(None);
    }
    let wanted =
        regime::at_home(country, session.now()?.today, config.decimal(key::ISSUER_TURNOVER));
    let plain = || (true, format!("{country}: a plain invoice will do between businesses"));
    Ok(Some(wanted.unwrap_or_else(plain)))
}

/// Sets one value after checking it and the whole with it.
pub fn set(session: &mut Session, key: &str, value: &str) -> Result<(), Error> {
    let Some(setting) = config::find(key) else {
        return Err(Error::usage(
            "unknown_setting",
            format!("there is no setting {key:?}"),
            "daybook settings get lists them",
        ));
    };
    if let Err(why) = setting.allowed.check(value) {
        return Err(Error::usage(
            "bad_value",
            format!("{key} {why}"),
            format!("allowed: {}", setting.allowed.words()),
        ));
    }
    if let Some(kind) = Kind::of_setting(setting).filter(|_| !value.is_empty()) {
        check_secret(session, kind, value)?;
    }
    let places = [key::BACKUP_TO, key::MAIL_BOUNCES, key::NETWORK_OUTBOX, key::NETWORK_RECEIPTS];
    let is_place = places.contains(&setting) && !value.is_empty();
    if is_place && !std::path::Path::new(value).is_absolute() {
        let hint = "write the full path of a directory, from /";
        return Err(Error::usage("bad_value", format!("{key} cannot be {value:?}"), hint));
    }
    if setting == key::E_INVOICE_UNITS
        && let Some(bad) = value.split(';').map(str::trim).find(|one| !is_unit(one))
    {
        let pairs = "pairs such as fax page=C62; desk=XDK (UN/ECE Recommendation 20)";
        let hint = format!("{pairs}; allowed: {}", setting.allowed.words());
        return Err(Error::usage("bad_value", format!("{key} cannot hold {bad:?}"), hint));
    }
    check_print(&as_stored(session)?, setting, value)?;
    let logo = if setting == key::ISSUER_LOGO { read_logo(value)? } else { None };
    let texts = if setting == key::TEXTS_FILE { read_texts(value)? } else { None };
    four_eyes::write(session, Verb::Settings, |tx, eyes| {
        let before = settings::as_stored(tx)?;
        let old = before.contradictions();
        if let Some(why) =
            before.with(setting, value).contradictions().into_iter().find(|why| !old.contains(why))
        {
            return Err(Error::usage("contradiction", why, ""));
        }
        if config::SERIES.contains(&setting)
            && let Some(other) = posting::meeting(tx, value)?
        {
            return Err(Error::usage(
                "contradiction",
                format!("{key} = {value} could give the same number as {other}"),
                "choose other letters, or another place for the year",
            ));
        }
        // Of a file, what is in it is confirmed.
        let with = texts.as_ref().map_or(value.to_owned(), |(hash, _)| format!("{value} ({hash})"));
        let second = second_admin(tx, eyes, &before, (setting, &with))?;
        settings::set(tx, setting, value)?;
        if setting == key::ISSUER_LOGO {
            logos::choose(tx, logo.as_ref().map(|(hash, png)| (hash.as_str(), &png[..])))?;
        }
        if setting == key::TEXTS_FILE {
            own_texts::choose(
                tx,
                texts.as_ref().map(|(hash, file)| (hash.as_str(), file.as_str())),
            )?;
        }
        tx.note(key, format!("{key}: {:?} → {value:?}{second}", before.get(setting)));
        Ok(())
    })
}

/// Refuses what would be printed on every document and cannot be: a character that no font has, more
/// lines than there is room for. What an older daybook took stays until it is changed.
fn check_print(before: &Config, key: &Setting, value: &str) -> Result<(), Error> {
    let printed = [
        key::ISSUER_NAME,
        key::ISSUER_ADDRESS,
        key::ISSUER_TAX_ID,
        key::ISSUER_BANK,
        key::ISSUER_FOOTER,
    ];
    let series = config::SERIES.contains(&key);
    if !series && !printed.contains(&key) {
        return Ok(());
    }
    let press = Press::open().map_err(|e| Error::Bug(e.to_string()))?;
    let with = before.with(key, value);
    let mut sample = Printable { issuer: issuer(&with), ..Printable::blank(Currency::PLACEHOLDER) };
    if series {
        value.clone_into(&mut sample.number);
        sample.issuer = Issuer::default();
    }
    press.fits(&sample).map_err(|why| {
        let hint = "shorten it, or write it in letters that can be printed";
        Error::usage("unprintable", format!("{key} cannot be printed: {why}"), hint)
    })
}

/// What brings a secret that lies anywhere to the one place where secrets are.
pub(in crate::engine) fn secret_remedy(kind: Kind, path: &str, directory: &Path) -> String {
    let name = Path::new(path).file_name().map_or("secret".into(), |n| n.to_string_lossy());
    format!(
        "as the user who runs daybook worker: install -D -m 600 {path} {0}/{name} (or \
         LoadCredential={name}:{path} in its unit), then: daybook settings set {1} {name}",
        directory.display(),
        kind.setting()
    )
}

/// Settings that send everybody's money elsewhere, or say what needs a second person.
const GUARDED: &[&Setting] = &[
    key::ISSUER_BANK,
    key::ISSUER_FOOTER,
    key::TEXTS_FILE,
    key::STRIPE_SECRET_FILE,
    key::STRIPE_BASE_URL,
    key::SEPARATION_WINDOW,
];

/// Asks for a second admin where the rules want one and there is one; gives what the audit trail
/// then says of who asked.
fn second_admin(
    tx: &Tx<'_>,
    eyes: &Eyes,
    before: &config::Config,
    (setting, value): (&Setting, &str),
) -> Result<String, Error> {
    let eyes_own = setting.group() == key::FOUR_EYES_SETTINGS.group();
    if !(eyes_own || GUARDED.contains(&setting))
        || before.get(setting) == value
        || !wants_second(tx, before, Verb::Settings)?
    {
        return Ok(String::new());
    }
    let what = format!("{:?} → {value:?}", before.get(setting));
    eyes.on(
        tx,
        &Deed {
            object: Object::Settings,
            subject: setting.key,
            what: &what,
            with: &format!("{setting} = {value}"),
            money: Currency::PLACEHOLDER.amount(0),
            reason: "",
        },
    )
}

/// Whether what touches everybody takes a second person by the settings.
pub(in crate::engine) fn wants_second(
    tx: &Tx<'_>,
    config: &Config,
    verb: Verb,
) -> Result<bool, StoreError> {
    let amounts = [key::FOUR_EYES_ABOVE, key::FOUR_EYES_METHOD_ABOVE, key::FOUR_EYES_ADDRESS_ABOVE];
    let in_force = config.get(key::FOUR_EYES_SETTINGS) == "true"
        && amounts.iter().any(|amount| !config.get(amount).is_empty());
    Ok(in_force && another_may(tx, verb)?)
}

/// Whether anybody else may do it: who is alone is never locked out.
pub(in crate::engine) fn another_may(tx: &Tx<'_>, verb: Verb) -> Result<bool, StoreError> {
    let mut users: Vec<u32> = role::list(tx)?.into_iter().map(|(uid, _)| uid).collect();
    users.push(role::creator(tx)?);
    for uid in users.into_iter().filter(|uid| *uid != tx.actor().uid) {
        if role::standing(tx, uid)?.may(verb).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Refuses a file that holds another kind of secret, or is no secrets file at all. One that cannot
/// be read from here may be the worker's own and is taken as it is; what it holds is judged again by
/// whoever reads it, each time.
fn check_secret(session: &Session, kind: Kind, named: &str) -> Result<(), Error> {
    let (config, side) = (as_stored(session)?, session.store.side_directory());
    let bad = |why: String| {
        let hint = "one file of mode 0600 for each secret, of the user who runs daybook worker";
        Error::usage("bad_secret", why, hint)
    };
    if named.contains('/') {
        return Err(Error::usage(
            "bad_secret",
            format!("{} cannot be {named:?}: a secret is named, it is no path", kind.setting()),
            secret_remedy(kind, named, &secret::directory(&side)),
        ));
    }
    let path = secret::locate(kind, named, &side).map_err(|e| bad(e.to_string()))?;
    let other = config.get(kind.other().setting());
    if secret::locate(kind.other(), other, &side).is_ok_and(|theirs| theirs == path) {
        let theirs = kind.other().setting();
        return Err(bad(format!("{} is named in {theirs} already", path.display())));
    }
    match secret::read(kind, named, &side) {
        Err(error @ (SecretError::WrongKind { .. } | SecretError::NotAFile(_))) => {
            Err(bad(error.to_string()))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Bytes of a logo file; one for print is a few hundred thousand.
const MOST_LOGO: u64 = 8 << 20;

/// The logo's hash and file: it is kept in the book, so that a posted document can always be
/// printed as it was.
fn read_logo(file: &str) -> Result<Option<(String, Vec<u8>)>, Error> {
    if file.is_empty() {
        return Ok(None);
    }
    let png = outside::read(Path::new(file), MOST_LOGO)
        .map_err(|source| Error::Io { path: file.into(), source })?;
    match Logo::decode(&png) {
        Ok(logo) => Ok(Some((logo.hash, png))),
        Err(why) => Err(Error::usage("bad_logo", why.to_string(), "name a PNG file")),
    }
}

/// How a file of texts begins.
const HOW: &str = "Leave out what stays as it is, then: daybook settings set texts.file FILE";

/// The texts of a language, as a file for `texts.file` begins.
pub fn texts(language: Language) -> String {
    let all = sample(language);
    // Those of one country stand in tables behind them.
    let own = all.find("\n[").map_or(all, |at| &all[..=at]);
    format!("# {HOW}\n[{language}]\n{own}")
}

/// Bytes of a file of texts.
const MOST_TEXTS: u64 = 1 << 20;

/// The hash and text of a file of texts, if it can be used: it is kept in the book, so that a posted document
/// can always be printed as it was.
fn read_texts(file: &str) -> Result<Option<(String, String)>, Error> {
    if file.is_empty() {
        return Ok(None);
    }
    let wrong = |line: Option<usize>, message: String, hint: &str| Error::Input {
        file: file.into(),
        line: line.map(|line| line as u64),
        column: None,
        message,
        hint: hint.to_owned(),
    };
    let bytes = outside::read(Path::new(file), MOST_TEXTS)
        .map_err(|source| Error::Io { path: file.into(), source })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| wrong(None, "is not UTF-8 text".to_owned(), "save the file as UTF-8"))?;
    let texts = OwnTexts::read(&text).map_err(|e| {
        let message = if e.key.is_empty() { e.why } else { format!("{} {}", e.key, e.why) };
        wrong(Some(e.line), message, &e.remedy)
    })?;
    if texts.count() == 0 {
        return Err(wrong(
            None,
            "has no text".to_owned(),
            "daybook settings texts en shows what there is",
        ));
    }
    Ok(Some((texts.hash, text)))
}

/// Reads `DATE` (noon) or `DATETHH:MM` in the book's zone.
pub fn read_moment(session: &Session, text: &str) -> Result<Now, Error> {
    let bad = || {
        Error::usage(
            "bad_date",
            format!("{text:?} is not a date"),
            "write 2026-11-30 or 2026-11-30T08:00",
        )
    };
    let local = match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) => day.and_hms_opt(12, 0, 0).ok_or_else(bad)?,
        Err(_) => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").map_err(|_| bad())?,
    };
    Ok(Now::civil(local, session.config()?.zone()))
}

/// Takes `--now` for this call; a real book refuses it.
pub fn use_clock(session: &mut Session, text: &str) -> Result<(), Error> {
    refuse_real(session)?;
    let moment = read_moment(session, text)?;
    if session.read(settings::facts)?.clock_at.is_some_and(|stored| moment.at_ms < stored) {
        return Err(Error::usage(
            "clock_backward",
            "--now lies before the book's clock, which only goes forward",
            "daybook clock show tells where it stands",
        ));
    }
    session.fixed_now = Some(moment);
    Ok(())
}

/// Stores the clock for all processes; forward only.
pub fn set_clock(session: &mut Session, text: &str) -> Result<Now, Error> {
    refuse_real(session)?;
    let new = read_moment(session, text)?;
    session.write(Verb::Settings, |tx| {
        let old = settings::facts(tx)?.clock_at;
        if old.is_some_and(|old| new.at_ms < old) {
            return Err(Error::usage(
                "clock_backward",
                "the book's clock only goes forward",
                "name a later moment",
            ));
        }
        settings::set_clock(tx, new.at_ms)?;
        timekeeping::note_seen(tx, new.at_ms)?;
        tx.note("clock", format!("clock set to {text}"));
        Ok(new)
    })
}

fn refuse_real(session: &Session) -> Result<(), Error> {
    if session.read(settings::facts)?.kind == BookKind::Real {
        return Err(Error::usage(
            "real_book",
            "a real book follows the real clock",
            "use a test book (daybook init --test) or a demo book",
        ));
    }
    Ok(())
}
