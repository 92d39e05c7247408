//! What lies in a book's directory with another mode or group than it should have.

use super::{DIRECTORY, For, shared_by, side_directory};
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{FileStat, Mode};
use nix::unistd::{Gid, Uid, User, geteuid};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Something with a wrong mode or group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it is.
    pub path: PathBuf,
    /// How it is: mode, owner and group.
    pub found: String,
    /// The command that mends it, for its owner or root.
    pub remedy: String,
}

/// How something should be instead.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    mode: Option<u32>,
    group: Option<u32>,
}

/// What the rules ask of one file or directory.
struct Place {
    /// The group that works in the book's directory.
    group: Option<u32>,
}

impl Place {
    fn of(book: &Path) -> Self {
        let above = book.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self { group: above.metadata().ok().and_then(|m| shared_by(&m)) }
    }

    /// How it should be, if it is not. Tighter is fine where no group works.
    fn wanted(&self, whose: For, (kind, mode, gid): (u32, u32, u32)) -> Option<Wanted> {
        const KINDS: u32 = 0o170_000;
        const DIRECTORIES: u32 = 0o040_000;
        const FILES: u32 = 0o100_000;
        let right = match kind & KINDS {
            DIRECTORIES => DIRECTORY,
            FILES => whose.mode(),
            _ => return None,
        };
        let shared = self.group.filter(|_| whose == For::All);
        let must = if shared.is_some() { right } else { 0 };
        let must_not = if whose == For::Owner && right != DIRECTORY { 0o077 } else { 0o007 };
        let wrong = mode & must != must || mode & must_not != 0;
        let group = shared.filter(|group| *group != gid);
        (wrong || group.is_some()).then_some(Wanted { mode: wrong.then_some(right), group })
    }
}

/// Everything of a book: its file and logs, copies beside it, and the side directory; all of it, or
/// only what lies directly in there.
fn belongings(book: &Path, deep: bool) -> Vec<(PathBuf, For)> {
    let mut all = vec![(book.to_owned(), For::All)];
    for log in ["-wal", "-shm"] {
        let mut name = book.as_os_str().to_owned();
        name.push(log);
        all.push((name.into(), For::All));
    }
    let side = side_directory(book);
    let mut next = vec![(side.clone(), For::All)];
    while let Some((directory, whose)) = next.pop() {
        let inside = std::fs::read_dir(&directory).into_iter().flatten().flatten();
        for entry in inside {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if directory == side && name == super::INSIST {
                continue;
            }
            let closed = directory == side && ["backups", "secrets"].contains(&&*name);
            let whose = if closed { For::Owner } else { whose };
            if entry.file_type().is_ok_and(|t| t.is_dir()) && deep {
                next.push((entry.path(), whose));
            } else {
                all.push((entry.path(), whose));
            }
        }
        all.push((directory, whose));
    }
    all
}

/// Everything of a book that is not as it should be.
pub fn faults(book: &Path) -> Vec<Fault> {
    let place = Place::of(book);
    let wrong = |(path, whose): (PathBuf, For)| {
        let meta = path.symlink_metadata().ok()?;
        if meta.is_file() && meta.nlink() > 1 {
            let found = format!("{} names (hard links)", meta.nlink());
            // Under its other name it would have another log and other locks.
            let remedy = format!("find / -xdev -samefile {}: keep this one alone", path.display());
            return Some(Fault { path, found, remedy });
        }
        let wanted = place.wanted(whose, (meta.mode(), meta.mode() & 0o7777, meta.gid()))?;
        Some(Fault { found: found(&meta), remedy: remedy(&path, wanted), path })
    };
    belongings(book, true).into_iter().filter_map(wrong).collect()
}

fn found(meta: &std::fs::Metadata) -> String {
    let owner = User::from_uid(Uid::from_raw(meta.uid())).ok().flatten();
    let owner = owner.map_or_else(|| format!("uid {}", meta.uid()), |user| user.name);
    let group = nix::unistd::Group::from_gid(Gid::from_raw(meta.gid())).ok().flatten();
    let group = group.map_or_else(|| format!("gid {}", meta.gid()), |group| group.name);
    format!("mode {:04o}, owner {owner}, group {group}", meta.mode() & 0o7777)
}

