//! `doctor`: is this installation as it should be? Looks at the program, the file, its directory
//! and the settings; changes nothing. `check` is about the content.

mod finding;
mod secrets;

use crate::config::key;
pub use finding::Finding;
use finding::{finding, good};

use crate::domain::actor::{Origin, Verb};
use crate::domain::text::counted;
use crate::domain::withdrawn;
use crate::engine::care::copies::{self, Standing};
use crate::engine::care::{offsite, rehearsal};
use crate::engine::collect::gateway_clock;
use crate::engine::deliver::pause;
use crate::engine::{Error, Session};
use crate::inside;
use crate::store::filesystem;
use crate::store::heads::{Head, Kept};
use crate::store::settings;
use crate::store::{BookKind, conversion, gateway_poll, job, letter, role};
use crate::zone;
use chrono::DateTime;
use std::path::Path;

/// Free space below which a day's work may not fit.
const LOW_BYTES: u64 = 200 * 1024 * 1024;

/// How far around now the two sets of time zone data are compared.
const YEAR_SECONDS: i64 = 366 * 24 * 3600;

/// Looks at everything.
pub fn doctor(session: &Session) -> Result<Vec<Finding>, Error> {
    let mut all = file(session)?;
    all.extend(people(session)?);
    all.extend(configuration(session)?);
    all.push(zones(session)?);
    Ok(all)
}

fn file(session: &Session) -> Result<Vec<Finding>, Error> {
    let health = session.store.health()?;
    let path = session.store.path();
    let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1_048_576.0);
    let (file_mode, directory_mode) = health.modes;
    let mut all = vec![
        good("program", format!("daybook {}, SQLite {}", env!("CARGO_PKG_VERSION"), health.sqlite)),
        good("book", format!("{} ({})", path.display(), megabytes(health.bytes))),
        finding(
            "writable",
            session.store.is_writable(),
            if session.store.is_writable() { "yes" } else { "read-only" },
            "check the permissions of the file and its directory",
        ),
        finding(
            "schema",
            health.schema.0 == health.schema.1,
            format!("{} of {}", health.schema.0, health.schema.1),
            "use the daybook that wrote it",
        ),
        finding(
            "journal",
            health.journal_mode == "wal" && health.synchronous == 2,
            format!("{}, synchronous {}", health.journal_mode, health.synchronous),
            "restore the book with daybook restore, which sets both",
        ),
        finding(
            "write-ahead log",
            health.wal_bytes < 256 * 1024 * 1024,
            megabytes(health.wal_bytes),
            "a reader has been open for very long: close old consoles",
        ),
        finding(
            "permissions",
            file_mode.trailing_zeros() >= 3,
            format!("file {file_mode:04o}, directory {directory_mode:04o}"),
            "chmod 660 the book: others on this machine can read it",
        ),
    ];
    all.extend(modes(path));
    all.extend(file_systems(path));
    all.push(heads(session)?);
    if let Some(free) = free_bytes(path) {
        let remedy = "free some space: a full disk stops every write";
        all.push(finding("disk", free > LOW_BYTES, format!("{} free", megabytes(free)), remedy));
    }
    Ok(all)
}

/// A book that is for real is copied every day; how old the last copy is.
fn copies(session: &Session) -> Result<Finding, Error> {
    let (now, real) = (session.now()?, session.read(settings::facts)?.kind == BookKind::Real);
    let standing = session.read(|db| copies::standing(db, now))?;
    let place = copies::directory(session)?;
    Ok(match standing {
        Standing::Off => {
            let remedy = "daybook settings set backup.every daily, and run daybook worker";
            finding("backups", !real, "none are made by themselves", remedy)
        }
        Standing::Young(_) | Standing::Due(_) | Standing::Overdue(_) => {
            let found = format!("{}, in {}", standing.words(), place.display());
            let fine = !matches!(standing, Standing::Overdue(_));
            finding("backups", fine, found, "run daybook worker as the user who owns the directory")
        }
    })
}

/// How many wrong files are told one by one.
const TOLD: usize = 12;

