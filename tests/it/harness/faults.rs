//! Outside tools that may be missing, and a disk of one's own.

use std::path::Path;
use std::process::{Command, Stdio};

/// Whether a tool is there; a missing one is said, and fails where outside tools are demanded.
pub fn has(tool: &str, args: &[&str]) -> bool {
    let there = Command::new(tool).args(args).stdout(Stdio::null()).status();
    if there.is_ok_and(|s| s.success()) {
        return true;
    }
    assert!(std::env::var_os("DAYBOOK_OUTSIDE").is_none(), "{tool} is missing");
    eprintln!("SKIPPED: {tool} does not work here, so this part was not judged");
    false
}

/// A file system of its own that goes with the test.
pub struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    pub fn mount(size: &str) -> Option<Self> {
        let disk = Self { dir: tempfile::tempdir().unwrap() };
        let options = format!("size={size}");
        let path = disk.dir.path().to_string_lossy().into_owned();
        has("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", &path]).then_some(disk)
    }

    /// A directory that something was mounted on by the caller.
    pub fn adopt(dir: tempfile::TempDir) -> Self {
        Self { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let ran = Command::new("mount").args(["-o", &options]).arg(self.dir.path()).status();
        assert!(ran.unwrap().success(), "{options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.dir.path()).stderr(Stdio::null()).status();
    }
}