fn remedy(path: &Path, wanted: Wanted) -> String {
    let path = path.display();
    let group = wanted.group.map(|gid| {
        let known = nix::unistd::Group::from_gid(Gid::from_raw(gid)).ok().flatten();
        format!("chgrp {} {path}", known.map_or_else(|| gid.to_string(), |g| g.name))
    });
    let mode = wanted.mode.map(|mode| format!("chmod {mode:o} {path}"));
    let both: Vec<String> = group.into_iter().chain(mode).collect();
    format!("as its owner or root: {}", both.join(" && "))
}

/// Mends what this process owns of the book's file, its logs and what lies beside it; the rest is
/// for `doctor` to name. Cheap: a look at ten files.
pub fn mend(book: &Path) {
    mend_each(book, false);
}

/// The same for everything in the side directory: locks of jobs, mail, prints.
pub fn mend_all(book: &Path) {
    mend_each(book, true);
}

/// Gives the logs that SQLite has just made for us beside a database the group of the directory: it
/// gives them the database's mode, but the group of this process.
pub fn mend_logs(database: &Path) {
    let place = Place::of(database);
    for log in ["-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(log);
        let _ = mend_one(&place, Path::new(&name), For::All);
    }
}

fn mend_each(book: &Path, deep: bool) {
    let place = Place::of(book);
    for (path, whose) in belongings(book, deep) {
        let ours = path.symlink_metadata().is_ok_and(|m| {
            m.uid() == geteuid().as_raw()
                && place.wanted(whose, (m.mode(), m.mode() & 0o7777, m.gid())).is_some()
        });
        if ours {
            // Best effort: what stays wrong is told by `doctor` and by whoever cannot open it.
            let _ = mend_one(&place, &path, whose);
        }
    }
}

/// Through a handle that is a name and no more: nothing is followed, a file with a second name is
/// left alone (both could be somebody's trap for root), and closing it drops no lock of SQLite.
fn mend_one(place: &Place, path: &Path, whose: For) -> io::Result<()> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let handle = nix::fcntl::open(path, flags, Mode::empty())?;
    let stat: FileStat = nix::sys::stat::fstat(&handle)?;
    let wanted = place.wanted(whose, (stat.st_mode, stat.st_mode & 0o7777, stat.st_gid));
    let directory = stat.st_mode & 0o170_000 == 0o040_000;
    let Some(wanted) = wanted else { return Ok(()) };
    if stat.st_uid != geteuid().as_raw() || (stat.st_nlink > 1 && !directory) {
        return Ok(());
    }
    if let Some(group) = wanted.group {
        let group = Some(Gid::from_raw(group));
        let _ = nix::unistd::fchownat(&handle, "", None, group, AtFlags::AT_EMPTY_PATH);
    }
    if let Some(mode) = wanted.mode {
        let name = format!("/proc/self/fd/{}", handle.as_raw_fd());
        std::fs::set_permissions(name, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// An error of opening or making something here, with what is wrong and the remedy where a mode is
/// to blame.
pub(super) fn explained(path: &Path, error: io::Error) -> io::Error {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return error;
    }
    // Whose place this is cannot be known from here: what is above it tells whether it is shared.
    let blamed = path.ancestors().find(|p| p.symlink_metadata().is_ok());
    let Some(blamed) = blamed else { return error };
    let place = Place::of(blamed);
    let Ok(meta) = blamed.symlink_metadata() else { return error };
    let facts = (meta.mode(), meta.mode() & 0o7777, meta.gid());
    let advice = match place.wanted(For::All, facts) {
        Some(wanted) => remedy(blamed, wanted),
        None => "daybook doctor names what is wrong".to_owned(),
    };
    let words = format!("permission denied ({} has {}); {advice}", blamed.display(), found(&meta));
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}