/// Every file of the book, its logs and its side directory must be for all who work on it, and for
/// nobody else.
fn modes(book: &Path) -> Vec<Finding> {
    let faults = inside::faults(book);
    if faults.is_empty() {
        return vec![good("files", "every file and directory has its mode and group")];
    }
    let told = faults.iter().take(TOLD).map(|fault| {
        let found = format!("{}: {}", fault.path.display(), fault.found);
        finding("file", false, found, &fault.remedy)
    });
    let mut all: Vec<Finding> = told.collect();
    if faults.len() > TOLD {
        let more = format!("{} more", faults.len() - TOLD);
        all.push(finding("files", false, more, "mend these, then ask again"));
    }
    all
}

/// Whether the trail's head is kept outside the book up to its last operation.
fn heads(session: &Session) -> Result<Finding, Error> {
    let kept = Kept::read(session.store.path())?;
    let last = session.read(Head::of)?.seq;
    let (_, known) = kept.extent();
    let found = format!("kept up to operation {known} of {last}");
    let remedy = "the next write makes up for it; if the file heads was taken away, hold the book \
                  against a head on paper: daybook audit --verify --since HEAD";
    Ok(finding("heads", known >= last, found, remedy))
}

/// Once for each type: the file, its directory and the side directory mostly share one.
fn file_systems(book: &Path) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for one in filesystem::of_book(book) {
        let standing = match one.standing {
            filesystem::Standing::Local => "local",
            filesystem::Standing::Insisted => {
                "neither known nor local: allow-filesystem insists on it"
            }
            filesystem::Standing::Refused => "not a known local one",
        };
        let found = format!("{} ({standing}) at {}", one.kind, one.place.display());
        let same = |f: &Finding| f.found.starts_with(&format!("{} (", one.kind));
        if !all.iter().any(same) {
            let ok = one.standing != filesystem::Standing::Refused;
            all.push(finding("file system", ok, found, "keep the book on a local disk"));
        }
    }
    all
}

fn free_bytes(path: &Path) -> Option<u64> {
    let found = nix::sys::statvfs::statvfs(path).ok()?;
    Some(found.blocks_available() as u64 * found.fragment_size() as u64)
}

fn people(session: &Session) -> Result<Vec<Finding>, Error> {
    let (roles, mine, open, facts) = session.read(|db| {
        Ok((
            role::list(db)?,
            role::standing(db, session.actor.uid)?,
            job::open(db)?,
            settings::facts(db)?,
        ))
    })?;
    let health = session.store.health()?;
    let setgid = health.modes.1 & 0o2000 != 0;
    let mode = match (roles.is_empty(), setgid) {
        (true, _) => "one person: the creator is everything, guards are advisory",
        (false, true) => "setgid directory: roles bind whoever is not in its group",
        (false, false) => "trusted group: roles are advisory against a clerk with a shell",
    };
    let rights = mine.rights().len();
    let made = matches!(mine.origin, Origin::Creator(_)).then_some("made the book");
    let mine: Vec<&str> = mine.own.iter().map(|r| r.as_str()).chain(made).collect();
    let mine = if mine.is_empty() { "viewer".to_owned() } else { mine.join(", ") };
    let failed = open.iter().filter(|j| !j.error.is_empty()).count();
    let mut all = vec![
        good(
            "you",
            format!("{} ({mine}), {rights} rights of {}", session.actor.name, Verb::ALL.len() - 1),
        ),
        good("roles", format!("{mode}; {} set", roles.len())),
        finding(
            "jobs",
            failed == 0,
            format!("{} open", open.len()),
            "daybook run list; start daybook worker",
        ),
    ];
    let doubt = crate::engine::care::timekeeping::doubt(session)?;
    let kept = match (facts.kind, facts.clock_at) {
        (BookKind::Test | BookKind::Demo, Some(_)) => "set by hand (clock set)",
        (BookKind::Real | BookKind::Test | BookKind::Demo, _) => "the real one",
    };
    let found = if doubt.is_empty() { kept } else { &doubt };
    all.push(finding("clock", doubt.is_empty(), found, "set the clock, or daybook clock confirm"));
    Ok(all)
}

