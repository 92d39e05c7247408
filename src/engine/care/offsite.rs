//! Where the copies of the book go next: each that passed its checks is given to a command.
//!
//! The command is never a setting: who may change settings would run programs as the worker. It is
//! the one line of a file of the worker's own, `$CONFIGURATION_DIRECTORY/offsite` (systemd's
//! `ConfigurationDirectory=daybook`), else `/etc/daybook/offsite`: a program by its full path and its
//! arguments between blanks, run without a shell, with the copy's path added as the last one. A copy
//! is on its way until that program has ended well; a killed worker, or a failure, is tried again.

use crate::domain::actor::Verb;
use crate::domain::text;
use crate::engine::care::copies;
use crate::engine::{Error, Session};
use crate::outside;
use crate::store::{Db, StoreError, notice, operation};
use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What a copy that left is called in the audit trail.
const SUBJECT: &str = "off-site copy";
/// The notice of one that did not.
pub const FAILED: &str = "backup off-site";
/// When it is tried again, ms.
const AGAIN_MS: i64 = 15 * 60_000;
/// How long the command may take.
const LONGEST: Duration = Duration::from_hours(6);
/// The longest file, and the most that is read of what the command says, bytes.
const MOST: u64 = 4096;

/// Where the command is written.
pub fn file() -> PathBuf {
    let given = std::env::var_os("CONFIGURATION_DIRECTORY");
    // systemd gives several with colons between them.
    let first = given.as_deref().and_then(|all| {
        let text = all.to_str()?.split(':').next()?.to_owned();
        Some(PathBuf::from(text)).filter(|p| p.is_absolute())
    });
    first.unwrap_or_else(|| PathBuf::from("/etc/daybook")).join("offsite")
}

/// Whether a file of commands of `owner` is that user's alone; the error says what is wrong, with
/// the remedy.
fn judge(path: &Path, facts: &Metadata, owner: u32) -> Result<(), String> {
    let name = path.display();
    if !facts.is_file() || facts.len() > MOST || facts.nlink() != 1 {
        return Err(format!("{name} is no small plain file of one name"));
    }
    if facts.uid() != owner {
        let (is, wanted) = (facts.uid(), owner);
        return Err(format!(
            "{name} belongs to uid {is}, not to who copies (chown {wanted} {name})"
        ));
    }
    let mode = facts.mode() & 0o7777;
    if mode & 0o177 != 0 {
        return Err(format!("{name} has mode {mode:04o} (chmod 600 {name})"));
    }
    let real = path.canonicalize().map_err(|e| format!("{name}: {e}"))?;
    for above in real.ancestors().skip(1) {
        let facts = above.metadata().map_err(|e| format!("{}: {e}", above.display()))?;
        let open = facts.mode() & 0o022 != 0 && facts.mode() & 0o1000 == 0;
        if open || ![0, owner].contains(&facts.uid()) {
            let above = above.display();
            return Err(format!(
                "others can put a file into {above} (chown root, chmod 755 {above})"
            ));
        }
    }
    Ok(())
}

/// The words of the command; none when there is no file. The error says why the file is refused.
fn command(path: &Path) -> Result<Option<Vec<String>>, String> {
    let name = path.display();
    let owner = nix::unistd::geteuid().as_raw();
    // Of the name itself: a link is no file of one name.
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        found => judge(path, &found.map_err(|e| format!("{name}: {e}"))?, owner)?,
    }
    let file = outside::open(path).map_err(|e| format!("{name} cannot be read: {e}"))?;
    // And of what was opened: it cannot be swapped in between.
    judge(path, &file.metadata().map_err(|e| format!("{name}: {e}"))?, owner)?;
    let mut held = String::new();
    file.take(MOST).read_to_string(&mut held).map_err(|e| format!("{name}: {e}"))?;
    let lines = held.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let lines: Vec<&str> = lines.collect();
    let [line] = lines.as_slice() else {
        return Err(format!(
            "{name} must hold one line: a program by its full path, its arguments"
        ));
    };
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    if !words.first().is_some_and(|program| program.starts_with('/')) {
        return Err(format!("{name} must begin with the full path of a program"));
    }
    Ok(Some(words))
}

/// Whether the last copy has not left yet: made, and no command has taken it since.
pub fn is_waiting(db: &Db<'_>) -> Result<bool, StoreError> {
    let made = operation::last_about(db, copies::SUBJECT)?;
    Ok(made.is_some_and(|made| {
        operation::last_about(db, SUBJECT).is_ok_and(|sent| sent.is_none_or(|sent| sent < made))
    }))
}

/// Whether a copy is to be sent now: one waits, a file names a command, and the last failure is some
/// time ago.
pub fn is_due(session: &Session) -> Result<bool, Error> {
    let now = session.now()?;
    let due = session.read(|db| {
        let failed = notice::open_since(db, FAILED)?;
        let resting = failed.is_some_and(|at| (0..AGAIN_MS).contains(&(now.at_ms - at)));
        Ok(!resting && is_waiting(db)?)
    })?;
    Ok(due && file().symlink_metadata().is_ok() && copies::are_ours(session)?)
}

