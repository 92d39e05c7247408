//! `daybook settings get|set|texts` and `daybook clock set|show|confirm`.

use super::ctx::Ctx;
use super::exit::Exit;
use super::output::{self, Align};
use crate::config::key::{ISSUER_COUNTRY, ISSUER_TURNOVER};
use crate::config::{self, SETTINGS};
use crate::domain::speech::Language;
use crate::engine::Error;
use crate::engine::care::{settings, timekeeping};
use serde_json::{Map, Value, json};

/// Read or change settings.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Every setting, or one: value, default, what is allowed
    Get {
        /// The key, or the beginning of one
        key: Option<String>,
    },
    /// Change one
    Set {
        /// The key
        key: String,
        /// The new value
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// The texts of documents and mails in a language, as a file for texts.file begins
    Texts {
        /// en, de, fr, nl, it, es, pl
        #[arg(value_parser = language)]
        language: Language,
    },
}

fn language(text: &str) -> Result<Language, String> {
    Language::parse(text).ok_or_else(|| format!("one of {}", Language::words()))
}

/// Runs it.
pub fn run(args: &Args, ctx: &Ctx) -> Result<Exit, Error> {
    match &args.action {
        Action::Set { key, value } => {
            let mut session = ctx.open()?;
            settings::set(&mut session, key, value)?;
            if ctx.json {
                output::json(&json!({ "key": key, "value": value }))?;
            } else {
                output::line(&format!("{key} = {value}"));
                let of_law = [ISSUER_COUNTRY.key, ISSUER_TURNOVER.key].contains(&key.as_str());
                if let Some((_, words)) = settings::law(&session)?.filter(|_| of_law) {
                    output::line(&words);
                }
            }
        }
        Action::Get { key } => get(key.as_deref(), ctx)?,
        Action::Texts { language } if ctx.json => {
            output::json(&json!({ "language": language, "toml": settings::texts(*language) }))?;
        }
        Action::Texts { language } => output::line(settings::texts(*language).trim_end()),
    }
    Ok(Exit::Done)
}

fn get(key: Option<&str>, ctx: &Ctx) -> Result<(), Error> {
    let config = settings::as_stored(&ctx.open()?)?;
    let asked = key.unwrap_or("");
    let exact = config::find(asked).is_some();
    let found: Vec<_> = SETTINGS
        .iter()
        .filter(|s| if exact { s.key == asked } else { s.key.starts_with(asked) })
        .collect();
    if found.is_empty() {
        return Err(Error::usage(
            "unknown_setting",
            format!("there is no setting {asked:?}"),
            "daybook settings get lists them",
        ));
    }
    if ctx.json {
        let all: Map<String, Value> = found
            .iter()
            .map(|s| {
                let one = json!({ "value": config.get(s), "default": s.default, "allowed": s.allowed.words(), "help": s.help });
                (s.key.to_owned(), one)
            })
            .collect();
        return output::json(&all);
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|s| {
            let mark = if config.get(s) == s.default { "" } else { "*" };
            vec![
                s.key.to_owned(),
                format!("{}{mark}", config.get(s)),
                s.allowed.words(),
                s.help.to_owned(),
            ]
        })
        .collect();
    let headers = [
        ("KEY", Align::Left),
        ("VALUE", Align::Left),
        ("ALLOWED", Align::Left),
        ("WHAT", Align::Left),
    ];
    output::table(&headers, &rows);
    Ok(())
}

/// Set the clock.
#[derive(Debug, clap::Args)]
pub struct ClockArgs {
    #[command(subcommand)]
    action: ClockAction,
}

#[derive(Debug, clap::Subcommand)]
enum ClockAction {
    /// Store the clock; it stands still there and only goes forward
    Set {
        /// DATE or DATETHH:MM in the book's zone
        moment: String,
    },
    /// Show the book's moment, and whether anything runs by it
    Show,
    /// Say that the clock is right, though it is far from the last work in the book
    Confirm,
}

/// Runs it.
pub fn clock(args: &ClockArgs, ctx: &Ctx) -> Result<Exit, Error> {
    let mut session = ctx.open()?;
    let now = match &args.action {
        ClockAction::Set { moment } => settings::set_clock(&mut session, moment)?,
        ClockAction::Show => session.now()?,
        ClockAction::Confirm => {
            timekeeping::confirm(&mut session)?;
            session.now()?
        }
    };
    let doubt = timekeeping::doubt(&session)?;
    let local = now.local(session.config()?.zone()).format("%Y-%m-%dT%H:%M").to_string();
    if ctx.json {
        output::json(&json!({ "now": local, "today": now.today, "doubt": doubt }))?;
    } else {
        output::line(&local);
        if !doubt.is_empty() {
            output::line(&doubt);
        }
    }
    Ok(Exit::Done)
}
