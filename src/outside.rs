//! A program installed setgid, and the files outside the book's directory.
//!
//! On a shared server the binary lends its group to whoever runs it, and that group alone may touch
//! the book. Everything else must happen with the rights of the user: files they name are opened
//! without the group, a book elsewhere is opened without it, and nothing of their environment
//! reaches a process that has it.

use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{Gid, getegid, getgid, getuid, setfsgid, setresgid};
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

/// What a setgid start keeps of the environment; nothing here is a path that is trusted.
const KEPT: &[&str] = &[
    "TERM",
    "COLUMNS",
    "LINES",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "NO_COLOR",
    "HOME",
    "XDG_DATA_HOME",
    "DAYBOOK_BOOK",
];

/// Whether this process has a group that its user does not have by login.
pub fn is_lent() -> bool {
    getgid() != getegid()
}

/// The first thing a process does: no core dumps; under setgid also a clean environment, by
/// starting once more if it is not clean, and files that the group can write.
pub fn start() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    if !is_lent() {
        return Ok(());
    }
    nix::sys::prctl::set_dumpable(false)?;
    // Locks, logs and mail beside the book belong to all clerks, whatever their umask.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o007));
    let clean = |name: &OsString| KEPT.iter().any(|k| name == k);
    if std::env::vars_os().all(|(name, _)| clean(&name)) {
        return Ok(());
    }
    let mut args = std::env::args_os();
    let mut again = std::process::Command::new("/proc/self/exe");
    again.arg0(args.next().unwrap_or_else(|| "daybook".into())).args(args).env_clear();
    again.envs(std::env::vars_os().filter(|(name, _)| clean(name)));
    Err(again.exec())
}

/// Gives the lent group up for good, unless the book lies in a directory that is the group's own
/// (its group, setgid, and not the caller's). Gives the path to open: no link on the way to it can
/// be changed afterwards by somebody outside the group.
pub fn settle(book: &Path) -> io::Result<PathBuf> {
    if !is_lent() {
        return Ok(book.to_owned());
    }
    if let Some(real) = in_the_groups_directory(book) {
        return Ok(real);
    }
    renounce()?;
    Ok(book.to_owned())
}

/// Gives the lent group up for good.
pub fn renounce() -> io::Result<()> {
    let own = getgid();
    Ok(setresgid(own, own, own)?)
}

/// Whether a file or directory may be written with the rights the program has, a lent group
/// included; `access` asks for the user alone.
pub fn may_write(path: &Path) -> bool {
    use nix::fcntl::{AT_FDCWD, AtFlags};
    let flags = nix::unistd::AccessFlags::W_OK;
    nix::unistd::faccessat(AT_FDCWD, path, flags, AtFlags::AT_EACCESS).is_ok()
}

fn in_the_groups_directory(book: &Path) -> Option<PathBuf> {
    let parent = book.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = parent.canonicalize().ok()?;
    let facts = directory.metadata().ok()?;
    let groups = Gid::from_raw(facts.gid()) == getegid() && facts.mode() & 0o2000 != 0;
    let callers = facts.uid() == getuid().as_raw();
    (groups && !callers).then_some(directory.join(book.file_name()?))
}

/// Runs `work` with the file rights of the user alone: for every file they name. The kernel keeps
/// this for each thread, and a file that is open stays open.
pub fn as_caller<T>(work: impl FnOnce() -> T) -> T {
    if !is_lent() {
        return work();
    }
    let _back = Lent(getegid());
    setfsgid(getgid());
    work()
}

/// Takes the group again, also when the work panics.
struct Lent(Gid);

impl Drop for Lent {
    fn drop(&mut self) {
        setfsgid(self.0);
    }
}