/// Gives the newest copy to the command, and waits for it. None: no file names one. What goes wrong
/// is a notice as well as an error; the copy itself stays where it is.
pub fn send(session: &mut Session) -> Result<Option<PathBuf>, Error> {
    let path = file();
    let sent = command(&path).and_then(|words| {
        let Some(words) = words else { return Ok(None) };
        if outside::is_lent() {
            return Err("it is not run with a lent group".to_owned());
        }
        let copy = copies::newest(session).map_err(|e| e.to_string())?;
        let copy = copy.ok_or_else(|| "the last copy is gone".to_owned())?;
        run(&words, &copy).map(|()| Some((copy, words[0].clone())))
    });
    match sent {
        Ok(None) => Ok(None),
        Ok(Some((copy, program))) => {
            session.write(Verb::Housekeeping, |tx| {
                notice::done(tx, FAILED)?;
                tx.note(SUBJECT, format!("{} was taken by {program}", copy.display()));
                Ok(())
            })?;
            Ok(Some(copy))
        }
        Err(why) => {
            let words = format!("the copy did not leave this machine: {}", text::said(&why, 400));
            session.write(Verb::Housekeeping, |tx| {
                tx.quiet();
                Ok(notice::again(tx, FAILED, copies::SUBJECT, &words)?)
            })?;
            let hint = "the copy itself is kept; mend it, and it is tried again";
            Err(Error::usage("off_site", words, hint))
        }
    }
}

/// Runs the command on a copy, as a process group of its own with a clean environment.
fn run(words: &[String], copy: &Path) -> Result<(), String> {
    let program = &words[0];
    let home = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    let mut child = Command::new(program)
        .args(&words[1..])
        .arg(copy)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", home.as_ref().map_or(OsStr::new("/"), |user| user.dir.as_os_str()))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|e| format!("{program}: {e}"))?;
    let errors = child.stderr.take();
    let listener = std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(mut errors) = errors {
            let _ = errors.by_ref().take(MOST).read_to_end(&mut said);
            // It goes on talking to somebody, or it would be ended by it.
            let _ = std::io::copy(&mut errors, &mut std::io::sink());
        }
        String::from_utf8_lossy(&said).into_owned()
    });
    let ended = wait(&mut child).map_err(|e| format!("{program}: {e}"))?;
    match ended {
        Some(status) if status.success() => Ok(()),
        // What it leaves running may hold the pipe for ever: its words are waited for a moment only.
        Some(status) => {
            let begun = Instant::now();
            while !listener.is_finished() && begun.elapsed() < Duration::from_secs(1) {
                std::thread::sleep(Duration::from_millis(10));
            }
            let said = if listener.is_finished() { listener.join().ok() } else { None };
            Err(format!("{program}: {status}{}", last_line(said.as_deref())))
        }
        None => Err(format!("{program} took longer than {} h", LONGEST.as_secs() / 3600)),
    }
}

fn last_line(said: Option<&str>) -> String {
    let line = said.and_then(|s| s.lines().rev().find(|l| !l.trim().is_empty()));
    line.map(|l| format!(": {}", text::said(l.trim(), 200))).unwrap_or_default()
}

/// Waits for the end of a process; after too long its whole group is ended.
fn wait(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() >= LONGEST {
            let group = nix::unistd::Pid::from_raw(child.id() as i32);
            let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// How it stands, for `doctor`: whether it is as it should be, how it is, and what to do.
pub fn standing(session: &Session) -> Result<(bool, String, &'static str), Error> {
    const AGAIN: &str = "mend it; daybook backup, as who runs the worker, tries again at once";
    let path = file();
    let name = path.display();
    let facts = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let found = format!("none: no {name} names a command, copies stay on this machine");
            return Ok((true, found, ""));
        }
        Err(error) => return Ok((true, format!("{name}: {error}"), "")),
        Ok(facts) => facts,
    };
    let owner = copies::owner(session)?;
    if let Err(why) = judge(&path, &facts, owner) {
        return Ok((false, why, AGAIN));
    }
    let (failed, waits) = session.read(|db| Ok((notice::text_of(db, FAILED)?, is_waiting(db)?)))?;
    if let Some(why) = failed {
        return Ok((false, why, AGAIN));
    }
    let found = if waits { "the last copy is on its way" } else { "the last copy has left" };
    Ok((true, format!("{found} ({name})"), ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_command_is_one_line_of_a_file_that_is_its_users_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("offsite");
        assert_eq!(command(&path), Ok(None));
        let put = |text: &str, mode| {
            write(&path, text).unwrap();
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        };
        put("# where copies go\n\n/bin/cp -n  --\n", 0o600);
        let words = ["/bin/cp", "-n", "--"].map(str::to_owned).to_vec();
        assert_eq!(command(&path), Ok(Some(words)));
        for mode in [0o640, 0o604, 0o620, 0o602, 0o700, 0o666] {
            put("/bin/true\n", mode);
            assert!(command(&path).unwrap_err().contains("chmod 600"), "{mode:o}");
        }
        for text in ["", "# nothing\n", "/bin/a\n/bin/b\n", "cp\n", "./cp x\n", "\u{0}\n"] {
            put(text, 0o600);
            assert!(command(&path).is_err(), "{text:?}");
        }
        put("/bin/true\n", 0o600);
        let other = nix::unistd::geteuid().as_raw() + 1;
        let facts = path.metadata().unwrap();
        assert!(judge(&path, &facts, other).unwrap_err().contains("chown"));
        set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(command(&path).unwrap_err().contains("others can put a file"));
        set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
        std::fs::hard_link(&path, dir.path().join("second")).unwrap();
        assert!(command(&path).is_err(), "a second name");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(dir.path().join("second"), &path).unwrap();
        assert!(command(&path).is_err(), "a link");
    }

    #[test]
    fn it_says_how_a_command_ended() {
        let words = |all: &[&str]| all.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let copy = Path::new("/nowhere/a copy.db");
        assert_eq!(run(&words(&["/bin/true"]), copy), Ok(()));
        let told = run(&words(&["/bin/cat"]), copy).unwrap_err();
        assert!(told.contains("exit status: 1") && told.contains("a copy.db"), "{told}");
        assert!(run(&words(&["/nowhere/at/all"]), copy).is_err());
    }
}
