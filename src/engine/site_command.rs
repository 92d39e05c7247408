//! A program of the site that is given files: the copies of the book, the invoices for a network.
//!
//! It is never a setting: who may change settings would run programs as the worker. It is the one line of a
//! file of the worker's own in `$CONFIGURATION_DIRECTORY` (systemd's `ConfigurationDirectory=daybook`), else in
//! `/etc/daybook`: a program by its full path and its arguments between blanks, run without a shell, with the
//! file's path added as the last one.

use crate::domain::text;
use crate::outside;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The longest file, and the most that is read of what the command says, bytes.
const MOST: u64 = 4096;
/// The longest pause between two looks at a program that runs.
const LOOK: Duration = Duration::from_millis(50);

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    Well,
    /// With another code than 0, and what it said last.
    Badly(String),
    /// It did not begin.
    Not(String),
    /// It took too long, or was ended: what it did is not known.
    Unclear(String),
}

impl Ended {
    /// Whatever it is but well is an error.
    pub fn well(self) -> Result<(), String> {
        match self {
            Self::Well => Ok(()),
            Self::Badly(why) | Self::Not(why) | Self::Unclear(why) => Err(why),
        }
    }
}

/// Where the command of a name is written.
pub fn file(name: &str) -> PathBuf {
    let given = std::env::var_os("CONFIGURATION_DIRECTORY");
    // systemd gives several with colons between them.
    let first = given.as_deref().and_then(|all| {
        let text = all.to_str()?.split(':').next()?.to_owned();
        Some(PathBuf::from(text)).filter(|p| p.is_absolute())
    });
    first.unwrap_or_else(|| PathBuf::from("/etc/daybook")).join(name)
}

/// Whether a file of commands of `owner` is that user's alone; the error says what is wrong, with
/// the remedy.
pub fn judge(path: &Path, facts: &Metadata, owner: u32) -> Result<(), String> {
    let name = path.display();
    if !facts.is_file() || facts.len() > MOST || facts.nlink() != 1 {
        return Err(format!("{name} is no small plain file of one name"));
    }
    if facts.uid() != owner {
        let (is, wanted) = (facts.uid(), owner);
        return Err(format!(
            "{name} belongs to uid {is}, not to who runs it (chown {wanted} {name})"
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
pub fn command(path: &Path) -> Result<Option<Vec<String>>, String> {
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

/// Runs the command on a file, as a process group of its own with a clean environment.
pub fn run(words: &[String], file: &Path, longest: Duration) -> Ended {
    let Some((program, arguments)) = words.split_first() else {
        return Ended::Not("no program is named".to_owned());
    };
    let home = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    let child = Command::new(program)
        .args(arguments)
        .arg(file)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", home.as_ref().map_or(OsStr::new("/"), |user| user.dir.as_os_str()))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(e) => return Ended::Not(format!("{program}: {e}")),
    };
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
    match wait(&mut child, longest) {
        Ok(Some(status)) if status.success() => Ended::Well,
        // What it leaves running may hold the pipe for ever: its words are waited for a moment only.
        Ok(Some(status)) => {
            let begun = Instant::now();
            while !listener.is_finished() && begun.elapsed() < Duration::from_secs(1) {
                std::thread::sleep(Duration::from_millis(10));
            }
            let said = if listener.is_finished() { listener.join().ok() } else { None };
            let words = format!("{program}: {status}{}", last_line(said.as_deref()));
            if status.code().is_some() { Ended::Badly(words) } else { Ended::Unclear(words) }
        }
        Ok(None) => Ended::Unclear(format!("{program} took longer than {}", lasting(longest))),
        Err(e) => Ended::Unclear(format!("{program}: {e}")),
    }
}

fn lasting(longest: Duration) -> String {
    let seconds = longest.as_secs();
    if seconds.is_multiple_of(3600) {
        format!("{} h", seconds / 3600)
    } else {
        format!("{seconds} s")
    }
}

fn last_line(said: Option<&str>) -> String {
    let line = said.and_then(|s| s.lines().rev().find(|l| !l.trim().is_empty()));
    line.map(|l| format!(": {}", text::said(l.trim(), 200))).unwrap_or_default()
}

/// Waits for the end of a process; after too long its whole group is ended.
fn wait(child: &mut Child, longest: Duration) -> std::io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() >= longest {
            let group = nix::unistd::Pid::from_raw(child.id() as i32);
            let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LOOK);
    }
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
        let (copy, hour) = (Path::new("/nowhere/a copy.db"), Duration::from_hours(1));
        assert_eq!(run(&words(&["/bin/true"]), copy, hour), Ended::Well);
        let told = run(&words(&["/bin/cat"]), copy, hour).well().unwrap_err();
        assert!(told.contains("exit status: 1") && told.contains("a copy.db"), "{told}");
        assert!(matches!(run(&words(&["/nowhere/at/all"]), copy, hour), Ended::Not(_)));
        let killed = words(&["/bin/sh", "-c", "kill -9 $$"]);
        assert!(matches!(run(&killed, copy, hour), Ended::Unclear(_)));
        let slow = run(&words(&["/bin/sh", "-c", "sleep 60"]), copy, Duration::from_secs(1));
        assert_eq!(slow, Ended::Unclear("/bin/sh took longer than 1 s".to_owned()));
    }
}