/// By which time zone data the days are counted, and whether other programs here count alike.
fn zones(session: &Session) -> Result<Finding, Error> {
    if let Some(found) = crate::engine::care::zones::doubt(session)? {
        let remedy = "start every worker and console anew; keep the machine's tzdata current";
        return Ok(finding("time zones", false, found, remedy));
    }
    let (zone, now) = (session.config()?.zone(), session.now()?);
    let data = zone::data();
    let machine = data.machine.as_deref().unwrap_or("of an unknown release");
    let (gone_by, other) = if data.uses_machine() {
        (format!("this machine's {machine}"), format!("compiled in: {}", data.compiled))
    } else {
        (format!("{}, compiled in", data.compiled), format!("this machine's: {machine}"))
    };
    let seconds = now.at_ms.div_euclid(1000);
    let differ = data.differ(zone, seconds - YEAR_SECONDS, seconds + 2 * YEAR_SECONDS);
    let Some(from) = differ.and_then(|s| DateTime::from_timestamp(s, 0)) else {
        return Ok(good("time zones", format!("{gone_by} ({other})")));
    };
    let found = format!(
        "{gone_by} ({other}): the two differ for {zone} from {}",
        from.with_timezone(&zone).format("%Y-%m-%d %H:%M")
    );
    let remedy = if data.uses_machine() {
        "a newer daybook has newer data compiled in; nothing that is posted is dated anew"
    } else {
        "update the machine's tzdata: other programs here tell another time than daybook"
    };
    Ok(finding("time zones", false, found, remedy))
}

/// Accounts in a currency that is gone: nothing more can be charged there.
fn currencies(session: &Session) -> Result<Vec<Finding>, Error> {
    let today = session.now()?.today;
    let mut all = Vec::new();
    for (currency, accounts) in session.read(conversion::in_use)? {
        let Some(gone) = withdrawn::on(currency, today) else { continue };
        let found = format!("{} in it: {gone}", counted(accounts, "account", "accounts"));
        let remedy = format!(
            "daybook currency convert {currency} {} --rate {} --on {} --dry-run",
            gone.successor,
            gone.rate,
            gone.since().unwrap_or(today)
        );
        all.push(finding("currency", false, found, &remedy));
    }
    Ok(all)
}

fn configuration(session: &Session) -> Result<Vec<Finding>, Error> {
    let config = session.config()?;
    let named = !config.get(key::ISSUER_NAME).is_empty();
    let mut all = vec![finding(
        "issuer",
        named,
        if named { config.get(key::ISSUER_NAME) } else { "no name" },
        "daybook settings set issuer.name NAME: invoices print it",
    )];
    let mail = config.get(key::MAIL_TRANSPORT);
    let ready = mail != "smtp"
        || (!config.get(key::SMTP_HOST).is_empty() && !config.get(key::SMTP_FROM).is_empty());
    let remedy = "daybook settings set smtp.host and smtp.from";
    all.push(finding("mail", ready, mail, remedy));
    if let Some(down) = session.read(letter::down)? {
        let found = pause::words(&down, session.now()?, config.zone());
        all.push(finding("mail server", false, found, pause::AT_ONCE));
    }
    let kind = session.read(settings::facts)?.kind;
    let pretended = rehearsal::of(&config, kind);
    for one in &pretended {
        let found = format!("{} = {}: {}", one.key, one.value, one.means);
        all.push(finding("not real yet", false, found, one.remedy));
    }
    if pretended.is_empty() {
        let found = match kind {
            BookKind::Real => format!("gateway {}, mail {mail}", config.get(key::PAYMENT_GATEWAY)),
            BookKind::Test | BookKind::Demo => format!("no: a {kind} book"),
        };
        all.push(good("real", found));
    }
    all.extend(currencies(session)?);
    all.extend(secrets::findings(session, &config)?);
    all.push(copies(session)?);
    let (ok, found, remedy) = offsite::standing(session)?;
    all.push(finding("off-site copies", ok, found, remedy));
    for (gateway, off) in session.read(gateway_poll::clocks_off)? {
        let off = off.unwrap_or(0);
        let ok = !gateway_clock::is_off(off);
        let found =
            if ok { format!("as {gateway}'s") } else { gateway_clock::words(&gateway, off) };
        let remedy = "set this machine's clock, and keep it set: timedatectl set-ntp true";
        all.push(finding("gateway clock", ok, found, remedy));
    }
    let logo = config.get(key::ISSUER_LOGO);
    if !logo.is_empty() {
        let there = Path::new(logo).is_file();
        all.push(finding("logo", there, logo, "the file is not there: set issuer.logo"));
    }
    if let Some((ok, found)) = crate::engine::care::settings::law(session)? {
        all.push(finding("e-invoices", ok, found, "issue these elsewhere"));
    }
    for why in config.contradictions() {
        all.push(finding("settings", false, "contradictory", &why));
    }
    Ok(all)
}
